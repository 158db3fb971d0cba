//! Lengths and strings, as a file writes them.
//!
//! ```text
//! 00llllll                   a length of six bits           11000000 | 1 byte         a string that is an integer
//! 01llllll | 1 byte          14 bits, big endian            11000001 | 2 bytes
//! 10000000 | 4 bytes         big endian                     11000010 | 4 bytes        little endian
//! 10000001 | 8 bytes         big endian                     11000011 | packed length | length | packed bytes (LZF)
//!
//! string: length, then the bytes; or one of those on the right
//! ```

use super::lzf::Compressor;
use crate::bytes::number::{INTEGER_TEXT_MAX, write_i64};
use crate::structure::listpack::Element;
use alloc::vec::Vec;

pub(super) const INT_8: u8 = 0xc0;
pub(super) const INT_16: u8 = 0xc1;
pub(super) const INT_32: u8 = 0xc2;
pub(super) const LZF: u8 = 0xc3;
pub(super) const LENGTH_32: u8 = 0x80;
pub(super) const LENGTH_64: u8 = 0x81;

/// Shorter strings are not compressed, since nothing would be gained: as in Redis.
const COMPRESSED_MIN: usize = 21;
/// Longer ones are not compressed either, since that would take longer than a slice of the loop may.
const COMPRESSED_MAX: usize = 128 * 1024;
/// Texts up to this length may be integers.
const INTEGER_MAX: usize = 11;

/// Appends a length.
pub fn push_length(out: &mut Vec<u8>, length: u64) {
    match length {
        0..=0x3f => out.push(length as u8),
        0x40..=0x3fff => out.extend_from_slice(&(0x4000 | length as u16).to_be_bytes()),
        0x4000..=0xffff_ffff => {
            out.push(LENGTH_32);
            out.extend_from_slice(&(length as u32).to_be_bytes());
        }
        _ => {
            out.push(LENGTH_64);
            out.extend_from_slice(&length.to_be_bytes());
        }
    }
}

/// Writes strings, compressed where that is wanted and worth it.
#[derive(Default)]
pub struct TextWriter {
    compressor: Option<Compressor>,
}

impl TextWriter {
    /// One that compresses, or one that does not (`rdbcompression`).
    pub fn new(compress: bool) -> Self {
        TextWriter {
            compressor: compress.then(Compressor::default),
        }
    }

    /// Appends a string.
    #[inline]
    pub fn push(&mut self, out: &mut Vec<u8>, text: Element<'_>) {
        match text {
            Element::Int(number) => push_int(out, number),
            Element::Bytes(bytes) if bytes.len() <= INTEGER_MAX => match text.as_i64() {
                Some(number) => push_int(out, number),
                None => push_plain(out, bytes),
            },
            Element::Bytes(bytes) => self.push_bytes(out, bytes),
        }
    }

    /// Appends a string that is no integer.
    pub fn push_bytes(&mut self, out: &mut Vec<u8>, bytes: &[u8]) {
        if let Some(compressor) = &mut self.compressor
            && (COMPRESSED_MIN..=COMPRESSED_MAX).contains(&bytes.len())
            && push_compressed(compressor, out, bytes)
        {
            return;
        }
        push_plain(out, bytes);
    }
}

fn push_plain(out: &mut Vec<u8>, bytes: &[u8]) {
    push_length(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

fn push_int(out: &mut Vec<u8>, number: i64) {
    if let Ok(number) = i8::try_from(number) {
        out.extend_from_slice(&[INT_8, number as u8]);
    } else if let Ok(number) = i16::try_from(number) {
        out.push(INT_16);
        out.extend_from_slice(&number.to_le_bytes());
    } else if let Ok(number) = i32::try_from(number) {
        out.push(INT_32);
        out.extend_from_slice(&number.to_le_bytes());
    } else {
        push_plain(out, write_i64(number, &mut [0; INTEGER_TEXT_MAX]));
    }
}

/// Appends a string compressed, if that makes it shorter.
fn push_compressed(compressor: &mut Compressor, out: &mut Vec<u8>, bytes: &[u8]) -> bool {
    // The packed length is known only behind it: room is left for the longest form that these lengths can have.
    const HEAD: usize = 1 + 5 + 5;
    let start = out.len();
    out.extend_from_slice(&[0; HEAD]);
    if !compressor.compress(bytes, bytes.len() - 4, out) {
        out.truncate(start);
        return false;
    }
    let end = out.len();
    let packed = end - start - HEAD;
    out.push(LZF);
    push_length(out, packed as u64);
    push_length(out, bytes.len() as u64);
    let head = out.len() - end;
    out.copy_within(end.., start);
    out.copy_within(start + HEAD..end, start + head);
    out.truncate(start + head + packed);
    true
}
