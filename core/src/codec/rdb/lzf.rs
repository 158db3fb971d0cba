//! LZF, the compression of strings in RDB files: literals and copies of what came before, nothing else.
//!
//! ```text
//! 000lllll            the next l + 1 bytes are literal
//! ccchhhhh | llllllll                     copy c + 2 bytes (c from 1 to 6) from hl + 1 bytes back
//! 111hhhhh | cccccccc | llllllll          copy c + 9 bytes
//! ```
//!
//! The format is Marc Lehmann's liblzf's. The compressor looks three bytes ahead in a table of where such bytes were seen
//! last, and takes what it finds; the table is kept from one text to the next, with places counted through all of them, so
//! that nothing need be cleared.

use alloc::boxed::Box;
use alloc::vec::Vec;

const TABLE_BITS: u32 = 13;
/// Copies begin at most so far back.
const REACH: usize = 1 << 13;
const LITERAL_MAX: usize = 32;
const COPY_MAX: usize = 264;
/// Copies of fewer bytes than that gain nothing.
const COPY_MIN: usize = 3;

/// The compressor, with its table of 32 KiB.
pub struct Compressor {
    places: Box<[u32; 1 << TABLE_BITS]>,
    /// The place of the first byte of the next text; places before it are none of its.
    base: u32,
}

impl Default for Compressor {
    fn default() -> Self {
        Compressor {
            places: Box::new([0; 1 << TABLE_BITS]),
            base: 1,
        }
    }
}

impl Compressor {
    /// Appends `text` to `out` compressed, and says whether that took fewer than `most` bytes; if not, `out` is as it was.
    pub fn compress(&mut self, text: &[u8], most: usize, out: &mut Vec<u8>) -> bool {
        let Ok(len) = u32::try_from(text.len()) else {
            return false;
        };
        if self.base.checked_add(len).is_none() {
            *self = Self::default();
        }
        let base = self.base;
        self.base = base.saturating_add(len);
        let start = out.len();
        let (mut at, mut literal) = (0, 0);
        while let Some(&[a, b, c]) = text.get(at..).and_then(|rest| rest.first_chunk::<3>()) {
            let slot = &mut self.places[slot_of([a, b, c])];
            let seen = core::mem::replace(slot, base + at as u32);
            let back = (base as usize + at).wrapping_sub(seen as usize);
            if seen < base || back > REACH || text[at - back..at - back + 3] != [a, b, c] {
                at += 1;
                continue;
            }
            let longest = COPY_MAX.min(text.len() - at);
            let (old, new) = (&text[at - back..], &text[at..at + longest]);
            let same = COPY_MIN
                + new[COPY_MIN..]
                    .iter()
                    .zip(&old[COPY_MIN..])
                    .take_while(|(new, old)| new == old)
                    .count();
            push_literal(out, &text[literal..at]);
            push_copy(out, same, back - 1);
            at += same;
            literal = at;
            if out.len() - start >= most {
                break;
            }
        }
        push_literal(out, &text[literal..]);
        let gained = out.len() - start < most;
        if !gained {
            out.truncate(start);
        }
        gained
    }
}

fn slot_of(bytes: [u8; 3]) -> usize {
    let word = u32::from_le_bytes([bytes[0], bytes[1], bytes[2], 0]);
    (word.wrapping_mul(0x9e37_79b1) >> (32 - TABLE_BITS)) as usize
}

fn push_literal(out: &mut Vec<u8>, text: &[u8]) {
    for run in text.chunks(LITERAL_MAX) {
        out.push((run.len() - 1) as u8);
        out.extend_from_slice(run);
    }
}

fn push_copy(out: &mut Vec<u8>, len: usize, offset: usize) {
    let high = (offset >> 8) as u8;
    match len - 2 {
        short @ ..7 => out.push((short as u8) << 5 | high),
        long => out.extend_from_slice(&[7 << 5 | high, (long - 7) as u8]),
    }
    out.push(offset as u8);
}

