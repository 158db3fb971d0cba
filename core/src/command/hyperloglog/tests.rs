//! The HyperLogLog commands, in process.

use crate::command::collection::testing::{effects, expect};
use crate::session::Local;
use std::format;
use std::string::String;
use std::vec::Vec;

const WRONG_TYPE: &str = "-WRONGTYPE Operation against a key holding the wrong kind of value|";
const NO_HYPERLOGLOG: &str = "-WRONGTYPE Key is not a valid HyperLogLog string value.|";
const CORRUPT: &str = "-INVALIDOBJ Corrupted HLL object detected|";

fn rotom() -> Local {
    let mut local = Local::new(5);
    local.line("RPUSH list x");
    local.line("MSET int 123 text some-text-that-is-not-one empty ''");
    local.shared.keys.effects.set_enabled(true);
    local
}

/// The reply to GET, without its length.
fn bytes(rotom: &mut Local, key: &str) -> Vec<u8> {
    let reply = rotom.call(&[b"GET", key.as_bytes()]);
    let start = reply.iter().position(|&byte| byte == b'\n').unwrap() + 1;
    reply[start..reply.len() - 2].to_vec()
}

#[test]
fn elements_are_added_and_counted() {
    let mut rotom = rotom();
    expect(
        &mut rotom,
        &[
            ("PFADD h", ":1|"),
            ("PFADD h", ":0|"),
            ("PFADD h a b c d e f g", ":1|"),
            ("PFADD h a b ''", ":1|"),
            ("PFADD h a b ''", ":0|"),
            ("PFCOUNT h", ":8|"),
            ("PFCOUNT h", ":8|"),
            ("PFCOUNT nokey", ":0|"),
            ("PFADD g e f x", ":1|"),
            ("PFCOUNT h g nokey", ":9|"),
            ("PFMERGE sum h g nokey", "+OK|"),
            ("PFCOUNT sum", ":9|"),
            ("PFMERGE none", "+OK|"),
            ("PFCOUNT none", ":0|"),
            ("TYPE h", "+string|"),
            ("OBJECT ENCODING h", "$3|raw|"),
        ],
    );
    assert_eq!(
        effects(&mut rotom),
        [
            "PFADD h",
            "PFADD h a b c d e f g",
            "PFADD h a b",
            "PFCOUNT h",
            "PFADD g e f x",
            "PFMERGE sum h g nokey",
            "PFCOUNT sum",
            "PFMERGE none",
            "PFCOUNT none",
        ]
    );
}

#[test]
fn the_bytes_are_those_of_redis() {
    let mut rotom = rotom();
    rotom.line("PFADD h a b c");
    // What Redis 8.0.6 answers to GET.
    let mut expected = b"HYLL\x01\0\0\0\0\0\0\0\0\0\0\x80".to_vec();
    expected.extend_from_slice(REDIS_ABC);
    assert_eq!(bytes(&mut rotom, "h"), expected);
    rotom.line("PFCOUNT h");
    expected[8] = 3;
    expected[15] = 0;
    assert_eq!(bytes(&mut rotom, "h"), expected);
}

const REDIS_ABC: &[u8] = b"\x60\xf3\x80\x50\xb1\x84\x4b\xfb\x80\x42\x5a";

#[test]
fn what_is_no_hyperloglog_stays_as_it_is() {
    let mut rotom = rotom();
    for (key, error) in [
        ("list", WRONG_TYPE),
        ("int", NO_HYPERLOGLOG),
        ("text", NO_HYPERLOGLOG),
        ("empty", NO_HYPERLOGLOG),
    ] {
        for command in [
            format!("PFADD {key} a"),
            format!("PFADD {key}"),
            format!("PFCOUNT {key}"),
            format!("PFCOUNT new {key}"),
            format!("PFMERGE {key}"),
            format!("PFMERGE new {key}"),
            format!("PFDEBUG ENCODING {key}"),
            format!("PFDEBUG WHAT {key}"),
        ] {
            expect(&mut rotom, &[(&command, error)]);
        }
    }
    expect(
        &mut rotom,
        &[
            ("MGET int empty", "*2|$3|123|$0||"),
            ("EXISTS new", ":0|"),
            (
                "PFADD",
                "-ERR wrong number of arguments for 'pfadd' command|",
            ),
        ],
    );
    assert!(effects(&mut rotom).is_empty());
}

