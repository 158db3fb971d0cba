#![allow(unsafe_code, reason = "blocks of memory are handed out")]
//! The owner's part: blocks from current spans, and what happens when one is full or another empty.
//!
//! Each class has a current span, from which its blocks come. When it is full, the class goes on with the fullest of its
//! spans that have free blocks, or with a new one. A freed block goes back to its own span, wherever that is kept; a span
//! changes its place only when its use falls below its `floor`, so that one comparison is all that most frees need.

use super::chunks::{CHUNK_UNITS, Chunks, PAGE_BYTES, REGION_UNITS};
use super::classes::{CLASSES, SPAN_BYTES, TABLE};
use super::remote::{RemoteFrees, Taken};
use super::runs::{GRANULE_BYTES, Runs};
use super::span::{Lists, NO_CURRENT, Place, Span};

/// Blocks freed by other threads that a call puts back before it takes a span: as many as a span has at most, so that a
/// thread that frees all that the owner hands it keeps the heap from growing.
const REMOTE_PER_SPAN: usize = SPAN_BYTES / 8;
/// The same before it takes a run.
const REMOTE_PER_RUN: usize = 64;
/// A class takes over another's span, of blocks larger by less than an eighth, when more than an eighth of what spans
/// have is free.
const BORROW_DIVISOR: usize = 8;

/// Where a class takes its blocks.
#[derive(Clone, Copy)]
struct Bin {
    span: *mut Span,
    start: *mut u8,
}

impl Bin {
    const NONE: Bin = Bin {
        span: (&raw const NO_CURRENT).cast_mut(),
        start: std::ptr::null_mut(),
    };
}

/// All spans, used by one thread.
pub struct Heap {
    bins: [Bin; CLASSES],
    lists: Lists,
    runs: Runs,
    chunks: Chunks,
    remote: Taken,
}

/// A block that was handed out, and its size.
pub type Block = (*mut u8, usize);

impl Heap {
    /// A heap without addresses, which has no blocks.
    pub const EMPTY: Heap = Heap {
        bins: [Bin::NONE; CLASSES],
        lists: Lists::EMPTY,
        runs: Runs::NONE,
        chunks: Chunks::NONE,
        remote: Taken::NONE,
    };

    /// Reserves addresses for so many chunks, if none are yet, and returns their range. `None` where none can be had.
    pub fn reserve(&mut self, chunks: usize) -> Option<(*mut u8, usize)> {
        self.chunks = Chunks::reserve(chunks)?;
        Some(self.chunks.range())
    }

    /// The chunks, for their sums.
    pub fn chunks(&self) -> &Chunks {
        &self.chunks
    }

    /// Bytes of holes between runs that the kernel has.
    pub fn given_back(&self) -> usize {
        self.runs.given_back() * PAGE_BYTES
    }

    /// Gives a chunk back to the kernel, if more are free than should be kept, and some pages of holes between runs; whether
    /// there is more to give back.
    pub fn give_back_slice(&mut self) -> bool {
        let runs = self.runs.give_back_slice(&mut self.chunks);
        self.chunks.give_back_slice() || runs
    }

    /// A block of the class; `None` when its current span is full.
    #[inline]
    pub fn take(&mut self, class: usize) -> Option<Block> {
        let Bin { span, start } = self.bins[class];
        // SAFETY: (1) a bin's span is `NO_CURRENT`, or in the table and its blocks begin at `start`; (2) nothing refers to
        // spans between calls.
        unsafe {
            let offset = Span::pop(span, start)?;
            Some((start.add(offset as usize), usize::from((*span).size)))
        }
    }

    /// A block of the class, from another span than the current one, which is full. `handed_out` are the bytes of the
    /// blocks in use, less what is put back here of `frees`, whose bytes are returned beside.
    #[cold]
    #[inline(never)]
    pub fn refill(
        &mut self,
        class: usize,
        handed_out: usize,
        frees: &RemoteFrees,
    ) -> (Option<Block>, usize) {
        let freed = self.put_back_remote(frees, REMOTE_PER_SPAN);
        let block = self.take(class).or_else(|| {
            self.retire(class);
            let span = self.next_span(class, handed_out - freed)?;
            self.make_current(class, span);
            self.take(class)
        });
        (block, freed)
    }