/// Whether a text of `len` bytes can come from `packed` compressed ones: a copy makes 264 bytes of three.
pub fn is_plausible(packed: usize, len: u64) -> bool {
    len <= packed as u64 * (COPY_MAX as u64).div_ceil(3)
}

/// Decompresses exactly `len` bytes into `out`, whose contents are replaced; `None` when the bytes do not give so many.
pub fn decompress(packed: &[u8], len: usize, out: &mut Vec<u8>) -> Option<()> {
    out.clear();
    if !is_plausible(packed.len(), len as u64) {
        return None;
    }
    out.reserve(len);
    let mut rest = packed;
    while let Some((&head, behind)) = rest.split_first() {
        let (count, at) = (usize::from(head >> 5), usize::from(head & 31));
        if count == 0 {
            let (literal, behind) = behind.split_at_checked(at + 1)?;
            if literal.len() > len - out.len() {
                return None;
            }
            out.extend_from_slice(literal);
            rest = behind;
            continue;
        }
        let (count, behind) = match count {
            7 => {
                let (&more, behind) = behind.split_first()?;
                (usize::from(more) + 9, behind)
            }
            _ => (count + 2, behind),
        };
        let (&low, behind) = behind.split_first()?;
        let back = (at << 8 | usize::from(low)) + 1;
        let from = out.len().checked_sub(back)?;
        if count > len - out.len() {
            return None;
        }
        if back >= count {
            out.extend_from_within(from..from + count);
        } else {
            // The copy reads what it has written.
            (0..count).for_each(|i| out.push(out[from + i]));
        }
        rest = behind;
    }
    (out.len() == len).then_some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::vec;

    fn there_and_back(compressor: &mut Compressor, text: &[u8]) -> usize {
        let (mut packed, mut back) = (b"before".to_vec(), Vec::new());
        assert!(compressor.compress(text, usize::MAX, &mut packed));
        decompress(&packed[6..], text.len(), &mut back).unwrap();
        assert_eq!(back, text);
        packed.len() - 6
    }

    #[test]
    fn repetitions_shrink() {
        let mut compressor = Compressor::default();
        for text in [&b""[..], b"a", b"abcabcabcabc"] {
            there_and_back(&mut compressor, text);
        }
        assert!(there_and_back(&mut compressor, &[b'x'; 100_000]) < 1200);
        let lines = b"the same line again\n".repeat(1000);
        assert!(there_and_back(&mut compressor, &lines) < lines.len() / 50);
        let mut out = vec![7];
        assert!(!compressor.compress(b"nothing twice", 9, &mut out) && out == [7]);
    }

    #[test]
    fn a_place_beyond_the_last_is_begun_anew() {
        let mut compressor = Compressor {
            base: u32::MAX - 10,
            ..Default::default()
        };
        there_and_back(&mut compressor, b"abcabcabc");
        there_and_back(&mut compressor, b"abcabcabc");
    }

    #[test]
    fn bytes_that_give_another_length_are_refused() {
        let mut out = Vec::new();
        for (packed, len) in [
            (&[0, b'a'][..], 2),
            (&[1, b'a'], 2),
            (&[0x20, 0], 3),
            (&[0xe0], 9),
            (&[0, b'a', 0xff, 0xff, 0xff], 265),
        ] {
            assert!(decompress(packed, len, &mut out).is_none(), "{packed:?}");
        }
        assert!(decompress(&[0, b'a'], usize::MAX, &mut out).is_none());
        assert!(out.capacity() < 10_000);
    }

    proptest! {
        #[test]
        fn texts_come_back(texts in proptest::collection::vec("[ab]{0,80}|[a-z]{0,300}", 0..8)) {
            let mut compressor = Compressor::default();
            for text in texts {
                there_and_back(&mut compressor, text.as_bytes());
            }
        }

        #[test]
        fn anything_is_decompressed_or_refused(packed: Vec<u8>, len in 0usize..3000) {
            decompress(&packed, len, &mut Vec::new());
        }
    }
}
