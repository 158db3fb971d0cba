//! Chaos: clients that do all kinds of things, faults at random, kills and power cuts, and a model to compare with.
//!
//! Each client writes keys of its own, so the commands that it sent, in order, tell what its keys must hold. The model
//! is the same command set in process ([`Local`]): not whether commands do the right thing is asked here, but whether
//! the server around them loses, doubles, reorders or invents any. After a crash the keys of each client must be as they
//! were after some of its commands, and no earlier than what was acknowledged allows.
//!
//! A failure prints its seed. `ROTOM_CHAOS=<first seed>,<how many>` runs others.

use std::collections::VecDeque;

use rotom_core::bytes::prng::Prng;
use rotom_core::command::{Args, ClientState};
use rotom_core::platform::IoError;
use rotom_core::resp::Span;
use rotom_core::session::{Local, Shared};
use rotom_tests::reply::request;
use rotom_tests::server::Server;
use rotom_tests::sim::{DiskCall, NetFaults, PowerCut, Sim, SimClient};

const KEYS: &[&str] = &["s1", "s2", "n", "l1", "l2", "z1", "z2", "any"];
const DATABASES: usize = 2;
const EVERYSEC_US: u64 = 1_400_000;

type Words = Vec<Vec<u8>>;

/// A command that a client sent.
#[derive(Clone, Debug)]
struct Sent {
    words: Words,
    /// When the reply came, for a command that changed something. A reply to one that did not says nothing of what is
    /// on the disk: readers do not wait for it.
    acknowledged_us: Option<u64>,
}

/// A client, what it did, and what is in doubt.
struct Actor {
    name: String,
    socket: Option<SimClient>,
    received: Vec<u8>,
    /// What is known to have been run, in order.
    history: Vec<Sent>,
    /// What was sent and not answered.
    waiting: VecDeque<Words>,
    /// The state after `history`.
    model: Local,
}

fn to_words(line: &str) -> Words {
    line.split(' ').map(|word| word.into()).collect()
}

fn slices(words: &Words) -> Vec<&[u8]> {
    words.iter().map(Vec::as_slice).collect()
}

fn model() -> Local {
    let mut local = Local::new(7);
    local.shared.keys.effects.set_enabled(true);
    local
}

/// Runs a command in process, in a database.
fn run(shared: &mut Shared, db: usize, line: &str) -> Vec<u8> {
    let mut buffer = Vec::new();
    let mut spans = Vec::new();
    for word in line.split(' ') {
        spans.push(Span {
            start: buffer.len() as u32,
            len: word.len() as u32,
        });
        buffer.extend(word.as_bytes());
    }
    let mut client = ClientState::new(0, 0);
    client.db = db;
    let args = Args::new(&buffer, &spans, shared.keys.hasher());
    let mut out = Vec::new();
    let _ = shared.run(&mut client, None, &args, &mut out, &mut |_| {});
    out
}

impl Actor {
    fn new(number: usize) -> Actor {
        Actor {
            name: format!("c{number}"),
            socket: None,
            received: Vec::new(),
            history: Vec::new(),
            waiting: VecDeque::new(),
            model: model(),
        }
    }

    /// All that the client's keys hold, as bytes.
    fn state(&self, shared: &mut Shared) -> Vec<u8> {
        let mut state = Vec::new();
        for db in 0..DATABASES {
            for key in KEYS {
                let key = format!("{}:{key}", self.name);
                let kind = run(shared, db, &format!("TYPE {key}"));
                let look = match kind.as_slice() {
                    b"+string\r\n" => "GET KEY",
                    b"+list\r\n" => "LRANGE KEY 0 -1",
                    b"+zset\r\n" => "ZRANGE KEY 0 -1 WITHSCORES",
                    other => {
                        assert_eq!(other, b"+none\r\n");
                        continue;
                    }
                };
                state.extend(format!("{db} {key} ").bytes());
                state.extend(run(shared, db, &look.replace("KEY", &key)));
                state.extend(run(shared, db, &format!("PEXPIRETIME {key}")));
            }
        }
        state
    }

