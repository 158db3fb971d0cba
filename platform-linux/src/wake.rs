//! An eventfd that another thread or a signal handler makes readable.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::AsRawFd;
use std::sync::Arc;

use rotom_core::platform::Fd;

use crate::{syscall, to_std_error};

/// Wakes the loop that watches its descriptor. Clones are the same eventfd.
#[derive(Clone, Debug)]
pub struct Wake {
    event: Arc<File>,
}

impl Wake {
    /// A new eventfd, not readable yet.
    pub fn new() -> io::Result<Self> {
        let event = syscall::eventfd().map_err(to_std_error)?;
        Ok(Wake {
            event: Arc::new(File::from(event)),
        })
    }

    /// The descriptor to watch for READABLE.
    pub fn fd(&self) -> Fd {
        Fd(self.event.as_raw_fd())
    }

    /// Makes the descriptor readable. It fails only when it is readable a whole counter's worth already.
    pub fn fire(&self) {
        let _ = (&*self.event).write(&1u64.to_ne_bytes());
    }

    /// Makes the descriptor not readable again.
    pub fn drain(&self) {
        let _ = (&*self.event).read(&mut [0; 8]);
    }
}
