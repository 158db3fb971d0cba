//! One database: its keys and their expiry index. Knows nothing of clients, statistics or the log.
//!
//! Invariants, which [`Database::check`] verifies: the index of volatile keys has each of them under its expiry; the index
//! of hashes has each hash with a volatile field under the time that the hash has noted, which is that of the field that
//! leaves first.

use super::entry::{DetachedValue, Entry};
use super::laps::Laps;
use crate::bytes::hash::Hasher;
use crate::bytes::prng::Prng;
use crate::structure::table::{ItemMut, ItemRef, Table};
use crate::structure::time_index::TimeIndex;
use crate::value::Hash;
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
    /// The volatile keys, by expiry.
    pub(super) expiries: TimeIndex,
    /// The hashes with volatile fields, by the time of the field that leaves first.
    pub(super) hashes: TimeIndex,
    /// No key and no field is due before this time. 0 while the database is walked.
    due_from_ms: u64,
    /// From which position on a snapshot has not written the entries; [`NO_WALK`]: it has, or none is made.
    unwritten_from: u64,
    /// The part of a snapshot that this is.
    part: Option<usize>,
}

/// The position of no entry: they have 48 bits.
pub(super) const NO_WALK: u64 = u64::MAX;

impl Database {
    pub(super) fn new(hasher: Hasher) -> Self {
        Database {
            table: Table::new(hasher),
            expiries: TimeIndex::new(),
            hashes: TimeIndex::new(),
            due_from_ms: u64::MAX,
            unwritten_from: NO_WALK,
            part: None,
        }
    }

    /// No key and no field is due before this time. What is volatile leaves when its time comes, so there is hardly ever
    /// anything that is met before.
    #[inline(always)]
    pub(super) fn due_from_ms(&self) -> u64 {
        self.due_from_ms
    }

    /// The same when the database is walked.
    pub(super) fn truly_due_from_ms(&self) -> u64 {
        self.expiries.due_from_ms().min(self.hashes.due_from_ms())
    }

    /// Called after each change of an index.
    fn look_at_indexes(&mut self) {
        self.due_from_ms = match self.part {
            None => self.truly_due_from_ms(),
            Some(_) => 0,
        };
    }

    /// A snapshot begins, in which this is the part number `part`.
    pub(super) fn begin_walk(&mut self, part: usize) {
        (self.unwritten_from, self.part) = (0, Some(part));
        self.look_at_indexes();
    }

    /// The snapshot has written all entries before this position; [`NO_WALK`]: all.
    pub(super) fn walked_to(&mut self, position: u64) {
        self.unwritten_from = position;
    }

    /// The snapshot needs this database no more.
    pub(super) fn end_walk(&mut self) {
        (self.unwritten_from, self.part) = (NO_WALK, None);
        self.look_at_indexes();
    }

    /// From which position on a snapshot has not written the entries.
    pub(super) fn unwritten_from(&self) -> u64 {
        self.unwritten_from
    }

    /// The part of a snapshot that this is.
    pub(super) fn part(&self) -> Option<usize> {
        self.part
    }

    /// Whether the walk of a snapshot is to come to this hash.
    #[inline(always)]
    pub(super) fn is_unwritten(&self, hash: u64) -> bool {
        hash >> 16 >= self.unwritten_from
    }

    /// Takes an entry into the indexes.
    #[inline]
    fn index(&mut self, entry: &Entry, hash: u64) {
        if let Some(when_ms) = entry.expiry() {
            self.expiries.insert(when_ms, hash);
            self.look_at_indexes();
        }
        if entry.is_volatile_hash() {
            self.index_fields(entry, hash);
        }
    }

    #[cold]
    fn index_fields(&mut self, entry: &Entry, hash: u64) {
        if let Some(fields) = entry.value::<Hash>() {
            let when_ms = fields.soonest_ms();
            fields.set_indexed_ms(when_ms);
            if when_ms != u64::MAX {
                self.hashes.insert(when_ms, hash);
                self.look_at_indexes();
            }
        }
    }

    /// Takes an entry that has left the table out of the indexes.
    #[inline]
    fn forget(&mut self, entry: &Entry, hash: u64) {
        if let Some(when_ms) = entry.expiry() {
            self.expiries.remove(when_ms, hash);
            self.look_at_indexes();
        }
        if entry.is_volatile_hash() {
            self.forget_fields(entry, hash);
        }
    }

    #[cold]
    fn forget_fields(&mut self, entry: &Entry, hash: u64) {
        let indexed_ms = entry.value::<Hash>().map_or(u64::MAX, |v| v.indexed_ms());
        if indexed_ms != u64::MAX {
            self.hashes.remove(indexed_ms, hash);
            self.look_at_indexes();
        }
    }

    /// Notes when the first field of a hash leaves, after that may have changed.
    pub(super) fn settle_fields(&mut self, key: &Key<'_>) {
        let entry = self.table.find_mut(key.hash, key.bytes);
        let Some(mut fields) = entry.and_then(ItemMut::into_value_mut::<Hash>) else {
            return;
        };
        let (old_ms, new_ms) = (fields.indexed_ms(), fields.soonest_ms());
        fields.set_indexed_ms(new_ms);
        fields.settle();
        drop(fields);
        if old_ms == new_ms {
            return;
        }
        if old_ms != u64::MAX {
            self.hashes.remove(old_ms, key.hash);
        }
        if new_ms != u64::MAX {
            self.hashes.insert(new_ms, key.hash);
        }
        self.look_at_indexes();
    }

