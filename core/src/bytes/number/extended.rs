//! The arithmetic behind INCRBYFLOAT and HINCRBYFLOAT.
//!
//! Redis adds in C's `long double`, which on x86-64 has a mantissa of 64 bits, and prints with `%.17Lf`
//! less trailing zeros. The three bits more than the 17 digits need are why `3.0 + 0.3` answers
//! `3.3`; in `f64` it would not. So that answers are the same to the last digit, the format is rebuilt
//! here: reading, adding and printing all round exactly as the x87 unit and glibc do.

use super::decimal::from_digits;
use super::integer::{INTEGER_TEXT_MAX, digits, write_u64};
use super::text::{Binary, Magnitude, scan};
use super::wide::Wide;
use alloc::vec::Vec;

/// Significant bits of the format.
const BITS: u32 = 64;
/// The power of two of the last mantissa bit in the greatest finite number, 2^16384 - 2^16320.
const EXPONENT_MAX: i64 = 16320;
/// The smallest number above zero is 2 to this power.
const EXPONENT_MIN: i64 = -16445;
/// Redis refuses longer texts (its buffer has 5 KiB with the terminator).
const TEXT_MAX: usize = 5 * 1024 - 1;
/// Digits behind the point that are printed at most.
const FRACTION_DIGITS: usize = 17;

/// An 80-bit extended float: finite or infinite, never NaN.
///
/// Two of them are equal when they are stored alike; there is no order, none is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extended {
    negative: bool,
    value: Value,
}

/// `mantissa x 2^exponent`; a mantissa of 0 is zero whatever the exponent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Value {
    Finite { mantissa: u64, exponent: i64 },
    Infinite,
}

/// Why [`add_float_text`] has no sum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddFloatError {
    /// The stored value is not a float.
    Current,
    /// The increment is not a float.
    Increment,
    /// The sum would be infinite or not a number.
    NotFinite,
}

/// Appends `current + increment` to `out` as INCRBYFLOAT stores and replies it.
pub fn add_float_text(
    current: &[u8],
    increment: &[u8],
    out: &mut Vec<u8>,
) -> Result<(), AddFloatError> {
    let current = Extended::parse(current).ok_or(AddFloatError::Current)?;
    let increment = Extended::parse(increment).ok_or(AddFloatError::Increment)?;
    let sum = current
        .checked_add(increment)
        .ok_or(AddFloatError::NotFinite)?;
    sum.append_human(out);
    Ok(())
}

impl Extended {
    /// The number that the whole of `text` spells, by the rules of Redis's `string2ld`: those of
    /// [`parse_f64`](super::parse_f64) with the range of 80 bits, and at most 5119 bytes.
    ///
    /// Of more than 100 significant digits, those beyond count only as "something follows".
    pub fn parse(text: &[u8]) -> Option<Extended> {
        if text.len() > TEXT_MAX {
            return None;
        }
        let (negative, magnitude) = scan(text)?;
        let binary = match magnitude {
            Magnitude::Infinite => {
                return Some(Extended {
                    negative,
                    value: Value::Infinite,
                });
            }
            Magnitude::Binary(binary) => binary,
            Magnitude::Decimal(decimal) => {
                let (digits, exponent) = decimal.significant();
                from_digits(digits, exponent)?
            }
        };
        let rounded = Extended::round(negative, binary)?;
        let vanished = rounded.is_zero() && binary.mantissa != 0;
        (!vanished).then_some(rounded)
    }

    /// Exactly `value`, which must not be NaN: then the result is infinite.
    pub fn from_f64(value: f64) -> Extended {
        let negative = value.is_sign_negative();
        if !value.is_finite() {
            return Extended {
                negative,
                value: Value::Infinite,
            };
        }
        let biased = value.to_bits() >> 52 & 0x7ff;
        let fraction = value.to_bits() & ((1 << 52) - 1);
        let (mantissa, exponent) = match biased {
            0 => (fraction, -1074),
            _ => (fraction | 1 << 52, biased as i64 - 1075),
        };
        Extended {
            negative,
            value: Value::Finite { mantissa, exponent },
        }
    }

    /// Exactly `value`.
    pub fn from_i64(value: i64) -> Extended {
        let value_of = Value::Finite {
            mantissa: value.unsigned_abs(),
            exponent: 0,
        };
        Extended {
            negative: value < 0,
            value: value_of,
        }
    }

    /// Whether this is neither infinity.
    pub fn is_finite(self) -> bool {
        self.value != Value::Infinite
    }

