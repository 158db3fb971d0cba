//! Virtual time.

use rotom_core::platform::Clock;

use super::Shared;

/// 2024-01-01 00:00 UTC, so that simulated dates look like dates.
const WALL_START_US: u64 = 1_704_067_200_000_000;

#[derive(Debug)]
pub(super) struct Time {
    pub(super) now_us: u64,
    /// How far the wall clock is ahead of the monotonic clock.
    pub(super) wall_ahead_us: u64,
    pub(super) tick_us: u64,
}

impl Time {
    pub(super) fn new() -> Self {
        Time {
            now_us: 0,
            wall_ahead_us: WALL_START_US,
            tick_us: 0,
        }
    }
}

/// The clocks of a simulated world.
#[derive(Clone, Debug)]
pub struct SimClock {
    world: Shared,
}

impl SimClock {
    pub(super) fn new(world: Shared) -> Self {
        SimClock { world }
    }
}

impl Clock for SimClock {
    fn monotonic_us(&self) -> u64 {
        let mut world = self.world.borrow_mut();
        let now_us = world.time.now_us + world.time.tick_us;
        world.advance_to(now_us);
        now_us
    }

    fn wall_us(&self) -> u64 {
        let time = &self.world.borrow().time;
        time.wall_ahead_us + time.now_us
    }

    /// Virtual time as well, though looking at this counter takes none of it.
    fn ticks(&self) -> u64 {
        self.world.borrow().time.now_us
    }
}
