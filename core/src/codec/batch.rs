//! The integrity annotation of the log: a line before the effects of a turn that says which batch this is, how long it is
//! and what its checksum must be.
//!
//! ```text
//! #ROTOM:00000000002a:0000000056:9ae0daaf\r\n     sequence, bytes that follow, CRC32C; all hexadecimal
//! *3\r\n$3\r\nSET\r\n...                          so many bytes of commands
//! ```
//!
//! The line has a fixed length, so that room is left for it when a batch begins and it is filled in when the batch is
//! complete. The sum is that of the line up to its last colon and of the commands. Batches are numbered from 1 on, over
//! all files of a log; number 0 is outside of the order. Redis 7 and later, Valkey and their tools that check a log skip
//! lines that begin with `#` and are shorter than 128 bytes.

use crate::bytes::crc32c::Crc32c;

/// What the line begins with.
pub const PREFIX: &[u8] = b"#ROTOM:";
const SEQUENCE: core::ops::Range<usize> = PREFIX.len()..PREFIX.len() + 12;
const LEN: core::ops::Range<usize> = SEQUENCE.end + 1..SEQUENCE.end + 11;
const SUM: core::ops::Range<usize> = LEN.end + 1..LEN.end + 9;
const END: core::ops::Range<usize> = SUM.end..SUM.end + 2;
/// Length of the line in bytes.
pub const HEAD_BYTES: usize = END.end;

/// The greatest length of a batch that its line can tell.
const MAX_BYTES: u64 = (1 << 40) - 1;

/// Room for the line of a batch that begins.
pub const ROOM: [u8; HEAD_BYTES] = [b'#'; HEAD_BYTES];

/// What the line says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchHead {
    /// Which batch it is; 0: one outside of the order.
    pub sequence: u64,
    /// Bytes of commands.
    pub len: u64,
    /// The checksum.
    pub sum: u32,
}

/// Fills in the line at the start of `batch`, which is followed by the commands.
pub fn seal(crc: &Crc32c, sequence: u64, batch: &mut [u8]) {
    let Some(len) = batch.len().checked_sub(HEAD_BYTES) else {
        return;
    };
    debug_assert!(len as u64 <= MAX_BYTES, "no turn has a terabyte of effects");
    batch[..PREFIX.len()].copy_from_slice(PREFIX);
    write_hex(&mut batch[SEQUENCE], sequence);
    batch[SEQUENCE.end] = b':';
    write_hex(&mut batch[LEN], len as u64);
    batch[LEN.end] = b':';
    batch[END].copy_from_slice(b"\r\n");
    let sum = sum_of(crc, batch);
    write_hex(&mut batch[SUM], u64::from(sum));
}

impl BatchHead {
    /// Reads the line at the start of `bytes`; `None`: it is none.
    pub fn parse(bytes: &[u8]) -> Option<BatchHead> {
        let line = bytes.get(..HEAD_BYTES)?;
        let is_one = line.starts_with(PREFIX)
            && line[SEQUENCE.end] == b':'
            && line[LEN.end] == b':'
            && &line[END] == b"\r\n";
        if !is_one {
            return None;
        }
        Some(BatchHead {
            sequence: read_hex(&line[SEQUENCE])?,
            len: read_hex(&line[LEN])?,
            sum: read_hex(&line[SUM])? as u32,
        })
    }

    /// Whether `bytes`, which [`BatchHead::parse`] made nothing of, look as if they had been the line once.
    pub fn is_like_one(bytes: &[u8]) -> bool {
        let prefix = PREFIX.iter().copied().enumerate();
        let marks = prefix.chain([(SEQUENCE.end, b':'), (LEN.end, b':')]);
        let kept = marks.filter(|&(at, byte)| bytes.get(at) == Some(&byte));
        kept.count() + 2 >= PREFIX.len() + 2
    }

    /// Length of the line and the commands in bytes.
    pub fn total_len(&self) -> u64 {
        HEAD_BYTES as u64 + self.len
    }

    /// Whether `batch`, the line and the commands, is what was written.
    pub fn is_intact(&self, crc: &Crc32c, batch: &[u8]) -> bool {
        batch.len() as u64 == self.total_len() && sum_of(crc, batch) == self.sum
    }
}

fn sum_of(crc: &Crc32c, batch: &[u8]) -> u32 {
    crc.more(crc.of(&batch[..LEN.end]), &batch[HEAD_BYTES..])
}

fn write_hex(into: &mut [u8], mut value: u64) {
    for digit in into.iter_mut().rev() {
        *digit = b"0123456789abcdef"[(value & 15) as usize];
        value >>= 4;
    }
}

fn read_hex(digits: &[u8]) -> Option<u64> {
    digits.iter().try_fold(0, |value, &digit| {
        let nibble = match digit {
            b'0'..=b'9' => digit - b'0',
            b'a'..=b'f' => digit - b'a' + 10,
            _ => return None,
        };
        Some(value << 4 | u64::from(nibble))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    fn batch(sequence: u64, commands: &[u8]) -> Vec<u8> {
        let mut batch = ROOM.to_vec();
        batch.extend_from_slice(commands);
        seal(&Crc32c::new(), sequence, &mut batch);
        batch
    }

    #[test]
    fn the_line_is_as_documented() {
        let batch = batch(42, b"*1\r\n$4\r\nPING\r\n");
        let text = core::str::from_utf8(&batch).unwrap();
        assert!(
            text.starts_with("#ROTOM:00000000002a:000000000e:"),
            "{text}"
        );
        assert!(text.ends_with("\r\n*1\r\n$4\r\nPING\r\n"), "{text}");
        let head = BatchHead::parse(&batch).unwrap();
        assert_eq!((head.sequence, head.len), (42, 14));
        assert!(head.is_intact(&Crc32c::portable(), &batch));
        assert_eq!(HEAD_BYTES, 41);
    }

    #[test]
    fn every_flipped_bit_is_seen() {
        let whole = batch(0x0123_4567_89ab, b"*2\r\n$3\r\nDEL\r\n$1\r\nk\r\n");
        for bit in 0..whole.len() * 8 {
            let mut damaged = whole.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            let head = BatchHead::parse(&damaged);
            let flipped_in = bit / 8;
            assert!(head.is_some() || flipped_in >= HEAD_BYTES || BatchHead::is_like_one(&damaged));
            let is_good = head.is_some_and(|head| head.is_intact(&Crc32c::new(), &damaged));
            assert!(!is_good, "bit {bit}");
        }
    }

    #[test]
    fn a_shorter_or_longer_batch_is_not_intact() {
        let whole = batch(1, b"*1\r\n$4\r\nPING\r\n");
        let head = BatchHead::parse(&whole).unwrap();
        let longer = [whole.as_slice(), b"x"].concat();
        for other in [&whole[..whole.len() - 1], &longer, &[]] {
            assert!(!head.is_intact(&Crc32c::new(), other));
        }
        for len in 0..HEAD_BYTES {
            assert_eq!(BatchHead::parse(&whole[..len]), None);
        }
    }
}
