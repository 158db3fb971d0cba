#![allow(
    unsafe_code,
    reason = "the linker's names of the program's parts, and advice about them"
)]
//! The program's own code.

unsafe extern "C" {
    /// The linker's name of the program's first byte.
    static __executable_start: u8;
    /// The linker's name of the end of its code.
    static etext: u8;
}

/// The smallest page that there is; where pages are larger the start may be refused.
const PAGE_BYTES: usize = 4096;

/// Has all code in memory, so that the first use of a command does not wait for the disk. On a kernel that does not know the
/// wish (before Linux 5.14) the code comes page by page as it is used.
pub fn bring_into_memory() {
    let (start, end) = (
        &raw const __executable_start as usize,
        &raw const etext as usize,
    );
    let from = start & !(PAGE_BYTES - 1);
    // SAFETY: reading advice about the program's own code changes neither its content nor its rights.
    let _refused_is_harmless = unsafe {
        libc::madvise(
            from as *mut libc::c_void,
            end.saturating_sub(from),
            libc::MADV_POPULATE_READ,
        )
    };
}
