//! Sets.

mod combine;
mod pop;
mod rows;
#[cfg(test)]
mod tests;

pub(super) use rows::SPECS;

use super::collection::{
    ScanOptions, amount, bulk, changed, check_draw_count, check_drawn_bytes, fork_prng,
    random_count, reply_scan,
};
use super::{Args, CommandError, CommandResult, Cx, DONE};
use crate::keyspace::EventClass;
use crate::value::Set;

fn sadd(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let key = args.key(1);
    let (members, limits) = (args.from(2), cx.keys.limits);
    let expected = members.len();
    let mut set = cx.keys.value_mut_or_insert(&key, |limits| {
        Set::for_members(args.at(2), expected, limits)
    })?;
    set.expect(expected, &limits);
    let added = members.filter(|member| set.add(member, &limits)).count();
    drop(set);
    if added > 0 {
        changed(cx.keys, &key, (EventClass::SET, "sadd"), added, false);
    }
    cx.reply.count(added);
    DONE
}

fn srem(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let key = args.key(1);
    let Some(mut set) = cx.keys.value_mut::<Set>(&key)? else {
        cx.reply.int(0);
        return DONE;
    };
    let removed = args.from(2).filter(|member| set.remove(member)).count();
    let emptied = set.is_empty();
    drop(set);
    if removed > 0 {
        changed(cx.keys, &key, (EventClass::SET, "srem"), removed, emptied);
    }
    cx.reply.count(removed);
    DONE
}

fn smove(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let (source, target, member) = (args.key(1), args.key(2), args.at(3));
    let Some(set) = cx.keys.value_mut::<Set>(&source)? else {
        cx.reply.int(0);
        return DONE;
    };
    let found = set.contains(member);
    drop(set);
    cx.keys.value_mut::<Set>(&target)?;
    if found && source.bytes != target.bytes {
        move_member(cx, args)?;
    }
    cx.reply.int(i64::from(found));
    DONE
}

/// Takes the member out of the source, where it is, and puts it into the target, which is a set or nothing.
fn move_member(cx: &mut Cx<'_>, args: &Args<'_>) -> Result<(), CommandError> {
    let (source, target, member) = (args.key(1), args.key(2), args.at(3));
    let limits = cx.keys.limits;
    let Some(mut set) = cx.keys.value_mut::<Set>(&source)? else {
        return Ok(());
    };
    set.remove(member);
    let emptied = set.is_empty();
    drop(set);
    changed(cx.keys, &source, (EventClass::SET, "srem"), 1, emptied);
    let new = |limits: &_| Set::for_members(member, 1, limits);
    let added = cx
        .keys
        .value_mut_or_insert(&target, new)?
        .add(member, &limits);
    if added {
        changed(cx.keys, &target, (EventClass::SET, "sadd"), 1, false);
    }
    Ok(())
}

fn sismember(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let set = cx.keys.value::<Set>(&args.key(1))?;
    let found = set.is_some_and(|set| set.contains(args.at(2)));
    cx.reply.int(i64::from(found));
    DONE
}

fn smismember(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let set = cx.keys.value::<Set>(&args.key(1))?;
    let members = args.from(2);
    cx.reply.array(members.len());
    for member in members {
        let found = set.as_ref().is_some_and(|set| set.contains(member));
        cx.reply.int(i64::from(found));
    }
    DONE
}

fn scard(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let set = cx.keys.value::<Set>(&args.key(1))?;
    cx.reply.count(set.map_or(0, |set| set.len()));
    DONE
}

fn smembers(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let Some(set) = cx.keys.value::<Set>(&args.key(1))? else {
        cx.reply.set(0);
        return DONE;
    };
    cx.reply.set(set.len());
    set.iter().for_each(|member| bulk(&mut cx.reply, member));
    DONE
}

fn srandmember(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    match args.len() {
        2 => random_member(cx, args),
        3 => random_members(cx, args),
        _ => Err(CommandError::SYNTAX),
    }
}

fn random_member(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let mut prng = fork_prng(cx.keys);
    let set = cx.keys.value::<Set>(&args.key(1))?;
    match set.as_ref().and_then(|set| set.random(&mut prng)) {
        Some(member) => bulk(&mut cx.reply, member),
        None => cx.reply.null(),
    }
    DONE
}

fn random_members(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let count = random_count(args, 2)?;
    let mut prng = fork_prng(cx.keys);
    let Some(set) = cx.keys.value::<Set>(&args.key(1))? else {
        cx.reply.array(0);
        return DONE;
    };
    let amount = amount(count);
    if count >= 0 {
        cx.reply.array(amount.min(set.len()));
        set.choose(amount, &mut prng, |member| bulk(&mut cx.reply, member));
        return DONE;
    }
    check_draw_count(amount)?;
    let mark = cx.reply.mark();
    cx.reply.array(amount);
    let draw = set.draw();
    for _ in 0..amount {
        if let Some(member) = draw.next(&mut prng) {
            bulk(&mut cx.reply, member);
        }
        check_drawn_bytes(&cx.reply, mark)?;
    }
    DONE
}

fn sscan(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let cursor = args.cursor(2)?;
    let Some(set) = cx.keys.value::<Set>(&args.key(1))? else {
        // As in Redis, nobody looks at the options then.
        reply_scan(&mut cx.reply, |_| (0, 0));
        return DONE;
    };
    let options = ScanOptions::parse(args, false)?;
    reply_scan(&mut cx.reply, |reply| {
        let mut written = 0;
        let next = set.scan(cursor, options.count, |member| {
            if options.lets_through(member) {
                bulk(reply, member);
                written += 1;
            }
        });
        (next, written)
    });
    DONE
}
