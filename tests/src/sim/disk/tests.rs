//! What the disk keeps, forgets and refuses.

use rotom_core::platform::{AppendFile, IoError, Poller, Readiness, Storage, Token};

use super::super::{PowerCut, Sim};
use super::DiskCall;

const EIO: IoError = IoError(5);

fn cut_keeping(keep_bytes: usize) -> PowerCut {
    PowerCut {
        keep_bytes,
        ..PowerCut::default()
    }
}

/// A world with a file whose first four bytes and name are durable, and which is open.
fn world() -> (Sim, super::SimStorage, super::SimFile) {
    let sim = Sim::new(3);
    let mut storage = sim.storage();
    let mut file = storage.create("log").unwrap();
    assert_eq!(file.append(b"safe"), Ok(4));
    file.sync_now().unwrap();
    (sim, storage, file)
}

fn log(sim: &Sim) -> Vec<u8> {
    sim.disk().bytes("log").unwrap()
}

#[test]
fn a_power_cut_keeps_durable_bytes_and_as_many_others_as_the_test_says() {
    for (keep, left) in [(0, "safe"), (3, "safelos"), (99, "safelost")] {
        let (sim, _storage, mut file) = world();
        file.append(b"lost").unwrap();
        assert_eq!(log(&sim), b"safelost");
        sim.power_cut(cut_keeping(keep));
        assert_eq!(log(&sim), left.as_bytes());
        assert_eq!(sim.disk().durable_len("log"), Some(left.len()));
        assert!(file.append(b"x").is_err() && file.start_sync().is_err());
    }
}

#[test]
fn a_torn_tail_can_be_zeros() {
    let (sim, _storage, mut file) = world();
    file.append(b"lost").unwrap();
    sim.power_cut(PowerCut {
        keep_bytes: 2,
        are_zeros: true,
        keep_name_changes: 0,
    });
    assert_eq!(log(&sim), b"safe\0\0");
}

#[test]
fn a_killed_process_loses_nothing_that_it_wrote() {
    let (sim, mut storage, mut file) = world();
    file.append(b"lost").unwrap();
    storage.create("other").unwrap();
    sim.kill_process();
    assert_eq!(log(&sim), b"safelost");
    assert_eq!(sim.disk().names(), ["log", "other"]);
    assert_eq!(sim.disk().durable_len("log"), Some(4));
    drop(file);
    assert_eq!(storage.open_append("log").unwrap().len(), 8);
}

#[test]
fn a_sync_takes_its_time_and_covers_what_was_there_when_it_was_asked_for() {
    let (sim, _storage, mut file) = world();
    sim.disk().set_sync_delay_us(500);
    file.append(b"+one").unwrap();
    file.start_sync().unwrap();
    file.append(b"+two").unwrap();
    sim.advance_us(499);
    assert_eq!(file.durable_len(), Ok(4));
    sim.advance_us(1);
    assert_eq!(file.durable_len(), Ok(8));

    file.start_sync().unwrap();
    file.append(b"+three").unwrap();
    sim.advance_us(100);
    file.start_sync().unwrap();
    sim.advance_us(400);
    assert_eq!(file.durable_len(), Ok(12));
    sim.advance_us(500);
    assert_eq!(file.durable_len(), Ok(18));
    assert_eq!(sim.disk().syncs_done(), 4);
}

#[test]
fn a_power_cut_in_the_middle_of_a_sync_is_one_before_it() {
    let (sim, _storage, mut file) = world();
    file.append(b"lost").unwrap();
    file.start_sync().unwrap();
    sim.advance_us(999);
    sim.power_cut(PowerCut::default());
    sim.advance_us(1_000_000);
    assert_eq!(log(&sim), b"safe");
}

#[test]
fn a_file_may_be_dropped_while_its_sync_runs() {
    let (sim, mut storage, mut file) = world();
    file.append(b"more").unwrap();
    file.start_sync().unwrap();
    drop(file);
    sim.advance_us(1000);
    assert_eq!(sim.disk().durable_len("log"), Some(8));
    storage.truncate("log", 2).unwrap();
    sim.power_cut(PowerCut::default());
    assert_eq!(log(&sim), b"sa");
}

#[test]
fn a_failed_sync_is_final_whatever_comes_later() {
    let (sim, mut storage, mut file) = world();
    sim.disk().fail(DiskCall::Sync, EIO, 1);
    file.append(b"lost").unwrap();
    file.start_sync().unwrap();
    sim.advance_us(1000);
    assert_eq!(file.durable_len(), Err(EIO));
    assert_eq!(file.durable_len(), Ok(4));
    assert_eq!(file.start_sync(), Err(EIO));
    assert_eq!(file.sync_now(), Err(EIO));
    drop(file);
    // Opened again, the system says that all is well. It is not.
    let mut again = storage.open_append("log").unwrap();
    assert_eq!((again.sync_now(), again.durable_len()), (Ok(()), Ok(8)));
    sim.power_cut(PowerCut::default());
    assert_eq!(log(&sim), b"safe");
}

#[test]
fn the_end_of_a_sync_wakes_the_loop_at_its_time() {
    let (sim, _storage, mut file) = world();
    let mut poller = sim.poller();
    let read = rotom_core::platform::Interest {
        readable: true,
        writable: false,
    };
    poller
        .register(super::super::host::WAKE_FD, Token(1), read)
        .unwrap();
    file.append(b"more").unwrap();
    file.start_sync().unwrap();
    let mut ready = [Readiness {
        token: Token(0),
        readable: false,
        writable: false,
    }];
    assert_eq!(poller.wait(&mut ready, None), Ok(1));
    assert_eq!((sim.now_us(), ready[0].readable), (1000, true));
}

