//! HyperLogLogs beside a naive twin: one byte a register.

use super::*;
use proptest::prelude::*;
use std::format;
use std::vec::Vec;

/// The registers, and the histogram's number, as the twin has them.
fn union_of(bytes: &[u8]) -> Union {
    let mut union = [0; REGISTERS];
    merge(&mut union, bytes).unwrap();
    union
}

#[test]
fn the_drawing_is_right() {
    let mut bytes = empty();
    assert_eq!(bytes, b"HYLL\x01\0\0\0\0\0\0\0\0\0\0\0\x7f\xff");
    assert_eq!((count(&bytes), cached(&bytes)), (Ok(0), Some(0)));
    invalidate(&mut bytes);
    assert_eq!(cached(&bytes), None);
    cache(&mut bytes, 0x0102);
    assert_eq!((bytes[8], bytes[9], cached(&bytes)), (2, 1, Some(0x0102)));
    assert_eq!(make_dense(&mut bytes), Ok(true));
    assert_eq!(
        (bytes.len(), encoding(&bytes)),
        (12_304, Some(Encoding::Dense))
    );
    assert_eq!(make_dense(&mut bytes), Ok(false));
}

#[test]
fn counts_are_near_the_truth() {
    let mut bytes = empty();
    for number in 1..=100_000_u32 {
        add(&mut bytes, format!("element {number}").as_bytes(), 3000).unwrap();
        if [1, 10, 100, 1000, 10_000, 100_000].contains(&number) {
            let error = count(&bytes).unwrap().abs_diff(u64::from(number));
            assert!(error <= u64::from(number) / 40, "{error} of {number}");
        }
    }
    assert_eq!(encoding(&bytes), Some(Encoding::Dense));
}

#[test]
fn what_is_no_hyperloglog_is_told_from_one() {
    let mut short_dense = empty();
    short_dense[ENCODING_AT] = 0;
    let mut other = empty();
    other[ENCODING_AT] = 2;
    for bytes in [&b""[..], b"HYLL", b"hyll............", &short_dense, &other] {
        assert_eq!(encoding(bytes), None);
        assert_eq!(add(&mut bytes.to_vec(), b"x", 3000), Err(Corrupt));
    }
}

proptest! {
    #[test]
    fn runs_hold_what_registers_hold(
        sets in prop::collection::vec((0..300_usize, 1..35_u8), 0..200),
        max_bytes in prop_oneof![Just(0_usize), Just(60), Just(3000)],
    ) {
        let mut bytes = empty();
        let mut twin = [0; REGISTERS];
        for (index, value) in sets {
            let grows = twin[index] < value;
            twin[index] = value.max(twin[index]);
            let set = set(&mut bytes, index, value, max_bytes, &mut Hint::default());
            prop_assert_eq!(set, Ok(grows));
            prop_assert_eq!(check(&bytes), Ok(()));
        }
        prop_assert_eq!(union_of(&bytes), twin);
        prop_assert_eq!(count(&bytes), Ok(count_union(&twin)));
        let sparse_count = count(&bytes);
        make_dense(&mut bytes).unwrap();
        prop_assert_eq!((union_of(&bytes), count(&bytes)), (twin, sparse_count));
        let mut filled = bytes.clone();
        fill_dense(&mut filled, &twin);
        prop_assert_eq!(filled, bytes);
    }

    #[test]
    fn a_hint_changes_no_byte(
        start in prop::collection::vec((0..120_usize, 1..4_u8), 0..100),
        more in prop::collection::btree_map(0..120_usize, 1..4_u8, 0..100),
    ) {
        let mut hinted = empty();
        for (index, value) in start {
            set(&mut hinted, index, value, 3000, &mut Hint::default()).unwrap();
        }
        let mut plain = hinted.clone();
        let mut hint = Hint::default();
        for (index, value) in more {
            set(&mut hinted, index, value, 3000, &mut hint).unwrap();
            set(&mut plain, index, value, 3000, &mut Hint::default()).unwrap();
        }
        prop_assert_eq!(hinted, plain);
    }

    #[test]
    fn no_bytes_panic(tail: Vec<u8>, element: Vec<u8>, max_bytes in 0..100_usize) {
        let mut bytes = empty();
        bytes.truncate(HEADER_BYTES);
        bytes.extend(tail);
        let before = bytes.clone();
        if add(&mut bytes, &element, max_bytes).is_err() {
            prop_assert_eq!(&bytes, &before);
        }
        let _ = count(&bytes);
        let _ = merge(&mut [0; REGISTERS], &bytes);
        let _ = make_dense(&mut bytes);
    }
}
