//! Growing and shrinking: segments are rebuilt, split and joined one at a time, and the directory follows in slices.
//!
//! ```text
//! directory   A A B C       depth 2, in use
//! successor   A A A A B     depth 3, made a piece at a time: entry i is the directory's i / 2
//! ```
//!
//! A directory of twice or half the size is filled by and by, some entries whenever a segment changes, and takes the
//! place of the old one when it is complete. It is begun so early that it is complete before it is needed. What has been
//! filled already is kept up to date with the segments, like the directory itself. So no change of one item touches more
//! than a few segments and a bounded number of entries, however big the table is.

use super::bucket::{SLOTS, prefetch};
use super::item::TableItem;
use super::segment::{MAX_BUCKETS, MAX_HOMES, Segment, hash_of, homes_among};
use super::{Route, Table};
use crate::bytes::hash::Hasher;
use alloc::vec::Vec;
use core::ptr::NonNull;

/// No segment goes deeper: 24 bits of the hash choose the bucket, and cursors have 48.
pub(super) const MAX_DEPTH: u8 = 24;
/// Slots that a segment made smaller has for every eight items.
const SHRUNK_SLOTS_PER_8_ITEMS: usize = 10;
/// Slots that the half of a segment gets for every eight items: half of a full one's items get 256 buckets.
const SPLIT_SLOTS_PER_8_ITEMS: usize = 9;
/// By how many sixteenths a full segment grows. Finer steps would leave fewer slots empty, but each one hashes every item of
/// the segment again.
const GROWTH_SIXTEENTHS: usize = 3;
/// Buckets of a page. Segments have whole pages of them, 256, 320, 384 and 448, which split into 256 and 256: since all grow
/// at about the same time, the holes that they leave are of no use to each other, but whole pages go back to the system.
const PAGE_BUCKETS: usize = 64;
/// Smaller segments, of so many buckets and more, have a whole number of such parts.
const PARTS: [(usize, usize); 3] = [(256, PAGE_BUCKETS), (64, 16), (16, 4)];
/// A segment with fewer items than a quarter of its slots is rebuilt smaller.
const SHRINK_DIVISOR: usize = 4;
/// Segments of fewer home buckets are not made smaller.
const HOMES_TO_SHRINK: usize = 4;
/// Segments are joined as long as one is named by at most two to the power of this many directory entries.
const SPAN_BITS_MAX: u8 = 6;
/// Entries of the next directory that are filled whenever a segment changes.
pub(super) const ENTRIES_AT_ONCE: usize = 16;

/// A directory that is being made.
pub(super) struct Successor {
    /// The entries so far; the rest of the capacity is to be filled.
    routes: Vec<Route>,
    depth: u8,
}

impl Successor {
    fn new(depth: u8) -> Self {
        Successor {
            routes: Vec::with_capacity(1 << depth),
            depth,
        }
    }

    pub(super) fn capacity(&self) -> usize {
        self.routes.capacity()
    }

    /// Puts `route` into the entries of `hash` that are there already.
    fn publish(&mut self, hash: u64, route: Route) {
        let entries = entries_of(hash, route.depth, self.depth);
        let until = entries.end.min(self.routes.len());
        if let Some(filled) = self.routes.get_mut(entries.start..until) {
            filled.fill(route);
        }
    }
}

/// The entries of a directory of `depth` that name the segment of `hash`, which has `segment_depth`.
fn entries_of(hash: u64, segment_depth: u8, depth: u8) -> core::ops::Range<usize> {
    let span = 1usize << (depth - segment_depth);
    // Two shifts, since a shift by 64 has no meaning.
    let first = ((hash >> 1) >> (63 - depth)) as usize & !(span - 1);
    first..first + span
}

impl<T: TableItem> Table<T> {
    pub(super) fn route_to(&mut self, at: usize) -> Route {
        let segment = &mut self.segments[at];
        Route {
            buckets: NonNull::new(segment.buckets.as_mut_ptr()).unwrap_or(NonNull::dangling()),
            segment: at as u32,
            homes: segment.homes,
            depth: segment.depth,
        }
    }

    /// Points every directory entry of the segment `at` to it, and goes on with the next directory.
    fn publish(&mut self, at: usize) {
        let hash = self.segments[at].first_hash();
        let route = self.route_to(at);
        let entries = entries_of(hash, route.depth, self.depth);
        #[cfg(test)]
        {
            self.entries_written += entries.len();
        }
        self.directory[entries].fill(route);
        if let Some(successor) = &mut self.successor {
            if route.depth <= successor.depth {
                successor.publish(hash, route);
            } else {
                // It was to be a smaller one, and the table grows again.
                self.successor = None;
            }
        }
        self.fill_successor(ENTRIES_AT_ONCE);
    }

    pub(super) fn add_segment(&mut self, segment: Segment) {
        self.by_depth[usize::from(segment.depth)] += 1;
        self.buckets += segment.buckets.len();
        self.segments.push(segment);
    }

