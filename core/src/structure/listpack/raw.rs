#![allow(
    unsafe_code,
    reason = "a one-word handle to a heap block that states its own length"
)]
//! A heap block behind one thin pointer; its first bytes say how long it is.
//!
//! ```text
//!  handle (8 bytes)      heap, exactly `total` bytes, align 1
//! +---------+           +--------+----------------------------+
//! | pointer | --------> | prefix | body                       |
//! +---------+           +--------+----------------------------+
//!                         `total` is a function of the prefix alone
//! ```
//!
//! Safe code writes the body freely, but the prefix only through [`ThinBlock::splice`], which
//! reallocates to match. So the stated length is the allocated length at all times:
//!
//! 1. the pointer comes from the global allocator with `Layout::array::<u8>(total)`;
//! 2. all `total` bytes are initialised;
//! 3. the handle owns the block alone.

use alloc::alloc::{handle_alloc_error, realloc};
use alloc::boxed::Box;
use core::alloc::Layout;
use core::marker::PhantomData;
use core::mem::ManuallyDrop;
use core::ptr::{self, NonNull};
use core::slice;

use super::slice::ListpackSlice;

/// How a block states its length.
///
/// # Safety
/// `total` must depend on the prefix alone and never be less than the size of the prefix; `Prefix`
/// must be an array of bytes.
pub(in crate::structure) unsafe trait LengthRule {
    /// The leading bytes of the block that decide its length.
    type Prefix: Copy + AsRef<[u8]>;
    /// The bytes of the whole block, prefix included.
    fn total(prefix: Self::Prefix) -> usize;
}

/// The first four bytes, little endian, are the byte total (listpack).
pub(in crate::structure) struct ByteTotal;

// SAFETY: a pure function of a byte array, at least 4.
unsafe impl LengthRule for ByteTotal {
    type Prefix = [u8; 4];
    #[inline(always)]
    fn total(prefix: [u8; 4]) -> usize {
        (u32::from_le_bytes(prefix) as usize).max(4)
    }
}

/// Two little-endian words: the bytes of an item and the count of items (intset).
pub(in crate::structure) struct WidthAndCount;

// SAFETY: a pure function of a byte array, at least 8.
unsafe impl LengthRule for WidthAndCount {
    type Prefix = [u8; 8];
    #[inline(always)]
    fn total(prefix: [u8; 8]) -> usize {
        let both = u64::from_le_bytes(prefix);
        let (width, count) = (both & 0xffff_ffff, both >> 32);
        width.saturating_mul(count).saturating_add(8) as usize
    }
}

/// The owning handle: one word.
pub(in crate::structure) struct ThinBlock<L: LengthRule> {
    start: NonNull<u8>,
    rule: PhantomData<L>,
}

// SAFETY: the handle owns plain bytes alone, like `Box<[u8]>`.
unsafe impl<L: LengthRule> Send for ThinBlock<L> {}
// SAFETY: as above; a shared handle only reads.
unsafe impl<L: LengthRule> Sync for ThinBlock<L> {}

impl<L: LengthRule> ThinBlock<L> {
    const PREFIX: usize = size_of::<L::Prefix>();

    /// Takes over bytes whose prefix must state their length.
    pub(in crate::structure) fn from_box(bytes: Box<[u8]>) -> Self {
        assert!(bytes.len() >= Self::PREFIX);
        // SAFETY: at least PREFIX initialised bytes (just asserted), and a byte array has align 1.
        let prefix = unsafe { bytes.as_ptr().cast::<L::Prefix>().read() };
        assert_eq!(L::total(prefix), bytes.len());
        // SAFETY: `Box::into_raw` never gives null.
        let start = unsafe { NonNull::new_unchecked(Box::into_raw(bytes).cast::<u8>()) };
        // Invariants 1 to 3 are those of `Box<[u8]>`, with the length just asserted.
        ThinBlock {
            start,
            rule: PhantomData,
        }
    }

    /// The same bytes as a box, without a copy.
    pub(in crate::structure) fn into_box(self) -> Box<[u8]> {
        let this = ManuallyDrop::new(self);
        let bytes = ptr::slice_from_raw_parts_mut(this.start.as_ptr(), this.total());
        // SAFETY: invariants 1 to 3 are what `Box<[u8]>` needs, and `this` will not be dropped.
        unsafe { Box::from_raw(bytes) }
    }

    /// Gives up ownership; `from_raw` takes it back.
    pub(in crate::structure) fn into_raw(self) -> NonNull<u8> {
        ManuallyDrop::new(self).start
    }

