//! LATENCY: what made the loop stand still for longer than `latency-monitor-threshold`, by kind of event.
//!
//! Of each event the last 160 seconds in which it happened are kept, each with the worst time of that second.

use alloc::vec::Vec;

/// Seconds kept of each event.
const SAMPLES: usize = 160;

/// What can take long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// A command that may take long.
    Command,
    /// A command whose work does not grow with the data.
    FastCommand,
    /// Removing keys whose time had come.
    ExpireCycle,
    /// Evicting keys in time events and before commands.
    EvictionCycle,
    /// Freeing deleted values.
    LazyfreeCycle,
    /// Writing the log.
    AofWrite,
    /// Writing the log while a sync of it was running.
    AofWritePendingFsync,
    /// Writing the log while none was.
    AofWriteAlone,
    /// A sync that replies waited for.
    AofFsyncAlways,
    /// The whole turn of the loop.
    Eventloop,
}

impl Event {
    /// All of them.
    pub const ALL: [Event; 10] = [
        Event::Command,
        Event::FastCommand,
        Event::ExpireCycle,
        Event::EvictionCycle,
        Event::LazyfreeCycle,
        Event::AofWrite,
        Event::AofWritePendingFsync,
        Event::AofWriteAlone,
        Event::AofFsyncAlways,
        Event::Eventloop,
    ];

    /// Its name, Redis's where Redis has it.
    pub fn name(self) -> &'static str {
        match self {
            Event::Command => "command",
            Event::FastCommand => "fast-command",
            Event::ExpireCycle => "expire-cycle",
            Event::EvictionCycle => "eviction-cycle",
            Event::LazyfreeCycle => "lazyfree-cycle",
            Event::AofWrite => "aof-write",
            Event::AofWritePendingFsync => "aof-write-pending-fsync",
            Event::AofWriteAlone => "aof-write-alone",
            Event::AofFsyncAlways => "aof-fsync-always",
            Event::Eventloop => "eventloop",
        }
    }

    /// The event of this name, in any case.
    pub fn by_name(name: &[u8]) -> Option<Event> {
        let mut all = Event::ALL.into_iter();
        all.find(|event| event.name().as_bytes().eq_ignore_ascii_case(name))
    }
}

/// The worst time of one second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sample {
    /// When, Unix seconds.
    pub at_seconds: u64,
    /// How long, milliseconds.
    pub took_ms: u64,
}

/// What is kept of one event.
#[derive(Clone, Debug)]
pub struct Series {
    /// Which.
    pub event: Event,
    /// The longest ever, milliseconds.
    pub max_ms: u64,
    /// The last samples, as a ring whose oldest is at `next` once it is full.
    ring: Vec<Sample>,
    next: usize,
}

impl Series {
    /// The samples kept, oldest first.
    pub fn samples(&self) -> impl DoubleEndedIterator<Item = Sample> + ExactSizeIterator + '_ {
        let (new, old) = self.ring.split_at(self.next % self.ring.len().max(1));
        let len = self.ring.len();
        (0..len).map(move |at| match old.get(at) {
            Some(&sample) => sample,
            None => new[at - old.len()],
        })
    }

    fn last_mut(&mut self) -> Option<&mut Sample> {
        let len = self.ring.len();
        self.ring.get_mut((self.next + len).checked_sub(1)? % len)
    }

    fn add(&mut self, sample: Sample) {
        self.max_ms = self.max_ms.max(sample.took_ms);
        if let Some(last) = self.last_mut()
            && last.at_seconds == sample.at_seconds
        {
            last.took_ms = last.took_ms.max(sample.took_ms);
            return;
        }
        if self.ring.len() < SAMPLES {
            self.ring.push(sample);
            self.next = 0;
        } else {
            self.ring[self.next] = sample;
            self.next = (self.next + 1) % SAMPLES;
        }
    }
}

/// Events that took longer than the threshold.
#[derive(Clone, Debug, Default)]
pub struct Latency {
    series: Vec<Series>,
}

impl Latency {
    /// Notes that an event took `took_us`, if `threshold_ms` is set and reached.
    pub fn note(&mut self, event: Event, took_us: u64, threshold_ms: u64, wall_us: u64) {
        let took_ms = took_us / 1000;
        if threshold_ms == 0 || took_ms < threshold_ms {
            return;
        }
        let sample = Sample {
            at_seconds: wall_us / 1_000_000,
            took_ms,
        };
        if self.series(event).is_none() {
            self.series.push(Series {
                event,
                max_ms: 0,
                ring: Vec::new(),
                next: 0,
            });
        }
        if let Some(series) = self.series.iter_mut().find(|s| s.event == event) {
            series.add(sample);
        }
    }

    /// What is kept of every event that has happened.
    pub fn all(&self) -> &[Series] {
        &self.series
    }

    /// What is kept of an event.
    pub fn series(&self, event: Event) -> Option<&Series> {
        self.series.iter().find(|series| series.event == event)
    }

    /// Forgets an event, or all; how many that were.
    pub fn reset(&mut self, event: Option<Event>) -> usize {
        let before = self.series.len();
        self.series
            .retain(|series| event.is_some_and(|event| series.event != event));
        before - self.series.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    #[test]
    fn the_worst_of_a_second_is_kept_and_the_last_160_seconds() {
        let mut latency = Latency::default();
        latency.note(Event::Command, 50_000, 0, 1_000_000);
        latency.note(Event::Command, 50_000, 51, 1_000_000);
        assert!(latency.all().is_empty());
        for second in 1..=200 {
            latency.note(Event::Command, second * 1000, 1, second * 1_000_000);
            latency.note(Event::Command, 1000, 1, second * 1_000_000);
        }
        let series = latency.series(Event::Command).unwrap();
        let samples: Vec<_> = series.samples().map(|sample| sample.took_ms).collect();
        assert_eq!(samples, (41..=200).collect::<Vec<_>>());
        assert_eq!(series.max_ms, 200);
        latency.note(Event::AofWrite, 1000, 1, 0);
        assert_eq!(latency.reset(Some(Event::Eventloop)), 0);
        assert_eq!(latency.reset(Some(Event::AofWrite)), 1);
        assert_eq!(latency.reset(None), 1);
    }
}
