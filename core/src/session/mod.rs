//! Running requests for a client: what every command has around it.
//!
//! [`Shared`] is everything that clients have in common; [`Shared::run`] takes one request through lookup, arity,
//! authentication, the handler and the log. [`Local`] is a client without a connection, for programs that use the
//! engine in process, and for tests.

mod local;
mod memory;
mod transaction;

pub use crate::telemetry::Statistics;
pub use local::Local;
pub use memory::Room;
pub use transaction::Exec;

use crate::command::acl::{Context, Denied, RuleContext, Users};
use crate::command::error::until_nul;
use crate::command::secrets::is_secret;
use crate::command::{
    Args, Ask, Attention, ClientState, Command, CommandError, Cx, FAMILIES, Flags, Found, Multi,
    Outcome, Registry, ReplyMode,
};
use crate::keyspace::{AccessClock, Keyspace};
use crate::pubsub::PubSub;
use crate::resp::Reply;
use crate::settings::{Changes, Settings, quote};
use crate::tracking::Tracking;
use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// What all clients share.
pub struct Shared {
    /// The data.
    pub keys: Keyspace,
    /// Who has subscribed to what.
    pub pubsub: PubSub,
    /// Which keys clients cache.
    pub tracking: Tracking,
    /// The settings.
    pub settings: Settings,
    /// The users.
    pub users: Users,
    /// The command table.
    pub registry: Registry,
    /// Counters of requests.
    pub statistics: Statistics,
    /// Microseconds since the Unix epoch; the engine sets it each turn.
    pub wall_us: u64,
    /// Why everyone's requests are looked at closely before they run.
    attention: Attention,
    /// Why writes are refused now, as an error reply.
    write_refusal: Option<String>,
}

impl Shared {
    /// Empty databases under `settings`. `seed` drives the hash and everything random.
    pub fn new(settings: Settings, seed: u64) -> Self {
        let registry = Registry::new(FAMILIES);
        let databases = usize::try_from(settings.databases).unwrap_or(16);
        let keys = Keyspace::new(databases, seed);
        let context = RuleContext {
            registry: &registry,
            all_channels: settings.acl_pubsub_default.is_all(),
        };
        let mut shared = Shared {
            users: Users::new(&settings.requirepass, context),
            pubsub: PubSub::new(keys.hasher()),
            tracking: Tracking::default(),
            keys,
            statistics: Statistics::new(registry.len()),
            settings,
            registry,
            wall_us: 0,
            attention: Attention::NONE,
            write_refusal: None,
        };
        shared.apply_settings();
        shared
    }

    /// Sets the time that everything until the next call sees.
    pub fn set_time(&mut self, wall_us: u64) {
        self.wall_us = wall_us;
        self.keys.now_ms = wall_us / 1000;
        self.keys.access = AccessClock::new(self.keys.now_ms, &self.settings);
    }

    /// Takes over what CONFIG SET has changed.
    pub fn apply_changes(&mut self, changes: &Changes) {
        self.apply_settings();
        if changes.contains("requirepass") {
            let password = &self.settings.requirepass;
            self.users.set_default_password(password);
        }
    }

    /// Takes over from the settings what the keyspace keeps of them.
    pub fn apply_settings(&mut self) {
        let settings = &self.settings;
        self.keys.access = AccessClock::new(self.keys.now_ms, settings);
        self.keys
            .events
            .set_notified(settings.notify_keyspace_events);
        let limits = &mut self.keys.limits;
        limits.hash_max_listpack_entries = settings.hash_max_listpack_entries;
        limits.hash_max_listpack_value = settings.hash_max_listpack_value;
        limits.list_max_listpack_size = settings.list_max_listpack_size;
        limits.set_max_intset_entries = settings.set_max_intset_entries;
        limits.set_max_listpack_entries = settings.set_max_listpack_entries;
        limits.set_max_listpack_value = settings.set_max_listpack_value;
        limits.zset_max_listpack_entries = settings.zset_max_listpack_entries;
        limits.zset_max_listpack_value = settings.zset_max_listpack_value;
    }

