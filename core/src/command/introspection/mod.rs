//! Looking into the server: OBJECT, MEMORY, DEBUG.

mod debug;
mod memory;
mod object;
#[cfg(test)]
mod tests;

use super::help;
use super::spec::{CommandSpec, Flags, Group};

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
