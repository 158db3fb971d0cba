//! A snapshot is the state at its beginning, whatever happens while it is made.

use super::{SnapshotOptions, SnapshotStep};
use crate::bytes::prng::Prng;
use crate::codec::rdb::{Event, FileReader, crc64};
use crate::keyspace::{Entry, Keyspace, Loading};
use crate::session::Local;
use std::collections::BTreeMap;
use std::format;
use std::string::String;
use std::vec::Vec;

const NOW_MS: u64 = 1_700_000_000_000;
const DATABASES: usize = 3;

/// What all keys of all databases hold: database and key to contents, type and times.
type State = BTreeMap<(usize, String), Vec<String>>;

fn state(rotom: &mut Local) -> State {
    let mut state = State::new();
    for db in 0..DATABASES {
        rotom.line(&format!("SELECT {db}"));
        let keys = String::from_utf8(rotom.line("KEYS *")).unwrap();
        for key in keys.lines().skip(2).step_by(2) {
            state.insert((db, key.into()), contents(rotom, key));
        }
    }
    rotom.line("SELECT 0");
    state
}

fn contents(rotom: &mut Local, key: &str) -> Vec<String> {
    let mut ask = |line: String| String::from_utf8(rotom.line(&line)).unwrap();
    let kind = ask(format!("TYPE {key}"));
    let read = match kind.trim_end() {
        "+string" => format!("GET {key}"),
        "+list" => format!("LRANGE {key} 0 -1"),
        "+set" => format!("SMEMBERS {key}"),
        "+zset" => format!("ZRANGE {key} 0 -1 WITHSCORES"),
        "+hash" => format!("HGETALL {key}"),
        other => panic!("{other}"),
    };
    let reply = ask(read);
    let mut lines: Vec<String> = reply.lines().map(String::from).collect();
    if kind.trim_end() == "+hash" {
        lines.push(ask(format!("HPEXPIRETIME {key} FIELDS 2 f1 f2")));
    }
    if kind.trim_end() != "+list" {
        lines.sort();
    }
    lines.push(ask(format!("PEXPIRETIME {key}")));
    lines.push(kind);
    lines
}

/// Makes something happen to some key.
fn change(rotom: &mut Local, prng: &mut Prng, keys: u64) {
    let db = prng.below(DATABASES as u64);
    let (key, other) = (prng.below(keys), prng.below(keys));
    let (n, m) = (prng.below(1000), prng.below(3));
    let line = match prng.below(40) {
        0..4 => format!("SET s{key} {n}"),
        4 => format!("SETRANGE s{key} {n} some-text"),
        5 => format!("SETRANGE s{key} 70000 end"),
        6..9 => format!("HSET h{key} f{m} {n} g{n} {m}"),
        9 => format!("HPEXPIRE h{key} {n} FIELDS 1 f{m}"),
        10..12 => format!("RPUSH l{key} {n} b c d"),
        12 => format!("LPOP l{key} 2"),
        13..15 => format!("SADD t{key} {n} a{m}"),
        15 => format!("SREM t{key} a0 a1 a2"),
        16..18 => format!("ZADD z{key} {n} m{n} {m} b"),
        18 => format!("ZREMRANGEBYRANK z{key} 0 1"),
        19..22 => format!("DEL s{key} h{key} l{key} t{key} z{key}"),
        22 => format!("PEXPIRE s{key} {n}"),
        23 => format!("PEXPIRE h{key} {n}"),
        24 => format!("PERSIST s{key}"),
        25 => format!("RENAME z{key} z{other}"),
        26 => format!("RENAME s{key} s{other}"),
        27 => format!("MOVE t{key} {m}"),
        28 => format!("COPY h{key} h{other} DB {m} REPLACE"),
        29 if n < 30 => "FLUSHDB".into(),
        29 => format!("SWAPDB {m} {db}"),
        30 if n < 10 => "FLUSHALL".into(),
        31..33 => format!("APPEND s{key} more"),
        33 => format!("SUNIONSTORE t{key} t{other} t{n}"),
        34 => format!("INCR n{key}"),
        35 => format!("HDEL h{key} f0 f1"),
        // Big values of every type.
        36 => {
            let many: String = (0..200).map(|i| format!(" {i} x{}", i * 7)).collect();
            let command = ["ZADD z", "HSET h", "SADD t", "RPUSH l"][prng.below(4) as usize];
            let long = if m == 0 {
                "y".repeat(9000)
            } else {
                String::new()
            };
            format!(
                "{command}{key}{many}{}",
                if m == 0 { format!(" 7 {long}") } else { long }
            )
        }
        37 => {
            let now_ms = rotom.shared.keys.now_ms;
            rotom.set_time_ms(now_ms + n);
            rotom.shared.keys.expire_some(20);
            return;
        }
        _ => format!("GET s{key}"),
    };
    rotom.line(&format!("SELECT {db}"));
    rotom.line(&line);
}

