//! What happened to keys, for those who asked: subscribers of notifications, transactions that watch keys, and clients
//! that cache.
//!
//! While nobody listens, nothing is kept. While somebody does, each event is kept until the end of the command (or of the
//! slice of expiry or eviction) that brought it about; whoever runs commands takes them then and tells the listeners.

use super::EventClass;
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
}

/// Events that nobody was told of yet, oldest first.
#[derive(Debug, Default)]
pub struct Events {
    /// Whether anyone listens.
    is_wanted: bool,
    kept: Vec<Kept>,
    /// The keys, one after the other.
    keys: Vec<u8>,
}

#[derive(Clone, Copy, Debug)]
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
}

/// Room that is kept between commands.
const KEEP_BYTES: usize = 16 * 1024;
const KEEP_EVENTS: usize = 256;

impl Events {
    /// Switches the keeping of events on or off.
    pub fn set_wanted(&mut self, is_wanted: bool) {
        self.is_wanted = is_wanted;
        if !is_wanted {
            self.clear();
        }
    }

    /// Whether events are kept.
    #[inline]
    pub fn are_wanted(&self) -> bool {
        self.is_wanted
    }

    /// Whether there is no event.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// The events, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = Event<'_>> {
        self.kept.iter().map(|kept| match *kept {
            Kept::Key {
                db,
                class,
                name,
                start,
                len,
            } => Event::Key {
                db: db as usize,
                class,
                name,
                key: &self.keys[start..start + len],
            },
            Kept::Flushed(db) => Event::Flushed { db },
            Kept::Swapped(a, b) => Event::Swapped { a, b },
        })
    }

    /// Forgets all events.
    pub fn clear(&mut self) {
        self.kept.clear();
        self.keys.clear();
        self.kept.shrink_to(KEEP_EVENTS);
        self.keys.shrink_to(KEEP_BYTES);
    }

    #[cold]
    pub(super) fn push_key(
        &mut self,
        db: usize,
        class: EventClass,
        name: &'static str,
        key: &[u8],
    ) {
        self.kept.push(Kept::Key {
            db: db as u32,
            class,
            name,
            start: self.keys.len(),
            len: key.len(),
        });
        self.keys.extend_from_slice(key);
    }

    pub(super) fn push_flushed(&mut self, db: usize) {
        if self.is_wanted {
            self.kept.push(Kept::Flushed(db));
        }
    }

    pub(super) fn push_swapped(&mut self, a: usize, b: usize) {
        if self.is_wanted {
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
        events.set_wanted(true);
        events.push_key(2, EventClass::default(), "set", b"key");
        events.push_flushed(1);
        events.push_swapped(3, 4);
        let key = Event::Key {
            db: 2,
            class: EventClass::default(),
            name: "set",
            key: b"key",
        };
        let all: Vec<_> = events.iter().collect();
        assert_eq!(
            all,
            [key, Event::Flushed { db: 1 }, Event::Swapped { a: 3, b: 4 }]
        );
        events.set_wanted(false);
        assert!(events.is_empty());
    }
}
