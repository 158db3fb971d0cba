//! Arithmetic on strings: INCR, DECR, INCRBY, DECRBY, INCRBYFLOAT.

use crate::bytes::number::{AddFloatError, add_float_text, parse_i64, write_i64};
use crate::command::{Args, CommandError, CommandResult, Cx, DONE};
use crate::keyspace::{Entry, EventClass, Key, StringRef};
use alloc::vec::Vec;

/// `INCR key`
pub(super) fn incr(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    add(cx, &args.key(1), 1)
}

/// `DECR key`
pub(super) fn decr(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    add(cx, &args.key(1), -1)
}

/// `INCRBY key increment`
pub(super) fn incrby(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let increment = args.int(2)?;
    add(cx, &args.key(1), increment)
}

/// `DECRBY key decrement`
pub(super) fn decrby(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let negated = args.int(2)?.checked_neg();
    let increment = negated.ok_or(CommandError::new("ERR decrement would overflow"))?;
    add(cx, &args.key(1), increment)
}

fn add(cx: &mut Cx<'_>, key: &Key<'_>, increment: i64) -> CommandResult {
    let mut sum = increment;
    if let Some(mut entry) = cx.keys.write(key) {
        let value = match entry.string().ok_or(CommandError::WRONG_TYPE)? {
            StringRef::Int(value) => value,
            StringRef::Bytes(text) => parse_i64(text).ok_or(CommandError::NOT_INTEGER)?,
        };
        sum = value.checked_add(increment).ok_or(CommandError::OVERFLOW)?;
        entry.set_int(sum);
    } else {
        cx.keys
            .insert_new(key, Entry::with_int(key.bytes, sum, None));
    }
    cx.keys.modified(EventClass::STRING, "incrby", key);
    cx.reply.int(sum);
    DONE
}

/// `INCRBYFLOAT key increment`
///
/// The sum stays text, as in Redis, even when it is a whole number. It is logged, so that no other machine's
/// arithmetic makes another of it.
pub(super) fn incrbyfloat(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let (key, increment) = (args.key(1), args.at(2));
    let mut sum = Vec::new();
    if let Some(mut entry) = cx.keys.write(&key) {
        let mut digits = [0; 20];
        let text = match entry.string().ok_or(CommandError::WRONG_TYPE)? {
            StringRef::Int(value) => write_i64(value, &mut digits),
            StringRef::Bytes(text) => text,
        };
        add_float_text(text, increment, &mut sum)?;
        entry.set_bytes(&sum);
    } else {
        add_float_text(b"0", increment, &mut sum)?;
        cx.keys
            .insert_new(&key, Entry::with_bytes(key.bytes, &sum, None));
    }
    cx.keys.modified(EventClass::STRING, "incrbyfloat", &key);
    let db = cx.keys.current();
    cx.keys
        .effects
        .replace(db, &[b"SET", key.bytes, &sum, b"KEEPTTL"]);
    cx.reply.bulk(&sum);
    DONE
}

impl From<AddFloatError> for CommandError {
    fn from(error: AddFloatError) -> Self {
        match error {
            AddFloatError::Current | AddFloatError::Increment => CommandError::NOT_FLOAT,
            AddFloatError::NotFinite => CommandError::NAN_OR_INFINITY,
        }
    }
}
