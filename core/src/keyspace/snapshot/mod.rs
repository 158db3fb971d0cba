//! Snapshots without fork: a walk over all databases in slices, which writes what was there when it began.
//!
//! ```text
//! hash space of a database   |####################|.....*....*..........|
//!                            0    written    unwritten_from    * written early, stamped
//! ```
//!
//! Entries stand in the order of their hashes, so one position says which are written. Whatever is about to change or remove
//! an entry that is not written yet has it written first, where it is in the file does not matter, and stamped. What is new
//! in the unwritten part is stamped as well, since it was not there at the beginning; the walk passes over stamped entries
//! and takes the stamps off. So the file is the state of one moment, at the cost of a look at each entry that is written
//! to while the walk goes on, and memory does not grow.
//!
//! Looking costs nothing at other times: a database that is walked says that something is due at once, which sends
//! every lookup the way that looks for expired keys (`Database::due_from_ms`).
//!
//! A value too big to be written at once is put aside and written in slices before the walk goes on. What is written
//! early meanwhile waits until it is complete. A command that changes the big value has its rest written at once.
//!
//! A database that is flushed is handed to the walk as a whole; one that is swapped takes its place along.

mod hooks;
#[cfg(test)]
mod tests;

use super::database::{Database, NO_WALK};
use super::entry::{Entry, StringRef};
use super::lazy_free::FREE_AT_ONCE;
use super::{AccessClock, Keyspace};
use crate::codec::rdb::{FileWriter, Progress, kind};
use crate::structure::listpack::Element;
use crate::structure::table::SCAN_START;
use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::mem;

/// Entries that are looked at in one step.
const ITEMS_AT_ONCE: usize = 16;
/// Bytes of a big value that are written in one step.
const BYTES_AT_ONCE: usize = 32 * 1024;
/// Longer strings are written in slices.
const LONG_STRING: usize = 64 * 1024;

/// How a snapshot is written.
#[derive(Clone, Debug, Default)]
pub struct SnapshotOptions {
    /// `rdbcompression`.
    pub compress: bool,
    /// Whether how recently or often keys were used is written, as with an eviction policy that asks for it.
    pub write_usage: bool,
    /// What the file tells about itself.
    pub aux: Vec<(&'static str, Vec<u8>)>,
}

/// What a step came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SnapshotStep {
    /// There is more to write.
    More,
    /// All is written, up to and with the end mark; the checksum is to follow.
    Done,
}

/// The walk.
pub(super) struct Walk {
    writer: FileWriter,
    write_usage: bool,
    out: Vec<u8>,
    /// What is written early while a big value is half written.
    aside: Vec<u8>,
    aside_selected: Option<u64>,
    parts: Vec<Part>,
    /// The part that is walked.
    at: usize,
    /// Big values of that part that the walk has passed and that are to be written next.
    big: VecDeque<Big>,
    /// How far the first of them is written.
    progress: Option<Progress>,
    keys: u64,
    is_over: bool,
}

/// A database as it was at the beginning.
struct Part {
    /// Its number then.
    number: u64,
    keys: u64,
    volatile: u64,
    /// The database, once it was flushed.
    flushed: Option<Box<Database>>,
}

struct Big {
    hash: u64,
    key: Vec<u8>,
}

impl Keyspace {
    /// Begins a snapshot of what is there now; `false` when one is being made already.
    pub fn begin_snapshot(&mut self, options: &SnapshotOptions) -> bool {
        if self.walk.is_some() {
            return false;
        }
        let mut walk = Walk::new(options);
        let has_times = self.databases.iter().any(|db| !db.hashes.is_empty());
        let version = match has_times {
            true => kind::VERSION_FIELD_TTL,
            false => kind::VERSION,
        };
        walk.writer.push_head(&mut walk.out, version);
        for (name, value) in &options.aux {
            walk.writer
                .push_aux(&mut walk.out, name, Element::Bytes(value));
        }
        for (number, database) in self.databases.iter_mut().enumerate() {
            if database.table.is_empty() {
                continue;
            }
            database.begin_walk(walk.parts.len());
            walk.parts.push(Part {
                number: number as u64,
                keys: database.table.len() as u64,
                volatile: database.expiries.len() as u64,
                flushed: None,
            });
        }
        walk.begin_part();
        self.walk = Some(Box::new(walk));
        true
    }

    /// Whether a snapshot is being made: between [`Keyspace::begin_snapshot`] and [`Keyspace::end_snapshot`].
    pub fn is_snapshot_running(&self) -> bool {
        self.walk.is_some()
    }

    /// Writes a little of the snapshot.
    pub fn step_snapshot(&mut self) -> SnapshotStep {
        let Some(mut walk) = self.walk.take() else {
            return SnapshotStep::Done;
        };
        let step = self.step(&mut walk);
        self.walk = Some(walk);
        step
    }

    /// What was written since the last call; the caller may keep as much of it as it likes, and empties it.
    pub fn snapshot_output(&mut self) -> Option<&mut Vec<u8>> {
        self.walk.as_mut().map(|walk| &mut walk.out)
    }

    /// How many keys are written, and how many there were.
    pub fn snapshot_counts(&self) -> (u64, u64) {
        self.walk.as_ref().map_or((0, 0), |walk| {
            (walk.keys, walk.parts.iter().map(|part| part.keys).sum())
        })
    }

