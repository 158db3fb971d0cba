//! The snapshot file: what the walk over the keys gives (`keyspace/snapshot`) goes to a file beside the old one, which takes
//! its name when it is durable.
//!
//! ```text
//! begin -> Walking: step, append, step, append ... -> Syncing -> Naming: renamed, the helper syncs that -> status told
//!             | a failure                               | a failure
//!             v                                         v
//!          Discarding: the walk goes to its end      the file is removed, status told
//! ```
//!
//! A power cut at any moment leaves the old file or the new one.

mod status;

pub use status::{BUSY, SnapshotStatus};

use super::files::create_fresh;
use crate::codec::rdb::crc64;
use crate::keyspace::{Keyspace, SnapshotOptions, SnapshotStep};
use crate::platform::{AppendFile, IoError, Storage};
use alloc::string::String;
use alloc::vec::Vec;

/// The file until it is complete.
const TEMPORARY: &str = "temp-snapshot.rdb";
/// The walk's output is appended when it is so long.
const APPENDED_AT_ONCE: usize = 64 * 1024;
/// After so many bytes the helper thread writes them to the disk, so that they do not all come at the end.
const SYNCED_AT_ONCE: u64 = 16 << 20;

/// Makes snapshots, one at a time.
pub struct Snapshots<F> {
    running: Option<Running<F>>,
    /// What came of a base, until it is taken.
    base: Option<Result<u64, IoError>>,
    /// What INFO shows.
    pub status: SnapshotStatus,
}

struct Running<F> {
    temporary: String,
    name: String,
    /// It is the base of a log.
    is_base: bool,
    file: F,
    phase: Phase,
    crc: u64,
    has_checksum: bool,
    synced: u64,
    /// Changes before it began.
    dirty: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Walking,
    Discarding(IoError),
    /// The helper thread makes all bytes durable.
    Syncing,
    /// It has its name, and the helper thread makes that durable.
    Naming,
}

/// Whether there is something to do at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// Nothing, or the disk has.
    None,
    /// The walk goes on.
    Left,
}

impl<F: AppendFile> Snapshots<F> {
    /// None was made yet. `wall_us`: now.
    pub fn new(wall_us: u64) -> Self {
        Snapshots {
            running: None,
            base: None,
            status: SnapshotStatus::new(wall_us),
        }
    }

    /// Whether one is being made.
    pub fn is_running(&self) -> bool {
        self.running.is_some()
    }

    /// Whether one is being made that is no base of a log.
    pub fn is_saving(&self) -> bool {
        self.running.as_ref().is_some_and(|r| !r.is_base)
    }

    /// Takes the outcome of a base: its length, when it is durable under its name.
    pub fn take_base(&mut self) -> Option<Result<u64, IoError>> {
        self.base.take()
    }

    /// Begins the base of a log, with the paths that it has until it is complete and then. None must be running.
    pub fn begin_base<S: Storage<File = F>>(
        &mut self,
        storage: &mut S,
        keys: &mut Keyspace,
        (temporary, name): (String, String),
        options: &SnapshotOptions,
        has_checksum: bool,
    ) -> Result<(), IoError> {
        self.base = None;
        let file = create_fresh(storage, &temporary)?;
        keys.begin_snapshot(options);
        self.running = Some(Running {
            temporary,
            name,
            is_base: true,
            file,
            phase: Phase::Walking,
            crc: 0,
            has_checksum,
            synced: 0,
            dirty: keys.dirty,
        });
        Ok(())
    }

    /// The base that is being made is not wanted any more.
    pub fn discard_base<S: Storage<File = F>>(&mut self, storage: &mut S) {
        self.base = None;
        let Some(running) = self.running.as_mut().filter(|running| running.is_base) else {
            return;
        };
        if matches!(running.phase, Phase::Walking | Phase::Discarding(_)) {
            // What was stamped must be walked over.
            running.phase = Phase::Discarding(IoError::OTHER);
            return;
        }
        let _ = storage.remove(&running.temporary);
        self.running = None;
    }

    /// Begins one, to be the file `name`. None must be running. `now_us` is monotonic.
    pub fn begin<S: Storage<File = F>>(
        &mut self,
        storage: &mut S,
        keys: &mut Keyspace,
        name: &str,
        options: &SnapshotOptions,
        has_checksum: bool,
        now_us: u64,
    ) -> Result<(), IoError> {
        self.status.begun(now_us);
        let file = match storage.create(TEMPORARY) {
            Ok(file) => file,
            Err(error) => {
                self.status.ended(false, now_us, 0, 0);
                log::warn!("Failed opening the temp RDB file {TEMPORARY}: {error}");
                return Err(error);
            }
        };
        keys.begin_snapshot(options);
        self.running = Some(Running {
            temporary: TEMPORARY.into(),
            name: name.into(),
            is_base: false,
            file,
            phase: Phase::Walking,
            crc: 0,
            has_checksum,
            synced: 0,
            dirty: keys.dirty,
        });
        Ok(())
    }

