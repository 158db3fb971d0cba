//! What is logged of fields with a time to live, replayed, gives the same data.

use super::*;
use crate::bytes::prng::Prng;
use crate::structure::listpack::Element;
use crate::value::Hash;
use std::vec::Vec;

const NOW_MS: u64 = 1_700_000_000_000;

type Fields = BTreeMap<String, (String, Option<u64>)>;

fn text(element: Element<'_>) -> String {
    String::from_utf8(element.to_vec()).unwrap()
}

/// Every hash that is not due, with its fields that are not.
fn contents(local: &Local) -> BTreeMap<String, Fields> {
    let keys = &local.shared.keys;
    let mut all = BTreeMap::new();
    keys.scan(0, usize::MAX, |entry| {
        let Some(hash) = entry.value::<Hash>().filter(|_| !keys.is_due(&entry)) else {
            return;
        };
        let left = hash
            .iter_timed()
            .filter(|field| field.2.is_none_or(|when| when > keys.now_ms));
        let left = left.map(|(field, value, when)| (text(field), (text(value), when)));
        all.insert(
            String::from_utf8(entry.key().to_vec()).unwrap(),
            left.collect(),
        );
    });
    all
}

/// Reads a log as it is read at a start.
fn replay(log: &[u8], now_ms: u64) -> Local {
    let mut local = Local::new(99);
    local.set_time_ms(now_ms);
    local.shared.keys.limits.hash_max_listpack_entries = 4;
    local.shared.keys.loading = true;
    let log = String::from_utf8(log.to_vec()).unwrap();
    for command in log.split('*').skip(1) {
        let words = command.split("\r\n").skip(2).step_by(2);
        let words: Vec<&[u8]> = words.map(str::as_bytes).collect();
        let reply = local.call(&words);
        assert_ne!(reply.first(), Some(&b'-'), "{command:?}");
    }
    local.shared.keys.loading = false;
    local.shared.keys.check().unwrap();
    local
}

/// A random command; `?` in the template is a key, `@` a field, `#` a number.
fn random_command(prng: &mut Prng) -> String {
    const TEMPLATES: &[&str] = &[
        "HSET ? @ # @ #",
        "HSETNX ? @ #",
        "HINCRBY ? @ #",
        "HINCRBYFLOAT ? @ #",
        "HDEL ? @ @",
        "HSETEX ? PX # FIELDS 2 @ # @ #",
        "HSETEX ? KEEPTTL FIELDS 1 @ #",
        "HSETEX ? FNX PX # FIELDS 1 @ #",
        "HSETEX ? FXX PX # FIELDS 1 @ #",
        "HPEXPIRE ? # FIELDS 2 @ @",
        "HPEXPIRE ? # NX FIELDS 1 @",
        "HPEXPIRE ? # GT FIELDS 2 @ @",
        "HPEXPIRE ? # LT FIELDS 2 @ @",
        "HPEXPIREAT ? 1700000000100 FIELDS 1 @",
        "HPERSIST ? FIELDS 2 @ @",
        "HGETEX ? PX # FIELDS 2 @ @",
        "HGETEX ? PERSIST FIELDS 2 @ @",
        "HGETDEL ? FIELDS 2 @ @",
        "COPY ? ?",
        "COPY ? ? REPLACE",
        "RENAME ? ?",
        "DEL ?",
        "HLEN ?",
        "HGETALL ?",
        "HRANDFIELD ?",
    ];
    let template = TEMPLATES[prng.below(TEMPLATES.len() as u64) as usize];
    let mut command = String::new();
    for part in template.chars() {
        match part {
            '?' => command += &format!("h{}", prng.below(4)),
            '@' => command += &format!("f{}", prng.below(9)),
            '#' => command += &format!("{}", prng.below(60)),
            other => command.push(other),
        }
    }
    command
}

#[test]
fn a_log_gives_the_same_fields_whenever_it_is_read() {
    for seed in 0..60 {
        let mut prng = Prng::new(seed);
        let mut local = Local::new(seed);
        local.set_time_ms(NOW_MS);
        local.shared.keys.limits.hash_max_listpack_entries = 4;
        local.shared.keys.effects.set_enabled(true);
        let mut now_ms = NOW_MS;
        for _ in 0..200 {
            let command = random_command(&mut prng);
            line(&mut local, &command);
            local
                .shared
                .keys
                .check()
                .unwrap_or_else(|e| panic!("{command}: {e}"));
            now_ms += prng.below(4);
            local.set_time_ms(now_ms);
            if prng.below(5) == 0 {
                local.shared.keys.expire_some(2);
            }
        }
        let log = local.take_effects();
        for later_ms in [0, 30, 10_000] {
            local.set_time_ms(now_ms + later_ms);
            let mut copy = replay(&log, now_ms + later_ms);
            assert_eq!(contents(&copy), contents(&local), "seed {seed}");
            while copy.shared.keys.expire_some(7) > 0 {}
            copy.shared.keys.check().unwrap();
            assert_eq!(contents(&copy), contents(&local), "seed {seed}");
        }
    }
}

#[test]
fn a_log_of_redis_is_read_though_its_times_have_passed() {
    let log = "HSETEX h PXAT 1700000000100 FIELDS 2 a 1 b 2\n\
               HPEXPIREAT h 1700000000200 NX FIELDS 1 a\n\
               HPEXPIREAT h 1700000000300 GT FIELDS 1 b\n\
               HSETEX h KEEPTTL FIELDS 1 b 3\n\
               HSETEX h FNX PXAT 1700000000050 FIELDS 1 c 3\n\
               HINCRBY h b 4\n\
               HPERSIST h FIELDS 2 c x\n\
               HDEL h a\n\
               HSETEX i PXAT 1700000000100 FIELDS 1 a 1\n\
               HDEL i a\n\
               SADD i member";
    let log: String = log
        .lines()
        .map(|line| {
            let words: Vec<&str> = line.split_whitespace().collect();
            let texts = words
                .iter()
                .map(|word| format!("${}\r\n{word}\r\n", word.len()));
            format!("*{}\r\n{}", words.len(), texts.collect::<String>())
        })
        .collect();
    let mut local = replay(log.as_bytes(), NOW_MS + 299);
    assert_eq!(words(&mut local, "HGET h b"), ["7"]);
    assert_eq!(words(&mut local, "HLEN h"), [":2"]);
    let mut local = replay(log.as_bytes(), NOW_MS + 300);
    assert_eq!(
        fields(&mut local, "h"),
        pairs(&words(&mut local, "HGETALL h"))
    );
    assert_eq!(words(&mut local, "HGETALL h"), ["c", "3"]);
    assert_eq!(words(&mut local, "TYPE i"), ["+set"]);
}
