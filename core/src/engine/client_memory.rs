//! `maxmemory-clients`: the biggest clients go when the buffers of all of them together are over the limit.
//!
//! A client's memory is counted when its buffers have changed, and only while there is a limit. Clients are ordered
//! by the magnitude of it, so that a big one is found without looking at all.

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
    /// Bits of the number of bytes; 0: the client may not be disconnected, or is not counted.
    magnitude: u32,
}

/// The memory of all clients.
#[derive(Debug, Default)]
pub(super) struct ClientMemory {
    total_bytes: usize,
    /// Magnitude and slot.
    by_magnitude: BTreeSet<(u32, u32)>,
}

impl ClientMemory {
    /// Puts what a client has now in the place of what was counted before.
    fn recount(&mut self, slot: u32, connection: &mut Connection) {
        let bytes = connection.memory_bytes();
        let magnitude = if connection.client.no_evict {
            0
        } else {
            usize::BITS - bytes.leading_zeros()
        };
        let new = Counted { bytes, magnitude };
        let old = core::mem::replace(&mut connection.counted, new);
        self.total_bytes = self.total_bytes - old.bytes + bytes;
        if old.magnitude != magnitude {
            self.by_magnitude.remove(&(old.magnitude, slot));
            if magnitude > 0 {
                self.by_magnitude.insert((magnitude, slot));
            }
        }
    }

    /// Forgets a client that is gone.
    pub(super) fn forget(&mut self, slot: u32, connection: &Connection) {
        self.total_bytes -= connection.counted.bytes;
        if connection.counted.magnitude > 0 {
            self.by_magnitude
                .remove(&(connection.counted.magnitude, slot));
        }
    }
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
            let Some(&(magnitude, slot)) = self.client_memory.by_magnitude.last() else {
                return true;
            };
            self.count_client_memory(slot);
            if let Some(connection) = self.connections.get(slot)
                && connection.counted.magnitude == magnitude
            {
                log::info!("Evicting client: {}", self.client_line(connection));
                self.close(slot);
                self.shared.statistics.evicted_clients += 1;
            }
        }
        false
    }
}
