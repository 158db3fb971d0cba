use super::*;
use crate::bytes::hash::Hasher;
use crate::bytes::prng::Prng;
use crate::value::Stored;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::string::{String, ToString};
use std::vec::Vec;
use std::{format, vec};

fn limits() -> EncodingLimits {
    EncodingLimits {
        set_max_intset_entries: 6,
        set_max_listpack_entries: 8,
        set_max_listpack_value: 5,
        ..EncodingLimits::new(Hasher::new(9))
    }
}

fn of(members: &[&str], limits: &EncodingLimits) -> Set {
    let first = members.first().map_or("", |first| first);
    let mut set = Set::for_members(first.as_bytes(), 1, limits);
    for member in members {
        set.add(member.as_bytes(), limits);
    }
    set.check().unwrap();
    set
}

fn text(member: Element<'_>) -> String {
    String::from_utf8(member.to_vec()).unwrap()
}

fn sorted(set: &Set) -> Vec<String> {
    let mut members: Vec<String> = set.iter().map(text).collect();
    members.sort();
    members
}

/// One set in each encoding, of 6 members.
fn each_encoding() -> [Set; 3] {
    let limits = limits();
    let ints = of(&["1", "2", "3", "-4", "50000", "6"], &limits);
    let pack = of(&["a", "2", "3", "-4", "50000", "6"], &limits);
    let table = of(&["a", "2", "3", "-4", "too long", "6"], &limits);
    let encodings = [ints.encoding(), pack.encoding(), table.encoding()];
    let expected = [Encoding::Intset, Encoding::SetListpack, Encoding::SetTable];
    assert_eq!(encodings, expected);
    [ints, pack, table]
}

#[test]
fn encodings_change_at_the_thresholds() {
    let limits = limits();
    let encoding = |members: &[&str]| of(members, &limits).encoding();
    assert_eq!(encoding(&["1", "2", "3", "4", "5", "6"]), Encoding::Intset);
    // Redis goes from an intset that is full straight to a table.
    assert_eq!(
        encoding(&["1", "2", "3", "4", "5", "6", "7"]),
        Encoding::SetTable
    );
    assert_eq!(encoding(&["1", "2", "a"]), Encoding::SetListpack);
    assert_eq!(encoding(&["1", "2", "too long"]), Encoding::SetTable);
    assert_eq!(encoding(&["100000", "a"]), Encoding::SetTable);
    assert_eq!(encoding(&["-10000", "a"]), Encoding::SetTable);
    assert_eq!(encoding(&["10000", "a"]), Encoding::SetListpack);
    let eight = ["a", "b", "c", "d", "e", "f", "g", "h"];
    assert_eq!(encoding(&eight), Encoding::SetListpack);
    assert_eq!(encoding(&[&eight[..], &["i"]].concat()), Encoding::SetTable);
    assert_eq!(encoding(&["too long"]), Encoding::SetTable);
}

#[test]
fn what_is_expected_chooses_the_first_encoding() {
    let limits = limits();
    let first = |member: &[u8], expected| Set::for_members(member, expected, &limits).encoding();
    assert_eq!(first(b"1", 6), Encoding::Intset);
    assert_eq!(first(b"1", 7), Encoding::SetListpack);
    assert_eq!(first(b"01", 6), Encoding::SetListpack);
    assert_eq!(first(b"a", 9), Encoding::SetTable);
    let mut set = of(&["1"], &limits);
    set.expect(6, &limits);
    assert_eq!(set.encoding(), Encoding::Intset);
    set.expect(7, &limits);
    assert_eq!((set.encoding(), set.len()), (Encoding::SetTable, 1));
}

#[test]
fn numbers_are_their_one_text() {
    for set in each_encoding() {
        assert!(set.contains(b"2") && set.contains(b"-4"));
        for other in ["02", "+2", " 2", "2.0", "-04", ""] {
            assert!(!set.contains(other.as_bytes()), "{other}");
        }
    }
}

#[test]
fn a_member_takes_its_bytes_and_a_slot() {
    let limits = EncodingLimits::new(Hasher::new(1));
    let mut set = Set::for_members(b"x", 100_000, &limits);
    for i in 0..100_000 {
        set.add(format!("member:{i:010}").as_bytes(), &limits);
    }
    let a_member = set.memory_bytes(0) as f64 / set.len() as f64;
    assert!(a_member < 18.0 + 13.0, "{a_member} bytes a member");
    let sampled = set.memory_bytes(5);
    assert_eq!(sampled, set.memory_bytes(0));
}

#[test]
fn draws_and_choices_are_fair() {
    let mut prng = Prng::new(4);
    for set in each_encoding() {
        let mut counts: [BTreeMap<String, u32>; 3] = Default::default();
        let draw = set.draw();
        for _ in 0..6000 {
            let random = text(set.random(&mut prng).unwrap());
            *counts[0].entry(random).or_default() += 1;
            let drawn = text(draw.next(&mut prng).unwrap());
            *counts[1].entry(drawn).or_default() += 1;
        }
        for _ in 0..3000 {
            let mut chosen = BTreeSet::new();
            set.choose(2, &mut prng, |member| {
                chosen.insert(text(member));
            });
            assert_eq!(chosen.len(), 2);
            for member in chosen {
                *counts[2].entry(member).or_default() += 1;
            }
        }
        for counts in counts {
            assert_eq!(counts.len(), 6);
            assert!(
                counts.values().all(|&n| (850..1150).contains(&n)),
                "{counts:?}"
            );
        }
    }
}

