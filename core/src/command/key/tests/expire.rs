use super::*;

#[test]
fn times_to_live_are_told_in_four_ways() {
    let mut rotom = local();
    for command in ["TTL", "PTTL", "EXPIRETIME", "PEXPIRETIME"] {
        check(
            &mut rotom,
            &[(&format!("{command} nokey"), ":-2\r\n"), ("SET a 1", OK)],
        );
        check(
            &mut rotom,
            &[(&format!("{command} a"), ":-1\r\n"), ("DEL a", YES)],
        );
    }
    check(
        &mut rotom,
        &[
            ("SET a 1 PX 1499", OK),
            ("TTL a", ":1\r\n"),
            ("PTTL a", ":1499\r\n"),
            ("EXPIRETIME a", ":1700000001\r\n"),
            ("PEXPIRETIME a", ":1700000001499\r\n"),
            ("PEXPIRE a 1500", YES),
            ("TTL a", ":2\r\n"),
            ("EXPIRETIME a", ":1700000002\r\n"),
            ("SET a 1 PXAT 9223372036854775807", OK),
            ("PEXPIRETIME a", ":9223372036854775807\r\n"),
            ("EXPIRETIME a", ":9223372036854776\r\n"),
        ],
    );
}

#[test]
fn every_unit_and_start() {
    let mut rotom = local();
    let (at_s, at_ms) = (NOW_MS / 1000 + 30, NOW_MS + 40);
    check(
        &mut rotom,
        &[
            ("EXPIRE a 10", NO),
            ("SET a 1", OK),
            ("EXPIRE a 10", YES),
            ("PTTL a", ":10000\r\n"),
            ("PEXPIRE a 20", YES),
            ("PTTL a", ":20\r\n"),
            (&format!("EXPIREAT a {at_s}"), YES),
            ("PTTL a", ":30000\r\n"),
            (&format!("PEXPIREAT a {at_ms}"), YES),
            ("PTTL a", ":40\r\n"),
            ("GET a", "$1\r\n1\r\n"),
            ("PERSIST a", YES),
            ("PTTL a", ":-1\r\n"),
            ("PERSIST a", NO),
            ("PERSIST nokey", NO),
        ],
    );
    rotom.line("EXPIRE a 10");
    rotom.set_time_ms(NOW_MS + 9_999);
    check(&mut rotom, &[("PTTL a", YES), ("EXISTS a", YES)]);
    rotom.set_time_ms(NOW_MS + 10_000);
    check(&mut rotom, &[("PTTL a", ":-2\r\n"), ("EXISTS a", NO)]);
}

#[test]
fn conditions() {
    let mut rotom = local();
    check(
        &mut rotom,
        &[
            ("SET a 1", OK),
            ("EXPIRE a 100 XX", NO),
            ("EXPIRE a 100 GT", NO),
            ("EXPIRE a 100 XX LT", NO),
            ("EXPIRE a 100 LT", YES),
            ("EXPIRE a 50 NX", NO),
            ("EXPIRE a 100 GT", NO),
            ("EXPIRE a 100 lt", NO),
            ("EXPIRE a 101 gt", YES),
            ("EXPIRE a 99 LT XX", YES),
            ("EXPIRE a 98 XX GT", NO),
            ("EXPIRE a 98 XX XX", YES),
            ("TTL a", ":98\r\n"),
            ("EXPIRE a -1 GT", NO),
            ("EXPIRE a -1 NX", NO),
            ("PERSIST a", YES),
            ("EXPIRE a 7 NX", YES),
            ("EXPIRE a -1 LT", YES),
            ("EXISTS a", NO),
        ],
    );
}

#[test]
fn errors() {
    let mut rotom = local();
    let clash = "-ERR NX and XX, GT or LT options at the same time are not compatible\r\n";
    check(
        &mut rotom,
        &[
            ("SET a 1", OK),
            ("EXPIRE a 1 NX XX", clash),
            ("EXPIRE a 1 GT NX", clash),
            ("EXPIRE a x NX LT GT", clash),
            (
                "EXPIRE a 1 GT LT",
                "-ERR GT and LT options at the same time are not compatible\r\n",
            ),
            ("EXPIRE a x FOO", "-ERR Unsupported option FOO\r\n"),
            ("EXPIRE a 1 ''", "-ERR Unsupported option \r\n"),
            ("EXPIRE a x", NOT_INTEGER),
            ("EXPIRE nokey 1.5", NOT_INTEGER),
            ("EXPIRE a 9223372036854775808", NOT_INTEGER),
        ],
    );
    for (command, time) in [
        ("expire", "9223372036854775807"),
        ("expire", "9223372036854776"),
        ("expire", "9223372036854775"),
        ("expire", "-9223372036854776"),
        ("pexpire", "9223372036854775807"),
        ("expireat", "9223372036854776"),
        ("expireat", "-9223372036854775808"),
    ] {
        let error = format!("-ERR invalid expire time in '{command}' command\r\n");
        check(
            &mut rotom,
            &[
                (&format!("{command} a {time}"), &error),
                ("PTTL a", ":-1\r\n"),
            ],
        );
    }
    check(
        &mut rotom,
        &[("PEXPIREAT a 9223372036854775807", YES), ("PERSIST a", YES)],
    );
    check(
        &mut rotom,
        &[("PEXPIREAT a -9223372036854775808", YES), ("EXISTS a", NO)],
    );
}

#[test]
fn what_is_logged_and_told() {
    let mut rotom = local();
    rotom.line("SET a 1");
    forget(&mut rotom);
    let at = NOW_MS + 10_000;
    for (line, logged, told) in [
        ("EXPIRE a 10", format!("PEXPIREAT a {at}"), "0:expire:a"),
        (
            "PEXPIRE a 10000 XX",
            format!("PEXPIREAT a {at}"),
            "0:expire:a",
        ),
        (
            "EXPIREAT a 1700000010",
            format!("PEXPIREAT a {at}"),
            "0:expire:a",
        ),
        (
            "PEXPIREAT a 1700000010000",
            format!("PEXPIREAT a {at}"),
            "0:expire:a",
        ),
        ("EXPIRE a 10 NX", String::new(), ""),
        ("EXPIRE nokey 10", String::new(), ""),
        ("PERSIST a", "PERSIST a".into(), "0:persist:a"),
        ("PERSIST a", String::new(), ""),
        ("EXPIRE a 0", "DEL a".into(), "0:del:a"),
        ("EXPIRE a 0", String::new(), ""),
    ] {
        rotom.line(line);
        assert_eq!(effects(&mut rotom).join(","), logged, "{line}");
        assert_eq!(events(&mut rotom), told, "{line}");
    }
}

#[test]
fn a_log_is_replayed_with_times_that_have_passed() {
    let mut rotom = local();
    rotom.shared.keys.loading = true;
    check(
        &mut rotom,
        &[
            ("MSET a 1 b 2", OK),
            ("PEXPIREAT a 1", YES),
            ("PEXPIREAT b -5", YES),
            ("PERSIST a", YES),
            ("EXISTS a b", ":2\r\n"),
        ],
    );
    rotom.shared.keys.loading = false;
    check(&mut rotom, &[("EXISTS a", YES), ("EXISTS b", NO)]);
}
