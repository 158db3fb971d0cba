//! Unions, intersections and differences, against maps of the standard library.

use super::*;
use crate::bytes::prng::Prng;
use std::collections::BTreeMap;

type Model = BTreeMap<String, f64>;

/// Keys in every encoding, sets among them, by overlapping members.
fn inputs(local: &mut Local) -> Vec<(&'static str, Model)> {
    let scores = [0.0, 1.0, -2.5, 0.1, f64::INFINITY, f64::NEG_INFINITY, 1e300];
    let sizes = [
        ("z1", 0..12),
        ("z2", 5..30),
        ("z3", 0..200),
        ("z4", 20..300),
        ("none", 0..0),
    ];
    let mut inputs = Vec::new();
    for (key, range) in sizes {
        let mut model = Model::new();
        for i in range {
            let score = scores[(i * 7 + key.len() + inputs.len()) % scores.len()];
            local.line(&format!("ZADD {key} {score} m{i}"));
            model.insert(format!("m{i}"), score);
        }
        inputs.push((key, model));
    }
    for (key, range) in [("s1", 3..20), ("s2", 0..250)] {
        let mut model = Model::new();
        for i in range {
            local.line(&format!("SADD {key} m{i}"));
            model.insert(format!("m{i}"), 1.0);
        }
        inputs.push((key, model));
    }
    inputs
}

fn join(aggregate: &str, a: f64, b: f64) -> f64 {
    match aggregate {
        "SUM" if (a + b).is_nan() => 0.0,
        "SUM" => a + b,
        "MIN" if b < a => b,
        "MAX" if b > a => b,
        _ => a,
    }
}

fn weighted(score: f64, weight: f64) -> f64 {
    let product = score * weight;
    if product.is_nan() { 0.0 } else { product }
}

/// The result by the definition.
fn combine(operation: &str, inputs: &[(&Model, f64)], aggregate: &str) -> Model {
    let mut result = Model::new();
    if operation == "ZDIFF" {
        let (first, _) = inputs[0];
        let left = first.iter().filter(|(member, _)| {
            let mut others = inputs[1..].iter();
            !others.any(|(other, _)| other.contains_key(*member))
        });
        return left
            .map(|(member, &score)| (member.clone(), score))
            .collect();
    }
    let mut inputs = inputs.to_vec();
    inputs.sort_by_key(|(input, _)| input.len());
    for (number, (input, weight)) in inputs.iter().enumerate() {
        for (member, &score) in *input {
            match result.get_mut(member) {
                None if operation == "ZUNION" || number == 0 => {
                    result.insert(member.clone(), weighted(score, *weight));
                }
                None => {}
                Some(held) if operation == "ZUNION" => {
                    *held = join(aggregate, *held, weighted(score, *weight));
                }
                Some(held) => *held = join(aggregate, *held, score * weight),
            }
        }
    }
    if operation == "ZINTER" {
        result.retain(|member, _| inputs.iter().all(|(input, _)| input.contains_key(member)));
    }
    result
}

fn listed(model: &Model) -> Vec<String> {
    let mut pairs: Vec<_> = model.iter().collect();
    pairs.sort_by(|a, b| a.1.partial_cmp(b.1).unwrap().then(a.0.cmp(b.0)));
    let text = |score: f64| {
        let mut room = [0; crate::bytes::number::FLOAT_TEXT_MAX];
        let text = crate::bytes::number::write_f64_shortest(score, &mut room);
        String::from_utf8(text.to_vec()).unwrap()
    };
    pairs
        .into_iter()
        .flat_map(|(member, &score)| [member.clone(), text(score)])
        .collect()
}

