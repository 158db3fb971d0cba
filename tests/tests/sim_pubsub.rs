//! Messages, notifications, MONITOR and CLIENT PAUSE, through the whole server.

use rotom_tests::reply::{Value, line, request};
use rotom_tests::server::Server;
use rotom_tests::sim::{Sim, SimClient};

fn start(lines: &[&str]) -> Server {
    Server::start(&Sim::new(1), lines)
}

fn turns(server: &mut Server, count: usize) {
    for _ in 0..count {
        server.turn();
    }
}

/// What a client gets when it sends a line, and in the turns after it, with blanks for line ends.
fn said(server: &mut Server, client: &SimClient, words: &str) -> String {
    client.send(&line(words));
    heard(server, client)
}

/// What a client gets within some turns, which may take some tenths of a second.
fn heard(server: &mut Server, client: &SimClient) -> String {
    let mut bytes = client.receive();
    for _ in 0..4 {
        if bytes.is_empty() {
            server.turn();
            bytes.extend(client.receive());
        }
    }
    let text = String::from_utf8_lossy(&bytes).replace("\r\n", " ");
    text.trim_end().to_string()
}

#[test]
fn messages_reach_subscribers_and_patterns_after_channels() {
    let mut server = start(&[]);
    let (old, new, sender) = (server.connect(), server.connect(), server.connect());
    said(&mut server, &old, "PSUBSCRIBE n?ws");
    said(&mut server, &old, "SUBSCRIBE news");
    said(&mut server, &new, "HELLO 3");
    said(&mut server, &new, "SUBSCRIBE news other");
    said(&mut server, &new, "SSUBSCRIBE news");
    assert_eq!(said(&mut server, &sender, "PUBLISH news hi"), ":3");
    assert_eq!(
        heard(&mut server, &old),
        "*3 $7 message $4 news $2 hi *4 $8 pmessage $4 n?ws $4 news $2 hi"
    );
    assert_eq!(heard(&mut server, &new), ">3 $7 message $4 news $2 hi");
    assert_eq!(said(&mut server, &sender, "SPUBLISH news ho"), ":1");
    assert_eq!(heard(&mut server, &new), ">3 $8 smessage $4 news $2 ho");
    // Who publishes to itself has its reply first.
    assert_eq!(
        said(&mut server, &new, "PUBLISH other me"),
        ":1 >3 $7 message $5 other $2 me"
    );
    let list = said(&mut server, &new, "CLIENT LIST TYPE pubsub");
    assert!(
        list.contains("flags=P capa= db=0 sub=2 psub=0 ssub=1"),
        "{list}"
    );
    assert!(
        list.contains("flags=P capa= db=0 sub=1 psub=1 ssub=0"),
        "{list}"
    );
    let info = said(&mut server, &sender, "INFO clients stats");
    for field in [
        "pubsub_clients:2",
        "pubsub_channels:2",
        "pubsub_patterns:1",
        "pubsubshard_channels:1",
    ] {
        assert!(info.contains(field), "{field}");
    }
    said(&mut server, &old, "RESET");
    assert_eq!(said(&mut server, &sender, "PUBLISH news hi"), ":1");
    new.close();
    turns(&mut server, 4);
    assert_eq!(said(&mut server, &sender, "PUBLISH news hi"), ":0");
    assert_eq!(heard(&mut server, &old), "");
}

#[test]
fn a_long_message_is_shared_by_a_thousand() {
    let sim = Sim::new(1);
    let mut server = Server::start(&sim, &["maxclients 20000"]);
    let mut clients: Vec<SimClient> = Vec::new();
    for _ in 0..1000 {
        clients.push(server.connect());
        server.turn();
    }
    for client in &clients {
        client.set_send_buffer(1000);
        client.send(&line("SUBSCRIBE c"));
    }
    let sender = server.connect();
    server.until("subscriptions", |_| {
        clients.iter().all(|c| c.unreceived_len() > 0)
    });
    clients.iter().for_each(|client| drop(client.receive()));
    let message = vec![b'm'; 1 << 20];
    sender.send(&request(&[b"PUBLISH", b"c", &message]));
    assert_eq!(server.replies(&sender, 1), [Value::Int(1000)]);
    // All of them count it as theirs, and none has more than some hundred bytes of its own.
    let line = said(&mut server, &sender, "CLIENT LIST TYPE pubsub");
    assert!(line.contains("omem=104"), "{}", &line[..300]);
    let one = &clients[7];
    one.set_send_buffer(1 << 22);
    let mut got = 0;
    server.until("the message", |_| {
        got += one.receive().len();
        got > 1 << 20
    });
}

