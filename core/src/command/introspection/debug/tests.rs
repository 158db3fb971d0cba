//! DEBUG's replies; the digests and the shapes are those of Redis 8.0.6.

use crate::command::Ask;
use crate::platform::Crash;
use crate::resp::Protocol;
use crate::session::Local;
use crate::settings::ProtectedAction;
use std::format;
use std::string::String;
use std::vec::Vec;

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap()
}

fn expect(local: &mut Local, line: &str, reply: &str) {
    assert_eq!(text(local.line(line)), reply, "{line}");
}

fn with_debug() -> Local {
    let mut local = Local::new(1);
    local.shared.settings.enable_debug_command = ProtectedAction::Yes;
    local
}

fn run_all(local: &mut Local, lines: &[&str]) {
    for line in lines {
        let reply = text(local.line(line));
        assert!(!reply.starts_with('-'), "{line}: {reply}");
    }
}

const ONE_OF_EACH: &[&str] = &[
    "SET s hello",
    "SET i 12345",
    "EXPIRE i 1000",
    "RPUSH l a b c 1 2 3",
    "SADD si 1 2 3",
    "SADD sl a b c",
    "ZADD z 1 a 2.5 b -3 c inf d 1e21 e 0.1 f -0 g 1e-7 h",
    "HSET h f v g 2",
    "HSET hx f v g 2",
    "HEXPIRE hx 1000 FIELDS 1 f",
];

#[test]
fn digests_are_those_of_redis() {
    let mut local = with_debug();
    local.set_time_ms(1_000_000);
    let none = "0000000000000000000000000000000000000000";
    expect(&mut local, "DEBUG DIGEST", &format!("+{none}\r\n"));
    run_all(&mut local, ONE_OF_EACH);
    let values = [
        "36b23a1456b2dce2c3ed252c456761301dba8060",
        "074a6e8892a0b0b4fcf085794cb69322c36c9d00",
        "28150a3b2cc0efbc98d23e7962f278329e3b583b",
        "2a462a3f51a1db89738ebbeef0c47ce1bbc85246",
        "593c2414786d75446e97f4ea5d4b731f3313da72",
        "017b8b89f1e436441a26dd112c3dd78f16453a73",
        "9dc7e1ed596e8ccab4b91d04b8317fc85b68294a",
        "79b81ea0b632cca3914d199b544033875e6ba0ff",
        none,
    ];
    let values: String = values.iter().map(|value| format!("+{value}\r\n")).collect();
    let line = "DEBUG DIGEST-VALUE s i l si sl z h hx none";
    expect(&mut local, line, &format!("*9\r\n{values}"));
    expect(&mut local, "DEBUG DIGEST-VALUE", "*0\r\n");
    let all = "+bfcc74a6f1e2deaf9e2f29e7d78ab1305a4f4796\r\n";
    expect(&mut local, "DEBUG DIGEST", all);
    run_all(&mut local, &["SELECT 3", "SET other db"]);
    let all = "+d8993482932ce471b64a5434b0b99703e9ea2299\r\n";
    expect(&mut local, "DEBUG DIGEST", all);
    // The client is where it was.
    expect(&mut local, "GET other", "$2\r\ndb\r\n");
}

#[test]
fn big_values_have_the_digest_of_small_ones() {
    let mut small = with_debug();
    let mut big = with_debug();
    big.shared.keys.limits.hash_max_listpack_entries = 1;
    big.shared.keys.limits.zset_max_listpack_entries = 1;
    big.shared.keys.limits.set_max_listpack_entries = 1;
    big.shared.keys.limits.set_max_intset_entries = 1;
    for local in [&mut small, &mut big] {
        local.set_time_ms(1_000_000);
        for line in ONE_OF_EACH {
            // A small sorted set keeps no sign of a zero, a big one does, in Redis too.
            run_all(local, &[&line.replace(" -0 g", "")]);
        }
    }
    expect(&mut big, "OBJECT ENCODING h", "$9\r\nhashtable\r\n");
    expect(&mut small, "OBJECT ENCODING h", "$8\r\nlistpack\r\n");
    assert_eq!(big.line("DEBUG DIGEST"), small.line("DEBUG DIGEST"));
}