    /// Puts a block back, and returns its size.
    ///
    /// # Safety
    /// The block came from this heap, is `offset` bytes from the heap's beginning, and the caller gives it up.
    #[inline]
    pub unsafe fn free(&mut self, block: *mut u8, offset: usize) -> usize {
        // SAFETY: (1) a block in use lies in a span, whose description is in the table; (2) nothing else refers
        // to it now; (3) the block is in use, by the caller's promise.
        unsafe {
            let index = offset / SPAN_BYTES;
            let span = &mut *self.chunks.spans().add(index);
            let size = usize::from(span.size);
            if span.push(block, (offset % SPAN_BYTES) as u32) {
                self.replace(index);
            }
            size
        }
    }

    /// The size of the block that begins so far from the heap's beginning.
    ///
    /// # Safety
    /// The block is in use.
    #[inline]
    pub unsafe fn size_at(&self, offset: usize) -> usize {
        // SAFETY: a block in use lies in a span, whose description is in the table.
        unsafe { usize::from((*self.chunks.spans().add(offset / SPAN_BYTES)).size) }
    }

    /// A run for `size` bytes, more than spans have blocks for, and the bytes that were put back of `frees`.
    #[cold]
    #[inline(never)]
    pub fn take_run(&mut self, size: usize, frees: &RemoteFrees) -> (Option<Block>, usize) {
        let freed = self.put_back_remote(frees, REMOTE_PER_RUN);
        let granules = size.div_ceil(GRANULE_BYTES);
        let run = self.runs.take(&mut self.chunks, granules).map(|offset| {
            // SAFETY: the run is within the heap.
            let block = unsafe { self.chunks.range().0.add(offset) };
            (block, granules * GRANULE_BYTES)
        });
        (run, freed)
    }

    /// Puts back a run that was taken, or last resized, for `size` bytes, and returns the bytes that it took.
    #[cold]
    #[inline(never)]
    pub fn free_run(&mut self, offset: usize, size: usize) -> usize {
        let granules = size.div_ceil(GRANULE_BYTES);
        self.runs.free(&mut self.chunks, offset, granules);
        granules * GRANULE_BYTES
    }

    /// Makes a run longer or shorter where it is, and returns the bytes that it took and now takes. `None` where there
    /// is no room behind it.
    pub fn resize_run(
        &mut self,
        offset: usize,
        size: usize,
        new_size: usize,
    ) -> Option<(usize, usize)> {
        let (from, to) = (
            size.div_ceil(GRANULE_BYTES),
            new_size.div_ceil(GRANULE_BYTES),
        );
        let resized = self.runs.resize(&mut self.chunks, offset, from, to);
        resized.then_some((from * GRANULE_BYTES, to * GRANULE_BYTES))
    }

    /// Whether a unit belongs to a region of runs.
    fn is_of_runs(&self, unit: usize) -> bool {
        self.chunks.region(unit / REGION_UNITS).used > 0
    }

    /// Puts some of the blocks back that other threads freed, and returns their bytes.
    fn put_back_remote(&mut self, frees: &RemoteFrees, most: usize) -> usize {
        if self.remote.is_empty() && !frees.is_empty() {
            self.remote = frees.take();
        }
        let base = self.chunks.range().0 as usize;
        let mut freed = 0;
        for _ in 0..most {
            let Some(block) = self.remote.pop() else {
                break;
            };
            let offset = block as usize - base;
            // SAFETY: only blocks of this heap are pushed, by who gives them up; runs with their size.
            freed += unsafe {
                match self.is_of_runs(offset / SPAN_BYTES) {
                    true => self.free_run(offset, RemoteFrees::size_of_run(block)),
                    false => self.free(block, offset),
                }
            };
        }
        freed
    }

