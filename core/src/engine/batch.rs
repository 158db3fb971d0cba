//! Running a batch: the requests of a group of ready connections, in passes.
//!
//! 1. Read from each connection and parse every complete request in place; find its command and hash its keys.
//! 2. Run the requests in order, asking for the buckets of keys a little ahead and for the entries of keys half as far
//!    ahead.
//!
//! So the cache misses of different requests overlap, within one connection's pipeline and across connections.

use super::Engine;
use super::connection::{Connection, Waits};
use super::quoted::QuotedLines;
use crate::bytes::hash::Hasher;
use crate::command::{Args, Command, Flags, Found, KeyHashes, Registry, ReplyMode};
use crate::keyspace::Keyspace;
use crate::platform::{Clock, Host, Net, Platform, Transfer};
use crate::resp::{Limits, Progress, ProtocolError, Span};
use alloc::format;
use alloc::vec::Vec;

/// Connections of one group, and after how many bytes read it gets no more of them.
const GROUP: usize = 64;
const GROUP_INPUT_BYTES: usize = 64 * 1024;
/// How long the requests of one turn may take, microseconds, and how many bytes of replies they may make. What is over
/// when that is reached runs in the next turn, after the replies so far were sent.
const TURN_BUDGET_US: u64 = 400;
const TURN_REPLY_BYTES: usize = 512 * 1024;
/// Requests between two looks at the clock.
const REQUESTS_PER_LOOK: usize = 128;
/// How many keys ahead of the running request entries are asked for; buckets are twice as far ahead.
const AHEAD: usize = 16;
/// Keys of one request that are hashed ahead; the rest are hashed when it runs.
const KEYS_AHEAD: usize = 128;

/// A parsed request that waits to run.
#[derive(Clone, Copy)]
struct Request {
    slot: u32,
    /// Offset into the connection's unread input.
    offset: usize,
    first_span: u32,
    spans: u32,
    command: Option<Command>,
    /// Index of its first key and distance of one key to the next; index 0: it has none.
    first_key: u16,
    key_step: u16,
    /// Its part of [`Batch::lookups`].
    first_lookup: u32,
    lookups: u32,
}

/// The command of the request before, under the name it came with: a pipeline mostly repeats one.
#[derive(Default)]
struct LastCommand {
    name: heapless::Vec<u8, 16>,
    command: Option<Command>,
}

impl LastCommand {
    #[inline]
    fn find(&mut self, args: &Args<'_>, registry: &Registry) -> Option<Command> {
        let name = args.at(0);
        if self.command.is_some() && name == self.name.as_slice() {
            return self.command;
        }
        let Found::Command(&command) = registry.find(args) else {
            return None;
        };
        // A container's name does not tell the command.
        let alone = command.container.is_none() && !command.spec.flags.has(Flags::CONTAINER);
        if alone && let Ok(name) = heapless::Vec::from_slice(name) {
            *self = LastCommand {
                name,
                command: Some(command),
            };
        }
        Some(command)
    }
}

/// The requests of a group, and their arguments.
#[derive(Default)]
pub(super) struct Batch {
    requests: Vec<Request>,
    spans: Vec<Span>,
    pub(super) quoted: QuotedLines,
    /// Hashes of the keys of all requests, in order.
    hashes: Vec<u64>,
    /// The database of each.
    databases: Vec<u32>,
    last: LastCommand,
    /// Up to where buckets and entries were asked for.
    asked_buckets: usize,
    asked_entries: usize,
}

/// Requests and spans kept between batches; room for more is given back.
const KEEP_REQUESTS: usize = 16 * 1024;
const KEEP_SPANS: usize = 64 * 1024;

impl Batch {
    fn clear(&mut self) {
        self.requests.clear();
        self.spans.clear();
        self.quoted.clear();
        self.hashes.clear();
        self.databases.clear();
        self.asked_buckets = 0;
        self.asked_entries = 0;
        if self.hashes.capacity() > KEEP_REQUESTS {
            self.hashes = Vec::new();
            self.databases = Vec::new();
        }
        if self.spans.capacity() > KEEP_SPANS {
            self.spans = Vec::new();
        }
        if self.requests.capacity() > KEEP_REQUESTS {
            self.requests = Vec::new();
        }
    }

