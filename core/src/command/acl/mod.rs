//! Users and what they may do: the ACL command, and the check of every request of a restricted user.
//!
//! ```text
//! commands.rs   which commands a selector allows, and the text of its rules
//! selector.rs   commands, keys and channels: one set of permissions
//! user.rs       a user: passwords and selectors
//! users.rs      all users; clients and their users
//! check.rs      what a request needs, and what is said when it is refused
//! log.rs        ACL LOG
//! file.rs       users in files
//! handlers.rs   the subcommands of ACL
//! ```
//!
//! [`Users::check`] is the one question that everybody asks who runs requests: when they come, when they are queued, when
//! EXEC runs them, and when one that waited is run again.

mod check;
mod commands;
mod file;
mod handlers;
mod log;
mod rows;
mod selector;
#[cfg(test)]
mod tests;
mod user;
mod users;

pub use check::Denied;
pub use file::{check_declaration, parse_file};
pub use log::{AclLog, Context, Event, Reason};
pub(super) use rows::SPECS;
pub use selector::RuleContext;
pub use user::User;
pub use users::{DeniedCounts, UserId, Users};

/// Why a rule cannot be applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RuleError {
    /// There is no such command or category.
    Unknown,
    /// It is no rule, or its pattern has a blank.
    Syntax,
    /// A key pattern while all keys are allowed.
    KeysAfterAll,
    /// A channel pattern while all channels are allowed.
    ChannelsAfterAll,
    /// There is no such password to be removed.
    NoSuchPassword,
    /// A hash that is none.
    BadHash,
    /// Only commands can be allowed with a first argument.
    FirstArgumentOfSubcommand,
    /// The user is declared twice.
    Duplicate,
}

impl RuleError {
    /// Redis's words for it.
    pub fn text(self) -> &'static str {
        match self {
            RuleError::Unknown => "Unknown command or category name in ACL",
            RuleError::Syntax => "Syntax error",
            RuleError::KeysAfterAll => {
                "Adding a pattern after the * pattern (or the 'allkeys' flag) is not valid and does not have any \
                 effect. Try 'resetkeys' to start with an empty list of patterns"
            }
            RuleError::ChannelsAfterAll => {
                "Adding a pattern after the * pattern (or the 'allchannels' flag) is not valid and does not have any \
                 effect. Try 'resetchannels' to start with an empty list of channels"
            }
            RuleError::NoSuchPassword => {
                "The password you are trying to remove from the user does not exist"
            }
            RuleError::BadHash => {
                "The password hash must be exactly 64 characters and contain only lowercase hexadecimal characters"
            }
            RuleError::FirstArgumentOfSubcommand => {
                "Allowing first-arg of a subcommand is not supported"
            }
            RuleError::Duplicate => {
                "Duplicate user found. A user can only be defined once in config files"
            }
        }
    }
}
