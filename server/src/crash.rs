#![allow(
    unsafe_code,
    reason = "signal handlers, and a look at the engine from one"
)]
//! The report of a crash: what happened, where, and what the server was doing, without any of its users' data.
//!
//! It goes to the log. Then the signal does what it does by itself: it ends the process, with a core file if the system makes
//! such, so that a supervisor sees the true reason. A panic is reported in the same way and ends in SIGABRT.
//!
//! A process that crashes cannot be trusted: whatever goes wrong while the report is written ends it at once, and so does
//! `REPORT_SECONDS`. What is certain is written first, and without memory being asked for.

use crate::tls::ServerPlatform;
use rotom_core::engine::Engine;
use std::backtrace::Backtrace;
use std::ffi::CString;
use std::fmt::{self, Write};
use std::panic::PanicHookInfo;
use std::path::Path;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicPtr, Ordering};

/// What is reported. A process may also be sent these, to see where it hangs.
const SIGNALS: [(libc::c_int, &str); 5] = [
    (libc::SIGSEGV, "SIGSEGV"),
    (libc::SIGBUS, "SIGBUS"),
    (libc::SIGFPE, "SIGFPE"),
    (libc::SIGILL, "SIGILL"),
    (libc::SIGABRT, "SIGABRT"),
];
/// How long a report may take.
const REPORT_SECONDS: libc::c_uint = 10;
/// The handler's own stack, since the process's may be used up.
const STACK_BYTES: usize = 512 * 1024;

/// The engine, while it runs, and the thread that runs it.
static ENGINE: AtomicPtr<Engine<ServerPlatform>> = AtomicPtr::new(std::ptr::null_mut());
static ENGINE_THREAD: AtomicI32 = AtomicI32::new(0);
/// One crash leads to others; the first is told.
static IS_REPORTED: AtomicBool = AtomicBool::new(false);
/// The log's file; none: standard output.
static LOG_FILE: OnceLock<Option<CString>> = OnceLock::new();

/// Has crashes of this process reported to a log file, or to standard output if `logfile` is empty.
pub fn report_to(logfile: &str) {
    let path = std::path::absolute(Path::new(logfile)).ok();
    let path = path.filter(|_| !logfile.is_empty());
    let path = path.and_then(|path| CString::new(path.into_os_string().into_encoded_bytes()).ok());
    LOG_FILE.set(path).ok();
    std::panic::set_hook(Box::new(report_panic));
    give_stack();
    for (signal, _) in SIGNALS {
        handle(signal);
    }
}

/// Names the engine whose state a report tells. It must stay where it is until the process ends; this is its thread.
pub fn watch(engine: &mut Engine<ServerPlatform>) {
    // SAFETY: no memory is passed.
    let thread = unsafe { libc::gettid() };
    ENGINE_THREAD.store(thread, Ordering::SeqCst);
    ENGINE.store(engine, Ordering::SeqCst);
}

/// Gives this thread a stack for its signal handlers.
fn give_stack() {
    let stack: &'static mut [u8] = Box::leak(vec![0; STACK_BYTES].into_boxed_slice());
    let wanted = libc::stack_t {
        ss_sp: stack.as_mut_ptr().cast(),
        ss_flags: 0,
        ss_size: stack.len(),
    };
    // SAFETY: the stack is leaked, so nobody else uses it, ever.
    let _smaller_one_is_left = unsafe { libc::sigaltstack(&wanted, std::ptr::null_mut()) };
}

fn handle(signal: libc::c_int) {
    // SAFETY: (1) zero is a valid action (default, no flags, an empty mask); (2) the handler takes what SA_SIGINFO hands over.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = report_signal as *const () as usize;
        // Once: what happens within the report has the signal's own effect.
        action.sa_flags =
            libc::SA_SIGINFO | libc::SA_ONSTACK | libc::SA_RESETHAND | libc::SA_NODEFER;
        libc::sigaction(signal, &action, std::ptr::null_mut());
    }
}

