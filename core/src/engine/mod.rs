//! The engine: AeLoop, connections, and the turn.
//!
//! ```text
//! turn:  wait -> accept -> read, parse, run (batch/) -> append the log -> send replies (output.rs) -> time events (cron.rs)
//! ```
//!
//! What happened to keys, and what was published, is told after each request (`events.rs`).
//! Requests that wait for a key, a replica or the disk are kept by `waiting.rs` and `output.rs`.
//!
//! [`Engine::turn`] does one turn and [`Engine::run`] turns until it is told to end. A simulator calls `turn` itself. No step
//! is proportional to the size of the data, of one key, or to the number of clients.

pub mod ae_loop;

mod accept;
mod asks;
mod batch;
mod big_argument;
mod buffer;
mod client_memory;
mod clients;
mod connection;
mod crash;
mod cron;
mod events;
mod exec;
mod info;
mod lent;
mod listeners;
mod loading;
mod memory;
mod metrics;
mod monitors;
mod network;
mod outbox;
mod output;
mod pause;
mod quoted;
mod rates;
mod reply_room;
mod rewrites;
mod room;
mod snapshots;
mod timing;
mod tracking;
mod turns;
mod unsynced;
mod users;
mod waiting;

use crate::command::Shutdown;
use crate::persist::{Aof, LoadError, Snapshots};
use crate::platform::{
    Clock, Host, Interest, IoError, Net, Platform, Poller, Signal, Storage, Token, Usage,
};
use crate::session::Shared;
use crate::settings::Settings;
use crate::telemetry::Event;
use ae_loop::{AeLoop, EVENTS_PER_TURN, TimerId};
use alloc::string::String;
use alloc::vec::Vec;
use batch::Batch;
use buffer::Pool;
use client_memory::ClientMemory;
use clients::Lists;
use connection::Connections;
pub use listeners::{ListenError, Listener, Place, open_listeners};
use loading::Loading;
pub use network::{RESERVED_FILES, tls_options};
use output::HeldReplies;
use pause::Pause;
use rates::Rates;
use rewrites::Rewrites;
use room::RoomKeeper;
use timing::Timing;
use turns::Turns;
use unsynced::Unsynced;
use users::UsersWalk;
use waiting::WaitingClients;

/// The platform's parts, one of each.
pub struct Parts<P: Platform> {
    /// Time.
    pub clock: P::Clock,
    /// Readiness.
    pub poller: P::Poller,
    /// Sockets.
    pub net: P::Net,
    /// Files.
    pub storage: P::Storage,
    /// The process.
    pub host: P::Host,
}

/// Facts of the process that INFO shows; values, so that a run can be replayed.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// The process id.
    pub process_id: u32,
    /// The operating system, as `uname` tells it.
    pub os: String,
    /// The path of the program.
    pub executable: String,
    /// The path of the configuration file; empty: none.
    pub config_file: String,
    /// The version of Rotom.
    pub version: String,
    /// The allocator's name.
    pub allocator: String,
    /// 40 hexadecimal digits that name this run.
    pub run_id: String,
}

/// Names of time events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Timer {
    /// `hz` times a second: idle clients, statistics, spare buffers.
    Cron,
    /// The next key expires.
    Expiry,
    /// Accept again after a failure.
    Accept,
    /// The time of a client that waits is up.
    Wait,
    /// A pause of the clients is over.
    Pause,
}

/// Why the engine has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// As asked: everything is written and synced.
    Clean,
    /// The log could not be written or synced at the end.
    LogNotSynced,
    /// The data could not be loaded: see [`Engine::load_error`].
    LoadFailed,
}

const TOKEN_WAKE: Token = Token(0);
const TOKEN_LISTENER: u64 = 1;
const TOKEN_SCRAPER: u64 = 1 << 31;
const TOKEN_CONNECTION: u64 = 1 << 32;

