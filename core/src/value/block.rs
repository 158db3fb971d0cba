#![allow(
    unsafe_code,
    reason = "one exact-size heap block behind a thin pointer"
)]
//! The items of big sets and hashes: one heap block each, without a spare byte.
//!
//! ```text
//! member   | head | more length |          | key |                              17 bytes take 18
//! field    | head | more length | (expiry) | key | value length | value |       16 + 16 bytes take 34
//!
//! head: t c llllll    l: the low six bits of the key's length;  c: the rest of it follows, seven bits a byte
//!                     t: the field has an expiry, 8 bytes before the key, Unix milliseconds; members never have
//! ```
//!
//! Lengths are little-endian runs of seven bits, where the high bit says that more follow. Invariants: the pointer
//! is that of a `Box<[u8]>` whose length the bytes state, and nothing else owns it.

use crate::structure::table::{ItemRef, Table, TableItem};
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::mem::ManuallyDrop;
use core::ptr::{self, NonNull};
use core::slice;

const LOW_BITS: u32 = 6;
const LOW_MASK: u8 = (1 << LOW_BITS) - 1;
const MORE: u8 = 0x40;
const TIMED: u8 = 0x80;
const EXPIRY: usize = 8;

/// A key, with a value when `VALUED`, in one block.
pub struct Block<const VALUED: bool>(NonNull<u8>);

/// A member of a set.
pub type Member = Block<false>;
/// A field of a hash, with its value.
pub type Field = Block<true>;

// SAFETY: the block is plain bytes, owned by this pointer alone, like a `Box<[u8]>`.
unsafe impl<const VALUED: bool> Send for Block<VALUED> {}

impl Block<false> {
    /// A member with these bytes.
    pub fn new(key: &[u8]) -> Self {
        let mut bytes = Vec::with_capacity(head_size(key.len()) + key.len());
        push_key(&mut bytes, key, None);
        Self::from_bytes(bytes)
    }
}

impl Block<true> {
    /// A field with its value.
    pub fn new(key: &[u8], value: &[u8]) -> Self {
        Self::build(key, value, None)
    }

    /// A field with its value, that leaves at a time, Unix milliseconds.
    pub fn with_expiry(key: &[u8], value: &[u8], expiry: Option<u64>) -> Self {
        Self::build(key, value, expiry)
    }

    #[inline(always)]
    fn build(key: &[u8], value: &[u8], expiry: Option<u64>) -> Self {
        let head = head_size(key.len()) + length_size(value.len()) + expiry_size(expiry);
        let mut bytes = Vec::with_capacity(head + key.len() + value.len());
        push_key(&mut bytes, key, expiry);
        push_length(&mut bytes, value.len());
        bytes.extend_from_slice(value);
        Self::from_bytes(bytes)
    }

    /// When the field leaves, Unix milliseconds.
    #[inline]
    pub fn expiry(&self) -> Option<u64> {
        if self.byte(0) & TIMED == 0 {
            return None;
        }
        let at = self.key_span().0 - EXPIRY;
        let mut expiry = [0; EXPIRY];
        expiry.copy_from_slice(self.bytes(at, EXPIRY));
        Some(u64::from_le_bytes(expiry))
    }

    /// Changes when the field leaves. (The index of times is the hash's to keep.)
    pub fn set_expiry(&mut self, expiry: Option<u64>) {
        if let (Some(new), Some(_)) = (expiry, self.expiry()) {
            let at = self.key_span().0 - EXPIRY;
            self.bytes_mut(at, EXPIRY)
                .copy_from_slice(&new.to_le_bytes());
        } else if expiry != self.expiry() {
            *self = Self::with_expiry(self.key(), self.value(), expiry);
        }
    }

    /// The value.
    #[inline]
    pub fn value(&self) -> &[u8] {
        let (at, len) = self.value_span();
        self.bytes(at, len)
    }

    /// Replaces the value; one of the same length is written over the old one.
    #[inline(always)]
    pub fn set_value(&mut self, value: &[u8]) {
        let (at, len) = self.value_span();
        if len != value.len() {
            *self = Self::with_expiry(self.key(), value, self.expiry());
            return;
        }
        self.bytes_mut(at, len).copy_from_slice(value);
    }
}

impl<const VALUED: bool> Block<VALUED> {
    /// Bytes of the block.
    #[inline]
    pub fn block_bytes(&self) -> usize {
        let (at, len) = if VALUED {
            self.value_span()
        } else {
            self.key_span()
        };
        at + len
    }

