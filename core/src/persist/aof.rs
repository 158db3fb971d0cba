//! The append-only file while the server runs: appending a turn's effects, syncing as `appendfsync` says, failing safely.
//!
//! A failed append or sync leaves the effects in memory, refuses writes (`MISCONF`) and tries again; a short append goes on where it
//! stopped, and after a failed sync another file takes over (`takeover.rs`). Positions count bytes of the log since the
//! server started, over file changes.
//!
//! ```text
//! the log as a stream   |------------|---------------|-----------|.............|
//!                      kept        durable         whole     position   + pending effects
//! ```
//!
//! `kept` and `whole` lie between two turns' effects; the file may end in the middle of a turn's after a failed append.

use super::files::replace_file;
use super::manifest::{FileKind, Manifest, ManifestFile};
use super::rewrite::Rewrite;
use super::takeover::Takeover;
use crate::keyspace::Effects;
use crate::platform::{AppendFile, IoError, Storage};
use crate::settings::{AppendFsync, Settings};
use alloc::collections::VecDeque;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// How long after a failure the log is tried again, microseconds.
const RETRY_US: u64 = 100_000;
/// `everysec`: the time between syncs, microseconds.
const SYNC_PERIOD_US: u64 = 1_000_000;

/// `everysec`: a sync that is due for so long, while the one before still runs, has writes wait for it, microseconds.
const BACKLOG_US: u64 = 1_000_000;

