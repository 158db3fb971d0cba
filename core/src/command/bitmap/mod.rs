//! Bitmaps: strings as arrays of bits, the most significant bit of a byte first.
//!
//! ```text
//! rows.rs       the command table's rows
//! offset.rs     bit offsets and ranges as arguments
//! bit.rs        SETBIT, GETBIT
//! count.rs      BITCOUNT, BITPOS
//! operation.rs  BITOP
//! field/        BITFIELD, BITFIELD_RO
//! words.rs      the arithmetic: 64 bits at a time
//! ```

mod bit;
mod count;
mod field;
mod offset;
mod operation;
mod rows;
mod words;

pub(super) use rows::SPECS;

use super::string::{grow, max_len, text_len, value_text};
use crate::command::{CommandError, Cx};
use crate::keyspace::{Entry, EventClass, Key};
use crate::resp::Reply;
use alloc::rc::Rc;
use alloc::vec::Vec;

/// Lends a key's string, at least `len` bytes long and made if need be, to `work`. That writes the reply and tells
/// whether it changed a bit; that the string has grown is a change by itself.
fn change(
    cx: &mut Cx<'_>,
    key: &Key<'_>,
    len: usize,
    work: impl FnOnce(&mut [u8], &mut Reply<'_>) -> bool,
) -> Result<(), CommandError> {
    let is_changed = if let Some(mut entry) = cx.keys.write(key) {
        let old = text_len(entry.string().ok_or(CommandError::WRONG_TYPE)?);
        let buffer = entry.string_buffer().ok_or(CommandError::WRONG_TYPE)?;
        grow(buffer, len)?;
        work(buffer, &mut cx.reply) | (old < len)
    } else {
        let mut buffer = Vec::new();
        grow(&mut buffer, len)?;
        work(&mut buffer, &mut cx.reply);
        let entry = Entry::with_shared(key.bytes, Rc::new(buffer), None);
        cx.keys.insert_new(key, entry);
        true
    };
    if is_changed {
        cx.keys.modified(EventClass::STRING, "setbit", key);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
