//! CLIENT LIST, INFO and KILL.
//!
//! A list of many clients is made in slices, one a turn: a line takes some microseconds. Meanwhile the client that has
//! asked waits, as for a key.

use super::Engine;
use super::connection::{Connection, Waits};
use crate::command::client_filter::{ClientFilter, ClientTraits};
use crate::command::{Command, ReplyMode};
use crate::platform::{Clock, Net, Platform};
use crate::pubsub::Kind;
use crate::resp::{Protocol, Reply};
use alloc::collections::VecDeque;
use alloc::format;
use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;

/// With so many connections the list is made in slices.
const LIST_AT_ONCE: usize = 128;
/// How long the slices of one turn may take, microseconds, and lines between two looks at the clock.
const LIST_BUDGET_US: u64 = 250;
const LINES_PER_LOOK: usize = 8;

/// A list that is being made.
struct List {
    /// Who has asked: slot and number.
    slot: u32,
    client_id: u64,
    filter: ClientFilter,
    /// Number and slot of each client, in order of the numbers, and the first that was not looked at.
    clients: Vec<(u64, u32)>,
    at: usize,
    text: String,
}

/// Room that is made for a line before it is known how long it is.
const LINE_BYTES: usize = 1024;

impl List {
    /// Makes room for another line. When there is none left, for all that are to come, as far as those so far tell: what
    /// grows by doubling is copied again and again.
    fn make_room(&mut self) {
        if self.text.capacity() - self.text.len() < LINE_BYTES {
            let rest = self.clients.len() - self.at;
            let each = self.text.len() / self.at.max(1);
            self.text.reserve(LINE_BYTES + rest * each);
        }
    }
}

/// Lists that are being made, the oldest first.
#[derive(Default)]
pub(super) struct Lists(VecDeque<List>);

impl Lists {
    pub(super) fn are_done(&self) -> bool {
        self.0.is_empty()
    }
}

impl<P: Platform> Engine<P> {
    /// A line of CLIENT LIST, with Redis's fields.
    pub(super) fn client_line(&self, connection: &Connection) -> String {
        let client = &connection.client;
        let now_ms = self.now_us / 1000;
        let seconds_since = |ms: u64| now_ms.saturating_sub(ms) / 1000;
        let (address, local) = (
            self.net.peer_address(connection.fd),
            self.net.local_address(connection.fd),
        );
        let registry = &self.shared.registry;
        let command = client
            .last_command
            .and_then(|number| registry.by_number(number));
        let command = command.map_or_else(|| String::from("NULL"), Command::full_name);
        let output = connection.output.len();
        let current = connection.output.current_len();
        let (input, capacity) = (connection.input.len(), connection.input.capacity());
        let memory = self.memory_of(connection);
        let apart = connection.apart_len();
        let redirect_id = client.tracking.as_deref().map_or(-1, |tracking| {
            tracking.redirect.map_or(0, |redirect| redirect.id as i64)
        });
        let flags = self.flags_of(connection);
        let capabilities = client.capabilities();
        let [channels, patterns, shards] =
            [Kind::Channel, Kind::Pattern, Kind::Shard].map(|kind| {
                let subscriber = client.subscriber;
                subscriber.map_or(0, |id| self.shared.pubsub.count_of(id, kind))
            });
        let protocol = if client.protocol == Protocol::Resp3 {
            3
        } else {
            2
        };
        let user = self.user_name(connection);
        format!(
            "id={} addr={address} laddr={local} fd={} name={} age={} idle={} flags={flags} capa={capabilities} db={} \
             sub={channels} psub={patterns} ssub={shards} multi={} watch={} qbuf={input} qbuf-free={} \
             argv-mem={apart} multi-mem={} rbs={} rbp={} obl={current} oll={} omem={} tot-mem={memory} events={} \
             cmd={command} user={user} redir={redirect_id} resp={protocol} lib-name={} lib-ver={} tot-net-in={} \
             tot-net-out={} tot-cmds={}",
            client.id,
            connection.fd.0,
            client.name,
            seconds_since(client.connected_at_ms),
            seconds_since(client.active_at_ms),
            client.db,
            client.multi.as_ref().map_or(-1, |multi| multi.len() as i64),
            client.watch.len(),
            capacity - input,
            client
                .multi
                .as_ref()
                .map_or(0, |multi| multi.request_bytes()),
            connection.output.capacity(),
            connection.output.capacity(),
            connection.output.backlog_len(),
            output - current.min(output),
            connection.events(),
            client.lib_name,
            client.lib_ver,
            connection.received_bytes,
            connection.output.sent_bytes(),
            client.commands,
        )
    }

