//! What a connection has to send: its own buffers, and lent strings between their bytes.

use super::buffer::{CHUNK_BYTES, Pool};
use super::lent::Lent;
use crate::resp::{Loan, Loans};
use alloc::collections::VecDeque;
use alloc::vec::Vec;

/// A list of waiting buffers that had more than so many is not kept once it is empty.
const BACKLOG_KEEP: usize = 16;
/// Room that is made for a message.
const PUSH_BYTES: usize = 256;

/// Replies that the client has not taken yet.
#[derive(Default)]
pub(super) struct Output {
    /// Full buffers, the oldest first: growing one without end would copy it again and again.
    backlog: VecDeque<Vec<u8>>,
    backlog_bytes: usize,
    /// Where replies are written.
    current: Vec<u8>,
    /// Bytes of the oldest buffer that are sent.
    sent: usize,
    /// Long strings that belong between those bytes and are sent from where they are.
    lent: Lent,
    /// Bytes sent since the connection began, and those of them that were in the buffers.
    sent_total: u64,
    own_sent_total: u64,
}

/// Most parts of one gathered write.
const PARTS: usize = 16;

/// Parts of a gathered write.
struct Parts<'a> {
    parts: [&'a [u8]; PARTS],
    used: usize,
    /// How many bytes they may still get.
    room: usize,
}

impl<'a> Parts<'a> {
    fn up_to(most: usize) -> Self {
        Parts {
            parts: [&[]; PARTS],
            used: 0,
            room: most,
        }
    }

    fn are_full(&self) -> bool {
        self.used == PARTS || self.room == 0
    }

    /// Adds as much of `bytes` as there is room for.
    fn push(&mut self, bytes: &'a [u8]) {
        let bytes = &bytes[..bytes.len().min(self.room)];
        if !bytes.is_empty() && self.used < PARTS {
            self.room -= bytes.len();
            self.parts[self.used] = bytes;
            self.used += 1;
        }
    }
}

impl Output {
    /// The buffer to write replies to.
    #[inline]
    pub(super) fn writer(&mut self, pool: &mut Pool) -> &mut Vec<u8> {
        if self.current.capacity() == 0 {
            self.current = pool.output();
        }
        &mut self.current
    }

    /// The buffer to write a message to. It goes to thousands at once, perhaps, who would take thousands of big buffers.
    #[inline]
    pub(super) fn push_writer(&mut self) -> &mut Vec<u8> {
        if self.current.capacity() == 0 {
            self.current = Vec::with_capacity(PUSH_BYTES);
        }
        &mut self.current
    }

    /// Bytes not sent.
    pub(super) fn len(&self) -> usize {
        self.own_len() + self.lent.len()
    }

    /// Bytes in the buffers that are not sent.
    #[inline]
    fn own_len(&self) -> usize {
        self.backlog_bytes + self.current.len() - self.sent
    }

    /// Puts what was lent while replies were written into its places; how many bytes that were. To be called before anything
    /// is sent.
    pub(super) fn lend(&mut self, loans: &mut Loans) -> usize {
        let before = self.lent.len();
        let before_current =
            self.own_sent_total + self.own_len() as u64 - self.current.len() as u64;
        loans.take(|Loan { at, bytes, range }| {
            self.lent.push(before_current + at as u64, bytes, range);
        });
        self.lent.len() - before
    }

    /// Where what is written next begins, counted from the connection's first byte.
    #[inline]
    pub(super) fn end(&self) -> u64 {
        self.sent_total + self.len() as u64
    }

    /// Bytes sent since the connection began.
    pub(super) fn sent_bytes(&self) -> u64 {
        self.sent_total
    }

    /// How many of the unsent bytes lie before `until`, counted from the connection's first byte.
    pub(super) fn len_until(&self, until: u64) -> usize {
        let allowed = until.saturating_sub(self.sent_total);
        usize::try_from(allowed).map_or(self.len(), |allowed| allowed.min(self.len()))
    }

    /// Bytes allocated, and those of lent strings that are not sent: perhaps nobody else has them any more.
    pub(super) fn capacity(&self) -> usize {
        self.backlog_bytes + self.current.capacity() + self.lent.len()
    }

    /// How many full buffers and lent strings wait.
    pub(super) fn backlog_len(&self) -> usize {
        self.backlog.len() + self.lent.count()
    }

    /// Bytes in the current buffer.
    pub(super) fn current_len(&self) -> usize {
        self.current.len()
    }

    /// Hands the first `most` unsent bytes to `write` as parts, in order (fewer when the parts do not suffice), and
    /// returns what it returns.
    pub(super) fn with_parts<R>(&self, most: usize, write: impl FnOnce(&[&[u8]]) -> R) -> R {
        let mut parts = Parts::up_to(most);
        let mut lent = self.lent.pieces().peekable();
        let (mut place, mut skip) = (self.own_sent_total, self.sent);
        for buffer in self.backlog.iter().chain([&self.current]) {
            let mut own = &buffer[skip..];
            skip = 0;
            loop {
                while let Some((_, bytes)) = lent.next_if(|&(at, _)| at <= place) {
                    parts.push(bytes);
                }
                let before_next = lent.peek().map(|&(at, _)| at - place);
                let until = before_next.map_or(own.len(), |bytes| own.len().min(bytes as usize));
                if until == 0 || parts.are_full() {
                    break;
                }
                parts.push(&own[..until]);
                own = &own[until..];
                place += until as u64;
            }
            if parts.are_full() {
                break;
            }
        }
        write(&parts.parts[..parts.used])
    }

