use crate::keyspace::Entry;
use crate::resp::Protocol;
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
    let events = std::mem::take(&mut local.shared.keys.events);
    let shown = |(_, event, key): (usize, &str, Vec<u8>)| {
        format!("{event}:{}", String::from_utf8(key).unwrap())
    };
    events.into_iter().map(shown).collect()
}

#[test]
fn set_in_all_its_forms() {
    let mut rotom = local();
    check(
        &mut rotom,
        &[
            ("SET a 1", OK),
            ("SET a 2 NX", NIL),
            ("SET b 2 NX", OK),
            ("SET c 2 XX", NIL),
            ("set a 3 xx get", "$1\r\n1\r\n"),
            ("SET a 4 NX GET", "$1\r\n3\r\n"),
            ("SET d 4 NX GET", NIL),
            ("SET d 5 GET GET KEEPTTL", "$1\r\n4\r\n"),
            ("SET e 5 XX GET", NIL),
            ("EXISTS e", ":0\r\n"),
            ("SET list x GET", WRONG_TYPE),
            ("SET list x NX GET", WRONG_TYPE),
            ("TYPE list", "+list\r\n"),
            ("SET list x", OK),
            ("GET list", "$1\r\nx\r\n"),
            (
                "MGET a b c d",
                "*4\r\n$1\r\n3\r\n$1\r\n2\r\n$-1\r\n$1\r\n5\r\n",
            ),
        ],
    );
    for bad in [
        "NX XX",
        "XX NX",
        "EX",
        "EX 1 PX 1",
        "PX 1 EXAT 1",
        "KEEPTTL EX 1",
        "EX 1 KEEPTTL",
        "PERSIST",
        "FOO",
        "NX FOO",
        "keepttlx",
        "PXAT 1 KEEPTTL",
        "EX 1 PXAT",
        "''",
    ] {
        check(&mut rotom, &[(&format!("SET a 9 {bad}"), SYNTAX)]);
    }
    check(&mut rotom, &[("GET a", "$1\r\n3\r\n")]);
}

#[test]
fn set_with_a_time() {
    let mut rotom = local();
    let seconds = NOW_MS / 1000;
    let (at_s, at_ms) = (seconds + 20, NOW_MS + 20_000);
    check(
        &mut rotom,
        &[
            ("SET a 1 EX 10", OK),
            ("PTTL a", ":10000\r\n"),
            ("SET a 1 PX 10 PX 11", OK),
            ("PTTL a", ":11\r\n"),
            ("SET a 2 KEEPTTL", OK),
            ("PTTL a", ":11\r\n"),
            ("SET a 2", OK),
            ("PTTL a", ":-1\r\n"),
            (&format!("SET a 1 EXAT {at_s}"), OK),
            ("PTTL a", ":20000\r\n"),
            (&format!("SET a 1 NX PXAT {at_ms}"), NIL),
            (&format!("SET b 1 PXAT {at_ms} NX"), OK),
            ("PTTL b", ":20000\r\n"),
            ("SETEX c 5 x", OK),
            ("PTTL c", ":5000\r\n"),
            ("PSETEX c 5 y", OK),
            ("PTTL c", ":5\r\n"),
            ("GETSET c z", "$1\r\ny\r\n"),
            ("PTTL c", ":-1\r\n"),
            // A time that has passed is taken; the key is gone when it is next looked at.
            ("SET d 1 PXAT 1", OK),
            ("DBSIZE", ":5\r\n"),
            ("GET d", NIL),
            ("DBSIZE", ":4\r\n"),
        ],
    );
}

