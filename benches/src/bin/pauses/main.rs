//! Pauses of whole servers: how long another client waits while much is added, deleted or expires.
//!
//! ```text
//! cargo run --release -p rotom-benches --bin pauses -- [OPTIONS] [NAME=CMD ...]
//!
//! main.rs      the order of things       scenes.rs    what the busy client does
//! options.rs   the command line          probe.rs     the other client
//! ```
//!
//! While a scene runs, a second client sends a PING five thousand times a second and notes how long each answer takes. On a
//! machine that does other things as well these waits are mostly the scheduler's; so what a server itself counts is shown
//! beside them: its longest turn of the event loop (`eventloop_duration_worst`, which Rotom has) and the part of the turn
//! that took it. Where keys expire, lateness is measured from outside: how far the number of keys is behind the one that
//! their times make.

#[allow(dead_code, reason = "the comparison of whole servers uses the rest")]
#[path = "../compare/client.rs"]
mod client;
mod options;
mod probe;
#[allow(dead_code, reason = "the comparison of whole servers uses the rest")]
#[path = "../compare/process.rs"]
mod process;
mod scenes;
#[allow(dead_code, reason = "the comparison of whole servers uses the rest")]
#[path = "../compare/servers.rs"]
mod servers;

use client::Client;
use options::Options;
use probe::Probe;
use process::Cores;
use scenes::{SCENES, Scene};
use servers::Program;
use std::process::ExitCode;

fn main() -> ExitCode {
    let result = match options::parse(std::env::args().skip(1)) {
        Ok(Some(options)) => measure(&options),
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

fn measure(options: &Options) -> Result<(), String> {
    let programs = servers::programs(options)?;
    let cores = process::cores();
    println!(
        "waits of another client and turns in microseconds, {} keys",
        options.keys
    );
    println!(
        "{:<10}{:<16}{:>8}{:>8}{:>8}{:>8}{:>12}  {:<14}note",
        "scene", "server", "p50", "p99", "p99.9", "max", "worst turn", "most of it"
    );
    for scene in SCENES.iter().filter(|scene| options.wants(scene.name)) {
        for program in &programs {
            let line = measure_one(program, &cores, scene, options.keys)
                .map_err(|error| format!("{}, {}: {error}", program.name, scene.name))?;
            println!("{:<10}{:<16}{line}", scene.name, program.name);
        }
    }
    Ok(())
}

/// Plays a scene against a server that is started for it.
fn measure_one(
    program: &Program,
    cores: &Cores,
    scene: &Scene,
    keys: usize,
) -> Result<String, String> {
    let text = |error: std::io::Error| error.to_string();
    let server = program.start(cores.server)?;
    let mut busy = server.client()?;
    let mut control = server.client()?;
    let prepared = (scene.prepare)(&mut busy, keys).map_err(text)?;
    control.ask("CONFIG RESETSTAT").map_err(text)?;
    let probe = Probe::start(server.port).map_err(text)?;
    let note = (scene.run)(&mut busy, keys, prepared).map_err(text)?;
    let waits = probe.stop()?;
    let turn = WorstTurn::of(&mut control).map_err(text)?;
    Ok(format!("{waits}{turn}  {note}"))
}

/// The longest turn, as the server counts it.
struct WorstTurn {
    us: Option<u64>,
    most: String,
}

impl WorstTurn {
    fn of(control: &mut Client) -> std::io::Result<WorstTurn> {
        let info = control.ask("INFO stats")?;
        let field = |line: &str| {
            let (name, value) = line.split_once(':')?;
            let part = name.strip_prefix("eventloop_duration_worst")?;
            Some((part.trim_start_matches('_').to_owned(), value.parse().ok()?))
        };
        let fields: Vec<(String, u64)> = info.lines().filter_map(field).collect();
        let whole = fields.iter().find(|(part, _)| part.is_empty());
        let parts = fields.iter().filter(|(part, _)| !part.is_empty());
        let most = parts.max_by_key(|(_, us)| *us);
        Ok(WorstTurn {
            us: whole.map(|(_, us)| *us),
            most: most.map(|(part, _)| part.clone()).unwrap_or_default(),
        })
    }
}

impl std::fmt::Display for WorstTurn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let us = self.us.map_or("-".into(), |us| us.to_string());
        write!(f, "{us:>12}  {:<14}", self.most)
    }
}
