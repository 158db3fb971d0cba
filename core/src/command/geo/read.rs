//! GEOPOS, GEOHASH and GEODIST: where members are.

use super::{reply_distance, reply_position, unit_at};
use crate::command::{Args, CommandError, CommandResult, Cx, DONE};
use crate::resp::Reply;
use crate::structure::geohash::Position;
use crate::structure::geohash::sphere::distance_m;
use crate::value::SortedSet;

/// `GEOPOS key [member ...]`
pub(super) fn geopos(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    for_each_member(cx, args, |reply, place| match place {
        Some(place) => reply_position(reply, place),
        None => reply.null_array(),
    })
}

/// `GEOHASH key [member ...]`
pub(super) fn geohash(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    for_each_member(cx, args, |reply, place| match place {
        Some(place) => reply.bulk(&place.to_text()),
        None => reply.null(),
    })
}

fn for_each_member(
    cx: &mut Cx<'_>,
    args: &Args<'_>,
    write: impl Fn(&mut Reply<'_>, Option<Position>),
) -> CommandResult {
    let set = cx.keys.value::<SortedSet>(&args.key(1))?;
    let members = args.from(2);
    cx.reply.array(members.len());
    for member in members {
        let score = set.as_ref().and_then(|set| set.score(member));
        write(&mut cx.reply, score.map(Position::of_score));
    }
    DONE
}

/// `GEODIST key member1 member2 [M | KM | FT | MI]`
pub(super) fn geodist(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    let unit_m = match args.len() {
        4 => 1.0,
        5 => unit_at(args, 4)?,
        _ => return Err(CommandError::SYNTAX),
    };
    let set = cx.keys.value::<SortedSet>(&args.key(1))?;
    let place = |at| {
        let score = set.as_ref().and_then(|set| set.score(args.at(at)));
        score.map(Position::of_score)
    };
    match (place(2), place(3)) {
        (Some(from), Some(to)) => reply_distance(&mut cx.reply, distance_m(from, to) / unit_m),
        _ => cx.reply.null(),
    }
    DONE
}
