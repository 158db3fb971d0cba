//! Taking connections and closing them.

use super::connection::Connection;
use super::{Engine, Place, TOKEN_CONNECTION, Timer};
use crate::command::ClientState;
use crate::platform::{Accepted, Interest, Net, Platform, Token};
use crate::resp::Loans;

/// Connections taken from one listener in one turn; each takes some forty microseconds.
const ACCEPTS_PER_TURN: usize = 10;
/// How long accepting rests after it failed (no descriptors left), microseconds.
const ACCEPT_REST_US: u64 = 100_000;

const TOO_MANY_CLIENTS: &[u8] = b"-ERR max number of clients reached\r\n";
const DENIED: &[u8] = b"-DENIED Redis is running in protected mode because protected mode is enabled \
and no password is set for the default user. In this mode connections are only accepted from the loopback \
interface. If you want to connect from external computers to Redis you may adopt one of the following \
solutions: 1) Just disable protected mode sending the command 'CONFIG SET protected-mode no' from the \
loopback interface by connecting to Redis from the same host the server is running, however MAKE SURE Redis \
is not publicly accessible from internet if you do so. Use CONFIG REWRITE to make this change permanent. 2) \
Alternatively you can just disable the protected mode by editing the Redis configuration file, and setting \
the protected mode option to 'no', and then restarting the server. 3) If you started the server manually \
just for testing, restart it with the '--protected-mode no' option. 4) Set up an authentication password for \
the default user. NOTE: You only need to do one of the above things in order for the server to start \
accepting connections from the outside.\r\n";

impl<P: Platform> Engine<P> {
    pub(super) fn accept(&mut self, number: usize) {
        let Some(listener) = self.listeners.get(number) else {
            return;
        };
        let (fd, unix) = (listener.fd, listener.place == Place::Unix);
        let is_for_metrics = matches!(listener.place, Place::Metrics { .. });
        for _ in 0..ACCEPTS_PER_TURN {
            match self.net.accept(fd) {
                Ok(Some(accepted)) if is_for_metrics => self.welcome_scraper(&accepted),
                Ok(Some(accepted)) => self.welcome(&accepted, unix),
                Ok(None) => return,
                Err(error) => {
                    log::warn!("Accepting client connection: {error}");
                    return self.rest_accepting();
                }
            }
        }
    }

    /// Stops listening for readiness of the listeners for a while: they stay ready, and the loop would spin.
    fn rest_accepting(&mut self) {
        for listener in &self.listeners {
            let _ = self.ae.set_interest(listener.fd, Interest::default());
        }
        let due_us = self.now_us + ACCEPT_REST_US;
        self.ae.add_timer(due_us, None, Timer::Accept);
    }

    pub(super) fn accept_again(&mut self) {
        let want = Interest {
            readable: true,
            writable: false,
        };
        let mut failed = false;
        for listener in &self.listeners {
            failed |= self.ae.set_interest(listener.fd, want).is_err();
        }
        if failed {
            let due_us = self.now_us + ACCEPT_REST_US;
            self.ae.add_timer(due_us, None, Timer::Accept);
        }
    }

    fn welcome(&mut self, accepted: &Accepted, unix: bool) {
        let settings = &self.shared.settings;
        let open = self.shared.users.has_no_password();
        let refusal = if self.connections.len() >= settings.maxclients as usize {
            Some(TOO_MANY_CLIENTS)
        } else if settings.protected_mode && open && !accepted.local {
            Some(DENIED)
        } else {
            None
        };
        if let Some(text) = refusal {
            // A new socket takes a line at once; if not, the client sees the close.
            let _ = self.net.write(accepted.fd, &[text]);
            self.net.close(accepted.fd);
            self.shared.statistics.rejected_connections += 1;
            return;
        }
        let mut client = ClientState::new(self.next_client_id, self.now_us / 1000);
        self.shared.users.greet(&mut client);
        client.local = accepted.local;
        client.loans = Loans::accepted();
        self.next_client_id += 1;
        let slot = self
            .connections
            .insert(Connection::new(accepted.fd, client, unix));
        if let Some(connection) = self.connections.get_mut(slot) {
            connection.client.slot = Some(slot);
        }
        let token = Token(TOKEN_CONNECTION + u64::from(slot));
        let want = Interest {
            readable: true,
            writable: false,
        };
        if let Err(error) = self.ae.watch(accepted.fd, token, want) {
            log::warn!("Watching a new connection failed: {error}");
            self.connections.remove(slot);
            self.net.close(accepted.fd);
            return;
        }
        self.shared.statistics.connections += 1;
    }

    /// Closes a connection; what it has not taken is lost.
    pub(super) fn close(&mut self, slot: u32) {
        self.forget_wait(slot);
        let Some(mut connection) = self.connections.remove(slot) else {
            return;
        };
        let _ = self.ae.unwatch(connection.fd);
        self.net.close(connection.fd);
        connection.client.end_multi(&mut self.shared.keys);
        let events = &mut self.shared.keys.events;
        let tracking = &mut self.shared.tracking;
        connection.client.end_tracking(tracking, events);
        self.client_memory.forget(slot, &connection);
        if let Some(subscriber) = connection.client.subscriber {
            self.shared.pubsub.leave(subscriber);
        }
        if connection.client.is_monitor() {
            self.end_monitor(slot);
        }
        let input = connection.input.len();
        connection.input.consume(input, &mut self.pool);
        connection.output.discard(&mut self.pool);
    }
}
