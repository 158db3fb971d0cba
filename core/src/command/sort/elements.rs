//! The elements to sort, copied out of their key.

use super::options::Options;
use crate::command::CommandError;
use crate::keyspace::{Key, Keyspace};
use crate::structure::listpack::{Element, IntText};
use crate::value::list::End;
use crate::value::{List, Set, SortedSet, ValueType};
use alloc::vec::Vec;
use core::ops::Range;

/// Texts in one block of memory.
#[derive(Debug, Default)]
pub(super) struct Texts {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

/// Elements, and which of them are asked for, in which order.
#[derive(Debug, Default)]
pub(super) struct Elements {
    /// In the order of their key.
    pub texts: Texts,
    /// Numbers of texts in the order of the result; empty as long as that is the order of the texts.
    pub order: Vec<usize>,
    /// The places in that order that are asked for.
    pub range: Range<usize>,
    /// Whether the order is still to be found.
    pub are_to_sort: bool,
    /// Whether they are sorted as bytes, though nobody asked for it: a set has no order of its own, and what is stored
    /// must be the same wherever the command is repeated.
    pub by_bytes: bool,
    /// Whether they come from a set.
    pub are_of_set: bool,
}

impl Texts {
    fn with_capacity(len: usize) -> Self {
        Texts {
            bytes: Vec::new(),
            ends: Vec::with_capacity(len),
        }
    }

    pub(super) fn push(&mut self, text: &[u8]) {
        self.bytes.extend_from_slice(text);
        self.ends.push(self.bytes.len());
    }

    fn push_element(&mut self, element: Element<'_>) {
        self.push(element.text(&mut IntText::default()));
    }

    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// The text of this number; empty when there is none.
    pub(super) fn get(&self, number: usize) -> &[u8] {
        let start = number
            .checked_sub(1)
            .and_then(|before| self.ends.get(before));
        let end = self.ends.get(number).copied().unwrap_or(0);
        self.bytes
            .get(start.copied().unwrap_or(0)..end)
            .unwrap_or_default()
    }
}

impl Elements {
    /// Reads the elements of a key, which may be missing.
    pub(super) fn load(
        keys: &mut Keyspace,
        key: &Key<'_>,
        options: &Options<'_>,
    ) -> Result<Self, CommandError> {
        let Some(entry) = keys.read(key) else {
            return Ok(Elements::default());
        };
        match entry.value_type() {
            ValueType::List => {
                let list = entry.into_value::<List>().ok_or(CommandError::WRONG_TYPE)?;
                Ok(Elements::of_list(&list, options))
            }
            ValueType::Set => {
                let set = entry.into_value::<Set>().ok_or(CommandError::WRONG_TYPE)?;
                Ok(Elements::of_set(&set, options))
            }
            ValueType::SortedSet => {
                let set = entry.into_value::<SortedSet>();
                let set = set.ok_or(CommandError::WRONG_TYPE)?;
                Ok(Elements::of_sorted_set(&set, options))
            }
            _ => Err(CommandError::WRONG_TYPE),
        }
    }

    /// Those of an iterator that begins with the first one that is needed: the first of all when they are to be sorted.
    fn collect<'e>(
        len: usize,
        elements: impl Iterator<Item = Element<'e>>,
        options: &Options<'_>,
    ) -> Self {
        let mut range = options.chosen(len);
        let needed = if options.unsorted {
            range = 0..range.len();
            range.len()
        } else {
            len
        };
        let mut texts = Texts::with_capacity(needed);
        for element in elements.take(needed) {
            texts.push_element(element);
        }
        Elements {
            texts,
            range,
            are_to_sort: !options.unsorted,
            ..Elements::default()
        }
    }

    fn of_list(list: &List, options: &Options<'_>) -> Self {
        let len = list.len();
        let elements = match (options.unsorted, options.chosen(len).start) {
            (false, _) => list.iter(End::Tail),
            (true, start) if start == len => list.iter(End::Tail),
            (true, start) if options.descending => list.iter_from(len - 1 - start, End::Head),
            (true, start) => list.iter_from(start, End::Tail),
        };
        Elements::collect(len, elements, options)
    }

    fn of_sorted_set(set: &SortedSet, options: &Options<'_>) -> Self {
        let len = set.len();
        let pairs = match (options.unsorted, options.chosen(len).start) {
            (false, _) => set.iter_from(0),
            (true, start) if options.descending && start < len => {
                set.iter_rev_from(len - 1 - start)
            }
            (true, start) => set.iter_from(start),
        };
        Elements::collect(len, pairs.map(|pair| pair.member), options)
    }

    fn of_set(set: &Set, options: &Options<'_>) -> Self {
        let by_bytes = options.unsorted && options.store.is_some();
        let len = set.len();
        let mut elements = if by_bytes || !options.unsorted {
            let mut texts = Texts::with_capacity(len);
            set.iter().for_each(|member| texts.push_element(member));
            Elements {
                texts,
                range: options.chosen(len),
                are_to_sort: true,
                ..Elements::default()
            }
        } else {
            let start = options.chosen(len).start;
            Elements::collect(len, set.iter().skip(start), options)
        };
        elements.by_bytes = by_bytes;
        elements.are_of_set = true;
        elements
    }

    /// The texts that are asked for, in order.
    pub(super) fn chosen(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        self.range.clone().map(|place| {
            let number = self.order.get(place).copied().unwrap_or(place);
            self.texts.get(number)
        })
    }
}
