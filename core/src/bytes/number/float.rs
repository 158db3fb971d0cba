//! Scores: text to `f64` as Redis reads it, `f64` to the text that Redis 8 and Valkey 9 reply with.

use super::grisu::Digits;
use super::integer::{INTEGER_TEXT_MAX, write_i64};
use super::text::{Binary, Magnitude, scan};
use core::str;

/// Room enough for any text of [`write_f64_shortest`].
pub const FLOAT_TEXT_MAX: usize = 32;

/// The score that the whole of `text` spells, by the rules of Redis's `string2d`: what `strtod` accepts,
/// including `+inf`, `Infinity`, `.5`, `5.` and `0x1p3`, but no leading space and no NaN. Like there, a
/// finite number that would become infinite, or a number other than zero that would become zero, is
/// refused. (Valkey 9 refuses hexadecimal too; Redis 8 takes it, and so does this.)
pub fn parse_f64(text: &[u8]) -> Option<f64> {
    if let Some(value) = parse_short_decimal(text) {
        return Some(value);
    }
    let (negative, magnitude) = scan(text)?;
    let value = match magnitude {
        Magnitude::Infinite => f64::INFINITY,
        Magnitude::Binary(binary) => binary_to_f64(binary)?,
        Magnitude::Decimal(decimal) => {
            let unsigned = text.strip_prefix(b"-").unwrap_or(text);
            let value: f64 = str::from_utf8(unsigned).ok()?.parse().ok()?;
            if value.is_infinite() || (value == 0.0 && !decimal.is_zero()) {
                return None;
            }
            value
        }
    };
    Some(if negative { -value } else { value })
}

/// Writes a short text that reads back as `value`, with the digits and in the form of Redis 8: whole numbers up to
/// 2^62 in full (`3`, not `3.0`), others plainly while they are short, else as `1.5e+30`, `1e-7`; `-0`, `inf`,
/// `-inf`, `nan`.
pub fn write_f64_shortest(value: f64, out: &mut [u8; FLOAT_TEXT_MAX]) -> &[u8] {
    if let Some(whole) = exact_integer(value) {
        let mut room = [0; INTEGER_TEXT_MAX];
        return copy_to(write_i64(whole, &mut room), out);
    }
    write_f64_digits(value, out)
}

/// The same without the exception for whole numbers: plainly while it is short, else with an exponent (`5e+17`). Redis
/// takes scores into DEBUG DIGEST so.
pub fn write_f64_digits(value: f64, out: &mut [u8; FLOAT_TEXT_MAX]) -> &[u8] {
    match value {
        _ if value.is_nan() => copy_to(b"nan", out),
        _ if value == 0.0 => copy_to(
            if value.is_sign_negative() {
                b"-0".as_slice()
            } else {
                b"0"
            },
            out,
        ),
        _ if value.is_infinite() => copy_to(if value > 0.0 { b"inf" } else { b"-inf" }, out),
        _ => {
            let mut text = Text { out, len: 0 };
            if value < 0.0 {
                text.push(b"-");
            }
            Digits::of(value.abs()).lay_out(&mut text);
            let Text { out, len } = text;
            &out[..len]
        }
    }
}

/// Plain numbers of few digits, by far the most usual scores: digits and power of ten are exact as doubles, so that one
/// division rounds right (Clinger's fast path).
#[inline]
fn parse_short_decimal(text: &[u8]) -> Option<f64> {
    const EXACT_DIGITS: usize = 15;
    const POWERS: [f64; EXACT_DIGITS + 1] = [
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
    ];
    let (negative, number) = match text {
        [b'-', rest @ ..] => (true, rest),
        _ => (false, text),
    };
    let (mut value, mut digits, mut whole) = (0i64, 0, None);
    for &byte in number {
        let digit = byte.wrapping_sub(b'0');
        if digit <= 9 && digits < EXACT_DIGITS {
            value = value * 10 + i64::from(digit);
            digits += 1;
        } else if byte == b'.' && whole.is_none() {
            whole = Some(digits);
        } else {
            return None;
        }
    }
    if digits == 0 {
        return None;
    }
    let magnitude = match whole {
        None => value as f64,
        Some(whole) => value as f64 / POWERS[digits - whole],
    };
    Some(if negative { -magnitude } else { magnitude })
}

