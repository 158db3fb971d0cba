//! Size classes: which block size of spans serves which request.
//!
//! ```text
//! class      0   1   2 ... 124 | 125 126 ... 156 | 157 ...  188 | ...  220
//! bytes      8  10  12 ... 256 | 264 272 ... 512 | 528 ... 1024 | ... 2048
//! ```
//!
//! Up to 256 bytes there is a class every two bytes, since an entry of the keyspace, or a member of a big set, asks for
//! its exact size at alignment 1. Above, each doubling is cut in 32, so that a block is at most 3.1 % larger than what
//! was asked for. A request's size is first rounded up to its alignment; then the class's size is a multiple of the
//! alignment too: where the classes' step is smaller than the alignment, the rounded size is itself a class, and where it
//! is not, the step is a multiple of the alignment.

/// Bytes of a span. At its end, at most a 32nd is left over.
pub const SPAN_BYTES: usize = 64 * 1024;
/// The largest block of a span.
pub const SIZE_MAX: usize = 2048;
/// The largest alignment: a cache line.
pub const ALIGN_MAX: usize = 64;
/// How many classes there are.
pub const CLASSES: usize = FINE_CLASSES + DOUBLINGS * PER_DOUBLING;

/// The smallest block: room for the link of a list of free blocks, also of those freed by other threads.
const SIZE_MIN: usize = 8;
/// Up to here, a class every two bytes.
const FINE_MAX: usize = 256;
const FINE_CLASSES: usize = (FINE_MAX - SIZE_MIN) / 2 + 1;
const PER_DOUBLING_LOG: u32 = 5;
const PER_DOUBLING: usize = 1 << PER_DOUBLING_LOG;
const DOUBLINGS: usize = (SIZE_MAX / FINE_MAX).ilog2() as usize;

/// What all spans of a class have in common.
#[derive(Clone, Copy)]
pub struct Class {
    /// Bytes of a block.
    pub size: u16,
    /// Blocks of a span.
    pub capacity: u16,
}

/// The classes, smallest first.
pub static TABLE: [Class; CLASSES] = {
    let mut table = [Class {
        size: 0,
        capacity: 0,
    }; CLASSES];
    let mut class = 0;
    while class < CLASSES {
        let size = size_of_class(class);
        table[class] = Class {
            size: size as u16,
            capacity: (SPAN_BYTES / size) as u16,
        };
        class += 1;
    }
    table
};

/// The class for blocks of `size` bytes, 1 to [`SIZE_MAX`].
#[inline]
pub const fn class_of(size: usize) -> usize {
    if size <= FINE_MAX {
        let at_least = if size < SIZE_MIN { SIZE_MIN } else { size };
        at_least.div_ceil(2) - SIZE_MIN / 2
    } else {
        let last = size - 1;
        let log = last.ilog2();
        let doubling = (log - FINE_MAX.ilog2()) as usize;
        FINE_CLASSES + doubling * PER_DOUBLING + (last >> (log - PER_DOUBLING_LOG)) - PER_DOUBLING
    }
}

const fn size_of_class(class: usize) -> usize {
    if class < FINE_CLASSES {
        return SIZE_MIN + 2 * class;
    }
    let (doubling, step) = (
        (class - FINE_CLASSES) / PER_DOUBLING,
        (class - FINE_CLASSES) % PER_DOUBLING,
    );
    (PER_DOUBLING + step + 1) << (doubling + (FINE_MAX / PER_DOUBLING).ilog2() as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_request_gets_the_smallest_class_that_fits() {
        let mut class = 0;
        for size in 1..=SIZE_MAX {
            if size > usize::from(TABLE[class].size) {
                class += 1;
            }
            assert_eq!(class_of(size), class, "{size}");
        }
        assert_eq!(class, CLASSES - 1);
        assert_eq!(TABLE[class_of(54)].size, 54);
    }

    #[test]
    fn little_is_wasted() {
        for size in 8..=SIZE_MAX {
            let block = usize::from(TABLE[class_of(size)].size);
            assert!(block - size <= 1 || (block - size) * 32 < size, "{size}");
        }
        for class in TABLE {
            let left = SPAN_BYTES - usize::from(class.size) * usize::from(class.capacity);
            assert!(left * 32 < SPAN_BYTES, "{}", class.size);
        }
    }

    #[test]
    fn sizes_rounded_to_an_alignment_get_aligned_classes() {
        for align in [1, 2, 4, 8, 16, 32, 64] {
            for size in (align..=SIZE_MAX).step_by(align) {
                let block = usize::from(TABLE[class_of(size)].size);
                // Alignment 1 may have odd sizes; all others must divide.
                assert!(block.is_multiple_of(align), "{size} {align}");
            }
        }
    }
}
