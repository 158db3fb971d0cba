//! The loop over a poller that keeps a log of its calls.

use super::timers::Timers;
use super::*;
use crate::bytes::prng::Prng;
use std::vec::Vec;

const NOTHING: Interest = Interest {
    readable: false,
    writable: false,
};
const READ: Interest = Interest {
    readable: true,
    writable: false,
};
const WRITE: Interest = Interest {
    readable: false,
    writable: true,
};

#[derive(Clone, Copy, Debug, PartialEq)]
enum Call {
    Register(Fd, Interest),
    Modify(Fd, Interest),
    Deregister(Fd),
    Wait(Option<u64>),
}

/// Knows who is registered and reports as ready, both ways, whatever the test lists.
#[derive(Default)]
struct FakePoller {
    calls: Vec<Call>,
    registered: Vec<(Fd, Token)>,
    ready: Vec<Fd>,
    refuse: Option<IoError>,
}

impl FakePoller {
    fn note(&mut self, call: Call) -> Result<(), IoError> {
        self.calls.push(call);
        self.refuse.map_or(Ok(()), Err)
    }
}

impl Poller for FakePoller {
    fn register(&mut self, fd: Fd, token: Token, want: Interest) -> Result<(), IoError> {
        self.note(Call::Register(fd, want))?;
        assert!(self.registered.iter().all(|&(known, _)| known != fd));
        self.registered.push((fd, token));
        Ok(())
    }
    fn modify(&mut self, fd: Fd, token: Token, want: Interest) -> Result<(), IoError> {
        self.note(Call::Modify(fd, want))?;
        assert!(self.registered.contains(&(fd, token)));
        Ok(())
    }
    fn deregister(&mut self, fd: Fd) -> Result<(), IoError> {
        self.registered.retain(|&(known, _)| known != fd);
        self.note(Call::Deregister(fd))
    }
    fn wait(&mut self, ready: &mut [Readiness], timeout: Option<u64>) -> Result<usize, IoError> {
        self.note(Call::Wait(timeout))?;
        let mut count = 0;
        for (fd, token) in &self.registered {
            if self.ready.contains(fd) && count < ready.len() {
                ready[count] = Readiness {
                    token: *token,
                    readable: true,
                    writable: true,
                };
                count += 1;
            }
        }
        Ok(count)
    }
}

type Loop = AeLoop<FakePoller, u32>;

fn new_loop() -> Loop {
    AeLoop::new(FakePoller::default(), 8)
}

fn poll_all(ae: &mut Loop) -> Vec<(u64, bool, bool)> {
    core::iter::from_fn(|| ae.poll_ready())
        .map(|event| (event.token.0, event.readable, event.writable))
        .collect()
}

fn due_at(ae: &mut Loop, now_us: u64) -> Vec<u32> {
    core::iter::from_fn(|| ae.poll_timer(now_us)).collect()
}

#[test]
fn events_carry_the_token_and_only_what_is_wanted() {
    let mut ae = new_loop();
    ae.watch(Fd(5), Token(u64::MAX), READ).unwrap();
    ae.watch(Fd(-7), Token(8), WRITE).unwrap();
    ae.poller_mut().ready = [Fd(5), Fd(-7)].into();
    assert_eq!(ae.turn(0, false), Ok(2));
    assert_eq!(
        poll_all(&mut ae),
        [(u64::MAX, true, false), (8, false, true)]
    );
    assert_eq!(poll_all(&mut ae), []);
}

#[test]
fn the_poller_hears_of_changes_only() {
    let mut ae = new_loop();
    ae.watch(Fd(1), Token(1), READ).unwrap();
    ae.set_interest(Fd(1), READ).unwrap();
    ae.set_interest(Fd(1), WRITE).unwrap();
    ae.set_interest(Fd(1), NOTHING).unwrap();
    ae.set_interest(Fd(1), NOTHING).unwrap();
    ae.set_interest(Fd(1), READ).unwrap();
    ae.unwatch(Fd(1)).unwrap();
    assert_eq!(
        ae.poller_mut().calls,
        [
            Call::Register(Fd(1), READ),
            Call::Modify(Fd(1), WRITE),
            Call::Deregister(Fd(1)),
            Call::Register(Fd(1), READ),
            Call::Deregister(Fd(1)),
        ]
    );
    assert_eq!(ae.watched_count(), 0);
}

