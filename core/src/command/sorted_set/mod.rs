//! Sorted sets.
//!
//! ```text
//! rows.rs     the table's rows
//! add.rs      ZADD, ZINCRBY
//! lookup.rs   members, counts and ranks
//! query.rs    what a range command asks for: the bounds, LIMIT and the options, parsed
//! range.rs    ZRANGE and its older forms, ZRANGESTORE
//! remove.rs   ZREM, ZREMRANGEBY*
//! pop.rs      ZPOPMIN, ZPOPMAX, ZMPOP, and their kin that wait
//! scan.rs     ZSCAN
//! random.rs   ZRANDMEMBER
//! combine.rs  ZUNION, ZINTER, ZDIFF, their STORE forms, ZINTERCARD
//! source.rs   what these read: sorted sets and sets
//! ```

mod add;
mod combine;
mod lookup;
mod pop;
mod query;
mod random;
mod range;
mod remove;
mod rows;
mod scan;
mod source;
#[cfg(test)]
mod tests;

pub(super) use rows::SPECS;

use super::Cx;
use crate::keyspace::{EventClass, Key};
use crate::resp::Reply;
use crate::resp::reply::Mark;
use crate::structure::listpack::Element;
use crate::value::sorted_set::Scored;

/// A member, as a bulk string.
fn reply_member(reply: &mut Reply<'_>, member: Element<'_>) {
    match member {
        Element::Int(number) => reply.bulk_int(number),
        Element::Bytes(bytes) => reply.bulk(bytes),
    }
}

/// How members and their scores are laid out in an array.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Layout {
    /// Members only.
    Plain,
    /// Member, score, member, score.
    Flat,
    /// An array of member and score for each.
    Nested,
}

impl Layout {
    /// What WITHSCORES means in the client's protocol.
    fn of_scores(reply: &Reply<'_>, with_scores: bool) -> Layout {
        match (with_scores, reply.is_resp3()) {
            (false, _) => Layout::Plain,
            (true, false) => Layout::Flat,
            (true, true) => Layout::Nested,
        }
    }

    /// The header of an array of `len` members.
    fn begin(self, reply: &mut Reply<'_>, len: usize) {
        reply.array(if self == Layout::Flat { 2 * len } else { len });
    }

    /// The same, in front of what was written since `mark`.
    fn begin_at(self, reply: &mut Reply<'_>, mark: Mark, len: usize) {
        reply.array_at(mark, if self == Layout::Flat { 2 * len } else { len });
    }

    /// One member.
    fn put(self, reply: &mut Reply<'_>, pair: &Scored<'_>) {
        if self == Layout::Nested {
            reply.array(2);
        }
        reply_member(reply, pair.member);
        if self != Layout::Plain {
            reply.double(pair.score());
        }
    }
}

/// Tells of `changes` changes that one event covers; of none when there were none.
fn changed(cx: &mut Cx<'_>, event: &'static str, key: &Key<'_>, changes: usize) {
    if let Some(more) = changes.checked_sub(1) {
        cx.keys.modified(EventClass::SORTED_SET, event, key);
        cx.keys.dirty += more as u64;
    }
}

/// Tells of removals, and removes the key if they left nothing.
fn removed(cx: &mut Cx<'_>, event: &'static str, key: &Key<'_>, count: usize, emptied: bool) {
    changed(cx, event, key, count);
    if emptied {
        cx.keys.remove(key);
        cx.keys.modified(EventClass::GENERIC, "del", key);
    }
}
