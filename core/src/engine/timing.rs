//! How long commands take.
//!
//! The clock's ticks are read once after a command; the end of one is the start of the next. Even that would cost some
//! five percent of what a GET or SET in a pipeline takes, so commands whose work does not grow with the data, with short
//! requests and replies, are read together: up to [`TOGETHER`] of the same kind that follow each other. Their sum is
//! exact, and each is counted with the mean. If a slow one is among them, the log names the last and says how many there
//! were. With a threshold below [`EACH_BELOW_NS`] every command is timed by itself.

use super::Engine;
use super::batch::NO_COMMAND;
use crate::command::{Args, Flags, secrets};
use crate::keyspace::Totals;
use crate::platform::{Clock, Net, Platform};
use crate::session::Shared;
use crate::settings::Settings;
use crate::telemetry::command_log::kept_arguments;
use crate::telemetry::{Event, Kind, LogEntry, Why};
use alloc::vec::Vec;

/// Commands that are timed together.
const TOGETHER: usize = 16;
/// A request or reply up to so many bytes is short.
const SHORT_BYTES: u64 = 1024;
/// Who wants to know of shorter commands than this wants to know of each of them.
const EACH_BELOW_NS: u64 = 1_000_000;

/// What is being timed, and what is worth an entry in a log.
#[derive(Debug)]
pub(super) struct Timing {
    /// The last reading, ticks, and the one at the turn's start.
    at: u64,
    turn_start: u64,
    /// The number of the command that is timed, or [`NO_COMMAND`], and after how many of it there is a reading.
    command: u16,
    most: usize,
    /// The first request of the group in the batch, and the one that ends it at the latest.
    first: usize,
    last: usize,
    /// Requests and replies of more bytes than this end a group.
    short_request: u32,
    short_reply: usize,
    /// From how many bytes or nanoseconds on they are logged.
    large_request: u64,
    large_reply: u64,
    slow_ns: u64,
    /// From how many nanoseconds on a group is looked at.
    look_ns: u64,
    tracks: bool,
    times_each: bool,
    /// What was spent on work that is not the commands' own, at the last reading and at the one before.
    laps: Totals,
    laps_before: Totals,
    /// What making room took since the last reading, ticks.
    pub(super) eviction_ticks: u64,
}

impl Timing {
    pub(super) fn new(settings: &Settings) -> Self {
        let mut timing = Timing {
            at: 0,
            turn_start: 0,
            command: NO_COMMAND,
            most: 1,
            first: 0,
            last: 0,
            short_request: 0,
            short_reply: 0,
            large_request: 0,
            large_reply: 0,
            slow_ns: 0,
            look_ns: 0,
            tracks: true,
            times_each: false,
            laps: Totals::default(),
            laps_before: Totals::default(),
            eviction_ticks: 0,
        };
        timing.learn(settings);
        timing
    }

    /// Takes over what settings say.
    pub(super) fn learn(&mut self, settings: &Settings) {
        let threshold = |wanted: i64, max_len: usize| match u64::try_from(wanted) {
            Ok(threshold) if max_len > 0 => threshold,
            _ => u64::MAX,
        };
        self.large_request = threshold(
            settings.commandlog_request_larger_than,
            settings.commandlog_large_request_max_len,
        );
        self.large_reply = threshold(
            settings.commandlog_reply_larger_than,
            settings.commandlog_large_reply_max_len,
        );
        self.slow_ns = threshold(settings.slowlog_log_slower_than, settings.slowlog_max_len)
            .saturating_mul(1000);
        let latency_ns = match settings.latency_monitor_threshold {
            0 => u64::MAX,
            ms => ms.saturating_mul(1_000_000),
        };
        self.look_ns = self.slow_ns.min(latency_ns);
        self.times_each = self.look_ns < EACH_BELOW_NS;
        self.short_request = SHORT_BYTES.min(self.large_request.saturating_sub(1)) as u32;
        self.short_reply = SHORT_BYTES.min(self.large_reply.saturating_sub(1)) as usize;
        self.tracks = settings.latency_tracking;
        self.most = 1;
    }

