//! Making values of elements that come from outside: in the encoding that the settings ask for, and with nothing twice.

use super::input::Stop;
use crate::bytes::number::parse_f64;
use crate::structure::intset::Intset;
use crate::structure::listpack::{Element, IntText, Listpack, ListpackSlice};
use crate::structure::pack::{Pack, PackView};
use crate::structure::quicklist::{NodeLimit, Quicklist};
use crate::value::sorted_set::{Collection, Scored};
use crate::value::{EncodingLimits, Hash, List, Set, SortedSet};
use alloc::vec::Vec;

pub(super) const TWICE: Stop = Stop::Bad("an element that is there twice");
const ODD: Stop = Stop::Bad("a field or member without its partner");
const BAD_SCORE: Stop = Stop::Bad("a score that is no number");

/// A hash of fields and values that come in turn; `None`: there are none.
pub(super) fn hash<'a>(
    elements: impl Iterator<Item = Element<'a>> + Clone,
    limits: &EncodingLimits,
) -> Result<Option<Hash>, Stop> {
    let (count, longest) = measure(elements.clone());
    if count % 2 != 0 {
        return Err(ODD);
    }
    if count / 2 <= limits.hash_max_listpack_entries && longest <= limits.hash_max_listpack_value {
        let pack: Pack = elements.collect();
        if has_twice(pack.view(), 2, limits) {
            return Err(TWICE);
        }
        return Ok((count > 0).then(|| Hash::from_pack(pack)));
    }
    let mut hash = new_hash(count / 2, limits);
    let (mut room, mut other): (IntText, IntText) = Default::default();
    let mut elements = elements;
    while let (Some(field), Some(value)) = (elements.next(), elements.next()) {
        if !hash.set(field.text(&mut room), value.text(&mut other), limits) {
            return Err(TWICE);
        }
    }
    Ok(Some(hash))
}

/// An empty hash in the encoding that suits `count` fields.
pub(super) fn new_hash(count: usize, limits: &EncodingLimits) -> Hash {
    let mut hash = Hash::new();
    hash.expect(count, core::iter::empty(), limits);
    hash
}

/// A set of members; `None`: there are none.
pub(super) fn set<'a>(
    elements: impl Iterator<Item = Element<'a>> + Clone,
    limits: &EncodingLimits,
) -> Result<Option<Set>, Stop> {
    let (count, longest) = measure(elements.clone());
    if count <= limits.set_max_listpack_entries && longest <= limits.set_max_listpack_value {
        let pack: Pack = elements.collect();
        if has_twice(pack.view(), 1, limits) {
            return Err(TWICE);
        }
        return Ok((count > 0).then(|| Set::from_pack(pack)));
    }
    let mut set = Set::new_table(limits);
    let mut room: IntText = Default::default();
    for member in elements {
        if !set.add(member.text(&mut room), limits) {
            return Err(TWICE);
        }
    }
    Ok(Some(set))
}

/// A set that is an intset; `None`: it is empty.
pub(super) fn int_set(bytes: &[u8], limits: &EncodingLimits) -> Result<Option<Set>, Stop> {
    let ints = Intset::from_bytes(bytes).map_err(|_| Stop::Bad("a damaged intset"))?;
    Ok((!ints.is_empty()).then(|| Set::from_intset(ints, limits)))
}

