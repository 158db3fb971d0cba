//! Running a batch: the requests of a group of ready connections, in passes.
//!
//! 1. Read from each connection and parse every complete request in place; find its command and hash its keys.
//! 2. Run the requests in order, asking for the buckets of keys a little ahead, for the entries of keys half as far
//!    ahead, and half as far again for those of the few keys that are not in their own bucket. Members and fields of big
//!    collections are asked for in the same way, once the entry of their key is near.
//!
//! So the cache misses of different requests overlap, within one connection's pipeline and across connections.

use super::Engine;
use super::big_argument::apart;
use super::connection::{Connection, Waits};
use super::quoted::QuotedLines;
use crate::bytes::hash::Hasher;
use crate::bytes::shared::LONG_BYTES;
use crate::command::{Apart, Args, Command, Flags, Found, KeyHashes, Lookup, Registry, ReplyMode};
use crate::keyspace::Keyspace;
use crate::platform::{Clock, Host, Platform, Transfer};
use crate::resp::{Beginning, Limits, Progress, ProtocolError, Span};
use crate::structure::table::Step;
use alloc::format;
use alloc::vec::Vec;

/// Connections of one group, and after how many bytes read it gets no more of them.
const GROUP: usize = 64;
const GROUP_INPUT_BYTES: usize = 64 * 1024;
/// Requests that begin beyond so many bytes of the input are left for the next turn.
const PARSE_BYTES: usize = 32 * 1024;
/// How long the requests of one turn should take, microseconds: no further group is begun that would take longer, as far
/// as the longest one so far tells.
const TURN_BUDGET_US: u64 = 350;
/// How long they may take, and how many bytes of replies they may make. What is over when that is reached runs in the next
/// turn, after the replies so far were sent; it is parsed again then, so this is for requests that take long.
const TURN_LIMIT_US: u64 = 450;
const TURN_REPLY_BYTES: usize = 512 * 1024;
/// Requests between two looks at the clock.
const REQUESTS_PER_LOOK: usize = 32;
/// How many keys ahead of the running request entries are asked for; buckets are twice as far ahead.
const AHEAD: usize = 12;
/// Keys asked for at once.
const CHUNK: usize = 8;
/// Keys of one request that are hashed ahead; the rest are hashed when it runs.
const KEYS_AHEAD: usize = 128;

/// A parsed request that waits to run.
#[derive(Clone, Copy)]
struct Request {
    slot: u32,
    first_span: u32,
    spans: u32,
    /// Its part of [`Batch::lookups`].
    first_lookup: u32,
    lookups: u32,
    /// The command's number, if there is such a command.
    command: Option<u16>,
    /// Index of its first key and distance of one key to the next.
    first_key: u16,
    key_step: u16,
    /// Offset into the connection's unread input.
    offset: usize,
}

/// The command of the request before, under the name it came with: a pipeline mostly repeats one.
#[derive(Default)]
struct LastCommand {
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

/// A member or field that a request will look up in a key's value.
#[derive(Clone, Copy)]
struct Member {
    hash: u64,
    /// The key's place in [`Batch::lookups`].
    lookup: u32,
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

/// The requests of a group, and their arguments.
#[derive(Default)]
pub(super) struct Batch {
    requests: Vec<Request>,
    spans: Vec<Span>,
    pub(super) quoted: QuotedLines,
    /// The keys of all requests, in order.
    lookups: Vec<Lookup>,
    /// Members that requests look up, in order.
    members: Vec<Member>,
    last: LastCommand,
    /// Up to where buckets and entries were asked for.
    asked_buckets: usize,
    asked_entries: usize,
    /// Up to where buckets and items of members were asked for.
    asked_member_buckets: usize,
    asked_member_items: usize,
    /// Lookups, by their place in the batch, that must be asked for once more.
    displaced: heapless::Vec<u32, AHEAD>,
    /// How many lookups may be done before more must be asked for.
    ask_next_at: usize,
}

/// Requests and spans kept between batches; room for more is given back.
const KEEP_REQUESTS: usize = 16 * 1024;
const KEEP_SPANS: usize = 64 * 1024;

impl Batch {
    fn clear(&mut self) {
        clear_to(&mut self.requests, KEEP_REQUESTS);
        clear_to(&mut self.lookups, KEEP_REQUESTS);
        clear_to(&mut self.members, KEEP_REQUESTS);
        clear_to(&mut self.spans, KEEP_SPANS);
        self.quoted.clear();
        self.asked_buckets = 0;
        self.asked_entries = 0;
        self.asked_member_buckets = 0;
        self.asked_member_items = 0;
        self.displaced.clear();
        self.ask_next_at = 0;
    }

