//! The log while the server runs: full and failing disks, slow syncs, the end of the server.

use rotom_core::engine::Exit;
use rotom_core::platform::{IoError, Signal};
use rotom_tests::log::batch;
use rotom_tests::reply::{Value, line, request, take_replies};
use rotom_tests::server::Server;
use rotom_tests::sim::{DiskCall, PowerCut, Sim};
use rotom_tests::writer::{Writer, value};

const EIO: IoError = IoError(5);
const ALWAYS: &[&str] = &["appendonly yes", "appendfsync always"];
const EVERYSEC: &[&str] = &["appendonly yes", "appendfsync everysec"];
const NO: &[&str] = &["appendonly yes", "appendfsync no"];
const INCR_1: &str = "appendonlydir/appendonly.aof.1.incr.aof";
const INCR_2: &str = "appendonlydir/appendonly.aof.2.incr.aof";
const MANIFEST: &str = "appendonlydir/appendonly.aof.manifest";

/// Everything that reached the disk, synced or not.
const KEEP_ALL: PowerCut = PowerCut {
    keep_bytes: usize::MAX,
    are_zeros: false,
    keep_name_changes: usize::MAX,
};

fn ok() -> Value {
    Value::Simple("OK".into())
}

#[test]
fn a_slow_sync_delays_no_reply_of_everysec() {
    let sim = Sim::new(1);
    let mut server = Server::start(&sim, EVERYSEC);
    let mut writer = Writer::new(&server);
    sim.disk().set_sync_delay_us(1_900_000);
    server.turn();
    for _ in 0..400 {
        writer.send(1);
        let from_us = sim.now_us();
        server.turn();
        writer.receive();
        assert_eq!(writer.acknowledged(), writer.sent);
        assert!(sim.now_us() - from_us < 1000);
        sim.advance_us(20_000);
    }
    let client = server.connect();
    let info = format!("{:?}", server.call(&client, "INFO persistence"));
    assert!(info.contains("aof_delayed_fsync:0\\r"), "{info}");
}

#[test]
fn a_full_disk_refuses_writes_and_goes_on_by_itself() {
    for lines in [ALWAYS, EVERYSEC, NO] {
        let sim = Sim::new(1);
        let mut server = Server::start(&sim, lines);
        let client = server.connect();
        assert_eq!(server.call(&client, "SET first 1"), ok());
        sim.disk().set_capacity(sim.disk().used_bytes() + 20);

        // The write that finds the disk full is done in memory. With `always` it is not acknowledged.
        let unlucky = server.connect();
        unlucky.send(&line("SET second 2"));
        server.run_us(50_000);
        let is_answered = unlucky.unreceived_len() > 0;
        assert_eq!(is_answered, lines != ALWAYS);
        let refused = server.call(&client, "SET third 3");
        let text = "MISCONF Errors writing to the AOF file: No space left on device";
        assert_eq!(refused, Value::Error(text.into()));
        assert_eq!(server.get("first"), Some(b"1".to_vec()));
        let mut turns = 0;
        let end_us = sim.now_us() + 5_000_000;
        while sim.now_us() < end_us {
            server.turn();
            turns += 1;
        }
        assert!(turns <= 120, "{turns} turns in five seconds");
        assert!(server.call(&client, "SET third 3").is_error("MISCONF"));

        sim.disk().set_capacity(usize::MAX);
        server.run_us(250_000);
        assert_eq!(server.call(&client, "SET third 3"), ok());
        assert_eq!(server.replies(&unlucky, 1), [ok()]);
        server.run_us(2_000_000);
        drop(server);
        let keep = if lines == NO {
            KEEP_ALL
        } else {
            PowerCut::default()
        };
        sim.power_cut(keep);
        let mut server = Server::start(&sim, lines);
        for (key, value) in [("first", b"1"), ("second", b"2"), ("third", b"3")] {
            assert_eq!(server.get(key), Some(value.to_vec()), "{lines:?}");
        }
    }
}

#[test]
fn what_was_written_before_the_disk_was_full_is_synced_all_the_same() {
    let sim = Sim::new(1);
    let mut server = Server::start(&sim, EVERYSEC);
    server.run_us(300_000);
    let client = server.connect();
    assert_eq!(server.call(&client, "SET first 1"), ok());
    sim.disk().set_capacity(sim.disk().used_bytes() + 10);
    assert_eq!(server.call(&client, "SET second 2"), ok());
    server.run_us(1_500_000);
    assert!(server.call(&client, "SET third 3").is_error("MISCONF"));
    sim.power_cut(PowerCut::default());
    drop(server);
    let mut server = Server::start(&sim, EVERYSEC);
    assert_eq!(server.get("first"), Some(b"1".to_vec()));
    assert_eq!(server.get("second"), None);
}

