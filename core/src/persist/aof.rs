//! The append-only file while the server runs: appending a turn's effects, syncing as `appendfsync` says, failing safely.
//!
//! A failed append or sync leaves the effects in memory, refuses writes (`MISCONF`) and tries again; a short append goes on where it
//! stopped. Positions count bytes of the log since the server started, over file changes.

use super::manifest::{FileKind, Manifest, ManifestFile};
use crate::codec::aof::encode_command;
use crate::keyspace::Effects;
use crate::platform::{AppendFile, IoError, Storage};
use crate::settings::{AppendFsync, Settings};
use alloc::collections::VecDeque;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// The first line of a file that goes on after a failed sync: how many bytes of the file before it count.
pub(super) const CONTINUES: &str = "#rotom:continues-at:";

/// How long after a failure the log is tried again, microseconds.
const RETRY_US: u64 = 100_000;
/// `everysec`: the time between syncs, microseconds.
const SYNC_PERIOD_US: u64 = 1_000_000;

/// What INFO shows of the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// Bytes of all files.
    pub size: u64,
    /// Bytes of the files that were there at the start.
    pub base_size: u64,
    /// Bytes known to survive a power cut.
    pub durable: u64,
    /// Times a sync was due while the one before still ran.
    pub delayed_syncs: u64,
    /// Why the log cannot be written now.
    pub error: Option<IoError>,
}

/// The log. See the module's head.
pub struct Aof<S: Storage> {
    pub(super) storage: S,
    pub(super) folder: String,
    pub(super) stem: String,
    pub(super) manifest: Manifest,
    file: Option<S::File>,
    /// Position at which the open file begins, minus the bytes it had then.
    origin: u64,
    /// Bytes of older files.
    older_bytes: u64,
    /// Bytes at the start.
    base_size: u64,
    /// Up to which position the log is known to be durable.
    durable: u64,
    /// Where syncs were started that have not ended, the oldest first.
    marks: VecDeque<Mark>,
    /// The last such place that is known to be durable: from here on the log is written again after a failed sync.
    kept: Mark,
    last_sync_us: u64,
    delayed_syncs: u64,
    failure: Option<Failure>,
}

/// A place between two commands of the log.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Mark {
    pub(super) position: u64,
    /// The database that a reader is in there.
    pub(super) db: Option<usize>,
}

/// The log cannot be written.
#[derive(Clone, Copy, Debug)]
struct Failure {
    error: IoError,
    retry_at_us: u64,
    /// A sync failed: the open file is not trusted beyond what was durable.
    abandon_file: bool,
}

impl<S: Storage> Aof<S> {
    /// A log that is not open.
    pub fn new(storage: S, settings: &Settings) -> Self {
        Aof {
            storage,
            folder: settings.appenddirname.clone(),
            stem: settings.appendfilename.clone(),
            manifest: Manifest::default(),
            file: None,
            origin: 0,
            older_bytes: 0,
            base_size: 0,
            durable: 0,
            marks: VecDeque::new(),
            kept: Mark::default(),
            last_sync_us: 0,
            delayed_syncs: 0,
            failure: None,
        }
    }

    /// The storage, for tests.
    pub fn storage_mut(&mut self) -> &mut S {
        &mut self.storage
    }

    /// The end of what was appended, as a position.
    pub fn position(&self) -> u64 {
        self.file
            .as_ref()
            .map_or(0, |file| self.origin + file.len())
    }

    /// Up to which position the log is known to survive a power cut; everything, when there is no log.
    pub fn durable_position(&self) -> u64 {
        if self.file.is_none() {
            u64::MAX
        } else {
            self.durable
        }
    }

    /// What INFO shows.
    pub fn status(&self) -> Status {
        let current = self.file.as_ref().map_or(0, |file| file.len());
        Status {
            size: self.older_bytes + current,
            base_size: self.base_size,
            durable: self.older_bytes + self.durable.saturating_sub(self.origin),
            delayed_syncs: self.delayed_syncs,
            error: self.failure.map(|failure| failure.error),
        }
    }

    /// Why writes are refused, as an error reply.
    pub fn refusal(&self) -> Option<String> {
        let failure = self.failure?;
        Some(format!(
            "MISCONF Errors writing to the AOF file: {}",
            failure.error
        ))
    }

