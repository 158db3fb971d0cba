use super::*;

#[test]
fn zrem_takes_the_key_with_the_last_member() {
    in_each_encoding(|local| {
        local.line("ZADD z 1 a 2 b 3 c 4 d");
        expect(local, "ZREM z a x c a", ":2");
        expect_strings(local, "ZRANGE z 0 -1", "b d");
        expect(local, "ZREM z x", ":0");
        expect(local, "ZREM z b d e", ":2");
        assert_eq!(local.shared.keys.len(), 0);
        expect(local, "ZREM z b", ":0");
    });
}

#[test]
fn pops_take_from_either_end() {
    in_each_encoding(|local| {
        local.line("ZADD z 1 a 2 b 3 c 4 d 5 e 6 f");
        expect(local, "ZPOPMIN z", "*2 $1 a $1 1");
        expect(local, "ZPOPMAX z", "*2 $1 f $1 6");
        expect(local, "ZPOPMIN z 0", "*0");
        expect(local, "ZPOPMAX z 2", "*4 $1 e $1 5 $1 d $1 4");
        expect(local, "ZPOPMIN z 100", "*4 $1 b $1 2 $1 c $1 3");
        assert_eq!(local.shared.keys.len(), 0);
        expect(local, "ZPOPMIN z", "*0");
        expect(local, "ZPOPMIN z 1 2", "-ERR syntax error");
        for wrong in ["x", "-1"] {
            expect(
                local,
                &format!("ZPOPMAX z {wrong}"),
                "-ERR value is out of range, must be positive",
            );
        }
        local.line("ZADD z 1 a 2 b 3 c");
        resp3(local);
        expect(local, "ZPOPMAX z", "*2 $1 c ,3");
        expect(local, "ZPOPMAX z 2", "*2 *2 $1 b ,2 *2 $1 a ,1");
        expect(local, "ZPOPMAX z 2", "*0");
    });
}

#[test]
fn zmpop_takes_from_the_first_key_that_is_there() {
    in_each_encoding(|local| {
        local.line("ZADD z 1 a 2 b 3 c");
        effects(local);
        expect(local, "ZMPOP 2 none z MIN", "*2 $1 z *1 *2 $1 a $1 1");
        expect(
            local,
            "ZMPOP 2 z none max count 9",
            "*2 $1 z *2 *2 $1 c $1 3 *2 $1 b $1 2",
        );
        expect(local, "ZMPOP 1 z MIN", "*-1");
        assert_eq!(effects(local), ["ZPOPMIN z 1", "ZPOPMAX z 2"]);
        let keys = "-ERR numkeys should be greater than 0";
        let count = "-ERR count should be greater than 0";
        for (line, error) in [
            ("ZMPOP 0 z MIN", keys),
            ("ZMPOP x z MIN", keys),
            ("ZMPOP 9223372036854775807 z MIN", "-ERR syntax error"),
            ("ZMPOP 2 z MIN", "-ERR syntax error"),
            ("ZMPOP 1 z MEAN", "-ERR syntax error"),
            ("ZMPOP 1 z MIN COUNT", "-ERR syntax error"),
            ("ZMPOP 1 z MIN COUNT 0", count),
            ("ZMPOP 1 z MIN COUNT x x", count),
            ("ZMPOP 1 z MIN COUNT 1 COUNT 1", "-ERR syntax error"),
        ] {
            expect(local, line, error);
        }
        local.line("ZADD z 1 a");
        resp3(local);
        expect(local, "ZMPOP 1 z MIN", "*2 $1 z *1 *2 $1 a ,1");
        expect(local, "ZMPOP 1 z MIN", "_");
    });
}

#[test]
fn keys_of_zmpop_are_found() {
    let local = Local::new(1);
    let (buffer, spans) = words_of(&["ZMPOP", "2", "a", "b", "MIN"]);
    let hasher = local.shared.keys.hasher();
    let args = crate::command::Args::new(&buffer, &spans, hasher);
    let row = crate::command::sorted_set::SPECS
        .iter()
        .find(|row| row.name == "zmpop")
        .unwrap();
    let mut found = Vec::new();
    row.for_each_key(&args, &mut |index| found.push(index));
    assert_eq!(found, [2, 3]);
}

fn words_of(words: &[&str]) -> (Vec<u8>, Vec<crate::resp::Span>) {
    let (mut buffer, mut spans) = (Vec::new(), Vec::new());
    for word in words {
        spans.push(crate::resp::Span {
            start: buffer.len() as u32,
            len: word.len() as u32,
        });
        buffer.extend_from_slice(word.as_bytes());
    }
    (buffer, spans)
}

#[test]
fn pops_that_wait_do_and_log_what_their_namesakes_do() {
    in_each_encoding(|local| {
        local.line("ZADD z 1 a 2 b 3 c 4 d 5 e 6 f 7 g");
        local.line("SET s 1");
        effects(local);
        expect(local, "BZPOPMIN none z 0", "*3 $1 z $1 a $1 1");
        expect(local, "BZPOPMAX z 1", "*3 $1 z $1 g $1 7");
        let nested = "*2 $1 z *2 *2 $1 b $1 2 *2 $1 c $1 3";
        expect(local, "BZMPOP 0 2 none z MIN COUNT 2", nested);
        expect(local, "BZMPOP 0 1 z MAX", "*2 $1 z *1 *2 $1 f $1 6");
        resp3(local);
        expect(local, "BZPOPMIN z 0", "*3 $1 z $1 d ,4");
        expect(local, "BZPOPMIN z 0", "*3 $1 z $1 e ,5");
        assert_eq!(
            effects(local),
            [
                "ZPOPMIN z",
                "ZPOPMAX z",
                "ZPOPMIN z 2",
                "ZPOPMAX z 1",
                "ZPOPMIN z",
                "ZPOPMIN z"
            ]
        );
        // A client in process may not wait.
        for line in ["BZPOPMIN z 0", "BZPOPMAX a b z 10", "BZMPOP 0 1 z MIN"] {
            expect(local, line, "_");
        }
        let wrong_type = "-WRONGTYPE Operation against a key holding the wrong kind of value";
        for (line, error) in [
            (
                "BZPOPMIN s x",
                "-ERR timeout is not a float or out of range",
            ),
            ("BZPOPMAX s -1", "-ERR timeout is negative"),
            ("BZPOPMAX z s 0", wrong_type),
            ("BZMPOP x 0 s MIN", "-ERR numkeys should be greater than 0"),
            ("BZMPOP x 1 s LEFT", "-ERR syntax error"),
            (
                "BZMPOP x 1 s MIN COUNT 0",
                "-ERR count should be greater than 0",
            ),
            ("BZMPOP inf 1 s MIN COUNT 1", "-ERR timeout is out of range"),
            ("BZMPOP 0 1 s MIN COUNT 1", wrong_type),
        ] {
            expect(local, line, error);
        }
        assert_eq!(local.shared.keys.len(), 1);
    });
}
