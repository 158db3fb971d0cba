//! A stored value: an integer or a byte string, and the text of both.

use alloc::vec::Vec;

/// Room for the text of any integer.
pub type IntText = [u8; 21];

/// A value as a listpack holds it.
///
/// Text that is a canonical `i64` (no sign but `-`, no leading zero) is always stored as `Int`, so
/// what is read back as `Bytes` is never such a number. Given to be stored, `Bytes` may hold any text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Element<'a> {
    /// A number, whose text is its decimal form.
    Int(i64),
    /// Any other text.
    Bytes(&'a [u8]),
}

impl<'a> Element<'a> {
    /// The text, in `buffer` if it has to be made.
    #[inline]
    pub fn text<'b>(self, buffer: &'b mut IntText) -> &'b [u8]
    where
        'a: 'b,
    {
        match self {
            Element::Int(number) => format_i64(number, buffer),
            Element::Bytes(bytes) => bytes,
        }
    }

    /// The length of the text in bytes.
    pub fn text_len(self) -> usize {
        match self {
            Element::Int(number) => digits(number.unsigned_abs()) + usize::from(number < 0),
            Element::Bytes(bytes) => bytes.len(),
        }
    }

    /// Whether the text is `other`.
    pub fn equals(self, other: &[u8]) -> bool {
        match self {
            Element::Int(number) => parse_i64(other) == Some(number),
            Element::Bytes(bytes) => bytes == other,
        }
    }

    /// The number, if the text is a canonical one.
    #[inline]
    pub fn as_i64(self) -> Option<i64> {
        match self {
            Element::Int(number) => Some(number),
            Element::Bytes(bytes) => parse_i64(bytes),
        }
    }

    /// The text, owned.
    pub fn to_vec(self) -> Vec<u8> {
        self.text(&mut [0; 21]).to_vec()
    }

    /// The form in which it would be stored: `Int` if the text is a canonical number.
    #[inline]
    pub fn canonical(self) -> Element<'a> {
        match self.as_i64() {
            Some(number) => Element::Int(number),
            None => self,
        }
    }
}

impl<'a> From<&'a [u8]> for Element<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Element::Bytes(bytes)
    }
}

impl<'a, const N: usize> From<&'a [u8; N]> for Element<'a> {
    fn from(bytes: &'a [u8; N]) -> Self {
        Element::Bytes(bytes)
    }
}

impl<'a> From<&'a Vec<u8>> for Element<'a> {
    fn from(bytes: &'a Vec<u8>) -> Self {
        Element::Bytes(bytes)
    }
}

impl From<i64> for Element<'_> {
    fn from(number: i64) -> Self {
        Element::Int(number)
    }
}

/// Reads a canonical number: what [`format_i64`] writes, and nothing else.
#[inline]
fn parse_i64(text: &[u8]) -> Option<i64> {
    // Most text is no number: tell that from the length and the first byte.
    let (&first, _) = text.split_first()?;
    if text.len() > 20 || !(first.is_ascii_digit() || first == b'-') {
        return None;
    }
    parse_digits(text)
}

fn parse_digits(text: &[u8]) -> Option<i64> {
    let (negative, digits) = match text {
        b"0" => return Some(0),
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    if !matches!(digits.first(), Some(b'1'..=b'9')) {
        return None;
    }
    let mut magnitude = 0u64;
    for &byte in digits {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        magnitude = magnitude.checked_mul(10)?.checked_add(u64::from(digit))?;
    }
    if negative {
        0i64.checked_sub_unsigned(magnitude)
    } else {
        i64::try_from(magnitude).ok()
    }
}

fn format_i64(number: i64, buffer: &mut IntText) -> &[u8] {
    let mut rest = number.unsigned_abs();
    let mut at = buffer.len();
    loop {
        at -= 1;
        buffer[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if number < 0 {
        at -= 1;
        buffer[at] = b'-';
    }
    &buffer[at..]
}

fn digits(number: u64) -> usize {
    number.checked_ilog10().map_or(1, |log| log as usize + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    #[test]
    fn text_of_numbers_goes_both_ways() {
        for number in [0, 1, -1, 9, 10, -10, 127, 4095, -4096, i64::MAX, i64::MIN] {
            let element = Element::Int(number);
            let text = number.to_string();
            assert_eq!(element.to_vec(), text.as_bytes());
            assert_eq!(element.text_len(), text.len());
            assert!(element.equals(text.as_bytes()));
            assert_eq!(Element::from(text.as_bytes()).canonical(), element);
        }
    }

    #[test]
    fn other_text_is_no_number() {
        let texts: [&[u8]; 12] = [
            b"",
            b"-",
            b"-0",
            b"00",
            b"01",
            b"+1",
            b" 1",
            b"1 ",
            b"1e3",
            b"9223372036854775808",
            b"-9223372036854775809",
            b"184467440737095516150",
        ];
        for text in texts {
            assert_eq!(Element::Bytes(text).as_i64(), None, "{text:?}");
            assert_eq!(Element::Bytes(text).canonical(), Element::Bytes(text));
            assert_eq!(Element::Bytes(text).text_len(), text.len());
        }
    }
}
