//! From registers to a number: Otmar Ertl, "New cardinality estimation algorithms for HyperLogLog sketches",
//! arXiv:1702.01284. The operations and their order are Redis's, so that the same registers give the same number.

use super::{PATTERN_BITS, REGISTERS};

/// 1 / (2 ln 2).
const ALPHA: f64 = 0.721_347_520_444_481_7;
/// The number that Redis gives where the estimate is infinite: what x86-64 makes of that.
const INFINITE: u64 = 1 << 63;

/// The estimate for a histogram: how many registers have each value.
pub(super) fn cardinality(histogram: &[u32; 64]) -> u64 {
    let all = REGISTERS as f64;
    let pattern_bits = PATTERN_BITS as usize;
    let full = f64::from(histogram[pattern_bits + 1]);
    let mut z = all * tau((all - full) / all);
    for count in histogram[1..=pattern_bits].iter().rev() {
        z += f64::from(*count);
        z *= 0.5;
    }
    z += all * sigma(f64::from(histogram[0]) / all);
    round(ALPHA * all * all / z)
}

fn sigma(mut x: f64) -> f64 {
    if x == 1.0 {
        return f64::INFINITY;
    }
    let (mut y, mut z) = (1.0, x);
    loop {
        x *= x;
        let before = z;
        z += x * y;
        y += y;
        if before == z {
            return z;
        }
    }
}

fn tau(mut x: f64) -> f64 {
    if x == 0.0 || x == 1.0 {
        return 0.0;
    }
    let (mut y, mut z) = (1.0, 1.0 - x);
    loop {
        x = square_root(x);
        let before = z;
        y *= 0.5;
        z -= (1.0 - x) * (1.0 - x) * y;
        if before == z {
            return z / 3.0;
        }
    }
}

/// The nearest integer, halves up.
fn round(value: f64) -> u64 {
    if value >= INFINITE as f64 {
        return INFINITE;
    }
    let whole = value as u64;
    whole + u64::from(value - whole as f64 >= 0.5)
}

/// The square root of a normal number, rounded as IEEE 754 wants it: `core` has none.
fn square_root(x: f64) -> f64 {
    const FRACTION_BITS: u32 = f64::MANTISSA_DIGITS - 1;
    const BIAS: i64 = f64::MAX_EXP as i64 - 1;
    let bits = x.to_bits();
    let mantissa = bits & ((1 << FRACTION_BITS) - 1) | 1 << FRACTION_BITS;
    let exponent = (bits >> FRACTION_BITS) as i64 - BIAS - i64::from(FRACTION_BITS);
    // An even exponent halves exactly, and 56 bits of the root are three more than are kept.
    let shift = 58 + (exponent & 1);
    let square = u128::from(mantissa) << shift;
    let root = square.isqrt();
    let is_exact = root * root == square;
    let root = root as u64 | u64::from(!is_exact);
    let scale = (exponent - shift) / 2 + BIAS;
    root as f64 * f64::from_bits((scale as u64) << FRACTION_BITS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn square_roots_are_exact(x in 1e-9..1.0_f64) {
            prop_assert_eq!(square_root(x), x.sqrt());
        }
    }

    #[test]
    fn the_ends() {
        assert_eq!(square_root(0.25), 0.5);
        assert_eq!((tau(0.0), tau(1.0), sigma(0.0)), (0.0, 0.0, 0.0));
        let mut histogram = [0; 64];
        histogram[0] = REGISTERS as u32;
        assert_eq!(cardinality(&histogram), 0);
        histogram[0] = 0;
        histogram[51] = REGISTERS as u32;
        assert_eq!(cardinality(&histogram), INFINITE);
    }
}
