//! A whole server in a simulated world, turned by hand.

use crate::reply::{self, Value};
use crate::sim::{Sim, SimClient, SimPlatform};
use rotom_core::engine::{Engine, Exit, Facts, Listener, Parts, Place};
use rotom_core::persist::LoadError;
use rotom_core::platform::Fd;
use rotom_core::settings::Settings;

/// How many turns a test waits for something that must happen.
const PATIENCE_TURNS: usize = 20_000;

/// Settings with lines of `redis.conf` applied to the defaults, and no save points but those.
pub fn settings(lines: &[&str]) -> Settings {
    let mut settings = Settings::default();
    settings.save.clear();
    for line in lines {
        let mut words = line.split(' ');
        let name = words.next().unwrap_or_default();
        let words: Vec<&[u8]> = words.map(str::as_bytes).collect();
        settings.set(name, &words).expect("a setting");
    }
    settings
}

/// A started server.
pub struct Server {
    /// Its world.
    pub sim: Sim,
    /// The engine; turn it directly where each turn counts.
    pub engine: Engine<SimPlatform>,
    /// What clients connect to.
    pub listener: Fd,
}

impl Server {
    /// Starts a server with lines of `redis.conf`, which must go well.
    pub fn start(sim: &Sim, lines: &[&str]) -> Server {
        Server::try_start(sim, settings(lines)).expect("the log loads")
    }

    /// Starts a server; it may not be able to load its log.
    pub fn try_start(sim: &Sim, settings: Settings) -> Result<Server, LoadError> {
        let mut server = Server::unloaded(sim, settings);
        server.engine.load()?;
        Ok(server)
    }

    /// A server that loads its log in the turns that follow.
    pub fn begin(sim: &Sim, lines: &[&str]) -> Server {
        let mut server = Server::unloaded(sim, settings(lines));
        server.engine.begin_load().expect("the manifest is good");
        server
    }

    fn unloaded(sim: &Sim, settings: Settings) -> Server {
        let listener = sim.listen();
        let parts = Parts {
            clock: sim.clock(),
            poller: sim.poller(),
            net: sim.net(),
            storage: sim.storage(),
            host: sim.host(),
        };
        let tcp = Listener {
            fd: listener,
            place: Place::Tcp {
                host: "127.0.0.1".into(),
                port: settings.port,
                secure: false,
            },
        };
        let engine = Engine::new(parts, settings, vec![tcp], Facts::default(), 1)
            .expect("the listener can be watched");
        Server {
            sim: sim.clone(),
            engine,
            listener,
        }
    }

    /// Connects a client.
    pub fn connect(&self) -> SimClient {
        self.sim.connect(self.listener)
    }

    /// Takes one turn.
    pub fn turn(&mut self) -> Option<Exit> {
        self.engine.turn()
    }

    /// Takes turns until so much virtual time has passed.
    pub fn run_us(&mut self, us: u64) {
        let end_us = self.sim.now_us() + us;
        while self.sim.now_us() < end_us {
            assert_eq!(self.turn(), None, "the server ended");
        }
    }

    /// Takes turns until `done`; that it never is, is a failure.
    pub fn until(&mut self, what: &str, mut done: impl FnMut(&mut Server) -> bool) {
        for _ in 0..PATIENCE_TURNS {
            if done(self) {
                return;
            }
            self.turn();
        }
        unreachable!("waited in vain for {what}");
    }

    /// Takes turns until the client has `count` replies, and returns them.
    pub fn replies(&mut self, client: &SimClient, count: usize) -> Vec<Value> {
        let mut bytes = Vec::new();
        let mut values = Vec::new();
        self.until("replies", |_| {
            bytes.extend(client.receive());
            values.extend(reply::take_replies(&mut bytes));
            values.len() >= count || client.is_closed_by_server()
        });
        bytes.extend(client.receive());
        values.extend(reply::take_replies(&mut bytes));
        assert_eq!(values.len(), count, "{values:?}, then {bytes:?}");
        values
    }

    /// Sends a request of words parted by single spaces, and waits for its reply.
    pub fn call(&mut self, client: &SimClient, line: &str) -> Value {
        client.send(&reply::line(line));
        self.replies(client, 1).remove(0)
    }

    /// A string's value, by a client of its own.
    pub fn get(&mut self, key: &str) -> Option<Vec<u8>> {
        let client = self.connect();
        match self.call(&client, &format!("GET {key}")) {
            Value::Bulk(value) => value,
            other => unreachable!("GET {key} answers {other:?}"),
        }
    }

    /// How many keys there are in database 0.
    pub fn key_count(&mut self) -> usize {
        self.engine.shared().keys.database_len(0).0
    }
}