fn binary_to_f64(binary: Binary) -> Option<f64> {
    const LOWEST_EXPONENT: i64 = -1074;
    let (mantissa, exponent) = binary.round(f64::MANTISSA_DIGITS, LOWEST_EXPONENT);
    if binary.mantissa == 0 {
        return Some(0.0);
    }
    let power = match exponent {
        ..=-1023 => f64::from_bits(1 << (exponent - LOWEST_EXPONENT)),
        -1022..=1023 => f64::from_bits(((exponent + 1023) as u64) << 52),
        _ => f64::INFINITY,
    };
    // Exact: the mantissa was rounded to what the result can hold.
    let value = mantissa as f64 * power;
    (value.is_finite() && value != 0.0).then_some(value)
}

/// `value` as an integer when it is one and lies within the range that Redis prints as integers.
#[inline]
fn exact_integer(value: f64) -> Option<i64> {
    const LIMIT: f64 = (i64::MAX / 2) as f64;
    if !(-LIMIT..=LIMIT).contains(&value) || value.to_bits() == (-0.0f64).to_bits() {
        return None;
    }
    let whole = value as i64;
    (whole as f64 == value).then_some(whole)
}

fn copy_to<'a>(text: &[u8], out: &'a mut [u8; FLOAT_TEXT_MAX]) -> &'a [u8] {
    out[..text.len()].copy_from_slice(text);
    &out[..text.len()]
}

impl Digits {
    fn lay_out(&self, text: &mut Text<'_>) {
        const MORE_ZEROS_MAX: i32 = 7;
        let digits = self.text();
        // The power of ten of the first digit.
        let leading = self.exponent + digits.len() as i32 - 1;
        let point = leading + 1;
        if (0..=MORE_ZEROS_MAX).contains(&self.exponent) {
            text.push(digits);
            text.push(&b"0000000"[..self.exponent as usize]);
        } else if self.exponent < 0 && (self.exponent > -MORE_ZEROS_MAX || leading.abs() < 4) {
            match usize::try_from(point) {
                Ok(point) if point > 0 => {
                    text.push(&digits[..point]);
                    text.push(b".");
                    text.push(&digits[point..]);
                }
                _ => {
                    text.push(b"0.");
                    text.push(&b"000000"[..point.unsigned_abs() as usize]);
                    text.push(digits);
                }
            }
        } else {
            text.push(&digits[..1]);
            if digits.len() > 1 {
                text.push(b".");
                text.push(&digits[1..]);
            }
            text.push(if leading < 0 { b"e-" } else { b"e+" });
            text.push(write_i64(
                i64::from(leading.abs()),
                &mut [0; INTEGER_TEXT_MAX],
            ));
        }
    }
}

struct Text<'a> {
    out: &'a mut [u8; FLOAT_TEXT_MAX],
    len: usize,
}

