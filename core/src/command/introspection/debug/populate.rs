//! DEBUG POPULATE: many keys at once.

use crate::bytes::number::{INTEGER_TEXT_MAX, write_u64};
use crate::command::{Args, CommandError, CommandResult, Cx, DONE};
use crate::keyspace::Entry;
use alloc::vec::Vec;

/// More keys than this no machine holds.
const KEYS_MAX: u64 = 1 << 32;

/// `DEBUG POPULATE count [prefix [size]]`: strings `value:<number>`, cut off or filled up with zero bytes if they are to
/// have a size. Keys that are there stay as they are. As in Redis the log is told nothing.
pub(super) fn populate(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let count = args.count(2)?;
    if cx.keys.loading {
        return Err(CommandError::new(
            "LOADING Redis is loading the dataset in memory",
        ));
    }
    if count as u64 > KEYS_MAX {
        return Err(CommandError::new("ERR OOM in dictTryExpand"));
    }
    let size = if args.len() == 5 { args.count(4)? } else { 0 };
    if size as u64 > cx.settings.proto_max_bulk_len {
        return Err(CommandError::STRING_TOO_LONG);
    }
    let prefix = args.get(3).unwrap_or(b"key");
    let (mut name, mut value) = (Vec::new(), Vec::new());
    for number in 0..count as u64 {
        write_numbered(&mut name, prefix, number);
        let key = cx.keys.key(&name);
        if cx.keys.exists(&key) {
            continue;
        }
        write_numbered(&mut value, b"value", number);
        if size > 0 {
            value.resize(size, 0);
        }
        let entry = Entry::with_bytes(key.bytes, &value, None);
        cx.keys.insert_new(&key, entry);
    }
    cx.reply.ok();
    DONE
}

fn write_numbered(out: &mut Vec<u8>, prefix: &[u8], number: u64) {
    out.clear();
    out.extend_from_slice(prefix);
    out.push(b':');
    out.extend_from_slice(write_u64(number, &mut [0; INTEGER_TEXT_MAX]));
}
