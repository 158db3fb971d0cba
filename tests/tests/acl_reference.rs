#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests end the test that uses them"
)]
//! Users beside those of a real Redis: many random rules, and what comes of them.
//!
//! Both servers get the same rules for the same users; then what ACL GETUSER, ACL LIST and ACL DRYRUN answer is compared,
//! errors included. Without a reference there is nothing to compare, and the test says so.

use rotom_core::bytes::prng::Prng;
use rotom_core::command::FAMILIES;
use rotom_core::session::Local;
use rotom_tests::reference::Reference;
use rotom_tests::reply::{Value, take_reply};
use std::collections::BTreeSet;

const ROUNDS: usize = 400;

/// Rules about anything but commands, and wrong ones.
const RULES: &[&str] = &[
    "on",
    "off",
    "nopass",
    "resetpass",
    ">secret",
    ">other",
    "<secret",
    "<missing",
    "~*",
    "~a*",
    "~b?",
    "%R~r*",
    "%W~w*",
    "%RW~x",
    "%rw~y",
    "%~z",
    "%X~z",
    "%R",
    "%RR~z",
    "allkeys",
    "resetkeys",
    "&*",
    "&news.*",
    "&chat",
    "allchannels",
    "resetchannels",
    "+@all",
    "-@all",
    "allcommands",
    "nocommands",
    "reset",
    "clearselectors",
    "sanitize-payload",
    "skip-sanitize-payload",
    "bogus",
    "+nosuch",
    "-nosuch",
    "+@nosuch",
    "-@nosuch",
    "+config|nosuch",
    "+config|get|x",
    "-select|0",
    "+select|0",
    "+select|1",
    "+debug|",
    "#0123",
    "!0123",
    "(+get ~s*)",
    "(+@read %R~t* &c)",
    "( )",
    "(on)",
    "(+nosuch)",
    "(+set",
    "~u*)",
    "ON",
    "NOPASS",
    "ALLKEYS",
    "+@ALL",
    "+@String",
    "~A*",
    "#9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "!9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "!0000000000000000000000000000000000000000000000000000000000000000",
];

/// Requests that are tried without being run.
const REQUESTS: &[&str] = &[
    "get a1",
    "get q",
    "set a1 x",
    "set r1 x",
    "set r1 x GET",
    "set w1 x",
    "set w1 x get",
    "get w1",
    "get r1",
    "get x",
    "mget a1 b1 q",
    "mget a1 b1",
    "exists q",
    "exists r1",
    "type w1",
    "object encoding r1",
    "object help",
    "copy r1 w1",
    "copy w1 r1",
    "rename r1 w1",
    "rename x y",
    "zunionstore w1 2 r1 r2",
    "zunionstore w1 2 r1 q",
    "zunionstore w1 9 r1",
    "sort r1 store w1",
    "sort r1 by w_*",
    "bitfield r1 get u8 0",
    "bitfield r1 set u8 0 1",
    "bitfield_ro r1 get u8 0",
    "smove r1 w1 m",
    "lmove r1 w1 left right",
    "lmpop 1 x left",
    "blpop a1 b1 0",
    "georadius r1 0 0 1 m store w1",
    "select 0",
    "select 1",
    "config get x",
    "config set x y",
    "config",
    "config resetstat",
    "client list",
    "client id",
    "client kill x",
    "acl whoami",
    "acl list",
    "ping",
    "auth x",
    "hello",
    "quit",
    "reset",
    "keys *",
    "flushall",
    "debug sleep 0",
    "info",
    "command",
    "command count",
    "memory usage r1",
    "nosuch",
    "get",
    "set a1",
    "del w1",
    "getdel w1",
    "getdel x",
    "expire w1 1",
    "ttl r1",
    "pfcount r1",
    "pfmerge w1 r1",
    "append w1 x",
    "strlen r1",
    "setrange x 0 a",
    "lastsave",
    "time",
    "publish news.a x",
    "publish chat x",
    "publish other x",
    "subscribe chat news.b",
    "subscribe other",
    "psubscribe news.*",
    "psubscribe chat",
    "psubscribe n*",
    "unsubscribe other",
    "spublish chat x",
    "ssubscribe other",
    "multi",
    "exec",
    "watch r1",
];

struct Pair {
    local: Local,
    reference: Reference,
}

impl Pair {
    fn ask(&mut self, text: &str) -> (Value, Value) {
        let ours = take_reply(&mut self.local.line(text)).unwrap();
        (ours, self.reference.ask(text))
    }

    /// Asks both, and returns what they agree on.
    fn same(&mut self, text: &str, why: &str) -> Value {
        let (ours, theirs) = self.ask(text);
        assert_eq!(ours, theirs, "{text}, after {why}");
        ours
    }
}

