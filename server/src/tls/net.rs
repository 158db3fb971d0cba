//! Sockets, some of which are encrypted.

use super::config;
use super::session::Session;
use super::table::Shared;
use rotom_core::platform::{
    Accepted, AddressText, Fd, IoError, ListenAt, Net, TlsOptions, Transfer,
};
use rotom_platform_linux::LinuxNet;
use std::rc::Rc;

/// The most of a long argument that is decrypted at once.
const APART_BYTES: usize = 64 * 1024;

/// The server's sockets.
pub struct TlsNet {
    plain: LinuxNet,
    shared: Rc<Shared>,
}

impl TlsNet {
    pub(super) fn new(shared: Rc<Shared>) -> Self {
        TlsNet {
            plain: LinuxNet::new(),
            shared,
        }
    }

    /// Whether a connection is encrypted.
    #[inline]
    fn is_secure(&self, fd: Fd) -> bool {
        self.shared.count.get() != 0 && self.shared.table.borrow().has(fd)
    }

    #[cold]
    fn read_secure(&mut self, fd: Fd, into: &mut [u8]) -> Transfer {
        let mut table = self.shared.table.borrow_mut();
        let outcome = table.with(fd, |session, scratch, handshake_time| {
            session.read(fd, into, scratch, handshake_time)
        });
        outcome.unwrap_or(Transfer::Closed)
    }

    #[cold]
    fn write_secure(&mut self, fd: Fd, parts: &[&[u8]]) -> Transfer {
        let mut table = self.shared.table.borrow_mut();
        let outcome = table.with(fd, |session, _, _| session.write(fd, parts));
        outcome.unwrap_or(Transfer::Closed)
    }

    /// Begins a session on a new connection; `false` when it cannot.
    fn secure(&mut self, fd: Fd) -> bool {
        let mut table = self.shared.table.borrow_mut();
        let session = table.config.clone().map(Session::new);
        let Some(Ok(session)) = session else {
            return false;
        };
        table.insert(fd, session);
        self.shared.count.set(self.shared.count.get() + 1);
        true
    }
}

impl Net for TlsNet {
    fn listen(&mut self, at: &ListenAt<'_>) -> Result<Fd, IoError> {
        let plain = ListenAt {
            secure: false,
            ..*at
        };
        let fd = self.plain.listen(&plain)?;
        if at.secure {
            self.shared.listeners.borrow_mut().push(fd);
        }
        Ok(fd)
    }

    fn set_tls(&mut self, options: &TlsOptions<'_>) -> Result<(), String> {
        let config = config::build(options)?;
        self.shared.table.borrow_mut().config = Some(config);
        Ok(())
    }

    fn accept(&mut self, listener: Fd) -> Result<Option<Accepted>, IoError> {
        let Some(accepted) = self.plain.accept(listener)? else {
            return Ok(None);
        };
        let is_secure = self.shared.listeners.borrow().contains(&listener);
        if is_secure && !self.secure(accepted.fd) {
            self.plain.close(accepted.fd);
            return Ok(None);
        }
        Ok(Some(accepted))
    }

    #[inline]
    fn read(&mut self, fd: Fd, into: &mut [u8]) -> Result<Transfer, IoError> {
        match self.is_secure(fd) {
            false => self.plain.read(fd, into),
            true => Ok(self.read_secure(fd, into)),
        }
    }

    fn read_apart(
        &mut self,
        fd: Fd,
        into: &mut Vec<u8>,
        most: usize,
        after: &mut [u8],
    ) -> Result<Transfer, IoError> {
        if !self.is_secure(fd) {
            return self.plain.read_apart(fd, into, most, after);
        }
        let len = into.len();
        into.resize(len + most.min(APART_BYTES), 0);
        let outcome = self.read_secure(fd, &mut into[len..]);
        let count = match outcome {
            Transfer::Bytes(count) => count.get(),
            Transfer::NotReady | Transfer::Closed => 0,
        };
        into.truncate(len + count);
        Ok(outcome)
    }

    #[inline]
    fn write(&mut self, fd: Fd, parts: &[&[u8]]) -> Result<Transfer, IoError> {
        match self.is_secure(fd) {
            false => self.plain.write(fd, parts),
            true => Ok(self.write_secure(fd, parts)),
        }
    }

    fn close(&mut self, fd: Fd) {
        if self.is_secure(fd) {
            let session = self.shared.table.borrow_mut().remove(fd);
            if let Some(mut session) = session {
                session.say_goodbye(fd);
                self.shared.count.set(self.shared.count.get() - 1);
            }
        }
        self.shared.listeners.borrow_mut().retain(|one| *one != fd);
        self.plain.close(fd);
    }

    fn peer_address(&self, fd: Fd) -> AddressText {
        self.plain.peer_address(fd)
    }

    fn local_address(&self, fd: Fd) -> AddressText {
        self.plain.local_address(fd)
    }

    fn set_keepalive_seconds(&mut self, seconds: u32) {
        self.plain.set_keepalive_seconds(seconds);
    }
}
