//! Rotom's tests above the unit level.
//!
//! [`sim`] is a platform without a machine: virtual time, connections whose other ends a test holds, and a
//! disk that forgets what was not synced; [`server`] is a whole server in it; [`mod@reference`] is a real
//! Redis beside it. Everything follows from a seed, so a failure can be replayed.

pub mod fuzz;
pub mod log;
pub mod reference;
pub mod reply;
pub mod server;
pub mod sim;
pub mod writer;
