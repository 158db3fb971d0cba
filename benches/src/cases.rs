//! The commands that are measured, by family, each with the workload that its numbers are about.
//!
//! "Many" in a workload is the number that [`Case::prepared`] is given: microbenchmarks take 100,000, so that the caches do not
//! hold everything; instruction counts take 10,000, since a count does not depend on caches. Keys and members have 16
//! bytes, and strings and fields values of 32, unless the workload says otherwise. A case leaves the data about as large as it
//! found them, however long it runs: what is pushed is popped.

use crate::runner::{Runner, push_line};
use rotom_core::bytes::prng::Prng;

/// Requests in each of a case's pipelines.
pub const PIPELINE_DEPTH: usize = 16;

/// A command with its workload.
pub struct Case {
    /// Its name on the command line and in `instructions.txt`.
    pub name: &'static str,
    /// The workload, in words.
    pub workload: &'static str,
    /// Appends the requests that make the data, given how many "many" is.
    prepare: fn(u64, &mut Vec<u8>),
    request: fn(&mut Draw, &mut Vec<u8>),
}

/// From what a request is made.
struct Draw {
    prng: Prng,
    many: u64,
    /// The number of the request.
    number: u64,
}

impl Draw {
    fn below(&mut self, bound: u64) -> u64 {
        self.prng.below(bound)
    }

    /// One of the many keys.
    fn key(&mut self) -> String {
        key(self.prng.below(self.many))
    }

    fn is_even(&self) -> bool {
        self.number.is_multiple_of(2)
    }

    /// A key that is not one of the many; the same for an even request and the one after it.
    fn new_key(&self) -> String {
        format!("new:{:012}", self.number / 2)
    }
}

impl Case {
    /// The case of this name.
    pub fn named(name: &str) -> Option<&'static Case> {
        CASES.iter().find(|case| case.name == name)
    }

    /// A client in front of the data that the case works on, and pipelines of [`PIPELINE_DEPTH`] requests. All of them have run
    /// once, so that what follows is the steady state, and they are known not to fail.
    pub fn prepared(&self, many: u64, requests: usize) -> (Runner, Vec<Vec<u8>>) {
        let mut runner = Runner::new(42);
        let mut data = Vec::new();
        (self.prepare)(many, &mut data);
        runner.run_well(&mut data);
        let mut pipelines = self.pipelines(many, requests.div_ceil(PIPELINE_DEPTH));
        for pipeline in &mut pipelines {
            runner.run_well(pipeline);
        }
        (runner, pipelines)
    }

    fn pipelines(&self, many: u64, count: usize) -> Vec<Vec<u8>> {
        let mut draw = Draw {
            prng: Prng::new(7),
            many,
            number: 0,
        };
        let mut pipeline = || {
            let mut bytes = Vec::new();
            for _ in 0..PIPELINE_DEPTH {
                (self.request)(&mut draw, &mut bytes);
                draw.number += 1;
            }
            bytes
        };
        (0..count).map(|_| pipeline()).collect()
    }
}

