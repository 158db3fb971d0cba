//! Algorithms on byte strings: the hash and glob patterns.

use divan::Bencher;
use divan::counter::BytesCount;
use rotom_core::bytes::glob::{Case, matches};
use rotom_core::bytes::hash::Hasher;

/// The keyed hash of so many bytes.
#[divan::bench(args = [8, 16, 32, 100, 1_000])]
fn hash(bencher: Bencher<'_, '_>, len: usize) {
    let hasher = Hasher::new(42);
    let bytes = vec![b'k'; len];
    bencher
        .counter(BytesCount::new(len))
        .bench_local(move || hasher.hash(divan::black_box(&bytes)));
}

fn glob(bencher: Bencher<'_, '_>, pattern: &'static [u8], text: &'static [u8]) {
    bencher.bench_local(move || {
        matches(
            divan::black_box(pattern),
            divan::black_box(text),
            Case::Sensitive,
        )
    });
}

/// `user:*` against a key of 16 bytes that matches.
#[divan::bench]
fn glob_prefix(bencher: Bencher<'_, '_>) {
    glob(bencher, b"user:*", b"user:00000012345");
}

/// A pattern with a set, a question mark and two stars, against a key that matches.
#[divan::bench]
fn glob_mixed(bencher: Bencher<'_, '_>) {
    glob(bencher, b"*:[0-9]?:*:name", b"user:17:profile:name");
}

/// Ten stars against 100 bytes that miss the last letter: hard for matchers that try every way.
#[divan::bench]
fn glob_hostile(bencher: Bencher<'_, '_>) {
    glob(bencher, b"a*a*a*a*a*a*a*a*a*a*b", &[b'a'; 100]);
}
