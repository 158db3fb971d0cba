#![allow(
    unsafe_code,
    reason = "packed pointers and SIMD tag comparison; the table's only raw layout"
)]
//! One cache line of the table: nine slots, each a tag byte and a 48-bit pointer.
//!
//! ```text
//! 0        9    10                                                             64
//! | tag x9 | meta | 6-byte pointer x9                                          |
//! ```
//!
//! A tag is the low byte of the hash, 0 stands for an empty slot (a hash whose low byte is 0 gets tag 1). `meta`
//! tells a search that started at this bucket where else to look: the low four bits count the items that
//! belong here and sit in the next bucket, the high four those that sit in the segment's stash (15: "15 or more",
//! kept until the segment is rebuilt).

use core::ptr::NonNull;

/// Slots of a bucket.
pub(super) const SLOTS: usize = 9;
const SLOT_MASK: u32 = (1 << SLOTS) - 1;
const STASHED_MAX: u8 = 15;

#[repr(C, align(64))]
#[derive(Clone, Copy)]
pub(super) struct Bucket {
    tags: [u8; SLOTS],
    meta: u8,
    pointers: [[u8; 6]; SLOTS],
}

const _: () = assert!(size_of::<Bucket>() == 64);

/// The slots of a bucket that answer a question, one bit a slot.
#[derive(Clone, Copy)]
pub(super) struct SlotSet(u32);

impl Iterator for SlotSet {
    type Item = usize;

    #[inline(always)]
    fn next(&mut self) -> Option<usize> {
        if self.0 == 0 {
            return None;
        }
        let slot = self.0.trailing_zeros() as usize;
        self.0 &= self.0 - 1;
        Some(slot)
    }
}

#[inline(always)]
pub(super) fn tag_of(hash: u64) -> u8 {
    (hash as u8).max(1)
}

impl Bucket {
    pub(super) const EMPTY: Bucket = Bucket {
        tags: [0; SLOTS],
        meta: 0,
        pointers: [[0; 6]; SLOTS],
    };

    #[inline(always)]
    pub(super) fn matching(&self, tag: u8) -> SlotSet {
        SlotSet(self.tag_bits(tag))
    }

    #[inline(always)]
    pub(super) fn occupied(&self) -> SlotSet {
        SlotSet(!self.tag_bits(0) & SLOT_MASK)
    }

    #[inline(always)]
    pub(super) fn free_slot(&self) -> Option<usize> {
        SlotSet(self.tag_bits(0)).next()
    }

    #[cfg(target_arch = "x86_64")]
    #[inline(always)]
    fn tag_bits(&self, tag: u8) -> u32 {
        use core::arch::x86_64::{
            __m128i, _mm_cmpeq_epi8, _mm_load_si128, _mm_movemask_epi8, _mm_set1_epi8,
        };
        let line: *const Bucket = self;
        // SAFETY: 1. `self` is 64 bytes long and 64-byte aligned, so its first 16 bytes may be loaded aligned.
        // 2. SSE2 belongs to every x86_64 target.
        unsafe {
            let tags = _mm_load_si128(line.cast::<__m128i>());
            let equal = _mm_cmpeq_epi8(tags, _mm_set1_epi8(tag as i8));
            _mm_movemask_epi8(equal) as u32 & SLOT_MASK
        }
    }

    #[cfg(not(target_arch = "x86_64"))]
    #[inline(always)]
    fn tag_bits(&self, tag: u8) -> u32 {
        let mut bits = 0;
        for (slot, &own) in self.tags.iter().enumerate() {
            bits |= u32::from(own == tag) << slot;
        }
        bits
    }

    #[inline(always)]
    pub(super) fn is_occupied(&self, slot: usize) -> bool {
        self.tags[slot] != 0
    }

    /// The pointer in `slot`; `None` in an empty one.
    #[inline(always)]
    pub(super) fn pointer(&self, slot: usize) -> Option<NonNull<u8>> {
        let bytes = &self.pointers[slot];
        let low = u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
        let high = u16::from_le_bytes([bytes[4], bytes[5]]);
        let address = u64::from(low) | u64::from(high) << 32;
        NonNull::new(core::ptr::with_exposed_provenance_mut(address as usize))
    }

    pub(super) fn tag(&self, slot: usize) -> u8 {
        self.tags[slot]
    }

    pub(super) fn put(&mut self, slot: usize, tag: u8, pointer: NonNull<u8>) {
        self.tags[slot] = tag;
        self.set_pointer(slot, pointer);
    }

    #[inline]
    pub(super) fn set_pointer(&mut self, slot: usize, pointer: NonNull<u8>) {
        let address = pointer.as_ptr().expose_provenance() as u64;
        // User-space addresses of every supported 64-bit target have at most 48 bits.
        assert!(address >> 48 == 0, "pointer of more than 48 bits");
        let bytes = address.to_le_bytes();
        self.pointers[slot] = [bytes[0], bytes[1], bytes[2], bytes[3], bytes[4], bytes[5]];
    }

    pub(super) fn clear(&mut self, slot: usize) {
        self.tags[slot] = 0;
        self.pointers[slot] = [0; 6];
    }

    /// Not 0: items that belong here sit elsewhere.
    #[inline(always)]
    pub(super) fn overflow(&self) -> u8 {
        self.meta
    }

    #[inline(always)]
    pub(super) fn displaced(&self) -> u8 {
        self.meta & 15
    }

    #[inline(always)]
    pub(super) fn stashed(&self) -> u8 {
        self.meta >> 4
    }

    pub(super) fn add_displaced(&mut self) {
        self.meta += 1;
    }

    pub(super) fn sub_displaced(&mut self) {
        self.meta -= 1;
    }

    pub(super) fn add_stashed(&mut self) {
        if self.stashed() < STASHED_MAX {
            self.meta += 16;
        }
    }

    pub(super) fn sub_stashed(&mut self) {
        if self.stashed() < STASHED_MAX {
            self.meta -= 16;
        }
    }
}

/// Asks the processor to bring the line at `address` near; a hint that may do nothing.
#[inline(always)]
pub(super) fn prefetch(address: *const u8) {
    #[cfg(target_arch = "x86_64")]
    {
        use core::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: a prefetch never faults, whatever the address.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(address.cast()) }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = address;
}
