//! What every platform must do alike, run on the simulator and on Linux.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use rotom_core::platform::{
    AppendFile, Clock, Fd, Host, Interest, IoError, Net, Platform, Poller, Readiness, Storage,
    Token, Transfer,
};
use rotom_platform_linux as linux;

use super::{Sim, SimPlatform};

/// One value of each part, and a client that the contract's steps move.
struct Parts<P: Platform> {
    clock: P::Clock,
    poller: P::Poller,
    net: P::Net,
    storage: P::Storage,
    host: P::Host,
    listener: Fd,
}

const READ: Interest = Interest {
    readable: true,
    writable: false,
};
const WRITE: Interest = Interest {
    readable: false,
    writable: true,
};

impl<P: Platform> Parts<P> {
    /// What is ready within ten seconds, as token, readable, writable.
    fn ready(&mut self, timeout_us: u64) -> Vec<(u64, bool, bool)> {
        let blank = Readiness {
            token: Token(0),
            readable: false,
            writable: false,
        };
        let mut ready = [blank; 8];
        let count = self.poller.wait(&mut ready, Some(timeout_us)).unwrap();
        let events = ready[..count].iter();
        events
            .map(|event| (event.token.0, event.readable, event.writable))
            .collect()
    }

    /// Appends until all is taken.
    fn append_all(file: &mut impl AppendFile, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let count = file.append(bytes).unwrap();
            assert!((1..=bytes.len()).contains(&count));
            bytes = &bytes[count..];
        }
    }

    fn check_files(&mut self) {
        let storage = &mut self.storage;
        storage.create_folder("f").unwrap();
        storage.create_folder("f").unwrap();
        let mut file = storage.create("f/a").unwrap();
        assert!(file.is_empty());
        Self::append_all(&mut file, b"0123456789");
        assert_eq!((file.len(), file.append(b"")), (10, Ok(0)));
        let mut into = [0; 4];
        assert_eq!(storage.read_at("f/a", 7, &mut into), Ok(3));
        assert_eq!(&into, b"789\0");
        assert_eq!(storage.read_at("f/a", 10, &mut into), Ok(0));
        assert_eq!(
            storage.read_at("f/a", u64::from(u32::MAX), &mut into),
            Ok(0)
        );
        drop(file);

        storage.truncate("f/a", 5).unwrap();
        let mut file = storage.open_append("f/a").unwrap();
        assert_eq!((file.len(), file.durable_len()), (5, Ok(0)));
        Self::append_all(&mut file, b"X");
        file.sync_now().unwrap();
        assert_eq!(file.durable_len(), Ok(6));
        drop(file);
        assert_eq!(storage.file_len("f/a"), Ok(6));
        assert!(storage.create("f/a").unwrap().is_empty());
        assert_eq!(storage.file_len("f/a"), Ok(0));
    }

    fn check_names(&mut self) {
        let storage = &mut self.storage;
        for name in ["f/old", "f/new", "top"] {
            Self::append_all(&mut storage.create(name).unwrap(), name.as_bytes());
        }
        storage.rename_durable("f/new", "f/old").unwrap();
        let mut into = [0; 9];
        assert_eq!(storage.read_at("f/old", 0, &mut into), Ok(5));
        assert_eq!(&into[..5], b"f/new");
        storage.rename_durable("top", "f/moved").unwrap();
        let mut names = Vec::new();
        storage
            .list("f", &mut |name| names.push(name.to_owned()))
            .unwrap();
        names.sort();
        assert_eq!(names, ["a", "moved", "old"]);
        storage
            .list("", &mut |name| unreachable!("{name} was moved"))
            .unwrap();
        storage.remove("f/moved").unwrap();
        let mut file = storage.create("f/begun").unwrap();
        Self::append_all(&mut file, b"whole");
        file.sync_now().unwrap();
        storage.start_rename(&mut file, "f/begun", "f/old").unwrap();
        while file.durable_len() != Ok(5) {
            std::thread::yield_now();
        }
        assert_eq!(storage.read_at("f/old", 0, &mut into), Ok(5));
        assert_eq!(&into[..5], b"whole");
        assert_eq!(storage.file_len("f/begun"), Err(IoError::NOT_FOUND));
        drop(file);

        let missing = IoError::NOT_FOUND;
        assert_eq!(storage.remove("f/moved"), Err(missing));
        assert_eq!(storage.file_len("top"), Err(missing));
        assert_eq!(storage.open_append("top").err(), Some(missing));
        assert_eq!(storage.create("nowhere/x").err(), Some(missing));
        assert_eq!(storage.truncate("top", 0), Err(missing));
        assert_eq!(storage.rename_durable("top", "f/a"), Err(missing));
        assert_eq!(storage.list("nowhere", &mut |_| {}), Err(missing));
        assert_eq!(storage.create("../x").err(), Some(IoError(22)));
        assert_eq!(storage.create("/x").err(), Some(IoError(22)));
        assert_eq!(storage.create_folder("f/a"), Err(IoError::EXISTS));
    }

    fn check_sync(&mut self) {
        let wake = self.host.wake_fd().unwrap();
        self.poller.register(wake, Token(77), READ).unwrap();
        self.host.drain_wake();
        assert_eq!(self.ready(0), []);
        let mut file = self.storage.create("log").unwrap();
        Self::append_all(&mut file, b"first");
        assert_eq!(file.durable_len(), Ok(0));
        file.start_sync().unwrap();
        assert_eq!(self.ready(10_000_000), [(77, true, false)]);
        assert_eq!(file.durable_len(), Ok(5));
        assert_eq!(self.ready(10_000_000), [(77, true, false)]);
        self.host.drain_wake();
        assert_eq!(self.ready(0), []);

        Self::append_all(&mut file, b"second");
        file.start_sync().unwrap();
        Self::append_all(&mut file, b"third");
        file.start_sync().unwrap();
        while file.durable_len().unwrap() < file.len() {
            assert_eq!(self.ready(10_000_000), [(77, true, false)]);
            self.host.drain_wake();
        }
        self.poller.deregister(wake).unwrap();
        assert_eq!(self.host.take_signal(), None);
    }

    fn check_time(&mut self) {
        let (mono, wall) = (self.clock.monotonic_us(), self.clock.wall_us());
        assert_eq!(self.ready(2_500), []);
        assert!(self.clock.monotonic_us() - mono >= 2_500);
        assert!(self.clock.wall_us() - wall >= 2_000);
    }

    /// Accepts a client that has sent `hello` and hung up its sending half.
    fn check_net(&mut self) {
        self.poller.register(self.listener, Token(1), READ).unwrap();
        assert_eq!(self.ready(10_000_000), [(1, true, false)]);
        let server = self.net.accept(self.listener).unwrap().unwrap();
        assert!(server.local);
        assert_eq!(self.net.accept(self.listener), Ok(None));
        self.poller.deregister(self.listener).unwrap();
        let peer = self.net.peer_address(server.fd);
        assert!(peer.starts_with("127.0.0.1:"), "{peer}");

        self.poller.register(server.fd, Token(2), READ).unwrap();
        let again = self.poller.register(server.fd, Token(2), READ);
        assert_eq!(again, Err(IoError::EXISTS));
        let mut received = Vec::<u8>::with_capacity(2);
        assert_eq!(self.ready(10_000_000), [(2, true, false)]);
        let mut after = [0; 1];
        let outcome = self.net.read_apart(server.fd, &mut received, 2, &mut after);
        let Ok(Transfer::Bytes(count)) = outcome else {
            unreachable!("{outcome:?}");
        };
        let more = count.get() - received.len();
        assert!(more == 0 || received.len() == 2);
        received.extend(&after[..more]);
        loop {
            assert_eq!(self.ready(10_000_000), [(2, true, false)]);
            let mut into = [0; 3];
            match self.net.read(server.fd, &mut into).unwrap() {
                Transfer::Bytes(count) => received.extend(&into[..count.get()]),
                Transfer::NotReady => {}
                Transfer::Closed => break,
            }
        }
        assert_eq!(received, b"hello");
        self.poller.modify(server.fd, Token(3), WRITE).unwrap();
        assert_eq!(self.ready(10_000_000), [(3, false, true)]);
        let five = NonZeroUsize::new(5).unwrap();
        let written = self.net.write(server.fd, &[b"he", b"", b"llo"]);
        assert_eq!(written, Ok(Transfer::Bytes(five)));
        self.poller.deregister(server.fd).unwrap();
        let gone = self.poller.deregister(server.fd);
        assert_eq!(gone, Err(IoError::NOT_FOUND));
        self.net.close(server.fd);
    }

    fn check(&mut self) {
        self.check_files();
        self.check_names();
        self.check_sync();
        self.check_time();
        self.check_net();
        let (mut one, mut two) = ([0; 13], [0; 13]);
        self.host.fill_random(&mut one);
        self.host.fill_random(&mut two);
        assert_ne!(one, two);
    }
}

