//! Encrypted connections, between the engine and the sockets.
//!
//! ```text
//!            engine                the engine knows nothing of this: it reads, writes and waits as on any socket
//!     TlsNet      TlsPoller        [`net`], [`poller`]: the platform's traits
//!         Table                    [`table`]: the sessions by descriptor, shared by both
//!        Session                   [`session`]: rustls and the bytes of one connection
//!   LinuxNet   LinuxPoller
//! ```
//!
//! What the engine is promised, and a socket under TLS does not give by itself:
//! - **Readiness.** Decrypted bytes that the engine has not read are in this process, where epoll does not see them: the
//!   poller reports such connections itself, at most half of what it reports at once, in turn.
//! - **Writes.** What is written is encrypted at once. A part that the socket did not take is told as `NotReady`, and counts as
//!   written once the socket has it: so replies that wait are the engine's, with its limits, and none is lost by a close.
//!   A write after `NotReady` begins with the same bytes, as it does in the engine.
//! - **Handshakes.** They go on within reads that give nothing yet, for a millisecond or so in one turn of all of them
//!   together, and end the connection if they take `table::HANDSHAKE_TIME`.
//!
//! While there is no such connection each call costs one test more than without all this.

mod config;
mod net;
mod poller;
mod session;
mod table;

pub use net::TlsNet;
pub use poller::TlsPoller;

use rotom_core::platform::Platform;
use rotom_platform_linux::{LinuxClock, LinuxHost, LinuxPoller, LinuxStorage};
use std::rc::Rc;

/// The server's platform: Linux, with encryption.
pub struct ServerPlatform;

impl Platform for ServerPlatform {
    type Clock = LinuxClock;
    type Poller = TlsPoller;
    type Net = TlsNet;
    type Storage = LinuxStorage;
    type Host = LinuxHost;
}

/// Sockets and their poller.
pub fn sockets(poller: LinuxPoller) -> (TlsNet, TlsPoller) {
    let shared = Rc::new(table::Shared::default());
    (TlsNet::new(shared.clone()), TlsPoller::new(poller, shared))
}