#[test]
fn results_are_those_of_the_model_in_every_encoding() {
    in_each_encoding(|local| {
        let inputs = inputs(local);
        let weights = ["1", "0", "-1", "2.5", "inf", "-inf"];
        let mut prng = Prng::new(9);
        let mut pick = |from: usize| prng.below(from as u64) as usize;
        for _ in 0..150 {
            let chosen: Vec<_> = (0..1 + pick(4))
                .map(|_| &inputs[pick(inputs.len())])
                .collect();
            let keys: Vec<&str> = chosen.iter().map(|(key, _)| *key).collect();
            let keys = format!("{} {}", keys.len(), keys.join(" "));
            let with_weights = pick(2) == 0;
            let weight = |_: &_| {
                if with_weights {
                    weights[pick(weights.len())]
                } else {
                    "1"
                }
            };
            let chosen_weights: Vec<&str> = chosen.iter().map(weight).collect();
            let models: Vec<(&Model, f64)> = chosen
                .iter()
                .zip(&chosen_weights)
                .map(|((_, model), weight)| (model, weight.parse().unwrap()))
                .collect();
            for operation in ["ZUNION", "ZINTER", "ZDIFF"] {
                let aggregate = ["SUM", "MIN", "MAX"][pick(3)];
                let mut options = format!(" AGGREGATE {aggregate}");
                if with_weights {
                    options = format!(" WEIGHTS {}{options}", chosen_weights.join(" "));
                }
                if operation == "ZDIFF" {
                    options.clear();
                }
                let expected = combine(operation, &models, aggregate);
                let line = format!("{operation} {keys}{options} WITHSCORES");
                assert_eq!(strings(local, &line), listed(&expected), "{line}");
                let line = format!("{operation}STORE d {keys}{options}");
                expect(local, &line, &format!(":{}", expected.len()));
                let stored = strings(local, "ZRANGE d 0 -1 WITHSCORES");
                let without_sign = |text: &String| {
                    if text == "-0" {
                        String::from("0")
                    } else {
                        text.clone()
                    }
                };
                let same = stored
                    .iter()
                    .map(without_sign)
                    .eq(listed(&expected).iter().map(without_sign));
                assert!(same, "{line}");
            }
            let count = combine("ZINTER", &models, "SUM").len();
            for limit in [0, 1, 5, 1000] {
                let counted = if limit == 0 { count } else { count.min(limit) };
                let line = format!("ZINTERCARD {keys} LIMIT {limit}");
                expect(local, &line, &format!(":{counted}"));
            }
        }
    });
}

#[test]
fn replies_have_the_shape_of_redis() {
    in_each_encoding(|local| {
        local.line("ZADD a 1 x 2.5 y");
        local.line("ZADD b 3 y 4 z");
        expect(local, "ZUNION 2 a b", "*3 $1 x $1 z $1 y");
        expect(
            local,
            "ZUNION 2 a b WITHSCORES",
            "*6 $1 x $1 1 $1 z $1 4 $1 y $3 5.5",
        );
        expect(local, "ZINTER 2 a b withscores", "*2 $1 y $3 5.5");
        expect(local, "ZDIFF 2 a b WITHSCORES", "*2 $1 x $1 1");
        expect(local, "ZDIFF 2 a a", "*0");
        expect(local, "ZINTER 2 a none", "*0");
        resp3(local);
        expect(local, "ZUNION 1 a WITHSCORES", "*2 *2 $1 x ,1 *2 $1 y ,2.5");
        expect(local, "ZINTER 2 a b WITHSCORES", "*1 *2 $1 y ,5.5");
        expect(local, "ZDIFF 2 a b WITHSCORES", "*1 *2 $1 x ,1");
        expect(local, "ZDIFF 2 a b", "*1 $1 x");
    });
}

