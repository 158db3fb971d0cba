//! The commands, one file a family: rows of the command table and their handlers.
//!
//! To add a command: write `fn name(cx: &mut Cx<'_>, args: &Args<'_>) -> Result<Outcome, CommandError>` in its family's
//! file and a [`CommandSpec`] row in that file's `SPECS`. To add a family: a new file with `SPECS`, named in [`FAMILIES`].
//!
//! A handler parses every argument, then touches the keyspace, then replies. It returns `Err` for an error reply, having
//! changed nothing and written nothing. After each change it calls [`crate::keyspace::Keyspace::modified`]: from that
//! the executor knows that the command is to be logged. A command whose effect depends on time, chance or the state of
//! the moment logs its result instead, through `cx.keys.effects.replace(..)`. What lies above the handler's layer it
//! returns as an [`Ask`].

pub mod acl;
pub mod args;
pub mod ask;
pub mod attention;
pub mod categories;
pub mod client_filter;
pub mod client_state;
pub mod error;
pub mod multi;
pub mod owned;
pub mod registry;
pub mod secrets;
pub mod spec;
pub mod wait;

pub use args::{Apart, Args, KeyHashes, Lookup};
pub use ask::{Ask, MemoryAsk, Outcome, Shutdown};
pub use attention::Attention;
pub use client_filter::ClientFilter;
pub use client_state::{ClientState, ReplyMode};
pub(crate) use connection::NO_SUCH_CLIENT;
pub use error::CommandError;
pub use multi::{Multi, Queued};
pub use owned::OwnedRequest;
pub use registry::{Command, Found, Registry};
pub use spec::{CommandSpec, CountedKeys, Flags, Group, Handler, KeyRange, KeyUse, key, keys};
pub use wait::{Wait, WaitOn};

use crate::keyspace::Keyspace;
use crate::pubsub::PubSub;
use crate::resp::Reply;
use crate::settings::Settings;
use crate::telemetry::Statistics;
use acl::{RuleContext, Users};

mod bitmap;
mod collection;
mod connection;
mod geo;
mod hash;
mod help;
mod hyperloglog;
mod introspection;
mod key;
mod list;
mod pubsub;
pub mod server;
mod set;
mod sort;
mod sorted_set;
mod string;
mod transaction;

/// Every family's rows.
pub static FAMILIES: &[&[CommandSpec]] = &[
    connection::SPECS,
    server::SPECS,
    acl::SPECS,
    introspection::SPECS,
    transaction::SPECS,
    key::SPECS,
    sort::SPECS,
    string::SPECS,
    bitmap::SPECS,
    hyperloglog::SPECS,
    hash::SPECS,
    list::SPECS,
    set::SPECS,
    sorted_set::SPECS,
    geo::SPECS,
    pubsub::SPECS,
];

/// What a handler works with.
pub struct Cx<'a> {
    /// The databases; the client's one is selected.
    pub keys: &'a mut Keyspace,
    /// Which keys clients cache.
    pub tracking: &'a mut crate::tracking::Tracking,
    /// Who has subscribed to what.
    pub pubsub: &'a mut PubSub,
    /// The client's output.
    pub reply: Reply<'a>,
    /// The client.
    pub client: &'a mut ClientState,
    /// The settings.
    pub settings: &'a mut Settings,
    /// The users.
    pub users: &'a mut Users,
    /// The command table.
    pub registry: &'a Registry,
    /// Counters, and the logs of slow commands and events.
    pub statistics: &'a mut Statistics,
    /// Microseconds since the Unix epoch at the turn's start.
    pub wall_us: u64,
    /// Fills bytes with bits good enough for secrets.
    pub random_bytes: &'a mut dyn FnMut(&mut [u8]),
}

impl<'a> Cx<'a> {
    /// What rules about users refer to.
    pub(crate) fn rule_context(&self) -> RuleContext<'a> {
        RuleContext {
            registry: self.registry,
            all_channels: self.settings.acl_pubsub_default.is_all(),
        }
    }
}

/// A handler's result.
pub type CommandResult = Result<Outcome, CommandError>;

/// The reply is written.
pub const DONE: CommandResult = Ok(Outcome::Done);
