//! The table, holding keyspace entries: keys of 16 bytes, values of 32.

use super::{Round, random_numbers};
use divan::Bencher;
use divan::counter::ItemsCount;
use rotom_core::bytes::hash::Hasher;
use rotom_core::keyspace::Entry;
use rotom_core::structure::table::{SCAN_START, Table};

const MILLION: usize = 1_000_000;

struct Key {
    bytes: [u8; 16],
    hash: u64,
}

fn key(hasher: Hasher, number: u64) -> Key {
    let mut bytes = *b"key:000000000000";
    let digits = format!("{number:012}");
    bytes[4..].copy_from_slice(digits.as_bytes());
    Key {
        bytes,
        hash: hasher.hash(&bytes),
    }
}

fn hasher() -> Hasher {
    Hasher::new(42)
}

fn keys(numbers: impl Iterator<Item = u64>) -> Vec<Key> {
    numbers.map(|number| key(hasher(), number)).collect()
}

fn insert(table: &mut Table<Entry>, key: &Key) {
    let entry = Entry::with_string(&key.bytes, &[b'v'; 32], None);
    table.insert_new(key.hash, entry);
}

fn filled(keys: &[Key]) -> Table<Entry> {
    let mut table = Table::new(hasher());
    keys.iter().for_each(|key| insert(&mut table, key));
    table
}

/// Finds a random key, one at a time, so with every cache miss in full.
#[divan::bench(args = [1_000, 100_000, MILLION])]
fn hit(bencher: Bencher<'_, '_>, len: usize) {
    let table = filled(&keys(0..len as u64));
    let mut wanted = Round::new(keys(random_numbers(100_000, len as u64).into_iter()));
    bencher.bench_local(move || {
        let key = wanted.next();
        table.find(key.hash, &key.bytes).map(|entry| entry.clock())
    });
}

/// Finds sixteen random keys of a million as a pipeline does: buckets asked for, then entries, then looked at.
#[divan::bench]
fn hit_prefetched_16(bencher: Bencher<'_, '_>) {
    let table = filled(&keys(0..MILLION as u64));
    let wanted = keys(random_numbers(160_000, MILLION as u64).into_iter());
    let mut at = 0;
    bencher
        .counter(ItemsCount::new(16usize))
        .bench_local(move || {
            at = (at + 16) % wanted.len();
            let batch = &wanted[at..at + 16];
            batch.iter().for_each(|key| table.prefetch_bucket(key.hash));
            batch.iter().for_each(|key| {
                table.prefetch_item(key.hash);
            });
            let found = batch
                .iter()
                .filter(|key| table.contains(key.hash, &key.bytes));
            found.count()
        });
}

/// Looks for a key that is not there.
#[divan::bench(args = [1_000, 100_000, MILLION])]
fn miss(bencher: Bencher<'_, '_>, len: usize) {
    let table = filled(&keys(0..len as u64));
    let mut wanted = Round::new(keys((MILLION as u64..).take(100_000)));
    bencher.bench_local(move || {
        let key = wanted.next();
        table.contains(key.hash, &key.bytes)
    });
}

/// Fills an empty table, entries and splits included.
#[divan::bench(args = [1_000, 100_000, MILLION], sample_count = 5, sample_size = 1)]
fn insert_to(bencher: Bencher<'_, '_>, len: usize) {
    let keys = keys(0..len as u64);
    bencher
        .counter(ItemsCount::new(len))
        .bench_local(move || filled(&keys));
}

/// The one insertion that splits a full segment in two, in a table of a few segments.
#[divan::bench(sample_size = 1)]
fn split(bencher: Bencher<'_, '_>) {
    let keys = keys(0..100_000);
    let mut table = Table::new(hasher());
    let splits_at = keys.iter().position(|key| {
        let before = table.segment_count();
        insert(&mut table, key);
        before >= 4 && table.segment_count() > before
    });
    let splits_at = splits_at.unwrap_or_default();
    bencher
        .with_inputs(|| filled(&keys[..splits_at]))
        .bench_local_refs(|table| insert(table, &keys[splits_at]));
}

/// Walks a table of 100,000 by SCAN, with the default COUNT of ten.
#[divan::bench(args = [10, 1_000])]
fn scan(bencher: Bencher<'_, '_>, count: usize) {
    let table = filled(&keys(0..100_000));
    bencher
        .counter(ItemsCount::new(table.len()))
        .bench_local(move || {
            let (mut cursor, mut bytes) = (SCAN_START, 0);
            loop {
                cursor = table.scan(cursor, count, |entry| bytes += entry.key().len());
                if cursor == SCAN_START {
                    return bytes;
                }
            }
        });
}

/// Empties a table of 100,000 key by key, merges included.
#[divan::bench(sample_count = 10, sample_size = 1)]
fn remove_all(bencher: Bencher<'_, '_>) {
    let keys = keys(0..100_000);
    bencher
        .counter(ItemsCount::new(keys.len()))
        .with_inputs(|| filled(&keys))
        .bench_local_refs(|table| {
            keys.iter()
                .for_each(|key| drop(table.remove(key.hash, &key.bytes)));
        });
}
