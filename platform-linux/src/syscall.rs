#![allow(
    unsafe_code,
    reason = "system calls; every other file of this crate goes through these wrappers"
)]
#![allow(
    clippy::unnecessary_cast,
    reason = "the width of the C types depends on the target"
)]
//! Thin safe wrappers of the system calls that the standard library does not offer.
//!
//! A failure is the `errno` of the call; nothing is retried here. Descriptors are plain numbers, because
//! the core names them so: a wrong number gives `EBADF` or reaches another file, never memory.

use std::io::IoSlice;
use std::mem::MaybeUninit;
use std::os::fd::{FromRawFd, OwnedFd};

use libc::{c_int, c_void, epoll_event, sockaddr, socklen_t};
use rotom_core::platform::IoError;

use crate::address::RawAddress;

type Sys<T> = Result<T, IoError>;

fn last_error() -> IoError {
    crate::to_io_error(std::io::Error::last_os_error())
}

fn checked(outcome: c_int) -> Sys<c_int> {
    if outcome < 0 {
        Err(last_error())
    } else {
        Ok(outcome)
    }
}

fn checked_len(outcome: isize) -> Sys<usize> {
    usize::try_from(outcome).map_err(|_| last_error())
}

/// Takes a descriptor that a call has just made.
fn owned(outcome: c_int) -> Sys<OwnedFd> {
    let fd = checked(outcome)?;
    // SAFETY: the caller hands in the outcome of a call that opens; it succeeded, so nobody else owns `fd`.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

// ---- time ----

/// Whether the processor has a time stamp counter whose rate never changes.
#[cfg(target_arch = "x86_64")]
pub(crate) fn has_even_time_stamp_counter() -> bool {
    use std::arch::x86_64::__cpuid;
    const POWER_MANAGEMENT: u32 = 0x8000_0007;
    const INVARIANT: u32 = 1 << 8;
    let most = __cpuid(0x8000_0000).eax;
    most >= POWER_MANAGEMENT && __cpuid(POWER_MANAGEMENT).edx & INVARIANT != 0
}

/// The time stamp counter.
#[cfg(target_arch = "x86_64")]
#[inline]
pub(crate) fn time_stamp_counter() -> u64 {
    // SAFETY: every x86-64 processor has the instruction, and Linux lets programs use it.
    unsafe { std::arch::x86_64::_rdtsc() }
}

/// Other processors are asked through the system.
#[cfg(not(target_arch = "x86_64"))]
pub(crate) fn has_even_time_stamp_counter() -> bool {
    false
}

/// Never asked.
#[cfg(not(target_arch = "x86_64"))]
pub(crate) fn time_stamp_counter() -> u64 {
    0
}

// ---- readiness ----

pub(crate) fn epoll_create() -> Sys<OwnedFd> {
    // SAFETY: no memory is passed.
    owned(unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) })
}

pub(crate) fn epoll_ctl(epoll: c_int, op: c_int, fd: c_int, mut event: epoll_event) -> Sys<()> {
    // SAFETY: `event` lives through the call, which only reads it.
    checked(unsafe { libc::epoll_ctl(epoll, op, fd, &mut event) }).map(drop)
}

pub(crate) fn epoll_wait(epoll: c_int, events: &mut [epoll_event], ms: c_int) -> Sys<usize> {
    let room = events.len() as c_int;
    // SAFETY: the kernel writes at most `room` events to the front of the slice.
    let count = checked(unsafe { libc::epoll_wait(epoll, events.as_mut_ptr(), room, ms) })?;
    Ok(count as usize)
}

/// The kernel's `timespec` of this call has 64-bit fields everywhere.
#[repr(C)]
struct KernelTimespec {
    seconds: i64,
    nanoseconds: i64,
}

