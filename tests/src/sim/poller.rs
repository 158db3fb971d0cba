//! Readiness, computed from the state of the sockets; waiting, as a jump in time.

use std::collections::BTreeMap;

use rotom_core::platform::{Fd, Interest, IoError, Poller, Readiness, Token};

use super::host::WAKE_FD;
use super::{Shared, World};

/// What a wait does when nothing is ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waiting {
    /// Time jumps to the next thing that happens, at most by the timeout.
    Skip,
    /// The wait returns at once and time stands still: the test advances it.
    Stay,
}

#[derive(Debug)]
pub(super) struct Polling {
    registered: BTreeMap<Fd, (Token, Interest)>,
    /// The descriptor reported last; the next report begins after it, so that all have their turn.
    last_reported: Fd,
    pub(super) waiting: Waiting,
    pub(super) last_timeout_us: Option<u64>,
    pub(super) endless_waits: u64,
}

impl Polling {
    pub(super) fn new() -> Self {
        Polling {
            registered: BTreeMap::new(),
            last_reported: Fd(-1),
            waiting: Waiting::Skip,
            last_timeout_us: None,
            endless_waits: 0,
        }
    }

    pub(super) fn is_registered(&self, fd: Fd) -> bool {
        self.registered.contains_key(&fd)
    }

    pub(super) fn registered_count(&self) -> usize {
        self.registered.len()
    }

    pub(super) fn forget_all(&mut self) {
        self.registered.clear();
    }
}

impl World {
    /// What is ready now, up to the length of `ready`.
    fn report(&mut self, ready: &mut [Readiness]) -> usize {
        let last = self.poll.last_reported;
        let after = self
            .poll
            .registered
            .range(last..)
            .filter(|(fd, _)| **fd != last);
        let until = self.poll.registered.range(..=last);
        let mut count = 0;
        for (&fd, &(token, want)) in after.chain(until) {
            let (can_read, can_write, is_broken) = self.state_of(fd);
            let readable = (can_read && want.readable) || is_broken;
            let writable = (can_write && want.writable) || is_broken;
            if (readable || writable) && count < ready.len() {
                ready[count] = Readiness {
                    token,
                    readable,
                    writable,
                };
                count += 1;
                self.poll.last_reported = fd;
            }
        }
        count
    }

    /// Readable, writable, broken.
    fn state_of(&self, fd: Fd) -> (bool, bool, bool) {
        if fd == WAKE_FD {
            (self.host.is_woken, false, false)
        } else {
            self.net.state_of(fd)
        }
    }

    fn wait(&mut self, ready: &mut [Readiness], timeout_us: Option<u64>) -> usize {
        self.poll.last_timeout_us = timeout_us;
        let end_us = timeout_us.map(|us| self.time.now_us.saturating_add(us));
        loop {
            self.settle();
            let count = self.report(ready);
            let is_over = end_us.is_some_and(|end| end <= self.time.now_us);
            if count > 0 || is_over || self.poll.waiting == Waiting::Stay {
                return count;
            }
            let next_us = self.disk.next_sync_end_us();
            let Some(until_us) = end_us.into_iter().chain(next_us).min() else {
                self.poll.endless_waits += 1;
                return 0;
            };
            self.advance_to(until_us);
        }
    }
}

/// The poller of a simulated world: level-triggered, reporting hang-ups unasked, as epoll does.
#[derive(Debug)]
pub struct SimPoller {
    world: Shared,
}

impl SimPoller {
    pub(super) fn new(world: Shared) -> Self {
        SimPoller { world }
    }
}

impl Poller for SimPoller {
    fn register(&mut self, fd: Fd, token: Token, want: Interest) -> Result<(), IoError> {
        let mut world = self.world.borrow_mut();
        assert!(
            fd == WAKE_FD || world.net.is_open(fd),
            "{fd:?} is registered but not open"
        );
        if world.poll.is_registered(fd) {
            return Err(IoError::EXISTS);
        }
        world.poll.registered.insert(fd, (token, want));
        Ok(())
    }

    fn modify(&mut self, fd: Fd, token: Token, want: Interest) -> Result<(), IoError> {
        let mut world = self.world.borrow_mut();
        let entry = world.poll.registered.get_mut(&fd);
        *entry.ok_or(IoError::NOT_FOUND)? = (token, want);
        Ok(())
    }

    fn deregister(&mut self, fd: Fd) -> Result<(), IoError> {
        let mut world = self.world.borrow_mut();
        let entry = world.poll.registered.remove(&fd);
        entry.map(drop).ok_or(IoError::NOT_FOUND)
    }

    fn wait(&mut self, ready: &mut [Readiness], timeout_us: Option<u64>) -> Result<usize, IoError> {
        assert!(!ready.is_empty(), "a wait with no room for events");
        Ok(self.world.borrow_mut().wait(ready, timeout_us))
    }
}
