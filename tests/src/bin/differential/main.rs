//! Rotom beside a real Redis or Valkey: the same random commands to both, and every reply and all that is stored
//! compared.
//!
//! A row in [`rows`] says how a command is used; [`draw`] makes requests of it, good and bad; [`pair`] sends them to both
//! servers and compares the replies, [`contents`] what is stored. [`known`] lists the differences that are meant. At a
//! difference, [`shrink`] looks for the shortest way to it. Everything follows from the seed.

mod compare;
mod contents;
mod draw;
mod known;
mod link;
mod options;
mod pair;
mod reply;
mod rounds;
mod rows;
mod server;
mod shrink;
mod syntax;

use draw::Draw;
use options::{HELP, Options, Parsed};
use pair::{Pair, Step};
use rounds::{Found, Plan, Tally};
use server::Server;
use std::collections::BTreeSet;
use std::process::ExitCode;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

fn main() -> ExitCode {
    let options = match options::parse(std::env::args().skip(1)) {
        Ok(Parsed::Run(options)) => options,
        Ok(Parsed::Help) => {
            println!("{HELP}");
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln!("{error}\n\n{HELP}");
            return ExitCode::from(2);
        }
    };
    if let Some(name) = options.families.iter().find(|name| is_no_family(name)) {
        let names: Vec<&str> = rows::FAMILIES.iter().map(|family| family.0).collect();
        eprintln!("'{name}' is no family; there are: {}", names.join(", "));
        return ExitCode::from(2);
    }
    match run(&options) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}

fn is_no_family(name: &str) -> bool {
    !rows::FAMILIES.iter().any(|family| family.0 == name)
}

/// Whether no difference was found.
fn run(options: &Options) -> Result<bool, String> {
    let rotom = Server::get(&rotom_command(options)?)?;
    let reference = Server::get(&options.against)?;
    let mut pair = Pair::connect(&rotom, &reference)?;
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_err(|error| error.to_string())?;
    let seed = options.seed.unwrap_or(now.as_secs());
    let (major, minor, patch) = pair.identity.version;
    let product = if pair.identity.is_valkey {
        "Valkey"
    } else {
        "Redis"
    };
    println!("against {product} {major}.{minor}.{patch}, seed {seed}");
    let plan = Plan::new(&mut pair, options)?;
    show_names("not in the reference, left out", &plan.left_out);
    show_names("missing in Rotom", &plan.missing);

    let begun = Instant::now();
    let mut tally = Tally::default();
    let mut seen = BTreeSet::new();
    let mut round = 0;
    while tally.sent < options.commands && seen.len() < options.differences {
        let mut draw = Draw::new(seed.wrapping_add(round << 32), now.as_secs());
        if let Err(found) = rounds::run(&mut pair, &plan, &mut draw, options.round_len, &mut tally)
        {
            pair = Pair::connect(&rotom, &reference)?;
            if seen.insert(signature(&found)) {
                show(&found, seed, round);
                show_way(&mut pair, &found);
            }
        }
        round += 1;
        if !options.quiet && round.is_multiple_of(50) {
            println!(
                "{} commands, {:.0} s",
                tally.sent,
                begun.elapsed().as_secs_f64()
            );
        }
    }
    for (reason, times) in &tally.left_out {
        println!("not sent, {times} times: {reason}");
    }
    println!(
        "{} commands in {:.0} s, {} of them refused by both, seed {seed}: {} differences",
        tally.sent,
        begun.elapsed().as_secs_f64(),
        tally.errors,
        seen.len()
    );
    Ok(seen.is_empty() && (options.allow_missing || plan.missing.is_empty()))
}

/// The command line of Rotom: as given, or the server that was built with this program.
fn rotom_command(options: &Options) -> Result<String, String> {
    if let Some(command) = &options.rotom {
        return Ok(command.clone());
    }
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let server = program.with_file_name("rotom-server");
    if !server.exists() {
        return Err(format!(
            "no {}: cargo build --release, or --rotom",
            server.display()
        ));
    }
    Ok(server.display().to_string())
}

fn show_names(what: &str, names: &BTreeSet<&str>) {
    if !names.is_empty() {
        let names: Vec<&str> = names.iter().copied().collect();
        println!("{what}: {}", names.join(" "));
    }
}

/// By what differences are taken for the same: the command and how both replies begin.
fn signature(found: &Found) -> String {
    let name = found
        .steps
        .last()
        .map(|step| step.request.words[0].to_ascii_lowercase());
    let start = |text: &str| text.chars().take(12).collect::<String>();
    let difference = &found.difference;
    let name = name.unwrap_or_default();
    format!(
        "{} {} {}",
        name.escape_ascii(),
        start(&difference.rotom),
        start(&difference.reference)
    )
}

fn show(found: &Found, seed: u64, round: u64) {
    println!(
        "\n=== a difference: seed {seed}, round {round}, command {} of the round",
        found.number
    );
    if let Some(step) = found.steps.last() {
        println!("{}", line(step));
    }
    println!(
        "Rotom:     {}\nreference: {}",
        found.difference.rotom, found.difference.reference
    );
}

fn show_way(pair: &mut Pair, found: &Found) {
    match shrink::shrink(pair, &found.set_up, &found.steps) {
        Some(steps) => {
            println!("to see it again:");
            found.set_up.iter().for_each(|line| println!("  {line}"));
            steps.iter().for_each(|step| println!("  {}", line(step)));
            if let Some(step) = steps.last() {
                let _ = pair.set_up(&found.set_up);
                steps[..steps.len() - 1]
                    .chunks(64)
                    .for_each(|part| drop(pair.run(part)));
                if let Err(last) = pair.run(std::slice::from_ref(step)) {
                    println!("Rotom:     {}\nreference: {}", last.rotom, last.reference);
                }
            }
        }
        None => println!("it does not come again when the round is repeated"),
    }
}

/// A request as redis-cli takes it.
fn line(step: &Step) -> String {
    let word = |word: &Vec<u8>| {
        let is_plain = |byte: &u8| byte.is_ascii_graphic() && !b"\"'\\".contains(byte);
        if !word.is_empty() && word.iter().all(is_plain) {
            String::from_utf8_lossy(word).into_owned()
        } else {
            let escaped: String = word
                .iter()
                .map(|&byte| match byte {
                    b'"' | b'\\' => format!("\\{}", char::from(byte)),
                    b' '..=b'~' => char::from(byte).to_string(),
                    _ => format!("\\x{byte:02x}"),
                })
                .collect();
            format!("\"{escaped}\"")
        }
    };
    step.request
        .words
        .iter()
        .map(word)
        .collect::<Vec<_>>()
        .join(" ")
}
