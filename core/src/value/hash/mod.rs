//! The hash: a pack of fields and values while it is small (the listpack encoding), then a table.
//!
//! ```text
//! pack       field value field value ...   up to hash-max-listpack-entries pairs, each of both texts up to
//!                                          hash-max-listpack-value bytes
//! table      one block a field             `block.rs`
//! ```
//!
//! It becomes a table when it outgrows either bound, and stays one, as in Redis.
//!
//! A hash to whose fields a time to live is given becomes a volatile one (`volatile.rs`), in either form. A big one is a
//! plain table again when no field is volatile any more; a small one stays as it is, as in Redis. Nothing here is spent on
//! times otherwise.

mod iter;
mod random;
mod stored;
#[cfg(test)]
mod tests;
mod timed_pack;
mod timed_table;
mod times;
mod volatile;

pub use iter::Iter;
pub use random::Draw;
pub use times::{FieldExpiry, Ttl};

use super::block::{self, Field};
use super::{Encoding, EncodingLimits};
use crate::structure::listpack::{Element, IntText};
use crate::structure::pack::{Body, Pack, PackView, Pos};
use crate::structure::table::{Figures, SCAN_START, Step, Table};
use alloc::boxed::Box;
use core::mem;
use volatile::Volatile;

/// A map of byte strings.
pub struct Hash {
    repr: Repr,
    /// The block that was on loan, when it was that of a pack which has become a table.
    husk: Option<Body>,
}

enum Repr {
    Packed(Pack),
    Table(Box<Table<Field>>),
    Volatile(Box<Volatile>),
}

impl Default for Hash {
    fn default() -> Self {
        Hash::new()
    }
}

impl Hash {
    /// An empty one.
    pub fn new() -> Self {
        Hash::of(Repr::Packed(Pack::new()))
    }

    /// A hash of fields and values in a pack, which has no field twice.
    pub(crate) fn from_pack(pack: Pack) -> Self {
        debug_assert!(check_pack(pack.view()).is_ok());
        Hash::of(Repr::Packed(pack))
    }

    /// The pack that a small hash without times is, for a dump.
    pub fn as_pack(&self) -> Option<&Pack> {
        match &self.repr {
            Repr::Packed(pack) => Some(pack),
            _ => None,
        }
    }

    /// How the table of a big hash is filled; `count`: with its buckets looked at.
    pub fn table_figures(&self, count: bool) -> Option<Figures> {
        match &self.repr {
            Repr::Packed(_) => None,
            Repr::Table(table) => Some(table.figures(count)),
            Repr::Volatile(fields) => fields.table_figures(count),
        }
    }

    fn of(repr: Repr) -> Self {
        Hash { repr, husk: None }
    }

    /// How many fields there are. Of a volatile hash, those that are not due: [`Hash::total`] counts all.
    pub fn len(&self) -> usize {
        match &self.repr {
            Repr::Packed(pack) => pack.view().len() / 2,
            Repr::Table(table) => table.len(),
            Repr::Volatile(fields) => fields.len(),
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        match &self.repr {
            Repr::Packed(pack) => pack.view().is_empty(),
            Repr::Table(table) => table.is_empty(),
            Repr::Volatile(fields) => fields.len() == 0,
        }
    }

    /// Brings what a field of `hash` needs of a big hash's table near.
    #[inline]
    pub(crate) fn prefetch(&self, hash: u64, step: Step) {
        match &self.repr {
            Repr::Packed(_) => {}
            Repr::Table(table) => table.prefetch(hash, step),
            Repr::Volatile(fields) => fields.prefetch(hash, step),
        }
    }

    /// How it is kept.
    pub fn encoding(&self) -> Encoding {
        match &self.repr {
            Repr::Packed(_) => Encoding::HashListpack,
            Repr::Table(_) => Encoding::HashTable,
            Repr::Volatile(fields) => fields.encoding(),
        }
    }

    /// The value of `field`.
    #[inline]
    pub fn get(&self, field: &[u8]) -> Option<Element<'_>> {
        match &self.repr {
            Repr::Packed(pack) => {
                let pack = pack.view();
                pack.next(find(pack, field)?).map(|value| pack.get(value))
            }
            Repr::Table(table) => {
                let found = table.find(table.hasher().hash(field), field)?;
                Some(Element::Bytes(found.lent_value()))
            }
            Repr::Volatile(fields) => fields.get(field),
        }
    }

    /// Whether `field` is there.
    pub fn contains(&self, field: &[u8]) -> bool {
        match &self.repr {
            Repr::Packed(pack) => find(pack.view(), field).is_some(),
            Repr::Table(table) => table.contains(table.hasher().hash(field), field),
            Repr::Volatile(fields) => fields.get(field).is_some(),
        }
    }

