//! Ranges of scores and of members, as values; the text that clients write them in is the commands' matter.

use core::ops::Bound;

/// Members with scores between two bounds, neither of which is NaN.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ScoreRange {
    /// The least score, or what the scores must be above.
    pub min: Bound<f64>,
    /// The greatest score, or what the scores must be below.
    pub max: Bound<f64>,
}

/// One end of a range of members.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LexBound<'a> {
    /// Before every member.
    Least,
    /// Behind every member.
    Greatest,
    /// This member.
    Included(&'a [u8]),
    /// Just beyond this member.
    Excluded(&'a [u8]),
}

/// Members between two others, by their bytes. It has a meaning only where all scores are equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LexRange<'a> {
    /// Where the range begins.
    pub min: LexBound<'a>,
    /// Where it ends.
    pub max: LexBound<'a>,
}

impl ScoreRange {
    /// Whether `score` lies before it.
    #[inline]
    pub fn starts_after(&self, score: f64) -> bool {
        match self.min {
            Bound::Included(min) => score < min,
            Bound::Excluded(min) => score <= min,
            Bound::Unbounded => false,
        }
    }

    /// Whether `score` lies behind it.
    #[inline]
    pub fn ends_before(&self, score: f64) -> bool {
        match self.max {
            Bound::Included(max) => score > max,
            Bound::Excluded(max) => score >= max,
            Bound::Unbounded => false,
        }
    }
}

impl LexRange<'_> {
    /// Whether `member` lies before it.
    #[inline]
    pub fn starts_after(&self, member: &[u8]) -> bool {
        match self.min {
            LexBound::Least => false,
            LexBound::Greatest => true,
            LexBound::Included(min) => member < min,
            LexBound::Excluded(min) => member <= min,
        }
    }

    /// Whether `member` lies behind it.
    #[inline]
    pub fn ends_before(&self, member: &[u8]) -> bool {
        match self.max {
            LexBound::Least => true,
            LexBound::Greatest => false,
            LexBound::Included(max) => member > max,
            LexBound::Excluded(max) => member >= max,
        }
    }
}
