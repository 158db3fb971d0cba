#![no_std]
//! Rotom's engine: a Redis-compatible in-memory data store over small platform traits.
//!
//! The folders are the layers, and a folder imports only from those above it:
//!
//! ```text
//! platform/   the traits: clock, poller, net, storage, host
//! bytes/      number text, glob, hashing, prng: one algorithm a file
//! resp/       request parser (resumable), reply writer (RESP2 and RESP3)
//! structure/  table (the dict), listpack, intset, quicklist, counted B+tree, HyperLogLog, geohash, index by time
//! value/      string, hash, list, set, sorted set: encodings and conversions
//! codec/      aof, rdb: bytes <-> commands and values, no I/O
//! settings/   the settings table with Redis's names
//! keyspace/   databases, entries, expiry, lazy freeing, effects, events, watched keys, who waits for which keys
//! pubsub/     who has subscribed to which channels and patterns
//! tracking/   which clients cache which keys
//! telemetry/  what the server notes about its own work: counters, slow commands, latency
//! command/    one file or folder a family: specification rows and handlers
//! session/    running requests for a client; a client in process
//! persist/    AOF and snapshots: writers, loaders, rewriting, checking
//! engine/     AeLoop, connections, the turn
//! ```
//!
//! Time, randomness and limits come in as values, so a run can be replayed; only `persist/` and `engine/` are generic
//! over a platform. Settings and counters lie below the engine, since commands read and change them.
//!
//! # The way of a request
//!
//! [`engine`] reads a connection's bytes, [`resp::request`] splits them into spans of the buffer, [`command::registry`]
//! finds the row, the keys are hashed and their cache lines asked for a few requests ahead. [`session::Shared::run`]
//! checks arity, authentication and refusals and calls the row's handler with a [`command::Cx`]; the handler works on
//! the [`keyspace`] and writes its [`resp::Reply`] into the output buffer. If [`keyspace::Keyspace::modified`] was called,
//! the command, or what the handler put in its place, goes to the [`keyspace::Effects`]. At the end of the turn the engine
//! appends them to the log ([`persist`]) in one write and sends the replies.
//!
//! A command that finds nothing yet (BLPOP) returns a [`command::wait::Wait`]: the engine keeps the request, and runs it
//! again when [`keyspace::waiters`] tells that one of its keys has come.
//!
//! # How data are kept
//!
//! A database is a [`structure::table::Table`] of [`keyspace::Entry`]s, each one heap block of header, key and small
//! value. A bigger value is one thin pointer in its entry, and [`value::Stored`] makes a collection of it and back; so
//! bytes per key stay few, and an encoding can change in place. Volatile keys also stand in a counted tree by time, as
//! do the volatile fields of a hash, and the hashes that have some.
//! What is too big to be freed at once goes to a queue that the loop frees in slices.
//!
//! # To add
//!
//! - **a command**: a handler and a row in its family's folder under [`command`] (its head has the rules);
//!   the README's table is checked against the rows.
//! - **a type**: its structure under [`structure`] with a `check()` and a naive twin in its tests; its value under
//!   [`value`] with a [`value::ValueType`], its [`value::Encoding`]s and [`value::Stored`]; an arm where
//!   [`keyspace::entry`] frees and measures values; then its commands.
//! - **a setting**: a row in `settings/table.rs`; the compiler then wants its field and default.
//! - **a platform**: the five traits of [`platform`] bundled in a [`platform::Platform`], handed to [`engine::Engine`].
//!   `rotom-platform-linux` and the simulator of `rotom-tests` pass one contract test.

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
pub mod pubsub;
pub mod resp;
pub mod session;
pub mod settings;
pub mod structure;
pub mod telemetry;
pub mod tracking;
pub mod value;

/// The README's examples are tests.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
