#![allow(unsafe_code, reason = "the kernel's calls about memory")]
//! Address space from the kernel, and memory behind parts of it.

use std::ptr;

/// A range of addresses without memory, given back when dropped.
pub struct Reservation {
    start: *mut u8,
    len: usize,
}

impl Reservation {
    /// No addresses.
    pub const NONE: Reservation = Reservation {
        start: ptr::null_mut(),
        len: 0,
    };

    /// `len` bytes of addresses from a multiple of `align`, a power of two of at least a page.
    /// `None` where the process may not have so many.
    pub fn new(len: usize, align: usize) -> Option<Reservation> {
        let all = len.checked_add(align)?;
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;
        // SAFETY: a new private mapping at an address of the kernel's choice touches nothing that exists.
        let mapped = unsafe { libc::mmap(ptr::null_mut(), all, libc::PROT_NONE, flags, -1, 0) };
        if mapped == libc::MAP_FAILED {
            return None;
        }
        let mapped: *mut u8 = mapped.cast();
        let before = mapped.align_offset(align);
        // SAFETY: (1) `before` is less than `align`, so the sums stay within the mapping; (2) what is unmapped are the
        // parts around the aligned range, which nobody has seen.
        unsafe {
            let start = mapped.add(before);
            unmap(mapped, before);
            unmap(start.add(len), align - before);
            Some(Reservation { start, len })
        }
    }

    /// The first address.
    pub fn start(&self) -> *mut u8 {
        self.start
    }

    /// How many addresses.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Makes `len` bytes from `offset` on readable and writable, zeroed when first touched. False where the system
    /// will not promise the memory.
    pub fn make_usable(&self, offset: usize, len: usize) -> bool {
        assert!(offset + len <= self.len);
        let prot = libc::PROT_READ | libc::PROT_WRITE;
        // SAFETY: the range is this reservation's own, and rights are only added to it.
        unsafe { libc::mprotect(self.start.add(offset).cast(), len, prot) == 0 }
    }

    /// Wants huge pages behind the range, or small ones only. A kernel without huge pages does not know the wish.
    pub fn prefer_huge(&self, offset: usize, len: usize, huge: bool) {
        let advice = match huge {
            true => libc::MADV_HUGEPAGE,
            false => libc::MADV_NOHUGEPAGE,
        };
        self.advise(offset, len, advice);
    }

    /// Gives the memory behind the range back; it is zeroed when touched again. Its content must not matter any more.
    pub fn give_back(&self, offset: usize, len: usize) {
        self.advise(offset, len, libc::MADV_DONTNEED);
    }

    fn advise(&self, offset: usize, len: usize, advice: libc::c_int) {
        assert!(offset + len <= self.len);
        // SAFETY: the range is this reservation's own; whose content is thrown away has said that it does not matter.
        let _refused_is_harmless =
            unsafe { libc::madvise(self.start.add(offset).cast(), len, advice) };
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        // SAFETY: the range is this reservation's own, and nothing uses it when its owner is gone.
        unsafe { unmap(self.start, self.len) }
    }
}

/// # Safety
/// The range is page-aligned, mapped by this module, and nothing uses it.
unsafe fn unmap(start: *mut u8, len: usize) {
    if len > 0 {
        // SAFETY: the caller's promise.
        unsafe { libc::munmap(start.cast(), len) };
    }
}

/// The addresses that this process may have, if they are limited (`ulimit -v`).
pub fn address_limit() -> Option<usize> {
    let mut limit = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: the pointer is to a whole rlimit.
    let known = unsafe { libc::getrlimit(libc::RLIMIT_AS, &mut limit) } == 0;
    (known && limit.rlim_cur != libc::RLIM_INFINITY)
        .then(|| usize::try_from(limit.rlim_cur).unwrap_or(usize::MAX))
}
