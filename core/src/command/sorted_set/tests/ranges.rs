use super::*;
use crate::command::collection::testing::encoding;

#[test]
fn zrange_by_rank() {
    in_each_encoding(|local| {
        local.line("ZADD z 1 a 2 b 3 c 4 d");
        expect_strings(local, "ZRANGE z 0 -1", "a b c d");
        expect_strings(local, "ZRANGE z 1 2", "b c");
        expect_strings(local, "ZRANGE z -2 100", "c d");
        expect_strings(local, "ZRANGE z 0 -1 REV", "d c b a");
        expect_strings(local, "ZRANGE z 0 1 rev", "d c");
        expect_strings(local, "ZREVRANGE z 1 2 WITHSCORES", "c 3 b 2");
        expect(local, "ZRANGE z 2 1", "*0");
        expect(local, "ZRANGE z 9 10", "*0");
        expect(local, "ZRANGE none 0 -1", "*0");
        expect(local, "ZRANGE z 0 1 WITHSCORES", "*4 $1 a $1 1 $1 b $1 2");
        expect_strings(local, "ZRANGE z 0 -1 LIMIT 1 -1", "a b c d");
        resp3(local);
        expect(local, "ZRANGE z 0 1", "*2 $1 a $1 b");
        expect(local, "ZRANGE z 0 1 WITHSCORES", "*2 *2 $1 a ,1 *2 $1 b ,2");
    });
}

#[test]
fn zrange_by_score() {
    in_each_encoding(|local| {
        local.line("ZADD z -inf l 1 a 2 b 2 c 3 d inf u");
        let cases = [
            ("-inf +inf BYSCORE", "l a b c d u"),
            ("(-inf (inf BYSCORE", "a b c d"),
            ("2 3 BYSCORE WITHSCORES", "b 2 c 2 d 3"),
            ("(2 3 BYSCORE", "d"),
            ("2 (3 BYSCORE", "b c"),
            ("3 2 BYSCORE", ""),
            ("3 2 BYSCORE REV", "d c b"),
            ("(3 (1 BYSCORE REV", "c b"),
            ("2 3 BYSCORE REV", ""),
            ("1 3 BYSCORE LIMIT 1 2", "b c"),
            ("1 3 BYSCORE LIMIT 3 -1", "d"),
            ("1 3 BYSCORE LIMIT 4 1", ""),
            ("1 3 BYSCORE LIMIT 0 0", ""),
            ("3 1 BYSCORE REV LIMIT 1 2", "c b"),
        ];
        for (rest, expected) in cases {
            expect_strings(local, &format!("ZRANGE z {rest}"), expected);
        }
        expect_strings(local, "ZRANGEBYSCORE z 1 2", "a b c");
        expect_strings(local, "ZRANGEBYSCORE z 1 2 LIMIT 1 1 WITHSCORES", "b 2");
        expect_strings(local, "ZREVRANGEBYSCORE z 2 1 LIMIT 0 2", "c b");
    });
}

#[test]
fn a_negative_offset_counts_from_the_far_end_of_big_sets_only() {
    in_each_encoding(|local| {
        local.line("ZADD z 1 a 2 b 3 c 4 d 5 e");
        let big = encoding(local, "z") == "skiplist";
        for (line, of_big) in [
            ("ZRANGEBYSCORE z 2 4 LIMIT -1 9", "d"),
            ("ZRANGEBYSCORE z 2 4 LIMIT -3 2", "b c"),
            ("ZRANGEBYSCORE z 2 4 LIMIT -4 2", ""),
            ("ZREVRANGEBYSCORE z 4 2 LIMIT -2 9", "c b"),
            ("ZRANGE z 4 2 BYSCORE REV LIMIT -3 -1", "d c b"),
        ] {
            expect_strings(local, line, if big { of_big } else { "" });
        }
    });
}

#[test]
fn zrange_by_lex() {
    in_each_encoding(|local| {
        local.line("ZADD z 0 a 0 b 0 10 0 c 0 ab");
        let cases = [
            ("- + BYLEX", "10 a ab b c"),
            ("[a (b BYLEX", "a ab"),
            ("(a [b BYLEX", "ab b"),
            ("[1 [2 BYLEX", "10"),
            ("+ - BYLEX", ""),
            ("+ - BYLEX REV", "c b ab a 10"),
            ("[b (a BYLEX REV LIMIT 0 1", "b"),
            ("- + BYLEX LIMIT 1 2", "a ab"),
        ];
        for (rest, expected) in cases {
            expect_strings(local, &format!("ZRANGE z {rest}"), expected);
        }
        expect_strings(local, "ZRANGEBYLEX z [a +", "a ab b c");
        expect_strings(local, "ZREVRANGEBYLEX z [b - LIMIT 1 2", "ab a");
        expect(local, "ZLEXCOUNT z - (b", ":3");
        expect(local, "ZLEXCOUNT z + -", ":0");
        expect(local, "ZLEXCOUNT none - +", ":0");
    });
}

