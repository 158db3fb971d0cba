//! Microbenchmarks, a module for each part of the core.
//!
//! `cargo bench -p rotom-benches` runs all of them, `cargo bench -p rotom-benches -- table` those of one module. Times are
//! for one call unless the bench counts items: then the rate below the time says how many are done in a second.

mod aof;
mod bytes;
mod commands;
mod intset;
mod listpack;
mod numbers;
mod order_tree;
mod quicklist;
mod rdb;
mod replies;
mod requests;
mod table;

use rotom_core::bytes::prng::Prng;

fn main() {
    divan::main();
}

/// So many numbers below `bound`, the same in every run.
fn random_numbers(count: usize, bound: u64) -> Vec<u64> {
    let mut prng = Prng::new(7);
    (0..count).map(|_| prng.below(bound)).collect()
}

/// Hands out its items over and over.
struct Round<T> {
    items: Vec<T>,
    at: usize,
}

impl<T> Round<T> {
    fn new(items: Vec<T>) -> Self {
        Round { items, at: 0 }
    }

    #[inline]
    fn next(&mut self) -> &T {
        self.at += 1;
        if self.at >= self.items.len() {
            self.at = 0;
        }
        &self.items[self.at]
    }
}
