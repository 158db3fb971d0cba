//! The nodes, and what is done to one item or range on the way down and up again.

use super::Ordered;
use alloc::boxed::Box;
use core::cmp::Ordering;
use heapless::Vec;

/// Items of a leaf: with 16-byte items, a leaf fills one kilobyte.
pub(super) const LEAF_ITEMS: usize = 63;
/// Children of an inner node: it fills one kilobyte as well.
pub(super) const FAN_OUT: usize = 31;

#[cfg(target_pointer_width = "64")]
const _: () = assert!(size_of::<Node<(f64, u64)>>() == 1024);

pub(super) type Leaf<T> = Vec<T, LEAF_ITEMS, u8>;

/// One allocation of the tree.
#[allow(
    clippy::large_enum_variant,
    reason = "both fill a kilobyte with the items they are made for"
)]
pub(super) enum Node<T> {
    Leaf(Leaf<T>),
    Inner(Inner<T>),
}

/// Three arrays side by side, one slot a child, so that a search reads nothing but items.
pub(super) struct Inner<T> {
    pub least: Vec<T, FAN_OUT, u8>,
    pub counts: Vec<usize, FAN_OUT, u8>,
    pub children: Vec<Box<Node<T>>, FAN_OUT, u8>,
}

/// What to take out of a tree.
#[derive(Clone, Copy)]
pub(super) enum Place<'a, T> {
    Item(&'a T),
    Rank(usize),
}

/// What [`Node::replace`] did.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Replaced {
    /// The old item is not there.
    Absent,
    /// Done.
    InPlace,
    /// Nothing yet: the new item belongs into another leaf. Whether the old one is there was not looked at.
    Elsewhere,
}

/// The place of `item`, or where it would have to be inserted.
///
/// Most items are told apart by what they hold themselves. Only those that are not are searched by halves, in
/// order to follow few pointers.
#[inline]
pub(super) fn search<T: Ordered>(items: &[T], item: &T) -> Result<usize, usize> {
    let start = boundary(items, |other| other.order_inline(item) == Ordering::Less);
    let similar = |other: &T| other.order_inline(item) == Ordering::Equal;
    let from_start = &items[start..];
    let count = match from_start {
        [first, second, ..] if similar(first) && similar(second) => boundary(from_start, similar),
        [first, ..] => usize::from(similar(first)),
        [] => 0,
    };
    let found = from_start[..count].binary_search_by(|other| other.order(item));
    found.map(|at| start + at).map_err(|at| start + at)
}

/// Like [`slice::partition_point`], for memory that is not in the cache and a cheap question: the steps of a
/// binary search wait for one another's cache misses, while those of a walk in strides overlap.
#[inline]
pub(super) fn boundary<T>(items: &[T], mut is_before: impl FnMut(&T) -> bool) -> usize {
    /// As many 16-byte items as a cache line has.
    const STRIDE: usize = 4;
    let mut at = 0;
    while items.get(at + STRIDE - 1).is_some_and(&mut is_before) {
        at += STRIDE;
    }
    while items.get(at).is_some_and(&mut is_before) {
        at += 1;
    }
    at
}

impl<T: Ordered> Node<T> {
    pub fn new_leaf(nodes: &mut usize) -> Box<Self> {
        *nodes += 1;
        Box::new(Node::Leaf(Vec::new()))
    }

    /// An inner node with the single child `root`, which holds `count` items.
    pub fn new_root_above(root: Box<Self>, count: usize, nodes: &mut usize) -> Box<Self> {
        *nodes += 1;
        let mut inner = Inner::new();
        inner.insert_child(0, root, count);
        Box::new(Node::Inner(inner))
    }

    /// Items of a leaf, children of an inner node.
    #[inline]
    pub fn slots(&self) -> usize {
        match self {
            Node::Leaf(items) => items.len(),
            Node::Inner(inner) => inner.children.len(),
        }
    }

    pub fn capacity(&self) -> usize {
        match self {
            Node::Leaf(_) => LEAF_ITEMS,
            Node::Inner(_) => FAN_OUT,
        }
    }

    #[inline]
    pub fn is_full(&self) -> bool {
        self.slots() == self.capacity()
    }

    /// The first item below; every node in a tree has one.
    #[inline]
    pub fn least(&self) -> T {
        match self {
            Node::Leaf(items) => items[0],
            Node::Inner(inner) => inner.least[0],
        }
    }

