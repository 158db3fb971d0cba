//! Bytes of the log, as tests expect and forge them.

use rotom_core::bytes::crc32c::Crc32c;
use rotom_core::codec::batch::{BatchHead, HEAD_BYTES, ROOM, seal};

/// A batch with its annotation.
pub fn batch(sequence: u64, commands: &[u8]) -> Vec<u8> {
    let mut bytes = ROOM.to_vec();
    bytes.extend_from_slice(commands);
    seal(&Crc32c::new(), sequence, &mut bytes);
    bytes
}

/// The batches that `log` consists of: where each begins, its number and its commands. Every one must be intact.
pub fn batches(log: &[u8]) -> Vec<(usize, u64, Vec<u8>)> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < log.len() {
        let head = BatchHead::parse(&log[at..]).expect("a batch");
        let end = at + head.total_len() as usize;
        assert!(head.is_intact(&Crc32c::new(), &log[at..end]), "at {at}");
        found.push((at, head.sequence, log[at + HEAD_BYTES..end].to_vec()));
        at = end;
    }
    found
}

/// The log without its annotations.
pub fn commands_only(log: &[u8]) -> Vec<u8> {
    let parts = batches(log).into_iter().map(|(_, _, commands)| commands);
    parts.collect::<Vec<_>>().concat()
}
