//! Ends that nobody asked for, and logs that others wrote.

use crate::support::{Client, Folder, Server, Value, request, run_to_end};
use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

const FLAGS: [&str; 4] = ["--appendonly", "yes", "--appendfsync", "always"];
const MANIFEST: &str = "appendonlydir/appendonly.aof.manifest";
const LOG: &str = "appendonlydir/appendonly.aof.1.incr.aof";

/// How many clients write at once, how many requests each sends ahead, how many replies are awaited before the end at most.
const WRITERS: usize = 4;
const AHEAD: usize = 16;
const REPLIES: u64 = 2000;
/// Kills for each policy; ROTOM_CRASH_ROUNDS is another number of them.
const ROUNDS: u64 = 3;

/// Pushes numbers to a list, a pipeline at a time, until the connection breaks. Returns how many pushes were
/// acknowledged and how many were sent.
fn push_until_the_end(
    mut client: Client,
    list: &str,
    from: usize,
    heard: &Sender<()>,
) -> (usize, usize) {
    let (mut acknowledged, mut sent) = (from, from);
    loop {
        let numbers = sent..sent + AHEAD;
        let requests: Vec<u8> = numbers
            .flat_map(|number| request(&["RPUSH", list, &number.to_string()]))
            .collect();
        sent += AHEAD;
        if client.try_send(&requests).is_err() {
            return (acknowledged, sent);
        }
        while acknowledged < sent {
            match client.try_reply() {
                Ok(reply) => assert_eq!(reply.int(), acknowledged as i64 + 1),
                Err(_) => return (acknowledged, sent),
            }
            acknowledged += 1;
            // Nobody listens any more once enough were heard.
            heard.send(()).ok();
        }
    }
}

/// A number below `bound` for this moment of a round; the same ones in every run, but a machine is never as fast twice.
fn drawn(round: u64, bound: u64) -> u64 {
    let mixed = (round + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed ^ (mixed >> 29)) % bound
}

#[test]
fn sigkill_at_any_moment_loses_no_acknowledged_write() {
    let rounds = std::env::var("ROTOM_CRASH_ROUNDS").map_or(ROUNDS, |text| text.parse().unwrap());
    for policy in ["always", "everysec", "no"] {
        let flags = ["--appendonly", "yes", "--appendfsync", policy];
        let folder = Folder::new();
        let mut lengths = [0; WRITERS];
        for round in 0..rounds {
            kill_under_load(&folder, &flags, &mut lengths, round);
        }
    }
}

/// Has clients push to lists of these lengths, kills the server in the middle, starts it again and looks what is there.
fn kill_under_load(folder: &Folder, flags: &[&str], lengths: &mut [usize; WRITERS], round: u64) {
    let server = Server::start(folder, flags);
    let (heard, replies) = channel();
    let writers: Vec<_> = (0..WRITERS)
        .map(|number| {
            let (client, heard, from) = (server.client(), heard.clone(), lengths[number]);
            let list = format!("list:{number}");
            std::thread::spawn(move || push_until_the_end(client, &list, from, &heard))
        })
        .collect();
    drop(heard);
    let wanted = 1 + drawn(round, REPLIES) as usize;
    assert_eq!(replies.iter().take(wanted).count(), wanted);
    std::thread::sleep(Duration::from_micros(drawn(round + 1000, 3000)));
    server.kill();
    let results = writers.into_iter().map(|writer| writer.join().unwrap());
    let results: Vec<(usize, usize)> = results.collect();

    let server = Server::start(folder, flags);
    let mut client = server.client();
    for (number, (acknowledged, sent)) in results.into_iter().enumerate() {
        let items = client.call(&format!("LRANGE list:{number} 0 -1")).items();
        assert!(
            (acknowledged..=sent).contains(&items.len()),
            "round {round}, {flags:?}: list:{number} has {} items, {acknowledged} were acknowledged, {sent} were sent",
            items.len()
        );
        let items = items.into_iter().map(Value::text);
        lengths[number] = items.len();
        assert!(items.eq((0..lengths[number]).map(|item| item.to_string())));
    }
    server.stop();
}

/// Writes three keys and returns the log's bytes, and where the last batch begins.
fn three_writes(folder: &Folder) -> (Vec<u8>, usize) {
    let server = Server::start(folder, &FLAGS);
    let mut client = server.client();
    client.ask("SET a 1");
    client.ask("SET b 2");
    client.ask("RPUSH c 3 4 5");
    server.stop();
    let bytes = std::fs::read(folder.path().join(LOG)).unwrap();
    let last = request(&["RPUSH", "c", "3", "4", "5"]);
    assert!(bytes.ends_with(&last));
    let start = bytes.len() - last.len() - rotom_core::codec::batch::HEAD_BYTES;
    (bytes, start)
}

