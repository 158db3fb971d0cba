//! The request parser: bytes of a connection to argument spans.

use divan::Bencher;
use divan::counter::{BytesCount, ItemsCount};
use rotom_benches::runner::push_line;
use rotom_core::resp::{Limits, Progress, RequestParser, Span};

const LIMITS: Limits = Limits {
    max_bulk_bytes: 512 << 20,
    unauthenticated: false,
};

/// Parses all of `pipeline` as a connection does: spans are kept until the whole batch is parsed.
fn parse_all(bencher: Bencher<'_, '_>, mut pipeline: Vec<u8>, requests: usize) {
    let mut parser = RequestParser::default();
    let mut spans: Vec<Span> = Vec::new();
    bencher
        .counter(ItemsCount::new(requests))
        .counter(BytesCount::new(pipeline.len()))
        .bench_local(move || {
            spans.clear();
            let mut at = 0;
            while at < pipeline.len() {
                match parser.parse(&mut pipeline[at..], &LIMITS, &mut spans) {
                    Ok(Progress::Request { len, .. }) => at += len,
                    other => unreachable!("{other:?}"),
                }
            }
            spans.len()
        });
}

/// Sixteen GETs of 16-byte keys.
#[divan::bench]
fn get_16(bencher: Bencher<'_, '_>) {
    let mut pipeline = Vec::new();
    (0..16).for_each(|i| push_line(&mut pipeline, &format!("GET key:{i:012}")));
    parse_all(bencher, pipeline, 16);
}

/// Sixteen SETs of 16-byte keys with values of 32 bytes.
#[divan::bench]
fn set_16(bencher: Bencher<'_, '_>) {
    let mut pipeline = Vec::new();
    (0..16).for_each(|i| push_line(&mut pipeline, &format!("SET key:{i:012} value:{i:026}")));
    parse_all(bencher, pipeline, 16);
}

/// One MSET of ten 16-byte keys with values of 32 bytes.
#[divan::bench]
fn mset_10(bencher: Bencher<'_, '_>) {
    let pairs: String = (0..10)
        .map(|i| format!(" key:{i:012} value:{i:026}"))
        .collect();
    let mut pipeline = Vec::new();
    push_line(&mut pipeline, &format!("MSET{pairs}"));
    parse_all(bencher, pipeline, 1);
}

/// Sixteen inline SETs of 16-byte keys with values of 32 bytes.
#[divan::bench]
fn inline_16(bencher: Bencher<'_, '_>) {
    let pipeline: String = (0..16)
        .map(|i| format!("SET key:{i:012} value:{i:026}\r\n"))
        .collect();
    parse_all(bencher, pipeline.into_bytes(), 16);
}

/// One request of 10,000 arguments that arrives in pieces of 16 KB.
#[divan::bench]
fn resumed_10000(bencher: Bencher<'_, '_>) {
    let members: String = (0..9_998).map(|i| format!(" member:{i:09}")).collect();
    let mut request = Vec::new();
    push_line(&mut request, &format!("SADD set{members}"));
    let mut parser = RequestParser::default();
    let mut spans = Vec::new();
    bencher
        .counter(BytesCount::new(request.len()))
        .bench_local(move || {
            spans.clear();
            let mut arrived = 0;
            loop {
                arrived = (arrived + 16 * 1024).min(request.len());
                match parser.parse(&mut request[..arrived], &LIMITS, &mut spans) {
                    Ok(Progress::Request { arguments, .. }) => return arguments,
                    Ok(Progress::Incomplete { .. }) => {}
                    Err(error) => unreachable!("{error}"),
                }
            }
        });
}
