//! The data directory: files that grow, and what is done to them as a whole.
//!
//! Blocking work that a running engine asks for goes to one helper thread (`sync`). What is left inline is
//! `sync_now`, `truncate`, `create_folder` and `rename_durable`, which the contract wants durable on return.

mod file;
mod sync;
#[cfg(test)]
pub(crate) mod tests;

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use rotom_core::platform::{IoError, Storage};

use crate::{Wake, to_io_error};
pub use file::LinuxFile;
use sync::{Queue, Syncer, ToClose};

/// A folder of this machine.
#[derive(Debug)]
pub struct LinuxStorage {
    root: PathBuf,
    syncer: Syncer,
    /// The file read last, for loading reads one file from front to back.
    reading: Option<(String, File)>,
}

impl LinuxStorage {
    /// The folder at `root`, which must exist. The end of a sync fires `wake`. Starts the helper thread.
    pub fn open(root: &Path, wake: Wake) -> io::Result<Self> {
        let root = fs::canonicalize(root)?;
        if !root.is_dir() {
            return Err(io::ErrorKind::NotADirectory.into());
        }
        Ok(LinuxStorage {
            root,
            syncer: Syncer::start(wake)?,
            reading: None,
        })
    }

    /// Where a name leads; `EINVAL` for one that would lead out of the folder.
    fn path(&self, name: &str) -> Result<PathBuf, IoError> {
        let mut parts = Path::new(name).components();
        if parts.all(|part| matches!(part, Component::Normal(_))) && !name.contains('\0') {
            Ok(self.root.join(name))
        } else {
            Err(IoError(libc::EINVAL))
        }
    }

    /// The path of a file that is about to change: what was cached of it is void.
    fn path_to_change(&mut self, name: &str) -> Result<PathBuf, IoError> {
        self.reading.take_if(|(cached, _)| cached == name);
        self.path(name)
    }

    /// Keeps the file at `path` open, so that the call that takes its name away has little to do and the
    /// helper frees its blocks.
    fn put_off_freeing(&self, path: &Path) -> PutOff {
        PutOff {
            file: File::open(path).ok(),
            queue: self.syncer.queue(),
        }
    }

    fn file_to_read(&mut self, name: &str) -> Result<&File, IoError> {
        let cached = self.reading.take().filter(|(cached, _)| cached == name);
        let entry = match cached {
            Some(entry) => entry,
            None => {
                let file = File::open(self.path(name)?).map_err(to_io_error)?;
                (name.to_owned(), file)
            }
        };
        Ok(&self.reading.insert(entry).1)
    }
}

impl Storage for LinuxStorage {
    type File = LinuxFile;

    fn create_folder(&mut self, name: &str) -> Result<(), IoError> {
        let path = self.path(name)?;
        match fs::create_dir(&path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
            outcome => outcome.and_then(|()| sync_folder_of(&path)),
        }
        .map_err(to_io_error)
    }

    fn create(&mut self, name: &str) -> Result<LinuxFile, IoError> {
        let path = self.path_to_change(name)?;
        // Appending and truncating exclude each other in `OpenOptions`, so the length is cut after.
        let file = OpenOptions::new().append(true).create(true).open(&path);
        let file = file.and_then(|file| file.set_len(0).map(|()| file));
        let file = file.map_err(to_io_error)?;
        Ok(LinuxFile::created(file, folder_of(&path), &self.syncer))
    }

    fn open_append(&mut self, name: &str) -> Result<LinuxFile, IoError> {
        let path = self.path_to_change(name)?;
        let file = OpenOptions::new().append(true).open(&path);
        let opened = file.and_then(|file| LinuxFile::opened(file, &self.syncer));
        opened.map_err(to_io_error)
    }

    fn file_len(&mut self, name: &str) -> Result<u64, IoError> {
        let found = fs::metadata(self.path(name)?).map_err(to_io_error)?;
        Ok(found.len())
    }

    fn read_at(&mut self, name: &str, offset: u64, into: &mut [u8]) -> Result<usize, IoError> {
        let file = self.file_to_read(name)?;
        loop {
            match file.read_at(into, offset) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                outcome => return outcome.map_err(to_io_error),
            }
        }
    }

    fn truncate(&mut self, name: &str, len: u64) -> Result<(), IoError> {
        let path = self.path_to_change(name)?;
        let file = OpenOptions::new().write(true).open(&path);
        file.and_then(|file| {
            file.set_len(len)?;
            file.sync_all()
        })
        .map_err(to_io_error)
    }

    fn rename_durable(&mut self, from: &str, to: &str) -> Result<(), IoError> {
        let (from, to) = (self.path_to_change(from)?, self.path_to_change(to)?);
        let _replaced = self.put_off_freeing(&to);
        let outcome = fs::rename(&from, &to).and_then(|()| {
            sync_folder_of(&to)?;
            if from.parent() == to.parent() {
                return Ok(());
            }
            sync_folder_of(&from)
        });
        outcome.map_err(to_io_error)
    }

    fn start_rename(&mut self, file: &mut LinuxFile, from: &str, to: &str) -> Result<(), IoError> {
        let (from, to) = (self.path_to_change(from)?, self.path_to_change(to)?);
        let _replaced = self.put_off_freeing(&to);
        fs::rename(&from, &to).map_err(to_io_error)?;
        file.sync_name_in(folder_of(&to))
    }

    fn remove(&mut self, name: &str) -> Result<(), IoError> {
        let path = self.path_to_change(name)?;
        let _removed = self.put_off_freeing(&path);
        fs::remove_file(&path).map_err(to_io_error)
    }

    fn list(&mut self, folder: &str, each: &mut dyn FnMut(&str)) -> Result<(), IoError> {
        for entry in fs::read_dir(self.path(folder)?).map_err(to_io_error)? {
            let entry = entry.map_err(to_io_error)?;
            let is_file = entry.file_type().is_ok_and(|kind| kind.is_file());
            // A name that is not UTF-8 was not given by us.
            if let (true, Some(name)) = (is_file, entry.file_name().to_str()) {
                each(name);
            }
        }
        Ok(())
    }
}

/// Hands its file to the helper when it is dropped.
struct PutOff {
    file: Option<File>,
    queue: Arc<Queue>,
}

impl Drop for PutOff {
    fn drop(&mut self) {
        if let Some(file) = self.file.take() {
            self.queue.push_close(ToClose::File(file));
        }
    }
}

fn folder_of(path: &Path) -> PathBuf {
    path.parent().unwrap_or(Path::new("/")).to_owned()
}

/// Makes creations, renames and removals in the folder of `path` durable.
fn sync_folder_of(path: &Path) -> io::Result<()> {
    File::open(folder_of(path))?.sync_all()
}
