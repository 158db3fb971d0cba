//! Things that end at a time, in time order, so that each leaves when its time comes: a database's volatile keys, its
//! hashes with volatile fields, and the volatile fields of a big hash.
//!
//! An item is the time and the thing's hash, not its address: things may move. Should two share time and hash (64 bits,
//! keyed), they share an item; the one that outlives it is removed when it is next met.

use super::order_tree::{OrderTree, Ordered};
use core::cmp::Ordering;

/// Something that ends.
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

/// Hashes by time. Times are Unix milliseconds.
pub struct TimeIndex {
    items: OrderTree<Item>,
    /// The time of the first item; `u64::MAX`: there is none.
    soonest_ms: u64,
    /// Two things have shared an item, so one may be due that no item tells of.
    has_shared: bool,
}

impl TimeIndex {
    /// An empty one, which has not allocated anything.
    pub fn new() -> Self {
        TimeIndex {
            items: OrderTree::new(),
            soonest_ms: u64::MAX,
            has_shared: false,
        }
    }

    /// Nothing is due before this time; `u64::MAX`: there is nothing. Things leave when their time comes, so there is
    /// hardly ever one that is met before.
    #[inline(always)]
    pub fn due_from_ms(&self) -> u64 {
        if self.has_shared { 0 } else { self.soonest_ms }
    }

    /// When the first item is due; `u64::MAX`: there is none.
    #[inline]
    pub fn soonest_ms(&self) -> u64 {
        self.soonest_ms
    }

    fn look_at_first(&mut self) {
        self.soonest_ms = self.items.first().map_or(u64::MAX, |item| item.when_ms);
    }

    /// How many items there are.
    #[inline(always)]
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether there is none.
    #[inline(always)]
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Adds an item.
    pub fn insert(&mut self, when_ms: u64, hash: u64) {
        self.has_shared |= !self.items.insert(Item { when_ms, hash });
        self.soonest_ms = self.soonest_ms.min(when_ms);
    }

    /// Removes an item, if it is there.
    pub fn remove(&mut self, when_ms: u64, hash: u64) {
        self.items.remove(&Item { when_ms, hash });
        if when_ms <= self.soonest_ms {
            self.look_at_first();
        }
    }

    /// The first item: its time and hash.
    pub fn first(&self) -> Option<(u64, u64)> {
        self.items.first().map(|item| (item.when_ms, item.hash))
    }

    /// How many items are due at `now_ms`. O(log n), and O(1) when there are none.
    #[inline]
    pub fn count_due(&self, now_ms: u64) -> usize {
        if self.soonest_ms > now_ms {
            return 0;
        }
        self.items.partition_point(|item| item.when_ms <= now_ms)
    }

    /// Fills `into` with the first items, in order of time, up to those of `now_ms`; how many there were.
    pub fn copy_due(&self, now_ms: u64, into: &mut [(u64, u64)]) -> usize {
        let due = self.items.iter_from(0);
        let due = due.take_while(|item| item.when_ms <= now_ms);
        let mut count = 0;
        for (place, item) in into.iter_mut().zip(due) {
            *place = (item.when_ms, item.hash);
            count += 1;
        }
        count
    }

    /// Removes the first `count` items.
    pub fn remove_first(&mut self, count: usize) {
        self.items.remove_range(0, count, |_| ());
        self.look_at_first();
    }

    /// The item at a rank in order of time: its time and hash.
    pub fn get(&self, rank: usize) -> Option<(u64, u64)> {
        self.items.get(rank).map(|item| (item.when_ms, item.hash))
    }

    /// Frees up to `budget` items; `true` when none is left.
    pub fn clear_slice(&mut self, budget: usize) -> bool {
        self.items.clear_slice(budget)
    }

    /// The bytes that the items take.
    pub fn memory_bytes(&self) -> usize {
        self.items.memory_bytes()
    }

    /// Verifies the invariants.
    ///
    /// # Panics
    /// When the tree's own do not hold.
    pub fn check(&self) -> Result<(), &'static str> {
        self.items.check();
        let first = self.items.first().map_or(u64::MAX, |item| item.when_ms);
        if first == self.soonest_ms {
            Ok(())
        } else {
            Err("a time index that does not know its first item")
        }
    }
}

impl Default for TimeIndex {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        #[test]
        fn behaves_as_a_set_of_times(
            steps in proptest::collection::vec((0u8..5, 1u64..50, 0u64..8), 1..200),
        ) {
            let mut index = TimeIndex::new();
            let mut twin = BTreeSet::new();
            for (step, when_ms, hash) in steps {
                match step {
                    0..=1 if twin.insert((when_ms, hash)) => index.insert(when_ms, hash),
                    2 => {
                        index.remove(when_ms, hash);
                        twin.remove(&(when_ms, hash));
                    }
                    3 => {
                        let mut due = [(0, 0); 3];
                        let count = index.copy_due(when_ms, &mut due);
                        let expected: std::vec::Vec<_> =
                            twin.iter().copied().filter(|item| item.0 <= when_ms).take(3).collect();
                        prop_assert_eq!(&due[..count], &expected[..]);
                        index.remove_first(count);
                        expected.iter().for_each(|item| { twin.remove(item); });
                    }
                    _ => {
                        let due = twin.iter().filter(|item| item.0 <= when_ms).count();
                        prop_assert_eq!(index.count_due(when_ms), due);
                    }
                }
                prop_assert_eq!(index.check(), Ok(()));
                prop_assert_eq!(index.len(), twin.len());
                prop_assert_eq!(index.first(), twin.first().copied());
                let from = twin.first().map_or(u64::MAX, |item| item.0);
                prop_assert_eq!(index.due_from_ms(), from);
            }
        }
    }
}
