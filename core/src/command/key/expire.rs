//! EXPIRE and its kin, TTL and its kin, PERSIST.

use crate::bytes::number::write_i64;
use crate::command::{Args, CommandError, CommandResult, Cx, DONE};
use crate::keyspace::{EventClass, Key};
use alloc::format;

/// Which keys get the new expiry: all, unless an option limits them.
#[derive(Clone, Copy, Debug, Default)]
struct Condition {
    /// `NX`: those that do not expire.
    nx: bool,
    /// `XX`: those that expire.
    xx: bool,
    /// `GT`: those that expire before; never is after everything.
    gt: bool,
    /// `LT`: those that expire after.
    lt: bool,
}

impl Condition {
    /// The options, from index 3 on.
    fn parse(args: &Args<'_>) -> Result<Condition, CommandError> {
        let mut condition = Condition::default();
        for at in 3..args.len() {
            let option = if args.is(at, "NX") {
                &mut condition.nx
            } else if args.is(at, "XX") {
                &mut condition.xx
            } else if args.is(at, "GT") {
                &mut condition.gt
            } else if args.is(at, "LT") {
                &mut condition.lt
            } else {
                let before = "ERR Unsupported option ";
                return Err(CommandError::quoting(before, args.at(at), ""));
            };
            *option = true;
        }
        if condition.nx && (condition.xx || condition.gt || condition.lt) {
            return Err(CommandError::new(
                "ERR NX and XX, GT or LT options at the same time are not compatible",
            ));
        }
        if condition.gt && condition.lt {
            return Err(CommandError::new(
                "ERR GT and LT options at the same time are not compatible",
            ));
        }
        Ok(condition)
    }

    /// Whether an expiry may be replaced by `when`.
    fn allows(self, current: Option<i64>, when: i64) -> bool {
        let refused = match current {
            None => self.xx || self.gt,
            Some(current) => {
                self.nx || (self.gt && when <= current) || (self.lt && when >= current)
            }
        };
        !refused
    }
}

/// `EXPIRE key seconds [NX | XX | GT | LT]`
pub(super) fn expire(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let now_ms = cx.keys.now_ms;
    expire_at(cx, args, 1000, now_ms, "expire")
}

/// `PEXPIRE key milliseconds [NX | XX | GT | LT]`
pub(super) fn pexpire(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let now_ms = cx.keys.now_ms;
    expire_at(cx, args, 1, now_ms, "pexpire")
}

/// `EXPIREAT key unix-seconds [NX | XX | GT | LT]`
pub(super) fn expireat(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    expire_at(cx, args, 1000, 0, "expireat")
}

/// `PEXPIREAT key unix-milliseconds [NX | XX | GT | LT]`
pub(super) fn pexpireat(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    expire_at(cx, args, 1, 0, "pexpireat")
}

/// Lets a key expire the given number of units of `unit_ms` after `start_ms`.
fn expire_at(
    cx: &mut Cx<'_>,
    args: &Args<'_>,
    unit_ms: i64,
    start_ms: u64,
    command: &str,
) -> CommandResult {
    let condition = Condition::parse(args)?;
    let when = args
        .int(2)?
        .checked_mul(unit_ms)
        .and_then(|when| when.checked_add_unsigned(start_ms))
        .ok_or_else(|| {
            CommandError::with(format!("ERR invalid expire time in '{command}' command"))
        })?;
    let key = args.key(1);
    let allowed = match cx.keys.write(&key) {
        None => false,
        Some(entry) => condition.allows(entry.expiry().map(signed), when),
    };
    if allowed {
        apply(cx, &key, when);
    }
    cx.reply.int(i64::from(allowed));
    DONE
}

/// Sets a key's expiry; one that has passed deletes the key at once. (A log is replayed as it was written.)
fn apply(cx: &mut Cx<'_>, key: &Key<'_>, when: i64) {
    let db = cx.keys.current();
    if when <= signed(cx.keys.now_ms) && !cx.keys.loading {
        cx.keys.remove(key);
        cx.keys.modified(EventClass::GENERIC, "del", key);
        cx.keys.effects.replace(db, &[b"DEL", key.bytes]);
        return;
    }
    cx.keys
        .set_expiry(key, Some(u64::try_from(when).unwrap_or(0)));
    cx.keys.modified(EventClass::GENERIC, "expire", key);
    let mut digits = [0; 20];
    let when = write_i64(when, &mut digits);
    cx.keys
        .effects
        .replace(db, &[b"PEXPIREAT", key.bytes, when]);
}

/// `PERSIST key`
pub(super) fn persist(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let key = args.key(1);
    let found = cx.keys.write(&key);
    let volatile = found.is_some_and(|entry| entry.expiry().is_some());
    if volatile {
        cx.keys.set_expiry(&key, None);
        cx.keys.modified(EventClass::GENERIC, "persist", &key);
    }
    cx.reply.int(i64::from(volatile));
    DONE
}

/// `TTL key`
pub(super) fn ttl(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let now_ms = cx.keys.now_ms;
    reply_expiry(cx, args, |when| {
        rounded_seconds(when.saturating_sub(now_ms))
    })
}

/// `PTTL key`
pub(super) fn pttl(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let now_ms = cx.keys.now_ms;
    reply_expiry(cx, args, |when| when.saturating_sub(now_ms))
}

/// `EXPIRETIME key`
pub(super) fn expiretime(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    reply_expiry(cx, args, rounded_seconds)
}

/// `PEXPIRETIME key`
pub(super) fn pexpiretime(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    reply_expiry(cx, args, |when| when)
}

/// Replies what `shown` makes of the expiry, -1 for a key that does not expire, -2 for none.
fn reply_expiry(cx: &mut Cx<'_>, args: &Args<'_>, shown: impl FnOnce(u64) -> u64) -> CommandResult {
    let reply = match cx.keys.peek(&args.key(1)) {
        None => -2,
        Some(entry) => entry.expiry().map_or(-1, |when| signed(shown(when))),
    };
    cx.reply.int(reply);
    DONE
}

/// Milliseconds as seconds, to the nearest one, as Redis rounds them.
fn rounded_seconds(milliseconds: u64) -> u64 {
    milliseconds.saturating_add(500) / 1000
}

/// A time as the signed number it is on the wire; times beyond are no times.
fn signed(milliseconds: u64) -> i64 {
    i64::try_from(milliseconds).unwrap_or(i64::MAX)
}
