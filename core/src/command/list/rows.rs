//! The rows of the list commands.

use super::super::spec::{CommandSpec, Flags, Group, KeyRange, KeyUse, key, keys};
use super::{blocking, edit, pop, push, read, shift};

/// What pushing costs.
const PER_ELEMENT: &str = "O(N) for N elements added.";

/// What waiting costs.
const PER_KEY: &str = "O(N) for N keys.";
/// The flags of what waits for an element.
const WAIT: Flags = Flags::WRITE.and(Flags::BLOCKING);
/// The keys before a timeout.
const POP_KEYS: &[KeyRange] = &[keys(1, -2, 1, KeyUse::ReadDelete)];

/// The source and the destination of a move.
const MOVE_KEYS: &[KeyRange] = &[
    keys(1, 1, 1, KeyUse::ReadDelete),
    keys(2, 2, 1, KeyUse::Insert),
];

/// The family's rows.
pub(in crate::command) static SPECS: &[CommandSpec] = &[
    CommandSpec::new("lpush", -3, push::lpush)
        .flags(Flags::WRITE.and(Flags::DENY_OOM).and(Flags::FAST))
        .keys(&[key(KeyUse::Insert)])
        .docs(
            Group::List,
            "1.0.0",
            "Puts elements before the first one of a list; a missing list is created.",
            PER_ELEMENT,
        ),
    CommandSpec::new("rpush", -3, push::rpush)
        .flags(Flags::WRITE.and(Flags::DENY_OOM).and(Flags::FAST))
        .keys(&[key(KeyUse::Insert)])
        .docs(
            Group::List,
            "1.0.0",
            "Puts elements after the last one of a list; a missing list is created.",
            PER_ELEMENT,
        ),
    CommandSpec::new("lpushx", -3, push::lpushx)
        .flags(Flags::WRITE.and(Flags::DENY_OOM).and(Flags::FAST))
        .keys(&[key(KeyUse::Insert)])
        .docs(
            Group::List,
            "2.2.0",
            "Puts elements before the first one of a list that exists.",
            PER_ELEMENT,
        ),
    CommandSpec::new("rpushx", -3, push::rpushx)
        .flags(Flags::WRITE.and(Flags::DENY_OOM).and(Flags::FAST))
        .keys(&[key(KeyUse::Insert)])
        .docs(
            Group::List,
            "2.2.0",
            "Puts elements after the last one of a list that exists.",
            PER_ELEMENT,
        ),
    CommandSpec::new("linsert", 5, push::linsert)
        .flags(Flags::WRITE.and(Flags::DENY_OOM))
        .keys(&[key(KeyUse::Insert)])
        .docs(
            Group::List,
            "2.2.0",
            "Puts an element before or after the first one that equals a pivot.",
            "O(N) for a pivot behind N elements.",
        ),
    CommandSpec::new("lpop", -2, pop::lpop)
        .flags(Flags::WRITE.and(Flags::FAST))
        .keys(&[key(KeyUse::ReadDelete)])
        .docs(
            Group::List,
            "1.0.0",
            "Takes the first elements out of a list and returns them.",
            "O(N) for N elements returned.",
        ),
    CommandSpec::new("rpop", -2, pop::rpop)
        .flags(Flags::WRITE.and(Flags::FAST))
        .keys(&[key(KeyUse::ReadDelete)])
        .docs(
            Group::List,
            "1.0.0",
            "Takes the last elements out of a list and returns them.",
            "O(N) for N elements returned.",
        ),
    CommandSpec::new("lmpop", -4, pop::lmpop)
        .flags(Flags::WRITE)
        .counted_keys(1, KeyUse::ReadDelete)
        .docs(
            Group::List,
            "7.0.0",
            "Takes elements out of the first of several lists that has any, and returns them.",
            "O(N+M) for N keys and M elements returned.",
        ),
    CommandSpec::new("llen", 2, read::llen)
        .flags(Flags::READONLY.and(Flags::FAST))
        .keys(&[key(KeyUse::Look)])
        .docs(
            Group::List,
            "1.0.0",
            "Returns the number of elements of a list.",
            "O(1)",
        ),
    CommandSpec::new("lindex", 3, read::lindex)
        .flags(Flags::READONLY)
        .keys(&[key(KeyUse::Read)])
        .docs(
            Group::List,
            "1.0.0",
            "Returns an element of a list by its index.",
            "O(N) for N elements on the way from the nearer end.",
        ),
    CommandSpec::new("lrange", 4, read::lrange)
        .flags(Flags::READONLY)
        .keys(&[key(KeyUse::Read)])
        .docs(
            Group::List,
            "1.0.0",
            "Returns the elements of a list between two indices.",
            "O(S+N) for S elements on the way from the nearer end to the first of N returned.",
        ),
    CommandSpec::new("lpos", -3, read::lpos)
        .flags(Flags::READONLY)
        .keys(&[key(KeyUse::Read)])
        .docs(
            Group::List,
            "6.0.6",
            "Returns the indices of the elements that equal a value.",
            "O(N) for N elements compared.",
        ),
    CommandSpec::new("lset", 4, edit::lset)
        .flags(Flags::WRITE.and(Flags::DENY_OOM))
        .keys(&[key(KeyUse::Update)])
        .docs(
            Group::List,
            "1.0.0",
            "Overwrites an element of a list.",
            "O(N) for N elements on the way from the nearer end.",
        ),
    CommandSpec::new("ltrim", 4, edit::ltrim)
        .flags(Flags::WRITE)
        .keys(&[key(KeyUse::Delete)])
        .docs(
            Group::List,
            "1.0.0",
            "Removes all elements but those between two indices.",
            "O(N) for N elements removed.",
        ),
    CommandSpec::new("lrem", 4, edit::lrem)
        .flags(Flags::WRITE)
        .keys(&[key(KeyUse::Delete)])
        .docs(
            Group::List,
            "1.0.0",
            "Removes elements that equal a value.",
            "O(N+M) for N elements compared and M removed.",
        ),
    CommandSpec::new("lmove", 5, shift::lmove)
        .flags(Flags::WRITE.and(Flags::DENY_OOM))
        .keys(MOVE_KEYS)
        .docs(
            Group::List,
            "6.2.0",
            "Moves an element from an end of one list to an end of another, and returns it.",
            "O(1)",
        ),
    CommandSpec::new("rpoplpush", 3, shift::rpoplpush)
        .flags(Flags::WRITE.and(Flags::DENY_OOM))
        .keys(MOVE_KEYS)
        .docs(
            Group::List,
            "1.2.0",
            "Moves the last element of one list to the front of another, and returns it.",
            "O(1)",
        )
        .deprecated("6.2.0", "`LMOVE` with the `RIGHT` and `LEFT` arguments"),
    CommandSpec::new("blpop", -3, blocking::blpop)
        .flags(WAIT)
        .keys(POP_KEYS)
        .docs(
            Group::List,
            "2.0.0",
            "Takes the first element out of the first of several lists that has any, or waits for one.",
            PER_KEY,
        ),
    CommandSpec::new("brpop", -3, blocking::brpop)
        .flags(WAIT)
        .keys(POP_KEYS)
        .docs(
            Group::List,
            "2.0.0",
            "Takes the last element out of the first of several lists that has any, or waits for one.",
            PER_KEY,
        ),
    CommandSpec::new("blmpop", -5, blocking::blmpop)
        .flags(WAIT)
        .counted_keys(2, KeyUse::ReadDelete)
        .docs(
            Group::List,
            "7.0.0",
            "Takes elements out of the first of several lists that has any, or waits for one.",
            "O(N+M) for N keys and M elements returned.",
        ),
    CommandSpec::new("blmove", 6, blocking::blmove)
        .flags(WAIT.and(Flags::DENY_OOM))
        .keys(MOVE_KEYS)
        .docs(
            Group::List,
            "6.2.0",
            "Moves an element from an end of one list to an end of another, or waits for one.",
            "O(1)",
        ),
    CommandSpec::new("brpoplpush", 4, blocking::brpoplpush)
        .flags(WAIT.and(Flags::DENY_OOM))
        .keys(MOVE_KEYS)
        .docs(
            Group::List,
            "2.2.0",
            "Moves the last element of one list to the front of another, or waits for one.",
            "O(1)",
        )
        .deprecated("6.2.0", "`BLMOVE` with the `RIGHT` and `LEFT` arguments"),
];