    /// Whether a request or reply is so short that its command may share a reading with others.
    #[inline(always)]
    pub(super) fn is_short(&self, request_bytes: u32, reply_bytes: usize) -> bool {
        request_bytes <= self.short_request && reply_bytes <= self.short_reply
    }

    /// Whether a command has to be logged because of the length of its request or reply.
    pub(super) fn is_large(&self, request_bytes: u32, reply_bytes: usize) -> bool {
        u64::from(request_bytes) >= self.large_request || reply_bytes as u64 >= self.large_reply
    }

    /// Whether the request at `at` in the batch ends its group.
    #[inline(always)]
    pub(super) fn is_last(&self, at: usize) -> bool {
        at >= self.last
    }

    /// Whether a request of this command belongs to the group.
    #[inline(always)]
    pub(super) fn is_of_group(&self, command: u16) -> bool {
        command == self.command
    }

    /// Whether requests before `at` in the batch have run since the last reading.
    pub(super) fn is_running(&self, at: usize) -> bool {
        at > self.first
    }

    /// The next group begins at `at` in the batch.
    #[inline]
    pub(super) fn go_on_at(&mut self, at: usize) {
        (self.first, self.last) = (at, at + self.most - 1);
    }

    /// The command that is timed.
    pub(super) fn command(&self) -> u16 {
        self.command
    }
}

/// What has just run, for the logs.
#[derive(Clone)]
pub(super) struct Ran {
    slot: u32,
    /// The request, as the logs keep it, and how long it was on the wire.
    arguments: Vec<Vec<u8>>,
    request_bytes: u64,
}

impl Ran {
    pub(super) fn new(slot: u32, args: &Args<'_>) -> Self {
        let arguments = kept_arguments(args.all(), |at| secrets::is_secret(args, at));
        Ran {
            slot,
            arguments,
            request_bytes: request_bytes(args),
        }
    }
}

/// How long a request is on the wire.
fn request_bytes(args: &Args<'_>) -> u64 {
    let digits = |number: usize| u64::from(number.max(1).ilog10()) + 1;
    let argument = |bytes: &[u8]| 1 + digits(bytes.len()) + 2 + bytes.len() as u64 + 2;
    1 + digits(args.len()) + 2 + args.all().map(argument).sum::<u64>()
}

impl<P: Platform> Engine<P> {
    /// A turn begins.
    pub(super) fn begin_timed_turn(&mut self) {
        self.timing.turn_start = self.clock.ticks();
        self.timing.eviction_ticks = 0;
    }

    /// From here on time belongs to the next command.
    pub(super) fn begin_timing(&mut self) {
        self.timing.at = self.clock.ticks();
        (self.timing.command, self.timing.first) = (NO_COMMAND, 0);
        self.timing.laps = self.shared.keys.laps.totals;
    }

    /// The commands that follow are of this kind.
    #[inline(never)]
    pub(super) fn begin_group(&mut self, command: u16) {
        self.timing.command = command;
        let takes_little = is_quick(&self.shared, command);
        self.timing.most = match takes_little && !self.timing.times_each {
            true => TOGETHER,
            false => 1,
        };
    }

    /// Reads the clock after a group of commands. `Some` when they took long enough to be looked at: nanoseconds, and how
    /// many ran.
    #[inline]
    pub(super) fn end_group(&mut self) -> Option<(u64, u64)> {
        let now = self.clock.ticks();
        let since = core::mem::replace(&mut self.timing.at, now);
        let took_ns = self.clock.nanoseconds(now.saturating_sub(since));
        let laps = self.shared.keys.laps.totals;
        self.timing.laps_before = core::mem::replace(&mut self.timing.laps, laps);
        let tracks = self.timing.tracks;
        let number = self.timing.command;
        let calls = self.shared.statistics.took(number, took_ns, tracks);
        (took_ns >= self.timing.look_ns && calls > 0).then_some((took_ns, calls))
    }

