//! From the command line to settings, a log and a folder: everything before the engine.

use crate::arguments::Sources;
use crate::config_file::{LoadError, fatal_headline, load, reason_of};
use crate::{logging, process};
use rotom_core::settings::Settings;
use std::fmt;
use std::io::Read;
use std::path::PathBuf;

/// What the engine starts from.
pub struct Startup {
    /// The settings; `dir` is absolute and the current folder.
    pub settings: Settings,
    /// The file that CONFIG REWRITE writes.
    pub rewritable: Option<PathBuf>,
}

/// Why the server does not start; its text goes to standard error, and the process ends with status 1.
#[derive(Debug)]
pub enum StartError {
    /// The settings cannot be read.
    Load(LoadError),
    /// The settings ask for what the system does not give.
    Refused(String),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StartError::Load(error) => error.fmt(f),
            StartError::Refused(reason) => write!(f, "{}\n{reason}", fatal_headline()),
        }
    }
}

/// Reads the settings, enters the data directory and starts the log.
pub fn prepare(sources: &Sources, stdin: &mut dyn Read) -> Result<Startup, StartError> {
    let loaded = load(sources, stdin).map_err(StartError::Load)?;
    let mut settings = loaded.settings;
    let asked = settings.dir.clone();
    process::enter_folder(&mut settings).map_err(|error| {
        StartError::Refused(format!("Can't chdir to '{asked}': {}", reason_of(&error)))
    })?;
    logging::start(&settings.logfile, settings.loglevel).map_err(|error| {
        StartError::Refused(format!("Can't open the log file: {}", reason_of(&error)))
    })?;
    Ok(Startup {
        settings,
        rewritable: loaded.rewritable,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error_of(lines: &str) -> String {
        let sources = Sources {
            lines: lines.into(),
            any: true,
            ..Sources::default()
        };
        let result = prepare(&sources, &mut std::io::empty());
        result.err().unwrap().to_string()
    }

    #[test]
    fn what_the_system_refuses_is_fatal() {
        let headline = "\n*** FATAL CONFIG FILE ERROR (Rotom 0.1.0) ***\n";
        assert_eq!(
            error_of("dir /nowhere"),
            format!("{headline}Can't chdir to '/nowhere': No such file or directory")
        );
        assert_eq!(
            error_of("logfile /nowhere/log"),
            format!("{headline}Can't open the log file: No such file or directory")
        );
        assert!(error_of("port x").contains("at line 2\n"));
    }
}
