//! PFCOUNT.

use super::bytes_of;
use crate::command::{Args, CommandResult, Cx, DONE};
use crate::keyspace::EventClass;
use crate::structure::hyperloglog::{self, REGISTERS};

/// `PFCOUNT key [key ...]`
///
/// The count of a single key is kept in its value, which is a change, and logged as one, although the command is one
/// that reads.
pub(super) fn pfcount(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    if args.len() > 2 {
        return count_union(cx, args);
    }
    let key = args.key(1);
    let Some(entry) = cx.keys.read(&key) else {
        cx.reply.int(0);
        return DONE;
    };
    let bytes = bytes_of(&entry)?;
    if let Some(count) = hyperloglog::cached(bytes) {
        cx.reply.int(count as i64);
        return DONE;
    }
    let count = hyperloglog::count(bytes)?;
    if let Some(mut entry) = cx.keys.write(&key)
        && let Some(buffer) = entry.string_buffer()
    {
        hyperloglog::cache(buffer, count);
    }
    cx.keys.modified(EventClass::NONE, "pfcount", &key);
    let db = cx.keys.current();
    cx.keys.effects.replace(db, &[b"PFCOUNT", key.bytes]);
    cx.reply.int(count as i64);
    DONE
}

fn count_union(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let mut union = [0; REGISTERS];
    for at in 1..args.len() {
        if let Some(entry) = cx.keys.read(&args.key(at)) {
            hyperloglog::merge(&mut union, bytes_of(&entry)?)?;
        }
    }
    cx.reply.int(hyperloglog::count_union(&union) as i64);
    DONE
}
