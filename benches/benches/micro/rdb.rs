//! RDB: checksums, compression, values to bytes and back.

use divan::Bencher;
use divan::counter::{BytesCount, ItemsCount};
use rotom_core::bytes::hash::Hasher;
use rotom_core::codec::rdb::lzf::{Compressor, decompress};
use rotom_core::codec::rdb::{Event, FileReader, FileWriter, View, crc64, kind};
use rotom_core::structure::listpack::Element;
use rotom_core::value::{EncodingLimits, Hash};

const MANY: u64 = 10_000;

#[divan::bench]
fn crc64_of_64_kb(bencher: Bencher<'_, '_>) {
    let bytes = vec![b'x'; 64 * 1024];
    bencher
        .counter(BytesCount::of_slice(&bytes))
        .bench(|| crc64::update(0, &bytes));
}

#[divan::bench(args = [40, 1000, 50_000])]
fn compress(bencher: Bencher<'_, '_>, len: usize) {
    let text: Vec<u8> = b"a line that is alike, number 17; ".repeat(len / 33 + 1);
    let (mut compressor, mut out) = (Compressor::default(), Vec::new());
    bencher.counter(BytesCount::new(len)).bench_local(|| {
        out.clear();
        compressor.compress(&text[..len], len, &mut out)
    });
}

#[divan::bench]
fn decompress_1000_bytes(bencher: Bencher<'_, '_>) {
    let text: Vec<u8> = b"a line that is alike, number 17; ".repeat(31);
    let (mut packed, mut out) = (Vec::new(), Vec::new());
    Compressor::default().compress(&text, text.len(), &mut packed);
    bencher
        .counter(BytesCount::of_slice(&text))
        .bench_local(|| decompress(&packed, text.len(), &mut out));
}

fn small_hash() -> Hash {
    let limits = EncodingLimits::new(Hasher::new(1));
    let mut hash = Hash::new();
    for number in 0..8 {
        let (field, value) = (format!("field{number}"), format!("value{number:03}"));
        hash.set(field.as_bytes(), value.as_bytes(), &limits);
    }
    hash
}

/// A file of strings of 32 bytes under keys of 16, or of small hashes.
fn file(hash: Option<&Hash>) -> Vec<u8> {
    let (mut out, mut writer) = (Vec::new(), FileWriter::new(true));
    writer.push_head(&mut out, kind::VERSION);
    for number in 0..MANY {
        let (key, text) = (format!("key:{number:012}"), format!("value:{number:026}"));
        let value = match hash {
            None => View::String(Element::Bytes(text.as_bytes())),
            Some(hash) => View::Hash(hash),
        };
        writer.push_key(&mut out, key.as_bytes(), None, None, &value);
        writer.values.push(&mut out, &value);
    }
    writer.push_end(&mut out);
    let crc = crc64::update(0, &out);
    out.extend_from_slice(&crc.to_le_bytes());
    out
}

#[divan::bench(args = ["strings", "hashes"])]
fn write(bencher: Bencher<'_, '_>, what: &str) {
    let hash = (what == "hashes").then(small_hash);
    bencher
        .counter(ItemsCount::new(MANY))
        .bench_local(|| file(hash.as_ref()));
}

#[divan::bench(args = ["strings", "hashes"])]
fn read(bencher: Bencher<'_, '_>, what: &str) {
    let hash = (what == "hashes").then(small_hash);
    let file = file(hash.as_ref());
    let limits = EncodingLimits::new(Hasher::new(1));
    bencher.counter(ItemsCount::new(MANY)).bench_local(|| {
        let (mut reader, mut at, mut keys) = (FileReader::new(true), 0, 0);
        loop {
            match reader.next(&limits) {
                Ok(Event::More(_)) => {
                    let (_, room) = reader.room();
                    let count = room.len().min(file.len() - at);
                    room[..count].copy_from_slice(&file[at..at + count]);
                    reader.filled(count);
                    at += count;
                }
                Ok(Event::Key(_)) => keys += 1,
                Ok(Event::End { .. }) | Err(_) => return keys,
                Ok(_) => {}
            }
        }
    });
}
