//! `appendfsync always`: who reads what is not durable yet waits for the disk too, so that nobody is told what a power cut
//! can take back; everyone else does not wait.
//!
//! Keys of commands that were logged go into a set of hashes, one bit each; a reader that finds one of its arguments there
//! has its reply held as if it had written. Two sets take turns:
//!
//! ```text
//! the log   |...durable|..changes in `older`..|..changes in `newer`..|
//!                              dropped when durable up to its end
//! ```
//!
//! Every argument counts as a key, of a long one its beginning, and sets have false positives: then somebody waits without
//! need. While the log cannot be written nobody waits in this way: reads go on.

use crate::command::{Args, Flags};
use crate::session::Shared;
use alloc::vec::Vec;

/// Bits of a set.
const BITS: usize = 1 << 16;
/// Of a longer argument only so many bytes count.
const MOST_BYTES: usize = 64;
/// A command with more arguments is taken for one that touches everything.
const MOST_ARGUMENTS: usize = 256;

/// Hashes of keys that were changed.
#[derive(Default)]
struct Changed {
    /// Empty until the first change.
    bits: Vec<u64>,
    is_empty: bool,
    /// Something changed everything.
    everything: bool,
}

impl Changed {
    fn clear(&mut self) {
        if !self.is_empty {
            self.bits.fill(0);
        }
        (self.is_empty, self.everything) = (true, false);
    }

    fn add(&mut self, hash: u64) {
        if self.bits.is_empty() {
            self.bits.resize(BITS / 64, 0);
        }
        self.is_empty = false;
        let bit = hash as usize % BITS;
        self.bits[bit / 64] |= 1 << (bit % 64);
    }

    fn add_everything(&mut self) {
        (self.is_empty, self.everything) = (false, true);
    }

    fn has(&self, hash: u64) -> bool {
        let bit = hash as usize % BITS;
        let word = self.bits.get(bit / 64).copied().unwrap_or(0);
        self.everything || word & 1 << (bit % 64) != 0
    }
}

/// What was changed and is not durable yet. See the module's head.
#[derive(Default)]
pub(super) struct Unsynced {
    is_on: bool,
    newer: Changed,
    older: Changed,
    /// The log must be durable up to here before `older` is dropped.
    older_until: u64,
}

impl Unsynced {
    /// Whether reads are looked at.
    #[inline(always)]
    pub(super) fn is_on(&self) -> bool {
        self.is_on
    }

    /// A turn begins, with the log durable up to `durable` of `position`.
    pub(super) fn begin_turn(&mut self, is_on: bool, durable: u64, position: u64) {
        if is_on != self.is_on {
            self.is_on = is_on;
            self.newer.clear();
            self.older.clear();
            self.older_until = 0;
        }
        if !is_on || durable < self.older_until {
            return;
        }
        self.older.clear();
        if durable >= position {
            self.newer.clear();
        } else if !self.newer.is_empty {
            core::mem::swap(&mut self.older, &mut self.newer);
            self.older_until = position;
        }
    }

    /// A command has run: whether its reply tells what is not durable yet.
    #[inline(always)]
    pub(super) fn must_wait(
        &mut self,
        command: Option<u16>,
        args: &Args<'_>,
        shared: &Shared,
        has_logged: bool,
    ) -> bool {
        has_logged && !self.is_on || self.is_on && self.note(command, args, shared, has_logged)
    }

    #[cold]
    fn note(
        &mut self,
        command: Option<u16>,
        args: &Args<'_>,
        shared: &Shared,
        has_logged: bool,
    ) -> bool {
        let command = command.and_then(|number| shared.registry.by_number(number));
        let Some(spec) = command.map(|command| command.spec) else {
            return has_logged;
        };
        let hasher = shared.keys.hasher();
        let names_keys =
            !spec.keys.is_empty() || spec.counted_keys.is_some() || !spec.keyword_keys.is_empty();
        let all = !names_keys || !spec.unknown_keys.is_empty() || args.len() > MOST_ARGUMENTS;
        let hash = |argument: &[u8]| hasher.hash(&argument[..argument.len().min(MOST_BYTES)]);
        if has_logged {
            if all {
                self.newer.add_everything();
            } else {
                args.from(1)
                    .for_each(|argument| self.newer.add(hash(argument)));
            }
            return true;
        }
        if self.newer.is_empty && self.older.is_empty {
            return false;
        }
        if all {
            // What names no key and reads data reads any.
            return names_keys || spec.flags.has(Flags::READONLY) || spec.name == "exec";
        }
        args.from(1)
            .map(hash)
            .any(|hash| self.newer.has(hash) || self.older.has(hash))
    }
}
