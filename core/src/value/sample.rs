//! Random choice among the elements of a collection.

use crate::bytes::prng::Prng;
use crate::structure::pack::{PackView, Pos};
use crate::structure::table::{ItemRef, Table, TableItem};
use alloc::collections::BTreeSet;

/// A choice of more than one in so many is made in one pass over all; of fewer, by drawing until enough differ. A
/// draw misses the cache several times, a step of the pass hardly ever: it is some ten times cheaper.
const ONE_PASS_SHARE: usize = 8;

/// Decides for each of `len` elements in turn whether it is among `wanted` chosen ones; every choice of so many is
/// equally likely, and exactly `wanted` are taken. (Algorithm S in Knuth, "The Art of Computer Programming", 3.4.2.)
#[derive(Clone, Copy, Debug)]
pub(super) struct Selection {
    wanted: usize,
    left: usize,
}

impl Selection {
    /// `wanted` of `len`; all of them when there are no more.
    pub(super) fn new(wanted: usize, len: usize) -> Self {
        Selection { wanted, left: len }
    }

    /// Whether nothing more will be taken.
    pub(super) fn is_over(&self) -> bool {
        self.wanted == 0
    }

    /// Whether the next element is taken.
    #[inline]
    pub(super) fn takes_next(&mut self, prng: &mut Prng) -> bool {
        let taken = (prng.below(self.left as u64) as usize) < self.wanted;
        self.left = self.left.saturating_sub(1);
        self.wanted -= usize::from(taken);
        taken
    }
}

/// The places of a pack's elements, `stride` apart: 1 for all, 2 for the fields of field-value pairs.
pub(super) fn places(pack: PackView<'_>, stride: usize) -> impl Iterator<Item = Pos> + '_ {
    let mut next = pack.first();
    core::iter::from_fn(move || {
        let here = next?;
        next = (0..stride).try_fold(here, |pos, _| pack.next(pos));
        Some(here)
    })
}

/// Calls `each` with the places of the elements that `selection` takes, in their order.
pub(super) fn choose_places(
    pack: PackView<'_>,
    stride: usize,
    mut selection: Selection,
    prng: &mut Prng,
    mut each: impl FnMut(Pos),
) {
    for pos in places(pack, stride) {
        if selection.is_over() {
            return;
        }
        if selection.takes_next(prng) {
            each(pos);
        }
    }
}

/// Calls `each` with `wanted` different random items.
pub(super) fn choose_items<'t, T: TableItem>(
    table: &'t Table<T>,
    wanted: usize,
    prng: &mut Prng,
    each: impl FnMut(ItemRef<'t, T>),
) {
    choose_items_where(table, wanted, (table.len(), |_: &T| true), prng, each);
}

/// The same with the items that count alone: how many these are, and which.
pub(super) fn choose_items_where<'t, T: TableItem>(
    table: &'t Table<T>,
    wanted: usize,
    (len, counts): (usize, impl Fn(&T) -> bool),
    prng: &mut Prng,
    mut each: impl FnMut(ItemRef<'t, T>),
) {
    if is_great_share(wanted, len) || are_few(len, table.len()) {
        let mut selection = Selection::new(wanted, len);
        let items = table.iter().filter(|item| counts(item));
        return items.filter(|_| selection.takes_next(prng)).for_each(each);
    }
    let mut seen = BTreeSet::new();
    while seen.len() < wanted {
        let Some(item) = table.random(prng) else {
            return;
        };
        // Each item has a block of its own, so the key's address tells items apart.
        if counts(&item) && seen.insert(item.key().as_ptr().addr()) {
            each(item);
        }
    }
}

/// Calls `each` with `wanted` different random numbers below `len`.
pub(super) fn choose_indexes(
    len: usize,
    wanted: usize,
    prng: &mut Prng,
    mut each: impl FnMut(usize),
) {
    if is_great_share(wanted, len) {
        let mut selection = Selection::new(wanted, len);
        return (0..len)
            .filter(|_| selection.takes_next(prng))
            .for_each(each);
    }
    let mut seen = BTreeSet::new();
    while seen.len() < wanted {
        let index = prng.below(len as u64) as usize;
        if seen.insert(index) {
            each(index);
        }
    }
}

/// Whether so few items of a table count that one of them is found sooner by looking at all than by drawing.
pub(super) fn are_few(len: usize, total: usize) -> bool {
    len.saturating_mul(ONE_PASS_SHARE) < total
}

fn is_great_share(wanted: usize, len: usize) -> bool {
    wanted.saturating_mul(ONE_PASS_SHARE) > len
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exactly_so_many_are_taken_and_each_is_as_likely() {
        let mut prng = Prng::new(1);
        let mut counts = [0u32; 10];
        for _ in 0..10_000 {
            let mut selection = Selection::new(3, 10);
            let mut taken = 0;
            for count in &mut counts {
                if selection.takes_next(&mut prng) {
                    *count += 1;
                    taken += 1;
                }
            }
            assert!(taken == 3 && selection.is_over());
        }
        assert!(
            counts.iter().all(|&n| (2800..3200).contains(&n)),
            "{counts:?}"
        );
    }
}
