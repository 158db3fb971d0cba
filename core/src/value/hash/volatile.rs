//! A hash whose fields may have a time to live.
//!
//! It is a small one or a big one, as any hash (`timed_pack.rs`, `timed_table.rs`), and knows two more times: what time
//! it is, which its owner tells it whenever it is lent, and under which time the owner's index has it.
//!
//! A field whose time has come is gone for every reader at once, though it stays until [`Volatile::take_due`]: readers
//! pass over it, and are told how many fields are left by the index, not by counting. So nobody waits until a million
//! fields that are due have been freed.
//!
//! What every hash offers is marked as cold here, so that it takes no place in the code for those without times.

use super::timed_pack::{Place, Places, TimedPack};
use super::timed_table::TimedTable;
use super::{FieldExpiry, Ttl};
use crate::structure::listpack::{Element, IntText};
use crate::structure::pack::{Pack, PackView};
use crate::structure::table::{self, Figures, SCAN_START, Step, Table};
use crate::value::block::Field;
use crate::value::{Encoding, EncodingLimits};
use alloc::boxed::Box;
use core::cell::Cell;

/// The hash. See the module's head.
pub(super) struct Volatile {
    now_ms: Cell<u64>,
    indexed_ms: Cell<u64>,
    fields: Fields,
}

pub(super) enum Fields {
    Packed(TimedPack),
    Table(Box<TimedTable>),
}

impl Volatile {
    fn of(fields: Fields) -> Box<Self> {
        Box::new(Volatile {
            now_ms: Cell::new(0),
            indexed_ms: Cell::new(u64::MAX),
            fields,
        })
    }

    pub(super) fn of_pack(pack: &Pack) -> Box<Self> {
        Volatile::of(Fields::Packed(TimedPack::of(pack.view())))
    }

    pub(super) fn of_table(table: Box<Table<Field>>) -> Box<Self> {
        Volatile::of(Fields::Table(Box::new(TimedTable::new(table))))
    }

    pub(super) fn tell_time(&self, now_ms: u64) {
        self.now_ms.set(now_ms);
    }

    pub(super) fn now_ms(&self) -> u64 {
        self.now_ms.get()
    }

    pub(super) fn indexed_ms(&self) -> u64 {
        self.indexed_ms.get()
    }

    pub(super) fn set_indexed_ms(&self, when_ms: u64) {
        self.indexed_ms.set(when_ms);
    }

    pub(super) fn fields(&self) -> &Fields {
        &self.fields
    }

    pub(super) fn table_figures(&self, count: bool) -> Option<Figures> {
        match &self.fields {
            Fields::Packed(_) => None,
            Fields::Table(table) => Some(table.figures(count)),
        }
    }

    pub(super) fn encoding(&self) -> Encoding {
        match &self.fields {
            Fields::Packed(_) => Encoding::HashListpackEx,
            Fields::Table(_) => Encoding::HashTableEx,
        }
    }

    /// How many fields there are, due ones included.
    pub(super) fn total(&self) -> usize {
        match &self.fields {
            Fields::Packed(pack) => pack.len(),
            Fields::Table(table) => table.len(),
        }
    }

    pub(super) fn count_due(&self) -> usize {
        match &self.fields {
            Fields::Packed(pack) => pack.count_due(self.now_ms()),
            Fields::Table(table) => table.count_due(self.now_ms()),
        }
    }

    #[cold]
    pub(super) fn len(&self) -> usize {
        self.total().saturating_sub(self.count_due())
    }

    pub(super) fn soonest_ms(&self) -> u64 {
        match &self.fields {
            Fields::Packed(pack) => pack.soonest_ms(),
            Fields::Table(table) => table.soonest_ms(),
        }
    }

    /// Whether a field is volatile at all.
    pub(super) fn has_times(&self) -> bool {
        match &self.fields {
            Fields::Packed(pack) => pack.has_times(),
            Fields::Table(table) => table.has_times(),
        }
    }

    #[cold]
    pub(super) fn prefetch(&self, hash: u64, step: Step) {
        if let Fields::Table(table) = &self.fields {
            table.table().prefetch(hash, step);
        }
    }