    /// Logs commands that took long. `ran` is the last of them, if it is still known.
    #[cold]
    pub(super) fn took_long(&mut self, (took_ns, calls): (u64, u64), ran: Option<Ran>) {
        let threshold_ms = self.shared.settings.latency_monitor_threshold;
        let number = self.timing.command;
        let event = match is_fast(&self.shared, number) {
            true => Event::FastCommand,
            false => Event::Command,
        };
        let took_us = took_ns / 1000;
        let wall_us = self.shared.wall_us;
        let latency = &mut self.shared.statistics.latency;
        latency.note(event, took_us, threshold_ms, wall_us);
        let eviction_ticks = core::mem::take(&mut self.timing.eviction_ticks);
        let Some(ran) = ran.filter(|_| took_ns >= self.timing.slow_ns) else {
            return;
        };
        let ended_ns = self
            .clock
            .nanoseconds(self.timing.at.saturating_sub(self.timing.turn_start));
        let (laps, before) = (&self.timing.laps, &self.timing.laps_before);
        let since = |of: fn(&Totals) -> u64| of(laps).saturating_sub(of(before));
        let spent_us = |of: fn(&Totals) -> u64| self.clock.nanoseconds(since(of)) / 1000;
        let why = Why {
            queued_us: ended_ns.saturating_sub(took_ns) / 1000,
            executed_us: took_us,
            eviction_us: self.clock.nanoseconds(eviction_ticks) / 1000,
            table_us: spent_us(|laps| laps.table_ticks),
            table_growths: since(|laps| laps.table_growths),
            expiry_us: spent_us(|laps| laps.expiry_ticks),
            expired: since(|laps| laps.expiries),
            commands: calls,
            log_us: 0,
        };
        self.log_command(Kind::Slow, took_us, ran, why);
    }

    /// Logs a command if its request or reply was large.
    #[cold]
    pub(super) fn was_large(&mut self, reply_bytes: u64, ran: Ran) {
        let request_bytes = ran.request_bytes;
        if request_bytes >= self.timing.large_request {
            self.log_command(
                Kind::LargeRequest,
                request_bytes,
                ran.clone(),
                Why::default(),
            );
        }
        if reply_bytes >= self.timing.large_reply {
            self.log_command(Kind::LargeReply, reply_bytes, ran, Why::default());
        }
    }

    fn log_command(&mut self, kind: Kind, value: u64, ran: Ran, why: Why) {
        let settings = &self.shared.settings;
        let max_len = match kind {
            Kind::Slow => settings.slowlog_max_len,
            Kind::LargeRequest => settings.commandlog_large_request_max_len,
            Kind::LargeReply => settings.commandlog_large_reply_max_len,
        };
        let connection = self.connections.get(ran.slot);
        let entry = LogEntry {
            id: 0,
            at_seconds: self.shared.wall_us / 1_000_000,
            value,
            arguments: ran.arguments,
            address: connection
                .map(|it| self.net.peer_address(it.fd).as_str().into())
                .unwrap_or_default(),
            name: connection
                .map(|it| it.client.name.clone())
                .unwrap_or_default(),
            why,
        };
        self.shared.statistics.log.add(kind, entry, max_len);
    }

    /// Notes an event that began at a reading of the ticks, if LATENCY wants to know of it. Returns how long it took.
    pub(super) fn note_event(&mut self, event: Event, since_ticks: u64) -> u64 {
        let ticks = self.clock.ticks().saturating_sub(since_ticks);
        self.note_duration(event, self.clock.nanoseconds(ticks) / 1000);
        ticks
    }

    /// Notes an event that took so long.
    pub(super) fn note_duration(&mut self, event: Event, took_us: u64) {
        let threshold_ms = self.shared.settings.latency_monitor_threshold;
        let wall_us = self.shared.wall_us;
        let latency = &mut self.shared.statistics.latency;
        latency.note(event, took_us, threshold_ms, wall_us);
    }
}

fn is_fast(shared: &Shared, number: u16) -> bool {
    let command = shared.registry.by_number(number);
    command.is_some_and(|command| command.spec.flags.has(Flags::FAST))
}

/// Whether a command's work does not grow with the data; for Redis SET is not among them, as it may free a big value,
/// which here the loop does.
fn is_quick(shared: &Shared, number: u16) -> bool {
    let command = shared.registry.by_number(number);
    is_fast(shared, number) || command.is_some_and(|command| command.spec.name == "set")
}
