//! Subscriptions against a naive twin.

use super::*;
use crate::bytes::prng::Prng;
use std::collections::BTreeSet;
use std::format;

/// Slots, kinds and names, as a set.
type Twin = BTreeSet<(u32, usize, Vec<u8>)>;

fn receivers(pubsub: &PubSub, kind: Kind, topic: u32) -> Vec<u32> {
    let places = 0..pubsub.place_count(kind, topic);
    let mut slots: Vec<u32> = places
        .filter_map(|at| pubsub.slot(kind, topic, at))
        .collect();
    slots.sort_unstable();
    slots
}

#[test]
fn subscriptions_are_a_set_whatever_comes_and_goes() {
    let mut pubsub = PubSub::new(Hasher::new(1));
    let mut prng = Prng::new(2);
    let mut twin = Twin::new();
    let mut members = [None; 12];
    for step in 0..20_000 {
        let slot = prng.below(12) as u32;
        let kind = KINDS[prng.below(3) as usize];
        let name = format!("n{}", prng.below(40)).into_bytes();
        match prng.below(20) {
            0 => {
                if let Some(id) = members[slot as usize].take() {
                    pubsub.leave(id);
                }
                twin.retain(|(other, ..)| *other != slot);
            }
            1..=11 => {
                let id = *members[slot as usize].get_or_insert_with(|| pubsub.enter(slot));
                let is_new = twin.insert((slot, kind as usize, name.clone()));
                assert_eq!(pubsub.subscribe(id, kind, &name), is_new);
            }
            _ => {
                if let Some(id) = members[slot as usize] {
                    let was = twin.remove(&(slot, kind as usize, name.clone()));
                    assert_eq!(pubsub.unsubscribe(id, kind, &name), was);
                }
            }
        }
        let wanted: Vec<u32> = twin
            .iter()
            .filter(|(_, k, n)| (*k, n) == (kind as usize, &name))
            .map(|(slot, ..)| *slot)
            .collect();
        let topic = pubsub.find(kind, &name);
        let got = topic.map_or(Vec::new(), |topic| receivers(&pubsub, kind, topic));
        assert_eq!(got, wanted);
        assert_eq!(pubsub.subscriber_count(kind, &name), wanted.len());
        pubsub.drop_some(3);
        if step % 100 == 0 {
            pubsub.check();
        }
    }
}

#[test]
fn who_is_gone_with_many_subscriptions_gets_nothing_at_once() {
    let mut pubsub = PubSub::new(Hasher::new(1));
    let (gone, stays) = (pubsub.enter(1), pubsub.enter(2));
    for number in 0..1000 {
        pubsub.subscribe(gone, Kind::Channel, format!("{number}").as_bytes());
    }
    pubsub.subscribe(stays, Kind::Channel, b"7");
    pubsub.subscribe(stays, Kind::Pattern, b"[78]");
    pubsub.leave(gone);
    assert_eq!(pubsub.receiver_count(Kind::Channel, b"7"), 2);
    assert_eq!(pubsub.receiver_count(Kind::Channel, b"8"), 1);
    assert_eq!(pubsub.receiver_count(Kind::Channel, b"9"), 0);
    assert_eq!(pubsub.client_count(), 1);
    assert!(!pubsub.drop_some(500));
    pubsub.check();
    assert!(pubsub.drop_some(1000));
    pubsub.check();
    assert_eq!(pubsub.topic_count(Kind::Channel), 1);
    // The number is given away again.
    assert_eq!(pubsub.enter(3), gone);
}

#[test]
fn patterns_match_channels_and_no_shard_channels() {
    let mut pubsub = PubSub::new(Hasher::new(1));
    let id = pubsub.enter(5);
    for pattern in [&b"a*"[..], b"*b", b"ab", b"x"] {
        pubsub.subscribe(id, Kind::Pattern, pattern);
    }
    assert_eq!(pubsub.receiver_count(Kind::Channel, b"ab"), 3);
    assert_eq!(pubsub.receiver_count(Kind::Shard, b"ab"), 0);
    assert_eq!(pubsub.names_of(id, Kind::Pattern).len(), 4);
    assert_eq!(pubsub.count_of(id, Kind::Pattern), 4);
}
