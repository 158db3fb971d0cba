//! The grammar of `strtod`, shared by the readers of 64-bit and of 80-bit floats.
//!
//! ```text
//! number   = [+-] ( decimal | hex | "inf" | "infinity" )        letters in any case
//! decimal  = digits with at most one point [ e [+-] digits ]    a power of ten
//! hex      = 0x hex digits with at most one point [ p [+-] digits ]   a power of two
//! ```
//!
//! "nan" is part of strtod's grammar as well; Redis refuses it everywhere, so it is left out.

/// A number as it was written; its digits are slices of the text.
#[derive(Debug, PartialEq)]
pub(super) enum Magnitude<'a> {
    /// `whole.fraction x 10^exponent`
    Decimal(Decimal<'a>),
    /// The value of a hexadecimal float.
    Binary(Binary),
    /// Infinity, spelled out.
    Infinite,
}

/// The digits on both sides of the point and the power of ten after `e`.
#[derive(Debug, PartialEq)]
pub(super) struct Decimal<'a> {
    pub whole: &'a [u8],
    pub fraction: &'a [u8],
    pub exponent: i64,
}

/// `mantissa x 2^exponent`, plus something smaller than one unit of the mantissa when `inexact` is set.
/// An inexact mantissa has at least one bit more than the rounding keeps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Binary {
    pub mantissa: u128,
    pub inexact: bool,
    pub exponent: i64,
}

/// Exponents beyond this are as good as infinite; the cap keeps sums of exponents from overflowing.
const EXPONENT_CAP: i64 = 1 << 40;

/// Reads the whole of `text`; the flag says whether it is negative.
pub(super) fn scan(text: &[u8]) -> Option<(bool, Magnitude<'_>)> {
    let (negative, rest) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    };
    let magnitude = match rest {
        [b'0', b'x' | b'X', digits @ ..] => Magnitude::Binary(scan_hex(digits)?),
        [b'0'..=b'9' | b'.', ..] => Magnitude::Decimal(scan_decimal(rest)?),
        _ if rest.eq_ignore_ascii_case(b"inf") => Magnitude::Infinite,
        _ if rest.eq_ignore_ascii_case(b"infinity") => Magnitude::Infinite,
        _ => return None,
    };
    Some((negative, magnitude))
}

impl Decimal<'_> {
    /// The digits from the first that is not zero, and the power of ten of the last one.
    pub fn significant(&self) -> (impl Iterator<Item = u8> + Clone, i64) {
        let digits = self.whole.iter().chain(self.fraction);
        let digits = digits
            .map(|byte| byte - b'0')
            .skip_while(|&digit| digit == 0);
        (digits, self.exponent - self.fraction.len() as i64)
    }

    /// Whether every digit is 0.
    pub fn is_zero(&self) -> bool {
        self.significant().0.next().is_none()
    }
}

fn scan_decimal(text: &[u8]) -> Option<Decimal<'_>> {
    let (whole, rest) = split_while(text, u8::is_ascii_digit);
    let (fraction, rest) = match rest {
        [b'.', rest @ ..] => split_while(rest, u8::is_ascii_digit),
        _ => (&rest[..0], rest),
    };
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let exponent = match rest {
        [] => 0,
        [b'e' | b'E', power @ ..] => scan_exponent(power)?,
        _ => return None,
    };
    Some(Decimal {
        whole,
        fraction,
        exponent,
    })
}

fn scan_hex(text: &[u8]) -> Option<Binary> {
    let (whole, rest) = split_while(text, u8::is_ascii_hexdigit);
    let (fraction, rest) = match rest {
        [b'.', rest @ ..] => split_while(rest, u8::is_ascii_hexdigit),
        _ => (&rest[..0], rest),
    };
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let exponent = match rest {
        [] => 0,
        [b'p' | b'P', power @ ..] => scan_exponent(power)?,
        _ => return None,
    };
    let mut binary = Binary {
        mantissa: 0,
        inexact: false,
        exponent: exponent - 4 * fraction.len() as i64,
    };
    for &byte in whole.iter().chain(fraction) {
        let digit = u128::from((byte as char).to_digit(16)?);
        if binary.mantissa >> 124 == 0 {
            binary.mantissa = binary.mantissa << 4 | digit;
        } else {
            binary.inexact |= digit != 0;
            binary.exponent += 4;
        }
    }
    Some(binary)
}

