//! What a range command asks for: the two bounds, LIMIT and the options, parsed; and the ranks that this comes to.

use crate::command::error::until_nul;
use crate::command::{Args, CommandError};
use crate::value::sorted_set::{LexBound, LexRange, ScoreRange};
use crate::value::{Encoding, SortedSet};
use core::ops::{Bound, Range};

const NOT_FLOATS: CommandError = CommandError::new("ERR min or max is not a float");
const NOT_STRING_RANGE: CommandError =
    CommandError::new("ERR min or max not valid string range item");

/// How a range is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// By places in the order; negative ones count from the end.
    Rank,
    /// By scores.
    Score,
    /// By members.
    Lex,
}

/// The members between two bounds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Selection<'a> {
    /// Both ends belong to it.
    Ranks { start: i64, stop: i64 },
    /// See [`ScoreRange`].
    Scores(ScoreRange),
    /// See [`LexRange`].
    Lex(LexRange<'a>),
}

impl<'a> Selection<'a> {
    /// Ranks, from the arguments at `index` and behind it.
    pub(super) fn ranks_at(args: &Args<'_>, index: usize) -> Result<Self, CommandError> {
        Ok(Selection::Ranks {
            start: args.int(index)?,
            stop: args.int(index + 1)?,
        })
    }

    /// A range of scores.
    pub(super) fn scores(min: &[u8], max: &[u8]) -> Result<Self, CommandError> {
        Ok(Selection::Scores(ScoreRange {
            min: score_bound(min)?,
            max: score_bound(max)?,
        }))
    }

    /// A range of members.
    pub(super) fn lex(min: &'a [u8], max: &'a [u8]) -> Result<Self, CommandError> {
        Ok(Selection::Lex(LexRange {
            min: lex_bound(min)?,
            max: lex_bound(max)?,
        }))
    }

    /// The ranks in `set`, ascending; `reverse` counts given ranks from the end.
    pub(super) fn ranks(&self, set: &SortedSet, reverse: bool) -> Range<usize> {
        match self {
            Selection::Scores(range) => set.ranks_by_score(range),
            Selection::Lex(range) => set.ranks_by_lex(range),
            Selection::Ranks { start, stop } => {
                let len = set.len();
                let ranks = ranks_within(*start, *stop, len);
                if reverse {
                    len - ranks.end..len - ranks.start
                } else {
                    ranks
                }
            }
        }
    }
}

/// The ranks below `len` from `start` to `stop`, which belongs to them; negative ones count from the end.
fn ranks_within(start: i64, stop: i64, len: usize) -> Range<usize> {
    let len = len as i64;
    let from_end = |rank: i64| if rank < 0 { len + rank } else { rank };
    let start = from_end(start).clamp(0, len);
    let end = from_end(stop).saturating_add(1).clamp(start, len);
    start as usize..end as usize
}

/// `(` leaves the score itself out. Text is read as Redis reads it here, which is not quite as it reads scores: an empty
/// text is 0, too great a number is infinite, there is no hexadecimal, and a NUL ends the text.
fn score_bound(text: &[u8]) -> Result<Bound<f64>, CommandError> {
    match text.strip_prefix(b"(") {
        Some(text) => score(text).map(Bound::Excluded),
        None => score(text).map(Bound::Included),
    }
}

fn score(text: &[u8]) -> Result<f64, CommandError> {
    let text = until_nul(text);
    if text.is_empty() {
        return Ok(0.0);
    }
    let value = core::str::from_utf8(text)
        .ok()
        .and_then(|text| text.parse().ok());
    value
        .filter(|value: &f64| !value.is_nan())
        .ok_or(NOT_FLOATS)
}

fn lex_bound(text: &[u8]) -> Result<LexBound<'_>, CommandError> {
    match text {
        // As in Redis, a NUL behind the sign ends it.
        b"-" | [b'-', 0, ..] => Ok(LexBound::Least),
        b"+" | [b'+', 0, ..] => Ok(LexBound::Greatest),
        [b'[', member @ ..] => Ok(LexBound::Included(member)),
        [b'(', member @ ..] => Ok(LexBound::Excluded(member)),
        _ => Err(NOT_STRING_RANGE),
    }
}