    /// A random command on the client's own keys, whose effect depends on nothing else.
    fn invent(&self, prng: &mut Prng) -> Words {
        let mut number = |bound: u64| prng.below(bound);
        let templates = [
            "SET S V",
            "SET S V KEEPTTL",
            "SET ANY V PXAT FAR",
            "APPEND S V",
            "SETRANGE S I V",
            "GETDEL S",
            "INCRBY N I",
            "DECR N",
            "INCRBYFLOAT N 0.25",
            "GET S",
            "STRLEN S",
            "MSET S V S V",
            "MSETNX S V ANY V",
            "SETNX ANY V",
            "GETSET S V",
            "GETEX S PXAT FAR",
            "DEL ANY",
            "UNLINK L S",
            "RENAME S ANY",
            "RENAMENX L ANY",
            "COPY L ANY REPLACE",
            "COPY Z ANY",
            "MOVE ANY 1",
            "PEXPIREAT ANY FAR",
            "PEXPIREAT L FAR",
            "PERSIST L",
            "PERSIST ANY",
            "RPUSH L V V",
            "LPUSH L V",
            "RPUSH L V V V V",
            "LPOP L",
            "RPOP L I",
            "LTRIM L I -2",
            "LSET L I V",
            "LINSERT L BEFORE V V",
            "LREM L 1 V",
            "LMOVE L L LEFT RIGHT",
            "RPOPLPUSH L L",
            "LRANGE L 0 -1",
            "BLPOP L L 0.003",
            "BRPOP ANY L 0.001",
            "BLMPOP 0.001 1 L LEFT COUNT 2",
            "BZPOPMIN Z 0.002",
            "BZMPOP 0.003 2 Z Z MAX COUNT 2",
            "ZADD Z I V",
            "ZADD Z I V I V",
            "ZADD Z GT CH I V",
            "ZINCRBY Z 1.5 V",
            "ZREM Z V",
            "ZPOPMIN Z",
            "ZPOPMAX Z 2",
            "ZRANGESTORE Z Z 0 2",
            "ZREMRANGEBYRANK Z 0 0",
            "ZRANGE Z 0 -1 WITHSCORES",
            "SELECT DB",
            "SELECT DB",
            "PING",
            "NOSUCH COMMAND",
            "LPUSH S V",
            "EXISTS ANY",
            "TYPE ANY",
        ];
        let template = templates[number(templates.len() as u64) as usize];
        let name = &self.name;
        let words = template.split(' ').map(|word| match word {
            "S" => format!("{name}:s{}", 1 + number(2)),
            "L" => format!("{name}:l{}", 1 + number(2)),
            "Z" => format!("{name}:z{}", 1 + number(2)),
            "N" => format!("{name}:n"),
            "ANY" => format!("{name}:{}", KEYS[number(KEYS.len() as u64) as usize]),
            "V" if number(30) == 0 => "long".repeat(1 + number(2000) as usize),
            "V" => format!("v{}", number(12)),
            "I" => number(5).to_string(),
            "DB" => number(DATABASES as u64).to_string(),
            "FAR" => (99_000_000_000_000 + number(5)).to_string(),
            word => word.to_owned(),
        });
        words.map(String::into_bytes).collect()
    }

    fn send(&mut self, server: &Server, count: u64, prng: &mut Prng) {
        if self.socket.is_none() {
            self.connect(server);
        }
        for _ in 0..count {
            let words = self.invent(prng);
            self.send_words(words);
        }
    }

    fn connect(&mut self, server: &Server) {
        assert!(self.waiting.is_empty());
        let socket = server.connect();
        socket.set_send_buffer(4096);
        self.socket = Some(socket);
        self.received.clear();
        // A connection begins in database 0.
        self.send_words(to_words("SELECT 0"));
    }

    fn send_words(&mut self, words: Words) {
        if let Some(socket) = &self.socket {
            socket.send(&request(&slices(&words)));
            self.waiting.push_back(words);
        }
    }

    /// Compares the replies that have come with the model's. `true` when the connection has ended.
    fn receive(&mut self, now_us: u64) -> bool {
        let Some(socket) = &self.socket else {
            return false;
        };
        let is_closed = socket.is_closed_by_server();
        self.received.extend(socket.receive());
        while let Some(reply) = take_raw_reply(&mut self.received) {
            let words = self.waiting.pop_front().expect("a reply to nothing");
            if reply.starts_with(b"-MISCONF ") {
                continue;
            }
            let expected = self.model.call(&slices(&words));
            let is_write = !self.model.take_effects().is_empty();
            assert_eq!(
                reply.escape_ascii().to_string(),
                expected.escape_ascii().to_string(),
                "{} got this reply to {}",
                self.name,
                words.join(&b' ').escape_ascii()
            );
            let acknowledged_us = is_write.then_some(now_us);
            self.history.push(Sent {
                words,
                acknowledged_us,
            });
        }
        is_closed
    }