/// A sorted set of members and scores that come in turn; `None`: there are none.
pub(super) fn sorted_set<'a>(
    elements: impl Iterator<Item = Element<'a>> + Clone,
    limits: &EncodingLimits,
) -> Result<Option<SortedSet>, Stop> {
    let (count, _) = measure(elements.clone());
    if count % 2 != 0 {
        return Err(ODD);
    }
    if count == 0 {
        return Ok(None);
    }
    let (mut in_order, mut before) = (true, None::<(f64, Element<'_>)>);
    let (mut room, mut other): (IntText, IntText) = Default::default();
    for (member, score) in pairs(elements.clone()) {
        let score = score_of(score).ok_or(BAD_SCORE)?;
        in_order &= before.is_none_or(|(least, last)| {
            least < score || least == score && last.text(&mut room) < member.text(&mut other)
        });
        before = Some((score, member));
    }
    let walk = || {
        pairs(elements.clone())
            .map(|(member, score)| Scored::with(member, score_of(score).unwrap_or_default()))
    };
    if in_order && let Some(set) = SortedSet::small_from_ascending(walk, count / 2, limits) {
        let is_twice = set
            .as_pack()
            .is_some_and(|p| has_twice(p.view(), 2, limits));
        return if is_twice { Err(TWICE) } else { Ok(Some(set)) };
    }
    let mut members = Collection::new(limits.hasher);
    for pair in walk() {
        if !members.add(pair.member.text(&mut room), pair.score()) {
            return Err(TWICE);
        }
    }
    Ok(Some(finish_sorted_set(members, limits)))
}

/// The set of collected members.
pub(super) fn finish_sorted_set(members: Collection, limits: &EncodingLimits) -> SortedSet {
    let mut set = members.into_set();
    set.compact(limits);
    set
}

/// The score that an element spells.
fn score_of(score: Element<'_>) -> Option<f64> {
    match score {
        Element::Int(number) => Some(number as f64),
        Element::Bytes(text) => parse_f64(text).filter(|score| !score.is_nan()),
    }
}

/// The same elements, two by two.
fn pairs<'a>(
    elements: impl Iterator<Item = Element<'a>> + Clone,
) -> impl Iterator<Item = (Element<'a>, Element<'a>)> + Clone {
    let mut elements = elements;
    core::iter::from_fn(move || Some((elements.next()?, elements.next()?)))
}

/// How many elements there are, and how long the longest is.
fn measure<'a>(elements: impl Iterator<Item = Element<'a>>) -> (usize, usize) {
    elements.fold((0, 0), |(count, longest), element| {
        (count + 1, longest.max(element.text_len()))
    })
}

/// Whether one of the elements 0, `stride`, 2 * `stride`, ... of a pack is there twice.
fn has_twice(pack: PackView<'_>, stride: usize, limits: &EncodingLimits) -> bool {
    /// Up to so many, an array of bits tells of nearly all that they are not there yet.
    const FEW: usize = 512;
    let hash_of = |element: Element<'_>| limits.hasher.hash(element.text(&mut Default::default()));
    let elements = || pack.iter().step_by(stride);
    if pack.len() / stride > FEW {
        let mut hashes: Vec<u64> = elements().map(hash_of).collect();
        hashes.sort_unstable();
        return hashes.windows(2).any(|two| two[0] == two[1]) && is_twice_exactly(elements());
    }
    let mut seen = [0u64; 64];
    elements().enumerate().any(|(index, element)| {
        let place = hash_of(element) as usize % (64 * 64);
        let bit = 1 << (place % 64);
        let is_new = seen[place / 64] & bit == 0;
        seen[place / 64] |= bit;
        !is_new && elements().take(index).any(|other| other == element)
    })
}

fn is_twice_exactly<'a>(elements: impl Iterator<Item = Element<'a>>) -> bool {
    let mut texts: Vec<Vec<u8>> = elements.map(Element::to_vec).collect();
    texts.sort_unstable();
    texts.windows(2).any(|two| two[0] == two[1])
}

/// A list of nodes that come one by one.
#[derive(Default)]
pub(super) struct ListBuilder {
    /// The only node so far.
    first: Option<Listpack>,
    list: Option<Quicklist>,
}

impl ListBuilder {
    /// Appends the elements of a node; an empty one is left out.
    pub(super) fn push_packed(&mut self, node: Listpack, limit: NodeLimit) {
        if node.is_empty() {
            return;
        }
        match (&mut self.list, &self.first) {
            (Some(list), _) => list.push_node(node),
            (None, None) => self.first = Some(node),
            (None, Some(_)) => self.list(limit).push_node(node),
        }
    }

    /// Appends a value as a node of its own.
    pub(super) fn push_plain(&mut self, value: &[u8], limit: NodeLimit) {
        self.list(limit).push_plain(value);
    }

    /// Appends a value wherever there is room.
    pub(super) fn push(&mut self, value: Element<'_>, limit: NodeLimit) {
        self.list(limit).push_back(value);
    }

    fn list(&mut self, limit: NodeLimit) -> &mut Quicklist {
        let first = &mut self.first;
        self.list.get_or_insert_with(|| match first.take() {
            Some(first) => Quicklist::from_listpack(first, limit),
            None => Quicklist::new(limit),
        })
    }

    /// The list; `None`: it is empty.
    pub(super) fn finish(self, limit: NodeLimit) -> Option<List> {
        let list = match (self.list, self.first) {
            (Some(list), _) => List::from_quicklist(list, limit),
            (None, Some(node)) => List::from_listpack(node, limit),
            (None, None) => return None,
        };
        (!list.is_empty()).then_some(list)
    }
}

/// Bytes from outside as a listpack that may be read.
pub(super) fn listpack(bytes: &[u8]) -> Result<&ListpackSlice, Stop> {
    ListpackSlice::from_bytes(bytes).map_err(|_| Stop::Bad("a damaged listpack"))
}
