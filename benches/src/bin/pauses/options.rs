//! The command line.

use super::scenes::SCENES;

pub const HELP: &str = "\
usage: pauses [OPTIONS] [NAME=CMD ...]

Prints how long another client waits, and the longest turn of the server's event loop, while much is added, deleted or
expires. Without NAME=CMD, Rotom meets the redis-server and valkey-server on PATH.

  NAME=CMD       a server to compare with. CMD is a program with arguments, in which {port} and {dir} (an empty
                 folder) are replaced; without {port}, the flags for a port and against persistence are
                 added. With NAME 'rotom', it takes the place of the rotom-server beside this program.
  --keys N       keys, members or fields in each scene (default 1000000)
  --scenes A,B   some of: grow, shrink, flushall, zset, hash, list, string, replies, burst, spread";

/// What to measure.
#[derive(Debug, PartialEq, Eq)]
pub struct Options {
    pub keys: usize,
    /// Empty: all of them.
    pub scenes: Vec<String>,
    /// Names and commands.
    pub servers: Vec<(String, String)>,
}

impl Options {
    /// Whether a scene is asked for.
    pub fn wants(&self, scene: &str) -> bool {
        self.scenes.is_empty() || self.scenes.iter().any(|name| name == scene)
    }
}

/// Reads the arguments after the program's name; `None` asks for help.
pub fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Option<Options>, String> {
    let mut options = Options {
        keys: 1_000_000,
        scenes: Vec::new(),
        servers: Vec::new(),
    };
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or(format!("{argument} needs a value"));
        match argument.as_str() {
            "-h" | "--help" => return Ok(None),
            "--keys" => options.keys = keys(&value()?)?,
            "--scenes" => options.scenes = scenes(&value()?)?,
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

fn keys(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(keys) if (1000..=100_000_000).contains(&keys) => Ok(keys),
        _ => Err(format!("{text}: a number from 1000 is expected")),
    }
}

fn scenes(text: &str) -> Result<Vec<String>, String> {
    let words = text.split(',').map(|word| {
        let known = SCENES.iter().any(|scene| scene.name == word);
        known
            .then(|| word.to_owned())
            .ok_or(format!("{word} is no scene"))
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
        let options = of("--keys 5000 --scenes burst,grow valkey=/v")
            .unwrap()
            .unwrap();
        assert_eq!(options.keys, 5000);
        assert!(options.wants("grow") && !options.wants("list"));
        assert_eq!(options.servers, [("valkey".into(), "/v".into())]);
        assert!(of("").unwrap().unwrap().wants("list"));
        assert_eq!(of("--help"), Ok(None));
        for wrong in ["--keys", "--keys 1", "--scenes dance", "x"] {
            assert!(of(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_help_names_every_scene() {
        for scene in SCENES {
            assert!(HELP.contains(scene.name), "{}", scene.name);
        }
    }
}
