//! Small blocks: what the C library puts off and then does in one go is done a little at a time.
//!
//! - It puts small freed blocks aside, and joins all of them in one go when a large block is taken or given back. While a
//!   deleted set of a million members is freed in slices, one such go took half a second, and every client waited. Here
//!   they join their neighbours at once. Blocks of its cache per thread, a few of each size, are not part of it and
//!   stay as quick as they were.
//! - It sorts freed blocks by size when the next block is taken, up to ten thousand of them, which took twelve
//!   milliseconds. Here they are sorted before they are many.
//! - It gives the end of the heap back to the system as soon as that is free, however long it is: five milliseconds after
//!   FLUSHALL of three million keys. Here [`release_slice`] gives back what is free, wherever in the heap, in slices.
//!
//! With another C library than GNU's nothing of this is done.

#[cfg(not(target_env = "gnu"))]
mod other {
    pub fn spread_work() {}
    pub fn count_freed() {}
    pub fn note_in_use(_allocated: usize) {}
    pub fn release_slice(_allocated: usize) -> bool {
        false
    }
}

#[cfg(not(target_env = "gnu"))]
pub use other::{count_freed, note_in_use, release_slice, spread_work};

#[cfg(target_env = "gnu")]
pub use gnu::{count_freed, note_in_use, release_slice, spread_work};

#[cfg(target_env = "gnu")]
mod gnu {
    use super::super::huge::HUGE_BYTES;
    use std::ptr::NonNull;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::{Mutex, PoisonError};

    /// How far the heap is extended at a time.
    const HEAP_STEP_BYTES: i32 = 256 << 10;
    /// A threshold that is never reached: the C library takes it for an unsigned number.
    const NEVER: i32 = -1;
    /// After so many freed blocks those freed since are sorted.
    const SORT_EVERY: usize = 128;
    /// More than the cache per thread takes.
    const UNCACHED_BYTES: usize = 1100;
    /// How much of the heap is looked for, and given back, at a time.
    const SLICE_BYTES: usize = 256 << 10;
    const PAGE_BYTES: usize = 4096;
    /// Free memory is given back when so much less is in use than there was, and an eighth of that.
    const DROP_BYTES: usize = 4 << 20;

    /// To be called before there is much to free.
    pub fn spread_work() {
        for (parameter, value) in [
            (libc::M_MXFAST, 0),
            (libc::M_TRIM_THRESHOLD, NEVER),
            (libc::M_MMAP_THRESHOLD, HUGE_BYTES as i32),
            (libc::M_TOP_PAD, HEAP_STEP_BYTES),
        ] {
            // SAFETY: mallopt is given a parameter it knows and a value in its range, and may be called at any time.
            let _is_taken = unsafe { libc::mallopt(parameter, value) };
        }
    }

    /// Blocks freed; threads may lose a count to each other, which does no harm.
    static FREED: AtomicUsize = AtomicUsize::new(0);

    /// Counts a freed block, and has those freed lately sorted now and then.
    #[inline]
    pub fn count_freed() {
        let freed = FREED.load(Ordering::Relaxed).wrapping_add(1);
        FREED.store(freed, Ordering::Relaxed);
        if freed.is_multiple_of(SORT_EVERY) {
            sort_freed();
        }
    }

    /// The most that was in use since memory was last given back.
    static MOST_IN_USE: AtomicUsize = AtomicUsize::new(0);

    /// Notes how much was in use before a block was freed.
    #[inline]
    pub fn note_in_use(allocated: usize) {
        if allocated > MOST_IN_USE.load(Ordering::Relaxed) {
            MOST_IN_USE.store(allocated, Ordering::Relaxed);
        }
    }

    /// The C library sorts when a block is taken that its cache per thread cannot have.
    #[cold]
    fn sort_freed() {
        // SAFETY: the block is freed as soon as it was taken (freeing null is no error), and nobody uses it.
        unsafe { libc::free(std::hint::black_box(libc::malloc(UNCACHED_BYTES))) };
    }

    /// A piece of free heap that is held while others are looked for; its first bytes.
    #[repr(C)]
    struct Held {
        next: Option<NonNull<Held>>,
    }

    /// Giving back: pieces of free heap are taken one after the other, as long as the heap has any without growing. The
    /// pages inside go back to the system; then the pieces are freed.
    struct Release {
        phase: Phase,
        /// How many pieces may still be taken: no more than what was freed. A thread whose blocks are not in the main heap would
        /// find new ones without end.
        pieces_left: usize,
        held: Option<NonNull<Held>>,
    }

