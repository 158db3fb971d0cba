//! Sending replies: once a turn and connection, WRITABLE only when the kernel took less than everything.

use super::Engine;
use crate::platform::{Interest, Net, Platform, Transfer};
use crate::settings::AppendFsync;

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

    /// Sends what can be sent. Connections whose replies wait for the disk stay on the list.
    pub(super) fn flush_all(&mut self) {
        let durable = self.durable_len();
        let mut list = core::mem::take(&mut self.to_flush);
        list.retain(|&slot| {
            let Some(connection) = self.connections.get_mut(slot) else {
                return false;
            };
            if connection.hold_until > durable {
                return true;
            }
            connection.flush_queued = false;
            self.flush(slot);
            false
        });
        // Closing a connection may have queued others meanwhile.
        list.append(&mut self.to_flush);
        self.to_flush = list;
    }

    /// Up to where the log survives a power cut; everything, when nobody has to wait for it.
    fn durable_len(&self) -> u64 {
        match self.shared.settings.appendfsync {
            AppendFsync::Always => self.aof.durable_position(),
            _ => u64::MAX,
        }
    }

    pub(super) fn flush(&mut self, slot: u32) {
        let Some(connection) = self.connections.get_mut(slot) else {
            return;
        };
        while connection.output.len() > 0 {
            let fd = connection.fd;
            let net = &mut self.net;
            match connection.output.with_parts(|parts| net.write(fd, parts)) {
                Ok(Transfer::Bytes(count)) => {
                    connection.output.sent(count.get(), &mut self.pool);
                    self.shared.statistics.output_bytes += count.get() as u64;
                }
                Ok(Transfer::NotReady) => {
                    connection.output.set_aside();
                    break;
                }
                Ok(Transfer::Closed) | Err(_) => return self.close(slot),
            }
        }
        let waiting = connection.output.len() > 0;
        if connection.closing && !waiting {
            return self.close(slot);
        }
        let want = Interest {
            readable: !connection.closing,
            writable: waiting,
        };
        if self.ae.set_interest(connection.fd, want).is_err() {
            return self.close(slot);
        }
        if waiting {
            self.check_output_limit(slot);
        }
    }

    /// Ends a client that does not take its replies, once they are over `client-output-buffer-limit`.
    pub(super) fn check_output_limit(&mut self, slot: u32) {
        let limit = self.shared.settings.client_output_buffer_limit.normal;
        let now_ms = self.shared.keys.now_ms;
        let Some(connection) = self.connections.get_mut(slot) else {
            return;
        };
        let len = connection.output.len() as u64;
        let over_hard = limit.hard_bytes != 0 && len >= limit.hard_bytes;
        let over_soft = limit.soft_bytes != 0 && len >= limit.soft_bytes;
        let since = match connection.over_soft_limit_since_ms {
            Some(since) if over_soft => since,
            _ => now_ms,
        };
        connection.over_soft_limit_since_ms = over_soft.then_some(since);
        let too_long = over_soft && now_ms.saturating_sub(since) > limit.soft_seconds * 1000;
        if over_hard || too_long {
            let id = connection.client.id;
            log::warn!("Client id={id} closed for overcoming of output buffer limits.");
            self.close(slot);
        }
    }
}
