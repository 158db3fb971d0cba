//! The members of a set, one after the other.

use super::Repr;
use crate::structure::intset::Intset;
use crate::structure::listpack::Element;
use crate::structure::pack;
use crate::structure::table;
use crate::value::block::Member;

/// Every member of a set; see [`super::Set::iter`].
pub struct Iter<'s>(Source<'s>);

enum Source<'s> {
    Ints { ints: &'s Intset, next: usize },
    Packed(pack::Iter<'s>),
    Table(table::Iter<'s, Member>),
}

impl<'s> Iter<'s> {
    pub(super) fn new(repr: &'s Repr) -> Self {
        Iter(match repr {
            Repr::Ints(ints) => Source::Ints { ints, next: 0 },
            Repr::Packed(pack) => Source::Packed(pack.view().iter()),
            Repr::Table(table) => Source::Table(table.iter()),
        })
    }
}

impl<'s> Iterator for Iter<'s> {
    type Item = Element<'s>;

    #[inline]
    fn next(&mut self) -> Option<Element<'s>> {
        match &mut self.0 {
            Source::Ints { ints, next } => {
                let number = ints.get(*next)?;
                *next += 1;
                Some(Element::Int(number))
            }
            Source::Packed(elements) => elements.next(),
            Source::Table(members) => members.next().map(|member| Element::Bytes(member.key())),
        }
    }
}
