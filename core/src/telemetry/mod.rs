//! What the server notes about its own work: counters, how long commands took, which were slow, what stalled the loop.
//!
//! ```text
//! statistics.rs    counters of requests and of each command
//! histogram.rs     how long something took, in buckets
//! command_log.rs   SLOWLOG and COMMANDLOG: commands that took long or were large
//! latency.rs       LATENCY: events that took longer than a threshold
//! ```
//!
//! There are no clocks here: durations and times come in as values.

pub mod command_log;
pub mod histogram;
pub mod latency;
mod statistics;

pub use command_log::{CommandLog, Kind, LogEntry, Why};
pub use histogram::Histogram;
pub use latency::{Event, Latency};
pub use statistics::{CommandCounts, Statistics};
