//! Which commands took long, and where their time went; in virtual time, so that the figures are exact.

use rotom_tests::reply::{Value, line};
use rotom_tests::server::Server;
use rotom_tests::sim::Sim;

const LINES: &[&str] = &[
    "enable-debug-command yes",
    "slowlog-log-slower-than 1000",
    "latency-monitor-threshold 5",
];

fn text(value: &Value) -> String {
    match value {
        Value::Bulk(Some(bytes)) => String::from_utf8_lossy(bytes).into_owned(),
        Value::Simple(text) => text.clone(),
        Value::Int(number) => number.to_string(),
        Value::Array(Some(values)) => {
            let all: Vec<_> = values.iter().map(text).collect();
            format!("[{}]", all.join(" "))
        }
        other => format!("{other:?}"),
    }
}

fn started() -> (Server, rotom_tests::sim::SimClient) {
    let sim = Sim::new(1);
    let server = Server::start(&sim, LINES);
    let client = server.connect();
    (server, client)
}

#[test]
fn a_slow_command_is_logged_with_what_it_waited_for() {
    let (mut server, client) = started();
    server.call(&client, "CLIENT SETNAME someone");
    let pipeline = [
        line("SET a 1"),
        line("DEBUG SLEEP 0.25"),
        line("DEBUG SLEEP 0.5"),
    ]
    .concat();
    client.send(&pipeline);
    server.replies(&client, 3);
    let found = text(&server.call(&client, "SLOWLOG GET"));
    let (second, first) = found.split_once("] [").unwrap();
    assert!(second.starts_with("[[1 "), "{found}");
    let address = client.address();
    assert!(
        second.ends_with(&format!(" 500000 [DEBUG SLEEP 0.5] {address} someone")),
        "{found}"
    );
    assert!(first.contains(" 250000 [DEBUG SLEEP 0.25] "), "{found}");
    let details = text(&server.call(&client, "SLOWLOG GET 1 WITHDETAILS"));
    assert!(
        details.contains("queued-usec 250000 executed-usec 500000 "),
        "{details}"
    );
    assert_eq!(text(&server.call(&client, "SLOWLOG LEN")), "2");
    assert_eq!(text(&server.call(&client, "COMMANDLOG LEN slow")), "2");
    let latest = text(&server.call(&client, "LATENCY LATEST"));
    assert!(
        latest.contains("[command ") && latest.contains(" 500 500]"),
        "{latest}"
    );
    assert!(
        latest.contains("[eventloop ") && latest.contains(" 750 750]"),
        "{latest}"
    );
    let doctor = text(&server.call(&client, "LATENCY DOCTOR"));
    assert!(doctor.contains("executed-usec 500000"), "{doctor}");
    assert_eq!(
        text(&server.call(&client, "LATENCY RESET command nothing")),
        "1"
    );
    assert_eq!(text(&server.call(&client, "LATENCY HISTORY command")), "[]");
    let stats = text(&server.call(&client, "INFO commandstats"));
    let wanted = "cmdstat_debug:calls=2,usec=750000,usec_per_call=375000.00,rejected_calls=0,failed_calls=0\r\n";
    assert!(stats.contains(wanted), "{stats}");
    let stats = text(&server.call(&client, "INFO latencystats"));
    assert!(
        stats.contains("latency_percentiles_usec_debug:p50=2"),
        "{stats}"
    );
    let histogram = text(&server.call(&client, "LATENCY HISTOGRAM debug set nothing"));
    assert_eq!(
        histogram,
        "[debug [calls 2 histogram_usec [270532 1 541065 2]] set [calls 1 histogram_usec [1 1]]]"
    );
    assert_eq!(text(&server.call(&client, "SLOWLOG RESET")), "OK");
    assert_eq!(text(&server.call(&client, "SLOWLOG GET -1")), "[]");
}

#[test]
fn nothing_is_logged_that_is_fast_or_secret_or_not_wanted() {
    let (mut server, client) = started();
    for at in 0..20 {
        server.call(&client, &format!("SET key:{at} value"));
    }
    assert_eq!(text(&server.call(&client, "SLOWLOG LEN")), "0");
    server.call(
        &client,
        "CONFIG SET slowlog-log-slower-than 0 slowlog-max-len 3",
    );
    server.call(&client, "CONFIG SET requirepass secret");
    server.call(&client, "AUTH default secret");
    let pipeline = [
        line("GET a"),
        line("NOSUCH"),
        line("GET b"),
        line("GET b c"),
    ]
    .concat();
    client.send(&pipeline);
    server.replies(&client, 4);
    server.call(&client, "CONFIG SET slowlog-log-slower-than -1");
    let found = text(&server.call(&client, "SLOWLOG GET 10"));
    assert!(
        found.contains("[GET a]") && found.contains("[GET b]"),
        "{found}"
    );
    assert!(
        !found.contains("NOSUCH") && !found.contains("b c"),
        "{found}"
    );
    assert!(!found.contains("secret"), "{found}");
    assert_eq!(text(&server.call(&client, "SLOWLOG LEN")), "3");
}

#[test]
fn large_requests_and_replies_are_logged() {
    let (mut server, client) = started();
    let settings =
        "CONFIG SET commandlog-request-larger-than 2000 commandlog-reply-larger-than 3000";
    server.call(&client, settings);
    let value = "x".repeat(2500);
    server.call(&client, &format!("SET a {value}"));
    server.call(&client, "GET a");
    server.call(&client, &format!("SET b {}", "y".repeat(100_000)));
    server.call(&client, "GET b");
    let requests = text(&server.call(&client, "COMMANDLOG GET -1 large-request"));
    assert_eq!(
        text(&server.call(&client, "COMMANDLOG LEN large-request")),
        "2"
    );
    assert!(requests.contains(" 2529 [SET a x"), "{requests}");
    assert!(requests.contains(" 100031 [SET b y"), "{requests}");
    let replies = text(&server.call(&client, "COMMANDLOG GET 5 large-reply"));
    assert_eq!(
        text(&server.call(&client, "COMMANDLOG LEN large-reply")),
        "1"
    );
    assert!(replies.contains(" 100011 [GET b] "), "{replies}");
    server.call(&client, "COMMANDLOG RESET large-reply");
    assert_eq!(
        text(&server.call(&client, "COMMANDLOG LEN large-reply")),
        "0"
    );
    assert_eq!(text(&server.call(&client, "COMMANDLOG LEN slow")), "0");
}

#[test]
fn a_command_that_waited_for_a_key_counts_what_it_ran() {
    let (mut server, client) = started();
    let other = server.connect();
    client.send(&line("BLPOP list 0"));
    server.run_us(2_000_000);
    server.call(&other, "RPUSH list a");
    server.replies(&client, 1);
    assert_eq!(text(&server.call(&client, "SLOWLOG LEN")), "0");
    let stats = text(&server.call(&client, "INFO commandstats"));
    assert!(stats.contains("cmdstat_blpop:calls=1,usec=0,"), "{stats}");
}
