//! The loop: expiry on time, freeing in slices, clocks that jump, pauses, the end.

use rotom_core::engine::Exit;
use rotom_core::keyspace::{Expiry, StringRef};
use rotom_core::platform::{Clock, Signal};
use rotom_tests::reply::{Value, line};
use rotom_tests::server::Server;
use rotom_tests::sim::Sim;

const LOGGED: &[&str] = &["appendonly yes", "enable-debug-command yes"];
const INCR_1: &str = "appendonlydir/appendonly.aof.1.incr.aof";

fn ok() -> Value {
    Value::Simple("OK".into())
}

fn pong() -> Value {
    Value::Simple("PONG".into())
}

fn log(sim: &Sim) -> Vec<u8> {
    sim.disk().bytes(INCR_1).expect("the log")
}

/// Adds keys that expire at `when_ms`, without a client.
fn add_volatile(server: &mut Server, count: usize, when_ms: u64) {
    let keys = &mut server.engine.shared().keys;
    keys.select(0);
    for number in 0..count {
        let name = format!("volatile:{when_ms}:{number}");
        let key = keys.key(name.as_bytes());
        keys.set_string(&key, b"value", Expiry::At(when_ms));
    }
}

fn wall_ms(sim: &Sim) -> u64 {
    sim.clock().wall_us() / 1000
}

/// Counts the turns that the server takes in so much virtual time.
fn turns_in_us(server: &mut Server, us: u64) -> usize {
    let end_us = server.sim.now_us() + us;
    let mut turns = 0;
    while server.sim.now_us() < end_us {
        server.turn();
        turns += 1;
    }
    turns
}

#[test]
fn a_key_is_gone_and_logged_as_deleted_when_its_time_comes() {
    let sim = Sim::new(1);
    let mut server = Server::start(&sim, LOGGED);
    let client = server.connect();
    for ms in [7, 13, 777, 5001] {
        assert_eq!(server.call(&client, "SELECT 5"), ok());
        let set = format!("SET key:{ms} value PX {ms}");
        let from_us = sim.clock().wall_us();
        assert_eq!(server.call(&client, &set), ok());
        server.until("the expiry", |server| {
            server.engine.shared().keys.database_len(5).0 == 0
        });
        // Expiry times are whole milliseconds.
        let took_us = sim.clock().wall_us() - from_us / 1000 * 1000;
        let expected_us = ms * 1000;
        assert!(
            (expected_us..=expected_us + 1000).contains(&took_us),
            "{took_us} us for {ms} ms"
        );
        assert!(log(&sim).ends_with(&line(&format!("DEL key:{ms}"))));
    }
}

#[test]
fn an_expired_key_that_is_met_first_is_logged_once() {
    let sim = Sim::new(1);
    let mut server = Server::start(&sim, LOGGED);
    let client = server.connect();
    assert_eq!(server.call(&client, "DEBUG SET-ACTIVE-EXPIRE 0"), ok());
    assert_eq!(server.call(&client, "SET key value PX 10"), ok());
    server.run_us(5_000_000);
    assert_eq!(server.key_count(), 1, "nobody looked for it");
    assert_eq!(server.call(&client, "GET key"), Value::Bulk(None));
    assert_eq!(server.call(&client, "GET key"), Value::Bulk(None));
    assert_eq!(server.call(&client, "DEBUG SET-ACTIVE-EXPIRE 1"), ok());
    server.run_us(1_000_000);
    let log = String::from_utf8(log(&sim)).unwrap();
    assert_eq!(log.matches("DEL").count(), 1, "{log}");
}

#[test]
fn many_keys_expire_in_slices_and_clients_are_served_between() {
    let sim = Sim::new(1);
    let mut server = Server::start(&sim, LOGGED);
    let client = server.connect();
    assert_eq!(server.call(&client, "PING"), pong());
    let count = 250_000;
    let when_ms = wall_ms(&sim) + 1000;
    add_volatile(&mut server, count, when_ms);
    sim.set_clock_tick_us(20);
    while wall_ms(&sim) < when_ms {
        server.turn();
    }
    let (mut before, mut worst, mut turns) = (server.key_count(), 0, 0);
    while server.key_count() > 0 {
        client.send(&line("PING"));
        server.turn();
        assert_eq!(client.receive(), b"+PONG\r\n", "a PING a turn");
        let now = server.key_count();
        worst = worst.max(before - now);
        before = now;
        turns += 1;
        assert!(turns < count, "it does not end");
    }
    assert!(worst <= 1500, "{worst} keys in one turn");
    let deletions = log(&sim);
    let deletions = deletions.windows(5).filter(|bytes| bytes == b"\nDEL\r");
    assert_eq!(deletions.count(), count);
    sim.set_clock_tick_us(0);
    let turns = turns_in_us(&mut server, 1_000_000);
    assert!(turns <= 14, "{turns} turns: it does not sleep");
}

