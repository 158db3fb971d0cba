//! The finished nodes in order, found by element index without walking them all.
//!
//! ```text
//! chunks:  | count 41200 | count 39870 | count 1200 |      a deque of chunks
//!               |
//! nodes:        | 160 | 161 | 158 | ... |                   up to 256 nodes each
//!                  |
//!               listpack (8 KiB or so)
//! ```
//!
//! A list of ten million small elements has about 20,000 nodes in 80 chunks, so a seek adds up
//! some 80 counts and then at most 256 more, all in a few contiguous kilobytes. No step moves more
//! than the chunk handles or the nodes of two chunks, whatever the length.

use alloc::collections::VecDeque;

use super::NodeLimit;
use super::chunk::{CHUNK_NODES, Chunk, seek_nearer};
use super::node::Node;

/// Where a node is; good until nodes come or go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) chunk: usize,
    pub(super) node: usize,
}

/// No chunk and no node in it is empty.
#[derive(Clone, Default)]
pub(super) struct Chain {
    chunks: VecDeque<Chunk>,
    count: usize,
}

impl Chain {
    /// The number of elements.
    #[inline]
    pub(super) fn count(&self) -> usize {
        self.count
    }

    pub(super) fn chunk_count(&self) -> usize {
        self.chunks.len()
    }

    /// The number of nodes.
    pub(super) fn node_count(&self) -> usize {
        self.chunks.iter().map(|chunk| chunk.nodes.len()).sum()
    }

    pub(super) fn node(&self, place: Place) -> Option<&Node> {
        self.chunks.get(place.chunk)?.nodes.get(place.node)
    }

    /// The number of nodes in a chunk, 0 beyond the last.
    pub(super) fn nodes_in(&self, chunk: usize) -> usize {
        self.chunks.get(chunk).map_or(0, |chunk| chunk.nodes.len())
    }

    pub(super) fn front(&self) -> Option<&Node> {
        self.chunks.front()?.nodes.front()
    }

    pub(super) fn back(&self) -> Option<&Node> {
        self.chunks.back()?.nodes.back()
    }

    /// The node with the element number `index`, and the number of the element in it.
    pub(super) fn seek(&self, index: usize) -> Option<(Place, usize)> {
        if index >= self.count {
            return None;
        }
        let chunks = self.chunks.iter().map(|chunk| chunk.count);
        let (chunk, within) = seek_nearer(chunks, self.count, index)?;
        let Chunk { nodes, count } = self.chunks.get(chunk)?;
        let (node, offset) = seek_nearer(nodes.iter().map(Node::count), *count, within)?;
        Some((Place { chunk, node }, offset))
    }

    pub(super) fn push_front(&mut self, node: Node) {
        self.count += node.count();
        match self.chunks.front_mut() {
            Some(chunk) if chunk.nodes.len() < CHUNK_NODES => {
                chunk.count += node.count();
                chunk.nodes.push_front(node);
            }
            _ => self.chunks.push_front(Chunk::of(node)),
        }
    }

    pub(super) fn push_back(&mut self, node: Node) {
        self.count += node.count();
        match self.chunks.back_mut() {
            Some(chunk) if chunk.nodes.len() < CHUNK_NODES => {
                chunk.count += node.count();
                chunk.nodes.push_back(node);
            }
            _ => self.chunks.push_back(Chunk::of(node)),
        }
    }

    pub(super) fn pop_front(&mut self) -> Option<Node> {
        self.take(Place::default())
    }

    pub(super) fn pop_back(&mut self) -> Option<Node> {
        let chunk = self.chunks.len().checked_sub(1)?;
        let node = self.nodes_in(chunk).checked_sub(1)?;
        self.take(Place { chunk, node })
    }

    /// Takes a node out.
    pub(super) fn take(&mut self, place: Place) -> Option<Node> {
        let chunk = self.chunks.get_mut(place.chunk)?;
        let node = chunk.nodes.remove(place.node)?;
        chunk.count -= node.count();
        self.count -= node.count();
        if chunk.nodes.is_empty() {
            self.chunks.remove(place.chunk);
        } else if chunk.nodes.len() < CHUNK_NODES / 4 {
            self.join_chunks(place.chunk);
        }
        Some(node)
    }

    /// Puts a node at `place` (one beyond the last of a chunk is allowed), and says where it is
    /// now, for a full chunk is cut in two.
    pub(super) fn insert(&mut self, place: Place, node: Node) -> Place {
        let Some(chunk) = self.chunks.get_mut(place.chunk) else {
            self.push_back(node);
            let chunk = self.chunks.len() - 1;
            return Place {
                chunk,
                node: self.nodes_in(chunk) - 1,
            };
        };
        let mut place = place;
        if chunk.nodes.len() >= CHUNK_NODES {
            let upper = chunk.split_off(CHUNK_NODES / 2);
            self.chunks.insert(place.chunk + 1, upper);
            if place.node > CHUNK_NODES / 2 {
                place = Place {
                    chunk: place.chunk + 1,
                    node: place.node - CHUNK_NODES / 2,
                };
            }
        }
        self.count += node.count();
        if let Some(chunk) = self.chunks.get_mut(place.chunk) {
            chunk.count += node.count();
            chunk.nodes.insert(place.node, node);
        }
        place
    }