/// A Rotom server on a platform.
pub struct Engine<P: Platform> {
    clock: P::Clock,
    ae: AeLoop<P::Poller, Timer>,
    net: P::Net,
    host: P::Host,
    aof: Aof<P::Storage>,
    snapshots: Snapshots<<P::Storage as Storage>::File>,
    rewrites: Rewrites,
    shared: Shared,
    connections: Connections,
    listeners: Vec<Listener>,
    pool: Pool,
    batch: Batch,
    /// Connections to flush at the end of the turn.
    to_flush: Vec<u32>,
    /// Those of them that got a part of their replies and go on in the next turn.
    half_flushed: Vec<u32>,
    /// Connections to be served: those that became readable, and those that an earlier turn has left.
    to_serve: Vec<u32>,
    /// Those that this turn leaves for the next: before any of their requests has run, and after.
    left_unserved: Vec<u32>,
    left_half: Vec<u32>,
    /// The requests of this turn have taken long enough, or made so many bytes of replies.
    turn_spent: bool,
    reply_bytes: usize,
    /// How many bytes this turn may still send.
    send_bytes_left: usize,
    /// The text of a message while it is delivered; kept for its room.
    message_text: Vec<u8>,
    held: HeldReplies,
    unsynced: Unsynced,
    room: RoomKeeper,
    client_memory: ClientMemory,
    waiting: WaitingClients,
    users_walk: UsersWalk,
    wait_timer: TimerId,
    pause: Pause,
    pause_timer: TimerId,
    /// Slots of clients that are sent every request.
    monitors: Vec<u32>,
    lists: Lists,
    /// The monotonic clock at the start of the turn.
    now_us: u64,
    facts: Facts,
    next_client_id: u64,
    cron_timer: TimerId,
    expiry_timer: TimerId,
    /// When the expiry timer is due, Unix milliseconds; `None`: it is not set.
    expiry_at_ms: Option<u64>,
    started_at_us: u64,
    turns: Turns,
    timing: Timing,
    scrapers: metrics::Scrapers,
    expire_cycles: cron::ExpireCycles,
    peak_memory: usize,
    /// Memory in use when the engine was made.
    startup_memory: usize,
    rates: Rates,
    cron_slot: usize,
    work_left: bool,
    /// What was freed is given back to the system, or may have to be.
    gives_back: bool,
    exit: Option<Exit>,
    /// The data are being loaded.
    loading: Option<Loading>,
    load_error: Option<LoadError>,
}

impl<P: Platform> Engine<P> {
    /// An engine with empty databases. `seed` drives everything random. Call [`Engine::begin_load`] or
    /// [`Engine::load`] before the first turn.
    pub fn new(
        parts: Parts<P>,
        settings: Settings,
        listeners: Vec<Listener>,
        facts: Facts,
        seed: u64,
    ) -> Result<Self, IoError> {
        let Parts {
            clock,
            poller,
            mut net,
            storage,
            host,
        } = parts;
        let mut ae = AeLoop::new(poller, EVENTS_PER_TURN);
        let readable = Interest {
            readable: true,
            writable: false,
        };
        if let Some(fd) = host.wake_fd() {
            ae.watch(fd, TOKEN_WAKE, readable)?;
        }
        let now_us = clock.monotonic_us();
        let cron_timer = start_cron(&mut ae, now_us, settings.hz);
        let expiry_timer = ae.add_timer(u64::MAX, Some(NEVER_US), Timer::Expiry);
        let wait_timer = ae.add_timer(u64::MAX, Some(NEVER_US), Timer::Wait);
        let pause_timer = ae.add_timer(u64::MAX, Some(NEVER_US), Timer::Pause);
        net.set_keepalive_seconds(settings.tcp_keepalive);
        let mut shared = Shared::new(settings, seed);
        let wall_us = clock.wall_us();
        shared.set_time(wall_us);
        let startup_memory = host.allocated_bytes();
        let timing = Timing::new(&shared.settings);
        shared.keys.laps.set_counter(clock.counter());
        let mut engine = Engine {
            started_at_us: wall_us,
            clock,
            ae,
            net,
            host,
            aof: Aof::new(storage, &shared.settings),
            snapshots: Snapshots::new(wall_us),
            rewrites: Rewrites::default(),
            shared,
            connections: Connections::default(),
            listeners,
            pool: Pool::default(),
            batch: Batch::default(),
            to_flush: Vec::new(),
            half_flushed: Vec::new(),
            to_serve: Vec::new(),
            left_unserved: Vec::new(),
            left_half: Vec::new(),
            turn_spent: false,
            reply_bytes: 0,
            send_bytes_left: 0,
            message_text: Vec::new(),
            held: HeldReplies::default(),
            unsynced: Unsynced::default(),
            room: RoomKeeper::default(),
            client_memory: ClientMemory::default(),
            waiting: WaitingClients::default(),
            users_walk: UsersWalk::default(),
            wait_timer,
            pause: Pause::default(),
            pause_timer,
            monitors: Vec::new(),
            lists: Lists::default(),
            now_us,
            facts,
            next_client_id: 1,
            cron_timer,
            expiry_timer,
            expiry_at_ms: None,
            turns: Turns::default(),
            timing,
            scrapers: metrics::Scrapers::default(),
            expire_cycles: cron::ExpireCycles::default(),
            peak_memory: 0,
            startup_memory,
            rates: Rates::default(),
            cron_slot: 0,
            work_left: false,
            gives_back: false,
            exit: None,
            loading: None,
            load_error: None,
        };
        engine.watch_listeners()?;
        Ok(engine)
    }

