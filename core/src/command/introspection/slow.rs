//! SLOWLOG and COMMANDLOG.

use crate::command::spec::{CommandSpec, Flags, server_row as row};
use crate::command::{Args, CommandError, CommandResult, Cx, DONE, help};
use crate::telemetry::{Kind, LogEntry};

const ADMIN: Flags = Flags::ADMIN.and(Flags::LOADING).and(Flags::STALE);
const HELP: Flags = Flags::LOADING.and(Flags::STALE);
const PER_NODE: &[&str] = &["request_policy:all_nodes", "nondeterministic_output"];
const RESET: &[&str] = &["request_policy:all_nodes", "response_policy:all_succeeded"];
const SUMMED: &[&str] = &[
    "request_policy:all_nodes",
    "response_policy:agg_sum",
    "nondeterministic_output",
];
/// Entries that SLOWLOG GET shows when it is not told how many.
const DEFAULT_COUNT: usize = 10;

/// SLOWLOG's rows.
#[rustfmt::skip]
pub(super) static SLOWLOG: &[CommandSpec] = &[
    row("get", -2, slowlog_get, "2.2.12", "Returns commands that took long.", "O(N) with N the number of entries").flags(ADMIN).tips(PER_NODE),
    row("help", 2, slowlog_help, "6.2.0", "Returns what SLOWLOG can do.", "O(1)").flags(HELP),
    row("len", 2, slowlog_len, "2.2.12", "Returns how many commands that took long are kept.", "O(1)").flags(ADMIN).tips(SUMMED),
    row("reset", 2, slowlog_reset, "2.2.12", "Forgets the commands that took long.", "O(N) with N the number of entries").flags(ADMIN).tips(RESET),
];

/// COMMANDLOG's rows.
#[rustfmt::skip]
pub(super) static COMMANDLOG: &[CommandSpec] = &[
    row("get", 4, commandlog_get, "8.1.0", "Returns commands that took long or were large.", "O(N) with N the number of entries").flags(ADMIN).tips(PER_NODE),
    row("help", 2, commandlog_help, "8.1.0", "Returns what COMMANDLOG can do.", "O(1)").flags(HELP),
    row("len", 3, commandlog_len, "8.1.0", "Returns how many commands that took long or were large are kept.", "O(1)").flags(ADMIN).tips(SUMMED),
    row("reset", 3, commandlog_reset, "8.1.0", "Forgets the commands that took long or were large.", "O(N) with N the number of entries").flags(ADMIN).tips(RESET),
];

/// `SLOWLOG GET [count] [WITHDETAILS]`; -1 is all. The details are Rotom's: a seventh element of each entry, with where its
/// time went.
fn slowlog_get(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let with_details = args.len() > 2 && args.is(args.len() - 1, "WITHDETAILS");
    let count = match args.len() - usize::from(with_details) {
        2 => Some(DEFAULT_COUNT),
        3 => count(args)?,
        _ => return Err(unknown("SLOWLOG", args)),
    };
    reply_entries(cx, Kind::Slow, count, with_details);
    DONE
}

fn slowlog_len(cx: &mut Cx<'_>, _: &Args<'_>) -> CommandResult {
    cx.reply.count(cx.statistics.log.len(Kind::Slow));
    DONE
}

fn slowlog_reset(cx: &mut Cx<'_>, _: &Args<'_>) -> CommandResult {
    cx.statistics.log.reset(Kind::Slow);
    cx.reply.ok();
    DONE
}

/// `COMMANDLOG GET count type`.
fn commandlog_get(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let count = count(args)?;
    reply_entries(cx, kind(args.at(3))?, count, false);
    DONE
}

fn commandlog_len(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    cx.reply.count(cx.statistics.log.len(kind(args.at(2))?));
    DONE
}

fn commandlog_reset(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    cx.statistics.log.reset(kind(args.at(2))?);
    cx.reply.ok();
    DONE
}

fn kind(word: &[u8]) -> Result<Kind, CommandError> {
    Kind::by_name(word).ok_or(CommandError::new(
        "ERR type should be one of the following: slow, large-request, large-reply",
    ))
}

/// How many entries are wanted; `None`: all.
fn count(args: &Args<'_>) -> Result<Option<usize>, CommandError> {
    match args.int(2) {
        Ok(-1) => Ok(None),
        Ok(count) if count >= 0 => Ok(usize::try_from(count).ok()),
        _ => Err(CommandError::new(
            "ERR count should be greater than or equal to -1",
        )),
    }
}

fn unknown(container: &str, args: &Args<'_>) -> CommandError {
    let word = args.at(1);
    let after = alloc::format!("'. Try {container} HELP.");
    CommandError::quoting(
        "ERR unknown subcommand or wrong number of arguments for '",
        &word[..word.len().min(128)],
        &after,
    )
}

fn reply_entries(cx: &mut Cx<'_>, kind: Kind, count: Option<usize>, with_details: bool) {
    let log = &cx.statistics.log;
    let count = log.len(kind).min(count.unwrap_or(usize::MAX));
    cx.reply.array(count);
    for entry in log.entries(kind).take(count) {
        reply_entry(&mut cx.reply, entry, with_details);
    }
}

fn reply_entry(reply: &mut crate::resp::Reply<'_>, entry: &LogEntry, with_details: bool) {
    reply.array(6 + usize::from(with_details));
    reply.int(entry.id as i64);
    reply.int(entry.at_seconds as i64);
    reply.int(entry.value as i64);
    reply.array(entry.arguments.len());
    for argument in &entry.arguments {
        reply.bulk(argument);
    }
    reply.text(&entry.address);
    reply.text(&entry.name);
    if with_details {
        let fields = entry.why.fields();
        reply.map(fields.len());
        for (name, value) in fields {
            reply.text(name);
            reply.int(value as i64);
        }
    }
}

fn slowlog_help(cx: &mut Cx<'_>, _: &Args<'_>) -> CommandResult {
    help::reply(
        cx,
        "SLOWLOG",
        &[
            (
                "GET [<count>] [WITHDETAILS]",
                &[
                    "Return the newest <count> entries (default: 10, -1 is all): number, Unix time,",
                    "microseconds, arguments, the client's address and name. With details also",
                    "where the time went.",
                ],
            ),
            ("LEN", &["Return how many entries there are."]),
            ("RESET", &["Forget all entries."]),
        ],
    )
}

fn commandlog_help(cx: &mut Cx<'_>, _: &Args<'_>) -> CommandResult {
    help::reply(
        cx,
        "COMMANDLOG",
        &[
            (
                "GET <count> <type>",
                &[
                    "Return the newest <count> entries of a type (-1 is all): number, Unix time,",
                    "microseconds or bytes, arguments, the client's address and name. The types are",
                    "slow, large-request and large-reply.",
                ],
            ),
            (
                "LEN <type>",
                &["Return how many entries of a type there are."],
            ),
            ("RESET <type>", &["Forget all entries of a type."]),
        ],
    )
}
