//! The socket contract over loopback, Unix sockets and socket pairs.

use super::*;
use crate::storage::tests::Folder;
use crate::{LinuxPoller, listen_tcp, listen_unix, local_port, process};
use rotom_core::platform::{Interest, Poller, Readiness, Token};
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::os::unix::net::UnixStream;
use std::process::Command;
use std::time::Duration;

/// A listener on loopback, a client of it, and the server's end.
struct Tcp {
    net: LinuxNet,
    client: TcpStream,
    server: Accepted,
}

fn tcp() -> Tcp {
    let mut net = LinuxNet::new();
    let listener = listen_tcp("127.0.0.1", 0, 16).unwrap();
    assert_eq!(net.accept(listener), Ok(None));
    let client = TcpStream::connect(("127.0.0.1", local_port(listener).unwrap())).unwrap();
    wait_readable(listener);
    let server = net.accept(listener).unwrap().unwrap();
    net.close(listener);
    Tcp {
        net,
        client,
        server,
    }
}

fn wait_readable(fd: Fd) {
    let mut poller = LinuxPoller::new().unwrap();
    let want = Interest {
        readable: true,
        writable: false,
    };
    poller.register(fd, Token(1), want).unwrap();
    let mut ready = [Readiness {
        token: Token(0),
        readable: false,
        writable: false,
    }];
    assert_eq!(poller.wait(&mut ready, Some(10_000_000)), Ok(1));
    assert!(ready[0].readable && ready[0].token == Token(1));
}

fn bytes(count: usize) -> Result<Transfer, IoError> {
    Ok(Transfer::Bytes(NonZeroUsize::new(count).unwrap()))
}

#[test]
fn bytes_go_both_ways_and_gathered_writes_keep_their_order() {
    let Tcp {
        mut net,
        mut client,
        server,
    } = tcp();
    let mut into = [0; 16];
    assert_eq!(net.read(server.fd, &mut into), Ok(Transfer::NotReady));
    client.write_all(b"PING\r\n").unwrap();
    wait_readable(server.fd);
    assert_eq!(net.read(server.fd, &mut into[..4]), bytes(4));
    assert_eq!(net.read(server.fd, &mut into[4..]), bytes(2));
    assert_eq!(&into[..6], b"PING\r\n");

    assert_eq!(
        net.write(server.fd, &[b"+PO", b"", b"NG", b"\r\n"]),
        bytes(7)
    );
    assert_eq!(net.write(server.fd, &[b"!"]), bytes(1));
    let many = [b"ab".as_slice(); PARTS_PER_WRITE + 6];
    assert_eq!(net.write(server.fd, &many), bytes(2 * PARTS_PER_WRITE));
    net.close(server.fd);
    let mut said = String::new();
    client.read_to_string(&mut said).unwrap();
    assert_eq!(said, format!("+PONG\r\n!{}", "ab".repeat(PARTS_PER_WRITE)));
}

#[test]
fn an_accepted_connection_has_its_options_and_addresses() {
    let Tcp {
        mut net,
        client,
        server,
    } = tcp();
    assert!(server.local);
    let (peer, local) = (client.local_addr().unwrap(), client.peer_addr().unwrap());
    assert_eq!(net.peer_address(server.fd).as_str(), peer.to_string());
    assert_eq!(net.local_address(server.fd).as_str(), local.to_string());
    let option = |level, name| syscall::option(server.fd.0, level, name).unwrap();
    assert_eq!(option(IPPROTO_TCP, TCP_NODELAY), 1);
    assert_eq!(option(SOL_SOCKET, SO_KEEPALIVE), 1);
    assert_eq!(option(IPPROTO_TCP, TCP_KEEPIDLE), 300);
    assert_eq!(option(IPPROTO_TCP, TCP_KEEPINTVL), 100);
    assert_eq!(option(IPPROTO_TCP, TCP_KEEPCNT), 3);
    net.close(server.fd);
    assert_eq!(net.peer_address(Fd(-1)).as_str(), "?:0");
    assert_eq!(net.local_address(Fd(-1)).as_str(), "?:0");
}

#[test]
fn keepalive_can_be_switched_off_and_is_capped() {
    for (seconds, is_on) in [(0, 0), (u32::MAX, 1), (1, 1)] {
        let mut net = LinuxNet::new();
        net.set_keepalive_seconds(seconds);
        let listener = listen_tcp("127.0.0.1", 0, 16).unwrap();
        let _client = TcpStream::connect(("127.0.0.1", local_port(listener).unwrap())).unwrap();
        wait_readable(listener);
        let server = net.accept(listener).unwrap().unwrap();
        let option = |level, name| syscall::option(server.fd.0, level, name).unwrap();
        assert_eq!(option(SOL_SOCKET, SO_KEEPALIVE), is_on);
        if is_on == 1 {
            let idle = option(IPPROTO_TCP, TCP_KEEPIDLE);
            assert_eq!(idle, seconds.min(32_767) as i32);
        }
        net.close(server.fd);
        net.close(listener);
    }
}

