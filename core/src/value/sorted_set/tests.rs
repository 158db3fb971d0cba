use super::*;
use crate::bytes::hash::Hasher;
use crate::structure::listpack::Listpack;
use crate::value::Stored;
use core::ops::Bound;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::format;
use std::string::String;
use std::vec::Vec;

fn limits(entries: usize) -> EncodingLimits {
    EncodingLimits {
        zset_max_listpack_entries: entries,
        zset_max_listpack_value: 8,
        ..EncodingLimits::new(Hasher::new(42))
    }
}

fn add(set: &mut SortedSet, member: &str, score: f64, limits: &EncodingLimits) -> Added {
    set.add(member.as_bytes(), score, &Rule::default(), limits)
        .unwrap()
}

fn filled(members: &[(&str, f64)], limits: &EncodingLimits) -> SortedSet {
    let mut set = SortedSet::new(0, 0, limits);
    for (member, score) in members {
        add(&mut set, member, *score, limits);
    }
    set.check().unwrap();
    set
}

fn all(set: &SortedSet) -> Vec<(String, f64)> {
    pairs(set.iter_from(0))
}

fn pairs<'a>(walk: impl Iterator<Item = Scored<'a>>) -> Vec<(String, f64)> {
    walk.map(owned).collect()
}

fn owned(pair: Scored<'_>) -> (String, f64) {
    let member = String::from_utf8(pair.member.to_vec()).unwrap();
    (member, pair.score())
}

#[test]
fn scores_are_kept_as_redis_keeps_them() {
    let limits = limits(128);
    let members = [
        ("a", f64::NEG_INFINITY),
        ("b", -0.0),
        ("7", 0.1),
        ("c", 3.0),
        ("d", 1e20),
    ];
    let set = filled(&members, &limits);
    let kept: Vec<Element<'_>> = set.as_pack().unwrap().view().iter().collect();
    assert_eq!(
        kept,
        [
            Element::Bytes(b"a"),
            Element::Bytes(b"-inf"),
            Element::Bytes(b"b"),
            Element::Int(0),
            Element::Int(7),
            Element::Bytes(b"0.1"),
            Element::Bytes(b"c"),
            Element::Int(3),
            Element::Bytes(b"d"),
            Element::Bytes(b"1e+20"),
        ]
    );
}

#[test]
fn a_listpack_from_outside_is_verified() {
    let listpack = |values: &[&[u8]]| -> Listpack {
        values.iter().map(|&value| Element::Bytes(value)).collect()
    };
    let good = SortedSet::from_listpack(&listpack(&[b"a", b"1", b"b", b"1.50"])).unwrap();
    assert_eq!(all(&good), [("a".into(), 1.0), ("b".into(), 1.5)]);
    for bad in [
        &[b"a" as &[u8]] as &[&[u8]],
        &[b"a", b"x"],
        &[b"a", b"nan"],
        &[b"a", b"2", b"b", b"1"],
        &[b"b", b"1", b"a", b"1"],
        &[b"a", b"1", b"a", b"1"],
        &[b"a", b"1", b"a", b"2"],
    ] {
        assert!(SortedSet::from_listpack(&listpack(bad)).is_err(), "{bad:?}");
    }
}

#[test]
fn encodings_change_at_the_thresholds() {
    let limits = limits(2);
    let mut set = filled(&[("a", 1.0), ("b", 2.0)], &limits);
    assert_eq!(set.encoding(), Encoding::SortedListpack);
    add(&mut set, "a", 3.0, &limits);
    assert_eq!(set.encoding(), Encoding::SortedListpack);
    add(&mut set, "c", 0.0, &limits);
    assert_eq!(set.encoding(), Encoding::SortedTree);
    set.check().unwrap();
    assert!(set.remove(b"c"));
    assert_eq!(set.encoding(), Encoding::SortedTree);
    set.compact(&limits);
    assert_eq!(set.encoding(), Encoding::SortedListpack);
    assert_eq!(all(&set), [("b".into(), 2.0), ("a".into(), 3.0)]);

    let mut set = filled(&[("12345678", 1.0)], &limits);
    assert_eq!(set.encoding(), Encoding::SortedListpack);
    add(&mut set, "123456789", 1.0, &limits);
    assert_eq!(set.encoding(), Encoding::SortedTree);
    set.compact(&limits);
    assert_eq!(set.encoding(), Encoding::SortedTree);

    assert_eq!(
        SortedSet::new(3, 1, &limits).encoding(),
        Encoding::SortedTree
    );
    assert_eq!(
        SortedSet::new(1, 9, &limits).encoding(),
        Encoding::SortedTree
    );
    let mut set = filled(&[("a", 1.0)], &limits);
    set.expect(2, &limits);
    assert_eq!(set.encoding(), Encoding::SortedListpack);
    set.expect(3, &limits);
    assert_eq!(set.encoding(), Encoding::SortedTree);
}

