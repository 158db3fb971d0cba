//! Collections that grow, shrink and change their encoding while they are on loan, among keys that must survive it.

use super::*;
use crate::bytes::hash::Hasher;
use crate::structure::table::Table;
use crate::value::sorted_set::Rule;
use crate::value::{EncodingLimits, Hash, Set, SortedSet};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::string::{String, ToString};
use std::vec::Vec;
use std::{format, vec};

fn limits() -> EncodingLimits {
    EncodingLimits {
        hash_max_listpack_entries: 12,
        set_max_listpack_entries: 12,
        set_max_intset_entries: 6,
        zset_max_listpack_entries: 12,
        ..EncodingLimits::new(Hasher::new(3))
    }
}

/// Entries in a table, as in the keyspace.
struct Keys(Table<Entry>);

impl Keys {
    fn with<T: Stored>(keys: &[Vec<u8>], new: impl Fn() -> T) -> Keys {
        let mut table = Table::new(Hasher::new(1));
        for key in keys {
            let hash = table.hasher().hash(key);
            table.insert_new(hash, Entry::with_value(key, new(), None));
        }
        Keys(table)
    }

    fn entry(&mut self, key: &[u8]) -> ItemMut<'_, Entry> {
        let hash = self.0.hasher().hash(key);
        self.0.find_mut(hash, key).unwrap()
    }

    fn lend<T: Stored>(&mut self, key: &[u8]) -> ValueMut<'_, T> {
        self.entry(key).into_value_mut().unwrap()
    }
}

/// Short, long and longest of the short ones.
fn keys() -> Vec<Vec<u8>> {
    [0, 3, 255, 256]
        .map(|len| vec![b'k'; len])
        .into_iter()
        .collect()
}

/// Expiry and clock change in between, and stay what they are through loans.
fn disturb(entry: &mut Entry, step: usize) -> (Option<u64>, u32) {
    entry.set_clock(step as u32);
    entry.set_expiry((!step.is_multiple_of(3)).then_some(step as u64));
    (entry.expiry(), entry.clock())
}

/// Which key, how many of the changes below in one loan, and these: whether something is added, what, and with what.
type Loan = (usize, Vec<(bool, u8, u16)>);

fn loans() -> impl Strategy<Value = Vec<Loan>> {
    let change = (prop::bool::weighted(0.6), 0u8..24, any::<u16>());
    prop::collection::vec((0usize..4, prop::collection::vec(change, 0..16)), 1..30)
}

