use super::*;

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
