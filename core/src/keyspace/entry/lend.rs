#![allow(unsafe_code, reason = "collections are lent from a tag and a pointer")]
//! Lending the collection that an entry keeps.

use super::Entry;
use super::layout::{ENCODING_MASK, field, pointer_to_word};
use crate::structure::table::{ItemMut, ItemRef};
use crate::value::{Encoding, Parts, Stored, ValueRef};
use core::mem::ManuallyDrop;
use core::ptr::NonNull;

impl Entry {
    /// Lends a collection; `None` when the value is of another type.
    pub fn value<T: Stored>(&self) -> Option<ValueRef<'_, T>> {
        if self.value_type() != T::TYPE {
            return None;
        }
        // SAFETY: the type matches.
        Some(unsafe { self.lend() })
    }

    /// # Safety
    /// The value is a `T`.
    pub(super) unsafe fn lend<T: Stored>(&self) -> ValueRef<'_, T> {
        // SAFETY: the type matches, so the word is a pointer that `T::into_parts` gave, and the entry is borrowed.
        unsafe { ValueRef::new(self.encoding(), self.word_pointer()) }
    }

    /// The home of a lent collection: this very entry, which the caller keeps borrowed.
    pub(super) fn home(&mut self) -> EntryHome {
        EntryHome(ManuallyDrop::new(Entry(self.0)))
    }
}

/// A second name of an entry whose collection is lent; see [`ValueMut`].
pub struct EntryHome(ManuallyDrop<Entry>);

/// A mutable loan of a collection in the keyspace.
pub type ValueMut<'e, T> = crate::value::ValueMut<'e, T, EntryHome>;

impl Parts for EntryHome {
    fn store(&mut self, encoding: Encoding, pointer: NonNull<u8>) {
        // A collection's parts fit the place of the old ones, so the entry stays where it is.
        let bits = self.0.byte(field::BITS) & !ENCODING_MASK | encoding as u8;
        self.0.set_byte(field::BITS, bits);
        self.0.set_word(pointer_to_word(pointer));
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
        Some(unsafe { ValueRef::new(self.encoding(), self.word_pointer()) })
    }
}

impl<'t> ItemMut<'t, Entry> {
    /// Lends the collection to change it, for as long as the table is lent; `None` when the value is of another type.
    #[inline(always)]
    pub fn into_value_mut<T: Stored>(mut self) -> Option<ValueMut<'t, T>> {
        if self.value_type() != T::TYPE {
            return None;
        }
        let (encoding, pointer, home) = (self.encoding(), self.word_pointer(), self.home());
        // SAFETY: the type matches, so the word is a pointer that `T::into_parts` gave. The table is borrowed
        // exclusively for 't, so nothing else reaches the entry until the guard has stored the parts again.
        Some(unsafe { ValueMut::new(encoding, pointer, home) })
    }
}