#[test]
fn times_that_are_none() {
    let mut rotom = local();
    let wrong = |command| format!("-ERR invalid expire time in '{command}' command\r\n");
    for time in [
        "EX 0",
        "EX -1",
        "PX 0",
        "PX -5",
        "EXAT 0",
        "PXAT -1",
        "EX 9223372036854775807",
        "EX 9223372036854775",
        "PX 9223372036854775807",
        "EXAT 9223372036854776",
    ] {
        check(&mut rotom, &[(&format!("SET a 1 {time}"), &wrong("set"))]);
        check(&mut rotom, &[(&format!("GETEX a {time}"), NIL)]);
        check(
            &mut rotom,
            &[
                ("SET a 1", OK),
                (&format!("GETEX a {time}"), &wrong("getex")),
            ],
        );
        check(&mut rotom, &[("PTTL a", ":-1\r\n"), ("DEL a", ":1\r\n")]);
    }
    check(
        &mut rotom,
        &[
            ("SET a 1 EX x", NOT_INTEGER),
            ("SET list 1 EX 0 GET", &wrong("set")),
            ("SETEX a 0 1", &wrong("setex")),
            ("PSETEX a -1 1", &wrong("psetex")),
            ("SETEX a 1.5 1", NOT_INTEGER),
            ("GETEX list EX 0", WRONG_TYPE),
            ("EXISTS a", ":0\r\n"),
        ],
    );
}

#[test]
fn what_set_and_its_kin_log_and_tell() {
    let mut rotom = local();
    let at = NOW_MS + 10_000;
    for (line, logged, told) in [
        ("SET a 1", "SET a 1".into(), "new:a set:a"),
        ("SET a 2 NX", String::new(), ""),
        ("SET a 2 XX", "SET a 2 XX".into(), "set:a"),
        (
            "SET a 3 EX 10 XX GET",
            format!("SET a 3 PXAT {at}"),
            "set:a expire:a",
        ),
        ("SET a 4 XX GET KEEPTTL", "SET a 4 KEEPTTL".into(), "set:a"),
        ("SET a 5 GET", "SET a 5".into(), "set:a"),
        (
            "SETEX a 10 1",
            format!("SET a 1 PXAT {at}"),
            "set:a expire:a",
        ),
        (
            "PSETEX a 10000 1",
            format!("SET a 1 PXAT {at}"),
            "set:a expire:a",
        ),
        ("GETSET a 2", "SET a 2".into(), "set:a"),
        ("SETNX a 1", String::new(), ""),
        ("SETNX b 1", "SETNX b 1".into(), "new:b set:b"),
        ("MSET a 1 c 2", "MSET a 1 c 2".into(), "set:a new:c set:c"),
        ("MSETNX a 1 d 2", String::new(), ""),
        (
            "MSETNX d 1 d 2",
            "MSETNX d 1 d 2".into(),
            "new:d set:d set:d",
        ),
        ("GETEX a", String::new(), ""),
        ("GETEX a PERSIST", String::new(), ""),
        ("GETEX a EX 10", format!("PEXPIREAT a {at}"), "expire:a"),
        ("GETEX a PERSIST", "PERSIST a".into(), "persist:a"),
        ("GETEX a PXAT 1", "DEL a".into(), "del:a"),
        ("GETDEL a", String::new(), ""),
        ("GETDEL b", "DEL b".into(), "del:b"),
        ("INCR n", "INCR n".into(), "new:n incrby:n"),
        ("DECRBY n 3", "DECRBY n 3".into(), "incrby:n"),
        (
            "INCRBYFLOAT n 0.5",
            "SET n -1.5 KEEPTTL".into(),
            "incrbyfloat:n",
        ),
        (
            "INCRBYFLOAT f 1e3",
            "SET f 1000 KEEPTTL".into(),
            "new:f incrbyfloat:f",
        ),
        ("APPEND s x", "APPEND s x".into(), "new:s append:s"),
        ("SETRANGE s 1 y", "SETRANGE s 1 y".into(), "setrange:s"),
        ("SETRANGE s 1 ''", String::new(), ""),
        ("SET list 1", "SET list 1".into(), "set:list"),
    ] {
        rotom.line(line);
        assert_eq!(effects(&mut rotom).join(","), logged, "{line}");
        assert_eq!(events(&mut rotom).join(" "), told, "{line}");
    }
}

