//! Readiness through epoll, level-triggered.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};

use libc::{EPOLL_CTL_ADD, EPOLL_CTL_DEL, EPOLL_CTL_MOD};
use libc::{EPOLLERR, EPOLLHUP, EPOLLIN, EPOLLOUT, epoll_event};
use rotom_core::platform::{Fd, Interest, IoError, Poller, Readiness, Token};

use crate::{syscall, to_std_error};

/// One epoll instance.
pub struct LinuxPoller {
    epoll: OwnedFd,
    events: Vec<epoll_event>,
    /// Whether the kernel knows `epoll_pwait2` (Linux 5.11), whose timeouts are finer than milliseconds.
    has_fine_timeouts: bool,
}

impl LinuxPoller {
    /// A poller that watches nothing.
    pub fn new() -> io::Result<Self> {
        Ok(LinuxPoller {
            epoll: syscall::epoll_create().map_err(to_std_error)?,
            events: Vec::new(),
            has_fine_timeouts: true,
        })
    }

    fn wait_for_events(&mut self, timeout_us: Option<u64>) -> Result<usize, IoError> {
        let epoll = self.epoll.as_raw_fd();
        let Some(timeout_us) = timeout_us else {
            return syscall::epoll_wait(epoll, &mut self.events, -1);
        };
        if timeout_us > 0 && self.has_fine_timeouts {
            match syscall::epoll_wait_us(epoll, &mut self.events, timeout_us) {
                // A sandbox from before this call answers EPERM.
                Err(IoError(libc::ENOSYS | libc::EPERM)) => self.has_fine_timeouts = false,
                outcome => return outcome,
            }
        }
        syscall::epoll_wait(epoll, &mut self.events, to_timeout_ms(timeout_us))
    }
}

impl Poller for LinuxPoller {
    fn register(&mut self, fd: Fd, token: Token, want: Interest) -> Result<(), IoError> {
        let event = to_event(token, want);
        syscall::epoll_ctl(self.epoll.as_raw_fd(), EPOLL_CTL_ADD, fd.0, event)
    }

    fn modify(&mut self, fd: Fd, token: Token, want: Interest) -> Result<(), IoError> {
        let event = to_event(token, want);
        syscall::epoll_ctl(self.epoll.as_raw_fd(), EPOLL_CTL_MOD, fd.0, event)
    }

    fn deregister(&mut self, fd: Fd) -> Result<(), IoError> {
        let event = to_event(Token(0), Interest::default());
        syscall::epoll_ctl(self.epoll.as_raw_fd(), EPOLL_CTL_DEL, fd.0, event)
    }

    fn wait(&mut self, ready: &mut [Readiness], timeout_us: Option<u64>) -> Result<usize, IoError> {
        if self.events.len() != ready.len() {
            let blank = to_event(Token(0), Interest::default());
            self.events.resize(ready.len(), blank);
        }
        let count = match self.wait_for_events(timeout_us) {
            Err(IoError(libc::EINTR)) => 0,
            outcome => outcome?,
        };
        for (into, event) in ready.iter_mut().zip(&self.events[..count]) {
            *into = to_readiness(event);
        }
        Ok(count)
    }
}

fn to_event(token: Token, want: Interest) -> epoll_event {
    let readable = if want.readable { EPOLLIN } else { 0 };
    let writable = if want.writable { EPOLLOUT } else { 0 };
    epoll_event {
        events: (readable | writable) as u32,
        u64: token.0,
    }
}

fn to_readiness(event: &epoll_event) -> Readiness {
    let flags = event.events as i32;
    let is_broken = flags & (EPOLLERR | EPOLLHUP) != 0;
    Readiness {
        token: Token(event.u64),
        readable: is_broken || flags & EPOLLIN != 0,
        writable: is_broken || flags & EPOLLOUT != 0,
    }
}

/// Rounds up, so that a timer is due when the wait ends and the loop does not spin towards it.
fn to_timeout_ms(timeout_us: u64) -> i32 {
    i32::try_from(timeout_us.div_ceil(1000)).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Wake;
    use std::time::{Duration, Instant};

    const READ: Interest = Interest {
        readable: true,
        writable: false,
    };
    const BLANK: Readiness = Readiness {
        token: Token(0),
        readable: false,
        writable: false,
    };

    #[test]
    fn readiness_is_level_triggered_and_follows_interest() {
        let (mut poller, wake) = (LinuxPoller::new().unwrap(), Wake::new().unwrap());
        let mut ready = [BLANK; 4];
        poller.register(wake.fd(), Token(u64::MAX), READ).unwrap();
        assert_eq!(poller.wait(&mut ready, Some(0)), Ok(0));
        wake.fire();
        for _ in 0..2 {
            assert_eq!(poller.wait(&mut ready, None), Ok(1));
            assert_eq!(ready[0].token, Token(u64::MAX));
            assert!(ready[0].readable && !ready[0].writable);
        }
        let both = Interest {
            readable: true,
            writable: true,
        };
        poller.modify(wake.fd(), Token(5), both).unwrap();
        assert_eq!(poller.wait(&mut ready, None), Ok(1));
        assert_eq!(ready[0].token, Token(5));
        assert!(ready[0].readable && ready[0].writable);
        poller.modify(wake.fd(), Token(5), READ).unwrap();
        wake.drain();
        assert_eq!(poller.wait(&mut ready, Some(0)), Ok(0));
        wake.fire();
        poller.deregister(wake.fd()).unwrap();
        assert_eq!(poller.wait(&mut ready, Some(0)), Ok(0));
    }

    #[test]
    fn misuse_is_an_error() {
        let (mut poller, wake) = (LinuxPoller::new().unwrap(), Wake::new().unwrap());
        poller.register(wake.fd(), Token(1), READ).unwrap();
        let again = poller.register(wake.fd(), Token(1), READ);
        assert_eq!(again, Err(IoError::EXISTS));
        poller.deregister(wake.fd()).unwrap();
        assert_eq!(poller.deregister(wake.fd()), Err(IoError::NOT_FOUND));
    }

    #[test]
    fn timeouts_are_never_short_with_either_call() {
        let mut poller = LinuxPoller::new().unwrap();
        for has_fine_timeouts in [true, false] {
            poller.has_fine_timeouts = has_fine_timeouts;
            for timeout_us in [1, 300, 1500] {
                let start = Instant::now();
                assert_eq!(poller.wait(&mut [BLANK], Some(timeout_us)), Ok(0));
                assert!(start.elapsed() >= Duration::from_micros(timeout_us));
            }
        }
    }

    #[test]
    fn milliseconds_are_rounded_up_and_capped() {
        assert_eq!(to_timeout_ms(0), 0);
        assert_eq!(to_timeout_ms(1), 1);
        assert_eq!(to_timeout_ms(1000), 1);
        assert_eq!(to_timeout_ms(1001), 2);
        assert_eq!(to_timeout_ms(u64::MAX), i32::MAX);
    }
}
