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
fn pushes_put_the_last_value_outermost() {
    let mut rotom = small();
    expect(
        &mut rotom,
        &[
            ("RPUSH a 1 2", ":2"),
            ("LPUSH a 0 x", ":4"),
            ("LPUSHX a y", ":5"),
            ("RPUSHX a 3 4", ":7"),
            ("LPUSHX none y z", ":0"),
            ("RPUSHX none y", ":0"),
            ("LLEN a", ":7"),
            ("LLEN none", ":0"),
            (
                "LPUSH a",
                "-ERR wrong number of arguments for 'lpush' command",
            ),
        ],
    );
    assert_eq!(elements(&mut rotom, "a"), "y x 0 1 2 3 4");
    assert_eq!(
        effects(&mut rotom),
        "RPUSH a 1 2 LPUSH a 0 x LPUSHX a y RPUSHX a 3 4"
    );
    assert_eq!((rotom.shared.keys.len(), rotom.shared.keys.dirty), (1, 7));
}

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
fn pops_answer_a_string_or_an_array_or_the_right_null() {
    let mut rotom = small();
    expect(
        &mut rotom,
        &[
            ("RPUSH a 1 two 3 4 5 6", ":6"),
            ("LPOP a", "$1 1"),
            ("RPOP a", "$1 6"),
            ("LPOP a 0", "*0"),
            ("LPOP a 2", "*2 $3 two $1 3"),
            ("RPOP a 9223372036854775807", "*2 $1 5 $1 4"),
            ("LPOP a", "$-1"),
            ("RPOP a 1", "*-1"),
            ("LPOP a 0", "*-1"),
            ("LPOP a -1", "-ERR value is out of range, must be positive"),
            ("LPOP a x", "-ERR value is out of range, must be positive"),
            (
                "LPOP a 9223372036854775808",
                "-ERR value is out of range, must be positive",
            ),
            (
                "RPOP a 1 2",
                "-ERR wrong number of arguments for 'rpop' command",
            ),
            ("LPOP", "-ERR wrong number of arguments for 'lpop' command"),
        ],
    );
    assert!(rotom.shared.keys.is_empty());
    assert_eq!(
        effects(&mut rotom),
        "RPUSH a 1 two 3 4 5 6 LPOP a RPOP a LPOP a 2 RPOP a 9223372036854775807"
    );
    rotom.client.protocol = Protocol::Resp3;
    expect(&mut rotom, &[("LPOP a", "_"), ("LPOP a 1", "_")]);
}

#[test]
fn lmpop_takes_from_the_first_list_and_logs_a_pop() {
    let mut rotom = small();
    expect(
        &mut rotom,
        &[
            ("RPUSH b 1 2 3", ":3"),
            ("LMPOP 2 a b LEFT", "*2 $1 b *1 $1 1"),
            ("LMPOP 2 a b right count 10", "*2 $1 b *2 $1 3 $1 2"),
            ("LMPOP 2 a b LEFT", "*-1"),
            ("LMPOP 0 a LEFT", "-ERR numkeys should be greater than 0"),
            ("LMPOP x a LEFT", "-ERR numkeys should be greater than 0"),
            ("LMPOP 9223372036854775807 a LEFT", SYNTAX),
            ("LMPOP 2 a LEFT", SYNTAX),
            ("LMPOP 1 a UP", SYNTAX),
            ("LMPOP 1 a LEFT COUNT", SYNTAX),
            (
                "LMPOP 1 a LEFT COUNT 0",
                "-ERR count should be greater than 0",
            ),
            (
                "LMPOP 1 a LEFT COUNT -1",
                "-ERR count should be greater than 0",
            ),
            (
                "LMPOP 1 a LEFT COUNT x",
                "-ERR count should be greater than 0",
            ),
            (
                "LMPOP 1 a LEFT COUNT 0 x",
                "-ERR count should be greater than 0",
            ),
            ("LMPOP 1 a LEFT COUNT 1 COUNT 2", SYNTAX),
            ("LMPOP 1 a LEFT x 2", SYNTAX),
            ("SET s 1", "+OK"),
            ("LMPOP 2 a s LEFT", WRONG_TYPE),
        ],
    );
    assert_eq!(
        effects(&mut rotom),
        "RPUSH b 1 2 3 LPOP b 1 RPOP b 2 SET s 1"
    );
    rotom.client.protocol = Protocol::Resp3;
    expect(&mut rotom, &[("LMPOP 1 a LEFT", "_")]);
}

