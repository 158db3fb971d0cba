use super::*;
use proptest::prelude::*;
use std::string::String;
use std::vec;
use std::vec::Vec;

fn texts(list: &ListpackSlice) -> Vec<Vec<u8>> {
    list.iter().map(Element::to_vec).collect()
}

fn packed<T: AsRef<[u8]>>(values: &[T]) -> Listpack {
    values
        .iter()
        .map(|value| Element::from(value.as_ref()))
        .collect()
}

/// Values at the edges of every encoding, and the payload of Redis's DUMP for a list of them.
#[test]
fn bytes_are_those_of_redis() {
    let long = "x".repeat(63);
    let values = [
        "0",
        "127",
        "128",
        "-1",
        "-4096",
        "4095",
        "4096",
        "-4097",
        "32767",
        "-32768",
        "32768",
        "8388607",
        "-8388608",
        "8388608",
        "2147483647",
        "-2147483649",
        "9223372036854775807",
        "-9223372036854775808",
        "",
        "abc",
        &long,
        "007",
        "-0",
        "9223372036854775808",
    ];
    let dump = String::from(
        "c60000001800\
         00017f01c08002dfff02d00002cfff02f1001003f1ffef03f1ff7f03f1008003f200800004f2ffff7f04\
         f200008004f30000800005f3ffffff7f05f4ffffff7fffffffff09f4ffffffffffffff7f09\
         f400000000000000800980018361626304bf",
    ) + &"78".repeat(63)
        + "408330303704822d3003933932323333373230333638353437373538303814ff";
    let list = packed(&values);
    let hex: String = list
        .as_bytes()
        .iter()
        .map(|byte| std::format!("{byte:02x}"))
        .collect();
    assert_eq!(hex, dump);
    assert_eq!(Listpack::from_bytes(list.as_bytes()), Ok(list));
}

#[test]
fn back_lengths_grow_where_redis_grows_them() {
    // Text length, bytes of its head, bytes of its back length.
    let sizes = [
        (0, 1, 1),
        (63, 1, 1),
        (64, 2, 1),
        (125, 2, 1),
        (126, 2, 2),
        (4095, 2, 2),
    ];
    let more = [
        (4096, 5, 2),
        (16_377, 5, 2),
        (16_378, 5, 3),
        (2_097_145, 5, 3),
    ];
    for (len, head, back) in sizes.into_iter().chain(more).chain([(2_097_146, 5, 4)]) {
        let text = vec![b'y'; len];
        assert_eq!(encoded_size(&text), head + len + back, "{len}");
        let list = packed(&[b"a", text.as_slice(), b"b"]);
        assert_eq!(list.check(), Ok(()));
        let last = list.last().unwrap();
        let middle = list.prev(last).unwrap();
        assert_eq!(list.get(middle), Element::Bytes(&text));
        assert_eq!(list.prev(middle), list.first());
        assert_eq!(list.prev(list.first().unwrap()), None);
    }
}

#[test]
fn an_empty_one_has_its_seven_bytes() {
    let list = Listpack::new();
    assert_eq!(list.as_bytes(), [7, 0, 0, 0, 0, 0, 0xff]);
    assert_eq!((list.is_empty(), list.len()), (true, 0));
    assert_eq!(
        (list.first(), list.last(), list.seek(0), list.seek(-1)),
        (None, None, None, None)
    );
    assert_eq!(list.check(), Ok(()));
}

#[test]
fn find_can_look_at_fields_only() {
    let list = packed(&["a", "b", "b", "12", "12", "a"]);
    let first = list.first().unwrap();
    assert_eq!(list.find(b"b", first, 0), list.seek(1));
    assert_eq!(list.find(b"b", first, 1), list.seek(2));
    assert_eq!(list.find(b"12", first, 1), list.seek(4));
    assert_eq!(list.find(12, first, 0), list.seek(3));
    assert_eq!(list.find(b"a", list.next(first).unwrap(), 0), list.seek(5));
    assert_eq!(list.find(b"a", list.seek(2).unwrap(), 1), None);
    assert_eq!(list.find(b"012", first, 0), None);
    assert_eq!(list.find(b"", list.end(), 0), None);
}

