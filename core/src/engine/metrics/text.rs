//! The page of metrics, in Prometheus's text format, version 0.0.4.
//!
//! Durations of commands are a histogram with limits that grow fourfold from about a microsecond, the same for every
//! command, so that they can be added up.

use crate::command::server::REDIS_VERSION;
use crate::engine::Engine;
use crate::platform::Platform;
use crate::telemetry::Histogram;
use alloc::format;
use alloc::string::String;
use core::fmt::{Display, Write};

/// Limits of the buckets of durations, as powers of two of nanoseconds: 1.024 us to 17 s, every second one.
const FIRST_LOG: usize = 10;
const LAST_LOG: usize = 34;

/// Writes metrics.
struct Page {
    text: String,
}

impl Page {
    /// Begins a metric of a kind (`counter`, `gauge`, `histogram`).
    fn begin(&mut self, name: &str, kind: &str, help: &str) {
        let _ = write!(
            self.text,
            "# HELP rotom_{name} {help}\n# TYPE rotom_{name} {kind}\n"
        );
    }

    /// A value of the metric that was begun.
    fn value(&mut self, name: &str, labels: &[(&str, &str)], value: impl Display) {
        let _ = write!(self.text, "rotom_{name}");
        for (at, (label, text)) in labels.iter().enumerate() {
            let open = if at == 0 { '{' } else { ',' };
            let _ = write!(self.text, "{open}{label}=\"");
            for letter in text.chars() {
                match letter {
                    '\\' => self.text.push_str("\\\\"),
                    '"' => self.text.push_str("\\\""),
                    '\n' => self.text.push_str("\\n"),
                    _ => self.text.push(letter),
                }
            }
            self.text.push('"');
        }
        if !labels.is_empty() {
            self.text.push('}');
        }
        let _ = writeln!(self.text, " {value}");
    }

    fn counter(&mut self, name: &str, help: &str, value: impl Display) {
        self.begin(name, "counter", help);
        self.value(name, &[], value);
    }

    fn gauge(&mut self, name: &str, help: &str, value: impl Display) {
        self.begin(name, "gauge", help);
        self.value(name, &[], value);
    }
}

/// Microseconds as seconds.
fn seconds(us: u64) -> impl Display {
    us as f64 / 1e6
}

impl<P: Platform> Engine<P> {
    pub(super) fn metrics_text(&mut self) -> String {
        let mut page = Page {
            text: String::with_capacity(16 * 1024),
        };
        self.server_metrics(&mut page);
        self.memory_metrics(&mut page);
        self.keyspace_metrics(&mut page);
        self.log_metrics(&mut page);
        self.loop_metrics(&mut page);
        self.command_metrics(&mut page);
        page.text
    }

    fn server_metrics(&self, page: &mut Page) {
        let statistics = &self.shared.statistics;
        page.begin("build_info", "gauge", "The program, in its labels.");
        let labels = [
            ("version", self.facts.version.as_str()),
            ("redis_version", REDIS_VERSION),
        ];
        page.value("build_info", &labels, 1);
        let uptime_us = self.shared.wall_us.saturating_sub(self.started_at_us);
        page.gauge(
            "uptime_seconds",
            "Time since the start.",
            seconds(uptime_us),
        );
        let loading = u8::from(self.is_loading());
        page.gauge("loading", "Whether the log is being loaded.", loading);
        let clients = self.connections.len();
        page.gauge("connected_clients", "Clients that are connected.", clients);
        let blocked = self.waiting.len();
        page.gauge(
            "blocked_clients",
            "Clients that wait for something.",
            blocked,
        );
        let most = self.shared.settings.maxclients;
        page.gauge("max_clients", "Clients that may be connected.", most);
        for (name, help, value) in [
            (
                "connections_received_total",
                "Connections taken.",
                statistics.connections,
            ),
            (
                "rejected_connections_total",
                "Connections refused.",
                statistics.rejected_connections,
            ),
            (
                "evicted_clients_total",
                "Clients disconnected because of maxmemory-clients.",
                statistics.evicted_clients,
            ),
            (
                "commands_processed_total",
                "Commands run.",
                statistics.commands,
            ),
            (
                "net_input_bytes_total",
                "Bytes read from clients.",
                statistics.input_bytes,
            ),
            (
                "net_output_bytes_total",
                "Bytes written to clients.",
                statistics.output_bytes,
            ),
        ] {
            page.counter(name, help, value);
        }
        let name = "error_replies_total";
        page.begin(name, "counter", "Error replies by their first word.");
        for (code, count) in statistics.errors_by_code() {
            page.value(name, &[("error", code)], count);
        }
        let usage = self.usage();
        let name = "cpu_seconds_total";
        page.begin(name, "counter", "Processor time of the process.");
        page.value(name, &[("mode", "system")], seconds(usage.cpu_system_us));
        page.value(name, &[("mode", "user")], seconds(usage.cpu_user_us));
    }

