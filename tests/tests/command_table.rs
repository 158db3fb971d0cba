#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests end the test that uses them"
)]
//! The command table beside that of a real Redis: COMMAND INFO and COMMAND DOCS of every command that both know.
//!
//! The reference is the program that `ROTOM_REFERENCE` names, else `redis-server`; without one there is nothing to
//! compare, and the test says so. [`DIFFERENCES`] lists what differs, and why; anything else is a fault.

use rotom_core::command::FAMILIES;
use rotom_core::session::Local;
use rotom_tests::reference::Reference;
use rotom_tests::reply::{Value, take_reply};
use std::collections::BTreeMap;

/// A difference that is known.
struct Known {
    /// The command's full name, or how it begins and a `*`.
    command: &'static str,
    /// What of it differs.
    field: &'static str,
    /// The references that it concerns.
    concerns: fn(&Reference) -> bool,
    #[expect(dead_code, reason = "read by whoever reads the table")]
    reason: &'static str,
}

const fn known(
    command: &'static str,
    field: &'static str,
    concerns: fn(&Reference) -> bool,
    reason: &'static str,
) -> Known {
    Known {
        command,
        field,
        concerns,
        reason,
    }
}

fn valkey(reference: &Reference) -> bool {
    reference.is_valkey
}

fn everyone(_: &Reference) -> bool {
    true
}

fn before_7_2(reference: &Reference) -> bool {
    !reference.is_valkey && reference.version < (7, 2)
}

fn before_8_2(reference: &Reference) -> bool {
    reference.is_valkey || reference.version < (8, 2)
}

fn not_redis_8(reference: &Reference) -> bool {
    reference.is_valkey || reference.version < (8, 0)
}

