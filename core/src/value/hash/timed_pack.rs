//! A small hash with volatile fields: a pack of fields, values and times.
//!
//! ```text
//! field value time field value time ...     time: Unix milliseconds, 0 for a field that stays
//! ```
//!
//! As in Redis, volatile fields come first, in order of time, and the others after them, so those that are due are at
//! the front.

use crate::structure::listpack::Element;
use crate::structure::pack::{Pack, PackView, Pos};

/// Elements of a field.
const STRIDE: usize = 3;

/// The pack. See the module's head.
pub(super) struct TimedPack(Pack);

/// A field in the pack.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub(super) field: Pos,
    pub(super) value: Pos,
    /// 0: it stays.
    pub(super) when_ms: u64,
}

impl Place {
    pub(super) fn expiry(self) -> Option<u64> {
        (self.when_ms != 0).then_some(self.when_ms)
    }

    #[inline]
    pub(super) fn is_due(self, now_ms: u64) -> bool {
        self.when_ms != 0 && self.when_ms <= now_ms
    }
}

impl TimedPack {
    /// With the fields and values of a pack without times.
    pub(super) fn of(pairs: PackView<'_>) -> Self {
        let mut next = pairs.first();
        let mut elements = 0;
        TimedPack(Pack::from_iter(core::iter::from_fn(|| {
            elements += 1;
            if elements % STRIDE == 0 {
                return Some(Element::Int(0));
            }
            let here = next?;
            next = pairs.next(here);
            Some(pairs.get(here))
        })))
    }

    pub(super) fn view(&self) -> PackView<'_> {
        self.0.view()
    }

    /// How many fields there are, due ones included.
    pub(super) fn len(&self) -> usize {
        self.view().len() / STRIDE
    }

    /// All fields in their order.
    pub(super) fn places(&self) -> Places<'_> {
        Places {
            pack: self.view(),
            next: self.view().first(),
        }
    }

    pub(super) fn count_due(&self, now_ms: u64) -> usize {
        let places = self.places();
        places.take_while(|place| place.is_due(now_ms)).count()
    }

    pub(super) fn soonest_ms(&self) -> u64 {
        let first = self.places().next();
        first.and_then(Place::expiry).unwrap_or(u64::MAX)
    }

    /// Whether a field is volatile at all.
    pub(super) fn has_times(&self) -> bool {
        self.soonest_ms() != u64::MAX
    }

    #[inline]
    pub(super) fn find(&self, field: &[u8]) -> Option<Place> {
        let pack = self.view();
        place_at(pack, pack.find_third(pack.first()?, field)?)
    }

    pub(super) fn value(&self, place: Place) -> Element<'_> {
        self.view().get(place.value)
    }

    /// Sets the value of a field, and whether and when it leaves.
    pub(super) fn set(&mut self, field: &[u8], value: &[u8], expiry: Option<u64>) {
        let when_ms = expiry.unwrap_or(0);
        match self.find(field) {
            Some(place) if place.when_ms == when_ms => {
                self.0.replace(place.value, Element::Bytes(value))
            }
            Some(place) => {
                self.0.remove_run(place.field, STRIDE);
                self.put(field, value, when_ms);
            }
            None => self.put(field, value, when_ms),
        }
    }

    /// Changes when a field leaves.
    pub(super) fn set_expiry(&mut self, field: &[u8], expiry: Option<u64>) {
        if let Some(place) = self.find(field)
            && place.expiry() != expiry
        {
            let value = self.value(place).to_vec();
            self.set(field, &value, expiry);
        }
    }

    /// Adds a field behind those that leave no later.
    fn put(&mut self, field: &[u8], value: &[u8], when_ms: u64) {
        let later = |place: &Place| place.when_ms == 0 || place.when_ms > when_ms;
        let mut places = self.places().filter(|_| when_ms != 0);
        let at = places.find(later).map(|place| place.field);
        let elements = [
            Element::Bytes(field),
            Element::Bytes(value),
            Element::Int(when_ms.cast_signed()),
        ];
        match at {
            Some(at) => self.0.insert_all(at, elements),
            None => self.0.extend(elements),
        }
    }

    pub(super) fn remove(&mut self, place: Place) {
        self.0.remove_run(place.field, STRIDE);
    }

    /// Removes the first fields that are due, `most` of them, and hands each to `taken` with its time.
    pub(super) fn take_due(
        &mut self,
        now_ms: u64,
        most: usize,
        taken: &mut dyn FnMut(&[u8], u64),
    ) -> usize {
        let pack = self.view();
        let mut count = 0;
        let places = self.places().take_while(|place| place.is_due(now_ms));
        for place in places.take(most) {
            taken(pack.get(place.field).text(&mut [0; 21]), place.when_ms);
            count += 1;
        }
        if let Some(first) = pack.first() {
            self.0.remove_run(first, count * STRIDE);
        }
        count
    }

    pub(super) fn duplicate(&self) -> Self {
        TimedPack(self.0.clone())
    }

    pub(super) fn memory_bytes(&self) -> usize {
        self.0.as_bytes().len()
    }

    /// Verifies the invariants.
    pub(super) fn check(&self) -> Result<(), &'static str> {
        let pack = self.view();
        pack.check()?;
        if !pack.len().is_multiple_of(STRIDE) {
            return Err("a field without value or time in a pack");
        }
        let mut before = 0;
        for place in self.places() {
            if place.when_ms != 0 && place.when_ms < before {
                return Err("fields out of order of time");
            }
            before = place.expiry().unwrap_or(u64::MAX);
            let rest = pack.next(place.value).and_then(|time| pack.next(time));
            let field = pack.get(place.field);
            if rest.is_some_and(|rest| pack.find_third(rest, field).is_some()) {
                return Err("a field twice in a pack");
            }
        }
        Ok(())
    }
}

/// The fields of a pack; see [`TimedPack::places`].
#[derive(Clone)]
pub(super) struct Places<'p> {
    pack: PackView<'p>,
    next: Option<Pos>,
}

impl Iterator for Places<'_> {
    type Item = Place;

    #[inline]
    fn next(&mut self) -> Option<Place> {
        let place = place_at(self.pack, self.next?)?;
        let time = self.pack.next(place.value)?;
        self.next = self.pack.next(time);
        Some(place)
    }
}

fn place_at(pack: PackView<'_>, field: Pos) -> Option<Place> {
    let value = pack.next(field)?;
    let time = pack.next(value)?;
    let when_ms = match pack.get(time) {
        Element::Int(when_ms) => when_ms.cast_unsigned(),
        Element::Bytes(_) => 0,
    };
    Some(Place {
        field,
        value,
        when_ms,
    })
}