    /// Parses every complete request of a connection's input.
    fn parse(
        &mut self,
        slot: u32,
        connection: &mut Connection,
        limits: &Limits,
        registry: &Registry,
        hasher: Hasher,
    ) {
        let unread = connection.input.unread();
        let mut offset = 0;
        let requests = self.requests.len();
        connection.at_least = 0;
        while offset < unread.len() {
            let first_span = self.spans.len();
            let rest = &mut unread[offset..];
            self.quoted.note(slot, offset, rest);
            match connection.parser.parse(rest, limits, &mut self.spans) {
                Ok(Progress::Request { len, arguments }) => {
                    if arguments > 0 {
                        let args = Args::new(rest, &self.spans[first_span..], hasher);
                        let request = Request {
                            slot,
                            offset,
                            first_span: first_span as u32,
                            spans: arguments as u32,
                            command: None,
                            first_key: 0,
                            key_step: 1,
                            first_lookup: self.hashes.len() as u32,
                            lookups: 0,
                        };
                        let command = self.last.find(&args, registry);
                        let request = look_ahead(request, &args, command, &mut self.hashes);
                        self.databases
                            .resize(self.hashes.len(), connection.client.db as u32);
                        self.requests.push(request);
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
    }
}

/// Hashes the keys of a request of `command`.
#[inline]
fn look_ahead(
    mut request: Request,
    args: &Args<'_>,
    command: Option<Command>,
    hashes: &mut Vec<u64>,
) -> Request {
    let Some(command) = command else {
        return request;
    };
    request.command = Some(command);
    let Some(range) = command.spec.keys.first() else {
        return request;
    };
    request.first_key = range.first as u16;
    request.key_step = range.step.max(1) as u16;
    let last = if range.last < 0 {
        args.len()
            .saturating_sub(usize::from(range.last.unsigned_abs()))
    } else {
        (range.last as usize).min(args.len() - 1)
    };
    let indices = usize::from(request.first_key)..=last;
    for index in indices
        .step_by(usize::from(request.key_step))
        .take(KEYS_AHEAD)
    {
        hashes.push(args.key(index).hash);
        request.lookups += 1;
    }
    request
}

impl Batch {
    /// Asks for buckets and entries up to some way beyond the keys of the request at `at`.
    #[inline]
    fn ask_ahead(&mut self, at: usize, keys: &Keyspace) {
        let request = &self.requests[at];
        let until = (request.first_lookup + request.lookups) as usize;
        let buckets = (until + 2 * AHEAD).min(self.hashes.len());
        for lookup in self.asked_buckets..buckets {
            keys.prefetch_bucket(self.databases[lookup] as usize, self.hashes[lookup]);
        }
        self.asked_buckets = buckets.max(self.asked_buckets);
        let entries = (until + AHEAD).min(self.hashes.len());
        for lookup in self.asked_entries..entries {
            keys.prefetch_entry(self.databases[lookup] as usize, self.hashes[lookup]);
        }
        self.asked_entries = entries.max(self.asked_entries);
    }
}

impl<P: Platform> Engine<P> {
    /// Puts a connection on the list of those to be served, once.
    pub(super) fn queue_serve(&mut self, slot: u32) {
        if let Some(connection) = self.connections.get_mut(slot)
            && !core::mem::replace(&mut connection.serve_queued, true)
        {
            self.to_serve.push(slot);
        }
    }

    /// Reads from the connections that are ready, and runs what they sent, until all are served or the turn has taken
    /// long enough. The rest stays in the list, to be the first in the next turn.
    pub(super) fn serve_readable(&mut self) {
        let mut served = 0;
        while served < self.to_serve.len() && (served == 0 || !self.is_turn_spent()) {
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
        }
        self.to_serve.drain(..served);
    }

    /// Whether the turn has taken as long as its requests may take, or made as many replies.
    fn is_turn_spent(&mut self) -> bool {
        let spent = &mut self.turn_spent;
        *spent = *spent || self.clock.monotonic_us() >= self.now_us + TURN_BUDGET_US;
        *spent
    }

    /// Has the requests of a connection wait, from an offset into its input on.
    pub(super) fn postpone(&mut self, slot: u32, offset: usize, waits: Waits) {
        if let Some(connection) = self.connections.get_mut(slot) {
            let unread = connection.input.unread();
            self.batch.quoted.restore(slot, offset, unread);
            connection.postpone(offset);
            connection.waits = waits;
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
            let unread = connection.input.len();
            self.parse(slot);
            return unread;
        }
        let room = connection.input.room(connection.at_least, &mut self.pool);
        match self.net.read(connection.fd, room) {
            Ok(Transfer::Bytes(count)) => {
                connection.input.filled(count.get());
                connection.client.active_at_ms = self.now_us / 1000;
                self.shared.statistics.input_bytes += count.get() as u64;
                self.shared.statistics.reads += 1;
                self.parse(slot);
                count.get()
            }
            Ok(Transfer::NotReady) => 0,
            Ok(Transfer::Closed) if connection.holds > 0 => {
                // It has said all it had to say, and may still wait for the replies that wait for the disk.
                connection.closing = true;
                0
            }
            Ok(Transfer::Closed) | Err(_) => {
                self.close(slot);
                0
            }
        }
    }

    fn parse(&mut self, slot: u32) {
        let Some(connection) = self.connections.get_mut(slot) else {
            return;
        };
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
            self.batch.ask_ahead(at, &self.shared.keys);
            self.run_request(at);
        }
    }

    fn run_request(&mut self, at: usize) {
        let request = self.batch.requests[at];
        if let Some(command) = &request.command
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
        let mut args = Args::new(buffer, spans, self.shared.keys.hasher());
        if request.lookups != 0 {
            let first = request.first_lookup as usize;
            args = args.with_hashes(KeyHashes {
                first: usize::from(request.first_key),
                step: usize::from(request.key_step),
                hashes: &self.batch.hashes[first..first + request.lookups as usize],
            });
        }
        let logged = self.shared.keys.effects.pending().len();
        let reply_from = connection.output.end();
        let host = &mut self.host;
        let ask = self.shared.run(
            &mut connection.client,
            request.command,
            &args,
            connection.output.writer(&mut self.pool),
            &mut |into| host.fill_random(into),
        );
        if self.shared.keys.effects.pending().len() != logged {
            connection.logged_from.get_or_insert(reply_from);
        }
        self.reply_bytes += (connection.output.end() - reply_from) as usize;
        self.turn_spent |= self.reply_bytes >= TURN_REPLY_BYTES;
        if let Some(ask) = ask {
            self.carry_out(request.slot, *ask);
        }
    }

    #[cold]
    fn leave_for_next_turn(&mut self, slot: u32, offset: usize) {
        self.postpone(slot, offset, Waits::ForTurn);
        self.queue_serve(slot);
    }

    /// After a connection's requests have run: gives its buffer back and answers a protocol error.
    fn settle(&mut self, slot: u32) {
        let limit = self.shared.settings.client_query_buffer_limit as u64;
        let Some(connection) = self.connections.get_mut(slot) else {
            return;
        };
        let parsed = core::mem::take(&mut connection.parsed);
        connection.input.consume(parsed, &mut self.pool);
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
        if connection.input.len() as u64 > limit {
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
