//! Reading a file of the log: its commands, one after the other, each run as it was logged.
//!
//! Stricter than the parser of requests: what a server logged has CRLF after every argument, so a file whose end the disk
//! never wrote (it reads as zeros) is not taken for a longer value. The buffer grows to the longest command, and a
//! claimed length beyond the end of the file is the end of what can be read.

use super::load::LoadError;
use crate::command::{Args, ClientState};
use crate::resp::{Limits, Progress, RequestParser, Span};
use crate::session::Shared;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// How much is read at once.
const READ_BYTES: usize = 1 << 20;
/// Annotations are short lines: Redis reads no more than 128 bytes at once.
const MAX_ANNOTATION_BYTES: usize = 1024;
/// Arguments of the log may be as long as they were when they were logged.
const LIMITS: Limits = Limits {
    max_bulk_bytes: u32::MAX as u64,
    unauthenticated: false,
};

/// Reads commands from a file's bytes and runs them.
pub(super) struct Replay<'p> {
    path: &'p str,
    buffer: Vec<u8>,
    /// Bytes of the buffer that hold something.
    len: usize,
    /// File offset of the buffer's start.
    offset: u64,
    /// File offset up to which bytes were read.
    read_until: u64,
    /// Where the file ends, or what counts of it.
    end: u64,
    /// A command has begun that goes on beyond the end.
    is_torn: bool,
    parser: RequestParser,
    spans: Vec<Span>,
    client: ClientState,
    /// A transaction whose EXEC has not been read: the file offset of its MULTI.
    multi_at: Option<u64>,
    /// The commands of that transaction, each as its arguments.
    queued: Vec<Vec<Vec<u8>>>,
    pub(super) commands: u64,
    /// Commands that answered an error, as they did when they were logged or because something is amiss.
    pub(super) errors: u64,
    out: Vec<u8>,
}

impl<'p> Replay<'p> {
    /// A reader at the start of a file of which `end` bytes count.
    pub(super) fn new(path: &'p str, end: u64) -> Self {
        let mut client = ClientState::new(0, 0);
        client.name = String::from("loader");
        client.deny_blocking = true;
        Replay {
            path,
            buffer: alloc::vec![0; READ_BYTES.min(usize::try_from(end).unwrap_or(READ_BYTES)).max(1)],
            len: 0,
            offset: 0,
            read_until: 0,
            end,
            is_torn: false,
            parser: RequestParser::default(),
            spans: Vec::new(),
            client,
            multi_at: None,
            queued: Vec::new(),
            commands: 0,
            errors: 0,
            out: Vec::new(),
        }
    }

    /// The file offset to read at, and the room to read into; `None` at the end.
    pub(super) fn room(&mut self) -> Option<(u64, &mut [u8])> {
        let left = self.end.saturating_sub(self.read_until);
        if left == 0 || self.is_torn {
            return None;
        }
        if self.len == self.buffer.len() {
            let more = self.buffer.len() * 2;
            self.buffer.resize(more, 0);
        }
        let room = &mut self.buffer[self.len..];
        let wanted = usize::try_from(left).unwrap_or(usize::MAX).min(room.len());
        Some((self.read_until, &mut room[..wanted]))
    }

    /// Up to where the file is read.
    pub(super) fn end(&self) -> u64 {
        self.end
    }

    /// How much of the file was read, in percent.
    pub(super) fn percent(&self) -> f64 {
        self.read_until as f64 / self.end.max(1) as f64 * 100.0
    }

    /// Goes on at the command that could not be used, with less of the file.
    pub(super) fn retry(&mut self, end: u64) {
        self.parser = RequestParser::default();
        self.spans.clear();
        (self.len, self.read_until, self.end) = (0, self.offset, end.max(self.offset));
    }

    /// `count` bytes were read into the room.
    pub(super) fn filled(&mut self, count: usize) {
        self.len += count;
        self.read_until += count as u64;
    }

    /// File offset up to which everything was used; an unfinished transaction does not count.
    pub(super) fn usable(&self) -> u64 {
        self.multi_at.unwrap_or(self.offset)
    }

    /// Runs every complete command in the buffer.
    pub(super) fn run(&mut self, shared: &mut Shared) -> Result<(), LoadError> {
        let mut at = 0;
        let outcome = loop {
            match self.step(at, shared) {
                Ok(Some(used)) => at += used,
                Ok(None) => break Ok(()),
                Err(reason) => break Err(reason),
            }
        };
        self.buffer.copy_within(at..self.len, 0);
        self.len -= at;
        self.offset += at as u64;
        outcome.map_err(|reason| LoadError::Damaged {
            file: self.path.into(),
            offset: self.offset,
            reason,
        })
    }

