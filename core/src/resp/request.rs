//! The request parser: RESP arrays of bulk strings, and inline commands.
//!
//! It reads from the connection's buffer in place; an argument is a [`Span`] of that buffer, so nothing is
//! copied. A request that is not complete yet is parsed again from its start while it is short, and from where
//! the parser stopped once it has grown past `RESUME_BYTES`, so that the work stays linear however the
//! bytes arrive.
//!
//! ```text
//! *2\r\n$4\r\nLLEN\r\n$6\r\nmylist\r\n        an array of bulk strings
//! LLEN mylist\r\n                            inline, words split as a shell would
//! ```

mod apart;

use crate::bytes::shared::LONG_BYTES;
use alloc::vec::Vec;

/// One argument: part of the connection's buffer, or a long one apart ([`Span::apart`]).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// Offset of the first byte, counted from the start of the request.
    pub start: u32,
    /// Length in bytes.
    pub len: u32,
}

impl Span {
    /// The argument's place in the bytes that its request starts.
    #[inline(always)]
    pub fn range(self) -> core::ops::Range<usize> {
        self.start as usize..self.start as usize + self.len as usize
    }
}

/// How a request begins, up to the end of its command's name: `*2\r\n$3\r\nGET\r\n`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Beginning {
    /// Its bytes as a little-endian word, and which bits of the word they are; none: nothing is known.
    bytes: u128,
    mask: u128,
    len: usize,
    arguments: usize,
    name: Span,
}

impl Beginning {
    /// That of a whole request in `buffer` with so many arguments, of which `name` is the first; nothing where it is longer
    /// than sixteen bytes or the request has ten arguments or more.
    #[inline]
    pub fn of(buffer: &[u8], name: Span, arguments: usize) -> Beginning {
        let len = name.start as usize + name.len as usize + 2;
        match buffer.first_chunk::<16>() {
            Some(first) if first[0] == b'*' && first[2] == b'\r' && len <= 16 => Beginning {
                bytes: u128::from_le_bytes(*first),
                mask: u128::MAX >> (128 - 8 * len),
                len,
                arguments,
                name,
            },
            _ => Beginning::default(),
        }
    }
}

/// Redis's bounds on a request.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// `proto-max-bulk-len`, bytes.
    pub max_bulk_bytes: u64,
    /// Whether the client still has to authenticate; then requests must be small.
    pub unauthenticated: bool,
}

const MAX_ARGUMENTS: i64 = 1_048_576;
const MAX_INLINE_BYTES: usize = 64 * 1024;
const MAX_UNAUTHENTICATED_ARGUMENTS: i64 = 10;
const MAX_UNAUTHENTICATED_BULK_BYTES: i64 = 16_384;

/// Progress past which an unfinished request keeps its parsed arguments instead of being parsed again.
const RESUME_BYTES: usize = 1024;

/// What the parser made of the buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// A request of `arguments` spans, ending `len` bytes after its start. No argument: skip it.
    Request {
        /// Bytes of the request.
        len: usize,
        /// How many spans were pushed.
        arguments: usize,
    },
    /// More bytes are needed; the request will be at least `at_least` bytes long.
    Incomplete {
        /// A lower bound of the request's length in bytes, from its start.
        at_least: usize,
    },
}

/// A request that is no RESP. The connection gets the text as an error and is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProtocolError {
    /// An inline command of more than 64 KB, or the line of an array header that never ends.
    TooBigInline,
    /// The line after `*` never ends.
    TooBigCountLine,
    /// The number after `*` is none, or is out of range.
    InvalidArrayLength,
    /// The number after `*` is above what an unauthenticated client may send.
    UnauthenticatedArrayLength,
    /// The line after `$` never ends.
    TooBigBulkLine,
    /// A bulk string was due, something else came.
    ExpectedDollar(u8),
    /// The number after `$` is none, or is out of range.
    InvalidBulkLength,
    /// The number after `$` is above what an unauthenticated client may send.
    UnauthenticatedBulkLength,
    /// An inline command with a quote that is not closed.
    UnbalancedQuotes,
}

