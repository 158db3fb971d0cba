use super::*;

#[test]
fn renaming() {
    let mut rotom = local();
    add_list(&mut rotom, "list");
    let none = "-ERR no such key\r\n";
    check(
        &mut rotom,
        &[
            ("RENAME nokey b", none),
            ("RENAME nokey nokey", none),
            ("RENAMENX nokey nokey", none),
            ("SET a 1 EX 10", OK),
            ("SET b 2", OK),
            ("RENAME a a", OK),
            ("RENAMENX a a", NO),
            ("RENAMENX a b", NO),
            ("RENAME a b", OK),
            ("GET b", "$1\r\n1\r\n"),
            ("TTL b", ":10\r\n"),
            ("EXISTS a", NO),
            ("RENAMENX b c", YES),
            ("TTL c", ":10\r\n"),
            // The new name keeps nothing of what it had.
            ("RENAME list c", OK),
            ("TTL c", ":-1\r\n"),
            ("TYPE c", "+list\r\n"),
            ("DBSIZE", YES),
        ],
    );
    assert_eq!(rotom.shared.keys.database_len(0), (1, 0));
}

#[test]
fn a_big_value_is_renamed_and_moved_as_it_is() {
    let mut rotom = local();
    rotom.line("SETRANGE a 100000 x");
    let place = |rotom: &mut Local| {
        let key = rotom.shared.keys.key(b"b");
        let entry = rotom.shared.keys.peek_quietly(&key).unwrap();
        match entry.string() {
            Some(crate::keyspace::StringRef::Bytes(bytes)) => bytes.as_ptr(),
            _ => std::ptr::null(),
        }
    };
    rotom.line("RENAME a b");
    let before = place(&mut rotom);
    rotom.line("MOVE b 1");
    rotom.client.db = 1;
    rotom.line("RENAME b c");
    rotom.line("RENAME c b");
    assert_eq!(place(&mut rotom), before);
    check(&mut rotom, &[("STRLEN b", ":100001\r\n")]);
}

#[test]
fn moving() {
    let mut rotom = local();
    let out = "-ERR DB index is out of range\r\n";
    check(
        &mut rotom,
        &[
            ("SET a 1 EX 10", OK),
            (
                "MOVE a 0",
                "-ERR source and destination objects are the same\r\n",
            ),
            ("MOVE a 16", out),
            ("MOVE a -1", out),
            ("MOVE a x", NOT_INTEGER),
            (
                "MOVE a 99999999999",
                "-ERR value is out of range, value must between -2147483648 and 2147483647\r\n",
            ),
            ("MOVE nokey 1", NO),
            ("MOVE a 1", YES),
            ("EXISTS a", NO),
            ("SET a 2", OK),
            ("MOVE a 1", NO),
        ],
    );
    rotom.client.db = 1;
    check(
        &mut rotom,
        &[("GET a", "$1\r\n1\r\n"), ("TTL a", ":10\r\n")],
    );
    assert_eq!(rotom.shared.keys.database_len(1), (1, 1));
    assert_eq!(rotom.shared.keys.database_len(0), (1, 0));
    // An expired key is in nobody's way.
    rotom.set_time_ms(NOW_MS + 10_000);
    rotom.client.db = 0;
    check(&mut rotom, &[("MOVE a 1", YES)]);
}