#[test]
fn unwatching_one_of_which_nothing_is_wanted_is_quiet() {
    let mut ae = new_loop();
    ae.watch(Fd(1), Token(1), NOTHING).unwrap();
    assert_eq!(ae.interest(Fd(1)), Some(NOTHING));
    ae.unwatch(Fd(1)).unwrap();
    assert_eq!(ae.poller_mut().calls, []);
}

#[test]
fn misuse_and_failures_are_reported_and_leave_no_trace() {
    let mut ae = new_loop();
    ae.watch(Fd(1), Token(1), READ).unwrap();
    assert_eq!(ae.watch(Fd(1), Token(2), READ), Err(IoError::EXISTS));
    assert_eq!(ae.set_interest(Fd(2), READ), Err(IoError::NOT_FOUND));
    assert_eq!(ae.unwatch(Fd(2)), Err(IoError::NOT_FOUND));

    ae.poller_mut().refuse = Some(IoError::NO_SPACE);
    assert_eq!(ae.watch(Fd(3), Token(3), READ), Err(IoError::NO_SPACE));
    assert_eq!(ae.interest(Fd(3)), None);
    assert_eq!(ae.set_interest(Fd(1), WRITE), Err(IoError::NO_SPACE));
    assert_eq!(ae.interest(Fd(1)), Some(READ));
    assert_eq!(ae.turn(0, true), Err(IoError::NO_SPACE));
    assert_eq!(ae.poll_ready(), None);
    assert_eq!(ae.unwatch(Fd(1)), Err(IoError::NO_SPACE));
    assert_eq!(ae.interest(Fd(1)), None);
}

#[test]
fn no_event_for_what_was_unwatched_in_the_same_turn() {
    let mut ae = new_loop();
    for n in 1..=4 {
        ae.watch(Fd(n), Token(n as u64), READ).unwrap();
    }
    ae.poller_mut().ready = [Fd(1), Fd(2), Fd(3), Fd(4)].into();
    assert_eq!(ae.turn(0, false), Ok(4));
    assert_eq!(ae.poll_ready().map(|event| event.token), Some(Token(1)));
    // 2 is closed and its number is given to a new connection; 3 is closed; 4 has had enough.
    ae.unwatch(Fd(2)).unwrap();
    ae.watch(Fd(2), Token(20), READ).unwrap();
    ae.unwatch(Fd(3)).unwrap();
    ae.set_interest(Fd(4), WRITE).unwrap();
    assert_eq!(poll_all(&mut ae), [(4, false, true)]);
    ae.turn(0, false).unwrap();
    assert_eq!(
        poll_all(&mut ae),
        [(1, true, false), (4, false, true), (20, true, false)]
    );
}

#[test]
fn a_turn_is_bounded_and_drops_what_was_not_asked_for() {
    let mut ae = new_loop();
    for n in 0..20 {
        ae.watch(Fd(n), Token(n as u64), READ).unwrap();
        ae.poller_mut().ready.push(Fd(n));
    }
    assert_eq!(ae.turn(0, false), Ok(8));
    assert_eq!(ae.poll_ready().map(|event| event.token), Some(Token(0)));
    assert_eq!(ae.turn(0, false), Ok(8));
    assert_eq!(poll_all(&mut ae).len(), 8);
}

#[test]
fn the_wait_lasts_until_the_nearest_timer() {
    let mut ae = new_loop();
    ae.turn(10, false).unwrap();
    ae.add_timer(500, None, 1);
    ae.add_timer(100, None, 2);
    ae.turn(10, false).unwrap();
    ae.turn(10, true).unwrap();
    ae.turn(200, false).unwrap();
    assert_eq!(
        ae.poller_mut().calls,
        [
            Call::Wait(None),
            Call::Wait(Some(90)),
            Call::Wait(Some(0)),
            Call::Wait(Some(0)),
        ]
    );
}

#[test]
fn timers_come_by_due_time_and_then_by_age() {
    let mut ae = new_loop();
    for (due, name) in [(30, 1), (10, 2), (20, 3), (10, 4), (40, 5)] {
        ae.add_timer(due, None, name);
    }
    assert_eq!(due_at(&mut ae, 9), []);
    assert_eq!(due_at(&mut ae, 30), [2, 4, 3, 1]);
    assert_eq!(ae.next_due_us(), Some(40));
}

