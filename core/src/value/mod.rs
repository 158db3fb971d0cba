//! The values of keys: strings, hashes, lists, sets and sorted sets, each with its encodings.
//!
//! A value sits in its keyspace entry: small strings, integers and small collections as bytes, everything else as one
//! thin pointer, with the [`Encoding`] in the entry's header telling what it is. [`Stored`] is the bridge: a collection
//! type that can become such bytes or such a pointer, and back. Commands see the collection types only, through the guards
//! [`ValueRef`] and [`ValueMut`].

use crate::bytes::hash::Hasher;

mod block;
pub mod hash;
pub mod list;
mod sample;
pub mod set;
pub mod sorted_set;
mod stored;

pub use hash::Hash;
pub use list::List;
pub use set::Set;
pub use sorted_set::SortedSet;
pub(crate) use stored::Home;
pub use stored::{Kept, Stored, ValueMut, ValueRef};

/// The type of a value, as TYPE names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueType {
    /// A string.
    String,
    /// A list.
    List,
    /// A set.
    Set,
    /// A sorted set.
    SortedSet,
    /// A hash.
    Hash,
}

impl ValueType {
    /// Redis's name of the type.
    pub fn name(self) -> &'static str {
        match self {
            ValueType::String => "string",
            ValueType::List => "list",
            ValueType::Set => "set",
            ValueType::SortedSet => "zset",
            ValueType::Hash => "hash",
        }
    }
}

/// How a value is kept. Four bits of the entry's header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Encoding {
    /// A string whose bytes follow the key in the entry.
    Inline = 0,
    /// A hash in a pack.
    HashListpack = 1,
    /// A set in a pack.
    SetListpack = 2,
    /// A sorted set in a pack.
    SortedListpack = 3,
    /// A string that is a 64-bit integer.
    Int = 4,
    /// A string in a buffer of its own, with room to grow.
    Heap = 5,
    /// A list in one listpack.
    ListListpack = 6,
    /// A list in a quicklist.
    Quicklist = 7,
    /// A hash in a table.
    HashTable = 8,
    /// A set of integers in an intset.
    Intset = 9,
    /// A set in a table.
    SetTable = 10,
    /// A sorted set in a table and a counted B+tree.
    SortedTree = 11,
    /// A small hash whose fields may have a time to live.
    HashListpackEx = 12,
    /// A big one.
    HashTableEx = 13,
}

/// Every encoding by its number.
pub const ENCODINGS: [Encoding; 14] = [
    Encoding::Inline,
    Encoding::HashListpack,
    Encoding::SetListpack,
    Encoding::SortedListpack,
    Encoding::Int,
    Encoding::Heap,
    Encoding::ListListpack,
    Encoding::Quicklist,
    Encoding::HashTable,
    Encoding::Intset,
    Encoding::SetTable,
    Encoding::SortedTree,
    Encoding::HashListpackEx,
    Encoding::HashTableEx,
];

impl Encoding {
    /// Whether the value is bytes of any number behind the key: an inline string, or a pack.
    #[inline(always)]
    pub const fn is_sized(self) -> bool {
        (self as u8) < Encoding::Int as u8
    }

    /// Whether the value is a pack.
    #[inline(always)]
    pub const fn is_packed(self) -> bool {
        self.is_sized() && self as u8 != Encoding::Inline as u8
    }

    /// Whether this is a hash whose fields may have a time to live.
    #[inline(always)]
    pub const fn is_volatile_hash(self) -> bool {
        matches!(self, Encoding::HashListpackEx | Encoding::HashTableEx)
    }

    /// The type this encodes.
    pub fn value_type(self) -> ValueType {
        match self {
            Encoding::Int | Encoding::Inline | Encoding::Heap => ValueType::String,
            Encoding::ListListpack | Encoding::Quicklist => ValueType::List,
            Encoding::HashListpack | Encoding::HashTable => ValueType::Hash,
            Encoding::HashListpackEx | Encoding::HashTableEx => ValueType::Hash,
            Encoding::Intset | Encoding::SetListpack | Encoding::SetTable => ValueType::Set,
            Encoding::SortedListpack | Encoding::SortedTree => ValueType::SortedSet,
        }
    }

    /// The name that OBJECT ENCODING gives; strings tell `embstr` from `raw` by themselves.
    pub fn name(self) -> &'static str {
        match self {
            Encoding::Int => "int",
            Encoding::Inline => "embstr",
            Encoding::Heap => "raw",
            Encoding::ListListpack | Encoding::HashListpack => "listpack",
            Encoding::SetListpack | Encoding::SortedListpack => "listpack",
            Encoding::Quicklist => "quicklist",
            Encoding::HashTable | Encoding::SetTable | Encoding::HashTableEx => "hashtable",
            Encoding::HashListpackEx => "listpackex",
            Encoding::Intset => "intset",
            Encoding::SortedTree => "skiplist",
        }
    }
}

/// The thresholds at which collections change their encoding, from the settings of the same names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EncodingLimits {
    /// Hashes the members of tables that a conversion makes.
    pub hasher: Hasher,
    /// `hash-max-listpack-entries`.
    pub hash_max_listpack_entries: usize,
    /// `hash-max-listpack-value`, bytes.
    pub hash_max_listpack_value: usize,
    /// `list-max-listpack-size`: positive counts elements, -1 to -5 stand for 4 to 64 KiB.
    pub list_max_listpack_size: i32,
    /// `set-max-intset-entries`.
    pub set_max_intset_entries: usize,
    /// `set-max-listpack-entries`.
    pub set_max_listpack_entries: usize,
    /// `set-max-listpack-value`, bytes.
    pub set_max_listpack_value: usize,
    /// `zset-max-listpack-entries`.
    pub zset_max_listpack_entries: usize,
    /// `zset-max-listpack-value`, bytes.
    pub zset_max_listpack_value: usize,
}

impl EncodingLimits {
    /// Redis's defaults.
    pub fn new(hasher: Hasher) -> Self {
        EncodingLimits {
            hasher,
            hash_max_listpack_entries: 128,
            hash_max_listpack_value: 64,
            list_max_listpack_size: -2,
            set_max_intset_entries: 512,
            set_max_listpack_entries: 128,
            set_max_listpack_value: 64,
            zset_max_listpack_entries: 128,
            zset_max_listpack_value: 64,
        }
    }
}
