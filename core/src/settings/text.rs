//! The text of a redis.conf: lines, words and their quoting (Redis's own rules), and the way back.
//!
//! ```text
//! # a comment                      lines are trimmed; blank ones and comments are skipped
//! save 900 1                       words are separated by blanks
//! requirepass "a \"b\" \x00\n"     double quotes take \xHH \n \r \t \b \a and \ before anything
//! dir '/it\'s here'                single quotes take only \'
//! ```

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt::Write;

/// A line that could not be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigTextError {
    /// The line's number; the first is 1.
    pub line_number: usize,
    /// The line without the blanks around it.
    pub line: String,
    /// What is wrong with it, in Redis's words.
    pub message: String,
}

/// Calls `each` with the number and words of every line that says something. The first word comes in
/// lower case. An error of `each` stops the walk and comes back with the line.
pub fn parse_config_text<E: ToString>(
    text: &[u8],
    mut each: impl FnMut(usize, &[Vec<u8>]) -> Result<(), E>,
) -> Result<(), ConfigTextError> {
    for (index, raw) in text.split(|&byte| byte == b'\n').enumerate() {
        let line = trim(raw);
        let line_number = index + 1;
        let error = |message: String| ConfigTextError {
            line_number,
            line: String::from_utf8_lossy(line).into_owned(),
            message,
        };
        if line.is_empty() || line.starts_with(b"#") {
            continue;
        }
        let Some(mut words) = split_words(line) else {
            return Err(error("Unbalanced quotes in configuration line".into()));
        };
        let Some(name) = words.first_mut() else {
            continue;
        };
        name.make_ascii_lowercase();
        each(line_number, &words).map_err(|cause| error(cause.to_string()))?;
    }
    Ok(())
}

/// Splits a line into words; `None` when a quote is not closed or is followed by more than a blank.
pub fn split_words(line: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut words = Vec::new();
    let mut rest = line;
    loop {
        let blanks = rest.iter().take_while(|&&byte| is_blank(byte)).count();
        rest = &rest[blanks..];
        if rest.is_empty() {
            return Some(words);
        }
        let (word, after) = take_word(rest)?;
        words.push(word);
        rest = after;
    }
}

/// Takes one word from the front; a quote may also open in the middle of it.
fn take_word(mut rest: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let mut word = Vec::new();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        match byte {
            b' ' | b'\n' | b'\r' | b'\t' => break,
            b'"' => return take_quoted(word, rest, b'"'),
            b'\'' => return take_quoted(word, rest, b'\''),
            _ => word.push(byte),
        }
    }
    Some((word, rest))
}

/// Takes the rest of a word up to the closing `quote`, which ends the word.
fn take_quoted(mut word: Vec<u8>, mut rest: &[u8], quote: u8) -> Option<(Vec<u8>, &[u8])> {
    loop {
        rest = match rest {
            [byte, after @ ..] if *byte == quote => {
                let ends = after.first().is_none_or(|&byte| is_blank(byte));
                return ends.then_some((word, after));
            }
            [b'\\', escape @ ..] if quote == b'"' && !escape.is_empty() => {
                let (byte, after) = unescape(escape)?;
                word.push(byte);
                after
            }
            [b'\\', b'\'', after @ ..] if quote == b'\'' => {
                word.push(b'\'');
                after
            }
            [byte, after @ ..] => {
                word.push(*byte);
                after
            }
            [] => return None,
        };
    }
}

/// Reads what follows a backslash in double quotes.
fn unescape(escape: &[u8]) -> Option<(u8, &[u8])> {
    if let [b'x', high, low, after @ ..] = escape
        && let (Some(high), Some(low)) = (hex(*high), hex(*low))
    {
        return Some((high << 4 | low, after));
    }
    let (&byte, after) = escape.split_first()?;
    let byte = match byte {
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'b' => 0x08,
        b'a' => 0x07,
        other => other,
    };
    Some((byte, after))
}

/// Quotes a word so that [`split_words`] gives it back.
pub fn quote(word: &[u8]) -> String {
    let mut out = String::with_capacity(word.len() + 2);
    out.push('"');
    for &byte in word {
        match byte {
            b'\\' | b'"' => {
                out.push('\\');
                out.push(char::from(byte));
            }
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            0x07 => out.push_str("\\a"),
            0x08 => out.push_str("\\b"),
            b' '..=b'~' => out.push(char::from(byte)),
            // Writing to a string cannot fail.
            _ => drop(write!(out, "\\x{byte:02x}")),
        }
    }
    out.push('"');
    out
}

/// A line without the blanks around it.
pub(super) fn trim(line: &[u8]) -> &[u8] {
    let blank = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
    let start = line.iter().take_while(|byte| blank(byte)).count();
    let line = &line[start..];
    let end = line.iter().rev().take_while(|byte| blank(byte)).count();
    &line[..line.len() - end]
}

/// What `isspace` of C says.
fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).map(|value| value as u8)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::vec;

    fn words(line: &str) -> Option<Vec<String>> {
        let words = split_words(line.as_bytes())?;
        Some(
            words
                .into_iter()
                .map(|word| String::from_utf8(word).unwrap())
                .collect(),
        )
    }

    fn some(list: &[&str]) -> Option<Vec<String>> {
        Some(list.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn words_follow_redis_quoting() {
        assert_eq!(words("save 900\t1 "), some(&["save", "900", "1"]));
        assert_eq!(
            words(r#"a "b \"c\"\n\x41\q" d"#),
            some(&["a", "b \"c\"\nAq", "d"])
        );
        assert_eq!(words(r"a 'b \'c\n'"), some(&["a", r"b 'c\n"]));
        assert_eq!(words(r#"a"b c" """#), some(&["ab c", ""]));
        assert_eq!(
            words(r#""\xg1" "\t\r\b\a""#),
            some(&["xg1", "\t\r\u{8}\u{7}"])
        );
        assert_eq!(words("  "), some(&[]));
    }

    #[test]
    fn unbalanced_quotes_are_refused() {
        for line in ["\"a", "'a", "\"a\"b", "'a'b", "a \"b\\\"", "\"a\\"] {
            assert_eq!(words(line), None, "{line}");
        }
    }

    #[test]
    fn lines_are_numbered_and_comments_skipped() {
        let text = b"# c\n\n  PORT 1 \r\n#x\nsave \"\"";
        let mut seen = vec![];
        parse_config_text(text, |number, words| {
            seen.push((number, words.to_vec()));
            Ok::<(), String>(())
        })
        .unwrap();
        let expected = vec![
            (3, vec![b"port".to_vec(), b"1".to_vec()]),
            (5, vec![b"save".to_vec(), b"".to_vec()]),
        ];
        assert_eq!(seen, expected);
    }

    #[test]
    fn errors_name_their_line() {
        let error = parse_config_text(b"port 1\n  prot \"1\n", |_, _| Ok::<(), String>(()));
        let error = error.unwrap_err();
        assert_eq!((error.line_number, error.line.as_str()), (2, "prot \"1"));
        assert_eq!(error.message, "Unbalanced quotes in configuration line");
        let error = parse_config_text(b"\nport 1", |_, _| Err("no")).unwrap_err();
        assert_eq!((error.line_number, error.message.as_str()), (2, "no"));
    }

    proptest! {
        #[test]
        fn quoting_round_trips(word: Vec<u8>) {
            prop_assert_eq!(split_words(quote(&word).as_bytes()), Some(vec![word]));
        }

        #[test]
        fn no_line_panics(line: Vec<u8>) {
            split_words(&line);
        }
    }
}
