//! Replies as real clients see them, byte for byte.

use crate::command::client_filter::ClientTraits;
use crate::command::{Ask, ClientFilter};
use crate::resp::Protocol;
use crate::session::Local;
use std::string::{String, ToString};
use std::vec::Vec;

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap()
}

fn expect(local: &mut Local, line: &str, reply: &str) {
    assert_eq!(text(local.line(line)), reply, "{line}");
}

/// What a request asks of the engine.
fn ask(local: &mut Local, line: &str) -> Ask {
    let words: Vec<&[u8]> = line.split(' ').map(str::as_bytes).collect();
    let mut out = Vec::new();
    let ask = local.run(&words, &mut out).unwrap();
    assert!(out.is_empty(), "{line} was answered");
    *ask
}

#[test]
fn ping_echo_select() {
    let mut local = Local::new(1);
    for (line, reply) in [
        ("PING", "+PONG\r\n"),
        ("ping hi", "$2\r\nhi\r\n"),
        (
            "PING a b",
            "-ERR wrong number of arguments for 'ping' command\r\n",
        ),
        ("ECHO x", "$1\r\nx\r\n"),
        ("SELECT 3", "+OK\r\n"),
        (
            "SELECT x",
            "-ERR value is not an integer or out of range\r\n",
        ),
        (
            "SELECT 3000000000",
            "-ERR value is out of range, value must between -2147483648 and 2147483647\r\n",
        ),
        ("SELECT 16", "-ERR DB index is out of range\r\n"),
        ("SELECT -1", "-ERR DB index is out of range\r\n"),
    ] {
        expect(&mut local, line, reply);
    }
    assert_eq!(local.client.db, 3);
    expect(&mut local, "SET a 1", "+OK\r\n");
    expect(&mut local, "SELECT 0", "+OK\r\n");
    expect(&mut local, "GET a", "$-1\r\n");
}

#[test]
fn quit_replies_then_closes() {
    let mut local = Local::new(1);
    let mut out = Vec::new();
    let asked = local.run(&[b"QUIT", b"now"], &mut out);
    assert!(matches!(asked.as_deref(), Some(Ask::Close)));
    assert_eq!(text(out), "+OK\r\n");
    assert!(matches!(ask(&mut local, "RESET"), Ask::Reset));
}

#[test]
fn auth_without_a_password() {
    let mut local = Local::new(1);
    expect(
        &mut local,
        "AUTH x",
        "-ERR AUTH <password> called without any password configured for the default user. \
         Are you sure your configuration is correct?\r\n",
    );
    expect(&mut local, "AUTH default whatever", "+OK\r\n");
    expect(
        &mut local,
        "AUTH bob x",
        "-WRONGPASS invalid username-password pair or user is disabled.\r\n",
    );
    expect(&mut local, "AUTH a b c", "-ERR syntax error\r\n");
}

#[test]
fn auth_with_a_password() {
    let wrong = "-WRONGPASS invalid username-password pair or user is disabled.\r\n";
    let mut local = Local::new(1);
    local.shared.users.set_default_password(b"s3cret");
    local.client.set_authenticated(false);
    expect(&mut local, "GET a", "-NOAUTH Authentication required.\r\n");
    expect(
        &mut local,
        "CLIENT ID",
        "-NOAUTH Authentication required.\r\n",
    );
    for line in ["AUTH S3cret", "AUTH bob s3cret", "AUTH default ''"] {
        expect(&mut local, line, wrong);
        assert!(!local.client.is_authenticated());
    }
    expect(&mut local, "AUTH s3cret", "+OK\r\n");
    expect(&mut local, "GET a", "$-1\r\n");
    // A failure does not take away what was granted.
    expect(&mut local, "AUTH default x", wrong);
    assert!(local.client.is_authenticated());
    expect(&mut local, "AUTH default s3cret", "+OK\r\n");
}

