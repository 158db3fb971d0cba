//! How good eviction is: hit ratios of Rotom and other servers, whole and over loopback, with the same `maxmemory`.
//!
//! ```text
//! cargo run --release -p rotom-benches --bin hit_ratio -- [OPTIONS] [NAME=CMD ...]
//!
//! main.rs      the order of things       trace.rs     which keys are asked for
//! options.rs   the command line          cache.rs     the client
//! ```
//!
//! A client does what programs with a cache do: it asks for a key, and when it is not there it stores it. Counted are the
//! requests of the second half of a trace, when memory is full, and of these the ones for keys that come again (a
//! scan's keys are never there). Each policy and trace meets a server that was just started. More keys in the same
//! memory help as well as a better choice of what goes, so the number of keys at the end is shown too.

mod cache;
#[allow(dead_code, reason = "the comparison of whole servers uses the rest")]
#[path = "../compare/client.rs"]
mod client;
mod options;
#[allow(dead_code, reason = "the comparison of whole servers uses the rest")]
#[path = "../compare/process.rs"]
mod process;
#[allow(dead_code, reason = "the comparison of whole servers uses the rest")]
#[path = "../compare/servers.rs"]
mod servers;
mod trace;

use cache::{Cache, Outcome};
use options::Options;
use process::Cores;
use servers::Program;
use std::process::ExitCode;
use trace::{Kind, Popularity, Trace};

fn main() -> ExitCode {
    let result = match options::parse(std::env::args().skip(1)) {
        Ok(Some(options)) => play(&options),
        Ok(None) => {
            println!("{}", options::HELP);
            Ok(())
        }
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

fn play(options: &Options) -> Result<(), String> {
    let programs = servers::programs(options)?;
    let cores = process::cores();
    let popularity = Popularity::new();
    println!(
        "hits of 100 requests for keys that come again (keys held at the end), maxmemory {} MB, {} requests",
        options.memory_mb, options.requests
    );
    print!("{:<16}{:<17}", "trace", "policy");
    for program in &programs {
        print!("{:>24}", program.name);
    }
    println!();
    for kind in Kind::ALL {
        for policy in &options.policies {
            print!("{:<16}{policy:<17}", kind.name());
            for program in &programs {
                let mut trace = Trace::new(kind, &popularity);
                let (outcome, keys) = play_one(program, &cores, options, policy, &mut trace)
                    .map_err(|error| format!("\n{}, {policy}: {error}", program.name))?;
                print!("{:>14.2} ({keys:>7})", outcome.hit_percent());
            }
            println!();
        }
    }
    Ok(())
}

/// Plays a trace against a server that is started for it; what became of its second half, and how many keys there are.
fn play_one(
    program: &Program,
    cores: &Cores,
    options: &Options,
    policy: &str,
    trace: &mut Trace<'_>,
) -> Result<(Outcome, String), String> {
    let server = program.start(cores.server)?;
    let mut control = server.client()?;
    let mut ask = |line: &str| {
        control
            .ask(line)
            .map_err(|error| format!("{line}: {error}"))
    };
    ask(&format!("CONFIG SET maxmemory {}mb", options.memory_mb))?;
    ask(&format!("CONFIG SET maxmemory-policy {policy}"))?;
    let mut play = || {
        let mut cache = Cache::connect(server.port, policy.starts_with("volatile"))?;
        cache.play(trace, options.requests / 2)?;
        cache.play(trace, options.requests - options.requests / 2)
    };
    let outcome = play().map_err(|error| error.to_string())?;
    if outcome.refused > 0 {
        return Err(format!("{} values were refused", outcome.refused));
    }
    let keys = ask("DBSIZE")?;
    Ok((outcome, keys.trim_start_matches(':').into()))
}
