//! Unions, intersections and differences of sorted sets: ZUNION, ZINTER, ZDIFF and their STORE forms, ZINTERCARD.
//!
//! Sets are inputs too; each of their members has the score 1. An intersection walks the smallest input and asks the
//! others. A difference either asks the other inputs about each member of the first, or takes their members out of a copy
//! of it, whichever Redis's estimate says is less work. Results are ordered by scores that are known only at the end, so
//! they are collected first; but a difference that keeps the order of its first input is replied while it is found.

use super::Layout;
use super::source::{Asked, Input, Source, lend};
use crate::bytes::hash::Hasher;
use crate::command::{Args, CommandError, CommandResult, Cx, DONE};
use crate::keyspace::{Entry, EventClass, Keyspace};
use crate::structure::listpack::{Element, IntText};
use crate::value::SortedSet;
use crate::value::sorted_set::{Collection, Scored};
use alloc::format;
use alloc::vec::Vec;
use core::cmp::{Ordering, Reverse};
use core::ops::Range;

/// Which members the result has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operation {
    /// Those of any input.
    Union,
    /// Those of all inputs.
    Intersection,
    /// Those of the first input that no other has.
    Difference,
}

/// What becomes of the result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Purpose {
    Reply,
    Store,
    Count,
}

/// How the scores of a member become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Aggregate {
    Sum,
    Min,
    Max,
}

impl Aggregate {
    /// As in Redis, opposite infinities sum up to 0, and so does what is no number; the others pass over that.
    fn join(self, score: f64, other: f64) -> f64 {
        match self {
            Aggregate::Sum => number_or_zero(score + other),
            Aggregate::Min if other < score => other,
            Aggregate::Max if other > score => other,
            _ => score,
        }
    }
}

/// A weight of 0 makes an infinite score no number, which counts as 0.
fn number_or_zero(score: f64) -> f64 {
    if score.is_nan() { 0.0 } else { score }
}

/// A parsed command of this family.
struct Request {
    operation: Operation,
    /// Indexes of the inputs' keys.
    keys: Range<usize>,
    /// Index of the first weight, if there are any.
    weights: Option<usize>,
    aggregate: Aggregate,
    with_scores: bool,
    /// How many members are counted at most; 0: all.
    limit: usize,
}

/// A result.
enum Combined<'i> {
    /// In order, of members that are the inputs'.
    Lent(Vec<Pair<'i>>),
    /// In the big encoding.
    Own(SortedSet),
}

/// A member of a result, lent by an input.
struct Pair<'i> {
    score: f64,
    member: Element<'i>,
}

impl<'i> Combined<'i> {
    /// Puts pairs, whose members all differ, in order.
    fn lent(mut pairs: Vec<Pair<'i>>) -> Self {
        pairs.sort_unstable_by(Pair::order);
        Combined::Lent(pairs)
    }
}

impl<'i> Pair<'i> {
    fn scored(&self) -> Scored<'i> {
        Scored::with(self.member, self.score)
    }

    /// By score, then by bytes. Scores are never NaN, and 0 equals -0.
    fn order(&self, other: &Self) -> Ordering {
        let by_score = self.score.partial_cmp(&other.score);
        by_score.unwrap_or(Ordering::Equal).then_with(|| {
            let (mut own, mut others) = (IntText::default(), IntText::default());
            let own = self.member.text(&mut own);
            own.cmp(other.member.text(&mut others))
        })
    }
}

pub(super) fn zunion(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    reply(cx, args, Operation::Union, "zunion")
}

pub(super) fn zinter(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    reply(cx, args, Operation::Intersection, "zinter")
}

pub(super) fn zdiff(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    reply(cx, args, Operation::Difference, "zdiff")
}

pub(super) fn zunionstore(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    store(cx, args, Operation::Union, "zunionstore")
}

pub(super) fn zinterstore(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    store(cx, args, Operation::Intersection, "zinterstore")
}

pub(super) fn zdiffstore(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    store(cx, args, Operation::Difference, "zdiffstore")
}

pub(super) fn zintercard(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let operation = Operation::Intersection;
    let request = Request::parse(cx, args, operation, Purpose::Count, "zintercard")?;
    let mut count = 0;
    for_each_common(&request.inputs(cx.keys, args), |_| {
        count += 1;
        count != request.limit
    });
    cx.reply.count(count);
    DONE
}

