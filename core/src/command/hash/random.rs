//! HRANDFIELD.

use super::super::collection::{
    amount, bulk, check_draw_count, check_drawn_bytes, fork_prng, random_count,
};
use super::super::{Args, CommandError, CommandResult, Cx, DONE};
use crate::resp::Reply;
use crate::structure::listpack::Element;
use crate::value::Hash;

pub(super) fn hrandfield(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    if args.len() == 2 {
        return random_field(cx, args);
    }
    let count = random_count(args, 2)?;
    let with_values = match args.len() {
        3 => false,
        4 if args.is(3, "WITHVALUES") => true,
        _ => return Err(CommandError::SYNTAX),
    };
    if with_values && count.unsigned_abs() > i64::MAX as u64 / 2 {
        return Err(CommandError::OUT_OF_RANGE);
    }
    random_fields(cx, args, count, with_values)
}

fn random_field(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let mut prng = fork_prng(cx.keys);
    let hash = cx.keys.value::<Hash>(&args.key(1))?;
    match hash.as_ref().and_then(|hash| hash.random(&mut prng)) {
        Some((field, _)) => bulk(&mut cx.reply, field),
        None => cx.reply.null(),
    }
    DONE
}

/// `count` different fields, or, when it is negative, so many with repetitions.
fn random_fields(cx: &mut Cx<'_>, args: &Args<'_>, count: i64, with_values: bool) -> CommandResult {
    let mut prng = fork_prng(cx.keys);
    let Some(hash) = cx.keys.value::<Hash>(&args.key(1))? else {
        cx.reply.array(0);
        return DONE;
    };
    let amount = amount(count);
    if count >= 0 {
        header(&mut cx.reply, amount.min(hash.len()), with_values);
        hash.choose(amount, &mut prng, |field, value| {
            pair(&mut cx.reply, field, value, with_values);
        });
        return DONE;
    }
    check_draw_count(amount)?;
    let mark = cx.reply.mark();
    header(&mut cx.reply, amount, with_values);
    let draw = hash.draw();
    for _ in 0..amount {
        if let Some((field, value)) = draw.next(&mut prng) {
            pair(&mut cx.reply, field, value, with_values);
        }
        check_drawn_bytes(&cx.reply, mark)?;
    }
    DONE
}

/// RESP3 nests field and value in an array of their own, RESP2 has one flat array.
fn header(reply: &mut Reply<'_>, count: usize, with_values: bool) {
    if with_values && !reply.is_resp3() {
        reply.array(2 * count);
    } else {
        reply.array(count);
    }
}

fn pair(reply: &mut Reply<'_>, field: Element<'_>, value: Element<'_>, with_values: bool) {
    if !with_values {
        return bulk(reply, field);
    }
    if reply.is_resp3() {
        reply.array(2);
    }
    bulk(reply, field);
    bulk(reply, value);
}
