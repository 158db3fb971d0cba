#![allow(
    unsafe_code,
    reason = "an allocator that tells how much it has handed out"
)]
//! `maxmemory` and `maxmemory-clients`: whole servers under a limit, with what they really allocate.

use rotom_tests::reply::{Value, line, request};
use rotom_tests::server::Server;
use rotom_tests::sim::{Sim, SimClient};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// The system's allocator, with a gauge for each thread: tests run beside each other.
struct GaugedAllocator;

#[global_allocator]
static ALLOCATOR: GaugedAllocator = GaugedAllocator;

thread_local! {
    static ALLOCATED: Cell<usize> = const { Cell::new(0) };
}

fn allocated() -> usize {
    ALLOCATED.get()
}

// SAFETY: every call goes to `System` with the caller's own arguments, and its result comes back unchanged. Growing is
// left to the trait's own method, which allocates and frees through this one.
unsafe impl GlobalAlloc for GaugedAllocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATED.set(ALLOCATED.get().wrapping_add(layout.size()));
        // SAFETY: the caller keeps `alloc`'s contract, which is `System`'s.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        ALLOCATED.set(ALLOCATED.get().wrapping_sub(layout.size()));
        // SAFETY: the caller keeps `dealloc`'s contract, and the block came from `System`.
        unsafe { System.dealloc(block, layout) }
    }
}

const MB: usize = 1 << 20;

/// A server that may allocate so much more than it has after its start.
fn start(room: usize, lines: &[&str]) -> (Server, usize) {
    let sim = Sim::new(1);
    sim.set_gauge(allocated);
    let limit = allocated() + room;
    let maxmemory = format!("maxmemory {limit}");
    let server = Server::start(&sim, &[&[maxmemory.as_str()], lines].concat());
    (server, limit)
}

fn ok() -> Value {
    Value::Simple("OK".into())
}

fn info(server: &mut Server, client: &SimClient, field: &str) -> u64 {
    let Value::Bulk(Some(text)) = server.call(client, "INFO all") else {
        unreachable!("INFO answers a string");
    };
    let text = String::from_utf8(text).expect("text");
    let mut lines = text.lines();
    let value = lines.find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
    value.expect("a field").parse().expect("a number")
}

/// The i-th write of a mixed load.
fn write(i: usize) -> Vec<u8> {
    let value = vec![b'v'; i * 7919 % 3000];
    let key = format!("key:{}", i * 31 % 20_000);
    let member = format!("member:{i}");
    let key = key.as_bytes();
    match i % 8 {
        0 => request(&[b"HSET", b"hash", member.as_bytes(), &value]),
        1 => request(&[b"RPUSH", &[b"list", &key[..5]].concat(), &value]),
        2 => request(&[
            b"ZADD",
            &[b"zset", &key[..5]].concat(),
            b"1",
            member.as_bytes(),
        ]),
        3 => request(&[b"SETEX", key, b"100", &value]),
        _ => request(&[b"SET", key, &value]),
    }
}

#[test]
fn memory_stays_within_the_limit_whatever_is_evicted() {
    for policy in ["allkeys-lru", "allkeys-lfu", "allkeys-random"] {
        let (mut server, limit) = start(3 * MB, &[&format!("maxmemory-policy {policy}")]);
        let clients: Vec<_> = (0..4).map(|_| server.connect()).collect();
        let mut highest = 0;
        for round in 0..300 {
            for (number, client) in clients.iter().enumerate() {
                let mut stream = Vec::new();
                for i in 0..10 {
                    stream.extend(write(round * 40 + number * 10 + i));
                }
                client.send(&stream);
            }
            server.turn();
            highest = highest.max(allocated());
            for client in &clients {
                for reply in server.replies(client, 10) {
                    assert!(!reply.is_error("OOM"), "{policy}");
                }
            }
        }
        let over = highest.saturating_sub(limit);
        assert!(over < 200_000, "{policy}: {over} bytes above the limit");
        let evicted = info(&mut server, &clients[0], "evicted_keys");
        assert!(evicted > 500, "{policy}: {evicted}");
        assert_eq!(server.call(&clients[0], "SET some value"), ok());
        assert_eq!(
            server.call(&clients[0], "GET some"),
            Value::Bulk(Some(b"value".to_vec()))
        );
    }
}

