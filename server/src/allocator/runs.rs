#![allow(
    unsafe_code,
    reason = "a region's bits live in memory of the allocator's own"
)]
//! Runs: blocks of 2 to 32 KiB, of so many granules of 256 bytes as they need.
//!
//! Blocks of these sizes are few, and most are segments of tables and nodes of lists, which change their size while they
//! grow. In spans, each size would leave holes of its own behind, as large as the table; runs of all sizes share theirs,
//! and neighbouring holes join. Since the size comes back with a block that is freed, a bit for each granule is all that
//! has to be kept: set where it is free.
//!
//! A run is taken from the lowest region of half a mebibyte, and there from the lowest place, where it fits. Of each region
//! it is known how long its longest hole may be at most; a search that fails learns how long it is. For each length of a run
//! there is a hint: below that region none has a hole for it.
//!
//! While a table grows, all its segments change from one size to the next, and the holes that they leave are too short for
//! what is wanted. So pages of holes go back to the kernel, in rounds: a round gives back as many as were free throughout
//! the time since the one before, but for a few. Holes that come and go keep their memory.

use super::chunks::{Chunks, PAGE_BYTES, REGION_PAGES, REGION_UNITS, REGIONS, Region};
use super::classes::SPAN_BYTES;
use std::ops::Range;

/// Bytes of a granule.
pub const GRANULE_BYTES: usize = 256;
/// The largest run, bytes.
pub const RUN_MAX: usize = 32 * 1024;

const GRANULES_MAX: usize = RUN_MAX / GRANULE_BYTES;
/// Bytes of a region.
const REGION_BYTES: usize = REGION_UNITS * SPAN_BYTES;
/// Granules of a region, and words of their bits.
const REGION_GRANULES: usize = REGION_BYTES / GRANULE_BYTES;
const WORDS: usize = REGION_GRANULES / 64;
/// Granules of a page.
const PAGE_GRANULES: usize = PAGE_BYTES / GRANULE_BYTES;
/// Free pages that keep their memory: so many, and one for so many pages in use.
const KEPT_PAGES: usize = 16;
const KEPT_DIVISOR: usize = 128;
/// Regions that a slice of a round looks at, and pages after which it ends.
const SLICE_REGIONS: usize = 32;
const SLICE_PAGES: usize = 32;
/// Regions that one call searches in vain before it takes a new one.
const SEARCHES_MAX: usize = 16;

/// Where to look for runs.
pub struct Runs {
    /// By granules: no region below this one has a hole for so many.
    hints: [u32; GRANULES_MAX + 1],
    /// Granules of all runs.
    used: usize,
    /// Pages of the regions' holes that have memory.
    free_pages: usize,
    /// Pages of the regions' holes that have none.
    given_back: usize,
    /// The fewest pages that were free since the last round.
    fewest_free: usize,
    /// Pages that this round has still to give back, and the region where it goes on.
    to_give: usize,
    next_region: usize,
}

impl Runs {
    /// No runs yet.
    pub const NONE: Runs = Runs {
        hints: [u32::MAX; GRANULES_MAX + 1],
        used: 0,
        free_pages: 0,
        given_back: 0,
        fewest_free: 0,
        to_give: 0,
        next_region: 0,
    };

    /// Pages of regions without memory behind them, as far as is known.
    pub fn given_back(&self) -> usize {
        self.given_back
    }

    /// Takes a run, and returns its offset from the beginning of all blocks.
    pub fn take(&mut self, chunks: &mut Chunks, granules: usize) -> Option<usize> {
        let (index, position) = match self.search(chunks, granules) {
            Some(found) => found,
            None => (self.new_region(chunks)?, 0),
        };
        self.occupy(chunks, index, position, granules);
        Some(index * REGION_BYTES + position * GRANULE_BYTES)
    }

    /// Puts a run back.
    pub fn free(&mut self, chunks: &mut Chunks, offset: usize, granules: usize) {
        let (index, position) = place(offset);
        let mut region = chunks.region(index);
        region.used -= granules as u16;
        self.used -= granules;
        if region.used == 0 {
            let given_back = given_back_of(&region);
            let free = bits(chunks, index).free_pages(0..REGION_PAGES).count();
            self.given_back -= given_back;
            self.free_pages -= free - given_back;
            self.fewest_free = self.fewest_free.min(self.free_pages);
            chunks.free_region(index);
            return;
        }
        let mut bits = bits(chunks, index);
        bits.set(position, granules, true);
        let before = bits.free_before(position);
        let hole = bits.next_used(position + granules) - position + before;
        region.longest = region.longest.max(hole.min(usize::from(u8::MAX)) as u8);
        self.free_pages += bits.free_pages(pages_of(position, granules)).count();
        chunks.set_region(index, region);
        self.lower_hints(index, hole);
    }

