//! The fields of a hash with their values, one after the other.

use super::Repr;
use crate::structure::listpack::{self, Element};
use crate::structure::table;
use crate::value::block::Field;

/// Every field of a hash with its value; see [`super::Hash::iter`].
pub struct Iter<'h>(Source<'h>);

enum Source<'h> {
    Listpack(listpack::Iter<'h>),
    Table(table::Iter<'h, Field>),
}

impl<'h> Iter<'h> {
    pub(super) fn new(repr: &'h Repr) -> Self {
        Iter(match repr {
            Repr::Listpack(pack) => Source::Listpack(pack.iter()),
            Repr::Table(table) => Source::Table(table.iter()),
        })
    }
}

impl<'h> Iterator for Iter<'h> {
    type Item = (Element<'h>, Element<'h>);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        match &mut self.0 {
            Source::Listpack(elements) => Some((elements.next()?, elements.next()?)),
            Source::Table(fields) => {
                let field = fields.next()?;
                let value = Element::Bytes(field.lent_value());
                Some((Element::Bytes(field.key()), value))
            }
        }
    }
}
