//! The reply writer, into a buffer that is kept.

use divan::Bencher;
use rotom_core::resp::{Protocol, Reply};

fn write(bencher: Bencher<'_, '_>, protocol: Protocol, each: impl Fn(&mut Reply<'_>)) {
    let mut out = Vec::with_capacity(16 * 1024);
    bencher.bench_local(move || {
        out.clear();
        each(&mut Reply::new(&mut out, protocol));
        out.len()
    });
}

/// A bulk string of 32 bytes.
#[divan::bench]
fn bulk_32(bencher: Bencher<'_, '_>) {
    let value = divan::black_box([b'v'; 32]);
    write(bencher, Protocol::Resp2, move |reply| reply.bulk(&value));
}

/// A bulk string of 1024 bytes.
#[divan::bench]
fn bulk_1024(bencher: Bencher<'_, '_>) {
    let value = divan::black_box([b'v'; 1024]);
    write(bencher, Protocol::Resp2, move |reply| reply.bulk(&value));
}

/// An integer of seven digits.
#[divan::bench]
fn int(bencher: Bencher<'_, '_>) {
    write(bencher, Protocol::Resp2, |reply| {
        reply.int(divan::black_box(1_234_567));
    });
}

/// A double with two decimals, as RESP3 sends it.
#[divan::bench]
fn double(bencher: Bencher<'_, '_>) {
    write(bencher, Protocol::Resp3, |reply| {
        reply.double(divan::black_box(1234.25));
    });
}

/// A double with two decimals, as the bulk string of RESP2.
#[divan::bench]
fn double_as_bulk(bencher: Bencher<'_, '_>) {
    write(bencher, Protocol::Resp2, |reply| {
        reply.double(divan::black_box(1234.25));
    });
}

/// An array of 100 bulk strings of 16 bytes.
#[divan::bench]
fn array_100(bencher: Bencher<'_, '_>) {
    let value = divan::black_box([b'v'; 16]);
    write(bencher, Protocol::Resp2, move |reply| {
        reply.array(100);
        (0..100).for_each(|_| reply.bulk(&value));
    });
}
