//! Writing values, in one go or in slices.
//!
//! A [`Progress`] is a place in a value: what is written from there on depends on nothing but the value, so the caller may
//! do something else in between, as long as the value stays as it is. Big tables are walked by hash position, sorted sets
//! by rank, lists by node, long strings by byte; everything else is written at once.

use super::kind::Kind;
use super::text::{TextWriter, push_length};
use crate::structure::listpack::Element;
use crate::structure::quicklist::NodeRef;
use crate::structure::table::SCAN_START;
use crate::value::{Encoding, Hash, List, Set, SortedSet};
use alloc::vec::Vec;

/// A value to be written.
#[derive(Clone, Copy)]
pub enum View<'a> {
    /// A string.
    String(Element<'a>),
    /// A list.
    List(&'a List),
    /// A set.
    Set(&'a Set),
    /// A hash. It must have been told that it is no time at all, so that no field is due.
    Hash(&'a Hash),
    /// A sorted set.
    SortedSet(&'a SortedSet),
}

/// How far a value is written; begins with the default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    is_begun: bool,
    /// A cursor, a rank, or a number of nodes or bytes.
    at: u64,
}

/// Strings from this length on are written in slices.
const LONG_STRING: usize = 128 * 1024 + 1;
/// Elements that are written between two looks at the length of what was written.
const ELEMENTS_AT_ONCE: usize = 16;

impl View<'_> {
    /// The kind that the value is written as: one that Redis 7.0 reads, unless some field of a hash expires.
    pub fn kind(&self) -> Kind {
        match self {
            View::String(_) => Kind::String,
            View::List(_) => Kind::ListQuicklist2,
            View::Set(set) if set.encoding() == Encoding::Intset => Kind::SetIntset,
            View::Set(_) => Kind::Set,
            View::Hash(hash) => match hash.encoding() {
                Encoding::HashListpack => Kind::HashListpack,
                _ if hash.soonest_ms() != u64::MAX => Kind::HashTimed,
                _ => Kind::Hash,
            },
            View::SortedSet(set) if set.as_pack().is_some() => Kind::SortedSetListpack,
            View::SortedSet(_) => Kind::SortedSet2,
        }
    }
}

/// Writes values.
#[derive(Default)]
pub struct ValueWriter {
    /// Writes their strings.
    pub texts: TextWriter,
}

impl ValueWriter {
    /// One that compresses strings, or one that does not.
    pub fn new(compress: bool) -> Self {
        ValueWriter {
            texts: TextWriter::new(compress),
        }
    }

    /// Appends the whole value, without its kind.
    pub fn push(&mut self, out: &mut Vec<u8>, value: &View<'_>) {
        let is_done = self.push_some(out, value, &mut Progress::default(), usize::MAX);
        debug_assert!(is_done);
    }

    /// Appends the value from `progress` on, until about `most` bytes were written; `true` when that was its end.
    pub fn push_some(
        &mut self,
        out: &mut Vec<u8>,
        value: &View<'_>,
        progress: &mut Progress,
        most: usize,
    ) -> bool {
        let end = out.len().saturating_add(most);
        match *value {
            View::String(Element::Bytes(bytes)) if bytes.len() >= LONG_STRING => {
                push_long(out, bytes, progress, most)
            }
            View::String(text) => {
                self.texts.push(out, text);
                true
            }
            View::List(list) => self.push_list(out, list, progress, end),
            View::Set(set) => self.push_set(out, set, progress, end),
            View::Hash(hash) => self.push_hash(out, hash, progress, end),
            View::SortedSet(set) => self.push_sorted_set(out, set, progress, end),
        }
    }

    fn push_list(
        &mut self,
        out: &mut Vec<u8>,
        list: &List,
        progress: &mut Progress,
        end: usize,
    ) -> bool {
        /// What a node may be.
        const PLAIN: u64 = 1;
        const PACKED: u64 = 2;
        if progress.begin() {
            push_length(out, list.node_count() as u64);
        }
        for node in list.nodes().skip(progress.at as usize) {
            if out.len() >= end {
                return false;
            }
            match node {
                NodeRef::Packed(pack) => {
                    push_length(out, PACKED);
                    self.texts.push_bytes(out, pack.as_bytes());
                }
                NodeRef::Plain(text) => {
                    push_length(out, PLAIN);
                    self.texts.push_bytes(out, text);
                }
            }
            progress.at += 1;
        }
        true
    }

    fn push_set(
        &mut self,
        out: &mut Vec<u8>,
        set: &Set,
        progress: &mut Progress,
        end: usize,
    ) -> bool {
        if let Some(ints) = set.as_intset() {
            self.texts.push_bytes(out, ints.as_bytes());
            return true;
        }
        if progress.begin() {
            push_length(out, set.len() as u64);
        }
        progress.walk(out, end, |out, cursor| {
            set.scan(cursor, ELEMENTS_AT_ONCE, |member| {
                self.texts.push(out, member);
            })
        })
    }

    fn push_hash(
        &mut self,
        out: &mut Vec<u8>,
        hash: &Hash,
        progress: &mut Progress,
        end: usize,
    ) -> bool {
        if let Some(pack) = hash.as_pack() {
            self.texts.push_bytes(out, pack.to_listpack().as_bytes());
            return true;
        }
        let soonest_ms = hash.soonest_ms();
        let is_timed = soonest_ms != u64::MAX;
        if progress.begin() {
            if is_timed {
                out.extend_from_slice(&soonest_ms.to_le_bytes());
            }
            push_length(out, hash.total() as u64);
        }
        progress.walk(out, end, |out, cursor| {
            hash.scan_timed(cursor, ELEMENTS_AT_ONCE, |field, value, expiry| {
                if is_timed {
                    // 0: none; the soonest is 1.
                    push_length(out, expiry.map_or(0, |when_ms| when_ms - soonest_ms + 1));
                }
                self.texts.push(out, field);
                self.texts.push(out, value);
            })
        })
    }

    fn push_sorted_set(
        &mut self,
        out: &mut Vec<u8>,
        set: &SortedSet,
        progress: &mut Progress,
        end: usize,
    ) -> bool {
        if let Some(pack) = set.as_pack() {
            self.texts.push_bytes(out, pack.to_listpack().as_bytes());
            return true;
        }
        if progress.begin() {
            push_length(out, set.len() as u64);
        }
        for pair in set.iter_from(progress.at as usize) {
            if out.len() >= end {
                return false;
            }
            self.texts.push(out, pair.member);
            out.extend_from_slice(&pair.score().to_le_bytes());
            progress.at += 1;
        }
        true
    }
}

impl Progress {
    /// Whether nothing was written yet; from now on, something is.
    fn begin(&mut self) -> bool {
        !core::mem::replace(&mut self.is_begun, true)
    }

    /// Walks a table from the cursor on, until `out` has reached `end`; `true` when the walk is over.
    fn walk(
        &mut self,
        out: &mut Vec<u8>,
        end: usize,
        mut step: impl FnMut(&mut Vec<u8>, u64) -> u64,
    ) -> bool {
        loop {
            self.at = step(out, self.at);
            if self.at == SCAN_START {
                return true;
            }
            if out.len() >= end {
                return false;
            }
        }
    }
}

fn push_long(out: &mut Vec<u8>, bytes: &[u8], progress: &mut Progress, most: usize) -> bool {
    if progress.begin() {
        push_length(out, bytes.len() as u64);
    }
    let rest = &bytes[progress.at as usize..];
    let slice = &rest[..rest.len().min(most.max(1))];
    out.extend_from_slice(slice);
    progress.at += slice.len() as u64;
    slice.len() == rest.len()
}
