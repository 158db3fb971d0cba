//! Prints how many bytes each kind of data takes by item, as asked of the allocator and as the C library keeps them.
//!
//! ```text
//! bytes_per_item [NAME...]     all shapes, or those named
//! ```
//!
//! "Goal" is three quarters of what Valkey 9.1.2 needs, by the growth of its resident memory.

use rotom_benches::allocations::CountingAllocator;
use rotom_benches::shapes::SHAPES;

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

fn main() {
    let names: Vec<String> = std::env::args().skip(1).collect();
    println!(
        "{:12} {:>9} {:>8} {:>8} {:>8} {:>8}  an item is",
        "bytes", "items", "exact", "of table", "glibc", "goal"
    );
    for shape in SHAPES {
        if !names.is_empty() && !names.iter().any(|name| name == shape.name) {
            continue;
        }
        let measured = shape.measure(1);
        println!(
            "{:12} {:9} {:8.2} {:8.2} {:8.2} {:8.1}  {}",
            shape.name,
            measured.items,
            measured.exact,
            measured.table,
            measured.glibc,
            shape.goal,
            shape.contents
        );
    }
}
