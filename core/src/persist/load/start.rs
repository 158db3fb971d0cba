//! Before and after the files are loaded: the manifest is read or a log is begun, and the last file is opened.

use super::super::files::{create_fresh, read_whole};
use super::super::manifest::{FileKind, Manifest, ManifestFile};
use super::super::scan::not_a_log;
use super::super::takeover::CONTINUES;
use super::{LoadError, damaged, io};
use crate::persist::Aof;
use crate::platform::{AppendFile, IoError, Storage};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// A manifest has a line a file; anything larger than this is none.
const MAX_MANIFEST_BYTES: u64 = 1 << 20;

impl<S: Storage> Aof<S> {
    /// The files to load; `None` when there is no log: then a new one was begun.
    pub(super) fn find_log(&mut self) -> Result<Option<Manifest>, LoadError> {
        let folder = self.folder.clone();
        self.storage
            .create_folder(&folder)
            .map_err(|error| io(&folder, error))?;
        let manifest = match self.read_manifest()? {
            Some(manifest) => Some(manifest),
            None => self.adopt_single_file()?,
        };
        match &manifest {
            Some(manifest) => self.move_single_file(manifest)?,
            None => self.begin_new()?,
        }
        Ok(manifest)
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
        let is_rdb = head[..count].starts_with(b"REDIS") || head[..count].starts_with(b"VALKE");
        if count > 0 && !is_rdb && !matches!(head[0], b'*' | b'#') {
            return Err(damaged(&name, 0, None, not_a_log(&head[..count])));
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
        let mut file = create_fresh(&mut self.storage, &path).map_err(|error| io(&path, error))?;
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

    pub(in crate::persist) fn read_manifest(&mut self) -> Result<Option<Manifest>, LoadError> {
        let path = self.path(&self.manifest_name());
        let text = match read_whole(&mut self.storage, &path) {
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

    /// Opens the last increment to go on with it; a manifest without one gets a new file.
    pub(super) fn open_last(
        &mut self,
        manifest: Manifest,
        last_name: &str,
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
                let file =
                    create_fresh(&mut self.storage, &path).map_err(|error| io(&path, error))?;
                self.manifest.files.push(increment);
                let manifest = self.manifest.clone();
                self.write_manifest(&manifest)
                    .map_err(|error| io(&path, error))?;
                file
            }
        };
        file.sync_now().map_err(|error| io(last_name, error))?;
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
}

/// How many bytes of the file before `path` count, when `path` was begun after a failed sync.
pub(in crate::persist) fn continues_at<S: Storage>(
    storage: &mut S,
    path: &str,
) -> Result<Option<u64>, IoError> {
    let mut head = [0; 64];
    let mut len = 0;
    while len < head.len() {
        match storage.read_at(path, len as u64, &mut head[len..])? {
            0 => break,
            count => len += count,
        }
    }
    // What follows the line need not be text.
    let line = head[..len].split(|&byte| byte == b'\r').next();
    let number = line.and_then(|line| line.strip_prefix(CONTINUES.as_bytes()));
    let number = number.and_then(|number| core::str::from_utf8(number).ok());
    Ok(number.and_then(|number| number.parse().ok()))
}
