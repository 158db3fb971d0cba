//! Who has subscribed to what: channels, patterns and shard channels.
//!
//! A client becomes a member with its first subscription. Members live apart from connections: one that is gone with
//! thousands of subscriptions takes no part any more at once, and is taken out of the lists in slices
//! ([`PubSub::drop_some`]).
//!
//! Nothing is sent here: [`PubSub::receiver_count`] tells a publisher how many there are, and the engine goes through
//! [`PubSub::find`], [`PubSub::matching`] and [`PubSub::slot`] when it tells them.

mod topics;

#[cfg(test)]
mod tests;

use crate::bytes::glob::{Case, matches};
use crate::bytes::hash::Hasher;
use alloc::vec::Vec;
use hashbrown::HashMap;
use topics::Topics;

/// What a client subscribes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A channel (SUBSCRIBE).
    Channel = 0,
    /// All channels that match a pattern (PSUBSCRIBE).
    Pattern = 1,
    /// A shard channel (SSUBSCRIBE).
    Shard = 2,
}

const KINDS: [Kind; 3] = [Kind::Channel, Kind::Pattern, Kind::Shard];

/// Subscriptions that a client which is gone is rid of at once.
const LEAVE_AT_ONCE: usize = 64;

/// A member's topics with its place in each one's list. The numbers are our own, so fixed seeds do no harm.
type Places = HashMap<u32, u32, ahash::RandomState>;

struct Member {
    /// Where the engine has its connection; `None`: it is gone.
    slot: Option<u32>,
    places: [Places; 3],
}

impl Member {
    fn new(slot: u32) -> Self {
        let none = || Places::with_hasher(ahash::RandomState::with_seeds(1, 2, 3, 4));
        Member {
            slot: Some(slot),
            places: [none(), none(), none()],
        }
    }

    fn total(&self) -> usize {
        self.places.iter().map(Places::len).sum()
    }
}

/// All subscriptions.
pub struct PubSub {
    hasher: Hasher,
    topics: [Topics; 3],
    members: Vec<Option<Member>>,
    free: Vec<u32>,
    /// Members that are gone and still in lists.
    leaving: Vec<u32>,
}

impl PubSub {
    /// Nobody has subscribed to anything. Names are hashed with `hasher`.
    pub fn new(hasher: Hasher) -> Self {
        PubSub {
            hasher,
            topics: Default::default(),
            members: Vec::new(),
            free: Vec::new(),
            leaving: Vec::new(),
        }
    }

    /// Makes the client at `slot` a member; its number.
    pub fn enter(&mut self, slot: u32) -> u32 {
        let member = Some(Member::new(slot));
        match self.free.pop() {
            Some(id) => {
                self.members[id as usize] = member;
                id
            }
            None => {
                self.members.push(member);
                (self.members.len() - 1) as u32
            }
        }
    }

    /// A member is gone.
    pub fn leave(&mut self, id: u32) {
        let Some(member) = self.member(id) else {
            return;
        };
        member.slot = None;
        let total = member.total();
        self.leaving.push(id);
        if total <= LEAVE_AT_ONCE {
            self.drop_some(total.max(1));
        }
    }

    /// Takes members that are gone out of up to `budget` lists; `true` when there is nothing left to do.
    pub fn drop_some(&mut self, budget: usize) -> bool {
        let mut left = budget;
        while let Some(&id) = self.leaving.last() {
            for kind in KINDS {
                while let Some(topic) = self.first_topic(id, kind) {
                    if left == 0 {
                        return false;
                    }
                    left -= 1;
                    self.remove(id, kind, topic);
                }
            }
            self.members[id as usize] = None;
            self.free.push(id);
            self.leaving.pop();
        }
        true
    }

    fn first_topic(&self, id: u32, kind: Kind) -> Option<u32> {
        let places = &self.members.get(id as usize)?.as_ref()?.places[kind as usize];
        places.keys().next().copied()
    }

    fn member(&mut self, id: u32) -> Option<&mut Member> {
        self.members.get_mut(id as usize)?.as_mut()
    }

    /// Subscribes a member; `false` when it has subscribed to that already.
    pub fn subscribe(&mut self, id: u32, kind: Kind, name: &[u8]) -> bool {
        let known = self.topics[kind as usize].find(self.hasher, name);
        let Some(member) = self.members.get_mut(id as usize).and_then(Option::as_mut) else {
            return false;
        };
        let places = &mut member.places[kind as usize];
        if known.is_some_and(|topic| places.contains_key(&topic)) {
            return false;
        }
        let topics = &mut self.topics[kind as usize];
        let topic = topics.find_or_add(self.hasher, name);
        places.insert(topic, topics.join(topic, id));
        true
    }

    /// Takes a subscription of a member back; `false` when there was none.
    pub fn unsubscribe(&mut self, id: u32, kind: Kind, name: &[u8]) -> bool {
        match self.topics[kind as usize].find(self.hasher, name) {
            Some(topic) => self.remove(id, kind, topic),
            None => false,
        }
    }

    fn remove(&mut self, id: u32, kind: Kind, topic: u32) -> bool {
        let Some(member) = self.member(id) else {
            return false;
        };
        let places = &mut member.places[kind as usize];
        let Some(place) = places.remove(&topic) else {
            return false;
        };
        if places.is_empty() {
            places.shrink_to_fit();
        }
        let moved = self.topics[kind as usize].leave(self.hasher, topic, place);
        if let Some(moved) = moved.and_then(|moved| self.member(moved)) {
            moved.places[kind as usize].insert(topic, place);
        }
        true
    }

