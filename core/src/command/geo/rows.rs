//! The family's rows.

use super::{add, read, search};
use crate::command::Args;
use crate::command::spec::{
    CommandSpec, Flags, Group, Handler, KeyRange, KeyUse, KeywordKey, key, keys,
};

const READ: Flags = Flags::READONLY;
const GROW: Flags = Flags::WRITE.and(Flags::DENY_OOM);

const READS: &[KeyRange] = &[key(KeyUse::Read)];
const UPDATES: &[KeyRange] = &[key(KeyUse::Update)];
const STORES: &[KeyRange] = &[key(KeyUse::Overwrite), keys(2, 2, 1, KeyUse::Read)];

const EACH_MEMBER: &str = "O(1) for each member";
const SEARCH: &str =
    "O(N + log M) for N members in the cells that cover the area, M of which are in the area";

const fn row(
    name: &'static str,
    arity: i16,
    run: Handler,
    since: &'static str,
    complexity: &'static str,
    summary: &'static str,
) -> CommandSpec {
    CommandSpec::new(name, arity, run).docs(Group::Geo, since, summary, complexity)
}

/// STORE and STOREDIST of the GEORADIUS forms, from this index on.
macro_rules! stored_from {
    ($from:literal) => {
        &[
            KeywordKey {
                word: "STORE",
                from: $from,
                key_use: KeyUse::Overwrite,
            },
            KeywordKey {
                word: "STOREDIST",
                from: $from,
                key_use: KeyUse::Overwrite,
            },
        ]
    };
}

/// The key, and the one that the last STORE or STOREDIST names.
fn radius_keys(args: &Args<'_>, each: &mut dyn FnMut(usize)) {
    each(1);
    let (mut at, mut stored) = (5, None);
    while at + 1 < args.len() {
        if args.is(at, "STORE") || args.is(at, "STOREDIST") {
            stored = Some(at + 1);
            at += 1;
        }
        at += 1;
    }
    if let Some(stored) = stored {
        each(stored);
    }
}

#[rustfmt::skip]
pub(in crate::command) static SPECS: &[CommandSpec] = &[
    row("geoadd", -5, add::geoadd, "3.2.0", "O(log N) for each member added to a set of N",
        "Adds members at their places, or moves them; creates the key.").member(4)
        .flags(GROW).keys(UPDATES),
    row("geopos", -2, read::geopos, "3.2.0", EACH_MEMBER,
        "Returns longitudes and latitudes of members.").member(2)
        .flags(READ).keys(READS),
    row("geohash", -2, read::geohash, "3.2.0", EACH_MEMBER,
        "Returns the places of members as geohash texts.").member(2)
        .flags(READ).keys(READS),
    row("geodist", -4, read::geodist, "3.2.0", "O(1)",
        "Returns the distance between two members.").member(2)
        .flags(READ).keys(READS),

    row("geosearch", -7, search::geosearch, "6.2.0", SEARCH,
        "Returns the members in a circle, a rectangle or a polygon.")
        .flags(READ).keys(READS),
    row("geosearchstore", -8, search::geosearchstore, "6.2.0", SEARCH,
        "Stores the members in a circle, a rectangle or a polygon under another key.")
        .flags(GROW).keys(STORES),
    row("georadius", -6, search::georadius, "3.2.0", SEARCH,
        "Returns or stores the members in a circle around a place.")
        .flags(GROW).keys(READS).find_keys(radius_keys).keyword_keys(stored_from!(6))
        .deprecated("6.2.0", "`GEOSEARCH` and `GEOSEARCHSTORE` with the `BYRADIUS` argument"),
    row("georadiusbymember", -5, search::georadiusbymember, "3.2.0", SEARCH,
        "Returns or stores the members in a circle around a member.")
        .flags(GROW).keys(READS).find_keys(radius_keys).keyword_keys(stored_from!(5))
        .deprecated("6.2.0", "`GEOSEARCH` and `GEOSEARCHSTORE` with the `BYRADIUS` and `FROMMEMBER` arguments"),
    row("georadius_ro", -6, search::georadius_ro, "3.2.10", SEARCH,
        "Returns the members in a circle around a place.")
        .flags(READ).keys(READS)
        .deprecated("6.2.0", "`GEOSEARCH` with the `BYRADIUS` argument"),
    row("georadiusbymember_ro", -5, search::georadiusbymember_ro, "3.2.10", SEARCH,
        "Returns the members in a circle around a member.")
        .flags(READ).keys(READS)
        .deprecated("6.2.0", "`GEOSEARCH` with the `BYRADIUS` and `FROMMEMBER` arguments"),
];
