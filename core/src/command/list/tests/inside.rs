//! Reading and changing by index and by value.

use super::*;

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
