#![allow(
    unsafe_code,
    reason = "collections are kept as a tag and a thin pointer"
)]
//! How a collection is kept in an entry, and how it is lent from there.

use super::{Encoding, ValueType};
use core::marker::PhantomData;
use core::mem::ManuallyDrop;
use core::ops::{Deref, DerefMut};
use core::ptr::NonNull;

/// A collection that can be kept as its encoding and one thin pointer.
///
/// # Safety
/// `from_parts` with what `into_parts` gave makes the same collection again, and only the encodings of
/// [`Stored::TYPE`] are given.
pub unsafe trait Stored: Sized {
    /// The type whose encodings these are.
    const TYPE: ValueType;

    /// Gives up ownership to the pointer.
    fn into_parts(self) -> (Encoding, NonNull<u8>);

    /// Takes ownership back.
    ///
    /// # Safety
    /// The parts came from [`Stored::into_parts`], and nothing else owns the pointer now.
    unsafe fn from_parts(encoding: Encoding, pointer: NonNull<u8>) -> Self;

    /// A deep copy, for COPY; in the same encoding.
    fn duplicate(&self) -> Self;

    /// How many steps freeing takes, roughly: 1 for a single block, the element count for a big structure.
    fn free_cost(&self) -> usize;

    /// Frees up to about `budget` elements; `true` when nothing is left. Afterwards the collection may only be
    /// freed further or dropped.
    fn free_slice(&mut self, budget: usize) -> bool;

    /// Bytes allocated for the collection, for MEMORY USAGE. `samples` elements are looked at where sizes vary (0: all).
    fn memory_bytes(&self, samples: usize) -> usize;
}

/// A shared loan of a collection.
pub struct ValueRef<'e, T: Stored> {
    value: ManuallyDrop<T>,
    entry: PhantomData<&'e T>,
}

impl<T: Stored> ValueRef<'_, T> {
    /// # Safety
    /// The parts are those of a collection owned by an entry that is borrowed for the guard's lifetime.
    pub(crate) unsafe fn new(encoding: Encoding, pointer: NonNull<u8>) -> Self {
        // SAFETY: 1. by the caller the parts are valid and stay so; 2. `ManuallyDrop` keeps this second owner
        // from being dropped, and only shared references are handed out.
        let value = ManuallyDrop::new(unsafe { T::from_parts(encoding, pointer) });
        ValueRef {
            value,
            entry: PhantomData,
        }
    }
}

impl<T: Stored> Deref for ValueRef<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

/// Where the parts of a lent collection are kept.
pub(crate) trait Parts {
    /// Stores new parts.
    fn store(&mut self, encoding: Encoding, pointer: NonNull<u8>);
}

/// A mutable loan of a collection; when it ends, its home keeps the collection as it is then, whatever its encoding.
#[allow(private_bounds, reason = "only entries are homes")]
pub struct ValueMut<'e, T: Stored, H: Parts> {
    value: ManuallyDrop<T>,
    home: H,
    entry: PhantomData<&'e mut T>,
}

#[allow(private_bounds, reason = "only entries are homes")]
impl<T: Stored, H: Parts> ValueMut<'_, T, H> {
    /// # Safety
    /// The parts are those that `home` keeps, and `home` is borrowed exclusively for the guard's lifetime.
    pub(crate) unsafe fn new(encoding: Encoding, pointer: NonNull<u8>, home: H) -> Self {
        // SAFETY: by the caller; the exclusive borrow makes this the only owner until `drop`.
        let value = ManuallyDrop::new(unsafe { T::from_parts(encoding, pointer) });
        ValueMut {
            value,
            home,
            entry: PhantomData,
        }
    }
}

impl<T: Stored, H: Parts> Deref for ValueMut<'_, T, H> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: Stored, H: Parts> DerefMut for ValueMut<'_, T, H> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.value
    }
}

impl<T: Stored, H: Parts> Drop for ValueMut<'_, T, H> {
    fn drop(&mut self) {
        // SAFETY: the value is taken exactly once, here.
        let (encoding, pointer) = unsafe { ManuallyDrop::take(&mut self.value) }.into_parts();
        self.home.store(encoding, pointer);
    }
}