#[test]
fn rules_say_what_an_addition_does() {
    let nx = Rule {
        only_new: true,
        ..Rule::default()
    };
    let xx = Rule {
        only_existing: true,
        ..Rule::default()
    };
    let gt = Rule {
        only_greater: true,
        ..Rule::default()
    };
    let lt = Rule {
        only_less: true,
        ..Rule::default()
    };
    let incr = Rule {
        increment: true,
        ..Rule::default()
    };
    for entries in [128, 0] {
        let limits = limits(entries);
        let mut set = filled(&[("a", 1.0), ("i", f64::INFINITY)], &limits);
        let mut add = |member: &str, score, rule: &Rule| {
            let added = set.add(member.as_bytes(), score, rule, &limits);
            set.check().unwrap();
            added
        };
        assert_eq!(add("a", 5.0, &nx), Ok(Added::Nothing));
        assert_eq!(add("b", 5.0, &nx), Ok(Added::New(5.0)));
        assert_eq!(add("c", 5.0, &xx), Ok(Added::Nothing));
        assert_eq!(add("b", 5.0, &xx), Ok(Added::Same(5.0)));
        assert_eq!(add("b", 6.0, &xx), Ok(Added::Changed(6.0)));
        assert_eq!(add("b", 6.0, &gt), Ok(Added::Nothing));
        assert_eq!(add("b", 7.0, &gt), Ok(Added::Changed(7.0)));
        assert_eq!(add("b", 8.0, &lt), Ok(Added::Nothing));
        assert_eq!(add("b", -1.5, &lt), Ok(Added::Changed(-1.5)));
        assert_eq!(add("d", 1.0, &lt), Ok(Added::New(1.0)));
        assert_eq!(add("b", 0.5, &incr), Ok(Added::Changed(-1.0)));
        assert_eq!(add("e", 0.5, &incr), Ok(Added::New(0.5)));
        assert_eq!(add("i", f64::NEG_INFINITY, &incr), Err(NotANumber));
        assert_eq!(add("b", -0.0, &incr), Ok(Added::Same(-1.0)));
    }
}

#[test]
fn a_member_takes_the_bytes_the_drawing_says() {
    let limits = limits(0);
    let mut set = SortedSet::new(0, 0, &limits);
    let count = 20_000;
    for i in 0..count {
        add(&mut set, &format!("member:{i:010}"), f64::from(i), &limits);
    }
    let exact = set.memory_bytes(0);
    assert_eq!(exact, set.memory_bytes(5));
    let each = exact as f64 / f64::from(count);
    assert!(each < 26.0 + 10.5 + 17.5, "{each} bytes a member");
}

#[test]
fn thousands_of_members_move_about() {
    let limits = limits(0);
    let mut set = SortedSet::new(0, 0, &limits);
    let mut prng = crate::bytes::prng::Prng::new(3);
    for round in 0..4 {
        for _ in 0..10_000 {
            // Scores of every kind of neighbourhood: few, many and all different.
            let score = prng.below(10u64.pow(2 * round)) as f64;
            let member = format!("{}", prng.below(8000));
            add(&mut set, &member, score, &limits);
            if prng.below(4) == 0 {
                set.remove(format!("{}", prng.below(8000)).as_bytes());
            }
        }
        set.check().unwrap();
        set.pop(End::Max, 500, |_| ());
        set.remove_ranks(1000..2500);
        set.check().unwrap();
    }
    assert!(set.len() > 2000);
}

#[test]
fn big_sets_are_freed_in_slices() {
    let limits = limits(0);
    let mut set = SortedSet::new(0, 0, &limits);
    for i in 0..5000 {
        add(&mut set, &format!("{i}"), f64::from(i), &limits);
    }
    assert_eq!(set.free_cost(), 5000);
    let mut slices = 1;
    while !set.free_slice(100) {
        slices += 1;
    }
    assert!(slices > 50, "{slices}");
}

#[test]
fn parts_make_the_set_again() {
    for entries in [128, 0] {
        let set = filled(&[("a", 1.0), ("b", 2.0)], &limits(entries));
        let kept = set.into_kept();
        #[allow(unsafe_code, reason = "the contract under test")]
        // SAFETY: it comes from the line before.
        let set = unsafe { SortedSet::from_kept(kept) };
        assert_eq!(all(&set), [("a".into(), 1.0), ("b".into(), 2.0)]);
    }
}

