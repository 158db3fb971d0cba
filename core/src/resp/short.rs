#![allow(
    unsafe_code,
    reason = "writes past a vector's length, into room reserved for it"
)]
//! Short strings in a reply: header, bytes and line end in one go.
//!
//! Nearly every reply is such a string or a row of them. Written piece by piece each part asks for room and calls the
//! C library's copy, which costs more than the bytes.
//!
//! ```text
//! $1 6 \r \n . . .   one word: digits and line end of the header, and what comes after is overwritten
//!            b y t e s   \r \n
//! ```

use alloc::vec::Vec;

/// Strings of fewer bytes have headers of at most five.
pub(super) const SHORT_BYTES: usize = 100;
/// The word that a header is written as.
const WORD: usize = 8;

/// The header of a string of `len` bytes as a little-endian word, and how many of the word's bytes it has.
#[inline(always)]
fn header(len: usize) -> (u64, usize) {
    debug_assert!(len < SHORT_BYTES);
    let line_end = u64::from(u16::from_le_bytes(*b"\r\n"));
    let (tens, zero) = ((len / 10) as u64, u64::from(b'0'));
    let ones = len as u64 - 10 * tens;
    if len < 10 {
        (u64::from(b'$') | (zero + ones) << 8 | line_end << 16, 4)
    } else {
        let digits = (zero + tens) << 8 | (zero + ones) << 16;
        (u64::from(b'$') | digits | line_end << 24, 5)
    }
}

/// Appends a string of fewer than [`SHORT_BYTES`] as a bulk string.
#[inline(always)]
pub(super) fn append(out: &mut Vec<u8>, bytes: &[u8]) {
    let len = bytes.len();
    out.reserve(WORD + len + 2);
    let (word, head) = header(len);
    // SAFETY: (1) `reserve` made room for a word, `len` bytes and two more, and `head <= WORD`, so all writes are within
    // the vector's capacity; (2) `copy` reads `len` bytes of `bytes`, which is borrowed and so does not overlap with the
    // exclusively borrowed vector; (3) every byte up to the new length was written.
    unsafe {
        let to = out.as_mut_ptr().add(out.len());
        to.cast::<u64>().write_unaligned(word.to_le());
        copy(bytes, to.add(head));
        to.add(head + len)
            .cast::<[u8; 2]>()
            .write_unaligned(*b"\r\n");
        out.set_len(out.len() + head + len + 2);
    }
}

/// Copies `from` to `to` in pieces of fixed sizes; the last two may overlap.
///
/// # Safety
/// `to` is valid for writes of `from.len()` bytes and does not overlap with `from`.
#[inline(always)]
unsafe fn copy(from: &[u8], to: *mut u8) {
    // SAFETY: each branch reads and writes pieces that lie within `from.len()` bytes; the rest is the caller's promise.
    unsafe {
        match from.len() {
            16.. => pieces::<16>(from, to),
            8.. => pieces::<8>(from, to),
            4.. => pieces::<4>(from, to),
            _ => pieces::<1>(from, to),
        }
    }
}

/// Copies in pieces of `N` bytes.
///
/// # Safety
/// As for [`copy`]; and `from` has at least `N` bytes, or none.
#[inline(always)]
unsafe fn pieces<const N: usize>(from: &[u8], to: *mut u8) {
    let len = from.len();
    let mut at = 0;
    // SAFETY: `at + N <= len` in the loop; after it, `len >= N` unless there is nothing to copy.
    unsafe {
        while at + N <= len {
            let piece = from.as_ptr().add(at).cast::<[u8; N]>().read_unaligned();
            to.add(at).cast::<[u8; N]>().write_unaligned(piece);
            at += N;
        }
        if at < len {
            let piece = from
                .as_ptr()
                .add(len - N)
                .cast::<[u8; N]>()
                .read_unaligned();
            to.add(len - N).cast::<[u8; N]>().write_unaligned(piece);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::format;

    #[test]
    fn every_short_length_is_written_as_a_bulk_string() {
        let text: Vec<u8> = (0..SHORT_BYTES as u8).map(|i| i + b' ').collect();
        for len in 0..SHORT_BYTES {
            let mut out = Vec::new();
            out.push(b'#');
            append(&mut out, &text[..len]);
            let mut expected = format!("#${len}\r\n").into_bytes();
            expected.extend_from_slice(&text[..len]);
            expected.extend_from_slice(b"\r\n");
            assert_eq!(out, expected);
        }
    }
}
