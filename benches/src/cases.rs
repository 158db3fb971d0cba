//! The commands that are measured, by family, each with the workload that its numbers are about.
//!
//! A case leaves the data about as large as it found them, however long it runs: what is pushed is popped.

use crate::runner::{Runner, push_line, push_request};
use rotom_core::bytes::prng::Prng;

/// Keys of the cases about many keys, and elements of those about one big key.
const MANY: u64 = 50_000;
/// Requests in a pipeline.
const DEPTH: u64 = 16;

/// A command with its workload.
pub struct Case {
    /// Its name on the command line and in `instructions.txt`.
    pub name: &'static str,
    /// The workload, in words.
    pub workload: &'static str,
    prepare: fn(&mut Vec<u8>),
    /// Appends the request with this number.
    request: fn(u64, &mut Prng, &mut Vec<u8>),
}

impl Case {
    /// The case of this name.
    pub fn named(name: &str) -> Option<&'static Case> {
        CASES.iter().find(|case| case.name == name)
    }

    /// A client in front of the data that the case works on. All requests have run once, so that what follows is
    /// the steady state, and is known not to fail.
    pub fn prepared(&self) -> (Runner, Vec<Vec<u8>>) {
        let mut runner = Runner::new(42);
        let mut data = Vec::new();
        (self.prepare)(&mut data);
        runner.run_well(&mut data);
        let mut pipelines = self.pipelines(MANY / DEPTH);
        for pipeline in &mut pipelines {
            runner.run_well(pipeline);
        }
        (runner, pipelines)
    }

    /// So many pipelines of sixteen requests.
    fn pipelines(&self, count: u64) -> Vec<Vec<u8>> {
        let mut prng = Prng::new(7);
        let mut pipeline = |first: u64| {
            let mut bytes = Vec::new();
            for number in first..first + DEPTH {
                (self.request)(number, &mut prng, &mut bytes);
            }
            bytes
        };
        (0..count).map(|at| pipeline(at * DEPTH)).collect()
    }
}

/// Requests in each of a case's pipelines.
pub const PIPELINE_DEPTH: usize = DEPTH as usize;

