//! Fields with a time to live.

use super::*;
use crate::keyspace::Keyspace;
use std::vec::Vec;

const NOW_MS: u64 = 1_700_000_000_000;

/// A client whose time is [`NOW_MS`], with a log. Small hashes take up to four fields.
fn timed() -> Local {
    let mut local = rotom();
    local.set_time_ms(NOW_MS);
    local.shared.keys.limits.hash_max_listpack_entries = 4;
    effects(&mut local);
    local
}

/// Lets time pass by so many milliseconds, but nothing leave by itself.
fn pass(local: &mut Local, milliseconds: u64) {
    let now_ms = local.shared.keys.now_ms;
    local.set_time_ms(now_ms + milliseconds);
}

fn check(local: &Local) {
    local.shared.keys.check().unwrap();
}

/// `HSET key f1 1 f2 2 ...` for a small and for a big hash.
fn small_and_big(local: &mut Local) -> [&'static str; 2] {
    for i in 1..=3 {
        local.line(&format!("HSET small f{i} {i}"));
        local.line(&format!("HSET big f{i} {i}"));
    }
    for i in 4..=9 {
        local.line(&format!("HSET big f{i} {i}"));
    }
    effects(local);
    ["small", "big"]
}

#[test]
fn lifetimes_are_given_and_told() {
    let mut local = timed();
    for key in small_and_big(&mut local) {
        for (command, reply) in [
            ("HEXPIRE ? 10 FIELDS 2 f1 none", "*2|:1|:-2|"),
            ("HTTL ? FIELDS 3 f1 f2 none", "*3|:10|:-1|:-2|"),
            ("HPTTL ? FIELDS 1 f1", "*1|:10000|"),
            ("HEXPIRETIME ? FIELDS 1 f1", "*1|:1700000010|"),
            ("HPEXPIRETIME ? FIELDS 1 f1", "*1|:1700000010000|"),
            ("HPEXPIRE ? 1001 NX FIELDS 2 f1 f2", "*2|:0|:1|"),
            ("HTTL ? FIELDS 1 f2", "*1|:2|"),
            ("HPEXPIREAT ? 1700000020000 XX FIELDS 2 f1 f3", "*2|:1|:0|"),
            ("HEXPIREAT ? 1700000019 gt FIELDS 2 f1 f3", "*2|:0|:0|"),
            ("HEXPIREAT ? 1700000021 GT FIELDS 1 f1", "*1|:1|"),
            ("HEXPIREAT ? 1700000021 LT FIELDS 2 f1 f3", "*2|:0|:1|"),
            ("HPERSIST ? FIELDS 3 f3 f3 none", "*3|:1|:-1|:-2|"),
            ("HPEXPIRE ? 0 FIELDS 2 f2 f2", "*2|:2|:-2|"),
            ("HEXISTS ? f2", ":0|"),
        ] {
            expect(&mut local, &[(&command.replace('?', key), reply)]);
            check(&local);
        }
        let logged = [
            "HPEXPIREAT ? 1700000010000 FIELDS 1 f1",
            "HPEXPIREAT ? 1700000001001 FIELDS 1 f2",
            "HPEXPIREAT ? 1700000020000 FIELDS 1 f1",
            "HPEXPIREAT ? 1700000021000 FIELDS 1 f1",
            "HPEXPIREAT ? 1700000021000 FIELDS 1 f3",
            "HPERSIST ? FIELDS 1 f3",
            "HDEL ? f2",
        ];
        assert_eq!(
            effects(&mut local),
            logged.map(|line| line.replace('?', key))
        );
    }
    assert_eq!(encoding(&mut local, "small"), "listpackex");
    assert_eq!(encoding(&mut local, "big"), "hashtable");
}

