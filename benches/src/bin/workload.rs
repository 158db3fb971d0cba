//! One case, a fixed number of operations: the same instructions in every run, for callgrind and perf.
//!
//! ```text
//! workload              lists the cases
//! workload CASE [N]     runs N operations (default 20,000)
//! ```
//!
//! Only what happens inside [`measured`] is meant to be counted
//! (`valgrind --tool=callgrind --toggle-collect='*measured*'`).

use rotom_benches::cases::{CASES, Case, PIPELINE_DEPTH};
use rotom_benches::runner::Runner;
use std::process::ExitCode;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let Some(name) = arguments.next() else {
        for case in CASES {
            println!("{:16}{}", case.name, case.workload);
        }
        return ExitCode::SUCCESS;
    };
    let operations = arguments.next().map_or(Ok(20_000), |text| text.parse());
    let (Some(case), Ok(operations)) = (Case::named(&name), operations) else {
        eprintln!("usage: workload [CASE [OPERATIONS]]; without arguments it lists the cases");
        return ExitCode::FAILURE;
    };
    let (mut runner, mut pipelines) = case.prepared();
    let reply_bytes = measured(&mut runner, &mut pipelines, operations);
    println!("{name}: {operations} operations, {reply_bytes} bytes of replies");
    ExitCode::SUCCESS
}

/// Runs the pipelines over and over until that many operations are done; returns how many bytes came back.
#[inline(never)]
fn measured(runner: &mut Runner, pipelines: &mut [Vec<u8>], operations: usize) -> usize {
    let mut reply_bytes = 0;
    let count = pipelines.len();
    for at in 0..operations.div_ceil(PIPELINE_DEPTH) {
        reply_bytes += runner.run(&mut pipelines[at % count]).len();
    }
    reply_bytes
}
