//! One case, a fixed number of operations: the same instructions in every run, for callgrind and perf.
//!
//! ```text
//! workload              lists the cases
//! workload CASE [N]     runs N operations (default 10,000), after as many to warm up
//! ```
//!
//! Only what happens inside [`measured`] is meant to be counted
//! (`valgrind --tool=callgrind --toggle-collect='*measured*'`).

use rotom_benches::cases::{CASES, Case};
use rotom_benches::runner::Runner;
use std::process::ExitCode;

/// How many keys, or elements of a big key, there are.
const MANY: u64 = 10_000;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let Some(name) = arguments.next() else {
        for case in CASES {
            println!("{:20}{}", case.name, case.workload);
        }
        return ExitCode::SUCCESS;
    };
    let operations = arguments.next().map_or(Ok(10_000), |text| text.parse());
    let (Some(case), Ok(operations)) = (Case::named(&name), operations) else {
        eprintln!("usage: workload [CASE [OPERATIONS]]; without arguments it lists the cases");
        return ExitCode::FAILURE;
    };
    let (mut runner, mut pipelines) = case.prepared(MANY, operations);
    let reply_bytes = measured(&mut runner, &mut pipelines);
    println!("{name}: {operations} operations, {reply_bytes} bytes of replies");
    ExitCode::SUCCESS
}

/// Runs the pipelines; returns how many bytes came back.
#[inline(never)]
fn measured(runner: &mut Runner, pipelines: &mut [Vec<u8>]) -> usize {
    let replies = pipelines
        .iter_mut()
        .map(|pipeline| runner.run(pipeline).len());
    replies.sum()
}
