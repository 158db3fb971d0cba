//! Adding elements.

use super::super::{Args, CommandError, CommandResult, Cx, DONE};
use super::report;
use crate::keyspace::{Entry, Key, Keyspace, WrongType};
use crate::value::list::{End, List};

pub(super) fn lpush(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    push(cx, args, End::Head, true)
}

pub(super) fn rpush(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    push(cx, args, End::Tail, true)
}

pub(super) fn lpushx(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    push(cx, args, End::Head, false)
}

pub(super) fn rpushx(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    push(cx, args, End::Tail, false)
}

#[inline]
fn push(cx: &mut Cx<'_>, args: &Args<'_>, end: End, create: bool) -> CommandResult {
    let key = args.key(1);
    let values = (2..args.len()).map(|index| args.at(index));
    let count = values.len();
    match push_to(cx.keys, &key, end, values, create)? {
        None => cx.reply.int(0),
        Some(len) => {
            report(cx.keys, event(end), &key, count);
            cx.reply.count(len);
        }
    }
    DONE
}

pub(super) fn event(end: End) -> &'static str {
    match end {
        End::Head => "lpush",
        End::Tail => "rpush",
    }
}

/// Pushes to the list at `key`, made if need be and allowed; its new length, `None` if there is no list.
#[inline]
pub(super) fn push_to<'v, I>(
    keys: &mut Keyspace,
    key: &Key<'_>,
    end: End,
    values: I,
    create: bool,
) -> Result<Option<usize>, WrongType>
where
    I: DoubleEndedIterator<Item = &'v [u8]> + ExactSizeIterator + Clone,
{
    let limit = List::limit(&keys.limits);
    if let Some(mut list) = keys.value_mut::<List>(key)? {
        list.push(end, values, limit);
        return Ok(Some(list.len()));
    }
    if !create {
        return Ok(None);
    }
    let len = values.len();
    let list = List::of(end, values, limit);
    keys.insert_new(key, Entry::with_value(key.bytes, list, None));
    Ok(Some(len))
}

pub(super) fn linsert(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let after = if args.is(2, "AFTER") {
        1
    } else if args.is(2, "BEFORE") {
        0
    } else {
        return Err(CommandError::SYNTAX);
    };
    let key = args.key(1);
    let limit = List::limit(&cx.keys.limits);
    let Some(mut list) = cx.keys.value_mut::<List>(&key)? else {
        cx.reply.int(0);
        return DONE;
    };
    let Some(pivot) = list.position(args.at(3)) else {
        cx.reply.int(-1);
        return DONE;
    };
    list.insert(pivot + after, args.at(4), limit);
    let len = list.len();
    drop(list);
    report(cx.keys, "linsert", &key, 1);
    cx.reply.count(len);
    DONE
}
