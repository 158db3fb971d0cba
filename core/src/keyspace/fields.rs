//! Fields of hashes that leave when their time comes.
//!
//! A hash has its volatile fields in time order, and its database has the hashes in the order of their first fields, so
//! the field that leaves next is found at once, and none is looked at before. A field that leaves is logged as HDEL, as
//! Redis does; the key goes with the last one. A hash that is met when all its fields are due is gone as a whole, however
//! many they are, and logged as DEL.

use super::database::Key;
use super::entry::Entry;
use super::{EventClass, Keyspace};
use crate::structure::table::ItemMut;
use crate::value::{Hash, Stored};

/// Fields that are removed when their hash is met before their turn has come.
const MET_AT_ONCE: usize = 16;

impl Keyspace {
    /// Whether no field of a volatile hash is left.
    #[cold]
    pub(super) fn has_no_field(&self, entry: &Entry) -> bool {
        entry.value::<Hash>().is_some_and(|fields| {
            fields.tell_time(self.now_ms);
            fields.is_empty()
        })
    }

    /// Removes up to `budget` fields that are due, hash by hash, beginning with the one whose field was due first; how
    /// many there were, 0 when none is due at all.
    pub(super) fn expire_fields(&mut self, budget: usize) -> usize {
        let mut removed = 0;
        self.databases[self.current].prefetch_due_hashes(self.now_ms, budget);
        while removed < budget {
            let Some(bytes) = self.databases[self.current].first_due_hash(self.now_ms) else {
                break;
            };
            let key = self.key(&bytes);
            // Even a hash without any, which there is not, would count as work done.
            removed += self.expire_fields_of(&key, budget - removed).max(1);
        }
        removed
    }

    /// Removes fields that are due of a volatile hash that is met.
    #[cold]
    pub(super) fn expire_met_fields(&mut self, key: &Key<'_>) {
        let Some(fields) = self.lend::<Hash>(key) else {
            return;
        };
        let (due, soonest_ms, is_empty) =
            (fields.count_due(), fields.soonest_ms(), fields.is_empty());
        if due == 0 {
            return;
        }
        if is_empty {
            self.expire_hash(key, due, soonest_ms);
        } else {
            self.expire_fields_of(key, MET_AT_ONCE);
        }
    }

    /// Removes a hash all of whose fields are due, the first since `soonest_ms`.
    fn expire_hash(&mut self, key: &Key<'_>, due: usize, soonest_ms: u64) {
        self.before_write(key);
        let Some(entry) = self.databases[self.current].remove(key) else {
            return;
        };
        self.counters.expired_fields += due as u64;
        let lag_ms = self.now_ms.saturating_sub(soonest_ms);
        self.counters.field_lag.add_many(lag_ms, due as u64);
        self.effects
            .log_apart(self.current, [&b"DEL"[..], key.bytes].into_iter());
        self.notify(EventClass::HASH, "hexpired", key);
        self.notify(EventClass::GENERIC, "del", key);
        self.discard(entry);
    }

    /// Removes up to `most` fields of a hash that are due, in order of time, and the hash with the last field; how many
    /// there were.
    fn expire_fields_of(&mut self, key: &Key<'_>, most: usize) -> usize {
        self.take_fields(key, |fields, taken| fields.take_due(most, taken))
    }

    /// Removes those of some fields of a hash that are due. A command that changes a field does this first, for a reader
    /// of the log would take the old value, which no client saw any more, for one that is still there.
    #[inline]
    pub fn expire_named<'a>(&mut self, key: &Key<'_>, fields: impl Iterator<Item = &'a [u8]>) {
        if self.databases[self.current].due_from_ms() <= self.now_ms {
            self.expire_due_of(key, &mut { fields });
        }
    }

    #[cold]
    fn expire_due_of(&mut self, key: &Key<'_>, names: &mut dyn Iterator<Item = &[u8]>) {
        if self.loading || self.lend::<Hash>(key).is_none_or(|v| v.count_due() == 0) {
            return;
        }
        self.take_fields(key, |fields, taken| {
            let mut count = 0;
            for name in names {
                if let Some(when_ms) = fields.take_if_due(name) {
                    taken(name, when_ms);
                    count += 1;
                }
            }
            count
        });
    }

    /// Has `take` remove fields that are due, and does what is to be done for each.
    fn take_fields(
        &mut self,
        key: &Key<'_>,
        take: impl FnOnce(&mut Hash, &mut dyn FnMut(&[u8], u64)) -> usize,
    ) -> usize {
        let (now_ms, db) = (self.now_ms, self.current);
        self.before_write(key);
        let entry = self.databases[db].find_mut(key);
        let Some(mut fields) = entry.and_then(ItemMut::into_value_mut::<Hash>) else {
            return 0;
        };
        fields.tell_time(now_ms);
        let (effects, counters) = (&mut self.effects, &mut self.counters);
        let count = take(&mut fields, &mut |field, when_ms| {
            counters.expired_fields += 1;
            counters.field_lag.add(now_ms.saturating_sub(when_ms));
            effects.log_apart(db, [&b"HDEL"[..], key.bytes, field].into_iter());
        });
        let is_over = fields.total() == 0;
        drop(fields);
        if count > 0 {
            self.notify(EventClass::HASH, "hexpired", key);
        }
        if is_over {
            if let Some(entry) = self.databases[db].remove(key) {
                self.discard(entry);
            }
            self.notify(EventClass::GENERIC, "del", key);
        } else {
            self.databases[db].settle_fields(key);
        }
        count
    }

    /// Notes when the first field of a hash leaves. A command that has changed a volatile hash calls it when its loan has
    /// ended.
    #[cold]
    pub fn settle_fields(&mut self, key: &Key<'_>) {
        self.databases[self.current].settle_fields(key);
    }

    /// Verifies the invariants of every database.
    #[cfg(test)]
    pub(crate) fn check(&self) -> Result<(), &'static str> {
        self.databases
            .iter()
            .try_for_each(|database| database.check())
    }
}
