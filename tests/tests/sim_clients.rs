//! Clients: who is let in, who is ended and when, and what each costs.

use rotom_tests::reply::{Value, line, request, take_replies};
use rotom_tests::server::Server;
use rotom_tests::sim::{Sim, SimClient};

fn start(lines: &[&str]) -> Server {
    Server::start(&Sim::new(1), lines)
}

fn ok() -> Value {
    Value::Simple("OK".into())
}

fn pong() -> Value {
    Value::Simple("PONG".into())
}

fn bulk(bytes: &[u8]) -> Value {
    Value::Bulk(Some(bytes.to_vec()))
}

fn turns(server: &mut Server, count: usize) {
    for _ in 0..count {
        server.turn();
    }
}

/// Turns until the server has closed the connection, and returns all that it wrote.
fn last_words(server: &mut Server, client: &SimClient) -> Vec<u8> {
    let mut bytes = Vec::new();
    server.until("the close", |_| {
        bytes.extend(client.receive());
        client.is_closed_by_server()
    });
    bytes.extend(client.receive());
    bytes
}

#[test]
fn accepting_rests_without_descriptors_and_goes_on() {
    let sim = Sim::new(1);
    let mut server = Server::start(&sim, &[]);
    sim.set_socket_limit(4);
    let clients: Vec<SimClient> = (0..5).map(|_| server.connect()).collect();
    for client in &clients {
        client.send(&line("PING"));
    }
    let mut turns = 0;
    let end_us = sim.now_us() + 10_000_000;
    while sim.now_us() < end_us {
        server.turn();
        turns += 1;
    }
    assert!(turns < 300, "the loop spins: {turns} turns in ten seconds");
    let answered = |clients: &[SimClient]| {
        let answered = clients.iter().filter(|client| client.unreceived_len() > 0);
        answered.count()
    };
    assert_eq!(answered(&clients), 3);
    // Those that are connected are served meanwhile, and the others as soon as there is room.
    clients[0].receive();
    assert_eq!(server.call(&clients[0], "PING"), pong());
    sim.set_socket_limit(usize::MAX);
    let from_us = sim.now_us();
    server.until("the others", |_| answered(&clients) == 4);
    assert!(sim.now_us() - from_us <= 300_000);
}

#[test]
fn more_than_maxclients_are_told_and_closed() {
    let mut server = start(&["maxclients 3"]);
    let clients: Vec<SimClient> = (0..3).map(|_| server.connect()).collect();
    for client in &clients {
        assert_eq!(server.call(client, "PING"), pong());
    }
    let refused = server.connect();
    let words = last_words(&mut server, &refused);
    assert_eq!(words, b"-ERR max number of clients reached\r\n");
    drop(clients);
    turns(&mut server, 2);
    let welcome = server.connect();
    assert_eq!(server.call(&welcome, "PING"), pong());
}

#[test]
fn protected_mode_denies_strangers() {
    let sim = Sim::new(1);
    let mut server = Server::start(&sim, &[]);
    let stranger = sim.connect_from(server.listener, "10.0.0.1", false);
    stranger.send(&line("PING"));
    assert!(last_words(&mut server, &stranger).starts_with(b"-DENIED "));
}

#[test]
fn a_client_may_kill_itself_and_others() {
    let mut server = start(&[]);
    let (killer, victim) = (server.connect(), server.connect());
    for client in [&killer, &victim] {
        assert_eq!(server.call(client, "PING"), pong());
    }
    let address = victim.address();
    assert_eq!(
        server.call(&killer, &format!("CLIENT KILL {address}")),
        ok()
    );
    assert!(victim.is_closed_by_server());
    assert_eq!(
        server.call(&killer, &format!("CLIENT KILL {address}")),
        Value::Error("ERR No such client".into())
    );
    let kill = format!("CLIENT KILL ADDR {} SKIPME no", killer.address());
    killer.send(&[line(&kill), line("SET after 1")].concat());
    assert_eq!(last_words(&mut server, &killer), b":1\r\n");
    assert_eq!(server.get("after"), None);
}

#[test]
fn a_client_killed_in_the_turn_in_which_it_is_read_runs_nothing_more() {
    let mut server = start(&[]);
    let (killer, victim) = (server.connect(), server.connect());
    for client in [&killer, &victim] {
        assert_eq!(server.call(client, "PING"), pong());
    }
    for (first, second) in [(&killer, &victim), (&victim, &killer)] {
        let kill = line(&format!("CLIENT KILL ADDR {} SKIPME no", victim.address()));
        for client in [first, second] {
            if std::ptr::eq(client, &killer) {
                client.send(&kill);
            } else {
                client.send(&line("SET key value"));
            }
        }
        let count = server.replies(&killer, 1).remove(0);
        assert!(matches!(count, Value::Int(0 | 1)), "{count:?}");
    }
    assert!(victim.is_closed_by_server());
    assert_eq!(server.call(&killer, "PING"), pong());
}

