//! The counted B+tree, with items of 16 bytes: a score and a member's number.

use super::{Round, random_numbers};
use divan::Bencher;
use divan::counter::ItemsCount;
use rotom_core::structure::order_tree::{OrderTree, Ordered};
use std::cmp::Ordering;

const LEN: usize = 100_000;

#[derive(Clone, Copy)]
struct Scored(f64, u64);

impl Ordered for Scored {
    fn order(&self, other: &Self) -> Ordering {
        self.0.total_cmp(&other.0).then(self.1.cmp(&other.1))
    }

    fn order_inline(&self, other: &Self) -> Ordering {
        self.0.total_cmp(&other.0)
    }
}

/// Items with random scores, each item different.
fn items() -> Vec<Scored> {
    let scores = random_numbers(LEN, 1_000_000).into_iter();
    scores
        .zip(0..)
        .map(|(score, number)| Scored(score as f64, number))
        .collect()
}

fn filled(items: &[Scored]) -> OrderTree<Scored> {
    let mut tree = OrderTree::new();
    for &item in items {
        tree.insert(item);
    }
    tree
}

/// Fills an empty tree with 100,000 items in random order.
#[divan::bench(sample_count = 10, sample_size = 1)]
fn insert_100000(bencher: Bencher<'_, '_>) {
    let items = items();
    bencher
        .counter(ItemsCount::new(LEN))
        .bench_local(move || filled(&items));
}

/// Moves one of 100,000 items to a random other score.
#[divan::bench]
fn update(bencher: Bencher<'_, '_>) {
    let mut items = items();
    let mut tree = filled(&items);
    let mut scores = Round::new(random_numbers(LEN + 1, 1_000_000));
    let mut at = 0;
    bencher.bench_local(move || {
        at = (at + 1) % LEN;
        let old = items[at];
        items[at].0 = *scores.next() as f64;
        tree.replace(&old, items[at])
    });
}

/// Adds one to the score of one of 100,000 items: most stay where they are.
#[divan::bench]
fn update_nearby(bencher: Bencher<'_, '_>) {
    let mut items = items();
    let mut tree = filled(&items);
    let mut at = 0;
    bencher.bench_local(move || {
        at = (at + 1) % LEN;
        let old = items[at];
        items[at].0 += 1.0;
        tree.replace(&old, items[at])
    });
}

/// The rank of a random item.
#[divan::bench]
fn rank(bencher: Bencher<'_, '_>) {
    let tree = filled(&items());
    let mut wanted = Round::new(items());
    bencher.bench_local(move || tree.rank(wanted.next()));
}

/// The item at a random rank.
#[divan::bench]
fn at_rank(bencher: Bencher<'_, '_>) {
    let tree = filled(&items());
    let mut wanted = Round::new(random_numbers(1_000, LEN as u64));
    bencher.bench_local(move || tree.get(*wanted.next() as usize).map(|item| item.1));
}

/// A hundred items from a random score on.
#[divan::bench]
fn range_100(bencher: Bencher<'_, '_>) {
    let tree = filled(&items());
    let mut wanted = Round::new(random_numbers(1_000, 990_000));
    bencher
        .counter(ItemsCount::new(100usize))
        .bench_local(move || {
            let least = *wanted.next() as f64;
            let from = tree.partition_point(|item| item.0 < least);
            tree.iter_from(from)
                .take(100)
                .map(|item| item.1)
                .sum::<u64>()
        });
}

/// Takes the least item out and puts it back with a random score.
#[divan::bench]
fn pop_first_insert(bencher: Bencher<'_, '_>) {
    let mut tree = filled(&items());
    let mut scores = Round::new(random_numbers(LEN + 1, 1_000_000));
    bencher.bench_local(move || {
        let mut item = tree.pop_first()?;
        item.0 = *scores.next() as f64;
        Some(tree.insert(item))
    });
}
