//! Strings.
//!
//! ```text
//! rows.rs     the command table's rows
//! read.rs     GET, MGET, STRLEN, GETRANGE; GETDEL and GETEX, which change the key as they read it
//! set.rs      SET and everything that is a SET in other words
//! options.rs  the options that SET and GETEX share, and the times in them
//! number.rs   INCR and its kin
//! edit.rs     APPEND, SETRANGE
//! common.rs   LCS
//! ```

mod common;
mod edit;
mod number;
mod options;
mod read;
mod rows;
mod set;

pub(super) use edit::{grow, max_len};
pub(super) use rows::SPECS;

use crate::bytes::number::{digits, write_i64};
use crate::bytes::shared::LONG_BYTES;
use crate::keyspace::{Entry, StringRef};
use crate::resp::{Loans, Reply};
use core::ops::Range;

/// Writes an entry's string, or null where there is none or it is no string.
#[inline(always)]
fn reply_string(reply: &mut Reply<'_>, loans: &mut Loans, entry: Option<&Entry>) {
    match entry.and_then(|entry| entry.string()) {
        None => reply.null(),
        Some(StringRef::Int(value)) => reply.bulk_int(value),
        Some(StringRef::Bytes(bytes)) if bytes.len() < LONG_BYTES => reply.bulk(bytes),
        Some(StringRef::Bytes(bytes)) => reply_long(reply, loans, entry, 0..bytes.len()),
    }
}

/// Writes part of an entry's string of at least [`LONG_BYTES`], lending it.
#[cold]
fn reply_long(reply: &mut Reply<'_>, loans: &mut Loans, entry: Option<&Entry>, part: Range<usize>) {
    if let Some(bytes) = entry.and_then(Entry::shared_string) {
        reply.bulk_lent(loans, &bytes, part);
    }
}

/// A string's text; `digits` holds that of an integer. Empty where there is no string.
pub(super) fn value_text<'t>(value: Option<StringRef<'t>>, digits: &'t mut [u8; 20]) -> &'t [u8] {
    match value {
        None => &[],
        Some(StringRef::Int(value)) => write_i64(value, digits),
        Some(StringRef::Bytes(bytes)) => bytes,
    }
}

/// The length of a string's text, bytes.
pub(super) fn text_len(value: StringRef<'_>) -> usize {
    match value {
        StringRef::Int(value) => digits(value.unsigned_abs()) + usize::from(value < 0),
        StringRef::Bytes(bytes) => bytes.len(),
    }
}

#[cfg(test)]
mod tests;
