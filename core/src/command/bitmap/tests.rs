//! The bitmap commands, in process.

use crate::command::collection::testing::{effects, encoding, expect};
use crate::session::Local;
use std::format;
use std::string::String;
use std::vec::Vec;

const BAD_OFFSET: &str = "-ERR bit offset is not an integer or out of range|";
const NOT_INTEGER: &str = "-ERR value is not an integer or out of range|";
const SYNTAX: &str = "-ERR syntax error|";

/// A client with a log, a list, and strings of each encoding.
fn rotom() -> Local {
    let mut local = Local::new(3);
    local.line("RPUSH list x");
    local.line("MSET int 123 inline foobar empty ''");
    local.call(&[b"SET", b"heap", &[0xf0; 20_000]]);
    local.call(&[b"SET", b"k\0", b"\0\xff\0"]);
    local.shared.keys.effects.set_enabled(true);
    local
}

#[test]
fn single_bits() {
    let mut rotom = rotom();
    expect(
        &mut rotom,
        &[
            ("SETBIT new 7 1", ":0|"),
            ("SETBIT new 7 1", ":1|"),
            ("SETBIT new 20 0", ":0|"),
            ("GET new", "$3|\u{1}\0\0|"),
            ("GETBIT new 7", ":1|"),
            ("GETBIT new 4294967295", ":0|"),
            ("GETBIT nokey 0", ":0|"),
            ("GETBIT int 2", ":1|"),
            ("SETBIT int 6 1", ":0|"),
            ("GET int", "$3|323|"),
            ("GETBIT heap 0", ":1|"),
            ("SETBIT heap 0 0", ":1|"),
            ("SETBIT empty 0 0", ":0|"),
            ("STRLEN empty", ":1|"),
            ("SETBIT list 0 1", WRONG_TYPE),
            ("GETBIT list 0", WRONG_TYPE),
            (
                "SETBIT new 0 2",
                "-ERR bit is not an integer or out of range|",
            ),
            (
                "SETBIT new 0 x",
                "-ERR bit is not an integer or out of range|",
            ),
            ("SETBIT new -1 1", BAD_OFFSET),
            ("SETBIT new 4294967296 1", BAD_OFFSET),
            ("SETBIT fresh 9223372036854775807 1", BAD_OFFSET),
            ("GETBIT new x", BAD_OFFSET),
            ("SETBIT new #1 1", BAD_OFFSET),
            (
                "SETBIT new 1",
                "-ERR wrong number of arguments for 'setbit' command|",
            ),
            ("EXISTS fresh", ":0|"),
        ],
    );
    assert_eq!(encoding(&mut rotom, "int"), "raw");
    assert_eq!(
        effects(&mut rotom),
        [
            "SETBIT new 7 1",
            "SETBIT new 20 0",
            "SETBIT int 6 1",
            "SETBIT heap 0 0",
            "SETBIT empty 0 0"
        ]
    );
}

const WRONG_TYPE: &str = "-WRONGTYPE Operation against a key holding the wrong kind of value|";

#[test]
fn offsets_end_at_the_limit() {
    let mut rotom = rotom();
    rotom.shared.settings.proto_max_bulk_len = 1024 * 1024;
    let limit = 8 * 1024 * 1024;
    expect(
        &mut rotom,
        &[
            (&format!("SETBIT a {} 1", limit - 1), ":0|"),
            ("STRLEN a", ":1048576|"),
            (&format!("SETBIT a {limit} 1"), BAD_OFFSET),
            (&format!("BITFIELD a SET u8 {limit} 1"), BAD_OFFSET),
            ("BITFIELD a SET u8 #1048576 1", BAD_OFFSET),
            // A field may begin before the limit and end behind it.
            (&format!("BITFIELD a SET u8 {} 1", limit - 1), "*1|:128|"),
            ("STRLEN a", ":1048577|"),
        ],
    );
    // What memory cannot hold is refused, not fatal.
    rotom.shared.settings.proto_max_bulk_len = u64::MAX;
    let too_much = "-OOM command not allowed when used memory > 'maxmemory'.|";
    expect(
        &mut rotom,
        &[
            ("SETBIT b 9223372036854775807 1", too_much),
            ("BITFIELD b SET u1 9223372036854775807 1", too_much),
            ("EXISTS b", ":0|"),
        ],
    );
}

