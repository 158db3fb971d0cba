//! Time: the standard library reads CLOCK_MONOTONIC and CLOCK_REALTIME through the vDSO. Short durations are counted by
//! the processor's time stamp counter where it runs evenly, which takes half as long to read.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rotom_core::platform::Clock;

use crate::syscall;

/// How long the counter is compared with the monotonic clock at the start. Its rate is then known to some parts in ten
/// thousand, better than any single duration matters.
const CALIBRATION: Duration = Duration::from_millis(1);
/// Counters of less than 100 MHz, or beyond 100 GHz, are none.
const PLAUSIBLE_NANOSECONDS: std::ops::Range<f64> = 0.01..10.0;

/// Monotonic time counts from the making of this clock.
#[derive(Clone, Copy, Debug)]
pub struct LinuxClock {
    origin: Instant,
    /// Nanoseconds that a tick of the time stamp counter takes, times 2^32; `None`: it is not used.
    counter_rate: Option<u64>,
}

impl LinuxClock {
    /// A clock that starts at zero now.
    pub fn new() -> Self {
        LinuxClock {
            origin: Instant::now(),
            counter_rate: counter_rate(),
        }
    }
}

impl Default for LinuxClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for LinuxClock {
    fn monotonic_us(&self) -> u64 {
        self.origin.elapsed().as_micros() as u64
    }

    fn wall_us(&self) -> u64 {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH);
        since_epoch.map_or(0, |time| time.as_micros() as u64)
    }

    #[inline]
    fn ticks(&self) -> u64 {
        match self.counter_rate {
            Some(_) => syscall::time_stamp_counter(),
            None => self.origin.elapsed().as_nanos() as u64,
        }
    }

    fn counter(&self) -> Option<fn() -> u64> {
        self.counter_rate
            .map(|_| syscall::time_stamp_counter as fn() -> u64)
    }

    #[inline]
    fn nanoseconds(&self, ticks: u64) -> u64 {
        match self.counter_rate {
            Some(rate) => ((u128::from(ticks) * u128::from(rate)) >> 32) as u64,
            None => ticks,
        }
    }
}

/// The rate of the time stamp counter, if there is one that runs evenly.
fn counter_rate() -> Option<u64> {
    if !syscall::has_even_time_stamp_counter() {
        return None;
    }
    let (start, start_count) = read_both();
    while start.elapsed() < CALIBRATION {
        std::hint::spin_loop();
    }
    let (end, end_count) = read_both();
    let nanoseconds = (end - start).as_nanos() as f64;
    let rate = nanoseconds / end_count.checked_sub(start_count)? as f64;
    let is_plausible = PLAUSIBLE_NANOSECONDS.contains(&rate);
    is_plausible.then_some((rate * (1u64 << 32) as f64) as u64)
}

/// The clock and the counter at the same time: of several tries the one that took the shortest, since the system may have
/// interrupted the others.
fn read_both() -> (Instant, u64) {
    let tries = (0..5).map(|_| {
        let before = syscall::time_stamp_counter();
        let now = Instant::now();
        let took = syscall::time_stamp_counter().wrapping_sub(before);
        (took, now, before.wrapping_add(took / 2))
    });
    let best = tries.min_by_key(|&(took, ..)| took);
    best.map_or((Instant::now(), 0), |(_, now, count)| (now, count))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn monotonic_starts_low_and_advances_and_wall_time_is_of_this_century() {
        let clock = LinuxClock::new();
        let before = clock.monotonic_us();
        std::thread::sleep(Duration::from_millis(2));
        let after = clock.monotonic_us();
        assert!(before < 1_000_000 && after >= before + 2_000);
        assert!(clock.wall_us() > 1_700_000_000_000_000);
    }

    #[test]
    fn ticks_take_as_long_as_the_monotonic_clock_says() {
        let clock = LinuxClock::new();
        let (from_us, from) = (clock.monotonic_us(), clock.ticks());
        std::thread::sleep(Duration::from_millis(20));
        let took_ns = clock.nanoseconds(clock.ticks() - from);
        let took_us = clock.monotonic_us() - from_us;
        let ratio = took_ns as f64 / 1000.0 / took_us as f64;
        assert!((0.97..1.03).contains(&ratio), "{ratio}");
    }
}
