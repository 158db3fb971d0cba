//! The command line: `rotom-server [config.json|redis.conf] [--name value ...] [-]`.
//!
//! As in Redis, flags become configuration lines that are read after the file, so the last word on a
//! setting is the command line's, and everything a file can say a flag can say too.

use rotom_core::settings::{quote, split_words};
use std::path::PathBuf;

/// What the command line asks for.
#[derive(Debug, PartialEq, Eq)]
pub enum Command {
    /// Start the server.
    Serve(Sources),
    /// Print the version.
    Version,
    /// Print how to use the program.
    Help,
    /// Check a log.
    CheckAof(CheckAof),
}

/// What `--check-aof` is to do.
#[derive(Debug, PartialEq, Eq)]
pub struct CheckAof {
    /// The data directory, the log's folder, its manifest, or one file.
    pub path: PathBuf,
    /// Whether a damaged log is cut.
    pub fix: bool,
}

/// Where the settings come from, in the order in which they are read.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Sources {
    /// The configuration file.
    pub file: Option<PathBuf>,
    /// Whether more lines come from standard input.
    pub stdin: bool,
    /// The flags, as configuration lines.
    pub lines: String,
    /// Whether anything was given at all.
    pub any: bool,
}

/// Reads the arguments after the program's name.
pub fn parse(arguments: &[String]) -> Command {
    match arguments.first().map(String::as_str) {
        Some("-v" | "--version") => return Command::Version,
        Some("-h" | "--help") => return Command::Help,
        Some("--check-aof") => return check_aof(&arguments[1..]),
        _ => {}
    }
    let mut sources = Sources {
        any: !arguments.is_empty(),
        ..Sources::default()
    };
    let mut rest = arguments;
    if let Some((first, after)) = arguments.split_first()
        && !first.starts_with('-')
    {
        sources.file = Some(first.into());
        rest = after;
    }
    let starts_with_dash = sources.file.is_none();
    // Whether a word that begins with dashes would name a setting: not where a value must come.
    let mut expects_name = true;
    for (at, word) in rest.iter().enumerate() {
        let is_last = at + 1 == rest.len();
        if word == "-" && (is_last || (at == 0 && starts_with_dash)) {
            sources.stdin = true;
        } else if let Some(flag) = word.strip_prefix("--").filter(|_| expects_name) {
            expects_name = sources.add_flag(flag, rest.get(at + 1));
        } else {
            sources.lines.push_str(&quote(word.as_bytes()));
            sources.lines.push(' ');
            expects_name = true;
        }
    }
    Command::Serve(sources)
}

fn check_aof(arguments: &[String]) -> Command {
    let (fixes, paths): (Vec<&String>, Vec<&String>) =
        arguments.iter().partition(|word| *word == "--fix");
    match paths.as_slice() {
        [path] => Command::CheckAof(CheckAof {
            path: path.into(),
            fix: !fixes.is_empty(),
        }),
        _ => Command::Help,
    }
}

impl Sources {
    /// Begins a line with a flag, and says whether the next word may begin another.
    fn add_flag(&mut self, flag: &str, next: Option<&String>) -> bool {
        if !self.lines.is_empty() {
            self.lines.push('\n');
        }
        if let Some((name, value)) = name_and_value(flag) {
            self.lines
                .push_str(&format!("{name} {} ", quote(value.as_bytes())));
            return true;
        }
        self.lines.push_str(flag);
        self.lines.push(' ');
        // Also `--port 6380` may come as one word.
        if split_words(flag.as_bytes()).is_some_and(|words| words.len() > 1) {
            return true;
        }
        // An empty list of save points may come as nothing at all: `--save --port 7000`.
        let is_save = flag.trim_end().eq_ignore_ascii_case("save");
        if is_save && next.is_none_or(|next| next.starts_with("--")) {
            self.lines.push_str("\"\"");
            return true;
        }
        false
    }
}

/// Splits `port=7000`, which Redis does not know but other programs do.
fn name_and_value(flag: &str) -> Option<(&str, &str)> {
    let (name, value) = flag.split_once('=')?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    (!name.is_empty() && name.bytes().all(plain)).then_some((name, value))
}

