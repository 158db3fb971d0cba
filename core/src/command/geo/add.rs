//! GEOADD.

use super::position_at;
use crate::bytes::number::{INTEGER_TEXT_MAX, write_u64};
use crate::command::{Args, CommandError, CommandResult, Cx, DONE};
use crate::keyspace::EventClass;
use crate::structure::geohash::Position;
use crate::value::SortedSet;
use crate::value::sorted_set::{Added, Rule};
use alloc::vec::Vec;

/// The arguments of an addition.
struct Addition {
    rule: Rule,
    /// `CH`: the reply counts changed places too.
    counts_changed: bool,
    /// Index of the first longitude.
    first: usize,
    /// The first score; the others are computed when they are due.
    first_score: u64,
    /// How many places with their members there are.
    places: usize,
}

/// `GEOADD key [NX | XX] [CH] longitude latitude member [longitude latitude member ...]`
pub(super) fn geoadd(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let addition = Addition::parse(args)?;
    let (key, limits) = (args.key(1), cx.keys.limits);
    let (mut added, mut changed) = (0usize, 0usize);
    let mut apply = |set: &mut SortedSet| {
        for number in 0..addition.places {
            let (score, member) = addition.place(args, number);
            // Without an increment there is no sum that could be NaN.
            match set.add(member, score as f64, &addition.rule, &limits) {
                Ok(Added::New(_)) => added += 1,
                Ok(Added::Changed(_)) => changed += 1,
                _ => {}
            }
        }
    };
    if let Some(mut set) = cx.keys.value_mut::<SortedSet>(&key)? {
        set.expect(addition.places, &limits);
        apply(&mut set);
    } else if !addition.rule.only_existing {
        let first_len = args.at(addition.first + 2).len();
        let mut set = cx.keys.value_mut_or_insert(&key, |limits| {
            SortedSet::new(addition.places, first_len, limits)
        })?;
        apply(&mut set);
    }
    if let Some(more) = (added + changed).checked_sub(1) {
        cx.keys.modified(EventClass::SORTED_SET, "zadd", &key);
        cx.keys.dirty += more as u64;
        addition.log(cx, args);
    }
    let counted = if addition.counts_changed { changed } else { 0 };
    cx.reply.count(added + counted);
    DONE
}

impl Addition {
    /// Parses everything, so that a wrong place further behind keeps the earlier ones from being added.
    fn parse(args: &Args<'_>) -> Result<Self, CommandError> {
        let (mut rule, mut counts_changed, mut first) = (Rule::default(), false, 2);
        loop {
            match () {
                () if args.is(first, "NX") => rule.only_new = true,
                () if args.is(first, "XX") => rule.only_existing = true,
                () if args.is(first, "CH") => counts_changed = true,
                () => break,
            }
            first += 1;
        }
        let rest = args.len().saturating_sub(first);
        if !rest.is_multiple_of(3) || (rule.only_new && rule.only_existing) {
            return Err(CommandError::SYNTAX);
        }
        let places = rest / 3;
        if places == 0 {
            return Err(CommandError::SYNTAX);
        }
        let first_score = position_at(args, first)?.to_score();
        for at in (first + 3..args.len()).step_by(3) {
            position_at(args, at)?;
        }
        Ok(Addition {
            rule,
            counts_changed,
            first,
            first_score,
            places,
        })
    }

    /// The score and the member of the place of this number, which has been parsed before.
    fn place<'a>(&self, args: &Args<'a>, number: usize) -> (u64, &'a [u8]) {
        let at = self.first + 3 * number;
        let score = match number {
            0 => self.first_score,
            _ => position_at(args, at).map_or(0, Position::to_score),
        };
        (score, args.at(at + 2))
    }

    /// Logs the addition of scores: an exact number, whoever reads it.
    fn log(&self, cx: &mut Cx<'_>, args: &Args<'_>) {
        if !cx.keys.effects.is_enabled() {
            return;
        }
        let mut room = alloc::vec![[0; INTEGER_TEXT_MAX]; self.places];
        let mut words: Vec<&[u8]> = Vec::with_capacity(self.first + 2 * self.places);
        words.push(b"ZADD");
        words.extend(args.from(1).take(self.first - 1));
        for (number, room) in room.iter_mut().enumerate() {
            let (score, member) = self.place(args, number);
            words.extend([write_u64(score, room), member]);
        }
        let db = cx.keys.current();
        cx.keys.effects.replace(db, &words);
    }
}
