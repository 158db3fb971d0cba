//! DBSIZE, FLUSHDB, FLUSHALL, SWAPDB.

use crate::bytes::number::parse_i64;
use crate::command::{Args, CommandError, CommandResult, Cx, DONE};

/// `DBSIZE`
pub(super) fn dbsize(cx: &mut Cx<'_>, _: &Args<'_>) -> CommandResult {
    let len = cx.keys.len();
    cx.reply.count(len);
    DONE
}

/// `FLUSHDB [ASYNC | SYNC]`
pub(super) fn flushdb(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    check_flush_options(args)?;
    let db = cx.keys.current();
    let removed = cx.keys.flush(db);
    finish_flush(cx, b"FLUSHDB", removed);
    DONE
}

/// `FLUSHALL [ASYNC | SYNC]`
pub(super) fn flushall(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    check_flush_options(args)?;
    let databases = 0..cx.keys.database_count();
    let removed = databases.map(|db| cx.keys.flush(db)).sum();
    finish_flush(cx, b"FLUSHALL", removed);
    DONE
}

/// Both ways are the same here: the database is empty at once, and its memory is freed in slices.
fn check_flush_options(args: &Args<'_>) -> Result<(), CommandError> {
    match args.len() {
        1 => Ok(()),
        2 if args.is(1, "SYNC") || args.is(1, "ASYNC") => Ok(()),
        _ => Err(CommandError::SYNTAX),
    }
}

/// As in Redis, a flush is logged even when there was nothing to remove.
fn finish_flush(cx: &mut Cx<'_>, command: &[u8], removed: usize) {
    cx.keys.dirty += removed as u64;
    let db = cx.keys.current();
    cx.keys.effects.replace(db, &[command]);
    cx.reply.ok();
}

/// `SWAPDB index1 index2`
pub(super) fn swapdb(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let number = |at, error| {
        let number = parse_i64(args.at(at)).and_then(|number| i32::try_from(number).ok());
        number.ok_or(CommandError::new(error))
    };
    let first = number(1, "ERR invalid first DB index")?;
    let second = number(2, "ERR invalid second DB index")?;
    let within = |number| {
        let db = usize::try_from(number).ok();
        let db = db.filter(|&db| db < cx.keys.database_count());
        db.ok_or(CommandError::DB_OUT_OF_RANGE)
    };
    let (first, second) = (within(first)?, within(second)?);
    cx.keys.swap(first, second);
    cx.keys.dirty += 1;
    cx.reply.ok();
    DONE
}