    /// Marks granules as used. Pages that have no memory get some when they are touched.
    fn occupy(&mut self, chunks: &mut Chunks, index: usize, position: usize, granules: usize) {
        let mut region = chunks.region(index);
        let mut bits = bits(chunks, index);
        for page in bits.free_pages(pages_of(position, granules)) {
            let (word, bit) = (page / 64, 1 << (page % 64));
            if region.given_back[word] & bit != 0 {
                region.given_back[word] &= !bit;
                self.given_back -= 1;
            } else {
                self.free_pages -= 1;
            }
        }
        bits.set(position, granules, false);
        self.fewest_free = self.fewest_free.min(self.free_pages);
        region.used += granules as u16;
        self.used += granules;
        chunks.set_region(index, region);
    }

    /// Begins a round of giving back, or goes on with it; whether there is more to do.
    pub fn give_back_slice(&mut self, chunks: &mut Chunks) -> bool {
        if self.to_give == 0 {
            let kept = KEPT_PAGES + self.used / PAGE_GRANULES / KEPT_DIVISOR;
            self.to_give = self.fewest_free.saturating_sub(kept);
            self.next_region = 0;
        }
        let end = (self.next_region + SLICE_REGIONS).min(chunks.made() * REGIONS);
        let mut left = SLICE_PAGES.min(self.to_give);
        while left > 0 && self.next_region < end {
            let given = self.give_back_of(chunks, self.next_region, left);
            left -= given;
            self.to_give -= given;
            self.next_region += usize::from(left > 0);
        }
        if self.next_region == chunks.made() * REGIONS {
            self.to_give = 0;
        }
        if self.to_give == 0 {
            self.fewest_free = self.free_pages;
        }
        self.to_give > 0
    }

    /// Gives pages of a region back, at most so many, and returns how many those were.
    fn give_back_of(&mut self, chunks: &mut Chunks, index: usize, most: usize) -> usize {
        let mut region = chunks.region(index);
        if region.used == 0 {
            return 0;
        }
        let mut page = 0;
        let mut given = 0;
        while page < REGION_PAGES && given < most {
            let (from, bits) = (page, bits(chunks, index));
            let is_free = |page: &usize| {
                region.given_back[page / 64] >> (page % 64) & 1 == 0 && bits.is_free(*page)
            };
            page += (from..REGION_PAGES.min(from + most - given))
                .take_while(is_free)
                .count();
            if page == from {
                page += 1;
                continue;
            }
            for at in from..page {
                region.given_back[at / 64] |= 1 << (at % 64);
            }
            given += page - from;
            chunks.give_back_pages(index, from..page);
        }
        chunks.set_region(index, region);
        self.free_pages -= given;
        self.given_back += given;
        given
    }

    /// Makes a run longer or shorter where it is. False where there is no room behind it.
    pub fn resize(&mut self, chunks: &mut Chunks, offset: usize, from: usize, to: usize) -> bool {
        if to <= from {
            if to < from {
                self.free(chunks, offset + to * GRANULE_BYTES, from - to);
            }
            return true;
        }
        let (index, position) = place(offset);
        let bits = bits(chunks, index);
        if position + to > REGION_GRANULES || bits.next_used(position + from) < position + to {
            return false;
        }
        self.occupy(chunks, index, position + from, to - from);
        true
    }

    /// Checks the sums against the regions.
    #[cfg(test)]
    pub fn check(&self, chunks: &mut Chunks) {
        let (mut used, mut free_pages, mut given_back) = (0, 0, 0);
        for index in 0..chunks.made() * REGIONS {
            let region = chunks.region(index);
            if region.used == 0 {
                continue;
            }
            let free: Vec<usize> = bits(chunks, index).free_pages(0..REGION_PAGES).collect();
            let is_given = |page: usize| region.given_back[page / 64] >> (page % 64) & 1 == 1;
            let given = free.iter().filter(|&&page| is_given(page)).count();
            assert_eq!(
                given,
                given_back_of(&region),
                "a page in use that has no memory"
            );
            used += usize::from(region.used);
            free_pages += free.len() - given;
            given_back += given;
        }
        assert_eq!(
            (used, free_pages, given_back),
            (self.used, self.free_pages, self.given_back)
        );
    }