#[test]
fn hello_greets_in_the_chosen_version() {
    let mut local = Local::new(1);
    local.client.id = 42;
    let body = |proto: &str| {
        std::format!(
            "$6\r\nserver\r\n$5\r\nredis\r\n$7\r\nversion\r\n$5\r\n7.4.0\r\n$5\r\nproto\r\n:{proto}\r\n\
             $2\r\nid\r\n:42\r\n$4\r\nmode\r\n$10\r\nstandalone\r\n$4\r\nrole\r\n$6\r\nmaster\r\n\
             $7\r\nmodules\r\n*0\r\n"
        )
    };
    expect(&mut local, "HELLO", &("*14\r\n".to_string() + &body("2")));
    let new = "%7\r\n".to_string() + &body("3");
    expect(&mut local, "HELLO 3 SETNAME bob", &new);
    assert_eq!(local.client.name, "bob");
    expect(&mut local, "GET a", "_\r\n");
    expect(&mut local, "HELLO", &new);
    expect(&mut local, "HELLO 2", &("*14\r\n".to_string() + &body("2")));
}

#[test]
fn hello_refuses_and_changes_nothing() {
    let mut local = Local::new(1);
    local.shared.users.set_default_password(b"p");
    local.client.set_authenticated(false);
    for (line, reply) in [
        (
            "HELLO x",
            "-ERR Protocol version is not an integer or out of range\r\n",
        ),
        ("HELLO 4", "-NOPROTO unsupported protocol version\r\n"),
        ("HELLO 1", "-NOPROTO unsupported protocol version\r\n"),
        ("HELLO 3 foo", "-ERR Syntax error in HELLO option 'foo'\r\n"),
        (
            "HELLO 3 AUTH a",
            "-ERR Syntax error in HELLO option 'AUTH'\r\n",
        ),
        (
            "HELLO 3 SETNAME",
            "-ERR Syntax error in HELLO option 'SETNAME'\r\n",
        ),
        (
            "HELLO 3 SETNAME 'a b'",
            "-ERR Client names cannot contain spaces, newlines or special characters.\r\n",
        ),
        (
            "HELLO 3 AUTH default q SETNAME bob",
            "-WRONGPASS invalid username-password pair or user is disabled.\r\n",
        ),
        (
            "HELLO 3 SETNAME bob",
            "-NOAUTH HELLO must be called with the client already authenticated, otherwise the \
             HELLO <proto> AUTH <user> <pass> option can be used to authenticate the client and \
             select the RESP protocol version at the same time\r\n",
        ),
    ] {
        expect(&mut local, line, reply);
        let client = &local.client;
        assert_eq!(client.protocol, Protocol::Resp2);
        assert!(!client.is_authenticated() && client.name.is_empty());
    }
    let greeting = text(local.line("HELLO 3 setname bob auth default p"));
    assert!(greeting.starts_with("%7\r\n"));
    assert!(local.client.is_authenticated() && local.client.name == "bob");
}

#[test]
fn client_names_and_library() {
    let mut local = Local::new(1);
    local.client.id = 7;
    let plain = "cannot contain spaces, newlines or special characters.\r\n";
    for (line, reply) in [
        ("CLIENT ID", ":7\r\n"),
        ("CLIENT GETNAME", "$-1\r\n"),
        ("CLIENT SETNAME bob", "+OK\r\n"),
        ("CLIENT GETNAME", "$3\r\nbob\r\n"),
        (
            "CLIENT SETNAME 'a b'",
            &std::format!("-ERR Client names {plain}"),
        ),
        ("CLIENT SETNAME ''", "+OK\r\n"),
        ("CLIENT GETNAME", "$-1\r\n"),
        ("CLIENT SETINFO LIB-NAME redis-py", "+OK\r\n"),
        ("CLIENT SETINFO lib-ver 5.0", "+OK\r\n"),
        (
            "CLIENT SETINFO lib-ver \"5\\n0\"",
            &std::format!("-ERR lib-ver {plain}"),
        ),
        ("CLIENT SETINFO foo x", "-ERR Unrecognized option 'foo'\r\n"),
    ] {
        expect(&mut local, line, reply);
    }
    let client = &mut local.client;
    assert_eq!((&*client.lib_name, &*client.lib_ver), ("redis-py", "5.0"));
    client.protocol = Protocol::Resp3;
    expect(&mut local, "CLIENT GETNAME", "_\r\n");
}

