//! Connections: what clients may do to the server, and what it does to them.

use rotom_core::platform::IoError;
use rotom_tests::reply::{Value, line, request};
use rotom_tests::server::Server;
use rotom_tests::sim::{NetFaults, Sim, SimClient};

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
fn requests_may_be_split_at_every_byte() {
    let mut server = start(&[]);
    let big = vec![b'x'; 3000];
    let mut stream = line("SET key value");
    stream.extend(b"GET key\r\n\r\n  \r\nPING \"a b\"\r\n");
    stream.extend(request(&[b"SET", b"big", &big]));
    stream.extend(line("GET big"));
    let expected = [ok(), bulk(b"value"), bulk(b"a b"), ok(), bulk(&big)];
    for cut in (1..stream.len()).filter(|cut| *cut < 200 || cut % 97 == 0) {
        let client = server.connect();
        client.send(&stream[..cut]);
        turns(&mut server, 2);
        client.send(&stream[cut..]);
        assert_eq!(server.replies(&client, 5), expected, "cut at {cut}");
    }
    let client = server.connect();
    client.set_read_chunk(1);
    client.send(&stream);
    assert_eq!(server.replies(&client, 5), expected, "byte by byte");
}

#[test]
fn a_long_request_takes_few_reads_however_it_is_made_up() {
    let mut server = start(&[]);
    let client = server.connect();
    let mut words: Vec<&[u8]> = vec![b"RPUSH", b"list"];
    words.resize(200_000, b"ab");
    let stream = request(&words);
    client.send(&stream);
    let mut turns = 0;
    while client.unread_len() > 0 {
        server.turn();
        turns += 1;
    }
    assert!(turns < 120, "{} bytes took {turns} reads", stream.len());
    assert_eq!(server.replies(&client, 1), [Value::Int(199_998)]);
}

#[test]
fn a_pipeline_is_answered_in_order_through_short_transfers() {
    for seed in 0..30 {
        let sim = Sim::new(seed);
        let mut server = Server::start(&sim, &[]);
        sim.set_net_faults(NetFaults {
            short_percent: 60,
            not_ready_percent: 30,
            reset_percent: 0,
        });
        let clients: Vec<SimClient> = (0..5).map(|_| server.connect()).collect();
        for client in &clients {
            client.set_send_buffer(10_000);
        }
        let mut expected = Vec::new();
        for i in 0..400u32 {
            let value = vec![b'a' + (i % 26) as u8; (i * 7 % 500) as usize];
            for client in &clients {
                client.send(&request(&[b"ECHO", &value]));
            }
            expected.push(bulk(&value));
        }
        for client in &clients {
            assert_eq!(server.replies(client, 400), expected, "seed {seed}");
        }
    }
}

#[test]
fn a_slow_reader_gets_everything_in_order() {
    let sim = Sim::new(1);
    let mut server = Server::start(&sim, &[]);
    let client = server.connect();
    client.set_send_buffer(1000);
    let mut expected = Vec::new();
    for i in 0..3000u32 {
        let width = 10 + i as usize % 300;
        let value = format!("{i:0>width$}").into_bytes();
        client.send(&request(&[b"ECHO", &value]));
        expected.extend(format!("${}\r\n", value.len()).into_bytes());
        expected.extend(&value);
        expected.extend(b"\r\n");
    }
    let mut got = Vec::new();
    server.until("the end of the backlog", |_| {
        got.extend(client.receive_up_to(1 + sim.random_below(900) as usize));
        got.len() >= expected.len()
    });
    assert_eq!(got, expected);
    // Nothing of it is left.
    client.set_send_buffer(usize::MAX);
    assert_eq!(server.call(&client, "PING"), pong());
    let list = server.call(&client, "CLIENT LIST");
    assert!(format!("{list:?}").contains("oll=0 omem=0"), "{list:?}");
}

#[test]
fn one_client_with_much_to_receive_does_not_stop_the_others() {
    let mut server = start(&[]);
    let (greedy, other) = (server.connect(), server.connect());
    greedy.set_send_buffer(usize::MAX);
    let value = vec![b'v'; 4 << 20];
    greedy.send(&request(&[b"SET", b"big", &value]));
    server.replies(&greedy, 1);
    for _ in 0..10 {
        greedy.send(&line("GET big"));
    }
    other.send(&line("PING"));
    let mut answered_at = None;
    server.until("the big replies", |_| {
        if answered_at.is_none() && other.unreceived_len() > 0 {
            answered_at = Some(greedy.unreceived_len());
        }
        greedy.unreceived_len() > 40 << 20
    });
    assert!(
        answered_at.is_some_and(|len| len <= 2 << 20),
        "{answered_at:?}"
    );
}

