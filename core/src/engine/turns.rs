//! What turns of the loop have cost, and which part of the worst one took the time.

/// Turns that take longer are counted: the loop's promise is that there are none.
const LONG_US: u64 = 1000;

/// The parts of a turn, in order, under the names that INFO has for them.
pub(super) const PARTS: [&str; 4] = ["requests", "log", "replies", "time_events"];

/// What turns have cost, microseconds. The wait for events is not part of a turn.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Turns {
    pub(super) count: u64,
    pub(super) sum_us: u64,
    /// Of that, what requests took.
    pub(super) requests_us: u64,
    pub(super) worst_us: u64,
    /// What each of [`PARTS`] took of the worst turn.
    pub(super) worst_parts_us: [u64; PARTS.len()],
    /// Turns of more than a millisecond.
    pub(super) long: u64,
}

impl Turns {
    /// Counts a turn by the times at which it began and each of its parts ended, on the monotonic clock.
    #[inline]
    pub(super) fn count(&mut self, times_us: [u64; PARTS.len() + 1]) {
        let took_us = times_us[PARTS.len()].saturating_sub(times_us[0]);
        self.count += 1;
        self.sum_us += took_us;
        self.requests_us += times_us[1].saturating_sub(times_us[0]);
        self.long += u64::from(took_us > LONG_US);
        if took_us > self.worst_us {
            self.worst_us = took_us;
            for (part, part_us) in self.worst_parts_us.iter_mut().enumerate() {
                *part_us = times_us[part + 1].saturating_sub(times_us[part]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_are_those_of_the_worst_turn() {
        let mut turns = Turns::default();
        turns.count([100, 110, 110, 130, 140]);
        turns.count([200, 1000, 1001, 1201, 1301]);
        turns.count([2000, 2001, 2001, 2001, 2002]);
        assert_eq!((turns.count, turns.sum_us), (3, 1143));
        assert_eq!((turns.worst_us, turns.long), (1101, 1));
        assert_eq!(turns.worst_parts_us, [800, 1, 200, 100]);
    }
}
