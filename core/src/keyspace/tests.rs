use super::*;
use crate::value::Set;

fn keyspace() -> Keyspace {
    let mut keys = Keyspace::new(4, 1);
    keys.now_ms = 1000;
    keys.effects.set_enabled(true);
    keys
}

fn set(keys: &mut Keyspace, name: &str, value: &str, expiry: Expiry) {
    let key = keys.key(name.as_bytes());
    keys.set_string(&key, value.as_bytes(), expiry);
}

#[test]
fn a_key_is_gone_when_its_time_comes_and_the_log_says_so() {
    let mut keys = keyspace();
    set(&mut keys, "a", "1", Expiry::At(2000));
    let a = keys.key(b"a");
    assert!(keys.read(&a).is_some());
    keys.now_ms = 2000;
    assert!(keys.read(&a).is_none());
    assert_eq!(
        (
            keys.counters.hits,
            keys.counters.misses,
            keys.counters.expired
        ),
        (1, 1, 1)
    );
    assert_eq!(
        keys.effects.pending(),
        b"*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n*2\r\n$3\r\nDEL\r\n$1\r\na\r\n"
    );
}

#[test]
fn expiry_goes_in_order_of_time_and_within_budget() {
    let mut keys = keyspace();
    for i in 0..100u64 {
        set(
            &mut keys,
            &std::format!("k{i}"),
            "v",
            Expiry::At(1500 + i % 10),
        );
    }
    assert_eq!(keys.next_expiry(), Some(1500));
    keys.now_ms = 1504;
    assert_eq!(keys.expire_some(30), 30);
    assert_eq!(keys.expire_some(30), 20);
    assert_eq!((keys.len(), keys.next_expiry()), (50, Some(1505)));
}

#[test]
fn replacing_a_value_keeps_or_clears_the_expiry() {
    let mut keys = keyspace();
    set(&mut keys, "a", "1", Expiry::At(5000));
    let a = keys.key(b"a");
    set(&mut keys, "a", "a longer value than before", Expiry::Keep);
    assert_eq!(keys.expiry(&a), Some(5000));
    set(&mut keys, "a", "2", Expiry::Clear);
    assert_eq!((keys.expiry(&a), keys.database_len(0)), (None, (1, 0)));
}

#[test]
fn the_big_values_of_a_flushed_database_are_freed_in_slices() {
    const MEMBERS: usize = 20_000;
    let mut keys = keyspace();
    let limits = keys.limits;
    for (name, members) in [("a", MEMBERS), ("b", 1), ("c", MEMBERS)] {
        let key = keys.key(name.as_bytes());
        let mut set = keys
            .value_mut_or_insert(&key, |limits| {
                Set::for_members(b"member 0", members, limits)
            })
            .unwrap();
        for number in 0..members {
            assert!(set.add(std::format!("member {number}").as_bytes(), &limits));
        }
    }
    set(&mut keys, "d", "1", Expiry::Clear);
    assert_eq!(keys.flush(0), 4);
    let mut slices = 1;
    while !keys.free_some(64) {
        slices += 1;
    }
    // A slice is as much as a segment of a table, about a thousand members.
    assert!(slices > 2 * MEMBERS / 1500, "{slices}");
    // The database and the two sets.
    assert_eq!(keys.lazy_free_counts(), (0, 3));
}

#[test]
fn flush_and_swap_work_on_whole_databases() {
    let mut keys = keyspace();
    set(&mut keys, "a", "1", Expiry::At(5000));
    keys.swap(0, 1);
    assert_eq!(
        (keys.database_len(0), keys.database_len(1)),
        ((0, 0), (1, 1))
    );
    assert_eq!(keys.flush(1), 1);
    while !keys.free_some(10) {}
    assert_eq!(keys.lazy_free_counts(), (0, 1));
}

#[test]
fn a_key_is_new_once() {
    let mut keys = keyspace();
    set(&mut keys, "a", "1", Expiry::Clear);
    set(&mut keys, "a", "2", Expiry::At(5000));
    let a = keys.key(b"a");
    keys.insert(&a, Entry::with_int(b"a", 3, None));
    keys.remove(&a);
    keys.insert(&a, Entry::with_int(b"a", 4, None));
    assert_eq!(
        keys.events.take_names(),
        [(0, "new", b"a".to_vec()), (0, "new", b"a".to_vec())]
    );
}

#[test]
fn one_database_can_be_rid_of_what_is_due() {
    let mut keys = keyspace();
    for i in 0..10 {
        set(&mut keys, &std::format!("k{i}"), "v", Expiry::At(1500 + i));
    }
    keys.swap(0, 1);
    set(&mut keys, "here", "v", Expiry::At(1500));
    keys.now_ms = 1504;
    keys.active_expire = false;
    assert_eq!(keys.expire_here(100), 1);
    keys.select(1);
    assert_eq!((keys.expire_here(2), keys.expire_here(100)), (2, 3));
    keys.now_ms = 9999;
    keys.loading = true;
    assert_eq!(keys.expire_here(100), 0);
}
