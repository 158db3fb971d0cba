//! Starting from a log: torn tails, damage, missing files, manifests of all kinds, Redis's files.

use rotom_core::persist::LoadError;
use rotom_core::platform::IoError;
use rotom_tests::reply::{Value, line, request};
use rotom_tests::server::{Server, settings};
use rotom_tests::sim::{DiskCall, PowerCut, Sim};

const ON: &[&str] = &["appendonly yes", "appendfsync always"];
const FOLDER: &str = "appendonlydir";
const INCR_1: &str = "appendonlydir/appendonly.aof.1.incr.aof";
const MANIFEST: &str = "appendonlydir/appendonly.aof.manifest";
const ONE_FILE: &str = "file appendonly.aof.1.incr.aof seq 1 type i\n";

/// A disk with one incr file of these bytes.
fn disk_with(log: &[u8]) -> Sim {
    let sim = Sim::new(1);
    sim.disk().put(INCR_1, log);
    sim.disk().put(MANIFEST, ONE_FILE.as_bytes());
    sim
}

fn load_error(sim: &Sim, lines: &[&str]) -> LoadError {
    let outcome = Server::try_start(sim, settings(lines)).err();
    sim.kill_process();
    outcome.expect("the log must not load")
}

/// The file and the offset of what is damaged.
fn damage(error: &LoadError) -> (&str, u64) {
    match error {
        LoadError::Damaged { file, offset, .. } | LoadError::Rdb { file, offset, .. } => {
            (file, *offset)
        }
        other => unreachable!("not damage: {other}"),
    }
}

fn pushes(count: usize) -> Vec<Vec<u8>> {
    let mut commands = vec![line("SELECT 0")];
    for number in 0..count {
        commands.push(line(&format!("RPUSH list element:{number}")));
    }
    commands
}

fn list_len(server: &mut Server) -> usize {
    let client = server.connect();
    match server.call(&client, "LLEN list") {
        Value::Int(len) => len as usize,
        other => unreachable!("LLEN answers {other:?}"),
    }
}

/// The length of the list after loading, and after another start.
fn loaded_list_len(sim: &Sim) -> usize {
    let mut lens = [0; 2];
    for len in &mut lens {
        let mut server = Server::start(sim, ON);
        *len = list_len(&mut server);
        drop(server);
        sim.kill_process();
    }
    assert_eq!(lens[0], lens[1], "a second start finds something else");
    lens[0]
}

#[test]
fn a_tail_torn_at_any_byte_is_cut_there() {
    let commands = pushes(8);
    let log = commands.concat();
    for len in 0..=log.len() {
        for zeros in [0, 1, 7, 100, 5000] {
            let mut torn = log[..len].to_vec();
            torn.resize(len + zeros, 0);
            let sim = disk_with(&torn);
            let mut whole = 0;
            let mut count = 0;
            for command in &commands {
                if whole + command.len() <= len {
                    whole += command.len();
                    count += 1;
                }
            }
            assert_eq!(
                loaded_list_len(&sim),
                usize::max(count, 1) - 1,
                "{len} + {zeros}"
            );
            assert_eq!(sim.disk().bytes(INCR_1).unwrap(), &log[..whole]);
        }
    }
}

#[test]
fn a_torn_transaction_is_cut_as_a_whole() {
    let head = pushes(2).concat();
    let body = [line("MULTI"), line("RPUSH list a"), line("RPUSH list b")].concat();
    let exec = line("EXEC");
    let log = [&head[..], &body, &exec, &line("RPUSH list c")].concat();
    for len in head.len()..=log.len() {
        let sim = disk_with(&log[..len]);
        let expected = if len == log.len() {
            5
        } else if len >= head.len() + body.len() + exec.len() {
            4
        } else {
            2
        };
        assert_eq!(loaded_list_len(&sim), expected, "cut at {len}");
        // What comes after the cut is no part of the transaction.
        let mut server = Server::start(&sim, ON);
        let client = server.connect();
        server.call(&client, "RPUSH list z");
        drop(server);
        sim.kill_process();
        assert_eq!(loaded_list_len(&sim), expected + 1, "cut at {len}");
    }
}

