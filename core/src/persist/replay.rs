//! Running the commands of a file of the log, each as it was logged.
//!
//! Commands are taken from the file in groups: the bucket of each command's first key is asked for when the command is
//! found, its entry a little before it runs, so that the cache misses of different commands overlap.

use super::scan::{Found, Scan};
use crate::command::{Args, ClientState, Found as Named, KeyHashes, Lookup};
use crate::resp::Span;
use crate::session::Shared;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// Commands taken from the file before they run.
const GROUP: usize = 64;
/// How many commands ahead entries are asked for.
const AHEAD: usize = 8;

/// Something in a file that cannot be used.
#[derive(Clone, Debug)]
pub(super) struct Trouble {
    /// File offset.
    pub(super) offset: u64,
    pub(super) kind: TroubleKind,
}

#[derive(Clone, Debug)]
pub(super) enum TroubleKind {
    /// The file ends before what comes next is complete.
    Torn,
    /// It is not what a server writes. Nothing of it was used.
    Damaged(String),
    /// It cannot be run, and a part of what belongs together may have been.
    CannotRun(String),
}

/// What came of a slice of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Slice {
    /// The time is up.
    TimeUp,
    /// More of the file must be read.
    More,
    /// Everything that counts was run.
    Done,
}

/// A command that was found and has not run yet.
#[derive(Clone, Copy)]
struct Queued {
    at: usize,
    first_span: u32,
    spans: u32,
    number: Option<u16>,
    first_key: u16,
    lookup: Lookup,
    in_batch: bool,
}

/// The command before, whose name need not be looked up again.
#[derive(Clone, Copy, Default)]
struct Last {
    number: Option<u16>,
    first_key: u16,
}

/// Reads commands from a file's bytes and runs them.
pub(super) struct Replay {
    pub(super) scan: Scan,
    spans: Vec<Span>,
    group: Vec<Queued>,
    last: Last,
    client: ClientState,
    /// A transaction without a batch whose EXEC has not been read: the file offset of its MULTI.
    multi_at: Option<u64>,
    /// The commands of that transaction, each as its arguments.
    transaction: Vec<Vec<Vec<u8>>>,
    pub(super) commands: u64,
    /// Commands that answered an error, as they did when they were logged or because something is amiss.
    pub(super) errors: u64,
    out: Vec<u8>,
}

impl Replay {
    /// A reader at the start of a file of which `end` bytes count, after files whose last batch was number `sequence`.
    pub(super) fn new(end: u64, sequence: u64) -> Self {
        let mut client = ClientState::new(0, 0);
        client.name = String::from("loader");
        client.deny_blocking = true;
        Replay {
            scan: Scan::new(end, sequence),
            spans: Vec::new(),
            group: Vec::with_capacity(GROUP),
            last: Last::default(),
            client,
            multi_at: None,
            transaction: Vec::new(),
            commands: 0,
            errors: 0,
            out: Vec::new(),
        }
    }

    /// The same, going on at an offset.
    pub(super) fn starting_at(mut self, offset: u64) -> Self {
        self.scan = self.scan.starting_at(offset);
        self
    }

    /// File offset up to which everything was used; an unfinished transaction does not count.
    pub(super) fn usable(&self) -> u64 {
        let position = self.scan.position();
        self.multi_at
            .or(self.scan.batch_start())
            .unwrap_or(position)
    }

    /// Runs what is read, until `is_time_up`, which is asked after each group.
    pub(super) fn run(
        &mut self,
        shared: &mut Shared,
        is_time_up: &mut dyn FnMut() -> bool,
    ) -> Result<Slice, Trouble> {
        loop {
            let next = self.gather(shared);
            self.run_group(shared)?;
            let trouble = match next {
                Ok(Found::More) => return Ok(Slice::More),
                Ok(Found::Torn) => TroubleKind::Torn,
                // A transaction that was not ended does not count.
                Ok(Found::End) if self.multi_at.is_some() => TroubleKind::Torn,
                Ok(Found::End) => return Ok(Slice::Done),
                Ok(_) if is_time_up() => return Ok(Slice::TimeUp),
                Ok(_) => continue,
                Err(reason) if self.scan.batch_start().is_some() => TroubleKind::CannotRun(reason),
                Err(reason) => TroubleKind::Damaged(reason),
            };
            return Err(Trouble {
                offset: self.usable(),
                kind: trouble,
            });
        }
    }

    /// Takes a group of commands from what is read.
    fn gather(&mut self, shared: &Shared) -> Result<Found, String> {
        self.group.clear();
        self.spans.clear();
        while self.group.len() < GROUP {
            let first_span = self.spans.len();
            match self.scan.next(&mut self.spans)? {
                Found::Command { at, is_alike } => self.queue(at, first_span, is_alike, shared),
                Found::Batch if self.multi_at.is_some() => {
                    return Err("a batch begins within a transaction".into());
                }
                Found::Batch | Found::Line => {}
                other => return Ok(other),
            }
        }
        Ok(Found::Line)
    }

