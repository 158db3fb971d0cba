//! Data of every type, encoding and expiry time survive a restart.

use crate::support::{Client, Folder, Server, Value};
use std::collections::BTreeMap;

const FLAGS: [&str; 2] = ["--appendonly", "yes"];
const DATABASES: usize = 16;

/// Everything in all databases: type, encoding, value and expiry time by key.
fn everything(client: &mut Client) -> BTreeMap<(usize, Vec<u8>), [String; 4]> {
    let mut found = BTreeMap::new();
    for database in 0..DATABASES {
        assert_eq!(client.ask(&format!("SELECT {database}")), "+OK");
        for key in client.call("KEYS *").items() {
            let key = key.bytes();
            let kind = client.words(&[b"TYPE".as_slice(), &key]).text();
            let encoding = client
                .words(&[b"OBJECT".as_slice(), b"ENCODING", &key])
                .text();
            let value = value(client, &kind, &key);
            let at = client.words(&[b"PEXPIRETIME".as_slice(), &key]).to_string();
            found.insert((database, key), [kind, encoding, value, at]);
        }
    }
    found
}

fn value(client: &mut Client, kind: &str, key: &[u8]) -> String {
    let words: &[&[u8]] = match kind {
        "string" => &[b"GET", key],
        "list" => &[b"LRANGE", key, b"0", b"-1"],
        "hash" => &[b"HGETALL", key],
        "set" => &[b"SMEMBERS", key],
        "zset" => &[b"ZRANGE", key, b"0", b"-1", b"WITHSCORES"],
        other => panic!("{other}"),
    };
    match client.words(words) {
        Value::Array(items) if kind == "hash" => sorted(items.chunks(2)),
        Value::Array(items) if kind == "set" => sorted(items.chunks(1)),
        other => format!("{other:?}"),
    }
}

/// Without the order that a table happens to have.
fn sorted<'v>(items: impl Iterator<Item = &'v [Value]>) -> String {
    let mut texts: Vec<String> = items.map(|item| format!("{item:?}")).collect();
    texts.sort();
    texts.concat()
}

/// Values of every type, small and big, some of them through several encodings.
fn fill(client: &mut Client) {
    let many = |count: usize| (0..count).map(|number| number.to_string());
    let long = "x".repeat(200);
    for line in [
        "SET int 12345",
        "SET embstr text",
        "SET later v EX 100000",
        "SET at v PXAT 99999999999999",
        "SETRANGE gap 10 x",
        "INCRBYFLOAT float 3.25",
        "HSET small a 1 b 2",
        "RPUSH list a b c",
        "PEXPIRE list 100000000",
        "LTRIM list 1 -1",
        "SADD ints 5 1 3",
        "SADD words a b c",
        "SMOVE words ints2 a",
        "ZADD scores 1.5 a -inf b inf c 0.1 d",
        "ZINCRBY scores 0.2 d",
        "SET gone 1",
        "DEL gone",
        "SET moved 1",
        "MOVE moved 7",
        "SET renamed 1 EX 100000",
        "RENAME renamed name",
        "COPY small copied DB 9",
        "SET persisted 1 EX 100",
        "PERSIST persisted",
    ] {
        let reply = client.ask(line);
        assert!(!reply.starts_with('-'), "{line}: {reply}");
    }
    client.words(&["SET", "raw", &long]);
    client.words(&[b"SET".as_slice(), b"\0binary\xff", b"\r\n\0\xfe"]);
    for (command, key) in [
        ("RPUSH", "biglist"),
        ("SADD", "bigset"),
        ("SADD", "bigints"),
    ] {
        let prefix = if key == "bigset" { "m" } else { "" };
        let words = [command.to_string(), key.into()].into_iter();
        let words: Vec<String> = words
            .chain(many(5000).map(|item| format!("{prefix}{item}")))
            .collect();
        assert_eq!(client.words(&words).int(), 5000);
    }
    let mut words = vec!["HSET".to_string(), "bighash".into()];
    words.extend(many(2000));
    assert_eq!(client.words(&words).int(), 1000);
    let mut words = vec!["ZADD".to_string(), "bigscores".into()];
    words.extend(many(1000).flat_map(|item| [item.clone(), item]));
    assert_eq!(client.words(&words).int(), 1000);
    client.words(&["RPUSH", "longitems", &long, &long]);
    client.ask("SPOP bigset 10");
    client.ask("EXPIRE bighash 100000");
}

#[test]
fn every_type_survives_restarts() {
    let folder = Folder::new();
    let server = Server::start(&folder, &FLAGS);
    let mut client = server.client();
    fill(&mut client);
    let wanted = everything(&mut client);
    assert_eq!(wanted.len(), 24, "{:?}", wanted.keys());
    server.stop();
    for _ in 0..2 {
        let server = Server::start(&folder, &FLAGS);
        let got = everything(&mut server.client());
        for (key, value) in &wanted {
            assert_eq!(got.get(key), Some(value), "{key:?}");
        }
        assert_eq!(got.len(), wanted.len());
        server.kill();
    }
}

#[test]
fn without_a_log_nothing_is_kept_and_nothing_is_written() {
    let folder = Folder::new();
    let server = Server::start(&folder, &[]);
    assert_eq!(server.client().ask("SET a 1"), "+OK");
    server.stop();
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    assert_eq!(Server::start(&folder, &[]).client().ask("DBSIZE"), ":0");
}

#[test]
fn flushes_and_swaps_survive_too() {
    let folder = Folder::new();
    let server = Server::start(&folder, &FLAGS);
    let mut client = server.client();
    for line in [
        "SET a 0",
        "SELECT 1",
        "SET a 1",
        "SWAPDB 0 1",
        "SELECT 2",
        "SET a 2",
        "FLUSHDB",
    ] {
        assert_eq!(client.ask(line), "+OK", "{line}");
    }
    server.kill();
    let server = Server::start(&folder, &FLAGS);
    let mut client = server.client();
    assert_eq!(client.ask("GET a"), "1");
    assert_eq!(client.ask("SELECT 1"), "+OK");
    assert_eq!(client.ask("GET a"), "0");
    assert_eq!(client.ask("SELECT 2"), "+OK");
    assert_eq!(client.ask("GET a"), "nil");
    assert_eq!(client.ask("FLUSHALL"), "+OK");
    server.kill();
    let server = Server::start(&folder, &FLAGS);
    assert_eq!(server.client().ask("INFO keyspace").trim(), "# Keyspace");
}
