//! Reading values from bytes that come in pieces.
//!
//! A value of one string (a string, or a collection in one piece) is read when the string is there as a whole; the elements
//! of the others are taken into the value as they come, so that no more bytes than those of an element need be kept.

use super::build::{self, ListBuilder};
use super::input::{Input, Stop};
use super::kind::Kind;
use super::ziplist::{self, BAD_ZIPLIST, BAD_ZIPMAP};
use crate::bytes::number::parse_f64;
use crate::structure::listpack::{Element, IntText, Listpack};
use crate::value::sorted_set::Collection;
use crate::value::{EncodingLimits, Hash, List, Set, SortedSet};
use alloc::vec::Vec;

/// A value that was read.
pub enum Loaded<'a> {
    /// A string.
    String(Element<'a>),
    /// A list.
    List(List),
    /// A set.
    Set(Set),
    /// A hash.
    Hash(Hash),
    /// A sorted set.
    SortedSet(SortedSet),
    /// A collection without elements, which no key can have.
    Empty,
}

/// Room for strings that have to be made, to be used again and again.
#[derive(Default)]
pub struct Rooms {
    first: Vec<u8>,
    second: Vec<u8>,
}

/// A value in the making.
pub struct Decoder {
    kind: Kind,
    /// Elements, pairs or nodes that are still to come; `None`: even their number is.
    left: Option<u64>,
    parts: Parts,
}

enum Parts {
    Whole,
    List(ListBuilder),
    Set(Set),
    /// With the time that the fields' times are relative to.
    Hash(Hash, u64),
    SortedSet(Collection),
}

/// A list's node is one string.
const PLAIN: u64 = 1;
/// A list's node is a listpack.
const PACKED: u64 = 2;
/// Times beyond this are no times: Redis's bound for fields.
const EXPIRY_MAX: u64 = (1 << 46) - 2;

impl Decoder {
    /// For a value of this kind.
    pub fn new(kind: Kind) -> Self {
        Decoder {
            kind,
            left: None,
            parts: Parts::Whole,
        }
    }

