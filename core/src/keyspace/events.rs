//! What happened to keys, for those who asked: subscribers of notifications, transactions that watch keys, and clients
//! that cache.
//!
//! While nobody listens, nothing is kept. While somebody does, each event is kept until the end of the command (or of the
//! slice of expiry or eviction) that brought it about; whoever runs commands takes them then and tells the listeners.
//! What PUBLISH sends to somebody is kept among them, so that everything is told in the order in which it happened.

use super::EventClass;
use crate::bytes::shared::{LONG_BYTES, SharedBytes};
use alloc::rc::Rc;
use alloc::vec::Vec;

/// One event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// Something happened to a key.
    Key {
        /// Its database.
        db: usize,
        /// The class of the event, as in `notify-keyspace-events`.
        class: EventClass,
        /// The name of the event, such as `set`.
        name: &'static str,
        /// The key.
        key: &'a [u8],
    },
    /// A database was emptied.
    Flushed {
        /// Which.
        db: usize,
    },
    /// Two databases were exchanged.
    Swapped {
        /// One.
        a: usize,
        /// And the other.
        b: usize,
    },
    /// A request has run, and somebody is sent all of them.
    Monitored(Monitored<'a>),
    /// A message was published.
    Message {
        /// Whether to a shard channel.
        is_sharded: bool,
        /// The channel.
        channel: &'a [u8],
        /// What was said.
        message: Message<'a>,
    },
}

/// A request as monitors are sent it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Monitored<'a> {
    /// Where the engine has the connection that it came from.
    pub slot: u32,
    /// The database it worked on.
    pub db: usize,
    /// When it ran, microseconds since the Unix epoch.
    pub wall_us: u64,
    /// Its words, quoted.
    pub words: &'a [u8],
}

/// The text of a published message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Message<'a> {
    /// A short one, which each subscriber gets a copy of.
    Short(&'a [u8]),
    /// A long one, which all subscribers share.
    Long(&'a SharedBytes),
}

impl Message<'_> {
    /// Its bytes.
    pub fn bytes(&self) -> &[u8] {
        match self {
            Message::Short(bytes) => bytes,
            Message::Long(shared) => shared,
        }
    }
}

/// Who listens to events of keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listener {
    /// Subscribers of keyspace notifications.
    Notifications = 1,
    /// Transactions that watch keys.
    Watch = 2,
    /// Clients that cache.
    Tracking = 4,
    /// Tests.
    Test = 8,
}

/// Events that nobody was told of yet, oldest first.
#[derive(Debug, Default)]
pub struct Events {
    /// Who listens: a set of [`Listener`]s.
    listeners: u8,
    /// What notifications are wanted of.
    classes: EventClass,
    kept: Vec<Kept>,
    /// The keys, channels and short messages, one after the other.
    bytes: Vec<u8>,
}

#[derive(Clone, Debug)]
enum Kept {
    Key {
        db: u32,
        class: EventClass,
        name: &'static str,
        start: usize,
        len: usize,
    },
    Flushed(usize),
    Swapped(usize, usize),
    Monitored {
        slot: u32,
        db: usize,
        wall_us: u64,
        start: usize,
        len: usize,
    },
    Message {
        is_sharded: bool,
        start: usize,
        channel_len: usize,
        len: usize,
        /// The message if it is a long one; `len` is 0 then.
        long: Option<SharedBytes>,
    },
}

/// Room that is kept between commands.
const KEEP_BYTES: usize = 16 * 1024;
const KEEP_EVENTS: usize = 256;

impl Events {
    /// Tells whether this listener wants events from now on.
    pub fn set_wanted(&mut self, listener: Listener, is_wanted: bool) {
        if is_wanted {
            self.listeners |= listener as u8;
        } else {
            self.listeners &= !(listener as u8);
        }
    }

    /// Tells which classes notifications are sent of, as in `notify-keyspace-events`.
    pub fn set_notified(&mut self, classes: EventClass) {
        self.classes = classes;
        self.set_wanted(Listener::Notifications, classes.publishes_any());
    }

