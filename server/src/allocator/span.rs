#![allow(unsafe_code, reason = "links are kept in free blocks")]
//! A span: 64 KiB cut into blocks of one size.
//!
//! ```text
//! │ block │ free ─┐ │ block │ free ◀┘ │ block │ never used ...        │ rest │
//! 0               ▲ free                      ▲ bump                  ▲ limit
//! ```
//!
//! Its description lies in a table beside the others', not among the blocks: what freeing a block touches is then close
//! together, 32 bytes for 64 KiB. A free block's first four bytes are the offset of the next one. Nothing else is
//! known of a block, so it needs neither a header nor more alignment than was asked for.

use super::classes::{CLASSES, Class, TABLE};

/// No further block.
pub const NIL: u32 = u32::MAX;
/// No further span.
pub const NO_SPAN: u32 = u32::MAX;
/// Lists of spans with free blocks, by how full they are: four quarters.
pub const GROUPS: usize = 4;

/// Where a span is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Place {
    /// Nowhere: it is no span (so is zeroed memory).
    None,
    /// All blocks are in use.
    Full,
    /// In the list of its class and group.
    Listed,
    /// Blocks are taken from it, for the class that `previous` tells.
    Current,
}

/// The description of a span.
#[repr(C)]
pub struct Span {
    /// Offset of the first free block, or [`NIL`].
    pub free: u32,
    /// Offset of the first block that was never used.
    pub bump: u32,
    /// Offset of the end of the last block.
    pub limit: u32,
    /// Bytes of a block.
    pub size: u16,
    /// Blocks in use.
    pub used: u16,
    /// With fewer blocks in use than this, the span has to change its place.
    pub floor: u16,
    /// Its class.
    pub class: u16,
    /// The neighbours in its list.
    pub next: u32,
    pub previous: u32,
    /// Its group, while it is listed.
    pub group: u8,
    /// Where it is kept.
    pub place: Place,
}

const _: () = assert!(size_of::<Span>() == 32);

/// What is current where nothing is: full, and never written to.
pub static NO_CURRENT: Span = Span {
    free: NIL,
    bump: 0,
    limit: 0,
    size: 0,
    used: 0,
    floor: 0,
    class: 0,
    next: NO_SPAN,
    previous: NO_SPAN,
    group: 0,
    place: Place::None,
};

impl Span {
    /// A span of this class with no block in use.
    pub fn new(class: usize) -> Span {
        let Class { size, capacity } = TABLE[class];
        Span {
            free: NIL,
            bump: 0,
            limit: u32::from(size) * u32::from(capacity),
            size,
            class: class as u16,
            ..NO_CURRENT
        }
    }

    /// Takes a free block, and returns its offset.
    ///
    /// # Safety
    /// The span has blocks, which begin at `start`, and nothing else refers to it now; or it is [`NO_CURRENT`].
    #[inline]
    pub unsafe fn pop(span: *mut Span, start: *mut u8) -> Option<u32> {
        // SAFETY: (1) the span is the caller's, and `NO_CURRENT`, which is full, is only read; (2) a free block is within
        // the span, and holds the link that `push` wrote.
        unsafe {
            let block = (*span).free;
            if block != NIL {
                let next = start.add(block as usize).cast::<u32>().read_unaligned();
                // The next call reads that block's link, whose line has mostly left the cache. Where there is none, the
                // address means nothing, and asking for it does nothing.
                prefetch(start.wrapping_add(next as usize));
                (*span).free = next;
                (*span).used += 1;
                return Some(block);
            }
            let block = (*span).bump;
            if block == (*span).limit {
                return None;
            }
            (*span).bump = block + u32::from((*span).size);
            (*span).used += 1;
            Some(block)
        }
    }

    /// Puts a block back. True: the span has to change its place.
    ///
    /// # Safety
    /// `block` is in use, and at `offset` of this span; the caller gives it up.
    #[inline]
    pub unsafe fn push(&mut self, block: *mut u8, offset: u32) -> bool {
        // SAFETY: the block has at least 8 bytes, which are nobody's now.
        unsafe { block.cast::<u32>().write_unaligned(self.free) };
        self.free = offset;
        self.used -= 1;
        self.used < self.floor
    }

