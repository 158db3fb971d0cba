//! The allocator as a whole: beside a model, by many threads, and at its limits.

use super::chunks::{CHUNK_BYTES, IDLE_MIN};
use super::classes::{ALIGN_MAX, SIZE_MAX, TABLE};
use super::runs::GRANULE_BYTES;
use super::*;
use std::sync::mpsc;

const MB: usize = 1024 * 1024;

/// A block with a content that tells whose it is.
struct Marked {
    block: *mut u8,
    layout: Layout,
    mark: u64,
}

// SAFETY: a block may be used by whichever thread has it.
unsafe impl Send for Marked {}

impl Marked {
    fn new(allocator: &Allocator, size: usize, align: usize, mark: u64) -> Marked {
        let layout = Layout::from_size_align(size, align).unwrap();
        let zeroed = mark.is_multiple_of(4);
        // SAFETY: the size is not 0.
        let block = unsafe {
            match zeroed {
                true => allocator.alloc_zeroed(layout),
                false => allocator.alloc(layout),
            }
        };
        assert!(!block.is_null() && (block as usize).is_multiple_of(align));
        let mut marked = Marked {
            block,
            layout,
            mark,
        };
        assert!(!zeroed || marked.bytes().iter().all(|&byte| byte == 0));
        marked.write();
        marked
    }

    fn bytes(&mut self) -> &mut [u8] {
        // SAFETY: the block is this one's, has so many bytes, and all were written or zeroed before they are read.
        unsafe { std::slice::from_raw_parts_mut(self.block, self.layout.size()) }
    }

    fn byte(mark: u64, at: usize) -> u8 {
        (mark.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (at % 8 * 8)) as u8
    }

    fn write(&mut self) {
        // SAFETY: the block has so many bytes.
        unsafe { self.block.write_bytes(0, self.layout.size()) };
        let mark = self.mark;
        let bytes = self.bytes().iter_mut().enumerate();
        bytes.for_each(|(at, byte)| *byte = Marked::byte(mark, at));
    }

    fn check(&mut self, len: usize) {
        let mark = self.mark;
        let bytes = &self.bytes()[..len];
        let wrong = bytes
            .iter()
            .enumerate()
            .position(|(at, &byte)| byte != Marked::byte(mark, at));
        assert_eq!(wrong, None, "{:?}", self.layout);
    }

    fn resize(&mut self, allocator: &Allocator, size: usize) {
        // SAFETY: the block is this one's, and the size is not 0.
        let moved = unsafe { allocator.realloc(self.block, self.layout, size) };
        assert!(!moved.is_null() && (moved as usize).is_multiple_of(self.layout.align()));
        let kept = size.min(self.layout.size());
        self.block = moved;
        self.layout = Layout::from_size_align(size, self.layout.align()).unwrap();
        // What is new is not written yet, so it may not be part of a slice.
        let whole = std::mem::replace(&mut self.layout, Layout::from_size_align(kept, 1).unwrap());
        self.check(kept);
        self.layout = whole;
        self.write();
    }

    fn free(mut self, allocator: &Allocator) {
        self.check(self.layout.size());
        // SAFETY: the block is this one's, and gone with it.
        unsafe { allocator.dealloc(self.block, self.layout) };
    }
}

struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit
    }

    /// Mostly small ones, some above what the owner has blocks for.
    fn size(&mut self) -> usize {
        let most = [64, 128, 300, 2200, 10_000, RUN_MAX + 2000][self.below(6)];
        1 + self.below(most)
    }

    fn align(&mut self) -> usize {
        [1, 1, 1, 2, 4, 8, 8, 16, 32, 64, 128][self.below(11)]
    }
}

fn owned(chunks: usize) -> Allocator {
    let allocator = Allocator::new(chunks);
    allocator.own();
    allocator
}

#[test]
fn blocks_keep_their_content_whatever_comes_between() {
    let allocator = owned(64);
    let mut random = Random(7);
    let mut live: Vec<Marked> = Vec::new();
    for step in 0..300_000u64 {
        // It grows and shrinks in turns, so that spans fill and empty.
        let grows = step / 20_000 % 2 == 0;
        match random.below(10) {
            0..2 if !live.is_empty() => {
                let at = random.below(live.len());
                let size = random.size();
                live[at].resize(&allocator, size);
            }
            2..7 if grows => {
                let (size, align) = (random.size(), random.align());
                live.push(Marked::new(&allocator, size, align, step));
            }
            _ if !live.is_empty() => {
                let at = random.below(live.len());
                live.swap_remove(at).free(&allocator);
            }
            _ => {}
        }
        if step % 5000 == 0 {
            allocator.check();
        }
    }
    allocator.check();
    live.into_iter().for_each(|block| block.free(&allocator));
    assert_eq!((allocator.check(), allocator.allocated()), (0, 0));
}

