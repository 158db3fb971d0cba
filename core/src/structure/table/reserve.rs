//! Room for many items before the first one comes: then no segment is rebuilt while a file is loaded.

use super::resize::{MAX_DEPTH, homes_for};
use super::segment::{MAX_HOMES, Segment};
use super::{Table, TableItem};

/// Slots for every eight items: few segments get so many more than others that they have to grow.
const SLOTS_PER_8_ITEMS: usize = 10;
/// Fewer items are not worth it.
const ITEMS_MIN: usize = 4096;

impl<T: TableItem> Table<T> {
    /// Gives an empty table room for about `items`, 12 bytes each. Does nothing to one that has been used.
    pub fn reserve(&mut self, items: usize) {
        if !self.directory.is_empty() || items < ITEMS_MIN {
            return;
        }
        let mut depth = 0;
        while depth < MAX_DEPTH && homes_for(items >> depth, SLOTS_PER_8_ITEMS) >= MAX_HOMES {
            depth += 1;
        }
        let homes = homes_for(items >> depth, SLOTS_PER_8_ITEMS);
        for number in 0..1u64 << depth {
            // Two shifts, since a shift by 64 has no meaning.
            self.add_segment(Segment::new(homes, depth, number << 1 << (63 - depth)));
            let route = self.route_to(self.segments.len() - 1);
            self.directory.push(route);
        }
        self.depth = depth;
    }
}
