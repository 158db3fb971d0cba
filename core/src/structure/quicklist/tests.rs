use super::*;
use proptest::prelude::*;
use std::vec;

fn texts<'a>(values: impl Iterator<Item = Element<'a>>) -> Vec<Vec<u8>> {
    values.map(|value| value.to_vec()).collect()
}

fn listed(limit: NodeLimit, values: &[Vec<u8>]) -> Quicklist {
    let mut list = Quicklist::new(limit);
    values.iter().for_each(|value| list.push_back(value));
    list
}

fn numbered(count: usize) -> Vec<Vec<u8>> {
    (0..count)
        .map(|number| std::format!("element:{number:08}").into_bytes())
        .collect()
}

#[test]
fn sixteen_byte_elements_take_less_than_twenty() {
    let values = numbered(200_000);
    let default = NodeLimit::from_setting(-2);
    let mut back = Quicklist::new(default);
    let mut front = Quicklist::new(default);
    for value in &values {
        back.push_back(value);
        front.push_front(value);
    }
    for list in [&back, &front] {
        assert_eq!(list.check(), Ok(()));
        let bytes = list.memory_bytes();
        assert!(
            bytes < values.len() * 19 && bytes > values.len() * 18,
            "{bytes}"
        );
    }
    assert_eq!(back.get(123_456), Some(Element::Bytes(&values[123_456])));
    assert_eq!(
        front.get(123_456),
        Some(Element::Bytes(&values[200_000 - 1 - 123_456]))
    );
}

#[test]
fn small_lists_take_little() {
    let mut list = Quicklist::new(NodeLimit::from_setting(-2));
    assert_eq!(list.memory_bytes(), 0);
    list.push_front(b"a");
    list.push_back(b"b");
    assert!(list.memory_bytes() <= 128);
    list.pop_front();
    list.pop_front();
    assert_eq!((list.memory_bytes(), list.pop_front()), (0, None));
}

#[test]
fn a_queue_keeps_its_nodes_full_and_its_size() {
    let mut list = listed(NodeLimit::Bytes(4096), &numbered(2000));
    for value in numbered(20_000) {
        list.push_front(&value);
        assert!(list.pop_back().is_some());
    }
    assert_eq!(list.check(), Ok(()));
    assert_eq!(list.len(), 2000);
    assert!(
        list.node_count() <= 2000 * 18 / 4096 + 3,
        "{}",
        list.node_count()
    );
}

#[test]
fn large_values_have_plain_nodes() {
    let limit = NodeLimit::Bytes(4096);
    let large = vec![b'x'; 5000];
    let mut list = listed(limit, &[b"a".to_vec(), large.clone(), b"b".to_vec()]);
    list.push_front(&large);
    assert_eq!(list.node_count(), 4);
    let plain: Vec<bool> = list
        .nodes()
        .map(|node| matches!(node, NodeRef::Plain(_)))
        .collect();
    assert_eq!(plain, [true, false, true, false]);
    assert!(list.set(2, b"small") && list.set(1, &large) && list.insert(3, &large));
    let sizes: Vec<usize> = list.iter().map(|value| value.text_len()).collect();
    assert_eq!(sizes, [5000, 5000, 5, 5000, 1]);
    assert_eq!(list.remove_matching(&large, true, 2), 2);
    assert_eq!(list.pop_front(), Some(large));
    assert_eq!(texts(list.iter()), [b"small".to_vec(), b"b".to_vec()]);
    assert_eq!(list.check(), Ok(()));
}

#[test]
fn nodes_are_listpacks_for_a_file() {
    let values = numbered(1000);
    let mut list = listed(NodeLimit::Bytes(4096), &values);
    list.push_front(b"1");
    list.push_plain(b"plain");
    let mut loaded = Quicklist::new(list.limit());
    for node in list.nodes() {
        match node {
            NodeRef::Packed(packed) => {
                assert_eq!(packed.check(), Ok(()));
                loaded.push_node(Listpack::from_bytes(packed.as_bytes()).unwrap());
            }
            NodeRef::Plain(value) => loaded.push_plain(value),
        }
    }
    assert_eq!(loaded, list);
    assert_eq!((loaded.len(), loaded.check()), (1002, Ok(())));
}

