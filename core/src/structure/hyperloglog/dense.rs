//! Dense registers: 6 bits each, the first ones in the low bits.
//!
//! ```text
//! | 11000000 | 22221111 | 33333322 | 55444444 | ...
//! ```
//!
//! So four registers are three bytes, a little-endian number of 24 bits.

use super::{ENCODING_AT, Encoding, HEADER_BYTES, REGISTERS, Union, runs};
use alloc::vec::Vec;

const BITS: usize = 6;
/// The greatest value of a register.
pub(super) const MAX: u8 = (1 << BITS) - 1;
/// Bytes of a dense HyperLogLog.
pub(super) const BYTES: usize = HEADER_BYTES + REGISTERS * BITS / 8;

const _: () = assert!(BYTES == 12_304);

/// A register's value.
pub(super) fn get(bytes: &[u8], index: usize) -> u8 {
    let group = index / 4 * 3 + HEADER_BYTES;
    let group = bytes.get(group..group + 3).map_or(0, load);
    (group >> (index % 4 * BITS)) as u8 & MAX
}

/// Makes a register at least `value`; whether it grew.
pub(super) fn raise(bytes: &mut [u8], index: usize, value: u8) -> bool {
    let grows = get(bytes, index) < value;
    if grows {
        set(bytes, index, value);
    }
    grows
}

fn set(bytes: &mut [u8], index: usize, value: u8) {
    let (start, shift) = (index / 4 * 3 + HEADER_BYTES, index % 4 * BITS);
    if let Some(place) = bytes.get_mut(start..start + 3) {
        let group = load(place) & !(u32::from(MAX) << shift) | u32::from(value & MAX) << shift;
        place.copy_from_slice(&group.to_le_bytes()[..3]);
    }
}

fn load(group: &[u8]) -> u32 {
    u32::from(group[0]) | u32::from(group[1]) << 8 | u32::from(group[2]) << 16
}

/// Calls back with every register's index and value.
pub(super) fn for_each(bytes: &[u8], mut each: impl FnMut(usize, u8)) {
    for (number, group) in bytes[HEADER_BYTES..].chunks_exact(3).enumerate() {
        let group = load(group);
        for place in 0..4 {
            each(number * 4 + place, (group >> (place * BITS)) as u8 & MAX);
        }
    }
}

/// Sets every register.
pub(super) fn fill(bytes: &mut [u8], union: &Union) {
    let groups = bytes[HEADER_BYTES..].chunks_exact_mut(3);
    for (group, values) in groups.zip(union.chunks_exact(4)) {
        let packed = values.iter().rev();
        let packed = packed.fold(0_u32, |packed, value| {
            packed << BITS | u32::from(value & MAX)
        });
        group.copy_from_slice(&packed.to_le_bytes()[..3]);
    }
}

/// The dense form of sparse bytes that were checked, with the same header.
pub(super) fn from_sparse(sparse: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(BYTES);
    bytes.extend_from_slice(&sparse[..HEADER_BYTES]);
    bytes.resize(BYTES, 0);
    bytes[ENCODING_AT] = Encoding::Dense as u8;
    let mut at = 0;
    for run in runs(sparse) {
        if run.value != 0 {
            (at..at + run.len).for_each(|index| set(&mut bytes, index, run.value));
        }
        at += run.len;
    }
    bytes
}
