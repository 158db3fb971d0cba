//! PFADD, PFMERGE.

use super::bytes_of;
use crate::command::{Args, CommandError, CommandResult, Cx, DONE};
use crate::keyspace::{Entry, EventClass, Key};
use crate::structure::hyperloglog::{
    self, Corrupt, Encoding, Hint, REGISTERS, Union, encoding, invalidate,
};
use alloc::rc::Rc;
use alloc::vec::Vec;

/// `PFADD key [element ...]`
pub(super) fn pfadd(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let key = args.key(1);
    let max_bytes = cx.settings.hll_sparse_max_bytes;
    let is_new = cx.keys.write(&key).is_none();
    let add_all = |bytes: &mut Vec<u8>| {
        let mut is_changed = is_new;
        for element in args.from(2) {
            is_changed |= hyperloglog::add(bytes, element, max_bytes)?;
        }
        if is_changed {
            invalidate(bytes);
        }
        Ok(is_changed)
    };
    let is_changed = change(cx, &key, |bytes| {
        if args.len() <= 3 || hyperloglog::check(bytes).is_ok() {
            return add_all(bytes);
        }
        // Later elements may meet a fault that earlier ones do not: then nothing is to be changed.
        let mut copy = bytes.clone();
        let is_changed = add_all(&mut copy)?;
        *bytes = copy;
        Ok(is_changed)
    })?;
    if is_changed {
        cx.keys.modified(EventClass::STRING, "pfadd", &key);
    }
    cx.reply.int(i64::from(is_changed));
    DONE
}

/// `PFMERGE destination [source ...]`
pub(super) fn pfmerge(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let mut union = [0; REGISTERS];
    let mut has_dense = false;
    for at in 1..args.len() {
        if let Some(entry) = cx.keys.read(&args.key(at)) {
            let bytes = bytes_of(&entry)?;
            has_dense |= encoding(bytes) == Some(Encoding::Dense);
            hyperloglog::merge(&mut union, bytes)?;
        }
    }
    let key = args.key(1);
    let max_bytes = cx.settings.hll_sparse_max_bytes;
    change(cx, &key, |bytes| {
        if has_dense {
            hyperloglog::make_dense(bytes)?;
            hyperloglog::fill_dense(bytes, &union);
        } else {
            add_union(bytes, &union, max_bytes)?;
        }
        invalidate(bytes);
        Ok(())
    })?;
    // As in Redis, merging is adding, and always a change.
    cx.keys.modified(EventClass::STRING, "pfadd", &key);
    cx.reply.ok();
    DONE
}

fn add_union(bytes: &mut Vec<u8>, union: &Union, max_bytes: usize) -> Result<(), Corrupt> {
    let mut hint = Hint::default();
    for (index, &value) in union.iter().enumerate() {
        if value != 0 {
            hyperloglog::set(bytes, index, value, max_bytes, &mut hint)?;
        }
    }
    Ok(())
}

/// Lends a key's HyperLogLog, made if need be, to `work`.
fn change<T>(
    cx: &mut Cx<'_>,
    key: &Key<'_>,
    work: impl FnOnce(&mut Vec<u8>) -> Result<T, Corrupt>,
) -> Result<T, CommandError> {
    if let Some(mut entry) = cx.keys.write(key) {
        bytes_of(&entry)?;
        let buffer = entry.string_buffer().ok_or(CommandError::WRONG_TYPE)?;
        return Ok(work(buffer)?);
    }
    let mut bytes = hyperloglog::empty();
    let result = work(&mut bytes)?;
    cx.keys
        .insert_new(key, Entry::with_shared(key.bytes, Rc::new(bytes), None));
    Ok(result)
}
