//! Compares all that is stored: per key type, encoding, time to live and contents.

use super::compare::Mode;
use super::pair::{Difference, Pair, Step};
use super::reply::Reply;

/// Deadlines that were given as durations differ by what lay between the two servers' clocks, milliseconds.
const NEAR_MS: i64 = 10_000;

/// Steps that are sent together at most.
const BATCH: usize = 200;

/// Compares both databases that requests select, and leaves the first one selected. A difference comes with the steps
/// that show it.
pub fn compare(pair: &mut Pair, with_field_ttls: bool) -> Result<(), (Vec<Step>, Difference)> {
    for database in [&b"1"[..], b"0"] {
        let select = Step::new(&[b"SELECT", database], None, Mode::Exact);
        compare_selected(pair, with_field_ttls, &select)
            .map_err(|(step, difference)| (vec![select, step], difference))?;
    }
    Ok(())
}

fn compare_selected(
    pair: &mut Pair,
    with_field_ttls: bool,
    select: &Step,
) -> Result<(), (Step, Difference)> {
    run(pair, vec![select.clone()])?;
    let keys = run(
        pair,
        vec![Step::new(&[b"KEYS", b"*"], None, Mode::Unordered)],
    )?;
    let keys: Vec<Vec<u8>> = keys[0]
        .items()
        .iter()
        .filter_map(|key| key.bytes().map(<[u8]>::to_vec))
        .collect();
    let steps = keys
        .iter()
        .map(|key| step(&[b"TYPE", key], Mode::Exact))
        .collect();
    let types = run(pair, steps)?;
    let mut steps = Vec::new();
    for (key, kind) in keys.iter().zip(&types) {
        steps.push(step(&[b"OBJECT ENCODING", key], Mode::Exact));
        steps.push(step(&[b"PTTL", key], Mode::Near(NEAR_MS)));
        steps.push(contents(key, kind.bytes().unwrap_or_default()));
    }
    run(pair, steps)?;
    if with_field_ttls {
        field_ttls(pair, &keys, &types)?;
    }
    Ok(())
}

fn contents(key: &[u8], kind: &[u8]) -> Step {
    match kind {
        b"string" => step(&[b"GET", key], Mode::Exact),
        b"list" => step(&[b"LRANGE", key, b"0", b"-1"], Mode::Exact),
        b"hash" => step(&[b"HGETALL", key], Mode::Pairs),
        b"set" => step(&[b"SMEMBERS", key], Mode::Unordered),
        _ => step(&[b"ZRANGE", key, b"0", b"-1", b"WITHSCORES"], Mode::Exact),
    }
}

fn field_ttls(
    pair: &mut Pair,
    keys: &[Vec<u8>],
    types: &[Reply],
) -> Result<(), (Step, Difference)> {
    let hashes = keys
        .iter()
        .zip(types)
        .filter(|(_, kind)| kind.bytes() == Some(b"hash"));
    let hashes: Vec<&Vec<u8>> = hashes.map(|(key, _)| key).collect();
    let steps = hashes
        .iter()
        .map(|key| step(&[b"HKEYS", key], Mode::Unordered))
        .collect();
    let fields = run(pair, steps)?;
    let mut steps = Vec::new();
    for (key, fields) in hashes.iter().zip(&fields) {
        let count = fields.items().len().to_string();
        let mut words: Vec<&[u8]> = vec![b"HPTTL", key, b"FIELDS", count.as_bytes()];
        words.extend(fields.items().iter().filter_map(Reply::bytes));
        steps.push(step(&words, Mode::Near(NEAR_MS)));
    }
    run(pair, steps).map(|_| ())
}

/// A step whose key is the second word; the first may be two.
fn step(words: &[&[u8]], mode: Mode) -> Step {
    match words[0].strip_prefix(b"OBJECT ") {
        Some(sub) => Step::new(&[b"OBJECT", sub, words[1]], Some(2), mode),
        None => Step::new(words, Some(1), mode),
    }
}

fn run(pair: &mut Pair, steps: Vec<Step>) -> Result<Vec<Reply>, (Step, Difference)> {
    let mut replies = Vec::new();
    for part in steps.chunks(BATCH) {
        let part_replies = pair
            .run(part)
            .map_err(|difference| (part[difference.at].clone(), difference))?;
        replies.extend(part_replies);
    }
    Ok(replies)
}
