//! Listpack: small values packed into one run of bytes, in Redis's own format.
//!
//! ```text
//! +----------------+-------------+---------+---------+-- --+------+
//! | total u32 le   | count u16 le| entry   | entry   | ... | 0xff |
//! +----------------+-------------+---------+---------+-- --+------+
//!   whole, in bytes  0xffff: too many to say (65535 or more)
//!
//! entry:  | head | payload | back length |      (drawn in `entry.rs`)
//! ```
//!
//! Invariants, which [`ListpackSlice::check`] verifies:
//! - the total is the size of the allocation: growth and shrinking are exact, since the allocator
//!   rounds to its size classes anyway;
//! - every value is stored in its shortest form, and text that is a canonical `i64` as an integer.
//!   So equal values are equal bytes, and `find` compares bytes. [`Listpack::from_bytes`] rewrites
//!   foreign bytes that are valid but longer than need be;
//! - the count is exact below 65535, and otherwise unknown.
//!
//! [`Listpack`] owns one block behind a thin pointer; reading is on [`ListpackSlice`], to which it
//! dereferences. A place in it is a [`Pos`], a byte offset, good until the next change.

mod builder;
mod element;
pub(super) mod entry;
pub(super) mod raw;
mod slice;
#[cfg(test)]
mod tests;
mod validate;

pub use builder::ListpackBuilder;
pub use element::{Element, IntText};
pub(super) use slice::HEADER;
pub use slice::{Iter, ListpackSlice, Pos};
pub use validate::ListpackError;

use alloc::boxed::Box;
use core::fmt;
use core::ops::Deref;
use core::ptr::NonNull;

use entry::Encoded;
use raw::{ByteTotal, ThinBlock};
use slice::{COUNT_UNKNOWN, TOTAL};
use validate::{Form, validate};

/// The bytes that `value` would take in a listpack.
pub fn encoded_size<'a>(value: impl Into<Element<'a>>) -> usize {
    Encoded::of(value.into()).size()
}

/// An owned listpack: one word, which points at the encoded bytes.
///
/// Nothing here limits its size but the 4 GiB that the header can state, beyond which it panics;
/// ask [`ListpackSlice::fits`] first where values come from a client.
#[derive(Clone)]
pub struct Listpack {
    block: ThinBlock<ByteTotal>,
}

const _: () = assert!(size_of::<Option<Listpack>>() == 8 || size_of::<usize>() != 8);

impl Listpack {
    /// An empty one; it has its 7 bytes on the heap already.
    pub fn new() -> Self {
        ListpackBuilder::new().finish()
    }