    /// The sum, rounded to nearest; `None` when it would be infinite or NaN.
    pub fn checked_add(self, other: Extended) -> Option<Extended> {
        /// Room below the greater operand's last bit, so that all that is lost of the smaller one lies
        /// below the bits that decide the rounding.
        const GUARD_BITS: u32 = 62;
        let (mut high, mut low) = (self.normalized()?, other.normalized()?);
        if low.1 == 0 || high.1 == 0 {
            let zero_sign = high.0 && low.0;
            let sum = if low.1 == 0 { self } else { other };
            return Some(if sum.is_zero() {
                Extended {
                    negative: zero_sign,
                    ..sum
                }
            } else {
                sum
            });
        }
        if (low.2, low.1) > (high.2, high.1) {
            (high, low) = (low, high);
        }
        let (negative, high, exponent) = (high.0, u128::from(high.1) << GUARD_BITS, high.2);
        let distance = u32::try_from(exponent - low.2).unwrap_or(u32::MAX);
        let aligned = u128::from(low.1) << GUARD_BITS;
        let kept = aligned.checked_shr(distance).unwrap_or(0);
        let inexact = kept.checked_shl(distance).unwrap_or(0) != aligned;
        let mantissa = match negative == low.0 {
            true => high + kept,
            // What was lost of the subtrahend pulls the difference just below the next number.
            false => high - kept - u128::from(inexact),
        };
        let exponent = exponent - i64::from(GUARD_BITS);
        let negative = negative && mantissa != 0;
        Extended::round(
            negative,
            Binary {
                mantissa,
                inexact,
                exponent,
            },
        )
    }

    /// The product with `factor`, rounded to the format and then up to an integer: `None` when that is above all 64-bit
    /// integers, the least of them when it is below.
    pub fn times_rounded_up(self, factor: u32) -> Option<i64> {
        let product = match self.value {
            Value::Infinite => None,
            Value::Finite { mantissa, exponent } => Extended::round(
                self.negative,
                Binary {
                    mantissa: u128::from(mantissa) * u128::from(factor),
                    inexact: false,
                    exponent,
                },
            ),
        };
        let whole_and_rest = product.and_then(Extended::whole_and_rest);
        if self.negative {
            let whole = whole_and_rest.and_then(|(whole, _)| i64::try_from(whole).ok());
            return Some(whole.map_or(i64::MIN, |whole| -whole));
        }
        let (whole, has_rest) = whole_and_rest?;
        i64::try_from(whole.checked_add(u64::from(has_rest))?).ok()
    }

    /// The digits before the point without the sign, and whether any follow; `None` when they do not fit 64 bits.
    fn whole_and_rest(self) -> Option<(u64, bool)> {
        let Value::Finite { mantissa, exponent } = self.value else {
            return None;
        };
        match u32::try_from(exponent) {
            _ if mantissa == 0 => Some((0, false)),
            Ok(power) => (power <= mantissa.leading_zeros()).then(|| (mantissa << power, false)),
            Err(_) => {
                let shift = u32::try_from(exponent.unsigned_abs()).unwrap_or(u32::MAX);
                let whole = mantissa.checked_shr(shift).unwrap_or(0);
                let has_rest = whole.checked_shl(shift).unwrap_or(0) != mantissa;
                Some((whole, has_rest))
            }
        }
    }

    /// Appends the number as Redis's `LD_STR_HUMAN`: no exponent, at most 17 digits behind the point, no
    /// trailing zeros, no negative zero.
    pub fn append_human(self, out: &mut Vec<u8>) {
        let start = out.len();
        if self.negative {
            out.push(b'-');
        }
        match self.value {
            Value::Infinite => out.extend_from_slice(b"inf"),
            Value::Finite { mantissa, exponent } => match u32::try_from(exponent) {
                Ok(power) if power <= mantissa.leading_zeros() => {
                    append_u64(mantissa << power, out)
                }
                Ok(power) => append_wide(mantissa, power, out),
                Err(_) => append_fraction(mantissa, exponent.unsigned_abs(), out),
            },
        }
        if out[start..] == *b"-0" {
            out.remove(start);
        }
    }

    fn is_zero(self) -> bool {
        matches!(self.value, Value::Finite { mantissa: 0, .. })
    }

