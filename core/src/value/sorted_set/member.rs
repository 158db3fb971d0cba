#![allow(
    unsafe_code,
    reason = "a member's byte layout, its allocation, and the order's pointers to it"
)]
//! A member of a big sorted set: one heap block with its score, and the item that stands for it in the order.
//!
//! ```text
//! Member          block, exactly as large as its parts, align 1
//! +---------+     0          8
//! | pointer | --> | score    | length | member bytes |
//! +---------+     | f64 le   | 1..10  |              |
//!      the table    owns it     base 128, low bits first, the high bit says that more follows
//!
//! Ranked
//! +--------+---------+
//! | score  | pointer |     in the tree; compares scores, and follows the pointer only when they are equal
//! +--------+---------+
//! ```
//!
//! A block never moves: a new score is written in place. A 17-byte member takes 26 bytes.

use crate::structure::order_tree::Ordered;
use crate::structure::table::TableItem;
use alloc::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use core::cmp::Ordering;
use core::ptr::NonNull;

mod field {
    pub(super) const SCORE: usize = 0;
    pub(super) const LENGTH: usize = SCORE + size_of::<f64>();
}

/// Base-128 digits of the greatest length.
const LENGTH_DIGITS_MAX: usize = usize::BITS.div_ceil(7) as usize;

/// Owns the block of one member.
pub(super) struct Member(NonNull<u8>);

/// What stands for a member in the order.
#[derive(Clone, Copy)]
pub(super) struct Ranked {
    score: f64,
    block: NonNull<u8>,
}

#[cfg(target_pointer_width = "64")]
const _: () = assert!(size_of::<Ranked>() == 16);

impl Member {
    /// A block for `bytes`.
    pub(super) fn new(bytes: &[u8], score: f64) -> Member {
        let mut digits = [0; LENGTH_DIGITS_MAX];
        let digits = write_length(bytes.len(), &mut digits);
        let at = field::LENGTH + digits.len();
        let layout = layout(at + bytes.len());
        // SAFETY: the size is not zero, for the score alone has eight bytes.
        let Some(block) = NonNull::new(unsafe { alloc(layout) }) else {
            handle_alloc_error(layout)
        };
        // SAFETY: the three parts lie one behind the other, and the block was made as large as their sum.
        unsafe {
            let start = block.as_ptr();
            core::ptr::copy_nonoverlapping(digits.as_ptr(), start.add(field::LENGTH), digits.len());
            core::ptr::copy_nonoverlapping(bytes.as_ptr(), start.add(at), bytes.len());
        }
        let mut member = Member(block);
        member.set_score(score);
        member
    }

    /// The score.
    #[inline(always)]
    pub(super) fn score(&self) -> f64 {
        // SAFETY: every block begins with a score; the read is unaligned.
        let bits = unsafe { self.0.add(field::SCORE).cast::<u64>().read_unaligned() };
        f64::from_bits(u64::from_le(bits))
    }

    /// Changes the score, in place.
    #[inline(always)]
    pub(super) fn set_score(&mut self, score: f64) {
        // SAFETY: every block begins with room for a score, and is owned here; the write is unaligned.
        unsafe {
            self.0
                .add(field::SCORE)
                .cast::<u64>()
                .write_unaligned(score.to_bits().to_le());
        }
    }

    /// The member's bytes.
    #[inline(always)]
    pub(super) fn bytes(&self) -> &[u8] {
        // SAFETY: the block is owned by `self`, which is borrowed as long as the bytes.
        unsafe { bytes_of(self.0) }
    }

    /// The bytes of the block of a member of `len` bytes.
    pub(super) fn block_bytes(len: usize) -> usize {
        field::LENGTH + write_length(len, &mut [0; LENGTH_DIGITS_MAX]).len() + len
    }

    /// What stands for this member in the order when it has `score`.
    ///
    /// # Safety
    /// The item must not be compared, nor its bytes asked for, once the block is gone. (It moves with the `Member`,
    /// into a table and out of it, without harm.)
    #[inline(always)]
    pub(super) unsafe fn ranked(&self, score: f64) -> Ranked {
        Ranked {
            score,
            block: self.0,
        }
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        let layout = layout(Member::block_bytes(self.bytes().len()));
        // SAFETY: the block was allocated with this size, and its only owner ends here.
        unsafe { dealloc(self.0.as_ptr(), layout) };
    }
}