impl core::fmt::Display for ProtocolError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Protocol error: ")?;
        match *self {
            ProtocolError::TooBigInline => f.write_str("too big inline request"),
            ProtocolError::TooBigCountLine => f.write_str("too big mbulk count string"),
            ProtocolError::InvalidArrayLength => f.write_str("invalid multibulk length"),
            ProtocolError::UnauthenticatedArrayLength => {
                f.write_str("unauthenticated multibulk length")
            }
            ProtocolError::TooBigBulkLine => f.write_str("too big bulk count string"),
            // A control character would end the error line early.
            ProtocolError::ExpectedDollar(byte) if byte < b' ' => {
                f.write_str("expected '$', got ' '")
            }
            ProtocolError::ExpectedDollar(byte) => {
                write!(f, "expected '$', got '{}'", char::from(byte))
            }
            ProtocolError::InvalidBulkLength => f.write_str("invalid bulk length"),
            ProtocolError::UnauthenticatedBulkLength => f.write_str("unauthenticated bulk length"),
            ProtocolError::UnbalancedQuotes => f.write_str("unbalanced quotes in request"),
        }
    }
}

/// What an unfinished long request has come to; empty between requests.
#[derive(Debug, Default)]
pub struct RequestParser {
    /// Where to go on, from the start of the request; 0: from the start.
    at: usize,
    /// Arguments still to come.
    missing: usize,
    spans: Vec<Span>,
}

impl RequestParser {
    /// Parses the request that starts at `buffer[0]`, pushing its arguments to `spans` (nothing is pushed
    /// unless the request is complete). An inline command is unquoted in place, hence the mutable buffer.
    pub fn parse(
        &mut self,
        buffer: &mut [u8],
        limits: &Limits,
        spans: &mut Vec<Span>,
    ) -> Result<Progress, ProtocolError> {
        match buffer.first() {
            None => Ok(Progress::Incomplete { at_least: 1 }),
            Some(b'*') => self.parse_array(buffer, limits, spans),
            Some(_) => parse_inline(buffer, spans),
        }
    }

    /// What [`RequestParser::parse`] makes of a whole request of one to nine arguments of at most 99 bytes each, as nearly
    /// every request is one; nothing of it can be over a limit. `None`, and nothing pushed: it is longer, unfinished or
    /// wrong, and `parse` has a closer look.
    #[inline(always)]
    pub fn parse_short(&self, buffer: &[u8], spans: &mut Vec<Span>) -> Option<Progress> {
        if self.at != 0 {
            return None;
        }
        let [b'*', count @ b'1'..=b'9', b'\r', b'\n', ..] = *buffer else {
            return None;
        };
        let arguments = usize::from(count - b'0');
        let (base, mut at) = (spans.len(), 4);
        for _ in 0..arguments {
            let Some((span, next)) = short_bulk(buffer, at) else {
                spans.truncate(base);
                return None;
            };
            spans.push(span);
            at = next;
        }
        Some(Progress::Request { len: at, arguments })
    }

    /// What [`RequestParser::parse_short`] makes of a request that begins like the one before it, as most of a pipeline do:
    /// then what is known of that one's beginning need not be found out again. `None` as there, or when it begins otherwise.
    #[inline(always)]
    pub fn parse_alike(
        &self,
        beginning: &Beginning,
        buffer: &[u8],
        spans: &mut Vec<Span>,
    ) -> Option<Progress> {
        let first = u128::from_le_bytes(*buffer.first_chunk()?);
        if (first ^ beginning.bytes) & beginning.mask != 0 || beginning.mask == 0 || self.at != 0 {
            return None;
        }
        let (base, mut at) = (spans.len(), beginning.len);
        spans.push(beginning.name);
        for _ in 1..beginning.arguments {
            let Some((span, next)) = short_bulk(buffer, at) else {
                spans.truncate(base);
                return None;
            };
            spans.push(span);
            at = next;
        }
        Some(Progress::Request {
            len: at,
            arguments: beginning.arguments,
        })
    }

