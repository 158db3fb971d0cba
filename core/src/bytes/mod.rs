//! Algorithms over bytes, one a file; nothing here knows what a command is.

pub mod crc32c;
pub mod glob;
pub mod hash;
pub mod number;
pub mod prng;
pub mod shared;
