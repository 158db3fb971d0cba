//! The servers: which there are, and starting them.

use super::client::Client;
use super::options::Options;
use super::process::Owned;
use std::env;
use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// What keeps servers off the disk and off the network.
const FLAGS: &str = "--port {port} --bind 127.0.0.1 --save '' --appendonly no";
/// How long a server may take to answer PING.
const START_LIMIT: Duration = Duration::from_secs(20);

/// A server that can be started.
pub struct Program {
    pub name: String,
    /// Its words, with `{port}` and `{dir}`.
    words: Vec<String>,
}

/// Rotom first, then those named, or those on PATH.
pub fn programs(options: &Options) -> Result<Vec<Program>, String> {
    let mut programs = Vec::new();
    if !options.servers.iter().any(|(name, _)| name == "rotom") {
        programs.push(Program::new("rotom", &quoted(&rotom()?))?);
    }
    for (name, command) in &options.servers {
        programs.push(Program::new(name, command)?);
    }
    // Whatever the order on the command line: the ratios are Rotom's.
    programs.sort_by_key(|program| program.name != "rotom");
    if options.servers.is_empty() {
        for (name, file) in [("redis", "redis-server"), ("valkey", "valkey-server")] {
            match find_on_path(file) {
                Some(path) => programs.push(Program::new(name, &quoted(&path))?),
                None => println!("{file} is not on PATH; name one with {name}=/path/to/{file}"),
            }
        }
    }
    Ok(programs)
}

impl Program {
    fn new(name: &str, command: &str) -> Result<Program, String> {
        let command = match command.contains("{port}") {
            true => command.into(),
            false => format!("{command} {FLAGS}"),
        };
        let words = rotom_core::settings::split_words(command.as_bytes())
            .map(|words| {
                words
                    .into_iter()
                    .map(|word| String::from_utf8_lossy(&word).into_owned())
            })
            .ok_or(format!("unbalanced quotes: {command}"))?
            .collect();
        let name = name.into();
        Ok(Program { name, words })
    }

    /// Starts it in an empty folder, and waits until it answers.
    pub fn start(&self, core: Option<usize>) -> Result<Server, String> {
        let failed = |what: String| format!("{}: {what}", self.name);
        let port = free_port().map_err(|error| failed(format!("no free port: {error}")))?;
        let folder = Folder::new(port).map_err(|error| failed(format!("no folder: {error}")))?;
        let log = folder.0.join("output");
        let output = File::create(&log).and_then(|file| Ok((file.try_clone()?, file)));
        let (stdout, stderr) = output.map_err(|error| failed(error.to_string()))?;
        let replaced = |word: &String| {
            let word = word.replace("{port}", &port.to_string());
            word.replace("{dir}", &folder.0.to_string_lossy())
        };
        let words: Vec<String> = self.words.iter().map(replaced).collect();
        let (program, arguments) = words.split_first().ok_or(failed("no program".into()))?;
        let mut command = Command::new(program);
        command
            .args(arguments)
            .current_dir(&folder.0)
            .stdout(stdout)
            .stderr(stderr);
        let process = Owned::spawn(&mut command, core)
            .map_err(|error| failed(format!("cannot start {program}: {error}")))?;
        let mut server = Server {
            port,
            process,
            _folder: folder,
        };
        server.wait_until_ready().map_err(|error| {
            let said = fs::read_to_string(&log).unwrap_or_default();
            failed(format!("{error}; it said:\n{said}"))
        })?;
        Ok(server)
    }
}

/// A server that runs; dropped, it ends.
pub struct Server {
    pub port: u16,
    pub process: Owned,
    _folder: Folder,
}

impl Server {
    fn wait_until_ready(&mut self) -> Result<(), &'static str> {
        let deadline = Instant::now() + START_LIMIT;
        while Instant::now() < deadline {
            if let Ok("+PONG") = Client::connect(self.port)
                .and_then(|mut client| client.ask("PING"))
                .as_deref()
            {
                return Ok(());
            }
            if !self.process.is_running() {
                return Err("it ended at once");
            }
            sleep(Duration::from_millis(20));
        }
        Err("it does not answer PING")
    }

    /// A connection to it.
    pub fn client(&self) -> Result<Client, String> {
        Client::connect(self.port).map_err(|error| error.to_string())
    }

    /// The version that it tells in INFO; empty when it does not.
    pub fn version(&self) -> String {
        let info = self
            .client()
            .and_then(|mut client| client.ask("INFO server").map_err(|error| error.to_string()));
        let info = info.unwrap_or_default();
        let field = |name| info.lines().find_map(|line| line.strip_prefix(name));
        // The others tell a Redis version too, whose behaviour they have.
        let version = ["rotom_version:", "valkey_version:", "redis_version:"];
        version
            .into_iter()
            .find_map(field)
            .unwrap_or_default()
            .into()
    }
}

/// An empty folder of this program's own, removed with its owner.
struct Folder(PathBuf);

impl Folder {
    fn new(number: u16) -> std::io::Result<Folder> {
        let name = format!("rotom-compare-{}-{number}", std::process::id());
        let path = env::temp_dir().join(name);
        fs::create_dir(&path)?;
        Ok(Folder(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // It is in the folder for temporary files, so one that stays behind does no harm.
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn free_port() -> std::io::Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    Ok(listener.local_addr()?.port())
}

/// The `rotom-server` beside this program. Run through cargo, it is built first, so that it is never an old one.
fn rotom() -> Result<PathBuf, String> {
    let this = env::current_exe().map_err(|error| error.to_string())?;
    let path = this.with_file_name("rotom-server");
    if let (Some(cargo), Some(package)) = (env::var_os("CARGO"), env::var_os("CARGO_MANIFEST_DIR"))
    {
        let mut build = Command::new(cargo);
        build
            .args(["build", "--quiet", "--release", "-p", "rotom-server"])
            .current_dir(package);
        let status = build.status().map_err(|error| format!("cargo: {error}"))?;
        if !status.success() {
            return Err("rotom-server cannot be built".into());
        }
    }
    match path.is_file() {
        true => Ok(path),
        false => Err(format!(
            "there is no {}; build it with cargo build --release -p rotom-server",
            path.display()
        )),
    }
}

/// The program of this name on PATH.
pub fn find_on_path(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
}

fn quoted(path: &Path) -> String {
    format!("\"{}\"", path.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_added_where_the_command_names_no_port() {
        let words = |command| Program::new("x", command).unwrap().words;
        assert_eq!(words("a --port {port}"), ["a", "--port", "{port}"]);
        let added = [
            "a",
            "--port",
            "{port}",
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--appendonly",
            "no",
        ];
        assert_eq!(words("a"), added);
        assert!(Program::new("x", "a 'b").is_err());
    }
}
