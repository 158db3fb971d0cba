//! Parsing into the batch: the requests of a connection's input, their commands, and the hashes of their keys.

use super::{Batch, KEYS_AHEAD, Member, NO_COMMAND, PARSE_BYTES, Request};
use crate::bytes::hash::Hasher;
use crate::command::{Apart, Args, Command, Flags, Found, Lookup, Registry};
use crate::engine::big_argument::apart;
use crate::engine::connection::Connection;
use crate::resp::{Beginning, Limits, Progress, ProtocolError, Span};
use alloc::vec::Vec;
use core::ops::Range;

/// The command of the request before, under the name it came with: a pipeline mostly repeats one.
#[derive(Default)]
pub(super) struct LastCommand {
    /// The name's bytes as a little-endian word, and how many there are; 0: there was none.
    name: u64,
    name_len: usize,
    number: u16,
    keys: Keys,
    /// How the request began.
    beginning: Beginning,
}

/// Where a command's first range of keys stands. (Full words: halves that are put together cost more than they save.)
#[derive(Clone, Copy, Default)]
struct Keys {
    /// Index of the first; 0: there is none.
    first: u32,
    step: u32,
    /// Index of the last; negative: from the end.
    last: i32,
    /// Index of the first member that is looked up in the first key's value; 0: there is none.
    member: u32,
}

impl Keys {
    fn of(command: &Command) -> Keys {
        match command.spec.keys.first() {
            Some(range) => Keys {
                first: range.first as u32,
                step: range.step.max(1) as u32,
                last: i32::from(range.last),
                member: u32::from(command.spec.member),
            },
            None => Keys::default(),
        }
    }
}

/// Names up to here fit a word.
const SHORT_NAME: u32 = 8;

/// The name at `span` as a word, when it is short and a whole word may be read from the buffer.
#[inline(always)]
fn short_name(buffer: &[u8], span: Span) -> Option<u64> {
    let word = buffer.get(span.start as usize..)?.first_chunk::<8>()?;
    (1..=SHORT_NAME)
        .contains(&span.len)
        .then(|| u64::from_le_bytes(*word) << (64 - 8 * span.len))
}

impl LastCommand {
    /// The number and keys of the command of a request whose arguments are `spans` of `buffer`.
    #[inline(always)]
    fn find(&mut self, buffer: &[u8], spans: &[Span], registry: &Registry) -> Option<(u16, Keys)> {
        let name = *spans.first()?;
        let word = short_name(buffer, name);
        if word == Some(self.name) && name.len as usize == self.name_len {
            self.beginning = Beginning::of(buffer, name, spans.len());
            return Some((self.number, self.keys));
        }
        self.look_up(buffer, spans, word, registry)
    }

    #[inline(never)]
    fn look_up(
        &mut self,
        buffer: &[u8],
        spans: &[Span],
        word: Option<u64>,
        registry: &Registry,
    ) -> Option<(u16, Keys)> {
        let args = Args::new(buffer, spans, Hasher::new(0));
        let Found::Command(command) = registry.find(&args) else {
            return None;
        };
        let keys = Keys::of(command);
        // A container's name does not tell the command.
        let alone = command.container.is_none() && !command.spec.flags.has(Flags::CONTAINER);
        if let Some(name) = word.filter(|_| alone) {
            *self = LastCommand {
                name,
                name_len: spans[0].len as usize,
                number: command.number,
                keys,
                beginning: Beginning::of(buffer, spans[0], spans.len()),
            };
        }
        Some((command.number, keys))
    }
}

