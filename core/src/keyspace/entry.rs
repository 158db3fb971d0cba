#![allow(unsafe_code, reason = "the entry's byte layout and its allocation")]
//! The entry: one heap block with header, key and small value, owned through a thin pointer.
//!
//! ```text
//! 0      1             4     5                                                        
//! | bits | access clock | key | key length | value length | expiry | key | value       |
//! | 1    | 3            | 1   | 0 or 4     | 0, 1 or 4    | 0 or 8 |     |             |
//! ```
//!
//! - `bits`: encoding (4), has expiry, long key (its length is in the 4 bytes), wide value length, snapshot stamp.
//! - access clock: 24 bits, LRU seconds or LFU counter, as the eviction policy says.
//! - value length: only for inline strings, 1 byte, or 4 when wide.
//! - expiry: Unix milliseconds.
//! - value: an inline string's bytes; otherwise 8 bytes, an integer or a pointer.
//!
//! Numbers are little-endian; nothing is aligned. A 16-byte key with a 32-byte value takes 54 bytes.

use crate::structure::table::{ItemMut, ItemRef, TableItem};
use crate::value::{
    ENCODINGS, Encoding, Hash, List, Parts, Set, SortedSet, Stored, ValueRef, ValueType,
};
use alloc::alloc::{Layout, alloc, dealloc, handle_alloc_error, realloc};
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::mem::ManuallyDrop;
use core::ptr::NonNull;

mod field {
    pub(super) const BITS: usize = 0;
    pub(super) const CLOCK: usize = BITS + 1;
    pub(super) const KEY_LEN: usize = CLOCK + 3;
    pub(super) const OPTIONAL: usize = KEY_LEN + 1;
    pub(super) const LONG_LEN: usize = 4;
    pub(super) const EXPIRY: usize = 8;
    pub(super) const WORD: usize = 8;
}

const ENCODING_MASK: u8 = 0x0f;
const HAS_EXPIRY: u8 = 0x10;
const LONG_KEY: u8 = 0x20;
const WIDE_VALUE: u8 = 0x40;
const STAMP: u8 = 0x80;

/// Inline strings up to this many bytes are reported as `embstr`, longer ones as `raw`, as in Redis.
pub const EMBSTR_MAX_BYTES: usize = 44;
/// Longer strings get a buffer of their own.
pub const INLINE_MAX_BYTES: usize = 16 * 1024;

/// A key with its value. See the module's head.
pub struct Entry(NonNull<u8>);

/// A string value, lent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StringRef<'e> {
    /// Kept as an integer.
    Int(i64),
    /// Kept as bytes.
    Bytes(&'e [u8]),
}

/// Where the parts of an entry begin, derived from its header.
#[derive(Clone, Copy)]
struct Shape {
    bits: u8,
    value_len_at: usize,
    expiry_at: usize,
    key_at: usize,
    key_len: usize,
    value_len: usize,
}

impl Shape {
    fn of(encoding: Encoding, key_len: usize, value_len: usize, expiry: bool) -> Shape {
        let long = key_len > usize::from(u8::MAX);
        let inline = encoding == Encoding::Inline;
        let wide = inline && value_len > usize::from(u8::MAX);
        let bits = encoding as u8
            | if expiry { HAS_EXPIRY } else { 0 }
            | if long { LONG_KEY } else { 0 }
            | if wide { WIDE_VALUE } else { 0 };
        let value_len_at = field::OPTIONAL + if long { field::LONG_LEN } else { 0 };
        let expiry_at = value_len_at + value_len_bytes(bits);
        let key_at = expiry_at + if expiry { field::EXPIRY } else { 0 };
        let value_len = if inline { value_len } else { field::WORD };
        Shape {
            bits,
            value_len_at,
            expiry_at,
            key_at,
            key_len,
            value_len,
        }
    }

    fn value_at(&self) -> usize {
        self.key_at + self.key_len
    }

    fn total(&self) -> usize {
        self.value_at() + self.value_len
    }
}