    /// Whether parsed arguments of an unfinished request are held.
    pub fn is_resuming(&self) -> bool {
        self.at != 0
    }

    fn parse_array(
        &mut self,
        buffer: &[u8],
        limits: &Limits,
        spans: &mut Vec<Span>,
    ) -> Result<Progress, ProtocolError> {
        let base = spans.len();
        let (mut at, mut missing) = if self.at == 0 {
            match array_header(buffer, limits)? {
                Some(header) => header,
                None => {
                    return Ok(Progress::Incomplete {
                        at_least: buffer.len() + 1,
                    });
                }
            }
        } else {
            (self.at, self.missing)
        };
        while missing > 0 {
            if let Some((span, next)) = short_bulk(buffer, at) {
                spans.push(span);
                at = next;
                missing -= 1;
                continue;
            }
            match bulk(buffer, at, limits) {
                Ok(Bulk::Complete { span, next }) => {
                    spans.push(span);
                    at = next;
                    missing -= 1;
                }
                Ok(Bulk::Incomplete { at_least }) => {
                    self.keep(at, missing, at_least, base, spans);
                    return Ok(Progress::Incomplete { at_least });
                }
                Err(error) => {
                    spans.truncate(base);
                    return Err(error);
                }
            }
        }
        if self.at != 0 {
            return Ok(self.resumed(at, buffer.len(), base, spans));
        }
        Ok(Progress::Request {
            len: at,
            arguments: spans.len() - base,
        })
    }

    /// A request that was resumed has come to its end at `at`: puts the arguments from before in front.
    #[cold]
    fn resumed(&mut self, at: usize, len: usize, base: usize, spans: &mut Vec<Span>) -> Progress {
        if at > len {
            // The line end after an argument apart is still to come.
            spans.truncate(base);
            return Progress::Incomplete { at_least: at };
        }
        let arguments = spans.len() - base;
        spans.extend_from_slice(&self.spans);
        spans[base..].rotate_left(arguments);
        *self = RequestParser::default();
        Progress::Request {
            len: at,
            arguments: spans.len() - base,
        }
    }

    /// Keeps what is parsed of an unfinished request when parsing it again would cost too much, or when the argument at
    /// `at` is long and may be received apart.
    #[cold]
    fn keep(
        &mut self,
        at: usize,
        missing: usize,
        at_least: usize,
        base: usize,
        spans: &mut Vec<Span>,
    ) {
        if at > RESUME_BYTES || at_least - at > LONG_BYTES {
            self.spans.extend_from_slice(&spans[base..]);
            self.at = at;
            self.missing = missing;
        }
        spans.truncate(base);
    }
}

/// Offsets up to here fit a [`Span`] for sure.
const MAX_SHORT_OFFSET: usize = 1 << 31;

/// `*<count>\r\n`: where the first argument begins, and how many there are.
fn array_header(buffer: &[u8], limits: &Limits) -> Result<Option<(usize, usize)>, ProtocolError> {
    if let [b'*', count @ b'1'..=b'9', b'\r', b'\n', ..] = *buffer {
        return Ok(Some((4, usize::from(count - b'0'))));
    }
    let Some((count, at)) = length_line(buffer, 1) else {
        if buffer.len() > MAX_INLINE_BYTES {
            return Err(ProtocolError::TooBigCountLine);
        }
        return Ok(None);
    };
    match count {
        Some(count) if count > MAX_ARGUMENTS => Err(ProtocolError::InvalidArrayLength),
        Some(count) if count > MAX_UNAUTHENTICATED_ARGUMENTS && limits.unauthenticated => {
            Err(ProtocolError::UnauthenticatedArrayLength)
        }
        Some(count) => Ok(Some((at, count.max(0) as usize))),
        None => Err(ProtocolError::InvalidArrayLength),
    }
}

enum Bulk {
    Complete { span: Span, next: usize },
    Incomplete { at_least: usize },
}

/// `$?\r\n` and `$??\r\n` as little-endian words, the digits left out.
const ONE_DIGIT: u32 = 0x0a0d_0024;
const TWO_DIGITS: u64 = 0x0a_0d00_0024;

