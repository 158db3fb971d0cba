//! The rows of the hash family.

use super::super::spec::{CommandSpec, Flags, Group, Handler, KeyRange, KeyUse, key};
use super::expire::{
    hexpire, hexpireat, hexpiretime, hpersist, hpexpire, hpexpireat, hpexpiretime, hpttl, httl,
};
use super::extended::{hgetdel, hgetex, hsetex};
use super::increment::{hincrby, hincrbyfloat};
use super::random::hrandfield;
use super::{
    hdel, hexists, hget, hgetall, hkeys, hlen, hmget, hmset, hscan, hset, hsetnx, hstrlen, hvals,
};

const READ: Flags = Flags::READONLY;
const READ_FAST: Flags = READ.and(Flags::FAST);
const WRITE_FAST: Flags = Flags::WRITE.and(Flags::FAST);
const GROW_FAST: Flags = WRITE_FAST.and(Flags::DENY_OOM);

const LOOKS: &[KeyRange] = &[key(KeyUse::Look)];
const READS: &[KeyRange] = &[key(KeyUse::Read)];
const UPDATES: &[KeyRange] = &[key(KeyUse::Update)];
const INSERTS: &[KeyRange] = &[key(KeyUse::Insert)];
const DELETES: &[KeyRange] = &[key(KeyUse::Delete)];
const READS_AND_UPDATES: &[KeyRange] = &[key(KeyUse::ReadUpdate)];

const READS_AND_DELETES: &[KeyRange] = &[key(KeyUse::ReadDelete)];

const EACH_FIELD: &str = "O(N) where N is the number of fields given.";

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
        .docs(Group::Hash, since, summary, complexity)
}