    /// Finds out what became of what is in doubt: the server's state must be the model's after some of it. The first
    /// `sure` commands of the history are not in doubt.
    fn reconcile(&mut self, server: &mut Server, sure: usize, may_skip: bool) {
        self.socket = None;
        self.received.clear();
        let found = self.state(server.engine.shared());
        let in_doubt: Vec<Sent> = self.history.drain(sure..).collect();
        let in_doubt = in_doubt.into_iter();
        let waiting = std::mem::take(&mut self.waiting).into_iter();
        let mut candidates: Vec<Words> = in_doubt.map(|sent| sent.words).collect();
        let answered = candidates.len();
        candidates.extend(waiting);

        let mut local = self.replay();
        for count in 0..=candidates.len() {
            if self.state(&mut local.shared) == found {
                return self.accept(candidates[..count].iter().cloned());
            }
            if let Some(words) = candidates.get(count) {
                local.call(&slices(words));
            }
        }
        // While the disk failed some were refused, and their replies were lost with the connection.
        let unanswered = candidates.len() - answered;
        if may_skip && unanswered <= 8 {
            for chosen in 0..1u32 << unanswered {
                let is_run = |at: usize| at < answered || chosen >> (at - answered) & 1 == 1;
                let subset = candidates.iter().enumerate();
                let subset: Vec<Words> = subset
                    .filter(|(at, _)| is_run(*at))
                    .map(|(_, words)| words.clone())
                    .collect();
                let mut local = self.replay();
                for words in &subset {
                    local.call(&slices(words));
                }
                if self.state(&mut local.shared) == found {
                    return self.accept(subset.into_iter());
                }
            }
        }
        let expected = self.state(&mut self.replay().shared);
        let shown = |words: &Words| words.join(&b' ').escape_ascii().to_string();
        let history: Vec<String> = self.history.iter().map(|sent| shown(&sent.words)).collect();
        let candidates: Vec<String> = candidates.iter().map(shown).collect();
        unreachable!(
            "{} has what it never had:\n{}\nafter all that is sure it is\n{}\nsure are\n{}\nin doubt are\n{}",
            self.name,
            found.escape_ascii(),
            expected.escape_ascii(),
            history.join("\n"),
            candidates.join("\n")
        );
    }

    fn replay(&self) -> Local {
        let mut local = model();
        for sent in &self.history {
            local.call(&slices(&sent.words));
        }
        local.take_effects();
        local
    }

    fn accept(&mut self, words: impl Iterator<Item = Words>) {
        for words in words {
            self.history.push(Sent {
                words,
                acknowledged_us: None,
            });
        }
        self.model = self.replay();
    }

    /// How many commands of the history a crash must have left: those up to the last one acknowledged by `by_us`.
    fn sure_until(&self, by_us: u64) -> usize {
        let is_sure = |sent: &Sent| sent.acknowledged_us.is_some_and(|at_us| at_us <= by_us);
        self.history
            .iter()
            .rposition(is_sure)
            .map_or(0, |at| at + 1)
    }
}

/// Takes the bytes of the first reply.
fn take_raw_reply(bytes: &mut Vec<u8>) -> Option<Vec<u8>> {
    let before = bytes.clone();
    rotom_tests::reply::take_reply(bytes)?;
    Some(before[..before.len() - bytes.len()].to_vec())
}

/// One world's life.
struct Chaos {
    sim: Sim,
    prng: Prng,
    policy: &'static str,
    server: Server,
    actors: Vec<Actor>,
    /// The disk has failed in this life.
    has_failed: bool,
}

impl Chaos {
    fn new(seed: u64) -> Chaos {
        let sim = Sim::new(seed);
        let mut prng = Prng::new(seed ^ 0x5eed);
        let policy = ["always", "always", "everysec", "no"][prng.below(4) as usize];
        let server = start(&sim, policy);
        let actors = (0..1 + prng.below(4) as usize).map(Actor::new).collect();
        Chaos {
            sim,
            prng,
            policy,
            server,
            actors,
            has_failed: false,
        }
    }

    fn chance(&mut self, percent: u64) -> bool {
        self.prng.below(100) < percent
    }

    fn life(&mut self) {
        for _ in 0..60 + self.prng.below(120) {
            self.step();
        }
        self.crash();
        self.has_failed = false;
    }

    fn step(&mut self) {
        if self.chance(4) {
            self.set_net_faults();
        }
        if self.chance(5) {
            self.break_disk();
        }
        if self.chance(5) {
            self.sim.disk().heal();
            self.sim.disk().set_capacity(usize::MAX);
        }
        for at in 0..self.actors.len() {
            // Few enough in doubt to try them all.
            if self.actors[at].waiting.len() < 5 && self.prng.below(100) < 60 {
                let count = 1 + self.prng.below(3);
                self.actors[at].send(&self.server, count, &mut self.prng);
            }
        }
        let pause_us = [0, 300, 1500, 40_000, 300_000][self.prng.below(5) as usize];
        self.sim.advance_us(self.prng.below(pause_us + 1));
        assert_eq!(self.server.turn(), None, "the server ended");
        self.receive();
    }

