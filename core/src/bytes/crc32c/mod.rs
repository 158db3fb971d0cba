//! CRC32C (Castagnoli; polynomial 0x1EDC6F41, reflected, as iSCSI and ext4 use it): the checksum of the log's batches.
//!
//! Eight bytes at a time with eight tables ("slicing", Kounavis and Berry 2005), or with the processor's instruction for
//! it where there is one; both give the same sums.
//!
//! ```text
//! next = T7[b0 ^ c0] ^ T6[b1 ^ c1] ^ T5[b2 ^ c2] ^ T4[b3 ^ c3] ^ T3[b4] ^ T2[b5] ^ T1[b6] ^ T0[b7]
//! ```

#[cfg(target_arch = "x86_64")]
mod x86;

/// The polynomial, lowest power in the highest bit.
const POLYNOMIAL: u32 = 0x82f6_3b78;
/// Bytes taken at once.
const SLICE: usize = 8;

/// `TABLES[n][byte]`: what `byte` comes to when `n` zero bytes follow it.
static TABLES: [[u32; 256]; SLICE] = tables();

const fn tables() -> [[u32; 256]; SLICE] {
    let mut tables = [[0; 256]; SLICE];
    let mut byte = 0;
    while byte < 256 {
        let mut sum = byte as u32;
        let mut bit = 0;
        while bit < 8 {
            let carry = (sum & 1).wrapping_neg();
            sum = (sum >> 1) ^ (POLYNOMIAL & carry);
            bit += 1;
        }
        tables[0][byte] = sum;
        byte += 1;
    }
    let mut slice = 1;
    while slice < SLICE {
        let mut byte = 0;
        while byte < 256 {
            let before = tables[slice - 1][byte];
            tables[slice][byte] = (before >> 8) ^ tables[0][(before & 0xff) as usize];
            byte += 1;
        }
        slice += 1;
    }
    tables
}

/// Makes checksums in the way that this processor does best.
#[derive(Clone, Copy, Debug)]
pub struct Crc32c {
    update: fn(u32, &[u8]) -> u32,
}

impl Default for Crc32c {
    fn default() -> Self {
        Crc32c::new()
    }
}

impl Crc32c {
    /// The fastest way of this processor.
    pub fn new() -> Self {
        #[cfg(target_arch = "x86_64")]
        if let Some(update) = x86::update_if_supported() {
            return Crc32c { update };
        }
        Crc32c::portable()
    }

    /// The way that every processor has.
    pub fn portable() -> Self {
        Crc32c {
            update: update_by_tables,
        }
    }

    /// The checksum of `bytes`.
    #[inline]
    pub fn of(&self, bytes: &[u8]) -> u32 {
        self.more(0, bytes)
    }

    /// The checksum of everything that `sum` is the checksum of, followed by `bytes`.
    #[inline]
    pub fn more(&self, sum: u32, bytes: &[u8]) -> u32 {
        !(self.update)(!sum, bytes)
    }
}

fn update_by_tables(mut sum: u32, bytes: &[u8]) -> u32 {
    let (slices, rest) = bytes.as_chunks::<SLICE>();
    for slice in slices {
        let word = u64::from_le_bytes(*slice) ^ u64::from(sum);
        let [b0, b1, b2, b3, b4, b5, b6, b7] = word.to_le_bytes().map(usize::from);
        let near = TABLES[7][b0] ^ TABLES[6][b1] ^ TABLES[5][b2] ^ TABLES[4][b3];
        let far = TABLES[3][b4] ^ TABLES[2][b5] ^ TABLES[1][b6] ^ TABLES[0][b7];
        sum = near ^ far;
    }
    for &byte in rest {
        sum = (sum >> 8) ^ TABLES[0][usize::from(sum as u8 ^ byte)];
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bytes::prng::Prng;
    use alloc::vec::Vec;

    fn both() -> [Crc32c; 2] {
        [Crc32c::new(), Crc32c::portable()]
    }

    /// Bit by bit, as the definition says.
    fn naive(bytes: &[u8]) -> u32 {
        let mut sum = !0;
        for &byte in bytes {
            sum ^= u32::from(byte);
            for _ in 0..8 {
                sum = (sum >> 1) ^ if sum & 1 == 1 { POLYNOMIAL } else { 0 };
            }
        }
        !sum
    }

    /// The vectors of RFC 3720, appendix B.4, and the customary check value.
    #[test]
    fn published_values() {
        let ascending: Vec<u8> = (0..32).collect();
        let descending: Vec<u8> = (0..32).rev().collect();
        for crc in both() {
            assert_eq!(crc.of(b""), 0);
            assert_eq!(crc.of(b"123456789"), 0xe306_9283);
            assert_eq!(crc.of(&[0; 32]), 0x8a91_36aa);
            assert_eq!(crc.of(&[0xff; 32]), 0x62a8_ab43);
            assert_eq!(crc.of(&ascending), 0x46dd_794e);
            assert_eq!(crc.of(&descending), 0x113f_db5c);
        }
    }

    #[test]
    fn every_length_and_every_split_agree_with_the_definition() {
        let mut prng = Prng::new(1);
        let bytes: Vec<u8> = (0..300).map(|_| prng.next_u64() as u8).collect();
        for crc in both() {
            for len in 0..bytes.len() {
                let whole = &bytes[len / 3..len];
                let wanted = naive(whole);
                assert_eq!(crc.of(whole), wanted, "{len}");
                let (first, second) = whole.split_at(whole.len() / 2);
                assert_eq!(crc.more(crc.of(first), second), wanted);
            }
        }
    }
}
