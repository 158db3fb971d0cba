//! Fields of hashes with a time to live: they leave on time, in slices, and a restart keeps their times.

use rotom_core::platform::Clock;
use rotom_tests::reply::{Value, line};
use rotom_tests::server::Server;
use rotom_tests::sim::{Sim, SimClient};

const ALWAYS: &[&str] = &["appendonly yes", "appendfsync always"];
const INCR_1: &str = "appendonlydir/appendonly.aof.1.incr.aof";
const MANIFEST: &str = "appendonlydir/appendonly.aof.manifest";

fn info(server: &mut Server, client: &SimClient, section: &str) -> String {
    let Value::Bulk(Some(text)) = server.call(client, &format!("INFO {section}")) else {
        unreachable!("INFO answers a string");
    };
    String::from_utf8(text).expect("text")
}

fn statistic(server: &mut Server, client: &SimClient, field: &str) -> u64 {
    let text = info(server, client, "stats");
    let mut lines = text.lines();
    let value = lines.find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
    value.expect("a field").parse().expect("a number")
}

fn now_ms(server: &Server) -> u64 {
    server.sim.clock().wall_us() / 1000
}

/// Adds fields; `place` tells each one's hash, `when_ms` its time.
fn add_fields(
    server: &mut Server,
    count: u64,
    place: impl Fn(u64) -> u64,
    when_ms: impl Fn(u64) -> u64,
) {
    let client = server.connect();
    for first in (0..count).step_by(500) {
        for number in first..count.min(first + 500) {
            let (hash, when_ms) = (place(number), when_ms(number));
            client.send(&line(&format!(
                "HSETEX hash:{hash} PXAT {when_ms} FIELDS 1 field:{number} value"
            )));
        }
        let replies = server.replies(&client, 500.min((count - first) as usize));
        assert!(replies.iter().all(|reply| *reply == Value::Int(1)));
    }
}

fn until_none_is_left(server: &mut Server) {
    server.until("all fields have left", |server| server.key_count() == 0);
}

#[test]
fn fields_leave_on_time_and_their_lag_is_told() {
    // One hash with all of them, many with a few each, and one each.
    for hashes in [1, 1000, 20_000] {
        let mut server = Server::start(&Sim::new(1), &[]);
        let client = server.connect();
        let from_ms = now_ms(&server) + 5000;
        add_fields(
            &mut server,
            20_000,
            |n| n % hashes,
            |n| from_ms + n * 7919 % 20_000 / 10,
        );
        assert!(now_ms(&server) < from_ms, "adding took too long");
        let keyspace = info(&mut server, &client, "keyspace");
        assert!(
            keyspace.contains(&format!("subexpiry={hashes}")),
            "{keyspace}"
        );
        server.sim.set_clock_tick_us(5);
        until_none_is_left(&mut server);
        assert_eq!(statistic(&mut server, &client, "expired_subkeys"), 20_000);
        for percentile in ["p50", "p99", "max"] {
            let name = format!("expired_subkeys_lag_{percentile}_ms");
            assert!(
                statistic(&mut server, &client, &name) < 10,
                "{hashes} {name}"
            );
        }
    }
}

#[test]
fn fields_that_leave_together_do_so_in_slices_and_are_not_seen_meanwhile() {
    for hashes in [1, 20_000] {
        let mut server = Server::start(&Sim::new(1), &[]);
        let client = server.connect();
        let at_ms = now_ms(&server) + 5000;
        add_fields(&mut server, 20_000, |n| n % hashes, |_| at_ms);
        server.call(&client, "HSET hash:0 stays 1");
        server.call(&client, "CONFIG RESETSTAT");
        server.sim.set_clock_tick_us(5);
        while now_ms(&server) < at_ms {
            server.turn();
        }
        let mut asked = 0;
        while statistic(&mut server, &client, "expired_subkeys") < 20_000 {
            assert_eq!(server.call(&client, "HLEN hash:0"), Value::Int(1));
            assert_eq!(
                server.call(&client, "HGET hash:0 field:0"),
                Value::Bulk(None)
            );
            let only = Value::Bulk(Some(b"stays".to_vec()));
            assert_eq!(server.call(&client, "HRANDFIELD hash:0"), only);
            assert_eq!(
                server.call(&client, "HKEYS hash:0"),
                Value::Array(Some(vec![only]))
            );
            asked += 1;
        }
        assert!(asked > 3, "{asked} times others had their turn");
        assert_eq!(server.key_count(), 1);
        let worst_us = statistic(&mut server, &client, "eventloop_duration_worst");
        assert!(worst_us < 1000, "{worst_us} us");
    }
}

