//! What is logged, replayed, gives the same data.

use super::*;
use crate::bytes::prng::Prng;
use std::collections::BTreeMap;

/// Every key that is not due, by database: its text and expiry.
fn contents(local: &mut Local) -> BTreeMap<(usize, String), (String, Option<u64>)> {
    let mut all = BTreeMap::new();
    for db in 0..2 {
        local.client.db = db;
        local.shared.keys.select(db);
        let keys = &local.shared.keys;
        keys.scan(0, usize::MAX, |entry| {
            if !keys.is_due(&entry) {
                let name = String::from_utf8(entry.key().to_vec()).unwrap();
                let value = format!("{:?}", entry.string());
                all.insert((db, name), (value, entry.expiry()));
            }
        });
    }
    all
}

fn replay(log: &[u8], now_ms: u64) -> Local {
    let mut local = Local::new(99);
    local.set_time_ms(now_ms);
    local.shared.keys.loading = true;
    let log = String::from_utf8(log.to_vec()).unwrap();
    for command in log.split('*').skip(1) {
        let words: Vec<&[u8]> = command
            .split("\r\n")
            .skip(2)
            .step_by(2)
            .map(str::as_bytes)
            .collect();
        match words[..] {
            [b"SELECT", db] => local.client.db = usize::from(db == b"1"),
            _ => {
                let reply = local.call(&words);
                assert_ne!(reply.first(), Some(&b'-'), "{command:?}");
            }
        }
    }
    local.shared.keys.loading = false;
    local
}

/// A random command; `?` in the template is a key, `#` a number.
fn random_command(prng: &mut Prng) -> String {
    const TEMPLATES: &[&str] = &[
        "SET ? #",
        "SET ? x",
        "SET ? # KEEPTTL",
        "SET ? # NX",
        "SET ? # XX GET",
        "SET ? # PX #",
        "SET ? # EX 1 NX",
        "SET ? # PXAT 1700000000100",
        "SETNX ? #",
        "SETEX ? 1 #",
        "PSETEX ? # x",
        "GETSET ? #",
        "GETDEL ?",
        "GETEX ? PX #",
        "GETEX ? PXAT 1700000000150",
        "GETEX ? PERSIST",
        "MSET ? # ? #",
        "MSETNX ? # ? #",
        "INCR ?",
        "DECRBY ? #",
        "INCRBYFLOAT ? 0.#",
        "APPEND ? #",
        "SETRANGE ? 3 #",
        "DEL ? ?",
        "PEXPIRE ? #",
        "EXPIRE ? -1",
        "PEXPIREAT ? 1700000000200",
        "PEXPIRE ? # GT",
        "PEXPIRE ? # NX",
        "PERSIST ?",
        "RENAME ? ?",
        "RENAMENX ? ?",
        "COPY ? ? DB 1",
        "COPY ? ? REPLACE",
        "MOVE ? 1",
        "MOVE ? 0",
        "SWAPDB 0 1",
        "FLUSHDB",
        "GET ?",
        "TTL ?",
    ];
    let template = TEMPLATES[prng.below(TEMPLATES.len() as u64) as usize];
    let mut line = String::new();
    for letter in template.chars() {
        match letter {
            '?' => line.push_str(["a", "b", "c", "d", "e", "f"][prng.below(6) as usize]),
            '#' => line.push_str(&format!("{}", prng.below(100))),
            other => line.push(other),
        }
    }
    line
}

#[test]
fn a_replayed_log_gives_the_same_data() {
    let mut prng = Prng::new(2024);
    for round in 0..60 {
        let mut rotom = local();
        let mut now_ms = NOW_MS;
        let mut log = vec![];
        let mut filled = 0;
        for _ in 0..200 {
            if prng.below(4) == 0 {
                now_ms += prng.below(20);
                rotom.set_time_ms(now_ms);
            }
            rotom.client.db = usize::from(prng.below(3) == 0);
            rotom.line(&random_command(&mut prng));
            log.append(&mut rotom.take_effects());
            if prng.below(20) == 0 {
                let want = contents(&mut rotom);
                assert_eq!(contents(&mut replay(&log, now_ms)), want, "round {round}");
                filled = filled.max(want.len());
            }
        }
        assert!(filled > 0);
    }
}
