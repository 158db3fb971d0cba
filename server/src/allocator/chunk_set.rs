//! A set of chunk numbers that finds its lowest and highest member in three steps, however many there are.
//!
//! ```text
//! top      a bit for each word of the middle that has one set
//! middle   a bit for each word of the leaves that has one set
//! leaves   a bit for each chunk
//! ```

#![allow(
    unsafe_code,
    reason = "the words live in memory of the allocator's own"
)]

/// The words of [`ChunkSet::top`]: enough for 2^19 chunks, a tebibyte.
const TOP_WORDS: usize = 2;
/// The most chunks.
pub const CHUNKS_MAX: usize = TOP_WORDS * 64 * 64 * 64;

/// A set of numbers below the limit it was made for.
pub struct ChunkSet {
    top: [u64; TOP_WORDS],
    middle: *mut u64,
    leaves: *mut u64,
}

impl ChunkSet {
    /// A set without memory, which may only be asked for its first and last.
    pub const EMPTY: ChunkSet = ChunkSet {
        top: [0; TOP_WORDS],
        middle: std::ptr::null_mut(),
        leaves: std::ptr::null_mut(),
    };

    /// The words that a set of numbers below `limit` needs.
    pub const fn words(limit: usize) -> usize {
        let leaves = limit.div_ceil(64);
        leaves + leaves.div_ceil(64)
    }

    /// An empty set of numbers below `limit`.
    ///
    /// # Safety
    /// `words` is the start of [`ChunkSet::words`] zeroed words that nothing else uses while the set lives; `limit` is
    /// at most [`CHUNKS_MAX`].
    pub unsafe fn new(words: *mut u64, limit: usize) -> ChunkSet {
        ChunkSet {
            top: [0; TOP_WORDS],
            // SAFETY: the leaves come first, and the middle's words after them; both are within `words`.
            middle: unsafe { words.add(limit.div_ceil(64)) },
            leaves: words,
        }
    }

    /// Puts `chunk` in.
    pub fn insert(&mut self, chunk: usize) {
        let (leaf, middle) = (chunk / 64, chunk / 64 / 64);
        // SAFETY: `chunk` is below the limit, so its leaf and its word of the middle are within the set's words.
        unsafe {
            *self.leaves.add(leaf) |= 1 << (chunk % 64);
            *self.middle.add(middle) |= 1 << (leaf % 64);
        }
        self.top[middle / 64] |= 1 << (middle % 64);
    }

    /// Takes `chunk` out.
    pub fn remove(&mut self, chunk: usize) {
        let (leaf, middle) = (chunk / 64, chunk / 64 / 64);
        // SAFETY: as in `insert`.
        unsafe {
            let word = self.leaves.add(leaf);
            *word &= !(1 << (chunk % 64));
            if *word != 0 {
                return;
            }
            let word = self.middle.add(middle);
            *word &= !(1 << (leaf % 64));
            if *word != 0 {
                return;
            }
        }
        self.top[middle / 64] &= !(1 << (middle % 64));
    }

    /// The lowest member.
    pub fn first(&self) -> Option<usize> {
        let word = self.top.iter().position(|&word| word != 0)?;
        let middle = word * 64 + self.top[word].trailing_zeros() as usize;
        // SAFETY: a set bit leads to a word of the set that has a bit set.
        unsafe {
            let leaf = middle * 64 + (*self.middle.add(middle)).trailing_zeros() as usize;
            Some(leaf * 64 + (*self.leaves.add(leaf)).trailing_zeros() as usize)
        }
    }

    /// The highest member.
    pub fn last(&self) -> Option<usize> {
        let word = self.top.iter().rposition(|&word| word != 0)?;
        let middle = word * 64 + self.top[word].ilog2() as usize;
        // SAFETY: a set bit leads to a word of the set that has a bit set.
        unsafe {
            let leaf = middle * 64 + (*self.middle.add(middle)).ilog2() as usize;
            Some(leaf * 64 + (*self.leaves.add(leaf)).ilog2() as usize)
        }
    }

    /// Whether `chunk` is a member; for checks.
    #[cfg(test)]
    pub fn contains(&self, chunk: usize) -> bool {
        // SAFETY: as in `insert`.
        unsafe { *self.leaves.add(chunk / 64) >> (chunk % 64) & 1 == 1 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn it_does_what_a_sorted_set_does() {
        let limit = CHUNKS_MAX;
        let mut words = vec![0u64; ChunkSet::words(limit)];
        // SAFETY: the words are as many as the limit needs, zeroed, and outlive the set.
        let mut set = unsafe { ChunkSet::new(words.as_mut_ptr(), limit) };
        let mut model = BTreeSet::new();
        let mut state = 1u64;
        for step in 0..200_000 {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1);
            // Few numbers, spread over all words, so that many come twice.
            let chunk = (state >> 40) as usize % 300 * 1741 % limit;
            if step % 1000 < 600 {
                set.insert(chunk);
                model.insert(chunk);
            } else {
                set.remove(chunk);
                model.remove(&chunk);
            }
            assert_eq!(set.contains(chunk), model.contains(&chunk));
            assert_eq!(set.first(), model.first().copied());
            assert_eq!(set.last(), model.last().copied());
        }
    }
}
