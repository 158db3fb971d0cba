#![allow(unsafe_code, reason = "kept as a thin pointer")]
//! The sorted_set value.

use super::{Encoding, Stored, ValueType};
use alloc::boxed::Box;
use core::ptr::NonNull;

/// A sorted_set.
pub struct SortedSet(Box<u64>);

// SAFETY: a box and back.
unsafe impl Stored for SortedSet {
    const TYPE: ValueType = ValueType::SortedSet;

    fn into_parts(self) -> (Encoding, NonNull<u8>) {
        (
            Encoding::SortedListpack,
            NonNull::from(Box::leak(self.0)).cast(),
        )
    }

    unsafe fn from_parts(_: Encoding, pointer: NonNull<u8>) -> Self {
        // SAFETY: by contract.
        SortedSet(unsafe { Box::from_raw(pointer.cast().as_ptr()) })
    }

    fn duplicate(&self) -> Self {
        SortedSet(self.0.clone())
    }

    fn free_cost(&self) -> usize {
        1
    }

    fn free_slice(&mut self, _: usize) -> bool {
        true
    }

    fn memory_bytes(&self, _: usize) -> usize {
        8
    }
}
