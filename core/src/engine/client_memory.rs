//! `maxmemory-clients`: the biggest clients go when the buffers of all of them together are over the limit.
//!
//! A client's memory is counted when its buffers have changed, and only while there is a limit. Clients are ordered
//! by its size class, an eighth of a doubling, so that a biggest one is found without looking at all.

use super::Engine;
use super::connection::Connection;
use crate::platform::Platform;
use crate::settings::ClientsMemory;
use alloc::collections::BTreeSet;

/// Less is no limit to work with.
const LIMIT_MIN_BYTES: u64 = 128 * 1024;
/// Clients disconnected in one turn at most.
const EVICTIONS_PER_TURN: usize = 16;

/// What is counted of one client.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counted {
    bytes: usize,
    /// 0: the client may not be disconnected, or is not counted.
    size_class: u32,
}

/// The memory of all clients.
#[derive(Debug, Default)]
pub(super) struct ClientMemory {
    total_bytes: usize,
    /// Size class and slot.
    by_size: BTreeSet<(u32, u32)>,
}

impl ClientMemory {
    /// Puts what a client has now in the place of what was counted before.
    fn recount(&mut self, slot: u32, connection: &mut Connection) {
        let bytes = connection.memory_bytes();
        let size_class = if connection.client.no_evict {
            0
        } else {
            size_class(bytes)
        };
        let new = Counted { bytes, size_class };
        let old = core::mem::replace(&mut connection.counted, new);
        self.total_bytes = self.total_bytes - old.bytes + bytes;
        if old.size_class != size_class {
            self.by_size.remove(&(old.size_class, slot));
            if size_class > 0 {
                self.by_size.insert((size_class, slot));
            }
        }
    }

    /// Forgets a client that is gone.
    pub(super) fn forget(&mut self, slot: u32, connection: &Connection) {
        self.total_bytes -= connection.counted.bytes;
        self.by_size.remove(&(connection.counted.size_class, slot));
    }
}

/// The position of the highest bit, and the three bits after it.
fn size_class(bytes: usize) -> u32 {
    let bits = usize::BITS - bytes.leading_zeros();
    let next = bytes.checked_shl(usize::BITS - bits + 1).unwrap_or(0) >> (usize::BITS - 3);
    bits << 3 | next as u32
}

impl<P: Platform> Engine<P> {
    /// How much memory all clients may have; `None`: as much as they want.
    fn clients_limit(&self) -> Option<u64> {
        let settings = &self.shared.settings;
        let bytes = match settings.maxmemory_clients {
            ClientsMemory::Bytes(bytes) => bytes,
            ClientsMemory::Percent(percent) => {
                let bytes = u128::from(settings.maxmemory) * u128::from(percent) / 100;
                u64::try_from(bytes).unwrap_or(u64::MAX)
            }
        };
        (bytes > 0).then_some(bytes.max(LIMIT_MIN_BYTES))
    }

    /// Counts a client's memory after its buffers have changed.
    #[inline]
    pub(super) fn count_client_memory(&mut self, slot: u32) {
        if self.shared.settings.maxmemory_clients != ClientsMemory::Bytes(0)
            && let Some(connection) = self.connections.get_mut(slot)
        {
            self.client_memory.recount(slot, connection);
        }
    }

    /// Disconnects the biggest clients while all together are over the limit; `true` when that is done.
    pub(super) fn evict_clients(&mut self) -> bool {
        let Some(limit) = self.clients_limit() else {
            return true;
        };
        for _ in 0..EVICTIONS_PER_TURN {
            if self.client_memory.total_bytes as u64 <= limit {
                return true;
            }
            let Some(&(size_class, slot)) = self.client_memory.by_size.last() else {
                return true;
            };
            self.count_client_memory(slot);
            if let Some(connection) = self.connections.get(slot)
                && connection.counted.size_class == size_class
            {
                log::info!("Evicting client: {}", self.client_line(connection));
                self.close(slot);
                self.shared.statistics.evicted_clients += 1;
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn size_classes_are_eighths_of_a_doubling() {
        assert_eq!(size_class(1), 1 << 3);
        assert_eq!(size_class(1024), 11 << 3);
        assert_eq!(size_class(1024 + 127), 11 << 3);
        assert_eq!(size_class(1024 + 128), (11 << 3) + 1);
        assert_eq!(size_class(2047), (11 << 3) + 7);
        assert_eq!(size_class(usize::MAX), (64 << 3) + 7);
        let mut last = 0;
        for bytes in 1..10_000 {
            let class = size_class(bytes);
            assert!(class >= last && class > 0);
            last = class;
        }
    }
}
