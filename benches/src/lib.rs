//! What Rotom's measurements share.
//!
//! ```text
//! runner.rs       a client in process: request bytes in, reply bytes out, through parser, registry and handlers
//! cases.rs        the commands that are measured, each with its stated workload
//! every.rs        every command, on data of modest size
//! shapes.rs       kinds of data, by which bytes per item are told
//! allocations.rs  an allocator that counts
//!
//! benches/micro/        microbenchmarks            cargo bench -p rotom-benches [-- FILTER]
//! src/bin/workload.rs   one case, a fixed number of operations, for callgrind and perf
//! src/bin/bytes_per_item.rs  what each shape asks of the allocator
//!                       cargo run --release -p rotom-benches --bin bytes_per_item
//! check-instructions.sh instruction counts against instructions.txt
//! src/bin/compare/      whole servers side by side cargo run --release -p rotom-benches --bin compare
//! src/bin/hit_ratio/    eviction: hit ratios         cargo run --release -p rotom-benches --bin hit_ratio
//! src/bin/pauses/       waits and longest turns      cargo run --release -p rotom-benches --bin pauses
//! src/bin/fragmentation/ memory after deletions      cargo run --release -p rotom-benches --bin fragmentation
//! tests/allocations.rs  the hot paths allocate nothing
//! tests/bytes_per_item.rs  no shape takes more bytes than it did
//! ```

pub mod allocations;
pub mod cases;
pub mod every;
pub mod runner;
pub mod shapes;
