//! Writing a file: the pieces between the values, in the order in which [`FileWriter`]'s methods come. The bytes go to a
//! buffer that the caller empties into the file, summing them up as it does; [`FileWriter::push_end`] takes that sum.

use super::encode::{ValueWriter, View};
use super::kind::opcode;
use super::text::push_length;
use crate::structure::listpack::Element;
use alloc::vec::Vec;

/// How recently or often a key was used, as a file notes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Usage {
    /// Not for so many seconds.
    IdleSeconds(u64),
    /// The logarithmic counter of an LFU policy.
    Frequency(u8),
}

/// Writes a file's pieces.
#[derive(Default)]
pub struct FileWriter {
    /// Writes the values.
    pub values: ValueWriter,
    /// The database that a reader is in.
    pub selected: Option<u64>,
}

impl FileWriter {
    /// One that compresses strings, or one that does not.
    pub fn new(compress: bool) -> Self {
        FileWriter {
            values: ValueWriter::new(compress),
            selected: None,
        }
    }

    /// Appends the head of a file of `version`.
    pub fn push_head(&mut self, out: &mut Vec<u8>, version: u16) {
        out.extend_from_slice(b"REDIS");
        out.extend(
            (0..4)
                .rev()
                .map(|i| b'0' + (version / 10u16.pow(i) % 10) as u8),
        );
    }

    /// Appends something that the file tells about itself.
    pub fn push_aux(&mut self, out: &mut Vec<u8>, name: &str, value: Element<'_>) {
        out.push(opcode::AUX);
        self.values.texts.push(out, Element::Bytes(name.as_bytes()));
        self.values.texts.push(out, value);
    }

    /// The database of the keys that follow; nothing when it is the one already.
    pub fn push_select(&mut self, out: &mut Vec<u8>, db: u64) {
        if self.selected != Some(db) {
            self.selected = Some(db);
            out.push(opcode::SELECTDB);
            push_length(out, db);
        }
    }

    /// How many keys the selected database has, and how many of them expire.
    pub fn push_sizes(&mut self, out: &mut Vec<u8>, keys: u64, volatile: u64) {
        out.push(opcode::RESIZEDB);
        push_length(out, keys);
        push_length(out, volatile);
    }

    /// Appends a key of the selected database, up to where its value begins.
    pub fn push_key(
        &mut self,
        out: &mut Vec<u8>,
        key: &[u8],
        expiry_ms: Option<u64>,
        usage: Option<Usage>,
        value: &View<'_>,
    ) {
        if let Some(when_ms) = expiry_ms {
            out.push(opcode::EXPIRETIME_MS);
            out.extend_from_slice(&when_ms.to_le_bytes());
        }
        match usage {
            Some(Usage::IdleSeconds(seconds)) => {
                out.push(opcode::IDLE);
                push_length(out, seconds);
            }
            Some(Usage::Frequency(counter)) => out.extend_from_slice(&[opcode::FREQ, counter]),
            None => {}
        }
        out.push(value.kind().code());
        self.values.texts.push(out, Element::Bytes(key));
    }

    /// Appends the mark of the end. The checksum of everything up to it follows, or eight zeros.
    pub fn push_end(&mut self, out: &mut Vec<u8>) {
        out.push(opcode::EOF);
    }
}
