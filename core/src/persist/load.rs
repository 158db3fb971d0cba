//! Loading the log at the start: the manifest's files in order, each command run as it was logged.
//!
//! A last file that ends in the middle of a command, or of a transaction, is cut there and the cut reported, when
//! `aof-load-truncated` is on. Damage anywhere else, a file that is missing, or one that is no AOF stops the start with file
//! and offset: nothing is ever skipped silently.

use super::aof::Aof;
use super::manifest::{FileKind, Manifest, ManifestFile};
use super::replay::{Replay, not_a_log};
use super::takeover::CONTINUES;
use crate::platform::{AppendFile, IoError, Storage};
use crate::session::Shared;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

/// How often progress is logged, microseconds.
const PROGRESS_PERIOD_US: u64 = 1_000_000;
/// A manifest has a line a file; anything larger than this is none.
const MAX_MANIFEST_BYTES: u64 = 1 << 20;

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
    /// The manifest is damaged.
    Manifest(String),
    /// A file does not hold what it should.
    Damaged {
        /// The file, relative to the data directory.
        file: String,
        /// Offset of the first byte that cannot be used.
        offset: u64,
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
            LoadError::Manifest(reason) => write!(f, "Error loading the AOF manifest: {reason}"),
            LoadError::Damaged {
                file,
                offset,
                reason,
            } => write!(
                f,
                "Bad file format reading the append only file {file} at offset {offset}: {reason}. Make a backup of \
                 your AOF file, then use redis-check-aof --fix on its manifest"
            ),
        }
    }
}

/// What a file came to.
struct Loaded {
    /// Bytes that were used.
    bytes: u64,
    /// Bytes of the file.
    len: u64,
    commands: u64,
}

impl<S: Storage> Aof<S> {
    /// Loads everything the manifest names into `shared`, and opens the last file for appending; makes a new log where
    /// there is none. `now_us` gives monotonic time, for progress lines, or `None` when
    /// loading is to stop.
    pub fn load(
        &mut self,
        shared: &mut Shared,
        now_us: &mut dyn FnMut() -> Option<u64>,
    ) -> Result<(), LoadError> {
        let folder = self.folder.clone();
        self.storage
            .create_folder(&folder)
            .map_err(|error| io(&folder, error))?;
        let manifest = match self.read_manifest()? {
            Some(manifest) => Some(manifest),
            None => self.adopt_single_file()?,
        };
        match manifest {
            Some(manifest) => {
                self.move_single_file(&manifest)?;
                self.load_files(manifest, shared, now_us)?;
            }
            None => self.begin_new()?,
        }
        shared.keys.effects.set_enabled(true);
        Ok(())
    }

    /// The log of a server that knew no manifests, one file in the data directory, becomes the base of a new one.
    fn adopt_single_file(&mut self) -> Result<Option<Manifest>, LoadError> {
        let name = self.stem.clone();
        let mut head = [0; 8];
        let count = match self.storage.read_at(&name, 0, &mut head) {
            Ok(count) => count,
            Err(IoError::NOT_FOUND) => return Ok(None),
            Err(error) => return Err(io(&name, error)),
        };
        if count > 0 && !matches!(head[0], b'*' | b'#') {
            return Err(damaged(&name, 0, not_a_log(&head[..count])));
        }
        let base = ManifestFile {
            name,
            sequence: 1,
            kind: FileKind::Base,
        };
        let manifest = Manifest {
            files: alloc::vec![base],
        };
        let path = self.path(&self.manifest_name());
        self.write_manifest(&manifest)
            .map_err(|error| io(&path, error))?;
        Ok(Some(manifest))
    }

    /// Moves an adopted file to where the manifest says; after a crash it may not be there yet.
    fn move_single_file(&mut self, manifest: &Manifest) -> Result<(), LoadError> {
        let Some(base) = manifest.base().filter(|base| base.name == self.stem) else {
            return Ok(());
        };
        let path = self.path(&base.name);
        if self.storage.file_len(&path) == Err(IoError::NOT_FOUND) {
            self.storage
                .rename_durable(&base.name, &path)
                .map_err(|error| io(&path, error))?;
            log::info!("Moved the append only file {} to {path}", base.name);
        }
        Ok(())
    }

    /// A log whose manifest is gone is not overwritten by a new one.
    fn refuse_orphans(&mut self) -> Result<(), LoadError> {
        let mut names = Vec::new();
        let folder = self.folder.clone();
        self.storage
            .list(&folder, &mut |name| names.push(String::from(name)))
            .map_err(|error| io(&folder, error))?;
        names.sort_unstable();
        for name in names {
            let rest = name.strip_prefix(self.stem.as_str()).unwrap_or("");
            let is_part =
                rest.starts_with('.') && (rest.ends_with(".aof") || rest.ends_with(".rdb"));
            let path = self.path(&name);
            if is_part && self.storage.file_len(&path) != Ok(0) {
                let manifest = self.manifest_name();
                return Err(LoadError::Manifest(format!(
                    "{folder}/{manifest} is missing, but {path} is there. Bring the manifest back, or move the \
                     files away to start with an empty data set"
                )));
            }
        }
        Ok(())
    }

