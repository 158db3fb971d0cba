//! Client-side caching on a whole server: who is told of what, when, and in which form.

use rotom_tests::reply::{Value, line, take_replies};
use rotom_tests::server::Server;
use rotom_tests::sim::{Sim, SimClient};

fn start(lines: &[&str]) -> Server {
    Server::start(&Sim::new(1), lines)
}

fn bulk(text: &str) -> Value {
    Value::Bulk(Some(text.into()))
}

fn push(name: &str, keys: &[&str]) -> Value {
    let keys = keys.iter().map(|key| bulk(key)).collect();
    Value::Push(vec![bulk(name), Value::Array(Some(keys))])
}

fn invalidate(keys: &[&str]) -> Value {
    push("invalidate", keys)
}

fn all() -> Value {
    Value::Push(vec![bulk("invalidate"), Value::Null])
}

/// A client under RESP3 that tracks with these options.
fn tracker(server: &mut Server, options: &str) -> SimClient {
    let client = server.connect();
    server.call(&client, "HELLO 3");
    ok(server, &client, &format!("CLIENT TRACKING ON{options}"));
    client
}

#[track_caller]
fn ok(server: &mut Server, client: &SimClient, request: &str) {
    assert_eq!(
        server.call(client, request),
        Value::Simple("OK".into()),
        "{request}"
    );
}

/// What a client gets in a few turns.
fn received(server: &mut Server, client: &SimClient) -> Vec<Value> {
    let mut bytes = Vec::new();
    for _ in 0..3 {
        server.turn();
        bytes.extend(client.receive());
    }
    take_replies(&mut bytes)
}

fn id_of(server: &mut Server, client: &SimClient) -> i64 {
    match server.call(client, "CLIENT ID") {
        Value::Int(id) => id,
        other => unreachable!("{other:?}"),
    }
}

fn info(server: &mut Server, field: &str) -> String {
    let client = server.connect();
    let text = format!("{:?}", server.call(&client, "INFO"));
    let from = text.find(&format!("{field}:")).expect("a field") + field.len() + 1;
    let digits = text[from..].chars().take_while(char::is_ascii_digit);
    let digits = digits.collect();
    client.close();
    server.turn();
    digits
}

#[test]
fn a_key_that_was_read_is_told_once_when_it_changes() {
    let mut server = start(&[]);
    let client = tracker(&mut server, "");
    let other = server.connect();
    server.call(&client, "GET a");
    server.call(&client, "MGET a b c");
    server.call(&client, "SMEMBERS s");
    assert_eq!(info(&mut server, "tracking_total_keys"), "4");
    assert_eq!(info(&mut server, "tracking_clients"), "1");
    for request in [
        "SET a 1",
        "SET a 2",
        "SET d 1",
        "SADD s m",
        "SADD s m",
        "MSET b 1 c 2",
    ] {
        server.call(&other, request);
    }
    let told = ["a", "s", "b", "c"].map(|key| invalidate(&[key]));
    assert_eq!(received(&mut server, &client), told);
    // Again only when it was read again.
    server.call(&other, "DEL a");
    assert_eq!(received(&mut server, &client), []);
    server.call(&client, "GET a");
    ok(&mut server, &client, "CLIENT TRACKING OFF");
    server.call(&other, "SET a 1");
    assert_eq!(received(&mut server, &client), []);
    assert_eq!(info(&mut server, "tracking_total_keys"), "0");
    assert_eq!(info(&mut server, "tracking_clients"), "0");
}

#[test]
fn ones_own_change_is_told_after_its_reply_and_after_exec() {
    let mut server = start(&[]);
    let client = tracker(&mut server, "");
    server.call(&client, "GET a");
    client.send(&[line("SET a 1"), line("PING")].concat());
    let simple = |text: &str| Value::Simple(text.into());
    let expected = [simple("OK"), invalidate(&["a"]), simple("PONG")];
    assert_eq!(received(&mut server, &client), expected);
    client.send(
        &[
            "MULTI", "GET a", "SET a 2", "GET b", "SET b 1", "EXEC", "PING",
        ]
        .map(line)
        .concat(),
    );
    let got = received(&mut server, &client);
    let replies = [bulk("1"), simple("OK"), Value::Null, simple("OK")];
    let expected = [
        Value::Array(Some(replies.to_vec())),
        invalidate(&["a"]),
        invalidate(&["b"]),
        simple("PONG"),
    ];
    assert_eq!(got[5..], expected);
    // NOLOOP: not at all.
    let quiet = tracker(&mut server, " NOLOOP");
    server.call(&quiet, "GET a");
    ok(&mut server, &quiet, "SET a 3");
    assert_eq!(received(&mut server, &quiet), []);
    server.call(&quiet, "GET a");
    server.call(&client, "SET a 4");
    assert_eq!(received(&mut server, &quiet), [invalidate(&["a"])]);
}

