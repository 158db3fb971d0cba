//! The operations of a request, read twice: once to check all of them, once to run them.

use super::integer::{Kind, Overflow};
use crate::bytes::number::parse_i64;
use crate::command::bitmap::offset::field_offset;
use crate::command::error::until_nul;
use crate::command::{Args, CommandError, Cx};

const BAD_TYPE: CommandError = CommandError::new(
    "ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.",
);

/// What is done with a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    Get,
    Set(i64),
    Add(i64),
}

/// One operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Operation {
    pub(super) action: Action,
    pub(super) kind: Kind,
    /// Offset of the field's first bit.
    pub(super) offset: u64,
    pub(super) overflow: Overflow,
}

/// The operations of a request, one after the other; nothing follows an error.
pub(super) struct Operations<'r> {
    args: &'r Args<'r>,
    /// Bytes that a string may have at most.
    max_len: u64,
    at: usize,
    overflow: Overflow,
}

impl<'r> Operations<'r> {
    /// The operations of a request that was not checked.
    pub(super) fn of(cx: &Cx<'_>, args: &'r Args<'r>) -> Self {
        Operations {
            max_len: super::super::max_len(cx),
            ..Operations::checked(args)
        }
    }

    /// The operations of a request that was checked.
    pub(super) fn checked(args: &'r Args<'r>) -> Self {
        Operations {
            args,
            max_len: u64::MAX,
            at: 2,
            overflow: Overflow::Wrap,
        }
    }

    fn take(&mut self) -> Result<Option<Operation>, CommandError> {
        let args = self.args;
        while args.is(self.at, "OVERFLOW") && self.at + 1 < args.len() {
            self.overflow = overflow(args, self.at + 1)?;
            self.at += 2;
        }
        let (at, left) = (self.at, args.len() - self.at);
        if left == 0 {
            return Ok(None);
        }
        let is_get = args.is(at, "GET") && left >= 3;
        let is_set = args.is(at, "SET") && left >= 4;
        let is_add = args.is(at, "INCRBY") && left >= 4;
        if !(is_get || is_set || is_add) {
            return Err(CommandError::SYNTAX);
        }
        let kind = kind(args.at(at + 1))?;
        let offset = field_offset(self.max_len, args.at(at + 2), kind.bits)?;
        let action = if is_get {
            Action::Get
        } else if is_set {
            Action::Set(args.int(at + 3)?)
        } else {
            Action::Add(args.int(at + 3)?)
        };
        self.at += if is_get { 3 } else { 4 };
        Ok(Some(Operation {
            action,
            kind,
            offset,
            overflow: self.overflow,
        }))
    }
}

impl Iterator for Operations<'_> {
    type Item = Result<Operation, CommandError>;

    fn next(&mut self) -> Option<Self::Item> {
        let taken = self.take().transpose();
        if let Some(Err(_)) = taken {
            self.at = self.args.len();
        }
        taken
    }
}

fn overflow(args: &Args<'_>, index: usize) -> Result<Overflow, CommandError> {
    if args.is(index, "WRAP") {
        Ok(Overflow::Wrap)
    } else if args.is(index, "SAT") {
        Ok(Overflow::Saturate)
    } else if args.is(index, "FAIL") {
        Ok(Overflow::Fail)
    } else {
        Err(CommandError::new("ERR Invalid OVERFLOW type specified"))
    }
}

/// A type such as `i16` or `u8`. As in Redis, a NUL ends it.
fn kind(text: &[u8]) -> Result<Kind, CommandError> {
    let (is_signed, bits) = match text.split_first() {
        Some((b'i', bits)) => (true, bits),
        Some((b'u', bits)) => (false, bits),
        _ => return Err(BAD_TYPE),
    };
    let max = if is_signed { 64 } else { 63 };
    let bits = parse_i64(until_nul(bits)).filter(|bits| (1..=max).contains(bits));
    let bits = bits.ok_or(BAD_TYPE)? as u32;
    Ok(Kind { is_signed, bits })
}
