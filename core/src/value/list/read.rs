//! Reading a list: by index, in order, by value.

use super::{Body, End, List};
use crate::structure::listpack::{self, Element};
use crate::structure::quicklist::{self, NodeRef};
use core::iter::Rev;

impl List {
    /// The number of nodes; a small list is one.
    pub fn node_count(&self) -> usize {
        match &self.0 {
            Body::Small(_) => 1,
            Body::Big(list) => list.node_count(),
        }
    }

    /// The nodes, first to last.
    pub fn nodes(&self) -> impl Iterator<Item = NodeRef<'_>> {
        let (small, big) = match &self.0 {
            Body::Small(list) => (Some(NodeRef::Packed(list)), None),
            Body::Big(list) => (None, Some(list.nodes())),
        };
        small.into_iter().chain(big.into_iter().flatten())
    }

    /// The element number `index`.
    pub fn get(&self, index: usize) -> Option<Element<'_>> {
        match &self.0 {
            Body::Big(list) => list.get(index),
            Body::Small(list) => list.seek(index as i64).map(|pos| list.get(pos)),
        }
    }

    /// Shows `each` up to `count` elements in order, beginning with the one at `index`.
    #[inline]
    pub fn read_range(
        &self,
        index: usize,
        count: usize,
        towards: End,
        each: impl FnMut(Element<'_>),
    ) {
        // One loop for each kind of iterator, so that the kind is not asked for at every element.
        match self.iter_from(index, towards).0 {
            Run::Small(run) => run.take(count).for_each(each),
            Run::SmallBack(run) => run.take(count).for_each(each),
            Run::Big(run) => run.read(count, each),
        }
    }

    /// The elements from the one at `index` on, towards an end.
    pub fn iter_from(&self, index: usize, towards: End) -> Iter<'_> {
        Iter(match (&self.0, towards) {
            (Body::Big(list), End::Tail) => Run::Big(list.iter_from(index)),
            (Body::Big(list), End::Head) => Run::Big(list.rev_iter_from(index)),
            (Body::Small(list), towards) => match (list.seek(index as i64), towards) {
                (Some(pos), End::Tail) => Run::Small(list.iter_from(pos)),
                (Some(pos), End::Head) => Run::SmallBack(list.iter_through(pos).rev()),
                (None, _) => Run::Small(list.iter_from(list.end())),
            },
        })
    }

    /// All elements towards an end, from the other one.
    pub fn iter(&self, towards: End) -> Iter<'_> {
        let first = match towards {
            End::Tail => 0,
            End::Head => self.len().saturating_sub(1),
        };
        self.iter_from(first, towards)
    }

    /// The index of the first element equal to `value`.
    pub fn position(&self, value: &[u8]) -> Option<usize> {
        let value = Element::Bytes(value).canonical();
        self.iter(End::Tail).position(|element| element == value)
    }
}

/// Elements of a list in one direction.
pub struct Iter<'a>(Run<'a>);

enum Run<'a> {
    Small(listpack::Iter<'a>),
    SmallBack(Rev<listpack::Iter<'a>>),
    Big(quicklist::Iter<'a>),
}

impl<'a> Iterator for Iter<'a> {
    type Item = Element<'a>;

    #[inline]
    fn next(&mut self) -> Option<Element<'a>> {
        match &mut self.0 {
            Run::Small(run) => run.next(),
            Run::SmallBack(run) => run.next(),
            Run::Big(run) => run.next(),
        }
    }
}
