//! The simulated platform.
//!
//! A [`Sim`] is a small world of its own, and the handle with which a test moves it. The engine gets the five
//! parts of [`SimPlatform`]; the test keeps [`SimClient`]s and the [`SimDisk`], and turns knobs:
//!
//! ```
//! use rotom_core::platform::{Net, Transfer};
//! use rotom_tests::sim::Sim;
//!
//! let sim = Sim::new(42);
//! let (listener, mut net) = (sim.listen(), sim.net());
//! let client = sim.connect(listener);
//! client.send(b"PING\r\n");
//! let server = net.accept(listener).unwrap().unwrap();
//! let mut into = [0; 64];
//! assert!(matches!(net.read(server.fd, &mut into), Ok(Transfer::Bytes(n)) if n.get() == 6));
//! net.write(server.fd, &[b"+PONG\r\n"]).unwrap();
//! assert_eq!(client.receive(), b"+PONG\r\n");
//! ```
//!
//! Time stands still except when a test advances it, when the poller waits (it skips to the next thing
//! that happens; see [`Waiting`]), and by the tick of each clock reading if one is set.
//!
//! A breach of the platform contract by the engine (a descriptor used after it was closed, closed while it
//! is watched, an empty read) is an assertion failure here.

mod client;
mod clock;
#[cfg(test)]
mod contract;
mod disk;
mod host;
mod net;
mod poller;
#[cfg(test)]
mod tests;

use std::cell::RefCell;
use std::rc::Rc;

use rotom_core::bytes::prng::Prng;
use rotom_core::platform::{Fd, Platform, Signal};

pub use client::SimClient;
pub use clock::SimClock;
pub use disk::{DiskCall, PowerCut, SimDisk, SimFile, SimStorage};
pub use host::SimHost;
pub use net::{NetFaults, SimNet};
pub use poller::{SimPoller, Waiting};

/// The bundle of the simulator's types.
#[derive(Debug)]
pub struct SimPlatform;

impl Platform for SimPlatform {
    type Clock = SimClock;
    type Poller = SimPoller;
    type Net = SimNet;
    type Storage = SimStorage;
    type Host = SimHost;
}

/// A simulated world. Clones are the same world.
#[derive(Clone, Debug)]
pub struct Sim {
    world: Shared,
}

type Shared = Rc<RefCell<World>>;

/// All state; the parts of the platform are views of it.
#[derive(Debug)]
struct World {
    time: clock::Time,
    net: net::Network,
    poll: poller::Polling,
    disk: disk::Disk,
    host: host::Process,
    prng: Prng,
}

impl World {
    /// Lets everything happen that is due by now.
    fn settle(&mut self) {
        if self.disk.finish_syncs(self.time.now_us) {
            self.host.is_woken = true;
        }
    }

    /// Moves time to `now_us`, with everything that happens on the way at its own time.
    fn advance_to(&mut self, now_us: u64) {
        while let Some(next_us) = self.disk.next_sync_end_us().filter(|&next| next <= now_us) {
            self.time.now_us = self.time.now_us.max(next_us);
            self.settle();
        }
        self.time.now_us = self.time.now_us.max(now_us);
    }
}

/// Whether something happens that happens `percent` times out of a hundred.
fn chance(prng: &mut Prng, percent: u8) -> bool {
    percent > 0 && prng.below(100) < u64::from(percent)
}

impl Sim {
    /// A world without connections and files. All its randomness follows from `seed`.
    pub fn new(seed: u64) -> Self {
        let world = World {
            time: clock::Time::new(),
            net: net::Network::new(),
            poll: poller::Polling::new(),
            disk: disk::Disk::new(),
            host: host::Process::new(),
            prng: Prng::new(seed),
        };
        Sim {
            world: Rc::new(RefCell::new(world)),
        }
    }

    /// The clock for an engine.
    pub fn clock(&self) -> SimClock {
        SimClock::new(self.world.clone())
    }

    /// The poller for an engine.
    pub fn poller(&self) -> SimPoller {
        SimPoller::new(self.world.clone())
    }

    /// The sockets for an engine.
    pub fn net(&self) -> SimNet {
        SimNet::new(self.world.clone())
    }

    /// The data directory for an engine.
    pub fn storage(&self) -> SimStorage {
        SimStorage::new(self.world.clone())
    }

    /// The process for an engine.
    pub fn host(&self) -> SimHost {
        SimHost::new(self.world.clone())
    }

    /// The disk under [`Sim::storage`], to look into and to break.
    pub fn disk(&self) -> SimDisk {
        SimDisk::new(self.world.clone())
    }

    /// Microseconds on the monotonic clock.
    pub fn now_us(&self) -> u64 {
        self.world.borrow().time.now_us
    }

