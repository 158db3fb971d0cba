use super::*;
use proptest::prelude::*;
use std::string::ToString;
use std::vec::Vec;

fn texts(pack: &Pack) -> Vec<Vec<u8>> {
    pack.view().iter().map(Element::to_vec).collect()
}

/// A block as an entry's: a prefix that must survive, then the pack.
#[allow(unsafe_code, reason = "makes a loan and takes it back")]
fn on_loan(prefix: &[u8], work: impl FnOnce(&mut Pack)) -> (Vec<u8>, Pack) {
    let block = std::boxed::Box::leak(Vec::from(prefix).into_boxed_slice());
    let start = NonNull::from(block).cast();
    // SAFETY: the block has the prefix and no byte behind it; it is used again only through `lent`.
    let mut pack = unsafe { Pack::borrow(start, prefix.len(), 0) };
    work(&mut pack);
    let own = pack.clone();
    let (block, len) = pack.lent().unwrap();
    drop(pack);
    let bytes = core::ptr::slice_from_raw_parts_mut(block.as_ptr(), prefix.len() + len);
    // SAFETY: the loan is over, and the block is where and as long as it said.
    let block = unsafe { std::boxed::Box::from_raw(bytes) };
    assert_eq!(block[prefix.len()..], *own.as_bytes());
    (block[..prefix.len()].to_vec(), own)
}

#[test]
fn bytes_are_as_drawn() {
    let mut pack = Pack::new();
    assert_eq!(pack.as_bytes(), b"");
    pack.extend([b"ab" as &[u8], b"7", b"300"]);
    assert_eq!(pack.as_bytes(), b"\x03\x82ab\x07\xc1\x2c");
    pack.remove_run(pack.view().seek(0).unwrap(), 3);
    assert_eq!(pack.as_bytes(), b"\0");
    assert!(pack.view().is_empty() && pack.view().first().is_none());
}

#[test]
fn many_elements_are_counted() {
    let mut pack = Pack::new();
    for i in 0..300 {
        pack.extend([Element::Int(i)]);
        assert_eq!(pack.view().len(), i as usize + 1);
    }
    pack.view().check().unwrap();
    pack.remove_run(pack.view().seek(10).unwrap(), 280);
    assert_eq!(pack.view().len(), 20);
    pack.view().check().unwrap();
}

#[test]
fn a_loan_carries_its_prefix_along() {
    let (prefix, pack) = on_loan(b"key", |pack| {
        for i in 0..100 {
            pack.extend([Element::Bytes(&[b'x'; 30]), Element::Int(i)]);
        }
        pack.remove_run(pack.view().seek(2).unwrap(), 190);
        pack.view().check().unwrap();
    });
    assert_eq!((prefix, pack.view().len()), (b"key".to_vec(), 10));
    let (prefix, pack) = on_loan(b"k", |_| ());
    assert_eq!((prefix, pack.view().len()), (b"k".to_vec(), 0));
}

#[test]
fn a_husk_is_what_was_on_loan() {
    let mut own = Pack::new();
    own.extend([Element::Int(1)]);
    assert!(own.into_husk().is_none());
    on_loan(b"p", |pack| {
        let (block, len) = pack.lent().unwrap();
        assert_eq!(len, 0);
        #[allow(unsafe_code, reason = "a second handle, which frees nothing")]
        // SAFETY: neither handle changes anything.
        let twin = unsafe { Pack::borrow(block, 1, 0) };
        assert_eq!(twin.into_husk().unwrap().lent(), Some((block, 0)));
    });
}

proptest! {
    #[test]
    fn behaves_as_a_vector(
        steps in prop::collection::vec((0u8..5, 0usize..20, 0usize..3, prop_oneof![
            (-300i64..70_000).prop_map(|n| n.to_string().into_bytes()),
            prop::collection::vec(any::<u8>(), 0..70),
        ]), 0..60),
    ) {
        let mut twin: Vec<Vec<u8>> = Vec::new();
        let (prefix, pack) = on_loan(b"prefix", |pack| {
            for (step, index, count, value) in &steps {
                let (index, count) = (*index % (twin.len() + 1), *count);
                let pos = pack.view().seek(index).unwrap_or(pack.view().end());
                match step {
                    0 | 1 => {
                        pack.insert_all(pos, [value, value]);
                        twin.splice(index..index, [value.clone(), value.clone()]);
                    }
                    2 if index < twin.len() => {
                        pack.replace(pos, value);
                        twin[index].clone_from(value);
                    }
                    3 => {
                        pack.remove_run(pos, count);
                        twin.drain(index..(index + count).min(twin.len()));
                    }
                    4 => {
                        let other: Pack = twin.iter().rev().map(|text| Element::Bytes(text)).collect();
                        pack.refill(&other);
                        twin.reverse();
                    }
                    _ => {}
                }
                assert_eq!(pack.view().check(), Ok(()));
                assert_eq!(texts(pack), twin);
                assert_eq!(pack.view().len(), twin.len());
                let found = pack.view().find(value, 0).map(|pos| pack.view().get(pos).to_vec());
                assert_eq!(found, twin.iter().find(|text| *text == value).cloned());
            }
        });
        prop_assert_eq!(prefix, b"prefix".to_vec());
        prop_assert_eq!(texts(&Pack::from(&*pack.to_listpack())), twin);
    }
}
