//! All users, and who of the clients is which.
//!
//! A client knows its user by a [`UserId`], which is never given to another user. Whether requests must be checked is a bit
//! of the client ([`Attention::RESTRICTED`]), so an unrestricted user's requests cost nothing. When users change, the
//! session looks at every client's bit anew before its next request, until the engine has gone through all clients.

use super::log::{AclLog, Context, Event, Reason};
use super::selector::RuleContext;
use super::user::User;
use super::{Denied, RuleError};
use crate::command::{Args, Attention, ClientState, Command};
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

/// A user, as a client remembers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct UserId(u64);

impl UserId {
    /// The user `default`, which always exists.
    pub const DEFAULT: UserId = UserId(0);
}

/// How often something was refused, for INFO.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DeniedCounts {
    /// Wrong names and passwords.
    pub auth: u64,
    /// Commands.
    pub command: u64,
    /// Keys.
    pub key: u64,
    /// Channels.
    pub channel: u64,
}

/// The users.
pub struct Users {
    users: BTreeMap<UserId, User>,
    by_name: BTreeMap<Vec<u8>, UserId>,
    next_id: u64,
    generation: u64,
    /// What was refused.
    pub log: AclLog,
    /// How often.
    pub denied: DeniedCounts,
}

impl Users {
    /// The default user alone, who has this password; an empty one is none.
    pub fn new(password: &[u8], context: RuleContext<'_>) -> Self {
        let mut user = User::default_user(context);
        user.set_password(password);
        Users {
            users: [(UserId::DEFAULT, user)].into(),
            by_name: [(b"default".to_vec(), UserId::DEFAULT)].into(),
            next_id: 1,
            generation: 0,
            log: AclLog::default(),
            denied: DeniedCounts::default(),
        }
    }

    /// A number that grows with every change.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// A user; `None` when it was deleted.
    pub fn get(&self, id: UserId) -> Option<&User> {
        self.users.get(&id)
    }

    /// The user of this name.
    pub fn find(&self, name: &[u8]) -> Option<(UserId, &User)> {
        let id = *self.by_name.get(name)?;
        self.users.get(&id).map(|user| (id, user))
    }

    /// The name of a client's user.
    pub fn name(&self, id: UserId) -> &[u8] {
        self.get(id).map_or(b"default", |user| &user.name)
    }