pub(crate) fn epoll_wait_us(epoll: c_int, events: &mut [epoll_event], us: u64) -> Sys<usize> {
    let timeout = KernelTimespec {
        seconds: (us / 1_000_000) as i64,
        nanoseconds: (us % 1_000_000 * 1000) as i64,
    };
    // SAFETY: the kernel writes at most `len` events to the front of the slice and reads `timeout`, which
    // lives through the call; no signal mask is passed.
    let count = unsafe {
        libc::syscall(
            libc::SYS_epoll_pwait2,
            epoll,
            events.as_mut_ptr(),
            events.len() as c_int,
            &raw const timeout,
            std::ptr::null::<c_void>(),
            0usize,
        )
    };
    checked(count as c_int).map(|count| count as usize)
}

pub(crate) fn eventfd() -> Sys<OwnedFd> {
    // SAFETY: no memory is passed.
    owned(unsafe { libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK) })
}

// ---- sockets ----

pub(crate) fn stream_socket(family: c_int) -> Sys<OwnedFd> {
    let kind = libc::SOCK_STREAM | libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC;
    // SAFETY: no memory is passed.
    owned(unsafe { libc::socket(family, kind, 0) })
}

pub(crate) fn bind(fd: c_int, address: &RawAddress) -> Sys<()> {
    let pointer = address.bytes.as_ptr().cast::<sockaddr>();
    // SAFETY: `pointer` is aligned for any address and `len` bytes after it are initialised.
    checked(unsafe { libc::bind(fd, pointer, address.len) }).map(drop)
}

pub(crate) fn listen(fd: c_int, backlog: c_int) -> Sys<()> {
    // SAFETY: no memory is passed.
    checked(unsafe { libc::listen(fd, backlog) }).map(drop)
}

/// A waiting connection, non-blocking and not inherited, with its peer's address.
pub(crate) fn accept(listener: c_int) -> Sys<(OwnedFd, RawAddress)> {
    let flags = libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC;
    let mut fd = -1;
    let address = ask_address(|pointer, len| {
        // SAFETY: see `ask_address`.
        fd = unsafe { libc::accept4(listener, pointer, len, flags) };
        fd
    })?;
    Ok((owned(fd)?, address))
}

pub(crate) fn socket_name(fd: c_int) -> Sys<RawAddress> {
    // SAFETY: see `ask_address`.
    ask_address(|pointer, len| unsafe { libc::getsockname(fd, pointer, len) })
}

pub(crate) fn peer_name(fd: c_int) -> Sys<RawAddress> {
    // SAFETY: see `ask_address`.
    ask_address(|pointer, len| unsafe { libc::getpeername(fd, pointer, len) })
}

/// Runs a call that writes an address. What it gets: a pointer aligned for any address, and how many bytes may
/// be written to it; both live through the call.
fn ask_address(call: impl FnOnce(*mut sockaddr, *mut socklen_t) -> c_int) -> Sys<RawAddress> {
    let mut address = RawAddress::empty();
    let mut len = address.len;
    checked(call(address.bytes.as_mut_ptr().cast(), &mut len))?;
    address.len = len.min(address.len);
    Ok(address)
}

pub(crate) fn set_option(fd: c_int, level: c_int, name: c_int, value: c_int) -> Sys<()> {
    let len = size_of::<c_int>() as socklen_t;
    // SAFETY: `value` lives through the call, which reads `len` bytes of it.
    checked(unsafe { libc::setsockopt(fd, level, name, (&raw const value).cast(), len) }).map(drop)
}

/// What [`set_option`] set.
#[cfg(test)]
pub(crate) fn option(fd: c_int, level: c_int, name: c_int) -> Sys<c_int> {
    let mut value: c_int = 0;
    let mut len = size_of::<c_int>() as socklen_t;
    let into = (&raw mut value).cast();
    // SAFETY: at most `len` bytes are written to `value`, and to `len`; both live through the call.
    checked(unsafe { libc::getsockopt(fd, level, name, into, &mut len) })?;
    Ok(value)
}

pub(crate) fn read(fd: c_int, into: &mut [u8]) -> Sys<usize> {
    // SAFETY: at most `len` bytes are written to the slice.
    checked_len(unsafe { libc::read(fd, into.as_mut_ptr().cast(), into.len()) })
}

