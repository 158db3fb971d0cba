#![allow(unsafe_code, reason = "the order points to blocks that the table owns")]
//! The big encoding: a table finds members, a counted B+tree keeps their order.
//!
//! ```text
//!   table ---owns---> block [ score | length | member ]
//!                        ^
//!   tree  ---points------+   item [ score | pointer ]
//! ```
//!
//! Invariants, which [`Big::check`] verifies:
//! 1. Each block of the table has exactly one item in the tree, and each item's block is in the table.
//! 2. An item's score is the score in its block.
//!
//! The first one makes the pointers sound: a block is freed only after its item has left the tree (or, when everything
//! is freed, the tree compares nothing any more), and it never moves.

use super::member::{Member, Ranked};
use super::{Added, LexRange, NotANumber, Rule, ScoreRange, Verdict};
use crate::bytes::hash::Hasher;
use crate::structure::order_tree::{self, OrderTree, Ordered};
use crate::structure::table::Table;
use alloc::vec::Vec;
use core::marker::PhantomData;
use core::ops::Range;

/// A sorted set in a table and a tree.
pub(super) struct Big {
    members: Table<Member>,
    order: OrderTree<Ranked>,
}

impl Big {
    #[inline]
    pub(super) fn table(&self) -> &Table<Member> {
        &self.members
    }

    pub(super) fn new(hasher: Hasher) -> Self {
        Big {
            members: Table::new(hasher),
            order: OrderTree::new(),
        }
    }

    /// The members of a table, put in order. Sorting them first makes the tree grow at its end only, where an insertion
    /// costs least and leaves nodes fullest.
    pub(super) fn from_members(members: Table<Member>) -> Self {
        // SAFETY: the table keeps the blocks, as in `add`.
        let ranked = members
            .iter()
            .map(|member| unsafe { member.ranked(member.score()) });
        let mut ranked: Vec<Ranked> = ranked.collect();
        ranked.sort_unstable_by(Ranked::order);
        let mut order = OrderTree::new();
        for item in ranked {
            order.insert(item);
        }
        Big { members, order }
    }

    pub(super) fn len(&self) -> usize {
        self.members.len()
    }

    /// The score of a member.
    #[inline]
    pub(super) fn score(&self, bytes: &[u8]) -> Option<f64> {
        let found = self.members.find(self.hash(bytes), bytes)?;
        Some(found.score())
    }

    /// How many members come before this one, and its score.
    pub(super) fn rank(&self, bytes: &[u8]) -> Option<(usize, f64)> {
        let found = self.members.find(self.hash(bytes), bytes)?;
        let score = found.score();
        // SAFETY: the table, borrowed for the call, keeps the block.
        let item = unsafe { found.ranked(score) };
        Some((self.order.rank(&item)?, score))
    }

    /// Adds a member or changes its score, as the rule says. An existing member costs no allocation.
    pub(super) fn add(
        &mut self,
        bytes: &[u8],
        score: f64,
        rule: &Rule,
    ) -> Result<Added, NotANumber> {
        let hash = self.hash(bytes);
        let Some(mut found) = self.members.find_mut(hash, bytes) else {
            if rule.only_existing {
                return Ok(Added::Nothing);
            }
            self.insert_new(hash, bytes, score);
            return Ok(Added::New(score));
        };
        let current = found.score();
        match rule.judge(current, score)? {
            Verdict::Leave => Ok(Added::Nothing),
            Verdict::Same(score) => Ok(Added::Same(score)),
            Verdict::Change(score) => {
                found.set_score(score);
                // SAFETY: the table keeps the block until `remove` and its kin, which take the item out as well.
                let (old, new) = unsafe { (found.ranked(current), found.ranked(score)) };
                let replaced = self.order.replace(&old, new);
                debug_assert!(replaced, "invariant 1");
                Ok(Added::Changed(score))
            }
        }
    }

    /// Adds a member that is not there.
    pub(super) fn push(&mut self, bytes: &[u8], score: f64) {
        self.insert_new(self.hash(bytes), bytes, score);
    }

    fn insert_new(&mut self, hash: u64, bytes: &[u8], score: f64) {
        let member = Member::new(bytes, score);
        // SAFETY: the table gets the block in the next step and keeps it, as in `add`.
        self.order.insert(unsafe { member.ranked(score) });
        self.members.insert_new(hash, member);
    }

    /// Removes a member; `false` when it is not there.
    pub(super) fn remove(&mut self, bytes: &[u8]) -> bool {
        let Some(member) = self.members.remove(self.hash(bytes), bytes) else {
            return false;
        };
        // SAFETY: the block lives in `member` until the item has left the tree.
        let removed = self.order.remove(&unsafe { member.ranked(member.score()) });
        debug_assert!(removed, "invariant 1");
        true
    }

    /// Removes the first member and hands it out.
    pub(super) fn pop_first(&mut self, each: &mut dyn FnMut(&[u8], f64)) {
        if let Some(item) = self.order.pop_first() {
            self.forget(item, each);
        }
    }

    /// Removes the last member and hands it out.
    pub(super) fn pop_last(&mut self, each: &mut dyn FnMut(&[u8], f64)) {
        if let Some(item) = self.order.pop_last() {
            self.forget(item, each);
        }
    }

    /// Removes the members of these ranks.
    pub(super) fn remove_ranks(&mut self, ranks: Range<usize>) {
        let members = &mut self.members;
        let count = ranks.len();
        self.order.remove_range(ranks.start, count, |item| {
            forget_in(members, item, &mut |_, _| ());
        });
    }