/// The family's rows.
pub(in super::super) static SPECS: &[CommandSpec] = &[
    row(
        ("hdel", -3, hdel),
        WRITE_FAST,
        DELETES,
        ("2.0.0", EACH_FIELD),
        "Removes fields with their values; a hash without any is deleted.",
    )
    .member(2),
    row(
        ("hexists", 3, hexists),
        READ_FAST,
        LOOKS,
        ("2.0.0", "O(1)"),
        "Tells whether there is a field.",
    )
    .member(2),
    row(
        ("hexpire", -6, hexpire),
        WRITE_FAST,
        UPDATES,
        ("7.4.0", EACH_FIELD),
        "Lets fields leave after some seconds.",
    )
    .member(5),
    row(
        ("hexpireat", -6, hexpireat),
        WRITE_FAST,
        UPDATES,
        ("7.4.0", EACH_FIELD),
        "Lets fields leave at a time in Unix seconds.",
    )
    .member(5),
    row(
        ("hexpiretime", -5, hexpiretime),
        READ_FAST,
        READS,
        ("7.4.0", EACH_FIELD),
        "Returns when fields leave, in Unix seconds.",
    )
    .member(4),
    row(
        ("hget", 3, hget),
        READ_FAST,
        READS,
        ("2.0.0", "O(1)"),
        "Returns the value of a field.",
    )
    .member(2),
    row(
        ("hgetall", 2, hgetall),
        READ,
        READS,
        ("2.0.0", "O(N) where N is the number of fields."),
        "Returns all fields with their values.",
    )
    .tips(&["nondeterministic_output_order"]),
    row(
        ("hgetdel", -5, hgetdel),
        WRITE_FAST,
        READS_AND_DELETES,
        ("8.0.0", EACH_FIELD),
        "Returns the values of fields and removes these; a hash without any is deleted.",
    )
    .member(4),
    row(
        ("hgetex", -5, hgetex),
        WRITE_FAST,
        READS_AND_UPDATES,
        ("8.0.0", EACH_FIELD),
        "Returns the values of fields and changes when these leave.",
    )
    .key_notes("The change is to the time when the fields expire."),
    row(
        ("hincrby", 4, hincrby),
        GROW_FAST,
        READS_AND_UPDATES,
        ("2.0.0", "O(1)"),
        "Adds an integer to the value of a field; a missing one counts as 0.",
    )
    .member(2),
    row(
        ("hincrbyfloat", 4, hincrbyfloat),
        GROW_FAST,
        READS_AND_UPDATES,
        ("2.6.0", "O(1)"),
        "Adds a float to the value of a field; a missing one counts as 0.",
    )
    .member(2),
    row(
        ("hkeys", 2, hkeys),
        READ,
        READS,
        ("2.0.0", "O(N) where N is the number of fields."),
        "Returns all fields.",
    )
    .tips(&["nondeterministic_output_order"]),
    row(
        ("hlen", 2, hlen),
        READ_FAST,
        LOOKS,
        ("2.0.0", "O(1)"),
        "Returns the number of fields.",
    ),
    row(
        ("hmget", -3, hmget),
        READ_FAST,
        READS,
        ("2.0.0", EACH_FIELD),
        "Returns the values of several fields.",
    )
    .member(2),
    row(
        ("hmset", -4, hmset),
        GROW_FAST,
        UPDATES,
        ("2.0.0", EACH_FIELD),
        "Sets the values of several fields, as HSET does.",
    )
    .member(2)
    .deprecated("4.0.0", "`HSET` with multiple field-value pairs"),
    row(
        ("hpersist", -5, hpersist),
        WRITE_FAST,
        UPDATES,
        ("7.4.0", EACH_FIELD),
        "Lets fields stay that would leave.",
    )
    .member(4),
    row(
        ("hpexpire", -6, hpexpire),
        WRITE_FAST,
        UPDATES,
        ("7.4.0", EACH_FIELD),
        "Lets fields leave after some milliseconds.",
    )
    .member(5),
    row(
        ("hpexpireat", -6, hpexpireat),
        WRITE_FAST,
        UPDATES,
        ("7.4.0", EACH_FIELD),
        "Lets fields leave at a time in Unix milliseconds.",
    )
    .member(5),
    row(
        ("hpexpiretime", -5, hpexpiretime),
        READ_FAST,
        READS,
        ("7.4.0", EACH_FIELD),
        "Returns when fields leave, in Unix milliseconds.",
    )
    .member(4),
    row(
        ("hpttl", -5, hpttl),
        READ_FAST,
        READS,
        ("7.4.0", EACH_FIELD),
        "Returns in how many milliseconds fields leave.",
    )
    .tips(&["nondeterministic_output"])
    .member(4),
    row(
        ("hrandfield", -2, hrandfield),
        READ,
        READS,
        ("6.2.0", "O(N) where N is the number of fields returned."),
        "Returns random fields, different ones or with repetitions.",
    )
    .tips(&["nondeterministic_output"]),
    row(
        ("hscan", -3, hscan),
        READ,
        READS,
        ("2.8.0", "O(1) a call; O(N) for all N fields."),
        "Walks through the fields and their values, some at a call.",
    )
    .tips(&["nondeterministic_output"]),
    row(
        ("hset", -4, hset),
        GROW_FAST,
        UPDATES,
        ("2.0.0", EACH_FIELD),
        "Sets the values of fields, and returns how many fields are new.",
    )
    .member(2),
    row(
        ("hsetex", -6, hsetex),
        GROW_FAST,
        UPDATES,
        ("8.0.0", EACH_FIELD),
        "Sets the values of fields and when these leave.",
    ),
    row(
        ("hsetnx", 4, hsetnx),
        GROW_FAST,
        INSERTS,
        ("2.0.0", "O(1)"),
        "Sets the value of a field if there is none yet.",
    )
    .member(2),
    row(
        ("hstrlen", 3, hstrlen),
        READ_FAST,
        LOOKS,
        ("3.2.0", "O(1)"),
        "Returns the length of a field's value.",
    )
    .member(2),
    row(
        ("httl", -5, httl),
        READ_FAST,
        READS,
        ("7.4.0", EACH_FIELD),
        "Returns in how many seconds fields leave.",
    )
    .tips(&["nondeterministic_output"])
    .member(4),
    row(
        ("hvals", 2, hvals),
        READ,
        READS,
        ("2.0.0", "O(N) where N is the number of fields."),
        "Returns all values.",
    )
    .tips(&["nondeterministic_output_order"]),
];
