//! The small encoding: member and score, pair after pair in order, in one pack.
//!
//! ```text
//! | member | score | member | score | ...
//! ```
//!
//! A score that is a whole number is kept as an integer, every other as its shortest text; -0 becomes 0. These are the
//! elements that Redis has in its listpack.

use super::{Added, LexRange, NotANumber, Rule, ScoreRange, Scored, Verdict};
use crate::bytes::number::{FLOAT_TEXT_MAX, parse_f64, write_f64_shortest};
use crate::structure::listpack::{Element, IntText, encoded_size};
use crate::structure::pack::{self, Pack, PackView, Pos};
use crate::value::EncodingLimits;
use alloc::vec::Vec;
use core::cmp::Ordering;
use core::ops::Range;

/// A score as a pack keeps it.
pub(super) fn score_element(score: f64, room: &mut [u8; FLOAT_TEXT_MAX]) -> Element<'_> {
    const LIMIT: f64 = (i64::MAX / 2) as f64;
    let whole = score as i64;
    if (-LIMIT..=LIMIT).contains(&score) && whole as f64 == score {
        Element::Int(whole)
    } else {
        Element::Bytes(write_f64_shortest(score, room))
    }
}

/// The score that an element is; what is no number counts as 0, as in Redis.
#[inline]
pub(super) fn score_of(element: Element<'_>) -> f64 {
    match element {
        Element::Int(whole) => whole as f64,
        Element::Bytes(text) => parse_f64(text).unwrap_or(0.0),
    }
}

/// How many members there are.
pub(super) fn len(pairs: PackView<'_>) -> usize {
    pairs.len() / 2
}

/// The place of a member, that of its score, and the score.
pub(super) fn find(pairs: PackView<'_>, member: &[u8]) -> Option<(Pos, Pos, f64)> {
    let at = pairs.find(member, 1)?;
    let score_at = pairs.next(at)?;
    Some((at, score_at, score_of(pairs.get(score_at))))
}

/// How many members come before this one, and its score.
pub(super) fn rank(pairs: PackView<'_>, member: &[u8]) -> Option<(usize, f64)> {
    iter_from(pairs, 0)
        .enumerate()
        .find(|(_, pair)| pair.member.equals(member))
        .map(|(rank, pair)| (rank, pair.score()))
}

/// Changes the score of a member, or says that there is none.
pub(super) fn change(
    pairs: &mut Pack,
    member: &[u8],
    score: f64,
    rule: &Rule,
) -> Result<Option<Added>, NotANumber> {
    let Some((at, score_at, current)) = find(pairs.view(), member) else {
        return Ok(None);
    };
    Ok(Some(match rule.judge(current, score)? {
        Verdict::Leave => Added::Nothing,
        Verdict::Same(score) => Added::Same(score),
        Verdict::Change(score) => {
            if stays(pairs.view(), at, member, current, score) {
                pairs.replace(score_at, score_element(score, &mut [0; FLOAT_TEXT_MAX]));
            } else {
                pairs.remove_run(at, 2);
                insert(pairs, member, score);
            }
            Added::Changed(score)
        }
    }))
}

/// Whether the pair at `at` keeps its place when its score becomes another: only the neighbour on that side may be in
/// the way.
fn stays(pairs: PackView<'_>, at: Pos, member: &[u8], current: f64, score: f64) -> bool {
    let neighbour = if score > current {
        pair_behind(pairs, at)
    } else {
        let mut before = None;
        let mut next = pairs.first().filter(|&first| first != at);
        while let Some(here) = next {
            before = Some(here);
            next = pair_behind(pairs, here).filter(|&next| next != at);
        }
        before
    };
    let wrong_side = if score > current {
        Ordering::Less
    } else {
        Ordering::Greater
    };
    neighbour.is_none_or(|pos| order(&pair_at(pairs, pos), member, score) != wrong_side)
}