/// All cases.
pub static CASES: &[Case] = &[
    Case {
        name: "ping",
        workload: "PING without an argument",
        prepare: |_, _| {},
        request: |_, out| push_line(out, "PING"),
    },
    Case {
        name: "get",
        workload: "GET of a random one of many strings",
        prepare: strings,
        request: |draw, out| push_line(out, &format!("GET {}", draw.key())),
    },
    Case {
        name: "get_missing",
        workload: "GET of a key that is not there, among many",
        prepare: strings,
        request: |draw, out| push_line(out, &format!("GET {}", draw.new_key())),
    },
    Case {
        name: "set",
        workload: "SET of a random one of many strings to another value of the same length",
        prepare: strings,
        request: |draw, out| {
            let value = value(draw.below(1000));
            push_line(out, &format!("SET {} {value}", draw.key()));
        },
    },
    Case {
        name: "set_expire",
        workload: "SET with EX of a random one of many strings",
        prepare: strings,
        request: |draw, out| {
            let seconds = 1000 + draw.below(1000);
            let line = format!("SET {} {} EX {seconds}", draw.key(), value(seconds));
            push_line(out, &line);
        },
    },
    Case {
        name: "set_del",
        workload: "SET of a new key, then DEL of it, among many",
        prepare: strings,
        request: |draw, out| match draw.is_even() {
            true => push_line(out, &format!("SET {} {}", draw.new_key(), value(1))),
            false => push_line(out, &format!("DEL {}", draw.new_key())),
        },
    },
    Case {
        name: "incr",
        workload: "INCR of a random one of many counters",
        prepare: |many, out| lines(many, out, |i| format!("SET {} {i}", key(i))),
        request: |draw, out| push_line(out, &format!("INCR {}", draw.key())),
    },
    Case {
        name: "setrange_getrange",
        workload: "SETRANGE of 8 bytes in, then GETRANGE of 8 bytes of, one of many strings",
        prepare: strings,
        request: |draw, out| match draw.is_even() {
            true => push_line(out, &format!("SETRANGE {} 8 eight...", draw.key())),
            false => push_line(out, &format!("GETRANGE {} 8 15", draw.key())),
        },
    },
    Case {
        name: "mset_10",
        workload: "MSET of ten random ones of many strings",
        prepare: strings,
        request: |draw, out| {
            let mut pair = || format!(" {} {}", draw.key(), value(1));
            let pairs: String = (0..10).map(|_| pair()).collect();
            push_line(out, &format!("MSET{pairs}"));
        },
    },
    Case {
        name: "expire_ttl",
        workload: "EXPIRE, then TTL, of random ones of many strings",
        prepare: strings,
        request: |draw, out| match draw.is_even() {
            true => push_line(out, &format!("EXPIRE {} 1000", draw.key())),
            false => push_line(out, &format!("TTL {}", draw.key())),
        },
    },
    Case {
        name: "scan_10",
        workload: "SCAN of ten of many keys from a random position",
        prepare: strings,
        request: |draw, out| push_line(out, &format!("SCAN {}", draw.below(1 << 48))),
    },
    Case {
        name: "hset_small",
        workload: "HSET of one of 8 fields, same length, in a random one of many small hashes",
        prepare: small_hashes,
        request: |draw, out| {
            let (hash, field, value) = (draw.key(), draw.below(8), draw.below(1000));
            push_line(out, &format!("HSET {hash} field{field} value{value:03}"));
        },
    },
    Case {
        name: "hget_small",
        workload: "HGET of one of 8 fields in a random one of many small hashes",
        prepare: small_hashes,
        request: |draw, out| {
            push_line(out, &format!("HGET {} field{}", draw.key(), draw.below(8)));
        },
    },
    Case {
        name: "hset_big",
        workload: "HSET of a random one of a hash's many fields to a value of the same length",
        prepare: big_hash,
        request: |draw, out| {
            let value = value(draw.below(1000));
            push_line(out, &format!("HSET hash {} {value}", draw.key()));
        },
    },
    Case {
        name: "hget_big",
        workload: "HGET of a random one of a hash's many fields",
        prepare: big_hash,
        request: |draw, out| push_line(out, &format!("HGET hash {}", draw.key())),
    },
    Case {
        name: "hgetall_8",
        workload: "HGETALL of a random one of many hashes of 8 fields",
        prepare: small_hashes,
        request: |draw, out| push_line(out, &format!("HGETALL {}", draw.key())),
    },
    Case {
        name: "lpush_rpop",
        workload: "LPUSH of 16 bytes, then RPOP, on a list of many elements",
        prepare: big_list,
        request: |draw, out| match draw.is_even() {
            true => push_line(out, &format!("LPUSH list {}", draw.new_key())),
            false => push_line(out, "RPOP list"),
        },
    },
    Case {
        name: "lrange_100",
        workload: "LRANGE of the first 100 of a list's many elements of 16 bytes",
        prepare: big_list,
        request: |_, out| push_line(out, "LRANGE list 0 99"),
    },
    Case {
        name: "lindex",
        workload: "LINDEX at a random place in a list of many elements",
        prepare: big_list,
        request: |draw, out| {
            let many = draw.many;
            push_line(out, &format!("LINDEX list {}", draw.below(many)));
        },
    },
    Case {
        name: "sadd_srem",
        workload: "SADD of a new member, then SREM of it, on a set of many members",
        prepare: big_set,
        request: |draw, out| match draw.is_even() {
            true => push_line(out, &format!("SADD set {}", draw.new_key())),
            false => push_line(out, &format!("SREM set {}", draw.new_key())),
        },
    },
    Case {
        name: "srandmember",
        workload: "SRANDMEMBER of a set of many members",
        prepare: big_set,
        request: |_, out| push_line(out, "SRANDMEMBER set"),
    },
    Case {
        name: "sismember",
        workload: "SISMEMBER of a random member of a set of many",
        prepare: big_set,
        request: |draw, out| push_line(out, &format!("SISMEMBER set {}", draw.key())),
    },
    Case {
        name: "sismember_int",
        workload: "SISMEMBER of a random number below 1024, in a set of the 512 even ones",
        prepare: |_, out| lines(512, out, |i| format!("SADD set {}", i * 2)),
        request: |draw, out| push_line(out, &format!("SISMEMBER set {}", draw.below(1024))),
    },
    Case {
        name: "zadd_update",
        workload: "ZADD of a random whole score for a random one of a sorted set's many members",
        prepare: big_zset,
        request: |draw, out| {
            let score = draw.below(1_000_000);
            push_line(out, &format!("ZADD zset {score} {}", draw.key()));
        },
    },
    Case {
        name: "zadd_zrem",
        workload: "ZADD of a new member with a random score, then ZREM of it, on a sorted set of many",
        prepare: big_zset,
        request: |draw, out| match draw.is_even() {
            true => {
                let score = draw.below(1_000_000);
                push_line(out, &format!("ZADD zset {score} {}", draw.new_key()));
            }
            false => push_line(out, &format!("ZREM zset {}", draw.new_key())),
        },
    },
    Case {
        name: "zadd_zpopmin",
        workload: "ZADD of a new member with the least score, then ZPOPMIN, on a sorted set of many",
        prepare: big_zset,
        request: |draw, out| match draw.is_even() {
            true => push_line(out, &format!("ZADD zset -1 {}", draw.new_key())),
            false => push_line(out, "ZPOPMIN zset"),
        },
    },
    Case {
        name: "zadd_small",
        workload: "ZADD of a fractional score for one of 10 members, in a random one of many small sorted sets",
        prepare: small_zsets,
        request: |draw, out| {
            let (zset, score, member) = (draw.key(), draw.below(300), draw.below(10));
            push_line(out, &format!("ZADD {zset} {score}.5 m{member}"));
        },
    },
    Case {
        name: "zscore",
        workload: "ZSCORE of a random one of a sorted set's many members",
        prepare: big_zset,
        request: |draw, out| push_line(out, &format!("ZSCORE zset {}", draw.key())),
    },
    Case {
        name: "zrank",
        workload: "ZRANK of a random one of a sorted set's many members",
        prepare: big_zset,
        request: |draw, out| push_line(out, &format!("ZRANK zset {}", draw.key())),
    },
    Case {
        name: "zrange_10",
        workload: "ZRANGE of 10 from a random score on, with scores, in a sorted set of many members",
        prepare: big_zset,
        request: |draw, out| {
            let from = draw.below(900_000);
            let line = format!("ZRANGE zset {from} inf BYSCORE LIMIT 0 10 WITHSCORES");
            push_line(out, &line);
        },
    },
];

