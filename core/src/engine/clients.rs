//! CLIENT LIST, INFO and KILL.

use super::Engine;
use super::connection::Connection;
use crate::command::{ClientFilter, Command};
use crate::platform::{Net, Platform};
use crate::resp::Protocol;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

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
        let memory = connection.memory_bytes();
        let apart = connection.apart_len();
        let is_dirty = self.shared.keys.has_changed(&client.watch)
            || client
                .multi
                .as_ref()
                .is_some_and(|multi| multi.is_aborted());
        let mut flags = String::new();
        for (is, letter) in [
            (client.multi.is_some(), 'x'),
            (connection.waiting.is_some(), 'b'),
            (is_dirty, 'd'),
            (connection.closing, 'c'),
            (connection.unix, 'U'),
            (client.no_evict, 'e'),
            (client.no_touch, 'T'),
        ] {
            if is {
                flags.push(letter);
            }
        }
        if flags.is_empty() {
            flags.push('N');
        }
        let protocol = if client.protocol == Protocol::Resp3 {
            3
        } else {
            2
        };
        let user = self.user_name(connection);
        format!(
            "id={} addr={address} laddr={local} fd={} name={} age={} idle={} flags={flags} db={} sub=0 psub=0 \
             ssub=0 multi={} watch={} qbuf={input} qbuf-free={} argv-mem={apart} multi-mem={} rbs={} rbp={} obl={current} \
             oll={} omem={} tot-mem={memory} events={} cmd={command} user={user} redir=-1 resp={protocol} \
             lib-name={} lib-ver={} tot-cmds={}",
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
            if output > 0 { "rw" } else { "r" },
            client.lib_name,
            client.lib_ver,
            client.commands,
        )
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
        let age_seconds = (self.now_us / 1000).saturating_sub(client.connected_at_ms) / 1000;
        let is = |wanted: &Option<String>, value: &str| wanted.as_ref().is_none_or(|w| w == value);
        (filter.ids.is_empty() || filter.ids.contains(&client.id))
            && (filter.address.is_none()
                || is(&filter.address, &self.net.peer_address(connection.fd)))
            && (filter.local_address.is_none()
                || is(
                    &filter.local_address,
                    &self.net.local_address(connection.fd),
                ))
            && is(&filter.kind, "normal")
            && is(&filter.user, &self.user_name(connection))
            && filter.min_age_seconds.is_none_or(|age| age_seconds >= age)
    }
}
