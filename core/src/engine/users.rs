//! Users as the engine sees them: files, and what a change means for clients.
//!
//! After a change every client is looked at anew, in slices ([`Engine::users_slice`]). Until that is done each is looked at
//! before its requests in any case, so no request runs with permissions that are gone.

use super::Engine;
use crate::command::acl::{RuleContext, parse_file};
use crate::platform::{Host, Platform};
use crate::pubsub::Kind;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// Clients looked at in one turn.
const CLIENTS_PER_SLICE: u32 = 512;

/// How far the clients were looked at after a change of users.
#[derive(Default)]
pub(super) struct UsersWalk {
    /// The next slot; `None`: all were.
    next: Option<u32>,
    /// The client that brought the change about, which still gets its reply.
    author: Option<u64>,
}

impl<P: Platform> Engine<P> {
    /// Sets up the users of the configuration: those of `user` lines, or of the ACL file.
    pub(super) fn load_users(&mut self) -> Result<(), String> {
        let shared = &mut self.shared;
        let declared = core::mem::take(&mut shared.settings.declared_users);
        if !shared.settings.aclfile.is_empty() && !declared.is_empty() {
            return Err(
                "Configuring Rotom with users defined in redis.conf and at the same setting an ACL file path is \
                 invalid. This setup is very likely to lead to configuration errors and security holes, please \
                 define either an ACL file or declare users directly in your redis.conf, but not both."
                    .into(),
            );
        }
        let context = RuleContext {
            registry: &shared.registry,
            all_channels: shared.settings.acl_pubsub_default.is_all(),
        };
        shared
            .users
            .declare(&declared, context)
            .map_err(|error| format!("{error}. Critical error while loading ACLs. Exiting."))?;
        if self.shared.settings.aclfile.is_empty() {
            return Ok(());
        }
        self.read_users().map_err(|errors| {
            let errors = String::from_utf8_lossy(&errors).into_owned();
            format!("Aborting Rotom startup because of ACL errors: {errors}")
        })
    }

    /// Replaces all users by those of the ACL file, or none.
    fn read_users(&mut self) -> Result<(), Vec<u8>> {
        let shared = &mut self.shared;
        let path = &shared.settings.aclfile;
        let text = self.host.read_file(path).map_err(|error| {
            format!("Error loading ACLs, opening file '{path}': {error}").into_bytes()
        })?;
        let users = parse_file(path, &text, shared.rule_context())?;
        let context = RuleContext {
            registry: &shared.registry,
            all_channels: shared.settings.acl_pubsub_default.is_all(),
        };
        shared.users.replace_all(users, context);
        Ok(())
    }

    /// ACL LOAD.
    pub(super) fn load_users_again(&mut self, slot: u32) {
        match self.read_users() {
            Ok(()) => {
                self.reply(slot, |reply| reply.ok());
                self.users_changed(slot);
            }
            Err(errors) => {
                let text = [b"ERR ".as_slice(), &errors].concat();
                self.shared.statistics.count_error("ERR");
                self.reply(slot, |reply| reply.error(&text));
            }
        }
    }

    /// ACL SAVE.
    pub(super) fn save_users(&mut self, slot: u32) {
        let text = self.shared.users.file_text();
        match self.host.replace_file(&self.shared.settings.aclfile, &text) {
            Ok(()) => self.reply(slot, |reply| reply.ok()),
            Err(error) => {
                log::warn!("Writing ACL file for ACL SAVE: {error}");
                self.shared.statistics.count_error("ERR");
                self.reply(slot, |reply| {
                    reply.error(
                        "ERR There was an error trying to save the ACLs. Please check the server logs for more \
                         information",
                    );
                });
            }
        }
    }

    /// The `user` lines of a redis.conf; none when the users are in a file of their own.
    pub(super) fn user_lines(&self) -> Vec<String> {
        if !self.shared.settings.aclfile.is_empty() {
            return Vec::new();
        }
        let users = self.shared.users.iter();
        users
            .map(|user| String::from_utf8_lossy(&user.describe()).into_owned())
            .collect()
    }

    /// Begins to look at all clients, as the one at `slot` has changed users.
    pub(super) fn users_changed(&mut self, slot: u32) {
        self.shared.users_changed();
        let author = self.connections.get(slot).map(|c| c.client.id);
        self.users_walk = UsersWalk {
            next: Some(0),
            author,
        };
        self.users_slice();
    }

    /// Looks at some clients after a change of users; `true` when there are no more.
    pub(super) fn users_slice(&mut self) -> bool {
        let Some(first) = self.users_walk.next else {
            return true;
        };
        let count = self.connections.slot_count() as u32;
        let end = count.min(first.saturating_add(CLIENTS_PER_SLICE));
        for slot in first..end {
            self.look_at_user_of(slot);
        }
        let is_done = end == count;
        self.users_walk.next = (!is_done).then_some(end);
        if is_done {
            self.shared.users_settled();
        }
        is_done
    }

    fn look_at_user_of(&mut self, slot: u32) {
        let Some(connection) = self.connections.get_mut(slot) else {
            return;
        };
        let goes = match self.shared.users.catch_up(&mut connection.client) {
            Some(has_lost_channels) => has_lost_channels && self.uses_lost_channel(slot),
            None => true,
        };
        if !goes {
            return;
        }
        match self.connections.get_mut(slot) {
            Some(connection) if Some(connection.client.id) == self.users_walk.author => {
                connection.closing = true;
                self.queue_flush(slot);
            }
            _ => self.close(slot),
        }
    }

    /// Whether a client is subscribed to what its user may not use any more.
    fn uses_lost_channel(&self, slot: u32) -> bool {
        let client = self.connections.get(slot).map(|c| &c.client);
        let Some((id, client)) = client.and_then(|client| Some((client.subscriber?, client)))
        else {
            return false;
        };
        let Some(user) = self.shared.users.get(client.user) else {
            return true;
        };
        let kinds = [Kind::Channel, Kind::Shard, Kind::Pattern];
        kinds.into_iter().any(|kind| {
            let names = self.shared.pubsub.names_of(id, kind);
            let is_pattern = kind == Kind::Pattern;
            names
                .iter()
                .any(|name| !user.may_use_channel(name, is_pattern))
        })
    }

    /// Tells the log of refusals which client it was.
    pub(super) fn describe_refused(&mut self, slot: u32) {
        let line = self.connections.get(slot).map(|c| self.client_line(c));
        self.shared
            .users
            .log
            .describe_client(line.unwrap_or_default());
    }
}
