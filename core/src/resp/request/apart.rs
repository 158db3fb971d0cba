//! Long arguments that are received apart from their request, in buffers of their own.
//!
//! ```text
//! buffer   *3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1000000\r\n | \r\n
//!                                                   start: a million bytes that the buffer never sees
//! ```
//!
//! [`RequestParser::set_apart`] finds the argument that an unfinished request waits for. Once the caller has its bytes,
//! [`RequestParser::have_apart`] puts a [`Span`] that names it in its place, and parsing goes on behind it.

use super::{RequestParser, Span, length_line};
use crate::bytes::shared::LONG_BYTES;

/// Spans from this offset on name arguments apart, by their number: no buffer is that long, and no request has so many.
const APART_FROM: u32 = u32::MAX - (1 << 20);

impl Span {
    /// The argument apart with this number.
    pub fn of_apart(number: usize, len: usize) -> Option<Span> {
        let start = u32::try_from(number).ok()?.checked_add(APART_FROM)?;
        let len = u32::try_from(len).ok()?;
        Some(Span { start, len })
    }

    /// The number of an argument apart; `None`: the argument is part of the buffer.
    pub fn apart(&self) -> Option<usize> {
        self.start
            .checked_sub(APART_FROM)
            .map(|number| number as usize)
    }

    /// Whether an offset is one into a buffer.
    pub(super) fn is_offset(start: u32) -> bool {
        start < APART_FROM
    }
}

impl RequestParser {
    /// Where the argument begins that the unfinished request in `buffer` waits for, and its length, both in bytes, if that
    /// is at least [`LONG_BYTES`]. To be asked after [`RequestParser::parse`] has found the request incomplete.
    pub fn set_apart(&self, buffer: &[u8]) -> Option<(usize, usize)> {
        if self.at == 0 || self.missing == 0 || buffer.get(self.at) != Some(&b'$') {
            return None;
        }
        let (len, start) = length_line(buffer, self.at + 1)?;
        let len = usize::try_from(len?).ok();
        len.filter(|&len| len >= LONG_BYTES).map(|len| (start, len))
    }

    /// The argument that [`RequestParser::set_apart`] found at `start` is there, and named by `span`. The buffer holds
    /// none of its bytes; the line end that follows it belongs at `start`.
    pub fn have_apart(&mut self, start: usize, span: Span) {
        self.spans.push(span);
        self.at = start + 2;
        self.missing = self.missing.saturating_sub(1);
    }

    /// Has a complete request of `len` bytes given out once more: its arguments are not all in the buffer.
    pub fn give_again(&mut self, spans: &[Span], len: usize) {
        *self = RequestParser {
            at: len,
            missing: 0,
            spans: spans.to_vec(),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Limits, Progress};
    use super::*;
    use alloc::vec::Vec;

    const LIMITS: Limits = Limits {
        max_bulk_bytes: 1 << 29,
        unauthenticated: false,
    };

    /// Every place at which a request may be cut, with the long argument found as soon as its length is known.
    #[test]
    fn a_long_argument_is_named_however_the_rest_arrives() {
        let head = b"*4\r\n$4\r\nMSET\r\n$1\r\nk\r\n$100000\r\n".to_vec();
        let tail = b"\r\n$5\r\nvalue\r\n*1\r\n$4\r\nPING\r\n".to_vec();
        for seen in 0..=tail.len() {
            let mut parser = RequestParser::default();
            let mut spans = Vec::new();
            for len in 1..head.len() {
                let parsed = parser.parse(&mut head[..len].to_vec(), &LIMITS, &mut spans);
                assert!(matches!(parsed, Ok(Progress::Incomplete { .. })));
                assert_eq!(parser.set_apart(&head[..len]), None);
            }
            let mut body = [&head[..], b"some of it"].concat();
            let parsed = parser.parse(&mut body, &LIMITS, &mut spans);
            assert!(matches!(parsed, Ok(Progress::Incomplete { .. })));
            let found = parser.set_apart(&body);
            assert_eq!(found, Some((head.len(), 100_000)));
            parser.have_apart(head.len(), Span::of_apart(0, 100_000).unwrap());
            let mut buffer = [&head[..], &tail[..seen]].concat();
            let outcome = parser.parse(&mut buffer, &LIMITS, &mut spans);
            let request = Progress::Request {
                len: head.len() + 13,
                arguments: 4,
            };
            if seen < 13 {
                assert!(matches!(outcome, Ok(Progress::Incomplete { .. })), "{seen}");
                buffer = [&head[..], &tail[..]].concat();
                let outcome = parser.parse(&mut buffer, &LIMITS, &mut spans);
                assert_eq!(outcome, Ok(request));
            } else {
                assert_eq!(outcome, Ok(request));
            }
            let apart: Vec<_> = spans.iter().map(Span::apart).collect();
            assert_eq!(apart, [None, None, Some(0), None]);
            parser.give_again(&spans, head.len() + 13);
            let mut again = Vec::new();
            assert_eq!(parser.parse(&mut buffer, &LIMITS, &mut again), Ok(request));
            assert_eq!(again, spans);
            assert!(!parser.is_resuming());
        }
    }

    #[test]
    fn only_the_last_line_end_may_be_missing() {
        let mut parser = RequestParser::default();
        let mut buffer = b"*2\r\n$3\r\nGET\r\n$50000\r\n".to_vec();
        let mut spans = Vec::new();
        let parsed = parser.parse(&mut buffer, &LIMITS, &mut spans);
        assert!(matches!(parsed, Ok(Progress::Incomplete { .. })));
        let (start, len) = parser.set_apart(&buffer).unwrap();
        parser.have_apart(start, Span::of_apart(0, len).unwrap());
        for end in [&b""[..], b"\r", b"\n"] {
            let outcome = parser.parse(&mut buffer, &LIMITS, &mut spans);
            let at_least = start + 2;
            assert_eq!(outcome, Ok(Progress::Incomplete { at_least }));
            buffer.extend(end);
            buffer.extend(if end.is_empty() { &b"\r"[..] } else { b"" });
            buffer.truncate(start + 1);
        }
        buffer.push(b'\n');
        let outcome = parser.parse(&mut buffer, &LIMITS, &mut spans);
        let len = buffer.len();
        assert_eq!(outcome, Ok(Progress::Request { len, arguments: 2 }));
    }
}