    /// Appends the effects of a turn, and starts a sync when the policy asks for one.
    pub fn append(&mut self, effects: &mut Effects, policy: AppendFsync, now_us: u64) {
        if self.file.is_none() {
            return;
        }
        self.learn_durable(now_us);
        if !self.recover(effects, now_us) {
            return;
        }
        while !effects.pending().is_empty() {
            let Some(file) = self.file.as_mut() else {
                return;
            };
            match file.append(effects.pending()) {
                Ok(count) => effects.consume(count),
                Err(error) => return self.fail(error, now_us, false),
            }
        }
        if policy == AppendFsync::Always && self.position() > self.syncing_until() {
            self.start_sync(effects, now_us);
        }
    }

    /// Up to where the log is durable, or will be when the syncs under way end.
    fn syncing_until(&self) -> u64 {
        self.marks.back().map_or(self.durable, |mark| mark.position)
    }

    /// Called a few times a second: the sync of `everysec`, and trying again after a failure.
    pub fn tick(&mut self, effects: &Effects, policy: AppendFsync, now_us: u64) {
        if self.file.is_none() {
            return;
        }
        self.learn_durable(now_us);
        let behind = self.position() > self.durable;
        let due = now_us.saturating_sub(self.last_sync_us) >= SYNC_PERIOD_US;
        if policy == AppendFsync::Everysec && behind && due && self.failure.is_none() {
            if self.marks.is_empty() {
                self.start_sync(effects, now_us);
            } else {
                self.delayed_syncs += 1;
                self.last_sync_us = now_us;
            }
        }
    }

    /// Appends what is left and makes everything durable, for the end of the server.
    pub fn finish(&mut self, effects: &mut Effects) -> Result<(), IoError> {
        if self.failure.is_some_and(|failure| failure.abandon_file) {
            self.switch_file(effects)?;
        }
        let Some(file) = self.file.as_mut() else {
            return Ok(());
        };
        while !effects.pending().is_empty() {
            let count = file.append(effects.pending())?;
            effects.consume(count);
        }
        file.sync_now()
    }

    /// Starts a sync. All effects so far are appended, so the end of the log lies between two commands.
    fn start_sync(&mut self, effects: &Effects, now_us: u64) {
        let mark = Mark {
            position: self.position(),
            db: effects.selected(),
        };
        let Some(file) = self.file.as_mut() else {
            return;
        };
        self.last_sync_us = now_us;
        match file.start_sync() {
            Ok(()) => self.marks.push_back(mark),
            Err(error) => self.fail(error, now_us, true),
        }
    }

    fn learn_durable(&mut self, now_us: u64) {
        let Some(file) = self.file.as_mut() else {
            return;
        };
        match file.durable_len() {
            Ok(len) => self.durable = self.durable.max(self.origin + len),
            Err(error) => return self.fail(error, now_us, true),
        }
        while let Some(mark) = self
            .marks
            .front()
            .filter(|mark| mark.position <= self.durable)
        {
            self.kept = *mark;
            self.marks.pop_front();
        }
    }

    fn fail(&mut self, error: IoError, now_us: u64, abandon_file: bool) {
        if self.failure.is_none() {
            log::error!("Error writing to the AOF file: {error}");
        }
        let abandon_file = abandon_file || self.failure.is_some_and(|f| f.abandon_file);
        self.failure = Some(Failure {
            error,
            retry_at_us: now_us + RETRY_US,
            abandon_file,
        });
    }

    /// Tries to get over a failure, at most ten times a second; `true` when appending may go on.
    fn recover(&mut self, effects: &mut Effects, now_us: u64) -> bool {
        let Some(failure) = self.failure else {
            return true;
        };
        if now_us < failure.retry_at_us {
            return false;
        }
        if failure.abandon_file
            && let Err(error) = self.switch_file(effects)
        {
            self.fail(error, now_us, true);
            return false;
        }
        if !failure.abandon_file && !effects.pending().is_empty() {
            // Only an append that goes through tells that the disk takes bytes again.
            let Some(file) = self.file.as_mut() else {
                return false;
            };
            match file.append(effects.pending()) {
                Ok(count) => effects.consume(count),
                Err(error) => {
                    self.fail(error, now_us, false);
                    return false;
                }
            }
        }
        log::warn!("AOF write error looks solved, the log can be written again.");
        self.failure = None;
        true
    }