impl Batch {
    /// Parses the complete requests of a connection's input, as many as may run in one turn.
    pub(super) fn parse(
        &mut self,
        slot: u32,
        connection: &mut Connection,
        limits: &Limits,
        registry: &Registry,
        hasher: Hasher,
    ) {
        let apart = apart(&connection.big);
        let unread = connection.input.unread();
        let mut offset = 0;
        let requests = self.requests.len();
        connection.at_least = 0;
        let stop = unread.len().min(PARSE_BYTES);
        while offset < stop {
            let first_span = self.spans.len();
            let rest = &mut unread[offset..];
            let (parser, beginning) = (&connection.parser, &self.last.beginning);
            let alike = parser.parse_alike(beginning, rest, &mut self.spans);
            let is_alike = alike.is_some();
            let short = alike.or_else(|| parser.parse_short(rest, &mut self.spans));
            let progress = match short {
                Some(progress) => Ok(progress),
                None => {
                    self.quoted.note(slot, offset, rest);
                    connection.parser.parse(rest, limits, &mut self.spans)
                }
            };
            match progress {
                Ok(Progress::Request { len, arguments }) => {
                    if arguments > 0 {
                        let spans = &self.spans[first_span..];
                        let is_big = offset == 0 && apart.is_some();
                        let found = if is_big {
                            find_apart(rest, spans, apart, registry)
                        } else if is_alike {
                            Some((self.last.number, self.last.keys))
                        } else {
                            self.last.find(rest, spans, registry)
                        };
                        let (lookups, keys) =
                            self.hash_keys(rest, first_span, found, hasher, connection.client.db);
                        self.requests.push(Request {
                            slot,
                            first_span: first_span as u32,
                            spans: arguments as u32,
                            first_lookup: lookups.start,
                            lookups: lookups.len() as u32,
                            command: found.map_or(NO_COMMAND, |(number, _)| number),
                            len: if is_big { u32::MAX } else { len as u32 },
                            first_key: keys.first as u16,
                            key_step: keys.step as u16,
                            offset,
                        });
                    }
                    offset += len;
                }
                Ok(Progress::Incomplete { at_least }) => {
                    connection.at_least = at_least;
                    break;
                }
                Err(
                    ProtocolError::UnauthenticatedArrayLength
                    | ProtocolError::UnauthenticatedBulkLength,
                ) if self.requests.len() > requests => {
                    // One of the requests before it may be AUTH.
                    connection.parse_again = true;
                    break;
                }
                Err(error) => {
                    connection.protocol_error = Some(error);
                    break;
                }
            }
        }
        connection.parsed = offset;
        connection.has_more = offset >= stop && offset < unread.len();
    }

    /// Hashes the keys of the request in `buffer` whose command is `found`, and the member that it looks up in the first
    /// one. Returns their part of the lookups, and where the keys stand.
    #[inline(always)]
    fn hash_keys(
        &mut self,
        buffer: &[u8],
        first_span: usize,
        found: Option<(u16, Keys)>,
        hasher: Hasher,
        db: usize,
    ) -> (Range<u32>, Keys) {
        let spans = &self.spans[first_span..];
        let first = self.lookups.len() as u32;
        let keys = found.map_or(Keys::default(), |(_, keys)| keys);
        if keys.first != 0 {
            if let Some(span) = spans.get(keys.member as usize)
                && keys.member != 0
            {
                let hash = hasher.hash(&buffer[span.range()]);
                self.members.push(Member {
                    hash,
                    lookup: first,
                });
            }
            look_ahead(buffer, spans, keys, hasher, db as u32, &mut self.lookups);
        }
        (first..self.lookups.len() as u32, keys)
    }
}

/// The number of the command of a request with arguments apart; its keys are hashed when it runs.
#[cold]
fn find_apart(
    buffer: &[u8],
    spans: &[Span],
    apart: Option<&Apart>,
    registry: &Registry,
) -> Option<(u16, Keys)> {
    let args = Args::new(buffer, spans, Hasher::new(0)).with_apart(apart);
    match registry.find(&args) {
        Found::Command(command) => Some((command.number, Keys::default())),
        _ => None,
    }
}

/// Hashes the keys of a request.
#[inline(always)]
fn look_ahead(
    buffer: &[u8],
    spans: &[Span],
    keys: Keys,
    hasher: Hasher,
    db: u32,
    lookups: &mut Vec<Lookup>,
) {
    let last = if keys.last < 0 {
        spans
            .len()
            .saturating_sub(keys.last.unsigned_abs() as usize)
    } else {
        (keys.last as usize).min(spans.len() - 1)
    };
    let mut index = keys.first as usize;
    for _ in 0..KEYS_AHEAD {
        if index > last {
            break;
        }
        let hash = hasher.hash(&buffer[spans[index].range()]);
        lookups.push(Lookup { hash, db });
        index += keys.step as usize;
    }
}