#[test]
fn a_field_is_gone_when_its_time_comes() {
    let mut local = timed();
    for key in small_and_big(&mut local) {
        line(&mut local, &format!("HPEXPIRE {key} 5 FIELDS 1 f1"));
        pass(&mut local, 4);
        assert_eq!(line(&mut local, &format!("HGET {key} f1")), "$1\r\n1\r\n");
        pass(&mut local, 1);
        let left = if key == "small" { 2 } else { 8 };
        for (command, reply) in [
            ("HGET ? f1", "$-1|".into()),
            ("HEXISTS ? f1", ":0|".into()),
            ("HSTRLEN ? f1", ":0|".into()),
            ("HMGET ? f1 f2", "*2|$-1|$1|2|".into()),
            ("HLEN ?", format!(":{left}|")),
            ("HTTL ? FIELDS 1 f1", "*1|:-2|".into()),
            ("HPERSIST ? FIELDS 1 f1", "*1|:-2|".into()),
            ("HDEL ? f1", ":0|".into()),
            ("HGETDEL ? FIELDS 1 f1", "*1|$-1|".into()),
            ("HSETEX ? FXX FIELDS 1 f1 x", ":0|".into()),
            ("HINCRBY ? f1 7", ":7|".into()),
            ("HTTL ? FIELDS 1 f1", "*1|:-1|".into()),
        ] {
            expect(&mut local, &[(&command.replace('?', key), &reply)]);
        }
        assert_eq!(fields(&mut local, key).len(), left + 1);
        let logged = effects(&mut local);
        assert_eq!(
            logged[1..],
            [format!("HDEL {key} f1"), format!("HINCRBY {key} f1 7")]
        );
        check(&local);
    }
    assert_eq!(local.shared.keys.counters.expired_fields, 2);
}

/// Fields that no lookup has removed yet, since there are many: a writer must not build on one.
#[test]
fn a_field_that_is_due_and_still_there_is_not_built_on() {
    for (command, reply, logged) in [
        ("HINCRBY h f200 1", ":1|", "HINCRBY h f200 1"),
        ("HINCRBYFLOAT h f200 1", "$1|1|", "HSET h f200 1"),
        ("HSETNX h f200 x", ":1|", "HSETNX h f200 x"),
        (
            "HSETEX h FNX KEEPTTL FIELDS 1 f200 x",
            ":1|",
            "HSETEX h KEEPTTL FIELDS 1 f200 x",
        ),
        ("HSET h f200 x", ":1|", "HSET h f200 x"),
    ] {
        let mut local = timed();
        for i in 0..300 {
            line(
                &mut local,
                &format!("HSETEX h PX {} FIELDS 1 f{i} 5", i + 1),
            );
        }
        line(&mut local, "HSET h stays 1");
        effects(&mut local);
        pass(&mut local, 1000);
        expect(
            &mut local,
            &[
                (command, reply),
                ("HLEN h", ":2|"),
                ("HTTL h FIELDS 1 f200", "*1|:-1|"),
            ],
        );
        let effects = effects(&mut local);
        let at = effects.iter().position(|effect| effect == logged).unwrap();
        let before = effects[..at].iter().any(|effect| effect == "HDEL h f200");
        assert_eq!(before, !command.starts_with("HSET h"), "{effects:?}");
        check(&local);
    }
}

#[test]
fn a_hash_without_a_field_left_is_gone() {
    for (command, reply) in [
        ("EXISTS h", ":0|"),
        ("TYPE h", "+none|"),
        ("HLEN h", ":0|"),
        ("HGETALL h", "*0|"),
        ("HRANDFIELD h", "$-1|"),
        ("HRANDFIELD h 5", "*0|"),
        ("HSCAN h 0", "*2|$1|0|*0|"),
        ("SET h x NX", "+OK|"),
        ("RENAME h i", "-ERR no such key|"),
        ("COPY h i", ":0|"),
        ("HSET h f 1", ":1|"),
        ("KEYS *", "*1|$6|string|"),
        ("RANDOMKEY", "$6|string|"),
        ("DEL h", ":0|"),
        ("HEXPIRE h 1 FIELDS 1 f1", "*1|:-2|"),
    ] {
        for count in [1, 3, 50] {
            let mut local = timed();
            for i in 0..count {
                line(&mut local, &format!("HSETEX h PX 10 FIELDS 1 f{i} 5"));
            }
            effects(&mut local);
            pass(&mut local, 10);
            expect(&mut local, &[(command, reply)]);
            check(&local);
            if !command.starts_with("KEYS") {
                let effects = effects(&mut local);
                assert!(
                    command == "RANDOMKEY" || effects[0] == "DEL h",
                    "{command} {effects:?}"
                );
            }
        }
    }
}