/// Version by version; the tables are those of Redis 8.0.
#[rustfmt::skip]
const DIFFERENCES: &[Known] = &[
    known("slowlog|get", "tokens", everyone, "WITHDETAILS is Rotom's own"),
    known("slowlog|get", "arguments", everyone, "WITHDETAILS is Rotom's own"),
    known("bitop", "arguments", before_8_2, "DIFF, DIFF1, ANDOR and ONE are new in Redis 8.2"),
    known("set", "arguments", before_8_2, "IFEQ and IFNE are new in Valkey 8.1 and Redis 8.4"),
    known("*", "arguments", before_7_2, "arguments had no display_text, and other names, before Redis 7.2"),
    known("*", "history", not_redis_8, "what is newer has come to it, and Valkey has a history of its own"),
    known("*", "tips", before_7_2, "more tips came with Redis 7.2"),
    known("command|getkeys", "arity", before_7_2, "one argument more was asked for before Redis 7.2"),
    known("command|getkeysandflags", "arity", before_7_2, "one argument more was asked for before Redis 7.2"),
    known("zrank", "arity", before_7_2, "WITHSCORE is new in Redis 7.2"),
    known("zrevrank", "arity", before_7_2, "WITHSCORE is new in Redis 7.2"),
    known("sinterstore", "key specifications", before_7_2, "the destination is overwritten: told so since Redis 7.2"),
    known("setnx", "deprecated", before_7_2, "out of favour since Redis 7.2 only"),
    known("setex", "deprecated", before_7_2, "out of favour since Redis 7.2 only"),
    known("psetex", "deprecated", before_7_2, "out of favour since Redis 7.2 only"),
    known("blmove", "flags", before_7_2, "what waits may be called from scripts since Redis 7.2"),
    known("blpop", "flags", before_7_2, "what waits may be called from scripts since Redis 7.2"),
    known("brpop", "flags", before_7_2, "what waits may be called from scripts since Redis 7.2"),
    known("brpoplpush", "flags", before_7_2, "what waits may be called from scripts since Redis 7.2"),
    known("bzpopmax", "flags", before_7_2, "what waits may be called from scripts since Redis 7.2"),
    known("bzpopmin", "flags", before_7_2, "what waits may be called from scripts since Redis 7.2"),
    known("wait", "flags", before_7_2, "what waits may be called from scripts since Redis 7.2"),
    known("wait", "categories", before_7_2, "it is told to block since Redis 7.2"),
    known("geo*", "arguments", valkey, "BYPOLYGON is Valkey's"),
    known("geo*", "key specifications", valkey, "the two tell STORE in other ways"),
    known("h*", "arguments", valkey, "fields that expire are Valkey's own invention"),
    known("h*", "flags", valkey, "fields that expire are Valkey's own invention"),
    known("h*", "categories", valkey, "fields that expire are Valkey's own invention"),
    known("h*", "tips", valkey, "fields that expire are Valkey's own invention"),
    known("h*", "arity", valkey, "fields that expire are Valkey's own invention"),
    known("h*", "key specifications", valkey, "fields that expire are Valkey's own invention"),
    known("quit", "deprecated", before_7_2, "out of favour since Redis 7.2 only"),
    known("*", "deprecated", valkey, "nothing is out of favour in Valkey any more"),
    known("hscan", "tokens", before_7_2, "NOVALUES is new in Redis 7.4"),
    known("zrank", "tokens", before_7_2, "WITHSCORE is new in Redis 7.2"),
    known("zrevrank", "tokens", before_7_2, "WITHSCORE is new in Redis 7.2"),
    known("client|kill", "tokens", before_7_2, "MAXAGE is new in Redis 7.4"),
    known("client|getname", "flags", valkey, "more goes while a script runs in Valkey"),
    known("client|id", "flags", valkey, "more goes while a script runs in Valkey"),
    known("client|no-evict", "flags", valkey, "more goes while a script runs in Valkey"),
    known("client|no-touch", "flags", valkey, "more goes while a script runs in Valkey"),
    known("client|reply", "flags", valkey, "more goes while a script runs in Valkey"),
    known("client|setinfo", "flags", valkey, "more goes while a script runs in Valkey"),
    known("client|setname", "flags", valkey, "more goes while a script runs in Valkey"),
    known("select", "flags", valkey, "more goes while a script runs in Valkey"),
    known("bitcount", "arguments", valkey, "the end may be missing in Valkey"),
    known("client|kill", "arguments", valkey, "Valkey has filters of its own"),
    known("client|list", "arguments", valkey, "Valkey has filters of its own"),
    known("shutdown", "arguments", valkey, "Valkey has an option of its own"),
    known("zscan", "arguments", valkey, "NOSCORES is Valkey's"),
];

impl Known {
    fn is_of(&self, name: &str) -> bool {
        match self.command.strip_suffix('*') {
            Some(begin) => name.starts_with(begin),
            None => name == self.command,
        }
    }
}

/// What a server tells of its commands: by full name, then by field.
type Table = BTreeMap<String, BTreeMap<&'static str, String>>;

fn table(mut ask: impl FnMut(&str) -> Value) -> Table {
    let mut table = Table::new();
    for spec in FAMILIES.iter().flat_map(|family| family.iter()) {
        for info in items(&ask(&format!("COMMAND INFO {}", spec.name))) {
            add_info(&mut table, info);
        }
        let docs = ask(&format!("COMMAND DOCS {}", spec.name));
        add_docs(&mut table, &docs);
    }
    table
}

fn add_info(table: &mut Table, info: &Value) {
    let fields = items(info);
    // A command that it does not know.
    if fields.is_empty() {
        return;
    }
    let command = table.entry(text(&fields[0])).or_default();
    command.insert("arity", shown(&fields[1]));
    command.insert("flags", in_order(&fields[2]));
    command.insert("key positions", format!("{:?}", &fields[3..6]));
    command.insert("categories", in_order(&fields[6]));
    command.insert("tips", in_order(&fields[7]));
    command.insert("key specifications", specifications(&fields[8]));
    let subcommands = items(&fields[9]);
    subcommands.iter().for_each(|sub| add_info(table, sub));
}

