//! The server: COMMAND, CONFIG, INFO, SHUTDOWN and their kin.
//!
//! ```text
//! command.rs     COMMAND: which rows are asked for
//! rows.rs        how COMMAND INFO and COMMAND DOCS show a row
//! arguments.rs   how COMMAND DOCS tells of arguments and history
//! key_specs.rs   how they show a row's keys, and COMMAND GETKEYS
//! config.rs      CONFIG
//! ```

mod arguments;
mod command;
mod config;
pub(super) mod key_specs;
mod rows;
#[cfg(test)]
mod tests;

use super::ask::{Ask, Shutdown};
use super::spec::{CommandSpec, Flags, Group};
use super::{Args, CommandError, CommandResult, Cx, DONE, Outcome, help};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// The version of Redis that clients are told, since they choose what they may use by it.
pub const REDIS_VERSION: &str = "7.4.0";

const ALWAYS: Flags = Flags::LOADING.and(Flags::STALE);
const SAVES: Flags = Flags::ADMIN
    .and(Flags::NO_SCRIPT)
    .and(Flags::NO_ASYNC_LOADING);

/// The family's rows.
pub(super) static SPECS: &[CommandSpec] = &[
    CommandSpec::new("command", -1, command::all)
        .flags(ALWAYS)
        .subcommands(command::SUBCOMMANDS)
        .categories(&["connection"])
        .tips(&["nondeterministic_output_order"])
        .docs(
            Group::Server,
            "2.8.13",
            "Returns what there is to know about every command.",
            "O(N) with N the number of commands",
        ),
    CommandSpec::new("config", -2, help::container)
        .subcommands(config::SUBCOMMANDS)
        .docs(
            Group::Server,
            "2.0.0",
            "A container for commands about the server's settings.",
            "Depends on subcommand.",
        ),
    CommandSpec::new("info", -1, info)
        .flags(ALWAYS)
        .categories(&["dangerous"])
        .tips(&[
            "nondeterministic_output",
            "request_policy:all_shards",
            "response_policy:special",
        ])
        .docs(
            Group::Server,
            "1.0.0",
            "Returns facts and counters about the server.",
            "O(1)",
        ),
    CommandSpec::new("time", 1, time)
        .flags(ALWAYS.and(Flags::FAST))
        .tips(&["nondeterministic_output"])
        .docs(Group::Server, "2.6.0", "Returns the server's time.", "O(1)"),
    CommandSpec::new("lastsave", 1, last_save)
        .flags(ALWAYS.and(Flags::FAST))
        .categories(&["admin", "dangerous"])
        .tips(&["nondeterministic_output"])
        .docs(
            Group::Server,
            "1.0.0",
            "Returns the time of the last snapshot, Unix seconds.",
            "O(1)",
        ),
    CommandSpec::new("save", 1, save)
        .flags(SAVES.and(Flags::NO_MULTI))
        .docs(
            Group::Server,
            "1.0.0",
            "Makes a snapshot, and replies when it is on disk.",
            "O(N) where N is the number of keys; everybody waits.",
        ),
    CommandSpec::new("bgsave", -1, bgsave).flags(SAVES).docs(
        Group::Server,
        "1.0.0",
        "Begins a snapshot, which is made while clients are served.",
        "O(1); the snapshot is made in slices.",
    ),
    CommandSpec::new("bgrewriteaof", 1, bgrewriteaof)
        .flags(SAVES)
        .docs(
            Group::Server,
            "1.0.0",
            "Writes the log anew, as short as the data allow, while clients are served.",
            "O(1); the base is written in slices.",
        ),
    CommandSpec::new("shutdown", -1, shutdown)
        .flags(
            ALWAYS
                .and(Flags::ADMIN)
                .and(Flags::NO_SCRIPT)
                .and(Flags::NO_MULTI)
                .and(Flags::ALLOW_BUSY),
        )
        .docs(
            Group::Server,
            "1.0.0",
            "Saves what is to be saved, and ends the server.",
            "O(N) with N the number of keys when saving, O(1) otherwise",
        ),
    CommandSpec::new("lolwut", -1, lolwut)
        .flags(Flags::READONLY.and(Flags::FAST))
        .docs(
            Group::Server,
            "5.0.0",
            "Draws something, and tells the version.",
            "",
        ),
];

fn info(_: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let lower = |word: &[u8]| String::from_utf8_lossy(word).to_ascii_lowercase();
    let sections: Vec<String> = args.from(1).map(lower).collect();
    Outcome::ask(Ask::Info(sections))
}

fn time(cx: &mut Cx<'_>, _: &Args<'_>) -> CommandResult {
    cx.reply.array(2);
    cx.reply.bulk_int((cx.wall_us / 1_000_000) as i64);
    cx.reply.bulk_int((cx.wall_us % 1_000_000) as i64);
    DONE
}

fn last_save(_: &mut Cx<'_>, _: &Args<'_>) -> CommandResult {
    Outcome::ask(Ask::LastSave)
}

fn save(_: &mut Cx<'_>, _: &Args<'_>) -> CommandResult {
    Outcome::ask(Ask::Save)
}

/// `BGSAVE [SCHEDULE]`
fn bgsave(_: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    if args.len() > 2 || (args.len() == 2 && !args.is(1, "SCHEDULE")) {
        return Err(CommandError::SYNTAX);
    }
    let may_wait = args.len() == 2;
    Outcome::ask(Ask::BackgroundSave { may_wait })
}

fn bgrewriteaof(_: &mut Cx<'_>, _: &Args<'_>) -> CommandResult {
    Outcome::ask(Ask::RewriteLog)
}

/// `SHUTDOWN [NOSAVE | SAVE] [NOW] [FORCE]`, or `SHUTDOWN ABORT`.
fn shutdown(_: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let mut how = Shutdown::default();
    for at in 1..args.len() {
        let option = if args.is(at, "NOSAVE") {
            &mut how.no_save
        } else if args.is(at, "SAVE") {
            &mut how.save
        } else if args.is(at, "NOW") {
            &mut how.now
        } else if args.is(at, "FORCE") {
            &mut how.force
        } else if args.is(at, "ABORT") {
            &mut how.abort
        } else {
            return Err(CommandError::SYNTAX);
        };
        *option = true;
    }
    let how_else = Shutdown {
        abort: false,
        ..how
    };
    if (how.abort && how_else != Shutdown::default()) || (how.save && how.no_save) {
        return Err(CommandError::SYNTAX);
    }
    Outcome::ask(Ask::Shutdown(how))
}

/// `LOLWUT [VERSION version] [ignored ...]`.
fn lolwut(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    if args.len() >= 3 && args.is(1, "VERSION") {
        args.int(2)?;
    }
    let text = format!(
        "     ________\n\
         \x20   /   /\\   \\\n\
         \x20  /___/  \\___\\      a little of everything,\n\
         \x20  \\   \\  /   /      turned over and over\n\
         \x20   \\___\\/___/\n\
         \n\
         Rotom, at your service as Redis ver. {REDIS_VERSION}\n"
    );
    cx.reply.verbatim("txt", text.as_bytes());
    DONE
}
