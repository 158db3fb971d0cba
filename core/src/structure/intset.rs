//! Intset: a sorted set of integers in Redis's own format.
//!
//! ```text
//! +--------------+--------------+---------+---------+-- --+
//! | width u32 le | count u32 le | integer | integer | ... |   ascending, all different
//! +--------------+--------------+---------+---------+-- --+
//!   2, 4 or 8                     each `width` bytes, signed, little endian
//! ```
//!
//! Invariants, which [`Intset::check`] verifies: the width is one of the three, the block is
//! exactly as long as width and count say, the integers ascend. The width is that of the widest
//! integer that has ever been inside: as in Redis it grows, and never shrinks again.
//!
//! The handle is one word, like a listpack's, with which it shares the block (`listpack/raw.rs`).

use alloc::boxed::Box;
use alloc::vec;
use core::fmt;
use core::ptr::NonNull;

use super::listpack::raw::{ThinBlock, WidthAndCount};

/// Bytes of the header.
const HEADER: usize = COUNT + 4;
/// Where the count is; the width comes first.
const COUNT: usize = 4;

/// How many bytes an integer takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Width {
    Two = 2,
    Four = 4,
    Eight = 8,
}

impl Width {
    /// The narrowest that holds `value`.
    fn of(value: i64) -> Width {
        if i16::try_from(value).is_ok() {
            Width::Two
        } else if i32::try_from(value).is_ok() {
            Width::Four
        } else {
            Width::Eight
        }
    }

    fn from_header(stated: u32) -> Option<Width> {
        match stated {
            2 => Some(Width::Two),
            4 => Some(Width::Four),
            8 => Some(Width::Eight),
            _ => None,
        }
    }

    #[inline]
    fn bytes(self) -> usize {
        self as usize
    }
}

/// Why bytes are not an intset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IntsetError {
    /// There is no room for a header.
    TooShort,
    /// The width is not 2, 4 or 8.
    BadWidth,
    /// The byte length does not match width and count.
    WrongLength,
    /// The integers do not ascend.
    NotSorted,
}

impl IntsetError {
    fn reason(self) -> &'static str {
        match self {
            IntsetError::TooShort => "intset: too short",
            IntsetError::BadWidth => "intset: width is not 2, 4 or 8",
            IntsetError::WrongLength => "intset: wrong length",
            IntsetError::NotSorted => "intset: not in ascending order",
        }
    }
}

impl fmt::Display for IntsetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.reason())
    }
}

impl core::error::Error for IntsetError {}

/// A sorted set of integers in one word and one allocation. Holds at most 2^32 - 1 of them.
#[derive(Clone)]
pub struct Intset {
    block: ThinBlock<WidthAndCount>,
}

impl Intset {
    /// An empty one, of the narrowest width; it has its 8 bytes on the heap already.
    pub fn new() -> Self {
        Self::zeroed(Width::Two, 0)
    }

    /// Verifies bytes from outside and copies them.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, IntsetError> {
        validate(bytes)?;
        Ok(Intset {
            block: ThinBlock::from_box(bytes.into()),
        })
    }

    /// The whole encoded form.
    pub fn as_bytes(&self) -> &[u8] {
        self.block.bytes()
    }

    /// The bytes that it takes on the heap; the handle is not counted.
    pub fn memory_bytes(&self) -> usize {
        self.as_bytes().len()
    }

    /// The number of integers.
    #[inline]
    pub fn len(&self) -> usize {
        header(self.as_bytes()).map_or(0, |(_, count)| count as usize)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether `value` is inside.
    #[inline]
    pub fn contains(&self, value: i64) -> bool {
        self.items().search(value).is_ok()
    }

    /// The integer number `index` in ascending order; with a random index, a random one.
    #[inline]
    pub fn get(&self, index: usize) -> Option<i64> {
        self.items().get(index)
    }

    /// All integers, ascending.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = i64> + ExactSizeIterator + Clone + '_ {
        let items = self.items();
        (0..self.len()).map(move |index| items.get(index).unwrap_or(0))
    }

    /// Puts `value` inside; false if it was there.
    pub fn insert(&mut self, value: i64) -> bool {
        if Width::of(value) > self.width() {
            self.widen(value);
            return true;
        }
        let Err(index) = self.items().search(value) else {
            return false;
        };
        let (width, count) = (self.width(), self.len() + 1);
        let at = HEADER + index * width.bytes();
        let item = self
            .block
            .splice(prefix(width, count), at, 0, width.bytes());
        item.copy_from_slice(&value.to_le_bytes()[..width.bytes()]);
        true
    }

    /// Takes `value` out; false if it was not there.
    pub fn remove(&mut self, value: i64) -> bool {
        let Ok(index) = self.items().search(value) else {
            return false;
        };
        let (width, count) = (self.width(), self.len() - 1);
        let at = HEADER + index * width.bytes();
        self.block
            .splice(prefix(width, count), at, width.bytes(), 0);
        true
    }

    /// Verifies the invariants.
    pub fn check(&self) -> Result<(), &'static str> {
        validate(self.as_bytes()).map_err(IntsetError::reason)
    }

    /// Gives up ownership as one word.
    pub fn into_raw(self) -> NonNull<u8> {
        self.block.into_raw()
    }

    fn zeroed(width: Width, count: usize) -> Self {
        let mut bytes: Box<[u8]> = vec![0; HEADER + width.bytes() * count].into_boxed_slice();
        bytes[..HEADER].copy_from_slice(&prefix(width, count));
        Intset {
            block: ThinBlock::from_box(bytes),
        }
    }

    /// Moves all to the width of `value`, which is wider than any: so it is the least or the greatest.
    fn widen(&mut self, value: i64) {
        let width = Width::of(value);
        let mut wide = Intset::zeroed(width, self.len() + 1);
        let (before, after) = if value < 0 {
            (Some(value), None)
        } else {
            (None, Some(value))
        };
        let values = before.into_iter().chain(self.iter()).chain(after);
        for (item, value) in wide
            .block
            .body_mut()
            .chunks_exact_mut(width.bytes())
            .zip(values)
        {
            item.copy_from_slice(&value.to_le_bytes()[..width.bytes()]);
        }
        *self = wide;
    }

    fn width(&self) -> Width {
        header(self.as_bytes()).map_or(Width::Eight, |(width, _)| width)
    }

    #[inline]
    fn items(&self) -> Items<'_> {
        Items::of(self.as_bytes())
    }
}

