use super::*;
use crate::resp::Protocol;

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
