#![allow(unsafe_code, reason = "the entry's byte layout and its allocation")]
//! The bytes of an entry: where its parts are, and the block that they are in.

use crate::value::{ENCODINGS, Encoding};
use alloc::alloc::{Layout, alloc, dealloc, handle_alloc_error, realloc};
use core::ptr::NonNull;

pub(super) mod field {
    pub(in super::super) const BITS: usize = 0;
    pub(in super::super) const CLOCK: usize = BITS + 1;
    pub(in super::super) const KEY_LEN: usize = CLOCK + 3;
    pub(in super::super) const OPTIONAL: usize = KEY_LEN + 1;
    pub(in super::super) const LONG_LEN: usize = 4;
    pub(in super::super) const EXPIRY: usize = 8;
    pub(in super::super) const WORD: usize = 8;
}

pub(super) const ENCODING_MASK: u8 = 0x0f;
/// The bits of an encoding of which a sized one has none.
const UNSIZED_MASK: u8 = 0x0c;
const _: () = {
    let mut number = 0;
    while number < ENCODINGS.len() {
        assert!(ENCODINGS[number] as usize == number);
        assert!(ENCODINGS[number].is_sized() == (number as u8 & UNSIZED_MASK == 0));
        number += 1;
    }
};
/// The bits of an encoding by which a hash is known whose fields may have a time to live, and what they are.
const VOLATILE_MASK: u8 = 0x0e;
const VOLATILE_BITS: u8 = 0x0c;
const _: () = {
    let mut number = 0;
    while number < ENCODINGS.len() {
        let is_volatile = number as u8 & VOLATILE_MASK == VOLATILE_BITS;
        assert!(ENCODINGS[number].is_volatile_hash() == is_volatile);
        number += 1;
    }
};
const HAS_EXPIRY: u8 = 0x10;
const LONG_KEY: u8 = 0x20;
const WIDE_VALUE: u8 = 0x40;
const STAMP: u8 = 0x80;

/// A key with its value. See the folder's head.
pub struct Entry(pub(super) NonNull<u8>);

/// Where the parts of an entry begin, derived from its header.
#[derive(Clone, Copy)]
pub(super) struct Shape {
    pub(super) bits: u8,
    pub(super) value_len_at: usize,
    pub(super) expiry_at: usize,
    pub(super) key_at: usize,
    pub(super) key_len: usize,
    pub(super) value_len: usize,
}

impl Shape {
    fn of(encoding: Encoding, key_len: usize, value_len: usize, expiry: bool) -> Shape {
        let long = key_len > usize::from(u8::MAX);
        let sized = encoding.is_sized();
        let wide = sized && value_len > usize::from(u8::MAX);
        let bits = encoding as u8
            | if expiry { HAS_EXPIRY } else { 0 }
            | if long { LONG_KEY } else { 0 }
            | if wide { WIDE_VALUE } else { 0 };
        let value_len_at = field::OPTIONAL + if long { field::LONG_LEN } else { 0 };
        let expiry_at = value_len_at + value_len_bytes(bits);
        let key_at = expiry_at + if expiry { field::EXPIRY } else { 0 };
        let value_len = if sized { value_len } else { field::WORD };
        Shape {
            bits,
            value_len_at,
            expiry_at,
            key_at,
            key_len,
            value_len,
        }
    }

    pub(super) fn value_at(&self) -> usize {
        self.key_at + self.key_len
    }

    pub(super) fn total(&self) -> usize {
        self.value_at() + self.value_len
    }
}

#[inline(always)]
fn value_len_bytes(bits: u8) -> usize {
    if bits & UNSIZED_MASK == 0 {
        if bits & WIDE_VALUE != 0 {
            field::LONG_LEN
        } else {
            1
        }
    } else {
        0
    }
}

fn layout(bytes: usize) -> Layout {
    // SAFETY: 1 is a power of two, and an entry's size is that of parts that exist in memory, so it is far below
    // `isize::MAX`.
    unsafe { Layout::from_size_align_unchecked(bytes, 1) }
}

