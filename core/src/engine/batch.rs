//! Running a batch: the requests of a group of ready connections, in passes.
//!
//! 1. Read from each connection and parse every complete request in place; hash its first key and ask for the
//!    key's bucket.
//! 2. Run the requests in order, asking for the entries of those a little ahead.
//!
//! So the cache misses of different requests overlap, within one connection's pipeline and across connections.

use super::Engine;
use super::connection::Connection;
use crate::command::{Args, Command, Found, Registry, ReplyMode};
use crate::keyspace::Keyspace;
use crate::platform::{Host, Net, Platform, Transfer};
use crate::resp::{Limits, Progress, ProtocolError, Span};
use alloc::format;
use alloc::vec::Vec;

/// Connections of one group.
const GROUP: usize = 64;
/// How many requests ahead of the running one entries are asked for.
const AHEAD: usize = 12;

/// A parsed request that waits to run.
#[derive(Clone, Copy)]
struct Request {
    slot: u32,
    /// Offset into the connection's unread input.
    offset: usize,
    first_span: u32,
    spans: u32,
    command: Option<Command>,
    /// Index and hash of its first key; index 0: it has none.
    key_index: u16,
    db: u32,
    hash: u64,
}

/// The requests of a group, and their arguments.
#[derive(Default)]
pub(super) struct Batch {
    requests: Vec<Request>,
    spans: Vec<Span>,
    /// Lines with quotes as they came, while requests may have to wait: parsing takes the quotes away.
    quoted: Vec<Quoted>,
}

/// An inline request with quotes: whose, from which offset into the unread input, and its bytes.
struct Quoted {
    slot: u32,
    offset: usize,
    line: Vec<u8>,
}

/// Requests and spans kept between batches; room for more is given back.
const KEEP_REQUESTS: usize = 16 * 1024;
const KEEP_SPANS: usize = 64 * 1024;

impl Batch {
    fn clear(&mut self) {
        self.requests.clear();
        self.spans.clear();
        self.quoted.clear();
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
        keys: &Keyspace,
        may_wait: bool,
    ) {
        let unread = connection.input.unread();
        let mut offset = 0;
        let requests = self.requests.len();
        connection.at_least = 0;
        while offset < unread.len() {
            let first_span = self.spans.len();
            let rest = &mut unread[offset..];
            if may_wait && let Some(line) = quoted_line(rest) {
                self.quoted.push(Quoted { slot, offset, line });
            }
            match connection.parser.parse(rest, limits, &mut self.spans) {
                Ok(Progress::Request { len, arguments }) => {
                    if arguments > 0 {
                        let args = Args::new(rest, &self.spans[first_span..], keys.hasher());
                        let request = Request {
                            slot,
                            offset,
                            first_span: first_span as u32,
                            spans: arguments as u32,
                            command: None,
                            key_index: 0,
                            db: connection.client.db as u32,
                            hash: 0,
                        };
                        self.requests
                            .push(look_ahead(request, &args, registry, keys));
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

    /// Gives back to a connection's input, from an offset on, the quotes that parsing has taken.
    pub(super) fn restore(&mut self, slot: u32, offset: usize, connection: &mut Connection) {
        let unread = connection.input.unread();
        for quoted in self.quoted.iter().filter(|quoted| quoted.slot == slot) {
            if quoted.offset >= offset {
                let end = quoted.offset + quoted.line.len();
                unread[quoted.offset..end].copy_from_slice(&quoted.line);
            }
        }
    }
}

/// A copy of the line at the start, if it is an inline request with quotes.
fn quoted_line(input: &[u8]) -> Option<Vec<u8>> {
    if input.first() == Some(&b'*') {
        return None;
    }
    let line = input.split(|&byte| byte == b'\n').next()?;
    let has_quotes = line.iter().any(|byte| matches!(byte, b'"' | b'\''));
    has_quotes.then(|| line.to_vec())
}

/// Finds the command and hashes its first key.
#[inline]
fn look_ahead(
    mut request: Request,
    args: &Args<'_>,
    registry: &Registry,
    keys: &Keyspace,
) -> Request {
    if let Found::Command(command) = registry.find(args) {
        request.command = Some(*command);
        if let Some(range) = command.spec.keys.first() {
            let index = range.first as u16;
            request.key_index = index;
            request.hash = args.key(usize::from(index)).hash;
            keys.prefetch_bucket(request.db as usize, request.hash);
        }
    }
    request
}

impl<P: Platform> Engine<P> {
    /// Reads from the connections that are ready, and runs what they sent.
    pub(super) fn serve_readable(&mut self, slots: &[u32]) {
        for group in slots.chunks(GROUP) {
            self.batch.clear();
            for &slot in group {
                self.read_and_parse(slot);
            }
            self.run_batch();
            for &slot in group {
                self.settle(slot);
            }
            for &slot in group {
                self.serve_rest(slot);
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

    fn read_and_parse(&mut self, slot: u32) {
        let Some(connection) = self.connections.get_mut(slot) else {
            return;
        };
        if connection.closing || connection.waits_for_room {
            return;
        }
        let room = connection.input.room(connection.at_least, &mut self.pool);
        match self.net.read(connection.fd, room) {
            Ok(Transfer::Bytes(count)) => {
                connection.input.filled(count.get());
                connection.client.active_at_ms = self.now_us / 1000;
                self.shared.statistics.input_bytes += count.get() as u64;
            }
            Ok(Transfer::NotReady) => return,
            Ok(Transfer::Closed) if connection.holds > 0 => {
                // It has said all it had to say, and may still wait for the replies that wait for the disk.
                connection.closing = true;
                return;
            }
            Ok(Transfer::Closed) | Err(_) => return self.close(slot),
        }
        self.parse(slot);
    }

    fn parse(&mut self, slot: u32) {
        let Some(connection) = self.connections.get_mut(slot) else {
            return;
        };
        let limits = Limits {
            max_bulk_bytes: self.shared.settings.proto_max_bulk_len,
            unauthenticated: !connection.client.authenticated,
        };
        let (registry, keys) = (&self.shared.registry, &self.shared.keys);
        let may_wait = self.shared.settings.maxmemory != 0;
        self.batch
            .parse(slot, connection, &limits, registry, keys, may_wait);
    }

    fn run_batch(&mut self) {
        let count = self.batch.requests.len();
        for at in 0..count.min(AHEAD) {
            self.ask_for_entry(at);
        }
        for at in 0..count {
            if at + AHEAD < count {
                self.ask_for_entry(at + AHEAD);
            }
            self.run_request(at);
        }
    }

    #[inline]
    fn ask_for_entry(&self, at: usize) {
        let request = &self.batch.requests[at];
        if request.key_index != 0 {
            self.shared
                .keys
                .prefetch_entry(request.db as usize, request.hash);
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
        if connection.closing || connection.waits_for_room {
            return;
        }
        let first = request.first_span as usize;
        let spans = &self.batch.spans[first..first + request.spans as usize];
        let buffer = connection.input.from(request.offset);
        let mut args = Args::new(buffer, spans, self.shared.keys.hasher());
        if request.key_index != 0 {
            args = args.with_hash(usize::from(request.key_index), request.hash);
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
        if let Some(ask) = ask {
            self.carry_out(request.slot, *ask);
        }
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
