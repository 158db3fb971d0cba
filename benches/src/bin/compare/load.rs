//! Speed: `redis-benchmark` on the servers in turn.

use super::options::Options;
use super::process::{Cores, Owned};
use super::report::progress;
use super::servers::{Program, Server, find_on_path};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

/// How long one run of the load generator may take.
const RUN_LIMIT: Duration = Duration::from_secs(120);

/// What the load generator is to do.
pub struct Case {
    /// The test of redis-benchmark, or a whole command with spaces.
    pub command: &'static str,
    pub depth: u32,
    clients: u32,
    requests: u32,
    /// Keys, fields or members are drawn from so many.
    range: u32,
    /// A test that is run first, for data.
    after: Option<&'static str>,
}

const fn case(command: &'static str, depth: u32) -> Case {
    Case {
        command,
        depth,
        clients: 50,
        requests: if depth == 1 { 100_000 } else { 1_000_000 },
        range: 100_000,
        after: None,
    }
}

/// The commands that the main charts show.
const SIX: [&str; 6] = ["set", "get", "incr", "hset", "lpush", "rpush"];
/// Keys of the cases about strings, as many as [`fill`] makes.
const KEYS: u32 = 1_000_000;

const CASES: [Case; 22] = [
    Case {
        range: KEYS,
        ..case("set", 1)
    },
    Case {
        range: KEYS,
        ..case("get", 1)
    },
    case("incr", 1),
    case("hset", 1),
    case("lpush", 1),
    case("rpush", 1),
    Case {
        range: KEYS,
        ..case("set", 16)
    },
    Case {
        range: KEYS,
        ..case("get", 16)
    },
    case("incr", 16),
    case("hset", 16),
    case("lpush", 16),
    case("rpush", 16),
    Case {
        range: KEYS,
        clients: 20,
        ..case("set", 64)
    },
    Case {
        range: KEYS,
        clients: 20,
        ..case("get", 64)
    },
    Case {
        range: KEYS,
        requests: 200_000,
        ..case("mset", 8)
    },
    Case {
        after: Some("lpush"),
        ..case("rpop", 16)
    },
    case("sadd", 16),
    Case {
        range: KEYS,
        requests: 300_000,
        after: Some("sadd"),
        ..case("spop", 16)
    },
    case("zadd", 16),
    Case {
        range: KEYS,
        requests: 300_000,
        after: Some("zadd"),
        ..case("zpopmin", 16)
    },
    Case {
        requests: 50_000,
        ..case("lrange mylist 0 99", 1)
    },
    Case {
        requests: 20_000,
        ..case("lrange mylist 0 599", 1)
    },
];

impl Case {
    /// Whether it is one of the main charts', at this depth.
    pub fn is_of_six(&self, depth: u32) -> bool {
        self.depth == depth && SIX.contains(&self.command)
    }

    /// Its name in tables.
    pub fn name(&self) -> String {
        let words: Vec<&str> = self.command.split(' ').collect();
        let command = match words[..] {
            [command, _, _, last] => format!("{command} 0..{last}"),
            _ => self.command.into(),
        };
        format!("{} P{}", command.to_uppercase(), self.depth)
    }

    fn arguments(&self, test: &str, options: &Options) -> Vec<String> {
        let requests = if options.quick {
            self.requests / 4
        } else {
            self.requests
        };
        let mut arguments = vec!["--csv".into(), "-h".into(), "127.0.0.1".into()];
        let numbers = [
            ("-c", self.clients),
            ("-P", self.depth),
            ("-n", requests),
            ("-r", self.range),
        ];
        for (flag, number) in numbers {
            arguments.extend([flag.into(), number.to_string()]);
        }
        match test.contains(' ') {
            true => arguments.extend(test.split(' ').map(String::from)),
            false => arguments.extend(["-t".into(), test.into()]),
        }
        arguments
    }
}

/// What a run has shown.
#[derive(Clone, Copy)]
pub struct Sample {
    /// Requests per second.
    pub per_second: f64,
    /// Processor time of the server, microseconds a request.
    pub cpu_us: f64,
}

/// A case with the medians of every server, in their order.
pub struct Measured {
    pub case: &'static Case,
    pub samples: Vec<Sample>,
}

/// The load generator on PATH.
pub fn find_generator() -> Result<PathBuf, String> {
    let names = ["redis-benchmark", "valkey-benchmark"];
    let found = names.into_iter().find_map(find_on_path);
    found.ok_or("redis-benchmark is not on PATH (Debian has it in redis-tools)".into())
}