#[test]
fn a_restart_keeps_the_times_of_fields() {
    let sim = Sim::new(1);
    let mut server = Server::start(&sim, ALWAYS);
    let client = server.connect();
    let at_ms = now_ms(&server) + 10_000;
    for command in [
        "HSET hash a 1 b 2 c 3 d 4".into(),
        format!("HPEXPIREAT hash {at_ms} FIELDS 1 a"),
        "HEXPIRE hash 100 FIELDS 2 b c".into(),
        "HPERSIST hash FIELDS 1 c".into(),
        "HINCRBYFLOAT hash b 0.5".into(),
        "HSETEX other PX 5 FIELDS 1 a 1".into(),
        format!("HGETEX hash PXAT {} FIELDS 1 d", at_ms + 1),
    ] {
        let reply = server.call(&client, &command);
        assert!(!matches!(reply, Value::Error(_)), "{command}: {reply:?}");
    }
    let times = |server: &mut Server| {
        let client = server.connect();
        server.call(&client, "HPEXPIRETIME hash FIELDS 5 a b c d e")
    };
    let before = times(&mut server);
    drop(server);
    sim.kill_process();

    let mut server = Server::start(&sim, ALWAYS);
    assert_eq!(times(&mut server), before);
    let client = server.connect();
    let value = Value::Bulk(Some(b"2.5".to_vec()));
    assert_eq!(server.call(&client, "HGET hash b"), value);
    drop(server);
    sim.kill_process();

    // Two of them leave while nobody runs.
    sim.advance_us(20_000_000);
    let mut server = Server::start(&sim, ALWAYS);
    let client = server.connect();
    assert_eq!(server.call(&client, "HLEN hash"), Value::Int(2));
    assert_eq!(server.call(&client, "EXISTS other"), Value::Int(0));
    assert_eq!(server.call(&client, "HGET hash a"), Value::Bulk(None));
    server.run_us(1000);
    drop(server);
    sim.kill_process();
    let log = sim.disk().bytes(INCR_1).expect("the log");
    let log = String::from_utf8(log).expect("text");
    for gone in ["hash\r\n$1\r\na\r\n", "hash\r\n$1\r\nd\r\n"] {
        let deleted = format!("*3\r\n$4\r\nHDEL\r\n$4\r\n{gone}");
        assert_eq!(log.matches(&deleted).count(), 1, "{gone}");
    }
}

#[test]
fn a_log_of_redis_is_read() {
    let log: Vec<Vec<u8>> = [
        "SELECT 0",
        "HSETEX old PXAT 1000 FIELDS 2 a 1 b 2",
        "HPEXPIREAT old 4102444800000 NX FIELDS 1 a",
        "HPEXPIREAT old 4102444800000 GT FIELDS 1 b",
        "HSETEX gone PXAT 1000 FIELDS 1 a 1",
        "HSETEX kept KEEPTTL FIELDS 1 a 1",
        "HPEXPIREAT kept 4102444800000 FIELDS 1 a",
        "HSETEX kept KEEPTTL FIELDS 1 a 2",
        "HPERSIST kept FIELDS 1 none",
        "HDEL kept none",
    ]
    .map(line)
    .to_vec();
    let sim = Sim::new(1);
    sim.disk().put(INCR_1, &log.concat());
    let manifest = "file appendonly.aof.1.incr.aof seq 1 type i\n";
    sim.disk().put(MANIFEST, manifest.as_bytes());
    let mut server = Server::start(&sim, ALWAYS);
    let client = server.connect();
    let far = || Value::Int(4_102_444_800_000);
    for (command, reply) in [
        (
            "HPEXPIRETIME old FIELDS 2 a b",
            Value::Array(Some(vec![Value::Int(-2), far()])),
        ),
        ("EXISTS gone", Value::Int(0)),
        (
            "HPEXPIRETIME kept FIELDS 1 a",
            Value::Array(Some(vec![far()])),
        ),
        ("HGET kept a", Value::Bulk(Some(b"2".to_vec()))),
    ] {
        assert_eq!(server.call(&client, command), reply, "{command}");
    }
}
