//! The log written anew: a base that holds the data set of a moment, and an increment that begins at that moment.
//!
//! ```text
//! Creating   the new increment is created and made durable; the log goes on in the old one
//! Draining   the moment: the walk begins, and effects from now on are kept until the old increment is durable to its end
//! Naming     the helper makes a manifest durable that ends with the new increment, which is empty
//! Logging    effects go to the new increment; the base is written (by `snapshot/`)
//! Switching  the helper makes a manifest durable that begins with the base; what it replaces is history
//! Forgetting the replaced files are gone, and so are their lines in the manifest
//! ```
//!
//! Up to Switching a start finds the old files and, behind them, what the new increment has; from then on it finds the base and
//! the new increment. A failure before Logging has the old increment go on and the kept effects with it; one in Logging or
//! Switching leaves a log of one more file. A log that begins while the server runs comes to Logging at once, with an increment
//! that no manifest names before Switching.

use super::aof::{Aof, Mark};
use super::files::{append_all, create_fresh};
use super::load::LoadError;
use super::manifest::{FileKind, Manifest, ManifestFile};
use crate::keyspace::Effects;
use crate::platform::{AppendFile, IoError, Storage};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// A rewrite under way. See the module's head.
pub(super) struct Rewrite<F> {
    stage: Stage<F>,
    /// The increment that begins at the moment of the base; `None` without a log.
    increment: Option<ManifestFile>,
    base: ManifestFile,
    /// Whether the manifest on disk does not name the increment that is written to.
    is_unlisted: bool,
    /// Bytes of the files that the base replaces.
    replaced_bytes: u64,
}

enum Stage<F> {
    Creating(F),
    Draining(F),
    Naming(F, ManifestWrite<F>),
    Logging,
    Switching(ManifestWrite<F>, u64),
    Forgetting(ManifestWrite<F>),
}

/// A manifest on its way to the disk.
pub(super) struct ManifestWrite<F> {
    file: F,
    manifest: Manifest,
    is_renamed: bool,
}

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RewriteStep {
    /// Nothing, or the disk is waited for.
    Wait,
    /// The walk has to begin now, before anything changes.
    BeginWalk,
    /// The log goes on in the new increment: what was kept can be appended.
    Resume,
    /// All is done.
    Done,
}

impl<S: Storage> Aof<S> {
    /// Whether the log is being rewritten.
    pub fn is_rewriting(&self) -> bool {
        self.rewrite.is_some()
    }

    /// Whether the log has begun while the server ran and nothing on disk names it yet.
    pub fn is_unlisted(&self) -> bool {
        self.rewrite.as_ref().is_some_and(|r| r.is_unlisted)
    }

    /// Whether effects are kept in memory because the log is about to go on in another file.
    pub(super) fn is_kept_back(&self) -> bool {
        let stage = self.rewrite.as_ref().map(|rewrite| &rewrite.stage);
        matches!(stage, Some(Stage::Draining(_) | Stage::Naming(..)))
    }

    /// Whether another file cannot take over now, because a manifest is on its way or none names the log.
    pub(super) fn holds_manifest(&self) -> bool {
        let stage = self.rewrite.as_ref().map(|rewrite| &rewrite.stage);
        self.is_unlisted() || matches!(stage, Some(Stage::Switching(..) | Stage::Forgetting(_)))
    }

    /// The path of the base until it is complete, and its path then.
    pub fn base_paths(&self) -> Option<(String, String)> {
        let rewrite = self.rewrite.as_ref()?;
        let name = &rewrite.base.name;
        Some((self.path(&format!("temp-{name}")), self.path(name)))
    }

    /// Begins a rewrite of the log. None must be under way. Without a log only a base is written, which a start with one takes.
    pub fn begin_rewrite(&mut self) -> Result<(), LoadError> {
        if !self.is_open() {
            return self.begin_apart(None);
        }
        let folder = self.folder.clone();
        let io = |error| LoadError::Io {
            file: folder.clone(),
            error,
        };
        self.restore_manifest().map_err(io)?;
        let increment = self.next_file();
        let path = self.path(&increment.name);
        let mut file = create_fresh(&mut self.storage, &path).map_err(io)?;
        if let Err(error) = file.start_sync() {
            self.given_up.push(increment.name);
            return Err(io(error));
        }
        log::info!(
            "Creating AOF incr file {} on background rewrite",
            increment.name
        );
        self.rewrite = Some(Rewrite {
            stage: Stage::Creating(file),
            increment: Some(increment),
            base: self.next_base(),
            is_unlisted: false,
            replaced_bytes: 0,
        });
        Ok(())
    }

