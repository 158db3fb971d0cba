#![allow(unsafe_code, reason = "a global allocator is an unsafe trait")]
//! The server's allocator, and the gauge of what it handed out, for `maxmemory` and INFO.
//!
//! ```text
//! mod.rs        the owner's test, the gauge, the trait       span.rs       blocks of one size, lists of spans
//! heap.rs       current spans, full and empty ones           runs.rs       blocks of more than 2 KiB
//! classes.rs    sizes of the blocks of spans                 chunks.rs     huge pages, giving back
//! remote.rs     blocks freed by other threads                chunk_set.rs  sets of chunks
//! system/       the C library's allocator, counted           map.rs        the kernel's calls
//! ```
//!
//! Most of what the server keeps are millions of blocks of a few dozen bytes, made and freed by the one thread of the
//! engine. That thread, the *owner*, takes them from spans of blocks of one size: without a header, at a class every two
//! bytes, and without locks; larger ones from runs, best described in `runs`. Blocks above 32 KiB, and those of all other threads, come from the system's allocator.
//!
//! Which of both a block came from is told by its address, since all spans lie in one range that was reserved at the
//! start. Another thread that frees one of the owner's blocks hands it over (`remote`). Before a thread has called
//! [`Allocator::own`], and where no addresses can be had, everything comes from the system's.
//!
//! A call does a bounded amount of work, of which a new chunk's first huge page is the greatest. Freed memory goes back to the
//! kernel in slices, for which the loop asks ([`give_back_slice`]).

mod chunk_set;
mod chunks;
mod classes;
mod heap;
mod map;
mod remote;
mod runs;
mod span;
mod system;
#[cfg(test)]
mod tests;

use classes::{ALIGN_MAX, SIZE_MAX, SPAN_BYTES, class_of};
use heap::Heap;
use remote::RemoteFrees;
use runs::RUN_MAX;
use std::alloc::{GlobalAlloc, Layout};
use std::cell::UnsafeCell;
use std::sync::atomic::{AtomicUsize, Ordering};
use system::CountedSystem;

pub use system::spread_work;

/// Chunks for which addresses are reserved: a tebibyte.
const RESERVED_CHUNKS: usize = chunk_set::CHUNKS_MAX;
/// A block is kept when it shrinks by no more than this part.
const KEPT_DIVISOR: usize = 16;

/// The process's allocator, for `#[global_allocator]`.
pub struct Global;

static GLOBAL: Allocator = Allocator::new(RESERVED_CHUNKS);

/// Makes the calling thread the owner of the process's allocator; of several callers, the first one. To be called when
/// the process has no other thread that will allocate much.
pub fn own() {
    GLOBAL.own();
}

/// Bytes of the process's blocks in use, as large as they really are.
pub fn allocated() -> usize {
    GLOBAL.allocated()
}

/// Gives a megabyte or two of what was freed back to the kernel; `true` when there is more. To be called by the owner, often.
pub fn give_back_slice() -> bool {
    GLOBAL.give_back_slice()
}

/// What the process's allocator holds, in bytes.
pub fn held() -> Held {
    GLOBAL.held()
}

/// What an allocator holds, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    /// Blocks in use, and the free ones between them.
    pub active: usize,
    /// All memory that it has from the kernel, as far as it knows: no less than `active`.
    pub resident: usize,
}

/// An allocator with an owner.
pub struct Allocator {
    /// The owner's [`thread_mark`]; 0: none yet.
    owner: AtomicUsize,
    /// The range of the owner's blocks, written once before there are any.
    range_start: AtomicUsize,
    range_len: AtomicUsize,
    /// Bytes of the owner's blocks in use; only the owner writes it.
    handed_out: AtomicUsize,
    system: CountedSystem,
    frees: RemoteFrees,
    heap: UnsafeCell<Heap>,
    chunks: usize,
}

// SAFETY: the heap is only used by the thread whose mark `owner` holds, which is set once; everything else is atomic.
unsafe impl Sync for Allocator {}

/// A number that no other living thread has. A thread that ended may leave its number, and what it owned, to a later one;
/// the system has then joined the one before it started the other.
#[inline]
fn thread_mark() -> usize {
    thread_local! {
        // Neither lazy nor dropped, so that it is there whenever a thread allocates.
        static MARK: u8 = const { 0 };
    }
    MARK.with(|mark| mark as *const u8 as usize)
}

impl Allocator {
    /// An allocator that will reserve addresses for so many chunks of 2 MiB when it gets an owner.
    pub const fn new(chunks: usize) -> Allocator {
        Allocator {
            owner: AtomicUsize::new(0),
            range_start: AtomicUsize::new(0),
            range_len: AtomicUsize::new(0),
            handed_out: AtomicUsize::new(0),
            system: CountedSystem::new(),
            frees: RemoteFrees::new(),
            heap: UnsafeCell::new(Heap::EMPTY),
            chunks,
        }
    }