    /// What rules about users refer to.
    pub fn rule_context(&self) -> RuleContext<'_> {
        RuleContext {
            registry: &self.registry,
            all_channels: self.settings.acl_pubsub_default.is_all(),
        }
    }

    /// Users have changed: every client is looked at before its next request, until [`Shared::users_settled`].
    pub fn users_changed(&mut self) {
        self.attention.set(Attention::USERS_CHANGED, true);
    }

    /// Every client was looked at ([`Users::catch_up`]).
    pub fn users_settled(&mut self) {
        self.attention.set(Attention::USERS_CHANGED, false);
    }

    /// Refuses writes with this error reply from now on, as the log cannot be written; or no longer.
    pub fn refuse_writes(&mut self, refusal: Option<String>) {
        let is_refused = refusal.is_some();
        self.attention.set(Attention::WRITES_REFUSED, is_refused);
        self.write_refusal = refusal;
    }

    /// Refuses what needs the data from now on, as they are being loaded; or no longer.
    pub fn refuse_while_loading(&mut self, is_loading: bool) {
        self.attention.set(Attention::LOADING, is_loading);
    }

    /// Runs one request. Its reply is appended to `out`, unless the engine is asked for something: then the
    /// engine replies. `command` is the number that [`Registry::find`] found, when the caller has asked already.
    #[inline]
    pub fn run(
        &mut self,
        client: &mut ClientState,
        command: Option<u16>,
        args: &Args<'_>,
        out: &mut Vec<u8>,
        random_bytes: &mut dyn FnMut(&mut [u8]),
    ) -> Option<Box<Ask>> {
        let start = out.len();
        client.commands += 1;
        if client.reply_mode == ReplyMode::SkipNext {
            client.reply_mode = ReplyMode::Skip;
        }
        let ask = match self.checked(client, command, args, out, random_bytes) {
            Ok(Outcome::Done) => None,
            Ok(Outcome::Ask(ask)) => {
                if matches!(*ask, Ask::UsersChanged) {
                    self.users_changed();
                }
                Some(ask)
            }
            Err(error) => self.answer_error(&error, client, out, start),
        };
        if client.reply_mode != ReplyMode::On {
            mute(client, ask.is_some(), out, start);
        }
        ask
    }

    #[cold]
    fn answer_error(
        &mut self,
        error: &CommandError,
        client: &mut ClientState,
        out: &mut Vec<u8>,
        start: usize,
    ) -> Option<Box<Ask>> {
        out.truncate(start);
        client.loans.rewind(start);
        Reply::new(out, client.protocol).error(error.text());
        self.statistics.count_error(error.code());
        // Only the engine knows all about the client whose request was refused.
        let lacks_client = self.users.log.lacks_client();
        lacks_client.then(|| Box::new(Ask::DescribeClient))
    }

    #[inline(always)]
    fn checked(
        &mut self,
        client: &mut ClientState,
        command: Option<u16>,
        args: &Args<'_>,
        out: &mut Vec<u8>,
        random_bytes: &mut dyn FnMut(&mut [u8]),
    ) -> Result<Outcome, CommandError> {
        let known = command.and_then(|number| self.registry.by_number(number));
        let command = match known {
            Some(&command) => command,
            None => match self.find(client, args) {
                Ok(Some(command)) => command,
                Ok(None) => return Outcome::ask(Ask::Close),
                Err(error) => return Err(client.refused(&mut self.keys, None, error)),
            },
        };
        if !command.spec.accepts(args.len()) {
            return Err(self.reject(client, &command, wrong_arity(&command)));
        }
        client.last_command = Some(command.number);
        let attention = client.attention | self.attention;
        if !attention.is_none() {
            return self.run_closely(attention, client, &command, args, out, random_bytes);
        }
        self.invoke(&command, client, args, out, random_bytes)
    }

    /// Runs a request that there is a reason to look at. Apart, so that others keep nothing in mind until they have run.
    #[cold]
    #[inline(never)]
    fn run_closely(
        &mut self,
        attention: Attention,
        client: &mut ClientState,
        command: &Command,
        args: &Args<'_>,
        out: &mut Vec<u8>,
        random_bytes: &mut dyn FnMut(&mut [u8]),
    ) -> Result<Outcome, CommandError> {
        if self.has_gone(attention, client) {
            return Outcome::ask(Ask::Close);
        }
        match self.look_closely(attention, client, command, args, out)? {
            Look::Run => {}
            Look::Queued => return Ok(Outcome::Done),
            Look::Paused => return Outcome::ask(Ask::WaitForPause),
        }
        let result = self.invoke(command, client, args, out, random_bytes);
        if attention.has(Attention::MONITORED) {
            // Of EXEC they learn when what was queued has run.
            let is_begun = command.is_exec() && matches!(result, Ok(Outcome::Ask(_)));
            if !is_begun {
                self.tell_monitors(client, command, args);
            }
        }
        result
    }

    /// Adds or removes a reason to look at everyone's requests closely.
    pub fn set_attention(&mut self, reason: Attention, is_there: bool) {
        self.attention.set(reason, is_there);
    }

    /// Whether the client's user was deleted; then nothing more runs for the client.
    #[cold]
    fn has_gone(&self, attention: Attention, client: &mut ClientState) -> bool {
        attention.has(Attention::USERS_CHANGED) && !self.users.look_again(client)
    }

    /// Looks at a request closely before it runs; `Err` when it may not.
    #[cold]
    fn look_closely(
        &mut self,
        attention: Attention,
        client: &mut ClientState,
        command: &Command,
        args: &Args<'_>,
        out: &mut Vec<u8>,
    ) -> Result<Look, CommandError> {
        if let Err(error) = self.may_run(attention, client, command, args) {
            return Err(self.reject(client, command, error));
        }
        if is_paused_for(attention, client, command) {
            return Ok(Look::Paused);
        }
        let is_at_once = command.spec.flags.has(Flags::IN_MULTI_AT_ONCE);
        match &mut client.multi {
            Some(multi) if !is_at_once => {
                if !multi.push(command, args) {
                    let error = CommandError::new("ERR the request is too long to be queued");
                    return Err(self.reject(client, command, error));
                }
                Reply::new(out, client.protocol).simple("QUEUED");
                Ok(Look::Queued)
            }
            _ => {
                self.remember_keys(client, command, args);
                client.end_announcement(command);
                Ok(Look::Run)
            }
        }
    }

    /// Remembers the keys that a client which caches is about to read.
    fn remember_keys(&mut self, client: &ClientState, command: &Command, args: &Args<'_>) {
        let Some(tracking) = &client.tracking else {
            return;
        };
        if command.spec.flags.has(Flags::READONLY) && tracking.remembers() {
            let (table, reader) = (&mut self.tracking, tracking.reader);
            let mut remember = |index| table.remember(reader, &args.key(index));
            command.spec.for_each_key(args, &mut remember);
        }
    }

    /// Keeps an EXEC for monitors; they learn of it after what was queued.
    pub fn tell_monitors_of_exec(&mut self, client: &ClientState) {
        if self.attention.has(Attention::MONITORED)
            && let Some(slot) = client.slot
        {
            let events = &mut self.keys.events;
            events.push_monitored(slot, client.db, self.wall_us, b"\"EXEC\"");
        }
    }

    /// Keeps a request that has run for monitors: none of administration, and none twice.
    #[cold]
    pub(crate) fn tell_monitors(
        &mut self,
        client: &ClientState,
        command: &Command,
        args: &Args<'_>,
    ) {
        let flags = command.spec.flags;
        let Some(slot) = client.slot.filter(|_| !client.runs_again) else {
            return;
        };
        if flags.has(Flags::ADMIN) || flags.has(Flags::SKIP_MONITOR) {
            return;
        }
        let mut words = String::new();
        for (index, word) in args.all().enumerate() {
            if index > 0 {
                words.push(' ');
            }
            let is_secret = is_secret(args, index);
            let shown = if is_secret { b"(redacted)" } else { word };
            words.push_str(&quote(shown));
        }
        self.keys
            .events
            .push_monitored(slot, client.db, self.wall_us, words.as_bytes());
    }

    /// Why a command may not run now, if so.
    fn may_run(
        &mut self,
        attention: Attention,
        client: &mut ClientState,
        command: &Command,
        args: &Args<'_>,
    ) -> Result<(), CommandError> {
        let mut flags = command.spec.flags;
        let closed = attention.has(Attention::UNAUTHENTICATED) && !self.users.is_open();
        if closed && !flags.has(Flags::NO_AUTH) {
            return Err(CommandError::new("NOAUTH Authentication required."));
        }
        let exec = client.multi.as_deref().filter(|_| command.is_exec());
        let runs_loading = exec.is_none_or(Multi::may_run_while_loading);
        let queued_flags = exec.map_or(Flags::NONE, Multi::flags);
        if attention.has(Attention::LOADING) && !(flags.has(Flags::LOADING) && runs_loading) {
            return Err(CommandError::new(
                "LOADING Redis is loading the dataset in memory",
            ));
        }
        if client.multi.is_some() && flags.has(Flags::NO_MULTI) {
            return Err(CommandError::new(
                "ERR Command not allowed inside a transaction",
            ));
        }
        if client.attention.has(Attention::RESTRICTED) {
            let context = match client.multi {
                Some(_) => Context::Multi,
                None => Context::TopLevel,
            };
            self.permit(client, command, args, context)?;
        }
        flags = flags | queued_flags;
        if attention.has(Attention::MEMORY_FULL) && self.may_need_room_for(client, command) {
            return Err(CommandError::OUT_OF_MEMORY);
        }
        if flags.has(Flags::WRITE)
            && let Some(refusal) = &self.write_refusal
        {
            return Err(CommandError::with(refusal.clone()));
        }
        if attention.has(Attention::MONITORS)
            && (flags.has(Flags::WRITE) || flags.has(Flags::READONLY) || may_replicate(command))
        {
            return Err(CommandError::new(
                "ERR Replica can't interact with the keyspace",
            ));
        }
        if attention.has(Attention::SUBSCRIBED)
            && client.is_mere_subscriber()
            && !MAY_SEND_AS_SUBSCRIBER.contains(&command.spec.name)
        {
            return Err(CommandError::with(format!(
                "ERR Can't execute '{}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in \
                 this context",
                command.full_name()
            )));
        }
        Ok(())
    }

    /// Counts that a command was refused; what the client is told.
    #[cold]
    fn reject(
        &mut self,
        client: &mut ClientState,
        command: &Command,
        error: CommandError,
    ) -> CommandError {
        self.statistics.count_rejected(command.number);
        client.refused(&mut self.keys, Some(command), error)
    }

    /// Whether a client's user may run a request; a refusal is counted and written down.
    pub fn permit(
        &mut self,
        client: &mut ClientState,
        command: &Command,
        args: &Args<'_>,
        context: Context,
    ) -> Result<(), CommandError> {
        let Err(denied) = self.users.check(client, command, args) else {
            return Ok(());
        };
        self.note_denied(denied, client, command, args, context);
        Err(denied.error(self.users.name(client.user), command))
    }

    fn note_denied(
        &mut self,
        denied: Denied,
        client: &mut ClientState,
        command: &Command,
        args: &Args<'_>,
        context: Context,
    ) {
        client.last_command = Some(command.number);
        let event = self.users.event(denied, client, command, args, context);
        let max_len = self.settings.acllog_max_len;
        self.users.note(event, self.wall_us / 1000, max_len);
    }

    #[inline(always)]
    fn invoke(
        &mut self,
        command: &Command,
        client: &mut ClientState,
        args: &Args<'_>,
        out: &mut Vec<u8>,
        random_bytes: &mut dyn FnMut(&mut [u8]),
    ) -> Result<Outcome, CommandError> {
        let dirty = self.keys.dirty;
        let db = client.db;
        self.keys.select(db);
        self.keys.no_touch = client.no_touch;
        let is_logged = self.keys.effects.is_enabled();
        if is_logged {
            self.keys.effects.begin_command();
        }
        let reply = Reply::new(out, client.protocol);
        let mut cx = Cx {
            keys: &mut self.keys,
            pubsub: &mut self.pubsub,
            tracking: &mut self.tracking,
            reply,
            client,
            settings: &mut self.settings,
            users: &mut self.users,
            registry: &self.registry,
            statistics: &mut self.statistics,
            wall_us: self.wall_us,
            random_bytes,
        };
        let result = (command.spec.run)(&mut cx, args);
        self.statistics.count_call(command.number, result.is_err());
        if is_logged {
            let is_write = command.spec.flags.has(Flags::WRITE);
            if is_write && self.keys.dirty != dirty && !self.keys.effects.is_replaced() {
                self.keys.effects.log(db, args.all());
            }
            self.keys.effects.end_command();
        }
        result
    }

    /// The command that a request names; `None`: the client is none of Redis's, and is to go.
    #[cold]
    fn find(&self, client: &ClientState, args: &Args<'_>) -> Result<Option<Command>, CommandError> {
        if is_http(args) {
            log::warn!(
                "Possible SECURITY ATTACK detected. Client id={} sent HTTP, which is likely someone's attempt to use \
                 a browser against this server. Connection closed.",
                client.id
            );
            return Ok(None);
        }
        match self.registry.find(args) {
            Found::Command(command) => Ok(Some(*command)),
            Found::UnknownSubcommand(container) => Err(unknown_subcommand(container, args)),
            Found::Unknown => Err(unknown_command(args)),
        }
    }
}

