//! ZPOPMIN, ZPOPMAX, ZMPOP.

use super::{Layout, removed};
use crate::bytes::number;
use crate::command::{Args, CommandError, CommandResult, Cx, DONE};
use crate::keyspace::Key;
use crate::resp::Reply;
use crate::value::SortedSet;
use crate::value::sorted_set::End;

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
    let popped = pop(cx, &args.key(1), end, count.unwrap_or(1), layout, |_| ())?;
    if popped.is_none() {
        cx.reply.array(0);
    }
    DONE
}

/// Removes up to `count` members and replies them, after what `head` replies; how many there were. `None`, and no
/// reply, when there is no such key.
fn pop(
    cx: &mut Cx<'_>,
    key: &Key<'_>,
    end: End,
    count: usize,
    layout: Layout,
    head: impl FnOnce(&mut Reply<'_>),
) -> Result<Option<usize>, CommandError> {
    let Some(mut set) = cx.keys.value_mut::<SortedSet>(key)? else {
        return Ok(None);
    };
    let reply = &mut cx.reply;
    let len = set.len();
    let count = count.min(len);
    let emptied = count == len;
    head(reply);
    layout.begin(reply, count);
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

pub(super) fn zmpop(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let request = MultiPop::parse(args)?;
    for index in 2..2 + request.keys {
        let key = args.key(index);
        let head = |reply: &mut Reply<'_>| {
            reply.array(2);
            reply.bulk(key.bytes);
        };
        let popped = pop(cx, &key, request.end, request.count, Layout::Nested, head)?;
        if let Some(popped) = popped {
            log_pop(cx, &key, request.end, popped);
            return DONE;
        }
    }
    cx.reply.null_array();
    DONE
}

/// Which key had members is a matter of the moment: the log gets the pop itself.
fn log_pop(cx: &mut Cx<'_>, key: &Key<'_>, end: End, count: usize) {
    let name: &[u8] = match end {
        End::Min => b"ZPOPMIN",
        End::Max => b"ZPOPMAX",
    };
    let mut digits = [0; 20];
    let count = number::write_u64(count as u64, &mut digits);
    let db = cx.keys.current();
    cx.keys.effects.replace(db, &[name, key.bytes, count]);
}

/// ZMPOP's arguments: `numkeys key [key ...] MIN|MAX [COUNT count]`.
struct MultiPop {
    keys: usize,
    end: End,
    count: usize,
}

impl MultiPop {
    fn parse(args: &Args<'_>) -> Result<Self, CommandError> {
        let keys = positive(args, 1, "ERR numkeys should be greater than 0")?;
        let at = keys.saturating_add(2);
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
        Ok(MultiPop { keys, end, count })
    }
}

fn positive(args: &Args<'_>, index: usize, error: &'static str) -> Result<usize, CommandError> {
    args.count(index)
        .ok()
        .filter(|&count| count > 0)
        .ok_or(CommandError::new(error))
}
