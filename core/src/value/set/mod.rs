//! The set: an intset while all members are integers, a pack while it is small (the listpack encoding), then a table.
//!
//! ```text
//! intset     sorted integers           up to set-max-intset-entries
//! pack       members in order of age   up to set-max-listpack-entries of set-max-listpack-value bytes
//! table      one block a member        `block.rs`
//! ```
//!
//! Conversions, all in `convert.rs`, go as in Redis 7.2 and later: downwards in this list only, but for the
//! remainder of a great SPOP, which is a new set.

mod convert;
mod iter;
mod random;
mod result;
mod stored;
#[cfg(test)]
mod tests;

pub use iter::Iter;
pub use random::Draw;

use super::block::{self, Member};
use super::{Encoding, EncodingLimits};
use crate::bytes::number::parse_i64;
use crate::structure::intset::Intset;
use crate::structure::listpack::Element;
use crate::structure::pack::{Body, Pack, PackView, Pos};
use crate::structure::table::{Figures, SCAN_START, Step, Table};
use alloc::boxed::Box;

/// A set of byte strings.
pub struct Set {
    repr: Repr,
    /// The block that was on loan, when it was that of a pack which has become a table.
    husk: Option<Body>,
}

enum Repr {
    Ints(Intset),
    Packed(Pack),
    Table(Box<Table<Member>>),
}

impl Set {
    fn of(repr: Repr) -> Self {
        Set { repr, husk: None }
    }

    /// How the table of a big set is filled; `count`: with its buckets looked at.
    pub fn table_figures(&self, count: bool) -> Option<Figures> {
        match &self.repr {
            Repr::Table(table) => Some(table.figures(count)),
            _ => None,
        }
    }

    /// How many members there are.
    pub fn len(&self) -> usize {
        match &self.repr {
            Repr::Ints(ints) => ints.len(),
            Repr::Packed(pack) => pack.view().len(),
            Repr::Table(table) => table.len(),
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        match &self.repr {
            Repr::Ints(ints) => ints.is_empty(),
            Repr::Packed(pack) => pack.view().is_empty(),
            Repr::Table(table) => table.is_empty(),
        }
    }

    /// How it is kept.
    pub fn encoding(&self) -> Encoding {
        match &self.repr {
            Repr::Ints(_) => Encoding::Intset,
            Repr::Packed(_) => Encoding::SetListpack,
            Repr::Table(_) => Encoding::SetTable,
        }
    }

    /// Brings what a member of `hash` needs of a big set's table near.
    #[inline]
    pub(crate) fn prefetch(&self, hash: u64, step: Step) {
        if let Repr::Table(table) = &self.repr {
            table.prefetch(hash, step);
        }
    }

    /// Whether `member` is inside.
    #[inline]
    pub fn contains(&self, member: &[u8]) -> bool {
        match &self.repr {
            Repr::Ints(ints) => parse_i64(member).is_some_and(|number| ints.contains(number)),
            Repr::Packed(pack) => find(pack.view(), Element::Bytes(member)).is_some(),
            Repr::Table(table) => table.contains(table.hasher().hash(member), member),
        }
    }

    /// Puts `member` inside; `false` if it was there.
    pub fn add(&mut self, member: &[u8], limits: &EncodingLimits) -> bool {
        self.make_room_for(member, limits);
        match &mut self.repr {
            Repr::Ints(ints) => {
                let added = parse_i64(member).is_some_and(|number| ints.insert(number));
                if added {
                    self.leave_great_intset(limits);
                }
                added
            }
            Repr::Packed(pack) => {
                let element = Element::Bytes(member).canonical();
                if find(pack.view(), element).is_some() {
                    return false;
                }
                if convert::fits_pack(pack.view(), member, limits) {
                    pack.extend([element]);
                } else {
                    self.become_table(limits);
                    self.add_block(Member::new(member), limits);
                }
                true
            }
            Repr::Table(table) => {
                let hash = table.hasher().hash(member);
                let new = !table.contains(hash, member);
                if new {
                    table.insert_new(hash, Member::new(member));
                }
                new
            }
        }
    }

    /// Takes `member` out; `false` if it was not there.
    pub fn remove(&mut self, member: &[u8]) -> bool {
        match &mut self.repr {
            Repr::Ints(ints) => parse_i64(member).is_some_and(|number| ints.remove(number)),
            Repr::Packed(pack) => match find(pack.view(), Element::Bytes(member)) {
                Some(pos) => {
                    pack.remove_run(pos, 1);
                    true
                }
                None => false,
            },
            Repr::Table(table) => table.remove(table.hasher().hash(member), member).is_some(),
        }
    }

    /// All members, in no particular order.
    pub fn iter(&self) -> Iter<'_> {
        Iter::new(&self.repr)
    }

    /// Walks a big set from `cursor` until about `count` members were given, and returns where to go on; a small
    /// one is given whole. See [`Table::scan`].
    pub fn scan(&self, cursor: u64, count: usize, mut each: impl FnMut(Element<'_>)) -> u64 {
        match &self.repr {
            Repr::Table(table) => {
                table.scan(cursor, count, |member| each(Element::Bytes(member.key())))
            }
            _ => {
                self.iter().for_each(each);
                SCAN_START
            }
        }
    }

    /// A set with the same members in the same encoding.
    pub fn duplicate(&self) -> Self {
        Set::of(match &self.repr {
            Repr::Ints(ints) => Repr::Ints(ints.clone()),
            Repr::Packed(pack) => Repr::Packed(pack.clone()),
            Repr::Table(table) => Repr::Table(block::duplicate(table)),
        })
    }

    /// Verifies the invariants.
    pub fn check(&self) -> Result<(), &'static str> {
        match &self.repr {
            Repr::Ints(ints) => ints.check(),
            Repr::Packed(pack) => check_pack(pack.view()),
            Repr::Table(table) => block::check(table),
        }
    }
}

/// The place of a member in a pack.
#[inline]
fn find(pack: PackView<'_>, member: Element<'_>) -> Option<Pos> {
    pack.find(member, 0)
}

fn check_pack(pack: PackView<'_>) -> Result<(), &'static str> {
    pack.check()?;
    let mut place = pack.first();
    while let Some(here) = place {
        place = pack.next(here);
        if place.is_some_and(|rest| pack.find_from(rest, pack.get(here), 0).is_some()) {
            return Err("a member twice in a pack");
        }
    }
    Ok(())
}
