//! Intersections, unions and differences, against sets of the standard library.

use super::*;
use crate::bytes::prng::Prng;

/// Keys in every encoding, by overlapping members; `None` is no key.
fn inputs(local: &mut Local) -> Vec<(String, BTreeSet<String>)> {
    let mut inputs = Vec::new();
    let mut put = |local: &mut Local, key: &str, members: Vec<String>, name: &str| {
        for member in &members {
            local.line(&format!("SADD {key} {member}"));
        }
        assert_eq!(encoding(local, key), name, "{key}");
        inputs.push((key.to_string(), members.into_iter().collect()));
    };
    let numbers = |range: std::ops::Range<i32>| range.map(|i| i.to_string()).collect::<Vec<_>>();
    let words = |range: std::ops::Range<i32>| range.map(|i| format!("w{i}")).collect::<Vec<_>>();
    put(local, "i1", numbers(0..20), "intset");
    put(local, "i2", numbers(15..60), "intset");
    put(
        local,
        "p1",
        [numbers(10..18), words(0..20)].concat(),
        "listpack",
    );
    put(
        local,
        "p2",
        [numbers(-3..17), words(10..13)].concat(),
        "listpack",
    );
    put(
        local,
        "t1",
        [numbers(0..400), words(5..300)].concat(),
        "hashtable",
    );
    put(local, "t2", numbers(5..700), "hashtable");
    put(local, "none", Vec::new(), "none");
    inputs
}

fn expected(operation: &str, sets: &[&BTreeSet<String>]) -> BTreeSet<String> {
    let mut sets = sets.iter();
    let first = (*sets.next().unwrap()).clone();
    sets.fold(first, |result, set| match operation {
        "SINTER" => result.intersection(set).cloned().collect(),
        "SUNION" => result.union(set).cloned().collect(),
        _ => result.difference(set).cloned().collect(),
    })
}

#[test]
fn results_are_those_of_the_model_in_every_encoding() {
    let mut local = rotom();
    let inputs = inputs(&mut local);
    let mut prng = Prng::new(5);
    for round in 0..600 {
        let count = 1 + prng.next_u64() as usize % 5;
        let chosen: Vec<_> = (0..count)
            .map(|_| &inputs[prng.next_u64() as usize % inputs.len()])
            .collect();
        let keys: Vec<&str> = chosen.iter().map(|(key, _)| key.as_str()).collect();
        let sets: Vec<_> = chosen.iter().map(|(_, set)| set).collect();
        let keys = keys.join(" ");
        for operation in ["SINTER", "SUNION", "SDIFF"] {
            let expected = expected(operation, &sets);
            let got = words(&mut local, &format!("{operation} {keys}"));
            assert_eq!(got.len(), expected.len(), "{round} {operation} {keys}");
            assert_eq!(got.into_iter().collect::<BTreeSet<_>>(), expected);
            let reply = line(&mut local, &format!("{operation}STORE d {keys}"));
            assert_eq!(reply, format!(":{}\r\n", expected.len()));
            assert_eq!(members(&mut local, "d"), expected, "{operation} {keys}");
            if operation == "SINTER" {
                let len = expected.len();
                for (limit, count) in [(0, len), (1, len.min(1)), (7, len.min(7)), (9999, len)] {
                    let command = format!("SINTERCARD {} {keys} LIMIT {limit}", sets.len());
                    assert_eq!(line(&mut local, &command), format!(":{count}\r\n"));
                }
            }
        }
    }
}

#[test]
fn encodings_of_results() {
    let mut local = rotom();
    inputs(&mut local);
    for (command, name) in [
        ("SINTERSTORE d i1 t1", "intset"),
        ("SINTERSTORE d p1 t2", "intset"),
        ("SINTERSTORE d t1 t2", "intset"),
        ("SINTERSTORE d p1 p2", "listpack"),
        ("SINTERSTORE d t1 t1", "hashtable"),
        ("SUNIONSTORE d i1 i2", "intset"),
        ("SUNIONSTORE d i1 p1", "listpack"),
        ("SUNIONSTORE d i1 t2", "hashtable"),
        ("SDIFFSTORE d i1 i2", "intset"),
        ("SDIFFSTORE d p1 i1", "listpack"),
        ("SDIFFSTORE d t1 t2", "hashtable"),
    ] {
        line(&mut local, command);
        assert_eq!(encoding(&mut local, "d"), name, "{command}");
    }
}