    /// `count` bytes were taken; buffers that are done go back.
    pub(super) fn sent(&mut self, count: usize, pool: &mut Pool) {
        self.sent_total += count as u64;
        if self.lent.is_empty() {
            self.own_sent(count, pool);
        } else {
            self.mixed_sent(count, pool);
        }
    }

    fn mixed_sent(&mut self, mut count: usize, pool: &mut Pool) {
        while count > 0 {
            let before_next = self.lent.own_bytes_before(self.own_sent_total);
            count -= match before_next.unwrap_or(usize::MAX) {
                0 => self.lent.sent(count),
                own => {
                    self.own_sent(own.min(count), pool);
                    own.min(count)
                }
            };
        }
    }

    fn own_sent(&mut self, count: usize, pool: &mut Pool) {
        self.sent += count;
        self.own_sent_total += count as u64;
        while let Some(front) = self.backlog.front() {
            if self.sent < front.len() {
                return;
            }
            self.sent -= front.len();
            self.backlog_bytes -= front.len();
            if let Some(front) = self.backlog.pop_front() {
                pool.give_output(front);
            }
        }
        if self.backlog.capacity() > BACKLOG_KEEP {
            self.backlog = VecDeque::new();
        }
        if self.sent == self.current.len() {
            pool.give_output(core::mem::take(&mut self.current));
            self.sent = 0;
        }
    }

    /// The connection is gone, and what it did not take with it.
    pub(super) fn discard(self, pool: &mut Pool) {
        if self.backlog.len() > BACKLOG_KEEP {
            pool.discard(self.backlog);
        }
        pool.give_output(self.current);
    }

    /// The client is slow: starts a new buffer once the current one is big enough.
    pub(super) fn set_aside(&mut self) {
        if self.current.len() >= CHUNK_BYTES {
            self.backlog_bytes += self.current.len();
            self.backlog.push_back(core::mem::take(&mut self.current));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bytes::prng::Prng;
    use crate::bytes::shared::SharedBytes;
    use crate::resp::{Protocol, Reply};
    use alloc::rc::Rc;

    #[test]
    fn output_goes_out_in_order_whatever_is_taken() {
        let mut pool = Pool::default();
        let mut output = Output::default();
        let mut expected = Vec::new();
        for i in 0..40u8 {
            output
                .writer(&mut pool)
                .extend(core::iter::repeat_n(i, 5000));
            expected.extend(core::iter::repeat_n(i, 5000));
            output.set_aside();
        }
        let mut got = Vec::new();
        while output.len() > 0 {
            let taken = output.with_parts(usize::MAX, |parts| {
                let all: Vec<u8> = parts.concat();
                all[..all.len().min(7001)].to_vec()
            });
            assert_eq!(
                output.with_parts(999, |parts| parts.concat()),
                taken[..taken.len().min(999)]
            );
            output.sent(taken.len(), &mut pool);
            got.extend(taken);
        }
        assert_eq!(got, expected);
        assert_eq!(output.capacity(), 0);
    }

    /// Replies written in small steps, some lent, set aside now and then, and sent in pieces of all sizes.
    #[test]
    fn lent_strings_go_out_in_their_places_whatever_is_taken() {
        let mut prng = Prng::new(7);
        let (mut pool, mut output) = (Pool::default(), Output::default());
        let mut loans = Loans::accepted();
        let (mut expected, mut got) = (Vec::new(), Vec::new());
        for round in 0..2000u32 {
            for _ in 0..prng.below(4) {
                let string: SharedBytes =
                    Rc::new(alloc::vec![round as u8; prng.below(9000) as usize]);
                let from = prng.below(string.len() as u64 + 1) as usize;
                let mut reply = Reply::new(output.writer(&mut pool), Protocol::Resp2);
                reply.int(i64::from(round));
                reply.bulk_lent(&mut loans, &string, from..string.len());
                Reply::new(&mut expected, Protocol::Resp2).int(i64::from(round));
                Reply::new(&mut expected, Protocol::Resp2).bulk(&string[from..]);
                if prng.below(2) == 0 {
                    output.lend(&mut loans);
                }
            }
            output.lend(&mut loans);
            assert_eq!(output.end(), expected.len() as u64);
            let most = prng.below(20_000) as usize;
            let taken = output.with_parts(most, |parts| parts.concat());
            assert!(taken.len() <= most && (output.len() == 0 || most == 0 || !taken.is_empty()));
            output.sent(taken.len(), &mut pool);
            got.extend(taken);
            output.set_aside();
        }
        while output.len() > 0 {
            let taken = output.with_parts(usize::MAX, |parts| parts.concat());
            output.sent(taken.len(), &mut pool);
            got.extend(taken);
        }
        assert!(got == expected, "{} of {} bytes", got.len(), expected.len());
        assert_eq!((output.capacity(), output.backlog_len()), (0, 0));
    }

    #[test]
    fn a_long_backlog_is_freed_in_slices() {
        let mut pool = Pool::default();
        let mut output = Output::default();
        for _ in 0..100 {
            output.writer(&mut pool).resize(CHUNK_BYTES, 0);
            output.set_aside();
        }
        output.discard(&mut pool);
        assert!(!pool.free_some(60));
        assert!(pool.free_some(60) && pool.free_some(0));
    }
}
