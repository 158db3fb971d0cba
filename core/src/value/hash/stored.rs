#![allow(unsafe_code, reason = "kept as a pack or a pointer")]
//! How a hash is kept in its entry.

use super::volatile::Volatile;
use super::{Hash, Repr};
use crate::value::{Encoding, Kept, Stored, ValueType, block};
use alloc::boxed::Box;
use core::ptr::NonNull;

// SAFETY: a pack is kept as such, a table or a volatile hash by the pointer of its box; the encoding tells which.
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
            Repr::Volatile(fields) => {
                let encoding = fields.encoding();
                let pointer = NonNull::from(Box::leak(fields)).cast();
                Kept::Apart(encoding, pointer, self.husk)
            }
        }
    }

    #[inline(always)]
    unsafe fn from_kept(kept: Kept) -> Self {
        let (repr, husk) = match kept {
            Kept::Packed(_, pack) => (Repr::Packed(pack), None),
            Kept::Apart(Encoding::HashListpackEx | Encoding::HashTableEx, pointer, husk) => {
                // SAFETY: as below; such an encoding is that of a volatile hash.
                let fields = unsafe { Box::from_raw(pointer.cast::<Volatile>().as_ptr()) };
                (Repr::Volatile(fields), husk)
            }
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
            Repr::Volatile(fields) => match fields.encoding() {
                Encoding::HashListpackEx => 1,
                _ => fields.total().max(1),
            },
        }
    }

    fn free_slice(&mut self, budget: usize) -> bool {
        match &mut self.repr {
            Repr::Packed(_) => true,
            Repr::Table(table) => table.clear_slice(budget),
            Repr::Volatile(fields) => fields.free_slice(budget),
        }
    }

    fn memory_bytes(&self, samples: usize) -> usize {
        match &self.repr {
            Repr::Packed(_) => 0,
            Repr::Table(table) => block::memory_bytes(table, samples),
            Repr::Volatile(fields) => fields.memory_bytes(samples),
        }
    }

    #[inline(always)]
    fn tell_time(&self, now_ms: u64) {
        if let Repr::Volatile(fields) = &self.repr {
            fields.tell_time(now_ms);
        }
    }
}