#[test]
fn a_sync_while_a_command_is_half_written_is_no_place_to_go_on_from() {
    let sim = Sim::new(1);
    let mut server = Server::start(&sim, EVERYSEC);
    server.run_us(300_000);
    let client = server.connect();
    assert_eq!(server.call(&client, "SET first 1"), ok());
    // Half of the second is written and synced, the rest follows, and then a sync fails.
    sim.disk().set_capacity(sim.disk().used_bytes() + 10);
    assert_eq!(server.call(&client, "SET second 2"), ok());
    let syncs = sim.disk().syncs_done();
    server.run_us(1_500_000);
    assert!(sim.disk().syncs_done() > syncs);
    sim.disk().set_capacity(usize::MAX);
    sim.disk().fail(DiskCall::Sync, EIO, 1);
    server.run_us(3_000_000);
    assert_eq!(server.call(&client, "SET third 3"), ok());
    server.run_us(2_000_000);
    assert!(sim.disk().bytes(INCR_2).is_some(), "another file took over");
    drop(server);
    sim.power_cut(PowerCut::default());
    let mut server = Server::start(&sim, EVERYSEC);
    for (key, value) in [("first", b"1"), ("second", b"2"), ("third", b"3")] {
        assert_eq!(server.get(key), Some(value.to_vec()));
    }
}

#[test]
fn a_disk_that_fills_up_and_empties_loses_nothing_acknowledged() {
    for seed in 0..40 {
        let lines = [ALWAYS, EVERYSEC][seed as usize % 2];
        let sim = Sim::new(seed);
        let mut server = Server::start(&sim, lines);
        sim.disk().set_short_append_percent(30);
        let mut acknowledged = Vec::new();
        let client = server.connect();
        let mut received = Vec::new();
        let (mut sent, mut answered) = (0, 0);
        for _ in 0..300 {
            if sim.random_below(20) == 0 {
                let room = sim.random_below(300) as usize;
                sim.disk().set_capacity(sim.disk().used_bytes() + room);
            } else if sim.random_below(20) == 0 {
                sim.disk().set_capacity(usize::MAX);
            }
            client.send(&line(&format!(
                "SET key:{sent} {}",
                value(sent).replace(' ', "_")
            )));
            sent += 1;
            sim.advance_us(sim.random_below(20_000));
            server.turn();
            received.extend(client.receive());
            for reply in take_replies(&mut received) {
                if reply == ok() {
                    acknowledged.push(answered);
                } else {
                    assert!(reply.is_error("MISCONF"), "{reply:?}");
                }
                answered += 1;
            }
        }
        assert!(
            acknowledged.len() > 20,
            "seed {seed}: {}",
            acknowledged.len()
        );
        sim.disk().set_capacity(usize::MAX);
        server.run_us(2_000_000);
        drop(server);
        sim.power_cut(PowerCut::default());
        let mut server = Server::start(&sim, lines);
        for number in acknowledged {
            let found = server.get(&format!("key:{number}"));
            assert_eq!(
                found,
                Some(value(number).replace(' ', "_").into_bytes()),
                "seed {seed}"
            );
        }
    }
}

#[test]
fn after_a_failed_sync_another_file_takes_over() {
    for lines in [ALWAYS, EVERYSEC] {
        let sim = Sim::new(1);
        let mut server = Server::start(&sim, lines);
        let client = server.connect();
        assert_eq!(server.call(&client, "SELECT 3"), ok());
        assert_eq!(server.call(&client, "SET kept 1"), ok());
        server.run_us(2_000_000);
        let kept = sim.disk().bytes(INCR_1).unwrap();

        sim.disk().fail(DiskCall::Sync, EIO, 1);
        client.send(&line("SET tail 2"));
        server.run_us(10_000);
        server.run_us(1_000_000);
        server.until("the new file", |_| sim.disk().names().len() == 3);
        server.run_us(300_000);
        assert_eq!(server.replies(&client, 1), [ok()]);

        assert_eq!(
            sim.disk().bytes(INCR_1),
            Some(kept.clone()),
            "the old file is cut"
        );
        let expected = [
            format!("#rotom:continues-at:{}\r\n", kept.len()).into_bytes(),
            batch(0, &line("SELECT 3")),
            batch(2, &line("SET tail 2")),
        ];
        assert_eq!(sim.disk().bytes(INCR_2), Some(expected.concat()));
        let manifest = "file appendonly.aof.1.incr.aof seq 1 type i\n\
                        file appendonly.aof.2.incr.aof seq 2 type i\n";
        assert_eq!(sim.disk().bytes(MANIFEST), Some(manifest.into()));

        assert_eq!(server.call(&client, "SET after 3"), ok());
        server.run_us(2_000_000);
        drop(server);
        sim.power_cut(PowerCut::default());
        let mut server = Server::start(&sim, lines);
        let client = server.connect();
        assert_eq!(server.call(&client, "SELECT 3"), ok());
        for (key, value) in [("kept", "1"), ("tail", "2"), ("after", "3")] {
            let found = server.call(&client, &format!("GET {key}"));
            assert_eq!(found, Value::Bulk(Some(value.into())), "{lines:?} {key}");
        }
    }
}