#[test]
fn every_class_and_alignment_fills_spans_and_empties_them() {
    let allocator = owned(16);
    for class in TABLE {
        for align in [1, 2, 4, 8, 16, 32, ALIGN_MAX] {
            let size = usize::from(class.size);
            let count = usize::from(class.capacity) * 2 + 1;
            let mut blocks: Vec<Marked> = (0..count.min(100_000 / size + 3))
                .map(|mark| Marked::new(&allocator, size, align, mark as u64))
                .collect();
            let least = size.next_multiple_of(align).min(SIZE_MAX) * blocks.len();
            assert!(allocator.allocated() >= least && allocator.allocated() * 31 <= least * 32);
            let every_other = blocks.len() / 2;
            blocks
                .drain(every_other..)
                .for_each(|block| block.free(&allocator));
            blocks
                .into_iter()
                .rev()
                .for_each(|block| block.free(&allocator));
        }
    }
    assert_eq!((allocator.check(), allocator.allocated()), (0, 0));
}

#[test]
fn a_string_of_16_and_32_bytes_takes_its_54_bytes() {
    let allocator = owned(64);
    let blocks: Vec<Marked> = (0..500_000)
        .map(|mark| Marked::new(&allocator, 54, 1, mark))
        .collect();
    assert_eq!(allocator.check(), 54 * 500_000);
    let held = allocator.held();
    assert!(held.resident * 100 < 54 * 500_000 * 110, "{held:?}");
    assert!(held.active * 100 < 54 * 500_000 * 101, "{held:?}");
    blocks.into_iter().for_each(|block| block.free(&allocator));
}

#[test]
fn growing_by_a_little_stays_in_place() {
    let allocator = owned(16);
    let mut block = Marked::new(&allocator, 1000, 1, 1);
    let mut moves = 0;
    for size in 1000..10_000 {
        let before = block.block;
        block.resize(&allocator, size);
        moves += usize::from(before != block.block);
    }
    assert!(moves <= 34, "{moves}");
    let before = block.block;
    block.resize(&allocator, 3000);
    assert_eq!(
        (before, allocator.check()),
        (block.block, 12 * GRANULE_BYTES)
    );
    block.resize(&allocator, 1020);
    assert_ne!(before, block.block);
    let before = block.block;
    block.resize(&allocator, 970);
    assert_eq!(before, block.block);
    block.resize(&allocator, 100);
    assert_ne!(before, block.block);
    block.resize(&allocator, 2 * RUN_MAX);
    block.resize(&allocator, 50);
    block.free(&allocator);
    assert_eq!((allocator.check(), allocator.allocated()), (0, 0));
}

#[test]
fn other_threads_free_and_grow_the_owners_blocks() {
    let allocator = owned(64);
    std::thread::scope(|scope| {
        let (to_owner, from_others) = mpsc::channel::<Marked>();
        let mut senders = Vec::new();
        for seed in 0..4 {
            let (sender, receiver) = mpsc::channel::<Marked>();
            senders.push(sender);
            let (allocator, to_owner) = (&allocator, to_owner.clone());
            scope.spawn(move || {
                let mut random = Random(seed);
                for mut block in receiver {
                    match random.below(3) {
                        0 => block.free(allocator),
                        1 => {
                            block.resize(allocator, random.size());
                            to_owner.send(block).unwrap();
                        }
                        _ => {
                            block.free(allocator);
                            let block = Marked::new(allocator, random.size(), random.align(), seed);
                            to_owner.send(block).unwrap();
                        }
                    }
                }
            });
        }
        drop(to_owner);
        let mut random = Random(99);
        for step in 0..100_000 {
            let (size, align) = (random.size(), random.align());
            let block = Marked::new(&allocator, size, align, step);
            senders[step as usize % 4].send(block).unwrap();
            while let Ok(block) = from_others.try_recv() {
                block.free(&allocator);
            }
        }
        senders.clear();
        from_others.iter().for_each(|block| block.free(&allocator));
    });
    allocator.check();
    // What the others handed back is put back as blocks are asked for, at least as fast as these use up memory.
    let before = allocator.held();
    let mut kept = Vec::new();
    while allocator.has_remote_frees() {
        kept.push(Marked::new(&allocator, 54, 1, 1));
    }
    assert!(allocator.held().active <= before.active);
    kept.into_iter().for_each(|block| block.free(&allocator));
    assert_eq!((allocator.check(), allocator.allocated()), (0, 0));
}