/// Loads a file into a client of its own, at the same time.
fn load(file: &[u8], now_ms: u64) -> Local {
    let mut rotom = Local::new(9);
    rotom.set_time_ms(now_ms);
    let keys: &mut Keyspace = &mut rotom.shared.keys;
    let (limits, mut reader, mut loading) =
        (keys.limits, FileReader::new(true), Loading::default());
    let mut at = 0;
    loop {
        match reader.next(&limits).unwrap() {
            Event::Key(read) => {
                let entry = Entry::with_loaded(read.key, read.value, read.expiry_ms).unwrap();
                loading.push(keys, entry, read.usage).unwrap();
            }
            Event::More(_) => {
                let (_, room) = reader.room();
                let count = room.len().min(file.len() - at);
                assert!(count > 0, "the file ends early");
                room[..count].copy_from_slice(&file[at..at + count]);
                reader.filled(count);
                at += count;
            }
            Event::Select(db) => {
                loading.flush(keys).unwrap();
                keys.select(db as usize);
            }
            Event::End { is_summed } => {
                assert!(is_summed && at == file.len());
                break;
            }
            _ => {}
        }
    }
    loading.flush(keys).unwrap();
    rotom
}

/// What was put into a snapshot, with its checksum.
fn finish(rotom: &mut Local, file: &mut Vec<u8>) {
    while rotom.shared.keys.step_snapshot() == SnapshotStep::More {}
    take(rotom, file);
    file.extend(crc64::update(0, file).to_le_bytes());
    assert!(rotom.shared.keys.end_snapshot());
}

fn take(rotom: &mut Local, file: &mut Vec<u8>) {
    file.append(rotom.shared.keys.snapshot_output().unwrap());
}

fn run(seed: u64, keys: u64, before: u64, steps_per_change: u64) {
    let mut prng = Prng::new(seed);
    let mut rotom = Local::new(seed);
    rotom.set_time_ms(NOW_MS);
    for _ in 0..before {
        change(&mut rotom, &mut prng, keys);
    }
    for round in 0..3 {
        let (expected, now_ms) = (state(&mut rotom), rotom.shared.keys.now_ms);
        let options = SnapshotOptions {
            compress: round == 1,
            write_usage: round == 2,
            aux: Vec::from([("redis-ver", b"7.2.0".to_vec())]),
        };
        assert!(rotom.shared.keys.begin_snapshot(&options));
        assert!(!rotom.shared.keys.begin_snapshot(&options));
        let mut file = Vec::new();
        let mut is_over = false;
        while !is_over {
            change(&mut rotom, &mut prng, keys);
            rotom.shared.keys.free_some(3);
            for _ in 0..prng.below(steps_per_change + 1) {
                is_over |= rotom.shared.keys.step_snapshot() == SnapshotStep::Done;
            }
            take(&mut rotom, &mut file);
        }
        finish(&mut rotom, &mut file);
        rotom.shared.keys.check().unwrap();
        let found = state(&mut load(&file, now_ms));
        assert!(found == expected, "seed {seed}, round {round}");
    }
}

#[test]
fn a_snapshot_of_few_keys_is_the_state_at_its_beginning() {
    for seed in 0..40 {
        run(seed, 12, 300, 1);
    }
}

#[test]
fn a_snapshot_of_more_keys_is_the_state_at_its_beginning() {
    for seed in 100..108 {
        run(seed, 400, 4000, 3);
    }
}

#[test]
fn big_values_are_written_in_slices_and_what_changes_meanwhile_waits() {
    let mut rotom = Local::new(1);
    rotom.set_time_ms(NOW_MS);
    for i in 0..20_000 {
        rotom.line(&format!("ZADD big {i} member-{i}"));
        rotom.line(&format!("SADD other {i} x"));
    }
    for i in 0..100 {
        rotom.line(&format!("SET s{i} old"));
    }
    let expected = state(&mut rotom);
    rotom
        .shared
        .keys
        .begin_snapshot(&SnapshotOptions::default());
    let (mut file, mut longest, mut steps) = (Vec::new(), 0, 0);
    loop {
        let step = rotom.shared.keys.step_snapshot();
        let out = rotom.shared.keys.snapshot_output().unwrap();
        longest = longest.max(out.len());
        file.append(out);
        steps += 1;
        rotom.line(&format!("SET s{} new", steps % 100));
        if steps == 8 {
            rotom.line("ZADD big 1 new-member");
            rotom.line("DEL other");
        }
        if step == SnapshotStep::Done {
            break;
        }
    }
    finish(&mut rotom, &mut file);
    assert!(state(&mut load(&file, NOW_MS)) == expected);
    assert!(steps > 10, "{steps}");
    let plain = state(&mut rotom);
    assert!(plain != expected);
    // The next one finds no stamp of the first.
    rotom
        .shared
        .keys
        .begin_snapshot(&SnapshotOptions::default());
    let mut file = Vec::new();
    finish(&mut rotom, &mut file);
    assert!(state(&mut load(&file, NOW_MS)) == plain);
}
