//! The digits of a double, as Redis finds them: Grisu2.
//!
//! The digits are those of the upper boundary between the double and its neighbour, taken until what is left out is less
//! than the distance of the two boundaries; then the last one is lowered towards the double. All of it happens in 64-bit
//! integers, scaled by a power of ten that makes the whole part fit 32 bits. (Florian Loitsch, "Printing Floating-Point
//! Numbers Quickly and Accurately with Integers", 2010.)
//!
//! What comes out always reads back as the same double. In about one of a thousand cases there is a digit more than need be,
//! or not the closest one: other algorithms know better, but clients of Redis see these digits.

/// Most digits that come out.
const DIGITS_MAX: usize = 17;

/// Powers of ten that a double may be scaled by: every eighth one.
const FIRST_POWER: i32 = -348;
const POWER_STEP: i32 = 8;
/// The binary exponents that scaled doubles may have: 32 bits at most are before the point, and 10 times the rest fits.
const EXPONENT_MIN: i32 = -60;
const EXPONENT_MAX: i32 = -32;

/// `digits x 10^exponent`, the digits without leading zeros.
pub(super) struct Digits {
    bytes: [u8; DIGITS_MAX],
    len: usize,
    /// The power of ten of the last digit.
    pub exponent: i32,
}

/// `fraction x 2^exponent`.
#[derive(Clone, Copy)]
struct Scaled {
    fraction: u64,
    exponent: i32,
}

impl Digits {
    /// The digits of the positive, finite `value`.
    pub(super) fn of(value: f64) -> Digits {
        let (value, lower, upper) = with_boundaries(value);
        let (power, scale) = power_for(upper.exponent);
        let (value, lower, upper) = (value.times(power), lower.times(power), upper.times(power));
        // Scaling is off by one at most: the boundaries move inwards by as much.
        let upper = Scaled {
            fraction: upper.fraction - 1,
            ..upper
        };
        let mut digits = Digits {
            bytes: [b'0'; DIGITS_MAX],
            len: 0,
            exponent: -scale,
        };
        digits.generate(
            upper,
            upper.fraction - value.fraction,
            upper.fraction - lower.fraction - 1,
        );
        digits
    }

    /// The digits as text.
    pub(super) fn text(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    /// Takes digits of `upper` until the rest is within `width`, the distance of the boundaries; the double itself is
    /// `below` under it. Products that are too great for 64 bits come up only when they do not matter any more.
    fn generate(&mut self, upper: Scaled, below: u64, mut width: u64) {
        let shift = upper.exponent.unsigned_abs();
        let one = 1u64 << shift;
        let mut whole = upper.fraction >> shift;
        let mut part = upper.fraction & (one - 1);
        let mut unit = 1_000_000_000u64;
        for left in (0..10).rev() {
            self.push(whole / unit);
            whole %= unit;
            let rest = (whole << shift) + part;
            if rest <= width {
                self.exponent += left;
                return self.approach(rest, width, unit << shift, below);
            }
            unit /= 10;
        }
        let mut scale = 1u64;
        loop {
            part = part.wrapping_mul(10);
            width = width.wrapping_mul(10);
            scale = scale.wrapping_mul(10);
            self.exponent -= 1;
            self.push(part >> shift);
            part &= one - 1;
            if part < width || self.len == DIGITS_MAX {
                return self.approach(part, width, one, below.wrapping_mul(scale));
            }
        }
    }

    fn push(&mut self, digit: u64) {
        if (digit > 0 || self.len > 0)
            && let Some(place) = self.bytes.get_mut(self.len)
        {
            *place = b'0' + digit as u8;
            self.len += 1;
        }
    }

    /// Lowers the last digit as long as that leads closer to the double, and within the boundaries. `rest` is how far
    /// the digits are under the upper one, `unit` what a step of the last digit is worth.
    fn approach(&mut self, mut rest: u64, width: u64, unit: u64, below: u64) {
        let Some(last) = self.bytes[..self.len].last_mut() else {
            return;
        };
        while rest < below && width.wrapping_sub(rest) >= unit {
            let lowered = rest.wrapping_add(unit);
            if lowered >= below && below - rest <= lowered - below {
                return;
            }
            *last -= 1;
            rest = lowered;
        }
    }
}

impl Scaled {
    /// With the highest bit set.
    fn normalized(self) -> Scaled {
        let shift = self.fraction.leading_zeros();
        Scaled {
            fraction: self.fraction << shift,
            exponent: self.exponent - shift as i32,
        }
    }