#[test]
fn populate_makes_keys_that_are_not_there() {
    let mut local = with_debug();
    run_all(&mut local, &["SET key:1 mine", "DEBUG POPULATE 3"]);
    expect(&mut local, "DBSIZE", ":3\r\n");
    expect(
        &mut local,
        "MGET key:1 key:2",
        "*2\r\n$4\r\nmine\r\n$7\r\nvalue:2\r\n",
    );
    run_all(
        &mut local,
        &["DEBUG POPULATE 1 a 3", "DEBUG POPULATE 1 b 9"],
    );
    expect(&mut local, "GET a:0", "$3\r\nval\r\n");
    expect(&mut local, "GET b:0", "$9\r\nvalue:0\0\0\r\n");
    run_all(&mut local, &["DEBUG POPULATE 1 c 0", "DEBUG POPULATE 0"]);
    expect(&mut local, "GET c:0", "$7\r\nvalue:0\r\n");
    let bad = "-ERR value is out of range, must be positive\r\n";
    for line in [
        "DEBUG POPULATE -1",
        "DEBUG POPULATE x",
        "DEBUG POPULATE 1 a -1",
    ] {
        expect(&mut local, line, bad);
    }
    expect(
        &mut local,
        "DEBUG POPULATE 9223372036854775807",
        "-ERR OOM in dictTryExpand\r\n",
    );
    expect(
        &mut local,
        "DEBUG POPULATE 1 d 9223372036854775807",
        "-ERR string exceeds maximum allowed size (proto-max-bulk-len)\r\n",
    );
    expect(&mut local, "DBSIZE", ":6\r\n");
}

#[test]
fn tables_are_described_in_the_layout_of_redis() {
    let mut local = with_debug();
    let headings = "[Dictionary HT]\n[Expires HT]\n";
    let empty = format!("${}\r\n{headings}\r\n", headings.len());
    expect(&mut local, "DEBUG HTSTATS 0", &empty);
    run_all(&mut local, &["DEBUG POPULATE 5000", "EXPIRE key:7 1000"]);
    let reply = text(local.line("DEBUG HTSTATS 0 FULL"));
    let mut lines = reply.lines().skip(1);
    let mut next = || lines.next().unwrap();
    assert_eq!(next(), "[Dictionary HT]");
    assert_eq!(next(), "Hash table 0 stats (main hash table):");
    let buckets: usize = next()
        .strip_prefix(" table size: ")
        .unwrap()
        .parse()
        .unwrap();
    assert!((5000 / 9..5000).contains(&buckets), "{reply}");
    assert_eq!(next(), " number of elements: 5000");
    let used = next().strip_prefix(" different slots: ").unwrap();
    assert!(used.parse::<usize>().unwrap() <= buckets);
    assert!(next().starts_with(" max chain length: "));
    assert!(next().starts_with(" avg chain length (counted): "));
    assert!(next().starts_with(" avg chain length (computed): "));
    assert_eq!(next(), " Chain length distribution:");
    assert!(reply.contains("[Expires HT]\nHash table 0 stats (main hash table):\n table size: 1\n number of elements: 1\n"));
    expect(&mut local, "DEBUG HTSTATS 1", &empty);
    expect(
        &mut local,
        "DEBUG HTSTATS 99",
        "-ERR Out of range database\r\n",
    );
    expect(
        &mut local,
        "DEBUG HTSTATS -1",
        "-ERR Out of range database\r\n",
    );
    let bad = "-ERR value is not an integer or out of range\r\n";
    expect(&mut local, "DEBUG HTSTATS x", bad);
}

#[test]
fn tables_of_big_values_are_described() {
    let mut local = with_debug();
    for number in 0..600 {
        local.line(&format!("SADD set m{number}"));
        local.line(&format!("HSET hash f{number} v"));
        local.line(&format!("ZADD sorted {number} m{number}"));
    }
    local.line("HEXPIRE hash 1000 FIELDS 1 f1");
    for key in ["set", "hash", "sorted"] {
        let reply = text(local.line(&format!("DEBUG HTSTATS-KEY {key}")));
        assert!(reply.contains("\n number of elements: 600\n"), "{reply}");
    }
    run_all(&mut local, &["SADD small a", "SET string a"]);
    for key in ["small", "string"] {
        expect(
            &mut local,
            &format!("DEBUG HTSTATS-KEY {key}"),
            "-ERR The value stored at the specified key is not represented using an hash table\r\n",
        );
    }
    expect(&mut local, "DEBUG HTSTATS-KEY none", "-ERR no such key\r\n");
}

