//! What the server says about itself while it starts. Scripts and tests wait for these lines, so they are
//! Redis's.

use rotom_core::settings::Settings;
use std::io::{IsTerminal, Write, stdout};

const LOGO: &str = "
   _____       _
  |  __ \\     | |
  | |__) |___ | |_ ___  _ __ ___
  |  _  // _ \\| __/ _ \\| '_ ` _ \\
  | | \\ \\ (_) | || (_) | | | | | |
  |_|  \\_\\___/ \\__\\___/|_| |_| |_|
";

/// The first lines; `program` is the name it was started by, and `configured` says whether any setting
/// was given.
pub fn starting(program: &str, configured: bool) {
    let version = env!("CARGO_PKG_VERSION");
    let (bits, pid) = (usize::BITS, std::process::id());
    log::info!("oO0OoO0OoO0Oo Rotom is starting oO0OoO0OoO0Oo");
    log::info!(
        "Rotom version={version}, bits={bits}, commit=00000000, modified=0, pid={pid}, just started"
    );
    if configured {
        log::info!("Configuration loaded");
    } else {
        log::warn!(
            "Warning: no config file specified, using the default config. \
             In order to specify a config file use {program} /path/to/rotom.conf"
        );
    }
}

/// The logo where somebody looks, and how the server runs.
pub fn running(settings: &Settings) {
    let on_terminal = settings.logfile.is_empty() && stdout().is_terminal();
    if on_terminal || settings.always_show_logo {
        // A logo that cannot be shown harms nothing.
        writeln!(stdout(), "{LOGO}").ok();
    }
    log::info!("{}", identity(settings));
    log::info!("Running mode=standalone, port={}.", settings.port);
    let ignored: Vec<&str> = settings.ignored().collect();
    if !ignored.is_empty() {
        log::warn!(
            "Accepted without effect in this version of Rotom: {}",
            ignored.join(", ")
        );
    }
}

/// What Redis writes beside its logo.
fn identity(settings: &Settings) -> String {
    format!(
        "Rotom {} {} bit, running in standalone mode, Port: {}, PID: {}",
        env!("CARGO_PKG_VERSION"),
        usize::BITS,
        settings.port,
        std::process::id()
    )
}

/// The engine is there; data follows.
pub fn initialized() {
    log::info!("Server initialized");
}

/// Clients can come through listeners of a kind: `tcp`, `unix`, `tls`.
pub fn ready(kind: &str) {
    log::info!("Ready to accept connections {kind}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_identity_names_port_and_process() {
        let text = identity(&Settings::default());
        assert!(text.contains("Port: 6379, "), "{text}");
        assert!(
            text.ends_with(&format!("PID: {}", std::process::id())),
            "{text}"
        );
    }
}
