//! Connections: what the engine knows of each, and the slab they live in.

use super::big_argument::BigArguments;
use super::buffer::Input;
use super::client_memory::Counted;
use super::outbox::Output;
use super::waiting::Waiting;
use crate::command::ClientState;
use crate::platform::{Fd, Interest};
use crate::resp::{ProtocolError, RequestParser};
use crate::settings::{BufferLimit, OutputBufferLimits};
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

/// What requests that are read and not run wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Waits {
    /// For nothing.
    No,
    /// For room under `maxmemory`.
    ForRoom,
    /// For another turn: this one has taken long enough.
    ForTurn,
    /// For replies to be sent.
    ForOutput,
    /// For the request before them, which itself waits ([`Connection::waiting`]).
    ForAnswer,
    /// For the end of CLIENT PAUSE.
    ForPause,
}

/// What a client is, as far as limits and filters ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ClientKind {
    Normal,
    /// It is sent every request (MONITOR); to filters it is a normal one.
    Monitor,
    /// It has subscribed to something.
    PubSub,
}

impl ClientKind {
    /// The word of CLIENT LIST TYPE.
    pub(super) fn name(self) -> &'static str {
        match self {
            ClientKind::Normal | ClientKind::Monitor => "normal",
            ClientKind::PubSub => "pubsub",
        }
    }

    /// How much it may leave unread. A monitor, which asks for an amount that it cannot know, has the limit of replicas
    /// as long as normal clients have none: so it had in Redis while it counted as one.
    pub(super) fn limit(self, limits: &OutputBufferLimits) -> BufferLimit {
        match self {
            ClientKind::PubSub => limits.pubsub,
            ClientKind::Monitor if limits.normal == BufferLimit::default() => limits.replica,
            ClientKind::Normal | ClientKind::Monitor => limits.normal,
        }
    }
}

/// One client's connection.
pub(super) struct Connection {
    pub(super) fd: Fd,
    pub(super) client: ClientState,
    pub(super) parser: RequestParser,
    pub(super) input: Input,
    /// What of the first request is not in the input.
    pub(super) big: Option<Box<BigArguments>>,
    pub(super) output: Output,
    /// Bytes of the input that are parsed; the requests in them run in this turn.
    pub(super) parsed: usize,
    /// How long the unfinished request at the start of the input is known to become.
    pub(super) at_least: usize,
    /// Requests follow that can be judged only when those before them have run.
    pub(super) parse_again: bool,
    /// What the requests at the start of the input wait for.
    pub(super) waits: Waits,
    /// A request that has run and waits to be run again.
    pub(super) waiting: Option<Box<Waiting>>,
    /// The connection is in the list of those to be served.
    pub(super) serve_queued: bool,
    /// Requests may follow that run in the next turn.
    pub(super) has_more: bool,
    /// The peer sends nothing more; the connection ends with the requests that wait.
    pub(super) input_ended: bool,
    /// The peer is gone. What it sent still runs, and nobody gets the replies.
    pub(super) hung_up: bool,
    /// The input cannot be understood; answered when the requests before it have run.
    pub(super) protocol_error: Option<ProtocolError>,
    /// No more input is wanted; closed when the output is sent.
    pub(super) closing: bool,
    /// The connection is in the list of those to be flushed.
    pub(super) flush_queued: bool,
    /// Where in the output the first reply of this turn begins whose command was logged.
    pub(super) logged_from: Option<u64>,
    /// Where in the output the first reply of this turn begins that waits for the log whatever the policy (WAITAOF).
    pub(super) awaits_log_from: Option<u64>,
    /// How often the connection stands in the queue of held replies.
    pub(super) holds: u32,
    /// While there are such: up to where the output may be sent.
    pub(super) released: u64,
    /// When the output went over its soft limit, milliseconds on the monotonic clock.
    pub(super) over_soft_limit_since_ms: Option<u64>,
    /// What of it is counted for `maxmemory-clients`.
    pub(super) counted: Counted,
    /// What the loop watches it for.
    pub(super) interest: Interest,
    /// It came through a Unix socket.
    pub(super) unix: bool,
    /// Bytes that it has sent so far.
    pub(super) received_bytes: u64,
}

impl Connection {
    /// From where on its replies of this turn wait for the disk: those to writes if `all_wait`, those that asked for it in
    /// any case.
    pub(super) fn take_waits_from(&mut self, all_wait: bool) -> Option<u64> {
        let logged = self.logged_from.take_if(|_| all_wait);
        logged.into_iter().chain(self.awaits_log_from.take()).min()
    }

