//! Connections in memory.
//!
//! A connection is a link of two byte queues: one end is a descriptor of the engine's process, the other a
//! [`super::SimClient`]. Descriptors are given out lowest first, so a number that was closed is soon used again,
//! as on Unix.

use std::collections::{BTreeMap, VecDeque};
use std::num::NonZeroUsize;

use rotom_core::platform::{Accepted, AddressText, Fd, IoError, ListenAt, Net, Transfer};

use super::{Shared, World, chance};

/// Descriptors below are the standard streams and the wake.
const FIRST_SOCKET: i32 = 4;
/// How many bytes of replies a client leaves unreceived before the server's writes are not taken.
const SEND_BUFFER: usize = 64 * 1024;
/// Addresses that the simulated machine has.
const MACHINE_ADDRESSES: [&str; 3] = ["127.0.0.1", "10.0.0.1", "0.0.0.0"];
const SERVER_ADDRESS: &str = "127.0.0.1:6379";

/// How often the network misbehaves, each in times out of a hundred. `Default` is never.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NetFaults {
    /// A read or write moves fewer bytes than it could.
    pub short_percent: u8,
    /// A read or write says `NotReady` though it could move bytes.
    pub not_ready_percent: u8,
    /// A read or write finds the connection reset.
    pub reset_percent: u8,
}

#[derive(Debug)]
pub(super) struct Network {
    sockets: BTreeMap<Fd, Socket>,
    links: BTreeMap<LinkId, Link>,
    next_link: u64,
    pub(super) faults: NetFaults,
    pub(super) accept_failure: Option<(IoError, u32)>,
    pub(super) socket_limit: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct LinkId(u64);

#[derive(Debug)]
enum Socket {
    Listener {
        waiting: VecDeque<LinkId>,
        host: String,
        port: u16,
    },
    Stream(LinkId),
}

/// How far the client has gone in ending the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum ClientEnd {
    Open,
    /// Sends nothing more, still receives.
    Shut,
    /// Neither sends nor receives; what it sent can still be read.
    Closed,
    /// As if it had never been.
    Reset,
}

#[derive(Debug)]
pub(super) struct Link {
    pub(super) to_server: VecDeque<u8>,
    pub(super) to_client: VecDeque<u8>,
    pub(super) client: ClientEnd,
    pub(super) is_server_gone: bool,
    /// Whether the test still has the client.
    is_held: bool,
    pub(super) failure: Option<IoError>,
    pub(super) read_chunk: usize,
    pub(super) write_chunk: usize,
    pub(super) send_buffer: usize,
    pub(super) peer: String,
    local: bool,
}

impl Link {
    fn room(&self) -> usize {
        self.send_buffer.saturating_sub(self.to_client.len())
    }
}

impl Network {
    pub(super) fn new() -> Self {
        Network {
            sockets: BTreeMap::new(),
            links: BTreeMap::new(),
            next_link: 0,
            faults: NetFaults::default(),
            accept_failure: None,
            socket_limit: usize::MAX,
        }
    }

    pub(super) fn listen(&mut self) -> Fd {
        self.open(Socket::Listener {
            waiting: VecDeque::new(),
            host: "127.0.0.1".into(),
            port: 6379,
        })
    }

    /// As Linux does: a port is free for an address unless somebody listens there or on all addresses, and for all addresses
    /// unless somebody listens at all.
    fn listen_at(&mut self, at: &ListenAt<'_>) -> Result<Fd, IoError> {
        if !MACHINE_ADDRESSES.contains(&at.host) {
            return Err(IoError::ADDRESS_NOT_AVAILABLE);
        }
        let is_taken = self.sockets.values().any(|socket| match socket {
            Socket::Listener { host, port, .. } => {
                *port == at.port && (host == at.host || host == "0.0.0.0" || at.host == "0.0.0.0")
            }
            Socket::Stream(_) => false,
        });
        if is_taken {
            return Err(IoError::ADDRESS_IN_USE);
        }
        Ok(self.open(Socket::Listener {
            waiting: VecDeque::new(),
            host: at.host.into(),
            port: at.port,
        }))
    }

    pub(super) fn listener_at(&self, host: &str, port: u16) -> Option<Fd> {
        let is_it = |socket: &Socket| matches!(socket, Socket::Listener { host: h, port: p, .. } if h == host && *p == port);
        let mut found = self.sockets.iter().filter(|(_, socket)| is_it(socket));
        found.next().map(|(&fd, _)| fd)
    }

