//! From the `tls-*` settings to what rustls wants.

use crate::config_file::reason_of;
use rotom_core::platform::{TlsClients, TlsOptions};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{NoServerSessionStorage, ServerSessionMemoryCache, WebPkiClientVerifier};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{
    CipherSuite, Error, InconsistentKeys, RootCertStore, ServerConfig, SupportedCipherSuite,
    SupportedProtocolVersion, version,
};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The suites of TLS 1.3 that there are.
const SUITES_13: &[(&str, CipherSuite)] = &[
    (
        "TLS_AES_256_GCM_SHA384",
        CipherSuite::TLS13_AES_256_GCM_SHA384,
    ),
    (
        "TLS_AES_128_GCM_SHA256",
        CipherSuite::TLS13_AES_128_GCM_SHA256,
    ),
    (
        "TLS_CHACHA20_POLY1305_SHA256",
        CipherSuite::TLS13_CHACHA20_POLY1305_SHA256,
    ),
];
/// Those of TLS 1.2, by OpenSSL's names.
const SUITES_12: &[(&str, CipherSuite)] = &[
    (
        "ECDHE-ECDSA-AES256-GCM-SHA384",
        CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
    ),
    (
        "ECDHE-ECDSA-AES128-GCM-SHA256",
        CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    ),
    (
        "ECDHE-ECDSA-CHACHA20-POLY1305",
        CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
    ),
    (
        "ECDHE-RSA-AES256-GCM-SHA384",
        CipherSuite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
    ),
    (
        "ECDHE-RSA-AES128-GCM-SHA256",
        CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
    ),
    (
        "ECDHE-RSA-CHACHA20-POLY1305",
        CipherSuite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
    ),
];
/// OpenSSL's words for sets that include all of them.
const ALL_12: &[&str] = &[
    "DEFAULT",
    "ALL",
    "HIGH",
    "ECDHE",
    "EECDH",
    "kECDHE",
    "AESGCM+ECDHE",
];

/// What connections are encrypted with; the text of a failure is for the log.
pub(super) fn build(options: &TlsOptions<'_>) -> Result<Arc<ServerConfig>, String> {
    if options.cert_file.is_empty() {
        return Err("No tls-cert-file configured!".into());
    }
    if options.key_file.is_empty() {
        return Err("No tls-key-file configured!".into());
    }
    if !options.key_file_pass.is_empty() {
        let text = "tls-key-file-pass is not supported: decrypt the key, and keep it where only the server reads it";
        return Err(text.into());
    }
    let provider = Arc::new(CryptoProvider {
        cipher_suites: suites(options)?,
        ..ring::default_provider()
    });
    let verifier = verifier(options, &provider)?;
    let key = certified_key(options, &provider)?;
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&versions(options.protocols)?)
        .map_err(|error| format!("tls-protocols and the cipher suites do not agree: {error}"))?
        .with_client_cert_verifier(verifier)
        .with_cert_resolver(Arc::new(SingleCertAndKey::from(key)));
    config.ignore_client_order = options.prefers_own_order;
    if options.cached_sessions == 0 {
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
    } else {
        config.session_storage = ServerSessionMemoryCache::new(options.cached_sessions as usize);
    }
    Ok(Arc::new(config))
}

fn certified_key(
    options: &TlsOptions<'_>,
    provider: &CryptoProvider,
) -> Result<CertifiedKey, String> {
    let failed = |file: &str, reason: &str| format!("Failed to load certificate: {file}: {reason}");
    let chain = certificates(Path::new(options.cert_file))
        .map_err(|reason| failed(options.cert_file, &reason))?;
    let key = private_key(Path::new(options.key_file))
        .and_then(|key| {
            let loaded = provider.key_provider.load_private_key(key);
            loaded.map_err(|error| error.to_string())
        })
        .map_err(|reason| format!("Failed to load private key: {}: {reason}", options.key_file))?;
    let certified = CertifiedKey::new(chain, key);
    match certified.keys_match() {
        Err(Error::InconsistentKeys(InconsistentKeys::KeyMismatch)) => Err(failed(
            options.cert_file,
            "the key is another certificate's",
        )),
        // Whether the certificate is a good one is for clients to judge: a self-signed one of an old form is not, to some.
        _ => Ok(certified),
    }
}

fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, String> {
    let text = std::fs::read(path).map_err(|error| reason_of(&error))?;
    PrivateKeyDer::from_pem_slice(&text).map_err(|error| {
        let contains = |word: &[u8]| text.windows(word.len()).any(|part| part == word);
        match contains(b"ENCRYPTED") {
            true => "the key is encrypted, which is not supported".into(),
            false => pem_reason(&error),
        }
    })
}

/// The certificates of a file, at least one.
fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let text = std::fs::read(path).map_err(|error| reason_of(&error))?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    match found {
        Ok(found) if found.is_empty() => Err("there is no certificate in it".into()),
        Ok(found) => Ok(found),
        Err(error) => Err(pem_reason(&error)),
    }
}

fn pem_reason(error: &pem::Error) -> String {
    match error {
        pem::Error::NoItemsFound => "there is nothing of this kind in it".into(),
        other => other.to_string(),
    }
}

/// Who judges clients' certificates.
fn verifier(
    options: &TlsOptions<'_>,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ClientCertVerifier>, String> {
    if options.clients == TlsClients::NotAsked {
        return Ok(WebPkiClientVerifier::no_client_auth());
    }
    let builder =
        WebPkiClientVerifier::builder_with_provider(authorities(options)?, provider.clone());
    let builder = match options.clients {
        TlsClients::Optional => builder.allow_unauthenticated(),
        TlsClients::Required | TlsClients::NotAsked => builder,
    };
    builder.build().map_err(|error| error.to_string())
}

fn authorities(options: &TlsOptions<'_>) -> Result<Arc<RootCertStore>, String> {
    if options.ca_cert_file.is_empty() && options.ca_cert_dir.is_empty() {
        let text = "Either tls-ca-cert-file or tls-ca-cert-dir must be specified when tls-cluster, tls-replication or \
                    tls-auth-clients are enabled!";
        return Err(text.into());
    }
    let failed = |path: &Path, reason: &str| {
        format!(
            "Failed to configure CA certificate(s) file/directory: {}: {reason}",
            path.display()
        )
    };
    let mut store = RootCertStore::empty();
    let mut add = |path: &Path| -> Result<(), String> {
        for certificate in certificates(path)? {
            store.add(certificate).map_err(|error| error.to_string())?;
        }
        Ok(())
    };
    if !options.ca_cert_file.is_empty() {
        let path = Path::new(options.ca_cert_file);
        add(path).map_err(|reason| failed(path, &reason))?;
    }
    if !options.ca_cert_dir.is_empty() {
        let folder = Path::new(options.ca_cert_dir);
        let entries =
            std::fs::read_dir(folder).map_err(|error| failed(folder, &reason_of(&error)))?;
        let files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        for path in files.iter().filter(|path| path.is_file()) {
            // The folder may hold keys and lists too.
            if let Err(reason) = add(path) {
                log::debug!("{}", failed(path, &reason));
            }
        }
    }
    match store.is_empty() {
        true => Err(
            "There is no certificate of an authority in tls-ca-cert-file and tls-ca-cert-dir"
                .into(),
        ),
        false => Ok(Arc::new(store)),
    }
}

