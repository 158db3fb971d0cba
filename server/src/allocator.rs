#![allow(unsafe_code, reason = "a global allocator is an unsafe trait")]
//! The system's allocator with a count of what it handed out, for `maxmemory` and INFO.
//!
//! Counted is the usable size of each block, which the allocator reads from the block's own header, so
//! the count is what the blocks really take and needs no memory of its own.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

/// The system's allocator, counting.
pub struct CountingAllocator;

static ALLOCATED: AtomicUsize = AtomicUsize::new(0);

/// Bytes handed out and not given back.
pub fn allocated() -> usize {
    ALLOCATED.load(Ordering::Relaxed)
}

/// Has freed blocks join their neighbours at once; to be called before there is much to free.
///
/// The GNU C library puts small freed blocks aside, and joins all of them in one go when a large block is taken or given
/// back. While a deleted set of a million members is freed in slices, one such go took half a second, and every client
/// waited. Blocks of its cache per thread, a few of each size, are not part of it and stay as quick as they were.
pub fn spread_work() {
    #[cfg(target_env = "gnu")]
    {
        // SAFETY: mallopt is given a parameter it knows and a value in its range, and may be called at any time.
        let _is_taken = unsafe { libc::mallopt(libc::M_MXFAST, 0) };
    }
}

/// The size of a block as the C library sees it; 0 for null.
fn usable_size(block: *mut u8) -> usize {
    // SAFETY: (1) the callers pass null or a live block that `System` gave; (2) on Unix `System` takes
    // blocks from malloc, calloc, realloc or posix_memalign, whose sizes malloc_usable_size knows.
    unsafe { libc::malloc_usable_size(block.cast()) }
}

// SAFETY: every call goes to `System` with the caller's own arguments, and its result comes back
// unchanged; counting touches no block.
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
        // SAFETY: the caller keeps `dealloc`'s contract, and the block came from `System`.
        unsafe { System.dealloc(block, layout) }
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