    fn memory_metrics(&mut self, page: &mut Page) {
        let memory = self.memory();
        for (name, help, value) in [
            (
                "memory_used_bytes",
                "Bytes handed out by the allocator.",
                memory.used,
            ),
            (
                "memory_peak_bytes",
                "The most that were ever handed out.",
                memory.peak,
            ),
            (
                "memory_resident_bytes",
                "Resident memory of the process.",
                memory.process,
            ),
            (
                "memory_dataset_bytes",
                "Bytes of keys and values.",
                memory.dataset,
            ),
            (
                "memory_overhead_bytes",
                "Bytes of everything else.",
                memory.overhead,
            ),
            (
                "memory_clients_bytes",
                "Bytes of clients and their buffers.",
                memory.clients,
            ),
            (
                "memory_tables_bytes",
                "Bytes of the databases' tables.",
                memory.tables,
            ),
        ] {
            page.gauge(name, help, value);
        }
        let limit = self.shared.settings.maxmemory;
        page.gauge(
            "memory_max_bytes",
            "The limit, maxmemory; 0 is none.",
            limit,
        );
        let (pending, freed) = self.shared.keys.lazy_free_counts();
        page.gauge(
            "lazyfree_pending_objects",
            "Values that wait to be freed.",
            pending,
        );
        page.counter("lazyfreed_objects_total", "Values freed in slices.", freed);
    }

    fn keyspace_metrics(&self, page: &mut Page) {
        let keys = &self.shared.keys;
        let counters = &keys.counters;
        for (name, help, value) in [
            (
                "keyspace_hits_total",
                "Lookups by reads that found a key.",
                counters.hits,
            ),
            (
                "keyspace_misses_total",
                "Lookups by reads that found none.",
                counters.misses,
            ),
            ("expired_keys_total", "Keys that expired.", counters.expired),
            (
                "expired_fields_total",
                "Fields of hashes that expired.",
                counters.expired_fields,
            ),
            (
                "evicted_keys_total",
                "Keys that were evicted.",
                counters.evicted,
            ),
        ] {
            page.counter(name, help, value);
        }
        let name = "expiry_lag_seconds";
        let help = "How long after their time keys were removed, since the start.";
        page.begin(name, "gauge", help);
        let lag = &counters.expiry_lag;
        for (quantile, ms) in [
            ("0.5", lag.percentile_ms(50)),
            ("0.99", lag.percentile_ms(99)),
            ("1", lag.max_ms()),
        ] {
            page.value(name, &[("quantile", quantile)], ms as f64 / 1e3);
        }
        let databases = || (0..keys.database_count()).map(|db| (db, keys.database_len(db)));
        let used = || databases().filter(|(_, (count, _))| *count > 0);
        page.begin("db_keys", "gauge", "Keys of a database.");
        for (db, (count, _)) in used() {
            page.value("db_keys", &[("db", &format!("db{db}"))], count);
        }
        page.begin(
            "db_keys_expiring",
            "gauge",
            "Keys of a database that expire.",
        );
        for (db, (_, volatile)) in used() {
            page.value("db_keys_expiring", &[("db", &format!("db{db}"))], volatile);
        }
    }