    /// Ends a snapshot that is done; `false`: it is not. (One that is not wanted any more is walked to its end all the same,
    /// since it has stamped entries.)
    pub fn end_snapshot(&mut self) -> bool {
        match &self.walk {
            Some(walk) if walk.is_over => {
                self.walk = None;
                true
            }
            _ => false,
        }
    }

    fn step(&mut self, walk: &mut Walk) -> SnapshotStep {
        if walk.is_over {
            return SnapshotStep::Done;
        }
        if walk.at == walk.parts.len() {
            walk.writer.push_end(&mut walk.out);
            walk.is_over = true;
            return SnapshotStep::Done;
        }
        let (access, at) = (self.access, walk.at);
        let mut flushed = walk.parts[at].flushed.take();
        let database = match &mut flushed {
            Some(database) => Some(&mut **database),
            None => self.databases.iter_mut().find(|db| db.part() == Some(at)),
        };
        // A part without a database cannot be: it is over then.
        let is_over = database.is_none_or(|database| {
            let is_over = walk.step_part(database, &access);
            if is_over {
                database.end_walk();
            }
            is_over
        });
        if !is_over {
            walk.parts[at].flushed = flushed;
            return SnapshotStep::More;
        }
        if let Some(database) = flushed {
            self.lazy.push_database(*database);
        }
        walk.at += 1;
        walk.begin_part();
        SnapshotStep::More
    }
}

impl Walk {
    fn new(options: &SnapshotOptions) -> Self {
        Walk {
            writer: FileWriter::new(options.compress),
            write_usage: options.write_usage,
            out: Vec::new(),
            aside: Vec::new(),
            aside_selected: None,
            parts: Vec::new(),
            at: 0,
            big: VecDeque::new(),
            progress: None,
            keys: 0,
            is_over: false,
        }
    }

    fn begin_part(&mut self) {
        if let Some(part) = self.parts.get(self.at) {
            self.writer.push_select(&mut self.out, part.number);
            self.writer
                .push_sizes(&mut self.out, part.keys, part.volatile);
        }
    }

    /// Goes on in the database of the part that is walked; `true` when that is written.
    fn step_part(&mut self, database: &mut Database, access: &AccessClock) -> bool {
        if let Some(big) = self.big.front() {
            match database.table.find(big.hash, &big.key) {
                Some(entry) => self.step_big(&entry, access, BYTES_AT_ONCE),
                None => self.end_big(),
            }
            return false;
        }
        let from = database.unwritten_from();
        if from == NO_WALK {
            return true;
        }
        let hasher = database.table.hasher();
        let next = database.table.scan(from, ITEMS_AT_ONCE, |entry| {
            if entry.is_stamped() {
                entry.set_stamp(false);
            } else if is_big(&entry) {
                self.big.push_back(Big {
                    hash: hasher.hash(entry.key()),
                    key: entry.key().to_vec(),
                });
            } else {
                self.write(self.at, &entry, access);
            }
        });
        database.walked_to(if next == SCAN_START { NO_WALK } else { next });
        next == SCAN_START && self.big.is_empty()
    }

    /// Writes an entry of a part as a whole; aside, while a big value is half written.
    fn write(&mut self, part: usize, entry: &Entry, access: &AccessClock) {
        let is_aside = self.progress.is_some();
        if is_aside {
            self.exchange_aside();
        }
        self.writer
            .push_select(&mut self.out, self.parts[part].number);
        self.push_key(entry, access);
        entry.with_view(|value| self.writer.values.push(&mut self.out, value));
        self.keys += 1;
        if is_aside {
            self.exchange_aside();
        }
    }

    fn push_key(&mut self, entry: &Entry, access: &AccessClock) {
        let usage = self.write_usage.then(|| access.usage(entry.clock()));
        entry.with_view(|value| {
            self.writer
                .push_key(&mut self.out, entry.key(), entry.expiry(), usage, value);
        });
    }

    /// Writes about `most` bytes of the first big value.
    fn step_big(&mut self, entry: &Entry, access: &AccessClock, most: usize) {
        let mut progress = match self.progress.take() {
            Some(progress) => progress,
            None => {
                self.writer
                    .push_select(&mut self.out, self.parts[self.at].number);
                self.push_key(entry, access);
                Progress::default()
            }
        };
        let is_done = entry.with_view(|value| {
            self.writer
                .values
                .push_some(&mut self.out, value, &mut progress, most)
        });
        if is_done == Some(false) {
            self.progress = Some(progress);
            return;
        }
        self.keys += 1;
        self.end_big();
    }

    /// The first big value is written, with what had to wait for it.
    fn end_big(&mut self) {
        self.big.pop_front();
        self.progress = None;
        self.out.append(&mut self.aside);
        self.aside = Vec::new();
        if let Some(selected) = self.aside_selected.take() {
            self.writer.selected = Some(selected);
        }
    }

    fn exchange_aside(&mut self) {
        mem::swap(&mut self.out, &mut self.aside);
        mem::swap(&mut self.writer.selected, &mut self.aside_selected);
    }
}

/// Whether a value is written in slices.
fn is_big(entry: &Entry) -> bool {
    match entry.string() {
        Some(StringRef::Bytes(bytes)) => bytes.len() > LONG_STRING,
        Some(StringRef::Int(_)) => false,
        None => entry.free_cost() > FREE_AT_ONCE,
    }
}