#[test]
fn the_simulator_keeps_the_contract() {
    let sim = Sim::new(1);
    let listener = sim.listen();
    let client = sim.connect(listener);
    client.send(b"hello");
    client.shut();
    let mut parts = Parts::<SimPlatform> {
        clock: sim.clock(),
        poller: sim.poller(),
        net: sim.net(),
        storage: sim.storage(),
        host: sim.host(),
        listener,
    };
    parts.check();
    assert_eq!(client.receive(), b"hello");
    assert!(client.is_closed_by_server());
}

#[test]
fn linux_keeps_the_contract() {
    use std::io::{Read, Write};
    use std::net::{Shutdown, TcpStream};

    let folder = TemporaryFolder::new();
    let host = linux::LinuxHost::new(|| 0, None).unwrap();
    let listener = linux::listen_tcp("127.0.0.1", 0, 16).unwrap();
    let port = linux::local_port(listener).unwrap();
    let mut client = TcpStream::connect(("127.0.0.1", port)).unwrap();
    client.write_all(b"hello").unwrap();
    client.shutdown(Shutdown::Write).unwrap();
    let mut parts = Parts::<linux::LinuxPlatform> {
        clock: linux::LinuxClock::new(),
        poller: linux::LinuxPoller::new().unwrap(),
        net: linux::LinuxNet::new(),
        storage: linux::LinuxStorage::open(&folder.0, host.wake()).unwrap(),
        host,
        listener,
    };
    parts.check();
    let mut received = Vec::new();
    client.read_to_end(&mut received).unwrap();
    assert_eq!(received, b"hello");
}

struct TemporaryFolder(PathBuf);

impl TemporaryFolder {
    fn new() -> Self {
        let name = format!("rotom-contract-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        TemporaryFolder(path)
    }
}

impl Drop for TemporaryFolder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
