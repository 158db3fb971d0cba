//! HGETEX, HSETEX, HGETDEL: values and lifetimes of fields at once.

use super::super::collection::{bulk, changed};
use super::super::{Args, CommandError, CommandResult, Cx, DONE};
use super::SET;
use super::expire::{Lifetimes, log_deleted, tell_persisted};
use super::named::{Form, effect, fields_at};
use crate::bytes::number::{INTEGER_TEXT_MAX, write_u64};
use crate::keyspace::{EventClass, Key, Keyspace};
use crate::resp::Reply;
use crate::value::Hash;
use crate::value::hash::{FieldExpiry, Ttl};
use alloc::vec::Vec;

const ONE_TIME: CommandError =
    CommandError::new("ERR Only one of EX, PX, EXAT, PXAT or KEEPTTL arguments can be specified");
const ONE_CONDITION: CommandError =
    CommandError::new("ERR Only one of FXX or FNX arguments can be specified");
const NO_TIME: CommandError = CommandError::new("ERR missing expire time");
const NO_COUNT: CommandError = CommandError::new("ERR invalid number of fields");

/// What HGETEX does with the fields.
#[derive(Clone, Copy)]
enum Change {
    Nothing,
    Persist,
    /// They leave at this time, Unix milliseconds.
    Expire(u64),
}

/// The change, and where the fields begin.
fn parse_hgetex(args: &Args<'_>, now_ms: u64) -> Result<(Change, usize), CommandError> {
    let (change, at) = if let Some(form) = Form::of_option(args, 2) {
        (Change::Expire(form.time(args, 3, now_ms, "hgetex")?), 4)
    } else if args.is(2, "PERSIST") {
        (Change::Persist, 3)
    } else {
        (Change::Nothing, 2)
    };
    if at + 1 >= args.len() {
        return Err(CommandError::wrong_arity("hgetex"));
    }
    Ok((change, fields_at(args, at)?))
}

/// `HGETEX key [EX seconds | PX milliseconds | EXAT unix-seconds | PXAT unix-milliseconds | PERSIST]
/// FIELDS numfields field [field ...]`
pub(super) fn hgetex(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let key = args.key(1);
    let (now_ms, loading) = (cx.keys.now_ms, cx.keys.loading);
    let parsed = parse_hgetex(args, now_ms);
    let Some(mut hash) = cx.keys.value_mut::<Hash>(&key)? else {
        return reply_no_values(cx, args, parsed?.1);
    };
    let (change, first) = parsed?;
    let fields = args.from(first);
    cx.reply.array(fields.len());
    match change {
        Change::Nothing => fields.for_each(|field| {
            reply_value(&mut cx.reply, &hash, field);
        }),
        Change::Persist => {
            hash.become_volatile();
            let mut kept = Vec::new();
            for field in fields {
                reply_value(&mut cx.reply, &hash, field);
                if let FieldExpiry::At(_) = hash.expiry(field) {
                    hash.set_expiry(field, None);
                    kept.push(field);
                }
            }
            drop(hash);
            cx.keys.settle_fields(&key);
            tell_persisted(cx.keys, &key, &kept, kept.len());
        }
        Change::Expire(when_ms) => {
            hash.become_volatile();
            let mut lifetimes = Lifetimes::new(when_ms, now_ms, loading);
            for field in fields {
                if reply_value(&mut cx.reply, &hash, field) {
                    lifetimes.set(&mut hash, field);
                }
            }
            let emptied = hash.is_empty();
            drop(hash);
            cx.keys.settle_fields(&key);
            lifetimes.tell(cx.keys, &key, emptied);
        }
    }
    DONE
}

/// There is no hash, so it has none of the fields from `first` on.
fn reply_no_values(cx: &mut Cx<'_>, args: &Args<'_>, first: usize) -> CommandResult {
    let fields = args.from(first);
    cx.reply.array(fields.len());
    fields.for_each(|_| cx.reply.null());
    DONE
}

