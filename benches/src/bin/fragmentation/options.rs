//! The command line.

pub const HELP: &str = "\
usage: fragmentation [--keys N] [NAME=CMD ...]

Stores keys of mixed sizes, deletes half of them at random, stores others, and shows used and resident memory after each.
Without NAME=CMD, Rotom meets the redis-server and valkey-server on PATH.

  NAME=CMD      a server to compare with. CMD is a program with arguments, in which {port} and {dir} (an empty
                folder) are replaced; without {port}, the flags for a port and against persistence are
                added. With NAME 'rotom', it takes the place of the rotom-server beside this program.
  --keys N      how many keys (default 5000000)";

/// What to measure.
#[derive(Debug, PartialEq, Eq)]
pub struct Options {
    pub keys: u64,
    /// Names and commands.
    pub servers: Vec<(String, String)>,
}

/// Reads the arguments after the program's name; `None` asks for help.
pub fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Option<Options>, String> {
    let mut options = Options {
        keys: 5_000_000,
        servers: Vec::new(),
    };
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "-h" | "--help" => return Ok(None),
            "--keys" => {
                let text = arguments.next().ok_or("--keys needs a value")?;
                let keys = text.parse().ok();
                options.keys = keys
                    .filter(|keys| (1..=1_000_000_000).contains(keys))
                    .ok_or(format!("{text}: a number from 1 is expected"))?;
            }
            other => {
                let (name, command) = other
                    .split_once('=')
                    .ok_or(format!("{other}: NAME=CMD is expected"))?;
                options.servers.push((name.into(), command.into()));
            }
        }
    }
    Ok(Some(options))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(line: &str) -> Result<Option<Options>, String> {
        parse(line.split_whitespace().map(String::from))
    }

    #[test]
    fn options_are_read() {
        let options = of("--keys 8 valkey=/v").unwrap().unwrap();
        assert_eq!(options.keys, 8);
        assert_eq!(options.servers, [("valkey".into(), "/v".into())]);
        assert_eq!(of("--help"), Ok(None));
        for wrong in ["--keys", "--keys 0", "x"] {
            assert!(of(wrong).is_err(), "{wrong}");
        }
    }
}
