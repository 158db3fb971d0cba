//! What commands did, in the form the AOF keeps: effects, not requests.
//!
//! A command that changed something is logged as it came, unless its handler has put something else in its place:
//! relative times made absolute, random choices as their result. A key that expires or is evicted is logged as DEL.
//! A command with several effects has MULTI and EXEC around them, so that a loader applies all or none.

use crate::codec::aof::encode_command;
use alloc::vec::Vec;

/// A buffer that has grown beyond this is given back when it is empty.
const KEEP_BYTES: usize = 1 << 20;

/// The effects of a turn, not yet appended to the file.
#[derive(Debug, Default)]
pub struct Effects {
    enabled: bool,
    buffer: Vec<u8>,
    /// Bytes of `buffer` that have been appended.
    consumed: usize,
    /// The database that a reader of the log is in after `buffer`.
    selected: Option<usize>,
    replaced: bool,
    /// Bytes of evictions that have not been appended.
    eviction_bytes: usize,
    /// Length of the buffer when the running command began, and how many effects it has had.
    command_start: usize,
    command_effects: usize,
    /// Commands run as one transaction.
    in_transaction: bool,
}

const MULTI: &[u8] = b"*1\r\n$5\r\nMULTI\r\n";
const EXEC: &[u8] = b"*1\r\n$4\r\nEXEC\r\n";

impl Effects {
    /// Whether effects are kept at all.
    pub fn is_enabled(&self) -> bool {
        self.enabled
    }

    /// Switches keeping on or off; a new log begins with SELECT.
    pub fn set_enabled(&mut self, enabled: bool) {
        self.enabled = enabled;
        self.selected = None;
    }

    /// Called before each command.
    pub fn begin_command(&mut self) {
        self.replaced = false;
        if !self.in_transaction {
            self.begin_unit();
        }
    }

    fn begin_unit(&mut self) {
        self.command_start = self.buffer.len();
        self.command_effects = 0;
    }

    /// Called after each command, when everything it did is logged.
    pub fn end_command(&mut self) {
        if !self.in_transaction {
            self.end_unit();
        }
    }

    /// Has the commands from now on share one transaction in the log, if they have several effects together.
    pub fn begin_transaction(&mut self) {
        self.begin_unit();
        self.in_transaction = true;
    }

    /// Ends what [`Effects::begin_transaction`] began.
    pub fn end_transaction(&mut self) {
        self.in_transaction = false;
        self.end_unit();
    }

    fn end_unit(&mut self) {
        if self.enabled && self.command_effects > 1 {
            self.buffer.splice(
                self.command_start..self.command_start,
                MULTI.iter().copied(),
            );
            self.buffer.extend_from_slice(EXEC);
        }
        self.command_effects = 0;
    }

    /// Logs a command in place of the one that runs; may be called several times.
    pub fn replace(&mut self, db: usize, arguments: &[&[u8]]) {
        self.replaced = true;
        self.log(db, arguments.iter().copied());
    }

    /// The command that runs is not to be logged as it came.
    pub fn suppress(&mut self) {
        self.replaced = true;
    }

    /// Whether the handler has put something in its command's place.
    pub fn is_replaced(&self) -> bool {
        self.replaced
    }

    /// Logs a command that ran in `db`.
    pub fn log<'a>(&mut self, db: usize, arguments: impl ExactSizeIterator<Item = &'a [u8]>) {
        self.command_effects += 1;
        self.log_apart(db, arguments);
    }

    /// Logs what happened by itself, such as an expiry: no part of the command that met it.
    pub fn log_apart<'a>(&mut self, db: usize, arguments: impl ExactSizeIterator<Item = &'a [u8]>) {
        if !self.enabled {
            return;
        }
        if self.selected != Some(db) {
            let mut digits = [0; 20];
            let number = crate::bytes::number::write_i64(db as i64, &mut digits);
            encode_command(&mut self.buffer, [&b"SELECT"[..], number].into_iter());
            self.selected = Some(db);
        }
        encode_command(&mut self.buffer, arguments);
    }

    /// Logs that a key was evicted.
    pub(super) fn log_eviction(&mut self, db: usize, key: &[u8]) {
        let before = self.buffer.len();
        self.log_apart(db, [&b"DEL"[..], key].into_iter());
        self.eviction_bytes += self.buffer.len() - before;
    }

    /// Bytes of memory that eviction must not try to make up for: what evictions themselves are logged with, and
    /// the buffer's spare room. Otherwise evicting small keys would fill the memory that it frees.
    pub fn uncounted_bytes(&self) -> usize {
        self.buffer.capacity() - self.buffer.len() + self.eviction_bytes.min(self.buffer.len())
    }

    /// The database that a reader of the log is in after everything logged so far.
    pub fn selected(&self) -> Option<usize> {
        self.selected
    }

    /// How many bytes are to be appended.
    #[inline]
    pub fn pending_len(&self) -> usize {
        self.buffer.len() - self.consumed
    }

    /// The bytes to append.
    pub fn pending(&self) -> &[u8] {
        &self.buffer[self.consumed..]
    }

    /// Forgets the first `count` bytes, which have been appended.
    pub fn consume(&mut self, count: usize) {
        self.consumed = (self.consumed + count).min(self.buffer.len());
        if self.consumed == self.buffer.len() {
            self.eviction_bytes = 0;
            self.buffer.clear();
            self.consumed = 0;
            if self.buffer.capacity() > KEEP_BYTES {
                self.buffer = Vec::new();
            }
        } else if self.consumed > self.buffer.len() / 2 {
            // Moves no more bytes than were consumed since the last time, however small the steps.
            self.buffer.drain(..self.consumed);
            self.consumed = 0;
        }
    }
}
