//! The rows of the key and database commands.

use super::{acknowledge, basic, database, dump, expire, relocate, walk};
use crate::command::spec::{self, CommandSpec, Flags, Group, Handler, KeyRange, KeyUse, key, keys};

const READ: Flags = Flags::READONLY;
const READ_FAST: Flags = Flags::READONLY.and(Flags::FAST);
const WRITE: Flags = Flags::WRITE;
const WRITE_FAST: Flags = Flags::WRITE.and(Flags::FAST);

const NO_KEYS: &[KeyRange] = &[];
const READS: &[KeyRange] = &[key(KeyUse::Read)];
const UPDATES: &[KeyRange] = &[key(KeyUse::Update)];
const LOOKS_AT_ALL: &[KeyRange] = &[keys(1, -1, 1, KeyUse::Look)];
const REMOVES_ALL: &[KeyRange] = &[keys(1, -1, 1, KeyUse::Remove)];

const EACH_KEY: &str = "O(N) where N is the number of keys.";

/// A row of the generic group; `about` is its version, summary and complexity.
const fn row(
    name: &'static str,
    arity: i16,
    run: Handler,
    flags: Flags,
    keys: &'static [KeyRange],
    about: (&'static str, &'static str, &'static str),
) -> CommandSpec {
    spec::row(Group::Generic, name, arity, run, flags, keys, about).categories(&["keyspace"])
}

/// A row of the server group.
const fn server_row(
    name: &'static str,
    arity: i16,
    run: Handler,
    flags: Flags,
    about: (&'static str, &'static str, &'static str),
) -> CommandSpec {
    row(name, arity, run, flags, NO_KEYS, about).docs(Group::Server, about.0, about.1, about.2)
}

const DANGEROUS: &[&str] = &["keyspace", "dangerous"];

/// The family's rows.
#[rustfmt::skip]
pub(in crate::command) static SPECS: &[CommandSpec] = &[
    row("del", -2, basic::del, WRITE, REMOVES_ALL,
        ("1.0.0", "Deletes keys.", "O(N) where N is the number of keys; big values are freed later, in slices."))
        .tips(&["request_policy:multi_shard", "response_policy:agg_sum"]),
    row("unlink", -2, basic::del, WRITE_FAST, REMOVES_ALL,
        ("4.0.0", "Deletes keys; their memory is freed later.", "O(1) for each key."))
        .tips(&["request_policy:multi_shard", "response_policy:agg_sum"]),
    row("exists", -2, basic::exists, READ_FAST, LOOKS_AT_ALL,
        ("1.0.0", "Counts the keys that exist.", EACH_KEY))
        .tips(&["request_policy:multi_shard", "response_policy:agg_sum"]),
    row("type", 2, basic::type_, READ_FAST, &[key(KeyUse::Look)],
        ("1.0.0", "Tells the type of the value of a key.", "O(1)")),
    row("touch", -2, basic::touch, READ_FAST, LOOKS_AT_ALL,
        ("3.2.1", "Counts the keys that exist, and marks them as just used.", EACH_KEY))
        .tips(&["request_policy:multi_shard", "response_policy:agg_sum"]),
    row("ttl", 2, expire::ttl, READ_FAST, READS,
        ("1.0.0", "Tells in how many seconds a key expires.", "O(1)"))
        .tips(&["nondeterministic_output"]),
    row("pttl", 2, expire::pttl, READ_FAST, READS,
        ("2.6.0", "Tells in how many milliseconds a key expires.", "O(1)"))
        .tips(&["nondeterministic_output"]),
    row("expiretime", 2, expire::expiretime, READ_FAST, READS,
        ("7.0.0", "Tells at which Unix time in seconds a key expires.", "O(1)")),
    row("pexpiretime", 2, expire::pexpiretime, READ_FAST, READS,
        ("7.0.0", "Tells at which Unix time in milliseconds a key expires.", "O(1)")),
    row("expire", -3, expire::expire, WRITE_FAST, UPDATES,
        ("1.0.0", "Lets a key expire after some seconds.", "O(1)")),
    row("pexpire", -3, expire::pexpire, WRITE_FAST, UPDATES,
        ("2.6.0", "Lets a key expire after some milliseconds.", "O(1)")),
    row("expireat", -3, expire::expireat, WRITE_FAST, UPDATES,
        ("1.2.0", "Lets a key expire at a Unix time in seconds.", "O(1)")),
    row("pexpireat", -3, expire::pexpireat, WRITE_FAST, UPDATES,
        ("2.6.0", "Lets a key expire at a Unix time in milliseconds.", "O(1)")),
    row("persist", 2, expire::persist, WRITE_FAST, UPDATES,
        ("2.2.0", "Takes a key's expiry away.", "O(1)")),
    row("rename", 3, relocate::rename, WRITE, &[key(KeyUse::ReadDelete), keys(2, 2, 1, KeyUse::Overwrite)],
        ("1.0.0", "Gives a key another name, in the place of whatever had it.", "O(1)")),
    row("renamenx", 3, relocate::renamenx, WRITE_FAST, &[key(KeyUse::ReadDelete), keys(2, 2, 1, KeyUse::OverwriteInsert)],
        ("1.0.0", "Gives a key another name, if no key has it.", "O(1)")),
    row("copy", -3, relocate::copy, WRITE.and(Flags::DENY_OOM), &[key(KeyUse::Read), keys(2, 2, 1, KeyUse::Overwrite)],
        ("6.2.0", "Copies the value of a key to another key.", "O(N) where N is the size of the value.")),
    row("move", 3, relocate::move_, WRITE_FAST, &[key(KeyUse::ReadUpdate)],
        ("1.0.0", "Moves a key to another database.", "O(1)")),
    row("dump", 2, dump::dump, READ, READS,
        ("2.6.0", "Returns the value of a key as bytes that RESTORE understands.", "O(N) where N is the size of the value."))
        .tips(&["nondeterministic_output"]),
    row("restore", -4, dump::restore, WRITE.and(Flags::DENY_OOM), &[key(KeyUse::Overwrite)],
        ("2.6.0", "Makes a key of what DUMP returned.", "O(N) where N is the size of the value, and O(N*log(N)) for a sorted set."))
        .categories(DANGEROUS),
    row("keys", 2, walk::keys, READ, NO_KEYS,
        ("1.0.0", "Returns all keys that match a pattern.", "O(N) where N is the number of keys in the database."))
        .categories(DANGEROUS)
        .tips(&["request_policy:all_shards", "nondeterministic_output_order"]),
    row("scan", -2, walk::scan, READ, NO_KEYS,
        ("2.8.0", "Walks over the keys of the database, a few a call.", "O(1) for a call, O(N) for a whole walk."))
        .tips(&["nondeterministic_output", "request_policy:special", "response_policy:special"]),
    row("randomkey", 1, walk::randomkey, READ, NO_KEYS,
        ("1.0.0", "Returns a random key.", "O(1)"))
        .tips(&["request_policy:all_shards", "response_policy:special", "nondeterministic_output"]),
    row("wait", 3, acknowledge::wait, Flags::BLOCKING, NO_KEYS,
        ("3.0.0", "Counts the replicas that have what was written so far.", "O(1)"))
        .categories(&["connection"])
        .tips(&["request_policy:all_shards", "response_policy:agg_min"]),
    row("waitaof", 4, acknowledge::waitaof, Flags::BLOCKING, NO_KEYS,
        ("7.2.0", "Waits until the log has what was written so far, and will keep it.", "O(1)"))
        .categories(&["connection"])
        .tips(&["request_policy:all_shards", "response_policy:agg_min"]),
    server_row("dbsize", 1, database::dbsize, READ_FAST,
        ("1.0.0", "Counts the keys of the database.", "O(1)"))
        .tips(&["request_policy:all_shards", "response_policy:agg_sum"]),
    server_row("flushdb", -1, database::flushdb, WRITE,
        ("1.0.0", "Removes all keys of the database.", "O(1); the memory is freed later, in slices."))
        .categories(DANGEROUS)
        .tips(&["request_policy:all_shards", "response_policy:all_succeeded"]),
    server_row("flushall", -1, database::flushall, WRITE,
        ("1.0.0", "Removes all keys of all databases.", "O(1); the memory is freed later, in slices."))
        .categories(DANGEROUS)
        .tips(&["request_policy:all_shards", "response_policy:all_succeeded"]),
    server_row("swapdb", 3, database::swapdb, WRITE_FAST,
        ("4.0.0", "Exchanges two databases.", "O(1)"))
        .categories(DANGEROUS),
];
