//! Rotom's platform traits on Linux: epoll, `read`, `send`, `fdatasync`.
//!
//! - `syscall`: thin safe wrappers, the only file with `unsafe`
//! - [`LinuxClock`], [`LinuxPoller`]: time and readiness
//! - [`LinuxNet`], [`listen_tcp`], [`listen_unix`]: stream sockets
//! - [`LinuxStorage`], [`LinuxFile`]: the data directory; one helper thread runs the syncs
//! - [`LinuxHost`]: signals, memory, the configuration file
//! - [`process`]: what a program does once at its start (open files limit, daemon, log file)
//!
//! A server puts them together like this, in this order, because a daemon's threads must be its own:
//!
//! ```no_run
//! use rotom_platform_linux::*;
//! # fn main() -> std::io::Result<()> {
//! process::raise_open_files(10_032);
//! let mut host = LinuxHost::new(|| 0, None)?;
//! host.catch_signals()?;
//! let storage = LinuxStorage::open("/var/lib/rotom".as_ref(), host.wake())?;
//! let (clock, poller, net) = (LinuxClock::new(), LinuxPoller::new()?, LinuxNet::new());
//! let listener = listen_tcp("127.0.0.1", 6379, 511)?;
//! # Ok(())
//! # }
//! ```

mod address;
mod clock;
mod host;
mod listen;
mod net;
mod poller;
pub mod process;
mod storage;
mod syscall;
mod wake;

use rotom_core::platform::{IoError, Platform};

pub use clock::LinuxClock;
pub use host::{LinuxHost, Stopper};
pub use listen::{listen_tcp, listen_unix, local_port};
pub use net::LinuxNet;
pub use poller::LinuxPoller;
pub use storage::{LinuxFile, LinuxStorage};
pub use wake::Wake;

/// The bundle of this crate's types.
#[derive(Debug)]
pub struct LinuxPlatform;

impl Platform for LinuxPlatform {
    type Clock = LinuxClock;
    type Poller = LinuxPoller;
    type Net = LinuxNet;
    type Storage = LinuxStorage;
    type Host = LinuxHost;
}

/// The core's view of a standard library error.
fn to_io_error(error: std::io::Error) -> IoError {
    error.raw_os_error().map_or(IoError::OTHER, IoError)
}

/// The standard library's view of a core error.
fn to_std_error(error: IoError) -> std::io::Error {
    match error {
        IoError::OTHER => std::io::Error::other("input/output error"),
        IoError(number) => std::io::Error::from_raw_os_error(number),
    }
}