    /// Goes on for a little. `now_us` is monotonic, `wall_us` since the epoch.
    pub fn step<S: Storage<File = F>>(
        &mut self,
        storage: &mut S,
        keys: &mut Keyspace,
        now_us: u64,
        wall_us: u64,
    ) -> Work {
        let Some(running) = &mut self.running else {
            return Work::None;
        };
        let outcome = match running.phase {
            Phase::Walking | Phase::Discarding(_) => match running.walk(keys) {
                false => return Work::Left,
                true => running.begin_sync(),
            },
            Phase::Syncing | Phase::Naming => running.finish(storage),
        };
        match outcome {
            Ok(false) => {}
            Ok(true) => self.end(storage, Ok(()), now_us, wall_us),
            Err(error) => self.end(storage, Err(error), now_us, wall_us),
        }
        Work::None
    }

    /// Goes on until all is written and durable, whatever time that takes (SAVE).
    pub fn complete<S: Storage<File = F>>(
        &mut self,
        storage: &mut S,
        keys: &mut Keyspace,
        now_us: u64,
        wall_us: u64,
    ) -> Result<(), IoError> {
        let Some(running) = &mut self.running else {
            return Ok(());
        };
        if !matches!(running.phase, Phase::Syncing | Phase::Naming) {
            while !running.walk(keys) {}
        }
        let outcome = match running.phase {
            Phase::Discarding(error) => Err(error),
            Phase::Naming => running.file.sync_now(),
            _ => running
                .file
                .sync_now()
                .and_then(|()| storage.rename_durable(&running.temporary, &running.name)),
        };
        self.end(storage, outcome, now_us, wall_us);
        outcome
    }

    fn end<S: Storage<File = F>>(
        &mut self,
        storage: &mut S,
        outcome: Result<(), IoError>,
        now_us: u64,
        wall_us: u64,
    ) {
        let Some(running) = self.running.take() else {
            return;
        };
        if running.is_base {
            let bytes = running.file.len();
            self.base = Some(outcome.map(|()| bytes));
            drop(running.file);
            if outcome.is_err() {
                let _ = storage.remove(&running.temporary);
            }
            return;
        }
        self.status
            .ended(outcome.is_ok(), now_us, wall_us, running.dirty);
        match outcome {
            Ok(()) => log::info!("DB saved on disk"),
            Err(error) => {
                log::warn!("Write error saving DB on disk: {error}");
                drop(running);
                let _ = storage.remove(TEMPORARY);
            }
        }
    }
}

impl<F: AppendFile> Running<F> {
    /// Takes a step of the walk; `true` when all is appended, or discarded.
    fn walk(&mut self, keys: &mut Keyspace) -> bool {
        let is_done = keys.step_snapshot() == SnapshotStep::Done;
        let Some(out) = keys.snapshot_output() else {
            return true;
        };
        if !is_done && out.len() < APPENDED_AT_ONCE {
            return false;
        }
        if self.phase == Phase::Walking {
            if self.has_checksum {
                self.crc = crc64::update(self.crc, out);
            }
            if is_done {
                out.extend_from_slice(&self.crc.to_le_bytes());
            }
            if let Err(error) = self.append(out) {
                self.phase = Phase::Discarding(error);
            }
        }
        empty(out);
        if is_done {
            keys.end_snapshot();
        }
        is_done
    }

    fn append(&mut self, bytes: &[u8]) -> Result<(), IoError> {
        let mut rest = bytes;
        while !rest.is_empty() {
            let count = self.file.append(rest)?;
            rest = &rest[count.min(rest.len())..];
        }
        if self.file.len() - self.synced >= SYNCED_AT_ONCE {
            self.synced = self.file.len();
            self.file.start_sync()?;
        }
        Ok(())
    }

    fn begin_sync(&mut self) -> Result<bool, IoError> {
        if let Phase::Discarding(error) = self.phase {
            return Err(error);
        }
        self.phase = Phase::Syncing;
        self.file.start_sync()?;
        Ok(false)
    }

    /// Gives the file its name when it is durable; whether that is done.
    fn finish<S: Storage<File = F>>(&mut self, storage: &mut S) -> Result<bool, IoError> {
        if self.file.durable_len()? < self.file.len() {
            return Ok(false);
        }
        if self.phase == Phase::Naming {
            return Ok(true);
        }
        self.phase = Phase::Naming;
        storage.start_rename(&mut self.file, &self.temporary, &self.name)?;
        Ok(self.file.durable_len()? == self.file.len())
    }
}

/// Empties a buffer, and gives back what a big value made of it.
fn empty(out: &mut Vec<u8>) {
    out.clear();
    if out.capacity() > 4 * APPENDED_AT_ONCE {
        *out = Vec::new();
    }
}
