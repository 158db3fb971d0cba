//! Timers: a binary heap of slots, ordered by due time and then by age.
//!
//! ```text
//! heap   [ slot numbers, the nearest first; children of place p at 2p+1 and 2p+2 ]
//! slots  [ due, period, name, and the place in the heap, so that cancelling is O(log n) ]
//! ```
//!
//! Slots are used again; a generation in the [`TimerId`] tells an old holder that its timer is gone.
//! Memory grows with the largest number of timers that there ever were at once.

use alloc::vec::Vec;

/// Names a timer from its adding until it has fired (once) or was cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TimerId {
    slot: u32,
    generation: u32,
}

#[derive(Debug)]
pub(super) struct Timers<T> {
    slots: Vec<Slot<T>>,
    free: Vec<u32>,
    heap: Vec<u32>,
    next_age: u64,
}

#[derive(Debug)]
struct Slot<T> {
    due_us: u64,
    /// Orders timers that are due at the same time.
    age: u64,
    period_us: Option<u64>,
    name: T,
    place: usize,
    generation: u32,
}

impl<T: Copy> Timers<T> {
    pub(super) fn new() -> Self {
        Timers {
            slots: Vec::new(),
            free: Vec::new(),
            heap: Vec::new(),
            next_age: 0,
        }
    }

    pub(super) fn next_due_us(&self) -> Option<u64> {
        self.heap.first().map(|&slot| self.slot(slot).due_us)
    }

    pub(super) fn add(&mut self, due_us: u64, period_us: Option<u64>, name: T) -> TimerId {
        let place = self.heap.len();
        let mut timer = Slot {
            due_us,
            age: self.take_age(),
            period_us: period_us.map(|period| period.max(1)),
            name,
            place,
            generation: 0,
        };
        let slot = match self.free.pop() {
            Some(slot) => {
                timer.generation = self.slot(slot).generation;
                self.slots[slot as usize] = timer;
                slot
            }
            None => {
                self.slots.push(timer);
                // Room for all of them, so that freeing never allocates.
                self.free.reserve(self.slots.len());
                (self.slots.len() - 1) as u32
            }
        };
        self.heap.push(slot);
        self.rise(place);
        TimerId {
            slot,
            generation: self.slot(slot).generation,
        }
    }

    pub(super) fn move_to(&mut self, timer: TimerId, due_us: u64) -> bool {
        let live = self.is_live(timer);
        if live {
            self.set_due(timer.slot, due_us);
        }
        live
    }

    pub(super) fn cancel(&mut self, timer: TimerId) -> Option<T> {
        self.is_live(timer).then(|| self.take(timer.slot))
    }

    pub(super) fn poll(&mut self, now_us: u64) -> Option<T> {
        let &slot = self.heap.first()?;
        let &Slot {
            due_us,
            period_us,
            name,
            ..
        } = self.slot(slot);
        let late_us = now_us.checked_sub(due_us)?;
        if let Some(period_us) = period_us {
            let until_next_us = period_us - late_us % period_us;
            self.set_due(slot, now_us.saturating_add(until_next_us));
        } else {
            self.take(slot);
        }
        Some(name)
    }

    fn slot(&self, slot: u32) -> &Slot<T> {
        &self.slots[slot as usize]
    }

    fn is_live(&self, timer: TimerId) -> bool {
        let found = self.slots.get(timer.slot as usize);
        found.is_some_and(|slot| slot.generation == timer.generation)
    }

    fn take_age(&mut self) -> u64 {
        self.next_age += 1;
        self.next_age
    }

    /// Takes a timer out of the heap and ends its generation.
    fn take(&mut self, slot: u32) -> T {
        let timer = &mut self.slots[slot as usize];
        timer.generation = timer.generation.wrapping_add(1);
        let (place, name) = (timer.place, timer.name);
        self.heap.swap_remove(place);
        if place < self.heap.len() {
            self.settle(place);
        }
        self.free.push(slot);
        name
    }

    fn set_due(&mut self, slot: u32, due_us: u64) {
        let age = self.take_age();
        let timer = &mut self.slots[slot as usize];
        (timer.due_us, timer.age) = (due_us, age);
        let place = timer.place;
        self.settle(place);
    }

    /// Restores the order after the timer at `place` changed.
    fn settle(&mut self, place: usize) {
        self.rise(place);
        self.sink(place);
    }

    fn rise(&mut self, mut place: usize) {
        while place > 0 && self.is_before(place, (place - 1) / 2) {
            self.swap(place, (place - 1) / 2);
            place = (place - 1) / 2;
        }
        self.note_place(place);
    }

    fn sink(&mut self, mut place: usize) {
        loop {
            let (left, right) = (2 * place + 1, 2 * place + 2);
            if left >= self.heap.len() {
                break;
            }
            let right_is_nearer = right < self.heap.len() && self.is_before(right, left);
            let nearer = if right_is_nearer { right } else { left };
            if !self.is_before(nearer, place) {
                break;
            }
            self.swap(nearer, place);
            place = nearer;
        }
        self.note_place(place);
    }

    fn is_before(&self, a: usize, b: usize) -> bool {
        let key = |place: usize| {
            let timer = self.slot(self.heap[place]);
            (timer.due_us, timer.age)
        };
        key(a) < key(b)
    }

    fn swap(&mut self, a: usize, b: usize) {
        self.heap.swap(a, b);
        self.note_place(a);
        self.note_place(b);
    }

    fn note_place(&mut self, place: usize) {
        let slot = self.heap[place] as usize;
        self.slots[slot].place = place;
    }
}

#[cfg(test)]
impl<T: Copy> Timers<T> {
    /// Asserts that the heap is ordered and that slots and heap agree.
    pub(super) fn check(&self) {
        for (place, &slot) in self.heap.iter().enumerate() {
            assert_eq!(self.slot(slot).place, place);
            assert!(place == 0 || !self.is_before(place, (place - 1) / 2));
        }
        assert_eq!(self.heap.len() + self.free.len(), self.slots.len());
    }
}
