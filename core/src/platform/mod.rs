//! What Rotom asks of the place it runs in: five small traits, sans-IO in spirit.
//!
//! "Not ready" is a value ([`Transfer::NotReady`], `Ok(None)`), `Err` is a failure. No call may block,
//! except [`Poller::wait`], which blocks for as long as it is told. The engine calls everything from one thread.
//! Implementations: `rotom-platform-linux` (epoll and direct syscalls) and the simulator in `rotom-tests`
//! (virtual time, short transfers, resets, disk faults).
//!
//! A platform is a bundle of five types ([`Platform`]); the engine owns one value of each. The bundle's
//! type parameter is the only generic of the engine, and nothing outside `engine/` and `persist/` sees it.

use alloc::string::String;
use alloc::vec::Vec;
use core::num::NonZeroUsize;

/// A file descriptor or whatever the platform uses as one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fd(pub i32);

/// The caller's name for a registration, handed back with its readiness.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token(pub u64);

/// A platform failure: the operating system's `errno`, or [`IoError::OTHER`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IoError(pub i32);

impl IoError {
    /// A failure that has no number.
    pub const OTHER: IoError = IoError(-1);
    /// `ENOENT`: no such file.
    pub const NOT_FOUND: IoError = IoError(2);
    /// `EEXIST`: the file is there already.
    pub const EXISTS: IoError = IoError(17);
    /// `ENOSPC`: the disk is full.
    pub const NO_SPACE: IoError = IoError(28);
    /// `EMFILE`: no more descriptors in this process.
    pub const TOO_MANY_FILES: IoError = IoError(24);
    /// `ENOPROTOOPT`: a socket of this kind does not have that option.
    pub const NO_PROTOCOL_OPTION: IoError = IoError(92);
    /// `EPROTONOSUPPORT`: there is no such protocol here.
    pub const PROTOCOL_NOT_SUPPORTED: IoError = IoError(93);
    /// `ESOCKTNOSUPPORT`: there are no such sockets here.
    pub const SOCKET_TYPE_NOT_SUPPORTED: IoError = IoError(94);
    /// `EPFNOSUPPORT`: there is no such family of protocols here.
    pub const PROTOCOL_FAMILY_NOT_SUPPORTED: IoError = IoError(96);
    /// `EAFNOSUPPORT`: there are no such addresses here.
    pub const ADDRESS_FAMILY_NOT_SUPPORTED: IoError = IoError(97);
    /// `EADDRINUSE`: somebody listens there already.
    pub const ADDRESS_IN_USE: IoError = IoError(98);
    /// `EADDRNOTAVAIL`: this machine does not have that address.
    pub const ADDRESS_NOT_AVAILABLE: IoError = IoError(99);
}

impl core::fmt::Display for IoError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match *self {
            IoError::OTHER | IoError(5) => f.write_str("Input/output error"),
            IoError::NOT_FOUND => f.write_str("No such file or directory"),
            IoError::EXISTS => f.write_str("File exists"),
            IoError::NO_SPACE => f.write_str("No space left on device"),
            IoError::TOO_MANY_FILES => f.write_str("Too many open files"),
            IoError(13) => f.write_str("Permission denied"),
            IoError(27) => f.write_str("File too large"),
            IoError(30) => f.write_str("Read-only file system"),
            IoError(122) => f.write_str("Disk quota exceeded"),
            IoError::ADDRESS_FAMILY_NOT_SUPPORTED => {
                f.write_str("Address family not supported by protocol")
            }
            IoError::ADDRESS_IN_USE => f.write_str("Address already in use"),
            IoError::ADDRESS_NOT_AVAILABLE => f.write_str("Cannot assign requested address"),
            IoError(number) => write!(f, "error {number}"),
        }
    }
}

/// Two clocks, read a few times a turn, and a counter for what is shorter.
pub trait Clock {
    /// Microseconds since an arbitrary origin; never goes back.
    fn monotonic_us(&self) -> u64;
    /// Microseconds since the Unix epoch; may jump.
    fn wall_us(&self) -> u64;
    /// A counter for short durations, of which the difference of two readings counts: as cheap to read as the platform
    /// can make it, since it is read every few requests.
    fn ticks(&self) -> u64 {
        self.monotonic_us()
    }
    /// What reads the same counter without the clock, if the platform has such a function: for work deep inside, of which
    /// only how long it takes is told.
    fn counter(&self) -> Option<fn() -> u64> {
        None
    }
    /// How many nanoseconds so many [`Clock::ticks`] take.
    fn nanoseconds(&self, ticks: u64) -> u64 {
        ticks.saturating_mul(1000)
    }
}

