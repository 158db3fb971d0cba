//! Publish and subscribe.
//!
//! The lists of subscribers are changed here, where the replies are written. Messages are put among the events
//! ([`crate::keyspace::Events`]); the engine delivers them when the request has ended.

mod rows;
#[cfg(test)]
mod tests;

pub(super) use rows::SPECS;

use super::{Args, CommandError, CommandResult, Cx, DONE, help};
use crate::bytes::glob::{Case, matches};
use crate::pubsub::Kind;
use alloc::format;

/// The words of the replies to subscribing and unsubscribing.
fn words(kind: Kind) -> (&'static str, &'static str) {
    match kind {
        Kind::Channel => ("subscribe", "unsubscribe"),
        Kind::Pattern => ("psubscribe", "punsubscribe"),
        Kind::Shard => ("ssubscribe", "sunsubscribe"),
    }
}

/// How many subscriptions the replies about this kind tell: those to channels and patterns are counted together.
fn told_count(cx: &Cx<'_>, kind: Kind) -> usize {
    let Some(id) = cx.client.subscriber else {
        return 0;
    };
    let count = |kind| cx.pubsub.count_of(id, kind);
    match kind {
        Kind::Shard => count(Kind::Shard),
        _ => count(Kind::Channel) + count(Kind::Pattern),
    }
}

fn tell(cx: &mut Cx<'_>, word: &str, kind: Kind, name: Option<&[u8]>) {
    let count = told_count(cx, kind);
    cx.reply.push(3);
    cx.reply.text(word);
    cx.reply.bulk_or_null(name);
    cx.reply.count(count);
}

fn subscribe_to(cx: &mut Cx<'_>, args: &Args<'_>, kind: Kind) -> CommandResult {
    let (word, _) = words(kind);
    let Some(slot) = cx.client.slot else {
        let word = word.to_ascii_uppercase();
        return Err(CommandError::with(format!(
            "ERR {word} isn't allowed for a DENY BLOCKING client"
        )));
    };
    let id = match cx.client.subscriber {
        Some(id) => id,
        None => cx.pubsub.enter(slot),
    };
    cx.client.set_subscriber(Some(id));
    for name in args.from(1) {
        cx.pubsub.subscribe(id, kind, name);
        tell(cx, word, kind, Some(name));
    }
    cx.client.keeps_reply = true;
    DONE
}

fn unsubscribe_from(cx: &mut Cx<'_>, args: &Args<'_>, kind: Kind) -> CommandResult {
    let (_, word) = words(kind);
    if args.len() > 1 {
        for name in args.from(1) {
            if let Some(id) = cx.client.subscriber {
                cx.pubsub.unsubscribe(id, kind, name);
            }
            tell(cx, word, kind, Some(name));
        }
    } else {
        let id = cx.client.subscriber;
        let names = id
            .map(|id| cx.pubsub.names_of(id, kind))
            .unwrap_or_default();
        for name in &names {
            if let Some(id) = id {
                cx.pubsub.unsubscribe(id, kind, name);
            }
            tell(cx, word, kind, Some(name));
        }
        if names.is_empty() {
            tell(cx, word, kind, None);
        }
    }
    if let Some(id) = cx.client.subscriber
        && cx.pubsub.total_of(id) == 0
    {
        cx.pubsub.leave(id);
        cx.client.set_subscriber(None);
    }
    cx.client.keeps_reply = true;
    DONE
}

fn publish_to(cx: &mut Cx<'_>, args: &Args<'_>, kind: Kind) -> CommandResult {
    let count = if cx.pubsub.is_nobody_there() {
        0
    } else {
        cx.pubsub.receiver_count(kind, args.at(1))
    };
    if count > 0 {
        let (is_sharded, events) = (kind == Kind::Shard, &mut cx.keys.events);
        match args.shared(2) {
            Some(shared) => events.push_long_message(is_sharded, args.at(1), shared),
            None => events.push_message(is_sharded, args.at(1), args.at(2)),
        }
    }
    cx.reply.count(count);
    DONE
}

fn subscribe(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    subscribe_to(cx, args, Kind::Channel)
}

fn psubscribe(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    subscribe_to(cx, args, Kind::Pattern)
}

fn ssubscribe(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    subscribe_to(cx, args, Kind::Shard)
}

fn unsubscribe(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    unsubscribe_from(cx, args, Kind::Channel)
}

fn punsubscribe(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    unsubscribe_from(cx, args, Kind::Pattern)
}

fn sunsubscribe(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    unsubscribe_from(cx, args, Kind::Shard)
}

fn publish(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    publish_to(cx, args, Kind::Channel)
}

fn spublish(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    publish_to(cx, args, Kind::Shard)
}

/// `PUBSUB CHANNELS [pattern]` and `PUBSUB SHARDCHANNELS [pattern]`
fn names(cx: &mut Cx<'_>, args: &Args<'_>, kind: Kind) -> CommandResult {
    if args.len() > 3 {
        return Err(wrong_form(args));
    }
    let pattern = args.get(2);
    let mark = cx.reply.mark();
    let mut count = 0;
    for name in cx.pubsub.names(kind) {
        if pattern.is_none_or(|pattern| matches(pattern, name, Case::Sensitive)) {
            cx.reply.bulk(name);
            count += 1;
        }
    }
    cx.reply.array_at(mark, count);
    DONE
}

/// `PUBSUB NUMSUB [channel ...]` and `PUBSUB SHARDNUMSUB [channel ...]`
fn counts(cx: &mut Cx<'_>, args: &Args<'_>, kind: Kind) -> CommandResult {
    cx.reply.array(2 * (args.len() - 2));
    for name in args.from(2) {
        cx.reply.bulk(name);
        cx.reply.count(cx.pubsub.subscriber_count(kind, name));
    }
    DONE
}

fn wrong_form(args: &Args<'_>) -> CommandError {
    CommandError::quoting(
        "ERR unknown subcommand or wrong number of arguments for '",
        args.at(1),
        "'. Try PUBSUB HELP.",
    )
}

fn channels(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    names(cx, args, Kind::Channel)
}

fn shard_channels(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    names(cx, args, Kind::Shard)
}

fn numsub(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    counts(cx, args, Kind::Channel)
}

fn shard_numsub(cx: &mut Cx<'_>, args: &Args<'_>) -> CommandResult {
    counts(cx, args, Kind::Shard)
}

fn numpat(cx: &mut Cx<'_>, _: &Args<'_>) -> CommandResult {
    cx.reply.count(cx.pubsub.topic_count(Kind::Pattern));
    DONE
}

fn pubsub_help(cx: &mut Cx<'_>, _: &Args<'_>) -> CommandResult {
    help::reply(
        cx,
        "PUBSUB",
        &[
            (
                "CHANNELS [<pattern>]",
                &["Return the channels with subscribers, or those of them that match."],
            ),
            ("NUMPAT", &["Return how many patterns are subscribed to."]),
            (
                "NUMSUB [<channel> ...]",
                &["Return how many subscribers each channel has; patterns do not count."],
            ),
            (
                "SHARDCHANNELS [<pattern>]",
                &["Return the shard channels with subscribers, or those of them that match."],
            ),
            (
                "SHARDNUMSUB [<shardchannel> ...]",
                &["Return how many subscribers each shard channel has."],
            ),
        ],
    )
}
