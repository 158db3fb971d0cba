//! Bit offsets and ranges as arguments.

use crate::bytes::number::parse_i64;
use crate::command::{Args, CommandError};
use core::ops::Range;

const BAD_OFFSET: CommandError =
    CommandError::new("ERR bit offset is not an integer or out of range");

/// The offset of a bit, which lies in a string of `max_len` bytes.
pub(super) fn bit_offset(max_len: u64, text: &[u8]) -> Result<u64, CommandError> {
    let offset = parse_i64(text).and_then(|offset| u64::try_from(offset).ok());
    let offset = offset.filter(|offset| offset / 8 < max_len);
    offset.ok_or(BAD_OFFSET)
}

/// The offset of a field of `width` bits: that of its first bit, or, after `#`, how many fields of that width precede it.
pub(super) fn field_offset(max_len: u64, text: &[u8], width: u32) -> Result<u64, CommandError> {
    let Some(number) = text.strip_prefix(b"#") else {
        return bit_offset(max_len, text);
    };
    let offset = parse_i64(number).and_then(|number| number.checked_mul(i64::from(width)));
    let offset = offset.and_then(|offset| u64::try_from(offset).ok());
    let offset = offset.filter(|offset| offset / 8 < max_len);
    offset.ok_or(BAD_OFFSET)
}

/// What the numbers of a range count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    Byte,
    Bit,
}

impl Unit {
    /// The unit that the argument at `index` names; bytes without one.
    pub(super) fn of(args: &Args<'_>, index: usize) -> Result<Self, CommandError> {
        if index >= args.len() || args.is(index, "BYTE") {
            Ok(Unit::Byte)
        } else if args.is(index, "BIT") {
            Ok(Unit::Bit)
        } else {
            Err(CommandError::SYNTAX)
        }
    }

    /// The bits from `start` to `end`, both included, both counted from the end of `len` bytes when negative. Empty when
    /// there is none.
    pub(super) fn bits(self, len: usize, start: i64, end: i64) -> Range<usize> {
        let scale = match self {
            Unit::Byte => 8,
            Unit::Bit => 1,
        };
        // A string's length fits 63 bits with three to spare: no address space is larger.
        let units = (len * 8 / scale) as i64;
        let place = |at: i64| if at < 0 { (units + at).max(0) } else { at };
        let (start, end) = (place(start), place(end).min(units - 1));
        if start > end {
            return 0..0;
        }
        start as usize * scale..(end as usize + 1) * scale
    }
}
