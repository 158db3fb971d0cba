#![allow(
    unsafe_code,
    reason = "the tables of chunks and spans live in memory of the allocator's own"
)]
//! Chunks of 2 MiB, the size of a huge page, cut into 32 units for spans; eight units in a row may be a region of runs.
//!
//! ```text
//! blocks   reserved  │ chunk 0 │ chunk 1 │ ... │ chunk made-1 │ (addresses without memory) ... │
//! tables   reserved  │ words of the sets │ Chunk of each chunk │ 32 bytes for each unit ... │
//! ```
//!
//! A unit's 32 bytes describe its span, or, in a region of runs, have a bit for each granule.
//!
//! Units are taken from the lowest chunk that has a free one, so that high chunks become free. Wholly free ones are
//! `idle`, with memory behind them, or `returned`; the kernel gets those back that are more than a few of the rest.
//!
//! Lookups by hash miss the TLB more than anything else, and a huge page is one entry of it. But a huge page is there as a
//! whole, however little of it is used, and to make one in a page fault takes up to some milliseconds. So a chunk begins with
//! small pages, and asks for a huge one when its last unit is taken: the kernel then joins its pages in its own time and on
//! its own thread. The lowest two never ask: in them are the first spans of the classes, of which many never have more than
//! a few blocks.

use super::chunk_set::{CHUNKS_MAX, ChunkSet};
use super::classes::SPAN_BYTES;
use super::map::{Reservation, address_limit};
use super::span::Span;
use std::ops::Range;

/// Bytes of a chunk.
pub const CHUNK_BYTES: usize = 2 * 1024 * 1024;
/// Bytes of the kernel's small pages. Where they are larger, giving one back is refused, which is harmless.
pub const PAGE_BYTES: usize = 4096;
/// Units of a chunk: the bits of a word.
pub const CHUNK_UNITS: usize = CHUNK_BYTES / SPAN_BYTES;
const _: () = assert!(CHUNK_UNITS == u32::BITS as usize);

/// Units of a region.
pub const REGION_UNITS: usize = 8;
/// Pages of a region.
pub const REGION_PAGES: usize = REGION_UNITS * SPAN_BYTES / PAGE_BYTES;
/// Regions of a chunk.
pub const REGIONS: usize = CHUNK_UNITS / REGION_UNITS;

/// The first chunk that may ever be huge.
const FIRST_HUGE: usize = 2;
/// Free chunks that are kept in any case.
pub const IDLE_MIN: usize = 1;
/// Of so many chunks in use, one free chunk is kept.
const IDLE_DIVISOR: usize = 32;
/// Chunks whose spans' table gets memory at once.
const TABLE_STEP: usize = 64;
/// The fewest chunks that a reservation is made for.
const CHUNKS_MIN: usize = 16;

/// The set of chunks that have both used and free units; of those of them that have a free region as well; of free chunks
/// with memory; and of those without.
const PARTIAL: usize = 0;
const ROOMY: usize = 1;
const IDLE: usize = 2;
const RETURNED: usize = 3;
const SETS: usize = 4;

/// A chunk's units, a bit each, and what is known of its regions.
#[derive(Clone, Copy)]
pub struct Chunk {
    /// Units that belong to no span and no region.
    pub free: u32,
    /// With memory behind them, as far as is known.
    pub resident: u32,
    regions: [Region; REGIONS],
}

/// What is known of a region of runs; nought where there is none.
#[derive(Clone, Copy, Default)]
pub struct Region {
    /// Granules in use.
    pub used: u16,
    /// No less than the longest hole in granules, up to 255.
    pub longest: u8,
    /// The pages that the kernel has, a bit each; no part of them is in use.
    pub given_back: [u64; REGION_PAGES / 64],
}

impl Chunk {
    /// Whether it is in this set.
    fn is_in(&self, set: usize) -> bool {
        let is_free = self.free == u32::MAX;
        match set {
            PARTIAL => self.free != 0 && !is_free,
            ROOMY => !is_free && self.free_region().is_some(),
            IDLE => is_free && self.resident != 0,
            _ => is_free && self.resident == 0,
        }
    }

    fn free_region(&self) -> Option<usize> {
        let bytes = self.free.to_le_bytes();
        bytes.iter().position(|&units| units == u8::MAX)
    }
}

/// Which units are the chunk's region of this number.
fn units_of(region: usize) -> u32 {
    u32::from(u8::MAX) << (region * REGION_UNITS)
}