#[test]
fn small_ones_become_one_listpack() {
    let values = numbered(20);
    let mut list = listed(NodeLimit::Bytes(4096), &values);
    list.push_front(b"first");
    let bytes = 7 + 20 * 18 + 7;
    let packed = list.to_listpack(bytes, 21).unwrap();
    assert_eq!((packed.bytes_len(), packed.len()), (bytes, 21));
    assert!(list.to_listpack(bytes - 1, 21).is_none() && list.to_listpack(bytes, 20).is_none());
    assert_eq!(Quicklist::from_listpack(packed, list.limit()), list);
    list.push_plain(b"x");
    assert!(list.to_listpack(1000, 100).is_none());
}

#[test]
fn dismantling_takes_its_time() {
    let mut list = listed(NodeLimit::Count(10), &numbered(1000));
    let mut calls = 1;
    while !list.dismantle(7) {
        assert_eq!(list.check(), Ok(()));
        calls += 1;
    }
    assert_eq!((list.len(), calls), (0, 15));
    assert_eq!(list.memory_bytes(), 0);
}

#[test]
fn insertions_at_one_place_keep_nodes_filled() {
    let mut list = listed(NodeLimit::Bytes(4096), &numbered(4000));
    for value in numbered(4000) {
        list.insert(2000, &value);
    }
    for index in 0..4000 {
        list.insert(index * 2 % list.len(), b"between-elements");
    }
    assert_eq!((list.check(), list.len()), (Ok(()), 12_000));
    let fewest = 12_000 * 18 / 4096;
    assert!(
        list.node_count() < fewest * 2,
        "{} of {fewest}",
        list.node_count()
    );
}

fn value() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => (-300i64..300).prop_map(|n| std::format!("{n}").into_bytes()),
        6 => prop::collection::vec(b'a'..b'c', 0..3),
        3 => prop::collection::vec(any::<u8>(), 0..30),
        1 => (80usize..110).prop_map(|len| vec![b'L'; len]),
    ]
}

fn limit() -> impl Strategy<Value = NodeLimit> {
    prop_oneof![
        Just(NodeLimit::Bytes(100)),
        Just(NodeLimit::Bytes(40)),
        (1u32..5).prop_map(NodeLimit::Count),
    ]
}

#[derive(Clone, Debug)]
enum Step {
    PushFront(Vec<Vec<u8>>),
    PushBack(Vec<Vec<u8>>),
    PopFront(usize),
    PopBack(usize),
    Set(usize, Vec<u8>),
    Insert(usize, Vec<u8>),
    Remove(usize),
    RemoveRange(usize, usize),
    RemoveMatching(usize, bool, usize),
    SplitAndAppend(usize),
    Trim(usize, usize),
}

fn step() -> impl Strategy<Value = Step> {
    let at = 0usize..400;
    let values = || prop::collection::vec(value(), 0..20);
    prop_oneof![
        5 => values().prop_map(Step::PushFront),
        5 => values().prop_map(Step::PushBack),
        2 => (0usize..12).prop_map(Step::PopFront),
        2 => (0usize..12).prop_map(Step::PopBack),
        4 => (at.clone(), value()).prop_map(|(at, value)| Step::Set(at, value)),
        6 => (at.clone(), value()).prop_map(|(at, value)| Step::Insert(at, value)),
        4 => at.clone().prop_map(Step::Remove),
        1 => (at.clone(), 0usize..20).prop_map(|(at, count)| Step::RemoveRange(at, count)),
        1 => (at.clone(), any::<bool>(), 0usize..6).prop_map(|(at, back, most)| {
            Step::RemoveMatching(at, back, most)
        }),
        1 => at.prop_map(Step::SplitAndAppend),
        1 => (0usize..8, 0usize..8).prop_map(|(front, back)| Step::Trim(front, back)),
    ]
}