/// What a subscriber may send under RESP2.
const MAY_SEND_AS_SUBSCRIBER: [&str; 9] = [
    "ping",
    "subscribe",
    "ssubscribe",
    "unsubscribe",
    "sunsubscribe",
    "psubscribe",
    "punsubscribe",
    "quit",
    "reset",
];

/// Whether the command, which changes no data, has effects that replicas see.
fn may_replicate(command: &Command) -> bool {
    matches!(command.spec.name, "publish" | "spublish")
}

/// Whether a command has to wait for the end of a pause. One that has waited for something else goes on.
fn is_paused_for(attention: Attention, client: &ClientState, command: &Command) -> bool {
    let flags = command.spec.flags;
    let queued = client.multi.as_deref().filter(|_| command.is_exec());
    let may_write = flags.has(Flags::WRITE)
        || may_replicate(command)
        || queued.is_some_and(|multi| multi.flags().has(Flags::WRITE));
    let is_paused = attention.has(Attention::PAUSED_ALL)
        || attention.has(Attention::PAUSED_WRITES) && may_write;
    is_paused && !client.runs_again && client.slot.is_some()
}

/// What is to be done with a request that was looked at closely.
enum Look {
    Run,
    /// It waits for EXEC.
    Queued,
    /// It waits for the end of a pause.
    Paused,
}

