//! Clients that wait for keys: who is served when, what becomes of those that leave, and what a crash leaves.

use rotom_tests::reply::{Value, line, take_replies};
use rotom_tests::server::Server;
use rotom_tests::sim::{Sim, SimClient};

fn start(lines: &[&str]) -> Server {
    Server::start(&Sim::new(1), lines)
}

fn bulk(text: &str) -> Value {
    Value::Bulk(Some(text.into()))
}

fn pair(key: &str, element: &str) -> Value {
    Value::Array(Some(vec![bulk(key), bulk(element)]))
}

const NIL: Value = Value::Array(None);

/// A client whose request has run and got no answer.
fn blocked(server: &mut Server, request: &str) -> SimClient {
    let client = server.connect();
    wait(server, &client, request);
    client
}

fn wait(server: &mut Server, client: &SimClient, request: &str) {
    client.send(&line(request));
    server.until("the request to be read", |_| client.unread_len() == 0);
    server.turn();
    assert_eq!(client.receive(), b"", "{request}");
}

fn received(client: &SimClient) -> Vec<Value> {
    take_replies(&mut client.receive())
}

/// A field of INFO.
fn info(server: &mut Server, section: &str, field: &str) -> String {
    let client = server.connect();
    let Value::Bulk(Some(text)) = server.call(&client, &format!("INFO {section}")) else {
        unreachable!("INFO answers a text");
    };
    let text = String::from_utf8(text).expect("text");
    let field = format!("{field}:");
    let mut lines = text.lines();
    let line = lines.find_map(|line| line.strip_prefix(&field));
    line.unwrap_or_default().to_string()
}

#[test]
fn who_came_first_is_served_first_whatever_key_comes() {
    let mut server = start(&[]);
    let first = blocked(&mut server, "BLPOP a b 0");
    let second = blocked(&mut server, "BRPOP b c 0");
    let third = blocked(&mut server, "BLPOP b 0");
    let other_db = server.connect();
    server.call(&other_db, "SELECT 1");
    wait(&mut server, &other_db, "BLPOP b 0");
    let pusher = server.connect();
    assert_eq!(server.call(&pusher, "RPUSH b 1 2"), Value::Int(2));
    assert_eq!(received(&first), [pair("b", "1")]);
    assert_eq!(received(&second), [pair("b", "2")]);
    assert_eq!(server.call(&pusher, "EXISTS b"), Value::Int(0));
    assert_eq!(server.call(&pusher, "RPUSH b 3 4"), Value::Int(2));
    assert_eq!(received(&third), [pair("b", "3")]);
    assert_eq!(server.call(&pusher, "LLEN b"), Value::Int(1));
    assert_eq!(server.call(&pusher, "MOVE b 1"), Value::Int(1));
    assert_eq!(received(&other_db), [pair("b", "4")]);
}

#[test]
fn what_follows_a_request_that_waits_runs_after_it() {
    let mut server = start(&[]);
    let client = server.connect();
    let pusher = server.connect();
    for chunk in [usize::MAX, 1, 7] {
        client.set_read_chunk(chunk);
        let requests = [
            line("INCR n"),
            line("BLPOP a 0"),
            b"SET 'quoted key' \"a b\"\r\n".to_vec(),
            line("BLPOP b 0"),
            line("APPEND last x"),
        ];
        client.send(&requests.concat());
        assert_eq!(server.replies(&client, 1).len(), 1);
        assert_eq!(server.call(&pusher, "EXISTS last"), Value::Int(0));
        for (key, count) in [("a", 2), ("b", 2)] {
            server.call(&pusher, &format!("RPUSH {key} 1"));
            let replies = server.replies(&client, count);
            assert_eq!(replies[0], pair(key, "1"));
        }
        server.call(&pusher, "FLUSHALL");
    }
}

