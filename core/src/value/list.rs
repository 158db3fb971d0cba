#![allow(unsafe_code, reason = "kept as a thin pointer")]
//! The list value.

use super::{Encoding, Stored, ValueType};
use alloc::boxed::Box;
use core::ptr::NonNull;

/// A list.
#[derive(Default)]
pub struct List(Box<u64>);

// SAFETY: a box and back.
unsafe impl Stored for List {
    const TYPE: ValueType = ValueType::List;

    fn into_parts(self) -> (Encoding, NonNull<u8>) {
        (
            Encoding::ListListpack,
            NonNull::from(Box::leak(self.0)).cast(),
        )
    }

    unsafe fn from_parts(_: Encoding, pointer: NonNull<u8>) -> Self {
        // SAFETY: by contract.
        List(unsafe { Box::from_raw(pointer.cast().as_ptr()) })
    }

    fn duplicate(&self) -> Self {
        List(self.0.clone())
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