    /// `None` when the number is too great for the format.
    fn round(negative: bool, binary: Binary) -> Option<Extended> {
        if binary.mantissa == 0 {
            return Some(Extended {
                negative,
                ..Extended::from_i64(0)
            });
        }
        let (mantissa, exponent) = binary.round(BITS, EXPONENT_MIN);
        let slack = i64::from(mantissa.leading_zeros());
        let fits = mantissa == 0 || exponent - slack <= EXPONENT_MAX;
        fits.then_some(Extended {
            negative,
            value: Value::Finite { mantissa, exponent },
        })
    }

    /// Sign, mantissa with its top bit set (or 0), and exponent; `None` when infinite.
    fn normalized(self) -> Option<(bool, u64, i64)> {
        match self.value {
            Value::Infinite => None,
            Value::Finite { mantissa: 0, .. } => Some((self.negative, 0, 0)),
            Value::Finite { mantissa, exponent } => {
                let slack = mantissa.leading_zeros();
                Some((
                    self.negative,
                    mantissa << slack,
                    exponent - i64::from(slack),
                ))
            }
        }
    }
}

fn append_u64(value: u64, out: &mut Vec<u8>) {
    out.extend_from_slice(write_u64(value, &mut [0; INTEGER_TEXT_MAX]));
}

/// Appends `mantissa x 2^power` in full.
fn append_wide(mantissa: u64, power: u32, out: &mut Vec<u8>) {
    const CHUNK: u32 = 1_000_000_000;
    const CHUNK_DIGITS: usize = 9;
    /// Enough for the 4933 digits of the greatest number.
    const CHUNKS: usize = 549;
    let mut number = Wide::from_u64(mantissa);
    number.shift_left(power);
    let (mut chunks, mut count) = ([0; CHUNKS], 0);
    while !number.is_zero() && count < CHUNKS {
        chunks[count] = number.divide_small(CHUNK);
        count += 1;
    }
    let mut chunks = chunks[..count].iter().rev();
    append_u64(chunks.next().copied().unwrap_or(0).into(), out);
    for &chunk in chunks {
        append_padded(chunk.into(), CHUNK_DIGITS, out);
    }
}

/// Appends `mantissa / 2^shift`, rounded to 17 digits behind the point, ties to even.
fn append_fraction(mantissa: u64, shift: u64, out: &mut Vec<u8>) {
    const SCALE: u64 = 10u64.pow(FRACTION_DIGITS as u32);
    let shift = u32::try_from(shift).unwrap_or(u32::MAX);
    let whole = mantissa.checked_shr(shift).unwrap_or(0);
    let rest = mantissa - whole.checked_shl(shift).unwrap_or(0);
    // Below 2^64 x 10^17, which leaves six bits free.
    let scaled = u128::from(rest) * u128::from(SCALE);
    let fraction = match shift {
        0..=127 => {
            (Binary {
                mantissa: scaled,
                inexact: false,
                exponent: -i64::from(shift),
            })
            .round(BITS, 0)
            .0
        }
        _ => 0,
    };
    append_u64(whole + fraction / SCALE, out);
    if !fraction.is_multiple_of(SCALE) {
        out.push(b'.');
        append_padded(fraction % SCALE, FRACTION_DIGITS, out);
        let zeros = out.iter().rev().take_while(|&&byte| byte == b'0').count();
        out.truncate(out.len() - zeros);
    }
}

