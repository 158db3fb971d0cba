//! INFO: Redis's sections and field names, with true figures; what Rotom does not know is absent.

use super::Engine;
use crate::command::server::REDIS_VERSION;
use crate::platform::Platform;
use crate::pubsub::Kind;
use crate::settings::AppendFsync;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::Write;

/// Every section in Redis's order, and whether plain INFO has it.
const SECTIONS: &[(&str, bool)] = &[
    ("server", true),
    ("clients", true),
    ("memory", true),
    ("persistence", true),
    ("threads", true),
    ("stats", true),
    ("replication", true),
    ("cpu", true),
    ("modules", true),
    ("commandstats", false),
    ("errorstats", true),
    ("latencystats", false),
    ("cluster", true),
    ("keyspace", true),
];
/// Volatile keys that are looked at to tell the mean time that is left.
const TTL_SAMPLES: usize = 32;

impl<P: Platform> Engine<P> {
    /// The text for the sections asked for.
    pub(super) fn info(&mut self, asked: &[String]) -> String {
        let has = |name: &str| asked.iter().any(|section| section == name);
        let everything = has("everything");
        let all = has("all") || everything;
        let default = asked.is_empty() || has("default");
        let mut text = String::new();
        for &(section, is_default) in SECTIONS {
            let is_of_all = all && (everything || section != "modules");
            if is_of_all || (default && is_default) || has(section) {
                self.section(section, &mut text);
            }
        }
        text
    }

    fn section(&mut self, name: &str, text: &mut String) {
        if !text.is_empty() {
            text.push_str("\r\n");
        }
        let mut lines = Lines { text };
        match name {
            "server" => self.server_section(&mut lines),
            "clients" => self.clients_section(&mut lines),
            "memory" => self.memory_section(&mut lines),
            "persistence" => self.persistence_section(&mut lines),
            "stats" => self.stats_section(&mut lines),
            "replication" => self.replication_section(&mut lines),
            "threads" => self.threads_section(&mut lines),
            "modules" => lines.title("Modules"),
            "cpu" => self.cpu_section(&mut lines),
            "commandstats" => self.commandstats_section(&mut lines),
            "latencystats" => self.latencystats_section(&mut lines),
            "errorstats" => self.errorstats_section(&mut lines),
            "cluster" => {
                lines.title("Cluster");
                lines.add("cluster_enabled", 0);
            }
            _ => self.keyspace_section(&mut lines),
        }
    }

    fn server_section(&self, lines: &mut Lines<'_>) {
        let settings = &self.shared.settings;
        let uptime = self.shared.wall_us.saturating_sub(self.started_at_us) / 1_000_000;
        lines.title("Server");
        lines.add("redis_version", REDIS_VERSION);
        lines.add("rotom_version", &self.facts.version);
        lines.add("redis_git_sha1", "00000000");
        lines.add("redis_git_dirty", 0);
        lines.add("redis_mode", "standalone");
        lines.add("server_mode", "standalone");
        lines.add("os", &self.facts.os);
        lines.add("arch_bits", usize::BITS);
        lines.add("monotonic_clock", "POSIX clock_gettime");
        lines.add("multiplexing_api", "epoll");
        lines.add("process_id", self.facts.process_id);
        lines.add("process_supervised", settings.supervised.word());
        lines.add("run_id", &self.facts.run_id);
        lines.add("tcp_port", settings.port);
        lines.add("server_time_usec", self.shared.wall_us);
        lines.add("uptime_in_seconds", uptime);
        lines.add("uptime_in_days", uptime / 86_400);
        lines.add("hz", settings.hz);
        lines.add("configured_hz", settings.hz);
        lines.add("lru_clock", (self.shared.wall_us / 1_000_000) & 0x00ff_ffff);
        lines.add("executable", &self.facts.executable);
        lines.add("config_file", &self.facts.config_file);
        lines.add("io_threads_active", 0);
        self.listener_lines(lines);
    }