impl Text<'_> {
    fn push(&mut self, part: &[u8]) {
        self.out[self.len..self.len + part.len()].copy_from_slice(part);
        self.len += part.len();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::string::{String, ToString};

    fn shortest(value: f64) -> String {
        let mut out = [0; FLOAT_TEXT_MAX];
        String::from_utf8_lossy(write_f64_shortest(value, &mut out)).into_owned()
    }

    #[test]
    fn digits_alone_make_no_exception_for_whole_numbers() {
        for (value, text) in [
            (0.0, "0"),
            (-0.0, "-0"),
            (-12.0, "-12"),
            (5e17, "5e+17"),
            (1_234_567.0, "1234567"),
            (0.1, "0.1"),
            (1e-7, "1e-7"),
            (f64::INFINITY, "inf"),
        ] {
            let mut out = [0; FLOAT_TEXT_MAX];
            assert_eq!(write_f64_digits(value, &mut out), text.as_bytes());
        }
        assert_eq!(shortest(5e17), "500000000000000000");
    }

    #[test]
    fn scores_are_read_as_redis_reads_them() {
        for (text, value) in [
            ("5", 5.0),
            ("+5", 5.0),
            ("-5", -5.0),
            ("5.", 5.0),
            (".5", 0.5),
            ("-.5", -0.5),
            ("1e5", 1e5),
            ("1E5", 1e5),
            ("1e+5", 1e5),
            ("1e-5", 1e-5),
            ("inf", f64::INFINITY),
            ("+inf", f64::INFINITY),
            ("-INF", -f64::INFINITY),
            ("Infinity", f64::INFINITY),
            ("-infinity", -f64::INFINITY),
            ("00012", 12.0),
            ("0e500", 0.0),
            ("0e99999999999999999999", 0.0),
            ("0x10", 16.0),
            ("0X1P3", 8.0),
            ("-0x1.8p1", -3.0),
            ("0x.8", 0.5),
            ("+0x10", 16.0),
            ("0x0p-9999", 0.0),
            ("0x1p-1074", 5e-324),
            ("0x1.8p-1074", 1e-323),
            ("1e-320", 1e-320),
            ("0x1.fffffffffffffp1023", f64::MAX),
            ("0x2p1022", 2f64.powi(1023)),
            ("4.9e-324", 5e-324),
            ("9007199254740993", 9007199254740992.0),
            ("123456789012345", 123456789012345.0),
            ("0x20000000000001", 9007199254740992.0),
            ("0x20000000000003", 9007199254740996.0),
        ] {
            assert_eq!(parse_f64(text.as_bytes()), Some(value), "{text}");
        }
        for zero in ["-0", "-0.0", "-0x0"] {
            assert_eq!(
                parse_f64(zero.as_bytes()).map(f64::to_bits),
                Some((-0.0f64).to_bits()),
                "{zero}"
            );
        }
    }

    #[test]
    fn what_redis_refuses_is_refused() {
        for text in [
            "",
            "-",
            "+",
            ".",
            "+.",
            "-.e1",
            "1e",
            "1e+",
            "e5",
            " 5",
            "5 ",
            "\t5",
            "infin",
            "in",
            "nan",
            "NaN",
            "-nan",
            "nan(1)",
            "0x",
            "0x.",
            "0x1p",
            "0x1p+",
            "0xg",
            "0x1p2000",
            "0x1p-1075",
            "0x1p-2000",
            "1e400",
            "-1e400",
            "1e-400",
            "2e-324",
            "1_0",
            "1\x002",
            "--5",
            "+-5",
            "1e99999999999999999999",
            "1.2.3",
            "0x1.8.1",
        ] {
            assert_eq!(parse_f64(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn shortest_text_is_laid_out_as_in_redis() {
        for (value, text) in [
            (0.0, "0"),
            (-0.0, "-0"),
            (3.0, "3"),
            (-3.5, "-3.5"),
            (0.1, "0.1"),
            (1e15, "1000000000000000"),
            (1e18, "1000000000000000000"),
            (1e19, "1e+19"),
            (1e20, "1e+20"),
            (1.5e20, "1.5e+20"),
            (1.2345678901234567e19, "12345678901234567000"),
            (1e-5, "0.00001"),
            (1e-6, "0.000001"),
            (1e-7, "1e-7"),
            (1.23e-5, "1.23e-5"),
            (1.5e-5, "0.000015"),
            (0.00012345678, "1.2345678e-4"),
            (0.0012345678, "0.0012345678"),
            (5e-324, "5e-324"),
            (0.00123456789, "0.00123456789"),
            (1.7976931348623157e308, "1.7976931348623157e+308"),
            (1e100, "1e+100"),
            (-1.5e-100, "-1.5e-100"),
            (f64::INFINITY, "inf"),
            (-f64::INFINITY, "-inf"),
            (f64::NAN, "nan"),
            (0.30000000000000004, "0.30000000000000004"),
            (-2.2250738585072014e-308, "-2.2250738585072014e-308"),
            (123456.789, "123456.789"),
            (9007199254740993.0, "9007199254740992"),
            (2.625, "2.625"),
        ] {
            assert_eq!(shortest(value), text);
        }
    }

    proptest! {
        #[test]
        fn shortest_text_reads_back(bits: u64) {
            let value = f64::from_bits(bits);
            prop_assume!(!value.is_nan());
            let text = shortest(value);
            prop_assert_eq!(parse_f64(text.as_bytes()), Some(value), "{}", text);
        }

        #[test]
        fn decimals_read_as_the_standard_library_reads_them(text in "[+-]?[0-9]{0,20}[.]?[0-9]{0,20}(e[+-]?[0-9]{1,2})?") {
            prop_assert_eq!(parse_f64(text.as_bytes()), text.parse().ok());
        }

        #[test]
        fn any_text_is_read_without_panic(text in "[-+0-9.xXpPeEinfa ]{0,12}") {
            let value = parse_f64(text.as_bytes());
            if let Some(value) = value.filter(|_| !text.contains(['x', 'X'])) {
                prop_assert_eq!(text.parse(), Ok(value));
            }
        }

        #[test]
        fn short_decimals_keep_their_text(whole in -99_999i64..99_999, cents in 1u32..100) {
            let text = std::format!("{whole}.{cents:02}");
            let text = text.trim_end_matches('0');
            prop_assume!(whole != 0);
            prop_assert_eq!(shortest(text.parse().unwrap_or(f64::NAN)), text.to_string());
        }
    }
}
