//! What the combining commands read: sorted sets, and sets, whose members all have the score 1.

use crate::command::CommandError;
use crate::keyspace::{Key, Keyspace};
use crate::structure::listpack::Element;
use crate::value::{Set, SortedSet, ValueRef, ValueType};
use alloc::vec::Vec;
use core::cmp::Ordering;

/// The score of every member of a set.
const SET_SCORE: f64 = 1.0;

/// A pack is sorted before it is asked for members if it has so many, and is asked so many times: about there the two ways
/// cost the same.
const SORTED_FROM: usize = 20;

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

    fn score(&self, member: Element<'_>) -> Option<f64> {
        match &self.source {
            None => None,
            Some(Source::Sorted(set)) => set.score(member.text(&mut Default::default())),
            Some(Source::Plain(set)) => set.contains_element(member).then_some(SET_SCORE),
        }
    }

    fn is_packed(&self) -> bool {
        let encoding = match &self.source {
            None => return false,
            Some(Source::Sorted(set)) => set.encoding(),
            Some(Source::Plain(set)) => set.encoding(),
        };
        encoding.is_packed()
    }
}

/// An input that is asked for members.
pub(super) struct Asked<'i> {
    input: &'i Input<'i>,
    /// The pairs of a pack that is asked many times, sorted by members; empty where the input is asked itself.
    sorted: Vec<(Element<'i>, f64)>,
}

impl<'i> Asked<'i> {
    /// These inputs, each of which will be asked up to `times` times.
    pub(super) fn all(inputs: &'i [Input<'i>], times: usize) -> Vec<Self> {
        inputs
            .iter()
            .map(|input| Asked::new(input, times))
            .collect()
    }

    fn new(input: &'i Input<'i>, times: usize) -> Self {
        let mut sorted = Vec::new();
        // A pack is searched from its start, which costs the square of the lengths; sorting pays off soon.
        if input.is_packed() && times.min(input.len()) >= SORTED_FROM {
            sorted.extend(input.iter());
            sorted.sort_unstable_by(|(a, _), (b, _)| by_kind(a, b));
        }
        Asked { input, sorted }
    }

    /// What the input's scores are multiplied by.
    pub(super) fn weight(&self) -> f64 {
        self.input.weight
    }

    /// The score of a member, as it is without the weight.
    pub(super) fn score(&self, member: Element<'_>) -> Option<f64> {
        if self.sorted.is_empty() {
            return self.input.score(member);
        }
        let member = member.canonical();
        let found = self
            .sorted
            .binary_search_by(|(own, _)| by_kind(own, &member));
        Some(self.sorted.get(found.ok()?)?.1)
    }

    /// Whether the input has a member.
    pub(super) fn contains(&self, member: Element<'_>) -> bool {
        self.score(member).is_some()
    }
}

/// An order of stored elements that needs no text of integers.
fn by_kind(a: &Element<'_>, b: &Element<'_>) -> Ordering {
    match (a, b) {
        (Element::Int(a), Element::Int(b)) => a.cmp(b),
        (Element::Bytes(a), Element::Bytes(b)) => a.cmp(b),
        (Element::Int(_), Element::Bytes(_)) => Ordering::Less,
        (Element::Bytes(_), Element::Int(_)) => Ordering::Greater,
    }
}
