#![allow(unsafe_code, reason = "a global allocator is an unsafe trait")]
//! The system's allocator with a count of what it handed out, and without its pauses: for large blocks, and for those of
//! other threads.
//!
//! ```text
//! mod.rs    counting                     heap.rs   blocks of kilobytes: what the C library must not put off
//!                                        huge.rs   blocks of megabytes: given back to the system in slices
//! ```
//!
//! Counted is the usable size of each block, which the allocator reads from the block's own header, so
//! the count is what the blocks really take and needs no memory of its own.

mod heap;
mod huge;

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

pub use heap::spread_work;

/// The system's allocator, counting.
pub struct CountedSystem(AtomicUsize);

impl CountedSystem {
    /// Nothing handed out.
    pub const fn new() -> CountedSystem {
        CountedSystem(AtomicUsize::new(0))
    }

    /// Bytes handed out and not given back.
    pub fn allocated(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    /// Gives about a megabyte of what was freed back to the system; `true` when there is more. To be called by one
    /// thread, often; what waits is the process's, whichever allocator it was freed to.
    pub fn give_back_slice(&self) -> bool {
        // Both, for huge blocks may come as fast as they go.
        let huge = huge::free_slice();
        let heap = heap::release_slice(self.allocated());
        huge || heap
    }
}

/// The size of a block as the C library sees it; 0 for null.
fn usable_size(block: *mut u8) -> usize {
    // SAFETY: (1) the callers pass null or a live block that `System` gave; (2) on Unix `System` takes
    // blocks from malloc, calloc, realloc or posix_memalign, whose sizes malloc_usable_size knows.
    unsafe { libc::malloc_usable_size(block.cast()) }
}

// Not inlined: what every place that allocates has of the allocator is the owner's way.
// SAFETY: every call goes to `System` with the caller's own arguments, and its result comes back
// unchanged; counting touches no block. A huge block that is freed belongs to `huge` from then on, which frees it.
unsafe impl GlobalAlloc for CountedSystem {
    #[inline(never)]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller keeps `alloc`'s contract, which is `System`'s.
        let block = unsafe { System.alloc(layout) };
        self.0.fetch_add(usable_size(block), Ordering::Relaxed);
        block
    }

    #[inline(never)]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller keeps `alloc_zeroed`'s contract, which is `System`'s.
        let block = unsafe { System.alloc_zeroed(layout) };
        self.0.fetch_add(usable_size(block), Ordering::Relaxed);
        block
    }

    #[inline(never)]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        let before = self.0.fetch_sub(usable_size(block), Ordering::Relaxed);
        heap::note_in_use(before);
        // SAFETY: the caller gives the block up.
        if layout.size() >= huge::HUGE_BYTES && unsafe { huge::free_later(block, layout.size()) } {
            return;
        }
        // SAFETY: the caller keeps `dealloc`'s contract, and the block came from `System`.
        unsafe { System.dealloc(block, layout) }
        heap::count_freed();
    }

    #[inline(never)]
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        let before = usable_size(block);
        // SAFETY: the caller keeps `realloc`'s contract, and the block came from `System`.
        let moved = unsafe { System.realloc(block, layout, new_size) };
        // A failed call leaves the old block as it was.
        if !moved.is_null() {
            self.0.fetch_add(usable_size(moved), Ordering::Relaxed);
            self.0.fetch_sub(before, Ordering::Relaxed);
        }
        moved
    }
}
