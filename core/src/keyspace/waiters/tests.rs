use super::*;
use crate::bytes::hash::Hasher;
use crate::bytes::prng::Prng;
use alloc::collections::{BTreeMap, VecDeque};
use std::format;
use std::string::String;
use std::vec::Vec;

impl Waiters {
    /// Verifies that queues, index and counts agree.
    fn check(&self) {
        let mut places = 0;
        let mut awaited: Vec<(usize, &[u8])> = Vec::new();
        for (number, key) in
            (0..self.keys.slots() as u32).filter_map(|n| Some((n, self.keys.get(n)?)))
        {
            let bytes = Key {
                bytes: &key.bytes,
                hash: key.hash,
            };
            assert_eq!(self.find(key.db, &bytes, key.holding), Some(number));
            assert!(!key.is_idle());
            let (mut at, mut before, mut len) = (key.first, NONE, 0);
            while at != NONE {
                assert_eq!(
                    (self.places[at].before, self.places[at].key),
                    (before, number)
                );
                (before, at, len) = (at, self.places[at].behind, len + 1);
            }
            assert_eq!((key.last, key.len), (before, len));
            places += len;
            if len > 0 {
                awaited.push((key.db, &key.bytes));
            }
        }
        assert_eq!(self.places.iter().count(), places);
        assert_eq!(self.index.len(), self.keys.iter().count());
        awaited.sort_unstable();
        awaited.dedup();
        assert_eq!(self.key_count, awaited.len());
    }
}

fn key(name: &str) -> Key<'_> {
    Key {
        bytes: name.as_bytes(),
        hash: Hasher::new(1).hash(name.as_bytes()),
    }
}

fn add(waiters: &mut Waiters, waiter: u32, names: &[&str]) -> Places {
    let keys = names.iter().map(|name| key(name));
    waiters.add(waiter, 0, keys, ValueType::List)
}

/// Serves everybody for whom `is_there` says that the key is, and removes them.
fn serve(
    waiters: &mut Waiters,
    places: &mut BTreeMap<u32, Places>,
    mut is_there: impl FnMut(&[u8]) -> bool,
) -> Vec<u32> {
    let mut served = Vec::new();
    loop {
        match waiters.candidate() {
            Ok((_, key, _, waiter)) => {
                if is_there(key.bytes) {
                    waiters.pass();
                    waiters.remove(&places.remove(&waiter).expect("it waits"));
                    served.push(waiter);
                } else {
                    waiters.end_current();
                }
            }
            Err(Next::Nobody) => return served,
            Err(_) => {}
        }
        waiters.check();
    }
}

#[test]
fn who_came_first_is_served_first_as_long_as_there_is_something() {
    let mut waiters = Waiters::default();
    let mut places = BTreeMap::new();
    for (waiter, names) in [
        (1, &["a", "b"][..]),
        (2, &["b"]),
        (3, &["b", "b", "a"]),
        (4, &["a"]),
    ] {
        places.insert(waiter, add(&mut waiters, waiter, names));
        waiters.check();
    }
    assert_eq!(waiters.key_count(), 2);
    waiters.key_came(0, &key("none"), ValueType::List);
    waiters.key_came(0, &key("a"), ValueType::SortedSet);
    waiters.key_came(1, &key("a"), ValueType::List);
    waiters.key_came(0, &key("a"), ValueType::String);
    assert!(!waiters.is_anything_ready());
    // b has come first; it has two elements, then a has as many as are wanted.
    waiters.key_came(0, &key("b"), ValueType::List);
    waiters.key_came(0, &key("a"), ValueType::List);
    waiters.key_came(0, &key("b"), ValueType::List);
    let mut left = 2;
    let served = serve(&mut waiters, &mut places, |name| {
        left -= i32::from(name == b"b");
        name == b"a" || left >= 0
    });
    assert_eq!(served, [1, 2, 3, 4]);
    assert!(!waiters.is_anybody() && !waiters.is_anything_ready());
    assert_eq!(waiters.keys.iter().count(), 0);
}

#[test]
fn a_key_that_comes_while_another_is_served_goes_behind_those_that_are_ready() {
    let mut waiters = Waiters::default();
    let mut places = BTreeMap::new();
    for (waiter, name) in [(1, "c"), (2, "a"), (3, "b"), (4, "a")] {
        places.insert(waiter, add(&mut waiters, waiter, &[name]));
    }
    waiters.key_came(0, &key("a"), ValueType::List);
    waiters.key_came(0, &key("b"), ValueType::List);
    let mut order = Vec::new();
    loop {
        match waiters.candidate() {
            Ok((_, key, _, waiter)) => {
                order.push((waiter, String::from_utf8_lossy(key.bytes).into_owned()));
                waiters.pass();
            }
            Err(Next::Nobody) => break,
            Err(_) => continue,
        }
        let (waiter, _) = order.last().expect("one was served");
        waiters.remove(&places.remove(waiter).expect("it waits"));
        if *waiter == 2 {
            waiters.key_came(0, &key("c"), ValueType::List);
        }
        waiters.check();
    }
    let order: Vec<String> = order
        .iter()
        .map(|(waiter, key)| format!("{waiter}{key}"))
        .collect();
    assert_eq!(order, ["2a", "4a", "3b", "1c"]);
}

