//! The command line.

pub const HELP: &str = "\
usage: hit_ratio [OPTIONS] [NAME=CMD ...]

Plays traces of a cache's requests against Rotom and other servers under the same maxmemory, and prints which part of the
requests for keys that come again and again finds them there. Without NAME=CMD, Rotom meets the redis-server and
valkey-server on PATH.

  NAME=CMD         a server to compare with. CMD is a program with arguments, in which {port} and {dir} (an empty
                   folder) are replaced; without {port}, the flags for a port and against persistence are
                   added. With NAME 'rotom', it takes the place of the rotom-server beside this program.
  --memory MB      maxmemory of each server, in megabytes (default 32)
  --requests N     requests of each trace (default 1500000)
  --policies A,B   eviction policies (default: all that evict)";

/// The policies that evict.
const POLICIES: [&str; 7] = [
    "allkeys-lru",
    "allkeys-lfu",
    "allkeys-random",
    "volatile-lru",
    "volatile-lfu",
    "volatile-random",
    "volatile-ttl",
];

/// What to play.
#[derive(Debug, PartialEq, Eq)]
pub struct Options {
    pub memory_mb: u64,
    pub requests: u64,
    pub policies: Vec<String>,
    /// Names and commands.
    pub servers: Vec<(String, String)>,
}

/// Reads the arguments after the program's name; `None` asks for help.
pub fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Option<Options>, String> {
    let mut options = Options {
        memory_mb: 32,
        requests: 1_500_000,
        policies: POLICIES.map(String::from).into(),
        servers: Vec::new(),
    };
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or(format!("{argument} needs a value"));
        match argument.as_str() {
            "-h" | "--help" => return Ok(None),
            "--memory" => options.memory_mb = number(&value()?)?,
            "--requests" => options.requests = number(&value()?)?,
            "--policies" => options.policies = policies(&value()?)?,
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

fn number(text: &str) -> Result<u64, String> {
    match text.parse() {
        Ok(number) if (1..=1_000_000_000).contains(&number) => Ok(number),
        _ => Err(format!("{text}: a number from 1 is expected")),
    }
}

fn policies(text: &str) -> Result<Vec<String>, String> {
    let words = text.split(',').map(|word| {
        let known = POLICIES.contains(&word);
        known
            .then(|| word.to_owned())
            .ok_or(format!("{word} is no policy that evicts"))
    });
    words.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(line: &str) -> Result<Option<Options>, String> {
        parse(line.split_whitespace().map(String::from))
    }

    #[test]
    fn options_are_read() {
        let options = of("--memory 8 --policies allkeys-lru,volatile-ttl valkey=/v --requests 5");
        let options = options.unwrap().unwrap();
        assert_eq!((options.memory_mb, options.requests), (8, 5));
        assert_eq!(options.policies, ["allkeys-lru", "volatile-ttl"]);
        assert_eq!(options.servers, [("valkey".into(), "/v".into())]);
        assert_eq!(of("--help"), Ok(None));
        for wrong in ["--memory", "--memory 0", "--policies noeviction", "x"] {
            assert!(of(wrong).is_err(), "{wrong}");
        }
    }
}
