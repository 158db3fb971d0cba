//! What a request needs beyond being run, in one word of flags: nearly always nothing, so that the usual request pays for
//! one test.
//!
//! A client has its own flags ([`super::ClientState::attention`]), the server has some for all
//! ([`crate::session::Shared`]); a request is looked at closely when either has one.

use core::ops::BitOr;

/// A set of reasons to look at a request closely.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Attention(u32);

impl Attention {
    /// None.
    pub const NONE: Self = Attention(0);
    /// The client has not shown who it is, and has to.
    pub const UNAUTHENTICATED: Self = Attention(1 << 0);
    /// Memory is full, and nothing can be evicted.
    pub const MEMORY_FULL: Self = Attention(1 << 1);
    /// The log cannot be written.
    pub const WRITES_REFUSED: Self = Attention(1 << 2);
    /// The data are being loaded.
    pub const LOADING: Self = Attention(1 << 3);
    /// The client is between MULTI and EXEC: its requests are queued.
    pub const IN_MULTI: Self = Attention(1 << 4);
    /// The client caches what it reads: its keys are remembered.
    pub const TRACKING: Self = Attention(1 << 5);
    /// The client has subscribed to something, and may send little else under RESP2.
    pub const SUBSCRIBED: Self = Attention(1 << 6);
    /// Somebody is sent every request that runs.
    pub const MONITORED: Self = Attention(1 << 7);
    /// Requests wait that may write (CLIENT PAUSE).
    pub const PAUSED_WRITES: Self = Attention(1 << 8);
    /// All requests wait.
    pub const PAUSED_ALL: Self = Attention(1 << 9);
    /// The client is sent every request that runs, and may not look at the data.
    pub const MONITORS: Self = Attention(1 << 10);
    /// The client's user may not do everything.
    pub const RESTRICTED: Self = Attention(1 << 11);
    /// Users have changed, and not every client's [`Attention::RESTRICTED`] follows that yet.
    pub const USERS_CHANGED: Self = Attention(1 << 12);

    /// Whether there is no reason at all.
    #[inline]
    pub fn is_none(self) -> bool {
        self.0 == 0
    }

    /// Whether one of the reasons in `other` is among these.
    #[inline]
    pub fn has(self, other: Attention) -> bool {
        self.0 & other.0 != 0
    }

    /// Adds or removes a reason.
    #[inline]
    pub fn set(&mut self, reason: Attention, is_there: bool) {
        if is_there {
            self.0 |= reason.0;
        } else {
            self.0 &= !reason.0;
        }
    }
}

impl BitOr for Attention {
    type Output = Attention;

    #[inline]
    fn bitor(self, other: Attention) -> Attention {
        Attention(self.0 | other.0)
    }
}