    /// Begins a log while the server runs, with a rewrite whose walk has to begin now.
    pub fn begin_log(&mut self) -> Result<(), LoadError> {
        self.read_again()?;
        let folder = self.folder.clone();
        let increment = self.next_file();
        let path = self.path(&increment.name);
        let file = create_fresh(&mut self.storage, &path).map_err(|error| LoadError::Io {
            file: folder,
            error,
        })?;
        self.goes_on_in(file);
        self.begin_apart(Some(increment))
    }

    fn begin_apart(&mut self, increment: Option<ManifestFile>) -> Result<(), LoadError> {
        if increment.is_none() {
            self.read_again()?;
        }
        self.rewrite = Some(Rewrite {
            stage: Stage::Logging,
            is_unlisted: increment.is_some(),
            increment,
            base: self.next_base(),
            replaced_bytes: self.older_bytes,
        });
        Ok(())
    }

    /// What is in the folder of a log that is not open.
    fn read_again(&mut self) -> Result<(), LoadError> {
        let folder = self.folder.clone();
        self.storage
            .create_folder(&folder)
            .map_err(|error| LoadError::Io {
                file: folder,
                error,
            })?;
        self.manifest = self.read_manifest()?.unwrap_or_default();
        self.is_manifest_unsure = false;
        self.older_bytes = 0;
        Ok(())
    }

    fn next_base(&self) -> ManifestFile {
        let mut sequence = self.manifest.base().map_or(1, |base| base.sequence + 1);
        loop {
            let name = format!("{}.{sequence}.base.rdb", self.stem);
            let is_used = self.manifest.files.iter().any(|file| file.name == name);
            if !is_used && !self.given_up.contains(&name) {
                return ManifestFile {
                    name,
                    sequence,
                    kind: FileKind::Base,
                };
            }
            sequence += 1;
        }
    }

    /// Goes on with a rewrite. `base_bytes`: the length of the base, once it is durable under its name. After a failure the
    /// rewrite is over, and everything as before it.
    pub fn rewrite_step(
        &mut self,
        effects: &mut Effects,
        base_bytes: Option<u64>,
        now_us: u64,
    ) -> Result<RewriteStep, IoError> {
        if let Some(error) = self.rewrite_error.take() {
            return Err(error);
        }
        if let (true, Some(failure)) = (self.is_unlisted(), self.failure) {
            self.abort_rewrite(effects);
            return Err(failure.error);
        }
        let Some(mut rewrite) = self.rewrite.take() else {
            return Ok(RewriteStep::Wait);
        };
        let is_settled = self.failure.is_none() && self.takeover.is_none();
        let mut step = RewriteStep::Wait;
        let stage = core::mem::replace(&mut rewrite.stage, Stage::Logging);
        let moved = match stage {
            Stage::Creating(file) => {
                let is_ready = is_settled && effects.pending_len() == 0;
                self.leave_creating(file, is_ready, effects, now_us, &mut step)
            }
            Stage::Draining(file) => self.leave_draining(file, &rewrite),
            Stage::Naming(file, write) => self.leave_naming(file, write, &mut rewrite, &mut step),
            Stage::Logging => match base_bytes.filter(|_| is_settled) {
                Some(bytes) => {
                    let manifest = self.manifest_with_base(&rewrite);
                    self.begin_manifest(manifest)
                        .map(|write| Stage::Switching(write, bytes))
                }
                None => Ok(Stage::Logging),
            },
            Stage::Switching(write, bytes) => {
                self.leave_switching(write, bytes, &mut rewrite, &mut step)
            }
            Stage::Forgetting(write) => Ok(self.leave_forgetting(write, &mut step)),
        };
        match moved {
            Ok(_) if step == RewriteStep::Done => Ok(step),
            Ok(stage) => {
                rewrite.stage = stage;
                self.rewrite = Some(rewrite);
                Ok(step)
            }
            Err(error) => {
                self.give_up_rewrite(&rewrite, effects);
                Err(error)
            }
        }
    }

