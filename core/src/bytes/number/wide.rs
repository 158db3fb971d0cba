//! Unsigned big integers of bounded size, for the floats whose powers of ten do not fit machine words.

use core::cmp::Ordering;

/// The greatest 80-bit float has 512 words; the rest is room for guard bits.
const WORDS: usize = 524;

/// A number in 32-bit words, least significant first, without leading zero words.
pub(super) struct Wide {
    words: [u32; WORDS],
    len: usize,
}

impl Wide {
    pub fn zero() -> Wide {
        Wide {
            words: [0; WORDS],
            len: 0,
        }
    }

    pub fn from_u64(value: u64) -> Wide {
        let mut wide = Wide::zero();
        wide.mul_add(0, (value >> 32) as u32);
        wide.shift_left(32);
        wide.mul_add(1, value as u32);
        wide
    }

    pub fn is_zero(&self) -> bool {
        self.len == 0
    }

    /// `self = self * factor + addend`
    pub fn mul_add(&mut self, factor: u32, addend: u32) {
        let mut carry = u64::from(addend);
        for word in &mut self.words[..self.len] {
            carry += u64::from(*word) * u64::from(factor);
            *word = carry as u32;
            carry >>= 32;
        }
        self.push(carry as u32);
        self.trim();
    }

    /// `self = self * 5^power`
    pub fn mul_power_of_five(&mut self, power: u32) {
        const STEP: u32 = 13;
        for _ in 0..power / STEP {
            self.mul_add(5u32.pow(STEP), 0);
        }
        self.mul_add(5u32.pow(power % STEP), 0);
    }

    /// How many bits the number has; 0 has none.
    pub fn bit_length(&self) -> u32 {
        match self.words[..self.len].last() {
            Some(top) => self.len as u32 * 32 - top.leading_zeros(),
            None => 0,
        }
    }

    pub fn shift_left(&mut self, bits: u32) {
        let (whole, part) = ((bits / 32) as usize, bits % 32);
        if whole > 0 && self.len > 0 {
            self.words.copy_within(..self.len, whole);
            self.words[..whole].fill(0);
            self.len += whole;
        }
        if part > 0 {
            self.mul_add(1 << part, 0);
        }
    }

    /// The top 128 bits (or fewer, of a smaller number), how many bits lie below them, and whether any of
    /// those is set.
    pub fn top(&self) -> (u128, u32, bool) {
        let mut top = 0;
        let mut below = self.len;
        for &word in self.words[..self.len].iter().rev().take(4) {
            top = top << 32 | u128::from(word);
            below -= 1;
        }
        let inexact = self.words[..below].iter().any(|&word| word != 0);
        (top, below as u32 * 32, inexact)
    }

    /// The top bits of `self / divisor`, at least 65 of them, the power of two of the last one, and
    /// whether a remainder is left. Both must be above zero.
    pub fn divide(mut self, mut divisor: Wide) -> (u128, i64, bool) {
        const QUOTIENT_BITS: u32 = 66;
        // Both end up equally long, so that the first step already decides a bit.
        let shift = i64::from(divisor.bit_length()) - i64::from(self.bit_length());
        match u32::try_from(shift) {
            Ok(shift) => self.shift_left(shift),
            Err(_) => divisor.shift_left(shift.unsigned_abs() as u32),
        }
        let mut quotient = 0;
        for _ in 0..QUOTIENT_BITS {
            quotient <<= 1;
            if self.compare(&divisor) != Ordering::Less {
                self.subtract(&divisor);
                quotient |= 1;
            }
            self.mul_add(2, 0);
        }
        (
            quotient,
            1 - shift - i64::from(QUOTIENT_BITS),
            !self.is_zero(),
        )
    }

    /// `self = self / divisor`; returns the remainder.
    pub fn divide_small(&mut self, divisor: u32) -> u32 {
        let mut rest = 0;
        for word in self.words[..self.len].iter_mut().rev() {
            rest = rest << 32 | u64::from(*word);
            *word = (rest / u64::from(divisor)) as u32;
            rest %= u64::from(divisor);
        }
        self.trim();
        rest as u32
    }

    fn compare(&self, other: &Wide) -> Ordering {
        let (a, b) = (&self.words[..self.len], &other.words[..other.len]);
        a.len()
            .cmp(&b.len())
            .then_with(|| a.iter().rev().cmp(b.iter().rev()))
    }

    /// `self = self - other`, which must not be greater.
    fn subtract(&mut self, other: &Wide) {
        let mut borrow = false;
        for (at, word) in self.words[..self.len].iter_mut().enumerate() {
            let (first, under) = word.overflowing_sub(other.words[at]);
            let (second, under_again) = first.overflowing_sub(u32::from(borrow));
            *word = second;
            borrow = under || under_again;
        }
        self.trim();
    }

    fn push(&mut self, word: u32) {
        if word != 0 {
            self.words[self.len] = word;
            self.len += 1;
        }
    }

    fn trim(&mut self) {
        while self.len > 0 && self.words[self.len - 1] == 0 {
            self.len -= 1;
        }
    }
}
