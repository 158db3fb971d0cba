//! ZADD and ZINCRBY.

use super::changed;
use crate::command::{Args, CommandError, CommandResult, Cx, DONE};
use crate::value::EncodingLimits;
use crate::value::SortedSet;
use crate::value::sorted_set::{Added, Rule};

const NOT_A_NUMBER: CommandError = CommandError::new("ERR resulting score is not a number (NaN)");

/// The arguments of an addition.
struct Addition {
    rule: Rule,
    /// `CH`: the reply counts changed scores too.
    counts_changed: bool,
    /// Index of the first score.
    first: usize,
    /// The first score; the others are parsed when they are due.
    first_score: f64,
    /// How many pairs of score and member there are.
    pairs: usize,
}

/// What an addition did.
#[derive(Default)]
struct Tally {
    added: usize,
    changed: usize,
    /// The score that the last member has; none if the rule left it alone.
    score: Option<f64>,
}

pub(super) fn zadd(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    add(cx, args, Rule::default())
}

pub(super) fn zincrby(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let rule = Rule {
        increment: true,
        ..Rule::default()
    };
    add(cx, args, rule)
}

fn add(cx: &mut Cx<'_>, args: &Args<'_>, rule: Rule) -> CommandResult {
    let addition = Addition::parse(args, rule)?;
    let rule = &addition.rule;
    let key = args.key(1);
    let limits = cx.keys.limits;
    let tally = if let Some(mut set) = cx.keys.value_mut::<SortedSet>(&key)? {
        set.expect(addition.pairs, &limits);
        addition.apply(args, &mut set, &limits)?
    } else if rule.only_existing {
        Tally::default()
    } else {
        let first_len = args.at(addition.first + 1).len();
        let mut set = cx.keys.value_mut_or_insert(&key, |limits| {
            SortedSet::new(addition.pairs, first_len, limits)
        })?;
        addition.apply(args, &mut set, &limits)?
    };
    let event = if rule.increment { "zincr" } else { "zadd" };
    changed(cx, event, &key, tally.added + tally.changed);
    match tally.score {
        Some(score) if rule.increment => cx.reply.double(score),
        None if rule.increment => cx.reply.null(),
        _ if addition.counts_changed => cx.reply.count(tally.added + tally.changed),
        _ => cx.reply.count(tally.added),
    }
    DONE
}

impl Addition {
    /// Parses everything, so that a wrong score of a later pair keeps the earlier ones from being added.
    fn parse(args: &Args<'_>, mut rule: Rule) -> Result<Self, CommandError> {
        let mut counts_changed = false;
        let mut first = 2;
        while let Some(option) = option_at(args, first, &mut rule, &mut counts_changed) {
            *option = true;
            first += 1;
        }
        let rest = args.len().saturating_sub(first);
        if rest == 0 || rest % 2 == 1 {
            return Err(CommandError::SYNTAX);
        }
        let pairs = rest / 2;
        check_compatible(&rule, pairs)?;
        let first_score = args.float(first)?;
        for at in (first + 2..args.len()).step_by(2) {
            args.float(at)?;
        }
        Ok(Addition {
            rule,
            counts_changed,
            first,
            first_score,
            pairs,
        })
    }

    /// Adds every pair. Only an increment can fail, of which there is just one, so a failure has changed nothing.
    fn apply(
        &self,
        args: &Args<'_>,
        set: &mut SortedSet,
        limits: &EncodingLimits,
    ) -> Result<Tally, CommandError> {
        let mut tally = Tally::default();
        for at in (self.first..args.len()).step_by(2) {
            let score = if at == self.first {
                self.first_score
            } else {
                args.float(at)?
            };
            let added = set
                .add(args.at(at + 1), score, &self.rule, limits)
                .map_err(|_| NOT_A_NUMBER)?;
            tally.score = match added {
                Added::New(score) | Added::Changed(score) | Added::Same(score) => Some(score),
                Added::Nothing => None,
            };
            tally.added += usize::from(matches!(added, Added::New(_)));
            tally.changed += usize::from(matches!(added, Added::Changed(_)));
        }
        Ok(tally)
    }
}

/// What the option at `index` sets; `None` when no option is there.
fn option_at<'r>(
    args: &Args<'_>,
    index: usize,
    rule: &'r mut Rule,
    counts_changed: &'r mut bool,
) -> Option<&'r mut bool> {
    // Scores, which usually come first, are told from options by their first byte.
    if !args.at(index).first()?.is_ascii_alphabetic() {
        return None;
    }
    match () {
        () if args.is(index, "NX") => Some(&mut rule.only_new),
        () if args.is(index, "XX") => Some(&mut rule.only_existing),
        () if args.is(index, "CH") => Some(counts_changed),
        () if args.is(index, "INCR") => Some(&mut rule.increment),
        () if args.is(index, "GT") => Some(&mut rule.only_greater),
        () if args.is(index, "LT") => Some(&mut rule.only_less),
        () => None,
    }
}

fn check_compatible(rule: &Rule, pairs: usize) -> Result<(), CommandError> {
    if rule.only_new && rule.only_existing {
        return Err(CommandError::new(
            "ERR XX and NX options at the same time are not compatible",
        ));
    }
    let limiting = [rule.only_new, rule.only_greater, rule.only_less];
    if limiting.into_iter().filter(|&set| set).count() > 1 {
        return Err(CommandError::new(
            "ERR GT, LT, and/or NX options at the same time are not compatible",
        ));
    }
    if rule.increment && pairs > 1 {
        return Err(CommandError::new(
            "ERR INCR option supports a single increment-element pair",
        ));
    }
    Ok(())
}
