//! What commands did, in the form the AOF keeps: effects, not requests.
//!
//! A command that changed something is logged as it came, unless its handler has put something else in its place:
//! relative times made absolute, random choices as their result. A key that expires or is evicted is logged as DEL.
//! A command with several effects has MULTI and EXEC around them, so that a loader applies all or none.
//!
//! What is appended at once is a batch, with an annotation before it ([`crate::codec::batch`]):
//!
//! ```text
//! buffer   |..consumed..|..sealed batches..|room for an annotation|effects of the open batch..|
//! ```

use crate::bytes::crc32c::Crc32c;
use crate::codec::aof::encode_command;
use crate::codec::batch;
use alloc::vec::Vec;

/// A buffer that has grown beyond this is given back when it is empty.
const KEEP_BYTES: usize = 1 << 20;

/// A batch longer than this is sealed before the turn ends, because a loader keeps a batch in memory to check it.
const SEAL_BYTES: usize = 1 << 20;

/// The effects of a turn, not yet appended to the file.
#[derive(Debug, Default)]
pub struct Effects {
    enabled: bool,
    /// Whether batches get an annotation.
    annotated: bool,
    /// Where in `buffer` the open batch begins, with room for its annotation.
    open_batch: Option<usize>,
    /// The number of the last batch.
    sequence: u64,
    crc: Crc32c,
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

    /// Switches the annotations of batches on or off, from the next batch on.
    pub fn set_annotated(&mut self, annotated: bool) {
        self.annotated = annotated;
    }

    /// The number of the last batch that has begun; 0 before the first.
    pub fn sequence(&self) -> u64 {
        self.sequence
    }

    /// Goes on after the batch with this number, which a loader has read.
    pub fn set_sequence(&mut self, sequence: u64) {
        self.sequence = sequence;
    }

    /// Completes the open batch: what is logged from now on is another one.
    pub fn seal(&mut self) {
        if let Some(start) = self.open_batch.take() {
            batch::seal(&self.crc, self.sequence, &mut self.buffer[start..]);
        }
    }

    /// Completes the open batch if it is long. Not to be called within a command, or within what must be applied as one.
    pub fn seal_if_long(&mut self) {
        if self.buffer.len() - self.open_batch.unwrap_or(self.buffer.len()) > SEAL_BYTES {
            self.seal();
        }
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
        if self.open_batch.is_none() && self.annotated {
            self.begin_batch();
        }
        if self.selected != Some(db) {
            let mut digits = [0; 20];
            let number = crate::bytes::number::write_i64(db as i64, &mut digits);
            encode_command(&mut self.buffer, [&b"SELECT"[..], number].into_iter());
            self.selected = Some(db);
        }
        encode_command(&mut self.buffer, arguments);
    }

    fn begin_batch(&mut self) {
        let start = self.buffer.len();
        self.buffer.extend_from_slice(&batch::ROOM);
        self.open_batch = Some(start);
        self.sequence += 1;
        if self.command_start == start {
            // MULTI goes behind the annotation.
            self.command_start = self.buffer.len();
        }
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

    /// What is logged from now on goes to another file, whose reader is in no database yet. Nothing must be pending.
    pub fn begin_file(&mut self) {
        self.seal();
        self.selected = None;
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

    /// The bytes to append, once the open batch is sealed.
    pub fn pending(&self) -> &[u8] {
        &self.buffer[self.consumed..]
    }

    /// Forgets the first `count` bytes, which have been appended. The open batch must be sealed.
    pub fn consume(&mut self, count: usize) {
        debug_assert!(
            self.open_batch.is_none(),
            "an open batch has no annotation yet"
        );
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::batch::{BatchHead, HEAD_BYTES};
    use alloc::vec::Vec;

    fn annotated() -> Effects {
        let mut effects = Effects::default();
        effects.set_enabled(true);
        effects.set_annotated(true);
        effects
    }

    fn run(effects: &mut Effects, commands: &[&[&[u8]]]) {
        effects.begin_command();
        for words in commands {
            effects.log(0, words.iter().copied());
        }
        effects.end_command();
    }

    /// Takes the pending bytes apart into numbers and texts of intact batches.
    fn batches(effects: &mut Effects) -> Vec<(u64, Vec<u8>)> {
        effects.seal();
        let mut rest = effects.pending().to_vec();
        effects.consume(rest.len());
        let mut found = Vec::new();
        while !rest.is_empty() {
            let head = BatchHead::parse(&rest).unwrap();
            let after = rest.split_off(head.total_len() as usize);
            assert!(head.is_intact(&Crc32c::new(), &rest));
            found.push((head.sequence, rest[HEAD_BYTES..].to_vec()));
            rest = after;
        }
        found
    }

    const SELECT: &[u8] = b"*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n";

    #[test]
    fn a_turn_is_a_batch() {
        let mut effects = annotated();
        run(&mut effects, &[&[b"INCR", b"a"]]);
        run(&mut effects, &[&[b"INCR", b"b"]]);
        let a = b"*2\r\n$4\r\nINCR\r\n$1\r\na\r\n".as_slice();
        let b = b"*2\r\n$4\r\nINCR\r\n$1\r\nb\r\n".as_slice();
        assert_eq!(batches(&mut effects), [(1, [SELECT, a, b].concat())]);
        assert_eq!(batches(&mut effects), []);
        run(&mut effects, &[&[b"INCR", b"a"]]);
        assert_eq!(batches(&mut effects), [(2, a.to_vec())]);
        effects.set_sequence(9);
        run(&mut effects, &[&[b"INCR", b"b"]]);
        assert_eq!(batches(&mut effects), [(10, b.to_vec())]);
        effects.set_annotated(false);
        run(&mut effects, &[&[b"INCR", b"b"]]);
        assert_eq!(effects.pending(), b);
    }

    #[test]
    fn several_effects_of_a_command_are_one_transaction_within_a_batch() {
        let mut effects = annotated();
        let words: &[&[u8]] = &[b"PING"];
        run(&mut effects, &[words, words]);
        let ping = b"*1\r\n$4\r\nPING\r\n".as_slice();
        let wanted = [MULTI, SELECT, ping, ping, EXEC].concat();
        assert_eq!(batches(&mut effects), [(1, wanted)]);
        // An effect that was there before stays before.
        run(&mut effects, &[words]);
        run(&mut effects, &[words, words]);
        let wanted = [ping, MULTI, ping, ping, EXEC].concat();
        assert_eq!(batches(&mut effects), [(2, wanted)]);
    }

    #[test]
    fn what_is_logged_after_sealing_is_another_batch() {
        let mut effects = annotated();
        let ping = b"*1\r\n$4\r\nPING\r\n".as_slice();
        run(&mut effects, &[&[b"PING"]]);
        effects.seal();
        let len = effects.pending_len();
        effects.consume(len - 3);
        run(&mut effects, &[&[b"PING"]]);
        effects.seal();
        assert!(effects.pending().starts_with(b"G\r\n#ROTOM:000000000002:"));
        effects.consume(3);
        assert_eq!(batches(&mut effects), [(2, ping.to_vec())]);
        // Only a long one is sealed within a turn.
        run(&mut effects, &[&[b"PING"]]);
        effects.seal_if_long();
        run(&mut effects, &[&[&[b'x'; SEAL_BYTES]]]);
        effects.seal_if_long();
        run(&mut effects, &[&[b"PING"]]);
        let found = batches(&mut effects);
        assert_eq!(
            found.iter().map(|batch| batch.0).collect::<Vec<_>>(),
            [3, 4]
        );
    }
}
