//! The rows of the string commands.

use super::{common, edit, number, read, set};
use crate::command::spec::{CommandSpec, Flags, Group, KeyRange, KeyUse, key, keys, row};

const READ: Flags = Flags::READONLY;
const READ_FAST: Flags = Flags::READONLY.and(Flags::FAST);
const WRITE_FAST: Flags = Flags::WRITE.and(Flags::FAST);
const GROW: Flags = Flags::WRITE.and(Flags::DENY_OOM);
const GROW_FAST: Flags = GROW.and(Flags::FAST);

const READS: &[KeyRange] = &[key(KeyUse::Read)];
const LOOKS: &[KeyRange] = &[key(KeyUse::Look)];
const UPDATES: &[KeyRange] = &[key(KeyUse::Update)];
const READS_AND_UPDATES: &[KeyRange] = &[key(KeyUse::ReadUpdate)];
const OVERWRITES: &[KeyRange] = &[key(KeyUse::Overwrite)];

const EACH_KEY: &str = "O(N) where N is the number of keys.";
const EACH_PAIR: &str = "O(N) where N is the number of pairs.";
const RANGE: &str = "O(N) where N is the length of the range.";

/// The family's rows.
#[rustfmt::skip]
pub(in crate::command) static SPECS: &[CommandSpec] = &[
    row(Group::String, "get", 2, read::get, READ_FAST, READS,
        ("1.0.0", "Returns the string value of a key.", "O(1)")),
    row(Group::String, "set", -3, set::set, GROW, READS_AND_UPDATES,
        ("1.0.0", "Sets the string value of a key, whatever it held.", "O(1)"))
        .first_key_use(set::key_use).key_notes("Reads only with GET; without it the value is overwritten."),
    row(Group::String, "getex", -2, read::getex, WRITE_FAST, READS_AND_UPDATES,
        ("6.2.0", "Returns the string value of a key and changes when the key expires.", "O(1)"))
        .key_notes("The change is to the time when the key expires."),
    row(Group::String, "getdel", 2, read::getdel, WRITE_FAST, &[key(KeyUse::ReadDelete)],
        ("6.2.0", "Returns the string value of a key and deletes the key.", "O(1)")),
    row(Group::String, "getset", 3, set::getset, GROW_FAST, READS_AND_UPDATES,
        ("1.0.0", "Sets the string value of a key and returns the one before.", "O(1)"))
        .deprecated("6.2.0", "`SET` with the `!GET` argument"),
    row(Group::String, "mget", -2, read::mget, READ_FAST, &[keys(1, -1, 1, KeyUse::Read)],
        ("1.0.0", "Returns the string values of several keys.", EACH_KEY))
        .tips(&["request_policy:multi_shard"]),
    row(Group::String, "mset", -3, set::mset, GROW, &[keys(1, -1, 2, KeyUse::Overwrite)],
        ("1.0.1", "Sets the string values of several keys.", EACH_PAIR))
        .tips(&["request_policy:multi_shard", "response_policy:all_succeeded"]),
    row(Group::String, "msetnx", -3, set::msetnx, GROW, &[keys(1, -1, 2, KeyUse::OverwriteInsert)],
        ("1.0.1", "Sets the string values of several keys, if none of them exists.", EACH_PAIR)),
    row(Group::String, "msetex", -4, set::msetex, GROW, &[],
        ("9.1.0", "Sets the string values of several keys, on a condition and until a time if so asked.", EACH_PAIR))
        .counted_pairs(1, KeyUse::Overwrite)
        .tips(&["request_policy:multi_shard", "response_policy:all_succeeded"]),
    row(Group::String, "delifeq", 3, set::delifeq, WRITE_FAST, &[key(KeyUse::Remove)],
        ("9.0.0", "Deletes a key that holds this string.", "O(1)")),
    row(Group::String, "setnx", 3, set::setnx, GROW_FAST, &[key(KeyUse::OverwriteInsert)],
        ("1.0.0", "Sets the string value of a key that does not exist.", "O(1)"))
        .deprecated("2.6.12", "`SET` with the `NX` argument"),
    row(Group::String, "setex", 4, set::setex, GROW, OVERWRITES,
        ("2.0.0", "Sets the string value of a key that expires after some seconds.", "O(1)"))
        .deprecated("2.6.12", "`SET` with the `EX` argument"),
    row(Group::String, "psetex", 4, set::psetex, GROW, OVERWRITES,
        ("2.6.0", "Sets the string value of a key that expires after some milliseconds.", "O(1)"))
        .deprecated("2.6.12", "`SET` with the `PX` argument"),
    row(Group::String, "incr", 2, number::incr, GROW_FAST, READS_AND_UPDATES,
        ("1.0.0", "Adds one to the integer value of a key; a missing key counts as 0.", "O(1)")),
    row(Group::String, "decr", 2, number::decr, GROW_FAST, READS_AND_UPDATES,
        ("1.0.0", "Takes one from the integer value of a key; a missing key counts as 0.", "O(1)")),
    row(Group::String, "incrby", 3, number::incrby, GROW_FAST, READS_AND_UPDATES,
        ("1.0.0", "Adds to the integer value of a key; a missing key counts as 0.", "O(1)")),
    row(Group::String, "decrby", 3, number::decrby, GROW_FAST, READS_AND_UPDATES,
        ("1.0.0", "Takes from the integer value of a key; a missing key counts as 0.", "O(1)")),
    row(Group::String, "incrbyfloat", 3, number::incrbyfloat, GROW_FAST, READS_AND_UPDATES,
        ("2.6.0", "Adds to the floating point value of a key; a missing key counts as 0.", "O(1)")),
    row(Group::String, "append", 3, edit::append, GROW_FAST, &[key(KeyUse::Insert)],
        ("2.0.0", "Appends to the string value of a key, which is created when it is missing.",
         "O(1), amortized, not counting the time to copy what is appended.")),
    row(Group::String, "strlen", 2, read::strlen, READ_FAST, LOOKS,
        ("2.2.0", "Returns the length of a string value.", "O(1)")),
    row(Group::String, "getrange", 4, read::getrange, READ, READS,
        ("2.4.0", "Returns a part of a string value.", RANGE)),
    row(Group::String, "substr", 4, read::getrange, READ, READS,
        ("1.0.0", "Returns a part of a string value.", RANGE))
        .deprecated("2.0.0", "`GETRANGE`"),
    row(Group::String, "lcs", -3, common::lcs, READ, &[keys(1, 2, 1, KeyUse::Read)],
        ("7.0.0", "Returns the longest common subsequence of two strings.",
         "O(N*M) where N and M are the lengths of the strings.")),
    row(Group::String, "setrange", 4, edit::setrange, GROW, UPDATES,
        ("2.2.0", "Overwrites a part of a string value, which grows as needed.",
         "O(N) where N is the length of what is written.")),
];
