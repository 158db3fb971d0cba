//! The encrypted connections of the server, by descriptor, with what the engine and the system wait for.

use super::session::Session;
use rotom_core::platform::{Fd, Interest, Readiness, Token};
use rustls::ServerConfig;
use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long a handshake may take.
pub(super) const HANDSHAKE_TIME: Duration = Duration::from_secs(10);
/// How long all handshakes together may take in one turn; the last step of one may go over it.
const HANDSHAKE_TIME_PER_TURN: Duration = Duration::from_micros(500);
/// The most that is read from a socket at once.
const SCRATCH_BYTES: usize = 32 * 1024;

/// What sockets and poller share.
#[derive(Default)]
pub(super) struct Shared {
    /// How many sessions there are: with none, nothing else is looked at.
    pub(super) count: Cell<usize>,
    /// Listeners of encrypted connections.
    pub(super) listeners: RefCell<Vec<Fd>>,
    pub(super) table: RefCell<Table>,
}

/// The sessions.
#[derive(Default)]
pub(super) struct Table {
    pub(super) config: Option<Arc<ServerConfig>>,
    entries: Vec<Option<Box<Entry>>>,
    /// The descriptor of each watched session by the engine's token.
    by_token: HashMap<u64, Fd>,
    /// Those of which a read finds something that epoll does not see.
    ready: VecDeque<Fd>,
    /// Those whose interest the poller may have to be told.
    changed: Vec<Fd>,
    /// When handshakes must be over, in order, and whose they are.
    deadlines: VecDeque<(Instant, Fd, u64)>,
    handshake_time_left: Duration,
    next_id: u64,
    scratch: Vec<u8>,
}

/// A session, and how it is watched.
pub(super) struct Entry {
    id: u64,
    pub(super) session: Session,
    /// What the engine wants, under which token.
    watch: Option<(Token, Interest)>,
    /// What the poller was told.
    told: Interest,
    is_ready_queued: bool,
    is_changed_queued: bool,
}

impl Entry {
    /// What to wait for at the socket.
    fn wanted(&self) -> Interest {
        let want = self.watch.map_or(Interest::default(), |(_, want)| want);
        Interest {
            readable: want.readable,
            writable: want.writable && !self.session.is_handshaking() || self.session.has_output(),
        }
    }

    fn is_ready(&self) -> bool {
        self.session.has_input() && self.watch.is_some_and(|(_, want)| want.readable)
    }
}

impl Table {
    pub(super) fn has(&self, fd: Fd) -> bool {
        matches!(self.entries.get(fd.0 as usize), Some(Some(_)))
    }

    fn entry(&mut self, fd: Fd) -> Option<&mut Entry> {
        self.entries.get_mut(fd.0 as usize)?.as_deref_mut()
    }

    /// Takes a connection in.
    pub(super) fn insert(&mut self, fd: Fd, session: Session) {
        let index = fd.0 as usize;
        if self.entries.len() <= index {
            self.entries.resize_with(index + 1, || None);
        }
        let id = self.next_id;
        self.next_id += 1;
        self.entries[index] = Some(Box::new(Entry {
            id,
            session,
            watch: None,
            told: Interest::default(),
            is_ready_queued: false,
            is_changed_queued: false,
        }));
        self.deadlines
            .push_back((Instant::now() + HANDSHAKE_TIME, fd, id));
    }

    pub(super) fn remove(&mut self, fd: Fd) -> Option<Session> {
        let entry = self.entries.get_mut(fd.0 as usize)?.take()?;
        if let Some((token, _)) = entry.watch {
            self.by_token.remove(&token.0);
        }
        Some(entry.session)
    }

    /// Does something with a session, and sees what follows for its readiness.
    pub(super) fn with<T>(
        &mut self,
        fd: Fd,
        work: impl FnOnce(&mut Session, &mut [u8], &mut Duration) -> T,
    ) -> Option<T> {
        self.scratch.resize(SCRATCH_BYTES, 0);
        let entry = self.entries.get_mut(fd.0 as usize)?.as_deref_mut()?;
        let outcome = work(
            &mut entry.session,
            &mut self.scratch,
            &mut self.handshake_time_left,
        );
        self.look_at(fd);
        Some(outcome)
    }

