//! When a set changes its encoding, and how.

use super::{Repr, Set};
use crate::structure::intset::Intset;
use crate::structure::listpack::{Element, IntText};
use crate::structure::pack::{Pack, PackView};
use crate::structure::table::{Table, TableItem};
use crate::value::EncodingLimits;
use crate::value::block::Member;
use alloc::boxed::Box;
use core::mem;

/// Redis's bound on intsets, whatever the setting says.
const INTSET_MOST: usize = 1 << 30;

impl Set {
    /// An empty set in the encoding that suits `first`, and about `expected` members in all.
    pub fn for_members(first: &[u8], expected: usize, limits: &EncodingLimits) -> Self {
        let is_int = Element::Bytes(first).as_i64().is_some();
        let repr = if is_int && expected <= limits.set_max_intset_entries {
            Repr::Ints(Intset::new())
        } else if expected <= limits.set_max_listpack_entries {
            Repr::Packed(Pack::new())
        } else {
            Repr::Table(Box::new(Table::new(limits.hasher)))
        };
        Set::of(repr)
    }

    /// Prepares for about `expected` more members: a set that so many would outgrow becomes a table at once.
    pub fn expect(&mut self, expected: usize, limits: &EncodingLimits) {
        let outgrown = match &self.repr {
            Repr::Ints(_) => expected > limits.set_max_intset_entries,
            Repr::Packed(_) => expected > limits.set_max_listpack_entries,
            Repr::Table(_) => false,
        };
        if outgrown {
            self.become_table(limits);
        }
    }

    /// Makes an intset that `member` does not fit into, being no integer, something that it does fit into.
    #[inline]
    pub(super) fn make_room_for(&mut self, member: &[u8], limits: &EncodingLimits) {
        let Repr::Ints(ints) = &self.repr else {
            return;
        };
        if Element::Bytes(member).as_i64().is_some() {
            return;
        }
        let small = ints.len() < limits.set_max_listpack_entries
            && member.len() <= limits.set_max_listpack_value
            && longest_text(ints) <= limits.set_max_listpack_value;
        if small {
            self.repr = Repr::Packed(ints.iter().map(Element::Int).collect());
        } else {
            self.become_table(limits);
        }
    }

    /// Makes an intset with too many members a table.
    #[inline]
    pub(super) fn leave_great_intset(&mut self, limits: &EncodingLimits) {
        let most = limits.set_max_intset_entries.min(INTSET_MOST);
        if self.len() > most {
            self.become_table(limits);
        }
    }

    /// Makes the set a table.
    pub(super) fn become_table(&mut self, limits: &EncodingLimits) {
        let mut table = Table::new(limits.hasher);
        let mut text: IntText = [0; 21];
        for member in self.iter() {
            insert_new(&mut table, Member::new(member.text(&mut text)));
        }
        if let Repr::Packed(pack) = mem::replace(&mut self.repr, Repr::Table(Box::new(table))) {
            self.husk = pack.into_husk();
        }
    }

    /// Puts the members of `new` in the place of those that are there, which are returned. (A set on loan must not be
    /// replaced as a whole, since it may hold the block of its entry.)
    pub fn exchange(&mut self, new: Set) -> Set {
        let mut old = mem::replace(&mut self.repr, new.repr);
        if let Repr::Packed(pack) = &mut old
            && pack.lent().is_some()
        {
            let own = pack.clone();
            self.husk = mem::replace(pack, own).into_husk();
        }
        if let Repr::Packed(pack) = &mut self.repr
            && let Some(husk) = self.husk.take()
        {
            let own = mem::replace(pack, Pack::from_husk(husk));
            pack.refill(&own);
        }
        Set::of(old)
    }

    /// Puts a member that is not there yet inside; its block is used again in a table.
    pub(super) fn add_block(&mut self, member: Member, limits: &EncodingLimits) {
        match &mut self.repr {
            Repr::Table(table) => insert_new(table, member),
            _ => {
                self.add(member.key(), limits);
            }
        }
    }
}

/// Whether one member more may be in a pack.
pub(super) fn fits_pack(pack: PackView<'_>, member: &[u8], limits: &EncodingLimits) -> bool {
    pack.len() < limits.set_max_listpack_entries
        && member.len() <= limits.set_max_listpack_value
        && pack.fits(member.len())
}

fn insert_new(table: &mut Table<Member>, member: Member) {
    table.insert_new(table.hasher().hash(member.key()), member);
}

/// The length of the longest text of any of them: that of the least or the greatest.
fn longest_text(ints: &Intset) -> usize {
    let ends = [ints.iter().next(), ints.iter().next_back()];
    let lengths = ends
        .into_iter()
        .flatten()
        .map(|end| Element::Int(end).text_len());
    lengths.max().unwrap_or(0)
}
