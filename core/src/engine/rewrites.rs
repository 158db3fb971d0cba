//! Rewriting the log in the loop: begun by a command, by growth or because the log is switched on, and made in slices.

use super::Engine;
use crate::persist::{LoadError, RewriteStep};
use crate::platform::{Clock, IoError, Platform};
use crate::settings::ConfigSetError;

const BUSY: &str = "ERR Background append only file rewriting already in progress";
const CANNOT: &str = "ERR Can't execute an AOF background rewriting. Please check the server logs for more information.";

/// After so many failures in a row the next rewrite by itself waits, as in Redis: a minute, then twice as long each time.
const PATIENCE: u32 = 3;
const FIRST_DELAY_US: u64 = 60_000_000;
const MOST_DELAY_US: u64 = 3_600_000_000;
/// How long after a failure a log that was switched on is begun again.
const RETRY_US: u64 = 1_000_000;

/// The rewrites so far, for INFO, and what comes next.
#[derive(Debug, Default)]
pub(super) struct Rewrites {
    /// One begins as soon as nothing else is being made.
    pub(super) is_scheduled: bool,
    /// A snapshot does, after the rewrite that runs.
    pub(super) save_follows: bool,
    pub(super) last_took_seconds: Option<u64>,
    pub(super) last_failed: bool,
    /// How many have begun.
    pub(super) count: u64,
    begun_us: Option<u64>,
    /// The length of the running one's base, when that is durable.
    base_bytes: Option<u64>,
    failures: u32,
    not_before_us: u64,
}

impl Rewrites {
    /// For how many seconds the running one has been made.
    pub(super) fn running_seconds(&self, now_us: u64) -> Option<u64> {
        Some(now_us.saturating_sub(self.begun_us?) / 1_000_000)
    }

    /// Whether one has begun whose end was not noted yet.
    pub(super) fn is_ending(&self) -> bool {
        self.begun_us.is_some()
    }

    fn begun(&mut self, now_us: u64) {
        (self.begun_us, self.base_bytes, self.is_scheduled) = (Some(now_us), None, false);
        self.count += 1;
    }

    fn ended(&mut self, succeeded: bool, now_us: u64) {
        self.last_took_seconds = self.running_seconds(now_us).or(self.last_took_seconds);
        (self.begun_us, self.base_bytes) = (None, None);
        self.last_failed = !succeeded;
        self.failures = if succeeded { 0 } else { self.failures + 1 };
        if let Some(many) = self.failures.checked_sub(PATIENCE) {
            let delay_us = (FIRST_DELAY_US << many.min(6)).min(MOST_DELAY_US);
            self.not_before_us = now_us + delay_us;
        }
    }
}

impl<P: Platform> Engine<P> {
    /// Whether the log is being rewritten, or a base that is not wanted any more is walked to its end.
    pub(super) fn is_rewriting(&self) -> bool {
        self.aof.is_rewriting() || self.snapshots.is_running() && !self.snapshots.is_saving()
    }

    /// `BGREWRITEAOF`
    pub(super) fn rewrite_command(&mut self, slot: u32) {
        if self.aof.is_rewriting() {
            return self.reply(slot, |reply| reply.error(BUSY));
        }
        if self.snapshots.is_running() {
            self.rewrites.is_scheduled = true;
            self.rewrites.failures = 0;
            return self.reply(slot, |reply| {
                reply.simple("Background append only file rewriting scheduled");
            });
        }
        if self.begin_rewrite() {
            return self.reply(slot, |reply| {
                reply.simple("Background append only file rewriting started");
            });
        }
        self.reply(slot, |reply| reply.error(CANNOT));
    }

    /// Begins a rewrite; nothing else must be made. Whether it has begun.
    fn begin_rewrite(&mut self) -> bool {
        self.rewrites.begun(self.now_us);
        let has_log = self.aof.is_open();
        let outcome = self.aof.begin_rewrite();
        self.rewrite_has_begun(outcome, !has_log)
    }

    fn rewrite_has_begun(&mut self, outcome: Result<(), LoadError>, walks: bool) -> bool {
        if let Err(error) = outcome {
            log::warn!("Can't rewrite the append only file: {error}");
            self.rewrites.ended(false, self.now_us);
            return false;
        }
        log::info!("Background append only file rewriting started");
        !walks || self.begin_walk()
    }

    /// The walk begins: what the data are now is what the base will hold.
    fn begin_walk(&mut self) -> bool {
        let options = self.snapshot_options(true);
        let has_checksum = self.shared.settings.rdbchecksum;
        let Some(paths) = self.aof.base_paths() else {
            return false;
        };
        let begun = self.snapshots.begin_base(
            self.aof.storage_mut(),
            &mut self.shared.keys,
            paths,
            &options,
            has_checksum,
        );
        if let Err(error) = begun {
            self.fail_rewrite(error);
            return false;
        }
        self.work_left = true;
        true
    }

