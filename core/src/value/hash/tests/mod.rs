//! Hashes without times, and what the tests of those with times share.

mod volatile;

use super::*;
use crate::bytes::hash::Hasher;
use crate::bytes::prng::Prng;
use crate::value::Stored;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::string::{String, ToString};
use std::vec::Vec;
use std::{format, vec};

fn limits() -> EncodingLimits {
    EncodingLimits {
        hash_max_listpack_entries: 6,
        hash_max_listpack_value: 5,
        ..EncodingLimits::new(Hasher::new(9))
    }
}

fn of(pairs: &[(&str, &str)]) -> Hash {
    let mut hash = Hash::new();
    for (field, value) in pairs {
        assert!(hash.set(field.as_bytes(), value.as_bytes(), &limits()));
    }
    hash.check().unwrap();
    hash
}

/// One hash in each encoding, of 4 fields.
fn each_encoding() -> [Hash; 2] {
    let pack = of(&[("a", "1"), ("2", "b"), ("3", ""), ("", "-4")]);
    let table = of(&[("a", "1"), ("2", "b"), ("3", ""), ("long field", "-4")]);
    assert_eq!(pack.encoding(), Encoding::HashListpack);
    assert_eq!(table.encoding(), Encoding::HashTable);
    [pack, table]
}

fn text(element: Element<'_>) -> String {
    String::from_utf8(element.to_vec()).unwrap()
}

fn pairs(hash: &Hash) -> BTreeMap<String, String> {
    let pairs: BTreeMap<_, _> = hash.iter().map(|(f, v)| (text(f), text(v))).collect();
    assert_eq!(pairs.len(), hash.len());
    pairs
}

#[test]
fn becomes_a_table_at_the_thresholds() {
    let six: Vec<(&str, &str)> = ["a", "b", "c", "d", "e", "f"].map(|f| (f, f)).to_vec();
    assert_eq!(of(&six).encoding(), Encoding::HashListpack);
    let seven = [&six[..], &[("g", "g")]].concat();
    assert_eq!(of(&seven).encoding(), Encoding::HashTable);
    assert_eq!(of(&[("a", "123456")]).encoding(), Encoding::HashTable);
    assert_eq!(of(&[("123456", "a")]).encoding(), Encoding::HashTable);
    assert_eq!(of(&[("12345", "54321")]).encoding(), Encoding::HashListpack);
    // Setting the fields it has does not make it grow; a value that is too long does.
    let mut hash = of(&six);
    assert!(!hash.set(b"a", b"x", &limits()));
    assert_eq!(hash.encoding(), Encoding::HashListpack);
    assert!(!hash.set(b"a", b"too long", &limits()));
    assert_eq!((hash.encoding(), hash.len()), (Encoding::HashTable, 6));
    hash.check().unwrap();
}

#[test]
fn becomes_a_table_at_once_when_much_is_expected() {
    let expect = |count, texts: &[&'static [u8]]| {
        let mut hash = of(&[("a", "1")]);
        hash.expect(count, texts.iter().copied(), &limits());
        assert_eq!(pairs(&hash).len(), 1);
        hash.encoding()
    };
    assert_eq!(expect(6, &[b"12345"]), Encoding::HashListpack);
    assert_eq!(expect(7, &[]), Encoding::HashTable);
    assert_eq!(expect(1, &[b"x", b"123456"]), Encoding::HashTable);
}

#[test]
fn a_value_that_looks_like_a_field_is_none() {
    for (mut hash, other) in each_encoding().into_iter().zip(["b", "-4"]) {
        assert!(!hash.contains(other.as_bytes()));
        assert!(hash.get(other.as_bytes()).is_none());
        assert!(!hash.remove(other.as_bytes()));
        assert!(hash.set(other.as_bytes(), b"x", &limits()));
        assert_eq!(hash.get(other.as_bytes()), Some(Element::Bytes(b"x")));
        hash.check().unwrap();
    }
}

