#![allow(unsafe_code, reason = "the table owns its items through raw pointers")]
//! The table: Rotom's dict, for the keyspace and for big sets, hashes and sorted sets.
//!
//! Extendible hashing over cache-line buckets. A directory, indexed by the top bits of the hash, names segments
//! of two to four thousand items. A segment that fills up gets a page more of buckets; at its greatest size it splits in
//! two. So growth moves one segment at a time (gradual rehashing by construction), memory never doubles at once,
//! and shrinking goes the same way back. A lookup costs two dependent cache misses: bucket, item.
//!
//! ```text
//! directory   00.. -> segment A (depth 1)      an item with hash 1010...
//!             01.. -> segment A                  directory[10] -> segment C
//!             10.. -> segment C (depth 2)        the bits after "10" choose its home bucket
//!             11.. -> segment D (depth 2)        the lowest byte is its tag
//! ```
//!
//! Items stay in hash order by segment and home bucket whatever the sizes are, so a SCAN cursor is simply a position in
//! the top 48 bits of hash space: growth and shrinking between two calls do not change what lies between two
//! positions, and every item that is present throughout is returned exactly once.
//!
//! After Fagin et al., "Extendible hashing" (1979), and Lu et al., "Dash: Scalable Hashing on Persistent Memory" (2020)
//! for neighbours, displacement and stash.

mod bucket;
mod figures;
mod item;
mod reserve;
mod resize;
mod segment;
mod walk;

pub use figures::Figures;
pub use item::{ItemMut, ItemRef, TableItem};
pub use walk::Iter;

use crate::bytes::hash::Hasher;
use alloc::vec::Vec;
use bucket::{Bucket, prefetch};
use core::marker::PhantomData;
use core::ptr::NonNull;
use resize::{MAX_DEPTH, Successor};
use segment::{Place, Segment, find_in, hash_of, home_of};

/// A directory entry: what a lookup needs, in one place.
#[derive(Clone, Copy)]
struct Route {
    buckets: NonNull<Bucket>,
    segment: u32,
    homes: u16,
    depth: u8,
}

impl Route {
    /// The segment's bucket `at`, which is a home or the one after the last home.
    #[inline(always)]
    fn line(&self, at: usize) -> &Bucket {
        // SAFETY: (1) a route's buckets are those of a live segment: whatever moves or frees them publishes a new route;
        // (2) a segment has `homes + 1` buckets at least, and `at <= homes` for homes and their neighbours.
        unsafe { self.line_pointer(at).as_ref() }
    }

    #[inline(always)]
    fn line_pointer(&self, at: usize) -> NonNull<Bucket> {
        // SAFETY: as above; places in the stash are within the segment as well.
        unsafe { self.buckets.add(at) }
    }
}

/// Brings the items of a bucket near whose tag is that of `hash`; whether there are any.
#[inline(always)]
fn prefetch_matching(line: &Bucket, hash: u64) -> bool {
    let mut any = false;
    for slot in line.matching(bucket::tag_of(hash)) {
        if let Some(pointer) = line.pointer(slot) {
            any = true;
            prefetch(pointer.as_ptr());
            prefetch(pointer.as_ptr().wrapping_add(63));
        }
    }
    any
}

/// A hash table from bytes to items that carry them. See the module's head.
pub struct Table<T: TableItem> {
    directory: Vec<Route>,
    segments: Vec<Segment>,
    /// The directory has `1 << depth` entries.
    depth: u8,
    /// The directory that is to take its place.
    successor: Option<Successor>,
    /// How many segments there are of each depth.
    by_depth: [u32; MAX_DEPTH as usize + 1],
    /// Buckets of all segments.
    buckets: usize,
    len: usize,
    hasher: Hasher,
    items: PhantomData<T>,
    /// Directory entries written so far.
    #[cfg(test)]
    entries_written: usize,
    /// Segments that were rebuilt, or could not be.
    #[cfg(test)]
    rebuilds_tried: usize,
}

