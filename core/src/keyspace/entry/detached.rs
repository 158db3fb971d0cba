#![allow(unsafe_code, reason = "a value is owned through a tag and a pointer")]
//! A value that leaves its entry, to be freed at once or in slices.

use super::Entry;
use crate::bytes::shared::SharedBytes;
use crate::value::{Encoding, Hash, List, Set, SortedSet, Stored, ValueType};
use alloc::rc::Rc;

/// A value that has left its entry.
pub(in crate::keyspace) enum DetachedValue {
    /// An inline string, an integer or a pack, gone with its entry.
    Nothing,
    /// A string's buffer.
    String(SharedBytes),
    /// A hash.
    Hash(Hash),
    /// A list.
    List(List),
    /// A set.
    Set(Set),
    /// A sorted set.
    SortedSet(SortedSet),
}

impl DetachedValue {
    /// Frees up to about `budget` elements; `true` when nothing is left.
    pub(in crate::keyspace) fn free_slice(&mut self, budget: usize) -> bool {
        match self {
            DetachedValue::Nothing => true,
            DetachedValue::String(bytes) => {
                *bytes = SharedBytes::default();
                true
            }
            DetachedValue::Hash(value) => value.free_slice(budget),
            DetachedValue::List(value) => value.free_slice(budget),
            DetachedValue::Set(value) => value.free_slice(budget),
            DetachedValue::SortedSet(value) => value.free_slice(budget),
        }
    }
}

impl Entry {
    /// Takes the value out for freeing it elsewhere; the entry is used up.
    pub(in crate::keyspace) fn into_value(self) -> DetachedValue {
        let detached = self.detach();
        self.free_block();
        detached
    }

    /// Roughly how many steps freeing the value takes.
    pub fn free_cost(&self) -> usize {
        match self.value_type() {
            ValueType::String => 1,
            ValueType::Hash => self.value::<Hash>().map_or(1, |v| v.free_cost()),
            ValueType::List => self.value::<List>().map_or(1, |v| v.free_cost()),
            ValueType::Set => self.value::<Set>().map_or(1, |v| v.free_cost()),
            ValueType::SortedSet => self.value::<SortedSet>().map_or(1, |v| v.free_cost()),
        }
    }

    /// The owned value behind the word; the entry must not be used but for `free_block` afterwards.
    pub(super) fn detach(&self) -> DetachedValue {
        // SAFETY: by its encoding the word is what `with_shared` or the type's `into_kept` gave, and the caller gives up
        // the entry's ownership of it.
        unsafe {
            match self.encoding() {
                Encoding::Int | Encoding::Inline => DetachedValue::Nothing,
                Encoding::HashListpack | Encoding::SetListpack | Encoding::SortedListpack => {
                    DetachedValue::Nothing
                }
                Encoding::Heap => {
                    DetachedValue::String(Rc::from_raw(self.word_pointer().cast().as_ptr()))
                }
                Encoding::HashTable | Encoding::HashListpackEx | Encoding::HashTableEx => {
                    DetachedValue::Hash(Hash::from_kept(self.kept()))
                }
                Encoding::ListListpack | Encoding::Quicklist => {
                    DetachedValue::List(List::from_kept(self.kept()))
                }
                Encoding::Intset | Encoding::SetTable => {
                    DetachedValue::Set(Set::from_kept(self.kept()))
                }
                Encoding::SortedTree => DetachedValue::SortedSet(SortedSet::from_kept(self.kept())),
            }
        }
    }
}
