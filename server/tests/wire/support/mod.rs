//! What the wire tests share: a folder, a server in it, and a client.

mod certificates;
mod client;
mod folder;
mod log;
mod server;
mod value;

pub use certificates::{Authority, Identity};
pub use client::{Client, request};
pub use folder::Folder;
pub use server::{Server, Signal, run_to_end};
pub use value::Value;

use std::time::{Duration, Instant};

/// How long anything may take before a test gives up. It is never waited out by a test that passes.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Asks until the answer is yes; each question is itself a round trip to a server, so nothing sleeps.
pub fn until(what: &str, mut done: impl FnMut() -> bool) {
    let give_up = Instant::now() + PATIENCE;
    while !done() {
        assert!(Instant::now() < give_up, "never: {what}");
    }
}
