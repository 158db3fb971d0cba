//! GEOSEARCH and the older GEORADIUS forms: members in a region, replied or stored.

use super::query::{Destination, Form, Order, Query};
use super::{reply_distance, reply_position};
use crate::command::collection::bulk;
use crate::command::{Args, CommandResult, Cx, DONE};
use crate::keyspace::{Entry, EventClass};
use crate::resp::Reply;
use crate::structure::geohash::Position;
use crate::structure::geohash::search::Region;
use crate::structure::listpack::{Element, IntText};
use crate::value::sorted_set::{Rule, ScoreRange};
use crate::value::{EncodingLimits, SortedSet};
use alloc::vec::Vec;
use core::cmp::Ordering;
use core::ops::Bound;

/// A member that was found.
struct Found<'s> {
    member: Element<'s>,
    score: f64,
    distance_m: f64,
}

/// `GEOSEARCH key <FROMMEMBER member | FROMLONLAT longitude latitude> <BYRADIUS radius unit | BYBOX width height unit |
/// BYPOLYGON corners longitude latitude ...> [ASC | DESC] [COUNT count [ANY]] [WITHCOORD] [WITHDIST] [WITHHASH]`
pub(super) fn geosearch(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    search(cx, args, Form::Search)
}

/// `GEOSEARCHSTORE destination source` and the options of GEOSEARCH, but for the last three, and `[STOREDIST]`
pub(super) fn geosearchstore(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    search(cx, args, Form::SearchStore)
}

/// `GEORADIUS key longitude latitude radius unit [WITHCOORD] [WITHDIST] [WITHHASH] [COUNT count [ANY]] [ASC | DESC]
/// [STORE key | STOREDIST key]`
pub(super) fn georadius(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    search(cx, args, Form::Place { stores: true })
}

/// `GEORADIUS_RO`: the same without storing
pub(super) fn georadius_ro(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    search(cx, args, Form::Place { stores: false })
}

/// `GEORADIUSBYMEMBER key member radius unit` and the options of GEORADIUS
pub(super) fn georadiusbymember(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    search(cx, args, Form::Member { stores: true })
}

/// `GEORADIUSBYMEMBER_RO`: the same without storing
pub(super) fn georadiusbymember_ro(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    search(cx, args, Form::Member { stores: false })
}

fn search(cx: &mut Cx<'_>, args: &Args<'_>, form: Form) -> CommandResult {
    let limits = cx.keys.limits;
    let set = cx.keys.value::<SortedSet>(&args.key(form.key()))?;
    let query = Query::parse(args, form, set.as_deref())?;
    let mut found = Vec::new();
    if let (Some(set), Some(region)) = (&set, &query.region) {
        found = find(set, region, &query);
        arrange(&mut found, &query);
    }
    let Some(destination) = query.destination else {
        cx.reply.array(found.len());
        for place in &found {
            reply_found(&mut cx.reply, place, &query);
        }
        return DONE;
    };
    let stored = collect(&found, &query, destination, &limits);
    drop(found);
    let event = match form {
        Form::Search | Form::SearchStore => "geosearchstore",
        _ => "georadiusstore",
    };
    store(cx, args, destination, stored, event)
}

/// Every member in the region, cell by cell; under ANY no more than are asked for.
fn find<'s>(set: &'s SortedSet, region: &Region, query: &Query) -> Vec<Found<'s>> {
    let most = match query.count {
        Some(count) if query.any => count,
        _ => usize::MAX,
    };
    let mut found = Vec::new();
    for cell in region.cells() {
        let scores = cell.scores();
        let ranks = set.ranks_by_score(&ScoreRange {
            min: Bound::Included(scores.start as f64),
            max: Bound::Excluded(scores.end as f64),
        });
        for pair in set.range(ranks, false) {
            if found.len() >= most {
                return found;
            }
            let score = pair.score();
            if let Some(distance_m) = region.distance_within(Position::of_score(score)) {
                let member = pair.member;
                found.push(Found {
                    member,
                    score,
                    distance_m,
                });
            }
        }
    }
    found
}

/// Sorts what was found and leaves as many as are asked for. The nearest come first when a number of them is asked for
/// without an order; then it is enough to find these, and to sort them alone.
fn arrange(found: &mut Vec<Found<'_>>, query: &Query) {
    let count = query.count.unwrap_or(usize::MAX);
    let order = match query.order {
        None if query.count.is_some() && !query.any => Some(Order::Ascending),
        order => order,
    };
    let by_distance = |a: &Found<'_>, b: &Found<'_>| a.distance_m.total_cmp(&b.distance_m);
    let compare = |a: &Found<'_>, b: &Found<'_>| -> Ordering {
        match order {
            Some(Order::Descending) => by_distance(b, a),
            _ => by_distance(a, b),
        }
    };
    if order.is_some() && count < found.len() {
        found.select_nth_unstable_by(count - 1, compare);
    }
    found.truncate(count);
    if order.is_some() {
        found.sort_by(compare);
    }
}

fn reply_found(reply: &mut Reply<'_>, found: &Found<'_>, query: &Query) {
    let options = [query.with_distance, query.with_hash, query.with_position];
    let extras = options.into_iter().filter(|&said| said).count();
    if extras > 0 {
        reply.array(1 + extras);
    }
    bulk(reply, found.member);
    if query.with_distance {
        reply_distance(reply, found.distance_m / query.unit_m);
    }
    if query.with_hash {
        reply.int(found.score as i64);
    }
    if query.with_position {
        reply_position(reply, Position::of_score(found.score));
    }
}

fn collect(
    found: &[Found<'_>],
    query: &Query,
    destination: Destination,
    limits: &EncodingLimits,
) -> SortedSet {
    let mut stored = SortedSet::new(0, 0, limits);
    stored.expect(found.len(), limits);
    for place in found {
        let score = if destination.distances {
            place.distance_m / query.unit_m
        } else {
            place.score
        };
        // A distance that is no number cannot be kept in order.
        if !score.is_nan() {
            let mut text = IntText::default();
            let member = place.member.text(&mut text);
            let _ = stored.add(member, score, &Rule::default(), limits);
        }
    }
    stored
}

/// Puts a result in the place of whatever the key held; an empty one removes the key.
fn store(
    cx: &mut Cx<'_>,
    args: &Args<'_>,
    destination: Destination,
    stored: SortedSet,
    event: &'static str,
) -> CommandResult {
    let key = args.key(destination.key);
    let count = stored.len();
    if let Some(more) = count.checked_sub(1) {
        let entry = Entry::with_value(key.bytes, stored, None);
        cx.keys.insert(&key, entry);
        cx.keys.modified(EventClass::SORTED_SET, event, &key);
        cx.keys.dirty += more as u64;
    } else if cx.keys.remove(&key) {
        cx.keys.modified(EventClass::GENERIC, "del", &key);
    }
    cx.reply.count(count);
    DONE
}