#[test]
fn a_transaction_may_change_the_database() {
    let log = [
        line("SELECT 0"),
        line("MULTI"),
        line("SELECT 2"),
        line("SET key 1"),
        line("EXEC"),
        line("SET key 2"),
    ];
    let mut server = Server::start(&disk_with(&log.concat()), ON);
    let client = server.connect();
    server.call(&client, "SELECT 2");
    assert_eq!(
        server.call(&client, "GET key"),
        Value::Bulk(Some(b"2".to_vec()))
    );
}

#[test]
fn a_torn_tail_stops_the_start_when_the_setting_says_so() {
    let log = pushes(3).concat();
    let sim = disk_with(&log[..log.len() - 1]);
    let error = load_error(&sim, &["appendonly yes", "aof-load-truncated no"]);
    let last = line("RPUSH list element:2").len();
    assert_eq!(damage(&error), (INCR_1, (log.len() - last) as u64));
    assert_eq!(
        sim.disk().bytes(INCR_1).unwrap(),
        &log[..log.len() - 1],
        "nothing is cut"
    );
}

#[test]
fn damage_in_the_middle_stops_the_start_and_tells_where() {
    let commands = pushes(5);
    let log = commands.concat();
    let offset = commands[..3].concat().len();
    let mut cases: Vec<(usize, u8)> = vec![(0, b'+'), (0, 0), (1, b'x'), (4, b'!'), (5, b'-')];
    // The name of the command, and the CRLF after it.
    cases.extend([(8, b'Q'), (13, b'x'), (14, b'x')]);
    for (at, byte) in cases {
        let mut damaged = log.clone();
        damaged[offset + at] = byte;
        let sim = disk_with(&damaged);
        let error = load_error(&sim, ON);
        assert_eq!(damage(&error), (INCR_1, offset as u64), "{at}: {error}");
        assert_eq!(sim.disk().bytes(INCR_1), Some(damaged), "nothing is cut");
        assert!(error.to_string().contains(&format!("at offset {offset}")));
    }
    // Zeros that bytes follow are no torn tail.
    let mut damaged = log.clone();
    damaged[offset..offset + 30].fill(0);
    assert_eq!(
        damage(&load_error(&disk_with(&damaged), ON)).1,
        offset as u64
    );
}

#[test]
fn what_no_server_logs_is_refused() {
    let cases: &[&[u8]] = &[
        b"*0\r\n",
        b"*1\r\n$4\r\nPING\r\n*1\r\n$8\r\nSHUTDOWN\r\n",
        b"*2\r\n$3\r\nGET\r\n$1\r\nx",
        b"PING\r\n",
        b"*1\r\n$4\r\nEXEC\r\n",
        b"*1\r\n$5\r\nMULTI\r\n*1\r\n$5\r\nMULTI\r\n*1\r\n$4\r\nEXEC\r\n",
        b"*3\r\n$3\r\nSET\r\n$1\r\na\r\n",
    ];
    for case in cases {
        let is_torn = matches!(case, [.., b'x'] | [.., b'a', b'\r', b'\n']);
        let log = [case, &line("SET after 1")[..]].concat();
        let outcome = Server::try_start(&disk_with(&log), settings(ON));
        assert!(outcome.is_err() || is_torn, "{:?}", case.escape_ascii());
    }
}

/// A log of 16 databases is not put into fewer ones.
#[test]
fn a_database_that_is_not_there_stops_the_start() {
    let first = line("SET a 1");
    let log = [&first[..], &line("SELECT 9"), &line("SET a 2")].concat();
    let error = load_error(&disk_with(&log), &["appendonly yes", "databases 4"]);
    assert_eq!(damage(&error), (INCR_1, first.len() as u64));
    assert!(
        format!("{error}").contains("DB index is out of range"),
        "{error}"
    );
    assert!(Server::try_start(&disk_with(&log), settings(ON)).is_ok());
}

