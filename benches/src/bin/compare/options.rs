//! The command line.

use std::path::PathBuf;

pub const HELP: &str = "\
usage: compare [--quick] [--rounds N] [--out DIR] [NAME=CMD ...]

Measures Rotom beside other servers of its protocol: requests per second and server CPU a request under
redis-benchmark, and resident bytes an item. Without NAME=CMD, Rotom meets the redis-server and valkey-server on PATH.

  NAME=CMD      a server to compare with. CMD is a program with arguments, in which {port} and {dir} (an empty
                folder) are replaced; without {port}, the flags for a port and against persistence are
                added. With NAME 'rotom', it takes the place of the rotom-server beside this program.
  --quick       the six main commands and less data, one round
  --rounds N    rounds of which the median is taken (default 3)
  --out DIR     where charts and tables go (default target/compare)";

/// What the command line asks for.
pub enum Parsed {
    /// How to use the program.
    Help,
    /// A comparison.
    Compare(Options),
}

/// How to compare.
pub struct Options {
    pub quick: bool,
    pub rounds: usize,
    pub out: PathBuf,
    /// Names and commands.
    pub servers: Vec<(String, String)>,
}

/// Reads the arguments after the program's name.
pub fn parse(arguments: impl Iterator<Item = String>) -> Result<Parsed, String> {
    let mut options = Options {
        quick: false,
        rounds: 0,
        out: PathBuf::from("target/compare"),
        servers: Vec::new(),
    };
    let mut arguments = arguments;
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or(format!("{argument} needs a value"));
        match argument.as_str() {
            "-h" | "--help" => return Ok(Parsed::Help),
            "--quick" => options.quick = true,
            "--rounds" => options.rounds = rounds(&value()?)?,
            "--out" => options.out = value()?.into(),
            other => options.servers.push(server(other)?),
        }
    }
    if options.rounds == 0 {
        options.rounds = if options.quick { 1 } else { 3 };
    }
    Ok(Parsed::Compare(options))
}

fn rounds(text: &str) -> Result<usize, String> {
    let number = text
        .parse()
        .ok()
        .filter(|rounds| (1..=100).contains(rounds));
    number.ok_or(format!("not a number of rounds from 1 to 100: {text}"))
}

fn server(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, command))
            if !name.starts_with('-') && !name.is_empty() && !command.is_empty() =>
        {
            Ok((name.into(), command.into()))
        }
        _ => Err(format!("neither an option nor NAME=CMD: {text}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compare(line: &str) -> Result<Options, String> {
        match parse(line.split_whitespace().map(String::from))? {
            Parsed::Compare(options) => Ok(options),
            Parsed::Help => Err("help".into()),
        }
    }

    #[test]
    fn options_and_servers_are_read() {
        let options = compare("--quick a=b=c --out x --rounds 7").unwrap();
        assert!(options.quick && options.rounds == 7 && options.out.as_os_str() == "x");
        assert_eq!(options.servers, [("a".into(), "b=c".into())]);
        assert_eq!(compare("").unwrap().rounds, 3);
        assert_eq!(compare("--quick").unwrap().rounds, 1);
    }

    #[test]
    fn mistakes_are_refused() {
        for line in [
            "--rounds",
            "--rounds 0",
            "--rounds x",
            "--slow",
            "--slow=1",
            "a",
            "=b",
            "a=",
        ] {
            assert!(compare(line).is_err(), "{line}");
        }
    }
}