    /// Makes the calling thread the owner, unless there is one already.
    pub fn own(&self) {
        let set =
            self.owner
                .compare_exchange(0, thread_mark(), Ordering::Relaxed, Ordering::Relaxed);
        if set.is_err() {
            return;
        }
        // SAFETY: this thread is the owner, and no other reference to the heap lives.
        let reserved = unsafe { (*self.heap.get()).reserve(self.chunks) };
        // Other threads need not see it before they see a block, and whatever shows them the block shows them this.
        if let Some((start, len)) = reserved {
            self.range_start.store(start as usize, Ordering::Relaxed);
            self.range_len.store(len, Ordering::Relaxed);
        }
    }

    /// Bytes of blocks in use, as large as they really are. Exact for what the calling thread has done.
    pub fn allocated(&self) -> usize {
        self.handed_out.load(Ordering::Relaxed) + self.system.allocated()
    }

    /// What it holds; other threads than the owner only learn what is in use.
    pub fn held(&self) -> Held {
        if !self.is_owner() {
            let (active, resident) = (self.allocated(), self.allocated());
            return Held { active, resident };
        }
        // SAFETY: this thread is the owner, and no other reference to the heap lives.
        let heap = unsafe { &*self.heap.get() };
        let (system, given_back) = (self.system.allocated(), heap.given_back());
        Held {
            active: heap.chunks().used_units() * SPAN_BYTES - given_back + system,
            resident: heap.chunks().resident_units() * SPAN_BYTES - given_back + system,
        }
    }

    /// Gives a slice of what was freed back to the kernel; `true` when there is more. For the owner.
    pub fn give_back_slice(&self) -> bool {
        let own = self.give_back_own_slice();
        let system = self.system.give_back_slice();
        own || system
    }

    fn give_back_own_slice(&self) -> bool {
        // SAFETY: this thread is the owner, and no other reference to the heap lives.
        self.is_owner() && unsafe { (*self.heap.get()).give_back_slice() }
    }

    #[inline]
    fn is_owner(&self) -> bool {
        self.owner.load(Ordering::Relaxed) == thread_mark()
    }

    /// How far the block is from the beginning of the owner's blocks, if it is one.
    #[inline]
    fn offset_of(&self, block: *mut u8) -> Option<usize> {
        let offset = (block as usize).wrapping_sub(self.range_start.load(Ordering::Relaxed));
        (offset < self.range_len.load(Ordering::Relaxed)).then_some(offset)
    }

    /// Adds to, and takes from, the bytes of the owner's blocks.
    #[inline]
    fn count(&self, more: usize, less: usize) {
        // No atomic addition is needed where only one thread writes.
        let before = self.handed_out.load(Ordering::Relaxed);
        self.handed_out
            .store(before + more - less, Ordering::Relaxed);
    }

    /// A block of the owner's, for the owner.
    ///
    /// # Safety
    /// The calling thread is the owner.
    #[inline]
    unsafe fn take(&self, size: usize) -> Option<*mut u8> {
        // SAFETY: this thread is the owner, and no other reference to the heap lives.
        let heap = unsafe { &mut *self.heap.get() };
        if size > SIZE_MAX {
            let (block, freed) = heap.take_run(size, &self.frees);
            self.count(0, freed);
            let (block, size) = block?;
            self.count(size, 0);
            return Some(block);
        }
        let class = class_of(size);
        let (block, size) = match heap.take(class) {
            Some(block) => block,
            None => {
                let handed_out = self.handed_out.load(Ordering::Relaxed);
                let (block, freed) = heap.refill(class, handed_out, &self.frees);
                self.count(0, freed);
                block?
            }
        };
        self.count(size, 0);
        Some(block)
    }

    /// Puts a block of the owner's back.
    ///
    /// # Safety
    /// The block came from [`Allocator::take`] and has this layout, `offset` is its [`Allocator::offset_of`], and the
    /// caller gives it up.
    #[inline]
    unsafe fn put_back(&self, block: *mut u8, offset: usize, layout: Layout) {
        let size = layout.size().next_multiple_of(layout.align());
        let is_run = size > SIZE_MAX;
        if !self.is_owner() {
            // SAFETY: the caller's promise.
            return unsafe { self.hand_over(block, size) };
        }
        // SAFETY: this thread is the owner, and no other reference to the heap lives; the rest is the caller's promise.
        let less = unsafe {
            let heap = &mut *self.heap.get();
            match is_run {
                true => heap.free_run(offset, size),
                false => heap.free(block, offset),
            }
        };
        self.count(0, less);
    }

    /// Hands a block of this size to the owner.
    ///
    /// # Safety
    /// The block is the owner's, and the caller gives it up.
    #[cold]
    #[inline(never)]
    unsafe fn hand_over(&self, block: *mut u8, size: usize) {
        // SAFETY: the owner's blocks have at least 8 bytes, and runs more; the rest is the caller's promise.
        unsafe {
            match size > SIZE_MAX {
                true => self.frees.push_run(block, size),
                false => self.frees.push(block),
            }
        }
    }