    /// All users, in order of their names.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &User> {
        let default = &self.users[&UserId::DEFAULT];
        self.by_name
            .values()
            .map(move |id| self.users.get(id).unwrap_or(default))
    }

    fn default_user(&self) -> &User {
        &self.users[&UserId::DEFAULT]
    }

    /// Whether a client that does not log in may do something: `default` is on and has no password.
    pub fn is_open(&self) -> bool {
        let user = self.default_user();
        user.is_enabled() && user.needs_no_password()
    }

    /// Whether the default user has no password, as protected mode asks.
    pub fn has_no_password(&self) -> bool {
        self.default_user().needs_no_password()
    }

    /// Makes a client the default user, as one that has just connected.
    pub fn greet(&self, client: &mut ClientState) {
        client.set_authenticated(self.is_open());
        self.become_user(client, UserId::DEFAULT);
    }

    /// The client with this name and password logs in: `false`, and counted, when it may not.
    pub fn log_in(&mut self, client: &mut ClientState, name: &[u8], password: &[u8]) -> bool {
        match self.find(name) {
            Some((id, user)) if user.lets_in(password) => {
                client.set_authenticated(true);
                self.become_user(client, id);
                true
            }
            _ => false,
        }
    }

    fn become_user(&self, client: &mut ClientState, id: UserId) {
        client.user = id;
        client.users_seen = self.generation;
        self.look_again(client);
    }

    /// Sets whether a client's requests must be checked; `false` when its user is gone.
    pub fn look_again(&self, client: &mut ClientState) -> bool {
        let user = self.get(client.user);
        let is_restricted = !user.is_some_and(User::is_unrestricted);
        client.attention.set(Attention::RESTRICTED, is_restricted);
        user.is_some()
    }

    /// Like [`Users::look_again`], for all changes until now: `None` when the client has to go as its user is gone, and
    /// otherwise whether what it is subscribed to must be looked at, as its user has lost channels.
    pub fn catch_up(&self, client: &mut ClientState) -> Option<bool> {
        if !self.look_again(client) {
            return None;
        }
        let user = self.get(client.user)?;
        let has_lost = user.narrowed_at > client.users_seen;
        client.users_seen = self.generation;
        Some(has_lost)
    }

    /// Whether a client may run a request. Only a restricted user's one has to be asked about.
    pub fn check(
        &self,
        client: &ClientState,
        command: &Command,
        args: &Args<'_>,
    ) -> Result<(), Denied> {
        match self.get(client.user) {
            Some(user) => user.check(command, args),
            None => Err(Denied::Command),
        }
    }

    /// What is noted when a request is refused.
    pub fn event(
        &self,
        denied: Denied,
        client: &ClientState,
        command: &Command,
        args: &Args<'_>,
        context: Context,
    ) -> Event {
        let object = match denied {
            Denied::Command => command.full_name().into_bytes(),
            Denied::Key(index) | Denied::Channel(index) => args.at(index).to_vec(),
        };
        Event {
            reason: denied.into(),
            context,
            object,
            username: self.name(client.user).to_vec(),
        }
    }

    /// Counts what was refused, and writes it into the log of at most `max_len` entries.
    pub fn note(&mut self, event: Event, now_ms: u64, max_len: usize) {
        let count = match event.reason {
            Reason::Auth => &mut self.denied.auth,
            Reason::Command => &mut self.denied.command,
            Reason::Key => &mut self.denied.key,
            Reason::Channel => &mut self.denied.channel,
        };
        *count += 1;
        self.log.add(event, now_ms, max_len);
    }

    /// Whether a client may read every key with this command, as SORT's patterns need it.
    pub fn may_read_every_key(
        &self,
        client: &ClientState,
        command: &Command,
        args: &Args<'_>,
    ) -> bool {
        !client.attention.has(Attention::RESTRICTED)
            || self
                .get(client.user)
                .is_some_and(|user| user.may_read_every_key_in(command, args))
    }

    /// `requirepass`.
    pub fn set_default_password(&mut self, password: &[u8]) {
        if let Some(user) = self.users.get_mut(&UserId::DEFAULT) {
            user.set_password(password);
        }
        self.generation += 1;
    }

    /// Creates or changes a user by rules, all or none of them. The error tells the rule.
    pub fn set_user(
        &mut self,
        name: &[u8],
        rules: &[Vec<u8>],
        context: RuleContext<'_>,
    ) -> Result<(), (Vec<u8>, RuleError)> {
        let old = self.find(name).map(|(_, user)| user);
        let mut user = match old {
            Some(user) => user.clone(),
            None => User::new(name, context),
        };
        for rule in rules {
            user.apply(rule, context)
                .map_err(|error| (rule.clone(), error))?;
        }
        self.put(user);
        Ok(())
    }

    /// Puts a user in the place of the one with its name, or adds it.
    fn put(&mut self, mut user: User) {
        self.generation += 1;
        let id = match self.find(&user.name) {
            Some((id, old)) => {
                if old.has_more_channels_than(&user) {
                    user.narrowed_at = self.generation;
                }
                id
            }
            None => {
                let id = UserId(self.next_id);
                self.next_id += 1;
                self.by_name.insert(user.name.clone(), id);
                id
            }
        };
        self.users.insert(id, user);
    }

    /// Removes a user; whether there was one. Its clients are to be disconnected. The default user stays.
    pub fn remove(&mut self, name: &[u8]) -> bool {
        if name == b"default" {
            return false;
        }
        let Some(id) = self.by_name.remove(name) else {
            return false;
        };
        self.generation += 1;
        self.users.remove(&id).is_some()
    }

    /// Replaces all users by others. Those whose name stays are the same for their clients; without a new default user
    /// it is as it was made first.
    pub fn replace_all(&mut self, mut users: Vec<User>, context: RuleContext<'_>) {
        if !users.iter().any(|user| user.name == b"default") {
            users.push(User::default_user(context));
        }
        let stays = |name: &Vec<u8>| users.iter().any(|user| user.name == *name);
        let gone: Vec<Vec<u8>> = self
            .by_name
            .keys()
            .filter(|name| !stays(name))
            .cloned()
            .collect();
        for name in gone {
            self.remove(&name);
        }
        for user in users {
            self.put(user);
        }
    }
}