    /// Takes the full current span from the class.
    fn retire(&mut self, class: usize) {
        // SAFETY: a bin's span is in the table or `NO_CURRENT`, which is only read.
        unsafe {
            let span = self.bins[class].span;
            if (*span).size != 0 {
                (*span).place = Place::Full;
                (*span).floor = (*span).used;
            }
        }
        self.bins[class] = Bin::NONE;
    }

    /// A span that is in no list and has free blocks for the class.
    fn next_span(&mut self, class: usize, handed_out: usize) -> Option<usize> {
        let listed = self.lists.fullest(class);
        if let Some(index) = listed.or_else(|| self.borrowed(class, handed_out)) {
            // SAFETY: the span is in its list.
            unsafe { self.lists.remove(self.chunks.spans(), index) };
            return Some(index as usize);
        }
        let index = self.chunks.take_unit()?;
        // SAFETY: units that were taken are described, and nothing refers to them.
        unsafe { self.chunks.spans().add(index).write(Span::new(class)) };
        Some(index)
    }

    /// A span of a class of slightly larger blocks, when much is free: data of other sizes than what was deleted would
    /// otherwise need memory beside all that.
    fn borrowed(&self, class: usize, handed_out: usize) -> Option<u32> {
        let held = self.chunks.used_units() * SPAN_BYTES;
        if held - handed_out <= held / BORROW_DIVISOR {
            return None;
        }
        let size = u32::from(TABLE[class].size);
        let largest = super::classes::class_of((size + size / 8) as usize);
        let (largest, align) = (largest.min(CLASSES - 1), Span::class_align(class));
        let mut from = class + 1;
        while let Some(other) = self.lists.next_class(from, largest) {
            if u32::from(TABLE[other].size).is_multiple_of(align) {
                return self.lists.fullest(other);
            }
            from = other + 1;
        }
        None
    }

    fn make_current(&mut self, class: usize, index: usize) {
        // SAFETY: the span is in the table, and its blocks within the heap.
        unsafe {
            let span = self.chunks.spans().add(index);
            (*span).place = Place::Current;
            (*span).previous = class as u32;
            // Without a block in use it may be in the way of its chunk.
            (*span).floor = 1;
            let start = self.chunks.range().0.add(index * SPAN_BYTES);
            self.bins[class] = Bin { span, start };
        }
    }

    /// Moves a span whose use has fallen below its floor to where it belongs.
    #[cold]
    #[inline(never)]
    fn replace(&mut self, index: usize) {
        let spans = self.chunks.spans();
        // SAFETY: the span is in the table, in its list if it says so; no reference to one is held across a call.
        unsafe {
            let (place, used) = ((*spans.add(index)).place, (*spans.add(index)).used);
            if place == Place::Listed {
                self.lists.remove(spans, index as u32);
            }
            match (place, used) {
                (Place::Current, _) => {}
                (_, 0) => self.release(index),
                _ => return self.lists.insert(spans, index as u32),
            }
        }
        self.tidy(index / CHUNK_UNITS);
    }

    fn release(&mut self, index: usize) {
        // SAFETY: the span is in the table, and nothing refers to it.
        unsafe { (*self.chunks.spans().add(index)).place = Place::None };
        self.chunks.free_unit(index);
    }

    /// Releases current spans without blocks in use where they are all that keeps a chunk from being free. In the first
    /// chunk they may stay. The search mostly ends at the first span that has blocks in use.
    fn tidy(&mut self, chunk: usize) {
        let mut used = !self.chunks.chunk(chunk).free;
        if chunk == 0 {
            return;
        }
        let mut found = [0; CHUNK_UNITS];
        let mut count = 0;
        while used != 0 {
            let index = chunk * CHUNK_UNITS + used.trailing_zeros() as usize;
            if self.is_of_runs(index) {
                return;
            }
            // SAFETY: a unit in use that is not of runs has a span.
            let span = unsafe { &*self.chunks.spans().add(index) };
            if span.place != Place::Current || span.used != 0 {
                return;
            }
            used &= used - 1;
            found[count] = index;
            count += 1;
        }
        for &index in &found[..count] {
            // SAFETY: as above.
            let class = unsafe { (*self.chunks.spans().add(index)).previous };
            self.bins[class as usize] = Bin::NONE;
            self.release(index);
        }
    }

