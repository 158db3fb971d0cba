//! Hashes.

mod expire;
mod extended;
mod increment;
mod named;
mod random;
mod rows;
#[cfg(test)]
mod tests;

pub(super) use rows::SPECS;

use super::collection::{ScanOptions, bulk, changed, reply_scan};
use super::{Args, CommandError, CommandResult, Cx, DONE};
use crate::keyspace::EventClass;
use crate::value::Hash;

const SET: (EventClass, &str) = (EventClass::HASH, "hset");

fn hset(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let created = set_fields(cx, args, "hset")?;
    cx.reply.count(created);
    DONE
}

fn hmset(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    set_fields(cx, args, "hmset")?;
    cx.reply.ok();
    DONE
}

/// Sets the fields of the request; how many of them are new.
fn set_fields(cx: &mut Cx<'_>, args: &Args<'_>, name: &str) -> Result<usize, CommandError> {
    let texts = args.from(2);
    if !texts.len().is_multiple_of(2) {
        return Err(CommandError::wrong_arity(name));
    }
    let count = texts.len() / 2;
    let (key, limits) = (args.key(1), cx.keys.limits);
    let mut hash = cx.keys.value_mut_or_insert(&key, |_| Hash::new())?;
    hash.expect(count, texts, &limits);
    let mut created = 0;
    for at in (2..args.len()).step_by(2) {
        created += usize::from(hash.set(args.at(at), args.at(at + 1), &limits));
    }
    let volatile = hash.is_volatile();
    drop(hash);
    if volatile {
        cx.keys.settle_fields(&key);
    }
    changed(cx.keys, &key, SET, count, false);
    Ok(created)
}

fn hsetnx(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let (key, field, value) = (args.key(1), args.at(2), args.at(3));
    let limits = cx.keys.limits;
    cx.keys.expire_named(&key, core::iter::once(field));
    let mut hash = cx.keys.value_mut_or_insert(&key, |_| Hash::new())?;
    let new = !hash.contains(field);
    if new {
        hash.expect(1, args.from(2), &limits);
        hash.set(field, value, &limits);
        drop(hash);
        changed(cx.keys, &key, SET, 1, false);
    }
    cx.reply.int(i64::from(new));
    DONE
}

fn hget(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let hash = cx.keys.value::<Hash>(&args.key(1))?;
    match hash.as_ref().and_then(|hash| hash.get(args.at(2))) {
        Some(value) => bulk(&mut cx.reply, value),
        None => cx.reply.null(),
    }
    DONE
}

fn hmget(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let hash = cx.keys.value::<Hash>(&args.key(1))?;
    let fields = args.from(2);
    cx.reply.array(fields.len());
    for field in fields {
        match hash.as_ref().and_then(|hash| hash.get(field)) {
            Some(value) => bulk(&mut cx.reply, value),
            None => cx.reply.null(),
        }
    }
    DONE
}

fn hdel(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let key = args.key(1);
    let Some(mut hash) = cx.keys.value_mut::<Hash>(&key)? else {
        cx.reply.int(0);
        return DONE;
    };
    let removed = args.from(2).filter(|field| hash.remove(field)).count();
    let (emptied, volatile) = (hash.is_empty(), hash.is_volatile());
    drop(hash);
    if volatile {
        cx.keys.settle_fields(&key);
    }
    if removed > 0 {
        changed(cx.keys, &key, (EventClass::HASH, "hdel"), removed, emptied);
    }
    cx.reply.count(removed);
    DONE
}

fn hlen(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let hash = cx.keys.value::<Hash>(&args.key(1))?;
    cx.reply.count(hash.map_or(0, |hash| hash.len()));
    DONE
}

fn hexists(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let hash = cx.keys.value::<Hash>(&args.key(1))?;
    let found = hash.is_some_and(|hash| hash.contains(args.at(2)));
    cx.reply.int(i64::from(found));
    DONE
}

fn hstrlen(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let hash = cx.keys.value::<Hash>(&args.key(1))?;
    let value = hash.as_ref().and_then(|hash| hash.get(args.at(2)));
    cx.reply.count(value.map_or(0, |value| value.text_len()));
    DONE
}

fn hgetall(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let Some(hash) = cx.keys.value::<Hash>(&args.key(1))? else {
        cx.reply.map(0);
        return DONE;
    };
    cx.reply.map(hash.len());
    for (field, value) in hash.iter() {
        bulk(&mut cx.reply, field);
        bulk(&mut cx.reply, value);
    }
    DONE
}

fn hkeys(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let Some(hash) = cx.keys.value::<Hash>(&args.key(1))? else {
        cx.reply.array(0);
        return DONE;
    };
    cx.reply.array(hash.len());
    hash.iter()
        .for_each(|(field, _)| bulk(&mut cx.reply, field));
    DONE
}

fn hvals(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let Some(hash) = cx.keys.value::<Hash>(&args.key(1))? else {
        cx.reply.array(0);
        return DONE;
    };
    cx.reply.array(hash.len());
    hash.iter()
        .for_each(|(_, value)| bulk(&mut cx.reply, value));
    DONE
}

fn hscan(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let cursor = args.cursor(2)?;
    let Some(hash) = cx.keys.value::<Hash>(&args.key(1))? else {
        // As in Redis, nobody looks at the options then.
        reply_scan(&mut cx.reply, |_| (0, 0));
        return DONE;
    };
    let options = ScanOptions::parse(args, true)?;
    reply_scan(&mut cx.reply, |reply| {
        let mut written = 0;
        let next = hash.scan(cursor, options.count, |field, value| {
            if !options.lets_through(field) {
                return;
            }
            bulk(reply, field);
            written += 1;
            if !options.no_values {
                bulk(reply, value);
                written += 1;
            }
        });
        (next, written)
    });
    DONE
}
