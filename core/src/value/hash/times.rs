//! Fields with a time to live: what a hash tells about them and lets be done with them.
//!
//! Times are Unix milliseconds. What time it is the hash has been told when it was lent
//! ([`crate::value::Stored::tell_time`]); a field whose time has come is absent then for all of a hash's methods but
//! those here that say otherwise.

use super::volatile::{Fields, Volatile};
use super::{Hash, Repr};
use crate::structure::listpack::Element;
use crate::structure::pack::Pack;
use crate::value::EncodingLimits;
use core::mem;

/// When a field leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldExpiry {
    /// There is no such field.
    Absent,
    /// It stays.
    Never,
    /// Then.
    At(u64),
}

/// What becomes of a field's expiry when its value is replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ttl {
    /// The field becomes one that stays.
    Clear,
    /// It leaves when it would have left.
    Keep,
}

impl Hash {
    /// Whether the fields may have a time to live.
    #[inline(always)]
    pub fn is_volatile(&self) -> bool {
        matches!(self.repr, Repr::Volatile(_))
    }

    fn volatile(&self) -> Option<&Volatile> {
        match &self.repr {
            Repr::Volatile(fields) => Some(fields),
            _ => None,
        }
    }

    fn volatile_mut(&mut self) -> Option<&mut Volatile> {
        match &mut self.repr {
            Repr::Volatile(fields) => Some(fields),
            _ => None,
        }
    }

    /// Makes the hash one whose fields may have a time to live. O(1) for a big one.
    pub fn become_volatile(&mut self) {
        match &self.repr {
            Repr::Volatile(_) => {}
            Repr::Packed(pack) => {
                let fields = Volatile::of_pack(pack);
                if let Repr::Packed(pack) = mem::replace(&mut self.repr, Repr::Volatile(fields)) {
                    self.husk = pack.into_husk();
                }
            }
            Repr::Table(_) => {
                if let Repr::Table(table) = mem::replace(&mut self.repr, Repr::Packed(Pack::new()))
                {
                    self.repr = Repr::Volatile(Volatile::of_table(table));
                }
            }
        }
    }

    /// Makes a big hash without a volatile field a plain table again.
    pub fn settle(&mut self) {
        let idle =
            |fields: &Volatile| matches!(fields.fields(), Fields::Table(_)) && !fields.has_times();
        if !self.volatile().is_some_and(idle) {
            return;
        }
        // An empty pack owns no block, so that nothing is lost when its place is taken.
        let repr = mem::replace(&mut self.repr, Repr::Packed(Pack::new()));
        if let Repr::Volatile(fields) = repr
            && let Fields::Table(table) = fields.into_fields()
        {
            self.repr = Repr::Table(table.into_table());
        }
    }

    /// When a field leaves.
    pub fn expiry(&self, field: &[u8]) -> FieldExpiry {
        match &self.repr {
            Repr::Volatile(fields) => fields.expiry(field),
            _ if self.contains(field) => FieldExpiry::Never,
            _ => FieldExpiry::Absent,
        }
    }

    /// Changes when a field leaves that is there. The hash must be volatile.
    pub fn set_expiry(&mut self, field: &[u8], expiry: Option<u64>) {
        debug_assert!(self.is_volatile());
        if let Some(fields) = self.volatile_mut() {
            fields.set_expiry(field, expiry);
        }
    }

    /// Sets the value of `field` and leaves its expiry as it is; `true` if the field is new.
    #[inline]
    pub fn set_keeping(&mut self, field: &[u8], value: &[u8], limits: &EncodingLimits) -> bool {
        if !self.is_volatile() {
            return self.set(field, value, limits);
        }
        let most = limits.hash_max_listpack_value;
        if field.len() > most || value.len() > most {
            self.become_table(limits);
        }
        let fields = self.volatile_mut();
        fields.is_some_and(|fields| fields.set(field, value, Ttl::Keep, limits))
    }

    /// How many fields there are, those that are due included.
    pub fn total(&self) -> usize {
        match &self.repr {
            Repr::Volatile(fields) => fields.total(),
            _ => self.len(),
        }
    }

    /// How many fields are due.
    pub fn count_due(&self) -> usize {
        self.volatile().map_or(0, Volatile::count_due)
    }

    /// When the first field leaves or was due to leave; `u64::MAX`: all stay.
    pub fn soonest_ms(&self) -> u64 {
        self.volatile().map_or(u64::MAX, Volatile::soonest_ms)
    }

    /// Removes up to `most` of the fields that are due, in order of time, and hands each to `taken` with its time; how
    /// many there were.
    pub fn take_due(&mut self, most: usize, mut taken: impl FnMut(&[u8], u64)) -> usize {
        match self.volatile_mut() {
            Some(fields) => fields.take_due(most, &mut taken),
            None => 0,
        }
    }

    /// Removes a field if it is due, and tells when it was.
    pub fn take_if_due(&mut self, field: &[u8]) -> Option<u64> {
        self.volatile_mut()?.take_if_due(field)
    }

    /// Under which time the index of its database has this hash; `u64::MAX`: it has not.
    pub fn indexed_ms(&self) -> u64 {
        self.volatile().map_or(u64::MAX, Volatile::indexed_ms)
    }

    /// Notes under which time the index of its database has this hash.
    pub fn set_indexed_ms(&self, when_ms: u64) {
        if let Some(fields) = self.volatile() {
            fields.set_indexed_ms(when_ms);
        }
    }

    /// Like [`Hash::scan`], with the fields' times, and with those that are due as well.
    pub fn scan_timed(
        &self,
        cursor: u64,
        count: usize,
        mut each: impl FnMut(Element<'_>, Element<'_>, Option<u64>),
    ) -> u64 {
        match self.volatile() {
            Some(fields) => fields.scan_timed(cursor, count, &mut each),
            None => self.scan(cursor, count, |field, value| each(field, value, None)),
        }
    }

    /// All fields with their values and when they leave; those that are due as well.
    pub fn iter_timed(&self) -> impl Iterator<Item = (Element<'_>, Element<'_>, Option<u64>)> {
        let volatile = self.volatile().map(Volatile::iter_all);
        let plain = match &self.repr {
            Repr::Volatile(_) => None,
            _ => Some(self.iter()),
        };
        let plain = plain.into_iter().flatten();
        volatile
            .into_iter()
            .flatten()
            .chain(plain.map(|(field, value)| (field, value, None)))
    }
}

// A small hash pays for these bytes, and there may be many.
const _: () = assert!(size_of::<Volatile>() <= 40);