#[test]
fn choices_differ_and_are_as_many_as_asked_for() {
    let limits = limits();
    let mut prng = Prng::new(4);
    let members: Vec<String> = (0..1000).map(|i| format!("m{i}")).collect();
    let big = of(
        &members.iter().map(String::as_str).collect::<Vec<_>>(),
        &limits,
    );
    for count in [0, 1, 10, 125, 126, 999, 1000, usize::MAX] {
        let mut chosen = BTreeSet::new();
        big.choose(count, &mut prng, |member| {
            assert!(chosen.insert(text(member)))
        });
        assert_eq!(chosen.len(), count.min(1000));
    }
}

#[test]
fn popped_members_are_gone() {
    let mut prng = Prng::new(8);
    for count in 0..=6 {
        for mut set in each_encoding() {
            let mut all = sorted(&set);
            let mut popped = vec![];
            set.pop(count, &mut prng, |member| popped.push(text(member)));
            set.check().unwrap();
            assert_eq!((popped.len(), set.len()), (count, 6 - count));
            popped.extend(sorted(&set));
            popped.sort();
            all.sort();
            assert_eq!(popped, all);
        }
    }
}

#[test]
fn an_extract_is_a_new_set_in_a_compact_encoding() {
    let limits = limits();
    let mut prng = Prng::new(8);
    let [mut ints, mut pack, mut table] = each_encoding();
    for (set, encoding) in [
        (&mut ints, Encoding::Intset),
        (&mut pack, Encoding::SetListpack),
    ] {
        let taken = set.extract(2, &mut prng, &limits);
        taken.check().unwrap();
        set.check().unwrap();
        assert_eq!((taken.len(), set.len()), (2, 4));
        assert_eq!((taken.encoding(), set.encoding()), (encoding, encoding));
    }
    table.remove(b"too long");
    let small = table.extract(2, &mut prng, &limits);
    assert_eq!(small.encoding(), Encoding::SetListpack);
    let numbers: Vec<String> = (0..50).map(|i| i.to_string()).collect();
    let mut great = Set::for_members(b"x", 50, &limits);
    for number in &numbers {
        great.add(number.as_bytes(), &limits);
    }
    let taken = great.extract(9, &mut prng, &limits);
    taken.check().unwrap();
    assert_eq!((taken.encoding(), taken.len()), (Encoding::SetTable, 9));
    assert!(taken.iter().all(|member| !great.contains(&member.to_vec())));
}

#[test]
#[allow(unsafe_code, reason = "takes the parts back")]
fn parts_and_duplicates_are_the_same_set() {
    for set in each_encoding() {
        let copy = set.duplicate();
        copy.check().unwrap();
        assert_eq!(
            (sorted(&copy), copy.encoding()),
            (sorted(&set), set.encoding())
        );
        let members = sorted(&set);
        let kept = set.into_kept();
        // SAFETY: it was just given up.
        let set = unsafe { Set::from_kept(kept) };
        assert_eq!(sorted(&set), members);
    }
}

#[test]
fn a_big_set_is_freed_in_slices() {
    let limits = limits();
    let mut set = Set::for_members(b"x", 100, &limits);
    for i in 0..3000 {
        set.add(format!("{i}").as_bytes(), &limits);
    }
    assert_eq!(set.free_cost(), 3000);
    let mut slices = 1;
    while !set.free_slice(100) {
        slices += 1;
    }
    assert!(slices > 2);
}

/// Scans with a small count, and gives all that was seen.
fn scan_all(set: &Set) -> Vec<String> {
    let (mut cursor, mut seen) = (0, vec![]);
    loop {
        cursor = set.scan(cursor, 3, |member| seen.push(text(member)));
        if cursor == 0 {
            seen.sort();
            return seen;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    #[test]
    fn behaves_as_a_set(
        steps in proptest::collection::vec((0u8..8, 0i64..40, any::<bool>()), 1..120),
        words in 0i64..40,
        seed in any::<u64>(),
    ) {
        let limits = limits();
        let mut prng = Prng::new(seed);
        let mut set = Set::for_members(b"1", 1, &limits);
        let mut twin: BTreeSet<String> = BTreeSet::new();
        for (step, number, negative) in steps {
            let number = if negative { -number * 300 } else { number };
            let member = if number > words { format!("w{number}") } else { number.to_string() };
            match step {
                0..=3 => prop_assert_eq!(set.add(member.as_bytes(), &limits), twin.insert(member)),
                4 | 5 => prop_assert_eq!(set.remove(member.as_bytes()), twin.remove(&member)),
                6 => prop_assert_eq!(set.contains(member.as_bytes()), twin.contains(&member)),
                _ => {
                    let mut popped = vec![];
                    set.pop(1, &mut prng, |member| popped.push(text(member)));
                    prop_assert_eq!(popped.is_empty(), twin.is_empty());
                    prop_assert!(popped.iter().all(|member| twin.remove(member)));
                }
            }
            prop_assert_eq!(set.check(), Ok(()));
            prop_assert_eq!((set.len(), set.is_empty()), (twin.len(), twin.is_empty()));
        }
        let all: Vec<String> = twin.into_iter().collect();
        prop_assert_eq!(&sorted(&set), &all);
        prop_assert_eq!(&scan_all(&set), &all);
    }
}