    #[inline(always)]
    fn queue(&mut self, at: usize, first_span: usize, is_alike: bool, shared: &Shared) {
        let spans = &self.spans[first_span..];
        let buffer = self.scan.from(at);
        if !is_alike {
            let (name, arguments) = (spans.first().copied().unwrap_or_default(), spans.len());
            let args = Args::new(buffer, spans, shared.keys.hasher());
            self.last = match shared.registry.find(&args) {
                Named::Command(command) => Last {
                    // A container's name does not tell the command.
                    number: command.container.is_none().then_some(command.number),
                    first_key: command
                        .spec
                        .keys
                        .first()
                        .map_or(0, |range| range.first as u16),
                },
                _ => Last::default(),
            };
            self.scan.set_beginning(at, name, arguments);
        }
        let mut lookup = Lookup {
            hash: 0,
            db: self.client.db as u32,
        };
        let spans = &self.spans[first_span..];
        let Last { number, first_key } = self.last;
        let key = spans.get(usize::from(first_key)).filter(|_| first_key != 0);
        if let Some(key) = key {
            lookup.hash = shared.keys.hasher().hash(&self.scan.from(at)[key.range()]);
            shared.keys.prefetch_bucket(lookup.db as usize, lookup.hash);
        }
        self.group.push(Queued {
            at,
            first_span: first_span as u32,
            spans: spans.len() as u32,
            number,
            first_key: key.map_or(0, |_| first_key),
            lookup,
            in_batch: self.scan.is_in_batch(),
        });
    }

    fn run_group(&mut self, shared: &mut Shared) -> Result<(), Trouble> {
        for ahead in self.group.iter().take(AHEAD) {
            ask_for(ahead, shared);
        }
        for number in 0..self.group.len() {
            if let Some(ahead) = self.group.get(number + AHEAD) {
                ask_for(ahead, shared);
            }
            let queued = self.group[number];
            self.commands += 1;
            self.command(&queued, shared).map_err(|reason| Trouble {
                offset: self.scan.offset_of(queued.at),
                kind: TroubleKind::CannotRun(format!("command {}: {reason}", self.commands)),
            })?;
        }
        Ok(())
    }

    #[inline(always)]
    fn command(&mut self, queued: &Queued, shared: &mut Shared) -> Result<(), String> {
        let first = queued.first_span as usize;
        let spans = &self.spans[first..first + queued.spans as usize];
        let buffer = self.scan.from(queued.at);
        let mut args = Args::new(buffer, spans, shared.keys.hasher());
        if self.multi_at.is_some() || queued.spans == 1 {
            let words: Vec<Vec<u8>> = args.all().map(<[u8]>::to_vec).collect();
            if let Some(outcome) = self.transaction(queued, words, shared) {
                return outcome;
            }
            // It was none of a transaction: it runs as any other.
            let spans = &self.spans[first..first + queued.spans as usize];
            args = Args::new(self.scan.from(queued.at), spans, shared.keys.hasher());
        } else if queued.first_key != 0 {
            args = args.with_hashes(KeyHashes {
                first: usize::from(queued.first_key),
                step: 1,
                lookups: core::slice::from_ref(&queued.lookup),
            });
        }
        let is_error = run_one(
            queued.number,
            &args,
            shared,
            &mut self.client,
            &mut self.out,
        )?;
        self.errors += u64::from(is_error);
        Ok(())
    }

    /// What transactions do: `None` when the command is neither MULTI nor EXEC nor within one. A batch is there as a whole,
    /// so that its commands need not be kept until EXEC.
    fn transaction(
        &mut self,
        queued: &Queued,
        words: Vec<Vec<u8>>,
        shared: &mut Shared,
    ) -> Option<Result<(), String>> {
        let is =
            |name: &str| matches!(&words[..], [word] if word.eq_ignore_ascii_case(name.as_bytes()));
        if queued.in_batch {
            return (is("MULTI") || is("EXEC")).then_some(Ok(()));
        }
        if self.multi_at.is_none() {
            self.multi_at = is("MULTI").then(|| self.scan.offset_of(queued.at));
            return self.multi_at.map(|_| Ok(()));
        }
        if !is("EXEC") {
            self.transaction.push(words);
            return Some(Ok(()));
        }
        let transaction = core::mem::take(&mut self.transaction);
        let outcome = transaction
            .iter()
            .try_for_each(|words| self.run_words(words, shared));
        if outcome.is_ok() {
            self.multi_at = None;
        }
        Some(outcome)
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
        let is_error = run_one(None, &args, shared, &mut self.client, &mut self.out)?;
        self.errors += u64::from(is_error);
        Ok(())
    }
}

#[inline(always)]
fn ask_for(queued: &Queued, shared: &Shared) {
    if queued.first_key != 0 {
        let Lookup { db, hash } = queued.lookup;
        shared.keys.prefetch_entry(db as usize, hash);
    }
}

/// Runs one logged command; whether it answered an error. What a server logged, a server can run: `Err` means that the
/// file is damaged or that the command is not known here.
#[inline(always)]
fn run_one(
    number: Option<u16>,
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
    let ask = shared.run(client, number, args, out, &mut random);
    if ask.is_none()
        && out.first() != Some(&b'-')
        && client.multi.is_none()
        && client.watch.is_empty()
    {
        return Ok(false);
    }
    // Only whole transactions are in a log, and what they run was run by the reader itself.
    if client.multi.is_some() || !client.watch.is_empty() || out.ends_with(b" without MULTI\r\n") {
        client.end_multi(&mut shared.keys);
        return Err(no_place(args));
    }
    refused(args, ask.is_some(), out)
}

#[cold]
fn no_place(args: &Args<'_>) -> String {
    let name = String::from_utf8_lossy(args.at(0));
    format!("'{name}' has no place there")
}

/// Whether an error is one that the command may have answered when it was logged.
#[cold]
fn refused(args: &Args<'_>, is_asked: bool, out: &[u8]) -> Result<bool, String> {
    if is_asked {
        return Err(format!(
            "'{}' cannot be in a log",
            String::from_utf8_lossy(args.at(0))
        ));
    }
    // After a SELECT that failed everything would go to another database.
    if out.starts_with(b"-ERR unknown command")
        || out.starts_with(b"-ERR wrong number")
        || args.is(0, "SELECT")
    {
        return Err(String::from_utf8_lossy(out[1..].trim_ascii_end()).into_owned());
    }
    Ok(true)
}