    fn flags_of(&self, connection: &Connection) -> String {
        let client = &connection.client;
        let multi = client.multi.as_ref();
        let is_dirty = self.shared.keys.has_changed(&client.watch)
            || multi.is_some_and(|multi| multi.is_aborted());
        connection.flags(is_dirty)
    }

    /// Bytes of memory that a client takes.
    pub(super) fn memory_of(&self, connection: &Connection) -> usize {
        let subscriber = connection.client.subscriber;
        let subscriptions = subscriber.map_or(0, |id| self.shared.pubsub.memory_bytes_of(id));
        connection.memory_bytes() + subscriptions
    }

    /// CLIENT LIST: answers now, or has the client wait.
    pub(super) fn client_list(&mut self, slot: u32, filter: ClientFilter) {
        let Some(client_id) = self.connections.get(slot).map(|c| c.client.id) else {
            return;
        };
        let connections = self.connections.iter();
        let numbered = connections.map(|(slot, connection)| (connection.client.id, slot));
        let mut clients: Vec<(u64, u32)> = numbered.collect();
        clients.sort_unstable();
        let list = List {
            slot,
            client_id,
            filter,
            clients,
            at: 0,
            text: String::new(),
        };
        self.lists.0.push_back(list);
    }

    /// Whether the list of a client that asks for one is better made in slices.
    pub(super) fn lists_in_slices(&self) -> bool {
        self.connections.len() > LIST_AT_ONCE
    }

    /// Makes all lists that were begun.
    pub(super) fn make_lists(&mut self) {
        while let Some(mut list) = self.lists.0.pop_front() {
            while list.at < list.clients.len() {
                self.list_one(&mut list);
            }
            let slot = list.slot;
            self.answer_list(list);
            self.end_pending(slot);
        }
    }

    /// Goes on with lists that were begun; `true` when all are made.
    pub(super) fn list_slice(&mut self) -> bool {
        let end_us = self.clock.monotonic_us() + LIST_BUDGET_US;
        while let Some(mut list) = self.lists.0.pop_front() {
            let asks = |connection: &Connection| connection.client.id == list.client_id;
            if !self.connections.get(list.slot).is_some_and(asks) {
                continue;
            }
            while list.at < list.clients.len() {
                if list.at % LINES_PER_LOOK == LINES_PER_LOOK - 1
                    && self.clock.monotonic_us() >= end_us
                {
                    self.list_one(&mut list);
                    self.lists.0.push_front(list);
                    return false;
                }
                self.list_one(&mut list);
            }
            let slot = list.slot;
            self.answer_list(list);
            self.end_pending(slot);
        }
        true
    }

    /// Adds the next client's line, if the filter lets it through.
    fn list_one(&self, list: &mut List) {
        let (id, slot) = list.clients[list.at];
        list.at += 1;
        if let Some(connection) = self.connections.get(slot)
            && connection.client.id == id
            && !(list.filter.skip_me && slot == list.slot)
            && self.matches(&list.filter, connection)
        {
            list.make_room();
            list.text.push_str(&self.client_line(connection));
            list.text.push('\n');
        }
    }

