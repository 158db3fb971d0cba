//! CLIENT: what a client says and asks about itself.

use super::{filter, tracking};
use crate::command::help;
use crate::command::spec::{CommandSpec, Flags, Group};
use crate::command::{Args, Ask, CommandError, CommandResult, Cx, DONE, Outcome, ReplyMode};
use alloc::string::String;

const OWN: Flags = Flags::NO_SCRIPT.and(Flags::LOADING).and(Flags::STALE);
const ADMIN: Flags = OWN.and(Flags::ADMIN);

/// A row of this container.
const fn row(
    name: &'static str,
    arity: i16,
    run: crate::command::Handler,
    since: &'static str,
    summary: &'static str,
    complexity: &'static str,
) -> CommandSpec {
    CommandSpec::new(name, arity, run).docs(Group::Connection, since, summary, complexity)
}

/// CLIENT's rows.
#[rustfmt::skip]
pub(super) static SUBCOMMANDS: &[CommandSpec] = &[
    row("caching", 3, tracking::caching, "6.0.0", "Tells whether the next request's keys are cached.", "O(1)").flags(OWN),
    row("capa", -3, capa, "8.0.0", "Tells what the client can do.", "O(1)").flags(OWN.and(Flags::ALLOW_BUSY)),
    row("getname", 2, getname, "2.6.9", "Returns the name of the connection.", "O(1)").flags(OWN),
    row("getredir", 2, tracking::getredir, "6.0.0", "Returns the client that invalidations of cached keys go to.", "O(1)").flags(OWN),
    row("help", 2, help, "5.0.0", "Returns what CLIENT can do.", "O(1)").flags(Flags::LOADING.and(Flags::STALE)),
    row("id", 2, id, "5.0.0", "Returns the number of the connection.", "O(1)").flags(OWN),
    row("info", 2, info, "6.2.0", "Returns the connection's line of CLIENT LIST.", "O(1)")
        .flags(OWN).tips(&["nondeterministic_output"]),
    row("kill", -3, filter::kill, "2.4.0", "Closes connections.", "O(N) with N the number of connections").flags(ADMIN),
    row("list", -2, filter::list, "2.4.0", "Lists connections.", "O(N) with N the number of connections")
        .flags(ADMIN).tips(&["nondeterministic_output"]),
    row("no-evict", 3, no_evict, "7.0.0", "Protects the connection from being closed to save memory.", "O(1)").flags(ADMIN),
    row("no-touch", 3, no_touch, "7.2.0", "Lets the connection's reads leave the keys' access times alone.", "O(1)").flags(OWN),
    row("pause", -3, pause, "3.0.0", "Has requests wait.", "O(1)").flags(ADMIN),
    row("reply", 3, reply, "3.2.0", "Switches replies on or off, or the next one off.", "O(1)").flags(OWN),
    row("setinfo", 4, setinfo, "7.2.0", "Tells the name or the version of the client's library.", "O(1)")
        .flags(OWN).tips(&["request_policy:all_nodes", "response_policy:all_succeeded"]),
    row("setname", 3, setname, "2.6.9", "Gives the connection a name.", "O(1)")
        .flags(OWN).tips(&["request_policy:all_nodes", "response_policy:all_succeeded"]),
    row("tracking", -3, tracking::tracking, "6.0.0", "Switches telling about changes of cached keys on or off.", "O(1). Some options may introduce additional complexity.").flags(OWN),
    row("trackinginfo", 2, tracking::trackinginfo, "6.2.0", "Returns how the connection caches.", "O(1)").flags(OWN),
    row("unpause", 2, unpause, "6.2.0", "Has requests wait no longer.", "O(N) with N the number of clients that wait")
        .flags(ADMIN),
    row("unblock", -3, filter::unblock, "5.0.0", "Ends the wait of a blocked connection.", "O(log N) with N the number of blocked connections")
        .flags(ADMIN),
];

