use super::*;
use std::collections::BTreeMap;

/// The texts of an array of bulk strings.
fn texts(reply: &[u8]) -> Vec<String> {
    let reply = String::from_utf8(reply.to_vec()).unwrap();
    let lines: Vec<&str> = reply.split("\r\n").collect();
    let count: usize = lines[0][1..].parse().unwrap();
    let texts: Vec<String> = lines[1..]
        .chunks(2)
        .take(count)
        .map(|pair| pair[1].into())
        .collect();
    assert_eq!(texts.len(), count);
    texts
}

fn keys(local: &mut Local, pattern: &str) -> String {
    let mut keys = texts(&local.line(&format!("KEYS {pattern}")));
    keys.sort();
    keys.join(" ")
}

/// The cursor and the keys of one SCAN.
fn scan(local: &mut Local, line: &str) -> (String, Vec<String>) {
    let reply = local.line(line);
    let text = String::from_utf8(reply.clone()).unwrap();
    let cursor = text.strip_prefix("*2\r\n$").unwrap();
    let cursor = cursor.split("\r\n").nth(1).unwrap();
    let keys = text.rfind('*').unwrap();
    (cursor.into(), texts(&reply[keys..]))
}

/// A whole walk: how often each key was returned, and the number of calls.
fn walk(local: &mut Local, options: &str) -> (BTreeMap<String, usize>, usize) {
    let (mut seen, mut calls, mut cursor) = (BTreeMap::new(), 0, String::from("0"));
    loop {
        let (next, keys) = scan(local, &format!("SCAN {cursor} {options}"));
        keys.into_iter()
            .for_each(|key| *seen.entry(key).or_insert(0) += 1);
        (calls, cursor) = (calls + 1, next);
        if cursor == "0" {
            return (seen, calls);
        }
    }
}

#[test]
fn keys_that_match() {
    let mut rotom = local();
    check(
        &mut rotom,
        &[
            ("KEYS *", "*0\r\n"),
            ("KEYS a", "*0\r\n"),
            ("MSET a 1 ab 2 b 3 '' 4 'x*' 5", OK),
        ],
    );
    assert_eq!(keys(&mut rotom, "*"), " a ab b x*");
    assert_eq!(keys(&mut rotom, "a*"), "a ab");
    assert_eq!(keys(&mut rotom, "?"), "a b");
    assert_eq!(keys(&mut rotom, "[^a]"), "b");
    check(
        &mut rotom,
        &[
            ("KEYS ab", "*1\r\n$2\r\nab\r\n"),
            ("KEYS AB", "*0\r\n"),
            ("KEYS ''", "*1\r\n$0\r\n\r\n"),
            (r"KEYS 'x\*'", "*1\r\n$2\r\nx*\r\n"),
        ],
    );
    rotom.line("PEXPIRE ab 10");
    rotom.set_time_ms(NOW_MS + 10);
    assert_eq!(keys(&mut rotom, "a*"), "a");
    check(
        &mut rotom,
        &[
            ("DBSIZE", ":5\r\n"),
            ("KEYS ab", "*0\r\n"),
            ("DBSIZE", ":4\r\n"),
        ],
    );
}

#[test]
fn a_walk_returns_every_key_once_and_honours_count() {
    let mut rotom = local();
    check(&mut rotom, &[("SCAN 0", "*2\r\n$1\r\n0\r\n*0\r\n")]);
    for i in 0..5000 {
        rotom.line(&format!("SET key:{i} {i}"));
    }
    for (count, calls) in [
        (1, 500..5001),
        (10, 250..501),
        (100, 40..51),
        (100_000, 1..2),
    ] {
        let (seen, took) = walk(&mut rotom, &format!("COUNT {count}"));
        assert_eq!(seen.len(), 5000);
        assert!(seen.values().all(|&times| times == 1));
        assert!(calls.contains(&took), "{took} calls with COUNT {count}");
    }
    // Filters do not make a call look at more.
    let (seen, took) = walk(&mut rotom, "MATCH key:77* COUNT 100");
    assert_eq!(seen.len(), 11);
    assert!((40..51).contains(&took));
    assert_eq!(walk(&mut rotom, "MATCH nothing* COUNT 100").0.len(), 0);
}

#[test]
fn a_walk_by_type() {
    let mut rotom = local();
    rotom.line("MSET a 1 b 2");
    add_list(&mut rotom, "list");
    let names = |found: (BTreeMap<String, usize>, usize)| found.0.into_keys().collect::<Vec<_>>();
    assert_eq!(names(walk(&mut rotom, "TYPE string")), ["a", "b"]);
    assert_eq!(names(walk(&mut rotom, "TYPE LIST")), ["list"]);
    assert_eq!(names(walk(&mut rotom, "type list match a*")), [""; 0]);
    assert_eq!(names(walk(&mut rotom, "TYPE string MATCH a")), ["a"]);
    assert_eq!(names(walk(&mut rotom, "TYPE string MATCH '*'")), ["a", "b"]);
    assert_eq!(names(walk(&mut rotom, "TYPE nosuchtype")), [""; 0]);
    assert_eq!(names(walk(&mut rotom, "TYPE stream")), [""; 0]);
}