#[test]
fn while_syncs_fail_writes_are_refused_and_reads_go_on() {
    for lines in [ALWAYS, EVERYSEC] {
        let sim = Sim::new(1);
        let mut server = Server::start(&sim, lines);
        let mut writer = Writer::new(&server);
        writer.send(10);
        server.run_us(2_000_000);
        writer.receive();
        sim.disk().fail(DiskCall::Sync, EIO, u32::MAX);
        writer.send(10);
        server.run_us(10_000);
        writer.receive();
        let expected = if lines == ALWAYS { 10 } else { 20 };
        assert_eq!(writer.acknowledged(), expected);
        server.run_us(3_000_000);
        let client = server.connect();
        let refused = server.call(&client, "SET other 1");
        let text = "MISCONF Errors writing to the AOF file: Input/output error";
        assert_eq!(refused, Value::Error(text.into()));
        assert_eq!(server.get("key:15"), Some(value(15).into()));
        let names = sim.disk().names();
        assert!(names.len() <= 3, "files pile up: {names:?}");

        sim.disk().heal();
        server.run_us(400_000);
        writer.receive();
        assert_eq!(writer.acknowledged(), 20);
        writer.send(5);
        server.run_us(2_000_000);
        writer.receive();
        assert_eq!(writer.acknowledged(), 25);
        drop(server);
        sim.power_cut(PowerCut::default());
        assert_eq!(writer.restart(&sim, lines), 25);
    }
}

#[test]
fn a_failure_known_before_a_turn_refuses_the_writes_of_that_turn() {
    let sim = Sim::new(1);
    let mut server = Server::start(&sim, EVERYSEC);
    let client = server.connect();
    assert_eq!(server.call(&client, "SET key 1"), ok());
    sim.disk().set_sync_delay_us(50_000);
    sim.disk().fail(DiskCall::Sync, EIO, 1);
    server.run_us(1_010_000);
    // The sync fails while the client's bytes are on their way: both are news of the same turn.
    client.send(&line("SET key 2"));
    sim.advance_us(60_000);
    let replies = server.replies(&client, 1);
    let is_running = sim.disk().syncs_done() > 2;
    assert!(is_running || replies[0].is_error("MISCONF"), "{replies:?}");
}

#[test]
fn many_failures_in_a_row_keep_every_byte_once() {
    for seed in 0..60 {
        let sim = Sim::new(seed);
        let lines = [ALWAYS, EVERYSEC][seed as usize % 2];
        let mut server = Server::start(&sim, lines);
        // Pushing twice what was logged once would show.
        let client = server.connect();
        let mut received = Vec::new();
        let (mut pushed, mut refused) = (0i64, 0);
        let mut in_doubt = 0;
        for _ in 0..200 {
            let calls = [
                DiskCall::Sync,
                DiskCall::Append,
                DiskCall::Create,
                DiskCall::Rename,
                DiskCall::Truncate,
                DiskCall::Read,
                DiskCall::Remove,
            ];
            if sim.random_below(8) == 0 {
                let call = calls[sim.random_below(7) as usize];
                sim.disk().fail(call, EIO, 1 + sim.random_below(2) as u32);
            }
            client.send(&line("RPUSH list x"));
            in_doubt += 1;
            sim.advance_us(sim.random_below(60_000));
            server.turn();
            received.extend(client.receive());
            for reply in take_replies(&mut received) {
                in_doubt -= 1;
                match reply {
                    Value::Int(len) => pushed = len,
                    error => {
                        assert!(error.is_error("MISCONF"), "{error:?}");
                        refused += 1;
                    }
                }
            }
        }
        assert!(refused > 0, "seed {seed}: nothing failed");
        sim.disk().heal();
        server.run_us(3_000_000);
        let all = server.replies(&client, in_doubt);
        for reply in all {
            if let Value::Int(len) = reply {
                pushed = len;
            }
        }
        for n in sim.disk().names() {
            let b = sim.disk().bytes(&n).unwrap();
            eprintln!(
                "{n} {} durable {:?} {}",
                b.len(),
                sim.disk().durable_len(&n),
                b[..b.len().min(150)].escape_ascii()
            );
        }
        drop(server);
        sim.power_cut(PowerCut::default());
        for n in sim.disk().names() {
            let b = sim.disk().bytes(&n).unwrap();
            eprintln!(
                "{n} {} durable {:?} {}",
                b.len(),
                sim.disk().durable_len(&n),
                b[..b.len().min(150)].escape_ascii()
            );
        }
        let mut server = Server::start(&sim, lines);
        for n in sim.disk().names() {
            let b = sim.disk().bytes(&n).unwrap();
            eprintln!(
                "{n} {} durable {:?} {}",
                b.len(),
                sim.disk().durable_len(&n),
                b[..b.len().min(150)].escape_ascii()
            );
        }
        let client = server.connect();
        let found = server.call(&client, "LLEN list");
        assert_eq!(found, Value::Int(pushed), "seed {seed}");
    }
}

