//! CRC32C by the instruction of SSE 4.2, which takes eight bytes at a time.

#![allow(
    unsafe_code,
    reason = "the instruction is there only on processors that have it, which is asked first"
)]

use core::arch::x86_64::{__cpuid, _mm_crc32_u8, _mm_crc32_u64};

/// The bit of CPUID leaf 1, register ECX, that says SSE 4.2.
const SSE42: u32 = 1 << 20;

/// The function, if the processor can run it.
pub(super) fn update_if_supported() -> Option<fn(u32, &[u8]) -> u32> {
    (__cpuid(1).ecx & SSE42 != 0).then_some(update as fn(u32, &[u8]) -> u32)
}

/// Only given out by [`update_if_supported`].
fn update(sum: u32, bytes: &[u8]) -> u32 {
    // SAFETY: 1. The instruction exists: `update_if_supported` has asked, and nobody else names this function.
    unsafe { update_by_instruction(sum, bytes) }
}

#[target_feature(enable = "sse4.2")]
fn update_by_instruction(sum: u32, bytes: &[u8]) -> u32 {
    let (words, rest) = bytes.as_chunks::<8>();
    let mut wide = u64::from(sum);
    for word in words {
        wide = _mm_crc32_u64(wide, u64::from_le_bytes(*word));
    }
    let mut sum = wide as u32;
    for &byte in rest {
        sum = _mm_crc32_u8(sum, byte);
    }
    sum
}
