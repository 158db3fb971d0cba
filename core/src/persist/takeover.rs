//! After a failed sync: a new file takes over the bytes that are not known to be durable.
//!
//! Bytes whose sync failed are never trusted because a later sync succeeded: the system may have given up on them. So
//! they are written again to a new file, which is synced as a whole before the manifest names it. Its first lines tell a
//! loader how much of the file before it counts:
//!
//! ```text
//! #rotom:continues-at:1234        the first 1234 bytes of the file before this one count
//! #ROTOM:..  *2 .. SELECT 3       the database there, in a batch outside of the order
//! ...                             everything of the old file from offset 1234 on
//! ```
//!
//! Until the manifest is there a crash leaves the old file as it was, and from then on what it holds beyond counts no
//! more, so that no step loses the tail or applies it twice. The old file is cut last, for readers that skip the line.
//! The bytes are copied in slices and synced by the helper; writes are refused meanwhile and reads go on.

use super::aof::Aof;
use super::files::{append_all, create_fresh};
use super::manifest::ManifestFile;
use crate::bytes::crc32c::Crc32c;
use crate::codec::aof::encode_command;
use crate::codec::batch;
use crate::platform::{AppendFile, IoError, Storage};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// The first line of a file that took over: how many bytes of the file before it count.
pub(super) const CONTINUES: &str = "#rotom:continues-at:";

/// How much is copied at once.
const COPY_BYTES: usize = 256 * 1024;
/// How much is copied in one turn.
const COPY_BYTES_PER_TURN: u64 = 1 << 20;

/// A new file on its way.
pub(super) struct Takeover<F> {
    file: F,
    entry: ManifestFile,
    /// What comes before the copied bytes.
    head: Vec<u8>,
    /// Where the copied bytes begin in the old file, and how many of them are copied.
    from: u64,
    copied: u64,
    stage: Stage,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Beginning,
    Copying,
    Syncing,
    /// All is durable; only the manifest must name the file.
    Synced,
}

impl<S: Storage> Aof<S> {
    /// Whether bytes are still to be copied, for which nothing has to be waited.
    pub fn is_copying(&self) -> bool {
        let stage = self.takeover.as_ref().map(|takeover| takeover.stage);
        matches!(stage, Some(Stage::Beginning | Stage::Copying))
    }

    /// Takes a step, at most ten times a second after a failure; `true` when the new file has taken over.
    pub(super) fn take_over(&mut self, now_us: u64) -> bool {
        if self.holds_manifest() {
            return false;
        }
        let may_retry = self.failure.is_none_or(|f| now_us >= f.retry_at_us);
        let is_under_way = self
            .takeover
            .as_ref()
            .is_some_and(|takeover| takeover.stage != Stage::Synced);
        if !may_retry && !is_under_way {
            return false;
        }
        match self.take_over_step(COPY_BYTES_PER_TURN) {
            Ok(is_done) => is_done,
            Err(error) => {
                self.fail(error, now_us, true);
                self.give_up_unnamed();
                false
            }
        }
    }

    /// Takes over at once, for the end of the server.
    pub(super) fn take_over_at_once(&mut self) -> Result<(), IoError> {
        loop {
            if let Some(takeover) = &mut self.takeover
                && takeover.stage == Stage::Syncing
                && let Err(error) = takeover.file.sync_now()
            {
                self.give_up_unnamed();
                return Err(error);
            }
            match self.take_over_step(u64::MAX) {
                Ok(true) => return Ok(()),
                Ok(false) => {}
                Err(error) => {
                    self.give_up_unnamed();
                    return Err(error);
                }
            }
        }
    }

    fn take_over_step(&mut self, most: u64) -> Result<bool, IoError> {
        let mut takeover = match self.takeover.take() {
            Some(takeover) => takeover,
            None => self.begin_takeover()?,
        };
        let outcome = self.advance(&mut takeover, most);
        if outcome == Ok(true) {
            self.complete(takeover);
        } else {
            self.takeover = Some(takeover);
        }
        outcome
    }

    /// After a failure, a file that the manifest does not name yet makes way for another one.
    fn give_up_unnamed(&mut self) {
        if let Some(takeover) = self.takeover.take_if(|t| t.stage != Stage::Synced) {
            self.given_up.push(takeover.entry.name);
        }
        self.remove_given_up();
    }

    /// Ends a takeover that has no log any more; the name of its file, which is not needed.
    pub(super) fn end_takeover(&mut self) -> Option<String> {
        Some(self.takeover.take()?.entry.name)
    }

