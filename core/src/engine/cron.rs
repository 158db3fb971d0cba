//! Time events: expiry on time, freeing in slices, idle clients, spare buffers.

use super::connection::{ClientKind, Waits};
use super::{Engine, NEVER_US, Timer};
use crate::platform::{Clock, Host, Platform};
use crate::telemetry::Event;

/// How long each of these may take in one turn, microseconds. While there is more to do the loop does not sleep, so that
/// they get all the time that clients leave.
const EXPIRE_BUDGET_US: u64 = 250;
const FREE_BUDGET_US: u64 = 150;
const GIVE_BACK_BUDGET_US: u64 = 100;
/// Keys or elements handled between two looks at the clock. An allocator may take twenty microseconds for a block that is
/// freed into a heap full of holes.
const SLICE_ITEMS: usize = 16;
/// Lists that a subscriber which is gone is taken out of in one turn.
const LEAVE_ITEMS: usize = 500;

/// Slices of expiry so far.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct ExpireCycles {
    /// Those that had to stop with keys left.
    pub(super) capped: u64,
    /// Microseconds of all, up to the last look at the clock in each.
    pub(super) took_us: u64,
}

impl<P: Platform> Engine<P> {
    /// Sets the expiry timer to the next volatile key.
    pub(super) fn arm_expiry(&mut self) {
        let keys = &self.shared.keys;
        let next = if keys.active_expire && !self.is_paused() {
            keys.next_expiry()
        } else {
            None
        };
        if next == self.expiry_at_ms {
            return;
        }
        self.expiry_at_ms = next;
        let due_us = match next {
            None => NEVER_US,
            Some(when_ms) => {
                let wait_us = when_ms
                    .saturating_mul(1000)
                    .saturating_sub(self.clock.wall_us());
                self.clock.monotonic_us().saturating_add(wait_us)
            }
        };
        self.ae.move_timer(self.expiry_timer, due_us);
    }

    pub(super) fn time_events(&mut self, now_us: u64) {
        while let Some(timer) = self.ae.poll_timer(now_us) {
            match timer {
                Timer::Cron => self.cron(),
                // The keys go below; the timer has done its work by ending the wait.
                Timer::Expiry => self.expiry_at_ms = None,
                Timer::Accept => self.accept_again(),
                // Those whose time is up go below.
                Timer::Wait => self.waiting.disarm(),
                Timer::Pause => self.pause_is_over(),
            }
        }
        let expired_all = self.expire_slice();
        let freed_all = self.free_slice();
        let given_back = self.give_back_slice();
        let saved = self.snapshot_slice();
        let room_made = self.room_slice();
        if !self.shared.keys.events.is_empty() {
            self.tell_events(None);
        }
        if self.has_changes_to_tell() {
            self.tell_changes();
        }
        let listed_all = self.lists.are_done() || self.list_slice();
        let clients_fit = self.evict_clients();
        let timed_out_all = self.time_out_some();
        let users_settled = self.users_slice();
        let all_done =
            users_settled && expired_all && freed_all && given_back && room_made && clients_fit;
        self.work_left = !all_done
            || !timed_out_all
            || !saved
            || !listed_all
            || self.shared.keys.waiters.is_anything_ready()
            || !self.to_serve.is_empty()
            || !self.to_flush.is_empty()
            || self.aof.is_copying()
            || self.is_loading();
        if !self.shared.keys.effects.pending().is_empty() {
            self.append_log();
        }
        if self.aof.is_rewriting() || self.rewrites.is_ending() {
            self.rewrite_slice();
        }
    }

    /// Removes keys whose time has come; `true` when there are no more.
    fn expire_slice(&mut self) -> bool {
        let due = |engine: &Self| {
            let keys = &engine.shared.keys;
            let is_on = keys.active_expire && !engine.is_paused();
            is_on && keys.next_expiry().is_some_and(|when| when <= keys.now_ms)
        };
        if !due(self) {
            return true;
        }
        let start_us = self.clock.monotonic_us();
        let mut now_us = start_us;
        while self.shared.keys.expire_some(SLICE_ITEMS) == SLICE_ITEMS {
            now_us = self.clock.monotonic_us();
            if now_us >= start_us + EXPIRE_BUDGET_US {
                self.expire_cycles.capped += 1;
                break;
            }
        }
        self.expire_cycles.took_us += now_us - start_us;
        self.note_duration(Event::ExpireCycle, now_us - start_us);
        !due(self)
    }

    /// Frees a part of what was deleted; `true` when nothing is left.
    fn free_slice(&mut self) -> bool {
        let buffers_freed =
            self.pool.free_some(SLICE_ITEMS) & self.shared.pubsub.drop_some(LEAVE_ITEMS);
        if self.shared.keys.lazy_free_counts().0 == 0 {
            return buffers_freed;
        }
        let start_us = self.clock.monotonic_us();
        loop {
            let is_done = self.shared.keys.free_some(SLICE_ITEMS);
            let took_us = self.clock.monotonic_us() - start_us;
            if is_done || took_us >= FREE_BUDGET_US {
                self.note_duration(Event::LazyfreeCycle, took_us);
                return is_done && buffers_freed;
            }
        }
    }

    /// Gives a part of what was freed back to the system; `true` when there is nothing more. The cron timer begins it.
    fn give_back_slice(&mut self) -> bool {
        if !self.gives_back {
            return true;
        }
        let end_us = self.clock.monotonic_us() + GIVE_BACK_BUDGET_US;
        while self.host.give_back_slice() {
            if self.clock.monotonic_us() >= end_us {
                return false;
            }
        }
        self.gives_back = false;
        true
    }

    fn cron(&mut self) {
        self.rates
            .sample(&self.shared.statistics, &self.turns, self.now_us);
        self.peak_memory = self.peak_memory.max(self.host.allocated_bytes());
        self.pool.trim();
        self.gives_back = true;
        self.save_if_due();
        self.rewrite_if_due();
        self.look_at_some_clients();
        self.time_out_scrapers();
    }

    /// Each client about once a second: idle time, output limits and memory.
    fn look_at_some_clients(&mut self) {
        let slots = self.connections.slot_count();
        let hz = self.shared.settings.hz.max(1) as usize;
        for _ in 0..slots.div_ceil(hz).max(5).min(slots) {
            let slot = self.cron_slot as u32;
            self.cron_slot = (self.cron_slot + 1) % slots;
            self.look_at_client(slot);
        }
    }

    fn look_at_client(&mut self, slot: u32) {
        let timeout_ms = u64::from(self.shared.settings.timeout) * 1000;
        let now_ms = self.now_us / 1000;
        let Some(connection) = self.connections.get(slot) else {
            return;
        };
        let idle_ms = now_ms.saturating_sub(connection.client.active_at_ms);
        // Who waits for something is not idle, nor is who listens.
        let may_idle = connection.kind() != ClientKind::Normal
            || connection.waiting.is_some()
            || connection.waits == Waits::ForPause;
        if timeout_ms != 0 && idle_ms > timeout_ms && !may_idle {
            log::debug!("Closing idle client id={}", connection.client.id);
            self.close(slot);
        } else if connection.output.len() > 0 {
            self.check_output_limit(slot);
        }
        self.count_client_memory(slot);
    }
}
