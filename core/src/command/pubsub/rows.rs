//! The family's rows.

use super::*;
use crate::command::Handler;
use crate::command::spec::{CommandSpec, Flags, Group, KeyRange, KeyUse, keys, row};

const ANSWERS: Flags = Flags::PUBSUB.and(Flags::LOADING).and(Flags::STALE);
const LISTENS: Flags = ANSWERS.and(Flags::NO_SCRIPT);
const SENDS: Flags = ANSWERS.and(Flags::FAST);
/// Shard channels belong to a shard like keys, and stand where clients look for keys.
const SHARD_CHANNEL: &[KeyRange] = &[keys(1, 1, 1, KeyUse::NotKey)];
const SHARD_CHANNELS: &[KeyRange] = &[keys(1, -1, 1, KeyUse::NotKey)];

const fn of(
    name: &'static str,
    arity: i16,
    run: Handler,
    flags: Flags,
    keys: &'static [KeyRange],
    about: (&'static str, &'static str, &'static str),
) -> CommandSpec {
    row(Group::PubSub, name, arity, run, flags, keys, about)
}

#[rustfmt::skip]
pub(in super::super) static SPECS: &[CommandSpec] = &[
    of("subscribe", -2, subscribe, LISTENS, &[],
        ("2.0.0", "Listens to channels.", "O(N) with N the number of channels")),
    of("unsubscribe", -1, unsubscribe, LISTENS, &[],
        ("2.0.0", "Listens to channels, or to all of them, no more.", "O(N) with N the number of channels")),
    of("psubscribe", -2, psubscribe, LISTENS, &[],
        ("2.0.0", "Listens to all channels that match patterns.", "O(N) with N the number of patterns")),
    of("punsubscribe", -1, punsubscribe, LISTENS, &[],
        ("2.0.0", "Listens to patterns, or to all of them, no more.", "O(N) with N the number of patterns")),
    of("ssubscribe", -2, ssubscribe, LISTENS, SHARD_CHANNELS,
        ("7.0.0", "Listens to shard channels.", "O(N) with N the number of shard channels")),
    of("sunsubscribe", -1, sunsubscribe, LISTENS, SHARD_CHANNELS,
        ("7.0.0", "Listens to shard channels, or to all of them, no more.", "O(N) with N the number of shard channels")),
    of("publish", 3, publish, SENDS, &[],
        ("2.0.0", "Sends a message to all who listen to a channel.",
         "O(N+M) with N the number of the channel's subscribers and M the number of patterns")),
    of("spublish", 3, spublish, SENDS, SHARD_CHANNEL,
        ("7.0.0", "Sends a message to all who listen to a shard channel.",
         "O(N) with N the number of the shard channel's subscribers")),
    of("pubsub", -2, help::container, Flags::NONE, &[],
        ("2.8.0", "A container for commands about subscriptions.", "Depends on subcommand."))
        .subcommands(SUBCOMMANDS),
];

#[rustfmt::skip]
static SUBCOMMANDS: &[CommandSpec] = &[
    of("channels", -2, channels, ANSWERS, &[],
        ("2.8.0", "Returns the channels with subscribers.", "O(N) with N the number of channels with subscribers")),
    of("help", 2, pubsub_help, Flags::LOADING.and(Flags::STALE), &[],
        ("6.2.0", "Returns what PUBSUB can do.", "O(1)")),
    of("numpat", 2, numpat, ANSWERS, &[],
        ("2.8.0", "Returns how many patterns are subscribed to.", "O(1)")),
    of("numsub", -2, numsub, ANSWERS, &[],
        ("2.8.0", "Returns how many subscribers channels have.", "O(N) with N the number of channels given")),
    of("shardchannels", -2, shard_channels, ANSWERS, &[],
        ("7.0.0", "Returns the shard channels with subscribers.", "O(N) with N the number of shard channels with subscribers")),
    of("shardnumsub", -2, shard_numsub, ANSWERS, &[],
        ("7.0.0", "Returns how many subscribers shard channels have.", "O(N) with N the number of shard channels given")),
];