#[test]
fn resets_at_any_time_leave_the_server_whole() {
    for seed in 0..100 {
        let sim = Sim::new(seed);
        let mut server = Server::start(&sim, &[]);
        sim.set_net_faults(NetFaults {
            short_percent: 40,
            not_ready_percent: 10,
            reset_percent: 8,
        });
        for _ in 0..20 {
            let client = server.connect();
            client.set_send_buffer(100);
            for _ in 0..20 {
                client.send(&request(&[b"SET", b"key", &[b'x'; 300]]));
                client.send(&line("GET key"));
                server.turn();
                client.receive_up_to(sim.random_below(200) as usize);
            }
            match sim.random_below(4) {
                0 => client.reset(),
                1 => client.shut(),
                2 => client.fail(IoError(104)),
                _ => client.close(),
            }
            server.turn();
        }
        sim.set_net_faults(NetFaults::default());
        let client = server.connect();
        assert_eq!(server.call(&client, "PING"), pong(), "seed {seed}");
        drop(client);
        turns(&mut server, 3);
        assert_eq!(sim.open_sockets(), 1, "seed {seed}: sockets are left");
        assert_eq!(
            sim.registered_count(),
            2,
            "seed {seed}: registrations are left"
        );
    }
}

#[test]
fn a_request_cut_off_by_a_reset_does_nothing() {
    let mut server = start(&[]);
    let client = server.connect();
    let stream = line("SET key value");
    client.send(&stream[..stream.len() - 1]);
    turns(&mut server, 2);
    client.reset();
    turns(&mut server, 2);
    assert!(client.is_closed_by_server());
    assert_eq!(server.get("key"), None);
}

#[test]
fn a_client_that_has_shut_its_half_gets_the_replies_of_that_turn() {
    let mut server = start(&[]);
    let client = server.connect();
    client.send(&line("PING"));
    client.shut();
    assert_eq!(last_words(&mut server, &client), b"+PONG\r\n");
}

#[test]
fn nonsense_is_answered_after_what_came_before_it_and_then_the_connection_closes() {
    let cases: &[(&[u8], &str)] = &[
        (b"*1\r\n+PING\r\n", "Protocol error: expected '$', got '+'"),
        (b"*x\r\n", "Protocol error: invalid multibulk length"),
        (b"*1\r\n$-5\r\n", "Protocol error: invalid bulk length"),
        (
            b"PING \"\r\n",
            "Protocol error: unbalanced quotes in request",
        ),
    ];
    for (nonsense, error) in cases {
        for cut in 0..nonsense.len() {
            let mut server = start(&[]);
            let client = server.connect();
            client.send(&line("SET key value"));
            client.send(&line("GET key"));
            client.send(&nonsense[..cut]);
            if cut > 0 {
                turns(&mut server, 2);
            }
            client.send(&nonsense[cut..]);
            client.send(&line("SET key other"));
            let expected = format!("+OK\r\n$5\r\nvalue\r\n-ERR {error}\r\n");
            let words = last_words(&mut server, &client);
            assert_eq!(words, expected.as_bytes(), "cut at {cut}");
            assert_eq!(server.get("key"), Some(b"value".to_vec()));
        }
    }
}

#[test]
fn quit_ends_a_pipeline() {
    let mut server = start(&[]);
    let client = server.connect();
    client.send(&[line("SET key value"), line("QUIT"), line("SET key other")].concat());
    assert_eq!(last_words(&mut server, &client), b"+OK\r\n+OK\r\n");
    assert_eq!(server.get("key"), Some(b"value".to_vec()));
}

#[test]
fn quit_waits_for_a_slow_reader() {
    let mut server = start(&[]);
    let client = server.connect();
    client.set_send_buffer(10);
    client.send(&[request(&[b"ECHO", &[b'x'; 100]]), line("QUIT")].concat());
    let words = last_words(&mut server, &client);
    assert!(words.ends_with(b"x\r\n+OK\r\n") && words.len() == 113);
}

#[test]
fn replies_can_be_switched_off_and_skipped() {
    let mut server = start(&[]);
    let client = server.connect();
    for words in [
        "CLIENT REPLY OFF",
        "SET key value",
        "NOSUCHCOMMAND",
        "CLIENT LIST",
        "CLIENT REPLY ON",
        "CLIENT REPLY SKIP",
        "GET key",
        "GET key",
        "CLIENT REPLY SKIP",
        "CLIENT ID",
        "PING",
        // One that the engine answers.
        "CLIENT REPLY SKIP",
        "CLIENT LIST",
        "PING",
    ] {
        client.send(&line(words));
    }
    let replies = server.replies(&client, 4);
    assert_eq!(replies, [ok(), bulk(b"value"), pong(), pong()]);
    assert_eq!(client.receive(), b"");
}
