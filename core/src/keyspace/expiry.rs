//! The expiry index: a database's volatile keys in time order, so that a key leaves when its time comes.
//!
//! An item is the time and the key's hash, not its address: entries may move. Should two keys share time and hash (64
//! bits, keyed), they share an item; the one that outlives it is removed when it is next met.

use crate::structure::order_tree::{OrderTree, Ordered};
use core::cmp::Ordering;

/// A volatile key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Item {
    /// Unix milliseconds.
    when_ms: u64,
    hash: u64,
}

impl Ordered for Item {
    fn order(&self, other: &Self) -> Ordering {
        (self.when_ms, self.hash).cmp(&(other.when_ms, other.hash))
    }
}

/// Volatile keys by time. Times are Unix milliseconds.
pub(super) struct ExpiryIndex {
    items: OrderTree<Item>,
    /// The time of the first item; `u64::MAX`: there is none.
    soonest_ms: u64,
    /// Two keys have shared an item, so one may be due that no item tells of.
    has_shared: bool,
}

impl ExpiryIndex {
    pub(super) fn new() -> Self {
        ExpiryIndex {
            items: OrderTree::new(),
            soonest_ms: u64::MAX,
            has_shared: false,
        }
    }

    /// Whether any key may be due. Keys leave when their time comes, so there is hardly ever one that is met before.
    #[inline(always)]
    pub(super) fn may_have_due(&self, now_ms: u64) -> bool {
        self.soonest_ms <= now_ms || self.has_shared
    }

    /// When the first key expires; `u64::MAX`: there is none.
    #[inline]
    pub(super) fn soonest_ms(&self) -> u64 {
        self.soonest_ms
    }

    fn look_at_first(&mut self) {
        self.soonest_ms = self.items.first().map_or(u64::MAX, |item| item.when_ms);
    }

    #[inline(always)]
    pub(super) fn len(&self) -> usize {
        self.items.len()
    }

    pub(super) fn insert(&mut self, when_ms: u64, hash: u64) {
        self.has_shared |= !self.items.insert(Item { when_ms, hash });
        self.soonest_ms = self.soonest_ms.min(when_ms);
    }

    pub(super) fn remove(&mut self, when_ms: u64, hash: u64) {
        self.items.remove(&Item { when_ms, hash });
        if when_ms <= self.soonest_ms {
            self.look_at_first();
        }
    }

    /// Fills `into` with the first keys, in order of time, up to those of `now_ms`; how many there were.
    pub(super) fn copy_due(&self, now_ms: u64, into: &mut [(u64, u64)]) -> usize {
        let due = self.items.iter_from(0);
        let due = due.take_while(|item| item.when_ms <= now_ms);
        let mut count = 0;
        for (place, item) in into.iter_mut().zip(due) {
            *place = (item.when_ms, item.hash);
            count += 1;
        }
        count
    }

    /// Removes the first `count` keys.
    pub(super) fn remove_first(&mut self, count: usize) {
        self.items.remove_range(0, count, |_| ());
        self.look_at_first();
    }

    /// The key at a rank in order of time: its time and hash.
    pub(super) fn get(&self, rank: usize) -> Option<(u64, u64)> {
        self.items.get(rank).map(|item| (item.when_ms, item.hash))
    }

    /// Frees up to `budget` items; `true` when none is left.
    pub(super) fn clear_slice(&mut self, budget: usize) -> bool {
        self.items.clear_slice(budget)
    }
}
