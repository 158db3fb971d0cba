//! Requests in every shape that TCP allows.

use crate::support::{Folder, Server, request};
use std::io::Write;

const PIPELINE: usize = 100_000;

#[test]
fn a_pipeline_of_100_000_requests_is_answered_in_order() {
    let folder = Folder::new();
    let server = Server::start(&folder, &[]);
    let mut client = server.client();
    let mut requests = Vec::new();
    for number in 0..PIPELINE {
        let number = number.to_string();
        requests.extend(match number.len() % 2 {
            0 => request(&["INCR", "count"]),
            _ => request(&["ECHO", &number]),
        });
    }
    let mut writer = client.writer();
    let sender = std::thread::spawn(move || writer.write_all(&requests).unwrap());
    let mut count = 0;
    for number in 0..PIPELINE {
        let number = number.to_string();
        let wanted = if number.len() % 2 == 0 {
            count += 1;
            format!(":{count}")
        } else {
            number
        };
        assert_eq!(client.reply().to_string(), wanted);
    }
    sender.join().unwrap();
    assert_eq!(client.ask("GET count"), count.to_string());
}

/// The whole pipeline is sent before anything is read, so the server has to take it in and keep its replies.
#[test]
fn a_pipeline_may_be_sent_before_its_first_reply_is_read() {
    let folder = Folder::new();
    let server = Server::start(&folder, &[]);
    let mut client = server.client();
    let word = "x".repeat(100);
    client.send(&request(&["ECHO", &word]).repeat(PIPELINE));
    for _ in 0..PIPELINE {
        assert_eq!(client.reply().to_string(), word);
    }
    assert_eq!(client.ask("PING"), "+PONG");
}

#[test]
fn a_request_may_come_byte_by_byte() {
    let folder = Folder::new();
    let server = Server::start(&folder, &[]);
    let (mut slow, mut quick) = (server.client(), server.client());
    let binary = [b"\r\n*1$\0\xff".as_slice(), &[b'x'; 100]].concat();
    let mut bytes = request(&[b"SET".as_slice(), b"key", &binary]);
    bytes.extend(b"GET key\r\n\r\n \r\n");
    bytes.extend(request(&["STRLEN", "key"]));
    bytes.extend(b"*0\r\n*-1\r\nPING\n");
    for &byte in &bytes {
        slow.send(&[byte]);
        // Its answer shows that the server has taken the byte in before the next one comes.
        assert_eq!(quick.ask("PING"), "+PONG");
    }
    assert_eq!(slow.reply().to_string(), "+OK");
    assert_eq!(slow.reply().bytes(), binary);
    assert_eq!(slow.reply().to_string(), format!(":{}", binary.len()));
    assert_eq!(slow.reply().to_string(), "+PONG");
}

#[test]
fn inline_commands_have_quotes() {
    let folder = Folder::new();
    let server = Server::start(&folder, &[]);
    let mut client = server.client();
    let cases: [(&[u8], &str); 7] = [
        (b"PING\r\n", "+PONG"),
        (b"  ping   hello \n", "hello"),
        (b"SET 'a b' \"c\\x41\\\"\"\r\n", "+OK"),
        (b"GET \"a b\"\r\n", "cA\""),
        (b"ECHO 'it\\'s'\r\n", "it's"),
        (b"ECHO \"\"\r\n", "''"),
        (b"\r\n\n \nECHO after\n", "after"),
    ];
    for (line, wanted) in cases {
        client.send(line);
        assert_eq!(client.reply().to_string(), wanted);
    }
}

/// What is no RESP gets a reply and then the end; the requests before it are answered, those after it are not run.
#[test]
fn protocol_errors_are_answered_and_end_the_connection() {
    let folder = Folder::new();
    let server = Server::start(&folder, &[]);
    let mut other = server.client();
    let long_line = "x".repeat(65_537);
    let cases = [
        ("*x\r\n", "invalid multibulk length"),
        ("*1048577\r\n", "invalid multibulk length"),
        ("*2147483648\r\n", "invalid multibulk length"),
        ("*1\r\nPING\r\n", "expected '$', got 'P'"),
        ("*1\r\n\r\n", "expected '$', got ' '"),
        ("*1\r\n$-1\r\n", "invalid bulk length"),
        ("*1\r\n$x\r\n", "invalid bulk length"),
        ("*1\r\n$536870913\r\n", "invalid bulk length"),
        ("SET 'a\r\n", "unbalanced quotes in request"),
        (&long_line, "too big inline request"),
        (&format!("*{long_line}"), "too big mbulk count string"),
        (&format!("*1\r\n${long_line}"), "too big bulk count string"),
    ];
    for (bytes, error) in cases {
        let mut client = server.client();
        client.send(format!("SET before 1\r\n{bytes}").as_bytes());
        assert_eq!(client.reply().to_string(), "+OK", "{error}");
        assert_eq!(
            client.reply().to_string(),
            format!("-ERR Protocol error: {error}")
        );
        client.expect_end();
        assert_eq!(other.ask("GETDEL before"), "1");
    }
    let mut client = server.client();
    client.send(b"*1\r\nx\r\nSET after 1\r\n");
    assert_eq!(
        client.reply().to_string(),
        "-ERR Protocol error: expected '$', got 'x'"
    );
    client.expect_end();
    assert_eq!(other.ask("EXISTS after"), ":0");
}

#[test]
fn quit_answers_and_ends() {
    let folder = Folder::new();
    let server = Server::start(&folder, &[]);
    let mut client = server.client();
    client.send(b"PING\r\nQUIT\r\nSET after 1\r\n");
    assert_eq!(client.reply().to_string(), "+PONG");
    assert_eq!(client.reply().to_string(), "+OK");
    client.expect_end();
    assert_eq!(server.client().ask("EXISTS after"), ":0");
}

#[test]
fn big_values_and_many_arguments_go_through() {
    let folder = Folder::new();
    let server = Server::start(&folder, &[]);
    let mut client = server.client();
    let big: Vec<u8> = (0..64 << 20).map(|at: u32| (at >> 7) as u8).collect();
    let mut writer = client.writer();
    let bytes = request(&[b"SET".as_slice(), b"big", &big]);
    let sender = std::thread::spawn(move || writer.write_all(&bytes).unwrap());
    assert_eq!(client.reply().to_string(), "+OK");
    sender.join().unwrap();
    assert!(client.call("GET big").bytes() == big);
    let mut words = vec!["RPUSH".to_string(), "list".into()];
    words.extend((0..500_000).map(|number| number.to_string()));
    assert_eq!(client.words(&words).to_string(), ":500000");
    assert_eq!(client.ask("LINDEX list -1"), "499999");
}

#[test]
fn client_reply_silences() {
    let folder = Folder::new();
    let server = Server::start(&folder, &[]);
    let mut client = server.client();
    client.send(b"CLIENT REPLY OFF\r\nPING\r\nGET a\r\nCLIENT REPLY ON\r\nECHO heard\r\n");
    assert_eq!(client.reply().to_string(), "+OK");
    assert_eq!(client.reply().to_string(), "heard");
    client.send(b"CLIENT REPLY SKIP\r\nPING\r\nECHO next\r\n");
    assert_eq!(client.reply().to_string(), "next");
}
