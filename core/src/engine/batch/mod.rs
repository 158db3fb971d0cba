//! Running a batch: the requests of a group of ready connections, in passes.
//!
//! 1. Read from each connection and parse every complete request in place; find its command and hash its keys.
//! 2. Run the requests in order, asking for the buckets of keys a little ahead, for the entries of keys half as far
//!    ahead, and half as far again for those of the few keys that are not in their own bucket. Members and fields of big
//!    collections are asked for in the same way, once the entry of their key is near.
//!
//! So the cache misses of different requests overlap, within one connection's pipeline and across connections.
//!
//! ```text
//! mod.rs     the batch, and running it
//! parse.rs   from a connection's input to requests, commands and hashes
//! ask.rs     asking for buckets, entries and members ahead of time
//! ```

mod ask;
mod parse;

use super::Engine;
use super::big_argument::apart;
use super::connection::{Connection, Waits};
use super::quoted::QuotedLines;
use super::timing::Ran;
use crate::bytes::shared::LONG_BYTES;
use crate::command::{Args, Ask, Attention, KeyHashes, Lookup, ReplyMode};
use crate::platform::{Clock, Host, Platform, Transfer};
use crate::resp::{Limits, Span};
use alloc::boxed::Box;
use alloc::format;
use alloc::vec::Vec;
use parse::LastCommand;

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
    /// The command's number, or [`NO_COMMAND`].
    command: u16,
    /// Its length; [`u32::MAX`] if there are arguments apart.
    len: u32,
    /// Index of its first key and distance of one key to the next.
    first_key: u16,
    key_step: u16,
    /// Offset into the connection's unread input.
    offset: usize,
}

/// The number of no command, where there is none of that name. As every number, and no `Option`: it is compared for each
/// request.
pub(super) const NO_COMMAND: u16 = u16::MAX;

/// A member or field that a request will look up in a key's value.
#[derive(Clone, Copy)]
struct Member {
    hash: u64,
    /// The key's place in [`Batch::lookups`].
    lookup: u32,
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
}

/// Empties `list`, which keeps room for `keep` items at most.
fn clear_to<T>(list: &mut Vec<T>, keep: usize) {
    list.clear();
    if list.capacity() > keep {
        *list = Vec::new();
    }
}

impl Batch {
    /// The numbers of the commands of the batch, in order.
    pub(super) fn command_numbers(&self) -> impl Iterator<Item = u16> {
        let numbers = self.requests.iter().map(|request| request.command);
        numbers.filter(|&number| number != NO_COMMAND)
    }

    /// The arguments of the first request of a connection in the batch, and where the next one begins, if there is one.
    fn first_of(&self, slot: u32) -> (&[Span], Option<usize>) {
        let mut requests = self.requests.iter().filter(|request| request.slot == slot);
        let spans = requests.next().map_or(0..0, |request| {
            let first = request.first_span as usize;
            first..first + request.spans as usize
        });
        (&self.spans[spans], requests.next().map(|next| next.offset))
    }

    /// Where in its connection's input the request at `at` begins.
    pub(super) fn offset_of(&self, at: usize) -> usize {
        self.requests[at].offset
    }