    fn leave_creating(
        &mut self,
        mut file: S::File,
        is_ready: bool,
        effects: &mut Effects,
        now_us: u64,
        step: &mut RewriteStep,
    ) -> Result<Stage<S::File>, IoError> {
        // An empty file has no length that would tell whether it is durable; what matters is its name, which goes with the
        // sync of its folder that the manifest's needs.
        file.durable_len()?;
        if !is_ready {
            return Ok(Stage::Creating(file));
        }
        effects.begin_file();
        self.sync_all(now_us);
        *step = RewriteStep::BeginWalk;
        Ok(Stage::Draining(file))
    }

    fn leave_draining(
        &mut self,
        file: S::File,
        rewrite: &Rewrite<S::File>,
    ) -> Result<Stage<S::File>, IoError> {
        if self.durable < self.position() {
            return Ok(Stage::Draining(file));
        }
        let mut manifest = self.manifest.clone();
        manifest.files.extend(rewrite.increment.clone());
        let write = self.begin_manifest(manifest)?;
        Ok(Stage::Naming(file, write))
    }

    fn leave_naming(
        &mut self,
        file: S::File,
        mut write: ManifestWrite<S::File>,
        rewrite: &mut Rewrite<S::File>,
        step: &mut RewriteStep,
    ) -> Result<Stage<S::File>, IoError> {
        if !self.go_on_with_manifest(&mut write)? {
            return Ok(Stage::Naming(file, write));
        }
        self.manifest = write.manifest;
        self.older_bytes += self.file.as_ref().map_or(0, |old| old.len());
        self.goes_on_in(file);
        rewrite.replaced_bytes = self.older_bytes;
        *step = RewriteStep::Resume;
        Ok(Stage::Logging)
    }

    fn leave_switching(
        &mut self,
        mut write: ManifestWrite<S::File>,
        base_bytes: u64,
        rewrite: &mut Rewrite<S::File>,
        step: &mut RewriteStep,
    ) -> Result<Stage<S::File>, IoError> {
        if !self.go_on_with_manifest(&mut write)? {
            return Ok(Stage::Switching(write, base_bytes));
        }
        self.manifest = write.manifest;
        rewrite.is_unlisted = false;
        self.older_bytes = (self.older_bytes + base_bytes).saturating_sub(rewrite.replaced_bytes);
        self.base_size = self.status().size;
        let mut manifest = self.manifest.clone();
        for file in &self.manifest.files {
            if file.kind == FileKind::History {
                let path = self.path(&file.name);
                log::info!("Removing the history file {} in the background", file.name);
                let _ = self.storage.remove(&path);
            }
        }
        manifest.files.retain(|file| file.kind != FileKind::History);
        self.remove_given_up();
        // Whether the lines of files that are gone go too is no matter: a start does it again.
        Ok(match self.begin_manifest(manifest) {
            Ok(write) => Stage::Forgetting(write),
            Err(_) => {
                *step = RewriteStep::Done;
                Stage::Logging
            }
        })
    }

    fn leave_forgetting(
        &mut self,
        mut write: ManifestWrite<S::File>,
        step: &mut RewriteStep,
    ) -> Stage<S::File> {
        match self.go_on_with_manifest(&mut write) {
            Ok(false) => return Stage::Forgetting(write),
            Ok(true) => self.manifest = write.manifest,
            Err(_) => {}
        }
        *step = RewriteStep::Done;
        Stage::Logging
    }

    /// The manifest that begins with the base: what came before its moment is history.
    fn manifest_with_base(&self, rewrite: &Rewrite<S::File>) -> Manifest {
        let first = rewrite.increment.as_ref().map_or(u64::MAX, |i| i.sequence);
        let mut files = alloc::vec![rewrite.base.clone()];
        let mut increments: Vec<ManifestFile> = Vec::new();
        for file in &self.manifest.files {
            let mut file = file.clone();
            if file.kind == FileKind::Increment && file.sequence >= first {
                increments.push(file);
            } else {
                file.kind = FileKind::History;
                files.push(file);
            }
        }
        if rewrite.is_unlisted {
            increments.extend(rewrite.increment.clone());
        }
        files.extend(increments);
        Manifest { files }
    }

