//! KEYS, SCAN, RANDOMKEY: going through the keys. Keys are written straight from the table to the reply.

use crate::bytes::glob::{self, Case};
use crate::command::{Args, CommandError, CommandResult, Cx, DONE};
use crate::keyspace::Entry;
use crate::structure::table::SCAN_START;

/// Keys that a SCAN without COUNT returns.
const DEFAULT_COUNT: usize = 10;

/// Which keys are returned.
#[derive(Clone, Copy, Debug, Default)]
struct Filter<'a> {
    pattern: Option<&'a [u8]>,
    /// The name of a type; one that there is not, no key has.
    value_type: Option<&'a [u8]>,
}

impl<'a> Filter<'a> {
    /// `*` matches everything, the empty key too, which the glob as such does not.
    fn set_pattern(&mut self, pattern: &'a [u8]) {
        self.pattern = (pattern != b"*").then_some(pattern);
    }

    fn accepts(&self, entry: &Entry) -> bool {
        let named = |name: &[u8]| {
            let own = entry.value_type().name().as_bytes();
            own.eq_ignore_ascii_case(name)
        };
        let matches = |pattern: &[u8]| glob::matches(pattern, entry.key(), Case::Sensitive);
        self.value_type.is_none_or(named) && self.pattern.is_none_or(matches)
    }
}

/// `KEYS pattern`
pub(super) fn keys(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    if glob::is_literal(args.at(1)) {
        // Only one key can match: no need to walk.
        let key = args.key(1);
        let there = cx.keys.exists(&key);
        cx.reply.array(usize::from(there));
        if there {
            cx.reply.bulk(key.bytes);
        }
        return DONE;
    }
    let mut filter = Filter::default();
    filter.set_pattern(args.at(1));
    let mark = cx.reply.mark();
    let (_, found) = write_keys(cx, SCAN_START, usize::MAX, &filter);
    cx.reply.array_at(mark, found);
    DONE
}

/// `SCAN cursor [MATCH pattern] [COUNT count] [TYPE type]`
///
/// The walk may be the only one who comes by: it first removes as many keys that are due as it will look at.
pub(super) fn scan(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let cursor = args.cursor(1)?;
    let (count, filter) = scan_options(args)?;
    cx.keys.expire_here(count);
    let mark = cx.reply.mark();
    let (next, found) = match filter.pattern {
        // Only one key can match: a walk that begins is over with it.
        Some(name) if cursor == SCAN_START && glob::is_literal(name) => {
            (SCAN_START, write_key(cx, name, &filter))
        }
        _ => write_keys(cx, cursor, count, &filter),
    };
    cx.reply.scan_at(mark, next, found);
    DONE
}

fn scan_options<'a>(args: &Args<'a>) -> Result<(usize, Filter<'a>), CommandError> {
    let (mut count, mut filter) = (DEFAULT_COUNT, Filter::default());
    let mut at = 2;
    while at < args.len() {
        if args.is(at, "NOVALUES") {
            return Err(CommandError::new(
                "ERR NOVALUES option can only be used in HSCAN",
            ));
        }
        let value = args.get(at + 1).ok_or(CommandError::SYNTAX)?;
        if args.is(at, "COUNT") {
            let number = usize::try_from(args.int(at + 1)?).ok();
            count = number.filter(|&n| n > 0).ok_or(CommandError::SYNTAX)?;
        } else if args.is(at, "MATCH") {
            filter.set_pattern(value);
        } else if args.is(at, "TYPE") {
            filter.value_type = Some(value);
        } else {
            return Err(CommandError::SYNTAX);
        }
        at += 2;
    }
    Ok((count, filter))
}

/// Writes the keys of about `count` entries from `cursor` on, those that the filter accepts and that are not due.
/// Returns the next cursor and how many were written.
fn write_keys(cx: &mut Cx<'_>, cursor: u64, count: usize, filter: &Filter<'_>) -> (u64, usize) {
    let (keys, reply) = (&*cx.keys, &mut cx.reply);
    let (mut found, may_have_due) = (0, keys.may_have_due());
    let next = keys.scan(cursor, count, |entry| {
        let is_due = may_have_due && keys.is_due(&entry);
        if !is_due && filter.accepts(&entry) {
            reply.bulk(entry.key());
            found += 1;
        }
    });
    (next, found)
}

/// Writes the key of this name if it is there and the filter accepts it; how many were written.
fn write_key(cx: &mut Cx<'_>, name: &[u8], filter: &Filter<'_>) -> usize {
    let key = cx.keys.key(name);
    let found = cx.keys.peek_quietly(&key);
    let is_accepted = found.is_some_and(|entry| filter.accepts(&entry));
    if is_accepted {
        cx.reply.bulk(name);
    }
    usize::from(is_accepted)
}

/// `RANDOMKEY`
pub(super) fn randomkey(cx: &mut Cx<'_>, _: &Args<'_>) -> CommandResult {
    let key = cx.keys.random_key();
    cx.reply.bulk_or_null(key.as_deref());
    DONE
}
