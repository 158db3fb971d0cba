//! Sockets, waiting, the process, and the core's event loop on all of it.

use std::collections::BTreeMap;

use rotom_core::engine::ae_loop::AeLoop;
use rotom_core::platform::{
    Clock, Fd, Host, Interest, IoError, Net, Poller, Readiness, Signal, Token, Transfer,
};

use super::{NetFaults, PowerCut, Sim, SimClient, SimNet, SimPoller, Waiting};

const READ: Interest = Interest {
    readable: true,
    writable: false,
};
const BOTH: Interest = Interest {
    readable: true,
    writable: true,
};

/// A world with one accepted connection.
fn world() -> (Sim, SimNet, SimClient, Fd) {
    let sim = Sim::new(5);
    let (listener, mut net) = (sim.listen(), sim.net());
    let client = sim.connect(listener);
    let server = net.accept(listener).unwrap().unwrap();
    (sim, net, client, server.fd)
}

/// How many bytes a transfer moved; `None` when the peer is gone.
fn moved(outcome: Result<Transfer, IoError>) -> Option<usize> {
    match outcome.unwrap() {
        Transfer::Bytes(count) => Some(count.get()),
        Transfer::NotReady => Some(0),
        Transfer::Closed => None,
    }
}

fn wait(poller: &mut SimPoller, timeout_us: Option<u64>) -> Vec<(u64, bool, bool)> {
    let blank = Readiness {
        token: Token(0),
        readable: false,
        writable: false,
    };
    let mut ready = [blank; 2];
    let count = poller.wait(&mut ready, timeout_us).unwrap();
    let events = ready[..count].iter();
    events
        .map(|event| (event.token.0, event.readable, event.writable))
        .collect()
}

#[test]
fn chunks_and_the_send_buffer_make_transfers_short() {
    let (_sim, mut net, client, fd) = world();
    let mut into = [0; 100];
    client.send(b"abcdefgh");
    client.set_read_chunk(3);
    assert_eq!(moved(net.read(fd, &mut into)), Some(3));
    assert_eq!(moved(net.read(fd, &mut into[..2])), Some(2));
    assert_eq!(moved(net.read(fd, &mut into)), Some(3));
    assert_eq!(moved(net.read(fd, &mut into)), Some(0));

    client.set_write_chunk(4);
    client.set_send_buffer(6);
    assert_eq!(moved(net.write(fd, &[b"123", b"456"])), Some(4));
    assert_eq!(moved(net.write(fd, &[b"56789"])), Some(2));
    assert_eq!(moved(net.write(fd, &[b"789"])), Some(0));
    assert_eq!(client.receive_up_to(5), b"12345");
    assert_eq!(moved(net.write(fd, &[b"789"])), Some(3));
    assert_eq!(client.receive(), b"6789");
    client.set_send_buffer(0);
    assert_eq!(moved(net.write(fd, &[b"x"])), Some(0));
}

#[test]
fn the_ways_in_which_a_client_goes() {
    let (_sim, mut net, client, fd) = world();
    let mut into = [0; 100];
    client.send(b"a");
    client.shut();
    client.send(b"too late");
    assert_eq!(moved(net.read(fd, &mut into)), Some(1));
    assert_eq!(moved(net.read(fd, &mut into)), None);
    assert_eq!(moved(net.write(fd, &[b"bye"])), Some(3));
    client.close();
    assert_eq!(moved(net.write(fd, &[b"bye"])), None);

    let (_sim, mut net, client, fd) = world();
    client.send(b"a");
    client.reset();
    assert_eq!(moved(net.read(fd, &mut into)), None);
    assert_eq!(moved(net.write(fd, &[b"x"])), None);

    let (_sim, mut net, client, fd) = world();
    client.fail(IoError(5));
    assert_eq!(net.read(fd, &mut into), Err(IoError(5)));

    let (_sim, mut net, client, fd) = world();
    client.send(b"last words");
    drop(client);
    assert_eq!(moved(net.read(fd, &mut into)), Some(10));
    assert_eq!(moved(net.read(fd, &mut into)), None);
    net.close(fd);
}