/// What is to be brought near.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The bucket.
    Bucket,
    /// The items in it; it should be near already.
    Item,
}

/// Where a cursor starts and where it is when the walk is over.
pub const SCAN_START: u64 = 0;

// SAFETY: the raw pointers are owned, as a `Vec<T>`'s would be.
unsafe impl<T: TableItem + Send> Send for Table<T> {}

/// The slot of an item that is lent mutably.
pub(crate) struct SlotMut<'t> {
    bucket: &'t mut Bucket,
    slot: usize,
}

impl SlotMut<'_> {
    fn set_pointer(&mut self, pointer: NonNull<u8>) {
        self.bucket.set_pointer(self.slot, pointer);
    }
}

impl<T: TableItem> Table<T> {
    /// An empty table; it allocates with its first item.
    pub fn new(hasher: Hasher) -> Self {
        Table {
            directory: Vec::new(),
            segments: Vec::new(),
            depth: 0,
            successor: None,
            by_depth: [0; MAX_DEPTH as usize + 1],
            buckets: 0,
            len: 0,
            hasher,
            items: PhantomData,
            #[cfg(test)]
            entries_written: 0,
            #[cfg(test)]
            rebuilds_tried: 0,
        }
    }

    /// How many items there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The hasher that gives the hashes this table is asked with.
    pub fn hasher(&self) -> Hasher {
        self.hasher
    }

    /// Brings the bucket of `hash` near.
    #[inline]
    pub fn prefetch_bucket(&self, hash: u64) {
        if let Some(route) = self.directory.get(self.index(hash)) {
            let home = home_of(hash, route.depth, route.homes);
            prefetch(route.buckets.as_ptr().wrapping_add(home).cast());
        }
    }

    /// Brings the items that `hash` may belong to near; their bucket should be near already. `true`: it holds none of
    /// them, but one may be in the bucket after it, which is brought near; then [`Table::prefetch_displaced`] goes on.
    #[inline]
    pub fn prefetch_item(&self, hash: u64) -> bool {
        let Some(route) = self.directory.get(self.index(hash)) else {
            return false;
        };
        let home = home_of(hash, route.depth, route.homes);
        let line = route.line(home);
        if prefetch_matching(line, hash) || line.displaced() == 0 {
            return false;
        }
        prefetch(core::ptr::from_ref(route.line(home + 1)).cast());
        true
    }

