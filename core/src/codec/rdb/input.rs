//! Reading from the bytes that are there, which may end anywhere.

use super::lzf;
use super::text::{INT_8, INT_16, INT_32, LENGTH_32, LENGTH_64, LZF};
use crate::structure::listpack::Element;
use alloc::vec::Vec;

/// Why reading stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// So many bytes are missing, at least; what was read of the current piece is to be read again.
    More(u64),
    /// The bytes are not what they should be.
    Bad(&'static str),
}

/// Bytes with a place in them.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a> {
    bytes: &'a [u8],
    at: usize,
}

/// A length, or what stands in the place of one.
enum Length {
    Plain(u64),
    Special(u8),
}

impl<'a> Input<'a> {
    /// From the first byte on.
    pub fn new(bytes: &'a [u8]) -> Self {
        Input { bytes, at: 0 }
    }

    /// How many bytes were read.
    pub fn position(&self) -> usize {
        self.at
    }

    /// How many bytes are left.
    pub fn left(&self) -> usize {
        self.bytes.len() - self.at
    }

    /// Goes back to a place that [`Input::position`] told.
    pub fn rewind(&mut self, position: usize) {
        debug_assert!(position <= self.at);
        self.at = position.min(self.at);
    }

    /// The next `count` bytes.
    #[inline]
    pub fn take(&mut self, count: u64) -> Result<&'a [u8], Stop> {
        let left = self.left() as u64;
        if count > left {
            return Err(Stop::More(count - left));
        }
        let taken = &self.bytes[self.at..self.at + count as usize];
        self.at += count as usize;
        Ok(taken)
    }

    #[inline]
    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], Stop> {
        match self.bytes[self.at..].first_chunk() {
            Some(array) => {
                self.at += N;
                Ok(*array)
            }
            None => Err(Stop::More((N - self.left()) as u64)),
        }
    }

    /// One byte.
    #[inline]
    pub fn byte(&mut self) -> Result<u8, Stop> {
        self.array().map(|[byte]| byte)
    }

    /// Eight bytes, little endian.
    pub fn u64(&mut self) -> Result<u64, Stop> {
        self.array().map(u64::from_le_bytes)
    }

    #[inline]
    fn any_length(&mut self) -> Result<Length, Stop> {
        let head = self.byte()?;
        Ok(Length::Plain(match head {
            0..=0x3f => head.into(),
            0x40..=0x7f => u64::from(head & 0x3f) << 8 | u64::from(self.byte()?),
            LENGTH_32 => u32::from_be_bytes(self.array()?).into(),
            LENGTH_64 => u64::from_be_bytes(self.array()?),
            0x82..=0xbf => return Err(Stop::Bad("unknown length encoding")),
            special => return Ok(Length::Special(special)),
        }))
    }

    /// A number written as a length.
    #[inline]
    pub fn length(&mut self) -> Result<u64, Stop> {
        match self.any_length()? {
            Length::Plain(length) => Ok(length),
            Length::Special(_) => Err(Stop::Bad("a string where a length belongs")),
        }
    }

    /// A string. One that is compressed is put into `room`.
    #[inline]
    pub fn text<'t>(&mut self, room: &'t mut Vec<u8>) -> Result<Element<'t>, Stop>
    where
        'a: 't,
    {
        let special = match self.any_length()? {
            Length::Plain(length) => return self.take(length).map(Element::Bytes),
            Length::Special(special) => special,
        };
        Ok(Element::Int(match special {
            INT_8 => i8::from_le_bytes(self.array()?).into(),
            INT_16 => i16::from_le_bytes(self.array()?).into(),
            INT_32 => i32::from_le_bytes(self.array()?).into(),
            LZF => {
                let (packed, len) = (self.length()?, self.length()?);
                let packed = self.take(packed)?;
                let len = usize::try_from(len).map_err(|_| Stop::Bad(BAD_LZF))?;
                lzf::decompress(packed, len, room).ok_or(Stop::Bad(BAD_LZF))?;
                return Ok(Element::Bytes(room));
            }
            _ => return Err(Stop::Bad("unknown string encoding")),
        }))
    }

    /// A string of bytes, in `room` if it has to be made.
    pub fn bytes<'t>(&mut self, room: &'t mut Vec<u8>) -> Result<&'t [u8], Stop>
    where
        'a: 't,
    {
        let start = self.at;
        match self.text(room)? {
            Element::Bytes(_) => {}
            Element::Int(number) => {
                *room = Element::Int(number).to_vec();
                return Ok(room);
            }
        }
        // Read again, since a borrow of `room` cannot be given up for another one.
        self.at = start;
        match self.any_length()? {
            Length::Plain(length) => self.take(length),
            Length::Special(_) => {
                let (packed, _) = (self.length()?, self.length()?);
                self.take(packed)?;
                Ok(room)
            }
        }
    }

    /// Passes over a string.
    pub fn skip_text(&mut self) -> Result<(), Stop> {
        let count = match self.any_length()? {
            Length::Plain(length) => length,
            Length::Special(INT_8) => 1,
            Length::Special(INT_16) => 2,
            Length::Special(INT_32) => 4,
            Length::Special(LZF) => {
                let packed = self.length()?;
                self.length()?;
                packed
            }
            Length::Special(_) => return Err(Stop::Bad("unknown string encoding")),
        };
        self.take(count).map(drop)
    }
}

