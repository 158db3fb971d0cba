//! Whether two replies say the same, by what is free in them.

use super::reply::Reply;

/// What is free in the replies of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Nothing.
    Exact,
    /// The order of the elements.
    Unordered,
    /// The order of pairs, which RESP2 gives one after the other.
    Pairs,
    /// A cursor, then elements in any order.
    Scan,
    /// A cursor, then pairs in any order.
    ScanPairs,
    /// Everything but kinds and numbers of elements.
    Shape,
    /// Integers, also inside lists, by this much.
    Near(i64),
    /// Everything: the command is sent for its effect.
    Ignored,
}

/// Whether two replies agree.
pub fn agree(mode: Mode, left: &Reply, right: &Reply) -> bool {
    match mode {
        Mode::Ignored => true,
        Mode::Exact => left == right,
        Mode::Unordered => sorted(left) == sorted(right),
        Mode::Pairs => in_pairs(left) == in_pairs(right),
        Mode::Scan | Mode::ScanPairs => match (left, right) {
            (Reply::List(_, left), Reply::List(_, right))
                if left.len() == 2 && right.len() == 2 =>
            {
                let mode = if mode == Mode::Scan {
                    Mode::Unordered
                } else {
                    Mode::Pairs
                };
                left[0] == right[0] && agree(mode, &left[1], &right[1])
            }
            _ => left == right,
        },
        Mode::Shape => have_one_shape(left, right),
        Mode::Near(most) => are_near(left, right, most),
    }
}

/// A reply whose numbers are all written in the same way.
pub fn with_plain_numbers(reply: &Reply) -> Reply {
    let plain = |text: &[u8]| {
        let number = std::str::from_utf8(text).ok()?.parse::<f64>().ok()?;
        number.is_finite().then(|| number.to_string().into_bytes())
    };
    match reply {
        Reply::Bulk(text) => Reply::Bulk(plain(text).unwrap_or(text.clone())),
        Reply::Other(',', text) => Reply::Other(',', plain(text).unwrap_or(text.clone())),
        Reply::List(kind, items) => {
            Reply::List(*kind, items.iter().map(with_plain_numbers).collect())
        }
        other => other.clone(),
    }
}

fn sorted(reply: &Reply) -> Reply {
    match reply.clone() {
        Reply::List(kind, mut items) => {
            items.sort();
            Reply::List(kind, items)
        }
        Reply::Map(mut pairs) => {
            pairs.sort();
            Reply::Map(pairs)
        }
        other => other,
    }
}

fn in_pairs(reply: &Reply) -> Reply {
    match reply {
        Reply::List(kind, items) if items.len() % 2 == 0 && items.iter().all(is_leaf) => {
            let mut pairs: Vec<_> = items.chunks(2).map(<[Reply]>::to_vec).collect();
            pairs.sort();
            Reply::List(*kind, pairs.concat())
        }
        other => sorted(other),
    }
}

fn is_leaf(reply: &Reply) -> bool {
    !matches!(reply, Reply::List(..) | Reply::Map(_))
}

fn have_one_shape(left: &Reply, right: &Reply) -> bool {
    match (left, right) {
        (Reply::Bulk(_), Reply::Bulk(_)) | (Reply::Int(_), Reply::Int(_)) => true,
        (Reply::Other(left, _), Reply::Other(right, _)) => left == right,
        (Reply::List(left_kind, left), Reply::List(right_kind, right)) => {
            let mut both = left.iter().zip(right);
            left_kind == right_kind
                && left.len() == right.len()
                && both.all(|(left, right)| have_one_shape(left, right))
        }
        (Reply::Map(left), Reply::Map(right)) => left.len() == right.len(),
        _ => left == right,
    }
}

fn are_near(left: &Reply, right: &Reply, most: i64) -> bool {
    match (left, right) {
        // Small and negative numbers are codes.
        (Reply::Int(left), Reply::Int(right)) if left.min(right) > &2 => {
            left.abs_diff(*right) <= most.unsigned_abs()
        }
        (Reply::List(left_kind, left), Reply::List(right_kind, right)) => {
            let mut both = left.iter().zip(right);
            left_kind == right_kind
                && left.len() == right.len()
                && both.all(|(left, right)| are_near(left, right, most))
        }
        _ => left == right,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(words: &str) -> Reply {
        let items = words.split(' ').map(|word| match word.parse() {
            Ok(value) => Reply::Int(value),
            Err(_) => Reply::Bulk(word.into()),
        });
        Reply::List('*', items.collect())
    }

    #[test]
    fn each_mode_leaves_its_part_free() {
        let (a, b) = (list("k v l w"), list("l w k v"));
        assert!(!agree(Mode::Exact, &a, &b) && agree(Mode::Pairs, &a, &b));
        assert!(agree(Mode::Unordered, &a, &list("v k w l")));
        assert!(!agree(Mode::Pairs, &a, &list("v k w l")));
        assert!(
            agree(Mode::Shape, &a, &list("x y z x")) && !agree(Mode::Shape, &a, &list("x y z 1"))
        );
        assert!(agree(Mode::Near(5), &list("100 -1"), &list("105 -1")));
        assert!(!agree(Mode::Near(5), &list("100 -1"), &list("105 -2")));
        let scan = |words| Reply::List('*', vec![Reply::Bulk(b"0".to_vec()), list(words)]);
        assert!(agree(Mode::Scan, &scan("a b"), &scan("b a")));
        assert!(!agree(Mode::Scan, &scan("a b"), &scan("b c")));
    }
}