    pub(super) fn remove_given_up(&mut self) {
        if self.is_manifest_unsure {
            return;
        }
        let files = &self.manifest.files;
        self.given_up
            .retain(|name| files.iter().all(|file| &file.name != name));
        while let Some(name) = self.given_up.last() {
            let path = self.path(name);
            match self.storage.remove(&path) {
                Ok(()) | Err(IoError::NOT_FOUND) => drop(self.given_up.pop()),
                Err(_) => return,
            }
        }
    }

    /// The next file. A file that was given up and could not be removed is not used again: its sync may have failed.
    pub(super) fn next_file(&self) -> ManifestFile {
        let mut entry = self.next_increment(self.manifest.last_sequence() + 1);
        while self.given_up.contains(&entry.name) {
            entry = self.next_increment(entry.sequence + 1);
        }
        entry
    }

    fn begin_takeover(&mut self) -> Result<Takeover<S::File>, IoError> {
        self.restore_manifest()?;
        let entry = self.next_file();
        let from = self.offset_of(self.kept.position);
        let mut head = format!("{CONTINUES}{from}\r\n").into_bytes();
        if let Some(db) = self.kept.db {
            let db = format!("{db}");
            let start = head.len();
            head.extend_from_slice(&batch::ROOM);
            encode_command(&mut head, [&b"SELECT"[..], db.as_bytes()].into_iter());
            batch::seal(&Crc32c::new(), 0, &mut head[start..]);
        }
        let path = self.path(&entry.name);
        let file = create_fresh(&mut self.storage, &path)?;
        Ok(Takeover {
            file,
            entry,
            head,
            from,
            copied: 0,
            stage: Stage::Beginning,
        })
    }

    /// `true` when the manifest names the new file.
    fn advance(&mut self, takeover: &mut Takeover<S::File>, most: u64) -> Result<bool, IoError> {
        if takeover.stage == Stage::Beginning {
            append_all(&mut takeover.file, &takeover.head)?;
            takeover.stage = Stage::Copying;
        }
        if takeover.stage == Stage::Copying {
            if !self.copy(takeover, most)? {
                return Ok(false);
            }
            takeover.file.start_sync()?;
            takeover.stage = Stage::Syncing;
        }
        if takeover.stage == Stage::Syncing {
            if takeover.file.durable_len()? < takeover.file.len() {
                return Ok(false);
            }
            takeover.stage = Stage::Synced;
        }
        let mut manifest = self.manifest.clone();
        manifest.files.push(takeover.entry.clone());
        self.write_manifest(&manifest)?;
        self.manifest = manifest;
        Ok(true)
    }

    /// Copies up to `most` bytes; `true` when there are no more.
    fn copy(&mut self, takeover: &mut Takeover<S::File>, most: u64) -> Result<bool, IoError> {
        let old_len = self.file.as_ref().map_or(0, |file| file.len());
        let path = self.last_path();
        let end = old_len.min((takeover.from + takeover.copied).saturating_add(most));
        let mut buffer = Vec::new();
        loop {
            let at = takeover.from + takeover.copied;
            let left = usize::try_from(end.saturating_sub(at)).unwrap_or(usize::MAX);
            if left == 0 {
                return Ok(end == old_len);
            }
            buffer.resize(left.min(COPY_BYTES), 0);
            let count = self.storage.read_at(&path, at, &mut buffer)?;
            if count == 0 {
                return Err(IoError::OTHER);
            }
            append_all(&mut takeover.file, &buffer[..count])?;
            takeover.copied += count as u64;
        }
    }

    /// The path of the open file.
    fn last_path(&self) -> String {
        let last = self.manifest.increments().last();
        last.map_or(String::new(), |last| self.path(&last.name))
    }

    fn complete(&mut self, takeover: Takeover<S::File>) {
        let end = self.position();
        // The manifest names the new file already, as the last one.
        let count = self.manifest.increments().count();
        let old = self.manifest.increments().nth(count.saturating_sub(2));
        let old = old.map_or(String::new(), |old| self.path(&old.name));
        self.older_bytes += takeover.from;
        self.origin =
            (self.kept.position as i64).saturating_sub_unsigned(takeover.head.len() as u64);
        self.file = Some(takeover.file);
        debug_assert_eq!(self.position(), end, "the same bytes at the same positions");
        self.durable = end;
        self.marks.clear();
        self.kept = self.whole;
        self.remove_given_up();
        if let Err(error) = self.storage.truncate(&old, takeover.from) {
            log::warn!(
                "Cutting {old} to the {} bytes that count failed: {error}",
                takeover.from
            );
        }
    }
}
