//! Reads the settings: file, standard input and flags, in this order.
//!
//! A file that ends in `.json` or begins with `{` is config.json, any other is a redis.conf. Line numbers
//! count as in Redis, where standard input and flags are appended to the file's text.

use crate::arguments::Sources;
use crate::json;
use rotom_core::bytes::glob::{self, Case};
use rotom_core::command::acl::{RuleContext, check_declaration};
use rotom_core::command::{FAMILIES, Registry};
use rotom_core::settings::{ConfigTextError, Settings, parse_config_text};
use std::fmt;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// How deep files may include each other.
const INCLUDE_DEPTH_MAX: usize = 16;

/// The settings, and the file that CONFIG REWRITE may write.
pub struct Loaded {
    /// The settings.
    pub settings: Settings,
    /// The redis.conf, as an absolute path. None without one; a config.json is never rewritten.
    pub rewritable: Option<PathBuf>,
}

/// Why the server does not start.
#[derive(Debug, PartialEq, Eq)]
pub enum LoadError {
    /// A file cannot be read.
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The operating system's reason.
        reason: String,
    },
    /// A line cannot be used.
    Line {
        /// The file; none for standard input and flags.
        path: Option<PathBuf>,
        /// The line's number; the first is 1.
        line_number: usize,
        /// The line.
        line: String,
        /// What is wrong with it.
        message: String,
    },
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LoadError::Unreadable { path, reason } => {
                write!(
                    f,
                    "Fatal error, can't open config file '{}': {reason}",
                    path.display()
                )
            }
            LoadError::Line {
                path,
                line_number,
                line,
                message,
            } => {
                writeln!(f, "{}", fatal_headline())?;
                write!(f, "Reading the configuration file, at line {line_number}")?;
                if let Some(path) = path {
                    write!(f, " of {}", path.display())?;
                }
                write!(f, "\n>>> '{line}'\n{message}")
            }
        }
    }
}

/// The first line of every configuration error, after an empty one.
pub fn fatal_headline() -> String {
    let version = env!("CARGO_PKG_VERSION");
    format!("\n*** FATAL CONFIG FILE ERROR (Rotom {version}) ***")
}

/// Reads everything that the command line names; `stdin` only when it does.
pub fn load(sources: &Sources, stdin: &mut dyn Read) -> Result<Loaded, LoadError> {
    let mut loader = Loader {
        settings: Settings::default(),
        depth: 0,
    };
    let mut rewritable = None;
    let mut lines_before = 0;
    if let Some(path) = &sources.file {
        let path = absolute(path);
        let text = read_file(&path)?;
        lines_before = count_lines(&text);
        if is_json(&path, &text) {
            loader.json(&path, &text)?;
        } else {
            loader.text(Some(&path), &text, 0)?;
            rewritable = Some(path);
        }
    }
    if sources.stdin {
        let mut text = Vec::new();
        let read = stdin.read_to_end(&mut text);
        read.map_err(|error| unreadable(Path::new("-"), &error))?;
        loader.text(None, &text, lines_before)?;
        lines_before += count_lines(&text);
    }
    loader.text(None, sources.lines.as_bytes(), lines_before + 1)?;
    Ok(Loaded {
        settings: loader.settings,
        rewritable,
    })
}

struct Loader {
    settings: Settings,
    depth: usize,
}

impl Loader {
    /// Reads redis.conf lines; `lines_before` of them were read before.
    fn text(
        &mut self,
        path: Option<&Path>,
        text: &[u8],
        lines_before: usize,
    ) -> Result<(), LoadError> {
        // An error of an included file is that file's, not the line's that includes it.
        let mut of_included = None;
        let result = parse_config_text(text, |_, words| {
            let words: Vec<&[u8]> = words.iter().map(Vec::as_slice).collect();
            match words.as_slice() {
                [b"include", pattern] => self.include(pattern).map_err(|error| {
                    of_included = Some(error);
                    String::new()
                }),
                [name, values @ ..] => self.set(name, values),
                [] => Ok(()),
            }
        });
        match (result, of_included) {
            (Ok(()), _) => Ok(()),
            (Err(_), Some(error)) => Err(error),
            (
                Err(ConfigTextError {
                    line_number,
                    line,
                    message,
                }),
                None,
            ) => Err(LoadError::Line {
                path: path.map(Path::to_path_buf),
                line_number: line_number + lines_before,
                line,
                message,
            }),
        }
    }

    fn json(&mut self, path: &Path, text: &[u8]) -> Result<(), LoadError> {
        let error = |line_number: usize, message: String| LoadError::Line {
            path: Some(path.to_path_buf()),
            line_number,
            line: line_at(text, line_number),
            message,
        };
        let utf8 = std::str::from_utf8(text).map_err(|_| error(1, "Invalid UTF-8".into()))?;
        let entries = json::entries(utf8).map_err(|bad| error(bad.line_number, bad.message))?;
        for entry in entries {
            let words: Vec<&[u8]> = entry.words.iter().map(Vec::as_slice).collect();
            self.set(entry.name.as_bytes(), &words)
                .map_err(|message| error(entry.line_number, message))?;
        }
        Ok(())
    }

