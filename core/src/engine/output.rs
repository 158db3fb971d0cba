//! Sending replies: once a turn and connection, WRITABLE only when the kernel took less than everything.
//!
//! With `appendfsync always` the replies of a turn in which a client wrote wait until the log is durable up to that
//! turn's end, and so do those of who read what is not durable yet (`unsynced.rs`). They wait in the connection's output; [`HeldReplies`] tells up to where it may be sent. A client that goes
//! on writing meanwhile does not put off its earlier replies: each turn has its own place in the queue.
//!
//! With `everysec` the replies to writes wait in the same way while the disk is so slow that a sync is over a second late.
//!
//! WAITAOF has its reply held in the same way under every policy, and the log synced at once as long as one is held.

use super::Engine;
use crate::platform::{Clock, Interest, Net, Platform, Transfer};
use crate::settings::AppendFsync;
use alloc::collections::VecDeque;

/// How much is sent in one turn to clients with much to send; copying it into the kernel takes some hundred microseconds.
pub(super) const SEND_BYTES_PER_TURN: usize = 256 * 1024;
/// How much of it one of them gets. In the next turn those come first that got nothing.
const SEND_BYTES_EACH: usize = 128 * 1024;
/// Who has no more than this is served in any case.
const SEND_BYTES_SMALL: usize = 16 * 1024;

/// How long sending goes on in one turn after the first look at the clock, microseconds, and connections between two
/// looks: a message may go to ten thousand subscribers, and each takes some microseconds.
const FLUSH_BUDGET_US: u64 = 500;
const FLUSHES_PER_LOOK: usize = 32;

/// Replies that wait for the disk, in order of the positions of the log that they wait for.
#[derive(Default)]
pub(super) struct HeldReplies {
    queue: VecDeque<Held>,
    /// Replies of WAITAOF may be among them, or are to be held at the end of this turn.
    awaited: bool,
}

#[derive(Clone, Copy)]
struct Held {
    /// The log must be durable up to here.
    position: u64,
    slot: u32,
    /// The client that had the slot then.
    client_id: u64,
    /// Up to where the output may be sent then, counted from the connection's first byte.
    until: u64,
    /// Whether it waits whatever the policy is now.
    in_any_case: bool,
}

impl<P: Platform> Engine<P> {
    /// Puts a connection with output, or one that is to be closed, on the list for the end of the turn.
    pub(super) fn queue_flush(&mut self, slot: u32) {
        let Some(connection) = self.connections.get_mut(slot) else {
            return;
        };
        let wanted = connection.output.len() > 0 || connection.closing;
        if wanted && !connection.flush_queued {
            connection.flush_queued = true;
            self.to_flush.push(slot);
        }
    }

    /// Has those who wrote in this turn wait for its end in the log, if the policy says so, and those who asked for it.
    pub(super) fn hold_replies(&mut self) {
        let all_wait = self.replies_wait();
        if !all_wait && !self.held.awaited {
            return;
        }
        // What could not be appended yet comes after what was.
        let pending = self.shared.keys.effects.pending().len() as u64;
        let position = self.aof.position() + pending;
        for &slot in &self.to_flush {
            let Some(connection) = self.connections.get_mut(slot) else {
                continue;
            };
            let until = connection.output.end();
            let in_any_case = connection.awaits_log_from.is_some();
            let from = connection.take_waits_from(all_wait);
            let Some(from) = from.filter(|&from| from < until) else {
                continue;
            };
            if connection.holds == 0 {
                connection.released = from;
            }
            connection.holds += 1;
            self.held.queue.push_back(Held {
                position,
                slot,
                client_id: connection.client.id,
                until,
                in_any_case,
            });
        }
    }

    /// Has the replies of this turn to a client wait for its end in the log, from the one that comes next on.
    pub(super) fn hold_from_here(&mut self, slot: u32) {
        if let Some(connection) = self.connections.get_mut(slot) {
            let from = connection.output.end();
            connection.awaits_log_from.get_or_insert(from);
            self.held.awaited = true;
        }
    }

