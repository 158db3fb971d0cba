use super::*;
use crate::command::Ask;

#[test]
fn there_are_no_replicas_to_wait_for() {
    let negative = "-ERR timeout is negative\r\n";
    let no_timeout = "-ERR timeout is not an integer or out of range\r\n";
    check(
        &mut local(),
        &[
            ("WAIT 0 0", NO),
            ("WAIT -1 0", NO),
            ("WAIT 9223372036854775807 1", NO),
            ("WAIT x 0", NOT_INTEGER),
            ("WAIT x x", NOT_INTEGER),
            ("WAIT 0 x", no_timeout),
            ("WAIT 0 1.5", no_timeout),
            ("WAIT 0 -1", negative),
            (
                "WAIT 0 9223372036854775807",
                "-ERR timeout is out of range\r\n",
            ),
        ],
    );
}

#[test]
fn waitaof_checks_its_numbers_in_order() {
    let mut rotom = local();
    let not_0_or_1 = "-ERR value is out of range, value must between 0 and 1\r\n";
    let not_positive = "-ERR value is out of range, must be positive\r\n";
    check(
        &mut rotom,
        &[
            ("WAITAOF 0 0 0", "*2\r\n:0\r\n:0\r\n"),
            ("WAITAOF 0 5 1", "*2\r\n:0\r\n:0\r\n"),
            ("WAITAOF x x x", NOT_INTEGER),
            ("WAITAOF 2 x x", not_0_or_1),
            ("WAITAOF -1 x x", not_0_or_1),
            ("WAITAOF 1 x x", not_positive),
            ("WAITAOF 1 -1 x", not_positive),
            (
                "WAITAOF 1 0 x",
                "-ERR timeout is not an integer or out of range\r\n",
            ),
            ("WAITAOF 1 0 -1", "-ERR timeout is negative\r\n"),
            (
                "WAITAOF 1 0 0",
                "-ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.\r\n",
            ),
        ],
    );
    rotom.shared.settings.appendonly = true;
    for (word, may_wait, expected) in [("0", true, false), ("1", true, true), ("1", false, false)] {
        rotom.client.deny_blocking = !may_wait;
        let words = [&b"WAITAOF"[..], word.as_bytes(), b"0", b"0"];
        let ask = rotom.run(&words, &mut Vec::new());
        let Some(Ask::WaitForLog { is_wanted }) = ask.as_deref() else {
            unreachable!()
        };
        assert_eq!(*is_wanted, expected);
    }
}