    pub(super) fn connect(&mut self, listener: Fd, host: &str, local: bool) -> LinkId {
        let link = LinkId(self.next_link);
        self.next_link += 1;
        let Some(Socket::Listener { waiting, .. }) = self.sockets.get_mut(&listener) else {
            unreachable!("{listener:?} does not listen");
        };
        waiting.push_back(link);
        let port = 50_000 + link.0 % 10_000;
        let link_state = Link {
            to_server: VecDeque::new(),
            to_client: VecDeque::new(),
            client: ClientEnd::Open,
            is_server_gone: false,
            is_held: true,
            failure: None,
            read_chunk: usize::MAX,
            write_chunk: usize::MAX,
            send_buffer: SEND_BUFFER,
            peer: format!("{host}:{port}"),
            local,
        };
        self.links.insert(link, link_state);
        link
    }

    pub(super) fn link(&mut self, link: LinkId) -> &mut Link {
        self.links.get_mut(&link).expect("a client keeps its link")
    }

    /// The test drops the client: it is closed, and forgotten once the server has closed too.
    pub(super) fn drop_client(&mut self, link: LinkId) {
        let state = self.link(link);
        state.is_held = false;
        state.client = state.client.max(ClientEnd::Closed);
        self.tidy(link);
    }

    fn tidy(&mut self, link: LinkId) {
        let state = self.link(link);
        if state.is_server_gone && !state.is_held {
            self.links.remove(&link);
        }
    }

    pub(super) fn is_open(&self, fd: Fd) -> bool {
        self.sockets.contains_key(&fd)
    }

    pub(super) fn open_sockets(&self) -> usize {
        self.sockets.len()
    }

    /// Readable, writable, broken.
    pub(super) fn state_of(&self, fd: Fd) -> (bool, bool, bool) {
        let link = match self.sockets.get(&fd) {
            None => return (false, false, false),
            Some(Socket::Listener { waiting, .. }) => return (!waiting.is_empty(), false, false),
            Some(Socket::Stream(link)) => &self.links[link],
        };
        let is_broken = link.failure.is_some() || link.client >= ClientEnd::Closed;
        let can_read = !link.to_server.is_empty() || link.client != ClientEnd::Open;
        (can_read, link.room() > 0, is_broken)
    }

    /// Ends the server's side of everything.
    pub(super) fn reset_all(&mut self) {
        self.sockets.clear();
        self.links.retain(|_, link| {
            link.is_server_gone = true;
            link.is_held
        });
    }

    fn open(&mut self, socket: Socket) -> Fd {
        let mut fd = FIRST_SOCKET;
        while self.sockets.contains_key(&Fd(fd)) {
            fd += 1;
        }
        self.sockets.insert(Fd(fd), socket);
        Fd(fd)
    }

    fn stream(&self, fd: Fd) -> LinkId {
        match self.sockets.get(&fd) {
            Some(Socket::Stream(link)) => *link,
            other => unreachable!("{fd:?} is used as a connection but is {other:?}"),
        }
    }

    fn accept(&mut self, listener: Fd) -> Result<Option<Accepted>, IoError> {
        let open_sockets = self.open_sockets();
        let Some(Socket::Listener { waiting, .. }) = self.sockets.get_mut(&listener) else {
            unreachable!("{listener:?} is accepted on but does not listen");
        };
        if waiting.is_empty() {
            return Ok(None);
        }
        if let Some((error, times @ 1..)) = &mut self.accept_failure {
            *times -= 1;
            return Err(*error);
        }
        if open_sockets >= self.socket_limit {
            return Err(IoError::TOO_MANY_FILES);
        }
        let Some(link) = waiting.pop_front() else {
            return Ok(None);
        };
        let local = self.link(link).local;
        let fd = self.open(Socket::Stream(link));
        Ok(Some(Accepted { fd, local }))
    }

    fn close(&mut self, fd: Fd) {
        let gone: Vec<LinkId> = match self.sockets.remove(&fd) {
            None => unreachable!("{fd:?} is closed but not open"),
            Some(Socket::Listener { waiting, .. }) => waiting.into(),
            Some(Socket::Stream(link)) => vec![link],
        };
        for link in gone {
            self.link(link).is_server_gone = true;
            self.tidy(link);
        }
    }
}

