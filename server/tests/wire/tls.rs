//! Encrypted connections.

use crate::support::{Authority, Client, Folder, Identity, Server, run_to_end, until};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

/// A server with an encrypted port.
struct Secure {
    server: Server,
    port: u16,
    authority: Authority,
    folder: Folder,
}

impl Secure {
    fn start(flags: &[&str]) -> Secure {
        let folder = Folder::new();
        let authority = Authority::new();
        let ca = folder.write("ca.crt", authority.text());
        let (certificate, key) = place(&folder, &authority.issue());
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let number = port.to_string();
        let files = [
            "--tls-port",
            &number,
            "--tls-cert-file",
            &certificate,
            "--tls-key-file",
            &key,
            "--tls-ca-cert-file",
            &ca,
        ];
        let flags: Vec<&str> = files.iter().chain(flags).copied().collect();
        let server = Server::start(&folder, &flags);
        server.wait_for_line("Ready to accept connections tls");
        Secure {
            server,
            port,
            authority,
            folder,
        }
    }

    fn client(&self) -> Client {
        Client::tls(self.port, &self.authority.client(None))
    }

    /// Whether a client with this certificate is let in.
    fn lets_in(&self, identity: Option<&Identity>) -> bool {
        let mut client = Client::tls(self.port, &self.authority.client(identity));
        client.try_send(b"PING\r\n").is_ok() && client.try_reply().is_ok()
    }
}

fn place(folder: &Folder, identity: &Identity) -> (String, String) {
    (
        folder.write("server.crt", &identity.certificate),
        folder.write("server.key", &identity.key),
    )
}

#[test]
fn requests_of_every_size_are_served() {
    let secure = Secure::start(&["--tls-auth-clients", "no"]);
    let mut client = secure.client();
    assert_eq!(client.ask("SET a 1"), "+OK");
    assert_eq!(secure.server.client().ask("GET a"), "1");
    let info = client.call("CLIENT INFO").text();
    assert!(
        info.contains(&format!(" laddr=127.0.0.1:{} ", secure.port)),
        "{info}"
    );
    for len in [15_000, 16_384, 40_000, 3_000_000] {
        let value = vec![b'x'; len];
        assert_eq!(
            client.words(&[b"SET", &b"big"[..], &value]).to_string(),
            "+OK"
        );
        let mut requests = b"GET big\r\n".repeat(8);
        requests.extend(b"PING\r\n".repeat(1000));
        client.send(&requests);
        for _ in 0..8 {
            assert_eq!(client.reply().to_string().len(), len);
        }
        for _ in 0..1000 {
            assert_eq!(client.reply().to_string(), "+PONG");
        }
    }
    client.send(b"QUIT\r\n");
    assert_eq!(client.reply().to_string(), "+OK");
    client.expect_end();
    secure.server.stop();
}

/// More comes in one record than is read at once: epoll does not tell of what is decrypted already.
#[test]
fn what_is_decrypted_does_not_get_stuck() {
    let secure = Secure::start(&["--tls-auth-clients", "no"]);
    let mut clients: Vec<Client> = (0..20).map(|_| secure.client()).collect();
    for round in 0..20 {
        for client in &mut clients {
            client.send(&b"INCR n\r\n".repeat(4000 + round));
        }
        for client in &mut clients {
            for _ in 0..4000 + round {
                client.reply();
            }
        }
    }
    let total: usize = (0..20).map(|round| 20 * (4000 + round)).sum();
    assert_eq!(clients[0].ask("GET n"), total.to_string());
}

#[test]
fn a_client_that_reads_late_gets_everything() {
    let secure = Secure::start(&["--tls-auth-clients", "no"]);
    let mut client = secure.client();
    let value = vec![b'y'; 1_000_000];
    client.words(&[b"SET", &b"big"[..], &value]);
    client.send(&b"GET big\r\n".repeat(30));
    client.send(b"QUIT\r\n");
    // Meanwhile the others are served.
    let mut plain = secure.server.client();
    until("its replies wait", || {
        plain.call("CLIENT LIST").text().contains("events=rw")
    });
    for _ in 0..30 {
        assert_eq!(client.reply().to_string().len(), 1_000_000);
    }
    assert_eq!(client.reply().to_string(), "+OK");
    client.expect_end();
}

#[test]
fn clients_show_certificates_as_the_settings_say() {
    let secure = Secure::start(&[]);
    let good = secure.authority.issue();
    let foreign = Authority::new().issue();
    let mut plain = secure.server.client();
    for (setting, wanted) in [
        ("yes", [false, true, false]),
        ("optional", [true, true, false]),
        ("no", [true, true, true]),
        ("yes", [false, true, false]),
    ] {
        let set = format!("CONFIG SET tls-auth-clients {setting}");
        assert_eq!(plain.ask(&set), "+OK");
        let found = [None, Some(&good), Some(&foreign)].map(|identity| secure.lets_in(identity));
        assert_eq!(found, wanted, "{setting}");
    }
    assert!(
        secure
            .server
            .log()
            .contains("Error accepting a client connection: ")
    );
}

