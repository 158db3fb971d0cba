//! Who waits for which keys, in the order in which they came.
//!
//! ```text
//! index   (database, key, type) -> awaited key
//! keys    [ awaited key: its first and last place ]
//! places  [ a waiter in a key's queue: the places before and behind it, and the same waiter's next place ]
//! ready   awaited keys that have come, in order; the first waiter of the first of them is served first
//! ```
//!
//! The keyspace has one place where a key comes into being, and it calls [`Waiters::key_came`] there if anybody waits at
//! all. After each command whoever runs commands serves the waiters, one after the other, until none is left
//! ([`super::Keyspace::next_waiter`]): a key that comes while one is served goes behind those that are ready already. A
//! queue is only asked as long as its key is there, so a push wakes as many as it has brought elements for, however many
//! wait.
//!
//! A waiter is a number that the caller knows it by. Everything about one waiter costs as much as it has keys.

#[cfg(test)]
mod tests;
mod wake;

use super::Key;
use super::slab::Slab;
use crate::value::ValueType;
use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::vec::Vec;
use hashbrown::HashTable;

/// No place.
const NONE: u32 = u32::MAX;
/// Types that can be waited for.
const TYPES: [ValueType; 2] = [ValueType::List, ValueType::SortedSet];
/// Awaited keys that are looked through at once after databases were exchanged.
const SWEEP_AT_ONCE: usize = 64;
/// A table with room for more is given back when nobody waits.
const KEEP: usize = 64;

/// A waiter's places in the queues of its keys.
#[derive(Debug, PartialEq, Eq)]
pub struct Places {
    first: u32,
}

/// Whom to serve next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// This waiter: a key of its own is there.
    Serve(u32),
    /// It is not known yet: ask again.
    Later,
    /// Nobody.
    Nobody,
}

/// A key that somebody waits for, or that is in `ready`.
struct AwaitedKey {
    db: usize,
    holding: ValueType,
    hash: u64,
    bytes: Box<[u8]>,
    /// The queue's ends and length.
    first: u32,
    last: u32,
    len: usize,
    is_ready: bool,
    /// Its queue is being served.
    is_current: bool,
}

impl AwaitedKey {
    fn is(&self, db: usize, key: &Key<'_>, holding: ValueType) -> bool {
        self.hash == key.hash
            && self.db == db
            && self.holding == holding
            && *self.bytes == *key.bytes
    }

    /// Whether it may be forgotten.
    fn is_idle(&self) -> bool {
        self.len == 0 && !self.is_ready && !self.is_current
    }
}

/// A waiter in the queue of a key.
#[derive(Clone, Copy)]
struct Place {
    waiter: u32,
    key: u32,
    before: u32,
    behind: u32,
    /// The waiter's place in the queue of its next key.
    next_key: u32,
}

/// The queue that is being served.
struct Current {
    key: u32,
    /// The place to look at next.
    place: u32,
    /// How many more may be served: those that were there at the beginning.
    left: usize,
}

/// Waiters by key.
#[derive(Default)]
pub struct Waiters {
    index: HashTable<u32>,
    keys: Slab<AwaitedKey>,
    places: Slab<Place>,
    ready: VecDeque<u32>,
    current: Option<Current>,
    /// Databases that were exchanged, and how many of `keys` were looked through for them.
    swapped: Vec<usize>,
    swept: usize,
    /// Distinct keys that are awaited.
    key_count: usize,
    is_anything_ready: bool,
}