/// Replies the result, the least score first.
fn reply(cx: &mut Cx<'_>, args: &Args<'_>, operation: Operation, name: &str) -> CommandResult {
    let request = Request::parse(cx, args, operation, Purpose::Reply, name)?;
    let layout = Layout::of_scores(&cx.reply, request.with_scores);
    let inputs = request.inputs(cx.keys, args);
    if let Some((first, others)) = kept_in_order(operation, &inputs) {
        let others = Asked::all(others, first.len());
        let mark = cx.reply.mark();
        let mut len = 0;
        for pair in first.iter_from(0) {
            if !is_in_any(&others, pair.member) {
                layout.put(&mut cx.reply, &pair);
                len += 1;
            }
        }
        layout.begin_at(&mut cx.reply, mark, len);
        return DONE;
    }
    match request.combine(&inputs, cx.keys.hasher()) {
        Combined::Lent(pairs) => {
            layout.begin(&mut cx.reply, pairs.len());
            for pair in &pairs {
                layout.put(&mut cx.reply, &pair.scored());
            }
        }
        Combined::Own(set) => {
            drop(inputs);
            layout.begin(&mut cx.reply, set.len());
            for pair in set.iter_from(0) {
                layout.put(&mut cx.reply, &pair);
            }
            // A big result is freed in slices.
            cx.keys.discard(Entry::with_value(b"", set, None));
        }
    }
    DONE
}

/// Puts the result in the place of whatever the destination held; an empty one removes the key.
fn store(
    cx: &mut Cx<'_>,
    args: &Args<'_>,
    operation: Operation,
    name: &'static str,
) -> CommandResult {
    let request = Request::parse(cx, args, operation, Purpose::Store, name)?;
    let inputs = request.inputs(cx.keys, args);
    let limits = &cx.keys.limits;
    let set = match request.combine(&inputs, limits.hasher) {
        Combined::Lent(pairs) => {
            let walk = || pairs.iter().map(Pair::scored);
            SortedSet::from_ascending(walk, pairs.len(), limits)
        }
        Combined::Own(mut set) => {
            set.compact(limits);
            set
        }
    };
    drop(inputs);
    store_set(cx, args, set, name)
}

/// Stores a result under the first argument and replies how many members it has.
pub(super) fn store_set(
    cx: &mut Cx<'_>,
    args: &Args<'_>,
    set: SortedSet,
    event: &'static str,
) -> CommandResult {
    let key = args.key(1);
    let count = set.len();
    if count > 0 {
        cx.keys
            .insert(&key, Entry::with_value(key.bytes, set, None));
        cx.keys.modified(EventClass::SORTED_SET, event, &key);
    } else if cx.keys.remove(&key) {
        cx.keys.modified(EventClass::GENERIC, "del", &key);
    }
    cx.reply.count(count);
    DONE
}

impl Request {
    /// Parses everything, and looks the keys up. As in Redis, a key of a wrong type is told before a wrong option.
    fn parse(
        cx: &mut Cx<'_>,
        args: &Args<'_>,
        operation: Operation,
        purpose: Purpose,
        name: &str,
    ) -> Result<Self, CommandError> {
        let at = if purpose == Purpose::Store { 2 } else { 1 };
        let count = args.int(at)?;
        let Some(count) = usize::try_from(count).ok().filter(|&count| count > 0) else {
            return Err(CommandError::with(format!(
                "ERR at least 1 input key is needed for '{name}' command"
            )));
        };
        let keys = at + 1..(at + 1).saturating_add(count);
        if keys.end > args.len() {
            return Err(CommandError::SYNTAX);
        }
        for index in keys.clone() {
            Source::look_up(cx.keys, &args.key(index))?;
        }
        let mut request = Request {
            operation,
            keys,
            weights: None,
            aggregate: Aggregate::Sum,
            with_scores: false,
            limit: 0,
        };
        request.parse_options(args, purpose)?;
        Ok(request)
    }

    fn parse_options(&mut self, args: &Args<'_>, purpose: Purpose) -> Result<(), CommandError> {
        let has_scores = self.operation != Operation::Difference && purpose != Purpose::Count;
        let mut at = self.keys.end;
        while at < args.len() {
            let following = args.len() - at - 1;
            if has_scores && following >= self.keys.len() && args.is(at, "WEIGHTS") {
                self.weights = Some(at + 1);
                at += 1 + self.keys.len();
                for weight in at - self.keys.len()..at {
                    args.float(weight)
                        .map_err(|_| CommandError::new("ERR weight value is not a float"))?;
                }
            } else if has_scores && following >= 1 && args.is(at, "AGGREGATE") {
                self.aggregate = match () {
                    () if args.is(at + 1, "SUM") => Aggregate::Sum,
                    () if args.is(at + 1, "MIN") => Aggregate::Min,
                    () if args.is(at + 1, "MAX") => Aggregate::Max,
                    () => return Err(CommandError::SYNTAX),
                };
                at += 2;
            } else if purpose == Purpose::Reply && args.is(at, "WITHSCORES") {
                self.with_scores = true;
                at += 1;
            } else if purpose == Purpose::Count && following >= 1 && args.is(at, "LIMIT") {
                self.limit = args
                    .count(at + 1)
                    .map_err(|_| CommandError::new("ERR LIMIT can't be negative"))?;
                at += 2;
            } else {
                return Err(CommandError::SYNTAX);
            }
        }
        Ok(())
    }