/// Takes a reply back that the client does not want (CLIENT REPLY).
#[cold]
fn mute(client: &mut ClientState, is_asked: bool, out: &mut Vec<u8>, start: usize) {
    if !core::mem::take(&mut client.keeps_reply) {
        out.truncate(start);
        client.loans.rewind(start);
    }
    // What the engine is asked for, it does not answer either; then it ends the skipping. The command that switches
    // replies off is not answered itself.
    if client.reply_mode == ReplyMode::Skip && !is_asked {
        client.reply_mode = ReplyMode::On;
    }
}

#[cold]
fn wrong_arity(command: &Command) -> CommandError {
    CommandError::wrong_arity(&command.full_name())
}

fn unknown_subcommand(container: &Command, args: &Args<'_>) -> CommandError {
    let after = format!("'. Try {} HELP.", container.spec.name.to_ascii_uppercase());
    CommandError::quoting("ERR unknown subcommand '", shown(args.at(1), 128), &after)
}

fn unknown_command(args: &Args<'_>) -> CommandError {
    let mut text = [b"ERR unknown command '", shown(args.at(0), 128)].concat();
    text.extend_from_slice(b"', with args beginning with: ");
    let beginning = text.len();
    for argument in args.from(1) {
        let Some(room) = (beginning + 128).checked_sub(text.len() + 1) else {
            break;
        };
        text.push(b'\'');
        text.extend_from_slice(shown(argument, room + 1));
        text.extend_from_slice(b"' ");
    }
    CommandError::with_bytes(text)
}

/// As much of a word as an error text shows.
fn shown(word: &[u8], most: usize) -> &[u8] {
    until_nul(&word[..word.len().min(most)])
}

/// Whether a request is the start of an HTTP one: a web page that makes its reader's browser post to this port. The
/// lines of its body must not run as commands.
fn is_http(args: &Args<'_>) -> bool {
    args.is(0, "POST") || args.is(0, "HOST:")
}