#[test]
fn a_large_tail_is_taken_over_in_slices() {
    let sim = Sim::new(1);
    let mut server = Server::start(&sim, EVERYSEC);
    let client = server.connect();
    server.run_us(100_000);
    sim.disk().fail(DiskCall::Sync, EIO, 1);
    let value = vec![b'v'; 1 << 20];
    for number in 0..40 {
        let key = format!("key:{number}");
        client.send(&request(&[b"SET", key.as_bytes(), &value]));
    }
    assert_eq!(server.replies(&client, 40), vec![ok(); 40]);
    let most = |sim: &Sim| sim.disk().bytes(INCR_2).map_or(0, |bytes| bytes.len());
    let mut before = most(&sim);
    server.until("the new file", |_| {
        let now = most(&sim);
        assert!(
            now - before <= 3 << 19,
            "{} bytes in one turn",
            now - before
        );
        before = now;
        sim.disk()
            .bytes(MANIFEST)
            .is_some_and(|text| text.ends_with(b"seq 2 type i\n"))
    });
    server.run_us(300_000);
    assert_eq!(server.call(&client, "SET other 1"), ok());
    drop(server);
    sim.power_cut(PowerCut::default());
    let mut server = Server::start(&sim, EVERYSEC);
    for number in 0..40 {
        assert_eq!(server.get(&format!("key:{number}")), Some(value.clone()));
    }
}

#[test]
fn shutdown_makes_everything_durable() {
    for lines in [ALWAYS, EVERYSEC, NO] {
        let sim = Sim::new(1);
        let mut server = Server::start(&sim, lines);
        let mut writer = Writer::new(&server);
        sim.disk().set_sync_delay_us(100_000);
        writer.send(7);
        server.turn();
        server.turn();
        sim.signal(Signal::Terminate);
        let exit = (0..10).find_map(|_| server.turn());
        assert_eq!(exit, Some(Exit::Clean));
        writer.receive();
        assert_eq!(writer.acknowledged(), 7);
        assert!(writer.client.is_closed_by_server());
        assert_eq!(sim.open_sockets(), 0);
        drop(server);
        sim.power_cut(PowerCut::default());
        assert_eq!(writer.restart(&sim, lines), 7);
    }
}

#[test]
fn shutdown_with_a_failing_disk_is_refused_unless_forced_and_then_tells_no_lies() {
    let sim = Sim::new(1);
    let mut server = Server::start(&sim, ALWAYS);
    let mut writer = Writer::new(&server);
    writer.send(3);
    server.run_us(100_000);
    writer.receive();
    sim.disk().fail(DiskCall::Sync, EIO, u32::MAX);
    writer.send(3);
    server.run_us(50_000);
    let client = server.connect();
    let refused = server.call(&client, "SHUTDOWN");
    let text = "ERR Errors trying to SHUTDOWN. Check logs.";
    assert_eq!(refused, Value::Error(text.into()));
    sim.signal(Signal::Interrupt);
    server.run_us(200_000);
    assert_eq!(server.call(&client, "PING"), Value::Simple("PONG".into()));
    client.send(&line("SHUTDOWN FORCE"));
    let exit = (0..10).find_map(|_| server.turn());
    assert_eq!(exit, Some(Exit::LogNotSynced));
    writer.receive();
    assert_eq!(writer.acknowledged(), 3);
    drop(server);
    sim.disk().heal();
    sim.power_cut(PowerCut::default());
    assert_eq!(writer.restart(&sim, ALWAYS), 3);
}

