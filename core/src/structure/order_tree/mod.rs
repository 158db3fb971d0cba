//! A counted B+tree of small `Copy` items in a strict total order: the order of big sorted sets, by
//! score and member, and of volatile keys, by expiry time.
//!
//! ```text
//!                   inner   least  [ a | m ]      least item below each child
//!                           counts [ 5 | 4 ]      how many items below it
//!                          /                \
//!        inner  [ a | d ]                      [ m | p ]
//!               [ 3 | 2 ]                      [ 2 | 2 ]
//!                /     \                        /     \
//! leaf    [ a b c ]   [ d e ]             [ m n ]   [ p q ]      items, ascending
//! ```
//!
//! The counts make rank, item at rank and ranges O(log n). All items are in the leaves, all leaves are
//! equally deep. Every node is one allocation of one kilobyte, so growth never moves more than a
//! few nodes and a big tree can be freed in slices.
//!
//! Invariants, which [`OrderTree::check`] verifies:
//! 1. Items ascend strictly, within and across leaves.
//! 2. `least[i]` is the first item below child `i`, always one that is in the tree: items may hold
//!    pointers that their order follows, and a removed item is never compared again.
//! 3. `counts[i]` is the number of items below child `i`, which is not 0.
//! 4. All leaves are at the same depth; an inner root has at least two children.
//!
//! How full nodes are is not an invariant but a policy (`balance.rs`): a full node first gives items to a sibling,
//! and splits only when both siblings are nearly full too; a node below half merges when a sibling has
//! room for it. Random inserts fill leaves to about 0.85, ascending and descending ones to 0.95.

mod balance;
mod iter;
mod node;
#[cfg(test)]
mod tests;

pub use iter::{Iter, RevIter};

use alloc::boxed::Box;
use core::cmp::Ordering;
use node::{Node, Place, Replaced};

/// A strict total order: items are `Equal` only if they are the same item.
pub trait Ordered: Copy {
    /// How `self` is placed relative to `other`.
    fn order(&self, other: &Self) -> Ordering;

    /// The same as far as the items themselves tell, without following pointers; `Equal` when they do not.
    #[inline]
    fn order_inline(&self, other: &Self) -> Ordering {
        self.order(other)
    }
}

/// A sorted set of items that also knows positions. See the module's page for its shape.
///
/// Comparisons happen in `insert`, `remove`, `rank` and `replace`, and only with items that are in the tree;
/// whatever these point to must be valid then. All else, freeing included, compares nothing.
pub struct OrderTree<T> {
    root: Option<Box<Node<T>>>,
    len: usize,
    node_count: usize,
}

impl<T: Ordered> OrderTree<T> {
    /// An empty tree, which has not allocated anything.
    pub const fn new() -> Self {
        OrderTree {
            root: None,
            len: 0,
            node_count: 0,
        }
    }

    /// How many items there are.
    #[inline]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are no items.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Adds `item`; false, and nothing changes, when it is there already.
    pub fn insert(&mut self, item: T) -> bool {
        let nodes = &mut self.node_count;
        let mut root = match self.root.take() {
            Some(root) => root,
            None => Node::new_leaf(nodes),
        };
        if root.is_full() {
            root = Node::new_root_above(root, self.len, nodes);
        }
        let inserted = root.insert(item, nodes);
        self.root = Some(root);
        self.len += usize::from(inserted);
        inserted
    }

    /// Removes `item`; false when it is not there.
    pub fn remove(&mut self, item: &T) -> bool {
        self.take(Place::Item(item)).is_some()
    }

    /// Removes and returns the item at `rank`, counted from 0 in ascending order.
    pub fn remove_at(&mut self, rank: usize) -> Option<T> {
        if rank < self.len {
            self.take(Place::Rank(rank))
        } else {
            None
        }
    }

    /// Removes and returns the least item.
    pub fn pop_first(&mut self) -> Option<T> {
        self.remove_at(0)
    }

    /// Removes and returns the greatest item.
    pub fn pop_last(&mut self) -> Option<T> {
        self.remove_at(self.len.checked_sub(1)?)
    }

    /// Puts `new` in the place of `old`, as a remove and an insert would; false, and nothing changes, when
    /// `old` is not there. When `new` belongs into the same leaf, which is usual for a small change of
    /// score, the items between the two places move and nothing else does.
    pub fn replace(&mut self, old: &T, new: T) -> bool {
        let Some(root) = &mut self.root else {
            return false;
        };
        match root.replace(old, new, None, true) {
            Replaced::Absent => false,
            Replaced::InPlace => true,
            Replaced::Elsewhere => {
                let removed = self.remove(old);
                if removed {
                    self.insert(new);
                }
                removed
            }
        }
    }

    /// The number of items before `item`; `None` when it is not there.
    pub fn rank(&self, item: &T) -> Option<usize> {
        let mut node = self.root.as_deref()?;
        let mut before = 0;
        loop {
            match node {
                Node::Leaf(items) => return Some(before + node::search(items, item).ok()?),
                Node::Inner(inner) => {
                    let at = inner.child_for(item);
                    before += inner.items_before(at);
                    node = &inner.children[at];
                }
            }
        }
    }

