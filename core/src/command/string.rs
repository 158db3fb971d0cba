//! Strings.

use super::spec::{CommandSpec, Flags, Group, KeyUse, key};
use super::{Args, CommandResult, Cx, DONE};
use crate::keyspace::{EventClass, Expiry, StringRef};

/// The family's rows.
pub(super) static SPECS: &[CommandSpec] = &[
    CommandSpec::new("get", 2, get)
        .flags(Flags::READONLY.and(Flags::FAST))
        .keys(&[key(KeyUse::Read)])
        .docs(
            Group::String,
            "1.0.0",
            "Returns the string value of a key.",
            "O(1)",
        ),
    CommandSpec::new("set", -3, set)
        .flags(Flags::WRITE.and(Flags::DENY_OOM))
        .keys(&[key(KeyUse::Overwrite)])
        .docs(
            Group::String,
            "1.0.0",
            "Sets the string value of a key, whatever it held.",
            "O(1)",
        ),
];

fn get(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    match cx.keys.string(&args.key(1))? {
        None => cx.reply.null(),
        Some(entry) => match entry.string() {
            Some(StringRef::Int(value)) => cx.reply.bulk_int(value),
            Some(StringRef::Bytes(bytes)) => cx.reply.bulk(bytes),
            None => cx.reply.null(),
        },
    }
    DONE
}

fn set(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let key = args.key(1);
    cx.keys.set_string(&key, args.at(2), Expiry::Clear);
    cx.keys.modified(EventClass::STRING, "set", &key);
    cx.reply.ok();
    DONE
}
