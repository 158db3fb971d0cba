//! Rotom beside the other servers of its protocol, whole and over loopback.
//!
//! ```text
//! cargo run --release -p rotom-benches --bin compare -- [OPTIONS] [NAME=CMD ...]
//!
//! main.rs      the order of things          load.rs     redis-benchmark, in turns
//! options.rs   the command line             memory.rs   resident bytes an item
//! servers.rs   finding and starting         report.rs   tables
//! process.rs   pinning, ending, /proc       chart.rs    SVG
//! client.rs    a client for data and INFO
//! ```
//!
//! The server and the load generator each get a core of their own, where there are two. Servers take turns, round by round, so
//! that what else the machine does meets all of them alike. The figure to steer by is the CPU that a request costs the
//! server: the load generator is the bottleneck of requests per second as often as not. Everything that is started is
//! also ended, by the kernel if this program should die.

mod chart;
mod client;
mod load;
mod memory;
mod options;
mod process;
mod report;
mod servers;

use chart::Chart;
use options::{Options, Parsed};
use report::Table;
use std::fs;
use std::process::ExitCode;

fn main() -> ExitCode {
    let result = match options::parse(std::env::args().skip(1)) {
        Ok(Parsed::Help) => {
            println!("{}", options::HELP);
            Ok(())
        }
        Ok(Parsed::Compare(options)) => compare(&options),
        Err(error) => Err(format!("{error}\n\n{}", options::HELP)),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn compare(options: &Options) -> Result<(), String> {
    let programs = servers::programs(options)?;
    let load = load::find_generator()?;
    let cores = process::cores();
    let place = report::place(&cores);
    println!("{place}");

    let (names, cases) = load::measure(&programs, &load, &cores, options)?;
    let speed = report::speed(&names, &cases);
    print!("\n{}", speed.text());

    let shapes = memory::measure(&programs, &cores, options)?;
    let bytes = report::memory(&names, &shapes);
    print!("\n{}", bytes.text());

    let tables = [speed, bytes];
    let charts = charts(&names, &cases, &shapes, &place);
    save(options, &place, &tables, &charts)
}

fn charts(
    names: &[String],
    cases: &[load::Measured],
    shapes: &[memory::Measured],
    place: &str,
) -> Vec<(&'static str, Chart)> {
    let at_depth = |depth: u32| {
        let six = cases.iter().filter(move |case| case.case.is_of_six(depth));
        six.map(|case| case.case.command.to_uppercase()).collect()
    };
    let values = |depth: u32, of: fn(&load::Sample) -> f64| {
        let six = cases.iter().filter(move |case| case.case.is_of_six(depth));
        six.map(|case| case.samples.iter().map(of).collect())
            .collect()
    };
    let chart = |title, groups, values| Chart {
        title,
        series: names.to_vec(),
        groups,
        values,
        note: place.into(),
    };
    let shape_names = shapes.iter().map(|shape| shape.name.into()).collect();
    let shape_values = shapes.iter().map(|shape| shape.bytes.clone()).collect();
    vec![
        (
            "commands.svg",
            chart(
                "Requests per second, no pipeline",
                at_depth(1),
                values(1, |s| s.per_second),
            ),
        ),
        (
            "pipelined.svg",
            chart(
                "Requests per second, pipelines of 16",
                at_depth(16),
                values(16, |s| s.per_second),
            ),
        ),
        (
            "cpu.svg",
            chart(
                "Server CPU a request, microseconds, pipelines of 16 (less is better)",
                at_depth(16),
                values(16, |s| s.cpu_us),
            ),
        ),
        (
            "memory.svg",
            chart(
                "Resident bytes an item (less is better)",
                shape_names,
                shape_values,
            ),
        ),
    ]
}

fn save(
    options: &Options,
    place: &str,
    tables: &[Table],
    charts: &[(&'static str, Chart)],
) -> Result<(), String> {
    let failed = |error| format!("cannot write to {}: {error}", options.out.display());
    fs::create_dir_all(&options.out).map_err(failed)?;
    let texts: Vec<String> = tables.iter().map(Table::markdown).collect();
    let text = format!("{place}\n\n{}", texts.join("\n"));
    fs::write(options.out.join("compare.md"), text).map_err(failed)?;
    for (name, chart) in charts {
        fs::write(options.out.join(name), chart.svg()).map_err(failed)?;
    }
    println!("\nTables and charts are in {}.", options.out.display());
    Ok(())
}