/// Reads up to `most` bytes to the end of `into`, as far as its capacity goes, and the next ones into `after`.
pub(crate) fn read_apart(
    fd: c_int,
    into: &mut Vec<u8>,
    most: usize,
    after: &mut [u8],
) -> Sys<usize> {
    let spare = into.spare_capacity_mut();
    let most = most.min(spare.len());
    let parts = [
        libc::iovec {
            iov_base: spare.as_mut_ptr().cast(),
            iov_len: most,
        },
        libc::iovec {
            iov_base: after.as_mut_ptr().cast(),
            iov_len: after.len(),
        },
    ];
    let used = if after.is_empty() { 1 } else { 2 };
    // SAFETY: at most `most` bytes are written to the spare capacity and `after.len()` to `after`; nothing is read.
    let count = checked_len(unsafe { libc::readv(fd, parts.as_ptr(), used) })?;
    let len = into.len() + count.min(most);
    // SAFETY: the kernel has filled so much of the spare capacity, from its beginning.
    unsafe { into.set_len(len) };
    Ok(count)
}

/// Sends without SIGPIPE.
pub(crate) fn send(fd: c_int, bytes: &[u8]) -> Sys<usize> {
    let pointer = bytes.as_ptr().cast();
    // SAFETY: `len` bytes of the slice are read.
    checked_len(unsafe { libc::send(fd, pointer, bytes.len(), libc::MSG_NOSIGNAL) })
}

