//! The little language in which a row says what a command's arguments are.
//!
//! ```text
//! WORD        a word as it stands
//! kind        an argument of this kind (see `draw`), kinds of keys begin with @
//! [a|b]       one of these sequences, or nothing
//! (a|b)       one of these sequences
//! {a|b|c}     some of these sequences, in any order
//! x+  x*      one or more, none or more of what stands before
//! #x          a count, then that many of what follows
//! ```

/// A part of a command's arguments.
#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    /// A word.
    Word(&'static str),
    /// An argument of a kind.
    Kind(&'static str),
    /// One of several, or nothing.
    Maybe(Vec<Vec<Part>>),
    /// One of several.
    One(Vec<Vec<Part>>),
    /// Some of several.
    Some(Vec<Vec<Part>>),
    /// At least this many.
    Many(usize, Box<Part>),
    /// A count, then as many.
    Counted(Box<Part>),
}

/// Reads a row's text; a mistake in it is a mistake in the program.
pub fn parse(text: &'static str) -> Vec<Part> {
    let mut rest = text;
    let sequence = sequence(&mut rest);
    assert!(rest.is_empty(), "'{rest}' is left over of '{text}'");
    sequence
}

fn sequence(rest: &mut &'static str) -> Vec<Part> {
    let mut parts = Vec::new();
    loop {
        *rest = rest.trim_start();
        if rest.is_empty() || rest.starts_with(['|', ']', ')', '}']) {
            return parts;
        }
        parts.push(part(rest));
    }
}

fn part(rest: &mut &'static str) -> Part {
    let part = match rest.as_bytes()[0] {
        b'#' => {
            *rest = &rest[1..];
            return Part::Counted(Box::new(part(rest)));
        }
        b'[' => Part::Maybe(choices(rest, ']')),
        b'(' => Part::One(choices(rest, ')')),
        b'{' => Part::Some(choices(rest, '}')),
        _ => word(rest),
    };
    let least = match rest.bytes().next() {
        Some(b'+') => 1,
        Some(b'*') => 0,
        _ => return part,
    };
    *rest = &rest[1..];
    Part::Many(least, Box::new(part))
}

fn choices(rest: &mut &'static str, end: char) -> Vec<Vec<Part>> {
    *rest = &rest[1..];
    let mut choices = vec![sequence(rest)];
    while let Some(after) = rest.strip_prefix('|') {
        *rest = after;
        choices.push(sequence(rest));
    }
    let Some(after) = rest.strip_prefix(end) else {
        unreachable!("no '{end}' before '{rest}'");
    };
    *rest = after;
    choices
}

fn word(rest: &mut &'static str) -> Part {
    let is_of_word = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '@';
    let len = rest.find(|c| !is_of_word(c)).unwrap_or(rest.len());
    let (word, after) = rest.split_at(len);
    assert!(!word.is_empty(), "no word at '{rest}'");
    *rest = after;
    if word.starts_with(|c: char| c.is_ascii_lowercase() || c == '@') {
        Part::Kind(word)
    } else {
        Part::Word(word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_read() {
        let word = |word| vec![Part::Word(word)];
        let kind = Part::Kind;
        let members = Part::One(vec![vec![kind("score"), kind("member")]]);
        assert_eq!(
            parse("@zset {NX|CH}[LIMIT] (score member)+ #@set"),
            [
                kind("@zset"),
                Part::Some(vec![word("NX"), word("CH")]),
                Part::Maybe(vec![word("LIMIT")]),
                Part::Many(1, Box::new(members)),
                Part::Counted(Box::new(kind("@set"))),
            ]
        );
    }
}
