//! Replies as real clients see them, byte for byte.

use crate::command::{Ask, Shutdown};
use crate::resp::Protocol;
use crate::session::Local;
use std::string::String;
use std::vec::Vec;

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap()
}

fn expect(local: &mut Local, line: &str, reply: &str) {
    assert_eq!(text(local.line(line)), reply, "{line}");
}

fn ask(local: &mut Local, line: &str) -> Ask {
    let words: Vec<&[u8]> = line.split(' ').map(str::as_bytes).collect();
    let mut out = Vec::new();
    let ask = local.run(&words, &mut out).unwrap();
    assert!(out.is_empty(), "{line} was answered");
    *ask
}

/// Walks over one reply and returns what follows it: every header must promise what is there.
fn after_one_reply(reply: &str) -> &str {
    let (line, mut rest) = reply.split_once("\r\n").unwrap();
    let (kind, value) = line.split_at(1);
    let elements = match kind {
        "*" | "~" => value.parse::<usize>().unwrap(),
        "%" => 2 * value.parse::<usize>().unwrap(),
        "$" => {
            if value != "-1" {
                let len: usize = value.parse().unwrap();
                assert_eq!(&rest[len..len + 2], "\r\n");
                rest = &rest[len + 2..];
            }
            0
        }
        "+" | ":" | "_" | "," => 0,
        _ => unreachable!("{line}"),
    };
    for _ in 0..elements {
        rest = after_one_reply(rest);
    }
    rest
}

const GET_ROW_RESP3: &str = "*10\r\n$3\r\nget\r\n:2\r\n~2\r\n+readonly\r\n+fast\r\n:1\r\n:1\r\n:1\r\n\
     ~3\r\n+@read\r\n+@string\r\n+@fast\r\n~0\r\n~1\r\n%3\r\n$5\r\nflags\r\n~2\r\n+RO\r\n+access\r\n\
     $12\r\nbegin_search\r\n%2\r\n$4\r\ntype\r\n$5\r\nindex\r\n$4\r\nspec\r\n%1\r\n$5\r\nindex\r\n:1\r\n\
     $9\r\nfind_keys\r\n%2\r\n$4\r\ntype\r\n$5\r\nrange\r\n$4\r\nspec\r\n%3\r\n$7\r\nlastkey\r\n:0\r\n\
     $7\r\nkeystep\r\n:1\r\n$5\r\nlimit\r\n:0\r\n~0\r\n";

/// The same under RESP2: sets are arrays, maps are flat.
fn get_row_resp2() -> String {
    let maps = GET_ROW_RESP3.replace('~', "*");
    let maps = maps.replace("%3", "*6").replace("%2", "*4");
    maps.replace("%1", "*2")
}

#[test]
fn command_info_has_ten_elements() {
    let mut local = Local::new(1);
    let old = std::format!("*1\r\n{}", get_row_resp2());
    expect(&mut local, "COMMAND INFO GET", &old);
    expect(&mut local, "COMMAND INFO nosuch", "*1\r\n$-1\r\n");
    local.client.protocol = Protocol::Resp3;
    let new = std::format!("*2\r\n_\r\n{GET_ROW_RESP3}");
    expect(&mut local, "COMMAND INFO nosuch get", &new);
    for name in ["get|x", "client|foo", "client|list|x", "|", ""] {
        let line = std::format!("COMMAND INFO '{name}'");
        expect(&mut local, &line, "*1\r\n_\r\n");
    }
    expect(
        &mut local,
        "COMMAND INFO Client|List",
        "*1\r\n*10\r\n$11\r\nclient|list\r\n:-2\r\n~4\r\n+admin\r\n+noscript\r\n+loading\r\n+stale\r\n\
         :0\r\n:0\r\n:0\r\n~4\r\n+@admin\r\n+@slow\r\n+@dangerous\r\n+@connection\r\n\
         ~1\r\n$23\r\nnondeterministic_output\r\n~0\r\n~0\r\n",
    );
    let client = text(local.line("COMMAND INFO client"));
    assert!(client.starts_with(
        "*1\r\n*10\r\n$6\r\nclient\r\n:-2\r\n~0\r\n:0\r\n:0\r\n:0\r\n~1\r\n+@slow\r\n~0\r\n~0\r\n*19\r\n*10\r\n"
    ));
}

