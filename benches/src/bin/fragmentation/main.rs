//! What memory a server keeps after half of its data were deleted, and whether other data find room in it.
//!
//! ```text
//! cargo run --release -p rotom-benches --bin fragmentation -- [--keys N] [NAME=CMD ...]
//! ```
//!
//! Keys with values of mixed sizes are stored; half of them, chosen at random, are deleted; then as many are stored again
//! with sizes of other proportions. After each step it is shown what the server says it uses, what is resident, and their
//! ratio. A program cannot give a page back that has one block in use, so half of small blocks deleted at random leave
//! nearly all pages as they were, with any allocator that does not move blocks: what tells them apart is the room they
//! make of it.

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

use client::Client;
use options::Options;
use servers::{Program, Server};
use std::process::ExitCode;
use std::thread::sleep;
use std::time::Duration;

/// Time for a server to finish freeing and giving back.
const SETTLE: Duration = Duration::from_secs(3);

/// Shares in percent, and least and greatest length of values.
type Sizes = [(u64, usize, usize); 3];
const FIRST_SIZES: Sizes = [(50, 8, 64), (35, 64, 256), (15, 256, 1000)];
const OTHER_SIZES: Sizes = [(50, 24, 100), (40, 100, 300), (10, 300, 800)];

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
    println!("{} keys, values of 8 to 1000 bytes", options.keys);
    println!("server            after              used_memory         resident   ratio");
    for program in &programs {
        measure_one(program, options.keys).map_err(|error| format!("{}: {error}", program.name))?;
    }
    Ok(())
}

fn measure_one(program: &Program, keys: u64) -> Result<(), String> {
    let server = program.start(process::cores().server)?;
    let mut client = server.client()?;
    let said = |error: std::io::Error| error.to_string();
    store(&mut client, "a", 0..keys, &FIRST_SIZES).map_err(said)?;
    show(program, "storing all", &server)?;
    let deleted = delete_half(&mut client, keys).map_err(said)?;
    show(program, "deleting half", &server)?;
    store(&mut client, "b", 0..deleted, &OTHER_SIZES).map_err(said)?;
    show(program, "storing others", &server)
}

fn store(
    client: &mut Client,
    prefix: &str,
    keys: std::ops::Range<u64>,
    sizes: &Sizes,
) -> std::io::Result<()> {
    let value = "v".repeat(1000);
    for key in keys {
        let len = value_len(key, sizes);
        client.load(&format!("SET {prefix}:{key:010} {}", &value[..len]))?;
    }
    client.finish()
}

/// Each key with the chance of a half; returns how many they were.
fn delete_half(client: &mut Client, keys: u64) -> std::io::Result<u64> {
    let mut count = 0;
    for key in (0..keys).filter(|&key| mixed(key ^ 0x5555) & 1 == 0) {
        client.load(&format!("DEL a:{key:010}"))?;
        count += 1;
    }
    client.finish()?;
    Ok(count)
}

fn value_len(key: u64, sizes: &Sizes) -> usize {
    let random = mixed(key);
    let mut share = random % 100;
    for &(percent, least, greatest) in sizes {
        if share < percent {
            return least + (random >> 32) as usize % (greatest - least);
        }
        share -= percent;
    }
    sizes[0].1
}

/// SplitMix64's finalizer (Steele, Lea, Flood, 2014).
fn mixed(number: u64) -> u64 {
    let mut bits = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

fn show(program: &Program, step: &str, server: &Server) -> Result<(), String> {
    sleep(SETTLE);
    let info = server.client()?.ask("INFO memory");
    let info = info.map_err(|error| error.to_string())?;
    let used = info
        .lines()
        .find_map(|line| {
            line.strip_prefix("used_memory:")?
                .trim()
                .parse::<f64>()
                .ok()
        })
        .ok_or("no used_memory in INFO")?;
    let resident = server.process.resident_bytes()?;
    println!(
        "{:<17} {step:<15} {:>12.1} MB  {:>12.1} MB  {:>6.3}",
        program.name,
        used / 1e6,
        resident / 1e6,
        resident / used
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_have_their_shares() {
        for sizes in [FIRST_SIZES, OTHER_SIZES] {
            let lengths: Vec<usize> = (0..100_000).map(|key| value_len(key, &sizes)).collect();
            for (percent, least, greatest) in sizes {
                let within = lengths
                    .iter()
                    .filter(|&&len| (least..greatest).contains(&len));
                let share = within.count() as f64 / 1000.0;
                assert!((share - percent as f64).abs() < 1.0, "{share}");
            }
        }
        let deleted = (0..100_000).filter(|&key| mixed(key ^ 0x5555) & 1 == 0);
        assert!((49_000..51_000).contains(&deleted.count()));
    }
}