    #[cold]
    pub(super) fn get(&self, field: &[u8]) -> Option<Element<'_>> {
        match &self.fields {
            Fields::Packed(pack) => {
                let place = self.live_place(pack, field)?;
                Some(pack.value(place))
            }
            Fields::Table(table) => {
                let found = table.find(field)?;
                self.is_live(&found)
                    .then(|| Element::Bytes(found.lent_value()))
            }
        }
    }

    /// When a field leaves. One that is due is absent.
    #[cold]
    pub(super) fn expiry(&self, field: &[u8]) -> FieldExpiry {
        let stored = self.stored_expiry(field);
        match stored {
            FieldExpiry::At(when_ms) if when_ms <= self.now_ms() => FieldExpiry::Absent,
            _ => stored,
        }
    }

    /// The same without regard to what time it is.
    fn stored_expiry(&self, field: &[u8]) -> FieldExpiry {
        let expiry = match &self.fields {
            Fields::Packed(pack) => pack.find(field).map(Place::expiry),
            Fields::Table(table) => table.find(field).map(|found| found.expiry()),
        };
        match expiry {
            None => FieldExpiry::Absent,
            Some(None) => FieldExpiry::Never,
            Some(Some(when_ms)) => FieldExpiry::At(when_ms),
        }
    }

    /// Sets the value of a field; `true` if the field is new, as one is that is due.
    #[cold]
    pub(super) fn set(
        &mut self,
        field: &[u8],
        value: &[u8],
        ttl: Ttl,
        limits: &EncodingLimits,
    ) -> bool {
        let old = self.expiry(field);
        let expiry = match (old, ttl) {
            (FieldExpiry::At(when_ms), Ttl::Keep) => Some(when_ms),
            _ => None,
        };
        match &mut self.fields {
            Fields::Packed(pack) => {
                pack.set(field, value, expiry);
                if pack.len() > limits.hash_max_listpack_entries {
                    self.become_table(limits);
                }
            }
            Fields::Table(table) => table.set(field, value, expiry),
        }
        old == FieldExpiry::Absent
    }

    /// Changes when a field leaves that is there.
    pub(super) fn set_expiry(&mut self, field: &[u8], expiry: Option<u64>) {
        match &mut self.fields {
            Fields::Packed(pack) => pack.set_expiry(field, expiry),
            Fields::Table(table) => table.set_expiry(field, expiry),
        }
    }

    /// Takes a field out; `false` if it was not there, or is due.
    #[cold]
    pub(super) fn remove(&mut self, field: &[u8]) -> bool {
        let is_there = self.expiry(field) != FieldExpiry::Absent;
        if is_there {
            self.remove_stored(field);
        }
        is_there
    }

    fn remove_stored(&mut self, field: &[u8]) {
        match &mut self.fields {
            Fields::Packed(pack) => {
                if let Some(place) = pack.find(field) {
                    pack.remove(place);
                }
            }
            Fields::Table(table) => table.remove(field),
        }
    }

    /// Takes a field out if it is due; when it was.
    pub(super) fn take_if_due(&mut self, field: &[u8]) -> Option<u64> {
        match self.stored_expiry(field) {
            FieldExpiry::At(when_ms) if when_ms <= self.now_ms() => {
                self.remove_stored(field);
                Some(when_ms)
            }
            _ => None,
        }
    }

    /// Removes the first fields that are due; see [`super::Hash::take_due`].
    pub(super) fn take_due(&mut self, most: usize, taken: &mut dyn FnMut(&[u8], u64)) -> usize {
        let now_ms = self.now_ms();
        match &mut self.fields {
            Fields::Packed(pack) => pack.take_due(now_ms, most, taken),
            Fields::Table(table) => table.take_due(now_ms, most, taken),
        }
    }

    #[cold]
    pub(super) fn scan(
        &self,
        cursor: u64,
        count: usize,
        each: &mut dyn FnMut(Element<'_>, Element<'_>),
    ) -> u64 {
        match &self.fields {
            Fields::Packed(_) => {
                self.iter().for_each(|(field, value)| each(field, value));
                SCAN_START
            }
            Fields::Table(table) => table.table().scan(cursor, count, |item| {
                if self.is_live(&item) {
                    each(Element::Bytes(item.key()), Element::Bytes(item.value()));
                }
            }),
        }
    }

    /// The same, with the fields' times and with those that are due.
    pub(super) fn scan_timed(
        &self,
        cursor: u64,
        count: usize,
        each: &mut dyn FnMut(Element<'_>, Element<'_>, Option<u64>),
    ) -> u64 {
        match &self.fields {
            Fields::Packed(_) => {
                self.iter_all()
                    .for_each(|(field, value, expiry)| each(field, value, expiry));
                SCAN_START
            }
            Fields::Table(table) => table.table().scan(cursor, count, |item| {
                let (field, value) = (Element::Bytes(item.key()), Element::Bytes(item.value()));
                each(field, value, item.expiry());
            }),
        }
    }

    /// The fields that are not due, with their values.
    pub(super) fn iter(&self) -> Iter<'_> {
        Iter {
            now_ms: self.now_ms(),
            all: self.iter_all(),
        }
    }

    /// All fields, due ones included, with their values and times.
    pub(super) fn iter_all(&self) -> IterAll<'_> {
        match &self.fields {
            Fields::Packed(pack) => IterAll::Packed(pack.view(), pack.places()),
            Fields::Table(table) => IterAll::Table(table.table().iter()),
        }
    }

    /// Whether texts of `bytes` together may be added to a pack.
    pub(super) fn fits(&self, bytes: usize) -> bool {
        match &self.fields {
            Fields::Packed(pack) => pack.view().fits(bytes),
            Fields::Table(_) => true,
        }
    }

    pub(super) fn become_table(&mut self, limits: &EncodingLimits) {
        let Fields::Packed(pack) = &self.fields else {
            return;
        };
        let mut table = TimedTable::new(Box::new(Table::new(limits.hasher)));
        let (mut field_text, mut value_text): (IntText, IntText) = ([0; 21], [0; 21]);
        for place in pack.places() {
            let field = pack.view().get(place.field).text(&mut field_text);
            let value = pack.value(place).text(&mut value_text);
            table.insert_new(Field::with_expiry(field, value, place.expiry()));
        }
        self.fields = Fields::Table(Box::new(table));
    }

    pub(super) fn duplicate(&self) -> Box<Self> {
        Volatile::of(match &self.fields {
            Fields::Packed(pack) => Fields::Packed(pack.duplicate()),
            Fields::Table(table) => Fields::Table(Box::new(table.duplicate())),
        })
    }

    pub(super) fn into_fields(self) -> Fields {
        self.fields
    }

    pub(super) fn free_slice(&mut self, budget: usize) -> bool {
        match &mut self.fields {
            Fields::Packed(_) => true,
            Fields::Table(table) => table.free_slice(budget),
        }
    }

    pub(super) fn memory_bytes(&self, samples: usize) -> usize {
        let fields = match &self.fields {
            Fields::Packed(pack) => pack.memory_bytes(),
            Fields::Table(table) => size_of::<TimedTable>() + table.memory_bytes(samples),
        };
        size_of::<Self>() + fields
    }

    /// Verifies the invariants.
    pub(super) fn check(&self) -> Result<(), &'static str> {
        match &self.fields {
            Fields::Packed(pack) => pack.check(),
            Fields::Table(table) => table.check(),
        }
    }

    /// The place of a field in the pack that is not due.
    fn live_place(&self, pack: &TimedPack, field: &[u8]) -> Option<Place> {
        let place = pack.find(field)?;
        (!place.is_due(self.now_ms())).then_some(place)
    }

    pub(super) fn is_live(&self, field: &Field) -> bool {
        field.expiry().is_none_or(|when_ms| when_ms > self.now_ms())
    }
}

/// See [`Volatile::iter`].
pub(super) struct Iter<'h> {
    now_ms: u64,
    all: IterAll<'h>,
}

impl<'h> Iterator for Iter<'h> {
    type Item = (Element<'h>, Element<'h>);

    #[cold]
    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let (field, value, expiry) = self.all.next()?;
            if expiry.is_none_or(|when_ms| when_ms > self.now_ms) {
                return Some((field, value));
            }
        }
    }
}

/// See [`Volatile::iter_all`].
pub(super) enum IterAll<'h> {
    Packed(PackView<'h>, Places<'h>),
    Table(table::Iter<'h, Field>),
}

impl<'h> Iterator for IterAll<'h> {
    type Item = (Element<'h>, Element<'h>, Option<u64>);

    fn next(&mut self) -> Option<Self::Item> {
        match self {
            IterAll::Packed(pack, places) => {
                let place = places.next()?;
                Some((pack.get(place.field), pack.get(place.value), place.expiry()))
            }
            IterAll::Table(fields) => {
                let field = fields.next()?;
                let value = Element::Bytes(field.lent_value());
                Some((Element::Bytes(field.key()), value, field.expiry()))
            }
        }
    }
}