/// All chunks.
pub struct Chunks {
    blocks: Reservation,
    tables: Reservation,
    chunks: *mut Chunk,
    spans: *mut Span,
    sets: [ChunkSet; SETS],
    /// Offset of the spans in the tables.
    spans_offset: usize,
    limit: usize,
    made: usize,
    /// Chunks whose spans have memory.
    described: usize,
    idle: usize,
    used_units: usize,
    resident_units: usize,
}

impl Chunks {
    /// None, and no addresses for any.
    pub const NONE: Chunks = Chunks {
        blocks: Reservation::NONE,
        tables: Reservation::NONE,
        chunks: std::ptr::null_mut(),
        spans: std::ptr::null_mut(),
        sets: [ChunkSet::EMPTY; SETS],
        spans_offset: 0,
        limit: 0,
        made: 0,
        described: 0,
        idle: 0,
        used_units: 0,
        resident_units: 0,
    };

    /// Reserves addresses for at most `wanted` chunks, or for as many as can be had: half of what the process may have
    /// where that is limited. `None` where it is too few to be of use.
    pub fn reserve(wanted: usize) -> Option<Chunks> {
        let mut limit = wanted.min(CHUNKS_MAX);
        if let Some(bytes) = address_limit() {
            limit = limit.min(bytes / 2 / CHUNK_BYTES);
        }
        let least = wanted.min(CHUNKS_MIN);
        while limit >= least {
            if let Some(chunks) = Chunks::try_reserve(limit) {
                return Some(chunks);
            }
            limit /= 2;
        }
        None
    }

    fn try_reserve(limit: usize) -> Option<Chunks> {
        let set_words = ChunkSet::words(limit);
        let chunks_offset = SETS * set_words * size_of::<u64>();
        let spans_offset =
            (chunks_offset + limit * size_of::<Chunk>()).next_multiple_of(TABLE_STEP * 1024);
        let spans_len = limit.next_multiple_of(TABLE_STEP) * CHUNK_UNITS * size_of::<Span>();
        let blocks = Reservation::new(limit * CHUNK_BYTES, CHUNK_BYTES)?;
        let tables = Reservation::new(spans_offset + spans_len, CHUNK_BYTES)?;
        if !tables.make_usable(0, spans_offset) {
            return None;
        }
        // SAFETY: (1) the offsets are within the reservation, and the first part of it is usable and zeroed; (2) it is
        // aligned to a chunk, and the offsets to words.
        let (chunks, spans, sets) = unsafe {
            let start = tables.start();
            let set = |rank: usize| ChunkSet::new(start.cast::<u64>().add(rank * set_words), limit);
            (
                start.add(chunks_offset).cast(),
                start.add(spans_offset).cast(),
                std::array::from_fn(set),
            )
        };
        Some(Chunks {
            blocks,
            tables,
            chunks,
            spans,
            sets,
            spans_offset,
            limit,
            ..Chunks::NONE
        })
    }

    /// The range of all blocks.
    pub fn range(&self) -> (*mut u8, usize) {
        (self.blocks.start(), self.blocks.len())
    }

    /// The first unit's span.
    pub fn spans(&self) -> *mut Span {
        self.spans
    }

    /// Units that spans have.
    pub fn used_units(&self) -> usize {
        self.used_units
    }

    /// Units with memory behind them, as far as is known.
    pub fn resident_units(&self) -> usize {
        self.resident_units
    }

    /// The units of a chunk.
    pub fn chunk(&self, index: usize) -> Chunk {
        debug_assert!(index < self.made);
        // SAFETY: a chunk that was made is below the limit, for which the table has room.
        unsafe { *self.chunks.add(index) }
    }

    /// How many chunks there are.
    pub fn made(&self) -> usize {
        self.made
    }

    /// What is known of a region, by its number among all.
    pub fn region(&self, region: usize) -> Region {
        self.chunk(region / REGIONS).regions[region % REGIONS]
    }

    /// Changes what is known of a region.
    pub fn set_region(&mut self, region: usize, facts: Region) {
        debug_assert!(region / REGIONS < self.made);
        // SAFETY: as in `chunk`.
        let chunk = unsafe { &mut *self.chunks.add(region / REGIONS) };
        chunk.regions[region % REGIONS] = facts;
    }

    /// The bits of a region of runs: 32 bytes for each of its units.
    pub fn bits(&self, region: usize) -> *mut u64 {
        debug_assert!(region / REGIONS < self.made);
        // SAFETY: the units of a chunk that was made are described.
        unsafe { self.spans.add(region * REGION_UNITS).cast() }
    }

