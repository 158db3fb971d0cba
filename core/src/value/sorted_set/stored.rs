#![allow(unsafe_code, reason = "kept as a pack or a pointer")]
//! How a sorted set is kept in an entry: as a pack, or by the pointer of a boxed table and tree.

use super::{Big, Repr, SortedSet};
use crate::value::{Encoding, Kept, Stored, ValueType};
use alloc::boxed::Box;
use core::ptr::NonNull;

// SAFETY: a pack is kept as such, a table with a tree by the pointer of their box.
unsafe impl Stored for SortedSet {
    const TYPE: ValueType = ValueType::SortedSet;

    #[inline(always)]
    fn into_kept(self) -> Kept {
        match self.repr {
            Repr::Small(pairs) => Kept::Packed(Encoding::SortedListpack, pairs),
            Repr::Big(big) => {
                let pointer = NonNull::from(Box::leak(big)).cast();
                Kept::Apart(Encoding::SortedTree, pointer, self.husk)
            }
        }
    }

    #[inline(always)]
    unsafe fn from_kept(kept: Kept) -> Self {
        let (repr, husk) = match kept {
            Kept::Packed(_, pairs) => (Repr::Small(pairs), None),
            Kept::Apart(_, pointer, husk) => {
                // SAFETY: by contract the pointer came from `into_kept`, and is owned here now.
                let big = unsafe { Box::from_raw(pointer.cast::<Big>().as_ptr()) };
                (Repr::Big(big), husk)
            }
        };
        SortedSet { repr, husk }
    }

    fn duplicate(&self) -> Self {
        SortedSet::duplicate(self)
    }

    fn free_cost(&self) -> usize {
        match &self.repr {
            Repr::Small(_) => 1,
            Repr::Big(big) => big.len(),
        }
    }

    fn free_slice(&mut self, budget: usize) -> bool {
        match &mut self.repr {
            Repr::Small(_) => true,
            Repr::Big(big) => big.free_slice(budget),
        }
    }

    fn memory_bytes(&self, samples: usize) -> usize {
        match &self.repr {
            Repr::Small(_) => 0,
            Repr::Big(big) => big.memory_bytes(samples),
        }
    }
}
