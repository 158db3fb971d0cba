//! APPEND and SETRANGE: strings that grow in a buffer of their own.

use super::text_len;
use crate::command::{Args, CommandError, CommandResult, Cx, DONE};
use crate::keyspace::{Entry, EventClass};
use alloc::rc::Rc;
use alloc::vec::Vec;

/// A growing buffer gets as much again as it needs, but no more than this, bytes.
const MAX_SPARE_BYTES: usize = 1024 * 1024;

/// `APPEND key value`
pub(super) fn append(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let (key, tail) = (args.key(1), args.at(2));
    let limit = max_len(cx);
    let len = if let Some(mut entry) = cx.keys.write(&key) {
        let old = text_len(entry.string().ok_or(CommandError::WRONG_TYPE)?);
        let len = total_len(old, tail.len(), limit)?;
        let buffer = entry.string_buffer().ok_or(CommandError::WRONG_TYPE)?;
        make_room(buffer, len)?;
        buffer.extend_from_slice(tail);
        len
    } else {
        let entry = match args.shared(2) {
            Some(value) => Entry::with_shared(key.bytes, value.clone(), None),
            None => Entry::with_string(key.bytes, tail, None),
        };
        cx.keys.insert_new(&key, entry);
        tail.len()
    };
    cx.keys.modified(EventClass::STRING, "append", &key);
    cx.reply.count(len);
    DONE
}

/// `SETRANGE key offset value`
pub(super) fn setrange(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let (key, offset, part) = (args.key(1), args.int(2)?, args.at(3));
    let offset =
        usize::try_from(offset).map_err(|_| CommandError::new("ERR offset is out of range"))?;
    let limit = max_len(cx);
    let len = if let Some(mut entry) = cx.keys.write(&key) {
        let old = text_len(entry.string().ok_or(CommandError::WRONG_TYPE)?);
        if part.is_empty() {
            cx.reply.count(old);
            return DONE;
        }
        let end = total_len(offset, part.len(), limit)?;
        let buffer = entry.string_buffer().ok_or(CommandError::WRONG_TYPE)?;
        overwrite(buffer, offset, end, part)?;
        buffer.len()
    } else if part.is_empty() {
        cx.reply.count(0);
        return DONE;
    } else {
        let end = total_len(offset, part.len(), limit)?;
        let mut buffer = Vec::new();
        overwrite(&mut buffer, offset, end, part)?;
        cx.keys
            .insert_new(&key, Entry::with_shared(key.bytes, Rc::new(buffer), None));
        end
    };
    cx.keys.modified(EventClass::STRING, "setrange", &key);
    cx.reply.count(len);
    DONE
}

/// Writes `part` from `offset` to `end`; what lies between the old end and `offset` becomes zeros.
fn overwrite(
    buffer: &mut Vec<u8>,
    offset: usize,
    end: usize,
    part: &[u8],
) -> Result<(), CommandError> {
    grow(buffer, end)?;
    if let Some(place) = buffer.get_mut(offset..end) {
        place.copy_from_slice(part);
    }
    Ok(())
}

/// Fills a buffer up with zeros to `len` bytes; a longer one stays as it is.
pub(in crate::command) fn grow(buffer: &mut Vec<u8>, len: usize) -> Result<(), CommandError> {
    if len > buffer.len() {
        make_room(buffer, len)?;
        buffer.resize(len, 0);
    }
    Ok(())
}

/// The greatest length of a string, `proto-max-bulk-len`. The log was written when it was allowed.
pub(in crate::command) fn max_len(cx: &Cx<'_>) -> u64 {
    if cx.keys.loading {
        u64::MAX
    } else {
        cx.settings.proto_max_bulk_len
    }
}

fn total_len(len: usize, more: usize, limit: u64) -> Result<usize, CommandError> {
    len.checked_add(more)
        .filter(|&total| total as u64 <= limit)
        .ok_or(CommandError::STRING_TOO_LONG)
}

/// Makes room for `len` bytes, and for some more when the buffer has to move. Memory that is not to be had is the
/// client's error: a length is quickly written.
fn make_room(buffer: &mut Vec<u8>, len: usize) -> Result<(), CommandError> {
    if len <= buffer.capacity() {
        return Ok(());
    }
    let spare = if buffer.is_empty() {
        0
    } else {
        len.min(MAX_SPARE_BYTES)
    };
    let more = (len - buffer.len()).saturating_add(spare);
    buffer
        .try_reserve_exact(more)
        .map_err(|_| CommandError::OUT_OF_MEMORY)
}