    /// The shared state, for embedding programs and tests.
    pub fn shared(&mut self) -> &mut Shared {
        &mut self.shared
    }

    /// The poller, for a driver that steps it.
    pub fn poller_mut(&mut self) -> &mut P::Poller {
        self.ae.poller_mut()
    }

    /// Takes turns until the engine ends.
    pub fn run(&mut self) -> Exit {
        loop {
            if let Some(exit) = self.turn() {
                return exit;
            }
        }
    }

    /// One turn of the loop. `Some` when the engine has ended.
    pub fn turn(&mut self) -> Option<Exit> {
        if self.exit.is_some() {
            return self.exit;
        }
        self.arm_expiry();
        self.arm_wait();
        let before_us = self.clock.monotonic_us();
        if let Err(error) = self.ae.turn(before_us, self.work_left) {
            log::warn!("Waiting for events failed: {error}");
        }
        let start_us = self.clock.monotonic_us();
        self.now_us = start_us;
        self.shared.set_time(self.clock.wall_us());
        self.begin_timed_turn();
        let first_slow = self.shared.statistics.log.next_slow();
        self.room.begin_turn();
        (self.turn_spent, self.reply_bytes) = (false, 0);
        self.send_bytes_left = output::SEND_BYTES_PER_TURN;
        if self.aof.is_open() {
            self.look_at_unsynced();
        }
        self.file_events();
        if self.shared.keys.waiters.is_anything_ready() {
            self.serve_ready();
        }
        self.serve_waiting();
        self.serve_readable();
        let requests_us = self.clock.monotonic_us();
        let has_effects = !self.shared.keys.effects.pending().is_empty();
        let was_syncing = has_effects && self.aof.is_syncing();
        if self.has_changes_to_tell() {
            self.tell_changes();
        }
        self.append_log();
        let log_us = match self.aof.is_open() {
            true => self.clock.monotonic_us(),
            false => requests_us,
        };
        if has_effects {
            self.note_log_write(log_us - requests_us, was_syncing);
        }
        if self.shared.statistics.log.next_slow() != first_slow {
            let log = &mut self.shared.statistics.log;
            log.tell_log_write(first_slow, log_us - requests_us);
        }
        self.flush_all();
        let replies_us = self.clock.monotonic_us();
        if self.loading.is_some() {
            self.load_slice();
        }
        self.time_events(start_us);
        let end_us = self.clock.monotonic_us();
        self.note_duration(Event::Eventloop, end_us - start_us);
        self.turns
            .count([start_us, requests_us, log_us, replies_us, end_us]);
        self.exit
    }

