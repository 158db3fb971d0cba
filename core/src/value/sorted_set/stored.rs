#![allow(unsafe_code, reason = "kept as a tag and a thin pointer")]
//! How a sorted set is kept in an entry: the listpack's own pointer, or a boxed table and tree.

use super::{Big, Repr, SortedSet};
use crate::structure::listpack::Listpack;
use crate::value::{Encoding, Stored, ValueType};
use alloc::boxed::Box;
use core::ptr::NonNull;

// SAFETY: each encoding stands for one kind of pointer, there and back.
unsafe impl Stored for SortedSet {
    const TYPE: ValueType = ValueType::SortedSet;

    #[inline]
    fn into_parts(self) -> (Encoding, NonNull<u8>) {
        match self.0 {
            Repr::Small(pairs) => (Encoding::SortedListpack, pairs.into_raw()),
            Repr::Big(big) => (Encoding::SortedTree, NonNull::from(Box::leak(big)).cast()),
        }
    }

    #[inline]
    unsafe fn from_parts(encoding: Encoding, pointer: NonNull<u8>) -> Self {
        SortedSet(match encoding {
            // SAFETY: by contract the pointer came from `into_parts`, which gives a boxed `Big` with this encoding.
            Encoding::SortedTree => unsafe {
                Repr::Big(Box::from_raw(pointer.cast::<Big>().as_ptr()))
            },
            // SAFETY: as above; with every other encoding it gives a listpack.
            _ => unsafe { Repr::Small(Listpack::from_raw(pointer)) },
        })
    }

    fn duplicate(&self) -> Self {
        SortedSet::duplicate(self)
    }

    fn free_cost(&self) -> usize {
        match &self.0 {
            Repr::Small(_) => 1,
            Repr::Big(big) => big.len(),
        }
    }

    fn free_slice(&mut self, budget: usize) -> bool {
        match &mut self.0 {
            Repr::Small(_) => true,
            Repr::Big(big) => big.free_slice(budget),
        }
    }

    fn memory_bytes(&self, samples: usize) -> usize {
        match &self.0 {
            Repr::Small(pairs) => pairs.memory_bytes(),
            Repr::Big(big) => big.memory_bytes(samples),
        }
    }
}
