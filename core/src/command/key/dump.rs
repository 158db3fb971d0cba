//! DUMP and RESTORE: a value as bytes that other servers understand.

use crate::bytes::number::{INTEGER_TEXT_MAX, write_i64};
use crate::codec::rdb::{Rooms, Usage, dump as payload};
use crate::command::{Args, CommandError, CommandResult, Cx, DONE};
use crate::keyspace::{Entry, EventClass};
use alloc::vec::Vec;

const BUSY_KEY: CommandError = CommandError::new("BUSYKEY Target key name already exists.");
const BAD_TTL: CommandError = CommandError::new("ERR Invalid TTL value, must be >= 0");
const BAD_IDLE_TIME: CommandError = CommandError::new("ERR Invalid IDLETIME value, must be >= 0");
const BAD_FREQUENCY: CommandError =
    CommandError::new("ERR Invalid FREQ value, must be >= 0 and <= 255");
const BAD_FOOTER: CommandError =
    CommandError::new("ERR DUMP payload version or checksum are wrong");
const BAD_FORMAT: CommandError = CommandError::new("ERR Bad data format");

/// `DUMP key`
pub(super) fn dump(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let compress = cx.settings.rdbcompression;
    let Some(entry) = cx.keys.read(&args.key(1)) else {
        cx.reply.null();
        return DONE;
    };
    let mut bytes = Vec::new();
    entry.with_view(|value| payload::push(&mut bytes, value, compress));
    cx.reply.bulk(&bytes);
    DONE
}

/// RESTORE's options.
#[derive(Default)]
struct Options {
    replace: bool,
    absolute: bool,
    usage: Option<Usage>,
}

impl Options {
    fn parse(args: &Args<'_>) -> Result<Options, CommandError> {
        let mut options = Options::default();
        let mut at = 4;
        while at < args.len() {
            let has_more = at + 1 < args.len();
            let usage = &mut options.usage;
            if args.is(at, "REPLACE") {
                options.replace = true;
            } else if args.is(at, "ABSTTL") {
                options.absolute = true;
            } else if args.is(at, "IDLETIME")
                && has_more
                && !matches!(usage, Some(Usage::Frequency(_)))
            {
                at += 1;
                let seconds = u64::try_from(args.int(at)?).map_err(|_| BAD_IDLE_TIME)?;
                *usage = Some(Usage::IdleSeconds(seconds));
            } else if args.is(at, "FREQ")
                && has_more
                && !matches!(usage, Some(Usage::IdleSeconds(_)))
            {
                at += 1;
                let counter = u8::try_from(args.int(at)?).map_err(|_| BAD_FREQUENCY)?;
                *usage = Some(Usage::Frequency(counter));
            } else {
                return Err(CommandError::SYNTAX);
            }
            at += 1;
        }
        Ok(options)
    }
}

/// `RESTORE key ttl payload [REPLACE] [ABSTTL] [IDLETIME seconds] [FREQ counter]`
pub(super) fn restore(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let options = Options::parse(args)?;
    let key = args.key(1);
    if !options.replace && cx.keys.exists(&key) {
        return Err(BUSY_KEY);
    }
    let ttl = u64::try_from(args.int(2)?).map_err(|_| BAD_TTL)?;
    let mut rooms = Rooms::default();
    let value =
        payload::read(args.at(3), &mut rooms, &cx.keys.limits).map_err(|bad| match bad {
            payload::BadPayload::Footer => BAD_FOOTER,
            payload::BadPayload::Format => BAD_FORMAT,
        })?;
    let when_ms = match ttl {
        0 => None,
        _ if options.absolute => Some(ttl),
        _ => Some(ttl.saturating_add(cx.keys.now_ms)),
    };
    let Some(entry) = Entry::with_loaded(key.bytes, value, when_ms) else {
        return Err(BAD_FORMAT);
    };
    let removed = options.replace && cx.keys.remove(&key);
    cx.reply.ok();
    let db = cx.keys.current();
    if when_ms.is_some_and(|when_ms| when_ms <= cx.keys.now_ms) && !cx.keys.loading {
        cx.keys.discard(entry);
        if removed {
            cx.keys.modified(EventClass::GENERIC, "del", &key);
            cx.keys.effects.replace(db, &[b"DEL", key.bytes]);
        }
        return DONE;
    }
    cx.keys.insert_used(&key, entry, options.usage);
    cx.keys.modified(EventClass::GENERIC, "restore", &key);
    if let Some(when_ms) = when_ms.filter(|_| !options.absolute) {
        let mut digits = [0; INTEGER_TEXT_MAX];
        let when = write_i64(when_ms.cast_signed(), &mut digits);
        let logged: Vec<&[u8]> = [&b"RESTORE"[..], key.bytes, when, args.at(3)]
            .into_iter()
            .chain(args.from(4))
            .chain([&b"ABSTTL"[..]])
            .collect();
        cx.keys.effects.replace(db, &logged);
    }
    DONE
}
