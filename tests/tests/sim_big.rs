//! Big values: sent from where they are, whatever becomes of the key meanwhile; and what a connection may have of a turn.

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
    // Short enough for all three to run at once.
    let old = pattern(300_000, 1);
    let changes: [&[&[u8]]; 7] = [
        &[b"DEL", b"k"],
        &[b"SET", b"k", b"small"],
        &[b"APPEND", b"k", b"more"],
        &[b"SETRANGE", b"k", b"150000", b"in the middle"],
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

/// A field of the line that CLIENT LIST has for a client.
fn client_field(server: &mut Server, asker: &SimClient, of: &SimClient, name: &str) -> usize {
    let Value::Bulk(Some(text)) = server.call(asker, "CLIENT LIST") else {
        unreachable!("CLIENT LIST answers a text");
    };
    let text = String::from_utf8(text).expect("text");
    let address = format!(" addr={} ", of.address());
    let line = text
        .lines()
        .find(|line| line.contains(&address))
        .expect("the client");
    let mut fields = line.split(' ').filter_map(|field| field.split_once('='));
    let (_, value) = fields.find(|(field, _)| *field == name).expect("the field");
    value.parse().expect("a number")
}

/// Has `other` ping whenever it has its answer, and `greedy` take what they get, turn by turn, until they have so many bytes
/// in all. Returns the turns, the most bytes of one turn, and the most turns that a ping took.
fn turns_until(
    server: &mut Server,
    other: &SimClient,
    greedy: &[SimClient],
    mut left: usize,
) -> (usize, usize, usize) {
    let (mut turns, mut most, mut longest, mut waited) = (0, 0, 0, 0);
    other.send(b"PING\r\n");
    while left > 0 {
        server.turn();
        turns += 1;
        waited += 1;
        if other.receive() == b"+PONG\r\n" {
            longest = longest.max(waited);
            waited = 0;
            other.send(b"PING\r\n");
        }
        let count = greedy.iter().map(|client| client.receive().len()).sum();
        most = most.max(count);
        left -= count;
    }
    server.replies(other, 1);
    (turns, most, longest.max(waited))
}

#[test]
fn a_pipeline_of_big_replies_leaves_the_turn_to_others() {
    let mut server = start(&[]);
    let (greedy, other) = (server.connect(), server.connect());
    call(&mut server, &other, &[b"SET", b"k", &pattern(MB, 1)]);
    greedy.set_send_buffer(usize::MAX);
    greedy.send(&request(&[b"GET", b"k"]).repeat(1000));
    let bytes = 1000 * (MB + 12);
    let (turns, most, longest) = turns_until(&mut server, &other, &[greedy], bytes);
    assert!(most <= MB / 2 + 16_384, "{most} bytes in a turn");
    assert!((1900..2300).contains(&turns), "{turns} turns");
    assert!(longest <= 2, "a ping took {longest} turns");
}

#[test]
fn many_greedy_clients_share_the_turn() {
    let mut server = start(&[]);
    let other = server.connect();
    for len in [30_000, 100_000] {
        call(&mut server, &other, &[b"SET", b"k", &pattern(len, 1)]);
        let greedy: Vec<SimClient> = (0..20).map(|_| server.connect()).collect();
        let pipeline = request(&[b"GET", b"k"]).repeat(200);
        for client in &greedy {
            client.set_send_buffer(usize::MAX);
            client.send(&pipeline);
        }
        let head = format!("${len}\r\n").len();
        let bytes = 20 * 200 * (head + len + 2);
        let (_, most, longest) = turns_until(&mut server, &other, &greedy, bytes);
        // Half a megabyte, and a little for each in any case.
        assert!(most <= MB / 2 + 21 * 16_384, "{most} bytes in a turn");
        assert!(longest <= 21, "a ping took {longest} turns");
    }
}

#[test]
fn replies_that_nobody_takes_do_not_pile_up() {
    let mut server = start(&[]);
    let (slow, other) = (server.connect(), server.connect());
    call(&mut server, &other, &[b"SET", b"k", &pattern(200_000, 1)]);
    call(&mut server, &other, &[b"SET", b"s", &pattern(20_000, 2)]);
    for round in 0..20 {
        slow.send(&request(&[b"GET", b"k"]).repeat(100));
        slow.send(&request(&[b"GET", b"s"]).repeat(100));
        slow.send(&request(&[
            b"RPUSH",
            b"list",
            format!("{round}").as_bytes(),
        ]));
    }
    for _ in 0..200 {
        server.turn();
    }
    // The client may still be sending: what it sends is taken, although nothing runs.
    assert_eq!(slow.unread_len(), 0);
    let waiting = client_field(&mut server, &other, &slow, "tot-mem");
    assert!(waiting < 3 * MB / 2, "{waiting} bytes");
    assert_eq!(server.call(&other, "LLEN list"), Value::Int(0));
    call(&mut server, &other, &[b"DEL", b"s"]);
    let replies = server.replies(&slow, 20 * 201);
    let count = |wanted: &Value| replies.iter().filter(|reply| *reply == wanted).count();
    assert_eq!(count(&bulk(&pattern(200_000, 1))), 2000);
    assert_eq!(count(&Value::Bulk(None)), 2000);
    assert_eq!(replies.last(), Some(&Value::Int(20)));
    assert_eq!(client_field(&mut server, &other, &slow, "omem"), 0);
}

#[test]
fn what_was_sent_runs_although_the_client_goes() {
    for ending in [SimClient::close, SimClient::reset] {
        let mut server = start(&[]);
        let (gone, other) = (server.connect(), server.connect());
        call(&mut server, &other, &[b"SET", b"k", &pattern(MB, 1)]);
        for round in 0..100 {
            gone.send(&request(&[b"GET", b"k"]).repeat(3));
            gone.send(&request(&[
                b"RPUSH",
                b"list",
                format!("{round}").as_bytes(),
            ]));
        }
        server.turn();
        ending(&gone);
        server.until("the end", |_| gone.is_closed_by_server());
        assert_eq!(server.call(&other, "LLEN list"), Value::Int(100));
    }
}

#[test]
fn a_client_that_only_shuts_its_side_gets_everything() {
    let mut server = start(&[]);
    let (client, other) = (server.connect(), server.connect());
    call(&mut server, &other, &[b"SET", b"k", &pattern(MB, 1)]);
    client.send(&request(&[b"GET", b"k"]).repeat(20));
    server.turn();
    client.shut();
    server.turn();
    server.turn();
    assert_eq!(server.replies(&client, 20), vec![bulk(&pattern(MB, 1)); 20]);
    server.until("the end", |_| client.is_closed_by_server());
}

#[test]
fn small_requests_that_piled_up_run_in_shares() {
    let mut server = start(&[]);
    let (client, other) = (server.connect(), server.connect());
    call(&mut server, &other, &[b"SET", b"k", &pattern(MB, 1)]);
    client.send(&request(&[b"GET", b"k"]).repeat(2));
    let count: usize = 100_000;
    for i in 0..count {
        client.send(&request(&[b"SET", format!("key:{i}").as_bytes(), b"1"]));
        if i == count / 2 {
            client.send(b"SET 'quoted' \"in line\"\r\n");
        }
    }
    server.until("all is read", |_| client.unread_len() == 0);
    assert!(server.key_count() == 1);
    client.set_send_buffer(usize::MAX);
    let mut before = 1;
    while before < count + 2 {
        server.turn();
        let now = server.key_count();
        assert!(now - before < 2000, "{} requests in a turn", now - before);
        before = now;
    }
    assert_eq!(server.replies(&client, count + 3).len(), count + 3);
    assert_eq!(server.get("quoted"), Some(b"in line".to_vec()));
}
