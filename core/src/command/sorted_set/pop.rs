//! ZPOPMIN, ZPOPMAX, ZMPOP, and those that wait for a sorted set: BZPOPMIN, BZPOPMAX, BZMPOP.

use super::{Layout, removed};
use crate::bytes::number;
use crate::command::wait;
use crate::command::{Args, CommandError, CommandResult, Cx, DONE};
use crate::keyspace::Key;
use crate::resp::Reply;
use crate::value::sorted_set::End;
use crate::value::{SortedSet, ValueType};
use core::ops::Range;

pub(super) fn zpopmin(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    pop_end(cx, args, End::Min)
}

pub(super) fn zpopmax(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    pop_end(cx, args, End::Max)
}

fn pop_end(cx: &mut Cx<'_>, args: &Args<'_>, end: End) -> CommandResult {
    let count = match args.len() {
        2 => None,
        3 => Some(args.count(2).map_err(|_| CommandError::NOT_POSITIVE)?),
        _ => return Err(CommandError::SYNTAX),
    };
    // Without a count there is one member at most, which is not wrapped.
    let layout = match count {
        Some(_) => Layout::of_scores(&cx.reply, true),
        None => Layout::Flat,
    };
    let head = |reply: &mut Reply<'_>, count| layout.begin(reply, count);
    let popped = pop(cx, &args.key(1), end, count.unwrap_or(1), layout, head)?;
    if popped.is_none() {
        cx.reply.array(0);
    }
    DONE
}

/// Removes up to `count` members and replies them, after what `head` replies, which is told how many; so many there were. `None`, and no
/// reply, when there is no such key.
fn pop(
    cx: &mut Cx<'_>,
    key: &Key<'_>,
    end: End,
    count: usize,
    layout: Layout,
    head: impl FnOnce(&mut Reply<'_>, usize),
) -> Result<Option<usize>, CommandError> {
    let Some(mut set) = cx.keys.value_mut::<SortedSet>(key)? else {
        return Ok(None);
    };
    let reply = &mut cx.reply;
    let len = set.len();
    let count = count.min(len);
    let emptied = count == len;
    head(reply, count);
    if emptied {
        // A set that goes as a whole is freed in slices, with its key.
        set.range(0..len, end == End::Max)
            .for_each(|pair| layout.put(reply, &pair));
    } else {
        set.pop(end, count, |pair| layout.put(reply, &pair));
    }
    drop(set);
    let event = match end {
        End::Min => "zpopmin",
        End::Max => "zpopmax",
    };
    removed(cx, event, key, count, emptied);
    Ok(Some(count))
}

pub(super) fn bzpopmin(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    blocking_pop_end(cx, args, End::Min)
}

pub(super) fn bzpopmax(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    blocking_pop_end(cx, args, End::Max)
}

fn blocking_pop_end(cx: &mut Cx<'_>, args: &Args<'_>, end: End) -> CommandResult {
    let last = args.len() - 1;
    let timeout_ms = wait::timeout_ms(args, last, cx.keys.now_ms)?;
    for index in 1..last {
        let key = args.key(index);
        let head = |reply: &mut Reply<'_>, _| {
            reply.array(3);
            reply.bulk(key.bytes);
        };
        if pop(cx, &key, end, 1, Layout::Flat, head)?.is_some() {
            let db = cx.keys.current();
            cx.keys.effects.replace(db, &[name(end), key.bytes]);
            return DONE;
        }
    }
    wait::for_keys(cx, args, 1..last, ValueType::SortedSet, timeout_ms)
}

pub(super) fn zmpop(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let request = MultiPop::parse(args, 1)?;
    if !request.pop(cx, args)? {
        cx.reply.null_array();
    }
    DONE
}

pub(super) fn bzmpop(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let request = MultiPop::parse(args, 2)?;
    let timeout_ms = wait::timeout_ms(args, 1, cx.keys.now_ms)?;
    if request.pop(cx, args)? {
        return DONE;
    }
    wait::for_keys(cx, args, request.keys, ValueType::SortedSet, timeout_ms)
}

/// The command that pops from this end.
fn name(end: End) -> &'static [u8] {
    match end {
        End::Min => b"ZPOPMIN",
        End::Max => b"ZPOPMAX",
    }
}

/// Which key had members is a matter of the moment: the log gets the pop itself.
fn log_pop(cx: &mut Cx<'_>, key: &Key<'_>, end: End, count: usize) {
    let mut digits = [0; 20];
    let count = number::write_u64(count as u64, &mut digits);
    let db = cx.keys.current();
    cx.keys.effects.replace(db, &[name(end), key.bytes, count]);
}

/// ZMPOP's arguments: `numkeys key [key ...] MIN|MAX [COUNT count]`.
struct MultiPop {
    keys: Range<usize>,
    end: End,
    count: usize,
}

impl MultiPop {
    /// Parses the arguments from `first` on.
    fn parse(args: &Args<'_>, first: usize) -> Result<Self, CommandError> {
        let keys = positive(args, first, "ERR numkeys should be greater than 0")?;
        let at = keys.saturating_add(first + 1);
        let end = match () {
            () if args.is(at, "MIN") => End::Min,
            () if args.is(at, "MAX") => End::Max,
            () => return Err(CommandError::SYNTAX),
        };
        let count = match args.len() - at {
            1 => 1,
            3 if args.is(at + 1, "COUNT") => {
                positive(args, at + 2, "ERR count should be greater than 0")?
            }
            // A wrong count is told before what follows it.
            4.. if args.is(at + 1, "COUNT") => {
                positive(args, at + 2, "ERR count should be greater than 0")?;
                return Err(CommandError::SYNTAX);
            }
            _ => return Err(CommandError::SYNTAX),
        };
        Ok(MultiPop {
            keys: first + 1..at,
            end,
            count,
        })
    }

    /// Pops from the first sorted set there is and replies; `false`, and no reply, if there is none.
    fn pop(&self, cx: &mut Cx<'_>, args: &Args<'_>) -> Result<bool, CommandError> {
        for index in self.keys.clone() {
            let key = args.key(index);
            let head = |reply: &mut Reply<'_>, count| {
                reply.array(2);
                reply.bulk(key.bytes);
                Layout::Nested.begin(reply, count);
            };
            let popped = pop(cx, &key, self.end, self.count, Layout::Nested, head)?;
            if let Some(popped) = popped {
                log_pop(cx, &key, self.end, popped);
                return Ok(true);
            }
        }
        Ok(false)
    }
}

fn positive(args: &Args<'_>, index: usize, error: &'static str) -> Result<usize, CommandError> {
    args.count(index)
        .ok()
        .filter(|&count| count > 0)
        .ok_or(CommandError::new(error))
}
