//! The family's rows.

use super::{sort, sort_ro};
use crate::command::Args;
use crate::command::spec::{
    CommandSpec, Flags, Group, Handler, KeyRange, KeyUse, UnknownKeys, key,
};

const KEY: &[KeyRange] = &[key(KeyUse::Read)];

const PATTERNS: UnknownKeys = UnknownKeys {
    notes: "The keys that BY and GET name depend on the elements.",
    key_use: KeyUse::Read,
};
const STORED: UnknownKeys = UnknownKeys {
    notes: "The key that STORE names may stand anywhere among the options.",
    key_use: KeyUse::Overwrite,
};

const COMPLEXITY: &str = "O(N log N) for N elements, O(N + M log M) when LIMIT leaves M of them, O(M) when nothing is sorted";

const fn row(
    name: &'static str,
    run: Handler,
    since: &'static str,
    summary: &'static str,
) -> CommandSpec {
    CommandSpec::new(name, -2, run)
        .docs(Group::Generic, since, summary, COMPLEXITY)
        .categories(&["set", "sortedset", "list", "dangerous"])
        .keys(KEY)
}

#[rustfmt::skip]
pub(in crate::command) static SPECS: &[CommandSpec] = &[
    row("sort", sort, "1.0.0", "Sorts the elements of a list, a set or a sorted set, or stores them sorted as a list.")
        .flags(Flags::WRITE.and(Flags::DENY_OOM))
        .find_keys(key_and_stored).unknown_keys(&[PATTERNS, STORED]),
    row("sort_ro", sort_ro, "7.0.0", "Returns the elements of a list, a set or a sorted set in order.")
        .flags(Flags::READONLY)
        .find_keys(key_alone).unknown_keys(&[PATTERNS]),
];

fn key_alone(_: &Args<'_>, each: &mut dyn FnMut(usize)) {
    each(1);
}

/// The key, and the one that the last STORE names.
fn key_and_stored(args: &Args<'_>, each: &mut dyn FnMut(usize)) {
    each(1);
    let (mut at, mut stored) = (2, None);
    while at < args.len() {
        at += match () {
            () if args.is(at, "LIMIT") => 3,
            () if args.is(at, "GET") || args.is(at, "BY") => 2,
            () => {
                if args.is(at, "STORE") && at + 1 < args.len() {
                    stored = Some(at + 1);
                }
                1
            }
        };
    }
    if let Some(stored) = stored {
        each(stored);
    }
}