    /// Adds `item` below this node, which is not full; false when it is there already.
    pub fn insert(&mut self, item: T, nodes: &mut usize) -> bool {
        match self {
            Node::Leaf(items) => match search(items, &item) {
                Ok(_) => false,
                Err(at) => items.insert(at, item).is_ok(),
            },
            Node::Inner(inner) => {
                let mut at = inner.child_for(&item);
                if inner.children[at].is_full() {
                    inner.make_room(at, &item, nodes);
                    at = inner.child_for(&item);
                }
                let inserted = inner.children[at].insert(item, nodes);
                if inserted {
                    inner.counts[at] += 1;
                    inner.least[at] = inner.children[at].least();
                }
                inserted
            }
        }
    }

    /// Takes an item out; the rank, if given, is below the number of items.
    pub fn take(&mut self, place: Place<'_, T>, nodes: &mut usize) -> Option<T> {
        match self {
            Node::Leaf(items) => {
                let at = match place {
                    Place::Item(item) => search(items, item).ok()?,
                    Place::Rank(rank) => rank,
                };
                Some(items.remove(at))
            }
            Node::Inner(inner) => {
                let (at, place) = match place {
                    Place::Item(item) => (inner.child_for(item), place),
                    Place::Rank(rank) => {
                        let (at, rank) = inner.child_at_rank(rank);
                        (at, Place::Rank(rank))
                    }
                };
                let taken = inner.children[at].take(place, nodes)?;
                inner.counts[at] -= 1;
                inner.refresh(at, nodes);
                Some(taken)
            }
        }
    }

    /// Replaces `old` by `new` if both belong into the same leaf. `above` is the first item of the leaves to
    /// the right of this node; `leftmost` says that there are none to the left.
    pub fn replace(&mut self, old: &T, new: T, above: Option<&T>, leftmost: bool) -> Replaced {
        match self {
            Node::Leaf(items) => {
                let Ok(at) = search(items, old) else {
                    return Replaced::Absent;
                };
                let above_first = match new.order(&items[0]) {
                    Ordering::Less => leftmost,
                    Ordering::Equal => at == 0,
                    Ordering::Greater => true,
                };
                if above_first && above.is_none_or(|above| new.order(above) == Ordering::Less) {
                    replace_in_leaf(items, at, new)
                } else {
                    Replaced::Elsewhere
                }
            }
            Node::Inner(inner) => {
                let at = inner.child_for(old);
                if inner.child_for(&new) != at {
                    return Replaced::Elsewhere;
                }
                let above = inner.least.get(at + 1).or(above);
                let replaced = inner.children[at].replace(old, new, above, leftmost && at == 0);
                if replaced == Replaced::InPlace {
                    inner.least[at] = inner.children[at].least();
                }
                replaced
            }
        }
    }

    /// Removes `count` items, more than none and fewer than all, from `rank` on.
    pub fn remove_range(
        &mut self,
        rank: usize,
        count: usize,
        removed: &mut impl FnMut(T),
        nodes: &mut usize,
    ) {
        match self {
            Node::Leaf(items) => items.drain(rank..rank + count).for_each(removed),
            Node::Inner(inner) => inner.remove_range(rank, count, removed, nodes),
        }
    }

    /// Hands out all items before the node is dropped, and takes it off the count of nodes.
    pub fn visit_all(&self, visit: &mut impl FnMut(T), nodes: &mut usize) {
        *nodes -= 1;
        match self {
            Node::Leaf(items) => items.iter().for_each(|&item| visit(item)),
            Node::Inner(inner) => inner
                .children
                .iter()
                .for_each(|child| child.visit_all(visit, nodes)),
        }
    }

    pub fn depth(&self) -> usize {
        match self {
            Node::Leaf(_) => 0,
            Node::Inner(inner) => 1 + inner.children[0].depth(),
        }
    }

    /// Verifies the inner nodes from here on; counts the nodes and returns the number of items.
    pub fn check(&self, depth: usize, nodes: &mut usize) -> usize {
        *nodes += 1;
        match self {
            Node::Leaf(items) => {
                assert_eq!(depth, 0, "all leaves are equally deep");
                items.len()
            }
            Node::Inner(inner) => {
                let slots = inner.children.len();
                assert_eq!(
                    (inner.least.len(), inner.counts.len()),
                    (slots, slots),
                    "slots"
                );
                for at in 0..slots {
                    let child = &inner.children[at];
                    let count = child.check(depth - 1, nodes);
                    assert!(count > 0 && count == inner.counts[at], "counts");
                    assert!(
                        child.least().order(&inner.least[at]) == Ordering::Equal,
                        "least"
                    );
                }
                inner.items_before(slots)
            }
        }
    }
}