    /// Verifies what can be seen of the invariants.
    fn check(&self) -> Result<(), &'static str> {
        let is_timed = self.byte(0) & TIMED != 0;
        if is_timed && !VALUED {
            return Err("a member with an expiry");
        }
        let expiry = if is_timed { EXPIRY } else { 0 };
        let shortest = head_size(self.key().len()) + expiry + self.key().len();
        let stated = self.key_span();
        if stated.0 + stated.1 != shortest {
            return Err("a length in more bytes than it needs");
        }
        Ok(())
    }

    fn from_bytes(bytes: Vec<u8>) -> Self {
        let block: NonNull<[u8]> = NonNull::from(Box::leak(bytes.into_boxed_slice()));
        Block(block.cast())
    }

    /// Where the key is, and its length.
    #[inline(always)]
    fn key_span(&self) -> (usize, usize) {
        let head = self.byte(0);
        let low = usize::from(head & LOW_MASK);
        if head & (MORE | TIMED) == 0 {
            return (1, low);
        }
        self.wide_key_span(head)
    }

    /// The same with more before the key than one byte.
    #[inline]
    fn wide_key_span(&self, head: u8) -> (usize, usize) {
        let low = usize::from(head & LOW_MASK);
        let (at, rest) = if head & MORE == 0 {
            (1, 0)
        } else {
            self.length_at(1)
        };
        let expiry = if head & TIMED == 0 { 0 } else { EXPIRY };
        (at + expiry, rest << LOW_BITS | low)
    }

    /// Where the value is, and its length; only in a block that has one.
    #[inline(always)]
    fn value_span(&self) -> (usize, usize) {
        let (at, len) = self.key_span();
        self.length_at(at + len)
    }

    /// Reads the length at `at`: where it ends, and the number.
    #[inline(always)]
    fn length_at(&self, at: usize) -> (usize, usize) {
        let (mut at, mut shift, mut len) = (at, 0, 0);
        loop {
            let byte = self.byte(at);
            at += 1;
            len |= usize::from(byte & 0x7f) << shift;
            shift += 7;
            if byte & 0x80 == 0 {
                return (at, len);
            }
        }
    }

    #[inline(always)]
    fn byte(&self, at: usize) -> u8 {
        // SAFETY: `at` is 0 or the place of a length, which the bytes before it say is inside the block.
        unsafe { *self.0.as_ptr().add(at) }
    }

    #[inline(always)]
    fn bytes(&self, at: usize, len: usize) -> &[u8] {
        // SAFETY: the span was read from the block, which states where its parts are; it stays while `self` does.
        unsafe { slice::from_raw_parts(self.0.as_ptr().add(at), len) }
    }

    #[inline(always)]
    fn bytes_mut(&mut self, at: usize, len: usize) -> &mut [u8] {
        // SAFETY: as in `bytes`, and the block is borrowed exclusively.
        unsafe { slice::from_raw_parts_mut(self.0.as_ptr().add(at), len) }
    }
}

impl<const VALUED: bool> Clone for Block<VALUED> {
    fn clone(&self) -> Self {
        Self::from_bytes(self.bytes(0, self.block_bytes()).to_vec())
    }
}

impl<const VALUED: bool> Drop for Block<VALUED> {
    fn drop(&mut self) {
        let bytes = ptr::slice_from_raw_parts_mut(self.0.as_ptr(), self.block_bytes());
        // SAFETY: the block came from a leaked `Box<[u8]>` of this length, and ends here.
        drop(unsafe { Box::from_raw(bytes) });
    }
}

// SAFETY: the pointer is that of the block itself: unique, not null, a user-space address. The key is never
// written to after construction; `set_value` and `set_expiry` may put another block with the same key in this one's place.
unsafe impl<const VALUED: bool> TableItem for Block<VALUED> {
    #[inline(always)]
    fn into_raw(self) -> NonNull<u8> {
        ManuallyDrop::new(self).0
    }

    #[inline(always)]
    unsafe fn from_raw(pointer: NonNull<u8>) -> Self {
        Block(pointer)
    }

    #[inline(always)]
    fn key(&self) -> &[u8] {
        let (at, len) = self.key_span();
        self.bytes(at, len)
    }
}

impl<'t> ItemRef<'t, Field> {
    /// The value, for as long as the table is borrowed.
    #[inline]
    pub fn lent_value(&self) -> &'t [u8] {
        let value: *const [u8] = self.value();
        // SAFETY: the value lies in the heap block, which the table keeps while it is borrowed for 't.
        unsafe { &*value }
    }
}

