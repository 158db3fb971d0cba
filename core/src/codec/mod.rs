//! Bytes to values and commands, and back; no I/O.

pub mod aof;
pub mod batch;
pub mod rdb;
