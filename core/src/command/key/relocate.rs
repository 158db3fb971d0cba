//! RENAME, RENAMENX, COPY, MOVE: a value gets another key or another database.
//!
//! Renaming and moving take the value along as it is, however big. The expiry goes with it.

use crate::command::{Args, CommandError, CommandResult, Cx, DONE};
use crate::keyspace::{Entry, EventClass, Key};

/// `RENAME key newkey`
pub(super) fn rename(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let (from, to) = (args.key(1), args.key(2));
    if !cx.keys.exists(&from) {
        return Err(CommandError::NO_SUCH_KEY);
    }
    if from != to {
        rename_to(cx, &from, &to);
    }
    cx.reply.ok();
    DONE
}

/// `RENAMENX key newkey`
pub(super) fn renamenx(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let (from, to) = (args.key(1), args.key(2));
    if !cx.keys.exists(&from) {
        return Err(CommandError::NO_SUCH_KEY);
    }
    // Renaming a key to itself finds that key.
    let free = !cx.keys.exists(&to);
    if free {
        rename_to(cx, &from, &to);
    }
    cx.reply.int(i64::from(free));
    DONE
}

fn rename_to(cx: &mut Cx<'_>, from: &Key<'_>, to: &Key<'_>) {
    let Some(entry) = cx.keys.take(from) else {
        return;
    };
    put(cx, to, entry.renamed(to.bytes));
    cx.keys.modified(EventClass::GENERIC, "rename_from", from);
    cx.keys.notify(EventClass::GENERIC, "rename_to", to);
}

/// `MOVE key db`
pub(super) fn move_(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let (key, to) = (args.key(1), args.database(2, cx.keys.database_count())?);
    let from = cx.keys.current();
    if from == to {
        return Err(CommandError::SAME_OBJECT);
    }
    let movable = cx.keys.exists(&key) && !in_database(cx, to, |cx| cx.keys.exists(&key));
    if movable && let Some(entry) = cx.keys.take(&key) {
        in_database(cx, to, |cx| cx.keys.insert_new(&key, entry));
        cx.keys.modified(EventClass::GENERIC, "move_from", &key);
        in_database(cx, to, |cx| {
            cx.keys.notify(EventClass::GENERIC, "move_to", &key);
        });
    }
    cx.reply.int(i64::from(movable));
    DONE
}

/// `COPY source destination [DB db] [REPLACE]`
pub(super) fn copy(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let (mut db, mut replace) = (cx.keys.current(), false);
    let mut at = 3;
    while at < args.len() {
        if args.is(at, "REPLACE") {
            replace = true;
        } else if args.is(at, "DB") && at + 1 < args.len() {
            db = args.database(at + 1, cx.keys.database_count())?;
            at += 1;
        } else {
            return Err(CommandError::SYNTAX);
        }
        at += 1;
    }
    let (from, to) = (args.key(1), args.key(2));
    if db == cx.keys.current() && from == to {
        return Err(CommandError::SAME_OBJECT);
    }
    let copied = copy_to(cx, &from, &to, db, replace);
    cx.reply.int(i64::from(copied));
    DONE
}

fn copy_to(cx: &mut Cx<'_>, from: &Key<'_>, to: &Key<'_>, db: usize, replace: bool) -> bool {
    let there = cx.keys.read(from).is_some();
    if !there || (!replace && in_database(cx, db, |cx| cx.keys.exists(to))) {
        return false;
    }
    let Some(entry) = cx.keys.peek_quietly(from) else {
        return false;
    };
    let copy = entry.duplicated(to.bytes);
    in_database(cx, db, |cx| {
        put(cx, to, copy);
        cx.keys.modified(EventClass::GENERIC, "copy_to", to);
    });
    true
}

/// Puts an entry under a new key, which is told as new even when there was another value, as in Redis.
fn put(cx: &mut Cx<'_>, key: &Key<'_>, entry: Entry) {
    cx.keys.remove(key);
    cx.keys.insert_new(key, entry);
}

/// Does something with another database selected.
fn in_database<T>(cx: &mut Cx<'_>, db: usize, work: impl FnOnce(&mut Cx<'_>) -> T) -> T {
    let home = cx.keys.select(db);
    let result = work(cx);
    cx.keys.select(home);
    result
}
