//! The expiry index: a database's volatile keys in time order, so that a key leaves when its time comes.
//!
//! An item is the time and the key's hash, not its address: entries may move. Two keys with the same time and
//! hash share an item, which then counts twice; the expiry loop looks at every key of that hash.

use alloc::collections::BTreeMap;

/// Volatile keys by time. Times are Unix milliseconds.
#[derive(Debug, Default)]
pub(super) struct ExpiryIndex {
    items: BTreeMap<(u64, u64), u32>,
    len: usize,
}

impl ExpiryIndex {
    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn insert(&mut self, when: u64, hash: u64) {
        *self.items.entry((when, hash)).or_default() += 1;
        self.len += 1;
    }

    pub(super) fn remove(&mut self, when: u64, hash: u64) {
        if let Some(count) = self.items.get_mut(&(when, hash)) {
            *count -= 1;
            if *count == 0 {
                self.items.remove(&(when, hash));
            }
            self.len -= 1;
        }
    }

    /// The key that expires first: its time and hash.
    pub(super) fn first(&self) -> Option<(u64, u64)> {
        self.items.first_key_value().map(|(&item, _)| item)
    }

    /// Frees up to `budget` items; `true` when none is left.
    pub(super) fn clear_slice(&mut self, budget: usize) -> bool {
        for _ in 0..budget {
            if self.items.pop_first().is_none() {
                return true;
            }
        }
        self.items.is_empty()
    }
}