#[test]
fn a_field_takes_its_bytes_and_a_slot() {
    let limits = EncodingLimits::new(Hasher::new(1));
    let mut hash = Hash::new();
    for i in 0..100_000 {
        hash.set(format!("field:{i:010}").as_bytes(), &[7; 16], &limits);
    }
    let a_field = hash.memory_bytes(0) as f64 / hash.len() as f64;
    assert!(a_field < 34.0 + 13.0, "{a_field} bytes a field");
}

#[test]
fn draws_and_choices_are_fair_and_keep_pairs_together() {
    let mut prng = Prng::new(4);
    for hash in each_encoding() {
        let all = pairs(&hash);
        let mut counts: [BTreeMap<String, u32>; 3] = Default::default();
        let mut count = |way: usize, field: Element<'_>, value: Element<'_>| {
            assert_eq!(all[&text(field)], text(value));
            *counts[way].entry(text(field)).or_default() += 1;
        };
        let draw = hash.draw();
        for _ in 0..4000 {
            let (field, value) = hash.random(&mut prng).unwrap();
            count(0, field, value);
            let (field, value) = draw.next(&mut prng).unwrap();
            count(1, field, value);
        }
        for _ in 0..4000 {
            hash.choose(1, &mut prng, |field, value| count(2, field, value));
        }
        for counts in counts {
            assert_eq!(counts.len(), 4);
            assert!(
                counts.values().all(|&n| (850..1150).contains(&n)),
                "{counts:?}"
            );
        }
    }
}

#[test]
fn choices_differ_and_are_as_many_as_asked_for() {
    let mut prng = Prng::new(4);
    for hash in each_encoding() {
        for wanted in [0, 1, 3, 4, usize::MAX] {
            let mut chosen = BTreeMap::new();
            hash.choose(wanted, &mut prng, |field, value| {
                assert!(chosen.insert(text(field), text(value)).is_none());
            });
            assert_eq!(chosen.len(), wanted.min(4));
        }
    }
}

#[test]
#[allow(unsafe_code, reason = "takes the parts back")]
fn parts_and_duplicates_are_the_same_hash() {
    for hash in each_encoding() {
        let copy = hash.duplicate();
        copy.check().unwrap();
        assert_eq!(
            (pairs(&copy), copy.encoding()),
            (pairs(&hash), hash.encoding())
        );
        let before = pairs(&hash);
        let kept = hash.into_kept();
        // SAFETY: it was just given up.
        let hash = unsafe { Hash::from_kept(kept) };
        assert_eq!(pairs(&hash), before);
    }
}

/// Scans with a small count, and gives all that was seen.
fn scan_all(hash: &Hash) -> Vec<(String, String)> {
    let (mut cursor, mut seen) = (0, vec![]);
    loop {
        cursor = hash.scan(cursor, 3, |field, value| {
            seen.push((text(field), text(value)))
        });
        if cursor == 0 {
            seen.sort();
            return seen;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    #[test]
    fn behaves_as_a_map(
        steps in proptest::collection::vec((0u8..6, 0u16..30, "[a-c0-9]{0,6}"), 1..120),
    ) {
        let limits = limits();
        let mut hash = Hash::new();
        let mut twin: BTreeMap<String, String> = BTreeMap::new();
        for (step, number, value) in steps {
            let field = if number % 3 == 0 { format!("f{number}") } else { number.to_string() };
            match step {
                0..=2 => {
                    let new = hash.set(field.as_bytes(), value.as_bytes(), &limits);
                    prop_assert_eq!(new, twin.insert(field, value).is_none());
                }
                3 => prop_assert_eq!(hash.remove(field.as_bytes()), twin.remove(&field).is_some()),
                4 => prop_assert_eq!(hash.get(field.as_bytes()).map(text), twin.get(&field).cloned()),
                _ => prop_assert_eq!(hash.contains(field.as_bytes()), twin.contains_key(&field)),
            }
            prop_assert_eq!(hash.check(), Ok(()));
            prop_assert_eq!((hash.len(), hash.is_empty()), (twin.len(), twin.is_empty()));
        }
        prop_assert_eq!(&pairs(&hash), &twin);
        prop_assert_eq!(scan_all(&hash), twin.into_iter().collect::<Vec<_>>());
    }
}