#[test]
fn another_certificate_is_taken_while_the_server_runs() {
    let secure = Secure::start(&["--tls-auth-clients", "no"]);
    let mut before = secure.client();
    assert_eq!(before.ask("PING"), "+PONG");
    let (certificate, key) = place(&secure.folder, &secure.authority.issue());
    // The names are as before, what is there is not.
    let set = format!("CONFIG SET tls-cert-file {certificate} tls-key-file {key}");
    assert_eq!(before.ask(&set), "+OK");
    let mut after = secure.client();
    assert_eq!(after.ask("PING"), "+PONG");
    assert_ne!(before.server_certificate(), after.server_certificate());
    secure.folder.write("server.crt", "nonsense");
    assert_eq!(
        before.ask(&set),
        "-ERR CONFIG SET failed (possibly related to argument 'tls-cert-file') - Unable to update TLS configuration. Check \
         server logs."
    );
    let mut still = secure.client();
    assert_eq!(still.ask("PING"), "+PONG");
    assert_eq!(still.server_certificate(), after.server_certificate());
    // The port may go and come back.
    assert_eq!(before.ask("CONFIG SET tls-port 0"), "+OK");
    assert!(TcpStream::connect(("127.0.0.1", secure.port)).is_err());
    place(&secure.folder, &secure.authority.issue());
    assert_eq!(
        before.ask(&format!("CONFIG SET tls-port {}", secure.port)),
        "+OK"
    );
    assert_eq!(secure.client().ask("PING"), "+PONG");
}

#[test]
fn nonsense_and_silence_end_and_hold_nobody_up() {
    let secure = Secure::start(&["--tls-auth-clients", "no"]);
    let started = Instant::now();
    let mut silent = TcpStream::connect(("127.0.0.1", secure.port)).unwrap();
    let mut begun = TcpStream::connect(("127.0.0.1", secure.port)).unwrap();
    begun.write_all(b"\x16\x03\x01\x02\x00\x01").unwrap();
    for nonsense in [
        &b"PING\r\n"[..],
        b"GET / HTTP/1.1\r\n\r\n",
        &[0x16; 70_000],
        &[0xff; 70_000],
    ] {
        let mut stream = TcpStream::connect(("127.0.0.1", secure.port)).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(30)))
            .unwrap();
        // The server may end it before all is sent.
        stream.write_all(nonsense).ok();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).ok();
        assert!(answer.len() < 100, "{answer:?}");
        assert_eq!(secure.client().ask("PING"), "+PONG");
    }
    let mut plain = secure.server.client();
    let clients = |plain: &mut Client| plain.call("CLIENT LIST").text().lines().count();
    assert_eq!(clients(&mut plain), 3);
    for stream in [&mut silent, &mut begun] {
        stream
            .set_read_timeout(Some(Duration::from_secs(60)))
            .unwrap();
        // Unlike one read, this goes on after an interruption.
        assert_eq!(stream.read_to_end(&mut Vec::new()).unwrap(), 0);
    }
    assert!(started.elapsed() >= Duration::from_secs(10));
    assert_eq!(clients(&mut plain), 1);
}

#[test]
fn settings_that_do_not_do_end_the_start() {
    let folder = Folder::new();
    let dir = folder.path().to_str().unwrap();
    let authority = Authority::new();
    let ca = folder.write("ca.crt", authority.text());
    let (certificate, key) = place(&folder, &authority.issue());
    let other = folder.write("other.key", authority.issue().key);
    let with = |more: &[&'static str]| {
        let files = ["--tls-cert-file", &certificate, "--tls-key-file", &key];
        let files = files.map(String::from).to_vec();
        let more = more
            .iter()
            .map(|word| word.replace("CA", &ca).replace("OTHER", &other));
        files.into_iter().chain(more).collect::<Vec<String>>()
    };
    for (flags, reason) in [
        (vec![], "No tls-cert-file configured!"),
        (
            with(&[]),
            "Either tls-ca-cert-file or tls-ca-cert-dir must be specified",
        ),
        (
            with(&["--tls-ca-cert-file", "/nowhere"]),
            "/nowhere: No such file or directory",
        ),
        (
            with(&["--tls-ca-cert-file", "CA", "--tls-key-file", "OTHER"]),
            "the key is another certificate's",
        ),
        (
            with(&["--tls-ca-cert-file", "CA", "--tls-protocols", "TLSv1"]),
            "No version of tls-protocols is supported.",
        ),
        (
            with(&["--tls-ca-cert-file", "CA", "--tls-ciphersuites", "X"]),
            "No suite of tls-ciphersuites is supported.",
        ),
        (
            with(&["--tls-ca-cert-file", "CA", "--tls-key-file-pass", "x"]),
            "tls-key-file-pass is not supported",
        ),
    ] {
        let common = ["--port", "0", "--tls-port", "1", "--dir", dir];
        let flags = common
            .iter()
            .copied()
            .chain(flags.iter().map(String::as_str));
        let ended = run_to_end(&flags.collect::<Vec<&str>>());
        assert_eq!(ended.code, Some(1), "{reason}");
        let wanted = [reason, "Failed to configure TLS. Check logs for more info."];
        let is_said = wanted.iter().all(|text| ended.output.contains(text));
        assert!(is_said, "no '{reason}' in {}", ended.output);
    }
}