    /// Whether everything that was written so far survives a power cut.
    pub(super) fn is_log_durable(&self) -> bool {
        self.aof.is_open()
            && self.shared.keys.effects.pending_len() == 0
            && self.aof.durable_position() >= self.aof.position()
    }

    /// When the log is synced: each turn while a client waits for it.
    pub(super) fn sync_policy(&self) -> AppendFsync {
        if self.held.awaited {
            AppendFsync::Always
        } else {
            self.shared.settings.appendfsync
        }
    }

    /// Whether replies to writes wait for the disk: always, or with `everysec` as long as it is so slow that more than
    /// what may be lost would be.
    fn replies_wait(&self) -> bool {
        match self.shared.settings.appendfsync {
            AppendFsync::Always => self.aof.is_open(),
            AppendFsync::Everysec => self.aof.is_backlogged(),
            AppendFsync::No => false,
        }
    }

    /// At the start of a turn: whether readers of what is not durable wait, and what that is now.
    pub(super) fn look_at_unsynced(&mut self) {
        let is_always = self.shared.settings.appendfsync == AppendFsync::Always;
        if !is_always && !self.unsynced.is_on() {
            return;
        }
        self.aof.learn_durable(self.now_us);
        let pending = self.shared.keys.effects.pending_len() as u64;
        let position = self.aof.position() + pending;
        let is_on = is_always && !self.aof.has_failed();
        self.unsynced
            .begin_turn(is_on, self.aof.durable_position(), position);
    }

    /// The log has ended: nobody waits for the disk any more.
    pub(super) fn end_unsynced(&mut self) {
        let durable = self.aof.durable_position();
        self.unsynced.begin_turn(false, durable, durable);
    }

    /// Releases the replies for which the log is durable.
    fn release_held(&mut self) {
        let (durable, all_wait) = (self.aof.durable_position(), self.replies_wait());
        while let Some(&held) = self.held.queue.front()
            && (held.position <= durable || !(all_wait || held.in_any_case))
        {
            self.held.queue.pop_front();
            if let Some(connection) = self.connections.get_mut(held.slot)
                && connection.client.id == held.client_id
            {
                connection.holds -= 1;
                connection.released = held.until;
                self.queue_flush(held.slot);
            }
        }
        self.held.awaited &= !self.held.queue.is_empty();
    }

    /// Sends what can be sent.
    pub(super) fn flush_all(&mut self) {
        self.release_held();
        let mut list = core::mem::take(&mut self.to_flush);
        let mut flushed = 0;
        let mut end_us = None;
        while let Some(&slot) = list.get(flushed) {
            flushed += 1;
            if let Some(connection) = self.connections.get_mut(slot) {
                connection.flush_queued = false;
                self.flush(slot);
            }
            if flushed % FLUSHES_PER_LOOK == 0 {
                let now_us = self.clock.monotonic_us();
                if now_us >= *end_us.get_or_insert(now_us + FLUSH_BUDGET_US) {
                    break;
                }
            }
        }
        list.drain(..flushed);
        // Those that are left for the next turn, who got nothing first; the list goes back for its room.
        list.append(&mut self.to_flush);
        list.append(&mut self.half_flushed);
        self.to_flush = list;
    }

    /// Ends all connections. Replies that are written go out as far as the sockets take them, those that wait for the
    /// disk only when everything `is_durable`.
    pub(super) fn close_all(&mut self, is_durable: bool) {
        self.held.queue.clear();
        let all_wait = self.replies_wait();
        for slot in 0..self.connections.slot_count() as u32 {
            if let Some(connection) = self.connections.get_mut(slot) {
                if is_durable {
                    (connection.holds, connection.logged_from) = (0, None);
                } else if let Some(from) = connection.take_waits_from(all_wait)
                    && connection.holds == 0
                {
                    (connection.holds, connection.released) = (1, from);
                }
                self.send_bytes_left = usize::MAX;
                self.flush(slot);
                self.close(slot);
            }
        }
    }

