//! HyperLogLog in Redis's bytes: how many different elements were added, about, in 12 KB at most.
//!
//! An element's hash names one of 16384 registers by its low 14 bits; the register keeps the greatest number of trailing
//! zeros, plus one, that the other 50 bits of any such hash had.
//!
//! ```text
//! 0       4          5         8             16
//! | HYLL  | encoding | nothing | cardinality | registers ...
//! ```
//!
//! - encoding: 0 dense, 1 sparse.
//! - cardinality: the last one that was counted, little-endian; its most significant bit tells that it is out of date.
//! - registers: 6 bits each, or runs of equal ones.
//!
//! The bytes are a string's value, so a client may have written them: nothing is trusted but the header that
//! [`encoding`] has checked.
//!
//! ```text
//! hash.rs      the hash of an element
//! dense.rs     registers of 6 bits
//! sparse.rs    runs of equal registers: reading them
//! insert.rs    setting a register in runs
//! estimate.rs  from registers to a number
//! ```

mod dense;
mod estimate;
mod hash;
mod insert;
mod sparse;

pub use insert::Hint;
pub use sparse::{Run, runs};

use alloc::vec::Vec;
use core::ops::Range;

/// Bits of the hash that name a register.
const INDEX_BITS: u32 = 14;
/// How many registers there are.
pub const REGISTERS: usize = 1 << INDEX_BITS;
/// Bits of the hash that are looked at for zeros.
const PATTERN_BITS: u32 = u64::BITS - INDEX_BITS;

const MAGIC: &[u8] = b"HYLL";
const ENCODING_AT: usize = MAGIC.len();
const CARDINALITY: Range<usize> = 8..16;
const HEADER_BYTES: usize = CARDINALITY.end;
/// The byte with the bit that tells that the cardinality is out of date.
const STALE_AT: usize = CARDINALITY.end - 1;
const STALE: u8 = 0x80;

/// How the registers are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// 6 bits each.
    Dense = 0,
    /// Runs of equal ones.
    Sparse = 1,
}

/// The runs do not make up the registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Corrupt;

/// One byte a register: the union of several HyperLogLogs.
pub type Union = [u8; REGISTERS];

/// The encoding, if the bytes are a HyperLogLog at all.
pub fn encoding(bytes: &[u8]) -> Option<Encoding> {
    if bytes.len() < HEADER_BYTES || !bytes.starts_with(MAGIC) {
        return None;
    }
    match bytes[ENCODING_AT] {
        0 if bytes.len() == dense::BYTES => Some(Encoding::Dense),
        1 => Some(Encoding::Sparse),
        _ => None,
    }
}

/// A HyperLogLog to which nothing was added.
pub fn empty() -> Vec<u8> {
    let mut bytes = Vec::with_capacity(HEADER_BYTES + 2);
    bytes.extend_from_slice(MAGIC);
    bytes.resize(HEADER_BYTES, 0);
    bytes[ENCODING_AT] = Encoding::Sparse as u8;
    Run::zeros(REGISTERS).encode(&mut bytes);
    bytes
}

/// Adds an element; whether a register grew. `sparse_max_bytes` is what a sparse one takes at most. After `Err` the bytes
/// are as they were.
pub fn add(bytes: &mut Vec<u8>, element: &[u8], sparse_max_bytes: usize) -> Result<bool, Corrupt> {
    let (index, pattern) = hash::register(element);
    set(
        bytes,
        index,
        pattern,
        sparse_max_bytes,
        &mut Hint::default(),
    )
}

/// Makes a register at least `value`; whether it grew. `hint` is one that was made for these bytes, and handed to calls
/// for lower registers only.
pub fn set(
    bytes: &mut Vec<u8>,
    index: usize,
    value: u8,
    sparse_max_bytes: usize,
    hint: &mut Hint,
) -> Result<bool, Corrupt> {
    match encoding(bytes).ok_or(Corrupt)? {
        Encoding::Dense => Ok(dense::raise(bytes, index, value)),
        Encoding::Sparse => insert::raise(bytes, index, value, sparse_max_bytes, hint),
    }
}

/// Makes the bytes dense, if they are not; whether they were sparse.
pub fn make_dense(bytes: &mut Vec<u8>) -> Result<bool, Corrupt> {
    if encoding(bytes) != Some(Encoding::Sparse) {
        return Ok(false);
    }
    check(bytes)?;
    let dense = dense::from_sparse(bytes);
    *bytes = dense;
    Ok(true)
}

/// Whether runs make up the registers, no more and no less; of dense bytes there is nothing to check.
pub fn check(bytes: &[u8]) -> Result<(), Corrupt> {
    if encoding(bytes).ok_or(Corrupt)? == Encoding::Dense {
        return Ok(());
    }
    let mut sum = 0;
    for run in runs(bytes) {
        sum += run.len;
        if sum > REGISTERS {
            return Err(Corrupt);
        }
    }
    if sum == REGISTERS {
        Ok(())
    } else {
        Err(Corrupt)
    }
}

/// The cardinality that was counted last, if it still holds.
pub fn cached(bytes: &[u8]) -> Option<u64> {
    let cached = bytes.get(CARDINALITY)?;
    let cached = u64::from_le_bytes(cached.try_into().ok()?);
    (bytes[STALE_AT] & STALE == 0).then_some(cached)
}

/// Keeps a cardinality that was counted.
pub fn cache(bytes: &mut [u8], cardinality: u64) {
    if let Some(place) = bytes.get_mut(CARDINALITY) {
        place.copy_from_slice(&cardinality.to_le_bytes());
    }
}

/// Marks the cardinality as out of date.
pub fn invalidate(bytes: &mut [u8]) {
    if let Some(byte) = bytes.get_mut(STALE_AT) {
        *byte |= STALE;
    }
}

/// Counts.
pub fn count(bytes: &[u8]) -> Result<u64, Corrupt> {
    check(bytes)?;
    let mut histogram = [0; 64];
    if encoding(bytes) == Some(Encoding::Dense) {
        dense::for_each(bytes, |_, value| histogram[usize::from(value)] += 1);
    } else {
        for run in runs(bytes) {
            histogram[usize::from(run.value)] += run.len as u32;
        }
    }
    Ok(estimate::cardinality(&histogram))
}

/// Counts a union.
pub fn count_union(union: &Union) -> u64 {
    let mut histogram = [0; 64];
    for value in union {
        histogram[usize::from(value & dense::MAX)] += 1;
    }
    estimate::cardinality(&histogram)
}

/// Adds a HyperLogLog to a union.
pub fn merge(union: &mut Union, bytes: &[u8]) -> Result<(), Corrupt> {
    check(bytes)?;
    if encoding(bytes) == Some(Encoding::Dense) {
        dense::for_each(bytes, |index, value| union[index] = union[index].max(value));
        return Ok(());
    }
    let mut at = 0;
    for run in runs(bytes) {
        if run.value != 0 {
            for register in &mut union[at..at + run.len] {
                *register = run.value.max(*register);
            }
        }
        at += run.len;
    }
    Ok(())
}

/// Puts a union in the place of the registers of dense bytes.
pub fn fill_dense(bytes: &mut [u8], union: &Union) {
    debug_assert_eq!(encoding(bytes), Some(Encoding::Dense));
    dense::fill(bytes, union);
}

/// A register.
pub fn register(bytes: &[u8], index: usize) -> u8 {
    dense::get(bytes, index)
}

#[cfg(test)]
mod tests;
