//! Bits of byte strings, 64 at a time.

use core::ops::Range;

/// The 8 bytes of a chunk as a number whose most significant bit is the first one.
fn word(chunk: &[u8]) -> u64 {
    let mut bytes = [0; 8];
    bytes[..chunk.len()].copy_from_slice(chunk);
    u64::from_be_bytes(bytes)
}

/// How many of the bits in `range`, which lies in `bytes`, are set.
pub(super) fn count(bytes: &[u8], range: Range<usize>) -> u64 {
    if range.is_empty() {
        return 0;
    }
    let covered = &bytes[range.start / 8..range.end.div_ceil(8)];
    let (chunks, rest) = covered.as_chunks::<8>();
    let whole: u64 = chunks
        .iter()
        .map(|chunk| u64::from(u64::from_ne_bytes(*chunk).count_ones()))
        .sum();
    let all = whole + u64::from(word(rest).count_ones());
    // The bits of the first and the last byte that are outside were counted as well.
    let before = bytes[range.start / 8] & !(0xff >> (range.start % 8));
    let after = match range.end % 8 {
        0 => 0,
        inside => bytes[range.end / 8] & (0xff >> inside),
    };
    all - u64::from(before.count_ones() + after.count_ones())
}

/// The first bit in `range`, which lies in `bytes`, that is set, or clear unless `set`.
pub(super) fn find(bytes: &[u8], range: Range<usize>, set: bool) -> Option<usize> {
    if range.is_empty() {
        return None;
    }
    // Looking for a clear bit is looking for a set one in the complement.
    let flip = if set { 0 } else { u64::MAX };
    let first = range.start / 8;
    let covered = &bytes[first..range.end.div_ceil(8)];
    let mut before = u64::MAX >> (range.start % 8);
    for (number, chunk) in covered.chunks(8).enumerate() {
        let found = (word(chunk) ^ flip) & before;
        before = u64::MAX;
        if found != 0 {
            let at = (first + number * 8) * 8 + found.leading_zeros() as usize;
            // What is found beyond the end lies in the last byte, or in the complement of the bytes that are not there.
            return (at < range.end).then_some(at);
        }
    }
    None
}

/// Combines `bytes` with as many of `others`, or fewer: those are the ones that both have.
pub(super) fn combine(bytes: &mut [u8], others: &[u8], operation: impl Fn(u64, u64) -> u64) {
    let len = bytes.len().min(others.len());
    let (chunks, rest) = bytes[..len].as_chunks_mut::<8>();
    let (other_chunks, other_rest) = others[..len].as_chunks::<8>();
    for (chunk, other) in chunks.iter_mut().zip(other_chunks) {
        *chunk = operation(u64::from_ne_bytes(*chunk), u64::from_ne_bytes(*other)).to_ne_bytes();
    }
    for (byte, &other) in rest.iter_mut().zip(other_rest) {
        *byte = operation(u64::from(*byte), u64::from(other)) as u8;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::vec::Vec;

    fn bits(bytes: &[u8]) -> Vec<bool> {
        let all = bytes.iter();
        all.flat_map(|byte| (0..8).map(move |bit| byte & (0x80 >> bit) != 0))
            .collect()
    }

    fn lopsided() -> impl Strategy<Value = Vec<u8>> {
        let byte = prop_oneof![4 => Just(0_u8), 4 => Just(0xff), 1 => any::<u8>()];
        prop::collection::vec(byte, 0..40)
    }

    proptest! {
        #[test]
        fn words_do_as_bits_do(bytes in lopsided(), a in 0..400_usize, b in 0..400_usize, set: bool) {
            let all = bits(&bytes);
            let (start, end) = (a.min(all.len()), b.min(all.len()));
            let range = start..end.max(start);
            let ones = all[range.clone()].iter().filter(|&&bit| bit).count();
            prop_assert_eq!(count(&bytes, range.clone()), ones as u64);
            let place = range.clone().find(|&at| all[at] == set);
            prop_assert_eq!(find(&bytes, range, set), place);
        }

        #[test]
        fn combining_words_combines_bits(mut bytes in lopsided(), others in lopsided()) {
            let mut expected = bytes.clone();
            expected.iter_mut().zip(&others).for_each(|(byte, other)| *byte ^= other);
            combine(&mut bytes, &others, |a, b| a ^ b);
            prop_assert_eq!(bytes, expected);
        }
    }
}
