//! Taking elements from the ends.

use super::super::{Args, CommandError, CommandResult, Cx, DONE};
use super::{end, report_removal, write};
use crate::bytes::number;
use crate::keyspace::{Key, WrongType};
use crate::resp::Reply;
use crate::value::list::{End, List};
use core::ops::Range;

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
        2 => {
            if !pop_one(cx, &key, end, |_| ())? {
                cx.reply.null();
            }
        }
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

/// Pops an element and replies it, after what `head` replies; `false`, and no reply, if there is no list.
#[inline]
pub(super) fn pop_one(
    cx: &mut Cx<'_>,
    key: &Key<'_>,
    end: End,
    head: impl FnOnce(&mut Reply<'_>),
) -> Result<bool, WrongType> {
    let limit = List::limit(&cx.keys.limits);
    let Some(mut list) = cx.keys.value_mut::<List>(key)? else {
        return Ok(false);
    };
    head(&mut cx.reply);
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
    Ok(true)
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
    let request = MultiPop::parse(args, 1)?;
    if !request.pop(cx, args)? {
        cx.reply.null_array();
    }
    DONE
}

/// LMPOP's arguments: `numkeys key [key ...] LEFT|RIGHT [COUNT count]`.
pub(super) struct MultiPop {
    pub(super) keys: Range<usize>,
    end: End,
    count: usize,
}

impl MultiPop {
    /// Parses the arguments from `at` on.
    pub(super) fn parse(args: &Args<'_>, at: usize) -> Result<Self, CommandError> {
        let positive = |index| number::parse_i64(args.at(index)).filter(|&number| number > 0);
        let numkeys = positive(at).ok_or(NUMKEYS_NOT_POSITIVE)?;
        let keys_end = usize::try_from(numkeys)
            .ok()
            .and_then(|numkeys| numkeys.checked_add(at + 1))
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
        Ok(MultiPop {
            keys: at + 1..keys_end,
            end,
            count: usize::try_from(count).unwrap_or(usize::MAX),
        })
    }

    /// Pops from the first list there is and replies; `false`, and no reply, if there is none.
    pub(super) fn pop(&self, cx: &mut Cx<'_>, args: &Args<'_>) -> Result<bool, WrongType> {
        for index in self.keys.clone() {
            let key = args.key(index);
            if let Some(popped) = pop_many(cx, &key, self.end, self.count, Shape::WithKey)? {
                log_as_pop(cx, &key, self.end, popped);
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// The command that pops from this end.
pub(super) fn name(end: End) -> &'static [u8] {
    match end {
        End::Head => b"LPOP",
        End::Tail => b"RPOP",
    }
}

/// LMPOP is logged as the LPOP or RPOP that it came to.
fn log_as_pop(cx: &mut Cx<'_>, key: &Key<'_>, end: End, popped: usize) {
    let mut digits = [0; number::INTEGER_TEXT_MAX];
    let popped = number::write_u64(popped as u64, &mut digits);
    let db = cx.keys.current();
    cx.keys.effects.replace(db, &[name(end), key.bytes, popped]);
}
