//! HyperLogLog: strings that tell how many different elements were added to them.
//!
//! ```text
//! rows.rs     the command table's rows
//! add.rs      PFADD, PFMERGE
//! count.rs    PFCOUNT
//! debug.rs    PFDEBUG, PFSELFTEST
//! ```

mod add;
mod count;
mod debug;
mod rows;

pub(super) use rows::SPECS;

use crate::command::CommandError;
use crate::keyspace::{Entry, StringRef};
use crate::structure::hyperloglog::{Corrupt, encoding};

const NO_HYPERLOGLOG: CommandError =
    CommandError::new("WRONGTYPE Key is not a valid HyperLogLog string value.");

impl From<Corrupt> for CommandError {
    fn from(_: Corrupt) -> Self {
        CommandError::new("INVALIDOBJ Corrupted HLL object detected")
    }
}

/// The bytes of an entry that is a HyperLogLog.
fn bytes_of(entry: &Entry) -> Result<&[u8], CommandError> {
    match entry.string().ok_or(CommandError::WRONG_TYPE)? {
        StringRef::Bytes(bytes) if encoding(bytes).is_some() => Ok(bytes),
        _ => Err(NO_HYPERLOGLOG),
    }
}

#[cfg(test)]
mod tests;
