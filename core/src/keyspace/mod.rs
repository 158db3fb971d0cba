//! The keyspace: databases, entries, expiry, lazy freeing, effects.
//!
//! Commands work on the current database ([`Keyspace::select`]) through a few verbs: `read` and `write` look a key up (an
//! expired one is gone), the typed forms check the type as well, `insert`, `remove`, `set_expiry` change it, and
//! `modified` tells everyone else that it was. Time and randomness are values that the caller sets.

mod database;
pub mod effects;
pub mod entry;
pub mod events;
pub mod eviction;
mod expiry;
mod fields;
mod lag;
mod laps;
mod lazy_free;
mod load;
mod slab;
mod snapshot;
pub mod waiters;
pub mod watched;

pub use database::Key;
pub use effects::Effects;
pub use entry::{Entry, StringRef, ValueMut};
pub use events::{Event, Events, Listener, Message};
pub use eviction::AccessClock;
pub use lag::Lag;
pub use laps::{Laps, Totals};
pub use load::Loading;
pub use snapshot::{SnapshotOptions, SnapshotStep};
pub use waiters::Waiters;
pub use watched::Watched;

pub use crate::settings::KeyspaceEvents as EventClass;

use crate::bytes::hash::Hasher;
use crate::bytes::prng::Prng;
use crate::bytes::shared::SharedBytes;
use crate::codec::rdb::Usage;
use crate::structure::table::{Figures, ItemMut, ItemRef, Step};
use crate::value::{EncodingLimits, List, Stored, ValueRef};
use alloc::boxed::Box;
use alloc::vec::Vec;
use database::Database;
use entry::DetachedValue;
use lazy_free::{FREE_AT_ONCE, LazyFree};
use snapshot::Walk;

/// The value of a key is not of the type that the command works on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WrongType;

/// What becomes of a key's expiry when its value is replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expiry {
    /// The key becomes persistent.
    Clear,
    /// It stays as it is.
    Keep,
    /// The key expires at this time, Unix milliseconds.
    At(u64),
}

/// Counters that INFO shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Lookups by reading commands that found a key.
    pub hits: u64,
    /// Lookups by reading commands that found none.
    pub misses: u64,
    /// Keys that expired.
    pub expired: u64,
    /// Keys that were evicted.
    pub evicted: u64,
    /// How long after their time keys were removed.
    pub expiry_lag: Lag,
    /// Fields of hashes that expired.
    pub expired_fields: u64,
    /// How long after their time fields were removed.
    pub field_lag: Lag,
}

/// All databases, and what commands need around them.
pub struct Keyspace {
    databases: Vec<Database>,
    current: usize,
    hasher: Hasher,
    lazy: LazyFree,
    /// The snapshot that is being made.
    walk: Option<Box<Walk>>,
    pool: eviction::Pool,
    /// Unix milliseconds now; the engine sets it each turn.
    pub now_ms: u64,
    /// The access clock now; the engine sets it each turn.
    pub access: AccessClock,
    /// Whether lookups leave the access clock alone (CLIENT NO-TOUCH).
    pub no_touch: bool,
    /// Whether expired keys stay until a command of the log deletes them.
    pub loading: bool,
    /// DEBUG SET-ACTIVE-EXPIRE.
    pub active_expire: bool,
    /// Thresholds of encodings.
    pub limits: EncodingLimits,
    /// The generator for everything random in commands.
    pub prng: Prng,
    /// What commands did, for the AOF.
    pub effects: Effects,
    /// Who waits for which keys.
    pub waiters: Waiters,
    /// Which keys are watched by transactions to come.
    pub watched: Watched,
    /// Counters for INFO.
    pub counters: Counters,
    /// Changes so far; grows by one or more with each [`Keyspace::modified`].
    pub dirty: u64,
    /// What happened to keys, for listeners; switched on while there are any.
    pub events: Events,
    /// What commands spend on work that is not their own.
    pub laps: Laps,
}

