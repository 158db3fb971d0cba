//! Taking many keys in, one after the other: what a file is loaded with.

use super::{Key, Keyspace};
use crate::codec::rdb::Usage;
use crate::keyspace::Entry;
use alloc::vec::Vec;

/// Keys whose buckets are brought near together.
const TOGETHER: usize = 16;

/// Keys of the current database that wait for their buckets. [`Loading::flush`] before another one is selected.
#[derive(Default)]
pub struct Loading {
    entries: heapless::Vec<(Entry, u64, Option<Usage>), TOGETHER>,
}

impl Keyspace {
    /// Prepares the current database, if it is empty, for about so many keys.
    pub fn reserve(&mut self, keys: usize) {
        self.databases[self.current].table.reserve(keys);
    }
}

impl Loading {
    /// Takes a key in. `Err` names one that was there already.
    pub fn push(
        &mut self,
        keys: &mut Keyspace,
        entry: Entry,
        usage: Option<Usage>,
    ) -> Result<(), Vec<u8>> {
        let hash = keys.hasher.hash(entry.key());
        keys.prefetch_bucket(keys.current, hash);
        if let Err((entry, hash, usage)) = self.entries.push((entry, hash, usage)) {
            self.flush(keys)?;
            let _fits = self.entries.push((entry, hash, usage));
        }
        Ok(())
    }

    /// Takes in what waits. `Err` names a key that was there already.
    pub fn flush(&mut self, keys: &mut Keyspace) -> Result<(), Vec<u8>> {
        for (entry, hash, usage) in core::mem::take(&mut self.entries) {
            let clock = keys.access.of_used_key(usage);
            let database = &mut keys.databases[keys.current];
            let key = Key {
                bytes: entry.key(),
                hash,
            };
            if database.find(&key).is_some() {
                return Err(entry.key().to_vec());
            }
            database.load_new(hash, entry, clock);
        }
        Ok(())
    }
}