/// The hash under which the index knows a key of a database.
fn index_hash(db: usize, hash: u64) -> u64 {
    hash ^ (db as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

impl Waiters {
    /// Whether anybody waits.
    #[inline(always)]
    pub fn is_anybody(&self) -> bool {
        self.key_count != 0
    }

    /// Whether somebody may have to be served.
    #[inline(always)]
    pub fn is_anything_ready(&self) -> bool {
        self.is_anything_ready
    }

    /// How many keys are awaited.
    pub fn key_count(&self) -> usize {
        self.key_count
    }

    /// Puts a waiter behind all others that wait for these keys of `db` to hold a value of this type. A key that is named
    /// twice counts once. There must be a key.
    pub fn add<'k>(
        &mut self,
        waiter: u32,
        db: usize,
        keys: impl Iterator<Item = Key<'k>>,
        holding: ValueType,
    ) -> Places {
        debug_assert!(TYPES.contains(&holding));
        let (mut first, mut last) = (NONE, NONE);
        for key in keys {
            let number = self.find_or_add(db, &key, holding);
            let queue_end = self.keys[number].last;
            // Nobody else joins meanwhile, so a waiter that is in the queue already is its last one.
            if queue_end != NONE && self.places[queue_end].waiter == waiter {
                continue;
            }
            let place = self.places.insert(Place {
                waiter,
                key: number,
                before: queue_end,
                behind: NONE,
                next_key: NONE,
            });
            match queue_end {
                NONE => self.keys[number].first = place,
                end => self.places[end].behind = place,
            }
            self.keys[number].last = place;
            self.keys[number].len += 1;
            if self.keys[number].len == 1 && !self.is_awaited_otherwise(number) {
                self.key_count += 1;
            }
            match last {
                NONE => first = place,
                last => self.places[last].next_key = place,
            }
            last = place;
        }
        Places { first }
    }

    /// Forgets a waiter.
    pub fn remove(&mut self, places: &Places) {
        let mut at = places.first;
        while at != NONE {
            let place = self.places.remove(at);
            self.unlink(at, &place);
            at = place.next_key;
        }
        self.give_back();
    }

    /// Tells that a key has come into being, or has got a value of another type.
    pub fn key_came(&mut self, db: usize, key: &Key<'_>, value_type: ValueType) {
        if TYPES.contains(&value_type)
            && let Some(number) = self.find(db, key, value_type)
        {
            self.make_ready(number);
        }
    }

    /// Tells that a database has got other contents.
    pub fn database_swapped(&mut self, db: usize) {
        if self.is_anybody() {
            self.swapped.push(db);
            self.swept = 0;
            self.is_anything_ready = true;
        }
    }

    /// The waiter to be looked at next, as its key's database, hash and bytes and the type that it must hold, and the
    /// waiter itself; `Err` tells that there is none now, or none at all.
    pub(super) fn candidate(&mut self) -> Result<(usize, Key<'_>, ValueType, u32), Next> {
        if !self.swapped.is_empty() && !self.sweep() {
            return Err(Next::Later);
        }
        if self.current.is_none() && !self.begin_next() {
            return Err(Next::Nobody);
        }
        match &self.current {
            Some(current) if current.place != NONE && current.left > 0 => {
                let key = &self.keys[current.key];
                let bytes = Key {
                    bytes: &key.bytes,
                    hash: key.hash,
                };
                let waiter = self.places[current.place].waiter;
                Ok((key.db, bytes, key.holding, waiter))
            }
            _ => {
                self.end_current();
                Err(Next::Later)
            }
        }
    }

    /// The candidate is served, and the one behind it is next.
    pub(super) fn pass(&mut self) {
        if let Some(current) = &mut self.current {
            current.place = self.places[current.place].behind;
            current.left -= 1;
        }
    }

    /// The candidate's key is not there: nobody behind it is served either.
    pub(super) fn end_current(&mut self) {
        if let Some(current) = self.current.take() {
            self.keys[current.key].is_current = false;
            self.forget_if_idle(current.key);
        }
    }

    fn begin_next(&mut self) -> bool {
        let Some(number) = self.ready.pop_front() else {
            self.is_anything_ready = false;
            self.give_back();
            return false;
        };
        let key = &mut self.keys[number];
        (key.is_ready, key.is_current) = (false, true);
        self.current = Some(Current {
            key: number,
            place: key.first,
            left: key.len,
        });
        true
    }

    /// Makes some of the keys of exchanged databases ready; `true` when all are.
    fn sweep(&mut self) -> bool {
        let end = self.keys.slots().min(self.swept + SWEEP_AT_ONCE);
        for number in self.swept..end {
            let number = number as u32;
            let db = self.keys.get(number).map(|key| key.db);
            if db.is_some_and(|db| self.swapped.contains(&db)) {
                self.make_ready(number);
            }
        }
        self.swept = end;
        let is_done = end == self.keys.slots();
        if is_done {
            self.swapped = Vec::new();
        }
        is_done
    }

    fn make_ready(&mut self, number: u32) {
        let key = &mut self.keys[number];
        if key.len > 0 && !key.is_ready {
            key.is_ready = true;
            self.ready.push_back(number);
            self.is_anything_ready = true;
        }
    }

    fn find(&self, db: usize, key: &Key<'_>, holding: ValueType) -> Option<u32> {
        let is_wanted = |&number: &u32| self.keys[number].is(db, key, holding);
        self.index
            .find(index_hash(db, key.hash), is_wanted)
            .copied()
    }

    fn find_or_add(&mut self, db: usize, key: &Key<'_>, holding: ValueType) -> u32 {
        if let Some(number) = self.find(db, key, holding) {
            return number;
        }
        let number = self.keys.insert(AwaitedKey {
            db,
            holding,
            hash: key.hash,
            bytes: key.bytes.into(),
            first: NONE,
            last: NONE,
            len: 0,
            is_ready: false,
            is_current: false,
        });
        let keys = &self.keys;
        let hash_of = |&number: &u32| index_hash(keys[number].db, keys[number].hash);
        self.index
            .insert_unique(index_hash(db, key.hash), number, hash_of);
        number
    }

    /// Whether somebody waits for the same key to hold another type.
    fn is_awaited_otherwise(&self, number: u32) -> bool {
        let key = &self.keys[number];
        let bytes = Key {
            bytes: &key.bytes,
            hash: key.hash,
        };
        let others = TYPES.iter().filter(|&&other| other != key.holding);
        let mut others = others.filter_map(|&other| self.find(key.db, &bytes, other));
        others.any(|other| self.keys[other].len > 0)
    }

    /// Closes the gap that a place leaves in its queue.
    fn unlink(&mut self, at: u32, place: &Place) {
        if let Some(current) = &mut self.current
            && current.place == at
        {
            current.place = place.behind;
        }
        match place.before {
            NONE => self.keys[place.key].first = place.behind,
            before => self.places[before].behind = place.behind,
        }
        match place.behind {
            NONE => self.keys[place.key].last = place.before,
            behind => self.places[behind].before = place.before,
        }
        self.keys[place.key].len -= 1;
        if self.keys[place.key].len == 0 && !self.is_awaited_otherwise(place.key) {
            self.key_count -= 1;
        }
        self.forget_if_idle(place.key);
    }

    fn forget_if_idle(&mut self, number: u32) {
        let key = &self.keys[number];
        if !key.is_idle() {
            return;
        }
        let hash = index_hash(key.db, key.hash);
        if let Ok(entry) = self.index.find_entry(hash, |&found| found == number) {
            entry.remove();
        }
        self.keys.remove(number);
    }

    /// Gives memory back when nobody is left.
    fn give_back(&mut self) {
        let is_big = self.places.slots() > KEEP || self.ready.capacity() > KEEP;
        if is_big && !self.is_anybody() && !self.is_anything_ready {
            *self = Waiters::default();
        }
    }

    /// Bytes of memory that it takes, keys not counted.
    pub fn memory_bytes(&self) -> usize {
        self.index.allocation_size()
            + self.keys.memory_bytes()
            + self.places.memory_bytes()
            + self.ready.capacity() * size_of::<u32>()
    }
}