/// Names of commands and subcommands that both servers have.
fn common_commands(pair: &mut Pair) -> Vec<String> {
    let mut names = Vec::new();
    for spec in FAMILIES.iter().flat_map(|family| family.iter()) {
        names.push(spec.name.to_owned());
        let subcommands = spec.subcommands.iter();
        names.extend(subcommands.map(|sub| format!("{}|{}", spec.name, sub.name)));
    }
    let known = |name: &String| {
        let info = pair.reference.ask(&format!("COMMAND INFO {name}"));
        matches!(info, Value::Array(Some(rows)) if matches!(&rows[..], [Value::Array(Some(_))]))
    };
    names.into_iter().filter(known).collect()
}

fn words(value: &Value) -> BTreeSet<String> {
    let Value::Array(Some(items)) = value else {
        panic!("no list: {value:?}");
    };
    items.iter().map(|item| format!("{item:?}")).collect()
}

fn categories_are_the_same(pair: &mut Pair, common: &[String]) -> Vec<String> {
    let (ours, theirs) = pair.ask("ACL CAT");
    let both = words(&ours);
    assert!(both.is_subset(&words(&theirs)), "{ours:?} {theirs:?}");
    let common: BTreeSet<String> = common.iter().map(|name| format!("{name:?}")).collect();
    let names: Vec<String> = both
        .iter()
        .map(|name| name.trim_matches('"').to_owned())
        .collect();
    for name in &names {
        let (ours, theirs) = pair.ask(&format!("ACL CAT {name}"));
        let of_both = |value| words(value).intersection(&common).cloned().collect();
        let (ours, theirs): (BTreeSet<String>, BTreeSet<String>) =
            (of_both(&ours), of_both(&theirs));
        assert_eq!(ours, theirs, "ACL CAT {name}");
    }
    names
}

fn rule(prng: &mut Prng, commands: &[String], categories: &[String]) -> String {
    let mut one_of = |list: &[String]| list[prng.below(list.len() as u64) as usize].clone();
    let (command, category) = (one_of(commands), one_of(categories));
    let sign = if prng.below(2) == 0 { '+' } else { '-' };
    match prng.below(10) {
        0..4 => format!("{sign}{command}"),
        4..6 => format!("{sign}@{category}"),
        _ => RULES[prng.below(RULES.len() as u64) as usize].to_owned(),
    }
}

#[test]
fn rules_mean_what_they_mean_to_a_real_server() {
    let Some(reference) = Reference::start() else {
        println!("no redis-server is installed: nothing to compare with");
        return;
    };
    if reference.is_valkey || reference.version < (7, 2) {
        println!("users are compared with Redis from 7.2 on");
        return;
    }
    let local = Local::new(1);
    let mut pair = Pair { local, reference };
    let commands = common_commands(&mut pair);
    let categories = categories_are_the_same(&mut pair, &commands);
    // Requests whose command both know.
    let requests: Vec<&&str> = REQUESTS
        .iter()
        .filter(|request| {
            let name = request.split(' ').next().unwrap().to_owned();
            commands.contains(&name) || name == "nosuch"
        })
        .collect();
    let mut prng = Prng::new(11);
    for round in 0..ROUNDS {
        let user = format!("u{}", round % 7);
        let mut line = format!("ACL SETUSER {user}");
        for _ in 0..1 + prng.below(8) {
            line.push(' ');
            line.push_str(&rule(&mut prng, &commands, &categories));
        }
        let reply = pair.same(&line, "the rounds before");
        // As long as nothing was accepted, there may be no such user.
        pair.same(&format!("ACL GETUSER {user}"), &line);
        if matches!(reply, Value::Error(_)) {
            continue;
        }
        pair.same("ACL LIST", &line);
        for request in &requests {
            pair.same(&format!("ACL DRYRUN {user} {request}"), &line);
        }
    }
    pair.same("ACL USERS", "all rounds");
    pair.same("ACL DELUSER u1 u2 nobody", "all rounds");
    pair.same("ACL DELUSER default", "all rounds");
    for misuse in [
        "ACL CAT nosuch",
        "ACL CAT a b",
        "ACL GENPASS 0",
        "ACL GENPASS 5000",
        "ACL GENPASS x",
        "ACL LOG x",
        "ACL LOG 1 2",
        "ACL LOAD",
        "ACL SAVE",
        "ACL DRYRUN nobody get a",
        "ACL GETUSER nobody",
        "ACL nosuch",
        "ACL",
        "ACL WHOAMI",
        "ACL LOG",
        "ACL LOG RESET",
    ] {
        pair.same(misuse, "all rounds");
    }
}
