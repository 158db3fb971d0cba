//! The page of metrics, and those who read it in odd ways.

use rotom_tests::reply::Value;
use rotom_tests::server::Server;
use rotom_tests::sim::{Sim, SimClient};

const PORT: u16 = 9121;

fn started() -> Server {
    let sim = Sim::new(1);
    let mut server = Server::start(&sim, &["enable-debug-command yes"]);
    let client = server.connect();
    let set = server.call(&client, "CONFIG SET metrics-port 9121");
    assert_eq!(set, Value::Simple("OK".into()));
    server
}

fn reader(server: &Server) -> SimClient {
    let host = "127.0.0.1";
    let listener = server.sim.listener_at(host, PORT).expect("a listener");
    server.sim.connect(listener)
}

/// What comes until the connection is closed, or until nothing more comes for a while.
fn answer(server: &mut Server, reader: &SimClient) -> String {
    let mut bytes = Vec::new();
    for _ in 0..50 {
        server.turn();
        bytes.extend(reader.receive());
    }
    String::from_utf8(bytes).expect("text")
}

fn ask(server: &mut Server, request: &str) -> (String, bool) {
    let reader = reader(server);
    reader.send(request.as_bytes());
    let text = answer(server, &reader);
    (text, reader.is_closed_by_server())
}

#[test]
fn the_page_has_a_value_for_every_metric_and_types_for_all() {
    let mut server = started();
    let client = server.connect();
    let from_us = server.sim.now_us();
    for at in 0..20 {
        server.call(&client, &format!("SET key:{at} value EX {}", 100 + at));
    }
    server.call(&client, "DEBUG SLEEP 0.003");
    server.call(&client, "NOSUCH \"x\\\"");
    let (text, is_closed) = ask(&mut server, "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
    assert!(!is_closed);
    let (head, body) = text.split_once("\r\n\r\n").expect("a head and a body");
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
    let length = format!("Content-Length: {}\r\n", body.len());
    assert!(head.contains(&length), "{head}");
    let (mut name, mut values) = (String::new(), 0);
    for line in body.lines() {
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            name = rest.split(' ').next().unwrap_or_default().to_owned();
        } else if !line.starts_with('#') {
            assert!(line.starts_with(&name) && !name.is_empty(), "{line}");
            let value = line.rsplit(' ').next().unwrap_or_default();
            assert!(value.parse::<f64>().is_ok(), "{line}");
            values += 1;
        }
    }
    assert!(values > 80, "{values}");
    for wanted in [
        "rotom_command_calls_total{command=\"set\"} 20\n",
        "rotom_command_duration_seconds_bucket{command=\"set\",le=\"0.000001024\"} 20\n",
        "rotom_command_duration_seconds_bucket{command=\"debug\",le=\"0.001048576\"} 0\n",
        "rotom_command_duration_seconds_bucket{command=\"debug\",le=\"0.004194304\"} 1\n",
        "rotom_command_duration_seconds_sum{command=\"debug\"} 0.003\n",
        "rotom_command_duration_seconds_count{command=\"debug\"} 1\n",
        "rotom_error_replies_total{error=\"ERR\"} 1\n",
        "rotom_db_keys{db=\"db0\"} 20\n",
        "rotom_db_keys_expiring{db=\"db0\"} 20\n",
        "rotom_connected_clients 1\n",
    ] {
        assert!(body.contains(wanted), "{wanted} is not in\n{body}");
    }
    // It is no client, and INFO tells the mean time that keys have left.
    let info = format!("{:?}", server.call(&client, "INFO keyspace"));
    let bytes = match server.call(&client, "INFO keyspace") {
        Value::Bulk(Some(bytes)) => String::from_utf8(bytes).expect("text"),
        other => unreachable!("{other:?}"),
    };
    let ttl = bytes
        .split("avg_ttl=")
        .nth(1)
        .and_then(|rest| rest.split(',').next());
    let ttl: u64 = ttl.and_then(|ttl| ttl.parse().ok()).expect("a number");
    // They were given 100 to 119 seconds.
    let passed_ms = (server.sim.now_us() - from_us) / 1000;
    let sum = ttl + passed_ms;
    assert!((109_400..=109_600).contains(&sum), "{ttl} {info}");
}

#[test]
fn requests_of_all_kinds_are_answered() {
    let mut server = started();
    for (request, status, is_kept) in [
        ("GET /healthz HTTP/1.1\r\n\r\n", "200 OK", true),
        ("HEAD /metrics HTTP/1.0\r\n\r\n", "200 OK", false),
        (
            "GET / HTTP/1.1\r\nConnection: close\r\n\r\n",
            "404 Not Found",
            false,
        ),
        (
            "POST /metrics HTTP/1.1\r\n\r\n",
            "405 Method Not Allowed",
            false,
        ),
        ("*1\r\n$4\r\nPING\r\n\r\n", "400 Bad Request", false),
    ] {
        let (text, is_closed) = ask(&mut server, request);
        assert!(
            text.starts_with(&format!("HTTP/1.1 {status}\r\n")),
            "{request}: {text}"
        );
        assert_eq!(is_closed, !is_kept, "{request}");
    }
    let long = format!("GET / HTTP/1.1\r\nX: {}", "x".repeat(20_000));
    let (text, is_closed) = ask(&mut server, &long);
    assert!(text.starts_with("HTTP/1.1 431 ") && is_closed, "{text}");
    // Several requests in one piece, and one byte by byte.
    let (text, _) = ask(&mut server, &"GET /healthz HTTP/1.1\r\n\r\n".repeat(3));
    assert_eq!(text.matches("ok\n").count(), 3, "{text}");
    let slow = reader(&server);
    for byte in b"GET /healthz HTTP/1.1\r\n\r\n" {
        slow.send(&[*byte]);
        server.turn();
    }
    assert!(answer(&mut server, &slow).ends_with("\r\n\r\nok\n"));
}

#[test]
fn who_is_slow_is_disconnected_and_the_others_are_few() {
    let mut server = started();
    let client = server.connect();
    let mut readers: Vec<_> = (0..20).map(|_| reader(&server)).collect();
    server.run_us(1_000_000);
    let closed = readers.iter().filter(|it| it.is_closed_by_server()).count();
    assert_eq!(closed, 4);
    server.run_us(10_000_000);
    assert!(readers.iter().all(SimClient::is_closed_by_server));
    readers.clear();
    // One that does not take the page.
    let stuck = reader(&server);
    stuck.set_send_buffer(100);
    stuck.send(b"GET /metrics HTTP/1.1\r\n\r\nGET /metrics HTTP/1.1\r\n\r\n");
    server.run_us(1_000_000);
    assert_eq!(stuck.unreceived_len(), 100);
    let mut taken = stuck.receive_up_to(60).len();
    server.run_us(500_000);
    taken += stuck.receive().len();
    assert_eq!(taken, 160);
    server.run_us(11_000_000);
    assert!(stuck.is_closed_by_server());
    // It does not count as a client.
    let list = server.call(&client, "INFO clients");
    assert!(format!("{list:?}").len() > 10);
    assert_eq!(
        server.call(&client, "CONFIG SET metrics-port 0"),
        Value::Simple("OK".into())
    );
    assert_eq!(server.sim.listener_at("127.0.0.1", PORT), None);
}
