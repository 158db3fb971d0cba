//! A big hash with volatile fields: the table of a big hash, whose volatile fields also stand in an index by time.
//!
//! Invariant, which [`TimedTable::check`] verifies: the index has an item of each field with an expiry, and no other.
//! (Two fields that share time and hash share an item; see [`TimeIndex`].)

use crate::structure::table::{Figures, ItemRef, Table, TableItem};
use crate::structure::time_index::TimeIndex;
use crate::value::block::{self, Field};
use alloc::boxed::Box;

/// Fields that are taken out at once when their time has come.
const DUE_AT_ONCE: usize = 16;

/// The table. See the module's head.
pub(super) struct TimedTable {
    table: Box<Table<Field>>,
    times: TimeIndex,
}

impl TimedTable {
    pub(super) fn figures(&self, count: bool) -> Figures {
        self.table.figures(count)
    }

    /// A table none of whose fields has an expiry.
    pub(super) fn new(table: Box<Table<Field>>) -> Self {
        TimedTable {
            table,
            times: TimeIndex::new(),
        }
    }

    pub(super) fn table(&self) -> &Table<Field> {
        &self.table
    }

    /// A field, due or not.
    // Looked for by hash, so that the other search stays where it is, in the code for hashes without times.
    pub(super) fn find(&self, field: &[u8]) -> Option<ItemRef<'_, Field>> {
        let hash = self.table.hasher().hash(field);
        self.table.find_by_hash(hash, |item| item.key() == field)
    }

    /// The table by itself, for which no field may have an expiry.
    pub(super) fn into_table(self) -> Box<Table<Field>> {
        debug_assert!(self.times.is_empty());
        self.table
    }

    /// How many fields there are, due ones included.
    pub(super) fn len(&self) -> usize {
        self.table.len()
    }

    pub(super) fn count_due(&self, now_ms: u64) -> usize {
        self.times.count_due(now_ms)
    }

    pub(super) fn soonest_ms(&self) -> u64 {
        self.times.soonest_ms()
    }

    /// Whether a field is volatile at all.
    pub(super) fn has_times(&self) -> bool {
        !self.times.is_empty()
    }

    /// Adds a field that is not there.
    pub(super) fn insert_new(&mut self, field: Field) {
        let hash = self.table.hasher().hash(field.key());
        if let Some(when_ms) = field.expiry() {
            self.times.insert(when_ms, hash);
        }
        self.table.insert_new(hash, field);
    }

    /// Sets the value of a field, and whether and when it leaves.
    pub(super) fn set(&mut self, field: &[u8], value: &[u8], expiry: Option<u64>) {
        let hash = self.table.hasher().hash(field);
        let Some(mut item) = self.table.find_mut(hash, field) else {
            return self.insert_new(Field::with_expiry(field, value, expiry));
        };
        let old = item.expiry();
        if old == expiry {
            return item.set_value(value);
        }
        *item = Field::with_expiry(field, value, expiry);
        drop(item);
        self.moved(hash, old, expiry);
    }

    /// Changes when a field leaves.
    pub(super) fn set_expiry(&mut self, field: &[u8], expiry: Option<u64>) {
        let hash = self.table.hasher().hash(field);
        let Some(mut item) = self.table.find_mut(hash, field) else {
            return;
        };
        let old = item.expiry();
        if old != expiry {
            item.set_expiry(expiry);
            drop(item);
            self.moved(hash, old, expiry);
        }
    }

    /// Keeps the index, when a field has another expiry than before.
    fn moved(&mut self, hash: u64, old: Option<u64>, new: Option<u64>) {
        if let Some(old) = old {
            self.times.remove(old, hash);
        }
        if let Some(new) = new {
            self.times.insert(new, hash);
        }
    }

    pub(super) fn remove(&mut self, field: &[u8]) {
        let hash = self.table.hasher().hash(field);
        if let Some(gone) = self.table.remove(hash, field) {
            self.moved(hash, gone.expiry(), None);
        }
    }

    /// Removes the first fields that are due, `most` of them, in order of time, and hands each to `taken` with its time.
    pub(super) fn take_due(
        &mut self,
        now_ms: u64,
        most: usize,
        taken: &mut dyn FnMut(&[u8], u64),
    ) -> usize {
        let mut total = 0;
        while total < most {
            let mut items = [(0, 0); DUE_AT_ONCE];
            let wanted = DUE_AT_ONCE.min(most - total);
            let count = self.times.copy_due(now_ms, &mut items[..wanted]);
            if count == 0 {
                break;
            }
            let items = &items[..count];
            // The cache misses of all of them overlap.
            for &(_, hash) in items {
                self.table.prefetch_bucket(hash);
            }
            for &(_, hash) in items {
                self.table.prefetch_item(hash);
            }
            self.times.remove_first(count);
            for &(when_ms, hash) in items {
                let is_it = |field: &Field| field.expiry() == Some(when_ms);
                // One that shared its item with another is taken along.
                while let Some(field) = self.table.take_by_hash(hash, is_it) {
                    taken(field.key(), when_ms);
                    total += 1;
                }
            }
        }
        total
    }

    pub(super) fn duplicate(&self) -> Self {
        let mut copy = TimedTable::new(block::duplicate(&self.table));
        for field in copy.table.iter() {
            if let Some(when_ms) = field.expiry() {
                let hash = self.table.hasher().hash(field.key());
                copy.times.insert(when_ms, hash);
            }
        }
        copy
    }

    /// Frees about `budget` fields; `true` when nothing is left. Nothing else may be done afterwards.
    pub(super) fn free_slice(&mut self, budget: usize) -> bool {
        self.times.clear_slice(budget) && self.table.clear_slice(budget)
    }

    pub(super) fn memory_bytes(&self, samples: usize) -> usize {
        block::memory_bytes(&self.table, samples) + self.times.memory_bytes()
    }

    /// Verifies the invariants.
    pub(super) fn check(&self) -> Result<(), &'static str> {
        block::check(&self.table)?;
        self.times.check()?;
        let mut timed = 0;
        for field in self.table.iter().filter(|field| field.expiry().is_some()) {
            timed += 1;
            let mut rank = self.times.count_due(field.expiry().unwrap_or(0));
            let hash = self.table.hasher().hash(field.key());
            let found = loop {
                match rank.checked_sub(1).and_then(|rank| self.times.get(rank)) {
                    Some((when_ms, other)) if Some(when_ms) == field.expiry() => {
                        if other == hash {
                            break true;
                        }
                        rank -= 1;
                    }
                    _ => break false,
                }
            };
            if !found {
                return Err("a volatile field that the index does not have");
            }
        }
        if timed == self.times.len() {
            Ok(())
        } else {
            Err("an index of more fields than are volatile")
        }
    }
}
