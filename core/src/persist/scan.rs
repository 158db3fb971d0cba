//! Taking a file of the log apart: batches, which are checked as a whole before anything of them is used, the commands in
//! them, and commands without a batch, as other servers write them. No I/O: the caller fills the room that is asked for.
//!
//! ```text
//! buffer   |..used..|at: what comes next..|..len|..room..|       offset: where in the file the buffer begins
//! ```
//!
//! Stricter than the parser of requests: what a server logged has CRLF after every argument, so a file whose end the disk
//! never wrote (it reads as zeros) is not taken for a longer value. The buffer grows to the longest batch or command, and
//! a claimed length beyond the end of the file is the end of what can be read.

use super::takeover::CONTINUES;
use crate::bytes::crc32c::Crc32c;
use crate::codec::batch::{BatchHead, HEAD_BYTES};
use crate::resp::{Beginning, Limits, Progress, RequestParser, Span};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// How much is read at once.
const READ_BYTES: usize = 256 * 1024;
/// Annotations are short lines: Redis reads no more than 128 bytes at once.
const MAX_LINE_BYTES: usize = 1024;
/// Arguments of the log may be as long as they were when they were logged.
const LIMITS: Limits = Limits {
    max_bulk_bytes: u32::MAX as u64,
    unauthenticated: false,
};

/// What comes next in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// An intact batch begins; its commands follow.
    Batch,
    /// A command; its arguments were pushed.
    Command {
        /// Where in the buffer it begins.
        at: usize,
        /// Whether it begins as the one before, with the same name and as many arguments.
        is_alike: bool,
    },
    /// An annotation that readers skip.
    Line,
    /// More of the file must be read.
    More,
    /// Everything that counts was read.
    End,
    /// What comes next goes on beyond the end of the file.
    Torn,
}

/// A batch whose commands are being read.
#[derive(Clone, Copy, Debug)]
struct OpenBatch {
    /// File offsets.
    start: u64,
    end: u64,
}

/// A reader of a file's bytes. See the module's head.
pub(super) struct Scan {
    buffer: Vec<u8>,
    /// Bytes of the buffer that hold something, and how many of them are used.
    len: usize,
    at: usize,
    /// File offset of the buffer's start.
    offset: u64,
    /// Up to where in the file bytes were read.
    read_until: u64,
    /// Where the file ends, or what counts of it.
    end: u64,
    /// Bytes that are needed from `at` on to go on.
    needs: u64,
    parser: RequestParser,
    beginning: Beginning,
    batch: Option<OpenBatch>,
    /// The number of the last batch, of this file or the ones before; 0: there was none.
    sequence: u64,
    /// The file has had batches.
    has_batches: bool,
    crc: Crc32c,
}

impl Scan {
    /// A reader at the start of a file of which `end` bytes count, after files whose last batch was number `sequence`.
    pub(super) fn new(end: u64, sequence: u64) -> Self {
        let room = READ_BYTES.min(usize::try_from(end).unwrap_or(READ_BYTES));
        Scan {
            buffer: alloc::vec![0; room.max(1)],
            len: 0,
            at: 0,
            offset: 0,
            read_until: 0,
            end,
            needs: 0,
            parser: RequestParser::default(),
            beginning: Beginning::default(),
            batch: None,
            sequence,
            has_batches: false,
            crc: Crc32c::new(),
        }
    }

    /// The same, going on at an offset.
    pub(super) fn starting_at(mut self, offset: u64) -> Self {
        (self.offset, self.read_until) = (offset, offset);
        self
    }

    /// The file offset to read at, and the room to read into. Forgets what is used, so that no offset into the buffer holds
    /// any longer.
    pub(super) fn room(&mut self) -> (u64, &mut [u8]) {
        self.buffer.copy_within(self.at..self.len, 0);
        self.len -= self.at;
        self.offset += self.at as u64;
        self.at = 0;
        let needed = usize::try_from(self.needs).unwrap_or(usize::MAX);
        if needed > self.buffer.len() || self.len == self.buffer.len() {
            let more = needed.max(self.buffer.len() * 2);
            self.buffer.resize(more, 0);
        }
        let left = self.end.saturating_sub(self.read_until);
        let room = &mut self.buffer[self.len..];
        let wanted = usize::try_from(left).unwrap_or(usize::MAX).min(room.len());
        (self.read_until, &mut room[..wanted])
    }

    /// `count` bytes were read into the room; 0: the file has ended before.
    pub(super) fn filled(&mut self, count: usize) {
        self.len += count;
        self.read_until += count as u64;
        if count == 0 {
            self.end = self.read_until;
        }
    }

    /// Goes on at the batch or command that could not be used, with less of the file.
    pub(super) fn retry(&mut self, end: u64) {
        self.parser = RequestParser::default();
        self.batch = None;
        self.offset += self.at as u64;
        (self.len, self.at, self.needs) = (0, 0, 0);
        (self.read_until, self.end) = (self.offset, end.max(self.offset));
    }

    /// The bytes from a place in the buffer on.
    #[inline(always)]
    pub(super) fn from(&self, at: usize) -> &[u8] {
        &self.buffer[at..self.len]
    }

    /// How the last command began.
    pub(super) fn set_beginning(&mut self, at: usize, name: Span, arguments: usize) {
        self.beginning = Beginning::of(&self.buffer[at..self.len], name, arguments);
    }

    /// The file offset of a place in the buffer.
    pub(super) fn offset_of(&self, at: usize) -> u64 {
        self.offset + at as u64
    }

    /// The file offset of what comes next.
    pub(super) fn position(&self) -> u64 {
        self.offset_of(self.at)
    }