/// What a registration waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Interest {
    /// Wake when a read would find something (bytes, a connection, the end).
    pub readable: bool,
    /// Wake when a write would be taken.
    pub writable: bool,
}

/// One ready registration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Readiness {
    /// The token given at registration.
    pub token: Token,
    /// A read will not say `NotReady` (also set on error and hang-up, so that the read reports it).
    pub readable: bool,
    /// A write will not say `NotReady` (also set on error and hang-up).
    pub writable: bool,
}

/// Readiness of descriptors, level-triggered.
pub trait Poller {
    /// Starts watching `fd`.
    fn register(&mut self, fd: Fd, token: Token, want: Interest) -> Result<(), IoError>;
    /// Changes what is watched.
    fn modify(&mut self, fd: Fd, token: Token, want: Interest) -> Result<(), IoError>;
    /// Stops watching; call before closing `fd`.
    fn deregister(&mut self, fd: Fd) -> Result<(), IoError>;
    /// Waits until something is ready or `timeout_us` has passed (`None`: forever), fills `ready` from the
    /// front and returns how many. An interrupted wait returns 0.
    fn wait(&mut self, ready: &mut [Readiness], timeout_us: Option<u64>) -> Result<usize, IoError>;
}

/// What a read or write came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transfer {
    /// So many bytes moved, perhaps fewer than asked.
    Bytes(NonZeroUsize),
    /// Nothing can move now; wait for readiness.
    NotReady,
    /// The peer is gone (end of stream, reset).
    Closed,
}

/// A printable address (`127.0.0.1:50000`, `[::1]:50000`, `/tmp/rotom.sock:0`).
pub type AddressText = heapless::String<128>;

/// One accepted connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// Its descriptor: non-blocking, TCP_NODELAY and keepalive set.
    pub fd: Fd,
    /// Whether the peer is on this machine (loopback or a Unix socket); protected mode asks.
    pub local: bool,
}

/// Where to listen for connections over the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListenAt<'a> {
    /// A number (`127.0.0.1`, `::1`), a host name, `*` (every IPv4 address) or `::*` (every IPv6 address).
    pub host: &'a str,
    /// The port.
    pub port: u16,
    /// How many connections may wait to be accepted.
    pub backlog: u32,
    /// Whether connections are encrypted, as the last [`Net::set_tls`] says.
    pub secure: bool,
}

/// How connections are encrypted: the `tls-*` settings, as they are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TlsOptions<'a> {
    /// The file of the server's certificate and what leads from it to a known authority.
    pub cert_file: &'a str,
    /// The file of the certificate's key.
    pub key_file: &'a str,
    /// What the key is encrypted with; empty: it is not.
    pub key_file_pass: &'a [u8],
    /// The file of the authorities that clients' certificates must come from.
    pub ca_cert_file: &'a str,
    /// A folder of such files.
    pub ca_cert_dir: &'a str,
    /// Whether clients show certificates.
    pub clients: TlsClients,
    /// Versions of TLS, by name; empty: those that are thought safe.
    pub protocols: &'a str,
    /// Suites of TLS 1.2, in OpenSSL's words; empty: those that are thought safe.
    pub ciphers: &'a str,
    /// Suites of TLS 1.3, by name; empty: those that are thought safe.
    pub ciphersuites: &'a str,
    /// Whether the server's order of suites counts, not the client's.
    pub prefers_own_order: bool,
    /// How many sessions are kept for clients that come again; 0: none.
    pub cached_sessions: u32,
}

/// Whether clients show certificates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsClients {
    /// They are not asked.
    NotAsked,
    /// They may; one that is shown must be good.
    Optional,
    /// They must.
    Required,
}

