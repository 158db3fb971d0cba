//! The process: signals, memory, the configuration file, randomness.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};

use rotom_core::platform::{Allocator, Crash, Fd, Host, IoError, Signal, Usage};

use crate::{Wake, syscall, to_io_error, to_std_error};

/// This process, as the engine sees it.
#[derive(Debug)]
pub struct LinuxHost {
    wake: Wake,
    stopper: Stopper,
    catches_signals: bool,
    allocated: fn() -> usize,
    give_back_slice: fn() -> bool,
    allocator: Option<fn() -> Allocator>,
    config_path: Option<PathBuf>,
}

impl LinuxHost {
    /// A host that asks `allocated` for the bytes handed out by the allocator, and whose configuration file is
    /// at `config_path`. The path is made absolute, for a program may change its folder later.
    pub fn new(allocated: fn() -> usize, config_path: Option<PathBuf>) -> io::Result<Self> {
        let wake = Wake::new()?;
        Ok(LinuxHost {
            stopper: Stopper {
                wish: Arc::new(AtomicI32::new(0)),
                wake: wake.clone(),
            },
            wake,
            catches_signals: false,
            allocated,
            give_back_slice: || false,
            allocator: None,
            config_path: config_path.map(std::path::absolute).transpose()?,
        })
    }

    /// Has the loop call `slice` to give freed memory back to the system; see [`Host::give_back_slice`].
    pub fn give_back_with(&mut self, slice: fn() -> bool) {
        self.give_back_slice = slice;
    }

    /// Asks `allocator` for what is held beside the bytes handed out; see [`Host::allocator`].
    pub fn measure_with(&mut self, allocator: fn() -> Allocator) {
        self.allocator = Some(allocator);
    }

    /// What wakes the loop; [`crate::LinuxStorage`] wants it for the end of a sync.
    pub fn wake(&self) -> Wake {
        self.wake.clone()
    }

    /// A handle with which another thread ends the engine.
    pub fn stopper(&self) -> Stopper {
        self.stopper.clone()
    }

    /// Has SIGTERM and SIGINT of this process wake this host, and ignores SIGPIPE and SIGHUP. The latest host
    /// that calls it gets the signals.
    pub fn catch_signals(&mut self) -> io::Result<()> {
        // The handler may run at any time from now on, so this eventfd stays open for good.
        std::mem::forget(self.wake.clone());
        HANDLER_WAKE_FD.store(self.wake.fd().0, Ordering::SeqCst);
        self.catches_signals = true;
        for signal in [libc::SIGTERM, libc::SIGINT] {
            syscall::handle_signal(signal, note_signal).map_err(to_std_error)?;
        }
        for signal in [libc::SIGPIPE, libc::SIGHUP] {
            syscall::ignore_signal(signal).map_err(to_std_error)?;
        }
        Ok(())
    }
}

/// Ends an engine from another thread.
#[derive(Clone, Debug)]
pub struct Stopper {
    wish: Arc<AtomicI32>,
    wake: Wake,
}

impl Stopper {
    /// Acts like a SIGTERM for this one host.
    pub fn stop(&self) {
        self.wish.store(libc::SIGTERM, Ordering::SeqCst);
        self.wake.fire();
    }
}

/// Which eventfd the signal handler fires; -1 until a host catches signals.
static HANDLER_WAKE_FD: AtomicI32 = AtomicI32::new(-1);
/// The number of the signal that came last and was not taken yet; 0 for none.
static PENDING_SIGNAL: AtomicI32 = AtomicI32::new(0);

/// Async-signal-safe: two atomics, a `write`, perhaps `_exit`.
extern "C" fn note_signal(signal: libc::c_int) {
    let untaken = PENDING_SIGNAL.swap(signal, Ordering::SeqCst);
    if signal == libc::SIGINT && untaken == libc::SIGINT {
        // The loop has not even seen the first Ctrl-C: the user insists.
        syscall::exit_at_once(1);
    }
    syscall::fire_eventfd(HANDLER_WAKE_FD.load(Ordering::SeqCst));
}

impl Host for LinuxHost {
    fn wake_fd(&self) -> Option<Fd> {
        Some(self.wake.fd())
    }

    fn drain_wake(&mut self) {
        self.wake.drain();
    }

    fn take_signal(&mut self) -> Option<Signal> {
        let mut signal = self.stopper.wish.swap(0, Ordering::SeqCst);
        if signal == 0 && self.catches_signals {
            signal = PENDING_SIGNAL.swap(0, Ordering::SeqCst);
        }
        match signal {
            libc::SIGTERM => Some(Signal::Terminate),
            libc::SIGINT => Some(Signal::Interrupt),
            _ => None,
        }
    }

