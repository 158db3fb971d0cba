//! What surrounds the server in the operating system: its folder, its pid file, its supervisor.

use crate::config_file::reason_of;
use rotom_core::settings::{Settings, Supervised};
use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::path::{Path, PathBuf};

/// Where a daemon writes its pid when nothing else is said.
const DEFAULT_PIDFILE: &str = "/var/run/rotom.pid";

/// Enters the data directory, and makes `dir` its absolute path.
pub fn enter_folder(settings: &mut Settings) -> io::Result<()> {
    std::env::set_current_dir(&settings.dir)?;
    let folder = std::env::current_dir()?;
    settings.dir = folder
        .to_str()
        .ok_or(io::ErrorKind::InvalidFilename)?
        .to_string();
    Ok(())
}

/// Whether the server leaves the terminal: a supervisor wants it to stay.
pub fn is_background(settings: &Settings) -> bool {
    settings.daemonize && Supervisor::find(settings).is_none()
}

/// The pid file, removed when the server ends.
pub struct PidFile {
    path: PathBuf,
}

impl PidFile {
    /// Writes it if one is wanted. A failure is logged and is no reason not to serve, as in Redis.
    pub fn write(settings: &Settings) -> Option<PidFile> {
        let path = match settings.pidfile.as_str() {
            "" if is_background(settings) => DEFAULT_PIDFILE,
            "" => return None,
            path => path,
        };
        let path = std::path::absolute(path).unwrap_or_else(|_| path.into());
        match std::fs::write(&path, format!("{}\n", std::process::id())) {
            Ok(()) => Some(PidFile { path }),
            Err(error) => {
                log::warn!("Failed to write PID file: {}", reason_of(&error));
                None
            }
        }
    }
}

impl Drop for PidFile {
    fn drop(&mut self) {
        // Whoever took the file away already has done the work.
        std::fs::remove_file(&self.path).ok();
    }
}

/// A supervisor that waits to hear that the server is ready.
pub enum Supervisor {
    /// systemd, at its socket.
    Systemd {
        /// The path of the socket; after a `@`, its abstract name.
        socket: String,
    },
    /// Upstart, which waits until the process stops itself (`expect stop`).
    Upstart,
}

impl Supervisor {
    /// The supervisor that `supervised` and the environment name.
    pub fn find(settings: &Settings) -> Option<Supervisor> {
        let of = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let upstart = || of("UPSTART_JOB").map(|_| Supervisor::Upstart);
        let systemd = || of("NOTIFY_SOCKET").map(|socket| Supervisor::Systemd { socket });
        match settings.supervised {
            Supervised::Systemd => systemd(),
            Supervised::Upstart => upstart(),
            Supervised::Auto => upstart().or_else(systemd),
            Supervised::No => None,
        }
    }

    /// Says that the server loads its data, which may take a while.
    pub fn notify_loading(&self) -> io::Result<()> {
        match self {
            Supervisor::Systemd { .. } => log::info!(
                "Supervised by systemd. Please make sure you set appropriate values for TimeoutStartSec and \
                 TimeoutStopSec in your service unit."
            ),
            Supervisor::Upstart => {
                log::info!("supervised by upstart, will stop to signal readiness.")
            }
        }
        self.notify("STATUS=Rotom is loading...\n")
    }

    /// Says that clients can come.
    pub fn notify_ready(&self) -> io::Result<()> {
        if let Supervisor::Upstart = self {
            rotom_platform_linux::process::stop();
        }
        self.notify("STATUS=Ready to accept connections\nREADY=1\n")
    }

    /// Says that the server is about to end.
    pub fn notify_stopping(&self) -> io::Result<()> {
        self.notify("STOPPING=1\n")
    }

    fn notify(&self, state: &str) -> io::Result<()> {
        let Supervisor::Systemd { socket } = self else {
            return Ok(());
        };
        let address = match socket.strip_prefix('@') {
            Some(name) => SocketAddr::from_abstract_name(name)?,
            None => SocketAddr::from_pathname(Path::new(socket))?,
        };
        UnixDatagram::unbound()?
            .send_to_addr(state.as_bytes(), &address)
            .map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;

    fn settings(name: &str, value: &str) -> Settings {
        let mut settings = Settings::default();
        settings.set(name, &[value.as_bytes()]).unwrap();
        settings
    }

    #[test]
    fn a_pid_file_lives_as_long_as_its_value() {
        let scratch = Scratch::new();
        let path = scratch.path("pid");
        let file = PidFile::write(&settings("pidfile", path.to_str().unwrap()));
        assert_eq!(
            std::fs::read_to_string(&path).unwrap(),
            format!("{}\n", std::process::id())
        );
        drop(file);
        assert!(!path.exists());
        assert!(PidFile::write(&Settings::default()).is_none());
        assert!(PidFile::write(&settings("pidfile", "/nowhere/pid")).is_none());
    }

    #[test]
    fn a_supervisor_hears_that_the_server_is_ready() {
        let scratch = Scratch::new();
        let path = scratch.path("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        let supervisor = Supervisor::Systemd {
            socket: path.to_str().unwrap().into(),
        };
        supervisor.notify_ready().unwrap();
        let mut heard = [0; 100];
        let length = socket.recv(&mut heard).unwrap();
        assert!(heard[..length].ends_with(b"\nREADY=1\n"));
        assert!(
            Supervisor::Systemd {
                socket: "/nowhere/notify".into()
            }
            .notify_stopping()
            .is_err()
        );
    }

    #[test]
    fn only_an_unsupervised_daemon_leaves() {
        assert!(is_background(&settings("daemonize", "yes")));
        assert!(!is_background(&Settings::default()));
        assert!(Supervisor::find(&settings("supervised", "no")).is_none());
    }

    #[test]
    fn a_missing_folder_is_an_error() {
        let missing = enter_folder(&mut settings("dir", "/nowhere/data")).unwrap_err();
        assert_eq!(reason_of(&missing), "No such file or directory");
    }
}