#[test]
fn a_closed_server_end_leaves_its_last_words_and_its_number() {
    let (sim, mut net, client, fd) = world();
    assert_eq!(moved(net.write(fd, &[b"bye"])), Some(3));
    assert!(!client.is_closed_by_server());
    net.close(fd);
    assert!(client.is_closed_by_server());
    assert_eq!(client.receive(), b"bye");
    client.send(b"x");
    assert_eq!(client.unread_len(), 0);
    let listener = sim.listen();
    assert_eq!(listener, fd, "the lowest number is used again");
    let other = sim.connect_from(listener, "10.0.0.9", false);
    let server = net.accept(listener).unwrap().unwrap();
    assert!(!server.local);
    assert_eq!(net.peer_address(server.fd).as_str(), other.address());
    assert!(other.address().starts_with("10.0.0.9:"));
}

#[test]
fn accepts_fail_on_demand_and_the_client_stays_in_line() {
    let sim = Sim::new(1);
    let (listener, mut net) = (sim.listen(), sim.net());
    let _clients = [sim.connect(listener), sim.connect(listener)];
    sim.fail_accepts(IoError(103), 1);
    assert_eq!(net.accept(listener), Err(IoError(103)));
    let first = net.accept(listener).unwrap().unwrap();
    sim.set_socket_limit(2);
    assert_eq!(net.accept(listener), Err(IoError::TOO_MANY_FILES));
    net.close(first.fd);
    assert!(net.accept(listener).unwrap().is_some());
    assert_eq!(net.accept(listener), Ok(None));
    assert_eq!(sim.open_sockets(), 2);
}

#[test]
fn faults_never_change_what_arrives() {
    let (sim, mut net, client, fd) = world();
    sim.set_net_faults(NetFaults {
        short_percent: 50,
        not_ready_percent: 30,
        reset_percent: 0,
    });
    let sent: Vec<u8> = (0..=255).cycle().take(5000).collect();
    client.send(&sent);
    let (mut received, mut not_ready) = (Vec::<u8>::new(), 0);
    while received.len() < sent.len() {
        let mut into = [0; 64];
        let count = moved(net.read(fd, &mut into)).unwrap();
        not_ready += usize::from(count == 0);
        let mut echo = &into[..count];
        while !echo.is_empty() {
            let written = moved(net.write(fd, &[&echo[..1], &echo[1..]])).unwrap();
            echo = &echo[written..];
        }
        received.extend(&into[..count]);
    }
    assert!(received == sent && client.receive() == sent);
    assert!(not_ready > 10, "{not_ready}");
    sim.set_net_faults(NetFaults {
        reset_percent: 100,
        ..NetFaults::default()
    });
    assert_eq!(moved(net.write(fd, &[b"x"])), None);
}

#[test]
fn readiness_follows_the_state_of_each_connection() {
    let (sim, mut net, client, fd) = world();
    let mut poller = sim.poller();
    poller.register(fd, Token(9), READ).unwrap();
    assert_eq!(wait(&mut poller, Some(0)), []);
    client.send(b"x");
    assert_eq!(wait(&mut poller, None), [(9, true, false)]);
    net.read(fd, &mut [0; 9]).unwrap();
    poller.modify(fd, Token(8), BOTH).unwrap();
    assert_eq!(wait(&mut poller, None), [(8, false, true)]);
    client.set_send_buffer(0);
    assert_eq!(wait(&mut poller, Some(0)), []);
    client.shut();
    assert_eq!(wait(&mut poller, None), [(8, true, false)]);
    client.reset();
    poller.modify(fd, Token(7), Interest::default()).unwrap();
    assert_eq!(wait(&mut poller, None), [(7, true, true)]);
    poller.deregister(fd).unwrap();
    assert_eq!(
        (wait(&mut poller, Some(0)), sim.registered_count()),
        (vec![], 0)
    );
}

