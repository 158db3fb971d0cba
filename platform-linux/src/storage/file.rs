//! A file that only grows. Appending is inline; syncing is the helper's.

use std::fs::File;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;

use rotom_core::platform::{AppendFile, IoError};

use super::sync::{Queue, SyncedFile, Syncer, ToClose};
use crate::to_io_error;

/// An open file of [`crate::LinuxStorage`]. Dropping it while a sync runs is fine: the sync keeps it open.
#[derive(Debug)]
pub struct LinuxFile {
    /// Taken by `drop` only, which hands it over so that the last share ends with the helper.
    shared: Option<Arc<SyncedFile>>,
    queue: Arc<Queue>,
    len: u64,
}

impl LinuxFile {
    /// An empty file that was created just now in `folder`; its name becomes durable with its first sync.
    pub(super) fn created(file: File, folder: PathBuf, syncer: &Syncer) -> Self {
        LinuxFile {
            shared: Some(Arc::new(SyncedFile::new(file, Some(folder)))),
            queue: syncer.queue(),
            len: 0,
        }
    }

    /// A file that was there before.
    pub(super) fn opened(file: File, syncer: &Syncer) -> io::Result<Self> {
        let len = file.metadata()?.len();
        Ok(LinuxFile {
            shared: Some(Arc::new(SyncedFile::new(file, None))),
            queue: syncer.queue(),
            len,
        })
    }

    /// The file has got a name in `folder`, which the helper is to make durable; until then nothing of it is.
    pub(super) fn sync_name_in(&mut self, folder: PathBuf) -> Result<(), IoError> {
        self.shared().renamed_into(folder);
        self.start_sync()
    }

    fn shared(&self) -> &Arc<SyncedFile> {
        self.shared.as_ref().expect("an open file has its share")
    }
}

impl Drop for LinuxFile {
    fn drop(&mut self) {
        if let Some(shared) = self.shared.take() {
            self.queue.push_close(ToClose::Shared(shared));
        }
    }
}

impl AppendFile for LinuxFile {
    fn append(&mut self, bytes: &[u8]) -> Result<usize, IoError> {
        if bytes.is_empty() {
            return Ok(0);
        }
        loop {
            match self.shared().file().write(bytes) {
                Ok(0) => return Err(IoError::OTHER),
                Ok(count) => {
                    self.len += count as u64;
                    return Ok(count);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(to_io_error(error)),
            }
        }
    }

    fn start_sync(&mut self) -> Result<(), IoError> {
        if self.shared().request(self.len)? {
            self.queue.push(self.shared().clone());
        }
        Ok(())
    }

    fn durable_len(&mut self) -> Result<u64, IoError> {
        self.shared().durable_len()
    }

    fn sync_now(&mut self) -> Result<(), IoError> {
        self.shared().sync_now(self.len)
    }

    fn len(&self) -> u64 {
        self.len
    }
}
