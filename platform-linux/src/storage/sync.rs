//! Syncs on one helper thread, so that the loop never sleeps in `fdatasync`.
//!
//! ```text
//!          request             helper takes it          request
//!  Idle ------------> Queued ------------------> Running ------------> RunningAgain
//!   ^                    ^                          |                       |
//!   |                    +------ back in line ------|-----------------------+
//!   +------------- durable_len or failure ----------+
//! ```
//!
//! The helper also closes: the last close of a file that was removed frees its blocks, which takes long if
//! they are many.
//!
//! The helper owns a share of the file, so a file may be dropped at any time. A failed sync is final for its
//! file: the kernel may have dropped the pages that it could not write, and a later `fdatasync` would say
//! that all is well. So `durable_len` never grows again, and every further sync is refused.

use std::collections::VecDeque;
use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use rotom_core::platform::IoError;

use crate::{Wake, to_io_error};

/// The helper thread. Dropping this lets it finish what is in line, and waits for it.
#[derive(Debug)]
pub(super) struct Syncer {
    queue: Arc<Queue>,
    thread: Option<JoinHandle<()>>,
}

impl Syncer {
    pub(super) fn start(wake: Wake) -> io::Result<Self> {
        let queue = Arc::new(Queue::default());
        let theirs = queue.clone();
        let thread = std::thread::Builder::new()
            .name("rotom-sync".to_owned())
            .spawn(move || run(&theirs, &wake))?;
        Ok(Syncer {
            queue,
            thread: Some(thread),
        })
    }

    pub(super) fn queue(&self) -> Arc<Queue> {
        self.queue.clone()
    }
}

