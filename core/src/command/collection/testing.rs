//! What the tests of collections' commands share.

use crate::bytes::prng::Prng;
use crate::session::Local;
use std::collections::BTreeMap;
use std::format;
use std::string::String;
use std::vec::Vec;

pub(in crate::command) const WRONG_TYPE: &str =
    "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n";

/// A client with a log, and a key that holds a string.
pub(in crate::command) fn rotom() -> Local {
    let mut local = Local::new(11);
    local.line("SET string value");
    local.shared.keys.effects.set_enabled(true);
    local
}

pub(in crate::command) fn line(local: &mut Local, line: &str) -> String {
    String::from_utf8(local.line(line)).unwrap()
}

/// Runs each line and compares its reply, in which `|` stands for a line end.
pub(in crate::command) fn expect(local: &mut Local, lines: &[(&str, &str)]) {
    for (command, reply) in lines {
        let reply = reply.replace('|', "\r\n");
        assert_eq!(line(local, command), reply, "{command}");
    }
}

/// The strings of a reply, or of an effect.
pub(in crate::command) fn strings(resp: &str) -> Vec<String> {
    let lines = resp.split("\r\n");
    let texts = lines.filter(|line| !line.is_empty() && !line.starts_with(['*', '$', '~', '%']));
    texts.map(String::from).collect()
}

pub(in crate::command) fn words(local: &mut Local, command: &str) -> Vec<String> {
    strings(&line(local, command))
}

pub(in crate::command) fn encoding(local: &mut Local, key: &str) -> &'static str {
    let key = local.shared.keys.key(key.as_bytes());
    let entry = local.shared.keys.peek_quietly(&key);
    entry.map_or("none", |entry| entry.encoding_name())
}

/// What was logged, one command after the other, without SELECT.
pub(in crate::command) fn effects(local: &mut Local) -> Vec<String> {
    let bytes = String::from_utf8(local.take_effects()).unwrap();
    let commands = bytes.split('*').skip(1);
    let commands = commands.map(|command| strings(command.split_once("\r\n").unwrap().1));
    let commands = commands.filter(|words| words[0] != "SELECT");
    commands.map(|words| words.join(" ")).collect()
}

/// The next of a seeded run of random commands: in `templates`, `?` is a key, `@` a member, `#` a number.
pub(in crate::command) fn random_command(prng: &mut Prng, templates: &[&str]) -> String {
    let template = templates[prng.below(templates.len() as u64) as usize];
    let mut line = String::new();
    for letter in template.chars() {
        match letter {
            '?' => line.push_str(["a", "b", "c", "d", "e"][prng.below(5) as usize]),
            '@' => line.push_str(["1", "2", "x", "y", "z", "w"][prng.below(6) as usize]),
            '#' => line.push_str(&format!("{}", prng.below(9))),
            other => line.push(other),
        }
    }
    line
}

/// Every key: its encoding, its expiry, and the reply to the command among `readers` that reads its type.
fn contents(local: &mut Local, readers: &[&str]) -> BTreeMap<String, (String, Vec<String>)> {
    let keys = words(local, "KEYS *");
    let read = |key: String| {
        let replies = readers
            .iter()
            .map(|reader| words(local, &reader.replace('?', &key)));
        let mut replies: Vec<String> = replies
            .filter(|reply| !reply[0].starts_with('-'))
            .flatten()
            .collect();
        if readers.iter().any(|reader| reader.starts_with("SMEMBERS")) {
            replies.sort();
        }
        let expiry = line(local, &format!("PEXPIRETIME {key}"));
        let kept = format!("{} {expiry}", encoding(local, &key));
        (key, (kept, replies))
    };
    keys.into_iter().map(read).collect()
}

/// Runs random commands from `templates`, now and then replays what was logged so far, and compares.
pub(in crate::command) fn check_replay(seed: u64, templates: &[&str], readers: &[&str]) {
    const START_MS: u64 = 1_700_000_000_000;
    let mut prng = Prng::new(seed);
    for round in 0..40 {
        let (mut local, mut log) = (rotom(), Vec::new());
        let mut now_ms = START_MS;
        local.line("DEL string");
        local.take_effects();
        for _ in 0..120 {
            now_ms += prng.below(10);
            local.set_time_ms(now_ms);
            local.line(&random_command(&mut prng, templates));
            log.append(&mut effects(&mut local));
        }
        let mut again = Local::new(12);
        again.set_time_ms(now_ms);
        again.shared.keys.loading = true;
        for command in &log {
            // What ran as one is bracketed by these.
            if command != "MULTI" && command != "EXEC" {
                let reply = line(&mut again, command);
                assert!(!reply.starts_with('-'), "{command}: {reply}");
            }
        }
        again.shared.keys.loading = false;
        let expected = contents(&mut local, readers);
        assert_eq!(contents(&mut again, readers), expected, "round {round}");
    }
}