    /// The upper half of the product, rounded.
    fn times(self, other: Scaled) -> Scaled {
        let product = u128::from(self.fraction) * u128::from(other.fraction);
        Scaled {
            fraction: ((product + (1 << 63)) >> 64) as u64,
            exponent: self.exponent + other.exponent + 64,
        }
    }
}

/// The double, and the boundaries half way to the next lower and the next higher one; all with the same exponent.
fn with_boundaries(value: f64) -> (Scaled, Scaled, Scaled) {
    const HIDDEN_BIT: u64 = 1 << 52;
    let bits = value.to_bits();
    let (fraction, exponent) = match (bits >> 52) as i32 {
        0 => (bits, -1074),
        biased => (bits & (HIDDEN_BIT - 1) | HIDDEN_BIT, biased - 1075),
    };
    let at = |fraction, exponent| Scaled { fraction, exponent };
    let upper = at(2 * fraction + 1, exponent - 1).normalized();
    // The doubles below a power of two are twice as close.
    let lower = match fraction {
        HIDDEN_BIT => at(4 * fraction - 1, exponent - 2),
        _ => at(2 * fraction - 1, exponent - 1),
    };
    let lower = at(
        lower.fraction << (lower.exponent - upper.exponent),
        upper.exponent,
    );
    (at(fraction, exponent).normalized(), lower, upper)
}

/// A power of ten that brings a double of this binary exponent near 1, and which one it is. Several would do; the choice is
/// Redis's, for the digits depend on it.
fn power_for(exponent: i32) -> (Scaled, i32) {
    const LOG10_OF_2: f64 = 0.301_029_995_663_981_14;
    let estimate = (f64::from(-(exponent + POWERS.len() as i32)) * LOG10_OF_2) as i32;
    let mut at = (estimate - FIRST_POWER) / POWER_STEP;
    loop {
        let power = FIRST_POWER + at * POWER_STEP;
        let scaled = Scaled {
            fraction: usize::try_from(at)
                .ok()
                .and_then(|at| POWERS.get(at))
                .copied()
                .unwrap_or(1),
            // The whole binary digits of 10^power, less those of the fraction: the quotient is log2(10).
            exponent: ((power * 217_706) >> 16) - 63,
        };
        match exponent + scaled.exponent + 64 {
            ..EXPONENT_MIN => at += 1,
            EXPONENT_MIN..=EXPONENT_MAX => return (scaled, power),
            _ => at -= 1,
        }
    }
}

/// The first 64 binary digits of 10^-348, 10^-340 ... 10^340, rounded.
#[rustfmt::skip]
const POWERS: [u64; 87] = [
    0xfa8f_d5a0_081c_0288, 0xbaae_e17f_a23e_bf76, 0x8b16_fb20_3055_ac76,
    0xcf42_894a_5dce_35ea, 0x9a6b_b0aa_5565_3b2d, 0xe61a_cf03_3d1a_45df,
    0xab70_fe17_c79a_c6ca, 0xff77_b1fc_bebc_dc4f, 0xbe56_91ef_416b_d60c,
    0x8dd0_1fad_907f_fc3c, 0xd351_5c28_3155_9a83, 0x9d71_ac8f_ada6_c9b5,
    0xea9c_2277_23ee_8bcb, 0xaecc_4991_4078_536d, 0x823c_1279_5db6_ce57,
    0xc210_9436_4dfb_5637, 0x9096_ea6f_3848_984f, 0xd774_85cb_2582_3ac7,
    0xa086_cfcd_97bf_97f4, 0xef34_0a98_172a_ace5, 0xb238_67fb_2a35_b28e,
    0x84c8_d4df_d2c6_3f3b, 0xc5dd_4427_1ad3_cdba, 0x936b_9fce_bb25_c996,
    0xdbac_6c24_7d62_a584, 0xa3ab_6658_0d5f_daf6, 0xf3e2_f893_dec3_f126,
    0xb5b5_ada8_aaff_80b8, 0x8762_5f05_6c7c_4a8b, 0xc9bc_ff60_34c1_3053,
    0x964e_858c_91ba_2655, 0xdff9_7724_7029_7ebd, 0xa6df_bd9f_b8e5_b88f,
    0xf8a9_5fcf_8874_7d94, 0xb944_7093_8fa8_9bcf, 0x8a08_f0f8_bf0f_156b,
    0xcdb0_2555_6531_31b6, 0x993f_e2c6_d07b_7fac, 0xe45c_10c4_2a2b_3b06,
    0xaa24_2499_6973_92d3, 0xfd87_b5f2_8300_ca0e, 0xbce5_0864_9211_1aeb,
    0x8cbc_cc09_6f50_88cc, 0xd1b7_1758_e219_652c, 0x9c40_0000_0000_0000,
    0xe8d4_a510_0000_0000, 0xad78_ebc5_ac62_0000, 0x813f_3978_f894_0984,
    0xc097_ce7b_c907_15b3, 0x8f7e_32ce_7bea_5c70, 0xd5d2_38a4_abe9_8068,
    0x9f4f_2726_179a_2245, 0xed63_a231_d4c4_fb27, 0xb0de_6538_8cc8_ada8,
    0x83c7_088e_1aab_65db, 0xc45d_1df9_4271_1d9a, 0x924d_692c_a61b_e758,
    0xda01_ee64_1a70_8dea, 0xa26d_a399_9aef_774a, 0xf209_787b_b47d_6b85,
    0xb454_e4a1_79dd_1877, 0x865b_8692_5b9b_c5c2, 0xc835_53c5_c896_5d3d,
    0x952a_b45c_fa97_a0b3, 0xde46_9fbd_99a0_5fe3, 0xa59b_c234_db39_8c25,
    0xf6c6_9a72_a398_9f5c, 0xb7dc_bf53_54e9_bece, 0x88fc_f317_f222_41e2,
    0xcc20_ce9b_d35c_78a5, 0x9816_5af3_7b21_53df, 0xe2a0_b5dc_971f_303a,
    0xa8d9_d153_5ce3_b396, 0xfb9b_7cd9_a4a7_443c, 0xbb76_4c4c_a7a4_4410,
    0x8bab_8eef_b640_9c1a, 0xd01f_ef10_a657_842c, 0x9b10_a4e5_e991_3129,
    0xe710_9bfb_a19c_0c9d, 0xac28_20d9_623b_f429, 0x8044_4b5e_7aa7_cf85,
    0xbf21_e440_03ac_dd2d, 0x8e67_9c2f_5e44_ff8f, 0xd433_179d_9c8c_b841,
    0x9e19_db92_b4e3_1ba9, 0xeb96_bf6e_badf_77d9, 0xaf87_023b_9bf0_ee6b,
];

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::format;
    use std::string::String;