    #[derive(Clone, Copy, PartialEq, Eq)]
    enum Phase {
        Idle,
        Taking,
        Freeing,
    }

    // SAFETY: the pieces belong to the list alone.
    unsafe impl Send for Release {}

    static RELEASE: Mutex<Release> = Mutex::new(Release {
        phase: Phase::Idle,
        pieces_left: 0,
        held: None,
    });

    /// Gives a slice of free heap back when memory in use has dropped; `true` when there may be more.
    pub fn release_slice(allocated: usize) -> bool {
        let mut release = RELEASE.lock().unwrap_or_else(PoisonError::into_inner);
        match release.phase {
            Phase::Idle => {
                note_in_use(allocated);
                let most = MOST_IN_USE.load(Ordering::Relaxed);
                let dropped = most.saturating_sub(allocated);
                if dropped > DROP_BYTES && dropped > most / 8 {
                    MOST_IN_USE.store(allocated, Ordering::Relaxed);
                    release.pieces_left = dropped / SLICE_BYTES;
                    release.phase = Phase::Taking;
                }
            }
            Phase::Taking => release.take_piece(),
            Phase::Freeing => release.free_piece(),
        }
        release.phase != Phase::Idle
    }

    impl Release {
        fn take_piece(&mut self) {
            let Some(left) = self.pieces_left.checked_sub(1) else {
                self.phase = Phase::Freeing;
                return;
            };
            self.pieces_left = left;
            let end = heap_end();
            // SAFETY: malloc may be called with any size.
            let piece = NonNull::new(unsafe { libc::malloc(SLICE_BYTES) });
            let Some(piece) = piece else {
                self.phase = Phase::Freeing;
                return;
            };
            if heap_end() != end || piece.as_ptr() as usize > end {
                self.phase = Phase::Freeing;
                // SAFETY: it was just taken; the heap had to grow for it, or it is not even of the heap, so there is no free
                // piece left.
                unsafe { libc::free(piece.as_ptr()) };
                return;
            }
            // SAFETY: the piece is ours and of this length.
            unsafe { discard_pages(piece.as_ptr() as usize) };
            let held = piece.cast::<Held>();
            // SAFETY: the piece is ours, and aligned as every block of malloc is; its first page was kept.
            unsafe { held.write(Held { next: self.held }) };
            self.held = Some(held);
        }

        fn free_piece(&mut self) {
            let Some(piece) = self.held else {
                self.phase = Phase::Idle;
                return;
            };
            // SAFETY: `take_piece` has written it; it is freed once, here.
            self.held = unsafe { piece.read() }.next;
            // SAFETY: as above.
            unsafe { libc::free(piece.as_ptr().cast()) };
        }
    }

    /// Where the heap ends; it moves only when the heap grows.
    fn heap_end() -> usize {
        // SAFETY: with 0, sbrk only tells.
        unsafe { libc::sbrk(0) as usize }
    }

    /// Has the system take the pages that lie wholly inside a piece; the first one with its [`Held`] stays.
    ///
    /// # Safety
    /// The piece is a block of [`SLICE_BYTES`] at this address, whose content nobody needs.
    unsafe fn discard_pages(piece: usize) {
        let from = (piece + size_of::<Held>()).next_multiple_of(PAGE_BYTES);
        let until = (piece + SLICE_BYTES) / PAGE_BYTES * PAGE_BYTES;
        let start = std::ptr::with_exposed_provenance_mut(from);
        // SAFETY: the range lies inside the caller's block; its pages read as zeros afterwards.
        let _result = unsafe { libc::madvise(start, until - from, libc::MADV_DONTNEED) };
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        /// Steps of one giving back; the allocator of the test program is this one, but its heap is hardly used.
        #[test]
        fn giving_back_begins_after_a_drop_and_ends() {
            assert!(!release_slice(100 << 30));
            assert!(
                !release_slice((100 << 30) - (3 << 20)),
                "a small drop is none"
            );
            assert!(!release_slice(90 << 30), "nor is a small part");
            assert!(release_slice(80 << 30));
            let mut steps = 0;
            while release_slice(80 << 30) {
                steps += 1;
                assert!(steps <= 2 * (20 * 4096 + 2), "no more than was freed");
            }
            assert!(!release_slice(80 << 30));
        }
    }
}