#[test]
fn more_ready_than_there_is_room_for_take_turns() {
    let sim = Sim::new(1);
    let (listener, mut net, mut poller) = (sim.listen(), sim.net(), sim.poller());
    let clients = [(); 5].map(|()| sim.connect(listener));
    for (number, client) in clients.iter().enumerate() {
        client.send(b"x");
        let fd = net.accept(listener).unwrap().unwrap().fd;
        poller.register(fd, Token(number as u64), READ).unwrap();
    }
    let mut seen = BTreeMap::new();
    for _ in 0..5 {
        for (token, _, _) in wait(&mut poller, Some(0)) {
            *seen.entry(token).or_insert(0) += 1;
        }
    }
    assert!(
        seen.len() == 5 && seen.values().all(|&count| count == 2),
        "{seen:?}"
    );
}

#[test]
fn time_skips_stays_ticks_and_jumps() {
    let sim = Sim::new(1);
    let (mut poller, clock) = (sim.poller(), sim.clock());
    assert_eq!(wait(&mut poller, Some(250)), []);
    assert_eq!((sim.now_us(), sim.last_timeout_us()), (250, Some(250)));
    sim.set_waiting(Waiting::Stay);
    assert_eq!(wait(&mut poller, Some(250)), []);
    assert_eq!(wait(&mut poller, None), []);
    assert_eq!((sim.now_us(), sim.endless_waits()), (250, 0));
    sim.set_waiting(Waiting::Skip);
    assert_eq!(wait(&mut poller, None), []);
    assert_eq!(sim.endless_waits(), 1);
    sim.set_clock_tick_us(10);
    assert_eq!([clock.monotonic_us(), clock.monotonic_us()], [260, 270]);
    let wall = clock.wall_us();
    sim.jump_wall_us(-1_000_000);
    assert_eq!((clock.wall_us(), sim.now_us()), (wall - 1_000_000, 270));
}

#[test]
fn the_process_has_signals_settings_and_memory() {
    let sim = Sim::new(1);
    let (mut host, mut poller) = (sim.host(), sim.poller());
    poller
        .register(host.wake_fd().unwrap(), Token(1), READ)
        .unwrap();
    sim.signal(Signal::Interrupt);
    assert_eq!(wait(&mut poller, None), [(1, true, false)]);
    host.drain_wake();
    assert_eq!(wait(&mut poller, Some(0)), []);
    assert_eq!(host.take_signal(), Some(Signal::Interrupt));
    assert_eq!(host.take_signal(), None);

    let mut double = |old: &str| old.repeat(2);
    assert_eq!(host.rewrite_config(&mut double), Err(IoError::NOT_FOUND));
    sim.set_config(Some("port 1\n"));
    assert_eq!(host.rewrite_config(&mut double), Ok(()));
    assert_eq!(sim.config().unwrap(), "port 1\nport 1\n");
    sim.set_allocated_bytes(99);
    assert_eq!(
        (host.allocated_bytes(), host.usage().resident_bytes),
        (99, 99)
    );
}

#[test]
fn a_power_cut_ends_all_connections() {
    let (sim, mut net, client, fd) = world();
    sim.poller().register(fd, Token(1), READ).unwrap();
    sim.power_cut(PowerCut::default());
    assert!(client.is_closed_by_server());
    assert_eq!((sim.open_sockets(), sim.registered_count()), (0, 0));
    let listener = sim.listen();
    let _new = sim.connect(listener);
    assert!(net.accept(listener).unwrap().is_some());
}

#[test]
#[should_panic(expected = "closed while it is watched")]
fn closing_what_is_watched_is_a_breach() {
    let (sim, mut net, _client, fd) = world();
    sim.poller().register(fd, Token(1), READ).unwrap();
    net.close(fd);
}

#[test]
#[should_panic(expected = "used as a connection")]
fn using_what_is_closed_is_a_breach() {
    let (_sim, mut net, _client, fd) = world();
    net.close(fd);
    let _ = net.read(fd, &mut [0; 4]);
}

