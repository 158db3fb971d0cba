//! The other client: it asks for nothing much, and notes how long it has to wait.

use super::client::Client;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{JoinHandle, sleep, spawn};
use std::time::{Duration, Instant};

/// Between an answer and the next PING.
const REST: Duration = Duration::from_micros(150);

/// A client on a thread of its own.
pub struct Probe {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<std::io::Result<Vec<u64>>>,
}

impl Probe {
    /// Starts asking the server on this port.
    pub fn start(port: u16) -> std::io::Result<Probe> {
        let mut client = Client::connect(port)?;
        client.ask("PING")?;
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        let thread = spawn(move || {
            let mut waits_us = Vec::new();
            while !stopped.load(Ordering::Relaxed) {
                let asked = Instant::now();
                client.ask("PING")?;
                waits_us.push(asked.elapsed().as_micros() as u64);
                sleep(REST);
            }
            Ok(waits_us)
        });
        Ok(Probe { stop, thread })
    }

    /// Ends it; how long it had to wait.
    pub fn stop(self) -> Result<Waits, String> {
        self.stop.store(true, Ordering::Relaxed);
        let waits = self.thread.join().map_err(|_| "the probe failed")?;
        Ok(Waits::new(waits.map_err(|error| error.to_string())?))
    }
}

/// Waits in microseconds, sorted.
pub struct Waits(Vec<u64>);

impl Waits {
    fn new(mut waits_us: Vec<u64>) -> Waits {
        waits_us.sort_unstable();
        Waits(waits_us)
    }

    /// The wait that so many of a thousand did not exceed; 0 when there was none.
    fn per_mille(&self, part: usize) -> u64 {
        let rank = (self.0.len() * part).div_ceil(1000).saturating_sub(1);
        self.0.get(rank).copied().unwrap_or(0)
    }
}

impl fmt::Display for Waits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in [500, 990, 999, 1000] {
            write!(f, "{:>8}", self.per_mille(part))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_waits_that_there_were() {
        let waits = Waits::new((1..=1000).rev().collect());
        let parts = [500, 990, 999, 1000].map(|part| waits.per_mille(part));
        assert_eq!(parts, [500, 990, 999, 1000]);
        assert_eq!(Waits::new(vec![7]).per_mille(990), 7);
        assert_eq!(Waits::new(vec![]).per_mille(500), 0);
    }
}