    /// The inputs in the order in which they are worked on: the smallest first, so that sums are rounded as in Redis; for
    /// a difference the first one, then the biggest, which is the likeliest to know a member.
    fn inputs<'k>(&self, keyspace: &'k Keyspace, args: &Args<'_>) -> Vec<Input<'k>> {
        let mut inputs: Vec<Input<'k>> = Vec::with_capacity(self.keys.len());
        for (number, index) in self.keys.clone().enumerate() {
            let weight = self.weights.and_then(|at| args.float(at + number).ok());
            inputs.push(Input {
                source: lend(keyspace, &args.key(index)),
                weight: weight.unwrap_or(1.0),
            });
        }
        if self.operation == Operation::Difference {
            // From itself nothing remains.
            let first = args.at(self.keys.start);
            if (self.keys.clone().skip(1)).any(|index| args.at(index) == first) {
                inputs.clear();
            } else if let Some(others) = inputs.get_mut(1..) {
                others.sort_by_key(|input| Reverse(input.len()));
            }
        } else {
            inputs.sort_by_key(Input::len);
        }
        inputs
    }

    fn combine<'i>(&self, inputs: &'i [Input<'_>], hasher: Hasher) -> Combined<'i> {
        match self.operation {
            Operation::Union => self.unite(inputs, hasher),
            Operation::Intersection => Combined::lent(self.intersect(inputs)),
            Operation::Difference => subtract(inputs, hasher),
        }
    }

    fn unite<'i>(&self, inputs: &'i [Input<'_>], hasher: Hasher) -> Combined<'i> {
        let mut union = Collection::new(hasher);
        for input in inputs {
            for (member, score) in input.iter() {
                let score = number_or_zero(input.weight * score);
                let text = &mut Default::default();
                union.join(member.text(text), score, |a, b| self.aggregate.join(a, b));
            }
        }
        Combined::Own(union.into_set())
    }

    fn intersect<'i>(&self, inputs: &'i [Input<'_>]) -> Vec<Pair<'i>> {
        let mut common = Vec::new();
        let Some((smallest, others)) = inputs.split_first() else {
            return common;
        };
        let others = Asked::all(others, smallest.len());
        for (member, score) in smallest.iter() {
            let mut joined = number_or_zero(smallest.weight * score);
            let in_all = others.iter().all(|input| match input.score(member) {
                Some(score) => {
                    joined = self.aggregate.join(joined, input.weight() * score);
                    true
                }
                None => false,
            });
            if in_all {
                common.push(Pair {
                    score: joined,
                    member,
                });
            }
        }
        common
    }
}

/// Hands out the members that all inputs have, until `each` says that it is enough.
fn for_each_common(inputs: &[Input<'_>], mut each: impl FnMut(Element<'_>) -> bool) {
    let Some((smallest, others)) = inputs.split_first() else {
        return;
    };
    let others = Asked::all(others, smallest.len());
    for (member, _) in smallest.iter() {
        if others.iter().all(|input| input.contains(member)) && !each(member) {
            return;
        }
    }
}

/// Whether it is less work to ask the other inputs about each member of the first than to take all their members out of a
/// copy. The factor is Redis's.
fn asks_others(first: &Input<'_>, others: &[Input<'_>]) -> bool {
    let asked = first.len().saturating_mul(others.len() + 1) / 2;
    let taken: usize = first.len() + others.iter().map(Input::len).sum::<usize>();
    asked <= taken
}

fn is_in_any(inputs: &[Asked<'_>], member: Element<'_>) -> bool {
    inputs.iter().any(|input| input.contains(member))
}

/// The first input of a difference that has the result's order already, and the other inputs.
fn kept_in_order<'i, 'k>(
    operation: Operation,
    inputs: &'i [Input<'k>],
) -> Option<(&'i SortedSet, &'i [Input<'k>])> {
    let (first, others) = inputs.split_first()?;
    match &first.source {
        Some(Source::Sorted(set))
            if operation == Operation::Difference && asks_others(first, others) =>
        {
            Some((set, others))
        }
        _ => None,
    }
}

fn subtract<'i>(inputs: &'i [Input<'_>], hasher: Hasher) -> Combined<'i> {
    let Some((first, others)) = inputs.split_first() else {
        return Combined::Lent(Vec::new());
    };
    if asks_others(first, others) {
        let others = Asked::all(others, first.len());
        let left = first
            .iter()
            .filter(|(member, _)| !is_in_any(&others, *member));
        let left = left.map(|(member, score)| Pair { score, member });
        return Combined::lent(left.collect());
    }
    let mut left = Collection::new(hasher);
    for (member, score) in first.iter() {
        left.push(member.text(&mut Default::default()), score);
    }
    for (member, _) in others.iter().flat_map(Input::iter) {
        if left.is_empty() {
            break;
        }
        left.remove(member.text(&mut Default::default()));
    }
    Combined::Own(left.into_set())
}
