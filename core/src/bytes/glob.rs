//! Glob patterns with the semantics of Redis's `stringmatchlen`, for KEYS, SCAN, PSUBSCRIBE, CONFIG GET and ACL.
//!
//! ```text
//! *        any bytes, none included        [abc] [a-z]   one of these bytes; a range may be reversed
//! ?        any one byte                    [^a]          one byte, but none of these
//! \x       the byte x itself               anything else stands for itself
//! ```
//!
//! The corners are Redis's as well: a class that is not closed ends with the pattern, a backslash at the
//! very end stands for itself, an escaped byte in a class is compared with its case even when case does
//! not count, and an empty text matches the empty pattern only, not `*`.
//!
//! Each `*` forgets the one before it: when a later part fails, only the last `*` takes one byte more. So the
//! work is at most pattern length times text length, however many `*` a hostile pattern has, and there
//! is no recursion.

/// Whether upper and lower case ASCII letters are the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Case {
    /// `A` is not `a`.
    Sensitive,
    /// `A` is `a`.
    Ignored,
}

/// Whether the whole of `text` matches `pattern`.
pub fn matches(pattern: &[u8], text: &[u8], case: Case) -> bool {
    if text.is_empty() {
        return pattern.is_empty();
    }
    let (mut rest, mut left) = (pattern, text);
    // Where to go on when a byte does not match: behind the last `*`, and the text it has not yet taken.
    let mut retry: Option<(&[u8], &[u8])> = None;
    loop {
        if let [b'*', behind @ ..] = rest {
            if behind.is_empty() {
                return true;
            }
            rest = behind;
            retry = Some((rest, left));
            continue;
        }
        if let Some(stepped) = step(rest, left, case) {
            (rest, left) = stepped;
            continue;
        }
        if rest.is_empty() && left.is_empty() {
            return true;
        }
        match retry {
            // A text at its end cannot get longer by giving more of it to `*`.
            Some((behind, [_, fewer @ ..])) if !left.is_empty() => {
                (rest, left) = (behind, skip_to_candidate(behind, fewer, case));
                retry = Some((rest, left));
            }
            _ => return false,
        }
    }
}

/// The literal bytes that every match begins with.
pub fn fixed_prefix(pattern: &[u8]) -> &[u8] {
    let special = pattern.iter().position(|&byte| is_special(byte));
    &pattern[..special.unwrap_or(pattern.len())]
}

/// Whether the pattern matches only the text equal to itself (when case counts).
pub fn is_literal(pattern: &[u8]) -> bool {
    !pattern.iter().any(|&byte| is_special(byte))
}

fn is_special(byte: u8) -> bool {
    matches!(byte, b'*' | b'?' | b'[' | b'\\')
}

/// Matches one element of the pattern, which is not `*`, against one byte; returns what follows both.
#[inline]
fn step<'p, 't>(pattern: &'p [u8], text: &'t [u8], case: Case) -> Option<(&'p [u8], &'t [u8])> {
    let (&byte, left) = text.split_first()?;
    let (matched, rest) = match pattern {
        [] => return None,
        [b'?', rest @ ..] => (true, rest),
        [b'[', class @ ..] => match_class(class, byte, case),
        [b'\\', literal, rest @ ..] | [literal, rest @ ..] => (same(*literal, byte, case), rest),
    };
    matched.then_some((rest, left))
}

/// Matches `byte` against a class, given from behind its `[`; returns the answer and what follows it.
fn match_class(class: &[u8], byte: u8, case: Case) -> (bool, &[u8]) {
    let (negated, mut class) = match class {
        [b'^', rest @ ..] => (true, rest),
        _ => (false, class),
    };
    let mut found = false;
    loop {
        class = match class {
            [] => return (found != negated, class),
            [b'\\', literal, rest @ ..] => {
                found |= *literal == byte;
                rest
            }
            [b']', rest @ ..] => return (found != negated, rest),
            [start, b'-', end, rest @ ..] => {
                found |= in_range(*start, *end, byte, case);
                rest
            }
            [literal, rest @ ..] => {
                found |= same(*literal, byte, case);
                rest
            }
        };
    }
}

