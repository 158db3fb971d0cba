//! Who may connect, over what, and what they may do.

use crate::support::{Client, Folder, Server};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::unix::fs::PermissionsExt;

const NO_AUTH: &str = "-NOAUTH Authentication required.";
const WRONG_PASS: &str = "-WRONGPASS invalid username-password pair or user is disabled.";

#[test]
fn a_password_is_asked_for() {
    let folder = Folder::new();
    let server = Server::start(&folder, &["--requirepass", "secret"]);
    let mut client = server.client();
    for (line, wanted) in [
        ("PING", NO_AUTH),
        ("GET a", NO_AUTH),
        (
            "NOSUCH",
            "-ERR unknown command 'NOSUCH', with args beginning with: ",
        ),
        ("AUTH wrong", WRONG_PASS),
        ("AUTH nobody secret", WRONG_PASS),
        ("AUTH a b c", "-ERR syntax error"),
        ("GET a", NO_AUTH),
        ("AUTH secret", "+OK"),
        ("GET a", "nil"),
        ("AUTH default secret", "+OK"),
        ("CONFIG SET requirepass other", "+OK"),
        ("AUTH secret", WRONG_PASS),
        ("GET a", "nil"),
    ] {
        assert_eq!(client.ask(line), wanted, "{line}");
    }
    let mut another = server.client();
    assert_eq!(
        another.ask("HELLO 3"),
        "-NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto> AUTH <user> \
         <pass> option can be used to authenticate the client and select the RESP protocol version at the same time"
    );
    assert!(another.ask("HELLO 3 AUTH default other").starts_with('{'));
    assert_eq!(another.ask("RESET"), "+RESET");
    assert_eq!(another.ask("GET a"), NO_AUTH);
}

#[test]
fn without_a_password_auth_says_so() {
    let folder = Folder::new();
    let server = Server::start(&folder, &[]);
    assert_eq!(
        server.client().ask("AUTH x"),
        "-ERR AUTH <password> called without any password configured for the default user. Are you sure your \
         configuration is correct?"
    );
}

#[test]
fn who_has_no_password_may_not_send_much() {
    let folder = Folder::new();
    let server = Server::start(&folder, &["--requirepass", "secret"]);
    for (bytes, error) in [
        ("*11\r\n", "unauthenticated multibulk length"),
        ("*1\r\n$16385\r\n", "unauthenticated bulk length"),
    ] {
        let mut client = server.client();
        client.send(bytes.as_bytes());
        assert_eq!(
            client.reply().to_string(),
            format!("-ERR Protocol error: {error}")
        );
        client.expect_end();
    }
}

#[test]
fn protected_mode_refuses_other_machines() {
    let Some(address) = outside_address() else {
        eprintln!("skipped: this machine has no address beside the loopback's");
        return;
    };
    let folder = Folder::new();
    let server = Server::start(&folder, &["--bind", "0.0.0.0"]);
    let mut inside = server.client();
    let mut outside = Client::tcp(&address, server.port);
    let refusal = outside.reply().to_string();
    assert!(
        refusal.starts_with("-DENIED Redis is running in protected mode because"),
        "{refusal}"
    );
    outside.expect_end();
    assert_eq!(inside.ask("CONFIG SET protected-mode no"), "+OK");
    assert_eq!(Client::tcp(&address, server.port).ask("PING"), "+PONG");
    assert_eq!(
        inside.ask("CONFIG SET protected-mode yes requirepass x"),
        "+OK"
    );
    assert_eq!(Client::tcp(&address, server.port).ask("AUTH x"), "+OK");
}

/// An address of this machine that is not the loopback's. Connecting a UDP socket sends nothing.
fn outside_address() -> Option<String> {
    let socket = UdpSocket::bind("0.0.0.0:0").ok()?;
    socket.connect("192.0.2.1:9").ok()?;
    let address = socket.local_addr().ok()?.ip();
    let outside = !address.is_loopback() && !address.is_unspecified();
    outside.then(|| address.to_string())
}

