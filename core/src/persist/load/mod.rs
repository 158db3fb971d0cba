//! Loading the log at the start: the manifest's files in order, each command run as it was logged.
//!
//! ```text
//! Aof::begin_load  ->  Load  ->  Aof::load_step, again and again  ->  true: the log is open for appending
//! ```
//!
//! A [`Load`] is a state that is taken further in slices of time, so that the loop can serve connections between them.
//! Bytes come to a reader, which runs what they say: [`Reader`] has one variant a format: commands, and an RDB file, which
//! commands may follow; the file's first bytes tell (`Aof::reader_for`). A reader
//! does no I/O: it says where to read next and into which room, is told how much came, and works until its time is up.
//!
//! What cannot be used is judged in `tail.rs`: a last file that ends in the middle of a batch, of a command, or of a
//! transaction, is cut there and the cut reported, when `aof-load-truncated` is on; so is a damaged end shorter than
//! `aof-load-corrupt-tail-max-size`. Damage anywhere else, a file that is missing, or one that is no AOF stops the start
//! with file, offset and batch: nothing is ever skipped silently.

pub(super) mod start;
mod tail;

use super::Aof;
use super::manifest::{FileKind, Manifest};
use super::rdb_load::RdbReader;
use super::replay::{Replay, Slice, Trouble, TroubleKind};
use crate::platform::{IoError, Storage};
use crate::session::{Shared, Statistics};
use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

/// How often progress is logged, microseconds.
const PROGRESS_PERIOD_US: u64 = 1_000_000;

/// Why the server cannot start from its log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LoadError {
    /// A signal came, and the server is to end.
    Interrupted,
    /// A file cannot be read or written.
    Io {
        /// The file, relative to the data directory.
        file: String,
        /// The failure.
        error: IoError,
    },
    /// The users of the configuration cannot be set up.
    Users(String),
    /// The manifest is damaged.
    Manifest(String),
    /// An RDB file does not hold what it should.
    Rdb {
        /// The file, relative to the data directory.
        file: String,
        /// Offset of the first byte that cannot be used.
        offset: u64,
        /// What is wrong.
        reason: String,
    },
    /// A file does not hold what it should.
    Damaged {
        /// The file, relative to the data directory.
        file: String,
        /// Offset of the first byte that cannot be used.
        offset: u64,
        /// The last batch before it, when there was one.
        after_batch: Option<u64>,
        /// What is wrong.
        reason: String,
    },
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LoadError::Interrupted => f.write_str("Received a signal while loading, exiting now."),
            LoadError::Io { file, error } => {
                write!(
                    f,
                    "Fatal error: can't open the append log file {file}: {error}"
                )
            }
            LoadError::Users(reason) => f.write_str(reason),
            LoadError::Manifest(reason) => write!(f, "Error loading the AOF manifest: {reason}"),
            LoadError::Rdb {
                file,
                offset,
                reason,
            } => write!(
                f,
                "Bad file format reading the RDB file {file} at offset {offset}: {reason}. The file was not changed. Make a \
                 backup; the server starts without the file once it is moved away"
            ),
            LoadError::Damaged {
                file,
                offset,
                after_batch,
                reason,
            } => {
                write!(
                    f,
                    "Bad file format reading the append only file {file} at offset {offset}"
                )?;
                if let Some(batch) = after_batch {
                    write!(f, ", after batch {batch}")?;
                }
                let folder = file.rsplit_once('/').map_or(".", |(folder, _)| folder);
                write!(
                    f,
                    ": {reason}. Nothing was changed. Make a backup of your AOF files; 'rotom-server --check-aof {folder}' \
                     tells more, and with --fix it cuts the log there and keeps what it cuts in a file beside it"
                )
            }
        }
    }
}

/// How far a load has come, for INFO.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LoadProgress {
    /// Bytes of all files.
    pub total_bytes: u64,
    /// How many of them are loaded.
    pub loaded_bytes: u64,
    /// Commands run so far.
    pub commands: u64,
}