/// The place of the pair behind the one at `at`.
fn pair_behind(pairs: PackView<'_>, at: Pos) -> Option<Pos> {
    pairs.next(pairs.next(at)?)
}

fn pair_at(pairs: PackView<'_>, at: Pos) -> Scored<'_> {
    let score_at = pairs.next(at).unwrap_or(pairs.end());
    Scored::kept(pairs.get(at), pairs.get(score_at))
}

/// Adds a member that is not there.
pub(super) fn insert(pairs: &mut Pack, member: &[u8], score: f64) {
    let place = place_of(pairs.view(), member, score);
    let mut room = [0; FLOAT_TEXT_MAX];
    let pair = [Element::Bytes(member), score_element(score, &mut room)];
    pairs.insert_all(place, pair);
}

/// A pack of the `count` pairs that `walk` gives in ascending order; `None` when the thresholds do not allow it.
pub(super) fn collect<'a, I: Iterator<Item = Scored<'a>>>(
    walk: impl Fn() -> I,
    count: usize,
    limits: &EncodingLimits,
) -> Option<Pack> {
    let most = limits.zset_max_listpack_value;
    if count > limits.zset_max_listpack_entries || walk().any(|pair| pair.member.text_len() > most)
    {
        return None;
    }
    let mut pairs = Pack::new();
    for pair in walk() {
        let mut room = [0; FLOAT_TEXT_MAX];
        pairs.extend([
            pair.member.canonical(),
            score_element(pair.score(), &mut room),
        ]);
    }
    pairs.view().fits(0).then_some(pairs)
}

/// Where a member that is not there belongs.
fn place_of(pairs: PackView<'_>, member: &[u8], score: f64) -> Pos {
    let mut next = pairs.first();
    while let Some(at) = next {
        let Some(score_at) = pairs.next(at) else {
            break;
        };
        let pair = Scored::kept(pairs.get(at), pairs.get(score_at));
        if order(&pair, member, score) != Ordering::Less {
            return at;
        }
        next = pairs.next(score_at);
    }
    pairs.end()
}

/// How a pair is placed relative to another member.
fn order(pair: &Scored<'_>, member: &[u8], score: f64) -> Ordering {
    let own = pair.score();
    if own < score {
        Ordering::Less
    } else if own > score {
        Ordering::Greater
    } else {
        pair.member.text(&mut IntText::default()).cmp(member)
    }
}

/// Removes a member; `false` when it is not there.
pub(super) fn remove(pairs: &mut Pack, member: &[u8]) -> bool {
    match find(pairs.view(), member) {
        Some((at, ..)) => {
            pairs.remove_run(at, 2);
            true
        }
        None => false,
    }
}

/// Removes the members of these ranks.
pub(super) fn remove_ranks(pairs: &mut Pack, ranks: Range<usize>) {
    if let Some(at) = pairs.view().seek(2 * ranks.start) {
        pairs.remove_run(at, 2 * ranks.len());
    }
}

/// Whether another member of `bytes` may be added without growing beyond what a pack may be.
pub(super) fn has_room(pairs: PackView<'_>, member: &[u8]) -> bool {
    const SCORE_MAX: usize = FLOAT_TEXT_MAX + 2;
    pairs.fits(encoded_size(member).saturating_add(SCORE_MAX))
}

/// The ranks of the members in a range of scores.
pub(super) fn ranks_by_score(pairs: PackView<'_>, range: &ScoreRange) -> Range<usize> {
    ranks(
        pairs,
        |pair| range.starts_after(pair.score()),
        |pair| range.ends_before(pair.score()),
    )
}

/// The ranks of the members in a range of members.
pub(super) fn ranks_by_lex(pairs: PackView<'_>, range: &LexRange<'_>) -> Range<usize> {
    ranks(
        pairs,
        |pair| range.starts_after(pair.member.text(&mut IntText::default())),
        |pair| range.ends_before(pair.member.text(&mut IntText::default())),
    )
}

fn ranks(
    pairs: PackView<'_>,
    is_before: impl Fn(&Scored<'_>) -> bool,
    is_behind: impl Fn(&Scored<'_>) -> bool,
) -> Range<usize> {
    let mut walk = iter_from(pairs, 0).peekable();
    let mut start = 0;
    while walk.next_if(&is_before).is_some() {
        start += 1;
    }
    start..start + walk.take_while(|pair| !is_behind(pair)).count()
}

/// The pairs from a rank on, ascending.
pub(super) fn iter_from(pairs: PackView<'_>, rank: usize) -> Ascending<'_> {
    let from = pairs.seek(2 * rank).unwrap_or(pairs.end());
    Ascending(pairs.iter_from(from))
}

/// The pairs from a rank down, descending; none when there is no such rank.
pub(super) fn iter_rev_from(pairs: PackView<'_>, rank: usize) -> Descending<'_> {
    let left = if rank < len(pairs) { rank + 1 } else { 0 };
    Descending {
        pairs,
        left,
        places: [pairs.end(); BACKWARDS],
        known: 0,
    }
}

/// Pairs in order.
pub(super) struct Ascending<'a>(pack::Iter<'a>);

/// Places that a walk backwards notes at a time.
const BACKWARDS: usize = 32;

/// Pairs in reverse order. A pack can be walked forwards only, so the places of a few pairs are noted at a time.
pub(super) struct Descending<'a> {
    pairs: PackView<'a>,
    /// How many pairs are still to come.
    left: usize,
    /// Of these, the places of the last `known` ones.
    places: [Pos; BACKWARDS],
    known: usize,
}

impl<'a> Iterator for Ascending<'a> {
    type Item = Scored<'a>;

    #[inline]
    fn next(&mut self) -> Option<Scored<'a>> {
        let member = self.0.next()?;
        Some(Scored::kept(member, self.0.next()?))
    }
}

impl<'a> Iterator for Descending<'a> {
    type Item = Scored<'a>;

    #[inline]
    fn next(&mut self) -> Option<Scored<'a>> {
        if self.known == 0 {
            self.note_places()?;
        }
        self.known -= 1;
        self.left -= 1;
        Some(pair_at(self.pairs, self.places[self.known]))
    }
}

impl Descending<'_> {
    /// Notes where the last pairs that are still to come are; `None` when none is.
    fn note_places(&mut self) -> Option<()> {
        let count = self.left.min(BACKWARDS);
        let mut next = self.pairs.seek(2 * self.left.checked_sub(count.max(1))?);
        for place in &mut self.places[..count] {
            *place = next?;
            next = pair_behind(self.pairs, *place);
        }
        self.known = count;
        Some(())
    }
}

/// Verifies what a dump from outside may break: pairs, numbers, order, uniqueness.
pub(super) fn check(pairs: PackView<'_>) -> Result<(), &'static str> {
    pairs.check()?;
    if !pairs.len().is_multiple_of(2) {
        return Err("a member without a score");
    }
    let mut before: Option<Scored<'_>> = None;
    for pair in iter_from(pairs, 0) {
        if pair.has_bad_score() {
            return Err("a score that is no number");
        }
        let mut text = IntText::default();
        let (member, score) = (pair.member.text(&mut text), pair.score());
        if before.is_some_and(|before| order(&before, member, score) != Ordering::Less) {
            return Err("members out of order");
        }
        before = Some(pair);
    }
    let mut members: Vec<Element<'_>> = iter_from(pairs, 0).map(|pair| pair.member).collect();
    members.sort_unstable_by(|a, b| {
        a.text(&mut IntText::default())
            .cmp(b.text(&mut IntText::default()))
    });
    if members.windows(2).any(|two| two[0] == two[1]) {
        return Err("a member that is there twice");
    }
    Ok(())
}