fn text(number: u16) -> String {
    // Up to 65 bytes, so that a few of them need a wide length.
    format!("{number}{}", "x".repeat(usize::from(number % 60)))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn hashes_on_loan(loans in loans()) {
        let limits = limits();
        let keys = keys();
        let mut table = Keys::with(&keys, Hash::new);
        let mut twins = vec![BTreeMap::<Vec<u8>, String>::new(); keys.len()];
        for (step, (at, changes)) in loans.into_iter().enumerate() {
            let marks = disturb(&mut table.entry(&keys[at]), step);
            let mut hash = table.lend::<Hash>(&keys[at]);
            for (add, field, value) in changes {
                let field = format!("f{field}").into_bytes();
                if add {
                    let is_new = twins[at].insert(field.clone(), text(value)).is_none();
                    prop_assert_eq!(hash.set(&field, text(value).as_bytes(), &limits), is_new);
                } else {
                    prop_assert_eq!(hash.remove(&field), twins[at].remove(&field).is_some());
                }
            }
            drop(hash);
            prop_assert_eq!(table.0.check(), Ok(()));
            let entry = table.entry(&keys[at]);
            prop_assert_eq!((entry.expiry(), entry.clock()), marks);
            let copy = entry.duplicated(b"copy");
            for entry in [&*entry, &copy] {
                let hash = entry.value::<Hash>().unwrap();
                prop_assert_eq!(hash.check(), Ok(()));
                let mut pairs: Vec<_> = hash
                    .iter()
                    .map(|(field, value)| (field.to_vec(), String::from_utf8(value.to_vec()).unwrap()))
                    .collect();
                pairs.sort();
                prop_assert!(pairs.into_iter().eq(twins[at].clone()));
            }
        }
    }

    #[test]
    fn sets_on_loan(loans in loans()) {
        let limits = limits();
        let keys = keys();
        let mut table = Keys::with(&keys, || Set::for_members(b"1", 1, &limits));
        let mut twins = vec![BTreeMap::<Vec<u8>, ()>::new(); keys.len()];
        for (step, (at, changes)) in loans.into_iter().enumerate() {
            let marks = disturb(&mut table.entry(&keys[at]), step);
            let mut set = table.lend::<Set>(&keys[at]);
            for (add, member, kind) in changes {
                let member = match kind % 8 {
                    0 => text(kind),
                    _ => member.to_string(),
                }
                .into_bytes();
                if add {
                    let is_new = twins[at].insert(member.clone(), ()).is_none();
                    prop_assert_eq!(set.add(&member, &limits), is_new);
                } else {
                    prop_assert_eq!(set.remove(&member), twins[at].remove(&member).is_some());
                }
            }
            if set.len() % 4 == 3 {
                let stays = set.duplicate();
                let leaves = set.exchange(stays);
                prop_assert_eq!(leaves.check(), Ok(()));
                prop_assert_eq!(leaves.len(), set.len());
            }
            drop(set);
            prop_assert_eq!(table.0.check(), Ok(()));
            let entry = table.entry(&keys[at]);
            prop_assert_eq!((entry.expiry(), entry.clock()), marks);
            let set = entry.value::<Set>().unwrap();
            prop_assert_eq!(set.check(), Ok(()));
            let mut members: Vec<_> = set.iter().map(|member| member.to_vec()).collect();
            members.sort();
            prop_assert!(members.iter().eq(twins[at].keys()));
        }
    }

    #[test]
    fn sorted_sets_on_loan(loans in loans()) {
        let limits = limits();
        let keys = keys();
        let mut table = Keys::with(&keys, || SortedSet::new(1, 1, &limits));
        let mut twins = vec![BTreeMap::<Vec<u8>, f64>::new(); keys.len()];
        for (step, (at, changes)) in loans.into_iter().enumerate() {
            let marks = disturb(&mut table.entry(&keys[at]), step);
            let mut zset = table.lend::<SortedSet>(&keys[at]);
            let compacts = changes.len() % 2 == 0;
            for (add, member, score) in changes {
                let member = format!("member {member}").into_bytes();
                if add {
                    twins[at].insert(member.clone(), f64::from(score));
                    zset.add(&member, f64::from(score), &Rule::default(), &limits).unwrap();
                } else {
                    prop_assert_eq!(zset.remove(&member), twins[at].remove(&member).is_some());
                }
            }
            if compacts {
                zset.compact(&limits);
            }
            drop(zset);
            prop_assert_eq!(table.0.check(), Ok(()));
            let entry = table.entry(&keys[at]);
            prop_assert_eq!((entry.expiry(), entry.clock()), marks);
            let zset = entry.value::<SortedSet>().unwrap();
            prop_assert_eq!(zset.check(), Ok(()));
            let mut up: Vec<_> = zset.iter_from(0).map(|pair| (pair.member.to_vec(), pair.score())).collect();
            let down: Vec<_> = zset
                .iter_rev_from(zset.len().saturating_sub(1))
                .map(|pair| (pair.member.to_vec(), pair.score()))
                .collect();
            prop_assert!(down.iter().rev().eq(&up));
            up.sort_by(|a, b| a.partial_cmp(b).unwrap());
            prop_assert!(up.into_iter().eq(twins[at].clone()));
        }
    }
}

#[test]
fn a_value_of_another_type_is_not_lent() {
    let mut table = Keys::with(&[b"key".to_vec()], Hash::new);
    assert!(table.entry(b"key").value::<Set>().is_none());
    assert!(table.entry(b"key").into_value_mut::<SortedSet>().is_none());
    table.entry(b"key").set_string(b"text");
    assert!(table.entry(b"key").into_value_mut::<Hash>().is_none());
    table.0.check().unwrap();
}