    fn usage(&self) -> Usage {
        let times = |who| {
            syscall::resource_usage(who)
                .map(|usage| (to_us(usage.ru_stime), to_us(usage.ru_utime)))
                .unwrap_or_default()
        };
        let (cpu_system_us, cpu_user_us) = times(libc::RUSAGE_SELF);
        let (loop_system_us, loop_user_us) = times(libc::RUSAGE_THREAD);
        Usage {
            cpu_system_us,
            cpu_user_us,
            loop_system_us,
            loop_user_us,
            resident_bytes: resident_bytes().unwrap_or(0),
            total_system_bytes: syscall::total_memory_bytes().unwrap_or(0),
        }
    }

    fn allocated_bytes(&self) -> usize {
        (self.allocated)()
    }

    fn allocator(&self) -> Allocator {
        let bytes = self.allocated_bytes();
        let unknown = Allocator {
            active_bytes: bytes,
            resident_bytes: bytes,
        };
        self.allocator.map_or(unknown, |ask| ask())
    }

    fn give_back_slice(&mut self) -> bool {
        (self.give_back_slice)()
    }

    fn rewrite_config(&mut self, rewrite: &mut dyn FnMut(&str) -> String) -> Result<(), IoError> {
        let path = self.config_path.as_deref().ok_or(IoError::NOT_FOUND)?;
        rewrite_file(path, rewrite).map_err(to_io_error)
    }

    fn read_file(&mut self, path: &str) -> Result<Vec<u8>, IoError> {
        fs::read(path).map_err(to_io_error)
    }

    fn replace_file(&mut self, path: &str, bytes: &[u8]) -> Result<(), IoError> {
        // A link to nowhere is replaced itself.
        let path = fs::canonicalize(path).or_else(|_| std::path::absolute(path));
        let outcome = path.and_then(|path| replace_file(&path, bytes));
        outcome.map_err(to_io_error)
    }

    fn sleep(&mut self, us: u64) {
        std::thread::sleep(std::time::Duration::from_micros(us));
    }

    fn allow_open_files(&mut self, wanted: u64) -> u64 {
        crate::process::raise_open_files(wanted)
    }

    fn crash(&mut self, how: Crash) {
        match how {
            Crash::Segfault => syscall::use_missing_memory(),
            #[allow(clippy::panic, reason = "somebody has asked for it")]
            Crash::Panic => panic!("asked for by DEBUG PANIC"),
        }
    }

    fn fill_random(&mut self, into: &mut [u8]) {
        let mut done = 0;
        while done < into.len() {
            match syscall::random(&mut into[done..]) {
                Ok(count) => done += count,
                Err(IoError(libc::EINTR)) => {}
                // No getrandom (a kernel before 3.17, a sandbox): the device is the same source.
                Err(_) => {
                    let read = File::open("/dev/urandom")
                        .and_then(|mut f| f.read_exact(&mut into[done..]));
                    assert!(read.is_ok(), "this machine has no source of randomness");
                    return;
                }
            }
        }
    }
}

fn to_us(time: libc::timeval) -> u64 {
    time.tv_sec as u64 * 1_000_000 + time.tv_usec as u64
}

/// The second number of `/proc/self/statm` is the resident pages.
fn resident_bytes() -> Option<u64> {
    let mut text = [0; 128];
    let len = File::open("/proc/self/statm").ok()?.read(&mut text).ok()?;
    let mut numbers = std::str::from_utf8(&text[..len]).ok()?.split(' ');
    let pages: u64 = numbers.nth(1)?.parse().ok()?;
    Some(pages * syscall::page_bytes())
}

/// Replaces a text file so that a crash at any moment leaves the old or the new text. Through a symbolic
/// link, what it points to is replaced; the file's mode stays.
fn rewrite_file(path: &Path, rewrite: &mut dyn FnMut(&str) -> String) -> io::Result<()> {
    let path = fs::canonicalize(path)?;
    let new_text = rewrite(&fs::read_to_string(&path)?);
    replace_file(&path, new_text.as_bytes())
}

/// Puts bytes in a file's place; its mode stays. The path is absolute and no link.
fn replace_file(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut temporary = path.to_path_buf().into_os_string();
    temporary.push(format!(".tmp-{}", std::process::id()));
    let temporary = PathBuf::from(temporary);
    let outcome = write_and_rename(&temporary, path, bytes);
    if outcome.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    outcome
}

