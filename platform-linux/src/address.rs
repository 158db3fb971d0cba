//! Socket addresses between the kernel's bytes and printable text.
//!
//! ```text
//! 0      2      4         8                    24         28
//! family | port | IPv4    |                                      sockaddr_in   (port, address: big-endian)
//! family | port | flow    | IPv6 address       | scope   |       sockaddr_in6
//! family | path, up to 108 bytes ...                             sockaddr_un
//! ```

use core::fmt::Write;
use core::ops::Range;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;

use rotom_core::platform::AddressText;

mod field {
    use super::Range;
    pub const FAMILY: Range<usize> = 0..2;
    pub const PORT: Range<usize> = FAMILY.end..FAMILY.end + 2;
    pub const IPV4: Range<usize> = PORT.end..PORT.end + 4;
    pub const FLOW: Range<usize> = PORT.end..PORT.end + 4;
    pub const IPV6: Range<usize> = FLOW.end..FLOW.end + 16;
    pub const SCOPE: Range<usize> = IPV6.end..IPV6.end + 4;
    pub const PATH: Range<usize> = FAMILY.end..FAMILY.end + 108;
}

const IPV4_LEN: usize = size_of::<libc::sockaddr_in>();
const IPV6_LEN: usize = size_of::<libc::sockaddr_in6>();
const _: () = assert!(field::IPV4.end <= IPV4_LEN && field::SCOPE.end == IPV6_LEN);
const _: () = assert!(field::PATH.end == size_of::<libc::sockaddr_un>());
const _: () = assert!(size_of::<RawAddress>() >= size_of::<libc::sockaddr_storage>());

/// Room for any address as the kernel writes it, and how many bytes of it are set.
#[repr(C, align(8))]
#[derive(Clone, Copy)]
pub(crate) struct RawAddress {
    pub(crate) bytes: [u8; size_of::<libc::sockaddr_storage>()],
    pub(crate) len: u32,
}

impl RawAddress {
    /// Room for the kernel to write into.
    pub(crate) fn empty() -> Self {
        RawAddress {
            bytes: [0; size_of::<libc::sockaddr_storage>()],
            len: size_of::<libc::sockaddr_storage>() as u32,
        }
    }

    /// What the kernel calls `address`.
    pub(crate) fn of_socket(address: SocketAddr) -> Self {
        let mut raw = Self::empty();
        let family = match address {
            SocketAddr::V4(_) => libc::AF_INET,
            SocketAddr::V6(_) => libc::AF_INET6,
        };
        raw.put(field::FAMILY, &(family as u16).to_ne_bytes());
        raw.put(field::PORT, &address.port().to_be_bytes());
        match address {
            SocketAddr::V4(v4) => {
                raw.put(field::IPV4, &v4.ip().octets());
                raw.len = IPV4_LEN as u32;
            }
            SocketAddr::V6(v6) => {
                raw.put(field::IPV6, &v6.ip().octets());
                raw.put(field::SCOPE, &v6.scope_id().to_ne_bytes());
                raw.len = IPV6_LEN as u32;
            }
        }
        raw
    }

    /// What the kernel calls a Unix socket at `path`; `None` when the path is too long (over 107 bytes) or empty.
    pub(crate) fn of_path(path: &Path) -> Option<Self> {
        let path = path.as_os_str().as_encoded_bytes();
        if path.is_empty() || path.len() >= field::PATH.len() || path.contains(&0) {
            return None;
        }
        let mut raw = Self::empty();
        raw.put(field::FAMILY, &(libc::AF_UNIX as u16).to_ne_bytes());
        let end = field::PATH.start + path.len();
        raw.put(field::PATH.start..end, path);
        raw.len = end as u32 + 1;
        Some(raw)
    }

    /// What the bytes mean.
    pub(crate) fn parse(&self) -> Address {
        let port = u16::from_be_bytes(self.get(field::PORT));
        match i32::from(u16::from_ne_bytes(self.get(field::FAMILY))) {
            libc::AF_INET => Address::Ip(Ipv4Addr::from(self.get(field::IPV4)).into(), port),
            libc::AF_INET6 => Address::Ip(Ipv6Addr::from(self.get(field::IPV6)).into(), port),
            libc::AF_UNIX => Address::Unix(self.path()),
            _ => Address::Unknown,
        }
    }