/// Stream sockets.
pub trait Net {
    /// Listens for connections; all or nothing.
    fn listen(&mut self, at: &ListenAt<'_>) -> Result<Fd, IoError>;
    /// Has connections to secure listeners encrypted like this from now on. Those that are there keep what they have. The
    /// text of a failure, after which nothing has changed, is for the log.
    fn set_tls(&mut self, options: &TlsOptions<'_>) -> Result<(), String> {
        let _ = options;
        Err("encrypted connections are not supported here".into())
    }
    /// Takes one waiting connection, or `None`. On `Err` the caller pauses accepting for a while.
    fn accept(&mut self, listener: Fd) -> Result<Option<Accepted>, IoError>;
    /// Reads into `into` (never empty). A reset is `Closed`.
    fn read(&mut self, fd: Fd, into: &mut [u8]) -> Result<Transfer, IoError>;
    /// Reads up to `most` bytes (at least one) to the end of `into`, which has the capacity, and what comes after them into
    /// `after`, in one go if the platform can. Returns how many bytes came in all; as many as `into` has not grown by are in
    /// `after`. A reset is `Closed`.
    fn read_apart(
        &mut self,
        fd: Fd,
        into: &mut Vec<u8>,
        most: usize,
        after: &mut [u8],
    ) -> Result<Transfer, IoError> {
        let _ = after;
        let len = into.len();
        into.resize(len + most, 0);
        let outcome = self.read(fd, &mut into[len..]);
        let count = match outcome {
            Ok(Transfer::Bytes(count)) => count.get(),
            _ => 0,
        };
        into.truncate(len + count);
        outcome
    }
    /// Writes `parts` in order as one gathered write. They hold at least one byte; a platform may take only
    /// the first few parts, which is a short write.
    fn write(&mut self, fd: Fd, parts: &[&[u8]]) -> Result<Transfer, IoError>;
    /// Closes a connection or listener.
    fn close(&mut self, fd: Fd);
    /// The peer's address, for CLIENT LIST.
    fn peer_address(&self, fd: Fd) -> AddressText;
    /// Our own address on this connection.
    fn local_address(&self, fd: Fd) -> AddressText;
    /// Sets the keepalive interval of future connections, in seconds; 0 switches it off.
    fn set_keepalive_seconds(&mut self, seconds: u32);
}

/// A file that only grows, with a sync that does not block.
///
/// A file that was created is durable, its name included, with its first sync. A failed sync is final: a later
/// one may report success for bytes that the system gave up on. So from then on `durable_len` does not grow,
/// every further sync fails, and what was not durable must be written to another file.
pub trait AppendFile {
    /// Appends; may take fewer bytes than given (at least one), or fail taking none.
    fn append(&mut self, bytes: &[u8]) -> Result<usize, IoError>;
    /// Begins making everything appended so far durable, and returns at once. One sync runs at a time:
    /// a call while one runs makes another follow it.
    fn start_sync(&mut self) -> Result<(), IoError>;
    /// How many bytes of the file survive a power loss as far as is known (0 for a file that was opened
    /// and not synced yet); `Err` reports a failed sync, once.
    fn durable_len(&mut self) -> Result<u64, IoError>;
    /// Makes everything durable before it returns: for shutdown, and for files made at start. Its failure
    /// is not reported again by `durable_len`.
    fn sync_now(&mut self) -> Result<(), IoError>;
    /// The file's length in bytes, appended bytes included.
    fn len(&self) -> u64;
    /// Whether nothing was ever appended.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// The data directory. Names are relative to it, with `/` between a folder and a file; a name that leads
/// out of it is refused. A file that is open for appending is not truncated or created anew.
pub trait Storage {
    /// An open file of this storage.
    type File: AppendFile;
    /// Makes a folder, durably; one that is there is fine.
    fn create_folder(&mut self, name: &str) -> Result<(), IoError>;
    /// Creates a file, or empties the one that is there.
    fn create(&mut self, name: &str) -> Result<Self::File, IoError>;
    /// Opens an existing file to append to it.
    fn open_append(&mut self, name: &str) -> Result<Self::File, IoError>;
    /// The length of a file in bytes.
    fn file_len(&mut self, name: &str) -> Result<u64, IoError>;
    /// Reads at an offset; 0 is the end of the file.
    fn read_at(&mut self, name: &str, offset: u64, into: &mut [u8]) -> Result<usize, IoError>;
    /// Cuts a file to `len` bytes, durably.
    fn truncate(&mut self, name: &str, len: u64) -> Result<(), IoError>;
    /// Renames over `to`, and returns when the rename survives a power loss.
    fn rename_durable(&mut self, from: &str, to: &str) -> Result<(), IoError>;
    /// Renames `file`, an open file all of which is durable, from `from` over `to`, and begins to make that durable without
    /// blocking: it is once `durable_len` tells the file's length again. Until then a power loss may bring the old name back.
    fn start_rename(&mut self, file: &mut Self::File, from: &str, to: &str) -> Result<(), IoError> {
        let _ = file;
        self.rename_durable(from, to)
    }
    /// Removes a file. After a power loss it may be there again, until something in its folder is made
    /// durable.
    fn remove(&mut self, name: &str) -> Result<(), IoError>;
    /// Calls `each` with the name of every file in a folder (`""` is the data directory), in no order.
    fn list(&mut self, folder: &str, each: &mut dyn FnMut(&str)) -> Result<(), IoError>;
}

/// Processor time and memory of this process, for INFO.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// CPU time spent in the kernel, microseconds.
    pub cpu_system_us: u64,
    /// CPU time spent in user mode, microseconds.
    pub cpu_user_us: u64,
    /// Of these, what the thread spent that asks, which is the loop's.
    pub loop_system_us: u64,
    /// And in user mode.
    pub loop_user_us: u64,
    /// Resident memory in bytes; 0 where unknown.
    pub resident_bytes: u64,
    /// Memory of the machine in bytes; 0 where unknown.
    pub total_system_bytes: u64,
}

/// What an allocator holds beside the bytes that it handed out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allocator {
    /// Bytes of blocks in use and of the free ones between them: no less than what it handed out.
    pub active_bytes: usize,
    /// Bytes that it has from the system, as far as it knows: no less than the active ones.
    pub resident_bytes: usize,
}

