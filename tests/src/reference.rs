//! A real Redis or Valkey to compare with: the program that `ROTOM_REFERENCE` names, else `redis-server`.

use crate::reply::{Value, line, take_reply};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

/// A running server; it ends with this.
pub struct Reference {
    child: Child,
    stream: TcpStream,
    /// Whether it is a Valkey.
    pub is_valkey: bool,
    /// Its version's first two numbers.
    pub version: (u32, u32),
}

impl Drop for Reference {
    fn drop(&mut self) {
        // It may have ended by itself.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

impl Reference {
    /// Starts one; `None` where there is no such program.
    pub fn start() -> Option<Reference> {
        let program = std::env::var("ROTOM_REFERENCE").unwrap_or_else(|_| "redis-server".into());
        for _ in 0..5 {
            let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
            let port = listener.local_addr().expect("the reference answers").port();
            drop(listener);
            let child = Command::new(&program)
                .args([
                    "--port",
                    &port.to_string(),
                    "--save",
                    "",
                    "--appendonly",
                    "no",
                ])
                .args(["--enable-debug-command", "yes"])
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .ok()?;
            if let Some(reference) = Reference::on(child, port) {
                return Some(reference);
            }
        }
        unreachable!("{program} does not answer");
    }

    fn on(mut child: Child, port: u16) -> Option<Reference> {
        let stream = (0..250).find_map(|_| {
            sleep(Duration::from_millis(20));
            TcpStream::connect(("127.0.0.1", port)).ok()
        });
        let Some(stream) = stream else {
            // Another program has taken the port meanwhile, or this one does not start.
            child.kill().ok();
            child.wait().ok();
            return None;
        };
        let mut reference = Reference {
            child,
            stream,
            is_valkey: false,
            version: (0, 0),
        };
        let Value::Bulk(Some(info)) = reference.ask("INFO server") else {
            return None;
        };
        let info = String::from_utf8(info).expect("the reference answers");
        let field = |name: &str| info.lines().find_map(|line| line.strip_prefix(name));
        let valkey = field("valkey_version:");
        let version = valkey
            .or(field("redis_version:"))
            .expect("the reference answers");
        let mut numbers = version.split('.').map(|number| number.parse().unwrap_or(0));
        reference.is_valkey = valkey.is_some();
        reference.version = (
            numbers.next().expect("the reference answers"),
            numbers.next().expect("the reference answers"),
        );
        Some(reference)
    }

    /// Sends a line of words and returns the reply.
    pub fn ask(&mut self, text: &str) -> Value {
        self.stream
            .write_all(&line(text))
            .expect("the reference answers");
        let mut bytes = Vec::new();
        let mut part = vec![0; 1 << 16];
        loop {
            if let Some(value) = take_reply(&mut bytes) {
                return value;
            }
            let len = self.stream.read(&mut part).expect("the reference answers");
            assert!(len > 0, "the reference has ended");
            bytes.extend_from_slice(&part[..len]);
        }
    }
}
