//! Eviction: which key goes when memory is full.
//!
//! [`Keyspace::evict`] removes one key, chosen as `maxmemory-policy` says; whoever watches the memory calls it until there
//! is room. It takes the same short time whatever the number of keys:
//!
//! - `allkeys-lru`, `allkeys-lfu`: a sample of the table (`maxmemory-samples`, rounded up to whole buckets) goes into a
//!   pool of the best candidates so far (`pool.rs`), and the best of these goes.
//! - `volatile-lru`, `volatile-lfu`: the same with the volatile keys of a sample of the table when at least half of the
//!   keys are volatile, otherwise with keys at random ranks of the expiry index.
//! - `allkeys-random`, `volatile-random`: a fair random key.
//! - `volatile-ttl`: of `maxmemory-samples` volatile keys the one that expires first. The expiry index would tell the first
//!   of all, but then keys with a short time to live were never kept long enough to be found again: as a cache, a
//!   sample serves better.
//!
//! With several databases each takes part as often as it has keys.

mod clock;
mod pool;
#[cfg(test)]
mod tests;

pub use clock::{AccessClock, counts_uses};
pub(super) use pool::Pool;

use super::database::Database;
use super::entry::Entry;
use super::{EventClass, Keyspace};
use crate::bytes::prng::Prng;
use crate::settings::MaxmemoryPolicy;
use pool::Candidate;

/// Most keys of the expiry index that are looked up for a sample.
const RANKS_MAX: usize = 64;

/// Which keys take part.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Scope {
    All,
    Volatile,
}

impl Scope {
    fn size(self, database: &Database) -> usize {
        match self {
            Scope::All => database.table.len(),
            Scope::Volatile => database.expiries.len(),
        }
    }

    fn has(self, entry: &Entry) -> bool {
        self == Scope::All || entry.expiry().is_some()
    }
}

impl Keyspace {
    /// Evicts one key: it is gone, logged as DEL, told as `evicted` and counted; a big value is freed later, in slices.
    /// `samples` is `maxmemory-samples`. `false` when the policy leaves no key to evict.
    pub fn evict(&mut self, policy: MaxmemoryPolicy, samples: usize) -> bool {
        if self.loading {
            return false;
        }
        let victim = match policy {
            MaxmemoryPolicy::Noeviction => None,
            MaxmemoryPolicy::AllkeysLru | MaxmemoryPolicy::AllkeysLfu => {
                self.take_best(Scope::All, samples)
            }
            MaxmemoryPolicy::VolatileLru | MaxmemoryPolicy::VolatileLfu => {
                self.take_best(Scope::Volatile, samples)
            }
            MaxmemoryPolicy::AllkeysRandom => self.take_any(),
            MaxmemoryPolicy::VolatileRandom => self.take_any_volatile(1),
            MaxmemoryPolicy::VolatileTtl => self.take_any_volatile(samples),
        };
        match victim {
            Some((db, entry)) => {
                self.evicted(db, entry);
                true
            }
            None => false,
        }
    }

    fn evicted(&mut self, db: usize, entry: Entry) {
        self.after_removal(db, &entry);
        self.counters.evicted += 1;
        self.effects.log_eviction(db, entry.key());
        let home = self.select(db);
        let key = self.key(entry.key());
        self.notify(EventClass::EVICTED, "evicted", &key);
        self.select(home);
        self.discard(entry);
    }

    fn take_any(&mut self) -> Option<(usize, Entry)> {
        let db = self.random_database(Scope::All)?;
        Some((db, self.databases[db].take_random(&mut self.prng)?))
    }

    /// Takes the first to expire of so many volatile keys.
    fn take_any_volatile(&mut self, samples: usize) -> Option<(usize, Entry)> {
        let db = self.random_database(Scope::Volatile)?;
        let database = &mut self.databases[db];
        let len = database.expiries.len() as u64;
        let ranks = (0..samples.clamp(1, RANKS_MAX)).map(|_| self.prng.below(len) as usize);
        let (when_ms, hash) = database.expiries.get(ranks.min()?)?;
        Some((db, database.take_expiring(when_ms, hash)?))
    }

    /// Takes the key out that is done without best, as far as the samples so far tell.
    fn take_best(&mut self, scope: Scope, samples: usize) -> Option<(usize, Entry)> {
        let access = self.access;
        self.pool.rescore(&access);
        // All candidates may be gone or in use again. Then the pool is empty, and the next sample fills it.
        for _ in 0..2 {
            let db = self.random_database(scope)?;
            self.sample(db, scope, samples);
            while let Some(candidate) = self.pool.take_best() {
                let db = candidate.db as usize;
                let taken = self
                    .databases
                    .get_mut(db)?
                    .take_by_hash(candidate.hash, |entry| {
                        entry.clock() == candidate.clock && scope.has(entry)
                    });
                if let Some(entry) = taken {
                    return Some((db, entry));
                }
            }
        }
        None
    }

    /// A database, each as likely as it has keys.
    fn random_database(&mut self, scope: Scope) -> Option<usize> {
        let sizes = self.databases.iter().map(|database| scope.size(database));
        let total = sizes.clone().sum::<usize>();
        let mut rank = self.prng.below(total as u64) as usize;
        for (db, size) in sizes.enumerate() {
            if rank < size {
                return Some(db);
            }
            rank -= size;
        }
        None
    }

    fn sample(&mut self, db: usize, scope: Scope, samples: usize) {
        let (database, hasher, access) = (&self.databases[db], self.hasher, self.access);
        let volatile = database.expiries.len();
        let pool = &mut self.pool;
        let mut offer = |entry: &Entry| {
            let clock = entry.clock();
            pool.offer(access.dispensability(clock), || Candidate {
                db: db as u32,
                clock,
                hash: hasher.hash(entry.key()),
            });
        };
        if scope == Scope::Volatile && volatile < database.table.len() / 2 {
            return sample_ranks(database, samples, &mut self.prng, &mut offer);
        }
        let mut left = samples;
        while left > 0 {
            let mut found = 0;
            database.table.sample(&mut self.prng, left, |entry| {
                if scope.has(&entry) {
                    found += 1;
                    offer(&entry);
                }
            });
            left = left.saturating_sub(found);
        }
    }
}

/// Offers keys at random ranks of the expiry index.
fn sample_ranks(
    database: &Database,
    samples: usize,
    prng: &mut Prng,
    offer: &mut impl FnMut(&Entry),
) {
    let mut items = [(0, 0); RANKS_MAX];
    let items = &mut items[..samples.min(RANKS_MAX)];
    let len = database.expiries.len() as u64;
    for item in items.iter_mut() {
        let rank = prng.below(len) as usize;
        *item = database.expiries.get(rank).unwrap_or_default();
        database.table.prefetch_bucket(item.1);
    }
    for item in items.iter() {
        database.table.prefetch_item(item.1);
    }
    for &(when_ms, hash) in items.iter() {
        if let Some(entry) = database.find_expiring(when_ms, hash) {
            offer(&entry);
        }
    }
}
