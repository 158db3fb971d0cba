//! Snapshots in the loop: begun by a command, a save point or the end of the server, made in slices.

use super::Engine;
use crate::command::server::REDIS_VERSION;
use crate::keyspace::SnapshotOptions;
use crate::persist::{BUSY, LoadError, Work};
use crate::platform::{Clock, Host, IoError, Platform};
use crate::settings::MaxmemoryPolicy;
use alloc::format;
use alloc::string::{String, ToString};

/// The reply to BGSAVE while the log is rewritten.
const BUSY_REWRITING: &str = "ERR Another child process is active (AOF?): can't BGSAVE right now. Use BGSAVE SCHEDULE in order \
     to schedule a BGSAVE whenever possible.";

/// How long a snapshot may take in one turn, microseconds.
const SNAPSHOT_BUDGET_US: u64 = 250;

impl<P: Platform> Engine<P> {
    /// Goes on with the snapshot that is being made; `true` when there is nothing to do at once.
    pub(super) fn snapshot_slice(&mut self) -> bool {
        if !self.snapshots.is_running() {
            return true;
        }
        let start_us = self.clock.monotonic_us();
        let mut now_us = start_us;
        loop {
            let work = self.snapshots.step(
                self.aof.storage_mut(),
                &mut self.shared.keys,
                now_us,
                self.clock.wall_us(),
            );
            if work == Work::None {
                self.learn_base();
                self.refuse_writes_if_failing();
                return true;
            }
            now_us = self.clock.monotonic_us();
            if now_us >= start_us + SNAPSHOT_BUDGET_US {
                return false;
            }
        }
    }

    /// Writes are refused while the log cannot be written, or the last snapshot has failed.
    pub(super) fn refuse_writes_if_failing(&mut self) {
        let refusal = self.aof.refusal().or_else(|| {
            let refusal = self.snapshots.status.refusal(&self.shared.settings);
            refusal.map(ToString::to_string)
        });
        self.shared.refuse_writes(refusal);
    }

    /// `SAVE`
    pub(super) fn save_command(&mut self, slot: u32) {
        if self.snapshots.is_saving() {
            return self.reply(slot, |reply| reply.error(BUSY));
        }
        match self.save_now() {
            Ok(()) => self.reply(slot, |reply| reply.ok()),
            Err(_) => self.reply(slot, |reply| reply.error("ERR")),
        }
    }

    /// `BGSAVE [SCHEDULE]`
    pub(super) fn bgsave_command(&mut self, slot: u32, may_wait: bool) {
        if self.snapshots.is_saving() {
            return self.reply(slot, |reply| reply.error(BUSY));
        }
        if self.is_rewriting() {
            if may_wait {
                self.rewrites.save_follows = true;
                return self.reply(slot, |reply| reply.simple("Background saving scheduled"));
            }
            return self.reply(slot, |reply| reply.error(BUSY_REWRITING));
        }
        match self.begin_snapshot() {
            Ok(()) => self.reply(slot, |reply| reply.simple("Background saving started")),
            Err(_) => self.reply(slot, |reply| reply.error("ERR")),
        }
    }

    /// `DEBUG RELOAD`: what is saved is loaded again. `save`: it is saved first.
    pub(super) fn reload_command(&mut self, slot: u32, save: bool) {
        if save && self.save_now().is_err() {
            return self.reply(slot, |reply| reply.error("ERR"));
        }
        if let Err(error) = self.reload() {
            log::warn!("DEBUG RELOAD: {error}");
            return self.reply(slot, |reply| {
                reply.error("ERR Error trying to load the RDB dump, check server logs.");
            });
        }
        log::info!("DB reloaded by DEBUG RELOAD");
        self.reply(slot, |reply| reply.ok());
    }

    fn reload(&mut self) -> Result<(), LoadError> {
        let dirty = self.shared.keys.dirty;
        self.load_snapshot()?;
        self.shared.keys.dirty = dirty;
        Ok(())
    }

    /// Begins a snapshot if a save point is due.
    pub(super) fn save_if_due(&mut self) {
        if self.is_rewriting() || self.snapshots.is_running() {
            return;
        }
        let due = self.snapshots.status.due(
            &self.shared.settings.save,
            self.shared.keys.dirty,
            self.now_us,
            self.clock.wall_us(),
        );
        if let Some(point) = due {
            log::info!(
                "{} changes in {} seconds. Saving...",
                point.changes,
                point.seconds
            );
            let _told = self.begin_snapshot();
            self.refuse_writes_if_failing();
        }
    }

    /// Makes a snapshot now, whatever time that takes. One that is being made is completed first.
    pub(super) fn save_now(&mut self) -> Result<(), IoError> {
        if self.snapshots.is_running() {
            // What it came to, the next one is to make good.
            let _told = self.complete_snapshot();
        }
        self.begin_snapshot()?;
        let saved = self.complete_snapshot();
        self.refuse_writes_if_failing();
        saved
    }

    fn complete_snapshot(&mut self) -> Result<(), IoError> {
        let now_us = self.clock.monotonic_us();
        self.snapshots.complete(
            self.aof.storage_mut(),
            &mut self.shared.keys,
            now_us,
            self.clock.wall_us(),
        )
    }

    /// What a file says of itself; `is_base`: it is one of a log.
    pub(super) fn snapshot_options(&self, is_base: bool) -> SnapshotOptions {
        let settings = &self.shared.settings;
        let uses = settings.maxmemory_policy;
        let asks_for_use = [
            MaxmemoryPolicy::AllkeysLru,
            MaxmemoryPolicy::VolatileLru,
            MaxmemoryPolicy::AllkeysLfu,
            MaxmemoryPolicy::VolatileLfu,
        ];
        let seconds = self.clock.wall_us() / 1_000_000;
        let memory = self.host.allocated_bytes();
        let text = |text: String| text.into_bytes();
        SnapshotOptions {
            compress: settings.rdbcompression,
            write_usage: asks_for_use.contains(&uses),
            aux: [
                ("redis-ver", text(REDIS_VERSION.into())),
                ("rotom-ver", text(self.facts.version.clone())),
                ("redis-bits", text(usize::BITS.to_string())),
                ("ctime", text(format!("{seconds}"))),
                ("used-mem", text(format!("{memory}"))),
                ("aof-base", text(u8::from(is_base).to_string())),
            ]
            .into(),
        }
    }

    pub(super) fn begin_snapshot(&mut self) -> Result<(), IoError> {
        let options = self.snapshot_options(false);
        let settings = &self.shared.settings;
        let name = settings.dbfilename.clone();
        let has_checksum = settings.rdbchecksum;
        log::info!("Background saving started");
        self.snapshots.begin(
            self.aof.storage_mut(),
            &mut self.shared.keys,
            &name,
            &options,
            has_checksum,
            self.now_us,
        )
    }
}