    /// Which classes notifications are sent of.
    pub fn notified(&self) -> EventClass {
        self.classes
    }

    /// Whether anyone wants to know what happens to keys: the one test that this costs while nobody does.
    #[inline(always)]
    pub fn are_wanted(&self) -> bool {
        self.listeners != 0
    }

    /// The listeners that events are kept for. Watched keys are marked at once ([`super::Watched`]).
    fn told_later(&self) -> u8 {
        self.listeners & !(Listener::Watch as u8)
    }

    /// Whether events of this class are kept.
    fn is_kept(&self, class: EventClass) -> bool {
        let told = self.told_later();
        let only_notified = told == Listener::Notifications as u8;
        told != 0 && (!only_notified || self.classes.publishes(class))
    }

    /// Whether there is no event.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// The events, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = Event<'_>> {
        self.kept.iter().map(|kept| match kept {
            &Kept::Key {
                db,
                class,
                name,
                start,
                len,
            } => Event::Key {
                db: db as usize,
                class,
                name,
                key: &self.bytes[start..start + len],
            },
            &Kept::Flushed(db) => Event::Flushed { db },
            &Kept::Swapped(a, b) => Event::Swapped { a, b },
            &Kept::Monitored {
                slot,
                db,
                wall_us,
                start,
                len,
            } => Event::Monitored(Monitored {
                slot,
                db,
                wall_us,
                words: &self.bytes[start..start + len],
            }),
            Kept::Message {
                is_sharded,
                start,
                channel_len,
                len,
                long,
            } => {
                let (channel, message) =
                    self.bytes[*start..start + channel_len + len].split_at(*channel_len);
                Event::Message {
                    is_sharded: *is_sharded,
                    channel,
                    message: long.as_ref().map_or(Message::Short(message), Message::Long),
                }
            }
        })
    }

    /// Takes the events out, to be told and then given back with [`Events::give_back`].
    pub fn take(&mut self) -> Events {
        Events {
            listeners: self.listeners,
            classes: self.classes,
            kept: core::mem::take(&mut self.kept),
            bytes: core::mem::take(&mut self.bytes),
        }
    }

    /// Gives the room of events that were told back. Events that came meanwhile stay.
    pub fn give_back(&mut self, mut told: Events) {
        if self.kept.is_empty() {
            told.clear();
            (self.kept, self.bytes) = (told.kept, told.bytes);
        }
    }

    /// Forgets all events.
    pub fn clear(&mut self) {
        self.kept.clear();
        self.bytes.clear();
        self.kept.shrink_to(KEEP_EVENTS);
        self.bytes.shrink_to(KEEP_BYTES);
    }

    #[cold]
    pub(super) fn push_key(
        &mut self,
        db: usize,
        class: EventClass,
        name: &'static str,
        key: &[u8],
    ) {
        if !self.is_kept(class) {
            return;
        }
        self.kept.push(Kept::Key {
            db: db as u32,
            class,
            name,
            start: self.bytes.len(),
            len: key.len(),
        });
        self.bytes.extend_from_slice(key);
    }

    /// A key was looked for and not found. No one but subscribers of notifications wants to know.
    #[inline(always)]
    pub(super) fn key_missed(&mut self, db: usize, key: &[u8]) {
        // First the test that is the cheaper one.
        if self.are_wanted() && self.classes.publishes(EventClass::KEY_MISS) {
            self.push_key(db, EventClass::KEY_MISS, "keymiss", key);
        }
    }

    /// Adds a message; somebody is there to get it.
    pub fn push_message(&mut self, is_sharded: bool, channel: &[u8], message: &[u8]) {
        if message.len() >= LONG_BYTES {
            return self.push_long_message(is_sharded, channel, &Rc::new(message.to_vec()));
        }
        let start = self.bytes.len();
        self.bytes.extend_from_slice(channel);
        self.bytes.extend_from_slice(message);
        self.kept.push(Kept::Message {
            is_sharded,
            start,
            channel_len: channel.len(),
            len: message.len(),
            long: None,
        });
    }

    /// Adds a message that is in a buffer of its own already.
    pub fn push_long_message(&mut self, is_sharded: bool, channel: &[u8], message: &SharedBytes) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(channel);
        self.kept.push(Kept::Message {
            is_sharded,
            start,
            channel_len: channel.len(),
            len: 0,
            long: Some(message.clone()),
        });
    }

    /// Adds a request that has run, its words quoted; somebody is sent all of them.
    pub fn push_monitored(&mut self, slot: u32, db: usize, wall_us: u64, words: &[u8]) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(words);
        self.kept.push(Kept::Monitored {
            slot,
            db,
            wall_us,
            start,
            len: words.len(),
        });
    }

    pub(super) fn push_flushed(&mut self, db: usize) {
        if self.told_later() != 0 {
            self.kept.push(Kept::Flushed(db));
        }
    }

    pub(super) fn push_swapped(&mut self, a: usize, b: usize) {
        if self.told_later() != 0 {
            self.kept.push(Kept::Swapped(a, b));
        }
    }
}

