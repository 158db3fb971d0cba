//! The sorted set value: members with scores, ordered by score and then by their bytes.
//!
//! ```text
//! small.rs    listpack encoding: pairs in order, in a pack
//! big.rs      skiplist encoding (by its name in Redis): a table and a counted B+tree
//! member.rs   the heap block of a big set's member, and the tree's items
//! range.rs    ranges of scores and members
//! collect.rs  sets that are made as the result of a command: how they begin, and the encoding they end in
//! stored.rs   how the set is kept in an entry
//! ```
//!
//! A set grows from the small encoding into the big one at the thresholds `zset-max-listpack-entries` and
//! `zset-max-listpack-value`, and as in Redis it does not go back when it shrinks; commands that store a whole
//! result may ask for it ([`SortedSet::compact`]).
//!
//! Everything that names a part of the set comes down to ranks: [`SortedSet::ranks_by_score`] and
//! [`SortedSet::ranks_by_lex`] turn a range into one of ranks, which is walked, counted or removed.
//!
//! Scores are never NaN.

mod big;
mod collect;
mod member;
mod range;
mod small;
mod stored;
#[cfg(test)]
mod tests;

pub use collect::Collection;
pub use range::{LexBound, LexRange, ScoreRange};

use super::{Encoding, EncodingLimits};
use crate::structure::listpack::{Element, ListpackSlice};
use crate::structure::pack::{Body, Pack};
use crate::structure::table::{Figures, Step};
use alloc::boxed::Box;
use big::Big;
use core::mem;
use core::ops::Range;

/// A sorted set.
pub struct SortedSet {
    repr: Repr,
    /// The block that was on loan, when it was that of a pack which has become big.
    husk: Option<Body>,
}

enum Repr {
    Small(Pack),
    Big(Box<Big>),
}

/// What an addition may do; ZADD's options. By default, everything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rule {
    /// `NX`: leaves members that are there alone.
    pub only_new: bool,
    /// `XX`: adds no member.
    pub only_existing: bool,
    /// `GT`: changes a score only to a greater one.
    pub only_greater: bool,
    /// `LT`: changes a score only to a smaller one.
    pub only_less: bool,
    /// `INCR`: the score is added to the one that is there.
    pub increment: bool,
}

/// What an addition did; the score is what the member has now.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Added {
    /// The member is new.
    New(f64),
    /// Its score is another.
    Changed(f64),
    /// It has this score already.
    Same(f64),
    /// The rule forbids it.
    Nothing,
}

/// The sum of a score and an increment is not a number; nothing was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotANumber;

/// What a rule says about a member that is there.
enum Verdict {
    Leave,
    Same(f64),
    Change(f64),
}

impl Rule {
    #[inline]
    fn judge(&self, current: f64, given: f64) -> Result<Verdict, NotANumber> {
        if self.only_new {
            return Ok(Verdict::Leave);
        }
        let score = if self.increment {
            current + given
        } else {
            given
        };
        if score.is_nan() {
            return Err(NotANumber);
        }
        Ok(
            if (self.only_less && score >= current) || (self.only_greater && score <= current) {
                Verdict::Leave
            } else if score == current {
                Verdict::Same(score)
            } else {
                Verdict::Change(score)
            },
        )
    }
}

/// An end of the order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The least score.
    Min,
    /// The greatest score.
    Max,
}

/// A member with its score, lent.
#[derive(Clone, Copy, Debug)]
pub struct Scored<'a> {
    /// The member.
    pub member: Element<'a>,
    score: Kept<'a>,
}

/// A listpack's score is read only when it is asked for.
#[derive(Clone, Copy, Debug)]
enum Kept<'a> {
    Number(f64),
    Element(Element<'a>),
}

impl<'a> Scored<'a> {
    #[inline]
    fn new(member: &'a [u8], score: f64) -> Self {
        Scored {
            member: Element::Bytes(member),
            score: Kept::Number(score),
        }
    }

    #[inline]
    fn kept(member: Element<'a>, score: Element<'a>) -> Self {
        Scored {
            member,
            score: Kept::Element(score),
        }
    }

    /// A member with a score of its own.
    #[inline]
    pub fn with(member: Element<'a>, score: f64) -> Self {
        Scored {
            member,
            score: Kept::Number(score),
        }
    }

    /// The score.
    #[inline]
    pub fn score(&self) -> f64 {
        match self.score {
            Kept::Number(score) => score,
            Kept::Element(element) => small::score_of(element),
        }
    }

    fn has_bad_score(&self) -> bool {
        match self.score {
            Kept::Element(Element::Bytes(text)) => crate::bytes::number::parse_f64(text).is_none(),
            _ => false,
        }
    }
}

impl SortedSet {
    fn of(repr: Repr) -> Self {
        SortedSet { repr, husk: None }
    }

    /// An empty set, in the encoding that suits `members` of them, the first of which has `first_len` bytes.
    pub fn new(members: usize, first_len: usize, limits: &EncodingLimits) -> Self {
        let small = members <= limits.zset_max_listpack_entries
            && first_len <= limits.zset_max_listpack_value;
        SortedSet::of(if small {
            Repr::Small(Pack::new())
        } else {
            Repr::Big(Box::new(Big::new(limits.hasher)))
        })
    }