#[test]
fn the_keys_of_lmpop_are_found() {
    let rotom = small();
    let spec = rotom.shared.registry.command(b"lmpop").unwrap().spec;
    let found = |words: &[&str]| {
        let buffer = words.concat();
        let mut start = 0;
        let spans = words.iter().map(|word| {
            start += word.len() as u32;
            crate::resp::Span {
                start: start - word.len() as u32,
                len: word.len() as u32,
            }
        });
        let spans: Vec<_> = spans.collect();
        let args = Args::new(buffer.as_bytes(), &spans, rotom.shared.keys.hasher());
        let mut keys = Vec::new();
        spec.for_each_key(&args, &mut |index| keys.push(index));
        keys
    };
    assert_eq!(found(&["lmpop", "2", "a", "b", "LEFT"]), [2, 3]);
    for numkeys in ["-1", "x", "9223372036854775807", "4"] {
        assert!(found(&["lmpop", numkeys, "a", "b", "LEFT"]).is_empty());
    }
}

#[test]
fn elements_are_found_by_index_from_both_ends() {
    let mut rotom = small();
    expect(
        &mut rotom,
        &[
            ("RPUSH a 10 x 12 13 14 y", ":6"),
            ("LINDEX a 0", "$2 10"),
            ("LINDEX a -1", "$1 y"),
            ("LINDEX a 5", "$1 y"),
            ("LINDEX a -6", "$2 10"),
            ("LINDEX a 6", "$-1"),
            ("LINDEX a -7", "$-1"),
            ("LINDEX a -9223372036854775808", "$-1"),
            ("LINDEX a x", NOT_INTEGER),
            // As in Redis, a missing key comes before a bad index.
            ("LINDEX none x", "$-1"),
            ("LRANGE a 1 3", "*3 $1 x $2 12 $2 13"),
            ("LRANGE a -2 100", "*2 $2 14 $1 y"),
            ("LRANGE a -100 0", "*1 $2 10"),
            ("LRANGE a 3 2", "*0"),
            ("LRANGE a 6 10", "*0"),
            ("LRANGE a -100 -50", "*0"),
            (
                "LRANGE a -9223372036854775808 9223372036854775807",
                "*6 $2 10 $1 x $2 12 $2 13 $2 14 $1 y",
            ),
            ("LRANGE a 9223372036854775807 9223372036854775807", "*0"),
            ("LRANGE none 0 -1", "*0"),
            ("LRANGE none x -1", NOT_INTEGER),
            ("LRANGE a 0 1.5", NOT_INTEGER),
        ],
    );
    assert_eq!(effects(&mut rotom), "RPUSH a 10 x 12 13 14 y");
}

#[test]
fn lset_overwrites_within_the_list() {
    let mut rotom = small();
    expect(
        &mut rotom,
        &[
            ("LSET none x v", "-ERR no such key"),
            ("RPUSH a 1 2 3 4 5", ":5"),
            ("LSET a 0 first", "+OK"),
            ("LSET a -1 last", "+OK"),
            ("LSET a 2 33", "+OK"),
            ("LSET a 5 v", "-ERR index out of range"),
            ("LSET a -6 v", "-ERR index out of range"),
            ("LSET a x v", NOT_INTEGER),
        ],
    );
    assert_eq!(elements(&mut rotom, "a"), "first 2 33 4 last");
    assert_eq!(
        effects(&mut rotom),
        "RPUSH a 1 2 3 4 5 LSET a 0 first LSET a -1 last LSET a 2 33"
    );
}