fn append_padded(value: u64, width: usize, out: &mut Vec<u8>) {
    out.resize(out.len() + width - digits(value), b'0');
    append_u64(value, out);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::format;
    use std::string::{String, ToString};

    fn add(current: &str, increment: &str) -> Result<String, AddFloatError> {
        let mut out = Vec::new();
        add_float_text(current.as_bytes(), increment.as_bytes(), &mut out)?;
        Ok(String::from_utf8_lossy(&out).into_owned())
    }

    /// Sums that Redis 8.0.6 gives on x86-64.
    #[test]
    fn sums_are_those_of_redis() {
        for (current, increment, sum) in [
            ("3.0", "0.3", "3.3"),
            ("10.5", "0.1", "10.6"),
            ("0.1", "0.2", "0.3"),
            ("5.0e3", "2.0e2", "5200"),
            ("123456789.123456789", "0.1", "123456789.22345678899728227"),
            ("1e30", "1", "1000000000000000000024696061952"),
            ("0x1p3", "1", "9"),
            ("1e-18", "-2e-18", "0"),
            ("1e20", "0.1", "100000000000000000000"),
            ("18446744073709551615", "1", "18446744073709551616"),
            ("18446744073709551616", "1", "18446744073709551616"),
            ("36893488147419103233", "0", "36893488147419103232"),
            ("-0", "-0", "0"),
            ("0", "0.000000000000000005", "0"),
            ("0", "0.000000000000000015", "0.00000000000000002"),
            ("0", "1e-4950", "0"),
            ("5", "+3", "8"),
            ("1", "-1.5", "-0.5"),
            ("", "1", "?"),
        ] {
            match sum {
                "?" => assert_eq!(add(current, increment), Err(AddFloatError::Current)),
                _ => assert_eq!(
                    add(current, increment),
                    Ok(sum.to_string()),
                    "{current} + {increment}"
                ),
            }
        }
    }

    #[test]
    fn what_redis_refuses_is_refused() {
        use AddFloatError::{Current, Increment, NotFinite};
        for (current, increment, error) in [
            ("inf", "1", NotFinite),
            ("inf", "-inf", NotFinite),
            ("1e4932", "1e4932", NotFinite),
            ("nan", "1", Current),
            ("1", " 1", Increment),
            ("0", "1e-5000", Increment),
            ("0", "1e-4951", Increment),
            ("0", "1e4933", Increment),
            ("0", "1.2e4932", Increment),
        ] {
            assert_eq!(
                add(current, increment),
                Err(error),
                "{current} + {increment}"
            );
        }
        assert_eq!(Extended::parse(&[b'1'; TEXT_MAX + 1]), None);
        assert_eq!(Extended::parse(&[b'1'; TEXT_MAX]), None, "too great");
        assert!(Extended::parse(&[b'0'; TEXT_MAX]).is_some());
    }

    #[test]
    fn extremes_print_in_full() {
        let greatest = add("0x0.ffffffffffffffffp16384", "0").unwrap();
        assert_eq!(greatest.len(), 4933);
        assert!(greatest.starts_with("118973149535723176502126385303097020516906332229462420"));
        assert_eq!(add(&greatest, &greatest), Err(AddFloatError::NotFinite));
        assert_eq!(add(&greatest, &format!("-{greatest}")).as_deref(), Ok("0"));
        assert_eq!(
            Extended::parse(greatest.as_bytes()),
            Extended::parse(b"0x0.ffffffffffffffffp16384")
        );
        let smallest = Extended::parse(b"3.7e-4951").unwrap();
        assert_eq!(smallest, Extended::parse(b"0x1p-16445").unwrap());
        assert_eq!(
            smallest
                .checked_add(Extended::parse(b"-4e-4951").unwrap())
                .map(Extended::is_zero),
            Some(true)
        );
    }

    #[test]
    fn a_double_keeps_its_value() {
        let human = |value| {
            let mut out = Vec::new();
            Extended::from_f64(value).append_human(&mut out);
            String::from_utf8_lossy(&out).into_owned()
        };
        assert_eq!(human(0.1), "0.10000000000000001");
        assert_eq!(human(-13.5), "-13.5");
        assert_eq!(human(-0.0), "0");
        assert_eq!(human(1e22), "10000000000000000000000");
        assert_eq!(human(13.361389338970184), "13.36138933897018433");
        assert_eq!(human(-f64::INFINITY), "-inf");
    }

    proptest! {
        #[test]
        fn short_decimals_add_exactly(a in -499_999i64..499_999, b in -499_999i64..499_999) {
            let text = |n: i64| format!("{}{}.{:05}", if n < 0 { "-" } else { "" }, n.abs() / 100_000, n.abs() % 100_000);
            let sum = text(a + b);
            let sum = sum.trim_end_matches('0').trim_end_matches('.');
            prop_assert_eq!(add(&text(a), &text(b)), Ok(sum.to_string()));
        }

        #[test]
        fn integers_add_exactly(a: i64, b: i64) {
            let sum = (i128::from(a) + i128::from(b)).to_string();
            prop_assert_eq!(add(&a.to_string(), &b.to_string()), Ok(sum));
        }

        #[test]
        fn doubles_read_exactly(bits: u64) {
            let value = f64::from_bits(bits);
            prop_assume!(value.is_finite());
            let parsed = Extended::parse(format!("{value:.1100}").as_bytes()).map(Extended::normalized);
            prop_assert_eq!(parsed, Some(Extended::from_f64(value).normalized()));
        }

        #[test]
        fn any_text_is_read_without_panic(text in "[-+]?[0-9]{0,30}[.]?[0-9]{0,30}(e-?[0-9]{1,4})?", other in "[0-9.xp]{1,5}") {
            let _ = add(&text, &other);
        }
    }
}