#[test]
fn requests_of_one_batch_are_served_in_their_order() {
    let mut server = start(&[]);
    let client = server.connect();
    // Pushed and taken by one client, and by another that waits in the same batch.
    let other = server.connect();
    other.send(&[line("BLPOP a 0"), line("BLPOP a 0"), line("PING")].concat());
    client.send(
        &[
            line("RPUSH a 1"),
            line("LLEN a"),
            line("RPUSH a 2"),
            line("LLEN a"),
        ]
        .concat(),
    );
    let expected = [pair("a", "1"), pair("a", "2"), Value::Simple("PONG".into())];
    assert_eq!(server.replies(&other, 3), expected);
    server.replies(&client, 4);
    assert_eq!(server.call(&client, "EXISTS a"), Value::Int(0));
}

#[test]
fn a_wait_ends_on_time_and_bounds_the_sleep_of_the_loop() {
    let mut server = start(&["hz 1"]);
    for (request, ms) in [
        ("BLPOP a 0.25", 250),
        ("BZPOPMIN a b 0.001", 1),
        ("BLMOVE a b LEFT LEFT 0.1", 100),
        ("BZMPOP 0.1 1 a MIN", 100),
    ] {
        let client = server.connect();
        client.send(&line(request));
        let from_us = server.sim.now_us();
        assert_eq!(server.replies(&client, 1), [NIL]);
        let took_us = server.sim.now_us() - from_us;
        assert!(
            (ms * 1000..ms * 1000 + 2000).contains(&took_us),
            "{request}: {took_us} us"
        );
    }
    let client = blocked(&mut server, "BLPOP a 100");
    wait(&mut server, &client, "PING");
    assert_eq!(
        info(&mut server, "clients", "clients_in_timeout_table"),
        "1"
    );
    // Without a deadline there is nothing to wake up for.
    blocked(&mut server, "BLPOP a 0");
    assert_eq!(
        info(&mut server, "clients", "clients_in_timeout_table"),
        "1"
    );
    server.run_us(101_000_000);
    assert_eq!(received(&client), [NIL, Value::Simple("PONG".into())]);
    assert_eq!(
        info(&mut server, "clients", "clients_in_timeout_table"),
        "0"
    );
}

#[test]
fn a_clock_that_is_set_ends_no_wait() {
    let mut server = start(&[]);
    let client = blocked(&mut server, "BLPOP a 10");
    for by_us in [3_600_000_000, -7_200_000_000] {
        server.sim.jump_wall_us(by_us);
        server.run_us(4_000_000);
        assert_eq!(client.unreceived_len(), 0);
    }
    server.run_us(2_100_000);
    assert_eq!(received(&client), [NIL]);
}

#[test]
fn many_whose_time_is_up_at_once_are_answered_in_slices() {
    let mut server = start(&[]);
    let clients: Vec<SimClient> = (0..1000).map(|_| server.connect()).collect();
    for client in &clients {
        client.send(&line("BLPOP a b c 5"));
    }
    server.until("all to wait", |server| {
        server.engine.shared().keys.waiters.key_count() == 3
    });
    server.run_us(1_000_000);
    let mut answered = 0;
    server.until("the answers", |_| {
        let now = clients
            .iter()
            .filter(|client| client.unreceived_len() > 0)
            .count();
        assert!(
            now - answered <= 64,
            "{} answers in one turn",
            now - answered
        );
        answered = now;
        now == clients.len()
    });
    assert!(!server.engine.shared().keys.waiters.is_anybody());
    assert!(server.engine.shared().keys.waiters.memory_bytes() < 10_000);
}

#[test]
fn a_client_that_left_gets_nothing_although_the_push_comes_in_the_same_turn() {
    type Leave = fn(&SimClient);
    let ways: [(&str, Leave); 4] = [
        ("close", SimClient::close),
        ("shut", SimClient::shut),
        ("reset", SimClient::reset),
        ("failure", |client| {
            client.fail(rotom_core::platform::IoError(104))
        }),
    ];
    for (way, leave) in ways {
        for pusher_first in [true, false] {
            let mut server = start(&["appendonly yes", "appendfsync always"]);
            let early = server.connect();
            let gone = blocked(&mut server, "BLPOP a b 0");
            let late = server.connect();
            let next = blocked(&mut server, "BLPOP b 0");
            let pusher = if pusher_first { &early } else { &late };
            pusher.send(&line("RPUSH b 1"));
            leave(&gone);
            if way == "failure" {
                gone.send(b"P");
            }
            server.run_us(10_000);
            assert_eq!(received(&next), [pair("b", "1")], "{way}");
            assert_eq!(gone.receive(), b"");
            server.until("the close", |_| gone.is_closed_by_server());
            assert_eq!(info(&mut server, "clients", "blocked_clients"), "0");
            assert_eq!(info(&mut server, "clients", "total_blocking_keys"), "0");
        }
    }
}