#[allow(
    unsafe_code,
    reason = "ownership as one word, handed to and from an entry of the keyspace"
)]
impl Intset {
    /// Takes back ownership.
    ///
    /// # Safety
    /// `start` must come from [`Intset::into_raw`], and must not be used again.
    pub unsafe fn from_raw(start: NonNull<u8>) -> Self {
        Intset {
            // SAFETY: the caller's promise is the same.
            block: unsafe { ThinBlock::from_raw(start) },
        }
    }
}

/// The integers in their three widths.
#[derive(Clone, Copy)]
enum Items<'a> {
    Two(&'a [[u8; 2]]),
    Four(&'a [[u8; 4]]),
    Eight(&'a [[u8; 8]]),
}

impl<'a> Items<'a> {
    #[inline]
    fn of(bytes: &'a [u8]) -> Self {
        let body = bytes.get(HEADER..).unwrap_or(&[]);
        match header(bytes) {
            Some((Width::Two, _)) => Items::Two(body.as_chunks().0),
            Some((Width::Four, _)) => Items::Four(body.as_chunks().0),
            _ => Items::Eight(body.as_chunks().0),
        }
    }

    #[inline]
    fn get(self, index: usize) -> Option<i64> {
        match self {
            Items::Two(items) => items
                .get(index)
                .map(|&item| i16::from_le_bytes(item).into()),
            Items::Four(items) => items
                .get(index)
                .map(|&item| i32::from_le_bytes(item).into()),
            Items::Eight(items) => items.get(index).map(|&item| i64::from_le_bytes(item)),
        }
    }

    /// The index of `value`, or where it belongs.
    #[inline]
    fn search(self, value: i64) -> Result<usize, usize> {
        match self {
            Items::Two(items) => {
                items.binary_search_by_key(&value, |&item| i16::from_le_bytes(item).into())
            }
            Items::Four(items) => {
                items.binary_search_by_key(&value, |&item| i32::from_le_bytes(item).into())
            }
            Items::Eight(items) => {
                items.binary_search_by_key(&value, |&item| i64::from_le_bytes(item))
            }
        }
    }
}

/// Width and count, if the width is one of the three.
#[inline]
fn header(bytes: &[u8]) -> Option<(Width, u32)> {
    let width = Width::from_header(u32::from_le_bytes(*bytes.first_chunk()?))?;
    let count = u32::from_le_bytes(*bytes.get(COUNT..)?.first_chunk()?);
    Some((width, count))
}

fn prefix(width: Width, count: usize) -> [u8; HEADER] {
    assert!(
        count <= u32::MAX as usize,
        "an intset has at most 2^32 - 1 integers"
    );
    let mut prefix = [0; HEADER];
    prefix[..COUNT].copy_from_slice(&(width.bytes() as u32).to_le_bytes());
    prefix[COUNT..].copy_from_slice(&(count as u32).to_le_bytes());
    prefix
}

fn validate(bytes: &[u8]) -> Result<(), IntsetError> {
    if bytes.len() < HEADER {
        return Err(IntsetError::TooShort);
    }
    let (width, count) = header(bytes).ok_or(IntsetError::BadWidth)?;
    let length = u64::from(count) * width.bytes() as u64 + HEADER as u64;
    if length != bytes.len() as u64 {
        return Err(IntsetError::WrongLength);
    }
    let items = Items::of(bytes);
    let values = || (0..count as usize).map_while(move |index| items.get(index));
    if values()
        .zip(values().skip(1))
        .all(|(left, right)| left < right)
    {
        Ok(())
    } else {
        Err(IntsetError::NotSorted)
    }
}

impl Default for Intset {
    fn default() -> Self {
        Self::new()
    }
}

impl PartialEq for Intset {
    /// The same integers, whatever the width.
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for Intset {}

impl fmt::Debug for Intset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;
    use std::vec::Vec;

    fn set(values: &[i64]) -> Intset {
        let mut set = Intset::new();
        for &value in values {
            set.insert(value);
        }
        set
    }

    /// The payloads of Redis's DUMP for such sets.
    #[test]
    fn bytes_are_those_of_redis() {
        let mut set = set(&[3, 1, -5, 2]);
        assert_eq!(
            set.as_bytes(),
            b"\x02\0\0\0\x04\0\0\0\xfb\xff\x01\0\x02\0\x03\0"
        );
        set.insert(70_000);
        let wider =
            b"\x04\0\0\0\x05\0\0\0\xfb\xff\xff\xff\x01\0\0\0\x02\0\0\0\x03\0\0\0\x70\x11\x01\0";
        assert_eq!(set.as_bytes(), wider);
        set.insert(-5_000_000_000);
        assert_eq!(
            set.as_bytes()[..16],
            *b"\x08\0\0\0\x06\0\0\0\0\x0e\xfa\xd5\xfe\xff\xff\xff"
        );
        assert_eq!(set.as_bytes().len(), 56);
        assert_eq!(set.get(5), Some(70_000));
    }

    #[test]
    fn an_empty_one_has_its_eight_bytes() {
        let set = Intset::new();
        assert_eq!(set.as_bytes(), [2, 0, 0, 0, 0, 0, 0, 0]);
        assert!(set.is_empty() && !set.contains(0) && set.get(0).is_none());
        assert_eq!(size_of::<Option<Intset>>(), size_of::<usize>());
    }

    #[test]
    fn each_kind_of_damage_is_named() {
        let good = set(&[1, 2, 70_000]).as_bytes().to_vec();
        let damaged = |at: usize, value: u8| {
            let mut bytes = good.clone();
            bytes[at] = value;
            Intset::from_bytes(&bytes)
        };
        assert_eq!(Intset::from_bytes(&good[..7]), Err(IntsetError::TooShort));
        assert_eq!(
            Intset::from_bytes(&good[..19]),
            Err(IntsetError::WrongLength)
        );
        assert_eq!(damaged(0, 3), Err(IntsetError::BadWidth));
        assert_eq!(damaged(0, 8), Err(IntsetError::WrongLength));
        assert_eq!(damaged(7, 0xff), Err(IntsetError::WrongLength));
        assert_eq!(damaged(8, 2), Err(IntsetError::NotSorted));
        assert_eq!(damaged(8, 0), Ok(set(&[0, 2, 70_000])));
    }

    #[test]
    fn raw_words_come_back() {
        let set = set(&[i64::MIN, 0, i64::MAX]);
        let word = set.clone().into_raw();
        #[allow(
            unsafe_code,
            reason = "the word comes from into_raw, and is taken back once"
        )]
        // SAFETY: see the reason.
        let back = unsafe { Intset::from_raw(word) };
        assert_eq!(back, set);
    }

    fn value() -> impl Strategy<Value = i64> {
        prop_oneof![
            8 => -20i64..20,
            2 => any::<i16>().prop_map(i64::from),
            1 => any::<i32>().prop_map(i64::from),
            1 => any::<i64>(),
        ]
    }

    proptest! {
        #[test]
        fn behaves_like_a_btree_set(
            steps in prop::collection::vec((prop::bool::weighted(0.7), value()), 0..80),
        ) {
            let (mut set, mut twin) = (Intset::new(), BTreeSet::new());
            for (insert, value) in steps {
                if insert {
                    prop_assert_eq!(set.insert(value), twin.insert(value));
                } else {
                    prop_assert_eq!(set.remove(value), twin.remove(&value));
                }
                prop_assert_eq!(set.check(), Ok(()));
                prop_assert_eq!(set.contains(value), insert);
                prop_assert!(set.iter().eq(twin.iter().copied()));
            }
            prop_assert_eq!(set.len(), twin.len());
            prop_assert!(set.iter().rev().eq(twin.iter().rev().copied()));
            let by_index: Vec<i64> = (0..set.len()).filter_map(|index| set.get(index)).collect();
            prop_assert!(by_index.into_iter().eq(twin));
            prop_assert_eq!(Intset::from_bytes(set.as_bytes()), Ok(set));
        }

        #[test]
        fn hostile_bytes_are_refused_or_read(mut bytes in prop::collection::vec(0u8..9, 0..40)) {
            if bytes.len() >= HEADER && bytes[HEADER - 1] % 2 == 0 {
                // Half of the time the count fits, so that the order is what decides.
                let count = (bytes.len() - HEADER) / usize::from(bytes[0].max(1));
                bytes[1..COUNT].fill(0);
                bytes[COUNT..HEADER].copy_from_slice(&(count as u32).to_le_bytes());
            }
            if let Ok(set) = Intset::from_bytes(&bytes) {
                prop_assert_eq!(set.check(), Ok(()));
                prop_assert_eq!(set.iter().count(), set.len());
            }
        }
    }
}