#[test]
fn without_addresses_left_the_systems_allocator_serves() {
    for chunks in [0, 1, 3] {
        let allocator = owned(chunks);
        let blocks: Vec<Marked> = (0..10 * MB as u64 / 1000)
            .map(|mark| Marked::new(&allocator, 1000, 8, mark))
            .collect();
        let own = allocator.check();
        assert!(
            own <= chunks * CHUNK_BYTES && own * 100 >= chunks * CHUNK_BYTES * 96,
            "{own}"
        );
        let mut random = Random(3);
        for mut block in blocks {
            block.resize(&allocator, random.size());
            block.free(&allocator);
        }
        assert_eq!((allocator.check(), allocator.allocated()), (0, 0));
    }
}

#[test]
fn without_an_owner_the_systems_allocator_serves() {
    let allocator = Allocator::new(16);
    let before = Marked::new(&allocator, 100, 8, 1);
    assert!(allocator.offset_of(before.block).is_none());
    allocator.own();
    let after = Marked::new(&allocator, 100, 8, 1);
    assert!(allocator.offset_of(after.block).is_some());
    before.free(&allocator);
    after.free(&allocator);
    assert_eq!((allocator.check(), allocator.allocated()), (0, 0));
}

/// So a table's segments behave that grow by a page, each in its own time.
#[test]
fn runs_that_change_their_size_leave_few_holes() {
    let allocator = owned(256);
    let mut random = Random(11);
    let mut blocks: Vec<Marked> = (0..2000)
        .map(|mark| Marked::new(&allocator, 16_384, 64, mark))
        .collect();
    for size in [20_480, 24_576, 28_672] {
        let mut old: Vec<Marked> = std::mem::take(&mut blocks);
        while !old.is_empty() {
            let block = old.swap_remove(random.below(old.len()));
            blocks.push(Marked::new(&allocator, size, 64, block.mark));
            block.free(&allocator);
        }
    }
    // What was free throughout the time between two rounds goes.
    for _ in 0..2 {
        while allocator.give_back_own_slice() {}
    }
    let (used, held) = (allocator.check(), allocator.held());
    assert!(
        held.active < used + used / 25 + CHUNK_BYTES,
        "{used} {held:?}"
    );
    blocks.into_iter().for_each(|block| block.free(&allocator));
    while allocator.give_back_own_slice() {}
    assert_eq!((allocator.check(), allocator.allocated()), (0, 0));
    assert!(allocator.held().resident <= (IDLE_MIN + 1) * CHUNK_BYTES);
}

/// Sizes that take turns at different paces leave current spans all over the chunks.
#[test]
fn what_is_freed_goes_back_to_the_kernel() {
    let allocator = owned(256);
    let mut blocks = Vec::new();
    for mark in 0..1_000_000u64 {
        let size = 8 + (mark.trailing_zeros() as usize * 16);
        blocks.push(Marked::new(&allocator, size + 60, 1, mark));
    }
    let full = allocator.held();
    assert!(full.active > 80 * MB);
    // In an order that has nothing to do with that of their addresses.
    let mut random = Random(5);
    while !blocks.is_empty() {
        blocks
            .swap_remove(random.below(blocks.len()))
            .free(&allocator);
    }
    while allocator.give_back_own_slice() {}
    assert_eq!(allocator.check(), 0);
    let held = allocator.held();
    // The first chunk may keep current spans; the others are free, and few of them kept.
    assert!(held.resident <= (IDLE_MIN + 1) * CHUNK_BYTES, "{held:?}");
}

#[test]
fn half_emptied_spans_serve_slightly_smaller_sizes() {
    let allocator = owned(256);
    let mut blocks: Vec<Marked> = (0..600_000)
        .map(|mark| Marked::new(&allocator, 54, 1, mark))
        .collect();
    let full = allocator.held().active;
    let mut random = Random(5);
    for _ in 0..300_000 {
        blocks
            .swap_remove(random.below(blocks.len()))
            .free(&allocator);
    }
    blocks.extend((0..290_000).map(|mark| Marked::new(&allocator, 50, 1, mark)));
    allocator.check();
    assert!(
        allocator.held().active <= full + full / 8,
        "{full} {:?}",
        allocator.held()
    );
    blocks.into_iter().for_each(|block| block.free(&allocator));
    assert_eq!(allocator.check(), 0);
}

/// Other tests allocate at the same time, but none of them as much as this.
#[test]
fn the_processs_gauge_follows_allocation_growth_and_freeing() {
    let near = |wanted: usize, got: usize| wanted.abs_diff(got) < 16 * MB;
    let before = allocated();
    let mut block: Vec<u8> = Vec::with_capacity(64 * MB);
    assert!(near(64 * MB, allocated() - before));
    block.reserve_exact(128 * MB);
    assert!(near(128 * MB, allocated() - before));
    let zeroed = vec![0u8; 64 * MB];
    assert!(near(192 * MB, allocated() - before));
    drop((block, zeroed));
    assert!(near(before, allocated()));
}
