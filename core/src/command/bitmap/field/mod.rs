//! BITFIELD, BITFIELD_RO: integers of 1 to 64 bits at any bit of a string.
//!
//! ```text
//! parse.rs    the operations of a request, read twice: once to check all of them, once to run them
//! integer.rs  integers of any width: where they are in the bytes, and what happens when they overflow
//! ```

mod integer;
mod parse;

use super::change;
use super::value_text;
use crate::command::spec::KeyUse;
use crate::command::{Args, CommandError, CommandResult, Cx, DONE};
use crate::resp::Reply;
use parse::{Action, Operation, Operations};

/// What a BITFIELD does with its key: operations that are all GET only read it. What cannot be read counts as a change.
pub(super) fn key_use(args: &Args<'_>) -> KeyUse {
    let mut at = 2;
    while at < args.len() {
        let left = args.len() - at - 1;
        at += match () {
            () if args.is(at, "GET") && left >= 2 => 3,
            () if args.is(at, "OVERFLOW") && left >= 1 => 2,
            () => return KeyUse::ReadUpdate,
        };
    }
    KeyUse::Read
}

/// `BITFIELD key [GET type offset | [OVERFLOW WRAP | SAT | FAIL] SET type offset value | INCRBY type offset increment] ...`
pub(super) fn bitfield(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let plan = Plan::of(cx, args)?;
    if plan.write_end == 0 {
        return read(cx, args, plan);
    }
    let len = usize::try_from(plan.write_end.div_ceil(8));
    let len = len.map_err(|_| CommandError::OUT_OF_MEMORY)?;
    // The offsets were checked; the limits that they were checked by are not at hand while the string is lent.
    let operations = Operations::checked(args);
    change(cx, &args.key(1), len, |bytes, reply| {
        reply.array(plan.count);
        let mut is_changed = false;
        for operation in operations.flatten() {
            is_changed |= run(bytes, operation, reply);
        }
        is_changed
    })?;
    DONE
}

/// `BITFIELD_RO key [GET type offset ...]`
pub(super) fn bitfield_ro(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let plan = Plan::of(cx, args)?;
    if plan.write_end != 0 {
        return Err(CommandError::new(
            "ERR BITFIELD_RO only supports the GET subcommand",
        ));
    }
    read(cx, args, plan)
}

/// What a request's operations need.
#[derive(Clone, Copy)]
struct Plan {
    /// How many there are.
    count: usize,
    /// Where the bits end that may be written; 0 when none is.
    write_end: u64,
}

impl Plan {
    fn of(cx: &Cx<'_>, args: &Args<'_>) -> Result<Self, CommandError> {
        let mut plan = Plan {
            count: 0,
            write_end: 0,
        };
        for operation in Operations::of(cx, args) {
            let operation = operation?;
            plan.count += 1;
            if operation.action != Action::Get {
                let end = operation.offset + u64::from(operation.kind.bits);
                plan.write_end = plan.write_end.max(end);
            }
        }
        Ok(plan)
    }
}

fn read(cx: &mut Cx<'_>, args: &Args<'_>, plan: Plan) -> CommandResult {
    let operations = Operations::checked(args);
    let found = cx.keys.string(&args.key(1))?;
    let mut digits = [0; 20];
    let bytes = value_text(found.as_ref().and_then(|entry| entry.string()), &mut digits);
    cx.reply.array(plan.count);
    for operation in operations.flatten() {
        let value = integer::load(bytes, operation.offset, operation.kind);
        cx.reply.int(value as i64);
    }
    DONE
}

/// Runs an operation and writes its reply; whether it changed the string.
fn run(bytes: &mut [u8], operation: Operation, reply: &mut Reply<'_>) -> bool {
    let Operation { offset, kind, .. } = operation;
    let old = integer::load(bytes, offset, kind);
    let (wanted, replies_old) = match operation.action {
        Action::Get => {
            reply.int(old as i64);
            return false;
        }
        // As in Redis, a negative number is a great one where there is no sign.
        Action::Set(value) if kind.is_signed => (i128::from(value), true),
        Action::Set(value) => (i128::from(value as u64), true),
        Action::Add(increment) => (old + i128::from(increment), false),
    };
    let Some(new) = kind.fit(wanted, operation.overflow) else {
        reply.null();
        return false;
    };
    integer::store(bytes, offset, kind, new);
    reply.int(if replies_old { old } else { new } as i64);
    old != new
}
