#![allow(
    unsafe_code,
    reason = "collections are lent from where the entry keeps them"
)]
//! Lending the collection that an entry keeps.
//!
//! A small collection is a pack in the entry's own block, and may move the block when it grows. So a loan to change it
//! holds on to the item's guard, through which the table learns where the block is afterwards.

use super::Entry;
use crate::structure::pack::Pack;
use crate::structure::table::{ItemMut, ItemRef, Step};
use crate::value::{Encoding, Hash, Home, Kept, Set, SortedSet, Stored, ValueRef};

impl Entry {
    /// Lends a collection; `None` when the value is of another type.
    pub fn value<T: Stored>(&self) -> Option<ValueRef<'_, T>> {
        if self.value_type() != T::TYPE {
            return None;
        }
        // SAFETY: the type matches.
        Some(unsafe { self.lend() })
    }

    /// Brings what a member or field of `hash` needs of a big collection near.
    pub fn prefetch_member(&self, hash: u64, step: Step) {
        match self.encoding() {
            Encoding::HashTable | Encoding::HashTableEx => self
                .value::<Hash>()
                .map(|fields| fields.prefetch(hash, step)),
            Encoding::SetTable => self.value::<Set>().map(|set| set.prefetch(hash, step)),
            Encoding::SortedTree => self
                .value::<SortedSet>()
                .map(|set| set.prefetch(hash, step)),
            _ => None,
        };
    }

    /// # Safety
    /// The value is a `T`.
    pub(super) unsafe fn lend<T: Stored>(&self) -> ValueRef<'_, T> {
        // SAFETY: the type matches, and the entry is borrowed.
        unsafe { ValueRef::new(self.kept()) }
    }

    /// What this entry keeps of its collection: a second owner of it.
    ///
    /// # Safety
    /// The value is a collection. Whoever uses what is returned sees to it that one owner alone changes or frees it.
    #[inline(always)]
    pub(super) unsafe fn kept(&self) -> Kept {
        let encoding = self.encoding();
        if !encoding.is_packed() {
            return Kept::Apart(encoding, self.word_pointer(), None);
        }
        let shape = self.shape();
        // SAFETY: the block has this shape, in which the value is a pack.
        let pack = unsafe { Pack::borrow(self.block(), shape.value_at(), shape.value_len) };
        Kept::Packed(encoding, pack)
    }
}

/// The entry whose collection is lent; see [`ValueMut`].
pub struct EntryHome<'t> {
    entry: ItemMut<'t, Entry>,
    /// Where the collection's pointer is in the block. 0 when it was lent as a pack: then the block is where the pack, or
    /// its husk, says.
    word_at: usize,
}

/// A mutable loan of a collection in the keyspace.
pub type ValueMut<'e, T> = crate::value::ValueMut<'e, T, EntryHome<'e>>;

impl Home for EntryHome<'_> {
    #[inline(always)]
    fn keep(&mut self, kept: Kept) {
        match kept {
            Kept::Packed(encoding, pack) => match pack.lent() {
                // SAFETY: the loan ends, and the pack tells where the block is and how long the value in it.
                Some((block, len)) if self.is_packed() => unsafe {
                    self.entry.settle(block, encoding, len);
                },
                _ => {
                    self.leave_lost_block();
                    self.entry.put_bytes(encoding, pack.as_bytes());
                }
            },
            Kept::Apart(encoding, pointer, None) if !self.is_packed() => {
                self.entry.replace_pointer(encoding, pointer, self.word_at);
            }
            Kept::Apart(encoding, pointer, husk) => {
                match husk.and_then(|husk| husk.lent()) {
                    // SAFETY: as above, and an inline string is any bytes.
                    Some((block, len)) if self.is_packed() => unsafe {
                        self.entry.settle(block, Encoding::Inline, len);
                    },
                    _ => self.leave_lost_block(),
                }
                self.entry.put_pointer(encoding, pointer);
            }
        }
    }
}

impl EntryHome<'_> {
    #[inline(always)]
    fn is_packed(&self) -> bool {
        self.word_at == 0
    }

    /// When someone has put another collection in the place of a pack on loan (nothing in Rotom does), nobody knows where
    /// the entry's block is. An entry without a key takes its place.
    fn leave_lost_block(&mut self) {
        if self.is_packed() {
            debug_assert!(false, "a pack on loan was replaced");
            core::mem::forget(core::mem::replace(
                &mut *self.entry,
                Entry::with_bytes(b"", b"", None),
            ));
        }
    }
}

impl<'t> ItemRef<'t, Entry> {
    /// Lends the collection for as long as the table is lent; `None` when the value is of another type.
    #[inline(always)]
    pub fn into_value<T: Stored>(self) -> Option<ValueRef<'t, T>> {
        if self.value_type() != T::TYPE {
            return None;
        }
        // SAFETY: as in `Entry::value`; the table, and so the entry, is borrowed for 't.
        Some(unsafe { ValueRef::new(self.kept()) })
    }
}

impl<'t> ItemMut<'t, Entry> {
    /// Lends the collection to change it, for as long as the table is lent; `None` when the value is of another type.
    #[inline(always)]
    pub fn into_value_mut<T: Stored>(self) -> Option<ValueMut<'t, T>> {
        if self.value_type() != T::TYPE {
            return None;
        }
        // SAFETY: the type matches. The table is borrowed exclusively for 't, so nothing else reaches the entry until
        // the guard has ended.
        let kept = unsafe { self.kept() };
        let word_at = match kept {
            Kept::Packed(..) => 0,
            Kept::Apart(..) => self.shape().value_at(),
        };
        let home = EntryHome {
            entry: self,
            word_at,
        };
        // SAFETY: the home keeps just this, and is the guard's alone.
        Some(unsafe { ValueMut::new(kept, home) })
    }
}

#[cfg(test)]
mod tests;
