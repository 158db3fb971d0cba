//! The family's tests, in process.

mod blocking;
mod ends;
mod inside;

use super::*;
use crate::resp::Protocol;
use crate::session::Local;
use crate::value::Encoding;
use proptest::prelude::*;
use std::format;
use std::string::{String, ToString};
use std::vec::Vec;

/// A server whose lists are quicklists from the fourth element on.
fn small() -> Local {
    let mut rotom = Local::new(7);
    rotom.shared.keys.limits.list_max_listpack_size = 3;
    rotom.shared.keys.effects.set_enabled(true);
    rotom
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap().replace("\r\n", " ")
}

/// Runs lines and compares each one's reply, with line ends shown as spaces.
#[track_caller]
fn expect(rotom: &mut Local, exchange: &[(&str, &str)]) {
    for (line, reply) in exchange {
        assert_eq!(text(rotom.line(line)).trim_end(), *reply, "{line}");
    }
}

fn elements(rotom: &mut Local, key: &str) -> String {
    let reply = text(rotom.line(&format!("LRANGE {key} 0 -1")));
    let words = reply.split(' ').skip(2).step_by(2);
    words.collect::<Vec<_>>().join(" ").trim_end().to_string()
}

fn encoding(rotom: &mut Local, key: &str) -> Encoding {
    let key = rotom.shared.keys.key(key.as_bytes());
    rotom.shared.keys.peek_quietly(&key).unwrap().encoding()
}

/// What went to the log, one word after the other, without lengths and without the first SELECT.
fn effects(rotom: &mut Local) -> String {
    let log = text(rotom.take_effects());
    let words = log.split(' ').filter(|word| !word.starts_with(['*', '$']));
    let words = words.collect::<Vec<_>>().join(" ");
    words.trim_start_matches("SELECT 0 ").trim_end().to_string()
}

const WRONG_TYPE: &str = "-WRONGTYPE Operation against a key holding the wrong kind of value";
const NOT_INTEGER: &str = "-ERR value is not an integer or out of range";
const SYNTAX: &str = "-ERR syntax error";

#[test]
fn a_list_changes_its_encoding_at_the_limit_and_back_at_half_of_it() {
    let mut rotom = small();
    rotom.line("RPUSH a 1 2 3");
    assert_eq!(encoding(&mut rotom, "a"), Encoding::ListListpack);
    rotom.line("RPUSH a 4");
    assert_eq!(encoding(&mut rotom, "a"), Encoding::Quicklist);
    rotom.line("LPOP a 2");
    assert_eq!(encoding(&mut rotom, "a"), Encoding::Quicklist);
    rotom.line("LPOP a");
    assert_eq!(encoding(&mut rotom, "a"), Encoding::ListListpack);
    assert_eq!(elements(&mut rotom, "a"), "4");

    // By bytes: what a listpack takes, 7 of its own included.
    rotom.shared.keys.limits.list_max_listpack_size = -1;
    let value = "v".repeat(4089);
    rotom.line(&format!("RPUSH b {value}"));
    assert_eq!(encoding(&mut rotom, "b"), Encoding::ListListpack);
    rotom.line(&format!("RPUSH c {value}v"));
    assert_eq!(encoding(&mut rotom, "c"), Encoding::Quicklist);
    rotom.line("LSET c 0 short");
    assert_eq!(encoding(&mut rotom, "c"), Encoding::ListListpack);
}

#[test]
fn every_way_of_shrinking_ends_in_a_listpack() {
    for line in [
        "LTRIM a 0 0",
        "LREM a 0 x",
        "LPOP a 5",
        "LMPOP 1 a LEFT COUNT 5",
    ] {
        let mut rotom = small();
        rotom.line("RPUSH a x x x x x y");
        rotom.line(line);
        assert_eq!(encoding(&mut rotom, "a"), Encoding::ListListpack, "{line}");
    }
    let mut rotom = small();
    rotom.line("RPUSH a 1 2 3 4");
    for _ in 0..3 {
        rotom.line("LMOVE a b LEFT RIGHT");
    }
    assert_eq!(encoding(&mut rotom, "a"), Encoding::ListListpack);
    assert_eq!(elements(&mut rotom, "b"), "1 2 3");
}

#[test]
fn big_parts_are_freed_in_slices() {
    let mut rotom = small();
    rotom.shared.keys.limits.list_max_listpack_size = 1;
    for _ in 0..200 {
        rotom.line(&format!("RPUSH a {}", "x ".repeat(50)));
    }
    rotom.line("LTRIM a 4000 4999");
    assert_eq!(rotom.line("LLEN a"), b":1000\r\n");
    assert_eq!(rotom.shared.keys.lazy_free_counts(), (2, 0));
    let mut slices = 0;
    while !rotom.shared.keys.free_some(100) {
        slices += 1;
    }
    assert!((85..=95).contains(&slices), "{slices}");
    rotom.line("LPOP a 900");
    rotom.line("LTRIM a 1 0");
    assert_eq!(rotom.shared.keys.lazy_free_counts(), (2, 2));
    assert!(rotom.shared.keys.is_empty());
}

#[test]
fn other_types_are_refused_before_anything_changes() {
    let mut rotom = small();
    rotom.line("SET s 1");
    rotom.line("RPUSH a 1");
    for line in [
        "LPUSH s 1",
        "RPUSH s 1",
        "LPUSHX s 1",
        "RPUSHX s 1",
        "LPOP s",
        "RPOP s 0",
        "LLEN s",
        "LINDEX s x",
        "LRANGE s 0 1",
        "LSET s x 1",
        "LTRIM s 0 1",
        "LREM s 0 1",
        "LINSERT s BEFORE 1 2",
        "LPOS s 1",
        "LMOVE s a LEFT LEFT",
        "LMOVE a s LEFT LEFT",
        "RPOPLPUSH s s",
        "LMPOP 1 s LEFT",
    ] {
        assert_eq!(text(rotom.line(line)).trim_end(), WRONG_TYPE, "{line}");
    }
    assert_eq!(rotom.line("LMOVE none s LEFT LEFT"), b"$-1\r\n");
    assert_eq!(elements(&mut rotom, "a"), "1");
    assert_eq!(effects(&mut rotom), "SET s 1 RPUSH a 1");
}

proptest! {
    #[test]
    fn spans_are_those_of_the_definition(start in -9i64..9, stop in -9i64..9, len in 0usize..6) {
        let at = |index: i64| if index < 0 { index + len as i64 } else { index };
        let expected: Vec<usize> = (0..len)
            .filter(|&i| (at(start)..=at(stop)).contains(&(i as i64)))
            .collect();
        prop_assert_eq!(span(start, stop, len).collect::<Vec<_>>(), expected);
        prop_assert_eq!(span(i64::MIN, i64::MAX, len), 0..len);
        prop_assert_eq!(index_in(start, len), (0..len).find(|&i| i as i64 == at(start)));
    }
}
