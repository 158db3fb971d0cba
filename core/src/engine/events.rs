//! Telling who listens what has happened: after each request, and after each slice of expiry and eviction.
//!
//! [`Engine::push`] is how anything reaches a client that it has not asked for in this very request: it writes to the
//! end of that client's output, which is sent at the end of the turn. So whatever a client did itself is answered before
//! it is told about it, as in Redis.
//!
//! A message is written once, and copied to each subscriber's output; what is long in it is shared.

use super::Engine;
use super::connection::Connection;
use crate::keyspace::{Event, Message};
use crate::platform::Platform;
use crate::pubsub::Kind;
use crate::resp::{Loans, Protocol, Reply};
use crate::settings::KeyspaceEvents;
use alloc::format;
use alloc::vec::Vec;

impl<P: Platform> Engine<P> {
    /// Tells the listeners everything that has happened since the last time.
    #[cold]
    ///
    /// `by`: the slot of the client whose request has brought them about, if one has.
    pub(super) fn tell_events(&mut self, by: Option<u32>) {
        let events = self.shared.keys.events.take();
        let mut was_flushed = false;
        for event in events.iter() {
            let is_flushed = matches!(event, Event::Flushed { .. });
            // FLUSHALL empties one database after the other, and is told once.
            if is_flushed && !core::mem::replace(&mut was_flushed, true) {
                self.invalidate_all();
            }
            was_flushed &= is_flushed;
            self.tell(&event, by);
        }
        self.shared.keys.events.give_back(events);
    }

    fn tell(&mut self, event: &Event<'_>, by: Option<u32>) {
        match *event {
            Event::Key {
                db,
                class,
                name,
                key,
            } => {
                self.notify_key(db, class, name, key);
                if class != KeyspaceEvents::KEY_MISS {
                    self.invalidate(key, by);
                }
            }
            Event::Message {
                is_sharded,
                channel,
                message,
            } => {
                let kind = if is_sharded {
                    Kind::Shard
                } else {
                    Kind::Channel
                };
                self.deliver(kind, channel, message);
            }
            Event::Monitored(request) => self.tell_monitors(&request),
            Event::Flushed { .. } | Event::Swapped { .. } => {}
        }
    }

    /// Publishes an event of a key, if it is one of those in `notify-keyspace-events`.
    fn notify_key(&mut self, db: usize, class: KeyspaceEvents, name: &str, key: &[u8]) {
        let notified = self.shared.keys.events.notified();
        if !notified.publishes(class) || self.shared.pubsub.is_nobody_there() {
            return;
        }
        if notified.contains(KeyspaceEvents::KEYSPACE) {
            let mut channel = format!("__keyspace@{db}__:").into_bytes();
            channel.extend_from_slice(key);
            self.deliver(Kind::Channel, &channel, Message::Short(name.as_bytes()));
        }
        if notified.contains(KeyspaceEvents::KEYEVENT) {
            let channel = format!("__keyevent@{db}__:{name}");
            self.deliver(Kind::Channel, channel.as_bytes(), Message::Short(key));
        }
    }

    /// Sends a message to all who listen to a channel: first those who named it, then those with patterns.
    fn deliver(&mut self, kind: Kind, channel: &[u8], message: Message<'_>) {
        let mut text = core::mem::take(&mut self.message_text);
        if let Some(topic) = self.shared.pubsub.find(kind, channel) {
            let word = match kind {
                Kind::Shard => "smessage",
                _ => "message",
            };
            write_message(&mut text, &[word.as_bytes(), channel], message);
            self.send_to_all(kind, topic, &text, message);
        }
        let mut from = 0;
        while kind == Kind::Channel
            && let Some(pattern) = self.shared.pubsub.matching(channel, from)
        {
            let name = self.shared.pubsub.name(Kind::Pattern, pattern);
            write_message(&mut text, &[b"pmessage", name, channel], message);
            self.send_to_all(Kind::Pattern, pattern, &text, message);
            from = pattern + 1;
        }
        text.clear();
        text.shrink_to(KEEP_TEXT_BYTES);
        self.message_text = text;
    }

    fn send_to_all(&mut self, kind: Kind, topic: u32, text: &[u8], message: Message<'_>) {
        for place in 0..self.shared.pubsub.place_count(kind, topic) {
            if let Some(slot) = self.shared.pubsub.slot(kind, topic, place) {
                self.push(slot, |reply, loans| {
                    reply.push_text(text);
                    if let Message::Long(shared) = message {
                        reply.bulk_lent(loans, shared, 0..shared.len());
                    }
                });
            }
        }
    }

    /// Writes something to a client that is no reply: a message, an invalidation, a line of MONITOR. Also clients that
    /// want no replies get it (CLIENT REPLY OFF); one that is about to be closed does not.
    #[inline]
    pub(super) fn push(&mut self, slot: u32, write: impl FnOnce(&mut Reply<'_>, &mut Loans)) {
        let Some(connection) = self.connections.get_mut(slot) else {
            return;
        };
        if connection.closing || connection.hung_up {
            return;
        }
        let Connection { client, output, .. } = connection;
        let before = output.len();
        let mut reply = Reply::new(output.push_writer(), client.protocol);
        write(&mut reply, &mut client.loans);
        if !client.loans.is_empty() {
            output.lend(&mut client.loans);
        }
        self.reply_bytes += output.len() - before;
        if !connection.flush_queued {
            self.queue_flush(slot);
        }
    }
}

/// Room for the text of a message that is kept between messages.
const KEEP_TEXT_BYTES: usize = 64 * 1024;

/// Writes a message as a push, but for its text if that is long.
fn write_message(text: &mut Vec<u8>, words: &[&[u8]], message: Message<'_>) {
    text.clear();
    let mut reply = Reply::new(text, Protocol::Resp3);
    reply.push(words.len() + 1);
    for word in words {
        reply.bulk(word);
    }
    if let Message::Short(bytes) = message {
        reply.bulk(bytes);
    }
}
