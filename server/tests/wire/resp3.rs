//! HELLO, and the types of RESP3 where Redis uses them.

use crate::support::{Folder, Server, Value};

fn field<'v>(map: &'v Value, name: &str) -> &'v Value {
    let Value::Map(pairs) = map else {
        panic!("no map: {map}");
    };
    let is = |key: &Value| *key == Value::Bulk(name.into());
    &pairs.iter().find(|(key, _)| is(key)).unwrap().1
}

#[test]
fn hello_chooses_the_protocol_and_describes_the_server() {
    let folder = Folder::new();
    let server = Server::start(&folder, &[]);
    let mut client = server.client();
    let hello = client.call("HELLO 3 SETNAME me");
    let Value::Map(pairs) = &hello else {
        panic!("no map: {hello}");
    };
    let names: Vec<String> = pairs.iter().map(|(key, _)| key.to_string()).collect();
    assert_eq!(
        names,
        [
            "server", "version", "proto", "id", "mode", "role", "modules"
        ]
    );
    assert_eq!(field(&hello, "server").to_string(), "redis");
    assert_eq!(*field(&hello, "proto"), Value::Int(3));
    assert_eq!(field(&hello, "mode").to_string(), "standalone");
    assert_eq!(field(&hello, "role").to_string(), "master");
    assert_eq!(*field(&hello, "modules"), Value::Array(vec![]));
    assert_eq!(client.call("CLIENT ID"), *field(&hello, "id"));
    assert_eq!(client.ask("CLIENT GETNAME"), "me");

    let hello = client.call("HELLO 2");
    assert_eq!(hello.items().len(), 14);
    assert_eq!(client.ask("GET nothing"), "nil");
}

#[test]
fn hello_refuses_what_it_does_not_know() {
    let folder = Folder::new();
    let server = Server::start(&folder, &[]);
    let mut client = server.client();
    let cases = [
        ("HELLO 4", "-NOPROTO unsupported protocol version"),
        (
            "HELLO x",
            "-ERR Protocol version is not an integer or out of range",
        ),
        (
            "HELLO 3 NOSUCH",
            "-ERR Syntax error in HELLO option 'NOSUCH'",
        ),
        (
            "HELLO 3 AUTH default wrong",
            "-WRONGPASS invalid username-password pair or user is disabled.",
        ),
    ];
    // Without a password the default user takes any.
    for (line, wanted) in &cases[..3] {
        assert_eq!(client.ask(line), *wanted);
    }
    assert_eq!(client.ask("CONFIG SET requirepass secret"), "+OK");
    assert_eq!(client.ask(cases[3].0), cases[3].1);
    assert!(matches!(
        client.call("HELLO 3 AUTH default secret"),
        Value::Map(_)
    ));
}

#[test]
fn replies_have_resp3_types() {
    let folder = Folder::new();
    let server = Server::start(&folder, &[]);
    let mut client = server.client();
    client.call("HELLO 3");
    for (line, wanted) in [
        ("GET nothing", "nil"),
        ("HSET h a 1 b 2", ":2"),
        ("HGETALL h", "{a: 1, b: 2}"),
        ("HRANDFIELD h -1 WITHVALUES", ""),
        ("SADD s 1 2", ":2"),
        ("SMEMBERS s", "~[1 2]"),
        ("ZADD z 1.5 a 2 b", ":2"),
        ("ZSCORE z a", ",1.5"),
        ("ZADD z INCR 1 b", ",3"),
        ("ZINCRBY z inf b", ",inf"),
        ("ZMSCORE z a none", "[,1.5 nil]"),
        ("ZRANGE z 0 -1 WITHSCORES", "[[a ,1.5] [b ,inf]]"),
        ("ZRANK z b WITHSCORE", "[:1 ,inf]"),
        ("ZPOPMIN z", "[a ,1.5]"),
        ("ZPOPMAX z 1", "[[b ,inf]]"),
        ("CONFIG GET maxclients", "{maxclients: 10000}"),
        ("LPOP none", "nil"),
        ("LPOP none 1", "nil"),
    ] {
        let got = client.ask(line);
        if wanted.is_empty() {
            assert!(
                got.starts_with("[[") && got.ends_with("]]"),
                "{line}: {got}"
            );
        } else {
            assert_eq!(got, wanted, "{line}");
        }
    }
    assert!(
        matches!(client.call("INFO server"), Value::Verbatim(text) if text.starts_with("txt:# Server"))
    );
    assert!(
        matches!(client.call("CLIENT LIST"), Value::Verbatim(text) if text.contains(" resp=3 "))
    );
    assert!(matches!(client.call("COMMAND DOCS get"), Value::Map(_)));
    // RESET goes back to RESP2.
    assert_eq!(client.ask("RESET"), "+RESET");
    assert_eq!(client.ask("HGETALL h"), "[a 1 b 2]");
}
