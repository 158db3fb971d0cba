//! Commands that wait, by a client that may not, and what one that may is asked to wait for.

use super::*;
use crate::command::{Ask, Wait, WaitOn};
use crate::value::ValueType;

const NOT_FLOAT: &str = "-ERR timeout is not a float or out of range";
const NEGATIVE: &str = "-ERR timeout is negative";

#[test]
fn with_elements_there_they_do_and_log_what_their_namesakes_do() {
    let mut rotom = small();
    rotom.line("RPUSH a 1 2 3 4 5 6 7");
    rotom.take_effects();
    expect(
        &mut rotom,
        &[
            ("BLPOP none a 0", "*2 $1 a $1 1"),
            ("BRPOP a none 1.5", "*2 $1 a $1 7"),
            ("BLMPOP 0 2 none a RIGHT", "*2 $1 a *1 $1 6"),
            ("BLMPOP 0 1 a LEFT COUNT 2", "*2 $1 a *2 $1 2 $1 3"),
            ("BLMOVE a b left RIGHT 0", "$1 4"),
            ("BRPOPLPUSH a b 0", "$1 5"),
            ("LRANGE b 0 -1", "*2 $1 5 $1 4"),
            ("BLPOP b 0", "*2 $1 b $1 5"),
        ],
    );
    assert_eq!(
        effects(&mut rotom),
        "LPOP a RPOP a RPOP a 1 LPOP a 2 LMOVE a b left RIGHT RPOPLPUSH a b LPOP b"
    );
}

#[test]
fn who_may_not_wait_is_told_at_once_that_nothing_came() {
    let mut rotom = small();
    expect(
        &mut rotom,
        &[
            ("BLPOP a b 0", "*-1"),
            ("BRPOP a 100", "*-1"),
            ("BLMPOP 0 2 a b LEFT", "*-1"),
            ("BLMOVE a b LEFT RIGHT 0", "$-1"),
            ("BRPOPLPUSH a b 0", "$-1"),
        ],
    );
    assert_eq!(effects(&mut rotom), "");
}

#[test]
fn what_is_wrong_is_told_in_redis_order() {
    let mut rotom = small();
    rotom.line("SET s 1");
    expect(
        &mut rotom,
        &[
            ("BLPOP s x", NOT_FLOAT),
            ("BLPOP s -1", NEGATIVE),
            ("BLPOP a s 0", WRONG_TYPE),
            ("BLMOVE s b LEFT MIDDLE x", SYNTAX),
            ("BLMOVE s b LEFT LEFT x", NOT_FLOAT),
            ("BLMOVE s b LEFT LEFT 0", WRONG_TYPE),
            ("BLMOVE a s LEFT LEFT 0", "$-1"),
            ("BRPOPLPUSH a s -1", NEGATIVE),
            ("BLMPOP x 0 s LEFT", "-ERR numkeys should be greater than 0"),
            ("BLMPOP x 1 s MIDDLE", SYNTAX),
            ("BLMPOP x 2 s LEFT", SYNTAX),
            (
                "BLMPOP x 1 s LEFT COUNT 0",
                "-ERR count should be greater than 0",
            ),
            ("BLMPOP x 1 s LEFT COUNT 1", NOT_FLOAT),
            ("BLMPOP 0 1 s LEFT COUNT 1", WRONG_TYPE),
            (
                "BLPOP a",
                "-ERR wrong number of arguments for 'blpop' command",
            ),
        ],
    );
}

#[test]
fn who_may_wait_is_asked_to_with_its_request_and_its_keys() {
    let mut rotom = small();
    rotom.client.deny_blocking = false;
    for (line, keys, timeout_ms) in [
        ("BLPOP a b c 0.5", 1..4, Some(500)),
        ("BRPOP a 0", 1..2, None),
        ("BLMPOP 2 2 a b LEFT COUNT 3", 3..5, Some(2000)),
        ("BLMOVE a b LEFT LEFT 0", 1..2, None),
        ("BRPOPLPUSH a b 0.0001", 1..2, Some(1)),
    ] {
        let words: Vec<&[u8]> = line.split(' ').map(str::as_bytes).collect();
        let mut out = Vec::new();
        let Some(Ask::Wait(wait)) = rotom.run(&words, &mut out).map(|ask| *ask) else {
            unreachable!("{line} waits");
        };
        let Wait { request, on, .. } = &wait;
        let holding = ValueType::List;
        assert_eq!(*on, WaitOn::Keys { keys, holding }, "{line}");
        assert_eq!(wait.timeout_ms, timeout_ms, "{line}");
        let hasher = rotom.shared.keys.hasher();
        assert_eq!(request.args(hasher).all().collect::<Vec<_>>(), words);
        assert!(out.is_empty());
    }
}
