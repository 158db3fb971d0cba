//! Loading the data at the start, in slices between which the loop serves connections: commands that need no data run, the
//! others are told to come again (`-LOADING`).

use super::{Engine, Exit};
use crate::persist::{Load, LoadError};
use crate::platform::{Clock, Host, Platform};

/// How long loading goes on in one turn, microseconds.
const LOAD_BUDGET_US: u64 = 500;
/// How long it goes on between two looks at signals when nobody is served meanwhile.
const LOAD_ALONE_US: u64 = 50_000;

/// A load under way.
pub(super) struct Loading {
    load: Load,
    /// When it began, microseconds on the monotonic clock and of Unix time.
    started_us: u64,
    started_wall_us: u64,
}

impl<P: Platform> Engine<P> {
    /// Sets up the users and begins to load the log, if `appendonly` is on, or else the snapshot; the turns that follow go
    /// on with it, see
    /// [`Engine::is_loading`].
    pub fn begin_load(&mut self) -> Result<(), LoadError> {
        self.load_users().map_err(LoadError::Users)?;
        let started_us = self.clock.monotonic_us();
        let name = self.shared.settings.dbfilename.clone();
        let load = if self.shared.settings.appendonly {
            self.aof.begin_load(&mut self.shared, started_us)?
        } else if !name.is_empty() {
            self.aof
                .begin_snapshot_load(&name, &mut self.shared, started_us)?
        } else {
            None
        };
        self.loading = load.map(|load| Loading {
            load,
            started_us,
            started_wall_us: self.clock.wall_us(),
        });
        self.shared.refuse_while_loading(self.loading.is_some());
        self.work_left = self.loading.is_some();
        Ok(())
    }

    /// Loads the log, if `appendonly` is on, and opens it for writing; nobody is served before that is done.
    pub fn load(&mut self) -> Result<(), LoadError> {
        self.begin_load()?;
        self.load_the_rest()
    }

    /// Loads the snapshot, in the place of what is there (DEBUG RELOAD).
    pub(super) fn load_snapshot(&mut self) -> Result<(), LoadError> {
        for db in 0..self.shared.keys.database_count() {
            self.shared.keys.flush(db);
        }
        let (name, now_us) = (
            self.shared.settings.dbfilename.clone(),
            self.clock.monotonic_us(),
        );
        let load = self
            .aof
            .begin_snapshot_load(&name, &mut self.shared, now_us)?;
        self.loading = load.map(|load| Loading {
            load,
            started_us: now_us,
            started_wall_us: self.clock.wall_us(),
        });
        self.load_the_rest()
    }

    fn load_the_rest(&mut self) -> Result<(), LoadError> {
        while self.loading.is_some() {
            if self.host.take_signal().is_some() {
                return Err(LoadError::Interrupted);
            }
            self.load_for(LOAD_ALONE_US)?;
        }
        Ok(())
    }

    /// Whether data are being loaded.
    pub fn is_loading(&self) -> bool {
        self.loading.is_some()
    }

    /// Why the engine ended with [`Exit::LoadFailed`].
    pub fn load_error(&self) -> Option<&LoadError> {
        self.load_error.as_ref()
    }

    /// Goes on loading, once a turn. When that fails, the engine ends.
    #[cold]
    pub(super) fn load_slice(&mut self) {
        if let Err(error) = self.load_for(LOAD_BUDGET_US) {
            self.load_error = Some(error);
            self.close_all(false);
            self.exit = Some(Exit::LoadFailed);
        }
    }

    fn load_for(&mut self, budget_us: u64) -> Result<(), LoadError> {
        let Some(mut loading) = self.loading.take() else {
            return Ok(());
        };
        let clock = &self.clock;
        let until_us = clock.monotonic_us() + budget_us;
        self.shared.refuse_while_loading(false);
        let outcome =
            self.aof
                .load_step(&mut loading.load, &mut self.shared, until_us, &mut || {
                    clock.monotonic_us()
                });
        if outcome? {
            return Ok(());
        }
        self.shared.refuse_while_loading(true);
        self.loading = Some(loading);
        Ok(())
    }

    /// The lines of INFO about a load under way: names and values.
    pub(super) fn loading_lines(&self) -> Option<[(&'static str, alloc::string::String); 6]> {
        let loading = self.loading.as_ref()?;
        let done = loading.load.progress();
        let elapsed_s = self.now_us.saturating_sub(loading.started_us) / 1_000_000;
        let left = done.total_bytes.saturating_sub(done.loaded_bytes);
        let percent = done.loaded_bytes as f64 / done.total_bytes.max(1) as f64 * 100.0;
        // As Redis, which takes the rate from whole seconds and says 1 while there is none.
        let eta_s = match elapsed_s {
            0 => 1,
            _ => elapsed_s.saturating_mul(left) / done.loaded_bytes.max(1),
        };
        Some([
            (
                "loading_start_time",
                alloc::format!("{}", loading.started_wall_us / 1_000_000),
            ),
            (
                "loading_total_bytes",
                alloc::format!("{}", done.total_bytes),
            ),
            ("loading_rdb_used_mem", "0".into()),
            (
                "loading_loaded_bytes",
                alloc::format!("{}", done.loaded_bytes),
            ),
            ("loading_loaded_perc", alloc::format!("{percent:.2}")),
            ("loading_eta_seconds", alloc::format!("{eta_s}")),
        ])
    }
}
