//! Changes away from the ends: they close the ends and work on the chain alone.

use super::Quicklist;
use super::chain::Place;
use super::node::Node;
use crate::structure::listpack::{Element, encoded_size};

impl Quicklist {
    /// Overwrites the element number `index`; false if there is none.
    pub fn set<'a>(&mut self, index: usize, value: impl Into<Element<'a>>) -> bool {
        let value = value.into();
        if index >= self.len() {
            return false;
        }
        self.close_ends();
        let limit = self.limit;
        let Some((place, offset)) = self.middle.seek(index) else {
            return false;
        };
        let replaced = self
            .middle
            .edit(place, |node| node.replace(offset, value, limit));
        if replaced != Some(true) {
            self.remove(index);
            self.insert(index, value);
        }
        true
    }

    /// Puts `value` where the element number `index` is, which then follows it; at the length, it
    /// becomes the last. False beyond.
    pub fn insert<'a>(&mut self, index: usize, value: impl Into<Element<'a>>) -> bool {
        let (value, len) = (value.into(), self.len());
        match index {
            0 => self.push_front(value),
            _ if index == len => self.push_back(value),
            _ if index > len => return false,
            _ => {
                self.close_ends();
                if let Some((place, offset)) = self.middle.seek(index) {
                    self.insert_at(place, offset, value);
                }
            }
        }
        true
    }

    /// Removes the element number `index`; false if there is none.
    pub fn remove(&mut self, index: usize) -> bool {
        if index >= self.len() {
            return false;
        }
        self.close_ends();
        let Some((place, offset)) = self.middle.seek(index) else {
            return false;
        };
        let whole = self
            .middle
            .node(place)
            .is_some_and(|node| node.count() == 1);
        self.middle.edit(place, |node| node.remove(offset));
        if !whole {
            self.merge_around(place);
        }
        true
    }

    /// Removes up to `count` elements from the one at `index` on. A few at an end cost a few
    /// pops; for a great many, see [`Quicklist::take_range`].
    pub fn remove_range(&mut self, index: usize, count: usize) {
        let len = self.len();
        let count = count.min(len.saturating_sub(index));
        if index == 0 && count <= self.head.count() {
            self.head.trim_front(count);
        } else if index + count == len && count <= self.tail.count() {
            self.tail.trim_back(count);
        } else if count > 0 && count <= POPS_MAX && index + count == len {
            while self.len() > index {
                self.pop_back_with(|_| ());
            }
        } else if count > 0 && count <= POPS_MAX && index == 0 {
            while self.len() > len - count {
                self.pop_front_with(|_| ());
            }
        } else {
            self.take_range(index, count);
        }
    }

    /// Removes up to `count` elements from the one at `index` on, and hands them over, so that
    /// they can be freed in slices. Whole nodes change hands; only those at the cuts are copied.
    pub fn take_range(&mut self, index: usize, count: usize) -> Quicklist {
        let rest = self.split_off(index.saturating_add(count));
        let taken = self.split_off(index);
        self.append(rest);
        taken
    }

    /// Cuts before the element number `index`.
    pub fn split_off(&mut self, index: usize) -> Quicklist {
        let mut right = Quicklist::new(self.limit);
        if index >= self.len() {
            return right;
        }
        self.close_ends();
        if let Some((place, offset)) = self.middle.seek(index) {
            let place = self.cut_node(place, offset);
            right.middle = self.middle.split_off(place);
        }
        right
    }

    /// Appends all of `other`, node by node.
    pub fn append(&mut self, mut other: Quicklist) {
        if !other.is_empty() {
            self.close_ends();
            other.close_ends();
            self.middle.append(other.middle, self.limit);
        }
    }

    /// Removes up to `most` elements equal to `value`, the first ones or the last ones, and says
    /// how many there were.
    pub fn remove_matching<'a>(
        &mut self,
        value: impl Into<Element<'a>>,
        from_back: bool,
        most: usize,
    ) -> usize {
        let value = value.into().canonical();
        self.close_ends();
        self.middle
            .sweep(from_back, most, self.limit, |node, most| {
                node.remove_matching(value, from_back, most)
            })
    }

    /// Puts `value` before the element number `offset` of a node.
    fn insert_at(&mut self, place: Place, offset: usize, value: Element<'_>) {
        let (limit, size) = (self.limit, encoded_size(value));
        let takes = |node: Option<&Node>| node.is_some_and(|node| node.takes(size, 1, limit));
        let large = limit.is_large(value.text_len());
        if !large && takes(self.middle.node(place)) {
            self.middle.edit(place, |node| node.insert(offset, value));
            return;
        }
        // The value goes between two nodes: here, or after the node is cut in two.
        let right = self.cut_node(place, offset);
        let left = right
            .node
            .checked_sub(1)
            .map(|node| Place { node, ..right });
        if !large && left.is_some_and(|left| takes(self.middle.node(left))) {
            self.middle.edit(left.unwrap_or(right), |node| {
                node.insert(node.count(), value)
            });
        } else if !large && takes(self.middle.node(right)) {
            self.middle.edit(right, |node| node.insert(0, value));
        } else {
            self.middle.insert(right, Node::of(value, limit));
        }
        self.middle.merge_with_next(right, limit);
        if let Some(left) = left {
            self.middle.merge_with_previous(left, limit);
        }
    }

    /// Cuts a node before its element number `offset`, and says where the right part is.
    fn cut_node(&mut self, place: Place, offset: usize) -> Place {
        if offset == 0 {
            return place;
        }
        let Some(Some(right)) = self.middle.edit(place, |node| node.split_off(offset)) else {
            return place;
        };
        self.middle.insert(
            Place {
                node: place.node + 1,
                ..place
            },
            right,
        )
    }

    /// Joins a node with its neighbours where they fit.
    fn merge_around(&mut self, place: Place) {
        self.middle.merge_with_next(place, self.limit);
        self.middle.merge_with_previous(place, self.limit);
    }
}

/// How many elements are popped one by one rather than cut off.
const POPS_MAX: usize = 512;
