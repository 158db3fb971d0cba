//! Snapshots: made while clients write, through failing disks and power cuts; and files of other servers.

use rotom_core::platform::{IoError, Signal};
use rotom_tests::reply::Value;
use rotom_tests::server::Server;
use rotom_tests::sim::{DiskCall, PowerCut, Sim, SimClient};

const EIO: IoError = IoError(5);
const NO_LOG: &[&str] = &[];
const FILE: &str = "dump.rdb";
const TEMPORARY: &str = "temp-snapshot.rdb";
const KEYS: usize = 3000;

fn ok() -> Value {
    Value::Simple("OK".into())
}

fn bulk(text: &str) -> Value {
    Value::Bulk(Some(text.into()))
}

fn is_error(reply: &Value, beginning: &str) -> bool {
    matches!(reply, Value::Error(text) if text.starts_with(beginning))
}

/// A world in which time passes while the server works, so that a snapshot takes many turns.
fn world(seed: u64) -> Sim {
    let sim = Sim::new(seed);
    sim.set_clock_tick_us(20);
    sim
}

fn fill(server: &mut Server, generation: usize) {
    let keys = &mut server.engine.shared().keys;
    for number in 0..KEYS {
        let name = format!("key:{number}");
        let key = keys.key(name.as_bytes());
        let value = format!("{generation}:{number}");
        keys.set_string(&key, value.as_bytes(), rotom_core::keyspace::Expiry::Clear);
        keys.dirty += 1;
    }
}

/// Which generation all keys are of.
fn generation(server: &mut Server) -> Option<usize> {
    let keys = &mut server.engine.shared().keys;
    let mut all = None;
    for number in 0..KEYS {
        let name = format!("key:{number}");
        let key = keys.key(name.as_bytes());
        let Ok(Some(entry)) = keys.string(&key) else {
            assert_eq!(all, None, "some keys are there and {name} is not");
            continue;
        };
        let text = match entry.string() {
            Some(rotom_core::keyspace::StringRef::Bytes(text)) => String::from_utf8_lossy(text),
            other => unreachable!("{name}: {other:?}"),
        };
        let (found, rest) = text.split_once(':').expect("a value as written");
        assert_eq!(rest, number.to_string());
        let found = found.parse().expect("a number");
        assert!(
            number == 0 || all == Some(found),
            "{name} is of {found}, not of {all:?}"
        );
        all = Some(found);
    }
    all
}

fn info(server: &mut Server, client: &SimClient) -> String {
    format!("{:?}", server.call(client, "INFO persistence"))
}

fn is_saving(server: &mut Server, client: &SimClient) -> bool {
    info(server, client).contains("rdb_bgsave_in_progress:1")
}

#[test]
fn a_snapshot_is_of_the_moment_it_began_while_clients_write() {
    let sim = world(1);
    let mut server = Server::start(&sim, NO_LOG);
    let client = server.connect();
    fill(&mut server, 1);
    assert_eq!(
        server.call(&client, "BGSAVE"),
        Value::Simple("Background saving started".into())
    );
    assert!(is_error(
        &server.call(&client, "BGSAVE"),
        "ERR Background save already in progress"
    ));
    assert!(is_error(
        &server.call(&client, "SAVE"),
        "ERR Background save already in progress"
    ));
    let mut turns = 0;
    while is_saving(&mut server, &client) {
        for _ in 0..5 {
            let number = sim.random_below(KEYS as u64);
            server.call(&client, &format!("SET key:{number} new"));
            let number = sim.random_below(KEYS as u64);
            server.call(&client, &format!("DEL key:{number}"));
            server.call(&client, &format!("SET new:{turns} x"));
        }
        turns += 1;
    }
    assert!(turns > 1, "{turns}");
    let told = info(&mut server, &client);
    assert!(told.contains("rdb_saves:1") && told.contains("rdb_last_bgsave_status:ok"));
    drop(server);
    sim.power_cut(PowerCut::default());
    let mut server = Server::start(&sim, NO_LOG);
    assert_eq!(
        (generation(&mut server), server.key_count()),
        (Some(1), KEYS)
    );
}

#[test]
fn a_power_cut_at_any_disk_call_leaves_the_old_file_or_the_new_one() {
    for cut in [0, 100, usize::MAX] {
        let mut calls = 1;
        loop {
            let sim = world(calls);
            let mut server = Server::start(&sim, NO_LOG);
            let client = server.connect();
            fill(&mut server, 1);
            assert_eq!(server.call(&client, "SAVE"), ok());
            fill(&mut server, 2);
            sim.disk().power_off_after(calls);
            server.call(&client, "BGSAVE");
            server.run_us(100_000);
            let was_off = sim.disk().is_off();
            drop(server);
            sim.disk().heal();
            sim.power_cut(PowerCut {
                keep_bytes: cut,
                are_zeros: calls % 2 == 0,
                keep_name_changes: cut,
            });
            let mut server = Server::start(&sim, NO_LOG);
            let found = generation(&mut server);
            assert!(
                found == Some(2) || was_off && found == Some(1),
                "{calls}: {found:?}"
            );
            if !was_off {
                break;
            }
            calls += 1;
        }
        assert!(calls > 3, "{calls} calls only");
    }
}