    /// The path's bytes without padding; an abstract name begins with `@`, as in the kernel's own listings.
    fn path(&self) -> Vec<u8> {
        let end = (self.len as usize).clamp(field::PATH.start, field::PATH.end);
        let mut path = self.bytes[field::PATH.start..end].to_vec();
        match path.split_first_mut() {
            Some((first @ 0, rest)) if !rest.is_empty() => *first = b'@',
            _ => path.truncate(
                path.iter()
                    .position(|&byte| byte == 0)
                    .unwrap_or(path.len()),
            ),
        }
        path
    }

    fn put(&mut self, at: Range<usize>, value: &[u8]) {
        self.bytes[at].copy_from_slice(value);
    }

    fn get<const N: usize>(&self, at: Range<usize>) -> [u8; N] {
        let mut value = [0; N];
        value.copy_from_slice(&self.bytes[at]);
        value
    }
}

/// An address of a stream socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Address {
    Ip(IpAddr, u16),
    /// A Unix socket; the path of one that never was bound (a client's) is empty.
    Unix(Vec<u8>),
    Unknown,
}

impl Address {
    /// Whether a peer with this address is on this machine.
    pub(crate) fn is_local(&self) -> bool {
        match self {
            Address::Ip(ip, _) => ip.to_canonical().is_loopback(),
            Address::Unix(_) => true,
            Address::Unknown => false,
        }
    }

    /// The text that CLIENT LIST shows: `127.0.0.1:1`, `[::1]:1`, `/path:0`, and `?:0` when unknown.
    pub(crate) fn to_text(&self) -> AddressText {
        let mut text = AddressText::new();
        let outcome = match self {
            Address::Ip(IpAddr::V4(ip), port) => write!(text, "{ip}:{port}"),
            Address::Ip(IpAddr::V6(ip), port) => write!(text, "[{ip}]:{port}"),
            Address::Unix(path) => {
                push_cut(&mut text, &String::from_utf8_lossy(path));
                text.write_str(":0")
            }
            Address::Unknown => text.write_str("?:0"),
        };
        debug_assert!(outcome.is_ok(), "every address fits");
        text
    }
}

/// Appends as much of `path` as leaves room for `:0`.
fn push_cut(text: &mut AddressText, path: &str) {
    let room = text.capacity() - ":0".len();
    for letter in path.chars() {
        if text.len() + letter.len_utf8() > room || text.push(letter).is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text_of(address: &str) -> String {
        let raw = RawAddress::of_socket(address.parse().unwrap());
        raw.parse().to_text().as_str().to_owned()
    }

    #[test]
    fn addresses_survive_the_kernel_form() {
        for text in ["127.0.0.1:6379", "[::1]:1", "[2001:db8::7]:65535"] {
            assert_eq!(text_of(text), text);
        }
        let raw = RawAddress::of_path(Path::new("/tmp/a.sock")).unwrap();
        assert_eq!(raw.parse().to_text().as_str(), "/tmp/a.sock:0");
    }

    #[test]
    fn only_this_machine_is_local() {
        let is_local = |text: &str| {
            let raw = RawAddress::of_socket(text.parse().unwrap());
            raw.parse().is_local()
        };
        assert!(is_local("127.9.9.9:1") && is_local("[::1]:1") && is_local("[::ffff:127.0.0.1]:1"));
        assert!(!is_local("10.0.0.1:1") && !is_local("[fe80::1]:1") && !is_local("0.0.0.0:1"));
        assert!(Address::Unix(Vec::new()).is_local());
        assert!(!Address::Unknown.is_local());
    }

    #[test]
    fn odd_unix_names_have_text() {
        let text = |path: &[u8]| Address::Unix(path.to_vec()).to_text();
        assert_eq!(text(b"").as_str(), ":0");
        assert_eq!(text(b"\xff").as_str(), "\u{fffd}:0");
        let long = text(&[0xff; 107]);
        assert!(long.len() <= 128 && long.ends_with(":0"), "{long}");

        let mut raw = RawAddress::of_path(Path::new("xabstract")).unwrap();
        raw.bytes[field::PATH.start] = 0;
        raw.len -= 1;
        assert_eq!(raw.parse(), Address::Unix(b"@abstract".to_vec()));
        raw.len = field::PATH.start as u32;
        assert_eq!(raw.parse(), Address::Unix(Vec::new()));
    }

    #[test]
    fn impossible_paths_are_refused() {
        assert!(RawAddress::of_path(Path::new("")).is_none());
        assert!(RawAddress::of_path(Path::new(&"x".repeat(108))).is_none());
        assert!(RawAddress::of_path(Path::new(&"x".repeat(107))).is_some());
    }
}
