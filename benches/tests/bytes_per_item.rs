//! No kind of data takes more bytes than it did: a part of each shape's load, as asked of the allocator.

use rotom_benches::allocations::CountingAllocator;
use rotom_benches::shapes::{SHAPES, Shape};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

/// One in so many parts is loaded.
const PART: u64 = 10;

/// By shape, a little more than was measured.
const BOUNDS: &[(&str, f64)] = &[
    ("string", 62.9),
    ("string_200", 231.0),
    ("integer", 38.0),
    ("volatile", 91.0),
    ("small_hash", 157.5),
    ("list", 20.5),
    ("intset", 4.6),
    ("set", 27.0),
    ("hash", 43.0),
    ("zset", 55.5),
    ("small_zset", 15.7),
];

#[test]
fn shapes_take_no_more_than_they_did() {
    let mut over = Vec::new();
    for &(name, bound) in BOUNDS {
        let shape = Shape::named(name).expect("a shape");
        let exact = shape.measure(PART).exact;
        println!("{name}: {exact:.2}");
        if exact > bound {
            over.push(format!("{name}: {exact:.2} bytes an item, at most {bound}"));
        }
    }
    assert!(over.is_empty(), "{over:?}");
    assert_eq!(BOUNDS.len(), SHAPES.len());
}
