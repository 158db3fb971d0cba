//! Long strings with several owners: the keyspace holds one as a value while the output queues of clients hold it as
//! a part of a reply, so that nobody copies it.
//!
//! Everything is single-threaded, so the count of owners is a plain one. Whoever wants to change a string that others
//! hold as well copies it first; the last owner frees it.

use alloc::rc::Rc;
use alloc::vec::Vec;

/// A string with several owners.
pub type SharedBytes = Rc<Vec<u8>>;

/// Strings from this length on are received in a buffer of their own and sent from the value's memory, bytes. Below,
/// copying is cheaper than what keeping track costs.
pub const LONG_BYTES: usize = 32 * 1024;
