//! OBJECT: how a key's value is kept, and when it was used.

use crate::command::spec::{CommandSpec, Flags, Group, Handler, KeyRange, KeyUse, keys};
use crate::command::{Args, CommandError, CommandResult, Cx, DONE, help};
use crate::keyspace::eviction::counts_uses;

const KEY: &[KeyRange] = &[keys(2, 2, 1, KeyUse::Look)];

/// The row of a subcommand about a key.
const fn row(
    name: &'static str,
    run: Handler,
    since: &'static str,
    summary: &'static str,
) -> CommandSpec {
    CommandSpec::new(name, 3, run)
        .flags(Flags::READONLY)
        .keys(KEY)
        .categories(&["keyspace"])
        .tips(&["nondeterministic_output"])
        .docs(Group::Generic, since, summary, "O(1)")
}

/// OBJECT's rows.
pub(super) static SUBCOMMANDS: &[CommandSpec] = &[
    row(
        "encoding",
        encoding,
        "2.2.3",
        "Returns how a value is encoded.",
    ),
    row(
        "freq",
        frequency,
        "4.0.0",
        "Returns how often a key is used, on a logarithmic scale.",
    ),
    CommandSpec::new("help", 2, help)
        .flags(Flags::LOADING.and(Flags::STALE))
        .categories(&["keyspace"])
        .docs(
            Group::Generic,
            "6.2.0",
            "Returns what OBJECT can do.",
            "O(1)",
        ),
    row(
        "idletime",
        idle_time,
        "2.2.3",
        "Returns the seconds since a key was used.",
    ),
    row(
        "refcount",
        reference_count,
        "2.2.3",
        "Returns how many references a value has.",
    ),
];

fn encoding(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    match cx.keys.peek_quietly(&args.key(2)) {
        Some(entry) => cx.reply.text(entry.encoding_name()),
        None => cx.reply.null(),
    }
    DONE
}

/// Values are not shared, so each has one reference.
fn reference_count(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    if cx.keys.exists(&args.key(2)) {
        cx.reply.int(1);
    } else {
        cx.reply.null();
    }
    DONE
}

fn idle_time(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let access = cx.keys.access;
    let counts_uses = counts_uses(cx.settings.maxmemory_policy);
    match cx.keys.peek_quietly(&args.key(2)) {
        None => cx.reply.null(),
        Some(_) if counts_uses => {
            return Err(CommandError::new(
                "ERR An LFU maxmemory policy is selected, idle time not tracked. Please note that when \
                 switching between policies at runtime LRU and LFU data will take some time to adjust.",
            ));
        }
        Some(entry) => cx.reply.int(i64::from(access.idle_seconds(entry.clock()))),
    }
    DONE
}

fn frequency(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let access = cx.keys.access;
    let counts_uses = counts_uses(cx.settings.maxmemory_policy);
    match cx.keys.peek_quietly(&args.key(2)) {
        None => cx.reply.null(),
        Some(_) if !counts_uses => {
            return Err(CommandError::new(
                "ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that when \
                 switching between policies at runtime LRU and LFU data will take some time to adjust.",
            ));
        }
        Some(entry) => cx.reply.int(i64::from(access.frequency(entry.clock()))),
    }
    DONE
}

fn help(cx: &mut Cx<'_>, _: &Args<'_>) -> CommandResult {
    help::reply(
        cx,
        "OBJECT",
        &[
            ("ENCODING <key>", &["Return how the value is encoded."]),
            (
                "FREQ <key>",
                &["Return how often the key is used, on a logarithmic scale."],
            ),
            (
                "IDLETIME <key>",
                &["Return the seconds since the key was used."],
            ),
            (
                "REFCOUNT <key>",
                &["Return how many references the value has."],
            ),
        ],
    )
}
