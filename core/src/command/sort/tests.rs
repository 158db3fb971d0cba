//! Replies as real clients see them, byte for byte.

use crate::command::collection::testing::{
    WRONG_TYPE, effects, encoding, expect, line, rotom, words,
};
use crate::resp::Protocol;
use crate::session::Local;
use std::format;

fn sorted(local: &mut Local, command: &str) -> std::string::String {
    words(local, command).join(" ")
}

fn with_list() -> Local {
    let mut local = rotom();
    line(&mut local, "RPUSH l 3 10 -2 1");
    line(
        &mut local,
        "MSET w_3 0 w_10 5 w_-2 7 w_1 6 o_3 three o_1 one",
    );
    line(&mut local, "HSET h_3 f 30 g x");
    line(&mut local, "HSET h_1 f 10");
    effects(&mut local);
    local
}

#[test]
fn elements_are_sorted_as_numbers_or_as_text() {
    let mut local = with_list();
    for (command, result) in [
        ("SORT l", "-2 1 3 10"),
        ("SORT l DESC", "10 3 1 -2"),
        ("SORT l ALPHA", "-2 1 10 3"),
        ("SORT l ALPHA DESC ASC", "-2 1 10 3"),
        ("SORT l LIMIT 1 2", "1 3"),
        ("SORT l LIMIT -5 2", "-2 1"),
        ("SORT l LIMIT 2 -1", "3 10"),
        ("SORT l LIMIT 9223372036854775807 9223372036854775807", ""),
        ("SORT l LIMIT 0 0", ""),
        ("SORT none", ""),
        ("SORT_RO l DESC LIMIT 0 1", "10"),
    ] {
        assert_eq!(sorted(&mut local, command), result, "{command}");
    }
}

#[test]
fn other_keys_give_weights_and_results() {
    let mut local = with_list();
    for (command, result) in [
        ("SORT l BY w_*", "3 10 1 -2"),
        ("SORT l BY h_*->f", "-2 10 1 3"),
        ("SORT l BY h_*->f DESC LIMIT 0 2", "3 1"),
        ("SORT l BY o_* ALPHA", "10 -2 1 3"),
        ("SORT l BY none_*", "-2 1 10 3"),
        ("SORT l BY nosort", "3 10 -2 1"),
        ("SORT l BY nosort DESC LIMIT 1 2", "-2 10"),
        ("SORT l BY nosort BY w_* LIMIT 1 9", "10 -2 1"),
        ("SORT l BY w_* GET # GET w_*", "3 0 10 5 1 6 -2 7"),
    ] {
        assert_eq!(sorted(&mut local, command), result, "{command}");
    }
    let command = "SORT l LIMIT 1 2 GET o_* GET h_*->f GET h_* GET fixed";
    expect(
        &mut local,
        &[(command, "*8|$3|one|$2|10|$-1|$-1|$5|three|$2|30|$-1|$-1|")],
    );
    local.client.protocol = Protocol::Resp3;
    expect(
        &mut local,
        &[(command, "*8|$3|one|$2|10|_|_|$5|three|$2|30|_|_|")],
    );
}

#[test]
fn sets_and_sorted_sets_are_sorted_too() {
    let mut local = rotom();
    line(&mut local, "SADD s 5 1 40 x");
    line(&mut local, "SREM s x");
    line(&mut local, "ZADD z 1 c 2 a 3 b");
    for (command, result) in [
        ("SORT s", "1 5 40"),
        ("SORT z ALPHA", "a b c"),
        ("SORT z BY nosort", "c a b"),
        ("SORT z BY nosort DESC", "b a c"),
        ("SORT z BY nosort DESC LIMIT 1 1", "a"),
        ("SORT z BY nosort LIMIT 2 5", "b"),
        ("SORT z BY nosort LIMIT 3 5", ""),
        ("SORT z BY nosort DESC LIMIT 3 5", ""),
    ] {
        assert_eq!(sorted(&mut local, command), result, "{command}");
    }
    // Stored, a set that nobody wants sorted is sorted as text.
    expect(&mut local, &[("SORT s BY nosort STORE d", ":3|")]);
    assert_eq!(sorted(&mut local, "LRANGE d 0 -1"), "1 40 5");
    expect(
        &mut local,
        &[("SORT s BY nosort DESC LIMIT 0 2 STORE d", ":2|")],
    );
    assert_eq!(sorted(&mut local, "LRANGE d 0 -1"), "5 40");
}

