//! What the combining commands read: sorted sets, and sets, whose members all have the score 1.

use crate::command::CommandError;
use crate::keyspace::{Key, Keyspace};
use crate::structure::listpack::Element;
use crate::value::{Set, SortedSet, ValueRef, ValueType};

/// The score of every member of a set.
const SET_SCORE: f64 = 1.0;

/// A sorted set or a set, lent.
pub(super) enum Source<'k> {
    Sorted(ValueRef<'k, SortedSet>),
    Plain(ValueRef<'k, Set>),
}

/// An input of a combination; a key that is not there is an empty one.
pub(super) struct Input<'k> {
    pub source: Option<Source<'k>>,
    /// What its scores are multiplied by.
    pub weight: f64,
}

impl Source<'_> {
    /// Looks a key up as a read; one that is neither a sorted set nor a set is an error.
    pub(super) fn look_up(keys: &mut Keyspace, key: &Key<'_>) -> Result<(), CommandError> {
        match keys.read(key).map(|entry| entry.value_type()) {
            None | Some(ValueType::SortedSet | ValueType::Set) => Ok(()),
            Some(_) => Err(CommandError::WRONG_TYPE),
        }
    }
}

/// A source that was looked up before.
pub(super) fn lend<'k>(keys: &'k Keyspace, key: &Key<'_>) -> Option<Source<'k>> {
    match keys.lend::<SortedSet>(key) {
        Some(set) => Some(Source::Sorted(set)),
        None => keys.lend::<Set>(key).map(Source::Plain),
    }
}

impl Input<'_> {
    /// How many members it has.
    pub(super) fn len(&self) -> usize {
        match &self.source {
            None => 0,
            Some(Source::Sorted(set)) => set.len(),
            Some(Source::Plain(set)) => set.len(),
        }
    }

    /// Its members with their scores, as they are without the weight.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Element<'_>, f64)> {
        let (sorted, plain) = match &self.source {
            None => (None, None),
            Some(Source::Sorted(set)) => (Some(set.iter_from(0)), None),
            Some(Source::Plain(set)) => (None, Some(set.iter())),
        };
        let sorted = sorted.into_iter().flatten();
        let plain = plain.into_iter().flatten();
        sorted
            .map(|pair| (pair.member, pair.score()))
            .chain(plain.map(|member| (member, SET_SCORE)))
    }

    /// The score of a member, as it is without the weight.
    pub(super) fn score(&self, member: Element<'_>) -> Option<f64> {
        match &self.source {
            None => None,
            Some(Source::Sorted(set)) => set.score(member.text(&mut Default::default())),
            Some(Source::Plain(set)) => set.contains_element(member).then_some(SET_SCORE),
        }
    }

    /// Whether it has a member.
    pub(super) fn contains(&self, member: Element<'_>) -> bool {
        self.score(member).is_some()
    }
}