/// What INFO shows of the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// Bytes of all files.
    pub size: u64,
    /// Bytes of all files at the start, or after the last rewrite.
    pub base_size: u64,
    /// Bytes known to survive a power cut.
    pub durable: u64,
    /// Times writes had to wait because the disk was slow under `everysec`.
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
    pub(super) file: Option<S::File>,
    /// The position of the open file's first byte. Below zero for a file that begins with more than it took over.
    pub(super) origin: i64,
    /// Bytes of older files.
    pub(super) older_bytes: u64,
    /// Bytes at the start, or after the last rewrite.
    pub(super) base_size: u64,
    /// Up to which position the log is known to be durable.
    pub(super) durable: u64,
    /// Where the syncs end that are under way: the one that runs, and the one that follows it.
    pub(super) marks: VecDeque<Mark>,
    /// The last such place that is known to be durable: from here on the log is written again after a failed sync.
    pub(super) kept: Mark,
    /// The end of the last turn that was appended as a whole.
    pub(super) whole: Mark,
    last_sync_us: u64,
    /// A sync has been due for long, and the one before it still runs.
    is_backlogged: bool,
    delayed_syncs: u64,
    pub(super) failure: Option<Failure>,
    pub(super) takeover: Option<Takeover<S::File>>,
    /// Names of files that were to take over, failed, and could not be removed yet.
    pub(super) given_up: Vec<String>,
    pub(super) rewrite: Option<Rewrite<S::File>>,
    /// Why a rewrite has ended that nobody was told of yet.
    pub(super) rewrite_error: Option<IoError>,
    /// A rename over the manifest failed: which one is there is not known, and no file of either may go.
    pub(super) is_manifest_unsure: bool,
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
pub(super) struct Failure {
    pub(super) error: IoError,
    pub(super) retry_at_us: u64,
    /// A sync failed: the open file is not trusted beyond what was durable.
    pub(super) abandon_file: bool,
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
            whole: Mark::default(),
            last_sync_us: 0,
            is_backlogged: false,
            delayed_syncs: 0,
            failure: None,
            takeover: None,
            given_up: Vec::new(),
            rewrite: None,
            rewrite_error: None,
            is_manifest_unsure: false,
        }
    }

    /// The storage, for tests.
    pub fn storage_mut(&mut self) -> &mut S {
        &mut self.storage
    }

    /// Whether there is a log.
    pub fn is_open(&self) -> bool {
        self.file.is_some()
    }

    /// Whether the log cannot be written.
    pub fn has_failed(&self) -> bool {
        self.failure.is_some()
    }

    /// Whether `everysec` cannot keep up, so that writes are to wait for the disk.
    pub fn is_backlogged(&self) -> bool {
        self.is_backlogged && !self.marks.is_empty()
    }

    /// The end of what was appended, as a position.
    pub fn position(&self) -> u64 {
        self.file
            .as_ref()
            .map_or(self.durable, |file| self.position_of(file.len()))
    }

    /// Up to which position the log is known to survive a power cut.
    pub fn durable_position(&self) -> u64 {
        self.durable
    }

    /// Whether bytes were written that are not known to be durable: a sync runs or is due.
    pub fn is_syncing(&self) -> bool {
        self.is_open() && self.durable_position() < self.position()
    }

    /// What INFO shows.
    pub fn status(&self) -> Status {
        let current = self.file.as_ref().map_or(0, |file| file.len());
        Status {
            size: self.older_bytes + current,
            base_size: self.base_size,
            durable: self.older_bytes + self.offset_of(self.durable),
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

    /// Appends the effects of a turn, gets over failures, and starts a sync when the policy asks for one. To be called
    /// each turn, with effects or without.
    pub fn append(&mut self, effects: &mut Effects, policy: AppendFsync, now_us: u64) {
        if self.file.is_none() {
            return;
        }
        self.learn_durable(now_us);
        if self.is_kept_back() {
            let Some(failure) = self.failure else {
                return effects.seal();
            };
            self.fail_rewrite(failure.error, effects);
        }
        if let Some(failure) = self.failure {
            if failure.abandon_file {
                if !self.take_over(now_us) {
                    return;
                }
            } else if now_us < failure.retry_at_us {
                // What is in the file already is made durable as ever.
                return self.sync_if_due(policy, now_us);
            }
        }
        match self.append_pending(effects) {
            Err(error) => self.fail(error, now_us, false),
            Ok(()) if self.failure.is_some() => {
                log::warn!("AOF write error looks solved, the log can be written again.");
                self.failure = None;
            }
            Ok(()) => {}
        }
        self.sync_if_due(policy, now_us);
    }

    /// Appends what is left and makes everything durable, for the end of the server.
    pub fn finish(&mut self, effects: &mut Effects, now_us: u64) -> Result<(), IoError> {
        self.learn_durable(now_us);
        match self.failure {
            // No manifest names what another file would take over from.
            Some(failure) if self.is_unlisted() => return Err(failure.error),
            _ if self.is_rewriting() && !self.is_unlisted() => {
                self.fail_rewrite(IoError::OTHER, effects);
            }
            _ => {}
        }
        if self.failure.is_some_and(|failure| failure.abandon_file) {
            self.take_over_at_once()?;
        }
        self.append_pending(effects)
            .inspect_err(|&error| self.fail(error, now_us, false))?;
        let synced = self.file.as_mut().map_or(Ok(()), AppendFile::sync_now);
        synced.inspect_err(|&error| self.fail(error, now_us, true))
    }

    fn append_pending(&mut self, effects: &mut Effects) -> Result<(), IoError> {
        let Some(file) = self.file.as_mut() else {
            return Ok(());
        };
        effects.seal();
        while !effects.pending().is_empty() {
            let count = file.append(effects.pending())?;
            effects.consume(count);
        }
        self.whole = Mark {
            position: self.position(),
            db: effects.selected(),
        };
        Ok(())
    }

    fn sync_if_due(&mut self, policy: AppendFsync, now_us: u64) {
        let syncing_until = self.marks.back().map_or(self.durable, |mark| mark.position);
        let is_due = match policy {
            AppendFsync::Always => true,
            AppendFsync::Everysec => now_us.saturating_sub(self.last_sync_us) >= SYNC_PERIOD_US,
            AppendFsync::No => false,
        };
        if !is_due || self.whole.position <= syncing_until {
            return;
        }
        if policy == AppendFsync::Everysec && !self.marks.is_empty() {
            let is_late = now_us.saturating_sub(self.last_sync_us) >= SYNC_PERIOD_US + BACKLOG_US;
            if is_late && !self.is_backlogged {
                self.is_backlogged = true;
                self.delayed_syncs += 1;
                log::warn!(
                    "Asynchronous AOF fsync is taking too long (disk is busy?). Replies to writes wait until it is done, \
                     this may slow down Rotom."
                );
            }
            return;
        }
        self.start_sync(now_us);
    }

    fn start_sync(&mut self, now_us: u64) {
        let Some(file) = self.file.as_mut() else {
            return;
        };
        (self.last_sync_us, self.is_backlogged) = (now_us, false);
        if let Err(error) = file.start_sync() {
            return self.fail(error, now_us, true);
        }
        // However often it is asked for, one sync follows the one that runs, and covers all that was there.
        self.marks.truncate(1);
        self.marks.push_back(self.whole);
    }

    /// Has everything that was appended made durable.
    pub(super) fn sync_all(&mut self, now_us: u64) {
        if self.durable < self.position() {
            self.start_sync(now_us);
        }
    }

    /// Learns what became durable, or that a sync failed.
    pub fn learn_durable(&mut self, now_us: u64) {
        if self.marks.is_empty() {
            return;
        }
        let Some(file) = self.file.as_mut() else {
            return;
        };
        match file.durable_len() {
            Ok(len) => self.durable = self.durable.max(self.position_of(len)),
            Err(error) => {
                self.marks.clear();
                return self.fail(error, now_us, true);
            }
        }
        while let Some(&mark) = self.marks.front()
            && mark.position <= self.durable
        {
            self.kept = mark;
            self.marks.pop_front();
        }
    }

    pub(super) fn fail(&mut self, error: IoError, now_us: u64, abandon_file: bool) {
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

    /// The position at an offset of the open file.
    pub(super) fn position_of(&self, offset: u64) -> u64 {
        self.origin.saturating_add_unsigned(offset).max(0) as u64
    }

    /// The offset of a position in the open file.
    pub(super) fn offset_of(&self, position: u64) -> u64 {
        (position as i64).saturating_sub(self.origin).max(0) as u64
    }

    pub(super) fn path(&self, name: &str) -> String {
        format!("{}/{name}", self.folder)
    }

    pub(super) fn manifest_name(&self) -> String {
        format!("{}.manifest", self.stem)
    }

    /// A file for the manifest's next increment, with the number `sequence` or one above that is free.
    pub(super) fn next_increment(&self, mut sequence: u64) -> ManifestFile {
        loop {
            let name = format!("{}.{sequence}.incr.aof", self.stem);
            if self.manifest.files.iter().all(|file| file.name != name) {
                return ManifestFile {
                    name,
                    sequence,
                    kind: FileKind::Increment,
                };
            }
            sequence += 1;
        }
    }

    /// The log was loaded and its last file is open and durable: writing begins.
    pub(super) fn opened(&mut self, file: S::File, older_bytes: u64) {
        self.older_bytes = older_bytes;
        self.origin = 0;
        self.base_size = older_bytes + file.len();
        self.durable = file.len();
        self.whole = Mark {
            position: self.durable,
            db: None,
        };
        self.kept = self.whole;
        self.file = Some(file);
    }

    /// Writes the manifest beside the old one and renames it into place.
    pub(super) fn write_manifest(&mut self, manifest: &Manifest) -> Result<(), IoError> {
        let name = self.manifest_name();
        let (temporary, path) = (self.path(&format!("temp-{name}")), self.path(&name));
        let text = manifest.text();
        replace_file(&mut self.storage, &temporary, &path, text.as_bytes())
    }
}