// SAFETY: the pointer is the member's own heap block (unique, not null, a user-space address), and only the score is
// ever written after `new`.
unsafe impl TableItem for Member {
    #[inline(always)]
    fn into_raw(self) -> NonNull<u8> {
        core::mem::ManuallyDrop::new(self).0
    }

    #[inline(always)]
    unsafe fn from_raw(pointer: NonNull<u8>) -> Self {
        Member(pointer)
    }

    #[inline(always)]
    fn key(&self) -> &[u8] {
        self.bytes()
    }
}

impl Ranked {
    /// The score.
    #[inline(always)]
    pub(super) fn score(self) -> f64 {
        self.score
    }

    /// The member's bytes.
    ///
    /// # Safety
    /// The block must be there for all of `'a`.
    #[inline(always)]
    pub(super) unsafe fn bytes<'a>(self) -> &'a [u8] {
        // SAFETY: the caller's promise is the same.
        unsafe { bytes_of(self.block) }
    }
}

impl Ordered for Ranked {
    /// By score, then by bytes. Scores are never NaN, and 0 equals -0. Members are unique, so the same block is the same
    /// item, and two blocks have different bytes.
    #[inline]
    fn order(&self, other: &Self) -> Ordering {
        if self.score < other.score {
            Ordering::Less
        } else if self.score > other.score {
            Ordering::Greater
        } else if self.block == other.block {
            Ordering::Equal
        } else {
            // SAFETY: whoever made the items promised not to compare them once their blocks are gone.
            unsafe { bytes_of(self.block).cmp(bytes_of(other.block)) }
        }
    }
}

fn layout(bytes: usize) -> Layout {
    // SAFETY: 1 is a power of two, and the size is that of bytes that exist in memory and a few more, so it is far
    // below `isize::MAX`.
    unsafe { Layout::from_size_align_unchecked(bytes, 1) }
}

/// # Safety
/// `block` was made by [`Member::new`] and is there for all of `'a`.
#[inline(always)]
unsafe fn bytes_of<'a>(block: NonNull<u8>) -> &'a [u8] {
    // SAFETY: by the caller the block is whole; its length field says how many bytes follow it.
    unsafe {
        let first = block.add(field::LENGTH).read();
        let (len, digits) = if first < 0x80 {
            (usize::from(first), 1)
        } else {
            long_length(block)
        };
        core::slice::from_raw_parts(block.add(field::LENGTH + digits).as_ptr(), len)
    }
}

/// A length of more than one digit, and how many digits it has.
///
/// # Safety
/// As for [`bytes_of`].
#[cold]
unsafe fn long_length(block: NonNull<u8>) -> (usize, usize) {
    let (mut len, mut digits) = (0, 0);
    loop {
        // SAFETY: the last digit has no high bit, so the walk stays in the length field.
        let digit = unsafe { block.add(field::LENGTH + digits).read() };
        len |= usize::from(digit & 0x7f) << (7 * digits);
        digits += 1;
        if digit < 0x80 {
            return (len, digits);
        }
    }
}

fn write_length(len: usize, out: &mut [u8; LENGTH_DIGITS_MAX]) -> &[u8] {
    let (mut rest, mut digits) = (len, 0);
    while rest >= 0x80 {
        out[digits] = rest as u8 | 0x80;
        rest >>= 7;
        digits += 1;
    }
    out[digits] = rest as u8;
    &out[..=digits]
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec;

    #[test]
    fn blocks_keep_bytes_and_score() {
        for len in [0, 1, 17, 127, 128, 16_383, 16_384, 70_000] {
            let bytes = vec![b'm'; len];
            let mut member = Member::new(&bytes, 1.5);
            member.set_score(-2.25);
            assert_eq!((member.bytes(), member.score()), (&bytes[..], -2.25));
        }
        assert_eq!(Member::block_bytes(17), 26);
        assert_eq!(Member::block_bytes(128), 8 + 2 + 128);
    }

    #[test]
    fn order_is_by_score_then_bytes() {
        let members = [
            Member::new(b"z", f64::NEG_INFINITY),
            Member::new(b"a", -0.0),
            Member::new(b"ab", 0.0),
            Member::new(b"b", 0.0),
            Member::new(b"", 0.5),
        ];
        // SAFETY: the blocks live to the end of the test.
        let ranked = members.each_ref().map(|m| unsafe { m.ranked(m.score()) });
        for (at, item) in ranked.iter().enumerate() {
            for (other_at, other) in ranked.iter().enumerate() {
                assert_eq!(item.order(other), at.cmp(&other_at));
            }
        }
    }
}
