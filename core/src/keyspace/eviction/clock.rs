//! The access clock: 24 bits in each entry that say when it was used last, or how often.
//!
//! ```text
//! LRU   | 24: ticks of an eighth of a second, going round every 24 days |
//! LFU   | 16: minutes, going round | 8: logarithmic counter             |
//! ```
//!
//! Redis's LRU clock counts seconds. A small cache under load turns over in less than that, and then all keys look
//! alike; so the tick here is finer.
//!
//! The LFU counter is Redis's: it starts at [`NEW_COUNT`], the chance that a use raises it is one in `(counter - 5) *
//! lfu-log-factor + 1`, and each `lfu-decay-time` minutes without a use lower it by one.

use super::super::entry::Entry;
use crate::bytes::prng::Prng;
use crate::codec::rdb::Usage;
use crate::settings::{MaxmemoryPolicy, Settings};

const MASK: u32 = 0x00ff_ffff;
const TICK_MS: u64 = 125;
/// The counter of a new key under an LFU policy.
const NEW_COUNT: u8 = 5;
/// The mark when uses are counted: no entry's clock equals it, so each use is looked at.
const COUNTING: u32 = u32::MAX;

/// The access clock at a moment, under the settings of that moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccessClock {
    /// What a use writes, or [`COUNTING`].
    mark: u32,
    now_ms: u64,
    log_factor: u32,
    decay_minutes: u32,
}

impl Default for AccessClock {
    fn default() -> Self {
        AccessClock {
            mark: 0,
            now_ms: 0,
            log_factor: 10,
            decay_minutes: 1,
        }
    }
}

/// Whether a policy asks how often keys are used, not when.
pub fn counts_uses(policy: MaxmemoryPolicy) -> bool {
    matches!(
        policy,
        MaxmemoryPolicy::AllkeysLfu | MaxmemoryPolicy::VolatileLfu
    )
}

impl AccessClock {
    /// The clock at `now_ms`, Unix milliseconds.
    pub fn new(now_ms: u64, settings: &Settings) -> Self {
        AccessClock {
            mark: if counts_uses(settings.maxmemory_policy) {
                COUNTING
            } else {
                ticks(now_ms)
            },
            now_ms,
            log_factor: settings.lfu_log_factor,
            decay_minutes: settings.lfu_decay_time,
        }
    }

    /// Notes that an entry is used.
    #[inline(always)]
    pub(in super::super) fn touch(&self, entry: &mut Entry, prng: &mut Prng) {
        let clock = entry.clock();
        if clock != self.mark {
            if self.mark == COUNTING {
                entry.set_clock(self.used(clock, prng));
            } else {
                entry.set_clock(self.mark);
            }
        }
    }

    /// The clock of a new key.
    pub fn of_new_key(&self) -> u32 {
        if self.mark == COUNTING {
            self.counted(NEW_COUNT)
        } else {
            self.mark
        }
    }

    /// The clock of a new key that was used before, as far as that is told in the terms of the policy.
    pub fn of_used_key(&self, usage: Option<Usage>) -> u32 {
        match usage {
            Some(Usage::Frequency(count)) if self.mark == COUNTING => self.counted(count),
            Some(Usage::IdleSeconds(seconds)) if self.mark != COUNTING => {
                // Beyond half of what the clock can tell, a key is as idle as can be.
                let idle = seconds
                    .saturating_mul(1000 / TICK_MS)
                    .min(u64::from(MASK / 2));
                self.mark.wrapping_sub(idle as u32) & MASK
            }
            _ => self.of_new_key(),
        }
    }

    /// How recently or often a key with this clock was used, for a file.
    pub fn usage(&self, clock: u32) -> Usage {
        if self.mark == COUNTING {
            Usage::Frequency(self.frequency(clock))
        } else {
            Usage::IdleSeconds(self.idle_seconds(clock).into())
        }
    }

    /// The clock of a key in the place of one with the clock `old`: how often it was used goes on.
    pub(in super::super) fn of_replaced_key(&self, old: u32) -> u32 {
        if self.mark == COUNTING {
            old
        } else {
            self.mark
        }
    }

    /// Whole seconds since the last use; has a meaning unless uses are counted.
    pub fn idle_seconds(&self, clock: u32) -> u32 {
        (u64::from(self.idle_ticks(clock)) * TICK_MS / 1000) as u32
    }

    /// The second of the last use, Unix time, as far as 24 bits hold it; has a meaning unless uses are counted.
    pub fn last_use_seconds(&self, clock: u32) -> u32 {
        let now_seconds = (self.now_ms / 1000) as u32;
        now_seconds.wrapping_sub(self.idle_seconds(clock)) & MASK
    }

    /// The LFU counter as of now; has a meaning when uses are counted.
    pub fn frequency(&self, clock: u32) -> u8 {
        match self.idle_minutes(clock).checked_div(self.decay_minutes) {
            Some(periods) => (clock as u8).saturating_sub(periods.min(255) as u8),
            None => clock as u8,
        }
    }

    /// How well a key with this clock is done without; the greatest goes first. Of keys used equally often the one that
    /// was not used for the longest time goes.
    pub(super) fn dispensability(&self, clock: u32) -> u32 {
        if self.mark == COUNTING {
            u32::from(255 - self.frequency(clock)) << 16 | self.idle_minutes(clock)
        } else {
            self.idle_ticks(clock)
        }
    }

