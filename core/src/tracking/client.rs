//! How one client tracks.

use super::{Reader, Tracking};
use alloc::collections::BTreeSet;
use alloc::vec::Vec;

/// What CLIENT TRACKING ON was asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// `REDIRECT`: the number of the client that invalidations go to; 0: to the client itself.
    pub redirect_id: i64,
    /// `BCAST`.
    pub is_broadcast: bool,
    /// `OPTIN`.
    pub opts_in: bool,
    /// `OPTOUT`.
    pub opts_out: bool,
    /// `NOLOOP`.
    pub no_loop: bool,
    /// `PREFIX`, as often as given.
    pub prefixes: Vec<Vec<u8>>,
}

/// Where invalidations go instead of to the client itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Redirect {
    /// The number of the client.
    pub id: u64,
    /// Where the engine had its connection.
    pub slot: u32,
    /// It was found to be gone.
    pub is_broken: bool,
}

/// How a client tracks.
#[derive(Clone, Debug)]
pub struct ClientTracking {
    /// The client as the table knows it.
    pub reader: Reader,
    /// Whom to tell instead.
    pub redirect: Option<Redirect>,
    /// It hears of all changes under its prefixes, whatever it has read.
    pub is_broadcast: bool,
    /// It caches only what it has announced (CLIENT CACHING YES).
    pub opts_in: bool,
    /// It caches all but what it has announced not to (CLIENT CACHING NO).
    pub opts_out: bool,
    /// It does not hear of its own changes.
    pub no_loop: bool,
    /// CLIENT CACHING was given for the next command.
    pub is_announced: bool,
    prefixes: BTreeSet<Vec<u8>>,
}

impl ClientTracking {
    /// The prefixes that it listens to.
    pub fn prefixes(&self) -> &BTreeSet<Vec<u8>> {
        &self.prefixes
    }

    /// Whether the keys that it reads now are to be remembered.
    pub fn remembers(&self) -> bool {
        let by_choice = if self.opts_in {
            self.is_announced
        } else {
            !(self.opts_out && self.is_announced)
        };
        by_choice && !self.is_broadcast
    }
}

impl Tracking {
    /// Has a client track, or track in another way. The options must go together.
    pub fn enable(
        &mut self,
        old: Option<ClientTracking>,
        reader: Reader,
        redirect: Option<Redirect>,
        options: Options,
    ) -> ClientTracking {
        let mut prefixes = match old {
            Some(old) => old.prefixes,
            None => {
                self.clients += 1;
                BTreeSet::new()
            }
        };
        if options.is_broadcast {
            let all = [Vec::new()];
            let wanted = match options.prefixes.is_empty() {
                true => &all[..],
                false => &options.prefixes,
            };
            for prefix in wanted {
                self.listen(reader, prefix);
                prefixes.insert(prefix.clone());
            }
        }
        ClientTracking {
            reader,
            redirect,
            is_broadcast: options.is_broadcast,
            opts_in: options.opts_in,
            opts_out: options.opts_out,
            no_loop: options.no_loop,
            is_announced: false,
            prefixes,
        }
    }

    /// Ends a client's tracking.
    pub fn disable(&mut self, old: ClientTracking) {
        for prefix in &old.prefixes {
            self.stop_listening(old.reader, prefix);
        }
        self.clients -= 1;
        if self.clients == 0 {
            self.forget_keys();
        }
    }
}
