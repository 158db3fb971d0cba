#![allow(
    unsafe_code,
    reason = "the contract of owning thin pointers, and guards over them"
)]
//! What the table holds: owning thin pointers to one heap block each, and the guards that lend them.

use core::marker::PhantomData;
use core::mem::ManuallyDrop;
use core::ops::{Deref, DerefMut};
use core::ptr::NonNull;

/// An owning pointer to one heap block that knows its own key and length.
///
/// # Safety
/// `from_raw(into_raw(x))` gives `x` back, the pointer is unique to its item, is not null, and its address fits
/// 48 bits. `key` must return the same bytes for as long as the item is in a table.
pub unsafe trait TableItem: Sized {
    /// Gives up ownership to the pointer.
    fn into_raw(self) -> NonNull<u8>;
    /// Takes ownership back.
    ///
    /// # Safety
    /// `pointer` came from [`TableItem::into_raw`], and no other item owns it now.
    unsafe fn from_raw(pointer: NonNull<u8>) -> Self;
    /// The bytes the item is found by.
    fn key(&self) -> &[u8];
}

/// A shared loan of an item in a table.
pub struct ItemRef<'t, T: TableItem> {
    item: ManuallyDrop<T>,
    table: PhantomData<&'t T>,
}

impl<T: TableItem> ItemRef<'_, T> {
    /// # Safety
    /// `pointer` is owned by a table that is borrowed for the guard's lifetime.
    #[inline(always)]
    pub(super) unsafe fn new(pointer: NonNull<u8>) -> Self {
        // SAFETY: 1. by the caller, a table owns the item and stays borrowed; 2. `ManuallyDrop` keeps the
        // second owner made here from ever being dropped, and `Deref` hands out shared references only.
        let item = ManuallyDrop::new(unsafe { T::from_raw(pointer) });
        ItemRef {
            item,
            table: PhantomData,
        }
    }
}

impl<'t, T: TableItem> ItemRef<'t, T> {
    /// The key, for as long as the table is borrowed.
    #[inline]
    pub fn key(&self) -> &'t [u8] {
        let key: *const [u8] = self.item.key();
        // SAFETY: the key lies in the heap block, which the table keeps while it is borrowed for 't.
        unsafe { &*key }
    }
}

impl<T: TableItem> Deref for ItemRef<'_, T> {
    type Target = T;

    #[inline(always)]
    fn deref(&self) -> &T {
        &self.item
    }
}

/// A mutable loan of an item. The item may move to another heap block; the table learns of it when the guard ends.
pub struct ItemMut<'t, T: TableItem> {
    item: ManuallyDrop<T>,
    original: NonNull<u8>,
    slot: super::SlotMut<'t>,
}

impl<'t, T: TableItem> ItemMut<'t, T> {
    /// # Safety
    /// `slot` holds `original`, which is owned by the table that `slot` borrows.
    #[inline(always)]
    pub(super) unsafe fn new(original: NonNull<u8>, slot: super::SlotMut<'t>) -> Self {
        // SAFETY: as for `ItemRef::new`; the borrow in `slot` is exclusive, and `drop` hands the only owner back.
        let item = ManuallyDrop::new(unsafe { T::from_raw(original) });
        ItemMut {
            item,
            original,
            slot,
        }
    }
}

impl<'t, T: TableItem> ItemMut<'t, T> {
    /// Ends the right to change the item; the loan goes on as a shared one.
    #[inline(always)]
    pub fn into_shared(self) -> ItemRef<'t, T> {
        let mut guard = ManuallyDrop::new(self);
        // SAFETY: the item is taken once; the guard's own `drop` does not run.
        let now = unsafe { ManuallyDrop::take(&mut guard.item) }.into_raw();
        if now != guard.original {
            guard.slot.set_pointer(now);
        }
        // SAFETY: the slot holds `now`, and the table stays borrowed for 't.
        unsafe { ItemRef::new(now) }
    }
}

impl<T: TableItem> Deref for ItemMut<'_, T> {
    type Target = T;

    #[inline(always)]
    fn deref(&self) -> &T {
        &self.item
    }
}

impl<T: TableItem> DerefMut for ItemMut<'_, T> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut T {
        &mut self.item
    }
}

impl<T: TableItem> Drop for ItemMut<'_, T> {
    #[inline(always)]
    fn drop(&mut self) {
        // SAFETY: the item is taken exactly once, here, and the guard is not used afterwards.
        let now = unsafe { ManuallyDrop::take(&mut self.item) }.into_raw();
        if now != self.original {
            self.slot.set_pointer(now);
        }
    }
}