    /// Where clients can connect, as Redis writes it.
    fn listener_lines(&self, lines: &mut Lines<'_>) {
        let settings = &self.shared.settings;
        let mut number = 0;
        let mut add = |lines: &mut Lines<'_>, text: String| {
            lines.add(&format!("listener{number}"), text);
            number += 1;
        };
        for (kind, port) in [("tcp", settings.port), ("tls", settings.tls_port)] {
            if port != 0 {
                let binds = settings.bind.iter().map(|bind| format!("bind={bind},"));
                let binds: String = binds.collect();
                add(lines, format!("name={kind},{binds}port={port}"));
            }
        }
        if !settings.unixsocket.is_empty() {
            add(lines, format!("name=unix,bind={}", settings.unixsocket));
        }
    }

    /// The one thread of the loop.
    fn threads_section(&self, lines: &mut Lines<'_>) {
        let statistics = &self.shared.statistics;
        lines.title("Threads");
        let (clients, reads, writes) =
            (self.connections.len(), statistics.reads, statistics.writes);
        lines.add(
            "io_thread_0",
            format!("clients={clients},reads={reads},writes={writes}"),
        );
    }

    fn clients_section(&self, lines: &mut Lines<'_>) {
        let longest = |bytes: fn(&super::connection::Connection) -> usize| {
            self.connections
                .iter()
                .map(|(_, connection)| bytes(connection))
                .max()
                .unwrap_or(0)
        };
        lines.title("Clients");
        lines.add("connected_clients", self.connections.len());
        lines.add("cluster_connections", 0);
        lines.add("maxclients", self.shared.settings.maxclients);
        lines.add(
            "client_recent_max_input_buffer",
            longest(|c| c.input_capacity()),
        );
        lines.add(
            "client_recent_max_output_buffer",
            longest(|c| c.output.capacity()),
        );
        lines.add("blocked_clients", self.waiting.len());
        lines.add("tracking_clients", self.shared.tracking.clients());
        lines.add("pubsub_clients", self.shared.pubsub.client_count());
        lines.add("watching_clients", self.shared.keys.watched.watchers());
        lines.add("clients_in_timeout_table", self.waiting.timed_len());
        let blocking_keys = self.shared.keys.waiters.key_count();
        lines.add("total_blocking_keys", blocking_keys);
        lines.zeros(&["total_blocking_keys_on_nokey"]);
        lines.add("total_watched_keys", self.shared.keys.watched.key_count());
        let (paused, left_ms) = self.pause_told();
        let reason = if paused == "none" {
            "none"
        } else {
            "client_pause"
        };
        lines.add("paused_reason", reason);
        lines.add("paused_actions", paused);
        lines.add("paused_timeout_milliseconds", left_ms);
    }

    fn persistence_section(&self, lines: &mut Lines<'_>) {
        lines.title("Persistence");
        lines.add("loading", u8::from(self.is_loading()));
        lines.add("async_loading", 0);
        let saved = &self.snapshots.status;
        let seconds = |seconds: Option<u64>| seconds.map_or(-1, u64::cast_signed);
        let changes = saved.changes(self.shared.keys.dirty);
        lines.add("rdb_changes_since_last_save", changes);
        let is_running = self.snapshots.is_running();
        lines.add("rdb_bgsave_in_progress", u8::from(is_running));
        lines.add("rdb_last_save_time", saved.last_save_seconds);
        let status = |succeeded| if succeeded { "ok" } else { "err" };
        lines.add("rdb_last_bgsave_status", status(saved.last_succeeded));
        let took = seconds(saved.last_took_seconds);
        lines.add("rdb_last_bgsave_time_sec", took);
        let running = seconds(saved.running_seconds(self.now_us));
        lines.add("rdb_current_bgsave_time_sec", running);
        lines.add("rdb_saves", saved.saves);
        lines.add("aof_enabled", u8::from(self.shared.settings.appendonly));
        let rewrites = &self.rewrites;
        let is_rewriting = u8::from(self.is_rewriting());
        lines.add("aof_rewrite_in_progress", is_rewriting);
        lines.add("aof_rewrite_scheduled", u8::from(rewrites.is_scheduled));
        let took = seconds(rewrites.last_took_seconds);
        lines.add("aof_last_rewrite_time_sec", took);
        let running = seconds(rewrites.running_seconds(self.now_us));
        lines.add("aof_current_rewrite_time_sec", running);
        let last = status(!rewrites.last_failed);
        lines.add("aof_last_bgrewrite_status", last);
        lines.add("aof_rewrites", rewrites.count);
        let status = self.aof.status();
        lines.add(
            "aof_last_write_status",
            if status.error.is_none() { "ok" } else { "err" },
        );
        if self.shared.settings.appendonly {
            lines.add("aof_current_size", status.size);
            lines.add("aof_base_size", status.base_size);
            lines.add(
                "aof_buffer_length",
                self.shared.keys.effects.pending().len(),
            );
            let policy = self.shared.settings.appendfsync;
            let waiting = status.size.saturating_sub(status.durable);
            if policy != AppendFsync::No {
                lines.add("aof_pending_bio_fsync", u8::from(waiting > 0));
            }
            lines.add("aof_delayed_fsync", status.delayed_syncs);
        }
        for (name, value) in self.loading_lines().into_iter().flatten() {
            lines.add(name, value);
        }
    }

    fn stats_section(&self, lines: &mut Lines<'_>) {
        let statistics = &self.shared.statistics;
        lines.title("Stats");
        lines.add("total_connections_received", statistics.connections);
        lines.add("total_commands_processed", statistics.commands);
        let kilobytes = |bytes: u64| format!("{:.2}", bytes as f64 / 1024.0);
        lines.add(
            "instantaneous_ops_per_sec",
            self.rates.commands.per_second(),
        );
        lines.add("total_net_input_bytes", statistics.input_bytes);
        lines.add("total_net_output_bytes", statistics.output_bytes);
        lines.zeros(&["total_net_repl_input_bytes", "total_net_repl_output_bytes"]);
        lines.add(
            "instantaneous_input_kbps",
            kilobytes(self.rates.input.per_second()),
        );
        lines.add(
            "instantaneous_output_kbps",
            kilobytes(self.rates.output.per_second()),
        );
        for name in [
            "instantaneous_input_repl_kbps",
            "instantaneous_output_repl_kbps",
        ] {
            lines.add(name, "0.00");
        }
        self.stats_of_keys(lines);
        self.stats_of_clients(lines);
        self.stats_of_loop(lines);
    }

    fn stats_of_keys(&self, lines: &mut Lines<'_>) {
        let statistics = &self.shared.statistics;
        let counters = &self.shared.keys.counters;
        lines.add("total_reads_processed", statistics.reads);
        lines.add("total_writes_processed", statistics.writes);
        lines.add("rejected_connections", statistics.rejected_connections);
        lines.add("expired_keys", counters.expired);
        lines.add("expired_lag_p50_ms", counters.expiry_lag.percentile_ms(50));
        lines.add("expired_lag_p99_ms", counters.expiry_lag.percentile_ms(99));
        lines.add("expired_lag_max_ms", counters.expiry_lag.max_ms());
        let fields = &counters.field_lag;
        lines.add("expired_subkeys", counters.expired_fields);
        lines.add("expired_subkeys_lag_p50_ms", fields.percentile_ms(50));
        lines.add("expired_subkeys_lag_p99_ms", fields.percentile_ms(99));
        lines.add("expired_subkeys_lag_max_ms", fields.max_ms());
        lines.add("expired_fields", counters.expired_fields);
        let stale = self.shared.keys.stale_percent();
        lines.add("expired_stale_perc", format!("{stale:.2}"));
        let (capped, took_us) = (self.expire_cycles.capped, self.expire_cycles.took_us);
        lines.add("expired_time_cap_reached_count", capped);
        lines.add("expire_cycle_cpu_milliseconds", took_us / 1000);
        lines.add("evicted_keys", counters.evicted);
        lines.add("evicted_clients", statistics.evicted_clients);
        let (total_us, current_us) = self.room.exceeded_us(self.now_us);
        lines.add("total_eviction_exceeded_time", total_us / 1000);
        lines.add("current_eviction_exceeded_time", current_us / 1000);
        lines.add("keyspace_hits", counters.hits);
        lines.add("keyspace_misses", counters.misses);
    }

    fn stats_of_clients(&self, lines: &mut Lines<'_>) {
        let denied = self.shared.users.denied;
        lines.add("acl_access_denied_auth", denied.auth);
        lines.add("acl_access_denied_cmd", denied.command);
        lines.add("acl_access_denied_key", denied.key);
        lines.add("acl_access_denied_channel", denied.channel);
        let topics = |kind| self.shared.pubsub.topic_count(kind);
        lines.add("pubsub_channels", topics(Kind::Channel));
        lines.add("pubsub_patterns", topics(Kind::Pattern));
        lines.add("pubsubshard_channels", topics(Kind::Shard));
        lines.zeros(&[
            "latest_fork_usec",
            "total_forks",
            "sync_full",
            "sync_partial_ok",
            "sync_partial_err",
            "migrate_cached_sockets",
            "slave_expires_tracked_keys",
            "active_defrag_hits",
            "active_defrag_misses",
            "active_defrag_key_hits",
            "active_defrag_key_misses",
            "total_active_defrag_time",
            "current_active_defrag_time",
            "evicted_scripts",
            "io_threaded_reads_processed",
            "io_threaded_writes_processed",
            "unexpected_error_replies",
        ]);
    }

    fn stats_of_loop(&self, lines: &mut Lines<'_>) {
        let statistics = &self.shared.statistics;
        let tracking = &self.shared.tracking;
        lines.add("tracking_total_keys", tracking.key_count());
        lines.add("tracking_total_items", tracking.item_count());
        lines.add("tracking_total_prefixes", tracking.prefix_count());
        lines.add("total_error_replies", statistics.errors);
        for (name, count) in [
            (
                "client_query_buffer_limit_disconnections",
                statistics.input_limit_disconnections,
            ),
            (
                "client_output_buffer_limit_disconnections",
                statistics.output_limit_disconnections,
            ),
            ("eventloop_cycles", self.turns.count),
            ("eventloop_duration_sum", self.turns.sum_us),
            ("eventloop_duration_cmd_sum", self.turns.requests_us),
            (
                "instantaneous_eventloop_cycles_per_sec",
                self.rates.turns.per_second(),
            ),
            (
                "instantaneous_eventloop_duration_usec",
                self.rates.turn_us(),
            ),
        ] {
            lines.add(name, count);
        }
        lines.add("eventloop_duration_worst", self.turns.worst_us);
        for (part, part_us) in super::turns::PARTS.iter().zip(self.turns.worst_parts_us) {
            lines.add(&format!("eventloop_duration_worst_{part}"), part_us);
        }
        lines.add("eventloop_cycles_over_1ms", self.turns.long);
    }

    /// A master without replicas, as every Rotom is.
    fn replication_section(&self, lines: &mut Lines<'_>) {
        lines.title("Replication");
        lines.add("role", "master");
        lines.add("connected_slaves", 0);
        lines.add("master_failover_state", "no-failover");
        lines.add("master_replid", &self.facts.run_id);
        lines.add("master_replid2", "0".repeat(40));
        lines.add("master_repl_offset", 0);
        lines.add("second_repl_offset", -1);
        let backlog = self.shared.settings.text_of("repl-backlog-size");
        let backlog = backlog.unwrap_or_default();
        lines.add("repl_backlog_size", String::from_utf8_lossy(&backlog));
        lines.zeros(&[
            "repl_backlog_active",
            "repl_backlog_first_byte_offset",
            "repl_backlog_histlen",
        ]);
    }

    fn cpu_section(&self, lines: &mut Lines<'_>) {
        let usage = self.usage();
        lines.title("CPU");
        let mut seconds = |name: &str, us: u64| {
            lines.add(name, format!("{}.{:06}", us / 1_000_000, us % 1_000_000));
        };
        seconds("used_cpu_sys", usage.cpu_system_us);
        seconds("used_cpu_user", usage.cpu_user_us);
        // There are no child processes.
        seconds("used_cpu_sys_children", 0);
        seconds("used_cpu_user_children", 0);
        seconds("used_cpu_sys_main_thread", usage.loop_system_us);
        seconds("used_cpu_user_main_thread", usage.loop_user_us);
        seconds("used_active_time_main_thread", self.turns.sum_us);
    }

    fn commandstats_section(&self, lines: &mut Lines<'_>) {
        lines.title("Commandstats");
        for number in 0..self.shared.registry.len() as u16 {
            let counts = self.shared.statistics.command(number);
            let Some(command) = self.shared.registry.by_number(number) else {
                continue;
            };
            if counts.calls == 0 && counts.rejected == 0 {
                continue;
            }
            let took_us = counts.took_ns as f64 / 1000.0;
            let per_call = took_us / counts.calls.max(1) as f64;
            let value = format!(
                "calls={},usec={},usec_per_call={per_call:.2},rejected_calls={},failed_calls={}",
                counts.calls, took_us as u64, counts.rejected, counts.failed
            );
            lines.add(&format!("cmdstat_{}", command.full_name()), value);
        }
    }

    fn latencystats_section(&self, lines: &mut Lines<'_>) {
        lines.title("Latencystats");
        let settings = &self.shared.settings;
        if !settings.latency_tracking {
            return;
        }
        for number in 0..self.shared.registry.len() as u16 {
            let histogram = self.shared.statistics.histogram(number);
            let Some((histogram, command)) = histogram.zip(self.shared.registry.by_number(number))
            else {
                continue;
            };
            let values: Vec<String> = settings
                .latency_tracking_info_percentiles
                .iter()
                .map(|percent| {
                    let ns = histogram.percentile_ns(percent.parse().unwrap_or(100.0));
                    format!("p{percent}={:.3}", ns as f64 / 1000.0)
                })
                .collect();
            let name = format!("latency_percentiles_usec_{}", command.full_name());
            lines.add(&name, values.join(","));
        }
    }

    fn errorstats_section(&self, lines: &mut Lines<'_>) {
        lines.title("Errorstats");
        for (code, count) in self.shared.statistics.errors_by_code() {
            lines.add(&format!("errorstat_{code}"), format!("count={count}"));
        }
    }

    fn keyspace_section(&self, lines: &mut Lines<'_>) {
        lines.title("Keyspace");
        for db in 0..self.shared.keys.database_count() {
            let (keys, expires) = self.shared.keys.database_len(db);
            if keys > 0 {
                let hashes = self.shared.keys.volatile_hashes(db);
                let ttl_ms = self.shared.keys.mean_ttl_ms(db, TTL_SAMPLES);
                lines.add(
                    &format!("db{db}"),
                    format!("keys={keys},expires={expires},avg_ttl={ttl_ms},subexpiry={hashes}"),
                );
            }
        }
    }
}

/// Writes `name:value` lines.
pub(super) struct Lines<'t> {
    pub(super) text: &'t mut String,
}

impl Lines<'_> {
    pub(super) fn title(&mut self, title: &str) {
        let _ = write!(self.text, "# {title}\r\n");
    }

    pub(super) fn add(&mut self, name: &str, value: impl core::fmt::Display) {
        let _ = write!(self.text, "{name}:{value}\r\n");
    }

    /// Counts of what this version does not have, which are truly nought.
    pub(super) fn zeros(&mut self, names: &[&str]) {
        for name in names {
            self.add(name, 0);
        }
    }

    /// A size, and the same for people.
    pub(super) fn bytes(&mut self, name: &str, bytes: u64) {
        self.add(name, bytes);
        let mut value = bytes as f64;
        let mut unit = 0;
        while value >= 1024.0 && unit < 4 {
            value /= 1024.0;
            unit += 1;
        }
        let unit = ["B", "K", "M", "G", "T"][unit];
        if unit == "B" {
            self.add(&format!("{name}_human"), format!("{bytes}B"));
        } else {
            self.add(&format!("{name}_human"), format!("{value:.2}{unit}"));
        }
    }
}
