use super::*;
use crate::keyspace::Expiry;
use crate::settings::Settings;
use crate::value::Set;
use std::collections::HashSet;
use std::format;
use std::vec::Vec;

const MINUTE_MS: u64 = 60_000;

/// A keyspace under a policy.
struct World {
    keys: Keyspace,
    settings: Settings,
}

impl World {
    fn new(policy: MaxmemoryPolicy) -> World {
        let mut settings = Settings::default();
        settings.maxmemory_policy = policy;
        let keys = Keyspace::new(4, 1);
        let mut world = World { keys, settings };
        world.at(1_000_000);
        world
    }

    fn at(&mut self, now_ms: u64) {
        self.keys.now_ms = now_ms;
        self.keys.access = AccessClock::new(now_ms, &self.settings);
    }

    fn set(&mut self, name: &str, expiry: Expiry) {
        let key = self.keys.key(name.as_bytes());
        self.keys.set_string(&key, b"value", expiry);
    }

    fn get(&mut self, name: &str) -> bool {
        let key = self.keys.key(name.as_bytes());
        self.keys.read(&key).is_some()
    }

    fn evict(&mut self) -> bool {
        let policy = self.settings.maxmemory_policy;
        self.keys.evict(policy, 5)
    }

    /// Evicts so many keys, and tells which.
    fn evicted(&mut self, count: usize) -> Vec<(usize, std::string::String)> {
        self.keys.events.clear();
        for _ in 0..count {
            assert!(self.evict());
        }
        let events = self.keys.events.take_names().into_iter();
        events
            .map(|(db, event, key)| {
                assert_eq!(event, "evicted");
                (db, std::string::String::from_utf8(key).unwrap())
            })
            .collect()
    }

    fn check(&self) {
        for database in &self.keys.databases {
            database.table.check().unwrap();
            let volatile = database.table.iter().filter(|e| e.expiry().is_some());
            assert_eq!(volatile.count(), database.expiries.len());
        }
    }
}

const EVICTING: [MaxmemoryPolicy; 7] = [
    MaxmemoryPolicy::AllkeysLru,
    MaxmemoryPolicy::AllkeysLfu,
    MaxmemoryPolicy::AllkeysRandom,
    MaxmemoryPolicy::VolatileLru,
    MaxmemoryPolicy::VolatileLfu,
    MaxmemoryPolicy::VolatileRandom,
    MaxmemoryPolicy::VolatileTtl,
];

fn is_volatile(policy: MaxmemoryPolicy) -> bool {
    policy.word().starts_with("volatile")
}

#[test]
fn every_policy_empties_what_it_may_and_no_more() {
    for policy in EVICTING {
        // Few volatile keys are found through the index, many in the table itself.
        for step in [2, 20] {
            let mut world = World::new(policy);
            for i in 0..1000 {
                world.keys.select(i % 3);
                let volatile = i % step != 1;
                let expiry = if volatile == (step == 2) {
                    Expiry::At(2_000_000 + i as u64)
                } else {
                    Expiry::Clear
                };
                world.set(&format!("key:{i}"), expiry);
            }
            world.keys.select(3);
            let (mut all, mut volatile) = (0, 0);
            for db in 0..3 {
                let (keys, expiring) = world.keys.database_len(db);
                (all, volatile) = (all + keys, volatile + expiring);
            }
            let may = if is_volatile(policy) { volatile } else { all };
            let gone: HashSet<_> = world.evicted(may).into_iter().collect();
            assert_eq!(gone.len(), may, "{policy:?}");
            assert!(!world.evict(), "{policy:?}");
            assert_eq!(world.keys.counters.evicted, may as u64);
            assert_eq!(world.keys.current(), 3);
            let left: usize = (0..3).map(|db| world.keys.database_len(db).0).sum();
            assert_eq!(left, all - may);
            world.check();
        }
    }
}

#[test]
fn noeviction_and_loading_keep_everything() {
    let mut world = World::new(MaxmemoryPolicy::Noeviction);
    world.set("a", Expiry::At(9_000_000));
    assert!(!world.evict());
    for policy in EVICTING {
        world.keys.loading = true;
        assert!(!world.keys.evict(policy, 5));
        world.keys.loading = false;
        assert!(world.keys.evict(policy, 5));
        world.set("a", Expiry::At(9_000_000));
    }
}

#[test]
fn ttl_evicts_mostly_the_keys_that_expire_first() {
    let hits = hits_in_worst_tenth(MaxmemoryPolicy::VolatileTtl, |world| {
        for i in 0..1000 {
            let order = i * 7 % 1000;
            world.set(&format!("{order:03}"), Expiry::At(2_000_000 + order as u64));
        }
    });
    // At random it would be ten.
    assert!((30..100).contains(&hits), "{hits}");
}

/// Of a thousand keys a tenth is evicted; how many of these are among the tenth used longest ago (or least)?
fn hits_in_worst_tenth(policy: MaxmemoryPolicy, prepare: impl Fn(&mut World)) -> usize {
    let mut world = World::new(policy);
    prepare(&mut world);
    let gone = world.evicted(100);
    let worst = gone.iter().filter(|(_, key)| key.as_str() < "100");
    worst.count()
}

