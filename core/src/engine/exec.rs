//! EXEC: the requests of a transaction run one after the other, and nothing in between.

use super::Engine;
use super::timing::Ran;
use crate::command::Queued;
use crate::platform::{Host, Platform};
use alloc::vec::Vec;

impl<P: Platform> Engine<P> {
    /// Runs the queued requests of the client at `slot`. What one of them asks the engine for is carried out, and replied
    /// in its place, before the next one runs.
    pub(super) fn exec(&mut self, slot: u32, queue: Vec<Queued>) {
        let Some(connection) = self.connections.get_mut(slot) else {
            return;
        };
        let logged = self.shared.keys.effects.pending_len();
        let reply_from = connection.output.end();
        let out = connection.output.writer(&mut self.pool);
        let client = &mut connection.client;
        let mut exec = self.shared.begin_exec(client, queue.len(), out);
        // Each request is freed once it has run: a long argument that has become a value is then nobody else's.
        let own = self.timing.command();
        for queued in queue {
            self.begin_group(queued.command);
            let Some(connection) = self.connections.get_mut(slot) else {
                break;
            };
            let host = &mut self.host;
            let out = connection.output.writer(&mut self.pool);
            let ask = self.shared.run_queued(
                &mut exec,
                &mut connection.client,
                &queued,
                out,
                &mut |into| host.fill_random(into),
            );
            if !connection.client.loans.is_empty() {
                connection.output.lend(&mut connection.client.loans);
            }
            if let Some(ask) = ask {
                self.carry_out_one(slot, *ask);
            }
            if let Some(long) = self.end_group() {
                let args = queued.request.args(self.shared.keys.hasher());
                let ran = Ran::new(slot, &args);
                self.took_long(long, Some(ran));
            }
        }
        self.begin_group(own);
        let Some(connection) = self.connections.get_mut(slot) else {
            return self.shared.keys.effects.end_transaction();
        };
        exec.end(&mut self.shared, &mut connection.client);
        self.shared.tell_monitors_of_exec(&connection.client);
        if self.shared.keys.effects.pending_len() != logged {
            connection.logged_from.get_or_insert(reply_from);
        }
        self.reply_bytes += (connection.output.end() - reply_from) as usize;
        self.queue_flush(slot);
    }
}
