//! Keeping data on disk: the append-only file, its manifest, and loading.
//!
//! ```text
//! appendonlydir/appendonly.aof.manifest      names the files below, in Redis 7's format
//! appendonlydir/appendonly.aof.1.base.rdb    the data set at some moment (or a .base.aof)
//! appendonlydir/appendonly.aof.1.incr.aof    what happened since
//! dump.rdb                                   the data set at some moment, of a server without a log
//! ```

mod aof;
mod base;
pub mod check;
mod files;
mod load;
mod manifest;
mod rdb_load;
mod replay;
mod rewrite;
mod scan;
mod snapshot;
mod survey;
mod takeover;

pub use aof::{Aof, Status};
pub use load::{Load, LoadError, LoadProgress};
pub use rewrite::RewriteStep;
pub use snapshot::{BUSY, SnapshotStatus, Snapshots, Work};
