//! Reading a pack.

use crate::structure::listpack::Element;
use crate::structure::listpack::entry::{self, Encoded};

/// Bytes before the first element: the count.
pub(super) const HEADER: usize = 1;
/// The count that means "this many or more, count them".
pub(super) const COUNT_UNKNOWN: u8 = u8::MAX;
/// As for a listpack in Redis.
const BYTES_MAX: usize = 1 << 30;

/// The place of an element; good until the pack changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pos(pub(super) u32);

impl Pos {
    #[inline(always)]
    fn new(at: usize) -> Pos {
        Pos(at as u32)
    }

    #[inline(always)]
    pub(super) fn offset(self) -> usize {
        self.0 as usize
    }
}

/// A pack on loan, to read. Without a single byte, it is empty as well.
#[derive(Clone, Copy)]
pub struct PackView<'a>(pub(super) &'a [u8]);

impl<'a> PackView<'a> {
    /// The number of elements. It is in the header up to 254; beyond that they are counted.
    #[inline]
    pub fn len(self) -> usize {
        match self.0.first() {
            None => 0,
            Some(&COUNT_UNKNOWN) => self.iter().count(),
            Some(&count) => usize::from(count),
        }
    }

    /// Whether there is no element.
    #[inline]
    pub fn is_empty(self) -> bool {
        self.0.len() <= HEADER
    }

    /// Whether `additional` bytes may be added: Redis lets a listpack grow to 1 GiB.
    pub fn fits(self, additional: usize) -> bool {
        additional <= BYTES_MAX && self.0.len() + additional <= BYTES_MAX
    }

    /// The first element.
    #[inline]
    pub fn first(self) -> Option<Pos> {
        (!self.is_empty()).then_some(Pos(HEADER as u32))
    }

    /// Where the next element would be appended; `get` gives nothing there.
    #[inline]
    pub fn end(self) -> Pos {
        Pos::new(self.0.len().max(HEADER))
    }

    /// The element after `pos`.
    #[inline]
    pub fn next(self, pos: Pos) -> Option<Pos> {
        let next = self.after(pos);
        (next.offset() < self.0.len()).then_some(next)
    }

    /// Just behind the element at `pos`: the next one or the end.
    #[inline]
    pub(super) fn after(self, pos: Pos) -> Pos {
        let size = size(self.rest(pos)).unwrap_or(0);
        Pos::new(pos.offset() + size)
    }

    /// The value at `pos`. At the end, an empty string.
    #[inline]
    pub fn get(self, pos: Pos) -> Element<'a> {
        entry::decode(self.rest(pos)).unwrap_or(Element::Bytes(&[]))
    }

    /// The element number `index`.
    #[inline]
    pub fn seek(self, index: usize) -> Option<Pos> {
        (0..index).try_fold(self.first()?, |pos, _| self.next(pos))
    }

    /// Looks for `value` from the first element on, passing over `skip` elements after each one looked at: 0 looks at all,
    /// 1 at the fields of field-value pairs.
    #[inline]
    pub fn find<'v>(self, value: impl Into<Element<'v>>, skip: usize) -> Option<Pos> {
        self.find_from(self.first()?, value, skip)
    }

    /// The same from another element on.
    #[inline]
    pub fn find_from<'v>(
        self,
        from: Pos,
        value: impl Into<Element<'v>>,
        skip: usize,
    ) -> Option<Pos> {
        self.search(from, Encoded::of(value.into()), skip)
    }

    /// The same at every third element. (A function of its own, so that the others do not become slower by it.)
    pub fn find_third<'v>(self, from: Pos, value: impl Into<Element<'v>>) -> Option<Pos> {
        self.search(from, Encoded::of(value.into()), 2)
    }

    #[inline(always)]
    fn search(self, from: Pos, needle: Encoded<'_>, skip: usize) -> Option<Pos> {
        let mut rest = self.rest(from);
        loop {
            if rest.first() == Some(&needle.tag()) && needle.starts(rest) {
                return Some(Pos::new(self.0.len() - rest.len()));
            }
            for _ in 0..=skip {
                rest = rest.get(size(rest)?..)?;
            }
        }
    }

    /// All elements.
    #[inline]
    pub fn iter(self) -> Iter<'a> {
        Iter {
            elements: self.0.get(HEADER..).unwrap_or(&[]),
        }
    }

    /// The elements from `pos` to the end.
    #[inline]
    pub fn iter_from(self, pos: Pos) -> Iter<'a> {
        Iter {
            elements: self.rest(pos),
        }
    }

    /// Verifies that the bytes are elements in their shortest form, as many as the header says.
    pub fn check(self) -> Result<(), &'static str> {
        let Some(&stated) = self.0.first() else {
            return Ok(());
        };
        let (mut at, mut count) = (HEADER, 0usize);
        while at < self.0.len() {
            let rest = &self.0[at..];
            let value = entry::decode(rest).ok_or("pack: a bad element")?;
            if !Encoded::of(value).starts(rest) {
                return Err("pack: an element is not in its shortest form");
            }
            at += size(rest).ok_or("pack: a bad element")?;
            count += 1;
        }
        if stated == COUNT_UNKNOWN || usize::from(stated) == count {
            Ok(())
        } else {
            Err("pack: wrong element count")
        }
    }

    #[inline(always)]
    fn rest(self, pos: Pos) -> &'a [u8] {
        self.0.get(pos.offset()..).unwrap_or(&[])
    }
}

/// The whole size of the element that `bytes` start with.
#[inline(always)]
fn size(bytes: &[u8]) -> Option<usize> {
    let (head, payload) = entry::measure(bytes)?;
    Some(head + payload)
}

/// Elements in order.
#[derive(Clone, Debug)]
pub struct Iter<'a> {
    elements: &'a [u8],
}

impl<'a> Iterator for Iter<'a> {
    type Item = Element<'a>;

    #[inline]
    fn next(&mut self) -> Option<Element<'a>> {
        let value = entry::decode(self.elements)?;
        self.elements = self.elements.get(size(self.elements)?..)?;
        Some(value)
    }
}