impl Entry {
    pub(super) fn allocate(
        encoding: Encoding,
        key: &[u8],
        value_len: usize,
        expiry: Option<u64>,
    ) -> Entry {
        let shape = Shape::of(encoding, key.len(), value_len, expiry.is_some());
        let layout = layout(shape.total());
        // SAFETY: the size is not zero: a header has five bytes.
        let block = unsafe { alloc(layout) };
        let Some(block) = NonNull::new(block) else {
            handle_alloc_error(layout)
        };
        let mut entry = Entry(block);
        // SAFETY: the block was just allocated with this size, and all of it is written before it is read.
        unsafe { core::ptr::write_bytes(block.as_ptr(), 0, shape.total()) };
        entry.write_header(&shape, expiry);
        entry
            .bytes_mut(shape.key_at, key.len())
            .copy_from_slice(key);
        entry
    }

    fn write_header(&mut self, shape: &Shape, expiry: Option<u64>) {
        self.set_byte(field::BITS, shape.bits);
        if shape.bits & LONG_KEY != 0 {
            let len = (shape.key_len as u32).to_le_bytes();
            self.bytes_mut(field::OPTIONAL, field::LONG_LEN)
                .copy_from_slice(&len);
        } else {
            self.set_byte(field::KEY_LEN, shape.key_len as u8);
        }
        match value_len_bytes(shape.bits) {
            1 => self.set_byte(shape.value_len_at, shape.value_len as u8),
            field::LONG_LEN => {
                let len = (shape.value_len as u32).to_le_bytes();
                self.bytes_mut(shape.value_len_at, field::LONG_LEN)
                    .copy_from_slice(&len);
            }
            _ => {}
        }
        if let Some(expiry) = expiry {
            self.bytes_mut(shape.expiry_at, field::EXPIRY)
                .copy_from_slice(&expiry.to_le_bytes());
        }
    }

    #[inline(always)]
    pub(super) fn shape(&self) -> Shape {
        let bits = self.byte(field::BITS);
        let (key_len, value_len_at) = if bits & LONG_KEY == 0 {
            (usize::from(self.byte(field::KEY_LEN)), field::OPTIONAL)
        } else {
            (
                self.u32_at(field::OPTIONAL) as usize,
                field::OPTIONAL + field::LONG_LEN,
            )
        };
        let expiry_at = value_len_at + value_len_bytes(bits);
        let value_len = match expiry_at - value_len_at {
            0 => field::WORD,
            1 => usize::from(self.byte(value_len_at)),
            _ => self.u32_at(value_len_at) as usize,
        };
        let key_at = expiry_at
            + if bits & HAS_EXPIRY != 0 {
                field::EXPIRY
            } else {
                0
            };
        Shape {
            bits,
            value_len_at,
            expiry_at,
            key_at,
            key_len,
            value_len,
        }
    }

    /// How the value is kept.
    #[inline(always)]
    pub fn encoding(&self) -> Encoding {
        ENCODINGS[usize::from(self.byte(field::BITS) & ENCODING_MASK) % ENCODINGS.len()]
    }

    /// Whether the value is a hash whose fields may have a time to live.
    #[inline(always)]
    pub fn is_volatile_hash(&self) -> bool {
        self.byte(field::BITS) & VOLATILE_MASK == VOLATILE_BITS
    }

    /// Whether a snapshot passes over this entry, being written or new.
    #[inline(always)]
    pub(in crate::keyspace) fn is_stamped(&self) -> bool {
        self.byte(field::BITS) & STAMP != 0
    }

    /// Has a snapshot pass over this entry, or not.
    pub(in crate::keyspace) fn set_stamp(&self, is_stamped: bool) {
        let bits = self.byte(field::BITS) & !STAMP | if is_stamped { STAMP } else { 0 };
        // SAFETY: (1) the byte is the header's first; (2) nobody has a reference to it, since only `byte` and `set_byte`
        // touch it, and entries are not shared between threads.
        unsafe { self.0.as_ptr().add(field::BITS).write(bits) };
    }

    /// When the key expires, Unix milliseconds.
    #[inline(always)]
    pub fn expiry(&self) -> Option<u64> {
        if self.byte(field::BITS) & HAS_EXPIRY == 0 {
            return None;
        }
        Some(self.u64_at(self.shape().expiry_at))
    }