#[inline(always)]
fn value_len_bytes(bits: u8) -> usize {
    if bits & ENCODING_MASK == Encoding::Inline as u8 {
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
    /// An entry with a string value, kept as an integer when `value` is the canonical text of one.
    pub fn with_string(key: &[u8], value: &[u8], expiry: Option<u64>) -> Entry {
        match integer_of(value) {
            Some(number) => Entry::with_int(key, number, expiry),
            None => Entry::with_bytes(key, value, expiry),
        }
    }

    /// An entry with a string value kept as bytes, even when they spell an integer.
    pub fn with_bytes(key: &[u8], value: &[u8], expiry: Option<u64>) -> Entry {
        if value.len() > INLINE_MAX_BYTES {
            return Entry::with_heap(key, value.to_vec(), expiry);
        }
        let mut entry = Entry::allocate(Encoding::Inline, key, value.len(), expiry);
        entry.value_bytes_mut().copy_from_slice(value);
        entry
    }

    /// An entry with an integer.
    pub fn with_int(key: &[u8], value: i64, expiry: Option<u64>) -> Entry {
        let mut entry = Entry::allocate(Encoding::Int, key, 0, expiry);
        entry.set_word(value as u64);
        entry
    }

    /// An entry with a string in a buffer of its own.
    pub fn with_heap(key: &[u8], value: Vec<u8>, expiry: Option<u64>) -> Entry {
        let mut entry = Entry::allocate(Encoding::Heap, key, 0, expiry);
        entry.set_word(pointer_to_word(
            NonNull::from(Box::leak(Box::new(value))).cast(),
        ));
        entry
    }

    /// An entry with a collection.
    pub fn with_value<T: Stored>(key: &[u8], value: T, expiry: Option<u64>) -> Entry {
        let (encoding, pointer) = value.into_parts();
        let mut entry = Entry::allocate(encoding, key, 0, expiry);
        entry.set_word(pointer_to_word(pointer));
        entry
    }

    /// The same value under another key; the entry is used up.
    pub fn renamed(self, key: &[u8]) -> Entry {
        let (encoding, expiry) = (self.encoding(), self.expiry());
        let mut new = Entry::allocate(encoding, key, self.shape().value_len, expiry);
        new.value_bytes_mut().copy_from_slice(self.value_bytes());
        new.set_clock(self.clock());
        self.free_block();
        new
    }

    /// A deep copy under another key, with the same expiry.
    pub fn duplicated(&self, key: &[u8]) -> Entry {
        let expiry = self.expiry();
        // SAFETY: each arm lends the type that the entry holds.
        unsafe {
            match self.value_type() {
                ValueType::String => match self.encoding() {
                    Encoding::Int => Entry::with_int(key, self.word() as i64, expiry),
                    Encoding::Heap => Entry::with_heap(key, self.heap().to_vec(), expiry),
                    _ => Entry::with_bytes(key, self.value_bytes(), expiry),
                },
                ValueType::Hash => Entry::with_value(key, self.lend::<Hash>().duplicate(), expiry),
                ValueType::List => Entry::with_value(key, self.lend::<List>().duplicate(), expiry),
                ValueType::Set => Entry::with_value(key, self.lend::<Set>().duplicate(), expiry),
                ValueType::SortedSet => {
                    Entry::with_value(key, self.lend::<SortedSet>().duplicate(), expiry)
                }
            }
        }
    }

    fn allocate(encoding: Encoding, key: &[u8], value_len: usize, expiry: Option<u64>) -> Entry {
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
    fn shape(&self) -> Shape {
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

    /// The key.
    #[inline(always)]
    pub fn key(&self) -> &[u8] {
        let shape = self.shape();
        self.bytes(shape.key_at, shape.key_len)
    }

    /// How the value is kept.
    #[inline(always)]
    pub fn encoding(&self) -> Encoding {
        ENCODINGS[usize::from(self.byte(field::BITS) & ENCODING_MASK) % ENCODINGS.len()]
    }

    /// The value's type.
    pub fn value_type(&self) -> ValueType {
        self.encoding().value_type()
    }

    /// The name that OBJECT ENCODING gives.
    pub fn encoding_name(&self) -> &'static str {
        match self.string() {
            Some(StringRef::Bytes(bytes)) if bytes.len() > EMBSTR_MAX_BYTES => "raw",
            _ => self.encoding().name(),
        }
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
    pub(super) fn set_expiry(&mut self, expiry: Option<u64>) {
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

    fn reshape_expiry(&mut self, old: &Shape, expiry: Option<u64>) {
        let new = Shape::of(
            self.encoding(),
            old.key_len,
            old.value_len,
            expiry.is_some(),
        );
        let tail = old.key_len + old.value_len;
        if new.total() > old.total() {
            self.resize(old.total(), new.total());
        }
        // SAFETY: both ranges lie in the block, which has the greater of the two sizes here.
        unsafe {
            let block = self.0.as_ptr();
            core::ptr::copy(block.add(old.key_at), block.add(new.key_at), tail);
        }
        if new.total() < old.total() {
            self.resize(old.total(), new.total());
        }
        let stamp = old.bits & STAMP;
        self.write_header(
            &Shape {
                bits: new.bits | stamp,
                ..new
            },
            expiry,
        );
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

    /// The string value; `None` for another type.
    #[inline(always)]
    pub fn string(&self) -> Option<StringRef<'_>> {
        match self.encoding() {
            Encoding::Int => Some(StringRef::Int(self.word() as i64)),
            Encoding::Inline => Some(StringRef::Bytes(self.value_bytes())),
            Encoding::Heap => Some(StringRef::Bytes(self.heap())),
            _ => None,
        }
    }

    /// Replaces the value, whatever it was, by a string; key, expiry and clock stay.
    pub fn set_string(&mut self, value: &[u8]) {
        match integer_of(value) {
            Some(number) => self.set_int(number),
            None => self.set_bytes(value),
        }
    }

    /// Replaces the value by a string kept as bytes, even when they spell an integer.
    pub fn set_bytes(&mut self, value: &[u8]) {
        let shape = self.shape();
        let inline = shape.bits & ENCODING_MASK == Encoding::Inline as u8;
        if inline && shape.value_len == value.len() {
            self.value_bytes_mut().copy_from_slice(value);
        } else if value.len() > INLINE_MAX_BYTES {
            self.set_heap(value.to_vec());
        } else {
            self.reshape_value(Encoding::Inline, value.len());
            self.value_bytes_mut().copy_from_slice(value);
        }
    }

    /// Replaces the value by an integer.
    pub fn set_int(&mut self, value: i64) {
        if self.encoding() != Encoding::Int {
            self.reshape_value(Encoding::Int, field::WORD);
        }
        self.set_word(value as u64);
    }

    /// Replaces the value by a string in a buffer of its own.
    pub fn set_heap(&mut self, value: Vec<u8>) {
        self.reshape_value(Encoding::Heap, field::WORD);
        self.set_word(pointer_to_word(
            NonNull::from(Box::leak(Box::new(value))).cast(),
        ));
    }

    /// The string value as a growable buffer, for APPEND and SETRANGE; `None` for another type.
    pub fn string_buffer(&mut self) -> Option<&mut Vec<u8>> {
        match self.encoding() {
            Encoding::Heap => {}
            Encoding::Inline => self.set_heap(self.value_bytes().to_vec()),
            Encoding::Int => {
                let mut digits = [0; 20];
                let text =
                    crate::bytes::number::write_i64(self.word() as i64, &mut digits).to_vec();
                self.set_heap(text);
            }
            _ => return None,
        }
        // SAFETY: the encoding is `Heap`, so the word is a leaked box of a vector, owned by this entry.
        Some(unsafe { self.word_pointer().cast::<Vec<u8>>().as_mut() })
    }

    /// Lends a collection; `None` when the value is of another type.
    pub fn value<T: Stored>(&self) -> Option<ValueRef<'_, T>> {
        if self.value_type() != T::TYPE {
            return None;
        }
        // SAFETY: the type matches.
        Some(unsafe { self.lend() })
    }

    /// # Safety
    /// The value is a `T`.
    unsafe fn lend<T: Stored>(&self) -> ValueRef<'_, T> {
        // SAFETY: the type matches, so the word is a pointer that `T::into_parts` gave, and the entry is borrowed.
        unsafe { ValueRef::new(self.encoding(), self.word_pointer()) }
    }

    /// The home of a lent collection: this very entry, which the caller keeps borrowed.
    fn home(&mut self) -> EntryHome {
        EntryHome(ManuallyDrop::new(Entry(self.0)))
    }

    /// Takes the value out for freeing it elsewhere; the entry is used up.
    pub(super) fn into_value(self) -> DetachedValue {
        let detached = self.detach();
        self.free_block();
        detached
    }

    /// Roughly how many steps freeing the value takes.
    pub fn free_cost(&self) -> usize {
        match self.value_type() {
            ValueType::String => 1,
            ValueType::Hash => self.value::<Hash>().map_or(1, |v| v.free_cost()),
            ValueType::List => self.value::<List>().map_or(1, |v| v.free_cost()),
            ValueType::Set => self.value::<Set>().map_or(1, |v| v.free_cost()),
            ValueType::SortedSet => self.value::<SortedSet>().map_or(1, |v| v.free_cost()),
        }
    }

    /// Bytes of the entry and its value, for MEMORY USAGE.
    pub fn memory_bytes(&self, samples: usize) -> usize {
        let value = match self.value_type() {
            ValueType::String if self.encoding() == Encoding::Heap => {
                self.heap().len() + size_of::<Vec<u8>>()
            }
            ValueType::String => 0,
            ValueType::Hash => self.value::<Hash>().map_or(0, |v| v.memory_bytes(samples)),
            ValueType::List => self.value::<List>().map_or(0, |v| v.memory_bytes(samples)),
            ValueType::Set => self.value::<Set>().map_or(0, |v| v.memory_bytes(samples)),
            ValueType::SortedSet => self
                .value::<SortedSet>()
                .map_or(0, |v| v.memory_bytes(samples)),
        };
        self.shape().total() + value
    }

    /// The owned value behind the word; the entry must not be used but for `free_block` afterwards.
    fn detach(&self) -> DetachedValue {
        let encoding = self.encoding();
        // SAFETY: for each type the word is a pointer that its `into_parts` gave, and the caller gives up the
        // entry's ownership of it.
        unsafe {
            match encoding.value_type() {
                ValueType::String if encoding == Encoding::Heap => {
                    let buffer: Box<Vec<u8>> = Box::from_raw(self.word_pointer().cast().as_ptr());
                    DetachedValue::String(*buffer)
                }
                ValueType::String => DetachedValue::Nothing,
                ValueType::Hash => {
                    DetachedValue::Hash(Hash::from_parts(encoding, self.word_pointer()))
                }
                ValueType::List => {
                    DetachedValue::List(List::from_parts(encoding, self.word_pointer()))
                }
                ValueType::Set => {
                    DetachedValue::Set(Set::from_parts(encoding, self.word_pointer()))
                }
                ValueType::SortedSet => {
                    DetachedValue::SortedSet(SortedSet::from_parts(encoding, self.word_pointer()))
                }
            }
        }
    }

    /// Drops the old value and makes room for a new one of another encoding or length; key, expiry, clock stay.
    fn reshape_value(&mut self, encoding: Encoding, value_len: usize) {
        drop(self.detach());
        let old = self.shape();
        let expiry = self.expiry();
        let new = Shape::of(encoding, old.key_len, value_len, expiry.is_some());
        if new.total() > old.total() {
            self.resize(old.total(), new.total());
        }
        // SAFETY: both ranges lie in the block, which has the greater of the two sizes here.
        unsafe {
            let block = self.0.as_ptr();
            core::ptr::copy(block.add(old.key_at), block.add(new.key_at), old.key_len);
        }
        if new.total() < old.total() {
            self.resize(old.total(), new.total());
        }
        let stamp = old.bits & STAMP;
        self.write_header(
            &Shape {
                bits: new.bits | stamp,
                ..new
            },
            expiry,
        );
        self.value_bytes_mut().fill(0);
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

    fn free_block(self) {
        let bytes = self.shape().total();
        let block = self.0;
        core::mem::forget(self);
        // SAFETY: the block was allocated with this size, and the entry is gone.
        unsafe { dealloc(block.as_ptr(), layout(bytes)) };
    }

    fn heap(&self) -> &[u8] {
        // SAFETY: callers have seen the encoding `Heap`, so the word is a leaked box owned by this entry.
        unsafe { self.word_pointer().cast::<Vec<u8>>().as_ref() }
    }

    fn value_bytes(&self) -> &[u8] {
        let shape = self.shape();
        self.bytes(shape.value_at(), shape.value_len)
    }

    fn value_bytes_mut(&mut self) -> &mut [u8] {
        let shape = self.shape();
        self.bytes_mut(shape.value_at(), shape.value_len)
    }

    fn word(&self) -> u64 {
        self.u64_at(self.shape().value_at())
    }

    fn set_word(&mut self, word: u64) {
        self.value_bytes_mut().copy_from_slice(&word.to_le_bytes());
    }

    fn word_pointer(&self) -> NonNull<u8> {
        let pointer = core::ptr::with_exposed_provenance_mut(self.word() as usize);
        // A pointer encoding never holds null; a dangling pointer would be a bug that the check in tests finds.
        NonNull::new(pointer).unwrap_or(NonNull::dangling())
    }

    #[inline(always)]
    fn byte(&self, at: usize) -> u8 {
        // SAFETY: `at` lies in the block: callers use offsets that the header, at least five bytes, derives.
        unsafe { *self.0.as_ptr().add(at) }
    }

    fn set_byte(&mut self, at: usize, byte: u8) {
        // SAFETY: as in `byte`.
        unsafe { *self.0.as_ptr().add(at) = byte }
    }

    #[inline(always)]
    fn u32_at(&self, at: usize) -> u32 {
        // SAFETY: as in `byte`; the read is unaligned.
        u32::from_le(unsafe { self.0.as_ptr().add(at).cast::<u32>().read_unaligned() })
    }

    #[inline(always)]
    fn u64_at(&self, at: usize) -> u64 {
        // SAFETY: as in `byte`; the read is unaligned.
        u64::from_le(unsafe { self.0.as_ptr().add(at).cast::<u64>().read_unaligned() })
    }

    #[inline(always)]
    fn bytes(&self, at: usize, len: usize) -> &[u8] {
        // SAFETY: `at` and `len` are derived from the header, which describes the block.
        unsafe { core::slice::from_raw_parts(self.0.as_ptr().add(at), len) }
    }

    #[inline(always)]
    fn bytes_mut(&mut self, at: usize, len: usize) -> &mut [u8] {
        // SAFETY: as in `bytes`, and the entry is borrowed exclusively.
        unsafe { core::slice::from_raw_parts_mut(self.0.as_ptr().add(at), len) }
    }
}

/// A second name of an entry whose collection is lent; see [`ValueMut`].
pub struct EntryHome(ManuallyDrop<Entry>);

/// A mutable loan of a collection in the keyspace.
pub type ValueMut<'e, T> = crate::value::ValueMut<'e, T, EntryHome>;

impl Parts for EntryHome {
    fn store(&mut self, encoding: Encoding, pointer: NonNull<u8>) {
        // A collection's parts fit the place of the old ones, so the entry stays where it is.
        let bits = self.0.byte(field::BITS) & !ENCODING_MASK | encoding as u8;
        self.0.set_byte(field::BITS, bits);
        self.0.set_word(pointer_to_word(pointer));
    }
}

impl<'t> ItemRef<'t, Entry> {
    /// Lends the collection for as long as the table is lent; `None` when the value is of another type.
    #[inline(always)]
    pub fn into_value<T: Stored>(self) -> Option<ValueRef<'t, T>> {
        if self.value_type() != T::TYPE {
            return None;
        }
        // SAFETY: as in `Entry::value`; the table, and so the entry, is borrowed for 't.
        Some(unsafe { ValueRef::new(self.encoding(), self.word_pointer()) })
    }
}

impl<'t> ItemMut<'t, Entry> {
    /// Lends the collection to change it, for as long as the table is lent; `None` when the value is of another type.
    #[inline(always)]
    pub fn into_value_mut<T: Stored>(mut self) -> Option<ValueMut<'t, T>> {
        if self.value_type() != T::TYPE {
            return None;
        }
        let (encoding, pointer, home) = (self.encoding(), self.word_pointer(), self.home());
        // SAFETY: the type matches, so the word is a pointer that `T::into_parts` gave. The table is borrowed
        // exclusively for 't, so nothing else reaches the entry until the guard has stored the parts again.
        Some(unsafe { ValueMut::new(encoding, pointer, home) })
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        drop(self.detach());
        let bytes = self.shape().total();
        // SAFETY: the block was allocated with this size, and the entry ends here.
        unsafe { dealloc(self.0.as_ptr(), layout(bytes)) };
    }
}

// SAFETY: the pointer is the entry's own heap block (unique, not null, a user-space address); the key's bytes stay the
// same, since only `renamed` makes another key, in a new entry.
unsafe impl TableItem for Entry {
    #[inline(always)]
    fn into_raw(self) -> NonNull<u8> {
        let pointer = self.0;
        core::mem::forget(self);
        pointer
    }

    #[inline(always)]
    unsafe fn from_raw(pointer: NonNull<u8>) -> Self {
        Entry(pointer)
    }

    #[inline(always)]
    fn key(&self) -> &[u8] {
        Entry::key(self)
    }
}

/// A value that has left its entry.
pub(super) enum DetachedValue {
    /// An inline string or an integer, gone with its entry.
    Nothing,
    /// A string's buffer.
    String(Vec<u8>),
    /// A hash.
    Hash(Hash),
    /// A list.
    List(List),
    /// A set.
    Set(Set),
    /// A sorted set.
    SortedSet(SortedSet),
}

impl DetachedValue {
    /// Frees up to about `budget` elements; `true` when nothing is left.
    pub(super) fn free_slice(&mut self, budget: usize) -> bool {
        match self {
            DetachedValue::Nothing => true,
            DetachedValue::String(buffer) => {
                *buffer = Vec::new();
                true
            }
            DetachedValue::Hash(value) => value.free_slice(budget),
            DetachedValue::List(value) => value.free_slice(budget),
            DetachedValue::Set(value) => value.free_slice(budget),
            DetachedValue::SortedSet(value) => value.free_slice(budget),
        }
    }
}

fn pointer_to_word(pointer: NonNull<u8>) -> u64 {
    pointer.as_ptr().expose_provenance() as u64
}

/// The integer whose canonical text `value` is. Nearly all strings are told from numbers by their first byte.
#[inline]
fn integer_of(value: &[u8]) -> Option<i64> {
    match value.first() {
        Some(b'-' | b'0'..=b'9') if value.len() <= 20 => crate::bytes::number::parse_i64(value),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec;

    #[test]
    fn every_shape_keeps_key_value_and_expiry() {
        for key_len in [0, 1, 255, 256, 70_000] {
            for value_len in [
                0,
                1,
                44,
                45,
                255,
                256,
                INLINE_MAX_BYTES,
                INLINE_MAX_BYTES + 1,
            ] {
                for expiry in [None, Some(1_700_000_000_000)] {
                    let (key, value) = (vec![b'k'; key_len], vec![b'v'; value_len]);
                    let mut entry = Entry::with_string(&key, &value, expiry);
                    entry.set_clock(0x00ab_cdef);
                    assert_eq!(entry.string(), Some(StringRef::Bytes(&value)));
                    entry.set_expiry(Some(7));
                    entry.set_expiry(None);
                    entry.set_expiry(expiry);
                    assert_eq!((entry.key(), entry.expiry()), (&key[..], expiry));
                    assert_eq!(entry.string(), Some(StringRef::Bytes(&value)));
                    assert_eq!(entry.clock(), 0x00ab_cdef);
                    entry.set_string(b"-12");
                    assert_eq!(entry.string(), Some(StringRef::Int(-12)));
                    entry.set_string(&value);
                    entry.string_buffer().unwrap().push(b'!');
                    assert_eq!(entry.encoding_name(), "raw");
                    let copy = entry.duplicated(b"copy");
                    assert_eq!((copy.key(), copy.expiry()), (&b"copy"[..], expiry));
                    assert_eq!(copy.string(), entry.string());
                    let entry = entry.renamed(b"other");
                    assert_eq!((entry.key(), entry.expiry()), (&b"other"[..], expiry));
                }
            }
        }
    }

    #[test]
    fn a_copy_keeps_the_encoding() {
        let mut grown = Entry::with_int(b"k", 12, None);
        grown.string_buffer().unwrap().push(b'3');
        let bytes = Entry::with_bytes(b"k", b"12", Some(9));
        for entry in [Entry::with_int(b"k", 12, None), bytes, grown] {
            let copy = entry.duplicated(b"copy");
            assert_eq!(copy.encoding(), entry.encoding());
            assert_eq!(copy.string(), entry.string());
            assert_eq!(copy.expiry(), entry.expiry());
        }
    }

    #[test]
    fn encodings_are_named_as_in_redis() {
        let name = |value: &[u8]| Entry::with_string(b"k", value, None).encoding_name();
        assert_eq!(name(b"12"), "int");
        assert_eq!(name(b"9223372036854775808"), "embstr");
        assert_eq!(name(b"012"), "embstr");
        assert_eq!(name(&[b'x'; 44]), "embstr");
        assert_eq!(name(&[b'x'; 45]), "raw");
    }

    #[test]
    fn a_small_string_takes_the_bytes_the_drawing_says() {
        assert_eq!(
            Entry::with_string(&[b'k'; 16], &[b'v'; 32], None).memory_bytes(0),
            54
        );
    }
}
