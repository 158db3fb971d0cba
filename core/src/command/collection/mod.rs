//! What the commands of collections have in common: telling of changes, random counts, scans.

#[cfg(test)]
pub(super) mod testing;

use super::{Args, CommandError};
use crate::bytes::glob::{self, Case};
use crate::bytes::number::{INTEGER_TEXT_MAX, write_u64};
use crate::bytes::prng::Prng;
use crate::keyspace::{EventClass, Key, Keyspace};
use crate::resp::Reply;
use crate::resp::reply::Mark;
use crate::structure::listpack::{Element, IntText};

/// The answer with random elements may repeat them without end. Redis goes on until its memory or the client's
/// output limit does not allow more; here the command is refused at this many bytes.
const DRAWN_BYTES_MOST: usize = 1 << 30;
/// Bytes of the shortest string in a reply.
const SHORTEST_BULK: usize = 6;

/// Writes an element as a string.
#[inline]
pub(super) fn bulk(reply: &mut Reply<'_>, element: Element<'_>) {
    match element {
        Element::Int(number) => reply.bulk_int(number),
        Element::Bytes(bytes) => reply.bulk(bytes),
    }
}

/// Tells of `count` changes that make up one event. A key that they have emptied is removed.
pub(super) fn changed(
    keys: &mut Keyspace,
    key: &Key<'_>,
    (class, event): (EventClass, &'static str),
    count: usize,
    emptied: bool,
) {
    let dirty = keys.dirty + count as u64;
    keys.modified(class, event, key);
    if emptied {
        keys.remove(key);
        keys.modified(EventClass::GENERIC, "del", key);
    }
    // Redis counts the elements, not the events.
    keys.dirty = dirty;
}

/// A generator of its own for a command that holds a loan of the keyspace while it draws.
pub(super) fn fork_prng(keys: &mut Keyspace) -> Prng {
    Prng::new(keys.prng.next_u64())
}

/// The argument at `index` as a count of random elements; a negative one allows repetitions.
pub(super) fn random_count(args: &Args<'_>, index: usize) -> Result<i64, CommandError> {
    match args.int(index)? {
        i64::MIN => Err(CommandError::new(
            "ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807",
        )),
        count => Ok(count),
    }
}

/// How many elements a random count means, its sign aside.
pub(super) fn amount(count: i64) -> usize {
    usize::try_from(count.unsigned_abs()).unwrap_or(usize::MAX)
}

/// Whether a reply of `count` drawn elements can be tried at all.
pub(super) fn check_draw_count(count: usize) -> Result<(), CommandError> {
    if count.saturating_mul(SHORTEST_BULK) > DRAWN_BYTES_MOST {
        return Err(CommandError::OUT_OF_RANGE);
    }
    Ok(())
}

/// Whether a reply of drawn elements that began at `mark` may go on.
#[inline]
pub(super) fn check_drawn_bytes(reply: &Reply<'_>, mark: Mark) -> Result<(), CommandError> {
    if reply.written_since(mark) > DRAWN_BYTES_MOST {
        return Err(CommandError::OUT_OF_RANGE);
    }
    Ok(())
}

/// The options of HSCAN, SSCAN and ZSCAN.
pub(super) struct ScanOptions<'a> {
    /// `MATCH`; none when it matches everything.
    pattern: Option<&'a [u8]>,
    /// `COUNT`.
    pub(super) count: usize,
    /// `NOVALUES`.
    pub(super) no_values: bool,
}

impl<'a> ScanOptions<'a> {
    /// Reads the options after key and cursor. `NOVALUES` is for hashes only.
    pub(super) fn parse(args: &Args<'a>, is_hash: bool) -> Result<Self, CommandError> {
        let mut options = ScanOptions {
            pattern: None,
            count: 10,
            no_values: false,
        };
        let mut at = 3;
        while at < args.len() {
            let has_value = at + 1 < args.len();
            if args.is(at, "COUNT") && has_value {
                let count = args.int(at + 1)?;
                options.count = usize::try_from(count)
                    .ok()
                    .filter(|&count| count > 0)
                    .ok_or(CommandError::SYNTAX)?;
                at += 2;
            } else if args.is(at, "MATCH") && has_value {
                let pattern = args.at(at + 1);
                options.pattern = Some(pattern).filter(|&pattern| pattern != b"*");
                at += 2;
            } else if args.is(at, "NOVALUES") {
                if !is_hash {
                    return Err(CommandError::new(
                        "ERR NOVALUES option can only be used in HSCAN",
                    ));
                }
                options.no_values = true;
                at += 1;
            } else {
                return Err(CommandError::SYNTAX);
            }
        }
        Ok(options)
    }

    /// Whether the pattern lets an element through.
    #[inline]
    pub(super) fn lets_through(&self, element: Element<'_>) -> bool {
        let Some(pattern) = self.pattern else {
            return true;
        };
        let mut text: IntText = [0; 21];
        glob::matches(pattern, element.text(&mut text), Case::Sensitive)
    }
}

/// Writes the reply of a scan: `walk` writes the elements, and gives the cursor to go on from and how many there are.
pub(super) fn reply_scan(reply: &mut Reply<'_>, walk: impl FnOnce(&mut Reply<'_>) -> (u64, usize)) {
    let mark = reply.mark();
    let (cursor, written) = walk(reply);
    reply.array_at(mark, written);
    let mut digits = [0; INTEGER_TEXT_MAX];
    reply.bulk_at(mark, write_u64(cursor, &mut digits));
    reply.array_at(mark, 2);
}
