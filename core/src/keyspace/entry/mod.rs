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
//! - value length: only for inline strings and packs, 1 byte, or 4 when wide.
//! - expiry: Unix milliseconds.
//! - value: the bytes of an inline string or of a pack, which small hashes, sets and sorted sets are; otherwise 8
//!   bytes, an integer or a pointer.
//!
//! ```text
//! layout.rs     where the parts are, and the block
//! lend.rs       collections on loan
//! detached.rs   values that leave their entry
//! dump.rs       to and from what files hold
//! ```
//!
//! Numbers are little-endian; nothing is aligned. A 16-byte key with a 32-byte value takes 54 bytes.

mod detached;
mod dump;
mod layout;
mod lend;

pub(super) use detached::DetachedValue;
pub use layout::Entry;
pub use lend::ValueMut;

use crate::bytes::shared::SharedBytes;
use crate::structure::table::TableItem;
use crate::value::{Encoding, Hash, Kept, List, Set, SortedSet, Stored, ValueType};
use alloc::rc::Rc;
use alloc::vec::Vec;
use core::mem::ManuallyDrop;
use core::ptr::NonNull;
use layout::{ENCODING_MASK, field, pointer_to_word};

/// Inline strings up to this many bytes are reported as `embstr`, longer ones as `raw`, as in Redis.
pub const EMBSTR_MAX_BYTES: usize = 44;
/// Longer strings get a buffer of their own.
pub const INLINE_MAX_BYTES: usize = 16 * 1024;

