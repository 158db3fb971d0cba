//! What memory is used for: INFO, MEMORY STATS, MEMORY DOCTOR and the others tell the same figures.

use super::Engine;
use super::info::Lines;
use crate::command::MemoryAsk;
use crate::platform::{Host, Platform, Usage};
use crate::resp::Reply;
use alloc::format;
use alloc::string::String;
use core::fmt::Write;

/// Below this nothing is worth a diagnosis.
const SMALL_BYTES: usize = 5 * 1024 * 1024;
/// What is lost must be more than this to be worth one.
const LOSS_BYTES: i64 = 10 * 1024 * 1024;

/// Bytes in use, and what for.
pub(super) struct Memory {
    usage: Usage,
    /// Handed out by the allocator: now, at most so far, when the engine was made.
    pub(super) used: usize,
    pub(super) peak: usize,
    startup: usize,
    /// Held by the allocator, and by the process.
    active: usize,
    resident: usize,
    pub(super) process: usize,
    /// Buffers of clients, effects that are to be logged, tables of databases.
    pub(super) clients: usize,
    log_buffer: usize,
    pub(super) tables: usize,
    pub(super) overhead: usize,
    pub(super) dataset: usize,
}

impl Memory {
    /// What of the memory that was taken since the start is data, percent.
    fn dataset_percent(&self) -> f64 {
        percent(self.dataset, self.used.saturating_sub(self.startup))
    }

