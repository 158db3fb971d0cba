//! Big values: sent from where they are, whatever becomes of the key meanwhile.

use rotom_tests::reply::{Value, request};
use rotom_tests::server::Server;
use rotom_tests::sim::{Sim, SimClient};

const MB: usize = 1 << 20;

/// Bytes that tell where they belong.
fn pattern(len: usize, salt: usize) -> Vec<u8> {
    let byte = |i: usize| (i / 251 * 31 + i + salt) as u8;
    (0..len).map(byte).collect()
}

fn bulk(bytes: &[u8]) -> Value {
    Value::Bulk(Some(bytes.to_vec()))
}

fn ok() -> Value {
    Value::Simple("OK".into())
}

fn start(lines: &[&str]) -> Server {
    Server::start(&Sim::new(1), lines)
}

fn call(server: &mut Server, client: &SimClient, words: &[&[u8]]) -> Value {
    client.send(&request(words));
    server.replies(client, 1).remove(0)
}

#[test]
fn a_slow_reader_gets_what_the_value_was() {
    let old = pattern(MB, 1);
    let changes: [&[&[u8]]; 7] = [
        &[b"DEL", b"k"],
        &[b"SET", b"k", b"small"],
        &[b"APPEND", b"k", b"more"],
        &[b"SETRANGE", b"k", b"500000", b"in the middle"],
        &[b"FLUSHALL"],
        &[b"RENAME", b"k", b"other"],
        &[b"GETDEL", b"k"],
    ];
    for change in changes {
        let mut server = start(&[]);
        let (slow, other) = (server.connect(), server.connect());
        assert_eq!(call(&mut server, &other, &[b"SET", b"k", &old]), ok());
        slow.set_write_chunk(10_007);
        slow.send(&request(&[b"GET", b"k"]));
        slow.send(&request(&[b"GETRANGE", b"k", b"1000", b"-1"]));
        slow.send(&request(&[b"MGET", b"k", b"none", b"k"]));
        server.turn();
        server.turn();
        assert!(slow.unreceived_len() < 100_000);
        call(&mut server, &other, change);
        other.send(&request(&[b"SET", b"k", &pattern(MB, 2)]));
        server.replies(&other, 1);
        let both = Value::Array(Some(vec![bulk(&old), Value::Bulk(None), bulk(&old)]));
        let wanted = [bulk(&old), bulk(&old[1000..]), both];
        let got = server.replies(&slow, 3);
        assert!(got == wanted, "{change:?}");
    }
}
