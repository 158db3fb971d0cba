//! The sockets that clients connect to: opening them at the start, and moving them while the server runs.

use super::{Engine, TOKEN_LISTENER};
use crate::platform::{Fd, Interest, IoError, ListenAt, Net, Platform, Token};
use crate::settings::Settings;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

/// A socket that clients connect to.
#[derive(Clone, Debug)]
pub struct Listener {
    /// Its descriptor.
    pub fd: Fd,
    /// Where it listens.
    pub place: Place,
}

/// Where a listener listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// At the path that the settings name.
    Unix,
    /// At a network address.
    Tcp {
        /// The address as `bind` has it, without the `-` of an optional one.
        host: String,
        /// The port.
        port: u16,
        /// Whether connections are encrypted.
        secure: bool,
    },
    /// At a network address, for those who read the metrics.
    Metrics {
        /// The address.
        host: String,
        /// The port.
        port: u16,
    },
}

/// An address that must be listened on cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListenError {
    /// The port.
    pub port: u16,
    /// Whether it is the one for encrypted connections.
    pub secure: bool,
    reason: IoError,
}

impl fmt::Display for ListenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.secure { "tls" } else { "tcp" };
        write!(
            f,
            "Failed listening on port {} ({kind}), aborting.",
            self.port
        )
    }
}

/// A place, and whether the server does without it.
struct Wanted {
    place: Place,
    optional: bool,
}

/// Opens the network listeners that the settings name; which addresses could not be had is logged.
pub fn open_listeners<N: Net>(
    net: &mut N,
    settings: &Settings,
) -> Result<Vec<Listener>, ListenError> {
    open_all(net, settings.tcp_backlog, wanted_places(settings).iter())
}

/// What the settings want, plain ports first.
fn wanted_places(settings: &Settings) -> Vec<Wanted> {
    let mut wanted = Vec::new();
    for (port, secure) in [(settings.port, false), (settings.tls_port, true)] {
        if port == 0 {
            continue;
        }
        for address in settings.bind_addresses() {
            let host = address.host.into();
            wanted.push(Wanted {
                place: Place::Tcp { host, port, secure },
                optional: address.optional,
            });
        }
    }
    if settings.metrics_port != 0 {
        for address in settings.metrics_addresses() {
            let (host, port) = (address.host.into(), settings.metrics_port);
            wanted.push(Wanted {
                place: Place::Metrics { host, port },
                optional: address.optional,
            });
        }
    }
    wanted
}

/// Opens all of `wanted` or none, but for those that can be done without.
fn open_all<'w, N: Net>(
    net: &mut N,
    backlog: u32,
    wanted: impl Iterator<Item = &'w Wanted>,
) -> Result<Vec<Listener>, ListenError> {
    let mut opened: Vec<Listener> = Vec::new();
    for Wanted { place, optional } in wanted {
        let (host, port, secure) = match place {
            Place::Tcp { host, port, secure } => (host, *port, *secure),
            Place::Metrics { host, port } => (host, *port, false),
            Place::Unix => continue,
        };
        let at = ListenAt {
            host,
            port,
            backlog,
            secure,
        };
        match net.listen(&at) {
            Ok(fd) => opened.push(Listener {
                fd,
                place: place.clone(),
            }),
            Err(reason) => {
                log::warn!(
                    "Warning: Could not create server TCP listening socket {host}:{port}: {reason}"
                );
                if is_to_be_expected(reason, *optional) {
                    continue;
                }
                for listener in opened {
                    net.close(listener.fd);
                }
                return Err(ListenError {
                    port,
                    secure,
                    reason,
                });
            }
        }
    }
    Ok(opened)
}

/// Whether the server goes on without an address: the machine does not know this kind of address, or does not have this one
/// and the address was marked as optional.
fn is_to_be_expected(reason: IoError, optional: bool) -> bool {
    match reason {
        IoError::ADDRESS_NOT_AVAILABLE => optional,
        IoError::NO_PROTOCOL_OPTION
        | IoError::PROTOCOL_NOT_SUPPORTED
        | IoError::SOCKET_TYPE_NOT_SUPPORTED
        | IoError::PROTOCOL_FAMILY_NOT_SUPPORTED
        | IoError::ADDRESS_FAMILY_NOT_SUPPORTED => true,
        _ => false,
    }
}

const READABLE: Interest = Interest {
    readable: true,
    writable: false,
};

impl<P: Platform> Engine<P> {
    /// Has the loop watch every listener under its number.
    pub(super) fn watch_listeners(&mut self) -> Result<(), IoError> {
        for (number, listener) in self.listeners.iter().enumerate() {
            let token = Token(TOKEN_LISTENER + number as u64);
            self.ae.watch(listener.fd, token, READABLE)?;
        }
        Ok(())
    }

    /// Listens where the settings say now. What stays is not touched, so that nobody who is connecting is turned away. When
    /// an address cannot be had, everything is as it was before.
    pub(super) fn listen_anew(&mut self) -> Result<(), ListenError> {
        let backlog = self.shared.settings.tcp_backlog;
        let wanted = wanted_places(&self.shared.settings);
        let is_wanted = |place: &Place| wanted.iter().any(|wanted| wanted.place == *place);
        let is_there = |place: &Place| self.listeners.iter().any(|there| there.place == *place);
        let missing: Vec<&Wanted> = wanted.iter().filter(|new| !is_there(&new.place)).collect();
        let (kept, dropped): (Vec<Listener>, Vec<Listener>) = self
            .listeners
            .iter()
            .cloned()
            .partition(|listener| listener.place == Place::Unix || is_wanted(&listener.place));
        let opened = match open_all(&mut self.net, backlog, missing.iter().copied()) {
            Ok(opened) => {
                self.stop_listening(&dropped);
                opened
            }
            Err(error) if error.reason != IoError::ADDRESS_IN_USE || dropped.is_empty() => {
                return Err(error);
            }
            // Perhaps it is what is to go that is in the way: every address includes each single one.
            Err(_) => {
                self.stop_listening(&dropped);
                match open_all(&mut self.net, backlog, missing.iter().copied()) {
                    Ok(opened) => opened,
                    Err(error) => {
                        self.listen_again(kept, &dropped);
                        return Err(error);
                    }
                }
            }
        };
        self.replace_listeners(kept, opened);
        Ok(())
    }

    /// Goes back to what was listened on before.
    fn listen_again(&mut self, kept: Vec<Listener>, dropped: &[Listener]) {
        let backlog = self.shared.settings.tcp_backlog;
        let before: Vec<Wanted> = dropped
            .iter()
            .map(|listener| Wanted {
                place: listener.place.clone(),
                optional: true,
            })
            .collect();
        let mut opened = Vec::new();
        for wanted in &before {
            // Nobody else can have taken it in the meantime, save by a race; then it is logged.
            let again = open_all(&mut self.net, backlog, core::iter::once(wanted));
            opened.extend(again.unwrap_or_default());
        }
        self.replace_listeners(kept, opened);
    }

    fn stop_listening(&mut self, listeners: &[Listener]) {
        for listener in listeners {
            let _ = self.ae.unwatch(listener.fd);
            self.net.close(listener.fd);
        }
    }

    fn replace_listeners(&mut self, kept: Vec<Listener>, opened: Vec<Listener>) {
        // Their numbers change, so all are watched anew.
        for listener in &kept {
            let _ = self.ae.unwatch(listener.fd);
        }
        self.listeners = kept;
        self.listeners.extend(opened);
        if let Err(error) = self.watch_listeners() {
            log::warn!("Watching a listening socket failed: {error}");
        }
    }
}
