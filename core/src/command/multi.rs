//! A transaction that is being made up: the requests since MULTI, and whether EXEC will run them.

use super::{Args, Command, Flags, OwnedRequest};
use alloc::vec::Vec;

/// A request that EXEC will run.
#[derive(Clone, Debug)]
pub struct Queued {
    /// Its command's number.
    pub command: u16,
    /// The request.
    pub request: OwnedRequest,
}

/// The requests since MULTI.
#[derive(Clone, Debug)]
pub struct Multi {
    queue: Vec<Queued>,
    /// Flags that any of the queued commands has.
    flags: Flags,
    /// Whether all of them may run while the data are loaded.
    are_for_loading: bool,
    /// Bytes of memory that the requests take, as CLIENT LIST tells them.
    bytes: usize,
    is_aborted: bool,
}

impl Default for Multi {
    fn default() -> Self {
        Multi {
            queue: Vec::new(),
            flags: Flags::NONE,
            are_for_loading: true,
            bytes: 0,
            is_aborted: false,
        }
    }
}

impl Multi {
    /// Queues a request, if the transaction can still succeed. `false`: the request is too long to be kept.
    pub fn push(&mut self, command: &Command, args: &Args<'_>) -> bool {
        if self.is_aborted {
            return true;
        }
        let Some(request) = OwnedRequest::of(args) else {
            return false;
        };
        self.bytes += request.memory_bytes();
        self.flags = self.flags | command.spec.flags;
        self.are_for_loading &= command.spec.flags.has(Flags::LOADING);
        self.queue.push(Queued {
            command: command.number,
            request,
        });
        true
    }

    /// A request was refused: EXEC will run nothing, so nothing is kept any longer.
    pub fn abort(&mut self) {
        self.is_aborted = true;
        self.queue = Vec::new();
        self.bytes = 0;
    }

    /// Whether a request was refused.
    pub fn is_aborted(&self) -> bool {
        self.is_aborted
    }

    /// How many requests wait.
    pub fn len(&self) -> usize {
        self.queue.len()
    }

    /// Whether no request waits.
    pub fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// The flags that any of the queued commands has.
    pub fn flags(&self) -> Flags {
        self.flags
    }

    /// Whether all queued commands may run while the data are loaded.
    pub fn may_run_while_loading(&self) -> bool {
        self.are_for_loading
    }

    /// Bytes of memory that the queued requests take.
    pub fn request_bytes(&self) -> usize {
        self.bytes
    }

    /// Bytes of memory that the transaction takes.
    pub fn memory_bytes(&self) -> usize {
        size_of::<Multi>() + self.bytes + self.queue.capacity() * size_of::<Queued>()
    }

    /// The requests, in order.
    pub fn into_queue(self) -> Vec<Queued> {
        self.queue
    }
}
