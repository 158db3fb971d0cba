#![allow(unsafe_code, reason = "a global allocator is an unsafe trait")]
//! The system's allocator with a count of what it handed out, for `maxmemory` and INFO, and without its pauses.
//!
//! ```text
//! mod.rs    counting                     heap.rs   small blocks: what the C library must not put off
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
pub struct CountingAllocator;

static ALLOCATED: AtomicUsize = AtomicUsize::new(0);

/// Bytes handed out and not given back.
pub fn allocated() -> usize {
    ALLOCATED.load(Ordering::Relaxed)
}

/// Gives about a megabyte of what was freed back to the system; `true` when there is more. To be called by one thread,
/// often.
pub fn give_back_slice() -> bool {
    // Both, for huge blocks may come as fast as they go.
    let huge = huge::free_slice();
    let heap = heap::release_slice(allocated());
    huge || heap
}

/// The size of a block as the C library sees it; 0 for null.
fn usable_size(block: *mut u8) -> usize {
    // SAFETY: (1) the callers pass null or a live block that `System` gave; (2) on Unix `System` takes
    // blocks from malloc, calloc, realloc or posix_memalign, whose sizes malloc_usable_size knows.
    unsafe { libc::malloc_usable_size(block.cast()) }
}

// SAFETY: every call goes to `System` with the caller's own arguments, and its result comes back
// unchanged; counting touches no block. A huge block that is freed belongs to `huge` from then on, which frees it.
unsafe impl GlobalAlloc for CountingAllocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller keeps `alloc`'s contract, which is `System`'s.
        let block = unsafe { System.alloc(layout) };
        ALLOCATED.fetch_add(usable_size(block), Ordering::Relaxed);
        block
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller keeps `alloc_zeroed`'s contract, which is `System`'s.
        let block = unsafe { System.alloc_zeroed(layout) };
        ALLOCATED.fetch_add(usable_size(block), Ordering::Relaxed);
        block
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        ALLOCATED.fetch_sub(usable_size(block), Ordering::Relaxed);
        // SAFETY: the caller gives the block up.
        if layout.size() >= huge::HUGE_BYTES && unsafe { huge::free_later(block, layout.size()) } {
            return;
        }
        // SAFETY: the caller keeps `dealloc`'s contract, and the block came from `System`.
        unsafe { System.dealloc(block, layout) }
        heap::count_freed();
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        let before = usable_size(block);
        // SAFETY: the caller keeps `realloc`'s contract, and the block came from `System`.
        let moved = unsafe { System.realloc(block, layout, new_size) };
        // A failed call leaves the old block as it was.
        if !moved.is_null() {
            ALLOCATED.fetch_add(usable_size(moved), Ordering::Relaxed);
            ALLOCATED.fetch_sub(before, Ordering::Relaxed);
        }
        moved
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MB: usize = 1024 * 1024;

    /// Other tests allocate at the same time, but none of them as much as this.
    #[test]
    fn the_count_follows_allocation_growth_and_freeing() {
        let near = |wanted: usize, got: usize| wanted.abs_diff(got) < 16 * MB;
        let before = allocated();
        let mut block: Vec<u8> = Vec::with_capacity(64 * MB);
        assert!(near(64 * MB, allocated() - before));
        block.reserve_exact(128 * MB);
        assert!(near(128 * MB, allocated() - before));
        let zeroed = vec![0u8; 64 * MB];
        assert!(near(192 * MB, allocated() - before));
        drop((block, zeroed));
        assert!(near(before, allocated()));
    }
}