    fn begin_new(&mut self) -> Result<(), LoadError> {
        self.refuse_orphans()?;
        let increment = self.next_increment(1);
        let path = self.path(&increment.name);
        let mut file = self.create_fresh(&path).map_err(|error| io(&path, error))?;
        file.sync_now().map_err(|error| io(&path, error))?;
        self.manifest.files.push(increment);
        let manifest = self.manifest.clone();
        let name = self.path(&self.manifest_name());
        self.write_manifest(&manifest)
            .map_err(|error| io(&name, error))?;
        log::info!("Creating AOF incr file {path} on server start");
        self.opened(file, 0);
        Ok(())
    }

    fn read_manifest(&mut self) -> Result<Option<Manifest>, LoadError> {
        let path = self.path(&self.manifest_name());
        let text = match self.read_whole(&path) {
            Ok(text) => text,
            Err(IoError::NOT_FOUND) => return Ok(None),
            Err(error) => return Err(io(&path, error)),
        };
        if text.len() as u64 > MAX_MANIFEST_BYTES {
            return Err(LoadError::Manifest("The file is too long".into()));
        }
        Manifest::parse(&text)
            .map(Some)
            .map_err(LoadError::Manifest)
    }

    fn read_whole(&mut self, path: &str) -> Result<Vec<u8>, IoError> {
        let len = self.storage.file_len(path)?;
        let mut text = alloc::vec![0; len.min(MAX_MANIFEST_BYTES + 1) as usize];
        let mut done = 0;
        while done < text.len() {
            match self.storage.read_at(path, done as u64, &mut text[done..])? {
                0 => break,
                count => done += count,
            }
        }
        text.truncate(done);
        Ok(text)
    }

    fn load_files(
        &mut self,
        manifest: Manifest,
        shared: &mut Shared,
        now_us: &mut dyn FnMut() -> Option<u64>,
    ) -> Result<(), LoadError> {
        let names: Vec<String> = manifest
            .base()
            .into_iter()
            .chain(manifest.increments())
            .map(|file| self.path(&file.name))
            .collect();
        let start_us = now_us().unwrap_or_default();
        let (mut total, mut commands) = (0, 0);
        shared.keys.loading = true;
        for (number, path) in names.iter().enumerate() {
            let counted = match names.get(number + 1) {
                Some(next) => self.continues_at(next)?,
                None => None,
            };
            let is_last = number + 1 == names.len();
            let loaded = self.load_file(path, counted, is_last, shared, now_us)?;
            self.cut_tail(path, &loaded, counted, is_last, shared)?;
            total += loaded.bytes;
            commands += loaded.commands;
        }
        shared.keys.loading = false;
        // What the log did is not what clients did.
        shared.statistics.reset();
        (shared.keys.counters, shared.keys.dirty) = Default::default();
        let seconds = now_us().unwrap_or(start_us).saturating_sub(start_us) as f64 / 1e6;
        log::info!(
            "DB loaded from append only file: {seconds:.3} seconds, {commands} commands, {total} bytes"
        );
        self.open_last(manifest, &names, total)
    }

    /// Opens the last increment to go on with it; a manifest without one gets a new file.
    fn open_last(
        &mut self,
        manifest: Manifest,
        names: &[String],
        total: u64,
    ) -> Result<(), LoadError> {
        self.manifest = manifest;
        let last = self
            .manifest
            .increments()
            .last()
            .map(|file| self.path(&file.name));
        let mut file = match last {
            Some(path) => self
                .storage
                .open_append(&path)
                .map_err(|error| io(&path, error))?,
            None => {
                let sequence = self.manifest.base().map_or(1, |base| base.sequence);
                let increment = self.next_increment(sequence);
                let path = self.path(&increment.name);
                let file = self.create_fresh(&path).map_err(|error| io(&path, error))?;
                self.manifest.files.push(increment);
                let manifest = self.manifest.clone();
                self.write_manifest(&manifest)
                    .map_err(|error| io(&path, error))?;
                file
            }
        };
        let name = names.last().cloned().unwrap_or_default();
        file.sync_now().map_err(|error| io(&name, error))?;
        let older = total.saturating_sub(file.len());
        self.opened(file, older);
        self.remove_history();
        Ok(())
    }

    /// Files that a rewrite replaced, when the server ended before it removed them.
    fn remove_history(&mut self) {
        let is_history = |kind| kind == FileKind::History;
        let old: Vec<String> = self
            .manifest
            .files
            .iter()
            .filter(|file| is_history(file.kind))
            .map(|file| self.path(&file.name))
            .collect();
        if old.is_empty() {
            return;
        }
        let mut manifest = self.manifest.clone();
        manifest.files.retain(|file| !is_history(file.kind));
        if self.write_manifest(&manifest).is_ok() {
            self.manifest = manifest;
            for path in old {
                let _ = self.storage.remove(&path);
            }
        }
    }

