//! A client in process: the whole command set without a socket.
//!
//! ```
//! use rotom_core::session::Local;
//!
//! let mut rotom = Local::new(42);
//! assert_eq!(rotom.call(&[b"SET", b"greeting", b"hello"]), b"+OK\r\n");
//! assert_eq!(rotom.call(&[b"GET", b"greeting"]), b"$5\r\nhello\r\n");
//! ```

use super::Shared;
use crate::command::{Args, Ask, ClientState, Found, Queued, ReplyMode};
use crate::resp::{Protocol, Reply, Span};
use crate::settings::Settings;
use alloc::boxed::Box;
use alloc::vec::Vec;

/// A keyspace with one client. Time stands still until [`Local::set_time_ms`] is called.
pub struct Local {
    /// The data, settings and statistics.
    pub shared: Shared,
    /// The client.
    pub client: ClientState,
    gauge: Option<Box<dyn Fn() -> usize>>,
}

impl Local {
    /// Empty databases with default settings; everything random follows from `seed`.
    pub fn new(seed: u64) -> Self {
        Local::with_settings(Settings::default(), seed)
    }

    /// Empty databases with these settings.
    pub fn with_settings(settings: Settings, seed: u64) -> Self {
        let mut client = ClientState::new(1, 0);
        // Nobody else could bring what it waits for.
        client.deny_blocking = true;
        Local {
            shared: Shared::new(settings, seed),
            client,
            gauge: None,
        }
    }

    /// Sets the time, Unix milliseconds.
    pub fn set_time_ms(&mut self, now_ms: u64) {
        self.shared.set_time(now_ms * 1000);
    }

    /// Has `maxmemory` heeded: `allocated` tells how many bytes the allocator has handed out.
    pub fn set_gauge(&mut self, allocated: impl Fn() -> usize + 'static) {
        self.gauge = Some(Box::new(allocated));
    }

    /// Runs a command and returns its reply as RESP bytes. What needs the whole server (CLIENT LIST, SHUTDOWN) answers
    /// an error.
    pub fn call(&mut self, words: &[&[u8]]) -> Vec<u8> {
        let mut out = Vec::new();
        if let Some(ask) = self.run(words, &mut out) {
            self.carry_out(*ask, &mut out);
            if self.client.reply_mode == ReplyMode::Skip {
                self.client.reply_mode = ReplyMode::On;
            }
        }
        if !cfg!(test) {
            // Nobody else is there to be told.
            self.shared.keys.events.clear();
        }
        out
    }

    /// Does what a request asks for, as far as that can be done without a server.
    fn carry_out(&mut self, ask: Ask, out: &mut Vec<u8>) {
        if let Ask::Exec(queue) = ask {
            return self.exec(queue, out);
        }
        let start = out.len();
        self.answer(ask, out);
        if self.client.reply_mode != ReplyMode::On {
            out.truncate(start);
        }
    }

    fn answer(&mut self, ask: Ask, out: &mut Vec<u8>) {
        match ask {
            // There is no connection to close after the reply.
            Ask::Close => {}
            Ask::Reset => {
                self.client.end_multi(&mut self.shared.keys);
                self.client.db = 0;
                self.client.protocol = Protocol::Resp2;
                Reply::new(out, self.client.protocol).simple("RESET");
            }
            Ask::UsersChanged => {
                // A deleted user's client may run nothing more, but there is no connection to close.
                self.shared.users.look_again(&mut self.client);
                self.shared.users_settled();
            }
            Ask::DescribeClient => {
                let line = alloc::format!("id={} name={}", self.client.id, self.client.name);
                self.shared.users.log.describe_client(line);
            }
            Ask::SettingsChanged(changes) => {
                self.shared.apply_changes(&changes);
                Reply::new(out, self.client.protocol).ok();
            }
            Ask::ResetStatistics => {
                self.shared.statistics.reset();
                Reply::new(out, self.client.protocol).ok();
            }
            Ask::WaitForLog { .. } => {
                // There is no file that could be durable.
                let mut reply = Reply::new(out, self.client.protocol);
                reply.array(2);
                reply.int(0);
                reply.int(0);
            }
            _ => {
                Reply::new(out, self.client.protocol)
                    .error("ERR this command needs a running server");
            }
        }
    }

    /// Runs the requests of a transaction.
    fn exec(&mut self, queue: Vec<Queued>, out: &mut Vec<u8>) {
        let mut exec = self.shared.begin_exec(&mut self.client, queue.len(), out);
        let mut prng = self.shared.keys.prng.clone();
        let mut random = |into: &mut [u8]| into.fill_with(|| prng.next_u64() as u8);
        for queued in queue {
            let (shared, client) = (&mut self.shared, &mut self.client);
            if let Some(ask) = shared.run_queued(&mut exec, client, &queued, out, &mut random) {
                self.carry_out(*ask, out);
            }
        }
        exec.end(&mut self.shared, &mut self.client);
    }