/// The versions that `tls-protocols` names; of those that are not safe any more, only the log is told.
fn versions(words: &str) -> Result<Vec<&'static SupportedProtocolVersion>, String> {
    let mut found = Vec::new();
    for word in words.split_ascii_whitespace() {
        match word.to_ascii_lowercase().as_str() {
            "tlsv1.2" => found.push(&version::TLS12),
            "tlsv1.3" => found.push(&version::TLS13),
            "tlsv1" | "tlsv1.1" => {
                log::warn!("{word} of tls-protocols is not supported, and not offered")
            }
            _ => {
                return Err("Invalid tls-protocols specified. Use a combination of 'TLSv1.2' and 'TLSv1.3'.".into());
            }
        }
    }
    if words.trim().is_empty() {
        return Ok(vec![&version::TLS13, &version::TLS12]);
    }
    match found.is_empty() {
        true => {
            Err("No version of tls-protocols is supported. Use 'TLSv1.2' and 'TLSv1.3'.".into())
        }
        false => Ok(found),
    }
}

/// The suites that `tls-ciphersuites` and `tls-ciphers` name, in that order.
fn suites(options: &TlsOptions<'_>) -> Result<Vec<SupportedCipherSuite>, String> {
    let mut wanted = chosen(options.ciphersuites, SUITES_13, "tls-ciphersuites")?;
    wanted.extend(chosen(options.ciphers, SUITES_12, "tls-ciphers")?);
    let there = ring::default_provider().cipher_suites;
    let find = |suite: &CipherSuite| there.iter().find(|known| known.suite() == *suite).copied();
    Ok(wanted.iter().filter_map(find).collect())
}

/// Reads a list as OpenSSL does, as far as it concerns suites that there are: names and sets add, `!` and `-` take away, and what
/// is not known is passed over, unless nothing is left.
fn chosen(
    list: &str,
    known: &[(&str, CipherSuite)],
    setting: &str,
) -> Result<Vec<CipherSuite>, String> {
    if list.trim().is_empty() {
        return Ok(known.iter().map(|(_, suite)| *suite).collect());
    }
    let mut wanted: Vec<CipherSuite> = Vec::new();
    let mut refused: Vec<&str> = Vec::new();
    for word in list.split([':', ',', ' ']).filter(|word| !word.is_empty()) {
        if let Some(name) = word.strip_prefix(['!', '-']) {
            refused.push(name);
            continue;
        }
        let all = ALL_12.contains(&word);
        for (name, suite) in known {
            if (all || *name == word) && !wanted.contains(suite) {
                wanted.push(*suite);
            }
        }
    }
    let is_refused = |suite: &CipherSuite| {
        known
            .iter()
            .any(|(name, one)| one == suite && refused.contains(name))
    };
    wanted.retain(|suite| !is_refused(suite));
    if wanted.is_empty() {
        let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
        return Err(format!(
            "No suite of {setting} is supported. There are: {}",
            names.join(" ")
        ));
    }
    Ok(wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_suites_are_read_as_far_as_they_are_known() {
        let names = |list: &str| chosen(list, SUITES_12, "tls-ciphers").map(|found| found.len());
        assert_eq!(names(""), Ok(6));
        assert_eq!(names("DEFAULT:!MEDIUM"), Ok(6));
        assert_eq!(names("HIGH:!aNULL:!ECDHE-RSA-AES256-GCM-SHA384"), Ok(5));
        let rsa = "AES128-SHA:ECDHE-RSA-AES128-GCM-SHA256";
        let wanted = vec![CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256];
        assert_eq!(chosen(rsa, SUITES_12, "tls-ciphers"), Ok(wanted));
        assert!(
            names("RC4-SHA")
                .is_err_and(|text| text.starts_with("No suite of tls-ciphers is supported."))
        );
        let one = chosen("TLS_AES_128_GCM_SHA256", SUITES_13, "tls-ciphersuites");
        assert_eq!(one, Ok(vec![CipherSuite::TLS13_AES_128_GCM_SHA256]));
    }

    #[test]
    fn old_versions_are_not_offered() {
        let count = |words: &str| versions(words).map(|found| found.len());
        assert_eq!(count(""), Ok(2));
        assert_eq!(count("TLSv1.1 TLSv1.2"), Ok(1));
        assert_eq!(count("tlsv1.3"), Ok(1));
        assert!(count("TLSv1").is_err() && count("SSLv3").is_err());
    }
}