#[test]
fn what_is_no_number_counts_as_redis_counts_it() {
    in_each_encoding(|local| {
        local.line("ZADD i inf m");
        local.line("ZADD n -inf m");
        local.line("ZADD f 5 m");
        let cases = [
            ("ZUNION 2 i n", "m 0"),
            ("ZINTER 2 i n", "m 0"),
            ("ZUNION 3 i n f", "m 5"),
            ("ZUNION 3 f i n", "m 0"),
            ("ZUNION 1 i WEIGHTS 0", "m 0"),
            ("ZUNION 2 f i WEIGHTS 1 0", "m 5"),
            // An intersection adds the product as it is, and a sum that is no number is 0.
            ("ZINTER 2 f i WEIGHTS 1 0", "m 0"),
            ("ZINTER 2 f i WEIGHTS 1 0 AGGREGATE MIN", "m 5"),
            ("ZINTER 2 f i WEIGHTS -1 0 AGGREGATE MAX", "m -5"),
            ("ZUNION 2 f i WEIGHTS 1 0 AGGREGATE MIN", "m 0"),
            ("ZUNION 1 f WEIGHTS -0", "m -0"),
        ];
        for (line, expected) in cases {
            expect_strings(local, &format!("{line} WITHSCORES"), expected);
        }
    });
}

#[test]
fn options_are_refused_in_the_order_of_redis() {
    let mut local = Local::new(1);
    local.line("ZADD a 1 x");
    local.line("ZADD d 7 before");
    local.line("SET s x");
    let syntax = "-ERR syntax error";
    let integer = "-ERR value is not an integer or out of range";
    let float = "-ERR weight value is not a float";
    let limit = "-ERR LIMIT can't be negative";
    for (line, expected) in [
        ("ZUNION x a", integer),
        ("ZUNION 1.0 a", integer),
        (
            "ZUNION 0 a",
            "-ERR at least 1 input key is needed for 'zunion' command",
        ),
        (
            "ZINTERSTORE d -1 a",
            "-ERR at least 1 input key is needed for 'zinterstore' command",
        ),
        (
            "ZINTERCARD 0 a",
            "-ERR at least 1 input key is needed for 'zintercard' command",
        ),
        ("ZUNION 2 a", syntax),
        ("ZUNION 9223372036854775807 a", syntax),
        ("ZUNIONSTORE d 2 a", syntax),
        ("ZUNION 1 s BAD", WRONG_TYPE),
        ("ZUNION 1 a WEIGHTS", syntax),
        ("ZUNION 2 a a WEIGHTS 1", syntax),
        ("ZUNION 1 a WEIGHTS x", float),
        ("ZUNION 1 a WEIGHTS nan", float),
        ("ZUNION 1 a WEIGHTS 1 AGGREGATE", syntax),
        ("ZUNION 1 a AGGREGATE AVG", syntax),
        ("ZUNION 1 a WEIGHTS x AGGREGATE AVG", float),
        ("ZUNION 1 a LIMIT 1", syntax),
        ("ZDIFF 1 a WEIGHTS 1", syntax),
        ("ZDIFF 1 a AGGREGATE SUM", syntax),
        ("ZDIFFSTORE d 1 a WEIGHTS 1", syntax),
        ("ZUNIONSTORE d 1 a WITHSCORES", syntax),
        ("ZINTERCARD 1 a WITHSCORES", syntax),
        ("ZINTERCARD 1 a WEIGHTS 1", syntax),
        ("ZINTERCARD 1 a LIMIT", syntax),
        ("ZINTERCARD 1 a LIMIT -1", limit),
        ("ZINTERCARD 1 a LIMIT x", limit),
        ("ZINTERCARD 1 a LIMIT 5 LIMIT 0", ":1"),
        (
            "ZUNION 1 a WEIGHTS 2 WEIGHTS 3 WITHSCORES WITHSCORES",
            "*2 $1 x $1 3",
        ),
        (
            "ZUNION 1",
            "-ERR wrong number of arguments for 'zunion' command",
        ),
        (
            "ZUNIONSTORE d 1",
            "-ERR wrong number of arguments for 'zunionstore' command",
        ),
        ("ZRANGE d 0 -1", "*1 $6 before"),
    ] {
        expect(&mut local, line, expected);
    }
}

