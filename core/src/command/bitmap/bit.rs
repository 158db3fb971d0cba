//! SETBIT, GETBIT.

use super::offset::bit_offset;
use super::{change, max_len, value_text};
use crate::bytes::number::parse_i64;
use crate::command::{Args, CommandError, CommandResult, Cx, DONE};

const BAD_BIT: CommandError = CommandError::new("ERR bit is not an integer or out of range");

/// `SETBIT key offset value`
pub(super) fn setbit(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let offset = bit_offset(max_len(cx), args.at(2))?;
    let on = match parse_i64(args.at(3)) {
        Some(0) => false,
        Some(1) => true,
        _ => return Err(BAD_BIT),
    };
    let (byte, mask) = place(offset)?;
    change(cx, &args.key(1), byte + 1, |bytes, reply| {
        let was_on = bytes[byte] & mask != 0;
        if was_on != on {
            bytes[byte] ^= mask;
        }
        reply.int(i64::from(was_on));
        was_on != on
    })?;
    DONE
}

/// `GETBIT key offset`
pub(super) fn getbit(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let offset = bit_offset(max_len(cx), args.at(2))?;
    let found = cx.keys.string(&args.key(1))?;
    let mut digits = [0; 20];
    let bytes = value_text(found.as_ref().and_then(|entry| entry.string()), &mut digits);
    let (byte, mask) = place(offset)?;
    let is_on = bytes.get(byte).is_some_and(|byte| byte & mask != 0);
    cx.reply.int(i64::from(is_on));
    DONE
}

/// The index of a bit's byte, and the bit in it.
fn place(offset: u64) -> Result<(usize, u8), CommandError> {
    let byte = usize::try_from(offset / 8).map_err(|_| CommandError::OUT_OF_MEMORY)?;
    Ok((byte, 0x80 >> (offset % 8)))
}
