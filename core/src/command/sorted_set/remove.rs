//! ZREM, ZREMRANGEBYRANK, ZREMRANGEBYSCORE, ZREMRANGEBYLEX.

use super::query::Selection;
use super::removed;
use crate::command::{Args, CommandResult, Cx, DONE};
use crate::value::SortedSet;

pub(super) fn zrem(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let key = args.key(1);
    let Some(mut set) = cx.keys.value_mut::<SortedSet>(&key)? else {
        cx.reply.int(0);
        return DONE;
    };
    let mut count = 0;
    for member in args.from(2) {
        count += usize::from(set.remove(member));
        if set.is_empty() {
            break;
        }
    }
    let emptied = set.is_empty();
    drop(set);
    removed(cx, "zrem", &key, count, emptied);
    cx.reply.count(count);
    DONE
}

pub(super) fn zremrangebyrank(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let selection = Selection::ranks_at(args, 2)?;
    remove_range(cx, args, "zremrangebyrank", selection)
}

pub(super) fn zremrangebyscore(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let selection = Selection::scores(args.at(2), args.at(3))?;
    remove_range(cx, args, "zremrangebyscore", selection)
}

pub(super) fn zremrangebylex(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let selection = Selection::lex(args.at(2), args.at(3))?;
    remove_range(cx, args, "zremrangebylex", selection)
}

fn remove_range(
    cx: &mut Cx<'_>,
    args: &Args<'_>,
    event: &'static str,
    selection: Selection<'_>,
) -> CommandResult {
    let key = args.key(1);
    let Some(mut set) = cx.keys.value_mut::<SortedSet>(&key)? else {
        cx.reply.int(0);
        return DONE;
    };
    let ranks = selection.ranks(&set, false);
    let count = ranks.len();
    // A set that goes as a whole is freed in slices, with its key.
    let emptied = count == set.len();
    if !emptied {
        set.remove_ranks(ranks);
    }
    drop(set);
    removed(cx, event, &key, count, emptied);
    cx.reply.count(count);
    DONE
}
