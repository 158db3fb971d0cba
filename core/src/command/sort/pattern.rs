//! The patterns of BY and GET.
//!
//! ```text
//! #                 the element itself
//! weight_*          the string of the key that has the element in the place of the first *
//! object_*->field   the field of the hash of that key
//! ```
//!
//! As in Redis, neither `*` nor `->` is seen behind a NUL byte, and an arrow with nothing behind it is part of the key.

use crate::command::error::until_nul;
use crate::keyspace::{Keyspace, StringRef};
use crate::structure::listpack::Element;
use crate::value::{Hash, ValueType};
use alloc::vec::Vec;

/// A pattern, parsed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pattern<'a> {
    /// The element itself.
    Element,
    /// The same for all elements; it is never looked up.
    Fixed,
    /// Other keys.
    Keys {
        /// What stands before the element.
        before: &'a [u8],
        /// What stands behind it.
        behind: &'a [u8],
        /// The field, if the key holds a hash.
        field: Option<&'a [u8]>,
    },
}

impl<'a> Pattern<'a> {
    pub(super) fn parse(pattern: &'a [u8]) -> Self {
        const ARROW: &[u8] = b"->";
        let seen = until_nul(pattern);
        if seen == b"#" {
            return Pattern::Element;
        }
        let Some(star) = seen.iter().position(|&byte| byte == b'*') else {
            return Pattern::Fixed;
        };
        let (before, behind) = (&pattern[..star], &pattern[star + 1..]);
        let seen = &seen[star + 1..];
        let arrow = seen.windows(ARROW.len()).position(|pair| pair == ARROW);
        match arrow {
            Some(at) if at + ARROW.len() < seen.len() => Pattern::Keys {
                before,
                behind: &behind[..at],
                field: Some(&behind[at + ARROW.len()..]),
            },
            _ => Pattern::Keys {
                before,
                behind,
                field: None,
            },
        }
    }

    /// Whether other keys are looked up.
    pub(super) fn names_keys(&self) -> bool {
        matches!(self, Pattern::Keys { .. })
    }

    /// Hands out what the pattern finds for an element. `name` is room for the key.
    pub(super) fn look_up<R>(
        &self,
        keys: &mut Keyspace,
        element: &[u8],
        name: &mut Vec<u8>,
        mut found: impl FnMut(Option<Element<'_>>) -> R,
    ) -> R {
        let (before, behind, field) = match *self {
            Pattern::Element => return found(Some(Element::Bytes(element))),
            Pattern::Fixed => return found(None),
            Pattern::Keys {
                before,
                behind,
                field,
            } => (before, behind, field),
        };
        name.clear();
        for part in [before, element, behind] {
            name.extend_from_slice(part);
        }
        let key = keys.key(name);
        let Some(entry) = keys.read(&key) else {
            return found(None);
        };
        let Some(field) = field else {
            return match entry.string() {
                Some(StringRef::Int(number)) => found(Some(Element::Int(number))),
                Some(StringRef::Bytes(bytes)) => found(Some(Element::Bytes(bytes))),
                None => found(None),
            };
        };
        if entry.value_type() != ValueType::Hash {
            return found(None);
        }
        match entry.into_value::<Hash>() {
            Some(hash) => found(hash.get(field)),
            None => found(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_read_as_redis_reads_them() {
        let keys = |before, behind, field| Pattern::Keys {
            before,
            behind,
            field,
        };
        for (text, pattern) in [
            (&b"#"[..], Pattern::Element),
            (b"#\0x", Pattern::Element),
            (b"##", Pattern::Fixed),
            (b"", Pattern::Fixed),
            (b"nosort", Pattern::Fixed),
            (b"a\0*", Pattern::Fixed),
            (b"w_*", keys(b"w_", b"", None)),
            (b"*", keys(b"", b"", None)),
            (b"a*b*c", keys(b"a", b"b*c", None)),
            (b"o*->f", keys(b"o", b"", Some(b"f"))),
            (b"o*x->f->g", keys(b"o", b"x", Some(b"f->g"))),
            (b"o*->", keys(b"o", b"->", None)),
            (b"o->*", keys(b"o->", b"", None)),
            (b"o*->f\0g", keys(b"o", b"", Some(b"f\0g"))),
            (b"o*->\0g", keys(b"o", b"->\0g", None)),
            (b"o*\0->g", keys(b"o", b"\0->g", None)),
        ] {
            assert_eq!(Pattern::parse(text), pattern, "{text:?}");
        }
    }
}
