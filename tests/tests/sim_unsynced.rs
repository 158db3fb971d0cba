//! `appendfsync always`: who waits for the disk, and who does not; and `everysec` with a disk that does not keep up.

use rotom_tests::reply::{Value, line, take_replies};
use rotom_tests::server::Server;
use rotom_tests::sim::{PowerCut, Sim, SimClient};

const ALWAYS: &[&str] = &["appendonly yes", "appendfsync always"];
const EVERYSEC: &[&str] = &["appendonly yes", "appendfsync everysec"];
const SYNC_US: u64 = 20_000;

fn received(client: &SimClient) -> Vec<Value> {
    take_replies(&mut client.receive())
}

/// A server with two durable keys and a sync under way that a write has begun.
fn with_unsynced(write: &str) -> (Server, SimClient) {
    let sim = Sim::new(1);
    let mut server = Server::start(&sim, ALWAYS);
    let client = server.connect();
    for first in ["SET old 1", "RPUSH list a", "SADD set a"] {
        server.call(&client, first);
    }
    server.run_us(10_000);
    sim.disk().set_sync_delay_us(SYNC_US);
    let writer = server.connect();
    writer.send(&line(write));
    server.until("the write", |_| writer.unread_len() == 0);
    assert!(
        received(&writer).is_empty(),
        "a write is answered before it is durable"
    );
    (server, writer)
}

#[test]
fn readers_wait_only_for_what_is_not_durable() {
    for (write, waiting, free) in [
        ("SET new 1", "GET new", "GET old"),
        ("SET old 2", "GET old", "LRANGE list 0 -1"),
        ("DEL old", "EXISTS x old", "GET x"),
        ("RPUSH list b", "LLEN list", "GET old"),
        ("SET new 1", "SET new 2 NX", "SET old 5 NX"),
        ("MSET a 1 b 2", "MGET c b", "MGET c d"),
        (
            "LMOVE list other LEFT RIGHT",
            "LRANGE other 0 -1",
            "GET old",
        ),
        ("FLUSHALL", "GET anything", "PING"),
        ("SET new 1", "KEYS *", "CONFIG GET save"),
        ("SET new 1", "DBSIZE", "ECHO x"),
        ("SET weight:a 1", "SORT list BY weight:*", "SCARD set"),
    ] {
        let (mut server, writer) = with_unsynced(write);
        let (reader, other) = (server.connect(), server.connect());
        reader.send(&line(waiting));
        other.send(&line(free));
        let from_us = server.sim.now_us();
        server.until("the requests", |_| {
            reader.unread_len() + other.unread_len() == 0
        });
        assert_eq!(received(&other).len(), 1, "{free} waits for {write}");
        assert!(
            received(&reader).is_empty(),
            "{waiting} does not wait for {write}"
        );
        server.until("the sync", |_| {
            writer.unreceived_len() > 0 && reader.unreceived_len() > 0
        });
        let waited_us = server.sim.now_us() - from_us;
        assert!(waited_us <= 2 * SYNC_US + 5000, "{waited_us}");
        // Now it is durable.
        received(&reader);
        server.sim.disk().set_sync_delay_us(10_000_000);
        assert!(!server.call(&reader, waiting).is_error("ERR"));
    }
}

#[test]
fn what_a_reader_was_told_survives_a_power_cut() {
    for seed in 0..40 {
        let sim = Sim::new(seed);
        let mut server = Server::start(&sim, ALWAYS);
        sim.disk().set_sync_delay_us(1 + sim.random_below(5000));
        let (writer, reader) = (server.connect(), server.connect());
        let (mut sent, mut seen) = (0, 0);
        for _ in 0..200 {
            if sim.random_below(3) == 0 {
                writer.send(&line("INCR counter"));
                sent += 1;
            }
            reader.send(&line("GET counter"));
            server.turn();
            sim.advance_us(sim.random_below(700));
            for value in received(&reader) {
                if let Value::Bulk(Some(value)) = value {
                    seen = String::from_utf8_lossy(&value).parse().unwrap();
                }
            }
        }
        drop(server);
        sim.power_cut(PowerCut::default());
        let found = Server::start(&sim, ALWAYS).get("counter");
        let found: u64 = found.map_or(0, |v| String::from_utf8_lossy(&v).parse().unwrap());
        assert!(
            (seen..=sent).contains(&found),
            "seed {seed}: {found}, {seen} was seen"
        );
        assert!(seen > 0);
    }
}

#[test]
fn one_sync_serves_the_writes_of_many_turns() {
    let sim = Sim::new(1);
    let mut server = Server::start(&sim, ALWAYS);
    sim.disk().set_sync_delay_us(50_000);
    let clients: Vec<_> = (0..40).map(|_| server.connect()).collect();
    let before = sim.disk().syncs_done();
    for (number, client) in clients.iter().enumerate() {
        client.send(&line(&format!("SET key:{number} 1")));
        server.until("the write", |_| client.unread_len() == 0);
    }
    server.until("the replies", |_| {
        clients.iter().all(|client| client.unreceived_len() > 0)
    });
    assert!(sim.disk().syncs_done() - before <= 2);
}

#[test]
fn reads_go_on_while_the_log_cannot_be_written() {
    let (mut server, _writer) = with_unsynced("SET new 1");
    server.sim.disk().set_capacity(0);
    server.run_us(2 * SYNC_US);
    let (writer, reader) = (server.connect(), server.connect());
    writer.send(&line("SET lost 1"));
    server.run_us(10_000);
    assert!(received(&writer).is_empty());
    assert_eq!(
        server.call(&reader, "GET lost"),
        Value::Bulk(Some(b"1".to_vec()))
    );
    assert!(server.call(&reader, "SET lost 2").is_error("MISCONF"));
    server.sim.disk().set_capacity(usize::MAX);
    server.run_us(300_000);
    assert_eq!(received(&writer).len(), 1);
}

#[test]
fn writes_wait_for_a_disk_that_is_seconds_late_and_go_on_when_it_has_caught_up() {
    let sim = Sim::new(1);
    let mut server = Server::start(&sim, EVERYSEC);
    let (client, info) = (server.connect(), server.connect());
    server.run_us(1_500_000);
    assert_eq!(server.call(&client, "SET a 1"), Value::Simple("OK".into()));
    sim.disk().set_sync_delay_us(6_000_000);
    server.run_us(1_100_000);
    let end_us = sim.now_us() + 5_500_000;
    let mut waits = Vec::new();
    while sim.now_us() < end_us {
        let from_us = sim.now_us();
        client.send(&line("SET b 2"));
        server.until("the reply", |_| client.unreceived_len() > 0);
        received(&client);
        waits.push(sim.now_us() - from_us);
        server.run_us(50_000);
        assert_eq!(
            server.call(&info, "GET a"),
            Value::Bulk(Some(b"1".to_vec()))
        );
    }
    assert!(waits[..10].iter().all(|&us| us < 1000), "{waits:?}");
    assert_eq!(
        waits.iter().filter(|&&us| us > 1_000_000).count(),
        1,
        "{waits:?}"
    );
    let text = format!("{:?}", server.call(&info, "INFO persistence"));
    assert!(text.contains("aof_delayed_fsync:1\\r"), "{text}");
}