    /// Gives some pages of a region back to the kernel; nothing of them is in use.
    pub fn give_back_pages(&mut self, region: usize, pages: Range<usize>) {
        let offset = region * REGION_UNITS * SPAN_BYTES + pages.start * PAGE_BYTES;
        self.blocks.give_back(offset, pages.len() * PAGE_BYTES);
    }

    /// Takes a unit, and returns its number. It is described. `None` when there are no more.
    pub fn take_unit(&mut self) -> Option<usize> {
        let index = match self.sets[PARTIAL].first() {
            Some(index) => index,
            None => self.free_chunk()?,
        };
        let position = self.chunk(index).free.trailing_zeros();
        self.take(index, 1 << position);
        Some(index * CHUNK_UNITS + position as usize)
    }

    /// Takes a region for runs, and returns its number and whether it may have memory already. It is described. `None` when
    /// there are no more.
    pub fn take_region(&mut self) -> Option<(usize, bool)> {
        let index = match self.sets[ROOMY].first() {
            Some(index) => index,
            None => self.free_chunk()?,
        };
        let chunk = self.chunk(index);
        let region = chunk.free_region()?;
        let units = units_of(region);
        self.take(index, units);
        Some((index * REGIONS + region, chunk.resident & units != 0))
    }

    fn free_chunk(&mut self) -> Option<usize> {
        let known = self.sets[IDLE].first().or(self.sets[RETURNED].first());
        known.or_else(|| self.make())
    }

    fn take(&mut self, index: usize, units: u32) {
        let mut chunk = self.chunk(index);
        self.leave(index, chunk);
        chunk.free &= !units;
        self.resident_units += (units & !chunk.resident).count_ones() as usize;
        self.used_units += units.count_ones() as usize;
        chunk.resident |= units;
        self.enter(index, chunk);
        if chunk.free == 0 && index >= FIRST_HUGE {
            self.blocks
                .prefer_huge(index * CHUNK_BYTES, CHUNK_BYTES, true);
        }
    }

    /// Gives a unit back.
    pub fn free_unit(&mut self, unit: usize) {
        self.give_up(unit / CHUNK_UNITS, 1 << (unit % CHUNK_UNITS));
    }

    /// Gives a region back.
    pub fn free_region(&mut self, region: usize) {
        self.set_region(region, Region::default());
        self.give_up(region / REGIONS, units_of(region % REGIONS));
    }

    fn give_up(&mut self, index: usize, units: u32) {
        let mut chunk = self.chunk(index);
        self.leave(index, chunk);
        chunk.free |= units;
        self.used_units -= units.count_ones() as usize;
        self.enter(index, chunk);
    }

    fn idle_max(&self) -> usize {
        IDLE_MIN + self.used_units / CHUNK_UNITS / IDLE_DIVISOR
    }

    /// Gives the highest idle chunk back to the kernel, if there are more than should be kept; whether there still are.
    /// It takes some hundred microseconds.
    pub fn give_back_slice(&mut self) -> bool {
        if self.idle <= self.idle_max() {
            return false;
        }
        if let Some(index) = self.sets[IDLE].last() {
            let mut chunk = self.chunk(index);
            self.leave(index, chunk);
            self.resident_units -= chunk.resident.count_ones() as usize;
            chunk.resident = 0;
            let offset = index * CHUNK_BYTES;
            self.blocks.give_back(offset, CHUNK_BYTES);
            self.blocks.prefer_huge(offset, CHUNK_BYTES, false);
            self.enter(index, chunk);
        }
        self.idle > self.idle_max()
    }

    /// Makes the next chunk, wholly free and without memory.
    fn make(&mut self) -> Option<usize> {
        let index = self.made;
        if index == self.limit || !self.describe(index) {
            return None;
        }
        if !self.blocks.make_usable(index * CHUNK_BYTES, CHUNK_BYTES) {
            return None;
        }
        self.blocks
            .prefer_huge(index * CHUNK_BYTES, CHUNK_BYTES, false);
        self.made += 1;
        let chunk = Chunk {
            free: u32::MAX,
            resident: 0,
            regions: [Region::default(); REGIONS],
        };
        self.enter(index, chunk);
        Some(index)
    }

    /// Has memory behind the descriptions of the chunk's spans.
    fn describe(&mut self, index: usize) -> bool {
        if index < self.described {
            return true;
        }
        let step = TABLE_STEP * CHUNK_UNITS * size_of::<Span>();
        let offset = self.spans_offset + self.described / TABLE_STEP * step;
        let usable = self.tables.make_usable(offset, step);
        self.described += if usable { TABLE_STEP } else { 0 };
        usable
    }

