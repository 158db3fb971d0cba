//! Checking a log and cutting it, as `rotom-server --check-aof` does.

use rotom_core::persist::check::{check_log, fix_log};
use rotom_tests::log::batch;
use rotom_tests::reply::line;
use rotom_tests::server::Server;
use rotom_tests::sim::Sim;

const ON: &[&str] = &["appendonly yes"];
const NAMES: [&str; 3] = ["base.aof", "one.aof", "two.aof"];
const MANIFEST_NAME: &str = "appendonly.aof.manifest";

/// A base and two increments: commands 0 and 1, batches 1 and 2, batches 3 and 4.
fn disk() -> Sim {
    let sim = Sim::new(1);
    let disk = sim.disk();
    let push = |number: u64| line(&format!("RPUSH list {number}"));
    let manifest =
        "file base.aof seq 1 type b\nfile one.aof seq 1 type i\nfile two.aof seq 2 type i\n";
    disk.put(
        &format!("appendonlydir/{MANIFEST_NAME}"),
        manifest.as_bytes(),
    );
    let files = [
        [push(0), push(1)].concat(),
        [batch(1, &push(2)), batch(2, &push(3))].concat(),
        [batch(3, &push(4)), batch(4, &push(5))].concat(),
    ];
    for (name, bytes) in NAMES.iter().zip(files) {
        disk.put(&format!("appendonlydir/{name}"), &bytes);
    }
    sim
}

/// The lines of the report.
fn report(sim: &Sim) -> (bool, String) {
    let log = check_log(&mut sim.storage(), "appendonlydir", MANIFEST_NAME).expect("a log");
    let lines: Vec<String> = log.files.iter().map(ToString::to_string).collect();
    (log.is_good(), lines.join("\n"))
}

fn fix(sim: &Sim) -> Vec<String> {
    let mut storage = sim.storage();
    let log = check_log(&mut storage, "appendonlydir", MANIFEST_NAME).expect("a log");
    let mut said = Vec::new();
    fix_log(&mut storage, &log, &mut |line| said.push(line)).expect("it can be fixed");
    assert!(report(sim).0, "a fixed log is good");
    said
}

fn list_len(sim: &Sim) -> String {
    let mut server = Server::start(sim, ON);
    let client = server.connect();
    let len = format!("{:?}", server.call(&client, "LLEN list"));
    drop(server);
    sim.kill_process();
    len
}

fn path(name: &str) -> String {
    format!("appendonlydir/{name}")
}

#[test]
fn a_good_log_is_good_and_stays_as_it_is() {
    let sim = disk();
    let (is_good, text) = report(&sim);
    assert!(is_good, "{text}");
    assert!(
        text.contains("2 commands, 2 batches (numbers 3 to 4): ok"),
        "{text}"
    );
    assert!(fix(&sim).is_empty());
    assert_eq!(sim.disk().names().len(), 4);
    assert_eq!(list_len(&sim), ":6");
}

#[test]
fn a_damaged_last_file_is_cut_and_what_is_cut_is_kept() {
    let sim = disk();
    let whole = sim.disk().bytes(&path("two.aof")).unwrap();
    let fourth = whole.len() / 2;
    sim.disk()
        .edit(&path("two.aof"), |bytes| bytes[fourth + 50] ^= 1);
    let damaged = sim.disk().bytes(&path("two.aof")).unwrap();
    let (is_good, text) = report(&sim);
    let wanted = format!(
        "damaged at offset {fourth}, after batch 3: the checksum of batch 4 does not match"
    );
    assert!(!is_good && text.contains(&wanted), "{text}");
    let said = fix(&sim);
    assert_eq!(said.len(), 1, "{said:?}");
    let kept = path(&format!("two.aof.cut-at-{fourth}"));
    assert_eq!(sim.disk().bytes(&kept).as_deref(), Some(&damaged[fourth..]));
    assert_eq!(
        sim.disk().bytes(&path("two.aof")).as_deref(),
        Some(&whole[..fourth])
    );
    assert_eq!(list_len(&sim), ":5");
}

#[test]
fn what_follows_a_damaged_file_leaves_the_log_and_is_kept() {
    let sim = disk();
    let second = sim.disk().bytes(&path("two.aof")).unwrap();
    sim.disk().edit(&path("one.aof"), |bytes| bytes[3] ^= 1);
    let said = fix(&sim);
    assert_eq!(said.len(), 2, "{said:?}");
    assert_eq!(sim.disk().bytes(&path("two.aof.cut-at-0")), Some(second));
    assert_eq!(list_len(&sim), ":2");
}

#[test]
fn forms_without_batches_are_checked_too() {
    for (bytes, reason) in [
        (line("MULTI"), "a transaction is not ended"),
        (line("EXEC"), "EXEC without MULTI"),
        (
            [line("MULTI"), line("MULTI")].concat(),
            "MULTI within a transaction",
        ),
        (
            b"*1\r\n$4\r\nPI".to_vec(),
            "the file ends before this is complete",
        ),
        (b"PING\r\n".to_vec(), "a command must begin with '*'"),
        (vec![0; 50], "a command must begin with '*'"),
    ] {
        let sim = disk();
        let len = sim.disk().bytes(&path("two.aof")).unwrap().len();
        sim.disk()
            .edit(&path("two.aof"), |log| log.extend_from_slice(&bytes));
        let (is_good, text) = report(&sim);
        assert!(!is_good && text.contains(reason), "{text}");
        assert!(text.contains(&format!("damaged at offset {len}")), "{text}");
        fix(&sim);
        assert_eq!(list_len(&sim), ":6");
    }
}

#[test]
fn a_missing_file_is_named() {
    let sim = disk();
    let mut storage = sim.storage();
    rotom_core::platform::Storage::remove(&mut storage, &path("one.aof")).unwrap();
    let error = check_log(&mut storage, "appendonlydir", MANIFEST_NAME).unwrap_err();
    assert_eq!(error, "one.aof: No such file or directory");
}
