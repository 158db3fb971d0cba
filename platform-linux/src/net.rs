//! Stream sockets: accepting, reading, writing, addresses.

use std::io::IoSlice;
use std::num::NonZeroUsize;
use std::os::fd::{AsRawFd, IntoRawFd};

use libc::{IPPROTO_TCP, SO_KEEPALIVE, SOL_SOCKET};
use libc::{TCP_KEEPCNT, TCP_KEEPIDLE, TCP_KEEPINTVL, TCP_NODELAY};
use rotom_core::platform::{Accepted, AddressText, Fd, IoError, ListenAt, Net, Transfer};

use crate::address::Address;
use crate::{listen_tcp, syscall, to_io_error};

/// How many parts one gathered write takes; what is left makes the write a short one.
const PARTS_PER_WRITE: usize = 64;
/// The longest idle time that Linux accepts.
const KEEPALIVE_SECONDS_MAX: u32 = 32_767;
/// Redis's default of `tcp-keepalive`.
const KEEPALIVE_SECONDS_DEFAULT: u32 = 300;

/// TCP and Unix sockets of this process.
#[derive(Debug)]
pub struct LinuxNet {
    keepalive_seconds: u32,
}

impl LinuxNet {
    /// Sockets with Redis's keepalive of 300 seconds.
    pub fn new() -> Self {
        LinuxNet {
            keepalive_seconds: KEEPALIVE_SECONDS_DEFAULT,
        }
    }
}

impl Default for LinuxNet {
    fn default() -> Self {
        Self::new()
    }
}

impl Net for LinuxNet {
    fn listen(&mut self, at: &ListenAt<'_>) -> Result<Fd, IoError> {
        if at.secure {
            // Who asks for encryption must not get an open door.
            return Err(IoError::OTHER);
        }
        listen_tcp(at.host, at.port, at.backlog).map_err(to_io_error)
    }

    fn accept(&mut self, listener: Fd) -> Result<Option<Accepted>, IoError> {
        let (socket, peer) = loop {
            match syscall::accept(listener.0) {
                Ok(accepted) => break accepted,
                Err(IoError(libc::EAGAIN)) => return Ok(None),
                Err(error) if is_about_one_connection(error) => {}
                Err(error) => return Err(error),
            }
        };
        let peer = peer.parse();
        if let Address::Ip(..) = peer {
            // A connection that is reset already refuses options; reading it will tell.
            let _ = set_tcp_options(socket.as_raw_fd(), self.keepalive_seconds);
        }
        Ok(Some(Accepted {
            fd: Fd(socket.into_raw_fd()),
            local: peer.is_local(),
        }))
    }

    fn read(&mut self, fd: Fd, into: &mut [u8]) -> Result<Transfer, IoError> {
        debug_assert!(!into.is_empty(), "an empty read looks like the end");
        to_transfer(|| syscall::read(fd.0, into))
    }

    fn read_apart(
        &mut self,
        fd: Fd,
        into: &mut Vec<u8>,
        most: usize,
        after: &mut [u8],
    ) -> Result<Transfer, IoError> {
        debug_assert!(most > 0 && into.capacity() - into.len() >= most);
        to_transfer(|| syscall::read_apart(fd.0, into, most, after))
    }

    fn write(&mut self, fd: Fd, parts: &[&[u8]]) -> Result<Transfer, IoError> {
        if let [bytes] = parts {
            return to_transfer(|| syscall::send(fd.0, bytes));
        }
        let mut slices = [IoSlice::new(&[]); PARTS_PER_WRITE];
        let mut count = 0;
        let parts = parts.iter().filter(|part| !part.is_empty());
        for (slice, part) in slices.iter_mut().zip(parts) {
            *slice = IoSlice::new(part);
            count += 1;
        }
        to_transfer(|| syscall::send_gathered(fd.0, &slices[..count]))
    }

    fn close(&mut self, fd: Fd) {
        syscall::close(fd.0);
    }

    /// A client on a Unix socket has no name of its own; it is shown under the listener's, as Redis does.
    fn peer_address(&self, fd: Fd) -> AddressText {
        match syscall::peer_name(fd.0).map(|raw| raw.parse()) {
            Ok(Address::Unix(path)) if path.is_empty() => self.local_address(fd),
            Ok(address) => address.to_text(),
            Err(_) => Address::Unknown.to_text(),
        }
    }

    fn local_address(&self, fd: Fd) -> AddressText {
        let address = syscall::socket_name(fd.0).map(|raw| raw.parse());
        address.unwrap_or(Address::Unknown).to_text()
    }

    fn set_keepalive_seconds(&mut self, seconds: u32) {
        self.keepalive_seconds = seconds.min(KEEPALIVE_SECONDS_MAX);
    }
}

/// Whether `accept` failed for the sake of one connection, so that the next may well succeed. Besides a
/// connection that was given up, Linux reports here what the network said about it (accept(2)).
fn is_about_one_connection(error: IoError) -> bool {
    matches!(
        error.0,
        libc::EINTR
            | libc::ECONNABORTED
            | libc::ENETDOWN
            | libc::EPROTO
            | libc::ENOPROTOOPT
            | libc::EHOSTDOWN
            | libc::ENONET
            | libc::EHOSTUNREACH
            | libc::ENETUNREACH
    )
}

/// No delay, and Redis's keepalive: first probe after `seconds`, three probes a third of that apart.
fn set_tcp_options(fd: i32, seconds: u32) -> Result<(), IoError> {
    syscall::set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1)?;
    if seconds == 0 {
        return Ok(());
    }
    let seconds = seconds as i32;
    syscall::set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1)?;
    syscall::set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, seconds)?;
    syscall::set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, (seconds / 3).max(1))?;
    syscall::set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, 3)
}

/// Makes the call, again if a signal interrupts it, and sorts out what it came to.
fn to_transfer(mut call: impl FnMut() -> Result<usize, IoError>) -> Result<Transfer, IoError> {
    loop {
        return match call() {
            Ok(count) => Ok(NonZeroUsize::new(count).map_or(Transfer::Closed, Transfer::Bytes)),
            Err(IoError(libc::EAGAIN)) => Ok(Transfer::NotReady),
            Err(IoError(libc::EINTR)) => continue,
            Err(error) if is_peer_gone(error) => Ok(Transfer::Closed),
            Err(error) => Err(error),
        };
    }
}

/// Reset, closed, or given up by the kernel (keepalive, unreachable).
fn is_peer_gone(error: IoError) -> bool {
    matches!(
        error.0,
        libc::ECONNRESET
            | libc::EPIPE
            | libc::ENOTCONN
            | libc::ETIMEDOUT
            | libc::EHOSTUNREACH
            | libc::ENETUNREACH
            | libc::ENETDOWN
    )
}

#[cfg(test)]
mod tests;
