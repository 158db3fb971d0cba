//! The family's rows.

use super::{add, combine, lookup, pop, random, range, remove, scan};
use crate::command::spec::{CommandSpec, Flags, Group, Handler, KeyRange, KeyUse, key, keys};

const READ: Flags = Flags::READONLY;
const READ_FAST: Flags = Flags::READONLY.and(Flags::FAST);
const WRITE: Flags = Flags::WRITE;
const WRITE_FAST: Flags = Flags::WRITE.and(Flags::FAST);
const GROW: Flags = Flags::WRITE.and(Flags::DENY_OOM);
const GROW_FAST: Flags = GROW.and(Flags::FAST);

const WAIT: Flags = Flags::WRITE.and(Flags::BLOCKING);

/// The keys before a timeout.
const POP_KEYS: &[KeyRange] = &[keys(1, -2, 1, KeyUse::ReadDelete)];

/// The cost of finding one member's place, and of what follows from there.
const SEARCH: &str = "O(log N) for a set of N members";
const SEARCH_EACH: &str = "O(M log N) for M members and a set of N";
const SEARCH_AND_WALK: &str = "O(log N + M) for a set of N members, M of which are in the range";

/// The costs of combining sets.
const UNITE: &str = "O(N + M log M) for sets of N members together and a result of M";
const INTERSECT: &str = "O(N K + M log M) for K sets, the smallest of N members, and a result of M";
const SUBTRACT: &str = "O(N + M log M) for sets of N members together and a result of M";

const fn row(
    name: &'static str,
    arity: i16,
    run: Handler,
    since: &'static str,
    complexity: &'static str,
    summary: &'static str,
) -> CommandSpec {
    CommandSpec::new(name, arity, run).docs(Group::SortedSet, since, summary, complexity)
}

macro_rules! key_use {
    ($use:ident) => {
        &[key(KeyUse::$use)]
    };
}

