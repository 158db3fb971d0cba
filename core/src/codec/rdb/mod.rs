//! RDB, Redis's binary format of values and whole data sets; no I/O.
//!
//! ```text
//! file    "REDIS0010" | AUX ... | per database: SELECTDB RESIZEDB keys ... | EOF | crc64
//! key     (expiry) | (idle time or frequency) | kind | key | value
//!
//! crc64.rs     checksums                       text.rs      lengths and strings, to write
//! lzf.rs       compression of strings          input.rs     the same, to read from what is there
//! kind.rs      the numbers                     ziplist.rs   encodings of older files
//! encode.rs    values to bytes, in slices      decode.rs    bytes to values, in pieces; build.rs: their making
//! write.rs     whole files                     file.rs      whole files, to read
//! dump.rs      the payload of DUMP
//! ```
//!
//! Written is version 10, which Redis 7.0 and everything newer reads, and 12 only where fields of hashes expire. Read
//! are versions 1 to 12, and Valkey's 80. Nothing that is read is trusted: a value is taken as it is only after its
//! encoding was verified, no number of elements is believed, and no allocation is larger than the bytes that came justify.

mod build;
pub mod crc64;
mod decode;
pub mod dump;
mod encode;
mod file;
pub mod input;
pub mod kind;
pub mod lzf;
#[cfg(test)]
mod tests;
pub mod text;
mod write;
pub mod ziplist;

pub use decode::{Decoder, Loaded, Rooms};
pub use encode::{Progress, ValueWriter, View};
pub use file::{Damage, Event, FileReader, KeyRead, Skipped};
pub use kind::Kind;
pub use write::{FileWriter, Usage};
