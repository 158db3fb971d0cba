//! The event loop's bookkeeping: which descriptors are watched and which timers are due.
//!
//! Events are values. Nothing is called back: the engine asks for one event after another and does the
//! work itself, so there is no table of handlers and no shared ownership. One turn goes like this:
//!
//! ```text
//! let now = clock.monotonic_us();
//! ae.turn(now, work_left)?;                          // sleeps until something is ready or due
//! let now = clock.monotonic_us();
//! while let Some(event) = ae.poll_ready() { .. }     // file events: READABLE, WRITABLE, by token
//! while let Some(name) = ae.poll_timer(now) { .. }   // time events, by due time
//! ```
//!
//! Kinds of methods: `watch`, `set_interest`, `unwatch` and `add_timer`, `move_timer`, `cancel` change what is
//! waited for, at any time; `turn` waits; `poll_*` hand out what came.
//!
//! What holds:
//! - An event is never handed out for a descriptor that was unwatched since the wait, even when its number
//!   was opened and watched again in the same turn. Nor for a direction that is no longer wanted.
//! - The platform is told only of changes: wanting the same again costs no syscall.
//! - A descriptor of which nothing is wanted is not registered at all, for a poller reports hang-ups
//!   unasked, and a level-triggered one would do so without end.
//! - A turn hands out at most as many file events as the loop was made for; the rest come next turn.
//! - A turn allocates nothing.

mod timers;

#[cfg(test)]
mod tests;

use alloc::boxed::Box;
use alloc::vec;

use ahash::RandomState;
use hashbrown::HashMap;
use hashbrown::hash_map::Entry;

use crate::platform::{Fd, Interest, IoError, Poller, Readiness, Token};

pub use timers::TimerId;
use timers::Timers;

/// How many file events a turn hands out unless the caller chooses otherwise. Each is a read and a write of some
/// microseconds; of more descriptors that are ready the poller tells in the next turn, in fair rotation.
pub const EVENTS_PER_TURN: usize = 128;

/// File events and time events over a [`Poller`]; `T` names a timer.
#[derive(Debug)]
pub struct AeLoop<P, T> {
    poller: P,
    watches: HashMap<Fd, Watch, RandomState>,
    /// Stamps each watch, so that an event of an earlier one with the same descriptor is told apart.
    next_generation: u32,
    ready: Box<[Readiness]>,
    /// The part of `ready` that the last wait filled and `poll_ready` has not handed out.
    ready_from: usize,
    ready_until: usize,
    timers: Timers<T>,
}

/// What is known of one watched descriptor.
#[derive(Debug)]
struct Watch {
    token: Token,
    want: Interest,
    generation: u32,
}

impl<P: Poller, T: Copy> AeLoop<P, T> {
    /// A loop that watches nothing, handing out at most `events_per_turn` (at least one) file events a turn.
    pub fn new(poller: P, events_per_turn: usize) -> Self {
        let blank = Readiness {
            token: Token(0),
            readable: false,
            writable: false,
        };
        AeLoop {
            poller,
            // Descriptors are numbered by the platform, not by clients, so fixed keys are safe.
            watches: HashMap::with_hasher(RandomState::with_seeds(1, 2, 3, 4)),
            next_generation: 0,
            ready: vec![blank; events_per_turn.max(1)].into_boxed_slice(),
            ready_from: 0,
            ready_until: 0,
            timers: Timers::new(),
        }
    }

    /// How many descriptors are watched, those of which nothing is wanted included.
    pub fn watched_count(&self) -> usize {
        self.watches.len()
    }

    /// What is wanted of `fd`, if it is watched.
    pub fn interest(&self, fd: Fd) -> Option<Interest> {
        self.watches.get(&fd).map(|watch| watch.want)
    }

    /// The poller, for a driver that steps it (the simulator).
    pub fn poller_mut(&mut self) -> &mut P {
        &mut self.poller
    }

    /// Starts watching `fd`; its events carry `token`. `Err(EXISTS)` when it is watched already.
    pub fn watch(&mut self, fd: Fd, token: Token, want: Interest) -> Result<(), IoError> {
        let Entry::Vacant(place) = self.watches.entry(fd) else {
            return Err(IoError::EXISTS);
        };
        let generation = self.next_generation;
        if wants_anything(want) {
            self.poller.register(fd, stamp(fd, generation), want)?;
        }
        self.next_generation = generation.wrapping_add(1);
        place.insert(Watch {
            token,
            want,
            generation,
        });
        Ok(())
    }

