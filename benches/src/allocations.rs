#![allow(unsafe_code, reason = "an allocator")]
//! An allocator that counts what the current thread asks of it: blocks, and the bytes that it holds.
//!
//! ```
//! use rotom_benches::allocations::{CountingAllocator, allocations_in};
//!
//! #[global_allocator]
//! static ALLOCATOR: CountingAllocator = CountingAllocator;
//!
//! let (count, block) = allocations_in(|| Box::new([0u8; 100]));
//! assert_eq!(count, 1);
//! assert_eq!(allocations_in(|| drop(block)).0, 0);
//! ```

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// The system's allocator, counting by thread, so that tests beside each other do not disturb each other.
pub struct CountingAllocator;

thread_local! {
    // Neither lazy nor dropped, so that using it allocates nothing.
    static COUNT: Cell<u64> = const { Cell::new(0) };
    static HELD: Cell<Held> = const { Cell::new(Held { exact: 0, glibc: 0 }) };
}

/// Bytes in blocks that were asked for and not given back; negative when a thread frees what another asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    /// As asked for: what an allocator without headers and rounding would need.
    pub exact: i64,
    /// As the C library keeps them: with a header of 8 bytes, in multiples of 16, at least 32.
    pub glibc: i64,
}

impl Held {
    fn add(self, size: usize, sign: i64) -> Held {
        let chunk = (size + 8).next_multiple_of(16).max(32);
        Held {
            exact: self.exact + sign * size as i64,
            glibc: self.glibc + sign * chunk as i64,
        }
    }
}

/// What the current thread holds now; see [`allocations_in`] for when it is counted.
pub fn held() -> Held {
    HELD.get()
}

/// Runs `work`, and tells how many blocks it asked for; growing a block counts as asking for one.
/// Always 0 unless [`CountingAllocator`] is the program's allocator.
pub fn allocations_in<R>(work: impl FnOnce() -> R) -> (u64, R) {
    let before = COUNT.get();
    let result = work();
    (COUNT.get() - before, result)
}

fn count_block(size: usize) {
    COUNT.set(COUNT.get() + 1);
    HELD.set(HELD.get().add(size, 1));
}

fn count_freed(size: usize) {
    HELD.set(HELD.get().add(size, -1));
}

// SAFETY: every call goes to `System` with the caller's own arguments, and its result comes back unchanged.
unsafe impl GlobalAlloc for CountingAllocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count_block(layout.size());
        // SAFETY: the caller keeps `alloc`'s contract, which is `System`'s.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count_block(layout.size());
        // SAFETY: the caller keeps `alloc_zeroed`'s contract, which is `System`'s.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        count_freed(layout.size());
        // SAFETY: the caller keeps `dealloc`'s contract, and the block came from `System`.
        unsafe { System.dealloc(block, layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        count_freed(layout.size());
        count_block(new_size);
        // SAFETY: the caller keeps `realloc`'s contract, and the block came from `System`.
        unsafe { System.realloc(block, layout, new_size) }
    }
}