#[test]
fn without_eviction_writes_are_refused_and_reads_go_on() {
    let (mut server, limit) = start(MB, &["maxmemory-policy noeviction"]);
    let client = server.connect();
    let value = vec![b'x'; 1000];
    let mut set = 0;
    loop {
        client.send(&request(&[b"SET", format!("{set}").as_bytes(), &value]));
        match server.replies(&client, 1).remove(0) {
            reply if reply == ok() => set += 1,
            reply => break assert!(reply.is_error("OOM"), "{reply:?}"),
        }
    }
    assert!((500..1100).contains(&set), "{set}");
    assert!(allocated() < limit + 100_000);
    assert_eq!(server.call(&client, "GET 0"), Value::Bulk(Some(value)));
    assert_eq!(server.call(&client, "DBSIZE"), Value::Int(set));
    server.call(&client, "CONFIG SET maxmemory 1000");
    server.run_us(2_000_000);
    let exceeded = info(&mut server, &client, "current_eviction_exceeded_time");
    assert!((1900..3000).contains(&exceeded), "{exceeded}");
    let back = format!("CONFIG SET maxmemory {limit}");
    assert_eq!(server.call(&client, &back), ok());
    // Enough for what INFO and CONFIG have brought about themselves, too.
    let names: Vec<String> = (0..50).map(|number| number.to_string()).collect();
    let del = format!("DEL {}", names.join(" "));
    assert_eq!(server.call(&client, &del), Value::Int(50));
    assert_eq!(server.call(&client, "SET 0 small"), ok());
    server.turn();
    assert_eq!(
        info(&mut server, &client, "current_eviction_exceeded_time"),
        0
    );
    assert!(info(&mut server, &client, "total_eviction_exceeded_time") >= exceeded);
}

/// Fills a server with so many keys, and has the clock tick, so that making room comes to its limit.
fn full_server(keys: usize, lines: &[&str]) -> (Server, SimClient) {
    let (mut server, _) = start(
        1000 * MB,
        &[&["maxmemory-policy allkeys-lru"], lines].concat(),
    );
    let client = server.connect();
    for i in 0..keys {
        client.send(&line(&format!("SET key:{i} value:{i}")));
        if i % 100 == 99 {
            server.replies(&client, 100);
        }
    }
    server.sim.set_clock_tick_us(100);
    (server, client)
}

#[test]
fn a_lower_limit_takes_effect_in_slices() {
    let (mut server, client) = full_server(5000, &[]);
    let limit = allocated() - 60_000;
    assert_eq!(
        server.call(&client, &format!("CONFIG SET maxmemory {limit}")),
        ok()
    );
    let (mut turns, mut last) = (0, server.key_count());
    server.until("room", |server| {
        let now = server.engine.shared().keys.database_len(0).0;
        assert!(last - now <= 50, "{} keys in one turn", last - now);
        turns += 1;
        last = now;
        allocated() <= limit
    });
    assert!(turns > 5, "{turns}");
    assert!(last > 1000, "{last}");
    // Then the loop sleeps again.
    for _ in 0..3 {
        server.turn();
    }
    assert!(server.sim.last_timeout_us().is_none_or(|us| us > 1000));
}

#[test]
fn a_long_argument_waits_for_room_and_becomes_the_value_then() {
    let (mut server, control) = full_server(20_000, &[]);
    let writer = server.connect();
    let value: Vec<u8> = (0..300_000).map(|i| (i / 255 + i) as u8).collect();
    let mut stream = request(&[b"MSET", b"a", &value, b"b", b"short", b"c", &value]);
    let (head, tail) = stream.split_at_mut(500_000);
    writer.send(head);
    for _ in 0..10 {
        server.turn();
    }
    let limit = allocated() - 300_000;
    server.call(&control, &format!("CONFIG SET maxmemory {limit}"));
    writer.send(tail);
    writer.send(&[line("GET b"), line("GET c"), line("STRLEN a")].concat());
    let mut waited = 0;
    server.until("replies", |_| {
        waited += 1;
        writer.unreceived_len() > 0
    });
    assert!(waited > 5, "{waited} turns");
    let replies = server.replies(&writer, 4);
    let bulk = |bytes: &[u8]| Value::Bulk(Some(bytes.to_vec()));
    assert!(replies == [ok(), bulk(b"short"), bulk(&value), Value::Int(300_000)]);
}

#[test]
fn requests_without_room_wait_in_order_while_others_go_on() {
    let (mut server, writer) = full_server(5000, &[]);
    let reader = server.connect();
    let mut stream = line(&format!("CONFIG SET maxmemory {}", allocated() - 60_000));
    stream.extend(line("ECHO first"));
    stream.extend(line("SET waits 1"));
    stream.extend(b"SET quoted \"a \\\"b\\\" \\x41\"\r\nGET quoted\r\nAPPEND waits '2 3'\r\n");
    stream.extend(line("GET waits"));
    stream.extend(b"*2\r\n$3\r\nGET\r\n$5\r\nwa");
    writer.send(&stream);
    let mut values = Vec::new();
    let mut bytes = Vec::new();
    let mut reads = 0;
    server.until("the first replies", |server| {
        server.turn();
        bytes.extend(writer.receive());
        values.extend(rotom_tests::reply::take_replies(&mut bytes));
        if values.len() == 2 {
            assert_eq!(server.call(&reader, "EXISTS waits"), Value::Int(0));
            reads += 1;
        }
        reads == 3
    });
    writer.send(b"its\r\n");
    values.extend(server.replies(&writer, 6));
    let bulk = |text: &str| Value::Bulk(Some(text.as_bytes().to_vec()));
    let expected = [
        ok(),
        bulk("first"),
        ok(),
        ok(),
        bulk("a \"b\" A"),
        Value::Int(4),
        bulk("12 3"),
        bulk("12 3"),
    ];
    assert_eq!(values, expected);
}

