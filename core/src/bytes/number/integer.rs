//! 64-bit integers and memory sizes.

/// The longest text of a 64-bit integer, signed or not: `-9223372036854775808`, `18446744073709551615`.
pub const INTEGER_TEXT_MAX: usize = 20;

/// Every two-digit number, so that a step of the writer settles two digits.
static PAIRS: [[u8; 2]; 100] = {
    let mut pairs = [[b'0'; 2]; 100];
    let mut n = 0;
    while n < 100 {
        pairs[n] = [b'0' + (n / 10) as u8, b'0' + (n % 10) as u8];
        n += 1;
    }
    pairs
};

/// The integer that `text` spells in its one canonical form, as Redis's `string2ll` wants it: no plus
/// sign, no leading zeros, no `-0`, no spaces, nothing after it. So `parse_i64(t) == Some(n)` exactly
/// when `n` is written as `t`, which is what lets a string be stored as an integer.
#[inline]
pub fn parse_i64(text: &[u8]) -> Option<i64> {
    match text {
        [b'-', rest @ ..] => {
            let magnitude = parse_u64(rest)?;
            let fits = magnitude != 0 && magnitude <= i64::MIN.unsigned_abs();
            fits.then_some((magnitude as i64).wrapping_neg())
        }
        _ => i64::try_from(parse_u64(text)?).ok(),
    }
}

/// The unsigned counterpart of [`parse_i64`].
#[inline]
pub fn parse_u64(text: &[u8]) -> Option<u64> {
    match text {
        [b'0'] => Some(0),
        [b'1'..=b'9', ..] => fold_digits(text),
        _ => None,
    }
}

/// Writes `value` at the end of `out` and returns what was written.
#[inline]
pub fn write_i64(value: i64, out: &mut [u8; INTEGER_TEXT_MAX]) -> &[u8] {
    let mut start = fill_back(value.unsigned_abs(), out);
    if value < 0 {
        // A negative magnitude has at most 19 digits, so there is room.
        start -= 1;
        out[start] = b'-';
    }
    &out[start..]
}

/// Writes `value` at the end of `out` and returns what was written.
#[inline]
pub fn write_u64(value: u64, out: &mut [u8; INTEGER_TEXT_MAX]) -> &[u8] {
    let start = fill_back(value, out);
    &out[start..]
}

/// How many decimal digits `value` has; 0 has one.
#[inline]
pub fn digits(value: u64) -> usize {
    value.checked_ilog10().map_or(1, |log| log as usize + 1)
}

/// A memory size as `redis.conf` writes it: digits and an optional unit in any case, where `k`, `m`, `g`
/// are powers of 1000 and `kb`, `mb`, `gb` powers of 1024. As in Redis, no digits at all count as 0.
/// What does not fit 64 bits is refused, where Redis wraps around.
pub fn parse_memory(text: &[u8]) -> Option<u64> {
    let unit_at = text.iter().position(|b| !b.is_ascii_digit());
    let (number, unit) = text.split_at(unit_at.unwrap_or(text.len()));
    let factor: u64 = match unit {
        b"" | [b'b' | b'B'] => 1,
        [b'k' | b'K'] => 1000,
        [b'm' | b'M'] => 1000 * 1000,
        [b'g' | b'G'] => 1000 * 1000 * 1000,
        [b'k' | b'K', b'b' | b'B'] => 1 << 10,
        [b'm' | b'M', b'b' | b'B'] => 1 << 20,
        [b'g' | b'G', b'b' | b'B'] => 1 << 30,
        _ => return None,
    };
    let zeros = number.iter().take_while(|&&b| b == b'0').count();
    fold_digits(&number[zeros..])?.checked_mul(factor)
}

/// The value of up to 20 digits; no digits are 0.
#[inline]
fn fold_digits(text: &[u8]) -> Option<u64> {
    const SAFE: usize = 19;
    let mut value = 0u64;
    for &byte in text.iter().take(SAFE) {
        // 19 digits stay below 2^64.
        value = value * 10 + u64::from(digit(byte)?);
    }
    match text.get(SAFE..) {
        None | Some([]) => Some(value),
        Some(&[last]) => value.checked_mul(10)?.checked_add(u64::from(digit(last)?)),
        Some(_) => None,
    }
}

