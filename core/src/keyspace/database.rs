//! One database: its keys and their expiry index. Knows nothing of clients, statistics or the log.

use super::entry::{DetachedValue, Entry};
use super::expiry::ExpiryIndex;
use crate::bytes::hash::Hasher;
use crate::bytes::prng::Prng;
use crate::structure::table::{ItemMut, ItemRef, Table};
use alloc::vec::Vec;

/// A key as it was asked for, with its hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key<'a> {
    /// The key.
    pub bytes: &'a [u8],
    /// Its hash under the keyspace's hasher.
    pub hash: u64,
}

/// Keys that are taken out at once when their time has come.
pub(super) const DUE_AT_ONCE: usize = 16;
/// Entries of such keys.
pub(super) type Due = heapless::Vec<Entry, DUE_AT_ONCE>;

pub(super) struct Database {
    pub(super) table: Table<Entry>,
    pub(super) expiries: ExpiryIndex,
}

impl Database {
    pub(super) fn new(hasher: Hasher) -> Self {
        Database {
            table: Table::new(hasher),
            expiries: ExpiryIndex::new(),
        }
    }

    /// Whether there is nothing here to free.
    pub(super) fn is_untouched(&self) -> bool {
        self.table.is_empty() && self.expiries.len() == 0
    }

    #[inline(always)]
    pub(super) fn find(&self, key: &Key<'_>) -> Option<ItemRef<'_, Entry>> {
        self.table.find(key.hash, key.bytes)
    }

    #[inline(always)]
    pub(super) fn find_mut(&mut self, key: &Key<'_>) -> Option<ItemMut<'_, Entry>> {
        self.table.find_mut(key.hash, key.bytes)
    }

    /// Adds an entry whose key is not there.
    pub(super) fn insert_new(&mut self, key: &Key<'_>, entry: Entry) {
        if let Some(when) = entry.expiry() {
            self.expiries.insert(when, key.hash);
        }
        self.table.insert_new(key.hash, entry);
    }

    pub(super) fn remove(&mut self, key: &Key<'_>) -> Option<Entry> {
        let entry = self.table.remove(key.hash, key.bytes)?;
        if let Some(when) = entry.expiry() {
            self.expiries.remove(when, key.hash);
        }
        Some(entry)
    }

    /// Takes the first keys of the expiry index whose time is at most `now_ms` out, in order of time, and hands each to
    /// `taken` with its time; at most [`DUE_AT_ONCE`] of them. How many there were.
    pub(super) fn take_due(&mut self, now_ms: u64, most: usize, taken: &mut Due) -> usize {
        let mut items = [(0, 0); DUE_AT_ONCE];
        let count = self
            .expiries
            .copy_due(now_ms, &mut items[..most.min(DUE_AT_ONCE)]);
        let items = &items[..count];
        // The cache misses of all of them overlap.
        for &(_, hash) in items {
            self.table.prefetch_bucket(hash);
        }
        for &(_, hash) in items {
            self.table.prefetch_item(hash);
        }
        self.expiries.remove_first(count);
        for &(when_ms, hash) in items {
            // Behind an item that two keys shared no key stands any more when both are gone.
            let entry = self
                .table
                .take_by_hash(hash, |entry| entry.expiry() == Some(when_ms));
            if let Some(entry) = entry {
                let _fits = taken.push(entry);
            }
        }
        count
    }

    /// The key in the expiry index with this time and hash.
    pub(super) fn find_expiring(&self, when_ms: u64, hash: u64) -> Option<ItemRef<'_, Entry>> {
        self.table
            .find_by_hash(hash, |entry| entry.expiry() == Some(when_ms))
    }

    /// Takes the key in the expiry index with this time and hash out. An item behind which no key stands (two keys may
    /// share one) is gone as well.
    pub(super) fn take_expiring(&mut self, when_ms: u64, hash: u64) -> Option<Entry> {
        self.expiries.remove(when_ms, hash);
        self.table
            .take_by_hash(hash, |entry| entry.expiry() == Some(when_ms))
    }

    /// Takes the entry with this hash for which `wanted` holds out.
    pub(super) fn take_by_hash(
        &mut self,
        hash: u64,
        wanted: impl Fn(&Entry) -> bool,
    ) -> Option<Entry> {
        let entry = self.table.take_by_hash(hash, wanted)?;
        if let Some(when) = entry.expiry() {
            self.expiries.remove(when, hash);
        }
        Some(entry)
    }

    /// Takes a fair random entry out.
    pub(super) fn take_random(&mut self, prng: &mut Prng) -> Option<Entry> {
        let entry = self.table.take_random(prng)?;
        if let Some(when) = entry.expiry() {
            let hash = self.table.hasher().hash(entry.key());
            self.expiries.remove(when, hash);
        }
        Some(entry)
    }

    /// Changes a key's expiry; `false` when there is no such key.
    pub(super) fn set_expiry(&mut self, key: &Key<'_>, expiry: Option<u64>) -> bool {
        let Some(mut entry) = self.table.find_mut(key.hash, key.bytes) else {
            return false;
        };
        let old = entry.expiry();
        if old == expiry {
            return true;
        }
        entry.set_expiry(expiry);
        if let Some(old) = old {
            self.expiries.remove(old, key.hash);
        }
        if let Some(new) = expiry {
            self.expiries.insert(new, key.hash);
        }
        true
    }

    /// Frees about `budget` entries; `true` when nothing is left. A bucket of the table goes at once, so values of
    /// more than one element are handed to `later` instead.
    pub(super) fn free_slice(&mut self, budget: usize, later: &mut Vec<DetachedValue>) -> bool {
        let take = |entry: Entry| {
            if entry.free_cost() > 1 {
                later.push(entry.into_value());
            }
        };
        self.table.drain_slice(budget, take) && self.expiries.clear_slice(budget)
    }
}
