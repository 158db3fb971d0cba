//! A disk that forgets what was not synced.
//!
//! Files are nodes; names lead to nodes. Of both there is what a running process sees and what a power cut
//! leaves:
//!
//! ```text
//! seen      names ------> node: bytes 0 .. durable_len | .. len
//! durable   old names + a log of the changes since (created, renamed, removed), in order, each waiting for
//!           the sync of its folder
//! ```
//!
//! A sync takes [`SimDisk::set_sync_delay_us`] of virtual time and covers what was appended before it was asked for.
//! One that fails leaves its bytes readable but never durable, whatever succeeds later.

mod inspect;
mod names;
mod storage;
mod sync;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use rotom_core::bytes::prng::Prng;
use rotom_core::platform::IoError;

pub use inspect::{PowerCut, SimDisk};
use names::{Change, Names};
pub use storage::{SimFile, SimStorage};
use sync::{Handle, HandleId};

/// What can be made to fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DiskCall {
    /// `create` and `create_folder`.
    Create,
    /// `open_append`.
    Open,
    /// `append`.
    Append,
    /// The end of a sync, and `sync_now`.
    Sync,
    /// `read_at` and `file_len` and `list`.
    Read,
    /// `truncate`.
    Truncate,
    /// `rename_durable`.
    Rename,
    /// `remove`.
    Remove,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct NodeId(u64);

#[derive(Debug)]
pub(super) struct Disk {
    nodes: BTreeMap<NodeId, Node>,
    names: Names,
    handles: BTreeMap<HandleId, Handle>,
    next_id: u64,
    failures: BTreeMap<DiskCall, (IoError, u32)>,
    capacity: usize,
    append_limit: usize,
    short_append_percent: u8,
    sync_delay_us: u64,
    syncs_done: u64,
    /// Changing calls until the machine stops; see [`SimDisk::power_off_after`].
    calls_left: Option<u64>,
}

#[derive(Debug, Default)]
struct Node {
    bytes: Vec<u8>,
    durable_len: usize,
    /// What the file held before it was emptied, until the emptying is durable.
    before: Option<Vec<u8>>,
    /// Set by a failed sync: from here on nothing becomes durable any more.
    is_broken: bool,
}

/// What every call says once the machine has stopped.
const POWER_IS_OFF: IoError = IoError::OTHER;

impl Disk {
    pub(super) fn new() -> Self {
        Disk {
            nodes: BTreeMap::new(),
            names: Names::default(),
            handles: BTreeMap::new(),
            next_id: 0,
            failures: BTreeMap::new(),
            capacity: usize::MAX,
            append_limit: usize::MAX,
            short_append_percent: 0,
            sync_delay_us: 1000,
            syncs_done: 0,
            calls_left: None,
        }
    }

    /// Counts a call that changes something, and fails it if it is to fail.
    fn enter_changing(&mut self, call: DiskCall) -> Result<(), IoError> {
        if let Some(left) = &mut self.calls_left {
            *left = left.saturating_sub(1);
        }
        self.enter(call)
    }

    fn enter(&mut self, call: DiskCall) -> Result<(), IoError> {
        if self.is_off() {
            return Err(POWER_IS_OFF);
        }
        match self.failures.get_mut(&call) {
            Some((error, times @ 1..)) => {
                *times = if *times == u32::MAX {
                    u32::MAX
                } else {
                    *times - 1
                };
                Err(*error)
            }
            _ => Ok(()),
        }
    }

    fn is_off(&self) -> bool {
        self.calls_left == Some(0)
    }