/// Runs all cases; returns the servers' names, with versions, too.
pub fn measure(
    programs: &[Program],
    generator: &Path,
    cores: &Cores,
    options: &Options,
) -> Result<(Vec<String>, Vec<Measured>), String> {
    let mut servers = Vec::new();
    for program in programs {
        let server = program.start(cores.server)?;
        fill(&server).map_err(|error| format!("{}: {error}", program.name))?;
        servers.push(server);
    }
    let names = programs.iter().zip(&servers);
    let names = names.map(|(program, server)| format!("{} {}", program.name, server.version()));
    let names: Vec<String> = names.map(|name| name.trim_end().into()).collect();
    let mut measured = Vec::new();
    for case in CASES
        .iter()
        .filter(|case| !options.quick || SIX.contains(&case.command))
    {
        progress(&case.name());
        let generator = Generator {
            path: generator,
            cores,
            options,
        };
        let samples = generator.medians(case, &servers)?;
        measured.push(Measured { case, samples });
    }
    progress("");
    Ok((names, measured))
}

/// Makes every key that the cases about strings draw, with a value of their size.
fn fill(server: &Server) -> Result<(), String> {
    let mut client = server.client()?;
    let filled = (0..KEYS).try_for_each(|number| client.load(&format!("SET key:{number:012} xxx")));
    filled
        .and_then(|()| client.finish())
        .map_err(|error| error.to_string())
}

struct Generator<'a> {
    path: &'a Path,
    cores: &'a Cores,
    options: &'a Options,
}

impl Generator<'_> {
    fn medians(&self, case: &'static Case, servers: &[Server]) -> Result<Vec<Sample>, String> {
        let mut rounds = vec![Vec::new(); servers.len()];
        for _ in 0..self.options.rounds {
            for (server, samples) in servers.iter().zip(&mut rounds) {
                if let Some(test) = case.after {
                    self.run(case, test, server)?;
                }
                samples.push(self.run(case, case.command, server)?);
            }
        }
        let median_of = |samples: Vec<Sample>| Sample {
            per_second: median(samples.iter().map(|sample| sample.per_second)),
            cpu_us: median(samples.iter().map(|sample| sample.cpu_us)),
        };
        Ok(rounds.into_iter().map(median_of).collect())
    }

    fn run(&self, case: &Case, test: &str, server: &Server) -> Result<Sample, String> {
        let failed = |what: String| format!("{test} at depth {}: {what}", case.depth);
        let mut command = Command::new(self.path);
        // The port comes first: a command of several words ends the options.
        command.args(["-p", &server.port.to_string()]);
        command.args(case.arguments(test, self.options));
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let before_us = server.process.cpu_us()?;
        let mut process = Owned::spawn(&mut command, self.cores.load)
            .map_err(|error| failed(error.to_string()))?;
        let status = process.wait_at_most(RUN_LIMIT).map_err(failed)?;
        let used_us = server.process.cpu_us()? - before_us;
        let mut text = String::new();
        process
            .read_output(&mut text)
            .map_err(|error| failed(error.to_string()))?;
        let per_second = per_second(&text).filter(|_| status.success());
        let per_second = per_second.ok_or(failed(format!("redis-benchmark said: {text}")))?;
        let requests = if self.options.quick {
            case.requests / 4
        } else {
            case.requests
        };
        Ok(Sample {
            per_second,
            cpu_us: used_us / f64::from(requests),
        })
    }
}

/// The second field of the one line that is no heading: `"SET","182149.36",...`.
fn per_second(csv: &str) -> Option<f64> {
    let mut rows = csv
        .lines()
        .filter(|line| line.starts_with('"') && !line.starts_with("\"test\""));
    let row = rows.next()?;
    if rows.next().is_some() {
        return None;
    }
    // A command of several words is quoted in the first field, commas and all.
    let (_, rest) = row.split_once("\",\"")?;
    rest.split('"')
        .next()?
        .parse()
        .ok()
        .filter(|rate| *rate > 0.0)
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() % 2 {
        0 => (values[middle - 1] + values[middle]) / 2.0,
        _ => values[middle],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_read_from_old_and_new_reports() {
        let new = "\"test\",\"rps\",\"avg_latency_ms\"\n\"SET\",\"182149.36\",\"0.144\"\n";
        assert_eq!(per_second(new), Some(182_149.36));
        assert_eq!(per_second("\"lrange a 0 9\",\"5.5\"\n"), Some(5.5));
        assert_eq!(per_second("Error from server: ERR\n"), None);
        assert_eq!(per_second("\"a\",\"1\"\n\"b\",\"2\"\n"), None);
    }

    #[test]
    fn medians() {
        assert_eq!(median([3.0, 1.0, 2.0].into_iter()), 2.0);
        assert_eq!(median([4.0, 1.0].into_iter()), 2.5);
    }

    #[test]
    fn the_six_are_measured_at_both_depths() {
        for depth in [1, 16] {
            let six = CASES
                .iter()
                .filter(|case| case.is_of_six(depth))
                .map(|case| case.command);
            assert!(six.eq(SIX));
        }
    }
}