    /// Lets time pass, with what happens in it.
    pub fn advance_us(&self, us: u64) {
        let mut world = self.world.borrow_mut();
        let until_us = world.time.now_us + us;
        world.advance_to(until_us);
    }

    /// Moves the wall clock forth or back, as an administrator or NTP does.
    pub fn jump_wall_us(&self, by_us: i64) {
        let time = &mut self.world.borrow_mut().time;
        time.wall_ahead_us = time.wall_ahead_us.saturating_add_signed(by_us);
    }

    /// Has every reading of the monotonic clock take so long (0 at first), so that work that is limited
    /// by time comes to its limit.
    pub fn set_clock_tick_us(&self, us: u64) {
        self.world.borrow_mut().time.tick_us = us;
    }

    /// What a wait with nothing ready does.
    pub fn set_waiting(&self, waiting: Waiting) {
        self.world.borrow_mut().poll.waiting = waiting;
    }

    /// The timeout of the last wait.
    pub fn last_timeout_us(&self) -> Option<u64> {
        self.world.borrow().poll.last_timeout_us
    }

    /// How many waits had nothing to wait for: no timeout, nothing ready, nothing under way. They returned at
    /// once; a real engine would have slept until a client came.
    pub fn endless_waits(&self) -> u64 {
        self.world.borrow().poll.endless_waits
    }

    /// How many descriptors are registered with the poller.
    pub fn registered_count(&self) -> usize {
        self.world.borrow().poll.registered_count()
    }

    /// A number in `0..bound` from the world's own randomness, for the test's decisions.
    pub fn random_below(&self, bound: u64) -> u64 {
        self.world.borrow_mut().prng.below(bound)
    }

    /// Opens a TCP listener.
    pub fn listen(&self) -> Fd {
        self.world.borrow_mut().net.listen()
    }

    /// The socket that listens at an address, if there is one.
    pub fn listener_at(&self, host: &str, port: u16) -> Option<Fd> {
        self.world.borrow().net.listener_at(host, port)
    }

    /// Connects a client from this machine, with room for 64 KiB of unreceived replies.
    pub fn connect(&self, listener: Fd) -> SimClient {
        self.connect_from(listener, "127.0.0.1", true)
    }

    /// Connects a client from another address; `local` says whether it counts as this machine.
    pub fn connect_from(&self, listener: Fd, host: &str, local: bool) -> SimClient {
        let link = self.world.borrow_mut().net.connect(listener, host, local);
        SimClient::new(self.world.clone(), link)
    }

    /// The faults of all connections; none at first.
    pub fn set_net_faults(&self, faults: NetFaults) {
        self.world.borrow_mut().net.faults = faults;
    }

    /// Has the next `times` accepts fail.
    pub fn fail_accepts(&self, error: rotom_core::platform::IoError, times: u32) {
        self.world.borrow_mut().net.accept_failure = Some((error, times));
    }

    /// Has accepts fail with `EMFILE` while so many sockets are open, listeners included.
    pub fn set_socket_limit(&self, sockets: usize) {
        self.world.borrow_mut().net.socket_limit = sockets;
    }

    /// How many sockets the engine's process has open, listeners included.
    pub fn open_sockets(&self) -> usize {
        self.world.borrow().net.open_sockets()
    }

    /// Sends the process a signal.
    pub fn signal(&self, signal: Signal) {
        let host = &mut self.world.borrow_mut().host;
        host.signal = Some(signal);
        host.is_woken = true;
    }

    /// Sets what the allocator is said to have handed out.
    pub fn set_allocated_bytes(&self, bytes: usize) {
        self.world.borrow_mut().host.allocated_bytes = bytes;
    }

    /// Has the allocator say for itself what it has handed out.
    pub fn set_gauge(&self, gauge: fn() -> usize) {
        self.world.borrow_mut().host.gauge = Some(gauge);
    }

    /// Sets the configuration file's text; `None` is a start without one.
    pub fn set_config(&self, text: Option<&str>) {
        self.world.borrow_mut().host.config = text.map(str::to_owned);
    }

    /// The configuration file's text.
    pub fn config(&self) -> Option<String> {
        self.world.borrow().host.config.clone()
    }

    /// Ends the engine's process as `kill -9` does: sockets are closed, what was written stays on the disk.
    /// Drop the engine before or after; open files of it are dead, a sync under way is not waited for.
    pub fn kill_process(&self) {
        let mut world = self.world.borrow_mut();
        world.net.reset_all();
        world.poll.forget_all();
        world.host.is_woken = false;
        world.host.signal = None;
        world.disk.drop_handles();
    }

    /// Cuts the power: as [`Sim::kill_process`], and the disk keeps only what `cut` lets it keep.
    pub fn power_cut(&self, cut: PowerCut) {
        self.kill_process();
        self.world.borrow_mut().disk.power_cut(cut);
    }
}
