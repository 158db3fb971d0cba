//! Batches of the log: numbers over restarts and files, cuts and flipped bits at every place, gaps, other servers' lines.

use rotom_core::persist::LoadError;
use rotom_tests::log::{batch, batches, commands_only};
use rotom_tests::reply::{Value, line, request};
use rotom_tests::server::{Server, settings};
use rotom_tests::sim::Sim;

const ON: &[&str] = &["appendonly yes", "appendfsync always"];
const INCR_1: &str = "appendonlydir/appendonly.aof.1.incr.aof";
const INCR_2: &str = "appendonlydir/appendonly.aof.2.incr.aof";
const MANIFEST: &str = "appendonlydir/appendonly.aof.manifest";
const ONE_FILE: &str = "file appendonly.aof.1.incr.aof seq 1 type i\n";
const TWO_FILES: &str = "file appendonly.aof.1.incr.aof seq 1 type i\n\
                         file appendonly.aof.2.incr.aof seq 2 type i\n";
/// How much of the end of a log is tried.
const TAIL: usize = 4096;

fn disk_with(log: &[u8]) -> Sim {
    let sim = Sim::new(1);
    sim.disk().put(INCR_1, log);
    sim.disk().put(MANIFEST, ONE_FILE.as_bytes());
    sim
}

fn refusal(sim: &Sim, lines: &[&str]) -> (u64, String) {
    let outcome = Server::try_start(sim, settings(lines)).err();
    sim.kill_process();
    match outcome.expect("the log must not load") {
        LoadError::Damaged { offset, reason, .. } => (offset, reason),
        other => unreachable!("{other}"),
    }
}

/// Starts and tells how long the list is, whose elements must be 0, 1, 2, ...
fn list_len(sim: &Sim, lines: &[&str]) -> Option<usize> {
    let server = Server::try_start(sim, settings(lines));
    let mut server = match server {
        Ok(server) => server,
        Err(_) => {
            sim.kill_process();
            return None;
        }
    };
    let client = server.connect();
    let Value::Array(Some(items)) = server.call(&client, "LRANGE list 0 -1") else {
        unreachable!("no list");
    };
    for (number, item) in items.iter().enumerate() {
        assert_eq!(item, &Value::Bulk(Some(number.to_string().into_bytes())));
    }
    drop(server);
    sim.kill_process();
    Some(items.len())
}

/// A log that a server wrote: pushes to a list, one to three a turn, and text that looks like a log.
fn written(pushes: usize) -> Vec<u8> {
    let sim = Sim::new(1);
    let mut server = Server::start(&sim, ON);
    let client = server.connect();
    let lookalike = batch(3, &line("RPUSH list x"));
    client.send(&request(&[b"SET", b"text", &lookalike]));
    server.replies(&client, 1);
    let mut number = 0;
    while number < pushes {
        let some = (1 + number % 3).min(pushes - number);
        for _ in 0..some {
            client.send(&line(&format!("RPUSH list {number}")));
            number += 1;
        }
        server.replies(&client, some);
    }
    sim.disk().bytes(INCR_1).expect("the log")
}

/// How many pushes there are in the batches before `offset`, and where they end.
fn pushes_before(log: &[u8], offset: usize) -> (usize, usize) {
    let (mut pushes, mut end) = (0, 0);
    for (at, _, commands) in batches(log) {
        let next = at + batch(0, &commands).len();
        if next > offset {
            break;
        }
        let text = String::from_utf8_lossy(&commands);
        pushes += text.matches("RPUSH\r\n$4\r\nlist\r\n").count()
            - text.matches("list\r\n$1\r\nx").count();
        end = next;
    }
    (pushes, end)
}

#[test]
fn a_turn_is_a_batch_and_numbers_go_on_over_restarts() {
    let sim = Sim::new(1);
    for round in 0..3 {
        let mut server = Server::start(&sim, ON);
        let client = server.connect();
        client.send(&[line("RPUSH list a"), line("GET x"), line("RPUSH list b")].concat());
        server.replies(&client, 3);
        server.call(&client, "RPUSH list c");
        drop(server);
        sim.kill_process();
        let numbers: Vec<u64> = batches(&sim.disk().bytes(INCR_1).unwrap())
            .iter()
            .map(|batch| batch.1)
            .collect();
        assert_eq!(numbers, (1..=2 * (round + 1)).collect::<Vec<u64>>());
    }
}

#[test]
fn the_log_cut_at_each_of_its_last_bytes_loads_up_to_the_last_whole_batch() {
    let log = written(150);
    assert!(log.len() > TAIL + 1000, "{}", log.len());
    for len in log.len() - TAIL..=log.len() {
        let sim = disk_with(&log[..len]);
        let (pushes, end) = pushes_before(&log, len);
        assert_eq!(list_len(&sim, ON), Some(pushes), "cut at {len}");
        assert_eq!(sim.disk().bytes(INCR_1).unwrap(), &log[..end]);
        if len != end {
            let strict = ["appendonly yes", "aof-load-truncated no"];
            let (offset, reason) = refusal(&disk_with(&log[..len]), &strict);
            assert_eq!(offset, end as u64);
            assert!(reason.contains("aof-load-truncated"), "{reason}");
        }
    }
}