#[test]
fn what_clears_a_lifetime_and_what_keeps_it() {
    let mut local = timed();
    for key in small_and_big(&mut local) {
        for (command, ttl) in [
            ("HSET ? f1 x", ":-1"),
            ("HMSET ? f1 x", ":-1"),
            ("HSETNX ? f1 x", ":100"),
            ("HINCRBY ? f1 1", ":100"),
            ("HINCRBYFLOAT ? f1 1", ":100"),
            ("HSETEX ? FIELDS 1 f1 y", ":-1"),
            ("HSETEX ? KEEPTTL FIELDS 1 f1 much-longer", ":100"),
            ("HSETEX ? EX 7 FIELDS 1 f1 y", ":7"),
            ("HGETEX ? FIELDS 1 f1", ":100"),
            ("HGETEX ? PERSIST FIELDS 1 f1", ":-1"),
            ("HGETEX ? EX 8 FIELDS 1 f1", ":8"),
            ("HGET ? f1", ":100"),
        ] {
            line(&mut local, &format!("HSETEX {key} EX 100 FIELDS 1 f1 5"));
            let reply = line(&mut local, &command.replace('?', key));
            assert!(!reply.starts_with('-'), "{command}: {reply}");
            let told = line(&mut local, &format!("HTTL {key} FIELDS 1 f1"));
            assert_eq!(told, format!("*1\r\n{ttl}\r\n"), "{command}");
            check(&local);
        }
    }
}

#[test]
fn values_and_lifetimes_go_together() {
    let mut local = timed();
    expect(
        &mut local,
        &[
            ("HSETEX h EX 10 FIELDS 2 a 1 b 2", ":1|"),
            ("HSETEX h FNX EX 20 FIELDS 2 a 3 c 3", ":0|"),
            ("HSETEX h FXX PX 20 FIELDS 2 a 3 c 3", ":0|"),
            ("HSETEX none FXX FIELDS 1 a 3", ":0|"),
            ("HSETEX h FXX PX 20000 FIELDS 1 a 3", ":1|"),
            (
                "HGETEX h PXAT 1700000030000 FIELDS 2 a none",
                "*2|$1|3|$-1|",
            ),
            ("HGETEX h PERSIST FIELDS 2 b b", "*2|$1|2|$1|2|"),
            ("HGETDEL h FIELDS 2 b none", "*2|$1|2|$-1|"),
            ("HGETEX h EXAT 1 FIELDS 1 a", "*1|$1|3|"),
            ("EXISTS h", ":0|"),
            ("HSETEX h PXAT 5 FIELDS 1 a 1", ":1|"),
            ("EXISTS h", ":0|"),
            ("HSET h a 1 b 2", ":2|"),
            ("HSETEX h EXAT 5 FIELDS 1 a 1", ":1|"),
            ("HGETALL h", "*2|$1|b|$1|2|"),
            ("HGETDEL h FIELDS 1 b", "*1|$1|2|"),
            ("EXISTS h", ":0|"),
            ("HGETDEL h FIELDS 1 b", "*1|$-1|"),
            ("HGETEX h FIELDS 1 b", "*1|$-1|"),
        ],
    );
    let logged = [
        "HSETEX h PXAT 1700000010000 FIELDS 2 a 1 b 2",
        "HSETEX h PXAT 1700000020000 FIELDS 1 a 3",
        "HPEXPIREAT h 1700000030000 FIELDS 1 a",
        "HPERSIST h FIELDS 1 b",
        "HDEL h b",
        "HDEL h a",
        "HDEL h a",
        "HSET h a 1 b 2",
        "HDEL h a",
        "HDEL h b",
    ];
    assert_eq!(effects(&mut local), logged);
    check(&local);
}

