//! Reading: everything that can be asked of a well-formed listpack, wherever its bytes are.

use super::element::Element;
use super::entry::{self, END, Encoded};
use super::raw;
use super::validate::{Form, ListpackError, validate};

/// Bytes of the header: the byte total (u32) and the element count (u16), little endian.
pub(in crate::structure) const HEADER: usize = TOTAL + 2;
/// Bytes of the total, which comes first.
pub(super) const TOTAL: usize = 4;
/// The element count that means "more than fits, count them".
pub(in crate::structure) const COUNT_UNKNOWN: u16 = u16::MAX;

/// The place of an element: the offset of its first byte. It is good until the listpack changes;
/// a stale one may give a wrong element or panic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pos(pub(super) u32);

impl Pos {
    #[inline(always)]
    pub(super) fn new(at: usize) -> Pos {
        Pos(at as u32)
    }

    /// The offset in bytes from the start of the listpack.
    #[inline(always)]
    pub fn offset(self) -> usize {
        self.0 as usize
    }
}

/// A borrowed listpack; to `Listpack` what `str` is to `String`.
#[repr(transparent)]
pub struct ListpackSlice([u8]);

impl ListpackSlice {
    /// Sees bytes that this crate wrote or validated as a listpack.
    #[inline(always)]
    pub(in crate::structure) fn trusted(bytes: &[u8]) -> &ListpackSlice {
        raw::as_listpack(bytes)
    }

    /// Verifies bytes from outside. They may hold values in a longer form than need be, so they can be read, but must not
    /// be searched or become a [`super::Listpack`] as they are.
    pub fn from_bytes(bytes: &[u8]) -> Result<&ListpackSlice, ListpackError> {
        validate(bytes).map(|_| Self::trusted(bytes))
    }

    /// The whole encoded form, header and end mark included.
    #[inline(always)]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The size of the encoded form.
    #[inline(always)]
    pub fn bytes_len(&self) -> usize {
        self.0.len()
    }

    /// The number of elements. It is in the header up to 65534; beyond that they are counted.
    pub fn len(&self) -> usize {
        match self.stored_count() {
            COUNT_UNKNOWN => self.iter().count(),
            count => usize::from(count),
        }
    }

    /// Whether there is no element.
    pub fn is_empty(&self) -> bool {
        self.0.len() == HEADER + 1
    }

    /// Whether `additional` bytes of entries may be added: Redis stops at 1 GiB.
    pub fn fits(&self, additional: usize) -> bool {
        const MOST: usize = 1 << 30;
        additional <= MOST && self.bytes_len() + additional <= MOST
    }

    /// The first element.
    #[inline]
    pub fn first(&self) -> Option<Pos> {
        self.element_at(HEADER)
    }

    /// The last element.
    #[inline]
    pub fn last(&self) -> Option<Pos> {
        self.prev(self.end())
    }

    /// Where the next element would be appended; `get` gives nothing there.
    #[inline]
    pub fn end(&self) -> Pos {
        Pos::new(self.0.len() - 1)
    }

    /// The element after `pos`.
    #[inline]
    pub fn next(&self, pos: Pos) -> Option<Pos> {
        self.element_at(self.after(pos).offset())
    }

    /// The element before `pos`, which may be [`ListpackSlice::end`].
    #[inline]
    pub fn prev(&self, pos: Pos) -> Option<Pos> {
        let at = pos.offset();
        if at <= HEADER {
            return None;
        }
        let (front, back) = entry::read_back(&self.0[HEADER..at])?;
        Some(Pos::new(at - back - front))
    }

    /// Just behind the element at `pos`: the next one or the end.
    #[inline]
    pub(super) fn after(&self, pos: Pos) -> Pos {
        let size = entry::size(&self.0[pos.offset()..]).unwrap_or(0);
        Pos::new(pos.offset() + size)
    }