    /// Reads on; [`Stop::More`] leaves `input` where the bytes are needed from next time. After anything but that the decoder is
    /// used up.
    pub fn read<'t, 'a: 't>(
        &mut self,
        input: &mut Input<'a>,
        rooms: &'t mut Rooms,
        limits: &EncodingLimits,
    ) -> Result<Loaded<'t>, Stop> {
        if !self.has_parts() {
            let start = input.position();
            let whole = self.read_whole(input, rooms, limits);
            if matches!(whole, Err(Stop::More(_))) {
                input.rewind(start);
            }
            return whole;
        }
        if self.left.is_none() {
            self.read_head(input, limits)?;
        }
        while let Some(left @ 1..) = self.left {
            let start = input.position();
            if let Err(stop) = self.read_part(input, rooms, limits) {
                if matches!(stop, Stop::More(_)) {
                    input.rewind(start);
                }
                return Err(stop);
            }
            self.left = Some(left - 1);
        }
        Ok(self.finish(limits))
    }

    /// Whether the value comes in parts.
    fn has_parts(&self) -> bool {
        use Kind::*;
        matches!(
            self.kind,
            List | Set
                | SortedSet
                | Hash
                | SortedSet2
                | ListQuicklist
                | ListQuicklist2
                | HashTimedEarly
                | HashTimed
                | HashTimedValkey
        )
    }

    fn read_whole<'t, 'a: 't>(
        &mut self,
        input: &mut Input<'a>,
        rooms: &'t mut Rooms,
        limits: &EncodingLimits,
    ) -> Result<Loaded<'t>, Stop> {
        if self.kind == Kind::String {
            return input.text(&mut rooms.first).map(Loaded::String);
        }
        if self.kind == Kind::HashListpackTimed {
            input.u64()?;
        }
        let bytes = input.bytes(&mut rooms.first)?;
        let ziplist = || ziplist::elements(bytes).ok_or(Stop::Bad(BAD_ZIPLIST));
        Ok(match self.kind {
            Kind::HashZipmap => {
                let elements = ziplist::map_elements(bytes).ok_or(Stop::Bad(BAD_ZIPMAP))?;
                loaded(build::hash(elements.iter().copied(), limits)?, Loaded::Hash)
            }
            Kind::HashZiplist => loaded(
                build::hash(ziplist()?.iter().copied(), limits)?,
                Loaded::Hash,
            ),
            Kind::HashListpack => loaded(
                build::hash(build::listpack(bytes)?.iter(), limits)?,
                Loaded::Hash,
            ),
            Kind::SetIntset => loaded(build::int_set(bytes, limits)?, Loaded::Set),
            Kind::SetListpack => loaded(
                build::set(build::listpack(bytes)?.iter(), limits)?,
                Loaded::Set,
            ),
            Kind::SortedSetZiplist => loaded(
                build::sorted_set(ziplist()?.iter().copied(), limits)?,
                Loaded::SortedSet,
            ),
            Kind::SortedSetListpack => loaded(
                build::sorted_set(build::listpack(bytes)?.iter(), limits)?,
                Loaded::SortedSet,
            ),
            Kind::ListZiplist => {
                let mut list = ListBuilder::default();
                let node: Listpack = ziplist()?.into_iter().collect();
                list.push_packed(node, List::limit(limits));
                loaded(list.finish(List::limit(limits)), Loaded::List)
            }
            Kind::HashListpackTimedEarly | Kind::HashListpackTimed => {
                loaded(timed_listpack(bytes, limits)?, Loaded::Hash)
            }
            _ => return Err(Stop::Bad("a value in parts")),
        })
    }

    fn read_head(&mut self, input: &mut Input<'_>, limits: &EncodingLimits) -> Result<(), Stop> {
        let start = input.position();
        let mut head = || {
            let base_ms = if self.kind == Kind::HashTimed {
                input.u64()?
            } else {
                0
            };
            Ok((base_ms, input.length()?))
        };
        let (base_ms, count) = match head() {
            Ok(head) => head,
            Err(stop) => {
                input.rewind(start);
                return Err(stop);
            }
        };
        // A set begins with its first member, in the encoding that suits it.
        self.parts = match self.kind {
            Kind::List | Kind::ListQuicklist | Kind::ListQuicklist2 => {
                Parts::List(ListBuilder::default())
            }
            Kind::SortedSet | Kind::SortedSet2 => Parts::SortedSet(Collection::new(limits.hasher)),
            Kind::Set => Parts::Whole,
            _ => Parts::Hash(build::new_hash(expected(count), limits), base_ms),
        };
        self.left = Some(count);
        Ok(())
    }

    fn read_part(
        &mut self,
        input: &mut Input<'_>,
        rooms: &mut Rooms,
        limits: &EncodingLimits,
    ) -> Result<(), Stop> {
        let limit = List::limit(limits);
        match &mut self.parts {
            Parts::List(list) => match self.kind {
                Kind::List => list.push(input.text(&mut rooms.first)?, limit),
                Kind::ListQuicklist => {
                    let bytes = input.bytes(&mut rooms.first)?;
                    let elements = ziplist::elements(bytes).ok_or(Stop::Bad(BAD_ZIPLIST))?;
                    list.push_packed(elements.into_iter().collect(), limit);
                }
                _ => match input.length()? {
                    PLAIN => list.push_plain(input.bytes(&mut rooms.first)?, limit),
                    PACKED => {
                        let bytes = input.bytes(&mut rooms.first)?;
                        let node = Listpack::from_bytes(bytes)
                            .map_err(|_| Stop::Bad("a damaged listpack"))?;
                        list.push_packed(node, limit);
                    }
                    _ => return Err(Stop::Bad("a node of an unknown form")),
                },
            },
            Parts::Hash(hash, base_ms) => {
                let base_ms = *base_ms;
                read_field(self.kind, base_ms, hash, input, rooms, limits)?;
            }
            Parts::SortedSet(members) => {
                let member = input.text(&mut rooms.first)?;
                let score = match self.kind {
                    Kind::SortedSet => old_score(input)?,
                    _ => f64::from_bits(input.u64()?),
                };
                if score.is_nan() {
                    return Err(Stop::Bad("a score that is no number"));
                }
                if !members.add(member.text(&mut IntText::default()), score) {
                    return Err(build::TWICE);
                }
            }
            Parts::Set(set) => {
                let member = input.text(&mut rooms.first)?;
                if !set.add(member.text(&mut IntText::default()), limits) {
                    return Err(build::TWICE);
                }
            }
            Parts::Whole => {
                let (member, mut text) = (input.text(&mut rooms.first)?, IntText::default());
                let member = member.text(&mut text);
                let count = expected(self.left.unwrap_or_default());
                let mut set = Set::for_members(member, count, limits);
                set.add(member, limits);
                self.parts = Parts::Set(set);
            }
        }
        Ok(())
    }

    fn finish(&mut self, limits: &EncodingLimits) -> Loaded<'static> {
        match core::mem::replace(&mut self.parts, Parts::Whole) {
            Parts::List(list) => loaded(list.finish(List::limit(limits)), Loaded::List),
            Parts::Set(set) => Loaded::Set(set),
            Parts::Hash(hash, _) if hash.total() > 0 => Loaded::Hash(hash),
            Parts::SortedSet(members) if !members.is_empty() => {
                Loaded::SortedSet(build::finish_sorted_set(members, limits))
            }
            _ => Loaded::Empty,
        }
    }
}

