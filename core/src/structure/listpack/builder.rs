//! Many values into a new listpack: a buffer that grows by doubling, trimmed once at the end.

use alloc::vec::Vec;

use super::element::Element;
use super::entry::{END, Encoded};
use super::slice::{HEADER, TOTAL};
use super::{Listpack, stored_count};

/// Collects values for a listpack.
#[derive(Clone, Debug)]
pub struct ListpackBuilder {
    bytes: Vec<u8>,
    count: usize,
}

impl ListpackBuilder {
    /// Begins an empty one.
    pub fn new() -> Self {
        Self::with_capacity(0)
    }

    /// Begins one with room for `entry_bytes` of entries.
    pub fn with_capacity(entry_bytes: usize) -> Self {
        let mut bytes = Vec::with_capacity(HEADER + entry_bytes + 1);
        bytes.extend_from_slice(&[0; HEADER]);
        ListpackBuilder { bytes, count: 0 }
    }

    /// Puts `value` at the end.
    pub fn push<'a>(&mut self, value: impl Into<Element<'a>>) {
        let value = Encoded::of(value.into());
        let start = self.bytes.len();
        self.bytes.resize(start + value.size(), 0);
        value.write(&mut self.bytes[start..]);
        self.count += 1;
    }

    /// The number of values so far.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there is no value yet.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The size of the listpack if it were finished now.
    pub fn bytes_len(&self) -> usize {
        self.bytes.len() + 1
    }

    /// The listpack, in an allocation of exactly its size.
    pub fn finish(mut self) -> Listpack {
        self.bytes.reserve_exact(1);
        self.bytes.push(END);
        let total = self.bytes.len();
        assert!(total <= u32::MAX as usize, "a listpack has at most 4 GiB");
        self.bytes[..TOTAL].copy_from_slice(&(total as u32).to_le_bytes());
        self.bytes[TOTAL..HEADER].copy_from_slice(&stored_count(self.count).to_le_bytes());
        Listpack::from_trusted_box(self.bytes.into_boxed_slice())
    }
}

impl Default for ListpackBuilder {
    fn default() -> Self {
        Self::new()
    }
}