    /// A set from a listpack out of a dump; refused when it is not one that a sorted set may have.
    pub fn from_listpack(pairs: &ListpackSlice) -> Result<Self, &'static str> {
        let pairs = Pack::from(pairs);
        small::check(pairs.view())?;
        Ok(SortedSet::of(Repr::Small(pairs)))
    }

    /// The pack that a small set is, for a dump.
    pub fn as_pack(&self) -> Option<&Pack> {
        match &self.repr {
            Repr::Small(pairs) => Some(pairs),
            Repr::Big(_) => None,
        }
    }

    /// How the table of a big sorted set is filled; `count`: with its buckets looked at.
    pub fn table_figures(&self, count: bool) -> Option<Figures> {
        match &self.repr {
            Repr::Small(_) => None,
            Repr::Big(big) => Some(big.table().figures(count)),
        }
    }

    /// Brings what a member of `hash` needs of a big sorted set's table near.
    #[inline]
    pub(crate) fn prefetch(&self, hash: u64, step: Step) {
        if let Repr::Big(big) = &self.repr {
            big.table().prefetch(hash, step);
        }
    }

    /// How it is kept.
    pub fn encoding(&self) -> Encoding {
        match &self.repr {
            Repr::Small(_) => Encoding::SortedListpack,
            Repr::Big(_) => Encoding::SortedTree,
        }
    }

    /// How many members there are.
    #[inline]
    pub fn len(&self) -> usize {
        match &self.repr {
            Repr::Small(pairs) => small::len(pairs.view()),
            Repr::Big(big) => big.len(),
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The score of a member.
    #[inline]
    pub fn score(&self, member: &[u8]) -> Option<f64> {
        match &self.repr {
            Repr::Small(pairs) => small::find(pairs.view(), member).map(|(.., score)| score),
            Repr::Big(big) => big.score(member),
        }
    }

    /// How many members come before this one, and its score.
    pub fn rank(&self, member: &[u8]) -> Option<(usize, f64)> {
        match &self.repr {
            Repr::Small(pairs) => small::rank(pairs.view(), member),
            Repr::Big(big) => big.rank(member),
        }
    }

    /// Changes the encoding now if `additions` alone are too many for the small one.
    pub fn expect(&mut self, additions: usize, limits: &EncodingLimits) {
        if additions > limits.zset_max_listpack_entries {
            self.enlarge(limits);
        }
    }

    /// Adds a member or changes its score, as the rule says. `score` must not be NaN.
    #[inline]
    pub fn add(
        &mut self,
        member: &[u8],
        score: f64,
        rule: &Rule,
        limits: &EncodingLimits,
    ) -> Result<Added, NotANumber> {
        debug_assert!(!score.is_nan());
        match &mut self.repr {
            Repr::Big(big) => big.add(member, score, rule),
            Repr::Small(_) => self.add_small(member, score, rule, limits),
        }
    }

    fn add_small(
        &mut self,
        member: &[u8],
        score: f64,
        rule: &Rule,
        limits: &EncodingLimits,
    ) -> Result<Added, NotANumber> {
        if let Repr::Small(pairs) = &mut self.repr {
            if let Some(added) = small::change(pairs, member, score, rule)? {
                return Ok(added);
            }
            if rule.only_existing {
                return Ok(Added::Nothing);
            }
            if small::len(pairs.view()) < limits.zset_max_listpack_entries
                && member.len() <= limits.zset_max_listpack_value
                && small::has_room(pairs.view(), member)
            {
                small::insert(pairs, member, score);
                return Ok(Added::New(score));
            }
            self.enlarge(limits);
        }
        if let Repr::Big(big) = &mut self.repr {
            big.push(member, score);
        }
        Ok(Added::New(score))
    }

    /// Removes a member; `false` when it is not there.
    pub fn remove(&mut self, member: &[u8]) -> bool {
        match &mut self.repr {
            Repr::Small(pairs) => small::remove(pairs, member),
            Repr::Big(big) => big.remove(member),
        }
    }

    /// Removes up to `count` members from one end on, and hands them out in this order.
    pub fn pop(&mut self, end: End, count: usize, mut each: impl FnMut(Scored<'_>)) {
        let count = count.min(self.len());
        match &mut self.repr {
            Repr::Small(pairs) => {
                let len = small::len(pairs.view());
                match end {
                    End::Min => small::iter_from(pairs.view(), 0).take(count).for_each(each),
                    End::Max => small::iter_rev_from(pairs.view(), len.saturating_sub(1))
                        .take(count)
                        .for_each(each),
                }
                let start = if end == End::Min { 0 } else { len - count };
                small::remove_ranks(pairs, start..start + count);
            }
            Repr::Big(big) => {
                let each = &mut |member: &[u8], score| each(Scored::new(member, score));
                for _ in 0..count {
                    match end {
                        End::Min => big.pop_first(each),
                        End::Max => big.pop_last(each),
                    }
                }
            }
        }
    }

    /// Removes the members of these ranks.
    pub fn remove_ranks(&mut self, ranks: Range<usize>) {
        match &mut self.repr {
            Repr::Small(pairs) => small::remove_ranks(pairs, ranks),
            Repr::Big(big) => big.remove_ranks(ranks),
        }
    }

    /// The ranks of the members with scores in a range.
    pub fn ranks_by_score(&self, range: &ScoreRange) -> Range<usize> {
        match &self.repr {
            Repr::Small(pairs) => small::ranks_by_score(pairs.view(), range),
            Repr::Big(big) => big.ranks_by_score(range),
        }
    }

    /// The ranks of the members between two others; without meaning when scores differ.
    pub fn ranks_by_lex(&self, range: &LexRange<'_>) -> Range<usize> {
        match &self.repr {
            Repr::Small(pairs) => small::ranks_by_lex(pairs.view(), range),
            Repr::Big(big) => big.ranks_by_lex(range),
        }
    }

    /// The members from a rank on, ascending.
    pub fn iter_from(&self, rank: usize) -> Iter<'_> {
        let rank = rank.min(self.len());
        Iter(match &self.repr {
            Repr::Small(pairs) => Walk::SmallUp(small::iter_from(pairs.view(), rank)),
            Repr::Big(big) => Walk::BigUp(big.iter_from(rank)),
        })
    }

    /// The members from a rank (counted from the least) down, descending; none when there is no such rank.
    pub fn iter_rev_from(&self, rank: usize) -> Iter<'_> {
        let rank = rank.min(self.len());
        Iter(match &self.repr {
            Repr::Small(pairs) => Walk::SmallDown(small::iter_rev_from(pairs.view(), rank)),
            Repr::Big(big) => Walk::BigDown(big.iter_rev_from(rank)),
        })
    }

    /// The members of these ranks, the greatest first if `reverse`.
    pub fn range(&self, ranks: Range<usize>, reverse: bool) -> impl Iterator<Item = Scored<'_>> {
        let walk = match ranks.end.checked_sub(1) {
            Some(last) if reverse => self.iter_rev_from(last),
            _ => self.iter_from(ranks.start),
        };
        walk.take(ranks.len())
    }

    /// The member at a rank.
    pub fn get(&self, rank: usize) -> Option<Scored<'_>> {
        self.iter_from(rank).next()
    }

    /// Hands out about `count` members from `cursor` on and returns the next cursor, 0 at the end. The small encoding
    /// gives all at once.
    pub fn scan(&self, cursor: u64, count: usize, mut each: impl FnMut(Scored<'_>)) -> u64 {
        match &self.repr {
            Repr::Small(pairs) => {
                small::iter_from(pairs.view(), 0).for_each(each);
                0
            }
            Repr::Big(big) => big.scan(cursor, count, |member, score| {
                each(Scored::new(member, score));
            }),
        }
    }

    /// The same set in memory of its own.
    pub fn duplicate(&self) -> Self {
        SortedSet::of(match &self.repr {
            Repr::Small(pairs) => Repr::Small(pairs.clone()),
            Repr::Big(big) => Repr::Big(Box::new(big.duplicate())),
        })
    }

    /// Changes to the big encoding.
    fn enlarge(&mut self, limits: &EncodingLimits) {
        let Repr::Small(pairs) = &self.repr else {
            return;
        };
        let mut big = Box::new(Big::new(limits.hasher));
        for pair in small::iter_from(pairs.view(), 0) {
            big.push(pair.member.text(&mut Default::default()), pair.score());
        }
        if let Repr::Small(pairs) = mem::replace(&mut self.repr, Repr::Big(big)) {
            self.husk = pairs.into_husk();
        }
    }

    /// Verifies all invariants; for tests, and for sets from outside.
    pub fn check(&self) -> Result<(), &'static str> {
        match &self.repr {
            Repr::Small(pairs) => small::check(pairs.view()),
            Repr::Big(big) => big.check(),
        }
    }
}

/// Members in order, one way or the other.
pub struct Iter<'a>(Walk<'a>);

#[allow(
    clippy::large_enum_variant,
    reason = "lives on the stack, and the big walks are the ones that matter"
)]
enum Walk<'a> {
    SmallUp(small::Ascending<'a>),
    SmallDown(small::Descending<'a>),
    BigUp(big::Ascending<'a>),
    BigDown(big::Descending<'a>),
}

impl<'a> Iterator for Iter<'a> {
    type Item = Scored<'a>;

    #[inline]
    fn next(&mut self) -> Option<Scored<'a>> {
        let big = match &mut self.0 {
            Walk::SmallUp(walk) => return walk.next(),
            Walk::SmallDown(walk) => return walk.next(),
            Walk::BigUp(walk) => walk.next(),
            Walk::BigDown(walk) => walk.next(),
        };
        big.map(|(member, score)| Scored::new(member, score))
    }
}
