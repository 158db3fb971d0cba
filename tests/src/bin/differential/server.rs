//! The servers: started on free ports in folders of their own, or found on given ports.

use super::link::Link;
use super::reply::Reply;
use std::fs;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

/// A server that answers.
pub struct Server {
    pub port: u16,
    started: Option<(Child, PathBuf)>,
}

/// What a server says that it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    pub is_valkey: bool,
    pub version: (u32, u32, u32),
}

impl Server {
    /// Starts a program, which is given with its arguments; a number is the port of one that runs.
    pub fn get(command: &str) -> Result<Server, String> {
        if let Ok(port) = command.parse() {
            return Ok(Server {
                port,
                started: None,
            });
        }
        for _ in 0..5 {
            let mut server = Server::start(command)?;
            if server.answers() {
                return Ok(server);
            }
        }
        Err(format!("'{command}' does not answer"))
    }

    fn start(command: &str) -> Result<Server, String> {
        let listener = TcpListener::bind("127.0.0.1:0").map_err(|error| error.to_string())?;
        let port = listener
            .local_addr()
            .map_err(|error| error.to_string())?
            .port();
        drop(listener);
        let folder = std::env::temp_dir().join(format!("differential-{port}"));
        fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
        let mut words = command.split_whitespace();
        let child = Command::new(words.next().unwrap_or_default())
            .args(words)
            .args([
                "--port",
                &port.to_string(),
                "--save",
                "",
                "--appendonly",
                "no",
                "--dir",
            ])
            .arg(&folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .map_err(|error| format!("'{command}' does not start: {error}"))?;
        Ok(Server {
            port,
            started: Some((child, folder)),
        })
    }

    fn answers(&mut self) -> bool {
        for _ in 0..500 {
            if let Some((child, _)) = &mut self.started
                && !matches!(child.try_wait(), Ok(None))
            {
                return false;
            }
            let pong = self.connect().and_then(|mut link| link.line("PING"));
            if matches!(pong, Ok(Reply::Simple(_))) {
                return true;
            }
            sleep(Duration::from_millis(20));
        }
        false
    }

    /// A new connection.
    pub fn connect(&self) -> std::io::Result<Link> {
        Link::connect(self.port)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some((child, folder)) = &mut self.started {
            // It may have ended by itself; then there is nothing to do.
            let _ = child.kill();
            let _ = child.wait();
            let _ = fs::remove_dir_all(folder);
        }
    }
}

impl Identity {
    /// Asks a server.
    pub fn of(link: &mut Link) -> Result<Identity, String> {
        let info = link
            .line("INFO server")
            .map_err(|error| error.to_string())?;
        let text = match &info {
            Reply::Bulk(bytes) | Reply::Other(_, bytes) => {
                String::from_utf8_lossy(bytes).into_owned()
            }
            other => return Err(format!("INFO answers {other}")),
        };
        let field = |name: &str| {
            text.lines()
                .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
        };
        let is_valkey = field("valkey_version").is_some();
        let version = field("valkey_version")
            .or(field("redis_version"))
            .unwrap_or_default();
        let mut parts = version.split('.').map(|part| part.parse().unwrap_or(0));
        let mut part = || parts.next().unwrap_or(0);
        Ok(Identity {
            is_valkey,
            version: (part(), part(), part()),
        })
    }

    /// Whether it is Redis older than a version, or any Valkey.
    pub fn lacks_redis(self, major: u32, minor: u32) -> bool {
        self.is_valkey || self.version < (major, minor, 0)
    }

    /// Whether it is older than Redis of this version; Valkey is taken for Redis 7.2, from which it comes.
    pub fn is_before(self, major: u32, minor: u32) -> bool {
        let version = if self.is_valkey {
            (7, 2, 4)
        } else {
            self.version
        };
        version < (major, minor, 0)
    }

    /// Whether it is Valkey older than a version, or any Redis.
    pub fn lacks_valkey(self, major: u32, minor: u32) -> bool {
        !self.is_valkey || self.version < (major, minor, 0)
    }
}
