//! MEMORY: what keys take.

use crate::command::spec::{CommandSpec, Flags, Group, KeyUse, keys};
use crate::command::{Args, CommandError, CommandResult, Cx, DONE, help};

/// Elements of a collection that are looked at when the request does not say how many.
const DEFAULT_SAMPLES: usize = 5;

/// What the table takes for one entry, on average: a tag and a pointer, and the slots that are free.
const SLOT_BYTES: usize = 13;

/// MEMORY's rows.
pub(super) static SUBCOMMANDS: &[CommandSpec] = &[
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

fn help(cx: &mut Cx<'_>, _: &Args<'_>) -> CommandResult {
    help::reply(
        cx,
        "MEMORY",
        &[(
            "USAGE <key> [SAMPLES <count>]",
            &[
                "Return how many bytes the key and its value take. Of a collection's",
                "elements, <count> are looked at (default: 5, 0 is all).",
            ],
        )],
    )
}
