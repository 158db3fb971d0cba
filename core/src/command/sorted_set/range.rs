//! ZRANGE, its older forms, and ZRANGESTORE.

use super::Layout;
use super::combine::store_set;
use super::query::{Form, Kind, Query};
use crate::command::{Args, CommandResult, Cx, DONE};
use crate::structure::listpack::IntText;
use crate::value::sorted_set::Rule;
use crate::value::{EncodingLimits, SortedSet};

/// ZRANGE itself, whose options may say everything.
const OPEN: Form = Form {
    key: 1,
    kind: None,
    reverse: None,
    scores: true,
};

/// The older forms, whose names say it.
const fn fixed(kind: Kind, reverse: bool) -> Form {
    Form {
        key: 1,
        kind: Some(kind),
        reverse: Some(reverse),
        scores: true,
    }
}

pub(super) fn zrange(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    range(cx, args, OPEN)
}

pub(super) fn zrevrange(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    range(cx, args, fixed(Kind::Rank, true))
}

pub(super) fn zrangebyscore(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    range(cx, args, fixed(Kind::Score, false))
}

pub(super) fn zrevrangebyscore(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    range(cx, args, fixed(Kind::Score, true))
}

pub(super) fn zrangebylex(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    range(cx, args, fixed(Kind::Lex, false))
}

pub(super) fn zrevrangebylex(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    range(cx, args, fixed(Kind::Lex, true))
}

fn range(cx: &mut Cx<'_>, args: &Args<'_>, form: Form) -> CommandResult {
    let query = Query::parse(args, form)?;
    let Some(set) = cx.keys.value::<SortedSet>(&args.key(form.key))? else {
        cx.reply.array(0);
        return DONE;
    };
    let ranks = query.ranks(&set);
    let layout = Layout::of_scores(&cx.reply, query.with_scores);
    layout.begin(&mut cx.reply, ranks.len());
    for pair in set.range(ranks, query.reverse) {
        layout.put(&mut cx.reply, &pair);
    }
    DONE
}

pub(super) fn zrangestore(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let form = Form {
        key: 2,
        scores: false,
        ..OPEN
    };
    let query = Query::parse(args, form)?;
    let limits = cx.keys.limits;
    let stored = match cx.keys.value::<SortedSet>(&args.key(form.key))? {
        Some(set) => copy_range(&set, &query, &limits),
        None => SortedSet::new(0, 0, &limits),
    };
    store_set(cx, args, stored, "zrangestore")
}

/// The members of a range as a set of their own.
fn copy_range(set: &SortedSet, query: &Query<'_>, limits: &EncodingLimits) -> SortedSet {
    let ranks = query.ranks(set);
    let walk = || set.range(ranks.clone(), false);
    if let Some(small) = SortedSet::small_from_ascending(walk, ranks.len(), limits) {
        return small;
    }
    let mut copy = SortedSet::new(0, 0, limits);
    // As in Redis, only a range of ranks is known to be great before it is walked. (It shows: a small set keeps no -0.)
    if query.is_by_rank() {
        copy.expect(ranks.len(), limits);
    }
    for pair in set.range(ranks, query.reverse) {
        let mut text = IntText::default();
        let member = pair.member.text(&mut text);
        // Without an increment there is no sum that could be NaN.
        let _ = copy.add(member, pair.score(), &Rule::default(), limits);
    }
    copy
}