#[test]
fn a_scan_gives_everything_once() {
    let limits = limits(10);
    let mut set = SortedSet::new(0, 0, &limits);
    for i in 0..1000 {
        add(&mut set, &format!("{i}"), f64::from(i % 7), &limits);
        let (mut seen, mut cursor) = (BTreeSet::new(), 0);
        if i > 20 && i % 100 != 0 {
            continue;
        }
        loop {
            cursor = set.scan(cursor, 10, |pair| {
                let (member, score) = owned(pair);
                assert_eq!(score, f64::from(member.parse::<i32>().unwrap() % 7));
                assert!(seen.insert(member));
            });
            if cursor == 0 {
                break;
            }
        }
        assert_eq!(seen.len(), i as usize + 1);
    }
}

/// The naive twin: a map, sorted when it is asked.
#[derive(Default)]
struct Twin(BTreeMap<String, f64>);

impl Twin {
    fn sorted(&self) -> Vec<(String, f64)> {
        let mut all: Vec<_> = self.0.clone().into_iter().collect();
        all.sort_by(|a, b| a.1.partial_cmp(&b.1).unwrap().then(a.0.cmp(&b.0)));
        all
    }

    fn add(&mut self, member: &str, score: f64, rule: &Rule) -> Result<Added, NotANumber> {
        let Some(&current) = self.0.get(member) else {
            if rule.only_existing {
                return Ok(Added::Nothing);
            }
            self.0.insert(member.into(), score);
            return Ok(Added::New(score));
        };
        if rule.only_new {
            return Ok(Added::Nothing);
        }
        let score = if rule.increment {
            score + current
        } else {
            score
        };
        if score.is_nan() {
            return Err(NotANumber);
        }
        if rule.only_greater && score <= current || rule.only_less && score >= current {
            return Ok(Added::Nothing);
        }
        if score == current {
            return Ok(Added::Same(score));
        }
        self.0.insert(member.into(), score);
        Ok(Added::Changed(score))
    }
}

#[derive(Clone, Debug)]
enum Step {
    Add(u8, f64, u8),
    Remove(u8),
    PopMin(usize),
    PopMax(usize),
    RemoveRanks(usize, usize),
    Compact,
    Duplicate,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        12 => (any::<u8>(), score(), any::<u8>()).prop_map(|(m, s, r)| Step::Add(m, s, r)),
        3 => any::<u8>().prop_map(Step::Remove),
        1 => (0usize..4).prop_map(Step::PopMin),
        1 => (0usize..4).prop_map(Step::PopMax),
        1 => (0usize..100, 0usize..6).prop_map(|(start, count)| Step::RemoveRanks(start, count)),
        1 => Just(Step::Compact),
        1 => Just(Step::Duplicate),
    ]
}

/// Few different scores, so that many are equal; some extremes.
fn score() -> impl Strategy<Value = f64> {
    prop_oneof![
        6 => (-3i32..4).prop_map(f64::from),
        2 => (-8i32..8).prop_map(|n| f64::from(n) / 4.0),
        1 => prop_oneof![
            Just(f64::INFINITY), Just(f64::NEG_INFINITY), Just(1e300), Just(-0.0), Just(5e18),
        ],
    ]
}

fn bound() -> impl Strategy<Value = Bound<f64>> {
    prop_oneof![
        score().prop_map(Bound::Included),
        score().prop_map(Bound::Excluded),
        Just(Bound::Unbounded),
    ]
}

fn name(member: u8) -> String {
    // Some look like numbers, some are too long for a listpack, one is empty.
    match member {
        0 => String::new(),
        1..5 => format!("a-long-member:{member}"),
        5..120 => format!("{member}"),
        _ => format!("m{member}"),
    }
}

fn rule(bits: u8) -> Rule {
    match bits % 8 {
        0 => Rule {
            only_new: true,
            ..Rule::default()
        },
        1 => Rule {
            only_existing: true,
            ..Rule::default()
        },
        2 => Rule {
            only_greater: true,
            only_existing: bits >= 128,
            ..Rule::default()
        },
        3 => Rule {
            only_less: true,
            increment: bits >= 128,
            ..Rule::default()
        },
        4 => Rule {
            increment: true,
            ..Rule::default()
        },
        _ => Rule::default(),
    }
}