impl Keyspace {
    /// `databases` empty databases. `seed` drives the hash and everything random.
    pub fn new(databases: usize, seed: u64) -> Self {
        let mut prng = Prng::new(seed);
        let hasher = Hasher::new(prng.next_u64());
        let mut events = Events::default();
        events.set_wanted(Listener::Test, cfg!(test));
        Keyspace {
            databases: (0..databases.max(1))
                .map(|_| Database::new(hasher))
                .collect(),
            current: 0,
            hasher,
            lazy: LazyFree::default(),
            walk: None,
            pool: eviction::Pool::default(),
            now_ms: 0,
            access: AccessClock::default(),
            no_touch: false,
            loading: false,
            active_expire: true,
            limits: EncodingLimits::new(hasher),
            prng,
            effects: Effects::default(),
            waiters: Waiters::default(),
            watched: Watched::new(databases.max(1)),
            counters: Counters::default(),
            dirty: 0,
            events,
            laps: Laps::default(),
        }
    }

    /// The hasher of keys and members.
    pub fn hasher(&self) -> Hasher {
        self.hasher
    }

    /// A key with its hash.
    pub fn key<'k>(&self, bytes: &'k [u8]) -> Key<'k> {
        Key {
            bytes,
            hash: self.hasher.hash(bytes),
        }
    }

    /// How many databases there are.
    pub fn database_count(&self) -> usize {
        self.databases.len()
    }

    /// The current database.
    pub fn current(&self) -> usize {
        self.current
    }

    /// Makes `db` the current database and returns the one before. `db` must be below the database count.
    pub fn select(&mut self, db: usize) -> usize {
        debug_assert!(db < self.databases.len());
        core::mem::replace(&mut self.current, db.min(self.databases.len() - 1))
    }

    /// Brings the bucket of `hash` in `db` near.
    #[inline]
    pub fn prefetch_bucket(&self, db: usize, hash: u64) {
        self.databases[db].table.prefetch_bucket(hash);
    }

    /// Brings the entries of `hash` in `db` near. `true`: [`Keyspace::prefetch_displaced`] should go on a little later.
    #[inline]
    pub fn prefetch_entry(&self, db: usize, hash: u64) -> bool {
        self.databases[db].table.prefetch_item(hash)
    }

    /// Brings the entries of `hash` near that are not in its own bucket.
    pub fn prefetch_displaced(&self, db: usize, hash: u64) {
        self.databases[db].table.prefetch_displaced(hash);
    }

    /// Brings the bucket near, or then the item, that a member or field of `hash` has in the big collection of the key of
    /// `key_hash`, whose entry should be near already.
    pub fn prefetch_member(&self, db: usize, key_hash: u64, hash: u64, step: Step) {
        if let Some(entry) = self.databases[db].table.guess(key_hash) {
            entry.prefetch_member(hash, step);
        }
    }

    /// Looks a key up to read it: counts a hit or a miss, and touches the access clock.
    // This and its kin are inlined by force: handing the guards on through memory costs more than the lookup.
    #[inline(always)]
    pub fn read(&mut self, key: &Key<'_>) -> Option<ItemRef<'_, Entry>> {
        self.expire_if_due::<false>(key);
        let touch = !self.no_touch;
        let Some(mut entry) = self.databases[self.current].find_mut(key) else {
            self.counters.misses += 1;
            self.events.key_missed(self.current, key.bytes);
            return None;
        };
        self.counters.hits += 1;
        if touch {
            self.access.touch(&mut entry, &mut self.prng);
        }
        Some(entry.into_shared())
    }

    /// Looks a key up to read it, and touches nothing but the hit and miss counts (TTL, TYPE).
    pub fn peek(&mut self, key: &Key<'_>) -> Option<ItemRef<'_, Entry>> {
        self.expire_if_due::<false>(key);
        let found = self.databases[self.current].find(key);
        match found {
            Some(_) => self.counters.hits += 1,
            None => {
                self.counters.misses += 1;
                self.events.key_missed(self.current, key.bytes);
            }
        }
        found
    }

    /// Looks a key up and leaves no trace (OBJECT, MEMORY USAGE, SCAN).
    pub fn peek_quietly(&mut self, key: &Key<'_>) -> Option<ItemRef<'_, Entry>> {
        self.expire_if_due::<false>(key);
        self.databases[self.current].find(key)
    }

    /// Looks a key up to change it; touches the access clock.
    #[inline(always)]
    pub fn write(&mut self, key: &Key<'_>) -> Option<ItemMut<'_, Entry>> {
        self.expire_if_due::<true>(key);
        let touch = !self.no_touch;
        let mut entry = self.databases[self.current].find_mut(key)?;
        if touch {
            self.access.touch(&mut entry, &mut self.prng);
        }
        Some(entry)
    }

    /// Whether the key is there; touches nothing.
    pub fn exists(&mut self, key: &Key<'_>) -> bool {
        self.peek_quietly(key).is_some()
    }

    /// A string to read; `Ok(None)` when there is no such key.
    #[inline(always)]
    pub fn string(&mut self, key: &Key<'_>) -> Result<Option<ItemRef<'_, Entry>>, WrongType> {
        match self.read(key) {
            Some(entry) if entry.string().is_none() => Err(WrongType),
            found => Ok(found),
        }
    }

    /// A collection to read; `Ok(None)` when there is no such key.
    #[inline(always)]
    pub fn value<T: Stored>(
        &mut self,
        key: &Key<'_>,
    ) -> Result<Option<ValueRef<'_, T>>, WrongType> {
        let now_ms = self.time_told();
        match self.read(key) {
            None => Ok(None),
            Some(entry) => match entry.into_value::<T>() {
                None => Err(WrongType),
                Some(value) => {
                    value.tell_time(now_ms);
                    Ok(Some(value))
                }
            },
        }
    }

    /// What time collections are told that it is: while the log is read, nothing is due.
    #[inline(always)]
    fn time_told(&self) -> u64 {
        if self.loading { 0 } else { self.now_ms }
    }

    /// A collection that this command has looked up before, for commands that read several at once. Leaves no trace;
    /// `None` as well when the key holds another type.
    pub fn lend<T: Stored>(&self, key: &Key<'_>) -> Option<ValueRef<'_, T>> {
        let value: ValueRef<'_, T> = self.databases[self.current].find(key)?.into_value()?;
        value.tell_time(self.time_told());
        Some(value)
    }

    /// A collection to change; `Ok(None)` when there is no such key. A collection that is left empty must be
    /// removed ([`Keyspace::remove`]) by the caller.
    #[inline(always)]
    pub fn value_mut<T: Stored>(
        &mut self,
        key: &Key<'_>,
    ) -> Result<Option<ValueMut<'_, T>>, WrongType> {
        let now_ms = self.time_told();
        match self.write(key) {
            None => Ok(None),
            Some(entry) => match entry.into_value_mut::<T>() {
                None => Err(WrongType),
                Some(value) => {
                    value.tell_time(now_ms);
                    Ok(Some(value))
                }
            },
        }
    }

    /// A collection to change, made by `new` when there is no such key. The caller must put something in.
    pub fn value_mut_or_insert<T: Stored>(
        &mut self,
        key: &Key<'_>,
        new: impl FnOnce(&EncodingLimits) -> T,
    ) -> Result<ValueMut<'_, T>, WrongType> {
        if self.write(key).is_none() {
            let entry = Entry::with_value(key.bytes, new(&self.limits), None);
            self.insert_new(key, entry);
        }
        let now_ms = self.time_told();
        // One more lookup, in lines that are near now: only the creation of a key pays for it.
        let entry = self.databases[self.current].find_mut(key);
        let value = entry.and_then(|entry| entry.into_value_mut::<T>());
        let value = value.ok_or(WrongType)?;
        value.tell_time(now_ms);
        Ok(value)
    }

    /// Sets a string, replacing whatever the key held.
    #[inline]
    pub fn set_string(&mut self, key: &Key<'_>, value: &[u8], expiry: Expiry) {
        let is_set = self
            .write(key)
            .map(|mut entry| entry.overwrite(value) || change_to_string(&mut entry, value));
        if is_set == Some(true) {
            self.apply_expiry(key, expiry);
        } else {
            self.put_string(key, value, expiry);
        }
    }

    /// Sets a string that is in a buffer of its own already, replacing whatever the key held.
    pub fn set_shared(&mut self, key: &Key<'_>, value: SharedBytes, expiry: Expiry) {
        let when = self.when(key, expiry);
        self.insert(key, Entry::with_shared(key.bytes, value, when));
    }

    /// Sets a string where there is none, or a value that is too big to be freed now.
    #[inline(never)]
    fn put_string(&mut self, key: &Key<'_>, value: &[u8], expiry: Expiry) {
        let when = self.when(key, expiry);
        self.insert(key, Entry::with_string(key.bytes, value, when));
    }

    /// When a key will expire whose value is replaced.
    fn when(&mut self, key: &Key<'_>, expiry: Expiry) -> Option<u64> {
        match expiry {
            Expiry::Clear => None,
            Expiry::Keep => self.expiry(key),
            Expiry::At(when) => Some(when),
        }
    }

    #[inline]
    fn apply_expiry(&mut self, key: &Key<'_>, expiry: Expiry) {
        match expiry {
            Expiry::Keep => {}
            // Most databases have no volatile key at all: no second lookup for them.
            Expiry::Clear if self.databases[self.current].expiries.is_empty() => {}
            Expiry::Clear => {
                self.databases[self.current].set_expiry(key, None);
            }
            Expiry::At(when) => {
                self.databases[self.current].set_expiry(key, Some(when));
            }
        }
    }

    /// Adds an entry whose key is not there; its access clock is set to now.
    pub fn insert_new(&mut self, key: &Key<'_>, entry: Entry) {
        self.put(key, entry, self.access.of_new_key());
        self.notify(EventClass::NEW, "new", key);
    }

    /// Adds an entry whose key is not there, and which was used as `usage` tells, where that has a meaning under the
    /// eviction policy.
    pub fn insert_used(&mut self, key: &Key<'_>, entry: Entry, usage: Option<Usage>) {
        self.put(key, entry, self.access.of_used_key(usage));
        self.notify(EventClass::NEW, "new", key);
    }

    /// Puts an entry in the place of whatever the key held.
    pub fn insert(&mut self, key: &Key<'_>, entry: Entry) {
        let Some(old) = self.take(key) else {
            return self.insert_new(key, entry);
        };
        let clock = self.access.of_replaced_key(old.clock());
        self.discard(old);
        self.put(key, entry, clock);
    }

    /// The one place where a key gets a value of a type that it has not had.
    fn put(&mut self, key: &Key<'_>, mut entry: Entry, clock: u32) {
        if self.waiters.is_anybody() {
            self.tell_waiters(key, &entry);
        }
        entry.set_clock(clock);
        self.databases[self.current].insert_new(key, entry, &mut self.laps);
    }

    /// Removes a key; a big value is freed later, in slices. `false` when there was none.
    pub fn remove(&mut self, key: &Key<'_>) -> bool {
        match self.take(key) {
            Some(entry) => {
                self.discard(entry);
                true
            }
            None => false,
        }
    }

    /// Takes a key's entry out of the database. An expired one is gone.
    pub fn take(&mut self, key: &Key<'_>) -> Option<Entry> {
        self.expire_if_due::<true>(key);
        let entry = self.databases[self.current].remove(key)?;
        if entry.is_stamped() {
            // Where it goes, the stamp may mean nothing.
            entry.set_stamp(false);
        }
        Some(entry)
    }

    /// Frees an entry that is in no database: small ones now, big ones in slices.
    pub fn discard(&mut self, entry: Entry) {
        if entry.free_cost() > FREE_AT_ONCE {
            self.lazy.push_value(entry.into_value());
        }
    }

    /// Frees a list that was cut off another: a small one now, a big one in slices.
    pub fn discard_list(&mut self, list: List) {
        if list.free_cost() > FREE_AT_ONCE {
            self.lazy.push_value(DetachedValue::List(list));
        }
    }

    /// When the key expires, Unix milliseconds; `None` when it does not, or is not there.
    pub fn expiry(&mut self, key: &Key<'_>) -> Option<u64> {
        self.peek_quietly(key).and_then(|entry| entry.expiry())
    }

    /// Changes when a key expires; `false` when it is not there.
    pub fn set_expiry(&mut self, key: &Key<'_>, expiry: Option<u64>) -> bool {
        if self.databases[self.current].part().is_some() {
            self.before_write(key);
        }
        self.databases[self.current].set_expiry(key, expiry)
    }

    /// Tells that a key was changed by an event of this class and name. Every command that changes data calls it, once
    /// a change that counts in Redis's `dirty`; without it the command is not logged.
    #[inline(always)]
    pub fn modified(&mut self, class: EventClass, event: &'static str, key: &Key<'_>) {
        self.notify(class, event, key);
        self.dirty += 1;
    }

    /// Tells of an event that does not count in `dirty`: one more of a change that [`Keyspace::modified`] has told of
    /// (RENAME's second key, the expiry that SET gives), or no change by a command (a key expired).
    #[inline(always)]
    pub fn notify(&mut self, class: EventClass, event: &'static str, key: &Key<'_>) {
        // Keyspace notifications, WATCH and client-side caching hang on this one place.
        if self.events.are_wanted() {
            self.tell(class, event, key);
        }
    }

    #[cold]
    #[inline(never)]
    fn tell(&mut self, class: EventClass, event: &'static str, key: &Key<'_>) {
        self.events.push_key(self.current, class, event, key.bytes);
        if self.watched.is_anything() && class != EventClass::KEY_MISS {
            self.watched.touch(self.current, key);
        }
    }

    /// Keys in the current database, expired ones that nobody met yet included.
    pub fn len(&self) -> usize {
        self.databases[self.current].table.len()
    }

    /// Whether the current database has no key.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Keys and volatile keys of `db`.
    pub fn database_len(&self, db: usize) -> (usize, usize) {
        let database = &self.databases[db];
        (database.table.len(), database.expiries.len())
    }

    /// How the table of `db` is filled; `count`: with its buckets looked at.
    pub fn table_figures(&self, db: usize, count: bool) -> Figures {
        self.databases[db].table.figures(count)
    }

    /// Bytes of the table of `db`, and of its indexes of expiry times.
    pub fn overhead_bytes(&self, db: usize) -> (usize, usize) {
        let database = &self.databases[db];
        let indexes = database.expiries.memory_bytes() + database.hashes.memory_bytes();
        (database.table.memory_bytes(), indexes)
    }

    /// How many percent of the volatile keys are there after their time, as their turn has not come.
    pub fn stale_percent(&self) -> f64 {
        let indexes = || self.databases.iter().map(|database| &database.expiries);
        let all: usize = indexes().map(|index| index.len()).sum();
        let due: usize = indexes().map(|index| index.count_due(self.now_ms)).sum();
        due as f64 / all.max(1) as f64 * 100.0
    }

    /// About how many milliseconds the volatile keys of `db` have left on average: of so many of them, at even distances
    /// in the order of time.
    pub fn mean_ttl_ms(&self, db: usize, samples: usize) -> u64 {
        let expiries = &self.databases[db].expiries;
        let count = expiries.len().min(samples);
        let sampled = (0..count).filter_map(|at| {
            // The middle of each of as many equal parts.
            let rank = (2 * at + 1) as u128 * expiries.len() as u128 / (2 * count) as u128;
            expiries.get(rank as usize)
        });
        let left = sampled.map(|(when_ms, _)| u128::from(when_ms.saturating_sub(self.now_ms)));
        (left.sum::<u128>() / count.max(1) as u128) as u64
    }

    /// Hashes of `db` with volatile fields.
    pub fn volatile_hashes(&self, db: usize) -> usize {
        self.databases[db].hashes.len()
    }

    /// Walks the current database from `cursor`; see [`crate::structure::table::Table::scan`]. Keys that are due to
    /// expire are given as well: ask [`Keyspace::is_due`].
    pub fn scan(&self, cursor: u64, count: usize, each: impl FnMut(ItemRef<'_, Entry>)) -> u64 {
        self.databases[self.current].table.scan(cursor, count, each)
    }

    /// Whether an entry's time has come, or that of all its fields.
    #[inline]
    pub fn is_due(&self, entry: &Entry) -> bool {
        let is_due = entry.expiry().is_some_and(|when| when <= self.now_ms);
        !self.loading && (is_due || entry.is_volatile_hash() && self.has_no_field(entry))
    }

    /// Whether [`Keyspace::is_due`] may hold for an entry of the current database.
    pub fn may_have_due(&self) -> bool {
        self.databases[self.current].due_from_ms() <= self.now_ms
    }

    /// A fair random key of the current database that has not expired.
    pub fn random_key(&mut self) -> Option<Vec<u8>> {
        loop {
            let database = &self.databases[self.current];
            let entry = database.table.random(&mut self.prng)?;
            let bytes = entry.key().to_vec();
            if !self.is_due(&entry) {
                return Some(bytes);
            }
            let key = self.key(&bytes);
            self.expire_if_due::<false>(&key);
        }
    }

    /// Empties `db`; its memory is freed in slices. Returns how many keys it had.
    pub fn flush(&mut self, db: usize) -> usize {
        let fresh = Database::new(self.hasher);
        let old = core::mem::replace(&mut self.databases[db], fresh);
        let len = old.table.len();
        self.let_go(old);
        self.events.push_flushed(db);
        self.watched.replaced(db);
        len
    }

    /// Exchanges the contents of two databases.
    pub fn swap(&mut self, a: usize, b: usize) {
        self.databases.swap(a, b);
        self.events.push_swapped(a, b);
        self.watched.replaced(a);
        self.watched.replaced(b);
        self.waiters.database_swapped(a);
        self.waiters.database_swapped(b);
    }

    /// Frees about `budget` elements of what waits to be freed; `true` when nothing waits.
    pub fn free_some(&mut self, budget: usize) -> bool {
        self.lazy.run(budget)
    }

    /// Big values and databases that wait to be freed, and how many were freed that way.
    pub fn lazy_free_counts(&self) -> (usize, u64) {
        (self.lazy.len(), self.lazy.objects_freed())
    }

    /// Bytes of the tables, entries not counted.
    pub fn table_bytes(&self) -> usize {
        self.databases
            .iter()
            .map(|database| database.table.memory_bytes())
            .sum()
    }
}

/// Puts a string in the place of an entry's value; `false`, and nothing done, when that is too big to be freed now.
#[inline(never)]
fn change_to_string(entry: &mut Entry, value: &[u8]) -> bool {
    // A hash with volatile fields must leave its index.
    let is_small = entry.free_cost() <= FREE_AT_ONCE && !entry.is_volatile_hash();
    if is_small {
        entry.set_string(value);
    }
    is_small
}

#[cfg(test)]
mod tests;
