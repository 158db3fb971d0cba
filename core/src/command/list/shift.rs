//! Moving an element from one list to another, or around the same one.

use super::super::{Args, CommandError, CommandResult, Cx, DONE};
use super::{end, pop, push, report, report_removal};
use crate::value::list::{End, List};

pub(super) fn lmove(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let (from, to) = (end(args, 3)?, end(args, 4)?);
    shift(cx, args, from, to)
}

pub(super) fn rpoplpush(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    shift(cx, args, End::Tail, End::Head)
}

fn shift(cx: &mut Cx<'_>, args: &Args<'_>, from: End, to: End) -> CommandResult {
    if !move_one(cx, args, from, to)? {
        cx.reply.null();
    }
    DONE
}

/// Moves an element from the list at the first argument to that at the second and replies it; `false`, and no reply, if
/// there is none.
pub(super) fn move_one(
    cx: &mut Cx<'_>,
    args: &Args<'_>,
    from: End,
    to: End,
) -> Result<bool, CommandError> {
    let (source, destination) = (args.key(1), args.key(2));
    let limit = List::limit(&cx.keys.limits);
    let same = source.bytes == destination.bytes;
    // The destination's type is known before the source is touched, but a missing source comes first.
    let no_list = !same && cx.keys.value_mut::<List>(&destination).is_err();
    let Some(mut list) = cx.keys.value_mut::<List>(&source)? else {
        return Ok(false);
    };
    if no_list {
        return Err(CommandError::WRONG_TYPE);
    }
    let Some(value) = list.pop_with(from, |element| element.to_vec()) else {
        return Ok(false);
    };
    let value = value.as_slice();
    let values = core::iter::once(value);
    if same {
        list.push(to, values.clone(), limit);
    }
    list.settle(limit);
    let empty = list.is_empty();
    drop(list);
    if !same {
        push::push_to(cx.keys, &destination, to, values, true)?;
    }
    // Redis tells of the push first, and counts the two as one change.
    report(cx.keys, push::event(to), &destination, 0);
    report_removal(cx.keys, pop::event(from), &source, 1, empty);
    cx.reply.bulk(value);
    Ok(true)
}
