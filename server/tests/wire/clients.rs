//! Clients that behave badly, and the others beside them. Nothing here measures time: that a well-behaved client is
//! served is shown by its replies coming while the other one is stuck.

use crate::support::{Client, Folder, Server, request, until};

/// A field of the line that CLIENT LIST has about the client with this name.
fn client_field(asker: &mut Client, name: &str, field: &str) -> Option<u64> {
    let list = asker.call("CLIENT LIST").text();
    let line = list
        .lines()
        .find(|line| line.contains(&format!(" name={name} ")))?;
    let mut fields = line.split(' ').filter_map(|pair| pair.split_once('='));
    fields.find(|(key, _)| *key == field)?.1.parse().ok()
}

#[test]
fn a_client_that_does_not_read_holds_up_only_itself() {
    const REPLIES: usize = 64;
    let folder = Folder::new();
    let server = Server::start(&folder, &[]);
    let (mut stuck, mut other) = (server.client(), server.client());
    let value = "v".repeat(1 << 20);
    assert_eq!(other.words(&["SET", "big", &value]).to_string(), "+OK");
    assert_eq!(stuck.ask("CLIENT SETNAME stuck"), "+OK");
    stuck.send(&request(&["GET", "big"]).repeat(REPLIES));
    stuck.send(&request(&["ECHO", "last"]));
    // The kernel takes a few megabytes, the server keeps about one, and the rest of the requests wait.
    let waits = |bytes: u64| (1 << 20..4 << 20).contains(&bytes);
    until("output waits for the client", || {
        client_field(&mut other, "stuck", "omem").is_some_and(waits)
    });
    for number in 1..=1000 {
        assert_eq!(other.call("INCR count").int(), number);
    }
    assert!(client_field(&mut other, "stuck", "omem").is_some_and(waits));
    for _ in 0..REPLIES {
        assert!(stuck.reply().bytes() == value.as_bytes());
    }
    assert_eq!(stuck.reply().to_string(), "last");
    until("the output is freed", || {
        client_field(&mut other, "stuck", "omem") == Some(0)
    });
}

#[test]
fn a_client_over_its_output_limit_is_ended() {
    let folder = Folder::new();
    let flags = ["--client-output-buffer-limit", "normal 8mb 0 0"];
    let server = Server::start(&folder, &flags);
    let (mut stuck, mut other) = (server.client(), server.client());
    assert_eq!(
        other
            .words(&["SET", "big", &"v".repeat(1 << 20)])
            .to_string(),
        "+OK"
    );
    assert_eq!(stuck.ask("CLIENT SETNAME stuck"), "+OK");
    stuck.send(&request(&["GET", "big"]).repeat(100));
    until("the client is ended", || {
        client_field(&mut other, "stuck", "id").is_none()
    });
    assert_eq!(other.ask("PING"), "+PONG");
}

/// Input that a client has left unread makes closing a reset instead of an orderly end.
#[test]
fn half_a_request_and_a_reset_harm_nobody() {
    let folder = Folder::new();
    let server = Server::start(&folder, &[]);
    let mut other = server.client();
    for half in [
        "*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$100\r\nxx",
        "*2\r\n$3",
        "SET key",
    ] {
        let mut client = server.client();
        assert_eq!(client.ask("CLIENT SETNAME half"), "+OK");
        client.send(format!("PING\r\n{half}").as_bytes());
        // The reply is in the socket, and nobody has read it.
        client.writer().peek(&mut [0]).unwrap();
        drop(client);
        until("the client is gone", || {
            client_field(&mut other, "half", "id").is_none()
        });
        assert_eq!(other.ask("EXISTS key"), ":0");
    }
    assert_eq!(other.call("CLIENT LIST").text().lines().count(), 1);
}

