#![no_std]
//! Rotom's engine: a Redis-compatible in-memory data store over small platform traits.
//!
//! The folders are the layers, and a folder imports only from those above it:
//!
//! ```text
//! platform/   the traits: clock, poller, net, storage, host
//! bytes/      number text, glob, hashing, prng: one algorithm a file
//! resp/       request parser (resumable), reply writer (RESP2 and RESP3)
//! structure/  table (the dict), listpack, intset, quicklist, counted B+tree
//! value/      string, hash, list, set, sorted set: encodings and conversions
//! codec/      aof: bytes <-> commands, no I/O
//! settings/   the settings table with Redis's names
//! keyspace/   databases, entries, expiry, lazy freeing
//! command/    one file a family: specification rows and handlers
//! session/    a client's state
//! persist/    AOF writer and loader
//! engine/     AeLoop, connections, the turn
//! ```

extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod bytes;
pub mod codec;
pub mod command;
pub mod engine;
pub mod keyspace;
pub mod persist;
pub mod platform;
pub mod resp;
pub mod session;
pub mod settings;
pub mod structure;
pub mod value;

/// The README's examples are tests.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