/// Redis puts the ends in order before it folds their case, so `[Z-a]` without case is an empty range.
fn in_range(start: u8, end: u8, byte: u8, case: Case) -> bool {
    let (low, high) = (start.min(end), start.max(end));
    (fold(low, case)..=fold(high, case)).contains(&fold(byte, case))
}

#[inline]
fn same(a: u8, b: u8, case: Case) -> bool {
    a == b || (case == Case::Ignored && a.eq_ignore_ascii_case(&b))
}

#[inline]
fn fold(byte: u8, case: Case) -> u8 {
    match case {
        Case::Sensitive => byte,
        Case::Ignored => byte.to_ascii_lowercase(),
    }
}

/// Skips text that cannot match the pattern's first element: a quick look when that is a literal.
#[inline]
fn skip_to_candidate<'t>(pattern: &[u8], text: &'t [u8], case: Case) -> &'t [u8] {
    match pattern {
        [first, ..] if !is_special(*first) => {
            let candidate = text.iter().position(|&byte| same(*first, byte, case));
            &text[candidate.unwrap_or(text.len())..]
        }
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::vec::Vec;

    /// The definition, one branch an element; exponential for many `*`.
    fn twin(pattern: &[u8], text: &[u8], case: Case) -> bool {
        match (pattern, text) {
            ([], _) => text.is_empty(),
            ([b'*', rest @ ..], _) => {
                (0..=text.len()).any(|taken| twin(rest, &text[taken..], case))
            }
            (_, []) => false,
            ([b'?', rest @ ..], [_, left @ ..]) => twin(rest, left, case),
            ([b'[', class @ ..], [byte, left @ ..]) => {
                let (members, rest) = twin_class(class, case);
                members[usize::from(*byte)] && twin(rest, left, case)
            }
            ([b'\\', literal, rest @ ..] | [literal, rest @ ..], [byte, left @ ..]) => {
                let folded = case == Case::Ignored && literal.eq_ignore_ascii_case(byte);
                (literal == byte || folded) && twin(rest, left, case)
            }
        }
    }

    /// A class as the set of its members.
    fn twin_class(class: &[u8], case: Case) -> ([bool; 256], &[u8]) {
        let lower = |byte: u8| {
            if case == Case::Ignored {
                byte.to_ascii_lowercase()
            } else {
                byte
            }
        };
        let negated = class.first() == Some(&b'^');
        let mut at = usize::from(negated);
        let mut members = [negated; 256];
        while at < class.len() && class[at] != b']' {
            let left = &class[at..];
            let mut add = |wanted: &dyn Fn(u8) -> bool| {
                (0..=255)
                    .filter(|&b| wanted(b))
                    .for_each(|b| members[usize::from(b)] = !negated);
            };
            if left[0] == b'\\' && left.len() >= 2 {
                add(&|byte| byte == left[1]);
                at += 2;
            } else if left.len() >= 3 && left[1] == b'-' {
                let (low, high) = (left[0].min(left[2]), left[0].max(left[2]));
                add(&|byte| lower(low) <= lower(byte) && lower(byte) <= lower(high));
                at += 3;
            } else {
                add(&|byte| lower(byte) == lower(left[0]));
                at += 1;
            }
        }
        (members, &class[(at + 1).min(class.len())..])
    }

    #[test]
    fn patterns_match_as_in_redis() {
        for (pattern, text, expected) in [
            ("", "", true),
            ("*", "", false),
            ("**", "", false),
            ("", "a", false),
            ("*", "a", true),
            ("a*", "a", true),
            ("a**", "a", true),
            ("h?llo", "hello", true),
            ("h?llo", "hllo", false),
            ("h*llo", "heeeello", true),
            ("h[ae]llo", "hallo", true),
            ("h[ae]llo", "hillo", false),
            ("h[^e]llo", "hallo", true),
            ("h[^e]llo", "hello", false),
            ("h[a-b]llo", "hbllo", true),
            ("h[b-a]llo", "hallo", true),
            ("h[a-b]llo", "hcllo", false),
            ("\\*", "*", true),
            ("\\*", "a", false),
            ("a\\", "a\\", true),
            ("\\a", "a", true),
            ("[", "a", false),
            ("[a", "a", true),
            ("[^", "a", true),
            ("[]", "a", false),
            ("[]a]", "a]", false),
            ("[^]", "a", true),
            ("[\\]]", "]", true),
            ("[a\\-z]", "-", true),
            ("[a\\-z]", "b", false),
            ("[a-]", "]", true),
            ("[a-]", "a", true),
            ("[a-", "-", true),
            ("[\\", "\\", true),
            ("[a-\\]", "b", false),
            ("[a-\\]", "]", true),
            ("*a*b", "xxaxxb", true),
            ("*a*b", "xxaxxbc", false),
            ("*ab", "aab", true),
            ("*[ab]c", "abac", true),
            ("a*?", "a", false),
            ("*?", "a", true),
            ("??", "a", false),
            ("a]", "a]", true),
            ("*.c", "x.d.c", true),
        ] {
            let got = matches(pattern.as_bytes(), text.as_bytes(), Case::Sensitive);
            assert_eq!(got, expected, "{pattern} on {text}");
        }
    }

    #[test]
    fn case_counts_unless_ignored() {
        for (pattern, text, sensitive, ignored) in [
            ("Hello", "hELLO", false, true),
            ("h[A-C]", "hb", false, true),
            ("[\\A]", "a", false, false),
            ("[A]", "a", false, true),
            ("[^A]", "a", true, false),
            ("[Z-a]", "z", false, false),
            ("[Z-a]", "a", true, false),
            ("*LO", "hello", false, true),
        ] {
            let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
            assert_eq!(
                matches(pattern, text, Case::Sensitive),
                sensitive,
                "{pattern:?}"
            );
            assert_eq!(
                matches(pattern, text, Case::Ignored),
                ignored,
                "{pattern:?}"
            );
        }
    }

    #[test]
    fn hostile_patterns_stay_cheap() {
        let text = [b'a'; 20_000];
        let mut pattern: Vec<u8> = b"*a".repeat(5_000);
        pattern.push(b'b');
        assert!(!matches(&pattern, &text, Case::Sensitive));
        assert!(matches(&pattern[..10_000], &text, Case::Sensitive));
    }

    #[test]
    fn the_literal_part_is_found() {
        assert_eq!(fixed_prefix(b"user:*"), b"user:");
        assert_eq!(fixed_prefix(b"a\\*b"), b"a");
        assert_eq!(fixed_prefix(b"plain]-^"), b"plain]-^");
        assert_eq!(fixed_prefix(b"?"), b"");
        assert!(
            is_literal(b"") && is_literal(b"plain]") && !is_literal(b"a[b]") && !is_literal(b"a\\")
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4000))]
        #[test]
        fn matches_agree_with_the_twin(pattern in "[abAB*?^\\[\\]\\\\-]{0,9}", text in "[abAB\\]\\\\-]{1,8}", ignored: bool) {
            let case = if ignored { Case::Ignored } else { Case::Sensitive };
            let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
            let got = matches(pattern, text, case);
            prop_assert_eq!(got, twin(pattern, text, case));
            prop_assert!(!got || case == Case::Ignored || text.starts_with(fixed_prefix(pattern)));
        }

        #[test]
        fn any_bytes_are_matched_without_panic(pattern: Vec<u8>, text: Vec<u8>) {
            prop_assert_eq!(matches(&pattern, &text, Case::Sensitive) && is_literal(&pattern), pattern == text && is_literal(&pattern));
        }
    }
}