#[test]
fn one_client_too_many_is_told_so() {
    let folder = Folder::new();
    let server = Server::start(&folder, &["--maxclients", "3"]);
    let mut clients: Vec<Client> = (0..3).map(|_| server.client()).collect();
    for client in &mut clients {
        assert_eq!(client.ask("PING"), "+PONG");
    }
    for _ in 0..3 {
        let mut refused = server.client();
        assert_eq!(
            refused.reply().to_string(),
            "-ERR max number of clients reached"
        );
        refused.expect_end();
    }
    drop(clients.pop());
    until("there is room again", || {
        let mut client = server.client();
        client.try_send(b"PING\r\n").is_ok()
            && client
                .try_reply()
                .is_ok_and(|reply| reply.to_string() == "+PONG")
    });
    assert_eq!(clients[0].ask("CONFIG SET maxclients 1"), "+OK");
    assert_eq!(clients[1].ask("PING"), "+PONG", "who is there stays");
}

#[test]
fn a_thousand_clients_may_send_a_byte_now_and_then() {
    const FILES: u64 = 3000;
    let files = rotom_platform_linux::process::raise_open_files(FILES);
    // Other tests have files open too.
    let count = files.saturating_sub(FILES / 4).min(1000);
    let folder = Folder::new();
    let server = Server::start(&folder, &[]);
    let mut normal = server.client();
    let mut slow: Vec<Client> = (0..count).map(|_| server.client()).collect();
    let bytes = request(&["INCR", "slow"]);
    let mut calls = 0;
    for byte in &bytes {
        for client in &mut slow {
            client.send(&[*byte]);
        }
        for _ in 0..20 {
            calls += 1;
            assert_eq!(normal.call("INCR normal").int(), calls);
        }
    }
    let mut replies: Vec<i64> = slow.iter_mut().map(|client| client.reply().int()).collect();
    replies.sort_unstable();
    assert!(replies.into_iter().eq(1..=count.try_into().unwrap()));
    // Now they are idle, and idle clients hold no big buffers. The one that asks holds some.
    let info = normal.call("INFO memory").text();
    let held = info
        .lines()
        .find_map(|line| line.strip_prefix("mem_clients_normal:"));
    let held: u64 = held.unwrap().trim().parse().unwrap();
    assert!(
        held < count * 1024 + (64 << 10),
        "{held} bytes for {count} clients"
    );
}

#[test]
fn an_idle_client_is_ended_when_a_timeout_is_set() {
    let folder = Folder::new();
    let server = Server::start(&folder, &["--timeout", "1"]);
    let mut idle = server.client();
    assert_eq!(idle.ask("PING"), "+PONG");
    idle.expect_end();
    assert_eq!(server.client().ask("PING"), "+PONG");
}

#[test]
fn clients_wait_for_keys_and_those_that_leave_take_nothing() {
    let folder = Folder::new();
    let server = Server::start(&folder, &["--appendonly", "yes"]);
    let mut pusher = server.client();
    let blocked = |asker: &mut Client| {
        let info = asker.call("INFO clients").text();
        let mut lines = info.lines();
        let count = lines.find_map(|line| line.strip_prefix("blocked_clients:"));
        count.and_then(|count| count.parse::<usize>().ok())
    };
    let mut waiting: Vec<Client> = (0..50).map(|_| server.client()).collect();
    for (number, client) in waiting.iter_mut().enumerate() {
        client.send(&request(&["BLPOP", "jobs", "more", "100"]));
        until("the client to wait", || {
            blocked(&mut pusher) == Some(number + 1)
        });
    }
    // Every other one leaves, one way or the other.
    let mut number = 0;
    waiting.retain(|client| {
        number += 1;
        if number % 4 == 0 {
            client.writer().shutdown(std::net::Shutdown::Write).unwrap();
        }
        number % 2 == 1
    });
    until("the clients to be gone", || {
        blocked(&mut pusher) == Some(25)
    });
    for number in 0..25 {
        assert_eq!(pusher.ask(&format!("RPUSH jobs {number}")), ":1");
    }
    for (number, client) in waiting.iter_mut().enumerate() {
        let popped = client.reply().items();
        let popped: Vec<String> = popped.into_iter().map(|item| item.text()).collect();
        assert_eq!(popped, ["jobs".to_string(), number.to_string()]);
    }
    assert_eq!(pusher.ask("DBSIZE"), ":0");
    // What was taken is taken after a restart as well.
    server.kill();
    let server = Server::start(&folder, &["--appendonly", "yes"]);
    assert_eq!(server.client().ask("DBSIZE"), ":0");
}
