//! A finished node: a listpack of exactly its size, or one value too large for that.

use alloc::boxed::Box;

use super::NodeLimit;
use crate::structure::listpack::{Element, Listpack, ListpackSlice, encoded_size};

/// A node with its number of elements, which is never 0 once it is in the chain.
#[derive(Clone)]
pub(super) struct Node {
    body: Body,
    count: u32,
}

#[derive(Clone)]
enum Body {
    Packed(Listpack),
    Plain(Box<[u8]>),
}

const _: () = assert!(size_of::<Node>() == 24 || size_of::<usize>() != 8);

/// A node as a reader sees it.
#[derive(Clone, Copy)]
pub enum NodeRef<'a> {
    /// Several elements (or one).
    Packed(&'a ListpackSlice),
    /// One large element.
    Plain(&'a [u8]),
}

impl<'a> NodeRef<'a> {
    /// The element number `index` of `count`.
    pub(super) fn get(self, index: usize) -> Option<Element<'a>> {
        match self {
            NodeRef::Packed(list) => list.seek(index as i64).map(|pos| list.get(pos)),
            NodeRef::Plain(value) => (index == 0).then_some(Element::Bytes(value)),
        }
    }
}

impl Node {
    pub(super) fn packed(list: Listpack, count: usize) -> Self {
        Node {
            body: Body::Packed(list),
            count: count as u32,
        }
    }

    pub(super) fn plain(value: &[u8]) -> Self {
        Node {
            body: Body::Plain(value.into()),
            count: 1,
        }
    }

    /// A node of its own for one value.
    pub(super) fn of(value: Element<'_>, limit: NodeLimit) -> Self {
        match value {
            Element::Bytes(bytes) if limit.is_large(bytes.len()) => Node::plain(bytes),
            value => Node::packed(core::iter::once(value).collect(), 1),
        }
    }

    #[inline]
    pub(super) fn count(&self) -> usize {
        self.count as usize
    }

    pub(super) fn as_ref(&self) -> NodeRef<'_> {
        match &self.body {
            Body::Packed(list) => NodeRef::Packed(list),
            Body::Plain(value) => NodeRef::Plain(value),
        }
    }

    pub(super) fn memory_bytes(&self) -> usize {
        match &self.body {
            Body::Packed(list) => list.memory_bytes(),
            Body::Plain(value) => value.len(),
        }
    }

    /// The listpack and its count, unless it is plain: then the node again.
    pub(super) fn into_packed(self) -> Result<(Listpack, usize), Node> {
        match self.body {
            Body::Packed(list) => Ok((list, self.count as usize)),
            Body::Plain(_) => Err(self),
        }
    }

    /// Whether it is packed and `count` more elements of together `bytes` stay in the limit.
    pub(super) fn takes(&self, bytes: usize, count: usize, limit: NodeLimit) -> bool {
        match &self.body {
            Body::Packed(list) => !limit.exceeded(list.bytes_len() + bytes, self.count() + count),
            Body::Plain(_) => false,
        }
    }

    /// Puts `value` before the element number `index`, or last; the caller asked `takes`.
    pub(super) fn insert(&mut self, index: usize, value: Element<'_>) {
        if let Body::Packed(list) = &mut self.body {
            let pos = list.seek(index as i64).unwrap_or(list.end());
            list.insert_before(pos, value);
            self.count += 1;
        }
    }

    /// Overwrites the element number `index` if the limit allows it.
    pub(super) fn replace(&mut self, index: usize, value: Element<'_>, limit: NodeLimit) -> bool {
        if self.count == 1 {
            *self = Node::of(value, limit);
            return true;
        }
        let Body::Packed(list) = &mut self.body else {
            return false;
        };
        let Some(pos) = list.seek(index as i64) else {
            return false;
        };
        let old = encoded_size(list.get(pos));
        let new = encoded_size(value);
        let bytes = list.bytes_len() - old + new;
        if limit.is_large(value.text_len()) || (new > old && limit.exceeded(bytes, 0)) {
            return false;
        }
        list.replace(pos, value);
        true
    }

    /// Removes the element number `index`. A node that is left with none must be taken out.
    pub(super) fn remove(&mut self, index: usize) {
        match &mut self.body {
            Body::Packed(list) => list.remove_range(index as i64, 1),
            Body::Plain(_) => {}
        }
        self.count -= 1;
    }

    /// Removes up to `most` elements equal to `value`, from the front or the back.
    pub(super) fn remove_matching(
        &mut self,
        value: Element<'_>,
        from_back: bool,
        most: usize,
    ) -> usize {
        let removed = match &mut self.body {
            Body::Plain(bytes) => usize::from(most > 0 && Element::Bytes(bytes) == value),
            Body::Packed(list) if from_back => remove_backwards(list, value, most),
            Body::Packed(list) => remove_forwards(list, value, most),
        };
        self.count -= removed as u32;
        removed
    }

    /// Cuts before the element number `index`; both sides must get some.
    pub(super) fn split_off(&mut self, index: usize) -> Option<Node> {
        let count = self.count() - index;
        let Body::Packed(list) = &mut self.body else {
            return None;
        };
        let pos = list.seek(index as i64)?;
        let tail = list.split_off(pos);
        self.count = index as u32;
        Some(Node::packed(tail, count))
    }

    /// Whether both are packed and fit one node.
    pub(super) fn can_absorb(&self, other: &Node, limit: NodeLimit) -> bool {
        match other.as_ref() {
            NodeRef::Packed(more) => self.takes(more.entries().len(), other.count(), limit),
            NodeRef::Plain(_) => false,
        }
    }

    /// Appends the elements of `other`; the caller asked `can_absorb`.
    pub(super) fn absorb(&mut self, other: &Node) {
        if let (Body::Packed(list), Body::Packed(more)) = (&mut self.body, &other.body) {
            list.append(more);
            self.count += other.count;
        }
    }

    pub(super) fn check(&self) -> Result<(), &'static str> {
        let counted = match &self.body {
            Body::Packed(list) => {
                list.check()?;
                list.iter().count()
            }
            Body::Plain(_) => 1,
        };
        match self.count() {
            0 => Err("quicklist: empty node"),
            count if count == counted => Ok(()),
            _ => Err("quicklist: wrong count in a node"),
        }
    }
}

fn remove_forwards(list: &mut Listpack, value: Element<'_>, most: usize) -> usize {
    let (mut removed, mut from) = (0, list.first());
    while removed < most {
        let Some(pos) = from.and_then(|from| list.find(value, from, 0)) else {
            break;
        };
        from = list.remove(pos);
        removed += 1;
    }
    removed
}

fn remove_backwards(list: &mut Listpack, value: Element<'_>, most: usize) -> usize {
    let value = value.canonical();
    let (mut removed, mut at) = (0, list.last());
    while let Some(pos) = at.filter(|_| removed < most) {
        at = list.prev(pos);
        if list.get(pos) == value {
            list.remove(pos);
            removed += 1;
        }
    }
    removed
}