#[test]
fn a_client_that_ends_its_input_behind_a_backlog_does_not_wait_for_ever() {
    let mut server = start(&[]);
    let client = server.connect();
    client.set_send_buffer(1000);
    let big = format!("SET big {}", "x".repeat(300_000));
    let mut requests = line(&big);
    for _ in 0..20 {
        requests.extend(line("GET big"));
    }
    requests.extend(line("BLPOP a 0"));
    requests.extend(line("RPUSH b 1"));
    client.send(&requests);
    client.shut();
    let mut bytes = Vec::new();
    server.until("the close", |_| {
        bytes.extend(client.receive());
        client.is_closed_by_server()
    });
    bytes.extend(client.receive());
    assert_eq!(take_replies(&mut bytes).len(), 21);
    assert_eq!(server.key_count(), 1);
}

#[test]
fn a_push_for_very_many_is_served_in_slices_and_nobody_comes_between() {
    let mut server = start(&[]);
    let clients: Vec<SimClient> = (0..1000).map(|_| server.connect()).collect();
    for client in &clients {
        client.send(&line("BLPOP a 0"));
    }
    let pusher = server.connect();
    let reader = server.connect();
    server.until("all to wait", |server| {
        info(server, "clients", "blocked_clients") == "1000"
    });
    let elements: Vec<String> = (0..1500).map(|n| n.to_string()).collect();
    pusher.send(&line(&format!("RPUSH a {}", elements.join(" "))));
    reader.send(&line("LLEN a"));
    let mut answered = 0;
    server.until("the answers", |_| {
        let now = clients
            .iter()
            .filter(|client| client.unreceived_len() > 0)
            .count();
        assert!(
            now - answered <= 64,
            "{} answers in one turn",
            now - answered
        );
        answered = now;
        assert!(reader.unreceived_len() == 0 || now == 1000 || answered == 0);
        now == clients.len()
    });
    assert_eq!(server.replies(&reader, 1), [Value::Int(500)]);
    for (number, client) in clients.iter().enumerate() {
        assert_eq!(received(client), [pair("a", &number.to_string())]);
    }
}

#[test]
fn a_chain_of_moves_is_served_in_one_turn_and_logged_in_order() {
    let sim = Sim::new(1);
    let mut server = Server::start(&sim, &["appendonly yes"]);
    let last = blocked(&mut server, "BLMPOP 0 2 x c LEFT COUNT 5");
    let second = blocked(&mut server, "BLMOVE b c RIGHT LEFT 0");
    let first = blocked(&mut server, "BRPOPLPUSH a b 0");
    let scored = blocked(&mut server, "BZMPOP 0 1 z MAX COUNT 2");
    let pusher = server.connect();
    pusher.send(&[line("LPUSH a 1"), line("ZADD z 1 m 2 n 3 o")].concat());
    server.until("the push", |_| pusher.unread_len() == 0);
    let popped = Value::Array(Some(vec![bulk("c"), Value::Array(Some(vec![bulk("1")]))]));
    assert_eq!(received(&last), [popped]);
    assert_eq!(received(&second), [bulk("1")]);
    assert_eq!(received(&first), [bulk("1")]);
    assert_eq!(received(&scored).len(), 1);
    server.run_us(10_000);
    let log = sim.disk().bytes("appendonlydir/appendonly.aof.1.incr.aof");
    let log = String::from_utf8(log.expect("a log")).expect("text");
    let words: Vec<&str> = log
        .split("\r\n")
        .filter(|w| !w.starts_with(['*', '$', '#']))
        .collect();
    assert_eq!(
        words.join(" ").trim(),
        "SELECT 0 LPUSH a 1 RPOPLPUSH a b LMOVE b c RIGHT LEFT LPOP c 1 ZADD z 1 m 2 n 3 o ZPOPMAX z 2"
    );
}

