//! How long something took: counts in buckets, sixteen of them for each doubling of the time.
//!
//! ```text
//! nanoseconds   0  1  ...  15 | 16  17 ... 31 | 32-33  34-35 ... 62-63 | 64-67 ...
//! bucket        0  1  ...  15 | 16  17 ... 31 |  32     33   ...   47  |  48   ...
//! ```
//!
//! So a percentile is too great by a sixteenth at most, adding takes a few instructions, and the size is fixed.

/// Buckets of a doubling.
const PER_DOUBLING: usize = 1 << LOG_PER_DOUBLING;
const LOG_PER_DOUBLING: u32 = 4;
/// The last bucket begins at more than a minute.
const BUCKETS: usize = 34 * PER_DOUBLING;
/// The power of two at which [`Histogram::cumulative`] begins: about a microsecond.
const FIRST_LIMIT_LOG: u32 = 10;

/// Durations that were counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Histogram {
    counts: [u64; BUCKETS],
    total: u64,
    sum_ns: u64,
}

impl Default for Histogram {
    fn default() -> Self {
        Histogram {
            counts: [0; BUCKETS],
            total: 0,
            sum_ns: 0,
        }
    }
}

impl Histogram {
    /// Counts several that took `each_ns` nanoseconds.
    #[inline]
    pub fn add_many(&mut self, each_ns: u64, count: u64) {
        let bucket = bucket_of(each_ns).min(BUCKETS - 1);
        self.counts[bucket] += count;
        self.total += count;
        self.sum_ns = self.sum_ns.saturating_add(each_ns.saturating_mul(count));
    }

    /// How many there are.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// Nanoseconds of all together.
    pub fn sum_ns(&self) -> u64 {
        self.sum_ns
    }

    /// Nanoseconds that `percent` of a hundred did not exceed; 0 when there is none.
    pub fn percentile_ns(&self, percent: f64) -> u64 {
        let wanted = (self.total as f64 * percent / 100.0 + 0.5) as u64;
        let wanted = wanted.clamp(1, self.total.max(1));
        let mut seen = 0;
        for (bucket, &count) in self.counts.iter().enumerate() {
            seen += count;
            if seen >= wanted {
                return first_of(bucket + 1) - 1;
            }
        }
        0
    }

    /// Limits in nanoseconds, doubling from about a microsecond on, with how many took less; up to the first limit that
    /// all are below.
    pub fn cumulative(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        let mut seen = 0;
        let mut bucket = 0;
        let last = BUCKETS as u32 / PER_DOUBLING as u32 + LOG_PER_DOUBLING;
        (FIRST_LIMIT_LOG..last).map_while(move |log| {
            if seen == self.total {
                return None;
            }
            let limit_ns = 1u64 << log;
            while bucket < BUCKETS && first_of(bucket) < limit_ns {
                seen += self.counts[bucket];
                bucket += 1;
            }
            if log + 1 == last {
                seen = self.total;
            }
            Some((limit_ns, seen))
        })
    }
}

#[inline]
fn bucket_of(ns: u64) -> usize {
    let log = (ns | PER_DOUBLING as u64).ilog2() - LOG_PER_DOUBLING;
    ((log as usize) << LOG_PER_DOUBLING) + (ns >> log) as usize
}

/// The least duration of a bucket.
fn first_of(bucket: usize) -> u64 {
    let doubling = (bucket / PER_DOUBLING).saturating_sub(1) as u32;
    ((bucket as u64) - (u64::from(doubling) << LOG_PER_DOUBLING)) << doubling
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    #[test]
    fn buckets_follow_each_other_without_a_gap() {
        for bucket in 0..BUCKETS {
            assert_eq!(bucket_of(first_of(bucket)), bucket);
            assert_eq!(bucket_of(first_of(bucket + 1) - 1), bucket);
        }
        let mut histogram = Histogram::default();
        histogram.add_many(u64::MAX, 3);
        assert_eq!(histogram.total(), 3);
        assert_eq!(histogram.cumulative().last().unwrap().1, 3);
    }

    #[test]
    fn percentiles_are_a_sixteenth_too_great_at_most() {
        let mut histogram = Histogram::default();
        assert_eq!(histogram.percentile_ns(50.0), 0);
        (1..=10_000).for_each(|us| histogram.add_many(us * 1000, 1));
        for percent in [1.0, 50.0, 99.0, 99.9, 100.0] {
            let exact = percent * 100_000.0;
            let told = histogram.percentile_ns(percent) as f64;
            assert!((1.0..1.07).contains(&(told / exact)), "{percent}: {told}");
        }
        assert_eq!(histogram.sum_ns(), 10_000 * 10_001 / 2 * 1000);
    }

    #[test]
    fn limits_double_and_counts_add_up() {
        let mut histogram = Histogram::default();
        histogram.add_many(300, 5);
        histogram.add_many(1500, 2);
        histogram.add_many(9000, 1);
        let all: Vec<_> = histogram.cumulative().collect();
        assert_eq!(
            all,
            [(1024, 5), (2048, 7), (4096, 7), (8192, 7), (16384, 8)]
        );
        assert_eq!(Histogram::default().cumulative().count(), 0);
    }
}