    fn set(&mut self, name: &[u8], words: &[&[u8]]) -> Result<(), String> {
        let name = String::from_utf8_lossy(name);
        if name.eq_ignore_ascii_case("user") {
            check_user(words, &self.settings)?;
        }
        self.settings
            .set(&name, words)
            .map_err(|error| error.to_string())
    }

    /// Reads another file. With a pattern, every file that matches; none is fine then.
    fn include(&mut self, pattern: &[u8]) -> Result<(), LoadError> {
        let pattern = PathBuf::from(String::from_utf8_lossy(pattern).into_owned());
        let paths = match has_pattern(&pattern) {
            true => matching_files(&pattern),
            false => vec![pattern],
        };
        for path in paths {
            if self.depth >= INCLUDE_DEPTH_MAX {
                let error = io::Error::other("too many files include each other");
                return Err(unreadable(&path, &error));
            }
            let text = read_file(&path)?;
            self.depth += 1;
            self.text(Some(&path), &text, 0)?;
            self.depth -= 1;
        }
        Ok(())
    }
}

/// Whether a `user` line can be used, as far as its words tell.
fn check_user(words: &[&[u8]], settings: &Settings) -> Result<(), String> {
    let context = RuleContext {
        registry: &Registry::new(FAMILIES),
        all_channels: settings.acl_pubsub_default.is_all(),
    };
    check_declaration(words, &settings.declared_users, context)
}

fn read_file(path: &Path) -> Result<Vec<u8>, LoadError> {
    std::fs::read(path).map_err(|error| unreadable(path, &error))
}

fn unreadable(path: &Path, error: &io::Error) -> LoadError {
    LoadError::Unreadable {
        path: path.to_path_buf(),
        reason: reason_of(error),
    }
}

/// The operating system's words without Rust's addition.
pub fn reason_of(error: &io::Error) -> String {
    let text = error.to_string();
    match text.split_once(" (os error") {
        Some((reason, _)) => reason.to_string(),
        None => text,
    }
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf())
}

fn is_json(path: &Path, text: &[u8]) -> bool {
    let begins = text.trim_ascii_start().first();
    path.extension()
        .is_some_and(|extension| extension == "json")
        || begins == Some(&b'{')
}

fn count_lines(text: &[u8]) -> usize {
    text.iter().filter(|&&byte| byte == b'\n').count()
}

fn line_at(text: &[u8], line_number: usize) -> String {
    let line = text
        .split(|&byte| byte == b'\n')
        .nth(line_number.saturating_sub(1));
    String::from_utf8_lossy(line.unwrap_or_default().trim_ascii()).into_owned()
}

fn has_pattern(path: &Path) -> bool {
    path.as_os_str()
        .as_encoded_bytes()
        .iter()
        .any(|byte| b"*?[".contains(byte))
}