    /// Prepares for `count` more fields, whose texts and those of their values `texts` gives: a hash that they would
    /// make a table becomes one at once.
    pub fn expect<'a>(
        &mut self,
        count: usize,
        mut texts: impl Iterator<Item = &'a [u8]>,
        limits: &EncodingLimits,
    ) {
        if let Repr::Table(_) = &self.repr {
            return;
        }
        let mut bytes = 0usize;
        let outgrown = count > limits.hash_max_listpack_entries
            || texts.any(|text| {
                bytes = bytes.saturating_add(text.len());
                text.len() > limits.hash_max_listpack_value
            })
            || !self.fits(bytes);
        if outgrown {
            self.become_table(limits);
        }
    }

    /// Whether texts of `bytes` together may be added to a pack.
    fn fits(&self, bytes: usize) -> bool {
        match &self.repr {
            Repr::Packed(pack) => pack.view().fits(bytes),
            Repr::Table(_) => true,
            Repr::Volatile(fields) => fields.fits(bytes),
        }
    }

    /// Sets the value of `field`, which becomes one that stays; `true` if the field is new.
    pub fn set(&mut self, field: &[u8], value: &[u8], limits: &EncodingLimits) -> bool {
        let most = limits.hash_max_listpack_value;
        if field.len() > most || value.len() > most {
            self.become_table(limits);
        }
        match &mut self.repr {
            Repr::Packed(pack) => {
                let field = Element::Bytes(field).canonical();
                if let Some(place) = pack.view().find(field, 1) {
                    if let Some(place) = pack.view().next(place) {
                        pack.replace(place, value);
                    }
                    return false;
                }
                pack.extend([field, Element::Bytes(value)]);
                if pack.view().len() / 2 > limits.hash_max_listpack_entries {
                    self.become_table(limits);
                }
                true
            }
            Repr::Table(table) => set_in_table(table, field, value),
            Repr::Volatile(fields) => fields.set(field, value, Ttl::Clear, limits),
        }
    }

    /// Takes `field` out; `false` if it was not there.
    pub fn remove(&mut self, field: &[u8]) -> bool {
        match &mut self.repr {
            Repr::Packed(pack) => match find(pack.view(), field) {
                Some(place) => {
                    pack.remove_run(place, 2);
                    true
                }
                None => false,
            },
            Repr::Table(table) => table.remove(table.hasher().hash(field), field).is_some(),
            Repr::Volatile(fields) => fields.remove(field),
        }
    }

    /// All fields with their values, in no particular order.
    pub fn iter(&self) -> Iter<'_> {
        Iter::new(&self.repr)
    }

    /// Walks a big hash from `cursor` until about `count` fields were given with their values, and returns where to
    /// go on; a small one is given whole. See [`Table::scan`].
    pub fn scan(
        &self,
        cursor: u64,
        count: usize,
        mut each: impl FnMut(Element<'_>, Element<'_>),
    ) -> u64 {
        match &self.repr {
            Repr::Table(table) => table.scan(cursor, count, |item| {
                each(Element::Bytes(item.key()), Element::Bytes(item.value()));
            }),
            Repr::Packed(_) => {
                self.iter().for_each(|(field, value)| each(field, value));
                SCAN_START
            }
            Repr::Volatile(fields) => fields.scan(cursor, count, &mut each),
        }
    }

    /// A hash with the same fields in the same encoding.
    pub fn duplicate(&self) -> Self {
        Hash::of(match &self.repr {
            Repr::Packed(pack) => Repr::Packed(pack.clone()),
            Repr::Table(table) => Repr::Table(block::duplicate(table)),
            Repr::Volatile(fields) => Repr::Volatile(fields.duplicate()),
        })
    }

    /// Verifies the invariants.
    pub fn check(&self) -> Result<(), &'static str> {
        match &self.repr {
            Repr::Packed(pack) => check_pack(pack.view()),
            Repr::Table(table) => block::check(table),
            Repr::Volatile(fields) => fields.check(),
        }
    }

    /// Makes the hash a table, if it is none yet.
    fn become_table(&mut self, limits: &EncodingLimits) {
        match &mut self.repr {
            Repr::Packed(_) => {}
            Repr::Table(_) => return,
            Repr::Volatile(fields) => return fields.become_table(limits),
        }
        let mut table = Table::new(limits.hasher);
        let (mut field_text, mut value_text): (IntText, IntText) = ([0; 21], [0; 21]);
        for (field, value) in self.iter() {
            let field = field.text(&mut field_text);
            let item = Field::new(field, value.text(&mut value_text));
            table.insert_new(limits.hasher.hash(field), item);
        }
        if let Repr::Packed(pack) = mem::replace(&mut self.repr, Repr::Table(Box::new(table))) {
            self.husk = pack.into_husk();
        }
    }
}

/// The place of a field in a pack; its value is the next element.
#[inline]
fn find(pack: PackView<'_>, field: &[u8]) -> Option<Pos> {
    pack.find(field, 1)
}

fn set_in_table(table: &mut Table<Field>, field: &[u8], value: &[u8]) -> bool {
    let hash = table.hasher().hash(field);
    if let Some(mut item) = table.find_mut(hash, field) {
        item.set_value(value);
        return false;
    }
    table.insert_new(hash, Field::new(field, value));
    true
}

fn check_pack(pack: PackView<'_>) -> Result<(), &'static str> {
    pack.check()?;
    if !pack.len().is_multiple_of(2) {
        return Err("a field without a value in a pack");
    }
    let mut place = pack.first();
    while let Some(here) = place {
        place = pack.next(here).and_then(|value| pack.next(value));
        if place.is_some_and(|rest| pack.find_from(rest, pack.get(here), 1).is_some()) {
            return Err("a field twice in a pack");
        }
    }
    Ok(())
}