#[test]
fn counts_beyond_the_header_are_counted() {
    let mut list: Listpack = (0..65_534).map(Element::Int).collect();
    assert_eq!((list.stored_count(), list.len()), (65_534, 65_534));
    list.push_back(b"x");
    assert_eq!((list.stored_count(), list.len()), (COUNT_UNKNOWN, 65_535));
    list.extend([b"y", b"z"]);
    assert_eq!(list.len(), 65_537);
    assert_eq!(list.get(list.seek(-3).unwrap()), Element::Bytes(b"x"));
    assert_eq!(list.get(list.seek(65_536).unwrap()), Element::Bytes(b"z"));
    assert_eq!((list.seek(65_537), list.seek(-65_538)), (None, None));
    list.remove_range(10, 65_000);
    assert_eq!((list.len(), list.check()), (537, Ok(())));
    assert_eq!(
        Listpack::from_bytes(list.as_bytes()).map(|list| list.len()),
        Ok(537)
    );
}

#[test]
fn raw_words_come_back() {
    let list = packed(&["one", "2"]);
    let copy = list.clone();
    let word = list.into_raw();
    #[allow(
        unsafe_code,
        reason = "the word comes from into_raw, and is taken back once"
    )]
    // SAFETY: see the reason.
    let list = unsafe {
        assert_eq!(Listpack::peek_raw(word), &*copy);
        Listpack::from_raw(word)
    };
    assert_eq!(list, copy);
    assert_eq!(&*list.into_boxed_bytes(), copy.as_bytes());
}

#[test]
fn foreign_forms_are_rewritten() {
    // "5" as a string, 5 as a 64-bit integer, "ab" with a 32-bit length.
    let entries: &[u8] = b"\x815\x02\xf4\x05\0\0\0\0\0\0\0\x09\xf0\x02\0\0\0ab\x07\xff";
    let bytes = [&[6 + entries.len() as u8, 0, 0, 0, 3, 0], entries].concat();
    assert!(ListpackSlice::trusted(&bytes).check().is_err());
    assert_eq!(Listpack::from_bytes(&bytes), Ok(packed(&["5", "5", "ab"])));
}

#[test]
fn each_kind_of_damage_is_named() {
    let good = packed(&["abc", "70000", "x"]).as_bytes().to_vec();
    let damaged = |at: usize, value: u8| {
        let mut bytes = good.clone();
        bytes[at] = value;
        Listpack::from_bytes(&bytes)
    };
    assert_eq!(
        Listpack::from_bytes(&good[..5]),
        Err(ListpackError::TooShort)
    );
    assert_eq!(
        Listpack::from_bytes(&good[..9]),
        Err(ListpackError::WrongTotal)
    );
    assert_eq!(damaged(4, 2), Err(ListpackError::WrongCount));
    assert_eq!(damaged(6, 0xf5), Err(ListpackError::BadEntry));
    assert_eq!(damaged(6, 0xbf), Err(ListpackError::BadEntry));
    assert_eq!(damaged(6, 0xff), Err(ListpackError::BadEnd));
    assert_eq!(damaged(10, 5), Err(ListpackError::BadBackLength));
    assert_eq!(damaged(good.len() - 1, 0), Err(ListpackError::BadEnd));
}

fn value() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => any::<i64>().prop_map(|n| std::format!("{n}").into_bytes()),
        4 => (-200i64..200).prop_map(|n| std::format!("{n}").into_bytes()),
        4 => prop::collection::vec(b'a'..b'd', 0..4),
        2 => prop::collection::vec(any::<u8>(), 0..200),
        1 => (4000usize..4200).prop_map(|len| vec![b'L'; len]),
    ]
}