/// An echo server of a few lines on the core's event loop, with a heartbeat.
struct Echo {
    sim: Sim,
    net: SimNet,
    ae: AeLoop<SimPoller, &'static str>,
    listener: Fd,
    unsent: BTreeMap<i32, Vec<u8>>,
    beats: u32,
}

impl Echo {
    fn new(sim: &Sim) -> Self {
        let listener = sim.listen();
        let mut ae = AeLoop::new(sim.poller(), 4);
        ae.watch(listener, Token(0), READ).unwrap();
        ae.add_timer(100_000, Some(100_000), "beat");
        Echo {
            sim: sim.clone(),
            net: sim.net(),
            ae,
            listener,
            unsent: BTreeMap::new(),
            beats: 0,
        }
    }

    fn turn(&mut self) {
        self.ae.turn(self.sim.now_us(), false).unwrap();
        while let Some(event) = self.ae.poll_ready() {
            if event.token == Token(0) {
                self.accept();
            } else {
                self.serve(Fd(event.token.0 as i32));
            }
        }
        while let Some(name) = self.ae.poll_timer(self.sim.now_us()) {
            assert_eq!(name, "beat");
            self.beats += 1;
        }
    }

    fn accept(&mut self) {
        while let Ok(Some(new)) = self.net.accept(self.listener) {
            self.ae.watch(new.fd, Token(new.fd.0 as u64), READ).unwrap();
            self.unsent.insert(new.fd.0, Vec::new());
        }
    }

    fn serve(&mut self, fd: Fd) {
        let mut into = [0; 50];
        let unsent = self.unsent.get_mut(&fd.0).unwrap();
        let read = moved(self.net.read(fd, &mut into));
        unsent.extend(&into[..read.unwrap_or(0)]);
        let written = match unsent.len() {
            0 => Some(0),
            _ => moved(self.net.write(fd, &[unsent])),
        };
        unsent.drain(..written.unwrap_or(0));
        let want = Interest {
            readable: true,
            writable: !unsent.is_empty(),
        };
        if read.is_none() || written.is_none() {
            self.unsent.remove(&fd.0);
            self.ae.unwatch(fd).unwrap();
            self.net.close(fd);
        } else {
            self.ae.set_interest(fd, want).unwrap();
        }
    }
}

/// Runs twenty clients with faults and returns what happened, for comparison.
fn run_echo(seed: u64) -> (Vec<Vec<u8>>, u64) {
    let sim = Sim::new(seed);
    sim.set_net_faults(NetFaults {
        short_percent: 30,
        not_ready_percent: 20,
        reset_percent: 0,
    });
    let mut echo = Echo::new(&sim);
    let clients: Vec<SimClient> = (0..20).map(|_| sim.connect(echo.listener)).collect();
    let mut echoed = vec![Vec::new(); clients.len()];
    for round in 0..300u64 {
        let who = sim.random_below(20) as usize;
        clients[who].set_send_buffer(100);
        clients[who].send(&round.to_le_bytes());
        echo.turn();
        echoed[who].extend(clients[who].receive_up_to(9));
    }
    sim.set_net_faults(NetFaults::default());
    let until_us = sim.now_us() + 1_000_000;
    while sim.now_us() < until_us {
        echo.turn();
        for (client, echoed) in clients.iter().zip(&mut echoed) {
            echoed.extend(client.receive());
        }
    }
    assert_eq!(echoed.iter().map(Vec::len).sum::<usize>(), 300 * 8);
    assert!((10..=11).contains(&echo.beats), "{}", echo.beats);
    drop(clients);
    while sim.open_sockets() > 1 {
        echo.turn();
    }
    assert_eq!(sim.registered_count(), 1);
    (echoed, sim.now_us())
}

#[test]
fn a_server_on_the_event_loop_survives_faults_and_replays_from_its_seed() {
    for seed in 0..20 {
        assert_eq!(run_echo(seed), run_echo(seed));
    }
    assert_ne!(run_echo(1), run_echo(2));
}
