use super::*;

#[test]
fn set_compares_before_it_sets() {
    let mut rotom = local();
    check(
        &mut rotom,
        &[
            ("SET s new IFEQ old", NIL),
            ("EXISTS s", ":0\r\n"),
            ("SET s new IFEQ ''", NIL),
            ("SET s old EX 100", OK),
            ("SET s new IFEQ other", NIL),
            ("SET s new ifeq old KEEPTTL", OK),
            ("TTL s", ":100\r\n"),
            ("SET s 12 IFEQ new GET", "$3\r\nnew\r\n"),
            ("SET s x IFEQ 13 GET", "$2\r\n12\r\n"),
            ("SET s x IFEQ 012", NIL),
            ("SET s x IFEQ 12", OK),
            ("SET s y IFNE x", NIL),
            ("SET s y IFNE z", OK),
            ("SET fresh y IFNE z", OK),
            ("SET list x IFEQ y", WRONG_TYPE),
            ("SET list x IFEQ y GET", WRONG_TYPE),
            ("SET s x IFEQ", SYNTAX),
            ("SET s x IFEQ y IFEQ y", SYNTAX),
            ("SET s x IFEQ y NX", SYNTAX),
            ("SET s x XX IFEQ y", SYNTAX),
            ("SET s x IFEQ y IFNE y", SYNTAX),
            ("GET s", "$1\r\ny\r\n"),
        ],
    );
    assert_eq!(
        effects(&mut rotom)[1..],
        [
            "SET s new KEEPTTL",
            "SET s 12",
            "SET s x",
            "SET s y",
            "SET fresh y"
        ]
    );
}

#[test]
fn delifeq_deletes_what_it_expects() {
    let mut rotom = local();
    rotom.line("MSET s text n -5 empty ''");
    effects(&mut rotom);
    check(
        &mut rotom,
        &[
            ("DELIFEQ s other", ":0\r\n"),
            ("DELIFEQ nokey ''", ":0\r\n"),
            ("DELIFEQ n -05", ":0\r\n"),
            ("DELIFEQ n -5", ":1\r\n"),
            ("DELIFEQ s text", ":1\r\n"),
            ("DELIFEQ empty ''", ":1\r\n"),
            ("DELIFEQ list ''", WRONG_TYPE),
            ("EXISTS s n empty list", ":1\r\n"),
        ],
    );
    assert_eq!(effects(&mut rotom), ["DEL n", "DEL s", "DEL empty"]);
}

#[test]
fn several_keys_are_set_on_one_condition() {
    let mut rotom = local();
    let bad_count = "-ERR invalid numkeys value or out of range\r\n";
    check(
        &mut rotom,
        &[
            ("MSETEX 2 a 1 b 2", ":1\r\n"),
            ("MSETEX 2 a 3 c 4 NX", ":0\r\n"),
            ("MSETEX 2 a 3 c 4 XX", ":0\r\n"),
            ("MSETEX 2 a 3 b 4 XX EX 10", ":1\r\n"),
            ("MSETEX 1 a 5 KEEPTTL", ":1\r\n"),
            ("MGET a b c", "*3\r\n$1\r\n5\r\n$1\r\n4\r\n$-1\r\n"),
            ("PTTL a", ":10000\r\n"),
            ("MSETEX 1 list x NX", ":0\r\n"),
            ("MSETEX 0 a 1", bad_count),
            ("MSETEX -1 a 1", bad_count),
            ("MSETEX x a 1", bad_count),
            ("MSETEX 2147483648 a 1", bad_count),
            ("MSETEX 2147483647 a 1", SYNTAX),
            ("MSETEX 2 a 1 b", SYNTAX),
            ("MSETEX 1 a 1 NX XX", SYNTAX),
            ("MSETEX 1 a 1 GET", SYNTAX),
            ("MSETEX 1 a 1 EX", SYNTAX),
            ("MSETEX 1 a 1 EX 5 KEEPTTL", SYNTAX),
            ("MSETEX 1 a 1 EX x", NOT_INTEGER),
            (
                "MSETEX 1 a 1 PX 0",
                "-ERR invalid expire time in 'msetex' command\r\n",
            ),
            (
                "COMMAND GETKEYS MSETEX 2 a 1 b 2 NX",
                "*2\r\n$1\r\na\r\n$1\r\nb\r\n",
            ),
        ],
    );
    assert_eq!(
        effects(&mut rotom),
        [
            "MULTI",
            "SET a 1",
            "SET b 2",
            "EXEC",
            "MULTI",
            &format!("SET a 3 PXAT {}", NOW_MS + 10_000),
            &format!("SET b 4 PXAT {}", NOW_MS + 10_000),
            "EXEC",
            "SET a 5 KEEPTTL",
        ]
    );
}

#[test]
fn the_longest_common_subsequence() {
    let mut rotom = local();
    rotom.line("MSET a ohmytext b mynewtext n 12345 m 135 empty ''");
    check(
        &mut rotom,
        &[
            ("LCS a b", "$6\r\nmytext\r\n"),
            ("LCS a b LEN", ":6\r\n"),
            ("LCS n m", "$3\r\n135\r\n"),
            ("LCS a nokey", "$0\r\n\r\n"),
            ("LCS empty a LEN", ":0\r\n"),
            (
                "LCS a b IDX",
                "*4\r\n$7\r\nmatches\r\n*2\r\n*2\r\n*2\r\n:4\r\n:7\r\n*2\r\n:5\r\n:8\r\n\
                 *2\r\n*2\r\n:2\r\n:3\r\n*2\r\n:0\r\n:1\r\n$3\r\nlen\r\n:6\r\n",
            ),
            (
                "LCS a b IDX MINMATCHLEN 4 WITHMATCHLEN",
                "*4\r\n$7\r\nmatches\r\n*1\r\n*3\r\n*2\r\n:4\r\n:7\r\n*2\r\n:5\r\n:8\r\n:4\r\n\
                 $3\r\nlen\r\n:6\r\n",
            ),
            (
                "LCS a empty IDX",
                "*4\r\n$7\r\nmatches\r\n*0\r\n$3\r\nlen\r\n:0\r\n",
            ),
            (
                "LCS a list BAD",
                "-ERR The specified keys must contain string values\r\n",
            ),
            (
                "LCS a b LEN IDX",
                "-ERR If you want both the length and indexes, please just use IDX.\r\n",
            ),
            ("LCS a b BAD", SYNTAX),
            ("LCS a b MINMATCHLEN", SYNTAX),
            ("LCS a b MINMATCHLEN x", NOT_INTEGER),
        ],
    );
    rotom.shared.settings.proto_max_bulk_len = 4 * 9 * 10 - 1;
    check(
        &mut rotom,
        &[(
            "LCS a b LEN",
            "-ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len\r\n",
        )],
    );
}