#[test]
fn a_waiting_client_may_go_away() {
    let (mut server, writer) = full_server(5000, &[]);
    let other = server.connect();
    let mut stream = line(&format!("CONFIG SET maxmemory {}", allocated() - 60_000));
    stream.extend(line("SET waits 1"));
    writer.send(&stream);
    server.turn();
    let killed = server.call(&other, &format!("CLIENT KILL ADDR {}", writer.address()));
    assert_eq!(killed, Value::Int(1));
    let next = server.connect();
    assert_eq!(server.call(&next, "SET other 1"), ok());
    assert_eq!(server.call(&next, "EXISTS waits"), Value::Int(0));
}

#[test]
fn evictions_are_in_the_log_and_do_not_follow_from_it() {
    let sim = Sim::new(1);
    sim.set_gauge(allocated);
    let aof = ["appendonly yes", "maxmemory-policy allkeys-random"];
    let mut server = Server::start(&sim, &aof);
    let client = server.connect();
    let mut stream = Vec::new();
    for i in 0..10_000 {
        stream.extend(line(&format!("SET a:long:enough:name:{i} 1")));
    }
    client.send(&stream);
    server.replies(&client, 10_000);
    // The simulated disk lives in the same memory; it grows with the log, so the limit is set anew each time.
    let mut written = 0;
    for round in 0..20 {
        let limit = allocated();
        server.call(&client, &format!("CONFIG SET maxmemory {limit}"));
        let mut stream = Vec::new();
        for i in 0..50 {
            stream.extend(line(&format!("SET another:long:enough:{round}:{i} 1")));
        }
        client.send(&stream);
        for reply in server.replies(&client, 50) {
            assert_eq!(reply, ok());
        }
        server.call(&client, "CONFIG SET maxmemory 0");
        written += 50;
    }
    let evicted = info(&mut server, &client, "evicted_keys");
    assert!(evicted > 100, "{evicted} evicted for {written}");
    // What the disk takes here is made up for as well, at some forty bytes a write.
    assert!(evicted < 40 * written, "{evicted} evicted for {written}");
    let keys = server.key_count();
    sim.kill_process();
    drop(server);
    let mut server = Server::start(&sim, &["appendonly yes"]);
    assert_eq!(server.key_count(), keys);
}

/// A client that asks for more than it takes, at most the megabyte that may wait for it.
fn greedy(server: &mut Server, replies: usize) -> SimClient {
    let client = server.connect();
    client.set_send_buffer(1000);
    for _ in 0..replies {
        client.send(&line("GET big"));
    }
    client
}

#[test]
fn the_biggest_clients_go_when_all_together_are_too_big() {
    let (mut server, _) = start(1000 * MB, &["maxmemory-clients 3mb"]);
    let control = server.connect();
    control.send(&request(&[b"SET", b"big", &vec![b'b'; 100_000]]));
    server.replies(&control, 1);
    let protected = greedy(&mut server, 0);
    server.call(&protected, "CLIENT NO-EVICT on");
    for _ in 0..20 {
        protected.send(&line("GET big"));
    }
    let small = greedy(&mut server, 3);
    let big = greedy(&mut server, 10);
    server.run_us(10_000);
    assert_eq!(info(&mut server, &control, "evicted_clients"), 0);
    let more = greedy(&mut server, 9);
    server.run_us(10_000);
    assert!(big.is_closed_by_server());
    assert!(!more.is_closed_by_server());
    assert!(!small.is_closed_by_server() && !protected.is_closed_by_server());
    assert_eq!(info(&mut server, &control, "evicted_clients"), 1);
    // A limit set later finds who is too big already.
    server.call(&control, "CONFIG SET maxmemory-clients 0");
    let others: Vec<_> = (0..5).map(|_| greedy(&mut server, 9)).collect();
    server.run_us(10_000);
    assert!(others.iter().all(|client| !client.is_closed_by_server()));
    server.call(&control, "CONFIG SET maxmemory-clients 3mb");
    server.run_us(2_000_000);
    assert!(!control.is_closed_by_server() && !protected.is_closed_by_server());
    let evicted = info(&mut server, &control, "evicted_clients");
    assert!((4..=7).contains(&evicted), "{evicted}");
}