#[test]
fn every_row_makes_a_whole_reply() {
    let mut local = Local::new(1);
    let count = local.shared.registry.specs().count();
    expect(&mut local, "COMMAND COUNT", &std::format!(":{count}\r\n"));
    for protocol in [Protocol::Resp2, Protocol::Resp3] {
        local.client.protocol = protocol;
        let all = text(local.line("COMMAND"));
        assert!(all.starts_with(&std::format!("*{count}\r\n")));
        assert_eq!(after_one_reply(&all), "");
        assert_eq!(text(local.line("COMMAND INFO")), all);
        let docs = text(local.line("COMMAND DOCS"));
        assert_eq!(after_one_reply(&docs), "");
        let list = text(local.line("COMMAND LIST"));
        assert_eq!(after_one_reply(&list), "");
        let listed = list.matches('$').count();
        assert_eq!(listed, local.shared.registry.len());
        assert_eq!(after_one_reply(&text(local.line("COMMAND HELP"))), "");
    }
}

#[test]
fn command_docs_is_a_map() {
    let mut local = Local::new(1);
    expect(&mut local, "COMMAND DOCS nosuch", "*0\r\n");
    expect(
        &mut local,
        "COMMAND DOCS echo nosuch",
        "*2\r\n$4\r\necho\r\n*10\r\n$7\r\nsummary\r\n$26\r\nAnswers the given message.\r\n\
         $5\r\nsince\r\n$5\r\n1.0.0\r\n$5\r\ngroup\r\n$10\r\nconnection\r\n$10\r\ncomplexity\r\n$4\r\nO(1)\r\n\
         $9\r\narguments\r\n*1\r\n*6\r\n$4\r\nname\r\n$7\r\nmessage\r\n$4\r\ntype\r\n$6\r\nstring\r\n\
         $12\r\ndisplay_text\r\n$7\r\nmessage\r\n",
    );
    local.client.protocol = Protocol::Resp3;
    expect(
        &mut local,
        "COMMAND DOCS quit lolwut",
        "%2\r\n$4\r\nquit\r\n%7\r\n$7\r\nsummary\r\n$40\r\nCloses the connection after its replies.\r\n\
         $5\r\nsince\r\n$5\r\n1.0.0\r\n$5\r\ngroup\r\n$10\r\nconnection\r\n$10\r\ncomplexity\r\n$4\r\nO(1)\r\n\
         $9\r\ndoc_flags\r\n~1\r\n+deprecated\r\n$16\r\ndeprecated_since\r\n$5\r\n7.2.0\r\n\
         $11\r\nreplaced_by\r\n$27\r\njust closing the connection\r\n\
         $6\r\nlolwut\r\n%4\r\n$7\r\nsummary\r\n$39\r\nDraws something, and tells the version.\r\n\
         $5\r\nsince\r\n$5\r\n5.0.0\r\n$5\r\ngroup\r\n$6\r\nserver\r\n\
         $9\r\narguments\r\n*1\r\n%5\r\n$4\r\nname\r\n$7\r\nversion\r\n$4\r\ntype\r\n$7\r\ninteger\r\n\
         $12\r\ndisplay_text\r\n$7\r\nversion\r\n$5\r\ntoken\r\n$7\r\nVERSION\r\n\
         $5\r\nflags\r\n~1\r\n+optional\r\n",
    );
    let config = text(local.line("COMMAND DOCS config"));
    assert!(config.contains("$11\r\nsubcommands\r\n%5\r\n$10\r\nconfig|get\r\n%6\r\n"));
}

#[test]
fn command_list_filters() {
    let mut local = Local::new(1);
    for (line, reply) in [
        (
            "COMMAND LIST FILTERBY PATTERN 'SHUT*'",
            "*1\r\n$8\r\nshutdown\r\n",
        ),
        (
            "COMMAND LIST FILTERBY pattern config|g*",
            "*1\r\n$10\r\nconfig|get\r\n",
        ),
        ("COMMAND LIST FILTERBY MODULE x", "*0\r\n"),
        ("COMMAND LIST FILTERBY ACLCAT x", "*0\r\n"),
        ("COMMAND LIST FILTERBY foo x", "-ERR syntax error\r\n"),
        ("COMMAND LIST FILTERBY", "-ERR syntax error\r\n"),
        ("COMMAND LIST x", "-ERR syntax error\r\n"),
    ] {
        expect(&mut local, line, reply);
    }
    let dangerous = text(local.line("COMMAND LIST FILTERBY ACLCAT DANGEROUS"));
    assert!(dangerous.contains("\r\nclient|kill\r\n") && !dangerous.contains("\r\nget\r\n"));
}