#[test]
fn big_values_and_databases_are_freed_in_slices() {
    let sim = Sim::new(1);
    let mut server = Server::start(&sim, &[]);
    let client = server.connect();
    for round in 0..2 {
        let words = "element ".repeat(2000);
        for _ in 0..50 {
            client.send(&line(&format!("RPUSH list {}", words.trim_end())));
        }
        server.replies(&client, 50);
        add_volatile(&mut server, 60_000, wall_ms(&sim) + 100_000_000);
        sim.set_clock_tick_us(20);
        client.send(&line("DEL list"));
        client.send(&line("FLUSHALL"));
        let replies = server.replies(&client, 2);
        assert_eq!(replies, [Value::Int(1), ok()]);
        assert_eq!(server.key_count(), 0);
        let mut turns = 0;
        while server.engine.shared().keys.lazy_free_counts().0 > 0 {
            client.send(&line("PING"));
            server.turn();
            assert_eq!(client.receive(), b"+PONG\r\n", "a PING a turn");
            turns += 1;
            assert!(turns < 100_000, "it does not end");
        }
        assert!(turns > 30, "round {round}: all freed in {turns} turns");
        sim.set_clock_tick_us(0);
    }
    assert!(turns_in_us(&mut server, 1_000_000) <= 11, "it sleeps again");
}

#[test]
fn the_wall_clock_may_jump() {
    let sim = Sim::new(1);
    let mut server = Server::start(&sim, &[]);
    let client = server.connect();
    assert_eq!(server.call(&client, "SET hour value EX 3600"), ok());
    assert_eq!(server.call(&client, "SET day value EX 86400"), ok());
    server.run_us(1_000_000);
    // Back: nothing happens early, nothing spins.
    sim.jump_wall_us(-7_200_000_000);
    assert!(turns_in_us(&mut server, 10_000_000) <= 110);
    assert_eq!(server.key_count(), 2);
    assert_eq!(server.call(&client, "PING"), pong());
    // Forth: what is due now goes at the next look at the clock.
    sim.jump_wall_us(7_200_000_000 + 3_600_000_000);
    server.run_us(110_000);
    assert_eq!(server.key_count(), 1);
    assert!(turns_in_us(&mut server, 10_000_000) <= 110);
    assert_eq!(server.get("day"), Some(b"value".to_vec()));
}

#[test]
fn expiry_in_the_far_future_does_not_spin_the_loop() {
    let sim = Sim::new(1);
    let mut server = Server::start(&sim, &[]);
    for when_ms in [
        u64::MAX,
        i64::MAX as u64,
        u64::MAX / 1000,
        u64::MAX / 1000 + 1,
    ] {
        add_volatile(&mut server, 1, when_ms);
        assert!(turns_in_us(&mut server, 3_000_000) <= 32, "{when_ms}");
    }
    assert_eq!(server.key_count(), 4);
}

#[test]
fn a_sleep_stops_everyone_and_time_events_come_once_after_it() {
    let sim = Sim::new(1);
    let mut server = Server::start(&sim, LOGGED);
    let (sleeper, other) = (server.connect(), server.connect());
    assert_eq!(server.call(&sleeper, "SET key value PX 500"), ok());
    sleeper.send(&line("DEBUG SLEEP 2.5"));
    other.send(&line("PING"));
    let from_us = sim.now_us();
    assert_eq!(server.replies(&sleeper, 1), [ok()]);
    assert!(sim.now_us() - from_us >= 2_500_000);
    assert_eq!(server.replies(&other, 1), [pong()]);
    assert_eq!(server.call(&other, "GET key"), Value::Bulk(None));
    assert!(turns_in_us(&mut server, 1_000_000) <= 11);
}

#[test]
fn hz_takes_effect_when_it_is_set() {
    let sim = Sim::new(1);
    let mut server = Server::start(&sim, &["timeout 1"]);
    let client = server.connect();
    for hz in [100, 1, 10] {
        let set = format!("CONFIG SET hz {hz}");
        let admin = server.connect();
        assert_eq!(server.call(&admin, &set), ok());
        drop(admin);
        server.turn();
        let turns = turns_in_us(&mut server, 2_000_000);
        assert!(
            (2 * hz - 1..=2 * hz + 5).contains(&turns),
            "{turns} turns at {hz}"
        );
    }
    assert!(client.is_closed_by_server());
}

#[test]
fn signals_and_shutdown_end_the_server() {
    for way in [
        "TERM",
        "INT",
        "SHUTDOWN",
        "SHUTDOWN NOSAVE",
        "SHUTDOWN NOW FORCE",
    ] {
        let sim = Sim::new(1);
        let mut server = Server::start(&sim, &[]);
        let (client, other) = (server.connect(), server.connect());
        assert_eq!(server.call(&other, "PING"), pong());
        client.send(&line("SET key value"));
        match way {
            "TERM" => sim.signal(Signal::Terminate),
            "INT" => sim.signal(Signal::Interrupt),
            command => client.send(&[line(command), line("SET key other")].concat()),
        }
        let exit = (0..5).find_map(|_| server.turn());
        assert_eq!(exit, Some(Exit::Clean), "{way}");
        assert_eq!(server.turn(), Some(Exit::Clean), "it stays ended");
        assert!(client.is_closed_by_server() && other.is_closed_by_server());
        assert_eq!((sim.open_sockets(), sim.registered_count()), (0, 1));
        if way.starts_with("SHUTDOWN") {
            assert_eq!(client.receive(), b"+OK\r\n");
            let keys = &mut server.engine.shared().keys;
            let key = keys.key(b"key");
            let found = keys.string(&key).expect("a string").expect("a key");
            assert!(found.string() == Some(StringRef::Bytes(b"value")));
        }
    }
}

#[test]
fn an_aborted_shutdown_has_nothing_to_abort() {
    let mut server = Server::start(&Sim::new(1), &[]);
    let client = server.connect();
    let reply = server.call(&client, "SHUTDOWN ABORT");
    assert_eq!(reply, Value::Error("ERR No shutdown in progress.".into()));
    assert_eq!(server.call(&client, "PING"), pong());
}