fn write_and_rename(temporary: &Path, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create(temporary)?;
    match fs::metadata(path) {
        Ok(old) => file.set_permissions(old.permissions())?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(temporary, path)?;
    File::open(path.parent().unwrap_or(Path::new("/")))?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::tests::Folder;
    use std::os::unix::fs::PermissionsExt;
    use std::process::Command;

    fn host(config_path: Option<PathBuf>) -> LinuxHost {
        LinuxHost::new(|| 4321, config_path).unwrap()
    }

    #[test]
    fn usage_and_randomness_are_plausible() {
        let mut host = host(None);
        let usage = host.usage();
        assert!((1 << 20..1 << 40).contains(&usage.resident_bytes));
        assert!(usage.total_system_bytes > usage.resident_bytes);
        assert_eq!(host.allocated_bytes(), 4321);
        let (mut one, mut two) = ([0; 300], [0; 300]);
        host.fill_random(&mut one);
        host.fill_random(&mut two);
        assert_ne!(one, two);
        assert!(one.iter().filter(|&&byte| byte == 0).count() < 30);
    }

    #[test]
    fn a_stopper_wakes_its_own_host_once() {
        let (mut host, mut other) = (host(None), host(None));
        host.stopper().stop();
        assert_eq!(other.take_signal(), None);
        assert_eq!(host.take_signal(), Some(Signal::Terminate));
        assert_eq!(host.take_signal(), None);
    }

    #[test]
    fn a_config_file_is_replaced_as_a_whole() {
        let folder = Folder::new("config");
        let (path, link) = (folder.path().join("rotom.conf"), folder.path().join("link"));
        fs::write(&path, "port 1\n").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        std::os::unix::fs::symlink(&path, &link).unwrap();
        let mut host = host(Some(link.clone()));
        let outcome = host.rewrite_config(&mut |old| {
            assert_eq!(old, "port 1\n");
            "port 2\n".to_owned()
        });
        assert_eq!(outcome, Ok(()));
        assert_eq!(fs::read_to_string(&path).unwrap(), "port 2\n");
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o640);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }

    #[test]
    fn no_config_file_is_not_found() {
        let mut echo = |old: &str| old.to_owned();
        assert_eq!(
            host(None).rewrite_config(&mut echo),
            Err(IoError::NOT_FOUND)
        );
        let nowhere = Some(PathBuf::from("/nonexistent/rotom.conf"));
        assert_eq!(
            host(nowhere).rewrite_config(&mut echo),
            Err(IoError::NOT_FOUND)
        );
    }

    /// Runs in a process of its own, for signals reach the whole process.
    #[test]
    fn signals_are_taken_once_and_two_untaken_interrupts_end_the_process() {
        const CHILD: &str = "ROTOM_TEST_SIGNALS";
        if std::env::var_os(CHILD).is_none() {
            let status = Command::new(std::env::current_exe().unwrap())
                .args(["--exact", "--nocapture"])
                .arg("host::tests::signals_are_taken_once_and_two_untaken_interrupts_end_the_process")
                .env(CHILD, "1")
                .status();
            assert_eq!(status.unwrap().code(), Some(1));
            return;
        }
        let mut host = host(None);
        host.catch_signals().unwrap();
        for (signal, wanted) in [
            (libc::SIGTERM, Some(Signal::Terminate)),
            (libc::SIGINT, Some(Signal::Interrupt)),
            (libc::SIGHUP, None),
            (libc::SIGPIPE, None),
            (libc::SIGINT, Some(Signal::Interrupt)),
        ] {
            syscall::raise(signal);
            let is_fired = host.wake.is_fired();
            let taken = host.take_signal();
            if taken != wanted || is_fired != wanted.is_some() || host.take_signal().is_some() {
                syscall::exit_at_once(2);
            }
            host.drain_wake();
        }
        syscall::raise(libc::SIGINT);
        syscall::raise(libc::SIGINT);
        syscall::exit_at_once(3);
    }

    impl Wake {
        fn is_fired(&self) -> bool {
            use crate::LinuxPoller;
            use rotom_core::platform::{Interest, Poller, Readiness, Token};
            let mut poller = LinuxPoller::new().unwrap();
            let want = Interest {
                readable: true,
                writable: false,
            };
            poller.register(self.fd(), Token(0), want).unwrap();
            let blank = Readiness {
                token: Token(0),
                readable: false,
                writable: false,
            };
            poller.wait(&mut [blank], Some(1_000)) == Ok(1)
        }
    }
}
