//! Taking elements from the ends.

use super::super::{Args, CommandError, CommandResult, Cx, DONE};
use super::{end, report_removal, write};
use crate::bytes::number;
use crate::keyspace::{Key, WrongType};
use crate::value::list::{End, List};

const NUMKEYS_NOT_POSITIVE: CommandError =
    CommandError::new("ERR numkeys should be greater than 0");
const COUNT_NOT_POSITIVE: CommandError = CommandError::new("ERR count should be greater than 0");

pub(super) fn lpop(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    pop(cx, args, End::Head)
}

pub(super) fn rpop(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    pop(cx, args, End::Tail)
}

#[inline]
fn pop(cx: &mut Cx<'_>, args: &Args<'_>, end: End) -> CommandResult {
    let key = args.key(1);
    match args.len() {
        2 => pop_one(cx, &key, end)?,
        3 => {
            let count = args.count(2)?;
            if pop_many(cx, &key, end, count, Shape::Plain)?.is_none() {
                cx.reply.null_array();
            }
        }
        _ => return Err(CommandError::wrong_arity(event(end))),
    }
    DONE
}

pub(super) fn event(end: End) -> &'static str {
    match end {
        End::Head => "lpop",
        End::Tail => "rpop",
    }
}

#[inline]
fn pop_one(cx: &mut Cx<'_>, key: &Key<'_>, end: End) -> Result<(), WrongType> {
    let limit = List::limit(&cx.keys.limits);
    let Some(mut list) = cx.keys.value_mut::<List>(key)? else {
        cx.reply.null();
        return Ok(());
    };
    let last = list.len() == 1;
    if last {
        // It goes away with its key.
        list.read_range(0, 1, End::Tail, |element| write(&mut cx.reply, element));
    } else {
        list.pop_with(end, |element| write(&mut cx.reply, element));
        list.settle(limit);
    }
    drop(list);
    report_removal(cx.keys, event(end), key, 1, last);
    Ok(())
}

/// How popped elements are answered.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// As an array.
    Plain,
    /// As the key and an array.
    WithKey,
}

/// Pops up to `count` elements and replies; how many there were, `None` (and no reply) if there is no list.
fn pop_many(
    cx: &mut Cx<'_>,
    key: &Key<'_>,
    end: End,
    count: usize,
    shape: Shape,
) -> Result<Option<usize>, WrongType> {
    let limit = List::limit(&cx.keys.limits);
    let Some(mut list) = cx.keys.value_mut::<List>(key)? else {
        return Ok(None);
    };
    let len = list.len();
    let count = count.min(len);
    if shape == Shape::WithKey {
        cx.reply.array(2);
        cx.reply.bulk(key.bytes);
    }
    cx.reply.array(count);
    if count == 0 {
        return Ok(Some(0));
    }
    let (first, begin, towards) = match end {
        End::Head => (0, 0, End::Tail),
        End::Tail => (len - count, len - 1, End::Head),
    };
    list.read_range(begin, count, towards, |element| {
        write(&mut cx.reply, element)
    });
    let mut part = None;
    if count < len {
        part = list.cut(first, count);
        list.settle(limit);
    }
    drop(list);
    report_removal(cx.keys, event(end), key, count, count == len);
    if let Some(part) = part {
        cx.keys.discard_list(part);
    }
    Ok(Some(count))
}

pub(super) fn lmpop(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let positive = |index| number::parse_i64(args.at(index)).filter(|&number| number > 0);
    let numkeys = positive(1).ok_or(NUMKEYS_NOT_POSITIVE)?;
    let keys_end = usize::try_from(numkeys)
        .ok()
        .and_then(|numkeys| numkeys.checked_add(2))
        .filter(|&keys_end| keys_end < args.len())
        .ok_or(CommandError::SYNTAX)?;
    let end = end(args, keys_end)?;
    let count = match args.len() - keys_end - 1 {
        0 => 1,
        2.. if args.is(keys_end + 1, "COUNT") => {
            positive(keys_end + 2).ok_or(COUNT_NOT_POSITIVE)?
        }
        _ => return Err(CommandError::SYNTAX),
    };
    if args.len() > keys_end + 3 {
        return Err(CommandError::SYNTAX);
    }
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    for index in 2..keys_end {
        let key = args.key(index);
        if let Some(popped) = pop_many(cx, &key, end, count, Shape::WithKey)? {
            log_as_pop(cx, &key, end, popped);
            return DONE;
        }
    }
    cx.reply.null_array();
    DONE
}

/// LMPOP is logged as the LPOP or RPOP that it came to.
fn log_as_pop(cx: &mut Cx<'_>, key: &Key<'_>, end: End, popped: usize) {
    let name: &[u8] = match end {
        End::Head => b"LPOP",
        End::Tail => b"RPOP",
    };
    let mut digits = [0; number::INTEGER_TEXT_MAX];
    let popped = number::write_u64(popped as u64, &mut digits);
    let db = cx.keys.current();
    cx.keys.effects.replace(db, &[name, key.bytes, popped]);
}
