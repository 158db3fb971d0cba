//! The command line.

pub const HELP: &str = "\
usage: differential [--against CMD|PORT] [--rotom CMD|PORT] [--seed N] [--commands N] [--families A,B,...]
                    [--only CMD,...] [--round N] [--differences N] [--allow-missing] [--quiet]

Sends the same random commands to Rotom and to a reference server, and compares every reply and, at intervals, the
whole data. Ends with code 1 at the first difference, and says how to see it again.

  --against CMD|PORT  the reference: a program with arguments, which is started on a free port, or the port of a running
                      one, whose data are lost (default redis-server)
  --rotom CMD|PORT    likewise Rotom (default the rotom-server beside this program)
  --seed N            everything random follows from it (default: of the time, printed)
  --commands N        how many commands at least (default 100000)
  --families A,B,...  rows of these families only; --families help lists them
  --only CMD,...      rows of these commands only
  --round N           commands between two FLUSHALLs (default 2000)
  --differences N     go on until N different ones have been seen (default 1)
  --allow-missing     commands that only the reference knows are reported, and are no failure
  --quiet             no line for each round";

/// What the command line asks for.
pub enum Parsed {
    /// How to use the program.
    Help,
    /// A comparison.
    Run(Box<Options>),
}

/// How to compare.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    pub against: String,
    pub rotom: Option<String>,
    pub seed: Option<u64>,
    pub commands: u64,
    pub families: Vec<String>,
    pub only: Vec<String>,
    pub round_len: u64,
    pub differences: usize,
    pub allow_missing: bool,
    pub quiet: bool,
}

/// Reads the arguments after the program's name.
pub fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Parsed, String> {
    let mut options = Options {
        against: "redis-server".into(),
        rotom: None,
        seed: None,
        commands: 100_000,
        families: Vec::new(),
        only: Vec::new(),
        round_len: 2000,
        differences: 1,
        allow_missing: false,
        quiet: false,
    };
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or(format!("{argument} needs a value"));
        match argument.as_str() {
            "-h" | "--help" => return Ok(Parsed::Help),
            "--against" => options.against = value()?,
            "--rotom" => options.rotom = Some(value()?),
            "--seed" => options.seed = Some(number(&value()?)?),
            "--commands" => options.commands = number(&value()?)?,
            "--families" => options.families = names(&value()?),
            "--only" => options.only = names(&value()?),
            "--round" => options.round_len = number(&value()?)?.max(1),
            "--differences" => options.differences = number(&value()?)?.max(1) as usize,
            "--allow-missing" => options.allow_missing = true,
            "--quiet" => options.quiet = true,
            other => return Err(format!("no such option: {other}")),
        }
    }
    Ok(Parsed::Run(Box::new(options)))
}

fn number(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| format!("not a number: {text}"))
}

fn names(text: &str) -> Vec<String> {
    text.split(',').map(str::to_ascii_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(line: &str) -> Result<Options, String> {
        match parse(line.split_whitespace().map(String::from))? {
            Parsed::Run(options) => Ok(*options),
            Parsed::Help => Err("help".into()),
        }
    }

    #[test]
    fn options_are_read() {
        let options = run("--against 7700 --seed 5 --families Set,zset --allow-missing").unwrap();
        assert_eq!((options.against.as_str(), options.seed), ("7700", Some(5)));
        assert_eq!(options.families, ["set", "zset"]);
        assert!(options.allow_missing && options.differences == 1);
    }

    #[test]
    fn mistakes_are_refused() {
        for line in ["--seed", "--seed x", "--what", "7700"] {
            assert!(run(line).is_err(), "{line}");
        }
    }
}