    /// Whose request the one at `at` is, and where that client's next one begins, if there is one.
    pub(super) fn request_and_next(&self, at: usize) -> (u32, Option<usize>) {
        let slot = self.requests[at].slot;
        let next = self.requests.get(at + 1);
        let next = next.filter(|request| request.slot == slot);
        (slot, next.map(|request| request.offset))
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
                connection.received_bytes += count.get() as u64;
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
            unauthenticated: !connection.client.is_authenticated() && !self.shared.users.is_open(),
        };
        let hasher = self.shared.keys.hasher();
        self.batch
            .parse(slot, connection, &limits, &self.shared.registry, hasher);
    }

    fn run_batch(&mut self) {
        self.begin_timing();
        for at in 0..self.batch.requests.len() {
            if at % REQUESTS_PER_LOOK == REQUESTS_PER_LOOK - 1 {
                self.is_turn_spent();
                self.shared.keys.effects.seal_if_long();
            }
            let request = self.batch.requests[at];
            let until = (request.first_lookup + request.lookups) as usize;
            self.batch.ask_ahead(until, &self.shared.keys);
            self.run_request(at, &request);
        }
        self.end_run(self.batch.requests.len());
    }

    #[inline(always)]
    fn run_request(&mut self, at: usize, request: &Request) {
        if !self.timing.is_of_group(request.command) {
            self.change_group(at);
        }
        if self.shared.settings.maxmemory != 0
            && let Some(command) = self.shared.registry.by_number(request.command)
            && (self.shared.may_need_room(command) || self.is_in_multi(request.slot))
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
        // The keys that it looks up are hashed already.
        let first = request.first_lookup as usize;
        let hashes = KeyHashes {
            first: usize::from(request.first_key),
            step: usize::from(request.key_step),
            lookups: &self.batch.lookups[first..first + request.lookups as usize],
        };
        let (hasher, apart) = (self.shared.keys.hasher(), apart(&connection.big));
        let args = Args::hashed(buffer, spans, hasher, hashes, apart);
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
            Some(request.command),
            &args,
            out,
            &mut |into| host.fill_random(into),
        );
        let mut replied = out.len().saturating_sub(written);
        if is_logging {
            let has_logged = self.shared.keys.effects.pending_len() != logged;
            let number = connection.client.last_command;
            if self
                .unsynced
                .must_wait(number, &args, &self.shared, has_logged)
            {
                connection.logged_from.get_or_insert(reply_from);
            }
        }
        if !connection.client.loans.is_empty() {
            replied += connection.output.lend(&mut connection.client.loans);
        }
        self.reply_bytes += replied;
        self.turn_spent |= self.reply_bytes >= TURN_REPLY_BYTES;
        if ask.is_some() || !self.timing.is_short(request.len, replied) {
            self.ran(at, ask, replied);
        } else if self.timing.is_last(at) {
            self.end_run(at + 1);
        }
        if !self.shared.keys.events.is_empty() {
            self.tell_events(Some(request.slot));
        }
        if self.shared.keys.waiters.is_anything_ready() {
            self.end_run(at + 1);
            self.serve_ready();
        }
    }

    /// Whether a client is between MULTI and EXEC, where every request may need room.
    fn is_in_multi(&self, slot: u32) -> bool {
        let connection = self.connections.get(slot);
        connection.is_some_and(|connection| connection.client.attention.has(Attention::IN_MULTI))
    }

    /// Ends the group of commands that are timed together, if some ran before `end` in the batch. Once in a group, so it
    /// is kept out of what runs for each request.
    #[inline(never)]
    fn end_run(&mut self, end: usize) {
        if !self.timing.is_running(end) {
            return;
        }
        self.timing.go_on_at(end);
        if let Some(long) = self.end_group() {
            self.run_was_long(long, end - 1);
        }
    }

    #[cold]
    #[inline(never)]
    fn run_was_long(&mut self, long: (u64, u64), last: usize) {
        let ran = self.look_back(last);
        self.took_long(long, ran);
    }

    /// Begins a group with the request at `at`, after ending the one before.
    #[inline(never)]
    fn change_group(&mut self, at: usize) {
        self.end_run(at);
        let command = self.batch.requests[at].command;
        self.begin_group(command);
        self.timing.go_on_at(at);
    }

    /// Ends a group with a command that is long or has asked for something, which is carried out.
    #[inline(never)]
    fn ran(&mut self, at: usize, ask: Option<Box<Ask>>, replied: usize) {
        let request = self.batch.requests[at];
        if let Some(ask) = ask {
            let ran = self.look_back(at);
            self.forget_big(&request);
            self.asked(at, *ask);
            self.timing.go_on_at(at + 1);
            if let Some(long) = self.end_group() {
                self.took_long(long, ran);
            }
            return;
        }
        self.end_run(at + 1);
        let is_apart = |connection: &Connection| request.offset == 0 && connection.big.is_some();
        let is_apart = self.connections.get(request.slot).is_some_and(is_apart);
        if (is_apart || self.timing.is_large(request.len, replied))
            && let Some(ran) = self.look_back(at)
        {
            self.was_large(replied as u64, ran);
        }
        self.forget_big(&request);
    }

    fn forget_big(&mut self, request: &Request) {
        if request.offset == 0
            && let Some(connection) = self.connections.get_mut(request.slot)
        {
            connection.big = None;
        }
    }

    /// What the logs keep of the request at `at`, whose connection is still there.
    fn look_back(&self, at: usize) -> Option<Ran> {
        let request = self.batch.requests.get(at)?;
        let connection = self.connections.get(request.slot)?;
        let first = request.first_span as usize;
        let spans = &self.batch.spans[first..first + request.spans as usize];
        let buffer = connection.input.from(request.offset);
        let apart = match request.offset {
            0 => apart(&connection.big),
            _ => None,
        };
        let args = Args::new(buffer, spans, self.shared.keys.hasher()).with_apart(apart);
        Some(Ran::new(request.slot, &args))
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
        let queued = connection.client.multi.as_ref();
        let queued = queued.map_or(0, |multi| multi.request_bytes());
        if (connection.input_len() + queued) as u64 > limit {
            log::warn!(
                "Closing client that reached max query buffer length: id={}",
                connection.client.id
            );
            self.shared.statistics.input_limit_disconnections += 1;
            return self.close(slot);
        }
        if connection.output.len() == 0 {
            // It wants no replies, so none has to wait.
            connection.logged_from = None;
        }
        self.queue_flush(slot);
    }
}