    /// An item that `hash` probably belongs to, found by its tag alone; for asking ahead.
    #[inline]
    pub fn guess(&self, hash: u64) -> Option<ItemRef<'_, T>> {
        let route = self.directory.get(self.index(hash))?;
        let line = route.line(home_of(hash, route.depth, route.homes));
        let pointer = line.pointer(line.matching(bucket::tag_of(hash)).next()?)?;
        // SAFETY: the pointer is owned by this table, which the guard borrows.
        Some(unsafe { ItemRef::new(pointer) })
    }

    /// Brings the items of the bucket after that of `hash` near, which should be near already.
    #[cold]
    pub fn prefetch_displaced(&self, hash: u64) {
        if let Some(route) = self.directory.get(self.index(hash)) {
            let home = home_of(hash, route.depth, route.homes);
            prefetch_matching(route.line(home + 1), hash);
        }
    }

    /// One step of [`Table::prefetch_bucket`] and [`Table::prefetch_item`].
    pub fn prefetch(&self, hash: u64, step: Step) {
        match step {
            Step::Bucket => self.prefetch_bucket(hash),
            Step::Item => {
                self.prefetch_item(hash);
            }
        }
    }

    /// Finds the item with this key.
    #[inline]
    pub fn find(&self, hash: u64, key: &[u8]) -> Option<ItemRef<'_, T>> {
        let (route, place) = self.locate(hash, key)?;
        let pointer = route.line(place.bucket).pointer(place.slot)?;
        // SAFETY: the pointer is owned by this table, which the guard borrows.
        Some(unsafe { ItemRef::new(pointer) })
    }

    /// Finds the item with this key, to change it.
    #[inline(always)]
    pub fn find_mut(&mut self, hash: u64, key: &[u8]) -> Option<ItemMut<'_, T>> {
        let (route, place) = self.locate(hash, key)?;
        let (mut line, slot) = (route.line_pointer(place.bucket), place.slot);
        // SAFETY: `locate` gave the place of a bucket of a live segment, and the table is borrowed exclusively for the
        // guard's life.
        let bucket = unsafe { line.as_mut() };
        let pointer = bucket.pointer(slot)?;
        // SAFETY: the pointer is owned by this table, which the guard borrows mutably through its slot.
        Some(unsafe { ItemMut::new(pointer, SlotMut { bucket, slot }) })
    }

    /// Whether there is an item with this key.
    pub fn contains(&self, hash: u64, key: &[u8]) -> bool {
        self.locate(hash, key).is_some()
    }

    /// Adds an item whose key is not in the table yet (the caller has looked).
    pub fn insert_new(&mut self, hash: u64, item: T) {
        self.insert_new_with(hash, item, |grow| grow());
    }

    /// The same; when the table has to grow for it, `around` does what it is given, and perhaps times it.
    #[inline]
    pub fn insert_new_with(
        &mut self,
        hash: u64,
        item: T,
        mut around: impl FnMut(&mut dyn FnMut()),
    ) {
        debug_assert!(!self.contains(hash, item.key()));
        if self.directory.is_empty() {
            self.add_segment(Segment::new(1, 0, 0));
            let route = self.route_to(0);
            self.directory.push(route);
        }
        let pointer = item.into_raw();
        loop {
            let at = self.segment_index(hash);
            if self.segments[at].insert::<T>(hash, pointer, &self.hasher) {
                break;
            }
            around(&mut || self.grow(hash));
        }
        self.len += 1;
    }

    /// Takes the item with this key out.
    pub fn remove(&mut self, hash: u64, key: &[u8]) -> Option<T> {
        let (route, place) = self.locate(hash, key)?;
        self.take_at(hash, route.segment as usize, place)
    }

    /// Finds the item with this hash for which `wanted` holds.
    pub fn find_by_hash(&self, hash: u64, wanted: impl Fn(&T) -> bool) -> Option<ItemRef<'_, T>> {
        let (at, place) = self.locate_by_hash(hash, &wanted)?;
        let pointer = self.segments[at].buckets[place.bucket].pointer(place.slot)?;
        // SAFETY: the pointer is owned by this table, which the guard borrows.
        Some(unsafe { ItemRef::new(pointer) })
    }

    /// Takes the item with this hash for which `wanted` holds out.
    pub fn take_by_hash(&mut self, hash: u64, wanted: impl Fn(&T) -> bool) -> Option<T> {
        let (at, place) = self.locate_by_hash(hash, &wanted)?;
        self.take_at(hash, at, place)
    }

    /// Walks from `cursor` until about `count` items were given to `each` (items of one bucket always come
    /// together) and returns the position to go on from, [`SCAN_START`] when the walk is over.
    pub fn scan(&self, cursor: u64, count: usize, mut each: impl FnMut(ItemRef<'_, T>)) -> u64 {
        if self.directory.is_empty() || cursor >> 48 != 0 {
            return SCAN_START;
        }
        let (mut position, mut given, mut visited) = (cursor, 0, 0);
        // An empty stretch counts too, so that a call stays short in a sparse table.
        while given < count && visited < count.saturating_mul(10) {
            let hash = position << 16;
            let segment = &self.segments[self.segment_index(hash)];
            let home = segment.home(hash);
            segment.items_of_home::<T>(home, &self.hasher, &mut |own, pointer| {
                if own >> 16 >= position {
                    given += 1;
                    // SAFETY: the pointer is owned by this table, which is borrowed for the call.
                    each(unsafe { ItemRef::new(pointer) });
                }
            });
            visited += 1;
            position = position_after(segment, hash, home);
            if position == SCAN_START {
                break;
            }
        }
        position
    }

    /// Drops items until about `budget` are gone; `true` when the table is empty. For freeing in slices: the
    /// table must not be used for anything else once this was called.
    pub fn clear_slice(&mut self, budget: usize) -> bool {
        self.drain_slice(budget, drop)
    }

    /// Like [`Table::clear_slice`], with each item handed to `take`.
    pub fn drain_slice(&mut self, budget: usize, mut take: impl FnMut(T)) -> bool {
        (self.directory, self.successor) = (Vec::new(), None);
        let mut dropped = 0;
        while dropped < budget {
            let Some(segment) = self.segments.last_mut() else {
                break;
            };
            let Some(line) = segment.buckets.pop() else {
                self.segments.pop();
                dropped += 1;
                continue;
            };
            if let Some(following) = segment.buckets.last() {
                walk::prefetch_items(following);
            }
            for pointer in line.occupied().filter_map(|slot| line.pointer(slot)) {
                dropped += 1;
                self.len -= 1;
                // SAFETY: the bucket has left the table, so the item's only owner is taken here.
                take(unsafe { T::from_raw(pointer) });
            }
        }
        self.segments.is_empty()
    }

    /// Bytes of directory and buckets, items not counted.
    pub fn memory_bytes(&self) -> usize {
        let successor = self.successor.as_ref().map_or(0, Successor::capacity);
        (self.directory.capacity() + successor) * size_of::<Route>()
            + self.segments.capacity() * size_of::<Segment>()
            + self.buckets * size_of::<Bucket>()
    }

    /// How many segments there are.
    pub fn segment_count(&self) -> usize {
        self.segments.len()
    }

    #[inline(always)]
    fn index(&self, hash: u64) -> usize {
        // Two shifts, since a shift by 64 has no meaning.
        ((hash >> 1) >> (63 - self.depth)) as usize
    }

    #[inline(always)]
    fn segment_index(&self, hash: u64) -> usize {
        self.directory[self.index(hash)].segment as usize
    }

    /// Where the item with this key is. Reads the directory and the buckets alone: the segment's own record would be
    /// one more line to wait for.
    #[inline(always)]
    fn locate(&self, hash: u64, key: &[u8]) -> Option<(Route, Place)> {
        let route = *self.directory.get(self.index(hash))?;
        let home = home_of(hash, route.depth, route.homes);
        let tag = bucket::tag_of(hash);
        let first = route.line(home);
        if let Some(slot) = find_in::<T>(first, tag, key) {
            return Some((route, Place { bucket: home, slot }));
        }
        if first.overflow() == 0 {
            return None;
        }
        let place = self.locate_overflow(&route, home, tag, key)?;
        Some((route, place))
    }

    #[inline(never)]
    fn locate_overflow(&self, route: &Route, home: usize, tag: u8, key: &[u8]) -> Option<Place> {
        let first = route.line(home);
        let bucket = home + 1;
        if first.displaced() != 0
            && let Some(slot) = find_in::<T>(route.line(bucket), tag, key)
        {
            return Some(Place { bucket, slot });
        }
        if first.stashed() == 0 {
            return None;
        }
        self.segments[route.segment as usize].find_stashed::<T>(home, tag, key)
    }

    fn locate_by_hash(&self, hash: u64, wanted: &dyn Fn(&T) -> bool) -> Option<(usize, Place)> {
        let at = self.directory.get(self.index(hash))?.segment as usize;
        let place = self.segments[at].find_by_hash(hash, &self.hasher, wanted)?;
        Some((at, place))
    }

    /// Takes the item of `hash` at a place of segment `at` out.
    fn take_at(&mut self, hash: u64, at: usize, place: Place) -> Option<T> {
        let pointer = self.segments[at].remove(hash, place)?;
        self.len -= 1;
        self.shrink(hash, at);
        // SAFETY: the pointer was owned by the table and has just left it.
        Some(unsafe { T::from_raw(pointer) })
    }

    /// Checks every invariant; for tests.
    pub fn check(&self) -> Result<(), &'static str> {
        if self.directory.is_empty() {
            let empty = self.len == 0 && self.segments.is_empty();
            return if empty {
                Ok(())
            } else {
                Err("items without a directory")
            };
        }
        if self.directory.len() != 1 << self.depth {
            return Err("directory size");
        }
        let mut named = alloc::vec![0usize; self.segments.len()];
        for route in &self.directory {
            let segment = &self.segments[route.segment as usize];
            named[route.segment as usize] += 1;
            let same = route.homes == segment.homes && route.depth == segment.depth;
            if !same || !core::ptr::eq(route.buckets.as_ptr(), segment.buckets.as_ptr()) {
                return Err("stale route");
            }
        }
        let mut len = 0;
        for (at, segment) in self.segments.iter().enumerate() {
            if named[at] != 1 << (self.depth - segment.depth) {
                return Err("segment named by too few or too many entries");
            }
            self.check_segment(at, segment)?;
            len += usize::from(segment.len);
        }
        self.check_resizing()?;
        if len == self.len {
            Ok(())
        } else {
            Err("item count")
        }
    }

    fn check_segment(&self, at: usize, segment: &Segment) -> Result<(), &'static str> {
        let homes = usize::from(segment.homes);
        let mut len = 0;
        let mut displaced = alloc::vec![0u8; homes + 1];
        let mut stashed = alloc::vec![0u8; homes + 1];
        for (number, line) in segment.buckets.iter().enumerate() {
            for slot in line.occupied() {
                let pointer = line.pointer(slot).ok_or("occupied slot without pointer")?;
                let hash = hash_of::<T>(pointer, &self.hasher);
                let home = segment.home(hash);
                if self.segment_index(hash) != at || line.tag(slot) != bucket::tag_of(hash) {
                    return Err("item in a foreign place");
                }
                len += 1;
                match number {
                    n if n == home => {}
                    n if n == home + 1 => displaced[home] += 1,
                    n if n > homes => {
                        if segment.stash(home).all(|bucket| bucket != n) {
                            return Err("item in a foreign part of the stash");
                        }
                        stashed[home] = (stashed[home] + 1).min(15);
                    }
                    _ => return Err("item out of reach"),
                }
            }
        }
        for home in 0..homes {
            let line = &segment.buckets[home];
            if line.displaced() != displaced[home] || line.stashed() < stashed[home] {
                return Err("overflow counts");
            }
        }
        if len == usize::from(segment.len) {
            Ok(())
        } else {
            Err("segment count")
        }
    }
}

