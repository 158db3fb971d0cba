//! Looking into the server: OBJECT, MEMORY, SLOWLOG, LATENCY, DEBUG.

mod debug;
mod graph;
mod latency;
mod memory;
mod object;
mod slow;
#[cfg(test)]
mod tests;

use super::ask::Ask;
use super::help;
use super::spec::{CommandSpec, Flags, Group};
use super::{Args, CommandError, CommandResult, Cx, Outcome};

/// The family's rows.
pub(super) static SPECS: &[CommandSpec] = &[
    CommandSpec::new("object", -2, help::container)
        .subcommands(object::SUBCOMMANDS)
        .docs(
            Group::Generic,
            "2.2.3",
            "A container for commands about how values are kept.",
            "Depends on subcommand.",
        ),
    CommandSpec::new("memory", -2, help::container)
        .subcommands(memory::SUBCOMMANDS)
        .docs(
            Group::Server,
            "4.0.0",
            "A container for commands about memory.",
            "Depends on subcommand.",
        ),
    CommandSpec::new("slowlog", -2, help::container)
        .subcommands(slow::SLOWLOG)
        .docs(
            Group::Server,
            "2.2.12",
            "A container for commands about commands that took long.",
            "Depends on subcommand.",
        ),
    CommandSpec::new("commandlog", -2, help::container)
        .subcommands(slow::COMMANDLOG)
        .docs(
            Group::Server,
            "8.1.0",
            "A container for commands about commands that took long or were large.",
            "Depends on subcommand.",
        ),
    CommandSpec::new("latency", -2, help::container)
        .subcommands(latency::SUBCOMMANDS)
        .docs(
            Group::Server,
            "2.8.13",
            "A container for commands about what takes long.",
            "Depends on subcommand.",
        ),
    CommandSpec::new("monitor", 1, monitor)
        .flags(
            Flags::ADMIN
                .and(Flags::NO_SCRIPT)
                .and(Flags::LOADING)
                .and(Flags::STALE),
        )
        .docs(
            Group::Server,
            "1.0.0",
            "Has the server send every request that it runs.",
            "O(1)",
        ),
    CommandSpec::new("debug", -2, debug::debug)
        .flags(
            Flags::ADMIN
                .and(Flags::NO_SCRIPT)
                .and(Flags::LOADING)
                .and(Flags::STALE)
                .and(Flags::SYSTEM),
        )
        .docs(
            Group::Server,
            "1.0.0",
            "A container for commands that test the server.",
            "Depends on subcommand.",
        ),
];

fn monitor(cx: &mut Cx<'_>, _: &Args<'_>) -> CommandResult {
    if cx.client.slot.is_none() {
        return Err(CommandError::new(
            "ERR MONITOR isn't allowed for DENY BLOCKING client",
        ));
    }
    Outcome::ask(Ask::Monitor)
}
