//! Freeing in slices: what is too big to be freed at once waits here, and the loop frees a bounded part a turn.

use super::database::Database;
use super::entry::DetachedValue;
use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::vec::Vec;

/// Values up to this many elements are freed where they are deleted.
pub(super) const FREE_AT_ONCE: usize = 64;

enum Garbage {
    Value(DetachedValue),
    Database(Box<Database>),
}

/// The queue of what is to be freed.
#[derive(Default)]
pub(super) struct LazyFree {
    queue: VecDeque<Garbage>,
    objects_freed: u64,
}

impl LazyFree {
    pub(super) fn push_value(&mut self, value: DetachedValue) {
        self.queue.push_back(Garbage::Value(value));
    }

    pub(super) fn push_database(&mut self, database: Database) {
        if !database.is_untouched() {
            self.queue.push_back(Garbage::Database(Box::new(database)));
        }
    }

    pub(super) fn len(&self) -> usize {
        self.queue.len()
    }

    pub(super) fn objects_freed(&self) -> u64 {
        self.objects_freed
    }

    /// Frees about `budget` elements; `true` when nothing waits any more.
    pub(super) fn run(&mut self, budget: usize) -> bool {
        let Some(front) = self.queue.front_mut() else {
            return true;
        };
        let mut values = Vec::new();
        let done = match front {
            Garbage::Value(value) => value.free_slice(budget),
            Garbage::Database(database) => database.free_slice(budget, &mut values),
        };
        if done {
            self.queue.pop_front();
            self.objects_freed += 1;
        }
        // Before the rest of their database, so that no more of them wait than one slice brings.
        for value in values {
            self.queue.push_front(Garbage::Value(value));
        }
        self.queue.is_empty()
    }
}