#[test]
fn faulty_runs_are_found_before_anything_changes() {
    let mut rotom = rotom();
    let header = b"HYLL\x01\0\0\0\0\0\0\0\0\0\0\x80";
    for tail in [&b""[..], b"\x7f", b"\x40\x00", b"\x80\x80"] {
        let value = [&header[..], tail].concat();
        rotom.call(&[b"SET", b"bad", &value]);
        rotom.take_effects();
        expect(
            &mut rotom,
            &[
                ("PFADD bad a b c d e f g h", CORRUPT),
                ("PFCOUNT bad", CORRUPT),
                ("PFCOUNT bad new", CORRUPT),
                ("PFMERGE new bad", CORRUPT),
                ("PFMERGE bad", CORRUPT),
                ("PFDEBUG TODENSE bad", CORRUPT),
                ("EXISTS new", ":0|"),
            ],
        );
        assert_eq!(bytes(&mut rotom, "bad"), value);
        assert!(rotom.take_effects().is_empty());
    }
    // As in Redis, a fault behind what an element needs goes unseen.
    rotom.call(&[b"SET", b"bad", &[&header[..], b"\x7f\xff\x00"].concat()]);
    expect(
        &mut rotom,
        &[("PFADD bad a b c", ":1|"), ("PFCOUNT bad", CORRUPT)],
    );
}

#[test]
fn the_limit_of_sparse_ones_is_a_setting() {
    let mut rotom = rotom();
    expect(
        &mut rotom,
        &[
            ("PFADD h a b c", ":1|"),
            ("PFDEBUG ENCODING h", "+sparse|"),
            ("CONFIG SET hll-sparse-max-bytes 20", "+OK|"),
            ("PFADD h d", ":1|"),
            ("PFDEBUG ENCODING h", "+dense|"),
            ("STRLEN h", ":12304|"),
            ("PFCOUNT h", ":4|"),
            ("CONFIG SET hll-sparse-max-bytes 3000", "+OK|"),
            ("PFADD g a", ":1|"),
            ("PFMERGE g h", "+OK|"),
            ("PFDEBUG ENCODING g", "+dense|"),
            ("PFCOUNT g", ":4|"),
        ],
    );
}

#[test]
fn debugging() {
    let mut rotom = rotom();
    rotom.line("PFADD h a b c");
    rotom.take_effects();
    expect(
        &mut rotom,
        &[
            (
                "PFDEBUG DECODE nokey",
                "-ERR The specified key does not exist|",
            ),
            ("PFDEBUG WHAT h", "-ERR Unknown PFDEBUG subcommand 'WHAT'|"),
            ("PFDEBUG SIMD OFF", "+disabled|"),
            ("PFDEBUG SIMD x", "-ERR Argument must be ON or OFF|"),
            ("PFDEBUG TODENSE h", ":1|"),
            ("PFDEBUG TODENSE h", ":0|"),
            ("PFDEBUG DECODE h", "-ERR HLL encoding is not sparse|"),
            (
                "PFDEBUG GETREG",
                "-ERR wrong number of arguments for 'pfdebug' command|",
            ),
            ("PFSELFTEST", "+OK|"),
        ],
    );
    assert_eq!(effects(&mut rotom), ["PFDEBUG TODENSE h"]);
    let registers = String::from_utf8(rotom.line("PFDEBUG GETREG h")).unwrap();
    assert!(registers.starts_with("*16384\r\n"));
    let set = registers
        .split("\r\n")
        .filter(|line| line.starts_with(':') && *line != ":0");
    assert_eq!(set.count(), 3);
}
