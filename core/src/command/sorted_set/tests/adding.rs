use super::*;

#[test]
fn zadd_counts_what_it_adds() {
    in_each_encoding(|local| {
        expect(local, "ZADD z 1 a 2 b 3 c", ":3");
        expect(local, "ZADD z 1 a 5 b 4 d", ":1");
        expect(local, "ZADD z CH 1 a 6 b 4 e", ":2");
        expect(local, "zadd z nx ch 9 a 9 f", ":1");
        expect(local, "ZADD z XX CH 7 a 9 g", ":1");
        expect(local, "ZADD z GT CH 1 a 10 b 1 g", ":2");
        expect(local, "ZADD z LT CH 1 a 11 b", ":1");
        expect(local, "ZADD z XX GT CH 2 a 1 h", ":1");
        expect(local, "ZADD z 1 twice 2 twice", ":1");
        expect_strings(
            local,
            "ZRANGE z 0 -1 WITHSCORES",
            "g 1 a 2 twice 2 c 3 d 4 e 4 f 9 b 10",
        );
        expect(local, "ZADD none XX 1 a", ":0");
        expect(local, "ZCARD none", ":0");
    });
}

#[test]
fn zadd_incr_and_zincrby_reply_the_score() {
    in_each_encoding(|local| {
        expect(local, "ZADD z INCR 1.5 a", "$3 1.5");
        expect(local, "ZADD z INCR XX 1 a", "$3 2.5");
        expect(local, "ZADD z INCR NX 1 a", "$-1");
        expect(local, "ZADD z INCR XX 1 b", "$-1");
        expect(local, "ZADD none INCR XX 1 b", "$-1");
        expect(local, "ZADD z INCR GT -1 a", "$-1");
        expect(local, "ZADD z INCR LT -1 a", "$3 1.5");
        expect(local, "ZINCRBY z 0.1 b", "$3 0.1");
        expect(local, "ZINCRBY z 0.2 b", "$19 0.30000000000000004");
        expect(local, "ZINCRBY z +inf i", "$3 inf");
        expect(
            local,
            "ZINCRBY z -inf i",
            "-ERR resulting score is not a number (NaN)",
        );
        expect(local, "ZSCORE z i", "$3 inf");
        resp3(local);
        expect(local, "ZADD z INCR 1 a", ",2.5");
        expect(local, "ZADD z INCR NX 1 a", "_");
        expect(local, "ZINCRBY z -2.5 a", ",0");
    });
}

#[test]
fn zadd_refuses_what_redis_refuses() {
    let mut local = Local::new(1);
    let incompatible = "-ERR GT, LT, and/or NX options at the same time are not compatible";
    for (line, error) in [
        ("ZADD z 1 a 2", "-ERR syntax error"),
        ("ZADD z NX CH", "-ERR syntax error"),
        (
            "ZADD z NX XX 1 a",
            "-ERR XX and NX options at the same time are not compatible",
        ),
        ("ZADD z NX GT 1 a", incompatible),
        ("ZADD z LT NX 1 a", incompatible),
        ("ZADD z LT GT 1 a", incompatible),
        (
            "ZADD z INCR 1 a 2 b",
            "-ERR INCR option supports a single increment-element pair",
        ),
        ("ZADD z x a", "-ERR value is not a valid float"),
        ("ZADD z nan a", "-ERR value is not a valid float"),
        ("ZADD z 1 a x b", "-ERR value is not a valid float"),
        ("ZADD z 1 a nan b", "-ERR value is not a valid float"),
        ("ZINCRBY z x a", "-ERR value is not a valid float"),
        ("ZINCRBY z NX a", "-ERR syntax error"),
        (
            "ZADD z 1",
            "-ERR wrong number of arguments for 'zadd' command",
        ),
    ] {
        expect(&mut local, line, error);
    }
    expect(&mut local, "ZCARD z", ":0");
}
