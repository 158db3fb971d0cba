//! The keyed 64-bit hash of the table: folded 64x64->128 multiplication over 16 bytes at a time, after
//! wyhash by Wang Yi (<https://github.com/wangyi-fudan/wyhash>). It reads little-endian words, so the same seed
//! gives the same hash, and so the same SCAN order, on every target.

/// Hashes with a seed that the platform chose; two hashers with the same seed agree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hasher {
    seed: u64,
    /// Keeps an attacker from choosing a word that makes a product zero.
    mask: u64,
}

const K0: u64 = 0xa076_1d64_78bd_642f;
const K1: u64 = 0xe703_7ed1_a0b4_28db;
const K2: u64 = 0x8ebc_6af0_9c88_c6e3;

#[inline(always)]
fn fold(a: u64, b: u64) -> u64 {
    let wide = u128::from(a) * u128::from(b);
    (wide as u64) ^ ((wide >> 64) as u64)
}

#[inline(always)]
fn word8(bytes: &[u8], at: usize) -> u64 {
    let mut word = [0; 8];
    word.copy_from_slice(&bytes[at..at + 8]);
    u64::from_le_bytes(word)
}

#[inline(always)]
fn word4(bytes: &[u8], at: usize) -> u64 {
    let mut word = [0; 4];
    word.copy_from_slice(&bytes[at..at + 4]);
    u64::from(u32::from_le_bytes(word))
}

impl Hasher {
    /// A hasher whose values follow from `seed`.
    pub fn new(seed: u64) -> Self {
        Hasher {
            seed: fold(seed ^ K0, K1),
            mask: fold(seed ^ K2, K0) | 1,
        }
    }

    /// The hash of `bytes`. All 64 bits are usable; the table takes the top ones for position.
    #[inline]
    pub fn hash(&self, bytes: &[u8]) -> u64 {
        let len = bytes.len();
        let mut acc = self.seed;
        let (a, b) = if len > 16 {
            let mut at = 0;
            while at + 16 < len {
                acc = fold(word8(bytes, at) ^ self.mask, word8(bytes, at + 8) ^ acc);
                at += 16;
            }
            (word8(bytes, len - 16), word8(bytes, len - 8))
        } else if len >= 8 {
            (word8(bytes, 0), word8(bytes, len - 8))
        } else if len >= 4 {
            (word4(bytes, 0), word4(bytes, len - 4))
        } else if len > 0 {
            let mix = u64::from(bytes[0]) << 16 | u64::from(bytes[len / 2]) << 8;
            (mix | u64::from(bytes[len - 1]), 0)
        } else {
            (0, 0)
        };
        fold(fold(a ^ self.mask, b ^ acc) ^ K2, (len as u64) ^ K0 ^ acc)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;
    use std::format;

    #[test]
    fn every_length_and_seed_tells_apart() {
        let bytes = [0u8; 100];
        let (one, two) = (Hasher::new(1), Hasher::new(2));
        let mut seen = HashSet::new();
        for len in 0..100 {
            assert!(seen.insert(one.hash(&bytes[..len])));
            assert!(seen.insert(two.hash(&bytes[..len])));
        }
    }

    #[test]
    fn top_and_low_bits_spread_over_sequential_keys() {
        let hasher = Hasher::new(99);
        let (mut top, mut low) = ([0u32; 64], [0u32; 64]);
        for i in 0..64_000 {
            let h = hasher.hash(format!("key:{i:012}").as_bytes());
            top[(h >> 58) as usize] += 1;
            low[(h & 63) as usize] += 1;
        }
        for n in top.iter().chain(&low) {
            assert!((800..1200).contains(n), "{n}");
        }
    }
}
