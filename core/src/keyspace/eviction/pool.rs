//! The best candidates of the samples so far, kept between evictions: what makes small samples nearly as good as knowing
//! the order of all keys.
//!
//! A candidate is a hash and the access clock that was seen with it, so that keeping it copies no key. The clock tells
//! whether the key was used in between; then it is no candidate any more.

use super::clock::AccessClock;

/// How many candidates are kept.
const POOL_MAX: usize = 16;

/// A key that may be evicted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Candidate {
    pub(super) db: u32,
    /// The access clock when it was sampled.
    pub(super) clock: u32,
    pub(super) hash: u64,
}

/// Candidates, the best last.
#[derive(Debug, Default)]
pub(in super::super) struct Pool {
    candidates: [Candidate; POOL_MAX],
    scores: [u32; POOL_MAX],
    len: usize,
    scored_at: AccessClock,
}

impl Pool {
    /// Scores all candidates as of now; their order hardly ever changes.
    #[inline]
    pub(super) fn rescore(&mut self, now: &AccessClock) {
        if self.scored_at == *now {
            return;
        }
        self.scored_at = *now;
        for at in 0..self.len {
            self.scores[at] = now.dispensability(self.candidates[at].clock);
            let mut to = at;
            while to > 0 && self.scores[to - 1] > self.scores[to] {
                self.scores.swap(to - 1, to);
                self.candidates.swap(to - 1, to);
                to -= 1;
            }
        }
    }

    /// Keeps a candidate if there is room or it is better than the worst one; only then it is made.
    pub(super) fn offer(&mut self, score: u32, make: impl FnOnce() -> Candidate) {
        if self.len == POOL_MAX && score <= self.scores[0] {
            return;
        }
        let candidate = make();
        let kept = &self.candidates[..self.len];
        let same = |other: &Candidate| (other.hash, other.db) == (candidate.hash, candidate.db);
        if let Some(at) = kept.iter().position(same) {
            self.remove(at);
        } else if self.len == POOL_MAX {
            self.remove(0);
        }
        let at = self.scores[..self.len].partition_point(|&other| other <= score);
        self.candidates.copy_within(at..self.len, at + 1);
        self.scores.copy_within(at..self.len, at + 1);
        (self.candidates[at], self.scores[at]) = (candidate, score);
        self.len += 1;
    }

    /// Takes the best candidate out.
    pub(super) fn take_best(&mut self) -> Option<Candidate> {
        self.len = self.len.checked_sub(1)?;
        Some(self.candidates[self.len])
    }

    fn remove(&mut self, at: usize) {
        self.candidates.copy_within(at + 1..self.len, at);
        self.scores.copy_within(at + 1..self.len, at);
        self.len -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bytes::prng::Prng;
    use std::vec::Vec;

    fn candidate(hash: u64, clock: u32) -> Candidate {
        Candidate { db: 0, clock, hash }
    }

    #[test]
    fn keeps_the_best_of_a_long_row_without_doubles() {
        let (mut pool, mut prng) = (Pool::default(), Prng::new(1));
        let mut scores: Vec<u32> = Vec::new();
        for hash in 0..1000 {
            let score = prng.below(1_000_000) as u32;
            scores.push(score);
            for _ in 0..2 {
                pool.offer(score, || candidate(hash, score));
            }
        }
        scores.sort_unstable_by(|a, b| b.cmp(a));
        let best: Vec<u32> = core::iter::from_fn(|| pool.take_best())
            .map(|candidate| candidate.clock)
            .collect();
        assert_eq!(best, &scores[..POOL_MAX]);
    }

    #[test]
    fn a_candidate_that_was_used_meanwhile_changes_its_place() {
        let mut pool = Pool::default();
        pool.offer(9, || candidate(1, 9));
        pool.offer(5, || candidate(2, 5));
        pool.offer(1, || candidate(1, 1));
        assert_eq!(pool.take_best(), Some(candidate(2, 5)));
        assert_eq!(pool.take_best(), Some(candidate(1, 1)));
        assert_eq!(pool.take_best(), None);
    }

    #[test]
    fn scores_follow_the_clock() {
        let mut pool = Pool::default();
        // Scored wrongly on purpose: the clock knows better.
        for (score, clock) in [(1, 70), (2, 30), (3, 90), (4, 10), (5, 50)] {
            pool.offer(score, || candidate(u64::from(clock), clock));
        }
        let settings = crate::settings::Settings::default();
        pool.rescore(&AccessClock::new(100_000, &settings));
        let order: Vec<u32> = core::iter::from_fn(|| pool.take_best())
            .map(|candidate| candidate.clock)
            .collect();
        assert_eq!(order, [10, 30, 50, 70, 90]);
    }
}
