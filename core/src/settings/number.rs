//! Numbers in settings: plain integers, memory sizes with units, octal permissions, percentages.

use super::spec::SettingError;
use alloc::format;
use alloc::string::{String, ToString};

/// How a number is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Digits, perhaps with a sign.
    Integer,
    /// Digits and a unit: `b`, `k` (1000), `kb` (1024), `m`, `mb`, `g`, `gb`.
    Memory,
    /// A memory size, or `n%`, which is kept as a negative number.
    MemoryOrPercent,
    /// Octal digits.
    Octal,
    /// An integer that is brought into 1..=500 quietly, as Redis does with `hz`.
    Hertz,
}

/// The range and form of a numeric setting. Numbers travel as `i128`, which holds every field's type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NumberRule {
    /// The least value.
    pub low: i128,
    /// The greatest value.
    pub high: i128,
    /// How it is written.
    pub form: Form,
}

impl NumberRule {
    pub(super) fn parse(&self, word: &[u8]) -> Result<i128, SettingError> {
        let number = match self.form {
            Form::Integer | Form::Hertz => integer(word).ok_or(SettingError::Invalid(
                "argument couldn't be parsed into an integer".into(),
            )),
            Form::Memory => memory(word).ok_or(SettingError::Invalid(
                "argument must be a memory value".into(),
            )),
            Form::MemoryOrPercent => {
                memory(word)
                    .or_else(|| percent(word))
                    .ok_or(SettingError::Invalid(
                        "argument must be a memory or percent value".into(),
                    ))
            }
            Form::Octal => octal(word).ok_or(SettingError::Invalid(
                "argument couldn't be parsed as an octal number".into(),
            )),
        }?;
        self.check_range(number)?;
        Ok(match self.form {
            Form::Hertz => number.clamp(1, 500),
            _ => number,
        })
    }

    fn check_range(&self, number: i128) -> Result<(), SettingError> {
        let (low, high) = (self.low, self.high);
        if (low..=high).contains(&number) {
            return Ok(());
        }
        let text = match self.form {
            Form::MemoryOrPercent if number < 0 => {
                format!("percentage argument must be less or equal to {}", -low)
            }
            Form::Octal => format!("argument must be between {low:o} and {high:o} inclusive"),
            _ => format!("argument must be between {low} and {high} inclusive"),
        };
        Err(SettingError::Invalid(text.into()))
    }

    /// The text of CONFIG GET.
    pub(super) fn print(&self, number: i128) -> String {
        match self.form {
            Form::Octal => format!("{number:o}"),
            Form::MemoryOrPercent if number < 0 => format!("{}%", -number),
            _ => number.to_string(),
        }
    }

    /// The text of CONFIG REWRITE: sizes get the largest unit that divides them.
    pub(super) fn print_short(&self, number: i128) -> String {
        match self.form {
            Form::Memory | Form::MemoryOrPercent if number > 0 => memory_text(number),
            _ => self.print(number),
        }
    }
}

/// A size with the largest unit that divides it.
pub(super) fn memory_text(bytes: i128) -> String {
    const UNITS: [(i128, &str); 3] = [(1 << 30, "gb"), (1 << 20, "mb"), (1 << 10, "kb")];
    match UNITS
        .iter()
        .find(|(size, _)| bytes != 0 && bytes % size == 0)
    {
        Some((size, unit)) => format!("{}{unit}", bytes / size),
        None => bytes.to_string(),
    }
}

/// Reads a memory size. Unlike Redis, a unit without digits and a size beyond 64 bits are refused.
pub(super) fn memory(word: &[u8]) -> Option<i128> {
    let digits = word.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (number, unit) = word.split_at(digits);
    let number: u64 = core::str::from_utf8(number).ok()?.parse().ok()?;
    let scale: u64 = match unit.to_ascii_lowercase().as_slice() {
        b"" | b"b" => 1,
        b"k" => 1_000,
        b"kb" => 1 << 10,
        b"m" => 1_000_000,
        b"mb" => 1 << 20,
        b"g" => 1_000_000_000,
        b"gb" => 1 << 30,
        _ => return None,
    };
    number.checked_mul(scale).map(i128::from)
}

/// Reads an integer as strictly as Redis: no plus sign, no leading zeros, no blanks.
pub(super) fn integer(word: &[u8]) -> Option<i128> {
    let text = core::str::from_utf8(word).ok()?;
    let number: i64 = text.parse().ok()?;
    (number.to_string() == text).then_some(i128::from(number))
}

fn percent(word: &[u8]) -> Option<i128> {
    let number = integer(word.strip_suffix(b"%")?)?;
    (number >= 0).then_some(-number)
}

fn octal(word: &[u8]) -> Option<i128> {
    let text = core::str::from_utf8(word).ok()?;
    i64::from_str_radix(text, 8).ok().map(i128::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_sizes_take_units() {
        let cases: [(&[u8], Option<i128>); 10] = [
            (b"100", Some(100)),
            (b"1k", Some(1000)),
            (b"1Kb", Some(1024)),
            (b"2MB", Some(2 << 20)),
            (b"3g", Some(3_000_000_000)),
            (b"18446744073709551615", Some(i128::from(u64::MAX))),
            (b"18446744073709551615kb", None),
            (b"-1", None),
            (b"mb", None),
            (b"1tb", None),
        ];
        for (word, expected) in cases {
            assert_eq!(memory(word), expected, "{word:?}");
        }
    }

    #[test]
    fn integers_are_strict() {
        for word in [
            &b"+5"[..],
            b"05",
            b" 5",
            b"5 ",
            b"-0",
            b"",
            b"1x",
            b"9223372036854775808",
        ] {
            assert_eq!(integer(word), None, "{word:?}");
        }
        assert_eq!(integer(b"-9223372036854775808"), Some(i128::from(i64::MIN)));
    }

    #[test]
    fn percentages_octal_and_hertz() {
        let clients = NumberRule {
            low: -100,
            high: 1 << 40,
            form: Form::MemoryOrPercent,
        };
        assert_eq!(clients.parse(b"5%"), Ok(-5));
        assert_eq!(clients.print(-5), "5%");
        let error = clients.parse(b"200%").unwrap_err();
        assert_eq!(
            error.to_string(),
            "percentage argument must be less or equal to 100"
        );
        let permissions = NumberRule {
            low: 0,
            high: 0o777,
            form: Form::Octal,
        };
        assert_eq!(permissions.parse(b"700"), Ok(0o700));
        assert_eq!(permissions.print(0o700), "700");
        let error = permissions.parse(b"1000").unwrap_err();
        assert_eq!(
            error.to_string(),
            "argument must be between 0 and 777 inclusive"
        );
        let hz = NumberRule {
            low: 0,
            high: 1 << 31,
            form: Form::Hertz,
        };
        assert_eq!((hz.parse(b"5000"), hz.parse(b"0")), (Ok(500), Ok(1)));
    }

    #[test]
    fn sizes_are_rewritten_with_units() {
        assert_eq!(memory_text(0), "0");
        assert_eq!(memory_text(64 << 20), "64mb");
        assert_eq!(memory_text(3 << 30), "3gb");
        assert_eq!(memory_text(1025), "1025");
    }
}