    /// Whether blocks were taken from the other threads that are not put back yet.
    #[cfg(test)]
    pub fn has_remote_frees(&self) -> bool {
        !self.remote.is_empty()
    }

    /// Checks all descriptions, lists and bins, and returns the bytes of the blocks in use.
    #[cfg(test)]
    pub fn check(&mut self) -> usize {
        let chunks = self.chunks.check();
        self.runs.check(&mut self.chunks);
        let spans = self.chunks.spans();
        let (mut bytes, mut listed, mut current, mut unit) = (0, 0, 0, 0);
        while unit < chunks * CHUNK_UNITS {
            if self.is_of_runs(unit) {
                let region = self.chunks.region(unit / REGION_UNITS);
                bytes += usize::from(region.used) * GRANULE_BYTES;
                unit += REGION_UNITS;
                continue;
            }
            let chunk = self.chunks.chunk(unit / CHUNK_UNITS);
            if chunk.free >> (unit % CHUNK_UNITS) & 1 == 1 {
                unit += 1;
                continue;
            }
            // SAFETY: a unit in use is described.
            let span = unsafe { &*spans.add(unit) };
            bytes += usize::from(span.used) * usize::from(span.size);
            self.check_span(unit, span);
            listed += usize::from(span.place == Place::Listed);
            current += usize::from(span.place == Place::Current);
            unit += 1;
        }
        assert_eq!(self.count_listed(), listed);
        let bins = self.bins.iter().enumerate();
        let mut in_bins = 0;
        for (class, bin) in bins {
            // SAFETY: a bin's span is in the table or `NO_CURRENT`.
            let span = unsafe { &*bin.span };
            if span.size != 0 {
                assert_eq!((span.place, span.previous), (Place::Current, class as u32));
                in_bins += 1;
            }
        }
        assert_eq!(in_bins, current);
        bytes
    }

    #[cfg(test)]
    fn check_span(&self, unit: usize, span: &Span) {
        // SAFETY: the start is the span's; its free blocks hold links.
        let free = unsafe {
            let start = self.chunks.range().0.add(unit * SPAN_BYTES);
            let (mut count, mut at) = (0, span.free);
            while at != super::span::NIL {
                assert!(at < span.bump && at % u32::from(span.size) == 0);
                at = start.add(at as usize).cast::<u32>().read_unaligned();
                count += 1;
            }
            count
        };
        let ever = span.bump / u32::from(span.size);
        assert_eq!(u32::from(span.used) + free, ever);
        match span.place {
            Place::Full => assert_eq!((span.used, span.floor), (span.capacity(), span.used)),
            Place::Listed => {
                assert!(span.used >= span.floor && span.used < span.capacity());
                assert!(usize::from(span.group) >= span.group_of_use());
            }
            Place::Current => assert_eq!(span.floor, 1),
            Place::None => panic!("a unit in use without a span"),
        }
    }

    #[cfg(test)]
    fn count_listed(&self) -> usize {
        let mut count = 0;
        for class in 0..CLASSES {
            let mut any = false;
            for group in 0..super::span::GROUPS {
                let (mut at, mut previous) = (self.lists.head(class, group), super::span::NO_SPAN);
                while at != super::span::NO_SPAN {
                    // SAFETY: what is in a list is in the table.
                    let span = unsafe { &*self.chunks.spans().add(at as usize) };
                    assert_eq!(span.previous, previous);
                    assert_eq!(
                        (usize::from(span.class), usize::from(span.group), span.place),
                        (class, group, Place::Listed)
                    );
                    (previous, at, any) = (at, span.next, true);
                    count += 1;
                }
            }
            assert_eq!(self.lists.next_class(class, class), any.then_some(class));
        }
        count
    }
}