/// The files whose name matches the last part of `pattern`, in order. Names that begin with a dot match only
/// a pattern that does. Folders are taken as they are written.
fn matching_files(pattern: &Path) -> Vec<PathBuf> {
    let name_pattern = pattern.file_name().unwrap_or_default().as_encoded_bytes();
    let folder = match pattern.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let names = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let names = names.map(|entry| entry.file_name()).filter(|name| {
        let name = name.as_encoded_bytes();
        name.starts_with(b".") == name_pattern.starts_with(b".")
            && glob::matches(name_pattern, name, Case::Sensitive)
    });
    let mut paths: Vec<PathBuf> = names.map(|name| folder.join(name)).collect();
    paths.sort();
    paths
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;
    use rotom_core::settings::LogLevel;

    fn load_text(
        lines: &str,
        stdin: Option<&str>,
        file: Option<&Path>,
    ) -> Result<Loaded, LoadError> {
        let sources = Sources {
            file: file.map(Path::to_path_buf),
            stdin: stdin.is_some(),
            lines: lines.into(),
            any: true,
        };
        load(&sources, &mut stdin.unwrap_or_default().as_bytes())
    }

    fn error_of(result: Result<Loaded, LoadError>) -> String {
        result.err().unwrap().to_string()
    }

    #[test]
    fn later_sources_win() {
        let scratch = Scratch::new();
        let file = scratch.write("a.conf", "port 1\nhz 20\ntimeout 3\n");
        let loaded = load_text("port 3", Some("port 2\nhz 30"), Some(&file))
            .unwrap_or_else(|e| panic!("{e}"));
        let settings = loaded.settings;
        assert_eq!((settings.port, settings.hz, settings.timeout), (3, 30, 3));
        assert_eq!(loaded.rewritable, Some(file));
    }

    #[test]
    fn errors_look_like_those_of_redis() {
        assert_eq!(
            error_of(load_text("port \"1\" \nprot \"1234\" ", None, None)),
            "\n*** FATAL CONFIG FILE ERROR (Rotom 0.1.0) ***\n\
             Reading the configuration file, at line 3\n\
             >>> 'prot \"1234\"'\n\
             Bad directive or wrong number of arguments"
        );
        let scratch = Scratch::new();
        let file = scratch.write("a.conf", "# c\n\n  prot 1234\n");
        assert_eq!(
            error_of(load_text("", None, Some(&file))),
            format!(
                "\n*** FATAL CONFIG FILE ERROR (Rotom 0.1.0) ***\n\
                 Reading the configuration file, at line 3 of {}\n\
                 >>> 'prot 1234'\n\
                 Bad directive or wrong number of arguments",
                file.display()
            )
        );
    }

    #[test]
    fn flags_count_after_the_file() {
        let scratch = Scratch::new();
        let file = scratch.write("a.conf", "port 1\nhz 1\n");
        let error = error_of(load_text("port x", None, Some(&file)));
        assert!(
            error.contains("at line 4\n>>> 'port x'\nargument couldn't be parsed"),
            "{error}"
        );
    }

    #[test]
    fn a_missing_file_is_named() {
        let error = error_of(load_text("", None, Some(Path::new("/nowhere/a.conf"))));
        let expected =
            "Fatal error, can't open config file '/nowhere/a.conf': No such file or directory";
        assert_eq!(error, expected);
    }

    #[test]
    fn files_include_files_and_patterns() {
        let scratch = Scratch::new();
        scratch.write("c.d.10.inc", "hz 40");
        scratch.write("c.d.20.inc", "hz 50\ntimeout 9");
        let main = format!(
            "include {}\ninclude /nowhere/*.inc\n",
            scratch.path("c.d.*.inc").display()
        );
        let file = scratch.write("a.conf", &main);
        let settings = load_text("", None, Some(&file))
            .unwrap_or_else(|e| panic!("{e}"))
            .settings;
        assert_eq!((settings.hz, settings.timeout), (50, 9));
        let broken = scratch.write("broken.conf", "port 1\nport x");
        let line = format!("include {}", broken.display());
        let error = error_of(load_text(&line, None, None));
        assert!(
            error.contains(&format!("at line 2 of {}", broken.display())),
            "{error}"
        );
        let around = scratch.path("around.conf");
        scratch.write("around.conf", &format!("include {}", around.display()));
        let error = error_of(load_text("", None, Some(&around)));
        assert!(
            error.ends_with("too many files include each other"),
            "{error}"
        );
    }

    #[test]
    fn json_sets_any_setting_and_flags_win() {
        let scratch = Scratch::new();
        let text = "{\"port\": 6380, \"appendonly\": true,\n \"appendfilename\": \"x.aof\",\n\
                    \"save\": [900, 1], \"loglevel\": \"debug\", \"maxmemory\": \"1gb\",\n\
                    \"client-output-buffer-limit\": [\"normal 1 2 3\", \"pubsub 4 5 6\"]}";
        let file = scratch.write("config.json", text);
        let loaded = load_text("port 7000", None, Some(&file)).unwrap_or_else(|e| panic!("{e}"));
        let settings = loaded.settings;
        assert_eq!((settings.port, settings.appendonly), (7000, true));
        assert_eq!(
            (settings.loglevel, settings.maxmemory),
            (LogLevel::Debug, 1 << 30)
        );
        assert_eq!(settings.appendfilename, "x.aof");
        assert_eq!(settings.text_of("save").unwrap(), b"900 1");
        assert_eq!(settings.client_output_buffer_limit.pubsub.soft_seconds, 6);
        assert_eq!(loaded.rewritable, None);
    }

    #[test]
    fn json_errors_name_file_and_line() {
        let scratch = Scratch::new();
        let cases = [
            (
                "{\"port\": 1,\n\"prot\": 2}",
                "Bad directive or wrong number of arguments",
            ),
            (
                "{\"port\": 1,\n\"hz\": \"x\"}",
                "argument couldn't be parsed into an integer",
            ),
            (
                "{\"port\": 1,\n\"hz\": [1, 2]}",
                "wrong number of arguments",
            ),
            (
                "{\"port\": 1,\n\"include\": \"b.conf\"}",
                "'include' is not supported",
            ),
            ("{\"port\": 1,\n\"hz\": tru}", "expected true or false"),
        ];
        for (text, message) in cases {
            let file = scratch.write("config.json", text);
            let error = error_of(load_text("", None, Some(&file)));
            let at = format!("at line 2 of {}\n>>> '\"", file.display());
            assert!(error.contains(&at) && error.contains(message), "{error}");
        }
    }
}
