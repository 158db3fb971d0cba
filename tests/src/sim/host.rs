//! The process around the engine.

use rotom_core::platform::{Fd, Host, IoError, Signal, Usage};

use super::Shared;
use std::collections::BTreeMap;

/// Sockets have larger numbers.
pub(super) const WAKE_FD: Fd = Fd(3);

#[derive(Debug)]
pub(super) struct Process {
    pub(super) is_woken: bool,
    pub(super) signal: Option<Signal>,
    pub(super) allocated_bytes: usize,
    /// Asked instead, when there is one.
    pub(super) gauge: Option<fn() -> usize>,
    pub(super) config: Option<String>,
    /// Files that settings name.
    pub(super) files: BTreeMap<String, Vec<u8>>,
}

impl Process {
    pub(super) fn new() -> Self {
        Process {
            is_woken: false,
            signal: None,
            allocated_bytes: 0,
            gauge: None,
            config: None,
            files: BTreeMap::new(),
        }
    }
}

/// The process of a simulated world. Its processor time is half of the time that has passed.
#[derive(Debug)]
pub struct SimHost {
    world: Shared,
}

impl SimHost {
    pub(super) fn new(world: Shared) -> Self {
        SimHost { world }
    }
}

impl Host for SimHost {
    fn wake_fd(&self) -> Option<Fd> {
        Some(WAKE_FD)
    }

    fn drain_wake(&mut self) {
        self.world.borrow_mut().host.is_woken = false;
    }

    fn take_signal(&mut self) -> Option<Signal> {
        self.world.borrow_mut().host.signal.take()
    }

    fn usage(&self) -> Usage {
        let world = self.world.borrow();
        Usage {
            cpu_system_us: world.time.now_us / 4,
            cpu_user_us: world.time.now_us / 4,
            loop_system_us: world.time.now_us / 4,
            loop_user_us: world.time.now_us / 4,
            resident_bytes: world.host.allocated_bytes as u64,
            total_system_bytes: 1 << 34,
        }
    }

    fn allocated_bytes(&self) -> usize {
        let host = &self.world.borrow().host;
        host.gauge.map_or(host.allocated_bytes, |gauge| gauge())
    }

    fn rewrite_config(&mut self, rewrite: &mut dyn FnMut(&str) -> String) -> Result<(), IoError> {
        let old = self.world.borrow().host.config.clone();
        let new = rewrite(&old.ok_or(IoError::NOT_FOUND)?);
        self.world.borrow_mut().host.config = Some(new);
        Ok(())
    }

    fn read_file(&mut self, path: &str) -> Result<Vec<u8>, IoError> {
        let file = self.world.borrow().host.files.get(path).cloned();
        file.ok_or(IoError::NOT_FOUND)
    }

    fn replace_file(&mut self, path: &str, bytes: &[u8]) -> Result<(), IoError> {
        let mut world = self.world.borrow_mut();
        world.host.files.insert(path.into(), bytes.into());
        Ok(())
    }

    fn sleep(&mut self, us: u64) {
        let mut world = self.world.borrow_mut();
        let now_us = world.time.now_us + us;
        world.advance_to(now_us);
    }

    fn fill_random(&mut self, into: &mut [u8]) {
        let prng = &mut self.world.borrow_mut().prng;
        for chunk in into.chunks_mut(8) {
            chunk.copy_from_slice(&prng.next_u64().to_le_bytes()[..chunk.len()]);
        }
    }
}