    /// Puts a session on the lists on which it belongs.
    fn look_at(&mut self, fd: Fd) {
        let Some(entry) = self
            .entries
            .get_mut(fd.0 as usize)
            .and_then(Option::as_deref_mut)
        else {
            return;
        };
        if entry.is_ready() && !entry.is_ready_queued {
            entry.is_ready_queued = true;
            self.ready.push_back(fd);
        }
        let is_watched = entry.watch.is_some();
        if is_watched && entry.wanted() != entry.told && !entry.is_changed_queued {
            entry.is_changed_queued = true;
            self.changed.push(fd);
        }
    }

    /// The engine watches a session, under a token, or changes what it wants; what the poller is to be told.
    pub(super) fn watch(&mut self, fd: Fd, token: Token, want: Interest) -> Interest {
        self.by_token.insert(token.0, fd);
        let Some(entry) = self.entry(fd) else {
            return want;
        };
        entry.watch = Some((token, want));
        entry.told = entry.wanted();
        let told = entry.told;
        self.look_at(fd);
        told
    }

    /// The engine watches a session no more.
    pub(super) fn unwatch(&mut self, fd: Fd) {
        if let Some((token, _)) = self.entry(fd).and_then(|entry| entry.watch.take()) {
            self.by_token.remove(&token.0);
        }
    }

    /// A new turn: handshakes have time again, but not those that took too long.
    pub(super) fn begin_turn(&mut self) {
        self.handshake_time_left = HANDSHAKE_TIME_PER_TURN;
        while let Some(&(deadline, fd, id)) = self.deadlines.front()
            && deadline <= Instant::now()
        {
            self.deadlines.pop_front();
            if let Some(entry) = self.entry(fd)
                && entry.id == id
                && entry.session.is_handshaking()
            {
                entry.session.give_up();
                self.look_at(fd);
            }
        }
    }

    /// The next session of which the poller must be told something else.
    pub(super) fn take_changed(&mut self) -> Option<(Fd, Token, Interest)> {
        while let Some(fd) = self.changed.pop() {
            let Some(entry) = self.entry(fd) else {
                continue;
            };
            entry.is_changed_queued = false;
            let wanted = entry.wanted();
            if let Some((token, _)) = entry.watch
                && wanted != entry.told
            {
                entry.told = wanted;
                return Some((fd, token, wanted));
            }
        }
        None
    }

    /// Reports sessions with decrypted bytes, in turn; how many.
    pub(super) fn take_ready(&mut self, into: &mut [Readiness]) -> usize {
        let mut count = 0;
        for _ in 0..self.ready.len() {
            if count == into.len() {
                break;
            }
            let Some(fd) = self.ready.pop_front() else {
                break;
            };
            let Some(entry) = self.entry(fd) else {
                continue;
            };
            entry.is_ready_queued = false;
            if !entry.is_ready() {
                continue;
            }
            if let Some((token, _)) = entry.watch {
                into[count] = Readiness {
                    token,
                    readable: true,
                    writable: false,
                };
                count += 1;
                entry.is_ready_queued = true;
                self.ready.push_back(fd);
            }
        }
        count
    }

    /// What the engine is told of what the poller found.
    pub(super) fn judge(&mut self, mut event: Readiness) -> Option<Readiness> {
        let Some(&fd) = self.by_token.get(&event.token.0) else {
            return Some(event);
        };
        let entry = self.entry(fd)?;
        let (_, want) = entry.watch?;
        if event.writable {
            entry.session.flush(fd);
        }
        let takes = !entry.session.has_output() && !entry.session.is_handshaking();
        event.writable &= want.writable && takes;
        self.look_at(fd);
        (event.readable || event.writable).then_some(event)
    }
}
