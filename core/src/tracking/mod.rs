//! Client-side caching: which clients have read which keys, and who is told when they change (CLIENT TRACKING).
//!
//! ```text
//! table     key -> the clients that have read it since it changed last
//! prefixes  prefix -> the clients that want to hear of every change under it (BCAST), and what has changed in this turn
//! ```
//!
//! As in Redis the table knows keys by name only, whatever their database. A client that is gone, or has switched
//! tracking off, stays in the table until its keys change, and is passed over then. Nothing is sent here: the engine
//! takes what has changed from [`Tracking::take_readers`] and [`Tracking::take_changes`].

mod client;
#[cfg(test)]
mod tests;

pub use client::{ClientTracking, Options, Redirect};

use crate::bytes::prng::Prng;
use crate::keyspace::Key;
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use hashbrown::HashTable;

/// A client as the table knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reader {
    /// Its number.
    pub id: u64,
    /// Where the engine has its connection.
    pub slot: u32,
}

/// A key that clients have read.
struct ReadKey {
    hash: u64,
    bytes: Box<[u8]>,
    /// In order of their numbers.
    readers: Vec<Reader>,
}

/// Those who listen to a prefix, and the keys under it that have changed, each with who changed it first.
#[derive(Default)]
struct Prefix {
    listeners: Vec<Reader>,
    changes: BTreeMap<Box<[u8]>, Option<u64>>,
}

/// What has changed under a prefix in a turn, and who is to be told.
pub struct Changes {
    /// Who listens.
    pub listeners: Vec<Reader>,
    /// The keys, each with the number of the client that changed it.
    pub keys: BTreeMap<Box<[u8]>, Option<u64>>,
}

/// Keys that are cached by clients.
#[derive(Default)]
pub struct Tracking {
    index: HashTable<u32>,
    keys: Vec<ReadKey>,
    /// Pairs of a key and a reader.
    items: usize,
    prefixes: BTreeMap<Vec<u8>, Prefix>,
    longest_prefix: usize,
    /// Prefixes under which something has changed.
    changed: Vec<Vec<u8>>,
    clients: usize,
}

impl Tracking {
    /// How many clients track.
    pub fn clients(&self) -> usize {
        self.clients
    }

    /// How many keys are in the table.
    pub fn key_count(&self) -> usize {
        self.keys.len()
    }

    /// How many pairs of a key and a client are in the table.
    pub fn item_count(&self) -> usize {
        self.items
    }

    /// How many prefixes clients listen to.
    pub fn prefix_count(&self) -> usize {
        self.prefixes.len()
    }

    /// Remembers that a client reads a key.
    pub fn remember(&mut self, reader: Reader, key: &Key<'_>) {
        let number = match self.find(key) {
            Some(number) => number,
            None => self.add(key),
        };
        let readers = &mut self.keys[number].readers;
        if let Err(place) = readers.binary_search(&reader) {
            readers.insert(place, reader);
            self.items += 1;
        }
    }

    /// Takes those out of the table who have read a key.
    pub fn take_readers(&mut self, key: &Key<'_>) -> Option<Vec<Reader>> {
        if self.keys.is_empty() {
            return None;
        }
        let number = self.find(key)?;
        Some(self.remove(number).readers)
    }

    /// Takes a random key out of the table, with those who have read it, if there are more keys than `most`.
    pub fn take_surplus(
        &mut self,
        most: usize,
        prng: &mut Prng,
    ) -> Option<(Box<[u8]>, Vec<Reader>)> {
        if self.keys.len() <= most {
            return None;
        }
        let number = prng.below(self.keys.len() as u64) as usize;
        let key = self.remove(number);
        Some((key.bytes, key.readers))
    }

    /// A key has changed, by the client of this number if by any: notes it for those who listen to its prefixes.
    pub fn note_change(&mut self, key: &[u8], by: Option<u64>) {
        if self.prefixes.is_empty() {
            return;
        }
        for len in 0..=key.len().min(self.longest_prefix) {
            if let Some(prefix) = self.prefixes.get_mut(&key[..len]) {
                if prefix.changes.is_empty() {
                    self.changed.push(key[..len].to_vec());
                }
                prefix.changes.entry(key.into()).or_insert(by);
            }
        }
    }

    /// Whether [`Tracking::take_changes`] or [`Tracking::take_surplus`] has something.
    #[inline]
    pub fn has_work(&self, most_keys: usize) -> bool {
        !self.changed.is_empty() || self.keys.len() > most_keys
    }

    /// Takes what has changed under a prefix; `None` when that is all.
    pub fn take_changes(&mut self) -> Option<Changes> {
        loop {
            let name = self.changed.pop()?;
            if let Some(prefix) = self.prefixes.get_mut(&name) {
                return Some(Changes {
                    listeners: prefix.listeners.clone(),
                    keys: core::mem::take(&mut prefix.changes),
                });
            }
        }
    }

    /// Forgets all keys that were read: all data are gone, or nobody caches any more.
    pub fn forget_keys(&mut self) {
        (self.index, self.keys, self.items) = (HashTable::new(), Vec::new(), 0);
    }

    fn find(&self, key: &Key<'_>) -> Option<usize> {
        let is_it = |&number: &u32| {
            let found = &self.keys[number as usize];
            found.hash == key.hash && *found.bytes == *key.bytes
        };
        self.index
            .find(key.hash, is_it)
            .map(|&number| number as usize)
    }

    fn add(&mut self, key: &Key<'_>) -> usize {
        let number = self.keys.len();
        self.keys.push(ReadKey {
            hash: key.hash,
            bytes: key.bytes.into(),
            readers: Vec::new(),
        });
        let keys = &self.keys;
        self.index
            .insert_unique(key.hash, number as u32, |&other| keys[other as usize].hash);
        number
    }

    /// Takes a key out; the last one gets its number.
    fn remove(&mut self, number: usize) -> ReadKey {
        let last = self.keys.len() - 1;
        let hash = self.keys[number].hash;
        if let Ok(entry) = self
            .index
            .find_entry(hash, |&found| found as usize == number)
        {
            entry.remove();
        }
        if last != number {
            let hash = self.keys[last].hash;
            if let Some(place) = self.index.find_mut(hash, |&found| found as usize == last) {
                *place = number as u32;
            }
        }
        let key = self.keys.swap_remove(number);
        self.items -= key.readers.len();
        key
    }

    fn listen(&mut self, reader: Reader, name: &[u8]) {
        let prefix = self.prefixes.entry(name.to_vec()).or_default();
        if let Err(place) = prefix.listeners.binary_search(&reader) {
            prefix.listeners.insert(place, reader);
        }
        self.longest_prefix = self.longest_prefix.max(name.len());
    }

    fn stop_listening(&mut self, reader: Reader, name: &[u8]) {
        let Some(prefix) = self.prefixes.get_mut(name) else {
            return;
        };
        if let Ok(place) = prefix.listeners.binary_search(&reader) {
            prefix.listeners.remove(place);
        }
        if prefix.listeners.is_empty() {
            self.prefixes.remove(name);
        }
        if self.prefixes.is_empty() {
            self.longest_prefix = 0;
        }
    }
}
