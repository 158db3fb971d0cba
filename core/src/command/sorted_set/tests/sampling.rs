use super::*;

#[test]
fn zscan_walks_everything_once() {
    in_each_encoding(|local| {
        for i in 0..500 {
            local.line(&format!("ZADD z {i} m{i}"));
        }
        local.line("ZADD s 1 a");
        let (mut seen, mut cursor) = (BTreeSet::new(), String::from("0"));
        loop {
            let mut given = strings(local, &format!("ZSCAN z {cursor} COUNT 20")).into_iter();
            cursor = given.next().unwrap();
            let given: Vec<String> = given.collect();
            for pair in given.chunks(2) {
                assert_eq!(pair[0], format!("m{}", pair[1]));
                assert!(seen.insert(pair[0].clone()));
            }
            if cursor == "0" {
                break;
            }
        }
        assert_eq!(seen.len(), 500);
        expect_strings(local, "ZSCAN z 0 COUNT 1000000 MATCH m499*", "0 m499 499");
        expect(local, "ZSCAN s 0", "*2 $1 0 *2 $1 a $1 1");
        expect(local, "ZSCAN s 0 MATCH b*", "*2 $1 0 *0");
        expect(local, "ZSCAN none 0 BAD", "*2 $1 0 *0");
        expect(local, "ZSCAN s x", "-ERR invalid cursor");
        expect(local, "ZSCAN s -1", "-ERR invalid cursor");
        expect(local, "ZSCAN s 0 COUNT 0", "-ERR syntax error");
        expect(local, "ZSCAN s 0 MATCH", "-ERR syntax error");
        expect(
            local,
            "ZSCAN s 0 COUNT x",
            "-ERR value is not an integer or out of range",
        );
        expect(
            local,
            "ZSCAN s 0 NOVALUES",
            "-ERR NOVALUES option can only be used in HSCAN",
        );
        resp3(local);
        expect(local, "ZSCAN s 0", "*2 $1 0 *2 $1 a $1 1");
    });
}

#[test]
fn zscan_tells_scores_as_redis_does() {
    let mut local = Local::new(1);
    local.line("ZADD z 0.1 a");
    expect(&mut local, "ZSCAN z 0", "*2 $1 0 *2 $1 a $3 0.1");
    local.shared.keys.limits.zset_max_listpack_entries = 0;
    local.line("ZADD big 0.1 a");
    expect(
        &mut local,
        "ZSCAN big 0",
        "*2 $1 0 *2 $1 a $19 0.10000000000000001",
    );
    local.line("ZADD big inf a");
    expect(&mut local, "ZSCAN big 0", "*2 $1 0 *2 $1 a $3 inf");
}

#[test]
fn zrandmember_gives_members() {
    in_each_encoding(|local| {
        for i in 0..40 {
            local.line(&format!("ZADD z {i} m{i}"));
        }
        for count in [0, 1, 5, 13, 14, 39, 40, 100] {
            let given = strings(local, &format!("ZRANDMEMBER z {count}"));
            let unique: BTreeSet<&String> = given.iter().collect();
            assert_eq!(unique.len(), count.min(40));
            assert_eq!(given.len(), count.min(40));
            assert!(given.iter().all(|member| member.starts_with('m')));
        }
        assert_eq!(strings(local, "ZRANDMEMBER z -100").len(), 100);
        let pairs = strings(local, "ZRANDMEMBER z -7 WITHSCORES");
        assert_eq!(pairs.len(), 14);
        assert!(pairs.chunks(2).all(|p| p[0] == format!("m{}", p[1])));
        assert!(reply(local, "ZRANDMEMBER z").contains(" m"));
        expect(local, "ZRANDMEMBER none", "$-1");
        expect(local, "ZRANDMEMBER none 3", "*0");
        expect(local, "ZRANDMEMBER z 0", "*0");
        local.line("ZADD one 2.5 a");
        resp3(local);
        expect(local, "ZRANDMEMBER one 3 WITHSCORES", "*1 *2 $1 a ,2.5");
        expect(
            local,
            "ZRANDMEMBER one -2 withscores",
            "*2 *2 $1 a ,2.5 *2 $1 a ,2.5",
        );
        expect(local, "ZRANDMEMBER none", "_");
    });
}

#[test]
fn zrandmember_refuses_what_redis_refuses() {
    let mut local = Local::new(1);
    let not_integer = "-ERR value is not an integer or out of range";
    let range = "-ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807";
    for (line, error) in [
        ("ZRANDMEMBER z x", not_integer),
        ("ZRANDMEMBER z 9223372036854775808", not_integer),
        ("ZRANDMEMBER z -9223372036854775808", range),
        ("ZRANDMEMBER z 1 SCORES", "-ERR syntax error"),
        ("ZRANDMEMBER z 1 WITHSCORES x", "-ERR syntax error"),
        (
            "ZRANDMEMBER z -9223372036854775807 WITHSCORES",
            "-ERR value is out of range",
        ),
    ] {
        expect(&mut local, line, error);
    }
}

#[test]
fn a_reply_of_repeated_members_has_a_bound() {
    let mut local = Local::new(1);
    let member = "m".repeat(16 << 20);
    local.line(&format!("ZADD z 1 {member}"));
    expect(
        &mut local,
        "ZRANDMEMBER z -9223372036854775807",
        "-ERR value is out of range",
    );
}
