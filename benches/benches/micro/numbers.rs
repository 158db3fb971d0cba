//! Numbers and their text.

use super::{Round, random_numbers};
use divan::Bencher;
use rotom_core::bytes::number;

/// Numbers of one to eighteen digits, all lengths equally often, with every second one negative.
fn mixed_integers() -> Vec<i64> {
    let lengths = (0..1_000).map(|i| 10i64.pow(i % 18));
    let numbers = random_numbers(1_000, 9).into_iter().zip(lengths);
    let magnitudes = numbers.map(|(digit, length)| (digit as i64 + 1) * length);
    magnitudes
        .zip([1, -1].into_iter().cycle())
        .map(|(n, sign)| n * sign)
        .collect()
}

/// Scores with two decimals.
fn scores() -> Vec<f64> {
    let cents = random_numbers(1_000, 100_000_000).into_iter();
    cents.map(|cents| cents as f64 / 100.0).collect()
}

fn texts<T: ToString>(numbers: Vec<T>) -> Round<Vec<u8>> {
    Round::new(numbers.iter().map(|n| n.to_string().into_bytes()).collect())
}

/// Reads integers of mixed lengths.
#[divan::bench]
fn parse_i64(bencher: Bencher<'_, '_>) {
    let mut texts = texts(mixed_integers());
    bencher.bench_local(move || number::parse_i64(texts.next()));
}

/// Reads integers of five digits.
#[divan::bench]
fn parse_i64_5_digits(bencher: Bencher<'_, '_>) {
    let numbers = random_numbers(1_000, 90_000).into_iter();
    let mut texts = texts(numbers.map(|n| n + 10_000).collect());
    bencher.bench_local(move || number::parse_i64(texts.next()));
}

/// Writes integers of mixed lengths.
#[divan::bench]
fn write_i64(bencher: Bencher<'_, '_>) {
    let mut numbers = Round::new(mixed_integers());
    bencher.bench_local(move || {
        number::write_i64(*numbers.next(), &mut [0; number::INTEGER_TEXT_MAX]).len()
    });
}

/// Reads scores with two decimals.
#[divan::bench]
fn parse_f64(bencher: Bencher<'_, '_>) {
    let mut texts = texts(scores());
    bencher.bench_local(move || number::parse_f64(texts.next()));
}

/// Reads scores that are whole numbers.
#[divan::bench]
fn parse_f64_whole(bencher: Bencher<'_, '_>) {
    let mut texts = texts(random_numbers(1_000, 1_000_000));
    bencher.bench_local(move || number::parse_f64(texts.next()));
}

/// Writes scores with two decimals, in the shortest text.
#[divan::bench]
fn write_f64(bencher: Bencher<'_, '_>) {
    let mut numbers = Round::new(scores());
    bencher.bench_local(move || {
        number::write_f64_shortest(*numbers.next(), &mut [0; number::FLOAT_TEXT_MAX]).len()
    });
}

/// Writes scores that are whole numbers.
#[divan::bench]
fn write_f64_whole(bencher: Bencher<'_, '_>) {
    let scores = random_numbers(1_000, 1_000_000).into_iter();
    let mut numbers = Round::new(scores.map(|n| n as f64).collect());
    bencher.bench_local(move || {
        number::write_f64_shortest(*numbers.next(), &mut [0; number::FLOAT_TEXT_MAX]).len()
    });
}

/// Adds 0.1 to a number with two decimals, in the 80-bit arithmetic of INCRBYFLOAT.
#[divan::bench]
fn add_float_text(bencher: Bencher<'_, '_>) {
    let mut texts = texts(scores());
    let mut out = Vec::new();
    bencher.bench_local(move || {
        out.clear();
        number::add_float_text(texts.next(), b"0.1", &mut out).is_ok()
    });
}
