//! SLOWLOG and COMMANDLOG: commands that took long, were large, or had a large reply.
//!
//! An entry keeps as much of its arguments as Redis does, so the log's size is bounded by its length: 32 arguments of 128
//! bytes. Secrets are left out.

use alloc::collections::VecDeque;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// Arguments kept of an entry, and bytes kept of each.
const MAX_ARGUMENTS: usize = 32;
const MAX_BYTES: usize = 128;

/// What makes a command worth an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It took long: the value is microseconds.
    Slow,
    /// Its request was large: the value is bytes.
    LargeRequest,
    /// Its reply was large: the value is bytes.
    LargeReply,
}

impl Kind {
    /// The kind of this name, in any case.
    pub fn by_name(name: &[u8]) -> Option<Kind> {
        let all = [
            ("slow", Kind::Slow),
            ("large-request", Kind::LargeRequest),
            ("large-reply", Kind::LargeReply),
        ];
        let mut all = all.into_iter();
        all.find(|(word, _)| word.as_bytes().eq_ignore_ascii_case(name))
            .map(|(_, kind)| kind)
    }
}

/// Where the time of a slow command went, as far as it was measured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Why {
    /// Microseconds from the start of the loop's turn until the command ran: what ran before it in that turn.
    pub queued_us: u64,
    /// Microseconds that it ran, what making room for it took included.
    pub executed_us: u64,
    /// Of those, microseconds spent on evicting and freeing before it ran.
    pub eviction_us: u64,
    /// Of those, microseconds spent on the database's table, which grew: segments rebuilt or split.
    pub table_us: u64,
    /// How many segments were.
    pub table_growths: u64,
    /// Of those, microseconds spent on removing keys and fields that it met after their time.
    pub expiry_us: u64,
    /// How many keys, or hashes with such fields, there were.
    pub expired: u64,
    /// Microseconds that the write of this turn's effects to the log took, after it.
    pub log_us: u64,
    /// How many commands the measured time is for: short commands of one kind are timed together, and if they take long
    /// it is not known which of them did.
    pub commands: u64,
}

impl Why {
    /// Names and values, as they are shown.
    pub fn fields(&self) -> [(&'static str, u64); 9] {
        [
            ("queued-usec", self.queued_us),
            ("executed-usec", self.executed_us),
            ("eviction-usec", self.eviction_us),
            ("table-growth-usec", self.table_us),
            ("table-growths", self.table_growths),
            ("expiry-usec", self.expiry_us),
            ("expired", self.expired),
            ("aof-write-usec", self.log_us),
            ("timed-commands", self.commands),
        ]
    }
}

/// A command in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogEntry {
    /// Counts the entries of its kind.
    pub id: u64,
    /// When it ran, Unix seconds.
    pub at_seconds: u64,
    /// Microseconds or bytes.
    pub value: u64,
    /// The request.
    pub arguments: Vec<Vec<u8>>,
    /// The client's address.
    pub address: String,
    /// The client's name.
    pub name: String,
    /// Of a slow one: where the time went.
    pub why: Why,
}

/// The entries of one kind.
#[derive(Clone, Debug, Default)]
struct Log {
    /// The newest first.
    entries: VecDeque<LogEntry>,
    next_id: u64,
}

/// The entries of all kinds.
#[derive(Clone, Debug, Default)]
pub struct CommandLog {
    logs: [Log; 3],
}

impl CommandLog {
    /// Adds an entry, whose number it gets here; keeps `max_len` at most.
    pub fn add(&mut self, kind: Kind, mut entry: LogEntry, max_len: usize) {
        let log = &mut self.logs[kind as usize];
        if max_len > 0 {
            entry.id = log.next_id;
            log.next_id += 1;
            log.entries.push_front(entry);
        }
        log.entries.truncate(max_len);
    }

    /// How many entries there are.
    pub fn len(&self, kind: Kind) -> usize {
        self.logs[kind as usize].entries.len()
    }