    /// Ends a rewrite that cannot be completed.
    pub fn abort_rewrite(&mut self, effects: &mut Effects) {
        if let Some(rewrite) = self.rewrite.take() {
            if let Stage::Naming(_, write) | Stage::Switching(write, _) | Stage::Forgetting(write) =
                &rewrite.stage
            {
                self.is_manifest_unsure |= write.is_renamed;
            }
            if let Stage::Forgetting(_) = rewrite.stage {
                return;
            }
            if matches!(
                rewrite.stage,
                Stage::Creating(_) | Stage::Draining(_) | Stage::Naming(..)
            ) {
                self.given_up
                    .extend(rewrite.increment.as_ref().map(|file| file.name.clone()));
            }
            self.give_up_rewrite(&rewrite, effects);
        }
    }

    /// The same as a failure of the log, of which the next step tells.
    pub(super) fn fail_rewrite(&mut self, error: IoError, effects: &mut Effects) {
        self.abort_rewrite(effects);
        self.rewrite_error = Some(error);
    }

    fn give_up_rewrite(&mut self, rewrite: &Rewrite<S::File>, effects: &mut Effects) {
        let listed = |name: &String| self.manifest.files.iter().any(|file| &file.name == name);
        let names = rewrite.increment.iter().chain([&rewrite.base]);
        let unused: Vec<String> = names
            .map(|file| file.name.clone())
            .filter(|name| !listed(name) && !self.given_up.contains(name))
            .collect();
        self.given_up.extend(unused);
        if rewrite.is_unlisted {
            self.close(effects);
        }
        self.remove_given_up();
    }

    /// Appends what is left, makes it durable and ends the log; the server goes on without one.
    pub fn end_log(&mut self, effects: &mut Effects, now_us: u64) -> Result<(), IoError> {
        self.abort_rewrite(effects);
        self.rewrite_error = None;
        let finished = match self.is_open() {
            true => self.finish(effects, now_us),
            false => Ok(()),
        };
        self.close(effects);
        finished
    }

    fn close(&mut self, effects: &mut Effects) {
        // Positions go on where they were, whoever holds one.
        self.durable = self.position() + effects.pending_len() as u64;
        effects.seal();
        effects.consume(effects.pending_len());
        effects.set_enabled(false);
        self.file = None;
        self.marks.clear();
        self.failure = None;
        self.older_bytes = 0;
        if let Some(name) = self.end_takeover() {
            self.given_up.push(name);
        }
        self.remove_given_up();
    }

    /// What comes now goes to `file`, which is empty, from the present position on.
    fn goes_on_in(&mut self, file: S::File) {
        let end = self.position();
        self.origin = end as i64;
        self.file = Some(file);
        self.durable = end;
        self.marks.clear();
        self.whole = Mark {
            position: end,
            db: None,
        };
        self.kept = self.whole;
    }

    /// Writes the manifest again that a failed rename may have replaced.
    pub(super) fn restore_manifest(&mut self) -> Result<(), IoError> {
        if self.is_manifest_unsure {
            let manifest = self.manifest.clone();
            self.write_manifest(&manifest)?;
            self.is_manifest_unsure = false;
            self.remove_given_up();
        }
        Ok(())
    }

    fn begin_manifest(&mut self, manifest: Manifest) -> Result<ManifestWrite<S::File>, IoError> {
        let path = self.path(&format!("temp-{}", self.manifest_name()));
        let mut file = create_fresh(&mut self.storage, &path)?;
        append_all(&mut file, manifest.text().as_bytes())?;
        file.start_sync()?;
        Ok(ManifestWrite {
            file,
            manifest,
            is_renamed: false,
        })
    }

    /// Goes on with a manifest; `true` when it is durable under its name.
    fn go_on_with_manifest(&mut self, write: &mut ManifestWrite<S::File>) -> Result<bool, IoError> {
        let name = self.manifest_name();
        let (temporary, path) = (self.path(&format!("temp-{name}")), self.path(&name));
        let len = write.file.len();
        let durable = write.file.durable_len();
        if write.is_renamed && durable.is_err() {
            self.is_manifest_unsure = true;
        }
        if durable? < len {
            return Ok(false);
        }
        if write.is_renamed {
            return Ok(true);
        }
        write.is_renamed = true;
        let renamed = self
            .storage
            .start_rename(&mut write.file, &temporary, &path)
            .and_then(|()| write.file.durable_len());
        self.is_manifest_unsure |= renamed.is_err();
        Ok(renamed? == len)
    }
}
