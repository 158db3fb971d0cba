//! Hashes with volatile fields.

use super::*;

/// What is left of a twin at a time.
type Twin = BTreeMap<String, (String, Option<u64>)>;

fn live(twin: &Twin, now_ms: u64) -> BTreeMap<String, String> {
    let left = twin
        .iter()
        .filter(|(_, (_, when))| when.is_none_or(|when| when > now_ms));
    left.map(|(field, (value, _))| (field.clone(), value.clone()))
        .collect()
}

/// A small and a big hash of which `due` fields are due and `live` are not.
fn with_due(due: usize, live: usize) -> [Hash; 2] {
    let small = EncodingLimits {
        hash_max_listpack_entries: usize::MAX,
        ..limits()
    };
    let big = EncodingLimits {
        hash_max_listpack_entries: 0,
        ..limits()
    };
    [
        (small, Encoding::HashListpackEx),
        (big, Encoding::HashTableEx),
    ]
    .map(|(limits, encoding)| {
        let mut hash = Hash::new();
        hash.become_volatile();
        for i in 0..due + live {
            hash.set(format!("f{i}").as_bytes(), b"v", &limits);
        }
        for i in 0..due {
            hash.set_expiry(format!("f{i}").as_bytes(), Some(1000 + i as u64 % 7));
        }
        hash.tell_time(2000);
        hash.check().unwrap();
        assert_eq!(
            (hash.len(), hash.count_due(), hash.total()),
            (live, due, due + live)
        );
        assert_eq!(hash.encoding(), encoding);
        hash
    })
}

#[test]
fn a_field_that_is_due_is_gone_for_every_reader() {
    for mut hash in with_due(3, 2) {
        let left = ["f3", "f4"];
        assert_eq!(pairs(&hash).into_keys().collect::<Vec<_>>(), left);
        assert!(hash.get(b"f0").is_none() && !hash.contains(b"f0") && !hash.remove(b"f0"));
        assert_eq!(hash.expiry(b"f0"), FieldExpiry::Absent);
        assert_eq!(hash.expiry(b"f3"), FieldExpiry::Never);
        assert_eq!(scan_all(&hash).len(), 2);
        assert_eq!(hash.iter_timed().count(), 5);
        // One that is set again is new, and its time is over.
        assert!(hash.set_keeping(b"f1", b"x", &limits()));
        assert_eq!((hash.expiry(b"f1"), hash.total()), (FieldExpiry::Never, 5));
        assert_eq!(
            (hash.take_if_due(b"f1"), hash.take_if_due(b"f2")),
            (None, Some(1002))
        );
        assert_eq!(
            (
                hash.take_due(10, |field, when| assert_eq!(
                    (field, when),
                    (&b"f0"[..], 1000)
                )),
                hash.len()
            ),
            (1, 3)
        );
        hash.check().unwrap();
    }
}

#[test]
fn fields_leave_in_order_of_time() {
    for mut hash in with_due(100, 3) {
        let mut times = vec![];
        assert_eq!(hash.take_due(30, |_, when| times.push(when)), 30);
        assert_eq!((hash.total(), hash.len()), (73, 3));
        assert_eq!(hash.take_due(usize::MAX, |_, when| times.push(when)), 70);
        assert!(times.is_sorted() && times.len() == 100);
        assert_eq!(
            (hash.total(), hash.len(), hash.soonest_ms()),
            (3, 3, u64::MAX)
        );
        hash.check().unwrap();
    }
}

#[test]
fn a_big_hash_without_times_is_a_plain_table_again() {
    let [mut small, mut big] = with_due(0, 20);
    small.settle();
    big.settle();
    assert_eq!(small.encoding(), Encoding::HashListpackEx);
    assert_eq!((big.encoding(), big.len()), (Encoding::HashTable, 20));
    big.become_volatile();
    big.set_expiry(b"f7", Some(3000));
    big.settle();
    assert_eq!(
        (big.encoding(), big.soonest_ms()),
        (Encoding::HashTableEx, 3000)
    );
    let copy = big.duplicate();
    copy.check().unwrap();
    assert_eq!((copy.soonest_ms(), copy.indexed_ms()), (3000, u64::MAX));
}

#[test]
fn random_fields_are_fair_and_never_due() {
    let mut prng = Prng::new(4);
    for due in [0, 5, 500] {
        for hash in with_due(due, 4) {
            let mut counts: [BTreeMap<String, u32>; 3] = Default::default();
            let draw = hash.draw();
            for _ in 0..4000 {
                let fields = [
                    hash.random(&mut prng).unwrap(),
                    draw.next(&mut prng).unwrap(),
                ];
                for (way, (field, _)) in fields.into_iter().enumerate() {
                    *counts[way].entry(text(field)).or_default() += 1;
                }
                hash.choose(1, &mut prng, |field, _| {
                    *counts[2].entry(text(field)).or_default() += 1;
                });
            }
            for counts in counts {
                assert_eq!(counts.len(), 4);
                assert!(
                    counts.values().all(|&n| (850..1150).contains(&n)),
                    "{counts:?}"
                );
            }
            let mut chosen = 0;
            hash.choose(usize::MAX, &mut prng, |_, _| chosen += 1);
            assert_eq!(chosen, 4);
        }
    }
    for hash in with_due(9, 0) {
        assert!(hash.is_empty() && hash.random(&mut prng).is_none());
        assert!(hash.draw().next(&mut prng).is_none());
    }
}

