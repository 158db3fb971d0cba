//! RDB files among the data: the snapshot that a server without a log starts from, and what a base file, or a log of a
//! server that knew no manifests, begins with.

use super::aof::Aof;
use super::load::{FileToLoad, Load, LoadError, Reader, io};
use super::manifest::Manifest;
use super::rdb_load::RdbReader;
use super::replay::{Replay, Slice};
use crate::platform::{IoError, Storage};
use crate::session::Shared;
use alloc::boxed::Box;

impl<S: Storage> Aof<S> {
    /// Begins to load the snapshot `name` of the data directory, which [`Aof::load_step`] goes on with; `None` when there is
    /// none. Nothing is logged then.
    pub fn begin_snapshot_load(
        &mut self,
        name: &str,
        shared: &mut Shared,
        now_us: u64,
    ) -> Result<Option<Load>, LoadError> {
        let len = match self.storage.file_len(name) {
            Ok(len) => len,
            Err(IoError::NOT_FOUND) => return Ok(None),
            Err(error) => return Err(io(name, error)),
        };
        let file = FileToLoad::whole(name, len);
        Ok(Some(Load::new(
            Manifest::default(),
            alloc::vec![file],
            true,
            shared,
            now_us,
        )))
    }

    /// A reader for the file that comes next: what is in it, its first bytes tell.
    pub(super) fn reader_for(&mut self, load: &Load, shared: &Shared) -> Result<Reader, LoadError> {
        let (file, is_snapshot) = (load.file(), load.is_snapshot());
        let is_rdb = begins_as_rdb(&mut self.storage, file.path());
        if is_snapshot || is_rdb.map_err(|error| io(file.path(), error))? {
            if !is_snapshot {
                log::info!("Reading RDB base file on AOF loading...");
            }
            let verify = shared.settings.rdbchecksum;
            let reader = RdbReader::new(file.path(), file.end(), !is_snapshot, verify);
            return Ok(Reader::Rdb(Box::new(reader)));
        }
        Ok(Reader::Commands(Box::new(Replay::new(
            file.end(),
            load.sequence(),
        ))))
    }

    /// Goes on with an RDB file; `None` when its end has come: the reader is one for what follows in the file then.
    pub(super) fn rdb_slice(
        &mut self,
        reader: &mut Reader,
        load: &mut Load,
        shared: &mut Shared,
        is_time_up: &mut dyn FnMut() -> bool,
    ) -> Result<Option<Slice>, LoadError> {
        let Reader::Rdb(rdb) = reader else {
            return Ok(None);
        };
        let slice = rdb.run(shared, is_time_up)?;
        if slice == Slice::Done {
            let counts = rdb.counts;
            load.add_keys(counts.keys);
            log::info!(
                "Done loading RDB, keys loaded: {}, keys expired: {}, empty keys skipped: {}.",
                counts.keys,
                counts.expired,
                counts.empty
            );
            let (at, end) = (rdb.position(), load.file().end());
            *reader = Reader::Commands(Box::new(Replay::new(end, load.sequence()).starting_at(at)));
            return Ok(None);
        }
        Ok(Some(slice))
    }
}

/// Whether a file begins as an RDB file does.
fn begins_as_rdb<S: Storage>(storage: &mut S, path: &str) -> Result<bool, IoError> {
    let (mut head, mut len) = ([0; 5], 0);
    while len < head.len() {
        match storage.read_at(path, len as u64, &mut head[len..])? {
            0 => break,
            count => len += count,
        }
    }
    Ok(head == *b"REDIS" || head == *b"VALKE")
}