    /// Brings the hashes near whose fields leave first, `most` of them, as far as these are due. Their cache misses
    /// overlap.
    pub(super) fn prefetch_due_hashes(&self, now_ms: u64, most: usize) {
        let mut items = [(0, 0); DUE_AT_ONCE];
        let most = most.min(DUE_AT_ONCE);
        let count = self.hashes.copy_due(now_ms, &mut items[..most]);
        for &(_, hash) in &items[..count] {
            self.table.prefetch_bucket(hash);
        }
        for &(_, hash) in &items[..count] {
            self.table.prefetch_item(hash);
        }
    }

    /// The key of the hash whose field leaves first, if that is due. An item behind which no hash stands (two may share
    /// one) is gone then.
    pub(super) fn first_due_hash(&mut self, now_ms: u64) -> Option<Vec<u8>> {
        loop {
            let (when_ms, hash) = self.hashes.first().filter(|item| item.0 <= now_ms)?;
            let is_it = |entry: &Entry| {
                entry.is_volatile_hash()
                    && entry
                        .value::<Hash>()
                        .is_some_and(|v| v.indexed_ms() == when_ms)
            };
            if let Some(entry) = self.table.find_by_hash(hash, is_it) {
                return Some(entry.key().to_vec());
            }
            self.hashes.remove(when_ms, hash);
            self.look_at_indexes();
        }
    }

    /// Whether there is nothing here to free.
    pub(super) fn is_untouched(&self) -> bool {
        self.table.is_empty() && self.expiries.is_empty() && self.hashes.is_empty()
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
    pub(super) fn insert_new(&mut self, key: &Key<'_>, entry: Entry, laps: &mut Laps) {
        if self.is_unwritten(key.hash) {
            // It was not there when the snapshot began.
            entry.set_stamp(true);
        }
        self.index(&entry, key.hash);
        let grow_table = |grow: &mut dyn FnMut()| laps.grow_table(grow);
        self.table.insert_new_with(key.hash, entry, grow_table);
    }

    /// Adds an entry that a file has, and whose key is not there.
    pub(super) fn load_new(&mut self, hash: u64, mut entry: Entry, clock: u32) {
        entry.set_clock(clock);
        self.index(&entry, hash);
        self.table.insert_new(hash, entry);
    }

    pub(super) fn remove(&mut self, key: &Key<'_>) -> Option<Entry> {
        let entry = self.table.remove(key.hash, key.bytes)?;
        self.forget(&entry, key.hash);
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
        self.look_at_indexes();
        for &(when_ms, hash) in items {
            // Behind an item that two keys shared no key stands any more when both are gone.
            let entry = self
                .table
                .take_by_hash(hash, |entry| entry.expiry() == Some(when_ms));
            if let Some(entry) = entry {
                if entry.is_volatile_hash() {
                    self.forget_fields(&entry, hash);
                }
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
        self.look_at_indexes();
        let taken = self
            .table
            .take_by_hash(hash, |entry| entry.expiry() == Some(when_ms))?;
        self.forget_fields(&taken, hash);
        Some(taken)
    }

    /// Takes the entry with this hash for which `wanted` holds out.
    pub(super) fn take_by_hash(
        &mut self,
        hash: u64,
        wanted: impl Fn(&Entry) -> bool,
    ) -> Option<Entry> {
        let entry = self.table.take_by_hash(hash, wanted)?;
        self.forget(&entry, hash);
        Some(entry)
    }

    /// Takes a fair random entry out.
    pub(super) fn take_random(&mut self, prng: &mut Prng) -> Option<Entry> {
        let entry = self.table.take_random(prng)?;
        let hash = self.table.hasher().hash(entry.key());
        self.forget(&entry, hash);
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
        drop(entry);
        if let Some(old) = old {
            self.expiries.remove(old, key.hash);
        }
        if let Some(new) = expiry {
            self.expiries.insert(new, key.hash);
        }
        self.look_at_indexes();
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
        self.table.drain_slice(budget, take)
            && self.expiries.clear_slice(budget)
            && self.hashes.clear_slice(budget)
    }

    /// Verifies the invariants of the indexes and of every hash.
    #[cfg(test)]
    pub(super) fn check(&self) -> Result<(), &'static str> {
        self.expiries.check()?;
        self.hashes.check()?;
        let (mut volatile, mut hashes) = (0, 0);
        for entry in self.table.iter() {
            volatile += usize::from(entry.expiry().is_some());
            let Some(fields) = entry.value::<Hash>() else {
                continue;
            };
            fields.check()?;
            if fields.indexed_ms() != fields.soonest_ms() {
                return Err("a hash that stands under another time than its first field's");
            }
            hashes += usize::from(fields.soonest_ms() != u64::MAX);
        }
        let due_from_ms = match self.part {
            None => self.truly_due_from_ms(),
            Some(_) => 0,
        };
        if (volatile, hashes, due_from_ms)
            == (self.expiries.len(), self.hashes.len(), self.due_from_ms)
        {
            Ok(())
        } else {
            Err("an index that does not have what is volatile")
        }
    }
}