/// A whole bulk string of at most 99 bytes at `at`, as nearly every argument is one: its length is within every limit, so
/// one look at eight bytes is enough. `None`: it is longer, unfinished, wrong or at the buffer's end, and [`bulk`] has a
/// closer look.
#[inline(always)]
fn short_bulk(buffer: &[u8], at: usize) -> Option<(Span, usize)> {
    let head: &[u8; 8] = buffer.get(at..)?.first_chunk()?;
    let word = u64::from_le_bytes(*head);
    let first = ((word >> 8) as u8).wrapping_sub(b'0');
    let (start, len) = if word as u32 & 0xffff_00ff == ONE_DIGIT && first < 10 {
        (at + 4, u32::from(first))
    } else {
        let second = ((word >> 16) as u8).wrapping_sub(b'0');
        let is_number = first.wrapping_sub(1) < 9 && second < 10;
        if word & 0xff_ff00_00ff != TWO_DIGITS || !is_number {
            return None;
        }
        (at + 5, u32::from(first) * 10 + u32::from(second))
    };
    let next = start + len as usize + 2;
    if next > buffer.len() || start > MAX_SHORT_OFFSET {
        return None;
    }
    let start = start as u32;
    Some((Span { start, len }, next))
}

/// `$<length>\r\n<bytes>\r\n` at `at`.
fn bulk(buffer: &[u8], at: usize, limits: &Limits) -> Result<Bulk, ProtocolError> {
    let Some(&first) = buffer.get(at) else {
        return Ok(Bulk::Incomplete { at_least: at + 1 });
    };
    if first != b'$' {
        return Err(ProtocolError::ExpectedDollar(first));
    }
    let Some((len, start)) = length_line(buffer, at + 1) else {
        if buffer.len() - at > MAX_INLINE_BYTES {
            return Err(ProtocolError::TooBigBulkLine);
        }
        return Ok(Bulk::Incomplete {
            at_least: buffer.len() + 1,
        });
    };
    let len = len
        .filter(|&len| len >= 0)
        .ok_or(ProtocolError::InvalidBulkLength)?;
    if len as u64 > limits.max_bulk_bytes {
        return Err(ProtocolError::InvalidBulkLength);
    }
    if limits.unauthenticated && len > MAX_UNAUTHENTICATED_BULK_BYTES {
        return Err(ProtocolError::UnauthenticatedBulkLength);
    }
    let next = start + len as usize + 2;
    if next > buffer.len() {
        return Ok(Bulk::Incomplete { at_least: next });
    }
    // As Redis, the two bytes after the string are skipped without a look.
    let span = Span {
        start: u32::try_from(start)
            .ok()
            .filter(|&start| Span::is_offset(start))
            .ok_or(ProtocolError::InvalidBulkLength)?,
        len: u32::try_from(len).map_err(|_| ProtocolError::InvalidBulkLength)?,
    };
    Ok(Bulk::Complete { span, next })
}

/// A decimal number up to `\r\n`: the number (`None` when it is none) and the offset after the line.
/// `None` when the line is not complete.
#[inline]
fn length_line(buffer: &[u8], at: usize) -> Option<(Option<i64>, usize)> {
    let mut value: i64 = 0;
    let mut i = at;
    // Nearly every length has one to three digits: no call, no second pass.
    while let Some(&byte) = buffer.get(i) {
        if byte.is_ascii_digit() && i - at < 18 {
            value = value * 10 + i64::from(byte - b'0');
            i += 1;
        } else if byte == b'\r' && i > at && (buffer[at] != b'0' || i == at + 1) {
            return (i + 1 < buffer.len()).then_some((Some(value), i + 2));
        } else {
            return odd_length_line(buffer, at);
        }
    }
    None
}

#[cold]
fn odd_length_line(buffer: &[u8], at: usize) -> Option<(Option<i64>, usize)> {
    let len = buffer[at..].iter().position(|&byte| byte == b'\r')?;
    let end = at + len;
    (end + 1 < buffer.len()).then(|| (crate::bytes::number::parse_i64(&buffer[at..end]), end + 2))
}