    /// Whether the block could be resized where it is.
    ///
    /// # Safety
    /// As for [`Allocator::put_back`], but the caller keeps the block; the calling thread is the owner.
    unsafe fn resize(&self, offset: usize, layout: Layout, new_size: usize) -> bool {
        let Some(new_size) = small_size(new_size, layout.align()) else {
            return false;
        };
        let size = layout.size().next_multiple_of(layout.align());
        // SAFETY: this thread is the owner, and no other reference to the heap lives.
        let heap = unsafe { &mut *self.heap.get() };
        if size > SIZE_MAX {
            // A small block must not stay a run, for its size tells what it is.
            if new_size <= SIZE_MAX {
                return false;
            }
            let resized = heap.resize_run(offset, size, new_size);
            let (less, more) = resized.unwrap_or_default();
            self.count(more, less);
            return resized.is_some();
        }
        // SAFETY: the block is in use.
        let has = unsafe { heap.size_at(offset) };
        // A large enough block is as aligned as before.
        new_size <= has
            && (has - new_size <= has / KEPT_DIVISOR || class_of(new_size) == class_of(has))
    }

    /// Whether other threads freed blocks that were not put back yet. For the owner.
    #[cfg(test)]
    fn has_remote_frees(&self) -> bool {
        assert!(self.is_owner());
        // SAFETY: this thread is the owner, and no other reference to the heap lives.
        !self.frees.is_empty() || unsafe { (*self.heap.get()).has_remote_frees() }
    }

    /// Checks everything, and returns the bytes of the owner's blocks in use. For the owner.
    #[cfg(test)]
    fn check(&self) -> usize {
        assert!(self.is_owner());
        // SAFETY: this thread is the owner, and no other reference to the heap lives.
        let bytes = unsafe { (*self.heap.get()).check() };
        assert_eq!(bytes, self.handed_out.load(Ordering::Relaxed));
        bytes
    }
}

/// The size, rounded up to the alignment, where the owner may have a block for it.
#[inline]
fn small_size(size: usize, align: usize) -> Option<usize> {
    let rounded = size.checked_add(align - 1)? & !(align - 1);
    (rounded <= RUN_MAX && align <= ALIGN_MAX).then_some(rounded)
}

// SAFETY: (1) a block comes from the owner's heap, whose blocks do not overlap, have the class's size and its alignment
// (`classes`), or from the system's allocator; (2) it goes back to where it came from, which its address tells; (3) none
// of it unwinds or allocates.
unsafe impl GlobalAlloc for Allocator {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if let Some(size) = small_size(layout.size(), layout.align())
            && self.is_owner()
            // SAFETY: this thread is the owner.
            && let Some(block) = unsafe { self.take(size) }
        {
            return block;
        }
        // SAFETY: the caller keeps `alloc`'s contract, which is the system's.
        unsafe { self.system.alloc(layout) }
    }

    #[inline(never)]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if let Some(size) = small_size(layout.size(), layout.align())
            && self.is_owner()
            // SAFETY: this thread is the owner.
            && let Some(block) = unsafe { self.take(size) }
        {
            // SAFETY: the block has at least this size.
            unsafe { block.write_bytes(0, layout.size()) };
            return block;
        }
        // SAFETY: the caller keeps `alloc_zeroed`'s contract, which is the system's.
        unsafe { self.system.alloc_zeroed(layout) }
    }

    #[inline]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        match self.offset_of(block) {
            // SAFETY: addresses in the range are the owner's blocks; the caller gives this one up.
            Some(offset) => unsafe { self.put_back(block, offset, layout) },
            // SAFETY: the block came from the system's allocator.
            None => unsafe { self.system.dealloc(block, layout) },
        }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        let Some(offset) = self.offset_of(block) else {
            // SAFETY: the block came from the system's allocator; the rest is the caller's promise.
            return unsafe { self.system.realloc(block, layout, new_size) };
        };
        // SAFETY: this thread is the owner, and the block is in use.
        if self.is_owner() && unsafe { self.resize(offset, layout, new_size) } {
            return block;
        }
        // SAFETY: (1) the caller promises that the new size, rounded up to the alignment, does not overflow; (2) both
        // blocks have the bytes that are copied, and are not the same; (3) the old one is given up.
        unsafe {
            let new_layout = Layout::from_size_align_unchecked(new_size, layout.align());
            let moved = self.alloc(new_layout);
            if !moved.is_null() {
                moved.copy_from_nonoverlapping(block, layout.size().min(new_size));
                self.put_back(block, offset, layout);
            }
            moved
        }
    }
}

// SAFETY: every call goes to the process's allocator with the caller's own arguments, and its result comes back unchanged.
unsafe impl GlobalAlloc for Global {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise.
        unsafe { GLOBAL.alloc(layout) }
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise.
        unsafe { GLOBAL.alloc_zeroed(layout) }
    }

    #[inline]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise.
        unsafe { GLOBAL.dealloc(block, layout) }
    }

    #[inline]
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        // SAFETY: the caller's promise.
        unsafe { GLOBAL.realloc(block, layout, new_size) }
    }
}
