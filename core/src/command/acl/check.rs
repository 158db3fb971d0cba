//! What a request needs permission for, and what is said when there is none.

use crate::command::server::key_specs;
use crate::command::{Args, Command, CommandError, Flags, KeyUse};
use alloc::format;
use alloc::vec::Vec;
use core::ops::Range;

/// What a user may not do, and at which argument that shows. Of two, the greater one is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Denied {
    /// Run the command.
    Command,
    /// Use the key at this index.
    Key(usize),
    /// Use the channel at this index.
    Channel(usize),
}

impl Denied {
    /// The argument, by which the log names what was denied.
    pub(super) fn index(self) -> usize {
        match self {
            Denied::Command => 0,
            Denied::Key(index) | Denied::Channel(index) => index,
        }
    }

    /// The error reply of a command that is refused before it runs.
    pub fn error(self, user: &[u8], command: &Command) -> CommandError {
        match self {
            Denied::Command => {
                let mut text = b"NOPERM ".to_vec();
                text.extend_from_slice(&self.explain(user, command, b""));
                CommandError::with_bytes(text)
            }
            Denied::Key(_) => CommandError::new("NOPERM No permissions to access a key"),
            Denied::Channel(_) => CommandError::new("NOPERM No permissions to access a channel"),
        }
    }

    /// The error reply of a queued command that EXEC does not run any more.
    pub fn error_in_exec(self) -> CommandError {
        CommandError::with(format!(
            "NOPERM ACLs rules changed between the moment the transaction was accumulated and the EXEC call. This \
             command is no longer allowed for the following reason: {}",
            match self {
                Denied::Command => "no permission to execute the command or subcommand",
                Denied::Key(_) => "no permission to touch the specified keys",
                Denied::Channel(_) =>
                    "no permission to access one of the channels used as arguments",
            }
        ))
    }

    /// What ACL DRYRUN answers; `argument` is the one at [`Denied::index`].
    pub(super) fn explain(self, user: &[u8], command: &Command, argument: &[u8]) -> Vec<u8> {
        let name = command.full_name();
        let (what, object, kind): (_, &[u8], _) = match self {
            Denied::Command => ("run", name.as_bytes(), "command"),
            Denied::Key(_) => ("access", argument, "key"),
            Denied::Channel(_) => ("access", argument, "channel"),
        };
        let mut text = b"User ".to_vec();
        text.extend_from_slice(user);
        text.extend_from_slice(format!(" has no permissions to {what} the '").as_bytes());
        text.extend_from_slice(object);
        text.extend_from_slice(format!("' {kind}").as_bytes());
        text
    }
}

/// The keys of a request, found once for all selectors.
#[derive(Default)]
pub(super) struct RequestKeys(Option<Vec<(usize, KeyUse)>>);

impl RequestKeys {
    pub(super) fn of(&mut self, command: &Command, args: &Args<'_>) -> &[(usize, KeyUse)] {
        self.0
            .get_or_insert_with(|| match key_specs::has_keys(command.spec) {
                true => {
                    let mut keys = key_specs::find(command.spec, args);
                    // What is only hashed like a key is none.
                    keys.retain(|(_, key_use)| *key_use != KeyUse::NotKey);
                    keys
                }
                false => Vec::new(),
            })
    }
}

/// The channels of a request that are published or subscribed to, and whether they are patterns. Whoever leaves a channel
/// needs no permission.
pub(super) fn channels(command: &Command, args: &Args<'_>) -> Option<(Range<usize>, bool)> {
    if !command.spec.flags.has(Flags::PUBSUB) || command.container.is_some() {
        return None;
    }
    match command.spec.name {
        "subscribe" | "ssubscribe" => Some((1..args.len(), false)),
        "psubscribe" => Some((1..args.len(), true)),
        "publish" | "spublish" => Some((1..args.len().min(2), false)),
        _ => None,
    }
}