    /// How many items there are for which `is_before` is true; as in [`slice::partition_point`], these must all
    /// come before the others. For a predicate that looks at the item only; one that follows a
    /// pointer is better served by [`Self::partition_point_by_pointer`].
    pub fn partition_point(&self, mut is_before: impl FnMut(&T) -> bool) -> usize {
        self.partition_point_with(|items| node::boundary(items, &mut is_before))
    }

    /// The same with as few calls of the predicate as possible, since each may miss the cache.
    pub fn partition_point_by_pointer(&self, mut is_before: impl FnMut(&T) -> bool) -> usize {
        self.partition_point_with(|items| items.partition_point(&mut is_before))
    }

    /// The item at `rank`, counted from 0 in ascending order.
    pub fn get(&self, rank: usize) -> Option<T> {
        self.iter_from(rank).next()
    }

    /// The least item.
    pub fn first(&self) -> Option<T> {
        self.get(0)
    }

    /// The greatest item.
    pub fn last(&self) -> Option<T> {
        self.get(self.len.checked_sub(1)?)
    }

    /// The items from `rank` on, ascending; none when `rank` is not below `len()`.
    pub fn iter_from(&self, rank: usize) -> Iter<'_, T> {
        Iter::new(self.root.as_deref().filter(|_| rank < self.len), rank)
    }

    /// The items from `rank` down to the least; none when `rank` is not below `len()`.
    pub fn iter_rev_from(&self, rank: usize) -> RevIter<'_, T> {
        RevIter::new(self.root.as_deref().filter(|_| rank < self.len), rank)
    }

    /// Removes up to `count` items from `rank` on, ascending, and hands each to `removed`. O(log n + count).
    pub fn remove_range(&mut self, rank: usize, count: usize, mut removed: impl FnMut(T)) {
        let count = count.min(self.len.saturating_sub(rank));
        if count == 0 {
            return;
        }
        if let Some(root) = &mut self.root {
            if count == self.len {
                root.visit_all(&mut removed, &mut self.node_count);
                self.root = None;
            } else {
                root.remove_range(rank, count, &mut removed, &mut self.node_count);
            }
        }
        self.len -= count;
        self.lower_root();
    }

    /// Removes about `max_items` items (at least one) without comparing any; true when the tree is empty then.
    pub fn clear_slice(&mut self, max_items: usize) -> bool {
        let count = max_items.max(1).min(self.len);
        self.remove_range(self.len - count, count, |_| ());
        self.is_empty()
    }

    /// The bytes that the tree has allocated, without what its items point to. O(1).
    pub fn memory_bytes(&self) -> usize {
        self.node_count * size_of::<Node<T>>()
    }

    /// Verifies the invariants.
    ///
    /// # Panics
    /// When one does not hold.
    pub fn check(&self) {
        let (mut items, mut nodes) = (0, 0);
        if let Some(root) = &self.root {
            let depth = root.depth();
            assert!(depth <= iter::DEPTH_MAX, "depth {depth}");
            assert!(
                depth == 0 || root.slots() > 1,
                "an inner root has two children"
            );
            items = root.check(depth, &mut nodes);
            assert!(items > 0, "an empty tree has no root");
        }
        assert_eq!((items, nodes), (self.len, self.node_count), "items, nodes");
        let mut last: Option<T> = None;
        for item in self.iter_from(0) {
            assert!(
                last.is_none_or(|last| last.order(&item) == Ordering::Less),
                "ascending"
            );
            last = Some(item);
        }
    }

    fn partition_point_with(&self, mut boundary: impl FnMut(&[T]) -> usize) -> usize {
        let mut before = 0;
        let mut next = self.root.as_deref();
        while let Some(node) = next {
            match node {
                Node::Leaf(items) => return before + boundary(items),
                Node::Inner(inner) => {
                    // The boundary lies behind the last child that begins before it.
                    let Some(at) = boundary(&inner.least).checked_sub(1) else {
                        return before;
                    };
                    before += inner.items_before(at);
                    next = Some(&inner.children[at]);
                }
            }
        }
        before
    }

    fn take(&mut self, place: Place<'_, T>) -> Option<T> {
        let taken = self.root.as_mut()?.take(place, &mut self.node_count)?;
        self.len -= 1;
        self.lower_root();
        Some(taken)
    }

    /// Drops an empty root, and inner roots with a single child.
    fn lower_root(&mut self) {
        let idle = |root: &mut Box<Node<T>>| match &**root {
            Node::Leaf(items) => items.is_empty(),
            Node::Inner(inner) => inner.children.len() == 1,
        };
        while let Some(root) = self.root.take_if(idle) {
            self.node_count -= 1;
            if let Node::Inner(mut inner) = *root {
                self.root = inner.children.pop();
            }
        }
    }
}

impl<T: Ordered> Default for OrderTree<T> {
    fn default() -> Self {
        Self::new()
    }
}
