//! The family through a client in process, in every encoding.

mod adding;
mod combining;
mod ranges;
mod replay;
mod sampling;
mod taking;

use crate::resp::Protocol;
use crate::session::Local;
use std::collections::BTreeSet;
use std::format;
use std::string::String;
use std::vec::Vec;

/// Runs a test on listpacks, on big sets, and where the one becomes the other.
fn in_each_encoding(test: impl Fn(&mut Local)) {
    for entries in [128, 0, 2] {
        let mut local = Local::new(7);
        local.shared.keys.limits.zset_max_listpack_entries = entries;
        local.shared.keys.effects.set_enabled(true);
        test(&mut local);
    }
}

/// The reply with line ends as spaces.
fn reply(local: &mut Local, line: &str) -> String {
    let reply = String::from_utf8(local.line(line)).unwrap();
    reply.trim_end().replace("\r\n", " ")
}

fn expect(local: &mut Local, line: &str, expected: &str) {
    assert_eq!(reply(local, line), expected, "{line}");
}

/// The members of a reply that has only strings.
fn strings(local: &mut Local, line: &str) -> Vec<String> {
    let reply = String::from_utf8(local.line(line)).unwrap();
    let parts = reply.split("\r\n");
    parts
        .filter(|part| !part.is_empty() && !part.starts_with(['$', '*']))
        .map(String::from)
        .collect()
}

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(String::from).collect()
}

fn expect_strings(local: &mut Local, line: &str, expected: &str) {
    assert_eq!(strings(local, line), words(expected), "{line}");
}

/// What went to the log, without SELECT, one command a line.
fn effects(local: &mut Local) -> Vec<String> {
    let log = String::from_utf8(local.take_effects()).unwrap();
    let mut commands: Vec<String> = Vec::new();
    for part in log.split("\r\n").filter(|part| !part.starts_with('$')) {
        match commands.last_mut() {
            _ if part.starts_with('*') => commands.push(String::new()),
            Some(command) if command.is_empty() => command.push_str(part),
            Some(command) if !part.is_empty() => {
                command.push(' ');
                command.push_str(part);
            }
            _ => {}
        }
    }
    commands.retain(|command| !command.starts_with("SELECT"));
    commands
}

fn resp3(local: &mut Local) {
    local.client.protocol = Protocol::Resp3;
}

const WRONG_TYPE: &str = "-WRONGTYPE Operation against a key holding the wrong kind of value";

#[test]
fn every_command_minds_the_type() {
    let mut local = Local::new(1);
    local.line("SET s x");
    for line in [
        "ZADD s 1 a",
        "ZADD s XX 1 a",
        "ZINCRBY s 1 a",
        "ZCARD s",
        "ZCOUNT s 0 1",
        "ZLEXCOUNT s - +",
        "ZSCORE s a",
        "ZMSCORE s a",
        "ZRANK s a",
        "ZREVRANK s a",
        "ZRANGE s 0 1",
        "ZREVRANGE s 0 1",
        "ZRANGEBYSCORE s 0 1",
        "ZREVRANGEBYSCORE s 1 0",
        "ZRANGEBYLEX s - +",
        "ZREVRANGEBYLEX s + -",
        "ZRANGESTORE d s 0 1",
        "ZREM s a",
        "ZREMRANGEBYRANK s 0 1",
        "ZREMRANGEBYSCORE s 0 1",
        "ZREMRANGEBYLEX s - +",
        "ZPOPMIN s",
        "ZPOPMAX s 0",
        "ZMPOP 1 s MIN",
        "ZSCAN s 0",
        "ZRANDMEMBER s",
        "ZRANDMEMBER s 2",
        "ZUNION 1 s",
        "ZINTER 2 none s",
        "ZDIFF 2 none s",
        "ZUNIONSTORE d 1 s",
        "ZINTERSTORE d 2 none s",
        "ZDIFFSTORE d 2 none s",
        "ZINTERCARD 2 none s",
    ] {
        expect(&mut local, line, WRONG_TYPE);
    }
    expect(&mut local, "ZMPOP 2 none s MIN", WRONG_TYPE);
    expect(&mut local, "GET s", "$1 x");
}

