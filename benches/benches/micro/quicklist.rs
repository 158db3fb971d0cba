//! The quicklist, with nodes of 8 KB and elements of 16 bytes.

use super::{Round, random_numbers};
use divan::Bencher;
use divan::counter::ItemsCount;
use rotom_core::structure::listpack::Element;
use rotom_core::structure::quicklist::{NodeLimit, Quicklist};

const LEN: u64 = 100_000;

fn empty() -> Quicklist {
    Quicklist::new(NodeLimit::from_setting(-2))
}

fn filled() -> Quicklist {
    let mut list = empty();
    (0..LEN).for_each(|i| list.push_back(format!("element:{i:08}").as_bytes()));
    list
}

/// Pushes to the front and pops from the back of 100,000 elements.
#[divan::bench]
fn push_front_pop_back(bencher: Bencher<'_, '_>) {
    let mut list = filled();
    bencher.bench_local(move || {
        list.push_front(divan::black_box(&b"element:12345678"[..]));
        list.pop_back_with(|element| element.text_len())
    });
}

/// Fills an empty list with 100,000 elements.
#[divan::bench(sample_count = 10, sample_size = 1)]
fn push_back_100000(bencher: Bencher<'_, '_>) {
    bencher
        .counter(ItemsCount::new(LEN as usize))
        .bench_local(|| {
            let mut list = empty();
            (0..LEN).for_each(|_| list.push_back(divan::black_box(&b"element:12345678"[..])));
            list
        });
}

/// The element at a random index.
#[divan::bench]
fn index(bencher: Bencher<'_, '_>) {
    let list = filled();
    let mut wanted = Round::new(random_numbers(1_000, LEN));
    bencher.bench_local(move || list.get(*wanted.next() as usize).map(Element::text_len));
}

/// Overwrites the element at a random index with one of the same size.
#[divan::bench]
fn set(bencher: Bencher<'_, '_>) {
    let mut list = filled();
    let mut wanted = Round::new(random_numbers(1_000, LEN));
    bencher.bench_local(move || {
        let index = *wanted.next() as usize;
        list.set(index, divan::black_box(&b"another:12345678"[..]))
    });
}

/// Goes over all elements.
#[divan::bench]
fn iterate_100000(bencher: Bencher<'_, '_>) {
    let list = filled();
    bencher
        .counter(ItemsCount::new(LEN as usize))
        .bench_local(move || list.iter().map(Element::text_len).sum::<usize>());
}
