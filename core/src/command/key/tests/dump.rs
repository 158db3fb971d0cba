//! DUMP and RESTORE. `payloads.txt` has what other servers dumped: the server, the commands that made the key `k`, the
//! payload in hexadecimal. Some keys were kept in the encodings for big values, by settings that say so.

use super::*;
use crate::settings::Settings;

const FOREIGN: &str = include_str!("payloads.txt");
const BAD_FOOTER: &[u8] = b"-ERR DUMP payload version or checksum are wrong\r\n";
const BAD_FORMAT: &[u8] = b"-ERR Bad data format\r\n";

fn from_hex(hex: &str) -> Vec<u8> {
    let digits = hex.as_bytes().chunks(2);
    let byte = |two: &[u8]| u8::from_str_radix(std::str::from_utf8(two).unwrap(), 16).unwrap();
    digits.map(byte).collect()
}

/// What a key holds, in no particular order.
fn contents(rotom: &mut Local, key: &str) -> Vec<String> {
    let kind = String::from_utf8(rotom.line(&format!("TYPE {key}"))).unwrap();
    let read = match kind.trim_end() {
        "+string" => format!("GET {key}"),
        "+list" => format!("LRANGE {key} 0 -1"),
        "+set" => format!("SMEMBERS {key}"),
        "+zset" => format!("ZRANGE {key} 0 -1 WITHSCORES"),
        "+hash" => format!("HGETALL {key}"),
        other => panic!("{other}"),
    };
    let reply = String::from_utf8(rotom.line(&read)).unwrap();
    let mut lines: Vec<String> = reply.lines().map(String::from).collect();
    if kind.trim_end() != "+list" {
        lines.sort();
    }
    lines.push(kind);
    if lines.last().is_some_and(|kind| kind.starts_with("+hash")) {
        let times = rotom.line(&format!("HPEXPIRETIME {key} FIELDS 3 f g h"));
        lines.push(String::from_utf8(times).unwrap());
    }
    lines
}

fn dump(rotom: &mut Local, key: &[u8]) -> Vec<u8> {
    let reply = rotom.call(&[b"DUMP", key]);
    let start = reply.iter().position(|&byte| byte == b'\n').unwrap() + 1;
    reply[start..reply.len() - 2].to_vec()
}

#[test]
fn payloads_of_other_servers_are_restored() {
    let mut rotom = local();
    for line in FOREIGN.lines() {
        let [server, made_by, hex] = line.split(';').collect::<Vec<_>>()[..] else {
            panic!("{line}");
        };
        rotom.line("FLUSHALL");
        for command in made_by.split(" | ") {
            rotom.line(command);
        }
        let payload = from_hex(hex);
        assert_eq!(
            rotom.call(&[b"RESTORE", b"r", b"0", &payload]),
            OK.as_bytes(),
            "{line}"
        );
        assert_eq!(
            contents(&mut rotom, "r"),
            contents(&mut rotom, "k"),
            "{server} {made_by}"
        );
        // And so is what Rotom dumps of it.
        let again = dump(&mut rotom, b"r");
        assert_eq!(rotom.call(&[b"RESTORE", b"s", b"0", &again]), OK.as_bytes());
        assert_eq!(contents(&mut rotom, "s"), contents(&mut rotom, "k"));
        for cut in 0..payload.len() {
            let refused = rotom.call(&[b"RESTORE", b"t", b"0", &payload[..cut]]);
            assert_eq!(refused, BAD_FOOTER);
        }
    }
}

#[test]
fn options_and_errors_are_redis_s() {
    let mut rotom = local();
    rotom.line("SET a text");
    let payload = dump(&mut rotom, b"a");
    let restore = |rotom: &mut Local, ttl: &str, payload: &[u8], options: &str| {
        let mut words: Vec<&[u8]> = vec![b"RESTORE", b"b", ttl.as_bytes(), payload];
        words.extend(options.split_whitespace().map(str::as_bytes));
        String::from_utf8(rotom.call(&words)).unwrap()
    };
    check(&mut rotom, &[("DUMP none", NIL)]);
    for (ttl, options, reply) in [
        ("0", "IDLETIME", SYNTAX),
        ("0", "IDLETIME 1 FREQ 1", SYNTAX),
        ("0", "FREQ 1 IDLETIME 1", SYNTAX),
        ("0", "NOW", SYNTAX),
        (
            "0",
            "IDLETIME -1",
            "-ERR Invalid IDLETIME value, must be >= 0\r\n",
        ),
        (
            "0",
            "FREQ 256",
            "-ERR Invalid FREQ value, must be >= 0 and <= 255\r\n",
        ),
        ("0", "FREQ x", NOT_INTEGER),
        ("-1", "", "-ERR Invalid TTL value, must be >= 0\r\n"),
        ("x", "", NOT_INTEGER),
        ("0", "", OK),
        ("0", "", "-BUSYKEY Target key name already exists.\r\n"),
        ("x", "", "-BUSYKEY Target key name already exists.\r\n"),
        ("0", "REPLACE IDLETIME 1000", OK),
    ] {
        assert_eq!(
            restore(&mut rotom, ttl, &payload, options),
            reply,
            "{ttl} {options}"
        );
    }
    check(
        &mut rotom,
        &[("OBJECT IDLETIME b", ":1000\r\n"), ("TTL b", ":-1\r\n")],
    );
    assert_eq!(restore(&mut rotom, "5000", &payload, "REPLACE"), OK);
    check(
        &mut rotom,
        &[("PTTL b", ":5000\r\n"), ("GET b", "$4\r\ntext\r\n")],
    );
    rotom.call(&[b"CONFIG", b"SET", b"maxmemory-policy", b"allkeys-lfu"]);
    assert_eq!(restore(&mut rotom, "0", &payload, "REPLACE FREQ 77"), OK);
    check(&mut rotom, &[("OBJECT FREQ b", ":77\r\n")]);
}