#[test]
fn claimed_lengths_beyond_the_end_are_a_torn_tail_at_once() {
    for claim in [
        "$4294967295",
        "$4294967290\r\nabc",
        "*1048576",
        "*1000000\r\n$3\r\nSET",
    ] {
        let mut log = pushes(2).concat();
        let whole = log.len();
        if claim.starts_with('$') {
            log.extend(b"*2\r\n$3\r\nGET\r\n");
        }
        log.extend(claim.as_bytes());
        log.extend(b"\r\n");
        let sim = disk_with(&log);
        assert_eq!(loaded_list_len(&sim), 2);
        assert_eq!(sim.disk().bytes(INCR_1).unwrap().len(), whole);
    }
}

#[test]
fn annotations_are_skipped_and_one_without_end_is_damage() {
    let mut commands = pushes(4);
    for at in (0..4).rev() {
        commands.insert(at, format!("#note {}\r\n", "x".repeat(at)).into_bytes());
    }
    let log = commands.concat();
    assert_eq!(loaded_list_len(&disk_with(&log)), 4);
    let sim = disk_with(&[&log[..], b"#TS:17000"].concat());
    assert_eq!(loaded_list_len(&sim), 4);
    assert_eq!(sim.disk().bytes(INCR_1).unwrap(), log);
    let endless = [&log[..], b"#", &[b'x'; 5000]].concat();
    assert_eq!(
        damage(&load_error(&disk_with(&endless), ON)).1,
        log.len() as u64
    );
}

#[test]
fn big_values_and_long_commands_load() {
    let big = vec![b'v'; 5 << 20];
    let mut words: Vec<&[u8]> = vec![b"RPUSH", b"list"];
    words.resize(300_002, b"element");
    let log = [
        request(&[b"SET", b"big", &big]),
        request(&words),
        line("SET small 1"),
    ];
    let mut server = Server::start(&disk_with(&log.concat()), ON);
    assert_eq!(server.get("big"), Some(big));
    assert_eq!(server.get("small"), Some(b"1".to_vec()));
    assert_eq!(list_len(&mut server), 300_000);
}

#[test]
fn many_files_load_in_order() {
    let sim = Sim::new(1);
    let mut manifest = String::from("# a comment\nfile the_base.aof seq 3 type b\n");
    sim.disk()
        .put(&format!("{FOLDER}/the_base.aof"), &line("RPUSH list base"));
    for number in 4..60 {
        manifest += &format!("file \"incr {number}\" seq {number} type i startoffset 77\r\n");
        let log = [line("SELECT 0"), line(&format!("RPUSH list {number}"))];
        sim.disk()
            .put(&format!("{FOLDER}/incr {number}"), &log.concat());
    }
    manifest += "file old.aof seq 2 type h\n";
    sim.disk()
        .put(&format!("{FOLDER}/old.aof"), b"not looked at");
    sim.disk()
        .put(&format!("{FOLDER}/unknown"), b"neither is this");
    sim.disk().put(MANIFEST, manifest.as_bytes());

    let mut server = Server::start(&sim, ON);
    let client = server.connect();
    let Value::Array(Some(items)) = server.call(&client, "LRANGE list 0 -1") else {
        unreachable!("LRANGE answers a list");
    };
    let expected = (4..60).map(|number: u32| number.to_string());
    let expected: Vec<String> = ["base".to_owned()].into_iter().chain(expected).collect();
    let found: Vec<String> = items
        .iter()
        .map(|item| format!("{item:?}").replace('"', ""))
        .collect();
    assert_eq!(found, expected);
    // History goes, what is unknown stays, and the last file is gone on with.
    let names = sim.disk().names();
    assert!(
        !names.iter().any(|name| name.ends_with("old.aof")),
        "{names:?}"
    );
    assert!(
        names.iter().any(|name| name.ends_with("unknown")),
        "{names:?}"
    );
    server.call(&client, "RPUSH list new");
    drop(server);
    sim.power_cut(PowerCut::default());
    let last = sim.disk().bytes(&format!("{FOLDER}/incr 59")).unwrap();
    assert!(last.ends_with(&line("RPUSH list new")));
    assert_eq!(loaded_list_len(&sim), 58);
    // What was loaded is not counted as what clients did.
    let mut server = Server::start(&sim, ON);
    let client = server.connect();
    let stats = format!("{:?}", server.call(&client, "INFO stats"));
    assert!(stats.contains("total_commands_processed:1\\r"), "{stats}");
}