/// The notes, which each server words as it likes, only as being there.
fn specifications(value: &Value) -> String {
    let show = |specification: &Value| {
        let mut shown: BTreeMap<String, String> = BTreeMap::new();
        for pair in items(specification).chunks(2) {
            let name = text(&pair[0]);
            let value = match name.as_str() {
                "notes" => String::new(),
                "flags" => in_order(&pair[1]),
                _ => self::shown(&pair[1]),
            };
            shown.insert(name, value);
        }
        format!("{shown:?}")
    };
    items(value).iter().map(show).collect()
}

/// Texts that each server words as it likes are left out, or taken as being there.
fn add_docs(table: &mut Table, docs: &Value) {
    for named in items(docs).chunks(2) {
        let mut deprecated = String::new();
        let mut arguments = String::new();
        let mut tokens = String::new();
        let mut history = String::new();
        for pair in items(&named[1]).chunks(2) {
            match text(&pair[0]).as_str() {
                "subcommands" => add_docs(table, &pair[1]),
                "doc_flags" => deprecated += &in_order(&pair[1]),
                "deprecated_since" | "replaced_by" => deprecated += &shown(&pair[1]),
                "arguments" => {
                    arguments = shown(&pair[1]);
                    add_tokens(&mut tokens, &pair[1]);
                }
                "history" => {
                    let versions = items(&pair[1]).iter().map(|entry| text(&items(entry)[0]));
                    history = versions.collect::<Vec<_>>().join(" ");
                }
                _ => {}
            }
        }
        let command = table.entry(text(&named[0])).or_default();
        command.insert("deprecated", deprecated);
        command.insert("arguments", arguments);
        command.insert("tokens", tokens);
        command.insert("history", history);
    }
}

/// The tokens and keys of an argument tree, in order.
fn add_tokens(tokens: &mut String, arguments: &Value) {
    for argument in items(arguments) {
        for pair in items(argument).chunks(2) {
            match text(&pair[0]).as_str() {
                "token" => *tokens += &format!("{} ", text(&pair[1])),
                "key_spec_index" => *tokens += &format!("key {} ", shown(&pair[1])),
                "arguments" => add_tokens(tokens, &pair[1]),
                _ => {}
            }
        }
    }
}

fn items(value: &Value) -> &[Value] {
    match value {
        Value::Array(Some(items)) => items,
        _ => &[],
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::Simple(text) => text.clone(),
        Value::Bulk(Some(bytes)) => String::from_utf8(bytes.clone()).unwrap(),
        other => panic!("no text: {other:?}"),
    }
}

fn shown(value: &Value) -> String {
    format!("{value:?}")
}

fn in_order(value: &Value) -> String {
    let mut words: Vec<String> = items(value).iter().map(text).collect();
    words.sort();
    words.join(" ")
}

#[test]
fn the_table_is_that_of_a_real_server() {
    let Some(mut reference) = Reference::start() else {
        println!("no redis-server is installed: nothing to compare with");
        return;
    };
    let mut local = Local::new(1);
    let rotom = table(|text| take_reply(&mut local.line(text).to_vec()).unwrap());
    let other = table(|text| reference.ask(text));
    let mut faults = Vec::new();
    for (name, fields) in &rotom {
        let Some(others) = other.get(name) else {
            continue;
        };
        for (field, ours) in fields {
            let theirs = &others[field];
            let is_known = DIFFERENCES.iter().any(|known| {
                let is_field = known.field == *field
                    // Where a command's arguments differ, so do the tokens among them.
                    || (*field == "tokens" && known.field == "arguments" && known.command != "*");
                known.is_of(name) && is_field && (known.concerns)(&reference)
            });
            if ours != theirs && !is_known {
                faults.push(format!(
                    "{name}, {field}\n  Rotom:     {ours}\n  reference: {theirs}"
                ));
            }
        }
    }
    assert!(
        faults.is_empty(),
        "{} differences\n{}",
        faults.len(),
        faults.join("\n")
    );
    let common = rotom
        .keys()
        .filter(|name| other.contains_key(*name))
        .count();
    assert!(common > 100, "only {common} commands in common");
}