#[test]
fn a_failure_leaves_the_old_file_and_refuses_writes_until_a_snapshot_is_made() {
    for failing in [
        DiskCall::Create,
        DiskCall::Append,
        DiskCall::Sync,
        DiskCall::Rename,
    ] {
        let sim = world(3);
        let mut server = Server::start(&sim, &["save 100000 100000"]);
        let client = server.connect();
        fill(&mut server, 1);
        assert_eq!(server.call(&client, "SAVE"), ok());
        let old = sim.disk().bytes(FILE);
        fill(&mut server, 2);
        sim.disk().fail(failing, EIO, 1);
        server.call(&client, "BGSAVE");
        server.run_us(50_000);
        let told = info(&mut server, &client);
        assert!(
            told.contains("rdb_last_bgsave_status:err"),
            "{failing:?}: {told}"
        );
        assert!(
            told.contains("rdb_bgsave_in_progress:0"),
            "{failing:?}: {told}"
        );
        let refused = server.call(&client, "SET a 1");
        assert!(is_error(
            &refused,
            "MISCONF Redis is configured to save RDB snapshots"
        ));
        assert_eq!(server.call(&client, "GET key:7"), bulk("2:7"));
        assert!(!sim.disk().names().iter().any(|name| name == TEMPORARY));
        assert!(sim.disk().bytes(FILE) == old, "{failing:?}");
        assert_eq!(server.call(&client, "SAVE"), ok());
        assert_eq!(server.call(&client, "SET a 1"), ok());
        drop(server);
        sim.kill_process();
        assert_eq!(generation(&mut Server::start(&sim, NO_LOG)), Some(2));
    }
}

#[test]
fn save_points_make_snapshots_and_so_does_the_end() {
    let sim = Sim::new(4);
    let mut server = Server::start(&sim, &["save 60 10"]);
    let client = server.connect();
    for number in 0..9 {
        server.call(&client, &format!("SET key{number} x"));
    }
    server.run_us(100_000_000);
    assert_eq!(sim.disk().bytes(FILE), None);
    server.call(&client, "SET key9 x");
    server.run_us(1_000_000);
    let told = info(&mut server, &client);
    assert!(told.contains("rdb_changes_since_last_save:0"), "{told}");
    assert!(sim.disk().bytes(FILE).is_some());
    server.call(&client, "SET key10 x");
    sim.signal(Signal::Terminate);
    server.until("the end", |server| server.turn().is_some());
    drop(server);
    sim.kill_process();
    let mut server = Server::start(&sim, &["save 60 10"]);
    assert_eq!(server.key_count(), 11);
    let client = server.connect();
    server.call(&client, "SET key11 x");
    client.send(&rotom_tests::reply::line("SHUTDOWN NOSAVE"));
    server.until("the end", |server| server.turn().is_some());
    drop(server);
    sim.kill_process();
    assert_eq!(Server::start(&sim, NO_LOG).key_count(), 11);
}

#[test]
fn a_reload_brings_back_what_was_there() {
    let sim = world(5);
    let mut server = Server::start(&sim, &["enable-debug-command yes"]);
    let client = server.connect();
    fill(&mut server, 1);
    server.call(&client, "PEXPIREAT key:5 4000000000000");
    assert_eq!(server.call(&client, "DEBUG RELOAD"), ok());
    assert_eq!(
        (generation(&mut server), server.key_count()),
        (Some(1), KEYS)
    );
    assert_eq!(
        server.call(&client, "PEXPIRETIME key:5"),
        Value::Int(4_000_000_000_000)
    );
    server.call(&client, "FLUSHALL");
    assert_eq!(server.call(&client, "DEBUG RELOAD NOSAVE"), ok());
    assert_eq!(generation(&mut server), Some(1));
}

#[test]
fn a_damaged_file_stops_the_start_and_says_where() {
    let sim = world(6);
    let mut server = Server::start(&sim, NO_LOG);
    let client = server.connect();
    fill(&mut server, 1);
    server.call(&client, "SAVE");
    drop(server);
    let whole = sim.disk().bytes(FILE).expect("the snapshot");
    for at in (0..whole.len()).step_by(whole.len() / 50) {
        let mut bytes = whole.clone();
        bytes[at] ^= 4;
        for bytes in [&bytes[..], &whole[..at]] {
            sim.kill_process();
            sim.disk().put(FILE, bytes);
            let Err(error) = Server::try_start(&sim, rotom_tests::server::settings(NO_LOG)) else {
                // The version is a digit that another one may be.
                assert!(at < 9, "a changed byte at {at} was not seen");
                continue;
            };
            let text = format!("{error}");
            assert!(
                text.starts_with("Bad file format reading the RDB file dump.rdb at offset"),
                "{text}"
            );
        }
    }
}

