//! Readiness of sockets, some of which are encrypted.

use super::table::Shared;
use rotom_core::platform::{Fd, Interest, IoError, Poller, Readiness, Token};
use rotom_platform_linux::LinuxPoller;
use std::rc::Rc;

/// The server's poller.
pub struct TlsPoller {
    plain: LinuxPoller,
    shared: Rc<Shared>,
}

impl TlsPoller {
    pub(super) fn new(plain: LinuxPoller, shared: Rc<Shared>) -> Self {
        TlsPoller { plain, shared }
    }

    /// What the system is told that the engine wants, if it is a session's.
    fn watch(&mut self, fd: Fd, token: Token, want: Interest) -> Interest {
        if self.shared.count.get() == 0 {
            return want;
        }
        let mut table = self.shared.table.borrow_mut();
        match table.has(fd) {
            true => table.watch(fd, token, want),
            false => want,
        }
    }

    /// Waits while there are sessions.
    fn wait_for_all(
        &mut self,
        ready: &mut [Readiness],
        timeout_us: Option<u64>,
    ) -> Result<usize, IoError> {
        let mut table = self.shared.table.borrow_mut();
        table.begin_turn();
        while let Some((fd, token, want)) = table.take_changed() {
            // A session of which nothing is known any more is one that a read finds closed.
            let _ = self.plain.modify(fd, token, want);
        }
        let half = ready.len().div_ceil(2);
        let taken = table.take_ready(&mut ready[..half]);
        if taken == ready.len() {
            return Ok(taken);
        }
        let timeout_us = if taken > 0 { Some(0) } else { timeout_us };
        let found = self.plain.wait(&mut ready[taken..], timeout_us)?;
        let mut count = taken;
        for at in taken..taken + found {
            if let Some(event) = table.judge(ready[at]) {
                ready[count] = event;
                count += 1;
            }
        }
        Ok(count)
    }
}

impl Poller for TlsPoller {
    fn register(&mut self, fd: Fd, token: Token, want: Interest) -> Result<(), IoError> {
        let want = self.watch(fd, token, want);
        self.plain.register(fd, token, want)
    }

    fn modify(&mut self, fd: Fd, token: Token, want: Interest) -> Result<(), IoError> {
        let want = self.watch(fd, token, want);
        self.plain.modify(fd, token, want)
    }

    fn deregister(&mut self, fd: Fd) -> Result<(), IoError> {
        if self.shared.count.get() != 0 {
            self.shared.table.borrow_mut().unwatch(fd);
        }
        self.plain.deregister(fd)
    }

    fn wait(&mut self, ready: &mut [Readiness], timeout_us: Option<u64>) -> Result<usize, IoError> {
        match self.shared.count.get() {
            0 => self.plain.wait(ready, timeout_us),
            _ => self.wait_for_all(ready, timeout_us),
        }
    }
}