/// The text of `--version`, in Redis's form.
pub fn version_text() -> String {
    format!(
        "Rotom server v={} sha=00000000:0 malloc=rotom bits={} build=0",
        env!("CARGO_PKG_VERSION"),
        usize::BITS
    )
}

/// The text of `--help`.
pub const HELP: &str = "\
Usage: ./rotom-server [/path/to/redis.conf | /path/to/config.json] [options] [-]
       ./rotom-server - (read config from stdin)
       ./rotom-server -v or --version
       ./rotom-server -h or --help
       ./rotom-server --check-aof <data directory | file.manifest | file.aof> [--fix]

Options are the settings of redis.conf: --name value ... or --name=value.
They are read after the file, so they win.

Examples:
       ./rotom-server (run the server with the defaults)
       echo 'maxmemory 128mb' | ./rotom-server -
       ./rotom-server /etc/rotom/6379.conf
       ./rotom-server config.json --port 7777
       ./rotom-server --save 900 1 --appendonly yes
       ./rotom-server --bind 127.0.0.1 ::1 --loglevel verbose";

#[cfg(test)]
mod tests {
    use super::*;

    fn serve(arguments: &[&str]) -> Sources {
        let arguments: Vec<String> = arguments.iter().map(ToString::to_string).collect();
        match parse(&arguments) {
            Command::Serve(sources) => sources,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_first_word_may_be_a_file() {
        let sources = serve(&["a.conf", "--port", "7000"]);
        assert_eq!(sources.file, Some("a.conf".into()));
        assert_eq!(sources.lines, "port \"7000\" ");
        assert_eq!(serve(&["--port", "1", "b.conf"]).file, None);
        assert!(!serve(&[]).any && serve(&["-"]).any);
    }

    #[test]
    fn flags_take_several_values() {
        let lines = |arguments: &[&str]| serve(arguments).lines;
        assert_eq!(
            lines(&["--save", "900", "1", "--port", "7"]),
            "save \"900\" \"1\" \nport \"7\" "
        );
        assert_eq!(
            lines(&["--bind", "127.0.0.1", "-::1"]),
            "bind \"127.0.0.1\" \"-::1\" "
        );
        assert_eq!(lines(&["--save", ""]), "save \"\" ");
        assert_eq!(lines(&["--save", "--port", "7"]), "save \"\"\nport \"7\" ");
        assert_eq!(lines(&["--save"]), "save \"\"");
        assert_eq!(
            lines(&["--requirepass", "--x", "--port", "7"]),
            "requirepass \"--x\" \nport \"7\" "
        );
        assert_eq!(lines(&["--port 7", "--hz", "5"]), "port 7 \nhz \"5\" ");
        assert_eq!(
            lines(&["--port=7", "--requirepass=a=\"b"]),
            "port \"7\" \nrequirepass \"a=\\\"b\" "
        );
    }

    #[test]
    fn a_dash_reads_standard_input_first_or_last() {
        assert!(serve(&["-"]).stdin);
        assert!(serve(&["-", "--port", "7"]).stdin);
        assert!(serve(&["a.conf", "--port", "7", "-"]).stdin);
        let middle = serve(&["--dir", "-", "--port", "7"]);
        assert_eq!(
            (middle.stdin, middle.lines.as_str()),
            (false, "dir \"-\" \nport \"7\" ")
        );
    }

    #[test]
    fn version_and_help_come_first() {
        let parse = |word: &str| parse(&[word.to_string()]);
        assert_eq!(
            (parse("-v"), parse("--version")),
            (Command::Version, Command::Version)
        );
        assert_eq!(
            (parse("-h"), parse("--help")),
            (Command::Help, Command::Help)
        );
        let words = ["--check-aof", "--fix", "dir"].map(String::from);
        let wanted = CheckAof {
            path: "dir".into(),
            fix: true,
        };
        assert_eq!(super::parse(&words), Command::CheckAof(wanted));
        assert_eq!(parse("--check-aof"), Command::Help);
        assert!(version_text().starts_with("Rotom server v=0.1.0 sha="));
    }
}
