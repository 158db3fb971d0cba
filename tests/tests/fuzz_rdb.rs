//! Files of real servers, changed at random: what is read of them is sound. A bounded run of what a fuzzer would do.

use rotom_core::bytes::prng::Prng;
use rotom_tests::fuzz::{dump_payload, rdb_file};

const FILES: [&[u8]; 3] = [
    include_bytes!("../fixtures/redis-7.0.rdb"),
    include_bytes!("../fixtures/redis-8.0.rdb"),
    include_bytes!("../fixtures/valkey-9.1.rdb"),
];

#[test]
fn changed_files_are_read_as_far_as_they_are_sound() {
    let mut prng = Prng::new(1);
    for round in 0..1500 {
        let file = FILES[round % FILES.len()];
        let mut changed = file.to_vec();
        for _ in 0..=prng.below(4) {
            let at = prng.below(changed.len() as u64) as usize;
            changed[at] = prng.next_u64() as u8;
        }
        if round % 5 == 0 {
            let (from, len) = (prng.below(changed.len() as u64), prng.below(40));
            let until = (from + len).min(changed.len() as u64);
            changed.drain(from as usize..until as usize);
        }
        rdb_file(&changed, [usize::MAX, 1000, 77][round / 3 % 3]);
    }
    assert!(rdb_file(FILES[0], usize::MAX) > 20);
}

#[test]
fn any_payload_is_sound_or_refused() {
    let mut prng = Prng::new(2);
    let mut taken = 0;
    for round in 0..20_000 {
        let file = FILES[round % FILES.len()];
        let from = prng.below(file.len() as u64 - 60) as usize;
        let mut body = file[from..from + prng.below(60) as usize].to_vec();
        body.insert(0, prng.below(26) as u8);
        taken += usize::from(dump_payload(&body, [10, 12, 80][round % 3]));
    }
    assert!(taken > 0);
}
