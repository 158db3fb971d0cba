//! Sorted sets that are made as the result of a command. Members that come in order become one at once; others are
//! collected with scores that may change until the end, and put in order only then.

use super::big::Big;
use super::member::Member;
use super::{Repr, Scored, SortedSet, small};
use crate::bytes::hash::Hasher;
use crate::structure::pack::Pack;
use crate::structure::table::Table;
use crate::value::EncodingLimits;
use alloc::boxed::Box;
use core::mem;

/// Members with their scores, in no order yet.
pub struct Collection {
    members: Table<Member>,
}

impl Collection {
    /// An empty one.
    pub fn new(hasher: Hasher) -> Self {
        Collection {
            members: Table::new(hasher),
        }
    }

    /// Whether there is no member.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// Adds a member that is not there. `score` must not be NaN.
    pub fn push(&mut self, member: &[u8], score: f64) {
        let hash = self.hash(member);
        debug_assert!(!score.is_nan() && !self.members.contains(hash, member));
        self.members.insert_new(hash, Member::new(member, score));
    }

    /// Adds a member; `false` if it is there already. `score` must not be NaN.
    pub fn add(&mut self, member: &[u8], score: f64) -> bool {
        let hash = self.hash(member);
        debug_assert!(!score.is_nan());
        let is_new = !self.members.contains(hash, member);
        if is_new {
            self.members.insert_new(hash, Member::new(member, score));
        }
        is_new
    }

    /// Adds a member, or gives the one that is there the score that `join` makes of its own and this one. Neither `score`
    /// nor what `join` makes may be NaN.
    pub fn join(&mut self, member: &[u8], score: f64, join: impl FnOnce(f64, f64) -> f64) {
        let hash = self.hash(member);
        if let Some(mut found) = self.members.find_mut(hash, member) {
            let joined = join(found.score(), score);
            debug_assert!(!joined.is_nan());
            found.set_score(joined);
            return;
        }
        self.members.insert_new(hash, Member::new(member, score));
    }

    /// Takes a member out, if it is there.
    pub fn remove(&mut self, member: &[u8]) {
        self.members.remove(self.hash(member), member);
    }

    /// The sorted set of these members, in the big encoding ([`SortedSet::compact`] may make it a small one).
    pub fn into_set(self) -> SortedSet {
        SortedSet::of(Repr::Big(Box::new(Big::from_members(self.members))))
    }

    #[inline(always)]
    fn hash(&self, member: &[u8]) -> u64 {
        self.members.hasher().hash(member)
    }
}

impl SortedSet {
    /// The set of the `count` members that `walk` gives in ascending order, in the small encoding; `None` when the
    /// thresholds do not allow it.
    pub fn small_from_ascending<'a, I: Iterator<Item = Scored<'a>>>(
        walk: impl Fn() -> I,
        count: usize,
        limits: &EncodingLimits,
    ) -> Option<Self> {
        let pairs = small::collect(walk, count, limits)?;
        Some(SortedSet::of(Repr::Small(pairs)))
    }

    /// The set of the `count` members that `walk` gives in ascending order, in the encoding that suits them.
    pub fn from_ascending<'a, I: Iterator<Item = Scored<'a>>>(
        walk: impl Fn() -> I,
        count: usize,
        limits: &EncodingLimits,
    ) -> Self {
        let small = Self::small_from_ascending(&walk, count, limits);
        small.unwrap_or_else(|| {
            let mut big = Box::new(Big::new(limits.hasher));
            for pair in walk() {
                big.push(pair.member.text(&mut Default::default()), pair.score());
            }
            SortedSet::of(Repr::Big(big))
        })
    }

    /// Goes back to the small encoding if the thresholds allow it, as Redis does with the results that it stores.
    pub fn compact(&mut self, limits: &EncodingLimits) {
        let Repr::Big(big) = &self.repr else {
            return;
        };
        let walk = || {
            big.iter_from(0)
                .map(|(member, score)| Scored::new(member, score))
        };
        let Some(mut pairs) = small::collect(walk, big.len(), limits) else {
            return;
        };
        if let Some(husk) = self.husk.take() {
            let own = mem::replace(&mut pairs, Pack::from_husk(husk));
            pairs.refill(&own);
        }
        self.repr = Repr::Small(pairs);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::structure::listpack::Element;
    use crate::value::Encoding;
    use std::format;
    use std::string::String;
    use std::vec::Vec;

    fn pairs(set: &SortedSet) -> Vec<(Vec<u8>, f64)> {
        set.iter_from(0)
            .map(|pair| (pair.member.to_vec(), pair.score()))
            .collect()
    }

    #[test]
    fn collected_members_are_put_in_order() {
        let limits = EncodingLimits::new(Hasher::new(5));
        for count in [0, 1, 128, 129, 3000] {
            let mut collection = Collection::new(limits.hasher);
            for i in 0..count {
                collection.push(format!("m{i}").as_bytes(), f64::from(i * 7 % 100));
            }
            for i in 0..count {
                collection.join(format!("m{i}").as_bytes(), 0.5, |a, b| a + b);
            }
            collection.join(b"new", -1.0, |a, _| a);
            collection.remove(b"none");
            collection.remove(b"m0");
            assert!(!collection.is_empty());
            let mut set = collection.into_set();
            set.check().unwrap();
            let big = pairs(&set);
            assert_eq!(big.len(), (count as usize).max(1));
            assert!(big.windows(2).all(|two| two[0].1 <= two[1].1));
            assert_eq!(set.encoding(), Encoding::SortedTree);
            set.compact(&limits);
            set.check().unwrap();
            assert_eq!(set.encoding() == Encoding::SortedListpack, count <= 128);
            assert_eq!(pairs(&set), big);
        }
    }

    #[test]
    fn members_in_order_become_a_set_of_the_right_encoding() {
        let limits = EncodingLimits::new(Hasher::new(5));
        for (count, len, encoding) in [
            (0, 1, Encoding::SortedListpack),
            (128, 64, Encoding::SortedListpack),
            (129, 3, Encoding::SortedTree),
            (5, 65, Encoding::SortedTree),
        ] {
            let members: Vec<String> = (0..count).map(|i| format!("{i:0len$}")).collect();
            let walk = || {
                let members = members.iter();
                members.map(|member| Scored::with(Element::Bytes(member.as_bytes()), 2.5))
            };
            let set = SortedSet::from_ascending(walk, count, &limits);
            set.check().unwrap();
            assert_eq!((set.len(), set.encoding()), (count, encoding));
            let small = SortedSet::small_from_ascending(walk, count, &limits);
            assert_eq!(small.is_some(), encoding == Encoding::SortedListpack);
        }
    }
}