#[test]
fn a_slow_reader_makes_writes_short_and_then_not_ready() {
    let Tcp {
        mut net,
        mut client,
        server,
    } = tcp();
    let block = vec![7; 1 << 20];
    let mut sent = 0;
    loop {
        match net.write(server.fd, &[&block, &block]).unwrap() {
            Transfer::Bytes(count) => sent += count.get(),
            Transfer::NotReady => break,
            Transfer::Closed => panic!("nobody closed"),
        }
        assert!(sent < 1 << 30, "the kernel took everything");
    }
    let mut received = vec![0; sent];
    client.read_exact(&mut received).unwrap();
    assert!(received.iter().all(|&byte| byte == 7));
    net.close(server.fd);
    assert_eq!(client.read(&mut received).unwrap(), 0);
}

#[test]
fn an_end_and_a_reset_are_closed() {
    let Tcp {
        mut net,
        client,
        server,
    } = tcp();
    client.shutdown(Shutdown::Write).unwrap();
    wait_readable(server.fd);
    assert_eq!(net.read(server.fd, &mut [0; 4]), Ok(Transfer::Closed));
    // Closing with unread bytes resets the connection.
    assert_eq!(net.write(server.fd, &[b"unread"]), bytes(6));
    client
        .set_read_timeout(Some(Duration::from_secs(10)))
        .unwrap();
    assert_eq!(client.peek(&mut [0; 1]).unwrap(), 1);
    drop(client);
    let mut outcome = net.write(server.fd, &[b"x"]);
    while outcome == bytes(1) {
        outcome = net.write(server.fd, &[b"x"]);
    }
    assert_eq!(outcome, Ok(Transfer::Closed));
    assert_eq!(net.write(server.fd, &[b"x", b"y"]), Ok(Transfer::Closed));
    net.close(server.fd);
    assert_eq!(net.read(Fd(-1), &mut [0; 4]), Err(IoError(libc::EBADF)));
}

#[test]
fn a_reset_while_reading_is_closed() {
    let Tcp {
        mut net,
        client,
        server,
    } = tcp();
    assert_eq!(net.write(server.fd, &[b"unread"]), bytes(6));
    assert_eq!(client.peek(&mut [0; 1]).unwrap(), 1);
    drop(client);
    wait_readable(server.fd);
    assert_eq!(net.read(server.fd, &mut [0; 4]), Ok(Transfer::Closed));
    net.close(server.fd);
}

#[test]
fn unix_connections_are_local_and_named_after_the_listener() {
    let folder = Folder::new("unix");
    let path = folder.path().join("sock");
    let mut net = LinuxNet::new();
    let listener = listen_unix(&path, 0o777, 5).unwrap();
    let mut client = UnixStream::connect(&path).unwrap();
    let server = net.accept(listener).unwrap().unwrap();
    assert!(server.local);
    let name = format!("{}:0", path.display());
    assert_eq!(net.peer_address(server.fd).as_str(), name);
    assert_eq!(net.local_address(server.fd).as_str(), name);
    client.write_all(b"hi").unwrap();
    assert_eq!(net.read(server.fd, &mut [0; 9]), bytes(2));
    drop(client);
    assert_eq!(net.read(server.fd, &mut [0; 9]), Ok(Transfer::Closed));
    assert_eq!(net.write(server.fd, &[b"x"]), Ok(Transfer::Closed));
    net.close(server.fd);
    net.close(listener);
}

#[test]
fn a_socket_pair_works_too() {
    let (mut one, other) = UnixStream::pair().unwrap();
    other.set_nonblocking(true).unwrap();
    let mut net = LinuxNet::new();
    let fd = Fd(other.into_raw_fd());
    assert_eq!(net.read(fd, &mut [0; 4]), Ok(Transfer::NotReady));
    one.write_all(b"abc").unwrap();
    assert_eq!(net.read(fd, &mut [0; 4]), bytes(3));
    assert_eq!(net.peer_address(fd).as_str(), ":0");
    net.close(fd);
}

#[test]
fn accepting_on_what_does_not_listen_is_an_error() {
    let mut net = LinuxNet::new();
    assert_eq!(net.accept(Fd(-1)), Err(IoError(libc::EBADF)));
    let Tcp { server, .. } = tcp();
    assert_eq!(net.accept(server.fd), Err(IoError(libc::EINVAL)));
    net.close(server.fd);
}

/// Runs in a process of its own, whose limit of open files is lowered.
#[test]
fn too_many_files_is_an_error_and_the_connection_waits() {
    const KEY: &str = "ROTOM_TEST_EMFILE";
    if std::env::var_os(KEY).is_none() {
        let output = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "net::tests::too_many_files_is_an_error_and_the_connection_waits",
            ])
            .env(KEY, "1")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(
            output.status.success() && said.contains("1 passed"),
            "{said}"
        );
        return;
    }
    let mut net = LinuxNet::new();
    let listener = listen_tcp("127.0.0.1", 0, 16).unwrap();
    let _client = TcpStream::connect(("127.0.0.1", local_port(listener).unwrap())).unwrap();
    let (soft, hard) = syscall::open_files_limit().unwrap();
    syscall::set_open_files_limit(3, hard).unwrap();
    assert_eq!(net.accept(listener), Err(IoError::TOO_MANY_FILES));
    assert_eq!(process::raise_open_files(soft), soft);
    assert!(net.accept(listener).unwrap().is_some());
}
