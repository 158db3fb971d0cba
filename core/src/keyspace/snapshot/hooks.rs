//! What happens to entries while a snapshot is made: what it has not written yet is written before it changes.

use super::super::Keyspace;
use super::super::database::{Database, Key};
use super::super::entry::Entry;
use super::Walk;
use alloc::boxed::Box;

impl Keyspace {
    /// Called before the entry of a key of the current database changes or leaves, if the database is walked.
    #[cold]
    #[inline(never)]
    pub(in super::super) fn before_write(&mut self, key: &Key<'_>) {
        let Some(mut walk) = self.walk.take() else {
            return;
        };
        let database = &self.databases[self.current];
        if let Some(part) = database.part()
            && let Some(entry) = database.find(key)
        {
            let is_ahead = database.is_unwritten(key.hash);
            if is_ahead && !entry.is_stamped() {
                walk.write(part, &entry, &self.access);
                entry.set_stamp(true);
            } else if !is_ahead {
                walk.write_if_waiting(part, key.hash, &entry, &self.access);
            }
        }
        self.walk = Some(walk);
    }

    /// Called with an entry that has just left `db` other than by [`Keyspace::take`].
    #[inline]
    pub(in super::super) fn after_removal(&mut self, db: usize, entry: &Entry) {
        if self.walk.is_some() {
            self.write_removed(db, entry);
        }
    }

    #[cold]
    fn write_removed(&mut self, db: usize, entry: &Entry) {
        let Some(mut walk) = self.walk.take() else {
            return;
        };
        let database = &self.databases[db];
        if let Some(part) = database.part() {
            let hash = self.hasher.hash(entry.key());
            if !database.is_unwritten(hash) {
                walk.write_if_waiting(part, hash, entry, &self.access);
            } else if !entry.is_stamped() {
                walk.write(part, entry, &self.access);
            }
        }
        self.walk = Some(walk);
    }

    /// Frees a database that was flushed, when the walk does not need it any more.
    pub(in super::super) fn let_go(&mut self, database: Database) {
        match (&mut self.walk, database.part()) {
            (Some(walk), Some(part)) if !walk.is_over => {
                walk.parts[part].flushed = Some(Box::new(database));
            }
            _ => self.lazy.push_database(database),
        }
    }
}

impl Walk {
    /// Writes an entry that the walk has passed, if it is one of the big values that are to be written next.
    fn write_if_waiting(
        &mut self,
        part: usize,
        hash: u64,
        entry: &Entry,
        access: &super::AccessClock,
    ) {
        let is_it = |big: &super::Big| big.hash == hash && big.key == entry.key();
        if part != self.at {
            return;
        }
        match self.big.iter().position(is_it) {
            Some(0) => self.step_big(entry, access, usize::MAX),
            Some(index) => {
                self.big.remove(index);
                self.write(part, entry, access);
            }
            None => {}
        }
    }
}
