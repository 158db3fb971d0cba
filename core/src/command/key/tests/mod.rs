//! The key and database commands, in process.

mod acknowledge;
mod dump;
mod expire;
mod relocate;
mod replay;
mod walk;

use crate::keyspace::Entry;
use crate::session::Local;
use crate::value::List;
use std::string::String;
use std::vec::Vec;
use std::{format, vec};

const OK: &str = "+OK\r\n";
const NIL: &str = "$-1\r\n";
const NO: &str = ":0\r\n";
const YES: &str = ":1\r\n";
const SYNTAX: &str = "-ERR syntax error\r\n";
const NOT_INTEGER: &str = "-ERR value is not an integer or out of range\r\n";
const NOW_MS: u64 = 1_700_000_000_000;

/// A client at a fixed time, whose effects and events are watched.
fn local() -> Local {
    let mut local = Local::new(7);
    local.set_time_ms(NOW_MS);
    local.shared.keys.effects.set_enabled(true);
    local
}

fn add_list(local: &mut Local, name: &str) {
    let key = local.shared.keys.key(name.as_bytes());
    let entry = Entry::with_value(name.as_bytes(), List::default(), None);
    local.shared.keys.insert_new(&key, entry);
}

fn check(local: &mut Local, lines: &[(&str, &str)]) {
    for (line, reply) in lines {
        let got = String::from_utf8(local.line(line)).unwrap();
        assert_eq!(got, *reply, "{line}");
    }
}

/// The commands logged since the last call, their words joined.
fn effects(local: &mut Local) -> Vec<String> {
    let bytes = String::from_utf8(local.take_effects()).unwrap();
    let mut commands = vec![];
    for command in bytes.split('*').skip(1) {
        let words: Vec<&str> = command.split("\r\n").skip(2).step_by(2).collect();
        commands.push(words.join(" "));
    }
    commands
}

/// The events told since the last call: `db:name:key`.
fn events(local: &mut Local) -> String {
    let events = local.shared.keys.events.take_names();
    let shown = |(db, event, key): (usize, &str, Vec<u8>)| {
        format!("{db}:{event}:{}", String::from_utf8(key).unwrap())
    };
    let shown: Vec<String> = events.into_iter().map(shown).collect();
    shown.join(" ")
}

/// Forgets effects and events so far, and lets the log's reader be in database 0.
fn forget(local: &mut Local) {
    local.line("SET forget 1");
    local.line("DEL forget");
    local.take_effects();
    events(local);
}

#[test]
fn deleting_and_counting() {
    let mut rotom = local();
    add_list(&mut rotom, "list");
    check(
        &mut rotom,
        &[
            ("MSET a 1 b 2 c 3 d 4", OK),
            ("EXISTS a b a nokey list", ":4\r\n"),
            ("TOUCH a b a nokey", ":3\r\n"),
            ("TYPE a", "+string\r\n"),
            ("TYPE list", "+list\r\n"),
            ("TYPE nokey", "+none\r\n"),
            ("DBSIZE", ":5\r\n"),
        ],
    );
    forget(&mut rotom);
    check(&mut rotom, &[("DEL nokey", NO)]);
    assert_eq!(
        (effects(&mut rotom), events(&mut rotom)),
        (vec![], String::new())
    );
    check(
        &mut rotom,
        &[
            ("DEL a nokey a b", ":2\r\n"),
            ("UNLINK c list", ":2\r\n"),
            ("DBSIZE", ":1\r\n"),
        ],
    );
    assert_eq!(effects(&mut rotom), ["DEL a nokey a b", "UNLINK c list"]);
    assert_eq!(events(&mut rotom), "0:del:a 0:del:b 0:del:c 0:del:list");
    assert_eq!(rotom.shared.keys.counters.misses, 3);
}

#[test]
fn touch_moves_the_access_clock_and_looking_does_not() {
    let mut rotom = local();
    rotom.line("SET a 1");
    let clock = |rotom: &mut Local| {
        let key = rotom.shared.keys.key(b"a");
        rotom.shared.keys.peek_quietly(&key).unwrap().clock()
    };
    let before = clock(&mut rotom);
    rotom.set_time_ms(NOW_MS + 5000);
    for line in ["TYPE a", "EXISTS a", "TTL a", "SCAN 0", "KEYS *"] {
        rotom.line(line);
        assert_eq!(clock(&mut rotom), before, "{line}");
    }
    rotom.line("TOUCH a");
    assert!(clock(&mut rotom) > before);
}

#[test]
fn flushing() {
    let mut rotom = local();
    rotom.client.db = 3;
    rotom.line("MSET a 1 b 2");
    rotom.client.db = 0;
    rotom.line("MSET a 1 b 2 c 3");
    forget(&mut rotom);
    let dirty = rotom.shared.keys.dirty;
    check(
        &mut rotom,
        &[
            ("FLUSHDB NOW", SYNTAX),
            ("FLUSHALL SYNC ASYNC", SYNTAX),
            ("FLUSHALL ''", SYNTAX),
            ("DBSIZE", ":3\r\n"),
            ("FLUSHDB async", OK),
            ("DBSIZE", NO),
        ],
    );
    assert_eq!(rotom.shared.keys.dirty - dirty, 3);
    assert_eq!(rotom.shared.keys.database_len(3), (2, 0));
    check(&mut rotom, &[("FLUSHALL SYNC", OK), ("FLUSHDB", OK)]);
    assert_eq!(rotom.shared.keys.database_len(3), (0, 0));
    // Logged even when there was nothing to remove.
    assert_eq!(effects(&mut rotom), ["FLUSHDB", "FLUSHALL", "FLUSHDB"]);
    while !rotom.shared.keys.free_some(100) {}
}

#[test]
fn swapping_databases() {
    let mut rotom = local();
    let out = "-ERR DB index is out of range\r\n";
    check(
        &mut rotom,
        &[
            ("SET a 1 EX 10", OK),
            ("SWAPDB x 1", "-ERR invalid first DB index\r\n"),
            ("SWAPDB 4294967296 1", "-ERR invalid first DB index\r\n"),
            ("SWAPDB 0 1.5", "-ERR invalid second DB index\r\n"),
            ("SWAPDB 0 16", out),
            ("SWAPDB -1 0", out),
            ("SWAPDB 0 0", OK),
            ("GET a", "$1\r\n1\r\n"),
        ],
    );
    forget(&mut rotom);
    check(
        &mut rotom,
        &[("SWAPDB 0 1", OK), ("GET a", NIL), ("DBSIZE", NO)],
    );
    assert_eq!(rotom.shared.keys.database_len(1), (1, 1));
    assert_eq!(effects(&mut rotom), ["SWAPDB 0 1"]);
}
