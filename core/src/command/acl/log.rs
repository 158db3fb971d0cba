//! ACL LOG: what was refused last. Entries that are alike within a minute are one, with a count.

use super::Denied;
use crate::resp::Reply;
use alloc::collections::VecDeque;
use alloc::string::String;
use alloc::vec::Vec;

/// Events further apart are not alike, milliseconds.
const ALIKE_WITHIN_MS: u64 = 60_000;
/// Entries that are compared with a new one.
const COMPARED: usize = 10;

/// What was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// A name and password.
    Auth,
    /// A command.
    Command,
    /// A key.
    Key,
    /// A channel.
    Channel,
}

impl Reason {
    fn name(self) -> &'static str {
        match self {
            Reason::Auth => "auth",
            Reason::Command => "command",
            Reason::Key => "key",
            Reason::Channel => "channel",
        }
    }
}

impl From<Denied> for Reason {
    fn from(denied: Denied) -> Reason {
        match denied {
            Denied::Command => Reason::Command,
            Denied::Key(_) => Reason::Key,
            Denied::Channel(_) => Reason::Channel,
        }
    }
}

/// What the client was doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Context {
    /// It sent the command by itself.
    TopLevel,
    /// It queued or ran a transaction.
    Multi,
}

impl Context {
    fn name(self) -> &'static str {
        match self {
            Context::TopLevel => "toplevel",
            Context::Multi => "multi",
        }
    }
}

/// An event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// What was refused.
    pub reason: Reason,
    /// Where.
    pub context: Context,
    /// The command's name, the key or the channel.
    pub object: Vec<u8>,
    /// The user, or the name that was given for it.
    pub username: Vec<u8>,
}

#[derive(Debug)]
struct Entry {
    event: Event,
    count: u64,
    id: u64,
    created_ms: u64,
    updated_ms: u64,
    client_info: String,
}

/// The log.
#[derive(Debug, Default)]
pub struct AclLog {
    /// The newest one first.
    entries: VecDeque<Entry>,
    next_id: u64,
    /// The client of the newest entry is not described yet.
    lacks_client: bool,
}

impl AclLog {
    /// Writes an event down, if `max_len` entries leave room for any.
    pub fn add(&mut self, event: Event, now_ms: u64, max_len: usize) {
        if max_len == 0 {
            return self.entries.clear();
        }
        let alike = self.entries.iter().take(COMPARED).position(|entry| {
            entry.event == event && entry.updated_ms.abs_diff(now_ms) <= ALIKE_WITHIN_MS
        });
        let mut entry = match alike.and_then(|at| self.entries.remove(at)) {
            Some(entry) => entry,
            None => {
                self.next_id += 1;
                Entry {
                    event,
                    count: 0,
                    id: self.next_id - 1,
                    created_ms: now_ms,
                    updated_ms: now_ms,
                    client_info: String::new(),
                }
            }
        };
        entry.count += 1;
        entry.updated_ms = now_ms;
        self.entries.push_front(entry);
        self.entries.truncate(max_len);
        self.lacks_client = true;
    }

    /// Whether [`AclLog::describe_client`] is due.
    pub fn lacks_client(&self) -> bool {
        self.lacks_client
    }

    /// Tells the client of the newest entry, as a line of CLIENT LIST.
    pub fn describe_client(&mut self, line: String) {
        self.lacks_client = false;
        if let Some(entry) = self.entries.front_mut() {
            entry.client_info = line;
        }
    }

    /// ACL LOG RESET.
    pub fn clear(&mut self) {
        self.entries.clear();
    }

    /// Replies with the newest entries.
    pub(super) fn write(&self, reply: &mut Reply<'_>, count: usize, now_ms: u64) {
        let count = count.min(self.entries.len());
        reply.array(count);
        for entry in self.entries.iter().take(count) {
            entry.write(reply, now_ms);
        }
    }
}

impl Entry {
    fn write(&self, reply: &mut Reply<'_>, now_ms: u64) {
        reply.map(10);
        reply.text("count");
        reply.int(self.count as i64);
        reply.text("reason");
        reply.text(self.event.reason.name());
        reply.text("context");
        reply.text(self.event.context.name());
        reply.text("object");
        reply.bulk(&self.event.object);
        reply.text("username");
        reply.bulk(&self.event.username);
        reply.text("age-seconds");
        reply.double(now_ms.saturating_sub(self.updated_ms) as f64 / 1000.0);
        reply.text("client-info");
        reply.text(&self.client_info);
        reply.text("entry-id");
        reply.int(self.id as i64);
        reply.text("timestamp-created");
        reply.int(self.created_ms as i64);
        reply.text("timestamp-last-updated");
        reply.int(self.updated_ms as i64);
    }
}
