//! Quicklist: a long list as a sequence of listpacks.
//!
//! ```text
//!   head                middle (chain)                tail
//! +--------+   +--------+--------+-------+--------+   +--------+
//! | open   |   | packed | packed | plain | packed |   | open   |
//! | node   |   |        |        |       |        |   | node   |
//! +--------+   +--------+--------+-------+--------+   +--------+
//!  spare room   each exactly as long as its content    spare room
//!  in front                                            behind
//! ```
//!
//! Pushes and pops work on the open nodes (`end_node.rs`), which have room to grow; a full one is
//! trimmed and joins the chain (`chain.rs`), which finds an element by index without walking all
//! nodes. An empty end opens the chain's outermost node again when it is popped from, or has room
//! for a push. Everything else closes the ends first and works on the chain alone.
//!
//! Invariants, which [`Quicklist::check`] verifies: no node of the chain is empty; counts are right
//! at every level; every node is a valid listpack. As in Redis, a value that alone is over the
//! limit has a plain node of its own, and a node of several elements stays in the limit (unless it
//! was loaded like that).

mod chain;
mod chunk;
mod edit;
mod end_node;
mod iter;
mod limit;
mod node;
#[cfg(test)]
mod tests;

pub use iter::{Iter, Nodes};
pub use limit::NodeLimit;
pub use node::NodeRef;

use alloc::vec::Vec;
use core::fmt;

use crate::structure::listpack::entry::Encoded;
use crate::structure::listpack::{Element, HEADER, Listpack, ListpackBuilder};
use chain::Chain;
use end_node::EndNode;
use node::Node;

/// A list of byte strings, fast at both ends.
#[derive(Clone)]
pub struct Quicklist {
    head: EndNode,
    middle: Chain,
    tail: EndNode,
    limit: NodeLimit,
}

impl Quicklist {
    /// An empty list whose nodes stay within `limit`.
    pub fn new(limit: NodeLimit) -> Self {
        Quicklist {
            head: EndNode::default(),
            middle: Chain::default(),
            tail: EndNode::default(),
            limit,
        }
    }

    /// A list that begins with all elements of `list`.
    pub fn from_listpack(list: Listpack, limit: NodeLimit) -> Self {
        let mut quicklist = Self::new(limit);
        quicklist.push_node(list);
        quicklist
    }

    /// The limit of its nodes.
    pub fn limit(&self) -> NodeLimit {
        self.limit
    }

    /// The number of elements.
    #[inline]
    pub fn len(&self) -> usize {
        self.head.count() + self.middle.count() + self.tail.count()
    }

    /// Whether there is no element.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The number of nodes.
    pub fn node_count(&self) -> usize {
        let ends = [&self.head, &self.tail];
        self.middle.node_count() + ends.iter().filter(|end| end.count() > 0).count()
    }