#[test]
fn the_same_key_for_two_types_is_two_queues_and_one_key() {
    let mut waiters = Waiters::default();
    let list = waiters.add(1, 0, [key("a")].into_iter(), ValueType::List);
    let set = waiters.add(2, 0, [key("a")].into_iter(), ValueType::SortedSet);
    let other = waiters.add(3, 1, [key("a")].into_iter(), ValueType::List);
    waiters.check();
    assert_eq!(waiters.key_count(), 2);
    waiters.key_came(0, &key("a"), ValueType::SortedSet);
    assert!(matches!(
        waiters.candidate(),
        Ok((0, _, ValueType::SortedSet, 2)) | Err(Next::Later)
    ));
    for places in [set, other, list] {
        waiters.remove(&places);
        waiters.check();
    }
    assert!(!waiters.is_anybody());
}

#[test]
fn after_an_exchange_of_databases_the_keys_of_both_are_looked_at_in_slices() {
    let mut waiters = Waiters::default();
    let mut places = BTreeMap::new();
    for waiter in 0..1000 {
        let name = format!("key:{waiter}");
        let db = waiter as usize % 3;
        places.insert(
            waiter,
            waiters.add(waiter, db, [key(&name)].into_iter(), ValueType::List),
        );
    }
    waiters.database_swapped(0);
    waiters.database_swapped(2);
    let mut steps = 0;
    while waiters.candidate() == Err(Next::Later) {
        steps += 1;
    }
    assert!(
        (1000 / SWEEP_AT_ONCE..=1000 / SWEEP_AT_ONCE + 2).contains(&steps),
        "{steps}"
    );
    let served = serve(&mut waiters, &mut places, |_| true);
    assert_eq!(served.len(), 1000 - 333);
    assert!(served.iter().all(|waiter| waiter % 3 != 1));
}

/// A twin that keeps one queue of waiters with their keys, and looks through it.
#[derive(Default)]
struct Naive {
    queue: Vec<(u32, Vec<u8>)>,
    ready: VecDeque<u8>,
    elements: [usize; 4],
}

impl Naive {
    fn push(&mut self, name: u8, count: usize) -> bool {
        let index = usize::from(name);
        let is_new = self.elements[index] == 0;
        self.elements[index] += count;
        let is_awaited = self.queue.iter().any(|(_, names)| names.contains(&name));
        if is_new && is_awaited && !self.ready.contains(&name) {
            self.ready.push_back(name);
        }
        is_new
    }

    fn serve(&mut self) -> Vec<u32> {
        let mut served = Vec::new();
        while let Some(name) = self.ready.pop_front() {
            while self.elements[usize::from(name)] > 0
                && let Some(at) = self
                    .queue
                    .iter()
                    .position(|(_, names)| names.contains(&name))
            {
                let (waiter, names) = self.queue.remove(at);
                // As in Redis, it takes from the first of its keys that has something.
                let from = names
                    .iter()
                    .find(|&&name| self.elements[usize::from(name)] > 0);
                self.elements[usize::from(*from.expect("one has"))] -= 1;
                served.push(waiter);
            }
        }
        served
    }
}

#[test]
fn waiters_agree_with_a_queue_that_is_looked_through() {
    let mut prng = Prng::new(3);
    let (mut waiters, mut naive) = (Waiters::default(), Naive::default());
    let mut places: BTreeMap<u32, (Places, Vec<u8>)> = BTreeMap::new();
    let name = |name: u8| ["a", "b", "c", "d"][usize::from(name)];
    for waiter in 0..5000 {
        match prng.below(5) {
            0 | 1 => {
                let count = 1 + prng.below(3);
                let names: Vec<u8> = (0..count).map(|_| prng.below(4) as u8).collect();
                if names
                    .iter()
                    .all(|&name| naive.elements[usize::from(name)] == 0)
                {
                    let keys = names.iter().map(|&it| key(name(it)));
                    let added = waiters.add(waiter, 0, keys, ValueType::List);
                    places.insert(waiter, (added, names.clone()));
                    naive.queue.push((waiter, names));
                }
            }
            2 => {
                let nth = prng.below(places.len().max(1) as u64) as usize;
                if let Some(&waiter) = places.keys().nth(nth)
                    && let Some((gone, _)) = places.remove(&waiter)
                {
                    waiters.remove(&gone);
                    naive.queue.retain(|(other, _)| *other != waiter);
                }
            }
            _ => {
                for _ in 0..1 + prng.below(2) {
                    let pushed = prng.below(4) as u8;
                    if naive.push(pushed, 1 + prng.below(3) as usize) {
                        waiters.key_came(0, &key(name(pushed)), ValueType::List);
                    }
                }
                let mut elements = naive.elements;
                for name in &mut elements {
                    // Whoever is left over goes; so that queues are long now and then.
                    *name = (*name).min(2);
                }
                naive.elements = elements;
                let expected = naive.serve();
                let mut served = Vec::new();
                loop {
                    match waiters.candidate() {
                        Ok((_, key, _, waiter)) => {
                            let at = usize::from(key.bytes[0] - b'a');
                            if elements[at] == 0 {
                                waiters.end_current();
                                continue;
                            }
                            waiters.pass();
                            let (gone, names) = places.remove(&waiter).expect("it waits");
                            let from = names.iter().find(|&&name| elements[usize::from(name)] > 0);
                            elements[usize::from(*from.expect("one has"))] -= 1;
                            waiters.remove(&gone);
                            served.push(waiter);
                        }
                        Err(Next::Nobody) => break,
                        Err(_) => {}
                    }
                }
                assert_eq!(served, expected);
                assert_eq!(naive.elements, elements);
            }
        }
        waiters.check();
    }
    assert!(waiters.places.slots() < 200);
}
