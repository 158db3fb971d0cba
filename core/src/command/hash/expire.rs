//! HEXPIRE and its kin, HTTL and its kin, HPERSIST.

use super::super::collection::changed;
use super::super::{Args, CommandError, CommandResult, Cx, DONE};
use super::named::{Form, effect, fields_at, fields_at_or};
use crate::bytes::number::{INTEGER_TEXT_MAX, write_u64};
use crate::keyspace::{EventClass, Key, Keyspace};
use crate::value::Hash;
use crate::value::hash::FieldExpiry;
use alloc::vec::Vec;

const COUNT_NOT_GREATER: CommandError =
    CommandError::new("ERR Parameter `numFields` should be greater than 0");

/// What is replied for each field.
const NO_FIELD: i64 = -2;
const NO_EXPIRY: i64 = -1;
const CONDITION_FAILED: i64 = 0;
const DONE_WITH: i64 = 1;
const DELETED: i64 = 2;

/// Which fields get the new expiry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Condition {
    /// All.
    Always,
    /// `NX`: those that stay.
    Absent,
    /// `XX`: those that leave.
    Present,
    /// `GT`: those that leave before. Never is after everything.
    Greater,
    /// `LT`: those that leave after.
    Less,
}

impl Condition {
    /// The option at `index`, if there is one.
    fn parse(args: &Args<'_>, index: usize) -> Condition {
        let options = [
            ("NX", Condition::Absent),
            ("XX", Condition::Present),
            ("GT", Condition::Greater),
            ("LT", Condition::Less),
        ];
        let found = options.into_iter().find(|(word, _)| args.is(index, word));
        found.map_or(Condition::Always, |(_, condition)| condition)
    }

    /// Whether the expiry `current` may be replaced by `when_ms`.
    fn allows(self, current: FieldExpiry, when_ms: u64) -> bool {
        let current_ms = match current {
            FieldExpiry::Absent => return false,
            FieldExpiry::Never => None,
            FieldExpiry::At(current_ms) => Some(current_ms),
        };
        match self {
            Condition::Always => true,
            Condition::Absent => current_ms.is_none(),
            Condition::Present => current_ms.is_some(),
            Condition::Greater => current_ms.is_some_and(|current_ms| when_ms > current_ms),
            Condition::Less => current_ms.is_none_or(|current_ms| when_ms < current_ms),
        }
    }
}

/// `HEXPIRE key seconds [NX | XX | GT | LT] FIELDS numfields field [field ...]`
pub(super) fn hexpire(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    expire_fields(cx, args, Form::Seconds, "hexpire")
}

/// `HPEXPIRE key milliseconds [NX | XX | GT | LT] FIELDS numfields field [field ...]`
pub(super) fn hpexpire(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    expire_fields(cx, args, Form::Milliseconds, "hpexpire")
}

/// `HEXPIREAT key unix-seconds [NX | XX | GT | LT] FIELDS numfields field [field ...]`
pub(super) fn hexpireat(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    expire_fields(cx, args, Form::UnixSeconds, "hexpireat")
}

/// `HPEXPIREAT key unix-milliseconds [NX | XX | GT | LT] FIELDS numfields field [field ...]`
pub(super) fn hpexpireat(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    expire_fields(cx, args, Form::UnixMilliseconds, "hpexpireat")
}

/// The time, the condition, and where the fields begin.
fn parse(
    args: &Args<'_>,
    form: Form,
    now_ms: u64,
    command: &str,
) -> Result<(u64, Condition, usize), CommandError> {
    let when_ms = form.time(args, 2, now_ms, command)?;
    let condition = Condition::parse(args, 3);
    let at = if condition == Condition::Always { 3 } else { 4 };
    let first = fields_at_or(args, at, COUNT_NOT_GREATER)?;
    Ok((when_ms, condition, first))
}

fn expire_fields(cx: &mut Cx<'_>, args: &Args<'_>, form: Form, command: &str) -> CommandResult {
    let key = args.key(1);
    let (now_ms, loading) = (cx.keys.now_ms, cx.keys.loading);
    let parsed = parse(args, form, now_ms, command);
    // As in Redis, the error of a key of another type comes first.
    let Some(mut hash) = cx.keys.value_mut::<Hash>(&key)? else {
        return reply_no_fields(cx, args, parsed?.2);
    };
    let (when_ms, condition, first) = parsed?;
    let fields = args.from(first);
    cx.reply.array(fields.len());
    hash.become_volatile();
    let mut lifetimes = Lifetimes::new(when_ms, now_ms, loading);
    for field in fields {
        let current = hash.expiry(field);
        let answer = if current == FieldExpiry::Absent {
            NO_FIELD
        } else if !condition.allows(current, when_ms) {
            CONDITION_FAILED
        } else if lifetimes.set(&mut hash, field) {
            DELETED
        } else {
            DONE_WITH
        };
        cx.reply.int(answer);
    }
    let emptied = hash.is_empty();
    drop(hash);
    cx.keys.settle_fields(&key);
    lifetimes.tell(cx.keys, &key, emptied);
    DONE
}

/// There is no hash, so it has none of the fields from `first` on.
fn reply_no_fields(cx: &mut Cx<'_>, args: &Args<'_>, first: usize) -> CommandResult {
    let fields = args.from(first);
    cx.reply.array(fields.len());
    fields.for_each(|_| cx.reply.int(NO_FIELD));
    DONE
}