#[test]
fn shutdown_after_a_failed_sync_writes_the_tail_again() {
    let sim = Sim::new(1);
    let mut server = Server::start(&sim, ALWAYS);
    let mut writer = Writer::new(&server);
    writer.send(3);
    server.run_us(100_000);
    sim.disk().fail(DiskCall::Sync, EIO, 1);
    writer.send(3);
    server.run_us(20_000);
    sim.signal(Signal::Terminate);
    let exit = (0..3).find_map(|_| server.turn());
    assert_eq!(exit, Some(Exit::Clean));
    writer.receive();
    assert_eq!(writer.acknowledged(), 6);
    drop(server);
    sim.power_cut(PowerCut::default());
    assert_eq!(writer.restart(&sim, ALWAYS), 6);
}

#[test]
fn a_change_of_policy_takes_effect_at_once() {
    let sim = Sim::new(1);
    let mut server = Server::start(&sim, NO);
    let mut writer = Writer::new(&server);
    let admin = server.connect();
    writer.send(5);
    server.run_us(3_000_000);
    writer.receive();
    assert_eq!(writer.acknowledged(), 5);
    assert_eq!(server.call(&admin, "CONFIG SET appendfsync always"), ok());
    writer.send(1);
    server.run_us(100_000);
    writer.receive();
    assert_eq!(writer.acknowledged(), 6);
    // Replies that wait are released when nobody waits any more.
    sim.disk().set_sync_delay_us(60_000_000);
    writer.send(1);
    server.run_us(100_000);
    writer.receive();
    assert_eq!(writer.acknowledged(), 6);
    assert_eq!(server.call(&admin, "CONFIG SET appendfsync everysec"), ok());
    server.run_us(100_000);
    writer.receive();
    assert_eq!(writer.acknowledged(), 7);
    drop(server);
    sim.power_cut(PowerCut::default());
    writer.answers.truncate(6);
    assert_eq!(writer.restart(&sim, ALWAYS), 6);
}

#[test]
fn waitaof_answers_when_the_log_is_durable() {
    for lines in [ALWAYS, EVERYSEC, NO] {
        let sim = Sim::new(1);
        let mut server = Server::start(&sim, lines);
        let (client, other) = (server.connect(), server.connect());
        server.turn();
        sim.disk().set_sync_delay_us(300_000);
        client.send(&[line("SET a 1"), line("WAITAOF 1 0 0"), line("GET a")].concat());
        server.run_us(100_000);
        let mut bytes = client.receive();
        let early = take_replies(&mut bytes);
        let expected: &[Value] = if lines == ALWAYS { &[] } else { &[ok()] };
        assert_eq!(early, expected);
        // Nobody else waits.
        assert_eq!(server.call(&other, "GET b"), Value::Bulk(None));
        let durable = |own| Value::Array(Some(vec![Value::Int(own), Value::Int(0)]));
        assert_eq!(server.call(&other, "WAITAOF 0 0 0"), durable(0));
        let rest = server.replies(&client, 3 - early.len());
        let last = [durable(1), Value::Bulk(Some(b"1".to_vec()))];
        assert_eq!(rest[rest.len() - 2..], last);
        assert_eq!(server.call(&other, "WAITAOF 1 0 0"), durable(1));
        drop(server);
        sim.power_cut(PowerCut::default());
        let mut server = Server::start(&sim, lines);
        assert_eq!(server.get("a"), Some(b"1".to_vec()));
    }
}

#[test]
fn waitaof_promises_nothing_at_an_end_without_a_sync() {
    let sim = Sim::new(1);
    let mut server = Server::start(&sim, EVERYSEC);
    let client = server.connect();
    server.turn();
    sim.disk().set_sync_delay_us(60_000_000);
    client.send(&[line("SET a 1"), line("WAITAOF 1 0 0")].concat());
    server.run_us(100_000);
    sim.disk().fail(DiskCall::Sync, EIO, u32::MAX);
    client.send(&line("SHUTDOWN FORCE"));
    let end = (0..100).find_map(|_| server.turn());
    assert_eq!(end, Some(Exit::LogNotSynced));
    let mut bytes = client.receive();
    assert_eq!(take_replies(&mut bytes), [ok()]);
}
