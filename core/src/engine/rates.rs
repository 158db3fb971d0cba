//! How much happens a second: the mean over the last sixteen times that the cron looked, as in Redis.

use super::turns::Turns;
use crate::session::Statistics;

const SAMPLES: usize = 16;

/// A counter's growth a second.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Rate {
    last_count: u64,
    last_us: u64,
    per_second: [u64; SAMPLES],
    next: usize,
}

impl Rate {
    fn sample(&mut self, count: u64, now_us: u64) {
        let took_us = now_us.saturating_sub(self.last_us);
        // A counter that was reset begins anew.
        let grown = count.saturating_sub(self.last_count);
        if self.last_us != 0 && took_us > 0 {
            self.per_second[self.next] = grown.saturating_mul(1_000_000) / took_us;
            self.next = (self.next + 1) % SAMPLES;
        }
        self.last_count = count;
        self.last_us = now_us;
    }

    pub(super) fn per_second(&self) -> u64 {
        self.per_second.iter().sum::<u64>() / SAMPLES as u64
    }
}

/// The rates that INFO shows.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Rates {
    /// Commands.
    pub(super) commands: Rate,
    /// Bytes read.
    pub(super) input: Rate,
    /// Bytes written.
    pub(super) output: Rate,
    /// Turns of the loop, and microseconds that they took.
    pub(super) turns: Rate,
    busy: Rate,
}

impl Rates {
    /// Looks at the counters; `now_us` is monotonic.
    pub(super) fn sample(&mut self, statistics: &Statistics, turns: &Turns, now_us: u64) {
        self.turns.sample(turns.count, now_us);
        self.busy.sample(turns.sum_us, now_us);
        self.commands.sample(statistics.commands, now_us);
        self.input.sample(statistics.input_bytes, now_us);
        self.output.sample(statistics.output_bytes, now_us);
    }

    /// How long a turn took lately, microseconds.
    pub(super) fn turn_us(&self) -> u64 {
        self.busy.per_second() / self.turns.per_second().max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_steady_counter_has_its_rate() {
        let mut rate = Rate::default();
        for tick in 1..=20 {
            rate.sample(tick * 50, tick * 100_000);
        }
        assert_eq!(rate.per_second(), 500);
        rate.sample(0, 2_100_000);
        assert_eq!(rate.per_second(), 500 * 15 / 16);
    }
}
