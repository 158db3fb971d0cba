//! Kinds of data, and how many bytes each takes by item: keys, or elements of collections.
//!
//! Bytes are those that the engine asks of the allocator, so they depend on its structures alone; what an allocator
//! adds by rounding is told by a second figure, for the C library's. Both are exact and repeatable.

use crate::allocations::{Held, held};
use crate::runner::{Runner, push_line};

/// Requests that are given to the engine at once.
const PIPELINE_DEPTH: u64 = 100;

/// A kind of data.
pub struct Shape {
    /// Its name.
    pub name: &'static str,
    /// What it is, in words.
    pub contents: &'static str,
    /// Items that a request adds.
    items_per_request: u64,
    /// Items of a full-sized load, in thousands.
    thousands: u64,
    /// Three quarters of what Valkey 9.1.2 needs, measured as growth of its resident memory.
    pub goal: f64,
    /// The request of this number, given how many there are.
    request: fn(u64, u64) -> String,
}

/// Bytes by item.
#[derive(Clone, Copy, Debug)]
pub struct Measured {
    /// Items that were loaded.
    pub items: u64,
    /// As asked for.
    pub exact: f64,
    /// As the C library keeps them.
    pub glibc: f64,
    /// The part of the keyspace's table, buckets and directory; included in the others.
    pub table: f64,
}

impl Shape {
    /// The shape of this name.
    pub fn named(name: &str) -> Option<&'static Shape> {
        SHAPES.iter().find(|shape| shape.name == name)
    }

    /// Loads one in so many parts of the full-sized load into a new engine, and measures it. All is 0 unless the program's
    /// allocator is [`crate::allocations::CountingAllocator`].
    pub fn measure(&self, part: u64) -> Measured {
        let items = self.thousands * 1000 / part;
        let requests = items / self.items_per_request;
        let mut runner = Runner::new(42);
        let mut pipeline = Vec::new();
        let before = held();
        for number in 0..requests {
            push_line(&mut pipeline, &(self.request)(number, requests));
            if (number + 1) % PIPELINE_DEPTH == 0 || number + 1 == requests {
                runner.run_well(&mut pipeline);
                pipeline.clear();
            }
        }
        drop(pipeline);
        let Held { exact, glibc } = held();
        let table = runner.shared().keys.table_bytes();
        let each = |bytes: i64| bytes as f64 / items as f64;
        Measured {
            items,
            exact: each(exact - before.exact),
            glibc: each(glibc - before.glibc),
            table: each(table as i64),
        }
    }
}

/// All shapes.
pub static SHAPES: &[Shape] = &[
    Shape {
        name: "string",
        contents: "key of 16 bytes, string of 32",
        items_per_request: 1,
        thousands: 1000,
        goal: 62.9,
        request: |i, _| format!("SET {} {}", key(i), "v".repeat(32)),
    },
    Shape {
        name: "string_200",
        contents: "key of 16 bytes, string of 200",
        items_per_request: 1,
        thousands: 500,
        goal: 215.0,
        request: |i, _| format!("SET {} {}", key(i), "v".repeat(200)),
    },
    Shape {
        name: "integer",
        contents: "key of 16 bytes, integer below a million",
        items_per_request: 1,
        thousands: 1000,
        goal: 45.7,
        request: |i, _| format!("SET {} {i}", key(i)),
    },
    Shape {
        name: "volatile",
        contents: "key of 16 bytes, string of 32, expiry",
        items_per_request: 1,
        thousands: 1000,
        goal: 92.9,
        request: |i, _| {
            format!(
                "SET {} {} EX {}",
                key(i),
                "v".repeat(32),
                100_000 + i / 1000
            )
        },
    },
    Shape {
        name: "small_hash",
        contents: "key of 14 bytes, hash of 8 fields of 6 bytes with values of 8",
        items_per_request: 1,
        thousands: 100,
        goal: 162.0,
        request: |i, _| {
            let pair = |j| format!(" field{j} value{}", i % 1000);
            format!("HSET user:{i:09}{}", (0..8).map(pair).collect::<String>())
        },
    },
    Shape {
        name: "list",
        contents: "element of 16 bytes in one of many lists of 1000",
        items_per_request: 10,
        thousands: 1000,
        goal: 30.9,
        request: |i, requests| {
            let element = |j| format!(" element-{:08}", i * 10 + j);
            let list = i % (requests / 100).max(1);
            format!(
                "RPUSH list:{list}{}",
                (0..10).map(element).collect::<String>()
            )
        },
    },
    Shape {
        name: "intset",
        contents: "integer below a million in one of many sets of 100",
        items_per_request: 10,
        thousands: 1000,
        goal: 8.7,
        request: |i, requests| {
            let member = |j| format!(" {}", i * 10 + j);
            let set = i % (requests / 10).max(1);
            format!("SADD set:{set}{}", (0..10).map(member).collect::<String>())
        },
    },
    Shape {
        name: "set",
        contents: "member of 17 bytes in one set",
        items_per_request: 10,
        thousands: 1000,
        goal: 36.0,
        request: |i, _| {
            let member = |j| format!(" member-{:010}", i * 10 + j);
            format!("SADD set{}", (0..10).map(member).collect::<String>())
        },
    },
    Shape {
        name: "hash",
        contents: "field of 16 bytes with a value of 16 in one hash",
        items_per_request: 10,
        thousands: 1000,
        goal: 48.0,
        request: |i, _| {
            let pair = |j| format!(" field-{:010} {}", i * 10 + j, "v".repeat(16));
            format!("HSET hash{}", (0..10).map(pair).collect::<String>())
        },
    },
    Shape {
        name: "zset",
        contents: "member of 17 bytes in one sorted set, scores in no order",
        items_per_request: 10,
        thousands: 1000,
        goal: 63.4,
        request: |i, _| {
            let number = |j| i * 10 + j;
            let pair = |j| format!(" {} member-{:010}", number(j) * 7919 % 1_000_003, number(j));
            format!("ZADD zset{}", (0..10).map(pair).collect::<String>())
        },
    },
    Shape {
        name: "small_zset",
        contents: "member of 11 bytes in one of many sorted sets of 10",
        items_per_request: 10,
        thousands: 500,
        goal: 15.8,
        request: |i, _| {
            let pair = |j| format!(" {} member-{j:04}", j * 3);
            format!("ZADD z:{i:08}{}", (0..10).map(pair).collect::<String>())
        },
    },
];

fn key(number: u64) -> String {
    format!("key:{number:012}")
}
