//! Decimal digits to binary, with more bits than an 80-bit float keeps.

use super::text::Binary;
use super::wide::Wide;

/// The value of decimal digits times a power of ten, with enough bits to be rounded; `None` far outside
/// the range of the format. The digits begin with one that is not zero.
pub(super) fn from_digits(
    digits: impl Iterator<Item = u8> + Clone,
    exponent: i64,
) -> Option<Binary> {
    const WORD_DIGITS: usize = 19;
    const KEPT_DIGITS: usize = 100;
    let count = digits.clone().count();
    if count == 0 {
        return Some(Binary {
            mantissa: 0,
            inexact: false,
            exponent: 0,
        });
    }
    if count <= WORD_DIGITS {
        let number = digits.fold(0, |sum, digit| sum * 10 + u64::from(digit));
        return from_word(number, exponent)
            .or_else(|| from_wide(Wide::from_u64(number), count, exponent));
    }
    let mut number = Wide::zero();
    digits
        .clone()
        .take(KEPT_DIGITS)
        .for_each(|digit| number.mul_add(10, u32::from(digit)));
    let dropped = count.saturating_sub(KEPT_DIGITS);
    let mut binary = from_wide(number, count - dropped, exponent + dropped as i64)?;
    binary.inexact |= digits.skip(KEPT_DIGITS).any(|digit| digit != 0);
    Some(binary)
}

/// The usual case, where the power of five fits a word.
fn from_word(number: u64, exponent: i64) -> Option<Binary> {
    const WORD_POWER_MAX: i64 = 27;
    if !(-WORD_POWER_MAX..=WORD_POWER_MAX).contains(&exponent) {
        return None;
    }
    let power = 5u64.pow(exponent.unsigned_abs() as u32);
    if exponent >= 0 {
        let mantissa = u128::from(number) * u128::from(power);
        return Some(Binary {
            mantissa,
            inexact: false,
            exponent,
        });
    }
    let shift = number.leading_zeros() + 64;
    let dividend = u128::from(number) << shift;
    let (mantissa, rest) = (dividend / u128::from(power), dividend % u128::from(power));
    // At least 65 bits: a mantissa and the bit that rounds it.
    Some(Binary {
        mantissa,
        inexact: rest != 0,
        exponent: exponent - i64::from(shift),
    })
}

/// The general case; `number` has `count` digits.
fn from_wide(mut number: Wide, count: usize, exponent: i64) -> Option<Binary> {
    /// Powers of ten of the first digit beyond which a number is infinite or zero.
    const RANGE: core::ops::RangeInclusive<i64> = -4960..=4932;
    if !RANGE.contains(&(exponent + count as i64 - 1)) {
        return None;
    }
    let power = exponent.unsigned_abs() as u32;
    if exponent >= 0 {
        number.mul_power_of_five(power);
        let (mantissa, below, inexact) = number.top();
        return Some(Binary {
            mantissa,
            inexact,
            exponent: exponent + i64::from(below),
        });
    }
    let mut divisor = Wide::from_u64(1);
    divisor.mul_power_of_five(power);
    let (mantissa, last_bit, inexact) = number.divide(divisor);
    Some(Binary {
        mantissa,
        inexact,
        exponent: exponent + last_bit,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_of_reading_agree() {
        for count in [1usize, 5, 18, 19] {
            for exponent in -27..=27 {
                let number = 9_876_543_210_123_456_789 / 10u64.pow(19 - count as u32);
                let rounded = |binary: Option<Binary>| {
                    let (mantissa, exponent) = binary.unwrap().round(64, -16445);
                    let slack = mantissa.leading_zeros();
                    (mantissa << slack, exponent - i64::from(slack))
                };
                let quick = rounded(from_word(number, exponent));
                let wide = rounded(from_wide(Wide::from_u64(number), count, exponent));
                assert_eq!(quick, wide, "{number}e{exponent}");
            }
        }
    }
}
