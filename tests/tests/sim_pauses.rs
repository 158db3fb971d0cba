//! No turn does more than its share: big replies, long pipelines, many connections; and what INFO tells of pauses and of
//! the lag of expiry.

use rotom_core::keyspace::Expiry;
use rotom_core::platform::Clock;
use rotom_tests::reply::{Value, line, request, take_replies};
use rotom_tests::server::Server;
use rotom_tests::sim::{Sim, SimClient};

const KB: usize = 1 << 10;

fn start() -> Server {
    Server::start(&Sim::new(1), &[])
}

fn ok() -> Value {
    Value::Simple("OK".into())
}

fn info(server: &mut Server, client: &SimClient, field: &str) -> u64 {
    let Value::Bulk(Some(text)) = server.call(client, "INFO stats") else {
        unreachable!("INFO answers a string");
    };
    let text = String::from_utf8(text).expect("text");
    let mut lines = text.lines();
    let value = lines.find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
    value.expect("a field").parse().expect("a number")
}

/// Sends a thousand requests of `request_of` in a pipeline, and beside it PINGs of another client, each of which must be
/// answered in its own turn or the next one. Returns all replies of the pipeline, and the most bytes of them that came in one turn.
fn pings_beside(server: &mut Server, request_of: impl Fn(usize) -> Vec<u8>) -> (Vec<Value>, usize) {
    let (busy, other) = (server.connect(), server.connect());
    busy.set_send_buffer(usize::MAX / 2);
    assert_eq!(server.call(&other, "PING"), Value::Simple("PONG".into()));
    for number in 0..1000 {
        busy.send(&request_of(number));
    }
    let (mut bytes, mut replies, mut most) = (Vec::new(), Vec::new(), 0);
    let mut pongs = Vec::new();
    for turn in 0.. {
        if turn % 2 == 0 {
            other.send(&line("PING"));
        }
        server.turn();
        pongs.extend(other.receive());
        if turn % 2 == 1 {
            assert_eq!(pongs, b"+PONG\r\n", "turn {turn}");
            pongs.clear();
        }
        let came = busy.receive();
        most = most.max(came.len());
        bytes.extend(came);
        replies.extend(take_replies(&mut bytes));
        if replies.len() == 1000 {
            return (replies, most);
        }
        assert!(turn < 100_000, "{} of 1000 replies", replies.len());
    }
    unreachable!("the loop has no end of its own")
}

#[test]
fn a_pipeline_of_big_replies_leaves_others_their_turn() {
    let mut server = start();
    let client = server.connect();
    let value = vec![b'v'; 64 * KB];
    client.send(&request(&[b"SET", b"big", &value]));
    assert_eq!(server.replies(&client, 1), [ok()]);
    let (replies, most) = pings_beside(&mut server, |_| line("GET big"));
    assert!(
        replies
            .iter()
            .all(|reply| *reply == Value::Bulk(Some(value.clone())))
    );
    assert!(most <= 2 * 1024 * KB, "{most} bytes in one turn");
}

#[test]
fn a_long_pipeline_leaves_others_their_turn_and_is_answered_in_order() {
    let mut server = start();
    // Each look at the clock finds 150 microseconds gone, so that a turn is spent after a few of them.
    server.sim.set_clock_tick_us(150);
    let (replies, most) = pings_beside(&mut server, |number| match number % 3 {
        // Parsing takes the quotes away; a request that waits needs them back.
        0 => format!("ECHO \"{number} in quotes\"\r\n").into_bytes(),
        _ => line("INCR counter"),
    });
    for (number, reply) in replies.iter().enumerate() {
        let expected = match number % 3 {
            0 => Value::Bulk(Some(format!("{number} in quotes").into_bytes())),
            remainder => Value::Int((number / 3 * 2 + remainder) as i64),
        };
        assert_eq!(*reply, expected);
    }
    assert!(most < 8 * KB, "{most} bytes in one turn: not all at once");
}

#[test]
fn connections_are_taken_a_few_a_turn() {
    let mut server = start();
    let first = server.connect();
    assert_eq!(server.call(&first, "PING"), Value::Simple("PONG".into()));
    let (clients, before) = (
        (0..500).map(|_| server.connect()),
        server.sim.registered_count(),
    );
    let clients: Vec<SimClient> = clients.collect();
    let mut known = before;
    for turn in 0.. {
        server.turn();
        let now = server.sim.registered_count();
        assert!(now - known <= 16, "{} in one turn", now - known);
        known = now;
        if known == before + clients.len() {
            break;
        }
        assert!(turn < 500);
    }
}

/// Adds keys without a client; `when_ms` tells each one's time.
fn add_volatile(server: &mut Server, count: u64, when_ms: impl Fn(u64) -> u64) {
    let keys = &mut server.engine.shared().keys;
    for number in 0..count {
        let name = format!("volatile:{number}");
        let key = keys.key(name.as_bytes());
        keys.set_string(&key, b"value", Expiry::At(when_ms(number)));
    }
}

#[test]
fn the_lag_of_expiry_is_told_and_small() {
    let mut server = start();
    let client = server.connect();
    assert_eq!(server.call(&client, "CONFIG RESETSTAT"), ok());
    let now_ms = server.sim.clock().wall_us() / 1000;
    // Spread over ten seconds: none is late.
    add_volatile(&mut server, 100_000, |number| now_ms + 100 + number / 10);
    server.sim.set_clock_tick_us(5);
    server.until("all have expired", |server| server.key_count() == 0);
    assert!(info(&mut server, &client, "expired_lag_p99_ms") < 10);
    assert!(info(&mut server, &client, "expired_lag_max_ms") < 10);
    assert_eq!(info(&mut server, &client, "expired_keys"), 100_000);
    // All at once: the last one is as late as removing all of them takes.
    let now_ms = server.sim.clock().wall_us() / 1000;
    add_volatile(&mut server, 100_000, |_| now_ms + 100);
    server.until("all have expired", |server| server.key_count() == 0);
    let took_ms = server.sim.clock().wall_us() / 1000 - (now_ms + 100);
    let max_ms = info(&mut server, &client, "expired_lag_max_ms");
    assert!(max_ms > 10 && max_ms <= took_ms, "{max_ms} of {took_ms}");
    assert!(info(&mut server, &client, "expired_lag_p50_ms") <= max_ms);
    assert_eq!(server.call(&client, "CONFIG RESETSTAT"), ok());
    assert_eq!(info(&mut server, &client, "expired_lag_max_ms"), 0);
}

#[test]
fn the_worst_turn_is_told_in_parts() {
    let sim = Sim::new(1);
    let mut server = Server::start(&sim, &["enable-debug-command yes"]);
    let client = server.connect();
    assert_eq!(server.call(&client, "CONFIG RESETSTAT"), ok());
    assert_eq!(server.call(&client, "DEBUG SLEEP 0.25"), ok());
    let worst_us = info(&mut server, &client, "eventloop_duration_worst");
    let requests_us = info(&mut server, &client, "eventloop_duration_worst_requests");
    assert_eq!((worst_us, requests_us), (250_000, 250_000));
    assert_eq!(info(&mut server, &client, "eventloop_cycles_over_1ms"), 1);
}