#[test]
fn lookups_find_scores_and_ranks() {
    in_each_encoding(|local| {
        local.line("ZADD z 1 a 2 b 2 c 3.5 d");
        expect(local, "ZCARD z", ":4");
        expect(local, "ZSCORE z d", "$3 3.5");
        expect(local, "ZSCORE z x", "$-1");
        expect(local, "ZSCORE none x", "$-1");
        expect(local, "ZMSCORE z a x d", "*3 $1 1 $-1 $3 3.5");
        expect(local, "ZMSCORE none a b", "*2 $-1 $-1");
        expect(local, "ZRANK z c", ":2");
        expect(local, "ZREVRANK z c", ":1");
        expect(local, "ZRANK z x", "$-1");
        expect(local, "ZRANK z c WITHSCORE", "*2 :2 $1 2");
        expect(local, "ZREVRANK z d withscore", "*2 :0 $3 3.5");
        expect(local, "ZRANK z x WITHSCORE", "*-1");
        expect(local, "ZRANK none x WITHSCORE", "*-1");
        expect(local, "ZRANK z c SCORE", "-ERR syntax error");
        expect(
            local,
            "ZREVRANK z c WITHSCORE x",
            "-ERR wrong number of arguments for 'zrevrank' command",
        );
        expect(local, "ZCOUNT z 2 3.5", ":3");
        expect(local, "ZCOUNT z (2 +inf", ":1");
        expect(local, "ZCOUNT z 3 1", ":0");
        expect(local, "ZCOUNT none 3 1", ":0");
        expect(local, "ZCOUNT z x 1", "-ERR min or max is not a float");
        resp3(local);
        expect(local, "ZSCORE z d", ",3.5");
        expect(local, "ZSCORE z x", "_");
        expect(local, "ZMSCORE z a x", "*2 ,1 _");
        expect(local, "ZRANK z c WITHSCORE", "*2 :2 ,2");
        expect(local, "ZRANK z x WITHSCORE", "_");
    });
}

#[test]
fn the_log_gets_changes_only() {
    in_each_encoding(|local| {
        let commands = [
            "ZADD z 1 a 2 b 3 c",
            "ZINCRBY z 1 a",
            "ZREM z a",
            "ZPOPMIN z",
            "ZREMRANGEBYSCORE z 0 100",
        ];
        for command in commands {
            let dirty = local.shared.keys.dirty;
            local.line(command);
            assert!(local.shared.keys.dirty > dirty, "{command}");
        }
        assert_eq!(effects(local), commands);
        local.line("ZADD z 1 a");
        effects(local);
        let dirty = local.shared.keys.dirty;
        for command in [
            "ZADD z 1 a",
            "ZADD z NX 5 a",
            "ZADD z XX 5 b",
            "ZINCRBY z 0 a",
            "ZREM z x",
            "ZPOPMIN z 0",
            "ZPOPMIN none",
            "ZMPOP 1 none MIN",
            "ZREMRANGEBYRANK z 5 6",
            "ZRANGESTORE none none 0 1",
            "ZUNIONSTORE none 1 none",
            "ZINTERSTORE none 2 z none",
            "ZDIFFSTORE none 2 z z",
            "ZUNIONSTORE z 1 z WEIGHTS x",
            "ZRANGE z 0 -1",
            "ZRANDMEMBER z",
            "ZADD z x x",
        ] {
            local.line(command);
            assert_eq!(local.shared.keys.dirty, dirty, "{command}");
        }
        assert!(effects(local).is_empty());
    });
}

#[test]
fn many_changes_count_as_many() {
    let mut local = Local::new(1);
    for (line, changes) in [
        ("ZADD z 1 a 2 b 3 c 4 d 5 e", 5),
        ("ZREM z a b x", 2),
        ("ZADD z 9 c 9 d 5 e", 2),
        ("ZPOPMIN z 2", 2),
    ] {
        let before = local.shared.keys.dirty;
        local.line(line);
        assert_eq!(local.shared.keys.dirty - before, changes, "{line}");
    }
}

#[test]
fn members_may_hold_any_bytes() {
    in_each_encoding(|local| {
        let members: [&[u8]; 5] = [b"", b"\x00", b"\xff\xfe", b"12", b"a\r\nb"];
        for member in members {
            assert_eq!(local.call(&[b"ZADD", b"z", b"1", member]), b":1\r\n");
        }
        for member in members {
            assert_eq!(local.call(&[b"ZSCORE", b"z", member]), b"$1\r\n1\r\n");
        }
        assert_eq!(
            local.call(&[b"ZRANGE", b"z", b"0", b"-1"]),
            b"*5\r\n$0\r\n\r\n$1\r\n\x00\r\n$2\r\n12\r\n$4\r\na\r\nb\r\n$2\r\n\xff\xfe\r\n"
        );
    });
}