#[test]
fn the_destination_may_be_anything() {
    in_each_encoding(|local| {
        for (line, expected) in [
            ("ZADD a 1 x 2 y", ":2"),
            ("SADD s y z", ":2"),
            ("SET string v EX 100", "+OK"),
            ("ZUNIONSTORE string 2 a s", ":3"),
            ("TTL string", ":-1"),
            (
                "ZRANGE string 0 -1 WITHSCORES",
                "*6 $1 x $1 1 $1 z $1 1 $1 y $1 3",
            ),
            ("ZUNIONSTORE a 2 a a WEIGHTS 10 1", ":2"),
            ("ZSCORE a y", "$2 22"),
            ("ZINTERSTORE s 2 s a", ":1"),
            ("TYPE s", "+zset"),
            ("ZSCORE s y", "$2 23"),
            ("ZDIFFSTORE s 2 s a", ":0"),
            ("EXISTS s", ":0"),
            ("ZDIFFSTORE s 2 s a", ":0"),
            ("ZINTERSTORE a 2 a none", ":0"),
            ("EXISTS a", ":0"),
        ] {
            expect(local, line, expected);
        }
        assert_eq!(
            effects(local)[3..],
            [
                "ZUNIONSTORE string 2 a s",
                "ZUNIONSTORE a 2 a a WEIGHTS 10 1",
                "ZINTERSTORE s 2 s a",
                "ZDIFFSTORE s 2 s a",
                "ZINTERSTORE a 2 a none",
            ]
        );
        let told = local
            .shared
            .keys
            .events
            .take_names()
            .into_iter()
            .map(|(_, name, _)| name);
        let told: Vec<_> = told.filter(|name| *name != "new").collect();
        let last = ["zunionstore", "zunionstore", "zinterstore", "del", "del"];
        assert_eq!(told[told.len() - 5..], last);
    });
}

#[test]
fn results_are_compact_up_to_the_thresholds() {
    use crate::command::collection::testing::encoding;
    let mut local = Local::new(1);
    for i in 0..129 {
        local.line(&format!("ZADD z {i} m{i}"));
        local.line(&format!("SADD s m{i}"));
    }
    local.line("ZADD one 1 m0");
    local.line(&format!("ZADD long 1 {}", "l".repeat(65)));
    for (line, name) in [
        ("ZUNIONSTORE d 1 z", "skiplist"),
        ("ZDIFFSTORE d 2 z one", "listpack"),
        ("ZINTERSTORE d 2 z s", "skiplist"),
        ("ZINTERSTORE d 2 z one", "listpack"),
        ("ZUNIONSTORE d 1 s", "skiplist"),
        ("ZUNIONSTORE d 1 long", "skiplist"),
        ("ZUNIONSTORE d 1 one", "listpack"),
        ("ZRANGESTORE d z 0 127", "listpack"),
        ("ZRANGESTORE d z 0 128", "skiplist"),
        ("ZRANGESTORE d z 0 127 BYSCORE", "listpack"),
    ] {
        local.line(line);
        assert_eq!(encoding(&mut local, "d"), name, "{line}");
    }
}

#[test]
fn members_of_any_bytes_are_combined() {
    in_each_encoding(|local| {
        for member in [&b""[..], b"a\0b", b"\xff", b"17"] {
            local.call(&[b"ZADD", b"z", b"2", member]);
            local.call(&[b"SADD", b"s", member]);
        }
        local.call(&[b"SREM", b"s", b"17"]);
        assert_eq!(
            local.call(&[b"ZINTER", b"2", b"s", b"z"]),
            b"*3\r\n$0\r\n\r\n$3\r\na\0b\r\n$1\r\n\xff\r\n"
        );
        assert_eq!(
            local.call(&[b"ZDIFF", b"2", b"z", b"s"]),
            b"*1\r\n$2\r\n17\r\n"
        );
    });
}
