//! A client whose writes are numbered, to see what a crash has left of them.

use crate::reply::{Value, request, take_replies};
use crate::server::Server;
use crate::sim::{PowerCut, Sim, SimClient};

/// A client that writes `key:0`, `key:1`, ... and knows what became of each.
pub struct Writer {
    /// Its connection.
    pub client: SimClient,
    /// How many it has sent.
    pub sent: usize,
    /// Whether each was acknowledged or refused, in order, as far as they were answered.
    pub answers: Vec<bool>,
    received: Vec<u8>,
}

impl Writer {
    /// A writer that has sent nothing.
    pub fn new(server: &Server) -> Writer {
        Writer {
            client: server.connect(),
            sent: 0,
            answers: Vec::new(),
            received: Vec::new(),
        }
    }

    /// Sends the next `count` writes.
    pub fn send(&mut self, count: usize) {
        for number in self.sent..self.sent + count {
            let (key, value) = (format!("key:{number}"), value(number));
            let set = request(&[b"SET", key.as_bytes(), value.as_bytes()]);
            self.client.send(&set);
        }
        self.sent += count;
    }

    /// Takes the replies that have come.
    pub fn receive(&mut self) {
        self.received.extend(self.client.receive());
        for reply in take_replies(&mut self.received) {
            let is_ok = reply == Value::Simple("OK".into());
            assert!(is_ok || reply.is_error("MISCONF"), "{reply:?}");
            self.answers.push(is_ok);
        }
    }

    /// How many were acknowledged.
    pub fn acknowledged(&self) -> usize {
        self.answers.iter().filter(|&&is_ok| is_ok).count()
    }

    /// Ends the server that a disk has failed, cuts the power, and looks twice what a new one finds. Whether the disk was off:
    /// if not, every write must have been answered by now.
    pub fn survives(&self, server: Server, sim: &Sim, cut: PowerCut, lines: &[&str]) -> bool {
        let was_off = sim.disk().is_off();
        assert!(
            was_off || self.answers.len() == self.sent,
            "a reply is missing"
        );
        drop(server);
        sim.disk().heal();
        sim.power_cut(cut);
        let found = self.restart(sim, lines);
        assert_eq!(
            self.restart(sim, lines),
            found,
            "a second start finds the same"
        );
        was_off
    }

    /// Starts anew and looks what is there: all that was acknowledged, nothing that was refused, of the rest what was
    /// sent first, and nothing else. Returns how many there are.
    pub fn restart(&self, sim: &Sim, lines: &[&str]) -> usize {
        let mut server = Server::start(sim, lines);
        let (mut count, mut missing) = (0, None);
        for number in 0..self.sent {
            let found = server.get(&format!("key:{number}"));
            match (found, self.answers.get(number)) {
                (Some(found), answer) => {
                    assert_eq!(found, value(number).as_bytes(), "key {number}");
                    assert_ne!(answer, Some(&false), "{number} was refused and is there");
                    assert_eq!(missing, None, "{number} is there");
                    count += 1;
                }
                (None, Some(false)) => {}
                (None, answer) => {
                    assert_ne!(answer, Some(&true), "{number} was acknowledged and is lost");
                    missing = missing.or(Some(number));
                }
            }
        }
        assert_eq!(server.key_count(), count, "something was invented");
        drop(server);
        sim.kill_process();
        count
    }
}

/// The value of the key with this number.
pub fn value(number: usize) -> String {
    format!("value of {number} {}", "x".repeat(number % 40))
}

/// Says how to come to a failure again.
pub struct Replay(pub String);

impl Drop for Replay {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("to replay: {}", self.0);
        }
    }
}