#[test]
fn expiry_and_flush_are_told() {
    let mut server = start(&[]);
    let client = tracker(&mut server, "");
    let other = server.connect();
    ok(&mut server, &other, "SET a 1 PX 20");
    server.call(&client, "GET a");
    server.run_us(50_000);
    assert_eq!(received(&mut server, &client), [invalidate(&["a"])]);
    server.call(&client, "GET b");
    ok(&mut server, &other, "FLUSHALL");
    assert_eq!(received(&mut server, &client), [all()]);
    assert_eq!(info(&mut server, "tracking_total_keys"), "0");
    client.send(&line("FLUSHDB"));
    let expected = [Value::Simple("OK".into()), all()];
    assert_eq!(received(&mut server, &client), expected);
}

#[test]
fn caching_is_opted_in_or_out() {
    let mut server = start(&[]);
    let other = server.connect();
    let client = tracker(&mut server, " OPTIN");
    server.call(&client, "GET a");
    ok(&mut server, &client, "CLIENT CACHING YES");
    server.call(&client, "GET b");
    server.call(&client, "GET c");
    assert!(server.call(&client, "CLIENT CACHING NO").is_error("ERR"));
    ok(&mut server, &client, "CLIENT CACHING YES");
    client.send(
        &["MULTI", "GET d", "GET e", "EXEC", "GET f"]
            .map(line)
            .concat(),
    );
    assert_eq!(received(&mut server, &client).len(), 5);
    server.call(&other, "MSET a 1 b 1 c 1 d 1 e 1 f 1");
    let told = ["b", "d", "e"].map(|key| invalidate(&[key]));
    assert_eq!(received(&mut server, &client), told);
    let client = tracker(&mut server, " OPTOUT");
    server.call(&client, "GET a");
    ok(&mut server, &client, "CLIENT CACHING NO");
    server.call(&client, "GET b");
    server.call(&client, "GET c");
    server.call(&other, "MSET a 1 b 1 c 1");
    assert_eq!(
        received(&mut server, &client),
        ["a", "c"].map(|key| invalidate(&[key]))
    );
}

#[test]
fn who_hears_of_all_is_told_once_a_turn() {
    let mut server = start(&[]);
    let other = server.connect();
    let some = tracker(&mut server, " BCAST PREFIX user: PREFIX item:");
    let every = tracker(&mut server, " BCAST NOLOOP");
    assert_eq!(info(&mut server, "tracking_total_prefixes"), "3");
    other.send(
        &["SET user:1 a", "INCR n", "SET user:2 b", "DEL user:1"]
            .map(line)
            .concat(),
    );
    assert_eq!(
        received(&mut server, &some),
        [invalidate(&["user:1", "user:2"])]
    );
    assert_eq!(
        received(&mut server, &every),
        [invalidate(&["n", "user:1", "user:2"])]
    );
    ok(&mut server, &every, "SET item:1 x");
    assert_eq!(received(&mut server, &some), [invalidate(&["item:1"])]);
    assert_eq!(received(&mut server, &every), []);
    some.close();
    server.run_us(1000);
    assert_eq!(info(&mut server, "tracking_total_prefixes"), "1");
}

