//! The moves between siblings that keep nodes full: before an insert a full node makes room, after a removal
//! a poor one merges or takes.

use super::Ordered;
use super::node::{Inner, Node, search};
use alloc::boxed::Box;
use heapless::Vec;

impl<T: Ordered> Inner<T> {
    /// Gives the full child `at` room for `item`, by moving slots to a sibling or else by splitting it.
    /// Afterwards neither it nor its siblings are full.
    pub fn make_room(&mut self, at: usize, item: &T, nodes: &mut usize) {
        let capacity = self.children[at].capacity();
        let free = |at: usize| {
            self.children
                .get(at)
                .map_or(0, |child| capacity - child.slots())
        };
        let (left, right) = (at.checked_sub(1).map_or(0, free), free(at + 1));
        // Less would be used up too soon to be worth the move.
        let worthwhile = capacity / 8;
        if left.max(right) < worthwhile {
            self.split(at, item, nodes);
        } else if left >= right {
            self.shift_left(at - 1, left.div_ceil(2));
        } else {
            self.shift_right(at, right.div_ceil(2));
        }
    }

    /// Splits the full child `at`: in halves, or close to the end where `item` belongs, since more are
    /// likely to follow it in the same direction.
    fn split(&mut self, at: usize, item: &T, nodes: &mut usize) {
        let child = &self.children[at];
        let capacity = child.capacity();
        let (place, sibling) = match &**child {
            Node::Leaf(items) => (
                search(items, item).unwrap_or_else(|at| at),
                Node::Leaf(Vec::new()),
            ),
            Node::Inner(inner) => (inner.child_for(item) + 1, Node::Inner(Inner::new())),
        };
        let few = capacity / 16;
        let moving = match place {
            0 | 1 => capacity - few,
            _ if place == capacity => few,
            _ => capacity / 2,
        };
        *nodes += 1;
        self.insert_child(at + 1, Box::new(sibling), 0);
        self.shift_right(at, moving);
    }

    /// Moves `n` slots from child `at` to the one behind it.
    fn shift_right(&mut self, at: usize, n: usize) {
        let (left, right) = self.children.split_at_mut(at + 1);
        let moved = left[at].give_right(&mut right[0], n);
        self.least[at + 1] = right[0].least();
        self.counts[at] -= moved;
        self.counts[at + 1] += moved;
    }

    /// Moves `n` slots from the child behind child `at` to it; that one is removed when nothing is left.
    fn shift_left(&mut self, at: usize, n: usize) {
        let (left, right) = self.children.split_at_mut(at + 1);
        let moved = right[0].give_left(&mut left[at], n);
        self.counts[at] += moved;
        self.counts[at + 1] -= moved;
        if self.counts[at + 1] == 0 {
            self.remove_child(at + 1);
        } else {
            self.least[at + 1] = right[0].least();
        }
    }

    /// Merges a child below half with a sibling that has room for it, or else takes slots from a sibling
    /// when less than a quarter is left.
    pub fn rebalance(&mut self, at: usize, nodes: &mut usize) {
        let capacity = self.children[at].capacity();
        let slots = self.children[at].slots();
        if slots >= capacity / 2 {
            return;
        }
        let slots_of = |at: usize| {
            self.children
                .get(at)
                .map_or(capacity, |child| child.slots())
        };
        let (left, right) = (
            at.checked_sub(1).map_or(capacity, slots_of),
            slots_of(at + 1),
        );
        if left.min(right) + slots <= capacity - capacity / 8 {
            *nodes -= 1;
            if left <= right {
                self.shift_left(at - 1, slots);
            } else {
                self.shift_left(at, right);
            }
        } else if slots < capacity / 4 && at > 0 {
            self.shift_right(at - 1, (left - slots) / 2);
        } else if slots < capacity / 4 && at + 1 < self.children.len() {
            self.shift_left(at, (right - slots) / 2);
        }
    }
}

impl<T: Ordered> Node<T> {
    /// Moves the last `n` slots to the front of `right`; returns how many items that were.
    fn give_right(&mut self, right: &mut Self, n: usize) -> usize {
        match (self, right) {
            (Node::Leaf(left), Node::Leaf(right)) => {
                move_right(left, right, n);
                n
            }
            (Node::Inner(left), Node::Inner(right)) => {
                move_right(&mut left.least, &mut right.least, n);
                move_right(&mut left.counts, &mut right.counts, n);
                move_right(&mut left.children, &mut right.children, n);
                right.items_before(n)
            }
            _ => unreachable!("siblings are of one kind"),
        }
    }

    /// Moves the first `n` slots to the end of `left`; returns how many items that were.
    fn give_left(&mut self, left: &mut Self, n: usize) -> usize {
        match (left, self) {
            (Node::Leaf(left), Node::Leaf(right)) => {
                left.extend(right.drain(..n));
                n
            }
            (Node::Inner(left), Node::Inner(right)) => {
                let moved = right.items_before(n);
                left.least.extend(right.least.drain(..n));
                left.counts.extend(right.counts.drain(..n));
                left.children.extend(right.children.drain(..n));
                moved
            }
            _ => unreachable!("siblings are of one kind"),
        }
    }
}

fn move_right<X, const N: usize>(left: &mut Vec<X, N, u8>, right: &mut Vec<X, N, u8>, n: usize) {
    right.extend(left.drain(left.len() - n..));
    right.rotate_right(n);
}
