//! Transactions on a whole server: what runs in between, who is served when, what the log keeps, what is cleaned up; and
//! clients at random against a model.

use rotom_core::bytes::prng::Prng;
use rotom_tests::reply::{Value, line, take_replies};
use rotom_tests::server::Server;
use rotom_tests::sim::{PowerCut, Sim, SimClient};
use std::collections::{BTreeMap, BTreeSet};

const INCR: &str = "appendonlydir/appendonly.aof.1.incr.aof";

fn start(lines: &[&str]) -> Server {
    Server::start(&Sim::new(1), lines)
}

fn simple(text: &str) -> Value {
    Value::Simple(text.into())
}

fn bulk(text: &str) -> Value {
    Value::Bulk(Some(text.into()))
}

fn array(values: &[Value]) -> Value {
    Value::Array(Some(values.to_vec()))
}

/// Sends lines at once, and returns the last reply.
fn last(server: &mut Server, client: &SimClient, lines: &[&str]) -> Value {
    let requests: Vec<u8> = lines.iter().flat_map(|text| line(text)).collect();
    client.send(&requests);
    server.replies(client, lines.len()).pop().expect("a reply")
}

/// A field of a text that is a reply.
fn field(server: &mut Server, request: &str, name: &str) -> String {
    let client = server.connect();
    let Value::Bulk(Some(text)) = server.call(&client, request) else {
        unreachable!("{request} answers a text");
    };
    client.close();
    server.turn();
    let text = String::from_utf8(text).expect("text");
    let mut fields = text.split([' ', '\r', '\n']);
    let found = fields.find_map(|field| field.strip_prefix(name));
    found
        .unwrap_or_default()
        .trim_start_matches(['=', ':'])
        .to_string()
}

#[test]
fn what_needs_the_engine_is_answered_in_its_place() {
    let mut server = start(&["appendonly yes"]);
    let client = server.connect();
    let other = server.connect();
    server.call(&other, "CLIENT SETNAME other");
    let reply = last(
        &mut server,
        &client,
        &[
            "MULTI",
            "SET a 1",
            "INFO server",
            "CONFIG SET hz 50",
            "CONFIG SET hz x",
            "CLIENT LIST",
            "WAIT 1 0",
            "WAITAOF 1 1 0",
            "BLPOP nothing 0",
            "CLIENT KILL TYPE normal SKIPME yes",
            "GET a",
            "EXEC",
        ],
    );
    let Value::Array(Some(replies)) = reply else {
        unreachable!("{reply:?}");
    };
    assert_eq!(replies.len(), 10);
    assert!(matches!(&replies[1], Value::Bulk(Some(text)) if text.starts_with(b"# Server")));
    assert_eq!(replies[2], simple("OK"));
    assert!(replies[3].is_error("ERR"));
    assert!(matches!(&replies[4], Value::Bulk(Some(text)) if text.ends_with(b"\n")));
    assert_eq!(replies[5], Value::Int(0));
    assert_eq!(replies[6], array(&[Value::Int(0), Value::Int(0)]));
    assert_eq!(replies[7], Value::Array(None));
    assert_eq!(replies[8], Value::Int(1));
    assert_eq!(replies[9], bulk("1"));
    server.until("the other to be closed", |_| other.is_closed_by_server());
}

#[test]
fn who_waits_is_served_after_exec() {
    let mut server = start(&[]);
    let waiting = server.connect();
    waiting.send(&line("BLPOP a b 0"));
    server.until("the request to be read", |_| waiting.unread_len() == 0);
    server.turn();
    let client = server.connect();
    let lines = [
        "MULTI",
        "RPUSH a 1",
        "LPOP a",
        "RPUSH b 2",
        "RPUSH a 3",
        "LLEN a",
        "EXEC",
    ];
    let reply = last(&mut server, &client, &lines);
    let one = Value::Int(1);
    assert_eq!(
        reply,
        array(&[one.clone(), bulk("1"), one.clone(), one.clone(), one])
    );
    // The key that came first is looked at first.
    assert_eq!(
        server.replies(&waiting, 1),
        [array(&[bulk("a"), bulk("3")])]
    );
    assert_eq!(server.call(&client, "LLEN b"), Value::Int(1));
}