    pub(super) fn new(fd: Fd, client: ClientState, unix: bool) -> Self {
        Connection {
            fd,
            client,
            parser: RequestParser::default(),
            input: Input::default(),
            big: None,
            output: Output::default(),
            parsed: 0,
            at_least: 0,
            parse_again: false,
            waits: Waits::No,
            waiting: None,
            serve_queued: false,
            has_more: false,
            input_ended: false,
            hung_up: false,
            protocol_error: None,
            closing: false,
            flush_queued: false,
            logged_from: None,
            awaits_log_from: None,
            holds: 0,
            released: 0,
            over_soft_limit_since_ms: None,
            counted: Counted::default(),
            unix,
            received_bytes: 0,
            interest: Interest {
                readable: true,
                writable: false,
            },
        }
    }

    pub(super) fn kind(&self) -> ClientKind {
        if self.client.subscriber.is_some() {
            ClientKind::PubSub
        } else if self.client.is_monitor() {
            ClientKind::Monitor
        } else {
            ClientKind::Normal
        }
    }

    /// The letters of CLIENT LIST's flags, in Redis's order. `is_dirty`: EXEC would not run what is queued.
    pub(super) fn flags(&self, is_dirty: bool) -> String {
        let client = &self.client;
        let is_blocked = matches!(self.waits, Waits::ForAnswer | Waits::ForPause);
        let tracking = client.tracking.as_deref();
        let redirect = tracking.and_then(|tracking| tracking.redirect);
        let is_broken = redirect.is_some_and(|redirect| redirect.is_broken);
        let mut flags = String::new();
        for (is, letter) in [
            (client.is_monitor(), 'O'),
            (client.subscriber.is_some(), 'P'),
            (client.multi.is_some(), 'x'),
            (is_blocked, 'b'),
            (is_dirty, 'd'),
            (self.closing, 'c'),
            (tracking.is_some(), 't'),
            (is_broken, 'R'),
            (tracking.is_some_and(|it| it.is_broadcast), 'B'),
            (self.unix, 'U'),
            (client.no_evict, 'e'),
            (client.no_touch, 'T'),
        ] {
            if is {
                flags.push(letter);
            }
        }
        if flags.is_empty() {
            flags.push('N');
        }
        flags
    }

    /// What the loop watches it for, as CLIENT LIST tells it.
    pub(super) fn events(&self) -> &'static str {
        match (self.interest.readable, self.interest.writable) {
            (true, true) => "rw",
            (true, false) => "r",
            (false, true) => "w",
            (false, false) => "",
        }
    }

    /// Takes the requests from an offset into the input on back; they are parsed anew.
    pub(super) fn postpone(&mut self, offset: usize) {
        self.parsed = offset;
        self.at_least = 0;
        self.parser = RequestParser::default();
        self.parse_again = false;
        self.protocol_error = None;
    }

    /// Bytes of memory that the connection takes.
    pub(super) fn memory_bytes(&self) -> usize {
        let waiting = self.waiting.as_ref().map_or(0, |it| it.memory_bytes());
        size_of::<Connection>()
            + self.input_capacity()
            + self.output.capacity()
            + waiting
            + self.client.transaction_bytes()
    }

    /// How much of the output may be sent now.
    pub(super) fn sendable_len(&self) -> usize {
        if self.holds == 0 {
            self.output.len()
        } else {
            self.output.len_until(self.released)
        }
    }
}

/// Connections by slot; a slot is used again after its connection is gone.
#[derive(Default)]
pub(super) struct Connections {
    slots: Vec<Option<Box<Connection>>>,
    free: Vec<u32>,
    len: usize,
}

impl Connections {
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Slots in use and free ones.
    pub(super) fn slot_count(&self) -> usize {
        self.slots.len()
    }

    pub(super) fn insert(&mut self, connection: Connection) -> u32 {
        self.len += 1;
        let connection = Some(Box::new(connection));
        match self.free.pop() {
            Some(slot) => {
                self.slots[slot as usize] = connection;
                slot
            }
            None => {
                self.slots.push(connection);
                (self.slots.len() - 1) as u32
            }
        }
    }

    #[inline]
    pub(super) fn get_mut(&mut self, slot: u32) -> Option<&mut Connection> {
        self.slots.get_mut(slot as usize)?.as_deref_mut()
    }

    pub(super) fn get(&self, slot: u32) -> Option<&Connection> {
        self.slots.get(slot as usize)?.as_deref()
    }

    pub(super) fn remove(&mut self, slot: u32) -> Option<Box<Connection>> {
        let connection = self.slots.get_mut(slot as usize)?.take()?;
        self.free.push(slot);
        self.len -= 1;
        Some(connection)
    }

    /// Slots in use with their connections.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, &Connection)> {
        let numbered = self.slots.iter().enumerate();
        numbered.filter_map(|(slot, c)| c.as_deref().map(|c| (slot as u32, c)))
    }
}
