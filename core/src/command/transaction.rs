//! MULTI, EXEC, DISCARD, WATCH, UNWATCH.
//!
//! Requests between MULTI and EXEC are queued before they would run ([`crate::session::Shared::run`]). EXEC's handler
//! decides whether they run at all, and hands the queue on as [`Ask::Exec`]: whoever runs requests runs these, one after the
//! other and nothing in between.

use super::multi::Multi;
use super::spec::{CommandSpec, Flags, Group, KeyUse, keys};
use super::{
    Args, Ask, Attention, ClientState, Command, CommandError, CommandResult, Cx, DONE, Outcome,
};
use crate::keyspace::Keyspace;
use alloc::boxed::Box;

const FLAGS: Flags = Flags::NO_SCRIPT
    .and(Flags::LOADING)
    .and(Flags::STALE)
    .and(Flags::IN_MULTI_AT_ONCE);
const QUICK: Flags = FLAGS.and(Flags::FAST).and(Flags::ALLOW_BUSY);

/// A row of the family.
const fn row(
    name: &'static str,
    arity: i16,
    run: super::Handler,
    flags: Flags,
    about: (&'static str, &'static str, &'static str),
) -> CommandSpec {
    CommandSpec::new(name, arity, run).flags(flags).docs(
        Group::Transactions,
        about.0,
        about.1,
        about.2,
    )
}

/// The family's rows.
#[rustfmt::skip]
pub(super) static SPECS: &[CommandSpec] = &[
    row("multi", 1, multi, QUICK, ("1.2.0", "Begins a transaction: requests are queued from now on.", "O(1)")),
    row("exec", 1, exec, FLAGS.and(Flags::SKIP_SLOWLOG), ("1.2.0", "Runs the queued requests of a transaction.", "Depends on commands in the transaction")),
    row("discard", 1, discard, QUICK, ("2.0.0", "Forgets the queued requests of a transaction.", "O(N), when N is the number of queued commands")),
    row("watch", -2, watch, QUICK, ("2.2.0", "Has the next EXEC run nothing if one of the keys changes before it.", "O(1) for every key."))
        .keys(&[keys(1, -1, 1, KeyUse::Look)]),
    CommandSpec::new("unwatch", 1, unwatch)
        .flags(Flags::NO_SCRIPT.and(Flags::LOADING).and(Flags::STALE).and(Flags::FAST).and(Flags::ALLOW_BUSY))
        .docs(Group::Transactions, "2.2.0", "Forgets the watched keys.", "O(1)"),
];

impl ClientState {
    /// Begins a transaction.
    fn begin_multi(&mut self) {
        self.multi = Some(Box::default());
        self.attention.set(Attention::IN_MULTI, true);
    }

    /// Ends the transaction and the watch over keys. The transaction as it was.
    pub(crate) fn end_multi(&mut self, keys: &mut Keyspace) -> Option<Box<Multi>> {
        self.attention.set(Attention::IN_MULTI, false);
        keys.unwatch(&mut self.watch);
        self.multi.take()
    }

    /// A request of this client was refused with `error`: its transaction, if it is in one, will not run. What the client
    /// is told.
    #[cold]
    pub(crate) fn refused(
        &mut self,
        keys: &mut Keyspace,
        command: Option<&Command>,
        error: CommandError,
    ) -> CommandError {
        let Some(multi) = &mut self.multi else {
            return error;
        };
        if !command.is_some_and(Command::is_exec) {
            multi.abort();
            return error;
        }
        self.end_multi(keys);
        let reason = error.text();
        let reason = reason.strip_prefix(b"ERR ").unwrap_or(reason);
        CommandError::with_bytes([b"EXECABORT Transaction discarded because of: ", reason].concat())
    }
}

fn multi(cx: &mut Cx<'_>, _: &Args<'_>) -> CommandResult {
    if cx.client.multi.is_some() {
        return Err(CommandError::new("ERR MULTI calls can not be nested"));
    }
    cx.client.begin_multi();
    cx.reply.ok();
    DONE
}

fn exec(cx: &mut Cx<'_>, _: &Args<'_>) -> CommandResult {
    if cx.client.multi.is_none() {
        return Err(CommandError::new("ERR EXEC without MULTI"));
    }
    let has_changed = cx.keys.has_changed(&cx.client.watch);
    let multi = cx.client.end_multi(cx.keys).unwrap_or_default();
    if multi.is_aborted() {
        return Err(CommandError::new(
            "EXECABORT Transaction discarded because of previous errors.",
        ));
    }
    if has_changed {
        cx.reply.null_array();
        return DONE;
    }
    Outcome::ask(Ask::Exec(multi.into_queue()))
}

fn discard(cx: &mut Cx<'_>, _: &Args<'_>) -> CommandResult {
    if cx.client.multi.is_none() {
        return Err(CommandError::new("ERR DISCARD without MULTI"));
    }
    cx.client.end_multi(cx.keys);
    cx.reply.ok();
    DONE
}

fn watch(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    if cx.client.multi.is_some() {
        return Err(CommandError::new("ERR WATCH inside MULTI is not allowed"));
    }
    for index in 1..args.len() {
        cx.keys.watch(&mut cx.client.watch, &args.key(index));
    }
    cx.reply.ok();
    DONE
}

fn unwatch(cx: &mut Cx<'_>, _: &Args<'_>) -> CommandResult {
    cx.keys.unwatch(&mut cx.client.watch);
    cx.reply.ok();
    DONE
}

#[cfg(test)]
mod tests;
