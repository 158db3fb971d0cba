//! What commands know and change of the client they run for.

use super::acl::UserId;
use super::{Attention, Command, Multi};
use crate::keyspace::watched::Watch;
use crate::resp::{Loans, Protocol};
use crate::tracking::ClientTracking;
use alloc::boxed::Box;
use alloc::string::String;

/// Whether replies reach the client (CLIENT REPLY).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ReplyMode {
    /// Every reply.
    #[default]
    On,
    /// None until switched on again.
    Off,
    /// Not the one of the command that follows; this command's is not sent either.
    SkipNext,
    /// Not this one.
    Skip,
}

/// One client, as far as commands are concerned.
#[derive(Clone, Debug)]
pub struct ClientState {
    /// A number that no other client has had.
    pub id: u64,
    /// The database that SELECT chose.
    pub db: usize,
    /// What HELLO chose.
    pub protocol: Protocol,
    /// Why its requests are looked at closely before they run.
    pub attention: Attention,
    /// Who it is.
    pub user: UserId,
    /// Up to which generation of the users its connection was looked at.
    pub users_seen: u64,
    /// Whether the peer is on this machine.
    pub local: bool,
    /// CLIENT SETNAME; empty: none.
    pub name: String,
    /// CLIENT SETINFO LIB-NAME.
    pub lib_name: String,
    /// CLIENT SETINFO LIB-VER.
    pub lib_ver: String,
    /// CLIENT NO-EVICT.
    pub no_evict: bool,
    /// CLIENT NO-TOUCH.
    pub no_touch: bool,
    /// Where the engine has its connection; `None`: it has none, and cannot be sent what it does not ask for.
    pub slot: Option<u32>,
    /// Whether the request runs once more, after it has waited.
    pub runs_again: bool,
    /// Whether it follows redirections (CLIENT CAPA redirect).
    pub can_redirect: bool,
    /// Its number as a subscriber, while it has subscribed to something ([`crate::pubsub::PubSub`]).
    pub subscriber: Option<u32>,
    /// The reply to this command is sent although replies are off, since it is a push message.
    pub keeps_reply: bool,
    /// CLIENT REPLY.
    pub reply_mode: ReplyMode,
    /// Whether it may not be made to wait: blocking commands then answer at once what they would when their time is up.
    pub deny_blocking: bool,
    /// When it connected, milliseconds on the monotonic clock: the wall clock may jump.
    pub connected_at_ms: u64,
    /// When bytes last came from it or went to it, milliseconds on the monotonic clock.
    pub active_at_ms: u64,
    /// The number of the last command that ran ([`super::Registry::by_number`]).
    pub last_command: Option<u16>,
    /// Commands run so far.
    pub commands: u64,
    /// How it caches; to be ended when the client goes.
    pub tracking: Option<Box<ClientTracking>>,
    /// The transaction since MULTI.
    pub multi: Option<Box<Multi>>,
    /// The keys of WATCH; to be given to [`crate::keyspace::Keyspace::unwatch`] when the client goes.
    pub watch: Watch,
    /// What belongs into the replies written so far and is not copied there.
    pub loans: Loans,
}

impl ClientState {
    /// A client that has just connected.
    pub fn new(id: u64, now_ms: u64) -> Self {
        ClientState {
            id,
            db: 0,
            protocol: Protocol::Resp2,
            attention: Attention::NONE,
            user: UserId::DEFAULT,
            users_seen: 0,
            local: true,
            name: String::new(),
            lib_name: String::new(),
            lib_ver: String::new(),
            no_evict: false,
            no_touch: false,
            slot: None,
            runs_again: false,
            can_redirect: false,
            subscriber: None,
            keeps_reply: false,
            reply_mode: ReplyMode::On,
            deny_blocking: false,
            connected_at_ms: now_ms,
            active_at_ms: now_ms,
            last_command: None,
            commands: 0,
            tracking: None,
            multi: None,
            watch: Watch::default(),
            loans: Loans::default(),
        }
    }

    /// Bytes of memory that its transaction and its watched keys take.
    pub fn transaction_bytes(&self) -> usize {
        let multi = self.multi.as_ref().map_or(0, |multi| multi.memory_bytes());
        multi + self.watch.memory_bytes()
    }

    /// A command runs: what CLIENT CACHING has announced for the next one is over after it, but for a transaction, for
    /// which it counts as a whole.
    pub(crate) fn end_announcement(&mut self, command: &Command) {
        let is_of_client = command.container.is_some_and(|it| it.name == "client");
        let begins = command.spec.name == "multi" || command.is_exec();
        if let Some(tracking) = &mut self.tracking
            && !is_of_client
            && !begins
        {
            tracking.is_announced = false;
        }
    }

    /// Whether it has shown who it is, or need not.
    #[inline]
    pub fn is_authenticated(&self) -> bool {
        !self.attention.has(Attention::UNAUTHENTICATED)
    }

    /// Whether it listens to something, and speaks a protocol in which messages cannot be told from replies.
    #[inline]
    pub fn is_mere_subscriber(&self) -> bool {
        self.subscriber.is_some() && self.protocol == Protocol::Resp2
    }

    /// Tells under which number it has subscribed to something, if it has.
    pub fn set_subscriber(&mut self, subscriber: Option<u32>) {
        self.subscriber = subscriber;
        let is_one = subscriber.is_some();
        self.attention.set(Attention::SUBSCRIBED, is_one);
    }

    /// Whether it is sent every request that runs (MONITOR).
    pub fn is_monitor(&self) -> bool {
        self.attention.has(Attention::MONITORS)
    }

    /// Makes it a monitor, or none.
    pub fn set_monitor(&mut self, is_monitor: bool) {
        self.attention.set(Attention::MONITORS, is_monitor);
    }

    /// The letters of what it can do, as CLIENT LIST shows them.
    pub fn capabilities(&self) -> &'static str {
        if self.can_redirect { "r" } else { "" }
    }

    /// Tells whether it has to show who it is.
    pub fn set_authenticated(&mut self, is_authenticated: bool) {
        self.attention
            .set(Attention::UNAUTHENTICATED, !is_authenticated);
    }
}