    /// After a failed sync: the bytes that are not known to be durable are written again, to a new file, and synced.
    ///
    /// The new file's first line tells a loader how much of the file before counts; that file is cut last, so that a
    /// crash at any step neither loses the tail nor applies it twice.
    fn switch_file(&mut self, effects: &mut Effects) -> Result<(), IoError> {
        let Some(last) = self.manifest.increments().last().cloned() else {
            return Ok(());
        };
        let kept_bytes = self.kept.position.saturating_sub(self.origin);
        let tail = self.read_tail(&last.name, kept_bytes)?;
        let mut head = format!("{CONTINUES}{kept_bytes}\r\n").into_bytes();
        if let Some(db) = self.kept.db {
            encode_command(
                &mut head,
                [&b"SELECT"[..], format!("{db}").as_bytes()].into_iter(),
            );
        }
        let next = self.increment_file(last.sequence + 1);
        let mut file = self.storage.create(&self.path(&next.name))?;
        append_all(&mut file, &head)?;
        append_all(&mut file, &tail)?;
        append_all(&mut file, effects.pending())?;
        file.sync_now()?;
        let mut manifest = self.manifest.clone();
        manifest.files.push(next);
        self.write_manifest(&manifest)?;
        self.storage.truncate(&self.path(&last.name), kept_bytes)?;
        effects.consume(effects.pending().len());
        self.manifest = manifest;
        self.older_bytes += kept_bytes;
        self.origin = self.position();
        self.file = Some(file);
        self.durable = self.position();
        self.marks.clear();
        self.kept = Mark {
            position: self.durable,
            db: effects.selected(),
        };
        Ok(())
    }

    fn read_tail(&mut self, name: &str, from: u64) -> Result<Vec<u8>, IoError> {
        let path = self.path(name);
        let len = self.storage.file_len(&path)?.saturating_sub(from);
        let mut tail = alloc::vec![0; usize::try_from(len).map_err(|_| IoError::OTHER)?];
        let mut done = 0;
        while done < tail.len() {
            match self
                .storage
                .read_at(&path, from + done as u64, &mut tail[done..])?
            {
                0 => return Err(IoError::OTHER),
                count => done += count,
            }
        }
        Ok(tail)
    }

    pub(super) fn path(&self, name: &str) -> String {
        format!("{}/{name}", self.folder)
    }

    pub(super) fn manifest_name(&self) -> String {
        format!("{}.manifest", self.stem)
    }

    pub(super) fn increment_file(&self, sequence: u64) -> ManifestFile {
        let name = format!("{}.{sequence}.incr.aof", self.stem);
        ManifestFile {
            name,
            sequence,
            kind: FileKind::Increment,
        }
    }

    /// The log was loaded and its last file is open: from here on it is durable, and writing begins.
    pub(super) fn opened(&mut self, file: S::File, older_bytes: u64) {
        self.older_bytes = older_bytes;
        self.origin = 0;
        self.base_size = older_bytes + file.len();
        self.durable = file.len();
        self.kept = Mark {
            position: self.durable,
            db: None,
        };
        self.file = Some(file);
    }

    /// Writes the manifest beside the old one and renames it into place.
    pub(super) fn write_manifest(&mut self, manifest: &Manifest) -> Result<(), IoError> {
        let name = self.manifest_name();
        let (temporary, path) = (self.path(&format!("temp-{name}")), self.path(&name));
        let mut file = self.storage.create(&temporary)?;
        append_all(&mut file, manifest.text().as_bytes())?;
        file.sync_now()?;
        drop(file);
        self.storage.rename_durable(&temporary, &path)
    }
}

fn append_all<F: AppendFile>(file: &mut F, mut bytes: &[u8]) -> Result<(), IoError> {
    while !bytes.is_empty() {
        let count = file.append(bytes)?;
        bytes = &bytes[count..];
    }
    Ok(())
}