fn parse_inline(buffer: &mut [u8], spans: &mut Vec<Span>) -> Result<Progress, ProtocolError> {
    let Some(newline) = buffer
        .iter()
        .take(MAX_INLINE_BYTES + 1)
        .position(|&byte| byte == b'\n')
    else {
        if buffer.len() > MAX_INLINE_BYTES {
            return Err(ProtocolError::TooBigInline);
        }
        return Ok(Progress::Incomplete {
            at_least: buffer.len() + 1,
        });
    };
    let line = if newline > 0 && buffer[newline - 1] == b'\r' {
        newline - 1
    } else {
        newline
    };
    let base = spans.len();
    if split_words(&mut buffer[..line], spans).is_err() {
        spans.truncate(base);
        return Err(ProtocolError::UnbalancedQuotes);
    }
    Ok(Progress::Request {
        len: newline + 1,
        arguments: spans.len() - base,
    })
}

/// A quote that is not closed, or is followed by something other than a space.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnbalancedQuotes;

/// Splits a line into words as Redis does, unquoting them in place (a word never grows):
/// `"..."` with `\n \r \t \b \a \xHH` and `\` before any other byte, `'...'` with `\'`.
pub fn split_words(line: &mut [u8], spans: &mut Vec<Span>) -> Result<(), UnbalancedQuotes> {
    let mut at = 0;
    loop {
        while at < line.len() && is_space(line[at]) {
            at += 1;
        }
        if at == line.len() {
            return Ok(());
        }
        let (span, next) = word(line, at)?;
        spans.push(span);
        at = next;
    }
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c)
}

/// Vertical tabs and form feeds stand before words, but do not end them.
fn ends_word(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0)
}

fn word(line: &mut [u8], start: usize) -> Result<(Span, usize), UnbalancedQuotes> {
    let (mut from, mut to) = (start, start);
    while from < line.len() && !ends_word(line[from]) {
        match line[from] {
            quote @ (b'"' | b'\'') => {
                (from, to) = quoted(line, from + 1, to, quote)?;
                // As Redis: a closing quote ends the word, and a space must follow it.
                if from < line.len() && !is_space(line[from]) {
                    return Err(UnbalancedQuotes);
                }
                break;
            }
            byte => {
                line[to] = byte;
                from += 1;
                to += 1;
            }
        }
    }
    if from < line.len() && line[from] == 0 {
        from = line.len();
    }
    Ok((
        Span {
            start: start as u32,
            len: (to - start) as u32,
        },
        from,
    ))
}

/// Unquotes from `from` to `to`; returns both positions after the closing quote.
fn quoted(
    line: &mut [u8],
    mut from: usize,
    mut to: usize,
    quote: u8,
) -> Result<(usize, usize), UnbalancedQuotes> {
    loop {
        let byte = *line.get(from).ok_or(UnbalancedQuotes)?;
        if byte == quote {
            return Ok((from + 1, to));
        }
        let (unquoted, used) = match (byte, line.get(from + 1)) {
            (b'\\', Some(&next)) if quote == b'"' => escape(line, from, next),
            (b'\\', Some(b'\'')) => (b'\'', 2),
            _ => (byte, 1),
        };
        line[to] = unquoted;
        from += used;
        to += 1;
    }
}

/// The byte that an escape in double quotes stands for, and how many bytes it takes.
fn escape(line: &[u8], from: usize, next: u8) -> (u8, usize) {
    if next == b'x'
        && let (Some(high), Some(low)) = (hex(line, from + 2), hex(line, from + 3))
    {
        return (high << 4 | low, 4);
    }
    let byte = match next {
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'b' => 0x08,
        b'a' => 0x07,
        other => other,
    };
    (byte, 2)
}

fn hex(line: &[u8], at: usize) -> Option<u8> {
    char::from(*line.get(at)?)
        .to_digit(16)
        .map(|digit| digit as u8)
}

#[cfg(test)]
mod tests;