impl<T: TableItem> Drop for Table<T> {
    fn drop(&mut self) {
        for segment in &self.segments {
            take_items::<T>(segment, &mut drop);
        }
    }
}

impl<T: TableItem> core::fmt::Debug for Table<T> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(
            f,
            "Table({} items, {} segments)",
            self.len,
            self.segments.len()
        )
    }
}

/// Hands out the items of a segment that the caller drops right after.
fn take_items<T: TableItem>(segment: &Segment, take: &mut impl FnMut(T)) {
    for pointer in segment.pointers() {
        // SAFETY: the segment is dropped right after, so each item's only owner is taken here.
        take(unsafe { T::from_raw(pointer) });
    }
}

/// The 48-bit position where the bucket after `home` begins; [`SCAN_START`] after the last one.
fn position_after(segment: &Segment, hash: u64, home: usize) -> u64 {
    let depth = u32::from(segment.depth);
    let prefix = (hash >> 1) >> (63 - depth);
    let start = if home + 1 == usize::from(segment.homes) {
        // The first position of the next prefix; past the last prefix the shift leaves nothing.
        (u128::from(prefix) + 1) << (64 - depth)
    } else {
        let fraction = ((home as u64 + 1) << 24).div_ceil(u64::from(segment.homes));
        (u128::from(prefix) << (64 - depth)) + (u128::from(fraction) << (40 - depth))
    };
    if start >> 64 != 0 {
        SCAN_START
    } else {
        (start as u64) >> 16
    }
}

#[cfg(test)]
mod tests;
