//! Entry points for fuzzers: each takes any bytes at all, must not panic, and checks what it made of them. The tests feed
//! them changed files of real servers; a fuzzer's target is one call.

use rotom_core::bytes::hash::Hasher;
use rotom_core::codec::rdb::{Event, FileReader, Loaded, Rooms, dump};
use rotom_core::value::EncodingLimits;

/// Reads bytes as an RDB file, in pieces of `piece` bytes, without looking at its checksum. How many keys there were.
pub fn rdb_file(bytes: &[u8], piece: usize) -> usize {
    let limits = EncodingLimits::new(Hasher::new(1));
    let (mut reader, mut at, mut keys) = (FileReader::new(false), 0, 0);
    loop {
        match reader.next(&limits) {
            Ok(Event::More(_)) => {
                let (offset, room) = reader.room();
                assert_eq!(offset, at as u64);
                // The buffer grows by what came, not by what is claimed.
                assert!(room.len() <= 2 * at + 256 * 1024);
                let count = piece.max(1).min(room.len()).min(bytes.len() - at);
                if count == 0 {
                    return keys;
                }
                room[..count].copy_from_slice(&bytes[at..at + count]);
                reader.filled(count);
                at += count;
            }
            Ok(Event::Key(read)) => {
                check(&read.value);
                keys += 1;
            }
            Ok(Event::End { .. }) | Err(_) => return keys,
            Ok(_) => {}
        }
    }
}

/// Reads bytes as the payload of RESTORE, with a right footer put behind them. Whether it is one.
pub fn dump_payload(bytes: &[u8], version: u16) -> bool {
    let mut payload = bytes.to_vec();
    payload.extend_from_slice(&version.to_le_bytes());
    let crc = rotom_core::codec::rdb::crc64::update(0, &payload);
    payload.extend_from_slice(&crc.to_le_bytes());
    let limits = EncodingLimits::new(Hasher::new(1));
    let mut rooms = Rooms::default();
    let read = dump::read(&payload, &mut rooms, &limits);
    read.inspect(check).is_ok()
}

/// A value that was taken from bytes of anybody's making is as sound as any other.
fn check(value: &Loaded<'_>) {
    let sound = match value {
        Loaded::String(_) | Loaded::Empty => Ok(()),
        Loaded::List(list) => list.check(),
        Loaded::Set(set) => set.check(),
        Loaded::Hash(hash) => hash.check(),
        Loaded::SortedSet(set) => set.check(),
    };
    assert_eq!(sound, Ok(()));
}
