//! Intersections, unions and differences of sets, replied or stored.
//!
//! An intersection walks the smallest set and asks the others. A difference either asks the other sets about each
//! member of the first, or takes their members out of a copy of it, whichever Redis's estimate says is less work. What
//! can be replied while it is found is never collected.

use super::super::collection::bulk;
use super::super::{Args, CommandError, CommandResult, Cx, DONE};
use crate::keyspace::{Entry, EventClass, Key, Keyspace};
use crate::structure::listpack::Element;
use crate::value::{Encoding, EncodingLimits, Set, ValueRef};
use alloc::vec::Vec;
use core::cmp::Reverse;

type Lent<'k> = ValueRef<'k, Set>;

pub(super) fn sinter(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let sets = sources(cx.keys, args, 1..args.len())?;
    let mark = cx.reply.mark();
    let mut len = 0;
    for_each_common(sets, |member| {
        bulk(&mut cx.reply, member);
        len += 1;
        true
    });
    cx.reply.set_at(mark, len);
    DONE
}

pub(super) fn sintercard(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let keys = args
        .count(1)
        .ok()
        .filter(|&keys| keys > 0)
        .ok_or(CommandError::new("ERR numkeys should be greater than 0"))?;
    let end = keys.saturating_add(2);
    if end > args.len() {
        return Err(CommandError::new(
            "ERR Number of keys can't be greater than number of args",
        ));
    }
    let mut limit = 0;
    for at in (end..args.len()).step_by(2) {
        if !args.is(at, "LIMIT") || at + 1 == args.len() {
            return Err(CommandError::SYNTAX);
        }
        limit = args
            .count(at + 1)
            .map_err(|_| CommandError::new("ERR LIMIT can't be negative"))?;
    }
    let sets = sources(cx.keys, args, 2..end)?;
    let mut count = 0;
    for_each_common(sets, |_| {
        count += 1;
        count != limit
    });
    cx.reply.count(count);
    DONE
}

pub(super) fn sinterstore(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let limits = cx.keys.limits;
    let sets = sources(cx.keys, args, 2..args.len())?;
    let smallest = sets.iter().flatten().min_by_key(|set| set.len());
    let mut stored = match smallest.map(|set| set.encoding()) {
        Some(Encoding::Intset) => Set::new_ints(),
        _ => Set::new_pack(),
    };
    for_each_common(sets, |member| {
        add(&mut stored, member, &limits);
        true
    });
    stored.settle_ints(&limits);
    store(cx, &args.key(1), stored, "sinterstore")
}

pub(super) fn sunion(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let limits = cx.keys.limits;
    let sets = sources(cx.keys, args, 1..args.len())?;
    let union = unite(&sets, scratch(&sets, &limits), &limits);
    drop(sets);
    reply_all(cx, union)
}

pub(super) fn sunionstore(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let limits = cx.keys.limits;
    let sets = sources(cx.keys, args, 2..args.len())?;
    let stored = unite(&sets, Set::new_ints(), &limits);
    drop(sets);
    store(cx, &args.key(1), stored, "sunionstore")
}

pub(super) fn sdiff(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let limits = cx.keys.limits;
    let difference = Difference::of(cx.keys, args, 1)?;
    if difference.asks_others() {
        let mark = cx.reply.mark();
        let mut len = 0;
        difference.for_each(|member| {
            bulk(&mut cx.reply, member);
            len += 1;
        });
        cx.reply.set_at(mark, len);
        return DONE;
    }
    let begin = match &difference.first {
        Some(first) if first.encoding() == Encoding::Intset => Set::new_ints(),
        _ => Set::new_table(&limits),
    };
    let left = difference.subtract(begin, &limits);
    reply_all(cx, left)
}

pub(super) fn sdiffstore(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let limits = cx.keys.limits;
    let difference = Difference::of(cx.keys, args, 2)?;
    let mut stored = Set::new_ints();
    if difference.asks_others() {
        difference.for_each(|member| add(&mut stored, member, &limits));
    } else {
        stored = difference.subtract(stored, &limits);
    }
    store(cx, &args.key(1), stored, "sdiffstore")
}

/// The sets of the keys at these indexes, each looked up as a read; a key of another type is an error.
fn sources<'k>(
    keys: &'k mut Keyspace,
    args: &Args<'_>,
    indexes: core::ops::Range<usize>,
) -> Result<Vec<Option<Lent<'k>>>, CommandError> {
    for index in indexes.clone() {
        keys.value::<Set>(&args.key(index))?;
    }
    let keys = &*keys;
    Ok(indexes.map(|index| keys.lend(&args.key(index))).collect())
}

