#![allow(unsafe_code, reason = "kept as a pack or a pointer")]
//! How a set is kept in its entry.

use super::{Repr, Set};
use crate::structure::intset::Intset;
use crate::value::{Encoding, Kept, Stored, ValueType, block};
use alloc::boxed::Box;
use core::ptr::NonNull;

// SAFETY: a pack is kept as such; intset and table become their pointer and are made again from it by the pair of
// functions that each has for that. The encoding tells which.
unsafe impl Stored for Set {
    const TYPE: ValueType = ValueType::Set;

    #[inline(always)]
    fn into_kept(self) -> Kept {
        match self.repr {
            Repr::Packed(pack) => Kept::Packed(Encoding::SetListpack, pack),
            Repr::Ints(ints) => Kept::Apart(Encoding::Intset, ints.into_raw(), self.husk),
            Repr::Table(table) => {
                let pointer = NonNull::from(Box::leak(table)).cast();
                Kept::Apart(Encoding::SetTable, pointer, self.husk)
            }
        }
    }

    #[inline(always)]
    unsafe fn from_kept(kept: Kept) -> Self {
        // SAFETY: by contract each pointer came from `into_kept` with this encoding, and is owned here now.
        let (repr, husk) = unsafe {
            match kept {
                Kept::Packed(_, pack) => (Repr::Packed(pack), None),
                Kept::Apart(Encoding::Intset, pointer, husk) => {
                    (Repr::Ints(Intset::from_raw(pointer)), husk)
                }
                Kept::Apart(_, pointer, husk) => {
                    (Repr::Table(Box::from_raw(pointer.cast().as_ptr())), husk)
                }
            }
        };
        Set { repr, husk }
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
            Repr::Packed(_) => 0,
            Repr::Table(table) => block::memory_bytes(table, samples),
        }
    }
}