#[test]
fn copying() {
    let mut rotom = local();
    add_list(&mut rotom, "list");
    let same = "-ERR source and destination objects are the same\r\n";
    check(
        &mut rotom,
        &[
            ("SET a 123 EX 10", OK),
            ("COPY nokey b", NO),
            ("COPY a a", same),
            ("COPY a a DB 0 REPLACE", same),
            ("COPY a b DB", SYNTAX),
            ("COPY a b FOO", SYNTAX),
            ("COPY a b DB x", NOT_INTEGER),
            ("COPY a b DB 16", "-ERR DB index is out of range\r\n"),
            ("COPY a b", YES),
            ("GET b", "$3\r\n123\r\n"),
            ("TTL b", ":10\r\n"),
            ("SET b 5", OK),
            ("COPY a b", NO),
            ("COPY a b replace", YES),
            ("GET b", "$3\r\n123\r\n"),
            ("COPY list b REPLACE", YES),
            ("TYPE b", "+list\r\n"),
            ("TTL b", ":-1\r\n"),
            ("COPY a a DB 1", YES),
            ("COPY a a db 1", NO),
            ("APPEND a x", ":4\r\n"),
            ("COPY a a REPLACE DB 1", YES),
            ("APPEND a y", ":5\r\n"),
        ],
    );
    rotom.client.db = 1;
    check(
        &mut rotom,
        &[
            ("GET a", "$4\r\n123x\r\n"),
            ("TTL a", ":10\r\n"),
            ("DBSIZE", YES),
        ],
    );
}

#[test]
fn what_is_logged_and_told() {
    let mut rotom = local();
    rotom.line("MSET a 1 b 2");
    forget(&mut rotom);
    for (line, logged, told) in [
        ("RENAME a a", "", ""),
        ("RENAMENX a b", "", ""),
        (
            "RENAME a b",
            "RENAME a b",
            "0:new:b 0:rename_from:a 0:rename_to:b",
        ),
        (
            "RENAMENX b c",
            "RENAMENX b c",
            "0:new:c 0:rename_from:b 0:rename_to:c",
        ),
        ("COPY c d", "COPY c d", "0:new:d 0:copy_to:d"),
        ("COPY c d", "", ""),
        ("COPY c e DB 2", "COPY c e DB 2", "2:new:e 2:copy_to:e"),
        ("MOVE c 2", "MOVE c 2", "2:new:c 0:move_from:c 2:move_to:c"),
        ("MOVE c 2", "", ""),
    ] {
        let dirty = rotom.shared.keys.dirty;
        rotom.line(line);
        assert_eq!(effects(&mut rotom).join(","), logged, "{line}");
        assert_eq!(events(&mut rotom), told, "{line}");
        assert_eq!(
            rotom.shared.keys.dirty - dirty,
            u64::from(!logged.is_empty())
        );
    }
}

#[test]
fn a_key_that_expires_elsewhere_is_logged_there() {
    let mut rotom = local();
    rotom.client.db = 2;
    rotom.line("SET e 1 PX 5");
    rotom.client.db = 0;
    rotom.line("SET c 1");
    forget(&mut rotom);
    rotom.set_time_ms(NOW_MS + 5);
    check(&mut rotom, &[("COPY c e DB 2", YES)]);
    assert_eq!(
        effects(&mut rotom),
        ["SELECT 2", "DEL e", "SELECT 0", "COPY c e DB 2"]
    );
    assert_eq!(events(&mut rotom), "2:expired:e 2:new:e 2:copy_to:e");
}
#[test]
fn collections_are_copied_deeply() {
    let mut rotom = local();
    rotom.shared.keys.limits.set_max_listpack_entries = 2;
    for (add, more, count) in [
        ("RPUSH a x y z", "RPUSH a w", "LLEN"),
        ("SADD a x y z", "SADD a w", "SCARD"),
        ("SADD a 1 2 3", "SADD a 4", "SCARD"),
        ("HSET a x 1 y 2 z 3", "HSET a w 4", "HLEN"),
        ("ZADD a 1 x 2 y 3 z", "ZADD a 4 w", "ZCARD"),
    ] {
        rotom.line("FLUSHALL");
        rotom.line(add);
        check(
            &mut rotom,
            &[
                ("EXPIRE a 10", YES),
                ("COPY a b", YES),
                (more, if add.starts_with('R') { ":4\r\n" } else { YES }),
            ],
        );
        check(
            &mut rotom,
            &[
                (&format!("{count} b"), ":3\r\n"),
                ("TTL b", ":10\r\n"),
                ("DEL a", YES),
            ],
        );
        check(
            &mut rotom,
            &[
                (&format!("{count} b"), ":3\r\n"),
                ("RENAME b c", OK),
                ("MOVE c 1", YES),
            ],
        );
    }
}