    /// How many blocks there are.
    pub fn capacity(&self) -> u16 {
        TABLE[usize::from(self.class)].capacity
    }

    /// The group it belongs to.
    pub fn group_of_use(&self) -> usize {
        usize::from(self.used) * GROUPS / (usize::from(self.capacity()) + 1)
    }

    /// The fewest blocks in use in this group, but one: with none, a span leaves its list.
    pub fn floor_of_group(&self, group: usize) -> u16 {
        let least = (group * (usize::from(self.capacity()) + 1)).div_ceil(GROUPS);
        least.max(1) as u16
    }

    /// The greatest alignment, at most a cache line, that every request of the class may have had.
    pub fn class_align(class: usize) -> u32 {
        1 << TABLE[class].size.trailing_zeros().min(6)
    }
}

/// Asks for the cache line at `address`.
#[inline]
fn prefetch(address: *const u8) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: a prefetch reads nothing as far as the program can tell, and may be given any address.
    unsafe {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        _mm_prefetch::<_MM_HINT_T0>(address.cast());
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = address;
}

/// The spans with free blocks of all classes, in doubly linked lists by class and group.
pub struct Lists {
    heads: [[u32; GROUPS]; CLASSES],
    /// A bit for each class that has any.
    classes: [u64; CLASSES.div_ceil(64)],
}

impl Lists {
    /// No spans.
    pub const EMPTY: Lists = Lists {
        heads: [[NO_SPAN; GROUPS]; CLASSES],
        classes: [0; CLASSES.div_ceil(64)],
    };

    /// Puts a span with free blocks first into the list it belongs to.
    ///
    /// # Safety
    /// `spans` is the table of spans, the span in it is in no list, and nothing else refers to spans now.
    pub unsafe fn insert(&mut self, spans: *mut Span, index: u32) {
        // SAFETY: the caller's promise; what is in a list is in the table.
        unsafe {
            let span = &mut *spans.add(index as usize);
            let (class, group) = (usize::from(span.class), span.group_of_use());
            let head = &mut self.heads[class][group];
            span.place = Place::Listed;
            span.group = group as u8;
            span.floor = span.floor_of_group(group);
            span.previous = NO_SPAN;
            span.next = *head;
            if *head != NO_SPAN {
                (*spans.add(*head as usize)).previous = index;
            }
            *head = index;
            self.classes[class / 64] |= 1 << (class % 64);
        }
    }

    /// Takes a span out of its list.
    ///
    /// # Safety
    /// As for [`Lists::insert`], but the span is in its list.
    pub unsafe fn remove(&mut self, spans: *mut Span, index: u32) {
        // SAFETY: the caller's promise; what is in a list is in the table.
        let class = unsafe {
            let span = &mut *spans.add(index as usize);
            let (next, previous) = (span.next, span.previous);
            let class = usize::from(span.class);
            match previous {
                NO_SPAN => self.heads[class][usize::from(span.group)] = next,
                _ => (*spans.add(previous as usize)).next = next,
            }
            if next != NO_SPAN {
                (*spans.add(next as usize)).previous = previous;
            }
            class
        };
        if self.heads[class] == [NO_SPAN; GROUPS] {
            self.classes[class / 64] &= !(1 << (class % 64));
        }
    }

    /// A span of the fullest group of the class, so that others become empty.
    pub fn fullest(&self, class: usize) -> Option<u32> {
        let heads = &self.heads[class];
        heads.iter().rev().copied().find(|&head| head != NO_SPAN)
    }

    /// The first class from `from` up to `to` that has spans.
    pub fn next_class(&self, from: usize, to: usize) -> Option<usize> {
        let mut from = from;
        while from <= to {
            let rest = self.classes[from / 64] >> (from % 64);
            if rest != 0 {
                let class = from + rest.trailing_zeros() as usize;
                return (class <= to).then_some(class);
            }
            from = (from / 64 + 1) * 64;
        }
        None
    }

    /// The first span of a list; for checks.
    #[cfg(test)]
    pub fn head(&self, class: usize, group: usize) -> u32 {
        self.heads[class][group]
    }
}
