//! The tree against a sorted vector, and how full its nodes are.

use super::*;
use crate::bytes::prng::Prng;
use proptest::prelude::*;
use std::vec::Vec;

/// A score and a member's number, as in a sorted set.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Scored(f64, u64);

impl Ordered for Scored {
    fn order(&self, other: &Self) -> Ordering {
        self.order_inline(other).then(self.1.cmp(&other.1))
    }

    fn order_inline(&self, other: &Self) -> Ordering {
        self.0.total_cmp(&other.0)
    }
}

#[derive(Clone, Debug)]
enum Step {
    Insert(u16),
    InsertRun { from: u16, count: u8, down: bool },
    Remove(u16),
    RemoveAt(usize),
    Pop { last: bool },
    Replace { old: usize, new: u16 },
    Nudge { at: usize, by: f64 },
    RemoveRange { rank: usize, count: usize },
    Clear(usize),
    Look { rank: usize, item: u16 },
}

fn step() -> impl Strategy<Value = Step> {
    let rank = 0..2000usize;
    prop_oneof![
        8 => any::<u16>().prop_map(Step::Insert),
        12 => (any::<u16>(), any::<u8>(), any::<bool>()).prop_map(|(from, count, down)| Step::InsertRun { from, count, down }),
        4 => any::<u16>().prop_map(Step::Remove),
        6 => rank.clone().prop_map(Step::RemoveAt),
        3 => any::<bool>().prop_map(|last| Step::Pop { last }),
        4 => (rank.clone(), any::<u16>()).prop_map(|(old, new)| Step::Replace { old, new }),
        4 => (rank.clone(), -4.0..4.0).prop_map(|(at, by)| Step::Nudge { at, by }),
        4 => (rank.clone(), 0..300usize).prop_map(|(rank, count)| Step::RemoveRange { rank, count }),
        1 => (0..400usize).prop_map(Step::Clear),
        4 => (rank, any::<u16>()).prop_map(|(rank, item)| Step::Look { rank, item }),
    ]
}

/// The tree and its naive twin, which do everything twice.
#[derive(Default)]
struct Both {
    tree: OrderTree<Scored>,
    twin: Vec<Scored>,
}

impl Both {
    fn insert(&mut self, item: Scored) {
        let place = search(&self.twin, &item);
        assert_eq!(self.tree.insert(item), place.is_err());
        if let Err(at) = place {
            self.twin.insert(at, item);
        }
    }

    fn replace(&mut self, old: Scored, new: Scored) {
        let place = search(&self.twin, &old);
        assert_eq!(self.tree.replace(&old, new), place.is_ok());
        if let Ok(at) = place {
            self.twin.remove(at);
            if let Err(at) = search(&self.twin, &new) {
                self.twin.insert(at, new);
            }
        }
    }

    fn remove_range(&mut self, rank: usize, count: usize) {
        let mut removed = Vec::new();
        self.tree
            .remove_range(rank, count, |item| removed.push(item));
        let start = rank.min(self.twin.len());
        let end = rank.saturating_add(count).min(self.twin.len());
        let expected: Vec<_> = self.twin.drain(start..end).collect();
        assert_eq!(removed, expected);
    }

    fn look(&self, rank: usize, item: Scored) {
        let (tree, twin) = (&self.tree, &self.twin);
        assert_eq!(
            (tree.first(), tree.last()),
            (twin.first().copied(), twin.last().copied())
        );
        assert_eq!(tree.get(rank), twin.get(rank).copied());
        assert_eq!(tree.rank(&item), search(twin, &item).ok());
        if let Some(item) = twin.get(rank) {
            assert_eq!(tree.rank(item), Some(rank));
        }
        let cut = twin.partition_point(|i| i.0 < item.0);
        assert_eq!(tree.partition_point(|i| i.0 < item.0), cut);
        assert_eq!(tree.partition_point_by_pointer(|i| i.0 < item.0), cut);
        let from = twin.get(rank..).unwrap_or(&[]);
        assert!(tree.iter_from(rank).eq(from.iter().copied()));
        let down_to = twin.get(..=rank).unwrap_or(&[]);
        assert!(tree.iter_rev_from(rank).eq(down_to.iter().rev().copied()));
    }

    fn apply(&mut self, step: Step) {
        let at = |twin: &Vec<Scored>, index: usize| twin.get(index % twin.len().max(1)).copied();
        match step {
            Step::Insert(n) => self.insert(scored(n)),
            Step::InsertRun { from, count, down } => {
                for n in 0..u16::from(count) {
                    self.insert(scored(if down {
                        from.saturating_sub(n)
                    } else {
                        from.saturating_add(n)
                    }));
                }
            }
            Step::Remove(n) => {
                let place = search(&self.twin, &scored(n));
                assert_eq!(self.tree.remove(&scored(n)), place.is_ok());
                let _ = place.map(|at| self.twin.remove(at));
            }
            Step::RemoveAt(rank) => {
                let expected = (rank < self.twin.len()).then(|| self.twin.remove(rank));
                assert_eq!(self.tree.remove_at(rank), expected);
            }
            Step::Pop { last: true } => assert_eq!(self.tree.pop_last(), self.twin.pop()),
            Step::Pop { last: false } => {
                let first = (!self.twin.is_empty()).then(|| self.twin.remove(0));
                assert_eq!(self.tree.pop_first(), first);
            }
            Step::Replace { old, new } => {
                let old = at(&self.twin, old).unwrap_or(scored(0));
                self.replace(old, scored(new));
            }
            Step::Nudge { at: index, by } => {
                if let Some(old) = at(&self.twin, index) {
                    self.replace(old, Scored(old.0 + by, old.1));
                }
            }
            Step::RemoveRange { rank, count } => self.remove_range(rank, count),
            Step::Clear(max) => {
                let count = max.max(1).min(self.twin.len());
                self.twin.truncate(self.twin.len() - count);
                assert_eq!(self.tree.clear_slice(max), self.twin.is_empty());
            }
            Step::Look { rank, item } => self.look(rank, scored(item)),
        }
        self.tree.check();
        assert_eq!(self.tree.len(), self.twin.len());
    }
}

