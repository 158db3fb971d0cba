//! Random fields with their values. All choices are fair.

use super::volatile::{Fields, Volatile};
use super::{Hash, Repr};
use crate::bytes::prng::Prng;
use crate::structure::listpack::Element;
use crate::structure::pack::{PackView, Pos};
use crate::structure::table::{ItemRef, Table};
use crate::value::block::Field;
use crate::value::sample::{self, Selection};
use alloc::vec::Vec;

/// A field and its value.
type Pair<'h> = (Element<'h>, Element<'h>);

impl Hash {
    /// A random field with its value; `None` in an empty hash.
    pub fn random(&self, prng: &mut Prng) -> Option<Pair<'_>> {
        match &self.repr {
            Repr::Packed(pack) => {
                let pack = pack.view();
                let index = prng.below(pack.len() as u64 / 2) as usize;
                pack.seek(2 * index).map(|place| pair_at(pack, place))
            }
            Repr::Table(table) => table.random(prng).map(pair_of),
            Repr::Volatile(fields) => fields.random(prng),
        }
    }

    /// Prepares for many random fields, each drawn from all of them.
    pub fn draw(&self) -> Draw<'_> {
        Draw(match &self.repr {
            Repr::Packed(pack) => {
                let pack = pack.view();
                Source::Packed(pack, sample::places(pack, 2).collect())
            }
            Repr::Table(table) => Source::Table(table),
            Repr::Volatile(fields) => fields.draw(),
        })
    }

    /// Calls `each` with `count` different random fields and their values; with all, when there are no more.
    pub fn choose(
        &self,
        count: usize,
        prng: &mut Prng,
        mut each: impl FnMut(Element<'_>, Element<'_>),
    ) {
        let count = count.min(self.len());
        match &self.repr {
            Repr::Packed(pack) => {
                let pack = pack.view();
                let selection = Selection::new(count, pack.len() / 2);
                sample::choose_places(pack, 2, selection, prng, |place| {
                    let (field, value) = pair_at(pack, place);
                    each(field, value);
                });
            }
            Repr::Table(table) => sample::choose_items(table, count, prng, |item| {
                let (field, value) = pair_of(item);
                each(field, value);
            }),
            Repr::Volatile(fields) => fields.choose(count, prng, &mut each),
        }
    }
}

/// Fields that are due are none of those drawn. As long as they are not the most by far, which they hardly ever are, one
/// that is due is drawn again; otherwise the others are looked for one by one.
impl Volatile {
    fn random(&self, prng: &mut Prng) -> Option<Pair<'_>> {
        let len = self.len();
        match self.fields() {
            Fields::Table(table) if !sample::are_few(len, table.len()) => {
                self.random_of(table.table(), prng)
            }
            _ if len == 0 => None,
            _ => self.iter().nth(prng.below(len as u64) as usize),
        }
    }

    fn random_of<'h>(&self, table: &'h Table<Field>, prng: &mut Prng) -> Option<Pair<'h>> {
        loop {
            let field = table.random(prng)?;
            if self.is_live(&field) {
                return Some(pair_of(field));
            }
        }
    }

    fn draw(&self) -> Source<'_> {
        match self.fields() {
            Fields::Table(table) if !sample::are_few(self.len(), table.len()) => {
                Source::Volatile(self, table.table())
            }
            _ => Source::Pairs(self.iter().collect()),
        }
    }

    fn choose(
        &self,
        count: usize,
        prng: &mut Prng,
        each: &mut dyn FnMut(Element<'_>, Element<'_>),
    ) {
        match self.fields() {
            Fields::Packed(_) => {
                let mut selection = Selection::new(count, self.len());
                let chosen = self.iter().filter(|_| selection.takes_next(prng));
                chosen.for_each(|(field, value)| each(field, value));
            }
            Fields::Table(table) => {
                let live = (self.len(), |field: &Field| self.is_live(field));
                sample::choose_items_where(table.table(), count, live, prng, |item| {
                    let (field, value) = pair_of(item);
                    each(field, value);
                });
            }
        }
    }
}

/// Random fields of one hash, each drawn from all; see [`Hash::draw`].
pub struct Draw<'h>(Source<'h>);

enum Source<'h> {
    /// With the places of its fields, since a pack knows none but the first.
    Packed(PackView<'h>, Vec<Pos>),
    Table(&'h Table<Field>),
    /// Most of whose fields are not due.
    Volatile(&'h Volatile, &'h Table<Field>),
    Pairs(Vec<Pair<'h>>),
}

impl<'h> Draw<'h> {
    /// The next one with its value; `None` only if the hash is empty.
    #[inline]
    pub fn next(&self, prng: &mut Prng) -> Option<Pair<'h>> {
        match &self.0 {
            Source::Packed(pack, places) => {
                let index = prng.below(places.len() as u64) as usize;
                places.get(index).map(|&place| pair_at(*pack, place))
            }
            Source::Table(table) => table.random(prng).map(pair_of),
            Source::Volatile(fields, table) => fields.random_of(table, prng),
            Source::Pairs(pairs) => {
                let index = prng.below(pairs.len() as u64) as usize;
                pairs.get(index).copied()
            }
        }
    }
}

fn pair_at(pack: PackView<'_>, place: Pos) -> Pair<'_> {
    let value = pack
        .next(place)
        .map_or(Element::Bytes(&[]), |value| pack.get(value));
    (pack.get(place), value)
}

fn pair_of<'h>(item: ItemRef<'h, Field>) -> Pair<'h> {
    (
        Element::Bytes(item.key()),
        Element::Bytes(item.lent_value()),
    )
}