    /// Verifies bytes from outside and copies them. Values in a longer form than need be are
    /// rewritten, so the result may be shorter than `bytes`.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ListpackError> {
        match validate(bytes)? {
            Form::Canonical => Ok(Self::from_trusted_box(bytes.into())),
            Form::Foreign => Ok(ListpackSlice::trusted(bytes).iter().collect()),
        }
    }

    /// Takes over bytes that are well formed and state their own length.
    pub(in crate::structure) fn from_trusted_box(bytes: Box<[u8]>) -> Self {
        Listpack {
            block: ThinBlock::from_box(bytes),
        }
    }

    /// The encoded bytes, without a copy.
    pub fn into_boxed_bytes(self) -> Box<[u8]> {
        self.block.into_box()
    }

    /// Puts `value` at the end.
    pub fn push_back<'a>(&mut self, value: impl Into<Element<'a>>) {
        self.insert_encoded(self.end(), &Encoded::of(value.into()));
    }

    /// Puts `value` at the start.
    pub fn push_front<'a>(&mut self, value: impl Into<Element<'a>>) {
        self.insert_encoded(Pos::new(HEADER), &Encoded::of(value.into()));
    }

    /// Puts `value` before the element at `pos` (or at the end); it is then at `pos`.
    pub fn insert_before<'a>(&mut self, pos: Pos, value: impl Into<Element<'a>>) -> Pos {
        self.insert_encoded(pos, &Encoded::of(value.into()));
        pos
    }

    /// Puts `value` after the element at `pos`, and says where.
    pub fn insert_after<'a>(&mut self, pos: Pos, value: impl Into<Element<'a>>) -> Pos {
        self.insert_before(self.after(pos), value)
    }

    /// Puts several values before the element at `pos` (or at the end), with one reallocation.
    /// `values` is walked twice.
    pub fn insert_all<'a, I>(&mut self, pos: Pos, values: I)
    where
        I: IntoIterator<IntoIter: Clone>,
        I::Item: Into<Element<'a>>,
    {
        let values = values.into_iter().map(|value| Encoded::of(value.into()));
        let (mut bytes, mut count) = (0usize, 0usize);
        for value in values.clone() {
            bytes += value.size();
            count += 1;
        }
        let mut gap = self.splice(pos.offset(), 0, bytes, count as isize);
        for value in values {
            let (entry, rest) = gap.split_at_mut(value.size());
            value.write(entry);
            gap = rest;
        }
    }

    /// Puts several values at the end, as [`Listpack::insert_all`].
    pub fn extend<'a, I>(&mut self, values: I)
    where
        I: IntoIterator<IntoIter: Clone>,
        I::Item: Into<Element<'a>>,
    {
        self.insert_all(self.end(), values);
    }

    /// Appends all elements of `other`, with one reallocation.
    pub fn append(&mut self, other: &ListpackSlice) {
        let entries = other.entries();
        let count = other.len() as isize;
        self.splice(self.end().offset(), 0, entries.len(), count)
            .copy_from_slice(entries);
    }

    /// Overwrites the element at `pos`, which stays its place. Allocates nothing if the new value
    /// takes as many bytes.
    pub fn replace<'a>(&mut self, pos: Pos, value: impl Into<Element<'a>>) -> Pos {
        let value = Encoded::of(value.into());
        let removed = self.after(pos).offset() - pos.offset();
        let gap = self.splice(pos.offset(), removed, value.size(), 0);
        value.write(gap);
        pos
    }

    /// Removes the element at `pos`; the one that followed is then there.
    pub fn remove(&mut self, pos: Pos) -> Option<Pos> {
        self.remove_run(pos, 1)
    }

    /// Removes up to `count` elements from `pos` on; the one that followed is then there.
    pub fn remove_run(&mut self, pos: Pos, count: usize) -> Option<Pos> {
        let (mut end, mut removed) = (pos, 0);
        while removed < count && end < self.end() {
            end = self.after(end);
            removed += 1;
        }
        self.splice(
            pos.offset(),
            end.offset() - pos.offset(),
            0,
            -(removed as isize),
        );
        (pos < self.end()).then_some(pos)
    }

    /// Removes up to `count` elements from the one at `index` on (negative: from the end).
    pub fn remove_range(&mut self, index: i64, count: usize) {
        if let Some(pos) = self.seek(index) {
            self.remove_run(pos, count);
        }
    }

    /// Cuts at `pos`: what is there and behind it is returned.
    pub fn split_off(&mut self, pos: Pos) -> Listpack {
        let end = self.end().offset();
        let mut tail = Listpack::new();
        let count = self.iter_from(pos).count() as isize;
        let entries = &self.as_bytes()[pos.offset()..end];
        tail.splice(HEADER, 0, entries.len(), count)
            .copy_from_slice(entries);
        self.splice(pos.offset(), end - pos.offset(), 0, -count);
        tail
    }

    /// The bytes that it takes on the heap; the handle is not counted.
    pub fn memory_bytes(&self) -> usize {
        self.bytes_len()
    }

    /// Gives up ownership as one word.
    pub fn into_raw(self) -> NonNull<u8> {
        self.block.into_raw()
    }

    fn insert_encoded(&mut self, pos: Pos, value: &Encoded<'_>) {
        let gap = self.splice(pos.offset(), 0, value.size(), 1);
        value.write(gap);
    }

    /// Makes room for `inserted` bytes in place of `removed` bytes at `at`, with the header set.
    fn splice(&mut self, at: usize, removed: usize, inserted: usize, more: isize) -> &mut [u8] {
        let total = self.bytes_len() - removed + inserted;
        assert!(total <= u32::MAX as usize, "a listpack has at most 4 GiB");
        let count = match self.stored_count() {
            COUNT_UNKNOWN => COUNT_UNKNOWN,
            count => stored_count(usize::from(count).saturating_add_signed(more)),
        };
        self.block.body_mut()[..HEADER - TOTAL].copy_from_slice(&count.to_le_bytes());
        self.block
            .splice((total as u32).to_le_bytes(), at, removed, inserted)
    }
}

/// A count as the header states it.
fn stored_count(count: usize) -> u16 {
    u16::try_from(count).unwrap_or(COUNT_UNKNOWN)
}

#[allow(
    unsafe_code,
    reason = "ownership as one word, handed to and from an entry of the keyspace"
)]
impl Listpack {
    /// Takes back ownership.
    ///
    /// # Safety
    /// `start` must come from [`Listpack::into_raw`], and must not be used again.
    pub unsafe fn from_raw(start: NonNull<u8>) -> Self {
        Listpack {
            // SAFETY: the caller's promise is the same.
            block: unsafe { ThinBlock::from_raw(start) },
        }
    }

    /// Reads one that is owned as a raw word.
    ///
    /// # Safety
    /// `start` must come from [`Listpack::into_raw`], and live unchanged for `'a`.
    pub unsafe fn peek_raw<'a>(start: NonNull<u8>) -> &'a ListpackSlice {
        // SAFETY: the caller's promise is the same.
        ListpackSlice::trusted(unsafe { ThinBlock::<ByteTotal>::peek(start) })
    }
}

impl Deref for Listpack {
    type Target = ListpackSlice;

    #[inline(always)]
    fn deref(&self) -> &ListpackSlice {
        ListpackSlice::trusted(self.block.bytes())
    }
}

impl Default for Listpack {
    fn default() -> Self {
        Self::new()
    }
}

impl<'a> FromIterator<Element<'a>> for Listpack {
    fn from_iter<I: IntoIterator<Item = Element<'a>>>(values: I) -> Self {
        let mut builder = ListpackBuilder::new();
        for value in values {
            builder.push(value);
        }
        builder.finish()
    }
}

impl From<&ListpackSlice> for Listpack {
    fn from(slice: &ListpackSlice) -> Self {
        Self::from_trusted_box(slice.as_bytes().into())
    }
}

impl PartialEq for Listpack {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for Listpack {}

impl fmt::Debug for Listpack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

impl fmt::Debug for ListpackSlice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}
