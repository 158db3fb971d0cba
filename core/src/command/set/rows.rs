//! The rows of the set family.

use super::super::spec::{CommandSpec, Flags, Group, Handler, KeyRange, KeyUse, key, keys};
use super::combine::{sdiff, sdiffstore, sinter, sintercard, sinterstore, sunion, sunionstore};
use super::pop::spop;
use super::{sadd, scard, sismember, smembers, smismember, smove, srandmember, srem, sscan};

const READ: Flags = Flags::READONLY;
const READ_FAST: Flags = READ.and(Flags::FAST);
const GROW: Flags = Flags::WRITE.and(Flags::DENY_OOM);
const WRITE_FAST: Flags = Flags::WRITE.and(Flags::FAST);

/// The keys of a command that stores its result: destination, sources.
const STORE_KEYS: &[KeyRange] = &[key(KeyUse::Overwrite), keys(2, -1, 1, KeyUse::Read)];
const EVERY_KEY: &[KeyRange] = &[keys(1, -1, 1, KeyUse::Read)];
const INTERSECTING: &str =
    "O(N*M) where N is the number of members of the smallest set and M the number of sets.";
const JOINING: &str = "O(N) where N is the number of members of all sets.";

const fn row(
    (name, arity, run): (&'static str, i16, Handler),
    flags: Flags,
    keys: &'static [KeyRange],
    (since, complexity): (&'static str, &'static str),
    summary: &'static str,
) -> CommandSpec {
    CommandSpec::new(name, arity, run)
        .flags(flags)
        .keys(keys)
        .docs(Group::Set, since, summary, complexity)
}

/// The family's rows.
pub(in super::super) static SPECS: &[CommandSpec] = &[
    row(
        ("sadd", -3, sadd),
        WRITE_FAST.and(Flags::DENY_OOM),
        &[key(KeyUse::Insert)],
        ("1.0.0", "O(N) where N is the number of members given."),
        "Adds members to a set, which is created if need be.",
    )
    .member(2),
    row(
        ("scard", 2, scard),
        READ_FAST,
        &[key(KeyUse::Look)],
        ("1.0.0", "O(1)"),
        "Returns the number of members.",
    ),
    row(
        ("sdiff", -2, sdiff),
        READ,
        EVERY_KEY,
        ("1.0.0", JOINING),
        "Returns the members of the first set that no other has.",
    )
    .tips(&["nondeterministic_output_order"]),
    row(
        ("sdiffstore", -3, sdiffstore),
        GROW,
        STORE_KEYS,
        ("1.0.0", JOINING),
        "Stores the members of the first set that no other has.",
    ),
    row(
        ("sinter", -2, sinter),
        READ,
        EVERY_KEY,
        ("1.0.0", INTERSECTING),
        "Returns the members that all sets have.",
    )
    .tips(&["nondeterministic_output_order"]),
    row(
        ("sintercard", -3, sintercard),
        READ,
        &[],
        ("7.0.0", INTERSECTING),
        "Counts the members that all sets have, up to a limit.",
    )
    .counted_keys(1, KeyUse::Read),
    row(
        ("sinterstore", -3, sinterstore),
        GROW,
        STORE_KEYS,
        ("1.0.0", INTERSECTING),
        "Stores the members that all sets have.",
    ),
    row(
        ("sismember", 3, sismember),
        READ_FAST,
        &[key(KeyUse::Look)],
        ("1.0.0", "O(1)"),
        "Tells whether a string is a member.",
    )
    .member(2),
    row(
        ("smembers", 2, smembers),
        READ,
        &[key(KeyUse::Read)],
        ("1.0.0", "O(N) where N is the number of members."),
        "Returns all members.",
    )
    .tips(&["nondeterministic_output_order"]),
    row(
        ("smismember", -3, smismember),
        READ_FAST,
        &[key(KeyUse::Read)],
        ("6.2.0", "O(N) where N is the number of strings asked for."),
        "Tells of several strings whether each is a member.",
    )
    .member(2),
    row(
        ("smove", 4, smove),
        WRITE_FAST,
        &[key(KeyUse::ReadDelete), keys(2, 2, 1, KeyUse::Insert)],
        ("1.0.0", "O(1)"),
        "Moves a member from one set to another.",
    ),
    row(
        ("spop", -2, spop),
        WRITE_FAST,
        &[key(KeyUse::ReadDelete)],
        ("1.0.0", "O(N) where N is the count; O(1) without one."),
        "Takes random members out of a set and returns them.",
    )
    .tips(&["nondeterministic_output"]),
    row(
        ("srandmember", -2, srandmember),
        READ,
        &[key(KeyUse::Read)],
        (
            "1.0.0",
            "O(N) where N is the count, its sign aside; O(1) without one.",
        ),
        "Returns random members, different ones or with repetitions.",
    )
    .tips(&["nondeterministic_output"]),
    row(
        ("srem", -3, srem),
        WRITE_FAST,
        &[key(KeyUse::Delete)],
        ("1.0.0", "O(N) where N is the number of members given."),
        "Removes members; a set without any is deleted.",
    )
    .member(2),
    row(
        ("sscan", -3, sscan),
        READ,
        &[key(KeyUse::Read)],
        ("2.8.0", "O(1) a call; O(N) for all N members."),
        "Walks through the members, some at a call.",
    )
    .tips(&["nondeterministic_output"]),
    row(
        ("sunion", -2, sunion),
        READ,
        EVERY_KEY,
        ("1.0.0", JOINING),
        "Returns the members that any of the sets has.",
    )
    .tips(&["nondeterministic_output_order"]),
    row(
        ("sunionstore", -3, sunionstore),
        GROW,
        STORE_KEYS,
        ("1.0.0", JOINING),
        "Stores the members that any of the sets has.",
    ),
];