#[test]
fn ltrim_keeps_a_range_or_removes_the_key() {
    let mut rotom = small();
    let kept = |range: &str| {
        let mut rotom = small();
        rotom.line("RPUSH a 1 2 3 4 5 6 7 8 9");
        assert_eq!(rotom.line(&format!("LTRIM a {range}")), b"+OK\r\n");
        elements(&mut rotom, "a")
    };
    assert_eq!(kept("0 -1"), "1 2 3 4 5 6 7 8 9");
    assert_eq!(kept("2 -3"), "3 4 5 6 7");
    assert_eq!(kept("-3 100"), "7 8 9");
    assert_eq!(kept("-100 1"), "1 2");
    for nothing in [
        "5 3",
        "9 20",
        "-20 -10",
        "9223372036854775807 -9223372036854775808",
    ] {
        assert_eq!(kept(nothing), "");
    }
    expect(
        &mut rotom,
        &[
            ("LTRIM none 0 1", "+OK"),
            ("LTRIM none x 1", NOT_INTEGER),
            ("LTRIM none 0 y", NOT_INTEGER),
            ("RPUSH a 1 2", ":2"),
            ("LTRIM a 0 -1", "+OK"),
            ("LTRIM a 2 1", "+OK"),
        ],
    );
    assert!(rotom.shared.keys.is_empty());
    // What trims nothing is not logged.
    assert_eq!(effects(&mut rotom), "RPUSH a 1 2 LTRIM a 2 1");
    assert_eq!(rotom.shared.keys.dirty, 4);
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
fn lrem_removes_from_the_side_that_the_sign_says() {
    let mut rotom = small();
    expect(
        &mut rotom,
        &[
            ("RPUSH a x 1 x 2 x 3 x 1", ":8"),
            ("LREM a 1 x", ":1"),
            ("LREM a -1 x", ":1"),
        ],
    );
    assert_eq!(elements(&mut rotom, "a"), "1 x 2 x 3 1");
    expect(
        &mut rotom,
        &[
            ("LREM a 100 1", ":2"),
            ("LREM a -9223372036854775807 none", ":0"),
            (
                "LREM a -9223372036854775808 x",
                "-ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807",
            ),
            ("LREM a x x", NOT_INTEGER),
            ("LREM none 0 x", ":0"),
        ],
    );
    assert_eq!(elements(&mut rotom, "a"), "x 2 x 3");
    expect(
        &mut rotom,
        &[
            ("LREM a 0 x", ":2"),
            ("LREM a 0 2", ":1"),
            ("LREM a 0 3", ":1"),
        ],
    );
    assert!(rotom.shared.keys.is_empty());
    assert_eq!(
        effects(&mut rotom),
        "RPUSH a x 1 x 2 x 3 x 1 LREM a 1 x LREM a -1 x LREM a 100 1 LREM a 0 x LREM a 0 2 LREM a 0 3"
    );
}

#[test]
fn linsert_goes_beside_the_first_pivot() {
    let mut rotom = small();
    expect(
        &mut rotom,
        &[
            ("LINSERT none BEFORE 1 x", ":0"),
            ("LINSERT none BESIDE 1 x", SYNTAX),
            ("RPUSH a 1 2", ":2"),
            ("LINSERT a before 1 0", ":3"),
            ("LINSERT a AFTER 2 3", ":4"),
            ("LINSERT a AFTER 1 x", ":5"),
            ("LINSERT a BEFORE 3 x", ":6"),
            ("LINSERT a AFTER x y", ":7"),
            ("LINSERT a AFTER none y", ":-1"),
            (
                "LINSERT a AFTER x",
                "-ERR wrong number of arguments for 'linsert' command",
            ),
        ],
    );
    assert_eq!(elements(&mut rotom, "a"), "0 1 x y 2 x 3");
    assert_eq!(rotom.shared.keys.dirty, 7);
}

#[test]
fn lpos_knows_rank_count_and_maxlen() {
    for limit in [3, 128] {
        let mut rotom = Local::new(7);
        rotom.shared.keys.limits.list_max_listpack_size = limit;
        expect(
            &mut rotom,
            &[
                ("RPUSH a a b c 1 2 3 c c", ":8"),
                ("LPOS a c", ":2"),
                ("LPOS a 1", ":3"),
                ("LPOS a none", "$-1"),
                ("LPOS a c RANK 2", ":6"),
                ("LPOS a c RANK 4", "$-1"),
                ("LPOS a c RANK -1", ":7"),
                ("LPOS a c RANK -3", ":2"),
                ("LPOS a c COUNT 2", "*2 :2 :6"),
                ("LPOS a c COUNT 0", "*3 :2 :6 :7"),
                ("LPOS a c COUNT 0 RANK 2", "*2 :6 :7"),
                ("LPOS a c COUNT 2 RANK -1", "*2 :7 :6"),
                ("LPOS a none COUNT 0", "*0"),
                ("LPOS a c MAXLEN 2", "$-1"),
                ("LPOS a c MAXLEN 3", ":2"),
                ("LPOS a c maxlen 7 count 0", "*2 :2 :6"),
                ("LPOS a c MAXLEN 2 COUNT 0 RANK -1", "*2 :7 :6"),
                ("LPOS a c MAXLEN 0", ":2"),
                ("LPOS a c RANK 9223372036854775807", "$-1"),
                (
                    "LPOS a c COUNT 9223372036854775807 MAXLEN 9223372036854775807",
                    "*3 :2 :6 :7",
                ),
                ("LPOS none c", "$-1"),
                ("LPOS none c COUNT 1", "*0"),
            ],
        );
    }
}

#[test]
fn lpos_has_errors_of_its_own() {
    let mut rotom = small();
    expect(
        &mut rotom,
        &[
            (
                "LPOS a c RANK 0",
                "-ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... or use negative to start from the end of the list",
            ),
            (
                "LPOS a c RANK -9223372036854775808",
                "-ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807",
            ),
            ("LPOS a c RANK x", NOT_INTEGER),
            ("LPOS a c COUNT -1", "-ERR COUNT can't be negative"),
            ("LPOS a c COUNT x", "-ERR COUNT can't be negative"),
            ("LPOS a c MAXLEN -1", "-ERR MAXLEN can't be negative"),
            ("LPOS a c RANK", SYNTAX),
            ("LPOS a c COUNT 1 MAXLEN", SYNTAX),
            ("LPOS a c FOO 1", SYNTAX),
        ],
    );
    rotom.client.protocol = Protocol::Resp3;
    expect(&mut rotom, &[("LPOS a c", "_")]);
}

#[test]
fn moves_take_from_one_end_and_put_at_another() {
    let mut rotom = small();
    expect(
        &mut rotom,
        &[
            ("RPUSH a 1 2 3 4 5", ":5"),
            ("RPOPLPUSH a b", "$1 5"),
            ("LMOVE a b LEFT RIGHT", "$1 1"),
            ("LMOVE a b right left", "$1 4"),
            ("LMOVE a b LEFT LEFT", "$1 2"),
            ("LMOVE none b LEFT LEFT", "$-1"),
            ("LMOVE a b UP LEFT", SYNTAX),
            ("LMOVE a b LEFT UP", SYNTAX),
            (
                "LMOVE a b LEFT",
                "-ERR wrong number of arguments for 'lmove' command",
            ),
            ("RPOPLPUSH a b", "$1 3"),
            ("LLEN a", ":0"),
        ],
    );
    assert_eq!(elements(&mut rotom, "b"), "3 2 4 5 1");
    assert_eq!(
        effects(&mut rotom),
        "RPUSH a 1 2 3 4 5 RPOPLPUSH a b LMOVE a b LEFT RIGHT LMOVE a b right left LMOVE a b LEFT LEFT RPOPLPUSH a b"
    );
    assert_eq!((rotom.shared.keys.len(), rotom.shared.keys.dirty), (1, 10));
}

#[test]
fn a_list_moved_onto_itself_rotates() {
    let mut rotom = small();
    expect(
        &mut rotom,
        &[
            ("RPUSH a 1", ":1"),
            ("RPOPLPUSH a a", "$1 1"),
            ("LMOVE a a LEFT LEFT", "$1 1"),
            ("RPUSH a 2 3 4", ":4"),
            ("RPOPLPUSH a a", "$1 4"),
            ("LMOVE a a LEFT RIGHT", "$1 4"),
            ("LMOVE a a LEFT RIGHT", "$1 1"),
            ("LMOVE a a RIGHT RIGHT", "$1 1"),
        ],
    );
    assert_eq!(elements(&mut rotom, "a"), "2 3 4 1");
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