#[test]
fn getex_and_getdel() {
    let mut rotom = local();
    let at_s = NOW_MS / 1000 + 7;
    check(
        &mut rotom,
        &[
            ("GETEX a", NIL),
            ("GETDEL a", NIL),
            ("SET a v", OK),
            ("GETEX a", "$1\r\nv\r\n"),
            ("PTTL a", ":-1\r\n"),
            ("GETEX a PX 100", "$1\r\nv\r\n"),
            ("PTTL a", ":100\r\n"),
            (&format!("GETEX a EXAT {at_s}"), "$1\r\nv\r\n"),
            ("TTL a", ":7\r\n"),
            ("GETEX a persist", "$1\r\nv\r\n"),
            ("PTTL a", ":-1\r\n"),
            ("GETEX a EXAT 1", "$1\r\nv\r\n"),
            ("EXISTS a", ":0\r\n"),
            ("GETEX a EX 1 PERSIST", SYNTAX),
            ("GETEX a PERSIST EX 1", SYNTAX),
            ("GETEX a KEEPTTL", SYNTAX),
            ("GETEX a NX", SYNTAX),
            ("GETEX a EX", SYNTAX),
            ("GETEX list", WRONG_TYPE),
            ("GETDEL list", WRONG_TYPE),
            ("SET n -12", OK),
            ("GETDEL n", "$3\r\n-12\r\n"),
            ("EXISTS n", ":0\r\n"),
        ],
    );
}

#[test]
fn a_log_is_replayed_with_times_that_have_passed() {
    let mut rotom = local();
    rotom.shared.keys.loading = true;
    check(
        &mut rotom,
        &[
            ("SET a v", OK),
            ("GETEX a PXAT 1", "$1\r\nv\r\n"),
            ("EXISTS a", ":1\r\n"),
        ],
    );
    rotom.shared.keys.loading = false;
    check(&mut rotom, &[("EXISTS a", ":0\r\n")]);
}

#[test]
fn many_keys_at_once() {
    let mut rotom = local();
    check(
        &mut rotom,
        &[
            ("MSET a 1 b 2 a 3", OK),
            (
                "MGET a list b nokey",
                "*4\r\n$1\r\n3\r\n$-1\r\n$1\r\n2\r\n$-1\r\n",
            ),
            (
                "MSET a 1 b",
                "-ERR wrong number of arguments for 'mset' command\r\n",
            ),
            (
                "MSETNX a 1 b",
                "-ERR wrong number of arguments for 'msetnx' command\r\n",
            ),
            ("MSETNX x 1 list 2", ":0\r\n"),
            ("EXISTS x", ":0\r\n"),
            ("MSETNX x 1 y 2 x 3", ":1\r\n"),
            ("GET x", "$1\r\n3\r\n"),
            ("SETNX x 9", ":0\r\n"),
            ("SETNX z 9", ":1\r\n"),
            ("GETSET nokey 1", NIL),
            ("GETSET list 1", WRONG_TYPE),
        ],
    );
    rotom.client.protocol = Protocol::Resp3;
    check(
        &mut rotom,
        &[
            ("MGET a list", "*2\r\n$1\r\n3\r\n_\r\n"),
            ("GET gone", "_\r\n"),
            ("SET gone 1 XX", "_\r\n"),
            ("GETDEL gone", "_\r\n"),
        ],
    );
}

