#![allow(unsafe_code, reason = "links are written into free blocks")]
//! Blocks of the owner's that other threads have freed: a stack without locks, and what the owner took from it.

use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};

/// The stack that any thread pushes to (Treiber's; since the owner takes all at once, no block can come back meanwhile).
pub struct RemoteFrees(AtomicPtr<u8>);

impl RemoteFrees {
    /// Nothing freed.
    pub const fn new() -> RemoteFrees {
        RemoteFrees(AtomicPtr::new(ptr::null_mut()))
    }

    /// Hands a block to the owner.
    ///
    /// # Safety
    /// The block has at least 8 bytes, is the owner's, and the caller gives it up.
    pub unsafe fn push(&self, block: *mut u8) {
        let mut head = self.0.load(Ordering::Relaxed);
        loop {
            // SAFETY: the block is the caller's until the exchange succeeds, and has room for a pointer.
            unsafe { block.cast::<*mut u8>().write_unaligned(head) };
            // Release: the owner must see the link, and what the freeing thread did with the block before.
            match self
                .0
                .compare_exchange_weak(head, block, Ordering::Release, Ordering::Relaxed)
            {
                Ok(_) => return,
                Err(now) => head = now,
            }
        }
    }

    /// Hands a run to the owner, with the size it has.
    ///
    /// # Safety
    /// As for [`RemoteFrees::push`], and the block has room for 16 bytes.
    pub unsafe fn push_run(&self, block: *mut u8, size: usize) {
        // SAFETY: the block is the caller's and has room for both.
        unsafe {
            block.cast::<usize>().add(1).write_unaligned(size);
            self.push(block);
        }
    }

    /// The size that a run was pushed with.
    ///
    /// # Safety
    /// The block was taken after [`RemoteFrees::push_run`], and was not written to since.
    pub unsafe fn size_of_run(block: *mut u8) -> usize {
        // SAFETY: the caller's promise.
        unsafe { block.cast::<usize>().add(1).read_unaligned() }
    }

    /// Whether there are any.
    pub fn is_empty(&self) -> bool {
        self.0.load(Ordering::Relaxed).is_null()
    }

    /// All that were pushed, for the owner.
    pub fn take(&self) -> Taken {
        Taken(self.0.swap(ptr::null_mut(), Ordering::Acquire))
    }
}

/// Blocks that the owner has taken and not yet put back.
pub struct Taken(*mut u8);

impl Taken {
    /// None.
    pub const NONE: Taken = Taken(ptr::null_mut());

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_null()
    }

    /// The next one.
    pub fn pop(&mut self) -> Option<*mut u8> {
        if self.0.is_null() {
            return None;
        }
        let block = self.0;
        // SAFETY: blocks on the list are free and hold the link that `push` wrote.
        self.0 = unsafe { block.cast::<*mut u8>().read_unaligned() };
        Some(block)
    }
}