    /// Runs a command given as one line, with Redis's quoting; for tests and examples.
    pub fn line(&mut self, line: &str) -> Vec<u8> {
        let words = crate::settings::split_words(line.as_bytes()).unwrap_or_default();
        let words: Vec<&[u8]> = words.iter().map(Vec::as_slice).collect();
        self.call(&words)
    }

    /// Runs a command, and hands back what it asks of the engine.
    pub fn run(&mut self, words: &[&[u8]], out: &mut Vec<u8>) -> Option<Box<Ask>> {
        let mut buffer = Vec::new();
        let mut spans = Vec::new();
        for word in words {
            spans.push(Span {
                start: buffer.len() as u32,
                len: word.len() as u32,
            });
            buffer.extend_from_slice(word);
        }
        if spans.is_empty() {
            return None;
        }
        let args = Args::new(&buffer, &spans, self.shared.keys.hasher());
        if let Some(gauge) = &self.gauge
            && let Found::Command(command) = self.shared.registry.find(&args)
            && self.shared.may_need_room_for(&self.client, command)
        {
            self.shared.make_room(gauge, || false);
        }
        let mut prng = self.shared.keys.prng.clone();
        let mut random = |into: &mut [u8]| into.fill_with(|| prng.next_u64() as u8);
        self.shared
            .run(&mut self.client, None, &args, out, &mut random)
    }

    /// Takes what the commands so far would have put into the AOF. Switch it on with
    /// `local.shared.keys.effects.set_enabled(true)`.
    pub fn take_effects(&mut self) -> Vec<u8> {
        self.shared.keys.effects.seal();
        let pending = self.shared.keys.effects.pending().to_vec();
        self.shared.keys.effects.consume(pending.len());
        pending
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_have_redis_texts() {
        let mut rotom = Local::new(1);
        assert_eq!(
            rotom.line("FOO bar 'b z'"),
            b"-ERR unknown command 'FOO', with args beginning with: 'bar' 'b z' \r\n"
        );
        assert_eq!(
            rotom.line("GET"),
            b"-ERR wrong number of arguments for 'get' command\r\n"
        );
        // Words are shown byte for byte, up to a NUL, and no more than 128 bytes of them.
        assert_eq!(
            rotom.call(&[b"\xff\xfe\r\n\0x", b"\x80", b"a\0b"]),
            b"-ERR unknown command '\xff\xfe  ', with args beginning with: '\x80' 'a' \r\n"
        );
        let long = rotom.call(&[&[b'f'; 300], &[b'x'; 200], b"y"]);
        let shown = |byte| long.iter().filter(|&&other| other == byte).count();
        assert_eq!((shown(b'f'), shown(b'x'), shown(b'y')), (128, 128, 0));
        assert_eq!(
            rotom.call(&[b"CLIENT", b"\xff"]),
            b"-ERR unknown subcommand '\xff'. Try CLIENT HELP.\r\n"
        );
        assert_eq!(
            rotom.call(&[b"EXPIRE", b"k", b"1", b"\xc8("]),
            b"-ERR Unsupported option \xc8(\r\n"
        );
    }

    #[test]
    fn http_closes_the_connection_without_a_reply() {
        let mut rotom = Local::new(1);
        for first in ["POST", "host:"] {
            let mut out = Vec::new();
            let ask = rotom.run(&[first.as_bytes(), b"/"], &mut out);
            assert!(matches!(ask.as_deref(), Some(Ask::Close)) && out.is_empty());
        }
    }

    #[test]
    fn effects_are_logged_once() {
        let mut rotom = Local::new(1);
        rotom.shared.keys.effects.set_enabled(true);
        rotom.line("SET a 1");
        rotom.line("GET a");
        rotom.line("SET b 2");
        assert_eq!(
            rotom.take_effects(),
            b"*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\n1\r\n\
              *3\r\n$3\r\nSET\r\n$1\r\nb\r\n$1\r\n2\r\n"
        );
    }

    #[test]
    fn a_command_with_several_effects_is_one_transaction_in_the_log() {
        let mut rotom = Local::new(1);
        rotom.shared.keys.effects.set_enabled(true);
        rotom.line("SADD a 1 2 3");
        rotom.take_effects();
        rotom.shared.keys.effects.begin_command();
        rotom.shared.keys.effects.replace(0, &[b"SREM", b"a", b"1"]);
        rotom.shared.keys.effects.replace(0, &[b"SREM", b"a", b"2"]);
        rotom.shared.keys.effects.end_command();
        assert_eq!(
            rotom.take_effects(),
            b"*1\r\n$5\r\nMULTI\r\n*3\r\n$4\r\nSREM\r\n$1\r\na\r\n$1\r\n1\r\n\
              *3\r\n$4\r\nSREM\r\n$1\r\na\r\n$1\r\n2\r\n*1\r\n$4\r\nEXEC\r\n"
        );
    }
}
