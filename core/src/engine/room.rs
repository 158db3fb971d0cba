//! Keeping memory under `maxmemory`.
//!
//! Before each command that may need memory the gauge is read, and what is too much is freed or evicted
//! ([`crate::session::Shared::make_room`]). A turn spends at most [`TURN_BUDGET_US`] on it. Requests for which there is no
//! room yet wait, and with them whatever their client sent after them; they are the first to run in the next turn. So
//! neither is memory exceeded by letting them in nor does a turn take long, and nobody is refused what only takes time.
//! Time events go on where requests have stopped, also when no request comes (`CONFIG SET maxmemory`).

use super::Engine;
use super::connection::{Connection, Waits};
use crate::platform::{Clock, Host, Platform};
use crate::session::Room;
use crate::telemetry::Event;
use alloc::vec::Vec;

/// How long making room may take in one turn, microseconds.
const TURN_BUDGET_US: u64 = 300;
/// Steps between two looks at the clock.
const STEPS_PER_LOOK: u32 = 2;

/// How far making room has come, and who waits for it.
#[derive(Default)]
pub(super) struct RoomKeeper {
    /// When making room must end in this turn; `None`: it has not begun.
    until_us: Option<u64>,
    steps: u32,
    is_time_up: bool,
    /// Slots of connections whose requests wait for room.
    waiting: Vec<u32>,
    /// Since when memory is over the limit, on the monotonic clock.
    over_since_us: Option<u64>,
    over_total_us: u64,
}

impl RoomKeeper {
    pub(super) fn begin_turn(&mut self) {
        (self.until_us, self.steps, self.is_time_up) = (None, 0, false);
    }

    fn is_time_up(&mut self, now_us: impl FnOnce() -> u64) -> bool {
        if self.steps.is_multiple_of(STEPS_PER_LOOK) && !self.is_time_up {
            let now_us = now_us();
            let until_us = *self.until_us.get_or_insert(now_us + TURN_BUDGET_US);
            self.is_time_up = now_us >= until_us;
        }
        self.steps += 1;
        self.is_time_up
    }

    fn note(&mut self, is_over: bool, now_us: u64) {
        if is_over {
            self.over_since_us.get_or_insert(now_us);
        } else {
            let (total_us, _) = self.exceeded_us(now_us);
            (self.over_total_us, self.over_since_us) = (total_us, None);
        }
    }

    /// How long memory has been over the limit in all, and for how long it is now, microseconds.
    pub(super) fn exceeded_us(&self, now_us: u64) -> (u64, u64) {
        let current_us = self
            .over_since_us
            .map_or(0, |since_us| now_us.saturating_sub(since_us));
        (self.over_total_us + current_us, current_us)
    }
}

impl<P: Platform> Engine<P> {
    pub(super) fn make_room(&mut self) -> Room {
        let since = match self.shared.is_over(self.host.allocated_bytes()) {
            true => Some(self.clock.ticks()),
            false => None,
        };
        let (host, clock, keeper) = (&self.host, &self.clock, &mut self.room);
        let room = self.shared.make_room(
            || host.allocated_bytes(),
            || keeper.is_time_up(|| clock.monotonic_us()),
        );
        if let Some(since) = since {
            self.timing.eviction_ticks += self.note_event(Event::EvictionCycle, since);
        }
        room
    }

    /// Makes room for a connection's request at an offset into its input. If there is none yet, the connection waits with
    /// that request and those after it.
    #[cold]
    pub(super) fn ask_for_room(&mut self, slot: u32, offset: usize) {
        let runs = |connection: &Connection| !connection.closing && connection.waits == Waits::No;
        if self.is_paused() {
            return;
        }
        if !self.connections.get(slot).is_some_and(runs) || self.make_room() != Room::Later {
            return;
        }
        self.postpone(slot, offset, Waits::ForRoom);
        self.room.waiting.push(slot);
    }

    /// Serves those who had to wait in the turn before; some may have to wait again.
    pub(super) fn serve_waiting(&mut self) {
        for slot in core::mem::take(&mut self.room.waiting) {
            if let Some(connection) = self.connections.get_mut(slot)
                && connection.waits == Waits::ForRoom
            {
                connection.waits = Waits::No;
                connection.parse_again = true;
                self.serve_rest(slot);
            }
        }
    }

    /// Makes room in what is left of the turn's time; `true` when that is all that can be done.
    pub(super) fn room_slice(&mut self) -> bool {
        if self.shared.settings.maxmemory == 0 && self.room.over_since_us.is_none() {
            return self.room.waiting.is_empty();
        }
        if self.is_paused() {
            return self.room.waiting.is_empty();
        }
        let room = self.make_room();
        self.room.note(room != Room::Enough, self.now_us);
        room != Room::Later && self.room.waiting.is_empty()
    }
}
