//! The storage contract on a real folder.

use super::*;
use crate::{LinuxPoller, Wake};
use rotom_core::platform::{AppendFile, Interest, Poller, Readiness, Token};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

/// A folder of one test, removed at its end.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("rotom-test-{}-{number}-{name}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir(&path).unwrap();
        Folder(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn storage(folder: &Folder) -> LinuxStorage {
    LinuxStorage::open(folder.path(), Wake::new().unwrap()).unwrap()
}

fn names_in(storage: &mut LinuxStorage, folder: &str) -> Vec<String> {
    let mut names = Vec::new();
    storage
        .list(folder, &mut |name| names.push(name.to_owned()))
        .unwrap();
    names.sort();
    names
}

#[test]
fn what_is_appended_is_read_back() {
    let folder = Folder::new("append");
    let mut storage = storage(&folder);
    storage.create_folder("aof").unwrap();
    storage.create_folder("aof").unwrap();
    let mut file = storage.create("aof/one").unwrap();
    assert!(file.is_empty());
    assert_eq!(file.append(b"hello "), Ok(6));
    assert_eq!(file.append(b""), Ok(0));
    let mut into = [0; 20];
    assert_eq!(storage.read_at("aof/one", 0, &mut into), Ok(6));
    assert_eq!(file.append(b"world"), Ok(5));
    assert_eq!(storage.read_at("aof/one", 3, &mut into), Ok(8));
    assert_eq!(&into[..8], b"lo world");
    assert_eq!(storage.read_at("aof/one", 11, &mut into), Ok(0));
    assert_eq!(storage.file_len("aof/one"), Ok(11));
    drop(file);

    let mut file = storage.open_append("aof/one").unwrap();
    assert_eq!((file.len(), file.durable_len()), (11, Ok(0)));
    assert_eq!(file.append(b"!"), Ok(1));
    assert_eq!(storage.file_len("aof/one"), Ok(12));
    assert_eq!(storage.create("aof/one").unwrap().len(), 0);
    assert_eq!(storage.read_at("aof/one", 0, &mut into), Ok(0));
}

#[test]
fn the_reading_cache_follows_changes_of_names() {
    let folder = Folder::new("names");
    let mut storage = storage(&folder);
    for (name, text) in [("a", "from a"), ("b", "from b")] {
        storage
            .create(name)
            .unwrap()
            .append(text.as_bytes())
            .unwrap();
    }
    let mut into = [0; 6];
    assert_eq!(storage.read_at("b", 0, &mut into), Ok(6));
    storage.rename_durable("a", "b").unwrap();
    assert_eq!(storage.read_at("b", 0, &mut into), Ok(6));
    assert_eq!(&into, b"from a");
    assert_eq!(storage.read_at("a", 0, &mut into), Err(IoError::NOT_FOUND));
    storage.truncate("b", 4).unwrap();
    assert_eq!(storage.read_at("b", 0, &mut into), Ok(4));
    storage.remove("b").unwrap();
    assert_eq!(storage.read_at("b", 0, &mut into), Err(IoError::NOT_FOUND));
    assert_eq!(storage.remove("b"), Err(IoError::NOT_FOUND));
    assert_eq!(storage.open_append("b").err(), Some(IoError::NOT_FOUND));
    assert_eq!(storage.file_len("b"), Err(IoError::NOT_FOUND));
    assert_eq!(storage.rename_durable("b", "c"), Err(IoError::NOT_FOUND));
}

#[test]
fn listing_gives_the_files_of_one_folder() {
    let folder = Folder::new("list");
    let mut storage = storage(&folder);
    storage.create_folder("aof").unwrap();
    for name in ["x", "aof/y", "aof/z"] {
        storage.create(name).unwrap();
    }
    assert_eq!(names_in(&mut storage, ""), ["x"]);
    assert_eq!(names_in(&mut storage, "aof"), ["y", "z"]);
    let missing = storage.list("other", &mut |_| {});
    assert_eq!(missing, Err(IoError::NOT_FOUND));
    assert_eq!(storage.create_folder("x"), Err(IoError::EXISTS));
}

#[test]
fn no_name_leads_out_of_the_folder() {
    let folder = Folder::new("escape");
    let mut storage = storage(&folder);
    for name in ["../x", "/etc/passwd", "a/../../x", "./x", "a\0b"] {
        let refused = IoError(libc::EINVAL);
        assert_eq!(storage.create(name).err(), Some(refused), "{name:?}");
        assert_eq!(storage.read_at(name, 0, &mut [0; 1]), Err(refused));
        assert_eq!(storage.rename_durable("x", name), Err(refused));
    }
}

#[test]
fn a_sync_ends_with_a_wake_and_the_durable_length() {
    let folder = Folder::new("sync");
    let wake = Wake::new().unwrap();
    let mut storage = LinuxStorage::open(folder.path(), wake.clone()).unwrap();
    let mut poller = LinuxPoller::new().unwrap();
    let want = Interest {
        readable: true,
        writable: false,
    };
    poller.register(wake.fd(), Token(9), want).unwrap();
    let mut file = storage.create("log").unwrap();
    for round in 1..=3 {
        file.append(b"0123456789").unwrap();
        assert_eq!(file.durable_len(), Ok((round - 1) * 10));
        file.start_sync().unwrap();
        let mut ready = [Readiness {
            token: Token(0),
            readable: false,
            writable: false,
        }];
        assert_eq!(poller.wait(&mut ready, Some(10_000_000)), Ok(1));
        wake.drain();
        assert_eq!(file.durable_len(), Ok(round * 10));
    }
}

#[test]
fn syncs_in_a_row_cover_everything_and_sync_now_comes_last() {
    let folder = Folder::new("syncs");
    let mut storage = storage(&folder);
    let mut file = storage.create("log").unwrap();
    let mut durable_len = 0;
    for _ in 0..50 {
        file.append(&[7; 1000]).unwrap();
        file.start_sync().unwrap();
        let now = file.durable_len().unwrap();
        assert!((durable_len..=file.len()).contains(&now));
        durable_len = now;
    }
    file.sync_now().unwrap();
    assert_eq!(file.durable_len(), Ok(50_000));
    file.append(b"x").unwrap();
    file.sync_now().unwrap();
    assert_eq!(file.durable_len(), Ok(50_001));
}

#[test]
fn files_and_storage_may_be_dropped_in_any_order_while_syncs_run() {
    let folder = Folder::new("drop");
    let mut storage = storage(&folder);
    for round in 0..20 {
        let mut file = storage.create(&format!("f{round}")).unwrap();
        file.append(&[1; 4096]).unwrap();
        file.start_sync().unwrap();
    }
    let mut last = storage.create("last").unwrap();
    last.append(b"tail").unwrap();
    drop(storage);
    last.start_sync().unwrap();
    assert_eq!(last.durable_len(), Ok(4));
    last.append(b"x").unwrap();
    last.sync_now().unwrap();
    assert_eq!(last.durable_len(), Ok(5));
}

#[test]
fn removed_files_are_closed_and_freed_by_the_helper() {
    let folder = Folder::new("freed");
    let mut storage = storage(&folder);
    let name = |number: i32| format!("f{number}");
    for number in 0..20 {
        let mut file = storage.create(&name(number)).unwrap();
        file.append(&[1; 4096]).unwrap();
    }
    for number in 0..10 {
        storage.remove(&name(number)).unwrap();
    }
    for number in 10..19 {
        storage.rename_durable(&name(number), "f19").unwrap();
    }
    drop(storage);
    let root = folder.path().to_str().unwrap();
    let open = fs::read_dir("/proc/self/fd").unwrap();
    let still_open = open
        .filter_map(|entry| fs::read_link(entry.unwrap().path()).ok())
        .filter(|path| path.to_string_lossy().starts_with(root));
    assert_eq!(still_open.count(), 0);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_full_disk_is_told_apart() {
    let folder = Folder::new("full");
    std::os::unix::fs::symlink("/dev/full", folder.path().join("full")).unwrap();
    let mut file = storage(&folder).open_append("full").unwrap();
    assert_eq!(file.append(b"x"), Err(IoError::NO_SPACE));
    assert_eq!(file.len(), 0);
}

/// Runs in a process of its own with a limit on the size of files.
#[test]
fn a_write_that_is_cut_short_says_so() {
    const KEY: &str = "ROTOM_TEST_SHORT";
    if let Some(path) = std::env::var_os(KEY) {
        let wake = Wake::new().unwrap();
        let mut storage = LinuxStorage::open(Path::new(&path), wake).unwrap();
        let mut file = storage.create("short").unwrap();
        let len = file.append(&[1; 100_000]).unwrap();
        assert!(len < 100_000 && file.len() == len as u64, "{len}");
        assert_eq!(file.append(b"x"), Err(IoError(libc::EFBIG)));
        assert_eq!(storage.file_len("short"), Ok(len as u64));
        return;
    }
    let folder = Folder::new("short");
    let test = "storage::tests::a_write_that_is_cut_short_says_so";
    let output = Command::new("/bin/sh")
        .args(["-c", r#"trap '' XFSZ; ulimit -f 8; exec "$0" --exact "$1""#])
        .arg(std::env::current_exe().unwrap())
        .arg(test)
        .env(KEY, folder.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && said.contains("1 passed"),
        "{said}"
    );
}

#[test]
fn a_root_that_is_no_folder_is_refused() {
    let folder = Folder::new("root");
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    assert!(LinuxStorage::open(&file, Wake::new().unwrap()).is_err());
    let missing = folder.path().join("missing");
    assert!(LinuxStorage::open(&missing, Wake::new().unwrap()).is_err());
}