#[test]
fn lru_evicts_mostly_the_keys_used_longest_ago() {
    for policy in [MaxmemoryPolicy::AllkeysLru, MaxmemoryPolicy::VolatileLru] {
        for persistent in [0, 5000] {
            if persistent > 0 && policy == MaxmemoryPolicy::AllkeysLru {
                continue;
            }
            let hits = hits_in_worst_tenth(policy, |world| {
                for i in 0..1000 {
                    world.set(&format!("{i:03}"), Expiry::At(90_000_000));
                }
                for i in 0..persistent {
                    world.set(&format!("persistent:{i}"), Expiry::Clear);
                }
                // The order of use is not that of the names' making.
                for i in 0..1000u64 {
                    world.at(1_100_000 + i * 1000);
                    assert!(world.get(&format!("{i:03}")));
                }
            });
            assert!(hits >= 40, "{policy:?}: {hits}");
        }
    }
}

#[test]
fn lfu_evicts_mostly_the_keys_used_least() {
    for policy in [MaxmemoryPolicy::AllkeysLfu, MaxmemoryPolicy::VolatileLfu] {
        let hits = hits_in_worst_tenth(policy, |world| {
            for i in 0..1000 {
                world.set(&format!("{i:03}"), Expiry::At(90_000_000));
            }
            for i in 100..1000 {
                for _ in 0..20 {
                    assert!(world.get(&format!("{i:03}")));
                }
            }
        });
        assert!(hits >= 40, "{policy:?}: {hits}");
    }
}

#[test]
fn a_use_in_time_saves_a_candidate() {
    for policy in [MaxmemoryPolicy::AllkeysLru, MaxmemoryPolicy::AllkeysLfu] {
        let mut world = World::new(policy);
        for i in 0..8 {
            world.set(&format!("old:{i}"), Expiry::Clear);
        }
        world.at(1_000_000 + 3 * MINUTE_MS);
        for i in 0..100 {
            world.set(&format!("new:{i}"), Expiry::Clear);
        }
        // Fills the pool with old keys.
        let mut gone = 0;
        while gone < 4 {
            let victims = world.evicted(1);
            gone += victims
                .iter()
                .filter(|(_, key)| key.starts_with("old"))
                .count();
        }
        // Later, so that what is used now has been used last.
        world.at(1_000_000 + 4 * MINUTE_MS);
        let saved: Vec<_> = (0..8)
            .map(|i| format!("old:{i}"))
            .filter(|key| {
                let there = world.get(key);
                for _ in 0..20 {
                    world.get(key);
                }
                there
            })
            .collect();
        world.evicted(20);
        let left = saved.iter().filter(|key| world.get(key)).count();
        assert!(left >= saved.len() - 1, "{policy:?}: {left} of {saved:?}");
    }
}

#[test]
fn random_evicts_every_key_as_likely() {
    let mut counts = [0u32; 50];
    let mut world = World::new(MaxmemoryPolicy::AllkeysRandom);
    for round in 0..4000 {
        for i in 0..50 {
            world.keys.select(usize::from(i >= 40));
            if !world.get(&format!("{i}")) {
                world.set(&format!("{i}"), Expiry::Clear);
            }
        }
        let (_, key) = world.evicted(1).remove(0);
        counts[key.parse::<usize>().unwrap()] += 1;
        assert!(round < 100 || counts.iter().any(|&n| n > 0));
    }
    assert!(counts.iter().all(|n| (40..130).contains(n)), "{counts:?}");
}

#[test]
fn evictions_are_logged_as_del_and_what_they_add_to_the_log_is_not_counted() {
    let mut world = World::new(MaxmemoryPolicy::AllkeysLru);
    world.keys.effects.set_enabled(true);
    world.keys.select(2);
    world.set("a", Expiry::Clear);
    world.keys.select(0);
    world.evicted(1);
    let expected = b"*2\r\n$6\r\nSELECT\r\n$1\r\n2\r\n*2\r\n$3\r\nDEL\r\n$1\r\na\r\n";
    let effects = &mut world.keys.effects;
    assert_eq!(effects.pending(), expected);
    assert!(effects.uncounted_bytes() >= expected.len());
    effects.consume(expected.len());
    effects.log(0, [&b"PING"[..]].into_iter());
    let (len, capacity) = (effects.pending().len(), effects.uncounted_bytes());
    assert!(len + capacity < 1024, "{len} {capacity}");
}

#[test]
fn a_big_value_is_freed_later() {
    let mut world = World::new(MaxmemoryPolicy::AllkeysRandom);
    let limits = world.keys.limits;
    let key = world.keys.key(b"big");
    let mut set = Set::for_members(b"a", 1, &limits);
    for i in 0..5000 {
        set.add(format!("member:{i}").as_bytes(), &limits);
    }
    world
        .keys
        .insert_new(&key, Entry::with_value(b"big", set, None));
    world.evicted(1);
    assert_eq!((world.keys.len(), world.keys.lazy_free_counts().0), (0, 1));
    while !world.keys.free_some(100) {}
    assert_eq!(world.keys.lazy_free_counts(), (0, 1));
}

#[test]
fn a_replaced_key_keeps_how_often_it_was_used() {
    let mut world = World::new(MaxmemoryPolicy::AllkeysLfu);
    world.set("a", Expiry::Clear);
    for _ in 0..200 {
        world.get("a");
    }
    let key = world.keys.key(b"a");
    let frequency = |world: &mut World| {
        let clock = world.keys.peek_quietly(&key).unwrap().clock();
        world.keys.access.frequency(clock)
    };
    let before = frequency(&mut world);
    assert!(before > 8, "{before}");
    world.keys.insert(&key, Entry::with_int(b"a", 1, None));
    assert_eq!(frequency(&mut world), before);
}
