//! The hot paths allocate nothing: requests run in process, from request bytes to reply bytes, while the allocator counts.

use rotom_benches::allocations::{CountingAllocator, allocations_in};
use rotom_benches::cases::{Case, PIPELINE_DEPTH};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

const PIPELINES: usize = 1000;

/// Blocks asked for by a thousand pipelines of the case, once all of its requests have run before.
fn allocations_of(name: &str) -> u64 {
    let (mut runner, mut pipelines) = Case::named(name).expect("a case").prepared();
    let (count, _) = allocations_in(|| {
        for pipeline in &mut pipelines[..PIPELINES] {
            runner.run(pipeline);
        }
    });
    count
}

#[test]
fn the_allocator_counts() {
    // Reused names of freed keys: each SET of a new key needs an entry.
    let requests = (PIPELINES * PIPELINE_DEPTH) as u64;
    assert!(allocations_of("set_del") >= requests / 2);
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

/// A pushed element needs a block only when a node of 8 KB is full, an updated score only when it moves to a full
/// leaf of the tree.
#[test]
fn pushes_and_score_updates_allocate_a_block_for_many() {
    for (name, requests_per_block) in [("lpush_rpop", 100), ("zadd_update", 100)] {
        let most = (PIPELINES * PIPELINE_DEPTH) as u64 / requests_per_block;
        let count = allocations_of(name);
        assert!(count <= most, "{name}: {count} blocks, at most {most}");
    }
}
