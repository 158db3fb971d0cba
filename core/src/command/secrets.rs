//! Which arguments of a request are secrets, so that no log shows them.

use super::Args;
use crate::settings::{self, Flags};

/// Whether the argument at `index` is, or may be, a secret.
pub fn is_secret(args: &Args<'_>, index: usize) -> bool {
    let container = |name: &str, sub: &str| args.is(0, name) && args.len() > 1 && args.is(1, sub);
    if index == 0 || args.is_empty() {
        false
    } else if args.is(0, "AUTH") {
        true
    } else if args.is(0, "HELLO") || args.is(0, "MIGRATE") {
        let follows = |back: usize, word: &str| index > back && args.is(index - back, word);
        follows(1, "AUTH") || follows(2, "AUTH") || follows(1, "AUTH2") || follows(2, "AUTH2")
    } else if container("ACL", "SETUSER") {
        index >= 2
    } else if container("CONFIG", "SET") {
        index >= 3 && index % 2 == 1 && is_sensitive(args.at(index - 1))
    } else {
        false
    }
}

fn is_sensitive(name: &[u8]) -> bool {
    settings::lookup(name).is_some_and(|spec| spec.flags.contains(Flags::SENSITIVE))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bytes::hash::Hasher;
    use crate::resp::Span;
    use std::string::String;
    use std::vec::Vec;

    fn shown(line: &str) -> String {
        let mut spans = Vec::new();
        let mut start = 0;
        for word in line.split(' ') {
            let len = word.len() as u32;
            spans.push(Span { start, len });
            start += len + 1;
        }
        let args = Args::new(line.as_bytes(), &spans, Hasher::new(0));
        let word = |(at, word)| if is_secret(&args, at) { "*" } else { word };
        let words: Vec<_> = line.split(' ').enumerate().map(word).collect();
        words.join(" ")
    }

    #[test]
    fn passwords_are_secrets() {
        assert_eq!(shown("auth user pass"), "auth * *");
        assert_eq!(
            shown("HELLO 3 auth user pass SETNAME n"),
            "HELLO 3 auth * * SETNAME n"
        );
        assert_eq!(
            shown("config SET maxmemory 1 requirepass x"),
            "config SET maxmemory 1 requirepass *"
        );
        assert_eq!(shown("ACL SETUSER bob >x"), "ACL SETUSER * *");
        assert_eq!(shown("SET auth user"), "SET auth user");
    }
}
