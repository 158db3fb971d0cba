#![allow(unsafe_code, reason = "kept as an encoding and a thin pointer")]
//! How a hash is kept in its entry.

use super::{Hash, Repr};
use crate::structure::listpack::Listpack;
use crate::value::{Encoding, Stored, ValueType, block};
use alloc::boxed::Box;
use core::ptr::NonNull;

// SAFETY: each representation becomes its pointer and is made again from it by the pair of functions that its type
// has for that; the encoding tells which.
unsafe impl Stored for Hash {
    const TYPE: ValueType = ValueType::Hash;

    #[inline]
    fn into_parts(self) -> (Encoding, NonNull<u8>) {
        match self.repr {
            Repr::Listpack(pack) => (Encoding::HashListpack, pack.into_raw()),
            Repr::Table(table) => (Encoding::HashTable, NonNull::from(Box::leak(table)).cast()),
        }
    }

    #[inline]
    unsafe fn from_parts(encoding: Encoding, pointer: NonNull<u8>) -> Self {
        // SAFETY: by contract the pointer came from `into_parts` with this encoding, and is owned here now.
        let repr = unsafe {
            match encoding {
                Encoding::HashListpack => Repr::Listpack(Listpack::from_raw(pointer)),
                _ => Repr::Table(Box::from_raw(pointer.cast().as_ptr())),
            }
        };
        Hash { repr }
    }

    fn duplicate(&self) -> Self {
        Hash::duplicate(self)
    }

    fn free_cost(&self) -> usize {
        match &self.repr {
            Repr::Listpack(_) => 1,
            Repr::Table(table) => table.len().max(1),
        }
    }

    fn free_slice(&mut self, budget: usize) -> bool {
        match &mut self.repr {
            Repr::Listpack(_) => true,
            Repr::Table(table) => table.clear_slice(budget),
        }
    }

    fn memory_bytes(&self, samples: usize) -> usize {
        match &self.repr {
            Repr::Listpack(pack) => pack.memory_bytes(),
            Repr::Table(table) => block::memory_bytes(table, samples),
        }
    }
}
