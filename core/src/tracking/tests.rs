use super::*;
use crate::bytes::hash::Hasher;
use std::format;
use std::vec;

fn key(bytes: &[u8]) -> Key<'_> {
    let hash = Hasher::new(1).hash(bytes);
    Key { bytes, hash }
}

fn reader(id: u64) -> Reader {
    Reader {
        id,
        slot: id as u32,
    }
}

#[test]
fn readers_are_remembered_until_their_key_changes() {
    let mut tracking = Tracking::default();
    for id in [3, 1, 2, 1] {
        tracking.remember(reader(id), &key(b"a"));
    }
    tracking.remember(reader(1), &key(b"b"));
    assert_eq!((tracking.key_count(), tracking.item_count()), (2, 4));
    assert_eq!(tracking.take_readers(&key(b"c")), None);
    let readers = tracking.take_readers(&key(b"a"));
    assert_eq!(readers, Some(vec![reader(1), reader(2), reader(3)]));
    assert_eq!(tracking.take_readers(&key(b"a")), None);
    assert_eq!(tracking.take_readers(&key(b"b")), Some(vec![reader(1)]));
    assert_eq!((tracking.key_count(), tracking.item_count()), (0, 0));
}

#[test]
fn the_table_gives_up_random_keys_above_its_limit() {
    let mut tracking = Tracking::default();
    let mut prng = Prng::new(1);
    for number in 0..1000 {
        tracking.remember(reader(number % 7), &key(format!("k{number}").as_bytes()));
    }
    assert!(tracking.has_work(600) && !tracking.has_work(1000));
    let mut gone = vec![];
    while let Some((bytes, readers)) = tracking.take_surplus(600, &mut prng) {
        assert_eq!(readers.len(), 1);
        gone.push(bytes);
    }
    assert_eq!((gone.len(), tracking.key_count()), (400, 600));
    for number in 0..1000 {
        let bytes = format!("k{number}").into_bytes();
        let is_gone = gone.iter().any(|other| **other == *bytes);
        assert_eq!(tracking.take_readers(&key(&bytes)).is_none(), is_gone);
    }
    assert_eq!(tracking.item_count(), 0);
}

#[test]
fn changes_are_gathered_under_every_prefix() {
    let mut tracking = Tracking::default();
    let options = |prefixes: &[&str]| Options {
        is_broadcast: true,
        prefixes: prefixes
            .iter()
            .map(|prefix| prefix.as_bytes().to_vec())
            .collect(),
        ..Options::default()
    };
    let all = tracking.enable(None, reader(1), None, options(&[]));
    let some = tracking.enable(None, reader(2), None, options(&["ab", "x"]));
    tracking.note_change(b"abc", Some(9));
    tracking.note_change(b"abc", None);
    tracking.note_change(b"a", None);
    let mut seen = vec![];
    while let Some(changes) = tracking.take_changes() {
        let keys: Vec<_> = changes.keys.into_iter().collect();
        seen.push((changes.listeners, keys));
    }
    let abc = (Box::from(*b"abc"), Some(9));
    let expected = [
        (vec![reader(2)], vec![abc.clone()]),
        (vec![reader(1)], vec![(Box::from(*b"a"), None), abc]),
    ];
    assert_eq!(seen, expected);
    tracking.disable(some);
    assert_eq!((tracking.prefix_count(), tracking.clients()), (1, 1));
    tracking.disable(all);
    assert_eq!((tracking.prefix_count(), tracking.clients()), (0, 0));
}
