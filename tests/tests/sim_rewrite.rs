//! The log rewritten while clients write: through power cuts and failing disks at every call, and switched on and off.

use rotom_core::platform::IoError;
use rotom_tests::reply::Value;
use rotom_tests::server::Server;
use rotom_tests::sim::{DiskCall, PowerCut, Sim, SimClient};
use rotom_tests::writer::{Replay, Writer};

const EIO: IoError = IoError(5);
const ALWAYS: &[&str] = &["appendonly yes", "appendfsync always"];
const EVERYSEC: &[&str] = &["appendonly yes", "appendfsync everysec"];
const MANIFEST: &str = "appendonlydir/appendonly.aof.manifest";

fn started() -> Value {
    Value::Simple("Background append only file rewriting started".into())
}

fn is_error(reply: &Value, beginning: &str) -> bool {
    matches!(reply, Value::Error(text) if text.starts_with(beginning))
}

fn info(server: &mut Server, client: &SimClient) -> String {
    format!("{:?}", server.call(client, "INFO persistence"))
}

fn is_rewriting(server: &mut Server, client: &SimClient) -> bool {
    info(server, client).contains("aof_rewrite_in_progress:1")
}

fn manifest(sim: &Sim) -> String {
    String::from_utf8(sim.disk().bytes(MANIFEST).unwrap_or_default()).unwrap_or_default()
}

/// Names in the log's folder.
fn log_files(sim: &Sim) -> Vec<String> {
    let mut names = sim.disk().names();
    names.retain(|name| name.starts_with("appendonlydir/"));
    names.sort();
    names
}

#[test]
fn a_rewrite_leaves_a_base_and_an_increment_that_load_as_before() {
    let sim = Sim::new(1);
    sim.set_clock_tick_us(20);
    let mut server = Server::start(&sim, EVERYSEC);
    let client = server.connect();
    for number in 0..2000 {
        server.call(&client, &format!("INCR counter:{}", number % 500));
    }
    assert_eq!(server.call(&client, "BGREWRITEAOF"), started());
    let busy = server.call(&client, "BGREWRITEAOF");
    assert!(is_error(
        &busy,
        "ERR Background append only file rewriting already in progress"
    ));
    let busy = server.call(&client, "BGSAVE");
    assert!(is_error(&busy, "ERR Another child process is active"));
    let mut during = 0;
    while is_rewriting(&mut server, &client) {
        for _ in 0..5 {
            server.call(&client, &format!("INCR counter:{}", during % 600));
            during += 1;
        }
    }
    assert!(during > 5, "{during}");
    let told = info(&mut server, &client);
    for line in ["aof_rewrites:1", "aof_last_bgrewrite_status:ok"] {
        assert!(told.contains(line), "{told}");
    }
    assert_eq!(
        manifest(&sim),
        "file appendonly.aof.1.base.rdb seq 1 type b\nfile appendonly.aof.2.incr.aof seq 2 type i\n"
    );
    assert_eq!(log_files(&sim).len(), 3, "{:?}", log_files(&sim));
    for number in 0..100 {
        server.call(&client, &format!("INCR counter:{number}"));
    }
    let wanted: Vec<_> = (0..600)
        .map(|number| server.get(&format!("counter:{number}")))
        .collect();
    drop(server);
    sim.kill_process();
    let mut server = Server::start(&sim, EVERYSEC);
    for (number, wanted) in wanted.iter().enumerate() {
        assert_eq!(
            &server.get(&format!("counter:{number}")),
            wanted,
            "{number}"
        );
    }
    // And once more, now that there is a base.
    let client = server.connect();
    assert_eq!(server.call(&client, "BGREWRITEAOF"), started());
    server.run_us(500_000);
    assert!(!is_rewriting(&mut server, &client));
    assert!(manifest(&sim).starts_with("file appendonly.aof.2.base.rdb seq 2 type b\n"));
    assert_eq!(log_files(&sim).len(), 3, "{:?}", log_files(&sim));
}

/// Writes through a rewrite until the power goes off at a disk call; what was acknowledged is there.
fn power_off_at(calls: u64, cut: PowerCut, prepare: impl Fn(&Sim)) -> bool {
    let sim = Sim::new(calls);
    let mut server = Server::start(&sim, ALWAYS);
    let mut writer = Writer::new(&server);
    let client = server.connect();
    for _ in 0..5 {
        writer.send(3);
        server.run_us(5_000);
        writer.receive();
    }
    prepare(&sim);
    sim.disk().power_off_after(calls);
    let _replay = Replay(format!("power off at disk call {calls}, then {cut:?}"));
    client.send(b"BGREWRITEAOF\r\n");
    for round in 0..12 {
        writer.send(1 + round % 3);
        server.turn();
        writer.receive();
        sim.advance_us(calls * 137 % 1500);
    }
    server.run_us(700_000);
    client.send(b"BGREWRITEAOF\r\n");
    for _ in 0..4 {
        writer.send(2);
        server.run_us(5_000);
        writer.receive();
    }
    server.run_us(300_000);
    writer.receive();
    writer.survives(server, &sim, cut, ALWAYS)
}

fn cuts() -> Vec<PowerCut> {
    let mut cuts = Vec::new();
    for keep_bytes in [0, 5, 60, usize::MAX] {
        for keep_name_changes in [0, 1, 2, usize::MAX] {
            cuts.push(PowerCut {
                keep_bytes,
                are_zeros: keep_bytes == 60,
                keep_name_changes,
            });
        }
    }
    cuts
}