impl<T: Ordered> Inner<T> {
    pub fn new() -> Self {
        Inner {
            least: Vec::new(),
            counts: Vec::new(),
            children: Vec::new(),
        }
    }

    /// The child below which `item` is, if it is anywhere, and belongs, if it is not.
    #[inline]
    pub fn child_for(&self, item: &T) -> usize {
        let others = self.least.get(1..).unwrap_or(&[]);
        match search(others, item) {
            Ok(at) => at + 1,
            Err(at) => at,
        }
    }

    /// The child with the item at `rank`, and its rank in there.
    #[inline]
    pub fn child_at_rank(&self, mut rank: usize) -> (usize, usize) {
        let mut at = 0;
        while at + 1 < self.counts.len() && rank >= self.counts[at] {
            rank -= self.counts[at];
            at += 1;
        }
        (at, rank)
    }

    /// How many items there are below the first `slots` children.
    #[inline]
    pub fn items_before(&self, slots: usize) -> usize {
        self.counts[..slots].iter().sum()
    }

    pub fn insert_child(&mut self, at: usize, child: Box<Node<T>>, count: usize) {
        // The first items of a new sibling arrive later, with `shift`.
        let least = if count == 0 {
            self.least[at - 1]
        } else {
            child.least()
        };
        let fits = self.least.insert(at, least).is_ok()
            && self.counts.insert(at, count).is_ok()
            && self.children.insert(at, child).is_ok();
        debug_assert!(fits, "the caller made room");
    }

    pub fn remove_child(&mut self, at: usize) {
        self.least.remove(at);
        self.counts.remove(at);
        self.children.remove(at);
    }

    /// Brings the slot of child `at` up to date after items were taken out of it.
    fn refresh(&mut self, at: usize, nodes: &mut usize) {
        if self.counts[at] == 0 {
            self.remove_child(at);
            *nodes -= 1;
            return;
        }
        self.least[at] = self.children[at].least();
        self.rebalance(at, nodes);
    }

    /// See [`Node::remove_range`].
    fn remove_range(
        &mut self,
        rank: usize,
        mut count: usize,
        removed: &mut impl FnMut(T),
        nodes: &mut usize,
    ) {
        let (mut at, skipped) = self.child_at_rank(rank);
        if skipped > 0 {
            let here = count.min(self.counts[at] - skipped);
            self.children[at].remove_range(skipped, here, removed, nodes);
            self.counts[at] -= here;
            count -= here;
            at += 1;
        }
        let whole = self.visit_whole(at, &mut count, removed, nodes);
        self.least.drain(at..whole);
        self.counts.drain(at..whole);
        self.children.drain(at..whole);
        if count > 0 {
            self.children[at].remove_range(0, count, removed, nodes);
            self.counts[at] -= count;
            self.least[at] = self.children[at].least();
        }
        // What remains on both sides of the gap may be little.
        if at < self.children.len() {
            self.rebalance(at, nodes);
        }
        if (1..=self.children.len()).contains(&at) {
            self.rebalance(at - 1, nodes);
        }
    }

    /// Visits the children from `at` on that lie wholly within the next `count` items; returns where they end.
    fn visit_whole(
        &self,
        at: usize,
        count: &mut usize,
        visit: &mut impl FnMut(T),
        nodes: &mut usize,
    ) -> usize {
        let mut end = at;
        while end < self.children.len() && self.counts[end] <= *count {
            *count -= self.counts[end];
            self.children[end].visit_all(visit, nodes);
            end += 1;
        }
        end
    }
}

/// Puts `new`, which belongs into this leaf, in the place of the item at `at`.
fn replace_in_leaf<T: Ordered>(items: &mut [T], at: usize, new: T) -> Replaced {
    let fits_below = items
        .get(at + 1)
        .is_none_or(|next| new.order(next) == Ordering::Less);
    if fits_below && (at == 0 || items[at - 1].order(&new) == Ordering::Less) {
        items[at] = new;
        return Replaced::InPlace;
    }
    match search(items, &new) {
        // The new item is in the tree already, so the old one only has to go.
        Ok(_) => return Replaced::Elsewhere,
        Err(to) if to > at => {
            items[at..to].rotate_left(1);
            items[to - 1] = new;
        }
        Err(to) => {
            items[to..=at].rotate_right(1);
            items[to] = new;
        }
    }
    Replaced::InPlace
}
