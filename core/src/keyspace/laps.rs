//! What commands spend on work that is not their own: tables that grow, keys whose time has come. For whoever wants to
//! know why a command was slow.
//!
//! Such work is rare, so it is timed wherever a counter of ticks is given ([`Laps::set_counter`]); the hot paths have
//! nothing to do with it.

/// Totals so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Ticks spent on growing databases' tables.
    pub table_ticks: u64,
    /// How often a segment was rebuilt or split.
    pub table_growths: u64,
    /// Ticks spent on keys and fields that a command met after their time.
    pub expiry_ticks: u64,
    /// How many such keys, or hashes with such fields, there were.
    pub expiries: u64,
}

/// Times work that is not a command's own.
#[derive(Clone, Copy, Debug, Default)]
pub struct Laps {
    counter: Option<fn() -> u64>,
    /// What it came to.
    pub totals: Totals,
}

impl Laps {
    /// Gives the counter whose differences are durations. Without one only numbers are counted.
    pub fn set_counter(&mut self, counter: Option<fn() -> u64>) {
        self.counter = counter;
    }

    /// The counter's reading, for [`Laps::met_expired`].
    pub(super) fn now(&self) -> u64 {
        self.counter.map_or(0, |counter| counter())
    }

    /// Does a table's growing, and counts it.
    #[cold]
    pub(super) fn grow_table(&mut self, grow: &mut dyn FnMut()) {
        let since = self.now();
        grow();
        self.totals.table_ticks += self.now().saturating_sub(since);
        self.totals.table_growths += 1;
    }

    /// A command has met a key or fields after their time; removing them began at `since`.
    pub(super) fn met_expired(&mut self, since: u64) {
        self.totals.expiry_ticks += self.now().saturating_sub(since);
        self.totals.expiries += 1;
    }
}
