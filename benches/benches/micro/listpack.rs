//! The listpack, as the small hash that it mostly is: 128 fields of 8 bytes with values of 8.

use super::{Round, random_numbers};
use divan::Bencher;
use divan::counter::ItemsCount;
use rotom_core::structure::listpack::{Element, Listpack};

const FIELDS: u64 = 128;

fn field(number: u64) -> Vec<u8> {
    format!("field{number:03}").into_bytes()
}

fn hash() -> Listpack {
    let mut list = Listpack::new();
    for number in 0..FIELDS {
        list.push_back(&field(number)[..]);
        list.push_back(&b"value..."[..]);
    }
    list
}

/// Finds a random one of the fields, stepping over the values.
#[divan::bench]
fn find_in_128(bencher: Bencher<'_, '_>) {
    let list = hash();
    let numbers = random_numbers(1_000, FIELDS);
    let mut wanted = Round::new(numbers.into_iter().map(field).collect());
    bencher.bench_local(move || {
        let first = list.first()?;
        list.find(&wanted.next()[..], first, 1)
    });
}

/// Looks for a field that is not there.
#[divan::bench]
fn miss_in_128(bencher: Bencher<'_, '_>) {
    let list = hash();
    bencher.bench_local(move || {
        let first = list.first()?;
        list.find(divan::black_box(&b"fieldxyz"[..]), first, 1)
    });
}

/// Overwrites a value in the middle with one of the same size.
#[divan::bench]
fn replace_same_size(bencher: Bencher<'_, '_>) {
    let mut list = hash();
    bencher.bench_local(move || {
        let pos = list.seek(129)?;
        Some(list.replace(pos, divan::black_box(&b"another."[..])))
    });
}

/// Pushes 128 strings of 8 bytes to the back of an empty list.
#[divan::bench]
fn push_back_128(bencher: Bencher<'_, '_>) {
    bencher
        .counter(ItemsCount::new(128usize))
        .bench_local(|| push_all(|list| list.push_back(divan::black_box(&b"element."[..]))));
}

/// Pushes 128 small integers to the back of an empty list.
#[divan::bench]
fn push_back_128_ints(bencher: Bencher<'_, '_>) {
    bencher
        .counter(ItemsCount::new(128usize))
        .bench_local(|| push_all(|list| list.push_back(Element::Int(divan::black_box(1234)))));
}

/// Pushes 128 strings of 8 bytes to the front of an empty list.
#[divan::bench]
fn push_front_128(bencher: Bencher<'_, '_>) {
    bencher
        .counter(ItemsCount::new(128usize))
        .bench_local(|| push_all(|list| list.push_front(divan::black_box(&b"element."[..]))));
}

fn push_all(mut push: impl FnMut(&mut Listpack)) -> Listpack {
    let mut list = Listpack::new();
    (0..128).for_each(|_| push(&mut list));
    list
}

/// Goes over all 256 elements.
#[divan::bench]
fn iterate_256(bencher: Bencher<'_, '_>) {
    let list = hash();
    bencher
        .counter(ItemsCount::new(list.len()))
        .bench_local(move || list.iter().map(Element::text_len).sum::<usize>());
}