fn run(set: &mut SortedSet, twin: &mut Twin, step: &Step, limits: &EncodingLimits) {
    let mut out = Vec::new();
    match *step {
        Step::Add(member, score, bits) => {
            let (name, rule) = (name(member), rule(bits));
            assert_eq!(
                set.add(name.as_bytes(), score, &rule, limits),
                twin.add(&name, score, &rule)
            );
        }
        Step::Remove(member) => {
            let name = name(member);
            assert_eq!(set.remove(name.as_bytes()), twin.0.remove(&name).is_some());
        }
        Step::PopMin(count) => {
            set.pop(End::Min, count, |pair| out.push(owned(pair)));
            let expected: Vec<_> = twin.sorted().into_iter().take(count).collect();
            assert_eq!(out, expected);
        }
        Step::PopMax(count) => {
            set.pop(End::Max, count, |pair| out.push(owned(pair)));
            let expected: Vec<_> = twin.sorted().into_iter().rev().take(count).collect();
            assert_eq!(out, expected);
        }
        Step::RemoveRanks(start, count) => {
            let start = start.min(set.len());
            let ranks = start..(start + count).min(set.len());
            out = twin.sorted()[ranks.clone()].to_vec();
            set.remove_ranks(ranks);
        }
        Step::Compact => set.compact(limits),
        Step::Duplicate => *set = set.duplicate(),
    }
    for (member, _) in out {
        twin.0.remove(&member);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn behaves_as_a_sorted_map(
        steps in proptest::collection::vec(step(), 1..400),
        entries in prop_oneof![Just(0usize), Just(12), Just(1000)],
    ) {
        let limits = limits(entries);
        let (mut set, mut twin) = (SortedSet::new(0, 0, &limits), Twin::default());
        for step in &steps {
            run(&mut set, &mut twin, step, &limits);
            prop_assert_eq!(set.check(), Ok(()));
            prop_assert_eq!(set.len(), twin.0.len());
        }
        let sorted = twin.sorted();
        prop_assert_eq!(all(&set), sorted.clone());
        let len = sorted.len();
        for (rank, (member, score)) in sorted.iter().enumerate() {
            prop_assert_eq!(set.rank(member.as_bytes()), Some((rank, *score)));
            prop_assert_eq!(set.score(member.as_bytes()), Some(*score));
            let down: Vec<_> = sorted[..=rank].iter().rev().cloned().collect();
            prop_assert_eq!(pairs(set.iter_rev_from(rank)), down);
            prop_assert_eq!(pairs(set.range(rank..len, false)), sorted[rank..].to_vec());
        }
        prop_assert_eq!(set.iter_rev_from(len).count(), 0);
        prop_assert_eq!(set.iter_from(len).count(), 0);
        prop_assert_eq!(set.rank(b"not there"), None);
    }

    #[test]
    fn ranges_are_what_their_bounds_say(
        scores in proptest::collection::vec(score(), 0..60),
        min in bound(),
        max in bound(),
        lex in any::<[u8; 2]>(),
        exclusive in any::<[bool; 2]>(),
    ) {
        let range = ScoreRange { min, max };
        let names = lex.map(name);
        let lex_bound = |at: usize| match exclusive[at] {
            _ if lex[at] > 250 => LexBound::Greatest,
            _ if lex[at] > 245 => LexBound::Least,
            true => LexBound::Excluded(names[at].as_bytes()),
            false => LexBound::Included(names[at].as_bytes()),
        };
        let lex_range = LexRange { min: lex_bound(0), max: lex_bound(1) };
        for entries in [0, 1000] {
            let limits = limits(entries);
            let mut by_score = SortedSet::new(0, 0, &limits);
            let mut by_name = SortedSet::new(0, 0, &limits);
            for (at, score) in scores.iter().enumerate() {
                add(&mut by_score, &format!("{at}"), *score, &limits);
                add(&mut by_name, &name(at as u8 * 4), 0.0, &limits);
            }
            let found = pairs(by_score.range(by_score.ranks_by_score(&range), false));
            let inside = |score: f64| {
                !range.starts_after(score) && !range.ends_before(score)
            };
            let expected: Vec<_> = all(&by_score).into_iter().filter(|p| inside(p.1)).collect();
            prop_assert_eq!(found, expected);
            let found = pairs(by_name.range(by_name.ranks_by_lex(&lex_range), true));
            let inside = |member: &str| {
                !lex_range.starts_after(member.as_bytes())
                    && !lex_range.ends_before(member.as_bytes())
            };
            let mut expected: Vec<_> =
                all(&by_name).into_iter().filter(|p| inside(&p.0)).collect();
            expected.reverse();
            prop_assert_eq!(found, expected);
        }
    }
}
