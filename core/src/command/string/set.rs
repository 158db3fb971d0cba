//! SET and everything that is a SET in other words: SETNX, SETEX, PSETEX, GETSET, MSET, MSETNX, MSETEX; and DELIFEQ,
//! which compares as SET does.

use super::options::{Condition, Deadline, Form, Lifetime, Options};
use super::{reply_string, value_text};
use crate::bytes::number::{parse_i64, write_u64};
use crate::bytes::shared::LONG_BYTES;
use crate::command::spec::KeyUse;
use crate::command::{Args, CommandError, CommandResult, Cx, DONE};
use crate::keyspace::{EventClass, Expiry, Key, StringRef};

const BAD_KEY_COUNT: CommandError = CommandError::new("ERR invalid numkeys value or out of range");

/// `SET key value [NX | XX | IFEQ value | IFNE value] [GET] [EX s | PX ms | EXAT s | PXAT ms | KEEPTTL]`
pub(super) fn set(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let key = args.key(1);
    if args.len() == 3 {
        write(cx, &key, args, 2, Expiry::Clear);
        cx.reply.ok();
        return DONE;
    }
    set_with(cx, &key, args, Options::of_set(args)?)
}

/// What a SET does with its key: with `GET` anywhere after the value, it reads it too.
pub(super) fn key_use(args: &Args<'_>) -> KeyUse {
    if args.from(3).any(|word| word.eq_ignore_ascii_case(b"GET")) {
        KeyUse::ReadUpdate
    } else {
        KeyUse::Overwrite
    }
}

/// `SETNX key value`
pub(super) fn setnx(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let key = args.key(1);
    let absent = cx.keys.write(&key).is_none();
    if absent {
        write(cx, &key, args, 2, Expiry::Clear);
    }
    cx.reply.int(i64::from(absent));
    DONE
}

/// `SETEX key seconds value`
pub(super) fn setex(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    set_until(cx, args, Form::Seconds, "setex")
}

/// `PSETEX key milliseconds value`
pub(super) fn psetex(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    set_until(cx, args, Form::Milliseconds, "psetex")
}

fn set_until(cx: &mut Cx<'_>, args: &Args<'_>, form: Form, command: &'static str) -> CommandResult {
    let text = args.at(2);
    let when = Deadline { text, form }.unix_ms(cx.keys.now_ms, command)?;
    let key = args.key(1);
    write(cx, &key, args, 3, Expiry::At(when));
    log_set(cx, &key, args.at(3), Expiry::At(when));
    cx.reply.ok();
    DONE
}

/// `GETSET key value`
pub(super) fn getset(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let key = args.key(1);
    reply_old(cx, &key)?;
    write(cx, &key, args, 2, Expiry::Clear);
    log_set(cx, &key, args.at(2), Expiry::Clear);
    DONE
}

/// `MSET key value [key value ...]`
pub(super) fn mset(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    if args.len().is_multiple_of(2) {
        return Err(CommandError::wrong_arity("mset"));
    }
    write_pairs(cx, args);
    cx.reply.ok();
    DONE
}

/// `MSETNX key value [key value ...]`
pub(super) fn msetnx(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    if args.len().is_multiple_of(2) {
        return Err(CommandError::wrong_arity("msetnx"));
    }
    let mut keys = (1..args.len()).step_by(2);
    let absent = keys.all(|at| cx.keys.write(&args.key(at)).is_none());
    if absent {
        write_pairs(cx, args);
    }
    cx.reply.int(i64::from(absent));
    DONE
}

/// `MSETEX numkeys key value [key value ...] [NX | XX] [EX s | PX ms | EXAT s | PXAT ms | KEEPTTL]`
///
/// Logged as a SET for each key, which loaders that do not know the command understand.
pub(super) fn msetex(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let count = parse_i64(args.at(1)).and_then(|count| i32::try_from(count).ok());
    let count = count.and_then(|count| usize::try_from(count).ok());
    let count = count.filter(|&count| count > 0).ok_or(BAD_KEY_COUNT)?;
    let end = 2 + 2 * count;
    if end > args.len() {
        return Err(CommandError::SYNTAX);
    }
    let options = Options::of_msetex(args, end)?;
    let expiry = expiry_of(cx, options.lifetime, "msetex")?;
    let keys = (2..end).step_by(2);
    let refused = match options.condition {
        Condition::Absent => keys
            .clone()
            .any(|at| cx.keys.write(&args.key(at)).is_some()),
        Condition::Present => keys
            .clone()
            .any(|at| cx.keys.write(&args.key(at)).is_none()),
        _ => false,
    };
    if !refused {
        for at in keys {
            let key = args.key(at);
            write(cx, &key, args, at + 1, expiry);
            log_set(cx, &key, args.at(at + 1), expiry);
        }
    }
    cx.reply.int(i64::from(!refused));
    DONE
}

