//! Opening the sockets that a server accepts on.

use std::fs::{self, Permissions};
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::os::fd::{AsRawFd, IntoRawFd, OwnedFd};
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::Path;

use libc::{IPPROTO_IPV6, IPV6_V6ONLY, SO_REUSEADDR, SOL_SOCKET};
use rotom_core::platform::{Fd, IoError};

use crate::address::{Address, RawAddress};
use crate::{syscall, to_std_error};

/// Listens on a TCP address: a number (`127.0.0.1`, `::1`, `fe80::1%eth0`), a host name (its first address),
/// `*` (every IPv4 address) or `::*` (every IPv6 address). Port 0 lets the kernel choose: see [`local_port`].
///
/// An IPv6 socket takes IPv6 only, so that `*` and `::*` can be listened on side by side.
pub fn listen_tcp(addr: &str, port: u16, backlog: u32) -> io::Result<Fd> {
    let address = resolve(addr, port)?;
    let socket = open_tcp(address, backlog).map_err(to_std_error)?;
    Ok(Fd(socket.into_raw_fd()))
}

/// Listens on a Unix socket at `path`, in place of one that an earlier run left there. `permissions` are
/// the file's mode (`0o700`); 0 leaves what the umask gives.
pub fn listen_unix(path: &Path, permissions: u32, backlog: u32) -> io::Result<Fd> {
    let address = RawAddress::of_path(path).ok_or(io::ErrorKind::InvalidInput)?;
    let left_over = fs::symlink_metadata(path);
    if left_over.is_ok_and(|found| found.file_type().is_socket()) {
        fs::remove_file(path)?;
    }
    let socket = syscall::stream_socket(libc::AF_UNIX).map_err(to_std_error)?;
    syscall::bind(socket.as_raw_fd(), &address).map_err(to_std_error)?;
    if permissions != 0 {
        fs::set_permissions(path, Permissions::from_mode(permissions))?;
    }
    // Listening comes last, so that nobody connects before the permissions hold.
    syscall::listen(socket.as_raw_fd(), to_backlog(backlog)).map_err(to_std_error)?;
    Ok(Fd(socket.into_raw_fd()))
}

/// The TCP port that a listener or connection has on this side.
pub fn local_port(fd: Fd) -> io::Result<u16> {
    let address = syscall::socket_name(fd.0).map_err(to_std_error)?;
    match address.parse() {
        Address::Ip(_, port) => Ok(port),
        Address::Unix(_) | Address::Unknown => Err(io::ErrorKind::InvalidInput.into()),
    }
}

fn resolve(addr: &str, port: u16) -> io::Result<SocketAddr> {
    let host = match addr {
        "*" => "0.0.0.0",
        "::*" => "::",
        other => other,
    };
    let mut found = (host, port).to_socket_addrs()?;
    found.next().ok_or(io::ErrorKind::NotFound.into())
}

fn open_tcp(address: SocketAddr, backlog: u32) -> Result<OwnedFd, IoError> {
    let family = match address {
        SocketAddr::V4(_) => libc::AF_INET,
        SocketAddr::V6(_) => libc::AF_INET6,
    };
    let socket = syscall::stream_socket(family)?;
    let fd = socket.as_raw_fd();
    if address.is_ipv6() {
        syscall::set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1)?;
    }
    syscall::set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1)?;
    syscall::bind(fd, &RawAddress::of_socket(address))?;
    syscall::listen(fd, to_backlog(backlog))?;
    Ok(socket)
}

fn to_backlog(backlog: u32) -> i32 {
    i32::try_from(backlog).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::LinuxNet;
    use rotom_core::platform::Net;
    use std::net::TcpStream;
    use std::os::unix::net::{UnixListener, UnixStream};

    #[test]
    fn both_families_share_a_port() {
        let mut net = LinuxNet::new();
        let v4 = listen_tcp("*", 0, 5).unwrap();
        let port = local_port(v4).unwrap();
        assert_ne!(port, 0);
        let v6 = listen_tcp("::*", port, 5);
        TcpStream::connect(("127.0.0.1", port)).unwrap();
        if let Ok(v6) = v6 {
            TcpStream::connect(("::1", port)).unwrap();
            net.close(v6);
        }
        let taken = listen_tcp("127.0.0.1", port, 5).unwrap_err();
        assert_eq!(taken.kind(), io::ErrorKind::AddrInUse);
        net.close(v4);
    }

    #[test]
    fn nonsense_addresses_are_errors() {
        assert!(listen_tcp("300.1.1.1", 0, 5).is_err());
        assert!(listen_tcp("203.0.113.77", 0, 5).is_err());
        assert!(listen_unix(Path::new(&"x".repeat(200)), 0, 5).is_err());
        assert!(local_port(Fd(-1)).is_err());
    }

    #[test]
    fn a_unix_listener_replaces_a_left_over_socket_but_no_file() {
        let folder = crate::storage::tests::Folder::new("listen");
        let path = folder.path().join("s");
        drop(UnixListener::bind(&path).unwrap());
        let listener = listen_unix(&path, 0o700, 5).unwrap();
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
        UnixStream::connect(&path).unwrap();
        assert!(local_port(listener).is_err());
        LinuxNet::new().close(listener);

        let file = folder.path().join("file");
        fs::write(&file, "precious").unwrap();
        assert!(listen_unix(&file, 0, 5).is_err());
        assert_eq!(fs::read(&file).unwrap(), b"precious");
    }
}
