//! Loading an RDB file: the snapshot of a server without a log, or what a file of the log begins with. No I/O: see
//! [`super::load`].
//!
//! Keys are taken in a few at a time, so that the cache misses of their buckets overlap. A file that is damaged, holds what
//! Rotom does not know, or has a key twice, stops the start, and the error says where and which key.

use super::load::LoadError;
use super::replay::Slice;
use crate::codec::rdb::{Event, FileReader, KeyRead, Loaded, Skipped};
use crate::keyspace::{Entry, Keyspace, Loading};
use crate::session::Shared;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// Every how many keys the clock is looked at.
const KEYS_PER_LOOK: u64 = 64;
/// The bytes of a file that justify room for a key; nearly all keys have more.
const FILE_BYTES_PER_KEY: u64 = 8;

/// What a file came to so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct RdbCounts {
    /// Keys that are in the databases now.
    pub(super) keys: u64,
    /// Keys that had expired and were left out.
    pub(super) expired: u64,
    /// Keys without a value, left out as well.
    pub(super) empty: u64,
    functions: u64,
}

/// Takes in the keys that a file's bytes hold.
pub(super) struct RdbReader {
    path: String,
    end: u64,
    is_base: bool,
    reader: FileReader,
    db: usize,
    pub(super) counts: RdbCounts,
    keys: Loading,
    /// The room was filled with nothing: the file ends here.
    has_ended: bool,
}

impl RdbReader {
    /// A reader for the file `path`, which ends at `end` or before. `is_base`: it is part of a log, so that keys which have
    /// expired are kept until the log deletes them. `verify`: whether its checksum is computed.
    pub(super) fn new(path: &str, end: u64, is_base: bool, verify: bool) -> Self {
        RdbReader {
            path: path.into(),
            end,
            is_base,
            reader: FileReader::new(verify),
            db: 0,
            counts: RdbCounts::default(),
            keys: Loading::default(),
            has_ended: false,
        }
    }

    /// The file offset of what comes next.
    pub(super) fn position(&self) -> u64 {
        self.reader.position()
    }

    /// The file offset to read at, and the room to read into.
    pub(super) fn room(&mut self) -> (u64, &mut [u8]) {
        let (offset, room) = self.reader.room();
        let left = usize::try_from(self.end.saturating_sub(offset)).unwrap_or(usize::MAX);
        let most = room.len().min(left);
        (offset, &mut room[..most])
    }

    /// `count` bytes were read into the room; 0: the file has ended.
    pub(super) fn filled(&mut self, count: usize) {
        self.reader.filled(count);
        self.has_ended = count == 0;
    }

    /// Takes in what is read, until `is_time_up`.
    pub(super) fn run(
        &mut self,
        shared: &mut Shared,
        is_time_up: &mut dyn FnMut() -> bool,
    ) -> Result<Slice, LoadError> {
        let home = shared.keys.select(self.db);
        let slice = self.take_keys(&mut shared.keys, is_time_up);
        let flushed = self.keys.flush(&mut shared.keys);
        shared.keys.select(home);
        let slice = slice?;
        flushed.map_err(|key| self.twice(&key))?;
        if slice == Slice::Done {
            self.say_what_is_left_out();
        }
        Ok(slice)
    }

    fn take_keys(
        &mut self,
        keys: &mut Keyspace,
        is_time_up: &mut dyn FnMut() -> bool,
    ) -> Result<Slice, LoadError> {
        let limits = keys.limits;
        loop {
            let event = self.reader.next(&limits).map_err(|damage| LoadError::Rdb {
                file: self.path.clone(),
                offset: damage.offset,
                reason: damage.reason,
            })?;
            match event {
                Event::Key(read) => {
                    let is_due =
                        !self.is_base && read.expiry_ms.is_some_and(|when| when < keys.now_ms);
                    let taken = take_key(read, is_due, &mut self.counts, keys, &mut self.keys);
                    taken.map_err(|key| self.twice(&key))?;
                    let seen = self.counts.keys + self.counts.expired;
                    if seen.is_multiple_of(KEYS_PER_LOOK) && is_time_up() {
                        return Ok(Slice::TimeUp);
                    }
                }
                Event::More(_) if self.has_ended => {
                    return Err(self.damaged("Unexpected end of file".into()));
                }
                Event::More(_) => return Ok(Slice::More),
                Event::Select(db) => {
                    let flushed = self.keys.flush(keys);
                    flushed.map_err(|key| self.twice(&key))?;
                    self.select(db, keys)?;
                }
                Event::Sizes(count, _) => {
                    // No more than what is left of the file can hold.
                    let left = self.end.saturating_sub(self.reader.position());
                    let count = count.min(left / FILE_BYTES_PER_KEY);
                    keys.reserve(usize::try_from(count).unwrap_or(0));
                }
                Event::Aux(name, value) => say_aux(name, value),
                Event::Skipped(Skipped::Function) => self.counts.functions += 1,
                Event::Skipped(Skipped::ModuleData) => {
                    let path = &self.path;
                    log::warn!("Data that a module keeps outside of keys is left out of {path}");
                }
                Event::End { .. } => return Ok(Slice::Done),
            }
        }
    }

    fn select(&mut self, db: u64, keys: &mut Keyspace) -> Result<(), LoadError> {
        let count = keys.database_count();
        match usize::try_from(db) {
            Ok(db) if db < count => {
                self.db = db;
                keys.select(db);
                Ok(())
            }
            _ => Err(self.damaged(format!(
                "Data file was created with a server configured to handle more than {count} databases"
            ))),
        }
    }

    fn say_what_is_left_out(&self) {
        let (count, path) = (self.counts.functions, &self.path);
        if count > 0 {
            log::warn!("{count} function libraries in {path} are left out: Rotom has no functions");
        }
    }

    fn twice(&self, key: &[u8]) -> LoadError {
        self.damaged(format!("The key '{}' is there twice", key.escape_ascii()))
    }

    fn damaged(&self, reason: String) -> LoadError {
        LoadError::Rdb {
            file: self.path.clone(),
            offset: self.reader.position(),
            reason,
        }
    }
}

/// Takes a key in, or leaves it out. `Err` names one that was there already.
fn take_key(
    read: KeyRead<'_>,
    is_due: bool,
    counts: &mut RdbCounts,
    keys: &mut Keyspace,
    loading: &mut Loading,
) -> Result<(), Vec<u8>> {
    if is_due {
        counts.expired += 1;
        // Its value may be big.
        if !matches!(read.value, Loaded::String(_))
            && let Some(entry) = Entry::with_loaded(read.key, read.value, None)
        {
            keys.discard(entry);
        }
        return Ok(());
    }
    match Entry::with_loaded(read.key, read.value, read.expiry_ms) {
        None => {
            counts.empty += 1;
            log::warn!("The empty key '{}' is left out", read.key.escape_ascii());
            Ok(())
        }
        Some(entry) => {
            counts.keys += 1;
            loading.push(keys, entry, read.usage)
        }
    }
}

fn say_aux(name: &[u8], value: &[u8]) {
    let value = value.escape_ascii();
    match name {
        b"redis-ver" => log::info!("Loading RDB produced by version {value}"),
        b"valkey-ver" => log::info!("Loading RDB produced by Valkey version {value}"),
        b"rotom-ver" => log::info!("Loading RDB produced by Rotom version {value}"),
        b"ctime" => log::info!("RDB was created at the Unix time {value}"),
        b"used-mem" => log::info!("RDB memory usage when created: {value} bytes"),
        _ => {}
    }
}