    /// Forgets all entries of a kind.
    pub fn reset(&mut self, kind: Kind) {
        self.logs[kind as usize].entries = VecDeque::new();
    }

    /// The entries, newest first.
    pub fn entries(&self, kind: Kind) -> impl Iterator<Item = &LogEntry> {
        self.logs[kind as usize].entries.iter()
    }

    /// The number that the next slow entry gets.
    pub fn next_slow(&self) -> u64 {
        self.logs[Kind::Slow as usize].next_id
    }

    /// Tells the slow entries from number `first` on how long the write of their turn's effects took.
    pub fn tell_log_write(&mut self, first: u64, took_us: u64) {
        let entries = &mut self.logs[Kind::Slow as usize].entries;
        for entry in entries.iter_mut().take_while(|entry| entry.id >= first) {
            entry.why.log_us = took_us;
        }
    }
}

/// As much of a request as an entry keeps; of argument `i` nothing if `is_secret(i)`.
pub fn kept_arguments<'a>(
    arguments: impl ExactSizeIterator<Item = &'a [u8]>,
    is_secret: impl Fn(usize) -> bool,
) -> Vec<Vec<u8>> {
    let len = arguments.len();
    let whole = if len > MAX_ARGUMENTS {
        MAX_ARGUMENTS - 1
    } else {
        len
    };
    let mut kept = Vec::with_capacity(len.min(MAX_ARGUMENTS));
    for (at, argument) in arguments.take(whole).enumerate() {
        kept.push(match argument.len().checked_sub(MAX_BYTES) {
            _ if is_secret(at) => b"(redacted)".to_vec(),
            None | Some(0) => argument.to_vec(),
            Some(more) => {
                let mut beginning = argument[..MAX_BYTES].to_vec();
                beginning.extend_from_slice(format!("... ({more} more bytes)").as_bytes());
                beginning
            }
        });
    }
    if whole < len {
        kept.push(format!("... ({} more arguments)", len - whole).into_bytes());
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec;

    #[test]
    fn arguments_are_cut_as_in_redis() {
        let words: Vec<&[u8]> = vec![b"word"; 40];
        let kept = kept_arguments(words.into_iter(), |_| false);
        assert_eq!((kept.len(), kept[30].as_slice()), (32, &b"word"[..]));
        assert_eq!(kept[31], b"... (9 more arguments)");
        let long = [b'x'; 200];
        let words: [&[u8]; 3] = [&long, &long[..128], b"secret"];
        let kept = kept_arguments(words.into_iter(), |at| at == 2);
        assert_eq!(kept[0], [&long[..128], b"... (72 more bytes)"].concat());
        assert_eq!(
            (kept[1].len(), kept[2].as_slice()),
            (128, &b"(redacted)"[..])
        );
        let words: Vec<&[u8]> = vec![b"word"; 32];
        assert_eq!(kept_arguments(words.into_iter(), |_| false).len(), 32);
    }

    #[test]
    fn the_newest_entries_are_kept() {
        let mut log = CommandLog::default();
        let entry = LogEntry {
            id: 0,
            at_seconds: 1,
            value: 2,
            arguments: Vec::new(),
            address: String::new(),
            name: String::new(),
            why: Why::default(),
        };
        (0..5).for_each(|_| log.add(Kind::Slow, entry.clone(), 3));
        let ids: Vec<_> = log.entries(Kind::Slow).map(|entry| entry.id).collect();
        assert_eq!(ids, [4, 3, 2]);
        log.tell_log_write(3, 77);
        let told: Vec<_> = log.entries(Kind::Slow).map(|e| e.why.log_us).collect();
        assert_eq!(told, [77, 77, 0]);
        log.add(Kind::Slow, entry, 0);
        assert_eq!(log.len(Kind::Slow), 0);
        assert_eq!(log.next_slow(), 5);
    }
}