#[test]
fn a_torn_tail_is_cut_and_reported() {
    let folder = Folder::new();
    let (bytes, start) = three_writes(&folder);
    for len in [start + 1, start + 10, bytes.len() - 1] {
        folder.write(LOG, &bytes[..len]);
        let server = Server::start(&folder, &FLAGS);
        let cut = len - start;
        server.wait_for_line(&format!("The last {cut} bytes, from offset {start},"));
        let mut client = server.client();
        assert_eq!(client.ask("MGET a b c"), "[1 2 nil]");
        // The log goes on behind the cut.
        assert_eq!(client.ask("SET d 6"), "+OK");
        server.stop();
        let server = Server::start(&folder, &FLAGS);
        assert!(
            !server.log().contains("bytes, from offset"),
            "{}",
            server.log()
        );
        assert_eq!(server.client().ask("MGET a b d"), "[1 2 6]");
    }
}

#[test]
fn a_transaction_that_was_not_ended_does_not_count() {
    let folder = Folder::new();
    let (mut bytes, _) = three_writes(&folder);
    let whole = bytes.len();
    bytes.extend(
        [
            request(&["MULTI"]),
            request(&["SET", "a", "9"]),
            request(&["SET", "b", "9"]),
        ]
        .concat(),
    );
    folder.write(LOG, &bytes);
    let server = Server::start(&folder, &FLAGS);
    assert_eq!(server.client().ask("MGET a b"), "[1 2]");
    server.stop();
    assert_eq!(std::fs::read(folder.path().join(LOG)).unwrap().len(), whole);
}

#[test]
fn damage_stops_the_start_and_is_named() {
    let folder = Folder::new();
    let (bytes, start) = three_writes(&folder);
    let dir = folder.path().to_str().unwrap();
    let end = |more: &[&str]| {
        let arguments = [
            &["--port", "0", "--unixsocket", "s", "--dir", dir],
            FLAGS.as_slice(),
            more,
        ];
        let ended = run_to_end(&arguments.concat());
        assert_eq!(ended.code, Some(1), "{}", ended.output);
        ended.output
    };
    let mut damaged = bytes.clone();
    damaged[start] = b'x';
    folder.write(LOG, &damaged);
    let output = end(&[]);
    let place = "appendonly.aof.1.incr.aof";
    assert!(
        output.contains(place) && output.contains(&start.to_string()),
        "{output}"
    );
    assert_eq!(
        std::fs::read(folder.path().join(LOG)).unwrap(),
        damaged,
        "nothing is cut"
    );

    folder.write(LOG, &bytes[..bytes.len() - 1]);
    let output = end(&["--aof-load-truncated", "no"]);
    assert!(output.contains("aof-load-truncated"), "{output}");

    std::fs::remove_file(folder.path().join(LOG)).unwrap();
    let output = end(&[]);
    assert!(output.contains(place), "{output}");

    folder.write(MANIFEST, "what is this\n");
    end(&[]);
}

