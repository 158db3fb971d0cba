#![allow(unsafe_code, reason = "the table owns its items through raw pointers")]
//! Going through a table: every item in turn, or random ones.

use super::Table;
use super::bucket::{Bucket, SLOTS, SlotSet, prefetch};
use super::item::{ItemRef, TableItem};
use super::segment::{MAX_BUCKETS, Place, Segment, hash_of};
use crate::bytes::prng::Prng;
use core::marker::PhantomData;
use core::slice;

impl<T: TableItem> Table<T> {
    /// All items, in no particular order. Those of the next bucket are brought near while one is walked.
    pub fn iter(&self) -> Iter<'_, T> {
        Iter {
            segments: self.segments.iter(),
            buckets: [].iter(),
            bucket: &Bucket::EMPTY,
            slots: Bucket::EMPTY.occupied(),
            items: PhantomData,
        }
    }

    /// A fair random item.
    pub fn random(&self, prng: &mut Prng) -> Option<ItemRef<'_, T>> {
        let (at, place) = self.random_place(prng)?;
        let pointer = self.segments[at].buckets[place.bucket].pointer(place.slot)?;
        // SAFETY: the pointer is owned by this table, which the guard borrows.
        Some(unsafe { ItemRef::new(pointer) })
    }

    /// Takes a fair random item out.
    pub fn take_random(&mut self, prng: &mut Prng) -> Option<T> {
        let (at, place) = self.random_place(prng)?;
        let pointer = self.segments[at].buckets[place.bucket].pointer(place.slot)?;
        let hash = hash_of::<T>(pointer, &self.hasher);
        self.take_at(hash, at, place)
    }

    /// Gives `each` about `count` items, at least one unless the table is empty: whole neighbouring buckets from a random
    /// place on (so rather eight items than fewer). Their cache misses overlap, so a sample costs little more than one
    /// random item.
    ///
    /// Every item is nearly as likely as any other to be in it: a place in hash space is as likely as any other, and
    /// of a sparse segment more buckets are visited than of a dense one.
    pub fn sample(&self, prng: &mut Prng, count: usize, mut each: impl FnMut(ItemRef<'_, T>)) {
        let mut given = 0;
        while given == 0 && self.len > 0 {
            let entry = prng.below(self.directory.len() as u64) as usize;
            let segment = &self.segments[self.directory[entry].segment as usize];
            let len = usize::from(segment.len).max(1);
            let wanted = count.max(SLOTS - 1) * segment.buckets.len();
            let one_more = prng.below(len as u64) < (wanted % len) as u64;
            let visits = (wanted / len + usize::from(one_more)).max(1);
            let first = prng.below(segment.buckets.len() as u64) as usize;
            let ring = segment.buckets.iter().cycle().skip(first);
            for line in ring.take(visits.min(segment.buckets.len())) {
                prefetch_items(line);
                for pointer in line.occupied().filter_map(|slot| line.pointer(slot)) {
                    given += 1;
                    // SAFETY: the pointer is owned by the table, which is borrowed for the call.
                    each(unsafe { ItemRef::new(pointer) });
                }
            }
        }
    }

    /// A random directory entry and a random slot below the greatest segment size; an empty slot, and a share of the
    /// hits in shallow segments (which have more directory entries), is refused, so that every item is equally likely.
    fn random_place(&self, prng: &mut Prng) -> Option<(usize, Place)> {
        if self.len == 0 {
            return None;
        }
        let bound = match &self.segments[..] {
            [only] => only.slots(),
            _ => MAX_BUCKETS * SLOTS,
        };
        let mut depths = (0..=self.depth).rev();
        let deepest = depths.find(|&depth| self.by_depth[usize::from(depth)] > 0)?;
        loop {
            let entry = prng.below(self.directory.len() as u64) as usize;
            let number = self.directory[entry].segment as usize;
            let segment = &self.segments[number];
            let at = prng.below(bound as u64) as usize;
            if at >= segment.slots() || !segment.buckets[at / SLOTS].is_occupied(at % SLOTS) {
                continue;
            }
            // A segment has twice the entries of one that is deeper by one: accept in inverse proportion.
            if prng.below(1 << (deepest - segment.depth)) == 0 {
                let (bucket, slot) = (at / SLOTS, at % SLOTS);
                return Some((number, Place { bucket, slot }));
            }
        }
    }
}

/// Every item of a table; see [`Table::iter`].
pub struct Iter<'t, T: TableItem> {
    segments: slice::Iter<'t, Segment>,
    /// The buckets of the current segment that come after the current one.
    buckets: slice::Iter<'t, Bucket>,
    bucket: &'t Bucket,
    /// The slots of the current bucket that come next.
    slots: SlotSet,
    items: PhantomData<&'t T>,
}

impl<'t, T: TableItem> Iterator for Iter<'t, T> {
    type Item = ItemRef<'t, T>;

    #[inline]
    fn next(&mut self) -> Option<ItemRef<'t, T>> {
        loop {
            if let Some(slot) = self.slots.next() {
                let pointer = self.bucket.pointer(slot)?;
                // SAFETY: the pointer is owned by the table, which is borrowed for 't.
                return Some(unsafe { ItemRef::new(pointer) });
            }
            let Some(bucket) = self.buckets.next() else {
                self.buckets = self.segments.next()?.buckets.iter();
                continue;
            };
            self.bucket = bucket;
            self.slots = bucket.occupied();
            if let Some(following) = self.buckets.as_slice().first() {
                prefetch_items(following);
            }
        }
    }
}

pub(super) fn prefetch_items(bucket: &Bucket) {
    for pointer in bucket.occupied().filter_map(|slot| bucket.pointer(slot)) {
        prefetch(pointer.as_ptr());
    }
}
