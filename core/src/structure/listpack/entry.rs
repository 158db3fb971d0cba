//! One entry: a head that says what it is, the payload, and its length again for walking back.
//!
//! ```text
//! 0xxxxxxx                                 integer 0..=127
//! 10llllll  bytes                          string of up to 63 bytes
//! 110xxxxx xxxxxxxx                        integer of 13 bits, signed, high bits first
//! 1110llll llllllll  bytes                 string of up to 4095 bytes, high bits first
//! 0xf0  l0 l1 l2 l3  bytes                 string, length u32 little endian
//! 0xf1 / 0xf2 / 0xf3 / 0xf4                integer of 16 / 24 / 32 / 64 bits, little endian
//! 0xff                                     the end
//! ```
//!
//! The back length counts head and payload, not itself: 1 to 5 bytes of 7 bits, most significant
//! first, where every byte but the first has its high bit set, so it is read from the right.

use super::element::Element;

/// The byte that follows the last entry.
pub(in crate::structure) const END: u8 = 0xff;

const STRING_6: u8 = 0x80;
const INT_13: u8 = 0xc0;
const STRING_12: u8 = 0xe0;
const STRING_32: u8 = 0xf0;
const INT_16: u8 = 0xf1;
const INT_24: u8 = 0xf2;
const INT_32: u8 = 0xf3;
const INT_64: u8 = 0xf4;

/// A value ready to be written: its head (for an integer, all of it) and its payload.
#[derive(Clone, Copy)]
pub(in crate::structure) struct Encoded<'a> {
    head: [u8; 9],
    head_len: usize,
    payload: &'a [u8],
}

impl<'a> Encoded<'a> {
    /// The one form in which a value is stored.
    #[inline]
    pub(in crate::structure) fn of(value: Element<'a>) -> Self {
        match value.canonical() {
            Element::Int(number) => Self::of_int(number),
            Element::Bytes(bytes) => Self::of_string(bytes),
        }
    }

    fn of_int(number: i64) -> Self {
        let mut head = [0; 9];
        let le = number.to_le_bytes();
        let (tag, kept) = match number {
            0..=127 => (le[0], 0),
            -4096..=4095 => {
                head[1] = le[0];
                (INT_13 | (le[1] & 0x1f), 1)
            }
            -0x8000..=0x7fff => (INT_16, 2),
            -0x80_0000..=0x7f_ffff => (INT_24, 3),
            -0x8000_0000..=0x7fff_ffff => (INT_32, 4),
            _ => (INT_64, 8),
        };
        head[0] = tag;
        if kept > 1 {
            head[1..=kept].copy_from_slice(&le[..kept]);
        }
        Encoded {
            head,
            head_len: 1 + kept,
            payload: &[],
        }
    }

    fn of_string(payload: &'a [u8]) -> Self {
        let mut head = [0; 9];
        let len = payload.len();
        let head_len = match len {
            0..64 => {
                head[0] = STRING_6 | len as u8;
                1
            }
            64..4096 => {
                head[0] = STRING_12 | (len >> 8) as u8;
                head[1] = len as u8;
                2
            }
            _ => {
                head[0] = STRING_32;
                head[1..5].copy_from_slice(&(len as u32).to_le_bytes());
                5
            }
        };
        Encoded {
            head,
            head_len,
            payload,
        }
    }

    /// Bytes of head and payload.
    #[inline]
    pub(in crate::structure) fn front_len(&self) -> usize {
        self.head_len + self.payload.len()
    }

    /// Head, payload and back length.
    #[inline]
    pub(in crate::structure) fn size(&self) -> usize {
        let front = self.front_len();
        front + back_size(front)
    }

    /// Writes the entry into `out`, which must have exactly its size.
    #[inline]
    pub(in crate::structure) fn write(&self, out: &mut [u8]) {
        let (front, back) = out.split_at_mut(self.front_len());
        self.write_front(front);
        write_back(back, self.front_len());
    }

    /// Writes head and payload into `out`, which must have exactly their size.
    #[inline]
    pub(in crate::structure) fn write_front(&self, out: &mut [u8]) {
        let (head, payload) = out.split_at_mut(self.head_len);
        head.copy_from_slice(&self.head[..self.head_len]);
        payload.copy_from_slice(self.payload);
    }

    /// The byte that an entry with this value begins with.
    #[inline]
    pub(in crate::structure) fn tag(&self) -> u8 {
        self.head[0]
    }

