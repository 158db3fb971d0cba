//! What there is in a part of a file that cannot be used as it is: whole batches that can be told by their checksums, and
//! commands that can still be read.

use super::scan::{Found, Scan};
use crate::bytes::crc32c::Crc32c;
use crate::codec::batch::{BatchHead, HEAD_BYTES, PREFIX};
use crate::platform::{IoError, Storage};
use alloc::vec::Vec;
use core::fmt;

/// How much is looked at at once.
const WINDOW_BYTES: usize = 1 << 20;
/// A batch longer than this is not looked for in damaged parts.
const MAX_BATCH_BYTES: u64 = 64 << 20;

/// See the module's head.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Survey {
    /// Commands that can be read, from the start of the part on and in intact batches.
    pub(super) commands: u64,
    /// The number of the batch that the part begins with, if its annotation can be read.
    pub(super) first_batch: Option<u64>,
    /// Batches after it whose checksums are right, and the number of the last one.
    pub(super) intact_batches: u64,
    pub(super) last_batch: u64,
}

impl fmt::Display for Survey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(number) = self.first_batch {
            write!(f, "batch {number}, ")?;
        }
        if self.intact_batches > 0 {
            let (count, last) = (self.intact_batches, self.last_batch);
            write!(f, "{count} intact batches up to number {last}, ")?;
        }
        write!(f, "{} whole commands", self.commands)
    }
}

impl Survey {
    /// Looks at a file from `from` to `to`, where batches after number `last` are due.
    pub(super) fn of<S: Storage>(
        storage: &mut S,
        path: &str,
        from: u64,
        to: u64,
        last: u64,
    ) -> Result<Survey, IoError> {
        let mut survey = Survey::default();
        // A batch cannot have a number that so few bytes have no room for; text within values can.
        let most = last.saturating_add(1 + (to - from) / HEAD_BYTES as u64);
        let window = read(storage, path, from, to, WINDOW_BYTES)?;
        let head = BatchHead::parse(&window);
        survey.first_batch = head.map(|head| head.sequence).filter(|&number| number != 0);
        survey.commands = commands_in(&window[head.map_or(0, |_| HEAD_BYTES)..]);
        let mut at = from + 1;
        while at < to {
            let window = read(storage, path, at, to, WINDOW_BYTES)?;
            let Some(found) = window.windows(PREFIX.len()).position(|part| part == PREFIX) else {
                at += (window.len().saturating_sub(PREFIX.len()) as u64).max(1);
                continue;
            };
            at += found as u64;
            let head = BatchHead::parse(&read(storage, path, at, to, HEAD_BYTES)?);
            let head = head.filter(|head| (last + 1..=most).contains(&head.sequence));
            match head.filter(|head| head.len <= MAX_BATCH_BYTES) {
                Some(head) if survey.count_if_intact(storage, path, at, to, &head)? => {
                    at += head.total_len();
                }
                _ => at += 1,
            }
        }
        Ok(survey)
    }

    fn count_if_intact<S: Storage>(
        &mut self,
        storage: &mut S,
        path: &str,
        at: u64,
        to: u64,
        head: &BatchHead,
    ) -> Result<bool, IoError> {
        let batch = read(storage, path, at, to, head.total_len() as usize)?;
        if !head.is_intact(&Crc32c::new(), &batch) {
            return Ok(false);
        }
        self.intact_batches += 1;
        self.last_batch = head.sequence;
        self.commands += commands_in(&batch[HEAD_BYTES..]);
        Ok(true)
    }
}

/// How many whole commands `bytes` begins with.
fn commands_in(bytes: &[u8]) -> u64 {
    let mut scan = Scan::new(bytes.len() as u64, 0);
    let mut spans = Vec::new();
    let (mut done, mut count) = (0, 0);
    loop {
        match scan.next(&mut spans) {
            Ok(Found::Command { .. }) => count += 1,
            Ok(Found::More) => {
                let (_, room) = scan.room();
                let some = room.len().min(bytes.len() - done);
                room[..some].copy_from_slice(&bytes[done..done + some]);
                done += some;
                scan.filled(some);
            }
            _ => return count,
        }
        spans.clear();
    }
}

/// At most `most` bytes of a file from `at` on, before `to`.
fn read<S: Storage>(
    storage: &mut S,
    path: &str,
    at: u64,
    to: u64,
    most: usize,
) -> Result<Vec<u8>, IoError> {
    let len = usize::try_from(to - at).unwrap_or(usize::MAX).min(most);
    let mut bytes = alloc::vec![0; len];
    let mut done = 0;
    while done < len {
        match storage.read_at(path, at + done as u64, &mut bytes[done..])? {
            0 => break,
            count => done += count,
        }
    }
    bytes.truncate(done);
    Ok(bytes)
}