/// All cases.
pub static CASES: &[Case] = &[
    Case {
        name: "ping",
        workload: "PING without an argument",
        prepare: |_| {},
        request: |_, _, out| push_line(out, "PING"),
    },
    Case {
        name: "get",
        workload: "GET of a random one of 50,000 keys of 16 bytes with values of 32",
        prepare: |out| strings(out),
        request: |_, prng, out| push_line(out, &format!("GET {}", random_key(prng))),
    },
    Case {
        name: "get_missing",
        workload: "GET of a key that is not there, among 50,000",
        prepare: |out| strings(out),
        request: |number, _, out| push_line(out, &format!("GET none:{number:011}")),
    },
    Case {
        name: "set",
        workload: "SET of a random one of 50,000 keys to another value of the same 32 bytes",
        prepare: |out| strings(out),
        request: |_, prng, out| {
            let value = value(prng.next_u64());
            push_line(out, &format!("SET {} {value}", random_key(prng)));
        },
    },
    Case {
        name: "set_expire",
        workload: "SET with EX of a random one of 50,000 keys",
        prepare: |out| strings(out),
        request: |_, prng, out| {
            let seconds = 1000 + prng.below(1000);
            let line = format!("SET {} {} EX {seconds}", random_key(prng), value(seconds));
            push_line(out, &line);
        },
    },
    Case {
        name: "set_del",
        workload: "SET of a new key of 16 bytes with a value of 32, then DEL of it, among 50,000",
        prepare: |out| strings(out),
        request: |number, _, out| match number % 2 {
            0 => push_line(
                out,
                &format!("SET new:{:012} {}", number / 2, value(number)),
            ),
            _ => push_line(out, &format!("DEL new:{:012}", number / 2)),
        },
    },
    Case {
        name: "incr",
        workload: "INCR of a random one of 50,000 counters",
        prepare: |out| each(out, |i, out| push_line(out, &format!("SET {} {i}", key(i)))),
        request: |_, prng, out| push_line(out, &format!("INCR {}", random_key(prng))),
    },
    Case {
        name: "setrange_getrange",
        workload: "SETRANGE of 8 bytes in, then GETRANGE of 8 bytes of, one of 50,000 strings of 32",
        prepare: |out| strings(out),
        request: |number, prng, out| match number % 2 {
            0 => push_line(out, &format!("SETRANGE {} 8 eight...", random_key(prng))),
            _ => push_line(out, &format!("GETRANGE {} 8 15", random_key(prng))),
        },
    },
    Case {
        name: "mset_10",
        workload: "MSET of ten random ones of 50,000 keys",
        prepare: |out| strings(out),
        request: |_, prng, out| {
            let pairs: String = (0..10)
                .map(|_| format!(" {} {}", random_key(prng), value(1)))
                .collect();
            push_line(out, &format!("MSET{pairs}"));
        },
    },
    Case {
        name: "expire_ttl",
        workload: "EXPIRE, then TTL, of random ones of 50,000 keys",
        prepare: |out| strings(out),
        request: |number, prng, out| match number % 2 {
            0 => push_line(out, &format!("EXPIRE {} 1000", random_key(prng))),
            _ => push_line(out, &format!("TTL {}", random_key(prng))),
        },
    },
    Case {
        name: "scan_10",
        workload: "SCAN of ten of 50,000 keys from a random position",
        prepare: |out| strings(out),
        request: |_, prng, out| push_line(out, &format!("SCAN {}", prng.next_u64() >> 16)),
    },
    Case {
        name: "hset_small",
        workload: "HSET of one of 8 fields, same size, in a random one of 50,000 small hashes",
        prepare: |out| small_hashes(out),
        request: |_, prng, out| {
            let (hash, field, number) = (random_key(prng), prng.below(8), prng.below(1000));
            push_line(out, &format!("HSET {hash} field{field} value{number:03}"));
        },
    },
    Case {
        name: "hget_small",
        workload: "HGET of one of 8 fields in a random one of 50,000 small hashes",
        prepare: |out| small_hashes(out),
        request: |_, prng, out| {
            push_line(
                out,
                &format!("HGET {} field{}", random_key(prng), prng.below(8)),
            );
        },
    },
    Case {
        name: "hset_big",
        workload: "HSET of a random one of a hash's 50,000 fields to a value of the same 32 bytes",
        prepare: |out| big_hash(out),
        request: |_, prng, out| {
            let value = value(prng.next_u64());
            push_line(out, &format!("HSET hash {} {value}", random_key(prng)));
        },
    },
    Case {
        name: "hget_big",
        workload: "HGET of a random one of a hash's 50,000 fields",
        prepare: |out| big_hash(out),
        request: |_, prng, out| push_line(out, &format!("HGET hash {}", random_key(prng))),
    },
    Case {
        name: "hgetall_8",
        workload: "HGETALL of a random one of 50,000 hashes of 8 fields",
        prepare: |out| small_hashes(out),
        request: |_, prng, out| push_line(out, &format!("HGETALL {}", random_key(prng))),
    },
    Case {
        name: "lpush_rpop",
        workload: "LPUSH of 16 bytes, then RPOP, on a list of 50,000 elements",
        prepare: |out| big_list(out),
        request: |number, _, out| match number % 2 {
            0 => push_line(out, &format!("LPUSH list element:{number:08}")),
            _ => push_line(out, "RPOP list"),
        },
    },
    Case {
        name: "lrange_100",
        workload: "LRANGE of the first 100 of a list's 50,000 elements of 16 bytes",
        prepare: |out| big_list(out),
        request: |_, _, out| push_line(out, "LRANGE list 0 99"),
    },
    Case {
        name: "lindex",
        workload: "LINDEX at a random place in a list of 50,000 elements",
        prepare: |out| big_list(out),
        request: |_, prng, out| push_line(out, &format!("LINDEX list {}", prng.below(MANY))),
    },
    Case {
        name: "sadd_srem",
        workload: "SADD of a new member of 16 bytes, then SREM of it, on a set of 50,000 members",
        prepare: |out| big_set(out),
        request: |number, _, out| match number % 2 {
            0 => push_line(out, &format!("SADD set new:{:012}", number / 2)),
            _ => push_line(out, &format!("SREM set new:{:012}", number / 2)),
        },
    },
    Case {
        name: "srandmember",
        workload: "SRANDMEMBER of a set of 50,000 members",
        prepare: |out| big_set(out),
        request: |_, _, out| push_line(out, "SRANDMEMBER set"),
    },
    Case {
        name: "sismember",
        workload: "SISMEMBER of a random member of a set of 50,000",
        prepare: |out| big_set(out),
        request: |_, prng, out| push_line(out, &format!("SISMEMBER set {}", random_key(prng))),
    },
    Case {
        name: "sismember_int",
        workload: "SISMEMBER of a random number below 1024, in a set of the 512 even ones",
        prepare: |out| (0..512).for_each(|i| push_line(out, &format!("SADD set {}", i * 2))),
        request: |_, prng, out| push_line(out, &format!("SISMEMBER set {}", prng.below(1024))),
    },
    Case {
        name: "zadd_update",
        workload: "ZADD of a random whole score for a random one of a sorted set's 50,000 members",
        prepare: |out| big_zset(out),
        request: |_, prng, out| {
            let score = prng.below(1_000_000);
            push_line(out, &format!("ZADD zset {score} {}", random_key(prng)));
        },
    },
    Case {
        name: "zadd_zrem",
        workload: "ZADD of a new member with a random score, then ZREM of it, on a sorted set of 50,000",
        prepare: |out| big_zset(out),
        request: |number, prng, out| match number % 2 {
            0 => {
                let score = prng.below(1_000_000);
                push_line(out, &format!("ZADD zset {score} new:{:012}", number / 2));
            }
            _ => push_line(out, &format!("ZREM zset new:{:012}", number / 2)),
        },
    },
    Case {
        name: "zadd_zpopmin",
        workload: "ZADD of a new member with the least score, then ZPOPMIN, on a sorted set of 50,000",
        prepare: |out| big_zset(out),
        request: |number, _, out| match number % 2 {
            0 => push_line(out, &format!("ZADD zset -1 new:{:012}", number / 2)),
            _ => push_line(out, "ZPOPMIN zset"),
        },
    },
    Case {
        name: "zadd_small",
        workload: "ZADD of a fractional score for one of 10 members, in a random one of 50,000 small sorted sets",
        prepare: |out| {
            each(out, |i, out| {
                let pairs: String = (0..10).map(|j| format!(" {} m{j}", j * 3)).collect();
                push_line(out, &format!("ZADD {}{pairs}", key(i)));
            });
        },
        request: |_, prng, out| {
            let (zset, score, member) = (random_key(prng), prng.below(300), prng.below(10));
            push_line(out, &format!("ZADD {zset} {score}.5 m{member}"));
        },
    },
    Case {
        name: "zscore",
        workload: "ZSCORE of a random one of a sorted set's 50,000 members",
        prepare: |out| big_zset(out),
        request: |_, prng, out| push_line(out, &format!("ZSCORE zset {}", random_key(prng))),
    },
    Case {
        name: "zrank",
        workload: "ZRANK of a random one of a sorted set's 50,000 members",
        prepare: |out| big_zset(out),
        request: |_, prng, out| push_line(out, &format!("ZRANK zset {}", random_key(prng))),
    },
    Case {
        name: "zrange_10",
        workload: "ZRANGE of 10 from a random score on, with scores, in a sorted set of 50,000 members",
        prepare: |out| big_zset(out),
        request: |_, prng, out| {
            let from = prng.below(900_000);
            let line = format!("ZRANGE zset {from} inf BYSCORE LIMIT 0 10 WITHSCORES");
            push_line(out, &line);
        },
    },
];