/// Does `step` to both; places are taken modulo the length.
fn run(step: Step, list: &mut Quicklist, twin: &mut Vec<Vec<u8>>) {
    let len = twin.len();
    match step {
        Step::PushFront(values) => {
            for value in values {
                list.push_front(&value);
                twin.insert(0, value);
            }
        }
        Step::PushBack(values) => {
            values.iter().for_each(|value| list.push_back(value));
            twin.extend(values);
        }
        Step::PopFront(count) => {
            for _ in 0..count {
                let expected = (!twin.is_empty()).then(|| twin.remove(0));
                assert_eq!(list.pop_front(), expected);
            }
        }
        Step::PopBack(count) => (0..count).for_each(|_| assert_eq!(list.pop_back(), twin.pop())),
        Step::Set(at, value) => {
            assert_eq!(list.set(at % (len + 1), &value), at % (len + 1) < len);
            if let Some(old) = twin.get_mut(at % (len + 1)) {
                *old = value;
            }
        }
        Step::Insert(at, value) => {
            assert!(list.insert(at % (len + 1), &value));
            assert!(!list.insert(len + 2, &value));
            twin.insert(at % (len + 1), value);
        }
        Step::Remove(at) if len > 0 => {
            assert!(list.remove(at % len) && !list.remove(len));
            twin.remove(at % len);
        }
        Step::RemoveRange(at, count) => {
            let at = at % (len + 2);
            list.remove_range(at, count);
            twin.drain(at.min(len)..(at + count).min(len));
        }
        Step::RemoveMatching(at, from_back, most) if len > 0 => {
            let value = twin[at % len].clone();
            let mut places: Vec<usize> = (0..len).filter(|&at| twin[at] == value).collect();
            if from_back {
                places.reverse();
            }
            places.truncate(most);
            assert_eq!(list.remove_matching(&value, from_back, most), places.len());
            places.sort_unstable();
            places
                .into_iter()
                .rev()
                .for_each(|at| drop(twin.remove(at)));
        }
        Step::SplitAndAppend(at) => {
            let right = list.split_off(at % (len + 1));
            assert_eq!(texts(right.iter()), twin[at % (len + 1)..]);
            assert_eq!((right.check(), list.check()), (Ok(()), Ok(())));
            list.append(right);
        }
        Step::Trim(front, back) => {
            let kept = front.min(len)..len.saturating_sub(back).max(front.min(len));
            list.remove_range(0, kept.start);
            list.remove_range(kept.len(), len);
            *twin = twin[kept].to_vec();
        }
        _ => {}
    }
}

