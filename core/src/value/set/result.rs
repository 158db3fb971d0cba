//! Sets that are made as the result of a command: in which encoding they begin, and which one they end in.

use super::{Repr, Set};
use crate::bytes::number::parse_i64;
use crate::structure::intset::Intset;
use crate::structure::listpack::Element;
use crate::structure::pack::Pack;
use crate::structure::table::Table;
use crate::value::EncodingLimits;
use alloc::boxed::Box;

impl Set {
    /// An empty set of integers.
    pub fn new_ints() -> Self {
        Set::of(Repr::Ints(Intset::new()))
    }

    /// An empty set in a pack.
    pub fn new_pack() -> Self {
        Set::of(Repr::Packed(Pack::new()))
    }

    /// An empty set in a table, where membership is known at once however big it grows.
    pub fn new_table(limits: &EncodingLimits) -> Self {
        Set::of(Repr::Table(Box::new(Table::new(limits.hasher))))
    }

    /// A set of members in a pack, which has none twice.
    pub(crate) fn from_pack(pack: Pack) -> Self {
        debug_assert!(super::check_pack(pack.view()).is_ok());
        Set::of(Repr::Packed(pack))
    }

    /// A set of integers, in a table if they are too many.
    pub(crate) fn from_intset(ints: Intset, limits: &EncodingLimits) -> Self {
        let mut set = Set::of(Repr::Ints(ints));
        set.leave_great_intset(limits);
        set
    }

    /// The intset that a set of integers is, for a dump.
    pub fn as_intset(&self) -> Option<&Intset> {
        match &self.repr {
            Repr::Ints(ints) => Some(ints),
            _ => None,
        }
    }

    /// Makes a set of nothing but integers an intset if it is small enough, as Redis does with intersections.
    pub fn settle_ints(&mut self, limits: &EncodingLimits) {
        if self.len() > limits.set_max_intset_entries || matches!(self.repr, Repr::Ints(_)) {
            return;
        }
        let mut ints = Intset::new();
        for member in self.iter() {
            let Some(number) = member.as_i64() else {
                return;
            };
            ints.insert(number);
        }
        debug_assert!(self.husk.is_none(), "a result is not on loan");
        self.repr = Repr::Ints(ints);
    }

    /// Whether `member` is inside; an integer is not made text where that can be helped.
    #[inline]
    pub fn contains_element(&self, member: Element<'_>) -> bool {
        match (&self.repr, member) {
            (Repr::Ints(ints), Element::Int(number)) => ints.contains(number),
            (Repr::Ints(ints), Element::Bytes(text)) => {
                parse_i64(text).is_some_and(|number| ints.contains(number))
            }
            (Repr::Packed(pack), member) => super::find(pack.view(), member.canonical()).is_some(),
            (Repr::Table(_), member) => self.contains(member.text(&mut Default::default())),
        }
    }
}