    /// A region and the place in it where a run fits.
    fn search(&mut self, chunks: &mut Chunks, granules: usize) -> Option<(usize, usize)> {
        let mut index = self.hints[granules] as usize;
        let mut searches = 0;
        while index < chunks.made() * REGIONS && searches < SEARCHES_MAX {
            let mut region = chunks.region(index);
            if usize::from(region.longest) >= granules {
                match bits(chunks, index).find(granules) {
                    Ok(position) => {
                        self.hints[granules] = index as u32;
                        return Some((index, position));
                    }
                    Err(longest) => {
                        region.longest = longest as u8;
                        chunks.set_region(index, region);
                    }
                }
                searches += 1;
            }
            index += 1;
        }
        self.hints[granules] = index as u32;
        None
    }

    fn new_region(&mut self, chunks: &mut Chunks) -> Option<usize> {
        let (index, has_memory) = chunks.take_region()?;
        bits(chunks, index).set(0, REGION_GRANULES, true);
        let (pages, given_back) = match has_memory {
            true => (&mut self.free_pages, 0),
            false => (&mut self.given_back, u64::MAX),
        };
        *pages += REGION_PAGES;
        let region = Region {
            used: 0,
            longest: u8::MAX,
            given_back: [given_back; REGION_PAGES / 64],
        };
        chunks.set_region(index, region);
        self.lower_hints(index, REGION_GRANULES);
        Some(index)
    }

    fn lower_hints(&mut self, index: usize, hole: usize) {
        for hint in &mut self.hints[..=hole.min(GRANULES_MAX)] {
            *hint = (*hint).min(index as u32);
        }
    }
}

fn place(offset: usize) -> (usize, usize) {
    (offset / REGION_BYTES, offset % REGION_BYTES / GRANULE_BYTES)
}

/// The pages of which some granules are part.
fn pages_of(position: usize, granules: usize) -> Range<usize> {
    position / PAGE_GRANULES..(position + granules).div_ceil(PAGE_GRANULES)
}

fn given_back_of(region: &Region) -> usize {
    let pages = region.given_back.iter();
    pages.map(|word| word.count_ones() as usize).sum()
}

/// The bits of a region.
fn bits(chunks: &mut Chunks, index: usize) -> Bits<'_> {
    // SAFETY: (1) the bytes of a region's units are so many words, all initialised, since memory from the kernel is zeroed;
    // (2) a region of runs has no spans, so nothing else uses them; (3) they are borrowed as long as `chunks` is.
    Bits(unsafe { &mut *chunks.bits(index).cast() })
}

struct Bits<'a>(&'a mut [u64; WORDS]);