/// Nodes of several elements stay in the limit, large values are plain and no others.
fn check_limits(list: &Quicklist) {
    for node in list.nodes() {
        match node {
            NodeRef::Packed(packed) => {
                let (bytes, count) = (packed.bytes_len(), packed.len());
                assert!(
                    count == 1 || !list.limit().exceeded(bytes, count),
                    "{bytes} {count}"
                );
                assert!(
                    packed
                        .iter()
                        .all(|value| !list.limit().is_large(value.text_len()))
                );
            }
            NodeRef::Plain(value) => assert!(list.limit().is_large(value.len())),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn behaves_like_a_vec(limit in limit(), steps in prop::collection::vec(step(), 1..80)) {
        let (mut list, mut twin) = (Quicklist::new(limit), Vec::new());
        for step in steps {
            run(step, &mut list, &mut twin);
            prop_assert_eq!(list.check(), Ok(()));
            check_limits(&list);
            prop_assert_eq!(list.len(), twin.len());
            prop_assert_eq!(texts(list.iter()), twin.as_slice());
        }
        for (index, value) in twin.iter().enumerate() {
            prop_assert!(list.get(index).is_some_and(|found| found.equals(value)));
        }
        prop_assert!(list.get(twin.len()).is_none());
        for index in (0..=twin.len()).step_by(7) {
            prop_assert_eq!(texts(list.iter_from(index)), &twin[index..]);
            let mut backwards = texts(list.rev_iter_from(index));
            backwards.reverse();
            let expected = if index < twin.len() { &twin[..=index] } else { &[] };
            prop_assert_eq!(backwards, expected);
        }
        let copy = list.clone();
        while !list.dismantle(3) {
            prop_assert_eq!(list.check(), Ok(()));
        }
        prop_assert_eq!(texts(copy.iter()), twin);
    }
}

/// How many counts and nodes `work` looks at.
fn steps(work: impl FnOnce()) -> usize {
    let before = chunk::STEPS.get();
    work();
    chunk::STEPS.get() - before
}

#[test]
fn of_a_million_elements_only_those_asked_for_are_gone_through() {
    let values = numbered(1_000_000);
    let mut list = listed(NodeLimit::from_setting(-2), &values);
    let (nodes, chunks) = (list.node_count(), list.middle.chunk_count());
    assert!(
        nodes > 2000 && chunks > 250,
        "{nodes} nodes in {chunks} chunks"
    );
    // Chunks are added up from the nearer end, and then the nodes of one.
    let most = |index: usize| {
        let nearer = index.min(1_000_000 - index);
        nearer * chunks / 1_000_000 + chunk::CHUNK_NODES + 4
    };
    for index in [
        0, 1, 999_999, 1000, 999_000, 100_000, 900_000, 500_000, 400_001,
    ] {
        let value = Some(Element::Bytes(&values[index]));
        let took = steps(|| assert_eq!(list.get(index), value));
        assert!(took <= most(index), "element {index}: {took} steps");
        // A range costs the way to its beginning, and its own nodes.
        let mut read = 0;
        let took = steps(|| list.iter_from(index).read(1000, |_| read += 1));
        assert_eq!(read, 1000.min(1_000_000 - index));
        assert!(took <= most(index) + 5, "range from {index}: {took} steps");
    }
    // Changes close the ends, which may go back and forth between them and the chain.
    for index in [999_990, 10, 500_000, 250_000, 750_000] {
        let took = steps(|| assert!(list.set(index, b"overwritten!")));
        assert!(took <= most(index) + 4, "set {index}: {took} steps");
        let took = steps(|| assert!(list.insert(index, b"inserted")));
        assert!(took <= most(index) + 4, "insert {index}: {took} steps");
        let took = steps(|| assert!(list.remove(index)));
        assert!(took <= most(index) + 4, "remove {index}: {took} steps");
    }
    // Most of the list goes as it is, and is freed in slices.
    let mut taken = None;
    let took = steps(|| taken = Some(list.take_range(100_000, 800_000)));
    assert!(took <= 2 * most(100_000), "{took} steps to cut");
    let mut taken = taken.expect("a part");
    assert_eq!((taken.len(), list.len()), (800_000, 200_000));
    let mut slices = 1;
    while !taken.dismantle(16) {
        slices += 1;
    }
    assert!(slices > 100, "{slices} slices");
    assert_eq!(list.check(), Ok(()));
}

#[test]
fn it_is_told_whether_elements_are_in_many_nodes() {
    let list = listed(NodeLimit::Count(1), &numbered(100));
    for (index, count) in [(0, 4), (50, 4), (96, 4), (7, 3)] {
        assert!(list.spans_more_nodes_than(count - 1, index, count));
    }
    assert!(list.spans_more_nodes_than(16, 3, 90));
    let list = listed(NodeLimit::from_setting(-2), &numbered(1000));
    assert!(!list.spans_more_nodes_than(3, 0, 500));
    assert!(!list.spans_more_nodes_than(3, 400, 600));
    assert!(!list.spans_more_nodes_than(1, 400, 0));
}
