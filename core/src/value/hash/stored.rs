#![allow(unsafe_code, reason = "kept as a pack or a pointer")]
//! How a hash is kept in its entry.

use super::{Hash, Repr};
use crate::value::{Encoding, Kept, Stored, ValueType, block};
use alloc::boxed::Box;
use core::ptr::NonNull;

// SAFETY: a pack is kept as such, a table by the pointer of its box; the encoding tells which.
unsafe impl Stored for Hash {
    const TYPE: ValueType = ValueType::Hash;

    #[inline(always)]
    fn into_kept(self) -> Kept {
        match self.repr {
            Repr::Packed(pack) => Kept::Packed(Encoding::HashListpack, pack),
            Repr::Table(table) => {
                let pointer = NonNull::from(Box::leak(table)).cast();
                Kept::Apart(Encoding::HashTable, pointer, self.husk)
            }
        }
    }

    #[inline(always)]
    unsafe fn from_kept(kept: Kept) -> Self {
        let (repr, husk) = match kept {
            Kept::Packed(_, pack) => (Repr::Packed(pack), None),
            Kept::Apart(_, pointer, husk) => {
                // SAFETY: by contract the pointer came from `into_kept`, and is owned here now.
                let table = unsafe { Box::from_raw(pointer.cast().as_ptr()) };
                (Repr::Table(table), husk)
            }
        };
        Hash { repr, husk }
    }

    fn duplicate(&self) -> Self {
        Hash::duplicate(self)
    }

    fn free_cost(&self) -> usize {
        match &self.repr {
            Repr::Packed(_) => 1,
            Repr::Table(table) => table.len().max(1),
        }
    }

    fn free_slice(&mut self, budget: usize) -> bool {
        match &mut self.repr {
            Repr::Packed(_) => true,
            Repr::Table(table) => table.clear_slice(budget),
        }
    }

    fn memory_bytes(&self, samples: usize) -> usize {
        match &self.repr {
            Repr::Packed(_) => 0,
            Repr::Table(table) => block::memory_bytes(table, samples),
        }
    }
}
