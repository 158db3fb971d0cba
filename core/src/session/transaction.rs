//! Running what EXEC has been asked for.
//!
//! Whoever runs requests calls [`Shared::begin_exec`], then [`Shared::run_queued`] for each request of the queue, carrying
//! out what it asks for before the next one, and then [`Exec::end`]. Nothing else may run in between.

use super::Shared;
use crate::command::acl::Context;
use crate::command::{
    Args, Ask, Attention, ClientState, Command, CommandError, Outcome, Queued, ReplyMode,
};
use crate::resp::Reply;
use alloc::boxed::Box;
use alloc::vec::Vec;

/// A transaction that runs: what to put back when it ends.
#[must_use = "a transaction has to be ended"]
pub struct Exec {
    deny_blocking: bool,
    /// One of its requests has the next one after EXEC not be answered (CLIENT REPLY SKIP).
    skips_next: bool,
}

impl Shared {
    /// Begins a transaction of `len` requests. The header of their replies is appended to `out`.
    pub fn begin_exec(&mut self, client: &mut ClientState, len: usize, out: &mut Vec<u8>) -> Exec {
        self.keys.effects.begin_transaction();
        if client.reply_mode == ReplyMode::On {
            Reply::new(out, client.protocol).array(len);
        }
        Exec {
            deny_blocking: core::mem::replace(&mut client.deny_blocking, true),
            skips_next: false,
        }
    }

    /// Runs a request of the queue. Its reply is appended to `out`, unless the engine is asked for something.
    pub fn run_queued(
        &mut self,
        exec: &mut Exec,
        client: &mut ClientState,
        queued: &Queued,
        out: &mut Vec<u8>,
        random_bytes: &mut dyn FnMut(&mut [u8]),
    ) -> Option<Box<Ask>> {
        let start = out.len();
        let command = *self.registry.by_number(queued.command)?;
        let args = queued.request.args(self.keys.hasher());
        self.remember_keys(client, &command, &args);
        let result = match self.still_permit(client, &command, &args) {
            Ok(()) => self.invoke(&command, client, &args, out, random_bytes),
            Err(error) => Err(error),
        };
        let ask = match result {
            Ok(Outcome::Done) => None,
            Ok(Outcome::Ask(ask)) => Some(ask),
            Err(error) => self.answer_error(&error, client, out, start),
        };
        if self.attention.has(Attention::MONITORED) {
            self.tell_monitors(client, &command, &args);
        }
        let keeps_reply = core::mem::take(&mut client.keeps_reply);
        if client.reply_mode != ReplyMode::On && !keeps_reply {
            out.truncate(start);
            client.loans.rewind(start);
        }
        if client.reply_mode == ReplyMode::SkipNext {
            (exec.skips_next, client.reply_mode) = (true, ReplyMode::On);
        }
        ask
    }
}

impl Shared {
    /// Whether a client's user may still run a request that was queued: it may have changed meanwhile.
    fn still_permit(
        &mut self,
        client: &mut ClientState,
        command: &Command,
        args: &Args<'_>,
    ) -> Result<(), CommandError> {
        if self.attention.has(Attention::USERS_CHANGED) {
            self.users.look_again(client);
        }
        if !client.attention.has(Attention::RESTRICTED) {
            return Ok(());
        }
        let Err(denied) = self.users.check(client, command, args) else {
            return Ok(());
        };
        self.note_denied(denied, client, command, args, Context::Multi);
        Err(denied.error_in_exec())
    }
}

impl Exec {
    /// Ends the transaction.
    pub fn end(self, shared: &mut Shared, client: &mut ClientState) {
        shared.keys.effects.end_transaction();
        client.deny_blocking = self.deny_blocking;
        if let Some(tracking) = &mut client.tracking {
            tracking.is_announced = false;
        }
        if self.skips_next && client.reply_mode == ReplyMode::On {
            client.reply_mode = ReplyMode::SkipNext;
        }
    }
}
