#![allow(unsafe_code, reason = "kept as an encoding and a thin pointer")]
//! How a set is kept in its entry.

use super::{Repr, Set};
use crate::structure::intset::Intset;
use crate::structure::listpack::Listpack;
use crate::value::{Encoding, Stored, ValueType, block};
use alloc::boxed::Box;
use core::ptr::NonNull;

// SAFETY: each representation becomes its pointer and is made again from it by the pair of functions that its type
// has for that; the encoding tells which.
unsafe impl Stored for Set {
    const TYPE: ValueType = ValueType::Set;

    #[inline]
    fn into_parts(self) -> (Encoding, NonNull<u8>) {
        let encoding = self.encoding();
        let pointer = match self.repr {
            Repr::Ints(ints) => ints.into_raw(),
            Repr::Listpack(pack) => pack.into_raw(),
            Repr::Table(table) => NonNull::from(Box::leak(table)).cast(),
        };
        (encoding, pointer)
    }

    #[inline]
    unsafe fn from_parts(encoding: Encoding, pointer: NonNull<u8>) -> Self {
        // SAFETY: by contract the pointer came from `into_parts` with this encoding, and is owned here now.
        let repr = unsafe {
            match encoding {
                Encoding::Intset => Repr::Ints(Intset::from_raw(pointer)),
                Encoding::SetListpack => Repr::Listpack(Listpack::from_raw(pointer)),
                _ => Repr::Table(Box::from_raw(pointer.cast().as_ptr())),
            }
        };
        Set { repr }
    }

    fn duplicate(&self) -> Self {
        Set::duplicate(self)
    }

    fn free_cost(&self) -> usize {
        match &self.repr {
            Repr::Table(table) => table.len().max(1),
            _ => 1,
        }
    }

    fn free_slice(&mut self, budget: usize) -> bool {
        match &mut self.repr {
            Repr::Table(table) => table.clear_slice(budget),
            _ => true,
        }
    }

    fn memory_bytes(&self, samples: usize) -> usize {
        match &self.repr {
            Repr::Ints(ints) => ints.memory_bytes(),
            Repr::Listpack(pack) => pack.memory_bytes(),
            Repr::Table(table) => block::memory_bytes(table, samples),
        }
    }
}