    /// What a member has subscribed to, one name after the other.
    pub fn names_of(&self, id: u32, kind: Kind) -> Vec<Vec<u8>> {
        let member = self.members.get(id as usize).and_then(Option::as_ref);
        let Some(member) = member else {
            return Vec::new();
        };
        let mut topics: Vec<u32> = member.places[kind as usize].keys().copied().collect();
        topics.sort_unstable();
        let names = topics.into_iter();
        names
            .map(|topic| self.topics[kind as usize].name(topic).to_vec())
            .collect()
    }

    /// How many subscriptions of a kind a member has.
    pub fn count_of(&self, id: u32, kind: Kind) -> usize {
        let member = self.members.get(id as usize).and_then(Option::as_ref);
        member.map_or(0, |member| member.places[kind as usize].len())
    }

    /// How many subscriptions a member has in all.
    pub fn total_of(&self, id: u32) -> usize {
        let member = self.members.get(id as usize).and_then(Option::as_ref);
        member.map_or(0, Member::total)
    }

    /// Bytes that the subscriptions of a member take.
    pub fn memory_bytes_of(&self, id: u32) -> usize {
        // A place in the member's map and one in the topic's list.
        let each = 2 * size_of::<(u32, u32)>() + size_of::<u32>();
        let kinds = KINDS.into_iter();
        size_of::<Member>() + kinds.map(|kind| self.count_of(id, kind)).sum::<usize>() * each
    }

    /// How many clients have subscribed to something, or have not left the subscribers' state.
    pub fn client_count(&self) -> usize {
        self.members.len() - self.free.len() - self.leaving.len()
    }

    /// How many different names of a kind are subscribed to.
    pub fn topic_count(&self, kind: Kind) -> usize {
        self.topics[kind as usize].len()
    }

    /// All names of a kind that somebody has subscribed to.
    pub fn names(&self, kind: Kind) -> impl Iterator<Item = &[u8]> {
        self.topics[kind as usize].names()
    }

    /// How many have subscribed to a name.
    pub fn subscriber_count(&self, kind: Kind, name: &[u8]) -> usize {
        let topics = &self.topics[kind as usize];
        let topic = topics.find(self.hasher, name);
        topic.map_or(0, |topic| self.present(kind, topic))
    }

    fn present(&self, kind: Kind, topic: u32) -> usize {
        let members = self.topics[kind as usize].members(topic);
        if self.leaving.is_empty() {
            return members.len();
        }
        let members = members.iter();
        members
            .filter(|&&id| {
                self.members[id as usize]
                    .as_ref()
                    .is_some_and(|m| m.slot.is_some())
            })
            .count()
    }

    /// How many get a message to a channel, or to a shard channel. Who gets it twice counts twice.
    pub fn receiver_count(&self, kind: Kind, channel: &[u8]) -> usize {
        let direct = self.subscriber_count(kind, channel);
        if kind == Kind::Shard {
            return direct;
        }
        let mut count = direct;
        let mut from = 0;
        while let Some(pattern) = self.matching(channel, from) {
            count += self.present(Kind::Pattern, pattern);
            from = pattern + 1;
        }
        count
    }

    /// Whether nobody would get any message.
    #[inline]
    pub fn is_nobody_there(&self) -> bool {
        self.topics[0].len() + self.topics[1].len() + self.topics[2].len() == 0
    }

    /// The number of a topic by its name.
    pub fn find(&self, kind: Kind, name: &[u8]) -> Option<u32> {
        self.topics[kind as usize].find(self.hasher, name)
    }

    /// The next pattern, from the number `from` on, that matches a channel.
    pub fn matching(&self, channel: &[u8], from: u32) -> Option<u32> {
        let patterns = &self.topics[Kind::Pattern as usize];
        if patterns.len() == 0 {
            return None;
        }
        (from..patterns.end()).find(|&pattern| {
            !patterns.members(pattern).is_empty()
                && matches(patterns.name(pattern), channel, Case::Sensitive)
        })
    }

    /// The name of a topic.
    pub fn name(&self, kind: Kind, topic: u32) -> &[u8] {
        self.topics[kind as usize].name(topic)
    }

    /// How many places the list of a topic has.
    pub fn place_count(&self, kind: Kind, topic: u32) -> usize {
        self.topics[kind as usize].members(topic).len()
    }

    /// The slot of the client at a place of a topic's list; `None`: it is gone.
    #[inline]
    pub fn slot(&self, kind: Kind, topic: u32, place: usize) -> Option<u32> {
        let id = *self.topics[kind as usize].members(topic).get(place)?;
        self.members[id as usize].as_ref()?.slot
    }

    /// Verifies that members and lists agree.
    #[cfg(test)]
    fn check(&self) {
        for kind in KINDS {
            let topics = &self.topics[kind as usize];
            let mut joined = 0;
            for topic in 0..topics.end() {
                let name = topics.name(topic);
                for (place, &id) in topics.members(topic).iter().enumerate() {
                    let member = self.members[id as usize].as_ref().unwrap();
                    assert_eq!(member.places[kind as usize][&topic], place as u32);
                    assert_eq!(topics.find(self.hasher, name), Some(topic));
                    joined += 1;
                }
            }
            let members = self.members.iter().flatten();
            let places: usize = members.map(|m| m.places[kind as usize].len()).sum();
            assert_eq!(joined, places);
            assert_eq!(topics.names().count(), topics.len());
        }
    }
}
