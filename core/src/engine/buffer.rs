//! Connection buffers. A connection borrows big ones from a pool while it is busy, so that an idle one holds none.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

/// Size of a pooled buffer; also how much is read at once, as in Redis.
pub(super) const CHUNK_BYTES: usize = 16 * 1024;
/// Buffers that the pool keeps.
const POOL_MAX: usize = 1024;
/// Buffers of each kind that are freed at once.
const TRIM_MAX: usize = 64;
/// An output buffer that grew beyond this is not kept.
const OUTPUT_KEEP_BYTES: usize = 64 * 1024;

/// Spare buffers.
#[derive(Default)]
pub(super) struct Pool {
    /// Each of `CHUNK_BYTES`, initialised.
    inputs: Vec<Vec<u8>>,
    /// Empty, each with room for `CHUNK_BYTES` at least.
    outputs: Vec<Vec<u8>>,
    /// The fewest that there were since the last [`Pool::trim`]: these nobody needed.
    idle_inputs: usize,
    idle_outputs: usize,
    /// Long backlogs of connections that are gone, freed in slices.
    discarded: Vec<VecDeque<Vec<u8>>>,
}

impl Pool {
    /// Frees half of the buffers that nobody has needed since the last call, which comes a few times a second; never many.
    pub(super) fn trim(&mut self) {
        let inputs = self.inputs.len() - self.idle_inputs.div_ceil(2).min(TRIM_MAX);
        self.inputs.truncate(inputs);
        let outputs = self.outputs.len() - self.idle_outputs.div_ceil(2).min(TRIM_MAX);
        self.outputs.truncate(outputs);
        (self.idle_inputs, self.idle_outputs) = (inputs, outputs);
    }

    /// Frees up to `budget` discarded buffers; `true` when none is left.
    pub(super) fn free_some(&mut self, mut budget: usize) -> bool {
        while let Some(backlog) = self.discarded.last_mut() {
            if budget == 0 {
                return false;
            }
            match backlog.pop_front() {
                Some(_) => budget -= 1,
                None => drop(self.discarded.pop()),
            }
        }
        true
    }

    /// Has a backlog freed in slices.
    pub(super) fn discard(&mut self, backlog: VecDeque<Vec<u8>>) {
        self.discarded.push(backlog);
    }

    fn input(&mut self) -> Vec<u8> {
        let buffer = self.inputs.pop();
        self.idle_inputs = self.idle_inputs.min(self.inputs.len());
        buffer.unwrap_or_else(|| alloc::vec![0; CHUNK_BYTES])
    }

    fn give_input(&mut self, buffer: Vec<u8>) {
        if buffer.len() == CHUNK_BYTES && self.inputs.len() < POOL_MAX {
            self.inputs.push(buffer);
        }
    }

    pub(super) fn output(&mut self) -> Vec<u8> {
        let buffer = self.outputs.pop();
        self.idle_outputs = self.idle_outputs.min(self.outputs.len());
        buffer.unwrap_or_else(|| Vec::with_capacity(CHUNK_BYTES))
    }

    pub(super) fn give_output(&mut self, mut buffer: Vec<u8>) {
        if (CHUNK_BYTES..=OUTPUT_KEEP_BYTES).contains(&buffer.capacity())
            && self.outputs.len() < POOL_MAX
        {
            buffer.clear();
            self.outputs.push(buffer);
        }
    }
}

/// Bytes read from a client and not yet run.
#[derive(Default)]
pub(super) struct Input {
    /// Initialised throughout; `start..end` is what was read and not consumed.
    bytes: Vec<u8>,
    start: usize,
    end: usize,
}

impl Input {
    /// What was read and not consumed.
    pub(super) fn unread(&mut self) -> &mut [u8] {
        &mut self.bytes[self.start..self.end]
    }

    /// The bytes from an offset into [`Input::unread`] on.
    #[inline]
    pub(super) fn from(&self, offset: usize) -> &[u8] {
        &self.bytes[self.start + offset..self.end]
    }

    pub(super) fn len(&self) -> usize {
        self.end - self.start
    }

    /// Bytes allocated.
    pub(super) fn capacity(&self) -> usize {
        self.bytes.len()
    }

    /// Whether what was read goes to the buffer's end.
    pub(super) fn is_full(&self) -> bool {
        self.end == self.bytes.len()
    }

