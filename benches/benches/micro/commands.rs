//! Commands in process: from request bytes through parser, command table and handler to reply bytes.
//!
//! [`pipeline_16`] are the cases of `rotom_benches::cases`; "many" is 100,000. `cargo run -p rotom-benches --bin workload`
//! lists the workloads. [`every`] are all commands, with the workloads of `rotom_benches::every`.

use super::Round;
use divan::Bencher;
use divan::counter::ItemsCount;
use rotom_benches::cases::{CASES, Case, PIPELINE_DEPTH};
use rotom_benches::every::{self, EVERY};

/// A pipeline of sixteen requests.
#[divan::bench(args = CASES.iter().map(|case| case.name))]
fn pipeline_16(bencher: Bencher<'_, '_>, name: &str) {
    let Some(case) = Case::named(name) else {
        return;
    };
    let (mut runner, mut pipelines) = case.prepared(100_000, 100_000);
    let mut turns = Round::new((0..pipelines.len()).collect());
    bencher
        .counter(ItemsCount::new(PIPELINE_DEPTH))
        .bench_local(move || runner.run(&mut pipelines[*turns.next()]).len());
}

/// One line of a command's workload.
#[divan::bench(args = EVERY.iter().map(|(name, _)| *name))]
fn every(bencher: Bencher<'_, '_>, name: &str) {
    let Some((_, workload)) = EVERY.iter().find(|(known, _)| *known == name) else {
        return;
    };
    let mut runner = every::prepared();
    let mut lines = every::lines(&mut runner, workload);
    let mut turns = Round::new((0..lines.len()).collect());
    bencher.bench_local(move || runner.run(&mut lines[*turns.next()]).len());
}
