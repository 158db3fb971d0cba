//! CLIENT PAUSE: requests wait, all of them or those that may write, until a time or CLIENT UNPAUSE.
//!
//! Meanwhile no key expires or is evicted: the data are to stay as they are.

use super::connection::Waits;
use super::{Engine, NEVER_US};
use crate::command::{Attention, ReplyMode};
use crate::platform::Platform;
use alloc::vec::Vec;

/// A pause, if there is one.
#[derive(Default)]
pub(super) struct Pause {
    /// When it ends, microseconds on the monotonic clock.
    until_us: Option<u64>,
    /// Whether all requests wait.
    is_for_all: bool,
    /// Slots of connections that wait for its end.
    waiting: Vec<u32>,
}

impl<P: Platform> Engine<P> {
    /// Whether requests are paused.
    #[inline]
    pub(super) fn is_paused(&self) -> bool {
        self.pause.until_us.is_some()
    }

    /// What INFO tells: which requests wait, and for how many milliseconds from now on.
    pub(super) fn pause_told(&self) -> (&'static str, u64) {
        match self.pause.until_us {
            None => ("none", 0),
            Some(until_us) => {
                let actions = if self.pause.is_for_all {
                    "all"
                } else {
                    "write"
                };
                (actions, until_us.saturating_sub(self.now_us) / 1000)
            }
        }
    }

    /// CLIENT PAUSE. A pause is made neither shorter nor milder by another one.
    pub(super) fn begin_pause(&mut self, timeout_ms: u64, is_for_all: bool) {
        let until_us = self.now_us.saturating_add(timeout_ms.saturating_mul(1000));
        let until_us = until_us.max(self.pause.until_us.unwrap_or(0)).min(NEVER_US);
        self.pause.is_for_all |= is_for_all;
        self.pause.until_us = Some(until_us);
        self.shared
            .set_attention(Attention::PAUSED_ALL, self.pause.is_for_all);
        self.shared.set_attention(Attention::PAUSED_WRITES, true);
        self.ae.move_timer(self.pause_timer, until_us);
    }

    /// CLIENT UNPAUSE, or the time is up: those that wait go on in the next turn.
    pub(super) fn end_pause(&mut self) {
        let ended = core::mem::take(&mut self.pause);
        self.shared.set_attention(Attention::PAUSED_ALL, false);
        self.shared.set_attention(Attention::PAUSED_WRITES, false);
        self.ae.move_timer(self.pause_timer, NEVER_US);
        for slot in ended.waiting {
            if let Some(connection) = self.connections.get_mut(slot)
                && connection.waits == Waits::ForPause
            {
                connection.waits = Waits::ForTurn;
                self.queue_serve(slot);
            }
        }
    }

    /// The timer has fired.
    pub(super) fn pause_is_over(&mut self) {
        if let Some(until_us) = self.pause.until_us {
            if until_us <= self.now_us {
                self.end_pause();
            } else {
                self.ae.move_timer(self.pause_timer, until_us);
            }
        }
    }

    /// Has the request at an offset into a connection's input wait for the end of the pause, and those after it.
    pub(super) fn wait_for_pause(&mut self, slot: u32, offset: usize) {
        self.postpone(slot, offset, Waits::ForPause);
        if let Some(connection) = self.connections.get_mut(slot) {
            // It has not run, and the reply that is not wanted is still the one to come.
            connection.client.commands -= 1;
            if connection.client.reply_mode == ReplyMode::Skip {
                connection.client.reply_mode = ReplyMode::SkipNext;
            }
            self.pause.waiting.push(slot);
        }
    }
}