fn key(number: u64) -> String {
    format!("key:{number:012}")
}

/// 32 bytes.
fn value(number: u64) -> String {
    format!("value:{number:026}")
}

fn lines(many: u64, out: &mut Vec<u8>, line: impl Fn(u64) -> String) {
    (0..many).for_each(|number| push_line(out, &line(number)));
}

fn strings(many: u64, out: &mut Vec<u8>) {
    lines(many, out, |i| format!("SET {} {}", key(i), value(i)));
}

fn small_hashes(many: u64, out: &mut Vec<u8>) {
    lines(many, out, |i| {
        let pair = |j| format!(" field{j} value{:03}", (i + j) % 1000);
        format!("HSET {}{}", key(i), (0..8).map(pair).collect::<String>())
    });
}

fn big_hash(many: u64, out: &mut Vec<u8>) {
    lines(many, out, |i| format!("HSET hash {} {}", key(i), value(i)));
}

fn big_list(many: u64, out: &mut Vec<u8>) {
    lines(many, out, |i| format!("RPUSH list {}", key(i)));
}

fn big_set(many: u64, out: &mut Vec<u8>) {
    lines(many, out, |i| format!("SADD set {}", key(i)));
}

fn big_zset(many: u64, out: &mut Vec<u8>) {
    // Scores are spread over a million without repeating: factor and modulus have no divisor in common.
    let score = |i| i * 7919 % 1_000_003;
    lines(many, out, |i| format!("ZADD zset {} {}", score(i), key(i)));
}

fn small_zsets(many: u64, out: &mut Vec<u8>) {
    let pairs: String = (0..10).map(|j| format!(" {} m{j}", j * 3)).collect();
    lines(many, out, |i| format!("ZADD {}{pairs}", key(i)));
}
