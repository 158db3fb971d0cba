//! Random members: to look at, and to take out. All choices are fair.

use super::{Repr, Set};
use crate::bytes::prng::Prng;
use crate::structure::intset::Intset;
use crate::structure::listpack::Element;
use crate::structure::pack::{Pack, PackView, Pos};
use crate::structure::table::{Table, TableItem};
use crate::value::EncodingLimits;
use crate::value::block::Member;
use crate::value::sample::{self, Selection};
use alloc::vec::Vec;

impl Set {
    /// A random member; `None` in an empty set.
    pub fn random(&self, prng: &mut Prng) -> Option<Element<'_>> {
        match &self.repr {
            Repr::Ints(ints) => random_int(ints, prng).map(Element::Int),
            Repr::Packed(pack) => {
                let pack = pack.view();
                random_place(pack, prng).map(|pos| pack.get(pos))
            }
            Repr::Table(table) => table
                .random(prng)
                .map(|member| Element::Bytes(member.key())),
        }
    }

    /// Prepares for many random members, each drawn from all of them.
    pub fn draw(&self) -> Draw<'_> {
        Draw(match &self.repr {
            Repr::Ints(ints) => Source::Ints(ints),
            Repr::Packed(pack) => {
                let pack = pack.view();
                Source::Packed(pack, sample::places(pack, 1).collect())
            }
            Repr::Table(table) => Source::Table(table),
        })
    }

    /// Calls `each` with `count` different random members; all of them, when there are no more.
    pub fn choose(&self, count: usize, prng: &mut Prng, mut each: impl FnMut(Element<'_>)) {
        let count = count.min(self.len());
        match &self.repr {
            Repr::Ints(ints) => sample::choose_indexes(ints.len(), count, prng, |index| {
                each(Element::Int(ints.get(index).unwrap_or(0)));
            }),
            Repr::Packed(pack) => {
                let pack = pack.view();
                let selection = Selection::new(count, pack.len());
                sample::choose_places(pack, 1, selection, prng, |pos| each(pack.get(pos)));
            }
            Repr::Table(table) => sample::choose_items(table, count, prng, |member| {
                each(Element::Bytes(member.key()));
            }),
        }
    }

    /// Takes `count` random members out and calls `each` with them. The work is proportional to `count`, once
    /// the set is big.
    pub fn pop(&mut self, count: usize, prng: &mut Prng, mut each: impl FnMut(Element<'_>)) {
        match &mut self.repr {
            Repr::Table(table) => {
                for _ in 0..count {
                    let Some(member) = table.take_random(prng) else {
                        return;
                    };
                    each(Element::Bytes(member.key()));
                }
            }
            Repr::Ints(ints) if count == 1 => {
                if let Some(number) = random_int(ints, prng) {
                    each(Element::Int(number));
                    ints.remove(number);
                }
            }
            Repr::Packed(pack) if count == 1 => {
                if let Some(pos) = random_place(pack.view(), prng) {
                    each(pack.view().get(pos));
                    pack.remove_run(pos, 1);
                }
            }
            Repr::Ints(ints) => split_ints(ints, count, prng)
                .iter()
                .map(Element::Int)
                .for_each(each),
            Repr::Packed(pack) => split_pack(pack, count, prng).view().iter().for_each(each),
        }
    }

    /// Moves `count` random members to a new set, which is as compact as its size allows. The work is proportional
    /// to `count`, once the set is big.
    pub fn extract(&mut self, count: usize, prng: &mut Prng, limits: &EncodingLimits) -> Set {
        let repr = match &mut self.repr {
            Repr::Ints(ints) => Repr::Ints(split_ints(ints, count, prng)),
            Repr::Packed(pack) => Repr::Packed(split_pack(pack, count, prng)),
            Repr::Table(table) => return extract_blocks(table, count, prng, limits),
        };
        Set::of(repr)
    }
}

/// Random members of one set, each drawn from all; see [`Set::draw`].
pub struct Draw<'s>(Source<'s>);

enum Source<'s> {
    Ints(&'s Intset),
    /// With the places of its elements, since a pack knows none but the first.
    Packed(PackView<'s>, Vec<Pos>),
    Table(&'s Table<Member>),
}

impl<'s> Draw<'s> {
    /// The next one; `None` only if the set is empty.
    #[inline]
    pub fn next(&self, prng: &mut Prng) -> Option<Element<'s>> {
        match &self.0 {
            Source::Ints(ints) => random_int(ints, prng).map(Element::Int),
            Source::Packed(pack, places) => {
                let index = prng.below(places.len() as u64) as usize;
                places.get(index).map(|&pos| pack.get(pos))
            }
            Source::Table(table) => table
                .random(prng)
                .map(|member| Element::Bytes(member.key())),
        }
    }
}

fn random_int(ints: &Intset, prng: &mut Prng) -> Option<i64> {
    ints.get(prng.below(ints.len() as u64) as usize)
}

fn random_place(pack: PackView<'_>, prng: &mut Prng) -> Option<Pos> {
    pack.seek(prng.below(pack.len() as u64) as usize)
}

/// Leaves all but `count` random integers inside, and returns those.
fn split_ints(ints: &mut Intset, count: usize, prng: &mut Prng) -> Intset {
    let mut selection = Selection::new(count, ints.len());
    let (mut taken, mut left) = (Intset::new(), Intset::new());
    for number in ints.iter() {
        if selection.takes_next(prng) {
            taken.insert(number);
        } else {
            left.insert(number);
        }
    }
    *ints = left;
    taken
}

/// Leaves all but `count` random members inside, and returns those.
fn split_pack(pack: &mut Pack, count: usize, prng: &mut Prng) -> Pack {
    let mut selection = Selection::new(count, pack.view().len());
    let (taken, left): (Vec<_>, Vec<_>) =
        pack.view().iter().partition(|_| selection.takes_next(prng));
    let (taken, left): (Pack, Pack) = (taken.into_iter().collect(), left.into_iter().collect());
    pack.refill(&left);
    taken
}

fn extract_blocks(
    table: &mut Table<Member>,
    count: usize,
    prng: &mut Prng,
    limits: &EncodingLimits,
) -> Set {
    // As in Redis, even integers go to a pack here: they were no intset before.
    let mut taken = Set::of(Repr::Packed(Pack::new()));
    taken.expect(count, limits);
    for _ in 0..count {
        let Some(member) = table.take_random(prng) else {
            break;
        };
        taken.add_block(member, limits);
    }
    taken
}