#[test]
fn a_new_name_is_durable_with_the_first_sync_and_not_before() {
    let (sim, mut storage, _file) = world();
    storage.create_folder("f").unwrap();
    let mut synced = storage.create("f/synced").unwrap();
    synced.sync_now().unwrap();
    storage.create("f/unsynced").unwrap();
    storage.create("top").unwrap();
    storage.remove("log").unwrap();
    sim.power_cut(PowerCut::default());
    assert_eq!(sim.disk().names(), ["f/synced", "log"]);
}

#[test]
fn name_changes_survive_in_their_order() {
    for (keep, left) in [(0, "a"), (1, "a b"), (2, "b"), (9, "b c")] {
        let sim = Sim::new(1);
        let mut storage = sim.storage();
        storage.create("a").unwrap().sync_now().unwrap();
        storage.create("b").unwrap();
        storage.remove("a").unwrap();
        storage.create("c").unwrap();
        sim.power_cut(PowerCut {
            keep_name_changes: keep,
            ..PowerCut::default()
        });
        assert_eq!(sim.disk().names().join(" "), left);
    }
}

#[test]
fn a_rename_is_durable_but_not_what_the_file_holds() {
    let (sim, mut storage, file) = world();
    drop(file);
    let mut new = storage.create("new").unwrap();
    new.append(b"unsynced").unwrap();
    drop(new);
    storage.rename_durable("new", "log").unwrap();
    assert_eq!(log(&sim), b"unsynced");
    sim.power_cut(PowerCut::default());
    assert_eq!(log(&sim), b"");
}

#[test]
fn an_emptied_file_comes_back_unless_synced() {
    for (is_synced, left) in [(false, "safe"), (true, "new")] {
        let (sim, mut storage, file) = world();
        drop(file);
        let mut file = storage.create("log").unwrap();
        assert_eq!(log(&sim), b"");
        file.append(b"new").unwrap();
        if is_synced {
            file.sync_now().unwrap();
        }
        sim.power_cut(PowerCut::default());
        assert_eq!(log(&sim), left.as_bytes());
    }
}

#[test]
fn a_full_disk_takes_what_fits_and_recovers() {
    let (sim, mut storage, mut file) = world();
    sim.disk().set_capacity(6);
    assert_eq!(file.append(b"12345"), Ok(2));
    assert_eq!(file.append(b"345"), Err(IoError::NO_SPACE));
    let mut other = storage.create("other").unwrap();
    assert_eq!(other.append(b"x"), Err(IoError::NO_SPACE));
    drop(file);
    storage.remove("log").unwrap();
    assert_eq!(sim.disk().used_bytes(), 0);
    assert_eq!(other.append(b"1234567"), Ok(6));
}

#[test]
fn appends_can_be_short_by_limit_or_by_chance() {
    let (sim, _storage, mut file) = world();
    sim.disk().set_append_limit(3);
    assert_eq!(file.append(b"abcdef"), Ok(3));
    sim.disk().set_append_limit(usize::MAX);
    sim.disk().set_short_append_percent(100);
    for _ in 0..100 {
        assert!((1..10).contains(&file.append(b"0123456789").unwrap()));
        assert_eq!(file.append(b"x"), Ok(1));
    }
    assert_eq!(log(&sim).len() as u64, file.len());
}

#[test]
fn calls_fail_as_often_as_the_test_says() {
    let (sim, mut storage, mut file) = world();
    let disk = sim.disk();
    disk.fail(DiskCall::Append, EIO, 2);
    assert_eq!(
        [file.append(b"a"), file.append(b"a"), file.append(b"a")],
        [Err(EIO), Err(EIO), Ok(1)]
    );
    disk.fail(DiskCall::Create, EIO, u32::MAX);
    disk.fail(DiskCall::Rename, EIO, 1);
    disk.fail(DiskCall::Read, EIO, 1);
    for _ in 0..3 {
        assert_eq!(storage.create("b").err(), Some(EIO));
    }
    assert_eq!(storage.rename_durable("log", "b"), Err(EIO));
    assert_eq!(storage.read_at("log", 0, &mut [0]), Err(EIO));
    disk.heal();
    assert_eq!(storage.create("b").err(), None);
    assert_eq!(log(&sim), b"safea");
}

#[test]
fn a_machine_that_stops_stops_for_good_until_the_power_is_back() {
    let (sim, mut storage, mut file) = world();
    sim.disk().power_off_after(3);
    assert_eq!(file.append(b"1"), Ok(1));
    file.start_sync().unwrap();
    sim.advance_us(1000);
    assert_eq!(file.durable_len(), Ok(5));
    assert!(!sim.disk().is_off());
    assert!(storage.rename_durable("log", "other").is_err());
    assert!(sim.disk().is_off());
    assert!(file.append(b"2").is_err() && storage.file_len("log").is_err());
    drop(file);
    sim.power_cut(PowerCut::default());
    assert_eq!(log(&sim), b"safe1");
    assert_eq!(storage.open_append("log").unwrap().len(), 5);
}

#[test]
fn a_test_can_put_and_damage_files() {
    let sim = Sim::new(1);
    sim.disk().put("f/x", b"abc");
    assert!(sim.disk().edit("f/x", |bytes| bytes[1] ^= 1));
    assert!(!sim.disk().edit("f/y", |_| {}));
    sim.power_cut(PowerCut::default());
    assert_eq!(sim.disk().bytes("f/x").unwrap(), b"acc");
    assert_eq!(sim.storage().file_len("f/x"), Ok(3));
}

#[test]
#[should_panic(expected = "while it is open")]
fn an_open_file_is_not_created_anew() {
    let (_sim, mut storage, _file) = world();
    let _ = storage.create("log");
}
