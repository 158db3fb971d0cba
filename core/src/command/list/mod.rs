//! Lists.
//!
//! ```text
//! rows.rs       the table's rows
//! push.rs       LPUSH RPUSH LPUSHX RPUSHX LINSERT
//! pop.rs        LPOP RPOP LMPOP
//! edit.rs       LSET LTRIM LREM
//! read.rs       LLEN LINDEX LRANGE LPOS
//! shift.rs      LMOVE RPOPLPUSH
//! blocking.rs   BLPOP BRPOP BLMPOP BLMOVE BRPOPLPUSH
//! ```

mod blocking;
mod edit;
mod pop;
mod push;
mod read;
mod rows;
mod shift;
#[cfg(test)]
mod tests;

pub(super) use rows::SPECS;

use super::{Args, CommandError};
use crate::keyspace::{EventClass, Key, Keyspace};
use crate::resp::Reply;
use crate::structure::listpack::Element;
use crate::value::list::End;
use core::ops::Range;

/// The argument at `index` as LEFT or RIGHT.
fn end(args: &Args<'_>, index: usize) -> Result<End, CommandError> {
    if args.is(index, "RIGHT") {
        Ok(End::Tail)
    } else if args.is(index, "LEFT") {
        Ok(End::Head)
    } else {
        Err(CommandError::SYNTAX)
    }
}

#[inline]
fn write(reply: &mut Reply<'_>, element: Element<'_>) {
    match element {
        Element::Bytes(bytes) => reply.bulk(bytes),
        Element::Int(number) => reply.bulk_int(number),
    }
}

/// The indices from `start` to `stop`, both included and counted from the end if negative, of a list of `len`.
fn span(start: i64, stop: i64, len: usize) -> Range<usize> {
    let len = len as i64;
    let from_front = |index: i64| if index < 0 { index + len } else { index };
    let start = from_front(start).max(0);
    let end = from_front(stop).min(len - 1) + 1;
    if start < end {
        start as usize..end as usize
    } else {
        0..0
    }
}

/// The index that `index` means, negative from the end, in a list of `len`.
fn index_in(index: i64, len: usize) -> Option<usize> {
    let index = if index < 0 { index + len as i64 } else { index };
    usize::try_from(index).ok().filter(|&index| index < len)
}

/// Tells of a change that counts as `changes`. An event without changes is heard, but the command is not logged for it.
#[inline]
fn report(keys: &mut Keyspace, event: &'static str, key: &Key<'_>, changes: usize) {
    let dirty = keys.dirty + changes as u64;
    keys.modified(EventClass::LIST, event, key);
    keys.dirty = dirty;
}

/// [`report`] for a removal: a list that it left `empty` goes away.
#[inline]
fn report_removal(
    keys: &mut Keyspace,
    event: &'static str,
    key: &Key<'_>,
    changes: usize,
    empty: bool,
) {
    report(keys, event, key, changes);
    if empty {
        keys.remove(key);
        let dirty = keys.dirty;
        keys.modified(EventClass::GENERIC, "del", key);
        keys.dirty = dirty;
    }
}