#[test]
fn ranges_refuse_what_redis_refuses() {
    let mut local = Local::new(1);
    let not_floats = "-ERR min or max is not a float";
    let not_range = "-ERR min or max not valid string range item";
    let not_integer = "-ERR value is not an integer or out of range";
    for (line, error) in [
        ("ZRANGE z a 1", not_integer),
        ("ZRANGE z 0 (1", not_integer),
        ("ZRANGE z a 1 BYSCORE", not_floats),
        ("ZRANGE z 0 nan BYSCORE", not_floats),
        ("ZRANGE z 0 [1 BYLEX", not_range),
        ("ZRANGE z [a ++ BYLEX", not_range),
        ("ZRANGE z 0 1 BYLEX BYSCORE", "-ERR syntax error"),
        ("ZRANGE z 0 1 REV REV", "-ERR syntax error"),
        ("ZRANGE z 0 1 LIMIT 0", "-ERR syntax error"),
        ("ZRANGE z 0 1 BYSCORE LIMIT x 1", not_integer),
        (
            "ZRANGE z 0 1 LIMIT 0 1",
            "-ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX",
        ),
        (
            "ZRANGE z - + BYLEX WITHSCORES",
            "-ERR syntax error, WITHSCORES not supported in combination with BYLEX",
        ),
        ("ZREVRANGE z 0 1 REV", "-ERR syntax error"),
        ("ZREVRANGE z 0 1 BYLEX", "-ERR syntax error"),
        ("ZRANGEBYSCORE z 0 1 BYSCORE", "-ERR syntax error"),
        ("ZRANGEBYLEX z - [b REV", "-ERR syntax error"),
        ("ZRANGEBYLEX z a [b", not_range),
        ("ZRANGESTORE d z 0 1 WITHSCORES", "-ERR syntax error"),
        ("ZLEXCOUNT z a b", not_range),
        ("ZREMRANGEBYRANK z 0 x", not_integer),
        ("ZREMRANGEBYSCORE z 0 x", not_floats),
        ("ZREMRANGEBYLEX z 0 x", not_range),
    ] {
        expect(&mut local, line, error);
    }
}

#[test]
fn zrangestore_replaces_the_destination() {
    in_each_encoding(|local| {
        local.line("ZADD z 1 a 2 b 3 c");
        local.line("SET d x");
        effects(local);
        expect(local, "ZRANGESTORE d z 1 -1", ":2");
        expect_strings(local, "ZRANGE d 0 -1 WITHSCORES", "b 2 c 3");
        expect(local, "ZRANGESTORE d z 3 2 BYSCORE REV LIMIT 0 1", ":1");
        expect_strings(local, "ZRANGE d 0 -1 WITHSCORES", "c 3");
        expect(local, "ZRANGESTORE z z 0 0", ":1");
        expect_strings(local, "ZRANGE z 0 -1", "a");
        expect(local, "ZRANGESTORE d none 0 -1", ":0");
        expect(local, "ZCARD d", ":0");
        expect(local, "ZRANGESTORE d none 0 -1", ":0");
        assert_eq!(effects(local).len(), 4);
    });
}

#[test]
fn zremrange_removes_a_range() {
    in_each_encoding(|local| {
        local.line("ZADD z 0 a 0 b 0 c 0 d 0 e 1 f 2 g 3 h");
        expect(local, "ZREMRANGEBYLEX z (a [b", ":1");
        expect(local, "ZREMRANGEBYSCORE z (0 2", ":2");
        expect(local, "ZREMRANGEBYRANK z -2 -2", ":1");
        expect_strings(local, "ZRANGE z 0 -1", "a c d h");
        expect(local, "ZREMRANGEBYRANK z 5 9", ":0");
        expect(local, "ZREMRANGEBYSCORE z 5 9", ":0");
        expect(local, "ZREMRANGEBYRANK z 0 -1", ":4");
        assert_eq!(local.shared.keys.len(), 0);
        expect(local, "ZREMRANGEBYRANK z 0 -1", ":0");
    });
}
