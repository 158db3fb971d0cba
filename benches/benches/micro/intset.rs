//! The intset, with 512 numbers, as many as `set-max-intset-entries` lets it have.

use super::{Round, random_numbers};
use divan::Bencher;
use divan::counter::ItemsCount;
use rotom_core::structure::intset::Intset;

const LEN: u64 = 512;

fn evens() -> Intset {
    let mut set = Intset::new();
    for i in 0..LEN as i64 {
        set.insert(i * 2);
    }
    set
}

/// Looks for random numbers, half of which are there.
#[divan::bench]
fn contains(bencher: Bencher<'_, '_>) {
    let set = evens();
    let mut wanted = Round::new(random_numbers(1_000, LEN * 2));
    bencher.bench_local(move || set.contains(*wanted.next() as i64));
}

/// Fills an empty set with 512 random 16-bit numbers.
#[divan::bench]
fn insert_512(bencher: Bencher<'_, '_>) {
    let numbers = random_numbers(LEN as usize, 30_000);
    bencher
        .counter(ItemsCount::new(numbers.len()))
        .bench_local(move || {
            let mut set = Intset::new();
            for &number in &numbers {
                set.insert(number as i64);
            }
            set
        });
}

/// Takes a number out of the middle and puts it back.
#[divan::bench]
fn remove_insert(bencher: Bencher<'_, '_>) {
    let mut set = evens();
    bencher.bench_local(move || {
        let number = divan::black_box(512);
        set.remove(number) && set.insert(number)
    });
}

/// The insertion that makes all 512 numbers wider, from 16 to 64 bits.
#[divan::bench]
fn widen(bencher: Bencher<'_, '_>) {
    bencher
        .with_inputs(evens)
        .bench_local_refs(|set| set.insert(divan::black_box(i64::MAX)));
}
