use super::bucket::SLOTS;
use super::resize::ENTRIES_AT_ONCE;
use super::*;
use crate::bytes::prng::Prng;
use alloc::boxed::Box;
use alloc::string::String;
use proptest::prelude::*;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::format;

/// An item with a key of its own: a boxed string behind a thin pointer.
#[allow(clippy::box_collection, reason = "the box is the thin pointer")]
struct Word(Box<String>);

// SAFETY: a box's pointer is unique, not null, and the string does not change while boxed.
unsafe impl TableItem for Word {
    fn into_raw(self) -> NonNull<u8> {
        NonNull::from(Box::leak(self.0)).cast()
    }
    unsafe fn from_raw(pointer: NonNull<u8>) -> Self {
        // SAFETY: by contract the pointer came from `into_raw`.
        Word(unsafe { Box::from_raw(pointer.cast::<String>().as_ptr()) })
    }
    fn key(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

fn word(text: &str) -> Word {
    Word(Box::new(text.into()))
}

fn table() -> Table<Word> {
    Table::new(Hasher::new(42))
}

fn insert(table: &mut Table<Word>, key: &str) {
    let hash = table.hasher().hash(key.as_bytes());
    if !table.contains(hash, key.as_bytes()) {
        table.insert_new(hash, word(key));
    }
}

fn remove(table: &mut Table<Word>, key: &str) -> bool {
    let hash = table.hasher().hash(key.as_bytes());
    table.remove(hash, key.as_bytes()).is_some()
}

fn scan_all(table: &Table<Word>, count: usize) -> Vec<String> {
    let (mut seen, mut cursor) = (Vec::new(), SCAN_START);
    loop {
        cursor = table.scan(cursor, count, |item| seen.push((*item.0).clone()));
        if cursor == SCAN_START {
            return seen;
        }
    }
}

#[test]
fn grows_and_shrinks_with_every_item_in_reach() {
    let mut table = table();
    for i in 0..30_000 {
        insert(&mut table, &format!("key:{i}"));
        if i % 1000 == 0 {
            table.check().unwrap();
        }
    }
    table.check().unwrap();
    assert_eq!(table.len(), 30_000);
    let unique: HashSet<String> = scan_all(&table, 10).into_iter().collect();
    assert_eq!(unique.len(), 30_000);
    for i in 0..30_000 {
        assert!(remove(&mut table, &format!("key:{i}")));
        if i % 1000 == 0 || i > 29_990 {
            table.check().unwrap();
        }
    }
    assert_eq!((table.len(), table.segment_count()), (0, 0));
}

#[test]
fn fill_and_bytes_hold_their_promise() {
    let mut table = table();
    let (mut sum, mut samples, mut worst) = (0.0, 0.0, 0.0f64);
    for i in 0..200_000usize {
        insert(&mut table, &format!("key:{i}"));
        if i >= 1000 && i % 100 == 0 {
            let bytes = table.memory_bytes() as f64 / table.len() as f64;
            sum += bytes;
            samples += 1.0;
            worst = worst.max(bytes);
        }
    }
    assert!(
        sum / samples <= 8.6,
        "{} table bytes an item on average",
        sum / samples
    );
    assert!(worst <= 10.0, "{worst} table bytes an item at worst");
}

#[test]
fn a_segment_splits_at_a_high_fill() {
    let mut table = table();
    let (mut fills, mut before) = (Vec::new(), 0usize);
    let mut slots = 0;
    for i in 0..300_000 {
        let key = format!("k{i}");
        let hash = table.hasher().hash(key.as_bytes());
        let segments = table.segment_count();
        if segments > 0 {
            let at = table.segment_index(hash);
            before = usize::from(table.segments[at].len);
            slots = table.segments[at].slots();
        }
        insert(&mut table, &key);
        if segments > 0 && table.segment_count() > segments {
            fills.push(before as f64 / slots as f64);
        }
    }
    let mean = fills.iter().sum::<f64>() / fills.len() as f64;
    assert!(mean >= 0.85, "mean fill {mean} at {} splits", fills.len());
}

#[test]
fn scan_returns_what_stays_once_while_the_table_changes() {
    let mut table = table();
    for i in 0..5000 {
        insert(&mut table, &format!("stay:{i}"));
    }
    let mut seen: HashMap<String, u32> = HashMap::new();
    let (mut cursor, mut round) = (SCAN_START, 0);
    loop {
        cursor = table.scan(cursor, 10, |item| {
            *seen.entry((*item.0).clone()).or_default() += 1
        });
        if cursor == SCAN_START {
            break;
        }
        for i in 0..40 {
            insert(&mut table, &format!("new:{}", round * 40 + i));
        }
        if round % 3 == 2 {
            for i in 0..110 {
                remove(&mut table, &format!("new:{}", (round - 2) * 40 + i));
            }
        }
        round += 1;
    }
    for i in 0..5000 {
        assert_eq!(seen.get(&format!("stay:{i}")), Some(&1), "stay:{i}");
    }
}

#[test]
fn scan_honours_count_closely() {
    let mut table = table();
    for i in 0..10_000 {
        insert(&mut table, &format!("{i}"));
    }
    let mut cursor = SCAN_START;
    loop {
        let mut given = 0;
        cursor = table.scan(cursor, 10, |_| given += 1);
        assert!(given < 10 + 3 * SLOTS);
        if cursor == SCAN_START {
            break;
        }
        assert!(given >= 10);
    }
}

#[test]
fn random_is_fair() {
    let mut table = table();
    for i in 0..5000 {
        insert(&mut table, &format!("{i}"));
    }
    assert!(table.segment_count() > 1);
    let mut prng = Prng::new(5);
    let mut counts: HashMap<String, u32> = HashMap::new();
    for _ in 0..500_000 {
        let item = table.random(&mut prng).unwrap();
        *counts.entry((*item.0).clone()).or_default() += 1;
    }
    assert_eq!(counts.len(), 5000);
    assert!(counts.values().all(|&n| (45..165).contains(&n)));
}

#[test]
fn iteration_gives_every_item_once() {
    let mut table = table();
    assert!(table.iter().next().is_none());
    for i in 0..5000 {
        insert(&mut table, &format!("{i}"));
    }
    let seen: HashSet<String> = table.iter().map(|item| (*item.0).clone()).collect();
    assert_eq!((seen.len(), table.iter().count()), (5000, 5000));
}

#[test]
fn random_items_can_be_taken_until_none_is_left() {
    let mut table = table();
    for i in 0..3000 {
        insert(&mut table, &format!("{i}"));
    }
    let mut prng = Prng::new(3);
    let mut seen = HashSet::new();
    while let Some(item) = table.take_random(&mut prng) {
        assert!(seen.insert((*item.0).clone()));
        if table.len().is_multiple_of(500) {
            table.check().unwrap();
        }
    }
    assert_eq!((seen.len(), table.len()), (3000, 0));
}

#[test]
fn an_item_may_move_while_it_is_lent() {
    let mut table = table();
    insert(&mut table, "a");
    let hash = table.hasher().hash(b"a");
    let mut item = table.find_mut(hash, b"a").unwrap();
    *item = word("a");
    drop(item);
    assert_eq!(table.find(hash, b"a").unwrap().key(), b"a");
    table.check().unwrap();
}

#[test]
fn slices_free_everything() {
    let mut table = table();
    for i in 0..5000 {
        insert(&mut table, &format!("{i}"));
    }
    let mut slices = 1;
    while !table.clear_slice(100) {
        slices += 1;
    }
    assert!(slices > 3);
    assert_eq!(table.len(), 0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn behaves_as_a_map(
        steps in proptest::collection::vec((0u8..3, 0u16..600), 1..900),
        seed in any::<u64>(),
    ) {
        let mut table: Table<Word> = Table::new(Hasher::new(seed));
        let mut twin: BTreeMap<String, ()> = BTreeMap::new();
        for (step, number) in steps {
            let key = format!("{number}");
            if step < 2 {
                insert(&mut table, &key);
                twin.insert(key, ());
            } else {
                prop_assert_eq!(remove(&mut table, &key), twin.remove(&key).is_some());
            }
            prop_assert_eq!(table.check(), Ok(()));
        }
        let mut all = scan_all(&table, 7);
        all.sort();
        prop_assert_eq!(all, twin.into_keys().collect::<Vec<_>>());
    }
}

#[test]
fn samples_are_fair() {
    // So many items that segments of two depths and of several sizes are there.
    const ITEMS: usize = 3000;
    let mut table = table();
    for i in 0..ITEMS {
        insert(&mut table, &format!("key:{i}"));
    }
    let mut prng = Prng::new(3);
    let mut seen: HashMap<String, u32> = HashMap::new();
    let rounds = 100 * ITEMS / 7;
    let mut given = 0;
    for _ in 0..rounds {
        let mut count = 0;
        table.sample(&mut prng, 5, |item| {
            *seen.entry((*item.0).clone()).or_default() += 1;
            count += 1;
        });
        assert!((1..40).contains(&count), "{count}");
        given += count;
    }
    assert_eq!(seen.len(), ITEMS);
    let size = f64::from(given) / rounds as f64;
    assert!((7.0..9.5).contains(&size), "{size} items a sample");
    let mean = f64::from(given) / ITEMS as f64;
    let spread = seen.values().map(|&n| (f64::from(n) - mean).powi(2));
    let variance = spread.sum::<f64>() / ITEMS as f64;
    // Independent draws would give a variance of the mean.
    assert!(variance < 1.5 * mean, "{variance} of {mean}");
}

#[test]
fn a_sample_of_a_sparse_table_finds_what_there_is() {
    let mut table = table();
    let mut prng = Prng::new(4);
    table.sample(&mut prng, 5, |_| unreachable!("the table is empty"));
    for i in 0..5000 {
        insert(&mut table, &format!("key:{i}"));
    }
    for i in 0..4999 {
        remove(&mut table, &format!("key:{i}"));
    }
    let mut found = 0;
    table.sample(&mut prng, 5, |item| {
        assert_eq!(*item.0, "key:4999");
        found += 1;
    });
    assert_eq!(found, 1);
}

#[test]
fn items_are_found_and_taken_by_hash_alone() {
    let mut table = table();
    for i in 0..2000 {
        insert(&mut table, &format!("key:{i}"));
    }
    for i in 0..2000 {
        let key = format!("key:{i}");
        let hash = table.hasher().hash(key.as_bytes());
        assert_eq!(
            table.find_by_hash(hash, |_| true).unwrap().key(),
            key.as_bytes()
        );
        assert!(table.take_by_hash(hash, |_| false).is_none());
        let taken = table.take_by_hash(hash, |item| item.key() == key.as_bytes());
        assert_eq!(*taken.unwrap().0, key);
        assert!(table.find_by_hash(hash, |_| true).is_none());
        table.check().unwrap();
    }
    assert!(table.is_empty());
}

/// The greatest number of directory entries that one of the changes writes.
fn most_entries(table: &mut Table<Word>, change: impl Fn(&mut Table<Word>, usize)) -> usize {
    let mut most = 0;
    for number in 0..400_000 {
        let before = table.entries_written;
        change(table, number);
        // The last removal makes the table anew.
        most = most.max(table.entries_written.saturating_sub(before));
        if number % 50_000 == 0 {
            table.check().unwrap();
        }
    }
    most
}

#[test]
fn no_change_writes_more_than_a_few_directory_entries() {
    let mut table = table();
    // A split publishes two segments, plans, and each time goes on with the next directory.
    let bound = 4 * ENTRIES_AT_ONCE;
    let growing = most_entries(&mut table, |table, number| {
        let key = format!("key:{number}");
        let hash = table.hasher().hash(key.as_bytes());
        table.insert_new(hash, word(&key));
    });
    let greatest = table.directory.len();
    assert!(greatest > 2 * bound, "the directory has {greatest} entries");
    assert!(growing <= bound, "{growing} entries at once while growing");
    let shrinking = most_entries(&mut table, |table, number| {
        assert!(remove(table, &format!("key:{number}")));
    });
    assert!(
        shrinking <= bound,
        "{shrinking} entries at once while shrinking"
    );
}

#[test]
fn a_directory_shrinks_with_its_table_and_grows_again() {
    let mut table = table();
    let fill = |table: &mut Table<Word>| {
        (0..100_000).for_each(|i| insert(table, &format!("key:{i}")));
    };
    fill(&mut table);
    let full = table.directory.len();
    for round in 0..3 {
        (2000..100_000).for_each(|i| assert!(remove(&mut table, &format!("key:{i}"))));
        table.check().unwrap();
        assert!(
            table.directory.len() < full.min(table.segment_count() * 4),
            "round {round}: {} of {full} entries for {} segments",
            table.directory.len(),
            table.segment_count()
        );
        fill(&mut table);
        table.check().unwrap();
        assert!(table.directory.len() <= 2 * full);
    }
}

#[test]
fn freeing_in_slices_counts_what_is_left() {
    let mut table = table();
    (0..20_000).for_each(|i| insert(&mut table, &format!("key:{i}")));
    let mut taken = 0;
    loop {
        let before = taken;
        let done = table.drain_slice(64, |_| taken += 1);
        // A bucket goes at once.
        assert!(taken - before < 64 + SLOTS);
        assert_eq!(table.len(), 20_000 - taken);
        if done {
            break;
        }
    }
    assert_eq!(taken, 20_000);
}

/// Keys that expire in the same millisecond go in order of their hashes: each segment empties from one end.
#[test]
fn removal_in_order_of_the_hash_rebuilds_seldom() {
    let mut table = table();
    let mut keys: Vec<_> = (0..100_000).map(|i| format!("key:{i}")).collect();
    for key in &keys {
        insert(&mut table, key);
    }
    keys.sort_by_key(|key| table.hasher().hash(key.as_bytes()));
    let (segments, before) = (table.segment_count(), table.rebuilds_tried);
    for (number, key) in keys[..99_999].iter().enumerate() {
        assert!(remove(&mut table, key));
        if number % 10_000 == 0 {
            table.check().unwrap();
        }
    }
    let tried = table.rebuilds_tried - before;
    assert!(tried < 20 * segments, "{tried} for {segments} segments");
    assert!(table.segment_count() < segments / 4);
}

#[test]
fn a_reserved_table_is_like_any_other_and_need_not_grow() {
    for items in [100usize, 4096, 10_000, 100_000] {
        let mut table = table();
        table.reserve(items);
        table.check().unwrap();
        let (before, rebuilds) = (table.segments.len(), table.rebuilds_tried);
        for i in 0..items {
            insert(&mut table, &format!("key {i}"));
        }
        table.check().unwrap();
        let grown = table.segments.len() - before + table.rebuilds_tried - rebuilds;
        assert!(items < 4096 || grown <= before / 8, "{grown} of {before}");
        table.reserve(1_000_000);
        for i in 0..items {
            let key = format!("key {i}");
            let hash = table.hasher().hash(key.as_bytes());
            assert!(table.remove(hash, key.as_bytes()).is_some());
        }
        table.check().unwrap();
    }
}