#[test]
fn a_file_that_is_not_the_last_must_be_whole() {
    let log = pushes(3).concat();
    let sim = disk_with(&log[..log.len() - 1]);
    let second = format!("{FOLDER}/appendonly.aof.2.incr.aof");
    sim.disk().put(&second, &pushes(1).concat());
    let manifest = format!("{ONE_FILE}file appendonly.aof.2.incr.aof seq 2 type i\n");
    sim.disk().put(MANIFEST, manifest.as_bytes());
    let last = line("RPUSH list element:2").len();
    let error = load_error(&sim, ON);
    assert_eq!(damage(&error), (INCR_1, (log.len() - last) as u64));

    // Unless the next one goes on before the tear.
    let whole = log.len() - last;
    let continued = [
        format!("#rotom:continues-at:{whole}\r\n").into_bytes(),
        line("RPUSH list next"),
    ];
    sim.disk().put(&second, &continued.concat());
    assert_eq!(loaded_list_len(&sim), 3);
    assert_eq!(sim.disk().bytes(INCR_1).unwrap().len(), whole);
    // But then all that counts must be there.
    sim.disk().edit(INCR_1, |bytes| bytes.truncate(whole - 3));
    assert_eq!(damage(&load_error(&sim, ON)).0, INCR_1);
    sim.disk().edit(INCR_1, Vec::clear);
    assert_eq!(damage(&load_error(&sim, ON)).0, INCR_1);
}

#[test]
fn a_missing_file_stops_the_start() {
    let sim = disk_with(&pushes(1).concat());
    let manifest = format!("{ONE_FILE}file appendonly.aof.2.incr.aof seq 2 type i\n");
    sim.disk().put(MANIFEST, manifest.as_bytes());
    let file = format!("{FOLDER}/appendonly.aof.2.incr.aof");
    let error = IoError::NOT_FOUND;
    assert_eq!(load_error(&sim, ON), LoadError::Io { file, error });
}

#[test]
fn a_missing_manifest_does_not_have_the_log_overwritten() {
    let log = pushes(3).concat();
    let sim = Sim::new(1);
    sim.disk().put(INCR_1, &log);
    let error = load_error(&sim, ON);
    assert!(error.to_string().contains("is missing"), "{error}");
    assert_eq!(sim.disk().bytes(INCR_1), Some(log));
    // An empty file is what a crash at the very first start leaves.
    sim.disk().put(INCR_1, b"");
    assert_eq!(loaded_list_len(&sim), 0);
}

