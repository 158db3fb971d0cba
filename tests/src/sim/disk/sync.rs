//! Open files and their syncs, which end in virtual time.

use rotom_core::platform::IoError;

use super::{Disk, DiskCall, NodeId, POWER_IS_OFF};

/// Names an open file; after its process has ended it names nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct HandleId(u64);

/// An open file, and its sync.
#[derive(Debug)]
pub(super) struct Handle {
    pub(super) node: NodeId,
    name: String,
    durable_len: u64,
    sync: Option<Sync>,
    failure: Option<IoError>,
    is_failure_reported: bool,
    /// The engine has no such file any more; only its sync goes on.
    pub(super) is_dropped: bool,
}

#[derive(Debug)]
struct Sync {
    end_us: u64,
    len: u64,
    /// The length that another sync, asked for meanwhile, is to cover.
    again: Option<u64>,
}

impl Disk {
    pub(super) fn open_handle(&mut self, node: NodeId, name: &str) -> HandleId {
        let id = HandleId(self.take_id());
        let handle = Handle {
            node,
            name: name.to_owned(),
            durable_len: 0,
            sync: None,
            failure: None,
            is_failure_reported: false,
            is_dropped: false,
        };
        self.handles.insert(id, handle);
        id
    }

    /// When the next sync ends.
    pub(in crate::sim) fn next_sync_end_us(&self) -> Option<u64> {
        if self.is_off() {
            return None;
        }
        let syncs = self
            .handles
            .values()
            .filter_map(|handle| handle.sync.as_ref());
        syncs.map(|sync| sync.end_us).min()
    }

    /// Ends the syncs that are due; whether there were any.
    pub(in crate::sim) fn finish_syncs(&mut self, now_us: u64) -> bool {
        if self.next_sync_end_us().is_none_or(|end_us| end_us > now_us) {
            return false;
        }
        let is_due = |handle: &Handle| {
            handle
                .sync
                .as_ref()
                .is_some_and(|sync| sync.end_us <= now_us)
        };
        let due = self.handles.iter().filter(|(_, handle)| is_due(handle));
        let due: Vec<HandleId> = due.map(|(&id, _)| id).collect();
        for id in due {
            self.finish_sync(id, now_us);
        }
        true
    }

    fn finish_sync(&mut self, id: HandleId, now_us: u64) {
        let Some(sync) = self
            .handles
            .get_mut(&id)
            .and_then(|handle| handle.sync.take())
        else {
            return;
        };
        let outcome = self.make_durable(id, sync.len);
        if let (Ok(()), Some(len)) = (outcome, sync.again) {
            self.begin_sync(id, len, now_us);
        }
        self.forget_if_dropped(id);
    }

    fn begin_sync(&mut self, id: HandleId, len: u64, now_us: u64) {
        let end_us = now_us + self.sync_delay_us;
        if let Some(handle) = self.handles.get_mut(&id) {
            handle.sync = Some(Sync {
                end_us,
                len,
                again: None,
            });
        }
    }

    /// What a sync does in the end, or how it fails.
    fn make_durable(&mut self, id: HandleId, len: u64) -> Result<(), IoError> {
        let mut outcome = self.enter_changing(DiskCall::Sync);
        let handle = self.handles.get_mut(&id).ok_or(POWER_IS_OFF)?;
        let node = self.nodes.get_mut(&handle.node).ok_or(POWER_IS_OFF)?;
        if let (Ok(()), Some(failure)) = (outcome, handle.failure) {
            outcome = Err(failure);
        }
        if let Err(error) = outcome {
            handle.failure = Some(error);
            node.is_broken = true;
            return Err(error);
        }
        if !node.is_broken {
            node.durable_len = node.durable_len.max(len as usize);
            node.before = None;
        }
        handle.durable_len = handle.durable_len.max(len);
        self.syncs_done += 1;
        let name = handle.name.clone();
        self.names.sync_folder_of(&name);
        Ok(())
    }

    pub(super) fn start_sync(
        &mut self,
        id: HandleId,
        len: u64,
        now_us: u64,
    ) -> Result<(), IoError> {
        if self.is_off() {
            return Err(POWER_IS_OFF);
        }
        let handle = self.handles.get_mut(&id).ok_or(POWER_IS_OFF)?;
        if let Some(failure) = handle.failure {
            return Err(failure);
        }
        match &mut handle.sync {
            Some(sync) => sync.again = Some(len),
            None => self.begin_sync(id, len, now_us),
        }
        Ok(())
    }

    pub(super) fn sync_now(&mut self, id: HandleId, len: u64) -> Result<(), IoError> {
        // One that is under way is waited for, and this one covers what that was to cover.
        let handle = self.handles.get_mut(&id).ok_or(POWER_IS_OFF)?;
        handle.sync = None;
        let outcome = self.make_durable(id, len);
        if let Some(handle) = self.handles.get_mut(&id) {
            handle.is_failure_reported |= outcome.is_err();
        }
        outcome
    }

    pub(super) fn durable_len(&mut self, id: HandleId) -> Result<u64, IoError> {
        let handle = self.handles.get_mut(&id).ok_or(POWER_IS_OFF)?;
        match handle.failure {
            Some(failure) if !handle.is_failure_reported => {
                handle.is_failure_reported = true;
                Err(failure)
            }
            _ => Ok(handle.durable_len),
        }
    }

    /// The engine drops its file; a sync that runs goes on to its end.
    pub(super) fn close(&mut self, id: HandleId) {
        if let Some(handle) = self.handles.get_mut(&id) {
            handle.is_dropped = true;
        }
        self.forget_if_dropped(id);
    }

    /// Ends all open files without another word, as the end of their process does.
    pub(in crate::sim) fn drop_handles(&mut self) {
        self.handles.clear();
        self.forget_unnamed();
    }

    fn forget_if_dropped(&mut self, id: HandleId) {
        let is_over = |handle: &Handle| handle.is_dropped && handle.sync.is_none();
        if self.handles.get(&id).is_some_and(is_over) {
            self.handles.remove(&id);
            self.forget_unnamed();
        }
    }
}
