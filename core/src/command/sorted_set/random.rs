//! ZRANDMEMBER.

use super::{Layout, reply_member};
use crate::bytes::prng::Prng;
use crate::command::collection::{
    amount, check_draw_count, check_drawn_bytes, fork_prng, random_count,
};
use crate::command::{Args, CommandError, CommandResult, Cx, DONE};
use crate::resp::Reply;
use crate::value::sorted_set::Scored;
use crate::value::{Encoding, SortedSet};
use alloc::vec::Vec;

pub(super) fn zrandmember(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let options = match args.len() {
        2 => None,
        _ => Some(random_options(args)?),
    };
    let mut prng = fork_prng(cx.keys);
    let found = cx.keys.value::<SortedSet>(&args.key(1))?;
    match (found, options) {
        (None, None) => cx.reply.null(),
        (None, Some(_)) => cx.reply.array(0),
        (Some(set), None) => one_member(&mut cx.reply, &set, &mut prng),
        (Some(set), Some((count, with_scores))) => {
            let layout = Layout::of_scores(&cx.reply, with_scores);
            let wanted = amount(count);
            if count < 0 {
                repeated_members(&mut cx.reply, &set, wanted, layout, &mut prng)?;
            } else {
                distinct_members(&mut cx.reply, &set, wanted, layout, &mut prng);
            }
        }
    }
    DONE
}

fn one_member(reply: &mut Reply<'_>, set: &SortedSet, prng: &mut Prng) {
    let rank = prng.below(set.len() as u64) as usize;
    match set.get(rank) {
        Some(pair) => reply_member(reply, pair.member),
        None => reply.null(),
    }
}

/// ZRANDMEMBER's count, and whether scores were asked for.
fn random_options(args: &Args<'_>) -> Result<(i64, bool), CommandError> {
    let count = random_count(args, 2)?;
    let with_scores = match args.len() {
        3 => false,
        4 if args.is(3, "WITHSCORES") => true,
        _ => return Err(CommandError::SYNTAX),
    };
    if with_scores && count.unsigned_abs() > i64::MAX as u64 / 2 {
        return Err(CommandError::OUT_OF_RANGE);
    }
    Ok((count, with_scores))
}

/// `count` times any member. What would be too great a reply is refused, where Redis fills its memory.
fn repeated_members(
    reply: &mut Reply<'_>,
    set: &SortedSet,
    count: usize,
    layout: Layout,
    prng: &mut Prng,
) -> Result<(), CommandError> {
    check_draw_count(count)?;
    let mark = reply.mark();
    layout.begin(reply, count);
    // A place in a small set is found by a walk, which one walk to all of them spares.
    let is_small = count > 1 && set.encoding() == Encoding::SortedListpack;
    let all: Vec<Scored<'_>> = set.iter_from(0).take_while(|_| is_small).collect();
    for _ in 0..count {
        let rank = prng.below(set.len() as u64) as usize;
        if let Some(pair) = all.get(rank).copied().or_else(|| set.get(rank)) {
            layout.put(reply, &pair);
        }
        check_drawn_bytes(reply, mark)?;
    }
    Ok(())
}

/// `count` different members, or all.
fn distinct_members(
    reply: &mut Reply<'_>,
    set: &SortedSet,
    count: usize,
    layout: Layout,
    prng: &mut Prng,
) {
    let len = set.len();
    let count = count.min(len);
    layout.begin(reply, count);
    if count > len / 3 {
        let chosen = choose(set.iter_from(0), len, count, prng);
        chosen.for_each(|pair| layout.put(reply, &pair));
    } else {
        for rank in distinct_ranks(len, count, prng) {
            if let Some(pair) = set.get(rank) {
                layout.put(reply, &pair);
            }
        }
    }
}

/// A fair choice of `count` of the `len` items of a walk, in their order (Knuth's algorithm S).
fn choose<'a>(
    walk: impl Iterator<Item = Scored<'a>>,
    len: usize,
    count: usize,
    prng: &mut Prng,
) -> impl Iterator<Item = Scored<'a>> {
    let (mut left, mut wanted) = (len, count);
    walk.filter(move |_| {
        let chosen = prng.below(left as u64) < wanted as u64;
        left = left.saturating_sub(1);
        wanted -= usize::from(chosen);
        chosen
    })
}

/// `count` different numbers below `len`, in random order; `count` is a third of `len` at most.
fn distinct_ranks(len: usize, count: usize, prng: &mut Prng) -> Vec<usize> {
    let mut ranks: Vec<usize> = Vec::with_capacity(count);
    while ranks.len() < count {
        let missing = count - ranks.len();
        ranks.extend((0..missing).map(|_| prng.below(len as u64) as usize));
        ranks.sort_unstable();
        ranks.dedup();
    }
    for last in (1..ranks.len()).rev() {
        ranks.swap(last, prng.below(last as u64 + 1) as usize);
    }
    ranks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_are_fair_and_without_repetition() {
        let mut prng = Prng::new(3);
        let mut counts = [0; 30];
        for _ in 0..3000 {
            let mut ranks = distinct_ranks(30, 10, &mut prng);
            ranks.iter().for_each(|&rank| counts[rank] += 1);
            ranks.sort_unstable();
            ranks.dedup();
            assert_eq!(ranks.len(), 10);
        }
        assert!(
            counts.iter().all(|&n| (850..1150).contains(&n)),
            "{counts:?}"
        );
    }
}
