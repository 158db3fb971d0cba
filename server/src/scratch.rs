//! A folder for the files of one test, gone when it ends.

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The folder.
pub struct Scratch(PathBuf);

impl Scratch {
    /// Makes one of its own.
    pub fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("rotom-server-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Scratch(path)
    }

    /// Where a file of this name is or would be.
    pub fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Writes a file.
    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, text).unwrap();
        path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // A folder that stays behind harms nothing.
        std::fs::remove_dir_all(&self.0).ok();
    }
}
