//! MONITOR: clients that are sent every request that runs.
//!
//! The lines are put among the events when a command has run, as in Redis, and so stand in order with everything else
//! that is told. Without monitors nothing of this is looked at ([`Attention::MONITORED`]).

use super::Engine;
use crate::command::Attention;
use crate::keyspace::events::Monitored;
use crate::platform::{Net, Platform};
use alloc::format;
use alloc::string::String;

impl<P: Platform> Engine<P> {
    /// MONITOR, from the client at `slot`. Who is a monitor already gets no answer, as in Redis.
    pub(super) fn begin_monitor(&mut self, slot: u32) {
        let Some(connection) = self.connections.get_mut(slot) else {
            return;
        };
        if connection.client.is_monitor() {
            return;
        }
        connection.client.set_monitor(true);
        self.monitors.push(slot);
        self.shared.set_attention(Attention::MONITORED, true);
        self.reply(slot, |reply| reply.ok());
    }

    /// A client is no monitor any more.
    pub(super) fn end_monitor(&mut self, slot: u32) {
        self.monitors.retain(|&other| other != slot);
        let is_any = !self.monitors.is_empty();
        self.shared.set_attention(Attention::MONITORED, is_any);
    }

    /// Sends a request that has run to all monitors.
    pub(super) fn tell_monitors(&mut self, request: &Monitored<'_>) {
        let Some(connection) = self.connections.get(request.slot) else {
            return;
        };
        let address = self.net.peer_address(connection.fd);
        let from = match connection.unix {
            true => format!("unix:{}", address.trim_end_matches(":0")),
            false => String::from(&*address),
        };
        let (seconds, us) = (request.wall_us / 1_000_000, request.wall_us % 1_000_000);
        let line = format!("+{seconds}.{us:06} [{} {from}] ", request.db);
        for at in 0..self.monitors.len() {
            self.push(self.monitors[at], |reply, _| {
                reply.raw(line.as_bytes());
                reply.raw(request.words);
                reply.raw(b"\r\n");
            });
        }
    }
}
