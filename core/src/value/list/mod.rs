#![allow(unsafe_code, reason = "kept as a thin pointer")]
//! The list value: a listpack while it is small, a quicklist from then on.
//!
//! ```text
//! listpack    -> quicklist   before a change that would take it over `list-max-listpack-size`
//! quicklist   -> listpack    after a change that left at most half of that, in few nodes
//! ```
//!
//! The gap between the two keeps a list at the threshold from being converted back and forth. As in Redis, what is to
//! be added counts by its text alone, so a listpack may be a few bytes over the limit.
//!
//! Whatever can grow a list takes the limit as it is set now; a quicklist keeps the one it was made with for its nodes.

mod read;
#[cfg(test)]
mod tests;

pub use read::Iter;

use super::{Encoding, EncodingLimits, Kept, Stored, ValueType};
use crate::structure::listpack::{Element, Listpack, ListpackBuilder, encoded_size};
use crate::structure::quicklist::{NodeLimit, Quicklist};
use alloc::boxed::Box;
use core::ptr::NonNull;

/// A list.
pub struct List(Body);

enum Body {
    Small(Listpack),
    Big(Box<Quicklist>),
}

/// An end of a list, and the direction towards it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The first element; LEFT.
    Head,
    /// The last element; RIGHT.
    Tail,
}

/// What a listpack without elements takes.
const EMPTY_BYTES: usize = 7;

/// Cut-off parts up to this length, in no more nodes than that, are freed where they are cut.
const FREED_AT_ONCE: usize = 512;
const NODES_AT_ONCE: usize = 16;

impl List {
    /// An empty list.
    pub fn new() -> Self {
        List(Body::Small(Listpack::new()))
    }

    /// A list of `values`, pushed at an end one after the other; with a single allocation if it stays small.
    pub fn of<'v, I>(end: End, values: I, limit: NodeLimit) -> Self
    where
        I: DoubleEndedIterator<Item = &'v [u8]> + ExactSizeIterator + Clone,
    {
        let text = values.clone().map(<[u8]>::len).sum::<usize>();
        if limit.exceeded(text.saturating_add(EMPTY_BYTES), values.len()) {
            let mut list = Box::new(Quicklist::new(limit));
            push_big(&mut list, end, values);
            return List(Body::Big(list));
        }
        let bytes = values.clone().map(encoded_size).sum();
        let mut small = ListpackBuilder::with_capacity(bytes);
        match end {
            End::Head => values.rev().for_each(|value| small.push(value)),
            End::Tail => values.for_each(|value| small.push(value)),
        }
        List(Body::Small(small.finish()))
    }

    /// A list of results, in order. As in Redis, they count by what they take in a listpack, not by their text.
    pub fn of_results<'v, I>(values: I, limit: NodeLimit) -> Self
    where
        I: DoubleEndedIterator<Item = &'v [u8]> + ExactSizeIterator + Clone,
    {
        let bytes: usize = values.clone().map(encoded_size).sum();
        if limit.exceeded(bytes.saturating_add(EMPTY_BYTES), values.len()) {
            let mut list = Box::new(Quicklist::new(limit));
            push_big(&mut list, End::Tail, values);
            return List(Body::Big(list));
        }
        let mut small = ListpackBuilder::with_capacity(bytes);
        values.for_each(|value| small.push(value));
        List(Body::Small(small.finish()))
    }

    /// A list of the elements of a listpack that came from outside.
    pub(crate) fn from_listpack(list: Listpack, limit: NodeLimit) -> Self {
        if limit.exceeded(list.bytes_len(), list.len()) {
            return List(Body::Big(Box::new(Quicklist::from_listpack(list, limit))));
        }
        List(Body::Small(list))
    }

    /// A list of nodes that came from outside; a small one becomes a listpack.
    pub(crate) fn from_quicklist(list: Quicklist, limit: NodeLimit) -> Self {
        let mut list = List(Body::Big(Box::new(list)));
        list.settle(limit);
        list
    }

    /// What `list-max-listpack-size` allows a listpack to hold.
    pub fn limit(limits: &EncodingLimits) -> NodeLimit {
        NodeLimit::from_setting(limits.list_max_listpack_size.into())
    }

    /// The number of elements.
    #[inline]
    pub fn len(&self) -> usize {
        match &self.0 {
            Body::Small(list) => list.len(),
            Body::Big(list) => list.len(),
        }
    }

