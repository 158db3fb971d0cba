#![allow(unsafe_code, reason = "owning item pointers move between buckets")]
//! A segment: the buckets of one prefix of hash space, at most [`MAX_HOMES`] of them, and a stash.
//!
//! ```text
//! | home 0 | home 1 | ... | home n-1 | spill | stash ... |
//! ```
//!
//! The bits of the hash after the segment's prefix choose the home bucket by multiplication, so homes are in
//! hash order whatever `n` is. An item sits in its home, in the bucket after it, or in the stash. When both are full,
//! an item of theirs that may move on makes room (a short displacement chain), which lets a segment fill to
//! about nine tenths before it has to grow.

use super::bucket::{Bucket, SLOTS, tag_of};
use super::item::TableItem;
use crate::bytes::hash::Hasher;
use alloc::vec::Vec;
use core::ptr::NonNull;

/// Most buckets a segment can have; one that needs more splits in two.
pub(super) const MAX_BUCKETS: usize = 448;
/// Home buckets of such a segment.
pub(super) const MAX_HOMES: usize = homes_among(MAX_BUCKETS);
/// In how many buckets of the stash an item may be.
const STASH_WINDOW: usize = 4;
/// How far a displacement chain may reach, in buckets.
const MAX_CHAIN: usize = 4;

#[derive(Clone)]
pub(super) struct Segment {
    pub(super) buckets: Vec<Bucket>,
    /// Home buckets, 1 to [`MAX_HOMES`].
    pub(super) homes: u16,
    /// Bits of the hash that every item here shares.
    pub(super) depth: u8,
    pub(super) len: u16,
    /// The first bits of the hashes that belong here, as many as the deepest segment has; the rest are 0.
    prefix: [u8; 3],
    /// How often it could not be made smaller: what is left sits too close together. After each time twice as many items
    /// have to go before it is tried again, or removals in order of the hash would each try it in vain.
    pub(super) shrink_failures: u8,
}

/// Where an item was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) bucket: usize,
    pub(super) slot: usize,
}

const fn stash_buckets(homes: usize) -> usize {
    homes / 32
}

/// How many of `buckets` in all are homes; the others are the last home's neighbour and the stash.
pub(super) const fn homes_among(buckets: usize) -> usize {
    let mut homes = buckets - 1;
    while homes + 1 + stash_buckets(homes) > buckets {
        homes -= 1;
    }
    homes
}

/// The home of `hash` among `homes` buckets under a prefix of `depth` bits.
#[inline(always)]
pub(super) fn home_of(hash: u64, depth: u8, homes: u16) -> usize {
    let fraction = (hash << depth) >> 40;
    ((fraction * u64::from(homes)) >> 24) as usize
}

impl Segment {
    /// An empty segment for the hashes that share the first `depth` bits with `hash`.
    pub(super) fn new(homes: usize, depth: u8, hash: u64) -> Self {
        debug_assert!((1..=MAX_HOMES).contains(&homes));
        let total = homes + 1 + stash_buckets(homes);
        let mut buckets = Vec::with_capacity(total);
        buckets.resize(total, Bucket::EMPTY);
        let prefix = ((hash >> 32) as u32 & !(u32::MAX >> depth)).to_be_bytes();
        Segment {
            buckets,
            homes: homes as u16,
            depth,
            len: 0,
            prefix: [prefix[0], prefix[1], prefix[2]],
            shrink_failures: 0,
        }
    }

    /// The least hash that belongs here.
    pub(super) fn first_hash(&self) -> u64 {
        let [a, b, c] = self.prefix;
        u64::from_be_bytes([a, b, c, 0, 0, 0, 0, 0])
    }

    #[inline(always)]
    pub(super) fn home(&self, hash: u64) -> usize {
        home_of(hash, self.depth, self.homes)
    }

    /// The buckets of the stash in which an item that belongs to `home` may be.
    pub(super) fn stash(&self, home: usize) -> impl Iterator<Item = usize> + use<> {
        let homes = usize::from(self.homes);
        let first = homes + 1;
        let count = self.buckets.len() - first;
        let start = home * count / homes;
        (start..start + count.min(STASH_WINDOW)).map(move |at| first + at % count)
    }