    /// Room to read into. `at_least` is how long the unfinished request at the start is known to become.
    pub(super) fn room(&mut self, at_least: usize, pool: &mut Pool) -> &mut [u8] {
        let len = self.len();
        if self.bytes.len() < CHUNK_BYTES {
            let mut chunk = pool.input();
            chunk[..len].copy_from_slice(&self.bytes[self.start..self.end]);
            self.bytes = chunk;
            (self.start, self.end) = (0, len);
        }
        // What is moved is no more than what was consumed, however long the rest is.
        if self.start > 0 && self.start >= len {
            self.bytes.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, len);
        }
        // A long request's buffer doubles while its bytes come: a claimed length alone allocates nothing. Where the
        // length is not known a chunk's room is made, or the rest would come in a few bytes a read.
        let wanted = at_least
            .max(len + CHUNK_BYTES)
            .min((2 * len).max(CHUNK_BYTES));
        if self.bytes.len() < self.start + wanted {
            self.bytes.resize(self.start + wanted, 0);
        }
        &mut self.bytes[self.end..]
    }

    /// Takes `count` bytes out from an offset on.
    pub(super) fn cut(&mut self, offset: usize, count: usize) {
        let from = self.start + offset;
        self.bytes.copy_within(from + count..self.end, from);
        self.end -= count;
    }

    /// `count` bytes were read into the room.
    pub(super) fn filled(&mut self, count: usize) {
        self.end += count;
    }

    /// Forgets the first `count` bytes; gives the buffer back when little or nothing is left in it.
    pub(super) fn consume(&mut self, count: usize, pool: &mut Pool) {
        self.start += count;
        let len = self.len();
        if len == 0 {
            pool.give_input(core::mem::take(&mut self.bytes));
            (self.start, self.end) = (0, 0);
        } else if len < self.bytes.len() / 16 {
            let rest = self.bytes[self.start..self.end].to_vec();
            pool.give_input(core::mem::replace(&mut self.bytes, rest));
            (self.start, self.end) = (0, len);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::outbox::Output;
    use super::*;

    #[test]
    fn a_partial_request_moves_to_a_small_buffer_and_back() {
        let mut pool = Pool::default();
        let mut input = Input::default();
        input.room(0, &mut pool)[..10].copy_from_slice(b"0123456789");
        input.filled(10);
        input.consume(7, &mut pool);
        assert_eq!(
            (input.unread().to_vec(), input.capacity()),
            (b"789".to_vec(), 3)
        );
        input.room(0, &mut pool)[..1].copy_from_slice(b"a");
        input.filled(1);
        assert_eq!(input.from(1), b"89a");
        input.consume(4, &mut pool);
        assert_eq!(
            (input.len(), input.capacity(), pool.inputs.len()),
            (0, 0, 1)
        );
    }

    #[test]
    fn a_claimed_length_allocates_only_as_bytes_come() {
        let mut pool = Pool::default();
        let mut input = Input::default();
        let room = input.room(512 << 20, &mut pool).len();
        assert_eq!(room, CHUNK_BYTES);
        input.filled(room);
        let room = input.room(512 << 20, &mut pool).len();
        assert_eq!(room, CHUNK_BYTES);
    }

    #[test]
    fn a_long_request_of_unknown_length_is_not_read_byte_by_byte() {
        let mut pool = Pool::default();
        let mut input = Input::default();
        for _ in 0..20 {
            let len = input.len();
            let room = input.room(len + 1, &mut pool).len();
            assert!(room >= CHUNK_BYTES);
            input.filled(room);
        }
    }

    #[test]
    fn spare_buffers_that_nobody_needs_are_freed_in_time() {
        let mut pool = Pool::default();
        let mut outputs: Vec<Output> = (0..100).map(|_| Output::default()).collect();
        for output in &mut outputs {
            output.writer(&mut pool).push(1);
        }
        outputs
            .iter_mut()
            .for_each(|output| output.sent(1, &mut pool));
        assert_eq!(pool.outputs.len(), 100);
        pool.trim();
        for _ in 0..8 {
            // One is in use now and then, and stays.
            outputs[0].writer(&mut pool).push(1);
            outputs[0].sent(1, &mut pool);
            pool.trim();
        }
        assert_eq!(pool.outputs.len(), 1);
    }
}