#[test]
fn integers() {
    let mut rotom = local();
    let overflow = "-ERR increment or decrement would overflow\r\n";
    check(
        &mut rotom,
        &[
            ("INCR n", ":1\r\n"),
            ("INCRBY n 41", ":42\r\n"),
            ("DECR n", ":41\r\n"),
            ("DECRBY n 51", ":-10\r\n"),
            ("DECR new", ":-1\r\n"),
            (
                "DECRBY n -9223372036854775808",
                "-ERR decrement would overflow\r\n",
            ),
            ("INCRBY n 1.5", NOT_INTEGER),
            ("INCRBY n 9223372036854775808", NOT_INTEGER),
            ("DECRBY list x", NOT_INTEGER),
            ("INCR list", WRONG_TYPE),
            ("SET n 9223372036854775807", OK),
            ("INCR n", overflow),
            ("GET n", "$19\r\n9223372036854775807\r\n"),
            ("INCRBY n -9223372036854775808", ":-1\r\n"),
            ("INCRBY n -9223372036854775807", ":-9223372036854775808\r\n"),
            ("DECR n", overflow),
            ("SET n ' 1'", OK),
            ("INCR n", NOT_INTEGER),
            ("SET n ''", OK),
            ("INCR n", NOT_INTEGER),
            // Bytes that have become an integer.
            ("SET n 1", OK),
            ("APPEND n 2", ":2\r\n"),
            ("INCR n", ":13\r\n"),
            ("SET n 5 EX 100", OK),
            ("INCR n", ":6\r\n"),
            ("TTL n", ":100\r\n"),
        ],
    );
    assert_eq!(encoding(&mut rotom, "n"), "int");
}

#[test]
fn what_keeps_its_size_stays_where_it_is() {
    let mut rotom = local();
    rotom.line("MSET n 100 s abcdef");
    let place = |rotom: &mut Local, key: &[u8]| {
        let key = rotom.shared.keys.key(key);
        rotom.shared.keys.peek_quietly(&key).unwrap().key().as_ptr()
    };
    let before = (place(&mut rotom, b"n"), place(&mut rotom, b"s"));
    for line in [
        "INCR n",
        "INCRBY n 9999999999",
        "DECR n",
        "SET n 7",
        "SET s ghijkl",
        "GET s",
    ] {
        rotom.line(line);
        assert_eq!((place(&mut rotom, b"n"), place(&mut rotom, b"s")), before);
    }
}

#[test]
fn floats() {
    let mut rotom = local();
    let not_float = "-ERR value is not a valid float\r\n";
    check(
        &mut rotom,
        &[
            ("INCRBYFLOAT f 3.0", "$1\r\n3\r\n"),
            ("INCRBYFLOAT f 0.3", "$3\r\n3.3\r\n"),
            ("INCRBYFLOAT f -5e-1", "$3\r\n2.8\r\n"),
            ("INCRBYFLOAT f x", not_float),
            ("INCRBYFLOAT f ''", not_float),
            (
                "INCRBYFLOAT f inf",
                "-ERR increment would produce NaN or Infinity\r\n",
            ),
            ("INCRBYFLOAT new nan", not_float),
            ("EXISTS new", ":0\r\n"),
            ("INCRBYFLOAT list x", WRONG_TYPE),
            ("SET n 7", OK),
            ("EXPIRE n 100", ":1\r\n"),
            ("INCRBYFLOAT n 1.5e0", "$3\r\n8.5\r\n"),
            ("TTL n", ":100\r\n"),
            ("INCRBYFLOAT n 1.5", "$2\r\n10\r\n"),
            ("SET t text", OK),
            ("INCRBYFLOAT t 1", not_float),
        ],
    );
    assert_eq!(encoding(&mut rotom, "n"), "embstr");
    check(&mut rotom, &[("INCR n", ":11\r\n")]);
    assert_eq!(encoding(&mut rotom, "n"), "int");
}