    /// Changes when the key expires. (The expiry index is the keyspace's to keep.)
    pub(in crate::keyspace) fn set_expiry(&mut self, expiry: Option<u64>) {
        let old = self.shape();
        match expiry {
            Some(expiry) if old.bits & HAS_EXPIRY != 0 => {
                self.bytes_mut(old.expiry_at, field::EXPIRY)
                    .copy_from_slice(&expiry.to_le_bytes());
            }
            None if old.bits & HAS_EXPIRY == 0 => {}
            _ => self.reshape_expiry(&old, expiry),
        }
    }

    /// The 24-bit access clock.
    #[inline(always)]
    pub fn clock(&self) -> u32 {
        let bytes = self.bytes(field::CLOCK, 3);
        u32::from_le_bytes([bytes[0], bytes[1], bytes[2], 0])
    }

    /// Sets the access clock; only the low 24 bits count.
    #[inline(always)]
    pub fn set_clock(&mut self, clock: u32) {
        self.bytes_mut(field::CLOCK, 3)
            .copy_from_slice(&clock.to_le_bytes()[..3]);
    }

    fn reshape_expiry(&mut self, old: &Shape, expiry: Option<u64>) {
        let new = Shape::of(
            self.encoding(),
            old.key_len,
            old.value_len,
            expiry.is_some(),
        );
        self.reshape(old, new, old.key_len + old.value_len, expiry);
    }

    /// Drops the old value and makes room for a new one of another encoding or length; key, expiry, clock stay.
    pub(super) fn reshape_value(&mut self, encoding: Encoding, value_len: usize) {
        drop(self.detach());
        self.reshape_freed(encoding, value_len);
        self.value_bytes_mut().fill(0);
    }

    /// The same when nothing is left of the old value; the new one's bytes are of no particular content.
    fn reshape_freed(&mut self, encoding: Encoding, value_len: usize) {
        let (old, expiry) = (self.shape(), self.expiry());
        let new = Shape::of(encoding, old.key_len, value_len, expiry.is_some());
        self.reshape(&old, new, old.key_len, expiry);
    }

    /// Gives the block another shape; `kept` bytes from the key on stay, and the clock.
    fn reshape(&mut self, old: &Shape, new: Shape, kept: usize, expiry: Option<u64>) {
        if new.total() > old.total() {
            self.resize(old.total(), new.total());
        }
        // SAFETY: both ranges lie in the block, which has the greater of the two sizes here.
        unsafe {
            let block = self.0.as_ptr();
            core::ptr::copy(block.add(old.key_at), block.add(new.key_at), kept);
        }
        if new.total() < old.total() {
            self.resize(old.total(), new.total());
        }
        let bits = new.bits | old.bits & STAMP;
        self.write_header(&Shape { bits, ..new }, expiry);
    }

    /// The block.
    #[inline(always)]
    pub(super) fn block(&self) -> NonNull<u8> {
        self.0
    }

    /// After a loan of the value as bytes: where the block is now, how long the value in it, and its encoding.
    ///
    /// # Safety
    /// The block is this entry's, with the header that it had and a value of `value_len` bytes behind the key, which are
    /// what `encoding`, a sized one, says.
    #[inline(always)]
    pub(super) unsafe fn settle(
        &mut self,
        block: NonNull<u8>,
        encoding: Encoding,
        value_len: usize,
    ) {
        self.0 = block;
        let shape = self.shape();
        if shape.value_len != value_len || shape.bits & ENCODING_MASK != encoding as u8 {
            self.settle_changed(shape, encoding, value_len);
        }
    }

    fn settle_changed(&mut self, shape: Shape, encoding: Encoding, value_len: usize) {
        let (expiry, old) = (self.expiry(), Shape { value_len, ..shape });
        let new = Shape::of(encoding, old.key_len, value_len, expiry.is_some());
        self.reshape(&old, new, old.key_len + value_len, expiry);
    }

    /// Puts a sized value in the place of one of which nothing is left.
    pub(super) fn put_bytes(&mut self, encoding: Encoding, value: &[u8]) {
        self.reshape_freed(encoding, value.len());
        self.value_bytes_mut().copy_from_slice(value);
    }

    /// Puts a collection's pointer in the place of a value of which nothing is left.
    pub(super) fn put_pointer(&mut self, encoding: Encoding, pointer: NonNull<u8>) {
        self.reshape_freed(encoding, field::WORD);
        self.set_word(pointer_to_word(pointer));
    }

