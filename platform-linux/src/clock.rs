//! Time: the standard library reads CLOCK_MONOTONIC and CLOCK_REALTIME through the vDSO.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use rotom_core::platform::Clock;

/// Monotonic time counts from the making of this clock.
#[derive(Clone, Copy, Debug)]
pub struct LinuxClock {
    origin: Instant,
}

impl LinuxClock {
    /// A clock that starts at zero now.
    pub fn new() -> Self {
        LinuxClock {
            origin: Instant::now(),
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
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn monotonic_starts_low_and_advances_and_wall_time_is_of_this_century() {
        let clock = LinuxClock::new();
        let before = clock.monotonic_us();
        std::thread::sleep(std::time::Duration::from_millis(2));
        let after = clock.monotonic_us();
        assert!(before < 1_000_000 && after >= before + 2_000);
        assert!(clock.wall_us() > 1_700_000_000_000_000);
    }
}
