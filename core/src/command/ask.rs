//! What a command cannot do at its layer: it comes back as a value, and the engine carries it out.

use super::client_filter::ClientFilter;
use super::multi::Queued;
use super::wait::Wait;
use crate::platform::Crash;
use crate::settings::Changes;
use crate::tracking::Options;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

/// What a handler came to.
pub enum Outcome {
    /// The reply is written.
    Done,
    /// The engine has to do something, and writes the reply itself.
    Ask(Box<Ask>),
}

impl Outcome {
    /// Asks the engine.
    pub fn ask(ask: Ask) -> Result<Outcome, super::CommandError> {
        Ok(Outcome::Ask(Box::new(ask)))
    }
}

/// What the engine is asked for.
pub enum Ask {
    /// Close the connection after its replies were sent (QUIT); the reply is written.
    Close,
    /// CLIENT LIST and CLIENT INFO: a line for each client that the filter lets through.
    ClientList(ClientFilter),
    /// CLIENT KILL with filters (replies a count) or an address (replies OK or an error).
    ClientKill {
        /// Whom to end.
        filter: ClientFilter,
        /// The old form: an address, answered by OK.
        old_form: bool,
    },
    /// CLIENT UNBLOCK: ends the wait of the client with this number as if its time were up, or with an error.
    ClientUnblock {
        /// Whose wait.
        id: i64,
        /// Whether it gets an error.
        with_error: bool,
    },
    /// Tell the client's own line (CLIENT INFO).
    ClientInfo,
    /// CLIENT PAUSE: no requests run, or none that may write.
    ClientPause {
        /// For how long, milliseconds.
        timeout_ms: u64,
        /// Whether those that only read are paused as well.
        is_for_all: bool,
    },
    /// CLIENT UNPAUSE.
    ClientUnpause,
    /// The server is paused: run this request when it is no more.
    WaitForPause,
    /// MONITOR.
    Monitor,
    /// Users were changed: go through the clients, for whom that may mean something. The reply is written.
    UsersChanged,
    /// ACL LOAD.
    LoadUsers,
    /// ACL SAVE.
    SaveUsers,
    /// Something was refused: the users' log wants to know which client it was. The reply is written.
    DescribeClient,
    /// INFO with these sections, in lower case; none: the default ones.
    Info(Vec<String>),
    /// Settings were changed by CONFIG SET: apply them, or put the old ones back and answer an error. The engine replies.
    SettingsChanged(Changes),
    /// MEMORY's subcommands about the whole server.
    Memory(MemoryAsk),
    /// CONFIG REWRITE.
    ConfigRewrite,
    /// CONFIG RESETSTAT.
    ResetStatistics,
    /// SHUTDOWN.
    Shutdown(Shutdown),
    /// DEBUG SLEEP: the whole server pauses, then the reply is OK.
    Sleep {
        /// How long, microseconds.
        microseconds: u64,
    },
    /// DEBUG SEGFAULT and DEBUG PANIC: the process ends here.
    Crash(Crash),
    /// LASTSAVE: the Unix time in seconds of the last save, or of the start.
    LastSave,
    /// SAVE: make a snapshot now.
    Save,
    /// BGSAVE: begin a snapshot.
    BackgroundSave {
        /// Whether it may begin later (SCHEDULE).
        may_wait: bool,
    },
    /// BGREWRITEAOF: rewrite the log.
    RewriteLog,
    /// DEBUG RELOAD: load the snapshot again.
    Reload {
        /// Whether one is made first.
        save: bool,
    },
    /// Run nothing more for the client until something has come, and then this request again.
    Wait(Wait),
    /// WAITAOF: tell whether the log is durable up to now, and how many replicas have it, which is none.
    WaitForLog {
        /// Whether the reply has to wait until it is.
        is_wanted: bool,
    },
    /// CLIENT TRACKING ON with REDIRECT.
    Track(Options),
    /// EXEC: run these requests one after the other, and reply an array of their replies.
    Exec(Vec<Queued>),
    /// RESET: put the connection's state back to the start.
    Reset,
}

/// What MEMORY asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemoryAsk {
    /// STATS.
    Stats,
    /// DOCTOR.
    Doctor,
    /// PURGE.
    Purge,
    /// MALLOC-STATS.
    MallocStats,
}

/// SHUTDOWN's options.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shutdown {
    /// `NOSAVE`.
    pub no_save: bool,
    /// `SAVE`.
    pub save: bool,
    /// `NOW`.
    pub now: bool,
    /// `FORCE`.
    pub force: bool,
    /// `ABORT`.
    pub abort: bool,
}