const REDIS_7: &[u8] = include_bytes!("../fixtures/redis-7.0.rdb");
const REDIS_8: &[u8] = include_bytes!("../fixtures/redis-8.0.rdb");
const VALKEY_9: &[u8] = include_bytes!("../fixtures/valkey-9.1.rdb");

/// Looks at what the fixtures hold in a database.
fn check_fixture(server: &mut Server, client: &SimClient, has_times: bool) {
    let mut ask = |line: &str| format!("{:?}", server.call(client, line));
    for (line, reply) in [
        ("GET text", bulk("hello")),
        ("GET int", bulk("12345")),
        ("OBJECT ENCODING int", bulk("int")),
        ("GET negative", bulk("-9")),
        ("GET big", bulk("9223372036854775807")),
        ("GET long", bulk(&"abc".repeat(100))),
        ("PEXPIRETIME volatile", Value::Int(4_000_000_000_000)),
        ("PEXPIRETIME text", Value::Int(-1)),
        ("LLEN list", Value::Int(5)),
        ("LINDEX list 3", bulk("-4")),
        ("LINDEX list 4", bulk(&"x".repeat(80))),
        ("OBJECT ENCODING ints", bulk("intset")),
        ("SISMEMBER ints 5000000000", Value::Int(1)),
        ("SCARD ints", Value::Int(4)),
        ("SCARD set", Value::Int(4)),
        ("SISMEMBER set 7", Value::Int(1)),
        ("HGET hash g", bulk("2")),
        ("HLEN hash", Value::Int(2)),
        ("OBJECT ENCODING hash", bulk("listpack")),
        ("ZSCORE zset b", bulk("1.5")),
        ("ZSCORE zset c", bulk("inf")),
        ("ZRANK zset d", Value::Int(0)),
        ("OBJECT ENCODING zset", bulk("listpack")),
        ("HLEN bighash", Value::Int(300)),
        ("HGET bighash field77", bulk("value77")),
        ("LLEN biglist", Value::Int(300)),
        ("LINDEX biglist 299", bulk("element299")),
        ("SCARD bigset", Value::Int(300)),
        ("SISMEMBER bigset member123", Value::Int(1)),
        ("ZCARD bigzset", Value::Int(300)),
        ("ZSCORE bigzset member3", bulk("1.5")),
        ("ZRANK bigzset member299", Value::Int(299)),
        ("OBJECT ENCODING bigzset", bulk("skiplist")),
    ] {
        assert_eq!(ask(line), format!("{reply:?}"), "{line}");
    }
    if has_times {
        let times = ask("HPEXPIRETIME timed FIELDS 2 f g");
        assert!(
            times.contains("4000000000000") && times.contains(":-1"),
            "{times}"
        );
    }
}

#[test]
fn files_of_other_servers_are_loaded_and_what_is_saved_is_the_same() {
    for (file, has_times) in [(REDIS_7, false), (REDIS_8, true), (VALKEY_9, true)] {
        let sim = Sim::new(7);
        sim.disk().put(FILE, file);
        for _ in 0..2 {
            let mut server = Server::start(&sim, NO_LOG);
            let client = server.connect();
            for db in ["SELECT 0", "SELECT 5"] {
                server.call(&client, db);
                check_fixture(&mut server, &client, has_times);
            }
            assert_eq!(server.call(&client, "SAVE"), ok());
            drop(server);
            sim.kill_process();
        }
    }
}

#[test]
fn a_log_with_an_rdb_base_is_loaded() {
    let parts: [(&str, &[u8]); 3] = [
        ("manifest", include_bytes!("../fixtures/redis-7.0.manifest")),
        (
            "1.base.rdb",
            include_bytes!("../fixtures/redis-7.0.base.rdb"),
        ),
        (
            "1.incr.aof",
            include_bytes!("../fixtures/redis-7.0.incr.aof"),
        ),
    ];
    let sim = Sim::new(8);
    for (name, bytes) in parts {
        sim.disk()
            .put(&format!("appendonlydir/appendonly.aof.{name}"), bytes);
    }
    for _ in 0..2 {
        let mut server = Server::start(&sim, &["appendonly yes"]);
        let client = server.connect();
        assert_eq!(server.call(&client, "GET after"), bulk("base"));
        assert_eq!(server.call(&client, "EXISTS set"), Value::Int(0));
        server.call(&client, "SELECT 5");
        check_fixture(&mut server, &client, false);
        server.call(&client, "SET more x");
        drop(server);
        sim.kill_process();
    }
    // A log of older servers: one file, which begins with the data set.
    let sim = Sim::new(9);
    let single = [parts[1].1, parts[2].1].concat();
    sim.disk().put("appendonly.aof", &single);
    let mut server = Server::start(&sim, &["appendonly yes"]);
    assert_eq!(server.get("after"), Some(b"base".to_vec()));
}
