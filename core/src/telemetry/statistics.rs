//! Counters of requests, for INFO.
//!
//! The engine runs commands and has the clock: after some calls of a command it tells how long they took
//! ([`Statistics::took`]). Which calls those are is known from the counter of calls, so that a request that was refused, or
//! that waits, costs nothing here.

use super::{CommandLog, Histogram, Latency};
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use hashbrown::HashMap;

/// Distinct error codes that are counted by name; a client could make any number of them.
const MAX_ERROR_CODES: usize = 128;

/// Counters of one command.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CommandCounts {
    /// How often it ran.
    pub calls: u64,
    /// How often it was refused before it ran.
    pub rejected: u64,
    /// How often it answered an error.
    pub failed: u64,
    /// How long it ran, nanoseconds.
    pub took_ns: u64,
    /// How many of its calls are in `took_ns`.
    timed: u64,
}

/// What the server has done for its clients so far.
#[derive(Debug)]
pub struct Statistics {
    /// Requests run.
    pub commands: u64,
    /// Connections taken.
    pub connections: u64,
    /// Connections refused, because of `maxclients` or protected mode.
    pub rejected_connections: u64,
    /// Clients disconnected because of `maxmemory-clients`.
    pub evicted_clients: u64,
    /// Clients disconnected because what they sent and what was not run exceeded `client-query-buffer-limit`.
    pub input_limit_disconnections: u64,
    /// Clients disconnected because of `client-output-buffer-limit`.
    pub output_limit_disconnections: u64,
    /// Reads that brought bytes.
    pub reads: u64,
    /// Writes that took bytes.
    pub writes: u64,
    /// Bytes read from clients.
    pub input_bytes: u64,
    /// Bytes written to clients.
    pub output_bytes: u64,
    /// Error replies.
    pub errors: u64,
    /// SLOWLOG and COMMANDLOG.
    pub log: CommandLog,
    /// LATENCY.
    pub latency: Latency,
    by_command: Vec<CommandCounts>,
    /// How long each command's calls took; of those that ran since `latency-tracking` is on.
    histograms: Vec<Option<Box<Histogram>>>,
    by_error: HashMap<String, u64, ahash::RandomState>,
}

impl Statistics {
    /// Zeros, for so many commands.
    pub fn new(commands: usize) -> Self {
        Statistics {
            log: CommandLog::default(),
            latency: Latency::default(),
            by_command: alloc::vec![CommandCounts::default(); commands],
            histograms: alloc::vec![None; commands],
            // The keys are error codes of our own choice, so fixed seeds do no harm, and runs can be replayed.
            by_error: HashMap::with_hasher(ahash::RandomState::with_seeds(1, 2, 3, 4)),
            commands: 0,
            reads: 0,
            writes: 0,
            connections: 0,
            rejected_connections: 0,
            evicted_clients: 0,
            input_limit_disconnections: 0,
            output_limit_disconnections: 0,
            input_bytes: 0,
            output_bytes: 0,
            errors: 0,
        }
    }

    /// CONFIG RESETSTAT: all counters; the logs of slow commands and events stay.
    pub fn reset(&mut self) {
        let fresh = Statistics::new(self.by_command.len());
        let old = core::mem::replace(self, fresh);
        (self.log, self.latency) = (old.log, old.latency);
    }

    /// Tells how long the calls of a command since the last time took together. Returns how many those were.
    #[inline]
    pub fn took(&mut self, number: u16, took_ns: u64, into_histogram: bool) -> u64 {
        let Some(counts) = self.by_command.get_mut(usize::from(number)) else {
            return 0;
        };
        let calls = counts.calls - counts.timed;
        if calls == 0 {
            return 0;
        }
        counts.timed = counts.calls;
        counts.took_ns += took_ns;
        if into_histogram {
            let each_ns = if calls == 1 { took_ns } else { took_ns / calls };
            match &mut self.histograms[usize::from(number)] {
                Some(histogram) => histogram.add_many(each_ns, calls),
                none => none.insert(Box::default()).add_many(each_ns, calls),
            }
        }
        calls
    }

    /// How long the calls of a command took, if that was counted.
    pub fn histogram(&self, number: u16) -> Option<&Histogram> {
        self.histograms.get(usize::from(number))?.as_deref()
    }

    /// Counts a command that runs.
    #[inline]
    pub fn count_call(&mut self, number: u16, failed: bool) {
        self.commands += 1;
        if let Some(counts) = self.by_command.get_mut(usize::from(number)) {
            counts.calls += 1;
            counts.failed += u64::from(failed);
        }
    }

    /// A command that was counted waits: it counts when it is answered.
    pub fn uncount_call(&mut self, number: u16) {
        self.commands -= 1;
        if let Some(counts) = self.by_command.get_mut(usize::from(number)) {
            counts.calls -= 1;
            counts.timed = counts.timed.min(counts.calls);
        }
    }

    /// Counts a command that was answered without being run.
    pub fn count_answered(&mut self, number: u16, failed: bool) {
        self.count_call(number, failed);
        if let Some(counts) = self.by_command.get_mut(usize::from(number)) {
            counts.timed += 1;
        }
    }

    /// Counts a command that was refused.
    pub fn count_rejected(&mut self, number: u16) {
        if let Some(counts) = self.by_command.get_mut(usize::from(number)) {
            counts.rejected += 1;
        }
    }

    /// Counts an error reply by its code.
    pub fn count_error(&mut self, code: &str) {
        self.errors += 1;
        if let Some(count) = self.by_error.get_mut(code) {
            *count += 1;
        } else if self.by_error.len() < MAX_ERROR_CODES {
            self.by_error.insert(code.into(), 1);
        }
    }

    /// The counters of the command with this number.
    pub fn command(&self, number: u16) -> CommandCounts {
        let counts = self.by_command.get(usize::from(number));
        counts.copied().unwrap_or_default()
    }

    /// Error codes and how often each was sent, in order of the code.
    pub fn errors_by_code(&self) -> Vec<(&str, u64)> {
        let mut all: Vec<_> = self
            .by_error
            .iter()
            .map(|(code, n)| (code.as_str(), *n))
            .collect();
        all.sort_unstable();
        all
    }
}