#[derive(Clone, Debug)]
enum Step {
    PushBack(Vec<u8>),
    PushFront(Vec<u8>),
    InsertBefore(usize, Vec<u8>),
    InsertAfter(usize, Vec<u8>),
    InsertAll(usize, Vec<Vec<u8>>),
    Append(Vec<Vec<u8>>),
    Replace(usize, Vec<u8>),
    Remove(usize),
    RemoveRange(i64, usize),
    SplitOff(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let at = 0usize..60;
    let values = || prop::collection::vec(value(), 0..5);
    prop_oneof![
        4 => value().prop_map(Step::PushBack),
        4 => value().prop_map(Step::PushFront),
        2 => (at.clone(), value()).prop_map(|(at, value)| Step::InsertBefore(at, value)),
        2 => (at.clone(), value()).prop_map(|(at, value)| Step::InsertAfter(at, value)),
        2 => (at.clone(), values()).prop_map(|(at, values)| Step::InsertAll(at, values)),
        1 => values().prop_map(Step::Append),
        4 => (at.clone(), value()).prop_map(|(at, value)| Step::Replace(at, value)),
        4 => at.clone().prop_map(Step::Remove),
        1 => (-60i64..60, 0usize..6).prop_map(|(from, count)| Step::RemoveRange(from, count)),
        1 => at.prop_map(Step::SplitOff),
    ]
}

/// Does `step` to both; places are taken modulo the length.
fn run(step: Step, list: &mut Listpack, twin: &mut Vec<Vec<u8>>) {
    let len = twin.len();
    let pos = |list: &Listpack, at: usize| list.seek(at as i64).unwrap_or(list.end());
    match step {
        Step::PushBack(value) => {
            list.push_back(&value);
            twin.push(value);
        }
        Step::PushFront(value) => {
            list.push_front(&value);
            twin.insert(0, value);
        }
        Step::InsertBefore(at, value) => {
            let at = at % (len + 1);
            let placed = list.insert_before(pos(list, at), &value);
            assert!(list.get(placed).equals(&value));
            twin.insert(at, value);
        }
        Step::InsertAfter(at, value) if len > 0 => {
            let placed = list.insert_after(pos(list, at % len), &value);
            assert!(list.get(placed).equals(&value));
            twin.insert(at % len + 1, value);
        }
        Step::InsertAll(at, values) => {
            let at = at % (len + 1);
            list.insert_all(pos(list, at), &values);
            twin.splice(at..at, values);
        }
        Step::Append(values) => {
            list.append(&packed(&values));
            twin.extend(values);
        }
        Step::Replace(at, value) if len > 0 => {
            list.replace(pos(list, at % len), &value);
            twin[at % len] = value;
        }
        Step::Remove(at) if len > 0 => {
            let next = list.remove(pos(list, at % len));
            twin.remove(at % len);
            let expected = twin.get(at % len);
            assert_eq!(next.map(|next| list.get(next).to_vec()).as_ref(), expected);
        }
        Step::RemoveRange(from, count) => {
            list.remove_range(from, count);
            let start = if from < 0 { from + len as i64 } else { from };
            if (0..len as i64).contains(&start) {
                let start = start as usize;
                twin.drain(start..(start + count).min(len));
            }
        }
        Step::SplitOff(at) => {
            let at = at % (len + 1);
            let tail = list.split_off(pos(list, at));
            assert_eq!(texts(&tail), twin.split_off(at));
            assert_eq!(tail.check(), Ok(()));
        }
        _ => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn behaves_like_a_vec(steps in prop::collection::vec(step(), 1..60)) {
        let (mut list, mut twin) = (Listpack::new(), Vec::new());
        for step in steps {
            run(step, &mut list, &mut twin);
            prop_assert_eq!(list.check(), Ok(()));
            prop_assert_eq!(texts(&list), twin.as_slice());
            prop_assert_eq!(list.len(), twin.len());
        }
        let backwards: Vec<_> = list.iter().rev().map(Element::to_vec).collect();
        twin.reverse();
        prop_assert_eq!(backwards, twin.as_slice());
        twin.reverse();
        for (at, value) in twin.iter().enumerate() {
            let pos = list.seek(at as i64).unwrap();
            prop_assert_eq!(list.seek(at as i64 - twin.len() as i64), Some(pos));
            prop_assert!(list.get(pos).equals(value));
            let expected = twin.iter().position(|other| other == value);
            let found = list.find(value, list.first().unwrap(), 0);
            prop_assert_eq!(found, list.seek(expected.unwrap() as i64));
        }
        prop_assert_eq!(packed(&twin), list);
    }

    #[test]
    fn hostile_bytes_are_refused_or_read(
        values in prop::collection::vec(value(), 0..8),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        cut in prop::option::of(any::<prop::sample::Index>()),
        fix_total in any::<bool>(),
    ) {
        let mut bytes = packed(&values).as_bytes().to_vec();
        for (at, value) in damage {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        if fix_total && bytes.len() >= 4 {
            let total = (bytes.len() as u32).to_le_bytes();
            bytes[..4].copy_from_slice(&total);
        }
        if let Ok(list) = Listpack::from_bytes(&bytes) {
            prop_assert_eq!(list.check(), Ok(()));
            prop_assert_eq!(list.iter().count(), list.iter().rev().count());
        }
    }
}