/// The handler. It does more than one may; the module says why that is as good as it gets.
extern "C" fn report_signal(
    signal: libc::c_int,
    info: *mut libc::siginfo_t,
    _context: *mut libc::c_void,
) {
    if !IS_REPORTED.swap(true, Ordering::SeqCst) && is_wanted() {
        let mut out = begin();
        let name = SIGNALS.iter().find(|(number, _)| *number == signal);
        let name = name.map_or("?", |(_, name)| name);
        // SAFETY: the kernel hands over a filled `siginfo_t`, of which these signals have the address or the sender.
        let (code, address, pid) =
            unsafe { ((*info).si_code, (*info).si_addr(), (*info).si_pid()) };
        let _ = writeln!(
            out,
            "Rotom {VERSION} crashed by signal: {signal} ({name}), si_code: {code}"
        );
        let _ = match code {
            // Somebody has sent it.
            ..=0 => writeln!(out, "Sent by process {pid}"),
            _ => writeln!(out, "Accessing address: {address:p}"),
        };
        finish(&mut out);
    }
    // SAFETY: no memory is passed. The handler is gone already, so the signal ends the process.
    unsafe { libc::raise(signal) };
}

/// A panic's text may be made of data; only one that is part of the program is shown.
fn report_panic(info: &PanicHookInfo<'_>) {
    if !IS_REPORTED.swap(true, Ordering::SeqCst) && is_wanted() {
        let mut out = begin();
        let _ = writeln!(out, "Rotom {VERSION} panicked");
        if let Some(place) = info.location() {
            let _ = writeln!(
                out,
                "At {}:{}:{}",
                place.file(),
                place.line(),
                place.column()
            );
        }
        if let Some(text) = info.payload().downcast_ref::<&'static str>() {
            let _ = writeln!(out, "Saying: {text}");
        }
        finish(&mut out);
    }
    std::process::abort();
}

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Whether `crash-log-enabled` says so.
fn is_wanted() -> bool {
    engine().is_none_or(|engine| engine.wants_crash_log())
}

/// The engine, if this is its thread.
fn engine() -> Option<&'static Engine<ServerPlatform>> {
    // SAFETY: no memory is passed.
    let thread = unsafe { libc::gettid() };
    let engine = ENGINE.load(Ordering::SeqCst);
    if engine.is_null() || thread != ENGINE_THREAD.load(Ordering::SeqCst) {
        return None;
    }
    // SAFETY: it stays where it is until the process ends, and its thread is this one. It may be in the middle of a change;
    // the process ends after this look, whatever it sees.
    Some(unsafe { &*engine })
}

fn begin() -> Report {
    // SAFETY: no memory is passed; SIGALRM has its own effect, which ends the process.
    unsafe { libc::alarm(REPORT_SECONDS) };
    let mut out = Report::open();
    let start = "=== ROTOM BUG REPORT START: Cut & paste starting from here ===";
    let _ = writeln!(out, "\n\n{start}");
    out
}

fn finish(out: &mut Report) {
    let used_memory = crate::allocator::allocated();
    let _ = writeln!(out, "\n------ STACK TRACE ------");
    let _ = writeln!(out, "{}", Backtrace::force_capture());
    let _ = writeln!(out, "------ STATE OF THE LOOP ------");
    match engine() {
        Some(engine) => drop(engine.describe_crash(used_memory, out)),
        None => drop(writeln!(
            out,
            "The crash was not in the loop's thread, or before it began."
        )),
    }
    let end = "=== ROTOM BUG REPORT END. Make sure to include from START to END. ===";
    let _ = writeln!(out, "\n{end}\n");
}

/// Where a report goes; writing to it asks for no memory.
struct Report {
    fd: libc::c_int,
}

impl Report {
    fn open() -> Report {
        let mut fd = 1;
        if let Some(Some(path)) = LOG_FILE.get() {
            let flags = libc::O_WRONLY | libc::O_APPEND | libc::O_CREAT | libc::O_CLOEXEC;
            // SAFETY: the path ends in a zero and lives as long as the process.
            let opened = unsafe { libc::open(path.as_ptr(), flags, 0o644) };
            fd = if opened < 0 { 2 } else { opened };
        }
        Report { fd }
    }
}

impl Write for Report {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut rest = text.as_bytes();
        while !rest.is_empty() {
            // SAFETY: `rest` is read for its length.
            let count = unsafe { libc::write(self.fd, rest.as_ptr().cast(), rest.len()) };
            let count = usize::try_from(count).map_err(|_| fmt::Error)?;
            rest = &rest[count.min(rest.len())..];
            if count == 0 {
                return Err(fmt::Error);
            }
        }
        Ok(())
    }
}
