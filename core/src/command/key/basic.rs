//! DEL, UNLINK, EXISTS, TYPE, TOUCH.

use crate::command::{Args, CommandResult, Cx, DONE};
use crate::keyspace::EventClass;

/// `DEL key [key ...]`, `UNLINK key [key ...]`: the same, since big values are always freed later.
pub(super) fn del(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let mut deleted = 0;
    for at in 1..args.len() {
        let key = args.key(at);
        if cx.keys.remove(&key) {
            cx.keys.modified(EventClass::GENERIC, "del", &key);
            deleted += 1;
        }
    }
    cx.reply.count(deleted);
    DONE
}

/// `EXISTS key [key ...]`: a key that is named twice counts twice.
pub(super) fn exists(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let there = |at: &usize| cx.keys.peek(&args.key(*at)).is_some();
    let count = (1..args.len()).filter(there).count();
    cx.reply.count(count);
    DONE
}

/// `TOUCH key [key ...]`
pub(super) fn touch(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let there = |at: &usize| cx.keys.read(&args.key(*at)).is_some();
    let count = (1..args.len()).filter(there).count();
    cx.reply.count(count);
    DONE
}

/// `TYPE key`
pub(super) fn type_(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let found = cx.keys.peek(&args.key(1));
    let name = found.map_or("none", |entry| entry.value_type().name());
    cx.reply.simple(name);
    DONE
}