    pub(super) fn flush(&mut self, slot: u32) {
        let Some(connection) = self.connections.get_mut(slot) else {
            return;
        };
        if connection.hung_up {
            return self.drop_replies(slot);
        }
        let mut sendable = connection.sendable_len();
        let mut budget = if sendable <= SEND_BYTES_SMALL {
            SEND_BYTES_SMALL
        } else if self.send_bytes_left < SEND_BYTES_SMALL {
            0
        } else {
            self.send_bytes_left.min(SEND_BYTES_EACH)
        };
        let gets_nothing = budget == 0;
        let mut is_slow = false;
        while sendable > 0 && budget > 0 {
            let (fd, net) = (connection.fd, &mut self.net);
            let most = sendable.min(budget);
            match connection
                .output
                .with_parts(most, |parts| net.write(fd, parts))
            {
                Ok(Transfer::Bytes(count)) => {
                    let count = count.get();
                    connection.output.sent(count, &mut self.pool);
                    connection.client.active_at_ms = self.now_us / 1000;
                    self.shared.statistics.output_bytes += count as u64;
                    self.shared.statistics.writes += 1;
                    sendable -= count;
                    budget = budget.saturating_sub(count);
                    self.send_bytes_left = self.send_bytes_left.saturating_sub(count);
                }
                Ok(Transfer::NotReady) => {
                    is_slow = true;
                    break;
                }
                Ok(Transfer::Closed) | Err(_) => return self.hang_up(slot),
            }
        }
        let is_left = sendable > 0 && !is_slow;
        self.after_flush(slot, is_slow);
        if is_left {
            self.queue_rest(slot, gets_nothing);
        }
    }

    /// Puts a connection off until the next turn; its socket need not tell that it takes more.
    fn queue_rest(&mut self, slot: u32, has_nothing: bool) {
        if has_nothing {
            return self.queue_flush(slot);
        }
        if let Some(connection) = self.connections.get_mut(slot)
            && !connection.flush_queued
        {
            connection.flush_queued = true;
            self.half_flushed.push(slot);
        }
    }

    /// Closes, or waits for what comes next. `is_slow`: the socket did not take all that may be sent.
    fn after_flush(&mut self, slot: u32, is_slow: bool) {
        let Some(connection) = self.connections.get_mut(slot) else {
            return;
        };
        let is_waiting = connection.output.len() > 0;
        if connection.closing && !is_waiting {
            return self.close(slot);
        }
        let want = Interest {
            readable: !connection.closing && !connection.input_ended,
            writable: is_slow,
        };
        // Nearly always nothing changes: then the loop's map of descriptors is not asked.
        if want != connection.interest {
            connection.interest = want;
            if self.ae.set_interest(connection.fd, want).is_err() {
                return self.close(slot);
            }
        }
        if is_waiting {
            connection.output.set_aside();
            self.check_output_limit(slot);
        } else {
            connection.over_soft_limit_since_ms = None;
        }
        self.output_has_shrunk(slot);
        self.count_client_memory(slot);
    }

    /// Ends a client that does not take its replies, once they are over `client-output-buffer-limit`.
    pub(super) fn check_output_limit(&mut self, slot: u32) {
        let now_ms = self.now_us / 1000;
        let Some(connection) = self.connections.get_mut(slot) else {
            return;
        };
        let limits = &self.shared.settings.client_output_buffer_limit;
        let limit = connection.kind().limit(limits);
        let len = connection.output.len() as u64;
        let over_hard = limit.hard_bytes != 0 && len >= limit.hard_bytes;
        let over_soft = limit.soft_bytes != 0 && len >= limit.soft_bytes;
        let since = match connection.over_soft_limit_since_ms {
            Some(since) if over_soft => since,
            _ => now_ms,
        };
        connection.over_soft_limit_since_ms = over_soft.then_some(since);
        let soft_ms = limit.soft_seconds.saturating_mul(1000);
        let too_long = over_soft && now_ms.saturating_sub(since) > soft_ms;
        if over_hard || too_long {
            let id = connection.client.id;
            log::warn!("Client id={id} closed for overcoming of output buffer limits.");
            self.shared.statistics.output_limit_disconnections += 1;
            self.close(slot);
        }
    }
}
