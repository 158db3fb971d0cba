//! Listeners that move while the server runs.

use rotom_core::platform::{ListenAt, Net};
use rotom_tests::reply::Value;
use rotom_tests::server::Server;
use rotom_tests::sim::{Sim, SimClient};

fn error(text: &str) -> Value {
    Value::Error(text.into())
}

fn ok() -> Value {
    Value::Simple("OK".into())
}

/// A client that comes in through an address, and is served.
fn come_in(server: &mut Server, host: &str, port: u16) -> SimClient {
    let listener = server.sim.listener_at(host, port).expect("a listener");
    let client = server.sim.connect(listener);
    assert_eq!(server.call(&client, "PING"), Value::Simple("PONG".into()));
    client
}

#[test]
fn port_and_bind_change_and_clients_stay() {
    let sim = Sim::new(1);
    let mut server = Server::start(&sim, &["bind 127.0.0.1"]);
    let client = server.connect();
    assert_eq!(server.call(&client, "CONFIG SET port 7000"), ok());
    assert_eq!(sim.listener_at("127.0.0.1", 6379), None);
    come_in(&mut server, "127.0.0.1", 7000);
    let addresses = b"10.0.0.1 127.0.0.1 -192.0.2.1";
    let set: [&[u8]; 4] = [b"CONFIG", b"SET", b"bind", addresses];
    client.send(&rotom_tests::reply::request(&set));
    assert_eq!(server.replies(&client, 1), [ok()]);
    come_in(&mut server, "10.0.0.1", 7000);
    come_in(&mut server, "127.0.0.1", 7000);
    // Every address includes each, so the single ones go first.
    assert_eq!(server.call(&client, "CONFIG SET bind *"), ok());
    come_in(&mut server, "0.0.0.0", 7000);
    assert_eq!(sim.listener_at("127.0.0.1", 7000), None);
    assert_eq!(server.call(&client, "CONFIG SET port 0"), ok());
    assert_eq!(sim.listener_at("0.0.0.0", 7000), None);
    assert_eq!(
        server.call(&client, "CONFIG SET port 7001 bind 127.0.0.1"),
        ok()
    );
    come_in(&mut server, "127.0.0.1", 7001);
}

#[test]
fn what_cannot_be_listened_on_changes_nothing() {
    let sim = Sim::new(1);
    let mut server = Server::start(&sim, &["bind 127.0.0.1", "timeout 3"]);
    let taken = ListenAt {
        host: "10.0.0.1",
        port: 7001,
        backlog: 1,
        secure: false,
    };
    sim.net().listen(&taken).expect("the port is free");
    let client = server.connect();
    for (line, reply) in [
        (
            "CONFIG SET bind 192.0.2.1",
            "ERR CONFIG SET failed (possibly related to argument 'bind') - Failed to bind to specified addresses.",
        ),
        (
            "CONFIG SET timeout 9 port 7001 bind *",
            "ERR CONFIG SET failed (possibly related to argument 'bind') - Failed to bind to specified addresses.",
        ),
        (
            "CONFIG SET tls-port 7002",
            "ERR CONFIG SET failed (possibly related to argument 'tls-port') - Unable to update TLS configuration. Check \
             server logs.",
        ),
    ] {
        assert_eq!(server.call(&client, line), error(reply), "{line}");
        come_in(&mut server, "127.0.0.1", 6379);
    }
    let timeout = server.call(&client, "CONFIG GET timeout");
    assert_eq!(format!("{timeout:?}"), "[\"timeout\", \"3\"]");
}
