//! One encrypted connection: rustls, and the bytes between it and the socket.

use rotom_core::platform::{Fd, Net, Transfer};
use rotom_platform_linux::LinuxNet;
use rustls::{ServerConfig, ServerConnection};
use std::io::{self, ErrorKind, IoSlice, Read, Write};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How much is encrypted at once: so many bytes the socket may not take, and are held here.
const WRITE_BYTES: usize = 64 * 1024;
/// Parts of one write that are looked at.
const WRITE_PARTS: usize = 64;
/// Reads from the socket for one of the engine's.
const READS_MAX: usize = 8;

/// A connection's state.
pub(super) struct Session {
    connection: ServerConnection,
    /// Bytes that were encrypted and the engine was not told of, since the socket has not taken them all.
    owed: usize,
    /// Decrypted bytes may wait here.
    has_plaintext: bool,
    /// Nothing more comes: the peer has ended, or the session failed.
    is_ended: bool,
    /// The socket takes nothing more.
    is_broken: bool,
}

impl Session {
    /// A session whose handshake is about to begin.
    pub(super) fn new(config: Arc<ServerConfig>) -> Result<Session, rustls::Error> {
        let mut connection = ServerConnection::new(config)?;
        connection.set_buffer_limit(Some(2 * WRITE_BYTES));
        Ok(Session {
            connection,
            owed: 0,
            has_plaintext: false,
            is_ended: false,
            is_broken: false,
        })
    }

    pub(super) fn is_handshaking(&self) -> bool {
        self.connection.is_handshaking() && !self.is_ended
    }

    /// Whether a read finds something although the socket may be empty.
    pub(super) fn has_input(&self) -> bool {
        self.has_plaintext || self.is_ended
    }

    /// Whether encrypted bytes wait for the socket.
    pub(super) fn has_output(&self) -> bool {
        self.connection.wants_write() && !self.is_broken
    }

    /// Gives the connection up; the next read says that it is closed.
    pub(super) fn give_up(&mut self) {
        self.is_ended = true;
    }

    /// Reads decrypted bytes into `into`. `scratch` takes what comes from the socket, and `handshake_time` is what handshakes may
    /// still take in this turn.
    pub(super) fn read(
        &mut self,
        fd: Fd,
        into: &mut [u8],
        scratch: &mut [u8],
        handshake_time: &mut Duration,
    ) -> Transfer {
        let mut count = self.take_plaintext(into);
        for _ in 0..READS_MAX {
            // So much and no more: what it decrypts to has room, save for the rest of a record that had begun before.
            let most = scratch.len().min(into.len() - count);
            if most == 0 || self.is_ended || self.is_handshaking() && handshake_time.is_zero() {
                break;
            }
            match LinuxNet::new().read(fd, &mut scratch[..most]) {
                Ok(Transfer::Bytes(came)) => {
                    let came = came.get();
                    self.feed(fd, &scratch[..came], into, &mut count, handshake_time);
                    if came < most {
                        break;
                    }
                }
                Ok(Transfer::NotReady) => break,
                Ok(Transfer::Closed) | Err(_) => self.is_ended = true,
            }
        }
        self.flush(fd);
        match NonZeroUsize::new(count) {
            Some(count) => Transfer::Bytes(count),
            None if self.is_ended => Transfer::Closed,
            None => Transfer::NotReady,
        }
    }

    /// Decrypts what came.
    fn feed(
        &mut self,
        fd: Fd,
        mut bytes: &[u8],
        into: &mut [u8],
        count: &mut usize,
        handshake_time: &mut Duration,
    ) {
        let started = self.is_handshaking().then(Instant::now);
        while !bytes.is_empty() && !self.is_ended {
            // It takes some at a time; nothing at all after the peer's last word.
            if !matches!(self.connection.read_tls(&mut bytes), Ok(1..)) {
                self.is_ended = true;
                break;
            }
            match self.connection.process_new_packets() {
                Ok(state) => {
                    self.has_plaintext |= state.plaintext_bytes_to_read() > 0;
                    *count += self.take_plaintext(&mut into[*count..]);
                    self.is_ended |= state.peer_has_closed();
                }
                Err(error) => {
                    if started.is_some() {
                        log::warn!(
                            "Error accepting a client connection: {error} (addr={})",
                            LinuxNet::new().peer_address(fd)
                        );
                    }
                    self.is_ended = true;
                }
            }
        }
        if let Some(started) = started {
            *handshake_time = handshake_time.saturating_sub(started.elapsed());
        }
    }