fn key(number: u64) -> String {
    format!("key:{number:012}")
}

fn random_key(prng: &mut Prng) -> String {
    key(prng.below(MANY))
}

/// 32 bytes.
fn value(number: u64) -> String {
    format!("value:{number:026}")
}

fn each(out: &mut Vec<u8>, mut one: impl FnMut(u64, &mut Vec<u8>)) {
    (0..MANY).for_each(|number| one(number, out));
}

fn strings(out: &mut Vec<u8>) {
    each(out, |i, out| {
        push_line(out, &format!("SET {} {}", key(i), value(i)))
    });
}

fn small_hashes(out: &mut Vec<u8>) {
    each(out, |i, out| {
        let pairs: String = (0..8)
            .map(|j| format!(" field{j} value{:03}", (i + j) % 1000))
            .collect();
        push_line(out, &format!("HSET {}{pairs}", key(i)));
    });
}

fn big_hash(out: &mut Vec<u8>) {
    each(out, |i, out| {
        push_line(out, &format!("HSET hash {} {}", key(i), value(i)))
    });
}

fn big_list(out: &mut Vec<u8>) {
    each(out, |i, out| {
        push_line(out, &format!("RPUSH list element:{i:08}"))
    });
}

fn big_set(out: &mut Vec<u8>) {
    each(out, |i, out| {
        push_request(out, &[b"SADD", b"set", key(i).as_bytes()])
    });
}

fn big_zset(out: &mut Vec<u8>) {
    each(out, |i, out| {
        // Spread over a million without repeating: the factor has nothing in common with the modulus.
        let score = i * 7919 % 1_000_003;
        push_line(out, &format!("ZADD zset {score} {}", key(i)));
    });
}