/// A file that is to be loaded.
pub(super) struct FileToLoad {
    /// Relative to the data directory.
    path: String,
    len: u64,
    /// How many of its bytes count, when the next file was begun after a failed sync.
    counted: Option<u64>,
}

impl FileToLoad {
    /// A file of which all bytes count.
    pub(super) fn whole(path: &str, len: u64) -> Self {
        FileToLoad {
            path: path.into(),
            len,
            counted: None,
        }
    }

    pub(super) fn path(&self) -> &str {
        &self.path
    }

    pub(super) fn end(&self) -> u64 {
        self.counted.unwrap_or(self.len)
    }
}

/// Runs what the bytes of a file say. See the module's head.
#[allow(clippy::large_enum_variant, reason = "there is one at a time")]
pub(super) enum Reader {
    /// Commands, as every increment has them.
    Commands(Box<Replay>),
    /// A data set, as base files begin with, and snapshots are.
    Rdb(Box<RdbReader>),
}

impl Reader {
    /// The file offset to read at, and the room to read into.
    fn room(&mut self) -> (u64, &mut [u8]) {
        match self {
            Reader::Commands(replay) => replay.scan.room(),
            Reader::Rdb(rdb) => rdb.room(),
        }
    }

    /// `count` bytes were read into the room; 0: the file has ended.
    fn filled(&mut self, count: usize) {
        match self {
            Reader::Commands(replay) => replay.scan.filled(count),
            Reader::Rdb(rdb) => rdb.filled(count),
        }
    }

    /// The offset of what comes next, and the commands run so far.
    fn progress(&self) -> (u64, u64) {
        match self {
            Reader::Commands(replay) => (replay.scan.position(), replay.commands),
            Reader::Rdb(rdb) => (rdb.position(), 0),
        }
    }

    /// The commands; `None` where there are none yet.
    fn replay(&mut self) -> Option<&mut Replay> {
        match self {
            Reader::Commands(replay) => Some(replay),
            Reader::Rdb(_) => None,
        }
    }
}

/// A load under way. See the module's head.
pub struct Load {
    manifest: Manifest,
    files: Vec<FileToLoad>,
    /// The file that is read.
    at: usize,
    reader: Option<Reader>,
    /// The number of the last batch of the files before.
    sequence: u64,
    /// Bytes of the files before that count, and their commands.
    bytes: u64,
    commands: u64,
    /// Keys of RDB files.
    keys: u64,
    is_snapshot: bool,
    /// What the log does is not what clients do: its own counters, in the place of theirs while it runs.
    statistics: Statistics,
    started_us: u64,
    said_us: u64,
    total_bytes: u64,
}

impl Load {
    /// A load of these files, in which all is left to do.
    pub(super) fn new(
        manifest: Manifest,
        files: Vec<FileToLoad>,
        is_snapshot: bool,
        shared: &mut Shared,
        now_us: u64,
    ) -> Self {
        shared.keys.loading = true;
        Load {
            manifest,
            total_bytes: files.iter().map(FileToLoad::end).sum(),
            files,
            at: 0,
            reader: None,
            sequence: 0,
            bytes: 0,
            commands: 0,
            keys: 0,
            is_snapshot,
            statistics: Statistics::new(shared.registry.len()),
            started_us: now_us,
            said_us: now_us,
        }
    }

    /// The file that is read.
    pub(super) fn file(&self) -> &FileToLoad {
        &self.files[self.at]
    }

    /// Whether it is a snapshot, and no log.
    pub(super) fn is_snapshot(&self) -> bool {
        self.is_snapshot
    }

    /// The number of the last batch of the files before.
    pub(super) fn sequence(&self) -> u64 {
        self.sequence
    }

    /// Keys were taken from an RDB file.
    pub(super) fn add_keys(&mut self, keys: u64) {
        self.keys += keys;
    }