    /// The value at `pos`. At the end, an empty string.
    #[inline]
    pub fn get(&self, pos: Pos) -> Element<'_> {
        entry::decode(&self.0[pos.offset()..]).unwrap_or(Element::Bytes(&[]))
    }

    /// The element number `index`, or from the end if it is negative (-1 is the last). Walks from
    /// the nearer end.
    pub fn seek(&self, index: i64) -> Option<Pos> {
        let count = self.stored_count();
        let mut index = index;
        if count != COUNT_UNKNOWN {
            let count = i64::from(count);
            if !(-count..count).contains(&index) {
                return None;
            }
            // As an index from whichever end is nearer.
            if index < 0 && index + count < count / 2 {
                index += count;
            } else if index > count / 2 {
                index -= count;
            }
        }
        if index >= 0 {
            (0..index).try_fold(self.first()?, |pos, _| self.next(pos))
        } else {
            (index + 1..0).try_fold(self.last()?, |pos, _| self.prev(pos))
        }
    }

    /// Looks for `value` at `from` and onwards, passing over `skip` elements after each one looked
    /// at: 0 looks at all, 1 at the fields of field-value pairs.
    pub fn find<'v>(&self, value: impl Into<Element<'v>>, from: Pos, skip: usize) -> Option<Pos> {
        self.find_encoded(&Encoded::of(value.into()), from, skip)
    }

    fn find_encoded(&self, needle: &Encoded<'_>, from: Pos, skip: usize) -> Option<Pos> {
        let mut rest = self.0.get(from.offset()..)?;
        loop {
            if rest.first() == Some(&needle.tag()) && needle.starts(rest) {
                return Some(Pos::new(self.0.len() - rest.len()));
            }
            for _ in 0..=skip {
                rest = rest.get(entry::size(rest)?..)?;
            }
        }
    }

    /// All elements, from either end.
    pub fn iter(&self) -> Iter<'_> {
        Iter {
            entries: &self.0[HEADER..self.0.len() - 1],
        }
    }

    /// The elements from `pos` to the end.
    pub fn iter_from(&self, pos: Pos) -> Iter<'_> {
        Iter {
            entries: &self.0[pos.offset()..self.0.len() - 1],
        }
    }

    /// The elements up to the one at `pos`; from there backwards with `rev`.
    pub fn iter_through(&self, pos: Pos) -> Iter<'_> {
        Iter {
            entries: &self.0[HEADER..self.after(pos).offset()],
        }
    }

    /// Verifies every byte.
    pub fn check(&self) -> Result<(), &'static str> {
        match validate(&self.0) {
            Ok(Form::Canonical) => Ok(()),
            Ok(Form::Foreign) => Err("an entry is not in its shortest form"),
            Err(error) => Err(error.reason()),
        }
    }

    /// The bytes of the entries, without header and end mark.
    pub(in crate::structure) fn entries(&self) -> &[u8] {
        &self.0[HEADER..self.0.len() - 1]
    }

    pub(super) fn stored_count(&self) -> u16 {
        u16::from_le_bytes([self.0[TOTAL], self.0[TOTAL + 1]])
    }

    #[inline]
    fn element_at(&self, at: usize) -> Option<Pos> {
        (*self.0.get(at)? != END).then(|| Pos::new(at))
    }
}

impl PartialEq for ListpackSlice {
    /// Equal elements are equal bytes; the header may be known in one and unknown in the other.
    fn eq(&self, other: &Self) -> bool {
        self.entries() == other.entries()
    }
}

impl Eq for ListpackSlice {}

impl<'a> IntoIterator for &'a ListpackSlice {
    type Item = Element<'a>;
    type IntoIter = Iter<'a>;
    fn into_iter(self) -> Iter<'a> {
        self.iter()
    }
}

/// Elements in order; what is left is a run of whole entries.
#[derive(Clone, Debug)]
pub struct Iter<'a> {
    entries: &'a [u8],
}

impl<'a> Iterator for Iter<'a> {
    type Item = Element<'a>;

    #[inline]
    fn next(&mut self) -> Option<Element<'a>> {
        let value = entry::decode(self.entries)?;
        self.entries = self.entries.get(entry::size(self.entries)?..)?;
        Some(value)
    }
}

impl DoubleEndedIterator for Iter<'_> {
    #[inline]
    fn next_back(&mut self) -> Option<Self::Item> {
        let (front, back) = entry::read_back(self.entries)?;
        let start = self.entries.len().checked_sub(front + back)?;
        let (left, last) = self.entries.split_at(start);
        self.entries = left;
        entry::decode(last)
    }
}
