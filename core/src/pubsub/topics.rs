//! What is subscribed to: channels, patterns or shard channels, each with its subscribers.
//!
//! ```text
//! by_name   hash of the name -> topic          topics   name, members: [m7, m3, m9]
//! member    topic -> place in its list         leaving: the last one of the list takes the place
//! ```
//!
//! So subscribing, unsubscribing and finding the subscribers of a channel take the same time however many there are.

use crate::bytes::hash::Hasher;
use alloc::boxed::Box;
use alloc::vec::Vec;
use hashbrown::HashTable;

/// A topic's number; it is used again when the topic is gone.
pub(super) type TopicId = u32;
/// A member's number.
pub(super) type MemberId = u32;

#[derive(Default)]
struct Topic {
    name: Box<[u8]>,
    members: Vec<MemberId>,
}

/// Topics of one kind.
#[derive(Default)]
pub(super) struct Topics {
    by_name: HashTable<TopicId>,
    topics: Vec<Topic>,
    free: Vec<TopicId>,
}

impl Topics {
    /// How many have a subscriber.
    pub(super) fn len(&self) -> usize {
        self.by_name.len()
    }

    /// One more than the greatest number that was used.
    pub(super) fn end(&self) -> TopicId {
        self.topics.len() as TopicId
    }

    pub(super) fn find(&self, hasher: Hasher, name: &[u8]) -> Option<TopicId> {
        if self.by_name.is_empty() {
            return None;
        }
        let is = |&id: &TopicId| *self.topics[id as usize].name == *name;
        self.by_name.find(hasher.hash(name), is).copied()
    }

    /// The topic's name; empty when there is no such topic now.
    pub(super) fn name(&self, id: TopicId) -> &[u8] {
        self.topics
            .get(id as usize)
            .map_or(&[], |topic| &topic.name)
    }

    /// Who has subscribed; nobody when there is no such topic now.
    pub(super) fn members(&self, id: TopicId) -> &[MemberId] {
        let topic = self.topics.get(id as usize);
        topic.map_or(&[], |topic| &topic.members)
    }

    pub(super) fn find_or_add(&mut self, hasher: Hasher, name: &[u8]) -> TopicId {
        if let Some(id) = self.find(hasher, name) {
            return id;
        }
        let topic = Topic {
            name: name.into(),
            members: Vec::new(),
        };
        let id = match self.free.pop() {
            Some(id) => {
                self.topics[id as usize] = topic;
                id
            }
            None => {
                self.topics.push(topic);
                (self.topics.len() - 1) as TopicId
            }
        };
        let topics = &self.topics;
        self.by_name
            .insert_unique(hasher.hash(name), id, |&id: &TopicId| {
                hasher.hash(&topics[id as usize].name)
            });
        id
    }

    /// Adds a member, and tells its place.
    pub(super) fn join(&mut self, id: TopicId, member: MemberId) -> u32 {
        let members = &mut self.topics[id as usize].members;
        members.push(member);
        (members.len() - 1) as u32
    }

    /// Takes the member at `place` out. `Some`: the member that has that place now. The topic is gone with its last one.
    pub(super) fn leave(&mut self, hasher: Hasher, id: TopicId, place: u32) -> Option<MemberId> {
        let topic = &mut self.topics[id as usize];
        topic.members.swap_remove(place as usize);
        if topic.members.is_empty() {
            let gone = core::mem::take(topic);
            let found = self
                .by_name
                .find_entry(hasher.hash(&gone.name), |&other| other == id);
            if let Ok(entry) = found {
                entry.remove();
            }
            self.free.push(id);
            return None;
        }
        topic.members.get(place as usize).copied()
    }

    /// The names of all topics.
    pub(super) fn names(&self) -> impl Iterator<Item = &[u8]> {
        let used = self.topics.iter().filter(|topic| !topic.members.is_empty());
        used.map(|topic| &*topic.name)
    }
}