    /// Moves decrypted bytes to `into`; how many.
    fn take_plaintext(&mut self, into: &mut [u8]) -> usize {
        let mut count = 0;
        while self.has_plaintext && count < into.len() {
            match self.connection.reader().read(&mut into[count..]) {
                Ok(moved @ 1..) => count += moved,
                // Empty (`WouldBlock`), or the end, which is known already.
                Ok(0) | Err(_) => self.has_plaintext = false,
            }
        }
        count
    }

    /// Encrypts and sends the front of `parts`; see the module's contract about what is not taken.
    pub(super) fn write(&mut self, fd: Fd, parts: &[&[u8]]) -> Transfer {
        if self.connection.is_handshaking() && !self.is_ended {
            return Transfer::NotReady;
        }
        if self.is_broken || self.is_ended && self.connection.is_handshaking() {
            return Transfer::Closed;
        }
        if self.owed == 0 {
            self.owed = self.encrypt(parts);
        }
        self.flush(fd);
        if self.is_broken {
            return Transfer::Closed;
        }
        if self.has_output() {
            return Transfer::NotReady;
        }
        let given: usize = parts.iter().map(|part| part.len()).sum();
        let told = self.owed.min(given);
        self.owed -= told;
        NonZeroUsize::new(told).map_or(Transfer::Closed, Transfer::Bytes)
    }

    fn encrypt(&mut self, parts: &[&[u8]]) -> usize {
        let mut slices = [IoSlice::new(&[]); WRITE_PARTS];
        let mut left = WRITE_BYTES;
        let mut used = 0;
        for (slice, part) in slices.iter_mut().zip(parts) {
            let len = part.len().min(left);
            *slice = IoSlice::new(&part[..len]);
            left -= len;
            used += 1;
            if left == 0 {
                break;
            }
        }
        // It writes to memory; the limit of that is above what is given.
        self.connection
            .writer()
            .write_vectored(&slices[..used])
            .unwrap_or(0)
    }

    /// Sends encrypted bytes that wait.
    pub(super) fn flush(&mut self, fd: Fd) {
        while self.has_output() {
            match self.connection.write_tls(&mut Socket { fd }) {
                Ok(1..) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Ok(0) | Err(_) => (self.is_broken, self.is_ended) = (true, true),
            }
        }
    }

    /// Tells the peer that nothing more comes, if the socket takes that now.
    pub(super) fn say_goodbye(&mut self, fd: Fd) {
        if !self.connection.is_handshaking() {
            self.connection.send_close_notify();
        }
        self.flush(fd);
    }
}

/// A socket to which encrypted bytes go.
struct Socket {
    fd: Fd,
}

impl Socket {
    fn send(&mut self, parts: &[&[u8]]) -> io::Result<usize> {
        match LinuxNet::new().write(self.fd, parts) {
            Ok(Transfer::Bytes(count)) => Ok(count.get()),
            Ok(Transfer::NotReady) => Err(ErrorKind::WouldBlock.into()),
            Ok(Transfer::Closed) | Err(_) => Err(ErrorKind::BrokenPipe.into()),
        }
    }
}

impl Write for Socket {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.send(&[bytes])
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        let mut parts: [&[u8]; WRITE_PARTS] = [&[]; WRITE_PARTS];
        let mut used = 0;
        for (part, slice) in parts.iter_mut().zip(slices) {
            *part = slice;
            used += 1;
        }
        self.send(&parts[..used])
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