#[test]
fn a_moved_hash_takes_its_lifetimes_along() {
    let mut local = timed();
    for at in 0..2 {
        let key = small_and_big(&mut local)[at];
        let ttl = |local: &mut Local, key: &str| line(local, &format!("HTTL {key} FIELDS 2 f1 f2"));
        line(&mut local, &format!("HEXPIRE {key} 10 FIELDS 1 f1"));
        line(&mut local, &format!("COPY {key} copy"));
        line(&mut local, &format!("RENAME {key} renamed"));
        check(&local);
        line(&mut local, "MOVE renamed 1");
        line(&mut local, "SELECT 1");
        check(&local);
        assert_eq!(ttl(&mut local, "renamed"), "*2\r\n:10\r\n:-1\r\n");
        line(&mut local, "SELECT 0");
        assert_eq!(ttl(&mut local, "copy"), "*2\r\n:10\r\n:-1\r\n");
        line(&mut local, "SWAPDB 0 1");
        pass(&mut local, 10_000);
        local.shared.keys.expire_some(100);
        check(&local);
        assert_eq!(ttl(&mut local, "renamed"), "*2\r\n:-2\r\n:-1\r\n");
        line(&mut local, "SET renamed x");
        check(&local);
        line(&mut local, "FLUSHALL");
        check(&local);
    }
}

/// How many volatile hashes there are in database 0, and when the first thing is due.
fn index(keys: &Keyspace) -> (usize, Option<u64>) {
    (keys.volatile_hashes(0), keys.next_expiry())
}

#[test]
fn fields_leave_by_themselves_within_budget_and_in_order() {
    let mut local = timed();
    for hash in 0..10 {
        for i in 0..20 {
            line(
                &mut local,
                &format!("HSETEX h{hash} PX {} FIELDS 1 f{i} v", 10 * i + hash + 1),
            );
        }
    }
    assert_eq!(index(&local.shared.keys), (10, Some(NOW_MS + 1)));
    effects(&mut local);
    pass(&mut local, 5);
    assert_eq!(local.shared.keys.expire_some(3), 3);
    assert_eq!(local.shared.keys.expire_some(100), 2);
    assert_eq!(local.shared.keys.expire_some(100), 0);
    assert_eq!(index(&local.shared.keys), (10, Some(NOW_MS + 6)));
    let logged: Vec<String> = (0..5).map(|hash| format!("HDEL h{hash} f0")).collect();
    assert_eq!(effects(&mut local), logged);
    check(&local);
    pass(&mut local, 1000);
    while local.shared.keys.expire_some(16) > 0 {
        check(&local);
    }
    assert_eq!(index(&local.shared.keys), (0, None));
    assert_eq!(local.shared.keys.len(), 1);
    assert_eq!(local.shared.keys.counters.expired_fields, 200);
    assert_eq!(local.shared.keys.counters.field_lag.max_ms(), 999);
}

#[test]
fn keys_and_fields_leave_in_order_of_time() {
    let mut local = timed();
    for i in 0..50 {
        line(&mut local, &format!("SET k{i} v PX {}", 2 * i + 1));
        line(
            &mut local,
            &format!("HSETEX h PX {} FIELDS 1 f{i} v", 2 * i + 2),
        );
    }
    pass(&mut local, 1000);
    local.shared.keys.expire_some(60);
    let expired = local.shared.keys.counters.expired;
    assert!((25..=35).contains(&expired), "{expired}");
    check(&local);
}

