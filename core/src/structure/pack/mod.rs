//! Pack: a small collection in one run of bytes, which may follow other bytes in one block.
//!
//! ```text
//! +----------+---------+---------+-- --+
//! | count u8 | element | element | ... |      no byte at all: no element
//! +----------+---------+---------+-- --+
//!   255: too many to say (255 or more)
//! ```
//!
//! Elements are encoded as in a listpack (`listpack/entry.rs`), without the length that would allow to walk back, and
//! total and end mark are left to whoever knows how long the bytes are. So a pack is a listpack's content in fewer
//! bytes: 1 instead of 7 for the whole, and 1 less for each element. It is kept in memory only; a dump gets
//! [`Pack::to_listpack`].
//!
//! The bytes may be those of an entry of the keyspace behind its key (`body.rs`): one block for both.
//!
//! Invariants, which [`PackView::check`] verifies: every value is stored in its shortest form, and text that is a
//! canonical `i64` as an integer, so equal values are equal bytes; the count is exact below 255, and otherwise unknown.

mod body;
#[cfg(test)]
mod tests;
mod view;

pub use body::Body;
pub use view::{Iter, PackView, Pos};

use crate::structure::listpack::entry::Encoded;
use crate::structure::listpack::{Element, Listpack, ListpackSlice};
use alloc::vec::Vec;
use core::fmt;
use core::ptr::NonNull;
use view::{COUNT_UNKNOWN, HEADER};

/// An owned pack.
pub struct Pack {
    body: Body,
}

const _: () = assert!(size_of::<Option<Pack>>() == 16 || size_of::<usize>() != 8);

impl Pack {
    /// An empty one, which has allocated nothing.
    pub const fn new() -> Self {
        Pack { body: Body::new() }
    }

    /// To read.
    #[inline(always)]
    pub fn view(&self) -> PackView<'_> {
        PackView(self.body.bytes())
    }

    /// The bytes.
    #[inline(always)]
    pub fn as_bytes(&self) -> &[u8] {
        self.body.bytes()
    }

    /// The same elements as a listpack.
    pub fn to_listpack(&self) -> Listpack {
        self.view().iter().collect()
    }

    /// Puts several values at the end, with one reallocation. `values` is walked twice.
    pub fn extend<'a, I>(&mut self, values: I)
    where
        I: IntoIterator<IntoIter: Clone>,
        I::Item: Into<Element<'a>>,
    {
        self.insert_all(self.view().end(), values);
    }

    /// Puts several values before the element at `pos` (or at the end), with one reallocation.
    pub fn insert_all<'a, I>(&mut self, pos: Pos, values: I)
    where
        I: IntoIterator<IntoIter: Clone>,
        I::Item: Into<Element<'a>>,
    {
        let values = values.into_iter().map(|value| Encoded::of(value.into()));
        let (mut bytes, mut count) = (0, 0);
        for value in values.clone() {
            bytes += value.front_len();
            count += 1;
        }
        let mut gap = self.splice(pos.offset(), 0, bytes, count);
        for value in values {
            let (element, rest) = gap.split_at_mut(value.front_len());
            value.write_front(element);
            gap = rest;
        }
    }

    /// Overwrites the element at `pos`, which stays its place. Allocates nothing if the new value takes as many bytes.
    pub fn replace<'a>(&mut self, pos: Pos, value: impl Into<Element<'a>>) {
        let value = Encoded::of(value.into());
        let removed = self.view().after(pos).offset() - pos.offset();
        let gap = self.splice(pos.offset(), removed, value.front_len(), 0);
        value.write_front(gap);
    }

    /// Removes up to `count` elements from `pos` on; the one that followed is then there.
    pub fn remove_run(&mut self, pos: Pos, count: usize) {
        let view = self.view();
        let (mut end, mut removed) = (pos, 0);
        while removed < count && end < view.end() {
            end = view.after(end);
            removed += 1;
        }
        let bytes = end.offset() - pos.offset();
        self.splice(pos.offset(), bytes, 0, -removed.cast_signed());
    }

    /// Takes over the contents of another pack.
    pub fn refill(&mut self, other: &Pack) {
        let old = self.as_bytes().len();
        let bytes = other.as_bytes();
        self.body.splice(0, old, bytes.len()).copy_from_slice(bytes);
    }

    /// The block on loan that remains when the elements are needed no more; none if the block was the pack's own.
    pub fn into_husk(self) -> Option<Body> {
        self.body.lent().is_some().then_some(self.body)
    }

    /// The pack that a husk was.
    pub fn from_husk(body: Body) -> Pack {
        Pack { body }
    }

    /// See [`Body::lent`].
    #[inline(always)]
    pub fn lent(&self) -> Option<(NonNull<u8>, usize)> {
        self.body.lent()
    }

    /// Makes room for `inserted` bytes in place of `removed` bytes at `at`, with the count set.
    fn splice(&mut self, at: usize, removed: usize, inserted: usize, more: isize) -> &mut [u8] {
        let count = match self.as_bytes().first() {
            Some(&COUNT_UNKNOWN) => COUNT_UNKNOWN,
            count => {
                let count = count.map_or(0, |&count| usize::from(count));
                u8::try_from(count.saturating_add_signed(more)).unwrap_or(COUNT_UNKNOWN)
            }
        };
        // An empty one has no place for a count yet.
        let missing = HEADER.saturating_sub(self.as_bytes().len());
        self.body.splice(at - missing, removed, inserted + missing);
        let bytes = self.body.bytes_mut();
        bytes[0] = count;
        &mut bytes[at..at + inserted]
    }
}

#[allow(unsafe_code, reason = "a pack on loan from an entry of the keyspace")]
impl Pack {
    /// A pack on loan: the `len` bytes behind the `prefix` bytes of a block.
    ///
    /// # Safety
    /// The block has `prefix + len` bytes, `prefix` not being 0, and alignment 1; the bytes behind the prefix are a
    /// pack's. The block's owner touches it again only after asking where it is now ([`Pack::lent`]).
    #[inline(always)]
    pub unsafe fn borrow(block: NonNull<u8>, prefix: usize, len: usize) -> Self {
        // SAFETY: the caller's promise is the same.
        let body = unsafe { Body::borrow(block, prefix, len) };
        Pack { body }
    }
}

impl Default for Pack {
    fn default() -> Self {
        Self::new()
    }
}

impl Clone for Pack {
    /// In a block of its own.
    fn clone(&self) -> Self {
        let body = Body::from_box(self.as_bytes().into());
        Pack { body }
    }
}

impl<'a> FromIterator<Element<'a>> for Pack {
    fn from_iter<I: IntoIterator<Item = Element<'a>>>(values: I) -> Self {
        let mut bytes: Vec<u8> = alloc::vec![0; HEADER];
        let mut count = 0;
        for value in values {
            let value = Encoded::of(value);
            let start = bytes.len();
            bytes.resize(start + value.front_len(), 0);
            value.write_front(&mut bytes[start..]);
            count += 1;
        }
        bytes[0] = u8::try_from(count).unwrap_or(COUNT_UNKNOWN);
        let body = Body::from_box(bytes.into_boxed_slice());
        Pack { body }
    }
}

impl From<&ListpackSlice> for Pack {
    fn from(list: &ListpackSlice) -> Self {
        list.iter().collect()
    }
}

impl fmt::Debug for Pack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.view().iter()).finish()
    }
}
