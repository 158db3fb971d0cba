mod combine;
mod replay;

use crate::command::collection::testing::*;
use crate::resp::Protocol;
use crate::session::Local;
use std::collections::{BTreeMap, BTreeSet};
use std::string::{String, ToString};
use std::vec::Vec;
use std::{format, vec};

fn members(local: &mut Local, key: &str) -> BTreeSet<String> {
    words(local, &format!("SMEMBERS {key}"))
        .into_iter()
        .collect()
}

/// Adds the numbers below `count`, spelled so that the set gets the encoding wanted.
fn fill(local: &mut Local, key: &str, count: usize, prefix: &str) -> BTreeSet<String> {
    let members: BTreeSet<String> = (0..count).map(|i| format!("{prefix}{i}")).collect();
    for member in &members {
        local.line(&format!("SADD {key} {member}"));
    }
    members
}

/// A key in each encoding, with its ten members.
fn each_encoding(local: &mut Local) -> [(&'static str, BTreeSet<String>); 3] {
    let ints = fill(local, "ints", 10, "");
    let pack = fill(local, "pack", 10, "m");
    local.shared.keys.limits.set_max_listpack_entries = 9;
    let table = fill(local, "table", 10, "t");
    local.shared.keys.limits.set_max_listpack_entries = 128;
    for (key, name) in [
        ("ints", "intset"),
        ("pack", "listpack"),
        ("table", "hashtable"),
    ] {
        assert_eq!(encoding(local, key), name);
    }
    effects(local);
    [("ints", ints), ("pack", pack), ("table", table)]
}

#[test]
fn members_come_and_go() {
    let mut local = rotom();
    expect(
        &mut local,
        &[
            ("SADD s a b a", ":2|"),
            ("SADD s a", ":0|"),
            ("SCARD s", ":2|"),
            ("SCARD none", ":0|"),
            ("SISMEMBER s a", ":1|"),
            ("SISMEMBER s c", ":0|"),
            ("SISMEMBER none a", ":0|"),
            ("SMISMEMBER s a c b", "*3|:1|:0|:1|"),
            ("SMISMEMBER none a c", "*2|:0|:0|"),
            ("SREM none a", ":0|"),
            ("SREM s c", ":0|"),
            ("SREM s c a", ":1|"),
            ("SMEMBERS s", "*1|$1|b|"),
            ("SREM s b x", ":1|"),
            ("SMEMBERS s", "*0|"),
        ],
    );
    assert_eq!(encoding(&mut local, "s"), "none");
    assert_eq!(
        effects(&mut local),
        ["SADD s a b a", "SREM s c a", "SREM s b x"]
    );
}

#[test]
fn resp3_has_sets() {
    let mut local = rotom();
    local.client.protocol = Protocol::Resp3;
    expect(
        &mut local,
        &[
            ("SMEMBERS none", "~0|"),
            ("SPOP none", "_|"),
            ("SPOP none 2", "~0|"),
            ("SRANDMEMBER none", "_|"),
            ("SRANDMEMBER none 2", "*0|"),
            ("SADD s 1", ":1|"),
            ("SMEMBERS s", "~1|$1|1|"),
            ("SISMEMBER s 1", ":1|"),
            ("SRANDMEMBER s -2", "*2|$1|1|$1|1|"),
            ("SRANDMEMBER s 3", "*1|$1|1|"),
            ("SPOP s 0", "~0|"),
            ("SPOP s 3", "~1|$1|1|"),
        ],
    );
}

#[test]
fn errors_are_redis_errors() {
    let mut local = rotom();
    for command in [
        "SADD string a",
        "SREM string a",
        "SPOP string",
        "SPOP string 1",
        "SRANDMEMBER string",
        "SRANDMEMBER string 1",
        "SMEMBERS string",
        "SISMEMBER string a",
        "SMISMEMBER string a",
        "SCARD string",
        "SMOVE string s a",
        "SSCAN string 0",
    ] {
        assert_eq!(line(&mut local, command), WRONG_TYPE, "{command}");
    }
    let out_of_range = "-ERR value is out of range, value must between \
                        -9223372036854775807 and 9223372036854775807|";
    expect(
        &mut local,
        &[
            ("SADD s a", ":1|"),
            ("SMOVE s string a", &WRONG_TYPE.replace("\r\n", "|")),
            ("SMOVE none string a", ":0|"),
            ("SPOP s -1", "-ERR value is out of range, must be positive|"),
            ("SPOP s x", "-ERR value is out of range, must be positive|"),
            ("SPOP s 1 2", "-ERR syntax error|"),
            ("SRANDMEMBER s 1 2", "-ERR syntax error|"),
            (
                "SRANDMEMBER s x",
                "-ERR value is not an integer or out of range|",
            ),
            ("SRANDMEMBER s -9223372036854775808", out_of_range),
            (
                "SRANDMEMBER s -9223372036854775807",
                "-ERR value is out of range|",
            ),
            ("SRANDMEMBER s 9223372036854775807", "*1|$1|a|"),
            ("SRANDMEMBER none -9223372036854775807", "*0|"),
            ("SPOP none 9223372036854775807", "*0|"),
            ("SSCAN s x", "-ERR invalid cursor|"),
            ("SSCAN s -1", "-ERR invalid cursor|"),
            ("SSCAN s 0 COUNT 0", "-ERR syntax error|"),
            (
                "SSCAN s 0 COUNT x",
                "-ERR value is not an integer or out of range|",
            ),
            ("SSCAN s 0 COUNT", "-ERR syntax error|"),
            ("SSCAN s 0 TYPE set", "-ERR syntax error|"),
            (
                "SSCAN s 0 NOVALUES",
                "-ERR NOVALUES option can only be used in HSCAN|",
            ),
            ("SSCAN none 0 COUNT 0", "*2|$1|0|*0|"),
            ("SMEMBERS s", "*1|$1|a|"),
        ],
    );
    assert_eq!(effects(&mut local), ["SADD s a"]);
}

#[test]
fn encodings_follow_what_is_added() {
    let mut local = rotom();
    local.shared.keys.limits.set_max_intset_entries = 3;
    local.shared.keys.limits.set_max_listpack_entries = 4;
    let mut expect = |command: &str, name: &str| {
        line(&mut local, command);
        let key = command.split(' ').nth(1).unwrap();
        assert_eq!(encoding(&mut local, key), name, "{command}");
    };
    expect("SADD a 1 2 3", "intset");
    expect("SADD a 4", "hashtable");
    expect("SADD b 1 2 3", "intset");
    expect("SADD b x", "listpack");
    expect("SADD b y", "hashtable");
    expect("SADD c 1 2 3 4", "listpack");
    expect("SADD d 1 2 3 4 5", "hashtable");
    expect("SADD e x", "listpack");
    expect("SADD e 1 1 1 1 1", "hashtable");
    expect(&format!("SADD f 1 {}", "x".repeat(65)), "hashtable");
    expect(&format!("SADD g 1 {}", "x".repeat(64)), "listpack");
}

#[test]
fn smove_moves_and_tells() {
    let mut local = rotom();
    expect(
        &mut local,
        &[
            ("SADD a 1 2", ":2|"),
            ("SADD b 2 x", ":2|"),
            ("SMOVE a b 3", ":0|"),
            ("SMOVE a a 1", ":1|"),
            ("SMOVE a a 7", ":0|"),
            ("SMOVE a b 1", ":1|"),
            ("SMOVE a b 2", ":1|"),
            ("SMOVE b c x", ":1|"),
        ],
    );
    assert_eq!(encoding(&mut local, "a"), "none");
    assert_eq!(
        members(&mut local, "b"),
        BTreeSet::from(["1", "2"].map(String::from))
    );
    assert_eq!(encoding(&mut local, "c"), "listpack");
    let moves = ["SMOVE a b 1", "SMOVE a b 2", "SMOVE b c x"];
    assert_eq!(effects(&mut local)[2..], moves);
}

#[test]
fn dirty_counts_members() {
    let mut local = rotom();
    let mut dirty_of = |command: &str| {
        let before = local.shared.keys.dirty;
        local.line(command);
        local.shared.keys.dirty - before
    };
    assert_eq!(dirty_of("SADD s a b c d e f"), 6);
    assert_eq!(dirty_of("SADD s a b"), 0);
    assert_eq!(dirty_of("SREM s a b x"), 2);
    assert_eq!(dirty_of("SMOVE s t c"), 2);
    assert_eq!(dirty_of("SMOVE t s c"), 2);
    assert_eq!(dirty_of("SPOP s"), 1);
    assert_eq!(dirty_of("SPOP s 9"), 3);
    assert_eq!(dirty_of("SPOP s"), 0);
}

#[test]
fn spop_takes_one() {
    let mut local = rotom();
    for (key, mut all) in each_encoding(&mut local) {
        while !all.is_empty() {
            let popped = words(&mut local, &format!("SPOP {key}"));
            assert!(all.remove(&popped[0]));
            assert_eq!(effects(&mut local), [format!("SREM {key} {}", popped[0])]);
            assert_eq!(members(&mut local, key), all);
        }
        assert_eq!(encoding(&mut local, key), "none");
    }
}

#[test]
fn spop_with_a_count_logs_what_left() {
    for count in [1, 2, 5, 8, 9, 10, 11] {
        let mut local = rotom();
        for (key, all) in each_encoding(&mut local) {
            let popped = words(&mut local, &format!("SPOP {key} {count}"));
            assert_eq!(popped.len(), count.min(10));
            let logged = if count < 10 {
                format!("SREM {key} {}", popped.join(" "))
            } else {
                format!("DEL {key}")
            };
            assert_eq!(effects(&mut local), [logged]);
            let left = members(&mut local, key);
            assert_eq!(left.len(), 10 - popped.len());
            let together: BTreeSet<String> = left.into_iter().chain(popped).collect();
            assert_eq!(together, all);
        }
    }
}

#[test]
fn a_great_spop_is_logged_in_batches_and_leaves_a_compact_set() {
    for (count, left) in [(2500, "hashtable"), (4900, "listpack"), (4999, "listpack")] {
        let mut local = rotom();
        let all = fill(&mut local, "s", 5000, "m");
        effects(&mut local);
        let popped = words(&mut local, &format!("SPOP s {count}"));
        assert_eq!(popped.len(), count);
        let logged = effects(&mut local);
        let (first, last) = (logged.first().cloned(), logged.last().cloned());
        assert_eq!(
            (first.as_deref(), last.as_deref()),
            (Some("MULTI"), Some("EXEC"))
        );
        assert_eq!(logged.len(), count.div_ceil(1024) + 2);
        let logged: Vec<&str> = logged
            .iter()
            .flat_map(|effect| effect.split(' ').skip(2))
            .collect();
        assert_eq!(logged, popped);
        assert_eq!(members(&mut local, "s").len(), all.len() - count);
        assert_eq!(encoding(&mut local, "s"), left);
        // The set that left is freed in slices.
        assert_eq!(
            local.shared.keys.lazy_free_counts().0,
            usize::from(left == "listpack")
        );
    }
}

#[test]
fn without_a_log_nothing_is_kept_for_it() {
    let mut local = rotom();
    local.shared.keys.effects.set_enabled(false);
    fill(&mut local, "s", 100, "");
    assert_eq!(words(&mut local, "SPOP s 50").len(), 50);
    assert_eq!(words(&mut local, "SPOP s 49").len(), 49);
    assert_eq!(words(&mut local, "SPOP s").len(), 1);
    assert!(effects(&mut local).is_empty());
}

#[test]
fn srandmember_chooses_from_all() {
    let mut local = rotom();
    for (key, all) in each_encoding(&mut local) {
        let mut counts: BTreeMap<String, u32> = BTreeMap::new();
        for _ in 0..1000 {
            for command in ["", " 1", " -1"] {
                let random = words(&mut local, &format!("SRANDMEMBER {key}{command}"));
                *counts.entry(random[0].clone()).or_default() += 1;
            }
        }
        assert!(counts.keys().eq(&all));
        assert!(
            counts.values().all(|&n| (220..390).contains(&n)),
            "{counts:?}"
        );
        for count in [0, 2, 5, 9, 10, 50] {
            let random = words(&mut local, &format!("SRANDMEMBER {key} {count}"));
            let different: BTreeSet<String> = random.iter().cloned().collect();
            assert_eq!(
                (random.len(), different.len()),
                (count.min(10), count.min(10))
            );
            assert!(different.is_subset(&all));
        }
        for count in [2, 5, 50] {
            let drawn = words(&mut local, &format!("SRANDMEMBER {key} -{count}"));
            assert_eq!(drawn.len(), count);
            assert!(drawn.iter().all(|member| all.contains(member)));
        }
    }
    assert!(effects(&mut local).is_empty());
}

#[test]
fn sscan_gives_every_member_once() {
    let mut local = rotom();
    for (key, all) in each_encoding(&mut local) {
        let reply = words(&mut local, &format!("SSCAN {key} 0 COUNT 100"));
        assert_eq!(reply[0], "0");
        assert!(reply[1..].iter().cloned().collect::<BTreeSet<_>>() == all && reply.len() == 11);
    }
    let all = fill(&mut local, "big", 3000, "m");
    let (mut cursor, mut seen) = ("0".to_string(), vec![]);
    loop {
        let reply = words(&mut local, &format!("sscan big {cursor} count 50"));
        assert!(reply.len() < 100);
        cursor = reply[0].clone();
        seen.extend_from_slice(&reply[1..]);
        if cursor == "0" {
            break;
        }
    }
    assert_eq!(seen.len(), 3000);
    assert_eq!(seen.into_iter().collect::<BTreeSet<_>>(), all);
}

#[test]
fn sscan_matches_patterns() {
    let mut local = rotom();
    expect(
        &mut local,
        &[
            ("SADD s 1 10 100 '' x", ":5|"),
            ("SSCAN s 0 MATCH 1*0", "*2|$1|0|*2|$2|10|$3|100|"),
            ("SSCAN s 0 MATCH ? COUNT 1", "*2|$1|0|*2|$1|1|$1|x|"),
            ("SSCAN s 0 MATCH ''", "*2|$1|0|*1|$0||"),
            ("SSCAN s 0 MATCH y*", "*2|$1|0|*0|"),
            ("SADD ints 1 10 2", ":3|"),
            ("SSCAN ints 0 MATCH 1*", "*2|$1|0|*2|$1|1|$2|10|"),
            ("SSCAN ints 0 MATCH *", "*2|$1|0|*3|$1|1|$1|2|$2|10|"),
            (
                "SSCAN ints 18446744073709551615",
                "*2|$1|0|*3|$1|1|$1|2|$2|10|",
            ),
        ],
    );
    fill(&mut local, "big", 1000, "m");
    let reply = words(&mut local, "SSCAN big 0 COUNT 5000 MATCH m99?");
    assert_eq!((reply.len(), reply[0].as_str()), (11, "0"));
    assert_eq!(
        line(&mut local, "SSCAN big 18446744073709551615"),
        "*2\r\n$1\r\n0\r\n*0\r\n"
    );
}