/// LIMIT: passes over `offset` members, then takes `count`; all if that is negative.
///
/// A negative offset gives nothing in a small set; in a big one it counts from the far end, as it does in Redis 8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Limit {
    offset: i64,
    count: i64,
}

impl Limit {
    const NONE: Limit = Limit {
        offset: 0,
        count: -1,
    };

    /// What is left of `ranks`, which are those of a `big` set or not; `reverse` counts from their end.
    fn apply(self, ranks: Range<usize>, reverse: bool, big: bool) -> Range<usize> {
        let offset = usize::try_from(self.offset.unsigned_abs()).unwrap_or(usize::MAX);
        let passed = match self.offset {
            0.. => offset.min(ranks.len()),
            _ if big => ranks.len().checked_sub(offset).unwrap_or(ranks.len()),
            _ => ranks.len(),
        };
        let left = ranks.len() - passed;
        let taken = usize::try_from(self.count).map_or(left, |count| count.min(left));
        if reverse {
            let end = ranks.end - passed;
            end - taken..end
        } else {
            let start = ranks.start + passed;
            start..start + taken
        }
    }
}

/// What is fixed by the command's name; the rest may be chosen by options.
#[derive(Clone, Copy, Debug)]
pub(super) struct Form {
    /// Index of the set's key; the bounds follow it.
    pub key: usize,
    /// How the range is given, if BYSCORE and BYLEX may not say it.
    pub kind: Option<Kind>,
    /// The direction, if REV may not say it.
    pub reverse: Option<bool>,
    /// Whether WITHSCORES may be said.
    pub scores: bool,
}

/// A parsed range command.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Query<'a> {
    selection: Selection<'a>,
    limit: Limit,
    /// Whether the greatest comes first.
    pub reverse: bool,
    /// Whether scores were asked for.
    pub with_scores: bool,
}

/// The options as they were found.
struct Options {
    kind: Option<Kind>,
    reverse: Option<bool>,
    limit: Limit,
    with_scores: bool,
}

impl<'a> Query<'a> {
    /// Parses key, bounds and options.
    pub(super) fn parse(args: &Args<'a>, form: Form) -> Result<Self, CommandError> {
        let options = Options::parse(args, form)?;
        let reverse = options.reverse.unwrap_or(false);
        let kind = options.kind.unwrap_or(Kind::Rank);
        if options.limit.count != -1 && kind == Kind::Rank {
            return Err(CommandError::new(
                "ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX",
            ));
        }
        if options.with_scores && kind == Kind::Lex {
            return Err(CommandError::new(
                "ERR syntax error, WITHSCORES not supported in combination with BYLEX",
            ));
        }
        let (first, second) = (args.at(form.key + 1), args.at(form.key + 2));
        // Backwards, the greater bound comes first.
        let (min, max) = if reverse {
            (second, first)
        } else {
            (first, second)
        };
        let selection = match kind {
            Kind::Rank => Selection::ranks_at(args, form.key + 1)?,
            Kind::Score => Selection::scores(min, max)?,
            Kind::Lex => Selection::lex(min, max)?,
        };
        let limit = if kind == Kind::Rank {
            Limit::NONE
        } else {
            options.limit
        };
        Ok(Query {
            selection,
            limit,
            reverse,
            with_scores: options.with_scores,
        })
    }

    /// Whether the bounds are ranks.
    pub(super) fn is_by_rank(&self) -> bool {
        matches!(self.selection, Selection::Ranks { .. })
    }

    /// The ranks that it comes to, ascending.
    pub(super) fn ranks(&self, set: &SortedSet) -> Range<usize> {
        let ranks = self.selection.ranks(set, self.reverse);
        let big = set.encoding() == Encoding::SortedTree;
        self.limit.apply(ranks, self.reverse, big)
    }
}

