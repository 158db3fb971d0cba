//! The hot paths allocate nothing: requests run in process, from request bytes to reply bytes, while the allocator counts.

use rotom_benches::allocations::{CountingAllocator, allocations_in};
use rotom_benches::cases::Case;

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

const REQUESTS: u64 = 16_000;

/// Blocks asked for by these requests of the case, once all of them have run before.
fn allocations_of(name: &str) -> u64 {
    let case = Case::named(name).expect("a case");
    let (mut runner, mut pipelines) = case.prepared(10_000, REQUESTS as usize);
    let (count, _) = allocations_in(|| {
        for pipeline in &mut pipelines {
            runner.run(pipeline);
        }
    });
    count
}

#[test]
fn the_allocator_counts() {
    // Every second request sets a new key, which needs an entry.
    assert!(allocations_of("set_del") >= REQUESTS / 2);
}

#[test]
fn reads_and_overwrites_allocate_nothing() {
    for name in [
        "ping",
        "get",
        "get_missing",
        "set",
        "mset_10",
        "incr",
        "expire_ttl",
        "setrange_getrange",
        "hget_small",
        "hget_big",
        "hgetall_8",
        "hset_small",
        "hset_big",
        "lindex",
        "lrange_100",
        "sismember",
        "sismember_int",
        "srandmember",
        "zscore",
        "zrank",
        "zrange_10",
    ] {
        assert_eq!(allocations_of(name), 0, "{name}");
    }
}

/// A pushed element needs a block only when its node, of up to 8 KB, has to grow; an updated score only when it moves to a
/// full leaf of the tree.
#[test]
fn pushes_and_score_updates_allocate_a_block_for_many() {
    for (name, requests_per_block) in [("lpush_rpop", 80), ("zadd_update", 2_000)] {
        let most = REQUESTS / requests_per_block;
        let count = allocations_of(name);
        assert!(count <= most, "{name}: {count} blocks, at most {most}");
    }
}
