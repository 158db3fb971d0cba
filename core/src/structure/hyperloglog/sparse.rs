//! Sparse registers: runs of equal ones.
//!
//! ```text
//! 00nnnnnn            n + 1 registers are 0
//! 01nnnnnn nnnnnnnn   n + 1 registers are 0
//! 1vvvvvnn            n + 1 registers are v + 1
//! ```

use super::HEADER_BYTES;
use alloc::vec::Vec;

const LONG: u8 = 0x40;
const VALUE: u8 = 0x80;

/// The greatest value that a run can have.
pub(super) const MAX_VALUE: u8 = 32;
/// The most registers that a run of such values can have.
pub(super) const MAX_VALUE_LEN: usize = 4;
/// The most registers that a run of zeros can have in one byte.
const MAX_SHORT_LEN: usize = 64;

/// Registers that are equal and follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// The registers' value.
    pub value: u8,
    /// How many there are.
    pub len: usize,
    /// Whether it is one of zeros in two bytes.
    pub is_long: bool,
}

impl Run {
    /// A run of zeros, 1 to 16384.
    pub(super) fn zeros(len: usize) -> Run {
        Run {
            value: 0,
            len,
            is_long: len > MAX_SHORT_LEN,
        }
    }

    /// A run of 1 to 4 registers of a value from 1 to 32.
    pub(super) fn values(value: u8, len: usize) -> Run {
        Run {
            value,
            len,
            is_long: false,
        }
    }

    /// Bytes that it takes.
    pub(super) fn byte_len(self) -> usize {
        1 + usize::from(self.is_long)
    }

    /// The run at an offset. As in Redis, a byte behind the end reads as 0.
    pub(super) fn decode(bytes: &[u8], at: usize) -> Option<Run> {
        let first = *bytes.get(at)?;
        Some(if first & VALUE != 0 {
            Run::values((first >> 2 & 31) + 1, usize::from(first & 3) + 1)
        } else if first & LONG != 0 {
            let second = bytes.get(at + 1).copied().unwrap_or(0);
            Run {
                value: 0,
                len: (usize::from(first & 63) << 8 | usize::from(second)) + 1,
                is_long: true,
            }
        } else {
            Run::zeros(usize::from(first) + 1)
        })
    }

    /// Appends the run.
    pub(super) fn encode(self, bytes: &mut Vec<u8>) {
        let (encoded, len) = self.encoded();
        bytes.extend_from_slice(&encoded[..len]);
    }

    /// The run's bytes, and how many they are.
    pub(super) fn encoded(self) -> ([u8; 2], usize) {
        let rest = self.len - 1;
        if self.value != 0 {
            ([VALUE | (self.value - 1) << 2 | rest as u8, 0], 1)
        } else if self.is_long {
            ([LONG | (rest >> 8) as u8, rest as u8], 2)
        } else {
            ([rest as u8, 0], 1)
        }
    }
}

/// The runs of sparse bytes.
pub fn runs(bytes: &[u8]) -> impl Iterator<Item = Run> + '_ {
    let mut at = HEADER_BYTES;
    core::iter::from_fn(move || {
        let run = Run::decode(bytes, at)?;
        at += run.byte_len();
        Some(run)
    })
}
