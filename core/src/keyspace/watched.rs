//! Keys that clients watch (WATCH): whether any of them has changed since.
//!
//! ```text
//! index  (database, key) -> watched key: how many watch it, and its version, which grows with each change
//! Watch  what one client watches: for each of its keys the version that it had then, and whether it was there
//! ```
//!
//! A change of a watched key costs one lookup, however many watch it, and nothing is told to anybody: EXEC compares its
//! client's versions. A database that is emptied or exchanged costs nothing either. Its generation grows, and EXEC finds
//! such a key changed when it was there before or is there now, for then the database had it before or after. (Exchanging
//! two databases twice is no change to a key that neither now nor then was there.)
//!
//! A key that has expired leaves when it is met, and WATCH meets its keys: one that was due then is watched as missing.

use super::slab::Slab;
use super::{Key, Keyspace, Listener};
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use hashbrown::HashTable;

/// A table with room for more is given back when nothing is watched.
const KEEP: usize = 64;

/// A key that somebody watches.
struct WatchedKey {
    db: usize,
    hash: u64,
    bytes: Box<[u8]>,
    version: u64,
    watchers: usize,
}

impl WatchedKey {
    fn is(&self, db: usize, key: &Key<'_>) -> bool {
        self.hash == key.hash && self.db == db && *self.bytes == *key.bytes
    }
}

/// How a key was when a client began to watch it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Seen {
    version: u64,
    generation: u64,
    was_there: bool,
}

/// The keys that one client watches. It must be given to [`Keyspace::unwatch`] before it is dropped.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Watch {
    /// By the number of the key.
    keys: BTreeMap<u32, Seen>,
}

impl Watch {
    /// How many keys there are.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether there is no key.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// About how many bytes of memory it takes.
    pub fn memory_bytes(&self) -> usize {
        self.len() * (size_of::<(u32, Seen)>() + size_of::<WatchedKey>())
    }
}

/// All keys that are watched.
pub struct Watched {
    index: HashTable<u32>,
    keys: Slab<WatchedKey>,
    /// For each database how often it has got other contents.
    generations: Vec<u64>,
    /// How many clients watch something.
    watchers: usize,
}

/// The hash under which the index knows a key of a database.
fn index_hash(db: usize, hash: u64) -> u64 {
    hash ^ (db as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

impl Watched {
    pub(super) fn new(databases: usize) -> Self {
        Watched {
            index: HashTable::new(),
            keys: Slab::default(),
            generations: alloc::vec![0; databases],
            watchers: 0,
        }
    }

    /// Whether any key is watched.
    #[inline(always)]
    pub fn is_anything(&self) -> bool {
        self.watchers != 0
    }

    /// How many clients watch something.
    pub fn watchers(&self) -> usize {
        self.watchers
    }

    /// How many keys are watched.
    pub fn key_count(&self) -> usize {
        self.index.len()
    }

    /// A key has changed.
    #[cold]
    pub(super) fn touch(&mut self, db: usize, key: &Key<'_>) {
        if let Some(number) = self.find(db, key) {
            self.keys[number].version += 1;
        }
    }

    /// A database has got other contents.
    pub(super) fn replaced(&mut self, db: usize) {
        self.generations[db] += 1;
    }

    fn find(&self, db: usize, key: &Key<'_>) -> Option<u32> {
        let is_wanted = |&number: &u32| self.keys[number].is(db, key);
        let hash = index_hash(db, key.hash);
        self.index.find(hash, is_wanted).copied()
    }

    fn find_or_add(&mut self, db: usize, key: &Key<'_>) -> u32 {
        if let Some(number) = self.find(db, key) {
            return number;
        }
        let number = self.keys.insert(WatchedKey {
            db,
            hash: key.hash,
            bytes: key.bytes.into(),
            version: 0,
            watchers: 0,
        });
        let keys = &self.keys;
        let hash_of = |&number: &u32| index_hash(keys[number].db, keys[number].hash);
        let hash = index_hash(db, key.hash);
        self.index.insert_unique(hash, number, hash_of);
        number
    }

    fn add(&mut self, watch: &mut Watch, db: usize, key: &Key<'_>, was_there: bool) {
        let number = self.find_or_add(db, key);
        let watched = &mut self.keys[number];
        let seen = Seen {
            version: watched.version,
            generation: self.generations[db],
            was_there,
        };
        if watch.is_empty() {
            self.watchers += 1;
        }
        // What a client watches already it goes on watching since then.
        watch.keys.entry(number).or_insert_with(|| {
            watched.watchers += 1;
            seen
        });
    }

    fn remove(&mut self, watch: &mut Watch) {
        if watch.is_empty() {
            return;
        }
        for number in core::mem::take(&mut watch.keys).into_keys() {
            self.keys[number].watchers -= 1;
            if self.keys[number].watchers == 0 {
                let key = self.keys.remove(number);
                let hash = index_hash(key.db, key.hash);
                if let Ok(entry) = self.index.find_entry(hash, |&found| found == number) {
                    entry.remove();
                }
            }
        }
        self.watchers -= 1;
        if self.watchers == 0 && self.keys.slots() > KEEP {
            (self.index, self.keys) = (HashTable::new(), Slab::default());
        }
    }
}

impl Keyspace {
    /// Has a client watch a key of the current database.
    pub fn watch(&mut self, watch: &mut Watch, key: &Key<'_>) {
        let was_there = self.exists(key);
        self.watched.add(watch, self.current, key, was_there);
        self.events.set_wanted(Listener::Watch, true);
    }

    /// Ends a client's watch over all of its keys.
    pub fn unwatch(&mut self, watch: &mut Watch) {
        self.watched.remove(watch);
        let is_anything = self.watched.is_anything();
        self.events.set_wanted(Listener::Watch, is_anything);
    }

    /// Whether one of the keys has changed since the client began to watch it, or has expired.
    pub fn has_changed(&self, watch: &Watch) -> bool {
        watch.keys.iter().any(|(&number, seen)| {
            let watched = &self.watched.keys[number];
            watched.version != seen.version || self.has_left_or_come(watched, seen)
        })
    }

    /// Whether a key that no command has changed is not what it was: it is due, or its database has got other contents.
    fn has_left_or_come(&self, watched: &WatchedKey, seen: &Seen) -> bool {
        let is_replaced = self.watched.generations[watched.db] != seen.generation;
        let database = &self.databases[watched.db];
        if !is_replaced && database.due_from_ms() > self.now_ms {
            return false;
        }
        let key = Key {
            bytes: &watched.bytes,
            hash: watched.hash,
        };
        let is_there = database
            .find(&key)
            .is_some_and(|entry| !self.is_due(&entry));
        if is_replaced {
            seen.was_there || is_there
        } else {
            seen.was_there && !is_there
        }
    }
}