#[test]
fn command_getkeys() {
    let mut local = Local::new(1);
    for (line, reply) in [
        ("COMMAND GETKEYS GET a", "*1\r\n$1\r\na\r\n"),
        ("COMMAND GETKEYS object encoding k", "*1\r\n$1\r\nk\r\n"),
        (
            "COMMAND GETKEYSANDFLAGS get k",
            "*1\r\n*2\r\n$1\r\nk\r\n*2\r\n+RO\r\n+access\r\n",
        ),
        (
            "COMMAND GETKEYS get",
            "-ERR Invalid number of arguments specified for command\r\n",
        ),
        (
            "COMMAND GETKEYS nosuch x",
            "-ERR Invalid command specified\r\n",
        ),
        (
            "COMMAND GETKEYS object foo k",
            "-ERR Invalid command specified\r\n",
        ),
        (
            "COMMAND GETKEYS ping x",
            "-ERR The command has no key arguments\r\n",
        ),
        (
            "COMMAND GETKEYS",
            "-ERR wrong number of arguments for 'command|getkeys' command\r\n",
        ),
        (
            "COMMAND foo",
            "-ERR unknown subcommand 'foo'. Try COMMAND HELP.\r\n",
        ),
    ] {
        expect(&mut local, line, reply);
    }
    local.client.protocol = Protocol::Resp3;
    expect(
        &mut local,
        "COMMAND GETKEYSANDFLAGS memory usage k",
        "*1\r\n*2\r\n$1\r\nk\r\n~1\r\n+RO\r\n",
    );
}

#[test]
fn config_get_is_a_map() {
    let mut local = Local::new(1);
    expect(
        &mut local,
        "CONFIG GET hash-max-listpack-v* nosuch Port",
        "*4\r\n$23\r\nhash-max-listpack-value\r\n$2\r\n64\r\n$4\r\nPort\r\n$4\r\n6379\r\n",
    );
    expect(&mut local, "CONFIG GET nosuch", "*0\r\n");
    local.client.protocol = Protocol::Resp3;
    expect(
        &mut local,
        "CONFIG GET port",
        "%1\r\n$4\r\nport\r\n$4\r\n6379\r\n",
    );
    assert_eq!(after_one_reply(&text(local.line("CONFIG GET *"))), "");
}

#[test]
fn config_set_takes_all_or_nothing() {
    let mut local = Local::new(1);
    let refused = |setting: &str, why: &str| {
        std::format!(
            "-ERR CONFIG SET failed (possibly related to argument '{setting}') - {why}\r\n"
        )
    };
    for (line, reply) in [
        ("CONFIG SET maxclients 7 a", "-ERR syntax error\r\n"),
        (
            "CONFIG SET maxclients 7 a b",
            "-ERR Unknown option or number of arguments for CONFIG SET - 'a'\r\n",
        ),
        (
            "CONFIG SET maxclients 7 databases 3",
            &refused("databases", "can't set immutable config"),
        ),
        (
            "CONFIG SET maxclients 7 hash-max-listpack-value x",
            &refused("hash-max-listpack-value", "argument must be a memory value"),
        ),
        (
            "CONFIG SET maxclients",
            "-ERR wrong number of arguments for 'config|set' command\r\n",
        ),
    ] {
        expect(&mut local, line, reply);
        assert_eq!(local.shared.settings.maxclients, 10_000);
    }
    let Ask::SettingsChanged(changes) = ask(&mut local, "CONFIG SET maxclients 7 timeout 0") else {
        unreachable!()
    };
    assert_eq!(changes.names(), ["maxclients"]);
    assert_eq!(local.shared.settings.maxclients, 7);
    // In process there is nothing but the thresholds to apply.
    expect(
        &mut local,
        "CONFIG SET hash-max-listpack-entries 3",
        "+OK\r\n",
    );
    assert_eq!(local.shared.keys.limits.hash_max_listpack_entries, 3);
}

