//! The traces: which keys a cache is asked for, one after the other. All servers get the same ones.

use rotom_core::bytes::prng::Prng;

/// Keys that come again and again.
const KEYS: usize = 400_000;
/// How unevenly: the k-th key comes in proportion to 1 / k^EXPONENT.
const EXPONENT: f64 = 0.9;
/// Requests of a scan, and those between two scans.
const SCAN_LEN: u64 = 10_000;
const SCAN_DISTANCE: u64 = 20_000;

/// A kind of trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A few keys come often, many seldom (Zipf's law).
    Zipf,
    /// The same; a third of all requests belong to scans over keys that come once and never again.
    Scans,
}

impl Kind {
    pub const ALL: [Kind; 2] = [Kind::Zipf, Kind::Scans];

    pub fn name(self) -> &'static str {
        match self {
            Kind::Zipf => "Zipf",
            Kind::Scans => "Zipf and scans",
        }
    }
}

/// A request for a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    pub key: u64,
    /// Whether it belongs to a scan.
    pub is_scan: bool,
}

/// How many requests come with each key or less, as parts of 1; shared by all traces.
pub struct Popularity(Vec<f64>);

impl Popularity {
    pub fn new() -> Self {
        let mut sum = 0.0;
        let mut sums: Vec<f64> = (1..=KEYS)
            .map(|rank| {
                sum += (rank as f64).powf(-EXPONENT);
                sum
            })
            .collect();
        sums.iter_mut().for_each(|part| *part /= sum);
        Popularity(sums)
    }

    fn rank(&self, prng: &mut Prng) -> u64 {
        let part = (prng.next_u64() >> 11) as f64 / (1u64 << 53) as f64;
        self.0.partition_point(|&sum| sum < part).min(KEYS - 1) as u64
    }
}

/// An endless trace.
pub struct Trace<'p> {
    kind: Kind,
    popularity: &'p Popularity,
    prng: Prng,
    at: u64,
    next_scanned: u64,
}

impl<'p> Trace<'p> {
    pub fn new(kind: Kind, popularity: &'p Popularity) -> Self {
        Trace {
            kind,
            popularity,
            prng: Prng::new(42),
            at: 0,
            next_scanned: KEYS as u64,
        }
    }
}

impl Iterator for Trace<'_> {
    type Item = Request;

    fn next(&mut self) -> Option<Request> {
        let place = self.at % (SCAN_DISTANCE + SCAN_LEN);
        self.at += 1;
        let is_scan = self.kind == Kind::Scans && place >= SCAN_DISTANCE;
        let key = if is_scan {
            self.next_scanned += 1;
            self.next_scanned
        } else {
            self.popularity.rank(&mut self.prng)
        };
        Some(Request { key, is_scan })
    }
}

/// The value of a key: of 100 to 399 bytes.
pub fn value_len(key: u64) -> usize {
    100 + (key.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40) as usize % 300
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_keys_come_often_and_scans_never_again() {
        let popularity = Popularity::new();
        let trace = Trace::new(Kind::Scans, &popularity);
        let requests: Vec<Request> = trace.take(90_000).collect();
        let scanned: Vec<_> = requests.iter().filter(|request| request.is_scan).collect();
        assert_eq!(scanned.len(), 30_000);
        assert!(scanned.windows(2).all(|pair| pair[0].key < pair[1].key));
        let often = requests.iter().filter(|request| request.key < 1000).count();
        assert!((12_000..30_000).contains(&often), "{often}");
        let same: Vec<Request> = Trace::new(Kind::Scans, &popularity).take(90_000).collect();
        assert_eq!(requests, same);
    }
}
