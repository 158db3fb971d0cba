//! Sorted sets that are made as the result of a command: members are collected with scores that may change until
//! the end, and put in order only then, all at once.

use super::big::Big;
use super::member::Member;
use super::{Repr, SortedSet};
use crate::bytes::hash::Hasher;
use crate::structure::table::Table;
use alloc::boxed::Box;

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
