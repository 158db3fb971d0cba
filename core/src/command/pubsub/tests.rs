//! Subscribing, and what publishers learn. Delivery needs the engine, and has its tests there.

use crate::keyspace::Event;
use crate::resp::Protocol;
use crate::session::Local;
use std::string::{String, ToString};
use std::vec::Vec;

fn subscriber() -> Local {
    let mut local = Local::new(1);
    local.client.slot = Some(3);
    local
}

fn text(local: &mut Local, line: &str) -> String {
    let reply = String::from_utf8_lossy(&local.line(line)).to_string();
    reply.replace("\r\n", " ").trim().to_string()
}

#[test]
fn each_name_has_its_own_answer_with_the_count() {
    let mut local = subscriber();
    let got = text(&mut local, "SUBSCRIBE a b a");
    assert_eq!(
        got,
        "*3 $9 subscribe $1 a :1 *3 $9 subscribe $1 b :2 *3 $9 subscribe $1 a :2"
    );
    assert_eq!(
        text(&mut local, "PSUBSCRIBE *"),
        "*3 $10 psubscribe $1 * :3"
    );
    assert_eq!(
        text(&mut local, "SSUBSCRIBE s"),
        "*3 $10 ssubscribe $1 s :1"
    );
    assert_eq!(
        text(&mut local, "UNSUBSCRIBE b x"),
        "*3 $11 unsubscribe $1 b :2 *3 $11 unsubscribe $1 x :2"
    );
    local.client.protocol = Protocol::Resp3;
    assert_eq!(
        text(&mut local, "PUNSUBSCRIBE"),
        ">3 $12 punsubscribe $1 * :1"
    );
    assert_eq!(text(&mut local, "PUNSUBSCRIBE"), ">3 $12 punsubscribe _ :1");
    assert_eq!(
        text(&mut local, "UNSUBSCRIBE"),
        ">3 $11 unsubscribe $1 a :0"
    );
    assert!(local.client.subscriber.is_some());
    assert_eq!(
        text(&mut local, "SUNSUBSCRIBE"),
        ">3 $12 sunsubscribe $1 s :0"
    );
    assert!(local.client.subscriber.is_none());
    assert_eq!(
        text(&mut local, "SUNSUBSCRIBE q"),
        ">3 $12 sunsubscribe $1 q :0"
    );
}

#[test]
fn under_resp2_a_subscriber_may_send_little_else() {
    let mut local = subscriber();
    local.line("SUBSCRIBE a");
    assert_eq!(
        text(&mut local, "GET k"),
        "-ERR Can't execute 'get': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this \
         context"
    );
    assert!(text(&mut local, "CONFIG GET hz").starts_with("-ERR Can't execute 'config|get': only"));
    assert_eq!(text(&mut local, "PING"), "*2 $4 pong $0");
    assert_eq!(text(&mut local, "PING hi"), "*2 $4 pong $2 hi");
    local.client.protocol = Protocol::Resp3;
    assert_eq!(text(&mut local, "GET k"), "_");
    assert_eq!(text(&mut local, "PING"), "+PONG");
    local.client.protocol = Protocol::Resp2;
    local.line("UNSUBSCRIBE");
    assert_eq!(text(&mut local, "GET k"), "$-1");
    assert_eq!(text(&mut local, "PING"), "+PONG");
}

#[test]
fn subscriptions_are_answered_even_if_replies_are_off() {
    let mut local = subscriber();
    local.line("CLIENT REPLY OFF");
    assert_eq!(text(&mut local, "SUBSCRIBE a"), "*3 $9 subscribe $1 a :1");
    assert_eq!(text(&mut local, "PING"), "");
}

#[test]
fn a_client_without_connection_cannot_listen() {
    let mut local = Local::new(1);
    assert_eq!(
        text(&mut local, "PSUBSCRIBE a"),
        "-ERR PSUBSCRIBE isn't allowed for a DENY BLOCKING client"
    );
    assert_eq!(text(&mut local, "PUBLISH a b"), ":0");
    assert_eq!(text(&mut local, "UNSUBSCRIBE"), "*3 $11 unsubscribe $-1 :0");
}

#[test]
fn publishers_learn_how_many_get_it() {
    let mut local = subscriber();
    local.client.protocol = Protocol::Resp3;
    local.line("SUBSCRIBE news");
    local.line("PSUBSCRIBE n* *");
    local.line("SSUBSCRIBE news");
    local.shared.keys.events.clear();
    assert_eq!(text(&mut local, "PUBLISH news x"), ":3");
    assert_eq!(text(&mut local, "SPUBLISH news x"), ":1");
    assert_eq!(text(&mut local, "SPUBLISH other x"), ":0");
    assert_eq!(text(&mut local, "PUBLISH other x"), ":1");
    let events = local.shared.keys.events.take();
    let sharded: Vec<bool> = events
        .iter()
        .map(|event| {
            matches!(
                event,
                Event::Message {
                    is_sharded: true,
                    ..
                }
            )
        })
        .collect();
    assert_eq!(sharded, [false, true, false]);
}

#[test]
fn pubsub_tells_about_subscriptions() {
    let mut local = subscriber();
    local.client.protocol = Protocol::Resp3;
    local.line("SUBSCRIBE a1 a2 b1");
    local.line("PSUBSCRIBE x* y*");
    local.line("SSUBSCRIBE s1");
    assert_eq!(text(&mut local, "PUBSUB CHANNELS"), "*3 $2 a1 $2 a2 $2 b1");
    assert_eq!(text(&mut local, "PUBSUB CHANNELS a*"), "*2 $2 a1 $2 a2");
    assert_eq!(
        text(&mut local, "PUBSUB NUMSUB a1 no"),
        "*4 $2 a1 :1 $2 no :0"
    );
    assert_eq!(text(&mut local, "PUBSUB NUMSUB"), "*0");
    assert_eq!(text(&mut local, "PUBSUB NUMPAT"), ":2");
    assert_eq!(text(&mut local, "PUBSUB SHARDCHANNELS"), "*1 $2 s1");
    assert_eq!(text(&mut local, "PUBSUB SHARDNUMSUB s1"), "*2 $2 s1 :1");
    assert_eq!(
        text(&mut local, "PUBSUB CHANNELS a b"),
        "-ERR unknown subcommand or wrong number of arguments for 'CHANNELS'. Try PUBSUB HELP."
    );
    assert_eq!(
        text(&mut local, "PUBSUB NOPE"),
        "-ERR unknown subcommand 'NOPE'. Try PUBSUB HELP."
    );
    assert!(text(&mut local, "PUBSUB HELP").starts_with("*13 "));
}