/// Bytes that the fields of CLIENT LIST can hold: no blanks, which part them, and nothing unprintable.
fn is_plain(bytes: &[u8]) -> bool {
    bytes.iter().all(u8::is_ascii_graphic)
}

/// A name for a connection; empty takes it away.
pub(super) fn valid_name(name: &[u8]) -> Result<String, CommandError> {
    if !is_plain(name) {
        return Err(CommandError::new(
            "ERR Client names cannot contain spaces, newlines or special characters.",
        ));
    }
    Ok(String::from_utf8_lossy(name).into_owned())
}

fn setname(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    cx.client.name = valid_name(args.at(2))?;
    cx.reply.ok();
    DONE
}

fn getname(cx: &mut Cx<'_>, _: &Args<'_>) -> CommandResult {
    let name = cx.client.name.as_bytes();
    cx.reply
        .bulk_or_null(Some(name).filter(|name| !name.is_empty()));
    DONE
}

fn setinfo(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let field = if args.is(2, "LIB-NAME") {
        &mut cx.client.lib_name
    } else if args.is(2, "LIB-VER") {
        &mut cx.client.lib_ver
    } else {
        return Err(CommandError::quoting(
            "ERR Unrecognized option '",
            args.at(2),
            "'",
        ));
    };
    if !is_plain(args.at(3)) {
        return Err(CommandError::quoting(
            "ERR ",
            args.at(2),
            " cannot contain spaces, newlines or special characters.",
        ));
    }
    *field = String::from_utf8_lossy(args.at(3)).into_owned();
    cx.reply.ok();
    DONE
}

fn id(cx: &mut Cx<'_>, _: &Args<'_>) -> CommandResult {
    cx.reply.int(cx.client.id as i64);
    DONE
}

fn info(_: &mut Cx<'_>, _: &Args<'_>) -> CommandResult {
    Outcome::ask(Ask::ClientInfo)
}

/// `CLIENT CAPA capability [capability ...]`; those that mean nothing here are passed over.
fn capa(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let mut words = 2..args.len();
    cx.client.can_redirect |= words.any(|index| args.is(index, "redirect"));
    cx.reply.ok();
    DONE
}

/// `CLIENT PAUSE timeout [WRITE | ALL]`
fn pause(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let is_for_all = match args.len() {
        3 => true,
        4 if args.is(3, "ALL") => true,
        4 if args.is(3, "WRITE") => false,
        4 => {
            return Err(CommandError::new(
                "ERR CLIENT PAUSE mode must be WRITE or ALL",
            ));
        }
        _ => {
            return Err(CommandError::quoting(
                "ERR unknown subcommand or wrong number of arguments for '",
                args.at(1),
                "'. Try CLIENT HELP.",
            ));
        }
    };
    let timeout_ms = args
        .int(2)
        .map_err(|_| CommandError::new("ERR timeout is not an integer or out of range"))?;
    if timeout_ms < 0 {
        return Err(CommandError::new("ERR timeout is negative"));
    }
    if timeout_ms.checked_add_unsigned(cx.keys.now_ms).is_none() {
        return Err(CommandError::new("ERR timeout is out of range"));
    }
    Outcome::ask(Ask::ClientPause {
        timeout_ms: timeout_ms as u64,
        is_for_all,
    })
}

fn unpause(_: &mut Cx<'_>, _: &Args<'_>) -> CommandResult {
    Outcome::ask(Ask::ClientUnpause)
}

fn no_evict(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    cx.client.no_evict = on_or_off(args)?;
    cx.reply.ok();
    DONE
}

fn no_touch(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    cx.client.no_touch = on_or_off(args)?;
    cx.reply.ok();
    DONE
}

fn on_or_off(args: &Args<'_>) -> Result<bool, CommandError> {
    if args.is(2, "ON") {
        Ok(true)
    } else if args.is(2, "OFF") {
        Ok(false)
    } else {
        Err(CommandError::SYNTAX)
    }
}