/// A table with copies of all items.
pub(super) fn duplicate<const VALUED: bool>(
    table: &Table<Block<VALUED>>,
) -> Box<Table<Block<VALUED>>> {
    let mut copy = Table::new(table.hasher());
    for item in table.iter() {
        copy.insert_new(table.hasher().hash(item.key()), (*item).clone());
    }
    Box::new(copy)
}

/// Bytes of a table on the heap and its items; their mean size is taken from `samples` of them (0: all).
pub(super) fn memory_bytes<const VALUED: bool>(
    table: &Table<Block<VALUED>>,
    samples: usize,
) -> usize {
    let most = if samples == 0 { usize::MAX } else { samples };
    let (mut seen, mut bytes) = (0, 0);
    for item in table.iter().take(most) {
        seen += 1;
        bytes += item.block_bytes();
    }
    let items = (bytes * table.len()).checked_div(seen).unwrap_or(0);
    size_of::<Table<Block<VALUED>>>() + table.memory_bytes() + items
}

/// Verifies a table and every item in it.
pub(super) fn check<const VALUED: bool>(table: &Table<Block<VALUED>>) -> Result<(), &'static str> {
    table.check()?;
    table.iter().try_for_each(|item| item.check())
}

#[inline(always)]
fn push_key(bytes: &mut Vec<u8>, key: &[u8], expiry: Option<u64>) {
    let timed = if expiry.is_some() { TIMED } else { 0 };
    let low = key.len() as u8 & LOW_MASK | timed;
    match key.len() >> LOW_BITS {
        0 => bytes.push(low),
        rest => {
            bytes.push(low | MORE);
            push_length(bytes, rest);
        }
    }
    if let Some(expiry) = expiry {
        bytes.extend_from_slice(&expiry.to_le_bytes());
    }
    bytes.extend_from_slice(key);
}

fn expiry_size(expiry: Option<u64>) -> usize {
    if expiry.is_some() { EXPIRY } else { 0 }
}

fn push_length(bytes: &mut Vec<u8>, len: usize) {
    let mut rest = len;
    while rest > 0x7f {
        bytes.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    bytes.push(rest as u8);
}

/// Bytes of the head with the key's whole length.
fn head_size(key_len: usize) -> usize {
    match key_len >> LOW_BITS {
        0 => 1,
        rest => 1 + length_size(rest),
    }
}

fn length_size(len: usize) -> usize {
    len.checked_ilog2().map_or(1, |log| log as usize / 7 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec;

    const LENGTHS: [usize; 13] = [
        0, 1, 16, 17, 63, 64, 127, 128, 8191, 8192, 8193, 16_384, 3_000_000,
    ];

    #[test]
    fn blocks_are_as_small_as_they_can_be() {
        assert_eq!(Member::new(&[7; 17]).block_bytes(), 18);
        assert_eq!(Field::new(&[7; 16], &[8; 16]).block_bytes(), 34);
        assert_eq!(Member::new(&[7; 64]).block_bytes(), 66);
        assert_eq!(Field::new(&[7; 63], &[8; 127]).block_bytes(), 192);
        let timed = Field::with_expiry(&[7; 16], &[8; 16], Some(1));
        assert_eq!(timed.block_bytes(), 42);
        assert_eq!(size_of::<Field>(), size_of::<usize>());
    }

    #[test]
    fn every_length_is_read_back() {
        for key_len in LENGTHS {
            let key = vec![b'k'; key_len];
            let member = Member::new(&key);
            assert_eq!(member.key(), key);
            member.check().unwrap();
            for value_len in LENGTHS {
                let value = vec![b'v'; value_len];
                let mut field = Field::new(&key, &value);
                for expiry in [None, Some(1), Some(u64::MAX), None, Some(7)] {
                    field.set_expiry(expiry);
                    assert_eq!((field.key(), field.value()), (&key[..], &value[..]));
                    assert_eq!(field.expiry(), expiry);
                    field.check().unwrap();
                }
                field.set_value(b"another");
                assert_eq!(field.clone().value(), b"another");
                assert_eq!((field.key(), field.expiry()), (&key[..], Some(7)));
            }
        }
    }

    #[test]
    fn a_value_of_the_same_length_stays_in_its_block() {
        let mut field = Field::new(b"name", b"old");
        let block = field.0;
        field.set_value(b"new");
        assert_eq!((field.0, field.value()), (block, &b"new"[..]));
        field.set_value(b"much longer");
        assert_eq!(
            (field.key(), field.value()),
            (&b"name"[..], &b"much longer"[..])
        );
        field.check().unwrap();
    }
}