#[test]
fn damaged_manifests_stop_the_start() {
    let cases: &[&[u8]] = &[
        b"",
        b"\n\n",
        b"file appendonly.aof.1.incr.aof seq 1 type",
        b"file appendonly.aof.1.incr.aof seq 0 type i\n",
        b"file appendonly.aof.1.incr.aof seq 99999999999999999999 type i\n",
        b"file appendonly.aof.1.incr.aof type i\n",
        b"file ../dump seq 1 type i\n",
        b"file a seq 2 type i\nfile b seq 2 type i\n",
        b"file a seq 1 type b\nfile b seq 2 type b\n",
        b"\0\0\0\0",
        b"*2\r\n$6\r\nSELECT\r\n",
    ];
    for case in cases {
        let sim = disk_with(&pushes(1).concat());
        sim.disk().put(MANIFEST, case);
        let error = load_error(&sim, ON);
        let text = case.escape_ascii();
        assert!(matches!(error, LoadError::Manifest(_)), "{text}: {error}");
    }
    let sim = disk_with(b"");
    sim.disk()
        .put(MANIFEST, &ONE_FILE.as_bytes().repeat(50_000));
    assert!(matches!(load_error(&sim, ON), LoadError::Manifest(_)));
}

#[test]
fn a_manifest_without_increment_gets_one() {
    let sim = Sim::new(1);
    let base = format!("{FOLDER}/appendonly.aof.7.base.aof");
    sim.disk().put(&base, &pushes(2).concat());
    let manifest = "file appendonly.aof.7.base.aof seq 7 type b\n";
    sim.disk().put(MANIFEST, manifest.as_bytes());
    assert_eq!(loaded_list_len(&sim), 2);
    let text = sim.disk().bytes(MANIFEST).unwrap();
    let expected = format!("{manifest}file appendonly.aof.7.incr.aof seq 7 type i\n");
    assert_eq!(String::from_utf8(text).unwrap(), expected);
}

#[test]
fn a_base_in_rdb_format_is_named_as_what_it_is() {
    for (magic, usable) in [(&b"REDIS0011\xfa\x09redis-ver"[..], 9), (b"VALKEY080", 9)] {
        let sim = Sim::new(1);
        let base = format!("{FOLDER}/appendonly.aof.1.base.rdb");
        sim.disk().put(&base, magic);
        sim.disk().put(INCR_1, &pushes(2).concat());
        let manifest = format!("file appendonly.aof.1.base.rdb seq 1 type b\n{ONE_FILE}");
        sim.disk().put(MANIFEST, manifest.as_bytes());
        let error = load_error(&sim, ON);
        assert_eq!(damage(&error), (base.as_str(), usable));
        assert!(error.to_string().contains("RDB file"), "{error}");
    }
}

#[test]
fn the_single_file_of_an_old_server_is_taken_over() {
    let log = pushes(3).concat();
    for calls in 1..12 {
        let sim = Sim::new(1);
        sim.disk().put("appendonly.aof", &log);
        sim.disk().power_off_after(calls);
        drop(Server::try_start(&sim, settings(ON)));
        for keep_name_changes in [0, 1] {
            sim.power_cut(PowerCut {
                keep_name_changes,
                ..PowerCut::default()
            });
        }
        assert_eq!(loaded_list_len(&sim), 3, "power off at call {calls}");
        let names = sim.disk().names();
        assert!(
            names.contains(&format!("{FOLDER}/appendonly.aof")),
            "{names:?}"
        );
        assert!(!names.contains(&"appendonly.aof".to_owned()), "{names:?}");
    }
    let sim = Sim::new(1);
    sim.disk().put("appendonly.aof", b"REDIS0009");
    let moved = format!("{FOLDER}/appendonly.aof");
    assert_eq!(damage(&load_error(&sim, ON)), (moved.as_str(), 9));
    assert!(sim.disk().names().contains(&moved));
}

#[test]
fn a_disk_that_cannot_be_read_or_written_stops_the_start() {
    let calls = [
        DiskCall::Create,
        DiskCall::Open,
        DiskCall::Read,
        DiskCall::Sync,
    ];
    for call in calls {
        let sim = disk_with(&pushes(3).concat());
        sim.disk().fail(call, IoError(5), u32::MAX);
        let error = load_error(&sim, ON);
        assert!(matches!(error, LoadError::Io { .. }), "{call:?}: {error}");
        sim.disk().heal();
        assert_eq!(loaded_list_len(&sim), 3, "{call:?}");
    }
}