    /// How far it has come.
    pub fn progress(&self) -> LoadProgress {
        let (position, commands) = self.reader.as_ref().map_or((0, 0), Reader::progress);
        LoadProgress {
            total_bytes: self.total_bytes,
            loaded_bytes: self.bytes + position,
            commands: self.commands + commands,
        }
    }

    /// Whether nothing comes after the file that is read. (A rewrite that ended early may have named an empty one.)
    fn is_last(&self) -> bool {
        self.files[self.at + 1..].iter().all(|file| file.len == 0)
    }

    fn say_progress(&mut self, now_us: u64) {
        if now_us.saturating_sub(self.said_us) < PROGRESS_PERIOD_US {
            return;
        }
        self.said_us = now_us;
        let done = self.progress();
        let percent = done.loaded_bytes as f64 / done.total_bytes.max(1) as f64 * 100.0;
        let path = &self.files[self.at].path;
        log::info!(
            "Loading {path}: {percent:.1}% of the log, {} commands",
            done.commands
        );
    }
}

impl<S: Storage> Aof<S> {
    /// Begins to load everything the manifest names; `None` when there is no log: then a new one was begun, and is open.
    pub fn begin_load(
        &mut self,
        shared: &mut Shared,
        now_us: u64,
    ) -> Result<Option<Load>, LoadError> {
        let Some(manifest) = self.find_log()? else {
            self.begin_effects(shared, 0);
            return Ok(None);
        };
        let mut files = Vec::new();
        for file in manifest.base().into_iter().chain(manifest.increments()) {
            let path = self.path(&file.name);
            let len = self
                .storage
                .file_len(&path)
                .map_err(|error| io(&path, error))?;
            let continues_at = match file.kind {
                FileKind::Increment => start::continues_at(&mut self.storage, &path)
                    .map_err(|error| io(&path, error))?,
                _ => None,
            };
            if let (Some(end), Some(before)) = (continues_at, files.last_mut()) {
                let before: &mut FileToLoad = before;
                if end > before.len {
                    let reason =
                        format!("the next file goes on at offset {end}, but this one ends before");
                    return Err(damaged(&before.path, before.len, None, reason));
                }
                before.counted = Some(end);
            }
            files.push(FileToLoad {
                path,
                len,
                counted: None,
            });
        }
        Ok(Some(Load::new(manifest, files, false, shared, now_us)))
    }

    /// Goes on loading for a slice of time that ends at `until_us` (a little later when a command takes long); `true` when
    /// everything is loaded and the last file is open for appending.
    pub fn load_step(
        &mut self,
        load: &mut Load,
        shared: &mut Shared,
        until_us: u64,
        now_us: &mut dyn FnMut() -> u64,
    ) -> Result<bool, LoadError> {
        core::mem::swap(&mut shared.statistics, &mut load.statistics);
        let outcome = self.load_slice(load, shared, &mut || now_us() >= until_us);
        core::mem::swap(&mut shared.statistics, &mut load.statistics);
        let now_us = now_us();
        if outcome? {
            self.finish_load(load, shared, now_us)?;
            return Ok(true);
        }
        load.say_progress(now_us);
        Ok(false)
    }

    /// `true` when there is nothing more to load.
    fn load_slice(
        &mut self,
        load: &mut Load,
        shared: &mut Shared,
        is_time_up: &mut dyn FnMut() -> bool,
    ) -> Result<bool, LoadError> {
        while load.at < load.files.len() {
            let mut reader = match load.reader.take() {
                Some(reader) => reader,
                None => self.reader_for(load, shared)?,
            };
            if let Reader::Rdb(_) = reader {
                let slice = self.rdb_slice(&mut reader, load, shared, is_time_up)?;
                load.reader = Some(reader);
                match slice {
                    Some(Slice::TimeUp) => return Ok(false),
                    Some(_) => self.read_more(load)?,
                    None => {}
                }
            } else {
                load.reader = Some(reader);
                if self.command_slice(load, shared, is_time_up)? {
                    return Ok(false);
                }
            }
            if is_time_up() {
                return Ok(load.at == load.files.len());
            }
        }
        Ok(true)
    }