#[test]
fn client_switches() {
    let mut local = Local::new(1);
    expect(&mut local, "CLIENT NO-EVICT on", "+OK\r\n");
    expect(&mut local, "CLIENT NO-TOUCH ON", "+OK\r\n");
    assert!(local.client.no_evict && local.client.no_touch);
    expect(&mut local, "CLIENT NO-EVICT maybe", "-ERR syntax error\r\n");
    expect(&mut local, "CLIENT NO-TOUCH maybe", "-ERR syntax error\r\n");
    expect(&mut local, "CLIENT NO-EVICT off", "+OK\r\n");
    expect(&mut local, "CLIENT NO-TOUCH off", "+OK\r\n");
    assert!(!local.client.no_evict && !local.client.no_touch);
}

#[test]
fn client_reply_silences() {
    let mut local = Local::new(1);
    for (line, reply) in [
        ("CLIENT REPLY foo", "-ERR syntax error\r\n"),
        ("CLIENT REPLY SKIP", ""),
        ("PING", ""),
        ("PING", "+PONG\r\n"),
        ("CLIENT REPLY SKIP", ""),
        ("CLIENT REPLY ON", "+OK\r\n"),
        ("CLIENT REPLY OFF", ""),
        ("PING", ""),
        ("CLIENT REPLY SKIP", ""),
        ("PING", ""),
        ("PING", ""),
        ("NOSUCH", ""),
        ("CLIENT REPLY ON", "+OK\r\n"),
        ("PING", "+PONG\r\n"),
    ] {
        expect(&mut local, line, reply);
    }
}

#[test]
fn client_list_filters() {
    let mut local = Local::new(1);
    let mut filter = |line: &str| match ask(&mut local, line) {
        Ask::ClientList(filter) => filter,
        _ => unreachable!(),
    };
    assert_eq!(filter("CLIENT LIST"), ClientFilter::default());
    assert_eq!(
        filter("CLIENT LIST TYPE Slave").is.kind.as_deref(),
        Some("replica")
    );
    assert_eq!(
        filter("CLIENT LIST TYPE PUBSUB").is.kind.as_deref(),
        Some("pubsub")
    );
    // Negative numbers are no client's; none of them must come to mean all clients.
    assert_eq!(filter("CLIENT LIST ID 5 -3 7").is.ids, [5, 0, 7]);
    let several =
        filter("CLIENT LIST ID 5 6 NAME n NOT-ID 7 8 NOT-FLAGS bx IP ::1 DB 3 CAPA r IDLE 4");
    let expected = ClientFilter {
        is: ClientTraits {
            ids: [5, 6].into(),
            name: Some("n".into()),
            ip: Some("::1".into()),
            db: Some(3),
            capabilities: Some("r".into()),
            ..ClientTraits::default()
        },
        is_not: ClientTraits {
            ids: [7, 8].into(),
            flags: Some("bx".into()),
            ..ClientTraits::default()
        },
        min_idle_seconds: Some(4),
        ..ClientFilter::default()
    };
    assert_eq!(several, expected);
    assert!(matches!(ask(&mut local, "CLIENT INFO"), Ask::ClientInfo));
    for (line, reply) in [
        ("CLIENT LIST ID", "-ERR syntax error\r\n"),
        ("CLIENT LIST ID 1 x", "-ERR Invalid client ID\r\n"),
        ("CLIENT LIST TYPE foo", "-ERR Unknown client type 'foo'\r\n"),
        ("CLIENT LIST TYPE normal x", "-ERR syntax error\r\n"),
        ("CLIENT LIST foo bar", "-ERR syntax error\r\n"),
        (
            "CLIENT LIST FLAGS q",
            "-ERR Unknown flags found in the provided filter: q\r\n",
        ),
        (
            "CLIENT LIST NOT-CAPA q",
            "-ERR Unknown capa found in the NOT-CAPA filter: q\r\n",
        ),
        (
            "CLIENT LIST DB 16",
            "-ERR DB number should be between 0 and 15\r\n",
        ),
        (
            "CLIENT LIST IDLE 0",
            "-ERR idle should be greater than 0\r\n",
        ),
    ] {
        expect(&mut local, line, reply);
    }
}

