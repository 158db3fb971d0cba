//! HINCRBY and HINCRBYFLOAT.

use super::super::collection::{bulk, changed};
use super::super::{Args, CommandError, CommandResult, Cx, DONE};
use crate::bytes::number::{Extended, INTEGER_TEXT_MAX, write_i64};
use crate::keyspace::EventClass;
use crate::structure::listpack::Element;
use crate::value::Hash;
use crate::value::hash::FieldExpiry;
use alloc::vec::Vec;

const HASH_NOT_INTEGER: CommandError = CommandError::new("ERR hash value is not an integer");
const HASH_NOT_FLOAT: CommandError = CommandError::new("ERR hash value is not a float");
const INCREMENT_NOT_FINITE: CommandError = CommandError::new("ERR value is NaN or Infinity");

pub(super) fn hincrby(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let increment = args.int(3)?;
    let (key, field, limits) = (args.key(1), args.at(2), cx.keys.limits);
    cx.keys.expire_named(&key, core::iter::once(field));
    // A hash that is made here is never left empty: nothing can go wrong with a field that is not there.
    let mut hash = cx.keys.value_mut_or_insert(&key, |_| Hash::new())?;
    let old = match hash.get(field) {
        None => 0,
        Some(value) => value.as_i64().ok_or(HASH_NOT_INTEGER)?,
    };
    let new = old.checked_add(increment).ok_or(CommandError::OVERFLOW)?;
    let mut digits = [0; INTEGER_TEXT_MAX];
    hash.set_keeping(field, write_i64(new, &mut digits), &limits);
    drop(hash);
    changed(cx.keys, &key, (EventClass::HASH, "hincrby"), 1, false);
    cx.reply.int(new);
    DONE
}

pub(super) fn hincrbyfloat(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let increment = Extended::parse(args.at(3)).ok_or(CommandError::NOT_FLOAT)?;
    if !increment.is_finite() {
        return Err(INCREMENT_NOT_FINITE);
    }
    let (key, field, limits) = (args.key(1), args.at(2), cx.keys.limits);
    cx.keys.expire_named(&key, core::iter::once(field));
    let mut hash = cx.keys.value_mut_or_insert(&key, |_| Hash::new())?;
    let old = match hash.get(field) {
        None => Extended::from_i64(0),
        Some(Element::Int(number)) => Extended::from_i64(number),
        Some(Element::Bytes(text)) => Extended::parse(text).ok_or(HASH_NOT_FLOAT)?,
    };
    let new = old
        .checked_add(increment)
        .ok_or(CommandError::NAN_OR_INFINITY)?;
    let mut text = Vec::new();
    new.append_human(&mut text);
    hash.set_keeping(field, &text, &limits);
    let volatile = matches!(hash.expiry(field), FieldExpiry::At(_));
    drop(hash);
    // The result is logged, so that it does not depend on how a reader of the log adds; for a field that stays in a way
    // that older servers can read as well.
    let db = cx.keys.current();
    let set: [&[u8]; 4] = [b"HSET", key.bytes, field, &text];
    let keep: [&[u8]; 7] = [
        b"HSETEX", key.bytes, b"KEEPTTL", b"FIELDS", b"1", field, &text,
    ];
    let effect: &[&[u8]] = if volatile { &keep } else { &set };
    cx.keys.effects.replace(db, effect);
    changed(cx.keys, &key, (EventClass::HASH, "hincrbyfloat"), 1, false);
    bulk(&mut cx.reply, Element::Bytes(&text));
    DONE
}
