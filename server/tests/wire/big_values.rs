//! Big values over real sockets: 32 KB to 200 MB.

use crate::support::{Folder, Server, request};

fn pattern(len: usize, salt: usize) -> Vec<u8> {
    (0..len).map(|i| (i / 255 + i + salt) as u8).collect()
}

#[test]
fn values_of_all_lengths_come_back() {
    let folder = Folder::new();
    let server = Server::start(&folder, &[]);
    let mut client = server.client();
    for len in [
        32_767,
        32_768,
        65_536,
        100_001,
        1 << 20,
        5_000_003,
        200 << 20,
    ] {
        let value = pattern(len, len);
        assert_eq!(
            client.words(&[&b"SET"[..], b"k", &value]).to_string(),
            "+OK"
        );
        assert_eq!(client.ask("STRLEN k"), format!(":{len}"));
        assert!(client.call("GET k").bytes() == value, "{len} bytes");
        let part = client.call("GETRANGE k 7 -9").bytes();
        assert!(part == value[7..len - 8], "{len} bytes");
    }
}

/// The reader has asked and not read anything yet when the value changes.
#[test]
fn a_reply_on_its_way_stays_as_it_was() {
    let folder = Folder::new();
    let server = Server::start(&folder, &[]);
    let mut writer = server.client();
    let old = pattern(50 << 20, 1);
    for change in [
        "APPEND k x",
        "SETRANGE k 30000000 x",
        "SET k x",
        "DEL k",
        "FLUSHALL",
    ] {
        writer.words(&[&b"SET"[..], b"k", &old]);
        let mut reader = server.client();
        reader.send(&request(&["GET", "k"]).repeat(2));
        // An answer on another connection tells that the request before it has been read.
        reader.send(b"PING\r\n");
        let asked = |line: &str| line.contains("cmd=get");
        crate::support::until("the GET runs", || {
            writer.call("CLIENT LIST").text().lines().any(asked)
        });
        writer.ask(change);
        assert!(reader.reply().bytes() == old, "{change}");
        // The second GET runs when the first reply is nearly gone, and finds what there is then.
        reader.reply();
        assert_eq!(reader.reply().to_string(), "+PONG");
    }
}

#[test]
fn a_client_may_go_in_the_middle_of_a_big_value() {
    let folder = Folder::new();
    let server = Server::start(&folder, &[]);
    let mut other = server.client();
    let value = pattern(20 << 20, 1);
    other.words(&[&b"SET"[..], b"k", &value]);
    for _ in 0..10 {
        let mut half = server.client();
        half.send(b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$536870912\r\n");
        half.send(&value[..5_000_000]);
        let mut deaf = server.client();
        deaf.send(&request(&["GET", "k"]).repeat(100));
    }
    crate::support::until("they are gone", || {
        other.call("CLIENT LIST").text().lines().count() == 1
    });
    assert!(other.call("GET k").bytes() == value);
}
