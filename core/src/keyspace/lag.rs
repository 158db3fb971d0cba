//! How late things happened: a histogram of milliseconds, for INFO.
//!
//! ```text
//! lag      0   1   2  ...  15 | 16-19  20-23  24-27  28-31 | 32-39  40-47  48-55  56-63 | ...
//! bucket   0   1   2  ...  15 |   16     17     18     19  |   20     21     22     23  | ...
//! ```
//!
//! Exact below 16, from there on four buckets a doubling, so that a percentile is at most a quarter too great.

/// Lags up to this are exact.
const EXACT_MS: u64 = 16;
/// Buckets of a doubling, and of all: the last begins at more than eight days.
const PER_DOUBLING: usize = 4;
const BUCKETS: usize = EXACT_MS as usize + 26 * PER_DOUBLING;

/// Lags that were counted. Its size does not depend on their number, and adding one takes a few instructions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lag {
    counts: [u64; BUCKETS],
    total: u64,
    max_ms: u64,
}

impl Default for Lag {
    fn default() -> Self {
        Lag {
            counts: [0; BUCKETS],
            total: 0,
            max_ms: 0,
        }
    }
}

impl Lag {
    /// Counts one.
    pub fn add(&mut self, lag_ms: u64) {
        self.add_many(lag_ms, 1);
    }

    /// Counts several that were equally late.
    pub fn add_many(&mut self, lag_ms: u64, count: u64) {
        self.counts[bucket_of(lag_ms)] += count;
        self.total += count;
        self.max_ms = self.max_ms.max(lag_ms);
    }

    /// The greatest, milliseconds; 0 when there was none.
    pub fn max_ms(&self) -> u64 {
        self.max_ms
    }

    /// Milliseconds that so many of a hundred did not exceed; 0 when there was none.
    pub fn percentile_ms(&self, percent: u64) -> u64 {
        let wanted = (u128::from(self.total) * u128::from(percent)).div_ceil(100);
        let mut seen = 0;
        for (bucket, &count) in self.counts.iter().enumerate() {
            seen += u128::from(count);
            if seen >= wanted && seen > 0 {
                return last_of(bucket).min(self.max_ms);
            }
        }
        self.max_ms
    }
}

fn bucket_of(lag_ms: u64) -> usize {
    if lag_ms < EXACT_MS {
        return lag_ms as usize;
    }
    let log = lag_ms.ilog2();
    let quarter = (lag_ms >> (log - 2)) as usize % PER_DOUBLING;
    let doubling = (log - EXACT_MS.ilog2()) as usize;
    (EXACT_MS as usize + doubling * PER_DOUBLING + quarter).min(BUCKETS - 1)
}

/// The greatest lag of a bucket.
fn last_of(bucket: usize) -> u64 {
    let Some(above) = bucket.checked_sub(EXACT_MS as usize) else {
        return bucket as u64;
    };
    let log = EXACT_MS.ilog2() + (above / PER_DOUBLING) as u32;
    let quarters = (PER_DOUBLING + above % PER_DOUBLING + 1) as u64;
    (quarters << (log - 2)) - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_follow_each_other_without_a_gap() {
        for lag_ms in 0..100_000 {
            let bucket = bucket_of(lag_ms);
            assert!(lag_ms <= last_of(bucket), "{lag_ms}");
            assert_eq!(bucket_of(last_of(bucket) + 1), bucket + 1, "{lag_ms}");
        }
        assert_eq!(bucket_of(u64::MAX), BUCKETS - 1);
    }

    #[test]
    fn percentiles_are_those_of_what_was_counted() {
        let mut lag = Lag::default();
        assert_eq!((lag.percentile_ms(99), lag.max_ms()), (0, 0));
        (0..990).for_each(|_| lag.add(3));
        lag.add_many(5000, 10);
        assert_eq!(lag.percentile_ms(50), 3);
        assert_eq!(lag.percentile_ms(99), 3);
        assert_eq!(lag.percentile_ms(100), 5000);
        lag.add(5000);
        assert_eq!((lag.percentile_ms(99), lag.max_ms()), (5000, 5000));
    }
}
