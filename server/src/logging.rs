#![allow(unsafe_code, reason = "local time comes from the C library")]
//! The log.
//!
//! A terminal, a pipe or a supervisor gets lines from simple_logger. A file, named by `logfile` or given as standard
//! output, gets Redis's line format, `1234:M 22 Nov 2026 12:10:51.421 * message`, written here: simple_logger panics
//! when a line cannot be written, and a full disk must not end the server. For the same reason a line is given up when
//! the reader of the pipe is gone. As in Redis, a log file is opened for each line, so it can be moved away at any time.

use log::{Level, LevelFilter, Log, Metadata, Record};
use rotom_core::settings::LogLevel;
use simple_logger::SimpleLogger;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::mem::MaybeUninit;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// Starts logging, once in a process. `logfile` empty means standard output. Fails when the file cannot be
/// opened.
pub fn start(logfile: &str, level: LogLevel) -> io::Result<()> {
    let path = (!logfile.is_empty())
        .then(|| std::path::absolute(logfile))
        .transpose()?;
    path.as_deref().map(open).transpose()?;
    let sink = match path {
        Some(path) => Sink::File(path),
        None if output_is_file() => Sink::Output,
        None => Sink::Console(SimpleLogger::new().with_level(LevelFilter::Trace)),
    };
    let logger: &'static ServerLog = Box::leak(Box::new(ServerLog { sink }));
    // A second start keeps the first log, and changes its level.
    log::set_logger(logger).ok();
    set_level(level);
    Ok(())
}

/// Changes what is logged, at start and after CONFIG SET.
pub fn set_level(level: LogLevel) {
    log::set_max_level(level.filter());
}

/// Where lines go.
enum Sink {
    /// A file, opened for each line.
    File(PathBuf),
    /// Standard output is a file.
    Output,
    /// Standard output is a terminal, a pipe or a socket.
    Console(SimpleLogger),
}

struct ServerLog {
    sink: Sink,
}

impl Log for ServerLog {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.level() <= log::max_level()
    }

    fn log(&self, record: &Record<'_>) {
        if !self.enabled(record.metadata()) {
            return;
        }
        // Nobody can be told that the log cannot be written.
        match &self.sink {
            Sink::File(path) => open(path)
                .and_then(|mut file| file.write_all(line_of(record).as_bytes()))
                .ok(),
            Sink::Output => write_out(line_of(record).as_bytes()).ok(),
            Sink::Console(logger) => output_has_reader().then(|| logger.log(record)),
        };
    }

    fn flush(&self) {}
}

/// A record as a line in Redis's format.
fn line_of(record: &Record<'_>) -> String {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let pid = std::process::id();
    let mark = mark(record.level());
    format!("{pid}:M {} {mark} {}\n", time_text(now), record.args())
}

/// Whether standard output is a regular file.
fn output_is_file() -> bool {
    std::fs::metadata("/proc/self/fd/1").is_ok_and(|found| found.is_file())
}

/// Whether somebody can still read what is written to standard output.
fn output_has_reader() -> bool {
    let mut poll = libc::pollfd {
        fd: 1,
        events: libc::POLLOUT,
        revents: 0,
    };
    // SAFETY: the pointer is to one live pollfd, and the call waits for nothing.
    let found = unsafe { libc::poll(&mut poll, 1, 0) };
    let gone = libc::POLLERR | libc::POLLHUP | libc::POLLNVAL;
    found >= 0 && poll.revents & gone == 0
}

/// Writes to standard output and flushes.
fn write_out(bytes: &[u8]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(bytes)?;
    out.flush()
}

fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().append(true).create(true).open(path)
}

/// Redis's mark of a level.
fn mark(level: Level) -> char {
    match level {
        Level::Error | Level::Warn => '#',
        Level::Info => '*',
        Level::Debug => '-',
        Level::Trace => '.',
    }
}

/// Local time as in `22 Nov 2026 12:10:51.421`.
fn time_text(since_epoch: Duration) -> String {
    let time = local_time(since_epoch.as_secs());
    let month = usize::try_from(time.tm_mon)
        .ok()
        .and_then(|month| MONTHS.get(month));
    format!(
        "{:02} {} {} {:02}:{:02}:{:02}.{:03}",
        time.tm_mday,
        month.unwrap_or(&"???"),
        1900 + time.tm_year,
        time.tm_hour,
        time.tm_min,
        time.tm_sec,
        since_epoch.subsec_millis()
    )
}

fn local_time(seconds: u64) -> libc::tm {
    let seconds = libc::time_t::try_from(seconds).unwrap_or(0);
    let mut time = MaybeUninit::<libc::tm>::zeroed();
    // SAFETY: (1) both pointers are to live locals, and localtime_r keeps neither; (2) `tm` is numbers
    // and a pointer that may be null, so it is initialised when zeroed, even if the call fails.
    unsafe {
        libc::localtime_r(&seconds, time.as_mut_ptr());
        time.assume_init()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;

    #[test]
    fn lines_look_like_those_of_redis() {
        let scratch = Scratch::new();
        let path = scratch.path("log");
        let logfile = path.to_str().unwrap();
        start(logfile, LogLevel::Notice).unwrap();
        log::info!("line one");
        log::debug!("line hidden");
        set_level(LogLevel::Verbose);
        log::debug!("line two");
        log::warn!("line three");
        std::fs::rename(&path, scratch.path("moved")).unwrap();
        log::info!("line four");
        let moved = std::fs::read_to_string(scratch.path("moved")).unwrap();
        // Other tests may log at the same time.
        let ours = |words: &Vec<&str>| words.get(6) == Some(&"line");
        let words = moved.lines().map(|line| line.split(' ').collect());
        let lines: Vec<Vec<&str>> = words.filter(ours).collect();
        let ends: Vec<String> = lines.iter().map(|words| words[5..].join(" ")).collect();
        assert_eq!(ends, ["* line one", "- line two", "# line three"]);
        assert_eq!(lines[0][0], format!("{}:M", std::process::id()));
        assert!(
            MONTHS.contains(&lines[0][2]) && lines[0][4].len() == "12:10:51.421".len(),
            "{moved}"
        );
        let log = std::fs::read_to_string(&path).unwrap();
        assert!(log.contains(" * line four\n"), "{log}");
        // A log that cannot be written any more harms nothing.
        drop(scratch);
        log::info!("line five");
    }

    #[test]
    fn a_log_file_that_cannot_be_opened_is_an_error() {
        assert!(start("/nowhere/log", LogLevel::Notice).is_err());
    }

    #[test]
    fn times_are_real_days() {
        let text = time_text(Duration::from_millis(1_700_000_000_042));
        assert!(
            text.contains(" Nov 2023 ") && text.ends_with(":20.042"),
            "{text}"
        );
    }
}
