//! Iteration in both directions: a path of inner nodes down to the current leaf, so that a step costs O(1)
//! on average and starts no new search.

use super::Ordered;
use super::node::{Inner, Node};
use core::slice;
use heapless::Vec;

/// Levels of inner nodes; far more than a tree in any memory has.
pub(super) const DEPTH_MAX: usize = 16;

/// The items of an [`OrderTree`](super::OrderTree) from a rank on, ascending.
pub struct Iter<'a, T> {
    path: Path<'a, T>,
    leaf: slice::Iter<'a, T>,
}

/// The items of an [`OrderTree`](super::OrderTree) from a rank down, descending.
pub struct RevIter<'a, T> {
    path: Path<'a, T>,
    leaf: slice::Iter<'a, T>,
}

/// The inner nodes above a leaf, each with the slot that was taken.
struct Path<'a, T>(Vec<(&'a Inner<T>, usize), DEPTH_MAX>);

impl<'a, T: Ordered> Iter<'a, T> {
    pub(super) fn new(root: Option<&'a Node<T>>, rank: usize) -> Self {
        let (path, items, at) = Path::to_rank(root, rank);
        Iter {
            path,
            leaf: items.get(at..).unwrap_or(&[]).iter(),
        }
    }
}

impl<T: Ordered> Iterator for Iter<'_, T> {
    type Item = T;

    #[inline]
    fn next(&mut self) -> Option<T> {
        if let Some(&item) = self.leaf.next() {
            return Some(item);
        }
        self.leaf = self.path.next_leaf().iter();
        self.leaf.next().copied()
    }
}

impl<'a, T: Ordered> RevIter<'a, T> {
    pub(super) fn new(root: Option<&'a Node<T>>, rank: usize) -> Self {
        let (path, items, at) = Path::to_rank(root, rank);
        RevIter {
            path,
            leaf: items.get(..=at).unwrap_or(&[]).iter(),
        }
    }
}

impl<T: Ordered> Iterator for RevIter<'_, T> {
    type Item = T;

    #[inline]
    fn next(&mut self) -> Option<T> {
        if let Some(&item) = self.leaf.next_back() {
            return Some(item);
        }
        self.leaf = self.path.previous_leaf().iter();
        self.leaf.next_back().copied()
    }
}

impl<'a, T: Ordered> Path<'a, T> {
    /// The path to the leaf with the item at `rank`, that leaf's items, and the rank among them.
    fn to_rank(root: Option<&'a Node<T>>, mut rank: usize) -> (Self, &'a [T], usize) {
        let mut path = Path(Vec::new());
        let Some(mut node) = root else {
            return (path, &[], 0);
        };
        loop {
            match node {
                Node::Leaf(items) => return (path, items, rank),
                Node::Inner(inner) => {
                    let (at, rank_below) = inner.child_at_rank(rank);
                    rank = rank_below;
                    node = path.enter(inner, at);
                }
            }
        }
    }

    /// The items of the leaf behind the current one; none at the end.
    fn next_leaf(&mut self) -> &'a [T] {
        while let Some((inner, at)) = self.0.pop() {
            if at + 1 < inner.children.len() {
                let mut node = self.enter(inner, at + 1);
                while let Node::Inner(inner) = node {
                    node = self.enter(inner, 0);
                }
                return items_of(node);
            }
        }
        &[]
    }

    /// The items of the leaf before the current one; none at the beginning.
    fn previous_leaf(&mut self) -> &'a [T] {
        while let Some((inner, at)) = self.0.pop() {
            if at > 0 {
                let mut node = self.enter(inner, at - 1);
                while let Node::Inner(inner) = node {
                    node = self.enter(inner, inner.children.len() - 1);
                }
                return items_of(node);
            }
        }
        &[]
    }

    fn enter(&mut self, inner: &'a Inner<T>, at: usize) -> &'a Node<T> {
        let fits = self.0.push((inner, at)).is_ok();
        debug_assert!(fits, "deeper than any tree");
        &inner.children[at]
    }
}

fn items_of<T>(node: &Node<T>) -> &[T] {
    match node {
        Node::Leaf(items) => items,
        Node::Inner(_) => &[],
    }
}