    /// Parses the complete requests of a connection's input, as many as may run in one turn.
    fn parse(
        &mut self,
        slot: u32,
        connection: &mut Connection,
        limits: &Limits,
        registry: &Registry,
        hasher: Hasher,
    ) {
        let apart = apart(&connection.big);
        let unread = connection.input.unread();
        let db = connection.client.db as u32;
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
                        let found = if offset == 0 && apart.is_some() {
                            find_apart(rest, spans, apart, registry)
                        } else if is_alike {
                            Some((self.last.number, self.last.keys))
                        } else {
                            self.last.find(rest, spans, registry)
                        };
                        let first_lookup = self.lookups.len();
                        let keys = found.map_or(Keys::default(), |(_, keys)| keys);
                        if keys.first != 0 {
                            if let Some(span) = spans.get(keys.member as usize)
                                && keys.member != 0
                            {
                                let hash = hasher.hash(&rest[span.range()]);
                                let lookup = self.lookups.len() as u32;
                                self.members.push(Member { hash, lookup });
                            }
                            look_ahead(rest, spans, keys, hasher, db, &mut self.lookups);
                        }
                        self.requests.push(Request {
                            slot,
                            first_span: first_span as u32,
                            spans: arguments as u32,
                            first_lookup: first_lookup as u32,
                            lookups: (self.lookups.len() - first_lookup) as u32,
                            command: found.map(|(number, _)| number),
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
}

/// Empties `list`, which keeps room for `keep` items at most.
fn clear_to<T>(list: &mut Vec<T>, keep: usize) {
    list.clear();
    if list.capacity() > keep {
        *list = Vec::new();
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

impl Batch {
    /// The arguments of the first request of a connection in the batch, and where the next one begins, if there is one.
    fn first_of(&self, slot: u32) -> (&[Span], Option<usize>) {
        let mut requests = self.requests.iter().filter(|request| request.slot == slot);
        let spans = requests.next().map_or(0..0, |request| {
            let first = request.first_span as usize;
            first..first + request.spans as usize
        });
        (&self.spans[spans], requests.next().map(|next| next.offset))
    }

    /// Whose request the one at `at` is, and where that client's next one begins, if there is one.
    pub(super) fn request_and_next(&self, at: usize) -> (u32, Option<usize>) {
        let slot = self.requests[at].slot;
        let next = self.requests.get(at + 1);
        let next = next.filter(|request| request.slot == slot);
        (slot, next.map(|request| request.offset))
    }

    /// Asks for buckets and entries of the keys that come up when those before `until` are done.
    #[inline(always)]
    fn ask_ahead(&mut self, until: usize, keys: &Keyspace) {
        if until >= self.ask_next_at {
            self.ask_some(until, keys);
        }
    }

    /// Keys that were found to be displaced the last time, then a chunk of entries, then of buckets: between two calls
    /// for the same key several requests run.
    #[inline(never)]
    fn ask_some(&mut self, until: usize, keys: &Keyspace) {
        for at in core::mem::take(&mut self.displaced) {
            let lookup = self.lookups[at as usize];
            keys.prefetch_displaced(lookup.db as usize, lookup.hash);
        }
        if !self.members.is_empty() {
            self.ask_members(keys);
        }
        let len = self.lookups.len();
        // Members come two calls after the entries of their keys.
        let ahead = if self.members.is_empty() {
            AHEAD
        } else {
            AHEAD + 2 * CHUNK
        };
        let entries = (until + ahead + CHUNK).min(len);
        let buckets = (until + ahead + AHEAD + CHUNK).min(len);
        // The first time, when nothing has run since the buckets were asked for, entries come after them.
        if self.asked_buckets < entries {
            self.ask_buckets(entries, keys);
        }
        for (at, lookup) in (self.asked_entries..).zip(&self.lookups[self.asked_entries..entries]) {
            if keys.prefetch_entry(lookup.db as usize, lookup.hash) {
                // Where there are too many, the last ones are looked up without help.
                let _ = self.displaced.push(at as u32);
            }
        }
        self.asked_entries = entries;
        self.ask_buckets(buckets, keys);
        let is_done = entries == len
            && self.displaced.is_empty()
            && self.asked_member_items == self.members.len();
        self.ask_next_at = if is_done { usize::MAX } else { until + CHUNK };
    }

    /// The items of members whose buckets were asked for the last time, and the buckets of those whose keys' entries were.
    fn ask_members(&mut self, keys: &Keyspace) {
        let bucketed = self.asked_member_buckets;
        self.asked_member_buckets += self.members[bucketed..]
            .iter()
            .take_while(|member| (member.lookup as usize) < self.asked_entries)
            .count();
        let parts = [
            (self.asked_member_items..bucketed, Step::Item),
            (bucketed..self.asked_member_buckets, Step::Bucket),
        ];
        for (range, step) in parts {
            for member in &self.members[range] {
                let key = self.lookups[member.lookup as usize];
                keys.prefetch_member(key.db as usize, key.hash, member.hash, step);
            }
        }
        self.asked_member_items = bucketed;
    }

    fn ask_buckets(&mut self, until: usize, keys: &Keyspace) {
        for lookup in &self.lookups[self.asked_buckets..until] {
            keys.prefetch_bucket(lookup.db as usize, lookup.hash);
        }
        self.asked_buckets = until;
    }
}

impl<P: Platform> Engine<P> {
    /// Puts a connection on the list of those to be served, once.
    pub(super) fn queue_serve(&mut self, slot: u32) {
        let Some(connection) = self.connections.get_mut(slot) else {
            return;
        };
        if connection.waits == Waits::ForAnswer {
            return self.read_meanwhile(slot);
        }
        if !core::mem::replace(&mut connection.serve_queued, true) {
            self.to_serve.push(slot);
        }
    }

    /// Reads from the connections that are ready, and runs what they sent, until all are served or the turn has taken
    /// long enough. The rest stays in the list, to be the first in the next turn.
    pub(super) fn serve_readable(&mut self) {
        let mut served = 0;
        let (mut longest_us, mut end_us) = (0, self.now_us);
        while served < self.to_serve.len()
            && (served == 0
                || !self.turn_spent && end_us + longest_us <= self.now_us + TURN_BUDGET_US)
        {
            self.batch.clear();
            let first = served;
            let mut input_bytes = 0;
            while served < self.to_serve.len()
                && served - first < GROUP
                && input_bytes < GROUP_INPUT_BYTES
            {
                input_bytes += self.read_and_parse(self.to_serve[served]);
                served += 1;
            }
            self.run_batch();
            for at in first..served {
                self.settle(self.to_serve[at]);
            }
            for at in first..served {
                self.serve_rest(self.to_serve[at]);
            }
            if served < self.to_serve.len() {
                let start_us = core::mem::replace(&mut end_us, self.clock.monotonic_us());
                longest_us = longest_us.max(end_us - start_us);
            }
        }
        // Whose turn it was goes behind those who had none.
        let (none, some) = (self.left_unserved.drain(..), self.left_half.drain(..));
        self.to_serve.splice(..served, none);
        self.to_serve.extend(some);
    }

    /// Whether the turn has taken as long as its requests may take, or made as many replies.
    pub(super) fn is_turn_spent(&mut self) -> bool {
        let spent = &mut self.turn_spent;
        *spent = *spent || self.clock.monotonic_us() >= self.now_us + TURN_LIMIT_US;
        *spent
    }

    /// Has the requests of a connection wait, from an offset into its input on.
    pub(super) fn postpone(&mut self, slot: u32, offset: usize, waits: Waits) {
        if let Some(connection) = self.connections.get_mut(slot) {
            let unread = connection.input.unread();
            self.batch.quoted.restore(slot, offset, unread);
            let parsed = connection.parsed;
            connection.postpone(offset);
            connection.waits = waits;
            if offset == 0 && connection.big.is_some() {
                let (spans, len) = self.batch.first_of(slot);
                connection.parser.give_again(spans, len.unwrap_or(parsed));
            }
        }
    }

    /// Parses and runs what had to wait for the requests before it.
    pub(super) fn serve_rest(&mut self, slot: u32) {
        while let Some(connection) = self.connections.get_mut(slot)
            && core::mem::take(&mut connection.parse_again)
            && !connection.closing
        {
            self.batch.clear();
            self.parse(slot);
            self.run_batch();
            self.settle(slot);
        }
    }

    /// Takes what a connection has sent into the batch; how many bytes that were.
    fn read_and_parse(&mut self, slot: u32) -> usize {
        let count = self.read_once(slot);
        // A long request is only known as such when its beginning has come; its rest is likely to be there as well.
        if let Some(connection) = self.connections.get(slot)
            && connection.at_least >= LONG_BYTES
            && connection.has_read_all_it_could()
        {
            return count + self.read_once(slot);
        }
        count
    }

    pub(super) fn read_once(&mut self, slot: u32) -> usize {
        let Some(connection) = self.connections.get_mut(slot) else {
            return 0;
        };
        connection.serve_queued = false;
        if connection.closing || connection.waits == Waits::ForRoom {
            return 0;
        }
        if connection.waits == Waits::ForTurn {
            // There is enough to do without reading.
            connection.waits = Waits::No;
            let unread = connection.input.len().min(PARSE_BYTES);
            self.parse(slot);
            return unread;
        }
        if connection.has_ended() {
            return 0;
        }
        let is_long = connection.at_least >= LONG_BYTES && connection.waits == Waits::No;
        let outcome = if is_long {
            self.read_long(slot)
        } else {
            connection.read_input(&mut self.net, &mut self.pool)
        };
        let Some(connection) = self.connections.get_mut(slot) else {
            return 0;
        };
        match outcome {
            Ok(Transfer::Bytes(count)) => {
                connection.client.active_at_ms = self.now_us / 1000;
                self.shared.statistics.input_bytes += count.get() as u64;
                self.shared.statistics.reads += 1;
                if connection.waits == Waits::No && !connection.reads_apart() {
                    self.parse(slot);
                }
                count.get()
            }
            Ok(Transfer::NotReady) => 0,
            Ok(Transfer::Closed) if connection.waits == Waits::ForOutput => {
                self.end_input(slot);
                0
            }
            Ok(Transfer::Closed) if connection.holds > 0 => {
                // It has said all it had to say, and may still wait for the replies that wait for the disk.
                connection.closing = true;
                self.forget_wait(slot);
                0
            }
            Ok(Transfer::Closed) | Err(_) => {
                self.hang_up(slot);
                0
            }
        }
    }

    fn parse(&mut self, slot: u32) {
        let Some(connection) = self.connections.get_mut(slot) else {
            return;
        };
        if !connection.may_reply(&self.shared.settings) {
            return;
        }
        let limits = Limits {
            max_bulk_bytes: self.shared.settings.proto_max_bulk_len,
            unauthenticated: !connection.client.authenticated
                && !self.shared.settings.requirepass.is_empty(),
        };
        let hasher = self.shared.keys.hasher();
        self.batch
            .parse(slot, connection, &limits, &self.shared.registry, hasher);
    }

    fn run_batch(&mut self) {
        for at in 0..self.batch.requests.len() {
            if at % REQUESTS_PER_LOOK == REQUESTS_PER_LOOK - 1 {
                self.is_turn_spent();
            }
            let request = self.batch.requests[at];
            let until = (request.first_lookup + request.lookups) as usize;
            self.batch.ask_ahead(until, &self.shared.keys);
            self.run_request(at, &request);
        }
    }

    #[inline(always)]
    fn run_request(&mut self, at: usize, request: &Request) {
        if self.shared.settings.maxmemory != 0
            && let Some(number) = request.command
            && let Some(command) = self.shared.registry.by_number(number)
            && self.shared.may_need_room(command)
        {
            self.ask_for_room(request.slot, request.offset);
        }
        let Some(connection) = self.connections.get_mut(request.slot) else {
            return;
        };
        if connection.closing || connection.waits != Waits::No {
            return;
        }
        if self.turn_spent {
            return self.leave_for_next_turn(request.slot, request.offset);
        }
        let first = request.first_span as usize;
        let spans = &self.batch.spans[first..first + request.spans as usize];
        let buffer = connection.input.from(request.offset);
        let mut args =
            Args::new(buffer, spans, self.shared.keys.hasher()).with_apart(apart(&connection.big));
        if request.lookups != 0 {
            // The keys that it looks up are hashed already.
            let first = request.first_lookup as usize;
            let lookups = &self.batch.lookups[first..first + request.lookups as usize];
            args = args.with_hashes(KeyHashes {
                first: usize::from(request.first_key),
                step: usize::from(request.key_step),
                lookups,
            });
        }
        let is_logging = self.shared.keys.effects.is_enabled();
        let logged = self.shared.keys.effects.pending_len();
        let reply_from = if is_logging {
            connection.output.end()
        } else {
            0
        };
        let host = &mut self.host;
        let out = connection.output.writer(&mut self.pool);
        let written = out.len();
        let ask = self.shared.run(
            &mut connection.client,
            request.command,
            &args,
            out,
            &mut |into| host.fill_random(into),
        );
        self.reply_bytes += out.len() - written;
        if request.offset == 0 && connection.big.is_some() {
            connection.big = None;
        }
        if !connection.client.loans.is_empty() {
            self.reply_bytes += connection.output.lend(&mut connection.client.loans);
        }
        if is_logging && self.shared.keys.effects.pending_len() != logged {
            connection.logged_from.get_or_insert(reply_from);
        }
        self.turn_spent |= self.reply_bytes >= TURN_REPLY_BYTES;
        if let Some(ask) = ask {
            self.asked(at, *ask);
        }
        if self.shared.keys.waiters.is_anything_ready() {
            self.serve_ready();
        }
    }

    #[cold]
    fn leave_for_next_turn(&mut self, slot: u32, offset: usize) {
        self.postpone(slot, offset, Waits::ForTurn);
        let Some(connection) = self.connections.get_mut(slot) else {
            return;
        };
        connection.serve_queued = true;
        match offset {
            0 => self.left_unserved.push(slot),
            _ => self.left_half.push(slot),
        }
    }

    /// After a connection's requests have run: gives its buffer back and answers a protocol error.
    pub(super) fn settle(&mut self, slot: u32) {
        let limit = self.shared.settings.client_query_buffer_limit as u64;
        let Some(connection) = self.connections.get_mut(slot) else {
            return;
        };
        let parsed = core::mem::take(&mut connection.parsed);
        connection.input.consume(parsed, &mut self.pool);
        if core::mem::take(&mut connection.has_more) && connection.waits == Waits::No {
            connection.waits = Waits::ForTurn;
            connection.serve_queued = true;
            self.left_half.push(slot);
        }
        if connection.has_ended() && connection.waits == Waits::No {
            connection.closing = true;
        }
        if let Some(error) = connection.protocol_error.take()
            && !connection.closing
        {
            connection.closing = true;
            if connection.client.reply_mode != ReplyMode::On {
                return self.queue_flush(slot);
            }
            let out = connection.output.writer(&mut self.pool);
            out.extend_from_slice(format!("-ERR {error}\r\n").as_bytes());
        }
        if connection.input_len() as u64 > limit {
            log::warn!(
                "Closing client that reached max query buffer length: id={}",
                connection.client.id
            );
            return self.close(slot);
        }
        if connection.output.len() == 0 {
            // It wants no replies, so none has to wait.
            connection.logged_from = None;
        }
        self.queue_flush(slot);
    }
}
