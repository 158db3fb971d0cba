//! Huge blocks that were freed: each waits here, and its memory goes back to the system a megabyte at a time.
//!
//! Unmapping a string of 400 megabytes in one go takes 27 milliseconds. A block of this size has a mapping of its own,
//! so that it can be made shorter from its end with `realloc`, which moves nothing.
//!
//! The queue is a list through the blocks themselves: it allocates nothing, for it is part of the allocator.

use std::ptr::NonNull;
use std::sync::{Mutex, PoisonError};

/// Blocks from this size on. The C library maps blocks by themselves from the same size on ([`super::spread_work`]).
pub const HUGE_BYTES: usize = 4 << 20;
/// How much goes back at a time: it takes some seventy microseconds.
const SLICE_BYTES: usize = 1 << 20;
/// So much may wait. What comes on top is unmapped at once: a pause is better than no memory.
const WAITING_MAX_BYTES: usize = 2 << 30;

/// The first bytes of a block that waits.
#[repr(C)]
struct Waiting {
    next: Option<NonNull<Waiting>>,
    bytes: usize,
}

struct Queue {
    first: Option<NonNull<Waiting>>,
    bytes: usize,
}

// SAFETY: the blocks in the queue belong to it alone.
unsafe impl Send for Queue {}

static QUEUE: Mutex<Queue> = Mutex::new(Queue {
    first: None,
    bytes: 0,
});

/// Takes a block of so many bytes, at least [`HUGE_BYTES`], to free it in slices. `false`: too much waits already, and
/// the block stays the caller's.
///
/// # Safety
/// The block came from the C library with at least this size, and its owner gives it up.
pub unsafe fn free_later(block: *mut u8, bytes: usize) -> bool {
    let Some(place) = NonNull::new(block.cast::<Waiting>()) else {
        return false;
    };
    let mut queue = QUEUE.lock().unwrap_or_else(PoisonError::into_inner);
    if queue.bytes.saturating_add(bytes) > WAITING_MAX_BYTES {
        return false;
    }
    let next = queue.first.replace(place);
    queue.bytes += bytes;
    // SAFETY: the block is ours, longer than a `Waiting`, and aligned as every block of malloc is, to 16 bytes.
    unsafe { place.write(Waiting { next, bytes }) };
    true
}

/// Gives a slice of a waiting block back; `true` when there is more.
pub fn free_slice() -> bool {
    let mut queue = QUEUE.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(place) = queue.first else {
        return false;
    };
    // SAFETY: `free_later` has written it, and the block is ours.
    let Waiting { next, bytes } = unsafe { place.read() };
    let left = bytes.saturating_sub(SLICE_BYTES);
    let mut shorter = None;
    if left >= SLICE_BYTES {
        // SAFETY: the block is the C library's and ours alone; whether it moves does not matter.
        shorter = NonNull::new(unsafe { libc::realloc(place.as_ptr().cast(), left) });
    }
    match shorter {
        Some(block) => {
            let place = block.cast::<Waiting>();
            // SAFETY: `realloc` keeps the first bytes, and `left` is longer than a `Waiting`.
            unsafe { place.write(Waiting { next, bytes: left }) };
            queue.first = Some(place);
            queue.bytes -= bytes - left;
        }
        None => {
            // SAFETY: neither was it freed before nor is it used again; a `realloc` that failed has left it.
            unsafe { libc::free(place.as_ptr().cast()) };
            queue.first = next;
            queue.bytes -= bytes;
        }
    }
    queue.first.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::MutexGuard;

    /// The queue is the whole program's: one test at a time.
    static ALONE: Mutex<()> = Mutex::new(());

    fn alone() -> MutexGuard<'static, ()> {
        let guard = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        while free_slice() {}
        guard
    }

    fn waiting_bytes() -> usize {
        QUEUE.lock().unwrap().bytes
    }

    #[test]
    fn a_block_shrinks_by_one_slice_at_a_time_and_is_gone_at_last() {
        let _alone = alone();
        let bytes = 64 << 20;
        // SAFETY: malloc may be called with any size, and the block is given up at once.
        assert!(unsafe { free_later(libc::malloc(bytes).cast(), bytes) });
        let mut slices = 1;
        let mut before = waiting_bytes();
        while free_slice() {
            let now = waiting_bytes();
            assert_eq!(before - now, SLICE_BYTES);
            (before, slices) = (now, slices + 1);
        }
        assert_eq!(slices, bytes / SLICE_BYTES);
        assert_eq!(waiting_bytes(), 0);
    }

    #[test]
    fn what_would_be_too_much_is_left_to_the_caller() {
        let _alone = alone();
        // SAFETY: malloc may be called with any size.
        let block = unsafe { libc::malloc(HUGE_BYTES) };
        // SAFETY: a refused block is not touched.
        assert!(!unsafe { free_later(block.cast(), WAITING_MAX_BYTES + 1) });
        // SAFETY: it was refused, so it is still this test's.
        unsafe { libc::free(block) };
    }
}
