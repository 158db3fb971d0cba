//! Telling who listens what has happened: after each request, and after each slice of expiry and eviction.
//!
//! [`Engine::push`] is how anything reaches a client that it has not asked for in this very request: it writes to the
//! end of that client's output, which is sent at the end of the turn. So whatever a client did itself is answered before
//! it is told about it, as in Redis.

use super::Engine;
use super::connection::Connection;
use crate::keyspace::Event;
use crate::platform::Platform;
use crate::resp::{Loans, Reply};

impl<P: Platform> Engine<P> {
    /// Tells the listeners everything that has happened since the last time.
    #[cold]
    pub(super) fn tell_events(&mut self) {
        let events = self.shared.keys.events.take();
        for event in events.iter() {
            self.tell(&event);
        }
        self.shared.keys.events.give_back(events);
    }

    fn tell(&mut self, event: &Event<'_>) {
        let _ = event;
    }

    /// Writes something to a client that is no reply: a message, an invalidation, a line of MONITOR. Also clients that
    /// want no replies get it (CLIENT REPLY OFF); one that is about to be closed does not.
    #[allow(
        dead_code,
        reason = "subscriptions, tracking and MONITOR come to use it"
    )]
    pub(super) fn push(&mut self, slot: u32, write: impl FnOnce(&mut Reply<'_>, &mut Loans)) {
        let Some(connection) = self.connections.get_mut(slot) else {
            return;
        };
        if connection.closing || connection.hung_up {
            return;
        }
        let Connection { client, output, .. } = connection;
        let before = output.len();
        let mut reply = Reply::new(output.writer(&mut self.pool), client.protocol);
        write(&mut reply, &mut client.loans);
        if !client.loans.is_empty() {
            output.lend(&mut client.loans);
        }
        self.reply_bytes += output.len() - before;
        self.queue_flush(slot);
    }
}
