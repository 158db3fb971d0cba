//! Strings.
//!
//! ```text
//! rows.rs     the command table's rows
//! read.rs     GET, MGET, STRLEN, GETRANGE; GETDEL and GETEX, which change the key as they read it
//! set.rs      SET and everything that is a SET in other words
//! options.rs  the options that SET and GETEX share, and the times in them
//! number.rs   INCR and its kin
//! edit.rs     APPEND, SETRANGE
//! ```

mod edit;
mod number;
mod options;
mod read;
mod rows;
mod set;

pub(super) use rows::SPECS;

use crate::bytes::number::digits;
use crate::keyspace::StringRef;
use crate::resp::Reply;

/// Writes a string, or null where there is none.
#[inline]
fn reply_string(reply: &mut Reply<'_>, value: Option<StringRef<'_>>) {
    match value {
        None => reply.null(),
        Some(StringRef::Int(value)) => reply.bulk_int(value),
        Some(StringRef::Bytes(bytes)) => reply.bulk(bytes),
    }
}

/// The length of a string's text, bytes.
fn text_len(value: StringRef<'_>) -> usize {
    match value {
        StringRef::Int(value) => digits(value.unsigned_abs()) + usize::from(value < 0),
        StringRef::Bytes(bytes) => bytes.len(),
    }
}

#[cfg(test)]
mod tests;