    #[inline(never)]
    fn used(&self, clock: u32, prng: &mut Prng) -> u32 {
        let count = self.frequency(clock);
        let over = u64::from(count.saturating_sub(NEW_COUNT));
        let rises = count < u8::MAX && prng.below(over * u64::from(self.log_factor) + 1) == 0;
        self.counted(count + u8::from(rises))
    }

    fn counted(&self, count: u8) -> u32 {
        u32::from(self.minutes()) << 8 | u32::from(count)
    }

    fn minutes(&self) -> u16 {
        (self.now_ms / 60_000) as u16
    }

    fn idle_minutes(&self, clock: u32) -> u32 {
        u32::from(self.minutes().wrapping_sub((clock >> 8) as u16))
    }

    fn idle_ticks(&self, clock: u32) -> u32 {
        ticks(self.now_ms).wrapping_sub(clock) & MASK
    }
}

fn ticks(now_ms: u64) -> u32 {
    (now_ms / TICK_MS) as u32 & MASK
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE_MS: u64 = 60_000;

    fn counting(now_ms: u64, log_factor: u32, decay_minutes: u32) -> AccessClock {
        AccessClock {
            mark: COUNTING,
            now_ms,
            log_factor,
            decay_minutes,
        }
    }

    /// The counter after so many uses in one minute.
    fn count_after(uses: u32, log_factor: u32) -> f64 {
        let mut prng = Prng::new(1);
        let clock = counting(0, log_factor, 1);
        let mut sum = 0;
        for _ in 0..20 {
            let mut value = clock.of_new_key();
            for _ in 0..uses {
                value = clock.used(value, &mut prng);
            }
            sum += u32::from(clock.frequency(value));
        }
        f64::from(sum) / 20.0
    }

    /// The table in redis.conf: hits, and the counter they come to under three factors.
    #[test]
    fn the_counter_is_logarithmic_as_in_redis() {
        for (uses, factor, expected) in [
            (100, 0, 105.0),
            (1000, 0, 255.0),
            (100, 1, 18.0),
            (1000, 1, 49.0),
            (100_000, 1, 255.0),
            (100, 10, 10.0),
            (1000, 10, 18.0),
            (100_000, 10, 142.0),
            (1000, 100, 11.0),
            (100_000, 100, 49.0),
        ] {
            let count = count_after(uses, factor);
            let off = (count - expected).abs() / expected;
            assert!(off < 0.15, "{uses} uses, factor {factor}: {count}");
        }
    }

    #[test]
    fn the_counter_decays_with_time_and_minutes_go_round() {
        for start_ms in [0, 65_530 * MINUTE_MS] {
            let clock = counting(start_ms, 10, 2);
            let value = clock.counted(7);
            let later = |minutes: u64, decay: u32| {
                counting(start_ms + minutes * MINUTE_MS, 10, decay).frequency(value)
            };
            assert_eq!((later(0, 2), later(1, 2), later(2, 2)), (7, 7, 6));
            assert_eq!((later(13, 2), later(14, 2), later(9000, 2)), (1, 0, 0));
            assert_eq!(later(9000, 0), 7, "no decay at all");
        }
    }

    #[test]
    fn idle_time_is_true_in_seconds_and_goes_round_later_than_days() {
        for start_ms in [0, (u64::from(MASK) - 3) * TICK_MS] {
            let value = ticks(start_ms);
            for seconds in [0, 1, 59, 86_400, 20 * 86_400] {
                let clock = AccessClock {
                    now_ms: start_ms + seconds * 1000,
                    ..AccessClock::default()
                };
                assert_eq!(u64::from(clock.idle_seconds(value)), seconds);
            }
        }
    }

    #[test]
    fn a_use_marks_an_entry_and_a_new_key_is_in_use() {
        let mut prng = Prng::new(1);
        let mut settings = Settings::default();
        let mut entry = Entry::with_int(b"k", 1, None);
        let clock = AccessClock::new(1_000_000, &settings);
        clock.touch(&mut entry, &mut prng);
        let later = AccessClock::new(1_009_000, &settings);
        assert_eq!(later.idle_seconds(entry.clock()), 9);
        assert_eq!(later.idle_seconds(later.of_new_key()), 0);
        settings.maxmemory_policy = MaxmemoryPolicy::AllkeysLfu;
        let clock = AccessClock::new(1_000_000, &settings);
        entry.set_clock(clock.of_new_key());
        assert_eq!(clock.frequency(entry.clock()), NEW_COUNT);
        clock.touch(&mut entry, &mut prng);
        assert_eq!(clock.frequency(entry.clock()), NEW_COUNT + 1);
    }

    #[test]
    fn the_least_used_goes_first_and_of_these_the_one_used_longest_ago() {
        let then = counting(10 * MINUTE_MS, 10, 100);
        let now = counting(11 * MINUTE_MS, 10, 100);
        let order = [
            now.counted(9),
            now.counted(3),
            then.counted(3),
            then.counted(2),
        ];
        let values = order.map(|clock| now.dispensability(clock));
        assert!(values.is_sorted(), "{values:?}");
    }
}