#[test]
fn a_killed_clients_place_is_taken_without_a_trace() {
    let mut server = start(&["appendonly yes", "appendfsync always"]);
    let killer = server.connect();
    assert_eq!(server.call(&killer, "PING"), pong());
    for round in 0..50 {
        let victim = server.connect();
        assert_eq!(server.call(&victim, "PING"), pong());
        // Its reply waits for the disk when it is killed; the place goes to the next client.
        victim.send(&line("SET key value"));
        server.turn();
        assert_eq!(victim.unreceived_len(), 0, "the sync takes a while");
        killer.send(&line(&format!("CLIENT KILL ADDR {}", victim.address())));
        server.turn();
        let next = server.connect();
        next.send(&line("ECHO mine"));
        assert_eq!(server.replies(&next, 1), [bulk(b"mine")], "round {round}");
        assert_eq!(server.replies(&killer, 1), [Value::Int(1)]);
        server.run_us(5000);
        assert_eq!(next.receive(), b"");
        assert_eq!(victim.receive(), b"");
    }
}

#[test]
fn a_password_may_come_in_the_same_packet_as_what_needs_it() {
    let mut server = start(&["requirepass secret"]);
    let client = server.connect();
    let mut push: Vec<&[u8]> = vec![b"RPUSH", b"list"];
    push.resize(50, b"x");
    let long = vec![b'y'; 20_000];
    let stream = [
        line("PING"),
        line("AUTH secret"),
        request(&push),
        request(&[b"SET", b"key", &long]),
        line("PING"),
    ];
    client.send(&stream.concat());
    let replies = server.replies(&client, 5);
    assert!(replies[0].is_error("NOAUTH"));
    assert_eq!(replies[1..], [ok(), Value::Int(48), ok(), pong()]);

    let stranger = server.connect();
    stranger.send(&[line("AUTH wrong"), request(&push), line("PING")].concat());
    let words = last_words(&mut server, &stranger);
    let text = String::from_utf8(words).unwrap();
    assert!(text.starts_with("-WRONGPASS"), "{text}");
    let end = "-ERR Protocol error: unauthenticated multibulk length\r\n";
    assert!(text.ends_with(end), "{text}");
}

#[test]
fn idle_clients_are_closed_in_time_whatever_the_wall_clock_does() {
    let sim = Sim::new(1);
    let mut server = Server::start(&sim, &["timeout 10"]);
    let (idle, busy, loading) = (server.connect(), server.connect(), server.connect());
    let value = vec![b'v'; 500_000];
    loading.send(&request(&[b"SET", b"big", &value]));
    server.replies(&loading, 1);
    loading.send(&line("GET big"));
    for client in [&idle, &busy] {
        assert_eq!(server.call(client, "PING"), pong());
    }
    let mut received = 0;
    for second in 0..30 {
        let hour_us = 3_600_000_000;
        sim.jump_wall_us(if second % 2 == 0 { hour_us } else { -hour_us });
        assert_eq!(server.call(&busy, "PING"), pong());
        // Whoever takes its reply, however slowly, is not idle.
        received += loading.receive_up_to(16_000).len();
        server.run_us(1_000_000);
        if second < 8 {
            assert!(!idle.is_closed_by_server(), "closed after {second} s");
        }
    }
    assert!(idle.is_closed_by_server());
    assert!(!busy.is_closed_by_server() && !loading.is_closed_by_server());
    assert_eq!(received, 480_000);
}

#[test]
fn output_limits_end_clients_that_do_not_read() {
    let limits = "client-output-buffer-limit normal 1000000 200000 5";
    let mut server = start(&[limits]);
    let other = server.connect();
    other.send(&request(&[b"SET", b"key", &vec![b'v'; 150_000]]));
    server.replies(&other, 1);

    let hard = server.connect();
    for _ in 0..10 {
        hard.send(&line("GET key"));
    }
    server.until("the hard limit", |_| hard.is_closed_by_server());

    let soft = server.connect();
    soft.send(&[line("GET key"), line("GET key")].concat());
    let from_us = server.sim.now_us();
    server.until("the soft limit", |_| soft.is_closed_by_server());
    let seconds = (server.sim.now_us() - from_us) as f64 / 1e6;
    assert!((5.0..7.5).contains(&seconds), "after {seconds} s");

    // One that comes below the limit in between has its time anew.
    let slow = server.connect();
    for _ in 0..5 {
        slow.send(&[line("GET key"), line("GET key")].concat());
        server.run_us(3_000_000);
        assert_eq!(server.replies(&slow, 2).len(), 2);
    }
    assert_eq!(server.call(&other, "PING"), pong());
}