#[test]
fn hostile_payloads_are_refused() {
    let mut rotom = local();
    let sealed = |body: &[u8], version: u16| {
        let mut payload = body.to_vec();
        payload.extend(version.to_le_bytes());
        let crc = crate::codec::rdb::crc64::update(0, &payload);
        payload.extend(crc.to_le_bytes());
        payload
    };
    for (body, version, reply) in [
        (&b"\0\x01a"[..], 10, OK.as_bytes()),
        (b"\0\x01a", 12, OK.as_bytes()),
        (b"\0\x01a", 80, OK.as_bytes()),
        (b"\0\x01a", 13, BAD_FOOTER),
        (b"\0\x01a", 0, BAD_FOOTER),
        (b"\0\x01ab", 10, BAD_FORMAT),
        (b"", 10, BAD_FORMAT),
        (b"\x02\0", 10, BAD_FORMAT),
        (b"\x02\x02\x01a\x01a", 10, BAD_FORMAT),
        (b"\x15\x01a", 10, BAD_FORMAT),
        (b"\x07\x01a", 10, BAD_FORMAT),
        (b"\x05\x01\x01a\0\0\0\0\0\0\xf8\x7f", 10, BAD_FORMAT),
    ] {
        rotom.line("DEL k");
        let got = rotom.call(&[b"RESTORE", b"k", b"0", &sealed(body, version)]);
        assert_eq!(got, reply, "{body:?}");
    }
}

#[test]
fn the_log_gets_absolute_times() {
    let mut rotom = local();
    rotom.line("SET a text");
    let payload = dump(&mut rotom, b"a");
    let shown = String::from_utf8_lossy(&payload).into_owned();
    let logged = |rotom: &mut Local, words: &[&[u8]]| {
        rotom.take_effects();
        assert_eq!(rotom.call(words), OK.as_bytes());
        String::from_utf8_lossy(&rotom.take_effects()).into_owned()
    };
    let effect = logged(&mut rotom, &[b"RESTORE", b"b", b"5000", &payload]);
    let when = format!("{}", NOW_MS + 5000);
    assert!(
        effect.contains(&when) && effect.ends_with("ABSTTL\r\n"),
        "{effect}"
    );
    assert!(effect.contains(&shown));
    let words: [&[u8]; 6] = [
        b"RESTORE",
        b"b",
        when.as_bytes(),
        &payload,
        b"ABSTTL",
        b"REPLACE",
    ];
    let effect = logged(&mut rotom, &words);
    assert!(effect.ends_with("ABSTTL\r\n$7\r\nREPLACE\r\n"), "{effect}");
    // What has expired already replaces a key by none.
    let words: [&[u8]; 6] = [b"RESTORE", b"b", b"1", &payload, b"ABSTTL", b"REPLACE"];
    assert!(logged(&mut rotom, &words).contains("DEL\r\n$1\r\nb\r\n"));
    assert_eq!(logged(&mut rotom, &words), "");
    check(&mut rotom, &[("EXISTS b", NO)]);
}

#[test]
fn a_hash_with_times_is_of_the_version_that_knows_them() {
    let mut rotom = Local::with_settings(Settings::default(), 1);
    rotom.set_time_ms(NOW_MS);
    rotom.line("HSET h f v g w");
    let version = |payload: &[u8]| payload[payload.len() - 10];
    assert_eq!(version(&dump(&mut rotom, b"h")), 10);
    rotom.line("HEXPIRE h 100 FIELDS 1 f");
    assert_eq!(version(&dump(&mut rotom, b"h")), 12);
    rotom.line("HPERSIST h FIELDS 1 f");
    assert_eq!(version(&dump(&mut rotom, b"h")), 10);
}