    /// Looks an item up in the stash.
    #[cold]
    pub(super) fn find_stashed<T: TableItem>(
        &self,
        home: usize,
        tag: u8,
        key: &[u8],
    ) -> Option<Place> {
        self.stash(home).find_map(|bucket| {
            find_in::<T>(&self.buckets[bucket], tag, key).map(|slot| Place { bucket, slot })
        })
    }

    /// The item with this hash for which `wanted` holds.
    pub(super) fn find_by_hash<T: TableItem>(
        &self,
        hash: u64,
        hasher: &Hasher,
        wanted: &dyn Fn(&T) -> bool,
    ) -> Option<Place> {
        let home = self.home(hash);
        let first = &self.buckets[home];
        let next = home + 1..home + 1 + usize::from(first.displaced() != 0);
        let stash = self.stash(home).filter(|_| first.stashed() != 0);
        core::iter::once(home)
            .chain(next)
            .chain(stash)
            .find_map(|bucket| {
                let line = &self.buckets[bucket];
                let mut slots = line.matching(tag_of(hash));
                let slot = slots.find(|&slot| {
                    line.pointer(slot).is_some_and(|pointer| {
                        // SAFETY: as in `hash_of`.
                        let item = unsafe { super::item::ItemRef::<T>::new(pointer) };
                        wanted(&item) && hasher.hash(item.key()) == hash
                    })
                })?;
                Some(Place { bucket, slot })
            })
    }

    /// Puts an item in; `false` when there is no room for it and the segment has to grow.
    pub(super) fn insert<T: TableItem>(
        &mut self,
        hash: u64,
        pointer: NonNull<u8>,
        hasher: &Hasher,
    ) -> bool {
        let home = self.home(hash);
        let tag = tag_of(hash);
        let done = if let Some(slot) = self.buckets[home].free_slot() {
            self.buckets[home].put(slot, tag, pointer);
            true
        } else if let Some(slot) = self.buckets[home + 1].free_slot() {
            self.put_displaced(home, slot, tag, pointer);
            true
        } else {
            self.insert_crowded::<T>(home, tag, pointer, hasher)
        };
        self.len += u16::from(done);
        done
    }

    fn put_displaced(&mut self, home: usize, slot: usize, tag: u8, pointer: NonNull<u8>) {
        self.buckets[home + 1].put(slot, tag, pointer);
        self.buckets[home].add_displaced();
    }

    fn insert_crowded<T: TableItem>(
        &mut self,
        home: usize,
        tag: u8,
        pointer: NonNull<u8>,
        hasher: &Hasher,
    ) -> bool {
        if let Some(slot) = self.send_back::<T>(home, hasher) {
            self.buckets[home].put(slot, tag, pointer);
            return true;
        }
        if let Some(slot) = self.push_on::<T>(home + 1, hasher) {
            self.put_displaced(home, slot, tag, pointer);
            return true;
        }
        for bucket in self.stash(home) {
            if let Some(slot) = self.buckets[bucket].free_slot() {
                self.buckets[bucket].put(slot, tag, pointer);
                self.buckets[home].add_stashed();
                return true;
            }
        }
        false
    }

    /// Frees a slot of `bucket` by moving an item that belongs to the bucket before it back there.
    fn send_back<T: TableItem>(&mut self, bucket: usize, hasher: &Hasher) -> Option<usize> {
        let before = bucket.checked_sub(1)?;
        let free = self.buckets[before].free_slot()?;
        if self.buckets[before].displaced() == 0 {
            return None;
        }
        let slot = self.slot_of_home::<T>(bucket, before, hasher)?;
        self.relocate(bucket, slot, before, free);
        self.buckets[before].sub_displaced();
        Some(slot)
    }