    /// Takes a chunk out of its sets.
    fn leave(&mut self, index: usize, chunk: Chunk) {
        for set in (0..SETS).filter(|&set| chunk.is_in(set)) {
            self.sets[set].remove(index);
            self.idle -= usize::from(set == IDLE);
        }
    }

    /// Notes what became of a chunk, and puts it into its sets.
    fn enter(&mut self, index: usize, chunk: Chunk) {
        // SAFETY: as in `chunk`.
        unsafe { *self.chunks.add(index) = chunk };
        for set in (0..SETS).filter(|&set| chunk.is_in(set)) {
            self.sets[set].insert(index);
            self.idle += usize::from(set == IDLE);
        }
    }

    /// Checks that sets and sums agree with the chunks, and returns how many there are.
    #[cfg(test)]
    pub fn check(&self) -> usize {
        let (mut used, mut resident, mut idle) = (0, 0, 0);
        for index in 0..self.made {
            let chunk = self.chunk(index);
            used += chunk.free.count_zeros() as usize;
            resident += chunk.resident.count_ones() as usize;
            assert_eq!(!chunk.free & !chunk.resident, 0);
            idle += usize::from(chunk.is_in(IDLE));
            for (region, facts) in chunk.regions.iter().enumerate() {
                assert!(facts.used == 0 || chunk.free & units_of(region) == 0);
            }
            for (number, set) in self.sets.iter().enumerate() {
                assert_eq!(set.contains(index), chunk.is_in(number));
            }
        }
        assert_eq!(
            (used, resident, idle),
            (self.used_units, self.resident_units, self.idle)
        );
        self.made
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn region(chunks: &mut Chunks) -> Option<usize> {
        chunks.take_region().map(|(region, _)| region)
    }

    #[test]
    fn lower_chunks_are_taken_first() {
        let mut chunks = Chunks::reserve(20).unwrap();
        let units: Vec<usize> = (0..100).map(|_| chunks.take_unit().unwrap()).collect();
        assert_eq!(units, (0..100).collect::<Vec<_>>());
        chunks.free_unit(70);
        chunks.free_unit(40);
        // The fourth chunk has 28 free units, three regions of them whole.
        assert_eq!(region(&mut chunks), Some(3 * REGIONS + 1));
        assert_eq!(chunks.take_unit(), Some(40));
        assert_eq!(chunks.take_unit(), Some(70));
        assert_eq!(chunks.take_unit(), Some(100));
        assert_eq!(region(&mut chunks), Some(3 * REGIONS + 2));
        assert_eq!(region(&mut chunks), Some(3 * REGIONS + 3));
        assert_eq!(region(&mut chunks), Some(4 * REGIONS));
        chunks.free_region(3 * REGIONS + 1);
        assert_eq!(chunks.check(), 5);
        assert_eq!(region(&mut chunks), Some(3 * REGIONS + 1));
    }

    #[test]
    fn free_chunks_are_given_back_and_taken_again() {
        let mut chunks = Chunks::reserve(20).unwrap();
        let units: Vec<usize> = std::iter::from_fn(|| chunks.take_unit()).collect();
        assert_eq!(units.len(), 20 * CHUNK_UNITS);
        assert_eq!(chunks.resident_units(), 20 * CHUNK_UNITS);
        assert_eq!((chunks.take_unit(), chunks.take_region()), (None, None));
        for &unit in &units {
            // SAFETY: the unit is taken, and nothing else uses it.
            unsafe { *chunks.range().0.add(unit * SPAN_BYTES) = 1 };
        }
        units.iter().for_each(|&unit| chunks.free_unit(unit));
        chunks.check();
        let slices = std::iter::repeat_with(|| chunks.give_back_slice()).take_while(|&more| more);
        assert_eq!(slices.count() + 1, 20 - IDLE_MIN);
        chunks.check();
        assert_eq!(chunks.used_units(), 0);
        assert_eq!(chunks.resident_units(), IDLE_MIN * CHUNK_UNITS);
        let again: Vec<usize> = std::iter::from_fn(|| chunks.take_unit()).collect();
        assert_eq!(again, units);
        // Chunks that were given back are zeroed.
        // SAFETY: as above.
        let first = |unit: usize| unsafe { *chunks.range().0.add(unit * SPAN_BYTES) };
        let kept = units.iter().filter(|&&unit| first(unit) == 1).count();
        assert_eq!(kept, IDLE_MIN * CHUNK_UNITS);
    }
}