    /// Changes what is wanted of `fd`, with a call to the poller only if that differs.
    /// `Err(NOT_FOUND)` when it is not watched. After another error what was wanted before stays.
    pub fn set_interest(&mut self, fd: Fd, want: Interest) -> Result<(), IoError> {
        let watch = self.watches.get_mut(&fd).ok_or(IoError::NOT_FOUND)?;
        if watch.want == want {
            return Ok(());
        }
        let token = stamp(fd, watch.generation);
        match (wants_anything(watch.want), wants_anything(want)) {
            (true, true) => self.poller.modify(fd, token, want)?,
            (false, _) => self.poller.register(fd, token, want)?,
            (true, false) => self.poller.deregister(fd)?,
        }
        watch.want = want;
        Ok(())
    }

    /// Stops watching `fd`; call before closing it. Events of it that were not handed out yet are dropped.
    /// `Err(NOT_FOUND)` when it is not watched. After another error it is forgotten all the same.
    pub fn unwatch(&mut self, fd: Fd) -> Result<(), IoError> {
        let watch = self.watches.remove(&fd).ok_or(IoError::NOT_FOUND)?;
        if wants_anything(watch.want) {
            self.poller.deregister(fd)?;
        }
        Ok(())
    }

    /// Adds a timer due at `due_us` on the monotonic clock and then, with a period, every `period_us` (at
    /// least 1) after that.
    pub fn add_timer(&mut self, due_us: u64, period_us: Option<u64>, name: T) -> TimerId {
        self.timers.add(due_us, period_us, name)
    }

    /// Sets when a timer is due next; its period stays. `false` when there is no such timer any more.
    pub fn move_timer(&mut self, timer: TimerId, due_us: u64) -> bool {
        self.timers.move_to(timer, due_us)
    }

    /// Takes a timer away and returns its name, or `None` when there is no such timer any more.
    pub fn cancel(&mut self, timer: TimerId) -> Option<T> {
        self.timers.cancel(timer)
    }

    /// When the nearest timer is due.
    pub fn next_due_us(&self) -> Option<u64> {
        self.timers.next_due_us()
    }

    /// Waits for file events until the nearest timer is due (forever when there is none), or only looks
    /// when `work_left` says that the caller has something to go on with. Returns how many came.
    ///
    /// Events of an earlier turn that were not handed out are dropped: the poller is level-triggered and
    /// reports them again. After an error there are none, and timers go on.
    pub fn turn(&mut self, now_us: u64, work_left: bool) -> Result<usize, IoError> {
        let timeout_us = if work_left {
            Some(0)
        } else {
            self.next_due_us().map(|due| due.saturating_sub(now_us))
        };
        (self.ready_from, self.ready_until) = (0, 0);
        let count = self.poller.wait(&mut self.ready, timeout_us)?;
        self.ready_until = count.min(self.ready.len());
        Ok(self.ready_until)
    }

    /// The next file event of this turn, cut down to what is still wanted.
    pub fn poll_ready(&mut self) -> Option<Readiness> {
        while let Some(&event) = self.ready[..self.ready_until].get(self.ready_from) {
            self.ready_from += 1;
            let (fd, generation) = unstamp(event.token);
            let Some(watch) = self.watches.get(&fd) else {
                continue;
            };
            let readable = event.readable && watch.want.readable;
            let writable = event.writable && watch.want.writable;
            if watch.generation == generation && (readable || writable) {
                return Some(Readiness {
                    token: watch.token,
                    readable,
                    writable,
                });
            }
        }
        None
    }

    /// The next timer that is due at `now_us`, in order of due time; those due at the same time come in the
    /// order in which they were added. A timer without period is gone with this.
    ///
    /// A periodic timer keeps its phase (no drift), and what it missed during a pause it does not make up
    /// for: it fires once, and next at the first multiple of its period after `now_us`.
    pub fn poll_timer(&mut self, now_us: u64) -> Option<T> {
        self.timers.poll(now_us)
    }
}

fn wants_anything(want: Interest) -> bool {
    want.readable || want.writable
}

/// What the poller is told as token: the descriptor, and above it which watch of that descriptor it is.
fn stamp(fd: Fd, generation: u32) -> Token {
    Token(u64::from(generation) << 32 | u64::from(fd.0 as u32))
}

fn unstamp(token: Token) -> (Fd, u32) {
    (Fd(token.0 as u32 as i32), (token.0 >> 32) as u32)
}
