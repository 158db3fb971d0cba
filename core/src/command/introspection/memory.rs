//! MEMORY: what keys take.

use crate::command::spec::{CommandSpec, Flags, Group, KeyUse, keys};
use crate::command::{Args, Ask, CommandError, CommandResult, Cx, DONE, MemoryAsk, Outcome, help};

/// Elements of a collection that are looked at when the request does not say how many.
const DEFAULT_SAMPLES: usize = 5;

/// What the table takes for one entry, on average: a tag and a pointer, and the slots that are free.
const SLOT_BYTES: usize = 13;

/// Tips of what differs from node to node.
const PER_NODE: &[&str] = &[
    "nondeterministic_output",
    "request_policy:all_shards",
    "response_policy:special",
];

/// A row without keys.
const fn row(
    name: &'static str,
    run: crate::command::Handler,
    summary: &'static str,
) -> CommandSpec {
    CommandSpec::new(name, 2, run).docs(Group::Server, "4.0.0", summary, "O(1)")
}

/// MEMORY's rows.
pub(super) static SUBCOMMANDS: &[CommandSpec] = &[
    row(
        "doctor",
        doctor,
        "Tells in words what is worth knowing about memory.",
    )
    .tips(PER_NODE),
    row(
        "malloc-stats",
        malloc_stats,
        "Returns the allocator's figures.",
    )
    .tips(PER_NODE),
    row("purge", purge, "Gives free memory back to the system.")
        .tips(&["request_policy:all_shards", "response_policy:all_succeeded"]),
    row("stats", stats, "Returns what memory is used for.").tips(PER_NODE),
    CommandSpec::new("help", 2, help)
        .flags(Flags::LOADING.and(Flags::STALE))
        .docs(
            Group::Server,
            "4.0.0",
            "Returns what MEMORY can do.",
            "O(1)",
        ),
    CommandSpec::new("usage", -3, usage)
        .flags(Flags::READONLY)
        .keys(&[keys(2, 2, 1, KeyUse::Look)])
        .docs(
            Group::Server,
            "4.0.0",
            "Returns how many bytes a key and its value take.",
            "O(N) with N the number of samples",
        ),
];

/// `MEMORY USAGE key [SAMPLES count]`; 0 samples look at every element.
fn usage(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let samples = samples(args)?;
    match cx.keys.peek_quietly(&args.key(2)) {
        Some(entry) => cx.reply.count(entry.memory_bytes(samples) + SLOT_BYTES),
        None => cx.reply.null(),
    }
    DONE
}

fn samples(args: &Args<'_>) -> Result<usize, CommandError> {
    let mut samples = DEFAULT_SAMPLES;
    for at in (3..args.len()).step_by(2) {
        if !args.is(at, "SAMPLES") || at + 1 == args.len() {
            return Err(CommandError::SYNTAX);
        }
        samples = usize::try_from(args.int(at + 1)?).map_err(|_| CommandError::SYNTAX)?;
    }
    Ok(samples)
}

fn stats(_: &mut Cx<'_>, _: &Args<'_>) -> CommandResult {
    Outcome::ask(Ask::Memory(MemoryAsk::Stats))
}

fn doctor(_: &mut Cx<'_>, _: &Args<'_>) -> CommandResult {
    Outcome::ask(Ask::Memory(MemoryAsk::Doctor))
}

fn purge(_: &mut Cx<'_>, _: &Args<'_>) -> CommandResult {
    Outcome::ask(Ask::Memory(MemoryAsk::Purge))
}

fn malloc_stats(_: &mut Cx<'_>, _: &Args<'_>) -> CommandResult {
    Outcome::ask(Ask::Memory(MemoryAsk::MallocStats))
}

fn help(cx: &mut Cx<'_>, _: &Args<'_>) -> CommandResult {
    help::reply(
        cx,
        "MEMORY",
        &[
            (
                "DOCTOR",
                &["Return in words what is worth knowing about memory."],
            ),
            ("MALLOC-STATS", &["Return the allocator's figures."]),
            ("PURGE", &["Give free memory back to the system."]),
            ("STATS", &["Return what memory is used for."]),
            (
                "USAGE <key> [SAMPLES <count>]",
                &[
                    "Return how many bytes the key and its value take. Of a collection's",
                    "elements, <count> are looked at (default: 5, 0 is all).",
                ],
            ),
        ],
    )
}