#[test]
fn a_wait_can_be_ended_by_another_client() {
    let mut server = start(&[]);
    let admin = server.connect();
    let client = server.connect();
    let Value::Int(id) = server.call(&client, "CLIENT ID") else {
        unreachable!("CLIENT ID answers a number");
    };
    for (how, answer) in [
        ("", NIL),
        (" TIMEOUT", NIL),
        (
            " error",
            Value::Error("UNBLOCKED client unblocked via CLIENT UNBLOCK".into()),
        ),
    ] {
        wait(&mut server, &client, "BLPOP a a b 0");
        client.send(&line("ECHO next"));
        let Value::Bulk(Some(list)) = server.call(&admin, &format!("CLIENT LIST ID {id}")) else {
            unreachable!("CLIENT LIST answers a text");
        };
        let list = String::from_utf8(list).expect("text");
        assert!(
            list.contains(" flags=b ") && list.contains(" cmd=blpop "),
            "{list}"
        );
        assert_eq!(info(&mut server, "clients", "blocked_clients"), "1");
        assert_eq!(info(&mut server, "clients", "total_blocking_keys"), "2");
        let unblock = format!("CLIENT UNBLOCK {id}{how}");
        assert_eq!(server.call(&admin, &unblock), Value::Int(1));
        assert_eq!(server.replies(&client, 2), [answer, bulk("next")]);
        assert_eq!(server.call(&admin, &unblock), Value::Int(0));
    }
    for (line, error) in [
        ("x", "ERR value is not an integer or out of range"),
        (
            "1 soon",
            "ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR",
        ),
    ] {
        let reply = server.call(&admin, &format!("CLIENT UNBLOCK {line}"));
        assert_eq!(reply, Value::Error(error.into()));
    }
    assert_eq!(
        info(&mut server, "commandstats", "cmdstat_blpop"),
        "calls=3,usec=0,usec_per_call=0.00,rejected_calls=0,failed_calls=1"
    );
    // One that is killed leaves nothing behind.
    wait(&mut server, &client, "BLPOP a 0");
    let kill = format!("CLIENT KILL ID {id}");
    assert_eq!(server.call(&admin, &kill), Value::Int(1));
    assert_eq!(info(&mut server, "clients", "blocked_clients"), "0");
}

#[test]
fn what_a_client_sends_while_it_waits_is_kept_up_to_the_limit() {
    let mut server = start(&["client-query-buffer-limit 1mb"]);
    let client = blocked(&mut server, "BLPOP a 0");
    let requests = line("INCR n").repeat(1000);
    client.send(&requests);
    server.until("the requests to be read", |_| client.unread_len() == 0);
    assert_eq!(server.key_count(), 0);
    let other = server.connect();
    server.call(&other, "RPUSH a 1");
    assert_eq!(server.replies(&client, 1001)[1000], Value::Int(1000));

    wait(&mut server, &client, "BLPOP a 0");
    client.send(&[b'x'; 3 << 20]);
    server.until("the close", |_| client.is_closed_by_server());
    assert_eq!(info(&mut server, "clients", "blocked_clients"), "0");
}

#[test]
fn replies_that_are_not_wanted_are_not_sent_after_a_wait_either() {
    let mut server = start(&[]);
    let (client, other) = (server.connect(), server.connect());
    for end in ["RPUSH a 1", "CLIENT UNBLOCK 1", "CLIENT UNBLOCK 1 ERROR"] {
        client.send(&[line("CLIENT REPLY SKIP"), line("BLPOP a 0"), line("PING")].concat());
        server.until("the wait", |server| {
            info(server, "clients", "blocked_clients") == "1"
        });
        server.call(&other, end);
        assert_eq!(server.replies(&client, 1), [Value::Simple("PONG".into())]);
    }
}

