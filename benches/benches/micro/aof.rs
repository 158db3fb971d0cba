//! Encoding of the append-only file, into a buffer that is kept.

use divan::Bencher;
use divan::counter::{BytesCount, ItemsCount};
use rotom_core::codec::aof::encode_command;

fn encode(bencher: Bencher<'_, '_>, words: &[Vec<u8>]) {
    let mut out = Vec::new();
    encode_command(&mut out, words.iter().map(Vec::as_slice));
    bencher
        .counter(BytesCount::new(out.len()))
        .counter(ItemsCount::new(1usize))
        .bench_local(move || {
            out.clear();
            encode_command(&mut out, words.iter().map(Vec::as_slice));
            out.len()
        });
}

fn words(line: &str) -> Vec<Vec<u8>> {
    line.split(' ')
        .map(|word| word.as_bytes().to_vec())
        .collect()
}

/// SET of a 16-byte key with a value of 32.
#[divan::bench]
fn set(bencher: Bencher<'_, '_>) {
    let line = "SET key:000000000042 value:00000000000000000000000042";
    encode(bencher, &words(line));
}

/// MSET of ten 16-byte keys with values of 32.
#[divan::bench]
fn mset_10(bencher: Bencher<'_, '_>) {
    let pairs: String = (0..10)
        .map(|i| format!(" key:{i:012} value:{i:026}"))
        .collect();
    encode(bencher, &words(&format!("MSET{pairs}")));
}

/// SET of a 16-byte key with a value of 16 KB.
#[divan::bench]
fn set_16k(bencher: Bencher<'_, '_>) {
    let value = vec![b'v'; 16 * 1024];
    encode(
        bencher,
        &[b"SET".to_vec(), b"key:000000000042".to_vec(), value],
    );
}