/// A log as Redis 7 writes it: a base without RDB preamble, two increments, annotations, transactions.
#[test]
fn a_log_that_redis_wrote_is_read() {
    let folder = Folder::new();
    std::fs::create_dir(folder.path().join("appendonlydir")).unwrap();
    let file = |name: &str, commands: &[&[&str]]| {
        let bytes: Vec<u8> = commands.iter().flat_map(|words| request(words)).collect();
        folder.write(&format!("appendonlydir/{name}"), bytes);
    };
    folder.write(
        MANIFEST,
        "file appendonly.aof.2.base.aof seq 2 type b\nfile appendonly.aof.1.incr.aof seq 1 type h\n\
         file appendonly.aof.3.incr.aof seq 3 type i\nfile appendonly.aof.4.incr.aof seq 4 type i\n",
    );
    file("appendonly.aof.1.incr.aof", &[&["SET", "history", "1"]]);
    file(
        "appendonly.aof.2.base.aof",
        &[
            &["SELECT", "0"],
            &["SET", "string", "a b"],
            &["RPUSH", "list", "1", "2", "3"],
            &["HMSET", "hash", "f", "v", "g", "w"],
            &["SADD", "set", "1", "2"],
            &["ZADD", "zset", "1.5", "a", "3", "b"],
            &["PEXPIREAT", "list", "99999999999999"],
            &["SELECT", "3"],
            &["SET", "elsewhere", "1"],
        ],
    );
    let third = [
        b"#TS:1700000000\r\n".to_vec(),
        request(&["SELECT", "0"]),
        request(&["set", "later", "1", "PXAT", "99999999999999"]),
        request(&["SET", "past", "1", "PXAT", "1000"]),
        request(&["MULTI"]),
        request(&["LPOP", "list"]),
        request(&["SELECT", "3"]),
        request(&["SADD", "set", "x"]),
        request(&["EXEC"]),
        b"#TS:1700000001\r\n".to_vec(),
    ];
    folder.write("appendonlydir/appendonly.aof.3.incr.aof", third.concat());
    file(
        "appendonly.aof.4.incr.aof",
        &[&["SELECT", "0"], &["DEL", "set"], &["UNLINK", "nothing"]],
    );

    for _ in 0..2 {
        let server = Server::start(&folder, &FLAGS);
        let mut client = server.client();
        for (line, wanted) in [
            ("DBSIZE", ":5"),
            ("GET string", "a b"),
            ("LRANGE list 0 -1", "[2 3]"),
            ("PEXPIRETIME list", ":99999999999999"),
            ("HMGET hash f g", "[v w]"),
            ("ZRANGE zset 0 -1 WITHSCORES", "[a 1.5 b 3]"),
            ("PEXPIRETIME later", ":99999999999999"),
            ("EXISTS past set history", ":0"),
            ("SELECT 3", "+OK"),
            ("MGET elsewhere new", "[1 nil]"),
            ("SMEMBERS set", "[x]"),
            ("SET new 1", "+OK"),
            ("DEL new", ":1"),
        ] {
            assert_eq!(client.ask(line), wanted, "{line}");
        }
        server.stop();
        // What Redis rewrote before is no longer needed, and the last increment goes on.
        assert!(
            !folder
                .path()
                .join("appendonlydir/appendonly.aof.1.incr.aof")
                .exists()
        );
        assert!(!folder.read(MANIFEST).contains("type h"));
        let increment = folder.read("appendonlydir/appendonly.aof.4.incr.aof");
        assert!(increment.contains("new"), "{increment}");
    }
}

/// Effects are logged, not requests: what depends on the time or on chance is written as its result.
#[test]
fn the_log_holds_effects() {
    let folder = Folder::new();
    let server = Server::start(&folder, &FLAGS);
    let mut client = server.client();
    for line in [
        "SET a 1 EX 100",
        "SADD s only",
        "SPOP s",
        "INCRBYFLOAT f 0.5",
        "GET a",
        "DEL nothing",
        "EXPIRE a 50",
        "GETDEL a",
    ] {
        client.ask(line);
    }
    server.stop();
    let log = folder.read(LOG);
    assert!(log.contains("\r\nPXAT\r\n"), "{log}");
    for word in [
        "\r\nEX\r\n",
        "SPOP",
        "INCRBYFLOAT",
        "GETDEL",
        "\r\nEXPIRE\r\n",
        "nothing",
        "\r\nGET\r\n",
    ] {
        assert!(!log.contains(word), "{word} in {log}");
    }
    let server = Server::start(&folder, &FLAGS);
    assert_eq!(server.client().ask("KEYS *"), "[f]");
}

#[test]
fn a_log_is_checked_and_repaired_from_the_command_line() {
    let folder = Folder::new();
    let (bytes, start) = three_writes(&folder);
    let dir = folder.path().to_str().unwrap();
    let log_folder = format!("{dir}/appendonlydir");
    let manifest = format!("{dir}/{MANIFEST}");
    for path in [dir, &log_folder, &manifest] {
        let ended = run_to_end(&["--check-aof", path]);
        assert_eq!(ended.code, Some(0), "{}", ended.output);
        assert!(ended.output.contains("3 batches (numbers 1 to 3): ok"));
    }
    let file = format!("{dir}/{LOG}");
    assert_eq!(run_to_end(&["--check-aof", &file]).code, Some(0));

    let mut damaged = bytes.clone();
    damaged[start + 50] ^= 1;
    folder.write(LOG, &damaged);
    let ended = run_to_end(&["--check-aof", dir]);
    assert_eq!(ended.code, Some(1), "{}", ended.output);
    let wanted = format!("damaged at offset {start}, after batch 2");
    assert!(ended.output.contains(&wanted), "{}", ended.output);
    let ended = run_to_end(&["--check-aof", dir, "--fix"]);
    assert_eq!(ended.code, Some(0), "{}", ended.output);
    assert_eq!(run_to_end(&["--check-aof", dir]).code, Some(0));
    let kept = std::fs::read(folder.path().join(format!("{LOG}.cut-at-{start}"))).unwrap();
    assert_eq!(kept, &damaged[start..]);
    let server = Server::start(&folder, &FLAGS);
    assert_eq!(server.client().ask("MGET a b"), "[1 2]");
    assert_eq!(run_to_end(&["--check-aof", "/nowhere"]).code, Some(1));
}
