//! The test's view of the disk: looking, breaking, cutting the power.

use rotom_core::platform::IoError;

use super::super::Shared;
use super::{Change, Disk, DiskCall, Node, NodeId};

/// What a power cut leaves of what was not durable. `Default` is nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PowerCut {
    /// How many bytes past the durable ones each file keeps.
    pub keep_bytes: usize,
    /// Whether those bytes read as zeros: the length reached the disk and the data did not.
    pub are_zeros: bool,
    /// How many changes of names (created, renamed, removed) survive, counted from the first.
    pub keep_name_changes: usize,
}

impl Disk {
    pub(in crate::sim) fn power_cut(&mut self, cut: PowerCut) {
        self.names.power_cut(cut.keep_name_changes);
        for node in self.nodes.values_mut() {
            node.power_cut(cut);
        }
        self.calls_left = None;
        self.forget_unnamed();
    }
}

impl Node {
    fn power_cut(&mut self, cut: PowerCut) {
        // Emptying reaches the disk no earlier than what was appended after it.
        if let (Some(before), 0) = (self.before.take(), cut.keep_bytes) {
            self.bytes = before;
        } else {
            let kept = self.durable_len.saturating_add(cut.keep_bytes);
            self.bytes.truncate(kept);
            if cut.are_zeros {
                self.bytes[self.durable_len..].fill(0);
            }
        }
        self.durable_len = self.bytes.len();
        self.is_broken = false;
    }
}

/// The disk of a simulated world.
#[derive(Debug)]
pub struct SimDisk {
    world: Shared,
}

impl SimDisk {
    pub(in crate::sim) fn new(world: Shared) -> Self {
        SimDisk { world }
    }

    fn with<T>(&self, look: impl FnOnce(&mut Disk) -> T) -> T {
        look(&mut self.world.borrow_mut().disk)
    }

    /// The names of all files, in order.
    pub fn names(&self) -> Vec<String> {
        self.with(|disk| disk.names.all().map(str::to_owned).collect())
    }

    /// What a process sees in a file.
    pub fn bytes(&self, name: &str) -> Option<Vec<u8>> {
        self.with(|disk| {
            let node = disk.names.get(name)?;
            Some(disk.nodes.get(&node)?.bytes.clone())
        })
    }

    /// How many bytes of a file a power cut would leave, if its name survives.
    pub fn durable_len(&self, name: &str) -> Option<usize> {
        self.with(|disk| {
            let node = disk.names.get(name)?;
            Some(disk.nodes.get(&node)?.durable_len)
        })
    }

    /// Puts a durable file there, with the folder that it is in. An open file of that name loses its name.
    pub fn put(&self, name: &str, bytes: &[u8]) {
        self.with(|disk| {
            if let Some((folder, _)) = name.rsplit_once('/') {
                disk.names
                    .add_folder(folder)
                    .expect("a folder of one level");
            }
            let id = NodeId(disk.take_id());
            let node = Node {
                bytes: bytes.to_vec(),
                durable_len: bytes.len(),
                ..Node::default()
            };
            disk.nodes.insert(id, node);
            disk.names.change(Change::Created(name.to_owned(), id));
            disk.names.sync_folder_of(name);
            disk.forget_unnamed();
        });
    }

    /// Changes a file behind the engine's back, durably: flipped bits, cut tails. `false` when it is not there.
    pub fn edit(&self, name: &str, edit: impl FnOnce(&mut Vec<u8>)) -> bool {
        self.with(|disk| {
            let node = disk.names.get(name);
            let Some(node) = node.and_then(|node| disk.nodes.get_mut(&node)) else {
                return false;
            };
            edit(&mut node.bytes);
            (node.durable_len, node.before) = (node.bytes.len(), None);
            true
        })
    }

    /// Has the next `times` calls of a kind fail; `u32::MAX` is until [`SimDisk::heal`].
    pub fn fail(&self, call: DiskCall, error: IoError, times: u32) {
        self.with(|disk| disk.failures.insert(call, (error, times)));
    }

    /// Ends the failing of all calls.
    pub fn heal(&self) {
        self.with(|disk| disk.failures.clear());
    }

    /// How many bytes all files together may have; what is past that is `ENOSPC`.
    pub fn set_capacity(&self, bytes: usize) {
        self.with(|disk| disk.capacity = bytes);
    }

    /// How many bytes all files together have.
    pub fn used_bytes(&self) -> usize {
        self.with(|disk| disk.used())
    }

    /// How many bytes (at least one) an append takes at most.
    pub fn set_append_limit(&self, bytes: usize) {
        self.with(|disk| disk.append_limit = bytes.max(1));
    }

    /// How many appends of a hundred take fewer bytes than they could.
    pub fn set_short_append_percent(&self, percent: u8) {
        self.with(|disk| disk.short_append_percent = percent);
    }

    /// How long syncs that begin from now on take (1 ms at first).
    pub fn set_sync_delay_us(&self, us: u64) {
        self.with(|disk| disk.sync_delay_us = us);
    }

    /// How many syncs succeeded.
    pub fn syncs_done(&self) -> u64 {
        self.with(|disk| disk.syncs_done)
    }

    /// Stops the machine at the `calls`th call from now that changes the disk (each end of a sync counts as
    /// one): that call and all after it do nothing and fail. Follow with [`super::super::Sim::power_cut`].
    pub fn power_off_after(&self, calls: u64) {
        self.with(|disk| disk.calls_left = Some(calls));
    }

    /// Whether the machine has stopped.
    pub fn is_off(&self) -> bool {
        self.with(|disk| disk.is_off())
    }
}