impl Bits<'_> {
    /// Marks granules as free or used.
    fn set(&mut self, from: usize, count: usize, free: bool) {
        let (mut at, end) = (from, from + count);
        while at < end {
            let within = (64 - at % 64).min(end - at);
            let mask = (u64::MAX >> (64 - within)) << (at % 64);
            match free {
                true => self.0[at / 64] |= mask,
                false => self.0[at / 64] &= !mask,
            }
            at += within;
        }
    }

    /// Those of `pages` of which nothing is in use.
    fn free_pages(&self, pages: Range<usize>) -> impl Iterator<Item = usize> {
        pages.filter(|&page| self.is_free(page))
    }

    /// Whether nothing of a page is in use.
    fn is_free(&self, page: usize) -> bool {
        const PER_WORD: usize = 64 / PAGE_GRANULES;
        let whole = u64::MAX >> (64 - PAGE_GRANULES);
        self.0[page / PER_WORD] >> (page % PER_WORD * PAGE_GRANULES) & whole == whole
    }

    /// The first free granule from `from` on; their number where there is none.
    fn next_free(&self, from: usize) -> usize {
        self.next(from, 0)
    }

    /// The first used granule from `from` on; their number where there is none.
    fn next_used(&self, from: usize) -> usize {
        self.next(from, u64::MAX)
    }

    /// The first granule whose bit is set once the words are flipped by `flip`.
    fn next(&self, from: usize, flip: u64) -> usize {
        let mut at = from;
        while at < REGION_GRANULES {
            let rest = (self.0[at / 64] ^ flip) >> (at % 64);
            if rest != 0 {
                return at + rest.trailing_zeros() as usize;
            }
            at = (at / 64 + 1) * 64;
        }
        REGION_GRANULES
    }

    /// How many granules right before `position` are free; at most those of the longest run and a word.
    fn free_before(&self, position: usize) -> usize {
        let mut at = position;
        while at > 0 && position - at < GRANULES_MAX {
            // The bits below `at` in its word, highest first.
            let within = (at - 1) % 64 + 1;
            let used = !self.0[(at - 1) / 64] << (64 - within);
            let free = (used.leading_zeros() as usize).min(within);
            at -= free;
            if free < within {
                break;
            }
        }
        position - at
    }

    /// The lowest place for so many granules, or how long the longest hole is, as far as it is of use to them: whole pages
    /// begin with a page.
    fn find(&self, granules: usize) -> Result<usize, usize> {
        let (mut at, mut longest) = (0, 0);
        let align = match granules % PAGE_GRANULES {
            0 => PAGE_GRANULES,
            _ => 1,
        };
        loop {
            let from = self.next_free(at);
            if from == REGION_GRANULES {
                return Err(longest);
            }
            at = self.next_used(from);
            let aligned = from.next_multiple_of(align);
            if aligned + granules <= at {
                return Ok(aligned);
            }
            longest = longest.max(at - from);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_are_set_and_searched_like_a_list_of_flags() {
        let mut words = [0; WORDS];
        let mut bits = Bits(&mut words);
        let mut model = vec![false; REGION_GRANULES];
        let mut state = 5u64;
        let mut random = |limit: usize| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (state >> 33) as usize % limit
        };
        for _ in 0..20_000 {
            let (from, free) = (random(REGION_GRANULES), random(2) == 0);
            let count = (1 + random(130)).min(REGION_GRANULES - from);
            bits.set(from, count, free);
            model[from..from + count].fill(free);
            let at = random(REGION_GRANULES);
            let first = |wanted| model[at..].iter().position(|&free| free == wanted);
            let end = REGION_GRANULES - at;
            assert_eq!(bits.next_free(at), at + first(true).unwrap_or(end));
            assert_eq!(bits.next_used(at), at + first(false).unwrap_or(end));
            let before = model[..at].iter().rev().take_while(|&&free| free).count();
            let got = bits.free_before(at);
            assert!(got == before || (got < before && got >= GRANULES_MAX));
            let wanted = 1 + random(128);
            let step = match wanted % PAGE_GRANULES {
                0 => PAGE_GRANULES,
                _ => 1,
            };
            let fits = |&at: &usize| {
                model
                    .get(at..at + wanted)
                    .is_some_and(|run| run.iter().all(|&free| free))
            };
            let found = (0..REGION_GRANULES).step_by(step).find(fits);
            assert_eq!(bits.find(wanted).ok(), found);
        }
    }

    #[test]
    fn runs_do_not_overlap_and_holes_are_found_again() {
        let mut chunks = Chunks::reserve(16).unwrap();
        let mut runs = Runs::NONE;
        let mut taken: Vec<usize> = std::iter::from_fn(|| runs.take(&mut chunks, 33)).collect();
        assert_eq!(taken.len(), REGION_GRANULES / 33 * REGIONS * 16);
        taken.sort_unstable();
        assert!(
            taken
                .windows(2)
                .all(|two| two[0] + 33 * GRANULE_BYTES <= two[1])
        );
        let first = REGION_GRANULES / 33 * 16;
        // Two neighbours make room for one of twice the size, and a third for its growth.
        for &offset in &taken[first..first + 3] {
            runs.free(&mut chunks, offset, 33);
        }
        assert_eq!(runs.take(&mut chunks, 66), Some(taken[first]));
        assert!(!runs.resize(&mut chunks, taken[first], 66, 100));
        assert!(runs.resize(&mut chunks, taken[first], 66, 99));
        assert!(runs.resize(&mut chunks, taken[first], 99, 33));
        assert_eq!(runs.take(&mut chunks, 33), Some(taken[first + 1]));
        assert_eq!(runs.take(&mut chunks, 34), None);
        assert_eq!(runs.take(&mut chunks, 33), Some(taken[first + 2]));
        for &offset in &taken {
            runs.free(&mut chunks, offset, 33);
        }
        assert_eq!(chunks.used_units(), 0);
        chunks.check();
    }
}
