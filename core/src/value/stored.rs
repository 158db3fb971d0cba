#![allow(
    unsafe_code,
    reason = "collections are lent from where an entry keeps them"
)]
//! How a collection is kept in an entry, and how it is lent from there.

use super::{Encoding, ValueType};
use crate::structure::pack::{Body, Pack};
use core::marker::PhantomData;
use core::mem::ManuallyDrop;
use core::ops::{Deref, DerefMut};
use core::ptr::NonNull;

/// What an entry keeps of a collection.
pub enum Kept {
    /// A small one: a pack, whose bytes stand behind the key.
    Packed(Encoding, Pack),
    /// Any other: a pointer. When the collection was a pack on loan and became something else, the block on loan
    /// comes back with it.
    Apart(Encoding, NonNull<u8>, Option<Body>),
}

/// A collection that can be kept in an entry.
///
/// # Safety
/// `from_kept` with what `into_kept` gave makes the same collection again, and only the encodings of [`Stored::TYPE`]
/// are given, with a pack for those that [`Encoding::is_packed`] and a pointer for the others.
pub unsafe trait Stored: Sized {
    /// The type whose encodings these are.
    const TYPE: ValueType;

    /// Gives up ownership to what is kept.
    fn into_kept(self) -> Kept;

    /// Takes ownership back.
    ///
    /// # Safety
    /// It came from [`Stored::into_kept`], and nothing else owns the pointer now. (A pack may be on loan, and another one
    /// than the one given up.)
    unsafe fn from_kept(kept: Kept) -> Self;

    /// A deep copy, for COPY; in the same encoding.
    fn duplicate(&self) -> Self;

    /// How many steps freeing takes, roughly: 1 for a single block, the element count for a big structure.
    fn free_cost(&self) -> usize;

    /// Frees up to about `budget` elements; `true` when nothing is left. Afterwards the collection may only be
    /// freed further or dropped.
    fn free_slice(&mut self, budget: usize) -> bool;

    /// Bytes allocated for the collection besides its entry, for MEMORY USAGE. `samples` elements are looked at where sizes vary (0: all).
    fn memory_bytes(&self, samples: usize) -> usize;

    /// Tells what time it is, Unix milliseconds, when the collection is lent. Elements whose time has come are then gone
    /// for whoever looks, though they stay until they are taken out.
    #[inline(always)]
    fn tell_time(&self, now_ms: u64) {
        let _ = now_ms;
    }
}

/// A shared loan of a collection.
pub struct ValueRef<'e, T: Stored> {
    value: ManuallyDrop<T>,
    entry: PhantomData<&'e T>,
}

impl<T: Stored> ValueRef<'_, T> {
    /// # Safety
    /// `kept` is that of a collection owned by an entry that is borrowed for the guard's lifetime.
    #[inline(always)]
    pub(crate) unsafe fn new(kept: Kept) -> Self {
        // SAFETY: 1. by the caller what is kept is valid and stays so; 2. `ManuallyDrop` keeps this second owner
        // from being dropped, and only shared references are handed out.
        let value = ManuallyDrop::new(unsafe { T::from_kept(kept) });
        ValueRef {
            value,
            entry: PhantomData,
        }
    }
}

impl<T: Stored> Deref for ValueRef<'_, T> {
    type Target = T;

    #[inline(always)]
    fn deref(&self) -> &T {
        &self.value
    }
}

/// Where a lent collection is kept.
pub(crate) trait Home {
    /// Keeps it again, as it is now.
    fn keep(&mut self, kept: Kept);
}

/// A mutable loan of a collection; when it ends, its home keeps the collection as it is then, whatever its encoding.
#[allow(private_bounds, reason = "only entries are homes")]
pub struct ValueMut<'e, T: Stored, H: Home> {
    value: ManuallyDrop<T>,
    home: H,
    entry: PhantomData<&'e mut T>,
}

#[allow(private_bounds, reason = "only entries are homes")]
impl<T: Stored, H: Home> ValueMut<'_, T, H> {
    /// # Safety
    /// `kept` is what `home` keeps, and `home` is borrowed exclusively for the guard's lifetime.
    #[inline(always)]
    pub(crate) unsafe fn new(kept: Kept, home: H) -> Self {
        // SAFETY: by the caller; the exclusive borrow makes this the only owner until `drop`.
        let value = ManuallyDrop::new(unsafe { T::from_kept(kept) });
        ValueMut {
            value,
            home,
            entry: PhantomData,
        }
    }
}

impl<T: Stored, H: Home> Deref for ValueMut<'_, T, H> {
    type Target = T;

    #[inline(always)]
    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: Stored, H: Home> DerefMut for ValueMut<'_, T, H> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut T {
        &mut self.value
    }
}

impl<T: Stored, H: Home> Drop for ValueMut<'_, T, H> {
    #[inline(always)]
    fn drop(&mut self) {
        // SAFETY: the value is taken exactly once, here.
        let kept = unsafe { ManuallyDrop::take(&mut self.value) }.into_kept();
        self.home.keep(kept);
    }
}
