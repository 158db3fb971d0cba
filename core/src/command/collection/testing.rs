//! What the tests of collections' commands share.

use crate::session::Local;
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
