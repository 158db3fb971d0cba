//! Asking the memory for what the requests ahead will look at.

use super::{AHEAD, Batch, CHUNK};
use crate::keyspace::Keyspace;
use crate::structure::table::Step;

impl Batch {
    /// Asks for buckets and entries of the keys that come up when those before `until` are done.
    #[inline(always)]
    pub(super) fn ask_ahead(&mut self, until: usize, keys: &Keyspace) {
        if until >= self.ask_next_at {
            self.ask_some(until, keys);
        }
    }

    /// Keys that were found to be displaced the last time, then a chunk of entries, then of buckets: between two calls
    /// for the same key several requests run.
    #[inline(never)]
    fn ask_some(&mut self, until: usize, keys: &Keyspace) {
        for at in core::mem::take(&mut self.displaced) {
            let lookup = self.lookups[at as usize];
            keys.prefetch_displaced(lookup.db as usize, lookup.hash);
        }
        if !self.members.is_empty() {
            self.ask_members(keys);
        }
        let len = self.lookups.len();
        // Members come two calls after the entries of their keys.
        let ahead = if self.members.is_empty() {
            AHEAD
        } else {
            AHEAD + 2 * CHUNK
        };
        let entries = (until + ahead + CHUNK).min(len);
        let buckets = (until + ahead + AHEAD + CHUNK).min(len);
        // The first time, when nothing has run since the buckets were asked for, entries come after them.
        if self.asked_buckets < entries {
            self.ask_buckets(entries, keys);
        }
        for (at, lookup) in (self.asked_entries..).zip(&self.lookups[self.asked_entries..entries]) {
            if keys.prefetch_entry(lookup.db as usize, lookup.hash) {
                // Where there are too many, the last ones are looked up without help.
                let _ = self.displaced.push(at as u32);
            }
        }
        self.asked_entries = entries;
        self.ask_buckets(buckets, keys);
        let is_done = entries == len
            && self.displaced.is_empty()
            && self.asked_member_items == self.members.len();
        self.ask_next_at = if is_done { usize::MAX } else { until + CHUNK };
    }

    /// The items of members whose buckets were asked for the last time, and the buckets of those whose keys' entries were.
    fn ask_members(&mut self, keys: &Keyspace) {
        let bucketed = self.asked_member_buckets;
        self.asked_member_buckets += self.members[bucketed..]
            .iter()
            .take_while(|member| (member.lookup as usize) < self.asked_entries)
            .count();
        let parts = [
            (self.asked_member_items..bucketed, Step::Item),
            (bucketed..self.asked_member_buckets, Step::Bucket),
        ];
        for (range, step) in parts {
            for member in &self.members[range] {
                let key = self.lookups[member.lookup as usize];
                keys.prefetch_member(key.db as usize, key.hash, member.hash, step);
            }
        }
        self.asked_member_items = bucketed;
    }

    fn ask_buckets(&mut self, until: usize, keys: &Keyspace) {
        for lookup in &self.lookups[self.asked_buckets..until] {
            keys.prefetch_bucket(lookup.db as usize, lookup.hash);
        }
        self.asked_buckets = until;
    }
}
