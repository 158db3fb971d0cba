//! Reading in order, from any index, in both directions.
//!
//! For a reader the ends are chunks of one node: the head is chunk 0, the chain's chunks follow,
//! and the tail is the chunk after them.

use super::Quicklist;
use super::chain::Place;
use super::chunk::note_step;
use super::node::NodeRef;
use crate::structure::listpack::{self, Element};

impl Quicklist {
    /// All elements, first to last.
    pub fn iter(&self) -> Iter<'_> {
        self.iter_from(0)
    }

    /// The elements from the one at `index` on, towards the last.
    pub fn iter_from(&self, index: usize) -> Iter<'_> {
        Iter::new(self, index, Direction::Forward)
    }

    /// The elements from the one at `index` on, towards the first.
    pub fn rev_iter_from(&self, index: usize) -> Iter<'_> {
        Iter::new(self, index, Direction::Backward)
    }

    /// The nodes, each a valid listpack or one large value, as a file holds them.
    pub fn nodes(&self) -> Nodes<'_> {
        let first = self.step(None, Direction::Forward);
        Nodes {
            list: self,
            next: first,
        }
    }

    /// The node with the element number `index`, and where in it.
    pub(super) fn seek(&self, index: usize) -> Option<(Place, usize)> {
        let (head, middle) = (self.head.count(), self.middle.count());
        if index < head {
            return Some((Place::default(), index));
        }
        if index < head + middle {
            let (place, offset) = self.middle.seek(index - head)?;
            return Some((
                Place {
                    chunk: place.chunk + 1,
                    ..place
                },
                offset,
            ));
        }
        let offset = index - head - middle;
        let tail = Place {
            chunk: self.middle.chunk_count() + 1,
            node: 0,
        };
        (offset < self.tail.count()).then_some((tail, offset))
    }

    pub(super) fn node(&self, place: Place) -> Option<NodeRef<'_>> {
        if place.chunk == 0 {
            return self.head.as_listpack().map(NodeRef::Packed);
        }
        let inner = Place {
            chunk: place.chunk - 1,
            ..place
        };
        match self.middle.node(inner) {
            Some(node) => Some(node.as_ref()),
            None => self.tail.as_listpack().map(NodeRef::Packed),
        }
    }

    /// The next node that has elements; from None, the first or the last.
    fn step(&self, from: Option<Place>, direction: Direction) -> Option<Place> {
        note_step();
        match direction {
            Direction::Forward => self.step_forward(from),
            Direction::Backward => self.step_backward(from),
        }
    }

    fn step_forward(&self, from: Option<Place>) -> Option<Place> {
        let mut chunk = 0;
        if let Some(from) = from {
            if from.node + 1 < self.nodes_in(from.chunk) {
                return Some(Place {
                    node: from.node + 1,
                    ..from
                });
            }
            chunk = from.chunk + 1;
        }
        // Only the ends can be empty, so this tries two or three chunks.
        let found = (chunk..self.middle.chunk_count() + 2).find(|&at| self.nodes_in(at) > 0)?;
        Some(Place {
            chunk: found,
            node: 0,
        })
    }

    fn step_backward(&self, from: Option<Place>) -> Option<Place> {
        let mut end = self.middle.chunk_count() + 2;
        if let Some(from) = from {
            if let Some(node) = from.node.checked_sub(1) {
                return Some(Place { node, ..from });
            }
            end = from.chunk;
        }
        let chunk = (0..end).rev().find(|&at| self.nodes_in(at) > 0)?;
        Some(Place {
            chunk,
            node: self.nodes_in(chunk) - 1,
        })
    }

    /// Whether the `count` elements from the one at `index` on are in more than so many nodes; it may be said of some fewer
    /// that lie in several chunks.
    pub fn spans_more_nodes_than(&self, most: usize, index: usize, count: usize) -> bool {
        let last = self.seek(index.saturating_add(count).saturating_sub(1));
        let (Some((first, _)), Some((last, _))) = (self.seek(index), last) else {
            return false;
        };
        let between = match last.chunk - first.chunk {
            0 => last.node - first.node,
            1 => self.nodes_in(first.chunk) - first.node + last.node,
            _ => return true,
        };
        between >= most
    }

    fn nodes_in(&self, chunk: usize) -> usize {
        if chunk == 0 {
            usize::from(self.head.count() > 0)
        } else if chunk <= self.middle.chunk_count() {
            self.middle.nodes_in(chunk - 1)
        } else {
            usize::from(self.tail.count() > 0)
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Direction {
    Forward,
    Backward,
}

/// The elements in one direction.
#[derive(Clone)]
pub struct Iter<'a> {
    list: &'a Quicklist,
    direction: Direction,
    /// The node that `run` is in; None at the end.
    place: Option<Place>,
    run: Run<'a>,
}

/// What is left of a node.
#[derive(Clone)]
enum Run<'a> {
    Packed(listpack::Iter<'a>),
    Plain(Option<&'a [u8]>),
}

impl<'a> Run<'a> {
    fn of(node: NodeRef<'a>) -> Self {
        match node {
            NodeRef::Packed(list) => Run::Packed(list.iter()),
            NodeRef::Plain(value) => Run::Plain(Some(value)),
        }
    }

    /// From the element number `offset` on.
    fn from(node: NodeRef<'a>, offset: usize, direction: Direction) -> Self {
        let NodeRef::Packed(list) = node else {
            return Run::of(node);
        };
        match (list.seek(offset as i64), direction) {
            (Some(pos), Direction::Forward) => Run::Packed(list.iter_from(pos)),
            (Some(pos), Direction::Backward) => Run::Packed(list.iter_through(pos)),
            (None, _) => Run::Plain(None),
        }
    }

    #[inline]
    fn next(&mut self, direction: Direction) -> Option<Element<'a>> {
        match (self, direction) {
            (Run::Packed(run), Direction::Forward) => run.next(),
            (Run::Packed(run), Direction::Backward) => run.next_back(),
            (Run::Plain(value), _) => value.take().map(Element::Bytes),
        }
    }
}

impl<'a> Iter<'a> {
    fn new(list: &'a Quicklist, index: usize, direction: Direction) -> Self {
        let found = list.seek(index);
        let node = found.and_then(|(place, offset)| Some((list.node(place)?, offset)));
        Iter {
            list,
            direction,
            place: found.map(|(place, _)| place),
            run: node.map_or(Run::Plain(None), |(node, offset)| {
                Run::from(node, offset, direction)
            }),
        }
    }

    /// Shows `each` up to `most` elements. Quicker than one after the other with `next`: what is to be asked once a
    /// node is not asked at every element.
    #[inline]
    pub fn read(mut self, most: usize, mut each: impl FnMut(Element<'a>)) {
        let mut left = most;
        loop {
            left = match (self.run, self.direction) {
                (Run::Packed(run), Direction::Forward) => show(run, left, &mut each),
                (Run::Packed(run), Direction::Backward) => show(run.rev(), left, &mut each),
                (Run::Plain(value), _) => {
                    show(value.map(Element::Bytes).into_iter(), left, &mut each)
                }
            };
            if left == 0 {
                return;
            }
            let next = self
                .place
                .and_then(|place| self.list.step(Some(place), self.direction));
            let Some(node) = next.and_then(|place| self.list.node(place)) else {
                return;
            };
            self.place = next;
            self.run = Run::of(node);
        }
    }
}

/// Shows `each` up to `most` elements of a node; how many are still to be shown.
#[inline(always)]
fn show<'a>(
    run: impl Iterator<Item = Element<'a>>,
    most: usize,
    each: &mut impl FnMut(Element<'a>),
) -> usize {
    let mut left = most;
    for value in run.take(most) {
        each(value);
        left -= 1;
    }
    left
}

impl<'a> Iterator for Iter<'a> {
    type Item = Element<'a>;

    #[inline]
    fn next(&mut self) -> Option<Element<'a>> {
        loop {
            if let Some(value) = self.run.next(self.direction) {
                return Some(value);
            }
            self.place = self.list.step(Some(self.place?), self.direction);
            self.run = Run::of(self.list.node(self.place?)?);
        }
    }
}

/// The nodes, first to last.
#[derive(Clone)]
pub struct Nodes<'a> {
    list: &'a Quicklist,
    next: Option<Place>,
}

impl<'a> Iterator for Nodes<'a> {
    type Item = NodeRef<'a>;

    fn next(&mut self) -> Option<NodeRef<'a>> {
        let place = self.next?;
        self.next = self.list.step(Some(place), Direction::Forward);
        self.list.node(place)
    }
}