#[test]
fn scan_errors() {
    let mut rotom = local();
    let cursor = "-ERR invalid cursor\r\n";
    check(
        &mut rotom,
        &[
            ("SCAN x", cursor),
            ("SCAN -1", cursor),
            ("SCAN '' FOO", cursor),
            ("SCAN 18446744073709551616", cursor),
            ("SCAN +", cursor),
            ("SCAN ++1", cursor),
            ("SCAN '0 '", cursor),
            ("SCAN -0", "*2\r\n$1\r\n0\r\n*0\r\n"),
            ("SCAN ' +00'", "*2\r\n$1\r\n0\r\n*0\r\n"),
            ("SCAN 18446744073709551615", "*2\r\n$1\r\n0\r\n*0\r\n"),
            ("SCAN 0 COUNT", SYNTAX),
            ("SCAN 0 MATCH", SYNTAX),
            ("SCAN 0 TYPE", SYNTAX),
            ("SCAN 0 COUNT 0", SYNTAX),
            ("SCAN 0 COUNT -5", SYNTAX),
            ("SCAN 0 COUNT x", NOT_INTEGER),
            ("SCAN 0 COUNT 5 FOO bar", SYNTAX),
            (
                "SCAN 0 NOVALUES",
                "-ERR NOVALUES option can only be used in HSCAN\r\n",
            ),
            (
                "SCAN 0 COUNT 9223372036854775807",
                "*2\r\n$1\r\n0\r\n*0\r\n",
            ),
        ],
    );
}

#[test]
fn a_walk_removes_what_is_due() {
    let mut rotom = local();
    for i in 0..500 {
        let life = if i % 2 == 0 { "PX 5" } else { "PX 5000" };
        rotom.line(&format!("SET key:{i} {i} {life}"));
    }
    rotom.set_time_ms(NOW_MS + 5);
    forget(&mut rotom);
    let (_, keys) = scan(&mut rotom, "SCAN 0 COUNT 20");
    assert!(
        !keys.is_empty()
            && keys
                .iter()
                .all(|key| !key.ends_with(['0', '2', '4', '6', '8']))
    );
    assert_eq!(effects(&mut rotom).len(), 20);
    check(&mut rotom, &[("DBSIZE", ":480\r\n")]);
    let (seen, _) = walk(&mut rotom, "COUNT 20 MATCH nothing*");
    assert_eq!(seen.len(), 0);
    check(&mut rotom, &[("DBSIZE", ":250\r\n")]);
}

#[test]
fn random_keys_are_there() {
    let mut rotom = local();
    check(
        &mut rotom,
        &[
            ("RANDOMKEY", NIL),
            ("MSET a 1 b 2", OK),
            ("PEXPIRE b 5", YES),
        ],
    );
    let mut found = BTreeMap::new();
    for _ in 0..100 {
        *found.entry(rotom.line("RANDOMKEY")).or_insert(0) += 1;
    }
    assert_eq!(found.len(), 2);
    rotom.set_time_ms(NOW_MS + 5);
    for _ in 0..20 {
        check(&mut rotom, &[("RANDOMKEY", "$1\r\na\r\n")]);
    }
    check(&mut rotom, &[("DEL a", YES), ("RANDOMKEY", NIL)]);
}

/// Segments of the table differ in depth and fill; a key's chance must not. With as many cells as keys, the sum of
/// squared deviations over the expected count (chi square) has the mean `keys - 1` and the variance `2 (keys - 1)`.
#[test]
fn every_key_is_equally_likely_to_be_the_random_one() {
    for (keys, deleted) in [(50, 0), (3000, 0), (6000, 3000)] {
        let mut rotom = local();
        (0..keys).for_each(|key| drop(rotom.line(&format!("SET {key} x"))));
        // What is left after deletions lies thinly here and thickly there.
        (0..deleted).for_each(|key| drop(rotom.line(&format!("DEL {key}"))));
        let left = f64::from(keys - deleted);
        let each = 40.0;
        let mut found = BTreeMap::new();
        for _ in 0..(left * each) as usize {
            *found.entry(rotom.line("RANDOMKEY")).or_insert(0.0) += 1.0;
        }
        let squares = found.values().map(|count: &f64| (count - each).powi(2));
        let never = left - found.len() as f64;
        let sum = squares.sum::<f64>() / each + never * each;
        let deviations = (sum - (left - 1.0)) / (2.0 * (left - 1.0)).sqrt();
        assert!(deviations.abs() < 4.0, "{keys} {deleted}: {deviations}");
    }
}

#[test]
fn a_scan_for_one_name_is_over_at_once() {
    let mut rotom = local();
    (0..500).for_each(|key| drop(rotom.line(&format!("SET k{key} x"))));
    let zero = |keys: &[&str]| {
        let keys = keys.iter().map(|&key| String::from(key)).collect();
        (String::from("0"), keys)
    };
    assert_eq!(scan(&mut rotom, "SCAN 0 MATCH k7 COUNT 1"), zero(&["k7"]));
    assert_eq!(scan(&mut rotom, "SCAN 0 MATCH none"), zero(&[]));
    assert_eq!(scan(&mut rotom, "SCAN 0 MATCH k7 TYPE list"), zero(&[]));
    assert_eq!(
        scan(&mut rotom, "SCAN 0 MATCH k7 TYPE STRING"),
        zero(&["k7"])
    );
    assert_ne!(scan(&mut rotom, "SCAN 0 MATCH k7* COUNT 1").0, "0");
}
