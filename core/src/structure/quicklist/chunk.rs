//! A run of nodes with the sum of their elements.

use alloc::collections::VecDeque;

use super::NodeLimit;
use super::node::Node;

/// The most nodes in a chunk; few in tests, so that small lists have many chunks.
pub(super) const CHUNK_NODES: usize = if cfg!(test) { 8 } else { 256 };

#[derive(Clone, Default)]
pub(super) struct Chunk {
    pub(super) nodes: VecDeque<Node>,
    /// The elements in all of them.
    pub(super) count: usize,
}

impl Chunk {
    pub(super) fn of(node: Node) -> Self {
        Chunk {
            count: node.count(),
            nodes: VecDeque::from([node]),
        }
    }

    /// Cuts before the node number `node`.
    pub(super) fn split_off(&mut self, node: usize) -> Chunk {
        let nodes = self.nodes.split_off(node);
        let count = nodes.iter().map(Node::count).sum();
        self.count -= count;
        Chunk { nodes, count }
    }

    /// Removes up to `most` elements, node by node, then the nodes left empty, and joins small ones.
    pub(super) fn sweep(
        &mut self,
        from_back: bool,
        most: usize,
        limit: NodeLimit,
        remove: &mut impl FnMut(&mut Node, usize) -> usize,
    ) -> usize {
        let (mut removed, nodes) = (0, self.nodes.len());
        for step in 0..nodes {
            if removed == most {
                break;
            }
            let at = if from_back { nodes - 1 - step } else { step };
            if let Some(node) = self.nodes.get_mut(at) {
                removed += remove(node, most - removed);
            }
        }
        if removed > 0 {
            self.count -= removed;
            self.nodes.retain(|node| node.count() > 0);
            self.join_nodes(limit);
        }
        removed
    }

    /// Makes one node of neighbours that fit.
    fn join_nodes(&mut self, limit: NodeLimit) {
        let mut at = 0;
        while let (Some(left), Some(right)) = (self.nodes.get(at), self.nodes.get(at + 1)) {
            if !left.can_absorb(right, limit) {
                at += 1;
            } else if let Some(right) = self.nodes.remove(at + 1) {
                self.nodes[at].absorb(&right);
            }
        }
    }

    /// Exactly, or taking a node in the middle for all.
    pub(super) fn memory_bytes(&self, exact: bool) -> usize {
        let contents = if exact {
            self.nodes.iter().map(Node::memory_bytes).sum()
        } else {
            let middle = self.nodes.get(self.nodes.len() / 2);
            middle.map_or(0, Node::memory_bytes) * self.nodes.len()
        };
        contents + self.nodes.capacity() * size_of::<Node>()
    }

    pub(super) fn check(&self) -> Result<(), &'static str> {
        if self.nodes.is_empty() || self.nodes.len() > CHUNK_NODES {
            return Err("quicklist: empty or overfull chunk");
        }
        for node in &self.nodes {
            node.check()?;
        }
        if self.nodes.iter().map(Node::count).sum::<usize>() == self.count {
            Ok(())
        } else {
            Err("quicklist: wrong count in a chunk")
        }
    }
}

/// Which of `counts`, `total` together, has the element number `index`, and where in it; added up
/// from the nearer end.
pub(super) fn seek_nearer(
    counts: impl DoubleEndedIterator<Item = usize> + ExactSizeIterator,
    total: usize,
    index: usize,
) -> Option<(usize, usize)> {
    let counts = counts.inspect(|_| note_step());
    if index < total / 2 {
        let mut start = 0;
        for (at, count) in counts.enumerate() {
            if index < start + count {
                return Some((at, index - start));
            }
            start += count;
        }
    } else {
        let mut start = total;
        for (at, count) in counts.enumerate().rev() {
            start = start.checked_sub(count)?;
            if index >= start {
                return Some((at, index - start));
            }
        }
    }
    None
}

/// Counts the looks at counts and the nodes gone through, in tests.
#[inline(always)]
pub(super) fn note_step() {
    #[cfg(test)]
    STEPS.with(|steps| steps.set(steps.get() + 1));
}

#[cfg(test)]
std::thread_local! {
    /// Steps so far.
    pub(super) static STEPS: core::cell::Cell<usize> = const { core::cell::Cell::new(0) };
}