    fn log_metrics(&self, page: &mut Page) {
        let status = self.aof.status();
        let is_on = u8::from(self.shared.settings.appendonly);
        page.gauge("aof_enabled", "Whether writes are logged.", is_on);
        let is_well = u8::from(status.error.is_none());
        page.gauge(
            "aof_last_write_ok",
            "Whether the log can be written.",
            is_well,
        );
        page.gauge("aof_size_bytes", "Bytes of the log.", status.size);
        let waiting = status.size.saturating_sub(status.durable);
        let help = "Bytes of the log that a power cut would lose.";
        page.gauge("aof_not_durable_bytes", help, waiting);
        let help = "Syncs that were due while the one before still ran.";
        page.counter("aof_delayed_syncs_total", help, status.delayed_syncs);
    }

    fn loop_metrics(&self, page: &mut Page) {
        let turns = &self.turns;
        page.counter("loop_turns_total", "Turns of the loop.", turns.count);
        let help = "Time that turns took, without the wait for events.";
        page.counter("loop_busy_seconds_total", help, seconds(turns.sum_us));
        let help = "Of that, time that requests took.";
        page.counter(
            "loop_requests_seconds_total",
            help,
            seconds(turns.requests_us),
        );
        let help = "Turns that took longer than a millisecond.";
        page.counter("loop_long_turns_total", help, turns.long);
        let help = "The longest turn.";
        page.gauge("loop_worst_turn_seconds", help, seconds(turns.worst_us));
    }

    fn command_metrics(&self, page: &mut Page) {
        let statistics = &self.shared.statistics;
        let registry = &self.shared.registry;
        let all = || (0..registry.len() as u16).filter_map(|number| registry.by_number(number));
        let called = || {
            let counted = all().map(|command| (command, statistics.command(command.number)));
            counted.filter(|(_, counts)| counts.calls + counts.rejected > 0)
        };
        page.begin("command_calls_total", "counter", "Calls of a command.");
        for (command, counts) in called() {
            let labels = [("command", command.full_name())];
            let labels = labels.each_ref().map(|(name, text)| (*name, text.as_str()));
            page.value("command_calls_total", &labels, counts.calls);
        }
        page.begin(
            "command_failures_total",
            "counter",
            "Calls that answered an error, or were refused.",
        );
        for (command, counts) in called() {
            let name = command.full_name();
            for (kind, count) in [("failed", counts.failed), ("rejected", counts.rejected)] {
                let labels = [("command", name.as_str()), ("kind", kind)];
                page.value("command_failures_total", &labels, count);
            }
        }
        let help = "How long calls of a command took.";
        page.begin("command_duration_seconds", "histogram", help);
        for (command, _) in called() {
            if let Some(histogram) = statistics.histogram(command.number) {
                write_histogram(page, &command.full_name(), histogram);
            }
        }
    }
}

fn write_histogram(page: &mut Page, command: &str, histogram: &Histogram) {
    let mut cumulative = histogram.cumulative();
    let mut count = 0;
    for log in FIRST_LOG..=LAST_LOG {
        if let Some((_, seen)) = cumulative.next() {
            count = seen;
        }
        if (log - FIRST_LOG).is_multiple_of(2) {
            let limit = format!("{}", (1u64 << log) as f64 / 1e9);
            let labels = [("command", command), ("le", limit.as_str())];
            page.value("command_duration_seconds_bucket", &labels, count);
        }
    }
    let total = histogram.total();
    let labels = [("command", command), ("le", "+Inf")];
    page.value("command_duration_seconds_bucket", &labels, total);
    let sum = histogram.sum_ns() as f64 / 1e9;
    let labels = [("command", command)];
    page.value("command_duration_seconds_sum", &labels, sum);
    page.value("command_duration_seconds_count", &labels, total);
}
