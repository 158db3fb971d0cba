//! Telling clients that cache what has changed.
//!
//! Keys that a client has read are told when the request has ended that changed them, after its reply. Changes under
//! the prefixes of those who hear of all (BCAST) are gathered, and told once a turn.

use super::Engine;
use crate::command::CommandError;
use crate::command::NO_SUCH_CLIENT;
use crate::platform::Platform;
use crate::resp::{Protocol, Reply};
use crate::tracking::{Changes, ClientTracking, Options, Reader, Redirect};
use alloc::vec::Vec;

/// Keys that leave a full table in one turn.
const SURPLUS_PER_TURN: usize = 256;

impl<P: Platform> Engine<P> {
    /// CLIENT TRACKING ON with REDIRECT.
    pub(super) fn track(&mut self, slot: u32, options: Options) {
        let done = self.track_redirected(slot, options);
        if let Err(error) = &done {
            self.shared.statistics.count_error(error.code());
        }
        self.reply(slot, |reply| match done {
            Ok(()) => reply.ok(),
            Err(error) => reply.error(error.text()),
        });
    }

    fn track_redirected(&mut self, slot: u32, options: Options) -> Result<(), CommandError> {
        let id = options.redirect_id as u64;
        let target = self
            .connections
            .iter()
            .find(|(_, connection)| connection.client.id == id)
            .map(|(target, _)| target);
        let redirect = Redirect {
            id,
            slot: target.ok_or(NO_SUCH_CLIENT)?,
            is_broken: false,
        };
        let Some(connection) = self.connections.get_mut(slot) else {
            return Ok(());
        };
        let events = &mut self.shared.keys.events;
        let tracking = &mut self.shared.tracking;
        connection
            .client
            .begin_tracking(tracking, events, Some(redirect), options)
    }

    /// A key has changed, by the client at `by` if by any.
    pub(super) fn invalidate(&mut self, key: &[u8], by: Option<u32>) {
        if self.shared.tracking.clients() == 0 {
            return;
        }
        let by = by.and_then(|slot| self.connections.get(slot));
        let by = by.map(|connection| connection.client.id);
        self.shared.tracking.note_change(key, by);
        let key = self.shared.keys.key(key);
        if let Some(readers) = self.shared.tracking.take_readers(&key) {
            self.tell_readers(&readers, key.bytes, by);
        }
    }

    fn tell_readers(&mut self, readers: &[Reader], key: &[u8], by: Option<u64>) {
        let mut text = Vec::new();
        let mut reply = Reply::new(&mut text, Protocol::Resp2);
        reply.array(1);
        reply.bulk(key);
        for &reader in readers {
            let is_told = self.tracking_of(reader).is_some_and(|tracking| {
                !(tracking.is_broadcast || tracking.no_loop && by == Some(reader.id))
            });
            if is_told {
                self.send_invalidation(reader, Some(&text));
            }
        }
    }

    /// All data are gone: every client that tracks is told so.
    pub(super) fn invalidate_all(&mut self) {
        if self.shared.tracking.clients() == 0 {
            return;
        }
        self.shared.tracking.forget_keys();
        let tracking = |(_, connection): (u32, &super::connection::Connection)| {
            connection.client.tracking.as_ref().map(|it| it.reader)
        };
        let all: Vec<Reader> = self.connections.iter().filter_map(tracking).collect();
        for reader in all {
            self.send_invalidation(reader, None);
        }
    }

    /// Tells what has changed in this turn under prefixes, and makes room in a full table.
    #[cold]
    pub(super) fn tell_changes(&mut self) {
        while let Some(changes) = self.shared.tracking.take_changes() {
            self.tell_listeners(&changes);
        }
        let most = self.most_keys();
        for _ in 0..SURPLUS_PER_TURN {
            let prng = &mut self.shared.keys.prng;
            let Some((key, readers)) = self.shared.tracking.take_surplus(most, prng) else {
                break;
            };
            self.tell_readers(&readers, &key, None);
        }
    }

    /// Whether [`Engine::tell_changes`] has something to do.
    #[inline]
    pub(super) fn has_changes_to_tell(&self) -> bool {
        self.shared.tracking.has_work(self.most_keys())
    }

    /// How many keys the table may have.
    fn most_keys(&self) -> usize {
        match self.shared.settings.tracking_table_max_keys {
            0 => usize::MAX,
            most => most,
        }
    }

    fn tell_listeners(&mut self, changes: &Changes) {
        let text_for = |but: Option<u64>| {
            let keys = || {
                changes
                    .keys
                    .iter()
                    .filter(|(_, by)| but.is_none() || **by != but)
            };
            let mut text = Vec::new();
            let mut reply = Reply::new(&mut text, Protocol::Resp2);
            let count = keys().count();
            reply.array(count);
            keys().for_each(|(key, _)| reply.bulk(key));
            (count > 0).then_some(text)
        };
        let for_all = text_for(None);
        for &reader in &changes.listeners {
            let Some(tracking) = self.tracking_of(reader) else {
                continue;
            };
            let own = match tracking.no_loop {
                true => text_for(Some(reader.id)),
                false => for_all.clone(),
            };
            if let Some(text) = own {
                self.send_invalidation(reader, Some(&text));
            }
        }
    }

    /// How a client tracks, if it still does.
    fn tracking_of(&mut self, reader: Reader) -> Option<&mut ClientTracking> {
        let connection = self.connections.get_mut(reader.slot)?;
        let tracking = connection.client.tracking.as_deref_mut()?;
        (tracking.reader == reader).then_some(tracking)
    }

    /// Sends a client, or the one that it has named, an array of keys, or null for all.
    fn send_invalidation(&mut self, reader: Reader, keys: Option<&[u8]>) {
        let Some(tracking) = self.tracking_of(reader) else {
            return;
        };
        let Some(redirect) = tracking.redirect else {
            return self.send_keys(reader.slot, false, keys);
        };
        let target = self.connections.get(redirect.slot);
        if target.is_some_and(|target| target.client.id == redirect.id) {
            return self.send_keys(redirect.slot, true, keys);
        }
        if let Some(tracking) = self.tracking_of(reader) {
            tracking.redirect = Some(Redirect {
                is_broken: true,
                ..redirect
            });
        }
        self.push(reader.slot, |reply, _| {
            if reply.is_resp3() {
                reply.push(2);
                reply.text("tracking-redir-broken");
                reply.int(redirect.id as i64);
            }
        });
    }

    /// Sends keys to the client at `slot`, as a push, or under RESP2 as a message if it is the one that another client has
    /// named and has subscribed to something.
    fn send_keys(&mut self, slot: u32, is_redirected: bool, keys: Option<&[u8]>) {
        let connection = self.connections.get(slot);
        let is_subscriber = connection.is_some_and(|c| c.client.subscriber.is_some());
        self.push(slot, |reply, _| {
            if reply.is_resp3() {
                reply.push(2);
                reply.text("invalidate");
            } else if is_redirected && is_subscriber {
                reply.array(3);
                reply.text("message");
                reply.text("__redis__:invalidate");
            } else {
                return;
            }
            match keys {
                Some(keys) => reply.push_raw(keys),
                None => reply.null(),
            }
        });
    }
}
