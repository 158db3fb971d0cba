//! The commands that wait when there is no list: otherwise they do, and log, what their namesakes do.

use super::super::wait;
use super::super::{Args, CommandResult, Cx, DONE};
use super::{end, pop, shift};
use crate::resp::Reply;
use crate::value::ValueType;
use crate::value::list::End;

pub(super) fn blpop(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    blocking_pop(cx, args, End::Head)
}

pub(super) fn brpop(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    blocking_pop(cx, args, End::Tail)
}

fn blocking_pop(cx: &mut Cx<'_>, args: &Args<'_>, end: End) -> CommandResult {
    let last = args.len() - 1;
    let timeout_ms = wait::timeout_ms(args, last, cx.keys.now_ms)?;
    for index in 1..last {
        let key = args.key(index);
        let head = |reply: &mut Reply<'_>| {
            reply.array(2);
            reply.bulk(key.bytes);
        };
        if pop::pop_one(cx, &key, end, head)? {
            let db = cx.keys.current();
            cx.keys.effects.replace(db, &[pop::name(end), key.bytes]);
            return DONE;
        }
    }
    wait::for_keys(cx, args, 1..last, ValueType::List, timeout_ms)
}

pub(super) fn blmpop(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let request = pop::MultiPop::parse(args, 2)?;
    let timeout_ms = wait::timeout_ms(args, 1, cx.keys.now_ms)?;
    if request.pop(cx, args)? {
        return DONE;
    }
    wait::for_keys(cx, args, request.keys, ValueType::List, timeout_ms)
}

pub(super) fn blmove(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let (from, to) = (end(args, 3)?, end(args, 4)?);
    let log = [b"LMOVE", args.at(1), args.at(2), args.at(3), args.at(4)];
    blocking_move(cx, args, from, to, 5, &log)
}

pub(super) fn brpoplpush(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let log = [b"RPOPLPUSH", args.at(1), args.at(2)];
    blocking_move(cx, args, End::Tail, End::Head, 3, &log)
}

/// `timeout_at`: index of the timeout. `log`: what a move that was done at once is logged as.
fn blocking_move(
    cx: &mut Cx<'_>,
    args: &Args<'_>,
    from: End,
    to: End,
    timeout_at: usize,
    log: &[&[u8]],
) -> CommandResult {
    let timeout_ms = wait::timeout_ms(args, timeout_at, cx.keys.now_ms)?;
    if shift::move_one(cx, args, from, to)? {
        let db = cx.keys.current();
        cx.keys.effects.replace(db, log);
        return DONE;
    }
    if cx.client.deny_blocking {
        // As in Redis, this is not what is answered when the time is up.
        cx.reply.null();
        return DONE;
    }
    wait::for_keys(cx, args, 1..2, ValueType::List, timeout_ms)
}