#[test]
fn errors_change_nothing() {
    let mut local = rotom();
    line(&mut local, "SADD s a");
    line(&mut local, "SADD d before");
    effects(&mut local);
    for command in [
        "SINTER s string",
        "SINTER none string",
        "SUNION none string",
        "SDIFF none s string",
        "SINTERSTORE d none string",
        "SUNIONSTORE d s string",
        "SDIFFSTORE d s string",
        "SINTERCARD 2 none string",
    ] {
        assert_eq!(line(&mut local, command), WRONG_TYPE, "{command}");
    }
    let too_many = "-ERR Number of keys can't be greater than number of args|";
    let not_one = "-ERR numkeys should be greater than 0|";
    let limit = "-ERR LIMIT can't be negative|";
    expect(
        &mut local,
        &[
            ("SINTERCARD 0 s", not_one),
            ("SINTERCARD -1 s", not_one),
            ("SINTERCARD x s", not_one),
            ("SINTERCARD 2 s", too_many),
            ("SINTERCARD 9223372036854775807 s", too_many),
            ("SINTERCARD 1 s LIMIT", "-ERR syntax error|"),
            ("SINTERCARD 1 s x 1", "-ERR syntax error|"),
            ("SINTERCARD 1 s LIMIT -1", limit),
            ("SINTERCARD 1 s LIMIT x", limit),
            ("SINTERCARD 1 s LIMIT 1 LIMIT 0", ":1|"),
            (
                "SINTER",
                "-ERR wrong number of arguments for 'sinter' command|",
            ),
            (
                "SDIFFSTORE d",
                "-ERR wrong number of arguments for 'sdiffstore' command|",
            ),
            ("SMEMBERS d", "*1|$6|before|"),
        ],
    );
    assert!(effects(&mut local).is_empty());
}

#[test]
fn the_destination_may_be_anything() {
    let mut local = rotom();
    expect(
        &mut local,
        &[
            ("SADD a 1 2 3", ":3|"),
            ("SADD b 2 3 4", ":3|"),
            ("SET string v EX 100", "+OK|"),
            ("SUNIONSTORE string a b", ":4|"),
            ("TTL string", ":-1|"),
            ("SDIFFSTORE a a b", ":1|"),
            ("SMEMBERS a", "*1|$1|1|"),
            ("SINTERSTORE b a b", ":0|"),
            ("EXISTS b", ":0|"),
            ("SINTERSTORE b a b", ":0|"),
            ("SDIFFSTORE a a a", ":0|"),
            ("SUNIONSTORE none none", ":0|"),
        ],
    );
    let logged = effects(&mut local);
    assert_eq!(
        logged[3..],
        [
            "SUNIONSTORE string a b",
            "SDIFFSTORE a a b",
            "SINTERSTORE b a b",
            "SDIFFSTORE a a a"
        ]
    );
    let events = local.shared.keys.events.take_names().into_iter();
    let told: Vec<_> = events
        .map(|(_, name, _)| name)
        .filter(|name| *name != "new")
        .collect();
    assert_eq!(
        told[told.len() - 4..],
        ["sunionstore", "sdiffstore", "del", "del"]
    );
}

#[test]
fn resp3_replies_sets_and_bytes_are_kept() {
    let mut local = rotom();
    local.client.protocol = Protocol::Resp3;
    local.call(&[b"SADD", b"s", b"a\0b", b""]);
    local.call(&[b"SADD", b"t", b"a\0b"]);
    expect(
        &mut local,
        &[
            ("SINTER s t", "~1|$3|a\0b|"),
            ("SDIFF s t", "~1|$0||"),
            ("SUNION t none", "~1|$3|a\0b|"),
            ("SINTER s none", "~0|"),
            ("SUNION none", "~0|"),
            ("SDIFF none s", "~0|"),
        ],
    );
}