    /// How many bytes of the file before `path` count, when `path` was begun after a failed sync.
    fn continues_at(&mut self, path: &str) -> Result<Option<u64>, LoadError> {
        let mut head = [0; 64];
        let mut len = 0;
        while len < head.len() {
            match self.storage.read_at(path, len as u64, &mut head[len..]) {
                Ok(0) => break,
                Ok(count) => len += count,
                Err(error) => return Err(io(path, error)),
            }
        }
        let text = core::str::from_utf8(&head[..len]).unwrap_or("");
        let line = text.split("\r\n").next().unwrap_or("");
        Ok(line
            .strip_prefix(CONTINUES)
            .and_then(|number| number.parse().ok()))
    }

    fn load_file(
        &mut self,
        path: &str,
        counted: Option<u64>,
        is_last: bool,
        shared: &mut Shared,
        now_us: &mut dyn FnMut() -> Option<u64>,
    ) -> Result<Loaded, LoadError> {
        let len = self
            .storage
            .file_len(path)
            .map_err(|error| io(path, error))?;
        let end = counted.unwrap_or(len);
        if end > len {
            let reason = format!("The next file goes on at offset {end}, but this one ends before");
            return Err(damaged(path, len, reason));
        }
        let may_be_torn = is_last && counted.is_none();
        let mut reader = Replay::new(path, end);
        let mut said_us = now_us().unwrap_or_default();
        while let Some((offset, room)) = reader.room() {
            match self.storage.read_at(path, offset, room) {
                Ok(0) => break,
                Ok(count) => reader.filled(count),
                Err(error) => return Err(io(path, error)),
            }
            if let Err(error) = reader.run(shared) {
                match self.written_len(path, end) {
                    // The disk kept the length of the file and not the bytes at its end.
                    Ok(written) if may_be_torn && written < reader.end() => reader.retry(written),
                    _ => return Err(error),
                }
            }
            let Some(now) = now_us() else {
                return Err(LoadError::Interrupted);
            };
            if now.saturating_sub(said_us) >= PROGRESS_PERIOD_US {
                said_us = now;
                let (percent, commands) = (reader.percent(), reader.commands);
                log::info!("Loading {path}: {percent:.1}%, {commands} commands");
            }
        }
        if reader.errors > 0 {
            let errors = reader.errors;
            log::warn!("{errors} commands of {path} answered an error and changed nothing");
        }
        let loaded = Loaded {
            bytes: reader.usable(),
            len,
            commands: reader.commands,
        };
        if loaded.bytes < end && !is_last {
            let reason = "Unexpected end of file in a file that is not the last";
            return Err(damaged(path, loaded.bytes, reason.into()));
        }
        Ok(loaded)
    }

    /// The length of a file without the zeros at its end.
    fn written_len(&mut self, path: &str, len: u64) -> Result<u64, IoError> {
        let mut chunk = alloc::vec![0; 64 * 1024];
        let mut end = len;
        while end > 0 {
            let from = end.saturating_sub(chunk.len() as u64);
            let chunk = &mut chunk[..(end - from) as usize];
            let mut done = 0;
            while done < chunk.len() {
                let at = from + done as u64;
                match self.storage.read_at(path, at, &mut chunk[done..])? {
                    0 => return Err(IoError::OTHER),
                    count => done += count,
                }
            }
            if let Some(last) = chunk.iter().rposition(|&byte| byte != 0) {
                return Ok(from + last as u64 + 1);
            }
            end = from;
        }
        Ok(0)
    }

    /// Cuts what a crash left at the end of a file, and says what went.
    fn cut_tail(
        &mut self,
        path: &str,
        loaded: &Loaded,
        counted: Option<u64>,
        is_last: bool,
        shared: &Shared,
    ) -> Result<(), LoadError> {
        if loaded.bytes == loaded.len {
            return Ok(());
        }
        let torn = is_last && counted.is_none();
        if torn && !shared.settings.aof_load_truncated {
            let reason = "Unexpected end of file, and aof-load-truncated is off";
            return Err(damaged(path, loaded.bytes, reason.into()));
        }
        if torn {
            log::warn!(
                "!!! Warning: short read while loading the AOF file {path} !!! The last {} bytes, from offset {}, are \
                 no whole command and are cut off; {} commands before them are kept",
                loaded.len - loaded.bytes,
                loaded.bytes,
                loaded.commands,
            );
        }
        self.storage
            .truncate(path, loaded.bytes)
            .map_err(|error| io(path, error))
    }
}

fn damaged(file: &str, offset: u64, reason: String) -> LoadError {
    LoadError::Damaged {
        file: file.into(),
        offset,
        reason,
    }
}

fn io(file: &str, error: IoError) -> LoadError {
    LoadError::Io {
        file: file.into(),
        error,
    }
}
