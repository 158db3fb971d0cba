//! Pushing, popping, moving.

use super::*;

#[test]
fn pushes_put_the_last_value_outermost() {
    let mut rotom = small();
    expect(
        &mut rotom,
        &[
            ("RPUSH a 1 2", ":2"),
            ("LPUSH a 0 x", ":4"),
            ("LPUSHX a y", ":5"),
            ("RPUSHX a 3 4", ":7"),
            ("LPUSHX none y z", ":0"),
            ("RPUSHX none y", ":0"),
            ("LLEN a", ":7"),
            ("LLEN none", ":0"),
            (
                "LPUSH a",
                "-ERR wrong number of arguments for 'lpush' command",
            ),
        ],
    );
    assert_eq!(elements(&mut rotom, "a"), "y x 0 1 2 3 4");
    assert_eq!(
        effects(&mut rotom),
        "RPUSH a 1 2 LPUSH a 0 x LPUSHX a y RPUSHX a 3 4"
    );
    assert_eq!((rotom.shared.keys.len(), rotom.shared.keys.dirty), (1, 7));
}

#[test]
fn pops_answer_a_string_or_an_array_or_the_right_null() {
    let mut rotom = small();
    expect(
        &mut rotom,
        &[
            ("RPUSH a 1 two 3 4 5 6", ":6"),
            ("LPOP a", "$1 1"),
            ("RPOP a", "$1 6"),
            ("LPOP a 0", "*0"),
            ("LPOP a 2", "*2 $3 two $1 3"),
            ("RPOP a 9223372036854775807", "*2 $1 5 $1 4"),
            ("LPOP a", "$-1"),
            ("RPOP a 1", "*-1"),
            ("LPOP a 0", "*-1"),
            ("LPOP a -1", "-ERR value is out of range, must be positive"),
            ("LPOP a x", "-ERR value is out of range, must be positive"),
            (
                "LPOP a 9223372036854775808",
                "-ERR value is out of range, must be positive",
            ),
            (
                "RPOP a 1 2",
                "-ERR wrong number of arguments for 'rpop' command",
            ),
            ("LPOP", "-ERR wrong number of arguments for 'lpop' command"),
        ],
    );
    assert!(rotom.shared.keys.is_empty());
    assert_eq!(
        effects(&mut rotom),
        "RPUSH a 1 two 3 4 5 6 LPOP a RPOP a LPOP a 2 RPOP a 9223372036854775807"
    );
    rotom.client.protocol = Protocol::Resp3;
    expect(&mut rotom, &[("LPOP a", "_"), ("LPOP a 1", "_")]);
}

#[test]
fn lmpop_takes_from_the_first_list_and_logs_a_pop() {
    let mut rotom = small();
    expect(
        &mut rotom,
        &[
            ("RPUSH b 1 2 3", ":3"),
            ("LMPOP 2 a b LEFT", "*2 $1 b *1 $1 1"),
            ("LMPOP 2 a b right count 10", "*2 $1 b *2 $1 3 $1 2"),
            ("LMPOP 2 a b LEFT", "*-1"),
            ("LMPOP 0 a LEFT", "-ERR numkeys should be greater than 0"),
            ("LMPOP x a LEFT", "-ERR numkeys should be greater than 0"),
            ("LMPOP 9223372036854775807 a LEFT", SYNTAX),
            ("LMPOP 2 a LEFT", SYNTAX),
            ("LMPOP 1 a UP", SYNTAX),
            ("LMPOP 1 a LEFT COUNT", SYNTAX),
            (
                "LMPOP 1 a LEFT COUNT 0",
                "-ERR count should be greater than 0",
            ),
            (
                "LMPOP 1 a LEFT COUNT -1",
                "-ERR count should be greater than 0",
            ),
            (
                "LMPOP 1 a LEFT COUNT x",
                "-ERR count should be greater than 0",
            ),
            (
                "LMPOP 1 a LEFT COUNT 0 x",
                "-ERR count should be greater than 0",
            ),
            ("LMPOP 1 a LEFT COUNT 1 COUNT 2", SYNTAX),
            ("LMPOP 1 a LEFT x 2", SYNTAX),
            ("SET s 1", "+OK"),
            ("LMPOP 2 a s LEFT", WRONG_TYPE),
        ],
    );
    assert_eq!(
        effects(&mut rotom),
        "RPUSH b 1 2 3 LPOP b 1 RPOP b 2 SET s 1"
    );
    rotom.client.protocol = Protocol::Resp3;
    expect(&mut rotom, &[("LMPOP 1 a LEFT", "_")]);
}

#[test]
fn the_keys_of_lmpop_are_found() {
    let rotom = small();
    let spec = rotom.shared.registry.command(b"lmpop").unwrap().spec;
    let found = |words: &[&str]| {
        let buffer = words.concat();
        let mut start = 0;
        let spans = words.iter().map(|word| {
            start += word.len() as u32;
            crate::resp::Span {
                start: start - word.len() as u32,
                len: word.len() as u32,
            }
        });
        let spans: Vec<_> = spans.collect();
        let args = Args::new(buffer.as_bytes(), &spans, rotom.shared.keys.hasher());
        let mut keys = Vec::new();
        spec.for_each_key(&args, &mut |index| keys.push(index));
        keys
    };
    assert_eq!(found(&["lmpop", "2", "a", "b", "LEFT"]), [2, 3]);
    for numkeys in ["-1", "x", "9223372036854775807", "4"] {
        assert!(found(&["lmpop", numkeys, "a", "b", "LEFT"]).is_empty());
    }
}

#[test]
fn moves_take_from_one_end_and_put_at_another() {
    let mut rotom = small();
    expect(
        &mut rotom,
        &[
            ("RPUSH a 1 2 3 4 5", ":5"),
            ("RPOPLPUSH a b", "$1 5"),
            ("LMOVE a b LEFT RIGHT", "$1 1"),
            ("LMOVE a b right left", "$1 4"),
            ("LMOVE a b LEFT LEFT", "$1 2"),
            ("LMOVE none b LEFT LEFT", "$-1"),
            ("LMOVE a b UP LEFT", SYNTAX),
            ("LMOVE a b LEFT UP", SYNTAX),
            (
                "LMOVE a b LEFT",
                "-ERR wrong number of arguments for 'lmove' command",
            ),
            ("RPOPLPUSH a b", "$1 3"),
            ("LLEN a", ":0"),
        ],
    );
    assert_eq!(elements(&mut rotom, "b"), "3 2 4 5 1");
    assert_eq!(
        effects(&mut rotom),
        "RPUSH a 1 2 3 4 5 RPOPLPUSH a b LMOVE a b LEFT RIGHT LMOVE a b right left LMOVE a b LEFT LEFT RPOPLPUSH a b"
    );
    assert_eq!((rotom.shared.keys.len(), rotom.shared.keys.dirty), (1, 10));
}

#[test]
fn a_list_moved_onto_itself_rotates() {
    let mut rotom = small();
    expect(
        &mut rotom,
        &[
            ("RPUSH a 1", ":1"),
            ("RPOPLPUSH a a", "$1 1"),
            ("LMOVE a a LEFT LEFT", "$1 1"),
            ("RPUSH a 2 3 4", ":4"),
            ("RPOPLPUSH a a", "$1 4"),
            ("LMOVE a a LEFT RIGHT", "$1 4"),
            ("LMOVE a a LEFT RIGHT", "$1 1"),
            ("LMOVE a a RIGHT RIGHT", "$1 1"),
        ],
    );
    assert_eq!(elements(&mut rotom, "a"), "2 3 4 1");
}
