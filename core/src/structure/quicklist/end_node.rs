//! The first or last node while it is pushed to and popped from: a listpack with spare room.
//!
//! ```text
//!            start                                  bytes.len()      capacity
//!              |                                         |              |
//! +------------+--------+-------+-------+-- --+------+---+--------------+
//! | spare room | header | entry | entry | ... | entry | 0xff | spare room |
//! +------------+--------+-------+-------+-- --+------+------+-----------+
//!               `bytes[start..]` is a whole listpack at all times
//! ```
//!
//! A push in front moves the header, not the entries; a pop moves nothing. When room runs out the
//! buffer doubles, with the new room on the side that grows, up to a bit over the node limit.

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::structure::listpack::entry::{self, END, Encoded};
use crate::structure::listpack::{Element, HEADER, Listpack, ListpackSlice};

/// An open node; without elements it has no buffer.
#[derive(Clone, Default)]
pub(super) struct EndNode {
    bytes: Vec<u8>,
    start: usize,
    count: usize,
}

#[derive(Clone, Copy)]
enum Side {
    Front,
    Back,
}

const EMPTY: [u8; HEADER + 1] = [0, 0, 0, 0, 0, 0, END];
/// What the first push allocates at least.
const CAPACITY_MIN: usize = 64;

impl EndNode {
    /// Goes on with a finished node, without a copy.
    pub(super) fn open(list: Listpack, count: usize) -> Self {
        EndNode {
            bytes: list.into_boxed_bytes().into(),
            start: 0,
            count,
        }
    }

    /// The finished node, in an allocation of its size; empty from then on.
    pub(super) fn close(&mut self) -> Option<(Listpack, usize)> {
        let EndNode {
            bytes,
            start,
            count,
        } = core::mem::take(self);
        let exact: Box<[u8]> = match (count, start) {
            (0, _) => return None,
            (_, 0) => bytes.into_boxed_slice(),
            _ => bytes.get(start..)?.into(),
        };
        Some((Listpack::from_trusted_box(exact), count))
    }

    #[inline]
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// The size as a listpack.
    #[inline]
    pub(super) fn bytes_len(&self) -> usize {
        self.bytes.len() - self.start
    }

    pub(super) fn memory_bytes(&self) -> usize {
        self.bytes.capacity()
    }

    /// The elements; None if there are none.
    #[inline]
    pub(super) fn as_listpack(&self) -> Option<&ListpackSlice> {
        (self.count > 0).then(|| ListpackSlice::trusted(&self.bytes[self.start..]))
    }

    /// Appends; the caller has seen to the node limit, of which `bytes_max` is the size.
    #[inline]
    pub(super) fn push_back(&mut self, value: &Encoded<'_>, bytes_max: usize) {
        let size = value.size();
        if self.count == 0 || self.bytes.capacity() - self.bytes.len() < size {
            self.make_room(size, Side::Back, bytes_max);
        }
        // The new last byte is an end mark, and the entry begins where the old one was.
        let at = self.bytes.len() - 1;
        self.bytes.resize(at + size + 1, END);
        value.write(&mut self.bytes[at..at + size]);
        self.count += 1;
        self.write_header();
    }

    /// Prepends, as [`EndNode::push_back`].
    #[inline]
    pub(super) fn push_front(&mut self, value: &Encoded<'_>, bytes_max: usize) {
        let size = value.size();
        if self.count == 0 || self.start < size {
            self.make_room(size, Side::Front, bytes_max);
        }
        self.start -= size;
        let at = self.start + HEADER;
        value.write(&mut self.bytes[at..at + size]);
        self.count += 1;
        self.write_header();
    }

    /// Shows the first element to `read` and removes it.
    pub(super) fn pop_front<R>(&mut self, read: impl FnOnce(Element<'_>) -> R) -> Option<R> {
        let first = self.as_listpack()?.iter().next()?;
        let result = read(first);
        self.trim_front(1);
        Some(result)
    }

    /// Shows the last element to `read` and removes it.
    pub(super) fn pop_back<R>(&mut self, read: impl FnOnce(Element<'_>) -> R) -> Option<R> {
        let last = self.as_listpack()?.iter().next_back()?;
        let result = read(last);
        self.trim_back(1);
        Some(result)
    }

    /// Removes up to `count` elements from the front.
    pub(super) fn trim_front(&mut self, count: usize) {
        if count >= self.count {
            return *self = EndNode::default();
        }
        for _ in 0..count {
            let entry = self.bytes.get(self.start + HEADER..).and_then(entry::size);
            self.start += entry.unwrap_or(0);
        }
        self.count -= count;
        self.write_header();
    }

    /// Removes up to `count` elements from the back.
    pub(super) fn trim_back(&mut self, count: usize) {
        if count >= self.count {
            return *self = EndNode::default();
        }
        for _ in 0..count {
            let end = self.bytes.len() - 1;
            let (front, back) = entry::read_back(&self.bytes[..end]).unwrap_or((0, 0));
            self.bytes.truncate(end - front - back + 1);
            self.bytes[end - front - back] = END;
        }
        self.count -= count;
        self.write_header();
    }

    #[inline]
    fn write_header(&mut self) {
        let total = (self.bytes.len() - self.start) as u32;
        let count = u16::try_from(self.count).unwrap_or(u16::MAX);
        let header = &mut self.bytes[self.start..self.start + HEADER];
        header[..4].copy_from_slice(&total.to_le_bytes());
        header[4..].copy_from_slice(&count.to_le_bytes());
    }

    /// Moves the content to a new buffer with room for `size` more bytes, all room on one side.
    #[cold]
    fn make_room(&mut self, size: usize, side: Side, bytes_max: usize) {
        let content = match self.count {
            0 => &EMPTY,
            _ => &self.bytes[self.start..],
        };
        let needed = content.len() + size;
        // A bit over the limit, so that a nearly full node that is pushed and popped in turn does
        // not come here each time.
        let most = (bytes_max + bytes_max / 8).max(needed);
        let capacity = (needed * 2).max(CAPACITY_MIN).min(most);
        let mut bytes = Vec::with_capacity(capacity);
        let start = match side {
            Side::Front => capacity - content.len(),
            Side::Back => 0,
        };
        bytes.resize(start, 0);
        bytes.extend_from_slice(content);
        self.bytes = bytes;
        self.start = start;
    }

    /// Verifies header, entries and count.
    pub(super) fn check(&self) -> Result<(), &'static str> {
        let Some(list) = self.as_listpack() else {
            return if self.bytes.is_empty() {
                Ok(())
            } else {
                Err("end node: empty with a buffer")
            };
        };
        list.check()?;
        if list.iter().count() == self.count {
            Ok(())
        } else {
            Err("end node: wrong count")
        }
    }
}
