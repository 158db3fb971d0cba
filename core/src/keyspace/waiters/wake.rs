//! What the keyspace and its waiters tell each other.

use super::Next;
use crate::keyspace::{Entry, Key, Keyspace};

impl Keyspace {
    /// Tells those who wait for a key that it gets this entry.
    #[cold]
    pub(in crate::keyspace) fn tell_waiters(&mut self, key: &Key<'_>, entry: &Entry) {
        self.waiters.key_came(self.current, key, entry.value_type());
    }

    /// Whom to serve next of those that wait for keys. Asked when a command (or a transaction) is done, until there is
    /// nobody; each answer costs one lookup at most.
    pub fn next_waiter(&mut self) -> Next {
        let (db, key, holding, waiter) = match self.waiters.candidate() {
            Ok(candidate) => candidate,
            Err(next) => return next,
        };
        let now_ms = self.now_ms;
        let is_there = self.databases[db].find(&key).is_some_and(|entry| {
            entry.value_type() == holding && entry.expiry().is_none_or(|when_ms| when_ms > now_ms)
        });
        if is_there {
            self.waiters.pass();
            Next::Serve(waiter)
        } else {
            self.waiters.end_current();
            Next::Later
        }
    }
}