    /// Puts `value` first.
    #[inline]
    pub fn push_front<'a>(&mut self, value: impl Into<Element<'a>>) {
        let value = value.into();
        let encoded = Encoded::of(value);
        if !self.has_room(&self.head, encoded.size()) && !self.open_head(value, encoded.size()) {
            self.middle.push_front(Node::of(value, self.limit));
        } else {
            self.head.push_front(&encoded, self.limit.bytes_max());
        }
    }

    /// Puts `value` last.
    #[inline]
    pub fn push_back<'a>(&mut self, value: impl Into<Element<'a>>) {
        let value = value.into();
        let encoded = Encoded::of(value);
        if !self.has_room(&self.tail, encoded.size()) && !self.open_tail(value, encoded.size()) {
            self.middle.push_back(Node::of(value, self.limit));
        } else {
            self.tail.push_back(&encoded, self.limit.bytes_max());
        }
    }

    /// Takes the first element out.
    pub fn pop_front(&mut self) -> Option<Vec<u8>> {
        self.pop_front_with(|value| value.to_vec())
    }

    /// Takes the last element out.
    pub fn pop_back(&mut self) -> Option<Vec<u8>> {
        self.pop_back_with(|value| value.to_vec())
    }

    /// Shows the first element to `read`, then removes it; nothing is copied.
    pub fn pop_front_with<R>(&mut self, read: impl FnOnce(Element<'_>) -> R) -> Option<R> {
        if self.head.count() == 0 {
            match self.middle.pop_front().map(Node::into_packed) {
                Some(Ok((list, count))) => self.head = EndNode::open(list, count),
                Some(Err(plain)) => return plain.as_ref().get(0).map(read),
                None => return self.tail.pop_front(read),
            }
        }
        self.head.pop_front(read)
    }

    /// Shows the last element to `read`, then removes it; nothing is copied.
    pub fn pop_back_with<R>(&mut self, read: impl FnOnce(Element<'_>) -> R) -> Option<R> {
        if self.tail.count() == 0 {
            match self.middle.pop_back().map(Node::into_packed) {
                Some(Ok((list, count))) => self.tail = EndNode::open(list, count),
                Some(Err(plain)) => return plain.as_ref().get(0).map(read),
                None => return self.head.pop_back(read),
            }
        }
        self.tail.pop_back(read)
    }

    /// The element number `index`.
    pub fn get(&self, index: usize) -> Option<Element<'_>> {
        let (node, offset) = self.seek(index)?;
        self.node(node)?.get(offset)
    }

    /// Appends a node as it is, as a file holds it; an empty one is left out.
    pub fn push_node(&mut self, list: Listpack) {
        let count = list.len();
        if count > 0 {
            self.close_ends();
            self.middle.push_back(Node::packed(list, count));
        }
    }

    /// Appends a value as a plain node, as a file holds it.
    pub fn push_plain(&mut self, value: &[u8]) {
        self.close_ends();
        self.middle.push_back(Node::plain(value));
    }

    /// Everything as one listpack, if that has at most `count_max` elements and `bytes_max` bytes,
    /// and no element is in a plain node. Costs little when the answer is no.
    pub fn to_listpack(&self, bytes_max: usize, count_max: usize) -> Option<Listpack> {
        // What has been thinned out is spread over a few nodes at most.
        const NODES_MAX: usize = 16;
        if self.len() > count_max || self.middle.chunk_count() > 1 {
            return None;
        }
        let mut bytes = HEADER + 1;
        for (index, node) in self.nodes().enumerate() {
            match node {
                NodeRef::Packed(list) if index < NODES_MAX => bytes += list.entries().len(),
                _ => return None,
            }
            if bytes > bytes_max {
                return None;
            }
        }
        let mut builder = ListpackBuilder::with_capacity(bytes);
        self.iter().for_each(|value| builder.push(value));
        Some(builder.finish())
    }

    /// Frees up to `nodes_max` nodes from the back; true once nothing is left. So a long list is
    /// freed in slices.
    pub fn dismantle(&mut self, nodes_max: usize) -> bool {
        let mut budget = nodes_max;
        for end in [&mut self.head, &mut self.tail] {
            if budget > 0 && end.count() > 0 {
                *end = EndNode::default();
                budget -= 1;
            }
        }
        while budget > 0 && self.middle.pop_back().is_some() {
            budget -= 1;
        }
        if self.middle.count() == 0 {
            self.middle = Chain::default();
        }
        self.is_empty()
    }

    /// The estimated bytes on the heap, without this struct: exact for a list of up to a thousand
    /// nodes, and by a sample of the nodes beyond.
    pub fn memory_bytes(&self) -> usize {
        self.head.memory_bytes() + self.middle.memory_bytes() + self.tail.memory_bytes()
    }

    /// Verifies the invariants.
    pub fn check(&self) -> Result<(), &'static str> {
        self.head.check()?;
        self.middle.check()?;
        self.tail.check()
    }

    #[inline]
    fn has_room(&self, end: &EndNode, size: usize) -> bool {
        end.count() > 0 && !self.limit.exceeded(end.bytes_len() + size, end.count() + 1)
    }

    /// Sees to it that the head can take an entry of `size`; false if `value` needs a plain node
    /// (then the head is closed).
    #[cold]
    fn open_head(&mut self, value: Element<'_>, size: usize) -> bool {
        self.close_head();
        if self.limit.is_large(value.text_len()) {
            return false;
        }
        if self
            .middle
            .front()
            .is_some_and(|node| node.takes(size, 1, self.limit))
            && let Some(Ok((list, count))) = self.middle.pop_front().map(Node::into_packed)
        {
            self.head = EndNode::open(list, count);
        }
        true
    }

    /// The tail's [`Quicklist::open_head`].
    #[cold]
    fn open_tail(&mut self, value: Element<'_>, size: usize) -> bool {
        self.close_tail();
        if self.limit.is_large(value.text_len()) {
            return false;
        }
        if self
            .middle
            .back()
            .is_some_and(|node| node.takes(size, 1, self.limit))
            && let Some(Ok((list, count))) = self.middle.pop_back().map(Node::into_packed)
        {
            self.tail = EndNode::open(list, count);
        }
        true
    }

    fn close_head(&mut self) {
        if let Some((list, count)) = self.head.close() {
            self.middle.push_front(Node::packed(list, count));
        }
    }

    fn close_tail(&mut self) {
        if let Some((list, count)) = self.tail.close() {
            self.middle.push_back(Node::packed(list, count));
        }
    }

    /// Moves both open nodes into the chain.
    fn close_ends(&mut self) {
        self.close_head();
        self.close_tail();
    }
}

impl PartialEq for Quicklist {
    /// The same elements in the same order, however they are spread.
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for Quicklist {}

impl fmt::Debug for Quicklist {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}