    /// Runs commands; whether the time is up.
    fn command_slice(
        &mut self,
        load: &mut Load,
        shared: &mut Shared,
        is_time_up: &mut dyn FnMut() -> bool,
    ) -> Result<bool, LoadError> {
        let end = load.file().end();
        let Some(replay) = load.reader.as_mut().and_then(Reader::replay) else {
            return Ok(false);
        };
        match replay.run(shared, is_time_up) {
            Ok(Slice::TimeUp) => return Ok(true),
            Ok(Slice::More) => self.read_more(load)?,
            Ok(Slice::Done) => {
                let offset = replay.scan.end();
                if offset == end {
                    self.file_is_loaded(load, end)?;
                } else {
                    // Behind it there are zeros, or nothing any more.
                    let kind = TroubleKind::Torn;
                    self.get_over(load, shared, &Trouble { offset, kind })?;
                }
            }
            Err(trouble) => self.get_over(load, shared, &trouble)?,
        }
        Ok(false)
    }

    fn read_more(&mut self, load: &mut Load) -> Result<(), LoadError> {
        let Some(reader) = &mut load.reader else {
            return Ok(());
        };
        let path = &load.files[load.at].path;
        let (offset, room) = reader.room();
        let count = match room.len() {
            0 => 0,
            _ => self
                .storage
                .read_at(path, offset, room)
                .map_err(|error| io(path, error))?,
        };
        reader.filled(count);
        Ok(())
    }

    /// A file was read up to `usable`, which is all that counts of it.
    fn file_is_loaded(&mut self, load: &mut Load, usable: u64) -> Result<(), LoadError> {
        let file = &load.files[load.at];
        if file.len > usable {
            self.storage
                .truncate(&file.path, usable)
                .map_err(|error| io(&file.path, error))?;
        }
        let mut reader = load.reader.take();
        let Some(replay) = reader.as_mut().and_then(Reader::replay) else {
            return Ok(());
        };
        if replay.errors > 0 {
            let (errors, path) = (replay.errors, &file.path);
            log::warn!("{errors} commands of {path} answered an error and changed nothing");
        }
        load.sequence = replay.scan.sequence();
        load.commands += replay.commands;
        load.bytes += usable;
        load.at += 1;
        Ok(())
    }

    fn finish_load(
        &mut self,
        load: &mut Load,
        shared: &mut Shared,
        now_us: u64,
    ) -> Result<(), LoadError> {
        shared.keys.loading = false;
        (shared.keys.counters, shared.keys.dirty) = Default::default();
        let seconds = now_us.saturating_sub(load.started_us) as f64 / 1e6;
        let (commands, bytes) = (load.commands, load.bytes);
        if load.is_snapshot {
            log::info!("DB loaded from disk: {seconds:.3} seconds");
            return Ok(());
        }
        log::info!(
            "DB loaded from append only file: {seconds:.3} seconds, {commands} commands, {bytes} bytes"
        );
        let manifest = core::mem::take(&mut load.manifest);
        let last = load.files.last().map_or("", |file| &file.path);
        self.open_last(manifest, last, bytes)?;
        self.begin_effects(shared, load.sequence);
        Ok(())
    }

    fn begin_effects(&mut self, shared: &mut Shared, sequence: u64) {
        let effects = &mut shared.keys.effects;
        effects.set_sequence(sequence);
        effects.set_annotated(shared.settings.aof_checksum_enabled);
        effects.set_enabled(true);
    }
}

fn damaged(file: &str, offset: u64, after_batch: Option<u64>, reason: String) -> LoadError {
    LoadError::Damaged {
        file: file.into(),
        offset,
        after_batch,
        reason,
    }
}

pub(super) fn io(file: &str, error: IoError) -> LoadError {
    LoadError::Io {
        file: file.into(),
        error,
    }
}