#[test]
fn a_power_cut_at_any_disk_call_of_a_rewrite_loses_nothing() {
    for cut in cuts() {
        let mut calls = 1;
        while power_off_at(calls, cut, |_| {}) {
            calls += 1;
        }
        assert!(calls > 40, "{calls} calls only");
    }
}

#[test]
fn failing_disk_calls_and_power_cuts_during_a_rewrite_lose_nothing() {
    let failing = [
        DiskCall::Create,
        DiskCall::Append,
        DiskCall::Sync,
        DiskCall::Rename,
        DiskCall::Remove,
        DiskCall::Truncate,
    ];
    for call in failing {
        for times in [1, 2, 3, 5] {
            for cut in cuts().into_iter().step_by(5) {
                let mut calls = 1;
                while power_off_at(calls, cut, |sim| sim.disk().fail(call, EIO, times)) {
                    calls += 2;
                }
                assert!(calls > 15, "{calls} calls only");
            }
        }
    }
}

#[test]
fn a_failed_rewrite_leaves_everything_as_it_was() {
    // The walk's file cannot be written: the log has one more increment, and all of it counts.
    let sim = Sim::new(3);
    let mut server = Server::start(&sim, EVERYSEC);
    let client = server.connect();
    for number in 0..50 {
        server.call(&client, &format!("SET key:{number} value"));
    }
    server.run_us(2_000_000);
    sim.disk().fail(DiskCall::Create, EIO, 1);
    let refused = server.call(&client, "BGREWRITEAOF");
    assert!(is_error(
        &refused,
        "ERR Can't execute an AOF background rewriting."
    ));
    assert!(info(&mut server, &client).contains("aof_last_bgrewrite_status:err"));
    let before = log_files(&sim);
    // One of the renames: that of the manifest.
    for call in [DiskCall::Rename, DiskCall::Sync] {
        assert_eq!(server.call(&client, "BGREWRITEAOF"), started());
        sim.disk().fail(call, EIO, 1);
        server.run_us(400_000);
        let told = info(&mut server, &client);
        assert!(told.contains("aof_rewrite_in_progress:0"), "{told}");
        assert!(told.contains("aof_last_bgrewrite_status:err"), "{told}");
        server.call(&client, "SET more value");
    }
    assert!(before.iter().all(|name| log_files(&sim).contains(name)));
    assert_eq!(server.call(&client, "BGREWRITEAOF"), started());
    server.run_us(400_000);
    assert!(info(&mut server, &client).contains("aof_last_bgrewrite_status:ok"));
    assert_eq!(log_files(&sim).len(), 3, "{:?}", log_files(&sim));
    drop(server);
    sim.kill_process();
    assert_eq!(Server::start(&sim, EVERYSEC).key_count(), 51);
}

#[test]
fn the_log_is_switched_on_and_off_while_the_server_runs() {
    let sim = Sim::new(4);
    let ok = Value::Simple("OK".into());
    let mut server = Server::start(&sim, &[]);
    let client = server.connect();
    for number in 0..20 {
        server.call(&client, &format!("SET key:{number} value"));
    }
    assert_eq!(server.call(&client, "CONFIG SET appendonly yes"), ok);
    server.call(&client, "INCR counter");
    server.run_us(400_000);
    let told = info(&mut server, &client);
    assert!(
        told.contains("aof_enabled:1") && told.contains("aof_rewrite_in_progress:0"),
        "{told}"
    );
    assert_eq!(
        manifest(&sim),
        "file appendonly.aof.1.base.rdb seq 1 type b\nfile appendonly.aof.1.incr.aof seq 1 type i\n"
    );
    server.call(&client, "INCR counter");
    // Off: what was logged is there, and what comes now is not.
    assert_eq!(server.call(&client, "CONFIG SET appendonly no"), ok);
    server.call(&client, "INCR counter");
    sim.power_cut(PowerCut::default());
    drop(server);
    let mut server = Server::start(&sim, EVERYSEC);
    assert_eq!(server.get("counter"), Some(b"2".to_vec()));
    assert_eq!(server.key_count(), 21);
    // Off and on again: the new log takes the place of the old one.
    let client = server.connect();
    assert_eq!(server.call(&client, "CONFIG SET appendonly no"), ok);
    server.call(&client, "INCR counter");
    assert_eq!(server.call(&client, "CONFIG SET appendonly yes"), ok);
    server.call(&client, "INCR counter");
    server.run_us(400_000);
    server.call(&client, "INCR counter");
    assert_eq!(log_files(&sim).len(), 3, "{:?}", log_files(&sim));
    server.run_us(2_000_000);
    sim.power_cut(PowerCut::default());
    drop(server);
    let mut server = Server::start(&sim, EVERYSEC);
    assert_eq!(server.get("counter"), Some(b"5".to_vec()));
}

#[test]
fn a_log_that_has_grown_is_rewritten_by_itself() {
    let sim = Sim::new(5);
    let lines = [
        "appendonly yes",
        "auto-aof-rewrite-percentage 100",
        "auto-aof-rewrite-min-size 10kb",
    ];
    let mut server = Server::start(&sim, &lines);
    let client = server.connect();
    for _ in 0..500 {
        server.call(&client, "INCR counter");
    }
    server.run_us(500_000);
    let told = info(&mut server, &client);
    assert!(told.contains("aof_rewrites:1"), "{told}");
    let size = sim.disk().bytes("appendonlydir/appendonly.aof.1.base.rdb");
    assert!(size.is_some_and(|bytes| bytes.len() < 1000));
    drop(server);
    sim.kill_process();
    let mut server = Server::start(&sim, &lines);
    assert_eq!(server.get("counter"), Some(b"500".to_vec()));
}