    /// File offset of the batch that is being read.
    pub(super) fn batch_start(&self) -> Option<u64> {
        let position = self.position();
        self.batch
            .filter(|batch| position < batch.end)
            .map(|batch| batch.start)
    }

    /// Whether the command found last is part of a batch.
    pub(super) fn is_in_batch(&self) -> bool {
        self.batch.is_some()
    }

    /// The number of the last batch.
    pub(super) fn sequence(&self) -> u64 {
        self.sequence
    }

    /// Up to where the file is read.
    pub(super) fn end(&self) -> u64 {
        self.end
    }

    /// Finds out what comes next, and takes it. Arguments of a command are pushed to `spans`.
    #[inline]
    pub(super) fn next(&mut self, spans: &mut Vec<Span>) -> Result<Found, String> {
        if self.batch.is_some_and(|batch| self.position() >= batch.end) {
            self.batch = None;
        }
        let rest = &self.buffer[self.at..self.len];
        match rest.first() {
            Some(b'*') => self.command(spans),
            None if self.read_until >= self.end => Ok(Found::End),
            None => Ok(self.more(1)),
            Some(b'#') => self.line(),
            Some(_) => Err(not_a_log(rest)),
        }
    }

    /// `needed` bytes are needed to go on.
    fn more(&mut self, needed: u64) -> Found {
        self.needs = needed;
        if self.read_until >= self.end || self.position().saturating_add(needed) > self.end {
            Found::Torn
        } else {
            Found::More
        }
    }

    #[inline(always)]
    fn command(&mut self, spans: &mut Vec<Span>) -> Result<Found, String> {
        let first_span = spans.len();
        let rest = &mut self.buffer[self.at..self.len];
        let alike = self.parser.parse_alike(&self.beginning, rest, spans);
        let is_alike = alike.is_some();
        let short = alike.or_else(|| self.parser.parse_short(rest, spans));
        let progress = match short {
            Some(progress) => progress,
            None => self
                .parser
                .parse(rest, &LIMITS, spans)
                .map_err(|error| format!("{error}"))?,
        };
        // The checksum of a batch has told already.
        if self.batch.is_none()
            && let Some(span) = spans[first_span..]
                .iter()
                .find(|s| !ends_with_crlf(rest, s))
        {
            let end = span.range().end;
            return Err(format!(
                "no CRLF after the argument that ends {end} bytes on"
            ));
        }
        match progress {
            Progress::Request { len, .. } => {
                let at = self.at;
                self.at += len;
                if self.batch.is_some_and(|batch| self.position() > batch.end) {
                    self.at = at;
                    return Err("a command goes on beyond the end of its batch".into());
                }
                Ok(Found::Command { at, is_alike })
            }
            Progress::Incomplete { .. } if self.batch.is_some() => {
                Err("a command goes on beyond the end of its batch".into())
            }
            Progress::Incomplete { at_least } => Ok(self.more(at_least as u64)),
        }
    }

    fn line(&mut self) -> Result<Found, String> {
        let rest = &self.buffer[self.at..self.len];
        if let Some(head) = BatchHead::parse(rest) {
            return self.batch(head);
        }
        let most = &rest[..rest.len().min(MAX_LINE_BYTES)];
        let Some(end) = most.iter().position(|&byte| byte == b'\n') else {
            if most.len() == MAX_LINE_BYTES {
                return Err("a line that begins with '#' does not end".into());
            }
            return Ok(self.more(rest.len() as u64 + 1));
        };
        let line = &rest[..end];
        // Where there are batches, a line that is none of the known ones may have been the annotation of one.
        let is_known = line.starts_with(b"#TS:") || line.starts_with(CONTINUES.as_bytes());
        if BatchHead::is_like_one(line) || self.has_batches && !is_known {
            return Err("the annotation of a batch is damaged".into());
        }
        self.at += end + 1;
        Ok(Found::Line)
    }

    fn batch(&mut self, head: BatchHead) -> Result<Found, String> {
        if self.batch.is_some() {
            return Err("a batch begins before the end of the one before".into());
        }
        let start = self.position();
        let len = head.total_len();
        if start.saturating_add(len) > self.end {
            return Ok(Found::Torn);
        }
        let rest = &self.buffer[self.at..self.len];
        if (rest.len() as u64) < len {
            return Ok(self.more(len));
        }
        let number = head.sequence;
        if !head.is_intact(&self.crc, &rest[..len as usize]) {
            return Err(format!("the checksum of batch {number} does not match"));
        }
        let last = self.sequence;
        if number != 0 && last != 0 && number != last + 1 {
            let missing = number.saturating_sub(last + 1);
            return Err(format!(
                "batch {number} comes after batch {last}: {missing} batches are missing between them"
            ));
        }
        if number != 0 {
            self.sequence = number;
        }
        self.has_batches = true;
        self.at += HEAD_BYTES;
        let end = start + len;
        self.batch = Some(OpenBatch { start, end });
        Ok(Found::Batch)
    }
}

fn ends_with_crlf(rest: &[u8], span: &Span) -> bool {
    let end = span.range().end;
    rest.get(end..end + 2) == Some(b"\r\n")
}

/// What is wrong with something that is no command.
pub(super) fn not_a_log(rest: &[u8]) -> String {
    if rest.starts_with(b"REDIS") || rest.starts_with(b"VALKEY") {
        return "the file is an RDB file, which this version cannot read (rewrite the log with \
                aof-use-rdb-preamble no)"
            .into();
    }
    "a command must begin with '*'".into()
}