#[test]
fn parts_of_strings() {
    let mut rotom = local();
    rotom.line("MSET s 'Hello World' n -1234567 empty ''");
    for (range, part) in [
        ("0 4", "Hello"),
        ("-5 -1", "World"),
        ("0 -1", "Hello World"),
        ("-100 2", "Hel"),
        ("6 1000", "World"),
        ("5 4", ""),
        ("-1 -5", ""),
        ("-20 -30", ""),
        ("-30 -20", "H"),
        ("11 12", ""),
        ("10 10", "d"),
        ("-9223372036854775808 9223372036854775807", "Hello World"),
        ("9223372036854775807 -1", ""),
    ] {
        let want = bulk(part);
        check(
            &mut rotom,
            &[
                (&format!("GETRANGE s {range}"), &want),
                (&format!("SUBSTR s {range}"), &want),
            ],
        );
    }
    check(
        &mut rotom,
        &[
            ("GETRANGE n 0 2", "$3\r\n-12\r\n"),
            ("GETRANGE empty 0 -1", "$0\r\n\r\n"),
            ("GETRANGE nokey 0 -1", "$0\r\n\r\n"),
            ("GETRANGE list 0 -1", WRONG_TYPE),
            ("GETRANGE list x -1", NOT_INTEGER),
            ("GETRANGE nokey 0 x", NOT_INTEGER),
            ("STRLEN s", ":11\r\n"),
            ("STRLEN n", ":8\r\n"),
            ("STRLEN empty", ":0\r\n"),
            ("STRLEN nokey", ":0\r\n"),
            ("STRLEN list", WRONG_TYPE),
        ],
    );
}

#[test]
fn strings_grow() {
    let mut rotom = local();
    check(
        &mut rotom,
        &[
            ("APPEND a 12", ":2\r\n"),
            ("APPEND a ''", ":2\r\n"),
            ("APPEND a abc", ":5\r\n"),
            ("GET a", "$5\r\n12abc\r\n"),
            ("APPEND list x", WRONG_TYPE),
            ("SETRANGE a 1 XY", ":5\r\n"),
            ("SETRANGE a 7 Z", ":8\r\n"),
            ("GET a", "$8\r\n1XYbc\0\0Z\r\n"),
            ("SETRANGE b 0 ''", ":0\r\n"),
            ("SETRANGE b 99999999999 ''", ":0\r\n"),
            ("EXISTS b", ":0\r\n"),
            ("SETRANGE b 2 z", ":3\r\n"),
            ("GET b", "$3\r\n\0\0z\r\n"),
            ("SETRANGE a 99 ''", ":8\r\n"),
            ("SETRANGE a -1 x", "-ERR offset is out of range\r\n"),
            ("SETRANGE a x x", NOT_INTEGER),
            ("SETRANGE list 0 ''", WRONG_TYPE),
            ("SETRANGE list 0 x", WRONG_TYPE),
            ("SET n 1234 EX 100", OK),
            ("SETRANGE n 1 x", ":4\r\n"),
            ("GET n", "$4\r\n1x34\r\n"),
            ("TTL n", ":100\r\n"),
            ("SET e ''", OK),
            ("APPEND e ''", ":0\r\n"),
            ("EXISTS e", ":1\r\n"),
        ],
    );
    assert_eq!(
        (encoding(&mut rotom, "a"), encoding(&mut rotom, "b")),
        ("raw", "raw")
    );
}

#[test]
fn strings_do_not_grow_beyond_the_limit() {
    let mut rotom = local();
    rotom.shared.settings.proto_max_bulk_len = 1024 * 1024;
    let too_long = "-ERR string exceeds maximum allowed size (proto-max-bulk-len)\r\n";
    let limit = 1024 * 1024;
    check(
        &mut rotom,
        &[
            (&format!("SETRANGE a {limit} x"), too_long),
            ("SETRANGE a 9223372036854775807 x", too_long),
            ("EXISTS a", ":0\r\n"),
            (&format!("SETRANGE a {} x", limit - 1), ":1048576\r\n"),
            ("APPEND a x", too_long),
            ("APPEND a ''", ":1048576\r\n"),
            (&format!("SETRANGE a {limit} x"), too_long),
            ("STRLEN a", ":1048576\r\n"),
        ],
    );
    // What memory cannot hold is refused, not fatal.
    rotom.shared.settings.proto_max_bulk_len = u64::MAX;
    check(
        &mut rotom,
        &[(
            "SETRANGE a 9223372036854775807 x",
            "-OOM command not allowed when used memory > 'maxmemory'.\r\n",
        )],
    );
}
