//! What survives kills and power cuts, at every call that changes the disk.

use rotom_core::platform::IoError;
use rotom_tests::server::{Server, settings};
use rotom_tests::sim::{DiskCall, PowerCut, Sim};
use rotom_tests::writer::{Replay, Writer};

const EIO: IoError = IoError(5);
const ALWAYS: &[&str] = &["appendonly yes", "appendfsync always"];
const EVERYSEC: &[&str] = &["appendonly yes", "appendfsync everysec"];
const NO: &[&str] = &["appendonly yes", "appendfsync no"];

fn cuts() -> Vec<PowerCut> {
    let mut cuts = Vec::new();
    for keep_bytes in [0, 1, 5, 40, 41, 60, 1000, usize::MAX] {
        for are_zeros in [false, true] {
            for keep_name_changes in [0, 1, 2, usize::MAX] {
                cuts.push(PowerCut {
                    keep_bytes,
                    are_zeros,
                    keep_name_changes,
                });
            }
        }
    }
    cuts
}

/// Writes with `always` until the power goes off at a disk call; what was acknowledged is there.
fn power_off_at(calls: u64, cut: PowerCut, prepare: impl Fn(&Sim)) -> bool {
    let sim = Sim::new(calls);
    let mut server = Server::start(&sim, ALWAYS);
    let mut writer = Writer::new(&server);
    prepare(&sim);
    sim.disk().power_off_after(calls);
    let _replay = Replay(format!("power off at disk call {calls}, then {cut:?}"));
    for round in 0..12 {
        writer.send(1 + round % 3);
        server.turn();
        writer.receive();
        sim.advance_us(calls * 137 % 1500);
    }
    server.run_us(1_500_000);
    for _ in 0..3 {
        writer.send(2);
        server.run_us(5_000);
        writer.receive();
    }
    writer.survives(server, &sim, cut, ALWAYS)
}

#[test]
fn always_keeps_what_was_acknowledged_through_power_cuts_at_every_disk_call() {
    for cut in cuts() {
        let mut calls = 1;
        while power_off_at(calls, cut, |_| {}) {
            calls += 1;
        }
        assert!(calls > 15, "{calls} calls only");
    }
}

#[test]
fn always_keeps_what_was_acknowledged_through_short_appends_and_power_cuts() {
    for cut in cuts().into_iter().step_by(5) {
        let mut calls = 1;
        while power_off_at(calls, cut, |sim| sim.disk().set_append_limit(17)) {
            calls += 3;
        }
        assert!(calls > 80, "{calls} calls only");
    }
}

#[test]
fn a_power_cut_while_another_file_takes_over_loses_nothing() {
    for cut in cuts() {
        let mut calls = 1;
        while power_off_at(calls, cut, |sim| {
            sim.disk().fail(DiskCall::Sync, EIO, 1);
        }) {
            calls += 1;
        }
        assert!(calls > 15, "{calls} calls only");
    }
}

#[test]
fn a_power_cut_while_taking_over_fails_again_and_again_loses_nothing() {
    let calls = [
        DiskCall::Create,
        DiskCall::Append,
        DiskCall::Read,
        DiskCall::Rename,
        DiskCall::Truncate,
        DiskCall::Remove,
    ];
    for failing in calls {
        for cut in cuts().into_iter().step_by(3) {
            let mut calls = 1;
            while power_off_at(calls, cut, |sim| {
                sim.disk().fail(DiskCall::Sync, EIO, 3);
                sim.disk().fail(failing, EIO, 2);
            }) {
                calls += 2;
            }
            assert!(calls > 15, "{calls} calls only");
        }
    }
}

#[test]
fn a_power_cut_while_starting_harms_nothing() {
    for cut in cuts() {
        for calls in 1..20 {
            let sim = Sim::new(calls);
            sim.disk().power_off_after(calls);
            let _replay = Replay(format!("power off at disk call {calls}, then {cut:?}"));
            let first = Server::try_start(&sim, settings(ALWAYS)).ok();
            let is_off = sim.disk().is_off();
            assert!(first.is_some() || is_off);
            let mut writer = None;
            if let Some(mut server) = first {
                let writer = writer.insert(Writer::new(&server));
                writer.send(5);
                server.run_us(200_000);
                writer.receive();
            }
            sim.power_cut(cut);
            // The next start is cut off as well: it may have a torn tail to cut.
            sim.disk().power_off_after(calls / 2 + 1);
            drop(Server::try_start(&sim, settings(ALWAYS)));
            sim.power_cut(cut);
            if let Some(writer) = writer {
                writer.restart(&sim, ALWAYS);
            } else {
                assert_eq!(Server::start(&sim, ALWAYS).key_count(), 0);
            }
        }
    }
}

#[test]
fn a_killed_process_loses_nothing_that_was_acknowledged() {
    for lines in [ALWAYS, EVERYSEC, NO] {
        for turns in 0..40 {
            let sim = Sim::new(turns);
            let mut server = Server::start(&sim, lines);
            let mut writer = Writer::new(&server);
            sim.disk().set_short_append_percent(50);
            for _ in 0..turns {
                writer.send(2);
                server.turn();
                writer.receive();
            }
            sim.kill_process();
            drop(server);
            writer.restart(&sim, lines);
        }
    }
}

#[test]
fn everysec_loses_at_most_the_last_second() {
    for seed in 0..60 {
        let sim = Sim::new(seed);
        let mut server = Server::start(&sim, EVERYSEC);
        let mut writer = Writer::new(&server);
        let sync_us = 1 + sim.random_below(200_000);
        sim.disk().set_sync_delay_us(sync_us);
        let mut times = Vec::new();
        let end_us = sim.now_us() + 1_000_000 + sim.random_below(5_000_000);
        while sim.now_us() < end_us {
            // Now and then it pauses, so that the last writes before a pause must be synced by the clock.
            if sim.random_below(20) > 0 {
                writer.send(1);
            } else {
                server.run_us(sim.random_below(1_500_000));
            }
            server.turn();
            writer.receive();
            times.resize(writer.acknowledged(), sim.now_us());
            sim.advance_us(sim.random_below(30_000));
        }
        drop(server);
        sim.power_cut(PowerCut {
            keep_bytes: sim.random_below(200) as usize,
            are_zeros: seed % 2 == 0,
            keep_name_changes: 0,
        });
        // What was lost was acknowledged, which is what everysec allows; it must be the last second's.
        writer.answers.clear();
        let found = writer.restart(&sim, EVERYSEC);
        let allowed_us = 1_000_000 + 150_000 + sync_us;
        if let Some(&lost_us) = times.get(found) {
            let age_us = sim.now_us() - lost_us;
            assert!(age_us <= allowed_us, "seed {seed}: lost after {age_us} us");
        }
    }
}
