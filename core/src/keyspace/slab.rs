//! Items by number; a number is used again after its item is gone.

use alloc::vec::Vec;
use core::ops::{Index, IndexMut};

enum Slot<T> {
    Used(T),
    /// The next free slot, if there is one.
    Free(Option<u32>),
}

/// Items by number.
pub(super) struct Slab<T> {
    slots: Vec<Slot<T>>,
    /// The first free slot.
    free: Option<u32>,
}

impl<T> Default for Slab<T> {
    fn default() -> Self {
        Slab {
            slots: Vec::new(),
            free: None,
        }
    }
}

impl<T> Slab<T> {
    /// Adds an item and returns its number.
    pub(super) fn insert(&mut self, item: T) -> u32 {
        let Some(number) = self.free else {
            self.slots.push(Slot::Used(item));
            return (self.slots.len() - 1) as u32;
        };
        let slot = &mut self.slots[number as usize];
        if let Slot::Free(next) = core::mem::replace(slot, Slot::Used(item)) {
            self.free = next;
        }
        number
    }

    /// Takes an item out. There must be one of this number.
    pub(super) fn remove(&mut self, number: u32) -> T {
        let slot = &mut self.slots[number as usize];
        match core::mem::replace(slot, Slot::Free(self.free)) {
            Slot::Used(item) => {
                self.free = Some(number);
                item
            }
            Slot::Free(_) => unreachable!("an item is taken out once"),
        }
    }

    /// The item of this number, if there is one.
    pub(super) fn get(&self, number: u32) -> Option<&T> {
        match self.slots.get(number as usize)? {
            Slot::Used(item) => Some(item),
            Slot::Free(_) => None,
        }
    }

    /// The items.
    #[cfg(test)]
    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        (0..self.slots.len() as u32).filter_map(|number| self.get(number))
    }

    /// Slots in use and free ones.
    pub(super) fn slots(&self) -> usize {
        self.slots.len()
    }

    /// Bytes allocated.
    pub(super) fn memory_bytes(&self) -> usize {
        self.slots.capacity() * size_of::<Slot<T>>()
    }
}

impl<T> Index<u32> for Slab<T> {
    type Output = T;

    fn index(&self, number: u32) -> &T {
        match &self.slots[number as usize] {
            Slot::Used(item) => item,
            Slot::Free(_) => unreachable!("an item is there while somebody has its number"),
        }
    }
}

impl<T> IndexMut<u32> for Slab<T> {
    fn index_mut(&mut self, number: u32) -> &mut T {
        match &mut self.slots[number as usize] {
            Slot::Used(item) => item,
            Slot::Free(_) => unreachable!("an item is there while somebody has its number"),
        }
    }
}