#[test]
fn objects_have_the_length_that_they_are_saved_in() {
    let mut local = with_debug();
    let long = format!("SET long {}", "x".repeat(76));
    run_all(
        &mut local,
        &["SET s hello", &long, "SADD si 1 2 3", "SET n 70000"],
    );
    local.shared.settings.list_max_listpack_size = 3;
    local.shared.keys.limits.list_max_listpack_size = 3;
    run_all(&mut local, &["RPUSH l a b c d e f g"]);
    for (key, len) in [("s", 6), ("si", 15), ("n", 5)] {
        let reply = text(local.line(&format!("DEBUG OBJECT {key}")));
        let wanted = format!(" serializedlength:{len} lru:");
        assert!(reply.contains(&wanted), "{reply}");
    }
    let reply = text(local.line("DEBUG OBJECT l"));
    assert!(reply.contains(" encoding:quicklist serializedlength:"));
    let nodes = " ql_nodes:3 ql_avg_node:2.33 ql_listpack_max:3 ql_compressed:0 ql_uncompressed_size:42\r\n";
    assert!(reply.ends_with(nodes), "{reply}");
}

#[test]
fn every_type_of_reply_is_there_for_clients() {
    let mut local = with_debug();
    for (name, older, newer) in [
        ("string", "$11\r\nHello World\r\n", "$11\r\nHello World\r\n"),
        ("integer", ":12345\r\n", ":12345\r\n"),
        ("double", "$5\r\n3.141\r\n", ",3.141\r\n"),
        (
            "bignum",
            "$37\r\n1234567999999999999999999999999999999\r\n",
            "(1234567999999999999999999999999999999\r\n",
        ),
        ("null", "$-1\r\n", "_\r\n"),
        (
            "array",
            "*3\r\n:0\r\n:1\r\n:2\r\n",
            "*3\r\n:0\r\n:1\r\n:2\r\n",
        ),
        (
            "set",
            "*3\r\n:0\r\n:1\r\n:2\r\n",
            "~3\r\n:0\r\n:1\r\n:2\r\n",
        ),
        (
            "map",
            "*6\r\n:0\r\n:0\r\n:1\r\n:1\r\n:2\r\n:0\r\n",
            "%3\r\n:0\r\n#f\r\n:1\r\n#t\r\n:2\r\n#f\r\n",
        ),
        (
            "attrib",
            "$39\r\nSome real reply following the attribute\r\n",
            "|1\r\n$14\r\nkey-popularity\r\n*2\r\n$7\r\nkey:123\r\n:90\r\n\
             $39\r\nSome real reply following the attribute\r\n",
        ),
        (
            "push",
            "-ERR RESP2 is not supported by this command\r\n",
            ">2\r\n$16\r\nserver-cpu-usage\r\n:42\r\n$40\r\nSome real reply following the push reply\r\n",
        ),
        ("TRUE", ":1\r\n", "#t\r\n"),
        ("false", ":0\r\n", "#f\r\n"),
        (
            "verbatim",
            "$25\r\nThis is a verbatim\nstring\r\n",
            "=29\r\ntxt:This is a verbatim\nstring\r\n",
        ),
    ] {
        let line = format!("DEBUG PROTOCOL {name}");
        local.client.protocol = Protocol::Resp2;
        expect(&mut local, &line, older);
        local.client.protocol = Protocol::Resp3;
        expect(&mut local, &line, newer);
    }
    let reply = text(local.line("DEBUG PROTOCOL x"));
    assert!(reply.starts_with("-ERR Wrong protocol type name. Please use one of"));
}

#[test]
fn the_small_ones_answer_as_in_redis() {
    let mut local = with_debug();
    let ask = local.run(&[b"DEBUG", b"ERROR", b"OOPS a\nb"], &mut Vec::new());
    assert!(ask.is_none());
    expect(&mut local, "DEBUG ERROR OOPS", "-OOPS\r\n");
    expect(&mut local, "DEBUG LOG hello", "+OK\r\n");
    expect(&mut local, "DEBUG STRINGMATCH-LEN a*c abc", ":1\r\n");
    expect(&mut local, "DEBUG STRINGMATCH-LEN A*c abc", ":0\r\n");
    for line in ["DEBUG PROTOCOL", "DEBUG ERROR a b", "DEBUG DIGEST a"] {
        let word = line.split(' ').nth(1).unwrap();
        let refusal = format!(
            "-ERR unknown subcommand or wrong number of arguments for '{word}'. Try DEBUG HELP.\r\n"
        );
        expect(&mut local, line, &refusal);
    }
    for (word, how) in [("panic", Crash::Panic), ("SEGFAULT", Crash::Segfault)] {
        let ask = local.run(&[b"DEBUG", word.as_bytes()], &mut Vec::new());
        assert!(matches!(ask.as_deref(), Some(Ask::Crash(asked)) if *asked == how));
    }
}