#[test]
fn a_flipped_bit_is_never_overlooked() {
    let log = written(150);
    let last_start = batches(&log).last().unwrap().0;
    let tail = log.len() - TAIL;
    for byte in (tail..log.len()).step_by(3) {
        // Every bit of some bytes, one bit of the others.
        let bits = if byte % 32 == 0 || byte > log.len() - 120 {
            0..8
        } else {
            byte % 8..byte % 8 + 1
        };
        for bit in bits {
            let mut damaged = log.clone();
            damaged[byte] ^= 1 << bit;
            let (pushes, end) = pushes_before(&log, byte);
            let sim = disk_with(&damaged);
            match list_len(&sim, ON) {
                None => {
                    assert_eq!(
                        sim.disk().bytes(INCR_1),
                        Some(damaged.clone()),
                        "nothing is cut"
                    );
                    assert_eq!(refusal(&sim, ON).0, end as u64, "byte {byte} bit {bit}");
                }
                // The length of the last batch may have become greater than the file: then it is a torn one.
                Some(len) => {
                    assert!(byte >= last_start, "byte {byte} bit {bit} was overlooked");
                    assert_eq!(len, pushes);
                }
            }
            let most = format!("aof-load-corrupt-tail-max-size {}", log.len() - end + 1);
            let sim = disk_with(&damaged);
            assert_eq!(
                list_len(&sim, &["appendonly yes", &most]),
                Some(pushes),
                "byte {byte} bit {bit}"
            );
            assert_eq!(sim.disk().bytes(INCR_1).unwrap(), &log[..end]);
            let less = format!("aof-load-corrupt-tail-max-size {}", log.len() - end);
            if end < last_start {
                refusal(&disk_with(&damaged), &["appendonly yes", &less]);
            }
        }
    }
}

#[test]
fn damage_tells_what_follows() {
    let log = written(30);
    let all = batches(&log);
    let (start, number, _) = all[5].clone();
    let mut damaged = log.clone();
    damaged[start + 60] ^= 1;
    let (offset, reason) = refusal(&disk_with(&damaged), ON);
    assert_eq!(offset, start as u64);
    assert!(
        reason.contains(&format!("the checksum of batch {number} does not match")),
        "{reason}"
    );
    let after = all.len() - 6;
    let last = all.last().unwrap().1;
    assert!(
        reason.contains(&format!("{after} intact batches up to number {last}")),
        "{reason}"
    );
    // A length that leads beyond the end is no torn tail when batches follow.
    let mut damaged = log.clone();
    damaged[start + 20] = b'f';
    let (offset, reason) = refusal(&disk_with(&damaged), ON);
    assert_eq!(offset, start as u64);
    assert!(reason.contains("beyond the end of the file;"), "{reason}");
}

#[test]
fn a_missing_batch_or_file_is_said() {
    let log = written(30);
    let all = batches(&log);
    let (fifth, sixth) = (all[4].0, all[5].0);
    let without = [&log[..fifth], &log[sixth..]].concat();
    let (offset, reason) = refusal(&disk_with(&without), ON);
    assert_eq!(offset, fifth as u64);
    assert!(
        reason.starts_with("batch 6 comes after batch 4: 1 batches are missing"),
        "{reason}"
    );

    let sim = disk_with(&log[..fifth]);
    sim.disk().put(INCR_2, &log[sixth..]);
    sim.disk().put(MANIFEST, TWO_FILES.as_bytes());
    let error = Server::try_start(&sim, settings(ON)).err().unwrap();
    let text = error.to_string();
    assert!(
        text.contains(INCR_2) && text.contains("after batch 4"),
        "{text}"
    );
    assert!(text.contains("--check-aof appendonlydir"), "{text}");
    sim.kill_process();
    sim.disk().put(INCR_2, &log[fifth..]);
    assert_eq!(list_len(&sim, ON), Some(30));
}

#[test]
fn a_torn_end_of_a_file_that_is_not_the_last_is_refused() {
    let log = written(30);
    let fifth = batches(&log)[4].0;
    let sim = disk_with(&log[..fifth - 1]);
    sim.disk().put(INCR_2, &log[fifth..]);
    sim.disk().put(MANIFEST, TWO_FILES.as_bytes());
    let (_, reason) = refusal(&sim, ON);
    assert!(reason.contains("not the last"), "{reason}");
}

#[test]
fn what_other_servers_append_is_read_and_numbers_go_on() {
    let mut log = written(6);
    let last = batches(&log).last().unwrap().1;
    log.extend(
        [
            &b"#TS:1700000000\r\n"[..],
            &line("SELECT 0"),
            &line("RPUSH list 6"),
        ]
        .concat(),
    );
    let sim = disk_with(&log);
    assert_eq!(list_len(&sim, ON), Some(7));
    let mut server = Server::start(&sim, ON);
    let client = server.connect();
    server.call(&client, "RPUSH list 7");
    drop(server);
    sim.kill_process();
    let added = sim.disk().bytes(INCR_1).unwrap()[log.len()..].to_vec();
    assert_eq!(batches(&added)[0].1, last + 1);
    assert_eq!(list_len(&sim, ON), Some(8));
}

