//! `rotom-server --check-aof`: checks an append-only log, of Rotom, Redis or Valkey, and cuts it where it is damaged.
//!
//! The path may be the data directory, the log's folder, its manifest, or one file. The exit code is 0 when all is good, or
//! was repaired, and 1 otherwise, as that of `redis-check-aof`.

use crate::arguments::CheckAof;
use rotom_core::persist::check::{CheckedFile, check_file, check_log, cut, fix_log};
use rotom_platform_linux::{LinuxStorage, Wake};
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// What there is at the path.
enum Target {
    /// A manifest: its folder and name.
    Log(PathBuf, String),
    /// One file: its folder and name.
    File(PathBuf, String),
}

/// Checks and reports; repairs if asked for.
pub fn run(arguments: &CheckAof) -> ExitCode {
    match check(arguments) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(reason) => {
            say(&reason);
            ExitCode::FAILURE
        }
    }
}

/// Whether all is good at the end.
fn check(arguments: &CheckAof) -> Result<bool, String> {
    match find(&arguments.path)? {
        Target::Log(folder, manifest) => check_all(&folder, &manifest, arguments.fix),
        Target::File(folder, name) => check_one(&folder, &name, arguments.fix),
    }
}

fn check_all(folder: &Path, manifest: &str, fix: bool) -> Result<bool, String> {
    let mut storage = open(folder)?;
    say(&format!("Start checking Multi Part AOF {manifest}"));
    let log = check_log(&mut storage, "", manifest)?;
    log.files.iter().for_each(say_file);
    for name in &log.unchecked {
        say(&format!(
            "{name}: not checked, as a file before it is damaged"
        ));
    }
    if log.is_good() {
        say("All AOF files and manifest are valid");
        return Ok(true);
    }
    if !fix {
        say(
            "The log is not valid. Use the --fix option to cut it there; what is cut is kept in a file beside it.",
        );
        return Ok(false);
    }
    if !is_confirmed() {
        return Ok(false);
    }
    fix_log(&mut storage, &log, &mut |line| say(&line))?;
    say("The log is repaired");
    Ok(true)
}

fn check_one(folder: &Path, name: &str, fix: bool) -> Result<bool, String> {
    let mut storage = open(folder)?;
    say(&format!("Start checking Old-Style AOF {name}"));
    let checked = check_file(&mut storage, "", name, None, &mut 0);
    let file = checked.map_err(|error| format!("{name}: {error}"))?;
    say_file(&file);
    let Some(damage) = &file.damage else {
        say(&format!("AOF {name} is valid"));
        return Ok(true);
    };
    if !fix {
        say(
            "The file is not valid. Use the --fix option to cut it there; what is cut is kept in a file beside it.",
        );
        return Ok(false);
    }
    if !is_confirmed() {
        return Ok(false);
    }
    cut(&mut storage, "", &file, damage, &mut |line| say(&line))?;
    say("The file is repaired");
    Ok(true)
}

fn open(folder: &Path) -> Result<LinuxStorage, String> {
    let wake = Wake::new();
    wake.and_then(|wake| LinuxStorage::open(folder, wake))
        .map_err(|error| format!("{}: {error}", folder.display()))
}

/// Finds the log that a path means.
fn find(path: &Path) -> Result<Target, String> {
    let failed = |error: std::io::Error| format!("Cannot open file {}: {error}", path.display());
    let found = std::fs::metadata(path).map_err(failed)?;
    if found.is_dir() {
        let inside = path.join("appendonlydir");
        let (folder, manifest) = match manifest_in(path).map_err(failed)? {
            Some(name) => (path.to_owned(), name),
            None => match manifest_in(&inside) {
                Ok(Some(name)) => (inside, name),
                _ => return Err(format!("There is no manifest in {}", path.display())),
            },
        };
        return Ok(Target::Log(folder, manifest));
    }
    let name = path.file_name().and_then(|name| name.to_str());
    let name = name.ok_or_else(|| format!("{} is no file name", path.display()))?;
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder.to_owned(),
        _ => PathBuf::from("."),
    };
    Ok(if name.ends_with(".manifest") {
        Target::Log(folder, name.into())
    } else {
        Target::File(folder, name.into())
    })
}

fn manifest_in(folder: &Path) -> std::io::Result<Option<String>> {
    let mut names: Vec<String> = std::fs::read_dir(folder)?
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.ends_with(".manifest") && !name.starts_with("temp-"))
        .collect();
    names.sort();
    Ok(names.into_iter().next())
}

/// Asks at a terminal; elsewhere `--fix` is enough of an answer.
fn is_confirmed() -> bool {
    let input = std::io::stdin();
    if !input.is_terminal() {
        return true;
    }
    print!("This will cut the log as said above. Continue? [y/N]: ");
    let _ = std::io::stdout().flush();
    let mut answer = String::new();
    let is_read = input.read_line(&mut answer).is_ok();
    let is_yes = is_read && answer.trim_start().starts_with(['y', 'Y']);
    if !is_yes {
        say("Aborting...");
    }
    is_yes
}

fn say_file(file: &CheckedFile) {
    say(&file.to_string());
}

fn say(line: &str) {
    // Who does not listen any more wants the exit code only.
    let _ = writeln!(std::io::stdout(), "{line}");
}
