#![allow(
    unsafe_code,
    reason = "bytes that grow in place behind those of their block's owner"
)]
//! Bytes in a block of their own, or behind a prefix in a block that is on loan.
//!
//! ```text
//! own      | body             |        freed with the handle
//! on loan  | prefix | body    |        moves as a whole when the body grows; never freed here
//! ```
//!
//! Invariants:
//! 1. the block comes from the global allocator with `prefix + len` bytes and alignment 1, unless both are 0: then
//!    there is none;
//! 2. all `len` bytes of the body are initialised;
//! 3. the handle alone reads and writes the body; the prefix it only carries along.

use alloc::alloc::{alloc, dealloc, handle_alloc_error, realloc};
use alloc::boxed::Box;
use core::alloc::Layout;
use core::ptr::{self, NonNull};
use core::slice;

/// The handle: 16 bytes.
#[derive(Debug)]
pub struct Body {
    start: NonNull<u8>,
    prefix: u32,
    len: u32,
}

// SAFETY: the handle is the only way to the body's bytes, like a `Box<[u8]>`.
unsafe impl Send for Body {}
// SAFETY: as above; a shared handle only reads.
unsafe impl Sync for Body {}

impl Body {
    pub(super) const fn new() -> Self {
        Body {
            start: NonNull::dangling(),
            prefix: 0,
            len: 0,
        }
    }

    pub(super) fn from_box(bytes: Box<[u8]>) -> Self {
        let len = length(bytes.len());
        let block: NonNull<[u8]> = NonNull::from(Box::leak(bytes));
        Body {
            start: block.cast(),
            prefix: 0,
            len,
        }
    }

    /// A body on loan.
    ///
    /// # Safety
    /// The block has `prefix + len` bytes, `prefix` not being 0, and alignment 1. Its owner touches it again only after
    /// asking this handle where it is now ([`Body::lent`]).
    #[inline(always)]
    pub(super) unsafe fn borrow(start: NonNull<u8>, prefix: usize, len: usize) -> Self {
        Body {
            start,
            prefix: prefix as u32,
            len: len as u32,
        }
    }

    /// Where the block on loan is now, and how long the body in it is; `None` when the block is the body's own.
    #[inline(always)]
    pub fn lent(&self) -> Option<(NonNull<u8>, usize)> {
        (self.prefix > 0).then_some((self.start, self.len as usize))
    }

    #[inline(always)]
    pub(super) fn bytes(&self) -> &[u8] {
        // SAFETY: invariants 1 to 3.
        unsafe { slice::from_raw_parts(self.start.as_ptr().add(self.prefix as usize), self.len()) }
    }

    #[inline(always)]
    pub(super) fn bytes_mut(&mut self) -> &mut [u8] {
        let len = self.len();
        // SAFETY: invariants 1 to 3, and the handle is borrowed exclusively.
        unsafe { slice::from_raw_parts_mut(self.start.as_ptr().add(self.prefix as usize), len) }
    }

    /// Puts `inserted` bytes, of no particular content, where the `removed` bytes from `at` were. Allocates nothing when
    /// both counts are equal.
    pub(super) fn splice(&mut self, at: usize, removed: usize, inserted: usize) -> &mut [u8] {
        let old = self.len();
        assert!(at <= old && removed <= old - at);
        let tail = old - at - removed;
        let new = at + inserted + tail;
        if new > old {
            self.reallocate(new);
        }
        if inserted != removed {
            self.bytes_mut()
                .copy_within(at + removed..at + removed + tail, at + inserted);
        }
        if new < old {
            self.reallocate(new);
        }
        &mut self.bytes_mut()[at..at + inserted]
    }

    #[inline(always)]
    fn len(&self) -> usize {
        self.len as usize
    }

    /// Gives the body `len` bytes; new ones are 0.
    fn reallocate(&mut self, len: usize) {
        let (old, prefix) = (self.len(), self.prefix as usize);
        self.len = length(len);
        let (from, to) = (layout(prefix + old), layout(prefix + len));
        let moved = match (from.size(), to.size()) {
            (0, 0) => return,
            // SAFETY: the size is not 0.
            (0, _) => unsafe { alloc(to) },
            (_, 0) => {
                // SAFETY: invariant 1; nothing is left that would be read.
                unsafe { dealloc(self.start.as_ptr(), from) };
                self.start = NonNull::dangling();
                return;
            }
            // SAFETY: invariant 1; the new size is not 0.
            _ => unsafe { realloc(self.start.as_ptr(), from, to.size()) },
        };
        let Some(start) = NonNull::new(moved) else {
            handle_alloc_error(to)
        };
        self.start = start;
        if len > old {
            // SAFETY: these bytes are the new ones at the end of the block.
            unsafe { ptr::write_bytes(start.as_ptr().add(prefix + old), 0, len - old) };
        }
    }
}

impl Drop for Body {
    fn drop(&mut self) {
        if self.prefix == 0 && self.len > 0 {
            // SAFETY: invariant 1; nobody uses the handle again.
            unsafe { dealloc(self.start.as_ptr(), layout(self.len())) };
        }
    }
}

fn length(len: usize) -> u32 {
    assert!(len <= u32::MAX as usize / 2, "a pack has at most 2 GiB");
    len as u32
}

fn layout(bytes: usize) -> Layout {
    // SAFETY: 1 is a power of two, and two lengths of 32 bits together are far below `isize::MAX`.
    unsafe { Layout::from_size_align_unchecked(bytes, 1) }
}