#[test]
fn a_query_buffer_over_its_limit_ends_the_client() {
    let mut server = start(&["client-query-buffer-limit 1mb"]);
    let client = server.connect();
    client.send(b"*2\r\n$3\r\nGET\r\n$10000000\r\n");
    client.send(&vec![b'x'; 3 << 20]);
    let words = last_words(&mut server, &client);
    assert_eq!(words, b"");
    let other = server.connect();
    other.send(&request(&[b"SET", b"key", &vec![b'x'; 900_000]]));
    assert_eq!(server.replies(&other, 1), [ok()]);
}

#[test]
fn idle_clients_hold_little_memory() {
    let mut server = start(&[]);
    let clients: Vec<SimClient> = (0..3000).map(|_| server.connect()).collect();
    let value = vec![b'v'; 20_000];
    for client in &clients {
        client.send(&request(&[b"SET", b"key", &value]));
        client.send(&line("GET key"));
    }
    for client in &clients {
        server.replies(client, 2);
    }
    // One that was slow and had a long backlog.
    clients[0].set_send_buffer(100);
    for _ in 0..500 {
        clients[0].send(&line("GET key"));
    }
    turns(&mut server, 10);
    clients[0].set_send_buffer(usize::MAX);
    server.replies(&clients[0], 500);
    server.run_us(2_000_000);

    let asker = server.connect();
    let Value::Bulk(Some(text)) = server.call(&asker, "CLIENT LIST") else {
        unreachable!("CLIENT LIST answers a text");
    };
    let text = String::from_utf8(text).unwrap();
    let field = |line: &str, name: &str| -> usize {
        let mut fields = line.split(' ').filter_map(|field| field.split_once('='));
        let (_, value) = fields.find(|(field, _)| *field == name).unwrap();
        value.parse().unwrap()
    };
    let is_idle = |line: &&str| !line.contains("cmd=client|list");
    let idle: Vec<&str> = text.lines().filter(is_idle).collect();
    assert_eq!(idle.len(), 3000);
    for line in idle {
        assert!(field(line, "tot-mem") < 1024, "{line}");
    }
}

#[test]
fn a_server_with_nothing_to_do_sleeps_until_the_next_timer() {
    let sim = Sim::new(1);
    let mut server = Server::start(&sim, &[]);
    let clients: Vec<SimClient> = (0..50).map(|_| server.connect()).collect();
    for client in &clients {
        assert_eq!(server.call(client, "PING"), pong());
    }
    let mut turns = 0;
    let end_us = sim.now_us() + 10_000_000;
    while sim.now_us() < end_us {
        server.turn();
        turns += 1;
    }
    assert!(turns <= 101, "{turns} turns in ten idle seconds");
    assert_eq!(sim.endless_waits(), 0);
}

#[test]
fn a_closing_client_that_waits_for_the_disk_does_not_spin_the_loop() {
    let sim = Sim::new(1);
    let mut server = Server::start(&sim, &["appendonly yes", "appendfsync always"]);
    sim.disk().set_sync_delay_us(2_000_000);
    let (quitter, shut) = (server.connect(), server.connect());
    quitter.send(&[line("SET a 1"), line("QUIT"), line("SET b 1")].concat());
    shut.send(&line("SET c 1"));
    turns(&mut server, 2);
    shut.shut();
    let from_us = sim.now_us();
    let mut turns = 0;
    while !(quitter.is_closed_by_server() && shut.is_closed_by_server()) {
        server.turn();
        turns += 1;
        assert!(turns < 100, "the loop spins");
    }
    assert!(sim.now_us() - from_us >= 1_800_000);
    assert_eq!(quitter.receive(), b"+OK\r\n+OK\r\n");
    assert_eq!(shut.receive(), b"+OK\r\n");
    assert_eq!(server.get("b"), None);
}

#[test]
fn under_always_replies_come_when_their_own_turn_is_durable() {
    let sim = Sim::new(1);
    let mut server = Server::start(&sim, &["appendonly yes", "appendfsync always"]);
    sim.disk().set_sync_delay_us(10_000);
    let client = server.connect();
    // It writes without end, in every turn: its replies come all the same.
    let (mut sent, mut received) = (0, Vec::new());
    let mut got = 0;
    for _ in 0..400 {
        client.send(&[line("SET key value"), line("GET key")].concat());
        sent += 2;
        sim.advance_us(1000);
        server.turn();
        received.extend(client.receive());
        got += take_replies(&mut received).len();
        assert!(sent - got <= 60, "{got} of {sent} replies");
    }
    // A client that reads what nobody has written since does not wait.
    let reader = server.connect();
    sim.disk().set_sync_delay_us(10_000_000);
    client.send(&line("SET key value"));
    server.turn();
    let from_us = sim.now_us();
    assert_eq!(server.call(&reader, "STRLEN another"), Value::Int(0));
    assert!(sim.now_us() - from_us < 10_000);
}