fn search(items: &[Scored], item: &Scored) -> Result<usize, usize> {
    items.binary_search_by(|other| other.order(item))
}

/// Scores repeat, so that the member decides as well.
fn scored(n: u16) -> Scored {
    Scored(f64::from(n / 100), u64::from(n % 100))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(120))]
    #[test]
    fn every_step_agrees_with_a_sorted_vector(steps in prop::collection::vec(step(), 1..120)) {
        let mut both = Both::default();
        for step in steps {
            both.apply(step);
        }
        both.look(0, scored(77));
        assert!(both.tree.iter_from(0).eq(both.twin.iter().copied()));
    }
}

/// Items in a leaf's place, on average, in 16-byte items of all allocated memory.
fn bytes_per_item(tree: &OrderTree<Scored>) -> f64 {
    tree.memory_bytes() as f64 / tree.len() as f64
}

#[test]
fn ascending_and_descending_runs_fill_the_leaves() {
    for sign in [1.0, -1.0] {
        let mut tree = OrderTree::new();
        for n in 0..50_000u64 {
            assert!(tree.insert(Scored(sign * n as f64, n)));
        }
        tree.check();
        assert!(bytes_per_item(&tree) < 18.0, "{}", bytes_per_item(&tree));
        let mut popped = 0;
        while tree.pop_first().is_some() {
            popped += 1;
            if popped % 1000 == 0 {
                tree.check();
            }
        }
        assert_eq!((popped, tree.memory_bytes()), (50_000, 0));
    }
}

#[test]
fn random_inserts_and_updates_stay_dense() {
    let mut prng = Prng::new(11);
    let mut tree = OrderTree::new();
    let mut scores: Vec<u64> = (0..60_000).map(|_| prng.below(1 << 40)).collect();
    for (n, &score) in scores.iter().enumerate() {
        assert!(tree.insert(Scored(score as f64, n as u64)));
    }
    tree.check();
    assert!(bytes_per_item(&tree) < 21.0, "{}", bytes_per_item(&tree));
    for _ in 0..60_000 {
        let n = prng.below(60_000) as usize;
        let new = prng.below(1 << 40);
        assert!(tree.replace(
            &Scored(scores[n] as f64, n as u64),
            Scored(new as f64, n as u64)
        ));
        scores[n] = new;
    }
    tree.check();
    assert!(bytes_per_item(&tree) < 22.0, "{}", bytes_per_item(&tree));
}

#[test]
fn what_deletes_leave_behind_is_merged() {
    let mut prng = Prng::new(12);
    let mut tree = OrderTree::new();
    for n in 0..40_000u64 {
        tree.insert(Scored(prng.below(1 << 40) as f64, n));
    }
    while tree.len() > 4000 {
        assert!(
            tree.remove_at(prng.below(tree.len() as u64) as usize)
                .is_some()
        );
    }
    tree.check();
    assert!(bytes_per_item(&tree) < 32.0, "{}", bytes_per_item(&tree));
}

#[test]
fn nudged_scores_allocate_nothing() {
    let mut tree = OrderTree::new();
    for n in 0..5_000u64 {
        tree.insert(Scored(n as f64, n));
    }
    let before = tree.memory_bytes();
    for n in 0..5_000u64 {
        assert!(tree.replace(&Scored(n as f64, n), Scored(n as f64 + 0.5, n)));
    }
    tree.check();
    assert_eq!(tree.memory_bytes(), before);
    assert!(!tree.replace(&Scored(1.0, 1), Scored(2.0, 2)));
}

#[test]
fn clearing_in_slices_ends() {
    let mut tree = OrderTree::new();
    for n in 0..10_000u64 {
        tree.insert(Scored(n as f64, n));
    }
    let mut slices = 1;
    while !tree.clear_slice(1000) {
        tree.check();
        slices += 1;
    }
    assert_eq!((slices, tree.len(), tree.memory_bytes()), (10, 0, 0));
    assert!(tree.clear_slice(0));
}

#[test]
fn ranges_come_out_of_a_deep_tree() {
    let mut prng = Prng::new(13);
    let mut both = Both::default();
    for n in 0..30_000u32 {
        let item = Scored(f64::from(n), u64::from(n));
        assert!(both.tree.insert(item));
        both.twin.push(item);
    }
    while !both.twin.is_empty() {
        let rank = prng.below(both.twin.len() as u64) as usize;
        let most = 1 << prng.below(13);
        let count = prng.below(most) as usize;
        both.remove_range(rank, count);
        both.tree.check();
        both.look(rank, Scored(prng.below(30_000) as f64, 0));
        both.insert(Scored(prng.below(30_000) as f64, 1 << 20));
        if both.twin.len() < 50 {
            both.remove_range(0, 50);
        }
    }
    assert_eq!(both.tree.memory_bytes(), 0);
}