impl World {
    /// What stands in the way of a transfer: a reset, a failure, or just now nothing.
    fn hindrance(&mut self, fd: Fd) -> Option<Result<Transfer, IoError>> {
        let link = self.net.stream(fd);
        let faults = self.net.faults;
        if chance(&mut self.prng, faults.reset_percent) {
            self.net.link(link).client = ClientEnd::Reset;
        }
        let link = self.net.link(link);
        if let Some(error) = link.failure {
            return Some(Err(error));
        }
        if link.client == ClientEnd::Reset {
            return Some(Ok(Transfer::Closed));
        }
        chance(&mut self.prng, faults.not_ready_percent).then_some(Ok(Transfer::NotReady))
    }

    /// How many of `most` bytes move.
    fn shorten(&mut self, most: usize) -> usize {
        if most > 1 && chance(&mut self.prng, self.net.faults.short_percent) {
            1 + self.prng.below(most as u64 - 1) as usize
        } else {
            most
        }
    }

    fn read(&mut self, fd: Fd, into: &mut [u8]) -> Result<Transfer, IoError> {
        if let Some(outcome) = self.hindrance(fd) {
            return outcome;
        }
        let id = self.net.stream(fd);
        let link = self.net.link(id);
        if link.to_server.is_empty() {
            return Ok(if link.client == ClientEnd::Open {
                Transfer::NotReady
            } else {
                Transfer::Closed
            });
        }
        let most = into.len().min(link.to_server.len()).min(link.read_chunk);
        let count = self.shorten(most);
        let bytes = self.net.link(id).to_server.drain(..count);
        into.iter_mut()
            .zip(bytes)
            .for_each(|(into, byte)| *into = byte);
        Ok(NonZeroUsize::new(count).map_or(Transfer::NotReady, Transfer::Bytes))
    }

    fn write(&mut self, fd: Fd, parts: &[&[u8]]) -> Result<Transfer, IoError> {
        if let Some(outcome) = self.hindrance(fd) {
            return outcome;
        }
        let id = self.net.stream(fd);
        let link = self.net.link(id);
        if link.client == ClientEnd::Closed {
            return Ok(Transfer::Closed);
        }
        let len: usize = parts.iter().map(|part| part.len()).sum();
        let most = len.min(link.room()).min(link.write_chunk);
        let count = self.shorten(most);
        let mut left = count;
        for part in parts {
            let taken = part.len().min(left);
            self.net.link(id).to_client.extend(&part[..taken]);
            left -= taken;
        }
        Ok(NonZeroUsize::new(count).map_or(Transfer::NotReady, Transfer::Bytes))
    }
}

/// The sockets of a simulated world.
#[derive(Debug)]
pub struct SimNet {
    world: Shared,
}

impl SimNet {
    pub(super) fn new(world: Shared) -> Self {
        SimNet { world }
    }
}

impl Net for SimNet {
    fn listen(&mut self, at: &ListenAt<'_>) -> Result<Fd, IoError> {
        self.world.borrow_mut().net.listen_at(at)
    }

    fn accept(&mut self, listener: Fd) -> Result<Option<Accepted>, IoError> {
        self.world.borrow_mut().net.accept(listener)
    }

    fn read(&mut self, fd: Fd, into: &mut [u8]) -> Result<Transfer, IoError> {
        assert!(!into.is_empty(), "a read of {fd:?} into nothing");
        self.world.borrow_mut().read(fd, into)
    }

    fn write(&mut self, fd: Fd, parts: &[&[u8]]) -> Result<Transfer, IoError> {
        let is_empty = parts.iter().all(|part| part.is_empty());
        assert!(!is_empty, "a write of nothing to {fd:?}");
        self.world.borrow_mut().write(fd, parts)
    }

    fn close(&mut self, fd: Fd) {
        let mut world = self.world.borrow_mut();
        assert!(
            !world.poll.is_registered(fd),
            "{fd:?} is closed while it is watched"
        );
        world.net.close(fd);
    }

    fn peer_address(&self, fd: Fd) -> AddressText {
        let net = &mut self.world.borrow_mut().net;
        let link = net.stream(fd);
        AddressText::try_from(net.link(link).peer.as_str()).unwrap_or_default()
    }

    fn local_address(&self, fd: Fd) -> AddressText {
        self.world.borrow().net.stream(fd);
        AddressText::try_from(SERVER_ADDRESS).unwrap_or_default()
    }

    fn set_keepalive_seconds(&mut self, _seconds: u32) {}
}