#[test]
fn client_kill_filters() {
    let mut local = Local::new(1);
    let mut filter = |line: &str| match ask(&mut local, line) {
        Ask::ClientKill { filter, old_form } => (filter, old_form),
        _ => unreachable!(),
    };
    let (old, is_old) = filter("CLIENT KILL 127.0.0.1:5");
    assert_eq!(old.is.address.as_deref(), Some("127.0.0.1:5"));
    assert!(is_old && !old.skip_me);
    let (all, is_old) = filter(
        "CLIENT KILL id 3 ID 4 MAXAGE 9 TYPE master ADDR a:1 LADDR b:2 USER default SKIPME no",
    );
    let expected = ClientFilter {
        is: ClientTraits {
            ids: [3, 4].into(),
            address: Some("a:1".into()),
            local_address: Some("b:2".into()),
            kind: Some("master".into()),
            user: Some("default".into()),
            ..ClientTraits::default()
        },
        min_age_seconds: Some(9),
        ..ClientFilter::default()
    };
    assert!(all == expected && !is_old);
    assert!(filter("CLIENT KILL TYPE normal").0.skip_me);
    assert!(filter("CLIENT KILL TYPE normal SKIPME yes").0.skip_me);
    let id = "-ERR client-id should be greater than 0\r\n";
    for (line, reply) in [
        ("CLIENT KILL ID 0", id),
        ("CLIENT KILL ID -1", id),
        ("CLIENT KILL ID x", id),
        (
            "CLIENT KILL MAXAGE x",
            "-ERR maxage is not an integer or out of range\r\n",
        ),
        (
            "CLIENT KILL MAXAGE 0",
            "-ERR maxage should be greater than 0\r\n",
        ),
        ("CLIENT KILL TYPE x", "-ERR Unknown client type 'x'\r\n"),
        ("CLIENT KILL USER bob", "-ERR No such user 'bob'\r\n"),
        ("CLIENT KILL SKIPME maybe", "-ERR syntax error\r\n"),
        ("CLIENT KILL ADDR a FOO", "-ERR syntax error\r\n"),
        ("CLIENT KILL ADDR a FOO b", "-ERR syntax error\r\n"),
    ] {
        expect(&mut local, line, reply);
    }
}

#[test]
fn containers_answer_misuse_as_redis_does() {
    let mut local = Local::new(1);
    for (line, reply) in [
        (
            "CLIENT",
            "-ERR wrong number of arguments for 'client' command\r\n",
        ),
        (
            "client foo",
            "-ERR unknown subcommand 'foo'. Try CLIENT HELP.\r\n",
        ),
        (
            "CLIENT KILL",
            "-ERR wrong number of arguments for 'client|kill' command\r\n",
        ),
        (
            "CLIENT HELP x",
            "-ERR wrong number of arguments for 'client|help' command\r\n",
        ),
    ] {
        expect(&mut local, line, reply);
    }
    let help = text(local.line("CLIENT HELP"));
    assert!(help.contains(
        "+CLIENT <subcommand> [<arg> [value] [opt] ...]. Subcommands are:\r\n+CACHING (YES|NO)\r\n"
    ));
    assert!(help.ends_with("+HELP\r\n+    Print this help.\r\n"));
    let lines = help.matches("\r\n+").count();
    assert!(help.starts_with(&std::format!("*{lines}\r\n")));
}

#[test]
fn pauses_are_read_as_in_redis() {
    let mut local = Local::new(1);
    for (line, ms, all) in [
        ("CLIENT PAUSE 100", 100, true),
        ("CLIENT PAUSE 0 ALL", 0, true),
        ("CLIENT PAUSE 7 write", 7, false),
    ] {
        let Ask::ClientPause {
            timeout_ms,
            is_for_all,
        } = ask(&mut local, line)
        else {
            panic!("{line} pauses");
        };
        assert_eq!((timeout_ms, is_for_all), (ms, all));
    }
    for (line, reply) in [
        (
            "CLIENT PAUSE x",
            "-ERR timeout is not an integer or out of range\r\n",
        ),
        ("CLIENT PAUSE -1", "-ERR timeout is negative\r\n"),
        (
            "CLIENT PAUSE 1 some",
            "-ERR CLIENT PAUSE mode must be WRITE or ALL\r\n",
        ),
        ("CLIENT CAPA redirect", "+OK\r\n"),
        (
            "CLIENT CAPA",
            "-ERR wrong number of arguments for 'client|capa' command\r\n",
        ),
    ] {
        expect(&mut local, line, reply);
    }
    assert!(local.client.can_redirect);
}
