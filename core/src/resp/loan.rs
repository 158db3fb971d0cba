//! Loans: long strings that belong into a reply at some place, and are sent from where they are.
//!
//! ```text
//! out    $100000\r\n | \r\n:1\r\n
//!                    at: here belong 100000 bytes of somebody else's memory
//! ```
//!
//! A reply is written to a plain buffer. What [`Loans`] hold is to be put in when the buffer is sent; whoever has no
//! use for that (a client in process) never gets a loan, but a copy in the buffer. Only replies whose place in the
//! buffer is final may lend: [`super::Reply::array_at`] and its kin move what was written.

use crate::bytes::shared::SharedBytes;
use alloc::vec::Vec;
use core::ops::Range;

/// A list that had room for more than so many loans is not kept.
const KEEP: usize = 64;

/// Part of a shared string, and its place.
#[derive(Clone, Debug)]
pub struct Loan {
    /// Offset into the buffer that the reply was written to.
    pub at: usize,
    /// The string; as long as it is held, its bytes stay as they are.
    pub bytes: SharedBytes,
    /// What of it belongs there.
    pub range: Range<usize>,
}

/// The loans of replies that are written and not queued yet, in order of their places.
#[derive(Clone, Debug, Default)]
pub struct Loans {
    accepted: bool,
    list: Vec<Loan>,
}

impl Loans {
    /// No loans yet, from somebody who puts in what is lent.
    pub fn accepted() -> Self {
        Loans {
            accepted: true,
            list: Vec::new(),
        }
    }

    /// Whether long strings may be lent.
    pub fn are_accepted(&self) -> bool {
        self.accepted
    }

    /// Whether nothing is lent.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    pub(super) fn push(&mut self, loan: Loan) {
        self.list.push(loan);
    }

    /// Takes back what was lent beyond the first `len` bytes of the buffer, which is cut off there.
    pub fn rewind(&mut self, len: usize) {
        while self.list.last().is_some_and(|loan| loan.at > len) {
            self.list.pop();
        }
    }

    /// Takes all loans, in order.
    pub fn take(&mut self, each: impl FnMut(Loan)) {
        self.list.drain(..).for_each(each);
        if self.list.capacity() > KEEP {
            self.list = Vec::new();
        }
    }
}