    fn text(value: f64) -> String {
        let digits = Digits::of(value);
        let text = core::str::from_utf8(digits.text()).unwrap();
        format!("{text}e{}", digits.exponent)
    }

    #[test]
    fn digits_are_those_of_redis_even_where_others_are_better() {
        for (value, digits) in [
            (0.1, "1e-1"),
            (0.3, "3e-1"),
            (0.1 + 0.2, "30000000000000004e-17"),
            (1.0, "1e0"),
            (1e22, "1e22"),
            (5e-324, "5e-324"),
            (f64::MIN_POSITIVE, "22250738585072014e-324"),
            (f64::MAX, "17976931348623157e292"),
            // One digit too many.
            (661149.0049, "6611490049000001e-10"),
            (3.375e21, "33750000000000003e5"),
            (785.20363944124, "7852036394412401e-13"),
            // Not the closest ones.
            (1e23, "9999999999999999e7"),
            (6_831_616_446_696_822.0 / 8.0, "8539520558371027e-1"),
            (2.4758800785707605e27, "24758800785707606e11"),
            (3_602_879_701_896_397.0 / 4.0, "9007199254740993e-1"),
        ] {
            assert_eq!(text(value), digits, "{value}");
        }
    }

    #[test]
    fn every_power_of_two_reads_back() {
        for biased in 0..2047u64 {
            for fraction in [0, 1, (1 << 52) - 1] {
                let value = f64::from_bits(biased << 52 | fraction);
                if value > 0.0 {
                    assert_eq!(text(value).parse(), Ok(value));
                }
            }
        }
    }

    proptest! {
        #[test]
        fn digits_read_back(bits in 1u64..0x7ff0_0000_0000_0000) {
            let value = f64::from_bits(bits);
            prop_assert_eq!(text(value).parse(), Ok(value));
        }
    }
}