/// Replies the value of a field; whether there is such a field.
fn reply_value(reply: &mut Reply<'_>, hash: &Hash, field: &[u8]) -> bool {
    let value = hash.get(field);
    match value {
        Some(value) => bulk(reply, value),
        None => reply.null(),
    }
    value.is_some()
}

/// `HGETDEL key FIELDS numfields field [field ...]`
pub(super) fn hgetdel(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let key = args.key(1);
    let first = fields_at(args, 2);
    let Some(mut hash) = cx.keys.value_mut::<Hash>(&key)? else {
        return reply_no_values(cx, args, first?);
    };
    let fields = args.from(first?);
    cx.reply.array(fields.len());
    let mut deleted = Vec::new();
    for field in fields {
        if reply_value(&mut cx.reply, &hash, field) {
            hash.remove(field);
            deleted.push(field);
        }
    }
    let (emptied, volatile) = (hash.is_empty(), hash.is_volatile());
    drop(hash);
    if deleted.is_empty() {
        return DONE;
    }
    if volatile {
        cx.keys.settle_fields(&key);
    }
    log_deleted(cx.keys, &key, &deleted);
    let event = (EventClass::HASH, "hdel");
    changed(cx.keys, &key, event, deleted.len(), emptied);
    DONE
}

/// A request of HSETEX.
struct Request {
    condition: Option<Existing>,
    lifetime: Lifetime,
    /// Where fields and values begin.
    first: usize,
}

/// Which fields must be there already, for any to be set.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Existing {
    /// `FXX`
    All,
    /// `FNX`
    None,
}

#[derive(Clone, Copy)]
enum Lifetime {
    /// The fields stay.
    Unsaid,
    /// `KEEPTTL`
    Keep,
    /// They leave at this time, Unix milliseconds.
    Until(u64),
}

impl Request {
    fn parse(args: &Args<'_>, now_ms: u64) -> Result<Request, CommandError> {
        let (mut condition, mut lifetime) = (None, Lifetime::Unsaid);
        let mut at = 2;
        while at < args.len() {
            if args.is(at, "FIELDS") {
                let first = pairs_at(args, at)?;
                return Ok(Request {
                    condition,
                    lifetime,
                    first,
                });
            }
            let form = Form::of_option(args, at);
            if form.is_some() || args.is(at, "KEEPTTL") {
                if !matches!(lifetime, Lifetime::Unsaid) {
                    return Err(ONE_TIME);
                }
                lifetime = Lifetime::Keep;
                if let Some(form) = form {
                    at += 1;
                    if at == args.len() {
                        return Err(NO_TIME);
                    }
                    lifetime = Lifetime::Until(form.time(args, at, now_ms, "hsetex")?);
                }
            } else if args.is(at, "FXX") || args.is(at, "FNX") {
                let all = args.is(at, "FXX");
                let old = condition.replace(if all { Existing::All } else { Existing::None });
                if old.is_some() {
                    return Err(ONE_CONDITION);
                }
            } else {
                let before = "ERR unknown argument: ";
                return Err(CommandError::quoting(before, args.at(at), ""));
            }
            at += 1;
        }
        Err(CommandError::SYNTAX)
    }
}

/// Checks `FIELDS numfields` at `at`, behind which there must be just so many fields with values; where these begin.
fn pairs_at(args: &Args<'_>, at: usize) -> Result<usize, CommandError> {
    let arity = || CommandError::wrong_arity("hsetex");
    if at + 3 >= args.len() {
        return Err(arity());
    }
    let count = args.int(at + 1).ok();
    let count = count.and_then(|count| i32::try_from(count).ok());
    let count = count.filter(|&count| count > 0).ok_or(NO_COUNT)?;
    let texts = args.len() - (at + 2);
    if !texts.is_multiple_of(2) || usize::try_from(count) != Ok(texts / 2) {
        return Err(arity());
    }
    Ok(at + 2)
}

