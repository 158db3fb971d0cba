//! Keys of any type, and whole databases.
//!
//! ```text
//! rows.rs         the command table's rows
//! basic.rs        DEL, UNLINK, EXISTS, TYPE, TOUCH
//! expire.rs       EXPIRE and its kin, TTL and its kin, PERSIST
//! relocate.rs     RENAME, RENAMENX, COPY, MOVE
//! walk.rs         KEYS, SCAN, RANDOMKEY
//! database.rs     DBSIZE, FLUSHDB, FLUSHALL, SWAPDB
//! acknowledge.rs  WAIT, WAITAOF
//! dump.rs         DUMP, RESTORE
//! ```

mod acknowledge;
mod basic;
mod database;
mod dump;
mod expire;
mod relocate;
mod rows;
mod walk;

pub(super) use rows::SPECS;

#[cfg(test)]
mod tests;
