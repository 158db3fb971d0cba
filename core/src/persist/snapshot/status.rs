//! What is known of the snapshots so far, for INFO and LASTSAVE, and when the next one is due.

use crate::settings::{SavePoint, Settings};

/// How long after a failure another snapshot is begun by itself, microseconds: as in Redis.
const RETRY_US: u64 = 5_000_000;

/// Writes are refused with this error while the last snapshot has failed, as far as the settings want it.
pub const REFUSAL: &str = "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk. \
     Commands that may modify the data set are disabled, because this instance is configured to report errors during writes if \
     RDB snapshotting fails (stop-writes-on-bgsave-error option). Please check the Redis logs for details about the RDB error.";
/// The reply to SAVE and BGSAVE while a snapshot is being made.
pub const BUSY: &str = "ERR Background save already in progress";

/// Counters and times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SnapshotStatus {
    /// When the last one was complete, or the server started: Unix seconds.
    pub last_save_seconds: u64,
    /// Whether the last one, if there was any, was complete.
    pub last_succeeded: bool,
    /// How long it took.
    pub last_took_seconds: Option<u64>,
    /// When the running one began, microseconds of the monotonic clock.
    begun_us: Option<u64>,
    /// When the last one was tried, likewise.
    tried_us: u64,
    /// How many were complete.
    pub saves: u64,
    /// `Keyspace::dirty` as the last one has it.
    saved_dirty: u64,
}

impl SnapshotStatus {
    pub(super) fn new(wall_us: u64) -> Self {
        SnapshotStatus {
            last_save_seconds: wall_us / 1_000_000,
            last_succeeded: true,
            last_took_seconds: None,
            begun_us: None,
            tried_us: 0,
            saves: 0,
            saved_dirty: 0,
        }
    }

    pub(super) fn begun(&mut self, now_us: u64) {
        (self.begun_us, self.tried_us) = (Some(now_us), now_us);
    }

    pub(super) fn ended(&mut self, succeeded: bool, now_us: u64, wall_us: u64, dirty: u64) {
        let begun_us = self.begun_us.take().unwrap_or(now_us);
        self.last_took_seconds = Some(now_us.saturating_sub(begun_us) / 1_000_000);
        self.last_succeeded = succeeded;
        if succeeded {
            self.last_save_seconds = wall_us / 1_000_000;
            self.saved_dirty = dirty;
            self.saves += 1;
        }
    }

    /// Changes that the last snapshot does not have, of `dirty` in all.
    pub fn changes(&self, dirty: u64) -> u64 {
        dirty.saturating_sub(self.saved_dirty)
    }

    /// For how many seconds the running one has been made.
    pub fn running_seconds(&self, now_us: u64) -> Option<u64> {
        Some(now_us.saturating_sub(self.begun_us?) / 1_000_000)
    }

    /// The save point that asks for a snapshot now.
    pub fn due(
        &self,
        points: &[SavePoint],
        dirty: u64,
        now_us: u64,
        wall_us: u64,
    ) -> Option<SavePoint> {
        let changes = self.changes(dirty);
        let seconds = (wall_us / 1_000_000).saturating_sub(self.last_save_seconds);
        let may_try = self.last_succeeded || now_us.saturating_sub(self.tried_us) > RETRY_US;
        let is_due = |point: &&SavePoint| changes >= point.changes && seconds > point.seconds;
        points.iter().find(is_due).copied().filter(|_| may_try)
    }

    /// Why writes are refused, if they are.
    pub fn refusal(&self, settings: &Settings) -> Option<&'static str> {
        let refused = !self.last_succeeded
            && settings.stop_writes_on_bgsave_error
            && !settings.save.is_empty();
        refused.then_some(REFUSAL)
    }
}
