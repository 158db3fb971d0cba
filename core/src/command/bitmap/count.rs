//! BITCOUNT, BITPOS.

use super::offset::Unit;
use super::value_text;
use super::words::{count, find};
use crate::command::{Args, CommandError, CommandResult, Cx, DONE};

/// `BITCOUNT key [start end [BYTE | BIT]]`
pub(super) fn bitcount(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let (start, end, unit) = match args.len() {
        2 => (0, -1, Unit::Byte),
        4 | 5 => (args.int(2)?, args.int(3)?, Unit::of(args, 4)?),
        _ => return Err(CommandError::SYNTAX),
    };
    let found = cx.keys.string(&args.key(1))?;
    let mut digits = [0; 20];
    let bytes = value_text(found.as_ref().and_then(|entry| entry.string()), &mut digits);
    // Both before the beginning would become 0, and so a range of one.
    let reversed = start < 0 && end < 0 && start > end;
    let ones = if reversed {
        0
    } else {
        count(bytes, unit.bits(bytes.len(), start, end))
    };
    cx.reply.int(ones as i64);
    DONE
}

/// `BITPOS key bit [start [end [BYTE | BIT]]]`
pub(super) fn bitpos(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let set = match args.int(2)? {
        0 => false,
        1 => true,
        _ => return Err(CommandError::new("ERR The bit argument must be 1 or 0.")),
    };
    if args.len() > 6 {
        return Err(CommandError::SYNTAX);
    }
    let start = if args.len() > 3 { args.int(3)? } else { 0 };
    // As in Redis, a wrong unit is told of before a wrong end.
    let unit = Unit::of(args, 5)?;
    let has_end = args.len() > 4;
    let end = if has_end { args.int(4)? } else { -1 };
    let Some(entry) = cx.keys.string(&args.key(1))? else {
        // No key is zeros without an end.
        cx.reply.int(if set { -1 } else { 0 });
        return DONE;
    };
    let mut digits = [0; 20];
    let bytes = value_text(entry.string(), &mut digits);
    let range = unit.bits(bytes.len(), start, end);
    let position = match find(bytes, range.clone(), set) {
        Some(position) => position as i64,
        // A string of ones is followed by zeros, unless an end says that they are not asked for.
        None if !set && !has_end && !range.is_empty() => range.end as i64,
        None => -1,
    };
    cx.reply.int(position);
    DONE
}