#[test]
fn bits_are_counted() {
    let mut rotom = rotom();
    expect(
        &mut rotom,
        &[
            ("BITCOUNT inline", ":26|"),
            ("BITCOUNT inline 0 0", ":4|"),
            ("BITCOUNT inline 1 1 byte", ":6|"),
            ("BITCOUNT inline 5 30 BIT", ":17|"),
            ("BITCOUNT inline -2 -1", ":7|"),
            ("BITCOUNT inline 5 2", ":0|"),
            ("BITCOUNT inline -100 -200", ":0|"),
            ("BITCOUNT heap", ":80000|"),
            ("BITCOUNT int", ":10|"),
            ("BITCOUNT empty", ":0|"),
            ("BITCOUNT nokey 0 -1", ":0|"),
            ("BITCOUNT list", WRONG_TYPE),
            ("BITCOUNT inline 0", SYNTAX),
            ("BITCOUNT inline 0 1 WORD", SYNTAX),
            ("BITCOUNT inline 0 1 BIT x", SYNTAX),
            ("BITCOUNT list x 1", NOT_INTEGER),
            ("BITCOUNT nokey 0 x", NOT_INTEGER),
            (
                "BITCOUNT inline -9223372036854775808 9223372036854775807 BIT",
                ":26|",
            ),
        ],
    );
    assert_eq!(rotom.call(&[b"BITCOUNT", b"k\0"]), b":8\r\n");
}

#[test]
fn bits_are_found() {
    let mut rotom = rotom();
    rotom.call(&[b"SET", b"ones", &[0xff; 20]]);
    rotom.take_effects();
    expect(
        &mut rotom,
        &[
            ("BITPOS ones 0", ":160|"),
            ("BITPOS ones 0 3", ":160|"),
            ("BITPOS ones 0 3 -1", ":-1|"),
            ("BITPOS ones 1 3", ":24|"),
            ("BITPOS ones 1 13 20 BIT", ":13|"),
            ("BITPOS ones 1 20", ":-1|"),
            ("BITPOS ones 0 20", ":-1|"),
            ("BITPOS heap 0", ":4|"),
            ("BITPOS heap 1 4 7 BIT", ":-1|"),
            ("BITPOS int 1", ":2|"),
            ("BITPOS empty 0", ":-1|"),
            ("BITPOS nokey 0 5 1", ":0|"),
            ("BITPOS nokey 1", ":-1|"),
            ("BITPOS list 1", WRONG_TYPE),
            ("BITPOS ones 2", "-ERR The bit argument must be 1 or 0.|"),
            ("BITPOS ones x", NOT_INTEGER),
            ("BITPOS ones 0 x", NOT_INTEGER),
            ("BITPOS ones 0 0 x", NOT_INTEGER),
            ("BITPOS ones 0 0 x BAD", SYNTAX),
            ("BITPOS ones 0 0 1 BIT x", SYNTAX),
        ],
    );
    assert_eq!(rotom.call(&[b"BITPOS", b"k\0", b"1"]), b":8\r\n");
    assert!(effects(&mut rotom).is_empty());
}

/// The bytes of a key.
fn bytes(rotom: &mut Local, key: &str) -> Vec<u8> {
    let reply = rotom.call(&[b"GET", key.as_bytes()]);
    let start = reply.iter().position(|&byte| byte == b'\n').unwrap() + 1;
    reply[start..reply.len() - 2].to_vec()
}

#[test]
fn strings_are_combined() {
    let mut rotom = rotom();
    let a: Vec<u8> = (0..40_u8).map(|byte| byte.wrapping_mul(7)).collect();
    let b: Vec<u8> = (0..35_u8)
        .map(|byte| byte.wrapping_mul(13) ^ 0x5a)
        .collect();
    let c: Vec<u8> = (0..9_u8).map(|byte| byte.wrapping_mul(29) ^ 0x33).collect();
    for (key, value) in [(b"a", &a), (b"b", &b), (b"c", &c)] {
        rotom.call(&[b"SET", key, value]);
    }
    type Byte = fn(u8, u8, u8) -> u8;
    let cases: [(&str, Byte); 8] = [
        ("AND", |a, b, c| a & b & c),
        ("OR", |a, b, c| a | b | c),
        ("XOR", |a, b, c| a ^ b ^ c),
        ("DIFF", |a, b, c| a & !(b | c)),
        ("DIFF1", |a, b, c| !a & (b | c)),
        ("ANDOR", |a, b, c| a & (b | c)),
        ("ONE", |a, b, c| (a ^ b ^ c) & !(a & b & c)),
        ("not", |a, _, _| !a),
    ];
    for (name, operation) in cases {
        let sources = if name == "not" { "a" } else { "a b c" };
        expect(
            &mut rotom,
            &[(&format!("BITOP {name} d {sources}"), ":40|")],
        );
        let at = |bytes: &[u8], index: usize| bytes.get(index).copied().unwrap_or(0);
        let expected = (0..40).map(|i| operation(at(&a, i), at(&b, i), at(&c, i)));
        assert_eq!(
            bytes(&mut rotom, "d"),
            expected.collect::<Vec<u8>>(),
            "{name}"
        );
    }
}