/// Hands out the members that all sets have, until `each` says that it is enough.
fn for_each_common(sets: Vec<Option<Lent<'_>>>, mut each: impl FnMut(Element<'_>) -> bool) {
    // A key that is not there is an empty set.
    let Some(mut sets) = sets.into_iter().collect::<Option<Vec<_>>>() else {
        return;
    };
    sets.sort_by_key(|set| set.len());
    let Some((smallest, others)) = sets.split_first() else {
        return;
    };
    for member in smallest.iter() {
        if others.iter().all(|set| set.contains_element(member)) && !each(member) {
            return;
        }
    }
}

/// An empty set to collect a reply in: a table, unless there is nothing but integers.
fn scratch(sets: &[Option<Lent<'_>>], limits: &EncodingLimits) -> Set {
    let mut sets = sets.iter().flatten();
    if sets.all(|set| set.encoding() == Encoding::Intset) {
        Set::new_ints()
    } else {
        Set::new_table(limits)
    }
}

fn unite(sets: &[Option<Lent<'_>>], mut union: Set, limits: &EncodingLimits) -> Set {
    for set in sets.iter().flatten() {
        set.iter()
            .for_each(|member| add(&mut union, member, limits));
    }
    union
}

/// A set and those whose members are taken from it.
struct Difference<'k> {
    first: Option<Lent<'k>>,
    others: Vec<Lent<'k>>,
}

impl<'k> Difference<'k> {
    /// That of the keys from `index` on.
    fn of(keys: &'k mut Keyspace, args: &Args<'_>, index: usize) -> Result<Self, CommandError> {
        let sets = sources(keys, args, index..args.len())?;
        let mut sets = sets.into_iter();
        let mut first = sets.next().flatten();
        // From itself nothing remains.
        if args.from(index + 1).any(|key| key == args.at(index)) {
            first = None;
        }
        let mut others: Vec<_> = sets.flatten().collect();
        // The biggest is the likeliest to know a member.
        others.sort_by_key(|set| Reverse(set.len()));
        Ok(Difference { first, others })
    }

    /// Whether it is less work to ask the other sets about each member of the first than to take all their members out
    /// of a copy. The factor is Redis's.
    fn asks_others(&self) -> bool {
        let first = self.first.as_ref().map_or(0, |set| set.len());
        let asked = first.saturating_mul(self.others.len() + 1) / 2;
        let taken: usize = first + self.others.iter().map(|set| set.len()).sum::<usize>();
        asked <= taken
    }

    fn for_each(&self, mut each: impl FnMut(Element<'_>)) {
        for member in self.first.iter().flat_map(|set| set.iter()) {
            if !self.others.iter().any(|set| set.contains_element(member)) {
                each(member);
            }
        }
    }

    fn subtract(&self, mut left: Set, limits: &EncodingLimits) -> Set {
        for member in self.first.iter().flat_map(|set| set.iter()) {
            add(&mut left, member, limits);
        }
        for set in &self.others {
            for member in set.iter() {
                if left.is_empty() {
                    return left;
                }
                left.remove(member.text(&mut Default::default()));
            }
        }
        left
    }
}

fn add(set: &mut Set, member: Element<'_>, limits: &EncodingLimits) {
    set.add(member.text(&mut Default::default()), limits);
}

/// Replies the members; a big set is freed in slices.
fn reply_all(cx: &mut Cx<'_>, set: Set) -> CommandResult {
    cx.reply.set(set.len());
    set.iter().for_each(|member| bulk(&mut cx.reply, member));
    cx.keys.discard(Entry::with_value(b"", set, None));
    DONE
}

/// Puts a result in the place of whatever the key held; an empty one removes the key.
fn store(cx: &mut Cx<'_>, key: &Key<'_>, set: Set, event: &'static str) -> CommandResult {
    let count = set.len();
    if count > 0 {
        cx.keys.insert(key, Entry::with_value(key.bytes, set, None));
        cx.keys.modified(EventClass::SET, event, key);
    } else if cx.keys.remove(key) {
        cx.keys.modified(EventClass::GENERIC, "del", key);
    }
    cx.reply.count(count);
    DONE
}
