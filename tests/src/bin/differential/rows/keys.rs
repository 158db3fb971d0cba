//! Keys of any type, SORT, databases and the connection.

use super::{Row, row};
use crate::compare::Mode;

#[rustfmt::skip]
pub const KEYS: &[Row] = &[
    row("copy", "@any @any {DB db|REPLACE}"),
    row("dbsize", ""),
    row("del", "@any+").weight(20),
    row("dump", "@any").mode(Mode::Ignored).weight(2),
    row("exists", "@any+"),
    row("expire", "@any seconds [NX|XX|GT|LT]"),
    row("expireat", "@any (at|at|past) {NX|XX|GT|LT}"),
    row("expiretime", "@any").near(5),
    row("flushdb", "[ASYNC|SYNC|value]").weight(1),
    row("keys", "pattern").unordered().weight(3),
    row("move", "@any db").weight(5),
    row("object encoding", "@any"),
    row("object", "(ENCODING|REFCOUNTS|value) [@any]").weight(2),
    row("object freq", "@any").weight(2),
    row("object idletime", "@any").weight(2).shape(),
    row("persist", "@any"),
    row("pexpire", "@any millis [NX|XX|GT|LT]"),
    row("pexpireat", "@any (at-ms|at-ms|past) {NX|XX|GT|LT}"),
    row("pexpiretime", "@any").near(5000),
    row("pttl", "@any").near(5000),
    row("randomkey", "").shape().weight(2),
    row("rename", "@any @any"),
    row("renamenx", "@any @any"),
    row("scan", "cursor {MATCH pattern|TYPE type} COUNT large").mode(Mode::Scan),
    row("scan", "cursor {MATCH pattern|TYPE type|COUNT index}").mode(Mode::Ignored).weight(3),
    row("swapdb", "db db").weight(1),
    row("touch", "@any+"),
    row("ttl", "@any").near(5),
    row("type", "@any"),
    row("unlink", "@any+"),
];

/// A sorted set that was sorted is big from then on in Redis, so it is deleted. Texts with a NUL are equal to Redis as far as that, so the order among them is free: what is to be in order has keys
/// of its own.
#[rustfmt::skip]
pub const SORTS: &[Row] = &[
    row("rpush", "@letters letters+"),
    row("sort", "@any {LIMIT index index|GET (pattern|key-pattern)|ASC|DESC}").spent(),
    row("sort", "@any ALPHA {GET key-pattern|ASC|DESC}").unordered().spent(),
    row("sort", "@any ALPHA LIMIT index index").shape().spent(),
    row("sort", "@any BY key-pattern {GET key-pattern|ASC|DESC}").unordered().spent(),
    row("sort", "@letters ALPHA {LIMIT index index|GET key-pattern|ASC|DESC}"),
    row("sort", "@letters BY NOSORT {LIMIT index index|GET key-pattern|ASC|DESC}"),
    row("sort", "@any ALPHA {LIMIT index index|ASC|DESC} STORE @list").weight(5).spent(),
    row("sort_ro", "@letters ALPHA {LIMIT index index|GET key-pattern|ASC|DESC}"),
];

#[rustfmt::skip]
pub const CONNECTION: &[Row] = &[
    row("echo", "value").weight(2),
    row("ping", "[value]").weight(2),
    row("select", "db").weight(4),
    row("nosuchcommand", "value*").unknown().weight(1),
    row("client", "(value|NOSUCH)").weight(1),
    row("command getkeys", "(value|NOSUCH value)").weight(1),
    row("command getkeys", "").around().weight(5),
    row("command getkeysandflags", "").around().weight(5),
    row("command info", "NOSUCH letters").weight(1).whole(),
    row("command list", "(FILTERBY (ACLCAT|MODULE|NOSUCH) value|value)").weight(1).whole(),
];
