//! The test's end of a connection.

use rotom_core::platform::IoError;

use super::Shared;
use super::net::{ClientEnd, Link, LinkId};

/// A client that a test holds. What it sends is there at once; what it does not [`SimClient::receive`] fills the
/// server's send buffer. Dropping it closes the connection.
#[derive(Debug)]
pub struct SimClient {
    world: Shared,
    link: LinkId,
}

impl SimClient {
    pub(super) fn new(world: Shared, link: LinkId) -> Self {
        SimClient { world, link }
    }

    fn with<T>(&self, look: impl FnOnce(&mut Link) -> T) -> T {
        look(self.world.borrow_mut().net.link(self.link))
    }

    /// Sends bytes. They are lost if either end is closed.
    pub fn send(&self, bytes: &[u8]) {
        self.with(|link| {
            if link.client == ClientEnd::Open && !link.is_server_gone {
                link.to_server.extend(bytes);
            }
        });
    }

    /// Takes everything that the server wrote.
    pub fn receive(&self) -> Vec<u8> {
        self.receive_up_to(usize::MAX)
    }

    /// Takes at most `most` bytes of what the server wrote: a slow reader.
    pub fn receive_up_to(&self, most: usize) -> Vec<u8> {
        self.with(|link| {
            let count = link.to_client.len().min(most);
            link.to_client.drain(..count).collect()
        })
    }

    /// How many bytes the server wrote that were not received yet.
    pub fn unreceived_len(&self) -> usize {
        self.with(|link| link.to_client.len())
    }

    /// How many bytes were sent that the server has not read.
    pub fn unread_len(&self) -> usize {
        self.with(|link| link.to_server.len())
    }

    /// Whether the server closed the connection; what it wrote before can still be received.
    pub fn is_closed_by_server(&self) -> bool {
        self.with(|link| link.is_server_gone)
    }

    /// The address that the server sees.
    pub fn address(&self) -> String {
        self.with(|link| link.peer.clone())
    }

    /// Says that nothing more will be sent, and goes on receiving.
    pub fn shut(&self) {
        self.with(|link| link.client = link.client.max(ClientEnd::Shut));
    }

    /// Closes both directions; what was sent can still be read.
    pub fn close(&self) {
        self.with(|link| link.client = link.client.max(ClientEnd::Closed));
    }

    /// Resets the connection; what was sent is lost.
    pub fn reset(&self) {
        self.with(|link| {
            link.client = ClientEnd::Reset;
            link.to_server.clear();
        });
    }

    /// Has every transfer of the server on this connection fail.
    pub fn fail(&self, error: IoError) {
        self.with(|link| link.failure = Some(error));
    }

    /// At most so many bytes (at least one) come with one read of the server.
    pub fn set_read_chunk(&self, bytes: usize) {
        self.with(|link| link.read_chunk = bytes.max(1));
    }

    /// At most so many bytes (at least one) go with one write of the server.
    pub fn set_write_chunk(&self, bytes: usize) {
        self.with(|link| link.write_chunk = bytes.max(1));
    }

    /// So many bytes may wait to be received before the server's writes are not taken; 0 takes nothing ever.
    pub fn set_send_buffer(&self, bytes: usize) {
        self.with(|link| link.send_buffer = bytes);
    }
}

impl Drop for SimClient {
    fn drop(&mut self) {
        // A failing assertion may unwind while the world is in use.
        if let Ok(mut world) = self.world.try_borrow_mut() {
            world.net.drop_client(self.link);
        }
    }
}
