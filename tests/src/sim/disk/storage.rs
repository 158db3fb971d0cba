//! What the engine sees of the disk.

use rotom_core::platform::{AppendFile, IoError, Storage};

use super::super::{Shared, World};
use super::{DiskCall, HandleId};

/// The data directory of a simulated world.
#[derive(Debug)]
pub struct SimStorage {
    world: Shared,
}

impl SimStorage {
    pub(in crate::sim) fn new(world: Shared) -> Self {
        SimStorage { world }
    }

    fn file(&self, id: HandleId, len: u64) -> SimFile {
        SimFile {
            world: self.world.clone(),
            id,
            len,
        }
    }
}

impl Storage for SimStorage {
    type File = SimFile;

    fn create_folder(&mut self, name: &str) -> Result<(), IoError> {
        let disk = &mut self.world.borrow_mut().disk;
        disk.enter_changing(DiskCall::Create)?;
        disk.names.add_folder(name)
    }

    fn create(&mut self, name: &str) -> Result<SimFile, IoError> {
        let id = self.world.borrow_mut().disk.create(name)?;
        Ok(self.file(id, 0))
    }

    fn open_append(&mut self, name: &str) -> Result<SimFile, IoError> {
        let (id, len) = self.world.borrow_mut().disk.open_append(name)?;
        Ok(self.file(id, len))
    }

    fn file_len(&mut self, name: &str) -> Result<u64, IoError> {
        let mut world = self.world.borrow_mut();
        Ok(world.disk.content(name)?.len() as u64)
    }

    fn read_at(&mut self, name: &str, offset: u64, into: &mut [u8]) -> Result<usize, IoError> {
        let mut world = self.world.borrow_mut();
        let bytes = world.disk.content(name)?;
        let from = usize::try_from(offset)
            .unwrap_or(usize::MAX)
            .min(bytes.len());
        let count = into.len().min(bytes.len() - from);
        into[..count].copy_from_slice(&bytes[from..from + count]);
        Ok(count)
    }

    fn truncate(&mut self, name: &str, len: u64) -> Result<(), IoError> {
        self.world.borrow_mut().disk.truncate(name, len)
    }

    fn rename_durable(&mut self, from: &str, to: &str) -> Result<(), IoError> {
        self.world.borrow_mut().disk.rename(from, to)
    }

    fn remove(&mut self, name: &str) -> Result<(), IoError> {
        self.world.borrow_mut().disk.remove(name)
    }

    fn list(&mut self, folder: &str, each: &mut dyn FnMut(&str)) -> Result<(), IoError> {
        let names = self.world.borrow_mut().disk.list(folder)?;
        names.iter().for_each(|name| each(name));
        Ok(())
    }
}

/// An open file of [`SimStorage`]. Once its process was killed, every call fails.
#[derive(Debug)]
pub struct SimFile {
    world: Shared,
    id: HandleId,
    len: u64,
}

impl AppendFile for SimFile {
    fn append(&mut self, bytes: &[u8]) -> Result<usize, IoError> {
        let World { disk, prng, .. } = &mut *self.world.borrow_mut();
        let count = disk.append(self.id, bytes, prng)?;
        self.len += count as u64;
        Ok(count)
    }

    fn start_sync(&mut self) -> Result<(), IoError> {
        let World { disk, time, .. } = &mut *self.world.borrow_mut();
        disk.start_sync(self.id, self.len, time.now_us)
    }

    fn durable_len(&mut self) -> Result<u64, IoError> {
        self.world.borrow_mut().disk.durable_len(self.id)
    }

    fn sync_now(&mut self) -> Result<(), IoError> {
        self.world.borrow_mut().disk.sync_now(self.id, self.len)
    }

    fn len(&self) -> u64 {
        self.len
    }
}

impl Drop for SimFile {
    fn drop(&mut self) {
        // A failing assertion may unwind while the world is in use.
        if let Ok(mut world) = self.world.try_borrow_mut() {
            world.disk.close(self.id);
        }
    }
}
