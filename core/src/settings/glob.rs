//! Patterns of CONFIG GET and `include`: `*`, `?` and classes such as `[a-c]`.

/// Whether the whole of `text` matches `pattern`.
pub fn matches(pattern: &[u8], text: &[u8], nocase: bool) -> bool {
    let (mut at, mut seen) = (0, 0);
    // Where the last `*` was, and how much of the text it has taken.
    let mut star: Option<(usize, usize)> = None;
    loop {
        match one(
            pattern.get(at..).unwrap_or_default(),
            text.get(seen),
            nocase,
        ) {
            Step::Done => return true,
            Step::Star => {
                at += 1;
                star = Some((at, seen));
            }
            Step::Taken(length) => {
                at += length;
                seen += 1;
            }
            Step::Fails => match star {
                Some((after, taken)) if taken < text.len() => {
                    star = Some((after, taken + 1));
                    (at, seen) = (after, taken + 1);
                }
                _ => return false,
            },
        }
    }
}

enum Step {
    Done,
    Star,
    /// One byte matched so much of the pattern.
    Taken(usize),
    Fails,
}

fn one(pattern: &[u8], byte: Option<&u8>, nocase: bool) -> Step {
    let same = |a: u8, b: u8| a == b || (nocase && a.eq_ignore_ascii_case(&b));
    match (pattern, byte) {
        ([], None) => Step::Done,
        ([b'*', ..], _) => Step::Star,
        ([b'?', ..], Some(_)) => Step::Taken(1),
        ([b'[', rest @ ..], Some(byte)) => class(rest, *byte, same),
        ([b'\\', literal, ..], Some(byte)) if same(*literal, *byte) => Step::Taken(2),
        ([literal, ..], Some(byte)) if same(*literal, *byte) => Step::Taken(1),
        _ => Step::Fails,
    }
}

/// `rest` begins after the bracket.
fn class(rest: &[u8], byte: u8, same: impl Fn(u8, u8) -> bool) -> Step {
    let end = rest
        .iter()
        .position(|&end| end == b']')
        .unwrap_or(rest.len());
    let (inside, not) = match rest.get(..end).unwrap_or_default() {
        [b'^', inside @ ..] => (inside, true),
        inside => (inside, false),
    };
    let listed = inside.iter().any(|&listed| same(listed, byte));
    let ranged = inside.windows(3).any(|range| match range {
        [low, b'-', high] => (*low.min(high)..=*low.max(high)).any(|listed| same(listed, byte)),
        _ => false,
    });
    if (listed || ranged) != not {
        Step::Taken(end + 2)
    } else {
        Step::Fails
    }
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn patterns() {
        let yes: [(&[u8], &[u8]); 7] = [
            (b"*", b""),
            (b"max*ts", b"maxclients"),
            (b"*listpack*e?tries", b"hash-max-listpack-entries"),
            (b"MAX*", b"maxmemory"),
            (b"[a-c]of", b"aof"),
            (b"[^x]*", b"aof"),
            (b"a\\*", b"a*"),
        ];
        for (pattern, text) in yes {
            assert!(matches(pattern, text, true), "{pattern:?}");
        }
        for pattern in [&b""[..], b"?", b"aof?", b"[b-c]of", b"*x", b"["] {
            assert!(!matches(pattern, b"aof", true), "{pattern:?}");
        }
    }
}
