//! Entries to and from the form in which RDB files and DUMP hold values.

use super::{Entry, StringRef};
use crate::codec::rdb::{Loaded, View};
use crate::structure::listpack::Element;
use crate::value::{Hash, List, Set, SortedSet, Stored, ValueType};

impl Entry {
    /// Shows the value as it is written. No field of a hash is due for the reader, so that all are.
    pub fn with_view<R>(&self, read: impl FnOnce(&View<'_>) -> R) -> Option<R> {
        Some(match self.value_type() {
            ValueType::String => read(&View::String(match self.string()? {
                StringRef::Int(number) => Element::Int(number),
                StringRef::Bytes(bytes) => Element::Bytes(bytes),
            })),
            ValueType::List => read(&View::List(&*self.value::<List>()?)),
            ValueType::Set => read(&View::Set(&*self.value::<Set>()?)),
            ValueType::SortedSet => read(&View::SortedSet(&*self.value::<SortedSet>()?)),
            ValueType::Hash => {
                let hash = self.value::<Hash>()?;
                hash.tell_time(0);
                read(&View::Hash(&hash))
            }
        })
    }

    /// An entry with a value that was read; `None`: it is empty.
    pub fn with_loaded(key: &[u8], value: Loaded<'_>, expiry: Option<u64>) -> Option<Entry> {
        Some(match value {
            Loaded::String(Element::Int(number)) => Entry::with_int(key, number, expiry),
            Loaded::String(Element::Bytes(text)) => Entry::with_string(key, text, expiry),
            Loaded::List(list) => Entry::with_value(key, list, expiry),
            Loaded::Set(set) => Entry::with_value(key, set, expiry),
            Loaded::Hash(hash) => Entry::with_value(key, hash, expiry),
            Loaded::SortedSet(set) => Entry::with_value(key, set, expiry),
            Loaded::Empty => return None,
        })
    }
}