impl Options {
    fn parse(args: &Args<'_>, form: Form) -> Result<Self, CommandError> {
        let mut options = Options {
            kind: form.kind,
            reverse: form.reverse,
            limit: Limit::NONE,
            with_scores: false,
        };
        let mut at = form.key + 3;
        while at < args.len() {
            if form.scores && args.is(at, "WITHSCORES") {
                options.with_scores = true;
            } else if args.is(at, "LIMIT") && at + 2 < args.len() {
                options.limit = Limit {
                    offset: args.int(at + 1)?,
                    count: args.int(at + 2)?,
                };
                at += 2;
            } else if options.reverse.is_none() && args.is(at, "REV") {
                options.reverse = Some(true);
            } else if options.kind.is_none() && args.is(at, "BYLEX") {
                options.kind = Some(Kind::Lex);
            } else if options.kind.is_none() && args.is(at, "BYSCORE") {
                options.kind = Some(Kind::Score);
            } else {
                return Err(CommandError::SYNTAX);
            }
            at += 1;
        }
        Ok(options)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_count_from_both_ends() {
        for (start, stop, len, expected) in [
            (0, -1, 5, 0..5),
            (1, 2, 5, 1..3),
            (-2, -1, 5, 3..5),
            (-100, 100, 5, 0..5),
            (3, 1, 5, 3..3),
            (5, 9, 5, 5..5),
            (0, -6, 5, 0..0),
            (i64::MIN, i64::MAX, 5, 0..5),
            (i64::MAX, i64::MIN, 5, 5..5),
            (0, 0, 0, 0..0),
        ] {
            let ranks = ranks_within(start, stop, len);
            assert_eq!(ranks, expected, "{start} {stop} {len}");
        }
    }

    #[test]
    fn bounds_are_read_as_redis_reads_them() {
        for (text, bound) in [
            ("5", Bound::Included(5.0)),
            ("(5", Bound::Excluded(5.0)),
            ("+5", Bound::Included(5.0)),
            ("(-1.5e3", Bound::Excluded(-1500.0)),
            ("-inf", Bound::Included(f64::NEG_INFINITY)),
            ("(+inf", Bound::Excluded(f64::INFINITY)),
            ("Infinity", Bound::Included(f64::INFINITY)),
            ("1e400", Bound::Included(f64::INFINITY)),
            ("1e-400", Bound::Included(0.0)),
            ("", Bound::Included(0.0)),
            ("(", Bound::Excluded(0.0)),
            ("\0", Bound::Included(0.0)),
            ("(5\0x", Bound::Excluded(5.0)),
        ] {
            assert_eq!(score_bound(text.as_bytes()), Ok(bound), "{text}");
        }
        for text in ["nan", "0x10", " 1", "1 ", "[1", "((1", "1e", "x", "é"] {
            assert_eq!(score_bound(text.as_bytes()), Err(NOT_FLOATS), "{text}");
        }
        assert_eq!(lex_bound(b"[a"), Ok(LexBound::Included(b"a")));
        assert_eq!(lex_bound(b"+\0x"), Ok(LexBound::Greatest));
        assert_eq!(lex_bound(b"("), Ok(LexBound::Excluded(b"")));
        for text in ["", "a", "+a", "-a", "++"] {
            assert_eq!(lex_bound(text.as_bytes()), Err(NOT_STRING_RANGE), "{text}");
        }
    }

    #[test]
    fn a_limit_cuts_from_either_end() {
        let limit = |offset, count| Limit { offset, count };
        assert_eq!(limit(0, -1).apply(2..9, false, false), 2..9);
        assert_eq!(limit(1, 3).apply(2..9, false, false), 3..6);
        assert_eq!(limit(1, 3).apply(2..9, true, false), 5..8);
        assert_eq!(limit(5, -7).apply(2..9, false, false), 7..9);
        assert_eq!(limit(5, i64::MAX).apply(2..9, true, false), 2..4);
        assert_eq!(limit(-1, 3).apply(2..9, false, false).len(), 0);
        assert_eq!(limit(i64::MAX, 3).apply(2..9, true, false).len(), 0);
        assert_eq!(limit(0, 0).apply(2..9, true, false).len(), 0);
        assert_eq!(limit(-3, 2).apply(2..9, false, true), 6..8);
        assert_eq!(limit(-3, 2).apply(2..9, true, true), 3..5);
        assert_eq!(limit(-7, -1).apply(2..9, false, true), 2..9);
        assert_eq!(limit(-8, -1).apply(2..9, false, true).len(), 0);
        assert_eq!(limit(i64::MIN, -1).apply(2..9, true, true).len(), 0);
    }
}
