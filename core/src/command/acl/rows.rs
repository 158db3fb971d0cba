//! ACL's rows.

use super::handlers as run;
use crate::command::help;
use crate::command::spec::{CommandSpec, Flags, server_row as row};

const EVERYBODY: Flags = Flags::NO_SCRIPT.and(Flags::LOADING).and(Flags::STALE);
const ADMIN: Flags = EVERYBODY.and(Flags::ADMIN);
const ALL_NODES: &[&str] = &["request_policy:all_nodes", "response_policy:all_succeeded"];

#[rustfmt::skip]
static SUBCOMMANDS: &[CommandSpec] = &[
    row("cat", -2, run::cat, "6.0.0", "Returns the categories of commands, or the commands of one.", "O(1)").flags(EVERYBODY),
    row("deluser", -3, run::delete, "6.0.0", "Removes users and closes their connections.", "O(N) with N the number of users given")
        .flags(ADMIN).tips(ALL_NODES),
    row("dryrun", -4, run::dry_run, "7.0.0", "Tells whether a user may run a request.", "O(1)").flags(ADMIN),
    row("genpass", -2, run::generate_password, "6.0.0", "Returns a password that nobody can guess.", "O(1)").flags(EVERYBODY),
    row("getuser", 3, run::get, "6.0.0", "Returns a user's rules.", "O(N) with N the number of its rules").flags(ADMIN),
    row("help", 2, run::help, "6.0.0", "Returns what ACL can do.", "O(1)").flags(Flags::LOADING.and(Flags::STALE)),
    row("list", 2, run::list, "6.0.0", "Returns all users as an ACL file has them.", "O(N) with N the number of users").flags(ADMIN),
    row("load", 2, run::load, "6.0.0", "Reads the ACL file.", "O(N) with N the number of users").flags(ADMIN),
    row("log", -2, run::log, "6.0.0", "Returns what was refused.", "O(N) with N the number of entries").flags(ADMIN),
    row("save", 2, run::save, "6.0.0", "Writes the ACL file.", "O(N) with N the number of users").flags(ADMIN).tips(ALL_NODES),
    row("setuser", -3, run::set, "6.0.0", "Creates or changes a user.", "O(N) with N the number of rules").flags(ADMIN).tips(ALL_NODES),
    row("users", 2, run::names, "6.0.0", "Returns the names of all users.", "O(N) with N the number of users").flags(ADMIN),
    row("whoami", 2, run::who_am_i, "6.0.0", "Returns the name of the connection's user.", "O(1)").flags(EVERYBODY),
];

/// The family's rows.
pub(in crate::command) static SPECS: &[CommandSpec] = &[row(
    "acl",
    -2,
    help::container,
    "6.0.0",
    "A container for commands about users and what they may do.",
    "Depends on subcommand.",
)
.subcommands(SUBCOMMANDS)];