    fn receive(&mut self) {
        let now_us = self.sim.now_us();
        for at in 0..self.actors.len() {
            if self.actors[at].receive(now_us) {
                // The connection was reset; what the server did of the rest shows.
                self.server.turn();
                self.actors[at].receive(now_us);
                let sure = self.actors[at].history.len();
                self.actors[at].reconcile(&mut self.server, sure, self.has_failed);
            }
        }
    }

    fn set_net_faults(&mut self) {
        let mut percent = |most: u64| self.prng.below(most) as u8;
        self.sim.set_net_faults(NetFaults {
            short_percent: percent(80),
            not_ready_percent: percent(50),
            reset_percent: percent(3),
        });
    }

    /// What may fail depends on what the policy promises then.
    fn break_disk(&mut self) {
        let disk = self.sim.disk();
        disk.set_short_append_percent(self.prng.below(60) as u8);
        disk.set_sync_delay_us(1 + self.prng.below(20_000));
        let times = 1 + self.prng.below(3) as u32;
        let error = IoError([5, 28][self.prng.below(2) as usize]);
        match self.policy {
            "always" if self.prng.below(3) == 0 => {
                disk.set_capacity(disk.used_bytes() + self.prng.below(400) as usize);
            }
            "always" => {
                let calls = [
                    DiskCall::Sync,
                    DiskCall::Sync,
                    DiskCall::Append,
                    DiskCall::Create,
                    DiskCall::Rename,
                    DiskCall::Read,
                    DiskCall::Truncate,
                    DiskCall::Remove,
                ];
                disk.fail(calls[self.prng.below(8) as usize], error, times);
            }
            "everysec" if self.prng.below(2) == 0 => disk.fail(DiskCall::Sync, error, times),
            _ => return,
        }
        self.has_failed = true;
    }

    fn crash(&mut self) {
        let is_power_cut = match self.policy {
            "always" => self.chance(70),
            "everysec" => !self.has_failed && self.chance(60),
            _ => false,
        };
        self.receive();
        let now_us = self.sim.now_us();
        let random_len = [0, 1, 30, 200, usize::MAX][self.prng.below(5) as usize];
        let cut = if is_power_cut {
            PowerCut {
                keep_bytes: random_len,
                are_zeros: self.chance(30),
                keep_name_changes: self.prng.below(4) as usize,
            }
        } else {
            PowerCut {
                keep_bytes: usize::MAX,
                are_zeros: false,
                keep_name_changes: usize::MAX,
            }
        };
        if self.chance(30) {
            // In the middle of things.
            self.sim.disk().power_off_after(1 + self.prng.below(6));
            for _ in 0..3 {
                self.server.turn();
                self.sim.advance_us(1500);
            }
            self.receive();
            self.has_failed = true;
        }
        self.sim.power_cut(cut);
        self.sim.disk().heal();
        self.sim.disk().set_capacity(usize::MAX);
        self.sim.set_net_faults(NetFaults::default());
        self.server = start(&self.sim, self.policy);
        let by_us = if self.policy == "everysec" && is_power_cut {
            now_us.saturating_sub(EVERYSEC_US)
        } else {
            now_us
        };
        for actor in &mut self.actors {
            let sure = actor.sure_until(by_us);
            actor.reconcile(&mut self.server, sure, self.has_failed);
        }
    }
}

fn start(sim: &Sim, policy: &str) -> Server {
    let policy = format!("appendfsync {policy}");
    Server::start(sim, &["appendonly yes", &policy])
}

/// Tells the seed of a failure.
struct Seed(u64);

impl Drop for Seed {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("to replay: ROTOM_CHAOS={},1", self.0);
        }
    }
}

#[test]
fn nothing_acknowledged_is_lost_and_nothing_is_invented() {
    let given = std::env::var("ROTOM_CHAOS").unwrap_or_default();
    let mut given = given.split(',').filter_map(|number| number.parse().ok());
    let first: u64 = given.next().unwrap_or(1);
    let count: u64 = given.next().unwrap_or(200);
    for seed in first..first + count {
        let _seed = Seed(seed);
        let mut chaos = Chaos::new(seed);
        for _ in 0..3 {
            chaos.life();
        }
    }
}