#[rustfmt::skip]
pub(in crate::command) static SPECS: &[CommandSpec] = &[
    row("zadd", -4, add::zadd, "1.2.0", SEARCH_EACH,
        "Adds members to a sorted set, or changes their scores; creates the key.").member(3)
        .flags(GROW_FAST).keys(key_use!(Update)),
    row("zincrby", 4, add::zincrby, "1.2.0", SEARCH,
        "Adds to the score of a member, which is 0 if there is no such member.").member(3)
        .flags(GROW_FAST).keys(key_use!(ReadUpdate)),

    row("zcard", 2, lookup::zcard, "1.2.0", "O(1)",
        "Counts the members of a sorted set.")
        .flags(READ_FAST).keys(key_use!(Look)),
    row("zcount", 4, lookup::zcount, "2.0.0", SEARCH,
        "Counts the members whose scores are in a range.")
        .flags(READ_FAST).keys(key_use!(Read)),
    row("zlexcount", 4, lookup::zlexcount, "2.8.9", SEARCH,
        "Counts the members between two others, where all scores are equal.")
        .flags(READ_FAST).keys(key_use!(Read)),
    row("zscore", 3, lookup::zscore, "1.2.0", "O(1)",
        "Returns the score of a member.").member(2)
        .flags(READ_FAST).keys(key_use!(Read)),
    row("zmscore", -3, lookup::zmscore, "6.2.0", "O(M) for M members",
        "Returns the scores of several members.").member(2)
        .flags(READ_FAST).keys(key_use!(Read)),
    row("zrank", -3, lookup::zrank, "2.0.0", SEARCH,
        "Returns how many members have a place before a member, the least score first.").member(2)
        .flags(READ_FAST).keys(key_use!(Read)),
    row("zrevrank", -3, lookup::zrevrank, "2.0.0", SEARCH,
        "Returns how many members have a place before a member, the greatest score first.").member(2)
        .flags(READ_FAST).keys(key_use!(Read)),

    row("zrange", -4, range::zrange, "1.2.0", SEARCH_AND_WALK,
        "Returns the members in a range of ranks, scores or members.")
        .flags(READ).keys(key_use!(Read)),
    row("zrevrange", -4, range::zrevrange, "1.2.0", SEARCH_AND_WALK,
        "Returns the members in a range of ranks, counted from the greatest score.")
        .flags(READ).keys(key_use!(Read)).deprecated("6.2.0", "`ZRANGE` with the `REV` argument"),
    row("zrangebyscore", -4, range::zrangebyscore, "1.0.5", SEARCH_AND_WALK,
        "Returns the members in a range of scores, the least score first.")
        .flags(READ).keys(key_use!(Read)).deprecated("6.2.0", "`ZRANGE` with the `BYSCORE` argument"),
    row("zrevrangebyscore", -4, range::zrevrangebyscore, "2.2.0", SEARCH_AND_WALK,
        "Returns the members in a range of scores, the greatest score first.")
        .flags(READ).keys(key_use!(Read)).deprecated("6.2.0", "`ZRANGE` with the `REV` and `BYSCORE` arguments"),
    row("zrangebylex", -4, range::zrangebylex, "2.8.9", SEARCH_AND_WALK,
        "Returns the members between two others, where all scores are equal.")
        .flags(READ).keys(key_use!(Read)).deprecated("6.2.0", "`ZRANGE` with the `BYLEX` argument"),
    row("zrevrangebylex", -4, range::zrevrangebylex, "2.8.9", SEARCH_AND_WALK,
        "Returns the members between two others backwards, where all scores are equal.")
        .flags(READ).keys(key_use!(Read)).deprecated("6.2.0", "`ZRANGE` with the `REV` and `BYLEX` arguments"),
    row("zrangestore", -5, range::zrangestore, "6.2.0", SEARCH_AND_WALK,
        "Stores the members in a range of ranks, scores or members under another key.")
        .flags(GROW)
        .keys(&[keys(1, 1, 1, KeyUse::Overwrite), keys(2, 2, 1, KeyUse::Read)]),

    row("zrem", -3, remove::zrem, "1.2.0", SEARCH_EACH,
        "Removes members; the key goes with the last one.").member(2)
        .flags(WRITE_FAST).keys(key_use!(Delete)),
    row("zremrangebyrank", 4, remove::zremrangebyrank, "2.0.0", SEARCH_AND_WALK,
        "Removes the members in a range of ranks.")
        .flags(WRITE).keys(key_use!(Delete)),
    row("zremrangebyscore", 4, remove::zremrangebyscore, "1.2.0", SEARCH_AND_WALK,
        "Removes the members in a range of scores.")
        .flags(WRITE).keys(key_use!(Delete)),
    row("zremrangebylex", 4, remove::zremrangebylex, "2.8.9", SEARCH_AND_WALK,
        "Removes the members between two others, where all scores are equal.")
        .flags(WRITE).keys(key_use!(Delete)),

    row("zpopmin", -2, pop::zpopmin, "5.0.0", SEARCH_EACH,
        "Removes and returns the members with the least scores.")
        .flags(WRITE_FAST).keys(key_use!(ReadDelete)),
    row("zpopmax", -2, pop::zpopmax, "5.0.0", SEARCH_EACH,
        "Removes and returns the members with the greatest scores.")
        .flags(WRITE_FAST).keys(key_use!(ReadDelete)),
    row("zmpop", -4, pop::zmpop, "7.0.0", "O(K + M log N) for K keys and M members out of N",
        "Removes and returns members from an end of the first of several sorted sets that exists.")
        .flags(WRITE).counted_keys(1, KeyUse::ReadDelete),
    row("bzpopmin", -3, pop::bzpopmin, "5.0.0", "O(K + log N) for K keys and N members",
        "Removes and returns the member with the least score of the first sorted set that exists, or waits for one.")
        .flags(WAIT.and(Flags::FAST)).keys(POP_KEYS),
    row("bzpopmax", -3, pop::bzpopmax, "5.0.0", "O(K + log N) for K keys and N members",
        "Removes and returns the member with the greatest score of the first sorted set that exists, or waits for one.")
        .flags(WAIT.and(Flags::FAST)).keys(POP_KEYS),
    row("bzmpop", -5, pop::bzmpop, "7.0.0", "O(K + M log N) for K keys and M members out of N",
        "Removes and returns members from an end of the first of several sorted sets that exists, or waits for one.")
        .flags(WAIT).counted_keys(2, KeyUse::ReadDelete),

    row("zunion", -3, combine::zunion, "6.2.0", UNITE,
        "Returns the members that any of several sorted sets has.")
        .flags(READ).counted_keys(1, KeyUse::Read),
    row("zunionstore", -4, combine::zunionstore, "2.0.0", UNITE,
        "Stores the members that any of several sorted sets has.")
        .flags(GROW).keys(key_use!(Overwrite)).counted_keys(2, KeyUse::Read),
    row("zinter", -3, combine::zinter, "6.2.0", INTERSECT,
        "Returns the members that all of several sorted sets have.")
        .flags(READ).counted_keys(1, KeyUse::Read),
    row("zinterstore", -4, combine::zinterstore, "2.0.0", INTERSECT,
        "Stores the members that all of several sorted sets have.")
        .flags(GROW).keys(key_use!(Overwrite)).counted_keys(2, KeyUse::Read),
    row("zintercard", -3, combine::zintercard, "7.0.0", "O(N K) for K sets, the smallest of N members",
        "Counts the members that all of several sorted sets have, up to a limit.")
        .flags(READ).counted_keys(1, KeyUse::Read),
    row("zdiff", -3, combine::zdiff, "6.2.0", SUBTRACT,
        "Returns the members of a sorted set that no other of several has.")
        .flags(READ).counted_keys(1, KeyUse::Read),
    row("zdiffstore", -4, combine::zdiffstore, "6.2.0", SUBTRACT,
        "Stores the members of a sorted set that no other of several has.")
        .flags(GROW).keys(key_use!(Overwrite)).counted_keys(2, KeyUse::Read),

    row("zscan", -3, scan::zscan, "2.8.0", "O(1) a call, O(N) for the whole walk over N members",
        "Walks a sorted set in steps.")
        .flags(READ).keys(key_use!(Read))
        .tips(&["nondeterministic_output"]),
    row("zrandmember", -2, random::zrandmember, "6.2.0", "O(M log N) for M members of N",
        "Returns random members.")
        .flags(READ).keys(key_use!(Read))
        .tips(&["nondeterministic_output"]),
];
