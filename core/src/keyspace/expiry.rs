//! Keys leave when their time has come: in slices of the loop in order of time, and when a command meets one before that.

use super::database::{DUE_AT_ONCE, Due};
use super::{Entry, EventClass, Key, Keyspace};

impl Keyspace {
    /// Removes up to `budget` keys and fields whose time has come, in order of time; how many there were.
    pub fn expire_some(&mut self, budget: usize) -> usize {
        if self.loading || !self.active_expire {
            return 0;
        }
        let home = self.current;
        let mut removed = 0;
        for db in 0..self.databases.len() {
            self.current = db;
            removed += self.expire_here(budget - removed);
        }
        self.current = home;
        removed
    }

    /// Removes up to `budget` keys and fields of the current database whose time has come, in order of time; how many
    /// there were.
    pub fn expire_here(&mut self, budget: usize) -> usize {
        let mut removed = 0;
        while !self.loading && removed < budget {
            let mut due = Due::new();
            let database = &mut self.databases[self.current];
            let count = if database.hashes.soonest_ms() < database.expiries.soonest_ms() {
                self.expire_fields(DUE_AT_ONCE.min(budget - removed))
            } else {
                database.take_due(self.now_ms, budget - removed, &mut due)
            };
            if count == 0 {
                break;
            }
            removed += count;
            for entry in due {
                self.expired(entry);
            }
        }
        removed
    }

    /// When the next key or field of any database expires, Unix milliseconds.
    pub fn next_expiry(&self) -> Option<u64> {
        self.databases
            .iter()
            .map(|database| {
                let keys = database.expiries.soonest_ms();
                keys.min(database.hashes.soonest_ms())
            })
            .min()
            .filter(|&when_ms| when_ms != u64::MAX)
    }

    #[inline(always)]
    pub(super) fn expire_if_due<const WRITES: bool>(&mut self, key: &Key<'_>) {
        if self.databases[self.current].due_from_ms() <= self.now_ms {
            self.expire_met(key, WRITES);
        }
    }

    /// Something is due: that key, perhaps, or a field of it. Or a snapshot is being made.
    #[inline(never)]
    fn expire_met(&mut self, key: &Key<'_>, writes: bool) {
        let database = &self.databases[self.current];
        if database.part().is_some() {
            let nothing_due = database.truly_due_from_ms() > self.now_ms;
            if writes {
                self.before_write(key);
            }
            if nothing_due {
                return;
            }
        }
        let Some(entry) = self.databases[self.current].find(key) else {
            return;
        };
        if self.loading {
            return;
        }
        let is_due = entry.expiry().is_some_and(|when| when <= self.now_ms);
        let has_volatile_fields = entry.is_volatile_hash();
        let since = self.laps.now();
        if is_due {
            self.expire(key);
        } else if has_volatile_fields {
            self.expire_met_fields(key);
        } else {
            return;
        }
        self.laps.met_expired(since);
    }

    #[cold]
    fn expire(&mut self, key: &Key<'_>) {
        if let Some(entry) = self.databases[self.current].remove(key) {
            self.expired(entry);
        }
    }

    /// Does what is to be done for a key of the current database that has expired and is out of it.
    pub(super) fn expired(&mut self, entry: Entry) {
        self.after_removal(self.current, &entry);
        self.counters.expired += 1;
        let due_ms = entry.expiry().unwrap_or(self.now_ms);
        self.counters
            .expiry_lag
            .add(self.now_ms.saturating_sub(due_ms));
        self.effects
            .log_apart(self.current, [&b"DEL"[..], entry.key()].into_iter());
        let key = self.key(entry.key());
        self.notify(EventClass::EXPIRED, "expired", &key);
        self.discard(entry);
    }
}