    /// Whether an entry with this value stands at the start of `bytes`. A value has one form
    /// only, so equal values are equal bytes.
    #[inline]
    pub(in crate::structure) fn starts(&self, bytes: &[u8]) -> bool {
        bytes.len() >= self.front_len()
            && bytes[..self.head_len] == self.head[..self.head_len]
            && bytes[self.head_len..][..self.payload.len()] == *self.payload
    }
}

/// The bytes of the back length of an entry whose head and payload take `front` bytes. The
/// thresholds of 3 bytes and more are one short of what fits, as Redis has them.
#[inline(always)]
pub(in crate::structure) const fn back_size(front: usize) -> usize {
    match front {
        0..=127 => 1,
        128..16_383 => 2,
        16_383..2_097_151 => 3,
        2_097_151..268_435_455 => 4,
        _ => 5,
    }
}

#[inline]
fn write_back(out: &mut [u8], front: usize) {
    let mut rest = front;
    for (index, byte) in out.iter_mut().enumerate().rev() {
        *byte = (rest & 0x7f) as u8 | if index == 0 { 0 } else { 0x80 };
        rest >>= 7;
    }
}

/// Reads the back length that ends `bytes`: the size of head and payload, and its own size.
/// None if it is longer than 5 bytes or the bytes run out.
#[inline]
pub(in crate::structure) fn read_back(bytes: &[u8]) -> Option<(usize, usize)> {
    let mut front = 0u64;
    for (index, &byte) in bytes.iter().rev().take(5).enumerate() {
        front |= u64::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return Some((front as usize, index + 1));
        }
    }
    None
}

/// Head and payload sizes of the entry that `bytes` start with. None at the end mark, at a byte
/// that begins no entry, and when the head itself is cut off; the payload may still be.
#[inline(always)]
pub(in crate::structure) fn measure(bytes: &[u8]) -> Option<(usize, usize)> {
    let first = *bytes.first()?;
    let sizes = match first {
        0..STRING_6 => (1, 0),
        STRING_6..INT_13 => (1, usize::from(first & 0x3f)),
        INT_13..STRING_12 => (2, 0),
        STRING_12..STRING_32 => {
            let low = *bytes.get(1)?;
            (2, usize::from(first & 0x0f) << 8 | usize::from(low))
        }
        STRING_32 => {
            let len = bytes.get(1..)?.first_chunk()?;
            (5, u32::from_le_bytes(*len) as usize)
        }
        INT_16 => (3, 0),
        INT_24 => (4, 0),
        INT_32 => (5, 0),
        INT_64 => (9, 0),
        _ => return None,
    };
    Some(sizes)
}

/// The whole size of the entry that `bytes` start with, as [`measure`].
#[inline(always)]
pub(in crate::structure) fn size(bytes: &[u8]) -> Option<usize> {
    let (head, payload) = measure(bytes)?;
    let front = head.saturating_add(payload);
    Some(front.saturating_add(back_size(front)))
}

/// The value of the entry that `bytes` start with; None if there is none or it is cut off.
#[inline]
pub(in crate::structure) fn decode(bytes: &[u8]) -> Option<Element<'_>> {
    let (head, payload) = measure(bytes)?;
    let first = *bytes.first()?;
    if matches!(first, STRING_6..INT_13 | STRING_12..=STRING_32) {
        return Some(Element::Bytes(bytes.get(head..head + payload)?));
    }
    Some(Element::Int(decode_int(first, bytes.get(1..head)?)))
}

/// The integer of an entry that begins with `first`, followed by `rest`.
#[inline]
fn decode_int(first: u8, rest: &[u8]) -> i64 {
    match *rest {
        [low] => {
            let raw = u16::from(first & 0x1f) << 8 | u16::from(low);
            // Bit 12 is the sign: bring it to the top and back.
            i64::from((raw << 3) as i16 >> 3)
        }
        [a, b] => i64::from(i16::from_le_bytes([a, b])),
        [a, b, c] => i64::from(i32::from_le_bytes([0, a, b, c]) >> 8),
        [a, b, c, d] => i64::from(i32::from_le_bytes([a, b, c, d])),
        [a, b, c, d, e, f, g, h] => i64::from_le_bytes([a, b, c, d, e, f, g, h]),
        _ => i64::from(first),
    }
}