    /// Takes back ownership.
    ///
    /// # Safety
    /// `start` must come from `into_raw` of the same kind of block, and must not be used again.
    pub(in crate::structure) unsafe fn from_raw(start: NonNull<u8>) -> Self {
        ThinBlock {
            start,
            rule: PhantomData,
        }
    }

    /// The bytes of a block that is owned as a raw pointer.
    ///
    /// # Safety
    /// `start` must come from `into_raw` of the same kind of block, which must live, unchanged,
    /// for `'a`.
    pub(in crate::structure) unsafe fn peek<'a>(start: NonNull<u8>) -> &'a [u8] {
        // SAFETY: invariants 1 and 2, which the caller vouches for.
        unsafe {
            let total = L::total(start.cast::<L::Prefix>().read());
            slice::from_raw_parts(start.as_ptr(), total)
        }
    }

    #[inline(always)]
    fn total(&self) -> usize {
        // SAFETY: invariants 1 and 2: a prefix is there, and a byte array has align 1.
        L::total(unsafe { self.start.cast::<L::Prefix>().read() })
    }

    /// The whole block.
    #[inline(always)]
    pub(in crate::structure) fn bytes(&self) -> &[u8] {
        // SAFETY: invariants 1 and 2; the borrow of self keeps the block.
        unsafe { slice::from_raw_parts(self.start.as_ptr(), self.total()) }
    }

    /// What follows the prefix.
    #[inline]
    pub(in crate::structure) fn body_mut(&mut self) -> &mut [u8] {
        let body = self.total() - Self::PREFIX;
        // SAFETY: invariants 1 to 3; the prefix, which decides the length, is left out.
        unsafe { slice::from_raw_parts_mut(self.start.as_ptr().add(Self::PREFIX), body) }
    }

    /// Puts `inserted` bytes where the `removed` bytes from `at` were, with a new prefix that must
    /// state the new length. Gives the inserted bytes (of no particular content) to be filled.
    /// Allocates nothing when both counts are equal.
    pub(in crate::structure) fn splice(
        &mut self,
        prefix: L::Prefix,
        at: usize,
        removed: usize,
        inserted: usize,
    ) -> &mut [u8] {
        let old = self.total();
        assert!(at >= Self::PREFIX && at <= old && removed <= old - at);
        let (gap_end, tail) = (at + inserted, old - at - removed);
        let new = L::total(prefix);
        assert_eq!(new, gap_end + tail);
        if new > old {
            self.reallocate(old, new);
        }
        // SAFETY: until the shrinking below the block holds max(old, new) bytes. The tail moves
        // from [at + removed, old) to [gap_end, new), both inside; growth is zeroed first
        // (invariant 2). The prefix fits, for at >= PREFIX.
        unsafe {
            let base = self.start.as_ptr();
            if new > old {
                ptr::write_bytes(base.add(old), 0, new - old);
            }
            if inserted != removed {
                ptr::copy(base.add(at + removed), base.add(gap_end), tail);
            }
            base.cast::<L::Prefix>().write(prefix);
        }
        if new < old {
            self.reallocate(old, new);
        }
        // SAFETY: [at, gap_end) lies inside the block and behind the prefix.
        unsafe { slice::from_raw_parts_mut(self.start.as_ptr().add(at), inserted) }
    }

    /// Changes the allocation from `old` to `new` bytes, neither of which is 0.
    fn reallocate(&mut self, old: usize, new: usize) {
        let (Ok(from), Ok(to)) = (Layout::array::<u8>(old), Layout::array::<u8>(new)) else {
            handle_alloc_error(Layout::new::<u8>());
        };
        // SAFETY: invariant 1; `new` is at least the prefix, and a valid layout (just checked).
        let moved = unsafe { realloc(self.start.as_ptr(), from, new) };
        match NonNull::new(moved) {
            Some(start) => self.start = start,
            None => handle_alloc_error(to),
        }
    }
}

impl<L: LengthRule> Drop for ThinBlock<L> {
    fn drop(&mut self) {
        let bytes = ptr::slice_from_raw_parts_mut(self.start.as_ptr(), self.total());
        // SAFETY: invariants 1 to 3 are what `Box<[u8]>` needs; nobody uses the handle again.
        drop(unsafe { Box::from_raw(bytes) });
    }
}

impl<L: LengthRule> Clone for ThinBlock<L> {
    fn clone(&self) -> Self {
        Self::from_box(self.bytes().into())
    }
}

/// Sees bytes as a listpack; they must be well formed, or reads give nonsense or panic.
#[inline(always)]
pub(super) fn as_listpack(bytes: &[u8]) -> &ListpackSlice {
    // SAFETY: `ListpackSlice` is a transparent wrapper of `[u8]`.
    unsafe { &*(ptr::from_ref(bytes) as *const ListpackSlice) }
}