#[test]
fn who_waits_when_the_log_cannot_be_written_is_refused_like_all_who_write() {
    let sim = Sim::new(1);
    let mut server = Server::start(&sim, &["appendonly yes", "appendfsync always"]);
    let client = blocked(&mut server, "BLPOP a 1000");
    let pusher = server.connect();
    sim.disk().set_capacity(sim.disk().used_bytes());
    pusher.send(&line("RPUSH a 1 2"));
    server.run_us(100_000);
    let late = server.connect();
    assert!(server.call(&late, "BLPOP a 0").is_error("MISCONF"));
    // The push is done in memory, and so is the pop; neither is acknowledged before it is in the log.
    assert_eq!((client.unreceived_len(), pusher.unreceived_len()), (0, 0));
    sim.disk().set_capacity(usize::MAX);
    server.run_us(3_000_000);
    assert_eq!(received(&client), [pair("a", "1")]);
    assert_eq!(received(&pusher), [Value::Int(2)]);
}

#[test]
fn who_waits_is_not_idle() {
    let mut server = start(&["timeout 2"]);
    let idle = server.connect();
    let waiting = blocked(&mut server, "BLPOP a 60");
    server.run_us(10_000_000);
    assert!(idle.is_closed_by_server() && !waiting.is_closed_by_server());
    server.run_us(51_000_000);
    assert_eq!(received(&waiting), [NIL]);
}

#[test]
fn keys_of_another_type_and_keys_that_are_gone_again_wake_nobody() {
    let mut server = start(&[]);
    let list = blocked(&mut server, "BLPOP a 0");
    let set = blocked(&mut server, "BZPOPMAX a 0");
    let client = server.connect();
    for request in ["SET a 1", "SADD a 1", "HSET a f v", "GETSET a 1"] {
        server.call(&client, request);
        server.call(&client, "DEL a");
    }
    server.call(&client, "SET a string");
    server.call(&client, "SELECT 1");
    server.call(&client, "RPUSH a 1");
    assert_eq!((list.unreceived_len(), set.unreceived_len()), (0, 0));
    assert_eq!(
        server.call(&client, "SWAPDB 0 1"),
        Value::Simple("OK".into())
    );
    assert_eq!(received(&list), [pair("a", "1")]);
    server.call(&client, "SELECT 0");
    server.call(&client, "ZADD b 1 m 2 n");
    assert_eq!(
        server.call(&client, "RENAME b a"),
        Value::Simple("OK".into())
    );
    let popped = Value::Array(Some(vec![bulk("a"), bulk("n"), bulk("2")]));
    assert_eq!(received(&set), [popped]);
}

/// Producers and consumers with the log always synced, and the power cut somewhere: what was acknowledged is delivered or
/// still there, and nothing is there that was delivered.
fn queue_through_a_power_cut(seed: u64) {
    const ALWAYS: &[&str] = &["appendonly yes", "appendfsync always"];
    let sim = Sim::new(seed);
    let mut server = Server::start(&sim, ALWAYS);
    let (mut pushed, mut acknowledged, mut delivered) = (0, 0, Vec::new());
    let mut unacknowledged = std::collections::VecDeque::new();
    let producer = server.connect();
    let consumers: Vec<SimClient> = (0..6).map(|_| server.connect()).collect();
    let requests = [
        "BLPOP jobs 0",
        "BRPOP other jobs 0",
        "BLMOVE jobs done LEFT LEFT 0",
        "BLMPOP 0 1 jobs LEFT",
    ];
    let mut is_asking = [false; 6];
    sim.disk().set_sync_delay_us(300 + seed * 37 % 900);
    sim.disk().power_off_after(20 + seed * 7 % 150);
    for _ in 0..400 {
        if sim.random_below(2) == 0 {
            let count = 1 + sim.random_below(3);
            let elements: Vec<String> = (pushed..pushed + count).map(|n| n.to_string()).collect();
            producer.send(&line(&format!("RPUSH jobs {}", elements.join(" "))));
            pushed += count;
            unacknowledged.push_back(pushed);
            for _ in 0..sim.random_below(30) {
                server.turn();
                sim.advance_us(100);
            }
        }
        for value in received(&producer) {
            let until = unacknowledged.pop_front();
            if matches!(value, Value::Int(_)) {
                acknowledged = until.expect("one reply for each request");
            }
        }
        for (consumer, is_asking) in consumers.iter().zip(&mut is_asking) {
            for value in received(consumer) {
                delivered.extend(numbers(&value));
                *is_asking = false;
            }
            if !*is_asking && sim.random_below(3) == 0 {
                let request = requests[sim.random_below(4) as usize];
                consumer.send(&line(request));
                *is_asking = true;
            }
        }
        server.turn();
    }
    assert!(sim.disk().is_off(), "the power stays on");
    let waiting = is_asking.iter().filter(|&&is_asking| is_asking).count();
    drop(server);
    sim.disk().heal();
    sim.power_cut(rotom_tests::sim::PowerCut {
        keep_bytes: (seed * 13 % 50) as usize,
        are_zeros: seed.is_multiple_of(2),
        keep_name_changes: usize::MAX,
    });
    let mut server = Server::start(&sim, ALWAYS);
    let client = server.connect();
    let left = numbers(&server.call(&client, "LRANGE jobs 0 -1"));
    let done = numbers(&server.call(&client, "LRANGE done 0 -1"));
    let taken: Vec<u64> = delivered
        .iter()
        .filter(|number| !done.contains(number))
        .copied()
        .collect();
    for number in &taken {
        assert!(
            !left.contains(number),
            "seed {seed}: {number} was delivered and is there"
        );
    }
    let mut all = [taken.clone(), left.clone(), done].concat();
    all.sort_unstable();
    let count = all.len();
    all.dedup();
    assert_eq!(all.len(), count, "seed {seed}: an element is there twice");
    // What was taken for a client that had no answer yet when the power went may be missing, one for each.
    let until = left.last().map_or(0, |last| last + 1).max(acknowledged);
    let missing = (0..until).filter(|number| !all.contains(number)).count();
    assert!(
        missing <= waiting,
        "seed {seed}: {missing} are missing, {waiting} clients waited"
    );
}