#[test]
fn long_values_go_in_and_out_within_a_transaction() {
    let mut server = start(&[]);
    let client = server.connect();
    let long = "x".repeat(300_000);
    let set = format!("SET a {long}");
    let lines = [
        "MULTI",
        &set,
        "GET a",
        "APPEND a y",
        "GET a",
        "GETRANGE a 1 100000",
        "EXEC",
    ];
    let reply = last(&mut server, &client, &lines);
    let expected = [
        simple("OK"),
        bulk(&long),
        Value::Int(300_001),
        bulk(&format!("{long}y")),
        bulk(&long[..100_000]),
    ];
    assert!(reply == array(&expected));
}

#[test]
fn the_memory_of_a_queue_is_the_clients_and_has_the_limit_of_its_input() {
    let mut server = start(&["client-query-buffer-limit 1048576"]);
    let client = server.connect();
    let value = "v".repeat(1000);
    server.call(&client, "WATCH a b");
    server.call(&client, "MULTI");
    for _ in 0..10 {
        assert_eq!(
            server.call(&client, &format!("SET a {value}")),
            simple("QUEUED")
        );
    }
    for (name, expected) in [("multi", "10"), ("watch", "2"), ("flags", "x")] {
        assert_eq!(field(&mut server, "CLIENT LIST", name), expected, "{name}");
    }
    let memory: usize = field(&mut server, "CLIENT LIST", "multi-mem")
        .parse()
        .expect("a number");
    let total: usize = field(&mut server, "CLIENT LIST", "tot-mem")
        .parse()
        .expect("a number");
    assert!(
        (10_000..12_000).contains(&memory) && total > memory,
        "{memory} {total}"
    );
    assert_eq!(
        field(&mut server, "INFO clients", "total_watched_keys"),
        "2"
    );
    assert_eq!(field(&mut server, "INFO clients", "watching_clients"), "1");
    client.send(&line(&format!("SET a {value}")).repeat(1100));
    server.until("it to be closed", |_| client.is_closed_by_server());
    assert_eq!(
        field(&mut server, "INFO clients", "total_watched_keys"),
        "0"
    );
    assert_eq!(server.key_count(), 0);
}

#[test]
fn those_that_go_leave_nothing_behind() {
    let mut server = start(&[]);
    let client = server.connect();
    let other = server.connect();
    last(&mut server, &client, &["WATCH a b", "MULTI", "SET a 1"]);
    last(&mut server, &other, &["WATCH a"]);
    assert_eq!(
        field(&mut server, "INFO clients", "total_watched_keys"),
        "2"
    );
    last(&mut server, &other, &["SET a 2"]);
    assert_eq!(field(&mut server, "CLIENT LIST", "flags"), "xd");
    client.close();
    server.run_us(1000);
    assert_eq!(field(&mut server, "INFO clients", "watching_clients"), "1");
    assert_eq!(last(&mut server, &other, &["RESET"]), simple("RESET"));
    assert_eq!(field(&mut server, "INFO clients", "watching_clients"), "0");
    assert_eq!(server.get("a"), Some(b"2".to_vec()));
}

#[test]
fn all_of_exec_waits_for_the_disk_and_nothing_before_it() {
    let sim = Sim::new(1);
    let mut server = Server::start(&sim, &["appendonly yes", "appendfsync always"]);
    let client = server.connect();
    server.call(&client, "PING");
    sim.disk().set_sync_delay_us(100_000);
    client.send(&["MULTI", "GET a", "SET a 1", "EXEC"].map(line).concat());
    server.until("the requests to be read", |_| client.unread_len() == 0);
    // Nothing was written before EXEC.
    let early = take_replies(&mut client.receive());
    assert_eq!(early, [simple("OK"), simple("QUEUED"), simple("QUEUED")]);
    server.run_us(150_000);
    let late = take_replies(&mut client.receive());
    assert_eq!(late, [array(&[Value::Bulk(None), simple("OK")])]);
}

