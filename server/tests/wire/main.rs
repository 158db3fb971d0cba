#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests end the test that uses them"
)]
//! Wire tests: the real binary on a free port, spoken to over real sockets.
//!
//! Every test starts a server of its own in a folder of its own. Nothing waits by sleeping: a test waits for a line of
//! the log, for a reply, or for the end of a connection, for a minute at most.
//!
//! With `ROTOM_SERVER=/path/to/server` the tests start that program instead of the one built beside them.

mod access;
mod big_values;
mod clients;
mod configuration;
mod crashes;
mod durability;
mod families;
mod requests;
mod resp3;
mod restart;
mod rust_client;
mod shutdown;
mod stock_configurations;
mod support;
mod tls;
mod users;
