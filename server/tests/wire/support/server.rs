#![allow(unsafe_code, reason = "a signal is sent through the C library")]
//! A server process of a test's own.

use super::log::Log;
use super::{Client, Folder};
use std::net::TcpListener;
use std::process::{Child, Command, ExitStatus, Stdio};

/// How often another free port is tried: somebody else may take one between the look and the use.
const ATTEMPTS: usize = 20;
const READY: &str = "Ready to accept connections";

/// A server that accepts connections. It is killed when the value goes.
pub struct Server {
    /// Its TCP port.
    pub port: u16,
    child: Child,
    log: Log,
}

/// How a server is told to end.
#[derive(Clone, Copy)]
pub enum Signal {
    /// As a supervisor does.
    Terminate,
    /// As Ctrl-C does.
    Interrupt,
    /// At once, without a chance to do anything.
    Kill,
}

impl Server {
    /// Starts one in `folder` with further flags.
    pub fn start(folder: &Folder, flags: &[&str]) -> Server {
        Server::launch(|port| {
            let port = port.to_string();
            let dir = folder.path().to_str().unwrap();
            let common = ["--port", &port, "--dir", dir, "--save", ""];
            common
                .iter()
                .chain(flags)
                .map(ToString::to_string)
                .collect()
        })
    }

    /// Starts one with the arguments that the caller makes for a free port.
    pub fn launch(arguments: impl Fn(u16) -> Vec<String>) -> Server {
        let mut ports = std::iter::repeat_with(free_port).take(ATTEMPTS);
        let started = ports.find_map(|port| Server::try_launch(port, &arguments(port)));
        started.expect("no port is free")
    }

    /// Starts one whose port is in its configuration; it was free a moment ago.
    pub fn launch_at(port: u16, arguments: &[String]) -> Server {
        let started = (0..ATTEMPTS).find_map(|_| Server::try_launch(port, arguments));
        started.expect("the port is not free")
    }

    /// Starts one that says nothing on its standard output and has no port.
    pub fn launch_quietly(arguments: &[&str], environment: &[(&str, &str)]) -> Server {
        let arguments: Vec<String> = arguments.iter().map(ToString::to_string).collect();
        let environment = environment.iter().copied();
        let mut child = command(&arguments).envs(environment).spawn().unwrap();
        let log = Log::of(child.stdout.take().unwrap());
        Server {
            port: 0,
            child,
            log,
        }
    }

    /// `None` when the port is taken.
    fn try_launch(port: u16, arguments: &[String]) -> Option<Server> {
        let mut child = command(arguments).stderr(Stdio::inherit()).spawn().unwrap();
        let log = Log::of(child.stdout.take().unwrap());
        let mut server = Server { port, child, log };
        if server.log.wait_for(READY) {
            return Some(server);
        }
        server.wait();
        let text = server.log();
        assert!(text.contains("Failed listening on port"), "{text}");
        None
    }

    /// Connects to it.
    pub fn client(&self) -> Client {
        Client::tcp("127.0.0.1", self.port)
    }

    /// Everything that it has logged.
    pub fn log(&self) -> String {
        self.log.text()
    }

    /// Waits for a line of its log.
    pub fn wait_for_line(&self, text: &str) {
        assert!(
            self.log.wait_for(text),
            "no line '{text}' in\n{}",
            self.log.text()
        );
    }

    /// Sends a signal and does not wait.
    pub fn signal(&self, signal: Signal) {
        let number = match signal {
            Signal::Terminate => libc::SIGTERM,
            Signal::Interrupt => libc::SIGINT,
            Signal::Kill => libc::SIGKILL,
        };
        self.send_signal(number);
    }

    /// Sends any signal and does not wait.
    pub fn send_signal(&self, number: libc::c_int) {
        let pid = libc::pid_t::try_from(self.child.id()).unwrap();
        // SAFETY: kill touches no memory, and the child has not been waited for, so the number is still its own.
        let result = unsafe { libc::kill(pid, number) };
        assert_eq!(result, 0);
    }

    /// Waits for its end.
    pub fn wait(&mut self) -> ExitStatus {
        self.log.wait_for_end();
        self.child.wait().unwrap()
    }

    /// Ends it with SIGTERM; it must end well.
    pub fn stop(mut self) {
        self.signal(Signal::Terminate);
        let status = self.wait();
        assert!(status.success(), "{status}\n{}", self.log());
    }

    /// Ends it with SIGKILL.
    pub fn kill(mut self) {
        self.signal(Signal::Kill);
        self.wait();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// What a program that ends by itself has said.
pub struct Ended {
    /// Its exit code.
    pub code: Option<i32>,
    /// Its standard output.
    pub output: String,
    /// Its standard error.
    pub errors: String,
}

/// Runs the server's program with arguments that make it end by itself.
pub fn run_to_end(arguments: &[&str]) -> Ended {
    let arguments: Vec<String> = arguments.iter().map(ToString::to_string).collect();
    let mut child = command(&arguments).stderr(Stdio::piped()).spawn().unwrap();
    let output = Log::of(child.stdout.take().unwrap());
    let errors = Log::of(child.stderr.take().unwrap());
    output.wait_for_end();
    errors.wait_for_end();
    Ended {
        code: child.wait().unwrap().code(),
        output: output.text(),
        errors: errors.text(),
    }
}

fn command(arguments: &[String]) -> Command {
    let program = std::env::var_os("ROTOM_SERVER")
        .unwrap_or_else(|| env!("CARGO_BIN_EXE_rotom-server").into());
    let mut command = Command::new(program);
    command
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped());
    command
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}