/// `HSETEX key [FNX | FXX] [EX seconds | PX milliseconds | EXAT unix-seconds | PXAT unix-milliseconds | KEEPTTL]
/// FIELDS numfields field value [field value ...]`
pub(super) fn hsetex(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let key = args.key(1);
    let request = Request::parse(args, cx.keys.now_ms)?;
    let names = args.from(request.first).step_by(2);
    cx.keys.expire_named(&key, names.clone());
    let meets = match cx.keys.value_mut::<Hash>(&key)? {
        None => request.condition != Some(Existing::All),
        Some(hash) => match request.condition {
            None => true,
            Some(Existing::All) => names.clone().all(|field| hash.contains(field)),
            Some(Existing::None) => !names.clone().any(|field| hash.contains(field)),
        },
    };
    if meets {
        set_fields(cx, args, &key, &request)?;
    }
    cx.reply.int(i64::from(meets));
    DONE
}

fn set_fields(
    cx: &mut Cx<'_>,
    args: &Args<'_>,
    key: &Key<'_>,
    request: &Request,
) -> Result<(), CommandError> {
    let (limits, now_ms, loading) = (cx.keys.limits, cx.keys.now_ms, cx.keys.loading);
    let texts = args.from(request.first);
    let count = texts.len() / 2;
    let mut hash = cx.keys.value_mut_or_insert(key, |_| Hash::new())?;
    hash.expect(count, texts, &limits);
    let mut lifetimes = match request.lifetime {
        Lifetime::Until(when_ms) => {
            hash.become_volatile();
            Some(Lifetimes::new(when_ms, now_ms, loading))
        }
        _ => None,
    };
    let ttl = match request.lifetime {
        Lifetime::Unsaid => Ttl::Clear,
        Lifetime::Keep | Lifetime::Until(_) => Ttl::Keep,
    };
    for at in (request.first..args.len()).step_by(2) {
        let (field, value) = (args.at(at), args.at(at + 1));
        match ttl {
            Ttl::Clear => hash.set(field, value, &limits),
            Ttl::Keep => hash.set_keeping(field, value, &limits),
        };
        if let Some(lifetimes) = &mut lifetimes {
            lifetimes.set(&mut hash, field);
        }
    }
    let (emptied, volatile) = (hash.is_empty(), hash.is_volatile());
    drop(hash);
    if volatile {
        cx.keys.settle_fields(key);
    }
    match &lifetimes {
        Some(lifetimes) if lifetimes.has_passed() => {
            cx.keys.counters.expired_fields += count as u64;
            lifetimes.log(cx.keys, key);
        }
        _ => log_set(cx.keys, args, key, request),
    }
    changed(cx.keys, key, SET, count, false);
    if let Some(lifetimes) = &lifetimes {
        tell_lifetimes(cx.keys, key, lifetimes.has_passed(), emptied);
    }
    Ok(())
}

/// Tells of the lifetimes that HSETEX has given, which are no further changes.
fn tell_lifetimes(keys: &mut Keyspace, key: &Key<'_>, has_passed: bool, emptied: bool) {
    let event = if has_passed { "hdel" } else { "hexpire" };
    keys.notify(EventClass::HASH, event, key);
    if emptied {
        keys.remove(key);
        keys.notify(EventClass::GENERIC, "del", key);
    }
}

/// Logs what HSETEX has set, without its condition, which was met.
fn log_set(keys: &mut Keyspace, args: &Args<'_>, key: &Key<'_>, request: &Request) {
    let (mut time, mut count) = ([0; INTEGER_TEXT_MAX], [0; INTEGER_TEXT_MAX]);
    let texts: Vec<&[u8]> = args.from(request.first).collect();
    let mut words: Vec<&[u8]> = alloc::vec![b"HSETEX", key.bytes];
    match request.lifetime {
        Lifetime::Unsaid => {}
        Lifetime::Keep => words.push(b"KEEPTTL"),
        Lifetime::Until(when_ms) => {
            words.extend([b"PXAT" as &[u8], write_u64(when_ms, &mut time)]);
        }
    }
    let fields: Vec<&[u8]> = texts.iter().copied().step_by(2).collect();
    let mut words = effect(&words, &mut count, &fields);
    // Behind the count stand the pairs.
    words.truncate(words.len() - fields.len());
    words.extend(texts);
    let db = keys.current();
    keys.effects.replace(db, &words);
}
