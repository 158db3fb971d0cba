//! PFDEBUG, PFSELFTEST.

use super::bytes_of;
use crate::bytes::prng::Prng;
use crate::command::{Args, CommandError, CommandResult, Cx, DONE};
use crate::keyspace::EventClass;
use crate::structure::hyperloglog::{self, Encoding, REGISTERS, Run, encoding, runs};
use alloc::format;
use alloc::string::String;
use core::fmt::Write as _;

/// `PFDEBUG GETREG key | DECODE key | ENCODING key | TODENSE key | SIMD on-or-off`
pub(super) fn pfdebug(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    if args.is(1, "SIMD") {
        if !args.is(2, "ON") && !args.is(2, "OFF") {
            return Err(CommandError::new("ERR Argument must be ON or OFF"));
        }
        // There is nothing to switch.
        cx.reply.simple("disabled");
        return DONE;
    }
    let key = args.key(2);
    let entry = cx.keys.write(&key);
    let mut entry = entry.ok_or(CommandError::new("ERR The specified key does not exist"))?;
    let bytes = bytes_of(&entry)?;
    let is_sparse = encoding(bytes) == Some(Encoding::Sparse);
    let is_getreg = args.is(1, "GETREG");
    if is_getreg || args.is(1, "TODENSE") {
        let buffer = entry.string_buffer().ok_or(CommandError::WRONG_TYPE)?;
        hyperloglog::make_dense(buffer)?;
        if is_getreg {
            cx.reply.array(REGISTERS);
            for index in 0..REGISTERS {
                let register = hyperloglog::register(buffer, index);
                cx.reply.int(i64::from(register));
            }
        } else {
            cx.reply.int(i64::from(is_sparse));
        }
        drop(entry);
        if is_sparse {
            cx.keys.modified(EventClass::NONE, "pfdebug", &key);
        }
    } else if args.is(1, "DECODE") {
        if !is_sparse {
            return Err(CommandError::new("ERR HLL encoding is not sparse"));
        }
        cx.reply.text(&shown(bytes));
    } else if args.is(1, "ENCODING") {
        cx.reply.simple(if is_sparse { "sparse" } else { "dense" });
    } else {
        let (before, after) = ("ERR Unknown PFDEBUG subcommand '", "'");
        return Err(CommandError::quoting(before, args.at(1), after));
    }
    DONE
}

/// The runs of sparse bytes, as Redis shows them.
fn shown(bytes: &[u8]) -> String {
    let mut text = String::new();
    for Run {
        value,
        len,
        is_long,
    } in runs(bytes)
    {
        let separator = if text.is_empty() { "" } else { " " };
        // Writing to a string cannot fail.
        let _ = match (value, is_long) {
            (0, false) => write!(text, "{separator}z:{len}"),
            (0, true) => write!(text, "{separator}Z:{len}"),
            _ => write!(text, "{separator}v:{value},{len}"),
        };
    }
    text
}

/// Elements of the self-test. Redis adds ten million, and is away for seconds.
const TEST_ELEMENTS: u64 = 1000;

/// `PFSELFTEST`
pub(super) fn pfselftest(cx: &mut Cx<'_>, _args: &Args<'_>) -> CommandResult {
    test_registers(&mut cx.keys.prng)?;
    test_estimate(cx.keys.prng.next_u64(), cx.settings.hll_sparse_max_bytes)?;
    cx.reply.ok();
    DONE
}

/// Registers keep what they are set to, and disturb no other one.
fn test_registers(prng: &mut Prng) -> Result<(), CommandError> {
    let mut values = [0; REGISTERS];
    values.fill_with(|| prng.below(64) as u8);
    let mut bytes = hyperloglog::empty();
    hyperloglog::make_dense(&mut bytes)?;
    hyperloglog::fill_dense(&mut bytes, &values);
    for (index, &value) in values.iter().enumerate() {
        let found = hyperloglog::register(&bytes, index);
        if found != value {
            return Err(CommandError::with(format!(
                "ERR TESTFAILED Register {index} should be {value} but is {found}"
            )));
        }
    }
    Ok(())
}

/// Both encodings count the same, and nearly right.
fn test_estimate(seed: u64, sparse_max_bytes: usize) -> Result<(), CommandError> {
    let mut dense = hyperloglog::empty();
    hyperloglog::make_dense(&mut dense)?;
    let mut other = hyperloglog::empty();
    for number in 1..=TEST_ELEMENTS {
        let element = (number ^ seed).to_le_bytes();
        hyperloglog::add(&mut dense, &element, sparse_max_bytes)?;
        hyperloglog::add(&mut other, &element, sparse_max_bytes)?;
        if ![1, 10, 100, TEST_ELEMENTS].contains(&number) {
            continue;
        }
        let count = hyperloglog::count(&dense)?;
        if count != hyperloglog::count(&other)? {
            return Err(CommandError::new("ERR TESTFAILED dense/sparse disagree"));
        }
        // The standard error is 1.04 / sqrt(16384), or 1 in 123: six times that is one in 20, and two elements in one
        // register are one missing.
        let error = count.abs_diff(number);
        if error > number / 20 + 1 {
            return Err(CommandError::with(format!(
                "ERR TESTFAILED Too big error. card:{number} abserr:{error}"
            )));
        }
    }
    Ok(())
}