/// `DELIFEQ key value`
pub(super) fn delifeq(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let key = args.key(1);
    let equal = match cx.keys.write(&key) {
        None => false,
        Some(entry) => is_text(entry.string().ok_or(CommandError::WRONG_TYPE)?, args.at(2)),
    };
    if equal {
        super::read::delete(cx, &key);
    }
    cx.reply.int(i64::from(equal));
    DONE
}

fn write_pairs(cx: &mut Cx<'_>, args: &Args<'_>) {
    for at in (1..args.len()).step_by(2) {
        write(cx, &args.key(at), args, at + 1, Expiry::Clear);
    }
}

fn set_with(
    cx: &mut Cx<'_>,
    key: &Key<'_>,
    args: &Args<'_>,
    options: Options<'_>,
) -> CommandResult {
    let expiry = expiry_of(cx, options.lifetime, "set")?;
    if options.get {
        reply_old(cx, key)?;
    }
    let refused = !holds(cx, key, options.condition)?;
    if !refused {
        write(cx, key, args, 2, expiry);
        let compared = matches!(
            options.condition,
            Condition::Equal(_) | Condition::Unequal(_)
        );
        if options.get || compared || matches!(expiry, Expiry::At(_)) {
            log_set(cx, key, args.at(2), expiry);
        }
    }
    match (options.get, refused) {
        (true, _) => {}
        (false, true) => cx.reply.null(),
        (false, false) => cx.reply.ok(),
    }
    DONE
}

/// Whether the key is in the state that SET asks for.
fn holds(cx: &mut Cx<'_>, key: &Key<'_>, condition: Condition<'_>) -> Result<bool, CommandError> {
    let (text, wanted) = match condition {
        Condition::Always => return Ok(true),
        Condition::Absent => return Ok(cx.keys.write(key).is_none()),
        Condition::Present => return Ok(cx.keys.write(key).is_some()),
        Condition::Equal(text) => (text, true),
        Condition::Unequal(text) => (text, false),
    };
    match cx.keys.write(key) {
        None => Ok(!wanted),
        Some(entry) => {
            let value = entry.string().ok_or(CommandError::WRONG_TYPE)?;
            Ok(is_text(value, text) == wanted)
        }
    }
}

/// Whether a string reads like this.
fn is_text(value: StringRef<'_>, text: &[u8]) -> bool {
    value_text(Some(value), &mut [0; 20]) == text
}

fn expiry_of(
    cx: &Cx<'_>,
    lifetime: Lifetime<'_>,
    command: &'static str,
) -> Result<Expiry, CommandError> {
    Ok(match lifetime {
        Lifetime::Keep => Expiry::Keep,
        Lifetime::Until(deadline) => Expiry::At(deadline.unix_ms(cx.keys.now_ms, command)?),
        Lifetime::Unsaid | Lifetime::Persist => Expiry::Clear,
    })
}

/// Replies the string that the key holds now.
fn reply_old(cx: &mut Cx<'_>, key: &Key<'_>) -> Result<(), CommandError> {
    let found = cx.keys.string(key)?;
    reply_string(&mut cx.reply, &mut cx.client.loans, found.as_deref());
    Ok(())
}

/// Sets the key to the argument at an index, and tells of it.
#[inline(always)]
fn write(cx: &mut Cx<'_>, key: &Key<'_>, args: &Args<'_>, at: usize, expiry: Expiry) {
    let value = args.at(at);
    if value.len() < LONG_BYTES {
        cx.keys.set_string(key, value, expiry);
    } else {
        set_long(cx, key, args, at, expiry);
    }
    cx.keys.modified(EventClass::STRING, "set", key);
    if let Expiry::At(_) = expiry {
        cx.keys.notify(EventClass::GENERIC, "expire", key);
    }
}

/// Sets the key to a long argument; one with a buffer of its own becomes the value as it is.
#[cold]
fn set_long(cx: &mut Cx<'_>, key: &Key<'_>, args: &Args<'_>, at: usize, expiry: Expiry) {
    match args.shared(at) {
        Some(value) => cx.keys.set_shared(key, value.clone(), expiry),
        None => cx.keys.set_string(key, args.at(at), expiry),
    }
}

/// Logs what was set instead of the command: the time is absolute, the condition was met, nobody reads the reply.
fn log_set(cx: &mut Cx<'_>, key: &Key<'_>, value: &[u8], expiry: Expiry) {
    let (db, key) = (cx.keys.current(), key.bytes);
    let effects = &mut cx.keys.effects;
    match expiry {
        Expiry::Clear => effects.replace(db, &[b"SET", key, value]),
        Expiry::Keep => effects.replace(db, &[b"SET", key, value, b"KEEPTTL"]),
        Expiry::At(when) => {
            let mut digits = [0; 20];
            let when = write_u64(when, &mut digits);
            effects.replace(db, &[b"SET", key, value, b"PXAT", when]);
        }
    }
}