/// The numbers among the bulk strings of a reply.
fn numbers(value: &Value) -> Vec<u64> {
    match value {
        Value::Array(Some(values)) => values.iter().flat_map(numbers).collect(),
        Value::Bulk(Some(bytes)) => {
            let text = String::from_utf8_lossy(bytes);
            text.parse().into_iter().collect()
        }
        _ => Vec::new(),
    }
}

#[test]
fn a_queue_loses_nothing_and_delivers_nothing_twice_through_power_cuts() {
    for seed in 1..60 {
        queue_through_a_power_cut(seed);
    }
}

#[test]
fn replicas_are_waited_for_until_the_time_is_up() {
    let sim = Sim::new(1);
    let mut server = Server::start(&sim, &["appendonly yes"]);
    let other = server.connect();
    let start_us = sim.now_us();
    let waiting = blocked(&mut server, "WAIT 1 100");
    waiting.send(&line("PING"));
    let answers = server.replies(&waiting, 2);
    assert_eq!(answers, [Value::Int(0), Value::Simple("PONG".into())]);
    let waited_us = sim.now_us() - start_us;
    assert!((100_000..110_000).contains(&waited_us), "{waited_us}");
    // Who wants none, or may not wait, is answered at once.
    assert_eq!(server.call(&other, "WAIT 0 0"), Value::Int(0));
    let for_ever = blocked(&mut server, "WAIT 1 0");
    server.run_us(10_000_000);
    assert_eq!(received(&for_ever), []);
    let id = blocked_id(&mut server);
    let unblocked = server.call(&other, &format!("CLIENT UNBLOCK {id}"));
    assert_eq!(unblocked, Value::Int(1));
    assert_eq!(received(&for_ever), [Value::Int(0)]);
    let log = blocked(&mut server, "WAITAOF 1 1 2000");
    server.run_us(2_100_000);
    let told = Value::Array(Some(vec![Value::Int(1), Value::Int(0)]));
    assert_eq!(received(&log), [told]);
}

/// The number of a client that CLIENT LIST shows as waiting.
fn blocked_id(server: &mut Server) -> String {
    let client = server.connect();
    let Value::Bulk(Some(text)) = server.call(&client, "CLIENT LIST") else {
        unreachable!("CLIENT LIST answers a text");
    };
    let text = String::from_utf8(text).expect("text");
    let line = text.lines().find(|line| line.contains(" flags=b "));
    let id = line.and_then(|line| line.strip_prefix("id="));
    let id = id.and_then(|rest| rest.split(' ').next());
    id.expect("a waiting client").to_string()
}