    fn take_id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }

    /// Bytes of the files that have a name or are open.
    fn used(&self) -> usize {
        let is_open = |id| self.handles.values().any(|handle| handle.node == id);
        let counted = self.nodes.iter();
        let counted = counted.filter(|&(&id, _)| self.names.is_named(id) || is_open(id));
        counted.map(|(_, node)| node.bytes.len()).sum()
    }

    fn node_named(&self, name: &str) -> Result<NodeId, IoError> {
        self.names.get(name).ok_or(IoError::NOT_FOUND)
    }

    fn create(&mut self, name: &str) -> Result<HandleId, IoError> {
        self.enter_changing(DiskCall::Create)?;
        self.names.check_folder_of(name)?;
        let node = match self.names.get(name) {
            Some(node) => {
                self.assert_not_open(node, name);
                self.empty(node);
                node
            }
            None => {
                let node = NodeId(self.take_id());
                self.nodes.insert(node, Node::default());
                self.names.change(Change::Created(name.to_owned(), node));
                node
            }
        };
        Ok(self.open_handle(node, name))
    }

    fn empty(&mut self, node: NodeId) {
        if let Some(node) = self.nodes.get_mut(&node) {
            let mut bytes = std::mem::take(&mut node.bytes);
            bytes.truncate(node.durable_len);
            node.durable_len = 0;
            node.before.get_or_insert(bytes);
        }
    }

    fn assert_not_open(&self, node: NodeId, name: &str) {
        let mut open = self.handles.values().filter(|handle| !handle.is_dropped);
        let is_open = open.any(|handle| handle.node == node);
        assert!(!is_open, "{name} is changed as a whole while it is open");
    }

    fn append(&mut self, id: HandleId, bytes: &[u8], prng: &mut Prng) -> Result<usize, IoError> {
        self.enter_changing(DiskCall::Append)?;
        let free = self.capacity.saturating_sub(self.used());
        if bytes.is_empty() {
            return Ok(0);
        } else if free == 0 {
            return Err(IoError::NO_SPACE);
        }
        let mut count = bytes.len().min(free).min(self.append_limit);
        if count > 1 && super::chance(prng, self.short_append_percent) {
            count = 1 + prng.below(count as u64 - 1) as usize;
        }
        let node = self
            .handles
            .get(&id)
            .map(|handle| handle.node)
            .ok_or(POWER_IS_OFF)?;
        let node = self.nodes.get_mut(&node).ok_or(POWER_IS_OFF)?;
        node.bytes.extend_from_slice(&bytes[..count]);
        Ok(count)
    }

    fn open_append(&mut self, name: &str) -> Result<(HandleId, u64), IoError> {
        self.enter(DiskCall::Open)?;
        let node = self.node_named(name)?;
        let len = self.nodes.get(&node).map_or(0, |node| node.bytes.len());
        Ok((self.open_handle(node, name), len as u64))
    }

    fn content(&mut self, name: &str) -> Result<&[u8], IoError> {
        self.enter(DiskCall::Read)?;
        let node = self.node_named(name)?;
        let node = self.nodes.get(&node).ok_or(IoError::NOT_FOUND)?;
        Ok(&node.bytes)
    }

    fn list(&mut self, folder: &str) -> Result<Vec<String>, IoError> {
        self.enter(DiskCall::Read)?;
        self.names.list(folder)
    }

    fn truncate(&mut self, name: &str, len: u64) -> Result<(), IoError> {
        self.enter_changing(DiskCall::Truncate)?;
        let id = self.node_named(name)?;
        self.assert_not_open(id, name);
        if let Some(node) = self.nodes.get_mut(&id) {
            node.bytes.resize(len as usize, 0);
            (node.durable_len, node.before) = (len as usize, None);
        }
        Ok(())
    }

    fn rename(&mut self, from: &str, to: &str) -> Result<(), IoError> {
        self.enter_changing(DiskCall::Rename)?;
        self.names.check_folder_of(to)?;
        self.node_named(from)?;
        self.names
            .change(Change::Renamed(from.to_owned(), to.to_owned()));
        self.names.sync_folder_of(to);
        self.names.sync_folder_of(from);
        self.forget_unnamed();
        Ok(())
    }

    fn remove(&mut self, name: &str) -> Result<(), IoError> {
        self.enter_changing(DiskCall::Remove)?;
        self.node_named(name)?;
        self.names.change(Change::Removed(name.to_owned()));
        Ok(())
    }

    /// Frees the nodes to which neither a name nor an open file leads, now or after a power cut.
    fn forget_unnamed(&mut self) {
        let (names, handles) = (&self.names, &self.handles);
        self.nodes.retain(|&id, _| {
            names.leads_to(id) || handles.values().any(|handle| handle.node == id)
        });
    }
}
