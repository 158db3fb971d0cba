//! What the engine tells of itself when the process crashes: figures and names of commands, none of its users' data.

use super::Engine;
use crate::platform::{Clock, Platform};
use core::fmt::{self, Write};

/// Commands that are named.
const NAMES_MAX: usize = 32;

impl<P: Platform> Engine<P> {
    /// Whether a crash is to be reported (`crash-log-enabled`).
    pub fn wants_crash_log(&self) -> bool {
        self.shared.settings.crash_log_enabled
    }

    /// Writes the state of the loop, line by line; `used_memory` is from before the report took some. It asks for no memory, and may be called in the middle of anything.
    pub fn describe_crash(&self, used_memory: usize, out: &mut dyn Write) -> fmt::Result {
        let uptime_us = self.clock.wall_us().saturating_sub(self.started_at_us);
        writeln!(out, "uptime_in_seconds:{}", uptime_us / 1_000_000)?;
        writeln!(out, "process_id:{}", self.facts.process_id)?;
        writeln!(out, "os:{}", self.facts.os)?;
        writeln!(out, "connected_clients:{}", self.connections.len())?;
        writeln!(out, "blocked_clients:{}", self.waiting.len())?;
        writeln!(out, "used_memory:{used_memory}")?;
        writeln!(out, "used_memory_peak:{}", self.peak_memory)?;
        writeln!(out, "maxmemory:{}", self.shared.settings.maxmemory)?;
        writeln!(
            out,
            "total_commands_processed:{}",
            self.shared.statistics.commands
        )?;
        for db in 0..self.shared.settings.databases as usize {
            let (keys, expires) = self.shared.keys.database_len(db);
            if keys > 0 {
                writeln!(out, "db{db}:keys={keys},expires={expires}")?;
            }
        }
        let turn_us = self.clock.monotonic_us().saturating_sub(self.now_us);
        writeln!(out, "turn_has_lasted_usec:{turn_us}")?;
        write!(out, "commands_of_the_batch:")?;
        let numbers = self.batch.command_numbers();
        for command in numbers
            .take(NAMES_MAX)
            .filter_map(|number| self.shared.registry.by_number(number))
        {
            write!(out, " {}", command.spec.name)?;
        }
        writeln!(out)
    }
}