#[inline(always)]
fn digit(byte: u8) -> Option<u8> {
    let value = byte.wrapping_sub(b'0');
    (value < 10).then_some(value)
}

/// Writes the digits of `value` so that they end where `out` ends; returns where they start.
#[inline(always)]
fn fill_back(mut value: u64, out: &mut [u8; INTEGER_TEXT_MAX]) -> usize {
    let mut at = INTEGER_TEXT_MAX;
    while value >= 100 {
        at -= 2;
        out[at..at + 2].copy_from_slice(&PAIRS[(value % 100) as usize]);
        value /= 100;
    }
    if value >= 10 {
        at -= 2;
        out[at..at + 2].copy_from_slice(&PAIRS[value as usize]);
    } else {
        at -= 1;
        out[at] = b'0' + value as u8;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::string::ToString;

    #[test]
    fn only_canonical_integers_are_accepted() {
        for refused in [
            "",
            "-",
            "+",
            "+1",
            "-0",
            "00",
            "01",
            "-01",
            " 1",
            "1 ",
            "1a",
            "a",
            "1.0",
            "1e3",
            "--1",
            "0x1",
            "9223372036854775808",
            "-9223372036854775809",
            "99999999999999999999",
            "184467440737095516150",
            "-00000000000000000001",
            "1\0",
            ":",
            "/",
        ] {
            assert_eq!(parse_i64(refused.as_bytes()), None, "{refused}");
        }
        assert_eq!(parse_i64(b"9223372036854775807"), Some(i64::MAX));
        assert_eq!(parse_i64(b"-9223372036854775808"), Some(i64::MIN));
        assert_eq!(parse_u64(b"18446744073709551615"), Some(u64::MAX));
        assert_eq!(parse_u64(b"18446744073709551616"), None);
        assert_eq!(parse_u64(b"-1"), None);
    }

    #[test]
    fn memory_sizes_follow_the_configuration_file() {
        for (text, bytes) in [
            ("0", 0),
            ("1", 1),
            ("1b", 1),
            ("007", 7),
            ("", 0),
            ("kb", 0),
            ("1k", 1000),
            ("1K", 1000),
            ("1kb", 1024),
            ("1KB", 1024),
            ("100mb", 100 << 20),
            ("3m", 3_000_000),
            ("1gb", 1 << 30),
            ("2G", 2_000_000_000),
            ("00000000000000000000000005Gb", 5 << 30),
            ("18446744073709551615", u64::MAX),
        ] {
            assert_eq!(parse_memory(text.as_bytes()), Some(bytes), "{text}");
        }
        for refused in [
            "-1",
            "+1",
            "1 gb",
            "1gb ",
            "1t",
            "1.5gb",
            "1kbb",
            "18446744073709551616",
            "18014398509481984kb",
        ] {
            assert_eq!(parse_memory(refused.as_bytes()), None, "{refused}");
        }
    }

    proptest! {
        #[test]
        fn integers_survive_the_round_trip(value: i64, shift in 0u32..64) {
            let value = value >> shift;
            let mut out = [0; INTEGER_TEXT_MAX];
            let text = value.to_string();
            prop_assert_eq!(write_i64(value, &mut out), text.as_bytes());
            prop_assert_eq!(parse_i64(text.as_bytes()), Some(value));
            let value = value.unsigned_abs();
            let text = value.to_string();
            prop_assert_eq!(write_u64(value, &mut out), text.as_bytes());
            prop_assert_eq!(parse_u64(text.as_bytes()), Some(value));
            prop_assert_eq!(digits(value), text.len());
        }

        #[test]
        fn any_text_is_accepted_only_in_the_form_it_is_written(text in "[-+0-9 a]{0,22}") {
            let mut out = [0; INTEGER_TEXT_MAX];
            if let Some(value) = parse_i64(text.as_bytes()) {
                prop_assert_eq!(write_i64(value, &mut out), text.as_bytes());
            } else if let Ok(value) = text.parse::<i64>() {
                prop_assert_ne!(value.to_string(), text);
            }
        }
    }
}
