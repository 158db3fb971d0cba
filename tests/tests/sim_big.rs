//! Big values: sent from where they are, whatever becomes of the key meanwhile; and what a connection may have of a turn.

use rotom_tests::reply::{Value, request};
use rotom_tests::server::Server;
use rotom_tests::sim::{NetFaults, Sim, SimClient};

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
    assert!(most <= MB / 8 + 16_384, "{most} bytes in a turn");
    assert!((7900..8500).contains(&turns), "{turns} turns");
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
        // A quarter of a megabyte, and a little for each in any case.
        assert!(most <= MB / 4 + 21 * 16_384, "{most} bytes in a turn");
        assert!(longest <= 21, "a ping took {longest} turns");
    }
}

#[test]
fn greedy_clients_get_equal_shares() {
    let mut server = start(&[]);
    let clients: Vec<SimClient> = (0..5).map(|_| server.connect()).collect();
    call(&mut server, &clients[0], &[b"SET", b"k", &pattern(MB, 1)]);
    for client in &clients {
        client.set_send_buffer(usize::MAX);
        client.send(&request(&[b"GET", b"k"]).repeat(20));
    }
    let mut received = [0; 5];
    for _ in 0..200 {
        server.turn();
        for (sum, client) in received.iter_mut().zip(&clients) {
            *sum += client.receive().len();
        }
    }
    let [least, most] = [received.iter().min(), received.iter().max()].map(|sum| *sum.unwrap());
    assert!(least > 8 * MB && most - least <= MB / 2, "{received:?}");
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

/// Requests with long and short arguments in every place, and the replies to them.
fn mixed_requests() -> (Vec<u8>, Vec<Value>) {
    let (a, b) = (pattern(40_000, 1), pattern(70_001, 2));
    let long_key = pattern(33_000, 3);
    let mut stream = Vec::new();
    let mut replies = Vec::new();
    let mut add = |words: &[&[u8]], reply: Value| {
        stream.extend(request(words));
        replies.push(reply);
    };
    add(&[b"SET", b"a", &a], ok());
    add(&[b"GET", b"a"], bulk(&a));
    add(&[b"MSET", b"a", &b, b"small", b"s", b"b", &a], ok());
    add(&[b"SETRANGE", b"a", b"3", &a], Value::Int(70_001));
    add(&[b"GETRANGE", b"a", b"3", b"40002"], bulk(&a));
    add(&[b"APPEND", b"new", &b], Value::Int(70_001));
    add(&[b"APPEND", b"new", &a], Value::Int(110_001));
    add(&[b"GETSET", b"b", &b], bulk(&a));
    add(&[b"SETEX", b"e", b"100", &a], ok());
    add(&[b"SET", b"e", &b, b"XX", b"GET", b"KEEPTTL"], bulk(&a));
    add(&[b"TTL", b"e"], Value::Int(100));
    add(&[b"SETNX", b"e", &a], Value::Int(0));
    add(&[b"SET", &long_key, &long_key], ok());
    add(&[b"GET", &long_key], bulk(&long_key));
    add(&[b"HSET", b"h", &long_key, &a], Value::Int(1));
    add(&[b"HGET", b"h", &long_key], bulk(&a));
    add(&[b"RPUSH", b"l", &a, b"x", &b], Value::Int(3));
    add(&[b"LINDEX", b"l", b"2"], bulk(&b));
    add(&[b"EXISTS", &a, b"a", &long_key], Value::Int(2));
    add(
        &[b"MGET", b"b", b"e", b"small"],
        Value::Array(Some(vec![bulk(&b), bulk(&b), bulk(b"s")])),
    );
    (stream, replies)
}

#[test]
fn long_arguments_arrive_in_pieces_of_all_sizes() {
    let (stream, replies) = mixed_requests();
    for chunk in [usize::MAX, 100_000, 40_019, 16_384, 16_383, 5000, 997] {
        let mut server = start(&[]);
        let client = server.connect();
        client.set_read_chunk(chunk);
        client.send(&stream);
        let got = server.replies(&client, replies.len());
        assert!(got == replies, "with reads of {chunk}");
        assert_eq!(client_field(&mut server, &client, &client, "argv-mem"), 0);
    }
}

/// The stream is cut at places around each end of an argument, and the server gets to see the parts one by one.
#[test]
fn long_arguments_may_be_cut_anywhere() {
    let value = pattern(33_000, 1);
    let mut stream = request(&[b"MSET", b"a", &value, b"b", &value]);
    stream.extend(request(&[b"SET", b"c", &value]));
    stream.extend(b"PING\r\n");
    let ends = (0..stream.len()).filter(|&at| stream[at..].starts_with(b"\r\n"));
    let mut cuts: Vec<usize> = ends.flat_map(|at| at.saturating_sub(3)..at + 5).collect();
    cuts.retain(|&cut| cut < stream.len());
    let mut server = start(&[]);
    for cut in cuts {
        let client = server.connect();
        client.send(&stream[..cut]);
        for _ in 0..6 {
            server.turn();
        }
        client.send(&stream[cut..]);
        let pong = Value::Simple("PONG".into());
        assert_eq!(
            server.replies(&client, 3),
            [ok(), ok(), pong],
            "cut at {cut}"
        );
        for key in ["a", "b", "c"] {
            assert!(server.get(key).as_ref() == Some(&value), "cut at {cut}");
        }
        assert_eq!(server.call(&client, "DEL a b c"), Value::Int(3));
    }
}

#[test]
fn long_arguments_survive_short_reads_and_faults() {
    let (stream, replies) = mixed_requests();
    for seed in 0..30 {
        let sim = Sim::new(seed);
        let mut server = Server::start(&sim, &["appendonly yes"]);
        let client = server.connect();
        sim.set_net_faults(NetFaults {
            short_percent: 40,
            not_ready_percent: 20,
            reset_percent: 0,
        });
        client.send(&stream);
        assert!(server.replies(&client, replies.len()) == replies, "{seed}");
        let value = server.get("new");
        server.run_us(2_000_000);
        sim.kill_process();
        drop(server);
        let mut server = Server::start(&sim, &["appendonly yes"]);
        assert!(server.get("new") == value);
    }
}

#[test]
fn a_claimed_length_takes_no_memory_and_a_client_may_go_in_the_middle() {
    let mut server = start(&["client-query-buffer-limit 3mb", "maxmemory-clients 0"]);
    let asker = server.connect();
    let clients: Vec<SimClient> = (0..20).map(|_| server.connect()).collect();
    for client in &clients {
        client.send(b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$536870912\r\n");
        client.send(&pattern(100_000, 0));
    }
    for _ in 0..20 {
        server.turn();
    }
    for client in &clients {
        let memory = client_field(&mut server, &asker, client, "tot-mem");
        assert!(memory < 1_000_000, "{memory} bytes");
        let come = client_field(&mut server, &asker, client, "argv-mem");
        assert_eq!(come, 100_000);
    }
    clients[0].send(&pattern(2 * MB, 0));
    clients[1].send(&pattern(4 * MB, 0));
    clients[2].reset();
    clients[3].close();
    let id = client_field(&mut server, &asker, &clients[4], "id");
    server.call(&asker, &format!("CLIENT KILL ID {id}"));
    server.run_us(100_000);
    let open: Vec<bool> = clients.iter().map(|it| !it.is_closed_by_server()).collect();
    assert_eq!(open[..6], [true, false, false, false, false, true]);
    drop(clients);
    server.run_us(100_000);
    assert_eq!(server.call(&asker, "DBSIZE"), Value::Int(0));
}

#[test]
fn a_long_argument_waits_like_any_other() {
    let mut server = start(&[]);
    let (client, other) = (server.connect(), server.connect());
    let value = pattern(MB, 1);
    call(&mut server, &other, &[b"SET", b"k", &value]);
    client.set_send_buffer(0);
    client.send(&request(&[b"GET", b"k"]));
    server.turn();
    // It begins to be read before the replies are too many, and is complete when they are.
    let long = request(&[b"MSET", b"a", &value, b"b", &value]);
    client.send(&long[..MB / 2]);
    for _ in 0..5 {
        server.turn();
    }
    client.send(&long[MB / 2..]);
    client.send(&request(&[b"GET", b"a"]));
    server.until("all is read", |_| client.unread_len() == 0);
    assert_eq!(server.key_count(), 1);
    client.set_send_buffer(100_000);
    let replies = server.replies(&client, 3);
    assert!(replies == [bulk(&value), ok(), bulk(&value)]);
    assert!(server.get("b") == Some(value));
}

#[test]
fn a_limit_for_output_ends_who_lets_it_pile_up() {
    let mut server = start(&["client-output-buffer-limit normal 8mb 0 0"]);
    let (stuck, other) = (server.connect(), server.connect());
    call(&mut server, &other, &[b"SET", b"k", &pattern(MB, 1)]);
    stuck.send(&request(&[b"GET", b"k"]).repeat(100));
    server.until("the end", |_| stuck.is_closed_by_server());
    assert_eq!(server.call(&other, "STRLEN k"), Value::Int(MB as i64));
}