#[test]
fn annotations_can_be_switched_off_and_on() {
    let sim = Sim::new(1);
    let mut server = Server::start(
        &sim,
        &[
            "appendonly yes",
            "appendfsync always",
            "aof-checksum-enabled no",
        ],
    );
    let client = server.connect();
    server.call(&client, "RPUSH list 0");
    let plain = [line("SELECT 0"), line("RPUSH list 0")].concat();
    assert_eq!(sim.disk().bytes(INCR_1), Some(plain.clone()));
    server.call(&client, "CONFIG SET aof-checksum-enabled yes");
    server.call(&client, "RPUSH list 1");
    let log = sim.disk().bytes(INCR_1).unwrap();
    assert_eq!(commands_only(&log[plain.len()..]), line("RPUSH list 1"));
    server.call(&client, "CONFIG SET aof-checksum-enabled no");
    server.call(&client, "RPUSH list 2");
    let log = sim.disk().bytes(INCR_1).unwrap();
    assert!(
        log.ends_with(&[b"RPUSH list 1", &b""[..]].concat())
            || log.ends_with(&line("RPUSH list 2"))
    );
    drop(server);
    sim.kill_process();
    assert_eq!(list_len(&sim, ON), Some(3));
}

#[test]
fn a_long_turn_is_several_batches() {
    let sim = Sim::new(1);
    let mut server = Server::start(&sim, ON);
    let client = server.connect();
    let value = vec![b'v'; 30_000];
    for number in 0..200 {
        client.send(&request(&[
            b"SET",
            format!("key:{number}").as_bytes(),
            &value,
        ]));
    }
    server.replies(&client, 200);
    let log = sim.disk().bytes(INCR_1).unwrap();
    let longest = batches(&log).iter().map(|batch| batch.2.len()).max();
    assert!(longest < Some(4 << 20), "{longest:?}");
    drop(server);
    sim.kill_process();
    assert_eq!(Server::start(&sim, ON).key_count(), 200);
}

#[test]
fn clients_are_told_while_the_log_is_loaded() {
    let log: Vec<u8> = (0..20_000)
        .flat_map(|n| line(&format!("SET key:{n} {n}")))
        .collect();
    let sim = disk_with(&log);
    sim.set_clock_tick_us(20);
    let mut server = Server::begin(&sim, ON);
    let client = server.connect();
    let mut turns = 0;
    let mut percents = Vec::new();
    while server.engine.is_loading() {
        client.send(
            &[
                line("ECHO x"),
                line("GET key:1"),
                line("SET a 1"),
                line("INFO persistence"),
            ]
            .concat(),
        );
        let replies = server.replies(&client, 4);
        if !server.engine.is_loading() {
            break;
        }
        turns += 1;
        assert_eq!(replies[0], Value::Bulk(Some(b"x".to_vec())));
        let loading = Value::Error("LOADING Redis is loading the dataset in memory".into());
        assert_eq!(replies[1..3], [loading.clone(), loading]);
        let Value::Bulk(Some(info)) = &replies[3] else {
            panic!("{replies:?}");
        };
        let info = String::from_utf8_lossy(info);
        assert!(info.contains("\r\nloading:1\r\n"), "{info}");
        let total = format!("\r\nloading_total_bytes:{}\r\n", log.len());
        assert!(info.contains(&total), "{info}");
        let percent = info.split("loading_loaded_perc:").nth(1).unwrap();
        percents.push(
            percent
                .split("\r\n")
                .next()
                .unwrap()
                .parse::<f64>()
                .unwrap(),
        );
    }
    assert!(turns > 10 && percents.is_sorted(), "{percents:?}");
    assert_eq!(server.get("key:19999"), Some(b"19999".to_vec()));
    let info = format!("{:?}", server.call(&client, "INFO"));
    assert!(
        info.contains("loading:0") && !info.contains("loading_total"),
        "{info}"
    );
    // What the log did is not what clients did.
    assert!(info.contains("rdb_changes_since_last_save:0"), "{info}");
    assert!(info.contains("total_connections_received:2"), "{info}");
}

#[test]
fn a_damaged_log_ends_the_server_that_loads_it_while_it_serves() {
    let mut log: Vec<u8> = (0..20_000)
        .flat_map(|n| line(&format!("SET key:{n} {n}")))
        .collect();
    log.extend_from_slice(b"what is this\r\n");
    let sim = disk_with(&log);
    sim.set_clock_tick_us(20);
    let mut server = Server::begin(&sim, ON);
    let client = server.connect();
    assert!(server.call(&client, "PING").is_error("LOADING"));
    while server.turn().is_none() {}
    assert!(matches!(
        server.engine.load_error(),
        Some(LoadError::Damaged { .. })
    ));
    assert!(client.is_closed_by_server());
}