    /// Lets `change` work on a node, and keeps the counts right. A node left empty is taken out.
    pub(super) fn edit<R>(
        &mut self,
        place: Place,
        change: impl FnOnce(&mut Node) -> R,
    ) -> Option<R> {
        let chunk = self.chunks.get_mut(place.chunk)?;
        let node = chunk.nodes.get_mut(place.node)?;
        let before = node.count();
        let result = change(node);
        let after = node.count();
        chunk.count = chunk.count - before + after;
        self.count = self.count - before + after;
        if after == 0 {
            self.take(place);
        }
        Some(result)
    }

    /// Makes one node of this one and the next, if they fit.
    pub(super) fn merge_with_next(&mut self, place: Place, limit: NodeLimit) {
        let next = match place.node + 1 < self.nodes_in(place.chunk) {
            true => Place {
                node: place.node + 1,
                ..place
            },
            false => Place {
                chunk: place.chunk + 1,
                node: 0,
            },
        };
        let (Some(left), Some(right)) = (self.node(place), self.node(next)) else {
            return;
        };
        if !left.can_absorb(right, limit) {
            return;
        }
        if let Some(right) = self.take(next) {
            self.edit(place, |left| left.absorb(&right));
        }
    }

    /// The same with the node before, if there is one in the chunk.
    pub(super) fn merge_with_previous(&mut self, place: Place, limit: NodeLimit) {
        if let Some(node) = place.node.checked_sub(1) {
            self.merge_with_next(Place { node, ..place }, limit);
        }
    }

    /// Removes up to `most` elements for which `remove` says how many go from a node, then joins
    /// what has become small.
    pub(super) fn sweep(
        &mut self,
        from_back: bool,
        most: usize,
        limit: NodeLimit,
        mut remove: impl FnMut(&mut Node, usize) -> usize,
    ) -> usize {
        let (mut removed, chunks) = (0, self.chunks.len());
        for step in 0..chunks {
            if removed == most {
                break;
            }
            let at = if from_back { chunks - 1 - step } else { step };
            if let Some(chunk) = self.chunks.get_mut(at) {
                removed += chunk.sweep(from_back, most - removed, limit, &mut remove);
            }
        }
        self.count -= removed;
        self.chunks.retain(|chunk| !chunk.nodes.is_empty());
        removed
    }

    /// Cuts before the node at `place`.
    pub(super) fn split_off(&mut self, place: Place) -> Chain {
        if place.chunk >= self.chunks.len() {
            return Chain::default();
        }
        let mut chunks = self.chunks.split_off(place.chunk);
        if let Some(first) = chunks.front_mut().filter(|_| place.node > 0) {
            let upper = first.split_off(place.node);
            let lower = core::mem::replace(first, upper);
            self.chunks.push_back(lower);
            if first.nodes.is_empty() {
                chunks.pop_front();
            }
        }
        let count = chunks.iter().map(|chunk| chunk.count).sum();
        self.count -= count;
        Chain { chunks, count }
    }

    /// Appends all nodes of `other`.
    pub(super) fn append(&mut self, mut other: Chain, limit: NodeLimit) {
        let seam = self.chunks.len();
        self.count += other.count;
        self.chunks.append(&mut other.chunks);
        if let Some(chunk) = seam.checked_sub(1) {
            let node = self.nodes_in(chunk).saturating_sub(1);
            self.merge_with_next(Place { chunk, node }, limit);
            self.join_chunks(chunk);
        }
    }

    /// Moves the next chunk's nodes into a chunk, if together they are few.
    fn join_chunks(&mut self, chunk: usize) {
        let together = self.nodes_in(chunk) + self.nodes_in(chunk + 1);
        if self.nodes_in(chunk + 1) == 0 || together > CHUNK_NODES / 2 {
            return;
        }
        let Some(mut next) = self.chunks.remove(chunk + 1) else {
            return;
        };
        if let Some(chunk) = self.chunks.get_mut(chunk) {
            chunk.nodes.append(&mut next.nodes);
            chunk.count += next.count;
        }
    }

    /// The estimated bytes of all nodes: exact for a few chunks, else by one node a chunk.
    pub(super) fn memory_bytes(&self) -> usize {
        let handles = self.chunks.capacity() * size_of::<Chunk>();
        let exact = self.chunks.len() <= 4;
        handles
            + self
                .chunks
                .iter()
                .map(|chunk| chunk.memory_bytes(exact))
                .sum::<usize>()
    }

    pub(super) fn check(&self) -> Result<(), &'static str> {
        let mut count = 0;
        for chunk in &self.chunks {
            chunk.check()?;
            count += chunk.count;
        }
        if count == self.count {
            Ok(())
        } else {
            Err("quicklist: wrong total count")
        }
    }
}
