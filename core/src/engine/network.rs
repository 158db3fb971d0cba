//! Settings of the network that change while the server runs.

use super::Engine;
use crate::platform::{Host, Net, Platform, TlsClients, TlsOptions};
use crate::settings::{Changes, ConfigSetError, Settings, TlsAuthClients};
use alloc::format;

/// Descriptors that the server itself needs beside its clients', as in Redis.
pub const RESERVED_FILES: u64 = 32;

/// The settings of which another certificate, or another way to use it, follows.
const TLS: &[&str] = &[
    "tls-cert-file",
    "tls-key-file",
    "tls-key-file-pass",
    "tls-ca-cert-file",
    "tls-ca-cert-dir",
    "tls-auth-clients",
    "tls-protocols",
    "tls-ciphers",
    "tls-ciphersuites",
    "tls-prefer-server-ciphers",
    "tls-session-caching",
    "tls-session-cache-size",
];
/// And of which other listeners follow, with Redis's words for that they cannot be had.
const LISTENERS: &[(&str, &str)] = &[
    (
        "metrics-port",
        "Unable to listen on this port. Check server logs.",
    ),
    ("metrics-bind", "Failed to bind to specified addresses."),
    ("bind", "Failed to bind to specified addresses."),
    ("port", "Unable to listen on this port. Check server logs."),
    (
        "tls-port",
        "Unable to listen on this port. Check server logs.",
    ),
];

/// What the settings say about encrypted connections.
pub fn tls_options(settings: &Settings) -> TlsOptions<'_> {
    TlsOptions {
        cert_file: &settings.tls_cert_file,
        key_file: &settings.tls_key_file,
        key_file_pass: settings.tls_key_file_pass.as_bytes(),
        ca_cert_file: &settings.tls_ca_cert_file,
        ca_cert_dir: &settings.tls_ca_cert_dir,
        clients: match settings.tls_auth_clients {
            TlsAuthClients::No => TlsClients::NotAsked,
            TlsAuthClients::Yes => TlsClients::Required,
            TlsAuthClients::Optional => TlsClients::Optional,
        },
        protocols: &settings.tls_protocols,
        ciphers: &settings.tls_ciphers,
        ciphersuites: &settings.tls_ciphersuites,
        prefers_own_order: settings.tls_prefer_server_ciphers,
        cached_sessions: match settings.tls_session_caching {
            true => settings.tls_session_cache_size,
            false => 0,
        },
    }
}

impl<P: Platform> Engine<P> {
    /// Makes changed settings of the network take effect: all of them, or none and the one that cannot.
    pub(super) fn apply_network(&mut self, changes: &Changes) -> Result<(), ConfigSetError> {
        if changes.contains("maxclients") {
            self.allow_clients()?;
        }
        let is_secured_anew = self.apply_tls(changes)?;
        let moved = LISTENERS.iter().find(|(name, _)| changes.contains(name));
        if let Some(&(name, reason)) = moved
            && let Err(error) = self.listen_anew()
        {
            log::warn!("{error}");
            if is_secured_anew && changes.previous().tls_port != 0 {
                // It was good a moment ago.
                let before = self.net.set_tls(&tls_options(changes.previous()));
                before.unwrap_or_else(|error| log::warn!("{error}"));
            }
            return Err(ConfigSetError::failed(name, reason));
        }
        let keepalive = self.shared.settings.tcp_keepalive;
        self.net.set_keepalive_seconds(keepalive);
        Ok(())
    }

    /// Whether connections are encrypted in another way now.
    fn apply_tls(&mut self, changes: &Changes) -> Result<bool, ConfigSetError> {
        let settings = &self.shared.settings;
        if settings.tls_port == 0 {
            return Ok(false);
        }
        let was_off = changes.previous().tls_port == 0;
        let first = TLS.iter().find(|name| changes.contains(name));
        let Some(name) = first.or(was_off.then_some(&"tls-port")) else {
            return Ok(false);
        };
        match self.net.set_tls(&tls_options(settings)) {
            Ok(()) => Ok(true),
            Err(error) => {
                log::warn!("{error}");
                let reason = "Unable to update TLS configuration. Check server logs.";
                Err(ConfigSetError::failed(name, reason))
            }
        }
    }

    /// Asks the system for the descriptors of `maxclients` clients.
    fn allow_clients(&mut self) -> Result<(), ConfigSetError> {
        let wanted = u64::from(self.shared.settings.maxclients) + RESERVED_FILES;
        let got = self.host.allow_open_files(wanted);
        if got >= wanted {
            return Ok(());
        }
        let possible = got.saturating_sub(RESERVED_FILES);
        let reason = format!(
            "The operating system is not able to handle the specified number of clients, try with {possible}"
        );
        Err(ConfigSetError::failed("maxclients", &reason))
    }
}