    /// Sends a list from where it was made: a copy of that of ten thousand clients would take milliseconds.
    fn answer_list(&mut self, list: List) {
        let Some(connection) = self.connections.get_mut(list.slot) else {
            return;
        };
        let Connection { client, output, .. } = connection;
        if client.reply_mode == ReplyMode::On {
            let text = Rc::new(list.text.into_bytes());
            let mut reply = Reply::new(output.writer(&mut self.pool), client.protocol);
            reply.verbatim_lent(&mut client.loans, "txt", &text);
            output.lend(&mut client.loans);
        }
        self.queue_flush(list.slot);
        self.end_skipping(list.slot);
    }

    /// The request of a client that waits for no key is answered: what follows it goes on.
    pub(super) fn end_pending(&mut self, slot: u32) {
        if let Some(connection) = self.connections.get_mut(slot)
            && connection.waits == Waits::ForAnswer
            && connection.waiting.is_none()
        {
            connection.waits = Waits::ForTurn;
            self.queue_serve(slot);
        }
    }

    fn user_name(&self, connection: &Connection) -> String {
        let name = self.shared.users.name(connection.client.user);
        String::from_utf8_lossy(name).into_owned()
    }

    /// Slots of the clients that a filter lets through, in order of their ids. `own` is the slot of the one that asks.
    pub(super) fn matching_clients(&self, filter: &ClientFilter, own: u32) -> Vec<u32> {
        let mut found: Vec<(u64, u32)> = self
            .connections
            .iter()
            .filter(|&(slot, connection)| {
                !(filter.skip_me && slot == own) && self.matches(filter, connection)
            })
            .map(|(slot, connection)| (connection.client.id, slot))
            .collect();
        found.sort_unstable();
        found.into_iter().map(|(_, slot)| slot).collect()
    }

    fn matches(&self, filter: &ClientFilter, connection: &Connection) -> bool {
        let client = &connection.client;
        let seconds_since = |ms: u64| (self.now_us / 1000).saturating_sub(ms) / 1000;
        let at_least =
            |least: Option<u64>, ms: u64| least.is_none_or(|least| seconds_since(ms) >= least);
        at_least(filter.min_age_seconds, client.connected_at_ms)
            && at_least(filter.min_idle_seconds, client.active_at_ms)
            && self.agree(&filter.is, connection).all(|agrees| agrees)
            && !self.agree(&filter.is_not, connection).any(|agrees| agrees)
    }

    /// For each trait that is asked for, whether a client has it.
    fn agree<'a>(
        &'a self,
        traits: &'a ClientTraits,
        connection: &'a Connection,
    ) -> impl Iterator<Item = bool> + 'a {
        let client = &connection.client;
        let is = |wanted: &Option<String>, value: &str| wanted.as_ref().map(|w| w == value);
        let has_all = |wanted: &Option<String>, letters: &str| {
            let wanted = wanted.as_ref()?;
            Some(wanted.chars().all(|letter| letters.contains(letter)))
        };
        let ids = &traits.ids;
        let id = (!ids.is_empty()).then(|| ids.contains(&client.id));
        let address = traits.address.as_ref();
        let address = address.map(|it| *it == *self.net.peer_address(connection.fd));
        let local = traits.local_address.as_ref();
        let local = local.map(|it| *it == *self.net.local_address(connection.fd));
        let ip = traits.ip.as_ref().map(|it| {
            let address = self.net.peer_address(connection.fd);
            let ip = address.rsplit_once(':').map_or(&*address, |(ip, _)| ip);
            it == ip.trim_start_matches('[').trim_end_matches(']')
        });
        let kind = is(&traits.kind, connection.kind().name());
        let texts = [
            is(&traits.user, &self.user_name(connection)),
            is(&traits.name, &client.name),
            is(&traits.lib_name, &client.lib_name),
            is(&traits.lib_ver, &client.lib_ver),
        ];
        let flags = has_all(&traits.flags, &self.flags_of(connection));
        let capabilities = has_all(&traits.capabilities, client.capabilities());
        let db = traits.db.map(|db| db == client.db);
        let all = [id, address, local, ip, kind, flags, capabilities, db];
        all.into_iter().chain(texts).flatten()
    }
}