    /// Puts a segment in the place of another one.
    fn replace_segment(&mut self, at: usize, segment: Segment) {
        self.by_depth[usize::from(segment.depth)] += 1;
        self.buckets += segment.buckets.len();
        let old = core::mem::replace(&mut self.segments[at], segment);
        self.by_depth[usize::from(old.depth)] -= 1;
        self.buckets -= old.buckets.len();
    }

    /// Removes a segment that no directory entry names; the last one takes its number.
    fn forget_segment(&mut self, at: usize) {
        let old = self.segments.swap_remove(at);
        self.by_depth[usize::from(old.depth)] -= 1;
        self.buckets -= old.buckets.len();
        if at < self.segments.len() {
            self.publish(at);
        }
    }

    /// Makes room in the segment of `hash`: more buckets, or a split.
    pub(super) fn grow(&mut self, hash: u64) {
        let at = self.segment_index(hash);
        let homes = usize::from(self.segments[at].homes);
        if homes < MAX_HOMES || self.segments[at].depth == MAX_DEPTH {
            self.rebuild(at, more_homes(homes));
        } else {
            self.split(at);
        }
    }

    fn rebuild(&mut self, at: usize, homes: usize) {
        let mut homes = homes;
        while !self.rebuild_at_most(at, homes) {
            homes = more_homes(homes);
        }
    }

    fn split(&mut self, at: usize) {
        if self.segments[at].depth == self.depth {
            self.double_directory();
        }
        let old = &self.segments[at];
        let (depth, hash) = (old.depth + 1, old.first_hash());
        let bit = 1u64 << (64 - depth);
        let mut homes = homes_for(usize::from(old.len) / 2, SPLIT_SLOTS_PER_8_ITEMS);
        let [low, high] = loop {
            let mut halves = [
                Segment::new(homes, depth, hash),
                Segment::new(homes, depth, hash | bit),
            ];
            if distribute::<T>(old, &mut halves, &self.hasher) {
                break halves;
            }
            homes = more_homes(homes);
        };
        self.replace_segment(at, low);
        self.add_segment(high);
        self.publish(at);
        self.publish(self.segments.len() - 1);
        self.plan_directory();
    }

    /// Gives buckets back when a removal has left the segment of `hash` sparse.
    pub(super) fn shrink(&mut self, hash: u64, at: usize) {
        if self.len == 0 {
            *self = Table::new(self.hasher);
            return;
        }
        let segment = &self.segments[at];
        let (len, homes) = (usize::from(segment.len), usize::from(segment.homes));
        if homes < HOMES_TO_SHRINK
            || (len * SHRINK_DIVISOR) << segment.shrink_failures > segment.slots()
        {
            return;
        }
        if self.merge(hash, at) {
            // What has become tiny has no removals left to be joined by.
            while self.merge_tiny(hash) {}
            return;
        }
        let wanted = homes_for(len, SHRUNK_SLOTS_PER_8_ITEMS);
        if wanted < homes && !self.rebuild_at_most(at, wanted) {
            // Even a segment of full size has no more items than ten such steps leave.
            self.segments[at].shrink_failures += 1;
        }
    }

    /// Rebuilds a segment with so many buckets; `false`, and nothing changes, when its items do not fit them.
    fn rebuild_at_most(&mut self, at: usize, homes: usize) -> bool {
        #[cfg(test)]
        {
            self.rebuilds_tried += 1;
        }
        let old = &self.segments[at];
        let mut new = [Segment::new(homes, old.depth, old.first_hash())];
        let fits = distribute::<T>(old, &mut new, &self.hasher);
        if fits {
            let [new] = new;
            self.replace_segment(at, new);
            self.publish(at);
        }
        fits
    }

    /// Joins the segment of `hash` with its buddy if it has hardly any buckets.
    fn merge_tiny(&mut self, hash: u64) -> bool {
        let at = self.segment_index(hash);
        usize::from(self.segments[at].homes) < HOMES_TO_SHRINK && self.merge(hash, at)
    }

    /// Joins the segment with its buddy when both together fit one comfortably.
    fn merge(&mut self, hash: u64, at: usize) -> bool {
        let depth = self.segments[at].depth;
        if depth == 0 || self.depth - depth >= SPAN_BITS_MAX {
            return false;
        }
        let bit = 1u64 << (64 - depth);
        let buddy = self.segment_index(hash ^ bit);
        let len = usize::from(self.segments[at].len) + usize::from(self.segments[buddy].len);
        if self.segments[buddy].depth != depth
            || homes_for(len, SHRUNK_SLOTS_PER_8_ITEMS) > MAX_HOMES / 2
        {
            return false;
        }
        let mut joined = [Segment::new(
            homes_for(len, SHRUNK_SLOTS_PER_8_ITEMS),
            depth - 1,
            hash,
        )];
        if !distribute::<T>(&self.segments[at], &mut joined, &self.hasher)
            || !distribute::<T>(&self.segments[buddy], &mut joined, &self.hasher)
        {
            return false;
        }
        let [joined] = joined;
        self.replace_segment(at, joined);
        self.publish(at);
        self.forget_segment(buddy);
        self.plan_directory();
        true
    }

