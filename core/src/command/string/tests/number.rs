use super::*;

#[test]
fn integers() {
    let mut rotom = local();
    let overflow = "-ERR increment or decrement would overflow\r\n";
    check(
        &mut rotom,
        &[
            ("INCR n", ":1\r\n"),
            ("INCRBY n 41", ":42\r\n"),
            ("DECR n", ":41\r\n"),
            ("DECRBY n 51", ":-10\r\n"),
            ("DECR new", ":-1\r\n"),
            (
                "DECRBY n -9223372036854775808",
                "-ERR decrement would overflow\r\n",
            ),
            ("INCRBY n 1.5", NOT_INTEGER),
            ("INCRBY n 9223372036854775808", NOT_INTEGER),
            ("DECRBY list x", NOT_INTEGER),
            ("INCR list", WRONG_TYPE),
            ("SET n 9223372036854775807", OK),
            ("INCR n", overflow),
            ("GET n", "$19\r\n9223372036854775807\r\n"),
            ("INCRBY n -9223372036854775808", ":-1\r\n"),
            ("INCRBY n -9223372036854775807", ":-9223372036854775808\r\n"),
            ("DECR n", overflow),
            ("SET n ' 1'", OK),
            ("INCR n", NOT_INTEGER),
            ("SET n ''", OK),
            ("INCR n", NOT_INTEGER),
            // Bytes that have become an integer.
            ("SET n 1", OK),
            ("APPEND n 2", ":2\r\n"),
            ("INCR n", ":13\r\n"),
            ("SET n 5 EX 100", OK),
            ("INCR n", ":6\r\n"),
            ("TTL n", ":100\r\n"),
        ],
    );
    assert_eq!(encoding(&mut rotom, "n"), "int");
}

#[test]
fn what_keeps_its_size_stays_where_it_is() {
    let mut rotom = local();
    rotom.line("MSET n 100 s abcdef");
    let place = |rotom: &mut Local, key: &[u8]| {
        let key = rotom.shared.keys.key(key);
        rotom.shared.keys.peek_quietly(&key).unwrap().key().as_ptr()
    };
    let before = (place(&mut rotom, b"n"), place(&mut rotom, b"s"));
    for line in [
        "INCR n",
        "INCRBY n 9999999999",
        "DECR n",
        "SET n 7",
        "SET s ghijkl",
        "GET s",
    ] {
        rotom.line(line);
        assert_eq!((place(&mut rotom, b"n"), place(&mut rotom, b"s")), before);
    }
}

#[test]
fn floats() {
    let mut rotom = local();
    let not_float = "-ERR value is not a valid float\r\n";
    check(
        &mut rotom,
        &[
            ("INCRBYFLOAT f 3.0", "$1\r\n3\r\n"),
            ("INCRBYFLOAT f 0.3", "$3\r\n3.3\r\n"),
            ("INCRBYFLOAT f -5e-1", "$3\r\n2.8\r\n"),
            ("INCRBYFLOAT f x", not_float),
            ("INCRBYFLOAT f ''", not_float),
            (
                "INCRBYFLOAT f inf",
                "-ERR increment would produce NaN or Infinity\r\n",
            ),
            ("INCRBYFLOAT new nan", not_float),
            ("EXISTS new", ":0\r\n"),
            ("INCRBYFLOAT list x", WRONG_TYPE),
            ("SET n 7", OK),
            ("EXPIRE n 100", ":1\r\n"),
            ("INCRBYFLOAT n 1.5e0", "$3\r\n8.5\r\n"),
            ("TTL n", ":100\r\n"),
            ("INCRBYFLOAT n 1.5", "$2\r\n10\r\n"),
            ("SET t text", OK),
            ("INCRBYFLOAT t 1", not_float),
        ],
    );
    assert_eq!(encoding(&mut rotom, "n"), "embstr");
    check(&mut rotom, &[("INCR n", ":11\r\n")]);
    assert_eq!(encoding(&mut rotom, "n"), "int");
}