#[test]
fn the_result_takes_its_keys_place() {
    let mut rotom = rotom();
    expect(
        &mut rotom,
        &[
            ("SET d x EX 100", "+OK|"),
            ("BITOP AND d int nokey", ":3|"),
            ("TTL d", ":-1|"),
            ("BITOP OR list int", ":3|"),
            ("GET list", "$3|123|"),
            ("BITOP XOR int int int", ":3|"),
            ("BITOP OR d empty nokey", ":0|"),
            ("EXISTS d", ":0|"),
            ("BITOP OR d nokey", ":0|"),
            ("RPUSH other x", ":1|"),
            ("BITOP OR inline int other", WRONG_TYPE),
            ("GET inline", "$6|foobar|"),
            ("BITOP NAND d int", SYNTAX),
            (
                "BITOP NOT d int int",
                "-ERR BITOP NOT must be called with a single source key.|",
            ),
            (
                "BITOP diff d int",
                "-ERR BITOP DIFF must be called with at least two source keys.|",
            ),
            ("BITOP ONE d inline", ":6|"),
            ("GET d", "$6|foobar|"),
        ],
    );
    let logged = effects(&mut rotom);
    assert!(logged.contains(&String::from("BITOP OR d empty nokey")));
    assert!(!logged.contains(&String::from("BITOP OR d nokey")));
}

#[test]
fn fields_are_read_and_changed() {
    let mut rotom = rotom();
    expect(
        &mut rotom,
        &[
            (
                "BITFIELD f SET i8 0 -100 GET u8 0 GET i4 4",
                "*3|:0|:156|:-4|",
            ),
            ("BITFIELD f INCRBY i8 0 -29 GET i8 0", "*2|:127|:127|"),
            ("BITFIELD f OVERFLOW SAT INCRBY i8 0 5", "*1|:127|"),
            (
                "BITFIELD f OVERFLOW FAIL INCRBY i8 0 5 GET u1 0",
                "*2|$-1|:0|",
            ),
            (
                "BITFIELD f OVERFLOW FAIL OVERFLOW WRAP INCRBY i8 #0 1",
                "*1|:-128|",
            ),
            (
                "BITFIELD f SET u63 3 -1 GET u63 3",
                "*2|:0|:9223372036854775807|",
            ),
            ("BITFIELD f OVERFLOW SAT SET u4 0 -1 GET u4 0", "*2|:9|:15|"),
            ("BITFIELD f SET i64 #2 -9223372036854775808", "*1|:0|"),
            (
                "BITFIELD f GET i64 128 GET i64 #1",
                "*2|:-9223372036854775808|:-4611686018427387904|",
            ),
            ("BITFIELD f", "*0|"),
            ("BITFIELD nokey GET u8 0", "*1|:0|"),
            (
                "BITFIELD_RO int GET u8 0 GET u8 #2 GET u8 #3",
                "*3|:49|:51|:0|",
            ),
            ("BITFIELD list GET u8 0", WRONG_TYPE),
            ("BITFIELD list SET u8 0 1", WRONG_TYPE),
            ("BITFIELD list", WRONG_TYPE),
            (
                "BITFIELD_RO list SET u8 0 1",
                "-ERR BITFIELD_RO only supports the GET subcommand|",
            ),
            ("BITFIELD new SET u8 0 1 BAD", SYNTAX),
            ("BITFIELD new SET u8 0", SYNTAX),
            ("BITFIELD new GET u8", SYNTAX),
            ("BITFIELD new OVERFLOW", SYNTAX),
            (
                "BITFIELD new SET u8 0 1 OVERFLOW BAD",
                "-ERR Invalid OVERFLOW type specified|",
            ),
            ("BITFIELD new SET u8 0 x", NOT_INTEGER),
            ("BITFIELD new SET u8 -1 1", BAD_OFFSET),
            ("BITFIELD new SET u8 #9223372036854775807 1", BAD_OFFSET),
            ("EXISTS new nokey", ":0|"),
        ],
    );
    for kind in ["u64", "i65", "u0", "x8", "''", "i"] {
        let bad = "-ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.|";
        expect(
            &mut rotom,
            &[(&format!("BITFIELD new SET {kind} 0 1"), bad)],
        );
    }
    // A field that fails to be set has made room for itself nevertheless, and that is logged.
    effects(&mut rotom);
    expect(
        &mut rotom,
        &[
            ("BITFIELD g OVERFLOW FAIL SET u2 30 4", "*1|$-1|"),
            ("STRLEN g", ":4|"),
            ("BITFIELD g SET u2 0 0", "*1|:0|"),
        ],
    );
    assert_eq!(
        effects(&mut rotom),
        ["BITFIELD g OVERFLOW FAIL SET u2 30 4"]
    );
}
