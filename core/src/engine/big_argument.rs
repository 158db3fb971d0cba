//! Long arguments that are read straight into buffers of their own, which then become values without a copy.
//!
//! ```text
//! input      *3..SET..k..$1000000\r\n             \r\n*2..GET..      the request without the argument, and what follows
//! argument                           <1000000 bytes>
//! ```
//!
//! Once the parser knows that the unfinished request at the start of the input waits for an argument of 32 KB
//! or more, what has come of it moves to a buffer of its own, and the rest is read there. At that time the requests
//! before it have run, so only the first request of the input ever has arguments apart; they are kept until it has run.
//!
//! A length is quickly claimed, so the buffer grows with what has come of it ([`AHEAD`]). When the argument is complete,
//! the buffer has exactly its size.

use super::Engine;
use super::buffer::Pool;
use super::connection::{Connection, Waits};
use crate::command::Apart;
use crate::platform::{IoError, Net, Platform, Transfer};
use crate::resp::Span;
use alloc::boxed::Box;
use alloc::rc::Rc;
use alloc::vec::Vec;

/// A buffer is about so many times as long as what is in it, or as its first size, at most.
const AHEAD: usize = 8;
/// First size of a buffer, bytes.
const FIRST_BYTES: usize = 64 * 1024;
/// How much is read at once; more would hold the loop for too long.
const READ_BYTES: usize = 512 * 1024;

/// The arguments apart of the first request in a connection's input.
#[derive(Default)]
pub(super) struct BigArguments {
    /// Those that are complete.
    done: Apart,
    /// The one that is being read.
    reading: Option<Reading>,
}

/// An argument of which a part has come.
struct Reading {
    bytes: Vec<u8>,
    /// Its length when it is complete.
    len: usize,
    /// Where in the request it belongs.
    start: usize,
}

/// How big a buffer should be for an argument of `len` bytes of which `come` have come.
fn size_for(come: usize, len: usize) -> usize {
    let ahead = FIRST_BYTES.max(AHEAD * come);
    // Rather a little more now than another buffer soon.
    if len <= ahead + ahead / 4 { len } else { ahead }
}

impl Reading {
    /// An argument of `len` bytes of which `head` has come.
    fn new(head: &[u8], start: usize, len: usize) -> Self {
        let mut bytes = Vec::with_capacity(size_for(head.len(), len));
        bytes.extend_from_slice(head);
        Reading { bytes, len, start }
    }

    fn missing(&self) -> usize {
        self.len - self.bytes.len()
    }

    /// Makes room, and tells how much of it one read may fill.
    fn make_room(&mut self) -> usize {
        let capacity = self.bytes.capacity();
        let wanted = size_for(self.bytes.len(), self.len);
        let is_full = self.bytes.len() == capacity;
        if wanted > capacity && (is_full || wanted / 2 >= capacity || wanted == self.len) {
            self.bytes.reserve_exact(wanted - self.bytes.len());
        }
        let room = self.bytes.capacity() - self.bytes.len();
        room.min(self.missing()).min(READ_BYTES)
    }
}

impl BigArguments {
    /// Bytes that have come of the one that is being read.
    fn len(&self) -> usize {
        self.reading.as_ref().map_or(0, |it| it.bytes.len())
    }

    /// Bytes allocated.
    fn capacity(&self) -> usize {
        let reading = self.reading.as_ref().map_or(0, |it| it.bytes.capacity());
        let done: usize = self.done.0.iter().map(|bytes| bytes.capacity()).sum();
        reading + done
    }
}

/// The arguments apart that are complete, in order.
#[inline]
pub(super) fn apart(big: &Option<Box<BigArguments>>) -> Option<&Apart> {
    big.as_ref().map(|big| &big.done)
}

impl Connection {
    /// Whether the input waits for an argument apart.
    pub(super) fn reads_apart(&self) -> bool {
        self.big.as_ref().is_some_and(|big| big.reading.is_some())
    }

    /// Bytes that have come and not run.
    pub(super) fn input_len(&self) -> usize {
        self.input.len() + self.big.as_ref().map_or(0, |big| big.len())
    }

    /// Bytes of the argument apart that has not come completely.
    pub(super) fn apart_len(&self) -> usize {
        self.big.as_ref().map_or(0, |big| big.len())
    }

    /// Bytes allocated for input.
    pub(super) fn input_capacity(&self) -> usize {
        self.input.capacity() + self.big.as_ref().map_or(0, |big| big.capacity())
    }

    /// Whether the last read has filled the input with the beginning of one long request.
    pub(super) fn has_read_all_it_could(&self) -> bool {
        self.parsed == 0 && self.waits == Waits::No && !self.reads_apart() && self.input.is_full()
    }

    /// If the unfinished request waits for a long argument, sets that apart.
    fn begin_apart(&mut self) {
        let input = self.input.unread();
        let Some((start, len)) = self.parser.set_apart(input) else {
            return;
        };
        let come = len.min(input.len() - start);
        let reading = Reading::new(&input[start..start + come], start, len);
        self.input.cut(start, come);
        self.big.get_or_insert_default().reading = Some(reading);
        self.end_apart();
    }

    /// If the argument is complete, puts it in its place in the request.
    fn end_apart(&mut self) {
        let Some(big) = &mut self.big else {
            return;
        };
        if let Some(reading) = big.reading.take_if(|reading| reading.missing() == 0)
            && let Some(span) = Span::of_apart(big.done.0.len(), reading.len)
        {
            big.done.0.push(Rc::new(reading.bytes));
            self.parser.have_apart(reading.start, span);
        }
    }

    /// Reads what comes next: an argument apart and what follows it, or just the input.
    fn read_long(&mut self, net: &mut impl Net, pool: &mut Pool) -> Result<Transfer, IoError> {
        if !self.reads_apart() {
            self.begin_apart();
        }
        let fd = self.fd;
        let Some(reading) = self.big.as_mut().and_then(|big| big.reading.as_mut()) else {
            return self.read_input(net, pool);
        };
        let most = reading.make_room();
        let before = reading.bytes.len();
        let is_last = most == reading.missing();
        let after = if is_last {
            self.input.room(0, pool)
        } else {
            &mut []
        };
        let outcome = net.read_apart(fd, &mut reading.bytes, most, after);
        if let Ok(Transfer::Bytes(count)) = outcome {
            self.input
                .filled(count.get() - (reading.bytes.len() - before));
            self.end_apart();
        }
        outcome
    }

    /// Reads into the input.
    pub(super) fn read_input(
        &mut self,
        net: &mut impl Net,
        pool: &mut Pool,
    ) -> Result<Transfer, IoError> {
        let room = self.input.room(self.at_least, pool);
        let outcome = net.read(self.fd, room);
        if let Ok(Transfer::Bytes(count)) = outcome {
            self.input.filled(count.get());
        }
        outcome
    }
}

impl<P: Platform> Engine<P> {
    /// Reads from a connection whose unfinished request is long.
    #[cold]
    pub(super) fn read_long(&mut self, slot: u32) -> Result<Transfer, IoError> {
        let Some(connection) = self.connections.get_mut(slot) else {
            return Ok(Transfer::NotReady);
        };
        connection.read_long(&mut self.net, &mut self.pool)
    }
}