impl Drop for Syncer {
    fn drop(&mut self) {
        lock(&self.queue.line).is_closing = true;
        self.queue.changed.notify_one();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// What waits for the helper.
#[derive(Debug, Default)]
pub(super) struct Queue {
    line: Mutex<Line>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Line {
    jobs: VecDeque<Job>,
    is_closing: bool,
}

#[derive(Debug)]
enum Job {
    Sync(Arc<SyncedFile>),
    Close(#[expect(dead_code, reason = "held for its drop")] ToClose),
}

/// A share of an open file whose end may be slow.
#[derive(Debug)]
pub(super) enum ToClose {
    Shared(#[expect(dead_code, reason = "held for its drop")] Arc<SyncedFile>),
    File(#[expect(dead_code, reason = "held for its drop")] File),
}

impl Queue {
    /// Puts a file in line; when the storage is gone, and the helper with it, it is synced here and now.
    pub(super) fn push(&self, file: Arc<SyncedFile>) {
        let mut line = lock(&self.line);
        if line.is_closing {
            drop(line);
            file.run_sync();
        } else {
            line.jobs.push_back(Job::Sync(file));
            self.changed.notify_one();
        }
    }

    /// Has the helper close a file; when it is gone, that happens here and now.
    pub(super) fn push_close(&self, file: ToClose) {
        let mut line = lock(&self.line);
        if !line.is_closing {
            line.jobs.push_back(Job::Close(file));
            self.changed.notify_one();
        }
    }

    /// The helper's own way to put a file in line again, closing or not.
    fn push_again(&self, file: Arc<SyncedFile>) {
        lock(&self.line).jobs.push_back(Job::Sync(file));
    }

    /// The next job in line, waiting for one; `None` when the storage is gone and the line is empty.
    fn pop(&self) -> Option<Job> {
        let mut line = lock(&self.line);
        loop {
            match line.jobs.pop_front() {
                Some(job) => return Some(job),
                None if line.is_closing => return None,
                None => {
                    let woken = self.changed.wait(line);
                    line = woken.unwrap_or_else(PoisonError::into_inner);
                }
            }
        }
    }
}

fn run(queue: &Queue, wake: &Wake) {
    while let Some(job) = queue.pop() {
        let Job::Sync(file) = job else {
            continue;
        };
        if file.run_sync() {
            queue.push_again(file);
        }
        wake.fire();
    }
}

/// The part of an open file that loop and helper share.
#[derive(Debug)]
pub(super) struct SyncedFile {
    file: File,
    progress: Mutex<Progress>,
    settled: Condvar,
}

#[derive(Debug)]
struct Progress {
    phase: Phase,
    /// The length when the sync was requested last; all of it was written before.
    wanted_len: u64,
    durable_len: u64,
    /// The folder whose entry for this file is not durable yet.
    new_in: Option<PathBuf>,
    failure: Option<IoError>,
    is_failure_reported: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Idle,
    Queued,
    Running,
    RunningAgain,
}

impl SyncedFile {
    pub(super) fn new(file: File, new_in: Option<PathBuf>) -> Self {
        SyncedFile {
            file,
            progress: Mutex::new(Progress {
                phase: Phase::Idle,
                wanted_len: 0,
                durable_len: 0,
                new_in,
                failure: None,
                is_failure_reported: false,
            }),
            settled: Condvar::new(),
        }
    }

    pub(super) fn file(&self) -> &File {
        &self.file
    }

    /// Notes that the first `len` bytes are to be made durable; `true` when the file must get in line for it.
    pub(super) fn request(&self, len: u64) -> Result<bool, IoError> {
        let mut progress = lock(&self.progress);
        if let Some(failure) = progress.failure {
            return Err(failure);
        }
        progress.wanted_len = len;
        let (next, gets_in_line) = match progress.phase {
            Phase::Idle => (Phase::Queued, true),
            Phase::Queued => (Phase::Queued, false),
            Phase::Running | Phase::RunningAgain => (Phase::RunningAgain, false),
        };
        progress.phase = next;
        Ok(gets_in_line)
    }

    /// Notes that the file has a name that is not durable yet.
    pub(super) fn renamed_into(&self, folder: PathBuf) {
        let mut progress = lock(&self.progress);
        (progress.new_in, progress.durable_len) = (Some(folder), 0);
    }

    pub(super) fn durable_len(&self) -> Result<u64, IoError> {
        let mut progress = lock(&self.progress);
        match progress.failure {
            Some(failure) if !progress.is_failure_reported => {
                progress.is_failure_reported = true;
                Err(failure)
            }
            _ => Ok(progress.durable_len),
        }
    }

    /// Syncs on the calling thread, after what the helper has begun: of two syncs at once the kernel would
    /// report an error to one only.
    pub(super) fn sync_now(&self, len: u64) -> Result<(), IoError> {
        let mut progress = lock(&self.progress);
        while progress.phase != Phase::Idle {
            let woken = self.settled.wait(progress);
            progress = woken.unwrap_or_else(PoisonError::into_inner);
        }
        if progress.failure.is_none() {
            let outcome = self.make_durable(progress.new_in.take());
            progress.note(outcome, len);
        }
        progress.is_failure_reported |= progress.failure.is_some();
        progress.failure.map_or(Ok(()), Err)
    }

    /// Runs the requested sync on the helper thread; `true` when another was requested meanwhile.
    fn run_sync(&self) -> bool {
        let mut progress = lock(&self.progress);
        progress.phase = Phase::Running;
        let len = progress.wanted_len;
        let new_in = progress.new_in.take();
        drop(progress);

        let outcome = self.make_durable(new_in);

        let mut progress = lock(&self.progress);
        progress.note(outcome, len);
        let goes_on = progress.phase == Phase::RunningAgain && progress.failure.is_none();
        progress.phase = if goes_on { Phase::Queued } else { Phase::Idle };
        self.settled.notify_all();
        goes_on
    }

    /// A new file survives only if its name does, so the folder is synced after it.
    fn make_durable(&self, new_in: Option<PathBuf>) -> io::Result<()> {
        self.file.sync_data()?;
        new_in.map_or(Ok(()), |folder| File::open(folder)?.sync_all())
    }
}

impl Progress {
    fn note(&mut self, outcome: io::Result<()>, len: u64) {
        match outcome {
            Ok(()) => self.durable_len = self.durable_len.max(len),
            Err(error) => self.failure = Some(to_io_error(error)),
        }
    }
}

/// No code panics while it holds one of these locks, so a poisoned one is as good as any.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::OwnedFd;
    use std::time::{Duration, Instant};

    /// A pipe can be written, but not synced.
    fn unsyncable() -> (io::PipeReader, SyncedFile) {
        let (reader, writer) = io::pipe().unwrap();
        (
            reader,
            SyncedFile::new(File::from(OwnedFd::from(writer)), None),
        )
    }

    #[test]
    fn a_request_while_one_runs_makes_another_follow() {
        let path = std::env::temp_dir().join(format!("rotom-sync-{}", std::process::id()));
        let file = SyncedFile::new(File::create(&path).unwrap(), None);
        std::fs::remove_file(&path).unwrap();
        assert_eq!(file.request(10), Ok(true));
        assert_eq!(file.request(20), Ok(false));
        assert!(!file.run_sync());
        assert_eq!(file.durable_len(), Ok(20));

        assert_eq!(file.request(30), Ok(true));
        lock(&file.progress).phase = Phase::Running;
        assert_eq!(file.request(40), Ok(false));
        assert_eq!(lock(&file.progress).phase, Phase::RunningAgain);
        assert_eq!(file.request(50), Ok(false));
    }

    #[test]
    fn a_failure_is_reported_once_and_is_final() {
        let (_reader, file) = unsyncable();
        let failure = IoError(libc::EINVAL);
        assert_eq!(file.request(10), Ok(true));
        assert!(!file.run_sync());
        assert_eq!(file.durable_len(), Err(failure));
        assert_eq!(file.durable_len(), Ok(0));
        assert_eq!(file.request(20), Err(failure));
        assert_eq!(file.sync_now(20), Err(failure));
        assert_eq!(file.durable_len(), Ok(0));
    }

    #[test]
    fn a_failure_of_sync_now_is_not_reported_again() {
        let (_reader, file) = unsyncable();
        assert_eq!(file.sync_now(20), Err(IoError(libc::EINVAL)));
        assert_eq!(file.durable_len(), Ok(0));
    }

    #[test]
    fn a_failure_on_the_helper_thread_wakes_the_loop() {
        let wake = Wake::new().unwrap();
        let syncer = Syncer::start(wake).unwrap();
        let (_reader, file) = unsyncable();
        let file = Arc::new(file);
        assert_eq!(file.request(1), Ok(true));
        syncer.queue().push(file.clone());
        let give_up = Instant::now() + Duration::from_secs(10);
        while file.durable_len().is_ok() {
            assert!(Instant::now() < give_up, "the failure never came");
            std::thread::yield_now();
        }
    }
}
