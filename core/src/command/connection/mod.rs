//! The connection: PING, AUTH, HELLO, CLIENT and their kin.
//!
//! ```text
//! auth.rs     AUTH and HELLO: passwords, the protocol
//! client.rs   CLIENT: what a client says and asks about itself
//! tracking.rs CLIENT TRACKING and its kin: caching on the client's side
//! filter.rs   CLIENT LIST and CLIENT KILL: which clients are meant
//! ```

mod auth;
mod client;
mod filter;
#[cfg(test)]
mod tests;
mod tracking;

pub(crate) use tracking::NO_SUCH_CLIENT;

use super::ask::Ask;
use super::spec::{CommandSpec, Flags, Group};
use super::{Args, CommandError, CommandResult, Cx, DONE, Outcome, help};
use alloc::format;

/// What a client may send at any time, and before it has said who it is.
const HANDSHAKE: Flags = Flags::NO_SCRIPT
    .and(Flags::LOADING)
    .and(Flags::STALE)
    .and(Flags::FAST)
    .and(Flags::NO_AUTH)
    .and(Flags::ALLOW_BUSY);

/// The family's rows.
pub(super) static SPECS: &[CommandSpec] = &[
    CommandSpec::new("ping", -1, ping)
        .flags(Flags::FAST)
        .tips(&["request_policy:all_shards", "response_policy:all_succeeded"])
        .docs(
            Group::Connection,
            "1.0.0",
            "Answers PONG, or the given message: the server is there.",
            "O(1)",
        ),
    CommandSpec::new("echo", 2, echo)
        .flags(Flags::LOADING.and(Flags::STALE).and(Flags::FAST))
        .docs(
            Group::Connection,
            "1.0.0",
            "Answers the given message.",
            "O(1)",
        ),
    CommandSpec::new("quit", -1, quit)
        .flags(HANDSHAKE.and(Flags::IN_MULTI_AT_ONCE))
        .deprecated("7.2.0", "just closing the connection")
        .docs(
            Group::Connection,
            "1.0.0",
            "Closes the connection after its replies.",
            "O(1)",
        ),
    CommandSpec::new("select", 2, select)
        .flags(Flags::LOADING.and(Flags::STALE).and(Flags::FAST))
        .docs(
            Group::Connection,
            "1.0.0",
            "Chooses the database that the connection works on.",
            "O(1)",
        ),
    CommandSpec::new("auth", -2, auth::auth)
        .flags(HANDSHAKE)
        .docs(
            Group::Connection,
            "1.0.0",
            "Says who the client is, with a password.",
            "O(N) with N the number of the user's passwords",
        ),
    CommandSpec::new("hello", -1, auth::hello)
        .flags(HANDSHAKE)
        .docs(
            Group::Connection,
            "6.0.0",
            "Chooses the protocol version, and tells about the server.",
            "O(1)",
        ),
    CommandSpec::new("reset", 1, reset)
        .flags(HANDSHAKE.and(Flags::IN_MULTI_AT_ONCE))
        .docs(
            Group::Connection,
            "6.2.0",
            "Puts the connection back to the state of a new one.",
            "O(1)",
        ),
    CommandSpec::new("client", -2, help::container)
        .subcommands(client::SUBCOMMANDS)
        .docs(
            Group::Connection,
            "2.4.0",
            "A container for commands about client connections.",
            "Depends on subcommand.",
        ),
];

fn ping(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    match args.len() {
        len @ 1..=2 if cx.client.is_mere_subscriber() => {
            cx.reply.array(2);
            cx.reply.text("pong");
            cx.reply.bulk(if len == 2 { args.at(1) } else { b"" });
        }
        1 => cx.reply.simple("PONG"),
        2 => cx.reply.bulk(args.at(1)),
        _ => return Err(CommandError::wrong_arity("ping")),
    }
    DONE
}

fn echo(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    cx.reply.bulk(args.at(1));
    DONE
}

fn quit(cx: &mut Cx<'_>, _: &Args<'_>) -> CommandResult {
    cx.reply.ok();
    Outcome::ask(Ask::Close)
}

fn select(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let number = args.int(1)?;
    if i32::try_from(number).is_err() {
        return Err(CommandError::with(format!(
            "ERR value is out of range, value must between {} and {}",
            i32::MIN,
            i32::MAX
        )));
    }
    cx.client.db = args.database(1, cx.keys.database_count())?;
    cx.reply.ok();
    DONE
}

fn reset(_: &mut Cx<'_>, _: &Args<'_>) -> CommandResult {
    Outcome::ask(Ask::Reset)
}