#[test]
fn config_asks_the_engine_for_the_rest() {
    let mut local = Local::new(1);
    let rewrite = ask(&mut local, "CONFIG REWRITE");
    assert!(matches!(rewrite, Ask::ConfigRewrite));
    let reset = ask(&mut local, "CONFIG RESETSTAT");
    assert!(matches!(reset, Ask::ResetStatistics));
    local.line("NOSUCH");
    assert_eq!(local.shared.statistics.errors, 1);
    expect(&mut local, "CONFIG RESETSTAT", "+OK\r\n");
    assert_eq!(local.shared.statistics.errors, 0);
    expect(
        &mut local,
        "CONFIG GET",
        "-ERR wrong number of arguments for 'config|get' command\r\n",
    );
    let help = text(local.line("CONFIG HELP"));
    assert!(help.starts_with("*11\r\n+CONFIG <subcommand> ["));
}

#[test]
fn info_hands_its_sections_on() {
    let mut local = Local::new(1);
    let mut sections = |line: &str| match ask(&mut local, line) {
        Ask::Info(sections) => sections,
        _ => unreachable!(),
    };
    assert!(sections("INFO").is_empty());
    assert_eq!(sections("info Server KEYSPACE"), ["server", "keyspace"]);
    assert!(matches!(ask(&mut local, "LASTSAVE"), Ask::LastSave));
}

#[test]
fn time_has_seconds_and_microseconds() {
    let mut local = Local::new(1);
    local.shared.set_time(1_700_000_000_000_042);
    expect(
        &mut local,
        "TIME",
        "*2\r\n$10\r\n1700000000\r\n$2\r\n42\r\n",
    );
}

#[test]
fn shutdown_options() {
    let mut local = Local::new(1);
    let mut options = |line: &str| match ask(&mut local, line) {
        Ask::Shutdown(options) => options,
        _ => unreachable!(),
    };
    let none = Shutdown::default();
    assert_eq!(options("SHUTDOWN"), none);
    let all = Shutdown {
        save: true,
        now: true,
        force: true,
        ..none
    };
    assert_eq!(options("shutdown save NOW force"), all);
    let no_save = Shutdown {
        no_save: true,
        ..none
    };
    assert_eq!(options("SHUTDOWN NOSAVE"), no_save);
    let abort = Shutdown {
        abort: true,
        ..none
    };
    assert_eq!(options("SHUTDOWN ABORT"), abort);
    for line in ["SHUTDOWN SAVE NOSAVE", "SHUTDOWN ABORT NOW", "SHUTDOWN x"] {
        expect(&mut local, line, "-ERR syntax error\r\n");
    }
}

#[test]
fn lolwut_tells_the_version() {
    let mut local = Local::new(1);
    let old = text(local.line("LOLWUT VERSION 5 1 2 3"));
    assert!(old.starts_with('$') && old.ends_with("Redis ver. 7.4.0\n\r\n"));
    local.client.protocol = Protocol::Resp3;
    let new = text(local.line("LOLWUT"));
    assert!(new.starts_with('=') && new.contains("\r\ntxt:"));
    expect(
        &mut local,
        "LOLWUT VERSION x",
        "-ERR value is not an integer or out of range\r\n",
    );
}

#[test]
fn what_is_done_with_a_key_follows_from_the_arguments() {
    let mut local = Local::new(1);
    for (request, flags) in [
        ("SET k v", "*2\r\n+OW\r\n+update\r\n"),
        ("SET k v NX get", "*3\r\n+RW\r\n+access\r\n+update\r\n"),
        ("BITFIELD k GET u8 0", "*2\r\n+RO\r\n+access\r\n"),
        (
            "BITFIELD k GET u8 0 SET u8 0 1",
            "*3\r\n+RW\r\n+access\r\n+update\r\n",
        ),
        ("BITFIELD k NONE", "*3\r\n+RW\r\n+access\r\n+update\r\n"),
    ] {
        let line = std::format!("COMMAND GETKEYSANDFLAGS {request}");
        let wanted = std::format!("*1\r\n*2\r\n$1\r\nk\r\n{flags}");
        expect(&mut local, &line, &wanted);
    }
}