    /// Puts a collection's pointer in the place of another one, which is at `word_at`.
    #[inline(always)]
    pub(super) fn replace_pointer(
        &mut self,
        encoding: Encoding,
        pointer: NonNull<u8>,
        word_at: usize,
    ) {
        let bits = self.byte(field::BITS) & !ENCODING_MASK | encoding as u8;
        self.set_byte(field::BITS, bits);
        self.bytes_mut(word_at, field::WORD)
            .copy_from_slice(&pointer_to_word(pointer).to_le_bytes());
    }

    fn resize(&mut self, from: usize, to: usize) {
        // SAFETY: the block was allocated with `from` bytes and alignment 1, and `to` is not zero.
        let block = unsafe { realloc(self.0.as_ptr(), layout(from), to) };
        let Some(block) = NonNull::new(block) else {
            handle_alloc_error(layout(to))
        };
        if to > from {
            // SAFETY: the block has `to` bytes; those after `from` are new.
            unsafe { core::ptr::write_bytes(block.as_ptr().add(from), 0, to - from) };
        }
        self.0 = block;
    }

    /// Frees the block, but not what the value points to.
    pub(super) fn free_block(self) {
        let mut entry = core::mem::ManuallyDrop::new(self);
        // SAFETY: the entry is used up.
        unsafe { entry.deallocate() };
    }

    /// # Safety
    /// The entry is not used any more.
    pub(super) unsafe fn deallocate(&mut self) {
        // SAFETY: the block was allocated with this size, and by the caller this is its end.
        unsafe { dealloc(self.0.as_ptr(), layout(self.shape().total())) };
    }

    pub(super) fn value_bytes(&self) -> &[u8] {
        let shape = self.shape();
        self.bytes(shape.value_at(), shape.value_len)
    }

    pub(super) fn value_bytes_mut(&mut self) -> &mut [u8] {
        let shape = self.shape();
        self.bytes_mut(shape.value_at(), shape.value_len)
    }

    pub(super) fn word(&self) -> u64 {
        self.u64_at(self.shape().value_at())
    }

    pub(super) fn set_word(&mut self, word: u64) {
        self.value_bytes_mut().copy_from_slice(&word.to_le_bytes());
    }

    pub(super) fn word_pointer(&self) -> NonNull<u8> {
        let pointer = core::ptr::with_exposed_provenance_mut(self.word() as usize);
        // A pointer encoding never holds null; a dangling pointer would be a bug that the check in tests finds.
        NonNull::new(pointer).unwrap_or(NonNull::dangling())
    }

    #[inline(always)]
    pub(super) fn byte(&self, at: usize) -> u8 {
        // SAFETY: `at` lies in the block: callers use offsets that the header, at least five bytes, derives.
        unsafe { *self.0.as_ptr().add(at) }
    }

    pub(super) fn set_byte(&mut self, at: usize, byte: u8) {
        // SAFETY: as in `byte`.
        unsafe { *self.0.as_ptr().add(at) = byte }
    }

    #[inline(always)]
    pub(super) fn u32_at(&self, at: usize) -> u32 {
        // SAFETY: as in `byte`; the read is unaligned.
        u32::from_le(unsafe { self.0.as_ptr().add(at).cast::<u32>().read_unaligned() })
    }

    #[inline(always)]
    pub(super) fn u64_at(&self, at: usize) -> u64 {
        // SAFETY: as in `byte`; the read is unaligned.
        u64::from_le(unsafe { self.0.as_ptr().add(at).cast::<u64>().read_unaligned() })
    }

    #[inline(always)]
    pub(super) fn bytes(&self, at: usize, len: usize) -> &[u8] {
        // SAFETY: `at` and `len` are derived from the header, which describes the block.
        unsafe { core::slice::from_raw_parts(self.0.as_ptr().add(at), len) }
    }

    #[inline(always)]
    pub(super) fn bytes_mut(&mut self, at: usize, len: usize) -> &mut [u8] {
        // SAFETY: as in `bytes`, and the entry is borrowed exclusively.
        unsafe { core::slice::from_raw_parts_mut(self.0.as_ptr().add(at), len) }
    }
}

pub(super) fn pointer_to_word(pointer: NonNull<u8>) -> u64 {
    pointer.as_ptr().expose_provenance() as u64
}
