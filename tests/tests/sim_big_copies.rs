#![allow(unsafe_code, reason = "an allocator that counts long blocks")]
//! Big values are neither copied on their way in nor on their way out: seen from the blocks that the server asks for.

use rotom_tests::reply::{Value, request};
use rotom_tests::server::Server;
use rotom_tests::sim::Sim;
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// The system's allocator, counting the long blocks of each thread.
struct CountingAllocator;

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

/// Longer than the pooled buffers.
const LONG: usize = 20_000;
const MB: usize = 1 << 20;

thread_local! {
    static COUNT: Cell<usize> = const { Cell::new(0) };
    static BYTES: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: every call goes to `System` with the caller's own arguments, and its result comes back unchanged. Growing is
// left to the trait's own method, which allocates and frees through this one.
unsafe impl GlobalAlloc for CountingAllocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if layout.size() >= LONG {
            COUNT.set(COUNT.get() + 1);
            BYTES.set(BYTES.get() + layout.size());
        }
        // SAFETY: the caller keeps `alloc`'s contract, which is `System`'s.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps `dealloc`'s contract, and the block came from `System`.
        unsafe { System.dealloc(block, layout) }
    }
}

/// Count and bytes of the long blocks that the server asks for while it serves a request.
fn blocks(server: &mut Server, words: &[&[u8]]) -> (usize, usize, Value) {
    let client = server.connect();
    // The client's queues have their room before, and are not counted.
    client.set_send_buffer(2 * MB);
    client.send(&request(&[b"ECHO", &vec![b'e'; 3 * MB / 2]]));
    for _ in 0..30 {
        server.turn();
    }
    server.replies(&client, 1);
    client.send(&request(words));
    let before = (COUNT.get(), BYTES.get());
    for _ in 0..30 {
        server.turn();
    }
    let (count, bytes) = (COUNT.get() - before.0, BYTES.get() - before.1);
    (count, bytes, server.replies(&client, 1).remove(0))
}

#[test]
fn a_big_value_is_allocated_once_and_not_copied() {
    let mut server = Server::start(&Sim::new(1), &[]);
    let value: Vec<u8> = (0..MB).map(|i| (i / 255 + i) as u8).collect();
    let ok = Value::Simple("OK".into());
    for command in [
        &[&b"SET"[..], b"k"][..],
        &[b"MSET", b"k"],
        &[b"SETEX", b"k", b"9"],
    ] {
        let (count, bytes, reply) = blocks(&mut server, &[command, &[&value]].concat());
        assert_eq!(reply, ok);
        // One for what came with the first read and some more, and one of the value's size.
        assert!(
            count <= 2 && bytes <= MB + 140_000,
            "{count} blocks, {bytes} bytes"
        );
    }
    let (count, bytes, reply) = blocks(&mut server, &[b"SET", b"k", &value[..100_000]]);
    assert_eq!((count, bytes, reply), (1, 100_000, ok.clone()));
    blocks(&mut server, &[b"SET", b"k", &value]);
    for command in [
        &[&b"GET"[..], b"k"][..],
        &[b"GETRANGE", b"k", b"0", b"-1"],
        &[b"GETDEL", b"k"],
    ] {
        let (count, bytes, reply) = blocks(&mut server, command);
        assert!(reply == Value::Bulk(Some(value.clone())));
        assert_eq!((count, bytes), (0, 0));
    }
}
