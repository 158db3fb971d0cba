//! The names of files: as seen now, and as a power cut leaves them.

use std::collections::{BTreeMap, BTreeSet};

use rotom_core::platform::IoError;

use super::NodeId;

/// `EINVAL`, for a name that leads out of the data directory.
const BAD_NAME: IoError = IoError(22);

#[derive(Clone, Debug)]
pub(super) enum Change {
    Created(String, NodeId),
    Renamed(String, String),
    Removed(String),
}

impl Change {
    fn touches(&self, folder: &str) -> bool {
        match self {
            Change::Created(name, _) | Change::Removed(name) => folder_of(name) == folder,
            Change::Renamed(from, to) => folder_of(from) == folder || folder_of(to) == folder,
        }
    }

    fn apply(self, names: &mut BTreeMap<String, NodeId>) {
        match self {
            Change::Created(name, node) => drop(names.insert(name, node)),
            Change::Removed(name) => drop(names.remove(&name)),
            Change::Renamed(from, to) => {
                if let Some(node) = names.remove(&from) {
                    names.insert(to, node);
                }
            }
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct Names {
    seen: BTreeMap<String, NodeId>,
    durable: BTreeMap<String, NodeId>,
    /// What leads from `durable` to `seen`.
    pending: Vec<Change>,
    folders: BTreeSet<String>,
}

impl Names {
    pub(super) fn get(&self, name: &str) -> Option<NodeId> {
        self.seen.get(name).copied()
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &str> {
        self.seen.keys().map(String::as_str)
    }

    /// The last parts of the names in a folder.
    pub(super) fn list(&self, folder: &str) -> Result<Vec<String>, IoError> {
        if !folder.is_empty() && !self.folders.contains(folder) {
            return Err(IoError::NOT_FOUND);
        }
        let inside = self.all().filter(|name| folder_of(name) == folder);
        let lasts = inside.map(|name| name.rsplit('/').next().unwrap_or(name).to_owned());
        Ok(lasts.collect())
    }

    pub(super) fn add_folder(&mut self, name: &str) -> Result<(), IoError> {
        check(name)?;
        if self.seen.contains_key(name) {
            return Err(IoError::EXISTS);
        }
        self.check_folder_of(name)?;
        self.folders.insert(name.to_owned());
        Ok(())
    }

    /// Whether a file may have this name.
    pub(super) fn check_folder_of(&self, name: &str) -> Result<(), IoError> {
        check(name)?;
        let folder = folder_of(name);
        if folder.is_empty() || self.folders.contains(folder) {
            Ok(())
        } else {
            Err(IoError::NOT_FOUND)
        }
    }

    pub(super) fn change(&mut self, change: Change) {
        change.clone().apply(&mut self.seen);
        self.pending.push(change);
    }

    /// Makes the changes in the folder of `name` durable.
    pub(super) fn sync_folder_of(&mut self, name: &str) {
        let folder = folder_of(name);
        let pending = std::mem::take(&mut self.pending);
        for change in pending {
            if change.touches(folder) {
                change.apply(&mut self.durable);
            } else {
                self.pending.push(change);
            }
        }
    }

    /// Forgets what was not durable, except the first `keep` changes.
    pub(super) fn power_cut(&mut self, keep: usize) {
        let pending = std::mem::take(&mut self.pending);
        for change in pending.into_iter().take(keep) {
            change.apply(&mut self.durable);
        }
        self.seen = self.durable.clone();
    }

    pub(super) fn is_named(&self, id: NodeId) -> bool {
        self.seen.values().any(|&node| node == id)
    }

    /// Whether a name leads to the node now, or may after a power cut.
    pub(super) fn leads_to(&self, id: NodeId) -> bool {
        let is_created =
            |change: &Change| matches!(change, Change::Created(_, node) if *node == id);
        self.is_named(id)
            || self.durable.values().any(|&node| node == id)
            || self.pending.iter().any(is_created)
    }
}

fn folder_of(name: &str) -> &str {
    name.rsplit_once('/').map_or("", |(folder, _)| folder)
}

fn check(name: &str) -> Result<(), IoError> {
    let is_good = |part: &str| !matches!(part, "" | "." | "..");
    if name.split('/').all(is_good) {
        Ok(())
    } else {
        Err(BAD_NAME)
    }
}
