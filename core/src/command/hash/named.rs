//! What the commands about the lifetimes of fields have in common: `FIELDS numfields field [field ...]`, and times.

use super::super::{Args, CommandError};
use alloc::format;
use alloc::vec::Vec;

const FIELDS_MISSING: CommandError =
    CommandError::new("ERR Mandatory argument FIELDS is missing or not at the right position");
const COUNT_MISMATCH: CommandError =
    CommandError::new("ERR The `numfields` parameter must match the number of arguments");
const COUNT_NOT_POSITIVE: CommandError =
    CommandError::new("ERR Number of fields must be a positive integer");
const NEGATIVE_TIME: CommandError = CommandError::new("ERR invalid expire time, must be >= 0");

/// The last time that a field may have, as in Redis: 46 bits of milliseconds.
const LAST_MS: u64 = (1 << 46) - 1;

/// How the number of a time is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Seconds from now.
    Seconds,
    /// Milliseconds from now.
    Milliseconds,
    /// Unix seconds.
    UnixSeconds,
    /// Unix milliseconds.
    UnixMilliseconds,
}

impl Form {
    /// The form of a time that follows an option, if the word at `index` is one.
    pub(super) fn of_option(args: &Args<'_>, index: usize) -> Option<Form> {
        const OPTIONS: [(&str, Form); 4] = [
            ("EX", Form::Seconds),
            ("PX", Form::Milliseconds),
            ("EXAT", Form::UnixSeconds),
            ("PXAT", Form::UnixMilliseconds),
        ];
        let found = OPTIONS.iter().find(|(word, _)| args.is(index, word));
        found.map(|&(_, form)| form)
    }

    fn is_in_seconds(self) -> bool {
        matches!(self, Form::Seconds | Form::UnixSeconds)
    }

    /// The time from which it is counted.
    pub(super) fn start_ms(self, now_ms: u64) -> u64 {
        match self {
            Form::Seconds | Form::Milliseconds => now_ms,
            Form::UnixSeconds | Form::UnixMilliseconds => 0,
        }
    }

    /// The argument at `index` as a time in Unix milliseconds.
    pub(super) fn time(
        self,
        args: &Args<'_>,
        index: usize,
        now_ms: u64,
        command: &str,
    ) -> Result<u64, CommandError> {
        let number = u64::try_from(args.int(index)?).map_err(|_| NEGATIVE_TIME)?;
        let unit_ms = if self.is_in_seconds() { 1000 } else { 1 };
        number
            .checked_mul(unit_ms)
            .and_then(|time_ms| time_ms.checked_add(self.start_ms(now_ms)))
            .filter(|&time_ms| time_ms <= LAST_MS)
            .ok_or_else(|| {
                CommandError::with(format!("ERR invalid expire time in '{command}' command"))
            })
    }

    /// A time as it is replied.
    pub(super) fn shown(self, when_ms: u64, now_ms: u64) -> i64 {
        let left_ms = when_ms.saturating_sub(self.start_ms(now_ms));
        let shown = if self.is_in_seconds() {
            left_ms.div_ceil(1000)
        } else {
            left_ms
        };
        shown.cast_signed()
    }
}

/// Checks `FIELDS numfields` at `at`, behind which there must be just so many fields; where these begin.
pub(super) fn fields_at(args: &Args<'_>, at: usize) -> Result<usize, CommandError> {
    fields_at_or(args, at, COUNT_NOT_POSITIVE)
}

/// The same with another error for a number that is none.
pub(super) fn fields_at_or(
    args: &Args<'_>,
    at: usize,
    no_count: CommandError,
) -> Result<usize, CommandError> {
    if !args.is(at, "FIELDS") {
        return Err(FIELDS_MISSING);
    }
    let count = args.int(at + 1).ok().filter(|&count| count > 0);
    let count = count.ok_or(no_count)?;
    let first = at + 2;
    if usize::try_from(count) != Ok(args.len().saturating_sub(first)) {
        return Err(COUNT_MISMATCH);
    }
    Ok(first)
}

/// A command about some fields, to be logged: its words up to `FIELDS`, and then these and their number.
pub(super) fn effect<'a>(
    head: &[&'a [u8]],
    digits: &'a mut [u8; 20],
    fields: &[&'a [u8]],
) -> Vec<&'a [u8]> {
    let count = crate::bytes::number::write_u64(fields.len() as u64, digits);
    [head, &[b"FIELDS", count], fields].concat()
}