    /// Whether there is no element.
    #[inline]
    pub fn is_empty(&self) -> bool {
        match &self.0 {
            Body::Small(list) => list.is_empty(),
            Body::Big(list) => list.is_empty(),
        }
    }

    /// Puts `values` at an end, one after the other: at the head, the last one becomes the first.
    #[inline]
    pub fn push<'v, I>(&mut self, end: End, values: I, limit: NodeLimit)
    where
        I: DoubleEndedIterator<Item = &'v [u8]> + ExactSizeIterator + Clone,
    {
        let bytes = values.clone().map(<[u8]>::len).sum();
        self.prepare_growth(bytes, values.len(), limit);
        match (&mut self.0, end) {
            (Body::Big(list), end) => push_big(list, end, values),
            (Body::Small(list), end) => push_small(list, end, values),
        }
    }

    /// Shows an end's element to `read` and removes it; nothing is copied. [`List::settle`] is the caller's to call.
    #[inline]
    pub fn pop_with<R>(&mut self, end: End, read: impl FnOnce(Element<'_>) -> R) -> Option<R> {
        match (&mut self.0, end) {
            (Body::Big(list), End::Head) => list.pop_front_with(read),
            (Body::Big(list), End::Tail) => list.pop_back_with(read),
            (Body::Small(list), end) => {
                let pos = match end {
                    End::Head => list.first(),
                    End::Tail => list.last(),
                }?;
                let result = read(list.get(pos));
                list.remove(pos);
                Some(result)
            }
        }
    }

    /// Overwrites the element number `index`; false if there is none.
    pub fn set(&mut self, index: usize, value: &[u8], limit: NodeLimit) -> bool {
        if index >= self.len() {
            return false;
        }
        self.prepare_growth(value.len(), 1, limit);
        let done = match &mut self.0 {
            Body::Big(list) => list.set(index, value),
            Body::Small(list) => list
                .seek(index as i64)
                .map(|pos| list.replace(pos, value))
                .is_some(),
        };
        self.settle(limit);
        done
    }

    /// Puts `value` where the element number `index` is, or last if that is the length; false beyond.
    pub fn insert(&mut self, index: usize, value: &[u8], limit: NodeLimit) -> bool {
        if index > self.len() {
            return false;
        }
        self.prepare_growth(value.len(), 1, limit);
        match &mut self.0 {
            Body::Big(list) => list.insert(index, value),
            Body::Small(list) => {
                let pos = list.seek(index as i64).unwrap_or(list.end());
                list.insert_before(pos, value);
                true
            }
        }
    }

    /// Removes up to `count` elements from the one at `index` on. A big part is handed back, to be freed in slices.
    #[must_use = "a big part is to be freed in slices"]
    pub fn cut(&mut self, index: usize, count: usize) -> Option<List> {
        match &mut self.0 {
            Body::Big(list)
                if count > FREED_AT_ONCE
                    || count > NODES_AT_ONCE
                        && list.spans_more_nodes_than(NODES_AT_ONCE, index, count) =>
            {
                return Some(List(Body::Big(Box::new(list.take_range(index, count)))));
            }
            Body::Big(list) => list.remove_range(index, count),
            Body::Small(list) => list.remove_range(index as i64, count),
        }
        None
    }

    /// Removes up to `most` elements equal to `value`, beginning at an end; how many there were.
    pub fn remove_matching(&mut self, value: &[u8], from: End, most: usize) -> usize {
        match (&mut self.0, from) {
            (Body::Big(list), from) => list.remove_matching(value, from == End::Tail, most),
            (Body::Small(list), End::Head) => remove_forwards(list, value, most),
            (Body::Small(list), End::Tail) => remove_backwards(list, value, most),
        }
    }

    /// After elements were removed: makes a quicklist that has become small a listpack again.
    #[inline]
    pub fn settle(&mut self, limit: NodeLimit) {
        if let Body::Big(list) = &self.0 {
            let (bytes_max, count_max) = half(limit);
            // Most long lists are told by their length alone. An empty one is about to go.
            if (1..=count_max).contains(&list.len())
                && let Some(small) = list.to_listpack(bytes_max, count_max)
            {
                self.0 = Body::Small(small);
            }
        }
    }

    /// A copy.
    pub fn duplicate(&self) -> Self {
        List(match &self.0 {
            Body::Small(list) => Body::Small(list.clone()),
            Body::Big(list) => Body::Big(list.clone()),
        })
    }

    /// Verifies the encoding's invariants.
    pub fn check(&self) -> Result<(), &'static str> {
        match &self.0 {
            Body::Small(list) => list.check(),
            Body::Big(list) => list.check(),
        }
    }

