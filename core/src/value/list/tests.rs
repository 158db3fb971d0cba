use super::*;
use proptest::prelude::*;
use std::string::{String, ToString};
use std::vec::Vec;

type Twin = Vec<Vec<u8>>;

#[derive(Clone, Debug)]
enum Step {
    Push(bool, Twin),
    Pop(bool),
    Set(usize, Vec<u8>),
    Insert(usize, Vec<u8>),
    Cut(usize, usize),
    Remove(bool, Vec<u8>, usize),
}

fn value() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        6 => "[ab]|-?[0-9]{1,2}".prop_map(String::into_bytes),
        1 => (0u8..4, 0usize..12_000).prop_map(|(byte, len)| [byte].repeat(len)),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let place = 0usize..24;
    prop_oneof![
        4 => (any::<bool>(), prop::collection::vec(value(), 1..6)).prop_map(|(b, v)| Step::Push(b, v)),
        3 => any::<bool>().prop_map(Step::Pop),
        2 => (place.clone(), value()).prop_map(|(i, v)| Step::Set(i, v)),
        2 => (place.clone(), value()).prop_map(|(i, v)| Step::Insert(i, v)),
        1 => (place, 0usize..12).prop_map(|(i, n)| Step::Cut(i, n)),
        1 => (any::<bool>(), value(), 0usize..4).prop_map(|(b, v, n)| Step::Remove(b, v, n)),
    ]
}

fn end(head: bool) -> End {
    if head { End::Head } else { End::Tail }
}

/// Does a step on both, and says whether both answered the same.
fn apply(list: &mut List, twin: &mut Twin, step: &Step, limit: NodeLimit) -> bool {
    match step {
        Step::Push(head, values) => {
            list.push(end(*head), values.iter().map(Vec::as_slice), limit);
            for value in values {
                twin.insert(if *head { 0 } else { twin.len() }, value.clone());
            }
            true
        }
        Step::Pop(head) => {
            let expected = match (twin.is_empty(), head) {
                (true, _) => None,
                (false, true) => Some(twin.remove(0)),
                (false, false) => twin.pop(),
            };
            let popped = list.pop_with(end(*head), |value| value.to_vec());
            list.settle(limit);
            popped == expected
        }
        Step::Set(index, value) => {
            let slot = twin.get_mut(*index);
            list.set(*index, value, limit) == slot.map(|slot| *slot = value.clone()).is_some()
        }
        Step::Insert(index, value) => {
            let fits = *index <= twin.len();
            if fits {
                twin.insert(*index, value.clone());
            }
            list.insert(*index, value, limit) == fits
        }
        Step::Cut(index, count) => {
            let index = (*index).min(twin.len());
            let count = (*count).min(twin.len() - index);
            twin.drain(index..index + count);
            let part = list.cut(index, count);
            list.settle(limit);
            part.is_none()
        }
        Step::Remove(head, value, most) => {
            let matches = (0..twin.len()).filter(|&at| twin[at] == *value);
            let mut matches: Vec<usize> = matches.collect();
            if !head {
                matches.reverse();
            }
            matches.truncate(*most);
            matches.sort_unstable();
            for &at in matches.iter().rev() {
                twin.remove(at);
            }
            let removed = list.remove_matching(value, end(*head), *most);
            list.settle(limit);
            removed == matches.len()
        }
    }
}

fn texts<'a>(elements: impl Iterator<Item = Element<'a>>) -> Twin {
    elements.map(|element| element.to_vec()).collect()
}