#[test]
fn protected_and_immutable_settings_stay() {
    let folder = Folder::new();
    let server = Server::start(&folder, &[]);
    let mut client = server.client();
    let failed = |name: &str, why: &str| {
        format!("-ERR CONFIG SET failed (possibly related to argument '{name}') - {why}")
    };
    for (name, value, why) in [
        ("dbfilename", "x.rdb", "can't set protected config"),
        ("databases", "4", "can't set immutable config"),
        ("unixsocket", "x", "can't set immutable config"),
        (
            "bind",
            "192.0.2.1",
            "Failed to bind to specified addresses.",
        ),
        (
            "maxclients",
            "x",
            "argument couldn't be parsed into an integer",
        ),
        (
            "appendfsync",
            "x",
            "argument(s) must be one of the following: everysec, always, no",
        ),
    ] {
        let reply = client.ask(&format!("CONFIG SET {name} {value}"));
        assert_eq!(reply, failed(name, why));
    }
    let refused = client.ask("CONFIG SET maxclients 4000000000");
    let wanted = failed(
        "maxclients",
        "The operating system is not able to handle the specified number of clients, try with ",
    );
    let rest = refused.strip_prefix(&wanted).expect(&refused);
    // What is offered is taken.
    assert_eq!(client.ask(&format!("CONFIG SET maxclients {rest}")), "+OK");
    assert_eq!(
        client.ask("CONFIG SET nosuch 1"),
        "-ERR Unknown option or number of arguments for CONFIG SET - 'nosuch'"
    );
    // All or nothing.
    assert_eq!(
        client.ask("CONFIG SET timeout 5 databases 4"),
        failed("databases", "can't set immutable config")
    );
    assert_eq!(client.ask("CONFIG GET timeout"), "[timeout 0]");
    let allowed = Server::start(&folder, &["--enable-protected-configs", "local"]);
    assert_eq!(allowed.client().ask("CONFIG SET dbfilename x.rdb"), "+OK");
}

#[test]
fn debug_has_to_be_allowed() {
    let folder = Folder::new();
    let server = Server::start(&folder, &[]);
    let refusal = server.client().ask("DEBUG SLEEP 0");
    assert!(
        refusal.starts_with("-ERR DEBUG command not allowed."),
        "{refusal}"
    );
    let server = Server::start(&folder, &["--enable-debug-command", "local"]);
    assert_eq!(server.client().ask("DEBUG SLEEP 0"), "+OK");
}

#[test]
fn a_unix_socket_serves() {
    let folder = Folder::new();
    let path = folder.file("socket");
    let server = Server::start(&folder, &["--unixsocket", &path, "--unixsocketperm", "700"]);
    let mut client = Client::unix(&path);
    assert_eq!(client.ask("SET a 1"), "+OK");
    assert_eq!(server.client().ask("GET a"), "1");
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
    server.stop();
    client.expect_end();
    assert!(!std::path::Path::new(&path).exists());
}

#[test]
fn a_server_may_have_a_unix_socket_alone() {
    let folder = Folder::new();
    let path = folder.file("socket");
    let dir = folder.path().to_str().unwrap();
    let server = Server::launch(|_| {
        let words = ["--port", "0", "--unixsocket", &path, "--dir", dir];
        words.map(String::from).to_vec()
    });
    server.wait_for_line("Ready to accept connections unix");
    assert_eq!(Client::unix(&path).ask("PING"), "+PONG");
}

#[test]
fn port_and_bind_change_while_the_server_runs() {
    let folder = Folder::new();
    let server = Server::start(&folder, &["--bind", "127.0.0.1"]);
    let mut client = server.client();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    assert_eq!(
        client.ask(&format!("CONFIG SET port {port}")),
        "-ERR CONFIG SET failed (possibly related to argument 'port') - Unable to listen on this port. Check server logs."
    );
    assert_eq!(server.client().ask("PING"), "+PONG");
    drop(taken);
    assert_eq!(client.ask(&format!("CONFIG SET port {port}")), "+OK");
    assert_eq!(Client::tcp("127.0.0.1", port).ask("PING"), "+PONG");
    assert!(TcpStream::connect(("127.0.0.1", server.port)).is_err());
    for addresses in ["*", "127.0.0.2", "127.0.0.1"] {
        assert_eq!(client.ask(&format!("CONFIG SET bind {addresses}")), "+OK");
        let host = addresses.replace('*', "127.0.0.3");
        assert_eq!(Client::tcp(&host, port).ask("PING"), "+PONG");
    }
    let info = client.call("INFO server").text();
    assert!(info.contains(&format!("tcp_port:{port}\r\n")), "{info}");
}

#[test]
fn ipv6_serves() {
    if TcpListener::bind("[::1]:0").is_err() {
        eprintln!("skipped: this machine has no IPv6");
        return;
    }
    let folder = Folder::new();
    let server = Server::start(&folder, &["--bind", "::1"]);
    let mut client = Client::tcp("::1", server.port);
    assert_eq!(client.ask("PING"), "+PONG");
    let info = client.call("CLIENT INFO").text();
    assert!(info.contains(" addr=[::1]:"), "{info}");
}