const BAD_LZF: &str = "compressed bytes that do not give the length that is stated";

#[cfg(test)]
mod tests {
    use super::super::text::{TextWriter, push_length};
    use super::*;
    use proptest::prelude::*;
    use std::string::ToString;

    fn written(compress: bool, text: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        TextWriter::new(compress).push(&mut out, Element::Bytes(text));
        out
    }

    #[test]
    fn lengths_come_back_in_the_shortest_form() {
        let cases = [
            (0, 1),
            (63, 1),
            (64, 2),
            (16_383, 2),
            (16_384, 5),
            (u64::from(u32::MAX), 5),
            (1 << 32, 9),
            (u64::MAX, 9),
        ];
        for (length, bytes) in cases {
            let mut out = Vec::new();
            push_length(&mut out, length);
            assert_eq!(out.len(), bytes);
            assert_eq!(Input::new(&out).length(), Ok(length));
            for cut in 0..out.len() {
                assert!(matches!(
                    Input::new(&out[..cut]).length(),
                    Err(Stop::More(_))
                ));
            }
        }
        assert!(matches!(Input::new(&[0x90]).length(), Err(Stop::Bad(_))));
        assert!(matches!(Input::new(&[0xc0]).length(), Err(Stop::Bad(_))));
    }

    #[test]
    fn integers_are_written_as_redis_does() {
        for (text, bytes) in [
            (&b"12"[..], &[0xc0, 12][..]),
            (b"-128", &[0xc0, 0x80]),
            (b"128", &[0xc1, 128, 0]),
            (b"-2147483648", &[0xc2, 0, 0, 0, 0x80]),
            (b"2147483648", b"\x0a2147483648"),
            (b"012", b"\x03012"),
            (b"", b"\0"),
        ] {
            assert_eq!(written(true, text), bytes);
        }
    }

    #[test]
    fn a_length_that_nothing_justifies_allocates_nothing() {
        for head in [
            &[0x81, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff][..],
            &[0xc3, 2, 0x80, 0xff, 0xff, 0xff, 0xff, 0, b'a'],
        ] {
            let mut room = Vec::new();
            assert!(Input::new(head).text(&mut room).is_err());
            assert_eq!(room.capacity(), 0);
        }
    }

    proptest! {
        #[test]
        fn strings_come_back(text in "[ab]{0,200}|[0-9-]{0,22}|.{0,60}", compress: bool) {
            let out = written(compress, text.as_bytes());
            let (mut room, mut other) = (Vec::new(), Vec::new());
            let mut input = Input::new(&out);
            prop_assert_eq!(input.text(&mut room).unwrap().to_vec(), text.as_bytes());
            prop_assert_eq!(input.left(), 0);
            input.rewind(0);
            prop_assert_eq!(input.bytes(&mut other).unwrap(), text.as_bytes());
            input.rewind(0);
            input.skip_text().unwrap();
            prop_assert_eq!(input.left(), 0);
            for cut in 0..out.len() {
                let stopped = Input::new(&out[..cut]).text(&mut room).map(|_| ());
                prop_assert!(matches!(stopped, Err(Stop::More(_))), "{}", cut.to_string());
            }
        }
    }
}