    /// Uses the line or command at `at`: how long it was, or `None` when it is not all there.
    fn step(&mut self, at: usize, shared: &mut Shared) -> Result<Option<usize>, String> {
        let rest = &mut self.buffer[at..self.len];
        match rest.first() {
            None => Ok(None),
            // An annotation: a line that readers skip.
            Some(b'#') => match rest.iter().position(|&byte| byte == b'\n') {
                Some(end) => Ok(Some(end + 1)),
                None if rest.len() > MAX_ANNOTATION_BYTES => {
                    Err("a line that begins with '#' does not end".into())
                }
                None => Ok(None),
            },
            Some(b'*') => match self.parser.parse(rest, &LIMITS, &mut self.spans) {
                Ok(Progress::Request { len, .. }) => {
                    self.command(at, shared)?;
                    Ok(Some(len))
                }
                Ok(Progress::Incomplete { at_least }) => {
                    self.is_torn = self.offset + (at + at_least) as u64 > self.end;
                    Ok(None)
                }
                Err(error) => Err(format!("{error}")),
            },
            Some(_) => Err(not_a_log(rest)),
        }
    }

    fn command(&mut self, at: usize, shared: &mut Shared) -> Result<(), String> {
        let spans = core::mem::take(&mut self.spans);
        let rest = &self.buffer[at..self.len];
        if let Some(span) = spans.iter().find(|span| !ends_with_crlf(rest, span)) {
            let end = span.start as usize + span.len as usize;
            return Err(format!(
                "no CRLF after the argument that ends {end} bytes on"
            ));
        }
        let args = Args::new(rest, &spans, shared.keys.hasher());
        let offset = self.offset + at as u64;
        let outcome = if args.is(0, "MULTI") && self.multi_at.is_none() {
            self.multi_at = Some(offset);
            Ok(())
        } else if args.is(0, "EXEC") && self.multi_at.is_some() {
            let queued = core::mem::take(&mut self.queued);
            let outcome = queued
                .iter()
                .try_for_each(|words| self.run_words(words, shared));
            if outcome.is_ok() {
                self.multi_at = None;
            }
            outcome
        } else if self.multi_at.is_some() {
            self.queued.push(args.all().map(<[u8]>::to_vec).collect());
            Ok(())
        } else {
            let outcome = run_one(&args, shared, &mut self.client, &mut self.out);
            outcome.map(|is_error| self.errors += u64::from(is_error))
        };
        self.commands += 1;
        self.spans = spans;
        self.spans.clear();
        outcome.map_err(|reason| format!("command {}: {reason}", self.commands))
    }

    fn run_words(&mut self, words: &[Vec<u8>], shared: &mut Shared) -> Result<(), String> {
        let (mut buffer, mut spans) = (Vec::new(), Vec::new());
        for word in words {
            spans.push(Span {
                start: buffer.len() as u32,
                len: word.len() as u32,
            });
            buffer.extend_from_slice(word);
        }
        let args = Args::new(&buffer, &spans, shared.keys.hasher());
        let is_error = run_one(&args, shared, &mut self.client, &mut self.out)?;
        self.errors += u64::from(is_error);
        Ok(())
    }
}

fn ends_with_crlf(rest: &[u8], span: &Span) -> bool {
    let end = span.start as usize + span.len as usize;
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

/// Runs one logged command; whether it answered an error. What a server logged, a server can run: `Err` means that the
/// file is damaged or that the command is not known here.
fn run_one(
    args: &Args<'_>,
    shared: &mut Shared,
    client: &mut ClientState,
    out: &mut Vec<u8>,
) -> Result<bool, String> {
    if args.is_empty() {
        return Err("an empty command".into());
    }
    out.clear();
    let mut prng = shared.keys.prng.clone();
    let mut random = |into: &mut [u8]| into.fill_with(|| prng.next_u64() as u8);
    let ask = shared.run(client, None, args, out, &mut random);
    if ask.is_some() {
        return Err(format!(
            "'{}' cannot be in a log",
            String::from_utf8_lossy(args.at(0))
        ));
    }
    // Only whole transactions are in a log, and what they run was run by the reader itself.
    if client.multi.is_some() || !client.watch.is_empty() || out.ends_with(b" without MULTI\r\n") {
        client.end_multi(&mut shared.keys);
        return Err(format!(
            "'{}' has no place there",
            String::from_utf8_lossy(args.at(0))
        ));
    }
    // After a SELECT that failed everything would go to another database.
    if out.starts_with(b"-ERR unknown command")
        || out.starts_with(b"-ERR wrong number")
        || (out.starts_with(b"-") && args.is(0, "SELECT"))
    {
        return Err(String::from_utf8_lossy(out[1..].trim_ascii_end()).into_owned());
    }
    Ok(out.first() == Some(&b'-'))
}
