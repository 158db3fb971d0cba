//! Members, counts and ranks: ZCARD, ZCOUNT, ZLEXCOUNT, ZSCORE, ZMSCORE, ZRANK, ZREVRANK.

use super::query::Selection;
use crate::command::{Args, CommandError, CommandResult, Cx, DONE};
use crate::value::SortedSet;

pub(super) fn zcard(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let set = cx.keys.value::<SortedSet>(&args.key(1))?;
    cx.reply.count(set.map_or(0, |set| set.len()));
    DONE
}

pub(super) fn zcount(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    count(cx, args, Selection::scores(args.at(2), args.at(3))?)
}

pub(super) fn zlexcount(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    count(cx, args, Selection::lex(args.at(2), args.at(3))?)
}

fn count(cx: &mut Cx<'_>, args: &Args<'_>, selection: Selection<'_>) -> CommandResult {
    let set = cx.keys.value::<SortedSet>(&args.key(1))?;
    cx.reply
        .count(set.map_or(0, |set| selection.ranks(&set, false).len()));
    DONE
}

pub(super) fn zscore(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let set = cx.keys.value::<SortedSet>(&args.key(1))?;
    match set.and_then(|set| set.score(args.at(2))) {
        Some(score) => cx.reply.double(score),
        None => cx.reply.null(),
    }
    DONE
}

pub(super) fn zmscore(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let set = cx.keys.value::<SortedSet>(&args.key(1))?;
    let members = args.from(2);
    cx.reply.array(members.len());
    for member in members {
        match set.as_ref().and_then(|set| set.score(member)) {
            Some(score) => cx.reply.double(score),
            None => cx.reply.null(),
        }
    }
    DONE
}

pub(super) fn zrank(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    rank(cx, args, "zrank", false)
}

pub(super) fn zrevrank(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    rank(cx, args, "zrevrank", true)
}

fn rank(cx: &mut Cx<'_>, args: &Args<'_>, name: &str, reverse: bool) -> CommandResult {
    let with_score = match args.len() {
        3 => false,
        4 if args.is(3, "WITHSCORE") => true,
        4 => return Err(CommandError::SYNTAX),
        _ => return Err(CommandError::wrong_arity(name)),
    };
    let set = cx.keys.value::<SortedSet>(&args.key(1))?;
    let found = set.and_then(|set| {
        let (rank, score) = set.rank(args.at(2))?;
        Some((if reverse { set.len() - 1 - rank } else { rank }, score))
    });
    match found {
        Some((rank, score)) if with_score => {
            cx.reply.array(2);
            cx.reply.count(rank);
            cx.reply.double(score);
        }
        Some((rank, _)) => cx.reply.count(rank),
        None if with_score => cx.reply.null_array(),
        None => cx.reply.null(),
    }
    DONE
}
