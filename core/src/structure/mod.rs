//! The data structures, each with a `check()` of its invariants; none knows a command or a client.

pub mod geohash;
pub mod hyperloglog;
pub mod intset;
pub mod listpack;
pub mod order_tree;
pub mod pack;
pub mod quicklist;
pub mod table;
pub mod time_index;