fn is_big(list: &List) -> bool {
    matches!(list.0, Body::Big(_))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn a_list_does_what_a_vector_does(
        setting in prop_oneof![Just(-1i64), Just(1), 2i64..9],
        steps in prop::collection::vec(step(), 1..60),
    ) {
        let limit = NodeLimit::from_setting(setting);
        let (mut list, mut twin) = (List::new(), Twin::new());
        for step in steps {
            prop_assert!(apply(&mut list, &mut twin, &step, limit), "{step:?}");
            prop_assert_eq!(list.check(), Ok(()));
            prop_assert_eq!(list.len(), twin.len());
            prop_assert_eq!(texts(list.iter(End::Tail)), twin.clone());
        }
        let mut back = texts(list.iter(End::Head));
        back.reverse();
        prop_assert_eq!(&back, &twin);
        for index in 0..=twin.len() {
            prop_assert_eq!(list.get(index).map(Element::to_vec), twin.get(index).cloned());
        }
        if let Some(value) = twin.last() {
            prop_assert_eq!(list.position(value), twin.iter().position(|other| other == value));
        }
        let kept = list.duplicate().into_kept();
        let is_quicklist = matches!(kept, Kept::Apart(Encoding::Quicklist, ..));
        // SAFETY: it was just given up, and is taken back once.
        let copy = unsafe { List::from_kept(kept) };
        prop_assert_eq!(is_quicklist, is_big(&list));
        prop_assert_eq!(texts(copy.iter(End::Tail)), twin);
    }

    #[test]
    fn a_new_list_is_one_that_was_pushed_to(
        values in prop::collection::vec(value(), 1..20),
        head: bool,
        setting in -2i64..12,
    ) {
        let limit = NodeLimit::from_setting(setting);
        let values = values.iter().map(Vec::as_slice);
        let mut pushed = List::new();
        pushed.push(end(head), values.clone(), limit);
        let new = List::of(end(head), values, limit);
        prop_assert_eq!(new.check(), Ok(()));
        prop_assert_eq!(is_big(&new), is_big(&pushed));
        prop_assert_eq!(texts(new.iter(End::Tail)), texts(pushed.iter(End::Tail)));
    }

    #[test]
    fn ranges_are_read_in_both_directions(len in 1usize..40, index in 0usize..40, count in 0usize..50) {
        for setting in [3, 128] {
            let limit = NodeLimit::from_setting(setting);
            let values: Twin = (0..len).map(|i| i.to_string().into_bytes()).collect();
            let mut list = List::new();
            list.push(End::Tail, values.iter().map(Vec::as_slice), limit);
            let read = |towards| {
                let mut seen = Twin::new();
                list.read_range(index, count, towards, |element| seen.push(element.to_vec()));
                seen
            };
            let forward: Twin = values.iter().skip(index).take(count).cloned().collect();
            let upto = if index < len { index + 1 } else { 0 };
            let back: Twin = values[..upto].iter().rev().take(count).cloned().collect();
            prop_assert_eq!(read(End::Tail), forward);
            prop_assert_eq!(read(End::Head), back);
        }
    }
}

#[test]
fn a_queue_around_the_limit_is_not_converted_back_and_forth() {
    let limit = NodeLimit::Count(8);
    let mut list = List::new();
    let value: &[u8] = b"v";
    list.push(End::Tail, [value; 9].into_iter(), limit);
    assert!(is_big(&list));
    for _ in 0..4 {
        list.pop_with(End::Head, |_| ());
        list.settle(limit);
        assert!(is_big(&list));
    }
    list.pop_with(End::Head, |_| ());
    list.settle(limit);
    assert!(!is_big(&list) && list.len() == 4);
}

#[test]
fn the_default_limit_counts_bytes() {
    let limit = NodeLimit::Bytes(8192);
    let value: &[u8] = &[b'v'; 14];
    let mut list = List::new();
    // A listpack has 7 bytes of its own, and an entry of 14 bytes takes 16; the last one counts by its text.
    for _ in 0..511 {
        list.push(End::Head, [value].into_iter(), limit);
        assert!(!is_big(&list));
    }
    list.push(End::Head, [value].into_iter(), limit);
    assert!(is_big(&list));
    while list.len() > 255 {
        assert!(is_big(&list));
        list.pop_with(End::Tail, |_| ());
        list.settle(limit);
    }
    assert!(!is_big(&list));
}

#[test]
fn a_big_part_is_handed_back_and_freed_in_slices() {
    let limit = NodeLimit::Count(4);
    let value: &[u8] = b"v";
    let mut list = List::new();
    list.push(End::Tail, [value; 2000].into_iter(), limit);
    assert!(list.cut(10, 20).is_none());
    let mut part = list.cut(100, 1000).unwrap();
    assert_eq!((list.len(), part.len()), (980, 1000));
    assert_eq!((list.check(), part.check()), (Ok(()), Ok(())));
    let cost = part.free_cost();
    assert!((250..260).contains(&cost), "{cost}");
    let mut slices = 1;
    while !part.free_slice(50) {
        slices += 1;
    }
    assert_eq!((slices, part.len()), (cost.div_ceil(50), 0));
}