    fn forget(&mut self, item: Ranked, each: &mut dyn FnMut(&[u8], f64)) {
        forget_in(&mut self.members, item, each);
    }

    /// The ranks of the members in a range of scores.
    pub(super) fn ranks_by_score(&self, range: &ScoreRange) -> Range<usize> {
        let start = self
            .order
            .partition_point(|i| range.starts_after(i.score()));
        let end = self
            .order
            .partition_point(|i| !range.ends_before(i.score()));
        start..end.max(start)
    }

    /// The ranks of the members in a range of members.
    pub(super) fn ranks_by_lex(&self, range: &LexRange<'_>) -> Range<usize> {
        // SAFETY: 1. an item in the tree has its block in the table; 2. the bytes are used within the call.
        let bytes = |item: &Ranked| unsafe { item.bytes() };
        let start = self.order.partition_point(|i| range.starts_after(bytes(i)));
        let end = self.order.partition_point(|i| !range.ends_before(bytes(i)));
        start..end.max(start)
    }

    /// The members from a rank on, ascending.
    pub(super) fn iter_from(&self, rank: usize) -> Ascending<'_> {
        Ascending {
            items: self.order.iter_from(rank),
            big: PhantomData,
        }
    }

    /// The members from a rank down, descending.
    pub(super) fn iter_rev_from(&self, rank: usize) -> Descending<'_> {
        Descending {
            items: self.order.iter_rev_from(rank),
            big: PhantomData,
        }
    }

    /// Walks the table; see [`Table::scan`].
    pub(super) fn scan(&self, cursor: u64, count: usize, mut each: impl FnMut(&[u8], f64)) -> u64 {
        self.members
            .scan(cursor, count, |member| each(member.bytes(), member.score()))
    }

    /// The same members in blocks of their own.
    pub(super) fn duplicate(&self) -> Big {
        let mut copy = Big::new(self.members.hasher());
        for (bytes, score) in self.iter_from(0) {
            copy.push(bytes, score);
        }
        copy
    }

    /// Frees about `budget` members; `true` when nothing is left. Nothing else may be done with the set afterwards.
    pub(super) fn free_slice(&mut self, budget: usize) -> bool {
        // The tree first, as long as its pointers lead somewhere; it only throws them away.
        self.order.clear_slice(budget) && self.members.clear_slice(budget)
    }

    /// Bytes allocated; the blocks are estimated from `samples` members (0: all are looked at).
    pub(super) fn memory_bytes(&self, samples: usize) -> usize {
        let len = self.len();
        let looked_at = if samples == 0 { len } else { samples.min(len) };
        let bytes: usize = self
            .iter_from(0)
            .take(looked_at)
            .map(|(member, _)| Member::block_bytes(member.len()))
            .sum();
        let blocks = bytes as u128 * len as u128 / looked_at.max(1) as u128;
        size_of::<Big>() + self.members.memory_bytes() + self.order.memory_bytes() + blocks as usize
    }

    #[inline(always)]
    fn hash(&self, bytes: &[u8]) -> u64 {
        self.members.hasher().hash(bytes)
    }

    /// Verifies the invariants, those of table and tree included.
    ///
    /// # Panics
    /// When the tree's own do not hold.
    pub(super) fn check(&self) -> Result<(), &'static str> {
        self.members.check()?;
        self.order.check();
        if self.members.len() != self.order.len() {
            return Err("table and tree differ in length");
        }
        for (rank, item) in self.order.iter_from(0).enumerate() {
            // SAFETY: should the invariant be broken, tests with an address sanitizer tell.
            let bytes = unsafe { item.bytes() };
            let Some(member) = self.members.find(self.hash(bytes), bytes) else {
                return Err("an item without its block in the table");
            };
            if member.bytes().as_ptr() != bytes.as_ptr() || member.score() != item.score() {
                return Err("an item that differs from its block");
            }
            if self.rank(bytes) != Some((rank, item.score())) {
                return Err("an item with a wrong rank");
            }
        }
        Ok(())
    }
}

/// Frees the block of an item that has left the tree, and hands its contents out before.
fn forget_in(members: &mut Table<Member>, item: Ranked, each: &mut dyn FnMut(&[u8], f64)) {
    // SAFETY: the block is in the table still, and the bytes are not used once `gone` is dropped.
    let bytes = unsafe { item.bytes() };
    each(bytes, item.score());
    let hash = members.hasher().hash(bytes);
    let gone = members.remove(hash, bytes);
    debug_assert!(gone.is_some(), "invariant 1");
}

/// The members from a rank on.
pub(super) struct Ascending<'a> {
    items: order_tree::Iter<'a, Ranked>,
    big: PhantomData<&'a Big>,
}

/// The members from a rank down.
pub(super) struct Descending<'a> {
    items: order_tree::RevIter<'a, Ranked>,
    big: PhantomData<&'a Big>,
}

impl<'a> Iterator for Ascending<'a> {
    type Item = (&'a [u8], f64);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let item = self.items.next()?;
        // SAFETY: the set is borrowed for 'a, so the block stays in its table as long.
        Some((unsafe { item.bytes() }, item.score()))
    }
}

impl<'a> Iterator for Descending<'a> {
    type Item = (&'a [u8], f64);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let item = self.items.next()?;
        // SAFETY: as in `Ascending`.
        Some((unsafe { item.bytes() }, item.score()))
    }
}