#[test]
fn half_a_transaction_never_comes_back_from_the_log() {
    let lines = [
        "appendonly yes",
        "appendfsync always",
        "aof-use-rdb-preamble no",
    ];
    let sim = Sim::new(1);
    let mut server = Server::start(&sim, &lines);
    let client = server.connect();
    last(&mut server, &client, &["SET a 0", "SET b 0"]);
    let before = sim.disk().used_bytes();
    let reply = last(
        &mut server,
        &client,
        &["MULTI", "INCR a", "SELECT 0", "INCR b", "EXEC"],
    );
    assert_eq!(reply, array(&[Value::Int(1), simple("OK"), Value::Int(1)]));
    let after = sim.disk().used_bytes();
    assert!(after > before + 80);
    for kept in 0..=after - before {
        let sim = Sim::new(1);
        let mut server = Server::start(&sim, &lines);
        let client = server.connect();
        last(&mut server, &client, &["SET a 0", "SET b 0"]);
        client.send(
            &["MULTI", "INCR a", "SELECT 0", "INCR b", "EXEC"]
                .map(line)
                .concat(),
        );
        sim.disk().set_sync_delay_us(10_000_000);
        server.until("the requests to have run", |_| {
            sim.disk().used_bytes() == after
        });
        sim.power_cut(PowerCut {
            keep_bytes: kept,
            are_zeros: kept % 2 == 1,
            keep_name_changes: usize::MAX,
        });
        let mut server = Server::start(&sim, &lines);
        let (a, b) = (server.get("a"), server.get("b"));
        assert_eq!(a, b, "{kept} bytes kept");
    }
}

#[test]
fn a_log_whose_transactions_are_mixed_up_does_not_load() {
    for wrong in [
        &["MULTI", "SET a 1", "MULTI", "EXEC"][..],
        &["SET a 1", "EXEC"],
        &["DISCARD"],
        &["WATCH a"],
    ] {
        let sim = Sim::new(1);
        let lines = ["appendonly yes"];
        let mut server = Server::start(&sim, &lines);
        let client = server.connect();
        server.call(&client, "SET b 1");
        drop(server);
        sim.kill_process();
        let requests: Vec<u8> = wrong.iter().flat_map(|text| line(text)).collect();
        assert!(
            sim.disk()
                .edit(INCR, |bytes| bytes.extend_from_slice(&requests))
        );
        let loaded = Server::try_start(&sim, rotom_tests::server::settings(&lines));
        assert!(loaded.is_err(), "{wrong:?}");
    }
}

/// What the model knows of one client.
#[derive(Default)]
struct ModelClient {
    watched: BTreeSet<String>,
    is_dirty: bool,
    queue: Option<Vec<(String, String)>>,
    is_aborted: bool,
}

/// Keys and clients, as simply as can be.
#[derive(Default)]
struct Model {
    keys: BTreeMap<String, i64>,
    clients: Vec<ModelClient>,
}

impl Model {
    fn touch(&mut self, key: &str) {
        for client in &mut self.clients {
            client.is_dirty |= client.watched.contains(key);
        }
    }

    fn run(&mut self, command: &str, key: &str) -> Value {
        match command {
            "INCR" => {
                let value = self.keys.entry(key.into()).or_default();
                *value += 1;
                let value = *value;
                self.touch(key);
                Value::Int(value)
            }
            "GET" => Value::Bulk(self.keys.get(key).map(|value| value.to_string().into())),
            "DEL" => {
                let was_there = self.keys.remove(key).is_some();
                if was_there {
                    self.touch(key);
                }
                Value::Int(i64::from(was_there))
            }
            "FLUSHALL" => {
                for key in std::mem::take(&mut self.keys).into_keys() {
                    self.touch(&key);
                }
                simple("OK")
            }
            _ => unreachable!("{command}"),
        }
    }

