//! Lent strings in a connection's output: where among the bytes of its own each one belongs, and how much of it is sent.

use crate::bytes::shared::SharedBytes;
use alloc::collections::VecDeque;

/// A queue that had more than so many places is not kept once it is empty.
const KEEP: usize = 64;

/// A part of a shared string that waits to be sent.
struct Piece {
    /// How many bytes of the connection's own go before it, counted from the connection's beginning.
    at: u64,
    string: SharedBytes,
    /// What is not sent, from and to.
    start: usize,
    end: usize,
}

/// The lent strings of one connection, in order.
#[derive(Default)]
pub(super) struct Lent {
    queue: VecDeque<Piece>,
    len: usize,
}

impl Lent {
    /// Whether there is none.
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// How many strings wait.
    pub(super) fn count(&self) -> usize {
        self.queue.len()
    }

    /// Bytes not sent.
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Adds a part of a string that belongs after the first `at` own bytes.
    pub(super) fn push(&mut self, at: u64, string: SharedBytes, range: core::ops::Range<usize>) {
        self.len += range.len();
        self.queue.push_back(Piece {
            at,
            string,
            start: range.start,
            end: range.end,
        });
    }

    /// What is not sent, with the own bytes before each.
    pub(super) fn pieces(&self) -> impl Iterator<Item = (u64, &[u8])> {
        let pieces = self.queue.iter();
        pieces.map(|piece| (piece.at, &piece.string[piece.start..piece.end]))
    }

    /// How many own bytes go before the next string, when so many are sent already; `None`: no string comes.
    pub(super) fn own_bytes_before(&self, own_sent: u64) -> Option<usize> {
        let distance = self.queue.front()?.at.saturating_sub(own_sent);
        Some(usize::try_from(distance).unwrap_or(usize::MAX))
    }

    /// Up to `count` bytes of the first string were sent; returns how many.
    pub(super) fn sent(&mut self, count: usize) -> usize {
        let Some(first) = self.queue.front_mut() else {
            return count;
        };
        let taken = count.min(first.end - first.start);
        first.start += taken;
        self.len -= taken;
        if first.start == first.end {
            self.queue.pop_front();
        }
        if self.queue.is_empty() && self.queue.capacity() > KEEP {
            self.queue = VecDeque::new();
        }
        taken
    }
}