fn scan_exponent(text: &[u8]) -> Option<i64> {
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let fold = |sum: i64, byte: &u8| (sum * 10 + i64::from(byte - b'0')).min(EXPONENT_CAP);
    let magnitude = digits.iter().fold(0, fold);
    Some(if negative { -magnitude } else { magnitude })
}

fn split_while(text: &[u8], wanted: fn(&u8) -> bool) -> (&[u8], &[u8]) {
    let end = text.iter().position(|byte| !wanted(byte));
    text.split_at(end.unwrap_or(text.len()))
}

impl Binary {
    /// Rounds to the nearest number, ties to even, with at most `bits` significant bits (up to 64) and an
    /// exponent of at least `lowest_exponent`; the result is mantissa and exponent.
    pub fn round(self, bits: u32, lowest_exponent: i64) -> (u64, i64) {
        let length = i64::from(u128::BITS - self.mantissa.leading_zeros());
        let excess = (length - i64::from(bits)).max(lowest_exponent - self.exponent);
        if excess <= 0 {
            return (self.mantissa as u64, self.exponent);
        }
        let exponent = self.exponent + excess;
        if excess > i64::from(u128::BITS) {
            return (0, exponent);
        }
        let half = 1u128 << (excess - 1);
        let kept = (self.mantissa >> (excess - 1)) >> 1;
        let lost = self.mantissa & (half | (half - 1));
        let tie_breaks_up = self.inexact || kept & 1 == 1;
        let rounded = kept + u128::from(lost > half || (lost == half && tie_breaks_up));
        if rounded >> bits == 0 {
            (rounded as u64, exponent)
        } else {
            ((rounded >> 1) as u64, exponent + 1)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_goes_to_the_nearest_and_to_even() {
        let round = |mantissa, inexact| {
            Binary {
                mantissa,
                inexact,
                exponent: 0,
            }
            .round(4, -10)
        };
        assert_eq!(round(0b1111, false), (0b1111, 0));
        assert_eq!(round(0b11010, false), (0b1101, 1));
        assert_eq!(round(0b11011, false), (0b1110, 1));
        assert_eq!(round(0b11001, false), (0b1100, 1));
        assert_eq!(round(0b11001, true), (0b1101, 1));
        assert_eq!(round(0b11111, false), (0b1000, 2));
        let tiny = |mantissa, exponent| {
            Binary {
                mantissa,
                inexact: false,
                exponent,
            }
            .round(4, -10)
        };
        assert_eq!(tiny(1, -11), (0, -10));
        assert_eq!(tiny(3, -11), (2, -10));
        assert_eq!(tiny(u128::MAX, -138), (1, -10));
        assert_eq!(tiny(u128::MAX, -139), (0, -10));
        assert_eq!(tiny(u128::MAX, -1000), (0, -10));
    }

    #[test]
    fn long_hex_digits_keep_a_trace_of_what_was_cut() {
        let mut text = std::vec![b'f'; 40];
        let Some(exact) = scan_hex(&text[..31]) else {
            panic!()
        };
        assert_eq!(
            (exact.mantissa >> 120, exact.inexact, exact.exponent),
            (15, false, 0)
        );
        text[39] = b'1';
        let Some(cut) = scan_hex(&text) else { panic!() };
        assert_eq!(
            (cut.mantissa, cut.inexact, cut.exponent),
            (u128::MAX, true, 32)
        );
    }
}
