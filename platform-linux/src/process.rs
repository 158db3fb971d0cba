//! What a program does once, at its start.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::AsRawFd;
use std::path::Path;

use crate::{syscall, to_std_error};

/// Tries to allow this process `wanted` open files, and returns how many it may have now: `wanted` or more,
/// or as many as the hard limit lets it.
pub fn raise_open_files(wanted: u64) -> u64 {
    let Ok((soft, hard)) = syscall::open_files_limit() else {
        return 0;
    };
    if soft >= wanted {
        return soft;
    }
    // A privileged process may raise the hard limit too.
    for (soft, hard) in [(wanted, hard.max(wanted)), (wanted.min(hard), hard)] {
        if syscall::set_open_files_limit(soft, hard).is_ok() {
            return soft;
        }
    }
    soft
}

/// Most descriptors for which room is made ahead: half a megabyte of the kernel's.
const DESCRIPTORS_MADE_READY: u64 = 1 << 16;

/// Has the kernel make its table of this process's descriptors as large as `wanted` of them need. It grows by itself, but in a
/// process with threads each time takes some ten milliseconds, which those wait for who connect just then. Call before
/// any thread is started.
pub fn make_descriptors_ready(wanted: u64) {
    let greatest = wanted.min(DESCRIPTORS_MADE_READY).saturating_sub(1) as i32;
    // Whatever is wrong will be told where descriptors are needed.
    if let Ok(file) = File::open("/dev/null")
        && let Ok(fd) = syscall::duplicate_from(file.as_raw_fd(), greatest)
    {
        syscall::close(fd);
    }
}

/// Goes on in a child process in the background: no terminal, nothing on the three standard streams. The
/// calling process ends with success. Call before any thread is started.
pub fn daemonize() -> io::Result<()> {
    if !syscall::fork().map_err(to_std_error)? {
        syscall::exit_at_once(0);
    }
    syscall::set_session().map_err(to_std_error)?;
    let nothing = OpenOptions::new()
        .read(true)
        .write(true)
        .open("/dev/null")?;
    put_on(&nothing, &[0, 1, 2])
}

/// Stops this process until somebody lets it go on (SIGCONT): what Upstart takes for being ready.
pub fn stop() {
    syscall::raise(libc::SIGSTOP);
}

/// Has standard output and standard error appended to the file at `path`.
pub fn redirect_output_to(path: &Path) -> io::Result<()> {
    let log = OpenOptions::new().create(true).append(true).open(path)?;
    put_on(&log, &[1, 2])
}

fn put_on(file: &File, streams: &[i32]) -> io::Result<()> {
    for &stream in streams {
        syscall::duplicate(file.as_raw_fd(), stream).map_err(to_std_error)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::tests::Folder;
    use std::process::Command;
    use std::time::{Duration, Instant};

    /// Starts this test binary again to run one test with `key` set to `value`.
    fn rerun(test: &str, key: &str, value: &Path) -> std::process::Output {
        Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "--nocapture"])
            .arg(format!("process::tests::{test}"))
            .env(key, value)
            .output()
            .unwrap()
    }

    #[test]
    fn the_open_files_limit_is_kept_or_raised_to_what_is_allowed() {
        let (soft, hard) = syscall::open_files_limit().unwrap();
        assert_eq!(raise_open_files(1), soft);
        let got = raise_open_files(hard);
        assert_eq!(got, hard);
        assert_eq!(syscall::open_files_limit().unwrap().0, hard);
    }

    #[test]
    fn output_goes_to_the_end_of_a_log_file() {
        const KEY: &str = "ROTOM_TEST_LOG";
        if let Some(path) = std::env::var_os(KEY) {
            redirect_output_to(Path::new(&path)).unwrap();
            println!("to the log");
            eprintln!("this too");
            return;
        }
        let folder = Folder::new("log");
        let path = folder.path().join("log");
        std::fs::write(&path, "before\n").unwrap();
        let output = rerun("output_goes_to_the_end_of_a_log_file", KEY, &path);
        assert!(output.status.success());
        let log = std::fs::read_to_string(&path).unwrap();
        assert!(log.starts_with("before\n"), "{log}");
        assert!(
            log.contains("to the log\n") && log.contains("this too\n"),
            "{log}"
        );
    }

    #[test]
    fn a_daemon_outlives_its_starter_and_is_silent() {
        const KEY: &str = "ROTOM_TEST_DAEMON";
        if let Some(path) = std::env::var_os(KEY) {
            daemonize().unwrap();
            println!("nobody hears this");
            let done = std::fs::write(path, std::process::id().to_string());
            syscall::exit_at_once(done.is_err().into());
        }
        let folder = Folder::new("daemon");
        let path = folder.path().join("pid");
        let output = rerun("a_daemon_outlives_its_starter_and_is_silent", KEY, &path);
        assert!(output.status.success());
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(!said.contains("nobody hears this"), "{said}");
        let give_up = Instant::now() + Duration::from_secs(10);
        while std::fs::read_to_string(&path)
            .unwrap_or_default()
            .is_empty()
        {
            assert!(Instant::now() < give_up, "the daemon never wrote its file");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}
