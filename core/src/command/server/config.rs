//! CONFIG: the settings while the server runs.

use crate::command::spec::{CommandSpec, Flags, server_row as row};
use crate::command::{Args, Ask, CommandError, CommandResult, Cx, DONE, Outcome, help};
use alloc::string::ToString;
use alloc::vec::Vec;

const ADMIN: Flags = super::ALWAYS.and(Flags::ADMIN).and(Flags::NO_SCRIPT);

const ALL_NODES: &[&str] = &["request_policy:all_nodes", "response_policy:all_succeeded"];

/// CONFIG's rows.
#[rustfmt::skip]
pub(super) static SUBCOMMANDS: &[CommandSpec] = &[
    row("get", -3, get, "2.0.0", "Returns settings and their values.", "O(N) with N the number of settings given").flags(ADMIN),
    row("help", 2, help, "5.0.0", "Returns what CONFIG can do.", "O(1)").flags(super::ALWAYS),
    row("resetstat", 2, reset_statistics, "2.0.0", "Sets the counters of INFO back.", "O(1)").flags(ADMIN).tips(ALL_NODES),
    row("rewrite", 2, rewrite, "2.8.0", "Writes the settings into the configuration file.", "O(1)").flags(ADMIN).tips(ALL_NODES),
    row("set", -4, set, "2.0.0", "Changes settings, all or none.", "O(N) with N the number of settings given")
        .flags(ADMIN).tips(ALL_NODES),
];

/// `CONFIG GET pattern [pattern ...]`.
fn get(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let patterns: Vec<&[u8]> = args.from(2).collect();
    let found = cx.settings.config_get(&patterns);
    cx.reply.map(found.len());
    for (name, value) in found {
        cx.reply.text(&name);
        cx.reply.bulk(&value);
    }
    DONE
}

/// `CONFIG SET setting value [setting value ...]`.
fn set(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    if !args.len().is_multiple_of(2) {
        return Err(CommandError::SYNTAX);
    }
    let words = (2..args.len()).step_by(2);
    let pairs: Vec<(&[u8], &[u8])> = words.map(|at| (args.at(at), args.at(at + 1))).collect();
    match cx.settings.config_set(&pairs, cx.client.local) {
        Ok(changes) => Outcome::ask(Ask::SettingsChanged(changes)),
        Err(error) => Err(CommandError::with(error.to_string())),
    }
}

fn reset_statistics(_: &mut Cx<'_>, _: &Args<'_>) -> CommandResult {
    Outcome::ask(Ask::ResetStatistics)
}

fn rewrite(_: &mut Cx<'_>, _: &Args<'_>) -> CommandResult {
    Outcome::ask(Ask::ConfigRewrite)
}

fn help(cx: &mut Cx<'_>, _: &Args<'_>) -> CommandResult {
    help::reply(
        cx,
        "CONFIG",
        &[
            (
                "GET <pattern> [<pattern> ...]",
                &["Return the settings whose names match a glob, and their values."],
            ),
            (
                "SET <setting> <value> [<setting> <value> ...]",
                &["Change settings: all of them, or none when one cannot be."],
            ),
            ("RESETSTAT", &["Set the counters of INFO back."]),
            (
                "REWRITE",
                &["Write the settings into the configuration file."],
            ),
        ],
    )
}