#[test]
fn a_subscriber_that_does_not_read_is_ended_at_its_limit() {
    let mut server = start(&["client-output-buffer-limit pubsub 100kb 50kb 30"]);
    let (hard, soft, sender) = (server.connect(), server.connect(), server.connect());
    for client in [&hard, &soft] {
        client.set_send_buffer(1000);
    }
    said(&mut server, &hard, "SUBSCRIBE hard");
    said(&mut server, &soft, "SUBSCRIBE soft");
    let message = vec![b'm'; 10_000];
    for _ in 0..6 {
        sender.send(&request(&[b"PUBLISH", b"soft", &message]));
    }
    turns(&mut server, 10);
    let mut sent = 0;
    while !hard.is_closed_by_server() {
        sender.send(&request(&[b"PUBLISH", b"hard", &message]));
        turns(&mut server, 3);
        sent += 1;
    }
    assert!((9..=12).contains(&sent), "{sent} messages");
    assert!(!soft.is_closed_by_server());
    server.run_us(35_000_000);
    assert!(soft.is_closed_by_server());
}

#[test]
fn events_of_keys_are_sent_to_both_channels() {
    let mut server = start(&["notify-keyspace-events KEA"]);
    let (listener, client) = (server.connect(), server.connect());
    said(&mut server, &listener, "HELLO 3");
    said(&mut server, &listener, "PSUBSCRIBE __key*");
    said(&mut server, &client, "SET key value");
    assert_eq!(
        heard(&mut server, &listener),
        ">4 $8 pmessage $6 __key* $18 __keyspace@0__:key $3 set \
         >4 $8 pmessage $6 __key* $18 __keyevent@0__:set $3 key"
    );
    said(&mut server, &client, "CONFIG SET notify-keyspace-events Ex");
    said(&mut server, &client, "PEXPIRE key 5000");
    assert_eq!(heard(&mut server, &listener), "");
    server.run_us(6_000_000);
    let got = heard(&mut server, &listener);
    assert_eq!(
        got,
        ">4 $8 pmessage $6 __key* $22 __keyevent@0__:expired $3 key"
    );
    said(
        &mut server,
        &client,
        "CONFIG SET notify-keyspace-events Emn",
    );
    said(&mut server, &client, "GET nothing");
    said(&mut server, &client, "SET nothing x");
    assert_eq!(
        heard(&mut server, &listener),
        ">4 $8 pmessage $6 __key* $22 __keyevent@0__:keymiss $7 nothing \
         >4 $8 pmessage $6 __key* $18 __keyevent@0__:new $7 nothing"
    );
}

