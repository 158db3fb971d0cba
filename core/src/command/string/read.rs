//! GET, MGET, STRLEN, GETRANGE; GETDEL and GETEX, which change the key as they read it.

use super::options::{Lifetime, Options};
use super::{reply_long, reply_string, text_len, value_text};
use crate::bytes::number::write_u64;
use crate::bytes::shared::LONG_BYTES;
use crate::command::{Args, CommandResult, Cx, DONE};
use crate::keyspace::{EventClass, Key};
use core::ops::Range;

/// A part of a string is lent only when it is at least one in so many of its bytes: a loan counts as many bytes as it
/// has, and keeps all of them.
const LENT_SHARE: usize = 4;

/// `GET key`
pub(super) fn get(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let found = cx.keys.string(&args.key(1))?;
    reply_string(&mut cx.reply, &mut cx.client.loans, found.as_deref());
    DONE
}

/// `MGET key [key ...]`
pub(super) fn mget(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    cx.reply.array(args.len() - 1);
    for at in 1..args.len() {
        // A key of another type is no error here, but null.
        let found = cx.keys.read(&args.key(at));
        reply_string(&mut cx.reply, &mut cx.client.loans, found.as_deref());
    }
    DONE
}

/// `STRLEN key`
pub(super) fn strlen(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let found = cx.keys.string(&args.key(1))?;
    let value = found.as_ref().and_then(|entry| entry.string());
    cx.reply.count(value.map_or(0, text_len));
    DONE
}

/// `GETRANGE key start end`
pub(super) fn getrange(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let (start, end) = (args.int(2)?, args.int(3)?);
    let found = cx.keys.string(&args.key(1))?;
    let mut digits = [0; 20];
    let text = value_text(found.as_ref().and_then(|entry| entry.string()), &mut digits);
    let range = part(text.len(), start, end).unwrap_or(0..0);
    if range.len() >= LONG_BYTES && range.len() >= text.len() / LENT_SHARE {
        reply_long(&mut cx.reply, &mut cx.client.loans, found.as_deref(), range);
    } else {
        cx.reply.bulk(&text[range]);
    }
    DONE
}

/// The part of `len` bytes from `start` to `end`, both included, both counted from the end when negative.
fn part(len: usize, start: i64, end: i64) -> Option<Range<usize>> {
    // Both before the beginning would become 0 below, and so a part of one byte.
    if len == 0 || (start < 0 && end < 0 && start > end) {
        return None;
    }
    let len = i64::try_from(len).ok()?;
    let place = |at: i64| if at < 0 { (len + at).max(0) } else { at };
    let (start, end) = (place(start), place(end).min(len - 1));
    (start <= end).then_some(start as usize..end as usize + 1)
}

/// `GETDEL key`
pub(super) fn getdel(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let key = args.key(1);
    let Some(entry) = cx.keys.string(&key)? else {
        cx.reply.null();
        return DONE;
    };
    reply_string(&mut cx.reply, &mut cx.client.loans, Some(&entry));
    delete(cx, &key);
    DONE
}

/// `GETEX key [EX s | PX ms | EXAT s | PXAT ms | PERSIST]`
pub(super) fn getex(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let options = Options::of_getex(args)?;
    let (key, now_ms) = (args.key(1), cx.keys.now_ms);
    let Some(entry) = cx.keys.string(&key)? else {
        // As in Redis, the time is not even looked at when there is no key.
        cx.reply.null();
        return DONE;
    };
    let volatile = entry.expiry().is_some();
    reply_string(&mut cx.reply, &mut cx.client.loans, Some(&entry));
    match options.lifetime {
        Lifetime::Until(deadline) => {
            let when = deadline.unix_ms(now_ms, "getex")?;
            if deadline.form.is_absolute() && when <= now_ms && !cx.keys.loading {
                delete(cx, &key);
            } else {
                expire(cx, &key, when);
            }
        }
        Lifetime::Persist if volatile => {
            cx.keys.set_expiry(&key, None);
            cx.keys.modified(EventClass::GENERIC, "persist", &key);
            let db = cx.keys.current();
            cx.keys.effects.replace(db, &[b"PERSIST", key.bytes]);
        }
        _ => {}
    }
    DONE
}

pub(super) fn delete(cx: &mut Cx<'_>, key: &Key<'_>) {
    cx.keys.remove(key);
    cx.keys.modified(EventClass::GENERIC, "del", key);
    let db = cx.keys.current();
    cx.keys.effects.replace(db, &[b"DEL", key.bytes]);
}

fn expire(cx: &mut Cx<'_>, key: &Key<'_>, when: u64) {
    cx.keys.set_expiry(key, Some(when));
    cx.keys.modified(EventClass::GENERIC, "expire", key);
    let mut digits = [0; 20];
    let (db, when) = (cx.keys.current(), write_u64(when, &mut digits));
    cx.keys
        .effects
        .replace(db, &[b"PEXPIREAT", key.bytes, when]);
}