/// A string value, lent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StringRef<'e> {
    /// Kept as an integer.
    Int(i64),
    /// Kept as bytes.
    Bytes(&'e [u8]),
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
            return Entry::with_shared(key, Rc::new(value.to_vec()), expiry);
        }
        Entry::with_sized(Encoding::Inline, key, value, expiry)
    }

    /// An entry with an integer.
    pub fn with_int(key: &[u8], value: i64, expiry: Option<u64>) -> Entry {
        let mut entry = Entry::allocate(Encoding::Int, key, 0, expiry);
        entry.set_word(value as u64);
        entry
    }

    /// An entry with a string in a buffer of its own, which others may hold as well.
    pub fn with_shared(key: &[u8], value: SharedBytes, expiry: Option<u64>) -> Entry {
        let mut entry = Entry::allocate(Encoding::Heap, key, 0, expiry);
        entry.set_word(shared_to_word(value));
        entry
    }

    /// An entry with a collection.
    pub fn with_value<T: Stored>(key: &[u8], value: T, expiry: Option<u64>) -> Entry {
        match value.into_kept() {
            Kept::Packed(encoding, pack) => {
                Entry::with_sized(encoding, key, pack.as_bytes(), expiry)
            }
            Kept::Apart(encoding, pointer, _) => {
                let mut entry = Entry::allocate(encoding, key, 0, expiry);
                entry.set_word(pointer_to_word(pointer));
                entry
            }
        }
    }

    fn with_sized(encoding: Encoding, key: &[u8], value: &[u8], expiry: Option<u64>) -> Entry {
        let mut entry = Entry::allocate(encoding, key, value.len(), expiry);
        entry.value_bytes_mut().copy_from_slice(value);
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

    /// A deep copy under another key, with the same expiry; a long string is shared until one of the two changes.
    pub fn duplicated(&self, key: &[u8]) -> Entry {
        let expiry = self.expiry();
        if self.encoding().is_sized() {
            return Entry::with_sized(self.encoding(), key, self.value_bytes(), expiry);
        }
        // SAFETY: each arm lends the type that the entry holds.
        unsafe {
            match self.value_type() {
                ValueType::String => match self.encoding() {
                    Encoding::Int => Entry::with_int(key, self.word() as i64, expiry),
                    _ => Entry::with_shared(key, (*self.heap()).clone(), expiry),
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

    /// The key.
    #[inline(always)]
    pub fn key(&self) -> &[u8] {
        let shape = self.shape();
        self.bytes(shape.key_at, shape.key_len)
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

    /// The string value; `None` for another type.
    #[inline(always)]
    pub fn string(&self) -> Option<StringRef<'_>> {
        match self.encoding() {
            Encoding::Int => Some(StringRef::Int(self.word() as i64)),
            Encoding::Inline => Some(StringRef::Bytes(self.value_bytes())),
            Encoding::Heap => Some(StringRef::Bytes(self.heap_bytes())),
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

    /// Overwrites a short string by one of the same length; `false`, and nothing done, when it is not that simple.
    #[inline(always)]
    pub(super) fn overwrite(&mut self, value: &[u8]) -> bool {
        let shape = self.shape();
        let inline = shape.bits & ENCODING_MASK == Encoding::Inline as u8;
        if !inline || shape.value_len != value.len() || integer_of(value).is_some() {
            return false;
        }
        self.bytes_mut(shape.value_at(), value.len())
            .copy_from_slice(value);
        true
    }

    /// Replaces the value by a string kept as bytes, even when they spell an integer.
    pub fn set_bytes(&mut self, value: &[u8]) {
        let shape = self.shape();
        let inline = shape.bits & ENCODING_MASK == Encoding::Inline as u8;
        if inline && shape.value_len == value.len() {
            self.value_bytes_mut().copy_from_slice(value);
        } else if value.len() > INLINE_MAX_BYTES {
            self.set_shared(Rc::new(value.to_vec()));
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

    /// Replaces the value by a string in a buffer of its own, which others may hold as well.
    pub fn set_shared(&mut self, value: SharedBytes) {
        self.reshape_value(Encoding::Heap, field::WORD);
        self.set_word(shared_to_word(value));
    }

    /// The string value, if it is one that can be shared; inline strings cannot.
    #[inline]
    pub fn shared_string(&self) -> Option<SharedBytes> {
        (self.encoding() == Encoding::Heap).then(|| (*self.heap()).clone())
    }

    /// The string value as a growable buffer that nobody else holds, for APPEND and SETRANGE; `None` for another type.
    pub fn string_buffer(&mut self) -> Option<&mut Vec<u8>> {
        match self.encoding() {
            Encoding::Heap => self.unshare(),
            Encoding::Inline => self.set_shared(Rc::new(self.value_bytes().to_vec())),
            Encoding::Int => {
                let mut digits = [0; 20];
                let text =
                    crate::bytes::number::write_i64(self.word() as i64, &mut digits).to_vec();
                self.set_shared(Rc::new(text));
            }
            _ => return None,
        }
        // SAFETY: (1) the encoding is `Heap`, so the word is a pointer that `Rc::into_raw` gave, to a vector; (2) this
        // entry is its only owner, as `unshare` has seen to or as it was just made, and is borrowed exclusively.
        Some(unsafe { self.word_pointer().cast::<Vec<u8>>().as_mut() })
    }

    /// Has a heap string that others hold as well copied.
    fn unshare(&mut self) {
        let shared = self.heap();
        if Rc::strong_count(&shared) > 1 {
            self.set_shared(Rc::new(shared.to_vec()));
        }
    }

    /// Bytes of the entry and its value, for MEMORY USAGE.
    pub fn memory_bytes(&self, samples: usize) -> usize {
        let value = match self.value_type() {
            ValueType::String if self.encoding() == Encoding::Heap => {
                // The vector and the two counts before it.
                self.heap_bytes().len() + size_of::<Vec<u8>>() + 2 * size_of::<usize>()
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

    fn heap_bytes(&self) -> &[u8] {
        // SAFETY: callers have seen the encoding `Heap`, so the word is a pointer that `Rc::into_raw` gave, and this
        // entry is one of the owners.
        unsafe { self.word_pointer().cast::<Vec<u8>>().as_ref() }
    }

    /// The heap string as the owner that this entry is.
    fn heap(&self) -> ManuallyDrop<SharedBytes> {
        let pointer = self.word_pointer().cast::<Vec<u8>>().as_ptr();
        // SAFETY: as in `heap_bytes`; nothing drops what the entry owns.
        ManuallyDrop::new(unsafe { Rc::from_raw(pointer) })
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        drop(self.detach());
        // SAFETY: the entry ends here.
        unsafe { self.deallocate() };
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

fn shared_to_word(value: SharedBytes) -> u64 {
    Rc::into_raw(value).expose_provenance() as u64
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
    fn what_is_lent_stays_as_it_was() {
        let old = vec![b'o'; INLINE_MAX_BYTES + 1];
        let mut entry = Entry::with_string(b"k", &old, None);
        let lent = entry.shared_string().unwrap();
        entry.string_buffer().unwrap().push(b'!');
        assert_eq!((&*lent, Rc::strong_count(&lent)), (&old, 1));
        let lent = entry.shared_string().unwrap();
        let copy = entry.duplicated(b"copy");
        assert_eq!(Rc::strong_count(&lent), 3);
        entry.set_string(b"small");
        assert_eq!((entry.shared_string(), lent.len()), (None, old.len() + 1));
        drop(copy);
        assert_eq!((Rc::strong_count(&lent), lent.last()), (1, Some(&b'!')));
        let mut entry = Entry::with_shared(b"k", lent, Some(5));
        let place = entry.shared_string().unwrap().as_ptr();
        entry.string_buffer().unwrap()[0] = b'x';
        assert_eq!(entry.shared_string().unwrap().as_ptr(), place);
        let entry = entry.renamed(b"other");
        assert_eq!(entry.shared_string().unwrap().as_ptr(), place);
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