#[test]
fn results_are_stored_as_a_list() {
    let mut local = with_list();
    expect(
        &mut local,
        &[
            ("SORT l STORE string", ":4|"),
            ("LRANGE string 0 -1", "*4|$2|-2|$1|1|$1|3|$2|10|"),
            ("SORT l GET o_* STORE d", ":4|"),
            ("LRANGE d 0 -1", "*4|$0||$3|one|$5|three|$0||"),
            ("SORT none STORE d", ":0|"),
            ("EXISTS d", ":0|"),
            ("SORT l STORE l", ":4|"),
            ("SORT l ALPHA LIMIT 9 9 STORE none", ":0|"),
        ],
    );
    assert_eq!(encoding(&mut local, "l"), "listpack");
    let logged = effects(&mut local);
    assert_eq!(logged.first().unwrap(), "SORT l STORE string");
    assert_eq!(logged.last().unwrap(), "SORT l STORE l");
    for number in 0..4000 {
        line(&mut local, &format!("RPUSH big {number}"));
    }
    line(&mut local, "SORT big DESC STORE big2");
    assert_eq!(encoding(&mut local, "big2"), "quicklist");
}

#[test]
fn wrong_requests_change_nothing() {
    let mut local = with_list();
    line(&mut local, "RPUSH words x y");
    line(&mut local, "RPUSH nan nan");
    effects(&mut local);
    let not_numbers = "-ERR One or more scores can't be converted into double|";
    expect(
        &mut local,
        &[
            ("SORT words", not_numbers),
            ("SORT words LIMIT 0 0 STORE string", not_numbers),
            ("SORT nan", not_numbers),
            ("SORT l BY o_*", not_numbers),
            ("SORT string", WRONG_TYPE),
            ("SORT string BY", "-ERR syntax error|"),
            ("SORT l GET", "-ERR syntax error|"),
            ("SORT l LIMIT 1", "-ERR syntax error|"),
            ("SORT l STORE", "-ERR syntax error|"),
            ("SORT_RO l STORE d", "-ERR syntax error|"),
            (
                "SORT l LIMIT x 1",
                "-ERR value is not an integer or out of range|",
            ),
            ("GET string", "$5|value|"),
        ],
    );
    assert!(effects(&mut local).is_empty());
}

#[test]
fn a_nul_byte_ends_a_number_and_a_compared_text() {
    let mut local = rotom();
    local.call(&[b"RPUSH", b"l", b"5\0x", b"", b"3"]);
    assert_eq!(
        local.call(&[b"SORT", b"l"]),
        b"*3\r\n$0\r\n\r\n$1\r\n3\r\n$3\r\n5\0x\r\n"
    );
    local.call(&[b"RPUSH", b"m", b"a\0b", b"a\0a"]);
    assert_eq!(
        local.call(&[b"SORT", b"m", b"ALPHA"]),
        b"*2\r\n$3\r\na\0b\r\n$3\r\na\0a\r\n"
    );
    local.call(&[b"SORT", b"m", b"ALPHA", b"STORE", b"d"]);
    assert_eq!(
        local.call(&[b"LRANGE", b"d", b"0", b"-1"]),
        b"*2\r\n$3\r\na\0a\r\n$3\r\na\0b\r\n"
    );
}

#[test]
fn keys_are_named() {
    let mut local = rotom();
    expect(
        &mut local,
        &[
            (
                "COMMAND GETKEYS SORT a BY store LIMIT store 1 STORE b STORE c",
                "*2|$1|a|$1|c|",
            ),
            ("COMMAND GETKEYS SORT_RO a GET b", "*1|$1|a|"),
            (
                "COMMAND GETKEYSANDFLAGS SORT a STORE c",
                "*2|*2|$1|a|*2|+RO|+access|*2|$1|c|*2|+OW|+update|",
            ),
        ],
    );
}
