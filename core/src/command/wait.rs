//! Waiting: what a command does that has nothing to answer yet.
//!
//! Its handler returns [`Ask::Wait`] with a copy of the request and what it waits for. The engine keeps the connection
//! from running anything else until that has come, and then runs the same request again; or until the time is up, or
//! somebody ends the wait (CLIENT UNBLOCK), and then answers itself. A client that may not wait ([`ClientState::deny_blocking`]:
//! a transaction, a script, the loader of the log, a client in process) is never made to: the handler answers what it
//! would when the time is up.
//!
//! [`ClientState::deny_blocking`]: super::ClientState::deny_blocking

use super::{Args, Ask, CommandError, CommandResult, Cx, DONE, Outcome, OwnedRequest};
use crate::bytes::number::Extended;
use crate::value::ValueType;
use core::ops::Range;

const NOT_FLOAT: CommandError = CommandError::new("ERR timeout is not a float or out of range");
const OUT_OF_RANGE: CommandError = CommandError::new("ERR timeout is out of range");
const NEGATIVE: CommandError = CommandError::new("ERR timeout is negative");
const TOO_LONG: CommandError = CommandError::new("ERR the request is too long to wait");

/// What a client asks for that has to wait.
#[derive(Debug)]
pub struct Wait {
    /// The request that will be run again.
    pub request: OwnedRequest,
    /// What it waits for.
    pub on: WaitOn,
    /// How long at most, milliseconds; `None`: for ever.
    pub timeout_ms: Option<u64>,
}

/// What a request waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WaitOn {
    /// One of its keys to hold a value of this type.
    Keys {
        /// Which of its arguments are the keys.
        keys: Range<usize>,
        /// The type.
        holding: ValueType,
    },
    /// Replicas to have what was written. There are none, so only the deadline ends it.
    Replicas {
        /// Whether the answer tells about the own log as well (WAITAOF).
        and_log: bool,
    },
}

/// Asks to wait until one of the keys holds a value of this type; who may not wait is told that none came.
pub fn for_keys(
    cx: &mut Cx<'_>,
    args: &Args<'_>,
    keys: Range<usize>,
    holding: ValueType,
    timeout_ms: Option<u64>,
) -> CommandResult {
    if cx.client.deny_blocking {
        cx.reply.null_array();
        return DONE;
    }
    Outcome::ask(Ask::Wait(Wait {
        request: OwnedRequest::of(args).ok_or(TOO_LONG)?,
        on: WaitOn::Keys { keys, holding },
        timeout_ms,
    }))
}

/// Asks to wait for replicas.
pub fn for_replicas(args: &Args<'_>, and_log: bool, timeout_ms: Option<u64>) -> CommandResult {
    Outcome::ask(Ask::Wait(Wait {
        request: OwnedRequest::of(args).ok_or(TOO_LONG)?,
        on: WaitOn::Replicas { and_log },
        timeout_ms,
    }))
}

/// The argument at `index` as a timeout in seconds, maybe with a fraction: how many milliseconds that are, `None` for 0,
/// which is for ever. `now_ms` is the time, which must be able to go on for so long.
pub fn timeout_ms(args: &Args<'_>, index: usize, now_ms: u64) -> Result<Option<u64>, CommandError> {
    let seconds = Extended::parse(args.at(index)).ok_or(NOT_FLOAT)?;
    let ms = seconds.times_rounded_up(1000).ok_or(OUT_OF_RANGE)?;
    let ms = u64::try_from(ms).map_err(|_| NEGATIVE)?;
    if ms > (i64::MAX as u64).saturating_sub(now_ms) {
        return Err(OUT_OF_RANGE);
    }
    Ok((ms > 0).then_some(ms))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bytes::hash::Hasher;
    use crate::resp::Span;

    fn parse(text: &str) -> Result<Option<u64>, CommandError> {
        let spans = [Span {
            start: 0,
            len: text.len() as u32,
        }];
        let args = Args::new(text.as_bytes(), &spans, Hasher::new(1));
        timeout_ms(&args, 0, 1_700_000_000_000)
    }

    #[test]
    fn timeouts_are_seconds_rounded_up_to_milliseconds() {
        for (text, ms) in [
            ("0", None),
            ("-0", None),
            ("0.0", None),
            ("-0.0001", None),
            // Three bits more would tell that this is a little more than one millisecond.
            ("-0.001", None),
            ("1", Some(1000)),
            ("0.001", Some(1)),
            ("0.0001", Some(1)),
            ("1e-300", Some(1)),
            ("1.0005", Some(1001)),
            ("16.1", Some(16100)),
            ("0x10", Some(16_000)),
            ("1e3", Some(1_000_000)),
            ("9223370336854775", Some(9_223_370_336_854_775_000)),
        ] {
            assert_eq!(parse(text), Ok(ms), "{text}");
        }
    }

    #[test]
    fn what_is_no_timeout_has_redis_errors() {
        for text in ["", "a", "1a", " 1", "nan", "1 "] {
            assert_eq!(parse(text), Err(NOT_FLOAT), "{text}");
        }
        for text in ["-1", "-0.002", "-1e30", "-inf"] {
            assert_eq!(parse(text), Err(NEGATIVE), "{text}");
        }
        for text in [
            "inf",
            "1e30",
            "9223372036854775807",
            "9223372036854775",
            "1e4000",
        ] {
            assert_eq!(parse(text), Err(OUT_OF_RANGE), "{text}");
        }
    }
}
