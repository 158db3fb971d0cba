//! The options of SET, MSETEX and GETEX: `NX`, `XX`, `IFEQ`, `IFNE`, `GET`, `KEEPTTL`, `PERSIST`, and the times `EX`,
//! `PX`, `EXAT`, `PXAT`.
//!
//! As in Redis, an option may be repeated (of times, the last one counts), but not be joined by one that contradicts
//! it. `IFEQ` and `IFNE` stand once, and with no other condition.

use crate::bytes::number::parse_i64;
use crate::command::{Args, CommandError};
use alloc::format;

/// Under which condition SET sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Condition<'a> {
    /// Under none.
    Always,
    /// `NX`: the key is not there.
    Absent,
    /// `XX`: the key is there.
    Present,
    /// `IFEQ`: the key is there and holds this string.
    Equal(&'a [u8]),
    /// `IFNE`: the key is not there, or holds another string.
    Unequal(&'a [u8]),
}

/// A time as `EX`, `PX`, `EXAT` or `PXAT` gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Deadline<'a> {
    /// The number, not yet read: whether its error or another comes first depends on the command.
    pub(super) text: &'a [u8],
    /// Which option it follows.
    pub(super) form: Form,
}

/// How the number of a time is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// `EX`: seconds from now.
    Seconds,
    /// `PX`: milliseconds from now.
    Milliseconds,
    /// `EXAT`: Unix seconds.
    UnixSeconds,
    /// `PXAT`: Unix milliseconds.
    UnixMilliseconds,
}

impl Form {
    /// Whether the time is counted from 1970, not from now.
    pub(super) fn is_absolute(self) -> bool {
        matches!(self, Form::UnixSeconds | Form::UnixMilliseconds)
    }
}

impl Deadline<'_> {
    /// The time in Unix milliseconds; always after 1970, but it may have passed.
    pub(super) fn unix_ms(self, now_ms: u64, command: &str) -> Result<u64, CommandError> {
        let number = parse_i64(self.text).ok_or(CommandError::NOT_INTEGER)?;
        self.checked_unix_ms(number, now_ms).ok_or_else(|| {
            CommandError::with(format!("ERR invalid expire time in '{command}' command"))
        })
    }

    fn checked_unix_ms(self, number: i64, now_ms: u64) -> Option<u64> {
        let milliseconds = match self.form {
            Form::Seconds | Form::UnixSeconds => number.checked_mul(1000)?,
            Form::Milliseconds | Form::UnixMilliseconds => number,
        };
        if milliseconds <= 0 {
            return None;
        }
        let start = if self.form.is_absolute() { 0 } else { now_ms };
        milliseconds
            .checked_add_unsigned(start)
            .map(i64::unsigned_abs)
    }
}

/// What is said about the key's expiry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lifetime<'a> {
    /// Nothing.
    Unsaid,
    /// `KEEPTTL`: it stays as it is.
    Keep,
    /// `PERSIST`: it ends.
    Persist,
    /// The key expires then.
    Until(Deadline<'a>),
}

/// The options of one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Options<'a> {
    pub(super) condition: Condition<'a>,
    /// `GET`: reply the value that was there.
    pub(super) get: bool,
    pub(super) lifetime: Lifetime<'a>,
}

impl<'a> Options<'a> {
    /// No option.
    pub(super) const NONE: Options<'static> = Options {
        condition: Condition::Always,
        get: false,
        lifetime: Lifetime::Unsaid,
    };

    /// The options of SET, from index 3 on.
    pub(super) fn of_set(args: &Args<'a>) -> Result<Self, CommandError> {
        let mut options = Options::NONE;
        let mut at = 3;
        while at < args.len() {
            match folded(args.at(at), &mut [0; LONGEST]) {
                b"get" => options.get = true,
                word @ (b"ifeq" | b"ifne") => {
                    options.take_comparison(word, args.get(at + 1))?;
                    at += 1;
                }
                word => at += options.take_common(word, args.get(at + 1))?,
            }
            at += 1;
        }
        Ok(options)
    }

    /// The options of MSETEX, from index `at` on.
    pub(super) fn of_msetex(args: &Args<'a>, mut at: usize) -> Result<Self, CommandError> {
        let mut options = Options::NONE;
        while at < args.len() {
            let mut buffer = [0; LONGEST];
            let word = folded(args.at(at), &mut buffer);
            at += 1 + options.take_common(word, args.get(at + 1))?;
        }
        Ok(options)
    }

    /// The options of GETEX, from index 2 on.
    pub(super) fn of_getex(args: &Args<'a>) -> Result<Self, CommandError> {
        let mut options = Options::NONE;
        let mut at = 2;
        while at < args.len() {
            match folded(args.at(at), &mut [0; LONGEST]) {
                b"persist" if !matches!(options.lifetime, Lifetime::Until(_)) => {
                    options.lifetime = Lifetime::Persist;
                }
                word => {
                    options.take_deadline(word, args.get(at + 1))?;
                    at += 1;
                }
            }
            at += 1;
        }
        Ok(options)
    }

    /// Takes an option that SET and MSETEX share; how many arguments it has.
    fn take_common(&mut self, word: &[u8], next: Option<&'a [u8]>) -> Result<usize, CommandError> {
        match (word, self.condition) {
            (b"nx", Condition::Always | Condition::Absent) => self.condition = Condition::Absent,
            (b"xx", Condition::Always | Condition::Present) => self.condition = Condition::Present,
            (b"keepttl", _) if !matches!(self.lifetime, Lifetime::Until(_)) => {
                self.lifetime = Lifetime::Keep;
            }
            _ => {
                self.take_deadline(word, next)?;
                return Ok(1);
            }
        }
        Ok(0)
    }

    fn take_comparison(&mut self, word: &[u8], text: Option<&'a [u8]>) -> Result<(), CommandError> {
        let text = text.filter(|_| self.condition == Condition::Always);
        let text = text.ok_or(CommandError::SYNTAX)?;
        self.condition = match word {
            b"ifeq" => Condition::Equal(text),
            _ => Condition::Unequal(text),
        };
        Ok(())
    }

    fn take_deadline(&mut self, word: &[u8], text: Option<&'a [u8]>) -> Result<(), CommandError> {
        let form = match word {
            b"ex" => Form::Seconds,
            b"px" => Form::Milliseconds,
            b"exat" => Form::UnixSeconds,
            b"pxat" => Form::UnixMilliseconds,
            _ => return Err(CommandError::SYNTAX),
        };
        let agrees = match self.lifetime {
            Lifetime::Unsaid => true,
            Lifetime::Until(before) => before.form == form,
            Lifetime::Keep | Lifetime::Persist => false,
        };
        match text {
            Some(text) if agrees => {
                self.lifetime = Lifetime::Until(Deadline { text, form });
                Ok(())
            }
            _ => Err(CommandError::SYNTAX),
        }
    }
}

/// Bytes of the longest option.
const LONGEST: usize = "keepttl".len();

/// A word in lower case; empty when it is longer than any option.
fn folded<'b>(word: &[u8], buffer: &'b mut [u8; LONGEST]) -> &'b [u8] {
    let Some(room) = buffer.get_mut(..word.len()) else {
        return &[];
    };
    room.copy_from_slice(word);
    room.make_ascii_lowercase();
    room
}