    /// Names, as INFO and MEMORY STATS have them, of ratios and differences; a whole and its part.
    fn ratios(&self) -> [([&'static str; 4], usize, usize); 4] {
        [
            (
                [
                    "allocator_frag_ratio",
                    "allocator_frag_bytes",
                    "allocator-fragmentation.ratio",
                    "allocator-fragmentation.bytes",
                ],
                self.active,
                self.used,
            ),
            (
                [
                    "allocator_rss_ratio",
                    "allocator_rss_bytes",
                    "allocator-rss.ratio",
                    "allocator-rss.bytes",
                ],
                self.resident,
                self.active,
            ),
            (
                [
                    "rss_overhead_ratio",
                    "rss_overhead_bytes",
                    "rss-overhead.ratio",
                    "rss-overhead.bytes",
                ],
                self.process,
                self.resident,
            ),
            (
                [
                    "mem_fragmentation_ratio",
                    "mem_fragmentation_bytes",
                    "fragmentation",
                    "fragmentation.bytes",
                ],
                self.process,
                self.used,
            ),
        ]
    }
}

fn percent(part: usize, whole: usize) -> f64 {
    match whole {
        0 => 0.0,
        _ => part as f64 / whole as f64 * 100.0,
    }
}

impl<P: Platform> Engine<P> {
    pub(super) fn memory(&mut self) -> Memory {
        let used = self.host.allocated_bytes();
        self.peak_memory = self.peak_memory.max(used);
        let usage = self.usage();
        let clients = self.connections.iter().map(|(_, c)| c.memory_bytes()).sum();
        let log_buffer = self.shared.keys.effects.pending().len();
        let tables = self.shared.keys.table_bytes();
        let overhead = self.startup_memory + tables + clients + log_buffer;
        let allocator = self.host.allocator();
        // Pages that were never touched are not resident, but the allocator does not see that.
        let process = usize::try_from(usage.resident_bytes).unwrap_or(usize::MAX);
        let resident = allocator.resident_bytes.min(process).max(used);
        Memory {
            usage,
            used,
            peak: self.peak_memory,
            startup: self.startup_memory,
            active: allocator.active_bytes.min(resident).max(used),
            resident,
            process,
            clients,
            log_buffer,
            tables,
            overhead,
            dataset: used.saturating_sub(overhead),
        }
    }

    pub(super) fn memory_section(&mut self, lines: &mut Lines<'_>) {
        let memory = self.memory();
        let settings = &self.shared.settings;
        lines.title("Memory");
        lines.bytes("used_memory", memory.used as u64);
        lines.bytes("used_memory_rss", memory.usage.resident_bytes);
        lines.bytes("used_memory_peak", memory.peak as u64);
        let of_peak = percent(memory.used, memory.peak);
        lines.add("used_memory_peak_perc", format!("{of_peak:.2}%"));
        lines.add("used_memory_overhead", memory.overhead);
        lines.add("used_memory_startup", memory.startup);
        lines.add("used_memory_dataset", memory.dataset);
        let share = format!("{:.2}%", memory.dataset_percent());
        lines.add("used_memory_dataset_perc", share);
        lines.add("allocator_allocated", memory.used);
        lines.add("allocator_active", memory.active);
        lines.add("allocator_resident", memory.resident);
        lines.add("allocator_muzzy", 0);
        lines.bytes("total_system_memory", memory.usage.total_system_bytes);
        // There are no scripts.
        lines.bytes("used_memory_lua", 0);
        lines.zeros(&["used_memory_vm_eval", "used_memory_scripts_eval"]);
        lines.zeros(&["number_of_cached_scripts", "number_of_functions"]);
        lines.zeros(&["number_of_libraries", "used_memory_vm_functions"]);
        lines.bytes("used_memory_vm_total", 0);
        lines.zeros(&["used_memory_functions"]);
        lines.bytes("used_memory_scripts", 0);
        lines.bytes("maxmemory", settings.maxmemory);
        lines.add("maxmemory_policy", settings.maxmemory_policy.word());
        if memory.used > 0 && memory.process > 0 {
            for (names, whole, part) in memory.ratios() {
                lines.add(names[0], format!("{:.2}", whole as f64 / part as f64));
                lines.add(names[1], whole as i64 - part as i64);
            }
        }
        let uncounted = self.shared.keys.effects.uncounted_bytes();
        lines.add("mem_not_counted_for_evict", uncounted);
        lines.zeros(&["mem_replication_backlog", "mem_total_replication_buffers"]);
        lines.zeros(&["mem_replica_full_sync_buffer", "mem_clients_slaves"]);
        lines.add("mem_clients_normal", memory.clients);
        lines.zeros(&["mem_cluster_links"]);
        lines.add("mem_aof_buffer", memory.log_buffer);
        lines.add("mem_allocator", &self.facts.allocator);
        // Tables grow by a segment at a time, and nothing is moved to save memory.
        lines.zeros(&[
            "mem_overhead_db_hashtable_rehashing",
            "active_defrag_running",
        ]);
        let (pending, freed) = self.shared.keys.lazy_free_counts();
        lines.add("lazyfree_pending_objects", pending);
        lines.add("lazyfreed_objects", freed);
    }

    /// Carries out one of MEMORY's subcommands for the client at `slot`.
    pub(super) fn memory_command(&mut self, slot: u32, ask: MemoryAsk) {
        match ask {
            MemoryAsk::Stats => {
                let memory = self.memory();
                let databases = self.database_overheads();
                self.reply(slot, |reply| write_stats(reply, &memory, &databases));
            }
            MemoryAsk::Doctor => {
                let text = self.memory_diagnosis();
                self.reply(slot, |reply| reply.verbatim("txt", text.as_bytes()));
            }
            MemoryAsk::Purge => {
                // In slices, as after a drop of memory.
                self.gives_back = true;
                self.work_left = true;
                self.reply(slot, |reply| reply.ok());
            }
            MemoryAsk::MallocStats => {
                let memory = self.memory();
                let text = format!(
                    "Allocator: {}\nHanded out: {}\nIn blocks and between them: {}\nFrom the system: {}\n\
                     Resident memory of the process: {}\nMost ever handed out: {}\n",
                    self.facts.allocator,
                    memory.used,
                    memory.active,
                    memory.resident,
                    memory.process,
                    memory.peak,
                );
                self.reply(slot, |reply| reply.verbatim("txt", text.as_bytes()));
            }
        }
    }

    /// Number, bytes of the table and of the index of expiry times of each database that has keys; then how many keys
    /// there are in all.
    fn database_overheads(&self) -> DatabaseOverheads {
        let mut found = DatabaseOverheads::default();
        for db in 0..self.shared.keys.database_count() {
            let (keys, _) = self.shared.keys.database_len(db);
            if keys > 0 {
                let (table, index) = self.shared.keys.overhead_bytes(db);
                found.databases.push((db, table, index));
                found.keys += keys;
            }
        }
        found
    }

    fn memory_diagnosis(&mut self) -> String {
        let memory = self.memory();
        let clients = self.connections.len().max(1);
        if memory.used < SMALL_BYTES {
            return "There is next to nothing in memory, so the figures say nothing yet.\n".into();
        }
        let mut text = String::new();
        let lost = |whole: usize, part: usize, ratio: f64| {
            whole as f64 / part.max(1) as f64 > ratio && whole as i64 - part as i64 > LOSS_BYTES
        };
        let found = [
            (
                memory.peak as f64 / memory.used as f64 > 1.5,
                "Peak: the most that was ever used is over half as much again as now; what is resident may reflect that time.",
            ),
            (
                lost(memory.process, memory.used, 1.4),
                "Fragmentation: the process holds 1.4 times what is used, or more. MEMORY PURGE gives back what it can.",
            ),
            (
                lost(memory.active, memory.used, 1.1),
                "Holes: a tenth or more of what is used lies free between blocks, and new values of the same sizes will take it.",
            ),
            (
                lost(memory.resident, memory.active, 1.1),
                "Freed pages: the allocator holds a tenth or more beyond what is in use. MEMORY PURGE gives it back.",
            ),
            (
                lost(memory.process, memory.resident, 1.1),
                "Process: what the allocator does not know of, such as code and stacks, is a tenth or more of all.",
            ),
            (
                memory.clients / clients > 200 * 1024,
                "Clients: they use 200 kB each on average; some send or are sent much. CLIENT LIST tells which (tot-mem).",
            ),
        ];
        for (is_so, sentence) in found {
            if is_so {
                let _ = writeln!(text, " * {sentence}");
            }
        }
        match text.is_empty() {
            true => "Nothing about memory is out of the ordinary.\n".into(),
            false => format!("What is worth knowing about memory:\n\n{text}"),
        }
    }
}

#[derive(Default)]
struct DatabaseOverheads {
    databases: alloc::vec::Vec<(usize, usize, usize)>,
    keys: usize,
}

fn write_stats(reply: &mut Reply<'_>, memory: &Memory, overheads: &DatabaseOverheads) {
    let per_key = match overheads.keys {
        0 => 0,
        keys => memory.used.saturating_sub(memory.startup) / keys,
    };
    let before = [
        ("peak.allocated", memory.peak),
        ("total.allocated", memory.used),
        ("startup.allocated", memory.startup),
        ("replication.backlog", 0),
        ("replica.fullsync.buffer", 0),
        ("clients.slaves", 0),
        ("clients.normal", memory.clients),
        ("cluster.links", 0),
        ("aof.buffer", memory.log_buffer),
        ("lua.caches", 0),
        ("functions.caches", 0),
        ("script.VMs", 0),
    ];
    let after = [
        ("overhead.db.hashtable.lut", memory.tables),
        ("overhead.db.hashtable.rehashing", 0),
        ("overhead.total", memory.overhead),
        ("db.dict.rehashing.count", 0),
        ("keys.count", overheads.keys),
        ("keys.bytes-per-key", per_key),
        ("dataset.bytes", memory.dataset),
    ];
    let allocator = [
        ("allocator.allocated", memory.used),
        ("allocator.active", memory.active),
        ("allocator.resident", memory.resident),
        ("allocator.muzzy", 0),
    ];
    let ratios = memory.ratios();
    let pairs = before.len() + after.len() + allocator.len() + 2 + 2 * ratios.len();
    let number = |reply: &mut Reply<'_>, (name, value): (&str, usize)| {
        reply.text(name);
        reply.count(value);
    };
    reply.map(pairs + overheads.databases.len());
    for pair in before {
        number(reply, pair);
    }
    for &(db, table, index) in &overheads.databases {
        reply.text(&format!("db.{db}"));
        reply.map(2);
        number(reply, ("overhead.hashtable.main", table));
        number(reply, ("overhead.hashtable.expires", index));
    }
    for pair in after {
        number(reply, pair);
    }
    reply.text("dataset.percentage");
    reply.double(memory.dataset_percent());
    reply.text("peak.percentage");
    reply.double(percent(memory.used, memory.peak));
    for pair in allocator {
        number(reply, pair);
    }
    for (names, whole, part) in ratios {
        reply.text(names[2]);
        reply.double(whole as f64 / part.max(1) as f64);
        reply.text(names[3]);
        reply.int(whole as i64 - part as i64);
    }
}
