//! Every case of `rotom_benches::cases`, in process: from request bytes through parser, command table and handler to reply
//! bytes. "Many" is 100,000. `cargo run -p rotom-benches --bin workload` lists the workloads.

use super::Round;
use divan::Bencher;
use divan::counter::ItemsCount;
use rotom_benches::cases::{CASES, Case, PIPELINE_DEPTH};

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