#[test]
fn a_periodic_timer_keeps_its_phase_and_never_bursts() {
    let mut ae = new_loop();
    ae.add_timer(100, Some(100), 7);
    assert_eq!(due_at(&mut ae, 100), [7]);
    assert_eq!(ae.next_due_us(), Some(200));
    assert_eq!(due_at(&mut ae, 230), [7]);
    assert_eq!(ae.next_due_us(), Some(300));
    assert_eq!(due_at(&mut ae, 1_000_000_050), [7]);
    assert_eq!(ae.next_due_us(), Some(1_000_000_100));
}

#[test]
fn a_timer_at_the_end_of_time_and_one_without_period_length_do_not_spin_or_overflow() {
    let mut ae = new_loop();
    ae.add_timer(1, Some(0), 1);
    assert_eq!(due_at(&mut ae, 5), [1]);
    assert_eq!(ae.next_due_us(), Some(6));
    ae.add_timer(0, Some(u64::MAX), 2);
    assert_eq!(due_at(&mut ae, u64::MAX - 1), [2, 1]);
}

#[test]
fn a_cancelled_timer_is_gone_and_its_name_tag_is_not_taken_for_another() {
    let mut ae = new_loop();
    let first = ae.add_timer(10, None, 1);
    assert_eq!(ae.cancel(first), Some(1));
    let second = ae.add_timer(10, Some(5), 2);
    assert_eq!(ae.cancel(first), None);
    assert!(!ae.move_timer(first, 99));
    assert!(ae.move_timer(second, 50));
    assert_eq!(due_at(&mut ae, 49), []);
    assert_eq!(due_at(&mut ae, 50), [2]);
    assert_eq!(ae.cancel(second), Some(2));
    let once = ae.add_timer(60, None, 3);
    assert_eq!(due_at(&mut ae, 60), [3]);
    assert_eq!(ae.cancel(once), None);
    assert_eq!(ae.next_due_us(), None);
}

/// The same as the heap, as a plain list searched from the front.
#[derive(Default)]
struct NaiveTimers(Vec<(u64, u64, Option<u64>, TimerId, u32)>);

impl NaiveTimers {
    fn poll(&mut self, now_us: u64, age: u64) -> Option<u32> {
        self.0.sort_by_key(|timer| (timer.0, timer.1));
        let &(due, _, period, _, name) = self.0.first().filter(|timer| timer.0 <= now_us)?;
        match period {
            None => drop(self.0.remove(0)),
            Some(period) => {
                let mut next = due;
                while next <= now_us {
                    next += period;
                }
                (self.0[0].0, self.0[0].1) = (next, age);
            }
        }
        Some(name)
    }
}

#[test]
fn random_timers_agree_with_a_plain_list() {
    let mut prng = Prng::new(11);
    let (mut timers, mut naive) = (Timers::new(), NaiveTimers::default());
    let mut gone = Vec::new();
    let mut now_us = 0;
    for step in 0..20_000u64 {
        let due = now_us + prng.below(300);
        match prng.below(6) {
            0 | 1 => {
                let period = (prng.below(3) == 0).then(|| 1 + prng.below(200));
                let id = timers.add(due, period, step as u32);
                naive.0.push((due, step, period, id, step as u32));
            }
            2 if !naive.0.is_empty() => {
                let victim = prng.below(naive.0.len() as u64) as usize;
                let (_, _, _, id, name) = naive.0.remove(victim);
                assert_eq!(timers.cancel(id), Some(name));
                gone.push(id);
            }
            3 if !naive.0.is_empty() => {
                let moved = prng.below(naive.0.len() as u64) as usize;
                assert!(timers.move_to(naive.0[moved].3, due));
                (naive.0[moved].0, naive.0[moved].1) = (due, step);
            }
            _ => {
                now_us += prng.below(60);
                assert_eq!(timers.poll(now_us), naive.poll(now_us, step));
            }
        }
        timers.check();
        assert!(gone.last().is_none_or(|&id| timers.cancel(id).is_none()));
        assert_eq!(
            timers.next_due_us(),
            naive.0.iter().map(|timer| timer.0).min()
        );
    }
}