/// `CLIENT REPLY ON | OFF | SKIP`; only ON is answered. While replies are off, SKIP changes nothing.
fn reply(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let mode = &mut cx.client.reply_mode;
    if args.is(2, "ON") {
        *mode = ReplyMode::On;
        cx.reply.ok();
    } else if args.is(2, "OFF") {
        *mode = ReplyMode::Off;
    } else if !args.is(2, "SKIP") {
        return Err(CommandError::SYNTAX);
    } else if *mode != ReplyMode::Off {
        *mode = ReplyMode::SkipNext;
    }
    DONE
}

fn help(cx: &mut Cx<'_>, _: &Args<'_>) -> CommandResult {
    help::reply(
        cx,
        "CLIENT",
        &[
            (
                "CACHING (YES|NO)",
                &["Have the keys of the next request cached, or not, with OPTIN or OPTOUT."],
            ),
            (
                "CAPA <option> [options...]",
                &[
                    "Tell what the client can do:",
                    "* REDIRECT: it follows redirections.",
                ],
            ),
            (
                "GETREDIR",
                &["Return the number of the client that invalidations go to."],
            ),
            ("GETNAME", &["Return the connection's name."]),
            ("ID", &["Return the connection's number."]),
            ("INFO", &["Return the connection's line of CLIENT LIST."]),
            (
                "KILL <ip:port>",
                &["Close the connection that comes from this address."],
            ),
            (
                "KILL <option> <value> [<option> <value> [...]]",
                &[
                    "Close all connections that every option fits:",
                    "* ID <client-id>: the one with this number.",
                    "* ADDR (<ip:port>|<unixsocket>:0): those from this address.",
                    "* LADDR (<ip:port>|<unixsocket>:0): those to this address of the server.",
                    "* TYPE (NORMAL|MASTER|REPLICA|PUBSUB): those of this type.",
                    "* USER <username>: those of this user.",
                    "* MAXAGE <seconds>: those at least this old.",
                    "* IDLE <seconds>: those at least so long without a request.",
                    "* NAME <name>, LIB-NAME <name>, LIB-VER <version>: those that told this.",
                    "* IP <ip>, DB <number>: those from there, and those that work there.",
                    "* FLAGS <letters>, CAPA <letters>: those with all of these letters.",
                    "* NOT-<option>: those that the option does not fit.",
                    "* SKIPME (YES|NO): whether to spare this connection (default: yes).",
                ],
            ),
            (
                "LIST [options ...]",
                &[
                    "Return a line about each connection, or about those that every option of KILL fits:",
                    "* TYPE (NORMAL|MASTER|REPLICA|PUBSUB): those of this type.",
                    "* ID <client-id> [<client-id> ...]: those with these numbers.",
                ],
            ),
            (
                "NO-EVICT (ON|OFF)",
                &["Protect the connection from being closed to save memory."],
            ),
            (
                "NO-TOUCH (ON|OFF)",
                &["Let reads leave the keys' access times alone."],
            ),
            (
                "PAUSE <timeout> [WRITE|ALL]",
                &[
                    "Have requests wait for so many milliseconds: those that may write, or all (default).",
                ],
            ),
            (
                "REPLY (ON|OFF|SKIP)",
                &["Send replies, or none, or not the next one."],
            ),
            (
                "SETINFO <option> <value>",
                &[
                    "Tell about the client's library:",
                    "* LIB-NAME: its name.",
                    "* LIB-VER: its version.",
                ],
            ),
            ("SETNAME <name>", &["Give the connection a name."]),
            ("UNPAUSE", &["Have requests wait no longer."]),
            (
                "TRACKING (ON|OFF) [REDIRECT <id>] [BCAST] [PREFIX <prefix> [...]] [OPTIN] [OPTOUT] [NOLOOP]",
                &["Tell about changes of keys that the connection has read."],
            ),
            ("TRACKINGINFO", &["Return how the connection caches."]),
            (
                "UNBLOCK <client-id> [TIMEOUT|ERROR]",
                &["End the wait of a blocked connection, as if its time were up or with an error."],
            ),
        ],
    )
}
