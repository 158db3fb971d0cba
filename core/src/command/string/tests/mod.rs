//! The string commands, in process.

mod compare;
mod number;
mod part;
mod set;

use crate::keyspace::Entry;
use crate::session::Local;
use crate::value::List;
use std::string::String;
use std::vec::Vec;
use std::{format, vec};

const OK: &str = "+OK\r\n";
const NIL: &str = "$-1\r\n";
const SYNTAX: &str = "-ERR syntax error\r\n";
const WRONG_TYPE: &str = "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n";
const NOT_INTEGER: &str = "-ERR value is not an integer or out of range\r\n";
const NOW_MS: u64 = 1_700_000_000_000;

/// A client at a fixed time, whose effects and events are watched; the key `list` holds a list.
fn local() -> Local {
    let mut local = Local::new(7);
    local.set_time_ms(NOW_MS);
    let key = local.shared.keys.key(b"list");
    let entry = Entry::with_value(b"list", List::default(), None);
    local.shared.keys.insert_new(&key, entry);
    local.shared.keys.effects.set_enabled(true);
    local.shared.keys.events.clear();
    local
}

fn check(local: &mut Local, lines: &[(&str, &str)]) {
    for (line, reply) in lines {
        let got = String::from_utf8(local.line(line)).unwrap();
        assert_eq!(got, *reply, "{line}");
    }
}

fn bulk(text: &str) -> String {
    format!("${}\r\n{text}\r\n", text.len())
}

fn encoding(local: &mut Local, key: &str) -> &'static str {
    let key = local.shared.keys.key(key.as_bytes());
    let entry = local.shared.keys.peek_quietly(&key).unwrap();
    entry.encoding_name()
}

/// The commands logged since the last call, without SELECT, their words joined.
fn effects(local: &mut Local) -> Vec<String> {
    let bytes = String::from_utf8(local.take_effects()).unwrap();
    let mut commands = vec![];
    for command in bytes.split('*').skip(1) {
        let words: Vec<&str> = command.split("\r\n").skip(2).step_by(2).collect();
        commands.push(words.join(" "));
    }
    commands.retain(|command| !command.starts_with("SELECT"));
    commands
}

/// The events told since the last call: `name:key`.
fn events(local: &mut Local) -> Vec<String> {
    let events = local.shared.keys.events.take_names();
    let shown = |(_, event, key): (usize, &str, Vec<u8>)| {
        format!("{event}:{}", String::from_utf8(key).unwrap())
    };
    events.into_iter().map(shown).collect()
}