fn loaded<T>(value: Option<T>, of: impl FnOnce(T) -> Loaded<'static>) -> Loaded<'static> {
    value.map_or(Loaded::Empty, of)
}

/// A count for the choice of an encoding.
fn expected(count: u64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}

/// Reads a field with its value, and its time where it has one, into `hash`.
fn read_field(
    kind: Kind,
    base_ms: u64,
    hash: &mut Hash,
    input: &mut Input<'_>,
    rooms: &mut Rooms,
    limits: &EncodingLimits,
) -> Result<(), Stop> {
    let time = match kind {
        Kind::HashTimed | Kind::HashTimedEarly => input.length()?,
        _ => 0,
    };
    let (field, value) = (
        input.text(&mut rooms.first)?,
        input.text(&mut rooms.second)?,
    );
    let expiry = match kind {
        Kind::HashTimed if time > 0 => Some(base_ms.saturating_add(time - 1)),
        Kind::HashTimedEarly if time > 0 => Some(time),
        // -1: the field stays.
        Kind::HashTimedValkey => Some(input.u64()?).filter(|&time| time != u64::MAX),
        _ => None,
    };
    let mut texts: (IntText, IntText) = Default::default();
    set_field(
        hash,
        field.text(&mut texts.0),
        value.text(&mut texts.1),
        expiry,
        limits,
    )
}

fn set_field(
    hash: &mut Hash,
    field: &[u8],
    value: &[u8],
    expiry: Option<u64>,
    limits: &EncodingLimits,
) -> Result<(), Stop> {
    if expiry.is_some_and(|when_ms| when_ms > EXPIRY_MAX) {
        return Err(Stop::Bad("a field's time that is none"));
    }
    if !hash.set(field, value, limits) {
        return Err(build::TWICE);
    }
    if expiry.is_some() {
        hash.become_volatile();
        hash.set_expiry(field, expiry);
    }
    Ok(())
}

/// A hash of fields, values and times (0: none) in a listpack; `None`: it is empty.
fn timed_listpack(bytes: &[u8], limits: &EncodingLimits) -> Result<Option<Hash>, Stop> {
    let list = build::listpack(bytes)?;
    if !list.len().is_multiple_of(3) {
        return Err(Stop::Bad("a field without its value or time"));
    }
    let mut hash = build::new_hash(list.len() / 3, limits);
    let mut texts: (IntText, IntText) = Default::default();
    let mut elements = list.iter();
    while let (Some(field), Some(value), Some(time)) =
        (elements.next(), elements.next(), elements.next())
    {
        let time = time.as_i64().and_then(|time| u64::try_from(time).ok());
        let time = time.ok_or(Stop::Bad("a field's time that is none"))?;
        let (field, value) = (field.text(&mut texts.0), value.text(&mut texts.1));
        set_field(
            &mut hash,
            field,
            value,
            Some(time).filter(|&t| t > 0),
            limits,
        )?;
    }
    Ok((hash.total() > 0).then_some(hash))
}

/// A score as the first versions wrote it: its length and text, or one of three bytes.
fn old_score(input: &mut Input<'_>) -> Result<f64, Stop> {
    Ok(match input.byte()? {
        255 => f64::NEG_INFINITY,
        254 => f64::INFINITY,
        253 => f64::NAN,
        length => {
            let text = input.take(length.into())?;
            parse_f64(text).ok_or(Stop::Bad("a score that is no number"))?
        }
    })
}