/// Gives fields of a hash one and the same expiry, and logs that.
pub(super) struct Lifetimes<'a> {
    when_ms: u64,
    /// The time has passed: the fields are deleted. (A log is replayed as it was written.)
    has_passed: bool,
    fields: Vec<&'a [u8]>,
}

impl<'a> Lifetimes<'a> {
    pub(super) fn new(when_ms: u64, now_ms: u64, loading: bool) -> Self {
        Lifetimes {
            // No field leaves at 0, which stands for never.
            when_ms: when_ms.max(1),
            has_passed: when_ms <= now_ms && !loading,
            fields: Vec::new(),
        }
    }

    /// Lets a field leave that is there; `true` if it has been deleted.
    pub(super) fn set(&mut self, hash: &mut Hash, field: &'a [u8]) -> bool {
        self.fields.push(field);
        if self.has_passed {
            hash.remove(field);
        } else {
            hash.set_expiry(field, Some(self.when_ms));
        }
        self.has_passed
    }

    /// Tells of the change, and logs it.
    pub(super) fn tell(self, keys: &mut Keyspace, key: &Key<'_>, emptied: bool) {
        let count = self.fields.len();
        if count == 0 {
            return;
        }
        let event = if self.has_passed {
            keys.counters.expired_fields += count as u64;
            "hdel"
        } else {
            "hexpire"
        };
        self.log(keys, key);
        changed(keys, key, (EventClass::HASH, event), count, emptied);
    }

    pub(super) fn log(&self, keys: &mut Keyspace, key: &Key<'_>) {
        if self.has_passed {
            return log_deleted(keys, key, &self.fields);
        }
        let (mut time, mut count) = ([0; INTEGER_TEXT_MAX], [0; INTEGER_TEXT_MAX]);
        let time = write_u64(self.when_ms, &mut time);
        let words = effect(&[b"HPEXPIREAT", key.bytes, time], &mut count, &self.fields);
        let db = keys.current();
        keys.effects.replace(db, &words);
    }

    /// Whether fields were deleted, and not given an expiry.
    pub(super) fn has_passed(&self) -> bool {
        self.has_passed
    }
}

/// Logs that fields were deleted.
pub(super) fn log_deleted(keys: &mut Keyspace, key: &Key<'_>, fields: &[&[u8]]) {
    let db = keys.current();
    let words = [&[b"HDEL", key.bytes], fields].concat();
    keys.effects.replace(db, &words);
}

/// `HPERSIST key FIELDS numfields field [field ...]`
pub(super) fn hpersist(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let key = args.key(1);
    let first = fields_at(args, 2);
    let Some(mut hash) = cx.keys.value_mut::<Hash>(&key)? else {
        return reply_no_fields(cx, args, first?);
    };
    let fields = args.from(first?);
    cx.reply.array(fields.len());
    let mut kept = Vec::new();
    for field in fields {
        let answer = match hash.expiry(field) {
            FieldExpiry::Absent => NO_FIELD,
            FieldExpiry::Never => NO_EXPIRY,
            FieldExpiry::At(_) => {
                hash.set_expiry(field, None);
                kept.push(field);
                DONE_WITH
            }
        };
        cx.reply.int(answer);
    }
    drop(hash);
    // As in Redis, it is one change, however many fields.
    tell_persisted(cx.keys, &key, &kept, 1);
    DONE
}

/// Tells that fields stay now, and logs it.
pub(super) fn tell_persisted(keys: &mut Keyspace, key: &Key<'_>, fields: &[&[u8]], changes: usize) {
    if fields.is_empty() {
        return;
    }
    keys.settle_fields(key);
    let mut count = [0; INTEGER_TEXT_MAX];
    let words = effect(&[b"HPERSIST", key.bytes], &mut count, fields);
    let db = keys.current();
    keys.effects.replace(db, &words);
    changed(keys, key, (EventClass::HASH, "hpersist"), changes, false);
}

/// `HTTL key FIELDS numfields field [field ...]`
pub(super) fn httl(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    reply_expiries(cx, args, Form::Seconds)
}

/// `HPTTL key FIELDS numfields field [field ...]`
pub(super) fn hpttl(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    reply_expiries(cx, args, Form::Milliseconds)
}

/// `HEXPIRETIME key FIELDS numfields field [field ...]`
pub(super) fn hexpiretime(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    reply_expiries(cx, args, Form::UnixSeconds)
}

/// `HPEXPIRETIME key FIELDS numfields field [field ...]`
pub(super) fn hpexpiretime(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    reply_expiries(cx, args, Form::UnixMilliseconds)
}

fn reply_expiries(cx: &mut Cx<'_>, args: &Args<'_>, form: Form) -> CommandResult {
    let now_ms = cx.keys.now_ms;
    let hash = cx.keys.value::<Hash>(&args.key(1))?;
    let fields = args.from(fields_at(args, 2)?);
    cx.reply.array(fields.len());
    for field in fields {
        let expiry = hash
            .as_ref()
            .map_or(FieldExpiry::Absent, |hash| hash.expiry(field));
        cx.reply.int(match expiry {
            FieldExpiry::Absent => NO_FIELD,
            FieldExpiry::Never => NO_EXPIRY,
            FieldExpiry::At(when_ms) => form.shown(when_ms, now_ms),
        });
    }
    DONE
}
