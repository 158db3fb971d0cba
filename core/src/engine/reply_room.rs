//! Room for replies: a connection that has much to send runs no more requests until some of it is sent.
//!
//! Otherwise a client that pipelines requests with big replies would fill the memory with what it has not asked its
//! socket for yet. How much a connection replies in one turn is bounded by the turn (`batch/`); this bounds how much it
//! replies ahead of what its client takes.
//!
//! Where `client-output-buffer-limit` bounds the output of normal clients, they may go up to that limit, and are ended
//! there as Redis ends them.
//!
//! Meanwhile its input is read on, for a client may well send its whole pipeline before it takes the first reply. When it
//! hangs up, what it sent still runs, as it would have without the wait.

use super::Engine;
use super::connection::{ClientKind, Connection, Waits};
use crate::platform::{Interest, Platform};
use crate::settings::Settings;

/// With so much to send a connection runs no more requests when no limit is set, bytes.
const OUTPUT_MAX_BYTES: usize = 1 << 20;

impl Connection {
    /// Whether requests may run now; if not, they wait until something was sent.
    #[inline]
    pub(super) fn may_reply(&mut self, settings: &Settings) -> bool {
        self.output.len() < OUTPUT_MAX_BYTES || self.has_room(settings)
    }

    #[cold]
    fn has_room(&mut self, settings: &Settings) -> bool {
        let has_room = self.output.len() < output_max_bytes(self.kind(), settings);
        if !has_room {
            self.waits = Waits::ForOutput;
        }
        has_room
    }

    /// Whether nothing more is to be read, because the peer has ended.
    pub(super) fn has_ended(&self) -> bool {
        self.input_ended || self.hung_up
    }
}

/// With so much to send a connection runs no more requests.
fn output_max_bytes(kind: ClientKind, settings: &Settings) -> usize {
    let limits = &settings.client_output_buffer_limit;
    let hard_bytes = kind.limit(limits).hard_bytes;
    usize::try_from(hard_bytes).map_or(usize::MAX, |limit| limit.max(OUTPUT_MAX_BYTES))
}

impl<P: Platform> Engine<P> {
    /// After something was sent: a connection that has room for replies again goes on in the next turn.
    #[inline]
    pub(super) fn output_has_shrunk(&mut self, slot: u32) {
        if let Some(connection) = self.connections.get_mut(slot)
            && connection.waits == Waits::ForOutput
            && connection.output.len() < output_max_bytes(connection.kind(), &self.shared.settings)
        {
            connection.waits = Waits::ForTurn;
            self.queue_serve(slot);
        }
    }

    /// The peer sends nothing more; the connection ends when the requests that wait have run.
    pub(super) fn end_input(&mut self, slot: u32) {
        if let Some(connection) = self.connections.get_mut(slot) {
            connection.input_ended = true;
            // Its end is not to be told again and again.
            self.queue_flush(slot);
        }
    }

    /// The peer is gone: closes the connection, at once or when the requests that wait have run.
    pub(super) fn hang_up(&mut self, slot: u32) {
        let Some(connection) = self.connections.get_mut(slot) else {
            return;
        };
        // Who waits for something is forgotten at once, so that nothing is taken for nobody.
        if matches!(connection.waits, Waits::No | Waits::ForAnswer) || connection.closing {
            return self.close(slot);
        }
        connection.hung_up = true;
        let nothing = Interest::default();
        connection.interest = nothing;
        if self.ae.set_interest(connection.fd, nothing).is_err() {
            return self.close(slot);
        }
        self.drop_replies(slot);
    }

    /// Nobody takes the replies of a connection whose peer is gone; it goes on, or is closed.
    pub(super) fn drop_replies(&mut self, slot: u32) {
        let Some(connection) = self.connections.get_mut(slot) else {
            return;
        };
        if connection.waits == Waits::No {
            return self.close(slot);
        }
        let len = connection.output.len();
        if len > 0 {
            connection.output.sent(len, &mut self.pool);
        }
        self.output_has_shrunk(slot);
    }
}