    /// Before `count` elements with `bytes` of text are added: makes a listpack for which that is too much a quicklist.
    #[inline]
    fn prepare_growth(&mut self, bytes: usize, count: usize, limit: NodeLimit) {
        if let Body::Small(list) = &mut self.0
            && limit.exceeded(list.bytes_len().saturating_add(bytes), list.len() + count)
        {
            let small = core::mem::take(list);
            let big = Quicklist::from_listpack(small, limit);
            self.0 = Body::Big(Box::new(big));
        }
    }
}

/// Half of a limit in bytes and elements: below it a quicklist becomes a listpack.
fn half(limit: NodeLimit) -> (usize, usize) {
    match limit {
        // An element takes two bytes at least.
        NodeLimit::Bytes(most) => (most / 2, most / 4),
        NodeLimit::Count(most) => (limit.bytes_max(), most as usize / 2),
    }
}

#[inline]
fn push_big<'v>(list: &mut Quicklist, end: End, values: impl Iterator<Item = &'v [u8]>) {
    match end {
        End::Head => values.for_each(|value| list.push_front(value)),
        End::Tail => values.for_each(|value| list.push_back(value)),
    }
}

fn push_small<'v, I>(list: &mut Listpack, end: End, values: I)
where
    I: DoubleEndedIterator<Item = &'v [u8]> + ExactSizeIterator + Clone,
{
    let front = list.first().unwrap_or(list.end());
    match (end, values.len()) {
        (End::Head, 1) => values.for_each(|value| list.push_front(value)),
        (End::Tail, 1) => values.for_each(|value| list.push_back(value)),
        (End::Head, _) => list.insert_all(front, values.rev()),
        (End::Tail, _) => list.extend(values),
    }
}

fn remove_forwards(list: &mut Listpack, value: &[u8], most: usize) -> usize {
    let (mut removed, mut from) = (0, list.first());
    while removed < most
        && let Some(pos) = from.and_then(|from| list.find(value, from, 0))
    {
        from = list.remove(pos);
        removed += 1;
    }
    removed
}

fn remove_backwards(list: &mut Listpack, value: &[u8], most: usize) -> usize {
    let value = Element::Bytes(value).canonical();
    let (mut removed, mut at) = (0, list.last());
    while removed < most
        && let Some(pos) = at
    {
        at = list.prev(pos);
        if list.get(pos) == value {
            list.remove(pos);
            removed += 1;
        }
    }
    removed
}

impl Default for List {
    fn default() -> Self {
        List::new()
    }
}

// SAFETY: `Quicklist` stands for a boxed quicklist, `ListListpack` for a listpack, both ways.
unsafe impl Stored for List {
    const TYPE: ValueType = ValueType::List;

    #[inline(always)]
    fn into_kept(self) -> Kept {
        match self.0 {
            Body::Small(list) => Kept::Apart(Encoding::ListListpack, list.into_raw(), None),
            Body::Big(list) => {
                let pointer = NonNull::from(Box::leak(list)).cast();
                Kept::Apart(Encoding::Quicklist, pointer, None)
            }
        }
    }

    #[inline(always)]
    unsafe fn from_kept(kept: Kept) -> Self {
        List(match kept {
            Kept::Apart(Encoding::Quicklist, pointer, _) => {
                // SAFETY: by contract this is the box that `into_kept` leaked.
                Body::Big(unsafe { Box::from_raw(pointer.cast().as_ptr()) })
            }
            Kept::Apart(_, pointer, _) => {
                // SAFETY: by contract this is the listpack that `into_kept` gave up.
                Body::Small(unsafe { Listpack::from_raw(pointer) })
            }
            Kept::Packed(..) => unreachable!("no list is kept as a pack"),
        })
    }

    fn duplicate(&self) -> Self {
        List::duplicate(self)
    }

    fn free_cost(&self) -> usize {
        match &self.0 {
            Body::Small(_) => 1,
            Body::Big(list) => list.node_count(),
        }
    }

    /// The budget counts nodes.
    fn free_slice(&mut self, budget: usize) -> bool {
        match &mut self.0 {
            Body::Small(_) => true,
            Body::Big(list) => list.dismantle(budget),
        }
    }

    fn memory_bytes(&self, _samples: usize) -> usize {
        match &self.0 {
            Body::Small(list) => list.memory_bytes(),
            Body::Big(list) => size_of::<Quicklist>() + list.memory_bytes(),
        }
    }
}
