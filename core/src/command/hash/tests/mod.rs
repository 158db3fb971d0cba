//! Fields that stay, and what the tests of those that leave share.

mod lifetimes;
mod replay;

use crate::command::collection::testing::*;
use crate::resp::Protocol;
use crate::session::Local;
use std::collections::{BTreeMap, BTreeSet};
use std::string::{String, ToString};
use std::{format, vec};

fn fields(local: &mut Local, key: &str) -> BTreeMap<String, String> {
    pairs(&words(local, &format!("HGETALL {key}")))
}

fn pairs(words: &[String]) -> BTreeMap<String, String> {
    let pairs = words
        .chunks(2)
        .map(|pair| (pair[0].clone(), pair[1].clone()));
    pairs.collect()
}

fn fill(local: &mut Local, key: &str, count: usize) -> BTreeMap<String, String> {
    for i in 0..count {
        local.line(&format!("HSET {key} f{i} {i}"));
    }
    (0..count)
        .map(|i| (format!("f{i}"), i.to_string()))
        .collect()
}

/// A key in each encoding, with its ten fields.
fn each_encoding(local: &mut Local) -> [(&'static str, BTreeMap<String, String>); 2] {
    let pack = fill(local, "pack", 10);
    local.shared.keys.limits.hash_max_listpack_entries = 9;
    let table = fill(local, "table", 10);
    local.shared.keys.limits.hash_max_listpack_entries = 128;
    for (key, name) in [("pack", "listpack"), ("table", "hashtable")] {
        assert_eq!(encoding(local, key), name);
    }
    effects(local);
    [("pack", pack), ("table", table)]
}

#[test]
fn fields_come_and_go() {
    let mut local = rotom();
    expect(
        &mut local,
        &[
            ("HSET h a 1 b two", ":2|"),
            ("HSET h a 3 c ''", ":1|"),
            ("HGET h a", "$1|3|"),
            ("HGET h c", "$0||"),
            ("HGET h x", "$-1|"),
            ("HGET none x", "$-1|"),
            ("HMGET h a x b", "*3|$1|3|$-1|$3|two|"),
            ("HMGET none a b", "*2|$-1|$-1|"),
            ("HLEN h", ":3|"),
            ("HLEN none", ":0|"),
            ("HEXISTS h b", ":1|"),
            ("HEXISTS h two", ":0|"),
            ("HEXISTS none b", ":0|"),
            ("HSTRLEN h b", ":3|"),
            ("HSTRLEN h a", ":1|"),
            ("HSTRLEN h x", ":0|"),
            ("HSTRLEN none x", ":0|"),
            ("HKEYS h", "*3|$1|a|$1|b|$1|c|"),
            ("HVALS h", "*3|$1|3|$3|two|$0||"),
            ("HGETALL h", "*6|$1|a|$1|3|$1|b|$3|two|$1|c|$0||"),
            ("HDEL h x", ":0|"),
            ("HDEL none x", ":0|"),
            ("HDEL h a x b", ":2|"),
            ("HDEL h c c", ":1|"),
            ("HGETALL h", "*0|"),
            ("HKEYS h", "*0|"),
            ("HVALS h", "*0|"),
        ],
    );
    assert_eq!(encoding(&mut local, "h"), "none");
    let logged = effects(&mut local);
    assert_eq!(logged[2..], ["HDEL h a x b", "HDEL h c c"]);
}

#[test]
fn hmset_and_hsetnx_set_too() {
    let mut local = rotom();
    expect(
        &mut local,
        &[
            ("HMSET h a 1 a 2", "+OK|"),
            ("HGETALL h", "*2|$1|a|$1|2|"),
            ("HSETNX h a 3", ":0|"),
            ("HSETNX h b 4", ":1|"),
            ("HSETNX new b 4", ":1|"),
            ("HGETALL h", "*4|$1|a|$1|2|$1|b|$1|4|"),
        ],
    );
    let logged = ["HMSET h a 1 a 2", "HSETNX h b 4", "HSETNX new b 4"];
    assert_eq!(effects(&mut local), logged);
}

#[test]
fn resp3_has_maps_and_nulls() {
    let mut local = rotom();
    local.client.protocol = Protocol::Resp3;
    expect(
        &mut local,
        &[
            ("HGETALL none", "%0|"),
            ("HGET none a", "_|"),
            ("HRANDFIELD none", "_|"),
            ("HRANDFIELD none 2 WITHVALUES", "*0|"),
            ("HSET h a 1", ":1|"),
            ("HGETALL h", "%1|$1|a|$1|1|"),
            ("HKEYS h", "*1|$1|a|"),
            ("HMGET h a b", "*2|$1|1|_|"),
            ("HRANDFIELD h 3", "*1|$1|a|"),
            ("HRANDFIELD h 3 withvalues", "*1|*2|$1|a|$1|1|"),
            (
                "HRANDFIELD h -2 WITHVALUES",
                "*2|*2|$1|a|$1|1|*2|$1|a|$1|1|",
            ),
            ("HINCRBYFLOAT h a 0.5", "$3|1.5|"),
            ("HSCAN h 0", "*2|$1|0|*2|$1|a|$3|1.5|"),
        ],
    );
}

#[test]
fn errors_are_redis_errors() {
    let mut local = rotom();
    for command in [
        "HSET string a 1",
        "HMSET string a 1",
        "HSETNX string a 1",
        "HGET string a",
        "HMGET string a",
        "HDEL string a",
        "HLEN string",
        "HEXISTS string a",
        "HSTRLEN string a",
        "HGETALL string",
        "HKEYS string",
        "HVALS string",
        "HINCRBY string a 1",
        "HINCRBYFLOAT string a 1",
        "HRANDFIELD string",
        "HRANDFIELD string 1",
        "HSCAN string 0",
    ] {
        assert_eq!(line(&mut local, command), WRONG_TYPE, "{command}");
    }
    let out_of_range = "-ERR value is out of range, value must between \
                        -9223372036854775807 and 9223372036854775807|";
    expect(
        &mut local,
        &[
            (
                "HSET h a",
                "-ERR wrong number of arguments for 'hset' command|",
            ),
            (
                "HSET h a 1 b",
                "-ERR wrong number of arguments for 'hset' command|",
            ),
            (
                "HMSET h a 1 b",
                "-ERR wrong number of arguments for 'hmset' command|",
            ),
            ("HLEN h", ":0|"),
            ("HSET h a x", ":1|"),
            (
                "HRANDFIELD h x",
                "-ERR value is not an integer or out of range|",
            ),
            ("HRANDFIELD h 1 VALUES", "-ERR syntax error|"),
            ("HRANDFIELD h 1 WITHVALUES 1", "-ERR syntax error|"),
            ("HRANDFIELD h -9223372036854775808", out_of_range),
            ("HRANDFIELD h -9223372036854775808 WITHVALUES", out_of_range),
            (
                "HRANDFIELD h -9223372036854770000 WITHVALUES",
                "-ERR value is out of range|",
            ),
            (
                "HRANDFIELD h 9223372036854775807 WITHVALUES",
                "-ERR value is out of range|",
            ),
            (
                "HRANDFIELD h -9223372036854775807",
                "-ERR value is out of range|",
            ),
            ("HRANDFIELD h 9223372036854775807", "*1|$1|a|"),
            ("HRANDFIELD none -9223372036854775807", "*0|"),
            ("HSCAN h 1x", "-ERR invalid cursor|"),
            ("HSCAN h 0 COUNT 0", "-ERR syntax error|"),
            ("HSCAN h 0 MATCH", "-ERR syntax error|"),
            ("HSCAN none 0 NONSENSE", "*2|$1|0|*0|"),
        ],
    );
    assert_eq!(effects(&mut local), ["HSET h a x"]);
}

#[test]
fn encodings_follow_what_is_set() {
    let mut local = rotom();
    local.shared.keys.limits.hash_max_listpack_entries = 2;
    local.shared.keys.limits.hash_max_listpack_value = 8;
    let mut expect = |command: &str, name: &str| {
        line(&mut local, command);
        let key = command.split(' ').nth(1).unwrap();
        assert_eq!(encoding(&mut local, key), name, "{command}");
    };
    expect("HSET a f 1 g 2", "listpack");
    expect("HSET a f 2", "listpack");
    expect("HSETNX a h 3", "hashtable");
    // So many might be new fields: Redis does not look first.
    expect("HSET b f 1 f 2 f 3", "hashtable");
    expect("HSET c f 12345678", "listpack");
    expect("HSET c f 123456789", "hashtable");
    expect("HSETNX d f 123456789", "hashtable");
    expect("HINCRBY e f 99999999", "listpack");
    expect("HINCRBY e f 1", "hashtable");
    expect("HINCRBYFLOAT g f 0.123456789", "hashtable");
    expect("HDEL a f g", "hashtable");
}

#[test]
fn hincrby_counts() {
    let mut local = rotom();
    for key in ["pack", "table"] {
        if key == "table" {
            local.shared.keys.limits.hash_max_listpack_entries = 0;
        }
        let overflow = "-ERR increment or decrement would overflow|";
        for (command, reply) in [
            ("HINCRBY K n 5", ":5|"),
            ("HINCRBY K n -7", ":-2|"),
            ("HGET K n", "$2|-2|"),
            ("HSET K text abc max 9223372036854775807", ":2|"),
            ("HINCRBY K text 1", "-ERR hash value is not an integer|"),
            ("HINCRBY K max 1", overflow),
            ("HINCRBY K max -1", ":9223372036854775806|"),
            (
                "HINCRBY K min -9223372036854775808",
                ":-9223372036854775808|",
            ),
            ("HINCRBY K min -1", overflow),
            (
                "HINCRBY K n 1.5",
                "-ERR value is not an integer or out of range|",
            ),
            ("HLEN K", ":4|"),
        ] {
            expect(&mut local, &[(&command.replace('K', key), reply)]);
        }
        assert_eq!(effects(&mut local).len(), 5);
    }
    assert_eq!(encoding(&mut local, "pack"), "listpack");
    assert_eq!(encoding(&mut local, "table"), "hashtable");
}

#[test]
fn hincrbyfloat_logs_its_result() {
    let mut local = rotom();
    expect(
        &mut local,
        &[
            ("HINCRBYFLOAT h f 10.50", "$4|10.5|"),
            ("HINCRBYFLOAT h f 0.1", "$4|10.6|"),
            ("HINCRBYFLOAT h f -10.6", "$1|0|"),
            ("HSET h n 3 e 5.0e3 t x i inf", ":4|"),
            ("HINCRBYFLOAT h n 0.3", "$3|3.3|"),
            ("HINCRBYFLOAT h e 2.0e2", "$4|5200|"),
            ("HINCRBYFLOAT h t 1", "-ERR hash value is not a float|"),
            (
                "HINCRBYFLOAT h i 1",
                "-ERR increment would produce NaN or Infinity|",
            ),
            ("HINCRBYFLOAT h n x", "-ERR value is not a valid float|"),
            ("HINCRBYFLOAT h n nan", "-ERR value is not a valid float|"),
            ("HINCRBYFLOAT h n inf", "-ERR value is NaN or Infinity|"),
        ],
    );
    let logged = effects(&mut local);
    assert_eq!(
        logged[..3],
        ["HSET h f 10.5", "HSET h f 10.6", "HSET h f 0"]
    );
    assert_eq!(logged[4..], ["HSET h n 3.3", "HSET h e 5200"]);
}

#[test]
fn dirty_counts_fields() {
    let mut local = rotom();
    let mut dirty_of = |command: &str| {
        let before = local.shared.keys.dirty;
        local.line(command);
        local.shared.keys.dirty - before
    };
    assert_eq!(dirty_of("HSET h a 1 b 2 b 3"), 3);
    assert_eq!(dirty_of("HSET h a 1"), 1);
    assert_eq!(dirty_of("HSETNX h a 1"), 0);
    assert_eq!(dirty_of("HINCRBY h a 1"), 1);
    assert_eq!(dirty_of("HDEL h x"), 0);
    assert_eq!(dirty_of("HDEL h a b c"), 2);
}

#[test]
fn hrandfield_chooses_from_all() {
    let mut local = rotom();
    for (key, all) in each_encoding(&mut local) {
        let mut counts: BTreeMap<String, u32> = BTreeMap::new();
        for _ in 0..1000 {
            for command in ["", " 1", " -1"] {
                let random = words(&mut local, &format!("HRANDFIELD {key}{command}"));
                *counts.entry(random[0].clone()).or_default() += 1;
            }
        }
        assert!(counts.keys().eq(all.keys()));
        assert!(
            counts.values().all(|&n| (220..390).contains(&n)),
            "{counts:?}"
        );
        for count in [0, 2, 5, 9, 10, 50] {
            let random = words(&mut local, &format!("HRANDFIELD {key} {count} WITHVALUES"));
            assert_eq!(random.len(), 2 * count.min(10));
            let random = pairs(&random);
            assert_eq!(random.len(), count.min(10));
            assert!(random.iter().all(|(field, value)| &all[field] == value));
        }
        for count in [2, 5, 50] {
            let drawn = words(&mut local, &format!("HRANDFIELD {key} -{count} WITHVALUES"));
            assert_eq!(drawn.len(), 2 * count);
            assert!(drawn.chunks(2).all(|pair| all[&pair[0]] == pair[1]));
        }
    }
    assert!(effects(&mut local).is_empty());
}

#[test]
fn hscan_gives_every_field_once() {
    let mut local = rotom();
    for (key, all) in each_encoding(&mut local) {
        let reply = words(&mut local, &format!("HSCAN {key} 0 COUNT 100"));
        assert_eq!((reply[0].as_str(), pairs(&reply[1..])), ("0", all.clone()));
        let reply = words(&mut local, &format!("HSCAN {key} 0 COUNT 100 NOVALUES"));
        let names: BTreeSet<&String> = reply[1..].iter().collect();
        assert!(names.into_iter().eq(all.keys()));
    }
    let all = fill(&mut local, "big", 3000);
    let (mut cursor, mut seen) = ("0".to_string(), vec![]);
    loop {
        let reply = words(&mut local, &format!("hscan big {cursor} count 50"));
        assert!(reply.len() < 200);
        cursor = reply[0].clone();
        seen.extend_from_slice(&reply[1..]);
        if cursor == "0" {
            break;
        }
    }
    assert_eq!(seen.len(), 6000);
    assert_eq!(pairs(&seen), all);
}

#[test]
fn hscan_matches_fields_not_values() {
    let mut local = rotom();
    expect(
        &mut local,
        &[
            ("HSET h 1 a 2 1 a 1", ":3|"),
            ("HSCAN h 0 MATCH 1", "*2|$1|0|*2|$1|1|$1|a|"),
            ("HSCAN h 0 MATCH [12] NOVALUES", "*2|$1|0|*2|$1|1|$1|2|"),
            (
                "HSCAN h 0 MATCH * NOVALUES COUNT 1",
                "*2|$1|0|*3|$1|1|$1|2|$1|a|",
            ),
        ],
    );
    fill(&mut local, "big", 1000);
    let reply = words(&mut local, "HSCAN big 0 COUNT 5000 MATCH f99?");
    assert_eq!((reply.len(), reply[0].as_str()), (21, "0"));
}

#[test]
fn fetched_fields_stay_where_they_are_while_the_hash_grows() {
    let mut local = rotom();
    let all = fill(&mut local, "h", 2000);
    for (field, value) in &all {
        let reply = format!("${}\r\n{value}\r\n", value.len());
        assert_eq!(line(&mut local, &format!("HGET h {field}")), reply);
    }
    for i in 0..1990 {
        assert_eq!(line(&mut local, &format!("HDEL h f{i}")), ":1\r\n");
    }
    assert_eq!(fields(&mut local, "h").len(), 10);
    assert_eq!(encoding(&mut local, "h"), "hashtable");
}