#[cfg(test)]
impl Events {
    /// Takes the events of keys: database, name, key.
    pub(crate) fn take_names(&mut self) -> Vec<(usize, &'static str, Vec<u8>)> {
        let named = self.iter().filter_map(|event| match event {
            Event::Key { db, name, key, .. } => Some((db, name, key.to_vec())),
            _ => None,
        });
        let named = named.collect();
        self.clear();
        named
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_kept_in_order_while_they_are_wanted() {
        let mut events = Events::default();
        events.push_flushed(1);
        assert!(events.is_empty());
        events.set_wanted(Listener::Watch, true);
        events.push_flushed(1);
        events.push_key(2, EventClass::default(), "set", b"key");
        assert!(events.are_wanted() && events.is_empty());
        events.set_wanted(Listener::Tracking, true);
        events.push_key(2, EventClass::default(), "set", b"key");
        events.push_flushed(1);
        events.push_message(false, b"channel", b"text");
        events.push_swapped(3, 4);
        let key = Event::Key {
            db: 2,
            class: EventClass::default(),
            name: "set",
            key: b"key",
        };
        let message = Event::Message {
            is_sharded: false,
            channel: b"channel",
            message: Message::Short(b"text"),
        };
        let all = events.take();
        assert_eq!(
            all.iter().collect::<Vec<_>>(),
            [
                key,
                Event::Flushed { db: 1 },
                message,
                Event::Swapped { a: 3, b: 4 }
            ]
        );
        events.give_back(all);
        assert!(events.is_empty());
        events.set_wanted(Listener::Tracking, false);
        events.push_flushed(1);
        assert!(events.is_empty());
    }

    #[test]
    fn notifications_alone_keep_only_their_classes() {
        let mut events = Events::default();
        events.set_notified(EventClass::parse(b"K$").unwrap());
        events.push_key(0, EventClass::STRING, "set", b"a");
        events.push_key(0, EventClass::GENERIC, "del", b"a");
        assert_eq!(events.take_names(), [(0, "set", b"a".to_vec())]);
        events.set_wanted(Listener::Tracking, true);
        events.push_key(0, EventClass::GENERIC, "del", b"a");
        assert_eq!(events.take_names(), [(0, "del", b"a".to_vec())]);
        events.set_wanted(Listener::Tracking, false);
        events.set_notified(EventClass::parse(b"$").unwrap());
        assert!(!events.are_wanted());
    }

    #[test]
    fn a_long_message_is_held_once() {
        let mut events = Events::default();
        events.push_message(true, b"c", &[7; LONG_BYTES]);
        let Some(Event::Message { message, .. }) = events.iter().next() else {
            panic!("a message was kept");
        };
        assert!(matches!(message, Message::Long(_)) && message.bytes().len() == LONG_BYTES);
        assert_eq!(events.bytes, b"c");
    }
}