/// A wish from outside that the engine ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// SIGTERM, or the embedding program's wish.
    Terminate,
    /// SIGINT.
    Interrupt,
}

/// A crash that was asked for, to see what comes of one (DEBUG SEGFAULT, DEBUG PANIC).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Crash {
    /// Memory is used that is not there.
    Segfault,
    /// The program gives up.
    Panic,
}

/// The process around the engine.
pub trait Host {
    /// A descriptor that becomes readable when a signal came or a sync ended, so that the loop wakes.
    fn wake_fd(&self) -> Option<Fd>;
    /// Clears the readiness of [`Host::wake_fd`].
    fn drain_wake(&mut self);
    /// The signal that came since the last call.
    fn take_signal(&mut self) -> Option<Signal>;
    /// Processor time and memory so far.
    fn usage(&self) -> Usage;
    /// Bytes handed out by the allocator now; 0 where unknown.
    fn allocated_bytes(&self) -> usize;
    /// What the allocator holds; where it cannot tell, what it handed out.
    fn allocator(&self) -> Allocator {
        let bytes = self.allocated_bytes();
        Allocator {
            active_bytes: bytes,
            resident_bytes: bytes,
        }
    }
    /// Gives about a megabyte of what the program has freed back to the system, which the loop asks for in slices because
    /// giving back much at once takes long; `true` when there is more. Where freeing is all there is to do: `false`.
    fn give_back_slice(&mut self) -> bool {
        false
    }
    /// Replaces the text of the configuration file the program was started with, atomically (CONFIG REWRITE).
    /// `Err(NOT_FOUND)` when it was started without one.
    fn rewrite_config(&mut self, rewrite: &mut dyn FnMut(&str) -> String) -> Result<(), IoError>;
    /// Tries to allow the process so many open descriptors, and returns how many it may have now.
    fn allow_open_files(&mut self, wanted: u64) -> u64 {
        wanted
    }
    /// The bytes of a file that a setting names (`aclfile`): relative to the data directory, or absolute.
    fn read_file(&mut self, path: &str) -> Result<Vec<u8>, IoError> {
        let _ = path;
        Err(IoError::NOT_FOUND)
    }
    /// Puts these bytes in the place of such a file, atomically and durably; it need not be there.
    fn replace_file(&mut self, path: &str, bytes: &[u8]) -> Result<(), IoError> {
        let _ = (path, bytes);
        Err(IoError::OTHER)
    }
    /// Fills `into` with bits good enough for secrets.
    fn fill_random(&mut self, into: &mut [u8]);
    /// Stands still for so many microseconds: DEBUG SLEEP, the one call that blocks, since that is its purpose.
    fn sleep(&mut self, us: u64);
    /// Crashes as wished. It returns only where the platform cannot: then nothing has happened.
    fn crash(&mut self, how: Crash) {
        let _ = how;
    }
}

/// The bundle that the engine is generic over.
pub trait Platform {
    /// Time.
    type Clock: Clock;
    /// Readiness.
    type Poller: Poller;
    /// Sockets.
    type Net: Net;
    /// Files.
    type Storage: Storage;
    /// The process.
    type Host: Host;
}