#[test]
#[allow(unsafe_code, reason = "takes the parts back")]
fn a_volatile_hash_is_kept_and_freed_in_slices() {
    for hash in with_due(300, 300) {
        let bytes = hash.memory_bytes(0);
        assert!(bytes > 600 * 8, "{bytes}");
        let kept = hash.into_kept();
        // SAFETY: it was just given up.
        let mut hash = unsafe { Hash::from_kept(kept) };
        assert_eq!(hash.len(), 300);
        let steps = (0..1000).take_while(|_| !hash.free_slice(16)).count();
        assert_eq!(steps > 30, hash.encoding() == Encoding::HashTableEx);
    }
}

#[test]
fn a_volatile_field_takes_its_time_and_an_item_more() {
    let limits = EncodingLimits::new(Hasher::new(1));
    let mut hash = Hash::new();
    hash.become_volatile();
    for i in 0..100_000u64 {
        let field = format!("field:{i:010}");
        hash.set(field.as_bytes(), &[7; 16], &limits);
        hash.set_expiry(field.as_bytes(), Some(i * 7919 % 100_000 + 1));
    }
    let a_field = hash.memory_bytes(0) as f64 / hash.len() as f64;
    assert!(a_field < 42.0 + 13.0 + 21.0, "{a_field} bytes a field");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    #[test]
    fn behaves_as_a_map_with_times(
        steps in proptest::collection::vec((0u8..12, 0u16..12, "[a-c0-9]{0,5}", 1u64..40), 1..150),
    ) {
        let limits = limits();
        let mut hash = Hash::new();
        let mut twin = Twin::new();
        let mut now_ms = 0;
        for (step, number, value, when) in steps {
            let field = if number % 3 == 0 { format!("f{number}") } else { number.to_string() };
            let bytes = field.as_bytes();
            hash.tell_time(now_ms);
            let is_there = live(&twin, now_ms).contains_key(&field);
            match step {
                0..=2 => {
                    prop_assert_eq!(hash.set(bytes, value.as_bytes(), &limits), !is_there);
                    twin.insert(field, (value, None));
                }
                3 => {
                    prop_assert_eq!(hash.set_keeping(bytes, value.as_bytes(), &limits), !is_there);
                    let old = twin.get(&field).and_then(|old| old.1).filter(|_| is_there);
                    twin.insert(field, (value, old));
                }
                4..=6 => {
                    hash.become_volatile();
                    if is_there {
                        let expiry = (step > 4).then_some(now_ms + when);
                        hash.set_expiry(bytes, expiry);
                        twin.get_mut(&field).unwrap().1 = expiry;
                    }
                }
                7 => {
                    prop_assert_eq!(hash.remove(bytes), is_there);
                    if is_there {
                        twin.remove(&field);
                    }
                }
                8 => now_ms += when / 4,
                9 => {
                    let due = twin.len() - live(&twin, now_ms).len();
                    let mut taken = vec![];
                    let count = hash.take_due(3, |field, when| taken.push((field.to_vec(), when)));
                    prop_assert_eq!((count, taken.len()), (due.min(3), due.min(3)));
                    for (field, when) in taken {
                        let gone = twin.remove(&String::from_utf8(field).unwrap());
                        prop_assert_eq!(gone.unwrap().1, Some(when));
                    }
                }
                10 => hash.settle(),
                _ => {
                    let expected = match twin.get(&field) {
                        Some((_, when)) if is_there => when.map_or(FieldExpiry::Never, FieldExpiry::At),
                        _ => FieldExpiry::Absent,
                    };
                    prop_assert_eq!(hash.expiry(bytes), expected);
                }
            }
            hash.tell_time(now_ms);
            prop_assert_eq!(hash.check(), Ok(()));
            let left = live(&twin, now_ms);
            prop_assert_eq!((hash.len(), hash.total()), (left.len(), twin.len()));
            prop_assert_eq!(hash.count_due(), twin.len() - left.len());
            let soonest = twin.values().filter_map(|value| value.1).min();
            prop_assert_eq!(hash.soonest_ms(), soonest.unwrap_or(u64::MAX));
            prop_assert_eq!(&pairs(&hash), &left);
        }
        let copy = hash.duplicate();
        copy.tell_time(now_ms);
        prop_assert_eq!(copy.check(), Ok(()));
        prop_assert_eq!(scan_all(&copy), live(&twin, now_ms).into_iter().collect::<Vec<_>>());
    }
}