#[test]
fn invalidations_go_to_the_client_that_was_named() {
    let mut server = start(&[]);
    let target = server.connect();
    let id = id_of(&mut server, &target);
    server.call(&target, "SUBSCRIBE __redis__:invalidate");
    let client = server.connect();
    ok(
        &mut server,
        &client,
        &format!("CLIENT TRACKING ON REDIRECT {id}"),
    );
    assert_eq!(server.call(&client, "CLIENT GETREDIR"), Value::Int(id));
    server.call(&client, "GET a");
    ok(&mut server, &client, "SET a 1");
    ok(&mut server, &client, "FLUSHALL");
    let message = |payload| {
        let words = vec![bulk("message"), bulk("__redis__:invalidate"), payload];
        Value::Array(Some(words))
    };
    let keys = Value::Array(Some(vec![bulk("a")]));
    let got = received(&mut server, &target);
    assert_eq!(got, [message(keys), message(Value::Bulk(None))]);
    let broken = tracker(&mut server, &format!(" REDIRECT {id}"));
    target.close();
    server.run_us(1000);
    server.call(&broken, "GET a");
    ok(&mut server, &client, "SET a 1");
    let expected = Value::Push(vec![bulk("tracking-redir-broken"), Value::Int(id)]);
    assert_eq!(received(&mut server, &broken), [expected]);
    let info = format!("{:?}", server.call(&broken, "CLIENT TRACKINGINFO"));
    assert!(info.contains("broken_redirect"), "{info}");
    let list = format!("{:?}", server.call(&broken, "CLIENT LIST"));
    assert!(
        list.contains("flags=tR") && list.contains(&format!("redir={id}")),
        "{list}"
    );
    let error = server.call(&client, "CLIENT TRACKING ON REDIRECT 123456");
    let text = "ERR The client ID you want redirect to does not exist";
    assert_eq!(error, Value::Error(text.into()));
}

#[test]
fn a_full_table_gives_up_keys_and_tells_so() {
    let mut server = start(&["tracking-table-max-keys 100"]);
    let client = tracker(&mut server, "");
    for number in 0..150 {
        client.send(&line(&format!("GET k{number}")));
    }
    let mut got = vec![];
    while got.len() < 200 {
        got.extend(received(&mut server, &client));
    }
    assert_eq!(got.len(), 200);
    let pushes = got.iter().filter(|value| matches!(value, Value::Push(_)));
    assert_eq!(pushes.count(), 50);
    assert_eq!(info(&mut server, "tracking_total_keys"), "100");
}

#[test]
fn options_that_do_not_go_together_have_redis_errors() {
    let mut server = start(&[]);
    let client = server.connect();
    let switch = |what: &str| {
        format!(
            "ERR You can't switch {what} before disabling tracking for this client, and then re-enabling it with a \
             different mode."
        )
    };
    let overlap = |new, which, old| {
        format!(
            "ERR Prefix '{new}' overlaps with {which} prefix '{old}'. Prefixes for a single client must not overlap."
        )
    };
    for (request, text) in [
        ("TRACKING maybe", "ERR syntax error".to_string()),
        ("TRACKING ON REDIRECT", "ERR syntax error".to_string()),
        ("TRACKING ON REDIRECT x", "ERR value is not an integer or out of range".to_string()),
        ("TRACKING ON PREFIX a", "ERR PREFIX option requires BCAST mode to be enabled".to_string()),
        ("TRACKING ON BCAST OPTIN", "ERR OPTIN and OPTOUT are not compatible with BCAST".to_string()),
        ("TRACKING ON OPTIN OPTOUT", "ERR You can't specify both OPTIN mode and OPTOUT mode".to_string()),
        ("TRACKING ON BCAST PREFIX ab PREFIX a", overlap("ab", "another provided", "a")),
        ("TRACKING ON BCAST PREFIX a PREFIX b", String::new()),
        ("TRACKING ON BCAST PREFIX ab", overlap("ab", "an existing", "a")),
        ("TRACKING ON", switch("BCAST mode on/off")),
        ("TRACKING OFF", String::new()),
        ("CACHING YES", "ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode enabled".to_string()),
        ("TRACKING ON OPTIN", String::new()),
        ("TRACKING ON OPTOUT", switch("OPTIN/OPTOUT mode")),
        ("CACHING NO", "ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.".to_string()),
        ("CACHING x", "ERR syntax error".to_string()),
    ] {
        let expected = match text.is_empty() {
            true => Value::Simple("OK".into()),
            false => Value::Error(text),
        };
        assert_eq!(server.call(&client, &format!("CLIENT {request}")), expected, "{request}");
    }
}