    fn call(&mut self, who: usize, command: &str, key: &str) -> Value {
        let in_multi = self.clients[who].queue.is_some();
        match (command, in_multi) {
            ("MULTI", true) => Value::Error("ERR MULTI calls can not be nested".into()),
            ("MULTI", false) => {
                self.clients[who].queue = Some(vec![]);
                simple("OK")
            }
            ("WATCH", true) => Value::Error("ERR WATCH inside MULTI is not allowed".into()),
            ("WATCH", false) => {
                self.clients[who].watched.insert(key.into());
                simple("OK")
            }
            ("UNWATCH", false) => {
                self.clients[who] = ModelClient::default();
                simple("OK")
            }
            ("DISCARD" | "EXEC", false) => Value::Error(format!("ERR {command} without MULTI")),
            ("DISCARD", true) => {
                self.clients[who] = ModelClient::default();
                simple("OK")
            }
            ("EXEC", true) => {
                let client = std::mem::take(&mut self.clients[who]);
                if client.is_aborted {
                    let text = "EXECABORT Transaction discarded because of previous errors.";
                    return Value::Error(text.into());
                }
                if client.is_dirty {
                    return Value::Array(None);
                }
                let queue = client.queue.unwrap_or_default();
                let replies: Vec<Value> = queue.iter().map(|(c, k)| self.run(c, k)).collect();
                array(&replies)
            }
            ("GETSET", _) => {
                self.clients[who].is_aborted = in_multi;
                Value::Error("ERR wrong number of arguments for 'getset' command".into())
            }
            (_, true) => {
                let queue = self.clients[who].queue.as_mut();
                queue
                    .expect("it is in MULTI")
                    .push((command.into(), key.into()));
                simple("QUEUED")
            }
            (_, false) => self.run(command, key),
        }
    }
}

const COMMANDS: &[(&str, u64)] = &[
    ("INCR", 20),
    ("GET", 10),
    ("DEL", 10),
    ("FLUSHALL", 1),
    ("MULTI", 12),
    ("EXEC", 12),
    ("DISCARD", 2),
    ("WATCH", 15),
    ("UNWATCH", 1),
    ("GETSET", 1),
];

fn draw(prng: &mut Prng) -> &'static str {
    let total = COMMANDS.iter().map(|(_, weight)| weight).sum();
    let mut at = prng.below(total);
    for &(command, weight) in COMMANDS {
        if at < weight {
            return command;
        }
        at -= weight;
    }
    unreachable!("the weights are of the commands")
}

#[test]
fn transactions_of_several_clients_agree_with_a_model() {
    let mut ends = BTreeMap::new();
    for seed in 0..20 {
        let mut prng = Prng::new(seed);
        let mut server = start(&[]);
        let clients: Vec<SimClient> = (0..5).map(|_| server.connect()).collect();
        let mut model = Model::default();
        model
            .clients
            .resize_with(clients.len(), ModelClient::default);
        for _ in 0..1500 {
            let who = prng.below(5) as usize;
            let command = draw(&mut prng);
            // UNWATCH is no command of a transaction's own here.
            if command == "UNWATCH" && model.clients[who].queue.is_some() {
                continue;
            }
            let key = format!("k{}", prng.below(6));
            let request = match command {
                "INCR" | "GET" | "DEL" | "WATCH" | "GETSET" => format!("{command} {key}"),
                _ => command.to_string(),
            };
            let expected = model.call(who, command, &key);
            let got = server.call(&clients[who], &request);
            assert_eq!(got, expected, "seed {seed}: {request}");
            if command == "EXEC" {
                let end = match got {
                    Value::Array(None) => "dirty",
                    Value::Array(_) => "run",
                    _ => "error",
                };
                *ends.entry(end).or_insert(0) += 1;
            }
        }
        drop(clients);
    }
    assert!(ends["dirty"] > 100 && ends["run"] > 500, "{ends:?}");
}
