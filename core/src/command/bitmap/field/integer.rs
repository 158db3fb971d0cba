//! Integers of any width: where they are in the bytes, and what happens when they overflow.
//!
//! A field of 64 bits that does not begin with a byte lies in nine of them, which fit a number of 128 bits.

/// Bytes that a field may lie in.
const WINDOW_BYTES: usize = 9;
const WINDOW_BITS: u32 = 8 * WINDOW_BYTES as u32;

/// The type of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Kind {
    pub(super) is_signed: bool,
    /// 1 to 64, to 63 without a sign.
    pub(super) bits: u32,
}

/// What becomes of a value that does not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Overflow {
    /// Its low bits stay.
    Wrap,
    /// The nearest value that fits takes its place.
    Saturate,
    /// Nothing is done.
    Fail,
}

impl Kind {
    fn mask(self) -> u128 {
        (1 << self.bits) - 1
    }

    /// The least and the greatest value.
    fn bounds(self) -> (i128, i128) {
        if self.is_signed {
            let half = 1_i128 << (self.bits - 1);
            (-half, half - 1)
        } else {
            (0, self.mask() as i128)
        }
    }

    /// The value of a field's bits.
    fn value(self, raw: u128) -> i128 {
        let raw = (raw & self.mask()) as i128;
        let (_, max) = self.bounds();
        if raw > max {
            raw - (1 << self.bits)
        } else {
            raw
        }
    }

    /// The value that is stored for `wanted`; `None`: none.
    pub(super) fn fit(self, wanted: i128, overflow: Overflow) -> Option<i128> {
        let (min, max) = self.bounds();
        if (min..=max).contains(&wanted) {
            return Some(wanted);
        }
        match overflow {
            Overflow::Wrap => Some(self.value(wanted as u128)),
            Overflow::Saturate => Some(wanted.clamp(min, max)),
            Overflow::Fail => None,
        }
    }
}

/// The field's value; beyond the bytes there are zeros.
pub(super) fn load(bytes: &[u8], offset: u64, kind: Kind) -> i128 {
    let window = place(bytes.len(), offset).map(|range| &bytes[range]);
    let window = pack(window.unwrap_or(&[]));
    kind.value(window >> shift(offset, kind))
}

/// Puts a value that fits into its field, which lies in the bytes.
pub(super) fn store(bytes: &mut [u8], offset: u64, kind: Kind, value: i128) {
    let Some(range) = place(bytes.len(), offset) else {
        return;
    };
    let shift = shift(offset, kind);
    let place = &mut bytes[range];
    let cleared = pack(place) & !(kind.mask() << shift);
    let filled = cleared | (value as u128 & kind.mask()) << shift;
    let filled = (filled << (u128::BITS - WINDOW_BITS)).to_be_bytes();
    place.copy_from_slice(&filled[..place.len()]);
}

/// The window from the field's first byte on, as far as there are bytes.
fn place(len: usize, offset: u64) -> Option<core::ops::Range<usize>> {
    let start = usize::try_from(offset / 8).ok()?;
    (start < len).then(|| start..len.min(start + WINDOW_BYTES))
}

fn pack(window: &[u8]) -> u128 {
    let mut bytes = [0; 16];
    bytes[16 - WINDOW_BYTES..][..window.len()].copy_from_slice(window);
    u128::from_be_bytes(bytes)
}

/// How many bits of the window follow the field.
fn shift(offset: u64, kind: Kind) -> u32 {
    WINDOW_BITS - (offset % 8) as u32 - kind.bits
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::vec::Vec;

    proptest! {
        #[test]
        fn what_is_stored_is_loaded_and_nothing_else_changes(
            mut bytes in prop::collection::vec(any::<u8>(), 20),
            offset in 0..96_u64,
            is_signed: bool,
            bits in 1..=63_u32,
            value: i64,
        ) {
            let kind = Kind { is_signed, bits: bits + u32::from(is_signed) };
            let fitting = kind.fit(i128::from(value), Overflow::Wrap).unwrap();
            let bit = |bytes: &[u8], at: u64| bytes[at as usize / 8] & (0x80 >> (at % 8)) != 0;
            let field = offset..offset + u64::from(kind.bits);
            let outside = |bytes: &[u8]| -> Vec<bool> {
                (0..160).filter(|at| !field.contains(at)).map(|at| bit(bytes, at)).collect()
            };
            let before = outside(&bytes);
            store(&mut bytes, offset, kind, fitting);
            prop_assert_eq!(load(&bytes, offset, kind), fitting);
            prop_assert_eq!(outside(&bytes), before);
            let unsigned = field.clone().fold(0_u128, |sum, at| sum * 2 + u128::from(bit(&bytes, at)));
            prop_assert_eq!(unsigned, fitting as u128 & kind.mask());
        }
    }

    #[test]
    fn values_that_do_not_fit() {
        let kind = |is_signed, bits| Kind { is_signed, bits };
        for (kind, wanted, wrapped, saturated) in [
            (kind(true, 8), 128, -128, 127),
            (kind(true, 8), -129, 127, -128),
            (kind(true, 1), 1, -1, 0),
            (kind(false, 1), 2, 0, 1),
            (kind(false, 63), -1, i128::from(i64::MAX), 0),
            (
                kind(true, 64),
                1 << 63,
                i128::from(i64::MIN),
                i128::from(i64::MAX),
            ),
        ] {
            assert_eq!(kind.fit(wanted, Overflow::Wrap), Some(wrapped));
            assert_eq!(kind.fit(wanted, Overflow::Saturate), Some(saturated));
            assert_eq!(kind.fit(wanted, Overflow::Fail), None);
        }
    }
}
