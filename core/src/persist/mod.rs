//! Keeping data on disk: the append-only file, its manifest, and loading.
//!
//! ```text
//! appendonlydir/appendonly.aof.manifest      names the files below, in Redis 7's format
//! appendonlydir/appendonly.aof.1.base.aof    the data set at some moment (Redis may have written an .rdb)
//! appendonlydir/appendonly.aof.1.incr.aof    what happened since
//! ```

mod aof;
pub mod check;
mod files;
mod load;
mod manifest;
mod replay;
mod scan;
mod survey;
mod takeover;

pub use aof::{Aof, Status};
pub use load::{Load, LoadError, LoadProgress};