#[test]
fn events_are_told() {
    let mut local = timed();
    local.shared.keys.events.clear();
    for command in [
        "HSETEX h PX 10 FIELDS 1 a 1",
        "HEXPIRE h 1 FIELDS 1 a",
        "HPERSIST h FIELDS 1 a",
        "HGETEX h PX 10 FIELDS 1 a",
        "HGETEX h PXAT 1 FIELDS 1 a",
        "HSETEX h PX 10 FIELDS 1 a 1",
    ] {
        line(&mut local, command);
    }
    pass(&mut local, 10);
    local.shared.keys.expire_some(10);
    let events = local
        .shared
        .keys
        .events
        .take_names()
        .into_iter()
        .map(|event| event.1);
    let events: Vec<&str> = events.filter(|&event| event != "new").collect();
    let told = [
        "hset", "hexpire", "hexpire", "hpersist", "hexpire", "hdel", "del", "hset", "hexpire",
        "hexpired", "del",
    ];
    assert_eq!(events, told);
}

#[test]
fn errors_of_lifetimes_are_redis_errors() {
    let mut local = timed();
    line(&mut local, "HSET h a 1");
    effects(&mut local);
    let fields = "-ERR Mandatory argument FIELDS is missing or not at the right position|";
    let mismatch = "-ERR The `numfields` parameter must match the number of arguments|";
    let positive = "-ERR Number of fields must be a positive integer|";
    let one_time = "-ERR Only one of EX, PX, EXAT, PXAT or KEEPTTL arguments can be specified|";
    expect(
        &mut local,
        &[
            (
                "HEXPIRE string 1 FIELDS 1 a",
                &WRONG_TYPE.replace("\r\n", "|"),
            ),
            (
                "HEXPIRE string x FIELDS 1 a",
                &WRONG_TYPE.replace("\r\n", "|"),
            ),
            ("HTTL string FIELD 1 a", &WRONG_TYPE.replace("\r\n", "|")),
            (
                "HSETEX string EX x FIELDS 1 a 1",
                "-ERR value is not an integer or out of range|",
            ),
            (
                "HEXPIRE h x FIELDS 1 a",
                "-ERR value is not an integer or out of range|",
            ),
            (
                "HEXPIRE h -1 FIELDS 1 a",
                "-ERR invalid expire time, must be >= 0|",
            ),
            (
                "HEXPIRE h 70368744178 FIELDS 1 a",
                "-ERR invalid expire time in 'hexpire' command|",
            ),
            (
                "HPEXPIREAT h 70368744177664 FIELDS 1 a",
                "-ERR invalid expire time in 'hpexpireat' command|",
            ),
            ("HEXPIRE h 1 YY FIELDS 1 a", fields),
            (
                "HEXPIRE h 1 FIELDS 0 a",
                "-ERR Parameter `numFields` should be greater than 0|",
            ),
            ("HEXPIRE h 1 FIELDS 2 a", mismatch),
            ("HTTL h FIELD 1 a", fields),
            ("HTTL h FIELDS x a", positive),
            ("HPERSIST h FIELDS 2 a", mismatch),
            (
                "HGETEX h EX 1 FIELDS",
                "-ERR wrong number of arguments for 'hgetex' command|",
            ),
            ("HGETEX h EX 1 FIELDS 1", mismatch),
            ("HGETEX h KEEPTTL FIELDS 1 a", fields),
            ("HGETDEL h FIELDS -1 a", positive),
            ("HSETEX h EX 1 PX 1 FIELDS 1 a 1", one_time),
            (
                "HSETEX h FNX FXX FIELDS 1 a 1",
                "-ERR Only one of FXX or FNX arguments can be specified|",
            ),
            (
                "HSETEX h FNX FIELDS 0 a 1",
                "-ERR invalid number of fields|",
            ),
            (
                "HSETEX h FIELDS 2 a 1",
                "-ERR wrong number of arguments for 'hsetex' command|",
            ),
            ("HSETEX h NX FIELDS 1 a 1", "-ERR unknown argument: NX|"),
            (
                "HSETEX h FNX KEEPTTL PXAT",
                "-ERR wrong number of arguments for 'hsetex' command|",
            ),
            (
                "HSETEX h FNX FXX KEEPTTL PXAT",
                "-ERR Only one of FXX or FNX arguments can be specified|",
            ),
            ("HTTL h FIELDS 1 a", "*1|:-1|"),
        ],
    );
    assert!(effects(&mut local).is_empty());
}