    /// Begins a directory of another size when one will be needed.
    ///
    /// Twice as large: when half of the segments need its last bit. They are nearly equal in size, so until one of them
    /// splits and needs one bit more, nearly all others split or are rebuilt, and each time entries are filled. Half as
    /// large: when none needs the last bit and it is four times larger than the segments need, so that a table that
    /// breathes does not pay for it.
    fn plan_directory(&mut self) {
        if self.successor.is_some() {
            return;
        }
        let deepest = self.by_depth[usize::from(self.depth)] as usize;
        let segments = self.segments.len();
        if deepest * 2 >= segments && self.depth < MAX_DEPTH {
            self.successor = Some(Successor::new(self.depth + 1));
        } else if deepest == 0
            && self.depth > 0
            && (segments * 4 <= self.directory.len() || segments == 1)
        {
            self.successor = Some(Successor::new(self.depth - 1));
        }
        self.fill_successor(ENTRIES_AT_ONCE);
    }

    /// Fills up to `count` entries of the next directory; when that was the last, it takes the place of the old one.
    fn fill_successor(&mut self, count: usize) {
        let Some(successor) = &mut self.successor else {
            return;
        };
        let (old, new, whole) = (self.depth, successor.depth, 1usize << successor.depth);
        let filled = successor.routes.len();
        let entries = filled..whole.min(filled.saturating_add(count));
        let of_old = |entry: usize| match new > old {
            true => entry >> (new - old),
            false => entry << (old - new),
        };
        #[cfg(test)]
        {
            self.entries_written += entries.len();
        }
        let directory = &self.directory;
        let routes = entries.map(|entry| directory[of_old(entry)]);
        successor.routes.extend(routes);
        if successor.routes.len() == whole
            && let Some(successor) = self.successor.take()
        {
            (self.directory, self.depth) = (successor.routes, successor.depth);
        }
    }

    /// Has a directory of twice the size, at once; nearly always it was made in time.
    fn double_directory(&mut self) {
        let wanted = self.depth + 1;
        if self.successor.as_ref().is_none_or(|s| s.depth != wanted) {
            self.successor = Some(Successor::new(wanted));
        }
        self.fill_successor(usize::MAX);
    }

    /// Checks the invariants of this file; for tests.
    pub(super) fn check_resizing(&self) -> Result<(), &'static str> {
        let mut by_depth = [0; MAX_DEPTH as usize + 1];
        let mut buckets = 0;
        for (at, segment) in self.segments.iter().enumerate() {
            by_depth[usize::from(segment.depth)] += 1;
            buckets += segment.buckets.len();
            if self.segment_index(segment.first_hash()) != at {
                return Err("a segment with another's prefix");
            }
        }
        if by_depth != self.by_depth || buckets != self.buckets {
            return Err("counts of segments or buckets");
        }
        let Some(Successor { routes, depth }) = &self.successor else {
            return Ok(());
        };
        for (entry, route) in routes.iter().enumerate() {
            let hash = (entry as u64) << 1 << (63 - depth);
            let segment = self.segment_index(hash);
            if route.segment as usize != segment
                || !core::ptr::eq(
                    route.buckets.as_ptr(),
                    self.segments[segment].buckets.as_ptr(),
                )
            {
                return Err("a stale route in the next directory");
            }
        }
        Ok(())
    }
}

/// Home buckets for `len` items with so many slots for every eight of them.
pub(super) fn homes_for(len: usize, slots_per_8_items: usize) -> usize {
    let slots = (len * slots_per_8_items).div_ceil(8);
    homes_at_least(slots.div_ceil(SLOTS).max(1))
}

/// The next greater size of a segment that has `homes`.
fn more_homes(homes: usize) -> usize {
    let step = match homes < PARTS[0].0 - PAGE_BUCKETS {
        true => (homes * GROWTH_SIXTEENTHS).div_ceil(16),
        false => 1,
    };
    homes_at_least(homes + step)
}

/// The homes of the smallest segment that has so many, or of the greatest.
fn homes_at_least(homes: usize) -> usize {
    let mut buckets = homes + 1;
    loop {
        let part = PARTS.iter().find(|(from, _)| buckets >= *from);
        buckets = buckets.next_multiple_of(part.map_or(1, |(_, part)| *part));
        let has = homes_among(buckets.min(MAX_BUCKETS));
        if has >= homes || buckets >= MAX_BUCKETS {
            return has;
        }
        buckets += 1;
    }
}

/// Copies the items of `old` into one segment, or into two by the bit that tells them apart. `false`: no room.
fn distribute<T: TableItem>(old: &Segment, into: &mut [Segment], hasher: &Hasher) -> bool {
    for line in &old.buckets {
        for pointer in line.occupied().filter_map(|slot| line.pointer(slot)) {
            prefetch(pointer.as_ptr());
        }
        for pointer in line.occupied().filter_map(|slot| line.pointer(slot)) {
            let hash = hash_of::<T>(pointer, hasher);
            let half = if into.len() == 2 {
                (hash << (into[0].depth - 1)) >> 63
            } else {
                0
            };
            if !into[half as usize].insert::<T>(hash, pointer, hasher) {
                return false;
            }
        }
    }
    true
}