#[test]
fn monitors_are_sent_what_runs() {
    let mut server = start(&[]);
    let (monitor, client) = (server.connect(), server.connect());
    assert_eq!(said(&mut server, &monitor, "MONITOR"), "+OK");
    client.send(&request(&[b"set", b"k\r\n", b"\xff\"\\"]));
    said(&mut server, &client, "SELECT 3");
    said(&mut server, &client, "AUTH somebody secret");
    said(&mut server, &client, "CONFIG GET hz");
    said(&mut server, &client, "NOSUCH");
    said(&mut server, &client, "BLPOP list 0.05");
    server.run_us(100_000);
    let got = heard(&mut server, &monitor);
    for words in [
        r#" "set" "k\r\n" "\xff\"\\" +"#,
        r#" "SELECT" "3" +"#,
        r#" "AUTH" "(redacted)" "(redacted)" +"#,
    ] {
        assert!(got.contains(words), "{got}");
    }
    assert!(
        got.contains("[3 ") && got.ends_with(r#""BLPOP" "list" "0.05""#),
        "{got}"
    );
    assert_eq!(got.matches('+').count(), 4, "{got}");
    let refused = said(&mut server, &monitor, "GET k");
    assert_eq!(refused, "-ERR Replica can't interact with the keyspace");
    let list = said(&mut server, &client, "CLIENT LIST");
    assert!(list.contains("flags=O "), "{list}");
    heard(&mut server, &monitor);
    assert_eq!(said(&mut server, &monitor, "RESET"), "+RESET");
    said(&mut server, &client, "PING");
    assert_eq!(heard(&mut server, &monitor), "");
}

#[test]
fn a_monitor_that_does_not_read_is_ended_and_memory_stays_bounded() {
    let mut server = start(&["client-output-buffer-limit replica 1mb 0 0"]);
    let (monitor, client) = (server.connect(), server.connect());
    monitor.set_send_buffer(1000);
    said(&mut server, &monitor, "MONITOR");
    let long = vec![b'x'; 20_000];
    let mut sent = 0;
    while !monitor.is_closed_by_server() {
        client.send(&request(&[b"ECHO", &long]));
        turns(&mut server, 3);
        client.receive();
        sent += 1;
        assert!(sent < 80, "the monitor is not ended");
    }
    assert!(sent > 45, "{sent}");
}

#[test]
fn a_pause_of_writes_lets_reads_through() {
    let mut server = start(&["notify-keyspace-events Ex"]);
    let (admin, client, other) = (server.connect(), server.connect(), server.connect());
    said(&mut server, &client, "SET volatile x PX 3000");
    assert_eq!(said(&mut server, &admin, "CLIENT PAUSE 20000 WRITE"), "+OK");
    assert_eq!(said(&mut server, &client, "GET volatile"), "$1 x");
    assert_eq!(said(&mut server, &client, "SET k v"), "");
    client.send(&line("GET k"));
    assert_eq!(said(&mut server, &other, "PUBLISH c m"), "");
    server.run_us(4_000_000);
    assert_eq!(server.key_count(), 1);
    let info = said(&mut server, &admin, "INFO clients");
    assert!(
        info.contains("paused_reason:client_pause paused_actions:write"),
        "{info}"
    );
    // A pause that is shorter does not shorten it.
    assert_eq!(said(&mut server, &admin, "CLIENT PAUSE 1 WRITE"), "+OK");
    server.run_us(2_000_000);
    assert_eq!(heard(&mut server, &client), "");
    server.run_us(16_000_000);
    assert_eq!(heard(&mut server, &client), "+OK $1 v");
    assert_eq!(heard(&mut server, &other), ":0");
    assert!(said(&mut server, &admin, "INFO clients").contains("paused_actions:none"));
    assert_eq!(said(&mut server, &admin, "GET volatile"), "$-1");
}

#[test]
fn a_pause_of_all_ends_with_its_time_and_one_of_writes_with_unpause() {
    let mut server = start(&[]);
    let (admin, client) = (server.connect(), server.connect());
    said(&mut server, &admin, "CLIENT PAUSE 2000");
    assert_eq!(said(&mut server, &client, "PING"), "");
    server.run_us(2_500_000);
    assert_eq!(heard(&mut server, &client), "+PONG");
    said(&mut server, &admin, "CLIENT PAUSE 100000 WRITE");
    client.send(&[line("CLIENT REPLY SKIP"), line("SET a 1"), line("PING")].concat());
    assert_eq!(heard(&mut server, &client), "");
    assert_eq!(said(&mut server, &admin, "CLIENT UNPAUSE"), "+OK");
    assert_eq!(heard(&mut server, &client), "+PONG");
    assert_eq!(said(&mut server, &admin, "GET a"), "$1 1");
}

#[test]
fn a_list_of_many_clients_is_made_in_slices() {
    let mut server = start(&[]);
    let clients: Vec<SimClient> = (0..500).map(|_| server.connect()).collect();
    turns(&mut server, 100);
    let asker = &clients[0];
    asker.send(&[line("CLIENT LIST"), line("PING")].concat());
    let mut bytes = Vec::new();
    server.until("the list", |_| {
        bytes.extend(asker.receive());
        bytes.ends_with(b"+PONG\r\n")
    });
    let text = String::from_utf8(bytes).unwrap();
    assert_eq!(text.matches("id=").count(), 500);
    let filtered = said(&mut server, asker, "CLIENT LIST ID 3 400 9 NOT-ID 9");
    assert_eq!(filtered.matches("id=").count(), 2);
    // Who asks and is gone leaves nothing behind.
    clients[1].send(&line("CLIENT LIST"));
    server.turn();
    clients[1].close();
    turns(&mut server, 50);
    assert_eq!(said(&mut server, asker, "PING"), "+PONG");
}
