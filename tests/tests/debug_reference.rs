#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests end the test that uses them"
)]
//! Digests beside those of a real Redis: the same random writes on both, then DEBUG DIGEST and DIGEST-VALUE.
//!
//! Without a reference there is nothing to compare, and the test says so.

use rotom_core::bytes::prng::Prng;
use rotom_core::session::Local;
use rotom_core::settings::ProtectedAction;
use rotom_tests::reference::Reference;
use rotom_tests::reply::take_reply;

const WRITES: usize = 6000;

/// A write: to few keys a type, some of which become big.
fn write(prng: &mut Prng) -> String {
    let mut below = |bound| prng.below(bound);
    let key = below(4);
    let word = ["a", "7", "-12", "070", "word", "1.50"][below(6) as usize];
    let score = ["1", "7", "-12", "070", "2e3", "1.50"][below(6) as usize];
    let name = below(300);
    match below(14) {
        0 => format!("SET s{key} {word}{name}"),
        1 => format!("SET s{key} {name} EX 10000"),
        2 => format!("RPUSH l{key} {word} {name}"),
        3 => format!("LPUSH l{key} {word}"),
        4 => format!("SADD i{key} {name}"),
        5 => format!("SADD m{key} {word}{name}"),
        6 => format!("SREM m{key} {word}{name}"),
        7 => format!("ZADD z{key} {score} a{name}"),
        8 => format!("ZADD z{key} {}.{} m{name}", below(1000), below(100_000)),
        9 => format!("ZADD z{key} {}e{} m{name}", below(9) + 1, below(40)),
        10 => format!("HSET h{key} {word}{name} {name}"),
        11 => format!("HEXPIRE h{key} 10000 FIELDS 1 {word}{name}"),
        12 => format!("APPEND s{key} {word}"),
        _ => format!("SELECT {}", below(3)),
    }
}

#[test]
fn the_same_data_have_the_same_digest() {
    let Some(mut reference) = Reference::start() else {
        println!("no redis-server is installed: nothing to compare with");
        return;
    };
    if reference.is_valkey || reference.version < (7, 4) {
        println!("digests are compared with Redis from 7.4 on");
        return;
    }
    let mut local = Local::new(1);
    local.shared.settings.enable_debug_command = ProtectedAction::Yes;
    let mut prng = Prng::new(5);
    let mut same = |text: &str| {
        let ours = take_reply(&mut local.line(text)).unwrap();
        assert_eq!(ours, reference.ask(text), "{text}");
    };
    let types = ["s", "l", "i", "m", "z", "h"];
    let keys: Vec<String> = types
        .iter()
        .flat_map(|of| (0..4).map(move |key| format!("{of}{key}")))
        .collect();
    for round in 0..WRITES {
        same(&write(&mut prng));
        if round % 100 == 0 {
            for key in &keys {
                same(&format!("DEBUG DIGEST-VALUE {key}"));
            }
            same("DEBUG DIGEST");
        }
    }
    same("DEBUG POPULATE 1000 prefix 20");
    same("DEBUG DIGEST");
}
