//! Digests of values and of all data, the same as Redis's for the same data.
//!
//! A [`Digest`] takes bytes in by exclusive or with their SHA-1. Where the order counts, the sum is hashed once more with
//! each of them, so that it depends on all before; where it does not (members of a set, keys), it is not. What Redis
//! takes in for each type, `xorObjectDigest` of its `debug.c` says.

use crate::bytes::number::{FLOAT_TEXT_MAX, write_f64_digits};
use crate::codec::rdb::View;
use crate::keyspace::{Entry, Keyspace};
use crate::structure::listpack::Element;
use crate::structure::table::SCAN_START;
use crate::value::ValueType;
use crate::value::list::End;
use alloc::string::String;
use core::fmt::Write as _;
use sha1::{Digest as _, Sha1};

/// Keys that are walked at once.
const KEYS_AT_ONCE: usize = 1000;

/// A sum over bytes. Begins with zeros.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Digest([u8; 20]);

impl Digest {
    /// Takes bytes in whose order among others does not count.
    fn join(&mut self, bytes: &[u8]) {
        let hash: [u8; 20] = Sha1::digest(bytes).into();
        for (sum, byte) in self.0.iter_mut().zip(hash) {
            *sum ^= byte;
        }
    }

    /// Takes bytes in after all others.
    fn mix(&mut self, bytes: &[u8]) {
        self.join(bytes);
        self.0 = Sha1::digest(self.0).into();
    }

    fn join_element(&mut self, element: Element<'_>) {
        self.join(element.text(&mut [0; 21]));
    }

    fn mix_element(&mut self, element: Element<'_>) {
        self.mix(element.text(&mut [0; 21]));
    }

    /// Takes in a part that has a digest of its own.
    fn join_part(&mut self, part: Digest) {
        self.join(&part.0);
    }

    /// Takes in an entry's value and whether it expires.
    pub(super) fn add_value(&mut self, entry: &Entry) {
        self.mix(&type_code(entry.value_type()).to_be_bytes());
        entry.with_view(|view| self.add_view(view));
        if entry.expiry().is_some() {
            self.join(b"!!expire!!");
        }
    }

    fn add_view(&mut self, view: &View<'_>) {
        match *view {
            View::String(text) => self.mix_element(text),
            View::List(list) => {
                for element in list.iter(End::Tail) {
                    self.mix_element(element);
                }
            }
            View::Set(set) => {
                for member in set.iter() {
                    self.join_element(member);
                }
            }
            View::Hash(hash) => {
                for (field, value, expiry) in hash.iter_timed() {
                    let mut part = Digest::default();
                    part.mix_element(field);
                    part.mix_element(value);
                    if expiry.is_some() {
                        part.join(b"!!hexpire!!");
                    }
                    self.join_part(part);
                }
            }
            View::SortedSet(set) => {
                for pair in set.iter_from(0) {
                    let mut part = Digest::default();
                    part.mix_element(pair.member);
                    part.mix(write_f64_digits(pair.score(), &mut [0; FLOAT_TEXT_MAX]));
                    self.join_part(part);
                }
            }
        }
    }

    /// The digest of all databases.
    pub(super) fn of_all(keys: &mut Keyspace) -> Digest {
        let mut digest = Digest::default();
        let current = keys.current();
        for db in 0..keys.database_count() {
            keys.select(db);
            if keys.is_empty() {
                continue;
            }
            digest.mix(&(db as u32).to_be_bytes());
            let mut cursor = SCAN_START;
            loop {
                cursor = keys.scan(cursor, KEYS_AT_ONCE, |entry| {
                    let mut part = Digest::default();
                    part.mix(entry.key());
                    part.add_value(&entry);
                    digest.join_part(part);
                });
                if cursor == SCAN_START {
                    break;
                }
            }
        }
        keys.select(current);
        digest
    }

    /// As hexadecimal digits.
    pub(super) fn to_hex(self) -> String {
        let mut text = String::with_capacity(40);
        for byte in self.0 {
            let _never_fails = write!(text, "{byte:02x}");
        }
        text
    }
}

/// Redis's number of a type.
fn type_code(value_type: ValueType) -> u32 {
    match value_type {
        ValueType::String => 0,
        ValueType::List => 1,
        ValueType::Set => 2,
        ValueType::SortedSet => 3,
        ValueType::Hash => 4,
    }
}
