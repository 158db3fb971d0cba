//! BITOP.
//!
//! The sources come one after the other, since a keyspace lends one value at a time: the result is a fold over them. A
//! source that is shorter than the longest one counts as if zeros followed it.

use super::value_text;
use super::words::combine;
use crate::command::{Args, CommandError, CommandResult, Cx, DONE};
use crate::keyspace::{Entry, EventClass};
use alloc::format;
use alloc::rc::Rc;
use alloc::vec::Vec;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operation {
    And,
    Or,
    Xor,
    Not,
    /// In the first source, but in none of the others.
    Diff,
    /// In one of the others, but not in the first source.
    Diff1,
    /// In the first source and in one of the others.
    AndOr,
    /// In exactly one source.
    One,
}

const OPERATIONS: [(&str, Operation); 8] = [
    ("AND", Operation::And),
    ("OR", Operation::Or),
    ("XOR", Operation::Xor),
    ("NOT", Operation::Not),
    ("DIFF", Operation::Diff),
    ("DIFF1", Operation::Diff1),
    ("ANDOR", Operation::AndOr),
    ("ONE", Operation::One),
];

/// Index of the first source.
const FIRST: usize = 3;

/// `BITOP operation destination source [source ...]`
pub(super) fn bitop(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let operation = operation(args)?;
    let mut longest = 0;
    for at in FIRST..args.len() {
        let found = cx.keys.string(&args.key(at))?;
        let value = found.as_ref().and_then(|entry| entry.string());
        longest = longest.max(value.map_or(0, super::text_len));
    }
    let destination = args.key(2);
    if longest == 0 {
        if cx.keys.remove(&destination) {
            cx.keys.modified(EventClass::GENERIC, "del", &destination);
        }
        cx.reply.int(0);
        return DONE;
    }
    let result = compute(cx, args, operation, longest)?;
    let entry = Entry::with_shared(destination.bytes, Rc::new(result), None);
    cx.keys.insert(&destination, entry);
    cx.keys.modified(EventClass::STRING, "set", &destination);
    cx.reply.count(longest);
    DONE
}

fn operation(args: &Args<'_>) -> Result<Operation, CommandError> {
    let mut known = OPERATIONS.iter();
    let known = known.find(|(name, _)| args.is(1, name));
    let &(name, operation) = known.ok_or(CommandError::SYNTAX)?;
    match operation {
        Operation::Not if args.len() != FIRST + 1 => Err(CommandError::new(
            "ERR BITOP NOT must be called with a single source key.",
        )),
        Operation::Diff | Operation::Diff1 | Operation::AndOr if args.len() < FIRST + 2 => {
            Err(CommandError::with(format!(
                "ERR BITOP {name} must be called with at least two source keys."
            )))
        }
        _ => Ok(operation),
    }
}

/// The result, `len` bytes long.
fn compute(
    cx: &mut Cx<'_>,
    args: &Args<'_>,
    operation: Operation,
    len: usize,
) -> Result<Vec<u8>, CommandError> {
    let mut result = zeros(len)?;
    let copy = |_, other| other;
    let or = |a, b| a | b;
    match operation {
        Operation::Not => {
            with_source(cx, args, FIRST, |bytes| {
                combine(&mut result, bytes, |_, b| !b)
            });
        }
        Operation::And => {
            with_source(cx, args, FIRST, |bytes| combine(&mut result, bytes, copy));
            for at in FIRST + 1..args.len() {
                with_source(cx, args, at, |bytes| {
                    combine(&mut result, bytes, |a, b| a & b);
                    result[bytes.len()..].fill(0);
                });
            }
        }
        Operation::Or => fold(cx, args, FIRST, &mut result, or),
        Operation::Xor => fold(cx, args, FIRST, &mut result, |a, b| a ^ b),
        Operation::Diff | Operation::Diff1 | Operation::AndOr => {
            fold(cx, args, FIRST + 1, &mut result, or);
            with_source(cx, args, FIRST, |first| match operation {
                Operation::Diff => {
                    combine(&mut result, first, |others, first| first & !others);
                    result[first.len()..].fill(0);
                }
                Operation::Diff1 => combine(&mut result, first, |others, first| others & !first),
                _ => {
                    combine(&mut result, first, |others, first| others & first);
                    result[first.len()..].fill(0);
                }
            });
        }
        Operation::One => {
            let mut repeated = zeros(len)?;
            for at in FIRST..args.len() {
                with_source(cx, args, at, |bytes| {
                    // What is in both is repeated; `result` is what any source had so far.
                    mark_repeated(&mut repeated, &result, bytes);
                    combine(&mut result, bytes, or);
                });
            }
            combine(&mut result, &repeated, |any, repeated| any & !repeated);
        }
    }
    Ok(result)
}

/// Combines `result` with the sources from the one at `first` on.
fn fold(
    cx: &mut Cx<'_>,
    args: &Args<'_>,
    first: usize,
    result: &mut [u8],
    operation: impl Fn(u64, u64) -> u64,
) {
    for at in first..args.len() {
        with_source(cx, args, at, |bytes| combine(result, bytes, &operation));
    }
}

/// Lends the source at an index, empty when there is none.
fn with_source(cx: &mut Cx<'_>, args: &Args<'_>, at: usize, work: impl FnOnce(&[u8])) {
    let found = cx.keys.peek_quietly(&args.key(at));
    let value = found.as_ref().and_then(|entry| entry.string());
    work(value_text(value, &mut [0; 20]));
}

/// Adds to `repeated` what is in `seen` and in `bytes`.
fn mark_repeated(repeated: &mut [u8], seen: &[u8], bytes: &[u8]) {
    for ((repeated, seen), byte) in repeated.iter_mut().zip(seen).zip(bytes) {
        *repeated |= seen & byte;
    }
}

fn zeros(len: usize) -> Result<Vec<u8>, CommandError> {
    let mut bytes = Vec::new();
    super::grow(&mut bytes, len)?;
    Ok(bytes)
}