    fn file_events(&mut self) {
        while let Some(event) = self.ae.poll_ready() {
            match event.token {
                TOKEN_WAKE => self.woken(),
                Token(number) if (TOKEN_SCRAPER..TOKEN_CONNECTION).contains(&number) => {
                    self.serve_scraper((number - TOKEN_SCRAPER) as usize);
                }
                Token(number) if number < TOKEN_CONNECTION => {
                    self.accept((number - TOKEN_LISTENER) as usize);
                }
                Token(number) => {
                    let slot = (number - TOKEN_CONNECTION) as u32;
                    if event.writable {
                        self.flush(slot);
                    }
                    if event.readable {
                        self.queue_serve(slot);
                    }
                }
            }
        }
    }

    fn woken(&mut self) {
        self.host.drain_wake();
        // A sync may have failed: whoever writes in this turn is to know.
        self.aof.learn_durable(self.now_us);
        self.refuse_writes_if_failing();
        if let Some(signal) = self.host.take_signal() {
            let name = match signal {
                Signal::Terminate => "SIGTERM",
                Signal::Interrupt => "SIGINT",
            };
            log::warn!("Received {name} scheduling shutdown...");
            self.shut_down(Shutdown::default());
        }
    }

    /// Appends the turn's effects to the log in one write, and starts a sync if one is due.
    fn append_log(&mut self) {
        let policy = self.sync_policy();
        self.aof
            .append(&mut self.shared.keys.effects, policy, self.now_us);
        self.refuse_writes_if_failing();
        self.hold_replies();
    }

    fn note_log_write(&mut self, took_us: u64, was_syncing: bool) {
        let how = match was_syncing {
            true => Event::AofWritePendingFsync,
            false => Event::AofWriteAlone,
        };
        self.note_duration(how, took_us);
        self.note_duration(Event::AofWrite, took_us);
    }

    /// Ends the engine: a snapshot is made if there are save points or it is asked for, and the log is appended and
    /// synced. With a failing disk the end is refused unless it is forced.
    fn shut_down(&mut self, options: Shutdown) -> bool {
        log::warn!("User requested shutdown...");
        if self.aof.is_unlisted() && !options.force && !options.no_save && !options.save {
            log::warn!("Writing initial AOF. Can't exit.");
            return false;
        }
        let has_points = !self.shared.settings.save.is_empty();
        // What is half loaded is not to take the place of what is whole.
        if !self.is_loading() && (options.save || has_points && !options.no_save) {
            log::info!("Saving the final RDB snapshot before exiting.");
            if self.save_now().is_err() && !options.force {
                log::error!("Error trying to save the DB, can't exit.");
                return false;
            }
        }
        if self.aof.is_open() {
            log::info!("Calling fsync() on the AOF file.");
        }
        let synced = self.aof.finish(&mut self.shared.keys.effects, self.now_us);
        if synced.is_err() && !options.force {
            log::error!("Error trying to sync the AOF file, can't exit.");
            return false;
        }
        self.close_all(synced.is_ok());
        self.close_scrapers();
        for listener in core::mem::take(&mut self.listeners) {
            let _ = self.ae.unwatch(listener.fd);
            self.net.close(listener.fd);
        }
        log::warn!("Rotom is now ready to exit, bye bye...");
        self.exit = Some(if synced.is_ok() {
            Exit::Clean
        } else {
            Exit::LogNotSynced
        });
        true
    }

    fn usage(&self) -> Usage {
        self.host.usage()
    }
}

fn start_cron<P: Poller>(ae: &mut AeLoop<P, Timer>, now_us: u64, hz: u32) -> TimerId {
    let period_us = 1_000_000 / u64::from(hz.max(1));
    ae.add_timer(now_us + period_us, Some(period_us), Timer::Cron)
}

/// The period of a timer that is moved by hand.
const NEVER_US: u64 = u64::MAX / 2;
