//! The fields of a hash with their values, one after the other.

use super::{Repr, volatile};
use crate::structure::listpack::Element;
use crate::structure::pack;
use crate::structure::table;
use crate::value::block::Field;

/// Every field of a hash with its value; see [`super::Hash::iter`].
pub struct Iter<'h>(Source<'h>);

enum Source<'h> {
    Packed(pack::Iter<'h>),
    Table(table::Iter<'h, Field>),
    Volatile(volatile::Iter<'h>),
}

impl<'h> Iter<'h> {
    pub(super) fn new(repr: &'h Repr) -> Self {
        Iter(match repr {
            Repr::Packed(pack) => Source::Packed(pack.view().iter()),
            Repr::Table(table) => Source::Table(table.iter()),
            Repr::Volatile(fields) => Source::Volatile(fields.iter()),
        })
    }
}

impl<'h> Iterator for Iter<'h> {
    type Item = (Element<'h>, Element<'h>);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        match &mut self.0 {
            Source::Packed(elements) => Some((elements.next()?, elements.next()?)),
            Source::Table(fields) => {
                let field = fields.next()?;
                let value = Element::Bytes(field.lent_value());
                Some((Element::Bytes(field.key()), value))
            }
            Source::Volatile(fields) => fields.next(),
        }
    }
}
