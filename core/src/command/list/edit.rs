//! Changing lists in place.

use super::super::{Args, CommandError, CommandResult, Cx, DONE};
use super::{index_in, report, report_removal, span};
use crate::value::list::{End, List};

const COUNT_OUT_OF_RANGE: CommandError = CommandError::new(
    "ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807",
);

pub(super) fn lset(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let key = args.key(1);
    let index = args.int(2);
    let limit = List::limit(&cx.keys.limits);
    let Some(mut list) = cx.keys.value_mut::<List>(&key)? else {
        return Err(CommandError::NO_SUCH_KEY);
    };
    let index = index_in(index?, list.len()).ok_or(CommandError::INDEX_OUT_OF_RANGE)?;
    list.set(index, args.at(3), limit);
    drop(list);
    report(cx.keys, "lset", &key, 1);
    cx.reply.ok();
    DONE
}

pub(super) fn ltrim(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let (start, stop) = (args.int(2)?, args.int(3)?);
    let key = args.key(1);
    let limit = List::limit(&cx.keys.limits);
    let Some(mut list) = cx.keys.value_mut::<List>(&key)? else {
        cx.reply.ok();
        return DONE;
    };
    let len = list.len();
    let kept = span(start, stop, len);
    let mut parts = [None, None];
    if !kept.is_empty() {
        parts = [list.cut(kept.end, len - kept.end), list.cut(0, kept.start)];
        list.settle(limit);
    }
    drop(list);
    report_removal(cx.keys, "ltrim", &key, len - kept.len(), kept.is_empty());
    for part in parts.into_iter().flatten() {
        cx.keys.discard_list(part);
    }
    cx.reply.ok();
    DONE
}

pub(super) fn lrem(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let count = match args.int(2)? {
        i64::MIN => return Err(COUNT_OUT_OF_RANGE),
        count => count,
    };
    let (from, most) = match usize::try_from(count.unsigned_abs()) {
        Ok(0) => (End::Head, usize::MAX),
        most if count < 0 => (End::Tail, most.unwrap_or(usize::MAX)),
        most => (End::Head, most.unwrap_or(usize::MAX)),
    };
    let key = args.key(1);
    let limit = List::limit(&cx.keys.limits);
    let Some(mut list) = cx.keys.value_mut::<List>(&key)? else {
        cx.reply.int(0);
        return DONE;
    };
    let removed = list.remove_matching(args.at(3), from, most);
    if removed > 0 {
        list.settle(limit);
        let empty = list.is_empty();
        drop(list);
        report_removal(cx.keys, "lrem", &key, removed, empty);
    }
    cx.reply.count(removed);
    DONE
}