    /// Frees a slot of the full `bucket` by moving an item that belongs to it to the bucket after it, where one that belongs
    /// there may have to move on as well, and so forth. No item is looked at unless the chain ends at a free slot.
    fn push_on<T: TableItem>(&mut self, bucket: usize, hasher: &Hasher) -> Option<usize> {
        let reach = usize::from(self.homes).min(bucket + MAX_CHAIN);
        let (mut to, mut free) = (bucket + 1..=reach)
            .find_map(|to| self.buckets[to].free_slot().map(|free| (to, free)))?;
        while to > bucket {
            let from = to - 1;
            // Where the chain breaks off, the moves so far have been good ones all the same.
            let slot = self.slot_of_home::<T>(from, from, hasher)?;
            self.relocate(from, slot, to, free);
            self.buckets[from].add_displaced();
            (to, free) = (from, slot);
        }
        Some(free)
    }

    fn relocate(&mut self, from: usize, slot: usize, to: usize, free: usize) {
        let tag = self.buckets[from].tag(slot);
        if let Some(pointer) = self.buckets[from].pointer(slot) {
            self.buckets[to].put(free, tag, pointer);
            self.buckets[from].clear(slot);
        }
    }

    /// A slot of `bucket` whose item has the home `home`.
    fn slot_of_home<T: TableItem>(
        &self,
        bucket: usize,
        home: usize,
        hasher: &Hasher,
    ) -> Option<usize> {
        let line = &self.buckets[bucket];
        // Most buckets have no guest from the one before.
        let guests = bucket
            .checked_sub(1)
            .map_or(0, |before| self.buckets[before].displaced());
        if guests == 0 && bucket == home {
            return line.occupied().next();
        }
        line.occupied().find(|&slot| {
            line.pointer(slot)
                .is_some_and(|pointer| self.home(hash_of::<T>(pointer, hasher)) == home)
        })
    }

    /// Takes the item at `place` out; `hash` is its hash.
    pub(super) fn remove(&mut self, hash: u64, place: Place) -> Option<NonNull<u8>> {
        let pointer = self.buckets[place.bucket].pointer(place.slot)?;
        self.buckets[place.bucket].clear(place.slot);
        let home = self.home(hash);
        if place.bucket == home + 1 {
            self.buckets[home].sub_displaced();
        } else if place.bucket != home {
            self.buckets[home].sub_stashed();
        }
        self.len -= 1;
        Some(pointer)
    }

    /// Every item pointer of the segment.
    pub(super) fn pointers(&self) -> impl Iterator<Item = NonNull<u8>> + '_ {
        self.buckets
            .iter()
            .flat_map(|line| line.occupied().filter_map(move |slot| line.pointer(slot)))
    }

    /// Calls `each` with the items whose home is `home`, wherever they sit.
    pub(super) fn items_of_home<T: TableItem>(
        &self,
        home: usize,
        hasher: &Hasher,
        each: &mut dyn FnMut(u64, NonNull<u8>),
    ) {
        let first = &self.buckets[home];
        let mut visit = |line: &Bucket| {
            for pointer in line.occupied().filter_map(|slot| line.pointer(slot)) {
                let hash = hash_of::<T>(pointer, hasher);
                if self.home(hash) == home {
                    each(hash, pointer);
                }
            }
        };
        visit(first);
        if first.displaced() != 0 {
            visit(&self.buckets[home + 1]);
        }
        if first.stashed() != 0 {
            self.stash(home)
                .for_each(|bucket| visit(&self.buckets[bucket]));
        }
    }

    pub(super) fn slots(&self) -> usize {
        self.buckets.len() * SLOTS
    }
}

/// The hash of the item behind a pointer that a bucket holds.
#[inline]
pub(super) fn hash_of<T: TableItem>(pointer: NonNull<u8>, hasher: &Hasher) -> u64 {
    // SAFETY: a pointer in a bucket is owned by the table, and the loan ends with this expression.
    let item = unsafe { super::item::ItemRef::<T>::new(pointer) };
    hasher.hash(item.key())
}

/// The slot of the item with this key in a bucket.
#[inline(always)]
pub(super) fn find_in<T: TableItem>(line: &Bucket, tag: u8, key: &[u8]) -> Option<usize> {
    line.matching(tag).find(|&slot| {
        line.pointer(slot).is_some_and(|pointer| {
            // SAFETY: as in `hash_of`.
            let item = unsafe { super::item::ItemRef::<T>::new(pointer) };
            item.key() == key
        })
    })
}