/// Sends gathered parts without SIGPIPE.
pub(crate) fn send_gathered(fd: c_int, parts: &[IoSlice<'_>]) -> Sys<usize> {
    // SAFETY: zero is a valid message header: no name, no parts, no control data.
    let mut message: libc::msghdr = unsafe { MaybeUninit::zeroed().assume_init() };
    message.msg_iov = parts.as_ptr().cast_mut().cast();
    message.msg_iovlen = parts.len() as _;
    // SAFETY: `IoSlice` has the layout of `iovec`; the parts outlive the call, which only reads them.
    checked_len(unsafe { libc::sendmsg(fd, &message, libc::MSG_NOSIGNAL) })
}

pub(crate) fn close(fd: c_int) {
    // SAFETY: no memory is passed. On Linux the descriptor is gone whatever the outcome.
    unsafe { libc::close(fd) };
}

// ---- the process ----

/// Has `handler` called on `signal`; it may do only what is async-signal-safe.
pub(crate) fn handle_signal(signal: c_int, handler: extern "C" fn(c_int)) -> Sys<()> {
    set_action(signal, handler as *const () as usize)
}

pub(crate) fn ignore_signal(signal: c_int) -> Sys<()> {
    set_action(signal, libc::SIG_IGN)
}

/// Signals this thread; the handler has run when this returns.
pub(crate) fn raise(signal: c_int) {
    // SAFETY: no memory is passed.
    unsafe { libc::raise(signal) };
}

fn set_action(signal: c_int, action: usize) -> Sys<()> {
    // SAFETY: zero is a valid action (default, no flags, an empty mask).
    let mut wanted: libc::sigaction = unsafe { MaybeUninit::zeroed().assume_init() };
    wanted.sa_sigaction = action;
    wanted.sa_flags = libc::SA_RESTART;
    // SAFETY: `wanted` lives through the call; its action is SIG_IGN or a function that takes one number,
    // as promised by not setting SA_SIGINFO.
    checked(unsafe { libc::sigaction(signal, &wanted, std::ptr::null_mut()) }).map(drop)
}

/// Adds one to an eventfd. Async-signal-safe: it leaves `errno` as it was.
pub(crate) fn fire_eventfd(fd: c_int) {
    let one = 1u64.to_ne_bytes();
    // SAFETY: `errno`'s place is this thread's own; eight bytes of `one` are read.
    unsafe {
        let errno = libc::__errno_location();
        let before = *errno;
        libc::write(fd, one.as_ptr().cast(), one.len());
        *errno = before;
    }
}

/// Ends the process at once, without destructors. Async-signal-safe.
/// Reads from an address where nothing is, which ends the process with SIGSEGV: what DEBUG SEGFAULT is for.
pub(crate) fn use_missing_memory() {
    // SAFETY: the pages are the process's own and nobody else knows of them; that they may not be read is the point.
    unsafe {
        let bytes = page_bytes() as usize;
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
        let page = libc::mmap(std::ptr::null_mut(), bytes, libc::PROT_NONE, flags, -1, 0);
        if page != libc::MAP_FAILED {
            page.cast::<u8>().read_volatile();
        }
    }
}

pub(crate) fn exit_at_once(code: c_int) -> ! {
    // SAFETY: no memory is passed and it does not return.
    unsafe { libc::_exit(code) }
}

/// Forks; `true` in the child. Call while the process has one thread.
pub(crate) fn fork() -> Sys<bool> {
    // SAFETY: no memory is passed. With one thread the child's memory is consistent.
    checked(unsafe { libc::fork() }).map(|pid| pid == 0)
}

/// Leaves the terminal's session.
pub(crate) fn set_session() -> Sys<()> {
    // SAFETY: no memory is passed.
    checked(unsafe { libc::setsid() }).map(drop)
}

/// Makes `to` a name of what `from` is, closing what `to` was.
pub(crate) fn duplicate(from: c_int, to: c_int) -> Sys<()> {
    // SAFETY: no memory is passed.
    checked(unsafe { libc::dup2(from, to) }).map(drop)
}

pub(crate) fn resource_usage(who: c_int) -> Sys<libc::rusage> {
    // SAFETY: zero is a valid value of this struct of numbers.
    let mut usage: libc::rusage = unsafe { MaybeUninit::zeroed().assume_init() };
    // SAFETY: the call writes one `rusage`.
    checked(unsafe { libc::getrusage(who, &mut usage) })?;
    Ok(usage)
}

/// Memory of the machine in bytes.
pub(crate) fn total_memory_bytes() -> Sys<u64> {
    // SAFETY: zero is a valid value of this struct of numbers.
    let mut info: libc::sysinfo = unsafe { MaybeUninit::zeroed().assume_init() };
    // SAFETY: the call writes one `sysinfo`.
    checked(unsafe { libc::sysinfo(&mut info) })?;
    Ok((info.totalram as u64).saturating_mul(u64::from(info.mem_unit)))
}

pub(crate) fn page_bytes() -> u64 {
    // SAFETY: no memory is passed.
    let bytes = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    u64::try_from(bytes).unwrap_or(4096)
}

/// Fills the front of `into` with random bytes and says how many.
pub(crate) fn random(into: &mut [u8]) -> Sys<usize> {
    // SAFETY: at most `len` bytes are written to the slice.
    checked_len(unsafe { libc::getrandom(into.as_mut_ptr().cast(), into.len(), 0) })
}

/// The limits of open files: soft, hard.
pub(crate) fn open_files_limit() -> Sys<(u64, u64)> {
    let mut limit = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: the call writes one `rlimit`.
    checked(unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &mut limit) })?;
    Ok((limit.rlim_cur as u64, limit.rlim_max as u64))
}

/// Another descriptor for what `fd` names, with the number `at_least` or the next free one.
pub(crate) fn duplicate_from(fd: c_int, at_least: c_int) -> Sys<c_int> {
    // SAFETY: the call takes two numbers and touches no memory of ours.
    checked(unsafe { libc::fcntl(fd, libc::F_DUPFD_CLOEXEC, at_least) })
}

pub(crate) fn set_open_files_limit(soft: u64, hard: u64) -> Sys<()> {
    let limit = libc::rlimit {
        rlim_cur: soft as libc::rlim_t,
        rlim_max: hard as libc::rlim_t,
    };
    // SAFETY: `limit` lives through the call, which only reads it.
    checked(unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &limit) }).map(drop)
}