    fn fail_rewrite(&mut self, error: IoError) {
        log::warn!("Background AOF rewrite terminated with error: {error}");
        self.aof.abort_rewrite(&mut self.shared.keys.effects);
        self.snapshots.discard_base(self.aof.storage_mut());
        self.rewrites.ended(false, self.now_us);
        self.work_left = true;
    }

    /// Learns what came of the base.
    pub(super) fn learn_base(&mut self) {
        match self.snapshots.take_base() {
            Some(Ok(bytes)) => self.rewrites.base_bytes = Some(bytes),
            Some(Err(error)) if self.aof.is_rewriting() => self.fail_rewrite(error),
            Some(Err(_)) | None => {}
        }
    }

    /// Goes on with a rewrite, each turn, after the turn's effects were appended.
    pub(super) fn rewrite_slice(&mut self) {
        self.learn_base();
        let step = self.aof.rewrite_step(
            &mut self.shared.keys.effects,
            self.rewrites.base_bytes,
            self.now_us,
        );
        match step {
            Ok(RewriteStep::Wait) => {}
            Ok(RewriteStep::BeginWalk) => {
                self.begin_walk();
            }
            Ok(RewriteStep::Resume) => {
                self.append_log();
                self.work_left = true;
            }
            Ok(RewriteStep::Done) => {
                log::info!("Background AOF rewrite finished successfully");
                self.rewrites.ended(true, self.now_us);
            }
            Err(error) => self.fail_rewrite(error),
        }
    }

    /// Begins what is scheduled or due, some times a second.
    pub(super) fn rewrite_if_due(&mut self) {
        if self.is_loading() || self.is_rewriting() || self.snapshots.is_running() {
            return;
        }
        if self.rewrites.save_follows {
            self.rewrites.save_follows = false;
            let _told = self.begin_snapshot();
            return self.refuse_writes_if_failing();
        }
        if self.shared.settings.appendonly && !self.aof.is_open() {
            if self.now_us >= self.rewrites.not_before_us {
                self.begin_log();
            }
        } else if self.rewrites.is_scheduled {
            self.begin_rewrite();
        } else if self.aof.is_open() && self.now_us >= self.rewrites.not_before_us {
            self.rewrite_if_grown();
        }
    }

    fn rewrite_if_grown(&mut self) {
        let (settings, status) = (&self.shared.settings, self.aof.status());
        let wanted = u128::from(settings.auto_aof_rewrite_percentage);
        if wanted == 0 || status.size <= settings.auto_aof_rewrite_min_size {
            return;
        }
        let base = u128::from(status.base_size.max(1));
        let percent = u128::from(status.size) * 100 / base;
        if percent >= 100 + wanted {
            let growth = percent - 100;
            log::info!("Starting automatic rewriting of AOF on {growth}% growth");
            self.begin_rewrite();
        }
    }

    /// The log begins while the server runs, from the present data on.
    fn begin_log(&mut self) -> bool {
        self.rewrites.begun(self.now_us);
        // If this comes to nothing, it is tried again a little later.
        self.rewrites.not_before_us = self.now_us + RETRY_US;
        let outcome = self.aof.begin_log();
        if outcome.is_ok() {
            let effects = &mut self.shared.keys.effects;
            effects.set_annotated(self.shared.settings.aof_checksum_enabled);
            effects.set_enabled(true);
        }
        self.rewrite_has_begun(outcome, true)
    }

    /// `appendonly` was changed: the log begins or ends.
    pub(super) fn switch_log(&mut self) -> Result<(), ConfigSetError> {
        if !self.shared.settings.appendonly {
            self.end_log();
            return Ok(());
        }
        if self.aof.is_open() || self.is_loading() {
            return Ok(());
        }
        if self.is_rewriting() || self.snapshots.is_running() {
            log::info!(
                "AOF was enabled but there is already another background operation. An AOF background was scheduled to start \
                 when possible."
            );
            return Ok(());
        }
        if self.begin_log() {
            return Ok(());
        }
        let why = "Unable to turn on AOF. Check server logs.";
        Err(ConfigSetError::failed("appendonly", why))
    }

    fn end_log(&mut self) {
        if self.aof.is_rewriting() {
            log::info!("Killing the rewrite of the AOF");
            self.rewrites.ended(false, self.now_us);
        }
        self.rewrites.is_scheduled = false;
        let now_us = self.clock.monotonic_us();
        let ended = self.aof.end_log(&mut self.shared.keys.effects, now_us);
        if let Err(error) = ended {
            log::warn!("Fail to fsync the AOF file: {error}");
        }
        self.snapshots.discard_base(self.aof.storage_mut());
        self.refuse_writes_if_failing();
        self.end_unsynced();
    }
}
